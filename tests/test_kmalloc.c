/* SPDX-License-Identifier: MIT */
/* test_kmalloc.c - the classes, large objects, and what a failure says. */
#include <linux/string.h>
#include "mm/vmalloc.h"
#include "tests/slab_machine.h"

#define NR 64

static void *objects[NR];

/* Does the twin of the class serve this size: with a line to spare, of no higher alignment than a line's? */
static bool has_twin(size_t size, size_t class_size)
{
	return class_size >= 2048 && size <= class_size - 64 && (size + 7) / 8 % 16;
}

static void every_size_goes_to_the_least_class_that_holds_it(struct ktap *t)
{
	static const unsigned int sizes[] = { 8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192 };
	struct machine *m = slab_machine(t, "mem=64M");
	unsigned int class = 0;

	ASSERT_NOT_NULL(t, m);
	for (size_t size = 1; size <= KMALLOC_MAX_CACHE_SIZE; size++) {
		struct kmem_cache *cache = kmalloc_cache(m, size, GFP_KERNEL);

		class += size > sizes[class];
		if (cache->object_size == sizes[class] - (has_twin(size, sizes[class]) ? 64 : 0) &&
			kmalloc_class(size) == class && kmalloc_size_roundup(size) == cache->object_size)
			continue;
		ktap_fail(t, "size %lu: class %u of %u bytes, not of %u", (unsigned long)size, kmalloc_class(size),
			cache->object_size, sizes[class]);
		return;
	}
	EXPECT_EQ(t, class, KMALLOC_CLASSES - 1);
	EXPECT_EQ(t, kmalloc_size_roundup(0), 0);
	EXPECT_EQ(t, kmalloc_size_roundup(8193), 16384);
	EXPECT_EQ(t, kmalloc_size_roundup(KMALLOC_MAX_SIZE + 1), KMALLOC_MAX_SIZE + 1);	/* nothing would do */
	EXPECT_EQ(t, kmalloc_size_roundup(KMALLOC_MAX_SIZE), KMALLOC_MAX_SIZE);
}

/* Where alignment counts they do not. */
static void large_objects_begin_at_many_lines_of_a_page(struct ktap *t)
{
	unsigned long lines = 0;

	ASSERT_NOT_NULL(t, slab_machine(t, "mem=64M"));
	for (size_t size = 2049; size <= 8192; size += 13) {
		volatile size_t asked = size;
		void *object = kmalloc(asked, GFP_KERNEL);

		ASSERT_NOT_NULL(t, object);
		EXPECT_EQ(t, (unsigned long)object & ((size & -size) - 1), 0);
		EXPECT_GE(t, ksize(object), kmalloc_size_roundup(size));
		memset(object, 0x5c, size);
		if (has_twin(size, size > 4096 ? 8192 : 4096))
			lines |= 1ul << ((unsigned long)object % PAGE_SIZE / 64);
		else
			EXPECT_EQ(t, (unsigned long)object % PAGE_SIZE, 0);
		objects[size % NR] = object;
		kfree(objects[(size + 1) % NR]);
		objects[(size + 1) % NR] = NULL;
	}
	for (unsigned int i = 0; i < NR; i++) {
		kfree(objects[i]);
		objects[i] = NULL;
	}
	EXPECT_GE(t, (unsigned int)__builtin_popcountl(lines), 8);
	EXPECT_STR(t, console_text(), "");
}

/* Reports are about the kernel's sizes. */
static void checked_classes_have_no_twin(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M slub_debug=FZ");
	volatile size_t size = 5000;
	void *object;

	ASSERT_NOT_NULL(t, m);
	EXPECT_EQ(t, kmalloc_cache(m, size, GFP_KERNEL), kmalloc_cache(m, 8192, GFP_KERNEL));
	object = kmalloc(size, GFP_KERNEL);
	EXPECT_EQ(t, cache_of(m, object), kmalloc_cache(m, 8192, GFP_KERNEL));
	kfree(object);
}

/* The constant and the variable form of a call meet in one cache. */
static void constant_and_variable_sizes_agree(struct ktap *t)
{
	volatile size_t size = 100;
	void *a, *b;

	ASSERT_NOT_NULL(t, slab_machine(t, "mem=64M"));
	a = kmalloc(100, GFP_KERNEL);
	b = kmalloc(size, GFP_KERNEL);
	EXPECT_EQ(t, slab_of(a)->slab_cache, slab_of(b)->slab_cache);
	EXPECT_STR(t, slab_of(a)->slab_cache->name, "kmalloc-128");
	kfree(a);
	kfree(b);
}

static void flags_choose_the_type(struct ktap *t)
{
	static const struct {
		gfp_t gfp;
		const char *name;
	} types[] = {
		{ GFP_KERNEL, "kmalloc-64" },
		{ GFP_KERNEL_ACCOUNT, "kmalloc-cg-64" },
		{ GFP_KERNEL | __GFP_RECLAIMABLE, "kmalloc-rcl-64" },
		{ GFP_KERNEL | __GFP_DMA, "dma-kmalloc-64" },
		{ GFP_KERNEL | __GFP_DMA | __GFP_RECLAIMABLE | __GFP_ACCOUNT, "dma-kmalloc-64" },
	};

	ASSERT_NOT_NULL(t, slab_machine(t, "mem=64M"));
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		void *object = kmalloc(64, types[i].gfp);

		ASSERT_NOT_NULL(t, object);
		EXPECT_STR(t, slab_of(object)->slab_cache->name, types[i].name);
		if (types[i].gfp & __GFP_DMA)
			EXPECT_LT(t, page_to_pfn(virt_to_page(object)), (16ul << 20) >> PAGE_SHIFT);
		kfree(object);
	}
}

