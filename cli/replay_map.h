/* SPDX-License-Identifier: MIT */
/*
 * replay_map.h - from a recorded address or frame to what stands for it here.
 */
#ifndef KMEM_CLI_REPLAY_MAP_H
#define KMEM_CLI_REPLAY_MAP_H

#include <kmem/types.h>

#define LIVE_SITE_BITS 20
#define LIVE_SLOT_BITS 12
#define LIVE_SPLIT (1u << 31)		/* in bytes, of a block: its frames are single pages by now */

struct live {
	u64 key;			/* recorded address, or pfn + 1; 0: empty */
	u64 ours;			/* object or struct page; 0: the allocation failed here */
	u32 bytes;			/* asked for; of a block: its order; of a frame: its objects' size */
	u32 site : LIVE_SITE_BITS;	/* name id of the call site; 0: unknown */
	u32 slot : LIVE_SLOT_BITS;	/* of a block whose allocation failed here: the failure's record; 0: none */
};

_Static_assert(sizeof(struct live) == 24, "27 to 35 bytes a live object with the free places");

struct live_map {
	struct live *entries;		/* open addressing, by the high bits of a hash */
	u64 size, nr;
	u64 limit;			/* grow when nr reaches it */
	u64 most_bytes;			/* at its largest, growing included */
};

/* The entry of a key, or NULL. */
struct live *live_find(const struct live_map *map, u64 key);
/*
 * A zeroed entry of a key that is not in the map; key is not 0. NULL if memory is short.
 * Entries move: no pointer outlives an insertion or a removal.
 */
struct live *live_insert(struct live_map *map, u64 key);
void live_remove(struct live_map *map, struct live *live);
void live_free(struct live_map *map);
/* Is every entry where live_find() would look, and their number right? For tests. */
bool live_check(const struct live_map *map);

#endif
