/* SPDX-License-Identifier: MIT */
/*
 * pcp.c - single free pages that a CPU keeps to itself, and what it may keep at all.
 *
 *	cpu->pcp[zone->index].lists[type] -> page -> page -> page	by lru.next, last in, first out
 *			batch pages at once  ^|
 *	zone->free_area[]		     |v
 *
 * A list is filled and emptied under one zone->lock for a batch; between, a page comes and goes without lock or atomic
 * instruction (mm/page_alloc.c). NR_FREE_PAGES does not count these pages. Larger blocks: mm/pcp_blocks.c.
 *
 * Pages are taken from the fullest pageblocks (mm/pageblock.c). Only what comes back to pageblocks that are at least as
 * full as the one that the zone served last is reused at once, as the zone would do no better; other pages wait on the
 * cold lists to go back to it, so that their pageblocks may become empty.
 *
 * While the zone's lock is wanted by other CPUs, a CPU keeps more pages (pcp_adapt()), and uses up its cold ones; some
 * more where warm ones went to the zone for want of room and are fetched again.
 *
 *	P1  count is the pages on the CPU's lists of the zone
 *	P2  they have type PGTY_PCP, their zone, no reference and no mapping; no list goes in circles
 * Only the leasing thread touches them, with interrupts off or in KMEM_FAST code.
 */
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include "lib/assert.h"
#include "mm/cpus.h"
#include "mm/dial.h"
#include "mm/fault_inject.h"
#include "mm/idle.h"
#include "mm/page_alloc.h"
#include "mm/page_report.h"
#include "mm/pcp.h"
#include "mm/stats.h"

#define MOST_BATCHES 16			/* that a CPU keeps of a zone whose lock is wanted by many */
#define TURNS_BATCHES 10		/* that it keeps of pages that come and go */

static struct page *list_next(const struct page *page)
{
	return (struct page *)page->lru.next;
}

/* Where a freed page of that type goes. */
static struct page **list_for(struct per_cpu_pages *pcp, struct page *page, enum migratetype type)
{
	return &pcp->lists[pcp_half(&pcp->order[0], page_tag(pcp->zone, page)) + type];
}

void pcp_undress(struct page *page, u32 value)
{
	u32 type = page_type_get(page);

	page->private = 0;
	if (likely(type >> 24 == PGTY_PCP && (type & (PCP_ORDER_MASK | PCP_COMPOUND)) == value))
		page_type_set(page, PAGE_TYPE_NONE);
}

static void list_push(struct per_cpu_pages *pcp, struct page *page, enum migratetype type)
{
	struct page **list = list_for(pcp, page, type);

	page->lru.next = (struct list_head *)*list;
	pcp_extend(list, page, 0, type);
	pcp->count++;
}

static struct page *list_pop(struct per_cpu_pages *pcp, unsigned int list)
{
	struct page *page = pcp->lists[list];

	if (!page)
		return NULL;
	pcp->lists[list] = list_next(page);
	pcp->count--;
	pcp_undress(page, 0);
	return page;
}

static int pcp_high(const struct per_cpu_pages *pcp)
{
	return __atomic_load_n(&pcp->high, __ATOMIC_RELAXED);
}

static void set_pcp_high(struct per_cpu_pages *pcp, int high)
{
	__atomic_store_n(&pcp->high, high, __ATOMIC_RELAXED);
}

/* As much as before it adapted. */
static void pcp_reset(struct per_cpu_pages *pcp, const struct zone *zone)
{
	set_pcp_high(pcp, __atomic_load_n(&zone->pcp_high, __ATOMIC_RELAXED));
	pcp->full = false;
	pcp->wanted = false;
}

/*
 * Pages go between this CPU and the zone. If the zone's lock is another CPU's just now, or pages come back that went
 * for want of room, fewer such moments are worth some memory: the CPU may keep a batch more from now on, unless the
 * zone has little left or the user said how much.
 */
static void pcp_adapt(struct per_cpu_pages *pcp, const struct zone *zone, bool come_back)
{
	int high = pcp_high(pcp), most = come_back ? TURNS_BATCHES : 0;

	if (zone_page_state(zone, NR_FREE_PAGES) < (long)zone_mark(zone, WMARK_HIGH)) {
		pcp_reset(pcp, zone);
		return;
	}
	if (spin_is_locked(&zone->lock)) {
		pcp->wanted = true;
		most = MOST_BATCHES;
	}
	if (high < most * pcp_batch(pcp) && !zone->machine->params.percpu_pagelist_high_fraction)
		set_pcp_high(pcp, high + pcp_batch(pcp));
}

