/* SPDX-License-Identifier: MIT */
/* test_free_interior.c - crime: what is freed lies inside an object, not at its start. */
#include "tests/slab_machine.h"

static void *objects[64];

/* Each word of live objects: none is taken for an object's start. */
static void every_word_of(struct ktap *t, const char *cmdline, size_t size)
{
	struct machine *m = slab_machine(t, cmdline);
	size_t step = size > 1024 ? 256 : 8;
	unsigned int crimes = 0;
	char said[100];

	ASSERT_NOT_NULL(t, m);
	for (int i = 0; i < 12; i++) {
		objects[i] = kmalloc(size, GFP_KERNEL);
		ASSERT_NOT_NULL(t, objects[i]);
		memset(objects[i], i, size);
	}
	for (size_t at = step; at < size; at += step, crimes++)
		for (int i = 5; i < 7; i++) {
			console_clear();
			kfree((char *)objects[i] + at);
			if (!console_count("Invalid object pointer 0x")) {
				ktap_fail(t, "kfree(object of %lu bytes + %lu) is not reported", (unsigned long)size,
					(unsigned long)at);
				return;
			}
		}
	kfree((char *)objects[3] + 1);
	kfree((char *)objects[3] + size - 1);
	snprintf(said, sizeof(said), "BUG %s (Tainted: G    B             ): Invalid object pointer 0x",
		slab_of(objects[0])->slab_cache->name);
	EXPECT_GE(t, console_count(said), 2);
	EXPECT_EQ(t, live_in_machine(m), 12);
	machine_still_works(t, m, size, objects, 12);
	for (int i = 0; i < 12; i++) {
		EXPECT(t, bytes_are_all(objects[i], i, size));
		kfree(objects[i]);
	}
	EXPECT_EQ(t, live_in_machine(m), 0);
}

static void powers_of_two(struct ktap *t)
{
	every_word_of(t, "mem=64M", 64);
	every_word_of(t, "mem=64M", 512);
	every_word_of(t, "mem=64M", 2048);
	every_word_of(t, "mem=64M", 8192);
}

static void other_sizes(struct ktap *t)
{
	every_word_of(t, "mem=64M", 96);
	every_word_of(t, "mem=64M", 192);
	every_word_of(t, "mem=64M kmem.sheaf=1", 96);
	every_word_of(t, "mem=64M slub_debug=FZPU", 192);
}

/* kmem_cache_free() and every size of a cache, also with slabs of several pages. */
static void odd_caches(struct ktap *t)
{
	static const unsigned int sizes[] = { 24, 40, 56, 72, 104, 136, 200, 344, 1000, 1400, 2712, 5000 };
	struct machine *m = slab_machine(t, "mem=64M loglevel=8");

	ASSERT_NOT_NULL(t, m);
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		struct kmem_cache *cache = kmem_cache_create("odd", sizes[s], 0, SLAB_NO_MERGE, NULL);
		unsigned int unreported = 0, nr = 2 * cache->objects < 64 ? 2 * cache->objects : 64;

		ASSERT_EQ(t, kmem_cache_alloc_bulk(cache, GFP_KERNEL, nr, objects), (int)nr);
		for (unsigned int i = 0; i < nr; i++)
			memset(objects[i], (int)i, sizes[s]);
		for (size_t at = 8; at < sizes[s]; at += 8 + sizes[s] / 40 * 8) {
			console_clear();
			kmem_cache_free(cache, (char *)objects[at / 8 % nr] + at);
			unreported += !console_count("Invalid object pointer 0x");
		}
		EXPECT_EQ(t, unreported, 0);
		EXPECT_EQ(t, cache_live_objects(cache), nr);
		for (unsigned int i = 0; i < nr; i++)
			EXPECT(t, bytes_are_all(objects[i], (int)i, sizes[s]));
		kmem_cache_free_bulk(cache, nr, objects);
		kmem_cache_destroy(cache);
	}
	machine_still_works(t, m, 100, NULL, 0);
}

/* The rest of a slab after its last object. */
static void behind_the_last_object(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	struct page *slab;
	void *p;

	ASSERT_NOT_NULL(t, m);
	p = kmalloc(96, GFP_KERNEL);
	slab = slab_of(p);
	kfree((char *)slab_address(slab) + 42 * 96);
	EXPECT_EQ(t, console_count("BUG kmalloc-96 (Not tainted): Invalid object pointer 0x"), 1);
	kfree(p);
	machine_still_works(t, m, 96, NULL, 0);
}

/* It copies, and does not free. */
static void krealloc_of_a_part(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	char *p, *fresh;

	ASSERT_NOT_NULL(t, m);
	p = kmalloc(64, GFP_KERNEL);
	ASSERT_NOT_NULL(t, p);
	memset(p, 5, 64);
	fresh = krealloc(p + 8, 200, GFP_KERNEL);
	ASSERT_NOT_NULL(t, fresh);
	EXPECT_EQ(t, console_count("BUG kmalloc-64 (Not tainted): Invalid object pointer 0x"), 1);
	EXPECT(t, bytes_are_all(fresh, 5, 56));
	EXPECT(t, bytes_are_all(p, 5, 64));
	EXPECT_EQ(t, live_in_machine(m), 2);
	kfree(fresh);
	kfree(p);
	machine_still_works(t, m, 64, NULL, 0);
}

/* Nothing of it is wiped, nor of the object behind it. */
static void kfree_sensitive_of_a_part(struct ktap *t, const char *cmdline)
{
	struct machine *m = slab_machine(t, cmdline);

	ASSERT_NOT_NULL(t, m);
	for (int i = 0; i < 12; i++) {
		objects[i] = kmalloc(96, GFP_KERNEL);
		ASSERT_NOT_NULL(t, objects[i]);
		memset(objects[i], 5, 96);
	}
	for (int i = 0; i < 12; i++)
		kfree_sensitive((char *)objects[i] + 8);
	EXPECT_EQ(t, console_count("Invalid object pointer 0x"), 12);
	for (int i = 0; i < 12; i++) {
		EXPECT(t, bytes_are_all(objects[i], 5, 96));
		kfree_sensitive(objects[i]);
	}
	EXPECT_EQ(t, live_in_machine(m), 0);
	EXPECT_EQ(t, console_count("BUG "), 12);
}

static void a_part_is_not_wiped(struct ktap *t)
{
	kfree_sensitive_of_a_part(t, "mem=64M");
	kfree_sensitive_of_a_part(t, "mem=64M slub_debug=FZPU");
}

static void of_a_large_object(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	char *p;

	ASSERT_NOT_NULL(t, m);
	p = kmalloc(40000, GFP_KERNEL);
	memset(p, 5, 40000);
	kfree(p + 8);
	kfree(p + 4096);
	kfree(p + 39999);
	EXPECT_EQ(t, console_count("\nobject pointer: 0x"), 3);
	EXPECT_EQ(t, machine_large(m).objects, 1);
	EXPECT(t, bytes_are_all(p, 5, 40000));
	kfree(p);
	EXPECT_EQ(t, machine_large(m).objects, 0);
	machine_still_works(t, m, 9000, NULL, 0);
}

KTAP_SUITE(free_interior, KTAP_CASE(powers_of_two), KTAP_CASE(other_sizes), KTAP_CASE(odd_caches),
	KTAP_CASE(behind_the_last_object), KTAP_CASE(krealloc_of_a_part), KTAP_CASE(a_part_is_not_wiped),
	KTAP_CASE(of_a_large_object));
