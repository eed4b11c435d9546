/* SPDX-License-Identifier: MIT */
/*
 * vmalloc_kept.pml - an area goes from user to user without being unmapped: mm/vmalloc_area.c busy_destroy(),
 * mm/vm_kept.h vm_kept_add(), vm_kept_leave(), vm_kept_reuse(), mm/vm_run.h run_open(), run_shut().
 *
 *	free	[lock: busy -> dead, not shut] entries, host ... shut
 *	flush	[lock: dead -> spare]
 *	map	[lock: spare and shut? busy, mine] open, use
 *
 * Users map the same frame, which is no one's alone: so another may look for its area while one still shuts it.
 * Property: an area has one user, and while he uses it it is open; what is shut stays shut until it is opened again.
 * Bug: who looks for an area does not ask whether it was left.
 */
#include "word.pml"

#define BUSY 0
#define DEAD 1
#define SPARE 2

bool lock, shut = true, present;
byte state = SPARE, users;

inline map()
{
	take(lock);
	if
#ifdef BUG
	:: state == SPARE -> state = BUSY; mine = true
#else
	:: state == SPARE && shut -> state = BUSY; mine = true
#endif
	:: else -> mine = false
	fi;
	drop(lock)
}

inline free()
{
	take(lock);
	state = DEAD;
	shut = false;
	drop(lock);
	assert(present);
	present = false;
	shut = true
}

active [3] proctype user()
{
	bool mine;

	do
	:: map();
		if
		:: mine ->
			assert(!present);
			present = true;
			users++;
			assert(users == 1 && present);
			users--;
			free()
		:: else
		fi
	:: break
	od
}

active proctype flush()
{
	do
	:: take(lock);
		if
		:: state == DEAD -> state = SPARE
		:: else
		fi;
		drop(lock)
	:: break
	od
}
