/* SPDX-License-Identifier: MIT */
/*
 * pcp_blocks.c - blocks that a CPU keeps to itself as they were freed: whoever wants one next wants the same.
 *
 *	cpu->pcp[zone->index].order[].chain[] -> block -> block	by lru.next, last in, first out
 *		each: type PGTY_PCP: order, mobility, "still a compound block"
 *
 * Orders 1 to 9 of any mobility; single pages have mm/pcp.c's lists. A block comes and goes without lock or atomic
 * instruction (mm/page_alloc.c, mm/page_free.c), unsplit and unmerged; a compound one stays what it is, and its tails
 * are not looked at until it leaves the CPU. What is kept does not merge, so it is what the zone would serve next:
 * small blocks of pageblocks at least as full as the one that it served such a block from last; and a few large ones.
 * Small blocks of emptier (cold) pageblocks wait on a chain of their own to go back together, and are handed out only
 * where there is nothing else.
 *
 * All of it goes to the zone when a request would fail, or sleep, that it could serve, and those of an order that the
 * CPU does not ask for while it fetches a MiB of others (pcp_fetch()).
 *
 * NR_FREE_PAGES does not count them.
 *
 *	P3  a chain has as many blocks as it says, each of its order and zone, with no reference and no mapping
 * Only the leasing thread touches them, with interrupts off or in KMEM_FAST code.
 */
#include <linux/limits.h>
#include <linux/minmax.h>
#include "mm/cpus.h"
#include "mm/fault_inject.h"
#include "mm/page_alloc.h"
#include "mm/pcp.h"

/*
 * What one CPU may keep, of its share of an eighth of the zone and of half of what is free: of each order one. In half
 * of that, or of small orders in a quarter, more: of small ones many, and of cold ones until they go back, a few; and
 * several whole pageblocks, which scatter nothing. Of a large order of which it gives many and then takes many, one
 * more each time that it did so. Where little is free its share is a sixteenth of that: what is kept does not merge,
 * and is missing where a large block is asked for.
 *
 * A chain that is full gives back so many that the next few blocks find room: the lock is taken once for all of them.
 */
#define SMALL_BLOCKS 64ul
#define COLD_BLOCKS 8ul
#define FEW_COLD_BLOCKS 4ul		/* of the smallest: they lie in more pageblocks */
#define WHOLE_BLOCKS 16ul
#define TURNS_BLOCKS 32u
#define SHORT_MARKS 4u			/* little: less than so many high watermarks */
#define SHORT_PART 16u
#define SPILL_PART 4u			/* one in so many of a warm chain; a cold one goes as a whole */
#define LOOK_PAGES 256u			/* from the zone, between two looks for what is kept in vain */

static unsigned long most_kept(unsigned int order, unsigned int chain)
{
	if (order == PAGEBLOCK_ORDER)
		return WHOLE_BLOCKS;
	if (order < PACKED_ORDERS)
		return chain == PCP_WARM ? SMALL_BLOCKS : order < 3 ? FEW_COLD_BLOCKS : COLD_BLOCKS;
	return 1;
}

/* This CPU's share of a zone that has so many free pages. */
static unsigned long share_of(const struct zone *zone, unsigned long free)
{
	u32 cpus = __atomic_load_n(&zone->machine->nr_online, __ATOMIC_RELAXED);	/* its own, at least */
	unsigned long share = min(zone_managed(zone) / 8, free / 2) / cpus;
	u64 keep = zone->machine->params.keep >> PAGE_SHIFT;

	if (free < SHORT_MARKS * zone_watermark(zone, WMARK_HIGH))
		share /= SHORT_PART;
	return zone->machine->params.keep && share > keep ? (unsigned long)keep : share;
}

static unsigned long share_now(const struct zone *zone)
{
	return share_of(zone, (unsigned long)max(zone_page_state(zone, NR_FREE_PAGES), 0l));
}

/* Blocks of an order in it: of large ones there are few. */
static unsigned long order_share(unsigned long share, unsigned int order)
{
	return (order < PACKED_ORDERS ? share / 4 : share / 2) >> order;
}

