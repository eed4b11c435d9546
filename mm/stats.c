/* SPDX-License-Identifier: MIT */
/*
 * stats.c - a machine's counters as numbers.
 *
 *	CPU	events[], numa[zone][], pcp[zone].count		its owner's, plain words
 *	zone	vm_stat[] atomic, free_area[] under zone->lock
 *	node	vm_stat[] atomic
 *	cache	per node under node->lock
 *
 * Nobody is stopped: a CPU's counters are read while its owner goes on counting. Each number is one that the counter
 * had; numbers read one after another belong to slightly different moments.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/vmstat.h>
#include "mm/cpus.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "mm/stats.h"
#include "mm/vmalloc.h"

#define PEEK(counter) __atomic_load_n(&(counter), __ATOMIC_RELAXED)

static unsigned long level(long value)
{
	return value > 0 ? (unsigned long)value : 0;
}

/* --------------------------------------------------------------------------------------------- single counters */

void zone_free_blocks(struct zone *zone, unsigned long blocks[NR_ORDERS])
{
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	for (unsigned int order = 0; order < NR_ORDERS; order++)
		blocks[order] = zone->free_area[order].nr_free;
	blocks[MAX_ORDER] += zone->deferred_blocks;
	spin_unlock_irqrestore(&zone->lock, flags);
}

READS_OTHER_CPUS unsigned long pcp_pages(const struct per_cpu_pages *pcp)
{
	unsigned long pages = level(PEEK(pcp->count));

	for (unsigned int order = 0; order < PCP_ORDERS; order++)
		for (unsigned int chain = 0; chain < NR_PCP_CHAINS; chain++)
			pages += (unsigned long)PEEK(pcp->order[order].chain[chain].kept) << order;
	return pages;
}

READS_OTHER_CPUS unsigned long zone_pcp_pages(const struct zone *zone)
{
	const struct machine *m = zone->machine;
	unsigned long pages = 0;

	for (unsigned int i = 0; i < m->nr_cpus; i++) {
		const struct per_cpu_pages *pcp = PEEK(m->cpus[i]->pcp);

		if (pcp)
			pages += pcp_pages(&pcp[zone->index]);
	}
	return pages;
}

/* Blocks of a zone that a CPU's fast paths have handed out: all of them as its node's CPU would have it. */
static READS_OTHER_CPUS unsigned long fast_hits(const struct per_cpu_pages *pcp)
{
	unsigned long blocks = 0;

	for (unsigned int order = 0; order < PCP_ORDERS; order++)
		blocks += PEEK(pcp->order[order].taken);
	return blocks;
}

/* Pages in blocks so handed out, or so freed. */
static READS_OTHER_CPUS unsigned long fast_pages(const struct per_cpu_pages *pcp, bool taken)
{
	unsigned long pages = 0;

	for (unsigned int order = 0; order < PCP_ORDERS; order++)
		pages += (taken ? PEEK(pcp->order[order].taken) : PEEK(pcp->order[order].freed)) << order;
	return pages;
}

READS_OTHER_CPUS unsigned long zone_numa_events(const struct zone *zone, enum numa_stat_item item)
{
	const struct machine *m = zone->machine;
	unsigned long sum = 0;

	for (unsigned int i = 0; i < m->nr_cpus; i++) {
		const struct kmem_cpu *cpu = m->cpus[i];
		const struct per_cpu_pages *pcp = PEEK(cpu->pcp);

		if (!pcp)
			continue;
		sum += PEEK(cpu->numa[zone->index][item]);
		if (item == NUMA_HIT || item == NUMA_LOCAL)
			sum += fast_hits(&pcp[zone->index]);
	}
	return sum;
}

/* What the fast paths of a CPU add to an event. */
static READS_OTHER_CPUS unsigned long fast_event(const struct machine *m, const struct per_cpu_pages *pcp,
						 enum vm_event_item item)
{
	unsigned long pages = 0;

	for (unsigned int i = 0; i < m->nr_zones; i++)
		if (item == PGFREE)
			pages += fast_pages(&pcp[i], false);
		else if (item == PGALLOC_DMA + m->zones[i]->type)
			pages += fast_pages(&pcp[i], true);
	return pages;
}

READS_OTHER_CPUS unsigned long machine_event(const struct machine *m, enum vm_event_item item)
{
	unsigned long sum = 0;

	for (unsigned int i = 0; i < m->nr_cpus; i++) {
		const struct per_cpu_pages *pcp = PEEK(m->cpus[i]->pcp);

		sum += PEEK(m->cpus[i]->events[item]) + (pcp ? fast_event(m, pcp, item) : 0);
	}
	return sum;
}

READS_OTHER_CPUS struct large_count machine_large_aside(const struct machine *m)
{
	struct large_count sum = { 0 };

	for (unsigned int i = 0; i < cpus_ever_up(m); i++)
		for (unsigned int order = KMALLOC_LARGE_FIRST; order <= KMALLOC_LARGE_LAST; order++) {
			if (!PEEK(m->cpus[i]->sheaves[KMALLOC_LARGE_ID(order)].hot))
				continue;
			sum.pages += 1l << order;
			sum.objects++;
		}
	return sum;
}

