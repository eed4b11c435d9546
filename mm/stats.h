/* SPDX-License-Identifier: MIT */
/* stats.h - one counter at a time, as a machine that runs shows it; for the files of /proc and for checks. */
#ifndef MM_STATS_H
#define MM_STATS_H

#include <linux/compiler.h>
#include "mm/machine.h"

struct kmem_cache;

/* Reads what another CPU's owner writes without a lock: a value of about now, and no race to report. */
#define READS_OTHER_CPUS __no_kcsan __attribute__((__noinline__))

/* Free blocks of each order, deferred ones included. Takes zone->lock. */
void zone_free_blocks(struct zone *zone, unsigned long blocks[NR_ORDERS]);
/* Free pages that a CPU keeps of a zone, on its lists and hot; all CPUs keep of it. */
unsigned long pcp_pages(const struct per_cpu_pages *pcp);
unsigned long zone_pcp_pages(const struct zone *zone);
unsigned long zone_numa_events(const struct zone *zone, enum numa_stat_item item);
/* Of all CPUs, exact at rest: large objects that callers have; that stand aside for them. */
struct large_count machine_large(const struct machine *m);
struct large_count machine_large_aside(const struct machine *m);
/* Levels are never shown below 0. */
unsigned long node_item(const struct pglist_data *node, enum node_stat_item item);
unsigned long zone_item(const struct zone *zone, enum zone_stat_item item);
/* The same, summed over the machine. */
unsigned long machine_node_item(const struct machine *m, enum node_stat_item item);
unsigned long machine_zone_item(const struct machine *m, enum zone_stat_item item);
unsigned long machine_event(const struct machine *m, enum vm_event_item item);

/* Watermark as it is applied: boosted. */
unsigned long zone_mark(const struct zone *zone, enum zone_watermarks mark);

/* Every cache holds still until caches_unlock(). Returns what that needs to know. May sleep. */
bool caches_lock(struct machine *m) ACQUIRES(m->cache_lock);
void caches_unlock(struct machine *m, bool locked) RELEASES(m->cache_lock);
void cache_stats_read(struct kmem_cache *cache, struct cache_stats *stats);
/* The same; a class of kmalloc with its twin. False for that twin: it has no line of its own. */
bool cache_stats_line(struct kmem_cache *cache, struct cache_stats *stats);

#endif
