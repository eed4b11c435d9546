/* SPDX-License-Identifier: MIT */
/*
 * pcp_blocks.c - blocks that a CPU keeps to itself as they were freed: whoever wants one next wants the same.
 *
 *	cpu->pcp[zone->index].blocks[order] -> block -> block	by lru.next, last in, first out
 *		each: type PGTY_PCP: order, mobility, "still a compound block"
 *
 * Orders 1 to 9 of any mobility; single pages have mm/pcp.c's lists. A block comes and goes without lock or atomic
 * instruction (mm/page_alloc.c, mm/page_free.c), unsplit and unmerged; a compound one stays what it
 * is, and its tails are not looked at until it leaves the CPU. What is kept does not merge, so it is little, and only
 * what comes back to the pageblocks that are being filled; all of it goes to the zone when a request would fail, or
 * sleep, that it could serve, and those of an order that the CPU does not ask for while it fetches a MiB of others
 * (pcp_fetch()).
 *
 * NR_FREE_PAGES does not count them.
 *
 *	P3  kept[order] blocks are kept, each of its order and zone, with no reference and no mapping
 * Only the leasing thread touches them, with interrupts off or in KMEM_FAST code.
 */
#include <linux/minmax.h>
#include "mm/cpus.h"
#include "mm/fault_inject.h"
#include "mm/page_alloc.h"
#include "mm/pcp.h"

/*
 * What one CPU may keep, if that is not more than its share of a sixteenth of the zone and of a quarter of what is
 * free: of each order one; of small ones, which are only kept if they are in the pageblocks that it fills, several; and
 * several whole pageblocks, which scatter nothing. Of an order of which it gives many and then takes many, one more
 * each time that it did so, wherever they lie; but not of the smallest, of which many would keep pageblocks from
 * becoming whole.
 */
#define SMALL_BLOCKS 32ul
#define WHOLE_BLOCKS 8ul
#define TURNS_ORDER 4u
#define TURNS_BLOCKS 6ul
#define LOOK_PAGES 256u			/* from the zone, between two looks for what is kept in vain */

static unsigned long most_kept(unsigned int order, bool is_cold)
{
	if (order == PAGEBLOCK_ORDER)
		return WHOLE_BLOCKS;
	if (order < PACKED_ORDERS)
		return is_cold ? 0 : SMALL_BLOCKS;
	return 1;
}

/* This CPU's share of a zone that has so many free pages. */
static unsigned long share_of(const struct zone *zone, unsigned long free)
{
	u32 cpus = __atomic_load_n(&zone->machine->nr_online, __ATOMIC_RELAXED);	/* its own, at least */
	unsigned long share = min(zone_managed(zone) / 16, free / 4) / cpus;
	u64 keep = zone->machine->params.keep >> PAGE_SHIFT;

	return zone->machine->params.keep && share > keep ? (unsigned long)keep : share;
}

static unsigned long share_now(const struct zone *zone)
{
	return share_of(zone, (unsigned long)max(zone_page_state(zone, NR_FREE_PAGES), 0l));
}

static void limit_order(struct per_cpu_pages *pcp, unsigned int order, unsigned long share)
{
	for (unsigned int is_cold = 0; is_cold < 2; is_cold++) {
		unsigned long most = most_kept(order, is_cold), blocks = min(share / 4 >> order, most);

		if (most && !blocks)
			blocks = share >> order != 0;
		__atomic_store_n(&pcp->order[order].kept_max[is_cold], (u16)blocks, __ATOMIC_RELAXED);
	}
}

/* A block went to the zone for want of room, and now the CPU lacks one. */
static void grow_order(struct per_cpu_pages *pcp, unsigned int order)
{
	struct pcp_order *of = &pcp->order[order];
	unsigned long most;

	of->full = false;
	if (order < TURNS_ORDER)
		return;
	most = min(share_now(pcp->zone) / 4 >> order, TURNS_BLOCKS);
	for (unsigned int is_cold = 0; is_cold < 2; is_cold++) {
		u16 now = __atomic_load_n(&of->kept_max[is_cold], __ATOMIC_RELAXED);

		if (now < most)
			__atomic_store_n(&of->kept_max[is_cold], (u16)(now + 1), __ATOMIC_RELAXED);
	}
}

