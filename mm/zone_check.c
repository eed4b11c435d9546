/* SPDX-License-Identifier: MIT */
/*
 * zone_check.c - do zones, free lists and CPUs' lists hold together? Reads only.
 *
 *	Z1 Z2 D1	spans, tags, deferred ranges	mm/page_init.c
 *	B1 .. B6	free blocks			mm/buddy.c
 *	B7 B8		pageblocks			mm/pageblock.c
 *	P1 P2		CPUs' own lists			mm/pcp.c
 *
 * Cost: proportional to the frames that are described. Takes each zone->lock in turn, never sleeps; CPUs other than the
 * caller's must be at rest.
 */
#include <kmem/check.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/printk.h>
#include "mm/buddy_index.h"
#include "mm/cpus.h"
#include "mm/pageblock.h"
#include "mm/pcp.h"
#include "mm/stats.h"

bool fault_at(struct kmem_fault *fault, const char *id, const char *format, ...)
{
	va_list args;

	if (!fault)
		return false;
	fault->id = id;
	va_start(args, format);
	vscnprintf(fault->place, sizeof(fault->place), format, args);
	va_end(args);
	return false;
}

static bool zone_fault(const struct zone *zone, struct kmem_fault *fault, const char *id, pfn_t pfn, const char *what)
{
	return fault_at(fault, id, "node %d zone %s pfn %lu: %s", zone->nid, zone->name, pfn, what);
}

/* ------------------------------------------------------------------------------------------------- spans, ranges */

static bool span_check(const struct zone *zone, struct kmem_fault *fault)
{
	for (enum zone_type type = 0; type < MAX_NR_ZONES; type++) {
		const struct zone *other = &zone->node->zones[type];

		if (other != zone && zone_populated(other) && other->start_pfn < zone_end_pfn(zone) &&
		    zone->start_pfn < zone_end_pfn(other))
			return zone_fault(zone, fault, "Z1", zone->start_pfn, "overlaps another zone of its node");
	}
	if (zone->managed_pages > zone->present_pages || zone->present_pages > zone->spanned_pages)
		return zone_fault(zone, fault, "Z1", zone->start_pfn, "has more managed or present pages than span");
	return true;
}

static bool deferred_check(const struct zone *zone, struct kmem_fault *fault)
{
	pfn_t last = zone->start_pfn;
	unsigned long blocks = 0;

	if (zone->nr_deferred > MAX_DEFERRED)
		return zone_fault(zone, fault, "D1", last, "has more deferred ranges than there is room for");
	for (unsigned int i = 0; i < zone->nr_deferred; i++) {
		pfn_t start = zone->deferred[i].start, end = zone->deferred[i].end;

		if ((start | end) & (MAX_BLOCK_PAGES - 1) || start < last || start >= end || end > zone_end_pfn(zone))
			return zone_fault(zone, fault, "D1", start, "deferred range is not ascending whole blocks");
		blocks += (end - start) >> MAX_ORDER;
		last = end;
	}
	if (blocks != zone->deferred_blocks)
		return zone_fault(zone, fault, "D1", last, "deferred_blocks is not the length of its ranges");
	return true;
}

/* ------------------------------------------------------------------------------------------------------ free lists */

/* Is the list for ordinary pageblocks, as all of the block's are, or for just their type? */
static bool is_kept_with_its_kind(const struct zone *zone, pfn_t pfn, unsigned int order, enum migratetype type)
{
	for (pfn_t at = pfn; at < pfn + (1ul << order); at += PAGEBLOCK_PAGES) {
		enum migratetype own = pageblock_type(zone, at);

		if (own != type && (own >= MIGRATE_PCPTYPES || type >= MIGRATE_PCPTYPES))
			return false;
	}
	return true;
}

static bool block_check(const struct zone *zone, struct page *page, unsigned int order, enum migratetype type,
			struct kmem_fault *fault)
{
	const struct machine *m = zone->machine;
	pfn_t pfn = machine_pfn(m, page), buddy = buddy_of(pfn, order);

	if (pfn >= m->max_pfn || !zone_spans_pfn(zone, pfn) || !pfn_is_aligned(pfn, order))
		return zone_fault(zone, fault, "B1", pfn, "free block is not aligned, or outside");
	if (!page_is_free_block(page, order) || page->free_order != order)
		return zone_fault(zone, fault, "B1", pfn, "is on a list that is not its order's");
	if (page->free_type != type)
		return zone_fault(zone, fault, "B5", pfn, "free block's type is not its list's");
	if (!is_kept_with_its_kind(zone, pfn, order, type))
		return zone_fault(zone, fault, "B5", pfn, "free block is on a list that is not its pageblocks' kind");
	if (page->_refcount.counter || (page->flags & PAGE_FLAGS_ALL) || page->buddy_unused > 1)
		return zone_fault(zone, fault, "B5", pfn, "free block has a reference, a mapping or flags");
	if (!pageblock_knows(zone, pfn, order))
		return zone_fault(zone, fault, "B7", pfn, "free block is not in its pageblock's map");
	if (order < MAX_ORDER && buddy_is_mergeable(zone, pfn, order, type))
		return zone_fault(zone, fault, "B2", pfn < buddy ? pfn : buddy, "block and buddy are both free");
	for (unsigned long i = 1; i < 1ul << order; i++)
		if (page[i]._refcount.counter || page[i].page_type != PAGE_TYPE_NONE)
			return zone_fault(zone, fault, "B6", pfn + i, "page inside a free block is in use");
	return true;
}