static void large_objects_are_counted_and_come_back_whole(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=128M");
	unsigned long free;

	ASSERT_NOT_NULL(t, m);
	cpus_request(m, CPU_DRAIN_PAGES);
	free = nr_free_pages();
	for (size_t size = KMALLOC_MAX_CACHE_SIZE + 1; size <= KMALLOC_MAX_SIZE; size *= 2) {
		char *p = kzalloc(size, GFP_KERNEL);

		ASSERT_NOT_NULL(t, p);
		EXPECT(t, bytes_are_all(p, 0, size));
		EXPECT_EQ(t, ksize(p), PAGE_SIZE << get_order(size));
		EXPECT_EQ(t, machine_large(m).objects, 1);
		EXPECT_EQ(t, machine_large(m).pages, 1l << get_order(size));
		memset(p, 0xff, ksize(p));
		kfree(p);
	}
	EXPECT_EQ(t, machine_large(m).objects, 0);
	EXPECT_EQ(t, machine_large(m).pages, 0);
	cpus_request(m, CPU_DRAIN_PAGES);
	EXPECT_EQ(t, nr_free_pages(), free);
}

static void a_large_request_that_memory_cannot_hold_is_null(struct ktap *t)
{
	/* No kswapd: what it changes without a lock may not be looked at meanwhile. */
	gfp_t gfp = (GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN) & ~__GFP_KSWAPD_RECLAIM;
	unsigned int nr = 0;

	ASSERT_NOT_NULL(t, slab_machine(t, "mem=32M"));
	while (nr < NR && (objects[nr] = kmalloc(2ul << 20, gfp)))
		nr++;
	EXPECT_GT(t, nr, 5);
	EXPECT_LT(t, nr, 16);
	kfree_bulk(nr, objects);
}

/* Sheaves' own memory fails too, at random, and objects still come and go. */
static void sheaves_without_memory_for_themselves(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M loglevel=1");
	struct fault_attr some = { .interval = 1, .probability = 60, .times = -1, .on = true };
	unsigned long live = 0;
	static void *kept[2000];

	ASSERT_NOT_NULL(t, m);
	m->params.fail_page_alloc_min_order = 0;
	fail_pages(m, &some);
	memset(kept, 0, sizeof(kept));
	for (int step = 0; step < 40000; step++) {
		unsigned int i = (unsigned int)ktap_below(t, 2000);

		if (kept[i]) {
			kfree(kept[i]);
			kept[i] = NULL;
			live--;
		} else {
			kept[i] = kmalloc(8u << ktap_below(t, 8), GFP_NOWAIT | __GFP_NOWARN);
			live += kept[i] != NULL;
		}
		if (step % 5000 == 0)
			EXPECT_EQ(t, live_in_machine(m), live);
	}
	machine_holds(t, m);
	kfree_bulk(2000, kept);
	fail_pages(m, NULL);
	EXPECT_EQ(t, live_in_machine(m), 0);
}

static void an_allocation_that_fails_says_what_was_asked_and_how_full_each_node_is(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M failslab=1,0,0,0");

	ASSERT_NOT_NULL(t, m);
	m->params.failslab = (struct fault_attr){ .interval = 1, .probability = 100, .times = 2, .on = true };
	EXPECT_NULL(t, kmalloc(190, GFP_ATOMIC | __GFP_NOWARN));
	EXPECT_STR(t, console_text(), "");
	EXPECT_NULL(t, kmalloc(190, GFP_ATOMIC));
	m->params.failslab = (struct fault_attr){ .on = true };
	EXPECT_CONTAINS(t, console_text(),
		"SLUB: Unable to allocate memory on node -1, gfp=0xa20(GFP_ATOMIC)\n"
		"  cache: kmalloc-192, object size: 192, buffer size: 192, default order: 0, min order: 0\n"
		"  node 0: slabs: 0, objs: 0, free: 0\n");
}

/* A slab of one page is no compound block. */
static void one_page_for_a_slab_is_asked_for_as_such(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=1");
	struct page *page, *next;
	void **newest = NULL, **object;
	LIST_HEAD(held);

	ASSERT_NOT_NULL(t, m);
	while ((page = alloc_page(GFP_ATOMIC | __GFP_NOWARN)))
		list_add(&page->lru, &held);
	/* The machine's tasks may have freed some since. */
	for (; (object = kmalloc(190, GFP_ATOMIC)); newest = object)
		*object = newest;
	for (; (object = newest); kfree(object))
		newest = *object;
	list_for_each_entry_safe(page, next, &held, lru)
		__free_page(page);
	EXPECT_CONTAINS(t, console_text(), "page allocation failure: order:0, mode:0xa20(GFP_ATOMIC), nodemask=");
}

KTAP_SUITE(kmalloc, KTAP_CASE(one_page_for_a_slab_is_asked_for_as_such),
	KTAP_CASE(every_size_goes_to_the_least_class_that_holds_it),
	KTAP_CASE(large_objects_begin_at_many_lines_of_a_page), KTAP_CASE(checked_classes_have_no_twin),
	KTAP_CASE(constant_and_variable_sizes_agree), KTAP_CASE(flags_choose_the_type),
	KTAP_CASE(large_objects_are_counted_and_come_back_whole),
	KTAP_CASE(a_large_request_that_memory_cannot_hold_is_null), KTAP_CASE(sheaves_without_memory_for_themselves),
	KTAP_CASE(an_allocation_that_fails_says_what_was_asked_and_how_full_each_node_is));
