/* SPDX-License-Identifier: MIT */
/*
 * linux/gfp.h - flags of allocations, and pages by them: <kmem/gfp.h> and <kmem/pages.h> under the kernel's name.
 */
#ifndef _LINUX_GFP_H
#define _LINUX_GFP_H

#include <kmem/gfp.h>
#include <kmem/pages.h>
#include <linux/topology.h>
#include <linux/types.h>

#define GFP_MOVABLE_MASK (__GFP_RECLAIMABLE | __GFP_MOVABLE)
#define GFP_MOVABLE_SHIFT 3

/* May the caller start I/O and enter filesystems? */
static inline bool gfp_has_io_fs(gfp_t gfp)
{
	return (gfp & (__GFP_IO | __GFP_FS)) == (__GFP_IO | __GFP_FS);
}

#endif
