/* SPDX-License-Identifier: MIT */
/*
 * vm_kept.h - freed areas whose mapping is kept, by the CPU that had them last: mm/vm_kept.c says what for. What each
 * mapping comes by is inline.
 *
 * What is here is for the CPU that it belongs to, with interrupts off or in KMEM_FAST code; but for returned, which is
 * under the space's lock.
 */
#ifndef MM_VM_KEPT_H
#define MM_VM_KEPT_H

#include <kmem/cpu.h>
#include <linux/hash.h>
#include <linux/list.h>
#include "lib/assert.h"
#include "lib/seeded.h"
#include "mm/vm_area.h"

#define VM_KEPT_BITS 6
#define VM_KEPT_BUCKETS (1u << VM_KEPT_BITS)
#define VM_KEPT_ROUNDS 16u		/* at most; fewer where there are many CPUs */
#define VM_KEPT_FULL (1u << 16)		/* so much cost may be dead at once */
#define VM_NOT_KEPT (1u << 30)

/* A CPU's. */
struct vm_kept {
	struct vmap_area *recent[VM_RECENT];	/* whose home this is, by start: those that became busy last */
	struct list_head bucket[VM_KEPT_BUCKETS];	/* by first frame and size */
	unsigned int round;			/* flushes so far */
	unsigned int dead;			/* cost of what died in this round */
	unsigned long nr_added, nr_taken;	/* to and from buckets, so far; may be read by others */
	long nr_pages;				/* vmalloc()'s, of areas taken from here, less of those put here */
	struct list_head returned __attribute__((aligned(64)));	/* by other CPUs; under the space's lock */
	unsigned long nr_returned;		/* the same; may be read without it */
};

/* Of a CPU's area, what lies behind the slots of all caches. */
static __always_inline struct vm_kept *vm_kept_of(struct kmem_cpu *cpu)
{
	return (struct vm_kept *)((char *)cpu + KMEM_CPU_BYTES);
}

void vm_kept_init(struct vm_kept *kept);

/* Areas in buckets. By others' counts, for a look. */
static inline unsigned long vm_kept_nr_areas(const struct vm_kept *kept)
{
	return __atomic_load_n(&kept->nr_added, __ATOMIC_RELAXED) - __atomic_load_n(&kept->nr_taken, __ATOMIC_RELAXED);
}

static __always_inline unsigned int vm_kept_bucket(const struct page *first, unsigned long size)
{
	return (unsigned int)hash_long((unsigned long)first ^ (size << 8), VM_KEPT_BITS);
}

/* A CPU looks at the cost of what it knows, whoever takes it down elsewhere. */
static __always_inline unsigned int vm_area_cost(const struct vmap_area *area)
{
	return __atomic_load_n(&area->cost, __ATOMIC_RELAXED);
}

static inline void vm_area_cost_set(struct vmap_area *area, unsigned int cost)
{
	__atomic_store_n(&area->cost, cost, __ATOMIC_RELAXED);
}

static inline bool vm_area_may_be_kept(const struct vmap_area *area)
{
	return vm_area_cost(area) != VM_NOT_KEPT;
}

/* Counters that others read without the lock: a word is written at once, by one instruction where nobody watches. */
static __always_inline void vm_count(unsigned long *counter, unsigned long change)
{
#if defined(__SANITIZE_THREAD__) || defined(KMEM_HOST_SIM)
	__atomic_store_n(counter, *counter + change, __ATOMIC_RELAXED);
#else
	*counter += change;
#endif
}

/* Does a flush come before this area may be dead here? So it does, too, if it may not be kept. */
static __always_inline bool vm_kept_is_full(const struct vm_kept *kept, const struct vmap_area *area)
{
	return kept->dead + vm_area_cost(area) > VM_KEPT_FULL;
}

/* An area whose home this is, kept, is dead: until a flush, and until who freed it has left it. */
static __always_inline void vm_kept_add(struct vm_kept *kept, struct vmap_area *area, unsigned int dead)
{
	assert_dear(area->home == kept);
	list_add_tail(&area->list, area->bucket);
	area->round = kept->round;
	kept->dead = dead;
	vm_count(&kept->nr_added, 1);
}

/*
 * vm_kept_put - the busy area of these kinds at start, and to end if that is not 0, is dead. Who has put it there takes
 * it down, and then leaves it; it needs no lock. NULL, and nothing has happened: it is not known here, or may not be
 * kept, or so much is dead that a flush comes first.
 */
