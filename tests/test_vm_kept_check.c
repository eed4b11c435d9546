/* SPDX-License-Identifier: MIT */
/* test_vm_kept_check.c - each invariant of areas that are kept for their frames, broken on purpose. */
#include "tests/kept_area.h"

static void k1_wrong_counts_are_found(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");

	ASSERT_NOT_NULL(t, e);
	kept_of(e)->nr_added++;
	expect_fault(e, "K1");
	kept_of(e)->nr_added--;
	kept_of(e)->dead++;
	expect_fault(e, "K1");
	kept_of(e)->dead--;
	kept_of(e)->nr_returned++;
	expect_fault(e, "K1");
	kept_of(e)->nr_returned--;
	env_holds(e);
}

static void k2_an_area_that_is_kept_and_is_not_is_found(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");
	struct vmap_area *area;
	unsigned int cost;
	void *p;

	ASSERT_NOT_NULL(t, e);
	if (!spare_area(e, BYTES))
		return;
	area = kept_area(e);
	cost = area->cost;
	area->cost = VM_NOT_KEPT;
	expect_fault(e, "K2");
	area->cost = cost;
	area->home = NULL;
	expect_fault(e, "K2");
	area->home = kept_of(e);
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
	if (kept_count(e).nr_dead) {
		area = kept_area(e);
		if (area->va_end - area->va_start == BYTES + PAGE_SIZE)
			area = vm_lazy_next(space_of(e), area->va_end);
		cost = area->cost;
		area->cost = VM_NOT_KEPT;
		expect_fault(e, "K2");
		area->cost = cost;
	}
}

/* One that another CPU freed is looked at as one in a bucket is. */
static void k2_a_returned_area_is_looked_at(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");
	struct vm_kept *kept;
	struct list_head *bucket;
	struct vmap_area *area;

	ASSERT_NOT_NULL(t, e);
	if (!spare_area(e, BYTES))
		return;
	area = kept_area(e);
	kept = kept_of(e);
	bucket = area->list.prev;
	list_move(&area->list, &kept->returned);
	kept->nr_returned++;
	kept->nr_taken++;
	env_holds(e);
	area->home = NULL;
	expect_fault(e, "K2");
	area->home = kept;
	list_move(&area->list, bucket);
	kept->nr_returned--;
	kept->nr_taken--;
	env_holds(e);
}

/* That the busy tree has more kept areas than the lists. */
static void k2_a_kept_area_on_no_list_is_found(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");
	struct list_head *before;
	struct vmap_area *area;

	ASSERT_NOT_NULL(t, e);
	if (!spare_area(e, BYTES))
		return;
	area = kept_area(e);
	before = area->list.prev;
	list_del(&area->list);
	kept_of(e)->nr_taken++;
	expect_fault(e, "K2");
	kept_of(e)->nr_taken--;
	list_add(&area->list, before);
	env_holds(e);
}

static void k3_an_area_in_another_frames_bucket_is_found(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");

	ASSERT_NOT_NULL(t, e);
	if (!spare_area(e, BYTES))
		return;
	kept_area(e)->first++;
	expect_fault(e, "K3");
	kept_area(e)->first--;
	kept_area(e)->bucket++;
	expect_fault(e, "K3");
	kept_area(e)->bucket--;
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
	if (kept_count(e).nr_spare == 2) {
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
	kept_area(e)->state = AREA_LEAVING;		/* it may not be shut yet: of a machine that is not at rest */
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

static void k4_a_recent_area_at_the_wrong_place_is_found(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");
	struct vmap_area **at, *area;
	void *p;

	ASSERT_NOT_NULL(t, e);
	if (!spare_area(e, BYTES))
		return;
	p = vmalloc(BYTES);
	at = &kept_of(e)->recent[vm_recent((unsigned long)p)];
	area = *at;
	ASSERT_EQ(t, area->va_start, p);
	env_holds(e);
	at[at == kept_of(e)->recent ? 1 : -1] = area;
	expect_fault(e, "K4");
	at[at == kept_of(e)->recent ? 1 : -1] = NULL;
	area->home = NULL;
	expect_fault(e, "K4");
	area->home = kept_of(e);
	env_holds(e);
	vfree(p);
}

KTAP_SUITE(vm_kept_check, KTAP_CASE(k1_wrong_counts_are_found),
	   KTAP_CASE(k2_an_area_that_is_kept_and_is_not_is_found),
	   KTAP_CASE(k2_a_returned_area_is_looked_at), KTAP_CASE(k2_a_kept_area_on_no_list_is_found),
	   KTAP_CASE(k3_an_area_in_another_frames_bucket_is_found),
	   KTAP_CASE(k3_spare_areas_in_the_wrong_order_are_found),
	   KTAP_CASE(l2_a_mapping_at_a_kept_address_is_found),
	   KTAP_CASE(k4_a_recent_area_at_the_wrong_place_is_found));
