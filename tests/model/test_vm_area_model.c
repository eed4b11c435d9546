/* SPDX-License-Identifier: MIT */
/*
 * test_vm_area_model.c - mm/vm_area.c and mm/vm_kept.c against a byte a page.
 *
 *	model	F F B B B L L F F F B	F free, B busy, L lazy, T taken, K kept by some CPU, or waiting for its home
 *
 * The model looks for a place by trying every page from the lowest on, which is too simple to be wrong. Both take the
 * same random steps; after each the address must be the same, and now and then the whole window is compared.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/string.h>
#include "mm/page_alloc.h"
#include "mm/vm_kept.h"
#include "tests/ktap.h"

#define BASE 0x70003000ul		/* of no great alignment */
#define PAGES 1500ul
#define AREAS 4096
#define CPUS 3
#define WAITS (-1)			/* until its home looks */

struct world {
	struct ktap *t;
	struct vm_space space;
	struct list_head spare;			/* descriptors that nobody uses */
	struct vmap_area *busy[AREAS], *taken[AREAS], *kept[AREAS];
	int age[AREAS];				/* of kept ones: flushes of its home since it died, or WAITS */
	struct vm_kept cpus[CPUS];
	unsigned int nr_busy, nr_taken, nr_kept;
	char model[PAGES];
	struct vmap_area areas[AREAS];
};

static struct world world;

static struct world *world_init(struct ktap *t)
{
	struct world *w = &world;

	*w = (struct world){ .t = t };
	INIT_LIST_HEAD(&w->spare);
	for (unsigned int i = 1; i < AREAS; i++)
		list_add_tail(&w->areas[i].list, &w->spare);
	memset(w->model, 'F', PAGES);
	for (unsigned int i = 0; i < CPUS; i++)
		vm_kept_init(&w->cpus[i]);
	vm_space_init(&w->space, BASE, BASE + PAGES * PAGE_SIZE, &w->areas[0]);
	return w;
}

static struct vmap_area *descriptor(struct world *w)
{
	struct vmap_area *area = list_first_entry(&w->spare, struct vmap_area, list);

	list_del(&area->list);
	return area;
}

static unsigned long pages_in(const struct vmap_area *area)
{
	return (area->va_end - area->va_start) / PAGE_SIZE;
}

static void paint(struct world *w, const struct vmap_area *area, char what)
{
	memset(w->model + (area->va_start - BASE) / PAGE_SIZE, what, pages_in(area));
}

/* ------------------------------------------------------------------------------------------------------- the model */

static unsigned long free_run(const struct world *w, unsigned long page)
{
	unsigned long nr = 0;

	while (page + nr < PAGES && w->model[page + nr] == 'F')
		nr++;
	return nr;
}

/* Where in the free run at [page, page + run) the request goes; 0: nowhere. */
static unsigned long place(const struct vm_request *request, unsigned long page, unsigned long run)
{
	for (unsigned long at = BASE + page * PAGE_SIZE; at + request->size <= BASE + (page + run) * PAGE_SIZE;
	     at += PAGE_SIZE)
		if (!(at % request->align) && at >= request->start && at + request->size <= request->end)
			return at;
	return 0;
}

static unsigned long model_reserve(const struct world *w, const struct vm_request *request)
{
	unsigned long surely = (request->size + request->align) / PAGE_SIZE - 1;

	for (int luck = 0; luck < 2; luck++)
		for (unsigned long page = 0, run; page < PAGES; page += run + 1) {
			unsigned long at;

			run = free_run(w, page);
			at = luck || run >= surely ? place(request, page, run) : 0;
			if (at)
				return at;
		}
	return 0;
}

/* ----------------------------------------------------------------------------------------------------------- steps */

static struct vm_request random_request(struct world *w)
{
	struct vm_request request = { .align = PAGE_SIZE, .end = BASE + PAGES * PAGE_SIZE };

	request.size = (1 + ktap_below(w->t, ktap_below(w->t, 8) ? 12 : 200)) * PAGE_SIZE;
	if (!ktap_below(w->t, 4))
		request.align <<= ktap_below(w->t, 8);
	if (!ktap_below(w->t, 8)) {
		request.start = BASE + ktap_below(w->t, PAGES) * PAGE_SIZE;
		request.end = request.start + ktap_below(w->t, 300) * PAGE_SIZE;
	}
	return request;
}

