/* SPDX-License-Identifier: MIT */
/*
 * shrinker.pml - the list of shrinkers is walked by tasks that may sleep: mm/vmscan.c shrinkers_get(), shrinkers_put(),
 * shrinkers_change(), shrinkers_changed().
 *
 *	users	[ changes | walkers ]	walkers come while changes is 0; who changes sets it and waits for walkers to be 0
 *
 * Property: nobody walks while the list changes; walkers and changers come to their end.
 * Bug: the last walker but one, not the last, wakes who waits.
 */
#include "word.pml"

#define CHANGES 128

byte users, asleep, walking;
bool changing, shrinker_lock;

active [2] proctype walker()
{
	byte seen = users, left;

	do
	:: seen & CHANGES -> host_wait(users, seen, asleep); seen = users
	:: else ->
		if
		:: d_step { users == seen -> users = seen + 1 } break
		:: else -> seen = users
		fi
	od;
	walking++;
	assert(!changing);
	walking--;
	d_step { users--; left = users }
	if
#ifdef BUG
	:: left == CHANGES + 1 -> host_wake_all(asleep)
#else
	:: left & CHANGES -> host_wake_all(asleep)
#endif
	:: else
	fi
}

active [2] proctype changer()
{
	byte seen;

	take(shrinker_lock);
	d_step { users = users | CHANGES; seen = users }
	do
	:: seen != CHANGES -> host_wait(users, seen, asleep); seen = users
	:: else -> break
	od;
	changing = true;
	assert(!walking);
	changing = false;
	users = 0;
	host_wake_all(asleep);
	drop(shrinker_lock)
}
