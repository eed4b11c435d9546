/* SPDX-License-Identifier: MIT */
/*
 * vmalloc_kept.pml - an area goes from user to user without being unmapped, and without a lock where it is at home:
 * mm/vm_kept.h vm_kept_put(), vm_kept_take(), vm_kept_leave(), mm/vm_kept.c vm_kept_keep(), vm_kept_collect(),
 * mm/vmalloc_area.c busy_destroy(), mm/vm_run.h run_open(), run_shut().
 *
 *	at home	map	[spare and left? busy, mine] open, use		one step: the CPU is not taken away
 *		free	[busy -> dead, not left] entries, host ... left
 *		flush	[dead -> spare]
 *	away	free	[lock: busy -> taken] entries, host ... [lock: returned]
 *	at home	look	[lock: returned -> dead]
 *
 * Users map the same frame, which is no one's alone: so another who comes to this CPU may look for its area while one
 * still shuts it. Whoever holds a busy area may hand it to one on the other CPU to free it; and a user who errs frees it
 * here while that does. Both look for a busy area; one claims it.
 * Property: an area has one user, and while he uses it it is open; what is shut stays shut until it is opened again; of
 * two who free it one does.
 * Bug: who frees it sees that it is busy, and then changes that.
 */
#include "word.pml"

#define BUSY 0
#define DEAD 1
#define SPARE 2
#define TAKEN 3
#define RETURNED 4

bool lock, left = true, present, handed, trying, tried;
byte state = SPARE, users;

inline claim(to)
{
#ifdef BUG
	claimed = (state == BUSY);
#else
	atomic {
		claimed = (state == BUSY);
#endif
	if
	:: claimed -> d_step { state = to; left = (to != DEAD); handed = (handed && to == DEAD) }
	:: else
	fi
#ifndef BUG
	}
#endif
}

inline shut()
{
	assert(present);		/* nobody else has done it */
	present = false
}

/* Two come to this CPU in turns; what it keeps they change in one step each. */
active [2] proctype user()
{
	bool mine, claimed;

	do
	:: atomic {
			mine = (state == SPARE && left);
			if
			:: mine -> state = BUSY; tried = false
			:: else
			fi
		}
		if
		:: mine ->
			assert(!present);
			present = true;
			users++;
			assert(users == 1 && present);
			users--;
			handed = true;
			claim(DEAD);
			tried = true;
			if
			:: claimed ->
				shut();
				atomic { !trying -> handed = false };
				left = true
			:: else
			fi
		:: else
		fi
	:: atomic { state == DEAD -> state = SPARE }
	:: take(lock);
		atomic {
			if
			:: state == RETURNED -> state = DEAD
			:: else
			fi
		}
		drop(lock)
	:: break
	od
}

/* On the other CPU. */
active proctype away()
{
	bool claimed;

	do
	:: atomic { handed -> trying = true };
		take(lock);
		claim(TAKEN);
		drop(lock);
		trying = false;
		if
		:: claimed ->
			shut();
			tried;
			take(lock);
			state = RETURNED;
			drop(lock)
		:: else
		fi
	:: break
	od
}
