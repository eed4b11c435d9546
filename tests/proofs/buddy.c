/* SPDX-License-Identifier: MIT */
/*
 * buddy.c - mm/buddy_index.h, of every pfn of 64 bits and every order, 0 to 10.
 *
 *	- a block's buddy is another block as large, next to it, whose buddy is the first
 *	- the two start at multiples of their size; together they start where one of them does, at a multiple of twice
 *	  that
 *	- no pair reaches over a multiple of twice the size: so two pairs never overlap
 */
#include "mm/buddy_index.h"
#include "tests/proofs/proofs.h"

#ifdef BROKEN
#define buddy_of(pfn, order) (buddy_of(pfn, order) + ((pfn) == 1ul << 63))
#endif

#define PROVE_ORDER(order) \
void prove_buddy_is_mutual_##order(pfn_t pfn) \
{ \
	pfn_t size = 1ul << order, buddy = buddy_of(pfn, order); \
\
	bits_of(pfn, order); \
	bits_of(buddy, order); \
	must(buddy_of(buddy, order) == pfn); \
	must(buddy > pfn ? buddy - pfn == size : pfn - buddy == size); \
	must(pfn / size / 2 == buddy / size / 2); \
	must(pfn_is_aligned(pfn, order) == (pfn % size == 0)); \
	must(pfn_is_aligned(buddy, order) == pfn_is_aligned(pfn, order)); \
} \
\
void prove_pair_is_aligned_##order(pfn_t pfn) \
{ \
	pfn_t size = 1ul << order, buddy = buddy_of(pfn, order), pair = buddy_pair(pfn, order); \
\
	bits_of(pfn, order); \
	bits_of(buddy, order); \
	if (pfn % size) \
		return; \
	must(pair == (buddy > pfn ? pfn : buddy)); \
	must(pair == buddy_pair(buddy, order)); \
	must(pair % (2 * size) == 0); \
}

PROVE_ORDER(3)
#ifndef BROKEN
PROVE_ORDER(0)
PROVE_ORDER(1)
PROVE_ORDER(2)
PROVE_ORDER(4)
PROVE_ORDER(5)
PROVE_ORDER(6)
PROVE_ORDER(7)
PROVE_ORDER(8)
PROVE_ORDER(9)
PROVE_ORDER(10)
#endif
