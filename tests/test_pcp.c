/* SPDX-License-Identifier: MIT */
/* test_pcp.c - a CPU's own pages: batches, limits, draining, and what the fast path must not let through. */
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include "mm/fault_inject.h"
#include "mm/pcp.h"
#include "mm/stats.h"
#include "tests/page_machine.h"

static struct per_cpu_pages *pcp_of(struct zone *zone)
{
	return &this_cpu()->pcp[zone->index];
}

static void a_refill_takes_one_batch(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=1G");
	struct zone *zone;
	struct page *page;
	long before;

	ASSERT(t, m);
	zone = zone_named(m, 0, ZONE_BULK);
	drain_all_pages();
	before = zone_page_state(zone, NR_FREE_PAGES);
	page = alloc_page(GFP_KERNEL);
	ASSERT(t, page);
	EXPECT_EQ(t, zone->pcp_batch, 63);
	EXPECT_EQ(t, zone_page_state(zone, NR_FREE_PAGES), before - 63);
	EXPECT_EQ(t, pcp_of(zone)->count, 62);
	EXPECT_EQ(t, pcp_pages(pcp_of(zone)), 62);
	__free_page(page);
	EXPECT_EQ(t, pcp_of(zone)->count, 63);
	EXPECT_EQ(t, pcp_of(zone)->lists[MIGRATE_UNMOVABLE], page);
	EXPECT_EQ(t, pcp_pages(pcp_of(zone)), 63);
	EXPECT_EQ(t, zone_page_state(zone, NR_FREE_PAGES), before - 63);
	zones_hold(t, m);
}

static void pages_of_a_batch_come_in_ascending_order(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=1G");
	struct page *pages[256];
	unsigned int ascending = 0;

	ASSERT(t, m);
	drain_all_pages();
	for (int i = 0; i < 256; i++)
		ASSERT(t, (pages[i] = alloc_page(GFP_KERNEL)));
	for (int i = 1; i < 256; i++)
		ascending += pages[i] == pages[i - 1] + 1;
	EXPECT_GE(t, ascending, 220u);
	for (int i = 0; i < 256; i++)
		__free_page(pages[i]);
}

static void the_last_page_freed_is_the_first_given(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *page;

	ASSERT(t, m);
	for (unsigned int order = 0; order <= PAGE_ALLOC_COSTLY_ORDER; order++) {
		page = alloc_pages(GFP_KERNEL, order);
		ASSERT(t, page);
		__free_pages(page, order);
		EXPECT_EQ(t, alloc_pages(GFP_KERNEL, order), page);
		__free_pages(page, order);
	}
}

/* The fast path's look at a page goes as far as the node, not as far as addresses. */
static void high_pages_are_freed_as_fast(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=128M highmem=96M nr_cpus=1");
	struct page *page, *wild;

	ASSERT(t, m);
	page = alloc_page(GFP_HIGHUSER);
	ASSERT(t, page);
	ASSERT_GE(t, page_to_pfn(page), m->max_low_pfn);
	EXPECT_LT(t, (unsigned long)page - this_cpu()->first_page, this_cpu()->page_bytes);
	EXPECT_EQ(t, this_cpu()->page_bytes, m->max_pfn * sizeof(struct page));
	__free_page(page);
	EXPECT_EQ(t, alloc_page(GFP_HIGHUSER), page);
	__free_page(page);
	ASSERT_GT(t, page_zone(page)->nr_deferred, 0);
	wild = machine_page(m, page_zone(page)->deferred[0].start);
	EXPECT_STR(t, console_text(), "");
	__free_page(wild);
	EXPECT_CONTAINS(t, console_text(), "is not of this machine");
	zones_hold(t, m);
}

static void more_than_high_goes_back_in_batches(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=1G");
	struct taken taken = { 0 };
	struct per_cpu_pages *pcp;
	int most = 0, high;

	ASSERT(t, m);
	pcp = pcp_of(zone_named(m, 0, ZONE_BULK));
	high = __atomic_load_n(&pcp->high, __ATOMIC_RELAXED);
	for (int i = 0; i < high + 500; i++)
		ASSERT(t, page_take(&taken, GFP_KERNEL, 0));
	while (taken.last) {
		struct page *page = taken.last;

		taken.last = (struct page *)page->index;
		__free_page(page);
		most = max(most, pcp->count);
	}
	/* Less, if another CPU came online meanwhile. */
	EXPECT_LE(t, most, high);
	high = __atomic_load_n(&pcp->high, __ATOMIC_RELAXED);
	EXPECT_GE(t, most, high);
	EXPECT_GE(t, pcp->count, high - __atomic_load_n(&pcp->batch, __ATOMIC_RELAXED));
	zones_hold(t, m);
}