/* As much of an order as when it begins, or only less: what there is room for, and one if one has room. */
static void limit_order(struct per_cpu_pages *pcp, unsigned int order, unsigned long share, bool only_less)
{
	for (unsigned int index = 0; index < NR_PCP_CHAINS; index++) {
		u16 *at = &pcp->order[order].chain[index].kept_max, now = __atomic_load_n(at, __ATOMIC_RELAXED);
		unsigned long blocks = min(order_share(share, order), only_less ? now : most_kept(order, index));

		if (!blocks && index == PCP_WARM)
			blocks = share >> order != 0;
		__atomic_store_n(at, (u16)blocks, __ATOMIC_RELAXED);
	}
}

/* A block went to the zone for want of room, and now the CPU lacks one. */
static void grow_order(struct per_cpu_pages *pcp, unsigned int order)
{
	struct pcp_chain *chain = &pcp->order[order].chain[PCP_WARM];
	u16 now = __atomic_load_n(&chain->kept_max, __ATOMIC_RELAXED);

	chain->full = false;
	if (order >= PACKED_ORDERS && now < TURNS_BLOCKS && now < order_share(share_now(pcp->zone), order))
		__atomic_store_n(&chain->kept_max, (u16)(now + 1), __ATOMIC_RELAXED);
}

/* The top one, nobody's now, and no compound block. NULL: it is bad, reported and lost. */
static struct page *block_pop(struct per_cpu_pages *pcp, unsigned int order, struct pcp_chain *chain)
{
	struct page *page = chain->blocks;

	chain->blocks = (struct page *)page->lru.next;
	chain->kept--;
	pcp_undress(page, order | (page->flags & (1ul << PG_head) ? PCP_COMPOUND : 0));
	return block_may_be_freed(pcp->zone->machine, page, order, true) ? page : NULL;
}

/* So many blocks of a chain, undressed, before others. */
static struct page *blocks_pop(struct per_cpu_pages *pcp, unsigned int order, struct pcp_chain *chain, unsigned int nr,
			       struct page *others)
{
	while (nr--) {
		struct page *page = block_pop(pcp, order, chain);

		if (!page)
			continue;
		page->lru.next = (struct list_head *)others;
		others = page;
	}
	return others;
}

/* All blocks of one order. */
static struct page *order_pop(struct per_cpu_pages *pcp, unsigned int order)
{
	struct pcp_chain *warm = &pcp->order[order].chain[PCP_WARM], *cold = &pcp->order[order].chain[PCP_COLD];

	return blocks_pop(pcp, order, cold, cold->kept, blocks_pop(pcp, order, warm, warm->kept, NULL));
}

static void zone_give(struct per_cpu_pages *pcp, struct page *blocks, unsigned int order)
{
	struct zone *zone = pcp->zone;
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	while (blocks) {
		struct page *page = blocks;

		blocks = (struct page *)page->lru.next;
		buddy_give(zone, page, order, pageblock_type(zone, zone_page_pfn(zone, page)), false);
	}
	spin_unlock_irqrestore(&zone->lock, flags);
	pcp_level(pcp, order);
}

/* Blocks that a CPU has not asked for meanwhile are better used for what it does ask for. */
void pcp_fetch(struct per_cpu_pages *pcp, unsigned int pages)
{
	unsigned long share;

	pcp->fetched += pages;
	if (pcp->fetched < LOOK_PAGES)
		return;
	pcp->fetched = 0;
	share = share_now(pcp->zone);
	for (unsigned int order = 1; order < PCP_ORDERS; order++) {
		u32 taken = (u32)pcp->order[order].taken;
		bool in_vain = blocks_kept(pcp, order) && pcp->seen[order] == taken;

		if (in_vain)
			zone_give(pcp, order_pop(pcp, order), order);
		limit_order(pcp, order, share, !in_vain);
		pcp->seen[order] = taken;
	}
}

/* How many more may be kept. */
static unsigned int room_in(const struct pcp_chain *chain)
{
	unsigned int kept = chain->kept, most = __atomic_load_n(&chain->kept_max, __ATOMIC_RELAXED);

	return kept < most ? most - kept : 0;
}

