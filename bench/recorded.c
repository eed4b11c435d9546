/* SPDX-License-Identifier: MIT */
/*
 * recorded.c - blocks come and go as they did on a machine that compiled a program.
 *
 * Each step allocates a block of a kind drawn from the recording: order, movable or not, and a lifetime in steps. Those
 * that were not freed in it are the long-lived ones: of these any one goes when there are more pages than the level.
 *
 *	due[step % WHEEL] -> slot -> slot	blocks that end with that step
 *	lasting[]	slots of the long-lived
 *	spare[]		slots that are empty
 */
#include <string.h>

#include "bench/ageing.h"

#define WHEEL (1ul << 17)		/* more than any lifetime */
#define NR_SLOTS (PAGES_MIB * 256ul)
#define NO_SLOT UINT32_MAX

struct kind {
	unsigned int order;
	bool is_kept;
	unsigned int allocated, freed;	/* within the recording */
	unsigned int lifetime[11];	/* of those freed: least, deciles, greatest */
};

/* samples/compile.ftrace.zst, by bench/recorded; tests/cli/test_bench_files.sh compares. */
static const struct kind kinds[] = {
	{ 0, true, 1890, 1332, { 0, 1, 9, 56, 384, 2079, 3890, 5409, 17970, 27891, 90479 } },
	{ 0, false, 89654, 39002, { 0, 411, 1355, 3350, 7432, 12136, 14653, 16694, 23331, 29088, 90937 } },
	{ 1, false, 8, 1, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 } },
	{ 2, false, 4, 2, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 } },
	{ 9, false, 5, 0, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 } },
};

static struct {
	uint32_t *due, *next;		/* by step, by slot */
	uint32_t *lasting, *spare;
	size_t nr_lasting, nr_spare;
	unsigned long step;
} state;

static size_t random_of(struct ageing *memory, size_t bound)
{
	return random_below(next_random(&memory->random), bound);
}

static const struct kind *random_kind(struct ageing *memory)
{
	size_t all = 0, at;

	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
		all += kinds[i].allocated;
	at = random_of(memory, all);
	for (size_t i = 0;; at -= kinds[i++].allocated)
		if (at < kinds[i].allocated)
			return &kinds[i];
}

/* Any length between two deciles is as likely as another; it ends with a later step than its own. */
static unsigned long random_lifetime(struct ageing *memory, const struct kind *kind)
{
	size_t decile = random_of(memory, 10);
	unsigned int least = kind->lifetime[decile], most = kind->lifetime[decile + 1];

	return 1 + least + random_of(memory, most - least + 1);
}

static void begin(void)
{
	state.due = memset(scratch(WHEEL * sizeof(*state.due)), 0xff, WHEEL * sizeof(*state.due));
	state.next = scratch(NR_SLOTS * sizeof(*state.next));
	state.lasting = scratch(NR_SLOTS * sizeof(*state.lasting));
	state.spare = scratch(NR_SLOTS * sizeof(*state.spare));
}

static void end_slot(struct ageing *memory, uint32_t slot)
{
	struct block *block = &memory->blocks[slot];

	memory->calls->free(block->page, block->order);
	memory->pages -= 1ul << block->order;
	block->page = NULL;
	state.spare[state.nr_spare++] = slot;
}

static void end_lasting(struct ageing *memory)
{
	size_t at = random_of(memory, state.nr_lasting);
	uint32_t slot = state.lasting[at];

	state.lasting[at] = state.lasting[--state.nr_lasting];
	end_slot(memory, slot);
}

static void end_due(struct ageing *memory)
{
	uint32_t *due = &state.due[state.step % WHEEL];

	while (*due != NO_SLOT) {
		uint32_t slot = *due;

		*due = state.next[slot];
		end_slot(memory, slot);
	}
}

/* What cannot be had is done without. */
static void begin_block(struct ageing *memory, const struct kind *kind)
{
	void *page = kind->is_kept ? memory->calls->try_alloc_kept(kind->order) : memory->calls->try_alloc(kind->order);
	bool ends = random_of(memory, kind->allocated) < kind->freed;
	unsigned long until = state.step + (ends ? random_lifetime(memory, kind) : 0);
	uint32_t slot;

	if (!page)
		return;
	slot = state.nr_spare ? state.spare[--state.nr_spare] : (uint32_t)memory->nr++;
	memory->blocks[slot] = (struct block){ page, kind->order, kind->is_kept };
	memory->pages += 1ul << kind->order;
	if (ends) {
		state.next[slot] = state.due[until % WHEEL];
		state.due[until % WHEEL] = slot;
	} else {
		state.lasting[state.nr_lasting++] = slot;
	}
}

void recorded_age(struct ageing *memory, size_t level, unsigned long steps)
{
	if (!state.due)
		begin();
	while (steps--) {
		state.step++;
		end_due(memory);
		begin_block(memory, random_kind(memory));
		while (memory->pages > level && state.nr_lasting)
			end_lasting(memory);
	}
}

void recorded_end(struct ageing *memory)
{
	size_t nr = 0;

	for (size_t slot = 0; slot < memory->nr; slot++)
		if (memory->blocks[slot].page)
			memory->blocks[nr++] = memory->blocks[slot];
	memory->nr = nr;
}
