/* SPDX-License-Identifier: MIT */
/*
 * linux/bitops.h - single bits, masks, and searches for bits.
 *
 * Bit nr of an array of longs is bit nr % BITS_PER_LONG of word nr / BITS_PER_LONG.
 * Names with two underscores are for one CPU at a time; the others are atomic. An atomic call that
 * returns the old bit orders memory fully, set_bit() and clear_bit() order nothing, _lock acquires
 * and _unlock releases. Source: core-api/kernel-api.rst, atomic_bitops.txt.
 */
#ifndef _LINUX_BITOPS_H
#define _LINUX_BITOPS_H

#include <asm/barrier.h>
#include <linux/compiler.h>
#include <linux/types.h>

#ifndef BITS_PER_LONG
#define BITS_PER_LONG		(__SIZEOF_LONG__ * 8)
#endif
#define BITS_PER_LONG_LONG	64
#define BITS_PER_TYPE(type)	(sizeof(type) * BITS_PER_BYTE)
#define BITS_TO_U64(nr)		(((nr) + 63) / 64)
#define BITS_TO_U32(nr)		(((nr) + 31) / 32)
#define BITS_TO_BYTES(nr)	(((nr) + 7) / 8)

#define BIT(nr)			(1ul << (nr))
#define BIT_ULL(nr)		(1ull << (nr))
#define BIT_MASK(nr)		(1ul << ((nr) % BITS_PER_LONG))
#define BIT_WORD(nr)		((nr) / BITS_PER_LONG)
#define BIT_ULL_MASK(nr)	(1ull << ((nr) % BITS_PER_LONG_LONG))
#define BIT_ULL_WORD(nr)	((nr) / BITS_PER_LONG_LONG)
/* Bits @l to @h, both included. */
#define GENMASK(h, l)		((~0ul << (l)) & (~0ul >> (BITS_PER_LONG - 1 - (h))))
#define GENMASK_ULL(h, l)	((~0ull << (l)) & (~0ull >> (BITS_PER_LONG_LONG - 1 - (h))))

static inline void __set_bit(unsigned long nr, volatile unsigned long *addr)
{
	addr[BIT_WORD(nr)] |= BIT_MASK(nr);
}

static inline void __clear_bit(unsigned long nr, volatile unsigned long *addr)
{
	addr[BIT_WORD(nr)] &= ~BIT_MASK(nr);
}

static inline void __change_bit(unsigned long nr, volatile unsigned long *addr)
{
	addr[BIT_WORD(nr)] ^= BIT_MASK(nr);
}

static inline bool test_bit(unsigned long nr, const volatile unsigned long *addr)
{
	return addr[BIT_WORD(nr)] >> (nr % BITS_PER_LONG) & 1;
}

static inline bool test_bit_acquire(unsigned long nr, const volatile unsigned long *addr)
{
	return __atomic_load_n(&addr[BIT_WORD(nr)], __ATOMIC_ACQUIRE) >> (nr % BITS_PER_LONG) & 1;
}

static inline bool __test_and_set_bit(unsigned long nr, volatile unsigned long *addr)
{
	bool old = test_bit(nr, addr);

	__set_bit(nr, addr);
	return old;
}

static inline bool __test_and_clear_bit(unsigned long nr, volatile unsigned long *addr)
{
	bool old = test_bit(nr, addr);

	__clear_bit(nr, addr);
	return old;
}

static inline bool __test_and_change_bit(unsigned long nr, volatile unsigned long *addr)
{
	bool old = test_bit(nr, addr);

	__change_bit(nr, addr);
	return old;
}

static inline void __assign_bit(unsigned long nr, volatile unsigned long *addr, bool value)
{
	if (value)
		__set_bit(nr, addr);
	else
		__clear_bit(nr, addr);
}

static inline void set_bit(unsigned long nr, volatile unsigned long *addr)
{
	__atomic_fetch_or(&addr[BIT_WORD(nr)], BIT_MASK(nr), __ATOMIC_RELAXED);
}

static inline void clear_bit(unsigned long nr, volatile unsigned long *addr)
{
	__atomic_fetch_and(&addr[BIT_WORD(nr)], ~BIT_MASK(nr), __ATOMIC_RELAXED);
}

static inline void change_bit(unsigned long nr, volatile unsigned long *addr)
{
	__atomic_fetch_xor(&addr[BIT_WORD(nr)], BIT_MASK(nr), __ATOMIC_RELAXED);
}

static inline void assign_bit(unsigned long nr, volatile unsigned long *addr, bool value)
{
	if (value)
		set_bit(nr, addr);
	else
		clear_bit(nr, addr);
}

static inline bool test_and_set_bit(unsigned long nr, volatile unsigned long *addr)
{
	unsigned long old = __atomic_fetch_or(&addr[BIT_WORD(nr)], BIT_MASK(nr), __ATOMIC_SEQ_CST);

	__atomic_post_full_fence();
	return old & BIT_MASK(nr);
}

