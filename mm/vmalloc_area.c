/* SPDX-License-Identifier: MIT */
/*
 * vmalloc_area.c - areas of the vmalloc window: addresses reserved, mapped, taken down.
 *
 *	area_make()   addresses and a vm_struct ---> area_map()   pages at them
 *	                       ^                            |
 *	   lazy, purged later  `---- vmap_area_destroy() <--'	range_unmap(), pages, addresses: in this order
 *
 * A busy area that was found in order to be freed is its finder's alone; of two who look one finds it.
 * True whenever area_lock is free: A1 and A3 of vmalloc.c, V1 to V6 of vm_area.c.
 * Lock: vs->area_lock for the trees; never held over an allocation, a free or a call of the host.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include "lib/assert.h"
#include "lib/seeded.h"
#include "mm/dial.h"
#include "mm/fault_inject.h"
#include "mm/page_alloc.h"
#include "mm/vm_run.h"

#define CALLER __builtin_return_address(0)
#define IOREMAP_MAX_ALIGN (1ul << 30)

/* A CPU looks for small areas in its own part of the window first, where there is room for many times all parts. */
#define CPU_PART (16ul << 20)
#define CPU_PART_AREA (64ul << 10)
#define CPU_PARTS_SHARE 4

/* ------------------------------------------------------------------------------------------------------- addresses */

void vmap_areas_free(struct vmalloc_state *vs, struct list_head *unused)
{
	struct vmap_area *area, *next;

	list_for_each_entry_safe(area, next, unused, list)
		kmem_cache_free(vs->areas, area);
}

/*
 * The same request from the CPU's part on. An area that its CPU keeps is opened and shut again and again by its entries
 * in the page table, which are 8 bytes each: so that no other CPU's lie in the same cache line.
 */
static struct vm_request in_part(const struct vmalloc_state *vs, const struct vm_request *request)
{
	unsigned long parts = (vs->space.end - vs->space.start) / CPU_PART / CPU_PARTS_SHARE;
	struct vm_request here = *request;

	if (request->start <= vs->space.start && request->size <= CPU_PART_AREA && vs->machine->nr_cpus <= parts)
		here.start = vs->space.start + this_cpu()->id * CPU_PART;
	return here;
}

static bool space_reserve(struct vmalloc_state *vs, const struct vm_request *request, struct vmap_area *area,
			  struct vmap_area **spare, struct list_head *unused)
{
	struct vm_request here = in_part(vs, request);
	unsigned long flags;
	bool found;

	spin_lock_irqsave(&vs->area_lock, flags);
	found = vm_area_reserve(&vs->space, &here, area, spare, unused) ||
		vm_area_reserve(&vs->space, request, area, spare, unused);
	spin_unlock_irqrestore(&vs->area_lock, flags);
	return found;
}

/* The same, purging while there is no room and some purge, whoever's, makes some; reports that there is none then. */
static bool space_reserve_or_purge(struct vmalloc_state *vs, const struct vm_request *request, struct vmap_area *area,
				   struct vmap_area **spare, struct list_head *unused, gfp_t gfp)
{
	unsigned long seen;

	do {
		seen = lazy_purges(vs);
		if (space_reserve(vs, request, area, spare, unused))
			return true;
	} while (lazy_flush(vs) != seen);
	if (!(gfp & __GFP_NOWARN) && __ratelimit(&vs->space_report))
		pr_warn("vmap allocation for size %lu failed: use vmalloc=<size> to increase size\n", request->size);
	return false;
}

static enum vm_area_kind kind_of(const struct vm_struct *vm)
{
	if (!vm)
		return AREA_OF_RAM;
	if (vm->flags & VM_ALLOC)
		return AREA_OF_VMALLOC;
	return vm->flags & VM_IOREMAP ? AREA_OF_DEVICE : AREA_OF_VMAP;
}

