/* SPDX-License-Identifier: MIT */
/* test_pcp_blocks.c - blocks that a CPU keeps as they were freed: who gets them, how many, and when they go back. */
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include "mm/pageblock.h"
#include "mm/pcp.h"
#include "mm/stats.h"
#include "tests/page_machine.h"

/* What there is: nothing is reclaimed, and nobody woken, for it. */
#define ATOMIC_GFP __GFP_NOWARN
#define CPUS(n) " kmem.idle_release=off nr_cpus=" #n

static struct per_cpu_pages *pcp_of(const struct page *page)
{
	struct machine *m = this_machine();

	return &m->cpus[0]->pcp[machine_page_zone(m, page)->index];
}

static bool is_in(const struct page *list, const struct page *page)
{
	while (list && list != page)
		list = (const struct page *)list->lru.next;
	return list;
}

static bool is_kept(const struct page *page, unsigned int order)
{
	const struct per_cpu_pages *pcp = pcp_of(page);
	unsigned int list = 0;

	if (order)
		return is_in(pcp->order[order].chain[PCP_WARM].blocks, page);
	while (list < NR_PCP_LISTS && !is_in(pcp->lists[list], page))
		list++;
	return list < NR_PCP_LISTS;
}

/* Pages that nobody has, the CPUs' included. */
static unsigned long kept_and_free(struct machine *m)
{
	unsigned long pages = nr_free_pages();

	for (unsigned int i = 0; i < m->nr_zones; i++) {
		const struct per_cpu_pages *pcp = &m->cpus[0]->pcp[i];

		pages += (unsigned long)pcp->count;
		for (unsigned int order = 0; order < PCP_ORDERS; order++)
			pages += (unsigned long)pcp->order[order].chain[PCP_WARM].kept << order;
	}
	return pages;
}

static void expect_compound(struct ktap *t, const struct page *page, unsigned int order)
{
	EXPECT_EQ(t, compound_order(page), order);
	for (unsigned long i = 1; i < 1ul << order; i++)
		if (!EXPECT_EQ(t, compound_head(page + i), page))
			return;
}

static void a_block_of_any_order_comes_back_as_it_was(struct ktap *t)
{
	static const gfp_t kinds[] = { GFP_KERNEL, GFP_KERNEL | __GFP_COMP, GFP_HIGHUSER_MOVABLE,
				       GFP_KERNEL | __GFP_RECLAIMABLE };
	struct machine *m = machine_for(t, "mem=512M" CPUS(1));
	unsigned long before;

	ASSERT(t, m);
	drain_all_pages();
	before = nr_free_pages();
	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++)
		for (unsigned int order = 0; order < PCP_ORDERS; order++) {
			struct page *page = alloc_pages(kinds[i], order);

			ASSERT(t, page);
			__free_pages(page, order);
			EXPECT(t, is_kept(page, order));
			zones_hold(t, m);
			EXPECT_EQ(t, alloc_pages(kinds[i], order), page);
			EXPECT_EQ(t, page_count(page), 1);
			EXPECT_EQ(t, page_order(page), order);
			if (order && (kinds[i] & __GFP_COMP))
				expect_compound(t, page, order);
			__free_pages(page, order);
			drain_all_pages();
			EXPECT_EQ(t, nr_free_pages(), before);
			zones_hold(t, m);
		}
}

static void a_compound_block_serves_one_who_wants_a_plain_one(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M" CPUS(1));

	ASSERT(t, m);
	for (unsigned int order = 1; order < 9; order++)
		for (unsigned int i = 0; i < 2; i++) {
			gfp_t first = i ? __GFP_COMP : 0, second = i ? 0 : __GFP_COMP;
			struct page *page = alloc_pages(GFP_KERNEL | first, order);

			ASSERT(t, page);
			__free_pages(page, order);
			EXPECT_EQ(t, alloc_pages(GFP_KERNEL | second, order), page);
			if (second)
				expect_compound(t, page, order);
			else
				EXPECT_EQ(t, compound_head(page + 1), page + 1);
			__free_pages(page, order);
			drain_all_pages();
			zones_hold(t, m);
		}
}

static void each_mobility_has_its_own(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M" CPUS(1));
	struct page *page, *movable;

	ASSERT(t, m);
	page = alloc_pages(GFP_KERNEL, 2);
	ASSERT(t, page);
	__free_pages(page, 2);
	EXPECT(t, is_kept(page, 2));
	movable = alloc_pages(GFP_HIGHUSER_MOVABLE, 2);
	ASSERT(t, movable);
	EXPECT_NE(t, page_to_pfn(movable) >> PAGEBLOCK_ORDER, page_to_pfn(page) >> PAGEBLOCK_ORDER);
	__free_pages(movable, 2);
	zones_hold(t, m);
}

/* More than a few are the zone's, and may merge. */
static void not_many_are_kept(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=1G" CPUS(1));
	struct page *pages[64];

	ASSERT(t, m);
	for (unsigned int order = 1; order < PCP_ORDERS; order++) {
		struct per_cpu_pages *pcp;

		for (unsigned int i = 0; i < 64; i++) {
			pages[i] = alloc_pages(GFP_KERNEL, order);
			ASSERT(t, pages[i]);
		}
		pcp = pcp_of(pages[0]);
		for (unsigned int i = 0; i < 64; i++)
			__free_pages(pages[i], order);
		EXPECT_GE(t, pcp->order[order].chain[PCP_WARM].kept, 1);
		EXPECT_LE(t, pcp->order[order].chain[PCP_WARM].kept, pcp->order[order].chain[PCP_WARM].kept_max);
		EXPECT_GE(t, pcp->order[order].chain[PCP_WARM].kept,
			  pcp->order[order].chain[PCP_WARM].kept_max / 4);
		EXPECT_EQ(t, pcp->order[order].chain[PCP_WARM].kept_max > 1,
			  order < PACKED_ORDERS || order == PAGEBLOCK_ORDER);
		zones_hold(t, m);
	}
}