static inline bool test_and_clear_bit(unsigned long nr, volatile unsigned long *addr)
{
	unsigned long old = __atomic_fetch_and(&addr[BIT_WORD(nr)], ~BIT_MASK(nr), __ATOMIC_SEQ_CST);

	__atomic_post_full_fence();
	return old & BIT_MASK(nr);
}

static inline bool test_and_change_bit(unsigned long nr, volatile unsigned long *addr)
{
	unsigned long old = __atomic_fetch_xor(&addr[BIT_WORD(nr)], BIT_MASK(nr), __ATOMIC_SEQ_CST);

	__atomic_post_full_fence();
	return old & BIT_MASK(nr);
}

static inline bool test_and_set_bit_lock(unsigned long nr, volatile unsigned long *addr)
{
	return __atomic_fetch_or(&addr[BIT_WORD(nr)], BIT_MASK(nr), __ATOMIC_ACQUIRE) & BIT_MASK(nr);
}

static inline void clear_bit_unlock(unsigned long nr, volatile unsigned long *addr)
{
	__atomic_fetch_and(&addr[BIT_WORD(nr)], ~BIT_MASK(nr), __ATOMIC_RELEASE);
}

static inline void __clear_bit_unlock(unsigned long nr, volatile unsigned long *addr)
{
	__atomic_store_n(&addr[BIT_WORD(nr)], addr[BIT_WORD(nr)] & ~BIT_MASK(nr), __ATOMIC_RELEASE);
}

/* Number of the lowest set bit, from 0; undefined for 0. */
static __always_inline __attribute_const__ unsigned long __ffs(unsigned long word)
{
	return __builtin_ctzl(word);
}

/* The same of 64 bits. For halves gcc would call libgcc, which not every image has. */
static __always_inline __attribute_const__ unsigned long __ffs64(u64 word)
{
	if (BITS_PER_LONG == 64)
		return __builtin_ctzll(word);
	return (u32)word ? __ffs((u32)word) : 32 + __ffs((u32)(word >> 32));
}

/* Number of the highest set bit, from 0; undefined for 0. */
static __always_inline __attribute_const__ unsigned long __fls(unsigned long word)
{
	return BITS_PER_LONG - 1 - __builtin_clzl(word);
}

/* Number of the lowest clear bit, from 0; undefined for ~0. */
static __always_inline __attribute_const__ unsigned long ffz(unsigned long word)
{
	return __ffs(~word);
}

/* The lowest set bit counted from 1; 0 if there is none. */
static __always_inline __attribute_const__ int ffs(int word)
{
	return word ? __builtin_ctz(word) + 1 : 0;
}

/* The highest set bit counted from 1; 0 if there is none. */
static __always_inline __attribute_const__ int fls(unsigned int word)
{
	return word ? 32 - __builtin_clz(word) : 0;
}

static __always_inline __attribute_const__ int fls64(u64 word)
{
	return word ? 64 - __builtin_clzll(word) : 0;
}

static __always_inline __attribute_const__ unsigned int fls_long(unsigned long word)
{
	return word ? __fls(word) + 1 : 0;
}

/* How many bits are set. Sums in place: pairs, nibbles, bytes, then one product adds the bytes. */
static __always_inline __attribute_const__ unsigned int hweight32(unsigned int word)
{
#ifdef __POPCNT__
	return __builtin_popcount(word);
#else
	word -= word >> 1 & 0x55555555u;
	word = (word & 0x33333333u) + (word >> 2 & 0x33333333u);
	word = (word + (word >> 4)) & 0x0f0f0f0fu;
	return word * 0x01010101u >> 24;
#endif
}

static __always_inline __attribute_const__ unsigned int hweight16(unsigned int word)
{
	return hweight32(word & 0xffff);
}

static __always_inline __attribute_const__ unsigned int hweight8(unsigned int word)
{
	return hweight32(word & 0xff);
}

static __always_inline __attribute_const__ unsigned long hweight64(u64 word)
{
#if defined(__POPCNT__) && defined(__LP64__)
	return __builtin_popcountll(word);
#elif defined(__LP64__)
	word -= word >> 1 & 0x5555555555555555ull;
	word = (word & 0x3333333333333333ull) + (word >> 2 & 0x3333333333333333ull);
	word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0full;
	return word * 0x0101010101010101ull >> 56;
#else
	return hweight32((u32)word) + hweight32((u32)(word >> 32));
#endif
}

static __always_inline __attribute_const__ unsigned long hweight_long(unsigned long word)
{
	return sizeof(word) == 4 ? hweight32((u32)word) : hweight64(word);
}

static inline __attribute_const__ u64 rol64(u64 word, unsigned int shift)
{
	return word << (shift & 63) | word >> (-shift & 63);
}

