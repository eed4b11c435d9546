/* SPDX-License-Identifier: MIT */
/*
 * kmap_walk.h - tasks on several CPUs map high pages at random by kmap(), each some at a time, and write there; a model
 * knows what each page must hold.
 *
 *	page	[ its number | what task 0 added | what task 1 added | ... ]
 *	model	                 used[0][n]            used[1][n]
 *
 * A page that is reached by a wrong entry, or by one that a CPU remembers, has another number, or lacks what was added.
 */
#ifndef TESTS_KMAP_WALK_H
#define TESTS_KMAP_WALK_H

#include <linux/highmem.h>
#include "tests/page_machine.h"

#define MAX_WALKERS 5u
#define MAX_WALKED 10000u
#define WALKED_AT_A_TIME 4u

struct kmap_walk {
	struct machine *m;
	struct page *page[MAX_WALKED];
	unsigned int nr, nr_walkers, steps;
	u32 used[MAX_WALKERS][MAX_WALKED];
	u32 wrong;			/* atomic */
};

struct walked {
	unsigned int n;
	u32 *words;
};

static inline void walk_expect(struct kmap_walk *walk, bool right)
{
	if (!right)
		__atomic_fetch_add(&walk->wrong, 1, __ATOMIC_RELAXED);
}

static inline void walk_look(struct kmap_walk *walk, unsigned int i, const struct walked *at)
{
	walk_expect(walk, at->words[0] == at->n && at->words[1 + i] == walk->used[i][at->n]);
}

static inline struct walked walk_map(struct ktap *t, struct kmap_walk *walk, unsigned int i)
{
	struct walked at = { .n = (unsigned int)ktap_below(t, walk->nr) };
	struct page *page = walk->page[at.n];

	at.words = kmap(page);
	walk_expect(walk, page_address(page) == at.words && kmap_to_page(at.words) == page);
	walk_look(walk, i, &at);
	at.words[1 + i] = ++walk->used[i][at.n];
	return at;
}

static inline void walk_unmap(struct kmap_walk *walk, unsigned int i, const struct walked *at)
{
	walk_look(walk, i, at);
	kunmap(walk->page[at->n]);
}

static inline void walk_one(struct ktap *t, unsigned int i, void *arg)
{
	struct walked held[WALKED_AT_A_TIME];
	struct kmap_walk *walk = arg;
	unsigned int nr = 0;

	machine_enter(walk->m);
	for (unsigned int step = 0; step < walk->steps; step++) {
		if (nr == WALKED_AT_A_TIME || (nr && ktap_below(t, 2))) {
			unsigned int which = (unsigned int)ktap_below(t, nr);

			walk_unmap(walk, i, &held[which]);
			held[which] = held[--nr];
		} else {
			held[nr++] = walk_map(t, walk, i);
		}
		if (!ktap_below(t, 3000))
			kmap_flush_unused();
	}
	while (nr)
		walk_unmap(walk, i, &held[--nr]);
	machine_leave();
}

/* By so many tasks, of pages that are the caller's, who has entered m: all are found, and hold what they must. */
static inline void walk_all(struct ktap *t, struct kmap_walk *walk)
{
	for (unsigned int n = 0; n < walk->nr; n++) {
		u32 *words = kmap(walk->page[n]);

		memset(words, 0, (1 + MAX_WALKERS) * sizeof(*words));
		words[0] = n;
		kunmap(walk->page[n]);
	}
	machine_leave();
	if (ktap_threads(t, walk->nr_walkers, walk_one, walk))
		EXPECT_EQ(t, walk->wrong, 0);
	machine_enter(walk->m);
	for (unsigned int n = 0; n < walk->nr; n++) {
		struct walked at = { n, kmap(walk->page[n]) };

		for (unsigned int i = 0; i < walk->nr_walkers; i++)
			walk_look(walk, i, &at);
		kunmap(walk->page[n]);
	}
	EXPECT_EQ(t, walk->wrong, 0);
	EXPECT(t, kmem_check(walk->m, NULL));
}

#endif
