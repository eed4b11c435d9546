/* SPDX-License-Identifier: MIT */
/*
 * pgtable.h - page tables of any format: map, unmap, look up, walk.
 *
 * The caller keeps a lock of his own around every call but pgtable_lookup(), which may run beside the others for an
 * address whose mapping does not change meanwhile. Nothing here sleeps or allocates other than by the caller's ops.
 */
#ifndef MM_PGTABLE_H
#define MM_PGTABLE_H

#include "arch/x86/pgtable.h"

struct kmem_fault;
struct pgtable;

/* Where tables come from. table(pfn(t)) == t. */
struct pgtable_ops {
	void *(*alloc)(struct pgtable *pt);			/* zeroed, or NULL */
	void (*free)(struct pgtable *pt, void *table);		/* holds nothing, no link leads to it */
	pfn_t (*pfn)(struct pgtable *pt, const void *table);
	void *(*table)(struct pgtable *pt, pfn_t pfn);
	unsigned long *(*used)(struct pgtable *pt, void *table);	/* the table's counter, 0 at first */
	bool (*is_table)(struct pgtable *pt, pfn_t pfn);	/* for pgtable_check(): is this one of alloc()'s? */
};

struct pgtable {
	const struct pgtable_format *format;
	const struct pgtable_ops *ops;
	void *top;
	unsigned long top_used;		/* present entries of top */
	unsigned long nr_tables;	/* below top */
	unsigned int last_shift;	/* log2 of the bytes that a table of level 1 covers */
	void *last;			/* the table of level 1 that was wanted last, or NULL */
	u64 last_place;			/* addresses >> last_shift that it covers */
};

/* What to map; as pgtable_map() goes on, what is left to map. */
struct pgtable_run {
	u64 address;		/* of pages */
	pfn_t pfn;
	u64 nr;
	u64 prot;
	bool large;		/* use large entries where address, pfn and nr allow */
};

/* A leaf that was found. */
struct pgtable_entry {
	u64 address;		/* of the page that was asked for; in a walk the leaf's first */
	pfn_t pfn;		/* its frame */
	u64 nr;			/* pages of the whole leaf */
	u64 prot;
	unsigned int level;
};

void pgtable_init(struct pgtable *pt, const struct pgtable_format *format, const struct pgtable_ops *ops, void *top);

/*
 * pgtable_map - enter a run. 0: all of it. -ENOMEM: no table was to be had; *run says what is left, and calling again
 * goes on with that. -EEXIST: something is mapped at run->address. -EINVAL: a frame or address that the format
 * cannot name; nothing is changed.
 */
int pgtable_map(struct pgtable *pt, struct pgtable_run *run);

/*
 * pgtable_unmap - no leaf is left in [address, address + nr pages). Holes are allowed. A large leaf that reaches out of
 * the range is split first. Returns the pages that were mapped, or -ENOMEM (nothing is unmapped) if that took a table
 * and none was to be had. Tables stay, empty or not: see pgtable_prune().
 */
long pgtable_unmap(struct pgtable *pt, u64 address, u64 nr);

/* Free the tables of the range that hold nothing. No processor may still walk them: flush first. Returns how many. */
unsigned long pgtable_prune(struct pgtable *pt, u64 address, u64 nr);

/* The same of those of level 1 alone. */
unsigned long pgtable_prune_last(struct pgtable *pt, u64 address, u64 nr);

/*
 * pgtable_adopt - the table of level 1 that maps address is this frame from now on: another's, who enters and counts
 * what it holds. ops know it as their own, but for alloc(). 0; 1: it was another such one before, which is freed, so
 * flush; -EEXIST: a large leaf is there; -ENOMEM.
 */
int pgtable_adopt(struct pgtable *pt, u64 address, pfn_t pfn);

/* The leaf that maps address, into *entry. False if there is none. */
bool pgtable_lookup(struct pgtable *pt, u64 address, struct pgtable_entry *entry);

/* visit() each leaf that overlaps the range, in order, until it returns other than 0; returns what it returned last. */
int pgtable_walk(struct pgtable *pt, u64 address, u64 nr, int (*visit)(const struct pgtable_entry *entry, void *arg),
		 void *arg);

/*
 * The level-1 table that maps address, or NULL. As long as nobody prunes it, its entries may be entered one by one
 * without the lock, each by who owns it, if no call above is made for its addresses. entry: of pgtable_leaf(), or 0.
 */
void *pgtable_last_table(struct pgtable *pt, u64 address);
void pgtable_enter_one(struct pgtable *pt, void *table, u64 address, u64 entry);

/*
 * The entries of a range, side by side: for pgtable_shut() and pgtable_open() by who owns it, without the lock. NULL:
 * they are in more than one table. They stay where they are until the range is unmapped: what is shut is not empty.
 */
void *pgtable_run_entries(struct pgtable *pt, u64 address, u64 nr);

/* The same of a range that is empty. They are shut from now on: each as leaf says it, but for the present bit. */
void *pgtable_keep(struct pgtable *pt, u64 address, u64 nr, u64 leaf);

/* The first broken invariant of the header comment of pgtable.c, or true. Frames are below max_pfn (0: any). */
bool pgtable_check(struct pgtable *pt, pfn_t max_pfn, struct kmem_fault *fault);

#endif
