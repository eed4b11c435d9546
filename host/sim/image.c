/* SPDX-License-Identifier: MIT */
/*
 * image.c - a machine as it was.
 *
 *	save	pages written so far -> image, by address; from now on each page that is written is noted anew
 *	restore	pages noted: back from the image, or cleared if the image has none
 *
 * At both, every frame's contents are at home and no CPU remembers an address of the window.
 */
#include <errno.h>
#include <stdlib.h>
#include "host/sim/sim.h"

struct saved {
	unsigned long page;		/* its address */
	unsigned long copy;		/* its number in contents */
};

struct image {
	unsigned long nr;
	struct saved *pages;		/* ascending */
	char *contents;
};

static int by_address(const void *a, const void *b)
{
	const struct saved *x = a, *y = b;

	return x->page < y->page ? -1 : x->page > y->page;
}

/* The image's copy of the page, or NULL. */
static const char *image_find(const struct image *image, unsigned long page)
{
	struct saved key = { page, 0 };
	const struct saved *found = bsearch(&key, image->pages, image->nr, sizeof(key), by_address);

	return found ? image->contents + (found->copy << PAGE_SHIFT) : NULL;
}

static void page_take(struct sim_machine *sm, unsigned long page)
{
	struct image *image = sm->image;

	raw_copy(image->contents + (image->nr << PAGE_SHIFT), (const void *)page, PAGE_SIZE);
	image->pages[image->nr] = (struct saved){ page, image->nr };
	image->nr++;
}

static void page_back(struct sim_machine *sm, unsigned long page)
{
	const char *copy = image_find(sm->image, page);

	*page_state_of(page) = 0;
	race_forget(page);
	if (copy)
		raw_copy((void *)page, copy, PAGE_SIZE);
	else
		raw_clear((void *)page, PAGE_SIZE);
}

void image_free(struct sim_machine *sm)
{
	struct image *image = sm->image;

	if (!image)
		return;
	for (unsigned long i = 0; i < image->nr; i++)
		arena_dirty(image->pages[i].page);
	sm->image = NULL;
	free(image->contents);
	free(image->pages);
	free(image);
}

int sim_save(struct machine *m)
{
	struct sim_machine *sm = sim_machine_of(m);
	struct image *image = calloc(1, sizeof(*image));
	unsigned long max;

	image_free(sm);
	max = arena_settle(sm);
	if (image) {
		image->pages = calloc(max, sizeof(*image->pages));
		image->contents = malloc(max << PAGE_SHIFT);
	}
	if (!image || !image->pages || !image->contents) {
		free(image ? image->pages : NULL);
		free(image);
		return -ENOMEM;
	}
	sm->image = image;
	arena_clean(sm, page_take);
	qsort(image->pages, image->nr, sizeof(*image->pages), by_address);
	return 0;
}

void sim_restore(struct machine *m)
{
	struct sim_machine *sm = sim_machine_of(m);

	if (sm->image)
		arena_clean(sm, page_back);
}
