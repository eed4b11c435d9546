/* SPDX-License-Identifier: MIT */
/* cpus.h - the CPUs of a machine: making them, and asking others for something (kernel/cpu.c). */
#ifndef MM_CPUS_H
#define MM_CPUS_H

#include "mm/machine.h"

/* Room for every possible CPU; none is online. Returns 0 or -ENOMEM. */
int cpus_init(struct machine *m);
/* The calling thread gives its CPU back, if it has one; its next call leases one again. Not in atomic context. */
void cpu_release(void);

/*
 * cpus_request - every online CPU does what the bits ask: this thread's own and idle ones at once, others
 * when their threads can be interrupted. Returns how many had not done so in time. May sleep.
 */
unsigned int cpus_request(struct machine *m, u32 bits);

/* The same on idle CPUs only, interrupting no one. */
void cpus_request_idle(struct machine *m, u32 bits);

/*
 * A thread that is on no machine visits m, for the locks that it is about to take: else they would put it on the
 * default one. Returns whether it does; visit_end() takes the answer.
 */
static inline bool visit_begin(struct machine *m)
{
	return !machine_current() && !machine_enter(m);
}

static inline void visit_end(bool visiting)
{
	if (visiting)
		machine_leave();
}

/* Number of the calling thread's CPU. */
static inline unsigned int smp_processor_id(void)
{
	return this_cpu()->id;
}

/* Each online CPU, whoever leases it. */
#define for_each_online_cpu_of(m, cpu, i) \
	for (i = 0; i < (m)->nr_cpus; i++) \
		if (((cpu) = (m)->cpus[i]) && __atomic_load_n(&(m)->cpu_state[i], __ATOMIC_ACQUIRE) >= CPU_IDLE)

#endif
