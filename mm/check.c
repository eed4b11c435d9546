/* SPDX-License-Identifier: MIT */
/*
 * check.c - the whole machine, checked and shown.
 *
 *	memory map M, zones and free pages Z D B P, CPUs C, slabs and sheaves S H K, vmalloc V A L G, kmap J, per-CPU
 *	memory N, then what only sums over all of them can tell:
 *	T1  a node's slab pages, as its items count them, are the pages of its slabs and of large kmalloc()s
 *	T2  totalram is the zones' managed pages; free pages, CPUs' lists, slabs and page tables are no more than that
 *	T3  pages that the events say were handed out and not given back are no more than those that are not free
 *	T4  nothing is counted below zero
 *	C1  a CPU has a task exactly when it is leased	C3  nr_online counts idle and leased CPUs	(kernel/cpu.c)
 *
 * Reads only; CPUs other than the caller's are at rest. A slab that waits for a grace period is on no list: while there
 * may be such, T1 allows more pages than it finds. A page that was found broken and set aside is not free: so is T3.
 */
#include <kmem/check.h>
#include <linux/list.h>
#include <linux/printk.h>
#include "kernel/word_lock.h"
#include "mm/cpus.h"
#include "mm/highmem.h"
#include "mm/page_alloc.h"
#include "mm/percpu.h"
#include "mm/rcu.h"
#include "mm/slab.h"
#include "mm/stats.h"
#include "mm/vmalloc.h"

/* ---------------------------------------------------------------------------------------------------------- CPUs */

static bool cpus_hold(const struct machine *m, struct kmem_fault *fault)
{
	unsigned int online = 0;

	for (unsigned int i = 0; i < m->nr_cpus; i++) {
		online += m->cpu_state[i] >= CPU_IDLE;
		if ((m->cpu_task[i] != NULL) != (m->cpu_state[i] == CPU_LEASED))
			return fault_at(fault, "C1", "cpu %u: state %u, %s task", i, m->cpu_state[i],
					m->cpu_task[i] ? "a" : "no");
	}
	return online == m->nr_online ||
	       fault_at(fault, "C3", "%u CPUs are online, %u counted", online, m->nr_online);
}

/* Background tasks come and go as they like: their leases are looked at under the lock. */
static bool cpus_check(struct machine *m, struct kmem_fault *fault)
{
	bool holds;

	context_pin(PREEMPT_OFFSET);
	word_lock(&m->cpu_lock);
	holds = cpus_hold(m, fault);
	word_unlock(&m->cpu_lock);
	context_unpin(PREEMPT_OFFSET);
	return holds;
}

/* ---------------------------------------------------------------------------------------------------- statistics */

static unsigned long slab_list_pages(const struct list_head *list)
{
	unsigned long pages = 0;
	struct page *slab;

	list_for_each_entry(slab, list, slab_list)
		pages += 1ul << compound_order(slab);
	return pages;
}

/* Pages of all caches' slabs on the node, of one kind. */
static unsigned long node_slab_pages(const struct machine *m, unsigned int nid, bool reclaimable)
{
	const struct kmem_cache *cache;
	unsigned long pages = 0;

	list_for_each_entry(cache, &m->caches, list) {
		const struct kmem_cache_node *node = cache->node[nid];

		if (reclaimable != !!(cache->flags & SLAB_RECLAIM_ACCOUNT))
			continue;
		pages += slab_list_pages(&node->partial) + slab_list_pages(&node->full) + slab_list_pages(&node->empty);
	}
	return pages;
}

static bool node_slabs_check(const struct machine *m, unsigned int nid, bool reclaimable, struct kmem_fault *fault)
{
	enum node_stat_item item = reclaimable ? NR_SLAB_RECLAIMABLE : NR_SLAB_UNRECLAIMABLE;
	long counted = node_page_state(m->nodes[nid], item), found = (long)node_slab_pages(m, nid, reclaimable);

	if (found <= counted && (found == counted || !rcu_is_idle(m)))
		return true;
	return fault_at(fault, "T1", "node %u: %ld %sreclaimable slab pages, %ld found", nid, counted,
			reclaimable ? "" : "un", found);
}

static bool slab_pages_check(const struct machine *m, struct kmem_fault *fault)
{
	for (unsigned int nid = 0; nid < m->nr_nodes; nid++)
		if (!node_slabs_check(m, nid, true, fault) || !node_slabs_check(m, nid, false, fault))
			return false;
	return true;
}

static unsigned long pages_not_free(const struct machine_stats *stats)
{
	return stats->managed_pages - stats->free_pages - stats->pcp_pages;
}

