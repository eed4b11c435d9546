/* SPDX-License-Identifier: MIT */
/*
 * pgtable.h - what a page-table entry of an x86 processor means. Arithmetic only: any format on any machine.
 *
 *	name	levels	index bits	entry	large pages
 *	2level	2	10 10		4 bytes	4 MiB
 *	pae	3	2 9 9		8 bytes	2 MiB
 *	4level	4	9 9 9 9		8 bytes	2 MiB, 1 GiB
 *
 * Level 1 is the last: its entries name pages. An entry of a higher level is a link, which names a table of the level
 * below, or with bit 7 a large page. A leaf is an entry that names memory, large or not.
 *
 *	63   62..52   51 .. 12       11..9    8   7         6   5   4     3     2    1    0
 *	NX   (free)   frame number   (free)   G   PS, PAT   D   A   PCD   PWT   US   RW   P
 *
 * "prot" is a leaf's bits other than the frame number, as level 1 has them, whatever the leaf's level.
 * Source: Intel Software Developer's Manual, volume 3A, "Paging".
 */
#ifndef ARCH_X86_PGTABLE_H
#define ARCH_X86_PGTABLE_H

#include <kmem/layout.h>

#define _PAGE_PRESENT 0x001ull
#define _PAGE_RW 0x002ull
#define _PAGE_USER 0x004ull
#define _PAGE_PWT 0x008ull
#define _PAGE_PCD 0x010ull
#define _PAGE_ACCESSED 0x020ull
#define _PAGE_DIRTY 0x040ull
#define _PAGE_PSE 0x080ull		/* above level 1: a large page */
#define _PAGE_PAT 0x080ull		/* at level 1 */
#define _PAGE_GLOBAL 0x100ull
#define _PAGE_PAT_LARGE 0x1000ull	/* where a large page keeps its PAT bit */
#define _PAGE_NX (1ull << 63)

#define PGTABLE_MAX_LEVELS 4

struct pgtable_format {
	const char *name;
	unsigned int levels;
	unsigned int entry_bytes;
	unsigned int index_bits[PGTABLE_MAX_LEVELS + 1];	/* by level; [0] is unused */
	unsigned int large_levels;				/* bit n: level n may hold large pages */
	unsigned int phys_bits;					/* physical addresses are below 2^phys_bits */
	bool has_nx;
	bool bare_top;						/* a link of the top level has no rights of its own */
	bool is_signed;						/* addresses repeat their last bit up to bit 63 */
};

extern const struct pgtable_format pgtable_2level, pgtable_pae, pgtable_4level;
/* All of them, NULL-terminated. */
extern const struct pgtable_format *const pgtable_formats[];

/* Log2 of the bytes that an entry of the level covers. levels + 1: the whole address space. */
unsigned int pgtable_shift(const struct pgtable_format *format, unsigned int level);

static inline u64 pgtable_level_bytes(const struct pgtable_format *format, unsigned int level)
{
	return 1ull << pgtable_shift(format, level);
}

static inline u64 pgtable_level_pages(const struct pgtable_format *format, unsigned int level)
{
	return pgtable_level_bytes(format, level) >> PAGE_SHIFT;
}

static inline unsigned int pgtable_nr_entries(const struct pgtable_format *format, unsigned int level)
{
	return 1u << format->index_bits[level];
}

static inline unsigned int pgtable_index(const struct pgtable_format *format, unsigned int level, u64 address)
{
	return (unsigned int)(address >> pgtable_shift(format, level)) & (pgtable_nr_entries(format, level) - 1);
}

/* May one entry of the level map nr pages or more from address to pfn? True of level 1 always. */
bool pgtable_fits(const struct pgtable_format *format, unsigned int level, u64 address, pfn_t pfn, u64 nr);
/* Can the format name this frame? */
bool pgtable_pfn_fits(const struct pgtable_format *format, pfn_t pfn);

/* Make entries. pfn is aligned to the level; rights that the format does not know are dropped. */
u64 pgtable_leaf(const struct pgtable_format *format, unsigned int level, pfn_t pfn, u64 prot);
u64 pgtable_link(const struct pgtable_format *format, unsigned int level, pfn_t table_pfn);

/* Read entries. */
static inline bool pgtable_present(u64 entry)
{
	return entry & _PAGE_PRESENT;
}

bool pgtable_is_leaf(const struct pgtable_format *format, unsigned int level, u64 entry);
/* First frame of the leaf's page, or the frame of the link's table. */
pfn_t pgtable_pfn(const struct pgtable_format *format, unsigned int level, u64 entry);
u64 pgtable_prot(const struct pgtable_format *format, unsigned int level, u64 leaf);
/* The bits that the processor wants to be zero in a present entry and that are not; 0 if it is well-formed. */
u64 pgtable_reserved_bits(const struct pgtable_format *format, unsigned int level, u64 entry);

