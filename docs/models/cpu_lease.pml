/* SPDX-License-Identifier: MIT */
/*
 * cpu_lease.pml - a CPU goes from task to task: kernel/cpu.c cpu_take(), cpu_give(), cpu_pass().
 *
 *	IDLE --cpu_find--> LEASED --cpu_pass, nobody waits--> IDLE
 *	                      '-----cpu_pass to the first waiter: granted is written under cpu_lock, woken after it
 *
 * Property: a CPU has one user (C1, C2), nobody queues while it is idle (C4), and every waiter gets it.
 * Bug: whether someone waits is read before the lock is taken.
 */
#include "word.pml"

#define NOBODY 9

bool lock;
byte owner = NOBODY;
chan queue = [3] of { byte };
byte granted[3], asleep;
byte inside;

active [3] proctype task()
{
	byte next;
	bool waited;

	take(lock);
	if
	:: owner == NOBODY -> owner = _pid; drop(lock)
	:: else ->
		queue!_pid;
		drop(lock);
		do
		:: granted[_pid] -> break
		:: else -> host_wait(granted[_pid], 0, asleep)
		od
	fi;
	assert(owner == _pid);
	inside++;
	assert(inside == 1);
	inside--;
#ifdef BUG
	waited = nempty(queue);
	take(lock);
#else
	take(lock);
	waited = nempty(queue);
#endif
	if
	:: waited ->
		queue?next;
		owner = next;
		granted[next] = 1;
		drop(lock);
		asleep = asleep & ~(1 << next)	/* its address only: the waiter may have gone on */
	:: else ->
		owner = NOBODY;
		assert(empty(queue));
		drop(lock)
	fi
}
