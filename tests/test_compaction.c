/* SPDX-License-Identifier: MIT */
/*
 * test_compaction.c - movable pages are moved out of the way, with what is in them; others stay where they are.
 *
 * The owner here keeps its pages in slots: page->private is the slot, and its first word says so too. owner_lock says
 * which page a slot has: background compaction may be moving it.
 */
#include <linux/migrate.h>
#include "mm/compaction.h"
#include "mm/node_task.h"
#include "mm/pageblock.h"
#include "mm/pcp.h"
#include "mm/stats.h"
#include "mm/vmscan.h"
#include "tests/page_machine.h"

#define NO_KSWAPD (GFP_KERNEL & ~__GFP_KSWAPD_RECLAIM)	/* which would compact, too */
/* Whatever the watermarks. */
#define GFP_LAST (NO_KSWAPD | __GFP_MOVABLE | __GFP_MEMALLOC | __GFP_NORETRY | __GFP_NOWARN)
#define MOST_PAGES (64ul << 20 >> PAGE_SHIFT)

static spinlock_t owner_lock;
static struct page *slots[MOST_PAGES];
static unsigned long nr_isolated, nr_moved, nr_put_back;
static bool refuses_isolation, lets_go;
static int migrate_error;
static long least_free;			/* of the zones of pages that moved, just then */

static bool owner_isolate(struct page *page, isolate_mode_t mode)
{
	(void)mode;
	nr_isolated += !refuses_isolation;
	return !refuses_isolation && slots[page->private] == page;
}

static const struct movable_operations operations;

static int owner_migrate(struct page *dst, struct page *src, enum migrate_mode mode)
{
	(void)mode;
	if (lets_go) {		/* it needs the page no more */
		slots[src->private] = NULL;
		__ClearPageMovable(src);
		put_page(src);
		return -EAGAIN;
	}
	if (migrate_error)
		return migrate_error;
	copy_page(page_address(dst), page_address(src));
	least_free = min(least_free, zone_page_state(page_zone(dst), NR_FREE_PAGES));
	dst->private = src->private;
	__SetPageMovable(dst, &operations);
	spin_lock(&owner_lock);
	slots[dst->private] = dst;
	spin_unlock(&owner_lock);
	get_page(dst);
	__ClearPageMovable(src);
	src->private = 0;
	put_page(src);
	nr_moved++;
	return 0;
}

static void owner_putback(struct page *page)
{
	(void)page;
	nr_put_back++;
}

static const struct movable_operations operations = { owner_isolate, owner_migrate, owner_putback };

static void own_with(unsigned long slot, struct page *page, const struct movable_operations *owner)
{
	*(unsigned long *)page_address(page) = slot;
	page->private = slot;
	slots[slot] = page;
	lock_page(page);
	__SetPageMovable(page, owner);
	unlock_page(page);
}

static void own(unsigned long slot, struct page *page)
{
	own_with(slot, page, &operations);
}

/* The slot's page, locked, so that it is not moved any more; or NULL. */
static struct page *slot_lock(unsigned long slot)
{
	for (;;) {
		struct page *page;
		bool locked;

		spin_lock(&owner_lock);
		page = slots[slot];
		locked = !page || trylock_page(page);
		spin_unlock(&owner_lock);
		if (locked)
			return page;
		cond_resched();
	}
}

static void give(unsigned long slot)
{
	struct page *page = slot_lock(slot);

	if (!page)
		return;
	slots[slot] = NULL;
	__ClearPageMovable(page);
	unlock_page(page);
	__free_page(page);
}

/* Slots filled with movable pages until there are no more. */
static unsigned long fill(gfp_t gfp)
{
	unsigned long nr = 0;
	struct page *page;

	spin_lock_init(&owner_lock);
	nr_isolated = nr_moved = nr_put_back = 0;
	refuses_isolation = lets_go = false;
	migrate_error = 0;
	least_free = MOST_PAGES;
	while (nr < MOST_PAGES && (page = alloc_page(gfp)))
		own(nr++, page);
	return nr;
}

/* Then every @nth keeps its page. */
static unsigned long fill_and_thin(unsigned long nth)
{
	unsigned long nr = fill(NO_KSWAPD | __GFP_MOVABLE | __GFP_NORETRY | __GFP_NOWARN);

	for (unsigned long i = 0; i < nr; i++)
		if (i % nth)
			give(i);
	drain_all_pages();
	return nr;
}

static void give_all(unsigned long nr)
{
	for (unsigned long i = 0; i < nr; i++)
		give(i);
}

/* Each slot has the page that was put into it, or one with the same contents. */
static void expect_contents(struct ktap *t, unsigned long nr)
{
	for (unsigned long i = 0; i < nr; i++) {
		struct page *page = slot_lock(i);

		if (page && *(unsigned long *)page_address(page) != i)
			ktap_fail(t, "slot %lu holds the page of %lu", i, *(unsigned long *)page_address(page));
		if (page)
			unlock_page(page);
	}
}

