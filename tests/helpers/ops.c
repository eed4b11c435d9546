/* SPDX-License-Identifier: MIT */
/*
 * ops.c - the operations: choices become calls, and each answer is held against the model.
 *
 *	table[]		name, function, usual weight; a shape changes some weights
 *	pick()		the next choice: of the seed's numbers, or the next byte
 *
 * What is allocated becomes a thing of the thread's ring (ops_thing.c); what may fail may fail, except where there is
 * every reason for it to work (must_work()).
 */
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/overflow.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include "mm/fault_inject.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "tests/helpers/ops_world.h"

#define BULK 40u
#define HOARD_STEPS 100u
#define LARGEST_OBJECT 22u		/* log2 */
#define LARGEST_AREA 23u

const struct ops_shape ops_shapes[] = {
	{ "uniform", "", 1000, 12, OPS_RANDOM, false },
	{ "small objects", "kmalloc=90 cached=60 free=120 krealloc=20", 3000, 9, OPS_RANDOM, false },
	{ "pages", "pages=90 exact=20 bulk=20 free=120", 700, 12, OPS_RANDOM, false },
	{ "areas", "area=40 kv=20 map=20 free=70", 200, 15, OPS_RANDOM, false },
	{ "nearly full", "kmalloc=40 pages=20 cached=20 free=70", 300, 11, OPS_RANDOM, true },
	{ "last in, first out", "free_some=30 kmalloc=90 cached=40 pages=20", 2000, 10, OPS_LIFO, false },
	{ "first in, first out", "free_some=30 kmalloc=90 cached=40 pages=20", 2000, 10, OPS_FIFO, false },
	{ "bursts", "free_some=60 cached_bulk=60 bulk=20 free_bulk=20", 2500, 10, OPS_RANDOM, false },
};
const unsigned int ops_nr_shapes = ARRAY_SIZE(ops_shapes);

/* ------------------------------------------------------------------------------------------------------ choices */

static u32 pick_byte(struct ops *o)
{
	if (o->at == o->end) {
		o->dry = true;
		return 0;
	}
	return *o->at++;
}

/* The next choice: 0 .. limit - 1. */
static u32 pick(struct ops *o, u32 limit)
{
	u64 x = o->random;

	if (o->at)
		return (limit > 256 ? pick_byte(o) << 8 | pick_byte(o) : pick_byte(o)) % limit;
	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	o->random = x;
	return (u32)(((x * 0x2545f4914f6cdd1dull >> 32) * limit) >> 32);
}

static bool one_in(struct ops *o, u32 n)
{
	return pick(o, n) == n - 1;
}

/* Every size up to 2^log2 about as often as those of half of it; powers of two and their neighbours often. */
static size_t pick_size(struct ops *o, unsigned int log2)
{
	size_t base = 1ul << pick(o, log2 + 1);

	switch (pick(o, 8)) {
	case 0: return base;
	case 1: return base + 1;
	case 2: return base - 1 + (base == 1);
	}
	return base / 2 + 1 + pick(o, (u32)min(base, (size_t)1 << 16));
}

static size_t pick_usual_size(struct ops *o, unsigned int largest)
{
	return pick_size(o, one_in(o, 200) ? largest : o->shape->largest);
}

static gfp_t pick_how(struct ops *o)
{
	static const gfp_t how[] = {
		GFP_KERNEL, GFP_KERNEL, GFP_KERNEL, GFP_KERNEL | __GFP_NORETRY, GFP_ATOMIC, GFP_NOWAIT, GFP_NOIO, GFP_NOFS,
		GFP_USER, GFP_KERNEL_ACCOUNT, __GFP_HIGH, 0, GFP_KERNEL | __GFP_RETRY_MAYFAIL, GFP_KERNEL | __GFP_MEMALLOC,
		GFP_KERNEL | __GFP_NOMEMALLOC, GFP_ATOMIC | __GFP_NOMEMALLOC, GFP_KERNEL | __GFP_WRITE,
	};
	gfp_t gfp = how[pick(o, ARRAY_SIZE(how))];

	if (!one_in(o, 16))
		gfp |= __GFP_NOWARN;
	return one_in(o, 4) ? gfp | __GFP_ZERO : gfp;
}

/* Of anything that is not asked for by address. */
static gfp_t pick_where(struct ops *o)
{
	static const gfp_t where[] = {
		0, 0, 0, __GFP_DMA, __GFP_DMA32, __GFP_HIGHMEM, __GFP_HIGHMEM | __GFP_MOVABLE, __GFP_MOVABLE, __GFP_RECLAIMABLE,
	};

	return where[pick(o, ARRAY_SIZE(where))];
}

static int pick_node(struct ops *o)
{
	return one_in(o, 4) ? (int)pick(o, o->m->nr_nodes) : NUMA_NO_NODE;
}

/* Pages of zones that have addresses. */
static unsigned long low_free_pages(struct machine *m)
{
	unsigned long pages = 0;

	for (unsigned int i = 0; i < m->nr_zones; i++)
		if (m->zones[i]->type <= ZONE_NORMAL)
			pages += (unsigned long)zone_page_state(m->zones[i], NR_FREE_PAGES);
	return pages;
}

/* NULL for so few bytes: has it a reason? */
static void must_work(struct ops *o, gfp_t gfp, size_t bytes)
{
	if (bytes <= PAGE_SIZE && (gfp & GFP_KERNEL) == GFP_KERNEL && !(gfp & (GFP_ZONEMASK | __GFP_THISNODE)) &&
	    !o->world->faults && o->world->threads == 1 && low_free_pages(o->m) > o->m->totalram / 2)
		world_fail(o->world, "NULL for %lu bytes with gfp 0x%x and %lu pages free", (unsigned long)bytes, gfp,
			   low_free_pages(o->m));
}

