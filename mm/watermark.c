/* SPDX-License-Identifier: MIT */
/*
 * watermark.c - how much of a zone a request may not have.
 *
 *	free pages ----------------------------------------------------------------------> 0
 *		       high		low		min	   min/2     3/8 min
 *	kswapd sleeps   |  fast path	 |  slow path	 |  __GFP_HIGH |  GFP_ATOMIC |  PF_MEMALLOC
 *
 * min is the zone's share of min_free_kbytes; high zones have a small fixed one. To each mark comes lowmem_reserve:
 * what the zone keeps from requests that could have used a higher one. Figures are Linux 6.1's.
 */
#include <linux/kernel.h>
#include "mm/buddy.h"
#include "mm/pcp.h"

#define SWAP_CLUSTER_MAX 32ul
#define HIGH_MIN_MOST 128ul
#define MIN_FREE_LEAST 128ul
#define MIN_FREE_MOST 262144ul
#define KB_TO_PAGES(kb) ((kb) >> (PAGE_SHIFT - 10))
#define PAGES_TO_KB(pages) ((pages) << (PAGE_SHIFT - 10))

static unsigned long square_root(unsigned long n)
{
	unsigned long root = 0;

	for (unsigned long bit = 1ul << (sizeof(long) * 4 - 1); bit; bit >>= 1)
		if ((root + bit) <= n / (root + bit))
			root += bit;
	return root;
}

static unsigned long share(unsigned long of, unsigned long part, unsigned long whole)
{
	return whole ? (unsigned long)((u64)of * part / whole) : 0;
}

/* High memory, or what ZONE_MOVABLE took of it (where it took nothing, of what it would take). */
static bool zone_is_high(const struct zone *zone)
{
	const struct machine *m = zone->machine;

	if (zone->type == ZONE_HIGHMEM)
		return zone_populated(zone) || m->params.layout_i386;
	return zone->type == ZONE_MOVABLE && m->max_low_pfn < m->max_pfn;
}

#define for_each_zone_of(m, zone, i) \
	for (i = 0; i < (m)->nr_nodes * MAX_NR_ZONES && \
		    ((zone) = &(m)->nodes[i / MAX_NR_ZONES]->zones[i % MAX_NR_ZONES], true); i++)

/* Pages above the high watermark that GFP_USER may have. */
static unsigned long free_buffer_pages(struct machine *m)
{
	unsigned long pages = 0;
	struct zone *zone;
	unsigned int i;

	for_each_zone_of(m, zone, i)
		if (zone->type <= ZONE_NORMAL && zone->managed_pages > zone->watermark[WMARK_HIGH])
			pages += zone->managed_pages - zone->watermark[WMARK_HIGH];
	return pages;
}

unsigned long nr_free_buffer_pages(void)
{
	return free_buffer_pages(this_machine());
}

/* ----------------------------------------------------------------------------------------------------- setting up */

static void zone_watermarks_set(struct zone *zone, unsigned long min_pages, unsigned long lowmem_pages)
{
	unsigned long managed = zone->managed_pages;
	unsigned long part = share(min_pages, managed, lowmem_pages);
	unsigned long gap = share(managed, zone->machine->params.watermark_scale_factor, 10000);
	unsigned long min = part;

	if (zone_is_high(zone))
		min = clamp(managed / 1024, SWAP_CLUSTER_MAX, HIGH_MIN_MOST);
	if (gap < part / 4)
		gap = part / 4;
	__atomic_store_n(&zone->watermark[WMARK_MIN], min, __ATOMIC_RELAXED);
	__atomic_store_n(&zone->watermark[WMARK_LOW], min + gap, __ATOMIC_RELAXED);
	__atomic_store_n(&zone->watermark[WMARK_HIGH], min + 2 * gap, __ATOMIC_RELAXED);
	__atomic_store_n(&zone->watermark_boost, 0, __ATOMIC_RELAXED);
}

static void watermarks_set(struct machine *m)
{
	unsigned long lowmem = 0;
	struct zone *zone;
	unsigned int i;

	for_each_zone_of(m, zone, i)
		if (!zone_is_high(zone))
			lowmem += zone->managed_pages;
	for_each_zone_of(m, zone, i)
		zone_watermarks_set(zone, KB_TO_PAGES(m->min_free_kbytes), lowmem);
}

