/* SPDX-License-Identifier: MIT */
/*
 * replay_fail.c - why an allocation could not be made, from what the zones held at that moment.
 *
 *	the best that any zone that the flags allow can say, from bad to good:
 *	machine too small	it has fewer frames than the block
 *	below watermark		free - block is below the watermark
 *	zone reserve		it is above, but not by what the zone keeps for requests that can use no higher one
 *				or for atomic ones, and that is much of the memory
 *	fragmented		it is above by enough, but no free block is large enough
 *	unknown			nothing speaks against it: failure injection
 *
 * Failures of one kind (who, order, flags) share a record; the first one is looked at.
 */
#include "cli/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const zone_ranks[] = { "DMA", "DMA32", "Normal", "HighMem", "Movable" };

#define NR_RANKS 5

/* A zone at the moment of a failure. */
struct suspect {
	const struct zone_stats *zone;
	unsigned int rank;
	u64 mark, reserve;		/* pages that must stay free: the watermark, and more kept for others */
	int largest;			/* order of the largest free block that the request may have; -1: none */
	enum replay_reason reason;	/* why it did not come from here */
};

static unsigned int zone_rank(const char *name)
{
	unsigned int rank = 0;

	while (rank < NR_RANKS - 1 && strcmp(zone_ranks[rank], name))
		rank++;
	return rank;
}

/* The highest zone that the flags allow. */
static unsigned int highest_rank(gfp_t gfp)
{
	if (gfp & __GFP_DMA)
		return 0;
	if (gfp & __GFP_DMA32)
		return 1;
	if (!(gfp & __GFP_HIGHMEM))
		return 2;
	return gfp & __GFP_MOVABLE ? 4 : 3;
}

/* May it have what is kept for atomic requests? */
static bool is_atomic(gfp_t gfp)
{
	return (gfp & __GFP_ATOMIC) && !(gfp & __GFP_NOMEMALLOC);
}

/* How far free memory may fall for such a request. */
static u64 watermark(const struct zone_stats *zone, gfp_t gfp)
{
	u64 mark = zone->min;

	if ((gfp & __GFP_MEMALLOC) && !(gfp & __GFP_NOMEMALLOC))
		return 0;
	if (gfp & __GFP_HIGH)
		mark -= mark / 2;
	if (is_atomic(gfp))
		mark -= mark / 4;
	return mark;
}

/* ------------------------------------------------------------------------------------------------------ reserve */

/*
 * The "protection: (0, 12, 34)" of a zone in zoneinfo, for requests of a kind of zone: its numbers stand for the zones
 * in the order in which zoneinfo lists those of a node.
 */
static u64 reserve_in(const char *zoneinfo, const struct zone_stats *zone, unsigned int highest)
{
	const char *at, *list = NULL;
	char title[48], name[16];
	int node, column = -1;
	u64 reserve = 0;

	snprintf(title, sizeof(title), "Node %d, zone %8s\n", zone->node, zone->name);
	for (at = strstr(zoneinfo, "Node "); at; at = strstr(at + 1, "\nNode "), at += at != NULL) {
		if (sscanf(at, "Node %d, zone %15s", &node, name) != 2 || node != zone->node)
			continue;
		if (!strncmp(at, title, strlen(title)))
			list = strstr(at, "protection: (");
		if (strcmp(name, "Device") && zone_rank(name) <= highest)
			column++;
	}
	if (!list)
		return 0;
	for (at = list + strlen("protection: "); column >= 0 && (*at == '(' || *at == ','); column--) {
		char *end;

		reserve = strtoull(at + 1, &end, 10);
		at = end;
	}
	return reserve;
}

/*
 * The pages that a zone keeps for atomic requests: the HighAtomic column of the last table of pagetypeinfo,
 *	Number of blocks type     Unmovable      Movable  Reclaimable   HighAtomic      Isolate
 *	Node 0, zone    DMA32            2            9            0            1            0
 */
static u64 atomic_reserve_in(const char *pagetypeinfo, const struct zone_stats *zone)
{
	const char *at = strstr(pagetypeinfo, "Number of blocks type");
	const char *column = at ? strstr(at, "HighAtomic") : NULL, *row;
	char title[48], *end;
	u64 blocks = 0;

	snprintf(title, sizeof(title), "Node %d, zone %8s ", zone->node, zone->name);
	row = column ? strstr(column, title) : NULL;
	if (!row)
		return 0;
	row += strlen(title);
	/* As many numbers as there are names up to the column's. */
	for (at += strlen("Number of blocks type"); at <= column; at += strcspn(at, " "), row = end) {
		at += strspn(at, " ");
		blocks = strtoull(row, &end, 10);
	}
	return blocks * 512;
}

