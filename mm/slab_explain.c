/* SPDX-License-Identifier: MIT */
/*
 * slab_explain.c - what an address of a slab is, and the slab layers with live values.
 *
 *	object 3 of cache kmalloc-64, live
 *	byte 5 of object 3 of cache kmalloc-64, free in the main sheaf of CPU 0
 *	... ; slab of 64 objects at pfn 4096, 10 of them out
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/printk.h>
#include "mm/cpus.h"
#include "mm/slab_walk.h"
#include "mm/stats.h"
#include "mm/text.h"

/* ------------------------------------------------------------------------------------------------------- explain */

struct object_search {
	const void *object;
	struct sheaf_view found;	/* role NULL: in no sheaf */
};

static READS_OTHER_CPUS bool object_search_visit(struct kmem_cache *cache, const struct sheaf_view *view, void *arg)
{
	struct object_search *search = arg;

	(void)cache;
	for (unsigned int i = 0; i < view->nr; i++)
		if (view->objects[i] == search->object) {
			search->found = *view;
			return false;
		}
	return true;
}

/* Who has the object: its slab, a sheaf, or a caller. */
static void add_state(struct text *text, struct kmem_cache *cache, struct page *slab, unsigned int index)
{
	struct object_search search = { .object = slab_object(cache, slab, index) };
	unsigned int used;

	text_add(text, "object %u of cache %s, ", index, cache->name);
	if (slab_has(cache, slab, index, &used)) {
		text_add(text, "free in its slab");
		return;
	}
	sheaves_walk(cache, object_search_visit, &search);
	if (!search.found.role)
		text_add(text, "live");
	else if (search.found.cpu >= 0)
		text_add(text, "free in the %s sheaf of CPU %d", search.found.role, search.found.cpu);
	else
		text_add(text, "free in a %s sheaf of node %d", search.found.role, search.found.nid);
}

/* Where in its object's place an address is. */
static void add_position(struct text *text, const struct kmem_cache *cache, unsigned int byte)
{
	if (byte < cache->red_left_pad) {
		text_add(text, "%u bytes before the start (red zone) of ", cache->red_left_pad - byte);
		return;
	}
	byte -= cache->red_left_pad;
	if (byte >= cache->object_size)
		text_add(text, "%u bytes beyond the end of ", byte - cache->object_size);
	else if (byte)
		text_add(text, "byte %u of ", byte);
}

/* The slab that holds the address, its head as it is about now in *copy; NULL: none does. */
static struct page *slab_at(struct machine *m, const void *address, struct page *copy)
{
	struct page *page = virt_to_page(address), *slab;
	struct kmem_cache *cache;

	if ((unsigned long)address - m->layout.direct_base >= m->max_low_pfn << PAGE_SHIFT || !page_peek(m, page, copy))
		return NULL;
	if (page_type_of(copy) != PGTY_SLAB)
		return NULL;
	cache = m->cache_by_id[slab_cache_id(copy)];
	slab = copy->compound_head & 1 ? (struct page *)(copy->compound_head - 1) : page;
	return cache && page_peek(m, slab, copy) && copy->slab_cache == cache && copy->objects ? slab : NULL;
}

int slab_explain(struct machine *m, const void *address, char *buf, size_t size)
{
	struct text text = text_in(buf, size);
	struct page copy, *slab = slab_at(m, address, &copy);
	unsigned long offset, index;
	struct kmem_cache *cache;

	if (!slab)
		return 0;
	cache = copy.slab_cache;
	offset = (unsigned long)address - (unsigned long)slab_address(slab);
	index = offset / cache->size;
	if (index >= copy.objects) {
		text_add(&text, "%lu bytes beyond the last object of a slab of cache %s",
			 offset - (unsigned long)copy.objects * cache->size, cache->name);
	} else {
		add_position(&text, cache, (unsigned int)(offset % cache->size));
		add_state(&text, cache, slab, (unsigned int)index);
	}
	text_add(&text, "; slab of %u objects at pfn %lu, %u of them out", copy.objects, machine_pfn(m, slab),
		 copy.inuse);
	return (int)text.length;
}

/* ---------------------------------------------------------------------------------------------------------- dump */

static bool dump_sheaf(struct kmem_cache *cache, const struct sheaf_view *view, void *arg)
{
	struct text *text = arg;

	if (view->cpu >= 0)
		text_add(text, "  CPU %d %s [%u/%u]", view->cpu, view->role, view->nr, cache->sheaf_capacity);
	return true;
}

static void dump_cache(struct kmem_cache *cache)
{
	struct cache_stats stats;
	char line[512];
	struct text text = text_in(line, sizeof(line));

	cache_stats_read(cache, &stats);
	if (!stats.slabs)
		return;
	pr_info("  %s: size %u, %u a slab of %u pages; slabs %lu full %lu partial %lu empty\n", cache->name,
		cache->size, cache->objects, 1u << cache->order, stats.full_slabs, stats.partial_slabs,
		stats.empty_slabs);
	pr_info("    objects %lu live %lu in sheaves %lu in slabs\n", stats.live_objects, stats.sheaf_objects,
		stats.total_objects - stats.live_objects - stats.sheaf_objects);
	sheaves_walk(cache, dump_sheaf, &text);
	for (unsigned int nid = 0; nid < cache->machine->nr_nodes; nid++) {
		const struct barn *barn = &cache->node[nid]->barn;

		if (barn->nr_full || barn->nr_empty)
			text_add(&text, "  node %u barn %u full %u empty", nid, barn->nr_full, barn->nr_empty);
	}
	if (text.length)
		pr_info("  %s\n", line);
}

void slab_dump(struct machine *m)
{
	bool locked = caches_lock(m);
	struct kmem_cache *cache;
	unsigned int nr = 0;

	list_for_each_entry(cache, &m->caches, list)
		nr++;
	pr_info("slab: %u caches, newest first; those with slabs:\n", nr);
	list_for_each_entry(cache, &m->caches, list)
		dump_cache(cache);
	caches_unlock(m, locked);
}
