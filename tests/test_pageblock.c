/* SPDX-License-Identifier: MIT */
/* test_pageblock.c - small blocks come from the fullest pageblock, and what is freed elsewhere is left alone. */
#include <linux/kernel.h>
#include "mm/pcp.h"
#include "tests/page_machine.h"

#define GFP_MOVING (GFP_HIGHUSER_MOVABLE | __GFP_NORETRY | __GFP_NOWARN)
/* What there is does not change behind the test: no pages go back, no watermark comes down again. */
#define QUIET " kmem.idle_release=off sysctl.vm.watermark_boost_factor=0"
#define MOST_PAGES (128ul << 20 >> PAGE_SHIFT)

static struct page *pages[MOST_PAGES];

static struct zone *dma32(struct machine *m)
{
	return zone_named(m, 0, ZONE_BULK);
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

/* All there are, those that the CPU keeps of a zone with little left among them. */
static unsigned long take_pages_with(gfp_t gfp)
{
	unsigned long nr = 0, before;

	do {
		before = nr;
		while (nr < MOST_PAGES && (pages[nr] = alloc_page(GFP_MOVING | gfp)))
			nr++;
		drain_all_pages();
	} while (nr > before);
	return nr;
}

static unsigned long take_pages(void)
{
	return take_pages_with(0);
}

static unsigned long random_slot(struct ktap *t, unsigned long nr)
{
	return ktap_random(t) % nr;
}

/* Another CPU is at the zone: takes and gives back what goes beyond its lists. */
static void other_cpu_comes(struct ktap *t, unsigned int i, void *arg)
{
	struct taken taken = { 0 };

	(void)i;
	machine_enter(arg);
	while (taken.nr < 32 && EXPECT(t, page_take(&taken, GFP_MOVING, 0)))
		;
	put_all(&taken);
	drain_local_pages();
	machine_leave();
}

/*
 * Fill all, free a random half, then replace each page many times. Returns whole pageblocks that are free then. On a
 * machine of two CPUs the other one comes to the zone now and then, while this one waits.
 */
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
		if (m->nr_cpus > 1 && step % 2048 == 0)
			ktap_threads(t, 1, other_cpu_comes, m);
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
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1" QUIET);
	unsigned long whole, could;

	ASSERT(t, m);
	whole = aged(t, m, &could);
	EXPECT_GE(t, whole, could * 8 / 10);
}

/*
 * A CPU keeps more and uses its cold pages up while it meets others at the zone's lock. That others were there since is
 * no reason: with it a quarter of these pageblocks was left. (Batches are large enough here for it to keep more.) Where
 * processors are real ones they may meet indeed, but not each time.
 */
static void so_they_do_with_another_cpu_at_the_zone(struct ktap *t)
{
	unsigned long whole, could;
	unsigned int attempts = 5;

	do {
		struct machine *m = machine_for(t, "mem=128M nr_cpus=2" QUIET
						" sysctl.vm.min_free_kbytes=256 transparent_hugepage=never");

		ASSERT(t, m);
		whole = aged(t, m, &could);
	} while (whole < could * 8 / 10 && --attempts);
	EXPECT_GE(t, whole, could * 8 / 10);
}

