/* SPDX-License-Identifier: MIT */
/* pcp.h - a CPU's own free pages, for the page allocator's own files (mm/pcp.c). */
#ifndef MM_PCP_H
#define MM_PCP_H

#include "mm/buddy.h"
#include "mm/pageblock.h"

/* page_type and _refcount as one word. */
#define PAGE_STATE(type, count) ((u64)(u32)(count) << 32 | (u32)(type))
/* A block that a CPU keeps for requests of that mobility: see PGTY_PCP. Of a single page it is that of the list. */
#define PAGE_TYPE_PCP(order, type) PAGE_TYPE(PGTY_PCP, (order) | PCP_MOBILITY(type))
#define PAGE_TYPE_PCP_SINGLE PAGE_TYPE(PGTY_PCP, 0)
#define PAGE_STATE_PCP_SINGLE PAGE_STATE(PAGE_TYPE_PCP_SINGLE, 0)
#define PAGE_STATE_USED PAGE_STATE(PAGE_TYPE_NONE, 1)

_Static_assert(sizeof(struct pcp_chain) == PCP_COLD_LISTS, "so that a list's number says how far it is");

/* 0, or PCP_COLD_LISTS if such a pageblock is cold. Arithmetic: it cannot be foreseen. */
static inline u32 pcp_half(const struct pcp_order *of, u32 tag)
{
	return -(u32)(tag > of->warm_to) & PCP_COLD_LISTS;
}

/* Where a freed block goes whose pageblock has that tag. */
static inline struct pcp_chain *pcp_chain_of(struct pcp_order *of, u32 tag)
{
	return (struct pcp_chain *)((char *)of->chain + pcp_half(of, tag));
}

/* For CPUs whose fast paths must find nothing. */
extern const struct per_cpu_pages pcp_none;

_Static_assert(offsetof(struct page, _refcount) == offsetof(struct page, page_type) + 4, "read as one word");
_Static_assert(offsetof(struct page, page_type) % 8 == 0 || sizeof(long) == 4, "read as one word");

/* ThreadSanitizer orders what follows a read by the releases of exactly that word: the count alone is put. */
#ifdef __SANITIZE_THREAD__
#define PAGE_STATE_IS_A_WORD 0
#else
#define PAGE_STATE_IS_A_WORD (sizeof(long) == 8)
#endif

/*
 * As page_type_get() and page_type_set(); a 32-bit processor does it in two halves. Who finds one reference left sees
 * what others did to the page before they put theirs.
 */
static inline u64 page_state(const struct page *page)
{
	if (PAGE_STATE_IS_A_WORD)
		return __atomic_load_n((const u64 *)(const void *)&page->page_type, __ATOMIC_ACQUIRE);
	return PAGE_STATE(page_type_get(page), __atomic_load_n(&page->_refcount.counter, __ATOMIC_ACQUIRE));
}

/* Where it is two halves: what of them is otherwise. Both are read either way. */
static inline u32 page_state_differs(const struct page *page, u64 state)
{
	return (page_type_get(page) ^ (u32)(state & ~0u)) |
	       ((u32)__atomic_load_n(&page->_refcount.counter, __ATOMIC_ACQUIRE) ^ (u32)(state >> 32));
}

static inline bool page_state_is(const struct page *page, u64 state)
{
	return PAGE_STATE_IS_A_WORD ? page_state(page) == state : !page_state_differs(page, state);
}

static inline void set_page_state(struct page *page, u64 state)
{
	if (PAGE_STATE_IS_A_WORD) {
		__atomic_store_n((u64 *)(void *)&page->page_type, state, __ATOMIC_RELAXED);
		return;
	}
	__atomic_store_n(&page->_refcount.counter, (int)(state >> 32), __ATOMIC_RELAXED);
	page_type_set(page, (u32)(state & ~0u));
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "pageblock_tag()");

/* All of a pageblock's tag. */
static inline u32 pageblock_tag(const struct pageblock_tag *at)
{
	return __atomic_load_n((const u32 *)(const void *)at, __ATOMIC_RELAXED);
}

/* Of a page's. */
static inline u32 page_tag(const struct zone *zone, const struct page *page)
{
	return pageblock_tag(&zone->pageblock_tags[pageblock_index(zone, zone_page_pfn(zone, page))]);
}