static void high_is_shared_by_the_cpus_that_are_online(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=1G nr_cpus=4");
	struct zone *zone;

	ASSERT(t, m);
	zone = zone_named(m, 0, ZONE_BULK);
	EXPECT_EQ(t, zone->pcp_high, (int)(zone->watermark[WMARK_LOW] / m->nr_online));
	m->nr_online = 4;
	pcp_update_limits(m);
	EXPECT_EQ(t, pcp_of(zone)->high, max((int)zone->watermark[WMARK_LOW] / 4, 4 * zone->pcp_batch));
	m->nr_online = 1;
	pcp_update_limits(m);
}

static void a_fraction_sets_high(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=1G sysctl.vm.percpu_pagelist_high_fraction=8");
	struct zone *zone;

	ASSERT(t, m);
	zone = zone_named(m, 0, ZONE_BULK);
	EXPECT_EQ(t, zone->pcp_high, (int)(zone->managed_pages / 8 / m->nr_online));
}

/* Pages until the CPU keeps as many as it may, and then as many more; all are in @taken. False: no memory. */
static bool pages_to_give(struct taken *taken, const struct per_cpu_pages *pcp, int more)
{
	while (taken->nr < (unsigned int)(pcp->high + more))
		if (!page_take(taken, GFP_KERNEL, 0))
			return false;
	return true;
}

static void give_one(struct taken *taken)
{
	struct page *page = taken->last;

	taken->last = (struct page *)page->index;
	taken->nr--;
	__free_page(page);
}

/* As if another CPU were at the zone: whoever waited for the lock here would wait for ever. */
static void a_cpu_keeps_more_rather_than_wait(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=1G nr_cpus=4");
	struct taken taken = { 0 };
	struct per_cpu_pages *pcp;
	struct zone *zone;
	int high;

	ASSERT(t, m);
	zone = zone_named(m, 0, ZONE_BULK);
	m->nr_online = 4;
	pcp_update_limits(m);
	drain_all_pages();
	pcp = pcp_of(zone);
	high = pcp->high;
	ASSERT(t, pages_to_give(&taken, pcp, 3 * pcp->batch));
	while (pcp->count < high)
		give_one(&taken);
	spin_lock(&zone->lock);
	for (int i = 0; i < 2 * pcp->batch; i++)
		give_one(&taken);
	spin_unlock(&zone->lock);
	EXPECT_EQ(t, pcp->high, high + 2 * pcp->batch);
	EXPECT_EQ(t, pcp->count, pcp->high);
	/* Without need it keeps no more. */
	give_one(&taken);
	EXPECT_EQ(t, pcp->high, high + 2 * pcp->batch);
	EXPECT_LE(t, pcp->count, pcp->high);
	put_all(&taken);
	drain_all_pages();
	EXPECT_EQ(t, pcp->high, high);
	m->nr_online = 1;
	pcp_update_limits(m);
	zones_hold(t, m);
}

/* A few more pages than the CPU may keep come and go together. Returns how many it may keep then. */
static int high_after_turns(struct ktap *t, struct per_cpu_pages *pcp, unsigned int turns)
{
	struct taken taken = { 0 };

	while (turns--) {
		while (taken.nr < 12u * (unsigned int)pcp->batch && EXPECT(t, page_take(&taken, GFP_KERNEL, 0)))
			;
		put_all(&taken);
	}
	return pcp->high;
}

/* A batch more each time that some are wanted for which there was no room, up to ten; unless the user said how many. */
static void pages_that_come_and_go_are_kept(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=1G nr_cpus=1");
	struct per_cpu_pages *pcp;
	struct zone *zone;
	int high;

	ASSERT(t, m);
	zone = zone_named(m, 0, ZONE_BULK);
	pcp = pcp_of(zone);
	high = zone->pcp_high = 4 * zone->pcp_batch;	/* as with many CPUs */
	drain_all_pages();
	EXPECT_EQ(t, pcp->high, high);
	EXPECT_EQ(t, high_after_turns(t, pcp, 1), high);
	EXPECT_EQ(t, high_after_turns(t, pcp, 1), high + pcp->batch);
	EXPECT_EQ(t, high_after_turns(t, pcp, 1), high + 2 * pcp->batch);
	EXPECT_GE(t, high_after_turns(t, pcp, 12), 10 * pcp->batch);
	EXPECT_LT(t, pcp->high, 11 * pcp->batch);
	EXPECT(t, !pcp->wanted);
	zones_hold(t, m);
	drain_all_pages();
	EXPECT_EQ(t, pcp->high, high);
	EXPECT_EQ(t, high_after_turns(t, pcp, 1), high);	/* nothing that went because all had to comes back */
	m->params.percpu_pagelist_high_fraction = 1000;
	EXPECT_EQ(t, high_after_turns(t, pcp, 3), high);
	m->params.percpu_pagelist_high_fraction = 0;
	zones_hold(t, m);
}

