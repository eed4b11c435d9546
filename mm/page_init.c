/* SPDX-License-Identifier: MIT */
/*
 * page_init.c - from the memory map to nodes, zones, descriptors and free lists.
 *
 *	memory	[ DMA |     DMA32      |  NORMAL     | HIGHMEM | MOVABLE ]	one such row a node
 *		0     16M              4G        direct map ends
 *	i386	[ DMA |     NORMAL     |      HIGHMEM          | MOVABLE ]
 *
 *	free	[partial|whole|whole|whole|partial] reserved [whole|whole] reserved [partial]	in MAX_ORDER blocks
 *		 lists	 deferred		    PG_reserved	not described
 *
 * Boot describes only frames of blocks that are neither wholly free nor wholly reserved, and, where these leave a zone
 * little that is free, one whole block; the free ones stay ranges of pfns in zone->deferred until a search of the free
 * lists gets to them (zone_grow), the reserved ones until someone names them (zone_describe). So booting costs the same
 * for 1 GiB and 1 TiB. A descriptor of all zeros is one that was not made.
 *
 *	D1  deferred ranges are whole blocks, in their zone, ascending, disjoint; deferred_blocks counts them
 *	Z1  zones of a node do not overlap; managed <= present <= spanned
 *	Z2  a described page's tag names a zone that spans it
 * Lock: zone->lock for zone_grow() and after boot; booting has one thread.
 */
#include <linux/errno.h>
#include <linux/list.h>
#include "lib/assert.h"
#include "lib/seeded.h"
#include "mm/buddy.h"
#include "mm/pageblock.h"
#include "mm/fault_inject.h"

#define DMA_END_PFN (16ul << (20 - PAGE_SHIFT))
#define DMA32_END_PFN ((pfn_t)(4ull << 30 >> PAGE_SHIFT))
#define BLOCK_DOWN(pfn) ((pfn) & ~(MAX_BLOCK_PAGES - 1))
#define BLOCK_UP(pfn) BLOCK_DOWN((pfn) + MAX_BLOCK_PAGES - 1)
#define ENOUGH_AT_BOOT 256ul		/* free pages with descriptors, with which a zone begins */

static const char *const zone_names[MAX_NR_ZONES] = { "DMA", "DMA32", "Normal", "HighMem", "Movable", "Device" };

static pfn_t pfn_max(pfn_t a, pfn_t b)
{
	return a > b ? a : b;
}

static pfn_t pfn_min(pfn_t a, pfn_t b)
{
	return a < b ? a : b;
}

static pfn_t region_start(const struct memblock_region *region)
{
	return (pfn_t)((region->base + PAGE_SIZE - 1) >> PAGE_SHIFT);
}

static pfn_t region_end(const struct memblock_region *region)
{
	return (pfn_t)((region->base + region->size) >> PAGE_SHIFT);
}

/* Frames of the node's memory in [start, end). */
static unsigned long node_present(const struct machine *m, int nid, pfn_t start, pfn_t end)
{
	unsigned long pages = 0;

	for (unsigned int i = 0; i < m->memblock.memory.nr; i++) {
		const struct memblock_region *region = &m->memblock.memory.regions[i];
		pfn_t low = pfn_max(region_start(region), start), high = pfn_min(region_end(region), end);

		if (region->nid == nid && low < high)
			pages += high - low;
	}
	return pages;
}

/* ------------------------------------------------------------------------------------------------------- zones */

void zone_limits(const struct machine *m, enum zone_type type, pfn_t *start, pfn_t *end)
{
	pfn_t low = m->max_low_pfn, dma = pfn_min(DMA_END_PFN, low);
	pfn_t dma32 = m->params.layout_i386 ? dma : pfn_min(DMA32_END_PFN, low);
	const pfn_t bounds[] = { 0, dma, dma32, low, m->max_pfn };

	*start = *end = 0;
	if (type <= ZONE_HIGHMEM) {
		*start = bounds[type];
		*end = pfn_max(bounds[type + 1], bounds[type]);
	}
}

