/* SPDX-License-Identifier: MIT */
/*
 * test_overflow.c - arithmetic at its edges: overflow.h, minmax.h, math.h, math64.h, log2.h, align.h, err.h, hash.h.
 */
#include "tests/ktap.h"

#include <linux/err.h>
#include <linux/errno.h>
#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/overflow.h>

/* 8-bit arithmetic whole, against ints. */
static void small_sums_exhaustively(struct ktap *t)
{
	for (int a = -128; a < 256; a++) {
		for (int b = -128; b < 256; b++) {
			s8 s;
			u8 u;

			ASSERT_EQ(t, check_add_overflow(a, b, &s), a + b < -128 || a + b > 127);
			ASSERT_EQ(t, s, (s8)(a + b));
			ASSERT_EQ(t, check_sub_overflow(a, b, &u), a - b < 0 || a - b > 255);
			ASSERT_EQ(t, check_mul_overflow(a, b, &u), a * b < 0 || a * b > 255);
			ASSERT_EQ(t, u, (u8)(a * b));
		}
	}
}

static void shifts_exhaustively(struct ktap *t)
{
	for (int a = -128; a < 256; a++) {
		for (int by = -1; by < 10; by++) {
			long long wide = a < 0 || by < 0 ? -1 : (long long)a << by;
			s8 s;
			u8 u;

			ASSERT_EQ(t, check_shl_overflow(a, by, &u), by > 7 || wide < 0 || wide > 255);
			ASSERT(t, wide < 0 || wide > 255 || by > 7 || u == wide);
			ASSERT_EQ(t, check_shl_overflow(a, by, &s), by > 7 || wide < 0 || wide > 127);
		}
	}
}

struct flexible {
	u32 count;
	u64 items[];
};

static void sizes_saturate(struct ktap *t)
{
	struct flexible *p = NULL;

	EXPECT_EQ(t, array_size(3, 5), 15);
	EXPECT_EQ(t, array_size(SIZE_MAX / 2 + 1, 2), SIZE_MAX);
	EXPECT_EQ(t, array3_size(SIZE_MAX, 2, 0), 0);
	EXPECT_EQ(t, array3_size(SIZE_MAX / 2, 2, 2), SIZE_MAX);
	EXPECT_EQ(t, size_add(SIZE_MAX, 1), SIZE_MAX);
	EXPECT_EQ(t, size_sub(5, 3), 2);
	EXPECT_EQ(t, size_sub(3, 5), SIZE_MAX);
	EXPECT_EQ(t, size_sub(SIZE_MAX, 5), SIZE_MAX);
	EXPECT_EQ(t, struct_size(p, items, 4), sizeof(struct flexible) + 32);
	EXPECT_EQ(t, struct_size(p, items, SIZE_MAX / 8 + 1), SIZE_MAX);
	EXPECT_EQ(t, flex_array_size(p, items, 3), 24);
	EXPECT(t, overflows_type(256, u8) && !overflows_type(255, u8) && overflows_type(-1, u32));
}

static void least_and_greatest(struct ktap *t)
{
	static const char constant[max(3, 5)];
	int calls = 0;
	size_t size = 7;

	EXPECT_EQ(t, sizeof(constant), 5);
	EXPECT_EQ(t, min(++calls, 10), 1);
	EXPECT_EQ(t, calls, 1);
	EXPECT_EQ(t, min(size, 5), 5);
	EXPECT_EQ(t, max3(1, 9, 4), 9);
	EXPECT_EQ(t, clamp(15, 1, 9), 9);
	EXPECT_EQ(t, clamp_val(size, 10, 20), 10);
	EXPECT_EQ(t, min_not_zero(0, 4), 4);
	EXPECT_EQ(t, min_t(unsigned int, -1, 4), 4);
	EXPECT(t, min(&constant[1], &constant[2]) == &constant[1]);
}

