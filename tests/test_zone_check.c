/* SPDX-License-Identifier: MIT */
/*
 * test_zone_check.c - spans, deferred ranges, free lists, tags and CPUs' lists, each broken every way that its check
 * knows, and repaired. (B1 to B6 as they break in use: test_page_alloc.c.)
 */
#include <linux/list.h>
#include "mm/pcp.h"
#include "tests/page_machine.h"

static void expect_fault(struct ktap *t, struct machine *m, const char *id)
{
	struct kmem_fault fault = { .id = "none" };

	EXPECT(t, !zones_check(m, &fault));
	EXPECT_STR(t, fault.id, id);
	EXPECT(t, !zones_check(m, NULL));
}

static struct zone *dma32(struct machine *m)
{
	return zone_named(m, 0, ZONE_BULK);
}

static void z1_zones_overlap_or_have_more_than_they_span(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct zone kept, *zone;

	ASSERT(t, m);
	zone = dma32(m);
	kept = *zone;
	zone->start_pfn--;
	expect_fault(t, m, "Z1");
	zone->start_pfn = kept.start_pfn;
	zone->managed_pages = zone->present_pages + 1;
	expect_fault(t, m, "Z1");
	zone->managed_pages = kept.managed_pages;
	zone->present_pages = zone->spanned_pages + 1;
	expect_fault(t, m, "Z1");
	zone->present_pages = kept.present_pages;
	zones_hold(t, m);
}

static void z2_a_tag_names_a_zone_elsewhere(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *page;
	unsigned long flags;

	ASSERT(t, m);
	page = alloc_page(GFP_KERNEL);
	ASSERT(t, page);
	flags = page->flags;
	page->flags = pfn_to_page(0)->flags;	/* of ZONE_DMA */
	expect_fault(t, m, "Z2");
	page->flags |= ~0ul << PAGE_ZONE_SHIFT;	/* of none */
	expect_fault(t, m, "Z2");
	page->flags = flags;
	__free_page(page);
	zones_hold(t, m);
}

/* Whole blocks that boot left undescribed: one range at least, and each way to be none. */
static void d1_deferred_ranges(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=256M");
	pfn_t start, end;
	struct zone *zone;
	unsigned int nr;

	ASSERT(t, m);
	zone = dma32(m);
	nr = zone->nr_deferred;
	ASSERT_GT(t, nr, 0);
	start = zone->deferred[0].start;
	end = zone->deferred[0].end;
	zone->nr_deferred = MAX_DEFERRED + 1;
	expect_fault(t, m, "D1");
	zone->nr_deferred = nr;
	zone->deferred[0].start++;
	expect_fault(t, m, "D1");
	zone->deferred[0].start = 0;
	expect_fault(t, m, "D1");
	zone->deferred[0].start = end;
	expect_fault(t, m, "D1");
	zone->deferred[0].start = start;
	zone->deferred[0].end = zone_end_pfn(zone) + MAX_BLOCK_PAGES;
	expect_fault(t, m, "D1");
	zone->deferred[0].end = end - MAX_BLOCK_PAGES;
	expect_fault(t, m, "D1");
	zone->deferred[0].end = end;
	zone->deferred_blocks++;
	expect_fault(t, m, "D1");
	zone->deferred_blocks--;
	zones_hold(t, m);
}

/* The first free block of that order, if the zone has one. */
static struct page *listed_block(struct zone *zone, unsigned int order)
{
	for (int type = 0; type < MIGRATE_TYPES; type++) {
		struct list_head *list = &zone->free_area[order].free_list[type];

		if (!list_empty(list))
			return free_block_of(list->next);
	}
	return NULL;
}

/* A machine and a free block of order 3 that came to be by splitting; the other half is the caller's. */
static struct machine *split_machine(struct ktap *t, struct page **mine, struct page **block)
{
	struct machine *m = machine_for(t, "mem=64M");

