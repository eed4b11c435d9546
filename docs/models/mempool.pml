/* SPDX-License-Identifier: MIT */
/*
 * mempool.pml - who finds the reserve empty sleeps until a free: mm/mempool.c take(), put(), mempool_alloc().
 *
 *	take	[lock: an element, or wait |= 1, seen = wait]; sleep while wait == seen
 *	put	[lock: element back; a sleeper? wait++ (even again)]; wake all
 *
 * The allocator never has anything; the sleepers' own look after five seconds is left out.
 * Property: an element has one holder, and each who wants one gets it.
 * Bug: a free wakes, but does not change the word.
 */
#include "word.pml"

bool lock;
byte reserve = 1, wait, asleep, held;

active [3] proctype task()
{
	byte seen;
	bool got, wake;

	do
	:: got -> break
	:: else ->
		take(lock);
		if
		:: reserve -> reserve--; got = true
		:: else -> d_step { wait = wait | 1; seen = wait }
		fi;
		drop(lock);
		if
		:: !got -> host_wait(wait, seen, asleep)
		:: else
		fi
	od;
	held++;
	assert(held == 1);
	held--;
	take(lock);
	reserve++;
	wake = wait & 1;
#ifndef BUG
	if
	:: wake -> wait++
	:: else
	fi;
#endif
	drop(lock);
	if
	:: wake -> host_wake_all(asleep)
	:: else
	fi
}
