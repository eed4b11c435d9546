/* SPDX-License-Identifier: MIT */
/*
 * overflow.c - <linux/overflow.h>, of every size_t.
 *
 *	- size_mul (array_size), size_add, size_sub, array3_size, struct_size: the true result, or SIZE_MAX if it does
 *	  not fit; of a difference also if a side is SIZE_MAX already
 *
 * check_*_overflow() are the compiler's builtins; of those Frama-C has contracts, on which this rests.
 */
#define __builtin_mul_overflow(a, b, d) __builtin_umull_overflow(a, b, d)
#define __builtin_add_overflow(a, b, d) __builtin_uaddl_overflow(a, b, d)
#include <linux/overflow.h>
#include "tests/proofs/proofs.h"

#undef __must_be_array	/* Frama-C has no type of a flexible array */
#define __must_be_array(a) 0

#define MOST 0xffffffffffffffff	/* SIZE_MAX; in ACSL, ~0 is -1 */

#ifdef BROKEN
#define size_mul(a, b) ((a) * (b))
#define size_add(a, b) size_add(a, (b) & ~1ul)
#define size_sub(a, b) ((a) - (b))
#endif

/*@ ensures a * b <= MOST ==> \result == a * b;
    ensures a * b > MOST ==> \result == MOST; */
size_t prove_product_saturates(size_t a, size_t b)
{
	return size_mul(a, b);
}

/*@ ensures a + b <= MOST ==> \result == a + b;
    ensures a + b > MOST ==> \result == MOST; */
size_t prove_sum_saturates(size_t a, size_t b)
{
	return size_add(a, b);
}

/*@ ensures 0 <= a - b && a < MOST && b < MOST ==> \result == a - b;
    ensures b > a || a == MOST || b == MOST ==> \result == MOST; */
size_t prove_difference_saturates(size_t a, size_t b)
{
	return size_sub(a, b);
}

/*@ ensures a * b * c <= MOST ==> \result == a * b * c;
    ensures a * b * c > MOST ==> \result == MOST; */
size_t prove_product_of_three_saturates(size_t a, size_t b, size_t c)
{
	return array3_size(a, b, c);
}

struct shelf {
	int nr;
	u32 books[];
};

/*@ ensures sizeof(struct shelf) + 4 * nr <= MOST ==> \result == sizeof(struct shelf) + 4 * nr;
    ensures sizeof(struct shelf) + 4 * nr > MOST ==> \result == MOST; */
size_t prove_structure_saturates(size_t nr)
{
	struct shelf *shelf = NULL;

	return struct_size(shelf, books, nr);
}