static void a_zone_with_little_left_is_not_kept_from(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	struct taken taken = { 0 };
	struct per_cpu_pages *pcp;
	struct zone *zone;
	unsigned long mark;

	ASSERT(t, m);
	zone = zone_named(m, 0, ZONE_BULK);
	drain_all_pages();
	pcp = pcp_of(zone);
	mark = zone->watermark[WMARK_HIGH];
	pcp->high += 5 * pcp->batch;
	ASSERT(t, page_take(&taken, GFP_KERNEL, 0));
	EXPECT_EQ(t, pcp->high, zone->pcp_high + 5 * pcp->batch);
	zone->watermark[WMARK_HIGH] = zone->managed_pages;
	while (pcp->lists[MIGRATE_UNMOVABLE])
		ASSERT(t, page_take(&taken, GFP_KERNEL, 0));
	ASSERT(t, page_take(&taken, GFP_KERNEL, 0));
	zone->watermark[WMARK_HIGH] = mark;
	EXPECT_EQ(t, pcp->high, zone->pcp_high);
	put_all(&taken);
	zones_hold(t, m);
}

static void a_request_that_fails_leaves_no_cpu_more_than_its_share(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	struct taken taken = { 0 };
	struct per_cpu_pages *pcp;
	struct zone *zone;

	ASSERT(t, m);
	zone = zone_named(m, 0, ZONE_DMA);	/* its pages are kept from these requests */
	pcp = pcp_of(zone);
	pcp->high += 100;
	take_all(&taken, GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN, 0);
	EXPECT_EQ(t, pcp->high, zone->pcp_high);
	put_all(&taken);
	zones_hold(t, m);
}

static struct {
	struct machine *m;
	struct zone *zone;
	u32 step;	/* atomic: 1 both CPUs are online, 2 one is about to give a page back, 3 the lock is held */
	u32 never;
} meeting;

static void until(const u32 *word, u32 value)
{
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != value)
		host_wait(&meeting.never, 0, 100000);
}

static void hold_until_met(void)
{
	__atomic_store_n(&meeting.step, 1, __ATOMIC_RELEASE);
	until(&meeting.step, 2);
	spin_lock(&meeting.zone->lock);
	__atomic_store_n(&meeting.step, 3, __ATOMIC_RELEASE);
	until(&meeting.zone->lock.word, 2);		/* someone sleeps there */
	spin_unlock(&meeting.zone->lock);
}

static void give_as_the_lock_is_held(struct ktap *t)
{
	struct per_cpu_pages *pcp = pcp_of(meeting.zone);
	struct taken taken = { 0 };
	int high;

	until(&meeting.step, 1);
	high = pcp->high;
	ASSERT(t, pages_to_give(&taken, pcp, 3 * pcp->batch));
	while (pcp->count < high)
		give_one(&taken);
	__atomic_store_n(&meeting.step, 2, __ATOMIC_RELEASE);
	until(&meeting.step, 3);
	give_one(&taken);
	EXPECT_EQ(t, pcp->high, high);
	EXPECT_LE(t, pcp->count, high);
	put_all(&taken);
}

static void hold_or_give(struct ktap *t, unsigned int i, void *arg)
{
	(void)arg;
	machine_enter(meeting.m);
	if (i)
		give_as_the_lock_is_held(t);
	else
		hold_until_met();
	machine_leave();
}

static void who_said_how_much_is_not_overruled(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2 sysctl.vm.percpu_pagelist_high_fraction=100");

	ASSERT(t, m);
	meeting.m = m;
	meeting.zone = zone_named(m, 0, ZONE_BULK);
	meeting.step = 0;
	cpu_release();
	ktap_threads(t, 2, hold_or_give, NULL);
	zones_hold(t, m);
}

