/* SPDX-License-Identifier: MIT */
/* test_slab_cache.c - caches come, are shared, and go. */
#include "tests/slab_machine.h"

static struct kmem_cache *caches[KMEM_MAX_CACHES];

static void a_cache_is_what_was_asked_for(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	struct kmem_cache *cache;
	void *object;

	ASSERT_NOT_NULL(t, m);
	for (unsigned int align = 1; align <= 4096; align *= 2) {
		cache = kmem_cache_create("aligned", 33, align, SLAB_NO_MERGE, NULL);
		ASSERT_NOT_NULL(t, cache);
		EXPECT_EQ(t, kmem_cache_size(cache), 33);
		for (int i = 0; i < 20; i++) {
			caches[i] = object = kmem_cache_alloc(cache, GFP_KERNEL);
			EXPECT_EQ(t, (unsigned long)object % align, 0);
		}
		kmem_cache_free_bulk(cache, 20, (void **)caches);
		kmem_cache_destroy(cache);
	}
	cache = kmem_cache_create("line", 65, 0, SLAB_HWCACHE_ALIGN | SLAB_NO_MERGE, NULL);
	EXPECT_EQ(t, cache->size, 128);
	kmem_cache_destroy(cache);
	cache = kmem_cache_create("line", 20, 0, SLAB_HWCACHE_ALIGN | SLAB_NO_MERGE, NULL);
	EXPECT_EQ(t, cache->size, 32);
	kmem_cache_destroy(cache);
	EXPECT_STR(t, console_text(), "");
}

static void sizes_from_1_byte_to_4_mib(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=128M");

	ASSERT_NOT_NULL(t, m);
	for (unsigned long size = 1; size <= KMALLOC_MAX_SIZE; size = size * 3 / 2 + 1) {
		struct kmem_cache *cache = kmem_cache_create("sized", (unsigned int)size, 0, SLAB_NO_MERGE, NULL);
		unsigned char *a, *b;

		ASSERT_NOT_NULL(t, cache);
		a = kmem_cache_alloc(cache, GFP_KERNEL);
		b = kmem_cache_zalloc(cache, GFP_KERNEL);
		ASSERT(t, a && b);
		memset(a, 0xaa, size);
		EXPECT(t, bytes_are_all(b, 0, size));
		memset(b, 0xbb, size);
		EXPECT(t, bytes_are_all(a, 0xaa, size));
		kmem_cache_free(cache, a);
		kmem_cache_free(cache, b);
		machine_holds(t, m);
		kmem_cache_destroy(cache);
	}
}

/* Linux leaves a word behind objects whose contents it must keep when they are free; so do we. */
static void objects_that_keep_their_contents_have_a_word_behind_them(struct ktap *t)
{
	struct kmem_cache *plain, *typed;

	ASSERT_NOT_NULL(t, slab_machine(t, "mem=64M"));
	plain = kmem_cache_create("plain", 64, 0, SLAB_NO_MERGE, NULL);
	typed = kmem_cache_create("typed", 64, 0, SLAB_TYPESAFE_BY_RCU, NULL);
	EXPECT_EQ(t, plain->size, 64);
	EXPECT_EQ(t, typed->size, 72);
	kmem_cache_destroy(plain);
	kmem_cache_destroy(typed);
}

static void like_caches_share_their_slabs(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	struct kmem_cache *a, *b, *c;
	unsigned char *object;

	ASSERT_NOT_NULL(t, m);
	a = kmem_cache_create("first", 324, 0, 0, NULL);
	b = kmem_cache_create("second", 328, 0, 0, NULL);
	EXPECT_EQ(t, a, b);
	EXPECT_EQ(t, a->refcount, 2);
	EXPECT_EQ(t, kmem_cache_size(b), 328);
	object = kmem_cache_zalloc(b, GFP_KERNEL);
	EXPECT(t, bytes_are_all(object, 0, 328));
	kmem_cache_free(a, object);
	c = kmem_cache_create("third", 328, 0, SLAB_RECLAIM_ACCOUNT, NULL);
	EXPECT_NE(t, a, c);
	kmem_cache_destroy(c);
	c = kmem_cache_create("fourth", 200, 0, 0, NULL);
	EXPECT_NE(t, a, c);
	kmem_cache_destroy(c);
	c = kmem_cache_create("fifth", 328, 0, SLAB_NO_MERGE, NULL);
	EXPECT_NE(t, a, c);
	kmem_cache_destroy(c);
	kmem_cache_destroy(a);
	EXPECT_EQ(t, b->refcount, 1);
	object = kmem_cache_alloc(b, GFP_KERNEL);
	EXPECT_NOT_NULL(t, object);
	kmem_cache_free(b, object);
	kmem_cache_destroy(b);
	EXPECT_STR(t, console_text(), "");
}

