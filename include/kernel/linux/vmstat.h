/* SPDX-License-Identifier: MIT */
/* linux/vmstat.h - the counters of /proc/vmstat, of the caller's machine, one at a time. Never below 0. */
#ifndef _LINUX_VMSTAT_H
#define _LINUX_VMSTAT_H

#include <linux/mmzone.h>

/* Slab pages are counted in pages. */
#define NR_SLAB_RECLAIMABLE_B NR_SLAB_RECLAIMABLE
#define NR_SLAB_UNRECLAIMABLE_B NR_SLAB_UNRECLAIMABLE

unsigned long global_zone_page_state(enum zone_stat_item item);
unsigned long global_node_page_state(enum node_stat_item item);
#define global_node_page_state_pages(item) global_node_page_state(item)

#endif
