/* SPDX-License-Identifier: MIT */
/*
 * pageblock.c - how full each pageblock is: small blocks are taken from the fullest.
 *
 *	zone->block_map[]	a bit a page	[ 1 1 0 1 0 0 0 0 ... ]		1: on a free list
 *	zone->block_info[]	free pages; the order that the pageblock serves; a place in a list:
 *
 *	partial[MOVABLE, order 0]	1..8 free -> block -> block	9..16 -> block	... 505..511 -> block
 *	partial[MOVABLE, order 1]	...
 *
 * A whole pageblock that is broken serves the order that it was broken for, 0 to 5, until it is whole again.
 * Requests of an order take from the fullest that serves theirs while frees go back to all, so the emptier ones are
 * soon empty, and after long use free memory lies together. Only where none serves an order are the holes of others
 * filled. (Were the fullest block split whatever it serves, a mix of orders would leave nothing whole.)
 *
 * All is zero at boot, so a large machine touches none of it.
 *
 *	B7  a pageblock's map says of each page whether it lies in a free block, and nr_free counts them
 *	B8  a pageblock of an ordinary type that serves an order, and is in part free, is on the list of its type, order
 *	    and number, and no other is
 * Lock: zone->lock.
 */
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include "lib/assert.h"
#include "mm/buddy.h"
#include "mm/pageblock.h"

#define WORD_BITS (8 * (unsigned int)sizeof(unsigned long))
#define WORD_ORDER (sizeof(long) == 8 ? 6u : 5u)
#define WORDS (PAGEBLOCK_PAGES / WORD_BITS)
#define PAGES_A_BUCKET ((unsigned int)PAGEBLOCK_PAGES / NR_BUCKETS)
#define NOWHERE 0u
#define MOST_TRIES 8

_Static_assert(NR_BUCKETS <= 64, "a bit a bucket");

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

GLANCES bool pageblock_tails_touched(const struct zone *zone, pfn_t pfn, unsigned int order)
{
	for (pfn_t at = pfn; at < pfn + (1ul << order); at += PAGEBLOCK_PAGES)
		if (__atomic_load_n(&zone->pageblock_tails[pageblock_index(zone, at)], __ATOMIC_RELAXED))
			return true;
	return false;
}

void set_pageblock_tails(struct zone *zone, pfn_t pfn, bool touched)
{
	__atomic_store_n(&zone->pageblock_tails[pageblock_index(zone, pfn)], touched, __ATOMIC_RELAXED);
}

/* -------------------------------------------------------------------------------------------------------- buckets */

static struct partial_list *partial_of(const struct zone *zone, enum migratetype type, unsigned int order)
{
	return &zone->partial[(unsigned int)type * PACKED_ORDERS + order];
}

/* Which list the pageblock should be on: 1 + its number, or NOWHERE. */
static unsigned int place_wanted(const struct zone *zone, u32 index)
{
	const struct block_info *info = &zone->block_info[index];
	enum migratetype type = type_at(zone, index);

	if (!info->serves || !info->nr_free || info->nr_free == PAGEBLOCK_PAGES || type >= MIGRATE_PCPTYPES)
		return NOWHERE;
	return 1 + (unsigned int)(partial_of(zone, type, info->serves - 1u) - zone->partial) * NR_BUCKETS +
	       (info->nr_free - 1u) / PAGES_A_BUCKET;
}

static void block_unlist(struct zone *zone, u32 index) MUST_HOLD(zone->lock)
{
	struct block_info *info = &zone->block_info[index];
	unsigned int list = info->place - 1u;
	struct partial_list *partial = &zone->partial[list / NR_BUCKETS];

	if (info->next)
		zone->block_info[info->next - 1].prev = info->prev;
	if (info->prev)
		zone->block_info[info->prev - 1].next = info->next;
	else
		partial->first[list % NR_BUCKETS] = info->next;
	if (!partial->first[list % NR_BUCKETS])
		partial->mask &= ~(1ull << list % NR_BUCKETS);
	info->next = info->prev = 0;
}

static void block_list(struct zone *zone, u32 index, unsigned int list) MUST_HOLD(zone->lock)
{
	struct block_info *info = &zone->block_info[index];
	struct partial_list *partial = &zone->partial[list / NR_BUCKETS];

	info->next = partial->first[list % NR_BUCKETS];
	if (info->next)
		zone->block_info[info->next - 1].prev = index + 1;
	partial->first[list % NR_BUCKETS] = index + 1;
	partial->mask |= 1ull << list % NR_BUCKETS;
}

