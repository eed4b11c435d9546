/* SPDX-License-Identifier: MIT */
/*
 * linux/hash.h - a number to a few bits: multiply by 2^n / golden ratio, keep the top.
 */
#ifndef _LINUX_HASH_H
#define _LINUX_HASH_H

#include <linux/compiler.h>
#include <linux/types.h>

#define GOLDEN_RATIO_32		0x61c88647u
#define GOLDEN_RATIO_64		0x61c8864680b583ebull

static inline u32 __hash_32(u32 value)
{
	return value * GOLDEN_RATIO_32;
}

static inline u32 hash_32(u32 value, unsigned int bits)
{
	return __hash_32(value) >> (32 - bits);
}

static __always_inline u32 hash_64(u64 value, unsigned int bits)
{
#ifdef __LP64__
	return value * GOLDEN_RATIO_64 >> (64 - bits);
#else
	return hash_32((u32)value ^ __hash_32(value >> 32), bits);
#endif
}

#ifdef __LP64__
#define GOLDEN_RATIO_PRIME	GOLDEN_RATIO_64
#define hash_long(value, bits)	hash_64(value, bits)
#else
#define GOLDEN_RATIO_PRIME	GOLDEN_RATIO_32
#define hash_long(value, bits)	hash_32(value, bits)
#endif

static inline u32 hash_ptr(const void *ptr, unsigned int bits)
{
	return hash_long((unsigned long)ptr, bits);
}

/* A pointer to 32 bits. */
static inline u32 hash32_ptr(const void *ptr)
{
	u64 value = (unsigned long)ptr;

	return (u32)(value ^ value >> 32);
}

#endif
