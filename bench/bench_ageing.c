/* SPDX-License-Identifier: MIT */
/*
 * bench_ageing.c - how whole is memory after long use?
 *
 * Fill 1 GiB, free and allocate for ten million steps with one seed, then count the 2 MiB blocks that can still be
 * allocated, of those that the free memory could hold if it lay together:
 *
 *	A  random orders, geometric		replaced one by one, at a fixed level
 *	B  order 0				the same
 *	C  all filled, a random half freed	then replaced one by one, or 512 at a time
 *	D  as C					a tenth of the pages takes nine tenths of the replacements
 *	E  as C					only a tenth freed
 *	F  as C					one page in 48 cannot be moved, as in the sample of a compilation
 *	G  orders, mobility, lifetimes		as in that sample (recorded.c)
 *
 * "lifo" hands out pages as the kernel does (kmem.fullest_first=off), "lifo, compacted" has its movable pages moved
 * before the count: compact_memory(), which copies them.
 *
 * What the free memory could hold is what the same subject has left when, at the end, all is freed and as many single
 * pages are allocated one after the other: so nobody answers for descriptors, reserves, and the ends of zones. It is
 * checked to be no more than one block from what arithmetic says.
 * Ten times on the way the count and the index of each order are taken (history.c). A's and G's lines go up and down
 * with what happens to be live: their figure is the mean of the last five.
 * llfree-c's column is quoted: it was measured once with these lines' rules, not here.
 */
#include <math.h>
#include <string.h>

#include "bench/ageing.h"

enum shape { ORDERS, PAGES_AT_LEVEL, PAGES_AFTER_FREEING, PAGES_SKEWED, PAGES_MIXED, RECORDED };

#define NR_PAGES ((size_t)PAGES_MIB * 256)
#define HUGE_ORDER 9u
#define HUGE_PAGES (1ul << HUGE_ORDER)
#define STEPS 10000000ul
#define KEPT_ONE_IN 48			/* PAGES_MIXED: slots whose pages cannot be moved */
#define MOMENTS_OF_A_MEAN 5

static struct ageing memory;

static bool slot_is_kept(size_t slot)
{
	return memory.mixed && slot % KEPT_ONE_IN == 0;
}

static void *take_for(size_t slot, unsigned int order)
{
	return slot_is_kept(slot) ? memory.calls->try_alloc_kept(order) : memory.calls->try_alloc(order);
}

static bool take(unsigned int order)
{
	void *page = take_for(memory.nr, order);

	if (!page)
		return false;
	memory.blocks[memory.nr] = (struct block){ page, order, slot_is_kept(memory.nr) };
	memory.nr++;
	memory.pages += 1ul << order;
	return true;
}

static void give(size_t slot)
{
	struct block block = memory.blocks[slot];

	memory.blocks[slot] = memory.blocks[--memory.nr];
	memory.pages -= 1ul << block.order;
	memory.calls->free(block.page, block.order);
}

static size_t random_slot(size_t bound)
{
	return random_below(next_random(&memory.random), bound);
}

static void settle(void)
{
	if (memory.calls->settle)
		memory.calls->settle();
}

static void free_all(void)
{
	while (memory.nr)
		give(memory.nr - 1);
	settle();
}

/* Blocks of that order that can be had at all. */
static size_t measure_capacity(unsigned int order)
{
	size_t capacity;

	while (memory.nr < NR_PAGES && take(order))
		;
	capacity = memory.nr;
	free_all();
	return capacity;
}

/* Half of all blocks are single pages, a quarter pairs, ... and what would be above the largest order is of that. */
static unsigned int geometric_order(unsigned int largest)
{
	return (unsigned int)__builtin_ctzll(next_random(&memory.random) | 1ull << largest);
}

static void fill_with_orders(size_t level, unsigned int largest)
{
	while (memory.pages < level && take(geometric_order(largest)))
		;
}

static void age_orders(size_t level, unsigned int largest, unsigned long steps)
{
	while (steps--) {
		give(random_slot(memory.nr));
		fill_with_orders(level, largest);
	}
}

static void fill_with_pages(size_t level)
{
	while (memory.pages < level && take(0))
		;
}

/* Forget random pages until @level are left, the rest in random order. What cannot be moved keeps such a slot. */
static void free_down_to(size_t level)
{
	while (memory.nr > level) {
		size_t slot = random_slot(memory.nr);

		if (slot_is_kept(slot) == slot_is_kept(memory.nr - 1))
			give(slot);
		else if (slot_is_kept(memory.nr - 1))
			give(memory.nr - 1);
	}
}

