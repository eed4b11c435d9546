/* SPDX-License-Identifier: MIT */
/*
 * linux/sched/mm.h - scopes: a stretch of a task in which its allocations may do less, or more, than they say.
 *
 *	unsigned int old = memalloc_nofs_save();
 *	... every allocation here is GFP_NOFS ...
 *	memalloc_nofs_restore(old);
 *
 * Scopes nest; each restores what it found. Source: core-api/gfp_mask-from-fs-io.rst.
 */
#ifndef _LINUX_SCHED_MM_H
#define _LINUX_SCHED_MM_H

#include <kmem/gfp.h>
#include <linux/sched.h>

static inline unsigned int memalloc_flags_save(unsigned int bits)
{
	unsigned int old = current->flags & bits;

	current->flags |= bits;
	return old;
}

static inline void memalloc_flags_restore(unsigned int bits, unsigned int old)
{
	current->flags = (current->flags & ~bits) | old;
}

static inline unsigned int memalloc_noio_save(void)
{
	return memalloc_flags_save(PF_MEMALLOC_NOIO);
}

static inline void memalloc_noio_restore(unsigned int old)
{
	memalloc_flags_restore(PF_MEMALLOC_NOIO, old);
}

static inline unsigned int memalloc_nofs_save(void)
{
	return memalloc_flags_save(PF_MEMALLOC_NOFS);
}

static inline void memalloc_nofs_restore(unsigned int old)
{
	memalloc_flags_restore(PF_MEMALLOC_NOFS, old);
}

/* For code that frees memory: all reserves, and no reclaim within reclaim. */
static inline unsigned int memalloc_noreclaim_save(void)
{
	return memalloc_flags_save(PF_MEMALLOC);
}

static inline void memalloc_noreclaim_restore(unsigned int old)
{
	memalloc_flags_restore(PF_MEMALLOC, old);
}

static inline unsigned int memalloc_pin_save(void)
{
	return memalloc_flags_save(PF_MEMALLOC_PIN);
}

static inline void memalloc_pin_restore(unsigned int old)
{
	memalloc_flags_restore(PF_MEMALLOC_PIN, old);
}

/* What the task's scopes leave of an allocation's flags. */
static inline gfp_t current_gfp_context(gfp_t gfp)
{
	unsigned int scopes = current->flags;

	if (likely(!(scopes & (PF_MEMALLOC_NOIO | PF_MEMALLOC_NOFS | PF_MEMALLOC_PIN))))
		return gfp;
	if (scopes & PF_MEMALLOC_NOIO)
		gfp &= ~(__GFP_IO | __GFP_FS);
	else if (scopes & PF_MEMALLOC_NOFS)
		gfp &= ~__GFP_FS;
	if (scopes & PF_MEMALLOC_PIN)
		gfp &= ~__GFP_MOVABLE;
	return gfp;
}

#endif
