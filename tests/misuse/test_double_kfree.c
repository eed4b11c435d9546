/* SPDX-License-Identifier: MIT */
/* test_double_kfree.c - crime: an object is freed twice in a row. */
#include "tests/slab_machine.h"

static void twice(struct ktap *t, size_t size, const char *cmdline)
{
	struct machine *m = slab_machine(t, cmdline);
	char said[100];
	void *p;

	ASSERT_NOT_NULL(t, m);
	p = kmalloc(size, GFP_KERNEL);
	ASSERT_NOT_NULL(t, p);
	snprintf(said, sizeof(said), "BUG %s (Not tainted): Object already free\n", slab_of(p)->slab_cache->name);
	kfree(p);
	kfree(p);
	EXPECT_EQ(t, console_count(said), 1);
	EXPECT_EQ(t, console_count("Object already free"), 1);
	snprintf(said, sizeof(said), "FIX %s: Object at 0x", slab_of(p)->slab_cache->name);
	EXPECT_EQ(t, console_count(said), 1);
	EXPECT_EQ(t, live_in_machine(m), 0);
	machine_still_works(t, m, size, NULL, 0);
	EXPECT_EQ(t, console_count("BUG "), 1);
}

static void of_a_small_object(struct ktap *t)
{
	twice(t, 8, "mem=64M");
	twice(t, 96, "mem=64M");
	twice(t, 192, "mem=64M");
}

static void of_a_large_class(struct ktap *t)
{
	twice(t, 4096, "mem=64M");
	twice(t, 8192, "mem=64M");
}

static void without_sheaves(struct ktap *t)
{
	twice(t, 64, "mem=64M kmem.sheaf=1");
	twice(t, 64, "mem=64M kmem.sheaf=2");
	twice(t, 64, "mem=64M init_on_free=1");
}

static unsigned int constructed;

static void ctor(void *object)
{
	constructed++;
	*(unsigned long *)object = 0x5eed;
}

/* Of caches whose free objects keep their contents, so that no word in them can tell. */
static void of_an_object_that_keeps_its_contents(struct ktap *t, slab_flags_t flags, void (*make)(void *object))
{
	struct machine *m = slab_machine(t, "mem=64M");
	struct kmem_cache *cache = kmem_cache_create("keeps", 48, 0, flags, make);
	void *objects[200], *p;
	unsigned int same = 0;

	ASSERT(t, m && cache);
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	kmem_cache_free(cache, p);
	kmem_cache_free(cache, p);
	kfree(p);
	EXPECT_EQ(t, console_count("BUG keeps (Not tainted): Object already free\n"), 1);
	EXPECT_EQ(t, console_count("BUG keeps (Tainted: G    B             ): Object already free\n"), 1);
	EXPECT_EQ(t, cache_live_objects(cache), 0);
	ASSERT_EQ(t, kmem_cache_alloc_bulk(cache, GFP_KERNEL, 200, objects), 200);
	for (int i = 0; i < 200; i++)
		for (int j = 0; j < i; j++)
			same += objects[i] == objects[j];
	EXPECT_EQ(t, same, 0);
	if (make)
		EXPECT_EQ(t, *(unsigned long *)p, 0x5eed);
	kmem_cache_free_bulk(cache, 200, objects);
	kmem_cache_destroy(cache);
	machine_still_works(t, m, 48, NULL, 0);
}

static void of_a_constructed_object(struct ktap *t)
{
	of_an_object_that_keeps_its_contents(t, 0, ctor);
}

static void of_an_object_of_a_typed_cache(struct ktap *t)
{
	of_an_object_that_keeps_its_contents(t, SLAB_TYPESAFE_BY_RCU, NULL);
}

KTAP_SUITE(double_kfree, KTAP_CASE(of_a_small_object), KTAP_CASE(of_a_large_class), KTAP_CASE(without_sheaves),
	KTAP_CASE(of_a_constructed_object), KTAP_CASE(of_an_object_of_a_typed_cache));
