/* SPDX-License-Identifier: MIT */
/*
 * vmalloc_map.c - the page tables of the vmalloc window and what the host has mapped there, kept in step.
 *
 *	map	tables, then the host		one host call a physically contiguous run
 *	unmap	tables, then the host		one host call an area; only then are frames free
 *	prune	tables that hold nothing	only after the host has forgotten the range
 *
 * A table is allocated before the lock is taken and put on the caller's own stock; the walker takes from it, and what
 * pruning frees goes there too. When the stock is empty the walker stops, and goes on once there is a table more.
 *
 * True whenever table_lock is free; G1 to G5 of pgtable.c, and:
 *	G6  every table of the window is a page of type PGTY_TABLE, counted in NR_PAGE_TABLE_PAGES
 * Lock: vs->table_lock.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include "lib/assert.h"
#include "lib/seeded.h"
#include "mm/fault_inject.h"
#include "mm/highmem.h"
#include "mm/page_alloc.h"
#include "mm/vm_run.h"

/* ---------------------------------------------------------------------------------------------- tables are pages */

static struct vmalloc_state *state_of(struct pgtable *pt)
{
	return container_of(pt, struct vmalloc_state, table);
}

static struct page *page_of_table(struct pgtable *pt, const void *table)
{
	struct machine *m = state_of(pt)->machine;

	return machine_page(m, ((unsigned long)table - m->layout.direct_base) >> PAGE_SHIFT);
}

static void count_table(struct vmalloc_state *vs, struct page *page, long nr)
{
	mod_node_page_state(machine_page_zone(vs->machine, page)->node, NR_PAGE_TABLE_PAGES, nr);
}

static pfn_t table_pfn(struct pgtable *pt, const void *table)
{
	return machine_pfn(state_of(pt)->machine, page_of_table(pt, table));
}

static void *table_at(struct pgtable *pt, pfn_t pfn)
{
	return (void *)(state_of(pt)->machine->layout.direct_base + (pfn << PAGE_SHIFT));
}

static unsigned long *table_used(struct pgtable *pt, void *table)
{
	return &page_of_table(pt, table)->index;
}

static bool is_table(struct pgtable *pt, pfn_t pfn)
{
	struct machine *m = state_of(pt)->machine;

	return pfn < m->max_low_pfn && page_type_of(machine_page(m, pfn)) == PGTY_TABLE;
}

static void *table_from_stock(struct pgtable *pt)
{
	struct vmalloc_state *vs = state_of(pt);
	struct page *page;

	if (list_empty(vs->stock))
		return NULL;
	page = list_first_entry(vs->stock, struct page, lru);
	list_del(&page->lru);
	page->index = 0;
	page_type_set(page, PAGE_TYPE(PGTY_TABLE, 0));
	count_table(vs, page, 1);
	return table_at(pt, machine_pfn(vs->machine, page));
}

static void table_to_stock(struct pgtable *pt, void *table)
{
	struct vmalloc_state *vs = state_of(pt);
	struct page *page = page_of_table(pt, table);

	assert(page_type_of(page) == PGTY_TABLE && !page->index);
	page_type_set(page, PAGE_TYPE_NONE);
	count_table(vs, page, -1);
	list_add(&page->lru, vs->stock);
}

static const struct pgtable_ops window_ops = {
	.alloc = table_from_stock, .free = table_to_stock, .pfn = table_pfn, .table = table_at, .used = table_used,
	.is_table = is_table,
};

/* A page more in the stock, for a table; false if memory is short. */
static bool stock_add(struct vmalloc_state *vs, struct list_head *stock, gfp_t gfp)
{
	struct page *page;

	if (fault_here(vs->machine, FAULT_TABLE, gfp))
		return false;
	page = alloc_pages((gfp & GFP_RECLAIM_MASK) | __GFP_ZERO, 0);
	if (page)
		list_add(&page->lru, stock);
	return page;
}

static unsigned long stock_free(struct list_head *stock)
{
	unsigned long nr = 0;

	while (!list_empty(stock)) {
		struct page *page = list_first_entry(stock, struct page, lru);

		list_del(&page->lru);
		__free_page(page);
		nr++;
	}
	return nr;
}

/* The lock, for one who brings a stock of tables. */
static unsigned long tables_lock(struct vmalloc_state *vs, struct list_head *stock) ACQUIRES(vs->table_lock)
{
	unsigned long flags;

	spin_lock_irqsave(&vs->table_lock, flags);
	vs->stock = stock;
	return flags;
}

static void tables_unlock(struct vmalloc_state *vs, unsigned long flags) RELEASES(vs->table_lock)
{
	vs->stock = NULL;
	spin_unlock_irqrestore(&vs->table_lock, flags);
}

/* -------------------------------------------------------------------------------------------------- map and unmap */

static int tables_map(struct vmalloc_state *vs, struct pgtable_run run, gfp_t gfp)
{
	LIST_HEAD(stock);
	unsigned long flags;
	int err;

	do {
		flags = tables_lock(vs, &stock);
		err = pgtable_map(&vs->table, &run);
		tables_unlock(vs, flags);
	} while (err == -ENOMEM && stock_add(vs, &stock, gfp));
	stock_free(&stock);
	return err;
}

unsigned long tables_prune(struct vmalloc_state *vs, unsigned long address, unsigned long nr)
{
	LIST_HEAD(stock);
	unsigned long flags = tables_lock(vs, &stock);

	pgtable_prune(&vs->table, address, nr);
	tables_unlock(vs, flags);
	if (!list_empty(&stock))
		host_page_table(vs->machine, vs->table.top);	/* who walks them forgets them now */
	return stock_free(&stock);
}

