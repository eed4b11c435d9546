/* SPDX-License-Identifier: MIT */
/*
 * bench_pages.c - blocks of pages out of 1 GiB: kmem beside a textbook buddy.
 *
 * kmem does what the textbook does not: zones, watermarks, migrate types, per-CPU lists, references. Both are called
 * through the same pointers; "null" is two functions that do nothing, called likewise. No line touches the pages.
 */
#include <string.h>

#include "bench/bench.h"
#include "bench/buddy_textbook.h"

enum shape { PAIR, BATCH_OF_PAGES, MIXED_ORDERS, PAIR_TWO_THREADS };

#define NR_PAGES ((size_t)PAGES_MIB * 256)
#define BATCH 512u
#define MIXED_MAX_ORDER 9u

struct block {
	void *page;
	unsigned int order;
};

struct page_run {
	const struct page_calls *calls;
	unsigned int order;
	uint64_t random;
	void *batch[BATCH];
	struct block *blocks;		/* MIXED_ORDERS: what is live */
	size_t nr_blocks, live_pages, level;
	unsigned long failed;
};

/* ---- who is called ---- */

static char null_page;

static __attribute__((noinline)) void *null_alloc(unsigned int order)
{
	__asm__ volatile("" : "+r"(order));
	return &null_page;
}

static __attribute__((noinline)) void null_free(void *page, unsigned int order)
{
	__asm__ volatile("" : "+r"(page), "+r"(order));
}

static const struct page_calls null_calls = { .alloc = null_alloc, .free = null_free, .try_alloc = null_alloc };
static const struct page_calls textbook_calls = {
	.alloc = textbook_alloc, .free = textbook_free, .try_alloc = textbook_alloc, .try_alloc_kept = textbook_alloc,
	.free_blocks = textbook_free_blocks,
};

_Static_assert(TEXTBOOK_MAX_ORDER + 1 == FREE_ORDERS, "textbook_free_blocks() writes all");

const struct page_calls *page_calls_of(const struct subject *subject)
{
	if (!strcmp(subject->name, "kmem"))
		return kmem_page_calls(PAGES_MIB);
	if (!strcmp(subject->name, "null"))
		return &null_calls;
	textbook_init(NR_PAGES);
	return &textbook_calls;
}

/* ---- the loops ---- */

static void run_pair(void *context, unsigned long n)
{
	const struct page_run *r = context;
	void *(*alloc)(unsigned int) = r->calls->alloc;
	void (*release)(void *, unsigned int) = r->calls->free;
	unsigned int order = r->order;

	while (n--)
		release(alloc(order), order);
}

static void run_batch(void *context, unsigned long n)
{
	struct page_run *r = context;

	for (n = (n + BATCH - 1) / BATCH; n; n--) {
		for (unsigned int i = 0; i < BATCH; i++)
			r->batch[i] = r->calls->alloc(0);
		for (unsigned int i = BATCH; i-- > 0;)
			r->calls->free(r->batch[i], 0);
	}
}

static void free_random_block(struct page_run *r)
{
	size_t victim = random_below(next_random(&r->random), r->nr_blocks);
	struct block block = r->blocks[victim];

	r->blocks[victim] = r->blocks[--r->nr_blocks];
	r->live_pages -= 1ul << block.order;
	r->calls->free(block.page, block.order);
}

/* Allocate a block of a random order; first free random ones until it stays within the level. */
static void mixed_step(struct page_run *r)
{
	unsigned int order = (unsigned int)random_below(next_random(&r->random), MIXED_MAX_ORDER + 1);
	void *page;

	while (r->nr_blocks && r->live_pages + (1ul << order) > r->level)
		free_random_block(r);
	page = r->calls->try_alloc(order);
	if (!page) {
		r->failed++;
		if (r->nr_blocks)
			free_random_block(r);
		return;
	}
	r->blocks[r->nr_blocks++] = (struct block){ page, order };
	r->live_pages += 1ul << order;
}

