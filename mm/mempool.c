/* SPDX-License-Identifier: MIT */
/*
 * mempool.c - a reserve of elements for callers that must make progress.
 *
 *	elements [ e | e | e | . | . ]		min_nr slots, curr_nr taken
 *	                  ^ curr_nr
 *	alloc	the allocator -> the reserve -> the allocator, trying harder -> sleep until a free
 *	free	the reserve, while it is not full -> the allocator
 *
 * True whenever the lock is free; mempool_check() proves each:
 *	E1  0 <= curr_nr <= min_nr
 *	E2  the first curr_nr slots hold elements, none of them twice
 * wait is even; a sleeper makes it odd before it sleeps, and who adds an element then makes it even and wakes all.
 * Lock: the pool's, a spinlock, irqs off; neither the allocator nor the host is called under it.
 */
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/sched.h>
#include "lib/assert.h"
#include "lib/seeded.h"
#include "mm/cpus.h"
#include "mm/mempool.h"
#include "mm/page_alloc.h"
#include "mm/slab_fast.h"

#define SLEEPER 1u
#define LOOK_AGAIN_NS 5000000000ull	/* a sleeper tries the allocator again: others may have freed elsewhere */

static spinlock_t *pool_lock(mempool_t *pool)
{
	_Static_assert(sizeof(spinlock_t) == sizeof(pool->lock), "the pool's lock is a spinlock's word");
	return (spinlock_t *)(void *)&pool->lock;
}

/* Under the lock, or of a pool that is not shared yet. Who frees looks at both without it. */
static void count_change(mempool_t *pool, int change)
{
	__atomic_store_n(&pool->curr_nr, pool->curr_nr + change, __ATOMIC_RELEASE);
}

static void limit_set(mempool_t *pool, int nr)
{
	__atomic_store_n(&pool->min_nr, nr, __ATOMIC_RELAXED);
}

/* An element of the reserve, or NULL. Then, if seen is not NULL, the caller is a sleeper on *seen. */
static void *take(mempool_t *pool, u32 *seen)
{
	void *element = NULL;
	unsigned long flags;

	spin_lock_irqsave(pool_lock(pool), flags);
	assert(pool->curr_nr >= 0 && pool->curr_nr <= pool->min_nr);
	if (pool->curr_nr) {
		element = pool->elements[pool->curr_nr - 1];
		count_change(pool, -1);
	} else if (seen) {
		*seen = __atomic_or_fetch(&pool->wait, SLEEPER, __ATOMIC_RELAXED);
	}
	spin_unlock_irqrestore(pool_lock(pool), flags);
	return element;
}

/* Put an element into the reserve. False: it is full. */
static bool put(mempool_t *pool, void *element)
{
	unsigned long flags;
	bool has_room, wake = false;

	spin_lock_irqsave(pool_lock(pool), flags);
	has_room = pool->curr_nr < pool->min_nr;
	if (has_room) {
		pool->elements[pool->curr_nr] = element;
		count_change(pool, 1);
		wake = __atomic_load_n(&pool->wait, __ATOMIC_RELAXED) & SLEEPER;
		if (wake && !SEEDED(MEMPOOL))
			__atomic_fetch_add(&pool->wait, 1, __ATOMIC_RELEASE);
	}
	spin_unlock_irqrestore(pool_lock(pool), flags);
	if (wake)
		host_wake(&pool->wait, INT_MAX);
	return has_room;
}

/* ------------------------------------------------------------------------------------------------ coming, going */

static int pool_fill(mempool_t *pool, int nr, gfp_t gfp, int node)
{
	pool->elements = kmalloc_array_node((size_t)(nr ? nr : 1), sizeof(void *), gfp, node);
	if (!pool->elements)
		return -ENOMEM;
	limit_set(pool, nr);
	while (pool->curr_nr < nr) {
		void *element = pool->alloc(gfp, pool->pool_data);

		if (!element) {
			mempool_exit(pool);
			return -ENOMEM;
		}
		pool->elements[pool->curr_nr] = element;
		count_change(pool, 1);
	}
	return 0;
}

static int pool_init(mempool_t *pool, int nr, mempool_alloc_t *alloc, mempool_free_t *free, void *data, gfp_t gfp,
		     int node)
{
	*pool = (mempool_t){ .pool_data = data, .alloc = alloc, .free = free };
	if (WARN_ON_ONCE(nr < 0))
		return -EINVAL;
	return pool_fill(pool, nr, gfp, node);
}

