/* SPDX-License-Identifier: MIT */
/*
 * pgtable.c - one walker for every page-table format and level.
 *
 *	top [ . | link | . ]			level n
 *	            v
 *	        [ LARGE | link | . ]		level 2: used 2
 *	                    v
 *	                [ . | page | page ]	level 1: used 2
 *
 * Each function handles one table and calls itself for the tables below; the depth is the number of levels. Most ranges
 * lie in one table of level 1, and often in that of the range before: it is remembered while it exists.
 *
 * True whenever the caller's lock is free; pgtable_check() proves each:
 *	G1  a table's counter is the number of its entries that are not empty
 *	G2  no entry has a bit that the processor reserves
 *	G3  a leaf's frames are below max_pfn
 *	G4  nr_tables is the number of tables that links lead to
 *	G5  a link leads to a page that is a table
 * Lock: the caller's.
 */
#include <linux/errno.h>
#include "lib/assert.h"
#include "mm/page_alloc.h"
#include "mm/pgtable.h"

static unsigned long *table_used(struct pgtable *pt, void *table)
{
	return table == pt->top ? &pt->top_used : pt->ops->used(pt, table);
}

static void *link_target(struct pgtable *pt, unsigned int level, u64 entry)
{
	return pt->ops->table(pt, pgtable_pfn(pt->format, level, entry));
}

/* One beyond the last address of the entry that covers address; 0 at the end of a 64-bit space. */
static u64 entry_end(const struct pgtable *pt, unsigned int level, u64 address)
{
	u64 bytes = pgtable_level_bytes(pt->format, level);

	return (address & ~(bytes - 1)) + bytes;
}

/* The same, cut to the range's end. */
static u64 step_end(const struct pgtable *pt, unsigned int level, u64 address, u64 end)
{
	u64 next = entry_end(pt, level, address);

	return next - 1 < end - 1 ? next : end;
}

static void set_entry(struct pgtable *pt, void *table, unsigned int index, u64 entry)
{
	assert(!pgtable_present(pgtable_read(pt->format, table, index)));
	pgtable_write(pt->format, table, index, entry);
	++*table_used(pt, table);
}

static void clear_entry(struct pgtable *pt, void *table, unsigned int index)
{
	assert(pgtable_present(pgtable_read(pt->format, table, index)));
	pgtable_write(pt->format, table, index, 0);
	--*table_used(pt, table);
}

static struct pgtable_entry describe(const struct pgtable *pt, unsigned int level, u64 entry, u64 address)
{
	u64 nr = pgtable_level_pages(pt->format, level);
	pfn_t inside = (pfn_t)(address >> PAGE_SHIFT & (nr - 1));

	return (struct pgtable_entry){
		.address = address, .pfn = pgtable_pfn(pt->format, level, entry) + inside, .nr = nr,
		.prot = pgtable_prot(pt->format, level, entry), .level = level,
	};
}

void pgtable_init(struct pgtable *pt, const struct pgtable_format *format, const struct pgtable_ops *ops, void *top)
{
	*pt = (struct pgtable){ .format = format, .ops = ops, .top = top, .last_shift = pgtable_shift(format, 2) };
}

/* Is the range inside the address space? Its upper half may be at the end of 64 bits. */
static bool range_fits(const struct pgtable *pt, u64 address, u64 nr)
{
	u64 pages = pgtable_level_pages(pt->format, pt->format->levels + 1), half = pages << PAGE_SHIFT >> 1;
	u64 first = (pt->format->is_signed && address >= -half ? address + 2 * half : address) >> PAGE_SHIFT;

	return !(address & (PAGE_SIZE - 1)) && first <= pages && nr <= pages - first;
}

/* The table of level 1 in which all of a range of pages lies; NULL: there is none, or more than one. */
static void *last_table(struct pgtable *pt, u64 address, u64 nr)
{
	u64 place = address >> pt->last_shift;
	void *table = pt->top;

	if (nr > 1 && (address + ((nr - 1) << PAGE_SHIFT)) >> pt->last_shift != place)
		return NULL;
	if (pt->last && pt->last_place == place)
		return pt->last;
	for (unsigned int level = pt->format->levels; level > 1; level--) {
		u64 entry = pgtable_read(pt->format, table, pgtable_index(pt->format, level, address));

		if (!pgtable_present(entry) || pgtable_is_leaf(pt->format, level, entry))
			return NULL;
		table = link_target(pt, level, entry);
	}
	pt->last = table;
	pt->last_place = place;
	return table;
}