static __always_inline struct vmap_area *vm_kept_put(struct vm_kept *kept, unsigned long start, unsigned long end,
						     unsigned int kinds)
{
	struct vmap_area *area = kept->recent[vm_recent(start)];
	unsigned int dead;

	if (unlikely(!area || area->va_start != start || !(area->kind & kinds) || (end && area->va_end != end)))
		return NULL;
	dead = kept->dead + vm_area_cost(area);
	if (unlikely(dead > VM_KEPT_FULL || !vm_area_claim(area, AREA_LEAVING)))
		return NULL;
	vm_kept_add(kept, area, dead);
	if (kinds != AREA_OF_RAM)
		kept->nr_pages -= area->nr_counted;
	return area;
}

static inline void vm_kept_leave(struct vmap_area *area)
{
	__atomic_store_n(&area->state, AREA_KEPT, __ATOMIC_RELEASE);
}

/*
 * vm_kept_take - an area of this kind and of size bytes that was kept for the frames from the first on, busy again;
 * NULL: there is none. O(areas kept that share a bucket). Of an area of more than one run the caller sees whether the
 * other pages are his, too.
 */
static __always_inline struct vmap_area *vm_kept_take(struct vm_kept *kept, enum vm_area_kind kind,
						      const struct page *first, unsigned long size)
{
	struct list_head *bucket = &kept->bucket[vm_kept_bucket(first, size)];
	struct vmap_area *area;

	OPTIMIZER_HIDE_VAR(bucket);	/* worked out once */
	list_for_each_entry(area, bucket, list) {
		if (area->round == kept->round)
			return NULL;
		if (area->first != first || area->va_end - area->va_start != size || area->kind != kind ||
		    (__atomic_load_n(&area->state, __ATOMIC_ACQUIRE) != AREA_KEPT && !SEEDED(KEPT_LEFT)))
			continue;
		__list_del(area->list.prev, area->list.next);
		kept->recent[vm_recent(area->va_start)] = area;
		if (kind == AREA_OF_VMALLOC)
			kept->nr_pages += area->nr_counted;
		vm_count(&kept->nr_taken, 1);
		__atomic_store_n(&area->state, AREA_BUSY, __ATOMIC_RELEASE);
		return area;
	}
	return NULL;
}

/* The same two of the CPU that this thread has just now; NULL, too, if it has none. */
struct vmap_area *vm_kept_free(unsigned long start, unsigned int kinds);
struct vmap_area *vm_kept_free_ram(unsigned long start, unsigned long end);
struct vmap_area *vm_kept_reuse_vmalloc(const struct page *first, unsigned long size);
struct vmap_area *vm_kept_reuse_vmap(const struct page *first, unsigned long size);
struct vmap_area *vm_kept_reuse_ram(const struct page *first, unsigned long size);
static __always_inline struct vmap_area *vm_kept_reuse(enum vm_area_kind kind, const struct page *first,
						       unsigned long size)
{
	if (kind == AREA_OF_VMALLOC)
		return vm_kept_reuse_vmalloc(first, size);
	return kind == AREA_OF_VMAP ? vm_kept_reuse_vmap(first, size) : vm_kept_reuse_ram(first, size);
}

/* What died since the last flush may be used again. */
void vm_kept_flush(struct vm_kept *kept);
/* What was not used for so many flushes, onto list and disowned; 0: so is everything else that is left. */
void vm_kept_age(struct vm_kept *kept, unsigned int rounds, struct list_head *list);

/* Under the space's lock, too; here is the CPU that this is done on. */
/* A taken area, shut and with a cost, is dead: here, or it waits for its home. One without a home gets one. */
void vm_kept_keep(struct vm_space *space, struct vm_kept *here, struct vmap_area *area);
/* A taken area, empty, becomes lazy. If it has a home elsewhere, that sees to it. */
void vm_kept_retire(struct vm_space *space, struct vm_kept *here, struct vmap_area *area, struct list_head *unused);
/* The same of a dead area that could not be kept. False: its home will find it. */
bool vm_kept_lose(struct vm_space *space, struct vm_kept *here, struct vmap_area *area, struct list_head *unused);
/* What waits for this home is dead here; what may not be kept, onto list, disowned. Returns whether there was any. */
bool vm_kept_collect(struct vm_space *space, struct vm_kept *here, struct list_head *list);
/*
 * What vm_kept_age() or vm_kept_collect() has put onto list becomes lazy, is_mapped. Merged descriptors go onto unused,
 * and what the areas' owners had of them onto vms, by next.
 */
void vm_kept_forget(struct vm_space *space, struct list_head *list, struct list_head *unused, struct vm_struct **vms);

/* K1 to K4, or the first that is broken. */
bool vm_kept_check(const struct vm_kept *kept, struct kmem_fault *fault);

struct vm_kept_count {
	unsigned long nr_areas, nr_dead, nr_spare, dead_bytes;	/* nr_dead, nr_spare: by weight */
};
/* What the buckets hold, added. */
void vm_kept_count(const struct vm_kept *kept, struct vm_kept_count *count);

#endif
