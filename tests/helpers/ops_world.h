/* SPDX-License-Identifier: MIT */
/* ops_world.h - what the files of the operations engine share (tests/helpers/ops.h). */
#ifndef TESTS_HELPERS_OPS_WORLD_H
#define TESTS_HELPERS_OPS_WORLD_H

#include <kmem/kmem.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include "mm/machine.h"
#include "tests/helpers/ops.h"

#define OPS_THREADS 8
#define OPS_THINGS 4096
#define OPS_FRAMES (128ul << 8)		/* the largest machine: 128 MiB */
#define OPS_AREAS 2048
#define OPS_CACHES 8
#define OPS_POOLS 3
#define OPS_MAIL 64
#define OPS_HISTORY 24
#define BULK 40u			/* of one call */

enum thing_kind {
	THING_NONE,
	THING_PAGES,		/* alloc_pages() and its family */
	THING_EXACT,		/* alloc_pages_exact() */
	THING_OBJECT,		/* kmalloc() and its family */
	THING_CACHED,		/* of a kmem_cache */
	THING_ELEMENT,		/* of a mempool */
	THING_AREA,		/* vmalloc() and its family */
	THING_KV,		/* kvmalloc(): an object or an area */
	THING_MAP,		/* pages[] of ours, mapped by vmap() */
	THING_RAM,		/* the same by vm_map_ram() */
};

/* Something that we were given and have not given back. */
struct thing {
	enum thing_kind kind;
	unsigned int slot;	/* which cache or pool */
	unsigned int order;	/* of pages */
	bool compound;
	bool put_pages;		/* a map whose pages go with it */
	u8 skip;		/* first bytes that are the constructor's */
	void *address;		/* of its bytes; NULL: pages without an address */
	struct page *page;	/* the first, of pages and elements that are pages */
	struct page **pages;	/* of a map: an object of its own */
	size_t bytes;		/* asked for */
	size_t room;		/* usable, and all filled */
	u64 pattern;
};

/* A range of addresses of the vmalloc window, its guard page included. */
struct ops_area {
	unsigned long start, end;
};

struct ops_cache {
	struct kmem_cache *cache;	/* NULL: being replaced */
	unsigned long live;		/* atomic: things, and allocations under way; grows under world->lock only */
	unsigned int size;
	bool constructed;
	bool typesafe;
};

/* A callback on its way: the first bytes of an object that we gave to call_rcu(). rest is what follows in it. */
struct ops_late {
	struct rcu_head head;
	struct ops_world *world;
	size_t room;		/* of the object */
	struct thing rest;
};

struct ops {
	struct ops_world *world;
	struct machine *m;
	const struct ops_shape *shape;
	unsigned int number;
	const u8 *at, *end;		/* choices are bytes, if at is not NULL */
	bool dry;			/* they are used up */
	u64 random;
	u64 next_id;
	u16 weights[64];		/* running sums, by operation */
	unsigned int oldest, nr;
	struct thing things[OPS_THINGS];	/* a ring: the first is things[oldest] */
	struct page *hoard;		/* pages taken to make memory short, linked through page->index */
	unsigned long hoard_until;	/* the step at which they go back */
	struct shrinker shrinker;
	struct page *shrinkable;	/* what the shrinker can give, likewise */
	unsigned long nr_shrinkable;
	u32 shrinker_word;
	bool shrinks;
	unsigned long steps;
	u8 history[OPS_HISTORY];
};

struct ops_world {
	struct machine *m;
	unsigned int threads;
	unsigned long claimed[OPS_FRAMES * (64 / sizeof(long))];	/* a bit for 8 bytes of memory, atomic */
	struct mutex lock;		/* of all that follows */
	struct ops_area areas[OPS_AREAS];
	unsigned int nr_areas;
	struct ops_cache caches[OPS_CACHES];
	mempool_t *pools[OPS_POOLS];
	struct thing mail[OPS_MAIL];
	long pages_out;			/* atomic: frames that we have, but for objects' */
	long area_pages;		/* atomic: of them, those of vmalloc()'s areas */
	long late;			/* atomic: callbacks under way */
	struct machine_stats boot;
	u8 free_in[OPS_FRAMES];		/* the zone in which a frame is free, counted from 1; 0: it is not */
	unsigned long boot_live;	/* objects */
	unsigned long boot_out;
	bool faults;			/* allocations fail on purpose now */
	bool failed;
	char failure[240];
	struct ops ops[OPS_THREADS];
};

