/* SPDX-License-Identifier: MIT */
/*
 * kmalloc_large.c - kmalloc()s too large for a slab, and the one of each size that a CPU has at hand.
 *
 *	16k 32k ... 1m	slot->hot of a slot without a cache, else as below
 *	2m 4m		compound pages of mm/page_alloc.c; the first one's type is PGTY_LARGE
 *
 *	kfree ─> stands aside ─> kmalloc ─> kfree ...
 *
 * What stands aside is marked like any free object, and known as its CPU's newest when it is handed out: so whoever
 * needs a buffer again and again pays for it as for a small object, by the same fast paths (mm/slab_alloc.c). They look
 * at no descriptor. That says all the while that here is a large object, and which CPU may know it; whoever frees it
 * elsewhere, or takes a reference that may outlive the object, has that CPU forget it.
 *
 * Only plain memory of the CPU's node stands aside, while there is plenty: four such blocks must be no more than what
 * the CPU may keep of the zone. It is given up with the CPU's pages: when a request finds too few, when CPUs are
 * drained.
 *
 *	H7  a slot of large objects has no stack, and what stands aside there is one of its size, of the CPU's node,
 *	    with one reference, and says this CPU
 * Lock: none; a CPU's slots belong to who leases it.
 */
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/string.h>
#include "lib/assert.h"
#include "mm/fault_inject.h"
#include "mm/pcp.h"
#include "mm/slab_walk.h"
#include "mm/stats.h"

/* Whoever may have such an object may have any. */
#define PLAIN_ONLY (KMALLOC_TYPE_FLAGS | __GFP_DMA32)

static u32 large_type(unsigned int order, const struct kmem_cpu *cpu)
{
	return PAGE_TYPE(PGTY_LARGE, order | (cpu ? cpu->id + 1 : 0) << LARGE_CPU_SHIFT);
}

/* The CPU whose newest allocation, or hot object, it may be; or NULL. */
static struct kmem_cpu *large_cpu(const struct machine *m, const struct page *page)
{
	u32 cpu = page_type_value(page) >> LARGE_CPU_SHIFT;

	return cpu ? m->cpus[cpu - 1] : NULL;
}

static struct cpu_sheaf *large_slot(struct kmem_cpu *cpu, unsigned int order)
{
	return &cpu->sheaves[KMALLOC_LARGE_ID(order)];
}

static bool has_slot(unsigned int order)
{
	return order <= KMALLOC_LARGE_LAST;
}

/* Counted by each CPU for itself: many would wait for one counter's cache line. */
static void large_account(const struct page *page, long pages)
{
	unsigned long flags;
	struct kmem_cpu *cpu = cpu_hold(&flags);
	struct large_count *count = &cpu->large[page_to_nid(page)];

	count->pages += pages;
	count->objects += pages > 0 ? 1 : -1;
	cpu_let_go(flags);
}

/* ----------------------------------------------------------------------------------------------------- allocating */

/*
 * What stands aside, for a request that the fast path found odd; or NULL. Who may not sleep, or is asked for something,
 * goes the long way, which sees to that.
 */
static void *aside_take(unsigned int order, gfp_t gfp)
{
	struct cpu_sheaf *slot;
	unsigned long flags;
	struct kmem_cpu *cpu;
	void *object;

	if (gfp & kmem_context.odd_gfp & __GFP_DIRECT_RECLAIM)
		return NULL;
	cpu = cpu_hold(&flags);
	slot = large_slot(cpu, order);
	object = slot->hot;
	slot->hot = NULL;
	if (object && likely(*(unsigned long *)object == aside_mark(slot_here(cpu, slot), 0))) {
		remember_last(cpu_here(), object, slot_here(cpu, slot));
		*(unsigned long *)object = 0;
		cpu_let_go(flags);
		return gfp & __GFP_ZERO ? host_clear_pages(object, 1ul << order) : object;
	}
	cpu_let_go(flags);
	if (object)
		large_report_not_free(object);
	return NULL;
}

void *kmalloc_large_node(size_t size, gfp_t gfp, int nid)
{
	unsigned int order = (unsigned int)get_order(size);
	struct page *page;
	void *object = NULL;

	if (size > KMALLOC_MAX_SIZE) {
		WARN_ON_ONCE(!(gfp & __GFP_NOWARN));
		return NULL;
	}
	if (nid == NUMA_NO_NODE && has_slot(order) && !(gfp & PLAIN_ONLY))
		object = aside_take(order, gfp);
	if (object)
		return object;
	page = alloc_pages_node(nid, (slab_gfp(gfp) & ~__GFP_MOVABLE) | __GFP_COMP, order);
	if (!page)
		return NULL;
	page_type_set(page, large_type(order, NULL));
	large_account(page, 1l << order);
	return lowmem_page_address(page);
}

/* -------------------------------------------------------------------------------------------------------- freeing */

int large_order(struct machine *m, const struct page *page, const void *object)
{
	unsigned long offset = (unsigned long)object - m->layout.direct_base;

	if (offset >= m->max_low_pfn << PAGE_SHIFT || !pfn_described(m, offset >> PAGE_SHIFT))
		return -1;
	if (page_type_of(page) != PGTY_LARGE || (offset & ~PAGE_MASK))
		return -1;
	return (int)(page_type_value(page) & LARGE_ORDER_MASK);
}

bool large_object_at(struct machine *m, const void *address)
{
	return large_order(m, virt_to_page(address), address) >= 0;
}

void large_forget(struct machine *m, const struct page *page)
{
	struct kmem_cpu *cpu = large_cpu(m, page);

	if (cpu && __atomic_load_n(&cpu->last_object, __ATOMIC_RELAXED) == lowmem_page_address(page))
		sheaves_forget_last(cpu);
}

