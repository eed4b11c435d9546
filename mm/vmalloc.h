/* SPDX-License-Identifier: MIT */
/*
 * vmalloc.h - what the core's other files ask of vmalloc, and what its own files share.
 *
 *	vmalloc.c	the family: areas made, filled, freed
 *	vmap.c		pages and frames that are someone else's: vmap, vm_map_ram, ioremap
 *	vmalloc_area.c	an area's addresses: reserved, mapped, taken down
 *	vmalloc_pages.c	its pages: taken, arranged, given back
 *	vmalloc_map.c	page tables and host, kept in step
 *	vmalloc_lazy.c	freed addresses on their way back: deferred frees, purge
 *	vmallocinfo.c	the text of /proc/vmallocinfo, explain, dump
 *	vm_area.c	who has which addresses
 *	vm_kept.c	freed areas whose mapping is kept, by CPU; vm_run.h: opened and shut
 *	pgtable.c	page tables
 *
 * Locks, outermost first: purge_lock (a mutex), then area_lock or table_lock (spinlocks, irqs off; neither is ever
 * held with the other). No page is allocated or freed, and the host is not called, under a spinlock.
 */
#ifndef MM_VMALLOC_H
#define MM_VMALLOC_H

#include <linux/list.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include "mm/machine.h"
#include "mm/pgtable.h"
#include "mm/vm_kept.h"

struct kmem_fault;

/* ---------------------------------------------------------------------------------------- for the rest of the core */

/* Boot, when slabs work; the calling thread is on m. Returns 0 or -ENOMEM. */
int vmalloc_init(struct machine *m);
/* Shutdown: report and take down what callers left, give everything back. Returns the areas that were left. */
unsigned long vmalloc_exit(struct machine *m);

/*
 * vmalloc_purge - freed addresses may be used again; tables that hold nothing are freed. Returns pages given back, or 0
 * if another task is at it. Called by reclaim; may sleep. is_asked: CPUs are asked for what they keep; else only what
 * they have given back goes.
 */
unsigned long vmalloc_purge(struct machine *m, bool is_asked);
/* CPU_DRAIN_AREAS: the CPU keeps no areas from now on. It is this thread's; preemption is off. */
void vmalloc_drain(struct kmem_cpu *cpu);

unsigned long machine_vmalloc_pages(struct machine *m);

/* The first broken invariant of vmalloc.c, vm_area.c and pgtable.c, or true. The machine is at rest. */
bool vmalloc_check(struct machine *m, bool at_rest, struct kmem_fault *fault);
void vmalloc_dump(struct machine *m);

/* Is the address in the machine's vmalloc window? */
bool vmalloc_in_window(const struct machine *m, const void *address);

/* is_vmalloc_addr() */
static inline bool vmalloc_has_address(const void *address)
{
	if (sizeof(long) == 4)		/* the window is what low memory leaves */
		return vmalloc_in_window(this_machine(), address);
	return (unsigned long)address - VMALLOC_BASE < VMALLOC_WINDOW;
}

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
	/* Read mostly. */
	struct machine *machine;
	struct kmem_cache *areas;		/* of struct vmap_area */
	unsigned long lazy_max_bytes;
	unsigned int kept_max_dead, kept_max_pages;	/* of what each CPU keeps: weight, size */
	unsigned int kept_rounds;
	bool leaves_open;			/* kmem.lazy_vfree; but private memory is its mapping */
	bool opens_alone;			/* that, or the host need not be told what is opened again */
	unsigned long nr_deferred;		/* taken areas with ->deferred; under area_lock */

	spinlock_t area_lock __attribute__((aligned(64)));
	struct vm_space space;

	spinlock_t table_lock;
	struct pgtable table;
	struct list_head *stock;		/* where tables come from and go to: a list of the lock's holder */

	struct mutex purge_lock;
	bool has_empty_tables;			/* maybe; under purge_lock */
	long nr_pages;				/* atomic: of areas that vmalloc() made, less what CPUs have counted */
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

/* The flags of areas that are all alike to whoever gets one. */
#define VM_PLAIN (VM_ALLOC | VM_MAP | VM_USERMAP | VM_UNINITIALIZED | VM_PAGE_ARRAY)

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
	unsigned long nr_runs;		/* answered: of pages that are neighbours in memory */
};

