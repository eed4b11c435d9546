/* SPDX-License-Identifier: MIT */
/* vmscan.h - what the page allocator asks of reclaim. */
#ifndef MM_VMSCAN_H
#define MM_VMSCAN_H

#include "mm/machine.h"

/* Direct reclaim for a caller that may sleep. Returns pages (or objects' worth of pages) that it freed. May sleep. */
unsigned long try_to_free_pages(struct machine *m, struct zonelist *zonelist, unsigned int order, gfp_t gfp);
/* There is less than the low watermark: let the node's background task work. Any context; never sleeps. */
void wakeup_kswapd(struct zone *zone, gfp_t gfp, unsigned int order, enum zone_type highest);
/*
 * Memory is gone and reclaim found nothing: ask the OOM notifiers, then report. Returns true if something was freed
 * and the request is worth another try. Never called for requests that forbid it (__GFP_NORETRY and friends).
 */
bool out_of_memory(struct machine *m, struct zonelist *zonelist, unsigned int order, gfp_t gfp);
/* Shrinkers only: echo 2 > drop_caches. Returns objects freed. May sleep. */
unsigned long drop_slab(struct machine *m);

void reclaim_init(struct machine *m);
/* The machine is a copy in a new process, where background tasks do not exist, nor whoever walked its shrinkers. */
void reclaim_forked(struct machine *m);
/* End the background tasks and wait for them. May sleep. */
void reclaim_exit(struct machine *m);

/*
 * Freed frames or objects that the allocators keep for later: sheaves, per-CPU lists, lazily unmapped areas.
 * Called by reclaim before it asks shrinkers. Returns pages given back. May sleep.
 */
unsigned long reclaim_internal(struct machine *m, gfp_t gfp);

/* The first broken invariant of reclaim, or true. The machine is at rest. */
struct kmem_fault;
bool reclaim_check(struct machine *m, struct kmem_fault *fault);

#endif