static void cold_pages_are_better_than_waiting(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=1G nr_cpus=1");
	struct taken taken = { 0 };
	struct page *cold, *page;
	struct per_cpu_pages *pcp;
	struct zone *zone;

	ASSERT(t, m);
	zone = zone_named(m, 0, ZONE_BULK);
	pcp = pcp_of(zone);
	/* The first pageblocks of six are no longer the ones that are filled. */
	for (unsigned long i = 0; i < 6 * PAGEBLOCK_PAGES; i++)
		ASSERT(t, page_take(&taken, GFP_KERNEL, 0));
	while (pcp->lists[MIGRATE_UNMOVABLE])
		ASSERT(t, page_take(&taken, GFP_KERNEL, 0));
	while (!pcp->lists[PCP_COLD_LISTS + MIGRATE_UNMOVABLE] && taken.last)
		give_one(&taken);
	cold = pcp->lists[PCP_COLD_LISTS + MIGRATE_UNMOVABLE];
	ASSERT_NOT_NULL(t, cold);
	while (pcp->lists[MIGRATE_UNMOVABLE])
		ASSERT(t, page_take(&taken, GFP_KERNEL, 0));
	spin_lock(&zone->lock);
	page = alloc_page(GFP_ATOMIC);
	spin_unlock(&zone->lock);
	EXPECT_EQ(t, page, cold);
	if (page)
		__free_page(page);
	put_all(&taken);
	zones_hold(t, m);
}

static void c22_draining_empties_every_list(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=256M");
	static const gfp_t mobilities[] = { GFP_KERNEL, GFP_USER | __GFP_MOVABLE, GFP_KERNEL | __GFP_RECLAIMABLE,
					    GFP_KERNEL | GFP_DMA };
	struct taken taken = { 0 };

	ASSERT(t, m);
	for (unsigned int i = 0; i < 400; i++)
		ASSERT(t, page_take(&taken, mobilities[i % 4], i / 4 % 4));
	put_all(&taken);
	zones_hold(t, m);
	drain_all_pages();
	for (unsigned int z = 0; z < m->nr_zones; z++) {
		EXPECT_EQ(t, pcp_of(m->zones[z])->count, 0);
		for (unsigned int i = 0; i < NR_PCP_LISTS; i++)
			EXPECT_NULL(t, pcp_of(m->zones[z])->lists[i]);
	}
	zones_hold(t, m);
}

/* Threads come and go with pages in their CPUs' lists; draining afterwards finds every page. */
static void come_and_go(struct ktap *t, unsigned int i, void *m)
{
	struct page *pages[64];

	ASSERT(t, !machine_enter(m));
	for (int round = 0; round < 50; round++) {
		for (int k = 0; k < 64; k++)
			ASSERT(t, (pages[k] = alloc_pages(GFP_KERNEL, (i + (unsigned int)k) % 3)));
		for (int k = 0; k < 64; k++)
			__free_pages(pages[k], (i + (unsigned int)k) % 3);
	}
	machine_leave();
}

static void c22_a_cpu_that_goes_away_loses_no_page(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=256M nr_cpus=4");
	unsigned long before;

	ASSERT(t, m);
	drain_all_pages();
	before = nr_free_pages();
	machine_leave();
	ktap_threads(t, 6, come_and_go, m);
	machine_enter(m);
	zones_hold(t, m);
	drain_all_pages();
	EXPECT_EQ(t, nr_free_pages(), before);
	zones_hold(t, m);
}

/* -------------------------------------------------------------------------------------------------- fast path */

static void both_mobilities_at_once_are_served(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *page, *pair;

	ASSERT(t, m);
	/* The fast path's list number would be that of order 1. */
	pair = alloc_pages(GFP_KERNEL, 1);
	ASSERT(t, pair);
	__free_pages(pair, 1);
	page = alloc_pages(GFP_KERNEL | __GFP_MOVABLE | __GFP_RECLAIMABLE, 0);
	ASSERT(t, page);
	EXPECT_NE(t, page, pair);
	__free_page(page);
	zones_hold(t, m);
}

static void a_touched_free_page_is_reported_and_left_out(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *page, *next;

	ASSERT(t, m);
	page = alloc_page(GFP_KERNEL);
	ASSERT(t, page);
	__free_page(page);
	page->_refcount.counter = 2;
	next = alloc_page(GFP_KERNEL);
	ASSERT(t, next);
	EXPECT_NE(t, next, page);
	EXPECT_EQ(t, console_count("BUG: Bad page state"), 1u);
	EXPECT_CONTAINS(t, console_text(), "page dumped because: nonzero _refcount\n");
	__free_page(next);
	zones_hold(t, m);
}

