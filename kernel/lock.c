/* SPDX-License-Identifier: MIT */
/*
 * lock.c - the waiting halves of spinlocks and mutexes.
 *
 *	word	0 free	1 held	2 held, and someone sleeps on the word
 *
 * A waiter looks a few times, then says that it sleeps (2) and does. To unlock is to count down, by one instruction
 * that says whether that made 0. Whoever unlocks a 2, so that it is 1 for a moment, makes it 0 and wakes one, which
 * takes the word as 2: it cannot know whether it was the last. Who sleeps for a mutex gives its CPU back first: the
 * holder may be waiting for one.
 */
#include <kmem/host.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include "kernel/word_lock.h"
#include "lib/seeded.h"
#include "mm/cpus.h"

#define LOOKS 200
#define MOST_PAUSE 4

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#endif
}

/* Try for a moment. The more there are who look, the longer each look keeps the word from its holder: so ever fewer. */
static bool word_look(u32 *word)
{
	for (int looks = 0, pause = 1; looks < LOOKS; looks += pause, pause = pause < MOST_PAUSE ? 2 * pause : pause) {
		if (!__atomic_load_n(word, __ATOMIC_RELAXED) && word_try(word))
			return true;
		for (int i = 0; i < pause; i++)
			relax();
	}
	return false;
}

static void word_sleep(u32 *word)
{
	while (__atomic_exchange_n(word, 2, __ATOMIC_ACQUIRE))
		host_wait(word, 2, 0);
	if (SEEDED(WORD_LOCK))
		__atomic_store_n(word, 1, __ATOMIC_RELAXED);
}

void word_hold(u32 *word)
{
	if (!word_look(word))
		word_sleep(word);
}

/* Up to here nobody else could take it: 1 is held, and who sleeps from now on says so again. */
void word_wake(u32 *word)
{
	__atomic_store_n(word, 0, __ATOMIC_RELEASE);
	host_wake(word, 1);
}

/* From here on, the words are locks: what follows makes them so, and no analysis looks inside. */

void word_lock(word_lock_t *lock) ACQUIRES(*lock) NO_LOCK_ANALYSIS
{
	__acquire(*lock);
	word_hold(&lock->word);
}

void word_unlock(word_lock_t *lock) RELEASES(*lock) NO_LOCK_ANALYSIS
{
	__release(*lock);
	word_let_go(&lock->word);
}

void spin_lock_contended(spinlock_t *lock)
{
	word_hold(&lock->word);
}

void spin_unlock_contended(spinlock_t *lock)
{
	word_wake(&lock->word);
}

static struct cpu_context *mutex_owner(const struct mutex *mutex)
{
	return __atomic_load_n(&mutex->owner, __ATOMIC_RELAXED);
}

static void mutex_own(struct mutex *mutex, struct cpu_context *context)
{
	__atomic_store_n(&mutex->owner, context, __ATOMIC_RELAXED);
}

void mutex_lock(struct mutex *mutex) ACQUIRES(*mutex) NO_LOCK_ANALYSIS
{
	__acquire(*mutex);
	might_sleep();
	BUG_ON(mutex_owner(mutex) == &kmem_context);
	if (!word_look(&mutex->word)) {
		if (!SEEDED(MUTEX_CPU))
			cpu_release_to_sleep();
		word_sleep(&mutex->word);
	}
	mutex_own(mutex, &kmem_context);
}

#undef mutex_trylock	/* what the macro calls */
bool mutex_trylock(struct mutex *mutex) NO_LOCK_ANALYSIS
{
	if (!word_try(&mutex->word))
		return false;
	mutex_own(mutex, &kmem_context);
	return true;
}

void mutex_unlock(struct mutex *mutex) RELEASES(*mutex) NO_LOCK_ANALYSIS
{
	__release(*mutex);
	BUG_ON(mutex_owner(mutex) != &kmem_context);
	mutex_own(mutex, NULL);
	word_let_go(&mutex->word);
}

bool mutex_is_locked(const struct mutex *mutex)
{
	return __atomic_load_n(&mutex->word, __ATOMIC_RELAXED) != 0;
}
