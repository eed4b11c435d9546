/* SPDX-License-Identifier: MIT */
/*
 * vmalloc_lazy.pml - frames are free only when no CPU can reach them: mm/vmalloc_area.c vmap_area_destroy(),
 * mm/vmalloc_map.c range_unmap(), mm/vmalloc_lazy.c purge().
 *
 *	vfree	tables; host_unmap() (every CPU forgets); frames free; address lazy ... purge: address free
 *	stray	a CPU whose program uses the address after vfree(): it may remember the translation until host_unmap()
 *
 * Property: a stray access faults or reaches the old frame while that is still the area's; an address has one owner.
 * Bug: frames are freed before the host has unmapped them.
 */
#include "word.pml"

#define OLD 1
#define NEW 2

byte table = OLD, remembered;		/* what the address maps to; what a CPU remembers of it */
bool frame_is_free, address_is_free, lock, lazy, ended;

active proctype stray()
{
	do
	:: ended -> break
	:: d_step { table == OLD -> remembered = OLD }
	:: remembered == OLD -> d_step {
			if
			:: remembered == OLD -> assert(!frame_is_free)
			:: else
			fi
		}
	od
}

active proctype vfree()
{
	table = 0;
#ifdef BUG
	frame_is_free = true;
	remembered = 0;
#else
	remembered = 0;
	frame_is_free = true;
#endif
	take(lock);
	lazy = true;
	drop(lock)
}

active proctype purge()
{
	lazy;
	take(lock);
	lazy = false;
	drop(lock);
	assert(!table && remembered != OLD);	/* tables are pruned */
	take(lock);
	address_is_free = true;
	drop(lock)
}

active proctype vmalloc()
{
	address_is_free;
	take(lock);
	address_is_free = false;
	drop(lock);
	assert(!table && frame_is_free && !lazy);
	table = NEW;
	ended = true
}
