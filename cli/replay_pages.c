/* SPDX-License-Identifier: MIT */
/*
 * replay_pages.c - page events, made again, and the slab layer's own pages told from all others.
 *
 * A recording with slab events shows the same memory twice: the pages that the slab layer takes, and the objects in
 * them. Only the objects are replayed; this machine's slab layer takes its own pages. An object's address says which
 * frame it is in, since the direct map is linear:
 *
 *	address = page offset + pfn * 4096	page offset a multiple of 1 GiB: learnt from objects that appear right
 *						after the page allocation that made room for them
 *
 *	mm_page_alloc pfn=100 order=1   -->  block 100, replayed as pages
 *	kmem_cache_alloc in frame 101   -->  block 100 was the slab layer's: taken back; frame 101 holds objects
 *	mm_page_free pfn=100 order=1    -->  objects still live in 100 or 101 were freed without an event
 *
 * So for an instant (usually the time between two events) the pages of a new slab exist twice.
 *
 * A block may be freed in parts; the rest of it stays, as the blocks that halving leaves:
 *
 *	block 8 order 3, free 11 order 0  -->  8 order 1, 10 order 0, [11], 12 order 2
 *
 * True between events:
 *	G1  no two blocks overlap
 *	G2  blocks_of_order[n] is the number of blocks of order n
 */
#include "cli/replay.h"

#define PFN_LIMIT (1ull << 46)		/* of a physical address of 58 bits; no machine has more */
#define OFFSET_UNIT (1ull << 30)

/* ------------------------------------------------------------------------------------------------ page blocks */

static void frames_changed(struct replay *replay, u64 nr_added, u64 nr_removed)
{
	struct replay_totals *pages = &replay->result->pages;

	pages->allocated += nr_added;
	pages->freed += nr_removed;
	pages->live += nr_added - nr_removed;
	pages->live_bytes = pages->live * PAGE_SIZE;
	if (pages->live_bytes > pages->peak_bytes)
		pages->peak_bytes = pages->live_bytes;
}

static bool block_insert(struct replay *replay, u64 pfn, u32 order_and_split, struct page *page, u32 record)
{
	struct live *block = live_insert(&replay->blocks, pfn + 1);

	if (!block) {
		replay->out_of_memory = true;
		return false;
	}
	block->ours = (uintptr_t)page;
	block->bytes = order_and_split;
	block->slot = record;
	replay->blocks_of_order[order_and_split & ~LIVE_SPLIT]++;
	return true;
}

static void block_forget(struct replay *replay, struct live *block)
{
	replay->blocks_of_order[block->bytes & ~LIVE_SPLIT]--;
	live_remove(&replay->blocks, block);
}

static void pages_free(struct page *page, unsigned int order, bool is_split)
{
	if (!is_split)
		__free_pages(page, order);
	else
		for (unsigned int i = 0; i < 1u << order; i++)
			__free_page(page + i);
}

/* Free our copy of a block and forget it. */
static void block_drop(struct replay *replay, struct live *block)
{
	unsigned int order = block->bytes & ~LIVE_SPLIT;

	if (block->ours) {
		pages_free((struct page *)(uintptr_t)block->ours, order, block->bytes & LIVE_SPLIT);
		frames_changed(replay, 0, 1ull << order);
	}
	block_forget(replay, block);
}

/* The block that holds a frame, or NULL. */
static struct live *block_around(struct replay *replay, u64 pfn)
{
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++) {
		struct live *block;

		if (!replay->blocks_of_order[order])
			continue;
		block = live_find(&replay->blocks, (pfn >> order << order) + 1);
		if (block && (block->bytes & ~LIVE_SPLIT) >= order)
			return block;
	}
	return NULL;
}

/* Leave of a block only the part [pfn, pfn + 2^order) and, as blocks of their own, what is around it. */
static struct live *block_cut(struct replay *replay, struct live *block, u64 pfn, unsigned int order)
{
	u64 start = block->key - 1;
	unsigned int whole = block->bytes & ~LIVE_SPLIT;
	struct page *page = (struct page *)(uintptr_t)block->ours;

	if (page && !(block->bytes & LIVE_SPLIT))
		split_page(page, whole);
	block_forget(replay, block);
	while (whole > order) {
		u64 half = 1ull << --whole;
		u64 other = pfn >= start + half ? start : start + half;

		if (!block_insert(replay, other, whole | LIVE_SPLIT, page ? page + (other - start) : NULL, 0))
			return NULL;
		if (other == start) {
			start += half;
			page = page ? page + half : NULL;
		}
	}
	if (!block_insert(replay, start, order | LIVE_SPLIT, page, 0))
		return NULL;
	return live_find(&replay->blocks, start + 1);
}

