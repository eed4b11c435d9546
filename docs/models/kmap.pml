/* SPDX-License-Identifier: MIT */
/*
 * kmap.pml - one slot, three tasks and two pages: mm/highmem.c kmap_high(), kunmap_high(), slots_flush().
 *
 *	count	0 free	1 mapped, unused	2 in use
 *
 *	kmap	my page has a slot? raise its count, if it is not 0, and look again whose it is
 *		else [lock: the same; a free one; flush: 1 -> 0, unmap, and a free one]
 *		else waiters++, seen = freed; [lock: ...]; sleep while freed == seen
 *	kunmap	count--; unused now, and someone waits? freed++, wake all
 *
 * A search may find a slot that is another page's by the time that its count is raised: so here it is tried whoever
 * has it.
 * Property: who has his page mapped finds it there; and each who wants a slot gets one.
 * Bug: whether someone waits is asked before the count goes down.
 */
#include "word.pml"

bool lock;
byte count, page;			/* of the slot; page: whose, 0: nothing is mapped */
byte waiters, freed, asleep;

inline let_go()
{
#ifdef BUG
	wake = waiters != 0;
	d_step { count--; last = count == 1 }
#else
	d_step { count--; last = count == 1 }
	wake = waiters != 0;
#endif
	if
	:: last && wake -> freed++; host_wake_all(asleep)
	:: else
	fi
}

/* One user more, of a slot that may be mine. */
inline hold()
{
	d_step {
		if
		:: count -> count++; got = true
		:: else -> got = false
		fi
	}
	if
	:: got && page != mine -> let_go(); got = false
	:: else
	fi
}

inline map()
{
	take(lock);
	got = false;
	if
	:: page == mine -> hold()
	:: else
	fi;
	if
	:: !got ->
		d_step {
			if
			:: count == 1 -> count = 0; flushed = true
			:: else -> flushed = false
			fi
		}
		if
		:: flushed -> page = 0
		:: else
		fi;
		if
		:: !count -> page = mine; count = 2; got = true
		:: else
		fi
	:: else
	fi;
	drop(lock)
}

active [3] proctype task()
{
	byte mine = _pid % 2 + 1, seen;
	bool got, last, wake, flushed;

	if
	:: hold()
	:: got = false
	fi;
	if
	:: !got -> map()
	:: else
	fi;
	if
	:: !got ->
		waiters++;
		do
		:: got -> break
		:: else ->
			seen = freed;
			map();
			if
			:: !got -> host_wait(freed, seen, asleep)
			:: else
			fi
		od;
		waiters--
	:: else
	fi;
	assert(page == mine && count > 1);
	let_go()
}