/* The top one, nobody's now, and no compound block. NULL: it is bad, reported and lost. */
static struct page *block_pop(struct per_cpu_pages *pcp, unsigned int order)
{
	struct page *page = pcp->order[order].blocks;

	pcp->order[order].blocks = (struct page *)page->lru.next;
	pcp->order[order].kept--;
	pcp_undress(page, order | (page->flags & (1ul << PG_head) ? PCP_COMPOUND : 0));
	return block_may_be_freed(pcp->zone->machine, page, order, true) ? page : NULL;
}

/* Blocks of one order, undressed, off the stack. */
static struct page *blocks_pop(struct per_cpu_pages *pcp, unsigned int order)
{
	struct page *all = NULL;

	while (pcp->order[order].blocks) {
		struct page *page = block_pop(pcp, order);

		if (!page)
			continue;
		page->lru.next = (struct list_head *)all;
		all = page;
	}
	return all;
}

static void zone_give(struct zone *zone, struct page *blocks, unsigned int order)
{
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	while (blocks) {
		struct page *page = blocks;

		blocks = (struct page *)page->lru.next;
		buddy_give(zone, page, order, pageblock_type(zone, zone_page_pfn(zone, page)), false);
	}
	spin_unlock_irqrestore(&zone->lock, flags);
}

/* Blocks that a CPU has not asked for meanwhile are better used for what it does ask for. */
void pcp_fetch(struct per_cpu_pages *pcp, unsigned int pages)
{
	pcp->fetched += pages;
	if (pcp->fetched < LOOK_PAGES)
		return;
	pcp->fetched = 0;
	for (unsigned int order = 1; order < PCP_ORDERS; order++) {
		u32 taken = (u32)pcp->order[order].taken;

		if (pcp->order[order].blocks && pcp->order[order].seen == taken) {
			zone_give(pcp->zone, blocks_pop(pcp, order), order);
			limit_order(pcp, order, share_now(pcp->zone));
		}
		pcp->order[order].seen = taken;
	}
}

/* How many more may be kept. */
static unsigned int room_for(const struct per_cpu_pages *pcp, unsigned int order, bool is_cold)
{
	const struct pcp_order *of = &pcp->order[order];
	unsigned int kept = of->kept, most = __atomic_load_n(&of->kept_max[is_cold], __ATOMIC_RELAXED);

	return kept < most ? most - kept : 0;
}

/* How many blocks to take at once: of small ones several, where there is room for all but the one that is asked for. */
static unsigned int blocks_to_fetch(struct per_cpu_pages *pcp, unsigned int order)
{
	unsigned int batch = order <= PAGE_ALLOC_COSTLY_ORDER ? (unsigned int)pcp_batch(pcp) >> order : 1;
	unsigned int nr = min3(max(batch, 1u), (unsigned int)pcp->fill, room_for(pcp, order, false) + 1);

	pcp->fill = (u16)min(2u * pcp->fill, PCP_MOST_FILL);
	return nr;
}