/* So many blocks come and go together, so many times. Returns how many the CPU may keep then. */
static unsigned int room_after_turns(struct ktap *t, unsigned int order, unsigned int turns)
{
	struct page *pages[40];

	while (turns--) {
		for (unsigned int i = 0; i < 40; i++) {
			pages[i] = alloc_pages(ATOMIC_GFP, order);
			if (!EXPECT(t, pages[i]))
				return 0;
		}
		for (unsigned int i = 0; i < 40; i++)
			__free_pages(pages[i], order);
	}
	return pcp_of(pages[0])->order[order].chain[PCP_WARM].kept_max;
}

/* One more each time that one is wanted for which there was no room, up to thirty-two; until they are kept in vain. */
static void blocks_that_come_and_go_are_kept(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=1G" CPUS(1));
	struct taken taken = { 0 };
	struct per_cpu_pages *pcp;
	struct page *page;

	ASSERT(t, m);
	for (unsigned int order = 6; order < PAGEBLOCK_ORDER; order++) {
		EXPECT_EQ(t, room_after_turns(t, order, 1), 1);
		EXPECT_EQ(t, room_after_turns(t, order, 1), 2);
		EXPECT_EQ(t, room_after_turns(t, order, 2), 4);
		EXPECT_EQ(t, room_after_turns(t, order, 40), 32);
		zones_hold(t, m);
	}
	page = alloc_pages(ATOMIC_GFP, 7);
	ASSERT(t, page);
	pcp = pcp_of(page);
	__free_pages(page, 7);
	while (taken.nr < 1024 && EXPECT(t, page_take(&taken, ATOMIC_GFP, 0)))
		;
	EXPECT_EQ(t, pcp->order[7].chain[PCP_WARM].kept, 0);
	EXPECT_EQ(t, pcp->order[7].chain[PCP_WARM].kept_max, 1);
	put_all(&taken);
	zones_hold(t, m);
	ASSERT(t, machine_for(t, "mem=64M" CPUS(1)));
	EXPECT_LE(t, room_after_turns(t, 8, 20), 3);	/* as many are in half of an eighth */
}

#define EIGHT 3			/* the order of eight pages */
static struct page *eights[2048];

static bool is_in_pageblock(const struct page *page, const struct page *other)
{
	return page_to_pfn(page) >> PAGEBLOCK_ORDER == page_to_pfn(other) >> PAGEBLOCK_ORDER;
}

/* Blocks of eight pages, half of a machine's memory or so, until no pageblock is in part free. Returns how many. */
static unsigned int take_eights(struct ktap *t)
{
	unsigned int nr = 0;

	do {
		eights[nr] = alloc_pages(GFP_KERNEL, EIGHT);
		if (!EXPECT(t, eights[nr]))
			return 0;
	} while (++nr < 1024 || (page_to_pfn(eights[nr - 1]) + (1 << EIGHT)) % PAGEBLOCK_PAGES);
	drain_all_pages();
	return nr;
}

/* All blocks of that one's pageblock but so many, and the zone has them. Returns one that is left. */
static struct page *free_eights(unsigned int nr, struct page *of, unsigned int but)
{
	struct page *left = NULL;

	for (unsigned int i = 0; i < nr; i++) {
		if (!eights[i] || !is_in_pageblock(eights[i], of))
			continue;
		if (but) {
			but--;
			left = eights[i];
			continue;
		}
		__free_pages(eights[i], EIGHT);
		eights[i] = NULL;
	}
	drain_all_pages();
	return left;
}

/* All but one that has been given already. */
static void put_eights(unsigned int nr, const struct page *given)
{
	for (unsigned int i = 0; i < nr; i++)
		if (eights[i] && eights[i] != given)
			__free_pages(eights[i], EIGHT);
}

static bool is_cold(const struct page *page, unsigned int order)
{
	return is_in(pcp_of(page)->order[order].chain[PCP_COLD].blocks, page);
}

/* A pageblock has half of its blocks, *emptier is one. Another lacked one, which the zone served: that is returned. */
static struct page *served_from_a_fuller_one(struct ktap *t, unsigned int *nr, struct page **emptier)
{
	*nr = take_eights(t);
	if (!EXPECT_GT(t, *nr, 640))
		return NULL;
	*emptier = free_eights(*nr, eights[256], 32);
	free_eights(*nr, eights[512], 63);
	return alloc_pages(GFP_KERNEL, EIGHT);
}

