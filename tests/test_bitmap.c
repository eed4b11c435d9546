/* SPDX-License-Identifier: MIT */
/*
 * test_bitmap.c - bit searches and sets against a model of one byte a bit.
 *
 * Every random bitmap has junk behind its last bit: no answer may depend on it.
 */
#include "tests/ktap.h"

#include <linux/bitmap.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#define BITS 300
#define WORDS BITS_TO_LONGS(BITS)

/* A bitmap and its model. */
struct pair {
	unsigned long map[WORDS + 1];
	unsigned char bit[BITS];
};

/* Sparse, dense or in runs, as @shape says; junk behind @nbits. */
static void pair_fill(struct ktap *t, struct pair *pair, unsigned int nbits, int shape)
{
	bool value = false;

	for (unsigned int i = 0; i <= WORDS; i++)
		pair->map[i] = ktap_random(t);
	for (unsigned int i = 0; i < nbits; i++) {
		unsigned int roll = ktap_random(t) % 100;

		value = shape == 0 ? roll < 2 : shape == 1 ? roll >= 2 : shape == 2 ? roll < 50 :
			roll < 3 ? !value : value;
		pair->bit[i] = value;
		__assign_bit(i, pair->map, value);
	}
}

static bool pair_agrees(const struct pair *pair, unsigned int nbits)
{
	for (unsigned int i = 0; i < nbits; i++) {
		if (test_bit(i, pair->map) != pair->bit[i])
			return false;
	}
	return true;
}

static unsigned int model_next(const struct pair *pair, unsigned int nbits, unsigned int from, bool value)
{
	while (from < nbits && pair->bit[from] != value)
		from++;
	return min(from, nbits);
}

static unsigned int model_next_wrap(const struct pair *pair, unsigned int nbits, unsigned int from)
{
	unsigned int bit = model_next(pair, nbits, from, true);

	return bit < nbits ? bit : model_next(pair, nbits, 0, true);
}

static void searches_equal_the_model(struct ktap *t)
{
	struct pair a, b;

	for (int round = 0; round < 2000; round++) {
		unsigned int nbits = 1 + ktap_random(t) % BITS, from = ktap_random(t) % (nbits + 2), last = nbits;
		unsigned int both = nbits, only = nbits, weight = 0;

		pair_fill(t, &a, nbits, round % 4);
		pair_fill(t, &b, nbits, (round / 4) % 4);
		for (unsigned int i = nbits; i-- > 0;) {
			if (a.bit[i] && last == nbits)
				last = i;
			weight += a.bit[i];
			if (i >= from && a.bit[i] && b.bit[i])
				both = i;
			if (i >= from && a.bit[i] && !b.bit[i])
				only = i;
		}
		ASSERT_EQ(t, find_first_bit(a.map, nbits), model_next(&a, nbits, 0, true));
		ASSERT_EQ(t, find_first_zero_bit(a.map, nbits), model_next(&a, nbits, 0, false));
		ASSERT_EQ(t, find_next_bit(a.map, nbits, from), model_next(&a, nbits, from, true));
		ASSERT_EQ(t, find_next_zero_bit(a.map, nbits, from), model_next(&a, nbits, from, false));
		ASSERT_EQ(t, find_last_bit(a.map, nbits), last);
		ASSERT_EQ(t, find_next_bit_wrap(a.map, nbits, from), model_next_wrap(&a, nbits, from));
		ASSERT_EQ(t, find_next_and_bit(a.map, b.map, nbits, from), both);
		ASSERT_EQ(t, find_next_andnot_bit(a.map, b.map, nbits, from), only);
		ASSERT_EQ(t, bitmap_weight(a.map, nbits), weight);
		ASSERT_EQ(t, bitmap_empty(a.map, nbits), weight == 0);
		ASSERT_EQ(t, bitmap_full(a.map, nbits), weight == nbits);
		ASSERT_EQ(t, find_nth_bit(a.map, nbits, weight), nbits);
		if (weight)
			ASSERT_EQ(t, find_nth_bit(a.map, nbits, weight - 1), last);
	}
}

