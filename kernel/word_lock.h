/* SPDX-License-Identifier: MIT */
/* word_lock.h - a lock that needs neither a CPU nor a machine. May sleep; not tracked as atomic context. */
#ifndef KERNEL_WORD_LOCK_H
#define KERNEL_WORD_LOCK_H

#include <kmem/types.h>

void word_lock(u32 *word);
void word_unlock(u32 *word);

#endif
