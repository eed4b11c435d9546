/* SPDX-License-Identifier: MIT */
/*
 * proc_vmstat.c - /proc/vmstat: every counter of the machine, and the counters' names.
 *
 *	zone items, NUMA events, node items, dirty thresholds, events, nr_unstable
 *
 * A kernel counts only what its configuration has: i386's has neither NUMA nor NUMA balancing nor third-level huge
 * pages, and each kind has events only of its own zone types.
 */
#include <linux/ctype.h>
#include <linux/kernel.h>
#include "mm/buddy.h"
#include "mm/proc.h"

#define DIRTY_PERCENT 20ul		/* vm.dirty_ratio, vm.dirty_background_ratio: no one changes them here */
#define DIRTY_BACKGROUND_PERCENT 10ul

#define NAME(constant, name) #name,
const char *const zone_item_names[NR_VM_ZONE_STAT_ITEMS] = { KMEM_ZONE_STATS(NAME) };
const char *const numa_event_names[NR_VM_NUMA_EVENT_ITEMS] = { KMEM_NUMA_EVENTS(NAME) };
const char *const node_item_names[NR_VM_NODE_STAT_ITEMS] = { KMEM_NODE_STATS(NAME) };

/* A family's six events have its name, in capitals as the constants have it. */
#define FAMILY(family) #family, #family, #family, #family, #family, #family,
static const char *const event_names[NR_VM_EVENT_ITEMS] = { KMEM_VM_EVENTS(NAME, FAMILY) };

static const char *const zone_suffixes[MAX_NR_ZONES] = { "dma", "dma32", "normal", "high", "movable", "device" };

bool node_item_exists(const struct machine *m, enum node_stat_item item)
{
	return !m->params.layout_i386 || (item != PGPROMOTE_SUCCESS && item != PGPROMOTE_CANDIDATE);
}

static bool event_exists(const struct machine *m, enum vm_event_item item)
{
	if (!m->params.layout_i386)
		return true;
	if (item >= NUMA_PTE_UPDATES && item <= NUMA_PAGES_MIGRATED)
		return false;
	return item != ZONE_RECLAIM_FAILED && item != THP_SPLIT_PUD;
}

static void add_line(struct text *text, const char *name, unsigned long value)
{
	text_add(text, "%s %lu\n", name, value);
}

/* Six events of which each kind of PC has those of its zone types. */
static void add_family_event(struct text *text, struct machine *m, enum vm_event_item item, enum zone_type type)
{
	char family[24];
	size_t i = 0;

	if (!zone_type_is_shown(m, type))
		return;
	for (; event_names[item][i]; i++)
		family[i] = (char)tolower(event_names[item][i]);
	family[i] = '\0';
	text_add(text, "%s_%s %lu\n", family, zone_suffixes[type], machine_event(m, item));
}

static void add_events(struct text *text, struct machine *m)
{
	for (enum vm_event_item item = 0; item < NR_VM_EVENT_ITEMS; item++) {
		if (item >= PGALLOC_DMA && item <= PGSKIP_DEVICE)
			add_family_event(text, m, item, (enum zone_type)((item - PGALLOC_DMA) % MAX_NR_ZONES));
		else if (event_exists(m, item))
			add_line(text, event_names[item], machine_event(m, item));
	}
}

_Static_assert(PGALLOC_DEVICE - PGALLOC_DMA + 1 == (int)MAX_NR_ZONES, "an event a zone type");
_Static_assert((PGSKIP_DEVICE - PGALLOC_DMA + 1) % (int)MAX_NR_ZONES == 0, "families stand together");

/* Pages that may hold file data: free ones above the reserves; high memory is not used for it. */
static unsigned long dirtyable_pages(const struct machine *m)
{
	unsigned long pages = machine_zone_item(m, NR_FREE_PAGES), high = 0;

	pages -= min(pages, m->totalreserve_pages);
	pages += machine_node_item(m, NR_INACTIVE_FILE) + machine_node_item(m, NR_ACTIVE_FILE);
	for (unsigned int i = 0; i < m->nr_zones; i++) {
		const struct zone *zone = m->zones[i];
		unsigned long free = zone_item(zone, NR_FREE_PAGES);

		if (zone->start_pfn < m->max_low_pfn)
			continue;
		high += free - min(free, zone_mark(zone, WMARK_HIGH));
		high += zone_item(zone, NR_ZONE_INACTIVE_FILE) + zone_item(zone, NR_ZONE_ACTIVE_FILE);
	}
	return pages - min(pages, high) + 1;		/* never 0, as in the kernel */
}

/* The kernel keeps the percentage in 4096ths. */
static unsigned long dirty_threshold(const struct machine *m, unsigned long percent)
{
	return (unsigned long)((u64)dirtyable_pages(m) * (percent * PAGE_SIZE / 100) / PAGE_SIZE);
}

long vmstat_text(struct machine *m, char *buf, size_t size)
{
	struct text text = text_in(buf, size);

	for (enum zone_stat_item item = 0; item < NR_VM_ZONE_STAT_ITEMS; item++)
		add_line(&text, zone_item_names[item], machine_zone_item(m, item));
	for (enum numa_stat_item item = 0; item < NR_VM_NUMA_EVENT_ITEMS && !m->params.layout_i386; item++) {
		unsigned long sum = 0;

		for (unsigned int i = 0; i < m->nr_zones; i++)
			sum += zone_numa_events(m->zones[i], item);
		add_line(&text, numa_event_names[item], sum);
	}
	for (enum node_stat_item item = 0; item < NR_VM_NODE_STAT_ITEMS; item++)
		if (node_item_exists(m, item))
			add_line(&text, node_item_names[item], machine_node_item(m, item));
	add_line(&text, "nr_dirty_threshold", dirty_threshold(m, DIRTY_PERCENT));
	add_line(&text, "nr_dirty_background_threshold", dirty_threshold(m, DIRTY_BACKGROUND_PERCENT));
	add_events(&text, m);
	add_line(&text, "nr_unstable", 0);
	return (long)text.length;
}
