/* SPDX-License-Identifier: MIT */
/*
 * test_small_world.c - sixteen pages, three orders, two CPUs with their lists: every sequence of calls.
 *
 *	island	[ 0 1 2 3 | 4 5 6 7 | 8 9 10 11 | 12 13 14 15 ]	owner[]: a byte a page; all that is free in the machine
 *
 * A move is alloc(order) or free(a live block), on either CPU. All sequences of DEPTH moves are played, each from the
 * whole island, by walking the tree of them; by symmetry the first is CPU 0's. After each move the answer is held
 * against the bytes: a block is aligned, was free, and lies on the island; NULL, once all lists are drained, means that
 * there is no such block. At each leaf all is given back, and the island must be one block again (C02).
 */
#include <linux/sched.h>
#include "mm/buddy.h"
#include "tests/page_machine.h"

/* Waking no one: a kswapd that works on one of the CPUs would have pages of its own. */
#define QUIETLY __GFP_NOWARN
#define MACHINE "mem=4M nr_cpus=2 vmalloc=1M kmem.idle_release=off sysctl.vm.watermark_boost_factor=0"

#define PAGES 16u
#define ORDERS 3u
#define CPUS 2u
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define DEPTH 5u
#else
#define DEPTH 6u
#endif
#define SOAK_DEPTH 8u

struct block {
	struct page *page;
	unsigned int order;
};

struct move {
	u8 cpu;
	u8 order;		/* of an allocation */
	u8 victim;		/* of a free: 1 + its place among the live; 0: an allocation */
};

static struct world {
	struct ktap *t;
	struct machine *m;
	struct taken rest;	/* everything but the island */
	struct page *island;
	u8 owner[PAGES];
	struct block live[PAGES];
	unsigned int nr_live;
	struct move path[SOAK_DEPTH];
	unsigned int depth;
	unsigned long sequences, moves, nulls;
} world;

/* The thread's next calls are on that CPU. */
static void on_cpu(struct world *w, unsigned int cpu)
{
	if (this_cpu()->id == cpu && this_cpu()->machine == w->m)
		return;
	machine_leave();
	host_task()->last_cpu = cpu;
	machine_enter(w->m);
}

static void complain(struct world *w, const char *what)
{
	char text[200];
	int length = 0;

	for (unsigned int i = 0; i < w->depth; i++) {
		const struct move *move = &w->path[i];

		length += scnprintf(text + length, sizeof(text) - (size_t)length, move->victim ? " cpu%u:free(%u)" :
				    " cpu%u:alloc(%u)", move->cpu, move->victim ? move->victim - 1u : move->order);
	}
	ktap_fail(w->t, "%s after%s", what, text);
}

static bool run_is_free(const struct world *w, unsigned int at, unsigned int order)
{
	for (unsigned int i = 0; i < 1u << order; i++)
		if (w->owner[at + i])
			return false;
	return true;
}

static bool has_block(const struct world *w, unsigned int order)
{
	for (unsigned int at = 0; at < PAGES; at += 1u << order)
		if (run_is_free(w, at, order))
			return true;
	return false;
}

static void mark(struct world *w, const struct block *block, u8 owner)
{
	memset(&w->owner[block->page - w->island], owner, 1ul << block->order);
}

static void move_alloc(struct world *w, unsigned int order)
{
	struct block block = { alloc_pages(QUIETLY, order), order };
	unsigned long at = (unsigned long)(block.page - w->island);

	if (!block.page) {
		w->nulls++;
		drain_all_pages();
		block.page = alloc_pages(QUIETLY, order);
		if (!block.page && has_block(w, order))
			complain(w, "NULL, but there is such a block");
		if (!block.page)
			return;
		at = (unsigned long)(block.page - w->island);
	}
	if (at >= PAGES || at & ((1ul << order) - 1) || !run_is_free(w, (unsigned int)at, order)) {
		complain(w, "C01: not a free, aligned block of the island");
		return;
	}
	mark(w, &block, 1);
	w->live[w->nr_live++] = block;
}

static void move_free(struct world *w, unsigned int i)
{
	struct block block = w->live[i];

	w->live[i] = w->live[--w->nr_live];
	mark(w, &block, 0);
	__free_pages(block.page, block.order);
}

static void play(struct world *w, const struct move *move)
{
	w->moves++;
	on_cpu(w, move->cpu);
	if (move->victim)
		move_free(w, move->victim - 1u);
	else
		move_alloc(w, move->order);
}

/* Everything back: one block of sixteen pages. */
static void reset(struct world *w)
{
	while (w->nr_live)
		move_free(w, w->nr_live - 1);
	drain_all_pages();
	if (!page_is_free_block(w->island, 4) || nr_free_pages() != PAGES)
		complain(w, "C02: the island is not one block");
}

static void replay(struct world *w, unsigned int depth)
{
	for (unsigned int i = 0; i < depth; i++)
		play(w, &w->path[i]);
}

/* All moves from here: w->path[0 .. depth) has been played, and must be again for each but the first. */
static void explore(struct world *w, unsigned int depth, unsigned int most)
{
	unsigned int nr_live = w->nr_live, nr_moves = (ORDERS + nr_live) * (depth ? CPUS : 1);

	w->depth = depth;
	if (depth == most) {
		if (w->sequences++ % 4096 == 0)
			zones_hold(w->t, w->m);
		reset(w);
		return;
	}
	for (unsigned int i = 0; i < nr_moves && !ktap_failed(w->t); i++) {
		unsigned int what = i % (ORDERS + nr_live);

		if (i)
			replay(w, depth);
		w->path[depth] = (struct move){ .cpu = (u8)(i / (ORDERS + nr_live)), .order = (u8)what,
						.victim = (u8)(what < ORDERS ? 0 : what - ORDERS + 1) };
		w->depth = depth + 1;
		play(w, &w->path[depth]);
		explore(w, depth + 1, most);
	}
}

/* Take every page, then give back sixteen that make a block. */
static bool make_island(struct world *w)
{
	struct page *single[PAGES];

	current->flags |= PF_MEMALLOC;
	w->island = alloc_pages(QUIETLY, 4);
	if (!w->island)
		return false;
	split_page(w->island, 4);
	for (unsigned int order = MAX_ORDER + 1; order--;)
		take_all(&w->rest, QUIETLY, order);
	for (unsigned int i = 0; i < PAGES; i++)
		single[i] = w->island + i;
	free_pages_bulk(single, PAGES);
	drain_all_pages();
	return nr_free_pages() == PAGES && page_is_free_block(w->island, 4);
}

static void every_sequence_agrees_with_a_byte_a_page(struct ktap *t)
{
	struct world *w = &world;

	memset(w, 0, sizeof(*w));
	w->t = t;
	w->m = machine_for(t, MACHINE);
	ASSERT(t, w->m);
	ASSERT(t, make_island(w));
	explore(w, 0, t->soak ? SOAK_DEPTH : DEPTH);
	ktap_note(t, "%lu sequences, %lu moves, %lu of them refused at first", w->sequences, w->moves, w->nulls);
	EXPECT_GT(t, w->sequences, 1000);
	on_cpu(w, 0);
	put_all(&w->rest);
	drain_all_pages();
	zones_hold(t, w->m);
	current->flags &= ~(unsigned int)PF_MEMALLOC;
}

KTAP_SUITE(small_world, KTAP_CASE(every_sequence_agrees_with_a_byte_a_page));
