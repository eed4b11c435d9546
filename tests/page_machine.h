/* SPDX-License-Identifier: MIT */
/*
 * page_machine.h - what cases of the page allocator's tests look at in a machine, and how they use it up.
 *
 *	struct taken taken = { 0 };
 *	take_all(&taken, GFP_KERNEL, 0);  ...  put_all(&taken);
 */
#ifndef TESTS_PAGE_MACHINE_H
#define TESTS_PAGE_MACHINE_H

#include <kmem/check.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "mm/cpus.h"
#include "mm/page_alloc.h"
#include "tests/machine_for.h"

/* Every invariant of the page allocator holds, or the case says which one does not. */
static inline bool zones_hold(struct ktap *t, struct machine *m)
{
	struct kmem_fault fault = { 0 };

	if (zones_check(m, &fault))
		return true;
	ktap_fail(t, "%s %s", fault.id, fault.place);
	return false;
}

static inline struct zone *zone_named(struct machine *m, int nid, enum zone_type type)
{
	return &m->nodes[nid]->zones[type];
}

/* Pages taken one way until there are no more, linked through index; freed by put_all(). */
struct taken {
	struct page *last;
	unsigned long nr;
};

static inline bool page_take_from(struct taken *taken, int nid, gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_pages_node(nid, gfp, order);

	if (!page)
		return false;
	page->index = (unsigned long)taken->last;
	page->private = order;
	taken->last = page;
	taken->nr += 1ul << order;
	return true;
}

static inline bool page_take(struct taken *taken, gfp_t gfp, unsigned int order)
{
	return page_take_from(taken, NUMA_NO_NODE, gfp, order);
}

static inline void take_all(struct taken *taken, gfp_t gfp, unsigned int order)
{
	while (page_take(taken, gfp, order))
		;
}

static inline void put_all(struct taken *taken)
{
	while (taken->last) {
		struct page *page = taken->last;

		taken->last = (struct page *)page->index;
		__free_pages(page, (unsigned int)page->private);
	}
	taken->nr = 0;
}

#endif
