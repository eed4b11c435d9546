/* SPDX-License-Identifier: MIT */
/*
 * size_class.c - the sizes that malloc() hands out, finer than kmalloc's.
 *
 *	16 32 48 ... 128	steps of 16
 *	144 160 ... 256 288 ...	eight steps each time the size doubles: a ninth of waste at most
 *	1088 1168 1248 ...	from 1 KiB on those of which 15, 14 ... 8 fill a slab
 *	9360 10912 13104 16384	of which 7, 6, 5, 4 do; above: whole pages
 *
 * A machine that checks its objects has steps of 16 up to 1024, so that red zones begin at most 15 bytes behind what
 * the program asked for.
 *
 * A class is a cache, made when it is wanted often: who wants a few objects of a size, as small programs do of many,
 * gets those of a class above that is there already. Objects are aligned to the largest power of two that divides the
 * size. What a CPU keeps of a class is less than kmalloc() has of its own, as there are more classes, each of which few
 * threads use at a time.
 *
 * Lock: none. Two threads may make the same cache; one of them destroys its own.
 */
#include <kmem/format.h>
#include "malloc/malloc.h"

#define STEPS 8u			/* classes each time that the size doubles */
#define LAST_STEPS 4u			/* the last time: 4 to 7 fill 64 KiB, up to which kfree() is fast */
#define FILL_ORDER 10u			/* from 2^this on they are what fills a slab */
#define LAST_ORDER 13u			/* from 2^this on it is the last time */
#define CLASSES (1024 / 16 + (LAST_ORDER - 10) * STEPS + LAST_STEPS)
#define FEW_BYTES 4096u			/* of a class, that another one serves before it is made */
#define FEW_OBJECTS 2u			/* the same, if they are large */

static struct kmem_cache *caches[CLASSES];	/* atomic */
static unsigned int wanted[CLASSES];		/* atomic; how often, before it was made */

_Static_assert(2u << LAST_ORDER == SMALL_MAX, "the last doubling ends there");
_Static_assert((size_t)LAST_STEPS << (LAST_ORDER + 1) == 64u << 10, "a slab of 64 KiB");

/* Up to 2^this the steps are of 16. */
static inline unsigned int linear_order(void)
{
	return malloc_is_debugged() ? 10 : 7;
}

static inline unsigned int steps_from(unsigned int doubling)
{
	return doubling < LAST_ORDER ? STEPS : LAST_STEPS;
}

/* So many bytes hold 8 to 15 objects, at last 4 to 7, of the sizes from 2^doubling on to 2^(doubling + 1). */
static inline size_t slab_to_fill(unsigned int doubling)
{
	return (size_t)steps_from(doubling) << (doubling + 1);
}

/* Which of the classes from 2^doubling on is it? */
static inline unsigned int step_of(size_t size, unsigned int doubling)
{
	if (doubling < FILL_ORDER)
		return (unsigned int)((size - 1) * STEPS >> doubling) - STEPS;
	return (unsigned int)(2 * steps_from(doubling) - 1 - slab_to_fill(doubling) / ((size + 15) & ~15ul));
}

static unsigned int class_of(size_t size)
{
	unsigned int linear = linear_order(), doubling;

	if (size <= 1ul << linear)
		return size ? (unsigned int)(size - 1) / 16 : 0;
	doubling = (unsigned int)(sizeof(long) * 8 - 1) - (unsigned int)__builtin_clzl(size - 1);
	return (1u << linear) / 16 + (doubling - linear) * STEPS + step_of(size, doubling);
}

static unsigned int class_size(unsigned int class)
{
	unsigned int linear = linear_order(), nr_linear = (1u << linear) / 16, doubling, step;

	if (class < nr_linear)
		return (class + 1) * 16;
	doubling = linear + (class - nr_linear) / STEPS;
	step = (class - nr_linear) % STEPS;
	if (doubling < FILL_ORDER)
		return (1u << doubling) / STEPS * (STEPS + 1 + step);
	return (unsigned int)(slab_to_fill(doubling) / (2 * steps_from(doubling) - 1 - step)) & ~15u;
}

/* What a sheaf of 1024, 256 or 128 bytes holds. */
static unsigned int sheaf_objects(unsigned int size)
{
	return size <= 128 ? 125 : size <= 2048 ? 29 : 13;
}

static struct kmem_cache *class_make(unsigned int class)
{
	unsigned int size = class_size(class);
	struct kmem_cache_args args = { .align = size & -size, .sheaf_capacity = sheaf_objects(size) };
	struct kmem_cache *cache, *others = NULL;
	slab_flags_t sized = malloc_is_debugged() ? SLAB_KMALLOC : 0;
	char name[32];

	kmem_snprintf(name, sizeof(name), "malloc-%u", size);
	cache = kmem_cache_create_args(name, size, &args, SLAB_NO_MERGE | sized);
	if (cache && !__atomic_compare_exchange_n(&caches[class], &others, cache, false, __ATOMIC_ACQ_REL,
						  __ATOMIC_ACQUIRE)) {
		kmem_cache_destroy(cache);
		return others;
	}
	return cache;
}

/* A class not much above that is there already, for who wants this one seldom; or NULL. */
static struct kmem_cache *stand_in(unsigned int class, size_t align)
{
	unsigned int size = class_size(class), few = FEW_BYTES / size, last = class_of(SMALL_MAX);

	if (malloc_is_debugged())
		return NULL;
	if (__atomic_fetch_add(&wanted[class], 1, __ATOMIC_RELAXED) >= (few > FEW_OBJECTS ? few : FEW_OBJECTS))
		return NULL;
	for (unsigned int other = class + 1; other <= last && class_size(other) <= size + size / 2; other++) {
		struct kmem_cache *cache = __atomic_load_n(&caches[other], __ATOMIC_ACQUIRE);

		if (cache && !(class_size(other) % align))
			return cache;
	}
	return NULL;
}

struct kmem_cache *size_class_cache(size_t size, size_t align)
{
	unsigned int class = class_of(size);
	struct kmem_cache *cache;

	while (class_size(class) % align)
		class++;
	cache = __atomic_load_n(&caches[class], __ATOMIC_ACQUIRE);
	if (!cache) {
		cache = stand_in(class, align);
		if (cache)
			return cache;
		cache = class_make(class);
	}
	if (cache && align <= 16)
		kmem_sizes_set(&malloc_sizes, size, cache);
	return cache;
}