/* Each zone keeps, from requests that could use a higher one, 1/ratio of what those higher zones have. */
static void lowmem_reserve_set(struct machine *m, struct pglist_data *node)
{
	for (enum zone_type low = 0; low < MAX_NR_ZONES; low++) {
		struct zone *zone = &node->zones[low];
		unsigned long ratio = m->params.lowmem_reserve_ratio[low], above = 0;

		for (enum zone_type high = low + 1; high < MAX_NR_ZONES; high++) {
			above += node->zones[high].managed_pages;
			zone->lowmem_reserve[high] = ratio && zone->managed_pages ? (long)(above / ratio) : 0;
		}
	}
}

static unsigned long zone_reserve(const struct zone *zone)
{
	unsigned long most = 0, reserve;

	for (enum zone_type type = 0; type < MAX_NR_ZONES; type++)
		if ((unsigned long)zone->lowmem_reserve[type] > most)
			most = (unsigned long)zone->lowmem_reserve[type];
	reserve = most + zone->watermark[WMARK_HIGH];
	return reserve < zone->managed_pages ? reserve : zone->managed_pages;
}

/* Enough whole pageblocks, of every type in every zone, that huge pages can be had; at most 5 % of low memory. */
static unsigned long thp_min_free_kbytes(struct machine *m)
{
	unsigned long zones = 0, pages, most = free_buffer_pages(m) / 20;

	for (unsigned int i = 0; i < m->nr_zones; i++)
		zones += m->zones[i]->type <= ZONE_NORMAL;
	pages = PAGEBLOCK_PAGES * zones * 2 + PAGEBLOCK_PAGES * zones * MIGRATE_PCPTYPES * MIGRATE_PCPTYPES;
	return PAGES_TO_KB(pages < most ? pages : most);
}

void watermarks_init(struct machine *m)
{
	struct zone *zone;
	unsigned int i;

	for_each_zone_of(m, zone, i)
		zone->watermark[WMARK_HIGH] = 0;
	m->nopage_ratelimit = (struct ratelimit_state){ .interval_ms = 10000, .burst = 1 };
	m->min_free_kbytes = (unsigned long)m->params.min_free_kbytes;
	if (!m->min_free_kbytes)
		m->min_free_kbytes = clamp(square_root(PAGES_TO_KB(free_buffer_pages(m)) * 16), MIN_FREE_LEAST,
					   MIN_FREE_MOST);
	watermarks_set(m);
	if (m->params.thp && thp_min_free_kbytes(m) > m->min_free_kbytes) {
		m->min_free_kbytes = thp_min_free_kbytes(m);
		watermarks_set(m);
	}
	for (unsigned int nid = 0; nid < m->nr_nodes; nid++)
		lowmem_reserve_set(m, m->nodes[nid]);
	m->totalreserve_pages = 0;
	for_each_zone_of(m, zone, i)
		m->totalreserve_pages += zone_reserve(zone);
	pcp_update_limits(m);
}

/* ------------------------------------------------------------------------------------------------------- asking */

static bool has_block(const struct zone *zone, unsigned int order, unsigned int alloc_flags)
{
	for (; order <= MAX_ORDER; order++) {
		for (enum migratetype type = 0; type < MIGRATE_PCPTYPES; type++)
			if (buddy_has(zone, order, type))
				return true;
		if ((alloc_flags & ALLOC_HARDER) && buddy_has(zone, order, MIGRATE_HIGHATOMIC))
			return true;
	}
	return false;
}

bool zone_watermark_ok_pages(struct zone *zone, unsigned int order, unsigned long mark, enum zone_type highest,
			     unsigned int alloc_flags, long free)
{
	return zone_pages_over(zone, order, mark, highest, alloc_flags, free) > 0 &&
	       (!order || has_block(zone, order, alloc_flags));
}

bool zone_watermark_ok(struct zone *zone, unsigned int order, unsigned long mark, enum zone_type highest,
		       unsigned int alloc_flags)
{
	return zone_watermark_ok_pages(zone, order, mark, highest, alloc_flags,
				       zone_page_state(zone, NR_FREE_PAGES));
}

long zone_reclaimable_pages(const struct zone *zone)
{
	return zone_page_state(zone, NR_ZONE_INACTIVE_FILE) + zone_page_state(zone, NR_ZONE_ACTIVE_FILE) +
	       zone_page_state(zone, NR_ZONE_INACTIVE_ANON) + zone_page_state(zone, NR_ZONE_ACTIVE_ANON);
}