static void set_and_clear_change_only_their_range(struct ktap *t)
{
	struct pair a;

	pair_fill(t, &a, BITS, 2);
	for (int round = 0; round < 2000; round++) {
		unsigned int start = ktap_random(t) % BITS, count = ktap_random(t) % (BITS - start + 1);
		bool value = ktap_random(t) & 1;

		value ? bitmap_set(a.map, start, count) : bitmap_clear(a.map, start, count);
		memset(a.bit + start, value, count);
		ASSERT(t, pair_agrees(&a, BITS));
	}
}

static void operations_equal_the_model(struct ktap *t)
{
	struct pair a, b, r;

	for (int round = 0; round < 500; round++) {
		unsigned int nbits = 1 + ktap_random(t) % BITS;
		bool intersects = false, subset = true, equal = true;

		pair_fill(t, &a, nbits, round % 4);
		pair_fill(t, &b, nbits, round / 4 % 4);
		if (round % 8 == 0)
			memcpy(&b, &a, sizeof(a));
		b.map[WORDS] = ~a.map[WORDS];
		for (unsigned int i = 0; i < nbits; i++) {
			intersects |= a.bit[i] && b.bit[i];
			subset &= !a.bit[i] || b.bit[i];
			equal &= a.bit[i] == b.bit[i];
			r.bit[i] = a.bit[i] & b.bit[i];
		}
		ASSERT_EQ(t, bitmap_intersects(a.map, b.map, nbits), intersects);
		ASSERT_EQ(t, bitmap_subset(a.map, b.map, nbits), subset);
		ASSERT_EQ(t, bitmap_equal(a.map, b.map, nbits), equal);
		ASSERT_EQ(t, bitmap_and(r.map, a.map, b.map, nbits), intersects);
		ASSERT(t, pair_agrees(&r, nbits));
		for (unsigned int i = 0; i < nbits; i++)
			r.bit[i] = a.bit[i] | b.bit[i];
		bitmap_or(r.map, a.map, b.map, nbits);
		ASSERT(t, pair_agrees(&r, nbits));
		for (unsigned int i = 0; i < nbits; i++)
			r.bit[i] = a.bit[i] ^ b.bit[i];
		bitmap_xor(r.map, a.map, b.map, nbits);
		ASSERT(t, pair_agrees(&r, nbits));
		for (unsigned int i = 0; i < nbits; i++)
			r.bit[i] = a.bit[i] & !b.bit[i];
		ASSERT_EQ(t, bitmap_andnot(r.map, a.map, b.map, nbits), !subset);
		ASSERT(t, pair_agrees(&r, nbits));
		for (unsigned int i = 0; i < nbits; i++)
			r.bit[i] = !a.bit[i];
		bitmap_complement(r.map, a.map, nbits);
		ASSERT(t, pair_agrees(&r, nbits));
		for (unsigned int i = 0; i < nbits; i++)
			r.bit[i] = b.bit[i] ? !a.bit[i] : a.bit[i];
		bitmap_replace(r.map, a.map, r.map, b.map, nbits);
		ASSERT(t, pair_agrees(&r, nbits));
	}
}

static void shifts_equal_the_model(struct ktap *t)
{
	struct pair a, r;

	for (int round = 0; round < 1000; round++) {
		unsigned int nbits = 1 + ktap_random(t) % BITS, shift = ktap_random(t) % (nbits + 1);

		pair_fill(t, &a, nbits, 2);
		for (unsigned int i = 0; i < nbits; i++)
			r.bit[i] = i >= shift ? a.bit[i - shift] : 0;
		bitmap_shift_left(r.map, a.map, shift, nbits);
		ASSERT(t, pair_agrees(&r, nbits));
		for (unsigned int i = 0; i < nbits; i++)
			r.bit[i] = i + shift < nbits ? a.bit[i + shift] : 0;
		bitmap_shift_right(a.map, a.map, shift, nbits);
		memcpy(r.map, a.map, sizeof(r.map));
		ASSERT(t, pair_agrees(&r, nbits));
	}
}

static unsigned int model_zero_area(const struct pair *pair, unsigned int nbits, unsigned int from,
				    unsigned int nr, unsigned int mask)
{
	for (; from + nr <= nbits; from++) {
		if (!(from & mask) && model_next(pair, from + nr, from, true) == from + nr)
			return from;
	}
	return ~0u;
}