/* What the alias asks for is zeroed whole, however small the first one's objects were. */
static void an_alias_that_asks_for_more_bytes_gets_them_zeroed(struct ktap *t)
{
	struct kmem_cache *a, *b;
	unsigned char *p;

	ASSERT_NOT_NULL(t, slab_machine(t, "mem=64M"));
	a = kmem_cache_create("small", 321, 64, 0, NULL);
	for (int i = 0; i < 10; i++) {
		p = kmem_cache_alloc(a, GFP_KERNEL);
		memset(p, 0xff, 384);
		kmem_cache_free(a, p);
	}
	b = kmem_cache_create("large", 380, 64, 0, NULL);
	EXPECT_EQ(t, a, b);
	p = kmem_cache_zalloc(b, GFP_KERNEL);
	EXPECT(t, bytes_are_all(p, 0, 380));
	kmem_cache_free(b, p);
	kmem_cache_destroy(a);
	kmem_cache_destroy(b);
}

static void ctor(void *object)
{
	*(int *)object = 1;
}

static void what_must_not_be_shared_is_not(struct ktap *t)
{
	static const slab_flags_t alone[] = { SLAB_RED_ZONE, SLAB_POISON, SLAB_STORE_USER, SLAB_TYPESAFE_BY_RCU,
		SLAB_NO_MERGE, SLAB_NOLEAKTRACE };
	struct kmem_cache *a, *b;

	ASSERT_NOT_NULL(t, slab_machine(t, "mem=64M"));
	for (size_t i = 0; i < sizeof(alone) / sizeof(alone[0]); i++) {
		a = kmem_cache_create("a", 776, 0, alone[i], NULL);
		b = kmem_cache_create("b", 776, 0, alone[i], NULL);
		EXPECT_NE(t, a, b);
		kmem_cache_destroy(a);
		kmem_cache_destroy(b);
	}
	a = kmem_cache_create("a", 776, 0, 0, ctor);
	b = kmem_cache_create("b", 776, 0, 0, ctor);
	EXPECT_NE(t, a, b);
	kmem_cache_destroy(a);
	kmem_cache_destroy(b);
	a = kmem_cache_create_usercopy("a", 776, 0, 0, 8, 16, NULL);
	b = kmem_cache_create("b", 776, 0, 0, NULL);
	EXPECT_NE(t, a, b);
	kmem_cache_destroy(a);
	kmem_cache_destroy(b);
	ASSERT_NOT_NULL(t, slab_machine(t, "mem=64M slab_nomerge"));
	a = kmem_cache_create("a", 776, 0, 0, NULL);
	b = kmem_cache_create("b", 776, 0, 0, NULL);
	EXPECT_NE(t, a, b);
	kmem_cache_destroy(a);
	kmem_cache_destroy(b);
}

static void an_alias_of_a_kmalloc_cache_can_be_destroyed_but_the_cache_cannot(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	struct kmem_cache *cache;

	ASSERT_NOT_NULL(t, m);
	for (int i = 0; i < 3; i++) {
		cache = kmem_cache_create("like_kmalloc", 512, 512, 0, NULL);
		EXPECT_EQ(t, cache, kmalloc_cache(m, 512, GFP_KERNEL));
		EXPECT_EQ(t, cache->refcount, 2);
		kmem_cache_destroy(cache);
		EXPECT_EQ(t, cache->refcount, 1);
	}
	EXPECT_STR(t, console_text(), "");
	kmem_cache_destroy(cache);
	EXPECT_EQ(t, console_count("kmem_cache_destroy(kmalloc-512): not yours"), 1);
	kfree(kmalloc(512, GFP_KERNEL));
	EXPECT_EQ(t, cache->refcount, 1);
}