static unsigned long whole_pageblocks(const struct machine *m)
{
	unsigned long nr = 0;

	drain_all_pages();
	for (unsigned int i = 0; i < m->nr_zones; i++)
		nr += buddy_count(m->zones[i], PAGEBLOCK_ORDER) + 2 * buddy_count(m->zones[i], MAX_ORDER);
	return nr;
}

static void holds(struct ktap *t, struct machine *m)
{
	struct kmem_fault fault = { 0 };

	if (!kmem_check(m, &fault))
		ktap_fail(t, "%s %s", fault.id, fault.place);
	EXPECT_STR(t, console_text(), "");
}

static void compact_memory_makes_memory_whole(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	unsigned long nr, before;

	ASSERT(t, m);
	nr = fill_and_thin(4);
	before = whole_pageblocks(m);
	compact_memory();
	EXPECT_GE(t, whole_pageblocks(m), 19);		/* of 32, a quarter of the pages live */
	EXPECT_LE(t, before, 4);
	EXPECT_GT(t, nr_moved, 1000);
	EXPECT_EQ(t, nr_isolated, nr_moved + nr_put_back);
	expect_contents(t, nr);
	holds(t, m);
	give_all(nr);
	EXPECT_EQ(t, m->nr_movable, 0);
	holds(t, m);
}

/* What is free is little, and lies in one pageblock: more than the lowest watermark lets compaction have. */
static void compaction_leaves_what_others_may_want(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	struct zone *zone;
	unsigned long nr;
	pfn_t from;

	ASSERT(t, m);
	zone = zone_named(m, 0, ZONE_BULK);
	from = (zone_end_pfn(zone) & ~(PAGEBLOCK_PAGES - 1)) - 2 * PAGEBLOCK_PAGES;
	nr = fill(GFP_LAST);
	for (unsigned long i = 0; i < nr; i++)
		if (page_to_pfn(slots[i]) - from < PAGEBLOCK_PAGES - 20)
			give(i);
	drain_all_pages();
	EXPECT_GT(t, zone_page_state(zone, NR_FREE_PAGES), zone->watermark[WMARK_MIN]);
	compact_memory();
	EXPECT_GT(t, nr_moved, 100);
	EXPECT_GE(t, least_free, zone->watermark[WMARK_MIN]);
	expect_contents(t, nr);
	holds(t, m);
	give_all(nr);
	holds(t, m);
}

static void compact_interleaved(struct ktap *t, const char *cmdline)
{
	const unsigned long mib = 1ul << 20;
	const struct memory_range map[] = {
		{ 0, 18 * mib, MEMORY_RAM, 0 },		{ 18 * mib, 15 * mib, MEMORY_RAM, 1 },
		{ 33 * mib, 10 * mib, MEMORY_RAM, 0 },	{ 43 * mib, mib, MEMORY_RAM, 1 },
		{ 44 * mib, mib, MEMORY_RAM, 0 },	{ 45 * mib, 19 * mib, MEMORY_RAM, 1 },
	};
	const struct machine_config config = { .map = map, .nr_ranges = ARRAY_SIZE(map), .cmdline = cmdline };
	struct machine *m = machine_for_config(t, &config);
	static u8 nids[MOST_PAGES];
	unsigned long nr, gone = 0;

	ASSERT(t, m);
	nr = fill_and_thin(4);
	for (unsigned long i = 0; i < nr; i++)
		nids[i] = slots[i] ? (u8)page_to_nid(slots[i]) : 0;
	compact_memory();
	EXPECT_GT(t, nr_moved, 1000);
	for (unsigned long i = 0; i < nr; i++)
		gone += slots[i] && page_to_nid(slots[i]) != nids[i];
	EXPECT_EQ(t, gone, 0);
	expect_contents(t, nr);
	holds(t, m);
	give_all(nr);
	drain_all_pages();
	holds(t, m);
}

/* Zones of two nodes that span the same addresses, and share pageblocks: each keeps to its own pages. */
static void zones_that_interleave_are_compacted_apart(struct ktap *t)
{
	compact_interleaved(t, "nr_cpus=1");
	compact_interleaved(t, "nr_cpus=1 kmem.fullest_first=off");	/* pages are moved into shared ones, too */
}