static bool totals_check(const struct machine *m, const struct machine_stats *stats, struct kmem_fault *fault)
{
	unsigned long owned = stats->slab_reclaimable_pages + stats->slab_unreclaimable_pages + stats->page_table_pages;

	if (stats->managed_pages != m->totalram)
		return fault_at(fault, "T2", "totalram is %lu pages, zones manage %lu", m->totalram,
				stats->managed_pages);
	if (stats->free_pages + stats->pcp_pages > m->totalram || owned > pages_not_free(stats))
		return fault_at(fault, "T2", "%lu pages, but %lu free, %lu on CPUs' lists, %lu slabs and page tables",
				m->totalram, stats->free_pages, stats->pcp_pages, owned);
	return true;
}

static bool events_check(const struct machine_stats *stats, struct kmem_fault *fault)
{
	unsigned long taken = 0, given = stats->events[PGFREE];

	for (enum vm_event_item item = PGALLOC_DMA; item <= PGALLOC_DEVICE; item++)
		taken += stats->events[item];
	if (given > taken || taken - given > pages_not_free(stats))
		return fault_at(fault, "T3", "%lu pages allocated, %lu freed, but %lu are not free", taken, given,
				pages_not_free(stats));
	return true;
}

static bool levels_check(const struct machine *m, struct kmem_fault *fault)
{
	struct large_count large = machine_large(m);

	for (unsigned int nid = 0; nid < m->nr_nodes; nid++)
		for (enum node_stat_item item = 0; item < NR_VM_NODE_STAT_ITEMS; item++)
			if (node_page_state(m->nodes[nid], item) < 0)
				return fault_at(fault, "T4", "node %u item %u is %ld", nid, item,
						node_page_state(m->nodes[nid], item));
	for (unsigned int i = 0; i < m->nr_zones; i++)
		for (enum zone_stat_item item = 0; item < NR_VM_ZONE_STAT_ITEMS; item++)
			if (zone_page_state(m->zones[i], item) < 0)
				return fault_at(fault, "T4", "node %d zone %s item %u is %ld", m->zones[i]->nid,
						m->zones[i]->name, item, zone_page_state(m->zones[i], item));
	if (large.pages < 0 || large.objects < 0)
		return fault_at(fault, "T4", "%ld large objects with %ld pages", large.objects,
				large.pages);
	return true;
}

static bool stats_check(struct machine *m, bool at_rest, struct kmem_fault *fault)
{
	struct machine_stats stats;

	machine_stats(m, &stats);
	return levels_check(m, fault) && totals_check(m, &stats, fault) && events_check(&stats, fault) &&
	       (!at_rest || slab_pages_check(m, fault));
}

/* --------------------------------------------------------------------------------------------------- the machine */

static bool machine_check(struct machine *m, bool at_rest, struct kmem_fault *fault)
{
	return memblock_check(&m->memblock, fault) && zones_check(m, fault) && cpus_check(m, fault) &&
	       slab_check(m, at_rest, fault) && vmalloc_check(m, at_rest, fault) &&
	       kmap_check(m, at_rest, fault) && percpu_check(m, fault) && stats_check(m, at_rest, fault);
}

bool kmem_check(struct machine *m, struct kmem_fault *fault)
{
	bool visiting = visit_begin(m), sound = machine_check(m, true, fault);

	visit_end(visiting);
	return sound;
}

/* The list of caches is changed under a mutex, whose holder may be preempted: it is waited for. */
bool kmem_check_live(struct machine *m, struct kmem_fault *fault)
{
	bool entered = machine_current() != m && !machine_enter(m), sound;

	mutex_lock(&m->cache_lock);
	cpus_stop(m);
	sound = machine_check(m, false, fault);
	cpus_start(m);
	mutex_unlock(&m->cache_lock);
	if (entered)
		machine_leave();
	return sound;
}

static void machine_dump(const struct machine *m)
{
	pr_info("machine: %lu pages in %u zones of %u nodes, %u of %u CPUs online, command line \"%s\"\n", m->totalram,
		m->nr_zones, m->nr_nodes, m->nr_online, m->nr_cpus, m->cmdline);
	for (unsigned int i = 0; i < m->nr_cpus; i++)
		if (m->cpu_state[i] >= CPU_IDLE)
			pr_info("  CPU %u node %u %s\n", i, m->cpus[i]->node, m->cpu_task[i] ? "leased" : "idle");
}

/* The console is that of the machine which the caller is on. */
void kmem_dump(struct machine *m)
{
	bool entered = machine_current() != m && !machine_enter(m);

	machine_dump(m);
	zones_dump(m);
	slab_dump(m);
	vmalloc_dump(m);
	kmap_dump(m);
	if (entered)
		machine_leave();
}
