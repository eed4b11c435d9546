/* SPDX-License-Identifier: MIT */
/*
 * replay.h - a replay under way, between the files cli/replay*.c only.
 *
 *	trace_next --> replay_run.c --+--> replay_slab.c  --> kmalloc, kmem_cache_alloc ...  --+--> replay_map.c
 *	                              `--> replay_pages.c --> alloc_pages, __free_pages ...  --'
 *	           at the end, and at failures: replay_fail.c, replay_result.c
 */
#ifndef KMEM_CLI_REPLAY_H
#define KMEM_CLI_REPLAY_H

#include <kmem/kmem.h>
#include <kmem/replay.h>
#include "cli/replay_map.h"
#include "cli/replay_names.h"

/* The last page allocation of a CPU: what an object's address right after it tells about the direct map. */
struct recent_block {
	u64 pfn;
	int order;		/* -1: none */
};

#define REPLAY_RECENT_CPUS 64

struct cache_slot {
	struct replay_cache seen;
	struct kmem_cache *cache;	/* NULL: kmalloc */
	u32 next;			/* slot of the same name and other sizes; 0: none */
};

struct replay {
	struct replay_result *result;
	struct machine *machine;
	struct trace_reader *reader;
	unsigned int file;			/* its index in the options */
	const struct trace_event *event;	/* being replayed */
	u64 nodes;				/* bit n: the machine has node n */

	struct live_map objects;	/* by the recorded address */
	struct live_map blocks;		/* page blocks, by pfn + 1 */
	struct live_map frames;		/* frames seen to hold slab objects, by pfn + 1 */
	u64 blocks_of_order[NR_PAGE_ORDERS];

	struct names names;		/* texts of call sites and caches, of all files */
	struct replay_site *sites;	/* by name id */
	u32 sites_room;
	u32 *name_of;			/* of this file's string id; 0: not yet known */
	u32 name_of_room;

	struct cache_slot *slots;	/* [nr_slots], REPLAY_MAX_CACHES + 2 at most */
	u32 nr_slots;
	u32 *slot_of;			/* first slot of a name id; 0: none */
	u32 slot_of_room;

	u64 offset_votes;
	struct recent_block recent[REPLAY_RECENT_CPUS];
	unsigned int moments_room;	/* result->moments[], besides the end; 0: none are wanted */
	u64 moments_stride;		/* events from one to the next */
	u64 last_ns;			/* the time of the last event */
	u64 sampled_live;		/* pages: the most that was live when the machine was looked at */
	bool is_over;			/* what the machine says from now on is not kept */
	bool out_of_memory;		/* the tables could not grow: the replay ends */
};

/* replay_slab.c: one event each. */
void replay_object_alloc(struct replay *replay);
void replay_object_free(struct replay *replay);
/* Free our copy of an object and forget it. */
void replay_object_drop(struct replay *replay, struct live *live);

/* replay_pages.c. */
void replay_page_alloc(struct replay *replay);
void replay_page_free(struct replay *replay);
/* An object was seen at this recorded address: its frame is the slab layer's own. */
void replay_note_object(struct replay *replay, u64 address, u64 bytes);

/*
 * replay_fail.c: an allocation gave NULL; cache is NULL and bytes 0 for pages. Returns the number of the record that
 * counts it, 0 if none does.
 */
u32 replay_failed(struct replay *replay, const char *cache, u64 bytes, unsigned int order);
/* What was counted there should not have been tried. */
void replay_unfailed(struct replay *replay, u32 record);

/* replay_result.c: what the machine looks like now, into the result. False if memory is short. */
bool replay_collect(struct replay *replay);

/*
 * Flags that a replay may use: no endless retry, no report, no background reclaim (there is nothing to reclaim, and
 * its timing would make two replays differ), no zeroing (contents do not matter).
 */
gfp_t replay_gfp(gfp_t gfp);
/* A node of this machine, or NUMA_NO_NODE. */
int replay_node(const struct replay *replay, const struct trace_event *event);
/* Our id of a string of the current file; 0 for none and when memory is short. */
u32 replay_name(struct replay *replay, u32 string);

/* replay_moments.c: after the machine has booted; after each event; after the last one. False: no memory. */
bool moments_start(struct replay *replay, unsigned int wanted);
void moments_event(struct replay *replay, u64 timestamp_ns);
void moments_end(struct replay *replay);

#endif