static void a_free_page_with_a_mapcount_is_reported(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *page, *next;

	ASSERT(t, m);
	page = alloc_page(GFP_KERNEL);
	ASSERT(t, page);
	__free_page(page);
	page->_mapcount.counter++;
	next = alloc_page(GFP_KERNEL);
	ASSERT(t, next);
	EXPECT_NE(t, next, page);
	EXPECT_EQ(t, console_count("BUG: Bad page state"), 1u);
	__free_page(next);
	zones_hold(t, m);
}

static void touched_pages_are_found_when_lists_are_drained(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *page, *block;
	unsigned long before;

	ASSERT(t, m);
	drain_all_pages();
	before = nr_free_pages();
	page = alloc_page(GFP_KERNEL);
	block = alloc_pages(GFP_KERNEL, 2);
	ASSERT(t, page && block);
	__free_page(page);
	__free_pages(block, 2);
	page->mapping = (struct address_space *)0xdead0000ul;
	block->_refcount.counter = -1;
	drain_all_pages();
	EXPECT_EQ(t, console_count("BUG: Bad page state"), 2u);
	EXPECT_CONTAINS(t, console_text(), "page dumped because: non-NULL mapping\n");
	EXPECT_CONTAINS(t, console_text(), "refcount:-1 mapcount:0 mapping:");
	EXPECT_EQ(t, nr_free_pages(), before - 5);
	page->mapping = NULL;
	zones_hold(t, m);
}

/* Pages of an emptied CPU: the first is kept as the newest block, the others are on its lists. */
static bool listed_pages(struct page **pages, unsigned int nr)
{
	drain_all_pages();
	for (unsigned int i = 0; i < nr; i++) {
		pages[i] = alloc_page(GFP_KERNEL);
		if (!pages[i])
			return false;
	}
	for (unsigned int i = 0; i < nr; i++)
		__free_page(pages[i]);
	return true;
}

/* In each way that a page may have been touched. */
static void touched_pages_of_a_list_are_found_when_it_is_drained(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	unsigned long before;
	struct page *pages[7];

	ASSERT(t, m);
	drain_all_pages();
	before = nr_free_pages();
	ASSERT(t, listed_pages(pages, 7));
	pages[1]->_refcount.counter = 1;
	pages[2]->mapping = (struct address_space *)0xdead0000ul;
	pages[3]->_mapcount.counter++;
	page_type_set(pages[4], pages[4]->page_type | PCP_COMPOUND);
	page_type_set(pages[5], 0);		/* someone has mapped it */
	drain_all_pages();
	EXPECT_EQ(t, console_count("BUG: Bad page state"), 5u);
	EXPECT_CONTAINS(t, console_text(), "page dumped because: nonzero _refcount\n");
	EXPECT_CONTAINS(t, console_text(), "page dumped because: non-NULL mapping\n");
	EXPECT_EQ(t, nr_free_pages(), before - 5);
	pages[2]->mapping = NULL;
	zones_hold(t, m);
}

static void a_touched_page_of_a_list_is_not_handed_out(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	struct page *pages[2] = { NULL }, *next[2];

	ASSERT(t, m);
	ASSERT(t, listed_pages(pages, 2));
	pages[1]->_refcount.counter = 1;
	for (unsigned int i = 0; i < 2; i++) {
		next[i] = alloc_page(GFP_KERNEL);
		ASSERT(t, next[i]);
		EXPECT_NE(t, next[i], pages[1]);
	}
	EXPECT_EQ(t, next[0], pages[0]);
	EXPECT_EQ(t, console_count("BUG: Bad page state"), 1u);
	for (unsigned int i = 0; i < 2; i++)
		__free_page(next[i]);
	zones_hold(t, m);
}

/* Whoever gets a block finds no flags on its tails that another owner has left there. */
static void flags_of_tails_are_cleared(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=1G nr_cpus=1");
	struct page *block, *again;

	ASSERT(t, m);
	for (unsigned int order = 1; order <= MAX_ORDER; order++) {
		block = alloc_pages(GFP_KERNEL, order);
		ASSERT(t, block);
		SetPageDirty(block + (1ul << order) - 1);
		EXPECT(t, !!pageblock_is_touched(m->zones[1], page_to_pfn(block), order));
		__free_pages(block, order);
		EXPECT_EQ(t, pageblock_is_touched(m->zones[1], page_to_pfn(block), order),
			  order < PAGEBLOCK_ORDER);
		again = alloc_pages(GFP_KERNEL, order);
		ASSERT_EQ(t, again, block);
		EXPECT(t, !PageDirty(block + (1ul << order) - 1));
		__free_pages(again, order);
		drain_all_pages();
		/* Whole pageblocks are clean again. */
		block = alloc_pages(GFP_KERNEL, MAX_ORDER);
		ASSERT(t, block);
		__free_pages(block, MAX_ORDER);
	}
	EXPECT_EQ(t, console_count("BUG: Bad page state"), 0u);
}

