/* SPDX-License-Identifier: MIT */
/* word_lock.h - a lock that needs neither a CPU nor a machine. May sleep; not tracked as atomic context. */
#ifndef KERNEL_WORD_LOCK_H
#define KERNEL_WORD_LOCK_H

#include <kmem/types.h>
#include <linux/compiler.h>

typedef struct CAPABILITY("word lock") {
	u32 word;
} word_lock_t;

/*
 * The same without a type: for those who hold all locks that there are (kernel/fork.c), and for a lock whose fast path
 * counts each instruction (mm/highmem.c).
 */
void word_hold(u32 *word);
void word_wake(u32 *word);	/* after it was counted down, but not to 0 */

static inline bool word_try(u32 *word)
{
	u32 free = 0;

	return __atomic_compare_exchange_n(word, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline void word_let_go(u32 *word)
{
	if (unlikely(__atomic_sub_fetch(word, 1, __ATOMIC_RELEASE)))
		word_wake(word);
}

void word_lock(word_lock_t *lock) ACQUIRES(*lock);
void word_unlock(word_lock_t *lock) RELEASES(*lock);

#endif