/* Memory that ZONE_MOVABLE leaves to the kernel, in pages; ~0: all. */
static unsigned long kernel_pages_wanted(const struct machine *m)
{
	const struct machine_params *p = &m->params;
	unsigned long total = (unsigned long)(memblock_phys_mem_size(&m->memblock) >> PAGE_SHIFT);
	unsigned long kernel = (unsigned long)((p->kernelcore + PAGE_SIZE - 1) >> PAGE_SHIFT);
	unsigned long movable = (unsigned long)((p->movablecore + PAGE_SIZE - 1) >> PAGE_SHIFT);

	if (p->kernelcore_percent)
		kernel = (unsigned long)((u64)total * p->kernelcore_percent / 100);
	if (p->movablecore_percent)
		movable = (unsigned long)((u64)total * p->movablecore_percent / 100);
	movable = (movable + MAX_BLOCK_PAGES - 1) & ~(MAX_BLOCK_PAGES - 1);
	if (movable)
		kernel = pfn_max(kernel, movable < total ? total - movable : 0);
	return (kernel || movable) && kernel < total ? kernel : ~0ul;
}

/* The highest zone that has memory: the only one that ZONE_MOVABLE takes from. */
static enum zone_type highest_zone(const struct machine *m)
{
	enum zone_type type = ZONE_HIGHMEM;

	for (; type > ZONE_DMA; type--) {
		pfn_t start, end;

		zone_limits(m, type, &start, &end);
		if (start < end)
			break;
	}
	return type;
}

/* The pfn at which the node has had that many pages of memory; max_pfn if it has no more. */
static pfn_t pfn_after_pages(const struct machine *m, int nid, unsigned long pages)
{
	for (unsigned int i = 0; i < m->memblock.memory.nr; i++) {
		const struct memblock_region *region = &m->memblock.memory.regions[i];
		pfn_t start = region_start(region), end = region_end(region);

		if (region->nid != nid || start >= end)
			continue;
		if (pages < end - start)
			return start + pages;
		pages -= end - start;
	}
	return m->max_pfn;
}

/*
 * Where each node's ZONE_MOVABLE begins. The kernel's pages are spread evenly; what a small node cannot
 * hold of its share the others take.
 */
static void movable_starts(const struct machine *m, pfn_t starts[MAX_NUMNODES])
{
	unsigned long kernel = kernel_pages_wanted(m), share[MAX_NUMNODES] = { 0 }, left = kernel;
	pfn_t lowest, end;

	for (unsigned int nid = 0; nid < m->nr_nodes; nid++)
		starts[nid] = m->max_pfn;
	if (kernel == ~0ul)
		return;
	for (unsigned int wanting = m->nr_nodes; left && wanting;) {
		unsigned long each = left / wanting ? left / wanting : 1;

		wanting = 0;
		for (unsigned int nid = 0; nid < m->nr_nodes && left; nid++) {
			unsigned long room = node_present(m, (int)nid, 0, m->max_pfn) - share[nid];
			unsigned long take = pfn_min(pfn_min(each, room), left);

			share[nid] += take;
			left -= take;
			wanting += take < room;
		}
	}
	zone_limits(m, highest_zone(m), &lowest, &end);
	for (unsigned int nid = 0; nid < m->nr_nodes; nid++)
		starts[nid] = pfn_min(BLOCK_UP(pfn_max(pfn_after_pages(m, (int)nid, share[nid]), lowest)), m->max_pfn);
}

/* The zone's span is the node's memory, from first to last frame, within the zone's limits. */
static int zone_init(struct machine *m, struct pglist_data *node, enum zone_type type, pfn_t movable_start)
{
	struct zone *zone = &node->zones[type];
	pfn_t start, end;

	zone->name = zone_names[type];
	zone->machine = m;
	zone->node = node;
	zone->type = type;
	zone->nid = node->nid;
	for (unsigned int order = 0; order < NR_ORDERS; order++)
		for (unsigned int list = 0; list < MIGRATE_TYPES; list++)
			INIT_LIST_HEAD(&zone->free_area[order].free_list[list]);
	m->zone_table[page_zone_tag(node->nid, type)] = zone;
	zone_limits(m, type, &start, &end);
	if (type == ZONE_MOVABLE) {
		start = movable_start;
		end = m->max_pfn;
	}
	start = pfn_max(start, node->start_pfn);
	end = pfn_min(end, node->start_pfn + node->spanned_pages);
	if (type < ZONE_MOVABLE)
		end = pfn_min(end, movable_start);
	zone->present_pages = start < end ? node_present(m, node->nid, start, end) : 0;
	if (!zone_populated(zone))
		return 0;
	zone->start_pfn = start;
	zone->spanned_pages = end - start;
	return pageblocks_init(m, zone);
}