/*
 * vmalloc_map.c. Mapping gives 0, or -ENOMEM no table, -ENOSPC no room in the host, -EINVAL, -EEXIST; then a part may
 * be mapped: take the area down. May sleep.
 */
int tables_init(struct vmalloc_state *vs);
/* The window holds nothing any more: give the tables back. */
void tables_exit(struct vmalloc_state *vs);
MUST_CHECK int pages_map(struct vmalloc_state *vs, struct mapping *mapping);
MUST_CHECK int frames_map(struct vmalloc_state *vs, const struct pgtable_run *run, gfp_t gfp);
/* Nothing in the range reaches memory any more. Tables stay. Sleeps. */
void range_unmap(struct vmalloc_state *vs, unsigned long address, unsigned long nr);
/* The tables' part of it. Returns how many entries were not empty. */
long tables_unmap(struct vmalloc_state *vs, unsigned long address, unsigned long nr);
/* Where the area's entries are: area->entries, area->more. False if there are none, but larger ones. */
bool area_entries_find(struct vmalloc_state *vs, struct vmap_area *area, unsigned long nr);
/* Free the tables of a range that hold nothing; the host has forgotten it. Returns pages. */
unsigned long tables_prune(struct vmalloc_state *vs, unsigned long address, unsigned long nr);

/* What an area is to be. */
struct vmalloc_request {
	unsigned long size;		/* bytes asked for */
	unsigned long align;
	unsigned long start, end;	/* where in the window; 0, 0: anywhere */
	gfp_t gfp;
	pgprot_t prot;
	unsigned long flags;		/* VM_* */
	int node;
	const void *caller;
	bool low;			/* frames with 32-bit addresses */
};

static inline struct vmalloc_state *this_vmalloc(void)
{
	return this_machine()->vmalloc;
}

/*
 * The same for a call that may sleep: reports a caller who may not. NULL for interrupts, who may on no account go on:
 * the kernel would stop here.
 */
static inline struct vmalloc_state *this_vmalloc_but_of_interrupts(void)
{
	return likely(sleeping_is_allowed()) || !in_interrupt() ? this_vmalloc() : NULL;
}
#define this_vmalloc_may_sleep() ({ might_sleep(); this_vmalloc_but_of_interrupts(); })

/* vmalloc_area.c */
/* A busy area of so many bytes, for vm (NULL: vm_map_ram()); or NULL. May sleep. */
struct vmap_area *area_reserve(struct vmalloc_state *vs, const struct vm_request *request, struct vm_struct *vm,
			       gfp_t gfp);
/* An area with nothing in it. NULL: size 0, too large, no memory or no room. May sleep. */
struct vmap_area *area_make(struct vmalloc_state *vs, const struct vmalloc_request *rq);
/* Would an empty window have room for it? */
bool area_is_possible(const struct vmalloc_state *vs, const struct vmalloc_request *rq);
/* Destroy the busy area of these kinds that starts at the address; false if there is none. May sleep. */
bool area_free(struct vmalloc_state *vs, unsigned long address, unsigned int kinds);
/* The same for vm_unmap_ram(); reports that there is none. */
void area_free_ram(struct vmalloc_state *vs, const void *address, unsigned int count);
/* Lay mapping->pages at the area's addresses, which may be kept for them. 0, or what pages_map() says. */
MUST_CHECK int area_pages_map(struct vmalloc_state *vs, struct vmap_area *area, struct mapping *mapping);
/* The same of an area that was kept, for other pages or rights than it had, or because the host did not keep it. */
MUST_CHECK int area_lay_anew(struct vmalloc_state *vs, struct vmap_area *area, struct page **pages, unsigned long nr,
			     pgprot_t prot, gfp_t gfp);
/* The same for area->vm->pages; a failure is reported; then abandon the area. */
MUST_CHECK int area_map(struct vmalloc_state *vs, struct vmap_area *area, const struct vmalloc_request *rq);
/* The host, or a table, was missing: say which, and what would help. */
void report_map_failure(struct vmalloc_state *vs, const struct vm_struct *vm, gfp_t gfp, int err);
/* An area whose making failed: leave nothing of it, tables and dead addresses included. */
void area_abandon(struct vmalloc_state *vs, struct vmap_area *area);
/* The same; reports what is no such area's start. */
void __vunmap(struct vmalloc_state *vs, const void *address, unsigned int kinds);
/* Descriptors back to their cache. */
void vmap_areas_free(struct vmalloc_state *vs, struct list_head *unused);
/*
 * Unmap a taken area and free what is its own, vm_struct and all; its addresses become lazy. May sleep.
 * Returns pages freed.
 */
