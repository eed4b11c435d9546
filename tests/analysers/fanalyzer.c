/* SPDX-License-Identifier: MIT */
/* fanalyzer.c - what gcc -fanalyzer must find. "says:" marks the lines; scripts/tidy compares. */
#include <stdlib.h>

struct shelf {
	int books;
};

int freed_and_read(void);
int absent_and_read(const struct shelf *shelf);
int never_written(int wanted);
void freed_twice(struct shelf *shelf);
int in_order(const struct shelf *shelf);

int freed_and_read(void)
{
	struct shelf *shelf = calloc(1, sizeof(*shelf));

	if (!shelf)
		return 0;
	free(shelf);
	return shelf->books; /* says: use after 'free' of 'shelf' */
}

static const struct shelf *known(const struct shelf *shelf)
{
	return shelf && shelf->books ? shelf : NULL;
}

int absent_and_read(const struct shelf *shelf)
{
	return known(shelf)->books; /* says: dereference of NULL */
}

int in_order(const struct shelf *shelf)
{
	return known(shelf) ? known(shelf)->books : 0;
}

int never_written(int wanted)
{
	int books;

	if (wanted > 0)
		books = wanted;
	return books; /* says: use of uninitialized value 'books' */
}

void freed_twice(struct shelf *shelf)
{
	if (shelf->books)
		free(shelf);
	free(shelf); /* says: double-'free' of 'shelf' */
}
