/* SPDX-License-Identifier: MIT */
/*
 * fault_inject.c - which passage through which point fails.
 *
 *	machine->fault_points	what is looked at: what is armed, and what the kernel's parameters watch
 *	machine->fault		what is armed, and how far it has come
 *
 * All is atomic: who arms is alone with the machine but for its background tasks.
 */
#include <linux/printk.h>
#include "lib/seeded.h"
#include "mm/fault_inject.h"
#include "mm/pcp.h"
#include "mm/slab.h"

/* Take n of *left, unless there is less. Returns whether there was something. */
static bool use_up(int *left, size_t n)
{
	int old = __atomic_load_n(left, __ATOMIC_RELAXED), rest;

	do {
		if (old <= 0)
			return false;
		rest = (size_t)old > n ? old - (int)n : 0;
		if (SEEDED(USE_UP)) {
			__atomic_store_n(left, rest, __ATOMIC_RELAXED);
			break;
		}
	} while (!__atomic_compare_exchange_n(left, &old, rest, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return true;
}

/* The host's, or the next of those that kmem.seed= begins (splitmix64). */
static u64 random_of(struct machine *m)
{
	u64 z = m->params.seed;

	if (!z)
		return host_random(m);
	z += 0x9e3779b97f4a7c15ull * __atomic_add_fetch(&m->nr_random, 1, __ATOMIC_RELAXED);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

bool should_fail(struct machine *m, struct fault_attr *attr, size_t size)
{
	if (!attr->on || !attr->probability)
		return false;
	if (!__atomic_load_n(&attr->times, __ATOMIC_RELAXED) || use_up(&attr->space, size))
		return false;
	if (attr->interval > 1 && (__atomic_add_fetch(&attr->count, 1, __ATOMIC_RELAXED)) % attr->interval)
		return false;
	if (attr->probability < 100 && random_of(m) % 100 >= attr->probability)
		return false;
	return __atomic_load_n(&attr->times, __ATOMIC_RELAXED) < 0 || use_up(&attr->times, 1);
}

bool fault_plan_strikes(struct fault_plan *plan, enum fault_point point, gfp_t gfp)
{
	u32 passage, nth;

	if (!(__atomic_load_n(&plan->points, __ATOMIC_ACQUIRE) & FAULT_BIT(point)) || (gfp & __GFP_NOFAIL))
		return false;
	passage = __atomic_add_fetch(&plan->passages, 1, __ATOMIC_RELAXED);
	nth = __atomic_load_n(&plan->nth, __ATOMIC_RELAXED);
	if (passage < nth || (passage > nth && !__atomic_load_n(&plan->persistent, __ATOMIC_RELAXED)))
		return false;
	__atomic_fetch_add(&plan->failed, 1, __ATOMIC_RELAXED);
	return true;
}

bool fault_strikes(struct machine *m, enum fault_point point, gfp_t gfp)
{
	return fault_plan_strikes(&m->fault, point, gfp);
}

bool should_fail_pages(struct machine *m, gfp_t gfp, unsigned int order)
{
	if (likely(!fault_watches(m, FAULT_PAGE)) || (gfp & __GFP_NOFAIL))
		return false;
	if (fault_strikes(m, FAULT_PAGE, gfp))
		return true;
	return order >= m->params.fail_page_alloc_min_order && should_fail(m, &m->params.fail_page_alloc, 1ul << order);
}

bool should_failslab(struct kmem_cache *cache, gfp_t gfp)
{
	struct machine *m = cache->machine;

	if (likely(!fault_watches(m, FAULT_SLAB)) || (gfp & __GFP_NOFAIL))
		return false;
	return fault_strikes(m, FAULT_SLAB, gfp) ||
	       (!cache->internal && should_fail(m, &m->params.failslab, cache->object_size));
}

static void points_update(struct machine *m)
{
	u32 points = m->fault.points | (m->params.fail_page_alloc.on ? FAULT_BIT(FAULT_PAGE) : 0) |
		     (m->params.failslab.on ? FAULT_BIT(FAULT_SLAB) : 0);

	__atomic_store_n(&m->fault_points, points, __ATOMIC_RELAXED);
}

void fault_init(struct machine *m, const struct fault_plan *plan)
{
	m->fault = *plan;
	m->fault_points = m->fault.points;
}

/* On a machine that runs: nobody has anything at hand that was not looked at. */
static void points_change(struct machine *m)
{
	points_update(m);
	pcp_update_fast(m);
	drain_all_pages();
	if (m->fault_points & (FAULT_BIT(FAULT_SLAB) | FAULT_BIT(FAULT_SHEAF)))
		slab_reclaim(m);
}

void fault_start(struct machine *m)
{
	if (m->params.fail_page_alloc.on || m->params.failslab.on)
		points_change(m);
}

/* Background tasks may be passing by. */
static void plan_set(struct fault_plan *plan, const struct fault_plan *to)
{
	__atomic_store_n(&plan->points, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&plan->nth, to->nth, __ATOMIC_RELAXED);
	__atomic_store_n(&plan->persistent, to->persistent, __ATOMIC_RELAXED);
	__atomic_store_n(&plan->passages, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&plan->failed, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&plan->points, to->points, __ATOMIC_RELEASE);
}

void fault_arm(struct machine *m, unsigned int points, unsigned int nth, bool persistent)
{
	const struct fault_plan plan = { .points = points, .nth = nth, .persistent = persistent };

	plan_set(&m->fault, &plan);
	points_change(m);
	plan_set(&m->fault, &plan);	/* what that took does not count */
}

struct fault_report fault_disarm(struct machine *m)
{
	const struct fault_plan none = { 0 };
	struct fault_report report = {
		.passages = __atomic_load_n(&m->fault.passages, __ATOMIC_RELAXED),
		.failed = __atomic_load_n(&m->fault.failed, __ATOMIC_RELAXED),
	};

	plan_set(&m->fault, &none);
	points_update(m);
	pcp_update_fast(m);
	return report;
}

void fail_pages(struct machine *m, const struct fault_attr *attr)
{
	m->params.fail_page_alloc = attr ? *attr : (struct fault_attr){ 0 };
	points_change(m);
}

void fail_slabs(struct machine *m, const struct fault_attr *attr)
{
	m->params.failslab = attr ? *attr : (struct fault_attr){ 0 };
	points_change(m);
}
