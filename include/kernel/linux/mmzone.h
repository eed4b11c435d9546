/* SPDX-License-Identifier: MIT */
/*
 * linux/mmzone.h - nodes, zones, free lists and per-CPU lists.
 *
 *	machine -> node[nid] -> zone[type] -> free_area[order] -> free_list[migrate type] -> struct page
 *	machine -> zones[]: the populated ones, in order of zone->index
 *
 * Names with an underscore where the kernel's has none, and members that it lacks, are the core's own. Kernel code may
 * read what it knows, and changes nothing.
 */
#ifndef _LINUX_MMZONE_H
#define _LINUX_MMZONE_H

#include <kmem/pages.h>
#include <kmem/stats.h>
#include <linux/bitops.h>
#include <linux/spinlock.h>

#define MAX_ORDER_NR_PAGES (1ul << MAX_ORDER)
#define PAGE_ALLOC_COSTLY_ORDER 3	/* above it allocations give up easily */
#define pageblock_order 9
#define pageblock_nr_pages (1ul << pageblock_order)
#define NR_ORDERS (MAX_ORDER + 1)
#define PAGEBLOCK_ORDER 9
#define PAGEBLOCK_PAGES (1ul << PAGEBLOCK_ORDER)
#define MAX_BLOCK_PAGES (1ul << MAX_ORDER)
#define MAX_NUMNODES (1 << PAGE_NODE_BITS)

enum zone_type { ZONE_DMA, ZONE_DMA32, ZONE_NORMAL, ZONE_HIGHMEM, ZONE_MOVABLE, ZONE_DEVICE, MAX_NR_ZONES };

enum migratetype {
	MIGRATE_UNMOVABLE,
	MIGRATE_MOVABLE,
	MIGRATE_RECLAIMABLE,
	MIGRATE_PCPTYPES,		/* the types that per-CPU lists have */
	MIGRATE_HIGHATOMIC = MIGRATE_PCPTYPES,
	MIGRATE_CMA,
	MIGRATE_ISOLATE,
	MIGRATE_TYPES
};

enum zone_watermarks { WMARK_MIN, WMARK_LOW, WMARK_HIGH, NR_WMARK };

struct free_area {
	struct list_head free_list[MIGRATE_TYPES];
	unsigned long nr_free;		/* blocks on all lists */
};

/* A run of whole MAX_ORDER blocks that are free but not yet described: see mm/page_init.c. */
struct pfn_range {
	pfn_t start, end;
};
#define MAX_DEFERRED 16

#define PACKED_ORDERS 6			/* small ones: a CPU keeps many, but those of cold pageblocks */

/*
 * Free pages that a CPU keeps of one zone. Single ones by migrate type; from PCP_COLD_LISTS on, those of cold
 * pageblocks: they wait to go back to the zone. And blocks as they were freed, by order. Cold for an order are
 * pageblocks with fewer live blocks than the one that the zone served it from last has now.
 */
#define PCP_ORDERS (PAGEBLOCK_ORDER + 1)
#define PCP_COLD_LISTS 16
#define NR_PCP_LISTS (PCP_COLD_LISTS + MIGRATE_PCPTYPES)
#define PCP_MOST_FILL 64u		/* blocks that a CPU takes at once */

/* Blocks of an order; and apart from them, of small orders, those of cold pageblocks: they wait to go back, too. */
enum { PCP_WARM, PCP_COLD, NR_PCP_CHAINS };
struct pcp_chain {
	struct page *blocks;		/* last in, first out, by lru.next */
	u16 kept;
	u16 kept_max;			/* more blocks than this go to the zone */
	u16 full;			/* one did so, since one was last fetched */
} __attribute__((aligned(PCP_COLD_LISTS)));

/* Of one order; of single pages, which are on the lists, only flags, taken and freed. */
struct pcp_order {
	struct pcp_chain chain[NR_PCP_CHAINS];
	u32 type;			/* page_type of one that is kept, but for its mobility */
	u32 warm_to;			/* the tag of a cold pageblock is more */
	unsigned long flags;		/* of a block's first page, without the owner's: node, zone and order */
	unsigned long taken, freed;	/* blocks, by the fast paths: events that they do not count elsewhere */
} __attribute__((aligned(8 * sizeof(long))));

