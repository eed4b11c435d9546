/* SPDX-License-Identifier: MIT */
/*
 * slab_walk.h - looking at slabs and sheaves without touching them: for checks, dumps and explanations.
 *
 * Nothing here trusts a pointer before it knows that it leads to memory of the machine.
 */
#ifndef MM_SLAB_WALK_H
#define MM_SLAB_WALK_H

#include "mm/slab.h"

/* A sheaf where it stands. objects[0..nr) are in it, as far as its CPU has said. */
struct sheaf_view {
	struct sheaf *sheaf;		/* NULL: no sheaf, but the hot object */
	void **objects;
	unsigned int nr;
	int cpu;			/* -1: in a barn */
	int nid;
	const char *role;		/* "hot", "main", "spare"; in a barn "full", "empty" */
};

typedef bool (*sheaf_visit)(struct kmem_cache *cache, const struct sheaf_view *view, void *arg);

/*
 * Call visit() for each sheaf of the cache until it returns false; returns what it returned last. Shapes that cannot be
 * (a stack outside its sheaf) are passed over: slab_check() names them. Takes barn locks; exact only at rest.
 */
bool sheaves_walk(struct kmem_cache *cache, sheaf_visit visit, void *arg);

/* A descriptor that others may be writing, as it is about now. False: it is none of the machine's, or was not made. */
bool page_peek(const struct machine *m, const struct page *page, struct page *copy);
/* Is this the descriptor of a frame of the machine, and has it been made? */
bool is_described_page(struct machine *m, const struct page *page);
/* May this many bytes be read at an address of the direct map? */
bool is_direct_memory(const struct machine *m, const void *address, size_t bytes);
/* The slab that the object starts in, if it is one of the cache's objects and out of its slab; else NULL. */
struct page *slab_of_object_out(struct kmem_cache *cache, const void *object);
/* Does the map say that the object is in its slab? At rest, or of an object that nobody else takes or puts there. */
bool slab_map_has(struct page *slab, unsigned int index);

#endif
