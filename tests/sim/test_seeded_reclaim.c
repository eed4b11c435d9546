/* SPDX-License-Identifier: MIT */
/* test_seeded_reclaim.c - reclaim and background tasks, each with a bug that schedules find. */
#include <linux/shrinker.h>
#include <linux/slab.h>
#include "mm/idle.h"
#include "mm/vmscan.h"
#include "tests/sim/seeded.h"

/* ------------------------------------------------------------------------------------------------------- shrinkers */

static u32 calls;

static unsigned long count_one(struct shrinker *shrinker, struct shrink_control *control)
{
	(void)shrinker;
	(void)control;
	__atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED);
	sim_yield();
	return 1;
}

static unsigned long scan_nothing(struct shrinker *shrinker, struct shrink_control *control)
{
	(void)shrinker;
	(void)control;
	return SHRINK_STOP;
}

/* In the machine's memory, so that a schedule begins with the list as it was. */
static struct shrinker *shrinker_make(const char *name)
{
	struct shrinker *shrinker = kzalloc(sizeof(*shrinker), GFP_KERNEL | __GFP_NOFAIL);

	shrinker->count_objects = count_one;
	shrinker->scan_objects = scan_nothing;
	shrinker->seeks = DEFAULT_SEEKS;
	register_shrinker(shrinker, "%s", name);
	return shrinker;
}

static void make_shrinker(void)
{
	shrinker_make("lasting");
}

static void walk(void *arg)
{
	(void)arg;
	machine_enter(m);
	for (int i = 0; i < 3; i++)
		drop_slab(m);
	machine_leave();
}

static void come_and_go(void *arg)
{
	(void)arg;
	machine_enter(m);
	for (int i = 0; i < 3; i++) {
		struct shrinker *passing = shrinker_make("passing");

		unregister_shrinker(passing);
		kfree(passing);
	}
	machine_leave();
}

static void shrinker_world(void *arg)
{
	int task = sim_spawn("walk", walk, arg);

	run_two(come_and_go, walk);
	sim_join(task);
}

static void nobody_walks_while_the_list_changes(struct ktap *t)
{
	expect_found_in(t, &(struct seeded_world){
		.bug = SEEDED_SHRINKERS_GET, .run = shrinker_world, .schedules = 400, .prepare = make_shrinker,
	});
}

static void the_last_walker_wakes_who_changes_the_list(struct ktap *t)
{
	expect_found_in(t, &(struct seeded_world){
		.bug = SEEDED_SHRINKERS_PUT, .run = shrinker_world, .schedules = 400, .prepare = make_shrinker,
	});
}

/* ---------------------------------------------------------------------------------------------------------- kswapd */

#define ALL_OF_IT (__GFP_NOWARN | __GFP_MEMALLOC)	/* and nobody is woken */

#define CALLS_A_RUN 12u			/* of one shrinker, when nothing helps */

static struct zone *zone;

/* Every other page is free: enough for single pages, none for blocks. */
static void fragment(void)
{
	struct page *page, *keep = NULL, *give = NULL;

	while ((page = alloc_page(ALL_OF_IT))) {
		struct page **list = page_to_pfn(page) & 1 ? &give : &keep;

		page->index = (unsigned long)*list;
		*list = page;
	}
	while (give) {
		page = give;
		give = (struct page *)page->index;
		page->index = 0;
		__free_page(page);
	}
	drain_all_pages();
	zone = m->zones[0];
	make_shrinker();
}

/* Up to a second of the world's time. */
static bool comes_true(bool (*is_so)(void))
{
	for (int i = 0; i < 100; i++) {
		if (is_so())
			return true;
		nap(10000);
	}
	return is_so();
}

static bool nothing_is_asked(void)
{
	return !__atomic_load_n(&zone->node->kswapd.asked, __ATOMIC_RELAXED);
}

static bool shrinkers_were_asked(void)
{
	return __atomic_load_n(&calls, __ATOMIC_RELAXED);
}

static void wake_for_blocks(void)
{
	wakeup_kswapd(zone, GFP_KERNEL, 3, zone->type);
}

/* Single pages there are, but for a moment more of them are wanted. */
static void wake_for_pages(void)
{
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	__atomic_store_n(&zone->watermark_boost, 1, __ATOMIC_RELAXED);
	spin_unlock_irqrestore(&zone->lock, flags);
	wakeup_kswapd(zone, GFP_KERNEL, 0, zone->type);
}

/* kswapd is asked again when it has done in vain what it can, and is about to sleep. */
static void wake_world(void *arg)
{
	(void)arg;
	machine_enter(m);
	for (int round = 0; round < 4; round++) {
		__atomic_store_n(&calls, 0, __ATOMIC_RELAXED);
		wake_for_blocks();
		while (__atomic_load_n(&calls, __ATOMIC_RELAXED) < CALLS_A_RUN)
			sim_yield();
		wake_for_blocks();
		if (!comes_true(nothing_is_asked))
			sim_fail("kswapd sleeps, although it was asked");
	}
	machine_leave();
}