struct vmap_area *area_reserve(struct vmalloc_state *vs, const struct vm_request *request, struct vm_struct *vm,
			       gfp_t gfp)
{
	struct vmap_area *area = kmem_cache_alloc(vs->areas, gfp & GFP_RECLAIM_MASK);
	struct vmap_area *spare = kmem_cache_alloc(vs->areas, gfp & GFP_RECLAIM_MASK);
	LIST_HEAD(unused);

	if (area) {
		area->vm = vm;
		area->kind = kind_of(vm);
	}
	if (area && (!spare || fault_here(vs->machine, FAULT_AREA, gfp) ||
		     !space_reserve_or_purge(vs, request, area, &spare, &unused, gfp))) {
		list_add(&area->list, &unused);
		area = NULL;
	}
	if (spare)
		list_add(&spare->list, &unused);
	vmap_areas_free(vs, &unused);
	return area;
}

/* Device memory is aligned to its size, so that it can be mapped in few entries. */
static unsigned long request_align(const struct vmalloc_request *rq, unsigned long size)
{
	if (rq->flags & VM_IOREMAP)
		return clamp(roundup_pow_of_two(size), PAGE_SIZE, IOREMAP_MAX_ALIGN);
	return max(rq->align, PAGE_SIZE);
}

bool area_is_possible(const struct vmalloc_state *vs, const struct vmalloc_request *rq)
{
	unsigned long align = request_align(rq, PAGE_ALIGN(rq->size)), start = max(rq->start, vs->space.start);
	unsigned long end = rq->end ? min(rq->end, vs->space.end) : vs->space.end;
	unsigned long size = PAGE_ALIGN(rq->size) + (rq->flags & VM_NO_GUARD ? 0 : PAGE_SIZE);
	unsigned long first = ALIGN(start, align);

	return !(rq->align & (rq->align - 1)) && first >= start && first < end && end - first >= size;
}

struct vmap_area *area_make(struct vmalloc_state *vs, const struct vmalloc_request *rq)
{
	unsigned long size = PAGE_ALIGN(rq->size);
	struct vm_request where = { .start = rq->start, .end = rq->end ? rq->end : vs->space.end };
	struct vm_struct *vm;
	struct vmap_area *area;

	if (!size || size >= vs->space.end - vs->space.start + PAGE_SIZE ||
	    WARN_ON_ONCE(rq->align & (rq->align - 1)))
		return NULL;
	vm = kzalloc(sizeof(*vm), rq->gfp & GFP_RECLAIM_MASK);
	if (!vm)
		return NULL;
	where.align = request_align(rq, size);
	where.size = size + (rq->flags & VM_NO_GUARD ? 0 : PAGE_SIZE);
	*vm = (struct vm_struct){ .size = where.size, .flags = rq->flags, .caller = rq->caller };
	area = area_reserve(vs, &where, vm, rq->gfp);
	if (!area) {
		kfree(vm);
		return NULL;
	}
	vm->addr = (void *)area->va_start;
	check_step_of(vs->machine, CHECK_OFTEN, rq->gfp);
	return area;
}

/* The busy area that a caller means. */
static inline struct vmap_area *area_busy(struct vmalloc_state *vs, unsigned long address, unsigned long end,
					  unsigned int kinds) MUST_HOLD(vs->area_lock)
{
	struct vmap_area *area = vm_area_find(&vs->space, address);
	bool fits = area && area->va_start == address && area->kind & kinds && (!end || area->va_end == end);

	return fits ? area : NULL;
}

/* Of a taken area that is not kept. */
static void area_retire(struct vmalloc_state *vs, struct vmap_area *area)
{
	unsigned long flags;
	LIST_HEAD(unused);

	spin_lock_irqsave(&vs->area_lock, flags);
	vm_kept_retire(&vs->space, kept_here(), area, &unused);
	spin_unlock_irqrestore(&vs->area_lock, flags);
	vmap_areas_free(vs, &unused);
}

