/* SPDX-License-Identifier: MIT */
/*
 * test_lines.c - how many cache lines the fast paths move between processors.
 *
 * Some tasks, each a processor, do the same at once. What they share moves; what is stated here is what it may cost. A
 * write to a common line, or two CPUs' counters in one, would show as one or two lines an operation.
 */
#include <kmem/kmem.h>
#include <kmem/sim.h>
#include <linux/compiler.h>
#include "tests/ktap.h"
#include "tests/sim/tasks.h"

#define MOST_TASKS 6u
#define BATCH 64u
#define RING 16u

struct load {
	void (*work)(struct load *l, unsigned int self, unsigned int nr);
	struct machine *m;
	unsigned int nr_tasks, operations;	/* of each */
	u64 moved;
	u32 ready, tasks;
	void *ring[RING][8];		/* an entry a line */
	void *handed[MOST_TASKS][BATCH];
};

static void meet(struct load *l)
{
	u32 all = (__atomic_fetch_add(&l->ready, 1, __ATOMIC_ACQ_REL) / l->nr_tasks + 1) * l->nr_tasks;

	while (__atomic_load_n(&l->ready, __ATOMIC_ACQUIRE) < all)
		sim_yield();
}

static void task(void *arg)
{
	struct load *l = arg;
	unsigned int self = __atomic_fetch_add(&l->tasks, 1, __ATOMIC_ACQ_REL);

	if (machine_enter(l->m))
		sim_fail("no CPU");
	l->work(l, self, l->operations / 4);
	meet(l);
	if (!self)
		sim_lines_begin();
	meet(l);
	l->work(l, self, l->operations);
	meet(l);
	if (!self)
		l->moved = sim_lines_end();
	meet(l);
	machine_leave();
}

static void load_run(void *arg)
{
	struct load *l = arg;

	l->m = machine_boot(&(struct machine_config){ .cmdline = "mem=1G nr_cpus=6 kmem.idle_release=off" });
	if (!l->m)
		sim_fail("no machine");
	run_tasks(l->nr_tasks, task, l);
	sim_lines_print(l->m, 8, (u64)l->nr_tasks * l->operations);
	machine_shutdown(l->m);
}

static char said[8192];
static size_t said_bytes;

static void hear(void *arg, const char *text, size_t length)
{
	(void)arg;
	if (said_bytes + length < sizeof(said)) {
		__builtin_memcpy(said + said_bytes, text, length);
		said_bytes += length;
		said[said_bytes] = '\0';
	}
}

/* At most so many lines in 1,000 operations. */
static void expect_lines(struct ktap *t, void (*work)(struct load *l, unsigned int self, unsigned int nr),
			 enum sim_strategy strategy, unsigned int nr_tasks, unsigned int operations, u64 thousandths)
{
	static struct load l;
	struct sim_result result;
	const struct sim_options options = { .seed = t->seed, .strategy = strategy, .switch_every = 20, .nr_cpus = 6,
					     .no_races = true, .console = hear };

	l = (struct load){ .work = work, .nr_tasks = nr_tasks, .operations = operations };
	said_bytes = 0;
	if (!EXPECT(t, sim_run(&options, load_run, &l, &result))) {
		ktap_note(t, "%s", result.why);
		return;
	}
	if (!EXPECT_LE(t, l.moved * 1000 / ((u64)nr_tasks * operations), thousandths))
		ktap_note(t, "%s", said);
}

static void object_pairs(struct load *l, unsigned int self, unsigned int nr)
{
	(void)l;
	(void)self;
	while (nr--)
		kfree(kmalloc(64, GFP_KERNEL));
}

static void page_pairs(struct load *l, unsigned int self, unsigned int nr)
{
	(void)l;
	(void)self;
	while (nr--)
		__free_page(alloc_page(GFP_KERNEL));
}

static void page_batches(struct load *l, unsigned int self, unsigned int nr)
{
	static struct page *pages[MOST_TASKS][512];

	(void)l;
	for (nr /= 512; nr--;) {
		for (unsigned int i = 0; i < 512; i++) {
			pages[self % MOST_TASKS][i] = alloc_page(GFP_KERNEL);
			if (i % 64 == 0)
				sim_yield();
		}
		for (unsigned int i = 0; i < 512; i++) {
			__free_page(pages[self % MOST_TASKS][i]);
			if (i % 64 == 0)
				sim_yield();
		}
	}
}

/* One allocates, the other frees; what goes through the ring is not the machine's memory, so it is not counted. */
static void producer_and_consumer(struct load *l, unsigned int self, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		void **slot = &l->ring[i % RING][0];

		while (!__atomic_load_n(slot, __ATOMIC_ACQUIRE) == !!(self % 2))
			sim_yield();
		if (self % 2) {
			kfree(*slot);
			__atomic_store_n(slot, NULL, __ATOMIC_RELEASE);
		} else {
			__atomic_store_n(slot, kmalloc(64, GFP_KERNEL), __ATOMIC_RELEASE);
		}
	}
}

/* Each frees what the other one has allocated. */
static void freed_by_the_neighbour(struct load *l, unsigned int self, unsigned int nr)
{
	for (nr /= BATCH; nr--;) {
		for (unsigned int i = 0; i < BATCH; i++)
			l->handed[self % MOST_TASKS][i] = kmalloc(64, GFP_KERNEL);
		meet(l);
		for (unsigned int i = 0; i < BATCH; i++)
			kfree(l->handed[(self + 1) % l->nr_tasks][i]);
		meet(l);
	}
}

static void a_pair_of_objects_moves_nothing(struct ktap *t)
{
	expect_lines(t, object_pairs, SIM_RANDOM, 2, 4000, 2);
}

static void a_pair_of_pages_moves_nothing(struct ktap *t)
{
	expect_lines(t, page_pairs, SIM_RANDOM, 2, 4000, 2);
}

/* Six CPUs' shares of the zone are less than a batch: each comes to keep one while others are at the zone, too. */
static void pages_in_batches(struct ktap *t)
{
	expect_lines(t, page_batches, SIM_PLAIN, 6, 8192, 120);
}

/* Its mark is read and cleared by the one, and written by the other: three lines an object, of two operations. */
static void an_object_that_is_handed_over_moves_itself(struct ktap *t)
{
	expect_lines(t, producer_and_consumer, SIM_RANDOM, 2, 8000, 1650);
}

/* Whoever frees it has it next. */
static void an_object_freed_by_the_neighbour_moves_itself(struct ktap *t)
{
	expect_lines(t, freed_by_the_neighbour, SIM_RANDOM, 3, 8192, 1010);
}

KTAP_SUITE(lines, KTAP_CASE(a_pair_of_objects_moves_nothing), KTAP_CASE(a_pair_of_pages_moves_nothing),
	   KTAP_CASE(pages_in_batches), KTAP_CASE(an_object_that_is_handed_over_moves_itself),
	   KTAP_CASE(an_object_freed_by_the_neighbour_moves_itself));
