/* SPDX-License-Identifier: MIT */
/* mutex.h - locks that are slept for. May be taken only where sleeping is allowed. */
#ifndef KMEM_LINUX_MUTEX_H
#define KMEM_LINUX_MUTEX_H

#include <kmem/types.h>
#include <linux/spinlock.h>

struct CAPABILITY("mutex") mutex {
	u32 word;			/* 0 free, 1 held, 2 held and waited for */
	struct cpu_context *owner;	/* kmem_context of who holds it: one a task, and at hand */
};

#define DEFINE_MUTEX(name) struct mutex name = { 0, NULL }

static inline void mutex_init(struct mutex *mutex)
{
	mutex->word = 0;
	mutex->owner = NULL;
}

static inline void mutex_destroy(struct mutex *mutex)
{
	(void)mutex;
}

void mutex_lock(struct mutex *mutex) ACQUIRES(*mutex);
bool mutex_trylock(struct mutex *mutex) TRY_ACQUIRES(*mutex);
#define mutex_trylock(mutex) __cond_lock(*(mutex), mutex_trylock(mutex))
void mutex_unlock(struct mutex *mutex) RELEASES(*mutex);
bool mutex_is_locked(const struct mutex *mutex);

#endif