/* What comes back to cold pageblocks goes to the zone by eight, or as soon as it is short. */
static void blocks_of_cold_pageblocks_go_back_together(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M" CPUS(1));
	unsigned int nr, given = 0, most;
	const struct pcp_chain *cold;
	struct page *served, *emptier;
	unsigned long before;

	ASSERT(t, m);
	served = served_from_a_fuller_one(t, &nr, &emptier);
	ASSERT(t, served);
	cold = &pcp_of(served)->order[EIGHT].chain[PCP_COLD];
	most = cold->kept_max;
	EXPECT_EQ(t, most, 8);
	before = nr_free_pages();
	for (unsigned int i = 0; i < nr && given < most + 2; i++) {
		if (!eights[i] || !is_in_pageblock(eights[i], emptier))
			continue;
		__free_pages(eights[i], EIGHT);
		if (++given <= most) {
			EXPECT(t, is_cold(eights[i], EIGHT));
			EXPECT_EQ(t, cold->kept, given);
			EXPECT_EQ(t, nr_free_pages(), before);
		} else if (given == most + 1) {
			EXPECT_EQ(t, cold->kept, 0);
			EXPECT_EQ(t, nr_free_pages(), before + ((most + 1) << EIGHT));
		}
		eights[i] = NULL;
		zones_hold(t, m);
	}
	EXPECT_EQ(t, cold->kept, 1);
	pcp_cool_here(m);
	EXPECT_EQ(t, cold->kept, 0);
	__free_pages(served, EIGHT);
	put_eights(nr, NULL);
	zones_hold(t, m);
}

/* Until then they serve whoever finds nothing else here, of their mobility. */
static void a_block_of_a_cold_pageblock_is_better_than_the_zones(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M" CPUS(1));
	struct page *served, *movable, *emptier, *cold[3] = { NULL };
	unsigned int nr, found = 0;
	struct pcp_order *of;

	ASSERT(t, m);
	served = served_from_a_fuller_one(t, &nr, &emptier);
	movable = alloc_pages(GFP_HIGHUSER_MOVABLE, EIGHT);
	ASSERT(t, served && movable);
	of = &pcp_of(served)->order[EIGHT];
	__free_pages(movable, EIGHT);
	of->warm_to = page_tag(page_zone(served), served);
	for (unsigned int i = 0; i < nr && found < 3; i++)
		if (eights[i] && is_in_pageblock(eights[i], emptier)) {
			cold[found++] = eights[i];
			__free_pages(eights[i], EIGHT);
			EXPECT(t, is_cold(eights[i], EIGHT));
			eights[i] = NULL;
		}
	ASSERT_EQ(t, found, 3);
	EXPECT(t, is_kept(movable, EIGHT));		/* that is the next one of another mobility */
	for (unsigned int i = 3; i-- > 0;)
		EXPECT_EQ(t, alloc_pages(GFP_KERNEL, EIGHT), cold[i]);
	zones_hold(t, m);
	EXPECT_EQ(t, alloc_pages(GFP_HIGHUSER_MOVABLE, EIGHT), movable);
	for (unsigned int i = 0; i < 3; i++)
		__free_pages(cold[i], EIGHT);
	__free_pages(movable, EIGHT);
	__free_pages(served, EIGHT);
	put_eights(nr, NULL);
	zones_hold(t, m);
}

static void a_block_that_is_much_of_the_zone_is_not_kept(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=24M" CPUS(2));
	struct page *page;

	ASSERT(t, m);
	page = alloc_pages(GFP_KERNEL, 8);
	ASSERT(t, page);
	__free_pages(page, 8);
	EXPECT(t, !is_kept(page, 8));
	page = alloc_pages(GFP_KERNEL, 3);
	ASSERT(t, page);
	__free_pages(page, 3);
	EXPECT(t, is_kept(page, 3));
}

/*
 * What comes back to a pageblock that is emptier than the one that the zone served last waits to go to the zone, so
 * that it may become empty; and what comes back to a fuller one is as good as what the zone has.
 */
static void blocks_of_emptier_pageblocks_are_cold(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M" CPUS(1));
	struct page *served, *emptier, *full;
	unsigned int nr;

	ASSERT(t, m);
	served = served_from_a_fuller_one(t, &nr, &emptier);
	ASSERT(t, served);
	__free_pages(emptier, EIGHT);
	EXPECT(t, is_cold(emptier, EIGHT));
	__free_pages(served, EIGHT);
	EXPECT(t, is_kept(served, EIGHT));
	full = eights[640];
	__free_pages(full, EIGHT);
	EXPECT(t, is_kept(full, EIGHT));
	eights[640] = NULL;
	zones_hold(t, m);
	put_eights(nr, emptier);
	zones_hold(t, m);
}

/* For each order what the zone served it from: a pageblock is cold for one, and may be the fullest for another. */
static void a_pageblock_may_be_cold_for_one_order_only(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M" CPUS(1));
	struct page *served, *emptier, *sixteen;
	unsigned int nr;

	ASSERT(t, m);
	served = served_from_a_fuller_one(t, &nr, &emptier);
	sixteen = alloc_pages(GFP_KERNEL, EIGHT + 1);	/* the fuller one has no such place */
	ASSERT(t, served && sixteen);
	EXPECT(t, is_in_pageblock(sixteen, emptier));
	__free_pages(sixteen, EIGHT + 1);
	EXPECT(t, is_kept(sixteen, EIGHT + 1));
	__free_pages(emptier, EIGHT);
	EXPECT(t, is_cold(emptier, EIGHT));
	zones_hold(t, m);
	__free_pages(served, EIGHT);
	put_eights(nr, emptier);
	zones_hold(t, m);
}

