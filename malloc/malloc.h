/* SPDX-License-Identifier: MIT */
/* malloc.h - what the files of libkmem-malloc.so tell each other. */
#ifndef MALLOC_MALLOC_H
#define MALLOC_MALLOC_H

#include <kmem/kmem.h>
#include <stddef.h>

#define SMALL_MAX 8192u			/* bytes that come from a cache */
#define MALLOC_GFP (GFP_KERNEL | __GFP_NOWARN | __GFP_RETRY_MAYFAIL)	/* NULL, rather than an OOM report */
#define EXPORT __attribute__((visibility("default")))

/* The caches by sixteenths of the size, rounded up; NULL: size_class_cache() knows. */
extern struct kmem_cache *size_caches[SMALL_MAX / 16 + 1];		/* atomic */

static inline struct kmem_cache *size_cache(size_t size)
{
	return __atomic_load_n(&size_caches[(size + 15) / 16], __ATOMIC_ACQUIRE);
}

/* The cache for size bytes, at most SMALL_MAX, at a multiple of align, at most a page. NULL: memory has run out. */
struct kmem_cache *size_class_cache(size_t size, size_t align);

/* The default machine checks its objects: slub_debug=. */
bool malloc_is_debugged(void);

#endif
