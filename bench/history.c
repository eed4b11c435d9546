/* SPDX-License-Identifier: MIT */
/*
 * history.c - what a line that takes long has come to, again and again on its way: from the child to the parent.
 *
 *	moment 1000000 98.04 0 0.0021 0.0043 ...	a line a moment: steps done, figure, index of orders 0, 1, 2 ...
 *
 * The index is the kernel's unusable_index: 0 if all free memory lies in blocks of the order or larger, 1 if none does.
 */
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"

#define MARK "moment "

struct history *history_here(void)
{
	static struct history history;

	return &history;
}

void history_index(struct moment *moment, const unsigned long free_blocks[FREE_ORDERS])
{
	unsigned long pages = 0;

	for (unsigned int order = 0; order < FREE_ORDERS; order++)
		pages += free_blocks[order] << order;
	for (unsigned int order = 0; order < HISTORY_ORDERS; order++) {
		unsigned long usable = 0;

		for (unsigned int o = order; o < FREE_ORDERS; o++)
			usable += free_blocks[o] << o;
		moment->unusable[order] = pages ? (double)(pages - usable) / (double)pages : 1;
	}
}

void history_print(const struct history *history)
{
	for (int i = 0; i < history->nr; i++) {
		const struct moment *moment = &history->moments[i];

		printf(MARK "%.9g %.9g", moment->step, moment->figure);
		for (unsigned int order = 0; order < HISTORY_ORDERS; order++)
			printf(" %.4g", moment->unusable[order]);
		putchar('\n');
	}
}

void history_parse(struct history *history, const char *text)
{
	history->nr = 0;
	while ((text = strstr(text, MARK)) && history->nr < MAX_MOMENTS) {
		struct moment *moment = &history->moments[history->nr++];
		char *at;

		moment->step = strtod(text + strlen(MARK), &at);
		moment->figure = strtod(at, &at);
		for (unsigned int order = 0; order < HISTORY_ORDERS; order++)
			moment->unusable[order] = strtod(at, &at);
		text = at;
	}
}
