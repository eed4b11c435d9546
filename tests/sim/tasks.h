/* SPDX-License-Identifier: MIT */
/* tests/sim/tasks.h - several tasks of a simulated world. */
#ifndef TESTS_SIM_TASKS_H
#define TESTS_SIM_TASKS_H

#include <kmem/sim.h>

/* nr tasks that run function(arg); returns when all have ended. */
static __attribute__((unused)) void run_tasks(unsigned int nr, void (*function)(void *arg), void *arg)
{
	int tasks[16];

	for (unsigned int i = 0; i < nr; i++)
		tasks[i] = sim_spawn("task", function, arg);
	for (unsigned int i = 0; i < nr; i++)
		sim_join(tasks[i]);
}

#endif
