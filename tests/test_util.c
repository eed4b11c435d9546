/* SPDX-License-Identifier: MIT */
/*
 * test_util.c - copies of strings and memory, and the kernel's small helpers around pages.
 */
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "mm/machine.h"
#include <linux/mmzone.h>
#include "tests/ktap.h"

static void end_machine(void *arg)
{
	machine_leave();
	machine_shutdown(arg);
}

static size_t printed;

static void count_printed(void *arg, const char *text, size_t length)
{
	(void)arg;
	(void)text;
	printed += length;
}

static struct machine *machine_for(struct ktap *t, const char *cmdline)
{
	struct machine *m = machine_boot(&(struct machine_config){ .cmdline = cmdline, .console = count_printed });

	if (!EXPECT_NOT_NULL(t, m))
		return NULL;
	machine_enter(m);
	ktap_cleanup(t, end_machine, m);
	return m;
}

/* ------------------------------------------------------------------------------------------------------ strings */

static void expect_copy(struct ktap *t, char *copy, const char *want)
{
	EXPECT_STR(t, copy, want);
	EXPECT_NE(t, copy, want);
	EXPECT_GE(t, ksize(copy), strlen(want) + 1);
	kfree(copy);
}

static void strings_are_copied(struct ktap *t)
{
	static char long_text[9001];

	if (!machine_for(t, "mem=64M nr_cpus=2"))
		return;
	memset(long_text, 'x', sizeof(long_text) - 1);
	expect_copy(t, kstrdup("", GFP_KERNEL), "");
	expect_copy(t, kstrdup("seven b", GFP_KERNEL), "seven b");
	expect_copy(t, kstrdup(long_text, GFP_KERNEL), long_text);
	expect_copy(t, kstrndup("abcdef", 3, GFP_KERNEL), "abc");
	expect_copy(t, kstrndup("abc", 100, GFP_KERNEL), "abc");
	expect_copy(t, kstrndup("abc", SIZE_MAX, GFP_KERNEL), "abc");
	expect_copy(t, kmemdup_nul("a\0c", 1, GFP_KERNEL), "a");
	EXPECT_NULL(t, kstrdup(NULL, GFP_KERNEL));
	EXPECT_NULL(t, kstrndup(NULL, 3, GFP_KERNEL));
	EXPECT_NULL(t, kmemdup_nul(NULL, 3, GFP_KERNEL));
	EXPECT_NULL(t, kmemdup_nul("abc", SIZE_MAX, GFP_KERNEL));
}

static void constants_are_copied_and_freed_alike(struct ktap *t)
{
	static const char constant[] = "constant";
	const char *copy;

	if (!machine_for(t, "mem=64M nr_cpus=2"))
		return;
	copy = kstrdup_const(constant, GFP_KERNEL);
	EXPECT_STR(t, copy, constant);
	printed = 0;
	kfree_const(copy);
	kfree_const(constant);		/* not the machine's: left alone */
	kfree_const(NULL);
	EXPECT_STR(t, constant, "constant");
	EXPECT_EQ(t, printed, 0);	/* a foreign pointer would be reported */
}

static void memory_is_copied(struct ktap *t)
{
	static const char data[300] = { 1, 2, 3, [299] = 4 };
	void *copy;

	if (!machine_for(t, "mem=64M nr_cpus=2"))
		return;
	copy = kmemdup(data, sizeof(data), GFP_KERNEL);
	EXPECT_MEM(t, copy, data, sizeof(data));
	kfree(copy);
	copy = kvmemdup(data, sizeof(data), GFP_KERNEL);
	EXPECT_MEM(t, copy, data, sizeof(data));
	kvfree(copy);
	EXPECT_EQ(t, kmemdup(data, 0, GFP_KERNEL), ZERO_SIZE_PTR);
	EXPECT_NULL(t, kmemdup(data, KMALLOC_MAX_SIZE + 1, GFP_KERNEL | __GFP_NOWARN));
}

static void text_is_formatted(struct ktap *t)
{
	char *text;

	if (!machine_for(t, "mem=64M nr_cpus=2"))
		return;
	expect_copy(t, kasprintf(GFP_KERNEL, "%s-%d", "kmalloc", 64), "kmalloc-64");
	expect_copy(t, kasprintf(GFP_KERNEL, "%s", ""), "");
	text = kasprintf(GFP_KERNEL, "%5000s|", "x");
	ASSERT_NOT_NULL(t, text);
	EXPECT_STR(t, text + 4999, "x|");
	kfree(text);
}

