/* SPDX-License-Identifier: MIT */
/*
 * buddy_index.h - which block is whose buddy. Arithmetic only; tests/proofs/buddy.c proves it of every pfn.
 *
 *	order 1	[ 4  5 ][ 6  7 ]	buddy_of(6, 1) is 4 and buddy_of(4, 1) is 6
 *	order 2	[ 4  5   6  7  ]	buddy_pair(6, 1) is 4
 */
#ifndef MM_BUDDY_INDEX_H
#define MM_BUDDY_INDEX_H

#include <kmem/types.h>

/* May a block of that order start here? */
static inline bool pfn_is_aligned(pfn_t pfn, unsigned int order)
{
	return !(pfn & ((1ul << order) - 1));
}

/* Where the only block starts that the one at pfn may merge with. */
static inline pfn_t buddy_of(pfn_t pfn, unsigned int order)
{
	return pfn ^ (1ul << order);
}

/* Where the block starts that the two make. */
static inline pfn_t buddy_pair(pfn_t pfn, unsigned int order)
{
	return pfn & ~(1ul << order);
}

#endif