int mempool_init(mempool_t *pool, int min_nr, mempool_alloc_t *alloc, mempool_free_t *free, void *pool_data)
{
	return pool_init(pool, min_nr, alloc, free, pool_data, GFP_KERNEL, NUMA_NO_NODE);
}

mempool_t *mempool_create_node(int min_nr, mempool_alloc_t *alloc, mempool_free_t *free, void *pool_data, gfp_t gfp,
			       int node)
{
	mempool_t *pool = kzalloc_node(sizeof(*pool), gfp, node);

	if (!pool)
		return NULL;
	if (!pool_init(pool, min_nr, alloc, free, pool_data, gfp, node))
		return pool;
	kfree(pool);
	return NULL;
}

mempool_t *mempool_create(int min_nr, mempool_alloc_t *alloc, mempool_free_t *free, void *pool_data)
{
	return mempool_create_node(min_nr, alloc, free, pool_data, GFP_KERNEL, NUMA_NO_NODE);
}

bool mempool_initialized(mempool_t *pool)
{
	return pool->elements != NULL;
}

void mempool_exit(mempool_t *pool)
{
	void *element;

	if (!mempool_initialized(pool))
		return;
	while ((element = take(pool, NULL)))
		pool->free(element, pool->pool_data);
	kfree(pool->elements);
	pool->elements = NULL;
	limit_set(pool, 0);
}

void mempool_destroy(mempool_t *pool)
{
	if (!pool)
		return;
	mempool_exit(pool);
	kfree(pool);
}

/* ------------------------------------------------------------------------------------------------------ resizing */

/* Lower the reserve: what is too much goes to the allocator. */
static void pool_shrink(mempool_t *pool, int nr)
{
	unsigned long flags;
	void *element;

	do {
		element = NULL;
		spin_lock_irqsave(pool_lock(pool), flags);
		if (pool->curr_nr > nr) {
			element = pool->elements[pool->curr_nr - 1];
			count_change(pool, -1);
		} else {
			limit_set(pool, nr);
		}
		spin_unlock_irqrestore(pool_lock(pool), flags);
		if (element)
			pool->free(element, pool->pool_data);
	} while (element);
}

/* Use slots, whose places from first on hold nr new elements, as the reserve. Returns the old slots. */
static void **pool_move(mempool_t *pool, void **slots, int first, int nr)
{
	void **old = pool->elements;
	unsigned long flags;

	spin_lock_irqsave(pool_lock(pool), flags);
	for (int i = 0; i < pool->curr_nr; i++)
		slots[i] = old[i];
	pool->elements = slots;
	for (int i = 0; i < nr; i++) {
		slots[pool->curr_nr] = slots[first + i];
		count_change(pool, 1);
	}
	limit_set(pool, first + nr);
	if (__atomic_load_n(&pool->wait, __ATOMIC_RELAXED) & SLEEPER)
		__atomic_fetch_add(&pool->wait, 1, __ATOMIC_RELEASE);
	spin_unlock_irqrestore(pool_lock(pool), flags);
	host_wake(&pool->wait, INT_MAX);
	return old;
}

/* Everything new is there before the pool is touched. */
static int pool_grow(mempool_t *pool, int nr)
{
	int old_nr = pool->min_nr, have;
	void **slots = kmalloc_array((size_t)nr, sizeof(void *), GFP_KERNEL);

	if (!slots)
		return -ENOMEM;
	for (have = old_nr; have < nr; have++) {
		slots[have] = pool->alloc(GFP_KERNEL, pool->pool_data);
		if (!slots[have])
			goto give_back;
	}
	kfree(pool_move(pool, slots, old_nr, nr - old_nr));
	return 0;
give_back:
	while (have-- > old_nr)
		pool->free(slots[have], pool->pool_data);
	kfree(slots);
	return -ENOMEM;
}

/* One resize at a time: the caller's duty. */
int mempool_resize(mempool_t *pool, int new_min_nr)
{
	might_sleep();
	if (WARN_ON_ONCE(new_min_nr <= 0))
		return -EINVAL;
	if (new_min_nr > pool->min_nr)
		return pool_grow(pool, new_min_nr);
	pool_shrink(pool, new_min_nr);
	return 0;
}

/* ----------------------------------------------------------------------------------------------------- elements */