void pcp_level(struct per_cpu_pages *pcp, unsigned int order)
{
	if (order < PACKED_ORDERS && pcp->served[order])
		pcp->order[order].warm_to = pageblock_tag(pcp->served[order]) | PAGEBLOCK_BELOW_BUCKET;
}

void pcp_served(struct per_cpu_pages *pcp, const struct page *page, unsigned int order)
{
	const struct zone *zone = pcp->zone;

	if (!zone->machine->params.fullest_first)
		return;
	pcp->served[order] = &zone->pageblock_tags[pageblock_index(zone, zone_page_pfn(zone, page))];
	pcp_level(pcp, order);
}

struct page **pcp_extend(struct page **last, struct page *page, unsigned int order, enum migratetype type)
{
	page_type_set(page, order ? PAGE_TYPE_PCP(order, type) : PAGE_TYPE_PCP_SINGLE);
	page_order_set(page, order);
	*last = page;
	return (struct page **)&page->lru.next;
}

/* A batch from the zone; the first taken will be the first handed out. None: the caller asks the zone for one. */
static void pcp_fill(struct per_cpu_pages *pcp, struct zone *zone, enum migratetype type, unsigned int alloc_flags)
{
	int nr = pcp_batch(pcp), taken = 0;
	struct page **last = &pcp->lists[type];
	unsigned long flags;

	assert(nr > 0);
	if (fault_here(zone->machine, FAULT_PCP, 0))
		return;
	pcp_adapt(pcp, zone, pcp->full);
	pcp->full = false;
	pcp_fetch(pcp, (unsigned int)nr);
	spin_lock_irqsave(&zone->lock, flags);
	while (taken < nr) {
		unsigned int run;
		struct page *page = buddy_take_singles(zone, (unsigned int)ilog2((unsigned int)(nr - taken)), type,
						       alloc_flags, &run);

		if (!page)
			break;
		pcp_served(pcp, page, 0);
		for (const struct page *end = page + (1ul << run); page < end; page++)
			last = pcp_extend(last, page, 0, type);
		taken += 1 << run;
	}
	spin_unlock_irqrestore(&zone->lock, flags);
	*last = NULL;
	pcp->count += taken;
}

/* Do other CPUs come to the zone's lock so often that this one has met them there? */
static bool zone_is_wanted(const struct per_cpu_pages *pcp, const struct zone *zone)
{
	return pcp->wanted || spin_is_locked(&zone->lock);
}

/* Then better the pages that should go back. */
static void cold_warm_up(struct per_cpu_pages *pcp, enum migratetype type)
{
	pcp->lists[type] = pcp->lists[PCP_COLD_LISTS + type];
	pcp->lists[PCP_COLD_LISTS + type] = NULL;
}

struct page *pcp_take(struct zone *zone, enum migratetype type, unsigned int alloc_flags)
{
	unsigned long flags;
	struct kmem_cpu *cpu = cpu_hold(&flags);
	struct per_cpu_pages *pcp = &cpu->pcp[zone->index];
	struct page *page;

	if (!pcp->lists[type] && zone_is_wanted(pcp, zone))
		cold_warm_up(pcp, type);
	if (!pcp->lists[type])
		pcp_fill(pcp, zone, type, alloc_flags);
	page = list_pop(pcp, type);
	if (!page)
		page = list_pop(pcp, PCP_COLD_LISTS + type);
	cpu_let_go(flags);
	return page;
}

struct page *pcp_take_cold(struct zone *zone, enum migratetype type)
{
	unsigned long flags;
	struct kmem_cpu *cpu = cpu_hold(&flags);
	struct page *page = list_pop(&cpu->pcp[zone->index], PCP_COLD_LISTS + type);

	cpu_let_go(flags);
	return page;
}

static void report_all(struct machine *m, struct page *bad)
{
	while (bad) {
		struct page *page = bad;

		bad = list_next(page);
		page->lru.next = NULL;
		bad_page(m, page, page_bad_reason(page, PAGE_FLAGS_ALL, "PAGE_FLAGS_CHECK_AT_PREP flag(s) set"));
	}
}

