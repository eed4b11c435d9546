/* SPDX-License-Identifier: MIT */
/*
 * kept_area.h - areas that are kept for their frames, for the tests of mm/vm_kept.c.
 *
 *	char *p = spare_area(e, BYTES);		freed, and spare; kept_area(e) is it
 */
#ifndef TESTS_KEPT_AREA_H
#define TESTS_KEPT_AREA_H

#include "mm/page_alloc.h"
#include "tests/vm_flush.h"
#include "tests/vmalloc_env.h"

#define PAGES 4ul
#define BYTES (PAGES * PAGE_SIZE)

/* Of a machine of one CPU. */
static inline struct vm_kept *kept_of(struct env *e)
{
	return vm_kept_of(e->m->cpus[0]);
}

/* Freed and, if this host keeps what it unmaps, spare. NULL: the case is skipped or has failed. */
static inline char *spare_area(struct env *e, unsigned long bytes)
{
	char *p = vmalloc(bytes);

	if (!p) {
		ktap_fail(e->t, "no memory");
		return NULL;
	}
	for (int tries = 0; tries < 20; tries++) {	/* the simulator's host keeps now this, now that */
		vfree(p);
		if (kept_count(e).nr_dead) {
			vm_flush(e->m);
			return p;
		}
		vm_unmap_aliases();
		p = vmalloc(bytes);
	}
	vfree(p);
	ktap_skip(e->t, "this host keeps nothing");
	return NULL;
}

static inline struct vmap_area *kept_area(struct env *e)
{
	return vm_lazy_next(space_of(e), 0);
}

#endif
