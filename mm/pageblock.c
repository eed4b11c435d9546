/* SPDX-License-Identifier: MIT */
/*
 * pageblock.c - how full each pageblock is: small blocks are taken from the fullest.
 *
 *	zone->block_info[]	free pages, free blocks by order, live blocks; and a map of the free blocks, a bit for
 *				each block that there can be:
 *
 *	bit 1	[ order 9				]	2^(9-n) + i is block i of order n: two buddies are
 *	2, 3	[ order 8	     ][ order 8		]	neighbours, and what they make is half their number.
 *	4 .. 7	[ order 7 ][ order 7 ][ order 7 ][ ...	]	Orders 4 to 9 are one word.
 *
 *	zone->partial		lists of pageblocks that are in part free, by type:
 *
 *	505..512 live	largest free block of order 0 -> block -> block		of order 1 -> block	...
 *	497..504 live	...
 *
 *	and which of them are not empty, by order and by number of live ones.
 *
 * Requests take from the pageblock that has most live blocks, of those that can serve them, while frees go back to
 * all; so the emptier ones are soon empty, and after long use free memory lies together. What counts is how many frees
 * a pageblock is away from being whole: one block of 256 pages is one free, however much of the pageblock it fills.
 * (By pages in use, a mix of orders left nothing whole.)
 *
 * All is zero at boot, so a large machine touches none of it.
 *
 *	B7  a pageblock's map says which of its blocks are free, nr_free counts their pages, and free_blocks[] them by
 *	    order
 *	B8  a pageblock of an ordinary type that is in part free is on the list of its type, its largest free block's
 *	    order and its live blocks, and no other is
 * Lock: zone->lock.
 */
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include "lib/assert.h"
#include "mm/buddy.h"
#include "mm/pageblock.h"

#define NOWHERE 0u

_Static_assert(NR_BUCKETS <= 64, "a bit a bucket");
_Static_assert(PAGEBLOCK_ORDERS == PAGEBLOCK_ORDER, "all but whole ones");

/* ------------------------------------------------------------------------------------------------- type */

static u8 *byte_at(const struct zone *zone, u32 index)
{
	return &zone->pageblock_tags[index].type;
}

static enum migratetype type_at(const struct zone *zone, u32 index)
{
	return (enum migratetype)((__atomic_load_n(byte_at(zone, index), __ATOMIC_RELAXED) ^ MIGRATE_MOVABLE) &
				  PAGEBLOCK_TYPE_MASK);
}

enum migratetype pageblock_type(const struct zone *zone, pfn_t pfn)
{
	return type_at(zone, pageblock_index(zone, pfn));
}

GLANCES bool pageblock_is_touched(const struct zone *zone, pfn_t pfn, unsigned int order)
{
	for (pfn_t at = pfn; at < pfn + (1ul << order); at += PAGEBLOCK_PAGES)
		if (__atomic_load_n(&zone->pageblock_tags[pageblock_index(zone, at)].touched, __ATOMIC_RELAXED))
			return true;
	return false;
}

void set_pageblock_touched(struct zone *zone, pfn_t pfn, bool touched)
{
	__atomic_store_n(&zone->pageblock_tags[pageblock_index(zone, pfn)].touched, touched, __ATOMIC_RELAXED);
}

/* -------------------------------------------------------------------------------------------------------- buckets */

/* That a list is not empty stands in two masks. */
static u64 bucket_bit(unsigned int place)
{
	return 1ull << place / NR_PLACES % NR_BUCKETS;
}

static u16 place_bit(unsigned int place)
{
	return (u16)(1u << place % NR_PLACES);
}

static u64 *buckets_at(const struct zone *zone, unsigned int place)
{
	return &zone->partial->buckets[place / NR_PLACES / NR_BUCKETS][place % NR_PLACES];
}

static u16 *places_at(const struct zone *zone, unsigned int place)
{
	return &zone->partial->places[place / NR_PLACES];
}

static void block_unlist(struct zone *zone, u32 index) MUST_HOLD(zone->lock)
{
	struct block_info *info = &zone->block_info[index];
	unsigned int place = info->place;

	if (info->next)
		zone->block_info[info->next - 1].prev = info->prev;
	if (info->prev) {
		zone->block_info[info->prev - 1].next = info->next;
		return;
	}
	zone->partial->first[place] = info->next;
	if (info->next)
		return;
	*buckets_at(zone, place) ^= bucket_bit(place);
	*places_at(zone, place) ^= place_bit(place);
}

static void block_list(struct zone *zone, u32 index, unsigned int place) MUST_HOLD(zone->lock)
{
	struct block_info *info = &zone->block_info[index];

	info->prev = 0;
	info->next = zone->partial->first[place];
	zone->partial->first[place] = index + 1;
	if (info->next) {
		zone->block_info[info->next - 1].prev = index + 1;
		return;
	}
	*buckets_at(zone, place) ^= bucket_bit(place);
	*places_at(zone, place) ^= place_bit(place);
}