static void zero_areas_equal_the_model(struct ktap *t)
{
	struct pair a;

	for (int round = 0; round < 2000; round++) {
		unsigned int nbits = 1 + ktap_random(t) % BITS, nr = 1 + ktap_random(t) % 20;
		unsigned int mask = (1 << ktap_random(t) % 5) - 1, from = ktap_random(t) % nbits, want;
		unsigned long got;

		pair_fill(t, &a, nbits, round % 2 ? 3 : 0);
		want = model_zero_area(&a, nbits, from, nr, mask);
		got = bitmap_find_next_zero_area(a.map, nbits, from, nr, mask);
		if (want == ~0u)
			ASSERT(t, got + nr > nbits);
		else
			ASSERT_EQ(t, got, want);
	}
}

static void whole_words_are_copied_and_filled(struct ktap *t)
{
	unsigned long a[3] = { ~0ul, ~0ul, ~0ul }, b[3] = { 0 };

	bitmap_zero(a, 1);
	EXPECT_EQ(t, a[0], 0);
	EXPECT_EQ(t, a[1], ~0ul);
	bitmap_fill(b, BITS_PER_LONG + 1);
	EXPECT_EQ(t, b[1], ~0ul);
	EXPECT_EQ(t, b[2], 0);
	bitmap_copy(a, b, 1);
	EXPECT_EQ(t, a[0], ~0ul);
	bitmap_copy_clear_tail(a, b, BITS_PER_LONG + 3);
	EXPECT_EQ(t, a[1], 7);
	EXPECT_EQ(t, a[2], ~0ul);
	bitmap_copy_clear_tail(a, b, BITS_PER_LONG);	/* no tail */
	EXPECT_EQ(t, a[0], b[0]);
	EXPECT_EQ(t, a[1], 7);
}

static void regions_are_taken_and_given_back(struct ktap *t)
{
	DECLARE_BITMAP(map, 64) = { 0 };

	EXPECT_EQ(t, bitmap_find_free_region(map, 64, 0), 0);
	EXPECT_EQ(t, bitmap_find_free_region(map, 64, 4), 16);
	EXPECT_EQ(t, bitmap_allocate_region(map, 16, 3), -EBUSY);
	EXPECT_EQ(t, bitmap_find_free_region(map, 64, 6), -ENOMEM);
	EXPECT_EQ(t, bitmap_find_free_region(map, 63, 6), -ENOMEM);	/* none is so long */
	bitmap_fill(map, 64);
	EXPECT_EQ(t, bitmap_find_free_region(map, 64, 0), -ENOMEM);
	bitmap_zero(map, 64);
	map[0] = 1;
	EXPECT_EQ(t, bitmap_find_free_region(map, 64, 4), 16);
	bitmap_release_region(map, 16, 4);
	EXPECT_EQ(t, bitmap_allocate_region(map, 16, 3), 0);
	EXPECT_EQ(t, bitmap_weight(map, 64), 9);
}

static void single_bits_and_words(struct ktap *t)
{
	unsigned long map[2] = { 0 };

	for (unsigned int i = 0; i < BITS_PER_LONG; i++) {
		EXPECT_EQ(t, __ffs(~0ul << i), i);
		EXPECT_EQ(t, __fls(~0ul >> i), BITS_PER_LONG - 1 - i);
		EXPECT_EQ(t, ffz((1ul << i) - 1), i);
		EXPECT_EQ(t, hweight_long(~0ul >> i), BITS_PER_LONG - i);
		EXPECT_EQ(t, GENMASK(i, i), BIT(i));
	}
	EXPECT_EQ(t, ffs(0), 0);
	EXPECT_EQ(t, ffs(0x80), 8);
	EXPECT_EQ(t, fls(0), 0);
	EXPECT_EQ(t, fls(0x80000000u), 32);
	EXPECT_EQ(t, fls64(1ull << 63), 64);
	EXPECT_EQ(t, fls64(0), 0);
	EXPECT_EQ(t, hweight64(0x8000000000000001ull), 2);
	EXPECT_EQ(t, hweight16(0x1ffff), 16);
	EXPECT_EQ(t, GENMASK_ULL(39, 21), 0x000000ffffe00000ull);
	EXPECT_EQ(t, sign_extend32(0xff, 7), -1);
	EXPECT_EQ(t, rol32(0x80000001u, 0), 0x80000001u);
	EXPECT_EQ(t, ror64(1, 1), 1ull << 63);
	EXPECT(t, !test_and_set_bit(BITS_PER_LONG + 1, map));
	EXPECT(t, test_and_set_bit(BITS_PER_LONG + 1, map));
	EXPECT_EQ(t, map[1], 2);
	EXPECT(t, test_and_clear_bit(BITS_PER_LONG + 1, map));
	EXPECT(t, !test_and_change_bit(3, map));
	clear_bit_unlock(3, map);
	EXPECT_EQ(t, map[0] | map[1], 0);
}

