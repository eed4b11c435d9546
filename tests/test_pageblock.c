/* SPDX-License-Identifier: MIT */
/* test_pageblock.c - small blocks come from the fullest pageblock, and what is freed elsewhere is left alone. */
#include <linux/kernel.h>
#include "mm/pcp.h"
#include "tests/page_machine.h"

#define GFP_MOVING (GFP_HIGHUSER_MOVABLE | __GFP_NORETRY | __GFP_NOWARN)
#define MOST_PAGES (64ul << 20 >> PAGE_SHIFT)

static struct page *pages[MOST_PAGES];

static struct zone *dma32(struct machine *m)
{
	return zone_named(m, 0, ZONE_DMA32);
}

/* Whole pageblocks that the machine has free, by its own lists. */
static unsigned long whole_pageblocks(const struct machine *m)
{
	unsigned long nr = 0;

	drain_all_pages();
	for (unsigned int i = 0; i < m->nr_zones; i++)
		nr += buddy_count(m->zones[i], PAGEBLOCK_ORDER) + 2 * buddy_count(m->zones[i], MAX_ORDER);
	return nr;
}

static unsigned long take_pages(void)
{
	unsigned long nr = 0;

	while (nr < MOST_PAGES && (pages[nr] = alloc_page(GFP_MOVING)))
		nr++;
	return nr;
}

static unsigned long random_slot(struct ktap *t, unsigned long nr)
{
	return ktap_random(t) % nr;
}

/* Fill all, free a random half, then replace each page many times. Returns whole pageblocks that are free then. */
static unsigned long aged(struct ktap *t, struct machine *m, unsigned long *could)
{
	unsigned long nr = take_pages(), live = nr / 2;

	for (unsigned long left = nr; left > live; left--) {
		unsigned long slot = random_slot(t, left);

		__free_page(pages[slot]);
		pages[slot] = pages[left - 1];
	}
	for (unsigned long step = 0; step < live * 24; step++) {
		unsigned long slot = random_slot(t, live);

		__free_page(pages[slot]);
		pages[slot] = alloc_page(GFP_MOVING);
		if (!pages[slot])
			ktap_fail(t, "no page where one was just freed");
	}
	*could = (nr - live) / PAGEBLOCK_PAGES;
	nr = whole_pageblocks(m);
	zones_hold(t, m);
	for (unsigned long i = 0; i < live; i++)
		__free_page(pages[i]);
	return nr;
}

static void pages_that_come_and_go_leave_whole_pageblocks(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	unsigned long whole, could;

	ASSERT(t, m);
	whole = aged(t, m, &could);
	EXPECT_GE(t, whole, could * 8 / 10);
}

static void the_kernels_way_leaves_none(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1 kmem.fullest_first=off");
	unsigned long whole, could;

	ASSERT(t, m);
	whole = aged(t, m, &could);
	EXPECT_LE(t, whole, could / 2);
}

static u32 block_of(struct page *page)
{
	return pageblock_index(page_zone(page), page_to_pfn(page));
}

/* Of two pageblocks that are in part free, the next pages come from the one with fewer of them. */
static void the_fuller_pageblock_is_next(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	unsigned long nr, freed = 0;
	struct page *page;
	u32 emptier, fuller;

	ASSERT(t, m);
	nr = take_pages();
	emptier = block_of(pages[nr / 3]);
	fuller = block_of(pages[nr / 2]);
	ASSERT_NE(t, emptier, fuller);
	for (unsigned long i = 0; i < nr; i++) {
		bool one_in_8 = page_to_pfn(pages[i]) % 8 == 0;
		bool goes = page_zone(pages[i]) == dma32(m) &&
			    block_of(pages[i]) == (one_in_8 ? fuller : emptier);

		if (!goes)
			continue;
		__free_page(pages[i]);
		pages[i] = NULL;
		freed++;
	}
	EXPECT_EQ(t, freed, PAGEBLOCK_PAGES);
	drain_all_pages();
	page = alloc_page(GFP_MOVING);
	ASSERT(t, page);
	EXPECT_EQ(t, block_of(page), fuller);
	__free_page(page);
	for (unsigned long i = 0; i < nr; i++)
		if (pages[i])
			__free_page(pages[i]);
	zones_hold(t, m);
}