unsigned long vmap_area_destroy(struct vmalloc_state *vs, struct vmap_area *area);

/* vmalloc_pages.c */
#define LARGE_ORDER 9			/* a block that fills a table entry of level 2 */
#define KEPT_PAGES 512ul		/* the largest area that is kept: its page array is kmalloc()ed */
#define RUNS_PER_WEIGHT 8ul		/* further mappings of a kept area that are as dear as an area more */
/* A block of nr pages, a power of two, if free memory has one. */
struct page *area_block_take(unsigned long nr, gfp_t gfp, int node);
void area_block_free(struct page *block, unsigned long nr);	/* NULL: nothing */
/* Each page of it with a reference of its own, into pages[0..nr). */
void area_block_split(struct page *block, struct page **pages, unsigned long nr);
/* pages[0..nr), all NULL, filled with single pages. Returns how many are. */
unsigned long area_pages_take(struct page **pages, unsigned long nr, gfp_t gfp, int node);
/* Neighbours side by side; whole aligned blocks of 2^LARGE_ORDER before the rest, which would move them. */
void area_pages_arrange(struct page **pages, unsigned long nr);
/* Its pages, if they are its own. Returns how many. */
unsigned long area_pages_free(struct vm_struct *vm);
static inline void vmalloc_pages_count(struct vmalloc_state *vs, long change)
{
	__atomic_fetch_add(&vs->nr_pages, change, __ATOMIC_RELAXED);
}
/* All that hang together by next: each, and its array of pages. */
void vm_structs_free(struct vm_struct *vm);

/* vmalloc_lazy.c */
/* Purges that have made addresses free so far. */
unsigned long lazy_purges(const struct vmalloc_state *vs);
/* Wait for a purge that is running, then purge. Returns lazy_purges(). May sleep. */
unsigned long lazy_flush(struct vmalloc_state *vs);
/* After a free: purge if too many addresses are dead, or wait for their homes. May sleep. */
#define MAX_RETURNED 1024ul
static inline bool homes_are_late(const struct vmalloc_state *vs)
{
	return __atomic_load_n(&vs->space.nr_returned, __ATOMIC_RELAXED) >= MAX_RETURNED;
}
static inline bool purge_is_due(const struct vmalloc_state *vs)
{
	return __atomic_load_n(&vs->space.lazy_bytes, __ATOMIC_RELAXED) > vs->lazy_max_bytes || homes_are_late(vs);
}
void lazy_settle_now(struct vmalloc_state *vs);
static inline void lazy_settle(struct vmalloc_state *vs)
{
	if (unlikely(purge_is_due(vs)))
		lazy_settle_now(vs);
}
/* How much may be dead, and how much each CPU may keep. */
void lazy_limits_init(struct vmalloc_state *vs);
/* What an area takes up of what a CPU may have dead at once: as a mapping, or as addresses. */
unsigned int kept_cost(const struct vmalloc_state *vs, const struct vmap_area *area);
/* Does any CPU keep areas? */
bool kept_any(const struct vmalloc_state *vs);
/* On the CPU that keeps it: take what was returned, whether there was any is answered; is_full: a flush, too. */
bool kept_update(struct vmalloc_state *vs, struct vm_kept *kept, bool is_full);
/* What was returned to this CPU may be found here, after a flush. Returns whether there was any. */
bool kept_collect(struct vmalloc_state *vs);
/* If this CPU knows the area at the address, and has no room for it among its dead: a flush. */
bool kept_settle(struct vmalloc_state *vs, unsigned long address);
/* This CPU's, while area_lock is held. */
static inline struct vm_kept *kept_here(void)
{
	return vm_kept_of(this_cpu());
}
/* Do the frees that atomic contexts left. May sleep. Returns pages freed. */
unsigned long deferred_flush_all(struct vmalloc_state *vs);
static inline unsigned long deferred_flush(struct vmalloc_state *vs)
{
	return unlikely(__atomic_load_n(&vs->nr_deferred, __ATOMIC_RELAXED)) ? deferred_flush_all(vs) : 0;
}
/* Take a busy area out and leave its destruction to deferred_flush(). False: another has it. */
bool deferred_add(struct vmalloc_state *vs, struct vmap_area *area) MUST_HOLD(vs->area_lock);

#endif
