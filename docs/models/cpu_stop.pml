/* SPDX-License-Identifier: MIT */
/*
 * cpu_stop.pml - all CPUs stand still: kernel/stop.c cpus_stop() cpus_start() cpu_park(); kernel/cpu.c cpu_borrow()
 * cpu_serve() cpu_return().
 *
 *	stop_word	even: the machine runs; odd: it is stopped
 *	stopper		stop_word++; borrow the CPU if it is idle; else pending, until parked == stop_word; look; stop_word++
 *	task		leases the CPU, moves, serves pending: parks, sleeps until stop_word changes; gives the CPU up
 *
 * One CPU for two tasks, and two stoppers who have others (stop_mutex lets one in). A stopper looks again after a while,
 * as in C, because a CPU that is given up unserved wakes nobody; a parked task sleeps until it is woken.
 * Property: who looks sees nothing move, and everyone comes to his end.
 * Bug: who was asked to stop is not waited for (CPU_STOP of lib/seeded.h).
 */
#include "word.pml"

#define MOVES 2
#define stopped (stop_word & 1)

bool stop_mutex;
byte stop_word, parked;
byte asleep;			/* on stop_word */
byte queue, granted;		/* tasks that wait for the CPU; the one that gets it */
bool leased, pending;
byte moving, looking;

inline move()
{
	moving++;
	assert(!looking);
	moving--
}

inline look()
{
	looking++;
	assert(!moving);
	looking--
}

/* cpu_take(): under cpu_lock. Nobody finds a CPU of a machine that is stopped; who has found none queues. */
inline lease()
{
	atomic {
		if
		:: !leased && !stopped -> leased = true; granted = granted | ME
		:: else -> queue = queue | ME
		fi
	}
	atomic { granted & ME -> granted = 0 }
}

/* cpu_pass(): the first of the queue has the CPU now, also while the machine is being stopped. */
inline give()
{
	atomic {
		leased = (queue != 0);
		granted = (queue & 1 -> 1 : queue & 2);
		queue = queue & ~granted
	}
}

/* cpus_serve_queue() */
inline serve_queue()
{
	atomic {
		if
		:: !leased -> give()
		:: else
		fi
	}
}

inline park(seen)
{
	seen = stop_word;
	if
	:: seen & 1 ->
		parked = seen;
		do
		:: stop_word == seen -> host_wait(stop_word, seen, asleep)
		:: else -> break
		od
	:: else
	fi
}

active [2] proctype task()
{
	byte moves, seen;

	do
	:: moves < MOVES ->
		lease();
		move();
		moves++;
		if
		:: pending -> pending = false; park(seen)		/* preempt_enable() */
		:: else
		fi;
		give()
	:: else -> break
	od
}

active [2] proctype stopper()
{
	byte seen;
	bool borrowed;

	take(stop_mutex);
	stop_word++;
	seen = stop_word;
	do
	:: atomic { !leased -> leased = true; borrowed = true; break }
	:: atomic { leased && parked == seen -> break }
	:: atomic { leased && parked != seen && !pending -> pending = true }
#ifdef BUG
		break
#endif
	od;
	look();
	stop_word++;
	host_wake_all(asleep);
	if
	:: borrowed -> give()
	:: else -> serve_queue()
	fi;
	drop(stop_mutex)
}
