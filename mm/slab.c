/* SPDX-License-Identifier: MIT */
/*
 * slab.c - slabs: pages cut into objects of one size.
 *
 *	empty   [ . . . . ]   all objects in the slab		node->empty
 *	partial [ # . # . ]   some handed out			node->partial
 *	full    [ # # # # ]   all handed out			node->full
 *
 * Whether an object is in its slab is one bit of the slab's map, which lies outside the objects: a free object's
 * memory is not touched here, and giving one back twice is seen exactly.
 *
 * True whenever node->lock is free; slab_check() proves each:
 *	S1  a slab is on the list that its count says, once
 *	S2  inuse is the number of 0 bits among the map's first `objects`
 *	S3  every page of a slab has the cache's type; its head names the cache
 *	S4  nr_slabs, nr_partial, nr_empty, total_objects and out_objects are the sums over the lists
 * Lock: node->lock. Pages come and go outside it; reports are printed outside it.
 */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include "lib/assert.h"
#include "mm/dial.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"

#define PUT_BATCH 32		/* objects put under one hold of a node's lock */

struct page *slab_of(const void *object)
{
	struct page *page = virt_to_page(object);

	/* Only the head is marked. Its word that says "tail" is a list's, which others may be writing. */
	return page->flags & 1ul << PG_slab ? page : compound_head(page);
}

int slab_index(const struct kmem_cache *cache, const struct page *slab, const void *object)
{
	unsigned long start = (unsigned long)slab_address(slab) + cache->red_left_pad;
	unsigned long index = steps_in(cache->step, (unsigned long)object - start);

	return index < slab->objects ? (int)index : -1;
}

/*
 * The cache whose objects are maps for slabs of so many objects, or NULL if the map fits the descriptor. The small
 * maps' own slabs have large maps, and those of the large maps fit their descriptors: so it ends.
 */
static struct kmem_cache *map_cache(const struct kmem_cache *cache, unsigned int objects)
{
	struct machine *m = cache->machine;

	if (objects <= SLAB_MAP_BITS)
		return NULL;
	return objects <= SLAB_SMALL_MAP_BITS && cache != m->map_cache[0] ? m->map_cache[0] : m->map_cache[1];
}

static void map_fill(struct page *slab)
{
	unsigned long *map = slab_map(slab);
	unsigned int bits = slab->objects;

	for (; bits >= SLAB_MAP_BITS; bits -= SLAB_MAP_BITS)
		*map++ = ~0ul;
	if (bits)
		*map = (1ul << bits) - 1;
}

/* What kfree() on a CPU of the slab's node finds for its pages. */
static void slab_set_slot(struct machine *m, const struct page *slab, unsigned int order, unsigned long slot)
{
	u16 *map = slot_map_at(m, slab);

	for (unsigned long i = 0; i < 1ul << order; i++)
		__atomic_store_n(&map[i], (u16)slot, __ATOMIC_RELAXED);
}

/* Dress fresh pages as a slab, all objects in it. */
static void slab_dress(struct kmem_cache *cache, struct page *slab, unsigned int order, unsigned long *map)
{
	for (unsigned long i = 0; i < 1ul << order; i++) {
		page_type_set(&slab[i], slab_page_type(cache, page_to_nid(slab), order));
		page_object_mark(&slab[i], false);
	}
	slab_set_slot(cache->machine, slab, order, slab_slot(cache, order));
	slab->flags |= 1ul << PG_slab;
	slab->slab_cache = cache;
	slab->inuse = 0;
	slab->objects = (u16)((PAGE_SIZE << order) / cache->size);
	slab->free_map = map;
	assert(slab->objects <= SLAB_MAP_BITS || map);
	map_fill(slab);
	if (cache_debugged(cache))
		slab_debug_new(cache, slab);
	else if (cache->ctor)
		for (unsigned int i = 0; i < slab->objects; i++)
			cache->ctor(slab_object(cache, slab, i));
}