static void the_kernels_way_leaves_none(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1" QUIET " kmem.fullest_first=off");
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
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1" QUIET);
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

/* So many pages of the zone's pageblock that pages[from] is of, from there on. */
static void give_of_one(unsigned long from, unsigned int nr)
{
	u32 block = block_of(pages[from]);

	for (; nr; from++)
		if (block_of(pages[from]) == block) {
			__free_page(pages[from]);
			pages[from] = NULL;
			nr--;
		}
}

/*
 * All pages are taken, and many of a pageblock, and fewer of another, given back; that one the zone has served. Returns
 * a page of the emptier one as its place in pages[].
 */
static unsigned long cold_page(struct ktap *t, unsigned long *nr)
{
	unsigned long at;
	struct page *served;

	*nr = take_pages();
	for (at = *nr / 2; page_to_pfn(pages[at]) % PAGEBLOCK_PAGES; at++)
		;
	give_of_one(at + 1, 400);
	give_of_one(at + 2 * PAGEBLOCK_PAGES, 200);
	drain_all_pages();
	served = alloc_page(GFP_MOVING);
	if (EXPECT(t, served))
		EXPECT_NE(t, block_of(served), block_of(pages[at]));
	pages[at + 1] = served;			/* give_of_one() left that place empty */
	return at;
}

static void put_pages(unsigned long nr)
{
	for (unsigned long i = 0; i < nr; i++)
		if (pages[i])
			__free_page(pages[i]);
}

/* A page of a pageblock emptier than the one that the zone serves goes to the cold list, and to the zone. */
static void a_cold_page_is_not_reused_at_once(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1" QUIET);
	struct per_cpu_pages *pcp;
	unsigned long nr, at;
	struct page *page;

	ASSERT(t, m);
	pcp = &m->cpus[0]->pcp[dma32(m)->index];
	at = cold_page(t, &nr);
	page = pages[at];
	pages[at] = NULL;
	__free_page(page);
	EXPECT_EQ(t, pcp->lists[PCP_COLD_LISTS + MIGRATE_MOVABLE], page);
	EXPECT_NE(t, alloc_page(GFP_MOVING), page);
	zones_hold(t, m);
	drain_all_pages();
	EXPECT_NULL(t, pcp->lists[PCP_COLD_LISTS + MIGRATE_MOVABLE]);
	put_pages(nr);
	zones_hold(t, m);
}

/* Where there is nothing else, it is used. */
static void a_cold_page_is_better_than_none(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1" QUIET);
	unsigned long nr, at, more = 0;
	struct page *page;

	ASSERT(t, m);
	at = cold_page(t, &nr);
	page = pages[at];
	__free_page(page);
	while (more < nr && alloc_page(GFP_MOVING))
		more++;
	EXPECT_EQ(t, page_count(page), 1);
	EXPECT_EQ(t, more, 600);		/* all that was given but the one that was served, and this */
	zones_hold(t, m);
}

/* All of the zone's pages but those that keep() picks go back, as single pages. */
static void give_all_but(const struct zone *zone, unsigned long nr, bool (*keep)(u32 index, pfn_t pfn))
{
	for (unsigned long i = 0; i < nr; i++) {
		if (page_zone(pages[i]) != zone || keep(block_of(pages[i]), page_to_pfn(pages[i])))
			continue;
		__free_page(pages[i]);
		pages[i] = NULL;
	}
	drain_all_pages();
}

static void give_the_rest(unsigned long nr)
{
	for (unsigned long i = 0; i < nr; i++)
		if (pages[i])
			__free_page(pages[i]);
}

/* Pageblocks 4 and 5 have all but a few pages free; 5 has the larger block. */
static bool one_page_and_three(u32 index, pfn_t pfn)
{
	if (index == 4)
		return pfn % PAGEBLOCK_PAGES == 0 || pfn % PAGEBLOCK_PAGES == 256;
	return index != 5 || pfn % PAGEBLOCK_PAGES < 20;
}

/* A request takes from where most blocks live, of the pageblocks that can serve it; there the smallest that will do. */
static void the_pageblock_with_most_live_blocks_serves(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1" QUIET);
	struct page *small, *large;
	unsigned long nr, flags;

	ASSERT(t, m);
	nr = take_pages_with(__GFP_MEMALLOC);
	give_all_but(dma32(m), nr, one_page_and_three);
	spin_lock_irqsave(&dma32(m)->lock, flags);
	small = pageblocks_fullest(dma32(m), 2, MIGRATE_MOVABLE);
	large = pageblocks_fullest(dma32(m), 8, MIGRATE_MOVABLE);
	spin_unlock_irqrestore(&dma32(m)->lock, flags);
	EXPECT_EQ(t, block_of(small), 5);
	EXPECT_EQ(t, page_to_pfn(small) % PAGEBLOCK_PAGES, 20);
	EXPECT_EQ(t, small->free_order, 2);
	EXPECT_EQ(t, block_of(large), 5);
	EXPECT_EQ(t, page_to_pfn(large) % PAGEBLOCK_PAGES, 256);
	EXPECT_NULL(t, pageblocks_fullest(dma32(m), 0, MIGRATE_UNMOVABLE));
	give_the_rest(nr);
	zones_hold(t, m);
}

static bool one_page_and_eight(u32 index, pfn_t pfn)
{
	if (index == 4)
		return pfn % PAGEBLOCK_PAGES == 0;
	return index != 5 || pfn % PAGEBLOCK_PAGES % 64 == 0;
}

/* Eight pages bar all but the one pageblock from serving order 6. */
static void what_cannot_serve_is_not_asked(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1" QUIET);
	unsigned long nr, flags;
	struct page *found;

	ASSERT(t, m);
	nr = take_pages_with(__GFP_MEMALLOC);
	give_all_but(dma32(m), nr, one_page_and_eight);
	spin_lock_irqsave(&dma32(m)->lock, flags);
	found = pageblocks_fullest(dma32(m), 6, MIGRATE_MOVABLE);
	spin_unlock_irqrestore(&dma32(m)->lock, flags);
	ASSERT(t, found);
	EXPECT_EQ(t, block_of(found), 4);
	EXPECT_EQ(t, page_to_pfn(found) % PAGEBLOCK_PAGES, 64);
	EXPECT_EQ(t, found->free_order, 6);
	give_the_rest(nr);
	zones_hold(t, m);
}

/* One block of 256 pages is nearer to its end than nine single pages, though it fills half of the pageblock. */
static void a_large_block_counts_as_one(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1" QUIET " kmem.fullest_first=off");
	struct page *large, *singles[9];
	struct block_info *info;
	unsigned int before;

	ASSERT(t, m);
	large = alloc_pages(GFP_MOVING, 8);
	ASSERT(t, large);
	info = &page_zone(large)->block_info[block_of(large)];
	EXPECT_EQ(t, info->rest - info->nr_free, 255);
	before = info->nr_free;
	drain_all_pages();
	for (unsigned int i = 0; i < 9; i++) {
		singles[i] = alloc_page(GFP_MOVING);
		ASSERT(t, singles[i]);
		EXPECT_EQ(t, block_of(singles[i]), block_of(large));
	}
	EXPECT_LT(t, info->nr_free, before);
	EXPECT_EQ(t, info->rest - info->nr_free, 255);
	for (unsigned int i = 0; i < 9; i++)
		__free_page(singles[i]);
	/* In pieces: one page in use there is thought to be a block, and all others to lie behind it. */
	split_page(large, 8);
	for (unsigned int i = 0; i < 200; i++)
		__free_page(large + i);
	drain_all_pages();
	EXPECT_EQ(t, info->rest, PAGEBLOCK_PAGES - 1);
	zones_hold(t, m);
	for (unsigned int i = 200; i < 256; i++)
		__free_page(large + i);
	drain_all_pages();
	EXPECT_LE(t, info->rest, PAGEBLOCK_PAGES);
	zones_hold(t, m);
}

/* What comes from a pageblock and goes back to it is warm, whatever else of it went to the zone meanwhile. */
static void the_pageblock_served_last_stays_warm(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1" QUIET);
	const struct per_cpu_pages *pcp;

	ASSERT(t, m);
	pcp = &m->cpus[0]->pcp[dma32(m)->index];
	for (unsigned int order = 0; order < 3; order++) {
		unsigned int nr = 400u >> order, cold = 0;

		for (unsigned int i = 0; i < nr; i++) {
			pages[i] = alloc_pages(GFP_MOVING, order);
			ASSERT(t, pages[i]);
		}
		for (unsigned int i = 0; i < nr; i++) {
			if (i == nr - 1)
				drain_all_pages();
			if (block_of(pages[i]) == block_of(pages[nr - 1]))
				__free_pages(pages[i], order);
			cold += pcp->order[order].chain[PCP_COLD].kept;
		}
		EXPECT_EQ(t, cold, 0);
		EXPECT_NULL(t, pcp->lists[PCP_COLD_LISTS + MIGRATE_MOVABLE]);
	}
	zones_hold(t, m);
}

static void pairs_stay_with_the_cpu(struct ktap *t, const char *cmdline)
{
	struct machine *m = machine_for(t, cmdline);
	unsigned long nr = 0, freed = 0;

	ASSERT(t, m);
	while (nr < MOST_PAGES && (pages[nr] = alloc_page(GFP_MOVING & ~__GFP_RECLAIM)))
		nr++;
	for (unsigned long i = 0; i < nr; i += 50)
		__free_page(pages[i]);
	for (unsigned int i = 0; i < 2000; i++) {
		struct page *page = alloc_page(__GFP_NOWARN);	/* that cannot be moved */

		ASSERT(t, page);
		__free_page(page);
		if (i == 1000)
			freed = dma32(m)->freed;
	}
	EXPECT_EQ(t, dma32(m)->freed, freed);
	zones_hold(t, m);
}

static void a_pair_stays_with_its_cpu_in_full_memory(struct ktap *t)
{
	pairs_stay_with_the_cpu(t, "mem=64M nr_cpus=1" QUIET);		/* it takes and gives one page at once */
	pairs_stay_with_the_cpu(t, "mem=128M nr_cpus=1" QUIET);		/* it takes several */
}

/* It is reported, and stays with whoever wrote to it. */
static void a_spoilt_cold_page_is_not_handed_out(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1" QUIET);
	unsigned long nr, at, more = 0;
	struct page *page, *other;

	ASSERT(t, m);
	at = cold_page(t, &nr);
	page = pages[at];
	pages[at] = NULL;
	__free_page(page);
	EXPECT_EQ(t, m->cpus[0]->pcp[dma32(m)->index].lists[PCP_COLD_LISTS + MIGRATE_MOVABLE], page);
	page->mapping = (void *)8;
	while (more < nr && (other = alloc_page(GFP_MOVING)) && EXPECT_NE(t, other, page))
		more++;
	EXPECT_GE(t, more, 599);	/* and what threads of the machine that start or end give back meanwhile */
	EXPECT_EQ(t, console_count("BUG: Bad page state"), 1);
	zones_hold(t, m);
}

/* The end of low memory and the beginning of high memory lie in one pageblock; both have blocks of that order there. */
static void a_block_of_another_zone_is_not_taken(struct ktap *t)
{
	for (unsigned int order = 5; order < PAGEBLOCK_ORDER; order++) {
		struct machine *m = machine_for(t, "mem=65M highmem=12300K kmem.idle_release=off nr_cpus=1");
		unsigned long nr = 0, high;

		ASSERT(t, m);
		while ((pages[nr] = alloc_pages((GFP_HIGHUSER_MOVABLE | __GFP_NOWARN) & ~__GFP_RECLAIM, order)) &&
		       page_to_pfn(pages[nr]) >= m->max_low_pfn)
			nr++;
		high = nr;
		while (nr + 1 < MOST_PAGES && pages[nr])
			pages[++nr] = alloc_pages((GFP_KERNEL | __GFP_NOWARN) & ~__GFP_RECLAIM, order);
		for (unsigned long i = high; i < nr; i++)
			EXPECT_LT(t, page_to_pfn(pages[i]), m->max_low_pfn);
		zones_hold(t, m);
		while (nr--)
			__free_pages(pages[nr], order);
		zones_hold(t, m);
	}
}

/*
 * Unmovable blocks until another block of the zone has been described. Was a whole movable pageblock at hand then?
 */
static bool describes_with_one_at_hand(struct ktap *t, const char *cmdline)
{
	struct machine *m = machine_for(t, cmdline);
	struct zone *zone = m ? dma32(m) : NULL;
	unsigned long deferred = zone ? zone->deferred_blocks : 0;
	struct taken taken = { 0 };
	bool at_hand;

	if (!EXPECT(t, zone && deferred && buddy_has(zone, PAGEBLOCK_ORDER, MIGRATE_MOVABLE)))
		return false;
	do
		at_hand = buddy_has(zone, PAGEBLOCK_ORDER, MIGRATE_MOVABLE);
	while (EXPECT(t, page_take(&taken, GFP_KERNEL | __GFP_NORETRY, 5)) && zone->deferred_blocks == deferred);
	put_all(&taken);
	zones_hold(t, m);
	return at_hand;
}

static void one_at_hand_is_taken_before_another_is_described(struct ktap *t)
{
	EXPECT(t, !describes_with_one_at_hand(t, "mem=64M nr_cpus=1" QUIET));
}

static void the_kernels_way_takes_the_largest(struct ktap *t)
{
	EXPECT(t, describes_with_one_at_hand(t, "mem=64M nr_cpus=1" QUIET " kmem.fullest_first=off"));
}

KTAP_SUITE(pageblock, KTAP_CASE(a_block_of_another_zone_is_not_taken),
	KTAP_CASE(one_at_hand_is_taken_before_another_is_described), KTAP_CASE(the_kernels_way_takes_the_largest),
	KTAP_CASE(pages_that_come_and_go_leave_whole_pageblocks),
	KTAP_CASE(so_they_do_with_another_cpu_at_the_zone),
	KTAP_CASE(the_kernels_way_leaves_none),
	KTAP_CASE(the_fuller_pageblock_is_next),
	KTAP_CASE(a_cold_page_is_not_reused_at_once),
	KTAP_CASE(a_cold_page_is_better_than_none),
	KTAP_CASE(the_pageblock_with_most_live_blocks_serves),
	KTAP_CASE(what_cannot_serve_is_not_asked),
	KTAP_CASE(a_large_block_counts_as_one),
	KTAP_CASE(the_pageblock_served_last_stays_warm),
	KTAP_CASE(a_pair_stays_with_its_cpu_in_full_memory),
	KTAP_CASE(a_spoilt_cold_page_is_not_handed_out));