static unsigned int last_index(const struct pgtable *pt, u64 address)
{
	return (unsigned int)(address >> PAGE_SHIFT) & (pgtable_nr_entries(pt->format, 1) - 1);
}

/* ------------------------------------------------------------------------------------------------------------ map */

/* The table below an empty entry, made and linked; NULL if there is none to be had. */
static void *link_new_table(struct pgtable *pt, void *table, unsigned int level, unsigned int index)
{
	void *below = pt->ops->alloc(pt);

	if (!below)
		return NULL;
	pt->nr_tables++;
	set_entry(pt, table, index, pgtable_link(pt->format, level, pt->ops->pfn(pt, below)));
	return below;
}

static void run_advance(struct pgtable_run *run, u64 pages)
{
	run->address += pages << PAGE_SHIFT;
	run->pfn += (pfn_t)pages;
	run->nr -= pages;
}

/* The same in a table of level 1. */
static int map_last(struct pgtable *pt, void *table, struct pgtable_run *run)
{
	unsigned int index = last_index(pt, run->address), space = pgtable_nr_entries(pt->format, 1) - index;
	unsigned int nr = run->nr < space ? (unsigned int)run->nr : space;
	unsigned int entered = pgtable_enter(pt->format, table, index, nr,
					     pgtable_leaf(pt->format, 1, run->pfn, run->prot));

	*table_used(pt, table) += entered;
	run_advance(run, entered);
	return entered < nr ? -EEXIST : 0;
}

/* Map what is left of the run up to the end of this table. */
static int map_table(struct pgtable *pt, void *table, unsigned int level, struct pgtable_run *run)
{
	unsigned int index = pgtable_index(pt->format, level, run->address);
	unsigned int nr_entries = pgtable_nr_entries(pt->format, level);

	if (level == 1)
		return map_last(pt, table, run);
	for (; run->nr && index < nr_entries; index++) {
		u64 entry = pgtable_read(pt->format, table, index);
		void *below;
		int err;

		if (pgtable_is_leaf(pt->format, level, entry))
			return -EEXIST;
		if (!pgtable_present(entry) && run->large &&
		    pgtable_fits(pt->format, level, run->address, run->pfn, run->nr)) {
			set_entry(pt, table, index, pgtable_leaf(pt->format, level, run->pfn, run->prot));
			run_advance(run, pgtable_level_pages(pt->format, level));
			continue;
		}
		below = pgtable_present(entry) ? link_target(pt, level, entry)
					       : link_new_table(pt, table, level, index);
		if (!below)
			return -ENOMEM;
		err = map_table(pt, below, level - 1, run);
		if (err)
			return err;
	}
	return 0;
}

int pgtable_map(struct pgtable *pt, struct pgtable_run *run)
{
	void *table;

	if (!range_fits(pt, run->address, run->nr) || !(run->prot & _PAGE_PRESENT))
		return -EINVAL;
	if (run->nr &&
	    (run->pfn + (pfn_t)run->nr - 1 < run->pfn || !pgtable_pfn_fits(pt->format, run->pfn + run->nr - 1)))
		return -EINVAL;
	table = last_table(pt, run->address, run->nr);
	return table ? map_last(pt, table, run) : map_table(pt, pt->top, pt->format->levels, run);
}

/* ---------------------------------------------------------------------------------------------------------- unmap */

/* Replace a large leaf by a table of smaller ones that map the same. */
static int split_leaf(struct pgtable *pt, void *table, unsigned int level, unsigned int index)
{
	u64 leaf = pgtable_read(pt->format, table, index);
	u64 prot = pgtable_prot(pt->format, level, leaf);
	pfn_t pfn = pgtable_pfn(pt->format, level, leaf);
	pfn_t step = (pfn_t)pgtable_level_pages(pt->format, level - 1);
	void *below = pt->ops->alloc(pt);

	if (!below)
		return -ENOMEM;
	pt->nr_tables++;
	for (unsigned int i = 0; i < pgtable_nr_entries(pt->format, level - 1); i++)
		set_entry(pt, below, i, pgtable_leaf(pt->format, level - 1, pfn + i * step, prot));
	pgtable_write(pt->format, table, index, pgtable_link(pt->format, level, pt->ops->pfn(pt, below)));
	return 0;
}

