/* SPDX-License-Identifier: MIT */
/*
 * warned.pml - WARN_ON_ONCE() from several threads: kernel/bug.c warn_first_time().
 *
 *	warned [ site A | site B | 0 ]	each from the front: mine? said before. 0, and I can put mine there? the first
 *
 * Property: a place warns once, also if two threads get there together.
 * Bug: who lost the slot does not look at what is in it now, and takes the next.
 */
#define SLOTS 3
#define SITE(i) (1 + (i) / 2)		/* threads 0 and 1 are at one place, 2 at another */

byte warned[SLOTS], said[3];

active [3] proctype thread()
{
	byte i, site = SITE(_pid), old;

	do
	:: i == SLOTS -> break
	:: else ->
		if
		:: warned[i] == site -> break
		:: else
		fi;
		d_step {
			old = warned[i];
			if
			:: !old -> warned[i] = site; said[site]++
			:: else
			fi
		}
		if
		:: !old -> break
#ifndef BUG
		:: old == site -> break
#endif
		:: else
		fi;
		i++
	od;
	assert(said[site] == 1)
}
