/* SPDX-License-Identifier: MIT */
/*
 * params.h - the kernel command line, as numbers. The table of all parameters is in mm/params.c.
 */
#ifndef MM_PARAMS_H
#define MM_PARAMS_H

#include <kmem/types.h>

#define CMDLINE_MAX 4096
#define MEMMAP_MAX 32

/* memmap=size[@#$!]start */
struct memmap_param {
	u64 start, size;
	char kind;		/* '@' memory, '$' reserved, '#' ACPI, '!' protected */
};

struct fault_attr {		/* failslab=interval,probability,space,times */
	unsigned int interval, probability;
	int space, times;
	bool on;
	unsigned int count;		/* calls so far: mm/fault_inject.c */
};

/* kmem.fault=points,nth,persistent: mm/fault_inject.h. */
struct fault_plan {
	u32 points;			/* 1 << enum fault_point */
	u32 nth;			/* passage that fails */
	bool persistent;		/* and every later one */
	u32 passages, failed;		/* so far */
};

struct machine_params {
	const char *cmdline;		/* as given; its owner keeps it */
	char words[CMDLINE_MAX];	/* cut into words; the strings below point into it */
	u64 mem, highmem, vmalloc, kernelcore, movablecore;	/* bytes; 0: not given */
	u64 highmem_given;
	unsigned int kernelcore_percent, movablecore_percent;
	struct memmap_param memmap[MEMMAP_MAX];
	unsigned int nr_memmap;
	bool memmap_exact;
	unsigned int numa_fake;		/* nodes; 0: as the map says */
	u64 numa_fake_bytes;		/* numa=fake=SIZE: a node of each */
	unsigned int nr_cpus;		/* 0: as many as the host has */
	bool layout_i386;			/* kmem.layout=i386: zones and windows of a 32-bit PC */
	bool printk_time;
	bool no_hash_pointers;
	bool idle_release;		/* kmem.idle_release=: free memory goes back to the host when all is quiet */
	unsigned int loglevel;

	/* Pages. */
	u64 min_free_kbytes;		/* 0: by the formula */
	unsigned int watermark_scale_factor, watermark_boost_factor;
	unsigned int lowmem_reserve_ratio[6];
	unsigned int percpu_pagelist_high_fraction;
	bool fullest_first;		/* kmem.fullest_first=: single pages come from the fullest pageblock */
	u64 keep;			/* kmem.keep=: bytes of free blocks that a CPU keeps; 0: by the zone's size */
	bool thp;			/* transparent_hugepage=always: raises min_free_kbytes as khugepaged does */
	bool init_on_alloc, init_on_free;
	bool lazy_vfree;		/* kmem.lazy_vfree=: what is kept of a freed area is not even shut */

	/* Slab. */
	const char *slub_debug;		/* NULL: off; "": all flags for all caches */
	bool slub_debug_given;
	unsigned int slub_min_order, slub_max_order, slub_min_objects;
	bool slab_nomerge;
	bool tight_slabs;		/* kmem.tight_slabs=: higher orders than the kernel's where that saves memory */
	unsigned int check;		/* kmem.check=0..3: mm/dial.c */
	unsigned int sheaf_capacity;	/* kmem.sheaf=N; 0: by size, 1: none */
	bool no_kmalloc_sheaves;

	/* Failures. */
	struct fault_attr failslab, fail_page_alloc;
	unsigned int fail_page_alloc_min_order;
	struct fault_plan fault;
	unsigned int panic_on_oom, panic_on_warn;
	bool private_memory;		/* kmem.private= */
	u64 huge_after;			/* kmem.huge_after= */
	u64 seed;			/* kmem.seed=N; 0: the host's */
	unsigned int nr_unknown;	/* words that no parameter has */
	unsigned int unknown_at[16];	/* their places in words */
	char error[160];		/* the sentence that parsing, or mm/memblock.c, has made for its caller */
};

/*
 * Cut and understand a command line. Returns NULL, or a sentence about the first value that makes no sense
 * ("mem=12Q: not a size"), kept in params->error. Unknown parameters are counted, not refused; words after "--" are
 * init's. NULL is an empty one. params must stay where it is: its strings point into it.
 */
const char *params_parse(struct machine_params *params, const char *cmdline);

/*
 * 'Unknown kernel command line parameters "bar foo=1", will be passed to user space.' into buf, as the kernel says it:
 * words without a value first. Returns the length; 0 and "" if there are none.
 */
int params_report_unknown(const struct machine_params *params, char *buf, size_t size);

struct params_reader;
/* One row of the table of all parameters; name NULL ends it. For `kmem help parameters` and the man page. */
struct param_info {
	const char *name;		/* "mem=" takes a value, "slab_nomerge" takes none */
	const char *value;		/* "SIZE", "" */
	const char *sentence;
	/* How the value is read, and what it sets: mm/params.c. */
	unsigned char kind;
	unsigned short offset;
	u64 min, max;
	const char *(*read)(struct params_reader *reader, char *value);
};
const struct param_info *params_table(void);

#endif