void pageblock_move(struct zone *zone, u32 index, unsigned int place)
{
	if (zone->block_info[index].place != NOWHERE)
		block_unlist(zone, index);
	if (place != NOWHERE)
		block_list(zone, index, place);
	zone->block_info[index].place = (u16)place;
}

void set_pageblock_type(struct zone *zone, pfn_t pfn, enum migratetype type)
{
	u32 index = pageblock_index(zone, pfn);

	__atomic_store_n(byte_at(zone, index), (u8)((type < MIGRATE_PCPTYPES ? PCP_MOBILITY(type) : PAGEBLOCK_APART) |
						    (type ^ MIGRATE_MOVABLE)), __ATOMIC_RELAXED);
	pageblock_sort(zone, index);
}

/* ------------------------------------------------------------------------------------------------------- counting */

void pageblocks_list(struct zone *zone, pfn_t pfn, unsigned int order, bool is_free)
{
	for (pfn_t at = pfn; at < pfn + (1ul << order); at += PAGEBLOCK_PAGES)
		if (is_free)
			__set_bit(block_bit(at, PAGEBLOCK_ORDER), pageblock_info(zone, at)->map);
		else
			__clear_bit(block_bit(at, PAGEBLOCK_ORDER), pageblock_info(zone, at)->map);
}

bool pageblock_knows(const struct zone *zone, pfn_t pfn, unsigned int order)
{
	unsigned int within = order < PAGEBLOCK_ORDER ? order : PAGEBLOCK_ORDER;

	for (pfn_t at = pfn; at < pfn + (1ul << order); at += 1ul << within)
		if (!test_bit(block_bit(at, within), pageblock_info(zone, at)->map))
			return false;
	return true;
}

void pageblocks_take(struct zone *zone, pfn_t pfn, unsigned int order, unsigned int each)
{
	unsigned int within = order < PAGEBLOCK_ORDER ? order : PAGEBLOCK_ORDER;

	for (pfn_t at = pfn; at < pfn + (1ul << order); at += 1ul << within)
		pageblock_take(zone, pageblock_index(zone, at), within, each < within ? each : within);
}

void pageblocks_give(struct zone *zone, pfn_t pfn, unsigned int order)
{
	unsigned int within = order < PAGEBLOCK_ORDER ? order : PAGEBLOCK_ORDER;

	for (pfn_t at = pfn; at < pfn + (1ul << order); at += 1ul << within)
		pageblock_give(zone, pageblock_index(zone, at), within);
}

/* ------------------------------------------------------------------------------------------------------- choosing */

static pfn_t block_pfn(const struct zone *zone, u32 index)
{
	return ((zone->start_pfn >> PAGEBLOCK_ORDER) + index) << PAGEBLOCK_ORDER;
}

/* The lowest free block of that order of a pageblock that has one. */
static struct page *lowest_in_block(const struct zone *zone, u32 index, unsigned int order)
{
	const unsigned long *map = zone->block_info[index].map;
	unsigned int bit = block_bit(0, order), word = BIT_WORD(bit);
	unsigned long bits = map[word] >> bit % BITS_PER_LONG << bit % BITS_PER_LONG;

	while (!bits)
		bits = map[++word];
	bit = word * BITS_PER_LONG + (unsigned int)__ffs(bits) - bit;
	return machine_page(zone->machine, block_pfn(zone, index) + ((pfn_t)bit << order));
}

struct page *pageblocks_fullest(struct zone *zone, unsigned int order, enum migratetype type)
{
	const struct partial_lists *lists = zone->partial;
	const u64 *buckets = lists->buckets[type];
	unsigned int bucket, place;
	u64 serving = 0;
	u32 index;

	for (unsigned int largest = PAGEBLOCK_ORDERS; largest > order; largest--)
		serving |= buckets[largest];
	if (!serving)
		return NULL;
	bucket = (unsigned int)type * NR_BUCKETS + (unsigned int)__ffs64(serving);
	place = order + 1 + (unsigned int)__ffs(lists->places[bucket] >> (order + 1));
	index = lists->first[bucket * NR_PLACES + place] - 1;
	return lowest_in_block(zone, index, order + (unsigned int)__ffs(zone->block_info[index].orders >> order));
}

/* ------------------------------------------------------------------------------------------------ boot, checking */

