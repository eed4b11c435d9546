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
 * Each CPU keeps its own, so that no lock is taken: an area that it keeps has its home there, from the first time that
 * it is freed until it leaves the busy tree, and only its home forgets it.
 *
 *	CPU 0	recent: busy ones, by address --freed here--> bucket --again--> recent
 *	CPU 1	                               `--freed there--> CPU 0's returned, where it looks when it has none
 *
 * So what recent has is never gone, and whoever frees an area where it was made finds it by one look. Of two who free
 * it at the same time one claims it (vm_area_claim()).
 *
 * Dead and spare areas are in the bucket of their first frame and size, in the order in which they died; the
 * flushes that there had been then tell one from the other, so a flush is a count. It comes when as much is dead as may
 * be: a CPU's share of what the machine may have.
 *
 * An area is dead from the moment that it is freed, while it is still to be shut and its frames to be freed. Nobody
 * touches it until it is left (docs/models/vmalloc_kept.pml).
 *
 * True whenever its CPU is not at it; vm_kept_check() proves each:
 *	K1  nr_added - nr_taken and dead are what the buckets hold, nr_returned what returned does
 *	K2  an area of a bucket is kept, as it may be, and its home is here; so is each of returned
 *	K3  it is in the bucket of its first frame and size, behind those that died before it
 *	K4  what recent[] has is at its place, and its home is here
 * Lock: none; but the caller's for returned.
 */
#include "mm/page_alloc.h"
#include "mm/vm_kept.h"
#include "mm/vmalloc.h"

static unsigned long area_bytes(const struct vmap_area *area)
{
	return area->va_end - area->va_start;
}

void vm_kept_init(struct vm_kept *kept)
{
	for (unsigned int i = 0; i < VM_KEPT_BUCKETS; i++)
		INIT_LIST_HEAD(&kept->bucket[i]);
	INIT_LIST_HEAD(&kept->returned);
}

KMEM_FAST struct vmap_area *vm_kept_free(unsigned long start, unsigned int kinds)
{
	struct kmem_cpu *cpu = this_cpu();

	return likely(cpu->machine) ? vm_kept_put(vm_kept_of(cpu), start, 0, kinds) : NULL;
}

KMEM_FAST struct vmap_area *vm_kept_free_ram(unsigned long start, unsigned long end)
{
	struct kmem_cpu *cpu = this_cpu();

	return likely(cpu->machine) ? vm_kept_put(vm_kept_of(cpu), start, end, AREA_OF_RAM) : NULL;
}

/* One a kind, so that each has no more to do than its own needs. */
static __always_inline struct vmap_area *reuse(enum vm_area_kind kind, const struct page *first, unsigned long size)
{
	struct kmem_cpu *cpu = this_cpu();

	return likely(cpu->machine) ? vm_kept_take(vm_kept_of(cpu), kind, first, size) : NULL;
}

KMEM_FAST struct vmap_area *vm_kept_reuse_vmalloc(const struct page *first, unsigned long size)
{
	return reuse(AREA_OF_VMALLOC, first, size);
}

KMEM_FAST struct vmap_area *vm_kept_reuse_vmap(const struct page *first, unsigned long size)
{
	return reuse(AREA_OF_VMAP, first, size);
}

KMEM_FAST struct vmap_area *vm_kept_reuse_ram(const struct page *first, unsigned long size)
{
	return reuse(AREA_OF_RAM, first, size);
}

static bool is_dead(const struct vm_kept *kept, const struct vmap_area *area)
{
	return area->round == kept->round;
}

static void remove_dead(struct vm_kept *kept, struct vmap_area *area)
{
	list_del(&area->list);
	vm_count(&kept->nr_added, -1ul);
	if (is_dead(kept, area))
		kept->dead -= area->cost;
}

/* Its home does not know it any more. */
static void disown(struct vmap_area *area)
{
	struct vm_kept *kept = area->home;

	if (kept && kept->recent[vm_recent(area->va_start)] == area)
		kept->recent[vm_recent(area->va_start)] = NULL;
	area->home = NULL;
}

void vm_kept_flush(struct vm_kept *kept)
{
	kept->round++;
	kept->dead = 0;
}

void vm_kept_age(struct vm_kept *kept, unsigned int rounds, struct list_head *list)
{
	struct vmap_area *area, *next;

	for (unsigned int i = 0; vm_kept_nr_areas(kept) && i < VM_KEPT_BUCKETS; i++)
		list_for_each_entry_safe(area, next, &kept->bucket[i], list) {
			if (rounds && kept->round - area->round <= rounds)
				break;
			if (__atomic_load_n(&area->state, __ATOMIC_ACQUIRE) == AREA_LEAVING)
				continue;
			remove_dead(kept, area);
			disown(area);
			list_add_tail(&area->list, list);
		}
}

/* --------------------------------------------------------------------------------------------------- under the lock */

/* Off whatever list it is on, to where its home will look. */
static void give_back(struct vm_space *space, struct vmap_area *area)
{
	struct vm_kept *home = area->home;

	list_move_tail(&area->list, &home->returned);
	vm_area_state_set(area, AREA_RETURNED);
	vm_count(&home->nr_returned, 1);
	vm_count(&space->nr_returned, 1);
	vm_count_lazy(space, area_bytes(area));
}

static void take_back(struct vm_space *space, struct vm_kept *here, struct vmap_area *area)
{
	list_del(&area->list);
	vm_area_state_set(area, AREA_KEPT);
	vm_count(&here->nr_returned, -1ul);
	vm_count(&space->nr_returned, -1ul);
	vm_count_lazy(space, -area_bytes(area));
}

void vm_kept_keep(struct vm_space *space, struct vm_kept *here, struct vmap_area *area)
{
	assert(vm_area_state(area) == AREA_TAKEN && vm_area_may_be_kept(area));
	if (!area->home)
		area->home = here;
	if (area->home != here) {
		give_back(space, area);
		return;
	}
	list_del(&area->list);
	area->bucket = &here->bucket[vm_kept_bucket(area->first, area_bytes(area))];
	vm_area_state_set(area, AREA_KEPT);
	vm_kept_add(here, area, here->dead + vm_area_cost(area));
}

void vm_kept_retire(struct vm_space *space, struct vm_kept *here, struct vmap_area *area, struct list_head *unused)
{
	vm_area_cost_set(area, VM_NOT_KEPT);
	area->vm = NULL;
	if (area->home && area->home != here) {
		give_back(space, area);
		return;
	}
	disown(area);
	vm_area_retire(space, area, unused);
}

bool vm_kept_lose(struct vm_space *space, struct vm_kept *here, struct vmap_area *area, struct list_head *unused)
{
	if (area->home != here) {
		__atomic_store_n(&area->state, AREA_GONE, __ATOMIC_RELEASE);
		return false;
	}
	remove_dead(here, area);
	disown(area);
	list_add(&area->list, &space->taken);
	vm_area_retire(space, area, unused);
	return true;
}

bool vm_kept_collect(struct vm_space *space, struct vm_kept *here, struct list_head *list)
{
	bool any = !list_empty(&here->returned);

	while (!list_empty(&here->returned)) {
		struct vmap_area *area = list_first_entry(&here->returned, struct vmap_area, list);

		take_back(space, here, area);
		if (vm_area_may_be_kept(area)) {
			vm_kept_add(here, area, here->dead + vm_area_cost(area));
		} else {
			disown(area);
			list_add_tail(&area->list, list);
		}
	}
	return any;
}

void vm_kept_forget(struct vm_space *space, struct list_head *list, struct list_head *unused, struct vm_struct **vms)
{
	struct vmap_area *area, *next;

	list_for_each_entry_safe(area, next, list, list) {
		if (area->vm) {
			area->vm->next = *vms;
			*vms = area->vm;
		}
		area->is_mapped = true;
		vm_area_retire(space, area, unused);
	}
}

/* ---------------------------------------------------------------------------------------------------------- check */

void vm_kept_count(const struct vm_kept *kept, struct vm_kept_count *count)
{
	const struct vmap_area *area;

	for (unsigned int i = 0; i < VM_KEPT_BUCKETS; i++)
		list_for_each_entry(area, &kept->bucket[i], list) {
			count->nr_areas++;
			count->nr_dead += is_dead(kept, area) ? area->weight : 0;
			count->nr_spare += is_dead(kept, area) ? 0 : area->weight;
			count->dead_bytes += is_dead(kept, area) ? area_bytes(area) : 0;
		}
}

static bool check_area(const struct vm_kept *kept, const struct vmap_area *area, struct kmem_fault *fault)
{
	if (vm_area_is_kept(area) && area->home == kept)
		return true;
	return fault_at(fault, "K2", "area 0x%lx-0x%lx is on a list of kept ones, and is not, or elsewhere",
			area->va_start, area->va_end);
}

static bool check_bucket(const struct vm_kept *kept, unsigned int bucket, unsigned int *dead, unsigned long *nr,
			 struct kmem_fault *fault)
{
	const struct vmap_area *area, *before = NULL;

	list_for_each_entry(area, &kept->bucket[bucket], list) {
		if (!check_area(kept, area, fault))
			return false;
		if (!vm_area_may_be_kept(area))
			return fault_at(fault, "K2", "area 0x%lx-0x%lx is kept, and may not be", area->va_start,
					area->va_end);
		if (area->bucket != &kept->bucket[bucket] || vm_kept_bucket(area->first, area_bytes(area)) != bucket)
			return fault_at(fault, "K3", "area 0x%lx-0x%lx, frame %lu: in another's bucket",
					area->va_start, area->va_end, area->pfn);
		if (before && kept->round - area->round > kept->round - before->round)
			return fault_at(fault, "K3", "area 0x%lx-0x%lx, dead since flush %u: behind flush %u",
					area->va_start, area->va_end, area->round, before->round);
		before = area;
		*dead += is_dead(kept, area) ? area->cost : 0;
		++*nr;
	}
	return true;
}

static bool check_returned(const struct vm_kept *kept, struct kmem_fault *fault)
{
	const struct vmap_area *area;
	unsigned long nr = 0;

	list_for_each_entry(area, &kept->returned, list) {
		if (!check_area(kept, area, fault))
			return false;
		nr++;
	}
	return nr == kept->nr_returned ||
	       fault_at(fault, "K1", "%lu areas were returned, counted as %lu", nr, kept->nr_returned);
}

static bool check_recent(const struct vm_kept *kept, struct kmem_fault *fault)
{
	for (unsigned int i = 0; i < VM_RECENT; i++) {
		const struct vmap_area *area = kept->recent[i];

		if (area && (area->home != kept || vm_recent(area->va_start) != i || vm_area_state(area) == AREA_OUT))
			return fault_at(fault, "K4", "recent area 0x%lx-0x%lx has another home, or is not at its place",
					area->va_start, area->va_end);
	}
	return true;
}

bool vm_kept_check(const struct vm_kept *kept, struct kmem_fault *fault)
{
	unsigned int dead = 0;
	unsigned long nr = 0;

	for (unsigned int i = 0; i < VM_KEPT_BUCKETS; i++)
		if (!check_bucket(kept, i, &dead, &nr, fault))
			return false;
	if (nr != vm_kept_nr_areas(kept) || dead != kept->dead)
		return fault_at(fault, "K1", "%lu areas are kept, counted as %lu; of cost %u are dead, counted as %u",
				nr, vm_kept_nr_areas(kept), dead, kept->dead);
	return check_returned(kept, fault) && check_recent(kept, fault);
}
