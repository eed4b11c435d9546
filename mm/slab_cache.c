/* SPDX-License-Identifier: MIT */
/*
 * slab_cache.c - caches come and go.
 *
 *	machine->caches	every cache, newest first		cache_by_id[id]	the same, for the fast paths
 *	ids 1 ..	kmalloc's classes, then the others in order of creation; an id is reused after destroy
 *
 * A cache is made whole before it is published in cache_by_id, and struct kmem_cache is itself an object of the first
 * cache, which is made by hand out of the boot allocator.
 *
 * Lock: machine->cache_lock (a mutex) for the list and the ids.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>
#include "lib/assert.h"
#include "mm/cpus.h"
#include "mm/dial.h"
#include "mm/page_alloc.h"
#include "mm/rcu.h"
#include "mm/slab.h"
#include "mm/stack_depot.h"

#define CACHE_LINE 64u
#define FIRST_FREE_ID KMALLOC_NR_IDS
#define MIN_PARTIAL 5u
#define MAX_PARTIAL 10u

static size_t cache_bytes(const struct machine *m)
{
	return sizeof(struct kmem_cache) + m->nr_nodes * sizeof(struct kmem_cache_node *);
}

/* The alignment that flags, caller and machine together ask for. */
static unsigned int alignment_of(slab_flags_t flags, unsigned int align, unsigned int size)
{
	if (flags & SLAB_HWCACHE_ALIGN) {
		unsigned int line = CACHE_LINE;

		while (size <= line / 2)
			line /= 2;
		align = max(align, line);
	}
	if (flags & SLAB_KMALLOC)
		align = max(align, size & -size);
	align = max(align, (unsigned int)ARCH_SLAB_MINALIGN);
	return ALIGN(align, (unsigned int)sizeof(void *));
}

/* The lowest order from least on that wastes at most 1/fraction of the slab and holds enough objects. */
static unsigned int order_wasting(unsigned int size, unsigned int objects, unsigned int least, unsigned int most,
				  unsigned int fraction)
{
	unsigned int order = max(least, (unsigned int)get_order((unsigned long)objects * size));

	assert(most <= MAX_ORDER);
	for (; order <= most; order++) {
		unsigned int bytes = (unsigned int)PAGE_SIZE << order;

		if (bytes % size <= bytes / fraction)
			break;
	}
	return order;
}

/* What a block of order most loses at the ends of slabs of a lower order that it is cut into. */
static unsigned int order_waste(unsigned int size, unsigned int order, unsigned int most)
{
	return ((unsigned int)PAGE_SIZE << order) % size << (most - order);
}

/*
 * From order on the one that loses least, where each step up saves a hundredth; kmalloc()'s classes, which lose nothing
 * or little, have the kernel's. Above the kernel's usual order 3 up to the last that kfree() is fast for, unless the
 * user wants smaller ones: where memory is in pieces, slabs of the least order do.
 */
static unsigned int order_saving(const struct kmem_cache *cache, unsigned int order, unsigned int most)
{
	unsigned int size = cache->size, best = order;

	if (!cache->machine->params.tight_slabs || cache->flags & SLAB_KMALLOC || cache_debugged(cache))
		return order;
	most = most < PAGE_ALLOC_COSTLY_ORDER ? most : max(most, (unsigned int)SLAB_FAST_ORDER);
	while (++order <= most && ((unsigned int)PAGE_SIZE << order) / size <= SLAB_MAX_OBJECTS) {
		unsigned int saved = order_waste(size, best, most), least = ((unsigned int)PAGE_SIZE << most) / 100;

		if (saved >= least + order_waste(size, order, most))
			best = order;
	}
	return best;
}

/*
 * Linux's documented choice (slub_min_order, slub_max_order, slub_min_objects): enough objects that CPUs seldom
 * come for more, little waste, a low order; or a higher one that saves memory. kmem's own objects are few: single
 * pages, so that slabs of the large maps need no maps. Returns -1 for a size that no slab holds.
 */