/* ------------------------------------------------------------------------------------------------------- things */

static struct thing *thing_at(struct ops *o, unsigned int i)
{
	return &o->things[(o->oldest + i) % OPS_THINGS];
}

/* One of ours, in the order of the shape. There is one. */
static unsigned int pick_thing(struct ops *o)
{
	if (o->shape->order == OPS_RANDOM || one_in(o, 8))
		return pick(o, o->nr);
	return o->shape->order == OPS_LIFO ? o->nr - 1 : 0;
}

static struct thing thing_remove(struct ops *o, unsigned int i)
{
	struct thing gone = *thing_at(o, i);

	if (i) {
		*thing_at(o, i) = *thing_at(o, o->nr - 1);
	} else {
		o->oldest = (o->oldest + 1) % OPS_THINGS;
	}
	o->nr--;
	return gone;
}

static void free_one(struct ops *o)
{
	struct thing gone;

	if (!o->nr)
		return;
	gone = thing_remove(o, pick_thing(o));
	thing_free(o->world, &gone, pick(o, 256));
}

static u64 new_id(struct ops *o)
{
	return o->next_id++ * OPS_THREADS + o->number;
}

/* It is ours: into the model, filled, into the ring. */
static void thing_add(struct ops *o, struct thing *thing, bool zeroed)
{
	thing_claim(o->world, thing);
	if (zeroed && !o->world->failed)
		thing_expect_zero(o->world, thing, thing->room);
	if (o->world->failed)
		return;
	if (thing->address && !ZERO_OR_NULL_PTR(thing->address))
		thing_fill(thing, new_id(o));
	if (o->nr >= min(o->shape->most, (unsigned int)OPS_THINGS))
		free_one(o);
	*thing_at(o, o->nr) = *thing;
	o->nr++;
}

/* ------------------------------------------------------------------------------------------------------- pages */

static bool is_zeroed(const struct ops *o, gfp_t gfp)
{
	return gfp & __GFP_ZERO || o->m->params.init_on_alloc;
}

/* C01, C04, C07. */
static void block_expect(struct ops *o, struct page *page, gfp_t gfp, unsigned int order, int nid)
{
	pfn_t pfn = page_to_pfn(page);
	enum zone_type highest = gfp_zone(gfp);
	enum zone_type zone = page_zone(page)->type;

	if (pfn & ((1ul << order) - 1) || pfn + (1ul << order) > o->m->max_pfn)
		world_fail(o->world, "C01: order %u at pfn %lu", order, pfn);
	if (page_count(page) != 1)
		world_fail(o->world, "C04: a new page with %d references", page_count(page));
	if (zone > highest || (gfp & __GFP_DMA && pfn >= 4096) || (highest <= ZONE_NORMAL && pfn >= o->m->max_low_pfn))
		world_fail(o->world, "C07: gfp 0x%x gave pfn %lu of zone %u", gfp, pfn, zone);
	if (gfp & __GFP_THISNODE && nid >= 0 && page_to_nid(page) != nid)
		world_fail(o->world, "gfp 0x%x of node %d gave node %d", gfp, nid, page_to_nid(page));
}

static struct page *pages_call(struct ops *o, gfp_t gfp, unsigned int order, int nid)
{
	unsigned long address;

	if (nid >= 0 || gfp & __GFP_HIGHMEM || one_in(o, 2))
		return alloc_pages_node(nid, gfp, order);
	address = order || one_in(o, 2) ? __get_free_pages(gfp, order) : get_zeroed_page(gfp);
	return address ? virt_to_page((void *)address) : NULL;
}

static void pages_got(struct ops *o, struct page *page, gfp_t gfp, unsigned int order, int nid)
{
	struct thing thing = {
		.kind = THING_PAGES, .order = order, .page = page, .compound = order && gfp & __GFP_COMP,
		.bytes = PAGE_SIZE << order, .room = PAGE_SIZE << order, .address = page_address(page),
	};

	block_expect(o, page, gfp, order, nid);
	thing_add(o, &thing, is_zeroed(o, gfp));
}

static unsigned int pick_order(struct ops *o)
{
	return one_in(o, 40) ? pick(o, MAX_ORDER + 1) : one_in(o, 2) ? pick(o, 4) : 0;
}

static void op_pages(struct ops *o)
{
	gfp_t gfp = pick_how(o) | pick_where(o) | (one_in(o, 3) ? __GFP_COMP : 0);
	unsigned int order = pick_order(o);
	int nid = pick_node(o);
	bool atomic = !(gfp & __GFP_DIRECT_RECLAIM) && one_in(o, 4);
	struct page *page;

	if (nid >= 0 && one_in(o, 2))
		gfp |= __GFP_THISNODE;
	if (gfp & __GFP_DIRECT_RECLAIM && !(gfp & (GFP_ZONEMASK | __GFP_THISNODE)) && !order && one_in(o, 64) &&
	    low_free_pages(o->m) > o->m->totalram / 2)
		gfp |= __GFP_NOFAIL;
	if (atomic)
		preempt_disable();
	page = pages_call(o, gfp, order, nid);
	if (atomic)
		preempt_enable();
	if (page)
		pages_got(o, page, gfp, order, nid);
	else if (gfp & __GFP_NOFAIL)
		world_fail(o->world, "C17: NULL with gfp 0x%x", gfp);
	else
		must_work(o, gfp, PAGE_SIZE << order);
}