static void a_split_block_is_not_freed_as_one(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=1G nr_cpus=1");
	struct page *block;

	ASSERT(t, m);
	block = alloc_pages(GFP_KERNEL, PAGEBLOCK_ORDER);
	ASSERT(t, block);
	split_page(block, PAGEBLOCK_ORDER);
	__free_pages(block, PAGEBLOCK_ORDER);
	EXPECT_EQ(t, console_count("BUG: Bad page state"), 1u);
	EXPECT_CONTAINS(t, console_text(), "freed with another order than it was allocated with\n");
	zones_hold(t, m);
}

static void sleeping_requests_in_atomic_context_are_reported(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *page;

	ASSERT(t, m);
	page = alloc_page(GFP_KERNEL);
	ASSERT(t, page);
	__free_page(page);
	for (int i = 0; i < 3; i++) {
		preempt_disable();
		page = alloc_page(GFP_KERNEL);
		preempt_enable();
		ASSERT(t, page);
		__free_page(page);
	}
	EXPECT_EQ(t, console_count("BUG: sleeping function called from invalid context at mm/page_alloc.c:"), 1u);
	EXPECT_CONTAINS(t, console_text(), "in_atomic(): 1, irqs_disabled(): 0, non_block: 0, pid: ");
	console_clear();
	preempt_disable();
	page = alloc_page(GFP_ATOMIC);
	preempt_enable();
	ASSERT(t, page);
	__free_page(page);
	EXPECT_STR(t, console_text(), "");
}

static void a_machine_that_debugs_has_no_fast_path(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M init_on_alloc=1");
	struct page *page;
	unsigned char *bytes;

	ASSERT(t, m);
	EXPECT_EQ(t, this_cpu()->pcp_by_gfp[0], &pcp_none);
	EXPECT_EQ(t, this_cpu()->pcp_by_type[ZONE_BULK], &pcp_none);
	page = alloc_page(GFP_KERNEL);
	ASSERT(t, page);
	bytes = page_address(page);
	memset(bytes, 0xff, PAGE_SIZE);
	__free_page(page);
	EXPECT_EQ(t, alloc_page(GFP_KERNEL), page);
	for (unsigned long i = 0; i < PAGE_SIZE; i++)
		if (bytes[i]) {
			ktap_fail(t, "byte %lu is %x", i, bytes[i]);
			break;
		}
	__free_page(page);
}

static void init_on_free_leaves_nothing_behind(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M init_on_free=1");
	struct page *page;
	unsigned char *bytes;

	ASSERT(t, m);
	page = alloc_pages(GFP_KERNEL, 2);
	ASSERT(t, page);
	bytes = page_address(page);
	memset(bytes, 0xff, 4 * PAGE_SIZE);
	__free_pages(page, 2);
	for (unsigned long i = 0; i < 4 * PAGE_SIZE; i++)
		if (bytes[i]) {
			ktap_fail(t, "byte %lu is %x", i, bytes[i]);
			break;
		}
}

static void events_count_pages(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	unsigned long allocated, freed, hit, local;
	struct zone *zone;

	ASSERT(t, m);
	zone = zone_named(m, 0, ZONE_BULK);
	allocated = machine_event(m, PGALLOC_DMA + ZONE_BULK);
	freed = machine_event(m, PGFREE);
	hit = zone_numa_events(zone, NUMA_HIT);
	local = zone_numa_events(zone, NUMA_LOCAL);
	for (unsigned int order = 0; order < 6; order++) {
		struct page *page = alloc_pages(GFP_KERNEL, order);

		ASSERT(t, page);
		__free_pages(page, order);
	}
	EXPECT_EQ(t, machine_event(m, PGALLOC_DMA + ZONE_BULK) - allocated, 63ul);
	EXPECT_EQ(t, machine_event(m, PGFREE) - freed, 63ul);
	EXPECT_EQ(t, zone_numa_events(zone, NUMA_HIT) - hit, 6ul);
	EXPECT_EQ(t, zone_numa_events(zone, NUMA_LOCAL) - local, 6ul);
}

