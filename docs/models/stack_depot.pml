/* SPDX-License-Identifier: MIT */
/*
 * stack_depot.pml - a stack is kept once, and nothing is allocated under the lock: mm/stack_depot.c stack_depot_save().
 *
 *	[lock: there? full?] ... a page, if it was full ... [lock: there now? add, if there is room or a page] ... again
 *
 * Threads 0 and 1 save one stack, thread 2 another; a page holds one record.
 * Property: two equal stacks get one handle, and each thread gets one as long as there are pages.
 * Bug: who brings a page does not look again whether the stack has come meanwhile.
 */
#include "word.pml"

#define STACK(i) (1 + (i) / 2)

bool lock;
byte nr, pages, handle_of[3];

active [3] proctype thread()
{
	byte stack = STACK(_pid), handle;
	bool fresh;

	do
	:: take(lock);
#ifdef BUG
		handle = (fresh -> 0 : handle_of[stack]);
#else
		handle = handle_of[stack];
#endif
		if
		:: !handle && (nr < pages || fresh) ->
			if
			:: nr == pages -> pages++; fresh = false
			:: else
			fi;
			nr++;
			assert(!handle_of[stack]);
			handle_of[stack] = nr;
			handle = nr
		:: else
		fi;
		drop(lock);
		if
		:: handle -> break
		:: else -> fresh = true
		fi
	od;
	assert(handle == handle_of[stack])
}
