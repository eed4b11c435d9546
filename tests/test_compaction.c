/* SPDX-License-Identifier: MIT */
/*
 * test_compaction.c - movable pages are moved out of the way, with what is in them; others stay where they are.
 *
 * The owner here keeps its pages in slots: page->private is the slot, and its first word says so too. owner_lock says
 * which page a slot has: background compaction may be moving it.
 */
#include <linux/migrate.h>
#include "mm/compaction.h"
#include "mm/pcp.h"
#include "tests/page_machine.h"

#define NO_KSWAPD (GFP_KERNEL & ~__GFP_KSWAPD_RECLAIM)	/* which would compact, too */
#define MOST_PAGES (64ul << 20 >> PAGE_SHIFT)

static spinlock_t owner_lock;
static struct page *slots[MOST_PAGES];
static unsigned long nr_isolated, nr_moved, nr_put_back;
static bool refuses_isolation;
static int migrate_error;

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
	if (migrate_error)
		return migrate_error;
	copy_page(page_address(dst), page_address(src));
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

static void own(unsigned long slot, struct page *page)
{
	*(unsigned long *)page_address(page) = slot;
	page->private = slot;
	slots[slot] = page;
	lock_page(page);
	__SetPageMovable(page, &operations);
	unlock_page(page);
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

/* Slots filled with movable pages until there are no more; then every @nth keeps its page. */
static unsigned long fill_and_thin(unsigned long nth)
{
	unsigned long nr = 0;
	struct page *page;

	spin_lock_init(&owner_lock);
	nr_isolated = nr_moved = nr_put_back = 0;
	refuses_isolation = false;
	migrate_error = 0;
	while (nr < MOST_PAGES && (page = alloc_page(NO_KSWAPD | __GFP_MOVABLE | __GFP_NORETRY | __GFP_NOWARN)))
		own(nr++, page);
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

static void a_large_request_compacts_for_itself(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	struct taken whole = { 0 };
	unsigned long nr, stalls, successes;
	struct page *page;

	ASSERT(t, m);
	nr = fill_and_thin(4);
	take_all(&whole, __GFP_MOVABLE | __GFP_NOWARN, PAGEBLOCK_ORDER);
	stalls = this_cpu()->events[COMPACT_STALL];
	successes = this_cpu()->events[COMPACT_SUCCESS];
	EXPECT_NULL(t, alloc_pages(__GFP_NOWARN, PAGEBLOCK_ORDER));
	EXPECT_EQ(t, nr_moved, 0);
	page = alloc_pages(NO_KSWAPD | __GFP_NORETRY, PAGEBLOCK_ORDER);
	EXPECT_NOT_NULL(t, page);
	EXPECT_GT(t, nr_moved, 0);
	EXPECT_EQ(t, this_cpu()->events[COMPACT_STALL], stalls + 1);
	EXPECT_EQ(t, this_cpu()->events[COMPACT_SUCCESS], successes + 1);
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
		if (page_to_pfn(slots[i]) % PAGEBLOCK_PAGES < 4)
			__ClearPageMovable(slots[i]);
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
	zones_hold(t, m);
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

KTAP_SUITE(compaction,
	KTAP_CASE(compact_memory_makes_memory_whole),
	KTAP_CASE(a_large_request_compacts_for_itself),
	KTAP_CASE(pages_with_more_references_stay),
	KTAP_CASE(owners_may_refuse),
	KTAP_CASE(pageblocks_that_cannot_be_emptied_are_left),
	KTAP_CASE(what_is_no_single_page_of_its_own_is_refused),
	KTAP_CASE(failures_are_not_repeated_at_once));