static int slab_order(const struct kmem_cache *cache)
{
	const struct machine *m = cache->machine;
	unsigned int size = cache->size;
	unsigned int most = m->params.slub_max_order, least = min(m->params.slub_min_order, most);
	unsigned int objects = m->params.slub_min_objects;
	unsigned int order;

	if (cache->internal)
		return get_order(size);
	if (!objects)
		objects = 4 * ((unsigned int)fls((int)m->nr_cpus) + 1);
	/* The least order that holds so many holds less than twice as many. */
	objects = min3(objects, SLAB_MAX_OBJECTS / 2u, ((unsigned int)PAGE_SIZE << most) / size);
	while (least && ((unsigned int)PAGE_SIZE << least) / size > SLAB_MAX_OBJECTS)
		least--;
	for (; objects > 1; objects--)
		for (unsigned int fraction = 16; fraction >= 4; fraction /= 2) {
			order = order_wasting(size, objects, least, most, fraction);
			if (order <= most)
				return (int)order_saving(cache, order, most);
		}
	order = (unsigned int)get_order(size);
	return order <= MAX_ORDER ? (int)order : -1;
}

/* What an object takes, and what lies where in it. */
static void cache_sizes(struct kmem_cache *cache)
{
	cache->inuse = ALIGN(cache->object_size, (unsigned int)sizeof(void *));
	cache->size = cache->inuse;
	cache->offset = 0;
	cache->red_left_pad = 0;
	if (cache_debugged(cache)) {
		slab_debug_layout(cache);
	} else if (cache->ctor || (cache->flags & SLAB_TYPESAFE_BY_RCU)) {
		cache->offset = cache->inuse;
		cache->size += (unsigned int)sizeof(void *);
	}
	cache->size = ALIGN(cache->size, cache->align);
	if (slab_debug_is_too_large(cache)) {
		cache->flags &= ~(SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER);
		cache_sizes(cache);
	}
}

/* The number whose product with an odd one is 1: each round doubles the bits that are right, three at first. */
static struct step step_of(unsigned int size)
{
	unsigned int shift = (unsigned int)__builtin_ctz(size);
	unsigned long odd = size >> shift, inverse = odd;

	for (unsigned int bits = 3; bits < sizeof(long) * 8; bits *= 2)
		inverse *= 2 - odd * inverse;
	return (struct step){ inverse, shift };
}

/* Of kmalloc()'s only those that fill theirs: mm/kmalloc.c. */
static bool has_whole_pages(const struct kmem_cache *cache)
{
	if ((cache->flags & SLAB_KMALLOC) && cache->id < KMALLOC_PAGES_ID(KMALLOC_PAGES_FIRST))
		return false;
	return IS_ALIGNED(cache->size, PAGE_SIZE) && !cache->offset;
}

/* All that follows from size, alignment and flags. False: no slab can hold such an object. */
static bool cache_layout(struct kmem_cache *cache)
{
	struct machine *m = cache->machine;
	int order;

	cache_sizes(cache);
	order = slab_order(cache);
	if (order < 0)
		return false;
	cache->order = (unsigned int)order;
	cache->min_order = (unsigned int)get_order(cache->size);
	cache->objects = ((unsigned int)PAGE_SIZE << order) / cache->size;
	cache->step = step_of(cache->size);
	cache->min_partial = clamp((unsigned int)ilog2(cache->size) / 2, MIN_PARTIAL, MAX_PARTIAL);
	cache->marks = !cache_debugged(cache);
	cache->fast_free = cache->marks && !m->params.init_on_free;
	cache->marks_pages = PAGES_ARE_MARKED && cache->fast_free && !m->params.init_on_alloc && has_whole_pages(cache);
	if (cache->flags & SLAB_CACHE_DMA)
		cache->allocflags |= __GFP_DMA;
	if (cache->flags & SLAB_CACHE_DMA32)
		cache->allocflags |= __GFP_DMA32;
	if (cache->flags & SLAB_RECLAIM_ACCOUNT)
		cache->allocflags |= __GFP_RECLAIMABLE;
	return true;
}

static unsigned int capacity_for(const struct kmem_cache *cache, unsigned int asked)
{
	struct machine *m = cache->machine;

	if (cache_debugged(cache) || cache->internal || m->params.sheaf_capacity == 1 || m->params.check == CHECK_EACH)
		return 0;
	if (cache->size >= SHEAF_INIT)		/* more than a slot can say */
		return 0;
	if ((cache->flags & SLAB_KMALLOC) && m->params.no_kmalloc_sheaves)
		return 0;
	if (!asked)
		asked = m->params.sheaf_capacity;
	return asked ? clamp(asked, 2u, 250u) : sheaf_capacity_for(m, cache->size);
}

