/* SPDX-License-Identifier: MIT */
/* buddy.h - a zone's free lists, for the page allocator's own files (mm/buddy.c). */
#ifndef MM_BUDDY_H
#define MM_BUDDY_H

#include <linux/compiler.h>
#include "mm/page_alloc.h"

/* Bits of zone->flags. */
#define ZONE_BOOSTED 1u			/* the boost grew: kswapd should hear of it */

/* Flags that a page which is free, or is being freed, must not have. */
#define PAGE_FLAGS_CHECK_AT_FREE \
	(1ul << PG_lru | 1ul << PG_locked | 1ul << PG_private | 1ul << PG_private_2 | 1ul << PG_writeback | \
	 1ul << PG_reserved | 1ul << PG_slab | 1ul << PG_active | 1ul << PG_unevictable | 1ul << PG_mlocked)
#define PAGE_FLAGS_ALL ((1ul << __NR_PAGEFLAGS) - 1)

/* The order that a block was handed out with, in the flags of its first page: it must come back with the same. */
#define PAGE_ORDER_SHIFT __NR_PAGEFLAGS
#define PAGE_ORDER_MASK (15ul << PAGE_ORDER_SHIFT)
_Static_assert(PAGE_ORDER_SHIFT + 4 <= PAGE_ZONE_SHIFT && MAX_ORDER < 16, "room for the order");

static inline unsigned int page_order(const struct page *page)
{
	return (unsigned int)(__atomic_load_n(&page->flags, __ATOMIC_RELAXED) >> PAGE_ORDER_SHIFT) & 15;
}

/* Of a page that is the caller's alone. Others glance at its zone, which is in the same word. */
static inline void page_flags_set(struct page *page, unsigned long flags)
{
	__atomic_store_n(&page->flags, flags, __ATOMIC_RELAXED);
}

static inline void page_order_set(struct page *page, unsigned int order)
{
	page_flags_set(page, (page->flags & ~PAGE_ORDER_MASK) | (unsigned long)order << PAGE_ORDER_SHIFT);
}

/* The first of pages [from, to) that is not as its owner must leave it, or NULL. Other flags are cleared. */
struct page *pages_wash(struct page *from, const struct page *to);

/* The free block that a list's entry is. */
#define free_block_of(entry) ((struct page *)((char *)(entry) - offsetof(struct page, buddy_list)))

/*
 * A block of that order, off its list, for a request of that mobility: its own lists first, then other types'
 * (whole pageblocks where that keeps types apart). NULL if the zone has none. The caller has checked watermarks.
 */
struct page *buddy_take(struct zone *zone, unsigned int order, enum migratetype type, unsigned int alloc_flags)
	MUST_HOLD(zone->lock);
/*
 * The same for 2^order single pages, side by side: as many as the place that the first would come from has, but no more
 * than @most. *order says how many.
 */
struct page *buddy_take_singles(struct zone *zone, unsigned int most, enum migratetype type, unsigned int alloc_flags,
				unsigned int *order) MUST_HOLD(zone->lock);
/* A block from one type's lists only. */
struct page *buddy_take_of_type(struct zone *zone, unsigned int order, enum migratetype type) MUST_HOLD(zone->lock);

/* Give a block back, merging while its buddy is free. to_tail: hand it out last. Caller held the last reference. */
void buddy_give(struct zone *zone, struct page *page, unsigned int order, enum migratetype type, bool to_tail)
	MUST_HOLD(zone->lock);

/* Take one block off its list; the caller counts its pages. */
void buddy_remove(struct zone *zone, struct page *page, unsigned int order) MUST_HOLD(zone->lock);

/* Is there a block of exactly that order and type, described or not? */
bool buddy_has(const struct zone *zone, unsigned int order, enum migratetype type);
/* Blocks of exactly that order, deferred ones included. */
unsigned long buddy_count(const struct zone *zone, unsigned int order);
/* Or of that order or more, of any type? */
bool zone_has_block(const struct zone *zone, unsigned int order);

/* Is the buddy of that free block free too, so that they should have merged? */
bool buddy_is_mergeable(const struct zone *zone, pfn_t pfn, unsigned int order, enum migratetype type);

/* Move the free blocks of pfn's pageblock to another type's lists. Returns their pages. */
unsigned long buddy_move_pageblock(struct zone *zone, pfn_t pfn, enum migratetype type) MUST_HOLD(zone->lock);

/* Keep the pageblock of a block just handed out for high-order atomic requests, if the zone's share allows. */
void highatomic_reserve(struct zone *zone, struct page *page, unsigned int order, enum migratetype type);
/* Give one such pageblock back to ordinary requests; the last one too only if told. Returns whether one was found. */
bool highatomic_unreserve(struct zonelist *zonelist, enum zone_type highest, bool last_too, enum migratetype type);

/* Descriptors of [start, end), which the host has made usable, of pages of the zone. */
void pages_describe(struct zone *zone, pfn_t start, pfn_t end, bool reserved);

/* Does a machine of this kind have that type of zone, if only an empty one? (The kernel's files say.) */
static inline bool zone_type_is_shown(const struct machine *m, enum zone_type type)
{
	if (type == ZONE_HIGHMEM)
		return m->params.layout_i386 || m->max_low_pfn < m->max_pfn;
	return !m->params.layout_i386 || (type != ZONE_DMA32 && type != ZONE_DEVICE);
}

static inline pfn_t zone_page_pfn(const struct zone *zone, const struct page *page)
{
	return machine_pfn(zone->machine, page);
}

/* Nobody's: off its list and not handed out yet, has it stayed as it was freed? */
static inline bool page_is_untouched(const struct page *page)
{
	return page_type_get(page) == PAGE_TYPE_NONE && !page->_refcount.counter && !page->mapping &&
	       !(page->flags & PAGE_FLAGS_ALL);
}

/*
 * A glance at what others may be changing: a neighbour's type (only zone->lock's holder makes it PGTY_BUDDY, or ends
 * that), whether a list is empty. Whoever must be certain looks under the lock.
 */
#define GLANCES __no_kcsan

static inline bool page_is_free_block(const struct page *page, unsigned int order)
{
	return page_type_get(page) == PAGE_TYPE(PGTY_BUDDY, order);
}

static inline bool page_is_buddy(const struct page *page)
{
	return page_type_get(page) >> 24 == PGTY_BUDDY;
}

static inline unsigned long zone_watermark(const struct zone *zone, enum zone_watermarks mark)
{
	return __atomic_load_n(&zone->watermark[mark], __ATOMIC_RELAXED) +
	       __atomic_load_n(&zone->watermark_boost, __ATOMIC_RELAXED);
}

static inline unsigned long zone_managed(const struct zone *zone)
{
	return __atomic_load_n(&zone->managed_pages, __ATOMIC_RELAXED);
}

/* NR_FREE_PAGES changes only under zone->lock: no locked instruction is needed. Isolated pages do not count. */
static inline void zone_count_free(struct zone *zone, enum migratetype type, long pages) MUST_HOLD(zone->lock)
{
	long *free = &zone->vm_stat[NR_FREE_PAGES];

	if (type != MIGRATE_ISOLATE)
		__atomic_store_n(free, *free + pages, __ATOMIC_RELAXED);
}

#endif
