/* SPDX-License-Identifier: MIT */
/*
 * test_world.c - what include/kmem/sim.h promises: seeds repeat, strategies find, and what goes wrong has its name.
 *
 * Each case looks at worlds from outside: it runs them inside its own one.
 */
#include <kmem/kmem.h>
#include <kmem/sim.h>
#include <linux/compiler.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include "mm/vmalloc.h"
#include "tests/ktap.h"
#include "tests/sim/tasks.h"

static struct sim_options quiet(u64 seed, enum sim_strategy strategy)
{
	return (struct sim_options){ .seed = seed, .strategy = strategy, .quiet = true };
}

/* ---------------------------------------------------------------------------------------------------------- seeds */

struct busy {
	struct machine *m;
	void *first[4];		/* addresses that the tasks got first */
	u32 nr;
	unsigned int interrupts;
};

static void busy_task(void *arg)
{
	struct busy *b = arg;
	u32 me = __atomic_fetch_add(&b->nr, 1, __ATOMIC_RELAXED);
	void *live[16] = { NULL };

	machine_enter(b->m);
	for (unsigned int i = 0; i < 200; i++) {
		unsigned int slot = (unsigned int)((i * 7 + me) % 16);

		kfree(live[slot]);
		live[slot] = kmalloc(16ul << (i % 8), GFP_KERNEL);
		if (!i)
			b->first[me] = live[slot];
		if (i % 50 == 0)
			vfree(vmalloc(5 * PAGE_SIZE));
	}
	for (unsigned int i = 0; i < 16; i++)
		kfree(live[i]);
	machine_leave();
}

static void count_interrupt(void *arg)
{
	struct busy *b = arg;

	b->interrupts++;
}

static void busy_world(void *arg)
{
	struct busy *b = arg;

	b->nr = b->interrupts = 0;
	b->m = machine_boot(&(struct machine_config){ .cmdline = "mem=16M nr_cpus=2" });
	if (!b->m)
		sim_fail("no machine");
	run_tasks(4, busy_task, b);
	if (!kmem_check(b->m, NULL) || machine_shutdown(b->m))
		sim_fail("the machine did not survive");
}

static bool run_busy(u64 seed, enum sim_strategy strategy, struct busy *b, struct sim_result *result)
{
	struct sim_options options = quiet(seed, strategy);

	options.interrupt = count_interrupt;
	options.interrupt_arg = b;
	options.interrupt_every = 500;
	return sim_run(&options, busy_world, b, result);
}

static void a_seed_repeats_its_run(struct ktap *t)
{
	for (enum sim_strategy strategy = SIM_PLAIN; strategy < SIM_EXHAUSTIVE; strategy++) {
		struct sim_result first, again;
		struct busy one, two;

		EXPECT(t, run_busy(t->seed, strategy, &one, &first));
		EXPECT(t, run_busy(t->seed, strategy, &two, &again));
		EXPECT_EQ(t, first.hash, again.hash);
		EXPECT_EQ(t, first.points, again.points);
		EXPECT_EQ(t, first.switches, again.switches);
		EXPECT_EQ(t, first.clock, again.clock);
		EXPECT_EQ(t, first.interrupts, again.interrupts);
		EXPECT_EQ(t, one.interrupts, first.interrupts);
		EXPECT_GT(t, one.interrupts, 0);
		EXPECT_MEM(t, one.first, two.first, sizeof(one.first));
	}
}

static void seeds_differ(struct ktap *t)
{
	unsigned int same = 0;
	u64 last = 0;

	for (u64 seed = 0; seed < 8; seed++) {
		struct sim_result result;
		struct busy b;

		EXPECT(t, run_busy(seed, SIM_RANDOM, &b, &result));
		same += result.hash == last;
		last = result.hash;
	}
	EXPECT_EQ(t, same, 0);
}

/* ----------------------------------------------------------------------------------------------------- strategies */

/* Two read-modify-writes that are not one: a schedule that lets both read first loses one. */
struct lost_update {
	u32 count;
};

static void update(void *arg)
{
	struct lost_update *l = arg;
	u32 seen = __atomic_load_n(&l->count, __ATOMIC_RELAXED);

	__atomic_store_n(&l->count, seen + 1, __ATOMIC_RELAXED);
}

static void update_world(void *arg)
{
	struct lost_update *l = arg;

	l->count = 0;
	run_tasks(2, update, l);
	if (l->count != 2)
		sim_fail("an update was lost");
}