/* Slots 0..nr/10 are the busy ones. */
static size_t skewed_slot(void)
{
	size_t busy = memory.nr / 10;

	if (random_slot(10) < 9)
		return random_slot(busy);
	return busy + random_slot(memory.nr - busy);
}

static void *must_alloc(size_t slot)
{
	void *page = take_for(slot, 0);

	if (!page)
		fail("no page where one was just freed");
	return page;
}

/*
 * Free @batch pages, then allocate as many into their slots. A slot that is drawn twice in a batch is
 * drawn again.
 */
static void replace_batch(size_t (*slot)(void), size_t batch)
{
	size_t empty[512];

	for (size_t i = 0; i < batch; i++) {
		do
			empty[i] = slot();
		while (!memory.blocks[empty[i]].page);
		memory.calls->free(memory.blocks[empty[i]].page, 0);
		memory.blocks[empty[i]].page = NULL;
	}
	for (size_t i = 0; i < batch; i++)
		memory.blocks[empty[i]].page = must_alloc(empty[i]);
}

static size_t any_slot(void)
{
	return random_slot(memory.nr);
}

static void age_pages(size_t (*slot)(void), unsigned long steps, size_t batch)
{
	for (unsigned long done = 0; done < steps; done += batch)
		replace_batch(slot, batch);
}

/* Have all single pages that may be moved out of the way. */
static void compact(void)
{
	void ***pages = scratch(memory.nr * sizeof(*pages));
	size_t nr = 0;

	for (size_t slot = 0; slot < memory.nr; slot++)
		if (!memory.blocks[slot].order && !memory.blocks[slot].is_kept)
			pages[nr++] = &memory.blocks[slot].page;
	memory.calls->compact(pages, nr);
}

/* ---- what is left whole ---- */

/* The blocks that can be had now. Changes nothing. */
static size_t count_whole(void)
{
	void **blocks = scratch(NR_PAGES / HUGE_PAGES * sizeof(*blocks));
	size_t nr = 0;

	settle();
	while (nr < NR_PAGES / HUGE_PAGES && (blocks[nr] = memory.calls->try_alloc(HUGE_ORDER)))
		nr++;
	for (size_t i = nr; i-- > 0;)
		memory.calls->free(blocks[i], HUGE_ORDER);
	settle();
	return nr;
}

/* The blocks that there would be if so many live pages lay together: by trying, with nothing else live. */
static size_t could_be_whole(size_t pages, size_t capacity, size_t blocks)
{
	size_t beside = capacity - blocks * HUGE_PAGES;		/* pages that are of no block in any case */
	size_t within = pages > beside ? pages - beside : 0;
	size_t most = blocks - (within + HUGE_PAGES - 1) / HUGE_PAGES, could;

	fill_with_pages(pages);
	could = count_whole();
	free_all();
	if (could + 1 < most)
		fail("%zu whole blocks beside %zu pages that lie together, of %zu", could, pages, most);
	return could;
}

/* What is whole at each of the history's moments, and how many pages were live. */
static size_t whole[MAX_MOMENTS], live[MAX_MOMENTS];

static void note_moment(struct history *history, unsigned long step)
{
	struct moment *moment = &history->moments[history->nr];
	unsigned long free_blocks[FREE_ORDERS];

	settle();
	memory.calls->free_blocks(free_blocks);
	history_index(moment, free_blocks);
	moment->step = (double)step;
	whole[history->nr] = count_whole();
	live[history->nr++] = memory.pages;
}

/* What can be had at all may have become less by then: a zone that had to mix types keeps more back for a while. */
static double rate_moments(struct history *history, int nr_of_mean)
{
	size_t pages = 0, could = 0, blocks, capacity;
	double sum = 0;

	memory.mixed = false;
	free_all();
	blocks = measure_capacity(HUGE_ORDER);
	capacity = measure_capacity(0);
	for (int i = 0; i < history->nr; i++) {
		if (live[i] != pages)
			could = could_be_whole(live[i], capacity, blocks);
		pages = live[i];
		history->moments[i].figure = 100.0 * (double)whole[i] / (double)could;
		if (i >= history->nr - nr_of_mean)
			sum += history->moments[i].figure;
	}
	return sum / nr_of_mean;
}

/* ---- a line ---- */