static void a_large_request_compacts_for_itself(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	struct taken whole = { 0 };
	unsigned long nr, stalls, successes;
	struct page *page;

	ASSERT(t, m);
	nr = fill_and_thin(4);
	take_all(&whole, __GFP_MOVABLE | __GFP_NOWARN, PAGEBLOCK_ORDER);
	stalls = m->cpus[0]->events[COMPACT_STALL];
	successes = m->cpus[0]->events[COMPACT_SUCCESS];
	EXPECT_NULL(t, alloc_pages(__GFP_NOWARN, PAGEBLOCK_ORDER));
	EXPECT_EQ(t, nr_moved, 0);
	page = alloc_pages(NO_KSWAPD | __GFP_NORETRY, PAGEBLOCK_ORDER);
	EXPECT_NOT_NULL(t, page);
	EXPECT_GT(t, nr_moved, 0);
	EXPECT_EQ(t, m->cpus[0]->events[COMPACT_STALL], stalls + 1);
	EXPECT_EQ(t, m->cpus[0]->events[COMPACT_SUCCESS], successes + 1);
	expect_contents(t, nr);
	if (page)
		__free_pages(page, PAGEBLOCK_ORDER);
	put_all(&whole);
	give_all(nr);
	holds(t, m);
}

/* Nobody asks the owner about a page that someone else refers to. */
static void pages_with_more_references_stay(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	static struct page *were[MOST_PAGES];
	unsigned long nr;

	ASSERT(t, m);
	nr = fill_and_thin(4);
	for (unsigned long i = 0; i < nr; i += 4) {
		get_page(slots[i]);
		were[i] = slots[i];
	}
	compact_memory();
	EXPECT_EQ(t, nr_isolated, 0);
	for (unsigned long i = 0; i < nr; i += 4) {
		EXPECT_EQ(t, slots[i], were[i]);
		put_page(slots[i]);
	}
	give_all(nr);
	holds(t, m);
}

static void owners_may_refuse(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	unsigned long nr, nr_free;

	ASSERT(t, m);
	nr = fill_and_thin(4);
	nr_free = nr_free_pages();
	refuses_isolation = true;
	compact_memory();
	EXPECT_EQ(t, nr_put_back, 0);
	refuses_isolation = false;
	migrate_error = -EAGAIN;
	compact_memory();
	drain_all_pages();
	EXPECT_EQ(t, nr_free_pages(), nr_free);
	EXPECT_GT(t, nr_isolated, 0);
	EXPECT_EQ(t, nr_put_back, nr_isolated);
	EXPECT_EQ(t, nr_moved, 0);
	expect_contents(t, nr);
	holds(t, m);
	give_all(nr);
	holds(t, m);
}

/* A pageblock with a page that cannot move is left alone: moving the others would make nothing whole. */
static void pageblocks_that_cannot_be_emptied_are_left(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	unsigned long nr;

	ASSERT(t, m);
	nr = fill_and_thin(4);
	for (unsigned long i = 0; i < nr; i += 4)
		if (page_to_pfn(slots[i]) % PAGEBLOCK_PAGES < 4) {
			lock_page(slots[i]);
			__ClearPageMovable(slots[i]);
			unlock_page(slots[i]);
		}
	compact_memory();
	EXPECT_LE(t, nr_moved, 2 * PAGEBLOCK_PAGES);
	for (unsigned long i = 0; i < nr; i += 4)
		if (slots[i] && !__PageMovable(slots[i]))
			own(i, slots[i]);
	give_all(nr);
	holds(t, m);
}

static void what_is_no_single_page_of_its_own_is_refused(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	struct page *page;

	ASSERT(t, m);
	page = alloc_page(GFP_KERNEL);
	ASSERT(t, page);
	__ClearPageMovable(page);
	EXPECT_CONTAINS(t, console_text(), "WARNING");
	page->mapping = (struct address_space *)0xdead0000ul;
	__SetPageMovable(page, &operations);
	EXPECT_EQ(t, (unsigned long)page->mapping, 0xdead0000ul);
	page->mapping = NULL;
	EXPECT_EQ(t, m->nr_movable, 0);
	__free_page(page);
	page = alloc_pages(GFP_KERNEL | __GFP_COMP, 2);
	ASSERT(t, page);
	lock_page(page);
	for (int i = 0; i < 4; i++) {
		__SetPageMovable(page + i, &operations);
		EXPECT_NULL(t, page[i].mapping);
	}
	unlock_page(page);
	EXPECT_EQ(t, m->nr_movable, 0);
	__free_pages(page, 2);
	zones_hold(t, m);
}

/* Else it could be on its way to another page just then. */
static void a_page_is_locked_while_that_changes(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	struct page *page;

	ASSERT(t, m);
	page = alloc_page(GFP_KERNEL);
	ASSERT(t, page);
	lock_page(page);
	__SetPageMovable(page, &operations);
	__ClearPageMovable(page);
	unlock_page(page);
	EXPECT_STR(t, console_text(), "");
	__SetPageMovable(page, &operations);
	EXPECT_EQ(t, console_count("WARNING: CPU: "), 1);
	__ClearPageMovable(page);
	EXPECT_EQ(t, console_count("WARNING: CPU: "), 2);
	EXPECT_EQ(t, m->nr_movable, 0);
	__free_page(page);
}