/* Zeros: no page is of a slab yet. Memory that nobody has touched stays so where the host hands out zeros. */
static int slot_map_init(struct machine *m, struct pglist_data *node)
{
	pfn_t end = pfn_min(node->start_pfn + node->spanned_pages, m->max_low_pfn);

	if (end <= node->start_pfn)
		return 0;
	node->slot_pages = end - node->start_pfn;
	node->slot_map = memblock_alloc(&m->memblock, node->slot_pages * sizeof(*node->slot_map), 64, node->nid);
	return node->slot_map ? 0 : -ENOMEM;
}

static int node_init(struct machine *m, int nid, pfn_t movable_start)
{
	struct pglist_data *node = memblock_alloc(&m->memblock, sizeof(*node), 64, nid);
	pfn_t end = 0;

	if (!node)
		return -ENOMEM;
	m->nodes[nid] = node;
	node->machine = m;
	node->nid = nid;
	for (unsigned int i = 0; i < m->memblock.memory.nr; i++) {
		const struct memblock_region *region = &m->memblock.memory.regions[i];

		if (region->nid != nid || region_start(region) >= region_end(region))
			continue;
		if (!end)
			node->start_pfn = region_start(region);
		end = region_end(region);
	}
	node->spanned_pages = end - node->start_pfn;
	node->present_pages = node_present(m, nid, 0, m->max_pfn);
	if (slot_map_init(m, node))
		return -ENOMEM;
	for (enum zone_type type = 0; type < MAX_NR_ZONES; type++)
		if (zone_init(m, node, type, movable_start))
			return -ENOMEM;
	return 0;
}

/* m->zones: the populated ones, numbered. */
static int zones_index(struct machine *m)
{
	m->zones = memblock_alloc(&m->memblock, (size_t)m->nr_nodes * MAX_NR_ZONES * sizeof(m->zones[0]), 64, 0);
	if (!m->zones)
		return -ENOMEM;
	m->nr_zones = 0;
	for (unsigned int nid = 0; nid < m->nr_nodes; nid++) {
		for (enum zone_type type = 0; type < MAX_NR_ZONES; type++) {
			struct zone *zone = &m->nodes[nid]->zones[type];

			if (!zone_populated(zone))
				continue;
			zone->index = m->nr_zones;
			m->zones[m->nr_zones++] = zone;
		}
	}
	return 0;
}

static void zonelist_add_node(struct zonelist *list, struct pglist_data *node)
{
	for (int type = MAX_NR_ZONES - 1; type >= 0; type--) {
		if (!zone_populated(&node->zones[type]))
			continue;
		list->ref[list->nr].zone = &node->zones[type];
		list->ref[list->nr++].type = (enum zone_type)type;
	}
}

/* This node's zones from high to low, then those of the nodes that follow it, round the machine. */
static int zonelists_init(struct machine *m, struct pglist_data *node)
{
	size_t refs = m->nr_zones + 1, here = MAX_NR_ZONES + 1;

	node->fallback = memblock_alloc(&m->memblock, sizeof(struct zonelist) + refs * sizeof(struct zoneref), 64,
					node->nid);
	node->this_node = memblock_alloc(&m->memblock, sizeof(struct zonelist) + here * sizeof(struct zoneref), 64,
					 node->nid);
	if (!node->fallback || !node->this_node)
		return -ENOMEM;
	for (unsigned int i = 0; i < m->nr_nodes; i++)
		zonelist_add_node(node->fallback, m->nodes[((unsigned int)node->nid + i) % m->nr_nodes]);
	zonelist_add_node(node->this_node, node);
	return 0;
}

