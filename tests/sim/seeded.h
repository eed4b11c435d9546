/* SPDX-License-Identifier: MIT */
/*
 * tests/sim/seeded.h - a world in which a protocol is used, and the bug that must be found in it.
 *
 *	static void lock_world(void *arg) { ... sim_fail() if something is wrong ... }
 *	static void word_lock(struct ktap *t) { expect_found(t, SEEDED_WORD_LOCK, lock_world, 200); }
 *
 * Without the bug no strategy finds anything, in as many schedules; with it, one of them does. So each world is known
 * to be able to fail. Worlds start with a machine that was booted once (m), and a console that says nothing.
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
#include "tests/machine_for.h"
#include "tests/sim/tasks.h"

/* A protocol in use. What is left out is 0. */
struct seeded_world {
	enum seeded_bug bug;
	void (*run)(void *arg);			/* the first task */
	u64 schedules;				/* so many of some strategy find the bug */
	enum sim_strategy first;		/* the one that finds it soonest; 0: SIM_RANDOM */
	const char *cmdline;			/* NULL: two CPUs, little memory */
	void (*prepare)(void);			/* on the machine, once, before the first schedule */
	void (*interrupt)(void *arg);
	unsigned int interrupt_every;
	unsigned int length;			/* points that a short world has */
	bool every_access;
};

/* The machine of the worlds, as new in each. */
static struct machine *m;

static inline void seeded_restore(void *arg)
{
	(void)arg;
	console_length = 0;
	sim_restore(m);
}

/* ------------------------------------------------------------------------------------------------- inside a world */

/* Two tasks, the first of them this one. */
static __attribute__((unused)) void run_two(void (*one)(void *arg), void (*other)(void *arg))
{
	int task = sim_spawn("other", other, NULL);

	one(NULL);
	sim_join(task);
}

/* Sleep on nothing, as a thread in a system call: its CPU stays leased, and is given up if someone asks. */
static __attribute__((unused)) void nap(u64 us)
{
	u32 never = 0;
	u64 end = host_clock(m) + us * 1000;

	for (u64 now; (now = host_clock(m)) < end;)
		host_wait(&never, 0, end - now);
}

/* Everyone with a CPU has had it for long enough, time and again. */
static __attribute__((unused)) void ask_to_yield_often(void *arg)
{
	(void)arg;
	for (int i = 0; i < 100; i++) {
		for (unsigned int id = 0; id < m->nr_cpus; id++)
			__atomic_fetch_or(&m->cpus[id]->pending, CPU_YIELD, __ATOMIC_RELAXED);
		sim_yield();
	}
}

/* Every structure of the machine holds, and nobody complained. */
static __attribute__((unused)) void machine_holds(void)
{
	struct kmem_fault fault;

	if (console_length)
		sim_fail("it says: %s", console_text());
	if (!kmem_check(m, &fault))
		sim_fail("%s %s", fault.id, fault.place);
}

/* ------------------------------------------------------------------------------------------------------ the search */

#define NR_SEEDED_STRATEGIES 3u

/* Of SIM_RANDOM, SIM_FEW and SIM_PRIORITY the i-th that is tried. */
static inline enum sim_strategy seeded_strategy(const struct seeded_world *world, unsigned int i)
{
	unsigned int first = world->first ? world->first - SIM_RANDOM : 0;

	return (enum sim_strategy)(SIM_RANDOM + (first + i) % NR_SEEDED_STRATEGIES);
}

/* Schedules of one strategy, until one goes wrong. Returns how many were run; *result says whether the last did. */
static inline u64 seeded_search(struct ktap *t, enum sim_strategy strategy, const struct seeded_world *world,
				u64 schedules, struct sim_result *result)
{
	struct sim_search search = {
		.options = {
			.seed = t->seed, .strategy = strategy, .quiet = true, .max_points = 2000000,
			.console = console_keep, .every_access = world->every_access, .length = world->length,
			.interrupt = world->interrupt, .interrupt_every = world->interrupt_every,
		},
		.max_schedules = schedules, .before = seeded_restore,
	};

	sim_explore(&search, world->run, NULL, result);
	return search.schedules;
}

static inline void seeded_boot(struct ktap *t, const struct seeded_world *world)
{
	m = machine_boot(&(struct machine_config){ .cmdline = world->cmdline ? world->cmdline : "mem=4M nr_cpus=2" });
	ASSERT_NOT_NULL(t, m);
	if (world->prepare) {
		machine_enter(m);
		world->prepare();
		machine_leave();
	}
	ASSERT_EQ(t, sim_save(m), 0);
}

/* The bug is found within its schedules of some strategy; without it, as many find nothing. */
static inline void expect_found_in(struct ktap *t, const struct seeded_world *world)
{
	struct sim_result result = { .outcome = SIM_FINE };
	u64 run[NR_SEEDED_STRATEGIES] = { 0 };

	seeded_boot(t, world);
	if (ktap_failed(t))
		return;
	seeded_bug = world->bug;
	for (unsigned int i = 0; i < NR_SEEDED_STRATEGIES && result.outcome == SIM_FINE; i++) {
		run[i] = seeded_search(t, seeded_strategy(world, i), world, world->schedules, &result);
		if (result.outcome != SIM_FINE)
			ktap_note(t, "%s, schedule %llu: %s: %s", sim_strategy_name(seeded_strategy(world, i)), run[i],
				  sim_outcome_name(result.outcome), result.why);
	}
	seeded_bug = SEEDED_NONE;
	if (result.outcome == SIM_FINE)
		ktap_fail(t, "not found in %llu schedules of each strategy", world->schedules);
	for (unsigned int i = 0; i < NR_SEEDED_STRATEGIES; i++) {
		u64 schedules = t->soak ? 3000 + 20 * world->schedules : run[i] + 20;

		seeded_search(t, seeded_strategy(world, i), world, schedules, &result);
		if (result.outcome != SIM_FINE)
			ktap_fail(t, "without the bug: %s, seed %llu: %s: %s",
				  sim_strategy_name(seeded_strategy(world, i)), result.seed,
				  sim_outcome_name(result.outcome), result.why);
	}
	sim_restore(m);
	m->console = console_keep;	/* that says what prepare() took */
	machine_shutdown(m);
}

static inline void expect_found(struct ktap *t, enum seeded_bug bug, void (*world)(void *arg), u64 schedules)
{
	expect_found_in(t, &(struct seeded_world){ .bug = bug, .run = world, .schedules = schedules });
}

#endif
