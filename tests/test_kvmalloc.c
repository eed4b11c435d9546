/* SPDX-License-Identifier: MIT */
/*
 * test_kvmalloc.c - contiguous if that is cheap, else virtually so: which, when, and what comes back.
 */
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include "mm/machine.h"
#include "tests/machine_for.h"

/* Leave plenty of memory, but no two neighbouring pages of it. */
static void shatter(struct list_head *kept)
{
	unsigned int scope = memalloc_noreclaim_save();		/* to the last page */
	LIST_HEAD(odd);
	LIST_HEAD(even);
	struct page *page, *next;

	while ((page = alloc_page(GFP_KERNEL & ~__GFP_RECLAIM)))
		list_add(&page->lru, page_to_pfn(page) & 1 ? &odd : &even);
	memalloc_noreclaim_restore(scope);
	list_for_each_entry_safe(page, next, &even, lru)
		__free_page(page);
	drain_all_pages();
	list_splice_init(&odd, kept);
}

static void mend(struct list_head *kept)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, kept, lru)
		__free_page(page);
}

static void what_fits_is_contiguous(struct ktap *t)
{
	if (!machine_for(t, "mem=64M nr_cpus=2"))
		return;
	for (size_t size = 1; size <= KMALLOC_MAX_SIZE; size = size * 3 + 1) {
		unsigned char *memory = kvmalloc(size, GFP_KERNEL);

		ASSERT_NOT_NULL(t, memory);
		EXPECT(t, !is_vmalloc_addr(memory));
		memory[0] = memory[size - 1] = 1;
		kvfree(memory);
	}
	kvfree(NULL);
}

/* Frees what fills the machine when it is out of memory. */
struct helper {
	struct notifier_block block;
	struct list_head kept;
	unsigned int calls;
};

static int help(struct notifier_block *block, unsigned long action, void *data)
{
	struct helper *helper = container_of(block, struct helper, block);

	(void)action;
	helper->calls++;
	*(unsigned long *)data += !list_empty(&helper->kept);
	mend(&helper->kept);
	INIT_LIST_HEAD(&helper->kept);
	return NOTIFY_OK;
}

/* A page is worth asking everyone for, before the caller hears of it. */
static void c46_up_to_a_page_is_never_vmalloc(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2 sysctl.vm.watermark_boost_factor=0");
	struct helper helper = { .block = { .notifier_call = help } };
	struct page *page;
	void *memory;

	if (!m)
		return;
	INIT_LIST_HEAD(&helper.kept);
	ASSERT_EQ(t, register_oom_notifier(&helper.block), 0);
	while ((page = alloc_page(GFP_ATOMIC | __GFP_NOWARN)))
		list_add(&page->lru, &helper.kept);
	memory = kvmalloc(PAGE_SIZE, GFP_KERNEL);
	EXPECT_NOT_NULL(t, memory);
	EXPECT(t, !is_vmalloc_addr(memory));
	EXPECT_EQ(t, helper.calls, 1);
	kvfree(memory);
	mend(&helper.kept);
	unregister_oom_notifier(&helper.block);
}

static void c46_fragments_are_joined_by_vmalloc(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2");
	LIST_HEAD(kept);
	unsigned char *memory;

	if (!m)
		return;
	shatter(&kept);
	memory = kvmalloc(1 << 20, GFP_KERNEL);
	if (EXPECT_NOT_NULL(t, memory)) {
		EXPECT(t, is_vmalloc_addr(memory));
		memset(memory, 0x77, 1 << 20);
		EXPECT_EQ(t, memory[12345], 0x77);
		kvfree(memory);
	}
	memory = kvzalloc(1 << 20, GFP_KERNEL);
	if (EXPECT_NOT_NULL(t, memory)) {
		for (size_t byte = 0; byte < 1 << 20; byte++)
			if (!EXPECT_EQ(t, memory[byte], 0))
				break;
		kvfree_sensitive(memory, 1 << 20);
	}
	mend(&kept);
}