static void c28_array_sizes_that_overflow_change_nothing(struct ktap *t)
{
	unsigned char *object;

	if (!machine_for(t, "mem=64M nr_cpus=2"))
		return;
	object = kmalloc(100, GFP_KERNEL);
	ASSERT_NOT_NULL(t, object);
	memset(object, 7, 100);
	EXPECT_NULL(t, krealloc_array(object, SIZE_MAX / 2, 3, GFP_KERNEL));
	EXPECT_EQ(t, object[99], 7);
	object = krealloc_array(object, 100, 10, GFP_KERNEL);
	ASSERT_NOT_NULL(t, object);
	EXPECT_EQ(t, object[0], 7);
	EXPECT_EQ(t, object[99], 7);
	EXPECT_GE(t, ksize(object), 1000);
	kfree(object);
}

/* The next object of that class is the one that was wiped: nothing of the secret is left in all of it. */
static void c30_sensitive_memory_is_wiped_to_its_end(struct ktap *t)
{
	static const size_t sizes[] = { 24, 100, 1000 };

	if (!machine_for(t, "mem=64M nr_cpus=1"))
		return;
	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		unsigned char *secret = kmalloc(sizes[i], GFP_KERNEL), *again;
		size_t size = ksize(secret);

		memset(secret, 0x5e, size);
		kfree_sensitive(secret);
		again = kmalloc(sizes[i], GFP_KERNEL);
		EXPECT_EQ(t, again, secret);
		for (size_t byte = sizeof(long); byte < size; byte++)
			if (!EXPECT_EQ(t, again[byte], 0))
				break;
		kfree(again);
	}
	kfree_sensitive(NULL);
	kfree_sensitive(ZERO_SIZE_PTR);
}

/* Each call fails cleanly when its allocation does. No flag wakes the background task, which would find some memory. */
static void copies_that_fail_give_null(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2 kmem.kmalloc_sheaves=0");
	LIST_HEAD(taken);
	struct page *page, *next;
	char *copies[2048];
	int nr = 0;

	if (!m)
		return;
	while ((page = alloc_page(__GFP_HIGH | __GFP_ATOMIC | __GFP_NOWARN)))
		list_add(&page->lru, &taken);
	while (nr < 2048 && (copies[nr] = kstrdup("x", __GFP_NOWARN)))
		nr++;
	EXPECT_LT(t, nr, 2048);
	EXPECT_NULL(t, kasprintf(__GFP_NOWARN, "%d", 7));
	EXPECT_NULL(t, kmemdup("x", 2, __GFP_NOWARN));
	while (nr--)
		kfree(copies[nr]);
	list_for_each_entry_safe(page, next, &taken, lru)
		__free_page(page);
}

/* -------------------------------------------------------------------------------------------------------- pages */

static void page_flags_live_in_the_head(struct ktap *t)
{
	struct page *block;

	if (!machine_for(t, "mem=64M nr_cpus=2"))
		return;
	block = alloc_pages(GFP_KERNEL | __GFP_COMP, 2);
	ASSERT_NOT_NULL(t, block);
	EXPECT(t, PageHead(block) && PageCompound(block) && !PageTail(block));
	EXPECT(t, PageTail(nth_page(block, 3)) && PageCompound(nth_page(block, 3)));
	EXPECT_EQ(t, compound_nr(block), 4);
	EXPECT_EQ(t, page_size(block), 4 * PAGE_SIZE);
	EXPECT_EQ(t, page_shift(block), PAGE_SHIFT + 2);
	SetPageDirty(nth_page(block, 2));
	EXPECT(t, PageDirty(block) && PageDirty(nth_page(block, 1)));
	EXPECT(t, TestSetPageDirty(block));
	EXPECT(t, TestClearPageDirty(nth_page(block, 1)));
	EXPECT(t, !PageDirty(block));
	SetPagePrivate(nth_page(block, 1));
	EXPECT(t, !PagePrivate(block) && PagePrivate(nth_page(block, 1)));
	ClearPagePrivate(nth_page(block, 1));
	__SetPageUptodate(block);
	EXPECT(t, PageUptodate(block));
	__ClearPageUptodate(block);
	EXPECT_EQ(t, virt_to_head_page((char *)page_address(block) + 3 * PAGE_SIZE + 17), block);
	__free_pages(block, 2);
}