/* After a failure the zone is not searched at each request. */
static void failures_are_not_repeated_at_once(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	struct taken whole = { 0 };
	unsigned long nr, isolated;

	ASSERT(t, m);
	nr = fill_and_thin(4);
	take_all(&whole, __GFP_MOVABLE | __GFP_NOWARN, PAGEBLOCK_ORDER);
	migrate_error = -EAGAIN;
	for (int i = 0; i < 4; i++)
		EXPECT_NULL(t, alloc_pages(NO_KSWAPD | __GFP_NORETRY | __GFP_NOWARN, PAGEBLOCK_ORDER));
	isolated = nr_isolated;
	EXPECT_NULL(t, alloc_pages(NO_KSWAPD | __GFP_NORETRY | __GFP_NOWARN, PAGEBLOCK_ORDER));
	EXPECT_EQ(t, nr_isolated, isolated);
	put_all(&whole);
	give_all(nr);
	holds(t, m);
}

static struct zone *dma32(struct machine *m)
{
	return zone_named(m, 0, ZONE_BULK);
}

#define OWNED 5

/* The first of OWNED pageblocks in a row whose pages are all movable, in a machine that has nothing free. */
static pfn_t owned_pageblocks(struct machine *m)
{
	pfn_t start = dma32(m)->start_pfn, at = start;

	for (; at < start + OWNED * PAGEBLOCK_PAGES && at < zone_end_pfn(dma32(m)); at++)
		if (!__PageMovable(pfn_to_page(at)))
			start = (at | (PAGEBLOCK_PAGES - 1)) + 1;
	return start;
}

/* A machine with nothing free but every other page of @blocks pageblocks from *first on. */
static struct machine *full_machine(struct ktap *t, unsigned long blocks, unsigned long *nr, pfn_t *first)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	struct page *page;

	if (!m)
		return NULL;
	*nr = fill_and_thin(1);
	while (*nr < MOST_PAGES && (page = alloc_page(GFP_LAST)))
		own((*nr)++, page);
	*first = owned_pageblocks(m);
	for (unsigned long i = 0; i < *nr; i++)
		if (page_to_pfn(slots[i]) - *first < blocks * PAGEBLOCK_PAGES && page_to_pfn(slots[i]) % 2)
			give(i);
	drain_all_pages();
	return m;
}

static void without_room_pages_stay(struct ktap *t)
{
	unsigned long nr;
	pfn_t first;
	struct machine *m = full_machine(t, 1, &nr, &first);

	ASSERT(t, m);
	compact_memory();
	EXPECT_EQ(t, nr_moved, 0);
	EXPECT_EQ(t, nr_isolated, 2);		/* one a zone: there is no use in asking for a second */
	EXPECT_EQ(t, nr_put_back, 2);
	expect_contents(t, nr);
	give_all(nr);
	holds(t, m);
}

/* One stretch is emptied into the pageblock next to it, and then the scanners have met. */
static void room_is_not_taken_from_what_was_emptied(struct ktap *t)
{
	unsigned long nr;
	pfn_t first;
	struct machine *m = full_machine(t, 2, &nr, &first);

	ASSERT(t, m);
	compact_memory();
	EXPECT_EQ(t, nr_moved, PAGEBLOCK_PAGES / 2);
	EXPECT_GE(t, whole_pageblocks(m), 1);
	expect_contents(t, nr);
	give_all(nr);
	holds(t, m);
}

/* Room is neither in a pageblock that is whole nor in one of another type. */
static void whole_and_unmovable_pageblocks_stay_so(struct ktap *t)
{
	unsigned long nr, flags;
	pfn_t first;
	struct machine *m = full_machine(t, 2, &nr, &first);
	pfn_t whole, kept;

	ASSERT(t, m);
	whole = first + 4 * PAGEBLOCK_PAGES;
	kept = first + PAGEBLOCK_PAGES;
	for (unsigned long i = 0; i < nr; i++)
		if (slots[i] && page_to_pfn(slots[i]) - whole < PAGEBLOCK_PAGES)
			give(i);
	EXPECT_EQ(t, whole_pageblocks(m), 1);
	spin_lock_irqsave(&dma32(m)->lock, flags);
	set_pageblock_type(dma32(m), kept, MIGRATE_UNMOVABLE);
	spin_unlock_irqrestore(&dma32(m)->lock, flags);
	compact_memory();
	EXPECT_EQ(t, nr_moved, 0);
	EXPECT_EQ(t, whole_pageblocks(m), 1);
	spin_lock_irqsave(&dma32(m)->lock, flags);
	set_pageblock_type(dma32(m), kept, MIGRATE_MOVABLE);
	spin_unlock_irqrestore(&dma32(m)->lock, flags);
	give_all(nr);
	holds(t, m);
}