static void op_exact(struct ops *o)
{
	gfp_t gfp = pick_how(o) | (one_in(o, 4) ? __GFP_DMA : 0);
	struct thing thing = { .kind = THING_EXACT, .bytes = 1 + pick(o, one_in(o, 20) ? 60000 : 20000) };

	thing.room = PAGE_ALIGN(thing.bytes);
	thing.address = alloc_pages_exact_nid(pick_node(o), thing.bytes, gfp);
	if (!thing.address)
		return;
	thing.page = virt_to_page(thing.address);
	thing_add(o, &thing, is_zeroed(o, gfp));
}

static void op_bulk(struct ops *o)
{
	gfp_t gfp = pick_how(o) | pick_where(o);
	struct page *pages[BULK] = { NULL };
	unsigned long nr = 1 + pick(o, BULK), got = alloc_pages_bulk_array_node(gfp, pick_node(o), nr, pages);

	if (!got)
		must_work(o, gfp, 1);
	for (unsigned long i = 0; i < nr; i++)
		if (pages[i])
			pages_got(o, pages[i], gfp, 0, NUMA_NO_NODE);
		else if (i < got)
			world_fail(o->world, "alloc_pages_bulk_array() says %lu, but entry %lu is empty", got, i);
}

/* Single pages of ours, back in one call. */
static void op_free_bulk(struct ops *o)
{
	struct page *pages[BULK];
	unsigned int nr = 0;

	for (unsigned int tries = 0; tries < BULK && o->nr; tries++) {
		unsigned int i = pick_thing(o);
		struct thing *thing = thing_at(o, i);

		if (thing->kind != THING_PAGES || thing->order)
			continue;
		thing_verify(o->world, thing, thing->room);
		thing_release(o->world, thing);
		pages[nr++] = thing->page;
		thing_remove(o, i);
	}
	free_pages_bulk(pages, nr);
}

/* ------------------------------------------------------------------------------------------------------ objects */

static void *kmalloc_call(struct ops *o, size_t size, gfp_t *gfp, int nid)
{
	switch (pick(o, 10)) {
	case 0: return kmalloc_node(size, *gfp, nid);
	case 1: *gfp |= __GFP_ZERO; return kzalloc(size, *gfp);
	case 2: *gfp |= __GFP_ZERO; return kzalloc_node(size, *gfp, nid);
	case 3: *gfp |= __GFP_ZERO; return kcalloc(size, 1, *gfp);
	case 4: return kmalloc_array_node(1, size, *gfp, nid);
	case 5: *gfp |= __GFP_ZERO; return kcalloc_node(1, size, *gfp, nid);
	case 6: return kmalloc_array(1, size, *gfp);
	}
	return kmalloc(size, *gfp);
}

/* C24, C25, C27. */
static void object_expect(struct ops *o, const void *object, size_t size, size_t room)
{
	unsigned long address = (unsigned long)object;

	if (room < size)
		world_fail(o->world, "C25: %lu usable bytes of %lu", (unsigned long)room, (unsigned long)size);
	if (address % ARCH_KMALLOC_MINALIGN || (is_power_of_2(size) && address % min(size, (size_t)PAGE_SIZE)))
		world_fail(o->world, "C24: %lu bytes at %p", (unsigned long)size, object);
	if (size > KMALLOC_MAX_CACHE_SIZE && address % PAGE_SIZE)
		world_fail(o->world, "C27: %lu bytes at %p", (unsigned long)size, object);
}

static void object_got(struct ops *o, void *object, size_t size, gfp_t gfp)
{
	struct thing thing = { .kind = THING_OBJECT, .address = object, .bytes = size, .room = ksize(object) };

	thing_claim(o->world, &thing);
	if (gfp & __GFP_ZERO)
		thing_expect_zero(o->world, &thing, size);
	thing_release(o->world, &thing);
	thing_add(o, &thing, false);
}

static gfp_t pick_object_gfp(struct ops *o)
{
	static const gfp_t types[] = { 0, 0, 0, __GFP_DMA, __GFP_RECLAIMABLE, __GFP_ACCOUNT };

	return pick_how(o) | types[pick(o, ARRAY_SIZE(types))];
}

static void op_kmalloc(struct ops *o)
{
	size_t size = pick_usual_size(o, LARGEST_OBJECT);
	gfp_t gfp = pick_object_gfp(o);
	bool atomic = !(gfp & __GFP_DIRECT_RECLAIM) && one_in(o, 4);
	int nid = pick_node(o);
	void *object;

	if (size > KMALLOC_MAX_SIZE)
		size = KMALLOC_MAX_SIZE;
	if (atomic)
		preempt_disable();
	object = kmalloc_call(o, size, &gfp, nid);
	if (atomic)
		preempt_enable();
	if (!object) {
		must_work(o, gfp, size);
		return;
	}
	object_expect(o, object, size, ksize(object));
	object_got(o, object, size, gfp);
}

/* C29. */
static void op_krealloc(struct ops *o)
{
	size_t size = pick_usual_size(o, LARGEST_OBJECT - 2), kept;
	struct thing thing;
	void *moved;

	if (!o->nr || thing_at(o, o->nr - 1)->kind != THING_OBJECT)
		return;
	thing = thing_remove(o, o->nr - 1);
	kept = min(size, thing.bytes);
	thing_verify(o->world, &thing, thing.room);
	thing_release(o->world, &thing);
	moved = one_in(o, 2) ? krealloc(thing.address, size, pick_how(o)) : krealloc_array(thing.address, 1, size, GFP_KERNEL);
	if (moved) {
		struct thing old = thing;

		old.address = moved;
		old.room = kept;
		thing_verify(o->world, &old, kept);
		/* One that stays where it is keeps the alignment that it had. */
		if (moved != thing.address)
			object_expect(o, moved, size, ksize(moved));
		object_got(o, moved, size, 0);
		return;
	}
	thing_verify(o->world, &thing, thing.room);
	thing_add(o, &thing, false);
}

