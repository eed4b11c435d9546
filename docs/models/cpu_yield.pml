/* SPDX-License-Identifier: MIT */
/*
 * cpu_yield.pml - whom a waiter asks for a CPU: kernel/cpu.c cpu_take(), ask_to_yield(), cpu_serve().
 *
 *	CPU 0 [leased longest; its thread never answers: atomic for long, or it blocks the signal]
 *	CPU 1 [its thread only computes: an interrupt takes the CPU away]
 *	waiter: asks, waits a little, asks again ...
 *
 * Property: if one of those who have had a CPU for a time slice can be interrupted, the waiter gets a CPU.
 * Bug: only the longest lease is asked, each time.
 */
bool pending[2];
bool granted;

active proctype waiter()
{
	byte turn;

	do
	:: granted -> break
	:: else ->
		pending[turn] = true;
#ifndef BUG
		turn = 1 - turn
#endif
	od
}

active proctype computing()
{
	pending[1];
	pending[1] = false;
	granted = true
}

ltl served { <> granted }
