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

/* Has it a logical address? False of all pages while this thread has no CPU: the slow calls look again. */
static inline bool __page_is_near(const struct page *page)
{
	return likely(page < this_cpu()->first_high);
}

/* Of pages without a logical address (others are let through): what the calls below do for those. */
void *kmap_high(struct page *page);
void kunmap_high(const struct page *page);
void *kmap_local_high(const struct page *page);
void kunmap_local_high(const void *address);
/* Reports that kmap() was called where sleeping is not allowed. */
void kmap_in_atomic(void);

/* May sleep until there is a slot. The page's address for everybody, the same until the last kunmap(). */
static inline void *kmap(struct page *page)
{
	if (unlikely(kmem_context.preempt_count | kmem_context.irqs_off))
		kmap_in_atomic();
	return __page_is_near(page) ? lowmem_page_address(page) : kmap_high(page);
}

/* May be called in atomic context. */
static inline void kunmap(struct page *page)
{
	if (!__page_is_near(page))
		kunmap_high(page);
}

/* In any context. This task's until kunmap_local(); it may sleep meanwhile. */
static inline void *kmap_local_page(struct page *page)
{
	return __page_is_near(page) ? lowmem_page_address(page) : kmap_local_high(page);
}

/* Any address within the page. The newest mapping first: another order is reported. */
static inline void __kunmap_local(const volatile void *address)
{
	const struct kmem_cpu *cpu = this_cpu();

	if (unlikely((unsigned long)address - cpu->direct_base >= cpu->direct_bytes))
		kunmap_local_high((const void *)address);
}

#define kunmap_local(address) __kunmap_local(address)

/* kmap_local_page() of the frame. */
void *kmap_local_pfn(unsigned long pfn);
/* The page that is mapped at an address of kmap() or kmap_local_page(), or that of a logical address. */
struct page *kmap_to_page(const void *address);
/* What kunmap() has left mapped in case it is wanted again is out of reach from now on. May sleep. */
void kmap_flush_unused(void);

unsigned long nr_free_highpages(void);
unsigned long totalhigh_pages(void);

#endif