/* Of a taken area that is shut. */
static void area_keep(struct vmalloc_state *vs, struct vmap_area *area)
{
	unsigned long flags;
	struct vm_kept *here = vm_kept_of(cpu_hold(&flags));

	if (vm_kept_is_full(here, area))
		kept_update(vs, here, true);
	spin_lock(&vs->area_lock);
	vm_kept_keep(&vs->space, here, area);
	spin_unlock(&vs->area_lock);
	cpu_let_go(flags);
}

/* Of a dead area that the host has not kept. If its thread has come to another CPU meanwhile, its home finds it. */
static noinline void area_lose(struct vmalloc_state *vs, struct vmap_area *area)
{
	struct vm_struct *vm = area->vm;
	unsigned long flags;
	LIST_HEAD(unused);

	spin_lock_irqsave(&vs->area_lock, flags);
	if (!vm_kept_lose(&vs->space, kept_here(), area, &unused))
		vm = NULL;
	spin_unlock_irqrestore(&vs->area_lock, flags);
	vmap_areas_free(vs, &unused);
	vm_structs_free(vm);
}

/* ------------------------------------------------------------------------------------------------------------- map */

void report_map_failure(struct vmalloc_state *vs, const struct vm_struct *vm, gfp_t gfp, int err)
{
	const char *limit = vs->machine->layout.map_limit;
	unsigned long bytes = vm_area_bytes(vm);

	if (err == -ENOSPC && !(gfp & __GFP_NOWARN) && __ratelimit(&vs->map_report))
		pr_warn("vmalloc: size %lu: the host has no room for another mapping%s%s: free areas, or make fewer "
			"and larger ones\n", bytes, limit ? " within " : "", limit ? limit : "");
	warn_alloc(gfp, NULL, "vmalloc error: size %lu, failed to map pages", bytes);
}

int area_pages_map(struct vmalloc_state *vs, struct vmap_area *area, struct mapping *mapping)
{
	int err;

	mapping->address = area->va_start;
	vm_area_cost_set(area, VM_NOT_KEPT);
	err = pages_map(vs, mapping);
	if (err || mapping->nr > KEPT_PAGES)
		return err;
	area->weight = (unsigned short)(1 + mapping->nr_runs / RUNS_PER_WEIGHT);
	area->nr_counted = area->kind == AREA_OF_VMALLOC ? (unsigned short)mapping->nr : 0;
	area->prot = pgprot_val(mapping->prot) | _PAGE_NX;
	area->pfn = machine_pfn(vs->machine, mapping->pages[0]);
	area->first = mapping->pages[0];
	vm_area_cost_set(area, area_entries_find(vs, area, mapping->nr) ? kept_cost(vs, area) : VM_NOT_KEPT);
	return 0;
}

int area_lay_anew(struct vmalloc_state *vs, struct vmap_area *area, struct page **pages, unsigned long nr,
	pgprot_t prot, gfp_t gfp)
{
	struct mapping mapping = { .pages = pages, .nr = nr, .prot = prot, .gfp = gfp };

	range_unmap(vs, area->va_start, nr);
	return area_pages_map(vs, area, &mapping);
}

int area_map(struct vmalloc_state *vs, struct vmap_area *area, const struct vmalloc_request *rq)
{
	struct vm_struct *vm = area->vm;
	struct mapping mapping = {
		.pages = vm->pages, .nr = vm_area_bytes(vm) >> PAGE_SHIFT, .prot = rq->prot, .gfp = rq->gfp,
		.large = rq->flags & VM_ALLOW_HUGE_VMAP,
	};
	int err = area_pages_map(vs, area, &mapping);

	if (err)
		report_map_failure(vs, vm, rq->gfp, err);
	else if (vm->flags & ~VM_PLAIN ||
		(area->kind == AREA_OF_VMALLOC && (mapping.nr_runs > 1 || !is_power_of_2(mapping.nr))))
		vm_area_cost_set(area, VM_NOT_KEPT); /* no one would find it by its first frame */
	return err;
}

