/* SPDX-License-Identifier: MIT */
/*
 * vmalloc_purge.pml - who finds no room waits for a purge on its way: mm/vmalloc_area.c space_reserve_or_purge(),
 * mm/vmalloc_lazy.c lazy_flush(), vmalloc_purge().
 *
 *	other	[purge_lock: take all lazy ranges ...... release them; purges++ ]
 *	caller	seen = purges; no room; [purge_lock: purge]; purges != seen? look again
 *
 * Two ranges; the neighbour, who may have one at a time, gives its own back and takes another meanwhile.
 * Property: a request fails only if what is neither in use nor lazy does not suffice. Here: never.
 * Bug: the caller looks again only if it purged something itself.
 */
#include "word.pml"

bool purge_lock, area_lock;
byte free_ranges, lazy = 1, purges;

inline purge()
{
	take(area_lock);
	bytes = lazy;
	lazy = 0;
	drop(area_lock);
	if
	:: bytes ->
		take(area_lock);
		free_ranges = free_ranges + bytes;
		drop(area_lock);
		purges++
	:: else
	fi
}

/* As in C: until there is room, or nobody has purged since the look before. */
inline reserve()
{
	do
	:: seen = purges;
		take(area_lock);
		found = free_ranges > 0;
		if
		:: found -> free_ranges--
		:: else
		fi;
		drop(area_lock);
		if
		:: found -> break
		:: else
		fi;
		take(purge_lock);
		purge();
#ifdef BUG
		seen = (bytes -> purges - 1 : purges);
#endif
		drop(purge_lock);
		if
		:: purges == seen -> break
		:: else
		fi
	od;
	assert(found)
}

active proctype reclaim()
{
	byte bytes;

	if
	:: take(purge_lock); purge(); drop(purge_lock)	/* mutex_trylock() */
	:: true
	fi
}

active proctype neighbour()
{
	byte bytes, seen;
	bool found;

	take(area_lock);
	lazy++;
	drop(area_lock);
	reserve()
}

active proctype vmalloc()
{
	byte bytes, seen;
	bool found;

	reserve()
}