static void reserved_pageblocks_are_not_emptied(struct ktap *t)
{
	unsigned long nr, flags;
	pfn_t first;
	struct machine *m = full_machine(t, 2, &nr, &first);

	ASSERT(t, m);
	spin_lock_irqsave(&dma32(m)->lock, flags);
	set_pageblock_type(dma32(m), first, MIGRATE_HIGHATOMIC);
	spin_unlock_irqrestore(&dma32(m)->lock, flags);
	compact_memory();
	EXPECT_EQ(t, nr_moved, 0);
	spin_lock_irqsave(&dma32(m)->lock, flags);
	set_pageblock_type(dma32(m), first, MIGRATE_MOVABLE);
	spin_unlock_irqrestore(&dma32(m)->lock, flags);
	give_all(nr);
	holds(t, m);
}

/* The last pageblock of the zone is a half: it gives room, and is not emptied. */
static void a_zone_may_end_in_the_middle_of_a_pageblock(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=65M nr_cpus=1");
	unsigned long nr;

	ASSERT(t, m);
	ASSERT_NE(t, zone_end_pfn(dma32(m)) % PAGEBLOCK_PAGES, 0);
	compact_memory();		/* all the way, as nothing is movable */
	nr = fill_and_thin(4);
	compact_memory();
	EXPECT_GT(t, nr_moved, 1000);
	expect_contents(t, nr);
	give_all(nr);
	holds(t, m);
}

/* A free page that someone wrote to is reported, and no page moves there. */
static void a_spoilt_free_page_is_no_room(struct ktap *t)
{
	unsigned long nr;
	pfn_t first;
	struct machine *m = full_machine(t, 2, &nr, &first);
	struct page *spoilt;

	ASSERT(t, m);
	spoilt = pfn_to_page(first + PAGEBLOCK_PAGES + 1);
	spoilt->flags |= 1ul << PG_lru;
	compact_memory();
	EXPECT_EQ(t, console_count("BUG: Bad page state"), 1);
	EXPECT_EQ(t, nr_moved, PAGEBLOCK_PAGES / 2 - 1);
	expect_contents(t, nr);
	give_all(nr);
	zones_hold(t, m);
}

static void owners_may_be_out_of_memory_or_busy_or_let_go(struct ktap *t)
{
	unsigned long nr, free_before;
	pfn_t first;
	struct machine *m = full_machine(t, 3, &nr, &first);

	ASSERT(t, m);
	free_before = nr_free_pages();
	migrate_error = -ENOMEM;		/* while there is room */
	compact_memory();
	EXPECT_EQ(t, nr_moved, 0);
	EXPECT_GT(t, nr_isolated, 0);
	EXPECT_EQ(t, nr_put_back, nr_isolated);
	migrate_error = 0;
	for (unsigned long i = 0; i < nr; i++)
		if (slots[i])
			lock_page(slots[i]);
	compact_memory();
	EXPECT_EQ(t, nr_moved, 0);
	for (unsigned long i = 0; i < nr; i++)
		if (slots[i])
			unlock_page(slots[i]);
	nr_isolated = nr_put_back = 0;
	lets_go = true;
	compact_memory();
	EXPECT_EQ(t, nr_put_back, 1);		/* the other zone has no room */
	EXPECT_GT(t, nr_isolated, 1);
	drain_all_pages();
	EXPECT_EQ(t, nr_free_pages(), free_before + nr_isolated - 1);
	give_all(nr);
	holds(t, m);
}

/* What kcompactd does for a request: each zone up to the highest is worked on, and counted as its work. */
static void kcompactd_compacts_each_zone_it_may(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	struct taken whole = { 0 };
	unsigned long nr, *events;

	ASSERT(t, m);
	events = m->cpus[0]->events;
	compact_node(m->nodes[0], PAGEBLOCK_ORDER, ZONE_NORMAL);	/* nothing is movable */
	EXPECT_EQ(t, events[COMPACT_DAEMON_WAKE], 0);
	nr = fill_and_thin(4);
	take_all(&whole, __GFP_MOVABLE | __GFP_NOWARN, PAGEBLOCK_ORDER);
	compact_node(m->nodes[0], 0, ZONE_NORMAL);
	EXPECT_EQ(t, events[COMPACT_DAEMON_WAKE], 0);
	compact_node(m->nodes[0], PAGEBLOCK_ORDER, ZONE_NORMAL);
	EXPECT_EQ(t, events[COMPACT_DAEMON_WAKE], 1);
	EXPECT_GT(t, nr_moved, 0);
	EXPECT_GT(t, events[COMPACT_DAEMON_MIGRATE_SCANNED], 0);
	EXPECT_GT(t, events[COMPACT_DAEMON_FREE_SCANNED], 0);
	EXPECT_GE(t, whole_pageblocks(m), 1);
	expect_contents(t, nr);
	put_all(&whole);
	give_all(nr);
	holds(t, m);
}

