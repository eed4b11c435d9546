/* SPDX-License-Identifier: MIT */
/*
 * slab.h - objects: caches of one size, and kmalloc's classes.
 *
 *	kmalloc(n)	class of n: 8 16 32 64 96 128 192 256 512 1k 2k 4k 8k, else whole pages, up to 4 MiB
 *	kmem_cache	one type: exact size, alignment, constructor
 *	kvmalloc(n)	kmalloc if it can, else vmalloc
 *
 * All act on the machine of the calling thread and may be called from any context that the flags allow.
 * Source: core-api/memory-allocation.rst, core-api/mm-api.rst.
 */
#ifndef KMEM_SLAB_H
#define KMEM_SLAB_H

#include <kmem/cpu.h>
#include <kmem/gfp.h>
#include <kmem/layout.h>
#include <kmem/pages.h>

#define SLAB_CONSISTENCY_CHECKS ((__force slab_flags_t)0x00000100u)
#define SLAB_RED_ZONE ((__force slab_flags_t)0x00000400u)
#define SLAB_POISON ((__force slab_flags_t)0x00000800u)
#define SLAB_KMALLOC ((__force slab_flags_t)0x00001000u)
#define SLAB_HWCACHE_ALIGN ((__force slab_flags_t)0x00002000u)
#define SLAB_CACHE_DMA ((__force slab_flags_t)0x00004000u)
#define SLAB_CACHE_DMA32 ((__force slab_flags_t)0x00008000u)
#define SLAB_STORE_USER ((__force slab_flags_t)0x00010000u)
#define SLAB_RECLAIM_ACCOUNT ((__force slab_flags_t)0x00020000u)
#define SLAB_TEMPORARY SLAB_RECLAIM_ACCOUNT
#define SLAB_PANIC ((__force slab_flags_t)0x00040000u)
#define SLAB_TYPESAFE_BY_RCU ((__force slab_flags_t)0x00080000u)
#define SLAB_MEM_SPREAD ((__force slab_flags_t)0x00100000u)
#define SLAB_TRACE ((__force slab_flags_t)0x00200000u)
#define SLAB_DEBUG_OBJECTS ((__force slab_flags_t)0)
#define SLAB_NOLEAKTRACE ((__force slab_flags_t)0x00800000u)
#define SLAB_NO_MERGE ((__force slab_flags_t)0x01000000u)
#define SLAB_FAILSLAB ((__force slab_flags_t)0x02000000u)
#define SLAB_ACCOUNT ((__force slab_flags_t)0x04000000u)
#define SLAB_KASAN ((__force slab_flags_t)0)

#define ARCH_KMALLOC_MINALIGN 8ul
#define ARCH_SLAB_MINALIGN 8ul
#define KMALLOC_SHIFT_LOW 3
#define KMALLOC_SHIFT_HIGH (PAGE_SHIFT + 1)
#define KMALLOC_SHIFT_MAX (MAX_ORDER + PAGE_SHIFT)
#define KMALLOC_MIN_SIZE (1ul << KMALLOC_SHIFT_LOW)
#define KMALLOC_MAX_CACHE_SIZE (1ul << KMALLOC_SHIFT_HIGH)
#define KMALLOC_MAX_SIZE (1ul << KMALLOC_SHIFT_MAX)
#define KMALLOC_MAX_ORDER MAX_ORDER

#define ZERO_SIZE_PTR ((void *)16)
#define ZERO_OR_NULL_PTR(x) ((unsigned long)(x) <= (unsigned long)ZERO_SIZE_PTR)

struct kmem_cache_args {
	unsigned int align;
	unsigned int useroffset, usersize;
	unsigned int freeptr_offset;
	bool use_freeptr_offset;
	unsigned int sheaf_capacity;		/* objects a sheaf; 0: by size. From 32 KiB on there are none */
	void (*ctor)(void *object);
};

/*
 * kmem_cache_create - a cache of objects of one size.
 * Returns NULL (SLAB_PANIC: panics) for a size of 0 or above KMALLOC_MAX_SIZE, an alignment that is not a power of two
 * up to that, flags that are none of the above or SLAB_FAILSLAB, or lack of memory. A user region that is not inside
 * the object is reported, and the cache has none. args NULL: of nothing. Caches of like size and flags share their
 * slabs unless they have a constructor or SLAB_NO_MERGE.
 * name is copied. ctor runs once an object, when its slab is populated. May sleep.
 */
MUST_CHECK struct kmem_cache *kmem_cache_create(const char *name, unsigned int size, unsigned int align,
						slab_flags_t flags, void (*ctor)(void *object));
MUST_CHECK struct kmem_cache *kmem_cache_create_usercopy(const char *name, unsigned int size, unsigned int align,
							 slab_flags_t flags, unsigned int useroffset,
							 unsigned int usersize, void (*ctor)(void *object));
