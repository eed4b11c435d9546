/* SPDX-License-Identifier: MIT */
/*
 * fault_inject.h - allocations that fail on purpose.
 *
 *	fail_page_alloc=interval,probability,space,times	likewise failslab=
 *
 * Of every interval-th call whose sizes have used up space, probability percent fail, times times (-1: always).
 * Source: fault-injection/fault-injection.rst. Unlike there, calls that may sleep fail too: nothing else could be
 * set by the command line.
 */
#ifndef MM_FAULT_INJECT_H
#define MM_FAULT_INJECT_H

#include "mm/machine.h"

/* Should this call of that size fail? Counts it. Any context, any CPU. */
bool should_fail(struct machine *m, struct fault_attr *attr, size_t size);
/* The same for pages: never for __GFP_NOFAIL, nor below the least order. */
bool should_fail_pages(struct machine *m, gfp_t gfp, unsigned int order);
/* From now on page allocations fail so; NULL: they do not. For tests, with no other thread allocating. */
void fail_pages(struct machine *m, const struct fault_attr *attr);

#endif