int pageblocks_init(struct machine *m, struct zone *zone)
{
	size_t nr = zone_pageblocks(zone);

	zone->pageblock_tags = memblock_alloc(&m->memblock, nr * sizeof(zone->pageblock_tags[0]), 64, zone->nid);
	zone->block_info = memblock_alloc(&m->memblock, nr * sizeof(zone->block_info[0]), 64, zone->nid);
	zone->partial = memblock_alloc(&m->memblock, sizeof(*zone->partial), 64, zone->nid);
	return zone->pageblock_tags && zone->block_info && zone->partial ? 0 : -ENOMEM;
}

static bool block_fault(const struct zone *zone, struct kmem_fault *fault, const char *id, u32 index, const char *what)
{
	return fault_at(fault, id, "node %d zone %s pageblock at pfn %lu: %s", zone->nid, zone->name,
			block_pfn(zone, index), what);
}

/* Blocks of that order in the map. */
static unsigned int blocks_in_map(const struct block_info *info, unsigned int order)
{
	unsigned int nr = 0;

	for (unsigned int bit = block_bit(0, order); bit < 2 * block_bit(0, order); bit++)
		nr += test_bit(bit, info->map);
	return nr;
}

/* Are free_blocks[] and orders what the map says? */
static bool free_blocks_check(const struct block_info *info)
{
	unsigned int orders = 0;

	for (unsigned int order = 0; order < PAGEBLOCK_ORDERS; order++) {
		if (blocks_in_map(info, order) != info->free_blocks[order])
			return false;
		orders |= info->free_blocks[order] ? 1u << order : 0;
	}
	return orders == info->orders;
}

static bool pageblock_check(const struct zone *zone, u32 index, unsigned long *free_pages, unsigned long *listed,
			    struct kmem_fault *fault)
{
	const struct block_info *info = &zone->block_info[index];
	unsigned int pages = 0;

	for (unsigned int order = 0; order <= PAGEBLOCK_ORDER; order++)
		pages += blocks_in_map(info, order) << order;
	if (pages != info->nr_free)
		return block_fault(zone, fault, "B7", index, "nr_free is not the pages of the blocks in the map");
	if (!free_blocks_check(info))
		return block_fault(zone, fault, "B7", index, "free_blocks are not those of the map");
	if (info->rest < pages || info->rest > PAGEBLOCK_PAGES - (pages < PAGEBLOCK_PAGES))
		return block_fault(zone, fault, "B7", index, "has more live blocks than pages in use, or none");
	if (zone->pageblock_tags[index].bucket != info->rest / PAGES_A_BUCKET)
		return block_fault(zone, fault, "B7", index, "its tag does not say how many blocks are live");
	if (info->place != pageblock_place(zone, index))
		return block_fault(zone, fault, "B8", index, "is not on the list of its type and blocks");
	*free_pages += pages;
	*listed += info->place != NOWHERE;
	return true;
}

/* One list, in both directions. *found counts its pageblocks; more than @listed cannot be. */
static bool list_check(const struct zone *zone, unsigned int place, unsigned long listed, unsigned long *found,
		       struct kmem_fault *fault)
{
	u32 at = zone->partial->first[place], prev = 0;
	bool good = !at == !(*buckets_at(zone, place) & bucket_bit(place)) &&
		    !at == !(*places_at(zone, place) & place_bit(place));

	for (; at && good; prev = at, at = good ? zone->block_info[at - 1].next : 0)
		good = at <= zone_pageblocks(zone) && zone->block_info[at - 1].place == place &&
		       zone->block_info[at - 1].prev == prev && ++*found <= listed;
	return good || fault_at(fault, "B8", "node %d zone %s: list %u of pageblocks is broken", zone->nid, zone->name,
				place);
}

static bool lists_check(const struct zone *zone, unsigned long listed, struct kmem_fault *fault)
{
	unsigned long found = 0;

	for (unsigned int place = 0; place < ARRAY_SIZE(zone->partial->first); place++)
		if (!list_check(zone, place, listed, &found, fault))
			return false;
	if (found != listed)
		return fault_at(fault, "B8", "node %d zone %s: %lu pageblocks are listed, %lu say so", zone->nid,
				zone->name, found, listed);
	return true;
}

bool pageblocks_check(const struct zone *zone, unsigned long free_pages, struct kmem_fault *fault)
{
	unsigned long known = 0, listed = 0;
	unsigned int range = 0;

	for (u32 index = 0; index < zone_pageblocks(zone); index++) {
		/* Of frames that nobody has described nothing is known. */
		if (range < zone->nr_deferred && block_pfn(zone, index) == zone->deferred[range].start) {
			index = pageblock_index(zone, zone->deferred[range++].end) - 1;
			continue;
		}
		if (!pageblock_check(zone, index, &known, &listed, fault))
			return false;
	}
	if (known != free_pages)
		return fault_at(fault, "B7", "node %d zone %s: maps hold %lu pages, free blocks %lu", zone->nid,
				zone->name, known, free_pages);
	return lists_check(zone, listed, fault);
}