int zones_init(struct machine *m)
{
	pfn_t movable[MAX_NUMNODES] = { 0 };

	m->nr_nodes = 1;
	for (unsigned int i = 0; i < m->memblock.memory.nr; i++)
		if (m->memblock.memory.regions[i].nid >= (int)m->nr_nodes)
			m->nr_nodes = (unsigned int)m->memblock.memory.regions[i].nid + 1;
	assert(m->nr_nodes <= MAX_NUMNODES);
	movable_starts(m, movable);
	for (unsigned int nid = 0; nid < m->nr_nodes; nid++)
		if (node_init(m, (int)nid, movable[nid]))
			return -ENOMEM;
	if (zones_index(m))
		return -ENOMEM;
	for (unsigned int nid = 0; nid < m->nr_nodes; nid++)
		if (zonelists_init(m, m->nodes[nid]))
			return -ENOMEM;
	return 0;
}

/* ------------------------------------------------------------------------------------------------- descriptors */

void pages_describe(struct zone *zone, pfn_t start, pfn_t end, bool reserved)
{
	unsigned long flags = (unsigned long)page_zone_tag(zone->nid, zone->type) << PAGE_ZONE_SHIFT;

	if (reserved)
		flags |= 1ul << PG_reserved;
	for (pfn_t pfn = start; pfn < end; pfn++) {
		struct page *page = machine_page(zone->machine, pfn);

		if (SEEDED(DESCRIBE))
			__atomic_store_n(&page->page_type, PAGE_TYPE_NONE, __ATOMIC_RELEASE);
		page->flags = flags;
		/* pfn_described() may be looking. */
		__atomic_store_n(&page->_refcount.counter, reserved, __ATOMIC_RELAXED);
		__atomic_store_n(&page->page_type, PAGE_TYPE_NONE, __ATOMIC_RELEASE);
	}
}

/* Give described frames to the free lists, in the largest blocks that fit. No one has used them: no one freed them. */
static void frames_give(struct zone *zone, pfn_t start, pfn_t end) MUST_HOLD(zone->lock)
{
	__atomic_store_n(&zone->freed, zone->freed - (end - start), __ATOMIC_RELAXED);
	while (start < end) {
		unsigned int order = (unsigned int)__builtin_ctzl(start | MAX_BLOCK_PAGES);

		while (start + (1ul << order) > end)
			order--;
		buddy_give(zone, machine_page(zone->machine, start), order, pageblock_type(zone, start), true);
		start += 1ul << order;
	}
}

/* What zones_populate() carries from range to range, in ascending order. */
struct boot_walk {
	struct machine *m;
	pfn_t described;		/* the host has made usable all that is needed below this */
	int error;
};

/* Descriptors of the host's. Returns 0 or -ENOMEM. */
static int frames_describe(struct machine *m, pfn_t first, pfn_t nr)
{
	return fault_here(m, FAULT_DESCRIBE, 0) ? -ENOMEM : host_describe(m, first, nr);
}

/* Have the host make the descriptors of [start, end)'s blocks: neighbours are looked at when blocks merge. */
static void blocks_make(struct boot_walk *walk, pfn_t start, pfn_t end)
{
	start = pfn_max(BLOCK_DOWN(start), walk->described);
	end = pfn_min(BLOCK_UP(end), walk->m->max_pfn);
	if (start >= end)
		return;
	if (frames_describe(walk->m, start, end - start))
		walk->error = -ENOMEM;
	walk->described = end;
}

/*
 * A pageblock that ends here, or that boot has a part of, can never be whole: what cannot move shall go there. The
 * kernel lets it be.
 */
static void pageblock_spoil(struct zone *zone, pfn_t pfn) NO_LOCK_ANALYSIS
{
	if (pfn % PAGEBLOCK_PAGES && zone->machine->params.fullest_first)
		set_pageblock_type(zone, pfn, MIGRATE_UNMOVABLE);
}

/* Here, as in zones_populate(), no one else knows the zone yet: its lock would exclude nobody. */
static void frames_make_free(struct boot_walk *walk, struct zone *zone, pfn_t start, pfn_t end) NO_LOCK_ANALYSIS
{
	if (start >= end)
		return;
	blocks_make(walk, start, end);
	if (walk->error)
		return;
	pages_describe(zone, start, end, false);
	pageblock_spoil(zone, start);
	pageblock_spoil(zone, end);
	frames_give(zone, start, end);
}

