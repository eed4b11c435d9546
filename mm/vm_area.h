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
#include <linux/vmalloc.h>

struct kmem_fault;

#define VM_KEPT_BUCKETS 64u
#define VM_RECENT 64u

struct vm_space {
	unsigned long start, end;
	unsigned long used_end;		/* nothing was ever reserved from here on */
	struct rb_root free, busy, lazy;
	struct vmap_area *recent[VM_RECENT];	/* of the busy tree, by start: those that became busy last */
	unsigned long nr_busy;		/* areas */
	unsigned long lazy_bytes;	/* of lazy and dead; written atomically: may be read without the lock */
	unsigned long nr_dead, nr_spare;	/* weight of areas kept since the last flush, and before it; likewise */
	unsigned long dead_bytes;
	struct list_head taken;		/* not busy, and not yet lazy, kept or free */
	struct list_head kept[VM_KEPT_BUCKETS];	/* by first frame, size and kind */
	unsigned int round;		/* flushes so far */
	unsigned long nr_reused;	/* counted, never decided by */
};

static inline unsigned int vm_recent(unsigned long address)
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

	if (likely(area && area->va_start == address && area->state == AREA_BUSY))
		return area;
	return vm_area_search(space, address);
}
/* The first busy area, or lazy range or kept area, that ends above the address, or NULL. */
struct vmap_area *vm_area_next(const struct vm_space *space, unsigned long address);
struct vmap_area *vm_lazy_next(const struct vm_space *space, unsigned long address);

/* Busy no more, and found by no one: its owner takes it down. (vm_kept_add() keeps it instead.) */
void vm_area_take(struct vm_space *space, struct vmap_area *area);
/* The same for an area that is not to be kept. */
void vm_area_leave(struct vm_space *space, struct vmap_area *area);
/* A taken area's addresses are dead until the next purge. Merges with its neighbours; may put area onto unused. */
void vm_area_retire(struct vm_space *space, struct vmap_area *area, struct list_head *unused);
/* All lazy ranges, in order, onto list; no one finds them until vm_area_release(). Returns bytes. */
unsigned long vm_lazy_take(struct vm_space *space, struct list_head *list);
/* A taken area or range is free. Merges; may put area and a neighbour onto unused. */
void vm_area_release(struct vm_space *space, struct vmap_area *area, struct list_head *unused);

/* Bytes of the largest free range. */
unsigned long vm_space_largest(const struct vm_space *space);

/* The first broken invariant of the header comment of vm_area.c, or true. Not at rest: without V4. */
bool vm_space_check(const struct vm_space *space, bool at_rest, struct kmem_fault *fault);

#endif
