/* SPDX-License-Identifier: MIT */
/*
 * linux/mmzone.h - sizes of the page allocator's blocks. Zones themselves are the core's own: mm/zone.h.
 */
#ifndef _LINUX_MMZONE_H
#define _LINUX_MMZONE_H

#include <kmem/pages.h>

#define MAX_ORDER_NR_PAGES (1ul << MAX_ORDER)
#define PAGE_ALLOC_COSTLY_ORDER 3	/* above it allocations give up easily */
#define pageblock_order 9
#define pageblock_nr_pages (1ul << pageblock_order)

#endif