/* Pages again, as the page allocator gave them. */
static void slab_undress(struct machine *m, struct page *slab, unsigned int order)
{
	slab_set_slot(m, slab, order, 0);
	sheaves_forget(m, slab_address(slab), PAGE_SIZE << order);
	for (unsigned long i = 0; i < 1ul << order; i++) {
		page_type_set(&slab[i], PAGE_TYPE_NONE);
		page_object_mark(&slab[i], false);
	}
	slab->flags &= ~(1ul << PG_slab);
	slab->slab_cache = NULL;
	slab->free_map = NULL;
	slab->inuse = 0;
	slab->objects = 0;
}

static void slab_account(struct kmem_cache *cache, const struct page *slab, long pages)
{
	struct zone *zone = machine_page_zone(cache->machine, slab);

	mod_node_page_state(zone->node,
			    cache->flags & SLAB_RECLAIM_ACCOUNT ? NR_SLAB_RECLAIMABLE : NR_SLAB_UNRECLAIMABLE, pages);
}

/* Nothing that kmalloc() can give is in these zones, and other bits are no flags. */
#define GFP_SLAB_BUG_MASK (__GFP_HIGHMEM | __GFP_DMA32 | ~__GFP_BITS_MASK)

gfp_t slab_gfp(gfp_t gfp)
{
	gfp_t fixed = gfp & ~GFP_SLAB_BUG_MASK;
	char asked[128], used[128];

	if (likely(gfp == fixed))
		return gfp;
	gfp_format(asked, sizeof(asked), gfp & GFP_SLAB_BUG_MASK);
	gfp_format(used, sizeof(used), fixed);
	pr_warn("Unexpected gfp: %#x (%s). Fixing up to gfp: %#x (%s). Fix your code!\n",
		(__force unsigned int)(gfp & GFP_SLAB_BUG_MASK), asked, (__force unsigned int)fixed, used);
	dump_stack();
	return fixed;
}

/* Pages of the preferred order, else of the least. One page is asked for as such, in traces and reports too. */
static struct page *slab_pages(struct kmem_cache *cache, gfp_t gfp, int nid, unsigned int *order)
{
	gfp_t compound = cache->order ? __GFP_COMP : 0;
	gfp_t flags = (slab_gfp(gfp) & ~(__GFP_ZERO | __GFP_MOVABLE)) | cache->allocflags | compound;
	gfp_t first = flags;
	struct page *slab;

	*order = cache->order;
	if (cache->order > cache->min_order) {
		first = (flags | __GFP_NOWARN | __GFP_NORETRY) & ~__GFP_NOFAIL;
		if (flags & __GFP_DIRECT_RECLAIM)
			first = (first | __GFP_NOMEMALLOC) & ~__GFP_RECLAIM;
	}
	slab = alloc_pages_node(nid, first, cache->order);
	if (slab || cache->order == cache->min_order)
		return slab;
	*order = cache->min_order;
	return alloc_pages_node(nid, flags, cache->min_order);
}

static void slab_free_pages(struct kmem_cache *cache, struct page *slab)
{
	struct kmem_cache *maps = map_cache(cache, slab->objects);
	unsigned int order = compound_order(slab);
	void *map = slab->free_map;

	if (cache->flags & SLAB_CONSISTENCY_CHECKS)
		slab_debug_check(cache, slab);
	if (maps)
		slab_put(maps, &map, 1);
	slab_account(cache, slab, -(1l << order));
	slab_undress(cache->machine, slab, order);
	__free_pages(slab, order);
}

/* A typed cache's slab is freed only when no reader can still look at its objects. */
static void slab_free_after_grace(struct rcu_head *head)
{
	struct page *slab = container_of(head, struct page, rcu_head);

	slab_free_pages(slab->slab_cache, slab);
}

static void slab_free(struct kmem_cache *cache, struct page *slab)
{
	assert(!slab->inuse);
	if (cache->flags & SLAB_TYPESAFE_BY_RCU)
		call_rcu(&slab->rcu_head, slab_free_after_grace);
	else
		slab_free_pages(cache, slab);
}

