/* SPDX-License-Identifier: MIT */
/*
 * kswapd_wake.pml - waking the background reclaimer without a system call if it runs: mm/node_task.c
 * node_task_ask(), node_task_wait(), node_task_end(); mm/vmscan.c kswapd_run(). kcompactd's is the same.
 *
 *	waker	ask; wake++; does it sleep? then wake it
 *	kswapd	seen = wake; take what is asked; sleeping = 1; sleep while wake == seen; sleeping = 0
 *
 * Property: what is asked is done, and kswapd ends when it must.
 * Bug: the waker looks whether it sleeps before it counts.
 */
#include "word.pml"

bool asked[2], stop, gone;
byte wake, asleep, sleeping, woken;

active proctype kswapd()
{
	byte seen;

	do
	:: stop -> break
	:: else ->
		seen = wake;
		d_step { asked[0] = false; asked[1] = false }
		do
		:: wake == seen && !stop ->
			sleeping = 1;
			host_wait(wake, seen, asleep);
			sleeping = 0
		:: else -> break
		od
	od;
	gone = true
}

active [2] proctype waker()
{
	bool sleeps;

	asked[_pid - 1] = true;
#ifdef BUG
	sleeps = sleeping;
	wake++;
#else
	wake++;
	sleeps = sleeping;
#endif
	if
	:: sleeps -> host_wake_one(asleep)
	:: else
	fi;
	woken++
}

active proctype shutdown()
{
	woken == 2 && !asked[0] && !asked[1];
	stop = true;
	wake++;
	host_wake_all(asleep);
	gone
}
