/* SPDX-License-Identifier: MIT */
/* test_free_foreign.c - crime: what is freed never was an object of kmalloc() or of a cache. */
#include "tests/slab_machine.h"

static char a_static[256] __attribute__((aligned(64)));

static void refused(struct ktap *t, const void *pointer)
{
	struct machine *m = slab_machine(t, "mem=64M");
	struct kmem_cache *cache = kmem_cache_create("some", 64, 0, SLAB_NO_MERGE, NULL);

	ASSERT(t, m && cache);
	kfree(pointer);
	EXPECT_EQ(t, console_count("------------[ cut here ]------------\n"), 1);
	EXPECT_EQ(t, console_count("---[ end trace 0000000000000000 ]---\nobject pointer: 0x"), 1);
	kmem_cache_free(cache, (void *)pointer);
	EXPECT_EQ(t, console_count("\nobject pointer: 0x"), 2);
	EXPECT_EQ(t, ksize(pointer), 0);
	EXPECT_EQ(t, console_count("\nobject pointer: 0x"), 3);
	kmem_cache_destroy(cache);
	EXPECT_EQ(t, live_in_machine(m), 0);
	machine_still_works(t, m, 64, NULL, 0);
	EXPECT_EQ(t, console_count("cut here"), 3);
}

static void of_the_stack(struct ktap *t)
{
	char local[256] = { 1 };

	refused(t, local);
	EXPECT_EQ(t, local[0], 1);
}

static void of_static_data(struct ktap *t)
{
	memset(a_static, 0x77, sizeof(a_static));
	refused(t, a_static + 64);
	EXPECT(t, bytes_are_all(a_static, 0x77, sizeof(a_static)));
}

static void of_code(struct ktap *t)
{
	refused(t, (const void *)(unsigned long)refused);
}

static void of_user_space_and_nowhere(struct ktap *t)
{
	refused(t, (void *)0x400000);
	refused(t, (void *)-12l);
	refused(t, (void *)17);
	refused(t, (void *)(1ul << (8 * sizeof(long) - 1)));
}

static void of_a_vmalloc_area(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	char *area;

	ASSERT_NOT_NULL(t, m);
	area = vmalloc(10000);
	ASSERT_NOT_NULL(t, area);
	memset(area, 0x5c, 10000);
	kfree(area);
	kfree(area + 4096);
	EXPECT_EQ(t, console_count("\nobject pointer: 0x"), 2);
	EXPECT(t, bytes_are_all(area, 0x5c, 10000));
	vfree(area);
	machine_still_works(t, m, 64, NULL, 0);
}

static void of_the_page_allocator(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	unsigned long page, block;

	ASSERT_NOT_NULL(t, m);
	page = __get_free_page(GFP_KERNEL);
	block = __get_free_pages(GFP_KERNEL | __GFP_COMP, 3);
	ASSERT(t, page && block);
	memset((void *)page, 0x11, PAGE_SIZE);
	kfree((void *)page);
	kfree((void *)(page + 64));
	kfree((void *)block);
	kfree((void *)(block + PAGE_SIZE));
	EXPECT_EQ(t, console_count("\nobject pointer: 0x"), 4);
	EXPECT(t, bytes_are_all((void *)page, 0x11, PAGE_SIZE));
	free_page(page);
	free_pages(block, 3);
	kfree((void *)page);
	EXPECT_EQ(t, console_count("\nobject pointer: 0x"), 5);
	machine_still_works(t, m, 64, NULL, 0);
}

/* Descriptors exist on first use: memory that nobody ever touched has none yet. */
static void of_memory_that_was_never_used(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=4G");

	ASSERT_NOT_NULL(t, m);
	kfree((void *)(m->layout.direct_base + (m->max_low_pfn / 2 << PAGE_SHIFT)));
	kfree((void *)(m->layout.direct_base));
	kfree((void *)(m->layout.direct_base + (m->max_low_pfn << PAGE_SHIFT) - 8));
	kfree((void *)(m->layout.direct_base + (m->max_low_pfn << PAGE_SHIFT)));
	EXPECT_EQ(t, console_count("\nobject pointer: 0x"), 4);
	machine_still_works(t, m, 64, NULL, 0);
}

KTAP_SUITE(free_foreign, KTAP_CASE(of_the_stack), KTAP_CASE(of_static_data), KTAP_CASE(of_code),
	KTAP_CASE(of_user_space_and_nowhere), KTAP_CASE(of_a_vmalloc_area), KTAP_CASE(of_the_page_allocator),
	KTAP_CASE(of_memory_that_was_never_used));
