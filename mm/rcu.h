/* SPDX-License-Identifier: MIT */
/* rcu.h - what shutdown asks of kernel/rcu.c. */
#ifndef MM_RCU_H
#define MM_RCU_H

struct machine;

/* End the background task and run what is left. May sleep. */
void rcu_exit(struct machine *m);

#endif
