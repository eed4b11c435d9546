/* SPDX-License-Identifier: MIT */
/* test_other_machine.c - crime: objects and caches of one machine are used on another. */
#include "tests/slab_machine.h"

/* Two machines; the caller is on b, within a. */
struct two {
	struct machine *a, *b;
	struct kmem_cache *cache_a, *cache_b;
	void *object_a, *object_b;
};

static bool two_make(struct ktap *t, struct two *two)
{
	two->a = slab_machine(t, "mem=64M");
	if (!two->a)
		return false;
	two->cache_a = kmem_cache_create("of_a", 72, 0, SLAB_NO_MERGE, NULL);
	two->object_a = kmalloc(100, GFP_KERNEL);
	memset(two->object_a, 0xa1, 100);
	two->b = slab_machine(t, "mem=64M");
	if (!two->b)
		return false;
	two->cache_b = kmem_cache_create("of_b", 1000, 0, SLAB_NO_MERGE, NULL);
	two->object_b = kmem_cache_alloc(two->cache_b, GFP_KERNEL);
	memset(two->object_b, 0xb1, 1000);
	return two->cache_a->id == two->cache_b->id;
}

/* Back to a, whose objects are then freed where they are from. */
static void two_end(struct ktap *t, struct two *two)
{
	EXPECT(t, bytes_are_all(two->object_a, 0xa1, 100));
	EXPECT(t, bytes_are_all(two->object_b, 0xb1, 1000));
	machine_still_works(t, two->b, 100, NULL, 0);
	kmem_cache_free(two->cache_b, two->object_b);
	kmem_cache_destroy(two->cache_b);
	machine_enter(two->a);
	kfree(two->object_a);
	kmem_cache_destroy(two->cache_a);
	machine_still_works(t, two->a, 100, NULL, 0);
	machine_leave();
}

static void kfree_of_another_machines_object(struct ktap *t)
{
	struct two two;

	ASSERT(t, two_make(t, &two));
	kfree(two.object_a);
	EXPECT_EQ(t, console_count("\nobject pointer: 0x"), 1);
	kmem_cache_free(two.cache_b, two.object_a);
	EXPECT_EQ(t, console_count("\nobject pointer: 0x"), 2);
	two_end(t, &two);
	EXPECT_EQ(t, console_count("cut here"), 2);
}

/* Two caches with one id: nothing of the one may come out of the other. */
static void another_machines_cache_is_refused(struct ktap *t)
{
	struct two two;
	void *newest;

	ASSERT(t, two_make(t, &two));
	EXPECT_NULL(t, kmem_cache_alloc(two.cache_a, GFP_KERNEL));
	EXPECT_EQ(t, kmem_cache_alloc_bulk(two.cache_a, GFP_KERNEL, 1, &newest), 0);
	EXPECT_EQ(t, console_count("kmem_cache_alloc: cache of_a is of another machine\n"), 2);
	EXPECT_NULL(t, kmem_cache_alloc_node(two.cache_a, GFP_KERNEL, 0));
	EXPECT_EQ(t, console_count("kmem_cache_alloc_node: cache of_a is of another machine\n"), 1);
	kmem_cache_free(two.cache_a, two.object_b);
	kmem_cache_free_bulk(two.cache_a, 1, &two.object_b);
	EXPECT_EQ(t, console_count("kmem_cache_free: cache of_a is of another machine\n"), 2);
	kmem_cache_free(two.cache_b, kmem_cache_alloc(two.cache_b, GFP_KERNEL));
	newest = kmem_cache_alloc(two.cache_b, GFP_KERNEL);
	EXPECT(t, this_cpu()->last_object == newest);
	kmem_cache_free(two.cache_a, newest);
	EXPECT_EQ(t, console_count("kmem_cache_free: cache of_a is of another machine\n"), 3);
	kmem_cache_free(two.cache_b, newest);
	kmem_cache_destroy(two.cache_a);
	EXPECT_EQ(t, console_count("kmem_cache_destroy: cache of_a is of another machine\n"), 1);
	EXPECT_EQ(t, cache_live_objects(two.cache_b), 1);
	two_end(t, &two);
	EXPECT_EQ(t, console_count("cut here"), 7);
}

KTAP_SUITE(other_machine, KTAP_CASE(kfree_of_another_machines_object), KTAP_CASE(another_machines_cache_is_refused));
