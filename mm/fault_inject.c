/* SPDX-License-Identifier: MIT */
/*
 * fault_inject.c - allocations that fail on purpose, by the machine's parameters.
 *
 * A machine that injects page failures has no fast path for pages (mm/pcp.c), so every call comes here.
 * Counters are atomic; with several threads the nth call is the nth to get here.
 */
#include <linux/printk.h>
#include "mm/fault_inject.h"
#include "mm/pcp.h"

/* Take n of *left, unless there is less. Returns whether there was something. */
static bool use_up(int *left, size_t n)
{
	int old = __atomic_load_n(left, __ATOMIC_RELAXED), rest;

	do {
		if (old <= 0)
			return false;
		rest = (size_t)old > n ? old - (int)n : 0;
	} while (!__atomic_compare_exchange_n(left, &old, rest, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return true;
}

bool should_fail(struct machine *m, struct fault_attr *attr, size_t size)
{
	if (likely(!attr->on) || !attr->probability)
		return false;
	if (!__atomic_load_n(&attr->times, __ATOMIC_RELAXED) || use_up(&attr->space, size))
		return false;
	if (attr->interval > 1 && (__atomic_add_fetch(&attr->count, 1, __ATOMIC_RELAXED)) % attr->interval)
		return false;
	if (attr->probability < 100 && host_random(m) % 100 >= attr->probability)
		return false;
	return __atomic_load_n(&attr->times, __ATOMIC_RELAXED) < 0 || use_up(&attr->times, 1);
}

bool should_fail_pages(struct machine *m, gfp_t gfp, unsigned int order)
{
	if (likely(!m->params.fail_page_alloc.on) || (gfp & __GFP_NOFAIL) ||
	    order < m->params.fail_page_alloc_min_order)
		return false;
	return should_fail(m, &m->params.fail_page_alloc, 1ul << order);
}

void fail_pages(struct machine *m, const struct fault_attr *attr)
{
	m->params.fail_page_alloc = attr ? *attr : (struct fault_attr){ 0 };
	pcp_update_fast(m);
}
