/* SPDX-License-Identifier: MIT */
/*
 * proc_zoneinfo.c - /proc/zoneinfo: every zone of every node, empty ones too.
 *
 *	Node 0, zone      DMA
 *	  per-node stats		before a node's first zone with memory
 *	      nr_inactive_anon 0
 *	  pages free     3840		watermarks, sizes, protection
 *	      nr_free_pages 3840	the zone's items; on amd64 NUMA events
 *	  pagesets
 *	    cpu: 0			each online CPU
 */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include "mm/buddy.h"
#include "mm/cpus.h"
#include "mm/proc.h"

#define KSWAPD_GIVES_UP 16		/* rounds of kswapd without a page */

static void add_item(struct text *text, const char *name, unsigned long value)
{
	text_add(text, "\n      %-12s %lu", name, value);
}

static void add_node_items(struct text *text, const struct pglist_data *node)
{
	text_add(text, "\n  per-node stats");
	for (enum node_stat_item item = 0; item < NR_VM_NODE_STAT_ITEMS; item++)
		if (node_item_exists(node->machine, item))
			add_item(text, node_item_names[item], node_item(node, item));
}

static void add_sizes(struct text *text, const struct zone *zone)
{
	const char *separator = "(";

	text_add(text, "\n  pages free     %lu", zone_item(zone, NR_FREE_PAGES));
	text_add(text, "\n        boost    %lu", __atomic_load_n(&zone->watermark_boost, __ATOMIC_RELAXED));
	text_add(text, "\n        min      %lu", zone_mark(zone, WMARK_MIN));
	text_add(text, "\n        low      %lu", zone_mark(zone, WMARK_LOW));
	text_add(text, "\n        high     %lu", zone_mark(zone, WMARK_HIGH));
	text_add(text, "\n        spanned  %lu", zone->spanned_pages);
	text_add(text, "\n        present  %lu", zone->present_pages);
	text_add(text, "\n        managed  %lu", __atomic_load_n(&zone->managed_pages, __ATOMIC_RELAXED));
	text_add(text, "\n        cma      0");
	text_add(text, "\n        protection: ");
	for (enum zone_type type = 0; type < MAX_NR_ZONES; type++) {
		if (!zone_type_is_shown(zone->machine, type))
			continue;
		text_add(text, "%s%ld", separator, zone->lowmem_reserve[type]);
		separator = ", ";
	}
	text_add(text, ")");
}

static void add_items(struct text *text, const struct zone *zone)
{
	for (enum zone_stat_item item = 0; item < NR_VM_ZONE_STAT_ITEMS; item++)
		add_item(text, zone_item_names[item], zone_item(zone, item));
	if (zone->machine->params.layout_i386)
		return;
	for (enum numa_stat_item item = 0; item < NR_VM_NUMA_EVENT_ITEMS; item++)
		add_item(text, numa_event_names[item], zone_numa_events(zone, item));
}

/* How far a CPU's counters may lie off the zone's. Ours are exact; this is what the kernel would allow itself. */
static READS_OTHER_CPUS unsigned int stat_threshold(const struct zone *zone)
{
	unsigned long managed = __atomic_load_n(&zone->managed_pages, __ATOMIC_RELAXED);
	int cpus = (int)__atomic_load_n(&zone->machine->nr_online, __ATOMIC_RELAXED);

	return (unsigned int)min(2 * fls(cpus) * (1 + fls((int)(managed >> (27 - PAGE_SHIFT)))), 125);
}

static READS_OTHER_CPUS void add_pagesets(struct text *text, const struct zone *zone)
{
	const struct machine *m = zone->machine;
	struct kmem_cpu *cpu;
	unsigned int i;

	text_add(text, "\n  pagesets");
	for_each_online_cpu_of(m, cpu, i) {
		const struct per_cpu_pages *pcp = &cpu->pcp[zone->index];

		text_add(text, "\n    cpu: %u", i);
		text_add(text, "\n              count: %lu", pcp_pages(pcp));
		text_add(text, "\n              high:  %d", __atomic_load_n(&pcp->high, __ATOMIC_RELAXED));
		text_add(text, "\n              batch: %d", __atomic_load_n(&pcp->batch, __ATOMIC_RELAXED));
		text_add(text, "\n  vm stats threshold: %u", stat_threshold(zone));
	}
}

static void add_zone(struct text *text, const struct zone *zone, bool first)
{
	text_add(text, "Node %d, zone %8s", zone->node->nid, zone->name);
	if (first)
		add_node_items(text, zone->node);
	add_sizes(text, zone);
	if (zone_populated(zone)) {
		add_items(text, zone);
		add_pagesets(text, zone);
		text_add(text, "\n  node_unreclaimable:  %u", zone->node->kswapd_failures >= KSWAPD_GIVES_UP);
		text_add(text, "\n  start_pfn:           %lu", zone->start_pfn);
	}
	text_add(text, "\n");
}

long zoneinfo_text(struct machine *m, char *buf, size_t size)
{
	struct text text = text_in(buf, size);

	for (unsigned int nid = 0; nid < m->nr_nodes; nid++) {
		bool first = true;

		for (enum zone_type type = 0; type < MAX_NR_ZONES; type++) {
			struct zone *zone = &m->nodes[nid]->zones[type];

			if (!zone_type_is_shown(m, type))
				continue;
			add_zone(&text, zone, first && zone_populated(zone));
			first &= !zone_populated(zone);
		}
	}
	return (long)text.length;
}