/* C46. */
static void op_kv(struct ops *o)
{
	size_t size = pick_usual_size(o, LARGEST_AREA - 1);
	gfp_t gfp = pick_how(o);
	struct thing thing = { .kind = THING_KV, .bytes = size, .address = kvmalloc_node(size, gfp, pick_node(o)) };

	if (!thing.address) {
		must_work(o, gfp, size);
		return;
	}
	thing.room = is_vmalloc_addr(thing.address) ? PAGE_ALIGN(size) : ksize(thing.address);
	if (is_vmalloc_addr(thing.address) && (size <= PAGE_SIZE || !(gfp & __GFP_DIRECT_RECLAIM)))
		world_fail(o->world, "C46: an area for %lu bytes with gfp 0x%x", (unsigned long)size, gfp);
	thing_claim(o->world, &thing);
	if (gfp & __GFP_ZERO)
		thing_expect_zero(o->world, &thing, size);
	thing_release(o->world, &thing);
	thing_add(o, &thing, false);
}

/* Copies of what we have. */
static void op_copy(struct ops *o)
{
	struct thing *from;
	size_t size;
	void *copy;

	if (!o->nr)
		return;
	from = thing_at(o, pick_thing(o));
	if (!from->address || ZERO_OR_NULL_PTR(from->address))
		return;
	size = min(from->room, (size_t)KMALLOC_MAX_SIZE >> 3);
	copy = kmemdup(from->address, size, pick_how(o));
	if (!copy)
		return;
	if (memcmp(copy, from->address, size))
		world_fail(o->world, "kmemdup() of %lu bytes is no copy", (unsigned long)size);
	object_got(o, copy, size, 0);
}

/* ------------------------------------------------------------------------------------------------------- caches */

static void cache_make(struct ops *o, struct ops_cache *slot)
{
	static const slab_flags_t flags[] = {
		0, 0, SLAB_HWCACHE_ALIGN, SLAB_NO_MERGE, SLAB_TYPESAFE_BY_RCU, SLAB_RECLAIM_ACCOUNT, SLAB_CACHE_DMA,
		SLAB_CONSISTENCY_CHECKS | SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER, SLAB_RED_ZONE, SLAB_POISON, SLAB_ACCOUNT,
	};
	slab_flags_t chosen = flags[pick(o, ARRAY_SIZE(flags))];
	unsigned int size = (unsigned int)pick_size(o, one_in(o, 8) ? 15 : 10);
	struct kmem_cache_args args = { .align = one_in(o, 3) ? 1u << pick(o, 10) : 0,
					.sheaf_capacity = one_in(o, 4) ? 1 + pick(o, 40) : 0 };
	bool constructed = size >= 16 && one_in(o, 3);

	args.ctor = constructed ? ops_construct : NULL;
	slot->size = size;
	slot->constructed = constructed;
	slot->typesafe = chosen & SLAB_TYPESAFE_BY_RCU;
	slot->cache = kmem_cache_create_args("ops", size, &args, chosen);
	if (slot->cache && kmem_cache_size(slot->cache) < size)
		world_fail(o->world, "a cache of %u bytes has %u", size, kmem_cache_size(slot->cache));
}

/* A cache that can be used until ops_cache_put(), or NULL. */
static struct ops_cache *cache_get(struct ops *o, unsigned int *index)
{
	struct ops_world *w = o->world;
	struct ops_cache *slot;

	*index = pick(o, OPS_CACHES);
	slot = &w->caches[*index];
	mutex_lock(&w->lock);
	if (slot->cache)
		__atomic_fetch_add(&slot->live, 1, __ATOMIC_RELAXED);
	else
		slot = NULL;
	mutex_unlock(&w->lock);
	return slot;
}

static void cached_got(struct ops *o, unsigned int index, void *object, gfp_t gfp)
{
	struct ops_cache *slot = &o->world->caches[index];
	struct thing thing = { .kind = THING_CACHED, .slot = index, .address = object, .bytes = slot->size,
			       .room = slot->size, .skip = slot->constructed ? 16 : 0 };

	if (slot->constructed && !ops_is_constructed(object, 16))
		world_fail(o->world, "C31: the new object at %p is not constructed", object);
	thing_add(o, &thing, gfp & __GFP_ZERO);
}

static void op_cached(struct ops *o)
{
	unsigned int index;
	struct ops_cache *slot = cache_get(o, &index);
	gfp_t gfp = pick_how(o);
	void *object;

	if (!slot)
		return;
	if (slot->constructed)
		gfp &= ~__GFP_ZERO;
	object = one_in(o, 4) ? kmem_cache_alloc_node(slot->cache, gfp, pick_node(o)) : kmem_cache_alloc(slot->cache, gfp);
	if (object) {
		cached_got(o, index, object, gfp);
		return;
	}
	if (!(slot->cache->flags & SLAB_CACHE_DMA))
		must_work(o, gfp, slot->size);
	ops_cache_put(o->world, index);
}

/* C32. */
static void op_cached_bulk(struct ops *o)
{
	unsigned int index;
	struct ops_cache *slot = cache_get(o, &index);
	gfp_t gfp = pick_how(o);
	unsigned int nr = 1 + pick(o, BULK);
	void *objects[BULK];
	int got;

	if (!slot)
		return;
	if (slot->constructed)
		gfp &= ~__GFP_ZERO;
	got = kmem_cache_alloc_bulk(slot->cache, gfp, nr, objects);
	if (got && got != (int)nr)
		world_fail(o->world, "C32: %d of %u objects", got, nr);
	__atomic_fetch_add(&slot->live, (unsigned long)got, __ATOMIC_RELAXED);
	for (int i = 0; i < got; i++)
		cached_got(o, index, objects[i], gfp);
	ops_cache_put(o->world, index);
}

