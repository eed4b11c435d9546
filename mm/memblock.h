/* SPDX-License-Identifier: MIT */
/*
 * memblock.h - physical memory before there are pages: what exists, what is taken.
 *
 *	memory    [====== node 0 ======]   hole   [=== node 1 ===]
 *	reserved   [==]        [=]                 [==]
 *	free          [========]  [===]                [=========]
 *
 * Both are sorted lists of disjoint ranges; touching ranges of one node are one. It stays after boot:
 * pages are made of it on first use (mm/page_init.c).
 */
#ifndef MM_MEMBLOCK_H
#define MM_MEMBLOCK_H

#include <kmem/machine.h>

#define MEMBLOCK_MAX 256

struct memblock_region {
	u64 base, size;		/* bytes */
	int nid;
	bool movable;		/* of movablecore= / kernelcore= nodes */
};

struct memblock_type {
	unsigned int nr;
	struct memblock_region regions[MEMBLOCK_MAX];
};

struct memblock {
	struct memblock_type memory;
	struct memblock_type reserved;
	u64 limit;		/* allocations end below this: what has an address */
	struct machine *machine;
};

/* All return 0, or -ENOSPC when MEMBLOCK_MAX is not enough, -EINVAL when a range wraps. Nothing changes then. */
int memblock_add(struct memblock *mb, u64 base, u64 size, int nid);
int memblock_remove(struct memblock *mb, u64 base, u64 size);
int memblock_reserve(struct memblock *mb, u64 base, u64 size);
int memblock_free(struct memblock *mb, u64 base, u64 size);

/* Zeroed memory of the machine, whole lines; from high addresses down, of that node if it can. NULL: none. */
MUST_CHECK void *memblock_alloc(struct memblock *mb, size_t size, size_t align, int nid);
/* Physical address, or 0. */
MUST_CHECK u64 memblock_phys_alloc(struct memblock *mb, u64 size, u64 align, u64 min, u64 max, int nid);

/*
 * The next free range at or above *cursor: memory and not reserved. Returns false at the end. Ranges come in
 * ascending order and never cross a node. *cursor starts at 0.
 */
bool memblock_next_free(const struct memblock *mb, u64 *cursor, u64 *start, u64 *end, int *nid);
bool memblock_is_memory(const struct memblock *mb, u64 address);
bool memblock_is_reserved(const struct memblock *mb, u64 address);
int memblock_nid(const struct memblock *mb, u64 address);	/* whose memory; NUMA_NO_NODE: no memory is there */
u64 memblock_phys_mem_size(const struct memblock *mb);
u64 memblock_end_of_DRAM(const struct memblock *mb);

/*
 * Fill memory and reserved from firmware's ranges in any order, overlapping: the worse type wins; then apply
 * mem= and memmap=, and numa=fake=, of mb->machine's parameters. RAM is rounded inwards to pages; a map with some that
 * no address of this build reaches is refused, unless mem= or memmap= leaves that out; page 0 is reserved and not
 * memory. limit becomes the end of memory if it was 0.
 * map NULL: a PC with mem= bytes, 1 GiB if not given; mem= is then the size, not a limit of addresses.
 * Returns NULL, or a sentence that says what is wrong (memory and reserved are then as before).
 */
const char *memblock_from_map(struct memblock *mb, const struct memory_range *map, unsigned int nr);
struct machine_params;
/* What memory will be, without a list of it. */
struct memory_sum {
	unsigned long pages;
	u64 end;		/* of the last */
};
/* Returns NULL, or what is wrong with the map: all that memblock_from_params() will refuse. */
const char *memory_sum(struct memory_sum *sum, struct machine_params *params, const struct memory_range *map,
		       unsigned int nr);
const char *memblock_from_params(struct memblock *mb, struct machine_params *params, const struct memory_range *map,
				 unsigned int nr);
/* The map of a PC with so much memory: low hole, hole below 4 GiB. Returns the number of ranges (at most 8). */
unsigned int memory_map_of_pc(u64 bytes, struct memory_range *map);

/* The first broken invariant of the two lists, or true. */
struct kmem_fault;
bool memblock_check(const struct memblock *mb, struct kmem_fault *fault);

#endif
