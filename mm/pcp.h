/* SPDX-License-Identifier: MIT */
/* pcp.h - a CPU's own free pages, for the page allocator's own files (mm/pcp.c). */
#ifndef MM_PCP_H
#define MM_PCP_H

#include "mm/buddy.h"
#include "mm/pageblock.h"

/* page_type and _refcount as one word: what an order-0 page of a CPU's list looks like, and one in use. */
#define PAGE_STATE(type, count) ((u64)(u32)(count) << 32 | (u32)(type))
#define PAGE_STATE_PCP0 PAGE_STATE(PAGE_TYPE(PGTY_PCP, 0), 0)
#define PAGE_STATE_USED PAGE_STATE(PAGE_TYPE_NONE, 1)

_Static_assert(offsetof(struct page, _refcount) == offsetof(struct page, page_type) + 4, "read as one word");
_Static_assert(offsetof(struct page, page_type) % 8 == 0 || sizeof(long) == 4, "read as one word");

/*
 * As page_type_get() and page_type_set(); a 32-bit processor does it in two halves. Who finds one reference left sees
 * what others did to the page before they put theirs.
 */
static inline u64 page_state(const struct page *page)
{
	if (sizeof(long) == 8)
		return __atomic_load_n((const u64 *)(const void *)&page->page_type, __ATOMIC_ACQUIRE);
	return PAGE_STATE(page_type_get(page), __atomic_load_n(&page->_refcount.counter, __ATOMIC_ACQUIRE));
}

static inline void set_page_state(struct page *page, u64 state)
{
	if (sizeof(long) == 8) {
		__atomic_store_n((u64 *)(void *)&page->page_type, state, __ATOMIC_RELAXED);
		return;
	}
	__atomic_store_n(&page->_refcount.counter, (int)(state >> 32), __ATOMIC_RELAXED);
	page_type_set(page, (u32)(state & ~0u));
}

/* Do CPUs keep blocks of that order? */
static inline bool pcp_has_order(unsigned int order)
{
	return order <= PAGE_ALLOC_COSTLY_ORDER || order == PAGEBLOCK_ORDER;
}

static inline unsigned int pcp_list_index(unsigned int order, enum migratetype type)
{
	unsigned int row = order == PAGEBLOCK_ORDER ? PAGE_ALLOC_COSTLY_ORDER + 1 : order;

	return row * MIGRATE_PCPTYPES + (unsigned int)type;
}

/* The order of the blocks on that list. */
static inline unsigned int pcp_list_order(unsigned int index)
{
	unsigned int row = index / MIGRATE_PCPTYPES;

	if (index >= PCP_COLD_LISTS)
		return 0;
	return row > PAGE_ALLOC_COSTLY_ORDER ? PAGEBLOCK_ORDER : row;
}

_Static_assert(PCP_COLD_LISTS == PAGEBLOCK_COLD, "a pageblock's byte is the number of the list");

/* A block of the zone from this CPU's list, refilled from the zone if it is empty. NULL: the zone has none. */
struct page *pcp_take(struct zone *zone, unsigned int order, enum migratetype type, unsigned int alloc_flags);
/* A single page that this CPU was about to give back to the zone, or NULL. */
struct page *pcp_take_cold(struct zone *zone, enum migratetype type);
/* Keep a block that has been checked and has no owner; the zone gets a batch if that is more than high. */
void pcp_give(struct zone *zone, struct page *page, unsigned int order, enum migratetype type);

/* How many pages CPUs may keep of each zone, and how many move at once: from watermarks and nr_online. */
void pcp_update_limits(struct machine *m);
/* May the fast paths of m's CPUs be used at all? Called when what forbids them changes. */
void pcp_update_fast(struct machine *m);

#endif