	if (!m)
		return NULL;
	*mine = alloc_pages(GFP_KERNEL, 4);	/* larger than CPUs' lists hold */
	if (!*mine)
		return NULL;
	split_page(*mine, 4);
	for (unsigned int i = 8; i < 16; i++)
		__free_page(*mine + i);
	drain_all_pages();
	*block = listed_block(dma32(m), 3);
	return *block ? m : NULL;
}

static void split_end(struct page *mine)
{
	for (unsigned int i = 0; i < 8; i++)
		__free_page(mine + i);
}

static void b1_a_block_outside_its_zone_or_of_another_order(struct ktap *t)
{
	struct page *mine, *block;
	struct machine *m = split_machine(t, &mine, &block);
	struct kmem_fault fault = { .place = "" };
	struct zone *zone, *dma;
	unsigned long order;

	ASSERT(t, m);
	zone = dma32(m);
	dma = zone_named(m, 0, ZONE_DMA);
	list_move(&block->buddy_list, &dma->free_area[3].free_list[block->free_type]);
	expect_fault(t, m, "B1");
	list_move(&block->buddy_list, &zone->free_area[3].free_list[block->free_type]);
	order = block->free_order;
	block->free_order = 5;
	expect_fault(t, m, "B1");
	block->free_order = order;
	list_move(&block->buddy_list, &zone->free_area[4].free_list[block->free_type]);
	block->free_order = 4;	/* as that list's, but where none can be */
	zone->free_area[3].nr_free--;
	zone->free_area[4].nr_free++;
	EXPECT(t, !zones_check(m, &fault));
	EXPECT_CONTAINS(t, fault.place, "is not aligned");
	list_move(&block->buddy_list, &zone->free_area[3].free_list[block->free_type]);
	block->free_order = order;
	zone->free_area[4].nr_free--;
	zone->free_area[3].nr_free++;
	zone->free_area[3].nr_free--;
	expect_fault(t, m, "B3");
	zone->free_area[3].nr_free++;
	split_end(mine);
	zones_hold(t, m);
}

static void b1_a_torn_list(struct ktap *t)
{
	struct page *mine, *block;
	struct machine *m = split_machine(t, &mine, &block);
	struct list_head *entry, *next, *prev;

	ASSERT(t, m);
	entry = &block->buddy_list;
	next = entry->next;
	prev = next->prev;
	next->prev = NULL;
	expect_fault(t, m, "B1");
	next->prev = prev;
	prev = entry->prev;
	entry->next = entry->prev = entry;	/* leads back to itself for ever */
	expect_fault(t, m, "B1");
	entry->next = next;
	entry->prev = prev;
	split_end(mine);
	zones_hold(t, m);
}

static void b5_b6_words_that_no_free_block_has(struct ktap *t)
{
	struct page *mine, *block;
	struct machine *m = split_machine(t, &mine, &block);
	u32 type;

	ASSERT(t, m);
	block->flags |= 1ul << PG_lru;
	expect_fault(t, m, "B5");
	block->flags &= ~(1ul << PG_lru);
	block->buddy_unused = 2;
	expect_fault(t, m, "B5");
	block->buddy_unused = 0;
	type = block[5].page_type;
	block[5].page_type = PAGE_TYPE(PGTY_TABLE, 0);
	expect_fault(t, m, "B6");
	block[5].page_type = type;
	split_end(mine);
	zones_hold(t, m);
}

/* That a list of pageblocks is not empty stands in two masks. */
static void bucket_change(struct partial_lists *lists, unsigned int place)
{
	lists->buckets[place / NR_PLACES / NR_BUCKETS][place % NR_PLACES] ^= 1ull << place / NR_PLACES % NR_BUCKETS;
}

static void place_change(struct partial_lists *lists, unsigned int place)
{
	lists->places[place / NR_PLACES] ^= (u16)(1u << place % NR_PLACES);
}

/* The pageblock of a block that split_machine() made. */
static struct block_info *info_of(const struct zone *zone, struct page *page)
{
	return &zone->block_info[pageblock_index(zone, page_to_pfn(page))];
}

static void map_change(const struct zone *zone, struct page *page, unsigned int order)
{
	__change_bit(block_bit(page_to_pfn(page), order), info_of(zone, page)->map);
}