static void page_types_and_fields(struct ktap *t)
{
	struct page *page;
	void *object;

	if (!machine_for(t, "mem=64M nr_cpus=2"))
		return;
	_Static_assert(ZONE_HIGHMEM == 3, "PageHighMem() of linux/mm.h knows the number");
	page = alloc_page(GFP_KERNEL);
	ASSERT_NOT_NULL(t, page);
	EXPECT_EQ(t, page_zonenum(page), sizeof(long) == 8 ? ZONE_DMA32 : ZONE_NORMAL);
	EXPECT_EQ(t, page_mapcount(page), 0);
	EXPECT_EQ(t, page_ref_count(page), 1);
	EXPECT(t, !page_mapped(page) && !PageSlab(page) && !PageBuddy(page) && !PageHighMem(page));
	set_page_private(page, 77);
	EXPECT_EQ(t, page_private(page), 77);
	set_page_private(page, 0);
	__free_page(page);
	object = kmalloc(64, GFP_KERNEL);
	EXPECT(t, PageSlab(virt_to_head_page(object)));
	EXPECT_EQ(t, page_mapcount(virt_to_head_page(object)), 0);
	kfree(object);
	EXPECT(t, PAGE_ALIGNED(0x3000) && !PAGE_ALIGNED(0x3001));
	EXPECT_EQ(t, offset_in_page(0x3456), 0x456);
	EXPECT_EQ(t, PFN_UP(4097ul), 2);
	EXPECT_EQ(t, PFN_DOWN(8191ul), 1);
}

static void page_contents_by_page(struct ktap *t)
{
	char text[8] = "seven b";
	struct page *a, *b;
	char *address;

	if (!machine_for(t, "mem=64M nr_cpus=2"))
		return;
	a = alloc_page(GFP_KERNEL);
	b = alloc_page(GFP_KERNEL);
	ASSERT(t, a && b);
	memset_page(a, 0, 0xff, PAGE_SIZE);
	clear_highpage(b);
	memcpy_to_page(b, PAGE_SIZE - 8, text, 8);
	copy_highpage(a, b);
	address = kmap_local_page(a);
	EXPECT_EQ(t, address, page_address(a));
	EXPECT_STR(t, address + PAGE_SIZE - 8, "seven b");
	EXPECT_EQ(t, address[0], 0);
	kunmap_local(address);
	memset(text, 0, sizeof(text));
	memcpy_from_page(text, a, PAGE_SIZE - 8, 8);
	EXPECT_STR(t, text, "seven b");
	memzero_page(a, PAGE_SIZE - 8, 8);
	EXPECT_EQ(t, address[PAGE_SIZE - 8], 0);
	address = kmap_atomic(b);
	EXPECT(t, in_atomic());
	EXPECT_EQ(t, kmap_to_page(address), b);
	kunmap_atomic(address);
	EXPECT(t, !in_atomic());
	EXPECT_EQ(t, kmap(b), page_address(b));
	kunmap(b);
	__free_page(a);
	__free_page(b);
}

static void settings_of_the_machine(struct ktap *t)
{
	if (!machine_for(t, "mem=64M nr_cpus=2 init_on_free=1"))
		return;
	EXPECT(t, !want_init_on_alloc(GFP_KERNEL));
	EXPECT(t, want_init_on_alloc(GFP_KERNEL | __GFP_ZERO));
	EXPECT(t, want_init_on_free());
}

static void all_new_memory_is_zeroed_if_asked_for(struct ktap *t)
{
	if (!machine_for(t, "mem=64M init_on_alloc=1"))
		return;
	EXPECT(t, want_init_on_alloc(GFP_KERNEL));
	EXPECT(t, !want_init_on_free());
}

KTAP_SUITE(util, KTAP_CASE(strings_are_copied), KTAP_CASE(constants_are_copied_and_freed_alike),
	   KTAP_CASE(memory_is_copied), KTAP_CASE(text_is_formatted),
	   KTAP_CASE(c28_array_sizes_that_overflow_change_nothing),
	   KTAP_CASE(c30_sensitive_memory_is_wiped_to_its_end), KTAP_CASE(copies_that_fail_give_null),
	   KTAP_CASE(page_flags_live_in_the_head), KTAP_CASE(page_types_and_fields), KTAP_CASE(page_contents_by_page),
	   KTAP_CASE(settings_of_the_machine),
	   KTAP_CASE(all_new_memory_is_zeroed_if_asked_for));
