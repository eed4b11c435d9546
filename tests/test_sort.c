/* SPDX-License-Identifier: MIT */
/*
 * test_sort.c - sorted means: in order, and the same elements. Every size, every input shape.
 */
#include "tests/ktap.h"

#include <linux/kernel.h>
#include <linux/sort.h>
#include <linux/string.h>

#define NR 100

static int compare_bytes(const void *a, const void *b)
{
	return memcmp(a, b, 1);
}

static int compare_with(const void *a, const void *b, const void *priv)
{
	return *(const int *)priv * (*(const int *)a - *(const int *)b);
}

/* The @i-th key of @num: rising, falling, all the same, or random from ever more. */
static unsigned char shaped_key(struct ktap *t, int shape, int i, int num)
{
	switch (shape) {
	case 0: return i;
	case 1: return num - i;
	case 2: return 7;
	}
	return ktap_random(t) % (shape * 20);
}

/* Elements of @size bytes: the key, then copies of it, which must come along. */
static void sort_elements(struct ktap *t, size_t size, int num, int shape)
{
	unsigned char data[NR * 24];
	int count[256] = { 0 };

	for (int i = 0; i < num; i++) {
		unsigned char key = shaped_key(t, shape, i, num);

		memset(data + i * size, key, size);
		count[key]++;
	}
	sort(data, num, size, compare_bytes, NULL);
	for (int i = 0; i < num; i++) {
		ASSERT(t, !i || data[i * size] >= data[(i - 1) * size]);
		ASSERT(t, !memchr_inv(data + i * size, data[i * size], size));
		count[data[i * size]]--;
	}
	ASSERT(t, !memchr_inv(count, 0, sizeof(count)));
}

static void every_size_and_shape_is_sorted(struct ktap *t)
{
	static const size_t sizes[] = { 1, 2, 3, 4, 8, 12, 16, 24 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (int num = 0; num <= NR; num += num < 10 ? 1 : 9) {
			for (int shape = 0; shape < 6; shape++)
				sort_elements(t, sizes[i], num, shape);
		}
	}
}

static int nr_swaps;

static void swap_ints(void *a, void *b, int size, const void *priv)
{
	(void)size;
	(void)priv;
	nr_swaps++;
	swap(*(int *)a, *(int *)b);
}

static void private_data_reaches_the_comparison(struct ktap *t)
{
	int values[] = { 3, 1, 4, 1, 5, 9, 2, 6 }, direction = -1;

	nr_swaps = 0;
	sort_r(values, ARRAY_SIZE(values), sizeof(int), compare_with, swap_ints, &direction);
	for (size_t i = 1; i < ARRAY_SIZE(values); i++)
		EXPECT_GE(t, values[i - 1], values[i]);
	EXPECT_GT(t, nr_swaps, 0);
}

static int compare_ints(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void swap_counted(void *a, void *b, int size)
{
	swap_ints(a, b, size, NULL);
}

static void own_swaps_are_used(struct ktap *t)
{
	int values[] = { 3, 1, 2 };

	nr_swaps = 0;
	sort(values, ARRAY_SIZE(values), sizeof(int), compare_ints, swap_counted);
	EXPECT(t, values[0] == 1 && values[1] == 2 && values[2] == 3);
	EXPECT_GT(t, nr_swaps, 0);
}

KTAP_SUITE(sort,
	KTAP_CASE(every_size_and_shape_is_sorted),
	KTAP_CASE(private_data_reaches_the_comparison),
	KTAP_CASE(own_swaps_are_used));
