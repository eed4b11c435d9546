/* SPDX-License-Identifier: MIT */
/*
 * linux/math.h - rounding, and small integer arithmetic.
 */
#ifndef _LINUX_MATH_H
#define _LINUX_MATH_H

#include <linux/math64.h>
#include <linux/types.h>

/* To multiples of @y, a power of two; of the type of @x. */
#define __round_mask(x, y)	((__typeof__(x))((y) - 1))
#define round_up(x, y)		((((x) - 1) | __round_mask(x, y)) + 1)
#define round_down(x, y)	((x) & ~__round_mask(x, y))

/* To multiples of any @y. */
#define roundup(x, y)								\
({										\
	__typeof__(y) __multiple = (y);						\
										\
	(((x) + (__multiple - 1)) / __multiple) * __multiple;			\
})
#define rounddown(x, y)								\
({										\
	__typeof__(x) __value = (x);						\
										\
	__value - (__value % (y));						\
})

#define DIV_ROUND_UP(n, d)		(((n) + (d) - 1) / (d))
#define DIV_ROUND_UP_POW2(n, d)		((n) / (d) + !!((n) & ((d) - 1)))
#define DIV_ROUND_DOWN_ULL(n, d)	((unsigned long long)div_u64((n), (d)))
#define DIV_ROUND_UP_ULL(n, d)		DIV_ROUND_DOWN_ULL((unsigned long long)(n) + (d) - 1, (d))
#define DIV_ROUND_CLOSEST_ULL(n, d)	DIV_ROUND_DOWN_ULL((unsigned long long)(n) + (d) / 2, (d))
/* To the nearest; halves away from 0. A negative @d must not meet a signed @n. */
#define DIV_ROUND_CLOSEST(n, d)							\
({										\
	__typeof__(n) __dividend = (n);						\
	__typeof__(d) __divisor = (d);						\
										\
	((__typeof__(n))-1) > 0 || ((__typeof__(d))-1) > 0 ||			\
	((__dividend > 0) == (__divisor > 0)) ?					\
		(__dividend + __divisor / 2) / __divisor :			\
		(__dividend - __divisor / 2) / __divisor;			\
})

/* x * numerator / denominator without overflow of the product of the whole part. */
#define mult_frac(x, numerator, denominator)					\
({										\
	__typeof__(x) __value = (x);						\
	__typeof__(numerator) __num = (numerator);				\
	__typeof__(denominator) __den = (denominator);				\
	__typeof__(x) __whole = __value / __den, __rest = __value % __den;	\
										\
	__whole * __num + __rest * __num / __den;				\
})

#define abs(x)									\
({										\
	__typeof__((x) + 0) __magnitude = (x);					\
										\
	__magnitude < 0 ? -__magnitude : __magnitude;				\
})
#define abs_diff(a, b)								\
({										\
	__typeof__(a) __a = (a);						\
	__typeof__(b) __b = (b);						\
										\
	__a > __b ? __a - __b : __b - __a;					\
})

/* A random 32-bit @value to [0, ceiling). */
static inline u32 reciprocal_scale(u32 value, u32 ceiling)
{
	return (u32)((u64)value * ceiling >> 32);
}

/* Square root, rounded down. */
unsigned long int_sqrt(unsigned long x);
u32 int_sqrt64(u64 x);

#endif
