/* SPDX-License-Identifier: MIT */
/*
 * pcp.c - free pages that a CPU keeps to itself.
 *
 *	cpu->pcp[zone->index].lists[order, type] -> page -> page -> page	by lru.next, last in, first out
 *			batch pages at once  ^|
 *	zone->free_area[]		     |v
 *
 * Orders 0 to 3 and the pageblock's. A list is filled and emptied under one zone->lock for a batch; between, a page
 * comes and goes without lock or atomic instruction (mm/page_alloc.c). NR_FREE_PAGES does not count these pages.
 *
 * Single pages are taken from the fullest pageblocks (mm/pageblock.c). Only what comes back to the few that this CPU
 * was filling last is reused at once; other pages wait on the cold lists to go back to the zone, so that their
 * pageblocks may become empty.
 *
 *	P1  count is the pages on the CPU's lists of the zone
 *	P2  they have type PGTY_PCP of their list's order, their zone, no reference and no mapping
 * Only the leasing thread touches them, with interrupts off or in KMEM_FAST code.
 */
#include <linux/errno.h>
#include <linux/log2.h>
#include "lib/assert.h"
#include "mm/cpus.h"
#include "mm/dial.h"
#include "mm/fault_inject.h"
#include "mm/idle.h"
#include "mm/page_report.h"
#include "mm/pcp.h"

static struct page *list_next(const struct page *page)
{
	return (struct page *)page->lru.next;
}

/* Where a freed block of that type goes. */
static struct page **list_for(struct per_cpu_pages *pcp, struct page *page, unsigned int order, enum migratetype type)
{
	const struct zone *zone = pcp->zone;

	if (!order && pageblock_is_cold(zone, pageblock_index(zone, zone_page_pfn(zone, page))))
		return &pcp->lists[PCP_COLD_LISTS + type];
	return &pcp->lists[pcp_list_index(order, type)];
}

static void list_push(struct per_cpu_pages *pcp, struct page *page, unsigned int order, enum migratetype type)
{
	struct page **list = list_for(pcp, page, order, type);

	page->lru.next = (struct list_head *)*list;
	page->free_type = type;
	page->free_order = order;
	page_type_set(page, PAGE_TYPE(PGTY_PCP, order));
	*list = page;
	pcp->count += 1 << order;
}

static struct page *list_pop(struct per_cpu_pages *pcp, unsigned int index, unsigned int order)
{
	struct page *page = pcp->lists[index];

	if (!page)
		return NULL;
	pcp->lists[index] = list_next(page);
	pcp->count -= 1 << order;
	page->private = 0;
	/* What someone has written to stays as it is, for the report. */
	if (likely(page_type_get(page) == PAGE_TYPE(PGTY_PCP, order)))
		page_type_set(page, PAGE_TYPE_NONE);
	return page;
}

/* Another CPU that comes online may set it at any time. */
static int pcp_batch(const struct per_cpu_pages *pcp)
{
	return __atomic_load_n(&pcp->batch, __ATOMIC_RELAXED);
}

/* Pages of that pageblock are handed out now: freed ones may be reused, no more those of the one filled longest ago. */
static void fill_from(struct per_cpu_pages *pcp, struct zone *zone, enum migratetype type, u32 index)
	MUST_HOLD(zone->lock)
{
	u32 *filling = pcp->filling[type], *slot;

	for (unsigned int i = 0; i < NR_PCP_FILLING; i++)
		if (filling[i] == index + 1)
			return;
	slot = &filling[pcp->filling_next[type]++ % NR_PCP_FILLING];
	if (*slot)
		set_pageblock_cold(zone, *slot - 1, true);
	*slot = index + 1;
	set_pageblock_cold(zone, index, false);
}

/* Blocks for the end of a list that is being filled: 2^run of that order, side by side. Returns the new end. */
static struct page **list_extend(struct page **last, struct page *page, unsigned int run, unsigned int order,
				 enum migratetype type)
{
	for (struct page *end = page + (1ul << run << order); page < end; page += 1ul << order) {
		page_type_set(page, PAGE_TYPE(PGTY_PCP, order));
		page->free_type = type;
		page->free_order = order;
		*last = page;
		last = (struct page **)&page->lru.next;
	}
	*last = NULL;
	return last;
}

/* The next pages of a list that lacks @nr blocks: one block, or 2^*run single pages. */
static struct page *take_some(struct per_cpu_pages *pcp, struct zone *zone, unsigned int order, enum migratetype type,
			      int nr, unsigned int alloc_flags, unsigned int *run) MUST_HOLD(zone->lock)
{
	struct page *page;

	*run = 0;
	if (order)
		return buddy_take(zone, order, type, alloc_flags);
	page = buddy_take_singles(zone, (unsigned int)ilog2((unsigned int)nr), type, alloc_flags, run);
	if (page && zone->machine->params.fullest_first)
		fill_from(pcp, zone, type, pageblock_index(zone, zone_page_pfn(zone, page)));
	return page;
}

/* A batch from the zone; the first taken will be the first handed out. None: the caller asks the zone for one. */
static void pcp_fill(struct per_cpu_pages *pcp, struct zone *zone, unsigned int order, enum migratetype type,
		     unsigned int alloc_flags)
{
	int nr = pcp_batch(pcp) >> order, taken = 0;
	struct page **last = &pcp->lists[pcp_list_index(order, type)];
	unsigned long flags;

	assert(nr > 0 || order);
	if (nr < 2 && order)
		nr = 2;
	if (fault_here(zone->machine, FAULT_PCP, 0))
		return;
	spin_lock_irqsave(&zone->lock, flags);
	while (taken < nr) {
		unsigned int run;
		struct page *page = take_some(pcp, zone, order, type, nr - taken, alloc_flags, &run);

		if (!page)
			break;
		last = list_extend(last, page, run, order, type);
		taken += 1 << run;
	}
	spin_unlock_irqrestore(&zone->lock, flags);
	pcp->count += taken << order;
}

