/* SPDX-License-Identifier: MIT */
/*
 * test_lines.c - how many cache lines the fast paths move between processors.
 *
 * Some tasks, each a processor, do the same at once. What they share moves; what is stated here is what it may cost. A
 * write to a common line, or two CPUs' counters in one, would show as one or two lines an operation.
 */
#include "cli/lines.h"
#include "tests/ktap.h"

/* At most so many lines in 1,000 operations, of which none asks the host for anything. */
static void expect_lines(struct ktap *t, const char *name, enum sim_strategy strategy, unsigned int nr_tasks,
			 unsigned int operations, u64 thousandths)
{
	const struct lines_options options = { .work = work_named(name), .seed = t->seed, .strategy = strategy,
					       .nr_tasks = nr_tasks, .operations = operations,
					       .cmdline = "kmem.lazy_vfree=1" };
	static struct lines_result result;

	if (!EXPECT(t, lines_run(&options, &result))) {
		ktap_note(t, "%s", result.why);
		return;
	}
	if (EXPECT_LE(t, result.moved * 1000 / result.operations, thousandths))
		return;
	for (unsigned int i = 0; i < result.nr_lines && i < 8; i++)
		ktap_note(t, "%llu %s: %s -> %s", result.line[i].moved, result.line[i].what, result.line[i].from,
			  result.line[i].to);
}

static void a_pair_of_objects_moves_nothing(struct ktap *t)
{
	expect_lines(t, "objects", SIM_RANDOM, 2, 4000, 2);
}

static void a_pair_of_pages_moves_nothing(struct ktap *t)
{
	expect_lines(t, "pages", SIM_RANDOM, 2, 4000, 2);
}

/* Each CPU has its own areas, and their entries lines of the page table to themselves. */
static void a_pair_of_areas_moves_nothing(struct ktap *t)
{
	expect_lines(t, "areas", SIM_RANDOM, 6, 2000, 45);
}

/* Six CPUs' shares of the zone are less than a batch: each comes to keep one, as its pages come and go. */
static void pages_in_batches(struct ktap *t)
{
	expect_lines(t, "batches", SIM_PLAIN, 6, 8192, 30);
}

/* Its mark is read and cleared by the one, and written by the other: three lines an object, of two operations. */
static void an_object_that_is_handed_over_moves_itself(struct ktap *t)
{
	expect_lines(t, "ring", SIM_RANDOM, 2, 8000, 1650);
}

/* Whoever frees it has it next. */
static void an_object_freed_by_the_neighbour_moves_itself(struct ktap *t)
{
	expect_lines(t, "neighbours", SIM_RANDOM, 3, 8192, 1010);
}

KTAP_SUITE(lines, KTAP_CASE(a_pair_of_objects_moves_nothing), KTAP_CASE(a_pair_of_pages_moves_nothing),
	   KTAP_CASE(a_pair_of_areas_moves_nothing),
	   KTAP_CASE(pages_in_batches), KTAP_CASE(an_object_that_is_handed_over_moves_itself),
	   KTAP_CASE(an_object_freed_by_the_neighbour_moves_itself));