MUST_CHECK struct kmem_cache *kmem_cache_create_args(const char *name, unsigned int size,
						     const struct kmem_cache_args *args, slab_flags_t flags);
/* Live objects: one report, and the cache and its objects stay. NULL: nothing. May sleep. */
void kmem_cache_destroy(struct kmem_cache *cache);
/* Give every empty slab back, CPUs' sheaves included. Returns 0 if the cache then has no slab. May sleep. */
int kmem_cache_shrink(struct kmem_cache *cache);
unsigned int kmem_cache_size(struct kmem_cache *cache);

MUST_CHECK void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp);
MUST_CHECK void *kmem_cache_alloc_node(struct kmem_cache *cache, gfp_t gfp, int node);
MUST_CHECK void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp);
/* object must be of this cache (else one report and nothing is freed); NULL: nothing. */
void kmem_cache_free(struct kmem_cache *cache, void *object);
/* nr objects into objects[]: all, and nr is returned, or none, and 0. */
MUST_CHECK int kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, size_t nr, void **objects);
/* cache NULL: objects of any cache and kmalloc. */
void kmem_cache_free_bulk(struct kmem_cache *cache, size_t nr, void **objects);
#define kfree_bulk(nr, objects) kmem_cache_free_bulk(NULL, (nr), (objects))

/*
 * Class ids: the kmalloc caches are every machine's first caches.
 * id = type * KMALLOC_CLASSES + class + 1; 0 is no cache. The twins of the large classes follow, and their caches of
 * whole pages (mm/kmalloc.c), then ids that no cache has, for CPUs' slots of more pages by order (mm/kmalloc_large.c).
 */
enum kmalloc_class {
	KMALLOC_8, KMALLOC_16, KMALLOC_32, KMALLOC_64, KMALLOC_96, KMALLOC_128, KMALLOC_192, KMALLOC_256,
	KMALLOC_512, KMALLOC_1K, KMALLOC_2K, KMALLOC_4K, KMALLOC_8K, KMALLOC_CLASSES,
};

enum kmalloc_cache_type { KMALLOC_NORMAL, KMALLOC_CGROUP, KMALLOC_RECLAIM, KMALLOC_DMA, NR_KMALLOC_TYPES };

#define KMALLOC_ID(type, class) ((u32)(type) * KMALLOC_CLASSES + (u32)(class) + 1u)
#define KMALLOC_TWIN_FIRST KMALLOC_2K
#define KMALLOC_TWIN_ID(class) (KMALLOC_ID(NR_KMALLOC_TYPES, (class) - KMALLOC_TWIN_FIRST))
#define KMALLOC_TWIN_GAP 64u		/* a line of the processor's caches */
#define KMALLOC_PAGES_FIRST KMALLOC_4K
#define KMALLOC_PAGES_ID(class) (KMALLOC_TWIN_ID(KMALLOC_CLASSES) + (u32)(class) - (u32)KMALLOC_PAGES_FIRST)
#define KMALLOC_LARGE_FIRST (KMALLOC_SHIFT_HIGH + 1 - PAGE_SHIFT)
#define KMALLOC_LARGE_LAST (20 - PAGE_SHIFT)			/* 1 MiB */
#define KMALLOC_LARGE_ID(order) (KMALLOC_PAGES_ID(KMALLOC_CLASSES) + (u32)(order) - (u32)KMALLOC_LARGE_FIRST)
#define KMALLOC_NR_IDS KMALLOC_LARGE_ID(KMALLOC_LARGE_LAST + 1)	/* the first id that is free */
#define KMALLOC_TYPE_FLAGS (__GFP_DMA | __GFP_RECLAIMABLE | __GFP_ACCOUNT)

/* The class of a size from 1 to KMALLOC_MAX_CACHE_SIZE; folds to a constant where the size is one. */
static inline __attribute__((always_inline)) unsigned int kmalloc_class(size_t size)
{
	if (size <= 8)
		return KMALLOC_8;
	if (size > 64 && size <= 96)
		return KMALLOC_96;
	if (size > 128 && size <= 192)
		return KMALLOC_192;
	size = (size_t)(sizeof(long) * 8) - (size_t)__builtin_clzl(size - 1);	/* power of two that holds it */
	return (unsigned int)(size <= 6 ? size - 3 : size == 7 ? KMALLOC_128 : size - 1);
}

/* The id for a size that is constant. */
static inline __attribute__((always_inline)) unsigned int kmalloc_constant_id(size_t size)
{
	unsigned int class = kmalloc_class(size);

	if (class >= KMALLOC_PAGES_FIRST && size + KMALLOC_TWIN_GAP > PAGE_SIZE << (class - KMALLOC_PAGES_FIRST))
		return KMALLOC_PAGES_ID(class);
	return KMALLOC_ID(KMALLOC_NORMAL, class);
}

/*
 * Flags and size of a request that are constants, as one. The size is for red zones only (slub_debug=ZU); 0 stands for
 * that of the class. Where a register has no room for both it is left out.
 */
