/* SPDX-License-Identifier: MIT */
/* malloc.h - what the files of libkmem-malloc.so tell each other. */
#ifndef MALLOC_MALLOC_H
#define MALLOC_MALLOC_H

#include <kmem/kmem.h>
#include <kmem/sized.h>
#include <stddef.h>

#define SMALL_MAX KMEM_SIZED_MOST	/* bytes that come from a cache */
#define MALLOC_GFP (GFP_KERNEL | __GFP_NOWARN | __GFP_RETRY_MAYFAIL)	/* NULL, rather than an OOM report */
#define EXPORT __attribute__((visibility("default")))

/* The caches that are made already. */
extern struct kmem_sizes malloc_sizes;

/* The cache for size bytes, at most SMALL_MAX, at a multiple of align, at most a page. NULL: memory has run out. */
struct kmem_cache *size_class_cache(size_t size, size_t align);

/* The default machine checks its objects: slub_debug=. */
bool malloc_is_debugged(void);

#endif
