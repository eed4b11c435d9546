/* SPDX-License-Identifier: MIT */
/*
 * vmalloc_lazy.c - freed addresses on their way back.
 *
 *	busy --vfree()--> [taken] --unmapped, frames freed--> lazy --purge--> free
 *	  \                  ^
 *	   vfree() in atomic context: taken and deferred, until someone who may sleep comes by
 *
 * A lazy address faults, and is handed out to no one: a processor may still remember what was there, and a bug
 * that uses it is seen. A purge makes all of them free at once, when lazy_max_bytes() of them are dead, when a
 * reservation finds no room, or when memory is short. It also frees the page tables that then hold nothing.
 *
 * True whenever area_lock is free; vmalloc_check() proves each:
 *	L1  nr_deferred is the number of taken areas that are deferred
 *	L2  nothing is mapped at a lazy address
 * Lock: vs->area_lock; vs->purge_lock around a purge, so that one who needs addresses can wait for those on their way
 * (docs/models/vmalloc_purge.pml).
 */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include "lib/seeded.h"
#include "mm/dial.h"
#include "mm/vmalloc.h"

#define LAZY_BYTES_PER_STEP (32ul << 20)

/* So many dead bytes are worth a purge: more CPUs make one dearer. */
static unsigned long lazy_max_bytes(const struct machine *m)
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
		__atomic_store_n(&vs->nr_deferred, vs->nr_deferred - 1, __ATOMIC_RELAXED);
		found = area;
		break;
	}
	spin_unlock_irqrestore(&vs->area_lock, flags);
	return found;
}

unsigned long deferred_flush(struct vmalloc_state *vs)
{
	unsigned long pages = 0;
	struct vmap_area *area;

	while (unlikely(__atomic_load_n(&vs->nr_deferred, __ATOMIC_RELAXED)) && (area = deferred_next(vs)))
		pages += vmap_area_destroy(vs, area);
	return pages;
}

/* ----------------------------------------------------------------------------------------------------------- purge */

/* All lazy ranges, off the tree. */
static unsigned long lazy_take(struct vmalloc_state *vs, struct list_head *ranges)
{
	unsigned long flags, bytes;

	spin_lock_irqsave(&vs->area_lock, flags);
	bytes = vm_lazy_take(&vs->space, ranges);
	spin_unlock_irqrestore(&vs->area_lock, flags);
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

/* Returns the table pages that were freed; *bytes are the addresses. */
static unsigned long purge(struct vmalloc_state *vs, unsigned long *bytes) MUST_HOLD(vs->purge_lock)
{
	struct vmap_area *range;
	unsigned long pages = 0;
	LIST_HEAD(ranges);

	*bytes = lazy_take(vs, &ranges);
	if (!*bytes)
		return 0;
	list_for_each_entry(range, &ranges, list)
		pages += tables_prune(vs, range->va_start, (range->va_end - range->va_start) >> PAGE_SHIFT);
	ranges_release(vs, &ranges);
	__atomic_store_n(&vs->nr_purges, vs->nr_purges + 1, __ATOMIC_RELEASE);
	return pages;
}

unsigned long lazy_purges(const struct vmalloc_state *vs)
{
	return __atomic_load_n(&vs->nr_purges, __ATOMIC_ACQUIRE);
}

unsigned long lazy_flush(struct vmalloc_state *vs)
{
	unsigned long bytes;

	deferred_flush(vs);
	if (SEEDED(LAZY_FLUSH) && mutex_is_locked(&vs->purge_lock))
		return lazy_purges(vs);
	mutex_lock(&vs->purge_lock);
	purge(vs, &bytes);
	mutex_unlock(&vs->purge_lock);
	return lazy_purges(vs);
}

unsigned long vmalloc_purge(struct machine *m)
{
	struct vmalloc_state *vs = m->vmalloc;
	unsigned long pages, bytes;

	if (!vs)
		return 0;
	pages = deferred_flush(vs);
	if (!mutex_trylock(&vs->purge_lock))
		return pages;
	pages += purge(vs, &bytes);
	mutex_unlock(&vs->purge_lock);
	check_step(m, CHECK_RARE);
	return pages;
}

void lazy_settle(struct vmalloc_state *vs)
{
	if (__atomic_load_n(&vs->space.lazy_bytes, __ATOMIC_RELAXED) > lazy_max_bytes(vs->machine))
		vmalloc_purge(vs->machine);
}

void vm_unmap_aliases(void)
{
	struct vmalloc_state *vs = this_machine()->vmalloc;

	if (vs)
		lazy_flush(vs);
}
