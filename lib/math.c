/* SPDX-License-Identifier: MIT */
/*
 * math.c - square roots, and 64-bit division where the machine has none.
 */
#include <linux/bitops.h>
#include <linux/math.h>

/* Digit by digit in base 2: each bit of the root, from the top, stays if its square still fits. */
u32 int_sqrt64(u64 x)
{
	u64 root = 0;

	for (u64 bit = x ? 1ull << ((fls64(x) - 1) & ~1) : 0; bit; bit >>= 2) {
		u64 trial = root + bit;

		root >>= 1;
		if (x >= trial) {
			x -= trial;
			root += bit;
		}
	}
	return (u32)root;
}

unsigned long int_sqrt(unsigned long x)
{
	return int_sqrt64(x);
}

#ifndef __LP64__
/*
 * A divisor beyond 32 bits has a quotient below 2^32: dividing both by the power of two that brings the
 * divisor into 32 bits gives it, or one too many.
 */
u64 div64_u64_rem(u64 dividend, u64 divisor, u64 *remainder)
{
	unsigned int shift = fls64(divisor >> 32);
	u64 quotient;
	u32 rest;

	if (!shift) {
		quotient = div_u64_rem(dividend, (u32)divisor, &rest);
		*remainder = rest;
		return quotient;
	}
	quotient = div_u64(dividend >> shift, (u32)(divisor >> shift));
	if (quotient)
		quotient--;
	*remainder = dividend - quotient * divisor;
	while (*remainder >= divisor) {
		*remainder -= divisor;
		quotient++;
	}
	return quotient;
}
#endif
