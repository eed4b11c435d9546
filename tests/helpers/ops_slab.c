/* SPDX-License-Identifier: MIT */
/*
 * ops_slab.c - operations on objects: of kmalloc(), of caches that come and go, of pools.
 */
#include <linux/log2.h>
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "tests/helpers/ops_world.h"

#define LARGEST_OBJECT 22u		/* log2 */
#define LARGEST_KV 22u

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

void op_kmalloc(struct ops *o)
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
void op_krealloc(struct ops *o)
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
	moved = one_in(o, 2) ? krealloc(thing.address, size, pick_how(o)) :
			       krealloc_array(thing.address, 1, size, GFP_KERNEL);
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
void op_kv(struct ops *o)
{
	size_t size = pick_usual_size(o, LARGEST_KV);
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
void op_copy(struct ops *o)
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

void cache_make(struct ops *o, struct ops_cache *slot)
{
	static const slab_flags_t flags[] = {
		0, 0, SLAB_HWCACHE_ALIGN, SLAB_NO_MERGE, SLAB_TYPESAFE_BY_RCU, SLAB_RECLAIM_ACCOUNT, SLAB_CACHE_DMA,
		SLAB_CONSISTENCY_CHECKS | SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER, SLAB_RED_ZONE, SLAB_POISON,
		SLAB_ACCOUNT,
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

void op_cached(struct ops *o)
{
	unsigned int index;
	struct ops_cache *slot = cache_get(o, &index);
	gfp_t gfp = pick_how(o);
	void *object;

	if (!slot)
		return;
	if (slot->constructed)
		gfp &= ~__GFP_ZERO;
	object = one_in(o, 4) ? kmem_cache_alloc_node(slot->cache, gfp, pick_node(o)) :
				kmem_cache_alloc(slot->cache, gfp);
	if (object) {
		cached_got(o, index, object, gfp);
		return;
	}
	if (!(slot->cache->flags & SLAB_CACHE_DMA))
		must_work(o, gfp, slot->size);
	ops_cache_put(o->world, index);
}

/* C32. */
void op_cached_bulk(struct ops *o)
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
void op_free_objects(struct ops *o)
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
void op_replace_cache(struct ops *o)
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

void op_shrink(struct ops *o)
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
void op_element(struct ops *o)
{
	struct thing thing = { .kind = THING_ELEMENT, .slot = pick(o, OPS_POOLS) };
	mempool_t *pool = o->world->pools[thing.slot];
	bool may_wait = o->world->threads == 1 && pool->curr_nr && one_in(o, 2);
	void *element = mempool_alloc(pool, may_wait ? GFP_KERNEL : GFP_NOWAIT);

	if (!element)
		return;
	if (pool->alloc == mempool_alloc_pages) {
		thing.page = element;
		thing.order = (unsigned int)(long)pool->pool_data;
		thing.room = PAGE_SIZE << thing.order;
		thing.address = page_address(element);
	} else {
		thing.address = element;
		thing.room = (size_t)pool->pool_data;
	}
	thing.bytes = thing.room;
	thing_add(o, &thing, false);
}

void op_resize_pool(struct ops *o)
{
	mempool_t *pool = o->world->pools[pick(o, OPS_POOLS)];

	if (o->world->threads == 1)
		(void)mempool_resize(pool, 1 + (int)pick(o, 20));
}