/* As many single pages are to be had whether a CPU keeps blocks or not. */
static void a_short_zone_gets_what_the_cpu_keeps(struct ktap *t)
{
	static struct page *pages[2][4096];
	unsigned int nr[2] = { 0, 0 };

	for (unsigned int keep = 0; keep < 2; keep++) {
		struct machine *m = machine_for(t, "mem=16M" CPUS(1) " sysctl.vm.watermark_boost_factor=0");

		ASSERT(t, m);
		for (unsigned int order = 0; order < 8; order++) {
			struct page *page = alloc_pages(GFP_KERNEL, order);

			ASSERT(t, page);
			__free_pages(page, order);
		}
		if (!keep)
			drain_all_pages();
		while (nr[keep] < 4096 && (pages[keep][nr[keep]] = alloc_page(ATOMIC_GFP)))
			nr[keep]++;
		EXPECT_EQ(t, pcp_pages(pcp_of(pages[keep][0])), 0);
		zones_hold(t, m);
		for (unsigned int i = 0; i < nr[keep]; i++)
			__free_page(pages[keep][i]);
	}
	EXPECT_EQ(t, nr[0], nr[1]);
}

static void set_marks(struct machine *m, enum zone_watermarks mark, unsigned long pages)
{
	for (unsigned int i = 0; i < m->nr_zones; i++)
		__atomic_store_n(&m->zones[i]->watermark[mark], pages, __ATOMIC_RELAXED);
}

/* Who is served below the low watermark, or would not be by what the CPU keeps, leaves it there; and takes no more. */
static void a_short_zone_does_not_get_it_for_nothing(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=1G" CPUS(1));
	struct page *block, *pair, *other;
	struct zone *zone;

	ASSERT(t, m);
	block = alloc_pages(ATOMIC_GFP, 3);
	ASSERT(t, block);
	__free_pages(block, 3);
	zone = machine_page_zone(m, block);
	set_marks(m, WMARK_LOW, 1ul << 30);
	pair = alloc_pages(ATOMIC_GFP, 1);
	ASSERT(t, pair);
	EXPECT_EQ(t, pcp_of(pair)->order[1].chain[PCP_WARM].kept, 0);
	EXPECT(t, is_kept(block, 3));
	set_marks(m, WMARK_MIN, 1ul << 29);
	EXPECT_NULL(t, alloc_pages(ATOMIC_GFP, 1));
	EXPECT(t, is_kept(block, 3));
	zone->watermark[WMARK_MIN] = (unsigned long)zone_page_state(zone, NR_FREE_PAGES) - 1;
	other = alloc_pages(ATOMIC_GFP, 1);
	EXPECT(t, other);
	EXPECT(t, !is_kept(block, 3));
	watermarks_init(m);
	__free_pages(pair, 1);
	__free_pages(other, 1);
	zones_hold(t, m);
}

/* Who lacks few pages gets those of the largest blocks that the CPU keeps. The others stay. */
static void a_short_zone_gets_no_more_than_it_lacks(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=1G" CPUS(1));
	struct page *small, *large, *pair;
	struct zone *zone;

	ASSERT(t, m);
	small = alloc_pages(ATOMIC_GFP, 3);
	large = alloc_pages(ATOMIC_GFP, 6);
	ASSERT(t, small && large);
	__free_pages(small, 3);
	__free_pages(large, 6);
	zone = machine_page_zone(m, large);
	set_marks(m, WMARK_LOW, 1ul << 30);
	set_marks(m, WMARK_MIN, 1ul << 29);
	zone->watermark[WMARK_MIN] = (unsigned long)zone_page_state(zone, NR_FREE_PAGES) + 8;
	pair = alloc_pages(ATOMIC_GFP, 1);
	EXPECT(t, pair);
	EXPECT(t, !is_kept(large, 6));
	EXPECT(t, is_kept(small, 3));
	watermarks_init(m);
	pcp_cool_some(&this_cpu()->pcp[zone->index], LONG_MAX);
	EXPECT(t, !is_kept(small, 3));
	__free_pages(pair, 1);
	zones_hold(t, m);
}

/* Who keeps a page for long asks for none that could be moved, so it comes from a pageblock of those. */
static void what_is_kept_for_long_is_not_among_what_moves(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=1G" CPUS(1));
	unsigned int before;
	struct page *page;

	ASSERT(t, m);
	before = memalloc_pin_save();
	page = alloc_pages(GFP_KERNEL | __GFP_MOVABLE, 0);
	memalloc_pin_restore(before);
	ASSERT(t, page);
	EXPECT_EQ(t, pageblock_type(machine_page_zone(m, page), machine_pfn(m, page)), MIGRATE_UNMOVABLE);
	__free_pages(page, 0);
	zones_hold(t, m);
}

/* Who asks for nothing to be reclaimed, where there is too little, is refused by the numbers; and that is reported. */
static void a_hopeless_request_is_reported(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=1G" CPUS(1));

	ASSERT(t, m);
	kfree(kmalloc(1 << 16, GFP_KERNEL));	/* stands aside, and might help */
	set_marks(m, WMARK_MIN, 1ul << 29);
	set_marks(m, WMARK_LOW, 1ul << 30);
	EXPECT_NULL(t, alloc_pages(ATOMIC_GFP, 2));
	EXPECT_EQ(t, machine_large_aside(m).objects, 0);
	EXPECT_NULL(t, alloc_pages(ATOMIC_GFP, 2));
	EXPECT_STR(t, console_text(), "");
	EXPECT_NULL(t, alloc_pages(ATOMIC_GFP & ~__GFP_NOWARN, 2));
	EXPECT_EQ(t, console_count("page allocation failure: order:2"), 1u);
	watermarks_init(m);
	zones_hold(t, m);
}

