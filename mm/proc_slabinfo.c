/* SPDX-License-Identifier: MIT */
/*
 * proc_slabinfo.c - /proc/slabinfo: a line a cache, newest first.
 *
 *	kmalloc-64  <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables ... : slabdata ...
 *
 * Active objects are those out of their slabs, as SLUB counts them: with callers, or free in a CPU's or node's sheaf,
 * which is to us what a CPU's own slab is to SLUB. So active_objs is num_objs less what the slabs themselves still
 * hold, and every slab is an active one. machine_caches() tells callers' objects from sheaves' objects.
 */
#include <linux/list.h>
#include "mm/proc.h"
#include "mm/slab.h"

void slabinfo_line(struct text *text, const struct cache_stats *stats)
{
	text_add(text, "%-17s %6lu %6lu %6u %4u %4d", stats->name, stats->live_objects + stats->sheaf_objects,
		 stats->total_objects, stats->size, stats->objects_per_slab, 1 << stats->slab_order);
	text_add(text, " : tunables %4u %4u %4u", 0, 0, 0);
	text_add(text, " : slabdata %6lu %6lu %6lu\n", stats->slabs, stats->slabs, 0ul);
}

long slabinfo_text(struct machine *m, char *buf, size_t size)
{
	struct text text = text_in(buf, size);
	bool locked = caches_lock(m);
	struct kmem_cache *cache;

	text_add(&text, "slabinfo - version: 2.1\n");
	text_add(&text, "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>");
	text_add(&text, " : tunables <limit> <batchcount> <sharedfactor>");
	text_add(&text, " : slabdata <active_slabs> <num_slabs> <sharedavail>\n");
	list_for_each_entry(cache, &m->caches, list) {
		struct cache_stats stats;

		if (cache_stats_line(cache, &stats))
			slabinfo_line(&text, &stats);
	}
	caches_unlock(m, locked);
	return (long)text.length;
}
