/* SPDX-License-Identifier: MIT */
/*
 * vm_area.h - who has which addresses of a window.
 *
 * Descriptors come from the caller, so that nothing here allocates: vm_area_reserve() may use up to two, and freeing
 * gives back those that merging made superfluous.
 */
#ifndef MM_VM_AREA_H
#define MM_VM_AREA_H

#include <kmem/page.h>
#include <kmem/types.h>
#include <linux/compiler.h>
#include <linux/list.h>
#include <linux/vmalloc.h>
#include "lib/seeded.h"

struct kmem_fault;

#define VM_RECENT 64u

struct vm_space {
	unsigned long start, end;
	unsigned long used_end;		/* nothing was ever reserved from here on */
	struct rb_root free, busy, lazy;
	struct vmap_area *recent[VM_RECENT];	/* of the busy tree, by start: those that came to it last */
	unsigned long lazy_bytes;	/* of lazy and returned; written atomically: may be read without the lock */
	unsigned long nr_returned;	/* areas that their homes have not looked at yet; likewise */
	struct list_head taken;		/* not busy, and not yet lazy, kept or free */
	struct list_head drained;	/* kept, by no CPU any more; on their way to lazy */
};

/* Whether an area is busy changes without the lock, if it has a home: mm/vm_kept.c. */
static __always_inline u32 vm_area_state(const struct vmap_area *area)
{
	return __atomic_load_n(&area->state, __ATOMIC_RELAXED);
}

static __always_inline bool vm_area_is_kept(const struct vmap_area *area)
{
	return vm_area_state(area) >= AREA_KEPT;
}

static inline void vm_area_state_set(struct vmap_area *area, enum vm_area_state state)
{
	__atomic_store_n(&area->state, state, __ATOMIC_RELAXED);
}

/* A busy area is the caller's, to be taken down; of two who come at once one gets it. */
static __always_inline bool vm_area_claim(struct vmap_area *area, enum vm_area_state state)
{
	u32 busy = AREA_BUSY;

	if (SEEDED(KEPT_CLAIM) && vm_area_state(area) == AREA_BUSY) {
		__atomic_store_n(&area->state, state, __ATOMIC_RELAXED);
		return true;
	}
	return __atomic_compare_exchange_n(&area->state, &busy, state, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static __always_inline unsigned int vm_recent(unsigned long address)
{
	return address >> PAGE_SHIFT & (VM_RECENT - 1);
}

/* What vm_area_reserve() looks for: size bytes (whole pages) at a multiple of align (2^n pages) in [start, end). */
struct vm_request {
	unsigned long size, align, start, end;
};

/* The whole of [start, end) is free. first describes it from now on; start < end, both page-aligned. */
void vm_space_init(struct vm_space *space, unsigned long start, unsigned long end, struct vmap_area *first);

/*
 * vm_area_reserve - the lowest free range that surely holds an aligned one; if there is none, the lowest that does by
 * luck. (For an alignment of one page both are the lowest fit.) Makes area busy there and returns true. *spare, a
 * second descriptor, may be used: then it is NULL. Descriptors that are needed no more go onto unused. O(log n), but
 * O(n) where only luck helps.
 */
bool vm_area_reserve(struct vm_space *space, const struct vm_request *request, struct vmap_area *area,
		     struct vmap_area **spare, struct list_head *unused);

/* The busy area that contains the address, or NULL. O(log n). */
struct vmap_area *vm_area_search(const struct vm_space *space, unsigned long address);
/* The same. Who frees an area has often just made it. */
static inline struct vmap_area *vm_area_find(const struct vm_space *space, unsigned long address)
{
	struct vmap_area *area = space->recent[vm_recent(address)];

	if (likely(area && area->va_start == address && vm_area_state(area) == AREA_BUSY))
		return area;
	return vm_area_search(space, address);
}
/* The first busy area, or lazy range or kept area, that ends above the address, or NULL. */
struct vmap_area *vm_area_next(const struct vm_space *space, unsigned long address);
struct vmap_area *vm_lazy_next(const struct vm_space *space, unsigned long address);

/* Busy no more, and found by no one: the caller takes it down, unless another has claimed it: false. */
bool vm_area_take(struct vm_space *space, struct vmap_area *area);
/* The same for an area that is not to be kept. */
bool vm_area_leave(struct vm_space *space, struct vmap_area *area);
/* So many bytes more are lazy, or fewer. */
void vm_count_lazy(struct vm_space *space, unsigned long change);
/* A taken area's addresses are dead until the next purge. Merges with its neighbours; may put area onto unused. */
void vm_area_retire(struct vm_space *space, struct vmap_area *area, struct list_head *unused);
/* All lazy ranges, in order, onto list; no one finds them until vm_area_release(). Returns bytes. */
unsigned long vm_lazy_take(struct vm_space *space, struct list_head *list);
/* A taken area or range is free. Merges; may put area and a neighbour onto unused. */
void vm_area_release(struct vm_space *space, struct vmap_area *area, struct list_head *unused);

/* Busy areas. O(n) */
unsigned long vm_space_nr_busy(const struct vm_space *space);
/* Bytes of the largest free range. */
unsigned long vm_space_largest(const struct vm_space *space);

/* The first broken invariant of the header comment of vm_area.c, or true. Not at rest: without V4. */
bool vm_space_check(const struct vm_space *space, bool at_rest, struct kmem_fault *fault);

#endif
