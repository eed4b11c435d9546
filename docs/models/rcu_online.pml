/* SPDX-License-Identifier: MIT */
/*
 * rcu_online.pml - a CPU comes online while a writer looks for readers: kernel/cpu.c cpus_request(), cpu_take().
 *
 *	writer	pointer = new; cpu_lock, taken and dropped; CPU offline? then no reader can be there; free old
 *	reader	[cpu_lock: CPU online]; p = pointer; use p
 *
 * The only model of a store buffer: a store is seen by others later, at the latest at a fence or locked instruction.
 * Property: no reader uses what was freed.
 * Bug: the writer does not take the lock: it sees the CPU offline before its own store is seen.
 */
byte pointer, buffered;
bool in_buffer, online, freed[2], pending;

active proctype store_buffer()
{
	in_buffer;
	d_step { pointer = buffered; in_buffer = false }
}

active proctype writer()
{
	buffered = 1;
	in_buffer = true;
#ifndef BUG
	!in_buffer;
#endif
	if
	:: online ->
		!in_buffer;		/* a locked instruction sets the bit */
		pending = true;
		!pending
	:: else
	fi;
	freed[0] = true
}

active proctype reader()
{
	byte p;

	online = true;			/* and a locked instruction: cpus_unlock() */
	p = pointer;
	assert(!freed[p]);
end:	do
	:: pending -> pending = false
	od
}