/* --------------------------------------------------------------------------------------------------------- destroy */

static unsigned long area_pages(const struct vmap_area *area)
{
	return (area->vm ? vm_area_bytes(area->vm) : area->va_end - area->va_start) >> PAGE_SHIFT;
}

/* Returns whether the mapping is kept. */
static __always_inline bool area_unmap(struct vmalloc_state *vs, struct vmap_area *area)
{
	if (vm_area_may_be_kept(area) && !SEEDED(VFREE_ORDER))
		return run_shut(vs, area, area_pages(area));
	range_unmap(vs, area->va_start, area_pages(area));
	return false;
}

/* Unmapped, and its pages freed. Returns how many. */
static unsigned long area_empty(struct vmalloc_state *vs, struct vmap_area *area, bool *is_kept)
{
	unsigned long pages = 0;

	*is_kept = !SEEDED(VFREE_ORDER) && area_unmap(vs, area);
	if (area->vm)
		pages = area_pages_free(area->vm);
	if (SEEDED(VFREE_ORDER))
		area_unmap(vs, area);
	return pages;
}

unsigned long vmap_area_destroy(struct vmalloc_state *vs, struct vmap_area *area)
{
	struct vm_struct *vm = area->vm;
	unsigned long pages;
	bool is_kept;

	pages = area_empty(vs, area, &is_kept);
	if (pages && vm->flags & VM_ALLOC)
		vmalloc_pages_count(vs, -(long)pages);
	if (is_kept) {
		area_keep(vs, area);
	} else {
		area_retire(vs, area);
		vm_structs_free(vm);
	}
	check_step(vs->machine, CHECK_OFTEN);
	return pages;
}

/* An area that this CPU does not know. */
static bool busy_destroy_elsewhere(struct vmalloc_state *vs, unsigned long address, unsigned long end,
				   unsigned int kinds)
{
	struct vmap_area *area;
	unsigned long flags;

	spin_lock_irqsave(&vs->area_lock, flags);
	area = area_busy(vs, address, end, kinds);
	if (area && !vm_area_take(&vs->space, area))
		area = NULL;
	spin_unlock_irqrestore(&vs->area_lock, flags);
	if (!area)
		return false;
	vmap_area_destroy(vs, area);
	lazy_settle(vs);
	return true;
}

/* A dead one, of nr pages, on its way. vm: what it has of that kind. */
static __always_inline void dead_destroy(struct vmalloc_state *vs, struct vmap_area *area, struct vm_struct *vm,
					 unsigned long nr)
{
	bool is_kept = false;

	if (!SEEDED(VFREE_ORDER))
		is_kept = run_shut(vs, area, nr);
	if (vm)
		area_pages_free(vm);
	if (SEEDED(VFREE_ORDER))
		range_unmap(vs, area->va_start, nr);
	if (likely(is_kept))
		vm_kept_leave(area);
	else
		area_lose(vs, area);
	check_step(vs->machine, CHECK_OFTEN);
}

/* Inline in those of its callers that are called often. */
static __always_inline bool busy_destroy(struct vmalloc_state *vs, unsigned long address, unsigned int kinds)
{
	struct vmap_area *area = vm_kept_free(address, kinds);

	if (unlikely(!area) && kept_settle(vs, address))
		area = vm_kept_free(address, kinds);
	if (unlikely(!area))
		return busy_destroy_elsewhere(vs, address, 0, kinds);
	dead_destroy(vs, area, area->vm, (area->vm->size >> PAGE_SHIFT) - 1);
	return true;
}

bool area_free(struct vmalloc_state *vs, unsigned long address, unsigned int kinds)
{
	return busy_destroy(vs, address, kinds);
}

static inline unsigned long ram_end(const void *address, unsigned int count)
{
	return (unsigned long)address + ((unsigned long)count << PAGE_SHIFT);
}

