/* SPDX-License-Identifier: MIT */
/*
 * vmalloc_pages.c - the pages of an area: taken, arranged, given back.
 *
 *	taken	    [ 512 pages ][ 64 ][ 8 ][ 1 ][ 1 ]		largest blocks first, each split at once
 *	arranged    [ 512 pages ][ 1 1 8 64 ]			by frame; whole large blocks stay in front, aligned
 *
 * Pages are taken in the largest blocks that there are, without disturbing anyone for them, so that each has its own
 * reference and neighbours are mapped in few runs; blocks that fill a large table entry come first and stay aligned.
 * True at rest: A4 and A5 of vmalloc.c.
 * Lock: none; the area is the caller's alone.
 */
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/sort.h>
#include "mm/page_alloc.h"
#include "mm/vmalloc.h"

/* To take what is there, and disturb no one. */
static gfp_t easy(gfp_t gfp)
{
	return (gfp & ~(__GFP_RECLAIM | __GFP_NOFAIL)) | __GFP_NOWARN | __GFP_NORETRY;
}

struct page *area_block_take(unsigned long nr, gfp_t gfp, int node)
{
	return alloc_pages_node(node, easy(gfp), (unsigned int)ilog2(nr));
}

void area_block_free(struct page *block, unsigned long nr)
{
	if (block)
		__free_pages(block, (unsigned int)ilog2(nr));
}

void area_block_split(struct page *block, struct page **pages, unsigned long nr)
{
	split_page(block, (unsigned int)ilog2(nr));
	for (unsigned long i = 0; i < nr; i++)
		pages[i] = block++;
}

/* Pages in blocks of at least 2^least pages, as long as free memory has them. Returns how many are filled in. */
static unsigned long fill_blocks(struct page **pages, unsigned long nr, gfp_t gfp, int node)
{
	unsigned int order = min_t(unsigned int, MAX_ORDER, ilog2(nr));
	unsigned long filled = 0;

	while (order) {
		struct page *page = NULL;

		if (nr - filled >= 1ul << order)
			page = area_block_take(1ul << order, gfp, node);
		if (!page) {
			order--;
			continue;
		}
		area_block_split(page, pages + filled, 1ul << order);
		filled += 1ul << order;
	}
	return filled;
}

unsigned long area_pages_take(struct page **pages, unsigned long nr, gfp_t gfp, int node)
{
	unsigned long filled = fill_blocks(pages, nr, gfp, node);

	if (filled < nr)
		filled += alloc_pages_bulk_array_node(gfp, node, nr - filled, pages + filled);
	for (; filled < nr; filled++) {
		pages[filled] = alloc_pages_node(node, gfp, 0);
		if (!pages[filled])
			break;
	}
	return filled;
}

static int by_frame(const void *a, const void *b)
{
	const struct page *left = *(struct page *const *)a, *right = *(struct page *const *)b;

	return left < right ? -1 : left > right;
}

static void sort_pages(struct page **pages, unsigned long nr)
{
	unsigned long sorted = 1;

	while (sorted < nr && pages[sorted - 1] < pages[sorted])
		sorted++;
	if (sorted < nr)
		sort(pages, nr, sizeof(*pages), by_frame, NULL);
}

void area_pages_arrange(struct page **pages, unsigned long nr)
{
	unsigned long block = 1ul << LARGE_ORDER, blocks = 0;

	while (nr - blocks >= block && !((unsigned long)(pages[blocks] - (struct page *)VMEMMAP_BASE) & (block - 1)) &&
	       pages[blocks + block - 1] == pages[blocks] + block - 1)
		blocks += block;
	sort_pages(pages, blocks);
	sort_pages(pages + blocks, nr - blocks);
}

static void page_array_free(struct page **pages)
{
	if (is_vmalloc_addr(pages))
		vfree(pages);
	else
		kfree(pages);
}

unsigned long area_pages_free(struct vm_struct *vm)
{
	unsigned long nr = vm->nr_pages;

	if (!vm->pages)
		return 0;
	if (nr == 1)
		__free_page(vm->pages[0]);
	else
		free_pages_bulk(vm->pages, nr);
	vm->nr_pages = 0;
	return nr;
}

void vm_structs_free(struct vm_struct *vm)
{
	for (struct vm_struct *next; vm; vm = next) {
		next = vm->next;
		page_array_free(vm->pages);
		kfree(vm);
	}
}