static inline __attribute_const__ u64 ror64(u64 word, unsigned int shift)
{
	return word >> (shift & 63) | word << (-shift & 63);
}

static inline __attribute_const__ u32 rol32(u32 word, unsigned int shift)
{
	return word << (shift & 31) | word >> (-shift & 31);
}

static inline __attribute_const__ u32 ror32(u32 word, unsigned int shift)
{
	return word >> (shift & 31) | word << (-shift & 31);
}

/* Bit @index becomes the sign. */
static inline __attribute_const__ s32 sign_extend32(u32 value, int index)
{
	return (s32)(value << (31 - index)) >> (31 - index);
}

static inline __attribute_const__ s64 sign_extend64(u64 value, int index)
{
	return (s64)(value << (63 - index)) >> (63 - index);
}

/* The least order whose 2^order is not less than @count; -1 for 0. Order of a count, not of pages. */
static inline __attribute_const__ int get_count_order(unsigned int count)
{
	return count ? fls(count - 1) : -1;
}

static inline __attribute_const__ int get_count_order_long(unsigned long count)
{
	return count ? (int)fls_long(count - 1) : -1;
}

/*
 * Searches: the number of the bit found, or @size (or more, never less) if there is none.
 * Bits at @size and beyond are never looked at for the answer. O(words).
 */
unsigned long _find_first_bit(const unsigned long *addr, unsigned long size);
unsigned long _find_next_bit(const unsigned long *addr, unsigned long size, unsigned long offset);
unsigned long find_first_zero_bit(const unsigned long *addr, unsigned long size);
unsigned long find_next_zero_bit(const unsigned long *addr, unsigned long size, unsigned long offset);
unsigned long find_first_and_bit(const unsigned long *addr1, const unsigned long *addr2, unsigned long size);
unsigned long find_next_and_bit(const unsigned long *addr1, const unsigned long *addr2, unsigned long size,
				unsigned long offset);
unsigned long find_next_andnot_bit(const unsigned long *addr1, const unsigned long *addr2, unsigned long size,
				   unsigned long offset);
unsigned long find_nth_bit(const unsigned long *addr, unsigned long size, unsigned long n);
unsigned long find_last_bit(const unsigned long *addr, unsigned long size);
unsigned long find_next_bit_wrap(const unsigned long *addr, unsigned long size, unsigned long offset);

#define small_const_nbits(nbits) \
	(__builtin_constant_p(nbits) && (nbits) <= BITS_PER_LONG && (nbits) > 0)

static __always_inline unsigned long find_first_bit(const unsigned long *addr, unsigned long size)
{
	if (small_const_nbits(size)) {
		unsigned long word = *addr & GENMASK(size - 1, 0);

		return word ? __ffs(word) : size;
	}
	return _find_first_bit(addr, size);
}

static __always_inline unsigned long find_next_bit(const unsigned long *addr, unsigned long size,
						   unsigned long offset)
{
	if (small_const_nbits(size)) {
		unsigned long word;

		if (offset >= size)
			return size;
		word = *addr & GENMASK(size - 1, offset);
		return word ? __ffs(word) : size;
	}
	return _find_next_bit(addr, size, offset);
}

#define for_each_set_bit(bit, addr, size)					\
	for ((bit) = find_first_bit((addr), (size));				\
	     (bit) < (size);							\
	     (bit) = find_next_bit((addr), (size), (bit) + 1))
#define for_each_set_bit_from(bit, addr, size)					\
	for ((bit) = find_next_bit((addr), (size), (bit));			\
	     (bit) < (size);							\
	     (bit) = find_next_bit((addr), (size), (bit) + 1))
#define for_each_clear_bit(bit, addr, size)					\
	for ((bit) = find_first_zero_bit((addr), (size));			\
	     (bit) < (size);							\
	     (bit) = find_next_zero_bit((addr), (size), (bit) + 1))
#define for_each_clear_bit_from(bit, addr, size)				\
	for ((bit) = find_next_zero_bit((addr), (size), (bit));			\
	     (bit) < (size);							\
	     (bit) = find_next_zero_bit((addr), (size), (bit) + 1))
#define for_each_and_bit(bit, addr1, addr2, size)				\
	for ((bit) = find_first_and_bit((addr1), (addr2), (size));		\
	     (bit) < (size);							\
	     (bit) = find_next_and_bit((addr1), (addr2), (size), (bit) + 1))
/* Each run of set bits: [b, e). */
#define for_each_set_bitrange(b, e, addr, size)					\
	for ((b) = find_first_bit((addr), (size));				\
	     (b) < (size) && ({ (e) = find_next_zero_bit((addr), (size), (b) + 1); 1; }); \
	     (b) = find_next_bit((addr), (size), (e) + 1))

#endif
