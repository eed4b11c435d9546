/* SPDX-License-Identifier: MIT */
/* word_lock.h - a lock that needs neither a CPU nor a machine. May sleep; not tracked as atomic context. */
#ifndef KERNEL_WORD_LOCK_H
#define KERNEL_WORD_LOCK_H

#include <kmem/types.h>
#include <linux/compiler.h>

typedef struct CAPABILITY("word lock") {
	u32 word;
} word_lock_t;

void word_lock(word_lock_t *lock) ACQUIRES(*lock);
void word_unlock(word_lock_t *lock) RELEASES(*lock);

#endif
