/* SPDX-License-Identifier: MIT */
/*
 * linux/mm.h - pages as kernel code handles them: their flags, their fields, their addresses.
 *
 *	PageDirty(page)		is the flag set?		TestSetPageDirty(page)		set it; was it?
 *	SetPageDirty(page)	atomically			__SetPageDirty(page)		page is not shared yet
 *	ClearPageDirty(page)					TestClearPageDirty(page)
 *
 * Flags of a whole block live in its first page, whichever of its pages is asked; the others in each page itself.
 * Slab, buddy, table, guard and offline pages are told by the page's type, which only their owners set.
 */
#ifndef _LINUX_MM_H
#define _LINUX_MM_H

#include <kmem/host.h>
#include <kmem/pages.h>
#include <kmem/slab.h>
#include <linux/align.h>
#include <linux/bitops.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mmzone.h>
#include <linux/pgtable.h>
#include <linux/preempt.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>

/* ------------------------------------------------------------------------------------------------- addresses */

#define PAGE_ALIGNED(address) IS_ALIGNED((unsigned long)(address), PAGE_SIZE)
#define PAGE_ALIGN_DOWN(address) ((address) & PAGE_MASK)
#define offset_in_page(address) ((unsigned long)(address) & ~PAGE_MASK)
#define PFN_UP(bytes) (((bytes) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define PFN_DOWN(bytes) ((bytes) >> PAGE_SHIFT)
#define PFN_PHYS(pfn) ((phys_addr_t)(pfn) << PAGE_SHIFT)
#define PHYS_PFN(address) ((unsigned long)((address) >> PAGE_SHIFT))
#define page_to_virt(page) lowmem_page_address(page)
#define nth_page(page, n) ((page) + (n))

static inline struct page *virt_to_head_page(const void *address)
{
	return compound_head(virt_to_page(address));
}

static inline void clear_page(void *address)
{
	host_clear_pages(address, 1);
}

static inline void copy_page(void *to, const void *from)
{
	memcpy(to, from, PAGE_SIZE);
}

/* ----------------------------------------------------------------------------------------------------- fields */

#define page_private(page) ((page)->private)
#define set_page_private(page, v) ((page)->private = (v))

static inline unsigned int page_zonenum(const struct page *page)
{
	return (unsigned int)(page->flags >> PAGE_ZONE_SHIFT) & 7;
}

/* How many mappings a process has of it; 0 for a page that has an owner instead. */
static inline int page_mapcount(struct page *page)
{
	int count = __atomic_load_n(&page->_mapcount.counter, __ATOMIC_RELAXED) + 1;

	return page_type_of(page) >= PGTY_BUDDY && count ? 0 : count;
}

static inline bool page_mapped(struct page *page)
{
	return page_mapcount(page) > 0;
}

static inline int page_ref_count(const struct page *page)
{
	return __atomic_load_n(&page->_refcount.counter, __ATOMIC_RELAXED);
}

/* Of the block that page begins; of page alone if it begins none. */
static inline unsigned long compound_nr(struct page *page)
{
	return 1ul << compound_order(page);
}

static inline unsigned long page_size(struct page *page)
{
	return PAGE_SIZE << compound_order(page);
}

static inline unsigned int page_shift(struct page *page)
{
	return PAGE_SHIFT + compound_order(page);
}

/* ------------------------------------------------------------------------------------------------------ flags */

static inline struct page *__page_flag_any(struct page *page)
{
	return page;
}

static inline struct page *__page_flag_head(struct page *page)
{
	return compound_head(page);
}

/* Flags of pages that are not the first of their block are looked at when it is freed only if someone has set any. */
static inline void __page_touch(const struct page *page)
{
	if (__builtin_expect(!page_ref_count(page), 0))
		__page_tail_touched(page);
}

#define __TESTPAGEFLAG(uname, lname, where) \
static inline int Page##uname(const struct page *page) \
{ \
	return test_bit(PG_##lname, &where((struct page *)page)->flags); \
}

#define __PAGEFLAG(uname, lname, where) \
__TESTPAGEFLAG(uname, lname, where) \
static inline void SetPage##uname(struct page *page) \
{ \
	__page_touch(where(page)); \
	set_bit(PG_##lname, &where(page)->flags); \
} \
static inline void ClearPage##uname(struct page *page) \
{ \
	clear_bit(PG_##lname, &where(page)->flags); \
} \
static inline int TestSetPage##uname(struct page *page) \
{ \
	__page_touch(where(page)); \
	return test_and_set_bit(PG_##lname, &where(page)->flags); \
} \
static inline int TestClearPage##uname(struct page *page) \
{ \
	return test_and_clear_bit(PG_##lname, &where(page)->flags); \
} \
static inline void __SetPage##uname(struct page *page) \
{ \
	__page_touch(where(page)); \
	__set_bit(PG_##lname, &where(page)->flags); \
} \
static inline void __ClearPage##uname(struct page *page) \
{ \
	__clear_bit(PG_##lname, &where(page)->flags); \
}

__PAGEFLAG(Locked, locked, __page_flag_head)
__PAGEFLAG(Waiters, waiters, __page_flag_head)
__PAGEFLAG(Referenced, referenced, __page_flag_head)
__PAGEFLAG(Uptodate, uptodate, __page_flag_head)
__PAGEFLAG(Dirty, dirty, __page_flag_head)
__PAGEFLAG(LRU, lru, __page_flag_head)
__PAGEFLAG(Active, active, __page_flag_head)
__PAGEFLAG(Workingset, workingset, __page_flag_head)
__PAGEFLAG(Writeback, writeback, __page_flag_head)
__PAGEFLAG(MappedToDisk, mappedtodisk, __page_flag_head)
__PAGEFLAG(Reclaim, reclaim, __page_flag_head)
__PAGEFLAG(SwapBacked, swapbacked, __page_flag_head)
__PAGEFLAG(Unevictable, unevictable, __page_flag_head)
__PAGEFLAG(Mlocked, mlocked, __page_flag_head)
__PAGEFLAG(Error, error, __page_flag_any)
__PAGEFLAG(Reserved, reserved, __page_flag_any)
__PAGEFLAG(Private, private, __page_flag_any)
__PAGEFLAG(Private2, private_2, __page_flag_any)
__PAGEFLAG(OwnerPriv1, owner_priv_1, __page_flag_any)
__PAGEFLAG(Checked, owner_priv_1, __page_flag_any)
__TESTPAGEFLAG(Head, head, __page_flag_any)

#define __PAGETYPE(uname, type) \
static inline int Page##uname(const struct page *page) \
{ \
	return page_type_of(page) == (type); \
}

__PAGETYPE(Slab, PGTY_SLAB)
__PAGETYPE(Buddy, PGTY_BUDDY)
__PAGETYPE(Offline, PGTY_OFFLINE)
__PAGETYPE(Table, PGTY_TABLE)
__PAGETYPE(Guard, PGTY_GUARD)

static inline int PageTail(const struct page *page)
{
	return (int)(__atomic_load_n(&page->compound_head, __ATOMIC_RELAXED) & 1);
}

static inline int PageCompound(const struct page *page)
{
	return PageHead(page) || PageTail(page);
}

/* Is the page beyond the direct map? Only kmap gives it an address. */
static inline int PageHighMem(const struct page *page)
{
	return page >= cpu_get()->first_high;
}

/* ---------------------------------------------------------------------------------------------------- settings */

/* Does memory of such an allocation start as zeros, on this machine? */
bool want_init_on_alloc(gfp_t flags);
/* Is memory zeroed when it is freed? */
bool want_init_on_free(void);

#endif
