/* SPDX-License-Identifier: MIT */
/*
 * highmem.h - addresses for pages that may have none.
 *
 *	                address is good for	may sleep	mappings at a time
 *	kmap		everybody		yes		512 pages, each as often as one likes
 *	kmap_local_page	this task		no		16, in stack order
 *	kmap_atomic	the same, in atomic context until kunmap_atomic()
 *
 * A page with a logical address, as all have on 64 bits, keeps that, and nothing is done. None of these fail. The
 * inline functions around them are in linux/highmem.h. Source: Documentation/mm/highmem.rst.
 */
#ifndef KMEM_HIGHMEM_H
#define KMEM_HIGHMEM_H

#include <kmem/cpu.h>
#include <kmem/page.h>

/* Of pages without a logical address (others are let through): what the calls below do for those. */
void *kmap_high(struct page *page);
void kunmap_high(const struct page *page);
void *kmap_local_high(const struct page *page);
void kunmap_local_high(const void *address);

/* kmap_local_page() of the frame. */
void *kmap_local_pfn(unsigned long pfn);
/* The page that is mapped at an address of kmap() or kmap_local_page(), or that of a logical address. */
struct page *kmap_to_page(const void *address);
/* What kunmap() has left mapped in case it is wanted again is out of reach from now on. May sleep. */
void kmap_flush_unused(void);

unsigned long nr_free_highpages(void);
unsigned long totalhigh_pages(void);

#endif
