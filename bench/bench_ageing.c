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
 *
 * "lifo" hands out pages as the kernel does (kmem.fullest_first=off), "lifo, compacted" has its movable pages moved
 * before the count: compact_memory(), which copies them.
 *
 * What a subject can hold at all, in pages and in 2 MiB blocks, is measured first, so that nobody answers for
 * descriptors, reserves and the ends of zones.
 * llfree-c's column is quoted: it was measured once with these lines' rules, not here.
 */
#include <math.h>
#include <string.h>

#include "bench/bench.h"

enum shape { ORDERS, PAGES_AT_LEVEL, PAGES_AFTER_FREEING, PAGES_SKEWED, PAGES_MIXED };

#define NR_PAGES ((size_t)PAGES_MIB * 256)
#define HUGE_ORDER 9u
#define HUGE_PAGES (1ul << HUGE_ORDER)
#define STEPS 10000000ul
#define KEPT_ONE_IN 48			/* PAGES_MIXED: slots whose pages cannot be moved */

struct block {
	void *page;
	unsigned int order;
};

/* What is live. Order-0 lines keep all slots full at rest. */
static struct {
	const struct page_calls *calls;
	uint64_t random;
	struct block *blocks;
	size_t nr, pages;
	bool mixed;
} memory;

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
	memory.blocks[memory.nr++] = (struct block){ page, order };
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

/* Blocks of that order that can be had at all. */
static size_t measure_capacity(unsigned int order)
{
	size_t capacity;

	while (memory.nr < NR_PAGES && take(order))
		;
	capacity = memory.nr;
	while (memory.nr)
		give(memory.nr - 1);
	settle();
	return capacity;
}

/* Half of all blocks are single pages, a quarter pairs, ... */
static unsigned int geometric_order(void)
{
	unsigned int order = (unsigned int)__builtin_ctzll(next_random(&memory.random) | 1ull << HUGE_ORDER);

	return order;
}

static void fill_with_orders(size_t level)
{
	while (memory.pages < level && take(geometric_order()))
		;
}

static void age_orders(size_t level, unsigned long steps)
{
	fill_with_orders(level);
	while (steps--) {
		give(random_slot(memory.nr));
		fill_with_orders(level);
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
		if (!memory.blocks[slot].order && !slot_is_kept(slot))
			pages[nr++] = &memory.blocks[slot].page;
	memory.calls->compact(pages, nr);
}

/* The blocks that can be had now, in percent of what there would be if all live pages lay together. */
static double contiguity(size_t capacity, size_t blocks)
{
	size_t beside = capacity - blocks * HUGE_PAGES, got = 0;	/* pages that are of no block in any case */
	size_t within = memory.pages > beside ? memory.pages - beside : 0;
	size_t could = blocks - (within + HUGE_PAGES - 1) / HUGE_PAGES;

	settle();
	while (memory.calls->try_alloc(HUGE_ORDER))
		got++;
	return 100.0 * (double)got / (double)could;
}

/* line->size: pages replaced at a time. line->count: percent of memory that is live. */
static void age(const struct line *line, size_t capacity, unsigned long steps)
{
	size_t level = capacity * line->count / 100;

	switch ((enum shape)line->shape) {
	case ORDERS:
		age_orders(level, steps);
		return;
	case PAGES_AT_LEVEL:
		fill_with_pages(level);
		age_pages(any_slot, steps, line->size);
		return;
	case PAGES_AFTER_FREEING:
	case PAGES_SKEWED:
	case PAGES_MIXED:
		fill_with_pages(capacity);
		free_down_to(level);
		age_pages(line->shape == PAGES_SKEWED ? skewed_slot : any_slot, steps, line->size);
		return;
	}
}

static double quoted(const struct line *line);

static double measure_ageing(const struct line *line, const struct subject *subject, const struct effort *effort)
{
	size_t capacity, blocks;

	if (subject->role == BASELINE)
		return quoted(line);
	memory.calls = strncmp(subject->name, "lifo", 4) ? page_calls_of(subject) : kmem_page_calls_lifo(PAGES_MIB);
	memory.random = 0x5bd1e995deadbeef;
	memory.blocks = scratch(NR_PAGES * sizeof(struct block));
	blocks = measure_capacity(HUGE_ORDER);
	capacity = measure_capacity(0);
	memory.mixed = line->shape == PAGES_MIXED;
	age(line, capacity, effort->quick ? STEPS / 1000 : STEPS);
	if (strstr(subject->name, "compacted"))
		compact();
	return contiguity(capacity, blocks);
}

static const struct subject subjects[] = {
	{ "kmem", OURS, NULL },	{ "lifo", OURS, NULL }, { "lifo, compacted", OURS, NULL },
	{ "textbook", PEER, NULL }, { "llfree-c (quoted)", BASELINE, NULL },
};

static const struct line lines[] = {
	{ "A: random orders, 90 % full", ORDERS, 1, 90 },
	{ "A: random orders, 50 % full", ORDERS, 1, 50 },
	{ "B: order 0, 90 % full", PAGES_AT_LEVEL, 1, 90 },
	{ "C: half of all pages, one by one", PAGES_AFTER_FREEING, 1, 50 },
	{ "C: half of all pages, by 512", PAGES_AFTER_FREEING, 512, 50 },
	{ "D: skewed, one by one", PAGES_SKEWED, 1, 50 },
	{ "D: skewed, by 512", PAGES_SKEWED, 512, 50 },
	{ "E: a tenth freed, one by one", PAGES_AFTER_FREEING, 1, 90 },
	{ "F: as C, one page in 48 unmovable", PAGES_MIXED, 1, 50 },
};

static double quoted(const struct line *line)
{
	static const double llfree[ARRAY_LENGTH(lines)] = { 0, 47, 0, 82, 78, 60, 57, 0, NAN };

	return llfree[line - lines];
}

const struct section section_ageing = {
	.name = "ageing", .title = "2 MiB blocks still to be had after 10 M steps, of what free memory could hold",
	.unit = "%", .method = ONCE, .more_is_better = true,
	.subjects = subjects, .nr_subjects = ARRAY_LENGTH(subjects),
	.lines = lines, .nr_lines = ARRAY_LENGTH(lines),
	.measure = measure_ageing,
};
