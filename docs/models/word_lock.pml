/* SPDX-License-Identifier: MIT */
/*
 * word_lock.pml - spinlocks, mutexes and raw words: kernel/lock.c word_lock(), word_unlock(), spin_unlock().
 *
 *	0 free --word_try--> 1 held --word_sleep by another--> 2 held, someone sleeps
 *	^---- unlock --------'                                  |
 *	^---- unlock, first to 1, and one sleeper is woken, who takes it as 2
 *
 * Property: one task is inside at a time, and each that wants gets in (no one sleeps for ever).
 * Bug: who was woken takes the word as 1, as if it were the only sleeper.
 */
#include "word.pml"

byte word, asleep, inside;

active [3] proctype task()
{
	byte old;

	if
	:: d_step { !word -> word = 1 }		/* one look stands for many */
	:: true ->
again:		exchange(word, 2, old);
		if
		:: old -> host_wait(word, 2, asleep); goto again
		:: else
		fi;
#ifdef BUG
		word = 1
#endif
	fi;
	inside++;
	assert(inside == 1);
	inside--;
	exchange(word, word - 1, old);
	if
	:: old == 2 -> word = 0; host_wake_one(asleep)
	:: else
	fi
}
