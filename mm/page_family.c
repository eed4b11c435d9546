/* SPDX-License-Identifier: MIT */
/* page_family.c - the ways to ask for pages that are made of alloc_pages(): by address, exact, in bulk. */
#include <linux/bitops.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include "lib/assert.h"
#include "mm/pcp.h"

/* An address is asked for, and high memory has none. Zone modifiers that would allow it are refused. */
static unsigned long pages_by_address(int nid, gfp_t gfp, unsigned int order)
{
	struct page *page;

	if (WARN_ON_ONCE(gfp & __GFP_HIGHMEM))
		return 0;
	page = nid == NUMA_NO_NODE ? alloc_pages(gfp, order) : alloc_pages_node(nid, gfp, order);
	return page ? (unsigned long)lowmem_page_address(page) : 0;
}

unsigned long __get_free_pages(gfp_t gfp, unsigned int order)
{
	return pages_by_address(NUMA_NO_NODE, gfp, order);
}

void free_pages(unsigned long address, unsigned int order)
{
	if (address)
		__free_pages(virt_to_page((void *)address), order);
}

/* ------------------------------------------------------------------------------------------------------- exact */

void *alloc_pages_exact_nid(int nid, size_t bytes, gfp_t gfp)
{
	unsigned int order = (unsigned int)get_order(bytes);
	unsigned long start, used, end;

	if (WARN_ON_ONCE(gfp & (__GFP_COMP | __GFP_HIGHMEM)))
		gfp &= ~(__GFP_COMP | __GFP_HIGHMEM);
	start = pages_by_address(nid, gfp, order);
	if (!start)
		return NULL;
	split_page(virt_to_page((void *)start), order);
	end = start + (PAGE_SIZE << order);
	for (used = start + PAGE_ALIGN(bytes); used < end; used += PAGE_SIZE)
		free_page(used);
	return (void *)start;
}

void *alloc_pages_exact(size_t bytes, gfp_t gfp)
{
	return alloc_pages_exact_nid(NUMA_NO_NODE, bytes, gfp);
}

void free_pages_exact(void *address, size_t bytes)
{
	unsigned long at = (unsigned long)address, end = at + PAGE_ALIGN(bytes);

	for (; address && at < end; at += PAGE_SIZE)
		free_page(at);
}

/* --------------------------------------------------------------------------------------------------------- bulk */

/* The first page may cost reclaim; the others are taken while they are to be had. */
static gfp_t bulk_gfp(gfp_t gfp, bool first)
{
	return first ? gfp : (gfp & ~(__GFP_DIRECT_RECLAIM | __GFP_NOFAIL)) | __GFP_NOWARN;
}

/*
 * Pages of the larger blocks that this CPU keeps, which are its own already: as large ones as fit, each split. What
 * others could use is not touched for it. Returns how many pages.
 */
static unsigned long take_kept(gfp_t gfp, unsigned long nr, struct page **array)
{
	unsigned int order = min((unsigned int)ilog2(nr), PCP_ORDERS - 1);
	unsigned long done = 0, flags;

	cpu_hold(&flags);
	gfp = bulk_gfp(gfp, false) & ~__GFP_COMP;
	while (order) {
		struct page *block = NULL;

		if ((nr - done) >> order && pcp_for(gfp)->order[order].chain[PCP_WARM].kept)
			block = alloc_pages(gfp, order);
		if (!block) {
			order--;
			continue;
		}
		split_page(block, order);
		for (const struct page *end = block + (1ul << order); block < end; block++)
			array[done++] = block;
	}
	cpu_let_go(flags);
	return done;
}

/* Does this CPU keep blocks at all? (In fast code: it stays this CPU meanwhile.) */
static KMEM_FAST bool blocks_are_kept(gfp_t gfp)
{
	const struct per_cpu_pages *pcp = pcp_for(gfp);
	unsigned int kept = 0;

	for (unsigned int order = 1; order < PCP_ORDERS; order++)
		kept |= pcp->order[order].chain[PCP_WARM].kept;
	return kept;
}