static inline __attribute__((always_inline)) unsigned long kmalloc_ask(gfp_t gfp, size_t size)
{
#if __SIZEOF_POINTER__ == 8
	return (__force unsigned int)gfp | size << 32;
#else
	return (void)size, (__force unsigned int)gfp;
#endif
}

MUST_CHECK void *__kmalloc(size_t size, gfp_t gfp);
MUST_CHECK void *__kmalloc_slot(unsigned long slot, unsigned long ask);
MUST_CHECK void *__kmalloc_large(size_t size, gfp_t gfp);

/*
 * kmalloc - size bytes, aligned to 8, to size itself if it is a power of two.
 * Returns ZERO_SIZE_PTR for 0, NULL above KMALLOC_MAX_SIZE or when memory is short.
 */
static inline __attribute__((always_inline)) MUST_CHECK void *kmalloc(size_t size, gfp_t gfp)
{
	if (__builtin_constant_p(size) && size && size <= KMALLOC_MAX_CACHE_SIZE && __builtin_constant_p(gfp) &&
	    !(gfp & KMALLOC_TYPE_FLAGS))
		return __kmalloc_slot(SHEAF_SLOT(kmalloc_constant_id(size)), kmalloc_ask(gfp, size));
	return __kmalloc(size, gfp);
}

static inline MUST_CHECK void *kzalloc(size_t size, gfp_t gfp)
{
	return kmalloc(size, gfp | __GFP_ZERO);
}

/* n * size bytes; NULL without a side effect if that overflows. */
static inline MUST_CHECK void *kmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	if (unlikely(__builtin_mul_overflow(n, size, &bytes)))
		return NULL;
	return __kmalloc(bytes, gfp);
}

static inline MUST_CHECK void *kcalloc(size_t n, size_t size, gfp_t gfp)
{
	return kmalloc_array(n, size, gfp | __GFP_ZERO);
}

MUST_CHECK void *kmalloc_node(size_t size, gfp_t gfp, int node);
MUST_CHECK void *kzalloc_node(size_t size, gfp_t gfp, int node);
MUST_CHECK void *kmalloc_array_node(size_t n, size_t size, gfp_t gfp, int node);
MUST_CHECK void *kcalloc_node(size_t n, size_t size, gfp_t gfp, int node);

/*
 * Keeps min(old, new) bytes. NULL leaves the old object as it was; size 0 frees and gives ZERO_SIZE_PTR. What an object
 * gains reads zero if all calls for it, the first one too, had __GFP_ZERO.
 */
MUST_CHECK void *krealloc(const void *object, size_t size, gfp_t gfp);
MUST_CHECK void *krealloc_array(void *object, size_t n, size_t size, gfp_t gfp);

void kfree(const void *object);			/* NULL, ZERO_SIZE_PTR: nothing */
void kfree_sensitive(const void *object);	/* wipes all of ksize() first */
void kfree_const(const void *object);		/* leaves what is not the machine's alone */
/* Usable bytes; 0 for NULL and ZERO_SIZE_PTR. Red zones that begin before (slub_debug=ZU) end: all is the caller's. */
size_t ksize(const void *object);
size_t __ksize(const void *object);
size_t kmalloc_size_roundup(size_t size);	/* what a kmalloc() of size really gives */

MUST_CHECK char *kstrdup(const char *s, gfp_t gfp);
MUST_CHECK const char *kstrdup_const(const char *s, gfp_t gfp);
MUST_CHECK char *kstrndup(const char *s, size_t max, gfp_t gfp);
MUST_CHECK void *kmemdup(const void *data, size_t size, gfp_t gfp);
MUST_CHECK void *kvmemdup(const void *data, size_t size, gfp_t gfp);
MUST_CHECK char *kmemdup_nul(const char *s, size_t size, gfp_t gfp);
MUST_CHECK char *kasprintf(gfp_t gfp, const char *format, ...);
MUST_CHECK char *kvasprintf(gfp_t gfp, const char *format, va_list args);

/* kmalloc, and if that fails for a size above a page, vmalloc. NULL above INT_MAX. */
MUST_CHECK void *kvmalloc_node(size_t size, gfp_t gfp, int node);
MUST_CHECK void *kvmalloc(size_t size, gfp_t gfp);
MUST_CHECK void *kvzalloc(size_t size, gfp_t gfp);
MUST_CHECK void *kvzalloc_node(size_t size, gfp_t gfp, int node);
MUST_CHECK void *kvmalloc_array(size_t n, size_t size, gfp_t gfp);
MUST_CHECK void *kvcalloc(size_t n, size_t size, gfp_t gfp);
MUST_CHECK void *kvrealloc(const void *object, size_t old_size, size_t size, gfp_t gfp);
void kvfree(const void *address);
void kvfree_sensitive(const void *address, size_t size);

#endif
