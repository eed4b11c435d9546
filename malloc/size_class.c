/* SPDX-License-Identifier: MIT */
/*
 * size_class.c - the sizes that malloc() hands out, finer than kmalloc's.
 *
 *	16 32 48 ... 128	steps of 16
 *	160 192 224 256 ...	four steps each time the size doubles: a fifth of waste at most
 *	1088 1168 1248 ...	from 1 KiB on eight, of which 15, 14 ... 8 fill a slab: a ninth of waste at most
 *	8192			above: whole pages
 *
 * A machine that checks its objects has steps of 16 up to 1024, so that red zones begin at most 15 bytes behind what
 * the program asked for.
 *
 * A class is a cache, made when it is first wanted; where kmalloc has the same size it is kmalloc's, by merging. Its
 * objects are aligned to the largest power of two that divides the size.
 *
 * Lock: none. Two threads may make the same cache; they get one, by merging, or one of them uses it a little.
 */
#include <stdio.h>
#include "malloc/malloc.h"

#define STEPS 4u			/* classes each time that the size doubles */
#define FINE_ORDER 10u			/* from 2^this on twice as many */
#define FINE_STEPS 8u
#define CLASSES (1024 / 16 + 3 * FINE_STEPS)

static struct kmem_cache *caches[CLASSES];	/* atomic */
struct kmem_cache *size_caches[SMALL_MAX / 16 + 1];

_Static_assert(1024 << 3 == SMALL_MAX, "three doublings");

/* Up to 2^this the steps are of 16. */
static unsigned int linear_order(void)
{
	return malloc_is_debugged() ? 10 : 7;
}

static unsigned int steps_of(unsigned int doubling)
{
	return doubling < FINE_ORDER ? STEPS : FINE_STEPS;
}

/* So many bytes hold 8 to 15 objects of the sizes from 2^doubling on to 2^(doubling + 1). */
static size_t fine_slab(unsigned int doubling)
{
	return (size_t)FINE_STEPS << (doubling + 1);
}

/* Which of the classes from 2^doubling on is it? */
static unsigned int step_of(size_t size, unsigned int doubling)
{
	if (doubling < FINE_ORDER)
		return (unsigned int)((size - 1 - (1ul << doubling)) / ((1ul << doubling) / STEPS));
	return (unsigned int)(2 * FINE_STEPS - 1 - fine_slab(doubling) / ((size + 15) & ~15ul));
}

static unsigned int class_of(size_t size)
{
	unsigned int linear = linear_order(), doubling, class = (1u << linear) / 16;

	if (size <= 1ul << linear)
		return size ? (unsigned int)(size - 1) / 16 : 0;
	for (doubling = linear; size > 2ul << doubling; doubling++)
		class += steps_of(doubling);
	return class + step_of(size, doubling);
}

static unsigned int class_size(unsigned int class)
{
	unsigned int linear = linear_order(), nr_linear = (1u << linear) / 16, doubling = linear;

	if (class < nr_linear)
		return (class + 1) * 16;
	for (class -= nr_linear; class >= steps_of(doubling); doubling++)
		class -= steps_of(doubling);
	if (doubling < FINE_ORDER)
		return (1u << doubling) / STEPS * (STEPS + 1 + class);
	return (unsigned int)(fine_slab(doubling) / (2 * FINE_STEPS - 1 - class)) & ~15u;
}

static struct kmem_cache *class_make(unsigned int class)
{
	unsigned int size = class_size(class);
	struct kmem_cache *cache;
	char name[32];

	snprintf(name, sizeof(name), "malloc-%u", size);
	cache = kmem_cache_create(name, size, size & -size, 0, NULL);
	__atomic_store_n(&caches[class], cache, __ATOMIC_RELEASE);
	return cache;
}

struct kmem_cache *size_class_cache(size_t size, size_t align)
{
	unsigned int class = class_of(size);
	struct kmem_cache *cache;

	while (class_size(class) % align)
		class++;
	cache = __atomic_load_n(&caches[class], __ATOMIC_ACQUIRE);
	if (!cache)
		cache = class_make(class);
	if (align <= 16)
		__atomic_store_n(&size_caches[(size + 15) / 16], cache, __ATOMIC_RELEASE);
	return cache;
}
