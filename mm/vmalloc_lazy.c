/* SPDX-License-Identifier: MIT */
/*
 * vmalloc_lazy.c - freed addresses on their way back.
 *
 *	busy --vfree()--> [taken] --unmapped, frames freed--> lazy --purge--> free
 *	  \                  ^                    \
 *	   \                 |                     `-> kept, for the same frames (vm_kept.c)
 *	    vfree() in atomic context: taken and deferred, until someone who may sleep comes by
 *
 * A lazy address faults, and is handed out to no one: a processor may still remember what was there, and a bug
 * that uses it is seen. A purge makes all of them free at once, when lazy_max_bytes of them are dead, when a
 * reservation finds no room, or when memory is short. It also has the host unmap what it kept there, a
 * call for all that lies side by side. Who only has too much takes what is lazy; who is short of addresses, memory or
 * mappings asks each CPU for what it keeps, and frees the page tables that then hold nothing.
 *
 * True whenever area_lock is free; vmalloc_check() proves each:
 *	L1  nr_deferred is the number of taken areas that are deferred
 *	L2  nothing is mapped at a lazy or kept address
 * Lock: vs->area_lock; vs->purge_lock around a purge, so that one who needs addresses can wait for those on their way
 * (docs/models/vmalloc_purge.pml).
 */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include "lib/seeded.h"
#include "mm/cpus.h"
#include "mm/dial.h"
#include "mm/vmalloc.h"

#define LAZY_BYTES_PER_STEP (32ul << 20)
#define LEAST_PAGES 1024u		/* that a CPU may have dead: some of the largest areas that are kept */
#define MOST_DEAD 256u			/* of weight: a process pays for each mapping that the host keeps */
#define LEAST_DEAD 64u
#define ALL_DEAD 1024u			/* of all CPUs, unless they are many */
#define ALL_KEPT 16384u			/* of 65,530 mappings that a process has */

/* More CPUs make a purge dearer. */
void lazy_limits_init(struct vmalloc_state *vs)
{
	unsigned int nr_cpus = vs->machine->nr_cpus;

	vs->lazy_max_bytes = LAZY_BYTES_PER_STEP * (unsigned long)fls(nr_cpus);
	vs->kept_max_pages = max((unsigned int)(vs->lazy_max_bytes / nr_cpus >> PAGE_SHIFT), LEAST_PAGES);
	vs->kept_max_dead = clamp(ALL_DEAD / nr_cpus, LEAST_DEAD, MOST_DEAD);
	vs->kept_rounds = clamp(ALL_KEPT / (vs->kept_max_dead * nr_cpus), 1u, VM_KEPT_ROUNDS);
}

unsigned int kept_cost(const struct vmalloc_state *vs, const struct vmap_area *area)
{
	unsigned int pages = (unsigned int)((area->va_end - area->va_start) >> PAGE_SHIFT);

	return max(area->weight * VM_KEPT_FULL / vs->kept_max_dead, pages * VM_KEPT_FULL / vs->kept_max_pages);
}

/* ------------------------------------------------------------------------------------------------------------ kept */

bool kept_any(const struct vmalloc_state *vs)
{
	struct kmem_cpu *cpu;
	unsigned int i;

	for_each_online_cpu_of(vs->machine, cpu, i)
		if (vm_kept_nr_areas(vm_kept_of(cpu)) ||
		    __atomic_load_n(&vm_kept_of(cpu)->nr_returned, __ATOMIC_RELAXED))
			return true;
	return false;
}

bool kept_update(struct vmalloc_state *vs, struct vm_kept *kept, bool is_full)
{
	struct vm_struct *vms = NULL;
	bool any = false;
	LIST_HEAD(unused);
	LIST_HEAD(old);

	if (is_full) {
		vm_kept_flush(kept);
		vm_kept_age(kept, vs->kept_rounds, &old);
	}
	if (__atomic_load_n(&kept->nr_returned, __ATOMIC_RELAXED) || !list_empty(&old)) {
		spin_lock(&vs->area_lock);
		any = vm_kept_collect(&vs->space, kept, &old);
		vm_kept_forget(&vs->space, &old, &unused, &vms);
		spin_unlock(&vs->area_lock);
	}
	vmap_areas_free(vs, &unused);
	vm_structs_free(vms);
	return any;
}

