/* SPDX-License-Identifier: MIT */
/*
 * test_vm_area.c - ranges of a small window, one situation a case; tests/model/test_vm_area_model.c does random ones.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include "mm/page_alloc.h"
#include "mm/vm_area.h"
#include "tests/ktap.h"

#define BASE 0x7f000000ul
#define PAGES 64ul
#define AREAS 32

struct world {
	struct ktap *t;
	struct vm_space space;
	struct vmap_area areas[AREAS];
	unsigned int nr_areas;
	struct list_head unused;
};

static struct world world;

static struct world *world_init(struct ktap *t)
{
	struct world *w = &world;

	*w = (struct world){ .t = t, .nr_areas = 1 };
	INIT_LIST_HEAD(&w->unused);
	vm_space_init(&w->space, BASE, BASE + PAGES * PAGE_SIZE, &w->areas[0]);
	return w;
}

static struct vmap_area *reserve_in(struct world *w, unsigned long pages, unsigned long align_pages, unsigned long from,
				    unsigned long to)
{
	struct vmap_area *area = &w->areas[w->nr_areas++], *spare = &w->areas[w->nr_areas++];
	struct vm_request request = { pages * PAGE_SIZE, align_pages * PAGE_SIZE, BASE + from * PAGE_SIZE,
				      BASE + to * PAGE_SIZE };

	return vm_area_reserve(&w->space, &request, area, &spare, &w->unused) ? area : NULL;
}

static struct vmap_area *reserve(struct world *w, unsigned long pages)
{
	return reserve_in(w, pages, 1, 0, PAGES);
}

static void retire(struct world *w, struct vmap_area *area)
{
	vm_area_take(&w->space, area);
	vm_area_retire(&w->space, area, &w->unused);
}

static void release(struct world *w, struct vmap_area *area)
{
	vm_area_take(&w->space, area);
	vm_area_release(&w->space, area, &w->unused);
}

static void purge(struct world *w)
{
	struct vmap_area *area, *next;
	LIST_HEAD(ranges);

	vm_lazy_take(&w->space, &ranges);
	list_for_each_entry_safe(area, next, &ranges, list)
		vm_area_release(&w->space, area, &w->unused);
}

static unsigned long page_of(const struct vmap_area *area)
{
	return area ? (area->va_start - BASE) / PAGE_SIZE : ~0ul;
}

static void holds(struct world *w)
{
	struct kmem_fault fault = { "", "" };

	if (!vm_space_check(&w->space, true, &fault))
		ktap_fail(w->t, "%s %s", fault.id, fault.place);
}

static void the_lowest_range_that_fits_is_taken(struct ktap *t)
{
	struct world *w = world_init(t);
	struct vmap_area *a = reserve(w, 4), *b = reserve(w, 2), *c = reserve(w, 8), *d = reserve(w, 1);

	EXPECT_EQ(t, page_of(a), 0);
	EXPECT_EQ(t, page_of(b), 4);
	EXPECT_EQ(t, page_of(c), 6);
	EXPECT_EQ(t, page_of(d), 14);
	release(w, a);
	release(w, c);
	EXPECT_EQ(t, page_of(reserve(w, 5)), 6);	/* not at 0: 4 pages there */
	EXPECT_EQ(t, page_of(reserve(w, 3)), 0);
	EXPECT_EQ(t, page_of(reserve(w, 3)), 11);
	EXPECT_EQ(t, page_of(reserve(w, 1)), 3);
	holds(w);
}

static void an_alignment_is_kept_and_splits_the_range(struct ktap *t)
{
	struct world *w = world_init(t);

	EXPECT_EQ(t, page_of(reserve(w, 1)), 0);
	EXPECT_EQ(t, page_of(reserve_in(w, 4, 16, 0, PAGES)), 16);
	EXPECT_EQ(t, page_of(reserve(w, 15)), 1);
	EXPECT_EQ(t, page_of(reserve(w, 1)), 20);
	holds(w);
}

static void an_exact_aligned_hole_is_found_when_nothing_else_is_left(struct ktap *t)
{
	struct world *w = world_init(t);
	struct vmap_area *before = reserve(w, 16), *hole = reserve(w, 16), *rest = reserve(w, 32);

	EXPECT_NOT_NULL(t, before);
	EXPECT_NOT_NULL(t, rest);
	release(w, hole);
	EXPECT_EQ(t, page_of(reserve_in(w, 16, 16, 0, PAGES)), 16);
	EXPECT_EQ(t, vm_space_largest(&w->space), 0);
	holds(w);
}