/* Its number of free pages, or its type, is another now. */
static void block_sort(struct zone *zone, u32 index) MUST_HOLD(zone->lock)
{
	unsigned int place = place_wanted(zone, index);

	if (likely(place == zone->block_info[index].place))
		return;
	if (zone->block_info[index].place)
		block_unlist(zone, index);
	if (place)
		block_list(zone, index, place - 1);
	zone->block_info[index].place = (u16)place;
}

void set_pageblock_type(struct zone *zone, pfn_t pfn, enum migratetype type)
{
	u32 index = pageblock_index(zone, pfn);
	u8 *byte = byte_at(zone, index);

	__atomic_store_n(byte, (u8)((*byte & PAGEBLOCK_COLD) | (type ^ MIGRATE_MOVABLE)), __ATOMIC_RELAXED);
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

static void map_set(struct zone *zone, pfn_t pfn, unsigned int order, bool is_free) MUST_HOLD(zone->lock)
{
	unsigned long *word = map_at(zone, pageblock_index(zone, pfn)) + pfn % PAGEBLOCK_PAGES / WORD_BITS;
	unsigned long *end = word + (order < WORD_ORDER ? 1 : 1u << (order - WORD_ORDER)), mask = word_mask(pfn, order);

	for (; word < end; word++)
		*word = is_free ? *word | mask : *word & ~mask;
}

/* What was whole serves @order from now on. */
static void block_take(struct zone *zone, pfn_t pfn, unsigned int order) MUST_HOLD(zone->lock)
{
	u32 index = pageblock_index(zone, pfn);
	struct block_info *info = &zone->block_info[index];

	if (info->nr_free == PAGEBLOCK_PAGES)
		info->serves = (u16)(order < PACKED_ORDERS ? 1 + order : 0);
	info->nr_free = (u16)(info->nr_free - (1u << order));
	map_set(zone, pfn, order, false);
	block_sort(zone, index);
}

static void block_give(struct zone *zone, pfn_t pfn, unsigned int order) MUST_HOLD(zone->lock)
{
	u32 index = pageblock_index(zone, pfn);
	struct block_info *info = &zone->block_info[index];

	info->nr_free = (u16)(info->nr_free + (1u << order));
	if (info->nr_free == PAGEBLOCK_PAGES)
		info->serves = 0;
	map_set(zone, pfn, order, true);
	block_sort(zone, index);
}

/* Larger blocks are several pageblocks. */
void pageblocks_take(struct zone *zone, pfn_t pfn, unsigned int order)
{
	for (pfn_t at = pfn; at < pfn + (1ul << order); at += PAGEBLOCK_PAGES)
		block_take(zone, at, order < PAGEBLOCK_ORDER ? order : PAGEBLOCK_ORDER);
}

void pageblocks_give(struct zone *zone, pfn_t pfn, unsigned int order)
{
	for (pfn_t at = pfn; at < pfn + (1ul << order); at += PAGEBLOCK_PAGES)
		block_give(zone, at, order < PAGEBLOCK_ORDER ? order : PAGEBLOCK_ORDER);
}

/* ------------------------------------------------------------------------------------------------------- choosing */

/*
 * The lowest order from @least on of which the word has a block, and *bit its place; WORD_ORDER if the word is one
 * block or part of one, more if it has none. Buddies that are both free have merged, so where a run of 2^k bits
 * starts at a multiple of 2^k and its buddy is not such a run, there is a block of order k.
 */
static unsigned int smallest_in_word(unsigned long runs, unsigned int least, unsigned int *bit)
{
	*bit = 0;
	for (unsigned int order = 0; runs && order < WORD_ORDER; order++) {
		unsigned int size = 1u << order;
		unsigned long lower_halves = ~0ul / ((1ul << size) + 1);	/* ...01010101, ...00110011, ... */
		unsigned long pairs = runs & runs >> size & lower_halves, blocks = runs & ~(pairs | pairs << size);

		if (blocks && order >= least) {
			*bit = (unsigned int)__ffs(blocks);
			return order;
		}
		runs = pairs;
	}
	return runs ? WORD_ORDER : WORD_ORDER + 1;
}

static pfn_t block_pfn(const struct zone *zone, u32 index)
{
	return ((zone->start_pfn >> PAGEBLOCK_ORDER) + index) << PAGEBLOCK_ORDER;
}

/* The smallest free block of the pageblock that is of order @least or more; of several the lowest. Or NULL. */
static struct page *smallest_in_block(const struct zone *zone, u32 index, unsigned int least)
{
	struct page *first = machine_page(zone->machine, block_pfn(zone, index)), *best = NULL;
	unsigned int best_order = NR_ORDERS;

	for (unsigned int word = 0; word < WORDS && best_order > least; word++) {
		unsigned int bit, order = smallest_in_word(map_at(zone, index)[word], least, &bit);
		struct page *page = first + word * WORD_BITS + bit;

		if (order == WORD_ORDER && page_is_buddy(page))
			order = (unsigned int)page->free_order;
		else if (order >= WORD_ORDER)		/* none, or not the block's first word */
			continue;
		if (order >= least && order < best_order) {
			best_order = order;
			best = page;
		}
	}
	return best;
}

struct page *pageblocks_fullest(struct zone *zone, unsigned int order, enum migratetype type)
{
	const struct partial_list *partial = partial_of(zone, type, order);
	u64 hopeful = partial->mask & ~0ull << ((1u << order) - 1) / PAGES_A_BUCKET;	/* that many pages are free */
	unsigned int tries = 0;

	for (u64 mask = hopeful; mask; mask &= mask - 1) {
		for (u32 at = partial->first[__builtin_ctzll(mask)]; at; at = zone->block_info[at - 1].next) {
			struct page *page = smallest_in_block(zone, at - 1, order);

			if (page || ++tries == MOST_TRIES)
				return page;
		}
	}
	return NULL;
}

/* ------------------------------------------------------------------------------------------------ boot, checking */

int pageblocks_init(struct machine *m, struct zone *zone)
{
	size_t nr = zone_pageblocks(zone);

	zone->pageblock_type = memblock_alloc(&m->memblock, nr, 64, zone->nid);
	zone->pageblock_tails = memblock_alloc(&m->memblock, nr, 64, zone->nid);
	zone->block_info = memblock_alloc(&m->memblock, nr * sizeof(zone->block_info[0]), 64, zone->nid);
	zone->block_map = memblock_alloc(&m->memblock, nr * WORDS * sizeof(zone->block_map[0]), 64, zone->nid);
	zone->partial = memblock_alloc(&m->memblock, NR_PARTIAL * sizeof(zone->partial[0]), 64, zone->nid);
	return zone->pageblock_type && zone->pageblock_tails && zone->block_info && zone->block_map && zone->partial ?
	       0 : -ENOMEM;
}

bool pageblock_knows(const struct zone *zone, pfn_t pfn, unsigned int order)
{
	for (pfn_t at = pfn; at < pfn + (1ul << order); at += WORD_BITS) {
		const unsigned long *map = map_at(zone, pageblock_index(zone, at));
		unsigned long mask = word_mask(at, order);

		if ((map[at % PAGEBLOCK_PAGES / WORD_BITS] & mask) != mask)
			return false;
	}
	return true;
}

static bool block_fault(const struct zone *zone, struct kmem_fault *fault, const char *id, u32 index, const char *what)
{
	return fault_at(fault, id, "node %d zone %s pageblock at pfn %lu: %s", zone->nid, zone->name,
			block_pfn(zone, index), what);
}

static bool pageblock_check(const struct zone *zone, u32 index, unsigned long *free_pages, unsigned long *listed,
			    struct kmem_fault *fault)
{
	unsigned int bits = 0;

	for (unsigned int word = 0; word < WORDS; word++)
		bits += (unsigned int)__builtin_popcountl(map_at(zone, index)[word]);
	if (bits != zone->block_info[index].nr_free)
		return block_fault(zone, fault, "B7", index, "nr_free is not the number of bits in the map");
	if (zone->block_info[index].place != place_wanted(zone, index))
		return block_fault(zone, fault, "B8", index, "is not on the list of its type and number");
	*free_pages += bits;
	*listed += zone->block_info[index].place != NOWHERE;
	return true;
}

/* One list, in both directions. *found counts its pageblocks; more than @listed cannot be. */
static bool bucket_check(const struct zone *zone, unsigned int list, unsigned long listed, unsigned long *found,
			 struct kmem_fault *fault)
{
	const struct partial_list *partial = &zone->partial[list / NR_BUCKETS];
	u32 at = partial->first[list % NR_BUCKETS], prev = 0;
	bool good = !at == !(partial->mask >> list % NR_BUCKETS & 1);

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
