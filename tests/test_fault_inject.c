/* SPDX-License-Identifier: MIT */
/* test_fault_inject.c - every point can fail, the nth time, once or from then on; and the kernel's parameters. */
#include <linux/mm.h>
#include "mm/pcp.h"
#include "mm/vmalloc.h"
#include "mm/idle.h"
#include "tests/slab_machine.h"

/* ------------------------------------------------------------------------------------------------- numbered points */

/* Which of ten page allocations fail. */
static unsigned int failures_of_ten(void)
{
	unsigned int failed = 0;

	for (unsigned int i = 0; i < 10; i++) {
		struct page *page = alloc_page(GFP_KERNEL);

		failed |= !page << i;
		if (page)
			__free_page(page);
	}
	return failed;
}

static void the_nth_passage_fails_once_or_from_then_on(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M loglevel=1");
	struct fault_report report;

	ASSERT_NOT_NULL(t, m);
	for (unsigned int nth = 1; nth <= 11; nth++) {
		fault_arm(m, FAULT_BIT(FAULT_PAGE), nth, false);
		EXPECT_EQ(t, failures_of_ten(), nth <= 10 ? 1u << (nth - 1) : 0);
		report = fault_disarm(m);
		EXPECT_EQ(t, report.passages, 10);
		EXPECT_EQ(t, report.failed, nth <= 10);

		fault_arm(m, FAULT_BIT(FAULT_PAGE), nth, true);
		EXPECT_EQ(t, failures_of_ten(), (0x3ffu << (nth - 1)) & 0x3ff);
		report = fault_disarm(m);
		EXPECT_EQ(t, report.failed, 11 - nth);
	}
	EXPECT_EQ(t, failures_of_ten(), 0);
}

/* Passages through several points are numbered together. */
static void points_are_chosen_by_a_mask(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M loglevel=1");
	struct kmem_cache *cache;
	void *object;

	ASSERT_NOT_NULL(t, m);
	cache = kmem_cache_create("masked", 64, 0, SLAB_NO_MERGE, NULL);
	ASSERT_NOT_NULL(t, cache);
	fault_arm(m, FAULT_BIT(FAULT_SLAB) | FAULT_BIT(FAULT_PAGE), 2, false);	/* the object, then its slab's page */
	EXPECT_NULL(t, kmem_cache_alloc(cache, GFP_KERNEL));
	EXPECT_EQ(t, fault_disarm(m).failed, 1);
	fault_arm(m, FAULT_BIT(FAULT_SLAB), 2, false);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	EXPECT_NOT_NULL(t, object);
	EXPECT_NULL(t, kmem_cache_alloc(cache, GFP_KERNEL));
	kmem_cache_free(cache, object);
	EXPECT_EQ(t, fault_disarm(m).passages, 2);
	kmem_cache_destroy(cache);
}

static void fast_paths_come_back(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	void *object;

	ASSERT_NOT_NULL(t, m);
	fault_arm(m, FAULTS_ALL & ~FAULT_BIT(FAULT_SHEAF), 1000, false);
	EXPECT_EQ(t, this_cpu()->pcp_by_gfp[0], &pcp_none);
	object = kmalloc(64, GFP_KERNEL);
	kfree(object);
	EXPECT_EQ(t, sheaf_objects(kmalloc_cache(m, 64, GFP_KERNEL)), 0);
	fault_disarm(m);
	EXPECT_NE(t, this_cpu()->pcp_by_gfp[0], &pcp_none);
	kfree(kmalloc(64, GFP_KERNEL));
	EXPECT_GT(t, sheaf_objects(kmalloc_cache(m, 64, GFP_KERNEL)), 0);
	EXPECT_EQ(t, m->fault_points, 0);
}

static void do_page(void)
{
	__free_pages(alloc_pages(GFP_KERNEL | __GFP_NOFAIL, 0), 0);
	EXPECT_NULL(slab_case, alloc_pages(GFP_KERNEL | __GFP_NOWARN, 0));
}

static void do_object(void)
{
	kfree(kmalloc(8, GFP_KERNEL | __GFP_NOFAIL));
	EXPECT_NULL(slab_case, kmalloc(8, GFP_KERNEL | __GFP_NOWARN));
}

static void do_vmalloc(void)
{
	vfree(__vmalloc(PAGE_SIZE, GFP_KERNEL | __GFP_NOFAIL));
	EXPECT_NULL(slab_case, vmalloc(PAGE_SIZE));
}