/* The list to give something back from, after that one: cold ones until they are empty, then all in turn. */
static unsigned int list_to_shrink(const struct per_cpu_pages *pcp, unsigned int index)
{
	for (unsigned int cold = PCP_COLD_LISTS; cold < NR_PCP_LISTS; cold++)
		if (pcp->lists[cold])
			return cold;
	do
		index = (index + 1) % PCP_COLD_LISTS;
	while (!pcp->lists[index]);
	return index;
}

/* Give up to that many back to the zone, of the warm ones @last's last; those that someone has touched are lost. */
static void pcp_shrink(struct per_cpu_pages *pcp, struct zone *zone, int pages, enum migratetype last)
{
	struct page *bad = NULL;
	unsigned int index = last;
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	while (pages > 0 && pcp->count > 0) {
		struct page *page;

		index = list_to_shrink(pcp, index);
		page = list_pop(pcp, index);
		assert(page);
		pages--;
		if (unlikely(!page_is_untouched(page))) {
			page->lru.next = (struct list_head *)bad;
			bad = page;
			continue;
		}
		buddy_give(zone, page, 0, pageblock_type(zone, zone_page_pfn(zone, page)), false);
		if (index < PCP_COLD_LISTS)
			pcp->full = true;
	}
	spin_unlock_irqrestore(&zone->lock, flags);
	pcp_level(pcp, 0);
	report_all(zone->machine, bad);
}

void pcp_give(struct zone *zone, struct page *page, enum migratetype type)
{
	unsigned long flags;
	struct kmem_cpu *cpu = cpu_hold(&flags);
	struct per_cpu_pages *pcp = &cpu->pcp[zone->index];

	list_push(pcp, page, type);
	if (pcp->count > pcp_high(pcp)) {
		pcp_adapt(pcp, zone, false);
		if (pcp->count > pcp_high(pcp))
			pcp_shrink(pcp, zone, pcp_batch(pcp), type);
	}
	cpu_let_go(flags);
	idle_hint(zone);
}

/* ----------------------------------------------------------------------------------------------------- draining */

void pcp_drain(struct kmem_cpu *cpu)
{
	struct machine *m = cpu->machine;
	unsigned long flags;

	cpu_hold(&flags);
	large_drain(cpu);
	for (unsigned int i = 0; i < m->nr_zones; i++) {
		struct per_cpu_pages *pcp = &cpu->pcp[i];

		pcp_cool(pcp);
		pcp_shrink(pcp, m->zones[i], pcp->count, MIGRATE_MOVABLE);
		pcp_reset(pcp, m->zones[i]);
	}
	cpu_let_go(flags);
}

void drain_local_pages(void)
{
	preempt_disable();
	pcp_drain(this_cpu());
	preempt_enable();
}

void drain_all_pages(void)
{
	struct machine *m = this_machine();

	cpus_request(m, CPU_DRAIN_PAGES);
	check_step(m, CHECK_RARE);
}

/* ------------------------------------------------------------------------------------------------------- limits */

/* The kernel's: a quarter of a thousandth of the zone, at most 256 KiB, less one to spread page colours. */
static int zone_batch(const struct zone *zone)
{
	unsigned long batch = zone_managed(zone) >> 10, most = (1ul << 20) / PAGE_SIZE;

	batch = (batch < most ? batch : most) / 4;
	if (batch < 1)
		batch = 1;
	batch += batch / 2;
	batch = (1ul << (sizeof(long) * 8 - 1 - (unsigned int)__builtin_clzl(batch))) - 1;
	return batch ? (int)batch : 1;
}

static int zone_high(const struct zone *zone, int batch)
{
	const struct machine *m = zone->machine;
	unsigned int cpus = m->nr_online ? m->nr_online : 1, fraction = m->params.percpu_pagelist_high_fraction;
	unsigned long pages = fraction ? zone_managed(zone) / fraction : zone->watermark[WMARK_LOW];
	long high = (long)(pages / cpus);

	return high > batch * 4l ? (int)high : batch * 4;
}

