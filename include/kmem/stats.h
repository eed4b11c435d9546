/* SPDX-License-Identifier: MIT */
/*
 * stats.h - a machine's counters as numbers, and the kernel's text files made of them.
 */
#ifndef KMEM_STATS_H
#define KMEM_STATS_H

#include <kmem/types.h>
#include <kmem/vm_event.h>

struct machine;

#define NR_PAGE_ORDERS 11

struct machine_stats {
	unsigned long present_pages;
	unsigned long managed_pages;
	unsigned long free_pages;			/* on the zones' lists */
	unsigned long pcp_pages;			/* free, on CPUs' lists */
	unsigned long slab_reclaimable_pages;
	unsigned long slab_unreclaimable_pages;
	unsigned long vmalloc_pages;
	unsigned long page_table_pages;
	unsigned long large_kmalloc_pages;
	unsigned long free_blocks[NR_PAGE_ORDERS];	/* all zones */
	unsigned long zone_items[NR_VM_ZONE_STAT_ITEMS];
	unsigned long node_items[NR_VM_NODE_STAT_ITEMS];
	unsigned long numa_events[NR_VM_NUMA_EVENT_ITEMS];
	unsigned long events[NR_VM_EVENT_ITEMS];
};

/* Sum the counters of every CPU, stopping none: each is exact, together they are of about the same moment. */
void machine_stats(struct machine *m, struct machine_stats *stats);

struct zone_stats {
	const char *name;			/* "DMA32" */
	int node;
	unsigned long min, low, high;		/* watermarks, pages */
	unsigned long spanned, present, managed, free, pcp;
	unsigned long free_blocks[NR_PAGE_ORDERS];
	int unusable[NR_PAGE_ORDERS];		/* unusable free space index, thousandths */
	int fragmentation[NR_PAGE_ORDERS];	/* why an order fails: -1000 it does not, 0 memory, 1000 fragments */
};

/* Populated zones into zones[0..nr). Returns how many there are. */
unsigned int machine_zones(struct machine *m, struct zone_stats *zones, unsigned int nr);

struct cache_stats {
	const char *name;
	unsigned int object_size;	/* asked */
	unsigned int size;		/* taken: with padding and debugging */
	unsigned int objects_per_slab;
	unsigned int slab_order;
	unsigned long live_objects;	/* with callers: exact at rest */
	unsigned long sheaf_objects;	/* free, in CPUs' sheaves and barns */
	unsigned long total_objects;	/* room in all slabs */
	unsigned long slabs;
	unsigned long slab_pages;	/* of all slabs: those that had to be small are less than 2^slab_order */
	unsigned long full_slabs, partial_slabs, empty_slabs;
	unsigned long remote_frees;
	int aliases;
};

/* All caches into caches[0..nr). Returns how many there are. */
unsigned int machine_caches(struct machine *m, struct cache_stats *caches, unsigned int nr);

/*
 * machine_file - the text of a kernel file: "buddyinfo", "pagetypeinfo", "zoneinfo", "slabinfo", "vmallocinfo",
 * "meminfo", "vmstat", "extfrag/unusable_index", "extfrag/extfrag_index".
 * Returns the length of the whole text, of which at most size - 1 bytes and a NUL are in buf; -ENOENT for an
 * unknown name.
 */
long machine_file(struct machine *m, const char *name, char *buf, size_t size);
/* The names, NULL-terminated. */
extern const char *const machine_files[];

#endif