/*
 * Entries in a table, each read and written at once, as a processor that walks the table needs it: on a 32-bit
 * processor the half with the present bit goes last when it is set and first when it is cleared, so that no walk ever
 * sees half an entry.
 */
static inline u64 pgtable_read(const struct pgtable_format *format, const void *table, unsigned int index)
{
	if (format->entry_bytes == 4)
		return __atomic_load_n((const u32 *)table + index, __ATOMIC_RELAXED);
#if __SIZEOF_POINTER__ == 8
	return __atomic_load_n((const u64 *)table + index, __ATOMIC_RELAXED);
#else
	const u32 *half = (const u32 *)((const u64 *)table + index);
	u32 low = __atomic_load_n(half, __ATOMIC_ACQUIRE);

	return (u64)__atomic_load_n(half + 1, __ATOMIC_RELAXED) << 32 | low;
#endif
}

/* Of a format of wide entries. */
static inline void pgtable_write_wide(u64 *at, u64 entry)
{
#if __SIZEOF_POINTER__ == 8
	__atomic_store_n(at, entry, __ATOMIC_RELEASE);
#else
	u32 *half = (u32 *)at;

	if (!pgtable_present(entry))
		__atomic_store_n(half, (u32)entry, __ATOMIC_RELEASE);
	__atomic_store_n(half + 1, (u32)(entry >> 32), __ATOMIC_RELEASE);
	__atomic_store_n(half, (u32)entry, __ATOMIC_RELEASE);
#endif
}

/* A wide entry in the processor's words: gcc takes fewer registers for two of them than for both as one. */
struct pgtable_words {
	unsigned long low;
#if __SIZEOF_POINTER__ == 4
	unsigned long high;
#endif
};

/* An entry that is not present is. */
static inline void pgtable_enter_words(u64 *at, struct pgtable_words entry)
{
#if __SIZEOF_POINTER__ == 4
	__atomic_store_n((unsigned long *)at + 1, entry.high, __ATOMIC_RELEASE);
#endif
	__atomic_store_n((unsigned long *)at, entry.low, __ATOMIC_RELEASE);
}

static inline void pgtable_write(const struct pgtable_format *format, void *table, unsigned int index, u64 entry)
{
	if (format->entry_bytes == 4)
		__atomic_store_n((u32 *)table + index, (u32)entry, __ATOMIC_RELEASE);
	else
		pgtable_write_wide((u64 *)table + index, entry);
}

/*
 * Enter up to nr leaves of level 1 from this index on, for frames side by side of which entry is the first's. Stops at
 * one that is not empty. Returns how many were entered.
 */
unsigned int pgtable_enter(const struct pgtable_format *format, void *table, unsigned int index, unsigned int nr,
			   u64 entry);
/* Clear nr entries from this index on. Returns how many were not empty. */
unsigned int pgtable_clear(const struct pgtable_format *format, void *table, unsigned int index, unsigned int nr);

/*
 * nr leaves of level 1, in a format of wide entries, say nothing; and say again what they said. Only the word with the
 * present bit changes, and only whoever owns the entries changes it: so it is one instruction an entry, most of what
 * mapping a kept run costs.
 */
#define PGTABLE_EIGHT(entry, change)                                                                                   \
	do {                                                                                                           \
		change((entry)[0]), change((entry)[1]), change((entry)[2]), change((entry)[3]);                        \
		change((entry)[4]), change((entry)[5]), change((entry)[6]), change((entry)[7]);                        \
	} while (0)
#define PGTABLE_EACH(entry, nr, change)                                                                                \
	do {                                                                                                           \
		for (u64 *stop_ = (entry) + ((nr) & ~7ul); (entry) != stop_; (entry) += 8)                             \
			PGTABLE_EIGHT(entry, change);                                                                  \
		for (u64 *stop_ = (entry) + ((nr) & 7); (entry) != stop_; (entry)++)                                   \
			change(*(entry));                                                                              \
	} while (0)
#if defined(__SANITIZE_THREAD__) || defined(KMEM_HOST_SIM)	/* who looks up a stray address looks at any time */
#define PGTABLE_WORD(entry, value) __atomic_store_n((unsigned long *)&(entry), (unsigned long)(value), __ATOMIC_RELEASE)
#else
#define PGTABLE_WORD(entry, value) (*(unsigned long *)&(entry) = (unsigned long)(value))
#endif
#define PGTABLE_SHUT(entry) PGTABLE_WORD(entry, (entry) & ~_PAGE_PRESENT)
#define PGTABLE_OPEN(entry) PGTABLE_WORD(entry, (entry) | _PAGE_PRESENT)

static inline void pgtable_shut(u64 *entry, unsigned long nr)
{
	PGTABLE_EACH(entry, nr, PGTABLE_SHUT);
}

static inline void pgtable_open(u64 *entry, unsigned long nr)
{
	PGTABLE_EACH(entry, nr, PGTABLE_OPEN);
}

#endif
