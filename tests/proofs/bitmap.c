/* SPDX-License-Identifier: MIT */
/*
 * bitmap.c - single bits of <linux/bitops.h> and the masks of <linux/bitmap.h>, of every word; bits as in PROVE_EACH().
 *
 *	- __set_bit, __clear_bit, __change_bit: the bit is 1, 0, the other one; none above or below it changes
 *	- test_bit says what the bit is
 *	- BITMAP_FIRST_WORD_MASK(k) keeps the bits from k on, BITMAP_LAST_WORD_MASK(k) those below k (all of them for
 *	  0), and so for numbers of bits of later words
 *
 * Volatile words are taken for ordinary ones: these calls are for one CPU at a time.
 * Options: -rte-no-mem
 */
#include <linux/bitmap.h>
#include "tests/proofs/proofs.h"

#ifdef BROKEN
#define __set_bit(nr, map) __set_bit(nr, (*(map) |= 1, (map)))
#undef BITMAP_LAST_WORD_MASK
#define BITMAP_LAST_WORD_MASK(nbits) ((1ul << ((nbits) & 63)) - 1)
#endif

/*@ requires y / (1 << k) / 2 == x / (1 << k) / 2;
    requires y / (1 << k) % 2 == (bit ? 1 : 0);
    requires y % (1 << k) == x % (1 << k);
    assigns \nothing; */
void must_differ_at(unsigned long x, unsigned long y, int k, bool bit);

/*@ requires y == (x / (1 << k)) * (1 << k);
    assigns \nothing; */
void must_be_from(unsigned long x, unsigned long y, int k);

/*@ requires y == (k ? x % (1 << k) : x);
    assigns \nothing; */
void must_be_below(unsigned long x, unsigned long y, int k);

#define PROVE(k) \
void prove_bit_##k(unsigned long x) \
{ \
	unsigned long set = x, clear = x, change = x; \
	bool bit = x / (1ul << k) % 2; \
\
	__set_bit(k, &set); \
	__clear_bit(k, &clear); \
	__change_bit(k, &change); \
	bits_of(x, k); \
	must_differ_at(x, set, k, true); \
	must_differ_at(x, clear, k, false); \
	must_differ_at(x, change, k, !bit); \
	bits_of(x >> k, 0); \
	must(test_bit(k, &x) == bit); \
} \
\
void prove_masks_##k(unsigned long x) \
{ \
	bits_of(x, k); \
	must_be_from(x, x & BITMAP_FIRST_WORD_MASK(k + 128ul), k); \
	must_be_below(x, x & BITMAP_LAST_WORD_MASK(k + 128ul), k); \
}

PROVE_EACH(PROVE)
