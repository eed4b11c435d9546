/* SPDX-License-Identifier: MIT */
/* ageing.h - what the ageing lines' files share: the memory that is aged. */
#ifndef BENCH_AGEING_H
#define BENCH_AGEING_H

#include "bench/bench.h"

struct block {
	void *page;
	unsigned int order;
	bool is_kept;			/* it cannot be moved */
};

/* What is live. Order-0 lines keep all slots full at rest. */
struct ageing {
	const struct page_calls *calls;
	uint64_t random;
	struct block *blocks;
	size_t nr, pages;
	bool mixed;			/* one slot in so many has pages that are kept */
};

/* ---- recorded.c: blocks as a recording has them, as many pages live as @level says ---- */

void recorded_age(struct ageing *memory, size_t level, unsigned long steps);
/* No more steps: blocks[0..nr-1] are what is live. */
void recorded_end(struct ageing *memory);

#endif