long tables_unmap(struct vmalloc_state *vs, unsigned long address, unsigned long nr)
{
	LIST_HEAD(stock);
	unsigned long flags = tables_lock(vs, &stock);
	long unmapped = pgtable_unmap(&vs->table, address, nr);

	tables_unlock(vs, flags);
	assert(unmapped >= 0);		/* whole areas: no large entry reaches out of one */
	return unmapped;
}

void range_unmap(struct vmalloc_state *vs, unsigned long address, unsigned long nr)
{
	if (tables_unmap(vs, address, nr) && !SEEDED(VMALLOC_FLUSH))
		host_unmap(vs->machine, address, nr, false);
}

bool area_entries_find(struct vmalloc_state *vs, struct vmap_area *area, unsigned long nr)
{
	unsigned long first = area_pages_in_table(area, nr), flags;
	LIST_HEAD(none);

	flags = tables_lock(vs, &none);
	area->entries = pgtable_run_entries(&vs->table, area->va_start, first);
	area->more = NULL;
	if (area->entries && first < nr) {
		area->more = pgtable_run_entries(&vs->table, area->va_start + (first << PAGE_SHIFT), nr - first);
		area->entries = area->more ? area->entries : NULL;
	}
	tables_unlock(vs, flags);
	return area->entries;
}

/* What the tables say, in the host. */
static int run_lay(struct vmalloc_state *vs, const struct pgtable_run *run, gfp_t gfp)
{
	unsigned int prot = HOST_READ | (run->prot & _PAGE_RW ? HOST_WRITE : 0) |
			    (run->prot & _PAGE_PCD ? HOST_DEVICE : 0);

	__atomic_fetch_add(&vs->nr_runs, 1, __ATOMIC_RELAXED);
	if (fault_here(vs->machine, FAULT_MAP, gfp))
		return -ENOSPC;
	return host_map(vs->machine, (unsigned long)run->address, run->pfn, (pfn_t)run->nr, prot) ? -ENOSPC : 0;
}

int frames_map(struct vmalloc_state *vs, const struct pgtable_run *run, gfp_t gfp)
{
	int err = tables_map(vs, *run, gfp);

	return err ? err : run_lay(vs, run, gfp);
}

/* The same for an area. What the host keeps of others it gives up for it. */
static int area_lay(struct vmalloc_state *vs, const struct pgtable_run *run, gfp_t gfp)
{
	int err = run_lay(vs, run, gfp);

	if (!err || !kept_any(vs))
		return err;
	lazy_flush(vs);
	return run_lay(vs, run, gfp);
}

int pages_map(struct vmalloc_state *vs, struct mapping *mapping)
{
	struct pgtable_run run = {
		.prot = pgprot_val(mapping->prot) | _PAGE_NX, .large = mapping->large,
	};
	int err = 0;

	mapping->nr_runs = 0;
	for (unsigned long i = 0; i < mapping->nr && !err; i += (unsigned long)run.nr) {
		run.address = mapping->address + (i << PAGE_SHIFT);
		run.pfn = machine_pfn(vs->machine, mapping->pages[i]);
		run.nr = pages_contiguous(mapping->pages + i, mapping->nr - i);
		err = tables_map(vs, run, mapping->gfp);
		if (!err)
			err = area_lay(vs, &run, mapping->gfp);
		mapping->nr_runs++;
	}
	return err;
}

/* ------------------------------------------------------------------------------------------------------ all of it */

/* Tables for kmap, which hold nothing and stay: made by mapping the first frames there for a moment. */
static int kmap_tables_make(struct vmalloc_state *vs)
{
	struct machine *m = vs->machine;
	struct pgtable_run run = { .address = m->kmap_base, .nr = KMAP_BYTES >> PAGE_SHIFT,
				   .prot = pgprot_val(PAGE_KERNEL) };
	unsigned long flags;
	LIST_HEAD(none);
	int err = tables_map(vs, run, GFP_KERNEL);

	flags = tables_lock(vs, &none);
	pgtable_unmap(&vs->table, m->kmap_base, KMAP_BYTES >> PAGE_SHIFT);
	tables_unlock(vs, flags);
	return err;
}

int tables_init(struct vmalloc_state *vs)
{
	struct machine *m = vs->machine;
	const struct pgtable_format *format = sizeof(long) == 8 ? &pgtable_4level : &pgtable_pae;

	spin_lock_init(&vs->table_lock);
	m->page_table = (void *)get_zeroed_page(GFP_KERNEL);
	if (!m->page_table)
		return -ENOMEM;
	pgtable_init(&vs->table, format, &window_ops, m->page_table);
	if (m->kmap && kmap_tables_make(vs)) {
		tables_exit(vs);
		return -ENOMEM;
	}
	host_page_table(m, m->page_table);	/* of what is entered in kmap's tables host_map() hears nothing */
	if (m->kmap)
		kmap_open(m, &vs->table);
	return 0;
}

void tables_exit(struct vmalloc_state *vs)
{
	struct machine *m = vs->machine;

	if (m->kmap) {
		kmap_close(m);
		tables_prune(vs, m->kmap_base, KMAP_BYTES >> PAGE_SHIFT);
	}
	host_page_table(m, NULL);
	free_page((unsigned long)m->page_table);
	m->page_table = NULL;
}