static void ids_are_used_again_and_their_slots_start_anew(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=2");
	u32 id = 0;

	ASSERT_NOT_NULL(t, m);
	for (unsigned int i = 0; i < 200; i++) {
		unsigned int size = 24 + i * 40 % 3000;
		struct kmem_cache *cache = kmem_cache_create("again", size, 0, SLAB_NO_MERGE, NULL);
		void *objects[50];

		ASSERT_NOT_NULL(t, cache);
		EXPECT(t, !id || cache->id == id);
		id = cache->id;
		ASSERT_EQ(t, kmem_cache_alloc_bulk(cache, GFP_KERNEL, 50, objects), 50);
		for (int j = 0; j < 50; j++)
			memset(objects[j], j, size);
		for (int j = 0; j < 50; j++)
			EXPECT(t, bytes_are_all(objects[j], j, size));
		kmem_cache_free_bulk(cache, 50, objects);
		kmem_cache_destroy(cache);
		EXPECT_NULL(t, m->cache_by_id[id]);
	}
	machine_holds(t, m);
}

static void when_all_ids_are_taken_a_create_fails_cleanly(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=128M");
	unsigned int nr = 0;

	ASSERT_NOT_NULL(t, m);
	while (nr < KMEM_MAX_CACHES && (caches[nr] = kmem_cache_create("many", 64, 0, SLAB_NO_MERGE, NULL)))
		nr++;
	EXPECT_GT(t, nr, 900);
	EXPECT_LT(t, nr, KMEM_MAX_CACHES);
	EXPECT_CONTAINS(t, console_text(), "kmem_cache_create_usercopy(many) failed with error -28\n");
	for (unsigned int i = 0; i < nr; i++) {
		void *object = kmem_cache_alloc(caches[i], GFP_KERNEL);

		EXPECT_NOT_NULL(t, object);
		kmem_cache_free(caches[i], object);
		kmem_cache_destroy(caches[i]);
	}
	caches[0] = kmem_cache_create("again", 64, 0, SLAB_NO_MERGE, NULL);
	EXPECT_NOT_NULL(t, caches[0]);
	kmem_cache_destroy(caches[0]);
}

static void impossible_arguments_are_refused_in_the_kernels_words(struct ktap *t)
{
	static const struct {
		const char *name;
		unsigned int size, align;
		slab_flags_t flags;
		const char *said;
	} wrong[] = {
		{ NULL, 64, 0, 0, "kmem_cache_create_usercopy((null)) failed with error -22\n" },
		{ "", 64, 0, 0, "kmem_cache_create_usercopy(): no name\n" },
		{ "none", 0, 0, 0, "kmem_cache_create_usercopy(none): size is 0\n" },
		{ "kmis_huge", (4u << 20) + 1, 0, 0, "kmem_cache_create_usercopy(kmis_huge) failed with error -22\n" },
		{ "odd", 64, 24, 0, "kmem_cache_create_usercopy(odd): alignment is not a power of two\n" },
		{ "odd", 64, 3, 0, "kmem_cache_create_usercopy(odd): alignment is not a power of two\n" },
		{ "far", 64, 1u << 31, 0, "kmem_cache_create_usercopy(far): alignment is too large\n" },
		{ "far", 64, 1u << 31, SLAB_RED_ZONE | SLAB_POISON,
			"kmem_cache_create_usercopy(far): alignment is too large\n" },
		{ "far", 64, 1u << 23, 0, "kmem_cache_create_usercopy(far): alignment is too large\n" },
		{ "flags", 64, 0, SLAB_FAILSLAB, "kmem_cache_create_usercopy(flags): flags that are not a caller's\n" },
		{ "flags", 64, 0, (__force slab_flags_t)1,
			"kmem_cache_create_usercopy(flags): flags that are not a caller's\n" },
	};
	struct machine *m = slab_machine(t, "mem=64M");

	ASSERT_NOT_NULL(t, m);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		console_clear();
		EXPECT_NULL(t,
			kmem_cache_create(wrong[i].name, wrong[i].size, wrong[i].align, wrong[i].flags, NULL));
		EXPECT_CONTAINS(t, console_text(), wrong[i].said);
		EXPECT_EQ(t, console_count("Call Trace:"), 1);
	}
	kmem_cache_destroy(NULL);
	EXPECT_EQ(t, live_in_machine(m), 0);
}