/* Objects of caches and of kmalloc(), back in one call. */
static void op_free_objects(struct ops *o)
{
	void *objects[BULK];
	unsigned int slots[BULK], nr = 0;

	for (unsigned int tries = 0; tries < BULK && o->nr; tries++) {
		unsigned int i = pick_thing(o);
		struct thing *thing = thing_at(o, i);

		if ((thing->kind != THING_CACHED && thing->kind != THING_OBJECT) || ZERO_OR_NULL_PTR(thing->address))
			continue;
		thing_verify(o->world, thing, thing->room);
		thing_release(o->world, thing);
		slots[nr] = thing->kind == THING_CACHED ? thing->slot : OPS_CACHES;
		objects[nr++] = thing->address;
		thing_remove(o, i);
	}
	kfree_bulk(nr, objects);
	while (nr--)
		if (slots[nr] < OPS_CACHES)
			ops_cache_put(o->world, slots[nr]);
}

/* C34 has its own test: here nothing of the cache is left. */
static void op_replace_cache(struct ops *o)
{
	struct ops_cache *slot = &o->world->caches[pick(o, OPS_CACHES)], new = { .cache = NULL };
	struct kmem_cache *old = NULL;
	bool mine;

	mutex_lock(&o->world->lock);
	mine = !__atomic_load_n(&slot->live, __ATOMIC_ACQUIRE) && (slot->cache || o->world->threads == 1);
	if (mine) {
		old = slot->cache;
		slot->cache = NULL;
	}
	mutex_unlock(&o->world->lock);
	if (!mine)
		return;
	kmem_cache_destroy(old);
	cache_make(o, &new);
	mutex_lock(&o->world->lock);
	*slot = new;
	mutex_unlock(&o->world->lock);
}

static void op_shrink(struct ops *o)
{
	unsigned int index;
	struct ops_cache *slot = cache_get(o, &index);

	if (!slot)
		return;
	kmem_cache_shrink(slot->cache);
	ops_cache_put(o->world, index);
}

/* ----------------------------------------------------------------------------------------------------- elements */

/* C40; with direct reclaim only where the reserve has something, as nobody else would free. */
static void op_element(struct ops *o)
{
	struct thing thing = { .kind = THING_ELEMENT, .slot = pick(o, OPS_POOLS) };
	mempool_t *pool = o->world->pools[thing.slot];
	void *element = mempool_alloc(pool, o->world->threads == 1 && pool->curr_nr && one_in(o, 2) ? GFP_KERNEL : GFP_NOWAIT);

	if (!element)
		return;
	if (pool->alloc == mempool_alloc_pages) {
		thing.page = element;
		thing.order = (unsigned int)(long)pool->pool_data;
		thing.room = PAGE_SIZE << thing.order;
		thing.address = page_address(element);
	} else {
		thing.address = element;
		thing.room = pool->alloc == mempool_kmalloc ? (size_t)pool->pool_data : kmem_cache_size(pool->pool_data);
	}
	thing.bytes = thing.room;
	thing_add(o, &thing, false);
}

static void op_resize_pool(struct ops *o)
{
	mempool_t *pool = o->world->pools[pick(o, OPS_POOLS)];

	if (o->world->threads == 1)
		(void)mempool_resize(pool, 1 + (int)pick(o, 20));
}

/* -------------------------------------------------------------------------------------------------------- areas */

static void *area_call(struct ops *o, size_t size, gfp_t *gfp)
{
	switch (pick(o, 12)) {
	case 0: *gfp |= __GFP_ZERO; return vzalloc(size);
	case 1: *gfp |= __GFP_ZERO; return vmalloc_user(size);
	case 2: return vmalloc_32(size);
	case 3: return vmalloc_node(size, pick_node(o));
	case 4: *gfp |= __GFP_ZERO; return vzalloc_node(size, pick_node(o));
	case 5: *gfp |= __GFP_ZERO; return vcalloc(size, 1);
	case 6: return vmalloc_huge(size, GFP_KERNEL);
	case 7: *gfp = GFP_KERNEL | __GFP_NORETRY | (pick(o, 2) ? __GFP_ZERO : 0); return __vmalloc(size, *gfp);
	case 8: return __vmalloc_node(size, PAGE_SIZE << pick(o, 6), GFP_KERNEL, pick_node(o), NULL);
	}
	return vmalloc(size);
}

static void op_area(struct ops *o)
{
	struct thing thing = { .kind = THING_AREA, .bytes = pick_usual_size(o, LARGEST_AREA) };
	gfp_t gfp = GFP_KERNEL;

	thing.room = PAGE_ALIGN(thing.bytes);
	thing.address = area_call(o, thing.bytes, &gfp);
	if (thing.address)
		thing_add(o, &thing, is_zeroed(o, gfp));
	else if (!(gfp & __GFP_NORETRY))
		must_work(o, gfp, thing.bytes);
}