struct pageblock_tag;
struct per_cpu_pages {
	struct page *lists[NR_PCP_LISTS];	/* last in, first out, by lru.next */
	int count;			/* pages on the lists */
	int high;			/* more than this: give batch back */
	int batch;
	bool full;			/* warm single pages went to the zone, since some were last fetched */
	bool wanted;			/* other CPUs were met at the zone's lock */
	u16 fill;			/* blocks to take at once; 1 after a shortage, doubled by each filling */
	u32 fetched;			/* pages from the zone since the last look for blocks that are kept in vain */
	u32 seen[PCP_ORDERS];		/* blocks that were taken, at that look */
	const struct pageblock_tag *served[PACKED_ORDERS];	/* of the pageblock that an order came from last */
	struct pcp_order order[PCP_ORDERS];
	const struct pageblock_tag *pageblocks;	/* zone->pageblock_tags, by pageblock from the CPU's first_page */
	struct zone *zone;
};

/* What a pageblock is for, and whether flags of tails were set: mm/pageblock.h. A free reads all at once. */
struct pageblock_tag {
	u8 type, touched;
	u16 bucket;			/* block_info's rest by PAGES_A_BUCKET: the more, the fewer blocks are live */
} __attribute__((aligned(4)));

/* A pageblock's free pages, and where the fullest are found: mm/pageblock.c. */
#define PAGEBLOCK_ORDERS 9		/* of blocks smaller than a pageblock: 0 to 8 */
#define NR_BUCKETS 64			/* by live blocks, most first */
struct block_info {
	u32 next, prev;			/* 1 + pageblock; 0: none */
	u16 nr_free;			/* pages on free lists */
	u16 rest;			/* pages that are not the first of a live block, as far as is known */
	u16 place;			/* which list: mm/pageblock.c; 0: none */
	u16 orders;			/* a bit an order: free_blocks[] is not 0 */
	u16 free_blocks[PAGEBLOCK_ORDERS];
	unsigned long map[2 * PAGEBLOCK_PAGES / BITS_PER_LONG];	/* a bit a block that there can be: on a free list */
} __attribute__((aligned(64)));

/* Pageblocks in part free, by type, live blocks, and the order of the largest free block + 1: mm/pageblock.c. */
#define NR_PLACES 16			/* the last of these, for arithmetic: PAGEBLOCK_ORDERS are used */
struct partial_lists {
	u64 buckets[MIGRATE_PCPTYPES][NR_PLACES];	/* a bit a bucket: its list is not empty */
	u16 places[MIGRATE_PCPTYPES * NR_BUCKETS];	/* a bit a place: its list is not empty */
	u32 first[MIGRATE_PCPTYPES * NR_BUCKETS * NR_PLACES];	/* 1 + pageblock; 0: none */
};

struct pglist_data;

struct zone {
	/* Read mostly. */
	const char *name;
	struct machine *machine;
	struct pglist_data *node;
	enum zone_type type;
	int nid;
	unsigned int index;			/* in machine->zones; only of populated zones */
	union {
		pfn_t start_pfn;
		unsigned long zone_start_pfn;	/* as kernel code calls it; and so on below */
	};
	unsigned long spanned_pages;		/* start_pfn to the end, holes included */
	unsigned long present_pages;		/* spanned - holes */
	unsigned long managed_pages;		/* present - reserved at boot */
	unsigned long watermark[NR_WMARK];
	unsigned long watermark_boost;
	long lowmem_reserve[MAX_NR_ZONES];	/* pages kept from requests that could use that zone */
	union {
		int pcp_high, pageset_high;
	};
	union {
		int pcp_batch, pageset_batch;
	};
	struct pageblock_tag *pageblock_tags;	/* by pageblock of the span */
	struct block_info *block_info;		/* by pageblock */
	struct partial_lists *partial;

