/* SPDX-License-Identifier: MIT */
/*
 * linux/log2.h - powers of two. A constant argument gives a constant.
 */
#ifndef _LINUX_LOG2_H
#define _LINUX_LOG2_H

#include <linux/bitops.h>

static __always_inline __attribute_const__ bool is_power_of_2(unsigned long n)
{
	return n && !(n & (n - 1));
}

#define __ilog2_nonzero(n)	(63 - __builtin_clzll(n))

/* Rounded down; 0 for 0 if constant, otherwise undefined for 0. */
#define ilog2(n)								\
	(__builtin_constant_p(n) ? ((n) < 2 ? 0 : __ilog2_nonzero((u64)(n) | 1)) : \
	 sizeof(n) <= 4 ? 31 - __builtin_clz((u32)(n)) : __ilog2_nonzero((u64)(n)))

/* Rounded up; 0 for 0 and 1. */
static __always_inline __attribute_const__ int __order_base_2(u64 n)
{
	return n > 1 ? fls64(n - 1) : 0;
}
#define order_base_2(n)								\
	(__builtin_constant_p(n) ? ((n) < 2 ? 0 : __ilog2_nonzero(((u64)(n) - 1) | 1) + 1) : __order_base_2(n))

/* How many bits it takes to write @n; 1 for 0. */
static __always_inline __attribute_const__ int __bits_per(u64 n)
{
	return n ? fls64(n) : 1;
}
#define bits_per(n)								\
	(__builtin_constant_p(n) ? ((n) < 2 ? 1 : __ilog2_nonzero((u64)(n) | 1) + 1) : __bits_per(n))

static __always_inline __attribute_const__ unsigned long __roundup_pow_of_two(unsigned long n)
{
	return 1ul << fls_long(n - 1);
}

static __always_inline __attribute_const__ unsigned long __rounddown_pow_of_two(unsigned long n)
{
	return 1ul << (fls_long(n) - 1);
}

/* Undefined for 0, and where the result would not fit. */
#define roundup_pow_of_two(n)							\
	(__builtin_constant_p(n) ? ((n) == 1 ? 1ul : 1ul << (ilog2((n) - 1) + 1)) : __roundup_pow_of_two(n))
#define rounddown_pow_of_two(n)							\
	(__builtin_constant_p(n) ? 1ul << ilog2(n) : __rounddown_pow_of_two(n))

#endif