/* Pages of any zone under an alias. */
static void op_map(struct ops *o)
{
	struct thing thing = { .kind = one_in(o, 2) ? THING_RAM : THING_MAP };
	unsigned int nr = 1 + pick(o, one_in(o, 8) ? 200 : 12);
	unsigned long got;

	thing.put_pages = thing.kind == THING_MAP && one_in(o, 3);
	thing.pages = kcalloc(nr, sizeof(*thing.pages), GFP_KERNEL | __GFP_NOWARN);
	if (!thing.pages)
		return;
	got = alloc_pages_bulk_array(GFP_KERNEL | __GFP_NOWARN | pick_where(o), nr, thing.pages);
	thing.bytes = thing.room = (size_t)nr << PAGE_SHIFT;
	if (got == nr)
		thing.address = thing.kind == THING_RAM ? vm_map_ram(thing.pages, nr, NUMA_NO_NODE) :
			vmap(thing.pages, nr, VM_MAP | (thing.put_pages ? VM_MAP_PUT_PAGES : 0), PAGE_KERNEL);
	if (thing.address) {
		thing_add(o, &thing, false);
		return;
	}
	free_pages_bulk(thing.pages, got);
	kfree(thing.pages);
}

/* ------------------------------------------------------------------------------------------------ what is there */

static void op_free(struct ops *o)
{
	free_one(o);
}

static void op_free_some(struct ops *o)
{
	for (unsigned int n = 1 + pick(o, 200); n-- && !o->dry && !o->world->failed;)
		free_one(o);
}

static void op_look(struct ops *o)
{
	if (o->nr) {
		struct thing *thing = thing_at(o, pick_thing(o));

		thing_verify(o->world, thing, thing->room);
	}
}

static void op_send(struct ops *o)
{
	struct thing *slot = &o->world->mail[pick(o, OPS_MAIL)], thing;

	if (!o->nr)
		return;
	thing = thing_remove(o, pick_thing(o));
	mutex_lock(&o->world->lock);
	swap(*slot, thing);
	mutex_unlock(&o->world->lock);
	if (thing.kind)
		thing_free(o->world, &thing, pick(o, 256));
}

static void op_receive(struct ops *o)
{
	struct thing *slot = &o->world->mail[pick(o, OPS_MAIL)], thing = { .kind = THING_NONE };

	if (o->nr == OPS_THINGS)
		return;
	mutex_lock(&o->world->lock);
	swap(*slot, thing);
	mutex_unlock(&o->world->lock);
	if (!thing.kind)
		return;
	thing_verify(o->world, &thing, thing.room);
	*thing_at(o, o->nr) = thing;
	o->nr++;
}

/* ----------------------------------------------------------------------------------------------- grace periods */

static void late_run(struct rcu_head *head)
{
	struct ops_late *late = container_of(head, struct ops_late, head);
	struct ops_world *w = late->world;

	thing_verify(w, &late->rest, late->rest.room);
	model_release_bytes(w, late, late->room);
	kfree(late);
	__atomic_fetch_sub(&w->late, 1, __ATOMIC_RELEASE);
}

static void op_late(struct ops *o)
{
	struct ops_late *late;
	struct thing thing;

	if (!o->nr)
		return;
	thing = *thing_at(o, o->nr - 1);
	if (thing.kind != THING_OBJECT || thing.room < sizeof(*late))
		return;
	thing_remove(o, o->nr - 1);
	thing_verify(o->world, &thing, thing.room);
	late = thing.address;
	late->world = o->world;
	late->room = thing.room;
	late->rest = (struct thing){ .kind = THING_OBJECT, .address = late + 1, .room = thing.room - sizeof(*late) };
	if (late->rest.room)
		thing_fill(&late->rest, new_id(o));
	else
		late->rest.address = NULL;
	__atomic_fetch_add(&o->world->late, 1, __ATOMIC_RELAXED);
	call_rcu(&late->head, late_run);
}

static void op_barrier(struct ops *o)
{
	long before = __atomic_load_n(&o->world->late, __ATOMIC_ACQUIRE), now;

	rcu_barrier();
	now = __atomic_load_n(&o->world->late, __ATOMIC_ACQUIRE);
	if (o->world->threads == 1 && now)
		world_fail(o->world, "rcu_barrier(): %ld callbacks before, %ld after", before, now);
}

/* ------------------------------------------------------------------------------------------------ short of memory */

static void pages_link(struct ops *o, struct page **list, struct page *page, unsigned int order)
{
	model_claim_pages(o->world, page, 1ul << order);
	page->index = (unsigned long)*list;
	page->private = order;
	*list = page;
}

static bool pages_unlink(struct ops *o, struct page **list)
{
	struct page *page = *list;

	if (!page)
		return false;
	*list = (struct page *)page->index;
	model_release_pages(o->world, page, 1ul << page->private);
	__free_pages(page, (unsigned int)page->private);
	return true;
}

static void hoard_put(struct ops *o)
{
	while (pages_unlink(o, &o->hoard))
		;
}

static void hoard_take(struct ops *o)
{
	static const gfp_t how[] = {
		GFP_NOWAIT | __GFP_HIGHMEM | __GFP_MOVABLE, GFP_NOWAIT, GFP_KERNEL | __GFP_NORETRY, __GFP_MEMALLOC, GFP_ATOMIC,
	};
	gfp_t gfp = how[pick(o, ARRAY_SIZE(how))] | __GFP_NOWARN;
	unsigned int order = one_in(o, 3) ? pick(o, MAX_ORDER) : 0;
	struct page *page;

	while (!o->world->failed && (page = alloc_pages(gfp, order)))
		pages_link(o, &o->hoard, page, order);
}

static void op_hoard(struct ops *o)
{
	if (o->hoard) {
		hoard_put(o);
		return;
	}
	hoard_take(o);
	o->hoard_until = o->steps + HOARD_STEPS;
}

