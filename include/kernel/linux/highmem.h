/* SPDX-License-Identifier: MIT */
/*
 * linux/highmem.h - the contents of pages, whether they have an address of their own or not.
 *
 *	kmap_local_page(a), kmap_local_page(b) ... kunmap_local(b), kunmap_local(a)	in stack order
 *
 * For a page with a logical address all of it costs a comparison. What may sleep, and how much may be mapped at a time,
 * says kmem/highmem.h. Source: mm/highmem.rst.
 */
#ifndef _LINUX_HIGHMEM_H
#define _LINUX_HIGHMEM_H

#include <kmem/highmem.h>
#include <linux/bug.h>
#include <linux/mm.h>
#include <linux/preempt.h>

/* As kmap_local_page(), in atomic context until kunmap_atomic(). New code has no need of it. */
static inline void *kmap_atomic(struct page *page)
{
	preempt_disable();
	return kmap_local_page(page);
}

static inline void *kmap_atomic_pfn(unsigned long pfn)
{
	preempt_disable();
	return kmap_local_pfn(pfn);
}

static inline void __kunmap_atomic(const volatile void *address)
{
	__kunmap_local(address);
	preempt_enable();
}

#define kunmap_atomic(address) __kunmap_atomic(address)

/* ------------------------------------------------------------------------------------------------------- caches */

/* Data caches of x86 know physical addresses: aliases agree. */
static inline void flush_dcache_page(struct page *page)
{
	(void)page;
}

static inline void flush_kernel_vmap_range(void *address, int size)
{
	(void)address;
	(void)size;
}

static inline void invalidate_kernel_vmap_range(void *address, int size)
{
	(void)address;
	(void)size;
}

/* -------------------------------------------------------------------------------------------------------- contents */

/* [offset, offset + length) of a mapped page, which must not leave it. */
static inline char *__page_bytes(struct page *page, size_t offset, size_t length)
{
	BUG_ON(offset > PAGE_SIZE || length > PAGE_SIZE - offset);
	return (char *)kmap_local_page(page) + offset;
}

static inline void clear_highpage(struct page *page)
{
	void *address = kmap_local_page(page);

	clear_page(address);
	kunmap_local(address);
}

static inline void copy_highpage(struct page *to, struct page *from)
{
	void *source = kmap_local_page(from), *target = kmap_local_page(to);

	copy_page(target, source);
	kunmap_local(target);
	kunmap_local(source);
}

static inline void memcpy_page(struct page *to, size_t to_offset, struct page *from, size_t from_offset, size_t length)
{
	char *target = __page_bytes(to, to_offset, length), *source = __page_bytes(from, from_offset, length);

	memcpy(target, source, length);
	kunmap_local(source);
	kunmap_local(target);
}

static inline void memmove_page(struct page *to, size_t to_offset, struct page *from, size_t from_offset, size_t length)
{
	char *target = __page_bytes(to, to_offset, length), *source;

	source = to == from ? target - to_offset + from_offset : __page_bytes(from, from_offset, length);
	BUG_ON(from_offset > PAGE_SIZE - length);
	memmove(target, source, length);
	if (to != from)
		kunmap_local(source);
	kunmap_local(target);
}

static inline void memset_page(struct page *page, size_t offset, int value, size_t length)
{
	char *address = __page_bytes(page, offset, length);

	memset(address, value, length);
	kunmap_local(address);
}

static inline void memcpy_from_page(char *to, struct page *page, size_t offset, size_t length)
{
	const char *address = __page_bytes(page, offset, length);

	memcpy(to, address, length);
	kunmap_local(address);
}

static inline void memcpy_to_page(struct page *page, size_t offset, const char *from, size_t length)
{
	char *address = __page_bytes(page, offset, length);

	memcpy(address, from, length);
	kunmap_local(address);
}

static inline void memzero_page(struct page *page, size_t offset, size_t length)
{
	memset_page(page, offset, 0, length);
}

static inline void zero_user_segments(struct page *page, unsigned int start1, unsigned int end1, unsigned int start2,
				      unsigned int end2)
{
	if (end1 > start1)
		memzero_page(page, start1, end1 - start1);
	if (end2 > start2)
		memzero_page(page, start2, end2 - start2);
}

static inline void zero_user_segment(struct page *page, unsigned int start, unsigned int end)
{
	zero_user_segments(page, start, end, 0, 0);
}

static inline void zero_user(struct page *page, unsigned int start, unsigned int size)
{
	zero_user_segments(page, start, start + size, 0, 0);
}

#endif
