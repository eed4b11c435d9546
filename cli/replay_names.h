/* SPDX-License-Identifier: MIT */
/*
 * replay_names.h - texts as small numbers, over several files.
 */
#ifndef KMEM_CLI_REPLAY_NAMES_H
#define KMEM_CLI_REPLAY_NAMES_H

#include <kmem/types.h>

#define NAMES_MAX (1u << 20)

struct names {
	char **texts;			/* by id; 0 is no text */
	u32 nr, room;			/* ids 1..nr-1 are used */
	u32 *places;			/* open addressing over ids; 0: empty */
	u32 nr_places;			/* a power of two */
};

/* The id of a text, given one if need be; 0 if there are too many or memory is short. */
u32 names_id(struct names *names, const char *text);
const char *names_text(const struct names *names, u32 id);
void names_free(struct names *names);

#endif
