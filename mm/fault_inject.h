/* SPDX-License-Identifier: MIT */
/*
 * fault_inject.h - allocations that fail on purpose.
 *
 * Two ways, through the same places. The kernel's parameters:
 *
 *	fail_page_alloc=interval,probability,space,times	likewise failslab=
 *
 * Of every interval-th call whose sizes have used up space, probability percent fail, times times (-1: always).
 * Source: fault-injection/fault-injection.rst. Unlike there, calls that may sleep fail too: nothing else could be
 * set by the command line. And, for sweeps:
 *
 *	fault_arm(m, FAULTS_ALL, 3, false);	the third passage through any point fails; true: and every later one
 *	kmem.fault=2047,3,0			the same from boot on
 *	report = fault_disarm(m);		how many passages there were, and how many failed
 *
 * Neither touches a call with __GFP_NOFAIL. What is looked at has no fast path: pages come by mm/page_alloc.c's long
 * way, objects past the sheaves (unless sheaves are what fails). A machine that injects nothing pays a test of one
 * field, in slow paths only.
 */
#ifndef MM_FAULT_INJECT_H
#define MM_FAULT_INJECT_H

#include <linux/errno.h>
#include "mm/machine.h"

/* Where memory, or what stands for it, may be had from: each place can fail. */
enum fault_point {
	FAULT_PAGE,		/* a block of pages: mm/page_alloc.c */
	FAULT_SLAB,		/* an object of any cache: mm/slab_alloc.c */
	FAULT_AREA,		/* a range of addresses: mm/vmalloc_area.c */
	FAULT_TABLE,		/* a page of page tables: mm/vmalloc_map.c */
	FAULT_PCP,		/* a batch of pages for a CPU: mm/pcp.c; they then come singly */
	FAULT_SHEAF,		/* a sheaf, or objects to fill one: mm/sheaf.c; they then come singly */
	FAULT_MAP,		/* host_map() */
	FAULT_DESCRIBE,		/* host_describe() */
	FAULT_TASK,		/* host_task_start() */
	FAULT_EARLY,		/* memory before there are pages: mm/memblock.c */
	FAULT_CREATE,		/* host_machine_create() */
	NR_FAULT_POINTS,
};

#define FAULT_BIT(point) (1u << (point))
#define FAULTS_ALL (FAULT_BIT(NR_FAULT_POINTS) - 1)

struct fault_report {
	u32 passages, failed;
};

/* Any context, any CPU; with several threads the nth passage is the nth to get there. */
bool fault_strikes(struct machine *m, enum fault_point point, gfp_t gfp);
/* The same of a plan that is no machine's yet. */
bool fault_plan_strikes(struct fault_plan *plan, enum fault_point point, gfp_t gfp);

static inline bool fault_watches(const struct machine *m, enum fault_point point)
{
	return __atomic_load_n(&m->fault_points, __ATOMIC_RELAXED) & FAULT_BIT(point);
}

/* Does this passage fail? gfp: the caller's, 0 if there is none. */
static inline bool fault_here(struct machine *m, enum fault_point point, gfp_t gfp)
{
	return unlikely(fault_watches(m, point)) && fault_strikes(m, point, gfp);
}

/* A background task, by host_task_start(). Returns 0 or -EAGAIN. */
static inline int task_start(struct machine *m, const char *name, void (*function)(void *arg), void *arg)
{
	return fault_here(m, FAULT_TASK, 0) ? -EAGAIN : host_task_start(m, name, function, arg);
}

/* The same for what the kernel's parameters know by size: a block of pages, an object. */
bool should_fail_pages(struct machine *m, gfp_t gfp, unsigned int order);
bool should_failslab(struct kmem_cache *cache, gfp_t gfp);
/* Should this call of that size fail, by the kernel's rule? Counts it. */
bool should_fail(struct machine *m, struct fault_attr *attr, size_t size);

/* At boot's begin: kmem.fault=, as far as it has come before there was a machine. */
void fault_init(struct machine *m, const struct fault_plan *plan);
/* At its end: the kernel's parameters, which could not let a machine boot. On the machine. */
void fault_start(struct machine *m);
/*
 * From now on the nth passage (1: the next) through these points fails. CPUs' lists and sheaves begin empty. No other
 * thread allocates meanwhile. May sleep.
 */
void fault_arm(struct machine *m, unsigned int points, unsigned int nth, bool persistent);
struct fault_report fault_disarm(struct machine *m);
/* The kernel's parameters, changed; NULL: off. Likewise. */
void fail_pages(struct machine *m, const struct fault_attr *attr);
void fail_slabs(struct machine *m, const struct fault_attr *attr);

/* Objects are looked at one by one: sheaves are not to be used. */
static inline bool fault_bypasses_sheaves(const struct machine *m)
{
	return fault_watches(m, FAULT_SLAB) && !fault_watches(m, FAULT_SHEAF);
}

#endif
