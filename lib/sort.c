/* SPDX-License-Identifier: MIT */
/*
 * sort.c - heapsort.
 *
 *	[ heap, greatest first | sorted, greatest last ]	children of i: 2i + 1, 2i + 2
 *
 * After Williams and Floyd (1964). Elements move by swaps only, so that a caller may track them.
 */
#include <linux/sort.h>
#include <linux/types.h>

struct sorter {
	char *base;
	size_t size;
	cmp_r_func_t compare;
	swap_r_func_t swap;	/* NULL: bytes */
	const void *priv;
};

static void swap_bytes(char *a, char *b, size_t size)
{
	while (size--) {
		char byte = *a;

		*a++ = *b;
		*b++ = byte;
	}
}

static void swap_words(char *a, char *b, size_t size)
{
	for (size_t at = 0; at < size; at += sizeof(long)) {
		long x, y;

		__builtin_memcpy(&x, a + at, sizeof(x));
		__builtin_memcpy(&y, b + at, sizeof(y));
		__builtin_memcpy(a + at, &y, sizeof(y));
		__builtin_memcpy(b + at, &x, sizeof(x));
	}
}

static void exchange(const struct sorter *sorter, size_t i, size_t j)
{
	char *a = sorter->base + i * sorter->size, *b = sorter->base + j * sorter->size;

	if (sorter->swap)
		sorter->swap(a, b, (int)sorter->size, sorter->priv);
	else if (sorter->size % sizeof(long))
		swap_bytes(a, b, sorter->size);
	else
		swap_words(a, b, sorter->size);
}

static bool is_less(const struct sorter *sorter, size_t i, size_t j)
{
	return sorter->compare(sorter->base + i * sorter->size, sorter->base + j * sorter->size, sorter->priv) < 0;
}

/* The subtrees below @root are heaps of the first @num elements: make @root's one. */
static void sift_down(const struct sorter *sorter, size_t root, size_t num)
{
	size_t child;

	while ((child = 2 * root + 1) < num) {
		if (child + 1 < num && is_less(sorter, child, child + 1))
			child++;
		if (!is_less(sorter, root, child))
			return;
		exchange(sorter, root, child);
		root = child;
	}
}

void sort_r(void *base, size_t num, size_t size, cmp_r_func_t cmp, swap_r_func_t swap, const void *priv)
{
	struct sorter sorter = { base, size, cmp, swap, priv };

	for (size_t root = num / 2; root-- > 0;)
		sift_down(&sorter, root, num);
	while (num > 1) {
		num--;
		exchange(&sorter, 0, num);
		sift_down(&sorter, 0, num);
	}
}

/* The functions of sort(), for sort_r() to hand on. */
struct plain {
	cmp_func_t compare;
	swap_func_t swap;
};

static int plain_compare(const void *a, const void *b, const void *priv)
{
	return ((const struct plain *)priv)->compare(a, b);
}

static void plain_swap(void *a, void *b, int size, const void *priv)
{
	((const struct plain *)priv)->swap(a, b, size);
}

void sort(void *base, size_t num, size_t size, cmp_func_t cmp, swap_func_t swap)
{
	struct plain plain = { cmp, swap };

	sort_r(base, num, size, plain_compare, swap ? plain_swap : NULL, &plain);
}
