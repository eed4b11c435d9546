/* SPDX-License-Identifier: MIT */
/*
 * proc_pagetypeinfo.c - /proc/pagetypeinfo: free blocks by order and mobility, pageblocks by mobility; a node a time.
 *
 *	Node    0, zone      DMA, type    Unmovable      0      0 ...
 *	Node 0, zone      DMA            1            7            0            0            0
 *
 * Like the kernel it counts at most 100,000 blocks of a list and then prints ">100000". CMA has no column, as in a
 * kernel built without it. Pageblocks whose frames are all holes are not counted.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include "mm/page_alloc.h"
#include "mm/proc.h"

#define MOST_BLOCKS 100000ul

static const struct {
	enum migratetype type;
	const char *name;
} columns[] = {
	{ MIGRATE_UNMOVABLE, "Unmovable" },	{ MIGRATE_MOVABLE, "Movable" },	 { MIGRATE_RECLAIMABLE, "Reclaimable" },
	{ MIGRATE_HIGHATOMIC, "HighAtomic" },	{ MIGRATE_ISOLATE, "Isolate" },
};

/* Blocks on one list, but no more than MOST_BLOCKS + 1. */
static unsigned long blocks_count(struct zone *zone, unsigned int order, enum migratetype type)
{
	const struct list_head *list = &zone->free_area[order].free_list[type], *entry;
	unsigned long blocks = 0, flags;

	spin_lock_irqsave(&zone->lock, flags);
	if (order == MAX_ORDER && type == MIGRATE_MOVABLE)
		blocks = zone->deferred_blocks;
	for (entry = list->next; entry != list && blocks <= MOST_BLOCKS; entry = entry->next)
		blocks++;
	spin_unlock_irqrestore(&zone->lock, flags);
	return blocks;
}

static void add_free_counts(struct text *text, struct zone *zone)
{
	for (unsigned int column = 0; column < ARRAY_SIZE(columns); column++) {
		text_add(text, "Node %4d, zone %8s, type %12s ", zone->nid, zone->name, columns[column].name);
		for (unsigned int order = 0; order < NR_ORDERS; order++) {
			unsigned long blocks = blocks_count(zone, order, columns[column].type);

			text_add(text, "%s%6lu ", blocks > MOST_BLOCKS ? ">" : "", min(blocks, MOST_BLOCKS));
		}
		text_add(text, "\n");
	}
}

/* Pageblocks are looked at from the zone's first frame on, as far apart as they are large. */
static void count_pageblocks(const struct zone *zone, const struct memblock_region *region,
			     unsigned long counts[MIGRATE_TYPES], pfn_t *counted_to)
{
	pfn_t first = max(zone->start_pfn, (pfn_t)((region->base + PAGE_SIZE - 1) >> PAGE_SHIFT));
	pfn_t end = min(zone_end_pfn(zone), (pfn_t)((region->base + region->size) >> PAGE_SHIFT));
	pfn_t pfn;

	if (first >= end)
		return;
	pfn = zone->start_pfn + ((first - zone->start_pfn) & ~(PAGEBLOCK_PAGES - 1));
	for (pfn = max(pfn, *counted_to); pfn < end; pfn += PAGEBLOCK_PAGES) {
		counts[pageblock_type(zone, pfn)]++;
		*counted_to = pfn + PAGEBLOCK_PAGES;
	}
}

static void add_pageblock_counts(struct text *text, const struct zone *zone)
{
	const struct memblock_type *memory = &zone->machine->memblock.memory;
	unsigned long counts[MIGRATE_TYPES] = { 0 };
	pfn_t counted_to = zone->start_pfn;

	for (unsigned int i = 0; i < memory->nr; i++)
		if (memory->regions[i].nid == zone->nid)
			count_pageblocks(zone, &memory->regions[i], counts, &counted_to);
	text_add(text, "Node %d, zone %8s ", zone->nid, zone->name);
	for (unsigned int column = 0; column < ARRAY_SIZE(columns); column++)
		text_add(text, "%12lu ", counts[columns[column].type]);
	text_add(text, "\n");
}

static void add_node(struct text *text, struct pglist_data *node)
{
	text_add(text, "Page block order: %d\n", PAGEBLOCK_ORDER);
	text_add(text, "Pages per block:  %lu\n\n", PAGEBLOCK_PAGES);
	text_add(text, "%-43s ", "Free pages count per migrate type at order");
	for (unsigned int order = 0; order < NR_ORDERS; order++)
		text_add(text, "%6u ", order);
	text_add(text, "\n");
	for (enum zone_type type = 0; type < MAX_NR_ZONES; type++)
		if (zone_populated(&node->zones[type]))
			add_free_counts(text, &node->zones[type]);
	text_add(text, "\n%-23s", "Number of blocks type");
	for (unsigned int column = 0; column < ARRAY_SIZE(columns); column++)
		text_add(text, "%12s ", columns[column].name);
	text_add(text, "\n");
	for (enum zone_type type = 0; type < MAX_NR_ZONES; type++)
		if (zone_populated(&node->zones[type]))
			add_pageblock_counts(text, &node->zones[type]);
}

long pagetypeinfo_text(struct machine *m, char *buf, size_t size)
{
	struct text text = text_in(buf, size);

	for (unsigned int nid = 0; nid < m->nr_nodes; nid++)
		if (m->nodes[nid]->present_pages)
			add_node(&text, m->nodes[nid]);
	return (long)text.length;
}