static void step_reserve(struct world *w)
{
	struct vm_request request = random_request(w);
	struct vmap_area *area = descriptor(w), *spare = descriptor(w);
	unsigned long want = model_reserve(w, &request);
	bool found = vm_area_reserve(&w->space, &request, area, &spare, &w->spare);

	EXPECT_EQ(w->t, found ? area->va_start : 0, want);
	if (found) {
		EXPECT_EQ(w->t, area->va_end - area->va_start, request.size);
		area->vm = NULL;
		area->cost = ktap_below(w->t, 2) ? VM_KEPT_FULL / 32 : VM_NOT_KEPT;
		area->weight = 1;
		area->first = (struct page *)VMEMMAP_BASE + ktap_below(w->t, 100);
		area->kind = (enum vm_area_kind)(1u << ktap_below(w->t, 3));
		paint(w, area, 'B');
		w->busy[w->nr_busy++] = area;
	} else {
		list_add(&area->list, &w->spare);
	}
	if (spare)
		list_add(&spare->list, &w->spare);
}

static struct vmap_area *pick(struct world *w, struct vmap_area **set, unsigned int *nr)
{
	unsigned int i = (unsigned int)ktap_below(w->t, *nr);
	struct vmap_area *area = set[i];

	set[i] = set[--*nr];
	return area;
}

static struct vm_kept *any_cpu(struct world *w)
{
	return &w->cpus[ktap_below(w->t, CPUS)];
}

static void step_take(struct world *w)
{
	struct vmap_area *area;

	if (!w->nr_busy)
		return;
	area = pick(w, w->busy, &w->nr_busy);
	EXPECT(w->t, vm_area_take(&w->space, area));
	paint(w, area, 'T');
	w->taken[w->nr_taken++] = area;
}

static void kept_add(struct world *w, struct vmap_area *area, int age)
{
	paint(w, area, 'K');
	w->age[w->nr_kept] = age;
	w->kept[w->nr_kept++] = area;
}

/* The way without the lock. Only its home can know it, and need not. */
static void step_put(struct world *w)
{
	struct vm_kept *here = any_cpu(w);
	struct vmap_area *area;

	if (!w->nr_busy)
		return;
	area = pick(w, w->busy, &w->nr_busy);
	if (vm_kept_put(here, area->va_start, area->va_end, area->kind) != area) {
		w->busy[w->nr_busy++] = area;
		return;
	}
	EXPECT(w->t, area->home == here && vm_area_may_be_kept(area));
	EXPECT_NULL(w->t, vm_kept_put(here, area->va_start, area->va_end, area->kind));
	vm_kept_leave(area);
	kept_add(w, area, 0);
}

static void step_finish(struct world *w)
{
	bool lazy = ktap_below(w->t, 4);
	struct vm_kept *here = any_cpu(w), *home;
	struct vmap_area *area;

	if (!w->nr_taken)
		return;
	area = pick(w, w->taken, &w->nr_taken);
	home = area->home ? area->home : here;
	if (vm_area_may_be_kept(area) && ktap_below(w->t, 4)) {
		vm_kept_keep(&w->space, here, area);
		kept_add(w, area, home == here ? 0 : WAITS);
	} else if (area->home && home != here) {
		vm_kept_retire(&w->space, here, area, &w->spare);
		kept_add(w, area, WAITS);
	} else if (area->home || lazy) {
		paint(w, area, 'L');
		vm_kept_retire(&w->space, here, area, &w->spare);
	} else {
		paint(w, area, 'F');
		vm_area_release(&w->space, area, &w->spare);
	}
}

static void kept_forget(struct world *w, unsigned int i)
{
	w->kept[i] = w->kept[--w->nr_kept];
	w->age[i] = w->age[w->nr_kept];
}

/* Of those that are alike any will do. */
static void step_reuse(struct world *w)
{
	const struct vmap_area *like = w->nr_kept ? w->kept[ktap_below(w->t, w->nr_kept)] : NULL;
	unsigned long size = like ? like->va_end - like->va_start : PAGE_SIZE;
	enum vm_area_kind kind = like && ktap_below(w->t, 8) ? like->kind : AREA_OF_RAM;
	const struct page *first = like && ktap_below(w->t, 8) ? like->first : (struct page *)VMEMMAP_BASE + 7;
	struct vm_kept *here = any_cpu(w);
	struct vmap_area *area = vm_kept_take(here, kind, first, size);
	bool fits = false;

	for (unsigned int i = 0; i < w->nr_kept; i++) {
		bool alike = w->age[i] > 0 && w->kept[i]->home == here && w->kept[i]->first == first &&
			     w->kept[i]->kind == kind && w->kept[i]->va_end - w->kept[i]->va_start == size;

		fits |= alike;
		if (!area || w->kept[i] != area)
			continue;
		EXPECT(w->t, alike);
		paint(w, area, 'B');
		w->busy[w->nr_busy++] = area;
		kept_forget(w, i);
		return;
	}
	EXPECT(w->t, !area && !fits);
}

