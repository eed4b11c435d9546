/* SPDX-License-Identifier: MIT */
/*
 * compiler.c - what the compiler calls by itself: 64-bit division where the processor has none, and counting bits.
 *
 * libgcc has the same, but takes arguments from the stack, and an image's are in registers (host.mk): so no image is
 * linked with it, and what is missing here is an error of the linker.
 */
#include <linux/math64.h>

int __popcountsi2(u32 word);
int __popcountdi2(u64 word);

/* Bits are counted in pairs, pairs in fours, fours in bytes; the product's top byte is the sum of all. */
int __popcountsi2(u32 word)
{
	word -= word >> 1 & 0x55555555;
	word = (word & 0x33333333) + (word >> 2 & 0x33333333);
	word = (word + (word >> 4)) & 0x0f0f0f0f;
	return (int)(word * 0x01010101 >> 24);
}

int __popcountdi2(u64 word)
{
	return __popcountsi2((u32)word) + __popcountsi2((u32)(word >> 32));
}

#ifndef __LP64__
u64 __udivdi3(u64 dividend, u64 divisor);
u64 __umoddi3(u64 dividend, u64 divisor);
u64 __udivmoddi4(u64 dividend, u64 divisor, u64 *remainder);
s64 __divdi3(s64 dividend, s64 divisor);
s64 __moddi3(s64 dividend, s64 divisor);
s64 __divmoddi4(s64 dividend, s64 divisor, s64 *remainder);

u64 __udivmoddi4(u64 dividend, u64 divisor, u64 *remainder)
{
	u64 rest, quotient = div64_u64_rem(dividend, divisor, &rest);

	if (remainder)
		*remainder = rest;
	return quotient;
}

u64 __udivdi3(u64 dividend, u64 divisor)
{
	return div64_u64(dividend, divisor);
}

u64 __umoddi3(u64 dividend, u64 divisor)
{
	u64 remainder;

	div64_u64_rem(dividend, divisor, &remainder);
	return remainder;
}

s64 __divdi3(s64 dividend, s64 divisor)
{
	return div64_s64(dividend, divisor);
}

s64 __moddi3(s64 dividend, s64 divisor)
{
	return dividend - div64_s64(dividend, divisor) * divisor;
}

s64 __divmoddi4(s64 dividend, s64 divisor, s64 *remainder)
{
	s64 quotient = div64_s64(dividend, divisor);

	*remainder = dividend - quotient * divisor;
	return quotient;
}
#endif
