/* SPDX-License-Identifier: MIT */
/*
 * mempool.h - a reserve that makes progress certain: min_nr elements are kept back for when the
 * allocator behind the pool has nothing.
 * Source: core-api/mm-api.rst ("Memory pools").
 */
#ifndef KMEM_MEMPOOL_H
#define KMEM_MEMPOOL_H

#include <kmem/gfp.h>

struct kmem_cache;
typedef struct mempool_s mempool_t;
typedef void *(mempool_alloc_t)(gfp_t gfp, void *pool_data);
typedef void(mempool_free_t)(void *element, void *pool_data);

struct mempool_s {
	u32 lock;		/* protects the next three; a spinlock_t's word */
	int min_nr;		/* elements the reserve should hold */
	int curr_nr;		/* elements it holds */
	void **elements;
	void *pool_data;
	mempool_alloc_t *alloc;
	mempool_free_t *free;
	u32 wait;		/* changes when an element comes back: what sleepers watch */
};

/* A pool with its reserve filled, or NULL. May sleep. */
MUST_CHECK mempool_t *mempool_create(int min_nr, mempool_alloc_t *alloc, mempool_free_t *free, void *pool_data);
MUST_CHECK mempool_t *mempool_create_node(int min_nr, mempool_alloc_t *alloc, mempool_free_t *free, void *pool_data,
					  gfp_t gfp, int node);
int mempool_init(mempool_t *pool, int min_nr, mempool_alloc_t *alloc, mempool_free_t *free, void *pool_data);
void mempool_exit(mempool_t *pool);
void mempool_destroy(mempool_t *pool);		/* NULL: nothing */
bool mempool_initialized(mempool_t *pool);
/* Change the reserve. 0, or -ENOMEM (the reserve is as before). May sleep. */
int mempool_resize(mempool_t *pool, int new_min_nr);
/*
 * An element: from the allocator, else from the reserve; with __GFP_DIRECT_RECLAIM it then sleeps until one
 * is freed and never returns NULL. __GFP_ZERO is not allowed.
 */
MUST_CHECK void *mempool_alloc(mempool_t *pool, gfp_t gfp);
/* Give an element back: the reserve is refilled first. NULL: nothing. Any context. */
void mempool_free(void *element, mempool_t *pool);

void *mempool_alloc_slab(gfp_t gfp, void *pool_data);		/* pool_data: the kmem_cache */
void mempool_free_slab(void *element, void *pool_data);
void *mempool_kmalloc(gfp_t gfp, void *pool_data);		/* pool_data: the size */
void mempool_kfree(void *element, void *pool_data);
void *mempool_alloc_pages(gfp_t gfp, void *pool_data);		/* pool_data: the order */
void mempool_free_pages(void *element, void *pool_data);

#define mempool_create_slab_pool(min_nr, cache) \
	mempool_create((min_nr), mempool_alloc_slab, mempool_free_slab, (void *)(cache))
#define mempool_init_slab_pool(pool, min_nr, cache) \
	mempool_init((pool), (min_nr), mempool_alloc_slab, mempool_free_slab, (void *)(cache))
#define mempool_create_kmalloc_pool(min_nr, size) \
	mempool_create((min_nr), mempool_kmalloc, mempool_kfree, (void *)(size_t)(size))
#define mempool_init_kmalloc_pool(pool, min_nr, size) \
	mempool_init((pool), (min_nr), mempool_kmalloc, mempool_kfree, (void *)(size_t)(size))
#define mempool_create_page_pool(min_nr, order) \
	mempool_create((min_nr), mempool_alloc_pages, mempool_free_pages, (void *)(long)(order))
#define mempool_init_page_pool(pool, min_nr, order) \
	mempool_init((pool), (min_nr), mempool_alloc_pages, mempool_free_pages, (void *)(long)(order))

#endif