/* A shape that works with the last pages: nearly all go, for good. */
static void fill_up(struct ops *o)
{
	unsigned long nr = 0;
	struct page *page;

	while ((page = alloc_pages(GFP_NOWAIT | __GFP_NOWARN | (nr % 2 ? __GFP_HIGHMEM | __GFP_MOVABLE : 0), 0))) {
		pages_link(o, &o->hoard, page, 0);
		nr++;
	}
	for (nr /= 16; nr; nr--)
		pages_unlink(o, &o->hoard);
	o->hoard_until = ~0ul;
}

static unsigned long shrinker_count(struct shrinker *shrinker, struct shrink_control *control)
{
	struct ops *o = container_of(shrinker, struct ops, shrinker);

	(void)control;
	return __atomic_load_n(&o->nr_shrinkable, __ATOMIC_RELAXED);
}

/* Called in anyone's place, ours too while we fill it: then it cannot do anything. */
static unsigned long shrinker_scan(struct shrinker *shrinker, struct shrink_control *control)
{
	struct ops *o = container_of(shrinker, struct ops, shrinker);
	unsigned long freed = 0;

	if (__atomic_exchange_n(&o->shrinker_word, 1, __ATOMIC_ACQUIRE))
		return SHRINK_STOP;
	while (freed < control->nr_to_scan && pages_unlink(o, &o->shrinkable))
		freed++;
	__atomic_fetch_sub(&o->nr_shrinkable, freed, __ATOMIC_RELAXED);
	__atomic_store_n(&o->shrinker_word, 0, __ATOMIC_RELEASE);
	return freed;
}