bool kept_collect(struct vmalloc_state *vs)
{
	unsigned long flags;
	struct vm_kept *kept = vm_kept_of(cpu_hold(&flags));
	bool any = __atomic_load_n(&kept->nr_returned, __ATOMIC_RELAXED) &&
		   kept_update(vs, kept, kept->dead > VM_KEPT_FULL);

	cpu_let_go(flags);
	return any;
}

bool kept_settle(struct vmalloc_state *vs, unsigned long address)
{
	unsigned long flags;
	struct vm_kept *kept = vm_kept_of(cpu_hold(&flags));
	const struct vmap_area *area = kept->recent[vm_recent(address)];
	bool is_full = area && area->va_start == address && vm_area_may_be_kept(area) &&
		       vm_kept_is_full(kept, area);

	if (is_full)
		kept_update(vs, kept, true);
	cpu_let_go(flags);
	return is_full;
}

void vmalloc_drain(struct kmem_cpu *cpu)
{
	struct vmalloc_state *vs = cpu->machine->vmalloc;
	struct vm_kept *kept = vm_kept_of(cpu);
	unsigned long flags;

	if (!vs)
		return;
	spin_lock_irqsave(&vs->area_lock, flags);
	vm_kept_collect(&vs->space, kept, &vs->space.drained);
	vm_kept_age(kept, 0, &vs->space.drained);
	spin_unlock_irqrestore(&vs->area_lock, flags);
}

/* -------------------------------------------------------------------------------------------------------- deferred */

bool deferred_add(struct vmalloc_state *vs, struct vmap_area *area)
{
	if (!vm_area_take(&vs->space, area))
		return false;
	area->deferred = true;
	__atomic_store_n(&vs->nr_deferred, vs->nr_deferred + 1, __ATOMIC_RELAXED);
	return true;
}

static struct vmap_area *deferred_next(struct vmalloc_state *vs)
{
	struct vmap_area *area, *found = NULL;
	unsigned long flags;

	spin_lock_irqsave(&vs->area_lock, flags);
	list_for_each_entry(area, &vs->space.taken, list) {
		if (!area->deferred)
			continue;
		area->deferred = false;
		__atomic_store_n(&vs->nr_deferred, vs->nr_deferred - 1, __ATOMIC_RELAXED);
		found = area;
		break;
	}
	spin_unlock_irqrestore(&vs->area_lock, flags);
	return found;
}

unsigned long deferred_flush_all(struct vmalloc_state *vs)
{
	unsigned long pages = 0;
	struct vmap_area *area;

	while ((area = deferred_next(vs)))
		pages += vmap_area_destroy(vs, area);
	return pages;
}

/* ----------------------------------------------------------------------------------------------------------- purge */

/* All lazy ranges, off the tree, with what CPUs have given back. */
static unsigned long lazy_take(struct vmalloc_state *vs, struct list_head *ranges)
{
	struct vm_struct *vms = NULL;
	unsigned long flags, bytes;
	LIST_HEAD(unused);

	spin_lock_irqsave(&vs->area_lock, flags);
	vm_kept_forget(&vs->space, &vs->space.drained, &unused, &vms);
	bytes = vm_lazy_take(&vs->space, ranges);
	spin_unlock_irqrestore(&vs->area_lock, flags);
	vmap_areas_free(vs, &unused);
	vm_structs_free(vms);
	return bytes;
}

