/* SPDX-License-Identifier: MIT */
/*
 * test_slab_starts.c - what a fast free takes for an object's start, against a division, of every byte of a slab.
 */
#include "tests/ktap.h"

#include <linux/kernel.h>
#include <linux/preempt.h>
#include "mm/slab_fast.h"
#include "tests/slab_machine.h"

#define STEP 8u
#define LARGE_STEP 1000u

/* Places in the slab of one of its objects at which the fast path and the division differ. */
static unsigned long differences(struct kmem_cache *cache, const void *object)
{
	const char *start = slab_address(slab_of(object));
	unsigned long bytes = PAGE_SIZE << cache->order, nr = 0;
	here_slot *slot;

	preempt_disable();
	slot = slot_here(this_cpu(), &this_cpu()->sheaves[cache->id]);
	for (unsigned long at = 0; at < bytes; at++)
		nr += starts_object(slot, start + at) != (at % cache->size == 0 && at / cache->size < cache->objects);
	preempt_enable();
	return nr;
}

static bool are_told(struct ktap *t, struct kmem_cache *cache)
{
	void *object = cache ? kmem_cache_alloc(cache, GFP_KERNEL) : NULL;
	unsigned long nr = object ? differences(cache, object) : 0;

	if (!EXPECT_NOT_NULL(t, object))
		return false;
	if (!EXPECT_EQ(t, nr, 0))
		ktap_note(t, "%u objects of %u bytes", cache->objects, cache->size);
	kmem_cache_free(cache, object);
	return !nr;
}

static void of_each_class(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=1");

	ASSERT_NOT_NULL(t, m);
	for (u32 id = KMALLOC_ID(KMALLOC_NORMAL, 0); id < KMALLOC_LARGE_ID(KMALLOC_LARGE_FIRST); id++)
		if (!are_told(t, m->cache_by_id[id]))
			break;
}

/* All small sizes, and large ones up to the largest that CPUs keep. */
static void of_each_size(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=1");
	bool good = true;

	ASSERT_NOT_NULL(t, m);
	for (unsigned int size = STEP; good && size < SHEAF_INIT; size += size < 1024 ? STEP : LARGE_STEP) {
		struct kmem_cache *cache = kmem_cache_create("of a size", size, 0, SLAB_NO_MERGE, NULL);

		good = are_told(t, cache);
		kmem_cache_destroy(cache);
	}
}

KTAP_SUITE(slab_starts, KTAP_CASE(of_each_class), KTAP_CASE(of_each_size));
