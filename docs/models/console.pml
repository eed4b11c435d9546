/* SPDX-License-Identifier: MIT */
/*
 * console.pml - a machine's console is called by one thread at a time: kernel/printk.c console_write().
 *
 *	thread	[I am at the console] ... [lock: the console's function] ... [no longer]
 *	            ^ interrupt: a report of its own, which must not wait for the lock that it may interrupt
 *
 * Property: one thread is in the function; no thread waits for itself.
 * Bug: the thread says that it is at the console only once it has the lock.
 */
#include "word.pml"

bool lock, at_console[2];
byte inside;

/* One report at most, from an interrupt that comes at any point. */
inline interrupt()
{
	if
	:: !interrupted ->
		interrupted = true;
		if
		:: at_console[_pid]		/* to the host's console */
		:: else -> take(lock); inside++; assert(inside == 1); inside--; drop(lock)
		fi
	:: true
	fi
}

active [2] proctype thread()
{
	bool interrupted;

	interrupt();
#ifndef BUG
	at_console[_pid] = true;
	interrupt();
#endif
	take(lock);
	interrupt();
#ifdef BUG
	at_console[_pid] = true;
#endif
	inside++;
	assert(inside == 1);
	interrupt();
	inside--;
#ifdef BUG
	at_console[_pid] = false;
#endif
	drop(lock);
	interrupt();
	at_console[_pid] = false
}
