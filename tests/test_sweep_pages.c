/* SPDX-License-Identifier: MIT */
/* test_sweep_pages.c - the page allocator's family with every passage failing. */
#include "tests/sweep.h"

static bool put(struct page *page, unsigned int order)
{
	if (page)
		__free_pages(page, order);
	return page;
}

static bool put_address(unsigned long address, unsigned int order)
{
	free_pages(address, order);
	return address;
}

static bool call_alloc_pages(void)
{
	return put(alloc_pages(GFP_KERNEL, 3), 3);
}

/* Further than what boot has described. */
static bool call_largest_blocks(void)
{
	struct page *a = alloc_pages(GFP_KERNEL, MAX_ORDER), *b = alloc_pages(GFP_KERNEL, MAX_ORDER);
	bool both = a && b;

	put(a, MAX_ORDER);
	put(b, MAX_ORDER);
	return both;
}

static bool call_alloc_page(void)
{
	return put(alloc_page(GFP_KERNEL), 0);
}

static bool call_atomic(void)
{
	return put(alloc_page(GFP_ATOMIC), 0);
}

static bool call_high(void)
{
	return put(alloc_pages(GFP_HIGHUSER_MOVABLE | __GFP_ZERO, 1), 1);
}

static bool call_nofail(void)
{
	return put(alloc_pages(GFP_KERNEL | __GFP_NOFAIL, 1), 1);
}

static bool call_alloc_pages_node(void)
{
	return put(alloc_pages_node(1, GFP_KERNEL | __GFP_THISNODE, 1), 1);
}

static bool call___get_free_pages(void)
{
	return put_address(__get_free_pages(GFP_KERNEL, 2), 2);
}

static bool call___get_free_page(void)
{
	return put_address(__get_free_page(GFP_KERNEL), 0);
}

static bool call___get_dma_pages(void)
{
	return put_address(__get_dma_pages(GFP_KERNEL, 1), 1);
}

static bool call_get_zeroed_page(void)
{
	unsigned long address = get_zeroed_page(GFP_KERNEL);

	if (address)
		EXPECT(slab_case, bytes_are_all((void *)address, 0, PAGE_SIZE));
	return put_address(address, 0);
}

static bool call_alloc_pages_exact(void)
{
	void *pages = alloc_pages_exact(11 * PAGE_SIZE, GFP_KERNEL);

	if (pages)
		free_pages_exact(pages, 11 * PAGE_SIZE);
	return pages;
}

static bool call_alloc_pages_exact_nid(void)
{
	void *pages = alloc_pages_exact_nid(1, 3 * PAGE_SIZE, GFP_KERNEL);

	if (pages)
		free_pages_exact(pages, 3 * PAGE_SIZE);
	return pages;
}

#define NR_BULK 10

/* As many from the first on as it says, and no other. */
static bool bulk(int nid, bool any)
{
	struct page *pages[NR_BULK] = { 0 };
	unsigned long nr = any ? alloc_pages_bulk_array(GFP_KERNEL, NR_BULK, pages)
			       : alloc_pages_bulk_array_node(GFP_KERNEL, nid, NR_BULK, pages);

	for (unsigned long i = 0; i < NR_BULK; i++)
		EXPECT_EQ(slab_case, pages[i] != NULL, i < nr);
	free_pages_bulk(pages, nr);
	return nr == NR_BULK;
}

static bool call_alloc_pages_bulk_array(void)
{
	return bulk(0, true);
}

static bool call_alloc_pages_bulk_array_node(void)
{
	return bulk(1, false);
}

/* Entries that the caller had stay his. */
static bool call_bulk_with_holes(void)
{
	struct page *own = alloc_pages(GFP_KERNEL | __GFP_NOFAIL, 0), *pages[5] = { NULL, own };
	unsigned long nr = alloc_pages_bulk_array(GFP_KERNEL, 5, pages);

	EXPECT_EQ(slab_case, pages[1], own);
	EXPECT(slab_case, nr <= 5 && nr != 1);
	for (int i = 0; i < 5; i++)
		put(pages[i], 0);
	return nr == 5;
}

static bool call_alloc_pages_bulk_list(void)
{
	LIST_HEAD(list);
	unsigned long nr = alloc_pages_bulk_list(GFP_KERNEL, NR_BULK, &list), found = 0;
	struct page *page;

	for (; !list_empty(&list); found++) {
		page = list_first_entry(&list, struct page, lru);
		list_del(&page->lru);
		__free_page(page);
	}
	EXPECT_EQ(slab_case, nr, found);
	return nr == NR_BULK;
}

static const struct sweep_row rows[] = {
	SWEEP(alloc_pages, SWEEP_FAILS),
	SWEEP_AS(alloc_pages, call_largest_blocks, SWEEP_FAILS),
	SWEEP_AS(alloc_pages, call_nofail, SWEEP_SURVIVES),
	SWEEP_AS(alloc_pages, call_high, SWEEP_FAILS),
	SWEEP(alloc_page, SWEEP_FAILS),
	SWEEP_AS(alloc_page, call_atomic, SWEEP_FAILS),
	SWEEP(alloc_pages_node, SWEEP_FAILS),
	SWEEP(__get_free_pages, SWEEP_FAILS),
	SWEEP(__get_free_page, SWEEP_FAILS),
	SWEEP(__get_dma_pages, SWEEP_FAILS),
	SWEEP(get_zeroed_page, SWEEP_FAILS),
	SWEEP(alloc_pages_exact, SWEEP_FAILS),
	SWEEP(alloc_pages_exact_nid, SWEEP_FAILS),
	SWEEP(alloc_pages_bulk_array, SWEEP_FAILS),
	SWEEP_AS(alloc_pages_bulk_array, call_bulk_with_holes, SWEEP_FAILS),
	SWEEP(alloc_pages_bulk_array_node, SWEEP_FAILS),
	SWEEP(alloc_pages_bulk_list, SWEEP_FAILS),
};

static void c21_every_passage_of_the_page_allocator(struct ktap *t)
{
	sweep(t, "mem=64M numa=fake=2 loglevel=1", rows, ARRAY_SIZE(rows));
}

static void every_passage_with_high_memory(struct ktap *t)
{
	sweep(t, "mem=2G kmem.layout=i386 loglevel=1", rows, ARRAY_SIZE(rows));
}

KTAP_SUITE(sweep_pages, KTAP_CASE(c21_every_passage_of_the_page_allocator),
	KTAP_CASE(every_passage_with_high_memory));