static void node_init(struct kmem_cache_node *node)
{
	spin_lock_init(&node->lock);
	INIT_LIST_HEAD(&node->partial);
	INIT_LIST_HEAD(&node->full);
	INIT_LIST_HEAD(&node->empty);
}

/* An unused id, or 0. */
static u32 id_find(struct machine *m)
{
	for (u32 id = FIRST_FREE_ID; id < KMEM_MAX_CACHES; id++)
		if (!m->cache_by_id[id])
			return id;
	return 0;
}

static void cache_publish(struct kmem_cache *cache)
{
	struct machine *m = cache->machine;

	cpus_equip(cache, cpu_slot_init);
	list_add(&cache->list, &m->caches);
}

/* Fill in a zeroed cache whose nodes are there. False: the size is impossible. */
static bool cache_set_up(struct kmem_cache *cache, struct machine *m, u32 id, unsigned int size, slab_flags_t flags,
			 const struct kmem_cache_args *args)
{
	cache->machine = m;
	cache->id = id;
	cache->slot = KMEM_SLOTS_HERE + SHEAF_SLOT(id);
	cache->flags = flags;
	cache->object_size = size;
	cache->align = alignment_of(flags, args->align, size);
	cache->ctor = args->ctor;
	cache->useroffset = args->useroffset;
	cache->usersize = args->usersize;
	cache->refcount = 1;
	if (!cache_layout(cache))
		return false;
	cache->sheaf_capacity = capacity_for(cache, args->sheaf_capacity);
	sheaf_layer_init(cache);
	return true;
}