static void a_user_region_outside_the_object_is_none(struct ktap *t)
{
	static const unsigned int wrong[][2] = { { 60, 8 }, { 8, 0xffffffff }, { 8, 0 }, { 65, 0 }, { 0, 65 } };
	struct kmem_cache *cache;

	ASSERT_NOT_NULL(t, slab_machine(t, "mem=64M"));
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		cache = kmem_cache_create_usercopy("user", 64, 0, SLAB_NO_MERGE, wrong[i][0], wrong[i][1], NULL);
		ASSERT_NOT_NULL(t, cache);
		EXPECT(t, !cache->useroffset && !cache->usersize);
		kmem_cache_destroy(cache);
	}
	EXPECT_EQ(t, console_count("WARNING: CPU: "), ARRAY_SIZE(wrong));
	cache = kmem_cache_create_usercopy("user", 64, 0, 0, 60, 4, NULL);
	ASSERT_NOT_NULL(t, cache);
	EXPECT(t, cache->useroffset == 60 && cache->usersize == 4);
	kmem_cache_destroy(cache);
	EXPECT_EQ(t, console_count("WARNING: CPU: "), ARRAY_SIZE(wrong));
}

static void a_free_pointer_is_where_it_can_be(struct ktap *t)
{
	static const struct {
		unsigned int offset;
		slab_flags_t flags;
		bool good;
	} cases[] = {
		{ 0, SLAB_TYPESAFE_BY_RCU, true },
		{ 64 - sizeof(void *), SLAB_TYPESAFE_BY_RCU, true },
		{ 64, SLAB_TYPESAFE_BY_RCU, false },
		{ 3, SLAB_TYPESAFE_BY_RCU, false },
		{ 0, 0, false },
	};
	struct kmem_cache *cache;

	ASSERT_NOT_NULL(t, slab_machine(t, "mem=64M"));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kmem_cache_args args = { .use_freeptr_offset = true, .freeptr_offset = cases[i].offset };

		cache = kmem_cache_create_args("freeptr", 64, &args, cases[i].flags);
		EXPECT_EQ(t, cache != NULL, cases[i].good);
		kmem_cache_destroy(cache);
	}
	cache = kmem_cache_create_args("default", 64, NULL, SLAB_NO_MERGE);
	ASSERT_NOT_NULL(t, cache);
	EXPECT_EQ(t, cache->align, ARCH_SLAB_MINALIGN);
	kmem_cache_destroy(cache);
}

static void a_slab_holds_no_more_than_its_map_says(struct ktap *t)
{
	static const char *const cmdlines[] = { "mem=64M slub_min_objects=600", "mem=64M slub_min_objects=100000",
		"mem=64M slub_min_objects=512 slub_max_order=10" };
	static const unsigned int sizes[] = { 1, 8, 24, 40, 56, 72, 104, 1000 };
	static void *objects[2000];

	for (size_t c = 0; c < ARRAY_SIZE(cmdlines); c++) {
		struct machine *m = slab_machine(t, cmdlines[c]);

		ASSERT_NOT_NULL(t, m);
		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
			struct kmem_cache *cache = kmem_cache_create("many", sizes[i], 0, SLAB_NO_MERGE, NULL);

			ASSERT_NOT_NULL(t, cache);
			EXPECT_LE(t, cache->objects, SLAB_MAX_OBJECTS);
			ASSERT_EQ(t, kmem_cache_alloc_bulk(cache, GFP_KERNEL, 2000, objects), 2000);
			machine_holds(t, m);
			kmem_cache_free_bulk(cache, 2000, objects);
			kmem_cache_destroy(cache);
		}
	}
}

