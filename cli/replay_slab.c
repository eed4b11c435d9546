/* SPDX-License-Identifier: MIT */
/*
 * replay_slab.c - events of kmalloc and of caches, made again.
 *
 *	name, bytes_req, bytes_alloc --> slot --> kmem_cache of that size and alignment, made when first seen
 *	kmalloc                      --> slot 0: kmalloc(bytes_req)
 *	beyond the most caches       --> slot 1: kmalloc(bytes_req)
 *
 * An object goes back the way it came, whatever the recorded free was called: kfree() of a cache's object is common.
 * The recorded address is only a name: an allocation at a live one proves a free that left no event.
 */
#include "cli/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Make array[id] exist, zeroed. */
static bool reach(void **array, u32 *room, u32 id, size_t size)
{
	u32 larger = *room ? *room : 256;
	char *grown;

	if (id < *room)
		return true;
	while (larger <= id)
		larger *= 2;
	grown = realloc(*array, larger * size);
	if (!grown)
		return false;
	memset(grown + *room * size, 0, (larger - *room) * size);
	*array = grown;
	*room = larger;
	return true;
}

u32 replay_name(struct replay *replay, u32 string)
{
	if (!string || !reach((void **)&replay->name_of, &replay->name_of_room, string, sizeof(*replay->name_of)))
		return 0;
	if (!replay->name_of[string])
		replay->name_of[string] = names_id(&replay->names, trace_string(replay->reader, string));
	return replay->name_of[string];
}

/* A call site's id, with its counters in place; 0, which has some too, if it is unknown. */
static u32 site_of(struct replay *replay)
{
	u32 id = replay_name(replay, replay->event->call_site);

	return reach((void **)&replay->sites, &replay->sites_room, id, sizeof(*replay->sites)) ? id : 0;
}

/* ----------------------------------------------------------------------------------------------------- caches */

/* The alignment, to a cache line at most, that made bytes_alloc of bytes_req; 0 if none did. */
static unsigned int alignment_of(u64 bytes_req, u64 bytes_alloc)
{
	for (unsigned int align = 64; align >= ARCH_SLAB_MINALIGN; align /= 2)
		if ((bytes_req + align - 1) / align * align == bytes_alloc)
			return align;
	return 0;
}

static struct kmem_cache *cache_make(const char *name, u64 bytes_req, u64 bytes_alloc)
{
	unsigned int align = alignment_of(bytes_req, bytes_alloc);
	u64 size = bytes_req;

	/* Room behind the object (debugging, a free pointer, lines of 128 bytes) is part of it here. */
	if (!align && bytes_alloc > bytes_req && bytes_alloc <= KMALLOC_MAX_SIZE)
		size = bytes_alloc;
	return kmem_cache_create(name, (unsigned int)size, align, SLAB_NO_MERGE, NULL);
}

static u32 slot_make(struct replay *replay, u32 name, u64 bytes_req, u64 bytes_alloc)
{
	struct cache_slot *slot = &replay->slots[replay->nr_slots];
	struct kmem_cache *cache;
	char *copy;

	if (replay->nr_slots >= REPLAY_MAX_CACHES + 2)
		return REPLAY_CACHE_REST;
	copy = strdup(names_text(&replay->names, name));
	cache = copy ? cache_make(copy, bytes_req, bytes_alloc) : NULL;
	if (!cache) {
		free(copy);
		return REPLAY_CACHE_REST;
	}
	*slot = (struct cache_slot){
		.seen = { .name = copy, .object_bytes = (u32)bytes_req, .recorded_bytes = (u32)bytes_alloc },
		.cache = cache,
		.next = replay->slot_of[name],
	};
	replay->slot_of[name] = replay->nr_slots;
	return replay->nr_slots++;
}

/* Kernels before 5.19 do not name the cache: its size does. */
static u32 nameless(struct replay *replay, u64 bytes)
{
	char text[32];

	snprintf(text, sizeof(text), "size-%llu", bytes);
	return names_id(&replay->names, text);
}

static u32 slot_find(struct replay *replay, u64 bytes_req, u64 bytes_alloc)
{
	u32 name = replay_name(replay, replay->event->cache);
	u32 slot;

	if (!bytes_req || bytes_req > KMALLOC_MAX_SIZE || bytes_alloc > UINT32_MAX) {
		replay->result->counts.oversize++;
		return REPLAY_CACHE_REST;
	}
	if (!name)
		name = nameless(replay, bytes_req);
	if (!name || !reach((void **)&replay->slot_of, &replay->slot_of_room, name, sizeof(*replay->slot_of)))
		return REPLAY_CACHE_REST;
	for (slot = replay->slot_of[name]; slot; slot = replay->slots[slot].next)
		if (replay->slots[slot].seen.object_bytes == bytes_req &&
		    replay->slots[slot].seen.recorded_bytes == bytes_alloc)
			return slot;
	slot = slot_make(replay, name, bytes_req, bytes_alloc);
	if (slot == REPLAY_CACHE_REST)
		replay->result->counts.over_cap++;
	return slot;
}

/* ---------------------------------------------------------------------------------------------------- objects */

