/* SPDX-License-Identifier: MIT */
/*
 * rcu.pml - a grace period is a request to every CPU: kernel/rcu.c synchronize_rcu(), include/kernel/linux/preempt.h
 * preempt_count_sub(), kernel/cpu.c cpu_serve().
 *
 *	reader	count++ ... p = pointer ... [count++ ... count--: not served here] ... use p ... count--: served here
 *	writer	pointer = new; pending on each CPU; wait until each has cleared it; free old
 *
 * Property: no reader uses what was freed, and the writer's wait ends.
 * Bug: a request is served where an inner layer ends.
 */
#define READERS 2

bool pending[READERS], freed[2];
byte pointer;

inline preempt_enable()
{
	if
#ifdef BUG
	:: pending[cpu] ->
#else
	:: pending[cpu] && count == 1 ->
#endif
		pending[cpu] = false
	:: else
	fi;
	count--
}

active [READERS] proctype reader()
{
	byte cpu = _pid, count, p;

	count++;
	p = pointer;
	assert(!freed[p]);
	count++;
	preempt_enable();
	assert(!freed[p]);
	preempt_enable();
end:	do
	:: pending[cpu] -> pending[cpu] = false		/* an interrupt outside */
	od
}

active proctype writer()
{
	pointer = 1;
	pending[0] = true;
	!pending[0];
	pending[1] = true;
	!pending[1];
	freed[0] = true
}