/* ---------------------------------------------------------------------------------------- the slab's own pages */

/*
 * Where a direct map may begin, less its first frame: 0xff... on most machines of 64 bits, the top byte alone on
 * PowerPC, LoongArch and MIPS, the upper GiB on those of 32 bits.
 */
static bool is_offset(u64 offset)
{
	return offset % OFFSET_UNIT == 0 &&
	       (offset >> 56 == 0xff || (offset >> 63 && !(offset << 8)) || offset == 0xc0000000);
}

/* Learn the page offset from an object seen just after its CPU got a block. */
static void learn_offset(struct replay *replay, u64 address)
{
	struct replay_result *result = replay->result;
	struct recent_block *recent = &replay->recent[replay->event->cpu % REPLAY_RECENT_CPUS];
	u64 frames = recent->order < 0 ? 0 : 1ull << recent->order;

	recent->order = -1;
	for (u64 i = 0; i < frames && i < 8; i++) {
		u64 offset = (address & ~(PAGE_SIZE - 1ull)) - (recent->pfn + i) * PAGE_SIZE;

		if (!is_offset(offset))
			continue;
		if (offset == result->page_offset) {
			replay->offset_votes++;
		} else if (replay->offset_votes) {
			replay->offset_votes--;
		} else {
			result->page_offset = offset;
			replay->offset_votes = 1;
			live_free(&replay->frames);
		}
		result->addresses_known = replay->offset_votes != 0;
		return;
	}
}

/* The objects that live in a frame were freed without an event, and the frame is no longer the slab layer's. */
static void frame_retire(struct replay *replay, struct live *frame)
{
	u64 address = replay->result->page_offset + (frame->key - 1) * PAGE_SIZE;
	u64 step = frame->bytes < ARCH_KMALLOC_MINALIGN ? ARCH_KMALLOC_MINALIGN : frame->bytes;

	for (u64 at = frame->ours; at < PAGE_SIZE; at += step) {
		struct live *live = live_find(&replay->objects, address + at);

		if (!live)
			continue;
		replay->result->counts.implied_page += live->ours != 0;
		replay_object_drop(replay, live);
	}
	live_remove(&replay->frames, frame);
}

/* Retire the frames of a block. Returns whether any held objects. */
static bool frames_retire(struct replay *replay, u64 pfn, unsigned int order)
{
	bool any = false;

	for (u64 i = 0; replay->frames.nr && i < 1ull << order; i++) {
		struct live *frame = live_find(&replay->frames, pfn + i + 1);

		if (!frame)
			continue;
		any = true;
		frame_retire(replay, frame);
	}
	return any;
}

/* The block was the slab layer's: as if it had not been replayed. */
static void block_take_back(struct replay *replay, struct live *block)
{
	struct replay_result *result = replay->result;
	unsigned int order = block->bytes & ~LIVE_SPLIT;
	u64 frames = 1ull << order;

	if (block->bytes & LIVE_SPLIT) {
		block_drop(replay, block);
		return;
	}
	result->counts.slab_page_alloc++;
	result->by_order[order]--;
	if (block->ours) {
		result->counts.page_alloc--;
		pages_free((struct page *)(uintptr_t)block->ours, order, false);
		result->pages.allocated -= frames;
		result->pages.live -= frames;
		result->pages.live_bytes = result->pages.live * PAGE_SIZE;
	} else {
		result->counts.failed--;
		result->failed_by_order[order]--;
		replay_unfailed(replay, block->slot);
	}
	block_forget(replay, block);
}

void replay_note_object(struct replay *replay, u64 address, u64 bytes)
{
	u64 pfn;
	struct live *block, *frame;

	learn_offset(replay, address);
	pfn = (address - replay->result->page_offset) / PAGE_SIZE;
	replay->result->counts.off_map += address < replay->result->page_offset || pfn >= PFN_LIMIT;
	if (address < replay->result->page_offset || pfn >= PFN_LIMIT || live_find(&replay->frames, pfn + 1))
		return;
	block = block_around(replay, pfn);
	if (block)
		block_take_back(replay, block);
	frame = live_insert(&replay->frames, pfn + 1);
	if (!frame) {
		replay->out_of_memory = true;
		return;
	}
	frame->bytes = bytes > PAGE_SIZE ? (u32)PAGE_SIZE : (u32)bytes;
	frame->ours = address % PAGE_SIZE % (frame->bytes ? frame->bytes : 1);
}

