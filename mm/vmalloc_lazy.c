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
 * that uses it is seen. A purge makes all of them free at once, when lazy_max_bytes() of them or MAX_DEAD areas are
 * dead, when a reservation finds no room, or when memory is short. It also has the host unmap what it kept there, a
 * call for all that lies side by side. Who only has too much takes what has been dead for long; who is short of
 * addresses, memory or mappings takes all, and frees the page tables that then hold nothing.
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
#include "mm/dial.h"
#include "mm/vmalloc.h"

#define LAZY_BYTES_PER_STEP (32ul << 20)

unsigned long lazy_max_bytes(const struct machine *m)
{
	return LAZY_BYTES_PER_STEP * (unsigned long)fls(m->nr_cpus);
}

/* -------------------------------------------------------------------------------------------------------- deferred */

void deferred_add(struct vmalloc_state *vs, struct vmap_area *area)
{
	vm_area_take(&vs->space, area);
	area->deferred = true;
	__atomic_store_n(&vs->nr_deferred, vs->nr_deferred + 1, __ATOMIC_RELAXED);
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
		if (area->may_be_kept)
			vm_kept_add_taken(&vs->space, area);
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

/* All lazy ranges, off the tree, with kept areas that were not used; all: with those that are dead, too. */
static unsigned long lazy_take(struct vmalloc_state *vs, bool all, struct list_head *ranges)
{
	struct vm_struct *vms = NULL;
	unsigned long flags, bytes;
	LIST_HEAD(unused);

	spin_lock_irqsave(&vs->area_lock, flags);
	vm_kept_age(&vs->space, all, &unused, &vms);
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

	if (lazy_take(vs, all, &ranges)) {
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

unsigned long lazy_flush(struct vmalloc_state *vs)
{
	deferred_flush(vs);
	if (SEEDED(LAZY_FLUSH) && mutex_is_locked(&vs->purge_lock))
		return lazy_purges(vs);
	mutex_lock(&vs->purge_lock);
	purge(vs, true);
	mutex_unlock(&vs->purge_lock);
	return lazy_purges(vs);
}

unsigned long vmalloc_purge(struct machine *m)
{
	struct vmalloc_state *vs = m->vmalloc;
	unsigned long pages;

	if (!vs)
		return 0;
	pages = deferred_flush(vs);
	if (!mutex_trylock(&vs->purge_lock))
		return pages;
	pages += purge(vs, true);
	mutex_unlock(&vs->purge_lock);
	check_step(m, CHECK_RARE);
	return pages;
}

/* Another task may just have done it: a second time would throw away what the first one keeps. */
void lazy_settle_now(struct vmalloc_state *vs)
{
	if (!mutex_trylock(&vs->purge_lock))
		return;
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
