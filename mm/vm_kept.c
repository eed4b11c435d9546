/* SPDX-License-Identifier: MIT */
/*
 * vm_kept.c - freed areas whose mapping is kept, shut, for the frames that they reached.
 *
 *	busy --freed--> dead --flush--> spare --VM_KEPT_ROUNDS flushes--> lazy, is_mapped
 *	  ^                              |
 *	  `---- the same frames again ---'
 *
 * In a process a mapping is a system call, and taking it down is another, while shutting it and opening it again are
 * cheap. An allocator gives out first what it got back last; so whoever frees an area and allocates another often
 * gets the frames that he had, and with them an area that reaches just these. A use after the free faults, and
 * a dead area's addresses are nobody's until the next flush, as a lazy range's are.
 *
 * True whenever the caller's lock is free; vm_kept_check() proves each:
 *	K1  nr_dead and nr_spare are the areas of the lists
 *	K2  an area of the lists is in the busy tree, kept, and reaches a run of frames; no other area there is kept
 *	K3  a spare area is in the bucket of its first frame, behind those that were spare before it
 * Lock: the caller's.
 */
#include <linux/hash.h>
#include <linux/list.h>
#include "lib/assert.h"
#include "mm/page_alloc.h"
#include "mm/vmalloc.h"

#define BUCKET_BITS 6

static_assert(VM_KEPT_BUCKETS == 1u << BUCKET_BITS, "a bucket a hash");

static struct list_head *bucket_of(struct vm_space *space, pfn_t pfn)
{
	return &space->spare[hash_64(pfn, BUCKET_BITS)];
}

static unsigned long area_bytes(const struct vmap_area *area)
{
	return area->va_end - area->va_start;
}

/* Counters that others read without the lock. */
static void count(unsigned long *counter, unsigned long change)
{
	__atomic_store_n(counter, *counter + change, __ATOMIC_RELAXED);
}

void vm_kept_init(struct vm_space *space)
{
	INIT_LIST_HEAD(&space->dead);
	for (unsigned int i = 0; i < VM_KEPT_BUCKETS; i++)
		INIT_LIST_HEAD(&space->spare[i]);
}

void vm_kept_add(struct vm_space *space, struct vmap_area *area)
{
	assert(area->state == AREA_TAKEN && area->is_run);
	list_move_tail(&area->list, &space->dead);
	area->state = AREA_KEPT;
	count(&space->nr_dead, 1);
	count(&space->lazy_bytes, area_bytes(area));
}

struct vmap_area *vm_kept_reuse(struct vm_space *space, enum vm_area_kind kind, pfn_t pfn, unsigned long size)
{
	struct vmap_area *area;

	list_for_each_entry(area, bucket_of(space, pfn), list) {
		if (area->pfn != pfn || area_bytes(area) != size || area->kind != kind)
			continue;
		list_del(&area->list);
		area->state = AREA_BUSY;
		count(&space->nr_spare, -1ul);
		space->nr_busy++;
		return area;
	}
	return NULL;
}

static unsigned int rounds_spare(const struct vm_space *space, const struct vmap_area *area)
{
	return space->round - area->round;
}

static void forget(struct vm_space *space, struct vmap_area *area, struct list_head *unused, struct vm_struct **vms)
{
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
	for (unsigned int i = 0; space->nr_spare && i < VM_KEPT_BUCKETS; i++)
		list_for_each_entry_safe(area, next, &space->spare[i], list) {
			if (!all && rounds_spare(space, area) < VM_KEPT_ROUNDS)
				break;
			count(&space->nr_spare, -1ul);
			forget(space, area, unused, vms);
		}
	list_for_each_entry_safe(area, next, &space->dead, list) {
		count(&space->nr_dead, -1ul);
		count(&space->lazy_bytes, -area_bytes(area));
		if (all) {
			forget(space, area, unused, vms);
			continue;
		}
		area->round = space->round;
		list_move_tail(&area->list, bucket_of(space, area->pfn));
		count(&space->nr_spare, 1);
	}
}

/* ---------------------------------------------------------------------------------------------------------- check */

static bool check_list(const struct list_head *list, unsigned long *nr, struct kmem_fault *fault)
{
	const struct vmap_area *area;

	list_for_each_entry(area, list, list) {
		if (area->state != AREA_KEPT || !area->is_run)
			return fault_at(fault, "K2", "area 0x%lx-0x%lx is on a list of kept ones, and is not",
					area->va_start, area->va_end);
		++*nr;
	}
	return true;
}

static bool check_bucket(const struct vm_space *space, unsigned int bucket, struct kmem_fault *fault)
{
	const struct vmap_area *area, *before = NULL;

	list_for_each_entry(area, &space->spare[bucket], list) {
		if (hash_64(area->pfn, BUCKET_BITS) != bucket)
			return fault_at(fault, "K3", "area 0x%lx-0x%lx, frame %lu: in another frame's bucket",
					area->va_start, area->va_end, area->pfn);
		if (before && rounds_spare(space, area) > rounds_spare(space, before))
			return fault_at(fault, "K3", "area 0x%lx-0x%lx, spare since flush %u: behind flush %u",
					area->va_start, area->va_end, area->round, before->round);
		before = area;
	}
	return true;
}

bool vm_kept_check(const struct vm_space *space, struct kmem_fault *fault)
{
	unsigned long nr_dead = 0, nr_spare = 0, nr_kept = 0;

	if (!check_list(&space->dead, &nr_dead, fault))
		return false;
	for (unsigned int i = 0; i < VM_KEPT_BUCKETS; i++)
		if (!check_list(&space->spare[i], &nr_spare, fault) || !check_bucket(space, i, fault))
			return false;
	if (nr_dead != space->nr_dead || nr_spare != space->nr_spare)
		return fault_at(fault, "K1", "%lu dead and %lu spare areas, %lu and %lu counted", nr_dead, nr_spare,
				space->nr_dead, space->nr_spare);
	for (struct rb_node *node = rb_first(&space->busy); node; node = rb_next(node))
		nr_kept += rb_entry(node, struct vmap_area, node)->state == AREA_KEPT;
	if (nr_kept != nr_dead + nr_spare)
		return fault_at(fault, "K2", "%lu areas of the busy tree are kept, %lu of the lists", nr_kept,
				nr_dead + nr_spare);
	return true;
}
