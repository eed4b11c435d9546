/* SPDX-License-Identifier: MIT */
/*
 * test_machine_model.c - random operations of all kinds on whole machines, against the model of tests/helpers/ops.h.
 *
 *	slice	one machine, one shape of input, some ten thousand steps, all of it from one seed
 *
 * Each kind of machine runs each shape; then threads run on one machine and hand things to each other. A soak runs
 * slices of a million steps towards 10^9; the slice that it has come to is kept (ktap_save()), so that it goes on after
 * a stop.
 * A slice's seed says everything about it: machine, shape, every choice.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include "mm/machine.h"
#include "tests/helpers/ops.h"
#include "tests/ktap.h"

/* Other compilers and word sizes do the same steps once more: a third will do. Counting each branch is dear. */
#if defined(KMEM_COVERAGE)
#define STEPS 1700u
#elif KTAP_STEPS(10) == 10 && (defined(__clang__) || !defined(__LP64__))
#define STEPS 5000u
#else
#define STEPS KTAP_STEPS(17000u)
#endif
#define CHECK_EVERY 4000u
#define THREADS 4u
#define ROUNDS 4u
#define SOAK_SLICE 1000000ul
#define SOAK_STEPS 1000000000ul
#define QUIET " kmem.idle_release=off"

static bool slice_fails(struct ktap *t, struct ops_world *w, const struct ops *o, u64 seed, unsigned long step)
{
	char text[600];

	if (!ops_failure(w))
		return false;
	ktap_fail(t, "%s", ops_failure(w));
	if (o) {
		ops_history(o, text, sizeof(text));
		ktap_note(t, "SEED=%llu STEP=%lu after %s", seed, step, text);
	}
	return true;
}

/*
 * One thread; it also makes allocations fail, which is for tests with no other (mm/fault_inject.h): TSan would say so.
 * (The simulator compiles for TSan, and takes its place.)
 */
#if !defined(__SANITIZE_THREAD__) || defined(KMEM_HOST_SIM)
#define ONE_THREAD
static void steps_run(struct ktap *t, struct machine *m, const struct ops_shape *shape, u64 seed, unsigned long steps)
{
	struct ops_world *w = ops_world_start(m, 1);
	struct ops *o;

	ASSERT(t, w);
	o = ops_start(w, 0, shape, seed);
	for (unsigned long step = 1; step <= steps; step++) {
		ops_step(o);
		if (step % CHECK_EVERY == 0)
			ops_world_check(w);
		if (slice_fails(t, w, o, seed, step))
			return;
	}
	ops_end(o);
	ops_world_end(w);
	slice_fails(t, w, o, seed, steps);
}

static void machine_run(struct ktap *t, const char *cmdline, const struct ops_shape *shape, u64 seed,
			unsigned long steps)
{
	struct machine_config config = { .cmdline = cmdline, .console = ops_console };
	const char *why = "";
	struct machine *m = machine_boot_why(&config, &why);

	if (!m) {
		ktap_fail(t, "no machine: %s", why);
		return;
	}
	machine_enter(m);
	steps_run(t, m, shape, seed, steps);
	if (ktap_failed(t))
		ktap_note(t, "\"%s\", shape \"%s\"", cmdline, shape->name);
	machine_leave();
	if (!ktap_failed(t))
		EXPECT_EQ(t, machine_shutdown(m), 0);
}

static void all_shapes(struct ktap *t, const char *cmdline)
{
	for (unsigned int i = 0; i < ops_nr_shapes && !ktap_failed(t); i++)
		machine_run(t, cmdline, &ops_shapes[i], ktap_random(t), STEPS);
}

enum { A_PC, TWO_NODES, HIGH_MEMORY, MOVABLE_MEMORY, TINY, EVERY_CHECK, ALL_INITIALISED, NR_MACHINES };

static const char *const machines[NR_MACHINES] = {
	[A_PC] = "mem=64M" QUIET,
	[TWO_NODES] = "mem=96M numa=fake=2 nr_cpus=2" QUIET,
	[HIGH_MEMORY] = "kmem.layout=i386 mem=64M highmem=24M" QUIET,
	[MOVABLE_MEMORY] = "mem=64M movablecore=24M" QUIET,
	[TINY] = "mem=8M kmem.sheaf=2 vmalloc=16M" QUIET,
	[EVERY_CHECK] = "mem=64M slub_debug=FZPU" QUIET,
	[ALL_INITIALISED] = "mem=64M init_on_alloc=1 init_on_free=1" QUIET,
};

static void on_a_pc(struct ktap *t)
{
	all_shapes(t, machines[A_PC]);
}

static void on_two_nodes(struct ktap *t)
{
	all_shapes(t, machines[TWO_NODES]);
}

static void with_high_memory(struct ktap *t)
{
	all_shapes(t, machines[HIGH_MEMORY]);
}

static void with_movable_memory(struct ktap *t)
{
	all_shapes(t, machines[MOVABLE_MEMORY]);
}

static void on_a_tiny_machine(struct ktap *t)
{
	all_shapes(t, machines[TINY]);
}

static void with_every_check(struct ktap *t)
{
	all_shapes(t, machines[EVERY_CHECK]);
}

static void with_everything_initialised(struct ktap *t)
{
	all_shapes(t, machines[ALL_INITIALISED]);
}

/* ------------------------------------------------------------------------------------------------------- slices */