/* The list that a single page of such a pageblock is freed to, in that half of them. */
static inline unsigned int pcp_list_of(u32 tag, u32 half)
{
	return ((tag ^ MIGRATE_MOVABLE) & PAGEBLOCK_TYPE_MASK) + half;
}

/* __GFP_MOVABLE and __GFP_RECLAIMABLE are enum migratetype's values; of both there is no list. */
static inline unsigned int pcp_list_for(gfp_t gfp)
{
	return (__force unsigned int)gfp >> 3 & 3;
}

_Static_assert(MIGRATE_MOVABLE == ___GFP_MOVABLE >> 3 && MIGRATE_RECLAIMABLE == ___GFP_RECLAIMABLE >> 3,
	       "pcp_list_for()");

/* PCP_MOBILITY() of what such a request is for; of both, nothing's. */
static inline u32 pcp_mobility_for(gfp_t gfp)
{
	return ((__force u32)gfp * 4 + PCP_MOBILITY_MASK) & PCP_MOBILITY_MASK;
}

_Static_assert(PCP_MOBILITY(MIGRATE_UNMOVABLE) == PCP_MOBILITY_MASK &&
	       PCP_MOBILITY(MIGRATE_MOVABLE) == ((___GFP_MOVABLE * 4 + PCP_MOBILITY_MASK) & PCP_MOBILITY_MASK) &&
	       PCP_MOBILITY(MIGRATE_RECLAIMABLE) == ((___GFP_RECLAIMABLE * 4 + PCP_MOBILITY_MASK) & PCP_MOBILITY_MASK),
	       "pcp_mobility_for()");

/* Where this CPU keeps what may serve the request. */
static inline struct per_cpu_pages *pcp_for(gfp_t gfp)
{
	return __atomic_load_n(&this_cpu()->pcp_by_gfp[(__force unsigned int)gfp & ZONE_BITS], __ATOMIC_RELAXED);
}

/* The first single page of a list, its user's now; the caller counts it. NULL: none, or someone wrote to it. */
static inline struct page *pcp_pop_single(struct per_cpu_pages *pcp, unsigned int list)
{
	struct page *page = pcp->lists[list];

	if (unlikely(!page || !page_state_is(page, PAGE_STATE_PCP_SINGLE)))
		return NULL;
	pcp->lists[list] = (struct page *)page->lru.next;
	set_page_state(page, PAGE_STATE_USED);
	page->private = 0;
	return page;
}

/* The same of the last block of an order above 0, if it is one of that kind: PCP_MOBILITY(), PCP_COMPOUND or not. */
static __always_inline struct page *pcp_pop_block(struct per_cpu_pages *pcp, unsigned int order, u32 kind)
{
	struct pcp_order *of = &pcp->order[order];
	struct page *page = of->chain[PCP_WARM].blocks;

	if (unlikely(!page || !page_state_is(page, PAGE_STATE(of->type | kind, 0))))
		return NULL;
	of->chain[PCP_WARM].blocks = (struct page *)page->lru.next;
	of->chain[PCP_WARM].kept--;
	of->taken++;
	set_page_state(page, PAGE_STATE_USED);
	page->private = 0;
	return page;
}

/* Where there are no other blocks of an order, those that wait to go back take their place. Returns whether they do. */
static inline bool pcp_warm_up(struct per_cpu_pages *pcp, unsigned int order)
{
	struct pcp_chain *warm = &pcp->order[order].chain[PCP_WARM], *cold = &pcp->order[order].chain[PCP_COLD];

	if (warm->blocks || !cold->blocks)
		return false;
	warm->blocks = cold->blocks;
	warm->kept = cold->kept;
	cold->blocks = NULL;
	cold->kept = 0;
	return true;
}

/* Another CPU that comes online may set it at any time. */
static inline int pcp_batch(const struct per_cpu_pages *pcp)
{
	return __atomic_load_n(&pcp->batch, __ATOMIC_RELAXED);
}

/*
 * Some free places of array[0..nr), from the first on, get single pages that this CPU keeps for such requests. Returns
 * how many places, from the first on, are full now; the next one is for alloc_pages(). Zeroed pages are left to that.
 */
