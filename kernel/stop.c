/* SPDX-License-Identifier: MIT */
/*
 * stop.c - a machine holds its breath, so that all of it can be looked at.
 *
 *	stop_word	2n: running	2n + 1: the nth stop
 *
 *	idle CPU	borrowed by who stops		nobody can lease it
 *	leased		asked (CPU_STOP) -> parked = stop_word, its task sleeps until stop_word changes
 *	offline		stays so: a thread that wants a CPU queues
 *
 * A task parks where it serves requests: with no spinlock, interrupts on, outside of fast paths. One that has given its
 * CPU up to sleep touches nothing until it has one again.
 * Lock: stop_mutex, held from stop to start.
 */
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/sched.h>
#include "lib/assert.h"
#include "lib/seeded.h"
#include "mm/cpus.h"

#define LOOK_AGAIN_NS 100000ull

void cpu_park(struct kmem_cpu *cpu)
{
	struct machine *m = cpu->machine;
	u32 stop = __atomic_load_n(&m->stop_word, __ATOMIC_ACQUIRE);

	if (!(stop & 1))
		return;
	__atomic_store_n(&cpu->parked, stop, __ATOMIC_RELEASE);
	host_wake(&cpu->parked, 1);
	while (__atomic_load_n(&m->stop_word, __ATOMIC_ACQUIRE) == stop)
		host_wait(&m->stop_word, stop, 0);
}

/* Until the CPU is borrowed or its task stands still. */
static void cpu_stop(struct machine *m, unsigned int id, u32 stop)
{
	struct kmem_cpu *cpu = m->cpus[id];

	while (!cpu_borrow(m, id)) {
		u32 parked = __atomic_load_n(&cpu->parked, __ATOMIC_ACQUIRE);

		if (parked == stop)
			return;
		__atomic_fetch_or(&cpu->pending, CPU_STOP, __ATOMIC_SEQ_CST);
		cpu_interrupt(m, id);
		if (SEEDED(CPU_STOP))
			return;
		host_wait(&cpu->parked, parked, LOOK_AGAIN_NS);
	}
}

void cpus_stop(struct machine *m) ACQUIRES(m->stop_mutex)
{
	struct kmem_cpu *cpu;
	unsigned int id;
	u32 stop;

	mutex_lock(&m->stop_mutex);
	preempt_disable();
	stop = cpus_flip_stop(m);
	assert(stop & 1);
	for_each_online_cpu_of(m, cpu, id)
		if (cpu != this_cpu())
			cpu_stop(m, id, stop);
}

void cpus_start(struct machine *m) RELEASES(m->stop_mutex)
{
	struct kmem_cpu *cpu;
	unsigned int id;

	cpus_flip_stop(m);
	host_wake(&m->stop_word, INT_MAX);
	for_each_online_cpu_of(m, cpu, id)
		if (cpu != this_cpu() && __atomic_load_n(&cpu->task, __ATOMIC_RELAXED) == host_task())
			cpu_return(m, id);
	cpus_serve_queue(m);
	preempt_enable();
	mutex_unlock(&m->stop_mutex);
}