/* Those that stand aside, too. */
static READS_OTHER_CPUS struct large_count node_large(const struct machine *m, unsigned int nid)
{
	struct large_count sum = { 0 };

	for (unsigned int i = 0; i < m->nr_cpus; i++) {
		const struct large_count *large = PEEK(m->cpus[i]->large);

		if (!large)
			continue;
		sum.pages += PEEK(large[nid].pages);
		sum.objects += PEEK(large[nid].objects);
	}
	return sum;
}

struct large_count machine_large(const struct machine *m)
{
	struct large_count sum = { 0 }, aside = machine_large_aside(m);

	for (unsigned int nid = 0; nid < m->nr_nodes; nid++) {
		struct large_count large = node_large(m, nid);

		sum.pages += large.pages;
		sum.objects += large.objects;
	}
	sum.pages -= aside.pages;
	sum.objects -= aside.objects;
	return sum;
}

/* Large objects belong to the slabs that cannot be reclaimed. */
unsigned long node_item(const struct pglist_data *node, enum node_stat_item item)
{
	long large = item == NR_SLAB_UNRECLAIMABLE ? node_large(node->machine, (unsigned int)node->nid).pages : 0;

	return level(PEEK(node->vm_stat[item]) + large);
}

unsigned long zone_item(const struct zone *zone, enum zone_stat_item item)
{
	return level(zone_page_state(zone, item));
}

unsigned long machine_node_item(const struct machine *m, enum node_stat_item item)
{
	unsigned long sum = 0;

	for (unsigned int nid = 0; nid < m->nr_nodes; nid++)
		sum += node_item(m->nodes[nid], item);
	return sum;
}

unsigned long machine_zone_item(const struct machine *m, enum zone_stat_item item)
{
	unsigned long sum = 0;

	for (unsigned int i = 0; i < m->nr_zones; i++)
		sum += zone_item(m->zones[i], item);
	return sum;
}

unsigned long global_zone_page_state(enum zone_stat_item item)
{
	return machine_zone_item(this_machine(), item);
}

unsigned long global_node_page_state(enum node_stat_item item)
{
	return machine_node_item(this_machine(), item);
}

unsigned long zone_mark(const struct zone *zone, enum zone_watermarks mark)
{
	return PEEK(zone->watermark[mark]) + PEEK(zone->watermark_boost);
}

/* ------------------------------------------------------------------------------------------------- the machine */

void machine_stats(struct machine *m, struct machine_stats *stats)
{
	bool visiting = visit_begin(m);

	*stats = (struct machine_stats){ 0 };
	for (unsigned int i = 0; i < m->nr_zones; i++) {
		struct zone *zone = m->zones[i];
		unsigned long blocks[NR_ORDERS];

		zone_free_blocks(zone, blocks);
		for (unsigned int order = 0; order < NR_ORDERS; order++)
			stats->free_blocks[order] += blocks[order];
		stats->present_pages += zone->present_pages;
		stats->managed_pages += PEEK(zone->managed_pages);
		stats->pcp_pages += zone_pcp_pages(zone);
		for (enum numa_stat_item item = 0; item < NR_VM_NUMA_EVENT_ITEMS; item++)
			stats->numa_events[item] += zone_numa_events(zone, item);
	}
	for (enum zone_stat_item item = 0; item < NR_VM_ZONE_STAT_ITEMS; item++)
		stats->zone_items[item] = machine_zone_item(m, item);
	for (enum node_stat_item item = 0; item < NR_VM_NODE_STAT_ITEMS; item++)
		stats->node_items[item] = machine_node_item(m, item);
	for (enum vm_event_item item = 0; item < NR_VM_EVENT_ITEMS; item++)
		stats->events[item] = machine_event(m, item);
	stats->free_pages = stats->zone_items[NR_FREE_PAGES];
	stats->slab_reclaimable_pages = stats->node_items[NR_SLAB_RECLAIMABLE];
	stats->slab_unreclaimable_pages = stats->node_items[NR_SLAB_UNRECLAIMABLE];
	stats->page_table_pages = stats->node_items[NR_PAGE_TABLE_PAGES];
	stats->vmalloc_pages = m->vmalloc ? machine_vmalloc_pages(m) : 0;
	stats->large_kmalloc_pages = level(machine_large(m).pages);
	visit_end(visiting);
}

static void zone_stats_read(struct zone *zone, struct zone_stats *stats)
{
	stats->name = zone->name;
	stats->node = zone->nid;
	stats->min = zone_mark(zone, WMARK_MIN);
	stats->low = zone_mark(zone, WMARK_LOW);
	stats->high = zone_mark(zone, WMARK_HIGH);
	stats->spanned = zone->spanned_pages;
	stats->present = zone->present_pages;
	stats->managed = PEEK(zone->managed_pages);
	stats->free = zone_item(zone, NR_FREE_PAGES);
	stats->pcp = zone_pcp_pages(zone);
	zone_free_blocks(zone, stats->free_blocks);
	for (unsigned int order = 0; order < NR_ORDERS; order++) {
		stats->unusable[order] = unusable_free_index(zone, order);
		stats->fragmentation[order] = fragmentation_index(zone, order);
	}
}