/* After this no leaf covers both address - 1 and address. */
static int split_at(struct pgtable *pt, u64 address)
{
	void *table = pt->top;

	for (unsigned int level = pt->format->levels; level > 1; level--) {
		unsigned int index = pgtable_index(pt->format, level, address);
		u64 entry = pgtable_read(pt->format, table, index);

		if (!(address & (pgtable_level_bytes(pt->format, level) - 1)) || !pgtable_present(entry))
			return 0;
		if (pgtable_is_leaf(pt->format, level, entry)) {
			if (split_leaf(pt, table, level, index))
				return -ENOMEM;
			entry = pgtable_read(pt->format, table, index);
		}
		table = link_target(pt, level, entry);
	}
	return 0;
}

/* The same in a table of level 1. */
static long unmap_last(struct pgtable *pt, void *table, u64 address, u64 nr)
{
	unsigned int unmapped = pgtable_clear(pt->format, table, last_index(pt, address), (unsigned int)nr);

	*table_used(pt, table) -= unmapped;
	return (long)unmapped;
}

/* Clear the leaves of [address, end), which lies inside this table. Returns the pages that were mapped. */
static long unmap_table(struct pgtable *pt, void *table, unsigned int level, u64 address, u64 end)
{
	long unmapped = 0;

	if (level == 1)
		return unmap_last(pt, table, address, (end - address) >> PAGE_SHIFT);
	for (u64 next; address != end; address = next) {
		unsigned int index = pgtable_index(pt->format, level, address);
		u64 entry = pgtable_read(pt->format, table, index);

		next = step_end(pt, level, address, end);
		if (!pgtable_present(entry))
			continue;
		if (!pgtable_is_leaf(pt->format, level, entry)) {
			unmapped += unmap_table(pt, link_target(pt, level, entry), level - 1, address, next);
			continue;
		}
		assert(next - address == pgtable_level_bytes(pt->format, level));
		clear_entry(pt, table, index);
		unmapped += (long)pgtable_level_pages(pt->format, level);
	}
	return unmapped;
}

long pgtable_unmap(struct pgtable *pt, u64 address, u64 nr)
{
	u64 end = address + (nr << PAGE_SHIFT);
	void *table;

	if (!range_fits(pt, address, nr))
		return -EINVAL;
	if (!nr)
		return 0;
	table = last_table(pt, address, nr);
	if (table)
		return unmap_last(pt, table, address, nr);
	if (split_at(pt, address) || split_at(pt, end))
		return -ENOMEM;
	return unmap_table(pt, pt->top, pt->format->levels, address, end);
}

static void table_give_up(struct pgtable *pt, void *table, unsigned int index, void *below)
{
	clear_entry(pt, table, index);
	pt->nr_tables--;
	pt->ops->free(pt, below);
}

/* highest: the level of tables above which none is freed. */
static unsigned long prune_table(struct pgtable *pt, void *table, unsigned int level, unsigned int highest, u64 address,
				 u64 end)
{
	unsigned long pruned = 0;

	for (u64 next; address != end; address = next) {
		unsigned int index = pgtable_index(pt->format, level, address);
		u64 entry = pgtable_read(pt->format, table, index);
		void *below;

		next = step_end(pt, level, address, end);
		if (!pgtable_present(entry) || pgtable_is_leaf(pt->format, level, entry))
			continue;
		below = link_target(pt, level, entry);
		if (level > 2)
			pruned += prune_table(pt, below, level - 1, highest, address, next);
		if (level - 1 > highest || *table_used(pt, below))
			continue;
		table_give_up(pt, table, index, below);
		pruned++;
	}
	return pruned;
}

static unsigned long prune(struct pgtable *pt, unsigned int highest, u64 address, u64 nr)
{
	if (!nr || !range_fits(pt, address, nr))
		return 0;
	pt->last = NULL;
	return prune_table(pt, pt->top, pt->format->levels, highest, address, address + (nr << PAGE_SHIFT));
}

unsigned long pgtable_prune(struct pgtable *pt, u64 address, u64 nr)
{
	return prune(pt, pt->format->levels, address, nr);
}

