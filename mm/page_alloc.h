/* SPDX-License-Identifier: MIT */
/*
 * page_alloc.h - what the core's other files ask of the page allocator.
 */
#ifndef MM_PAGE_ALLOC_H
#define MM_PAGE_ALLOC_H

#include "mm/machine.h"

/* Boot, in this order (mm/page_init.c, mm/watermark.c, mm/pcp.c). Return 0 or -ENOMEM. */
int zones_init(struct machine *m);		/* memblock -> nodes, zones, zonelists; memblock_alloc() still works */
int zones_populate(struct machine *m);		/* what memblock has left -> free lists; memblock hands out no more */
/* Where zones of that type lie when there is no ZONE_MOVABLE. */
void zone_limits(const struct machine *m, enum zone_type type, pfn_t *start, pfn_t *end);
void watermarks_init(struct machine *m);	/* min_free_kbytes, watermarks, lowmem reserve, pcp high and batch */
/* A CPU's own lists: made when it first comes online, emptied when it goes. */
int pcp_init(struct machine *m, struct kmem_cpu *cpu);
void pcp_drain(struct kmem_cpu *cpu);
/* Give up the large kmalloc()s that stand aside there, to that CPU's lists: mm/kmalloc_large.c. On it. */
void large_drain(struct kmem_cpu *cpu);
/* Is there any, or may there be? With the CPU held. */
bool large_is_aside_here(struct kmem_cpu *cpu);
/* The CPU at whose hand a free one that starts there is; -1: it is not free. */
int large_stands_aside(const struct machine *m, const struct page *page);
/* Who knows that a large kmalloc() is his newest does so no more. */
void large_forget(struct machine *m, const struct page *page);

/*
 * Describe and free the next deferred MAX_ORDER block of the zone. Returns false if there is none left (or the
 * host cannot describe it). Boot made only the descriptors it needed.
 */
bool zone_grow(struct zone *zone) MUST_HOLD(zone->lock);
/* Describe the block that holds pfn, if it is deferred (for callers who name a pfn). */
bool zone_describe(struct zone *zone, pfn_t pfn);
/* Has this pfn a descriptor that was initialised? */
bool pfn_described(struct machine *m, pfn_t pfn);

/* What a request may do, worked out once from its flags. */
struct alloc_context {
	struct zonelist *zonelist;
	enum zone_type highest;
	enum migratetype migratetype;
	int preferred_nid;
	gfp_t gfp;
	unsigned int order;
	unsigned int alloc_flags;
};

bool zone_watermark_ok(struct zone *zone, unsigned int order, unsigned long mark, enum zone_type highest,
		       unsigned int alloc_flags);
/* The same if that many pages were free. */
bool zone_watermark_ok_pages(struct zone *zone, unsigned int order, unsigned long mark, enum zone_type highest,
			     unsigned int alloc_flags, long free);
/* Pages of the zone that reclaim could still get, at best. */
long zone_reclaimable_pages(const struct zone *zone);
/* Zero a block of any zone. */
void pages_zero(struct machine *m, struct page *page, unsigned int order);
/* Free a block whose last reference is gone. Whole: it was handed out as one, and not to several owners. */
void free_block(struct machine *m, struct page *page, unsigned int order, bool is_whole);
/* Is a block as its owner must leave it? It is no compound block then; if not, there is a report, and it is lost. */
bool block_may_be_freed(struct machine *m, struct page *page, unsigned int order, bool is_whole);
/* A page that some caller says is his: of this machine, and one that boot or growth has described. */
bool page_is_ours(struct machine *m, const struct page *page);
/* Drop a reference. Returns whether it was the last; a page that has none, or is foreign, is reported. */
bool page_put_testzero(struct machine *m, struct page *page);
#define ALLOC_WMARK_MASK 0x03u		/* enum zone_watermarks */
#define ALLOC_NO_WATERMARKS 0x04u
#define ALLOC_HIGH 0x20u		/* __GFP_HIGH: half of min */
#define ALLOC_HARDER 0x10u		/* GFP_ATOMIC: a further quarter */
#define ALLOC_HIGHATOMIC 0x40u
#define ALLOC_KSWAPD 0x80u
#define ALLOC_NOFRAGMENT 0x100u

/* What is left of a mark for a request of that standing. */
static inline long mark_for(unsigned long mark, unsigned int alloc_flags)
{
	long min = (long)mark;

	if (alloc_flags & ALLOC_HIGH)
		min -= min / 2;
	if (alloc_flags & ALLOC_HARDER)
		min -= min / 4;
	return min;
}

/* As zone_watermark_ok_pages(), but for the block that has to be there: enough pages if it is above 0. */
static inline long zone_pages_over(const struct zone *zone, unsigned int order, unsigned long mark,
				   enum zone_type highest, unsigned int alloc_flags, long free)
{
	long unusable = (1l << order) - 1;

	if (!(alloc_flags & ALLOC_HARDER))
		unusable += (long)__atomic_load_n(&zone->nr_reserved_highatomic, __ATOMIC_RELAXED);
	return free - unusable - mark_for(mark, alloc_flags) - zone->lowmem_reserve[highest];
}

enum zone_type gfp_zone(gfp_t gfp);

/* The same on a machine that may have no DMA32: all low memory of 32 bits is below 4 GiB. */
static inline enum zone_type machine_gfp_zone(const struct machine *m, gfp_t gfp)
{
	enum zone_type type = gfp_zone(gfp);

	return type == ZONE_DMA32 && m->params.layout_i386 ? ZONE_NORMAL : type;
}

/* The flags that decide it, as a number: the lowest four bits. */
#define ZONE_BITS ((__force unsigned int)GFP_ZONEMASK)
enum migratetype gfp_migratetype(gfp_t gfp);

enum migratetype pageblock_type(const struct zone *zone, pfn_t pfn);
void set_pageblock_type(struct zone *zone, pfn_t pfn, enum migratetype type) MUST_HOLD(zone->lock);

/* "page allocation failure: order:4, mode:..." with the machine's state, rate limited (mm/show_mem.c). */
void warn_alloc(gfp_t gfp, const void *nodemask, const char *format, ...);
/* Of memory, at boot: mm/boot_log.c. The caller is on the machine. */
void boot_log(const struct machine *m);
/* "Mem-Info:" and what follows it. */
void show_mem(struct machine *m);

/* Fragmentation in thousandths: mm/fragmentation.c. */
int unusable_free_index(struct zone *zone, unsigned int order);
int fragmentation_index(struct zone *zone, unsigned int order);

/* Free pages of the whole machine back to the host (mm/release.c). Returns pages. */
unsigned long zones_release(struct machine *m);

/* The first broken invariant of zones, free lists and per-CPU lists, or true. */
struct kmem_fault;
bool zones_check(struct machine *m, struct kmem_fault *fault);
void zones_dump(struct machine *m);
/* Writes one invariant's breach; returns false. */
bool fault_at(struct kmem_fault *fault, const char *id, const char *format, ...);

#endif