/* Zeroed memory for as long as the machine lives, several caches a page. */
static void *boot_memory(struct machine *m, size_t bytes)
{
	size_t pages = (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
	char *memory;

	bytes = ALIGN(bytes, (size_t)CACHE_LINE);
	if (bytes > m->boot_room_bytes) {
		memory = alloc_pages_exact(pages << PAGE_SHIFT, GFP_KERNEL | __GFP_ZERO);
		if (!memory)
			return NULL;
		m->boot_room = memory;
		m->boot_room_bytes = pages << PAGE_SHIFT;
		m->boot_cache_pages += pages;
	}
	memory = m->boot_room;
	m->boot_room += bytes;
	m->boot_room_bytes -= bytes;
	return memory;
}

/* The cache of caches and the other internal ones live where nothing needs a cache: in boot memory. */
static struct kmem_cache *cache_new_boot(struct machine *m, u32 id, const char *name, unsigned int size,
					 slab_flags_t flags, bool internal)
{
	size_t bytes = cache_bytes(m) + m->nr_nodes * sizeof(struct kmem_cache_node);
	struct kmem_cache *cache = boot_memory(m, bytes);
	struct kmem_cache_node *nodes;

	if (!cache)
		return NULL;
	nodes = (void *)((char *)cache + cache_bytes(m));
	for (unsigned int nid = 0; nid < m->nr_nodes; nid++) {
		cache->node[nid] = &nodes[nid];
		node_init(&nodes[nid]);
	}
	cache->internal = internal;
	cache->boot = true;
	cache->name = name;
	return cache_set_up(cache, m, id, size, flags, &(struct kmem_cache_args){ 0 }) ? cache : NULL;
}

struct kmem_cache *cache_new_internal(struct machine *m, const char *name, unsigned int size)
{
	struct kmem_cache *cache = cache_new_boot(m, id_find(m), name, size, SLAB_NO_MERGE, true);

	if (cache)
		cache_publish(cache);
	return cache;
}

static void cache_release_memory(struct kmem_cache *cache)
{
	struct machine *m = cache->machine;

	for (unsigned int nid = 0; nid < m->nr_nodes; nid++)
		if (cache->node[nid])
			kmem_cache_free(m->node_cache, cache->node[nid]);
	kfree(cache->name);
	kmem_cache_free(m->cache_cache, cache);
}

/* Memory for a cache, its nodes and its name. */
static struct kmem_cache *cache_allocate(struct machine *m, const char *name)
{
	struct kmem_cache *cache = kmem_cache_zalloc(m->cache_cache, GFP_KERNEL);

	if (!cache)
		return NULL;
	cache->machine = m;
	cache->name = kstrdup(name, GFP_KERNEL);
	if (!cache->name)
		goto fail;
	for (unsigned int nid = 0; nid < m->nr_nodes; nid++) {
		cache->node[nid] = kmem_cache_zalloc(m->node_cache, GFP_KERNEL);
		if (!cache->node[nid])
			goto fail;
		node_init(cache->node[nid]);
	}
	return cache;
fail:
	cache_release_memory(cache);
	return NULL;
}

/* kmalloc's classes: boot memory, but not internal. */
struct kmem_cache *cache_new_at(struct machine *m, u32 id, const char *name, unsigned int size, slab_flags_t flags)
{
	struct kmem_cache *cache = cache_new_boot(m, id, name, size, slab_debug_flags(m, name, flags), false);

	if (cache)
		cache_publish(cache);
	return cache;
}

/* May callers of unlike names share this cache? */
static bool cache_unmergeable(const struct kmem_cache *cache)
{
	return (cache->flags & SLAB_NEVER_MERGE) || cache->ctor || cache->usersize || cache->internal ||
	       cache->refcount < 0;
}

/* A cache that new objects of that kind can share, or NULL. */
static struct kmem_cache *cache_find_alike(struct machine *m, unsigned int size, slab_flags_t flags,
					   const struct kmem_cache_args *args)
{
	unsigned int align = alignment_of(flags, args->align, size);
	unsigned int bytes = ALIGN(ALIGN(size, (unsigned int)sizeof(void *)), align);
	struct kmem_cache *cache;

	if (m->params.slab_nomerge || (flags & SLAB_NEVER_MERGE) || args->ctor || args->usersize)
		return NULL;
	list_for_each_entry(cache, &m->caches, list) {
		if (cache_unmergeable(cache) || (cache->flags & SLAB_MERGE_SAME) != (flags & SLAB_MERGE_SAME))
			continue;
		if (cache->size == bytes)
			return cache;
	}
	return NULL;
}

static struct kmem_cache *cache_alias(struct kmem_cache *cache, unsigned int size)
{
	unsigned int inuse = ALIGN(size, (unsigned int)sizeof(void *));

	cache->refcount++;
	/* Others are using the cache, ksize() among them. */
	if (inuse > cache->inuse)
		__atomic_store_n(&cache->inuse, inuse, __ATOMIC_RELAXED);
	if (size > cache->object_size) {
		__atomic_store_n(&cache->object_size, size, __ATOMIC_RELAXED);
		cpus_equip(cache, cpu_slot_set_bytes);
	}
	return cache;
}

/* Returns 0 or what is wrong: no id, no memory, or a size that no slab can hold. */
static int cache_create_locked(struct machine *m, const char *name, unsigned int size,
			       const struct kmem_cache_args *args, slab_flags_t flags, struct kmem_cache **out)
{
	struct kmem_cache *cache = cache_find_alike(m, size, flags, args);
	u32 id = cache ? 0 : id_find(m);

	if (cache) {
		*out = cache_alias(cache, size);
		return 0;
	}
	if (!id)
		return -ENOSPC;
	cache = cache_allocate(m, name);
	if (!cache)
		return -ENOMEM;
	if (!cache_set_up(cache, m, id, size, flags, args)) {
		cache_release_memory(cache);
		return -EINVAL;
	}
	cache_publish(cache);
	*out = cache;
	return 0;
}

/* Ours lies after the object: where callers want it does not matter, but they are told what the kernel would not do. */
static bool freeptr_is_sane(unsigned int size, const struct kmem_cache_args *args, slab_flags_t flags)
{
	return args->freeptr_offset < size && IS_ALIGNED(args->freeptr_offset, (unsigned int)sizeof(void *)) &&
	       flags & SLAB_TYPESAFE_BY_RCU;
}

/* What is wrong with the arguments, or NULL. */
static const char *arguments_wrong(const char *name, unsigned int size, const struct kmem_cache_args *args,
				   slab_flags_t flags)
{
	if (!name || !*name)
		return "no name";
	if (!size)
		return "size is 0";
	if (size > KMALLOC_MAX_SIZE)
		return "size is too large";
	if (args->align && !is_power_of_2(args->align))
		return "alignment is not a power of two";
	if (args->align > KMALLOC_MAX_SIZE)
		return "alignment is too large";
	if (flags & ~SLAB_FLAGS_PERMITTED)
		return "flags that are not a caller's";
	if (args->use_freeptr_offset && !freeptr_is_sane(size, args, flags))
		return "free pointer is outside the object, not aligned, or of a cache without SLAB_TYPESAFE_BY_RCU";
	return NULL;
}

/* Of a region that is not inside the object nothing is left, and the cache is made all the same. */
static void user_region_check(unsigned int size, struct kmem_cache_args *args)
{
	if (WARN_ON(!args->usersize && args->useroffset) ||
	    WARN_ON(args->usersize > size || args->useroffset > size - args->usersize))
		args->usersize = args->useroffset = 0;
}

/* The kernel's words, and which argument it was. */
static void create_failed(const char *name, int error, const char *wrong, slab_flags_t flags)
{
	if (flags & SLAB_PANIC)
		panic("kmem_cache_create_usercopy: Failed to create slab '%s'. Error %d\n", name, error);
	pr_warn("kmem_cache_create_usercopy(%s) failed with error %d\n", name, error);
	if (wrong)
		pr_warn("kmem_cache_create_usercopy(%s): %s\n", name, wrong);
	dump_stack();
}

struct kmem_cache *kmem_cache_create_args(const char *name, unsigned int size, const struct kmem_cache_args *asked,
					  slab_flags_t flags)
{
	struct kmem_cache_args args = asked ? *asked : (struct kmem_cache_args){ 0 };
	const char *wrong = arguments_wrong(name, size, &args, flags);
	struct machine *m = this_machine();
	struct kmem_cache *cache = NULL;
	int error = -EINVAL;

	might_sleep();
	if (flags & SLAB_TYPESAFE_BY_RCU)	/* slabs may be freed where a CPU is interrupted for a drain */
		rcu_start(m);
	if (!wrong) {
		user_region_check(size, &args);
		mutex_lock(&m->cache_lock);
		error = cache_create_locked(m, name, size, &args, slab_debug_flags(m, name, flags), &cache);
		mutex_unlock(&m->cache_lock);
	}
	if (error)
		create_failed(name ? name : "(null)", error, wrong, flags);
	check_step(m, CHECK_RARE);
	return cache;
}

struct kmem_cache *kmem_cache_create_usercopy(const char *name, unsigned int size, unsigned int align,
					      slab_flags_t flags, unsigned int useroffset, unsigned int usersize,
					      void (*ctor)(void *object))
{
	struct kmem_cache_args args = { .align = align, .useroffset = useroffset, .usersize = usersize, .ctor = ctor };

	return kmem_cache_create_args(name, size, &args, flags);
}

struct kmem_cache *kmem_cache_create(const char *name, unsigned int size, unsigned int align, slab_flags_t flags,
				     void (*ctor)(void *object))
{
	return kmem_cache_create_usercopy(name, size, align, flags, 0, 0, ctor);
}

unsigned int kmem_cache_size(struct kmem_cache *cache)
{
	return cache->object_size;
}

int kmem_cache_shrink(struct kmem_cache *cache)
{
	bool slabs = false;

	might_sleep();
	cache_drain(cache);
	slab_discard_empty(cache, 0);
	for (unsigned int nid = 0; nid < cache->machine->nr_nodes; nid++) {
		struct kmem_cache_node *node = cache->node[nid];
		unsigned long flags;

		spin_lock_irqsave(&node->lock, flags);
		slabs |= node->nr_slabs != 0;
		spin_unlock_irqrestore(&node->lock, flags);
	}
	return slabs;
}

unsigned long cache_live_objects(struct kmem_cache *cache)
{
	unsigned long out = 0, held = sheaf_objects(cache);

	for (unsigned int nid = 0; nid < cache->machine->nr_nodes; nid++)
		out += __atomic_load_n(&cache->node[nid]->out_objects, __ATOMIC_RELAXED);
	return out > held ? out - held : 0;
}

/* Every object that callers still have. No one allocates from the cache or frees to it. */
static void report_remaining(struct kmem_cache *cache)
{
	for (unsigned int nid = 0; nid < cache->machine->nr_nodes; nid++) {
		struct kmem_cache_node *node = cache->node[nid];
		struct page *slab;

		list_for_each_entry(slab, &node->partial, slab_list)
			slab_report_remaining(cache, slab);
		list_for_each_entry(slab, &node->full, slab_list)
			slab_report_remaining(cache, slab);
	}
}

/* Does the caller's destroy end the cache itself, rather than one of its names? */
static bool cache_drop_name(struct kmem_cache *cache)
{
	if (cache->refcount > 1) {
		cache->refcount--;
		return false;
	}
	return !WARN(cache->boot, "kmem_cache_destroy(%s): not yours\n", cache->name);
}

void kmem_cache_destroy(struct kmem_cache *cache)
{
	struct machine *m;

	if (!cache)
		return;
	m = cache->machine;
	might_sleep();
	if (WARN(m != this_machine(), "kmem_cache_destroy: cache %s is of another machine\n", cache->name))
		return;
	mutex_lock(&m->cache_lock);
	if (!cache_drop_name(cache))
		goto keep;
	if (kmem_cache_shrink(cache)) {
		report_remaining(cache);
		WARN(1, "kmem_cache_destroy %s: Slab cache still has objects when called from %pS\n", cache->name,
		     __builtin_return_address(0));
		goto keep;
	}
	list_del(&cache->list);
	if (cache->flags & SLAB_TYPESAFE_BY_RCU)
		rcu_barrier();
	cpus_disown(cache);
	mutex_unlock(&m->cache_lock);
	cache_release_memory(cache);
	check_step(m, CHECK_RARE);
	return;
keep:
	mutex_unlock(&m->cache_lock);
}

unsigned long slab_reclaim(struct machine *m)
{
	cpus_request(m, CPU_DRAIN_SLABS);
	return slab_discard_all(m);
}

unsigned long slab_discard_all(struct machine *m)
{
	struct kmem_cache *cache;
	unsigned long pages = 0;

	if (!mutex_trylock(&m->cache_lock))
		return 0;
	list_for_each_entry(cache, &m->caches, list) {
		barn_drain(cache);
		pages += slab_discard_empty(cache, 0);
	}
	mutex_unlock(&m->cache_lock);
	return pages;
}

/* Maps and sheaves first: every other cache may need them. */
int slab_init(struct machine *m)
{
	static const char *const sheaf_names[NR_SHEAF_SIZES] = {
		"kmem_sheaf-128", "kmem_sheaf-256", "kmem_sheaf-512", "kmem_sheaf-1k", "kmem_sheaf-2k", "kmem_sheaf-4k",
	};

	mutex_init(&m->cache_lock);
	INIT_LIST_HEAD(&m->caches);
	m->map_cache[1] = cache_new_internal(m, "kmem_map-64", SLAB_LARGE_MAP_BYTES);
	m->map_cache[0] = cache_new_internal(m, "kmem_map-32", SLAB_SMALL_MAP_BITS / 8);
	if (!m->map_cache[0] || !m->map_cache[1])
		return -ENOMEM;
	for (unsigned int i = 0; i < NR_SHEAF_SIZES; i++) {
		m->sheaf_cache[i] = cache_new_internal(m, sheaf_names[i], 128u << i);
		if (!m->sheaf_cache[i])
			return -ENOMEM;
	}
	m->cache_cache = cache_new_internal(m, "kmem_cache", (unsigned int)cache_bytes(m));
	m->node_cache = cache_new_internal(m, "kmem_cache_node", sizeof(struct kmem_cache_node));
	if (!m->cache_cache || !m->node_cache)
		return -ENOMEM;
	return kmalloc_init(m);
}

/* A cache's line, if it has objects or should have been destroyed. The name it leaves behind is no leak of its own. */
static void leaks_count(struct kmem_cache *cache, struct slab_leaks *leaks)
{
	unsigned long live;

	barn_drain(cache);
	live = cache_live_objects(cache);
	leaks->objects += live;
	if (live)
		pr_warn("machine: %lu object%s of %s not freed\n", live, live == 1 ? "" : "s", cache->name);
	else if (!cache->boot)
		pr_warn("machine: cache %s not destroyed\n", cache->name);
	if (cache->boot)
		return;
	leaks->caches++;
	kfree(cache->name);
	cache->name = NULL;
}

/* Say what was not freed. Callers' caches are newer than kmalloc's, and so come first. */
void slab_exit(struct machine *m, struct slab_leaks *leaks)
{
	struct kmem_cache *cache;

	cpus_request(m, CPU_DRAIN_SLABS);
	list_for_each_entry(cache, &m->caches, list)
		if (!cache->internal)
			leaks_count(cache, leaks);
	stack_depot_exit(m);
}