static void ranges(struct ktap *t)
{
	u8 small = 50;
	int calls = 0;

	EXPECT(t, in_range(5, 5, 1) && in_range(9u, 5, 5) && !in_range(10, 5, 5) && !in_range(4, 5, 5));
	EXPECT(t, !in_range(5, 5, 0));
	EXPECT(t, !in_range(small, 300, 10));			/* 300 is no number of eight bits */
	EXPECT(t, in_range(0x100000001ull, 0x100000000ull, 2u) && !in_range(1u, 0x100000000ull, 2ull));
	EXPECT(t, in_range(2u, ~0u, 4u));
	EXPECT(t, in_range(calls++, 0, 3));
	EXPECT_EQ(t, calls, 1);
}

static void rounding(struct ktap *t)
{
	EXPECT_EQ(t, round_up(4097ul, 4096), 8192);
	EXPECT_EQ(t, round_up(0ul, 4096), 0);
	EXPECT_EQ(t, round_down(8191u, 4096), 4096);
	EXPECT_EQ(t, round_up(0x100000001ull, 4096), 0x100001000ull);
	EXPECT_EQ(t, ALIGN(0x1001ull, 0x1000), 0x2000);
	EXPECT_EQ(t, roundup(10, 3), 12);
	EXPECT_EQ(t, rounddown(10, 3), 9);
	EXPECT_EQ(t, DIV_ROUND_UP(10, 3), 4);
	EXPECT_EQ(t, DIV_ROUND_CLOSEST(-7, 2), -4);
	EXPECT_EQ(t, DIV_ROUND_CLOSEST(7u, 2u), 4);
	EXPECT_EQ(t, mult_frac(~0u, 3u, 4u), 3221225471u);
	EXPECT_EQ(t, abs(-5), 5);
	EXPECT(t, IS_ALIGNED(64, 16) && !IS_ALIGNED(65, 16));
}

static void powers_of_two(struct ktap *t)
{
	static const char constant[roundup_pow_of_two(33)];

	EXPECT_EQ(t, sizeof(constant), 64);
	EXPECT(t, !is_power_of_2(0) && is_power_of_2(1) && !is_power_of_2(96));
	for (volatile unsigned long n = 1; n < 5000; n++) {
		unsigned long up = 1, order = 0;

		for (; up < n; up <<= 1)
			order++;
		ASSERT_EQ(t, roundup_pow_of_two(n), up);
		ASSERT_EQ(t, order_base_2(n), order);
		ASSERT_EQ(t, ilog2(n), up == n ? order : order - 1);
		ASSERT_EQ(t, rounddown_pow_of_two(n), up == n ? n : up / 2);
	}
	EXPECT_EQ(t, order_base_2(0), 0);
	EXPECT_EQ(t, ilog2(1ull << 40), 40);
	EXPECT_EQ(t, bits_per(8), 4);
	for (volatile unsigned int n = 33; n < 34; n++) {
		EXPECT_EQ(t, order_base_2(33), order_base_2(n));
		EXPECT_EQ(t, ilog2(33), ilog2(n));
	}
}

/* q * d + r == n and r < d, for numbers of every length. */
static void division_is_exact(struct ktap *t)
{
	for (int round = 0; round < 50000; round++) {
		u64 n = ktap_random(t) >> ktap_random(t) % 64, d = ktap_random(t) >> ktap_random(t) % 64, q, r;
		u32 small, rest;

		d += !d;
		q = div64_u64_rem(n, d, &r);
		ASSERT(t, r < d && q * d + r == n && (!q || q <= ~0ull / d));
		small = (u32)d + !(u32)d;
		q = div_u64_rem(n, small, &rest);
		ASSERT(t, rest < small && q * small + rest == n && q <= ~0ull / small);
		r = n;
		ASSERT_EQ(t, do_div(r, small), rest);
		ASSERT_EQ(t, r, q);
	}
	EXPECT_EQ(t, div_s64(-7, 2), -3);
	EXPECT_EQ(t, div64_s64(7, -2), -3);
	EXPECT_EQ(t, mul_u64_u32_shr(1ull << 40, 3, 32), 3 << 8);
	EXPECT_EQ(t, mul_u64_u32_shr(~0ull, 2, 1), ~0ull);
	EXPECT_EQ(t, mul_u64_u32_shr(~0ull, 1, 0), ~0ull);
	EXPECT_EQ(t, mul_u64_u32_div(~0ull, 1000, 1000), ~0ull);
}

