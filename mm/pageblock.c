/* SPDX-License-Identifier: MIT */
/*
 * pageblock.c - how full each pageblock is: small blocks are taken from the fullest.
 *
 *	zone->block_map[]	a bit a page	[ 1 1 0 1 0 0 0 0 ... ]		1: on a free list
 *	zone->block_info[]	free pages, free blocks by order, live blocks; a place in a list:
 *
 *	movable, largest free block of order 0	1..8 live -> block -> block	9..16 -> block	... 505..511 -> block
 *	movable, largest free block of order 1	...
 *
 * Requests take from the pageblock that has most live blocks, of those that can serve them, while frees go back to
 * all; so the emptier ones are soon empty, and after long use free memory lies together. What counts is how many frees
 * a pageblock is away from being whole: one block of 256 pages is one free, however much of the pageblock it fills.
 * (By pages in use, a mix of orders left nothing whole.)
 *
 * All is zero at boot, so a large machine touches none of it.
 *
 *	B7  a pageblock's map says of each page whether it lies in a free block, nr_free counts them, and free_blocks[]
 *	    its free blocks by order
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

#define WORD_BITS (8 * (unsigned int)sizeof(unsigned long))
#define WORD_ORDER (sizeof(long) == 8 ? 6u : 5u)
#define WORDS (PAGEBLOCK_PAGES / WORD_BITS)
#define BLOCKS_A_BUCKET ((unsigned int)PAGEBLOCK_PAGES / NR_BUCKETS)
#define NOWHERE 0u

_Static_assert(NR_BUCKETS <= 64, "a bit a bucket");
_Static_assert(PAGEBLOCK_ORDERS == PAGEBLOCK_ORDER, "all but whole ones");
_Static_assert(0xffff / NR_BUCKETS >= NR_PARTIAL, "place");

/* ------------------------------------------------------------------------------------------------- type and warmth */