static void c46_who_may_not_sleep_gets_no_vmalloc(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2");
	LIST_HEAD(kept);

	if (!m)
		return;
	shatter(&kept);
	EXPECT_NULL(t, kvmalloc(1 << 20, GFP_NOWAIT));
	EXPECT_NULL(t, kvmalloc(1 << 20, GFP_ATOMIC));
	mend(&kept);
}

static void c46_above_int_max_is_null(struct ktap *t)
{
	if (!machine_for(t, "mem=64M nr_cpus=2"))
		return;
	EXPECT_NULL(t, kvmalloc((size_t)INT_MAX + 1, GFP_KERNEL | __GFP_NOWARN));
	EXPECT_NULL(t, kvmalloc(SIZE_MAX, GFP_KERNEL | __GFP_NOWARN));
	EXPECT_NULL(t, kvmalloc(INT_MAX, GFP_KERNEL | __GFP_NOWARN));	/* more than the machine has */
}

static void larger_than_kmalloc_is_vmalloc(struct ktap *t)
{
	unsigned char *memory;

	if (!machine_for(t, "mem=64M nr_cpus=2"))
		return;
	memory = kvmalloc_node(KMALLOC_MAX_SIZE + 1, GFP_KERNEL, 0);
	ASSERT_NOT_NULL(t, memory);
	EXPECT(t, is_vmalloc_addr(memory));
	memory[KMALLOC_MAX_SIZE] = 1;
	kvfree(memory);
}

static void c28_arrays_that_overflow_are_null(struct ktap *t)
{
	void *memory;

	if (!machine_for(t, "mem=64M nr_cpus=2"))
		return;
	EXPECT_NULL(t, kvmalloc_array(SIZE_MAX / 2, 3, GFP_KERNEL));
	EXPECT_NULL(t, kvcalloc(SIZE_MAX / 8 + 1, 8, GFP_KERNEL));
	memory = kvcalloc(10, 10, GFP_KERNEL);
	EXPECT_NOT_NULL(t, memory);
	kvfree(memory);
	EXPECT_EQ(t, kvmalloc(0, GFP_KERNEL), ZERO_SIZE_PTR);
	kvfree(ZERO_SIZE_PTR);
	kvfree_sensitive(NULL, 10);
	kvfree_sensitive(ZERO_SIZE_PTR, 0);
}

static void reallocation_keeps_what_was_there(struct ktap *t)
{
	unsigned char *memory, *grown;

	if (!machine_for(t, "mem=64M nr_cpus=2"))
		return;
	memory = kvrealloc(NULL, 0, 100, GFP_KERNEL);
	ASSERT_NOT_NULL(t, memory);
	memset(memory, 9, 100);
	EXPECT_EQ(t, kvrealloc(memory, 100, 50, GFP_KERNEL), memory);
	EXPECT_NULL(t, kvrealloc(memory, 100, SIZE_MAX, GFP_KERNEL | __GFP_NOWARN));
	EXPECT_EQ(t, memory[99], 9);
	grown = kvrealloc(memory, 100, 8 << 20, GFP_KERNEL);
	ASSERT_NOT_NULL(t, grown);
	EXPECT(t, is_vmalloc_addr(grown));
	for (int i = 0; i < 100; i++)
		EXPECT_EQ(t, grown[i], 9);
	kvfree(grown);
}

KTAP_SUITE(kvmalloc, KTAP_CASE(what_fits_is_contiguous), KTAP_CASE(c46_up_to_a_page_is_never_vmalloc),
	   KTAP_CASE(c46_fragments_are_joined_by_vmalloc), KTAP_CASE(c46_who_may_not_sleep_gets_no_vmalloc),
	   KTAP_CASE(c46_above_int_max_is_null), KTAP_CASE(larger_than_kmalloc_is_vmalloc),
	   KTAP_CASE(c28_arrays_that_overflow_are_null), KTAP_CASE(reallocation_keeps_what_was_there));
