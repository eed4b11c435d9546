/* SPDX-License-Identifier: MIT */
/*
 * sized.h - objects by their size, of caches that a caller has made for sizes of his own: libkmem-malloc.so.
 *
 *	size -> slots[(size + 15) / 16] -> this CPU's slot of a cache -> an object	else: odd(size)
 */
#ifndef KMEM_SIZED_H
#define KMEM_SIZED_H

#include <kmem/slab.h>

#define KMEM_SIZED_MOST 16384u

struct kmem_sizes {
	u16 slots[KMEM_SIZED_MOST / 16 + 1];	/* atomic; 0: no cache yet */
	void *(*odd)(size_t size);		/* whatever the fast path finds odd; may sleep where its caller may */
};

/* From now on objects of that size, at most KMEM_SIZED_MOST, are the cache's; it must not be destroyed. */
void kmem_sizes_set(struct kmem_sizes *sizes, size_t size, struct kmem_cache *cache);

/*
 * kmem_sized_alloc - an object for so many bytes, as by kmem_cache_alloc(cache, GFP_KERNEL), but with no look at the
 * cache. The calling thread is on the caches' machine, or on none.
 * Returns what odd(size) does where this CPU has none at hand, the size has no cache, or the thread has no CPU.
 */
MUST_CHECK void *kmem_sized_alloc(size_t size, const struct kmem_sizes *sizes);

/*
 * kmem_sized_from - an object of that cache, as by kmem_cache_alloc(), for so many bytes; 0 is all of it. Of a cache
 * with SLAB_KMALLOC, red zones and tracks, what lies behind them is red zone, too. May sleep with such flags.
 */
MUST_CHECK void *kmem_sized_from(struct kmem_cache *cache, gfp_t gfp, size_t size);

/*
 * kmem_sized_bytes - how large the objects of the cache are that this one is of, with no look at its slab or cache.
 * Returns 0 where this CPU cannot say: ksize() can. Never sleeps.
 */
size_t kmem_sized_bytes(const void *object);

#endif
