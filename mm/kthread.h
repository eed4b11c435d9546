/* SPDX-License-Identifier: MIT */
/* kthread.h - tasks that kernel code has made, as the machine that goes down sees them: kernel/kthread.c. */
#ifndef MM_KTHREAD_H
#define MM_KTHREAD_H

#include "mm/machine.h"

/* Wait until there are none, at most so long. Returns how many are left. */
u32 kthreads_wait(struct machine *m, u64 most_ns);

#endif