/* Where there is such a block all is done; where memory is short, or lies in large pieces, moving it is no help. */
static void compaction_is_only_for_memory_in_pieces(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	struct taken halves = { 0 }, rest = { 0 };
	unsigned long nr, *scanned;
	struct page *page;

	ASSERT(t, m);
	scanned = &m->cpus[0]->events[COMPACT_DAEMON_MIGRATE_SCANNED];
	page = alloc_page(NO_KSWAPD | __GFP_MOVABLE);
	ASSERT(t, page);
	own(0, page);
	compact_node(m->nodes[0], 1, ZONE_NORMAL);
	EXPECT_EQ(t, *scanned, 0);
	EXPECT_EQ(t, dma32(m)->compact_defer_shift, 0);
	take_all(&halves, __GFP_MOVABLE | __GFP_NOWARN, PAGEBLOCK_ORDER - 1);
	take_all(&rest, GFP_LAST, 0);
	compact_node(m->nodes[0], PAGEBLOCK_ORDER, ZONE_NORMAL);		/* nothing is free */
	EXPECT_EQ(t, *scanned, 0);
	nr = 0;
	for (struct page *at = halves.last, *next, *kept = NULL;; at = next) {
		if (!at) {
			halves.last = kept;
			break;
		}
		next = (struct page *)at->index;
		if (page_to_pfn(at) % PAGEBLOCK_PAGES) {
			at->index = (unsigned long)kept;
			kept = at;
		} else {
			__free_pages(at, PAGEBLOCK_ORDER - 1);
			nr++;
		}
	}
	EXPECT_GT(t, nr, 8);
	compact_node(m->nodes[0], PAGEBLOCK_ORDER, ZONE_NORMAL);
	EXPECT_EQ(t, *scanned, 0);
	EXPECT_NULL(t, alloc_pages(NO_KSWAPD | __GFP_NORETRY | __GFP_NOWARN, PAGEBLOCK_ORDER));
	EXPECT_EQ(t, m->cpus[0]->events[COMPACT_STALL], 0);
	put_all(&halves);
	put_all(&rest);
	give(0);
	holds(t, m);
}

/* Whoever asks though there is such a block by now is told so at the first pageblock. */
static void compaction_ends_where_a_block_is_found(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	struct alloc_context ac = { .highest = ZONE_BULK, .gfp = GFP_KERNEL, .order = 3 };
	struct page *page;

	ASSERT(t, m);
	page = alloc_page(NO_KSWAPD | __GFP_MOVABLE);
	ASSERT(t, page);
	own(0, page);
	ac.zonelist = m->nodes[0]->fallback;
	EXPECT_LT(t, fragmentation_index(dma32(m), 3), 0);
	EXPECT_EQ(t, try_to_compact_pages(&ac, WMARK_MIN, MIGRATE_SYNC), COMPACT_DONE);
	EXPECT_EQ(t, dma32(m)->compact_defer_shift, 0);
	give(0);
	holds(t, m);
}

/* A zone is left alone for 64 requests at most; those of a lower order than failed are heard at once. */
static void deferral_doubles_up_to_64_requests(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	struct taken whole = { 0 };
	unsigned long nr, isolated;
	struct zone *zone;

	ASSERT(t, m);
	zone = dma32(m);
	nr = fill_and_thin(4);
	take_all(&whole, __GFP_MOVABLE | __GFP_NOWARN, PAGEBLOCK_ORDER - 1);
	migrate_error = -EAGAIN;
	for (int i = 0; i < 1 + 2 + 4 + 8 + 16 + 32 + 64; i++)
		compact_node(m->nodes[0], PAGEBLOCK_ORDER, ZONE_BULK);
	EXPECT_EQ(t, zone->compact_defer_shift, 6);
	EXPECT_EQ(t, zone->compact_order_failed, PAGEBLOCK_ORDER);
	isolated = nr_isolated;
	compact_node(m->nodes[0], PAGEBLOCK_ORDER, ZONE_BULK);
	EXPECT_EQ(t, nr_isolated, isolated);
	compact_node(m->nodes[0], PAGEBLOCK_ORDER - 1, ZONE_BULK);
	EXPECT_GT(t, nr_isolated, isolated);
	EXPECT_EQ(t, zone->compact_order_failed, PAGEBLOCK_ORDER - 1);
	isolated = nr_isolated;
	compact_node(m->nodes[0], PAGEBLOCK_ORDER - 1, ZONE_BULK);
	EXPECT_EQ(t, nr_isolated, isolated);
	EXPECT_NULL(t, alloc_pages(NO_KSWAPD | __GFP_DMA | __GFP_NORETRY | __GFP_NOWARN, PAGEBLOCK_ORDER));
	EXPECT_EQ(t, nr_isolated, isolated);		/* DMA is too full, DMA32 not for it */
	put_all(&whole);
	give_all(nr);
	holds(t, m);
}

/* ------------------------------------------------------------------------------------------------------ kcompactd */

static bool kcompactd_has_worked(struct machine *m)
{
	struct node_task *task = &m->nodes[0]->kcompactd;

	return machine_event(m, COMPACT_DAEMON_WAKE) && __atomic_load_n(&task->sleeping, __ATOMIC_SEQ_CST);
}

