/* SPDX-License-Identifier: MIT */
/*
 * vm_kept.c - freed areas whose mapping is kept, shut, for the frames that they reached.
 *
 *	busy --freed--> dead --flush--> spare --VM_KEPT_ROUNDS flushes--> lazy, is_mapped
 *	  ^                              |
 *	  `---- the same frames again ---'
 *
 * In a process a mapping is a system call, and taking it down is another, while shutting it and opening it again are
 * cheap; and anywhere a kept area has its descriptors, its addresses and its entries in the page table still. An
 * allocator gives out first what it got back last; so whoever frees an area and allocates another often gets the frames
 * that he had, and with them an area that reaches just these. A use after the free faults, and a dead area's addresses
 * are nobody's until the next flush, as a lazy range's are.
 *
 * Dead and spare areas are in the bucket of their first frame, size and kind, in the order in which they died; the
 * flushes that there had been then tell one from the other, so a flush is a count.
 *
 * An area is dead from the moment that it is freed, while it is still to be shut and its frames to be freed: so the
 * lock is taken once. Nobody touches it until it is left (docs/models/vmalloc_kept.pml).
 *
 * True whenever the caller's lock is free; vm_kept_check() proves each:
 *	K1  nr_dead, dead_bytes and nr_spare are what the buckets hold
 *	K2  an area of a bucket is in the busy tree, and kept as it may be; no other area there is kept
 *	K3  it is in the bucket of its first frame, size and kind, behind those that died before it
 * Lock: the caller's.
 */
#include "mm/page_alloc.h"
#include "mm/vm_kept.h"
#include "mm/vmalloc.h"

static unsigned long area_bytes(const struct vmap_area *area)
{
	return area->va_end - area->va_start;
}

void vm_kept_init(struct vm_space *space)
{
	for (unsigned int i = 0; i < VM_KEPT_BUCKETS; i++)
		INIT_LIST_HEAD(&space->kept[i]);
}

static bool is_dead(const struct vm_space *space, const struct vmap_area *area)
{
	return area->round == space->round;
}

/* Of a bucket no more. */
static void uncount(struct vm_space *space, const struct vmap_area *area)
{
	if (!is_dead(space, area)) {
		vm_count(&space->nr_spare, -(unsigned long)area->weight);
		return;
	}
	vm_count(&space->nr_dead, -(unsigned long)area->weight);
	vm_count(&space->lazy_bytes, -area_bytes(area));
	space->dead_bytes -= area_bytes(area);
}

void vm_kept_take(struct vm_space *space, struct vmap_area *area)
{
	assert(area->state == AREA_KEPT && !area->is_left);
	uncount(space, area);
	list_move_tail(&area->list, &space->taken);
	area->state = AREA_TAKEN;
}

static void forget(struct vm_space *space, struct vmap_area *area, struct list_head *unused, struct vm_struct **vms)
{
	uncount(space, area);
	if (area->vm) {
		area->vm->next = *vms;
		*vms = area->vm;
	}
	area->is_mapped = true;
	vm_area_retire(space, area, unused);
}

void vm_kept_age(struct vm_space *space, bool all, struct list_head *unused, struct vm_struct **vms)
{
	struct vmap_area *area, *next;

	space->round++;
	vm_count(&space->lazy_bytes, -space->dead_bytes);
	vm_count(&space->nr_spare, space->nr_dead);
	vm_count(&space->nr_dead, -space->nr_dead);
	space->dead_bytes = 0;
	for (unsigned int i = 0; space->nr_spare && i < VM_KEPT_BUCKETS; i++)
		list_for_each_entry_safe(area, next, &space->kept[i], list) {
			if (!all && space->round - area->round <= VM_KEPT_ROUNDS)
				break;
			if (__atomic_load_n(&area->is_left, __ATOMIC_ACQUIRE))
				forget(space, area, unused, vms);
		}
}

/* ---------------------------------------------------------------------------------------------------------- check */

struct kept_count {
	unsigned long nr_dead, nr_spare, dead_bytes, nr_areas;
};

static bool check_bucket(const struct vm_space *space, unsigned int bucket, struct kept_count *count,
			 struct kmem_fault *fault)
{
	const struct vmap_area *area, *before = NULL;

	list_for_each_entry(area, &space->kept[bucket], list) {
		if (area->state != AREA_KEPT || !area->may_be_kept)
			return fault_at(fault, "K2", "area 0x%lx-0x%lx is on a list of kept ones, and is not",
					area->va_start, area->va_end);
		if (area->bucket != bucket || vm_kept_bucket(area->pfn, area_bytes(area), area->kind) != bucket)
			return fault_at(fault, "K3", "area 0x%lx-0x%lx, frame %lu: in another's bucket",
					area->va_start, area->va_end, area->pfn);
		if (before && space->round - area->round > space->round - before->round)
			return fault_at(fault, "K3", "area 0x%lx-0x%lx, dead since flush %u: behind flush %u",
					area->va_start, area->va_end, area->round, before->round);
		before = area;
		count->nr_dead += is_dead(space, area) ? area->weight : 0;
		count->nr_spare += is_dead(space, area) ? 0 : area->weight;
		count->nr_areas++;
		count->dead_bytes += is_dead(space, area) ? area_bytes(area) : 0;
	}
	return true;
}

bool vm_kept_check(const struct vm_space *space, struct kmem_fault *fault)
{
	struct kept_count count = { 0 };
	unsigned long nr_kept = 0;

	for (unsigned int i = 0; i < VM_KEPT_BUCKETS; i++)
		if (!check_bucket(space, i, &count, fault))
			return false;
	if (count.nr_dead != space->nr_dead || count.nr_spare != space->nr_spare ||
	    count.dead_bytes != space->dead_bytes)
		return fault_at(fault, "K1", "dead areas weigh %lu, spare ones %lu, counted as %lu and %lu; "
				"%lu dead bytes, %lu", count.nr_dead, count.nr_spare, space->nr_dead, space->nr_spare,
				count.dead_bytes, space->dead_bytes);
	for (struct rb_node *node = rb_first(&space->busy); node; node = rb_next(node))
		nr_kept += rb_entry(node, struct vmap_area, node)->state == AREA_KEPT;
	if (nr_kept != count.nr_areas)
		return fault_at(fault, "K2", "%lu areas of the busy tree are kept, %lu of the lists", nr_kept,
				count.nr_areas);
	return true;
}