/* Free frames of one zone: whole blocks are left for later, if there is room to remember them. */
static void free_range_add(struct boot_walk *walk, struct zone *zone, pfn_t start, pfn_t end)
{
	pfn_t first = BLOCK_UP(start), last = BLOCK_DOWN(end);

	zone->managed_pages += end - start;
	walk->m->totalram += end - start;
	if (first >= last || zone->nr_deferred == MAX_DEFERRED) {
		frames_make_free(walk, zone, start, end);
		return;
	}
	frames_make_free(walk, zone, start, first);
	zone->deferred[zone->nr_deferred].start = first;
	zone->deferred[zone->nr_deferred++].end = last;
	zone->deferred_blocks += (last - first) >> MAX_ORDER;
	zone->vm_stat[NR_FREE_PAGES] += (long)(last - first);
	frames_make_free(walk, zone, last, end);
}

/* The node's zone that pfn belongs to. Memory always has one. */
static struct zone *zone_of_memory(struct machine *m, int nid, pfn_t pfn)
{
	for (enum zone_type type = 0; type < MAX_NR_ZONES; type++) {
		struct zone *zone = &m->nodes[nid]->zones[type];

		if (zone_populated(zone) && zone_spans_pfn(zone, pfn))
			return zone;
	}
	return NULL;
}

/* Reserved frames of one zone: whole blocks are left out. */
static void reserved_range_add(struct boot_walk *walk, struct zone *zone, pfn_t start, pfn_t end)
{
	pfn_t first = pfn_min(BLOCK_UP(start), end), last = pfn_max(BLOCK_DOWN(end), first);
	const pfn_t ends[][2] = { { start, first }, { last, end } };

	for (int i = 0; i < 2 && !walk->error; i++) {
		blocks_make(walk, ends[i][0], ends[i][1]);
		if (!walk->error)
			pages_describe(zone, ends[i][0], ends[i][1], true);
	}
}

/* A run of a node's frames, all free or all reserved, zone by zone. */
static void range_add(struct boot_walk *walk, int nid, pfn_t start, pfn_t end, bool reserved)
{
	while (start < end && !walk->error) {
		struct zone *zone = zone_of_memory(walk->m, nid, start);
		pfn_t stop;

		assert(zone);
		stop = pfn_min(end, zone_end_pfn(zone));
		if (reserved)
			reserved_range_add(walk, zone, start, stop);
		else
			free_range_add(walk, zone, start, stop);
		start = stop;
	}
}

/* Free pages that have descriptors. */
static unsigned long zone_listed_pages(const struct zone *zone)
{
	return (unsigned long)zone_page_state(zone, NR_FREE_PAGES) - (zone->deferred_blocks << MAX_ORDER);
}

int zones_populate(struct machine *m) NO_LOCK_ANALYSIS
{
	struct boot_walk walk = { .m = m };
	u64 cursor = 0, start, end;
	int nid;
	bool more = memblock_next_free(&m->memblock, &cursor, &start, &end, &nid);

	for (unsigned int i = 0; i < m->memblock.memory.nr && !walk.error; i++) {
		const struct memblock_region *region = &m->memblock.memory.regions[i];
		pfn_t at = region_start(region), stop = region_end(region);

		while (more && start < region->base + region->size) {
			pfn_t first = (pfn_t)((start + PAGE_SIZE - 1) >> PAGE_SHIFT), last = (pfn_t)(end >> PAGE_SHIFT);

			if (first < last) {
				range_add(&walk, region->nid, at, first, true);
				range_add(&walk, region->nid, first, last, false);
				at = last;
			}
			more = memblock_next_free(&m->memblock, &cursor, &start, &end, &nid);
		}
		range_add(&walk, region->nid, at, stop, true);
	}
	for (unsigned int i = 0; i < m->nr_zones && !walk.error; i++)
		if (m->zones[i]->deferred_blocks && zone_listed_pages(m->zones[i]) < ENOUGH_AT_BOOT)
			zone_grow(m->zones[i]);
	return walk.error;
}