static bool kswapd_is_done(struct machine *m)
{
	struct node_task *task = &m->nodes[0]->kswapd;

	return machine_event(m, PAGEOUTRUN) && __atomic_load_n(&task->sleeping, __ATOMIC_SEQ_CST) &&
	       !__atomic_load_n(&task->asked, __ATOMIC_SEQ_CST);
}

/* Who may not sleep finds no block where memory is in pieces; kswapd reclaims nothing, and kcompactd makes some. */
static void kcompactd_makes_blocks_for_those_who_may_not_sleep(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2");
	struct taken whole = { 0 };
	struct page *page;
	unsigned long nr;

	ASSERT(t, m);
	nr = fill_and_thin(4);
	take_all(&whole, __GFP_NOWARN, PAGEBLOCK_ORDER);
	page = alloc_pages(GFP_NOWAIT | __GFP_NOWARN, PAGEBLOCK_ORDER);
	if (page)		/* they were quick */
		__free_pages(page, PAGEBLOCK_ORDER);
	EXPECT(t, wait_until(m, kcompactd_has_worked));
	EXPECT_GT(t, nr_moved, 0);
	EXPECT_GT(t, machine_event(m, COMPACT_DAEMON_MIGRATE_SCANNED), nr_moved);
	EXPECT_GT(t, machine_event(m, COMPACT_DAEMON_FREE_SCANNED), nr_moved);
	EXPECT_EQ(t, machine_event(m, COMPACT_MIGRATE_SCANNED), machine_event(m, COMPACT_DAEMON_MIGRATE_SCANNED));
	EXPECT_EQ(t, machine_event(m, PGMIGRATE_SUCCESS), nr_moved);
	EXPECT_GE(t, machine_event(m, COMPACT_ISOLATED), 2 * nr_moved);		/* a page, and a place for it */
	EXPECT_EQ(t, machine_event(m, COMPACT_STALL) + machine_event(m, COMPACT_FAIL), 0);
	page = alloc_pages(__GFP_NOWARN, PAGEBLOCK_ORDER);
	EXPECT(t, page);
	if (page)
		__free_pages(page, PAGEBLOCK_ORDER);
	expect_contents(t, nr);
	put_all(&whole);
	give_all(nr);
	EXPECT(t, wait_until(m, kswapd_is_done));
	holds(t, m);
}

/* Where reclaim has given up, kswapd is not woken for it, and who compacts in his own place wakes nobody. */
static void kcompactd_is_woken_where_kswapd_has_given_up(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2");
	struct taken whole = { 0 };
	struct zone *zone;
	unsigned long nr;

	ASSERT(t, m);
	zone = dma32(m);
	nr = fill_and_thin(4);
	take_all(&whole, __GFP_NOWARN, PAGEBLOCK_ORDER);
	zone->node->kswapd_failures = 16;
	wakeup_kswapd(zone, GFP_KERNEL, PAGEBLOCK_ORDER, ZONE_NORMAL);
	EXPECT(t, !zone->node->kcompactd.started);
	wakeup_kswapd(zone, GFP_NOWAIT, 0, ZONE_NORMAL);
	EXPECT(t, !zone->node->kcompactd.started);
	wakeup_kswapd(zone, GFP_NOWAIT, PAGEBLOCK_ORDER, ZONE_NORMAL);
	EXPECT(t, zone->node->kcompactd.started);
	EXPECT(t, wait_until(m, kcompactd_has_worked));
	EXPECT_GT(t, nr_moved, 0);
	EXPECT(t, !zone->node->kswapd.started);
	wakeup_kcompactd(zone->node, PAGEBLOCK_ORDER, ZONE_NORMAL);	/* there is such a block now */
	EXPECT_EQ(t, zone->node->kcompactd.asked, 0);
	zone->node->kswapd_failures = 0;
	expect_contents(t, nr);
	put_all(&whole);
	give_all(nr);
	holds(t, m);
}

/* --------------------------------------------------------------------------------------------- the n-th step fails */

enum failure { REFUSES, IS_BUSY, HAS_NO_MEMORY, LETS_GO, NR_FAILURES };

static struct {
	enum failure how;
	unsigned int passages, nth;
	bool persistent, happened;
} sweep;

static bool fails(enum failure how)
{
	if (how != sweep.how || (++sweep.passages != sweep.nth && !(sweep.persistent && sweep.passages > sweep.nth)))
		return false;
	sweep.happened = true;
	return true;
}

static bool sweep_isolate(struct page *page, isolate_mode_t mode)
{
	return !fails(REFUSES) && owner_isolate(page, mode);
}

static int sweep_migrate(struct page *dst, struct page *src, enum migrate_mode mode)
{
	int error;

	lets_go = fails(LETS_GO);
	migrate_error = fails(IS_BUSY) ? -EAGAIN : fails(HAS_NO_MEMORY) ? -ENOMEM : 0;
	error = owner_migrate(dst, src, mode);
	lets_go = false;
	migrate_error = 0;
	return error;
}