	/* Under lock (innermost; irqs off). */
	spinlock_t lock __attribute__((aligned(64)));
	unsigned long nr_reserved_highatomic;
	unsigned long nr_isolate_pageblock;
	unsigned int nr_deferred;
	unsigned long deferred_blocks;		/* MAX_ORDER blocks in deferred[] */
	struct pfn_range deferred[MAX_DEFERRED];
	struct free_area free_area[NR_ORDERS];
	unsigned long freed;			/* pages, since free memory was last released: mm/idle.c */

	/* Compaction of orders from the first that failed on waits for so many requests: a guess, by whoever tries. */
	u32 compact_considered, compact_defer_shift;
	unsigned int compact_order_failed;

	/* Atomic; exact. NR_FREE_PAGES counts lists and deferred blocks, not CPUs' own pages. */
	long vm_stat[NR_VM_ZONE_STAT_ITEMS];
	u32 flags;
};

struct zoneref {
	struct zone *zone;			/* NULL ends the list */
	enum zone_type type;
};

struct zonelist {
	unsigned int nr;
	struct zoneref ref[];
};

/* A background task of a node: mm/node_task.c. */
struct node_task {
	u32 wake;				/* changes when there is work; what it sleeps on */
	u32 asked;				/* [ highest zone + 1 : 16 | order : 16 ]; 0: nothing */
	u32 sleeping;				/* it waits on wake */
	bool started, stop, gone;
};

struct pglist_data {
	struct machine *machine;
	union {
		int nid, node_id;
	};
	union {
		struct zone zones[MAX_NR_ZONES], node_zones[MAX_NR_ZONES];
	};
	union {
		pfn_t start_pfn;
		unsigned long node_start_pfn;
	};
	union {
		unsigned long spanned_pages, node_spanned_pages;
	};
	union {
		unsigned long present_pages, node_present_pages;
	};
	u16 *slot_map;				/* by low page from start_pfn: mm/slab.h */
	unsigned long slot_pages;
	struct zonelist *fallback;		/* this node's zones, highest first, then the other nodes' */
	struct zonelist *this_node;		/* for __GFP_THISNODE */
	long vm_stat[NR_VM_NODE_STAT_ITEMS];	/* atomic */
	struct node_task kswapd, kcompactd;	/* background reclaim: mm/vmscan.c; compaction: mm/compaction.c */
	int kswapd_failures;
};

typedef struct pglist_data pg_data_t;

static inline bool zone_populated(const struct zone *zone)
{
	return zone->present_pages != 0;
}

static inline pfn_t zone_end_pfn(const struct zone *zone)
{
	return zone->start_pfn + zone->spanned_pages;
}

static inline bool zone_spans_pfn(const struct zone *zone, pfn_t pfn)
{
	return pfn >= zone->start_pfn && pfn < zone_end_pfn(zone);
}

static inline long zone_page_state(const struct zone *zone, enum zone_stat_item item)
{
	return __atomic_load_n(&zone->vm_stat[item], __ATOMIC_RELAXED);
}

static inline void mod_zone_page_state(struct zone *zone, enum zone_stat_item item, long delta)
{
	__atomic_fetch_add(&zone->vm_stat[item], delta, __ATOMIC_RELAXED);
}

static inline long node_page_state(const struct pglist_data *node, enum node_stat_item item)
{
	return __atomic_load_n(&node->vm_stat[item], __ATOMIC_RELAXED);
}

static inline void mod_node_page_state(struct pglist_data *node, enum node_stat_item item, long delta)
{
	__atomic_fetch_add(&node->vm_stat[item], delta, __ATOMIC_RELAXED);
}

static inline unsigned long zone_managed_pages(const struct zone *zone)
{
	return __atomic_load_n(&zone->managed_pages, __ATOMIC_RELAXED);
}

/* A node of the caller's machine; NULL: it has none of that number. */
pg_data_t *node_data(int nid);
#define NODE_DATA(nid) node_data(nid)
#define first_online_node 0

#endif