/* How many places there are to fill, from the first on. */
static unsigned long places_free(struct page **array, unsigned long nr)
{
	unsigned long i = 0;

	while (i < nr && !array[i])
		i++;
	return i;
}

unsigned long alloc_pages_bulk_array_node(gfp_t gfp, int nid, unsigned long nr, struct page **array)
{
	bool here = nid == NUMA_NO_NODE, first;
	unsigned long places = here && blocks_are_kept(gfp) ? places_free(array, nr) : 0, i = 0;

	if (places > 1)
		i = take_kept(gfp, places, array);
	for (first = !i; i < nr; i++) {
		if (here)
			i += alloc_kept_pages(bulk_gfp(gfp, first), nr - i, array + i);
		if (i == nr)
			break;
		if (!array[i])
			array[i] = alloc_pages_node(nid, bulk_gfp(gfp, first), 0);
		if (!array[i])
			return i;
		first = false;
	}
	return nr;
}

unsigned long alloc_pages_bulk_array(gfp_t gfp, unsigned long nr, struct page **array)
{
	return alloc_pages_bulk_array_node(gfp, NUMA_NO_NODE, nr, array);
}

unsigned long alloc_pages_bulk_list(gfp_t gfp, unsigned long nr, struct list_head *list)
{
	unsigned long i;

	for (i = 0; i < nr; i++) {
		struct page *page = alloc_pages(bulk_gfp(gfp, !i), 0);

		if (!page)
			break;
		list_add(&page->lru, list);
	}
	return i;
}

/* The largest order at which page starts an aligned block of at most nr pages, all of one zone. */
static unsigned int run_order(const struct machine *m, const struct page *page, unsigned long nr)
{
	unsigned long pfn = machine_pfn(m, page);
	unsigned int order = (unsigned int)ilog2(nr);

	order = min(order, (unsigned int)__ffs(pfn | PAGEBLOCK_PAGES));
	return (page[(1ul << order) - 1].flags ^ page->flags) >> PAGE_ZONE_SHIFT ? 0 : order;
}

/* Frames side by side that nobody holds any more, given back in the largest blocks that they make. */
static void run_free(struct machine *m, struct page *page, unsigned long nr)
{
	while (nr) {
		unsigned int order = run_order(m, page, nr);

		free_block(m, page, order, false);
		page += 1ul << order;
		nr -= 1ul << order;
	}
}

/*
 * Drop the references of neighbours, from the first on, that have no other and are pages of this machine: what
 * page_put_testzero() does with such. Returns how many, all of which nobody holds any more.
 */
static unsigned long run_put(struct machine *m, struct page **array, unsigned long nr)
{
	unsigned long offset = (unsigned long)array[0] - (unsigned long)m->vmemmap, run = 0;

	if (unlikely(offset % sizeof(struct page) || offset >= m->max_pfn * sizeof(struct page)))
		return 0;
	nr = min(nr, (unsigned long)m->max_pfn - offset / sizeof(struct page));
	for (struct page *page = array[0]; run < nr && array[run] == page; page++) {
		if (unlikely(!page_state_is(page, PAGE_STATE_USED)))
			break;
		__atomic_store_n(&page->_refcount.counter, 0, __ATOMIC_RELAXED);
		run++;
	}
	return run;
}

void free_pages_bulk(struct page **array, unsigned long nr)
{
	struct machine *m = this_machine();

	for (unsigned long i = 0, run; i < nr; i += run) {
		run = run_put(m, array + i, nr - i);
		if (likely(run)) {
			run_free(m, array[i], run);
			continue;
		}
		if (array[i] && page_put_testzero(m, array[i]))
			free_block(m, array[i], 0, false);
		run = 1;
	}
	memset(array, 0, nr * sizeof(array[0]));
}
