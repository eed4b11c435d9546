/* SPDX-License-Identifier: MIT */
/*
 * kmalloc.c - the classes, and what is asked about an object.
 *
 *	8 16 32 64 96 128 192 256 512 1k 2k 4k 8k	caches, of each type: normal, cgroup, reclaimable, DMA
 *	above, up to 4 MiB				whole pages: mm/kmalloc_large.c
 *
 * Objects of a large power of two all begin where a page does, so that their first lines, which are used most, share a
 * few sets of the processor's caches and drive each other out. So the large classes have a twin, for sizes that need no
 * more alignment than a line's and leave one free: as many objects a slab, each a line shorter. What leaves no line of
 * whole pages free has a cache of its own, which does not write to free objects (mm/slab.h, PAGES_ARE_MARKED).
 *
 *	kmalloc-4k	|0   |4096    |8192    |12288 ...	multiples of 128 up to 4032
 *	its twin	|0   |4032   |8064   |12096 ...		all others up to it: each begins a line earlier
 *	its pages	|0   |4096    |8192    |12288 ...	above
 *
 * To the world they are one class: /proc/slabinfo adds them up.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include "lib/assert.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"

#define CLASS_NAMES(prefix)                                                                                            \
	{ prefix "-8", prefix "-16", prefix "-32", prefix "-64", prefix "-96", prefix "-128", prefix "-192",           \
	  prefix "-256", prefix "-512", prefix "-1k", prefix "-2k", prefix "-4k", prefix "-8k" }

/* Written out, since to format some fifty names took a third of booting. */
static const struct {
	char names[KMALLOC_CLASSES][16];
	slab_flags_t flags;
} types[NR_KMALLOC_TYPES] = {
	[KMALLOC_NORMAL] = { CLASS_NAMES("kmalloc"), 0 },
	[KMALLOC_CGROUP] = { CLASS_NAMES("kmalloc-cg"), SLAB_ACCOUNT },
	[KMALLOC_RECLAIM] = { CLASS_NAMES("kmalloc-rcl"), SLAB_RECLAIM_ACCOUNT },
	[KMALLOC_DMA] = { CLASS_NAMES("dma-kmalloc"), SLAB_CACHE_DMA },
};

static const u16 class_sizes[KMALLOC_CLASSES] = { 8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192 };

/* Not merged with: a cache of that very size is its caller's own. */
static struct kmem_cache *twin_make(struct machine *m, u32 id, unsigned int class, unsigned int gap)
{
	struct kmem_cache *twin = cache_new_at(m, id, types[KMALLOC_NORMAL].names[class], class_sizes[class] - gap,
					       SLAB_KMALLOC | SLAB_NO_MERGE);

	if (twin)
		twin->is_twin = true;
	return twin;
}

static bool twins_make(struct machine *m)
{
	for (unsigned int class = KMALLOC_TWIN_FIRST; class < KMALLOC_CLASSES; class++)
		if (!twin_make(m, KMALLOC_TWIN_ID(class), class, KMALLOC_TWIN_GAP))
			return false;
	for (unsigned int class = KMALLOC_PAGES_FIRST; class < KMALLOC_CLASSES; class++)
		if (!twin_make(m, KMALLOC_PAGES_ID(class), class, 0))
			return false;
	return true;
}

int kmalloc_init(struct machine *m)
{
	for (unsigned int type = 0; type < NR_KMALLOC_TYPES; type++)
		for (unsigned int class = 0; class < KMALLOC_CLASSES; class++)
			if (!cache_new_at(m, KMALLOC_ID(type, class), types[type].names[class], class_sizes[class],
					  types[type].flags | SLAB_KMALLOC))
				return -ENOMEM;
	return twins_make(m) ? 0 : -ENOMEM;
}

static size_t class_bytes(u32 id)
{
	u32 of_class = kmalloc_id_of_class(id);

	bool is_shorter = of_class != id && id < KMALLOC_PAGES_ID(KMALLOC_PAGES_FIRST);

	return class_sizes[of_class - KMALLOC_ID(KMALLOC_NORMAL, 0)] - (is_shorter ? KMALLOC_TWIN_GAP : 0);
}

size_t kmalloc_size_roundup(size_t size)
{
	if (size && size <= KMALLOC_MAX_CACHE_SIZE)
		return class_bytes(kmalloc_plain_id(size));
	return size && size <= KMALLOC_MAX_SIZE ? PAGE_SIZE << get_order(size) : size;
}

size_t __ksize(const void *object)
{
	struct machine *m = this_machine();
	struct kmem_cache *cache = cache_of(m, object);
	unsigned int inuse;
	int order;

	if (cache && (cache->flags & (SLAB_RED_ZONE | SLAB_POISON))) {
		slab_debug_open(cache, (void *)object);
		return cache->object_size;
	}
	if (cache) {		/* what lies behind the object itself is ours */
		inuse = __atomic_load_n(&cache->inuse, __ATOMIC_RELAXED);
		return cache->flags & SLAB_STORE_USER || cache->offset == inuse ? inuse : cache->size;
	}
	order = large_order(m, virt_to_page(object), object);
	if (order >= 0)
		return PAGE_SIZE << order;
	free_foreign_report(m, object, "ksize");
	return 0;
}

size_t ksize(const void *object)
{
	return ZERO_OR_NULL_PTR(object) ? 0 : __ksize(object);
}

void *krealloc(const void *object, size_t size, gfp_t gfp)
{
	size_t old = kmalloc_bytes(object);
	void *fresh;

	if (unlikely(!old))
		old = ksize(object);
	if (old < size) {
		fresh = __kmalloc(size, gfp);
		if (unlikely(!fresh || !old))
			return fresh;
		memcpy(fresh, object, old);
		kfree(object);
		return fresh;
	}
	if (unlikely(!size)) {
		kfree(object);
		return ZERO_SIZE_PTR;
	}
	if (unlikely(gfp & __GFP_ZERO))		/* for who asks for these bytes again */
		memset((char *)object + size, 0, old - size);
	return (void *)object;
}

void *kzalloc_node(size_t size, gfp_t gfp, int node)
{
	return kmalloc_node(size, gfp | __GFP_ZERO, node);
}

void *kmalloc_array_node(size_t n, size_t size, gfp_t gfp, int node)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : kmalloc_node(bytes, gfp, node);
}

void *kcalloc_node(size_t n, size_t size, gfp_t gfp, int node)
{
	return kmalloc_array_node(n, size, gfp | __GFP_ZERO, node);
}