_Static_assert(NR_PAGE_ORDERS == NR_ORDERS, "callers' orders are the core's");

unsigned int machine_zones(struct machine *m, struct zone_stats *zones, unsigned int nr)
{
	bool visiting = visit_begin(m);

	for (unsigned int i = 0; i < m->nr_zones && i < nr; i++)
		zone_stats_read(m->zones[i], &zones[i]);
	visit_end(visiting);
	return m->nr_zones;
}

/* ------------------------------------------------------------------------------------------------------ caches */

/*
 * A thread that is creating a cache, and short of memory for it, may ask too: it holds the lock already. For callers,
 * and so for the analysers, it is taken either way.
 */
bool caches_lock(struct machine *m) ACQUIRES(m->cache_lock) NO_LOCK_ANALYSIS
{
	if (PEEK(m->cache_lock.owner) == &kmem_context) {
		__acquire(m->cache_lock);
		return false;
	}
	mutex_lock(&m->cache_lock);
	return true;
}

void caches_unlock(struct machine *m, bool locked) RELEASES(m->cache_lock) NO_LOCK_ANALYSIS
{
	if (locked)
		mutex_unlock(&m->cache_lock);
	else
		__release(m->cache_lock);
}

/* Slabs are of the usual order, or of the least where there was no memory for that; their objects tell how many are. */
static unsigned long slab_pages_of(const struct kmem_cache *cache, const struct cache_stats *stats)
{
	unsigned long few = (PAGE_SIZE << cache->min_order) / cache->size, small = 0;

	if (cache->objects > few)
		small = (stats->slabs * cache->objects - stats->total_objects) / (cache->objects - few);
	return ((stats->slabs - small) << cache->order) + (small << cache->min_order);
}

void cache_stats_read(struct kmem_cache *cache, struct cache_stats *stats)
{
	*stats = (struct cache_stats){
		.name = cache->name,
		.object_size = cache->object_size,
		.size = cache->size,
		.objects_per_slab = cache->objects,
		.slab_order = cache->order,
		.aliases = cache->refcount - 1,
		.sheaf_objects = sheaf_objects(cache),
	};
	for (unsigned int nid = 0; nid < cache->machine->nr_nodes; nid++) {
		struct kmem_cache_node *node = cache->node[nid];
		unsigned long flags;

		spin_lock_irqsave(&node->lock, flags);
		stats->slabs += node->nr_slabs;
		stats->partial_slabs += node->nr_partial;
		stats->empty_slabs += node->nr_empty;
		stats->total_objects += node->total_objects;
		stats->live_objects += node->out_objects;
		stats->remote_frees += node->remote_frees;
		spin_unlock_irqrestore(&node->lock, flags);
	}
	stats->slab_pages = slab_pages_of(cache, stats);
	stats->full_slabs = stats->slabs - stats->partial_slabs - stats->empty_slabs;
	stats->sheaf_objects = min(stats->sheaf_objects, stats->live_objects);
	stats->live_objects -= stats->sheaf_objects;
}

static void cache_stats_add(struct cache_stats *stats, struct kmem_cache *cache)
{
	struct cache_stats more;

	cache_stats_read(cache, &more);
	stats->slabs += more.slabs;
	stats->slab_pages += more.slab_pages;
	stats->partial_slabs += more.partial_slabs;
	stats->empty_slabs += more.empty_slabs;
	stats->full_slabs += more.full_slabs;
	stats->total_objects += more.total_objects;
	stats->live_objects += more.live_objects;
	stats->sheaf_objects += more.sheaf_objects;
	stats->remote_frees += more.remote_frees;
}

bool cache_stats_line(struct kmem_cache *cache, struct cache_stats *stats)
{
	if (cache->is_twin)
		return false;
	cache_stats_read(cache, stats);
	for (u32 id = KMALLOC_TWIN_ID(KMALLOC_TWIN_FIRST); id < KMALLOC_LARGE_ID(KMALLOC_LARGE_FIRST); id++)
		if (kmalloc_id_of_class(id) == cache->id)
			cache_stats_add(stats, cache->machine->cache_by_id[id]);
	return true;
}

unsigned int machine_caches(struct machine *m, struct cache_stats *caches, unsigned int nr)
{
	bool visiting = visit_begin(m);
	bool locked = caches_lock(m);
	struct kmem_cache *cache;
	unsigned int count = 0;

	list_for_each_entry(cache, &m->caches, list) {
		struct cache_stats stats;

		if (!cache_stats_line(cache, &stats))
			continue;
		if (count < nr)
			caches[count] = stats;
		count++;
	}
	caches_unlock(m, locked);
	visit_end(visiting);
	return count;
}