/* How many blocks to take at once: of small ones several, where there is room for all but the one that is asked for. */
static unsigned int blocks_to_fetch(struct per_cpu_pages *pcp, unsigned int order)
{
	unsigned int batch = order <= PAGE_ALLOC_COSTLY_ORDER ? (unsigned int)pcp_batch(pcp) >> order : 1;
	unsigned int room = room_in(&pcp->order[order].chain[PCP_WARM]);
	unsigned int nr = min3(max(batch, 1u), (unsigned int)pcp->fill, room + 1);

	pcp->fill = (u16)min(2u * pcp->fill, PCP_MOST_FILL);
	return nr;
}

/* One from the zone, nobody's; and of small ones more for the CPU. NULL: the zone has none. With the CPU held. */
static struct page *block_fetch(struct per_cpu_pages *pcp, unsigned int order, enum migratetype type,
				unsigned int alloc_flags)
{
	struct pcp_chain *chain = &pcp->order[order].chain[PCP_WARM];
	struct page *first, *page, *old, **last = &chain->blocks;
	unsigned int nr = 1, taken = 0;
	struct zone *zone = pcp->zone;
	unsigned long flags;

	if (!zone_has_block(zone, order))
		return NULL;
	if (order < PACKED_ORDERS) {
		if ((alloc_flags & ALLOC_WMARK_MASK) != WMARK_MIN)	/* else the zone is short */
			nr = blocks_to_fetch(pcp, order);
		pcp_fetch(pcp, nr << order);
	}
	if (chain->full)
		grow_order(pcp, order);
	old = *last;
	spin_lock_irqsave(&zone->lock, flags);
	for (first = page = buddy_take(zone, order, type, alloc_flags); page;
	     page = taken < nr ? buddy_take(zone, order, type, alloc_flags) : NULL) {
		if (order < PACKED_ORDERS)
			pcp_served(pcp, page, order);
		if (taken++)
			last = pcp_extend(last, page, order, type);
	}
	spin_unlock_irqrestore(&zone->lock, flags);
	*last = old;
	chain->kept = (u16)(chain->kept + (taken ? taken - 1 : 0));
	return first;
}

static bool top_serves(const struct pcp_chain *chain, enum migratetype type)
{
	return chain->blocks && (page_type_value(chain->blocks) & PCP_MOBILITY_MASK) == PCP_MOBILITY(type);
}

/* What this CPU keeps for such a request: where there is nothing else, what should go back. With the CPU held. */
static struct page *kept_block(struct per_cpu_pages *pcp, unsigned int order, enum migratetype type)
{
	struct pcp_chain *warm = &pcp->order[order].chain[PCP_WARM], *cold = &pcp->order[order].chain[PCP_COLD];

	pcp_warm_up(pcp, order);
	if (top_serves(warm, type))
		return block_pop(pcp, order, warm);
	return top_serves(cold, type) ? block_pop(pcp, order, cold) : NULL;
}

struct page *pcp_obtain_block(struct per_cpu_pages *pcp, unsigned int order, enum migratetype type,
			      unsigned int alloc_flags)
{
	struct page *page = kept_block(pcp, order, type);

	if (page)
		return page;
	return fault_here(pcp->zone->machine, FAULT_PCP, 0) ? NULL : block_fetch(pcp, order, type, alloc_flags);
}

struct page *pcp_take_block(struct zone *zone, unsigned int order, enum migratetype type, unsigned int alloc_flags,
			    bool may_fill)
{
	unsigned long flags;
	struct kmem_cpu *cpu;
	struct per_cpu_pages *pcp;
	struct page *page = NULL;

	if (!order || order >= PCP_ORDERS)
		return NULL;
	cpu = cpu_hold(&flags);
	pcp = &cpu->pcp[zone->index];
	if (may_fill && order < PACKED_ORDERS)
		page = pcp_obtain_block(pcp, order, type, alloc_flags);
	else
		page = kept_block(pcp, order, type);
	if (page)
		pcp->seen[order]--;	/* as many ahead of it is taken as if this were a fast path */
	cpu_let_go(flags);
	return page;
}

GLANCES bool pcp_may_have(const struct zone *zone, unsigned int order, enum migratetype type)
{
	const struct per_cpu_pages *pcp = __atomic_load_n(&this_cpu()->pcp, __ATOMIC_RELAXED);

	return !pcp || pcp_has(pcp + zone->index, order, type);		/* or this thread has no CPU just now */
}

