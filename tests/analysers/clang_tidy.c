/* SPDX-License-Identifier: MIT */
/* clang_tidy.c - what clang-tidy must find. "says:" marks the lines; scripts/tidy compares. */
#include <linux/types.h>

struct shelf {
	int books;
};

int absent_and_read(const struct shelf *shelf);
bool same_twice(u32 books);
int without_end(int books);
int in_order(const struct shelf *shelf);
int not_always_counted(const struct shelf *shelf, unsigned int which);

int absent_and_read(const struct shelf *shelf)
{
	if (!shelf)
		return shelf->books; /* says: clang-analyzer-core.NullDereference */
	return 0;
}

bool same_twice(u32 books)
{
	return books > 1 && books > 1; /* says: misc-redundant-expression */
}

int without_end(int books)
{
	int shelves = 0;

	while (books > 0) /* says: bugprone-infinite-loop */
		shelves++;
	return shelves;
}

int in_order(const struct shelf *shelf)
{
	return shelf && shelf->books > 1 ? shelf->books : 0;
}

/* Seen only by who looks into functions that are not small. */
static void books_count(const struct shelf *shelf, unsigned int which, int *books)
{
	unsigned int thick = 0;

	if (which & 1)
		thick++;
	if (which & 2)
		thick += shelf[1].books > 3;
	if (which & 4)
		thick += shelf[2].books > 3;
	if (which & 8)
		thick += shelf[3].books > 3;
	if (thick > 2)
		*books = shelf->books;
}

int not_always_counted(const struct shelf *shelf, unsigned int which)
{
	int books;

	books_count(shelf, which, &books);
	return books; /* says: clang-analyzer-core.uninitialized.UndefReturn */
}