static void every_strategy_finds_a_lost_update(struct ktap *t)
{
	for (enum sim_strategy strategy = SIM_RANDOM; strategy < SIM_NR_STRATEGIES; strategy++) {
		struct sim_search search = { .options = quiet(1, strategy), .max_schedules = 500 };
		struct lost_update l;
		struct sim_result result, again;

		EXPECT(t, !sim_explore(&search, update_world, &l, &result));
		EXPECT_EQ(t, result.outcome, SIM_FAILED);
		EXPECT_STR(t, result.why, "an update was lost");
		ktap_note(t, "%s: found in schedule %llu", sim_strategy_name(strategy), search.schedules);
		if (strategy == SIM_EXHAUSTIVE)
			continue;
		search.options.seed = result.seed;
		EXPECT(t, !sim_run(&search.options, update_world, &l, &again));
		EXPECT_EQ(t, again.hash, result.hash);
	}
}

static void fail_late(void *arg)
{
	run_tasks(2, update, arg);
	sim_fail("whoever goes on");
}

/* Also where it was the run that preemptions are to be put in, which has none. */
static void what_a_search_found_is_repeated(struct ktap *t)
{
	for (enum sim_strategy strategy = SIM_PLAIN; strategy < SIM_EXHAUSTIVE; strategy++) {
		struct sim_search search = { .options = quiet(1, strategy), .max_schedules = 500 };
		struct lost_update l;
		struct sim_result result, again;

		EXPECT(t, !sim_explore(&search, fail_late, &l, &result));
		EXPECT_EQ(t, search.schedules, 1);
		search.options.seed = result.seed;
		EXPECT(t, !sim_run(&search.options, fail_late, &l, &again));
		EXPECT_EQ(t, result.hash, again.hash);
		EXPECT_EQ(t, result.points, again.points);
		EXPECT_EQ(t, result.switches, again.switches);
	}
}

static void locked_update(void *arg)
{
	struct lost_update *l = arg;
	static u32 word;

	while (__atomic_exchange_n(&word, 1, __ATOMIC_ACQUIRE))
		sim_yield();
	update(l);
	__atomic_store_n(&word, 0, __ATOMIC_RELEASE);
}

static void locked_world(void *arg)
{
	struct lost_update *l = arg;

	l->count = 0;
	run_tasks(2, locked_update, l);
	if (l->count != 2)
		sim_fail("an update was lost");
}

static void an_exhaustive_search_ends(struct ktap *t)
{
	struct sim_search search = { .options = quiet(1, SIM_EXHAUSTIVE), .max_schedules = 100000 };
	struct lost_update l;

	search.options.depth = 2;
	EXPECT(t, sim_explore(&search, locked_world, &l, NULL));
	EXPECT(t, search.complete);
	EXPECT_GT(t, search.schedules, 20);
	ktap_note(t, "%llu schedules with at most 2 preemptions", search.schedules);
}

/* ------------------------------------------------------------------------------------------------------- outcomes */

static void take_twice(void *arg)
{
	static DEFINE_MUTEX(mutex);

	mutex.word = 1;			/* somebody has it, who is gone */
	(void)arg;
	mutex_lock(&mutex);
}

static void spin_for_ever(void *arg)
{
	u32 *never = arg;

	*never = 0;
	while (!__atomic_load_n(never, __ATOMIC_ACQUIRE))
		;
}

static void touch_nothing(void *arg)
{
	*(volatile int *)arg = 1;
}

static void shared_counter(void *arg)
{
	++*(int *)arg;
}

static void clear_page_of(void *arg)
{
	clear_page(arg);
}

static void clearing_world(void *arg)
{
	struct machine *m = machine_boot(&(struct machine_config){ .cmdline = "mem=16M" });

	(void)arg;
	machine_enter(m);
	run_tasks(2, clear_page_of, (void *)get_zeroed_page(GFP_KERNEL));
}

/* Memory of a machine is what is looked at. */
static void race_world(void *arg)
{
	struct machine *m = machine_boot(&(struct machine_config){ .cmdline = "mem=16M" });
	int *shared;

	(void)arg;
	machine_enter(m);
	shared = kzalloc(sizeof(*shared), GFP_KERNEL);
	run_tasks(2, shared_counter, shared);
	kfree(shared);
}

static void handed_over(void *arg)
{
	int **box = arg, *shared;

	do
		shared = __atomic_load_n(box, __ATOMIC_ACQUIRE);
	while (!shared);
	++*shared;
}

static void handed_over_world(void *arg)
{
	struct machine *m = machine_boot(&(struct machine_config){ .cmdline = "mem=16M" });
	int **box, *shared, task;

	(void)arg;
	machine_enter(m);
	box = kzalloc(sizeof(*box), GFP_KERNEL);
	task = sim_spawn("taker", handed_over, box);
	shared = kzalloc(sizeof(*shared), GFP_KERNEL);
	*shared = 7;
	__atomic_store_n(box, shared, __ATOMIC_RELEASE);
	sim_join(task);
	if (*shared != 8)
		sim_fail("the other task did nothing");
	kfree(shared);
	kfree(box);
	machine_shutdown(m);
}