/* The dead area, after a flush; NULL: it is freed already, or there is none. */
static noinline struct vmap_area *free_ram_slow(struct vmalloc_state *vs, const void *address, unsigned int count)
{
	unsigned long start = (unsigned long)address, end = ram_end(address, count);
	struct vmap_area *area = kept_settle(vs, start) ? vm_kept_free_ram(start, end) : NULL;

	WARN(!area && !busy_destroy_elsewhere(vs, start, end, AREA_OF_RAM), "vm_unmap_ram: no area of %u pages at %p\n",
	     count, address);
	return area;
}

void area_free_ram(struct vmalloc_state *vs, const void *address, unsigned int count)
{
	struct vmap_area *area = vm_kept_free_ram((unsigned long)address, ram_end(address, count));

	if (unlikely(!area)) {
		area = free_ram_slow(vs, address, count);
		if (!area)
			return;
	}
	dead_destroy(vs, area, NULL, count);
}

void area_abandon(struct vmalloc_state *vs, struct vmap_area *area)
{
	unsigned long flags;
	bool is_ours;

	spin_lock_irqsave(&vs->area_lock, flags);
	is_ours = vm_area_leave(&vs->space, area);
	spin_unlock_irqrestore(&vs->area_lock, flags);
	if (is_ours)
		vmap_area_destroy(vs, area);
	lazy_flush(vs);
}

void __vunmap(struct vmalloc_state *vs, const void *address, unsigned int kinds)
{
	if (WARN((unsigned long)address & ~PAGE_MASK, "Trying to vfree() bad address (%p)\n", address))
		return;
	WARN(!busy_destroy(vs, (unsigned long)address, kinds), "Trying to vfree() nonexistent vm area (%p)\n",
	     address);
}

/* ---------------------------------------------------------------------------------------------------- bare areas */

struct vm_struct *get_vm_area(unsigned long size, unsigned long flags)
{
	struct vmalloc_state *vs = this_vmalloc_may_sleep();
	struct vmalloc_request rq = { .size = size, .gfp = GFP_KERNEL, .flags = flags, .caller = CALLER };
	struct vmap_area *area = vs ? area_make(vs, &rq) : NULL;

	return area ? area->vm : NULL;
}

struct vm_struct *find_vm_area(const void *address)
{
	struct vmalloc_state *vs = this_vmalloc();
	struct vmap_area *area;
	unsigned long flags;
	struct vm_struct *vm;

	if (!vs)
		return NULL;
	spin_lock_irqsave(&vs->area_lock, flags);
	area = vm_area_find(&vs->space, (unsigned long)address);
	vm = area ? area->vm : NULL;
	spin_unlock_irqrestore(&vs->area_lock, flags);
	return vm;
}

struct vm_struct *remove_vm_area(const void *address)
{
	struct vmalloc_state *vs = this_vmalloc_may_sleep();
	struct vmap_area *area;
	struct vm_struct *vm;
	unsigned long flags;

	if (!vs)
		return NULL;
	spin_lock_irqsave(&vs->area_lock, flags);
	area = area_busy(vs, (unsigned long)address, 0, ~(unsigned int)AREA_OF_RAM);
	if (area && !vm_area_leave(&vs->space, area))
		area = NULL;
	spin_unlock_irqrestore(&vs->area_lock, flags);
	if (!area)
		return NULL;
	vm = area->vm;
	if (vm->flags & VM_ALLOC)
		vmalloc_pages_count(vs, -(long)vm->nr_pages);
	range_unmap(vs, area->va_start, area_pages(area));
	area_retire(vs, area);
	lazy_settle(vs);
	return vm;
}

void free_vm_area(struct vm_struct *vm)
{
	if (WARN(remove_vm_area(vm->addr) != vm, "free_vm_area: no area of this machine at %p\n", vm->addr))
		return;
	kfree(vm);
}