static const struct movable_operations sweep_operations = { sweep_isolate, sweep_migrate, owner_putback };

#define SWEEP_PAGEBLOCKS 2ul
#define SWEEP_KEPT 64ul			/* of each so many pages one stays */

/* Two pageblocks with eight movable pages each. */
static unsigned long few_movable_pages(struct ktap *t)
{
	unsigned long nr = 0;

	spin_lock_init(&owner_lock);
	nr_isolated = nr_moved = nr_put_back = 0;
	refuses_isolation = false;
	for (unsigned long i = 0; i < SWEEP_PAGEBLOCKS; i++) {
		struct page *block = alloc_pages(NO_KSWAPD | __GFP_MOVABLE, PAGEBLOCK_ORDER);

		if (!block) {
			ktap_fail(t, "no pageblock");
			return nr;
		}
		split_page(block, PAGEBLOCK_ORDER);
		for (unsigned long k = 0; k < PAGEBLOCK_PAGES; k++)
			if (k % SWEEP_KEPT)
				__free_page(block + k);
			else
				own_with(nr++, block + k, &sweep_operations);
	}
	drain_all_pages();
	return nr;
}

static unsigned long drained_free_pages(void)
{
	drain_all_pages();
	return nr_free_pages();
}

static void sweep_once(struct ktap *t, struct machine *m)
{
	unsigned long free_before = drained_free_pages(), nr = few_movable_pages(t), gone = 0;

	sweep.passages = 0;
	sweep.happened = false;
	compact_memory();
	expect_contents(t, nr);
	for (unsigned long i = 0; i < nr; i++)
		gone += !slots[i];
	EXPECT_EQ(t, gone != 0, sweep.how == LETS_GO && sweep.happened);
	EXPECT_EQ(t, nr_isolated, nr_moved + nr_put_back + gone);
	EXPECT_EQ(t, machine_event(m, PGMIGRATE_FAIL) != 0, sweep.happened);
	give_all(nr);
	EXPECT_EQ(t, drained_free_pages(), free_before);
	holds(t, m);
}

/* Whatever the owner's n-th answer is, each page is where it was or has moved with its contents, and none is lost. */
static void the_nth_answer_of_an_owner_may_be_any(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=16M nr_cpus=1");

	ASSERT(t, m);
	for (int mode = 0; mode < 2 * NR_FAILURES && !ktap_failed(t); mode++) {
		unsigned int most = 0;

		sweep.how = (enum failure)(mode / 2);
		sweep.persistent = mode % 2;
		sweep.nth = 0;
		do {
			sweep.nth++;
			sweep_once(t, m);
			most += sweep.happened;
			m->cpus[0]->events[PGMIGRATE_FAIL] = 0;
		} while (sweep.happened && !ktap_failed(t));
		EXPECT_GE(t, most, 4);
		if (ktap_failed(t))
			ktap_note(t, "failure %d, %s, passage %u", mode / 2, mode % 2 ? "for ever" : "once", sweep.nth);
	}
}

KTAP_SUITE(compaction,
	KTAP_CASE(compact_memory_makes_memory_whole),
	   KTAP_CASE(compaction_leaves_what_others_may_want),
	KTAP_CASE(zones_that_interleave_are_compacted_apart),
	KTAP_CASE(a_large_request_compacts_for_itself),
	KTAP_CASE(pages_with_more_references_stay),
	KTAP_CASE(a_page_is_locked_while_that_changes),
	KTAP_CASE(owners_may_refuse),
	KTAP_CASE(pageblocks_that_cannot_be_emptied_are_left),
	KTAP_CASE(what_is_no_single_page_of_its_own_is_refused),
	KTAP_CASE(failures_are_not_repeated_at_once),
	KTAP_CASE(without_room_pages_stay),
	KTAP_CASE(room_is_not_taken_from_what_was_emptied),
	KTAP_CASE(whole_and_unmovable_pageblocks_stay_so),
	KTAP_CASE(reserved_pageblocks_are_not_emptied),
	KTAP_CASE(a_zone_may_end_in_the_middle_of_a_pageblock),
	KTAP_CASE(a_spoilt_free_page_is_no_room),
	KTAP_CASE(owners_may_be_out_of_memory_or_busy_or_let_go),
	KTAP_CASE(kcompactd_compacts_each_zone_it_may),
	KTAP_CASE(compaction_is_only_for_memory_in_pieces),
	   KTAP_CASE(compaction_ends_where_a_block_is_found),
	KTAP_CASE(deferral_doubles_up_to_64_requests),
	KTAP_CASE(kcompactd_makes_blocks_for_those_who_may_not_sleep),
	KTAP_CASE(kcompactd_is_woken_where_kswapd_has_given_up),
	KTAP_CASE(the_nth_answer_of_an_owner_may_be_any));