/* line->size: pages replaced at a time, or the largest of random orders. line->count: percent that is live. */
static void begin(const struct line *line, size_t capacity, size_t level)
{
	if (line->shape == RECORDED)
		return;		/* it fills by itself */
	if (line->shape == ORDERS) {
		fill_with_orders(level, (unsigned int)line->size);
	} else if (line->shape == PAGES_AT_LEVEL) {
		fill_with_pages(level);
	} else {
		fill_with_pages(capacity);
		free_down_to(level);
	}
}

static void age(const struct line *line, size_t level, unsigned long steps)
{
	if (line->shape == ORDERS)
		age_orders(level, (unsigned int)line->size, steps);
	else if (line->shape == RECORDED)
		recorded_age(&memory, level, steps);
	else
		age_pages(line->shape == PAGES_SKEWED ? skewed_slot : any_slot, steps, line->size);
}

static double quoted(const struct line *line);

static double measure_ageing(const struct line *line, const struct subject *subject, const struct effort *effort)
{
	bool fluctuates = line->shape == ORDERS || line->shape == RECORDED;
	unsigned long steps = (effort->quick ? STEPS / 1000 : STEPS) / MAX_MOMENTS;
	struct history *history = history_here();
	size_t capacity, level;

	if (subject->role == BASELINE)
		return quoted(line);
	/* Or as the kernel hands them out: the one freed last first. */
	memory.calls = strncmp(subject->name, "lifo", 4) ? page_calls_of(subject)
							 : kmem_page_calls_with(PAGES_MIB, "kmem.fullest_first=off");
	memory.random = 0x5bd1e995deadbeef;
	memory.blocks = scratch(NR_PAGES * sizeof(struct block));
	capacity = measure_capacity(0);
	memory.mixed = line->shape == PAGES_MIXED;
	level = capacity * line->count / 100;
	begin(line, capacity, level);
	while (history->nr < MAX_MOMENTS) {
		age(line, level, steps);
		if (history->nr == MAX_MOMENTS - 1) {
			if (line->shape == RECORDED)
				recorded_end(&memory);
			if (strstr(subject->name, "compacted"))
				compact();
		}
		note_moment(history, steps * (unsigned long)(history->nr + 1));
	}
	return rate_moments(history, fluctuates ? MOMENTS_OF_A_MEAN : 1);
}

static const struct subject subjects[] = {
	{ "kmem", OURS, NULL },	{ "lifo", OURS, NULL }, { "lifo, compacted", OURS, NULL },
	{ "textbook", PEER, NULL }, { "llfree-c (quoted)", BASELINE, NULL },
};

static const struct line lines[] = {
	{ "A: random orders, 90 % full", ORDERS, HUGE_ORDER, 90 },
	{ "A: random orders, 50 % full", ORDERS, HUGE_ORDER, 50 },
	{ "A: random orders to 2, 90 % full", ORDERS, 2, 90 },
	{ "A: random orders to 2, 50 % full", ORDERS, 2, 50 },
	{ "B: order 0, 90 % full", PAGES_AT_LEVEL, 1, 90 },
	{ "C: half of all pages, one by one", PAGES_AFTER_FREEING, 1, 50 },
	{ "C: half of all pages, by 512", PAGES_AFTER_FREEING, 512, 50 },
	{ "D: skewed, one by one", PAGES_SKEWED, 1, 50 },
	{ "D: skewed, by 512", PAGES_SKEWED, 512, 50 },
	{ "E: a tenth freed, one by one", PAGES_AFTER_FREEING, 1, 90 },
	{ "F: as C, one page in 48 unmovable", PAGES_MIXED, 1, 50 },
	{ "G: as a compilation, 50 % full", RECORDED, 1, 50 },
	{ "G: as a compilation, 90 % full", RECORDED, 1, 90 },
};

static double quoted(const struct line *line)
{
	static const double llfree[ARRAY_LENGTH(lines)] = { 0, 47, NAN, NAN, 0, 82, 78, 60, 57, 0, NAN, NAN, NAN };

	return llfree[line - lines];
}

const struct section section_ageing = {
	.name = "ageing", .title = "2 MiB blocks still to be had after 10 M steps, of what free memory could hold",
	.unit = "%", .method = ONCE, .more_is_better = true,
	.subjects = subjects, .nr_subjects = ARRAY_LENGTH(subjects),
	.lines = lines, .nr_lines = ARRAY_LENGTH(lines),
	.measure = measure_ageing,
};