static void slice_run(struct ktap *t, u64 seed, unsigned long steps)
{
	u64 kind = seed * 0x9e3779b97f4a7c15ull >> 40;

	machine_run(t, machines[kind % NR_MACHINES], &ops_shapes[kind / NR_MACHINES % ops_nr_shapes], seed, steps);
}

/* The slice of this seed; with --soak as long as a soak's. */
static void a_slice(struct ktap *t)
{
	slice_run(t, t->seed, t->soak ? SOAK_SLICE : STEPS);
}

/* Where a soak is: the next slice, of those that come from a seed. */
struct progress {
	unsigned long long seed, slice;
};

static struct progress progress_load(struct ktap *t)
{
	struct progress p = { .seed = t->seed };
	char text[80], *at;

	if (ktap_load(t->suite, text, sizeof(text))) {
		p.seed = simple_strtoull(text, &at, 10);
		p.slice = simple_strtoull(skip_spaces(at), NULL, 10);
	}
	if (p.slice * SOAK_SLICE >= SOAK_STEPS)
		p = (struct progress){ .seed = t->seed };
	ktap_note(t, "soak of seed %llu from slice %llu of %lu", p.seed, p.slice, SOAK_STEPS / SOAK_SLICE);
	return p;
}

static void progress_save(struct ktap *t, const struct progress *p)
{
	char text[80];

	snprintf(text, sizeof(text), "%llu %llu\n", p->seed, p->slice);
	ktap_save(t->suite, text);
	ktap_note(t, "seed %llu: %llu slices, %llu steps", p->seed, p->slice, p->slice * SOAK_SLICE);
}

static void a_soak(struct ktap *t)
{
	struct progress p;

	if (!t->soak) {
		ktap_skip(t, "make soak runs it");
		return;
	}
	for (p = progress_load(t); p.slice * SOAK_SLICE < SOAK_STEPS; progress_save(t, &p)) {
		u64 seed = (u32)((p.seed + p.slice) * 2654435761u);

		slice_run(t, seed, SOAK_SLICE);
		if (ktap_failed(t)) {
			ktap_note(t, "slice %llu: test_machine_model --soak --seed %llu a_slice replays it", p.slice,
				  seed);
			return;
		}
		p.slice++;
	}
}

#endif

/* ------------------------------------------------------------------------------------------------------ threads */

struct crew {
	struct machine *m;
	struct ops_world *world;
	const struct ops_shape *shape;
	struct ops *ops[THREADS];
	u64 seed;
	bool leaves;		/* this is the last round */
};

static void member_run(struct ktap *t, unsigned int i, void *arg)
{
	struct crew *crew = arg;

	(void)t;
	machine_enter(crew->m);
	if (!crew->ops[i])
		crew->ops[i] = ops_start(crew->world, i, crew->shape, crew->seed);
	if (crew->leaves)
		ops_end(crew->ops[i]);
	for (unsigned int step = 0; !crew->leaves && step < STEPS / ROUNDS / THREADS && ops_step(crew->ops[i]); step++)
		;
	machine_leave();
}

/* Between rounds nobody acts, and everything is counted. */
static void crew_run(struct ktap *t, struct crew *crew)
{
	for (unsigned int round = 0; round <= ROUNDS; round++) {
		crew->leaves = round == ROUNDS;
		if (!ktap_threads(t, THREADS, member_run, crew))
			return;
		machine_enter(crew->m);
		if (crew->leaves)
			ops_world_end(crew->world);
		else
			ops_world_check(crew->world);
		machine_leave();
		if (slice_fails(t, crew->world, NULL, crew->seed, round))
			return;
	}
}

static void crew_on(struct ktap *t, const char *cmdline, const struct ops_shape *shape)
{
	struct machine_config config = { .cmdline = cmdline, .console = ops_console };
	struct crew crew = { .m = machine_boot(&config), .shape = shape, .seed = ktap_random(t) };

	ASSERT(t, crew.m);
	machine_enter(crew.m);
	crew.world = ops_world_start(crew.m, THREADS);
	machine_leave();
	ASSERT(t, crew.world);
	crew_run(t, &crew);
	if (ktap_failed(t))
		ktap_note(t, "\"%s\", shape \"%s\"", cmdline, shape->name);
	else
		EXPECT_EQ(t, machine_shutdown(crew.m), 0);
}

static void threads_with_a_cpu_each(struct ktap *t)
{
	for (unsigned int i = 0; i < ops_nr_shapes && !ktap_failed(t); i += 2)
		crew_on(t, "mem=64M nr_cpus=4" QUIET, &ops_shapes[i]);
}

static void more_threads_than_cpus(struct ktap *t)
{
	for (unsigned int i = 1; i < ops_nr_shapes && !ktap_failed(t); i += 2)
		crew_on(t, "mem=64M numa=fake=2 nr_cpus=2" QUIET, &ops_shapes[i]);
}

#ifndef ONE_THREAD
KTAP_SUITE(machine_model, KTAP_CASE(threads_with_a_cpu_each), KTAP_CASE(more_threads_than_cpus));
#else
KTAP_SUITE(machine_model, KTAP_CASE(on_a_pc), KTAP_CASE(on_two_nodes), KTAP_CASE(with_high_memory),
	   KTAP_CASE(with_movable_memory), KTAP_CASE(on_a_tiny_machine), KTAP_CASE(with_every_check),
	   KTAP_CASE(with_everything_initialised), KTAP_CASE(a_slice), KTAP_CASE(threads_with_a_cpu_each),
	   KTAP_CASE(more_threads_than_cpus), KTAP_CASE(a_soak));
#endif