/* Pages of what starts there and is nobody's, in the zone or with some CPU. 0: it is in use, or a single page there. */
static GLANCES unsigned long idle_pages(const struct zone *zone, pfn_t pfn)
{
	u32 type = page_type_get(machine_page(zone->machine, pfn)), order = type & PCP_ORDER_MASK;

	return type >> 24 == PGTY_BUDDY || (type >> 24 == PGTY_PCP && order) ? 1ul << order : 0;
}

/* In most the first page is in use, and nothing else need be looked at. */
static bool range_is_idle(const struct zone *zone, pfn_t pfn, unsigned int order)
{
	pfn_t end = pfn + (1ul << order);
	unsigned long pages;

	if (pfn < zone->start_pfn || !idle_pages(zone, pfn) || end > zone_end_pfn(zone))
		return false;
	do
		pages = idle_pages(zone, pfn);
	while (pages && (pfn += pages) < end);
	return pages != 0;
}

static bool chain_completes(const struct zone *zone, const struct pcp_chain *chain, unsigned int order)
{
	for (const struct page *page = chain->blocks; page; page = (const struct page *)page->lru.next)
		if (range_is_idle(zone, zone_page_pfn(zone, page) & ~((1ul << order) - 1), order))
			return true;
	return false;
}

bool pcp_completes(const struct per_cpu_pages *pcp, unsigned int order)
{
	for (unsigned int each = 1; each < PCP_ORDERS; each++)
		for (unsigned int chain = 0; chain < NR_PCP_CHAINS; chain++)
			if (chain_completes(pcp->zone, &pcp->order[each].chain[chain], order))
				return true;
	return false;
}

static void limit_orders(struct per_cpu_pages *pcp, unsigned long share)
{
	for (unsigned int order = 1; order < PCP_ORDERS; order++)
		limit_order(pcp, order, share, false);
}

void pcp_limit_blocks(struct per_cpu_pages *pcp, const struct zone *zone)
{
	limit_orders(pcp, share_of(zone, zone_managed(zone)));
}

/* All blocks of an order. Returns their pages. */
static unsigned long order_cool(struct per_cpu_pages *pcp, unsigned int order)
{
	unsigned int kept = blocks_kept(pcp, order);

	if (kept)
		zone_give(pcp, order_pop(pcp, order), order);
	return (unsigned long)kept << order;
}

void pcp_cool_some(struct per_cpu_pages *pcp, long pages)
{
	pcp->fill = 1;
	for (unsigned int order = PCP_ORDERS - 1; order && pages > 0; order--)
		pages -= (long)order_cool(pcp, order);
	limit_orders(pcp, share_now(pcp->zone));
}

void pcp_cool(struct per_cpu_pages *pcp)
{
	pcp_cool_some(pcp, LONG_MAX);
}

void pcp_cool_here(struct machine *m)
{
	unsigned long flags;
	struct kmem_cpu *cpu = cpu_hold(&flags);

	large_drain(cpu);
	for (unsigned int i = 0; i < m->nr_zones; i++)
		pcp_cool(&cpu->pcp[i]);
	cpu_let_go(flags);
}

void pcp_spill(struct zone *zone, struct page *page, unsigned int order, bool is_cold)
{
	unsigned long flags;
	struct kmem_cpu *cpu = cpu_hold(&flags);
	struct per_cpu_pages *pcp = &cpu->pcp[zone->index];
	struct pcp_chain *chain = &pcp->order[order].chain[is_cold ? PCP_COLD : PCP_WARM];

	page->lru.next = NULL;
	page = blocks_pop(pcp, order, chain, is_cold ? chain->kept : chain->kept / SPILL_PART, page);
	zone_give(pcp, page, order);
	cpu_let_go(flags);
}

bool pcp_give_block(struct zone *zone, struct page *page, unsigned int order, enum migratetype type)
{
	unsigned long flags;
	struct kmem_cpu *cpu;
	struct pcp_chain *chain;
	bool room;

	if (order >= PCP_ORDERS)
		return false;
	cpu = cpu_hold(&flags);
	chain = pcp_chain_of(&cpu->pcp[zone->index].order[order], page_tag(zone, page));
	room = room_in(chain);
	if (room) {
		page->lru.next = (struct list_head *)chain->blocks;
		pcp_extend(&chain->blocks, page, order, type);
		chain->kept++;
	}
	cpu_let_go(flags);
	return room;
}
