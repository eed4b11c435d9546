/* SPDX-License-Identifier: MIT */
/*
 * test_slab_sized.c - objects by size from a caller's own caches: what is at hand is given, all else is asked for.
 */
#include <kmem/sized.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include "mm/cpus.h"
#include "tests/slab_machine.h"

static struct kmem_cache *cache;
static unsigned int nr_odd;
static size_t odd_size;

static void *odd_alloc(size_t size)
{
	nr_odd++;
	odd_size = size;
	return size <= 48 ? kmem_cache_alloc(cache, GFP_ATOMIC) : NULL;
}

static struct kmem_sizes sizes;

static void construct(void *object)
{
	*(char *)object = 'c';
}

static bool sized_start(struct ktap *t, void (*ctor)(void *object))
{
	if (!slab_machine(t, "mem=64M nr_cpus=1"))
		return false;
	sizes = (struct kmem_sizes){ .odd = odd_alloc };
	nr_odd = 0;
	cache = kmem_cache_create("sized", 48, 16, SLAB_NO_MERGE, ctor);
	for (size_t size = 48; cache && size > 32; size--)
		kmem_sizes_set(&sizes, size, cache);
	return cache != NULL;
}

static void what_is_at_hand_is_given(struct ktap *t)
{
	void *first, *second;

	ASSERT(t, sized_start(t, NULL));
	first = kmem_sized_alloc(33, &sizes);
	EXPECT(t, first && nr_odd == 1 && odd_size == 33);	/* there was no sheaf yet */
	second = kmem_sized_alloc(48, &sizes);
	EXPECT(t, second && second != first && nr_odd == 1);
	EXPECT_EQ(t, ksize(second), 48);
	kfree(second);
	EXPECT(t, kmem_sized_alloc(40, &sizes) == second);	/* the newest, which stood aside */
	EXPECT_EQ(t, *(unsigned long *)second, 0);
	kfree(first);
	EXPECT(t, kmem_sized_alloc(40, &sizes) == first);
	EXPECT_EQ(t, nr_odd, 1);
	EXPECT_EQ(t, cache_live_objects(cache), 2);
	kfree(first);
	kfree(second);
	kmem_cache_destroy(cache);
}

/* As kmalloc() does, for who has caches of his own. */
static void what_was_not_asked_for_is_zone(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M slub_debug=FZPU");
	struct kmem_cache *cache = kmem_cache_create("sized", 48, 0, SLAB_KMALLOC | SLAB_NO_MERGE, NULL);
	char *object;

	ASSERT(t, m && cache);
	object = kmem_sized_from(cache, GFP_KERNEL, 33);
	ASSERT_NOT_NULL(t, object);
	OPTIMIZER_HIDE_VAR(object);
	memset(object, 1, 33);
	kfree(object);
	object = kmem_sized_from(cache, GFP_KERNEL | __GFP_ZERO, 0);
	ASSERT_NOT_NULL(t, object);
	OPTIMIZER_HIDE_VAR(object);
	memset(object, 1, 48);
	kfree(object);
	EXPECT_EQ(t, console_count("BUG "), 0);
	object = kmem_sized_from(cache, GFP_KERNEL, 33);
	ASSERT_NOT_NULL(t, object);
	OPTIMIZER_HIDE_VAR(object);
	object[33] = 1;
	kfree(object);
	EXPECT_EQ(t, console_count("kmalloc Redzone overwritten"), 1);
	kfree(object);
	kmem_cache_destroy(cache);
}

static void all_else_is_asked_for(struct ktap *t)
{
	void *object, *other;

	ASSERT(t, sized_start(t, NULL));
	kfree(kmem_sized_alloc(48, &sizes));
	EXPECT_EQ(t, nr_odd, 1);
	EXPECT_NULL(t, kmem_sized_alloc(49, &sizes));		/* no cache */
	EXPECT_NULL(t, kmem_sized_alloc(KMEM_SIZED_MOST, &sizes));
	EXPECT_NULL(t, kmem_sized_alloc(KMEM_SIZED_MOST + 1, &sizes));
	EXPECT_NULL(t, kmem_sized_alloc(~0ul, &sizes));
	EXPECT_EQ(t, nr_odd, 5);
	EXPECT(t, odd_size == ~0ul);
	preempt_disable();					/* where nobody may sleep */
	object = kmem_sized_alloc(48, &sizes);
	preempt_enable();
	EXPECT(t, object && nr_odd == 6);
	cpu_release();
	other = kmem_sized_alloc(48, &sizes);			/* without a CPU */
	EXPECT(t, other && nr_odd == 7);
	kfree(object);
	kfree(other);
	kmem_cache_destroy(cache);
}

static void an_object_that_is_written_to_is_not(struct ktap *t)
{
	unsigned long *object, *other;

	ASSERT(t, sized_start(t, NULL));
	object = kmem_sized_alloc(48, &sizes);
	kfree(object);
	*object = 1;
	other = kmem_sized_alloc(48, &sizes);
	EXPECT(t, other && other != object && nr_odd == 2);
	EXPECT_EQ(t, console_count("BUG sized"), 1);
	kfree(other);
	slab_leaks_expected.slab_objects = 1;
	slab_leaks_expected.slab_caches = 1;
}

static void caches_that_mark_elsewhere_are_asked(struct ktap *t)
{
	ASSERT(t, sized_start(t, construct));
	for (unsigned int i = 0; i < 3; i++) {
		void *object = kmem_sized_alloc(48, &sizes);

		EXPECT(t, object && *(char *)object == 'c' && nr_odd == i + 1);
		kmem_cache_free(cache, object);
	}
	kmem_cache_destroy(cache);
}

static void a_slot_knows_how_large_its_objects_are(struct ktap *t)
{
	char *object, *large;

	ASSERT(t, sized_start(t, NULL));
	object = kmem_sized_alloc(33, &sizes);
	large = kmalloc(2 * KMALLOC_MAX_CACHE_SIZE, GFP_KERNEL);
	ASSERT(t, object && large);
	EXPECT_EQ(t, kmem_sized_bytes(object), 48);
	EXPECT_EQ(t, kmem_sized_bytes(object + 16), 0);		/* no object starts there */
	EXPECT_EQ(t, kmem_sized_bytes(large), 0);		/* nor is one of a cache there */
	EXPECT_EQ(t, kmem_sized_bytes(NULL), 0);
	EXPECT_EQ(t, kmem_sized_bytes(&sizes), 0);
	cpu_release();
	EXPECT_EQ(t, kmem_sized_bytes(object), 0);		/* there is no slot to ask */
	kfree(large);
	kfree(object);
	kmem_cache_shrink(cache);
	object = kmem_cache_alloc_node(cache, GFP_KERNEL, 0);	/* nor a stack that would take it back */
	kmem_cache_shrink(cache);
	EXPECT_EQ(t, kmem_sized_bytes(object), 0);
	kfree(object);
	kmem_cache_destroy(cache);
}

KTAP_SUITE(slab_sized, KTAP_CASE(what_is_at_hand_is_given), KTAP_CASE(a_slot_knows_how_large_its_objects_are),
	   KTAP_CASE(what_was_not_asked_for_is_zone),
	   KTAP_CASE(all_else_is_asked_for), KTAP_CASE(an_object_that_is_written_to_is_not),
	   KTAP_CASE(caches_that_mark_elsewhere_are_asked));