/* Is it as its owner should leave it, and may this CPU keep it? What __free_pages() asks, and more room. */
static bool may_stand_aside(struct kmem_cpu *cpu, const struct page *page, unsigned int order)
{
	const struct zone *zone = machine_page_zone(cpu->machine, page);
	const struct per_cpu_pages *pcp = &cpu->pcp[zone->index];
	unsigned int most = min(order + 3, PCP_ORDERS - 1u);
	pfn_t pfn = machine_pfn(cpu->machine, page);

	return pcp == __atomic_load_n(&cpu->pcp_by_gfp[0], __ATOMIC_RELAXED) &&
	       __atomic_load_n(&pcp->order[most].chain[PCP_WARM].kept_max, __ATOMIC_RELAXED) &&
	       page_state(page) >> 32 == 1 && !page->mapping && (page->flags & PAGE_FLAGS_ALL) == 1ul << PG_head &&
	       pageblock_type(zone, pfn) == MIGRATE_UNMOVABLE && !pageblock_is_touched(zone, pfn, order);
}

/* Returns whether the object, which is free from now on, stands aside. */
static bool aside_put(struct page *page, void *object, unsigned int order)
{
	unsigned long flags;
	struct kmem_cpu *cpu = cpu_hold(&flags);
	struct cpu_sheaf *slot = large_slot(cpu, order);
	bool stays = !slot->hot && may_stand_aside(cpu, page, order);

	if (stays) {
		page_type_set(page, large_type(order, cpu));
		*(unsigned long *)object = aside_mark(slot_here(cpu, slot), 0);
		slot->hot = object;
	}
	cpu_let_go(flags);
	return stays;
}

static void large_give(struct page *page, unsigned int order)
{
	large_account(page, -(1l << order));
	page_type_set(page, PAGE_TYPE_NONE);
	__free_pages(page, order);
}

bool free_large(struct machine *m, struct page *page, void *object)
{
	int order = large_order(m, page, object);

	if (order < 0)
		return false;
	if (large_cpu(m, page)) {
		if (large_stands_aside(m, page) >= 0)
			return false;		/* it is free already */
		large_forget(m, page);
	}
	if (!has_slot((unsigned int)order) || !aside_put(page, object, (unsigned int)order))
		large_give(page, (unsigned int)order);
	return true;
}

/* Each request asks that finds nothing elsewhere: without a jump for each order. */
bool large_is_aside_here(struct kmem_cpu *cpu)
{
	unsigned long any = 0;

#pragma GCC unroll 16
	for (unsigned int order = KMALLOC_LARGE_FIRST; has_slot(order); order++)
		any |= (unsigned long)large_slot(cpu, order)->hot;
	return any;
}

void large_drain(struct kmem_cpu *cpu)
{
	for (unsigned int order = KMALLOC_LARGE_FIRST; has_slot(order); order++) {
		struct cpu_sheaf *slot = large_slot(cpu, order);
		unsigned long flags;
		void *object;

		if (!slot->hot && slot_there(cpu, cpu->last_slot) != slot)
			continue;
		local_irq_save(flags);
		object = slot->hot;
		slot->hot = NULL;
		if (slot_there(cpu, cpu->last_slot) == slot)
			sheaves_forget_last(cpu);
		local_irq_restore(flags);
		if (object)
			large_give(virt_to_page(object), order);
	}
}

/* ------------------------------------------------------------------------------------------------------- checking */

READS_OTHER_CPUS int large_stands_aside(const struct machine *m, const struct page *page)
{
	u32 value = page_type_value(page), id = value >> LARGE_CPU_SHIFT;
	const void *hot;

	if (!id || id > m->nr_cpus)
		return -1;
	hot = __atomic_load_n(&m->cpus[id - 1]->sheaves[KMALLOC_LARGE_ID(value & LARGE_ORDER_MASK)].hot,
			      __ATOMIC_RELAXED);
	return hot == lowmem_page_address(page) ? (int)id - 1 : -1;
}

bool large_is_known_to(struct machine *m, const void *object, const struct cpu_sheaf *slot, const struct kmem_cpu *cpu)
{
	const struct page *page = virt_to_page(object);
	int order;

	if (!is_direct_memory(m, object, 1))
		return false;
	order = large_order(m, page, object);
	return order >= 0 && has_slot((unsigned int)order) && large_cpu(m, page) == cpu &&
	       slot == &cpu->sheaves[KMALLOC_LARGE_ID(order)];
}

static bool slot_check(struct machine *m, const struct kmem_cpu *cpu, const struct cpu_sheaf *slot)
{
	const struct page *page;

	if (slot->base != SHEAF_NONE || slot->top != SHEAF_NONE || slot->free_limit || slot->spare || slot->cache)
		return false;
	if (!slot->hot)
		return true;
	page = virt_to_page(slot->hot);
	return large_is_known_to(m, slot->hot, slot, cpu) && page_count(page) == 1 &&
	       (u32)page_to_nid(page) == cpu->node;
}

bool large_check(struct machine *m, unsigned int id, struct kmem_fault *fault)
{
	const struct kmem_cpu *cpu = m->cpus[id];

	for (unsigned int order = KMALLOC_LARGE_FIRST; has_slot(order); order++) {
		const struct cpu_sheaf *slot = &cpu->sheaves[KMALLOC_LARGE_ID(order)];

		if (!slot_check(m, cpu, slot))
			return fault_at(fault, "H7", "cpu %u: %016lx is no large object of order %u that stands aside",
					id, (unsigned long)slot->hot, order);
	}
	return true;
}