static void walks_visit_each_bit_and_run(struct ktap *t)
{
	DECLARE_BITMAP(map, 200) = { 0 };
	unsigned int bit, sum = 0, b, e;

	bitmap_set(map, 10, 3);
	bitmap_set(map, 199, 1);
	for_each_set_bit(bit, map, 200)
		sum += bit;
	EXPECT_EQ(t, sum, 10 + 11 + 12 + 199);
	sum = 0;
	for_each_set_bitrange(b, e, map, 200)
		sum += e - b;
	EXPECT_EQ(t, sum, 4);
	sum = 0;
	for_each_clear_bit(bit, map, 200)
		sum++;
	EXPECT_EQ(t, sum, 196);
}

static void lists_are_read(struct ktap *t)
{
	static const struct {
		const char *text, *bits;
		int error;
	} table[] = {
		{ "", "", 0 },
		{ "0", "0", 0 },
		{ "0-3,8, 10-11\n", "0-3,8,10-11", 0 },
		{ "all", "0-99", 0 },
		{ "N", "99", 0 },
		{ "90-N", "90-99", 0 },
		{ "0-31:2/4", "0-1,4-5,8-9,12-13,16-17,20-21,24-25,28-29", 0 },
		{ "0-9:20/20", "0-9", 0 },
		{ ",,5,,", "5", 0 },
		{ "100", NULL, -ERANGE },
		{ "3-1", NULL, -EINVAL },
		{ "1-", NULL, -EINVAL },
		{ "-1", NULL, -EINVAL },
		{ "a", NULL, -EINVAL },
		{ "0-5:3/2", NULL, -EINVAL },
		{ "0-5:0/0", NULL, -EINVAL },
		{ "0-5:2", NULL, -EINVAL },
		{ "0-5:2/4x", NULL, -EINVAL },
		{ "1x", NULL, -EINVAL },
		{ "1-2x", NULL, -EINVAL },
		{ "0-5:", NULL, -EINVAL },
		{ "0-5:2x4", NULL, -EINVAL },
		{ "0-5:2/", NULL, -EINVAL },
		{ "99999999999999999999", NULL, -EOVERFLOW },
		{ "0-4294967296", NULL, -EOVERFLOW },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		DECLARE_BITMAP(map, 100);
		char text[200];

		EXPECT_EQ(t, bitmap_parselist(table[i].text, map, 100), table[i].error);
		if (table[i].error)
			continue;
		snprintf(text, sizeof(text), "%*pbl", 100, map);
		EXPECT_STR(t, text, table[i].bits);
	}
}

KTAP_SUITE(bitmap,
	KTAP_CASE(searches_equal_the_model),
	KTAP_CASE(set_and_clear_change_only_their_range),
	KTAP_CASE(operations_equal_the_model),
	KTAP_CASE(shifts_equal_the_model),
	KTAP_CASE(zero_areas_equal_the_model),
	KTAP_CASE(whole_words_are_copied_and_filled),
	KTAP_CASE(regions_are_taken_and_given_back),
	KTAP_CASE(single_bits_and_words),
	KTAP_CASE(walks_visit_each_bit_and_run),
	KTAP_CASE(lists_are_read));
