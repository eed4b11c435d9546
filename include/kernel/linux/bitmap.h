/* SPDX-License-Identifier: MIT */
/*
 * linux/bitmap.h - arrays of bits as sets.
 *
 * A bitmap of nbits lies in BITS_TO_LONGS(nbits) longs. Bits past nbits in the last word may hold
 * anything: no answer depends on them. Nothing here is atomic. Lock: the caller's.
 * Source: core-api/kernel-api.rst, "Bitmap Operations".
 */
#ifndef _LINUX_BITMAP_H
#define _LINUX_BITMAP_H

#include <linux/bitops.h>
#include <linux/types.h>

#define BITMAP_FIRST_WORD_MASK(start)	(~0ul << ((start) & (BITS_PER_LONG - 1)))
#define BITMAP_LAST_WORD_MASK(nbits)	(~0ul >> (-(nbits) & (BITS_PER_LONG - 1)))
#define bitmap_size(nbits)		(BITS_TO_LONGS(nbits) * sizeof(long))

/* Whole words are written: 0, 1, the source's, or (clear_tail) the source's with 0 past nbits. */
void bitmap_zero(unsigned long *dst, unsigned int nbits);
void bitmap_fill(unsigned long *dst, unsigned int nbits);
void bitmap_copy(unsigned long *dst, const unsigned long *src, unsigned int nbits);
void bitmap_copy_clear_tail(unsigned long *dst, const unsigned long *src, unsigned int nbits);

/* Change the bits [start, start + nbits) and no other. */
void bitmap_set(unsigned long *map, unsigned int start, unsigned int nbits);
void bitmap_clear(unsigned long *map, unsigned int start, unsigned int nbits);

/* dst may be a source. bitmap_and and bitmap_andnot return whether any bit of the result is set. */
bool bitmap_and(unsigned long *dst, const unsigned long *a, const unsigned long *b, unsigned int nbits);
bool bitmap_andnot(unsigned long *dst, const unsigned long *a, const unsigned long *b, unsigned int nbits);
void bitmap_or(unsigned long *dst, const unsigned long *a, const unsigned long *b, unsigned int nbits);
void bitmap_xor(unsigned long *dst, const unsigned long *a, const unsigned long *b, unsigned int nbits);
void bitmap_complement(unsigned long *dst, const unsigned long *src, unsigned int nbits);
void bitmap_replace(unsigned long *dst, const unsigned long *old, const unsigned long *replacement,
		    const unsigned long *mask, unsigned int nbits);
void bitmap_shift_left(unsigned long *dst, const unsigned long *src, unsigned int shift, unsigned int nbits);
void bitmap_shift_right(unsigned long *dst, const unsigned long *src, unsigned int shift, unsigned int nbits);

unsigned int bitmap_weight(const unsigned long *src, unsigned int nbits);
unsigned int bitmap_weight_and(const unsigned long *a, const unsigned long *b, unsigned int nbits);
bool bitmap_equal(const unsigned long *a, const unsigned long *b, unsigned int nbits);
bool bitmap_intersects(const unsigned long *a, const unsigned long *b, unsigned int nbits);
/* Every bit of @a is in @b. */
bool bitmap_subset(const unsigned long *a, const unsigned long *b, unsigned int nbits);

static inline bool bitmap_empty(const unsigned long *src, unsigned int nbits)
{
	return find_first_bit(src, nbits) >= nbits;
}

static inline bool bitmap_full(const unsigned long *src, unsigned int nbits)
{
	return find_first_zero_bit(src, nbits) >= nbits;
}

/*
 * The first place at or after @start where @nr bits are clear and (place + @align_offset) is a multiple
 * of @align_mask + 1; more than @size - @nr if there is none.
 */
unsigned long bitmap_find_next_zero_area_off(unsigned long *map, unsigned long size, unsigned long start,
					     unsigned int nr, unsigned long align_mask,
					     unsigned long align_offset);

static inline unsigned long bitmap_find_next_zero_area(unsigned long *map, unsigned long size,
						       unsigned long start, unsigned int nr,
						       unsigned long align_mask)
{
	return bitmap_find_next_zero_area_off(map, size, start, nr, align_mask, 0);
}

/* Runs of 2^order bits at multiples of their length. find: first bit, now set, or -ENOMEM. allocate: 0 or -EBUSY. */
int bitmap_find_free_region(unsigned long *bitmap, unsigned int bits, int order);
void bitmap_release_region(unsigned long *bitmap, unsigned int pos, int order);
int bitmap_allocate_region(unsigned long *bitmap, unsigned int pos, int order);

/*
 * Read a list such as "0-3,8,16-31:2/4" ("all"; "N" is the last bit; after ':' take the first 2 of every 4).
 * 0, or -EINVAL for other text, -ERANGE for a bit >= nbits, -EOVERFLOW for a number beyond 32 bits.
 * On error the bitmap holds a part of the list.
 */
int bitmap_parselist(const char *list, unsigned long *maskp, int nbits);

#endif