static void a_window_within_the_window_is_respected(struct ktap *t)
{
	struct world *w = world_init(t);

	EXPECT_EQ(t, page_of(reserve_in(w, 4, 1, 10, 20)), 10);
	EXPECT_EQ(t, page_of(reserve_in(w, 4, 1, 10, 20)), 14);
	EXPECT_NULL(t, reserve_in(w, 4, 1, 10, 20));
	EXPECT_EQ(t, page_of(reserve_in(w, 2, 1, 10, 20)), 18);
	EXPECT_EQ(t, page_of(reserve_in(w, 4, 1, 60, PAGES + 9)), 60);
	EXPECT_NULL(t, reserve_in(w, 1, 1, 60, PAGES + 9));
	holds(w);
}

static void too_much_is_refused_and_changes_nothing(struct ktap *t)
{
	struct world *w = world_init(t);

	EXPECT_NULL(t, reserve(w, PAGES + 1));
	EXPECT_NULL(t, reserve_in(w, 1, 1ul << (sizeof(long) * 8 - 2 - PAGE_SHIFT), 1, PAGES));
	EXPECT_NULL(t, reserve_in(w, ~0ul >> PAGE_SHIFT, 2, 0, PAGES));
	EXPECT_EQ(t, vm_space_largest(&w->space), PAGES * PAGE_SIZE);
	EXPECT_EQ(t, page_of(reserve(w, PAGES)), 0);
	EXPECT_NULL(t, reserve(w, 1));
	holds(w);
}

static void lazy_addresses_are_not_handed_out_before_the_purge(struct ktap *t)
{
	struct world *w = world_init(t);
	struct vmap_area *a = reserve(w, 4);

	retire(w, a);
	EXPECT_EQ(t, w->space.lazy_bytes, 4 * PAGE_SIZE);
	EXPECT_EQ(t, page_of(reserve(w, 4)), 4);
	EXPECT_NULL(t, vm_area_find(&w->space, BASE));
	purge(w);
	EXPECT_EQ(t, w->space.lazy_bytes, 0);
	EXPECT_EQ(t, page_of(reserve(w, 4)), 0);
	holds(w);
}

static void neighbours_that_are_freed_become_one(struct ktap *t)
{
	struct world *w = world_init(t);
	struct vmap_area *a[5];
	unsigned int nr = 0;
	struct list_head *at;

	for (int i = 0; i < 5; i++)
		a[i] = reserve(w, 4);
	retire(w, a[0]);
	retire(w, a[2]);
	retire(w, a[1]);
	EXPECT_EQ(t, vm_lazy_next(&w->space, 0)->va_end, BASE + 12 * PAGE_SIZE);
	holds(w);
	purge(w);
	EXPECT_EQ(t, vm_area_next(&w->space, 0), a[3]);
	release(w, a[3]);
	release(w, a[4]);
	EXPECT_EQ(t, vm_space_largest(&w->space), PAGES * PAGE_SIZE);
	list_for_each(at, &w->unused)
		nr++;
	EXPECT_EQ(t, nr, 5);	/* six descriptors were in use; one range is left */
	holds(w);
}

static void an_address_finds_its_area_and_its_neighbours_do_not(struct ktap *t)
{
	struct world *w = world_init(t);
	struct vmap_area *a = reserve_in(w, 2, 1, 8, PAGES);

	EXPECT_EQ(t, vm_area_find(&w->space, a->va_start), a);
	EXPECT_EQ(t, vm_area_find(&w->space, a->va_end - 1), a);
	EXPECT_NULL(t, vm_area_find(&w->space, a->va_end));
	EXPECT_NULL(t, vm_area_find(&w->space, a->va_start - 1));
	EXPECT_EQ(t, vm_area_next(&w->space, 0), a);
	EXPECT_NULL(t, vm_area_next(&w->space, a->va_end));
}

/* ----------------------------------------------------------------------------------------------- broken on purpose */

/* [ a | free | b | lazy | c | free ... ] */
static struct world *broken_world(struct ktap *t, struct vmap_area **a, struct vmap_area **b)
{
	struct world *w = world_init(t);
	struct vmap_area *hole, *lazy;

	*a = reserve(w, 2);
	hole = reserve(w, 2);
	*b = reserve(w, 2);
	lazy = reserve(w, 2);
	EXPECT_NOT_NULL(t, reserve(w, 2));
	release(w, hole);
	retire(w, lazy);
	holds(w);
	return w;
}

static void expect_fault(struct world *w, const char *id)
{
	struct kmem_fault fault = { "none", "" };

	EXPECT(w->t, !vm_space_check(&w->space, true, &fault));
	EXPECT_STR(w->t, fault.id, id);
}

static void v1_an_area_that_is_empty_crooked_or_out_of_order_is_found(struct ktap *t)
{
	struct vmap_area *a, *b;
	struct world *w = broken_world(t, &a, &b);
	unsigned long end = a->va_end;

	a->va_end = a->va_start;
	expect_fault(w, "V1");
	a->va_end = end + 1;
	expect_fault(w, "V1");
	a->va_end = b->va_end;
	expect_fault(w, "V1");
}