/* Who was joined is ordered with who joined him, and with all that he makes later. */
static void joined_world(void *arg)
{
	struct machine *m = machine_boot(&(struct machine_config){ .cmdline = "mem=16M" });
	int *shared;

	(void)arg;
	machine_enter(m);
	shared = kzalloc(sizeof(*shared), GFP_KERNEL);
	for (int i = 0; i < 3; i++) {
		sim_join(sim_spawn("other", shared_counter, shared));
		++*shared;
	}
	if (*shared != 6)
		sim_fail("%d of 6", *shared);
	kfree(shared);
	machine_shutdown(m);
}

/* Those that come after one that was joined are looked at as those before. */
static void joined_and_race_world(void *arg)
{
	struct machine *m = machine_boot(&(struct machine_config){ .cmdline = "mem=16M" });
	int *shared;

	(void)arg;
	machine_enter(m);
	shared = kzalloc(sizeof(*shared), GFP_KERNEL);
	sim_join(sim_spawn("other", shared_counter, shared));
	run_tasks(2, shared_counter, shared);
}

/* No memory of a machine: nothing that orders. */
static bool has_touched;

static void touch_and_say(void *arg)
{
	++*(int *)arg;
	has_touched = true;
}

/* To have ended is not to have been joined. */
static void ended_world(void *arg)
{
	struct machine *m = machine_boot(&(struct machine_config){ .cmdline = "mem=16M" });
	int *shared;

	(void)arg;
	machine_enter(m);
	shared = kzalloc(sizeof(*shared), GFP_KERNEL);
	has_touched = false;
	sim_spawn("other", touch_and_say, shared);
	while (!has_touched)
		sim_yield();
	for (int i = 0; i < 100; i++)
		sim_yield();
	++*shared;
}

static void after_vfree(void *arg)
{
	struct machine *m = machine_boot(&(struct machine_config){ .cmdline = "mem=16M" });
	char *area;

	(void)arg;
	machine_enter(m);
	area = vmalloc(PAGE_SIZE);
	area[0] = 1;
	vfree(area);
	area[0] = 2;
}

static void outcomes_have_their_names(struct ktap *t)
{
	static u32 never;
	const struct {
		void (*main)(void *arg);
		void *arg;
		enum sim_outcome outcome;
		const char *why;
	} runs[] = {
		{ take_twice, NULL, SIM_DEADLOCK, "every task waits" },
		{ spin_for_ever, &never, SIM_LIVELOCK, "no end after 100000 points" },
		{ touch_nothing, (void *)64, SIM_FAULT, "nothing is at 0x40" },
		{ touch_nothing, (void *)(DIRECT_BASE + 4096), SIM_FAULT, "no frame with a logical address" },
		{ touch_nothing, (void *)VMALLOC_BASE, SIM_FAULT, "no machine's vmalloc window" },
		{ race_world, NULL, SIM_RACE, "data race" },
		{ clearing_world, NULL, SIM_RACE, "data race" },
		{ handed_over_world, NULL, SIM_FINE, "" },
		{ joined_world, NULL, SIM_FINE, "" },
		{ joined_and_race_world, NULL, SIM_RACE, "data race" },
		{ ended_world, NULL, SIM_RACE, "data race" },
		{ after_vfree, NULL, SIM_FAULT, "page not present" },
	};

	for (unsigned int i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		struct sim_options options = quiet(t->seed, SIM_RANDOM);
		struct sim_result result;

		options.max_points = i < 2 ? 100000 : 0;
		sim_run(&options, runs[i].main, runs[i].arg, &result);
		EXPECT_STR(t, sim_outcome_name(result.outcome), sim_outcome_name(runs[i].outcome));
		EXPECT_CONTAINS(t, result.why, runs[i].why);
	}
}

/* ------------------------------------------------------------------------------------------------------------ TLBs */

/* A host that forgets to flush: the page tables change under a CPU that has looked. */
static void stale_world(void *arg)
{
	struct machine *m = machine_boot(&(struct machine_config){ .cmdline = "mem=16M" });
	volatile char *area;

	(void)arg;
	machine_enter(m);
	area = vmalloc(PAGE_SIZE);
	area[0] = 1;
	pgtable_unmap(&m->vmalloc->table, (unsigned long)area, 1);
	area[0] = 2;
}

static void a_stale_entry_is_an_error(struct ktap *t)
{
	struct sim_options options = quiet(t->seed, SIM_RANDOM);
	struct sim_result result;

	EXPECT(t, !sim_run(&options, stale_world, NULL, &result));
	EXPECT_STR(t, sim_outcome_name(result.outcome), "stale");
	EXPECT_CONTAINS(t, result.why, "stale TLB entry used: write at 0x");
}

