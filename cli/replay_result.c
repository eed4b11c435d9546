/* SPDX-License-Identifier: MIT */
/*
 * replay_result.c - the machine and the tables at the end of a replay, as the numbers of a result.
 *
 * Everything is copied: the machine is gone when the result is read.
 */
#include "cli/replay.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

static bool collect_caches(struct replay *replay)
{
	struct replay_result *result = replay->result;

	result->caches = calloc(replay->nr_slots, sizeof(*result->caches));
	if (!result->caches)
		return false;
	result->nr_caches = replay->nr_slots;
	for (u32 i = 0; i < replay->nr_slots; i++)
		result->caches[i] = replay->slots[i].seen;
	return true;
}

static const struct replay_cache *seen_as(const struct replay_result *result, const char *name, u32 bytes)
{
	for (unsigned int i = REPLAY_CACHE_REST + 1; i < result->nr_caches; i++) {
		const struct replay_cache *cache = &result->caches[i];

		if (!strcmp(cache->name, name) && (cache->object_bytes == bytes || cache->recorded_bytes == bytes))
			return cache;
	}
	return NULL;
}

static void slab_of(const struct replay_result *result, struct replay_slab *slab, const struct cache_stats *stats)
{
	const struct replay_cache *seen = seen_as(result, stats->name, stats->object_size);
	u64 asked;

	snprintf(slab->name, sizeof(slab->name), "%s", stats->name);
	slab->object_bytes = stats->object_size;
	slab->bytes = stats->size;
	slab->slab_bytes = (u32)(PAGE_SIZE << stats->slab_order);
	slab->live = stats->live_objects;
	slab->peak = seen ? seen->peak : 0;
	slab->slabs = stats->slabs;
	slab->memory_bytes = (u64)stats->slab_pages * PAGE_SIZE;
	asked = seen ? seen->live_bytes : (u64)stats->live_objects * stats->object_size;
	slab->waste_bytes = slab->memory_bytes > asked ? slab->memory_bytes - asked : 0;
}

static int more_memory_first(const void *a, const void *b)
{
	const struct replay_slab *x = a, *y = b;

	if (x->memory_bytes != y->memory_bytes)
		return x->memory_bytes < y->memory_bytes ? 1 : -1;
	return strcmp(x->name, y->name);
}

static void collect_slabs(struct replay *replay)
{
	struct replay_result *result = replay->result;
	unsigned int nr = machine_caches(replay->machine, NULL, 0);
	struct cache_stats *stats = calloc(nr + 1, sizeof(*stats));

	result->slabs = calloc(nr + 1, sizeof(*result->slabs));
	if (stats && result->slabs) {
		nr = machine_caches(replay->machine, stats, nr);
		for (unsigned int i = 0; i < nr; i++)
			if (stats[i].slabs)
				slab_of(result, &result->slabs[result->nr_slabs++], &stats[i]);
		qsort(result->slabs, result->nr_slabs, sizeof(*result->slabs), more_memory_first);
	}
	free(stats);
}

static int more_bytes_first(const void *a, const void *b)
{
	const struct replay_site *x = a, *y = b;

	if (x->live_bytes != y->live_bytes)
		return x->live_bytes < y->live_bytes ? 1 : -1;
	return strcmp(x->name, y->name);
}

static void collect_sites(struct replay *replay)
{
	struct replay_result *result = replay->result;
	u32 names = replay->names.nr ? replay->names.nr : 1;
	u32 nr = names < replay->sites_room ? names : replay->sites_room;

	result->sites = calloc(nr + 1, sizeof(*result->sites));
	for (u32 id = 0; result->sites && id < nr; id++) {
		struct replay_site *site = &result->sites[result->nr_sites];

		if (!replay->sites[id].live)
			continue;
		*site = replay->sites[id];
		site->name = strdup(id ? names_text(&replay->names, id) : "(unknown)");
		result->nr_sites += site->name != NULL;
	}
	if (result->sites)
		qsort(result->sites, result->nr_sites, sizeof(*result->sites), more_bytes_first);
}

static void collect_zones(struct replay *replay)
{
	struct replay_result *result = replay->result;
	unsigned int nr = machine_zones(replay->machine, result->zones, REPLAY_MAX_ZONES);

	result->nr_zones = nr < REPLAY_MAX_ZONES ? nr : REPLAY_MAX_ZONES;
	for (unsigned int i = 0; i < result->nr_zones; i++) {
		snprintf(result->zone_names[i], sizeof(result->zone_names[i]), "%s", result->zones[i].name);
		result->zones[i].name = result->zone_names[i];
	}
}

static int more_failures_first(const void *a, const void *b)
{
	const struct replay_failure *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

bool replay_collect(struct replay *replay)
{
	struct replay_result *result = replay->result;

	if (!collect_caches(replay))
		return false;
	collect_slabs(replay);
	collect_sites(replay);
	collect_zones(replay);
	qsort(result->failures, result->nr_failure_kinds, sizeof(*result->failures), more_failures_first);
	while (result->nr_failure_kinds && !result->failures[result->nr_failure_kinds - 1].count)
		result->nr_failure_kinds--;
	machine_stats(replay->machine, &result->stats);
	result->map_bytes = replay->objects.most_bytes + replay->blocks.most_bytes + replay->frames.most_bytes;
	result->is_whole = kmem_check_live(replay->machine, &result->fault);
	return result->slabs && result->sites;
}