/* ----------------------------------------------------------------------------------------------------- events */

/* Nothing that the recording says is live can be where a new block is. */
static void make_room(struct replay *replay, u64 pfn, unsigned int order)
{
	struct replay_counts *counts = &replay->result->counts;

	for (u64 i = 0; i < 1ull << order; i++) {
		struct live *block = i ? live_find(&replay->blocks, pfn + i + 1) : block_around(replay, pfn);

		if (!block)
			continue;
		counts->implied_block += block->ours != 0;
		block_drop(replay, block);
	}
	frames_retire(replay, pfn, order);
}

static bool is_possible(const struct trace_event *event)
{
	return (event->has & TRACE_HAS_PFN) && (event->has & TRACE_HAS_ORDER) && event->order >= 0 &&
	       event->order < NR_PAGE_ORDERS && event->pfn < PFN_LIMIT && event->pfn % (1ull << event->order) == 0;
}

/* One zone of the contradictory ones a line may name. */
static gfp_t page_gfp(gfp_t gfp)
{
	gfp = replay_gfp(gfp);
	if (gfp & __GFP_DMA)
		gfp &= ~(__GFP_DMA32 | __GFP_HIGHMEM);
	else if (gfp & __GFP_DMA32)
		gfp &= ~__GFP_HIGHMEM;
	if ((gfp & __GFP_MOVABLE) && (gfp & __GFP_RECLAIMABLE))
		gfp &= ~__GFP_RECLAIMABLE;
	return gfp;
}

void replay_page_alloc(struct replay *replay)
{
	const struct trace_event *event = replay->event;
	struct replay_result *result = replay->result;
	unsigned int order = (unsigned int)event->order;
	struct page *page;
	u32 record = 0;

	result->has_page_events = true;
	if (trace_alloc_failed(event)) {
		result->counts.recorded_failure++;
		return;
	}
	if (!is_possible(event)) {
		result->counts.impossible++;
		return;
	}
	make_room(replay, event->pfn, order);
	if (event->pfn + (1ull << order) > result->highest_pfn)
		result->highest_pfn = event->pfn + (1ull << order);
	replay->recent[event->cpu % REPLAY_RECENT_CPUS] = (struct recent_block){ event->pfn, event->order };

	page = alloc_pages(page_gfp(event->gfp), order);
	result->by_order[order]++;
	if (page) {
		result->counts.page_alloc++;
		frames_changed(replay, 1ull << order, 0);
	} else {
		result->counts.failed++;
		result->failed_by_order[order]++;
		record = replay_failed(replay, NULL, 0, order);
	}
	if (!block_insert(replay, event->pfn, order, page, record) && page)
		__free_pages(page, order);
}

/* Free every block that lies within a freed one. Returns whether there was any. */
static bool free_parts(struct replay *replay, u64 pfn, unsigned int order, bool *was_failed)
{
	bool any = false;

	for (u64 i = 0; i < 1ull << order; i++) {
		struct live *block = live_find(&replay->blocks, pfn + i + 1);

		if (!block)
			continue;
		any = true;
		*was_failed = !block->ours;
		block_drop(replay, block);
	}
	return any;
}

void replay_page_free(struct replay *replay)
{
	const struct trace_event *event = replay->event;
	struct replay_counts *counts = &replay->result->counts;
	unsigned int order = (unsigned int)event->order;
	bool was_failed = false, was_live = false;
	struct live *block;

	replay->result->has_page_events = true;
	if (!is_possible(event)) {
		counts->impossible++;
		return;
	}
	block = block_around(replay, event->pfn);
	if (block && (block->bytes & ~LIVE_SPLIT) > order) {
		counts->split_frees++;
		block = block_cut(replay, block, event->pfn, order);
	}
	if (block || order)
		was_live = free_parts(replay, event->pfn, order, &was_failed);

	if (was_live && was_failed)
		counts->freed_failed++;
	else if (was_live)
		counts->page_free++;
	else if (frames_retire(replay, event->pfn, order))
		counts->slab_page_free++;
	else if (event->kind == TRACE_PAGE_FREE_BATCHED)
		counts->twice++;
	else
		counts->old_page++;
}