static void b7_a_map_that_lies(struct ktap *t)
{
	struct page *mine, *block;
	struct machine *m = split_machine(t, &mine, &block);
	struct zone *zone;
	unsigned int kept = 8;

	ASSERT(t, m);
	zone = dma32(m);
	do {				/* one more than these is on the same list: else B8 */
		__free_page(mine + --kept);
		drain_all_pages();
	} while (kept > 1 && info_of(zone, mine)->nr_free % 8 == 0);
	ASSERT_NE(t, info_of(zone, mine)->nr_free % 8, 0);
	map_change(zone, block, (unsigned int)block->free_order);	/* a free block less */
	expect_fault(t, m, "B7");
	map_change(zone, block, (unsigned int)block->free_order);
	map_change(zone, mine, 0);					/* one more */
	expect_fault(t, m, "B7");
	info_of(zone, mine)->nr_free++;					/* which it counts, too */
	expect_fault(t, m, "B7");
	map_change(zone, mine, 0);
	info_of(zone, mine)->nr_free--;
	info_of(zone, mine)->nr_free ^= 8;
	expect_fault(t, m, "B7");
	info_of(zone, mine)->nr_free ^= 8;
	while (kept)
		__free_page(mine + --kept);
	zones_hold(t, m);
}

/* Each pageblock's map is as its own counts say, but all of them together hold other pages than the lists do. */
static void b7_maps_and_lists_that_differ(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct kmem_fault fault = { .id = "none" };
	unsigned long free_pages;
	struct zone *zone;

	ASSERT(t, m);
	zone = dma32(m);
	drain_all_pages();
	free_pages = (unsigned long)zone_page_state(zone, NR_FREE_PAGES);
	for (u32 i = 0; i < zone->nr_deferred; i++)
		free_pages -= zone->deferred[i].end - zone->deferred[i].start;
	EXPECT(t, pageblocks_check(zone, free_pages, &fault));
	EXPECT(t, !pageblocks_check(zone, free_pages + 1, &fault));
	EXPECT_STR(t, fault.id, "B7");
}

static void b7_free_blocks_that_lie(struct ktap *t)
{
	struct page *mine, *block;
	struct machine *m = split_machine(t, &mine, &block);
	struct block_info *info;
	unsigned int order;
	struct pageblock_tag *tag;
	u16 rest;

	ASSERT(t, m);
	info = info_of(dma32(m), block);
	order = (unsigned int)block->free_order;
	ASSERT_LT(t, order, PAGEBLOCK_ORDERS);
	info->free_blocks[order]++;
	expect_fault(t, m, "B7");
	info->free_blocks[order]--;
	info->orders ^= 1u << order;
	expect_fault(t, m, "B7");
	info->orders ^= 1u << order;
	rest = info->rest;
	info->rest = PAGEBLOCK_PAGES;
	expect_fault(t, m, "B7");
	info->rest = (u16)(info->nr_free - 1);
	expect_fault(t, m, "B7");
	info->rest = rest;
	tag = &dma32(m)->pageblock_tags[pageblock_index(dma32(m), page_to_pfn(block))];
	tag->bucket++;
	expect_fault(t, m, "B7");
	tag->bucket--;
	split_end(mine);
	zones_hold(t, m);
}

static void b8_a_pageblock_on_no_list_or_another(struct ktap *t)
{
	struct page *mine, *block;
	struct machine *m = split_machine(t, &mine, &block);
	struct partial_lists *lists;
	struct block_info *info;
	unsigned int place, first;

	ASSERT(t, m);
	lists = dma32(m)->partial;
	info = info_of(dma32(m), mine);
	ASSERT(t, info->place);
	place = info->place;
	info->place = 0;
	expect_fault(t, m, "B8");
	info->place = (u16)(place + 1);
	expect_fault(t, m, "B8");
	info->place = (u16)place;
	bucket_change(lists, place);
	expect_fault(t, m, "B8");
	bucket_change(lists, place);
	place_change(lists, place);
	expect_fault(t, m, "B8");
	place_change(lists, place);
	first = lists->first[place];
	lists->first[place] = 0;
	expect_fault(t, m, "B8");
	bucket_change(lists, place);
	place_change(lists, place);
	expect_fault(t, m, "B8");
	bucket_change(lists, place);
	place_change(lists, place);
	lists->first[place] = ~0u;
	expect_fault(t, m, "B8");
	lists->first[place] = first;
	info->prev ^= 1;
	expect_fault(t, m, "B8");
	info->prev ^= 1;
	split_end(mine);
	zones_hold(t, m);
}

