/* SPDX-License-Identifier: MIT */
/*
 * fragmentation.c - how far a zone's free memory is in pieces too small for an order.
 *
 *	unusable	0: all free pages are in blocks of the order or larger ... 1000: none is
 *	index		-1000: an allocation would succeed; 0: it fails for lack of memory ... 1000: for its pieces
 * Source: the published descriptions of /sys/kernel/debug/extfrag. Counts are read without the lock: a glance.
 */
#include "mm/buddy.h"

struct free_blocks {
	unsigned long pages;
	unsigned long blocks;
	unsigned long suitable;		/* blocks of the order that free blocks hold */
};

static struct free_blocks free_blocks_of(const struct zone *zone, unsigned int order)
{
	struct free_blocks free = { 0 };

	for (unsigned int o = 0; o <= MAX_ORDER; o++) {
		unsigned long nr = buddy_count(zone, o);

		free.blocks += nr;
		free.pages += nr << o;
		if (o >= order)
			free.suitable += nr << (o - order);
	}
	return free;
}

int unusable_free_index(struct zone *zone, unsigned int order)
{
	struct free_blocks free = free_blocks_of(zone, order);

	if (!free.pages)
		return 1000;
	return (int)((u64)(free.pages - (free.suitable << order)) * 1000 / free.pages);
}

int fragmentation_index(struct zone *zone, unsigned int order)
{
	struct free_blocks free = free_blocks_of(zone, order);

	if (!free.blocks)
		return 0;
	if (free.suitable)
		return -1000;
	return 1000 - (int)((1000 + ((u64)free.pages * 1000 >> order)) / free.blocks);
}