static void run_mixed(void *context, unsigned long n)
{
	while (n--)
		mixed_step(context);
}

/*
 * Single pages, until so much of what can be had at once is in use; those that are free lie anywhere. What a subject
 * withholds from such requests is nobody's to fill.
 */
static void fill(struct page_run *r, size_t percent)
{
	size_t most;

	while (r->nr_blocks < NR_PAGES && (r->blocks[r->nr_blocks].page = r->calls->try_alloc(0)))
		r->blocks[r->nr_blocks++].order = 0;
	most = r->live_pages = r->nr_blocks;
	while (r->live_pages > most * percent / 100)
		free_random_block(r);
}

static size_t measure_capacity(struct page_run *r)
{
	size_t pages;

	fill(r, 100);
	pages = r->nr_blocks;
	while (r->nr_blocks)
		r->calls->free(r->blocks[--r->nr_blocks].page, 0);
	r->live_pages = 0;
	return pages;
}

static void run_pair_both(void *context, unsigned long n)
{
	team_begin(run_pair, context, n);
	run_pair(context, n);
	team_wait();
}

/* ---- a line made ready ---- */

static run_fn start_two_threads(struct page_run *r, const struct effort *effort)
{
	if (effort->other_cpu < 0 || effort->counting || !r->calls->enter)
		return NULL;
	team_start(effort->other_cpu, r->calls->enter, r->calls->leave);
	return run_pair_both;
}

static run_fn run_of(struct page_run *r, const struct line *line, const struct effort *effort)
{
	r->random = 0x2545f4914f6cdd1d;
	r->order = (unsigned int)line->size;
	r->blocks = line->count ? scratch(NR_PAGES * sizeof(struct block)) : NULL;
	if (line->count && line->shape != MIXED_ORDERS)
		fill(r, line->count);
	switch ((enum shape)line->shape) {
	case PAIR:
		return run_pair;
	case BATCH_OF_PAGES:
		return run_batch;
	case MIXED_ORDERS:
		r->level = measure_capacity(r) * line->count / 100;
		run_mixed(r, effort->quick ? 4096 : 1ul << 20);
		return run_mixed;
	case PAIR_TWO_THREADS:
		return start_two_threads(r, effort);
	}
	return NULL;
}

static struct work prepare_pages(const struct line *line, const struct subject *subject, const struct effort *effort)
{
	static struct page_run r;

	r.calls = page_calls_of(subject);
	return (struct work){ .run = run_of(&r, line, effort), .context = &r, .smallest = BATCH };
}

static const struct subject subjects[] = {
	{ "kmem", OURS, NULL }, { "textbook", PEER, NULL }, { "null", BASELINE, NULL },
};

static const struct line lines[] = {
	{ "order 0 pair", PAIR, 0, 0 },
	{ "order 3 pair", PAIR, 3, 0 },
	{ "order 9 pair", PAIR, 9, 0 },
	{ "batch of 512, order 0", BATCH_OF_PAGES, 0, 0 },
	{ "order 0 pair, 99 % full", PAIR, 0, 99 },
	{ "batch of 512, order 0, 99 % full", BATCH_OF_PAGES, 0, 99 },
	{ "orders 0..9, 50 % full", MIXED_ORDERS, 0, 50 },
	{ "orders 0..9, 90 % full", MIXED_ORDERS, 0, 90 },
	{ "orders 0..9, 99 % full", MIXED_ORDERS, 0, 99 },
	{ "two threads, order 0 pair", PAIR_TWO_THREADS, 0, 0 },
};

const struct section section_pages = {
	.name = "pages", .title = "Pages: an alloc+free pair, 1 GiB", .unit = "ns", .method = TIMED, .has_ratios = true,
	.subjects = subjects, .nr_subjects = ARRAY_LENGTH(subjects),
	.lines = lines, .nr_lines = ARRAY_LENGTH(lines),
	.prepare = prepare_pages,
};