static void create_with_panic(struct ktap *t, void *arg)
{
	struct machine *m = machine_boot(&(struct machine_config){ .cmdline = "mem=64M" });

	(void)arg;
	machine_enter(m);
	EXPECT_NULL(t, kmem_cache_create("must_have", 0, 0, SLAB_PANIC, NULL));
}

static void slab_panic_ends_the_machine(struct ktap *t)
{
	struct ktap_child child;

	if (!ktap_child(t, create_with_panic, NULL, &child))
		return;
	EXPECT_NE(t, child.status, 0);
	EXPECT_CONTAINS(t, child.text,
		"Kernel panic - not syncing: kmem_cache_create_usercopy: Failed to create slab 'must_have'. "
		"Error -22\n");
}

static void slabs_hold_as_many_objects_as_the_kernels(struct ktap *t)
{
	static const struct {
		unsigned int size, order, objects; /* /proc/slabinfo of Linux 6.1 with 1 CPU */
	} kernels[] = { { 64, 0, 64 }, { 96, 0, 42 }, { 128, 0, 32 }, { 192, 0, 21 }, { 256, 0, 16 }, { 512, 0, 8 },
		{ 1024, 1, 8 }, { 2048, 2, 8 }, { 4096, 3, 8 }, { 8192, 3, 4 } };
	struct machine *m = slab_machine(t, "mem=1G nr_cpus=1");

	ASSERT_NOT_NULL(t, m);
	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
		struct kmem_cache *cache = kmalloc_cache(m, kernels[i].size, GFP_KERNEL);

		EXPECT_EQ(t, cache->order, kernels[i].order);
		EXPECT_EQ(t, cache->objects, kernels[i].objects);
	}
}

/* A higher order than the kernel's, where each step up saves a hundredth; kmalloc()'s classes keep theirs. */
static void slabs_waste_little(struct ktap *t)
{
	static const struct {
		unsigned int size, kernels, order;
	} sizes[] = { { 24, 0, 0 }, { 64, 0, 0 }, { 200, 0, 2 }, { 600, 1, 2 }, { 704, 1, 4 }, { 1104, 2, 4 },
		{ 5000, 3, 4 } };
	static const char *const cmdlines[] = { "mem=64M nr_cpus=1 kmem.tight_slabs=off", "mem=64M nr_cpus=1" };

	for (unsigned int tight = 0; tight < 2; tight++) {
		struct machine *m = slab_machine(t, cmdlines[tight]);

		ASSERT_NOT_NULL(t, m);
		EXPECT_EQ(t, kmalloc_cache(m, 192, GFP_KERNEL)->order, 0);
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			struct kmem_cache *cache = kmem_cache_create("tight", sizes[i].size, 0, SLAB_NO_MERGE, NULL);

			EXPECT_EQ(t, cache->order, tight ? sizes[i].order : sizes[i].kernels);
			kmem_cache_destroy(cache);
		}
	}
}

