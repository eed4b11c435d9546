/* SPDX-License-Identifier: MIT */
/* pageblock.h - how full each pageblock is, for the page allocator's own files (mm/pageblock.c). */
#ifndef MM_PAGEBLOCK_H
#define MM_PAGEBLOCK_H

#include "mm/page_alloc.h"

/*
 * A byte a pageblock: [ - : 2 | apart : 1 | cold : 1 | - : 1 | migrate type ^ MIGRATE_MOVABLE : 3 ]. Boot leaves
 * zeroes: movable, not cold. Without the last exclusive-or it is the number of the order-0 list that a CPU frees to;
 * "apart" are the types of which CPUs keep nothing.
 */
#define PAGEBLOCK_APART 32u
#define PAGEBLOCK_COLD 16u
#define PAGEBLOCK_TYPE_MASK 15u

/* Pageblocks of the zone's span, and the number of pfn's among them. */
static inline size_t zone_pageblocks(const struct zone *zone)
{
	return ((zone_end_pfn(zone) - 1) >> PAGEBLOCK_ORDER) - (zone->start_pfn >> PAGEBLOCK_ORDER) + 1;
}

static inline u32 pageblock_index(const struct zone *zone, pfn_t pfn)
{
	return (u32)((pfn >> PAGEBLOCK_ORDER) - (zone->start_pfn >> PAGEBLOCK_ORDER));
}

/* Room for them. Returns 0 or -ENOMEM. At boot. */
int pageblocks_init(struct machine *m, struct zone *zone);

/* A block of that order is one of the free lists now, or no more. */
static inline void pageblock_list(struct zone *zone, pfn_t pfn, unsigned int order) MUST_HOLD(zone->lock)
{
	struct block_info *info;

	if (order >= PAGEBLOCK_ORDERS)
		return;
	info = &zone->block_info[pageblock_index(zone, pfn)];
	info->free_blocks[order]++;
	info->orders = (u16)(info->orders | 1u << order);
}

static inline void pageblock_unlist(struct zone *zone, pfn_t pfn, unsigned int order) MUST_HOLD(zone->lock)
{
	struct block_info *info;

	if (order >= PAGEBLOCK_ORDERS)
		return;
	info = &zone->block_info[pageblock_index(zone, pfn)];
	if (!--info->free_blocks[order])
		info->orders = (u16)(info->orders & ~(1u << order));
}

/* Its pages are in use, as blocks of order @each; a block is free, as was handed out. After the lists have changed. */
void pageblocks_take(struct zone *zone, pfn_t pfn, unsigned int order, unsigned int each) MUST_HOLD(zone->lock);
void pageblocks_give(struct zone *zone, pfn_t pfn, unsigned int order) MUST_HOLD(zone->lock);

/*
 * A free block of that order or more in the pageblock of that type that has most live blocks, of those that can serve
 * it: the smallest there that will do, of several the lowest. NULL: there is none but in whole pageblocks.
 */
struct page *pageblocks_fullest(struct zone *zone, unsigned int order, enum migratetype type) MUST_HOLD(zone->lock);

/* Cold: CPUs do not reuse freed pages of the pageblock at once. */
static inline bool pageblock_is_cold(const struct zone *zone, u32 index)
{
	return __atomic_load_n(&zone->pageblock_type[index], __ATOMIC_RELAXED) & PAGEBLOCK_COLD;
}
void set_pageblock_cold(struct zone *zone, u32 index, bool is_cold) MUST_HOLD(zone->lock);

/*
 * Touched: have flags of pages that are not the first of their block been set? If not, those of a block that one owner
 * had as a whole are as they were when he got it, and need not be looked at one by one when he frees it.
 */
bool pageblock_is_touched(const struct zone *zone, pfn_t pfn, unsigned int order);
void set_pageblock_touched(struct zone *zone, pfn_t pfn, bool touched);

/* B7: is each page of that block known to be free? (The maps of the pageblocks of a larger block lie side by side.) */
bool pageblock_knows(const struct zone *zone, pfn_t pfn, unsigned int order);
/* B7, B8 of all pageblocks that are described; their free blocks hold so many pages. */
struct kmem_fault;
bool pageblocks_check(const struct zone *zone, unsigned long free_pages, struct kmem_fault *fault);

#endif