static void gone_world(void *arg)
{
	struct machine *m = machine_boot(&(struct machine_config){ .cmdline = "mem=16M nr_cpus=1" });

	(void)arg;
	machine_shutdown(m);
	machine_nr_cpus(m);
}

static void a_machine_that_is_gone_is_no_memory(struct ktap *t)
{
	struct sim_options options = quiet(t->seed, SIM_RANDOM);
	struct sim_result result;

	EXPECT(t, !sim_run(&options, gone_world, NULL, &result));
	EXPECT_STR(t, sim_outcome_name(result.outcome), "fault");
	EXPECT_CONTAINS(t, result.why, "no machine: read at 0x");
}

static struct machine *boot_with_page(struct page **page)
{
	struct machine *booted = machine_boot(&(struct machine_config){ .cmdline = "mem=16M nr_cpus=1" });

	if (booted) {
		machine_enter(booted);
		*page = alloc_page(GFP_KERNEL);
	}
	return booted;
}

static void end_with_page(struct machine *booted, struct page *page)
{
	__free_page(page);
	machine_leave();
	machine_shutdown(booted);
}

/* A copy of a fixed size is a few moves to a compiler: they too are writes that the next machine sees nothing of. */
static void what_was_copied_is_gone_with_its_machine(struct ktap *t)
{
	static char pattern[PAGE_SIZE];
	struct page *page, *again;
	struct machine *booted = boot_with_page(&page);

	ASSERT(t, booted && page);
	memset(pattern, 0xa5, sizeof(pattern));
	copy_page(page_address(page), pattern);
	memcpy((char *)page_address(page + 1), pattern, 24);
	end_with_page(booted, page);
	booted = boot_with_page(&again);
	ASSERT(t, booted && again);
	EXPECT_EQ(t, again, page);
	EXPECT_EQ(t, *(char *)page_address(again), 0);
	EXPECT_EQ(t, *(char *)page_address(again + 1), 0);
	end_with_page(booted, again);
}

/* --------------------------------------------------------------------------------------------------------- images */

static struct machine *kept;

static void spoil(void *arg)
{
	u64 *sum = arg;
	char *area, *object;

	machine_enter(kept);
	object = kmalloc(100, GFP_KERNEL);
	area = vmalloc(3 * PAGE_SIZE);
	memset(area, 0x5a, 3 * PAGE_SIZE);
	vm_unmap_aliases();
	memset(page_address(alloc_pages(GFP_KERNEL, 3)), 0xa5, PAGE_SIZE << 3);
	*sum = (unsigned long)object ^ (unsigned long)area;
	machine_leave();
}

static void a_machine_is_restored_as_it_was(struct ktap *t)
{
	struct sim_options options = quiet(t->seed, SIM_RANDOM);
	struct sim_result first, again;
	unsigned long free_pages;
	u64 sum, sum_again;

	kept = machine_boot(&(struct machine_config){ .cmdline = "mem=16M nr_cpus=2" });
	ASSERT_NOT_NULL(t, kept);
	machine_enter(kept);
	free_pages = nr_free_pages();
	machine_leave();
	ASSERT_EQ(t, sim_save(kept), 0);
	EXPECT(t, sim_run(&options, spoil, &sum, &first));
	machine_enter(kept);
	EXPECT_NE(t, nr_free_pages(), free_pages);
	machine_leave();
	sim_restore(kept);
	EXPECT(t, kmem_check(kept, NULL));
	machine_enter(kept);
	EXPECT_EQ(t, nr_free_pages(), free_pages);
	machine_leave();
	sim_restore(kept);
	EXPECT(t, sim_run(&options, spoil, &sum_again, &again));
	EXPECT_EQ(t, again.hash, first.hash);
	EXPECT_EQ(t, sum_again, sum);
	sim_restore(kept);
	EXPECT_EQ(t, machine_shutdown(kept), 0);
}

KTAP_SUITE(world,
	   KTAP_CASE(a_seed_repeats_its_run), KTAP_CASE(seeds_differ), KTAP_CASE(every_strategy_finds_a_lost_update),
	   KTAP_CASE(what_a_search_found_is_repeated),
	   KTAP_CASE(an_exhaustive_search_ends), KTAP_CASE(outcomes_have_their_names),
	   KTAP_CASE(a_stale_entry_is_an_error), KTAP_CASE(a_machine_that_is_gone_is_no_memory),
	   KTAP_CASE(what_was_copied_is_gone_with_its_machine),
	   KTAP_CASE(a_machine_is_restored_as_it_was));
