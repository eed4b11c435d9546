/* SPDX-License-Identifier: MIT */
/*
 * mempool.pml - who finds the reserve empty sleeps until a free: mm/mempool.c take(), put(), mempool_alloc().
 *
 *	take	[lock: an element, or wait |= 1, seen = wait]; sleep while wait == seen
 *	put	full? to the allocator; else [lock: element back; a sleeper? wait++ (even again)]; wake all
 *
 * The reserve is one element, the allocator has another; the sleepers' own look after five seconds is left out.
 * Property: an element has one holder, and each who wants one gets it.
 * Bug: a free wakes, but does not change the word.
 */
#include "word.pml"

bool lock;
byte reserve = 1, spare = 1, wait, asleep, held;

active [3] proctype task()
{
	byte seen;
	bool got, wake, brim;

	do
	:: got -> break
	:: else ->
		d_step {
			if
			:: spare -> spare--; got = true
			:: else
			fi
		}
		if
		:: got -> break
		:: else
		fi;
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
	assert(held <= 2);
	held--;
	brim = reserve == 1;
	if
	:: brim -> spare++
	:: else ->
		take(lock);
		brim = reserve == 1;
		wake = false;
		if
		:: brim
		:: else ->
			reserve++;
			wake = wait & 1;
#ifndef BUG
			if
			:: wake -> wait++
			:: else
			fi
#endif
		fi;
		drop(lock);
		if
		:: wake -> host_wake_all(asleep)
		:: else
		fi;
		if
		:: brim -> spare++
		:: else
		fi
	fi
}