unsigned long pgtable_prune_last(struct pgtable *pt, u64 address, u64 nr)
{
	return prune(pt, 1, address, nr);
}

/* ---------------------------------------------------------------------------------------------------------- adopt */

/* The table of level 2 that maps address, made if there is none; NULL: a leaf is there (*err -EEXIST), or -ENOMEM. */
static void *level_2_table(struct pgtable *pt, u64 address, int *err)
{
	void *table = pt->top;

	*err = 0;
	for (unsigned int level = pt->format->levels; level > 2 && table; level--) {
		unsigned int index = pgtable_index(pt->format, level, address);
		u64 entry = pgtable_read(pt->format, table, index);

		if (pgtable_is_leaf(pt->format, level, entry)) {
			*err = -EEXIST;
			return NULL;
		}
		table = pgtable_present(entry) ? link_target(pt, level, entry)
					       : link_new_table(pt, table, level, index);
		if (!table)
			*err = -ENOMEM;
	}
	return table;
}

int pgtable_adopt(struct pgtable *pt, u64 address, pfn_t pfn)
{
	unsigned int index = pgtable_index(pt->format, 2, address);
	u64 entry, link = pgtable_link(pt->format, 2, pfn);
	int err;
	void *table = level_2_table(pt, address, &err);

	if (!table)
		return err;
	entry = pgtable_read(pt->format, table, index);
	if (entry == link)
		return 0;
	if (pgtable_is_leaf(pt->format, 2, entry))
		return -EEXIST;
	pt->last = NULL;
	if (pgtable_present(entry))
		table_give_up(pt, table, index, link_target(pt, 2, entry));
	set_entry(pt, table, index, link);
	pt->nr_tables++;
	return pgtable_present(entry);
}

/* ------------------------------------------------------------------------------------------------- by their owners */

void *pgtable_run_entries(struct pgtable *pt, u64 address, u64 nr)
{
	void *table = pt->format->entry_bytes == sizeof(u64) ? last_table(pt, address, nr) : NULL;

	return table ? (u64 *)table + last_index(pt, address) : NULL;
}

void *pgtable_keep(struct pgtable *pt, u64 address, u64 nr, u64 leaf)
{
	u64 *entries = pgtable_run_entries(pt, address, nr), shut = leaf & ~_PAGE_PRESENT;

	assert(shut);
	if (!entries)
		return NULL;
	for (u64 i = 0; i < nr; i++) {
		assert(!entries[i]);
		pgtable_write_wide(&entries[i], shut);
	}
	*table_used(pt, last_table(pt, address, nr)) += (unsigned long)nr;
	return entries;
}

void *pgtable_last_table(struct pgtable *pt, u64 address)
{
	void *table = pt->top;

	for (unsigned int level = pt->format->levels; level > 1; level--) {
		u64 word = pgtable_read(pt->format, table, pgtable_index(pt->format, level, address));

		if (!pgtable_present(word) || pgtable_is_leaf(pt->format, level, word))
			return NULL;
		table = link_target(pt, level, word);
	}
	return table;
}

/* Never from one page to another: between the halves of a wide entry that would be a third. */
void pgtable_enter_one(struct pgtable *pt, void *table, u64 address, u64 entry)
{
	unsigned int index = pgtable_index(pt->format, 1, address);

	if (pgtable_present(pgtable_read(pt->format, table, index))) {
		pgtable_write(pt->format, table, index, 0);
		__atomic_fetch_sub(table_used(pt, table), 1, __ATOMIC_RELAXED);
	}
	if (!entry)
		return;
	pgtable_write(pt->format, table, index, entry);
	__atomic_fetch_add(table_used(pt, table), 1, __ATOMIC_RELAXED);
}

/* ----------------------------------------------------------------------------------------------------------- read */

bool pgtable_lookup(struct pgtable *pt, u64 address, struct pgtable_entry *entry)
{
	void *table = pt->top;

	if (!range_fits(pt, address & ~(u64)(PAGE_SIZE - 1), 1))
		return false;
	for (unsigned int level = pt->format->levels; level; level--) {
		u64 word = pgtable_read(pt->format, table, pgtable_index(pt->format, level, address));

		if (!pgtable_present(word))
			return false;
		if (pgtable_is_leaf(pt->format, level, word)) {
			*entry = describe(pt, level, word, address & ~(u64)(PAGE_SIZE - 1));
			return true;
		}
		table = link_target(pt, level, word);
	}
	return false;
}