/* The first failure is kept. */
void world_fail(struct ops_world *w, const char *format, ...) PRINTF(2, 3);

/* ops_model.c: who has which memory and which addresses. Each reports what may not be. */
void model_claim_pages(struct ops_world *w, const struct page *page, unsigned long nr);
void model_release_pages(struct ops_world *w, const struct page *page, unsigned long nr);
void model_claim_bytes(struct ops_world *w, const void *address, size_t bytes);
void model_release_bytes(struct ops_world *w, const void *address, size_t bytes);
void model_claim_area(struct ops_world *w, const void *address, size_t bytes, bool guard);
void model_release_area(struct ops_world *w, const void *address);
bool model_is_empty(struct ops_world *w);

/* ops_thing.c: what is in a thing, and how it goes back. */
void thing_fill(struct thing *thing, u64 id);
void thing_verify(struct ops_world *w, const struct thing *thing, size_t bytes);
void thing_expect_zero(struct ops_world *w, const struct thing *thing, size_t bytes);
void thing_claim(struct ops_world *w, const struct thing *thing);
void thing_release(struct ops_world *w, const struct thing *thing);
/* Verify and free, in one of the ways that there are for it; choice says which. */
void thing_free(struct ops_world *w, struct thing *thing, unsigned int choice);
void ops_construct(void *object);
bool ops_is_constructed(const void *object, size_t bytes);
void ops_cache_put(struct ops_world *w, unsigned int slot);

/* ops_choice.c: the next choice, 0 .. limit - 1, and what is made of choices. */
u32 pick(struct ops *o, u32 limit);
bool one_in(struct ops *o, u32 n);
size_t pick_size(struct ops *o, unsigned int log2);
size_t pick_usual_size(struct ops *o, unsigned int largest);	/* up to the shape's, seldom up to 2^largest */
gfp_t pick_how(struct ops *o);
gfp_t pick_where(struct ops *o);
int pick_node(struct ops *o);
unsigned long low_free_pages(struct machine *m);
/* An allocation of so many bytes gave NULL: is there a reason? */
void must_work(struct ops *o, gfp_t gfp, size_t bytes);
struct thing *thing_at(struct ops *o, unsigned int i);
unsigned int pick_thing(struct ops *o);			/* there is one */
struct thing thing_remove(struct ops *o, unsigned int i);
/* It is ours: into the model, looked at if it should be zero, filled, into the ring. */
void thing_add(struct ops *o, struct thing *thing, bool zeroed);
void free_one(struct ops *o);
u64 new_id(struct ops *o);

/* ops_pages.c */
void op_pages(struct ops *o);
void op_exact(struct ops *o);
void op_bulk(struct ops *o);
void op_free_bulk(struct ops *o);
void op_area(struct ops *o);
void op_map(struct ops *o);
void op_hoard(struct ops *o);
void op_shrinker(struct ops *o);
void hoard_put(struct ops *o);
void fill_up(struct ops *o);
void shrinker_drop(struct ops *o);

/* ops_slab.c */
void op_kmalloc(struct ops *o);
void op_krealloc(struct ops *o);
void op_kv(struct ops *o);
void op_copy(struct ops *o);
void op_cached(struct ops *o);
void op_cached_bulk(struct ops *o);
void op_free_objects(struct ops *o);
void op_replace_cache(struct ops *o);
void op_shrink(struct ops *o);
void op_element(struct ops *o);
void op_resize_pool(struct ops *o);
void cache_make(struct ops *o, struct ops_cache *slot);

#endif
