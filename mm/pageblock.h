/* SPDX-License-Identifier: MIT */
/* pageblock.h - how full each pageblock is, for the page allocator's own files (mm/pageblock.c). */
#ifndef MM_PAGEBLOCK_H
#define MM_PAGEBLOCK_H

#include <linux/bitops.h>
#include <linux/log2.h>
#include "mm/page_alloc.h"

/*
 * A pageblock's tag, as one number:
 *
 *	[ bucket : 16 | touched : 8 | apart : 1 | PCP_MOBILITY() : 2 | - : 2 | type ^ MIGRATE_MOVABLE : 3 ]
 *
 * Boot leaves zeroes: movable. "Apart" are the types of which CPUs keep nothing. CPUs read tags without the lock, so
 * they are written to only where they change.
 */
#define PAGEBLOCK_BELOW_BUCKET 0xffffu
#define PAGEBLOCK_TOUCHED 0xff00u
#define PAGEBLOCK_APART 128u
#define PAGEBLOCK_MOBILITY PCP_MOBILITY_MASK
#define PAGEBLOCK_TYPE_MASK 7u
#define PAGES_A_BUCKET ((unsigned int)PAGEBLOCK_PAGES / NR_BUCKETS)

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

static inline struct block_info *pageblock_info(const struct zone *zone, pfn_t pfn)
{
	return &zone->block_info[pageblock_index(zone, pfn)];
}

/* A block's bit in its pageblock's map: those of order n follow bit 2^(9-n), and a block's buddy is the bit beside. */
static inline unsigned int block_bit(pfn_t pfn, unsigned int order)
{
	return (unsigned int)(PAGEBLOCK_PAGES + pfn % PAGEBLOCK_PAGES) >> order;
}

/* A block smaller than a pageblock is on one of the free lists now, or no more. */
static inline void pageblock_list(struct block_info *info, unsigned int bit, unsigned int order)
{
	__set_bit(bit, info->map);
	info->free_blocks[order]++;
	info->orders = (u16)(info->orders | 1u << order);
}

static inline void pageblock_unlist(struct block_info *info, unsigned int bit, unsigned int order)
{
	__clear_bit(bit, info->map);
	if (!--info->free_blocks[order])
		info->orders = (u16)(info->orders & ~(1u << order));
}

/* The same of a block of whole pageblocks. */
void pageblocks_list(struct zone *zone, pfn_t pfn, unsigned int order, bool is_free) MUST_HOLD(zone->lock);

/* It is on another list of pageblocks now, as its free and its live blocks have changed. After the free lists have. */
void pageblock_move(struct zone *zone, u32 index, unsigned int place) MUST_HOLD(zone->lock);

/*
 * The list that a pageblock should be on, as a number; 0: on none.
 *
 *	[ - : 4 | type : 2 | bucket : 6 | order of the largest free block + 1 : 4 ]
 */
#define PLACE(type, bucket, order) (((type) * NR_BUCKETS + (bucket)) * NR_PLACES + (order) + 1)

static inline unsigned int pageblock_place(const struct zone *zone, u32 index)
{
	const struct block_info *info = &zone->block_info[index];
	const struct pageblock_tag *tag = &zone->pageblock_tags[index];
	unsigned int type = (tag->type ^ MIGRATE_MOVABLE) & PAGEBLOCK_TYPE_MASK;

	if (!info->orders || type >= MIGRATE_PCPTYPES)
		return 0;
	return PLACE(type, tag->bucket, (unsigned int)ilog2((unsigned int)info->orders));
}

static inline void pageblock_sort(struct zone *zone, u32 index) MUST_HOLD(zone->lock)
{
	unsigned int place = pageblock_place(zone, index);

	if (unlikely(place != zone->block_info[index].place))
		pageblock_move(zone, index, place);
}

static inline void set_pageblock_rest(struct zone *zone, u32 index, unsigned int rest) MUST_HOLD(zone->lock)
{
	u16 *at = &zone->pageblock_tags[index].bucket, bucket = (u16)(rest / PAGES_A_BUCKET);

	zone->block_info[index].rest = (u16)rest;
	if (*at != bucket)
		__atomic_store_n(at, bucket, __ATOMIC_RELAXED);
}

/* Pages of a pageblock, of a block of that order, are in use as blocks of order @each. */
static inline void pageblock_take(struct zone *zone, u32 index, unsigned int order, unsigned int each)
	MUST_HOLD(zone->lock)
{
	struct block_info *info = &zone->block_info[index];

	info->nr_free = (u16)(info->nr_free - (1u << order));
	set_pageblock_rest(zone, index, info->rest - (1u << (order - each)));
	pageblock_sort(zone, index);
}

/*
 * A block of that order is free. Who got it may give it back in pieces, and boot gives what it never took: then @rest
 * is too much or too little. As long as there are pages in use, there is a live block.
 */
static inline void pageblock_give(struct zone *zone, u32 index, unsigned int order) MUST_HOLD(zone->lock)
{
	struct block_info *info = &zone->block_info[index];
	unsigned int nr_free = info->nr_free + (1u << order), rest = info->rest + 1u;

	if (rest >= PAGEBLOCK_PAGES)
		rest = (unsigned int)PAGEBLOCK_PAGES - 1;
	if (rest < nr_free)
		rest = nr_free;
	info->nr_free = (u16)nr_free;
	set_pageblock_rest(zone, index, rest);
	pageblock_sort(zone, index);
}

/* The same of blocks of any order, which may be whole pageblocks. */
void pageblocks_take(struct zone *zone, pfn_t pfn, unsigned int order, unsigned int each) MUST_HOLD(zone->lock);
void pageblocks_give(struct zone *zone, pfn_t pfn, unsigned int order) MUST_HOLD(zone->lock);

/*
 * A free block of that order or more in the pageblock of that type that has most live blocks, of those that can serve
 * it: the smallest there that will do, of several the lowest. NULL: there is none but in whole pageblocks.
 */
struct page *pageblocks_fullest(struct zone *zone, unsigned int order, enum migratetype type) MUST_HOLD(zone->lock);

/*
 * Touched: have flags of pages that are not the first of their block been set? If not, those of a block that one owner
 * had as a whole are as they were when he got it, and need not be looked at one by one when he frees it.
 */
bool pageblock_is_touched(const struct zone *zone, pfn_t pfn, unsigned int order);
void set_pageblock_touched(struct zone *zone, pfn_t pfn, bool touched);

/* B7: is that block known to be free? */
bool pageblock_knows(const struct zone *zone, pfn_t pfn, unsigned int order);
/* B7, B8 of all pageblocks that are described; their free blocks hold so many pages. */
struct kmem_fault;
bool pageblocks_check(const struct zone *zone, unsigned long free_pages, struct kmem_fault *fault);

#endif