struct walk {
	int (*visit)(const struct pgtable_entry *entry, void *arg);
	void *arg;
};

static int walk_table(struct pgtable *pt, void *table, unsigned int level, u64 address, u64 end,
		      const struct walk *walk)
{
	int stop = 0;

	for (u64 next; address != end && !stop; address = next) {
		u64 word = pgtable_read(pt->format, table, pgtable_index(pt->format, level, address));

		next = step_end(pt, level, address, end);
		if (pgtable_is_leaf(pt->format, level, word)) {
			u64 first = address & ~(pgtable_level_bytes(pt->format, level) - 1);
			struct pgtable_entry entry = describe(pt, level, word, first);

			stop = walk->visit(&entry, walk->arg);
		} else if (pgtable_present(word)) {
			stop = walk_table(pt, link_target(pt, level, word), level - 1, address, next, walk);
		}
	}
	return stop;
}

int pgtable_walk(struct pgtable *pt, u64 address, u64 nr, int (*visit)(const struct pgtable_entry *entry, void *arg),
		 void *arg)
{
	struct walk walk = { visit, arg };

	if (!nr || !range_fits(pt, address, nr))
		return 0;
	return walk_table(pt, pt->top, pt->format->levels, address, address + (nr << PAGE_SHIFT), &walk);
}

/* ---------------------------------------------------------------------------------------------------------- check */

struct table_check {
	struct pgtable *pt;
	pfn_t max_pfn;
	struct kmem_fault *fault;
	unsigned long nr_tables;
};

static bool check_table(struct table_check *check, void *table, unsigned int level, u64 address);

static bool check_entry(struct table_check *check, unsigned int level, u64 address, u64 entry)
{
	struct pgtable *pt = check->pt;
	pfn_t pfn = pgtable_pfn(pt->format, level, entry);

	if (pgtable_reserved_bits(pt->format, level, entry))
		return fault_at(check->fault, "G2", "%s level %u address 0x%llx: entry 0x%llx has reserved bits 0x%llx",
				pt->format->name, level, address, entry,
				pgtable_reserved_bits(pt->format, level, entry));
	if (pgtable_is_leaf(pt->format, level, entry)) {
		if (check->max_pfn && (u64)pfn + pgtable_level_pages(pt->format, level) > check->max_pfn)
			return fault_at(check->fault, "G3", "%s level %u address 0x%llx: frame %lu, memory ends at %lu",
					pt->format->name, level, address, pfn, check->max_pfn);
		return true;
	}
	check->nr_tables++;
	if (check->nr_tables > pt->nr_tables)
		return fault_at(check->fault, "G4", "%s level %u address 0x%llx: more than %lu tables",
				pt->format->name, level, address, pt->nr_tables);
	if (!pt->ops->is_table(pt, pfn))
		return fault_at(check->fault, "G5", "%s level %u address 0x%llx: frame %lu is no table",
				pt->format->name, level, address, pfn);
	return check_table(check, pt->ops->table(pt, pfn), level - 1, address);
}

static bool check_table(struct table_check *check, void *table, unsigned int level, u64 address)
{
	struct pgtable *pt = check->pt;
	unsigned long used = 0;

	for (unsigned int i = 0; i < pgtable_nr_entries(pt->format, level); i++) {
		u64 entry = pgtable_read(pt->format, table, i);
		u64 at = address + ((u64)i << pgtable_shift(pt->format, level));

		used += entry != 0;
		if (pgtable_present(entry) && !check_entry(check, level, at, entry))
			return false;
	}
	if (used != *table_used(pt, table))
		return fault_at(check->fault, "G1", "%s level %u address 0x%llx: %lu entries, %lu counted",
				pt->format->name, level, address, used, *table_used(pt, table));
	return true;
}

bool pgtable_check(struct pgtable *pt, pfn_t max_pfn, struct kmem_fault *fault)
{
	struct table_check check = { pt, max_pfn, fault, 0 };

	if (!check_table(&check, pt->top, pt->format->levels, 0))
		return false;
	if (check.nr_tables != pt->nr_tables)
		return fault_at(fault, "G4", "%s: %lu tables, %lu counted", pt->format->name, check.nr_tables,
				pt->nr_tables);
	return true;
}