/* When the zone is nearly full little is kept; after it has recovered, and all went back once more, as before. */
static void of_a_full_zone_little_is_kept(struct ktap *t)
{
	static struct page *pages[1024];
	struct machine *m = machine_for(t, "mem=64M" CPUS(1));
	struct per_cpu_pages *pcp;
	struct page *page;
	unsigned int nr = 0;

	ASSERT(t, m);
	while (nr < 1024 && (pages[nr] = alloc_pages(ATOMIC_GFP, 6)))
		nr++;
	pcp = pcp_of(pages[0]);
	EXPECT_EQ(t, pcp->order[9].chain[PCP_WARM].kept_max, 1);
	page = pages[0];
	pages[0] = pages[--nr];
	__free_pages(page, 6);
	drain_all_pages();
	EXPECT_EQ(t, pcp->order[9].chain[PCP_WARM].kept_max, 0);
	EXPECT_GT(t, pcp->order[3].chain[PCP_WARM].kept_max, 0);
	while (nr)
		__free_pages(pages[--nr], 6);
	EXPECT_EQ(t, pcp->order[9].chain[PCP_WARM].kept_max, 0);
	drain_all_pages();
	EXPECT_EQ(t, pcp->order[9].chain[PCP_WARM].kept_max, 1);
}

#define EIGHTS 2048u
#define SINGLES 128u

static void let_keep(struct per_cpu_pages *pcp, unsigned int order, u16 blocks)
{
	for (unsigned int chain = 0; chain < NR_PCP_CHAINS; chain++)
		__atomic_store_n(&pcp->order[order].chain[chain].kept_max, blocks, __ATOMIC_RELAXED);
}

/* A machine that is full but for single pages, each beside one in use. Returns how many blocks of eight there are. */
static unsigned int fill_with_eights(struct ktap *t, struct page **eights, struct page **singles)
{
	struct machine *m = machine_for(t, "mem=16M" CPUS(1));
	unsigned int nr = 0;

	if (!m)
		return 0;
	set_marks(m, WMARK_LOW, 0);
	set_marks(m, WMARK_MIN, 0);
	for (unsigned int i = 0; i < SINGLES; i++)
		singles[i] = alloc_page(ATOMIC_GFP);
	while (nr < EIGHTS && (eights[nr] = alloc_pages(ATOMIC_GFP, 3)))
		nr++;
	for (unsigned int i = 0; i < SINGLES; i++)
		if (singles[i] && machine_pfn(m, singles[i]) % 2)
			__free_page(singles[i]);
	drain_all_pages();
	if (nr)
		let_keep(pcp_of(eights[0]), 3, 8);
	return nr;
}

/* The block of eight beside that one; NULL: there is none. */
static struct page **buddy_of_eight(struct page **eights, unsigned int nr, const struct page *eight)
{
	struct machine *m = this_machine();

	for (unsigned int i = 0; i < nr; i++)
		if (eights[i] && machine_pfn(m, eights[i]) == (machine_pfn(m, eight) ^ 8))
			return &eights[i];
	return NULL;
}

/* Where there are enough pages, but in pieces, the CPU gives its own back if they make a block; others it keeps. */
static void what_a_cpu_keeps_goes_back_if_it_makes_a_block(struct ktap *t)
{
	static struct page *eights[EIGHTS], *singles[SINGLES];
	unsigned int nr = fill_with_eights(t, eights, singles), pairs = 0;
	struct page *pair[2] = { NULL }, *single[2] = { NULL }, *sixteen;

	ASSERT_GT(t, nr, 0);
	for (unsigned int i = 0; i < nr && pairs < 3; i++) {
		struct page **buddy = eights[i] ? buddy_of_eight(eights, nr, eights[i]) : NULL;

		if (!buddy)
			continue;
		if (pairs++) {
			single[pairs - 2] = eights[i];		/* its buddy stays in use */
		} else {
			pair[0] = eights[i];
			pair[1] = *buddy;
			*buddy = NULL;
		}
		eights[i] = NULL;
	}
	ASSERT_EQ(t, pairs, 3);
	for (unsigned int i = 0; i < 2; i++) {
		__free_pages(single[i], 3);
		EXPECT_NULL(t, alloc_pages(ATOMIC_GFP, 4));
	}
	EXPECT_EQ(t, blocks_kept(pcp_of(single[0]), 3), 2);
	__free_pages(pair[1], 3);
	EXPECT_NULL(t, alloc_pages(ATOMIC_GFP, 4));
	__free_pages(pair[0], 3);
	EXPECT_EQ(t, blocks_kept(pcp_of(single[0]), 3), 4);
	sixteen = alloc_pages(ATOMIC_GFP, 4);
	EXPECT(t, sixteen == (pair[0] < pair[1] ? pair[0] : pair[1]));
	EXPECT_NULL(t, alloc_pages(ATOMIC_GFP, 4));
	zones_hold(t, this_machine());
}

/* Or if it is the block, kept for pages of another mobility. */
static void what_a_cpu_keeps_for_others_goes_back(struct ktap *t)
{
	static struct page *eights[EIGHTS], *singles[SINGLES];
	unsigned int nr = fill_with_eights(t, eights, singles);
	struct page *eight;

	ASSERT_GT(t, nr, 0);
	eight = eights[nr - 1];
	__free_pages(eight, 3);
	EXPECT_EQ(t, blocks_kept(pcp_of(eight), 3), 1);
	EXPECT(t, alloc_pages(ATOMIC_GFP | __GFP_MOVABLE, 3) == eight);
	zones_hold(t, this_machine());
}