void pcp_update_limits(struct machine *m)
{
	for (unsigned int i = 0; i < m->nr_zones; i++) {
		struct zone *zone = m->zones[i];
		int batch = zone_batch(zone), high = zone_high(zone, batch);

		__atomic_store_n(&zone->pcp_batch, batch, __ATOMIC_RELAXED);
		__atomic_store_n(&zone->pcp_high, high, __ATOMIC_RELAXED);
		for (unsigned int id = 0; id < cpus_ever_up(m); id++) {
			struct kmem_cpu *cpu = m->cpus[id];

			if (!cpu->pcp)
				continue;
			__atomic_store_n(&cpu->pcp[i].high, high, __ATOMIC_RELAXED);
			__atomic_store_n(&cpu->pcp[i].batch, batch, __ATOMIC_RELAXED);
			pcp_limit_blocks(&cpu->pcp[i], zone);
		}
	}
}

/* Each call must be looked at if it may be made to fail or its memory is written at either end. */
static bool fast_allowed(const struct machine *m)
{
	return !fault_watches(m, FAULT_PAGE) && !m->params.init_on_alloc && !m->params.init_on_free &&
	       m->params.check != CHECK_EACH;
}

const struct per_cpu_pages pcp_none = { .order = { [0 ... PCP_ORDERS - 1] = { .flags = ~0ul } } };

/* The fast paths only write to what they have found there. */
static struct per_cpu_pages *fast_pcp(struct kmem_cpu *cpu, struct zone *zone)
{
	return zone && fast_allowed(cpu->machine) ? &cpu->pcp[zone->index] : (struct per_cpu_pages *)&pcp_none;
}

/* The zone that a request of this node is served from when its lists are not empty. */
static struct zone *preferred_zone(struct pglist_data *node, enum zone_type highest)
{
	for (int type = (int)highest; type >= 0; type--)
		if (zone_populated(&node->zones[type]))
			return &node->zones[type];
	return NULL;
}

static void cpu_update_fast(struct kmem_cpu *cpu)
{
	struct pglist_data *node = cpu->machine->nodes[cpu->node];

	for (unsigned int bits = 0; bits <= ZONE_BITS; bits++) {
		enum zone_type highest = machine_gfp_zone(cpu->machine, (__force gfp_t)bits);

		__atomic_store_n(&cpu->pcp_by_gfp[bits], fast_pcp(cpu, preferred_zone(node, highest)),
				 __ATOMIC_RELAXED);
	}
	for (enum zone_type type = 0; type < MAX_NR_ZONES; type++)
		__atomic_store_n(&cpu->pcp_by_type[type],
				 fast_pcp(cpu, zone_populated(&node->zones[type]) ? &node->zones[type] : NULL),
				 __ATOMIC_RELAXED);
}

void pcp_update_fast(struct machine *m)
{
	for (unsigned int id = 0; id < cpus_ever_up(m); id++)
		if (__atomic_load_n(&m->cpus[id]->pcp, __ATOMIC_ACQUIRE))
			cpu_update_fast(m->cpus[id]);
}

static void pcp_order_init(struct pcp_order *of, const struct zone *zone, unsigned int order)
{
	of->flags = (unsigned long)page_zone_tag(zone->nid, zone->type) << PAGE_ZONE_SHIFT |
		    (unsigned long)order << PAGE_ORDER_SHIFT;
	of->type = PAGE_TYPE(PGTY_PCP, order);
	of->warm_to = ~0u;
}

int pcp_init(struct machine *m, struct kmem_cpu *cpu)
{
	for (unsigned int i = 0; i < m->nr_zones; i++) {
		struct zone *zone = m->zones[i];
		struct per_cpu_pages *pcp = &cpu->pcp[i];
		unsigned long before = (zone->start_pfn >> PAGEBLOCK_ORDER) -
				       (zone->node->start_pfn >> PAGEBLOCK_ORDER);

		pcp->pageblocks = zone->pageblock_tags - before;
		for (unsigned int order = 0; order < PCP_ORDERS; order++)
			pcp_order_init(&pcp->order[order], zone, order);
		pcp->zone = zone;
		pcp->batch = zone->pcp_batch;
		pcp->fill = PCP_MOST_FILL;
		pcp->high = zone->pcp_high;
	}
	cpu_update_fast(cpu);
	pcp_update_limits(m);
	return 0;
}
