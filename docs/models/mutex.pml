/* SPDX-License-Identifier: MIT */
/*
 * mutex.pml - who sleeps for a mutex has no CPU: kernel/lock.c mutex_lock(), kernel/cpu.c cpu_release(), cpu_lease().
 *
 *	task A  [mutex, waits for a CPU]     task B  [CPU, wants the mutex: gives the CPU back first]
 *
 * One CPU; a task may lose it at any call, also while it holds the mutex.
 * Property: all tasks come to their end, on a host that cannot interrupt a sleeper.
 * Bug: the CPU is kept across the sleep.
 */
#include "word.pml"

bool cpu, mutex;	/* taken */
byte inside;

active [3] proctype task()
{
	take(cpu);
	if
	:: take(mutex)
	:: mutex ->
#ifdef BUG
		take(mutex)
#else
		drop(cpu);
		take(mutex);
		take(cpu)
#endif
	fi;
	inside++;
	assert(inside == 1);
	if
	:: drop(cpu); take(cpu)			/* preempted */
	:: true
	fi;
	inside--;
	drop(mutex);
	drop(cpu)
}