static bool list_check(const struct zone *zone, unsigned int order, enum migratetype type, unsigned long *nr,
		       struct kmem_fault *fault)
{
	const struct list_head *head = &zone->free_area[order].free_list[type], *entry;

	for (entry = head->next; entry != head; entry = entry->next) {
		struct page *page = free_block_of(entry);

		if (entry->next->prev != entry || ++*nr << order > zone->spanned_pages)
			return zone_fault(zone, fault, "B1", machine_pfn(zone->machine, page), "list is broken");
		if (!block_check(zone, page, order, type, fault))
			return false;
	}
	return true;
}

static bool free_lists_check(const struct zone *zone, struct kmem_fault *fault, unsigned long *heads)
{
	unsigned long pages = zone->deferred_blocks << MAX_ORDER, listed = 0;

	for (unsigned int order = 0; order <= MAX_ORDER; order++) {
		unsigned long all = 0;

		for (enum migratetype type = 0; type < MIGRATE_TYPES; type++) {
			unsigned long before = all;

			if (!list_check(zone, order, type, &all, fault))
				return false;
			listed += (all - before) << order;
			if (type != MIGRATE_ISOLATE)
				pages += (all - before) << order;
		}
		if (all != zone->free_area[order].nr_free)
			return fault_at(fault, "B3", "node %d zone %s order %u: nr_free is %lu, its lists hold %lu",
					zone->nid, zone->name, order, zone->free_area[order].nr_free, all);
		*heads += all;
	}
	if ((long)pages != zone_page_state(zone, NR_FREE_PAGES))
		return fault_at(fault, "B4", "node %d zone %s: NR_FREE_PAGES is %ld, its blocks hold %lu", zone->nid,
				zone->name, zone_page_state(zone, NR_FREE_PAGES), pages);
	return pageblocks_check(zone, listed, fault);
}

/* Every described frame of the zone's span: does its tag hold, and is each free block on a list? */
static bool frames_check(const struct zone *zone, struct kmem_fault *fault, unsigned long heads)
{
	struct machine *m = zone->machine;
	unsigned long seen = 0;
	unsigned int range = 0;

	for (pfn_t pfn = zone->start_pfn; pfn < zone_end_pfn(zone); pfn++) {
		const struct page *page = machine_page(m, pfn);
		const struct zone *owner;

		if (range < zone->nr_deferred && pfn == zone->deferred[range].start) {
			pfn = zone->deferred[range++].end - 1;
			continue;
		}
		if (!pfn_described(m, pfn))
			continue;
		owner = machine_page_zone(m, page);
		if (!owner || !zone_spans_pfn(owner, pfn))
			return zone_fault(zone, fault, "Z2", pfn, "page's tag names a zone that does not span it");
		seen += owner == zone && page_type_of(page) == PGTY_BUDDY;
	}
	if (seen != heads)
		return fault_at(fault, "B1", "node %d zone %s: %lu pages say that they are free blocks, %lu are listed",
				zone->nid, zone->name, seen, heads);
	return true;
}

static bool zone_check(struct zone *zone, struct kmem_fault *fault)
{
	unsigned long flags, heads = 0;
	bool good;

	spin_lock_irqsave(&zone->lock, flags);
	good = span_check(zone, fault) && deferred_check(zone, fault) && free_lists_check(zone, fault, &heads) &&
	       frames_check(zone, fault, heads);
	spin_unlock_irqrestore(&zone->lock, flags);
	return good;
}

/* -------------------------------------------------------------------------------------------------- CPUs' lists */

static bool page_is_kept(const struct page *page, unsigned int order)
{
	u32 compound = page->flags & (1ul << PG_head) ? PCP_COMPOUND : 0;

	return page_type_of(page) == PGTY_PCP && !page->_refcount.counter && !page->mapping &&
	       (page_type_value(page) & (PCP_ORDER_MASK | PCP_COMPOUND)) == (order | compound);
}

