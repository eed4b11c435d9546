/* SPDX-License-Identifier: MIT */
/*
 * tests/sim/seeded.h - a world in which a protocol is used, and the bug that must be found in it.
 *
 *	static void lock_world(void *arg) { ... sim_fail() if something is wrong ... }
 *	static void word_lock(struct ktap *t) { expect_found(t, SEEDED_WORD_LOCK, lock_world, 200); }
 *
 * Without the bug no strategy finds anything, in as many schedules; with it, one of them does. So each world is known
 * to be able to fail. Worlds start with a machine that was booted once (m).
 */
#ifndef TESTS_SIM_SEEDED_H
#define TESTS_SIM_SEEDED_H

#include <kmem/kmem.h>
#include <kmem/sim.h>
#include <linux/rcupdate.h>
#include "lib/seeded.h"
#include "mm/cpus.h"
#include "mm/page_alloc.h"
#include "mm/rcu.h"
#include "tests/ktap.h"

/* The machine of the worlds, as new in each. */
static struct machine *m;

static inline void seeded_restore(void *arg)
{
	(void)arg;
	sim_restore(m);
}

/* nr tasks that run function(arg); returns when all have ended. */
static __attribute__((unused)) void run_tasks(unsigned int nr, void (*function)(void *arg), void *arg)
{
	int tasks[16];

	for (unsigned int i = 0; i < nr; i++)
		tasks[i] = sim_spawn("task", function, arg);
	for (unsigned int i = 0; i < nr; i++)
		sim_join(tasks[i]);
}

static const enum sim_strategy seeded_strategies[] = { SIM_RANDOM, SIM_FEW, SIM_PRIORITY };
#define NR_SEEDED_STRATEGIES (sizeof(seeded_strategies) / sizeof(seeded_strategies[0]))

/* Schedules of one strategy, until one goes wrong. Returns how many were run; *result says whether the last did. */
static inline u64 seeded_search(struct ktap *t, enum sim_strategy strategy, void (*world)(void *arg), u64 schedules,
				struct sim_result *result)
{
	struct sim_search search = {
		.options = { .seed = t->seed, .strategy = strategy, .quiet = true, .max_points = 2000000 },
		.max_schedules = schedules, .before = seeded_restore,
	};

	sim_explore(&search, world, NULL, result);
	return search.schedules;
}

/* The bug is found within `schedules` of some strategy; without it, as many find nothing. */
static inline void expect_found_on(struct ktap *t, const char *cmdline, enum seeded_bug bug, void (*world)(void *arg),
				   u64 schedules)
{
	struct sim_result result = { .outcome = SIM_FINE };
	u64 run[NR_SEEDED_STRATEGIES] = { 0 };

	m = machine_boot(&(struct machine_config){ .cmdline = cmdline });
	ASSERT_NOT_NULL(t, m);
	ASSERT_EQ(t, sim_save(m), 0);
	seeded_bug = bug;
	for (unsigned int i = 0; i < NR_SEEDED_STRATEGIES && result.outcome == SIM_FINE; i++) {
		run[i] = seeded_search(t, seeded_strategies[i], world, schedules, &result);
		if (result.outcome != SIM_FINE)
			ktap_note(t, "%s, schedule %llu: %s: %s", sim_strategy_name(seeded_strategies[i]), run[i],
				  sim_outcome_name(result.outcome), result.why);
	}
	seeded_bug = SEEDED_NONE;
	if (result.outcome == SIM_FINE)
		ktap_fail(t, "not found in %llu schedules of each strategy", schedules);
	for (unsigned int i = 0; i < NR_SEEDED_STRATEGIES; i++) {
		seeded_search(t, seeded_strategies[i], world, t->soak ? 100 * schedules : run[i] + 20, &result);
		if (result.outcome != SIM_FINE)
			ktap_fail(t, "without the bug: %s, seed %llu: %s: %s", sim_strategy_name(seeded_strategies[i]),
				  result.seed, sim_outcome_name(result.outcome), result.why);
	}
	sim_restore(m);
	EXPECT_EQ(t, machine_shutdown(m), 0);
}

static inline void expect_found(struct ktap *t, enum seeded_bug bug, void (*world)(void *arg), u64 schedules)
{
	expect_found_on(t, "mem=4M nr_cpus=2", bug, world, schedules);
}

#endif
