/* SPDX-License-Identifier: MIT */
/*
 * vm_run.h - areas that are kept for their frames: found, opened, shut. Inline: mapping such frames is little more.
 *
 *	entries	[ pfn 7 P | pfn 8 P | pfn 9 P ]		busy: as any area's
 *		[ pfn 7 . | pfn 8 . | pfn 9 . ]		kept: only the present bit is gone (pgtable_shut())
 *
 * What vmalloc() takes for an area is a run, so its first frame says that the area is its. The pages of others are
 * compared with the entries, which need not be neighbours then.
 *
 * The entries are the area's owner's as long as they are not empty, so he changes them without table_lock.
 * Lock: none; an area that was found is its finder's alone.
 */
#ifndef MM_VM_RUN_H
#define MM_VM_RUN_H

#include <linux/kernel.h>
#include "lib/seeded.h"
#include "mm/fault_inject.h"
#include "mm/vmalloc.h"

/* A frame's place in an entry over its descriptor's distance from the first one, log2. */
#define PAGE_TO_PLACE (PAGE_SHIFT - (sizeof(struct page) == 64 ? 6 : 5))

_Static_assert(sizeof(struct page) == 64 || sizeof(struct page) == 32, "one of two powers of two");

/* How many of the pages, from the first on, are neighbours in memory. nr > 0. */
static inline unsigned long pages_contiguous(struct page **pages, unsigned long nr)
{
	struct page **at = pages, **end = pages + (nr & ~7ul);
	const struct page *page = pages[0];

	for (; at != end; at += 8, page += 8)
		if (at[0] != page || at[1] != page + 1 || at[2] != page + 2 || at[3] != page + 3 ||
		    at[4] != page + 4 || at[5] != page + 5 || at[6] != page + 6 || at[7] != page + 7)
			break;
	for (end = pages + nr; at != end && *at == page; at++, page++)
		;
	return (unsigned long)(at - pages);
}

/*
 * An area that was kept for the frames from *first on; NULL if there is none. Busy again, still to be opened. (first
 * is read again where it is looked for again, so that no register is held for it.)
 */
static __always_inline struct vmap_area *area_reuse(struct vmalloc_state *vs, enum vm_area_kind kind,
						    struct page *const *first, unsigned long size)
{
	struct vmap_area *area = vm_kept_reuse(kind, *first, size);

	return likely(area) || !kept_collect(vs) ? area : vm_kept_reuse(kind, *first, size);
}

/* Of an area's pages, those whose entries are in the same table as the first. */
static inline unsigned long area_pages_in_table(const struct vmap_area *area, unsigned long nr)
{
	unsigned long entries = PAGE_SIZE / sizeof(u64);

	return min(nr, entries - (area->va_start >> PAGE_SHIFT & (entries - 1)));
}

/*
 * What an entry says besides its rights, if it is this page's, less a constant. No two pointers have the same place,
 * pages or not: the bits that go at one end come in at the other.
 */
static __always_inline unsigned long page_place(const struct page *page, const struct page *first)
{
	unsigned long at = (unsigned long)page - (sizeof(long) == 4 ? (unsigned long)first : 0);

	return at << PAGE_TO_PLACE | at >> (8 * sizeof(long) - PAGE_TO_PLACE);
}

/* One word tells, as long as 32 bits name all of memory. */
static __always_inline bool entry_is_for(const u64 *entry, const struct page *page, const struct page *first, u64 shut,
					 bool is_narrow)
{
	if (sizeof(long) == 8 || is_narrow)
		return page_place(page, first) - (unsigned long)*entry ==
		       page_place(first, first) - (unsigned long)shut;
	return *entry - ((u64)((unsigned long)page - (unsigned long)first) << PAGE_TO_PLACE) == shut;
}

