/* SPDX-License-Identifier: MIT */
/*
 * cpu_take_back.pml - a thread ended with its CPU: kernel/cpu.c cpu_ask(), ask_to_yield(), cpu_take_back().
 *
 *	asker: host_interrupt() says that the lessee is gone ..... take its CPU, under cpu_lock
 *	                                                      ^ it was only leaving; a new thread, whose task lies
 *	                                                        where the old one's lay, has leased the CPU
 *
 * Property: a CPU is taken from dead threads only, and from each that ends with one.
 * Bug: the lease is recognised by the address of its task alone.
 */
#include "word.pml"

#define THREAD_1 1
#define THREAD_2 2

bool lock, leased, done;
byte task_id;
bool alive[3];

/* Both have their task at the same address. */
active proctype threads()
{
	alive[THREAD_1] = true;
	take(lock);
	leased = true;
	task_id = THREAD_1;
	drop(lock);
	if
	:: take(lock); leased = false; task_id = 0; drop(lock)
	:: true					/* it ends without giving the CPU back */
	fi;
	alive[THREAD_1] = false;
	alive[THREAD_2] = true;
	d_step { !lock && !leased -> lock = true }
	leased = true;
	task_id = THREAD_2;
	drop(lock);
	assert(leased && task_id == THREAD_2);	/* it works */
	take(lock);
	assert(leased && task_id == THREAD_2);
	leased = false;
	task_id = 0;
	drop(lock);
	done = true
}

active proctype asker()
{
	byte id;

	do
	:: done -> break
	:: else ->
		id = task_id;
		if
		:: id && !alive[id] ->		/* -ESRCH */
			take(lock);
			if
#ifdef BUG
			:: leased ->
#else
			:: leased && !alive[task_id] ->
#endif
				assert(!alive[task_id]);
				leased = false;
				task_id = 0
			:: else
			fi;
			drop(lock)
		:: else
		fi
	od
}
