/* SPDX-License-Identifier: MIT */
/* test_wrong_cache.c - crime: an object goes back to a cache that it is not of. */
#include "tests/slab_machine.h"

static void refused(struct ktap *t, const char *cmdline, unsigned int size)
{
	struct machine *m = slab_machine(t, cmdline);
	struct kmem_cache *a = kmem_cache_create("kmis_wca", 100, 0, SLAB_NO_MERGE, NULL);
	struct kmem_cache *b = kmem_cache_create("kmis_wcb", size, 0, SLAB_NO_MERGE, NULL);
	void *ours, *plain, *large;

	ASSERT(t, m && a && b);
	ours = kmem_cache_alloc(a, GFP_KERNEL);
	plain = kmalloc(100, GFP_KERNEL);
	large = kmalloc(10000, GFP_KERNEL);
	memset(ours, 0x0a, 100);
	memset(plain, 0x0b, 100);
	kmem_cache_free(b, ours);
	EXPECT_EQ(t, console_count("cache_from_obj: Wrong slab cache. kmis_wcb but object is from kmis_wca\n"), 1);
	kmem_cache_free(b, plain);
	EXPECT_EQ(t, console_count("cache_from_obj: Wrong slab cache. kmis_wcb but object is from kmalloc-128\n"), 1);
	kmem_cache_free(b, large);
	EXPECT_EQ(t, console_count("virt_to_cache: Object is not a Slab page!\n"), 1);
	kmem_cache_free(kmalloc_cache(m, 64, GFP_KERNEL), ours);
	EXPECT_EQ(t, console_count("cache_from_obj: Wrong slab cache. kmalloc-64 but object is from kmis_wca\n"), 1);
	EXPECT_EQ(t, console_count("cut here"), 4);
	EXPECT(t, bytes_are_all(ours, 0x0a, 100) && bytes_are_all(plain, 0x0b, 100));
	EXPECT_EQ(t, cache_live_objects(a), 1);
	EXPECT_EQ(t, cache_live_objects(b), 0);
	machine_still_works(t, m, 100, (void *[]){ ours, plain }, 2);
	kmem_cache_free(a, ours);
	kfree(plain);
	kfree(large);
	kmem_cache_destroy(a);
	kmem_cache_destroy(b);
	EXPECT_EQ(t, live_in_machine(m), 0);
	EXPECT_EQ(t, console_count("cut here"), 4);
}

static void of_the_same_size(struct ktap *t)
{
	refused(t, "mem=64M", 100);
	refused(t, "mem=64M kmem.sheaf=1", 100);
	refused(t, "mem=64M slub_debug=FZPU", 100);
}

static void of_another_size(struct ktap *t)
{
	refused(t, "mem=64M", 1000);
}

static void null_is_nothing(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	struct kmem_cache *cache = kmem_cache_create("some", 100, 0, 0, NULL);

	ASSERT(t, m && cache);
	kmem_cache_free(cache, NULL);
	kmem_cache_free_bulk(cache, 2, (void *[]){ NULL, NULL });
	EXPECT_STR(t, console_text(), "");
	kmem_cache_destroy(cache);
}

KTAP_SUITE(wrong_cache, KTAP_CASE(of_the_same_size), KTAP_CASE(of_another_size), KTAP_CASE(null_is_nothing));