/*
 * How many free blocks of an order and a type a zone has, of the first table of pagetypeinfo:
 *	Free pages count per migrate type at order       0      1      2 ...
 *	Node    0, zone    DMA32, type   HighAtomic     63      1      1 ...
 */
static u64 blocks_in(const char *pagetypeinfo, const struct zone_stats *zone, const char *type, int order)
{
	const char *at;
	char title[64];

	snprintf(title, sizeof(title), "Node %4d, zone %8s, type %12s ", zone->node, zone->name, type);
	at = strstr(pagetypeinfo, title);
	if (!at)
		return 0;
	for (at += strlen(title); order; order--) {
		at += strspn(at, " ");
		at += strcspn(at, " \n");
	}
	return strtoull(at, NULL, 10);
}

static int largest_in(const char *pagetypeinfo, const struct zone_stats *zone, gfp_t gfp)
{
	for (int order = NR_PAGE_ORDERS - 1; order >= 0; order--) {
		u64 kept = blocks_in(pagetypeinfo, zone, "Isolate", order);

		if (!is_atomic(gfp))
			kept += blocks_in(pagetypeinfo, zone, "HighAtomic", order);
		if (zone->free_blocks[order] > kept)
			return order;
	}
	return -1;
}

/* A machine's file; NULL if memory is short: nothing is then taken to be kept for others. */
static char *read_file(struct machine *m, const char *name)
{
	char none[1];
	long length = machine_file(m, name, none, sizeof(none));
	char *text = length < 0 ? NULL : malloc((size_t)length + 1);

	if (text)
		machine_file(m, name, text, (size_t)length + 1);
	return text;
}

/* ------------------------------------------------------------------------------------------------------- reasons */

static unsigned int line_up(struct machine *m, struct zone_stats *zones, struct suspect *suspects, gfp_t gfp)
{
	char *zoneinfo = read_file(m, "zoneinfo"), *pagetypeinfo = read_file(m, "pagetypeinfo");
	unsigned int nr = machine_zones(m, zones, REPLAY_MAX_ZONES), allowed = 0;

	for (unsigned int i = 0; i < nr && i < REPLAY_MAX_ZONES; i++) {
		if (zone_rank(zones[i].name) > highest_rank(gfp))
			continue;
		suspects[allowed++] = (struct suspect){
			.zone = &zones[i],
			.rank = zone_rank(zones[i].name),
			.mark = watermark(&zones[i], gfp),
			.reserve = zoneinfo ? reserve_in(zoneinfo, &zones[i], highest_rank(gfp)) : 0,
			.largest = largest_in(pagetypeinfo ? pagetypeinfo : "", &zones[i], gfp),
		};
		if (pagetypeinfo && !is_atomic(gfp))
			suspects[allowed - 1].reserve += atomic_reserve_in(pagetypeinfo, &zones[i]);
	}
	free(zoneinfo);
	free(pagetypeinfo);
	return allowed;
}

static enum replay_reason reason_in(const struct suspect *suspect, unsigned int order)
{
	u64 block = 1ull << order;

	if (suspect->zone->managed < block)
		return REPLAY_TOO_SMALL_MACHINE;
	if (suspect->zone->free < block + suspect->mark)
		return REPLAY_NO_MEMORY;
	if (suspect->zone->free < block + suspect->mark + suspect->reserve)
		return REPLAY_RESERVED;
	return suspect->largest < (int)order ? REPLAY_FRAGMENTED : REPLAY_UNKNOWN;
}

/* The zone such a request should have come from: of the highest allowed kind, the one with most memory. */
static bool is_better_choice(const struct suspect *a, const struct suspect *b)
{
	return a->rank != b->rank ? a->rank > b->rank : a->zone->managed > b->zone->managed;
}

/* The zone to tell of; where some had enough memory, one of these. NULL: the request may use none at all. */
static const struct suspect *choose(const struct suspect *suspects, unsigned int nr, enum replay_reason reason)
{
	const struct suspect *choice = NULL;

	for (unsigned int i = 0; i < nr; i++) {
		if (reason >= REPLAY_FRAGMENTED && suspects[i].reason != reason)
			continue;
		if (!choice || is_better_choice(&suspects[i], choice))
			choice = &suspects[i];
	}
	return choice;
}