/* One operator a function, so that each calls the compiler's own helper where it has one. */
static noinline u64 quotient(u64 n, u64 d)
{
	return n / d;
}

static noinline u64 rest_of(u64 n, u64 d)
{
	return n % d;
}

static noinline s64 signed_quotient(s64 n, s64 d)
{
	return n / d;
}

static noinline s64 signed_rest(s64 n, s64 d)
{
	return n % d;
}

static noinline s64 both(s64 n, s64 d, s64 *rest)
{
	*rest = n % d;
	return n / d;
}

/* As C has it: the quotient is cut off towards 0, the remainder has the dividend's sign. */
static void operators_divide_exactly(struct ktap *t)
{
	for (int round = 0; round < 20000; round++) {
		u64 n = ktap_random(t) >> ktap_random(t) % 64, d = ktap_random(t) >> ktap_random(t) % 64, q, r;
		s64 a = (s64)ktap_random(t) >> ktap_random(t) % 64, b = (s64)ktap_random(t) >> ktap_random(t) % 64;
		s64 rest;

		d += !d;
		q = quotient(n, d);
		r = rest_of(n, d);
		ASSERT(t, r < d && q * d + r == n && (!q || q <= ~0ull / d));
		ASSERT(t, n / d == q && n % d == r);
		b = b == 0 || b == -1 ? 7 : b;
		q = quotient(a < 0 ? -(u64)a : (u64)a, b < 0 ? -(u64)b : (u64)b);
		ASSERT_EQ(t, (u64)signed_quotient(a, b), (a < 0) != (b < 0) ? -q : q);
		ASSERT_EQ(t, (u64)signed_rest(a, b), (u64)a - ((a < 0) != (b < 0) ? -q : q) * (u64)b);
		ASSERT_EQ(t, both(a, b, &rest), signed_quotient(a, b));
		ASSERT_EQ(t, rest, signed_rest(a, b));
	}
}

static void square_roots(struct ktap *t)
{
	for (u64 root = 0; root < 3000; root++) {
		ASSERT_EQ(t, int_sqrt64(root * root), root);
		ASSERT_EQ(t, int_sqrt(root * root + 2 * root), root);
	}
	EXPECT_EQ(t, int_sqrt64(~0ull), 0xffffffffu);
	EXPECT_EQ(t, int_sqrt(16384 * 16), 512);
}

static void errors_in_pointers(struct ktap *t)
{
	int object;

	EXPECT(t, IS_ERR(ERR_PTR(-1)) && IS_ERR(ERR_PTR(-MAX_ERRNO)) && !IS_ERR(ERR_PTR(-MAX_ERRNO - 1)));
	EXPECT(t, !IS_ERR(&object) && !IS_ERR(NULL) && IS_ERR_OR_NULL(NULL));
	EXPECT_EQ(t, PTR_ERR(ERR_PTR(-ENOMEM)), -12);
	EXPECT_EQ(t, PTR_ERR_OR_ZERO(&object), 0);
	EXPECT_EQ(t, PTR_ERR_OR_ZERO(ERR_CAST(ERR_PTR(-EBUSY))), -16);
}

static void hashes_fit_their_bits(struct ktap *t)
{
	for (unsigned int bits = 1; bits <= 32; bits++) {
		u64 value = ktap_random(t);

		EXPECT_LT(t, hash_64(value, bits), 1ull << bits);
		EXPECT_LT(t, hash_32(value, bits), 1ull << bits);
	}
	EXPECT_EQ(t, hash_32(1, 32), 0x61c88647u);
	if (sizeof(long) == 8)
		EXPECT_EQ(t, hash_64(1, 16), 0x61c8);
}

KTAP_SUITE(overflow,
	KTAP_CASE(small_sums_exhaustively),
	KTAP_CASE(shifts_exhaustively),
	KTAP_CASE(sizes_saturate),
	KTAP_CASE(least_and_greatest),
	KTAP_CASE(ranges),
	KTAP_CASE(rounding),
	KTAP_CASE(powers_of_two),
	KTAP_CASE(division_is_exact),
	KTAP_CASE(operators_divide_exactly),
	KTAP_CASE(square_roots),
	KTAP_CASE(errors_in_pointers),
	KTAP_CASE(hashes_fit_their_bits));
