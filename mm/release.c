/* SPDX-License-Identifier: MIT */
/*
 * release.c - free frames go back to the host, until they are wanted again.
 *
 * Blocks of at least RELEASE_ORDER are taken off their lists, a few at a time, released with no lock held, and put
 * back at the lists' ends, marked (buddy_unused is 1), so that the next call leaves them alone. A block loses
 * its mark when it is handed out, split or merged. Deferred blocks were never used: there is nothing to release.
 *
 * Whoever asks the zone meanwhile shall not be refused, or reclaim, for want of them: what stays on the lists is the
 * high watermark, and a block as large as those that are away. So a zone's last large block stays with it.
 */
#include <linux/list.h>
#include "lib/seeded.h"
#include "mm/buddy.h"

#define RELEASE_ORDER 4u
#define RELEASE_BLOCKS 8u

struct released {
	struct page *page;
	enum migratetype type;
};

/* Is there enough without the block that was just taken off its list? */
static bool zone_spares(struct zone *zone, unsigned int order) MUST_HOLD(zone->lock)
{
	return SEEDED(RELEASE_ALL) ||
	       zone_watermark_ok(zone, order, zone_watermark(zone, WMARK_HIGH), ZONE_DMA, 0);
}

/* Take a block off its list, unless it is wanted there. */
static bool block_take(struct zone *zone, struct page *page, unsigned int order, enum migratetype type)
	MUST_HOLD(zone->lock)
{
	buddy_remove(zone, page, order);
	zone_count_free(zone, type, -(1l << order));
	if (zone_spares(zone, order))
		return true;
	buddy_give(zone, page, order, type, true);
	return false;
}

/* Take blocks of that order that the host has not had back yet. Returns how many. */
static unsigned int blocks_take(struct zone *zone, unsigned int order, struct released *blocks)
{
	unsigned int nr = 0;
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	for (enum migratetype type = 0; type < MIGRATE_TYPES && nr < RELEASE_BLOCKS; type++) {
		struct page *page, *next;

		list_for_each_entry_safe(page, next, &zone->free_area[order].free_list[type], buddy_list) {
			if (page->buddy_unused)
				continue;
			if (!block_take(zone, page, order, type))
				break;
			blocks[nr].page = page;
			blocks[nr++].type = type;
			if (nr == RELEASE_BLOCKS)
				break;
		}
	}
	spin_unlock_irqrestore(&zone->lock, flags);
	return nr;
}

static void blocks_return(struct zone *zone, unsigned int order, const struct released *blocks, unsigned int nr)
{
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	for (unsigned int i = 0; i < nr; i++) {
		buddy_give(zone, blocks[i].page, order, pageblock_type(zone, zone_page_pfn(zone, blocks[i].page)),
			   true);
		if (page_is_free_block(blocks[i].page, order))
			blocks[i].page->buddy_unused = 1;
	}
	spin_unlock_irqrestore(&zone->lock, flags);
}

static unsigned long zone_release(struct zone *zone, unsigned int order)
{
	struct released blocks[RELEASE_BLOCKS];
	unsigned long pages = 0;
	unsigned int nr;

	while ((nr = blocks_take(zone, order, blocks))) {
		for (unsigned int i = 0; i < nr; i++)
			host_release(zone->machine, zone_page_pfn(zone, blocks[i].page), 1ul << order);
		blocks_return(zone, order, blocks, nr);
		pages += (unsigned long)nr << order;
	}
	return pages;
}

unsigned long zones_release(struct machine *m)
{
	unsigned long pages = 0;

	for (unsigned int i = 0; i < m->nr_zones; i++)
		for (unsigned int order = RELEASE_ORDER; order <= MAX_ORDER; order++)
			pages += zone_release(m->zones[i], order);
	return pages;
}