static void describe(struct replay *replay, struct replay_failure *failure)
{
	struct zone_stats zones[REPLAY_MAX_ZONES];
	struct suspect suspects[REPLAY_MAX_ZONES];
	unsigned int nr = line_up(replay->machine, zones, suspects, failure->gfp);
	const struct suspect *choice;
	u64 managed = 0, kept = 0;

	failure->reason = REPLAY_TOO_SMALL_MACHINE;
	for (unsigned int i = 0; i < nr; i++) {
		struct suspect *suspect = &suspects[i];

		suspect->reason = reason_in(suspect, failure->order);
		if (suspect->reason > failure->reason)
			failure->reason = suspect->reason;
		if (suspect->reason == REPLAY_RESERVED)
			kept += suspect->zone->free - suspect->mark;
		failure->all_free += suspect->zone->free;
		managed += suspect->zone->managed;
	}
	/* Every full machine ends with a little in the lower zones: that is no story of its own. */
	if (failure->reason == REPLAY_RESERVED && kept < managed / 16)
		failure->reason = REPLAY_NO_MEMORY;
	choice = choose(suspects, nr, failure->reason);
	if (!choice)
		return;
	failure->zone = zone_ranks[choice->rank];
	failure->zone_free = choice->zone->free;
	failure->zone_min = choice->zone->min;
	failure->wanted_free = choice->mark + choice->reserve + (1ull << failure->order);
	failure->largest_order = choice->largest;
	failure->unusable = choice->zone->unusable[failure->order];
}

/* The record of a kind, or one for it, its count 0; NULL: there is no room for another kind. */
static struct replay_failure *kind_of(struct replay_result *result, const char *cache, unsigned int order, gfp_t gfp)
{
	struct replay_failure *empty = NULL;

	for (unsigned int i = 0; i < result->nr_failure_kinds; i++) {
		struct replay_failure *failure = &result->failures[i];

		if (!failure->count)
			empty = failure;
		else if (failure->cache == cache && failure->order == order && failure->gfp == gfp)
			return failure;
	}
	if (!empty && result->nr_failure_kinds < REPLAY_MAX_FAILURES)
		empty = &result->failures[result->nr_failure_kinds++];
	return empty;
}

void replay_unfailed(struct replay *replay, u32 record)
{
	replay->result->nr_failures--;
	if (record)
		replay->result->failures[record - 1].count--;
}

u32 replay_failed(struct replay *replay, const char *cache, u64 bytes, unsigned int order)
{
	gfp_t gfp = replay->event->gfp;
	struct replay_result *result = replay->result;
	struct replay_failure *failure = kind_of(result, cache, order, gfp);

	result->nr_failures++;
	if (!failure)
		return 0;
	if (failure->count++) {
		failure->least_bytes = bytes < failure->least_bytes ? bytes : failure->least_bytes;
		failure->most_bytes = bytes > failure->most_bytes ? bytes : failure->most_bytes;
		return (u32)(failure - result->failures) + 1;
	}
	*failure = (struct replay_failure){
		.cache = cache,
		.bytes = bytes,
		.least_bytes = bytes,
		.most_bytes = bytes,
		.order = order,
		.gfp = gfp,
		.count = 1,
		.file = replay->file,
		.line = replay->event->line,
		.timestamp_ns = replay->event->timestamp_ns,
		.reason = REPLAY_TOO_LARGE,
		.largest_order = -1,
	};
	if (order < NR_PAGE_ORDERS && bytes <= KMALLOC_MAX_SIZE)
		describe(replay, failure);
	return (u32)(failure - result->failures) + 1;
}

const char *replay_reason_text(enum replay_reason reason)
{
	static const char *const texts[REPLAY_NR_REASONS] = {
		[REPLAY_TOO_LARGE] = "too large",
		[REPLAY_TOO_SMALL_MACHINE] = "small machine",
		[REPLAY_NO_MEMORY] = "below watermark",
		[REPLAY_FRAGMENTED] = "fragmented",
		[REPLAY_RESERVED] = "zone reserve",
		[REPLAY_UNKNOWN] = "unknown",
	};

	return texts[reason];
}
