/* SPDX-License-Identifier: MIT */
/*
 * ratelimit.pml - a burst of lines, then silence: kernel/printk.c __ratelimit().
 *
 *	lock taken? someone prints the same: silence. Else count, let go, print
 *
 * Property: within an interval no more than the burst is printed.
 * Bug: the state is let go before the line is counted.
 */
#define BURST 1

bool lock;
byte printed, lines;

active [3] proctype thread()
{
	bool busy, may_print;

	d_step { busy = lock; lock = true }
	if
	:: busy
	:: else ->
		may_print = printed < BURST;
#ifdef BUG
		lock = false;
#endif
		if
		:: may_print -> printed++
		:: else
		fi;
#ifndef BUG
		lock = false;
#endif
		if
		:: may_print -> lines++; assert(lines <= BURST)
		:: else
		fi
	fi
}
