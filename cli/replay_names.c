/* SPDX-License-Identifier: MIT */
/*
 * replay_names.c - each text once, and a number for it.
 *
 *	text --hash--> places[ 0 | 3 | 0 | 1 | 2 ... ] --id--> texts[ "" | "filp" | "dentry" | "alloc_file+0x3c" ]
 *
 * True between calls:
 *	N1  each of the ids 1..nr-1 is in places once, at most half of which are used
 * Lock: none; a replay has one thread.
 */
#include "cli/replay_names.h"

#include <stdlib.h>
#include <string.h>

static u32 hash_text(const char *text)
{
	u32 hash = 2166136261u;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 16777619u;
	return hash ^ hash >> 15;
}

static u32 *place_of(const struct names *names, const char *text)
{
	u32 place = hash_text(text) & (names->nr_places - 1);

	while (names->places[place] && strcmp(names->texts[names->places[place]], text))
		place = (place + 1) & (names->nr_places - 1);
	return &names->places[place];
}

/* Room for one more text. */
static bool names_grow(struct names *names)
{
	u32 room = names->room ? names->room * 2 : 256;
	char **texts;
	u32 *places;

	if (names->nr < names->room)
		return true;
	texts = realloc(names->texts, room * sizeof(*texts));
	if (!texts)
		return false;
	names->texts = texts;
	places = calloc((size_t)room * 2, sizeof(*places));
	if (!places)
		return false;
	free(names->places);
	names->places = places;
	names->nr_places = room * 2;
	names->room = room;
	if (!names->nr)
		names->nr = 1;
	for (u32 id = 1; id < names->nr; id++)
		*place_of(names, names->texts[id]) = id;
	return true;
}

u32 names_id(struct names *names, const char *text)
{
	u32 *place;
	char *copy;

	if (!text || !*text || !names_grow(names))
		return 0;
	place = place_of(names, text);
	if (!*place) {
		copy = names->nr < NAMES_MAX ? strdup(text) : NULL;
		if (!copy)
			return 0;
		names->texts[names->nr] = copy;
		*place = names->nr++;
	}
	return *place;
}

const char *names_text(const struct names *names, u32 id)
{
	return id && id < names->nr ? names->texts[id] : "";
}

void names_free(struct names *names)
{
	for (u32 id = 1; id < names->nr; id++)
		free(names->texts[id]);
	free(names->texts);
	free(names->places);
	*names = (struct names){ .nr = 0 };
}