/* Nor is a block completed by what lies before its zone, or behind it. */
static void no_block_is_completed_beyond_its_zone(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M" CPUS(1));
	struct page *halves[2], *low, *block;
	unsigned long spanned;
	struct zone *zone;

	ASSERT(t, m);
	halves[0] = alloc_pages(ATOMIC_GFP, 8);
	while ((halves[1] = alloc_pages(ATOMIC_GFP, 8)) &&
	       machine_pfn(m, halves[0]) != (machine_pfn(m, halves[1]) ^ 256))
		halves[0] = halves[1];
	ASSERT(t, halves[0] && halves[1]);
	let_keep(pcp_of(halves[0]), 8, 2);
	__free_pages(halves[0], 8);
	__free_pages(halves[1], 8);
	low = min(halves[0], halves[1]);
	EXPECT(t, pcp_completes(pcp_of(low), 9));
	zone = machine_page_zone(m, low);
	spanned = zone->spanned_pages;
	zone->spanned_pages = machine_pfn(m, low) + 256 - zone->start_pfn;
	EXPECT(t, !pcp_completes(pcp_of(low), 9));
	EXPECT(t, pcp_completes(pcp_of(low), 8));
	zone->spanned_pages = spanned;
	drain_all_pages();
	block = alloc_pages(ATOMIC_GFP | GFP_DMA, 1);
	ASSERT(t, block && machine_page_zone(m, block)->start_pfn % 512);
	EXPECT_LT(t, machine_pfn(m, block), 512);
	__free_pages(block, 1);
	EXPECT(t, !pcp_completes(pcp_of(block), 9));
	zones_hold(t, m);
}

/* As memory fills up less is kept, so that what is free lies together. */
static void the_less_is_free_the_less_is_kept(struct ktap *t)
{
	static struct page *eights[1u << 15];
	struct machine *m = machine_for(t, "mem=1G" CPUS(1));
	unsigned int nr = 0;
	struct per_cpu_pages *pcp;

	ASSERT(t, m);
	eights[nr++] = alloc_pages(ATOMIC_GFP, 3);
	pcp = pcp_of(eights[0]);
	EXPECT_EQ(t, pcp->order[3].chain[PCP_WARM].kept_max, 64);
	while (nr < ARRAY_SIZE(eights) && zone_page_state(pcp->zone, NR_FREE_PAGES) > 4096)
		eights[nr++] = alloc_pages(ATOMIC_GFP, 3);
	EXPECT_GT(t, zone_watermark(pcp->zone, WMARK_HIGH), 1024);
	EXPECT_LE(t, pcp->order[3].chain[PCP_WARM].kept_max, 8);
	EXPECT_GT(t, pcp->order[3].chain[PCP_WARM].kept_max, 0);
	while (nr)
		__free_pages(eights[--nr], 3);
	drain_all_pages();
	EXPECT_EQ(t, pcp->order[3].chain[PCP_WARM].kept_max, 64);
	zones_hold(t, m);
}

/* kmem.keep= limits what is kept of each order, however large the zone is. */
static void no_more_is_kept_than_the_user_says(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=128M kmem.keep=64K" CPUS(1));
	struct per_cpu_pages *pcp;
	struct page *page;

	ASSERT(t, m);
	page = alloc_pages(GFP_KERNEL, 1);
	pcp = pcp_of(page);
	EXPECT_GT(t, pcp->order[1].chain[PCP_WARM].kept_max, 0);
	EXPECT_LE(t, pcp->order[1].chain[PCP_WARM].kept_max, 8);
	EXPECT_EQ(t, pcp->order[4].chain[PCP_WARM].kept_max, 1);
	EXPECT_EQ(t, pcp->order[5].chain[PCP_WARM].kept_max, 0);
	__free_pages(page, 1);
	page = alloc_pages(GFP_KERNEL, 5);
	__free_pages(page, 5);
	EXPECT_EQ(t, pcp->order[5].chain[PCP_WARM].kept, 0);
	ASSERT(t, machine_for(t, "mem=128M kmem.keep=1G" CPUS(1)));
	page = alloc_pages(GFP_KERNEL, 1);
	EXPECT_GT(t, pcp_of(page)->order[9].chain[PCP_WARM].kept_max, 0);	/* the zone's share, which is less */
	__free_pages(page, 1);
}

/* After a shortage a CPU takes one block, then two, then four, so that a short zone is not emptied for nothing. */
static void after_a_shortage_little_is_taken_at_once(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=1G" CPUS(1));
	struct page *pages[8];
	struct per_cpu_pages *pcp;

	ASSERT(t, m);
	pages[0] = alloc_pages(ATOMIC_GFP, 1);
	ASSERT(t, pages[0]);
	pcp = pcp_of(pages[0]);
	EXPECT_GT(t, pcp->order[1].chain[PCP_WARM].kept, 8);
	pcp_cool_here(m);
	EXPECT_EQ(t, pcp->order[1].chain[PCP_WARM].kept, 0);
	for (unsigned int i = 1; i < 8; i++) {
		static const u16 kept[] = { 0, 0, 1, 0, 3, 2, 1, 0 };

		pages[i] = alloc_pages(ATOMIC_GFP, 1);
		ASSERT(t, pages[i]);
		EXPECT_EQ(t, pcp->order[1].chain[PCP_WARM].kept, kept[i]);
	}
	for (unsigned int i = 0; i < 8; i++)
		__free_pages(pages[i], 1);
	zones_hold(t, m);
}

/* A block that the CPU keeps; then so many single pages, with a pair of its order now and then if it is used. */
static struct page *keep_and_fetch(struct ktap *t, unsigned int pages, bool use)
{
	struct page *block = alloc_pages(ATOMIC_GFP, 7);
	struct taken taken = { 0 };