/* One that nobody has described says that it is listed, and is: then lists hold more than say so. */
static void b8_more_are_listed_than_say_so(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=256M");
	unsigned int place = PLACE(0, 0, 0);
	struct partial_lists *lists;
	struct block_info *info;
	struct page *page;
	struct zone *zone;
	u32 index;

	ASSERT(t, m);
	zone = dma32(m);
	lists = zone->partial;
	ASSERT_GT(t, zone->nr_deferred, 0);
	page = alloc_page(GFP_KERNEL);
	ASSERT(t, page);
	index = pageblock_index(zone, zone->deferred[0].start);
	info = &zone->block_info[index];
	while (lists->first[place])	/* one that is empty; others hold some */
		place += NR_PLACES;
	info->place = (u16)place;
	lists->first[place] = index + 1;
	place_change(lists, place);
	bucket_change(lists, place);
	expect_fault(t, m, "B8");
	info->place = 0;
	lists->first[place] = 0;
	place_change(lists, place);
	bucket_change(lists, place);
	__free_page(page);
	zones_hold(t, m);
}

static void p1_p2_pages_of_a_cpus_list(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	struct per_cpu_pages *pcp;
	struct page *page, *hot;
	unsigned long next, flags;
	u32 type;

	ASSERT(t, m);
	page = alloc_page(GFP_KERNEL);
	hot = alloc_page(GFP_KERNEL);
	ASSERT(t, page && hot);
	__free_page(hot);
	__free_page(page);	/* at the head of its list now */
	pcp = &m->cpus[0]->pcp[dma32(m)->index];
	ASSERT_GT(t, pcp->count, 0);
	type = page->page_type;
	page->page_type = PAGE_TYPE_NONE;
	expect_fault(t, m, "P2");
	page->page_type = type;
	page->_refcount.counter++;
	expect_fault(t, m, "P2");
	page->_refcount.counter--;
	page->mapping = (void *)8;
	expect_fault(t, m, "P2");
	page->mapping = NULL;
	flags = page->flags;
	page->flags = pfn_to_page(0)->flags;
	EXPECT(t, !zones_check(m, NULL));
	page->flags = flags;
	next = (unsigned long)page->lru.next;
	page->lru.next = (void *)machine_page(m, m->max_pfn);
	expect_fault(t, m, "P2");
	page->lru.next = (void *)page;
	expect_fault(t, m, "P2");
	page->lru.next = (void *)next;
	pcp->count++;
	expect_fault(t, m, "P1");
	pcp->count--;
	zones_hold(t, m);
}

KTAP_SUITE(zone_check,
	KTAP_CASE(z1_zones_overlap_or_have_more_than_they_span),
	KTAP_CASE(z2_a_tag_names_a_zone_elsewhere),
	KTAP_CASE(d1_deferred_ranges),
	KTAP_CASE(b1_a_block_outside_its_zone_or_of_another_order),
	KTAP_CASE(b1_a_torn_list),
	KTAP_CASE(b5_b6_words_that_no_free_block_has),
	KTAP_CASE(b7_a_map_that_lies),
	KTAP_CASE(b7_maps_and_lists_that_differ), KTAP_CASE(b7_free_blocks_that_lie),
	KTAP_CASE(b8_a_pageblock_on_no_list_or_another),
	KTAP_CASE(b8_more_are_listed_than_say_so),
	KTAP_CASE(p1_p2_pages_of_a_cpus_list));
