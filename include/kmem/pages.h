/* SPDX-License-Identifier: MIT */
/*
 * pages.h - page frames in blocks of 2^order.
 *
 *	alloc_pages  ->  struct page *  ->  __free_pages	any zone
 *	__get_free_pages  ->  address  ->  free_pages		zones with logical addresses
 *
 * All act on the machine of the calling thread. A call may sleep only if its flags hold
 * __GFP_DIRECT_RECLAIM. NULL (or 0) means that no block could be found or reclaimed.
 * Source: core-api/mm-api.rst, core-api/memory-allocation.rst.
 */
#ifndef KMEM_PAGES_H
#define KMEM_PAGES_H

#include <kmem/gfp.h>
#include <kmem/page.h>

#define MAX_ORDER 10		/* the largest order, inclusive */
#define NUMA_NO_NODE (-1)

/*
 * alloc_pages - 2^order contiguous page frames.
 * Returns the first page, reference count 1, or NULL. An order above MAX_ORDER gives NULL and one warning.
 * O(MAX_ORDER) without reclaim; order 0 to 3 usually from the CPU's own list.
 */
MUST_CHECK struct page *alloc_pages(gfp_t gfp, unsigned int order);
/* The same, from that node first (NUMA_NO_NODE: the CPU's); __GFP_THISNODE: from no other. */
MUST_CHECK struct page *alloc_pages_node(int nid, gfp_t gfp, unsigned int order);
/* Drop a reference; the last one frees. page must be the first of a block of that order; NULL is not allowed. */
void __free_pages(struct page *page, unsigned int order);

#define alloc_page(gfp) alloc_pages(gfp, 0)
#define __free_page(page) __free_pages((page), 0)

/* The logical address of a new block, or 0. __GFP_HIGHMEM is a caller's mistake: one warning, 0. */
MUST_CHECK unsigned long __get_free_pages(gfp_t gfp, unsigned int order);
MUST_CHECK unsigned long get_zeroed_page(gfp_t gfp);
void free_pages(unsigned long address, unsigned int order);	/* 0: nothing */
#define __get_free_page(gfp) __get_free_pages((gfp), 0)
#define __get_dma_pages(gfp, order) __get_free_pages((gfp) | __GFP_DMA, (order))
#define free_page(address) free_pages((address), 0)

/* Just enough pages for that many bytes: the tail of the power-of-two block is given back. */
MUST_CHECK void *alloc_pages_exact(size_t bytes, gfp_t gfp);
MUST_CHECK void *alloc_pages_exact_nid(int nid, size_t bytes, gfp_t gfp);
void free_pages_exact(void *address, size_t bytes);

/*
 * Fill the NULL entries of array[0..nr) with single pages. Returns how many entries are then filled,
 * counted from the first; fewer than nr when memory is short. Source: mm-api.rst.
 */
unsigned long alloc_pages_bulk_array(gfp_t gfp, unsigned long nr, struct page **array);
unsigned long alloc_pages_bulk_array_node(gfp_t gfp, int nid, unsigned long nr, struct page **array);
/* nr single pages onto list (by lru). Returns how many. */
unsigned long alloc_pages_bulk_list(gfp_t gfp, unsigned long nr, struct list_head *list);
void free_pages_bulk(struct page **array, unsigned long nr);

/* Make 2^order single pages of a block that is not compound; each then has its own reference. */
void split_page(struct page *page, unsigned int order);

void __page_tail_touched(const struct page *page);	/* for SetPage...() */

/* References: get_page() on any page of a compound block counts at its head. */
void get_page(struct page *page);
void put_page(struct page *page);
int page_count(const struct page *page);
struct page *compound_head(const struct page *page);
unsigned int compound_order(const struct page *page);	/* 0 if page is not a compound head */

/* Addresses, as arithmetic. Physical addresses and pfns belong to the calling thread's machine. */
struct page *pfn_to_page(unsigned long pfn);
unsigned long page_to_pfn(const struct page *page);
phys_addr_t virt_to_phys(const volatile void *address);
void *phys_to_virt(phys_addr_t physical);
phys_addr_t page_to_phys(const struct page *page);
bool pfn_valid(unsigned long pfn);		/* has a descriptor that may be read */
bool virt_addr_valid(const volatile void *address);
/* The logical or kmap address of a page, or NULL if it has none. */
void *page_address(const struct page *page);
#define __pa(address) virt_to_phys((const volatile void *)(address))
#define __va(physical) phys_to_virt(physical)

int page_to_nid(const struct page *page);
struct zone *page_zone(const struct page *page);
const char *page_zone_name(const struct page *page);

/* Order that holds that many bytes. */
static inline int get_order(unsigned long bytes)
{
	unsigned long pages = (bytes - 1) >> PAGE_SHIFT;

	if (!bytes)
		return (int)(sizeof(long) * 8 - PAGE_SHIFT);
	return pages ? (int)(sizeof(long) * 8) - __builtin_clzl(pages) : 0;
}

unsigned long totalram_pages(void);
unsigned long nr_free_pages(void);		/* on free lists; not on CPUs' own */
unsigned long nr_free_buffer_pages(void);

/* Give the lists of every CPU back to the zones. May sleep. */
void drain_all_pages(void);
/* Those of the calling thread's CPU. */
void drain_local_pages(void);

#endif
