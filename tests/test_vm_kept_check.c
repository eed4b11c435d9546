/* SPDX-License-Identifier: MIT */
/* test_vm_kept_check.c - each invariant of areas that are kept for their frames, broken on purpose. */
#include "tests/kept_area.h"

static void k1_wrong_counts_are_found(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");

	ASSERT_NOT_NULL(t, e);
	space_of(e)->nr_dead++;
	expect_fault(e, "K1");
	space_of(e)->nr_dead--;
	space_of(e)->nr_spare++;
	expect_fault(e, "K1");
	space_of(e)->nr_spare--;
	space_of(e)->dead_bytes++;
	expect_fault(e, "K1");
	space_of(e)->dead_bytes--;
}

static void k2_an_area_that_is_kept_and_is_not_is_found(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");
	struct vmap_area *area;
	void *p;

	ASSERT_NOT_NULL(t, e);
	if (!spare_area(e, BYTES))
		return;
	area = kept_area(e);
	area->may_be_kept = false;
	expect_fault(e, "K2");
	area->may_be_kept = true;
	area->state = AREA_BUSY;
	expect_fault(e, "K2");
	area->state = AREA_KEPT;
	p = vmalloc(PAGE_SIZE);
	area = vm_area_find(space_of(e), (unsigned long)p);
	area->state = AREA_KEPT;
	expect_fault(e, "K2");
	area->state = AREA_BUSY;
	env_holds(e);
	vfree(p);
	if (space_of(e)->nr_dead) {
		area = kept_area(e);
		if (area->va_end - area->va_start == BYTES + PAGE_SIZE)
			area = vm_lazy_next(space_of(e), area->va_end);
		area->may_be_kept = false;
		expect_fault(e, "K2");
		area->may_be_kept = true;
	}
}

static void k3_an_area_in_another_frames_bucket_is_found(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");

	ASSERT_NOT_NULL(t, e);
	if (!spare_area(e, BYTES))
		return;
	kept_area(e)->pfn++;
	expect_fault(e, "K3");
	kept_area(e)->pfn--;
	kept_area(e)->bucket ^= 1;
	expect_fault(e, "K3");
	kept_area(e)->bucket ^= 1;
	env_holds(e);
}

/* Two of the same frames: the one that was spare first comes first. */
static void k3_spare_areas_in_the_wrong_order_are_found(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");
	struct vmap_area *first, *second;
	struct page *page;
	void *p, *q;

	ASSERT_NOT_NULL(t, e);
	page = alloc_page(GFP_KERNEL);
	p = vm_map_ram(&page, 1, NUMA_NO_NODE);
	q = vm_map_ram(&page, 1, NUMA_NO_NODE);
	ASSERT(t, p && q);
	vm_unmap_ram(p, 1);
	vm_flush(e->m);
	vm_unmap_ram(q, 1);
	vm_flush(e->m);
	if (space_of(e)->nr_spare == 2) {
		first = kept_area(e);
		second = vm_lazy_next(space_of(e), first->va_end);
		first->round++;
		env_holds(e);
		second->round--;
		expect_fault(e, "K3");
		second->round++;
		first->round--;
	} else {
		ktap_skip(t, "this host keeps nothing");
	}
	__free_page(page);
}

static void l2_a_mapping_at_a_kept_address_is_found(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");
	struct kmem_fault fault;
	struct pgtable_run run;

	ASSERT_NOT_NULL(t, e);
	if (!spare_area(e, BYTES))
		return;
	pgtable_open(kept_area(e)->entries, 1);
	expect_fault(e, "L2");
	kept_area(e)->is_left = false;		/* it may not be shut yet: of a machine that is not at rest */
	EXPECT(t, kmem_check_live(e->m, &fault));
	vm_kept_leave(kept_area(e));
	EXPECT(t, !kmem_check_live(e->m, &fault));
	EXPECT_STR(t, fault.id, "L2");
	pgtable_shut(kept_area(e)->entries, 1);
	env_holds(e);
	run = (struct pgtable_run){ kept_area(e)->va_end - PAGE_SIZE, 100, 1, 0x163, false };
	ASSERT_EQ(t, pgtable_map(&e->m->vmalloc->table, &run), 0);
	expect_fault(e, "L2");
	EXPECT_EQ(t, pgtable_unmap(&e->m->vmalloc->table, kept_area(e)->va_end - PAGE_SIZE, 1), 1);
	env_holds(e);
}

static void v5_dead_bytes_that_are_not_counted_are_found(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");

	ASSERT_NOT_NULL(t, e);
	vfree(vmalloc(BYTES));
	EXPECT_EQ(t, space_of(e)->lazy_bytes, BYTES + PAGE_SIZE);
	space_of(e)->lazy_bytes -= PAGE_SIZE;
	expect_fault(e, "V5");
	space_of(e)->lazy_bytes += PAGE_SIZE;
}

KTAP_SUITE(vm_kept_check, KTAP_CASE(k1_wrong_counts_are_found),
	   KTAP_CASE(k2_an_area_that_is_kept_and_is_not_is_found),
	   KTAP_CASE(k3_an_area_in_another_frames_bucket_is_found),
	   KTAP_CASE(k3_spare_areas_in_the_wrong_order_are_found),
	   KTAP_CASE(l2_a_mapping_at_a_kept_address_is_found),
	   KTAP_CASE(v5_dead_bytes_that_are_not_counted_are_found));