int slab_grow(struct kmem_cache *cache, gfp_t gfp, int nid)
{
	struct kmem_cache *maps;
	unsigned int order, objects;
	void *map = NULL;
	struct kmem_cache_node *node;
	struct page *slab;
	unsigned long flags;

	slab = slab_pages(cache, gfp, nid, &order);
	if (!slab)
		return -1;
	objects = (unsigned int)((PAGE_SIZE << order) / cache->size);
	maps = map_cache(cache, objects);
	if (maps) {
		map = slab_alloc_one(maps, (gfp & ~__GFP_ZERO) | __GFP_NOWARN, nid);
		if (!map) {
			__free_pages(slab, order);
			return -1;
		}
	}
	slab_dress(cache, slab, order, map);
	slab_account(cache, slab, 1l << order);
	nid = page_to_nid(slab);
	node = cache->node[nid];
	spin_lock_irqsave(&node->lock, flags);
	list_add(&slab->slab_list, &node->empty);
	node->nr_slabs++;
	node->nr_empty++;
	node->total_objects += slab->objects;
	spin_unlock_irqrestore(&node->lock, flags);
	check_step_of(cache->machine, CHECK_OFTEN, gfp);
	return nid;
}

int slab_grow_near(struct kmem_cache *cache, gfp_t gfp, int nid)
{
	if (cache->machine->nr_nodes > 1)
		gfp = (gfp & ~(__GFP_DIRECT_RECLAIM | __GFP_NOFAIL)) | __GFP_THISNODE | __GFP_NOWARN;
	return slab_grow(cache, gfp, nid);
}

/* How many there are from the lowest on, which is one. */
static inline unsigned int bits_in_row(unsigned long bits)
{
	return bits == ~0ul ? SLAB_MAP_BITS : (unsigned int)__builtin_ctzl(~bits);
}

/* Hand out up to nr objects of one slab, those that lie in a row without a look at each: a fresh slab's do. */
static unsigned int slab_take_from(struct kmem_cache *cache, struct page *slab, void **objects, unsigned int nr)
{
	unsigned int words = (slab->objects + SLAB_MAP_BITS - 1) / SLAB_MAP_BITS;
	unsigned long *map = slab_map(slab);
	char *base = slab_object(cache, slab, 0);
	unsigned int taken = 0;

	for (unsigned int word = 0; word < words && taken < nr; word++) {
		unsigned long bits = map[word];

		while (bits && taken < nr) {
			unsigned int bit = (unsigned int)__builtin_ctzl(bits), end = bit + bits_in_row(bits >> bit);
			char *object = base + (size_t)(word * SLAB_MAP_BITS + bit) * cache->size;

			for (end = min(end, bit + nr - taken); bit < end; bit++, object += cache->size)
				objects[taken++] = object;
			bits &= end < SLAB_MAP_BITS ? ~0ul << end : 0;
		}
		map[word] = bits;
	}
	slab->inuse = (u16)(slab->inuse + taken);
	return taken;
}

unsigned int slab_take(struct kmem_cache *cache, int nid, void **objects, unsigned int nr)
{
	struct kmem_cache_node *node = cache->node[nid];
	unsigned int taken = 0;
	unsigned long flags;

	spin_lock_irqsave(&node->lock, flags);
	while (taken < nr && (node->nr_partial || node->nr_empty)) {
		bool empty = !node->nr_partial;
		struct page *slab = list_first_entry(empty ? &node->empty : &node->partial, struct page, slab_list);

		taken += slab_take_from(cache, slab, objects + taken, nr - taken);
		node->nr_empty -= empty;
		node->nr_partial -= !empty;
		if (slab->inuse < slab->objects) {
			list_move(&slab->slab_list, &node->partial);
			node->nr_partial++;
		} else {
			list_move(&slab->slab_list, &node->full);
		}
	}
	node->out_objects += taken;
	spin_unlock_irqrestore(&node->lock, flags);
	return taken;
}

/* One object of any node but this, or NULL. */
static void *slab_take_remote(struct kmem_cache *cache, int nid)
{
	void *object;

	for (unsigned int other = 0; other < cache->machine->nr_nodes; other++)
		if ((int)other != nid && slab_take(cache, (int)other, &object, 1))
			return object;
	return NULL;
}

