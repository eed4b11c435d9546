/* SPDX-License-Identifier: MIT */
/*
 * rcu_callbacks.pml - callbacks wait for a grace period: kernel/rcu.c call_rcu(), rcu_task(), rcu_barrier(), rcu_exit().
 *
 *	call_rcu	list += callback; word++; wake
 *	task		seen = word; [mutex: cut the list, wait for readers, run] ; sleep while word == seen
 *	barrier		[mutex: cut, wait, run]
 *	exit		stop; word++, wake, until the task has gone; run what is left
 *
 * Property: each callback runs once; after rcu_barrier() all that were queued before it have run; none waits for ever
 * although nobody calls rcu_barrier(); exit ends.
 * Bug: the word is read after the list was cut.
 */
#include "word.pml"

bool mutex, stop, running = true;
byte word, asleep, list, ran, queued;

inline round()
{
	exchange(list, 0, mine);
	d_step { assert(!(ran & mine)); ran = ran | mine }
}

active proctype rcu_task()
{
	byte seen, mine;

	do
	:: stop -> break
	:: else ->
#ifndef BUG
		seen = word;
#endif
		take(mutex);
		round();
		drop(mutex);
#ifdef BUG
		seen = word;
#endif
		host_wait(word, seen, asleep)
	od;
	running = false
}

active [2] proctype caller()
{
	d_step { list = list | ME; queued = queued | ME }
	word = (word + 1) % 8;
	host_wake_one(asleep)
}

active proctype barrier()
{
	byte mine, before = queued;

	take(mutex);
	round();
	drop(mutex);
	assert((before & ran) == before)
}

active proctype shutdown()
{
	byte mine;

	ran == 6;			/* nobody but the task may be left to run them */
	stop = true;
	do
	:: running -> word = (word + 1) % 8; host_wake_one(asleep)	/* again each millisecond */
	:: else -> break
	od;
	round()
}