/* What waited for its home is dead there, or lazy if it may not be kept. */
static void step_collect(struct world *w, struct vm_kept *here)
{
	struct vm_struct *vms = NULL;
	bool any = false;
	LIST_HEAD(old);

	/* Before descriptors are merged into others. */
	for (unsigned int i = w->nr_kept; i--;) {
		if (w->kept[i]->home != here || w->age[i] != WAITS)
			continue;
		any = true;
		w->age[i] = 0;
		if (vm_area_may_be_kept(w->kept[i]))
			continue;
		paint(w, w->kept[i], 'L');
		kept_forget(w, i);
	}
	EXPECT_EQ(w->t, vm_kept_collect(&w->space, here, &old), any);
	vm_kept_forget(&w->space, &old, &w->spare, &vms);
}

static void step_flush(struct world *w, struct vm_kept *here, bool all)
{
	struct vm_struct *vms = NULL;
	LIST_HEAD(old);

	if (all)
		step_collect(w, here);
	for (unsigned int i = w->nr_kept; i--;) {
		if (w->kept[i]->home != here || w->age[i] == WAITS)
			continue;
		if (!all && w->age[i]++ < (int)VM_KEPT_ROUNDS)
			continue;
		paint(w, w->kept[i], 'L');
		kept_forget(w, i);
	}
	if (!all)
		vm_kept_flush(here);
	vm_kept_age(here, all ? 0 : VM_KEPT_ROUNDS, &old);
	vm_kept_forget(&w->space, &old, &w->spare, &vms);
	EXPECT_NULL(w->t, vms);
}

static void step_purge(struct world *w)
{
	struct vmap_area *area, *next;
	LIST_HEAD(ranges);
	unsigned long bytes = vm_lazy_take(&w->space, &ranges), seen = 0;

	list_for_each_entry_safe(area, next, &ranges, list) {
		seen += area->va_end - area->va_start;
		paint(w, area, 'F');
		vm_area_release(&w->space, area, &w->spare);
	}
	EXPECT_EQ(w->t, seen, bytes);
	EXPECT(w->t, !memchr(w->model, 'L', PAGES));
}

static void compare(struct world *w)
{
	struct kmem_fault fault = { "", "" };
	unsigned long largest = 0;

	if (!vm_space_check(&w->space, true, &fault))
		ktap_fail(w->t, "%s %s", fault.id, fault.place);
	for (unsigned int i = 0; i < CPUS; i++)
		if (!vm_kept_check(&w->cpus[i], &fault))
			ktap_fail(w->t, "%s %s", fault.id, fault.place);
	for (unsigned long page = 0; page < PAGES; page++) {
		struct vmap_area *area = vm_area_find(&w->space, BASE + page * PAGE_SIZE + 7);
		struct vmap_area *lazy = vm_lazy_next(&w->space, BASE + page * PAGE_SIZE);

		EXPECT_EQ(w->t, area != NULL, w->model[page] == 'B');
		EXPECT_EQ(w->t, lazy && lazy->va_start <= BASE + page * PAGE_SIZE,
			  w->model[page] == 'L' || w->model[page] == 'K');
		largest = max(largest, free_run(w, page));
	}
	EXPECT_EQ(w->t, vm_space_largest(&w->space), largest * PAGE_SIZE);
}

static void agrees_with_a_byte_a_page(struct ktap *t)
{
	unsigned long steps = t->soak ? 5000000 : 150000;
	struct world *w = world_init(t);

	for (unsigned long step = 0; step < steps && !ktap_failed(t); step++) {
		unsigned long what = ktap_below(t, 100);

		/* Now fuller, now emptier. */
		if (what < (step / 2000 % 2 ? 30u : 45u))
			step_reserve(w);
		else if (what < 60)
			step_take(w);
		else if (what < 70)
			step_put(w);
		else if (what < 88)
			step_finish(w);
		else if (what < 96)
			step_reuse(w);
		else if (what < 97)
			step_collect(w, any_cpu(w));
		else if (what < 99)
			step_flush(w, any_cpu(w), !ktap_below(t, 40));
		else
			step_purge(w);
		if (step % 256 == 0)
			compare(w);
		if (ktap_failed(t))
			ktap_note(t, "STEP=%lu", step);
	}
	while (w->nr_busy)
		step_take(w);
	while (w->nr_taken)
		step_finish(w);
	for (unsigned int i = 0; i < CPUS; i++)
		step_flush(w, &w->cpus[i], true);
	step_purge(w);
	compare(w);
	EXPECT_EQ(t, vm_space_largest(&w->space), PAGES * PAGE_SIZE);
}

KTAP_SUITE(vm_area_model, KTAP_CASE(agrees_with_a_byte_a_page));