static void count_live(struct replay *replay, const struct live *live)
{
	struct replay_totals *all = &replay->result->objects;
	struct replay_cache *cache = &replay->slots[live->slot].seen;

	all->allocated++;
	all->live++;
	all->live_bytes += live->bytes;
	if (all->live_bytes > all->peak_bytes)
		all->peak_bytes = all->live_bytes;
	cache->allocated++;
	cache->live++;
	cache->live_bytes += live->bytes;
	if (cache->live > cache->peak)
		cache->peak = cache->live;
	if (live->site < replay->sites_room) {
		replay->sites[live->site].live++;
		replay->sites[live->site].live_bytes += live->bytes;
	}
}

static void count_freed(struct replay *replay, const struct live *live)
{
	struct replay_totals *all = &replay->result->objects;
	struct replay_cache *cache = &replay->slots[live->slot].seen;

	all->freed++;
	all->live--;
	all->live_bytes -= live->bytes;
	cache->freed++;
	cache->live--;
	cache->live_bytes -= live->bytes;
	if (live->site < replay->sites_room) {
		replay->sites[live->site].live--;
		replay->sites[live->site].live_bytes -= live->bytes;
	}
}

void replay_object_drop(struct replay *replay, struct live *live)
{
	struct kmem_cache *cache = replay->slots[live->slot].cache;
	void *object = (void *)(uintptr_t)live->ours;

	if (object) {
		count_freed(replay, live);
		if (cache)
			kmem_cache_free(cache, object);
		else
			kfree(object);
	}
	live_remove(&replay->objects, live);
}

/* What this machine gives for the event. */
static void *object_make(struct replay *replay, u32 slot, u64 bytes)
{
	struct kmem_cache *cache = replay->slots[slot].cache;
	gfp_t gfp = replay_gfp(replay->event->gfp) & ~(__GFP_HIGHMEM | __GFP_MOVABLE | __GFP_DMA32);
	int node = replay_node(replay, replay->event);

	if (cache) {
		gfp &= ~(__GFP_DMA | __GFP_RECLAIMABLE);
		return node == NUMA_NO_NODE ? kmem_cache_alloc(cache, gfp) : kmem_cache_alloc_node(cache, gfp, node);
	}
	if (bytes > KMALLOC_MAX_SIZE)
		return NULL;
	return node == NUMA_NO_NODE ? kmalloc((size_t)bytes, gfp) : kmalloc_node((size_t)bytes, gfp, node);
}

static bool is_kmalloc(const struct trace_event *event)
{
	return event->kind == TRACE_KMALLOC || event->kind == TRACE_KMALLOC_NODE;
}

static void object_insert(struct replay *replay, u32 slot, u64 bytes, void *object)
{
	const struct trace_event *event = replay->event;
	struct replay_cache *cache = &replay->slots[slot].seen;
	struct live *live = live_insert(&replay->objects, event->ptr);

	if (!live) {
		replay->out_of_memory = true;
		kfree(object);
		return;
	}
	live->ours = (uintptr_t)object;
	live->slot = slot;
	if (object) {
		live->bytes = (u32)bytes;
		live->site = site_of(replay);
		count_live(replay, live);
		replay->result->counts.kmalloc += is_kmalloc(event);
		replay->result->counts.cache_alloc += !is_kmalloc(event);
	} else {
		cache->failed++;
		replay->result->counts.failed++;
		replay_failed(replay, cache->name, bytes, bytes ? (unsigned int)get_order((unsigned long)bytes) : 0);
	}
}

void replay_object_alloc(struct replay *replay)
{
	const struct trace_event *event = replay->event;
	struct replay_counts *counts = &replay->result->counts;
	u64 bytes = event->has & TRACE_HAS_BYTES_REQ ? event->bytes_req : event->bytes_alloc;
	struct live *live;
	u32 slot;

	replay->result->has_slab_events = true;
	if (!(event->has & TRACE_HAS_PTR)) {
		counts->no_address++;
	} else if (trace_alloc_failed(event)) {
		counts->recorded_failure++;
	} else if (event->ptr <= (uintptr_t)ZERO_SIZE_PTR) {
		counts->zero_size++;
	} else {
		live = live_find(&replay->objects, event->ptr);
		if (live) {
			counts->implied_reuse += live->ours != 0;
			replay_object_drop(replay, live);
		}
		replay_note_object(replay, event->ptr, event->bytes_alloc ? event->bytes_alloc : bytes);
		slot = is_kmalloc(event) ? REPLAY_CACHE_KMALLOC : slot_find(replay, bytes, event->bytes_alloc);
		/* A live object needs an address of its own, even of a kmalloc(0) that the recording says had one. */
		object_insert(replay, slot, bytes, object_make(replay, slot, bytes ? bytes : 1));
	}
}

void replay_object_free(struct replay *replay)
{
	const struct trace_event *event = replay->event;
	struct replay_counts *counts = &replay->result->counts;
	struct live *live;

	replay->result->has_slab_events = true;
	if (!(event->has & TRACE_HAS_PTR)) {
		counts->no_address++;
		return;
	}
	if (event->ptr <= (uintptr_t)ZERO_SIZE_PTR) {
		counts->free_null++;
		return;
	}
	live = live_find(&replay->objects, event->ptr);
	if (!live) {
		counts->old_object++;
		return;
	}
	counts->freed_failed += !live->ours;
	counts->kfree += live->ours && event->kind == TRACE_KFREE;
	counts->cache_free += live->ours && event->kind == TRACE_CACHE_FREE;
	replay_object_drop(replay, live);
}