/* ---------------------------------------------------------------------------------------------- deferred blocks */

/* Describe whole blocks [start, end), no longer in deferred[], and list them last. NR_FREE_PAGES has them already. */
static void blocks_list(struct zone *zone, pfn_t start, pfn_t end) MUST_HOLD(zone->lock)
{
	zone->deferred_blocks -= (end - start) >> MAX_ORDER;
	zone_count_free(zone, MIGRATE_MOVABLE, -(long)(end - start));
	pages_describe(zone, start, end, false);
	frames_give(zone, start, end);
}

bool zone_grow(struct zone *zone)
{
	struct pfn_range *range = &zone->deferred[0];
	pfn_t start = range->start, end = start + MAX_BLOCK_PAGES;

	if (!zone->nr_deferred || frames_describe(zone->machine, start, end - start))
		return false;
	range->start = end;
	if (range->start == range->end) {
		zone->nr_deferred--;
		for (unsigned int i = 0; i < zone->nr_deferred; i++)
			zone->deferred[i] = zone->deferred[i + 1];
	}
	blocks_list(zone, start, end);
	return true;
}

/* Take [start, end) out of range i. If there is no room for both rests, take the shorter one too. */
static void range_cut(struct zone *zone, unsigned int i, pfn_t *start, pfn_t *end)
{
	struct pfn_range *range = &zone->deferred[i];

	if (zone->nr_deferred == MAX_DEFERRED) {
		if (*start - range->start < range->end - *end)
			*start = range->start;
		else
			*end = range->end;
	}
	if (range->start < *start && *end < range->end) {
		for (unsigned int k = zone->nr_deferred++; k > i + 1; k--)
			zone->deferred[k] = zone->deferred[k - 1];
		zone->deferred[i + 1] = (struct pfn_range){ *end, range->end };
		range->end = *start;
	} else if (range->start < *start) {
		range->end = *start;
	} else if (*end < range->end) {
		range->start = *end;
	} else {
		zone->nr_deferred--;
		for (unsigned int k = i; k < zone->nr_deferred; k++)
			zone->deferred[k] = zone->deferred[k + 1];
	}
}

/*
 * Is the block that the frame is in one of those of the zone that boot left out for being reserved, all of it? Another
 * node's zone may span the frame, too.
 */
static bool block_is_reserved(const struct zone *zone, pfn_t pfn)
{
	const struct memblock *mb = &zone->machine->memblock;
	u64 address = (u64)pfn << PAGE_SHIFT;

	return memblock_nid(mb, address) == zone->nid && memblock_is_reserved(mb, address);
}

bool zone_describe(struct zone *zone, pfn_t pfn)
{
	pfn_t start = BLOCK_DOWN(pfn), end = start + MAX_BLOCK_PAGES;
	bool described = pfn_described(zone->machine, pfn);
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	for (unsigned int i = 0; !described && i < zone->nr_deferred; i++) {
		struct pfn_range *range = &zone->deferred[i];

		if (start < range->start || end > range->end)
			continue;
		/* With no slot left a rest of any length may come along: ask for the whole range's descriptors. */
		if (frames_describe(zone->machine, zone->nr_deferred == MAX_DEFERRED ? range->start : start,
				  zone->nr_deferred == MAX_DEFERRED ? range->end - range->start : MAX_BLOCK_PAGES))
			break;
		range_cut(zone, i, &start, &end);
		blocks_list(zone, start, end);
		described = true;
	}
	if (!described && block_is_reserved(zone, pfn) &&
	    !frames_describe(zone->machine, start, MAX_BLOCK_PAGES)) {
		pages_describe(zone, start, end, true);
		described = true;
	}
	spin_unlock_irqrestore(&zone->lock, flags);
	return described;
}

bool pfn_described(struct machine *m, pfn_t pfn)
{
	const struct page *page = machine_page(m, pfn);

	/* pages_describe() writes the type last. Only a page that someone holds can have a type of 0: mapped once. */
	return pfn < m->max_pfn && (__atomic_load_n(&page->page_type, __ATOMIC_ACQUIRE) ||
				    __atomic_load_n(&page->_refcount.counter, __ATOMIC_RELAXED));
}
