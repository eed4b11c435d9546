/* SPDX-License-Identifier: MIT */
/*
 * slab_report.c - the words for what is wrong with an object, as the kernel says them.
 *
 *	=====...
 *	BUG <cache> (<what happened before>): <fault>
 *	-----...
 *
 *	<who allocated and freed it, where the cache keeps tracks>
 *	Slab 0x... objects=.. used=.. fp=0x... flags=0x...
 *	Object 0x... @offset=..
 *	<bytes>
 *	<stack>
 */
#include <linux/kernel.h>
#include <linux/printk.h>
#include "mm/page_alloc.h"
#include "mm/page_report.h"
#include "mm/slab.h"
#include "mm/stats.h"

#define SHOWN_BYTES 128u

/* The kernel's words for a slab's page. */
static void slab_line(const struct kmem_cache *cache, struct page *slab)
{
	unsigned int index = 0, used;
	char place[64];

	while (index < slab->objects && !slab_has((struct kmem_cache *)cache, slab, index, &used))
		index++;
	page_place_format(place, sizeof(place), cache->machine, slab);
	pr_err("Slab 0x%p objects=%u used=%u fp=0x%p flags=0x%lx(slab|%s%s)\n", slab, slab->objects, slab->inuse,
	       index < slab->objects ? slab_object(cache, slab, index) : NULL, slab->flags,
	       compound_order(slab) ? "head|" : "", place);
}

/* 16 bytes a line, as "Object   ffff...: 6b 6b .. kk". */
void slab_report_bytes(const char *label, const u8 *start, unsigned int bytes)
{
	for (unsigned int done = 0; done < bytes; done += 16) {
		unsigned int width = bytes - done < 16 ? bytes - done : 16;
		char text[17], hex[16 * 3 + 1];

		for (unsigned int i = 0; i < 16; i++) {
			u8 byte = i < width ? start[done + i] : ' ';

			text[i] = byte >= 0x20 && byte < 0x7f ? (char)byte : '.';
			snprintf(hex + i * 3, 4, i < width ? "%02x " : "   ", byte);
		}
		text[width] = '\0';
		pr_err("%s%p: %s %s\n", label, start + done, hex, text);
	}
}

static void report_header(struct kmem_cache *cache, const char *format, va_list args)
{
	char fault[160], taint[TAINT_TEXT];

	vscnprintf(fault, sizeof(fault), format, args);
	pr_err("=============================================================================\n");
	pr_err("BUG %s (%s): %s\n", cache->name, taint_text(taint), fault);
	pr_err("-----------------------------------------------------------------------------\n\n");
}

static void report_object(struct kmem_cache *cache, struct page *slab, const void *object)
{
	if (object && cache_debugged(cache))
		slab_debug_tracks(cache, object);
	slab_line(cache, slab);
	if (object) {
		pr_err("Object 0x%p @offset=%lu fp=0x%p\n\n", object,
		       (unsigned long)object - (unsigned long)slab_address(slab), NULL);
		if (cache_debugged(cache))
			slab_debug_print(cache, slab, object);
		else
			slab_report_bytes("Object   ", object, min(cache->object_size, SHOWN_BYTES));
	}
	dump_stack();
	taint_add(TAINT_BAD_PAGE);
}

void slab_report(struct kmem_cache *cache, struct page *slab, const void *object, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report_header(cache, format, args);
	va_end(args);
	report_object(cache, slab, object);
	if (object)
		pr_err("FIX %s: Object at 0x%p not freed\n", cache->name, object);
	panic_on_warn();
}

void slab_fault_report(struct kmem_cache *cache, struct page *slab, const void *object, const u8 *first, const u8 *last,
		       u8 expected, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report_header(cache, format, args);
	va_end(args);
	pr_err("0x%p-0x%p @offset=%lu. First byte 0x%x instead of 0x%x\n", first, last,
	       (unsigned long)first - (unsigned long)slab_address(slab), *first, expected);
	report_object(cache, slab, object);
	panic_on_warn();
}

void slab_report_invalid(struct kmem_cache *cache, struct page *slab, const void *object)
{
	slab_report(cache, slab, NULL, "Invalid object pointer 0x%p", object);
	pr_err("FIX %s: Object at 0x%p not freed\n", cache->name, object);
}

void slab_report_remaining(struct kmem_cache *cache, struct page *slab)
{
	unsigned int used;

	slab_report(cache, slab, NULL, "Objects remaining in %s on __kmem_cache_shutdown()", cache->name);
	for (unsigned int i = 0; i < slab->objects; i++) {
		const void *object = slab_object(cache, slab, i);

		if (slab_has(cache, slab, i, &used))
			continue;
		pr_err("Object 0x%p @offset=%lu\n", object, (unsigned long)object - (unsigned long)slab_address(slab));
		if (cache_debugged(cache))
			slab_debug_tracks(cache, object);
	}
}

void report_not_free(struct kmem_cache *cache, void *object)
{
	slab_report(cache, slab_of(object), object, "Object freed twice, or written after it was freed");
}

void large_report_not_free(void *object)
{
	WARN(1, "kmalloc: Object freed twice, or written after it was freed\n");
	pr_err("object pointer: 0x%p\n", object);
}

/* Rate limited by the machine, silent with __GFP_NOWARN. */
void slab_out_of_memory(struct kmem_cache *cache, gfp_t gfp, int nid)
{
	struct machine *m = cache->machine;
	char flags[128];

	if ((gfp & __GFP_NOWARN) || !__ratelimit(&m->slab_oom_ratelimit))
		return;
	gfp_format(flags, sizeof(flags), gfp);
	pr_warn("SLUB: Unable to allocate memory on node %d, gfp=%#x(%s)\n", nid, (__force unsigned int)gfp, flags);
	pr_warn("  cache: %s, object size: %u, buffer size: %u, default order: %u, min order: %u\n", cache->name,
		cache->object_size, cache->size, cache->order, cache->min_order);
	for (unsigned int i = 0; i < m->nr_nodes; i++) {
		struct kmem_cache_node *node = cache->node[i];
		unsigned long irq_flags, slabs, objects, free;

		spin_lock_irqsave(&node->lock, irq_flags);
		slabs = node->nr_slabs;
		objects = node->total_objects;
		free = objects - node->out_objects;
		spin_unlock_irqrestore(&node->lock, irq_flags);
		pr_warn("  node %u: slabs: %lu, objs: %lu, free: %lu\n", i, slabs, objects, free);
	}
}

void unreclaimable_slabs_report(struct machine *m)
{
	struct kmem_cache *cache;

	if (!mutex_trylock(&m->cache_lock)) {
		pr_warn("excessive unreclaimable slab but cannot dump stats\n");
		return;
	}
	pr_info("Unreclaimable slab info:\n");
	pr_info("Name                      Used          Total\n");
	list_for_each_entry(cache, &m->caches, list) {
		struct cache_stats stats;

		if ((cache->flags & SLAB_RECLAIM_ACCOUNT) || !cache_stats_line(cache, &stats) || !stats.total_objects)
			continue;
		pr_info("%-17s %10luKB %10luKB\n", stats.name,
			(stats.live_objects + stats.sheaf_objects) * stats.size / 1024,
			stats.total_objects * stats.size / 1024);
	}
	mutex_unlock(&m->cache_lock);
}

void free_foreign_report(struct machine *m, const void *object, const char *caller)
{
	char what[256];

	kmem_explain(m, object, what, sizeof(what));
	WARN(1, "%s of what is not an object: %s\n", caller, what);
	pr_err("object pointer: 0x%p\n", object);
}