/* More than the table that other areas may have left. */
static void do_tables(void)
{
	EXPECT_NULL(slab_case, __vmalloc(4ul << 20, GFP_KERNEL | __GFP_NOWARN));
}

static void do_survive(void)
{
	struct page *page = alloc_pages(GFP_KERNEL, 0);
	void *object = kmalloc(64, GFP_KERNEL);

	EXPECT(slab_case, page && object);
	__free_pages(page, 0);
	kfree(object);
}

static void do_grow(void)
{
	EXPECT_NULL(slab_case, alloc_pages_node(1, GFP_KERNEL | __GFP_NOWARN | __GFP_THISNODE, MAX_ORDER));
}

static void nothing(struct rcu_head *head)
{
	(void)head;
}

/* The task does not start; the callback is run all the same, at the latest at shutdown. */
static void do_rcu(void)
{
	static struct rcu_head head;

	call_rcu(&head, nothing);
}

static void every_point_is_passed(struct ktap *t)
{
	static const struct {
		enum fault_point point;
		void (*pass)(void);
	} passes[] = {
		{ FAULT_PAGE, do_page }, { FAULT_SLAB, do_object }, { FAULT_AREA, do_vmalloc },
		{ FAULT_TABLE, do_tables }, { FAULT_MAP, do_vmalloc }, { FAULT_PCP, do_survive },
		{ FAULT_SHEAF, do_survive }, { FAULT_DESCRIBE, do_grow }, { FAULT_TASK, do_rcu },
	};

	struct machine *m = slab_machine(t, "mem=64M numa=fake=2 loglevel=1");
	struct page *block;

	ASSERT_NOT_NULL(t, m);
	block = alloc_pages_node(1, GFP_KERNEL | __GFP_THISNODE, MAX_ORDER);	/* what is described already */
	ASSERT_NOT_NULL(t, block);
	for (unsigned int i = 0; i < ARRAY_SIZE(passes); i++) {
		struct fault_report report;

		fault_arm(m, FAULT_BIT(passes[i].point), 1, true);
		passes[i].pass();
		report = fault_disarm(m);
		if (!EXPECT_GT(t, report.failed, 0))
			ktap_note(t, "point %d", passes[i].point);
		EXPECT_EQ(t, report.failed, report.passages);
	}
	__free_pages(block, MAX_ORDER);
	EXPECT_EQ(t, ARRAY_SIZE(passes), FAULT_EARLY);	/* later ones are boot's: test_sweep_boot.c */
}

/* Not at each page that is freed, but after as many as before. */
static void an_idle_task_that_cannot_start_is_tried_again_later(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=1");
	struct zone *zone;

	ASSERT_NOT_NULL(t, m);
	m->params.idle_release = true;
	zone = zone_named(m, 0, ZONE_BULK);
	fault_arm(m, FAULT_BIT(FAULT_TASK), 1, true);
	zone->freed = IDLE_FREED_PAGES;
	idle_wake(m);
	EXPECT_EQ(t, fault_disarm(m).failed, 1);
	EXPECT_EQ(t, m->idle_running, 0);
	EXPECT_EQ(t, zone->freed, 0);
	idle_wake(m);
	EXPECT_EQ(t, m->idle_running, 1);
}

/* --------------------------------------------------------------------------------------------- kernel's parameters */

/* Which of the first 32 calls fail. */
static u32 objects_failing(struct ktap *t, const char *cmdline, size_t size)
{
	u32 failed = 0;

	if (!slab_machine(t, cmdline))
		return 0;
	for (unsigned int i = 0; i < 32; i++) {
		void *object = kmalloc(size, GFP_KERNEL | __GFP_NOWARN);

		failed |= (u32)!object << i;
		kfree(object);
	}
	return failed;
}

static u32 pages_failing(struct ktap *t, const char *cmdline, unsigned int order)
{
	u32 failed = 0;

	if (!slab_machine(t, cmdline))
		return 0;
	for (unsigned int i = 0; i < 32; i++) {
		struct page *page = alloc_pages(GFP_KERNEL | __GFP_NOWARN, order);

		failed |= (u32)!page << i;
		if (page)
			__free_pages(page, order);
	}
	return failed;
}