static void orders_obey_the_parameters(struct ktap *t)
{
	struct kmem_cache *cache;

	ASSERT_NOT_NULL(t, slab_machine(t, "mem=64M slub_max_order=0"));
	cache = kmem_cache_create("flat", 1200, 0, SLAB_NO_MERGE, NULL);
	EXPECT_EQ(t, cache->order, 0);
	kmem_cache_destroy(cache);
	cache = kmem_cache_create("tall", 20000, 0, SLAB_NO_MERGE, NULL);
	EXPECT_EQ(t, cache->order, 3);
	kmem_cache_destroy(cache);
	ASSERT_NOT_NULL(t, slab_machine(t, "mem=64M slub_max_order=2"));
	cache = kmem_cache_create("low", 1104, 0, SLAB_NO_MERGE, NULL);
	EXPECT_LE(t, cache->order, 2);
	kmem_cache_destroy(cache);
	ASSERT_NOT_NULL(t, slab_machine(t, "mem=64M slub_min_order=2"));
	cache = kmem_cache_create("deep", 40, 0, SLAB_NO_MERGE, NULL);
	EXPECT_EQ(t, cache->order, 2);
	EXPECT_LE(t, cache->objects, SLAB_MAX_OBJECTS);
	kmem_cache_destroy(cache);
	cache = kmem_cache_create("too_many", 8, 0, SLAB_NO_MERGE, NULL);
	EXPECT_LE(t, cache->objects, SLAB_MAX_OBJECTS);
	kmem_cache_destroy(cache);
	ASSERT_NOT_NULL(t, slab_machine(t, "mem=64M nr_cpus=1 slub_min_objects=64"));
	cache = kmem_cache_create("many", 512, 0, SLAB_NO_MERGE, NULL);
	EXPECT_EQ(t, cache->objects, 64);
	kmem_cache_destroy(cache);
}

static void what_no_block_holds_with_its_checks_is_refused(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M slub_debug=FZPU");

	ASSERT_NOT_NULL(t, m);
	console_clear();
	EXPECT_NULL(t, kmem_cache_create("largest", 4 << 20, 0, 0, NULL));
	EXPECT_CONTAINS(t, console_text(), "(largest) failed with error -22\n");
}

static void objects_for_32_bit_devices_are_below_4_gib(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=6G");
	struct kmem_cache *cache;
	void *object;

	ASSERT_NOT_NULL(t, m);
	cache = kmem_cache_create("device", 256, 0, SLAB_CACHE_DMA32, NULL);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	ASSERT_NOT_NULL(t, object);
	EXPECT_LT(t, page_to_pfn(virt_to_page(object)), 1ul << (32 - PAGE_SHIFT));
	kmem_cache_free(cache, object);
	kmem_cache_destroy(cache);
}

static void sizes_that_no_class_has_have_no_cache(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");

	ASSERT_NOT_NULL(t, m);
	EXPECT_NULL(t, kmalloc_cache(m, 0, GFP_KERNEL));
	EXPECT_NULL(t, kmalloc_cache(m, KMALLOC_MAX_CACHE_SIZE + 1, GFP_KERNEL));
	EXPECT_NOT_NULL(t, kmalloc_cache(m, KMALLOC_MAX_CACHE_SIZE, GFP_KERNEL));
}

KTAP_SUITE(slab_cache, KTAP_CASE(a_cache_is_what_was_asked_for), KTAP_CASE(sizes_from_1_byte_to_4_mib),
	KTAP_CASE(objects_that_keep_their_contents_have_a_word_behind_them), KTAP_CASE(like_caches_share_their_slabs),
	KTAP_CASE(an_alias_that_asks_for_more_bytes_gets_them_zeroed), KTAP_CASE(what_must_not_be_shared_is_not),
	KTAP_CASE(an_alias_of_a_kmalloc_cache_can_be_destroyed_but_the_cache_cannot),
	KTAP_CASE(ids_are_used_again_and_their_slots_start_anew),
	KTAP_CASE(when_all_ids_are_taken_a_create_fails_cleanly),
	KTAP_CASE(impossible_arguments_are_refused_in_the_kernels_words),
	KTAP_CASE(a_user_region_outside_the_object_is_none), KTAP_CASE(a_free_pointer_is_where_it_can_be),
	KTAP_CASE(a_slab_holds_no_more_than_its_map_says), KTAP_CASE(slab_panic_ends_the_machine),
	KTAP_CASE(slabs_hold_as_many_objects_as_the_kernels), KTAP_CASE(slabs_waste_little),
	KTAP_CASE(orders_obey_the_parameters),
	KTAP_CASE(what_no_block_holds_with_its_checks_is_refused),
	KTAP_CASE(objects_for_32_bit_devices_are_below_4_gib),
	KTAP_CASE(sizes_that_no_class_has_have_no_cache));
