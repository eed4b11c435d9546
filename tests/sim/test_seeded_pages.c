/* SPDX-License-Identifier: MIT */
/* test_seeded_pages.c - descriptors, references, zeroing, failures: protocols, each with a bug that schedules find. */
#include <linux/gfp.h>
#include <linux/migrate.h>
#include "mm/compaction.h"
#include "mm/fault_inject.h"
#include "tests/sim/seeded.h"

/* ----------------------------------------------------------------------------------------------------- descriptors */

#define LATE_PFN (6144ul + 512)		/* boot leaves its block for later */

static void describe(void *arg)
{
	(void)arg;
	machine_enter(m);
	if (!pfn_valid(LATE_PFN))
		sim_fail("no such frame");
	machine_leave();
}

static void look_at_descriptor(void *arg)
{
	(void)arg;
	machine_enter(m);
	while (!pfn_described(m, LATE_PFN))
		sim_yield();
	if (machine_page_zone(m, machine_page(m, LATE_PFN))->type != ZONE_DMA32)
		sim_fail("what is called described is not");
	machine_leave();
}

static void describe_world(void *arg)
{
	(void)arg;
	if (pfn_described(m, LATE_PFN))
		sim_fail("there is nothing to describe");
	run_two(look_at_descriptor, describe);
}

static void what_is_called_described_is_whole(struct ktap *t)
{
	expect_found_in(t, &(struct seeded_world){
		.bug = SEEDED_DESCRIBE, .run = describe_world, .schedules = 100, .cmdline = "mem=32M nr_cpus=2",
	});
}

/* ------------------------------------------------------------------------------------------------------ references */

#define BLOCKS 4

static struct page *blocks[BLOCKS];

static void free_blocks_of_two(void *arg)
{
	(void)arg;
	machine_enter(m);
	for (int i = 0; i < BLOCKS; i++)
		__free_pages(blocks[i], 1);
	machine_leave();
}

static void put_first_pages(void *arg)
{
	(void)arg;
	machine_enter(m);
	for (int i = 0; i < BLOCKS; i++)
		put_page(blocks[i]);
	machine_leave();
}

static void come_and_go(void *arg)
{
	(void)arg;
	machine_enter(m);
	machine_leave();
}

static void reference_world(void *arg)
{
	unsigned long before;

	machine_enter(m);
	run_tasks(1, come_and_go, arg);		/* the other CPU comes up, which takes long */
	drain_all_pages();
	before = nr_free_pages();
	for (int i = 0; i < BLOCKS; i++) {
		blocks[i] = alloc_pages(GFP_KERNEL, 1);
		get_page(blocks[i]);
	}
	run_two(free_blocks_of_two, put_first_pages);
	drain_all_pages();
	if (nr_free_pages() != before)
		sim_fail("%lu pages of %lu are free", nr_free_pages(), before);
	machine_holds();
	machine_leave();
}

static void each_page_of_a_block_is_freed_once(struct ktap *t)
{
	expect_found(t, SEEDED_PAGE_REF, reference_world, 1000);
}

/* --------------------------------------------------------------------------------------------------- movable pages */

#define MOVABLE_ORDER 3u
#define MOVABLE_PAGES (1 << MOVABLE_ORDER)

static spinlock_t movable_owner_lock;
static struct page *movable[MOVABLE_PAGES];	/* under it */

static bool movable_isolate(struct page *page, isolate_mode_t mode)
{
	(void)page;
	(void)mode;
	return true;
}

static const struct movable_operations movable_operations;

static int movable_migrate(struct page *dst, struct page *src, enum migrate_mode mode)
{
	(void)mode;
	dst->private = src->private;
	__SetPageMovable(dst, &movable_operations);
	get_page(dst);
	__ClearPageMovable(src);
	spin_lock(&movable_owner_lock);
	movable[dst->private] = dst;
	spin_unlock(&movable_owner_lock);
	put_page(src);
	return 0;
}

static void movable_putback(struct page *page)
{
	(void)page;
}

static const struct movable_operations movable_operations = { movable_isolate, movable_migrate, movable_putback };

/* A block of that size: there is no pageblock here that could be emptied. */
static void compact(void *arg)
{
	struct alloc_context ac = { .zonelist = m->nodes[0]->fallback, .highest = ZONE_MOVABLE };

	(void)arg;
	ac.order = MOVABLE_ORDER;
	machine_enter(m);
	for (int i = 0; i < 3; i++)
		try_to_compact_pages(&ac, 0, MIGRATE_SYNC_LIGHT);
	machine_leave();
}

/* The owner looks where its page is by now, and frees it. */
static void free_movable(void *arg)
{
	(void)arg;
	machine_enter(m);
	for (int i = 0; i < MOVABLE_PAGES; i++) {
		struct page *page;
		bool locked;

		do {
			spin_lock(&movable_owner_lock);
			page = movable[i];
			locked = trylock_page(page);
			spin_unlock(&movable_owner_lock);
			if (!locked)
				nap(1);
		} while (!locked);
		__ClearPageMovable(page);
		unlock_page(page);
		__free_page(page);
	}
	machine_leave();
}

static void movable_world(void *arg)
{
	struct page *block;
	unsigned long before;

	(void)arg;
	machine_enter(m);
	spin_lock_init(&movable_owner_lock);
	drain_all_pages();
	before = nr_free_pages();
	block = alloc_pages(GFP_KERNEL | __GFP_MOVABLE, MOVABLE_ORDER);
	split_page(block, MOVABLE_ORDER);
	for (unsigned long i = 0; i < MOVABLE_PAGES; i++) {
		movable[i] = block + i;
		movable[i]->private = i;
		lock_page(movable[i]);
		__SetPageMovable(movable[i], &movable_operations);
		unlock_page(movable[i]);
	}
	run_two(compact, free_movable);
	drain_all_pages();
	if (nr_free_pages() != before)
		sim_fail("%lu pages of %lu are free", nr_free_pages(), before);
	machine_holds();
	machine_leave();
}

static void a_page_is_not_moved_while_it_is_freed(struct ktap *t)
{
	expect_found_in(t, &(struct seeded_world){
		.bug = SEEDED_MOVABLE_GET, .run = movable_world, .schedules = 12000, .first = SIM_FEW,
		.cmdline = "mem=16M nr_cpus=2",
	});
}

/* ---------------------------------------------------------------------------------------------- failures on purpose */

static struct fault_attr attr;
static u32 failures;

static void pass_by(void *arg)
{
	(void)arg;
	for (int i = 0; i < 2; i++)
		if (should_fail(m, &attr, 1))
			__atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED);
}

static void failure_world(void *arg)
{
	attr = (struct fault_attr){ .interval = 1, .probability = 100, .times = 2, .on = true };
	failures = 0;
	run_tasks(2, pass_by, arg);
	if (failures != 2)
		sim_fail("%u failures of 2", failures);
}

static void as_many_fail_as_were_asked_for(struct ktap *t)
{
	expect_found(t, SEEDED_USE_UP, failure_world, 100);
}

KTAP_SUITE(seeded_pages, KTAP_CASE(what_is_called_described_is_whole), KTAP_CASE(each_page_of_a_block_is_freed_once),
	   KTAP_CASE(a_page_is_not_moved_while_it_is_freed),
	   KTAP_CASE(as_many_fail_as_were_asked_for));
