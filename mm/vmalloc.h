/* SPDX-License-Identifier: MIT */
/*
 * vmalloc.h - what the core's other files ask of vmalloc, and what its own files share.
 *
 *	vmalloc.c	areas: made, filled, taken down
 *	vmalloc_map.c	page tables and host, kept in step
 *	vmalloc_lazy.c	freed addresses on their way back: deferred frees, purge
 *	vmallocinfo.c	the text of /proc/vmallocinfo, explain, dump
 *	vm_area.c	who has which addresses
 *	pgtable.c	page tables
 *
 * Locks, outermost first: purge_lock (a mutex), then area_lock or table_lock (spinlocks, irqs off; neither is ever
 * held with the other). No page is allocated or freed, and the host is not called, under a spinlock.
 */
#ifndef MM_VMALLOC_H
#define MM_VMALLOC_H

#include <linux/list.h>
#include <linux/printk.h>
#include "mm/machine.h"
#include "mm/pgtable.h"
#include "mm/vm_area.h"

struct kmem_fault;

/* ---------------------------------------------------------------------------------------- for the rest of the core */

/* Boot, when slabs work; the calling thread is on m. Returns 0 or -ENOMEM. */
int vmalloc_init(struct machine *m);
/* Shutdown: report and take down what callers left, give everything back. Returns the areas that were left. */
unsigned long vmalloc_exit(struct machine *m);

/*
 * vmalloc_purge - freed addresses may be used again; tables that hold nothing are freed. Returns pages given back, or 0
 * if another task is at it. Called by reclaim; may sleep.
 */
unsigned long vmalloc_purge(struct machine *m);

unsigned long machine_vmalloc_pages(struct machine *m);

/* The first broken invariant of vmalloc.c, vm_area.c and pgtable.c, or true. The machine is at rest. */
bool vmalloc_check(struct machine *m, struct kmem_fault *fault);
void vmalloc_dump(struct machine *m);

/* Is the address in the machine's vmalloc window? */
bool vmalloc_in_window(const struct machine *m, const void *address);
/* What an address of the window is, in a sentence. Returns the length of the whole sentence; 0 outside the window. */
int vmalloc_explain(struct machine *m, const void *address, char *buf, size_t size);

/* The text of /proc/vmallocinfo: length of the whole, of which size - 1 bytes and a NUL are in buf. */
long vmallocinfo_text(struct machine *m, char *buf, size_t size);

/*
 * remap_vmalloc_check - may [kaddr + pgoff pages, + size) be mapped into a process? 0, and if pages is not NULL
 * the size / PAGE_SIZE pages in it; -EINVAL: not an area's start, not made by vmalloc_user() and friends, or beyond its
 * end.  * What remap_vmalloc_range() does before it touches the process. Source: mm-api.rst.
 */
MUST_CHECK int remap_vmalloc_check(const void *kaddr, unsigned long pgoff, unsigned long size, struct page **pages);

/* ------------------------------------------------------------------------------------------- among vmalloc's files */

struct vmalloc_state {
	struct machine *machine;
	struct kmem_cache *areas;		/* of struct vmap_area */

	spinlock_t area_lock;
	struct vm_space space;
	unsigned long nr_deferred;		/* taken areas with ->deferred */

	spinlock_t table_lock;
	struct pgtable table;
	struct list_head *stock;		/* where tables come from and go to: a list of the lock's holder */

	struct mutex purge_lock;
	long nr_pages;				/* atomic: of areas that vmalloc() made */
	struct ratelimit_state space_report, map_report;

	/* Counted, never decided by. */
	unsigned long nr_runs, nr_purges, nr_purged_ranges;
};

/* Bytes that an area maps: without its guard page. */
static inline unsigned long vm_area_bytes(const struct vm_struct *vm)
{
	return vm->flags & VM_NO_GUARD ? vm->size : vm->size - PAGE_SIZE;
}

/* Of vm_struct.flags, ours: this area is another one's pages[]. */
#define VM_PAGE_ARRAY 0x80000000ul

/* Of linux/gfp.h's flags, those that say how hard to try: what nested allocations inherit. */
#define GFP_RECLAIM_MASK \
	(__GFP_RECLAIM | __GFP_HIGH | __GFP_IO | __GFP_FS | __GFP_NOWARN | __GFP_RETRY_MAYFAIL | __GFP_NOFAIL | \
	 __GFP_NORETRY | __GFP_MEMALLOC | __GFP_NOMEMALLOC | __GFP_ATOMIC)

/* Pages to lay at an address, in runs. */
struct mapping {
	unsigned long address;
	struct page **pages;
	unsigned long nr;
	pgprot_t prot;
	gfp_t gfp;			/* for tables */
	bool large;
};

/*
 * vmalloc_map.c. Mapping gives 0, or -ENOMEM no table, -ENOSPC no room in the host, -EINVAL, -EEXIST; then a part may
 * be mapped: take the area down. May sleep.
 */
int tables_init(struct vmalloc_state *vs);
MUST_CHECK int pages_map(struct vmalloc_state *vs, const struct mapping *mapping);
MUST_CHECK int frames_map(struct vmalloc_state *vs, const struct pgtable_run *run, gfp_t gfp);
/* Nothing in the range reaches memory any more. Tables stay. May sleep. */
void range_unmap(struct vmalloc_state *vs, unsigned long address, unsigned long nr);
/* Free the tables of a range that hold nothing; the host has forgotten it. Returns pages. */
unsigned long tables_prune(struct vmalloc_state *vs, unsigned long address, unsigned long nr);

/* Descriptors back to their cache. */
void vmap_areas_free(struct vmalloc_state *vs, struct list_head *unused);
/*
 * Unmap a taken area and free what is its own, vm_struct and all; its addresses become lazy. May sleep.
 * Returns pages freed.
 */
unsigned long vmap_area_destroy(struct vmalloc_state *vs, struct vmap_area *area);

/* vmalloc_lazy.c */
/* Wait for a purge that is running, then purge. Returns true if addresses became free. May sleep. */
bool lazy_flush(struct vmalloc_state *vs);
/* After a free: purge if too many addresses are dead. May sleep. */
void lazy_settle(struct vmalloc_state *vs);
/* Do the frees that atomic contexts left. May sleep. Returns pages freed. */
unsigned long deferred_flush(struct vmalloc_state *vs);
/* Take a busy area out and leave its destruction to deferred_flush(). */
void deferred_add(struct vmalloc_state *vs, struct vmap_area *area) MUST_HOLD(vs->area_lock);

#endif
