/* SPDX-License-Identifier: MIT */
/*
 * replay_moments.c - what free memory was good for, at some moments of a replay.
 *
 *	events   64  128  192 ... until there is room for no more; then every second one is forgotten, and
 *	        128  256  384 ... from then on half as many are noted
 *
 * So without knowing how long a recording is there are, at its end, as many moments as were asked for, or up to twice
 * as many, at equal distances; and the end. Those that are given are the nearest to equal parts of the whole.
 */
#include "cli/replay.h"

#include <stdlib.h>

#define FIRST_STRIDE 64

bool moments_start(struct replay *replay, unsigned int wanted)
{
	replay->moments_room = 2 * wanted;
	replay->moments_stride = FIRST_STRIDE;
	replay->result->moments = calloc(2ul * wanted + 1, sizeof(*replay->result->moments));
	return replay->result->moments;
}

/* The share of all free memory that is in blocks smaller than each order, in thousandths. */
static void moment_note(struct replay *replay, u64 timestamp_ns)
{
	struct replay_result *result = replay->result;
	struct replay_moment *moment = &result->moments[result->nr_moments++];
	struct machine_stats stats;
	u64 smaller = 0;

	machine_stats(replay->machine, &stats);
	*moment = (struct replay_moment){ .events = result->counts.events, .timestamp_ns = timestamp_ns };
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
		moment->free_pages += (u64)stats.free_blocks[order] << order;
	for (unsigned int order = 0; moment->free_pages && order < NR_PAGE_ORDERS; order++) {
		moment->unusable[order] = (int)(1000 * smaller / moment->free_pages);
		smaller += (u64)stats.free_blocks[order] << order;
	}
}

static void moments_thin(struct replay *replay)
{
	struct replay_result *result = replay->result;

	for (unsigned int i = 0; i < result->nr_moments / 2; i++)
		result->moments[i] = result->moments[2 * i + 1];
	result->nr_moments /= 2;
	replay->moments_stride *= 2;
}

void moments_event(struct replay *replay, u64 timestamp_ns)
{
	replay->last_ns = timestamp_ns;
	if (!replay->moments_room || replay->result->counts.events % replay->moments_stride)
		return;
	if (replay->result->nr_moments == replay->moments_room)
		moments_thin(replay);
	if (replay->result->counts.events % replay->moments_stride == 0)
		moment_note(replay, timestamp_ns);
}

void moments_end(struct replay *replay)
{
	struct replay_result *result = replay->result;
	unsigned int wanted = replay->moments_room / 2, nr;

	if (!wanted)
		return;
	if (!result->nr_moments || result->moments[result->nr_moments - 1].events != result->counts.events)
		moment_note(replay, replay->last_ns);
	nr = result->nr_moments;
	if (nr <= wanted)
		return;
	for (unsigned int i = 0; i < wanted; i++)
		result->moments[i] = result->moments[(u64)(i + 1) * nr / wanted - 1];
	result->nr_moments = wanted;
}
