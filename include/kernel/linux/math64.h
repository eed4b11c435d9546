/* SPDX-License-Identifier: MIT */
/*
 * linux/math64.h - division of 64-bit numbers that a 32-bit machine can do without a compiler's library.
 *
 * On 32 bits `a / b` of u64 calls __udivdi3 of libgcc; these calls do not. Dividing by 0 traps.
 */
#ifndef _LINUX_MATH64_H
#define _LINUX_MATH64_H

#include <linux/compiler.h>
#include <linux/types.h>

#ifdef __LP64__

static inline u64 div_u64_rem(u64 dividend, u32 divisor, u32 *remainder)
{
	*remainder = dividend % divisor;
	return dividend / divisor;
}

static inline u64 div64_u64_rem(u64 dividend, u64 divisor, u64 *remainder)
{
	*remainder = dividend % divisor;
	return dividend / divisor;
}

#else

/* Two divisions of 64 by 32 bits: the high word, then its remainder with the low word. */
static inline u64 div_u64_rem(u64 dividend, u32 divisor, u32 *remainder)
{
	u32 high = (u32)(dividend >> 32) / divisor, rest = (u32)(dividend >> 32) % divisor, low;

	__asm__("divl %4" : "=a"(low), "=d"(*remainder) : "0"((u32)dividend), "1"(rest), "r"(divisor) : "cc");
	return (u64)high << 32 | low;
}

u64 div64_u64_rem(u64 dividend, u64 divisor, u64 *remainder);

#endif

static inline u64 div_u64(u64 dividend, u32 divisor)
{
	u32 remainder;

	return div_u64_rem(dividend, divisor, &remainder);
}

static inline u64 div64_u64(u64 dividend, u64 divisor)
{
	u64 remainder;

	return div64_u64_rem(dividend, divisor, &remainder);
}

/* Signed ones round towards 0. */
static inline s64 div_s64_rem(s64 dividend, s32 divisor, s32 *remainder)
{
	u32 rest, by = divisor < 0 ? -(u32)divisor : (u32)divisor;
	u64 quotient = div_u64_rem(dividend < 0 ? -(u64)dividend : (u64)dividend, by, &rest);

	*remainder = dividend < 0 ? -rest : rest;
	return (dividend < 0) != (divisor < 0) ? -quotient : quotient;
}

static inline s64 div_s64(s64 dividend, s32 divisor)
{
	s32 remainder;

	return div_s64_rem(dividend, divisor, &remainder);
}

static inline s64 div64_s64(s64 dividend, s64 divisor)
{
	u64 quotient = div64_u64(dividend < 0 ? -(u64)dividend : (u64)dividend,
				 divisor < 0 ? -(u64)divisor : (u64)divisor);

	return (dividend < 0) != (divisor < 0) ? -quotient : quotient;
}

#define div64_long(x, y)	((long)div64_s64((x), (y)))
#define div64_ul(x, y)		((unsigned long)div64_u64((x), (y)))

/* @n, a u64 variable, becomes the quotient; the value is the remainder. */
#define do_div(n, base)								\
({										\
	u32 __remainder;							\
										\
	(n) = div_u64_rem((n), (base), &__remainder);				\
	__remainder;								\
})

#define DIV64_U64_ROUND_UP(n, d)						\
({										\
	u64 __divisor = (d);							\
										\
	div64_u64((n) + __divisor - 1, __divisor);				\
})
#define DIV_U64_ROUND_UP(n, d)							\
({										\
	u32 __divisor = (d);							\
										\
	div_u64((n) + __divisor - 1, __divisor);				\
})
#define DIV64_U64_ROUND_CLOSEST(n, d)						\
({										\
	u64 __divisor = (d);							\
										\
	div64_u64((n) + __divisor / 2, __divisor);				\
})

static inline u64 mul_u32_u32(u32 a, u32 b)
{
	return (u64)a * b;
}

/* (a * mul) >> shift, with 96 bits between; shift <= 63. */
static inline u64 mul_u64_u32_shr(u64 a, u32 mul, unsigned int shift)
{
	u64 low = (u64)(u32)a * mul, high = (a >> 32) * mul + (low >> 32);

	if (shift < 32)
		return ((high << 32 | (u32)low) >> shift) | (shift ? high >> 32 << 1 << (63 - shift) : 0);
	return high >> (shift - 32);
}

/* a * mul / divisor, with 96 bits between; the result must fit. */
static inline u64 mul_u64_u32_div(u64 a, u32 mul, u32 divisor)
{
	u64 low = (u64)(u32)a * mul, high = (a >> 32) * mul + (low >> 32), quotient;
	u32 rest;

	quotient = div_u64_rem(high, divisor, &rest);
	return (quotient << 32) + div_u64((u64)rest << 32 | (u32)low, divisor);
}

#endif
