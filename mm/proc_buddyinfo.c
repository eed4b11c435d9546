/* SPDX-License-Identifier: MIT */
/*
 * proc_buddyinfo.c - /proc/buddyinfo: free blocks of each zone, by order.
 *
 *	Node 0, zone      DMA      0      0 ...      3
 *
 * Blocks that boot left undescribed are free blocks of order 10 and are counted as such. Pages of per-CPU lists are in
 * no block.
 */
#include "mm/proc.h"

long buddyinfo_text(struct machine *m, char *buf, size_t size)
{
	struct text text = text_in(buf, size);

	for (unsigned int i = 0; i < m->nr_zones; i++) {
		unsigned long blocks[NR_ORDERS];

		zone_free_blocks(m->zones[i], blocks);
		text_add(&text, "Node %d, zone %8s ", m->zones[i]->nid, m->zones[i]->name);
		for (unsigned int order = 0; order < NR_ORDERS; order++)
			text_add(&text, "%6lu ", blocks[order]);
		text_add(&text, "\n");
	}
	return (long)text.length;
}