/* The allocator has nothing to spare: the reserve, then the allocator with all that the caller allows, then sleep. */
static noinline void *alloc_slowly(mempool_t *pool, gfp_t gfp)
{
	bool may_sleep = gfp & __GFP_DIRECT_RECLAIM;
	void *element = take(pool, NULL);

	for (u32 seen = 0; !element && may_sleep;) {
		element = pool->alloc(gfp, pool->pool_data);
		if (!element)
			element = take(pool, &seen);
		if (element)
			break;
		cpu_release_to_sleep();		/* who frees may need it */
		host_wait(&pool->wait, seen, LOOK_AGAIN_NS);
	}
	return element;
}

/* As the kernel's: there is a reserve, so do not dig into the machine's, do not try for ever, do not complain. */
static noinline void *alloc_ordinarily(mempool_t *pool, gfp_t gfp)
{
	void *element;

	WARN_ON_ONCE(gfp & __GFP_ZERO);
	might_sleep_if(gfp & __GFP_DIRECT_RECLAIM);
	gfp = (gfp | __GFP_NOMEMALLOC | __GFP_NORETRY | __GFP_NOWARN) & ~__GFP_ZERO;
	element = pool->alloc(gfp & ~(__GFP_DIRECT_RECLAIM | __GFP_IO), pool->pool_data);
	return likely(element) ? element : alloc_slowly(pool, gfp);
}

/* What this CPU has at hand of such objects as the pool's usual allocators give; the reserve does not matter then. */
KMEM_FAST void *mempool_alloc(mempool_t *pool, gfp_t gfp)
{
	size_t size = (size_t)pool->pool_data;
	void *element = NULL;

	if (pool->alloc == mempool_kmalloc) {
		if (likely(size <= KMALLOC_MAX_CACHE_SIZE))
			element = kmalloc_pop(cpu_here(), size, gfp);
	} else if (pool->alloc == mempool_alloc_slab) {
		element = cache_pop(cpu_here(), pool->pool_data, gfp);
	}
	return likely(element) ? element : alloc_ordinarily(pool, gfp);
}

/* Who sees a full reserve knows that no sleeper waits for this element: those who empty it after that free more. */
static __always_inline bool reserve_is_full(const mempool_t *pool)
{
	return __atomic_load_n(&pool->curr_nr, __ATOMIC_ACQUIRE) >= __atomic_load_n(&pool->min_nr, __ATOMIC_RELAXED);
}

static noinline void free_ordinarily(void *element, mempool_t *pool)
{
	if (element && (reserve_is_full(pool) || !put(pool, element)))
		pool->free(element, pool->pool_data);
}

KMEM_FAST void mempool_free(void *element, mempool_t *pool)
{
	here_cpu *cpu = cpu_here();
	bool is_free = false;

	if (likely(element == last_object(cpu) && reserve_is_full(pool))) {
		if (pool->free == mempool_kfree)
			is_free = set_aside(cpu->last_slot, element, 0);
		else if (pool->free == mempool_free_slab)
			is_free = cache_set_aside(cpu, pool->pool_data, element);
	}
	if (unlikely(!is_free))
		free_ordinarily(element, pool);
}

bool mempool_check(mempool_t *pool, struct kmem_fault *fault)
{
	if (pool->curr_nr < 0 || pool->curr_nr > pool->min_nr)
		return fault_at(fault, "E1", "pool %p: %d of %d", pool, pool->curr_nr, pool->min_nr);
	for (int i = 0; i < pool->curr_nr; i++) {
		for (int j = 0; j < i; j++) {
			if (pool->elements[i] == pool->elements[j])
				return fault_at(fault, "E2", "pool %p: elements %d and %d", pool, j, i);
		}
		if (!pool->elements[i])
			return fault_at(fault, "E2", "pool %p: element %d is NULL", pool, i);
	}
	return true;
}

/* -------------------------------------------------------------------------------------------- usual allocators */

void *mempool_alloc_slab(gfp_t gfp, void *pool_data)
{
	return kmem_cache_alloc(pool_data, gfp);
}

void mempool_free_slab(void *element, void *pool_data)
{
	kmem_cache_free(pool_data, element);
}

void *mempool_kmalloc(gfp_t gfp, void *pool_data)
{
	return kmalloc((size_t)pool_data, gfp);
}

void mempool_kfree(void *element, void *pool_data)
{
	(void)pool_data;
	kfree(element);
}

void *mempool_alloc_pages(gfp_t gfp, void *pool_data)
{
	return alloc_pages(gfp, (unsigned int)(long)pool_data);
}

void mempool_free_pages(void *element, void *pool_data)
{
	__free_pages(element, (unsigned int)(long)pool_data);
}