/* One from the zone, nobody's; and of small ones more for the CPU. NULL: the zone has none. With the CPU held. */
static struct page *block_fetch(struct per_cpu_pages *pcp, unsigned int order, enum migratetype type,
				unsigned int alloc_flags)
{
	struct pcp_order *of = &pcp->order[order];
	struct page *first, *page, *old, **last = &of->blocks;
	unsigned int nr = 1, taken = 0;
	struct zone *zone = pcp->zone;
	unsigned long flags;

	if (order < PACKED_ORDERS) {
		if ((alloc_flags & ALLOC_WMARK_MASK) != WMARK_MIN)	/* else the zone is short */
			nr = blocks_to_fetch(pcp, order);
		pcp_fetch(pcp, nr << order);
	}
	if (of->full)
		grow_order(pcp, order);
	old = *last;
	spin_lock_irqsave(&zone->lock, flags);
	for (first = page = buddy_take(zone, order, type, alloc_flags); page;
	     page = taken < nr ? buddy_take(zone, order, type, alloc_flags) : NULL) {
		if (order < PACKED_ORDERS)
			pcp_fill_from(pcp, zone, page, order, type);
		if (taken++)
			last = pcp_extend(last, page, order, type);
	}
	spin_unlock_irqrestore(&zone->lock, flags);
	*last = old;
	of->kept = (u16)(of->kept + (taken ? taken - 1 : 0));
	return first;
}

static bool top_serves(const struct per_cpu_pages *pcp, unsigned int order, enum migratetype type)
{
	const struct page *page = pcp->order[order].blocks;

	return page && page_type_value(page) >> PCP_TYPE_SHIFT == type;
}

struct page *pcp_obtain_block(struct per_cpu_pages *pcp, unsigned int order, enum migratetype type,
			      unsigned int alloc_flags)
{
	if (top_serves(pcp, order, type))
		return block_pop(pcp, order);
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
	else if (top_serves(pcp, order, type))
		page = block_pop(pcp, order);
	if (page)
		pcp->order[order].seen--;	/* as many ahead of it is taken as if this were a fast path */
	cpu_let_go(flags);
	return page;
}

GLANCES bool pcp_may_have(const struct zone *zone, unsigned int order, enum migratetype type)
{
	const struct per_cpu_pages *pcp = __atomic_load_n(&this_cpu()->pcp, __ATOMIC_RELAXED);

	if (!pcp)		/* this thread has no CPU just now */
		return true;
	pcp += zone->index;
	if (!order)
		return pcp->lists[PCP_COLD_LISTS + type] != NULL;
	return order < PCP_ORDERS && pcp->order[order].blocks;
}

unsigned long pcp_kept_pages(const struct per_cpu_pages *pcp)
{
	unsigned long pages = 0;

	for (unsigned int order = 1; order < PCP_ORDERS; order++)
		pages += (unsigned long)pcp->order[order].kept << order;
	return pages;
}

static void limit_orders(struct per_cpu_pages *pcp, unsigned long share)
{
	for (unsigned int order = 1; order < PCP_ORDERS; order++)
		limit_order(pcp, order, share);
}

void pcp_limit_blocks(struct per_cpu_pages *pcp, const struct zone *zone)
{
	limit_orders(pcp, share_of(zone, zone_managed(zone)));
}

void pcp_cool(struct per_cpu_pages *pcp)
{
	struct zone *zone = pcp->zone;
	bool any = false;

	pcp->fill = 1;
	for (unsigned int order = 1; order < PCP_ORDERS; order++)
		if (pcp->order[order].blocks) {
			zone_give(zone, blocks_pop(pcp, order), order);
			any = true;
		}
	if (any)
		limit_orders(pcp, share_now(zone));
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

bool pcp_give_block(struct zone *zone, struct page *page, unsigned int order, enum migratetype type)
{
	unsigned long flags;
	struct kmem_cpu *cpu;
	struct per_cpu_pages *pcp;
	u32 index = pageblock_index(zone, zone_page_pfn(zone, page));
	bool room;

	if (order >= PCP_ORDERS)
		return false;
	cpu = cpu_hold(&flags);
	pcp = &cpu->pcp[zone->index];
	room = room_for(pcp, order, pageblock_is_cold(zone, index));
	if (room) {
		page->lru.next = (struct list_head *)pcp->order[order].blocks;
		pcp_extend(&pcp->order[order].blocks, page, order, type);
		pcp->order[order].kept++;
	}
	cpu_let_go(flags);
	return room;
}