	if (!EXPECT(t, block))
		return NULL;
	__free_pages(block, 7);
	EXPECT(t, is_kept(block, 7));
	for (unsigned int i = 0; i < pages; i++) {
		if (!EXPECT(t, page_take(&taken, ATOMIC_GFP, 0)))
			break;
		if (use && i % 64 == 0)
			__free_pages(alloc_pages(ATOMIC_GFP, 7), 7);
	}
	put_all(&taken);
	return block;
}

/* The memory of a large block that was wanted once shall serve small requests, before more is opened for them. */
static void a_block_that_no_one_asks_for_goes_back(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=512M" CPUS(1));
	struct page *block;

	ASSERT(t, m);
	block = keep_and_fetch(t, 100, false);
	EXPECT(t, block && is_kept(block, 7));
	drain_all_pages();
	block = keep_and_fetch(t, 1024, true);
	EXPECT(t, block && is_kept(block, 7));
	drain_all_pages();
	block = keep_and_fetch(t, 1024, false);
	EXPECT(t, block && !is_kept(block, 7));
	zones_hold(t, m);
}

static void what_was_written_to_while_kept_is_lost(struct ktap *t)
{
	static const unsigned int orders[] = { 0, 1, 5, 9 };

	for (unsigned int i = 0; i < ARRAY_SIZE(orders); i++) {
		struct machine *m = machine_for(t, "mem=64M" CPUS(1));
		struct page *page;
		unsigned long before;

		ASSERT(t, m);
		drain_all_pages();
		before = nr_free_pages();
		page = alloc_pages(GFP_KERNEL, orders[i]);
		ASSERT(t, page);
		__free_pages(page, orders[i]);
		ASSERT(t, is_kept(page, orders[i]));
		page->_refcount.counter++;
		EXPECT_NE(t, alloc_pages(GFP_KERNEL, orders[i]), page);
		EXPECT_EQ(t, console_count("BUG: Bad page state"), 1u);
		drain_all_pages();
		EXPECT_EQ(t, console_count("BUG: Bad page state"), 1u);
		EXPECT_LT(t, nr_free_pages(), before);
		page->_refcount.counter = 0;
		zones_hold(t, m);
	}
}

/* A tail that forgot its head is found when the block leaves the CPU. */
static void a_kept_compound_block_that_is_broken_is_found(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M" CPUS(1));
	struct page *page;

	ASSERT(t, m);
	page = alloc_pages(GFP_KERNEL | __GFP_COMP, 6);
	ASSERT(t, page);
	page[33].compound_head = 0;
	__free_pages(page, 6);
	EXPECT_EQ(t, console_count("BUG: Bad page state"), 0u);
	drain_all_pages();
	EXPECT_EQ(t, console_count("BUG: Bad page state"), 1u);
	EXPECT_CONTAINS(t, console_text(), "PageTail not set");
	zones_hold(t, m);
}

/* A block that there is no room for: its pages are looked at, and a compound one is undone. */
static void what_goes_to_the_zone_at_once_is_looked_at(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=512M" CPUS(1));
	struct page *small, *whole, *broken;

	ASSERT(t, m);
	small = alloc_pages(ATOMIC_GFP, 2);
	whole = alloc_pages(ATOMIC_GFP | __GFP_COMP, 7);
	broken = alloc_pages(ATOMIC_GFP | __GFP_COMP, 7);
	ASSERT(t, small && whole && broken);
	for (unsigned int is_cold = 0; is_cold < 2; is_cold++)
		pcp_of(small)->order[2].chain[is_cold].kept_max = pcp_of(whole)->order[7].chain[is_cold].kept_max = 0;
	__free_pages(whole, 7);
	EXPECT_EQ(t, compound_head(whole + 33), whole + 33);
	zones_hold(t, m);
	small[1].mapping = (void *)8;
	__free_pages(small, 2);
	EXPECT_EQ(t, console_count("BUG: Bad page state"), 1u);
	small[1].mapping = NULL;
	broken[33].compound_head = 0;
	__free_pages(broken, 7);
	EXPECT_EQ(t, console_count("BUG: Bad page state"), 2u);
	EXPECT_EQ(t, page_type_of(small), PGTY_NONE);
	zones_hold(t, m);
}

static void requests_that_sleep_in_atomic_context_are_reported(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M" CPUS(1));
	struct page *page;

	ASSERT(t, m);
	page = alloc_pages(GFP_KERNEL, 4);
	ASSERT(t, page);
	__free_pages(page, 4);
	preempt_disable();
	page = alloc_pages(GFP_KERNEL, 4);
	preempt_enable();
	EXPECT_CONTAINS(t, console_text(), "BUG: sleeping function called from invalid context");
	ASSERT(t, page);
	__free_pages(page, 4);
}

static void a_kept_block_is_zeroed_for_who_asks(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M" CPUS(1));
	unsigned char *bytes;

	ASSERT(t, m);
	bytes = (unsigned char *)__get_free_pages(GFP_KERNEL, 3);
	ASSERT(t, bytes);
	memset(bytes, 0xff, PAGE_SIZE << 3);
	free_pages((unsigned long)bytes, 3);
	ASSERT_EQ(t, (unsigned char *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, 3), bytes);
	for (unsigned long i = 0; i < PAGE_SIZE << 3; i++)
		if (!EXPECT_EQ(t, bytes[i], 0))
			return;
	free_pages((unsigned long)bytes, 3);
}

static void p3_is_broken(struct ktap *t, struct machine *m)
{
	struct kmem_fault fault = { .id = "none" };

	EXPECT(t, !zones_check(m, &fault));
	EXPECT_STR(t, fault.id, "P3");
}

