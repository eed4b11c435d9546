/* SPDX-License-Identifier: MIT */
/*
 * page_addr.c - between addresses, frame numbers and descriptors of the calling thread's machine.
 *
 *	direct map   direct_base + pfn * PAGE_SIZE		frames below max_low_pfn
 *	descriptors  vmemmap + pfn				all frames
 */
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "mm/buddy.h"
#include "mm/highmem.h"

struct page *pfn_to_page(unsigned long pfn)
{
	return machine_page(this_machine(), pfn);
}

unsigned long page_to_pfn(const struct page *page)
{
	return machine_pfn(this_machine(), page);
}

phys_addr_t virt_to_phys(const volatile void *address)
{
	return (phys_addr_t)((unsigned long)address - this_machine()->layout.direct_base);
}

void *phys_to_virt(phys_addr_t physical)
{
	return (void *)(this_machine()->layout.direct_base + (unsigned long)physical);
}

phys_addr_t page_to_phys(const struct page *page)
{
	return (phys_addr_t)page_to_pfn(page) << PAGE_SHIFT;
}

/* Who names a frame that boot left for later gets its descriptor now. */
static bool machine_pfn_valid(struct machine *m, pfn_t pfn)
{
	if (pfn >= m->max_pfn)
		return false;
	if (likely(pfn_described(m, pfn)))
		return true;
	for (unsigned int i = 0; i < m->nr_zones; i++)
		if (zone_spans_pfn(m->zones[i], pfn) && zone_describe(m->zones[i], pfn))
			return true;
	return false;
}

bool pfn_valid(unsigned long pfn)
{
	return machine_pfn_valid(this_machine(), pfn);
}

bool virt_addr_valid(const volatile void *address)
{
	struct machine *m = this_machine();
	unsigned long offset = (unsigned long)address - m->layout.direct_base;

	return offset < m->max_low_pfn << PAGE_SHIFT && machine_pfn_valid(m, offset >> PAGE_SHIFT);
}

void *page_address(const struct page *page)
{
	struct machine *m = this_machine();

	return page_is_low(m, page) ? lowmem_page_address(page) : kmap_address(m, machine_pfn(m, page));
}

int page_to_nid(const struct page *page)
{
	return (int)(page->flags >> PAGE_ZONE_SHIFT >> 3);
}

struct zone *page_zone(const struct page *page)
{
	return machine_page_zone(this_machine(), page);
}

const char *page_zone_name(const struct page *page)
{
	return page_zone(page)->name;
}

unsigned long totalram_pages(void)
{
	return this_machine()->totalram;
}

unsigned long nr_free_pages(void)
{
	struct machine *m = this_machine();
	long pages = 0;

	for (unsigned int i = 0; i < m->nr_zones; i++)
		pages += zone_page_state(m->zones[i], NR_FREE_PAGES);
	return (unsigned long)pages;
}

void pages_zero(struct machine *m, struct page *page, unsigned int order)
{
	if (page_is_low(m, page)) {
		host_clear_pages(lowmem_page_address(page), 1ul << order);
		return;
	}
	for (unsigned long i = 0; i < 1ul << order; i++)
		clear_highpage(page + i);
}
