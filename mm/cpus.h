/* SPDX-License-Identifier: MIT */
/* cpus.h - the CPUs of a machine: making them, and asking others for something (kernel/cpu.c). */
#ifndef MM_CPUS_H
#define MM_CPUS_H

#include <linux/sched.h>
#include <linux/smp.h>
#include "mm/machine.h"

/* Room for every possible CPU; none is online. Returns 0 or -ENOMEM. */
int cpus_init(struct machine *m);
/* The calling thread gives its CPU back, if it has one; its next call leases one again. Not in atomic context. */
void cpu_release(void);
/* The same for who is about to sleep. Where he may not, which was reported, his CPU waits with him. */
static inline void cpu_release_to_sleep(void)
{
	if (likely(sleeping_is_allowed()))
		cpu_release();
}

/*
 * cpus_request - every online CPU does what the bits ask: this thread's own and idle ones at once, others
 * when their threads can be interrupted. Returns how many had not done so in time. May sleep.
 */
unsigned int cpus_request(struct machine *m, u32 bits);

/* The same on idle CPUs only, interrupting no one. */
void cpus_request_idle(struct machine *m, u32 bits);

/*
 * cpus_stop - all of the machine's tasks stand still, each where it could have been preempted, but for the caller's; no
 * spinlock is held by anyone, and none of its CPUs' data is being changed. Others who stop it wait. May sleep; not in
 * atomic context. Until cpus_start() the caller keeps its CPU, must not sleep, and must take no mutex.
 */
void cpus_stop(struct machine *m) ACQUIRES(m->stop_mutex);
void cpus_start(struct machine *m) RELEASES(m->stop_mutex);

/*
 * cpus_equip - the cache has its id, and every CPU is told of it: those that are online by this call of tell(), others
 * when they come up.
 */
struct kmem_cache;
void cpus_equip(struct kmem_cache *cache, void (*tell)(struct kmem_cache *cache, struct kmem_cpu *cpu));
/* The id is free again. Nobody who is coming up looks at the cache from now on. */
void cpus_disown(struct kmem_cache *cache);

/* The machine is a copy in a new process: the leases of all other threads end. */
void cpus_forked(struct machine *m);

/* Between kernel/cpu.c and kernel/stop.c. */
/* The calling thread stands still, if CPUs are to. Preemption is off. */
void cpu_park(struct kmem_cpu *cpu);
static inline bool cpus_are_stopped(const struct machine *m)
{
	return __atomic_load_n(&m->stop_word, __ATOMIC_ACQUIRE) & 1;
}

/* Lease an idle CPU beside one's own, with preemption off until it is returned. Returns false if it is not idle. */
bool cpu_borrow(struct machine *m, unsigned int id);
void cpu_return(struct machine *m, unsigned int id);
/* Interrupt the task that leases the CPU; take the CPU back if that is gone. */
void cpu_interrupt(struct machine *m, unsigned int id);
/* The next stop_word. Who looks for a CPU after this sees it. */
u32 cpus_flip_stop(struct machine *m);
/* Who queues for a CPU gets one, as long as there are any. */
void cpus_serve_queue(struct machine *m);

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

/* Has it been up? One that has not holds nothing, not even empty slots. */
static inline bool cpu_is_online(const struct machine *m, unsigned int id)
{
	return __atomic_load_n(&m->cpu_state[id], __ATOMIC_ACQUIRE) >= CPU_IDLE;
}

/*
 * CPUs below this may have been up, and no others: they come up in order. To look at another's area would be the first
 * use of its memory.
 */
static inline unsigned int cpus_ever_up(const struct machine *m)
{
	return __atomic_load_n(&m->nr_online, __ATOMIC_RELAXED);
}

/* Each online CPU, whoever leases it. */
#define for_each_online_cpu_of(m, cpu, i) \
	for (i = 0; i < cpus_ever_up(m); i++) \
		if ((cpu) = (m)->cpus[i], __atomic_load_n(&(m)->cpu_state[i], __ATOMIC_ACQUIRE) >= CPU_IDLE)

#endif
