/* SPDX-License-Identifier: MIT */
/*
 * replay_map.c - the table of what is live: open addressing, places in the order of the hash.
 *
 *	home	 0   1   2   3   4   5   6		a probe goes right from the key's home and ends at
 *		[a0][  ][c2][d2][e3][  ][g6] + overflow	the key or at an empty place
 *
 * The home is the hash times the size, its high word: any size will do, so the table grows by a quarter instead of
 * doubling and is between 7/10 and 7/8 full: 24 bytes an entry, 27 to 35 a live object.
 *
 * True between calls; live_check() proves each:
 *	M1  between an entry's home and its place no place is empty
 *	M2  nr is the number of entries, and less than size
 * Lock: none; a replay has one thread.
 */
#include "cli/replay_map.h"

#include <assert.h>
#include <stdlib.h>

#define FIRST_SIZE 1024

static u64 home_of(const struct live_map *map, u64 key)
{
	u64 hash = key * 0x9e3779b97f4a7c15ull;

	/* Addresses differ in the middle, and multiplication carries only upwards. */
	hash ^= hash >> 32;
	hash *= 0xd6e8feb86659fd93ull;
	hash ^= hash >> 29;
#ifdef __SIZEOF_INT128__
	return (u64)(((unsigned __int128)hash * map->size) >> 64);
#else
	return (hash >> 32) * map->size >> 32;
#endif
}

static u64 next_place(const struct live_map *map, u64 place)
{
	return place + 1 == map->size ? 0 : place + 1;
}

struct live *live_find(const struct live_map *map, u64 key)
{
	u64 place;

	if (!map->nr)
		return NULL;
	for (place = home_of(map, key); map->entries[place].key; place = next_place(map, place))
		if (map->entries[place].key == key)
			return &map->entries[place];
	return NULL;
}

static struct live *place_for(struct live_map *map, u64 key)
{
	u64 place = home_of(map, key);

	while (map->entries[place].key)
		place = next_place(map, place);
	return &map->entries[place];
}

static bool grow(struct live_map *map)
{
	struct live_map larger = { .size = map->size ? map->size + map->size / 4 : FIRST_SIZE };

	larger.entries = calloc(larger.size, sizeof(*larger.entries));
	if (!larger.entries)
		return false;
	for (u64 i = 0; i < map->size; i++)
		if (map->entries[i].key)
			*place_for(&larger, map->entries[i].key) = map->entries[i];
	larger.nr = map->nr;
	larger.limit = larger.size / 8 * 7;
	larger.most_bytes = (map->size + larger.size) * sizeof(*larger.entries);
	free(map->entries);
	*map = larger;
	return true;
}

struct live *live_insert(struct live_map *map, u64 key)
{
	struct live *live;

	assert(key);
	if (map->nr >= map->limit && !grow(map))
		return NULL;
	live = place_for(map, key);
	live->key = key;
	map->nr++;
	return live;
}

/* Is place a cyclically in (hole, place]? Then an entry there that has its home there must stay. */
static bool is_between(u64 hole, u64 home, u64 place)
{
	return hole < place ? hole < home && home <= place : hole < home || home <= place;
}

void live_remove(struct live_map *map, struct live *live)
{
	u64 hole = (u64)(live - map->entries);
	u64 place = hole;

	assert(hole < map->size && live->key);
	for (;;) {
		place = next_place(map, place);
		if (!map->entries[place].key)
			break;
		if (is_between(hole, home_of(map, map->entries[place].key), place))
			continue;
		map->entries[hole] = map->entries[place];
		hole = place;
	}
	map->entries[hole] = (struct live){ .key = 0 };
	map->nr--;
}

void live_free(struct live_map *map)
{
	free(map->entries);
	*map = (struct live_map){ .size = 0 };
}

bool live_check(const struct live_map *map)
{
	u64 nr = 0;

	for (u64 i = 0; i < map->size; i++) {
		if (!map->entries[i].key)
			continue;
		nr++;
		if (live_find(map, map->entries[i].key) != &map->entries[i])
			return false;
	}
	return nr == map->nr && (!map->size || nr < map->size);
}