static void p3_blocks_that_are_none_are_found(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M" CPUS(1));
	struct list_head *next;
	struct page *page;

	ASSERT(t, m);
	page = alloc_pages(GFP_KERNEL | __GFP_COMP, 3);
	ASSERT(t, page);
	__free_pages(page, 3);
	zones_hold(t, m);
	pcp_of(page)->order[3].chain[PCP_WARM].kept++;
	p3_is_broken(t, m);
	pcp_of(page)->order[3].chain[PCP_WARM].kept--;
	pcp_of(page)->order[3].chain[PCP_COLD].kept++;
	p3_is_broken(t, m);
	pcp_of(page)->order[3].chain[PCP_COLD].kept--;
	page->page_type++;
	p3_is_broken(t, m);
	page->page_type--;
	page->flags &= ~(1ul << PG_head);
	p3_is_broken(t, m);
	page->flags |= 1ul << PG_head;
	next = page->lru.next;
	page->lru.next = (struct list_head *)page;
	p3_is_broken(t, m);
	page->lru.next = next;
	zones_hold(t, m);
}

/* The largest that fit first, and the zone's for the rest; all become blocks again when they are freed. */
static void a_bulk_of_pages_uses_kept_blocks(struct ktap *t)
{
	struct page *blocks[3], *pages[100] = { NULL };
	static const unsigned int orders[] = { 7, 5, 4 };
	struct machine *m = machine_for(t, "mem=64M" CPUS(1));
	unsigned long before;

	ASSERT(t, m);
	for (unsigned int i = 0; i < 3; i++)
		blocks[i] = alloc_pages(GFP_KERNEL, orders[i]);
	for (unsigned int i = 0; i < 3; i++)
		__free_pages(blocks[i], orders[i]);
	before = kept_and_free(m);
	EXPECT_EQ(t, alloc_pages_bulk_array(GFP_KERNEL, 100, pages), 100);
	EXPECT_EQ(t, kept_and_free(m), before - 100);
	EXPECT(t, is_kept(blocks[0], 7));
	for (unsigned int i = 0; i < 100; i++) {
		EXPECT_EQ(t, page_count(pages[i]), 1);
		EXPECT_EQ(t, page_order(pages[i]), 0);
		if (i < 32)
			EXPECT_EQ(t, pages[i], blocks[1] + i);
		else if (i < 48)
			EXPECT_EQ(t, pages[i], blocks[2] + i - 32);
	}
	zones_hold(t, m);
	free_pages_bulk(pages, 100);
	EXPECT(t, is_kept(blocks[1], 5) && is_kept(blocks[2], 4));
	EXPECT_EQ(t, kept_and_free(m), before);
	pages[1] = blocks[0];			/* no run of places: one by one */
	EXPECT_EQ(t, alloc_pages_bulk_array(GFP_KERNEL, 20, pages), 20);
	EXPECT(t, is_kept(blocks[1], 5) && is_kept(blocks[2], 4));
	EXPECT_EQ(t, pages[1], blocks[0]);
	pages[1] = NULL;
	free_pages_bulk(pages, 20);
	zones_hold(t, m);
}

KTAP_SUITE(pcp_blocks, KTAP_CASE(a_bulk_of_pages_uses_kept_blocks),
	KTAP_CASE(a_block_of_any_order_comes_back_as_it_was),
	KTAP_CASE(a_compound_block_serves_one_who_wants_a_plain_one),
	KTAP_CASE(what_goes_to_the_zone_at_once_is_looked_at),
	KTAP_CASE(each_mobility_has_its_own),
	KTAP_CASE(not_many_are_kept),
	KTAP_CASE(blocks_that_come_and_go_are_kept),
	KTAP_CASE(blocks_of_cold_pageblocks_go_back_together),
	KTAP_CASE(a_block_of_a_cold_pageblock_is_better_than_the_zones),
	KTAP_CASE(a_block_that_is_much_of_the_zone_is_not_kept),
	KTAP_CASE(blocks_of_emptier_pageblocks_are_cold),
	KTAP_CASE(a_pageblock_may_be_cold_for_one_order_only),
	KTAP_CASE(a_short_zone_gets_what_the_cpu_keeps),
	KTAP_CASE(a_short_zone_does_not_get_it_for_nothing),
	KTAP_CASE(a_short_zone_gets_no_more_than_it_lacks),
	KTAP_CASE(what_is_kept_for_long_is_not_among_what_moves),
	KTAP_CASE(a_hopeless_request_is_reported),
	KTAP_CASE(no_more_is_kept_than_the_user_says),
	KTAP_CASE(of_a_full_zone_little_is_kept),
	KTAP_CASE(what_a_cpu_keeps_goes_back_if_it_makes_a_block),
	KTAP_CASE(what_a_cpu_keeps_for_others_goes_back),
	KTAP_CASE(no_block_is_completed_beyond_its_zone),
	KTAP_CASE(the_less_is_free_the_less_is_kept),
	KTAP_CASE(after_a_shortage_little_is_taken_at_once),
	KTAP_CASE(a_block_that_no_one_asks_for_goes_back),
	   KTAP_CASE(what_was_written_to_while_kept_is_lost),
	KTAP_CASE(a_kept_compound_block_that_is_broken_is_found),
	KTAP_CASE(requests_that_sleep_in_atomic_context_are_reported),
	KTAP_CASE(a_kept_block_is_zeroed_for_who_asks),
	KTAP_CASE(p3_blocks_that_are_none_are_found),
);