/* A high-order reserve's single page goes to the movable ones, as in the kernel; an isolated one to the zone. */
static void of_pageblocks_that_are_kept_apart_no_list_is_made(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *pages[2];
	struct zone *zone;

	ASSERT(t, m);
	for (unsigned int i = 0; i < 2; i++)
		ASSERT(t, (pages[i] = alloc_page(GFP_KERNEL)));
	zone = page_zone(pages[0]);
	for (unsigned int i = 0; i < 2; i++) {
		enum migratetype type = pageblock_type(zone, page_to_pfn(pages[i]));
		unsigned long flags;
		long free;

		spin_lock_irqsave(&zone->lock, flags);
		set_pageblock_type(zone, page_to_pfn(pages[i]), i ? MIGRATE_ISOLATE : MIGRATE_HIGHATOMIC);
		if (i)
			buddy_move_pageblock(zone, page_to_pfn(pages[i]), MIGRATE_ISOLATE);
		spin_unlock_irqrestore(&zone->lock, flags);
		free = zone_page_state(zone, NR_FREE_PAGES);
		__free_page(pages[i]);
		for (unsigned int list = MIGRATE_PCPTYPES; list < PCP_COLD_LISTS; list++)
			EXPECT_NULL(t, pcp_of(zone)->lists[list]);
		EXPECT_EQ(t, pcp_of(zone)->lists[MIGRATE_MOVABLE], pages[0]);
		EXPECT_EQ(t, page_type_of(pages[i]) == PGTY_PCP, !i);
		EXPECT_EQ(t, zone_page_state(zone, NR_FREE_PAGES), free);
		spin_lock_irqsave(&zone->lock, flags);
		set_pageblock_type(zone, page_to_pfn(pages[i]), type);
		if (i)
			buddy_move_pageblock(zone, page_to_pfn(pages[i]), type);
		spin_unlock_irqrestore(&zone->lock, flags);
	}
	zones_hold(t, m);
}

/* In bulk: what is on the list, and nothing that was written to there. */
static void a_bulk_takes_the_pages_that_are_kept(struct ktap *t)
{
	static struct page *pages[200];
	struct machine *m = machine_for(t, "mem=64M");
	struct page *bad;
	unsigned long taken;

	ASSERT(t, m);
	memset(pages, 0, sizeof(pages));
	bad = alloc_page(GFP_KERNEL);
	ASSERT(t, bad);
	taken = machine_event(m, PGALLOC_DMA + page_zone(bad)->type);
	__free_page(bad);
	bad->_refcount.counter = 1;		/* the next that would be handed out */
	EXPECT_EQ(t, alloc_pages_bulk_array(GFP_KERNEL, 200, pages), 200);
	EXPECT_EQ(t, console_count("BUG: Bad page state"), 1u);
	EXPECT_EQ(t, machine_event(m, PGALLOC_DMA + page_zone(bad)->type), taken + 200);
	for (unsigned int i = 0; i < 200; i++) {
		EXPECT_NE(t, pages[i], bad);
		EXPECT_EQ(t, page_count(pages[i]), 1);
	}
	for (unsigned int i = 0; i < 200; i += 3)
		memset(page_address(pages[i]), 0x5a, PAGE_SIZE);
	for (unsigned int i = 0; i < 200; i += 3) {
		__free_page(pages[i]);
		pages[i] = NULL;
	}
	EXPECT_EQ(t, alloc_pages_bulk_array(GFP_KERNEL | __GFP_ZERO, 200, pages), 200);
	for (unsigned int i = 0; i < 200; i += 3)
		EXPECT_NULL(t, memchr_inv(page_address(pages[i]), 0, PAGE_SIZE));
	bad->_refcount.counter = 0;
	zones_hold(t, m);
	free_pages_bulk(pages, 200);
	drain_all_pages();
	preempt_disable();			/* who may not sleep is told so, as by alloc_page() */
	EXPECT_EQ(t, alloc_pages_bulk_array(GFP_KERNEL, 3, pages), 3);
	preempt_enable();
	EXPECT_EQ(t, console_count("BUG: sleeping function"), 1u);
	free_pages_bulk(pages, 3);
	zones_hold(t, m);
}

/* ------------------------------------------------------------------------------------------ breaking invariants */

static void expect_fault(struct ktap *t, struct machine *m, const char *id)
{
	struct kmem_fault fault = { .id = "none" };

	EXPECT(t, !zones_check(m, &fault));
	EXPECT_STR(t, fault.id, id);
}