/* A page of a pageblock that the CPU fills is reused at once; one of another goes to the cold list, and to the zone. */
static void a_cold_page_is_not_reused_at_once(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	struct per_cpu_pages *pcp;
	struct page *page;
	unsigned long nr;

	ASSERT(t, m);
	pcp = &m->cpus[0]->pcp[dma32(m)->index];
	nr = take_pages();
	drain_all_pages();
	page = pages[nr / 2];
	ASSERT_EQ(t, page_zone(page), dma32(m));
	EXPECT(t, pageblock_is_cold(dma32(m), block_of(page)));
	__free_page(page);
	EXPECT_EQ(t, pcp->lists[PCP_COLD_LISTS + MIGRATE_MOVABLE], page);
	EXPECT_NULL(t, pcp->lists[MIGRATE_MOVABLE]);
	zones_hold(t, m);
	/* With memory as full as this, it is all that the CPU can have. */
	EXPECT_EQ(t, alloc_page(GFP_MOVING), page);
	__free_page(page);
	drain_all_pages();
	EXPECT_NULL(t, pcp->lists[PCP_COLD_LISTS + MIGRATE_MOVABLE]);
	for (unsigned long i = 0; i < nr; i++)
		if (i != nr / 2)
			__free_page(pages[i]);
	zones_hold(t, m);
}

/* Of the first order that it was broken for, until it is whole. */
static void a_pageblock_serves_an_order(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	struct taken taken = { 0 };
	unsigned long served = 0;

	ASSERT(t, m);
	for (unsigned int i = 0; i < 4 * PAGEBLOCK_PAGES / 4; i++)
		ASSERT(t, page_take(&taken, GFP_MOVING, 2));
	drain_all_pages();
	for (u32 index = 0; index < zone_pageblocks(dma32(m)); index++)
		served += dma32(m)->block_info[index].serves == 3;
	EXPECT_GE(t, served, 3);
	zones_hold(t, m);
	put_all(&taken);
	drain_all_pages();
	for (u32 index = 0; index < zone_pageblocks(dma32(m)); index++)
		if (dma32(m)->block_info[index].nr_free == PAGEBLOCK_PAGES)
			EXPECT_EQ(t, dma32(m)->block_info[index].serves, 0);
	zones_hold(t, m);
}

/* Nine pageblocks have no block of the order that they serve; a tenth does, but nobody looks that far. */
static void the_search_ends_after_eight_pageblocks(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	struct page *found;
	unsigned long nr = 0, flags;
	pfn_t emptier;

	ASSERT(t, m);
	while (nr < MOST_PAGES / 4 && (pages[nr] = alloc_pages(GFP_MOVING, 2)))
		nr++;
	emptier = (dma32(m)->start_pfn + 4 * PAGEBLOCK_PAGES) & ~(PAGEBLOCK_PAGES - 1);
	for (unsigned long i = 0; i < nr; i++) {
		bool all = page_to_pfn(pages[i]) > emptier && page_to_pfn(pages[i]) < emptier + PAGEBLOCK_PAGES;

		split_page(pages[i], 2);
		for (unsigned int k = 0; k < 4; k++)
			if (all || k % 2)
				__free_page(pages[i] + k);
		if (all)
			pages[i] = NULL;
	}
	drain_all_pages();
	spin_lock_irqsave(&dma32(m)->lock, flags);
	found = pageblocks_fullest(dma32(m), 2, MIGRATE_MOVABLE);
	spin_unlock_irqrestore(&dma32(m)->lock, flags);
	EXPECT_NULL(t, found);
	EXPECT_GT(t, buddy_count(dma32(m), 2), 0);
	for (unsigned long i = 0; i < nr; i++)
		for (unsigned int k = 0; pages[i] && k < 4; k += 2)
			__free_page(pages[i] + k);
	zones_hold(t, m);
}

/* It is reported, and stays with whoever wrote to it. */
static void a_spoilt_cold_page_is_not_handed_out(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	struct page *page;
	unsigned long nr;

	ASSERT(t, m);
	nr = take_pages();
	drain_all_pages();
	page = pages[nr / 2];
	__free_page(page);
	EXPECT_EQ(t, m->cpus[0]->pcp[dma32(m)->index].lists[PCP_COLD_LISTS + MIGRATE_MOVABLE], page);
	page->mapping = (void *)8;
	EXPECT_NULL(t, alloc_page(GFP_MOVING));
	EXPECT_EQ(t, console_count("BUG: Bad page state"), 1);
	for (unsigned long i = 0; i < nr; i++)
		if (i != nr / 2)
			__free_page(pages[i]);
	zones_hold(t, m);
}

KTAP_SUITE(pageblock,
	KTAP_CASE(pages_that_come_and_go_leave_whole_pageblocks),
	KTAP_CASE(the_kernels_way_leaves_none),
	KTAP_CASE(the_fuller_pageblock_is_next),
	KTAP_CASE(a_cold_page_is_not_reused_at_once),
	KTAP_CASE(a_pageblock_serves_an_order),
	KTAP_CASE(the_search_ends_after_eight_pageblocks),
	KTAP_CASE(a_spoilt_cold_page_is_not_handed_out));