/* What a CPU has chained there. *pages grows by theirs; false, with the invariant named, if one is no free block. */
static bool chain_check(const struct kmem_cpu *cpu, const struct zone *zone, const struct page *page,
			unsigned int order, const char *id, unsigned long *pages, struct kmem_fault *fault)
{
	const struct machine *m = zone->machine;

	for (; page; page = (const struct page *)page->lru.next) {
		pfn_t pfn = machine_pfn(m, page);

		if (pfn >= m->max_pfn || machine_page_zone(m, page) != zone || !page_is_kept(page, order))
			return fault_at(fault, id, "cpu %u zone %s pfn %lu: is not a free block of order %u", cpu->id,
					zone->name, pfn, order);
		*pages += 1ul << order;
		if (*pages > zone->spanned_pages)
			return fault_at(fault, id, "cpu %u zone %s: a list has no end", cpu->id, zone->name);
	}
	return true;
}

static bool pcp_check(const struct kmem_cpu *cpu, const struct zone *zone, struct kmem_fault *fault)
{
	const struct per_cpu_pages *pcp = &cpu->pcp[zone->index];
	unsigned long pages = 0, kept = 0;

	for (unsigned int list = 0; list < NR_PCP_LISTS; list++)
		if (!chain_check(cpu, zone, pcp->lists[list], 0, "P2", &pages, fault))
			return false;
	for (unsigned int i = 0; i < PCP_ORDERS * NR_PCP_CHAINS; i++, kept = 0) {
		unsigned int order = i / NR_PCP_CHAINS;
		const struct pcp_chain *chain = &pcp->order[order].chain[i % NR_PCP_CHAINS];

		if (!chain_check(cpu, zone, chain->blocks, order, "P3", &kept, fault))
			return false;
		if (kept != (unsigned long)chain->kept << order)
			return fault_at(fault, "P3", "cpu %u zone %s: keeps %u blocks of order %u, has %lu pages",
					cpu->id, zone->name, chain->kept, order, kept);
	}
	if ((long)pages != pcp->count)
		return fault_at(fault, "P1", "cpu %u zone %s: count is %d, its lists hold %lu", cpu->id, zone->name,
				pcp->count, pages);
	return true;
}

bool zones_check(struct machine *m, struct kmem_fault *fault)
{
	struct kmem_cpu *cpu;
	unsigned int id;

	for (unsigned int i = 0; i < m->nr_zones; i++)
		if (!zone_check(m->zones[i], fault))
			return false;
	for_each_online_cpu_of(m, cpu, id)
		for (unsigned int i = 0; i < m->nr_zones; i++)
			if (!pcp_check(cpu, m->zones[i], fault))
				return false;
	return true;
}

/* ------------------------------------------------------------------------------------------------------- dumping */

static void zone_dump(struct zone *zone)
{
	static const char *const names[MIGRATE_TYPES] = {
		"Unmovable", "Movable", "Reclaimable", "HighAtomic", "CMA", "Isolate"
	};
	unsigned long flags, nr[MIGRATE_TYPES][NR_ORDERS] = { 0 };

	pr_info("zone %d/%s [%lu, %lu) present %lu managed %lu free %ld min %lu low %lu high %lu\n", zone->nid,
		zone->name, zone->start_pfn, zone_end_pfn(zone), zone->present_pages, zone->managed_pages,
		zone_page_state(zone, NR_FREE_PAGES), zone_watermark(zone, WMARK_MIN), zone_watermark(zone, WMARK_LOW),
		zone_watermark(zone, WMARK_HIGH));
	spin_lock_irqsave(&zone->lock, flags);
	for (unsigned int order = 0; order <= MAX_ORDER; order++)
		for (enum migratetype type = 0; type < MIGRATE_TYPES; type++) {
			const struct list_head *head = &zone->free_area[order].free_list[type], *entry;

			for (entry = head->next; entry != head; entry = entry->next)
				nr[type][order]++;
		}
	spin_unlock_irqrestore(&zone->lock, flags);
	for (enum migratetype type = 0; type < MIGRATE_TYPES; type++)
		pr_info("  %-11s %lu %lu %lu %lu %lu %lu %lu %lu %lu %lu %lu\n", names[type], nr[type][0], nr[type][1],
			nr[type][2], nr[type][3], nr[type][4], nr[type][5], nr[type][6], nr[type][7], nr[type][8],
			nr[type][9], nr[type][10]);
	for (unsigned int i = 0; i < zone->nr_deferred; i++)
		pr_info("  deferred    [%lu, %lu)\n", zone->deferred[i].start, zone->deferred[i].end);
}

void zones_dump(struct machine *m)
{
	struct kmem_cpu *cpu;
	unsigned int id;

	for (unsigned int i = 0; i < m->nr_zones; i++)
		zone_dump(m->zones[i]);
	for_each_online_cpu_of(m, cpu, id)
		for (unsigned int i = 0; i < m->nr_zones; i++)
			pr_info("cpu %u zone %s: %lu pages, high %d, batch %d\n", id, m->zones[i]->name,
				pcp_pages(&cpu->pcp[i]), cpu->pcp[i].high, cpu->pcp[i].batch);
}