static void failslab_heeds_interval_space_and_times(struct ktap *t)
{
	EXPECT_EQ(t, objects_failing(t, "mem=64M", 64), 0);
	EXPECT_EQ(t, objects_failing(t, "mem=64M failslab=1,100,0,-1", 64), 0xffffffff);
	EXPECT_EQ(t, objects_failing(t, "mem=64M failslab=4,100,0,-1", 64), 0x88888888);
	EXPECT_EQ(t, objects_failing(t, "mem=64M failslab=4,100,0,3", 64), 0x888);
	/* 1000 bytes of 64: the seventeenth finds none left; of 512: the third. */
	EXPECT_EQ(t, objects_failing(t, "mem=64M failslab=1,100,1000,2", 64), 0x30000);
	EXPECT_EQ(t, objects_failing(t, "mem=64M failslab=1,100,1000,2", 512), 0xc);
}

static void fail_page_alloc_heeds_interval_space_and_times(struct ktap *t)
{
	EXPECT_EQ(t, pages_failing(t, "mem=64M", 1), 0);
	EXPECT_EQ(t, pages_failing(t, "mem=64M fail_page_alloc=1,100,0,-1", 1), 0xffffffff);
	EXPECT_EQ(t, pages_failing(t, "mem=64M fail_page_alloc=1,100,0,-1", 0), 0);	/* min-order is 1 */
	EXPECT_EQ(t, pages_failing(t, "mem=64M fail_page_alloc=8,100,0,2", 1), 0x8080);
	EXPECT_EQ(t, pages_failing(t, "mem=64M fail_page_alloc=1,100,20,1", 3), 0x8);	/* 20 pages by 8 */
}

static void a_seed_repeats_what_chance_did(struct ktap *t)
{
	u32 seven = objects_failing(t, "mem=64M failslab=1,50,0,-1 kmem.seed=7", 64);

	EXPECT(t, seven && ~seven);
	EXPECT_EQ(t, objects_failing(t, "mem=64M failslab=1,50,0,-1 kmem.seed=7", 64), seven);
	EXPECT_NE(t, objects_failing(t, "mem=64M failslab=1,50,0,-1 kmem.seed=8", 64), seven);
}

static void probability_is_a_percentage(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M kmem.seed=7");
	unsigned int failed[3] = { 0 };

	ASSERT_NOT_NULL(t, m);
	for (unsigned int p = 0; p < 3; p++) {
		struct fault_attr attr = { .interval = 1, .probability = 25 + 25 * p, .times = -1, .on = true };

		for (int i = 0; i < 4000; i++)
			failed[p] += should_fail(m, &attr, 1);
		EXPECT_GT(t, failed[p], 1000 * (p + 1) - 300);
		EXPECT_LT(t, failed[p], 1000 * (p + 1) + 300);
	}
	EXPECT_EQ(t, objects_failing(t, "mem=64M failslab=1,0,0,-1", 64), 0);
}

/* A sweep and the parameters: either makes a call fail. */
static void both_ways_at_once(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M failslab=4,100,0,-1 loglevel=1");
	u32 failed = 0;

	ASSERT_NOT_NULL(t, m);
	fault_arm(m, FAULT_BIT(FAULT_SLAB), 3, false);
	for (unsigned int i = 0; i < 8; i++) {
		void *object = kmalloc(64, GFP_KERNEL);

		failed |= (u32)!object << i;
		kfree(object);
	}
	/* What the sweep fails the parameter has not counted. */
	EXPECT_EQ(t, failed, 0x14);
	EXPECT_EQ(t, fault_disarm(m).passages, 8);
	EXPECT_NE(t, m->fault_points & FAULT_BIT(FAULT_SLAB), 0);
}

KTAP_SUITE(fault_inject, KTAP_CASE(the_nth_passage_fails_once_or_from_then_on), KTAP_CASE(points_are_chosen_by_a_mask),
	KTAP_CASE(fast_paths_come_back), KTAP_CASE(every_point_is_passed),
	KTAP_CASE(an_idle_task_that_cannot_start_is_tried_again_later),
	KTAP_CASE(failslab_heeds_interval_space_and_times),
	KTAP_CASE(fail_page_alloc_heeds_interval_space_and_times), KTAP_CASE(probability_is_a_percentage),
	KTAP_CASE(a_seed_repeats_what_chance_did), KTAP_CASE(both_ways_at_once));
