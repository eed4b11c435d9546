/* SPDX-License-Identifier: MIT */
/*
 * kmap.pml - one slot, three tasks and two pages: mm/highmem.c kmap_high(), kunmap_high(), slots_flush().
 *
 *	count	FREE	0 mapped, unused	1, 2 ... users	FREE + 1, FREE + 2: free, and someone is taking back his count
 *
 *	kmap	my page has a slot? count++; it was not free, and the slot is my page's still: it is mine, else count--
 *		else [lock: the same; a free one: page, then count += 1 - FREE; flush: 0 -> FREE, unmap, and a free one]
 *		else waiters++, seen = freed; [lock: ...]; sleep while freed == seen
 *	kunmap	count--; unused now, and someone waits? freed++, wake all
 *
 * A search may find a slot that is another page's by the time that it is counted: so here it is tried whoever has it.
 * Property: who has his page mapped finds it there; and each who wants a slot gets one.
 * Bug: whether someone waits is asked before the count goes down.
 */
#include "word.pml"

#define FREE (-20)

bool lock;
short count = FREE;
byte page;				/* of the slot; 0: nobody's yet */
bool mapped;				/* its entry says the page */
byte waiters, freed, asleep;

inline let_go()
{
#ifdef BUG
	wake = waiters != 0;
	d_step { count--; last = count == 0 }
#else
	d_step { count--; last = count == 0 }
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
	d_step { got = count >= 0; count++ }
	if
	:: got && page == mine
	:: else -> let_go(); got = false
	fi
}

inline map()
{
	take(lock);
	if
	:: count > FREE / 2 && page == mine -> count++; got = true	/* in a chain */
	:: else ->
		d_step {
			if
			:: count == 0 -> count = FREE; flushed = true
			:: else -> flushed = false
			fi
		}
		if
		:: flushed -> mapped = false
		:: else
		fi;
		if
		:: count < FREE / 2 -> page = mine; mapped = true; count = count + 1 - FREE; got = true
		:: else
		fi
	fi;
	drop(lock)
}

active [3] proctype task()
{
	byte mine = _pid % 2 + 1, seen;
	bool got, last, wake, flushed;

	hold();
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
	assert(page == mine && mapped && count > 0);
	let_go()
}