static void p1_a_wrong_count_is_found(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct zone *zone;

	ASSERT(t, m);
	zone = zone_named(m, 0, ZONE_BULK);
	pcp_of(zone)->count++;
	expect_fault(t, m, "P1");
	pcp_of(zone)->count--;
	zones_hold(t, m);
}

static void p2_p3_a_page_that_is_in_use_is_found(struct ktap *t)
{
	static const char *const ids[] = { "P2", "P3" };
	struct machine *m = machine_for(t, "mem=64M");
	struct page *pages[2];

	ASSERT(t, m);
	for (unsigned int order = 0; order < 2; order++) {
		pages[order] = alloc_pages(GFP_KERNEL, order);
		ASSERT(t, pages[order]);
		__free_pages(pages[order], order);
	}
	for (unsigned int i = 0; i < 2; i++) {
		u32 type = pages[i]->page_type;

		pages[i]->_refcount.counter = 1;
		expect_fault(t, m, ids[i]);
		pages[i]->_refcount.counter = 0;
		pages[i]->page_type = PAGE_TYPE_NONE;
		expect_fault(t, m, ids[i]);
		pages[i]->page_type = type ^ 1;
		expect_fault(t, m, ids[i]);
		pages[i]->page_type = type;
		pages[i]->mapping = (void *)8;
		expect_fault(t, m, ids[i]);
		pages[i]->mapping = NULL;
	}
	zones_hold(t, m);
}

/* On the long way, which looks at every word. */
static void a_free_page_with_an_owners_flag_is_reported(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M init_on_alloc=1");
	struct page *page, *next;

	ASSERT(t, m);
	page = alloc_page(GFP_KERNEL);
	ASSERT(t, page);
	__free_page(page);
	page->flags |= 1ul << PG_locked;
	next = alloc_page(GFP_KERNEL);
	ASSERT(t, next);
	EXPECT_NE(t, next, page);
	EXPECT_EQ(t, console_count("BUG: Bad page state"), 1u);
	EXPECT_CONTAINS(t, console_text(), sizeof(long) == 4 ? "(locked|zone=" : "(locked|node=0|zone=");
	__free_page(next);
}

KTAP_SUITE(pcp, KTAP_CASE(a_refill_takes_one_batch), KTAP_CASE(pages_of_a_batch_come_in_ascending_order),
	   KTAP_CASE(the_last_page_freed_is_the_first_given), KTAP_CASE(high_pages_are_freed_as_fast),
	   KTAP_CASE(more_than_high_goes_back_in_batches),
	   KTAP_CASE(high_is_shared_by_the_cpus_that_are_online), KTAP_CASE(a_fraction_sets_high),
	   KTAP_CASE(a_cpu_keeps_more_rather_than_wait),
	   KTAP_CASE(pages_that_come_and_go_are_kept),
	   KTAP_CASE(a_zone_with_little_left_is_not_kept_from),
	   KTAP_CASE(a_request_that_fails_leaves_no_cpu_more_than_its_share),
	   KTAP_CASE(who_said_how_much_is_not_overruled), KTAP_CASE(cold_pages_are_better_than_waiting),
	   KTAP_CASE(c22_draining_empties_every_list), KTAP_CASE(c22_a_cpu_that_goes_away_loses_no_page),
	   KTAP_CASE(both_mobilities_at_once_are_served), KTAP_CASE(a_touched_free_page_is_reported_and_left_out),
	   KTAP_CASE(a_free_page_with_a_mapcount_is_reported),
	   KTAP_CASE(touched_pages_are_found_when_lists_are_drained),
	   KTAP_CASE(touched_pages_of_a_list_are_found_when_it_is_drained),
	   KTAP_CASE(a_touched_page_of_a_list_is_not_handed_out),
	   KTAP_CASE(flags_of_tails_are_cleared), KTAP_CASE(a_split_block_is_not_freed_as_one),
	   KTAP_CASE(sleeping_requests_in_atomic_context_are_reported),
	   KTAP_CASE(a_machine_that_debugs_has_no_fast_path), KTAP_CASE(init_on_free_leaves_nothing_behind),
	   KTAP_CASE(events_count_pages), KTAP_CASE(p1_a_wrong_count_is_found),
	   KTAP_CASE(p2_p3_a_page_that_is_in_use_is_found),
	   KTAP_CASE(of_pageblocks_that_are_kept_apart_no_list_is_made),
	   KTAP_CASE(a_bulk_takes_the_pages_that_are_kept),
	   KTAP_CASE(a_free_page_with_an_owners_flag_is_reported));