/* From the node; by growing there; from another node, if that will do; by growing anywhere. */
void *slab_alloc_one(struct kmem_cache *cache, gfp_t gfp, int nid)
{
	void *object;

	while (!slab_take(cache, nid, &object, 1)) {
		if (cache->machine->nr_nodes > 1) {
			if (slab_grow_near(cache, gfp, nid) == nid)
				continue;
			object = gfp & __GFP_THISNODE ? NULL : slab_take_remote(cache, nid);
			if (object)
				return object;
		}
		if (slab_grow(cache, gfp, nid) < 0)
			return gfp & __GFP_THISNODE ? NULL : slab_take_remote(cache, nid);
	}
	return object;
}

bool slab_has(struct kmem_cache *cache, struct page *slab, unsigned int index, unsigned int *used)
{
	struct kmem_cache_node *node = cache->node[page_to_nid(slab)];
	unsigned long flags;
	bool has;

	spin_lock_irqsave(&node->lock, flags);
	has = slab_map(slab)[index / SLAB_MAP_BITS] >> (index % SLAB_MAP_BITS) & 1;
	*used = slab->inuse;
	spin_unlock_irqrestore(&node->lock, flags);
	return has;
}

void slab_retire(struct kmem_cache *cache, struct page *slab)
{
	struct kmem_cache_node *node = cache->node[page_to_nid(slab)];
	unsigned long flags;

	spin_lock_irqsave(&node->lock, flags);
	if (slab->inuse < slab->objects) {
		node->nr_empty -= !slab->inuse;
		node->nr_partial -= slab->inuse != 0;
		node->out_objects += (unsigned int)(slab->objects - slab->inuse);
		slab->inuse = slab->objects;
		memset(slab_map(slab), 0, (slab->objects + SLAB_MAP_BITS - 1) / SLAB_MAP_BITS * sizeof(unsigned long));
		list_move(&slab->slab_list, &node->full);
	}
	spin_unlock_irqrestore(&node->lock, flags);
}

/* What was wrong with an object that someone gave back. */
struct bad_free {
	struct page *slab;
	void *object;
	const char *what;
};

/* So many of the slab's objects came back: count them, and move it to the list that it now belongs on. */
static inline void slab_put_counted(struct kmem_cache_node *node, struct page *slab, unsigned int nr)
	MUST_HOLD(node->lock)
{
	bool was_full = slab->inuse == slab->objects;

	slab->inuse = (u16)(slab->inuse - nr);
	node->out_objects -= nr;
	if (!slab->inuse) {
		list_move(&slab->slab_list, &node->empty);
		node->nr_partial -= !was_full;
		node->nr_empty++;
	} else if (was_full) {
		list_move(&slab->slab_list, &node->partial);
		node->nr_partial++;
	}
}

/*
 * Set the bits of the first objects, up to one that is of another node, is not the cache's, or is free. Returns how
 * many. What is of the same slab as the one before is known by its distance from there. By itself, so that all that it
 * counts with stays in registers.
 */
static noinline unsigned int objects_put(const struct kmem_cache *cache, struct kmem_cache_node *node, void **objects,
					 unsigned int nr)
	MUST_HOLD(node->lock)
{
	unsigned long start = 0, *map = NULL;
	unsigned int room = 0, put = 0, nodes = cache->machine->nr_nodes, i;
	struct step step = cache->step;
	struct page *slab = NULL;

	for (i = 0; i < nr; i++) {
		unsigned long index = steps_in(step, (unsigned long)objects[i] - start), bit;

		if (index >= room) {
			if (put)
				slab_put_counted(node, slab, put);
			put = 0;
			slab = slab_of(objects[i]);
			if (slab->slab_cache != cache || (nodes > 1 && cache->node[page_to_nid(slab)] != node))
				return i;
			start = (unsigned long)slab_address(slab) + cache->red_left_pad;
			room = slab->objects;
			map = slab_map(slab);
			index = steps_in(step, (unsigned long)objects[i] - start);
			if (index >= room)
				return i;
		}
		bit = 1ul << (index % SLAB_MAP_BITS);
		if (map[index / SLAB_MAP_BITS] & bit)
			break;
		map[index / SLAB_MAP_BITS] |= bit;
		put++;
	}
	if (put)
		slab_put_counted(node, slab, put);
	return i;
}

