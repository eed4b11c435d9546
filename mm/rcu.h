/* SPDX-License-Identifier: MIT */
/* rcu.h - what the core asks of kernel/rcu.c. */
#ifndef MM_RCU_H
#define MM_RCU_H

#include <kmem/types.h>

struct machine;

/*
 * Start the background task, unless it is there. Who will call call_rcu() from an interrupt does this before: a host
 * may start no task there.
 */
void rcu_start(struct machine *m);
/* End the background task and run what is left. May sleep. */
void rcu_exit(struct machine *m);

/* No callback waits or is being run. Any context; by the time of the answer another may. */
bool rcu_is_idle(const struct machine *m);

#endif