static void shrinkable_fill(struct ops *o, unsigned long nr)
{
	struct page *page;

	if (__atomic_exchange_n(&o->shrinker_word, 1, __ATOMIC_ACQUIRE))
		return;
	while (nr-- && (page = alloc_pages(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN, 0))) {
		pages_link(o, &o->shrinkable, page, 0);
		__atomic_fetch_add(&o->nr_shrinkable, 1, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&o->shrinker_word, 0, __ATOMIC_RELEASE);
}

static void shrinker_drop(struct ops *o)
{
	if (o->shrinks)
		unregister_shrinker(&o->shrinker);
	o->shrinks = false;
	while (pages_unlink(o, &o->shrinkable))
		;
	o->nr_shrinkable = 0;
}

static void op_shrinker(struct ops *o)
{
	if (o->shrinks && one_in(o, 3)) {
		shrinker_drop(o);
		return;
	}
	if (!o->shrinks) {
		o->shrinker = (struct shrinker){ .count_objects = shrinker_count, .scan_objects = shrinker_scan,
						 .seeks = DEFAULT_SEEKS, .batch = 16 };
		o->shrinks = !register_shrinker(&o->shrinker, "ops-%u", o->number);
	}
	if (o->shrinks)
		shrinkable_fill(o, pick(o, 256));
}

/* ------------------------------------------------------------------------------------------------- the machine */

static void op_drain(struct ops *o)
{
	switch (pick(o, 4)) {
	case 0: drain_all_pages(); return;
	case 1: slab_reclaim(o->m); return;
	case 2: vm_unmap_aliases(); return;
	}
	drain_local_pages();
}

static void op_release(struct ops *o)
{
	machine_release_memory(o->m);
}

static void faults_end(struct ops *o)
{
	fail_pages(o->m, NULL);
	fail_slabs(o->m, NULL);
	o->world->faults = false;
}

static void op_faults(struct ops *o)
{
	struct fault_attr attr = { .on = true, .interval = 1 + pick(o, 20), .probability = 100, .times = 1 + (int)pick(o, 30) };

	if (o->world->threads > 1)
		return;
	if (o->world->faults) {
		faults_end(o);
		return;
	}
	o->world->faults = true;
	if (one_in(o, 2))
		fail_slabs(o->m, &attr);
	else
		fail_pages(o->m, &attr);
}

static void op_check(struct ops *o)
{
	if (o->world->threads == 1)
		ops_world_check(o->world);
}

/* What must be refused, or do nothing. */
static void op_odd(struct ops *o)
{
	size_t huge = ~(size_t)0;
	bool good = true;
	void *got;

	switch (pick(o, 9)) {
	case 0: got = kmalloc(pick(o, 1), GFP_KERNEL); good = got == ZERO_SIZE_PTR; kfree(got); break;
	case 1: good = !kmalloc(KMALLOC_MAX_SIZE + 1 + pick(o, 5000), GFP_KERNEL | __GFP_NOWARN); break;
	case 2: good = !kmalloc_array(huge / 4, 5 + pick(o, 9), GFP_KERNEL | __GFP_NOWARN); break;
	case 3: good = !vmalloc(0) || pick(o, 2); break;
	case 4: good = !kvmalloc(huge / 2, GFP_KERNEL | __GFP_NOWARN); break;
	case 5: good = !alloc_pages(GFP_KERNEL | __GFP_NOWARN, MAX_ORDER + 1 + pick(o, 20)); break;
	case 6: good = !kcalloc(huge, 2, GFP_KERNEL | __GFP_NOWARN); break;
	case 7: kfree(NULL); vfree(NULL); kvfree(NULL); free_pages(0, 0); kmem_cache_destroy(NULL); mempool_destroy(NULL); break;
	default: good = !ksize(NULL) && !ksize(ZERO_SIZE_PTR); break;
	}
	if (!good)
		world_fail(o->world, "an odd call was served");
}

/* ---------------------------------------------------------------------------------------------------- the steps */

static const struct operation {
	const char *name;
	void (*run)(struct ops *o);
	u16 weight;			/* of 1000 or so, where the shape does not say */
} table[] = {
	{ "pages", op_pages, 100 }, { "exact", op_exact, 20 }, { "bulk", op_bulk, 10 }, { "free_bulk", op_free_bulk, 5 },
	{ "kmalloc", op_kmalloc, 200 }, { "krealloc", op_krealloc, 40 }, { "kv", op_kv, 20 }, { "copy", op_copy, 20 },
	{ "cached", op_cached, 100 }, { "cached_bulk", op_cached_bulk, 10 }, { "free_objects", op_free_objects, 10 },
	{ "replace_cache", op_replace_cache, 2 }, { "shrink", op_shrink, 2 }, { "element", op_element, 20 },
	{ "resize_pool", op_resize_pool, 2 }, { "area", op_area, 10 }, { "map", op_map, 10 }, { "free", op_free, 400 },
	{ "free_some", op_free_some, 2 }, { "look", op_look, 20 }, { "send", op_send, 10 }, { "receive", op_receive, 10 },
	{ "late", op_late, 10 }, { "barrier", op_barrier, 1 }, { "hoard", op_hoard, 0 }, { "shrinker", op_shrinker, 2 },
	{ "drain", op_drain, 2 }, { "release", op_release, 0 }, { "faults", op_faults, 2 }, { "check", op_check, 0 },
	{ "odd", op_odd, 5 },
};

/* Of the rare and dear ones: once in so many steps. */
#define DEAR_STEPS 4096u

_Static_assert(ARRAY_SIZE(table) <= ARRAY_SIZE(((struct ops *)0)->weights), "a sum for each operation");

/* "name=weight" of the shape, times 10; else the table's. */
static u16 weight_of(const struct ops_shape *shape, const struct operation *op)
{
	size_t length = strlen(op->name);
	const char *at = shape->weights;

	while ((at = strstr(at, op->name))) {
		if ((at == shape->weights || at[-1] == ' ') && at[length] == '=')
			return (u16)(simple_strtoul(at + length + 1, NULL, 10) * 10);
		at += length;
	}
	return op->weight;
}

static unsigned int pick_operation(struct ops *o)
{
	u32 at;
	unsigned int i = 0;

	/* A byte an operation, all alike, is what a fuzzer learns best. */
	if (o->at)
		return pick(o, ARRAY_SIZE(table));
	if (one_in(o, DEAR_STEPS)) {
		static const char *const dear[] = { "hoard", "hoard", "hoard", "release" };
		const char *name = dear[pick(o, ARRAY_SIZE(dear))];

		while (strcmp(table[i].name, name))
			i++;
		return i;
	}
	at = pick(o, o->weights[ARRAY_SIZE(table) - 1]);
	while (o->weights[i] <= at)
		i++;
	return i;
}

/* Now and then the task is in a scope. */
static unsigned int pick_scope(struct ops *o)
{
	static const unsigned int scopes[] = { PF_MEMALLOC, PF_MEMALLOC_NOIO, PF_MEMALLOC_NOFS, PF_MEMALLOC_PIN };

	return one_in(o, 64) ? scopes[pick(o, ARRAY_SIZE(scopes))] : 0;
}

bool ops_step(struct ops *o)
{
	unsigned int i = pick_operation(o), scope = pick_scope(o), old;

	if (o->dry || o->world->failed)
		return false;
	o->history[o->steps++ % OPS_HISTORY] = (u8)i;
	old = memalloc_flags_save(scope);
	table[i].run(o);
	memalloc_flags_restore(scope, old);
	if (o->hoard && o->steps > o->hoard_until)
		hoard_put(o);
	return !o->world->failed;
}

void ops_history(const struct ops *o, char *text, size_t size)
{
	unsigned long first = o->steps > OPS_HISTORY ? o->steps - OPS_HISTORY : 0;
	int length = 0;

	text[0] = '\0';
	for (unsigned long step = first; step < o->steps; step++)
		length += scnprintf(text + length, size - (size_t)length, "%s%s", step > first ? " " : "",
				    table[o->history[step % OPS_HISTORY]].name);
}

/* ------------------------------------------------------------------------------------------- beginning and end */

static struct ops *ops_begin(struct ops_world *w, unsigned int i, const struct ops_shape *shape)
{
	struct ops *o = &w->ops[i];
	u16 sum = 0;

	memset(o, 0, sizeof(*o));
	o->world = w;
	o->m = w->m;
	o->shape = shape;
	o->number = i;
	for (unsigned int op = 0; op < ARRAY_SIZE(table); op++)
		o->weights[op] = sum = (u16)(sum + weight_of(shape, &table[op]));
	return o;
}

struct ops *ops_start(struct ops_world *w, unsigned int i, const struct ops_shape *shape, u64 seed)
{
	struct ops *o = ops_begin(w, i, shape);

	o->random = (seed + i + 1) * 0x9e3779b97f4a7c15ull | 1;
	for (unsigned int slot = i; slot < OPS_CACHES; slot += w->threads) {
		struct ops_cache made = { .cache = NULL };

		cache_make(o, &made);
		mutex_lock(&w->lock);
		w->caches[slot] = made;
		mutex_unlock(&w->lock);
	}
	if (shape->full)
		fill_up(o);
	return o;
}

struct ops *ops_start_bytes(struct ops_world *w, const struct ops_shape *shape, const u8 *bytes, size_t size)
{
	struct ops *o = ops_begin(w, 0, shape);

	o->at = bytes;
	o->end = bytes + size;
	for (unsigned int slot = 0; slot < OPS_CACHES; slot += 2)
		cache_make(o, &w->caches[slot]);
	return o;
}

void ops_end(struct ops *o)
{
	if (o->world->threads == 1)
		faults_end(o);
	while (o->nr && !o->world->failed)
		free_one(o);
	hoard_put(o);
	shrinker_drop(o);
}