static void v2_free_neighbours_that_are_two_are_found(struct ktap *t)
{
	struct vmap_area *a, *b;
	struct world *w = broken_world(t, &a, &b);
	struct vmap_area *free = rb_entry(rb_first(&w->space.free), struct vmap_area, node);
	struct vmap_area *last = rb_entry(rb_last(&w->space.free), struct vmap_area, node);

	free->va_end = last->va_start;
	expect_fault(w, "V2");
}

static void v3_a_wrong_largest_range_is_found(struct ktap *t)
{
	struct vmap_area *a, *b;
	struct world *w = broken_world(t, &a, &b);

	rb_entry(w->space.free.rb_node, struct vmap_area, node)->subtree_max += PAGE_SIZE;
	expect_fault(w, "V3");
}

static void v4_addresses_of_nobody_and_of_two_are_found(struct ktap *t)
{
	struct vmap_area *a, *b;
	struct world *w = broken_world(t, &a, &b);

	a->va_end -= PAGE_SIZE;
	expect_fault(w, "V4");
	a->va_end += 2 * PAGE_SIZE;
	expect_fault(w, "V4");
}

static void v4_a_dead_area_around_a_busy_one_is_found(struct ktap *t)
{
	struct kmem_fault fault = { .place = "" };
	struct vmap_area *a, *b;
	struct world *w = broken_world(t, &a, &b);
	struct vmap_area *lazy = rb_entry(rb_first(&w->space.lazy), struct vmap_area, node);

	lazy->va_end = rb_entry(rb_last(&w->space.busy), struct vmap_area, node)->va_end;
	EXPECT(t, !vm_space_check(&w->space, true, &fault));
	EXPECT_STR(t, fault.id, "V4");
	EXPECT_CONTAINS(t, fault.place, "overlaps another");
}

static void v1_a_dead_area_that_is_empty_is_found(struct ktap *t)
{
	struct vmap_area *a, *b, *lazy;
	struct world *w = broken_world(t, &a, &b);

	lazy = rb_entry(rb_first(&w->space.lazy), struct vmap_area, node);
	lazy->va_end = lazy->va_start;
	expect_fault(w, "V1");
}

static void v4_a_taken_area_still_counts(struct ktap *t)
{
	struct vmap_area *a, *b;
	struct world *w = broken_world(t, &a, &b);

	vm_area_take(&w->space, a);
	holds(w);
	list_del(&a->list);
	expect_fault(w, "V4");
}

static void v5_wrong_counts_are_found(struct ktap *t)
{
	struct vmap_area *a, *b;
	struct world *w = broken_world(t, &a, &b);

	w->space.lazy_bytes += PAGE_SIZE;
	expect_fault(w, "V5");
}

static void v6_a_recent_area_that_is_not_there_is_found(struct ktap *t)
{
	struct vmap_area *a, *b;
	struct world *w = broken_world(t, &a, &b);
	struct vmap_area **place = &w->space.recent[vm_recent(a->va_start)];

	EXPECT_EQ(t, *place, a);
	w->space.recent[vm_recent(a->va_start) + 1] = a;
	expect_fault(w, "V6");
	w->space.recent[vm_recent(a->va_start) + 1] = NULL;
	holds(w);
	vm_area_take(&w->space, a);
	EXPECT_NULL(t, *place);
	*place = a;
	expect_fault(w, "V6");
	*place = NULL;
	place = &w->space.recent[vm_recent(b->va_start)];
	EXPECT_EQ(t, *place, b);
	b->state = AREA_OUT;	/* and yet in the tree */
	expect_fault(w, "V6");
}

KTAP_SUITE(vm_area, KTAP_CASE(the_lowest_range_that_fits_is_taken),
	   KTAP_CASE(an_alignment_is_kept_and_splits_the_range),
	   KTAP_CASE(an_exact_aligned_hole_is_found_when_nothing_else_is_left),
	   KTAP_CASE(a_window_within_the_window_is_respected), KTAP_CASE(too_much_is_refused_and_changes_nothing),
	   KTAP_CASE(lazy_addresses_are_not_handed_out_before_the_purge),
	   KTAP_CASE(neighbours_that_are_freed_become_one),
	   KTAP_CASE(an_address_finds_its_area_and_its_neighbours_do_not),
	   KTAP_CASE(v1_an_area_that_is_empty_crooked_or_out_of_order_is_found),
	   KTAP_CASE(v2_free_neighbours_that_are_two_are_found), KTAP_CASE(v3_a_wrong_largest_range_is_found),
	   KTAP_CASE(v4_addresses_of_nobody_and_of_two_are_found), KTAP_CASE(v4_a_taken_area_still_counts),
	   KTAP_CASE(v5_wrong_counts_are_found), KTAP_CASE(v6_a_recent_area_that_is_not_there_is_found),
	   KTAP_CASE(v1_a_dead_area_that_is_empty_is_found),
	   KTAP_CASE(v4_a_dead_area_around_a_busy_one_is_found));
