/* SPDX-License-Identifier: MIT */
/*
 * background.pml - a background task is started while the machine goes down: mm/idle.c idle_wake(), idle_exit();
 * mm/node_task.c start(), node_task_end().
 *
 *	starter (itself a background task)	stop? no; running = 1; stop? still no: start the task
 *	shutdown				stop = 1; wait until running is 0 ...; the machine vanishes
 *
 * Property: no task touches a machine that has vanished, and shutdown ends.
 * Bug: the starter does not look again after it has said that the task runs.
 */
#include "word.pml"

bool stop, gone, started = true;
byte running, asleep;

proctype task()
{
	assert(!gone);
	if
	:: running = 0; host_wake_all(asleep)
	fi
}

inline idle_wake()
{
	if
	:: stop
	:: else ->
		if
		:: d_step { !running -> running = 1 }
#ifndef BUG
			if
			:: stop -> running = 0; host_wake_all(asleep); goto done
			:: else
			fi;
#endif
			if
			:: run task()
			:: running = 0; host_wake_all(asleep)	/* the host has no task to spare */
			fi
		:: else
		fi
	fi
done:	skip
}

/* kswapd, say, frees pages; it is waited for after the idle task was. */
active proctype starter()
{
	idle_wake();
	started = false
}

active proctype shutdown()
{
	stop = true;
	do
	:: running -> host_wait(running, 1, asleep)
	:: else -> break
	od;
	!started;
	gone = true
}
