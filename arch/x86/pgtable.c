/* SPDX-License-Identifier: MIT */
/*
 * pgtable.c - the formats of x86 page tables, as one table of widths and one set of functions.
 *
 *	           level 4   level 3     level 2     level 1
 *	2level                           10 | 4 MiB  10 | 4 KiB
 *	pae                  2  | -      9  | 2 MiB  9  | 4 KiB
 *	4level     9 | -     9  | 1 GiB  9  | 2 MiB  9  | 4 KiB		index bits | size of a leaf
 */
#include "arch/x86/pgtable.h"

#define LINK_BITS (_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY)
#define LEAF_BITS (_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_PWT | _PAGE_PCD | _PAGE_ACCESSED | _PAGE_DIRTY | \
		   _PAGE_GLOBAL)
#define BITS(high, low) ((~0ull >> (63 - (high))) & (~0ull << (low)))

const struct pgtable_format pgtable_2level = {
	.name = "2level", .levels = 2, .entry_bytes = 4, .index_bits = { 0, 10, 10 },
	.large_levels = 1u << 2, .phys_bits = 32,
};

const struct pgtable_format pgtable_pae = {
	.name = "pae", .levels = 3, .entry_bytes = 8, .index_bits = { 0, 9, 9, 2 },
	.large_levels = 1u << 2, .phys_bits = 52, .has_nx = true, .bare_top = true,
};

const struct pgtable_format pgtable_4level = {
	.name = "4level", .levels = 4, .entry_bytes = 8, .index_bits = { 0, 9, 9, 9, 9 },
	.large_levels = 1u << 2 | 1u << 3, .phys_bits = 52, .has_nx = true, .is_signed = true,
};

const struct pgtable_format *const pgtable_formats[] = { &pgtable_2level, &pgtable_pae, &pgtable_4level, NULL };

static bool may_be_large(const struct pgtable_format *format, unsigned int level)
{
	return format->large_levels >> level & 1;
}

/* Bits of an entry that hold a frame number. */
static u64 frame_bits(const struct pgtable_format *format, unsigned int level, bool is_leaf)
{
	return BITS(format->phys_bits - 1, is_leaf ? pgtable_shift(format, level) : PAGE_SHIFT);
}

unsigned int pgtable_shift(const struct pgtable_format *format, unsigned int level)
{
	unsigned int shift = PAGE_SHIFT;

	for (unsigned int below = 1; below < level; below++)
		shift += format->index_bits[below];
	return shift;
}

bool pgtable_pfn_fits(const struct pgtable_format *format, pfn_t pfn)
{
	return (u64)pfn < 1ull << (format->phys_bits - PAGE_SHIFT);
}

bool pgtable_fits(const struct pgtable_format *format, unsigned int level, u64 address, pfn_t pfn, u64 nr)
{
	u64 pages = pgtable_level_pages(format, level);

	if (level == 1)
		return true;
	return may_be_large(format, level) && nr >= pages && !((address >> PAGE_SHIFT | pfn) & (pages - 1));
}

u64 pgtable_leaf(const struct pgtable_format *format, unsigned int level, pfn_t pfn, u64 prot)
{
	u64 entry = ((u64)pfn << PAGE_SHIFT & frame_bits(format, level, true)) | (prot & LEAF_BITS);

	if (level == 1)
		entry |= prot & _PAGE_PAT;
	else
		entry |= _PAGE_PSE | (prot & _PAGE_PAT ? _PAGE_PAT_LARGE : 0);
	if (format->has_nx)
		entry |= prot & _PAGE_NX;
	return entry;
}

u64 pgtable_link(const struct pgtable_format *format, unsigned int level, pfn_t table_pfn)
{
	bool is_bare = format->bare_top && level == format->levels;

	return (u64)table_pfn << PAGE_SHIFT | (is_bare ? _PAGE_PRESENT : LINK_BITS);
}

bool pgtable_is_leaf(const struct pgtable_format *format, unsigned int level, u64 entry)
{
	return pgtable_present(entry) && (level == 1 || (may_be_large(format, level) && (entry & _PAGE_PSE)));
}

pfn_t pgtable_pfn(const struct pgtable_format *format, unsigned int level, u64 entry)
{
	return (pfn_t)((entry & frame_bits(format, level, pgtable_is_leaf(format, level, entry))) >> PAGE_SHIFT);
}

u64 pgtable_prot(const struct pgtable_format *format, unsigned int level, u64 leaf)
{
	u64 prot = leaf & (LEAF_BITS | (format->has_nx ? _PAGE_NX : 0));

	if (level == 1)
		return prot | (leaf & _PAGE_PAT);
	return prot | (leaf & _PAGE_PAT_LARGE ? _PAGE_PAT : 0);
}

u64 pgtable_reserved_bits(const struct pgtable_format *format, unsigned int level, u64 entry)
{
	u64 reserved = 0;

	if (!pgtable_present(entry))
		return 0;
	if (format->entry_bytes == 4)
		reserved |= BITS(63, 32);
	if (format->bare_top)
		reserved |= BITS(62, format->phys_bits);
	/* Bit 5 is said to be reserved, too; but QEMU's processors mark the top's entries as accessed. */
	if (format->bare_top && level == format->levels)
		return entry & (reserved | BITS(63, 63) | BITS(8, 6) | BITS(2, 1));
	if (level > 1 && pgtable_is_leaf(format, level, entry))
		reserved |= BITS(pgtable_shift(format, level) - 1, PAGE_SHIFT + 1);
	if (level == 4)
		reserved |= _PAGE_PSE;
	return entry & reserved;
}

/* The format is looked at once: these loops are most of what mapping a run costs. */
unsigned int pgtable_enter(const struct pgtable_format *format, void *table, unsigned int index, unsigned int nr,
			   u64 entry)
{
	unsigned int done = 0;

#if __SIZEOF_POINTER__ == 8
	for (u64 *at = (u64 *)table + index; format->entry_bytes == 8 && done < nr; done++, at++, entry += PAGE_SIZE) {
		if (__atomic_load_n(at, __ATOMIC_RELAXED))
			return done;
		__atomic_store_n(at, entry, __ATOMIC_RELEASE);
	}
#endif
	for (; done < nr && !pgtable_read(format, table, index + done); done++, entry += PAGE_SIZE)
		pgtable_write(format, table, index + done, entry);
	return done;
}

unsigned int pgtable_clear(const struct pgtable_format *format, void *table, unsigned int index, unsigned int nr)
{
	unsigned int done = 0, used = 0;

#if __SIZEOF_POINTER__ == 8
	for (u64 *at = (u64 *)table + index; format->entry_bytes == 8 && done < nr; done++, at++) {
		used += __atomic_load_n(at, __ATOMIC_RELAXED) != 0;
		__atomic_store_n(at, 0, __ATOMIC_RELEASE);
	}
#endif
	for (; done < nr; done++) {
		used += pgtable_read(format, table, index + done) != 0;
		pgtable_write(format, table, index + done, 0);
	}
	return used;
}