static void kswapd_hears_every_wake(struct ktap *t)
{
	expect_found_in(t, &(struct seeded_world){
		.bug = SEEDED_KSWAPD_WAKE, .run = wake_world, .schedules = 400, .prepare = fragment,
	});
}

static void ask_world(void *arg)
{
	(void)arg;
	machine_enter(m);
	for (int round = 0; round < 5; round++) {
		__atomic_store_n(&calls, 0, __ATOMIC_RELAXED);
		wake_for_pages();
		sim_yield();
		wake_for_blocks();
		if (!comes_true(shrinkers_were_asked))
			sim_fail("the request for blocks was forgotten");
	}
	machine_leave();
}

static void kswapd_forgets_no_request(struct ktap *t)
{
	expect_found_in(t, &(struct seeded_world){
		.bug = SEEDED_KSWAPD_REQUEST, .run = ask_world, .schedules = 400, .prepare = fragment,
	});
}

/* ------------------------------------------------------------------------------------------- as the machine goes */

/* A callback may wake them, and shutdown waits for callbacks only after it has ended these tasks. */
static bool kswapd_was_there;

static void wake_at_last(void *arg)
{
	(void)arg;
	machine_enter(m);
	zone = m->zones[0];
	wake_for_pages();
	machine_leave();
}

static void end_reclaim(void *arg)
{
	(void)arg;
	reclaim_exit(m);
	kswapd_was_there = __atomic_load_n(&m->nodes[0]->kswapd.started, __ATOMIC_ACQUIRE);
}

static void kswapd_end_world(void *arg)
{
	(void)arg;
	run_two(wake_at_last, end_reclaim);
	if (!kswapd_was_there && __atomic_load_n(&m->nodes[0]->kswapd.started, __ATOMIC_ACQUIRE))
		sim_fail("kswapd was started when nobody waits for it any more");
}

static void kswapd_does_not_outlive_its_machine(struct ktap *t)
{
	expect_found(t, SEEDED_KSWAPD_START, kswapd_end_world, 400);
}

static void free_at_last(void *arg)
{
	(void)arg;
	idle_wake(m);
}

static void end_idle(void *arg)
{
	(void)arg;
	idle_exit(m);
}

static void idle_end_world(void *arg)
{
	(void)arg;
	run_two(free_at_last, end_idle);
	if (__atomic_load_n(&m->idle_running, __ATOMIC_ACQUIRE))
		sim_fail("the task lives, and nobody waits for it");
}

static void the_idle_task_does_not_outlive_its_machine(struct ktap *t)
{
	expect_found(t, SEEDED_IDLE_WAKE, idle_end_world, 500);
}

/* ------------------------------------------------------------------------------------- memory goes back to the host */

#define MOST_BLOCKS 16u

/* Only whole blocks are free, and each has had an owner: what nobody has used is not released. The rest is in use. */
static void leave_blocks(void)
{
	struct page *blocks[MOST_BLOCKS];
	unsigned int nr = 0;

	while (nr < MOST_BLOCKS && (blocks[nr] = alloc_pages(ALL_OF_IT, MAX_ORDER)))
		nr++;
	while (alloc_page(ALL_OF_IT))
		;
	while (nr)
		__free_pages(blocks[--nr], MAX_ORDER);
	drain_all_pages();
}

static void release_often(void *arg)
{
	(void)arg;
	for (int round = 0; round < 3; round++)
		machine_release_memory(m);
}

/* One that may not wait, and another as soon as the first is back in the zone. */
static void ask_for_little(void *arg)
{
	(void)arg;
	machine_enter(m);
	for (unsigned int i = 0; i < 40; i++) {
		struct page *page = alloc_pages(GFP_NOWAIT | __GFP_NOWARN, i % 5);

		if (!page)
			sim_fail("of order %u there is nothing, in 12 MiB", i % 5);
		__free_pages(page, i % 5);
		drain_local_pages();
	}
	machine_leave();
}

static void release_world(void *arg)
{
	(void)arg;
	run_two(ask_for_little, release_often);
	machine_enter(m);
	machine_holds();
	machine_leave();
}

static void memory_is_to_be_had_while_it_is_released(struct ktap *t)
{
	expect_found_in(t, &(struct seeded_world){
		.bug = SEEDED_RELEASE_ALL, .run = release_world, .schedules = 400, .prepare = leave_blocks,
		.cmdline = "mem=16M nr_cpus=2 kmem.idle_release=0",
	});
}

KTAP_SUITE(seeded_reclaim, KTAP_CASE(nobody_walks_while_the_list_changes),
	   KTAP_CASE(the_last_walker_wakes_who_changes_the_list), KTAP_CASE(kswapd_hears_every_wake),
	   KTAP_CASE(kswapd_forgets_no_request), KTAP_CASE(kswapd_does_not_outlive_its_machine),
	   KTAP_CASE(the_idle_task_does_not_outlive_its_machine),
	   KTAP_CASE(memory_is_to_be_had_while_it_is_released));