/* Do shut entries say these pages? Those before the first that does not may be open again. */
static __always_inline bool entries_reopen(const struct page *first, u64 shut, u64 *entry, struct page **page,
					   unsigned long nr, bool is_narrow)
{
	u64 *end = entry + (nr & ~7ul);

#define IS_FOR(i) entry_is_for(entry + (i), page[i], first, shut, is_narrow)
	for (; entry != end; entry += 8, page += 8) {
		if (!IS_FOR(0) || !IS_FOR(1) || !IS_FOR(2) || !IS_FOR(3) || !IS_FOR(4) || !IS_FOR(5) || !IS_FOR(6) ||
		    !IS_FOR(7))
			return false;
		barrier();	/* a bit set in memory is shorter than all entries in registers */
		PGTABLE_EIGHT(entry, PGTABLE_OPEN);
	}
	for (end += nr & 7; entry != end; entry++, page++) {
		if (!IS_FOR(0))
			return false;
		PGTABLE_OPEN(*entry);
	}
#undef IS_FOR
	return true;
}

static __always_inline bool area_reopen(const struct vmalloc_state *vs, const struct vmap_area *area,
					struct page **pages, unsigned long nr)
{
	bool is_narrow = vs->machine->max_pfn <= 1ul << (32 - PAGE_SHIFT);
	const struct page *start = vs->machine->vmemmap;
	u64 shut = area->prot & ~_PAGE_PRESENT;
	unsigned long first;

	if (likely(!area->more) && (sizeof(long) == 8 || is_narrow))
		return entries_reopen(start, shut, area->entries, pages, nr, true);
	first = area_pages_in_table(area, nr);
	return entries_reopen(start, shut, area->entries, pages, first, false) &&
	       (first == nr || entries_reopen(start, shut, area->more, pages + first, nr - first, false));
}

/* The host opens what it kept, too. */
static __always_inline bool area_is_told(struct vmalloc_state *vs, const struct vmap_area *area, unsigned long nr,
					 pgprot_t prot, gfp_t gfp)
{
	unsigned int rights = HOST_READ | (pgprot_val(prot) & _PAGE_RW ? HOST_WRITE : 0) | HOST_AGAIN;

	return vs->opens_alone ||
	       likely(!fault_here(vs->machine, FAULT_MAP, gfp) &&
		      !host_map(vs->machine, area->va_start, area->pfn, (pfn_t)nr, rights));
}

/* What it reached, it reaches again: the run that these pages are. Returns what pages_map() says. */
MUST_CHECK static __always_inline int run_open(struct vmalloc_state *vs, struct vmap_area *area, struct page **pages,
					       unsigned long nr, pgprot_t prot, gfp_t gfp)
{
	if (unlikely((pgprot_val(prot) | _PAGE_NX) != area->prot))
		return area_lay_anew(vs, area, pages, nr, prot, gfp);
	if (likely(!area->more)) {
		pgtable_open(area->entries, nr);
	} else {
		pgtable_open(area->entries, area_pages_in_table(area, nr));
		pgtable_open(area->more, nr - area_pages_in_table(area, nr));
	}
	return likely(area_is_told(vs, area, nr, prot, gfp)) ? 0 : area_lay_anew(vs, area, pages, nr, prot, gfp);
}

/*
 * It reaches nothing from now on. Returns whether the host keeps its mapping; else it is as if it had never been.
 * leaves_open: the host is not told, so addresses still reach what they did.
 */
static __always_inline bool run_shut(struct vmalloc_state *vs, const struct vmap_area *area, unsigned long nr)
{
	if (likely(!area->more)) {
		pgtable_shut(area->entries, nr);
	} else {
		pgtable_shut(area->entries, area_pages_in_table(area, nr));
		pgtable_shut(area->more, nr - area_pages_in_table(area, nr));
	}
	if (unlikely(vs->leaves_open) || (!SEEDED(VMALLOC_FLUSH) && host_unmap(vs->machine, area->va_start, nr, true)))
		return true;
	tables_unmap(vs, area->va_start, nr);
	return false;
}

#endif