static void ranges_release(struct vmalloc_state *vs, struct list_head *ranges)
{
	struct vmap_area *range, *next;
	unsigned long flags;
	LIST_HEAD(unused);

	spin_lock_irqsave(&vs->area_lock, flags);
	list_for_each_entry_safe(range, next, ranges, list) {
		vm_area_release(&vs->space, range, &unused);
		vs->nr_purged_ranges++;
	}
	spin_unlock_irqrestore(&vs->area_lock, flags);
	vmap_areas_free(vs, &unused);
}

/* No host knows the ranges any more, and their entries are empty. */
static void ranges_forget(struct vmalloc_state *vs, const struct list_head *ranges)
{
	const struct vmap_area *range;

	list_for_each_entry(range, ranges, list)
		if (range->is_mapped)
			range_unmap(vs, range->va_start, (range->va_end - range->va_start) >> PAGE_SHIFT);
}

/* From the window's start to the end of the last area that there ever was. */
static unsigned long used_bytes(struct vmalloc_state *vs)
{
	unsigned long flags, bytes;

	spin_lock_irqsave(&vs->area_lock, flags);
	bytes = vs->space.used_end - vs->space.start;
	spin_unlock_irqrestore(&vs->area_lock, flags);
	return bytes;
}

/* Returns the table pages that were freed. */
static unsigned long purge(struct vmalloc_state *vs, bool all) MUST_HOLD(vs->purge_lock)
{
	unsigned long pages = 0;
	LIST_HEAD(ranges);

	if (lazy_take(vs, &ranges)) {
		ranges_forget(vs, &ranges);
		ranges_release(vs, &ranges);
		vs->has_empty_tables = true;
		__atomic_store_n(&vs->nr_purges, vs->nr_purges + 1, __ATOMIC_RELEASE);
	}
	if (all && vs->has_empty_tables) {
		vs->has_empty_tables = false;
		pages = tables_prune(vs, vs->space.start, used_bytes(vs) >> PAGE_SHIFT);
	}
	return pages;
}

unsigned long lazy_purges(const struct vmalloc_state *vs)
{
	return __atomic_load_n(&vs->nr_purges, __ATOMIC_ACQUIRE);
}

/* Have every CPU give back what it keeps; again as long as some do not come to it. */
static void kept_drain_all(struct vmalloc_state *vs)
{
	while (kept_any(vs) && cpus_request(vs->machine, CPU_DRAIN_AREAS))
		;
}

unsigned long lazy_flush(struct vmalloc_state *vs)
{
	deferred_flush(vs);
	if (SEEDED(LAZY_FLUSH) && mutex_is_locked(&vs->purge_lock))
		return lazy_purges(vs);
	mutex_lock(&vs->purge_lock);
	kept_drain_all(vs);
	purge(vs, true);
	mutex_unlock(&vs->purge_lock);
	return lazy_purges(vs);
}

unsigned long vmalloc_purge(struct machine *m, bool is_asked)
{
	struct vmalloc_state *vs = m->vmalloc;
	unsigned long pages;

	if (!vs)
		return 0;
	pages = deferred_flush(vs);
	if (!mutex_trylock(&vs->purge_lock))
		return pages;
	if (is_asked && kept_any(vs))
		cpus_request(m, CPU_DRAIN_AREAS);
	pages += purge(vs, true);
	mutex_unlock(&vs->purge_lock);
	check_step(m, CHECK_RARE);
	return pages;
}

/* Another task may just have done it. */
void lazy_settle_now(struct vmalloc_state *vs)
{
	if (!mutex_trylock(&vs->purge_lock))
		return;
	if (homes_are_late(vs))
		cpus_request(vs->machine, CPU_DRAIN_AREAS);
	if (purge_is_due(vs))
		purge(vs, false);
	mutex_unlock(&vs->purge_lock);
	check_step(vs->machine, CHECK_RARE);
}

void vm_unmap_aliases(void)
{
	struct vmalloc_state *vs = this_machine()->vmalloc;

	if (vs)
		lazy_flush(vs);
}
