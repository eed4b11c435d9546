/* SPDX-License-Identifier: MIT */
/*
 * fault_inject.pml - as many failures as were asked for: mm/fault_inject.c use_up().
 *
 *	old = left; none? no failure; left: old -> old - 1 in one exchange, or look again
 *
 * Property: of three calls exactly `times` fail.
 * Bug: what is left is written back with a plain store.
 */
#define TIMES 2

byte left = TIMES, failures, calls;

active [3] proctype caller()
{
	byte old = left;

	do
	:: !old -> break
	:: else ->
#ifdef BUG
		left = old - 1;
		failures++;
		break
#else
		if
		:: d_step { left == old -> left = old - 1 } failures++; break
		:: else -> old = left
		fi
#endif
	od;
	calls++;
	assert(calls < 3 || failures == TIMES)
}