static u8 *byte_at(const struct zone *zone, u32 index)
{
	return &zone->pageblock_type[index];
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

/* Other CPUs read it without the lock. */
void set_pageblock_cold(struct zone *zone, u32 index, bool is_cold)
{
	u8 *byte = byte_at(zone, index);

	__atomic_store_n(byte, (u8)((*byte & ~PAGEBLOCK_COLD) | (is_cold ? PAGEBLOCK_COLD : 0)), __ATOMIC_RELAXED);
}

GLANCES bool pageblock_is_touched(const struct zone *zone, pfn_t pfn, unsigned int order)
{
	for (pfn_t at = pfn; at < pfn + (1ul << order); at += PAGEBLOCK_PAGES)
		if (__atomic_load_n(&zone->pageblock_touched[pageblock_index(zone, at)], __ATOMIC_RELAXED))
			return true;
	return false;
}

void set_pageblock_touched(struct zone *zone, pfn_t pfn, bool touched)
{
	__atomic_store_n(&zone->pageblock_touched[pageblock_index(zone, pfn)], touched, __ATOMIC_RELAXED);
}

/* -------------------------------------------------------------------------------------------------------- buckets */

static unsigned int partial_of(enum migratetype type, unsigned int order)
{
	return (unsigned int)type * PAGEBLOCK_ORDERS + order;
}

static unsigned int live_blocks(const struct block_info *info)
{
	return (unsigned int)PAGEBLOCK_PAGES - info->nr_free - info->tails;
}

/* Which list the pageblock should be on: 1 + its number, or NOWHERE. */
static __always_inline unsigned int place_wanted(const struct zone *zone, u32 index)
{
	const struct block_info *info = &zone->block_info[index];
	enum migratetype type = type_at(zone, index);

	if (!info->orders || type >= MIGRATE_PCPTYPES)
		return NOWHERE;
	return 1 + partial_of(type, (unsigned int)ilog2(info->orders)) * NR_BUCKETS +
	       (live_blocks(info) - 1) / BLOCKS_A_BUCKET;
}

static void block_unlist(struct zone *zone, u32 index) MUST_HOLD(zone->lock)
{
	struct block_info *info = &zone->block_info[index];
	unsigned int list = info->place - 1u;

	if (info->next)
		zone->block_info[info->next - 1].prev = info->prev;
	if (info->prev)
		zone->block_info[info->prev - 1].next = info->next;
	else
		zone->partial_first[list] = info->next;
	if (!zone->partial_first[list])
		zone->partial_mask[list / NR_BUCKETS] &= ~(1ull << list % NR_BUCKETS);
	info->next = info->prev = 0;
}

static void block_list(struct zone *zone, u32 index, unsigned int list) MUST_HOLD(zone->lock)
{
	struct block_info *info = &zone->block_info[index];

	info->next = zone->partial_first[list];
	if (info->next)
		zone->block_info[info->next - 1].prev = index + 1;
	zone->partial_first[list] = index + 1;
	zone->partial_mask[list / NR_BUCKETS] |= 1ull << list % NR_BUCKETS;
}

static noinline void block_move(struct zone *zone, u32 index, unsigned int place) MUST_HOLD(zone->lock)
{
	if (zone->block_info[index].place)
		block_unlist(zone, index);
	if (place)
		block_list(zone, index, place - 1);
	zone->block_info[index].place = (u16)place;
}

/* Its blocks, or its type, are others now. */
static __always_inline void block_sort(struct zone *zone, u32 index) MUST_HOLD(zone->lock)
{
	unsigned int place = place_wanted(zone, index);

	if (unlikely(place != zone->block_info[index].place))
		block_move(zone, index, place);
}

void set_pageblock_type(struct zone *zone, pfn_t pfn, enum migratetype type)
{
	u32 index = pageblock_index(zone, pfn);
	u8 *byte = byte_at(zone, index);

	__atomic_store_n(byte, (u8)((*byte & PAGEBLOCK_COLD) | (type < MIGRATE_PCPTYPES ? 0 : PAGEBLOCK_APART) |
				    (type ^ MIGRATE_MOVABLE)), __ATOMIC_RELAXED);
	block_sort(zone, index);
}

/* ------------------------------------------------------------------------------------------------------- counting */

static unsigned long *map_at(const struct zone *zone, u32 index)
{
	return &zone->block_map[index * WORDS];
}

/* The bits of a block that lies within one word. */
static unsigned long word_mask(pfn_t pfn, unsigned int order)
{
	return (order < WORD_ORDER ? (1ul << (1u << order)) - 1 : ~0ul) << pfn % WORD_BITS;
}

static __always_inline void map_set(struct zone *zone, pfn_t pfn, u32 index, unsigned int order, bool is_free)
	MUST_HOLD(zone->lock)
{
	unsigned long *word = map_at(zone, index) + pfn % PAGEBLOCK_PAGES / WORD_BITS, mask = word_mask(pfn, order);

	*word = is_free ? *word | mask : *word & ~mask;
	for (unsigned int words = order < WORD_ORDER ? 1 : 1u << (order - WORD_ORDER); words > 1; words--)
		*++word = is_free ? ~0ul : 0;
}

/*
 * Who hands out a block may get it back in pieces, and boot gives what it never took: then @tails are too many or too
 * few. As long as there are pages in use, there is a live block.
 */
static void tails_set(struct block_info *info, int tails)
{
	int most = (int)PAGEBLOCK_PAGES - info->nr_free - 1;

	info->tails = (u16)(tails < 0 || most < 0 ? 0 : tails < most ? tails : most);
}

static void block_take(struct zone *zone, pfn_t pfn, unsigned int order, unsigned int each) MUST_HOLD(zone->lock)
{
	u32 index = pageblock_index(zone, pfn);
	struct block_info *info = &zone->block_info[index];

	info->nr_free = (u16)(info->nr_free - (1u << order));
	tails_set(info, info->tails + (1 << order) - (1 << (order - each)));
	map_set(zone, pfn, index, order, false);
	block_sort(zone, index);
}

static void block_give(struct zone *zone, pfn_t pfn, unsigned int order) MUST_HOLD(zone->lock)
{
	u32 index = pageblock_index(zone, pfn);
	struct block_info *info = &zone->block_info[index];

	info->nr_free = (u16)(info->nr_free + (1u << order));
	tails_set(info, info->tails - (1 << order) + 1);
	map_set(zone, pfn, index, order, true);
	block_sort(zone, index);
}

/* Larger blocks are several pageblocks. */
void pageblocks_take(struct zone *zone, pfn_t pfn, unsigned int order, unsigned int each)
{
	pfn_t at = pfn;

	if (likely(order < PAGEBLOCK_ORDER)) {
		block_take(zone, pfn, order, each);
		return;
	}
	for (; at < pfn + (1ul << order); at += PAGEBLOCK_PAGES)
		block_take(zone, at, PAGEBLOCK_ORDER, each < PAGEBLOCK_ORDER ? each : PAGEBLOCK_ORDER);
}

void pageblocks_give(struct zone *zone, pfn_t pfn, unsigned int order)
{
	pfn_t at = pfn;

	if (likely(order < PAGEBLOCK_ORDER)) {
		block_give(zone, pfn, order);
		return;
	}
	for (; at < pfn + (1ul << order); at += PAGEBLOCK_PAGES)
		block_give(zone, at, PAGEBLOCK_ORDER);
}

bool pageblock_knows(const struct zone *zone, pfn_t pfn, unsigned int order)
{
	const unsigned long *word = map_at(zone, pageblock_index(zone, pfn)) + pfn % PAGEBLOCK_PAGES / WORD_BITS;
	unsigned long mask = word_mask(pfn, order);

	if ((*word & mask) != mask)
		return false;
	for (unsigned int words = order < WORD_ORDER ? 1 : 1u << (order - WORD_ORDER); words > 1; words--)
		if (*++word != ~0ul)
			return false;
	return true;
}

/* ------------------------------------------------------------------------------------------------------- choosing */

/*
 * Where blocks of that order start in a word that holds several. Buddies that are both free have merged, so where a run
 * of 2^k bits starts at a multiple of 2^k and its buddy is not such a run, there is a block of order k.
 */
static __always_inline unsigned long blocks_in_word(unsigned long runs, unsigned int order)
{
	static const u64 starts[] = {		/* of blocks of order 0, 1, 2 ... */
		0xffffffffffffffffull, 0x5555555555555555ull, 0x1111111111111111ull, 0x0101010101010101ull,
		0x0001000100010001ull, 0x0000000100000001ull, 0x0000000000000001ull,
	};
	unsigned long pairs;

	if (!runs)
		return 0;
	for (unsigned int o = 0; o < order; o++)
		runs &= runs >> (1u << o);	/* bit i: 2^(o+1) bits from i on */
	runs &= (unsigned long)starts[order];
	pairs = runs & runs >> (1u << order) & (unsigned long)starts[order + 1];
	return runs & ~(pairs | pairs << (1u << order));
}

static pfn_t block_pfn(const struct zone *zone, u32 index)
{
	return ((zone->start_pfn >> PAGEBLOCK_ORDER) + index) << PAGEBLOCK_ORDER;
}

/*
 * The lowest free block of that order of a pageblock that has one. Part of a pageblock may be another zone's: of its
 * blocks this one's map knows nothing.
 */
static struct page *lowest_in_block(const struct zone *zone, u32 index, unsigned int order)
{
	struct page *page = machine_page(zone->machine, block_pfn(zone, index));
	const unsigned long *word = map_at(zone, index);
	unsigned long blocks = 0;

	if (order >= WORD_ORDER) {
		for (; !(*word & 1) || !page_is_free_block(page, order); page += 1ul << order)
			word += 1u << (order - WORD_ORDER);
		return page;
	}
	while (!(blocks = blocks_in_word(*word, order))) {
		word++;
		page += WORD_BITS;
	}
	return page + __ffs(blocks);
}

struct page *pageblocks_fullest(struct zone *zone, unsigned int order, enum migratetype type)
{
	unsigned int list = 0;
	u64 most = 0;
	u32 index;

	for (unsigned int largest = order; largest < PAGEBLOCK_ORDERS; largest++) {
		u64 mask = zone->partial_mask[partial_of(type, largest)];

		if ((mask & ~most) > most) {	/* its highest bit is higher */
			most = mask;
			list = partial_of(type, largest);
		}
	}
	if (!most)
		return NULL;
	list = list * NR_BUCKETS + (unsigned int)ilog2(most);
	index = zone->partial_first[list] - 1;
	return lowest_in_block(zone, index, (unsigned int)__ffs(zone->block_info[index].orders >> order << order));
}

/* ------------------------------------------------------------------------------------------------ boot, checking */

int pageblocks_init(struct machine *m, struct zone *zone)
{
	size_t nr = zone_pageblocks(zone);

	zone->pageblock_type = memblock_alloc(&m->memblock, nr, 64, zone->nid);
	zone->pageblock_touched = memblock_alloc(&m->memblock, nr, 64, zone->nid);
	zone->block_info = memblock_alloc(&m->memblock, nr * sizeof(zone->block_info[0]), 64, zone->nid);
	zone->block_map = memblock_alloc(&m->memblock, nr * WORDS * sizeof(zone->block_map[0]), 64, zone->nid);
	zone->partial_first = memblock_alloc(&m->memblock, NR_PARTIAL * NR_BUCKETS * sizeof(zone->partial_first[0]), 64,
					     zone->nid);
	zone->partial_mask = memblock_alloc(&m->memblock, NR_PARTIAL * sizeof(zone->partial_mask[0]), 64, zone->nid);
	if (!zone->pageblock_type || !zone->pageblock_touched || !zone->block_info || !zone->block_map)
		return -ENOMEM;
	return zone->partial_first && zone->partial_mask ? 0 : -ENOMEM;
}

static bool block_fault(const struct zone *zone, struct kmem_fault *fault, const char *id, u32 index, const char *what)
{
	return fault_at(fault, id, "node %d zone %s pageblock at pfn %lu: %s", zone->nid, zone->name,
			block_pfn(zone, index), what);
}

/* Are free_blocks[] and orders what the map says? */
static bool free_blocks_check(const struct zone *zone, u32 index)
{
	const struct block_info *info = &zone->block_info[index];
	struct page *first = machine_page(zone->machine, block_pfn(zone, index));
	unsigned int orders = 0;

	for (unsigned int order = 0; order < PAGEBLOCK_ORDERS; order++) {
		unsigned int nr = 0;

		for (unsigned int word = 0; word < WORDS && order < WORD_ORDER; word++)
			nr += (unsigned int)__builtin_popcountl(blocks_in_word(map_at(zone, index)[word], order));
		for (unsigned long at = 0; at < PAGEBLOCK_PAGES && order >= WORD_ORDER; at += 1ul << order)
			nr += map_at(zone, index)[at / WORD_BITS] & 1 && page_is_free_block(first + at, order);
		if (nr != info->free_blocks[order])
			return false;
		orders |= nr ? 1u << order : 0;
	}
	return orders == info->orders;
}

static bool pageblock_check(const struct zone *zone, u32 index, unsigned long *free_pages, unsigned long *listed,
			    struct kmem_fault *fault)
{
	const struct block_info *info = &zone->block_info[index];
	unsigned int bits = 0;

	for (unsigned int word = 0; word < WORDS; word++)
		bits += (unsigned int)__builtin_popcountl(map_at(zone, index)[word]);
	if (bits != info->nr_free)
		return block_fault(zone, fault, "B7", index, "nr_free is not the number of bits in the map");
	if (!free_blocks_check(zone, index))
		return block_fault(zone, fault, "B7", index, "free_blocks are not those of the map");
	if (info->tails && info->tails + bits >= PAGEBLOCK_PAGES)
		return block_fault(zone, fault, "B7", index, "has no live block, but tails");
	if (info->place != place_wanted(zone, index))
		return block_fault(zone, fault, "B8", index, "is not on the list of its type and blocks");
	*free_pages += bits;
	*listed += info->place != NOWHERE;
	return true;
}

/* One list, in both directions. *found counts its pageblocks; more than @listed cannot be. */
static bool bucket_check(const struct zone *zone, unsigned int list, unsigned long listed, unsigned long *found,
			 struct kmem_fault *fault)
{
	u32 at = zone->partial_first[list], prev = 0;
	bool good = !at == !(zone->partial_mask[list / NR_BUCKETS] >> list % NR_BUCKETS & 1);

	for (; at && good; prev = at, at = good ? zone->block_info[at - 1].next : 0)
		good = at <= zone_pageblocks(zone) && zone->block_info[at - 1].place == list + 1 &&
		       zone->block_info[at - 1].prev == prev && ++*found <= listed;
	return good || fault_at(fault, "B8", "node %d zone %s: list %u of pageblocks is broken", zone->nid, zone->name,
				list);
}

static bool buckets_check(const struct zone *zone, unsigned long listed, struct kmem_fault *fault)
{
	unsigned long found = 0;

	for (unsigned int list = 0; list < NR_PARTIAL * NR_BUCKETS; list++)
		if (!bucket_check(zone, list, listed, &found, fault))
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
	return buckets_check(zone, listed, fault);
}