struct page *pcp_take(struct zone *zone, unsigned int order, enum migratetype type, unsigned int alloc_flags)
{
	unsigned int index = pcp_list_index(order, type);
	unsigned long flags;
	struct kmem_cpu *cpu = cpu_hold(&flags);
	struct per_cpu_pages *pcp = &cpu->pcp[zone->index];
	struct page *page;

	if (!pcp->lists[index])
		pcp_fill(pcp, zone, order, type, alloc_flags);
	page = list_pop(pcp, index, order);
	if (!page && !order)
		page = list_pop(pcp, PCP_COLD_LISTS + type, 0);
	cpu_let_go(flags);
	return page;
}

struct page *pcp_take_cold(struct zone *zone, enum migratetype type)
{
	unsigned long flags;
	struct kmem_cpu *cpu = cpu_hold(&flags);
	struct page *page = list_pop(&cpu->pcp[zone->index], PCP_COLD_LISTS + type, 0);

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

/* The page of a block off a list that someone has touched, or NULL. */
static struct page *touched_page(struct page *page, unsigned int order)
{
	if (unlikely(!page_is_untouched(page)))
		return page;
	return order == PAGEBLOCK_ORDER ? pages_wash(page + 1, page + PAGEBLOCK_PAGES) : NULL;
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

/* Give up to that many pages back to the zone; those that someone has touched are lost. */
static void pcp_shrink(struct per_cpu_pages *pcp, struct zone *zone, int pages)
{
	struct page *bad = NULL;
	unsigned int index = PCP_COLD_LISTS - 1;
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	while (pages > 0 && pcp->count > 0) {
		struct page *page, *touched;
		unsigned int order;

		index = list_to_shrink(pcp, index);
		order = pcp_list_order(index);
		page = list_pop(pcp, index, order);
		assert(page);
		pages -= 1 << order;
		touched = touched_page(page, order);
		if (unlikely(touched)) {
			touched->lru.next = (struct list_head *)bad;
			bad = touched;
			continue;
		}
		buddy_give(zone, page, order, pageblock_type(zone, zone_page_pfn(zone, page)), false);
	}
	spin_unlock_irqrestore(&zone->lock, flags);
	report_all(zone->machine, bad);
}

void pcp_give(struct zone *zone, struct page *page, unsigned int order, enum migratetype type)
{
	unsigned long flags;
	struct kmem_cpu *cpu = cpu_hold(&flags);
	struct per_cpu_pages *pcp = &cpu->pcp[zone->index];

	list_push(pcp, page, order, type);
	if (pcp->count > __atomic_load_n(&pcp->high, __ATOMIC_RELAXED))
		pcp_shrink(pcp, zone, pcp_batch(pcp));
	cpu_let_go(flags);
	idle_hint(zone);
}

/* ----------------------------------------------------------------------------------------------------- draining */

void pcp_drain(struct kmem_cpu *cpu)
{
	struct machine *m = cpu->machine;
	unsigned long flags;

	cpu_hold(&flags);
	for (unsigned int i = 0; i < m->nr_zones; i++)
		pcp_shrink(&cpu->pcp[i], m->zones[i], cpu->pcp[i].count);
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
		for (unsigned int id = 0; id < m->nr_cpus; id++) {
			struct kmem_cpu *cpu = m->cpus[id];

			if (!cpu->pcp)
				continue;
			__atomic_store_n(&cpu->pcp[i].high, high, __ATOMIC_RELAXED);
			__atomic_store_n(&cpu->pcp[i].batch, batch, __ATOMIC_RELAXED);
		}
	}
}

/* Each call must be looked at if it may be made to fail or its memory is written at either end. */
static bool fast_allowed(const struct machine *m)
{
	return !fault_watches(m, FAULT_PAGE) && !m->params.init_on_alloc && !m->params.init_on_free &&
	       m->params.check != CHECK_EACH;
}

static struct per_cpu_pages *fast_pcp(struct kmem_cpu *cpu, struct zone *zone)
{
	return zone && fast_allowed(cpu->machine) ? &cpu->pcp[zone->index] : NULL;
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
		enum zone_type highest = gfp_zone((__force gfp_t)bits);

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
	for (unsigned int id = 0; id < m->nr_cpus; id++)
		if (__atomic_load_n(&m->cpus[id]->pcp, __ATOMIC_ACQUIRE))
			cpu_update_fast(m->cpus[id]);
}

int pcp_init(struct machine *m, struct kmem_cpu *cpu)
{
	for (unsigned int i = 0; i < m->nr_zones; i++) {
		struct zone *zone = m->zones[i];
		struct per_cpu_pages *pcp = &cpu->pcp[i];
		pfn_t window_pfn = (pfn_t)(m->vmemmap - (struct page *)VMEMMAP_BASE);

		/* pageblocks[n] for the nth pageblock of the window; slots begin at multiples of a pageblock. */
		pcp->pageblocks = zone->pageblock_type - (zone->start_pfn >> PAGEBLOCK_ORDER) -
				  (window_pfn >> PAGEBLOCK_ORDER);
		pcp->numa = cpu->numa[i];
		pcp->zone = zone;
		pcp->batch = zone->pcp_batch;
		pcp->high = zone->pcp_high;
	}
	cpu_update_fast(cpu);
	pcp_update_limits(m);
	return 0;
}
