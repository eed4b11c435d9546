/* SPDX-License-Identifier: MIT */
/*
 * linux/highmem.h - the contents of pages, whether they have an address of their own or not.
 *
 * Today only pages of the direct map can be reached: kmap(), kmap_local_page() and kmap_atomic() give a page's logical
 * address, and NULL for a page that has none; copying to or from such a page is a BUG. Mappings nest in stack order.
 * Source: mm/highmem.rst.
 */
#ifndef _LINUX_HIGHMEM_H
#define _LINUX_HIGHMEM_H

#include <linux/bug.h>
#include <linux/mm.h>
#include <linux/preempt.h>

static inline void *kmap(struct page *page)
{
	return page_address(page);
}

static inline void kunmap(struct page *page)
{
	(void)page;
}

static inline void *kmap_local_page(struct page *page)
{
	return page_address(page);
}

#define kunmap_local(address) ((void)(address))

/* As kmap_local_page(), in atomic context until kunmap_atomic(). */
static inline void *kmap_atomic(struct page *page)
{
	preempt_disable();
	return page_address(page);
}

static inline void __kunmap_atomic(const void *address)
{
	(void)address;
	preempt_enable();
}

#define kunmap_atomic(address) __kunmap_atomic(address)

static inline struct page *kmap_to_page(void *address)
{
	return virt_to_page(address);
}

/* [offset, offset + length) of the page, which must not leave it. */
static inline char *__page_bytes(struct page *page, size_t offset, size_t length)
{
	char *address = page_address(page);

	BUG_ON(!address || offset > PAGE_SIZE || length > PAGE_SIZE - offset);
	return address + offset;
}

static inline void clear_highpage(struct page *page)
{
	memset(__page_bytes(page, 0, PAGE_SIZE), 0, PAGE_SIZE);
}

static inline void copy_highpage(struct page *to, struct page *from)
{
	memcpy(__page_bytes(to, 0, PAGE_SIZE), __page_bytes(from, 0, PAGE_SIZE), PAGE_SIZE);
}

static inline void memcpy_page(struct page *to, size_t to_offset, struct page *from, size_t from_offset, size_t length)
{
	memcpy(__page_bytes(to, to_offset, length), __page_bytes(from, from_offset, length), length);
}

static inline void memmove_page(struct page *to, size_t to_offset, struct page *from, size_t from_offset, size_t length)
{
	memmove(__page_bytes(to, to_offset, length), __page_bytes(from, from_offset, length), length);
}

static inline void memset_page(struct page *page, size_t offset, int value, size_t length)
{
	memset(__page_bytes(page, offset, length), value, length);
}

static inline void memcpy_from_page(char *to, struct page *page, size_t offset, size_t length)
{
	memcpy(to, __page_bytes(page, offset, length), length);
}

static inline void memcpy_to_page(struct page *page, size_t offset, const char *from, size_t length)
{
	memcpy(__page_bytes(page, offset, length), from, length);
}

static inline void memzero_page(struct page *page, size_t offset, size_t length)
{
	memset(__page_bytes(page, offset, length), 0, length);
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