unsigned long alloc_kept_pages(gfp_t gfp, unsigned long nr, struct page **array);
/* A page of the zone from this CPU's list, refilled from the zone if it is empty. NULL: the zone has none. */
struct page *pcp_take(struct zone *zone, enum migratetype type, unsigned int alloc_flags);
/* A page that this CPU was about to give back to the zone, or NULL. */
struct page *pcp_take_cold(struct zone *zone, enum migratetype type);
/* Keep a page that has been checked and has no owner; the zone gets a batch if that is more than high. */
void pcp_give(struct zone *zone, struct page *page, enum migratetype type);

/*
 * The last block of that order, above 0, if it has that mobility; checked, no compound block, nobody's. NULL: there is
 * none. A CPU that may fill up takes several small ones from the zone before.
 */
struct page *pcp_take_block(struct zone *zone, unsigned int order, enum migratetype type, unsigned int alloc_flags,
			    bool may_fill);
/* The same, or else one from the zone; small ones come several at once. NULL: the zone has none. With the CPU held. */
struct page *pcp_obtain_block(struct per_cpu_pages *pcp, unsigned int order, enum migratetype type,
			      unsigned int alloc_flags);
/* A block that has been checked and has no owner is the zone's, with others of a chain that is full. */
void pcp_spill(struct zone *zone, struct page *page, unsigned int order, bool is_cold);
/* Keep a block that has been checked and has no owner. False: it is the zone's; it would be too much, or is cold. */
bool pcp_give_block(struct zone *zone, struct page *page, unsigned int order, enum migratetype type);
static inline unsigned int blocks_kept(const struct per_cpu_pages *pcp, unsigned int order)
{
	return pcp->order[order].chain[PCP_WARM].kept + pcp->order[order].chain[PCP_COLD].kept;
}

/* Pages of all blocks that are kept. With the CPU held. */
static inline unsigned long pcp_kept_pages(const struct per_cpu_pages *pcp)
{
	unsigned long pages = 0;

#pragma GCC unroll 9
	for (unsigned int order = PCP_ORDERS - 1; order; order--)
		pages = 2 * (pages + blocks_kept(pcp, order));
	return pages;
}

/* Does it keep something that could be had by pcp_take_block(), or pcp_take_cold()? Likewise. */
static inline bool pcp_has(const struct per_cpu_pages *pcp, unsigned int order, enum migratetype type)
{
	if (!order)
		return pcp->lists[PCP_COLD_LISTS + type] != NULL;
	return order < PCP_ORDERS && blocks_kept(pcp, order);
}

/* A glance: if this CPU keeps nothing that could be had by that, it says so. */
bool pcp_may_have(const struct zone *zone, unsigned int order, enum migratetype type);
/*
 * If all blocks that it keeps went back, would some be, or be part of, a free one of that order? It may say so where
 * other CPUs keep what is missing. With the CPU held. Cost: a look at a page for each block.
 */
bool pcp_completes(const struct per_cpu_pages *pcp, unsigned int order);
/* Give all these blocks back to the zone. With the CPU held. */
void pcp_cool(struct per_cpu_pages *pcp);
/* The same of blocks of so many pages, the largest first. */
void pcp_cool_some(struct per_cpu_pages *pcp, long pages);
/* So many pages are about to come from the zone. With the CPU held. */
void pcp_fetch(struct per_cpu_pages *pcp, unsigned int pages);
/* Give back all blocks of all zones of this CPU, and large kmalloc()s that stand aside. */
void pcp_cool_here(struct machine *m);

/* How many blocks the CPU may keep, if the zone is free. */
void pcp_limit_blocks(struct per_cpu_pages *pcp, const struct zone *zone);

/* That page, of a block of an order below PACKED_ORDERS, is what the zone served last. With the zone's lock. */
void pcp_served(struct per_cpu_pages *pcp, const struct page *page, unsigned int order);
/* Pages went back to the zone: the pageblock that it served that order from last may be less full now. */
void pcp_level(struct per_cpu_pages *pcp, unsigned int order);

/* A block that is to be kept, as the next of a chain: *last points to it. Returns where the next one is put. */
struct page **pcp_extend(struct page **last, struct page *page, unsigned int order, enum migratetype type);
/* A kept one, with that value but for its mobility, is nobody's. What someone has written to stays, for the report. */
void pcp_undress(struct page *page, u32 value);

/* How many pages CPUs may keep of each zone, and how many move at once: from watermarks and nr_online. */
void pcp_update_limits(struct machine *m);
/* May the fast paths of m's CPUs be used at all? Called when what forbids them changes. */
void pcp_update_fast(struct machine *m);

#endif
