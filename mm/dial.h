/* SPDX-License-Identifier: MIT */
/* dial.h - how often the machine checks itself: kmem.check=0 to 3 (mm/dial.c). */
#ifndef MM_DIAL_H
#define MM_DIAL_H

#include <kmem/gfp.h>
#include "mm/machine.h"

enum check_when {
	CHECK_RARE = 1,		/* caches made and destroyed, lists drained, addresses purged, shutdown */
	CHECK_OFTEN,		/* slabs and areas that come and go */
	CHECK_EACH,		/* every call that allocates or frees; fast paths are off then */
};

void check_now(struct machine *m);

/*
 * One of the machine's steps is done, and its caller holds no lock: kmem_check_live() if the dial is set so high, and a
 * panic if something is broken. Where sleeping is not allowed, or caches are being changed, the step goes unchecked.
 */
static inline void check_step(struct machine *m, enum check_when when)
{
	if (unlikely(m->check_level >= (u32)when))
		check_now(m);
}

/* The same at the end of an allocation, which may not sleep without __GFP_DIRECT_RECLAIM. */
static inline void check_step_of(struct machine *m, enum check_when when, gfp_t gfp)
{
	if (gfp & __GFP_DIRECT_RECLAIM)
		check_step(m, when);
}

#endif
