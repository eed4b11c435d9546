/* SPDX-License-Identifier: MIT */
/*
 * zero_window.pml - high memory is zeroed through one window: mm/page_addr.c high_pages_zero().
 *
 *	[zero_lock: map the frame, write zeros, unmap]
 *
 * Property: zeros go to the frame that was meant.
 * Bug: the lock is dropped before the window is unmapped.
 */
#include "word.pml"

bool lock;
byte window;				/* frame that it maps; 0: none */

active [2] proctype task()
{
	byte frame = _pid + 1;

	take(lock);
	window = frame;
	assert(window == frame);
#ifdef BUG
	drop(lock);
	window = 0
#else
	window = 0;
	drop(lock)
#endif
}