/* What is wrong with an object that cannot be put there. */
static const char *fault_of(const struct kmem_cache *cache, const void *object)
{
	const struct page *slab = slab_of(object);

	if (slab->slab_cache != cache)
		return "Wrong slab cache";
	return slab_index(cache, slab, object) < 0 ? "Invalid object pointer" : "Object already free";
}

/* Take slabs beyond keep off the empty list. Caller frees what is then on out. */
static void empties_cut(struct kmem_cache_node *node, unsigned int keep, struct list_head *out)
	MUST_HOLD(node->lock)
{
	while (node->nr_empty > keep) {
		struct page *slab = list_last_entry(&node->empty, struct page, slab_list);

		list_move(&slab->slab_list, out);
		node->nr_empty--;
		node->nr_slabs--;
		node->total_objects -= slab->objects;
	}
}

static unsigned long slabs_free(struct kmem_cache *cache, struct list_head *slabs)
{
	unsigned long pages = 0;

	while (!list_empty(slabs)) {
		struct page *slab = list_first_entry(slabs, struct page, slab_list);

		pages += 1ul << compound_order(slab);
		list_del(&slab->slab_list);
		slab_free(cache, slab);
	}
	return pages;
}

static bool of_node(const struct kmem_cache *cache, const void *object, int nid)
{
	return cache->machine->nr_nodes == 1 || page_to_nid(slab_of(object)) == nid;
}

/* Up to PUT_BATCH objects, a run of one node at a time. */
static void slab_put_batch(struct kmem_cache *cache, void **objects, unsigned int nr)
{
	struct bad_free bad[PUT_BATCH];
	unsigned int nr_bad = 0, i = 0;
	LIST_HEAD(empties);

	for (unsigned int ahead = 0; ahead < nr; ahead++)	/* their slabs' maps, most of them, are there */
		__builtin_prefetch(virt_to_page(objects[ahead]), 1);
	while (i < nr) {
		int nid = page_to_nid(slab_of(objects[i]));
		struct kmem_cache_node *node = cache->node[nid];
		unsigned long flags;

		spin_lock_irqsave(&node->lock, flags);
		while ((i += objects_put(cache, node, objects + i, nr - i)) < nr && of_node(cache, objects[i], nid)) {
			bad[nr_bad++] = (struct bad_free){ slab_of(objects[i]), objects[i],
							   fault_of(cache, objects[i]) };
			i++;
		}
		empties_cut(node, cache->min_partial, &empties);
		spin_unlock_irqrestore(&node->lock, flags);
	}
	slabs_free(cache, &empties);
	for (i = 0; i < nr_bad; i++)
		slab_report(cache, bad[i].slab, bad[i].object, "%s", bad[i].what);
}

void slab_put(struct kmem_cache *cache, void **objects, unsigned int nr)
{
	for (unsigned int done = 0; done < nr; done += PUT_BATCH)
		slab_put_batch(cache, objects + done, nr - done < PUT_BATCH ? nr - done : PUT_BATCH);
}

void slab_put_from(struct kmem_cache *cache, void *object, int nid)
{
	int home = page_to_nid(virt_to_page(object));

	if (home != nid)
		__atomic_fetch_add(&cache->node[home]->remote_frees, 1, __ATOMIC_RELAXED);
	slab_put(cache, &object, 1);
}

unsigned long slab_discard_empty(struct kmem_cache *cache, unsigned int keep)
{
	unsigned long pages = 0;

	for (unsigned int nid = 0; nid < cache->machine->nr_nodes; nid++) {
		struct kmem_cache_node *node = cache->node[nid];
		unsigned long flags;
		LIST_HEAD(empties);

		spin_lock_irqsave(&node->lock, flags);
		empties_cut(node, keep, &empties);
		spin_unlock_irqrestore(&node->lock, flags);
		pages += slabs_free(cache, &empties);
	}
	return pages;
}
