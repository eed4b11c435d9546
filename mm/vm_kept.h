/* SPDX-License-Identifier: MIT */
/*
 * vm_kept.h - freed areas whose mapping is kept: mm/vm_kept.c says what for. What each mapping comes by is inline.
 * The caller holds the space's lock.
 */
#ifndef MM_VM_KEPT_H
#define MM_VM_KEPT_H

#include <linux/hash.h>
#include <linux/list.h>
#include "lib/assert.h"
#include "lib/seeded.h"
#include "mm/vm_area.h"

#define VM_KEPT_BITS 6
#define VM_KEPT_ROUNDS 16u

_Static_assert(VM_KEPT_BUCKETS == 1u << VM_KEPT_BITS, "a bucket a hash");

/* The list heads of a space. */
void vm_kept_init(struct vm_space *space);

static inline unsigned int vm_kept_bucket(pfn_t pfn, unsigned long size, enum vm_area_kind kind)
{
	return (unsigned int)hash_long(pfn ^ (size << 8) ^ kind, VM_KEPT_BITS);
}

/* Counters that others read without the lock: a word is written at once, by one instruction where nobody watches. */
static inline void vm_count(unsigned long *counter, unsigned long change)
{
#if defined(__SANITIZE_THREAD__) || defined(KMEM_HOST_SIM)
	__atomic_store_n(counter, *counter + change, __ATOMIC_RELAXED);
#else
	*counter += change;
#endif
}

/*
 * A busy area, may_be_kept, is dead: until a flush, and until who freed it says that he has left it, which needs no
 * lock; or else he takes it again, so that it can be retired.
 */
static inline void vm_kept_add(struct vm_space *space, struct vmap_area *area)
{
	unsigned long bytes = area->va_end - area->va_start;

	assert(area->may_be_kept);
	space->nr_busy--;
	list_add_tail(&area->list, &space->kept[area->bucket]);
	area->state = AREA_KEPT;
	area->round = space->round;
	area->is_left = false;
	vm_count(&space->nr_dead, area->weight);
	vm_count(&space->lazy_bytes, bytes);
	space->dead_bytes += bytes;
}

static inline void vm_kept_leave(struct vmap_area *area)
{
	__atomic_store_n(&area->is_left, true, __ATOMIC_RELEASE);
}

void vm_kept_take(struct vm_space *space, struct vmap_area *area);

/* The same of a taken area. */
static inline void vm_kept_add_taken(struct vm_space *space, struct vmap_area *area)
{
	assert(area->state == AREA_TAKEN);
	list_del(&area->list);
	space->nr_busy++;
	vm_kept_add(space, area);
}

/*
 * vm_kept_reuse - an area of this kind and of size bytes that was kept for the frames from pfn on, busy again; NULL:
 * there is none. O(areas kept that share a bucket). Of an area of more than one run the caller sees whether
 * the other pages are his, too.
 */
static inline struct vmap_area *vm_kept_reuse(struct vm_space *space, enum vm_area_kind kind, pfn_t pfn,
					      unsigned long size)
{
	struct vmap_area *area;

	list_for_each_entry(area, &space->kept[vm_kept_bucket(pfn, size, kind)], list) {
		if (area->round == space->round)
			return NULL;
		if (area->pfn != pfn || area->va_end - area->va_start != size || area->kind != kind ||
		    !(__atomic_load_n(&area->is_left, __ATOMIC_ACQUIRE) || SEEDED(KEPT_LEFT)))
			continue;
		__list_del(area->list.prev, area->list.next);
		area->state = AREA_BUSY;
		space->recent[vm_recent(area->va_start)] = area;
		vm_count(&space->nr_spare, -(unsigned long)area->weight);
		space->nr_busy++;
		space->nr_reused++;
		return area;
	}
	return NULL;
}

/*
 * vm_kept_age - a flush: what died since the last one may be used again, and what was not used for VM_KEPT_ROUNDS of
 * them becomes lazy, is_mapped. all: so does everything else that is left. Merged descriptors go onto unused, and what
 * the areas' owners had of them onto vms, by next.
 */
void vm_kept_age(struct vm_space *space, bool all, struct list_head *unused, struct vm_struct **vms);

/* Are there any? May be asked without the lock. */
static inline bool vm_kept_any(const struct vm_space *space)
{
	return __atomic_load_n(&space->nr_dead, __ATOMIC_RELAXED) ||
	       __atomic_load_n(&space->nr_spare, __ATOMIC_RELAXED);
}

/* K1 to K3, or the first that is broken. */
bool vm_kept_check(const struct vm_space *space, struct kmem_fault *fault);

#endif
