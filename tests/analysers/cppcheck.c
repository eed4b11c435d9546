/* SPDX-License-Identifier: MIT */
/* cppcheck.c - what cppcheck must find. "says:" marks the lines; scripts/tidy compares. */
#include <linux/types.h>

int beyond_the_end(void);
unsigned long shifted_too_far(u32 books);
int never_written(void);
int in_order(void);

int beyond_the_end(void)
{
	int books[4] = { 1, 2, 3, 4 };

	return books[4]; /* says: Array 'books[4]' accessed at index 4 */
}

unsigned long shifted_too_far(u32 books)
{
	return books << 32; /* says: Shifting 32-bit value by 32 bits */
}

int never_written(void)
{
	int books;

	return books; /* says: Uninitialized variable: books */
}

int in_order(void)
{
	int books[4] = { 1, 2, 3, 4 }, sum = 0;

	for (int i = 0; i < 4; i++)
		sum += books[i];
	return sum;
}
