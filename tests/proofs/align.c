/* SPDX-License-Identifier: MIT */
/*
 * align.c - <linux/align.h> and round_up(), round_down(), of every unsigned long and powers of two as in PROVE_EACH().
 *
 *	- ALIGN_DOWN(x, a) and round_down(x, a) are the greatest multiple of a that is not above x, ALIGN(x, a) and
 *	  round_up(x, a) the least that is not below it (where that one fits into the type)
 *	- IS_ALIGNED says of multiples, and of nothing else, that they are
 */
#include <linux/align.h>
#include <linux/math.h>
#include "tests/proofs/proofs.h"

#ifdef BROKEN
#undef ALIGN
#define ALIGN(x, a) (((x) + (a)) & ~((a) - 1))
#endif

#define PROVE(k) \
void prove_aligned_to_##k(unsigned long x) \
{ \
	unsigned long a = 1ul << k, down = ALIGN_DOWN(x, a), up = ALIGN(x, a); \
\
	bits_of(x, k); \
	bits_of(x + (a - 1), k); \
	must(down % a == 0 && down <= x && x - down < a); \
	must(IS_ALIGNED(x, a) == (x % a == 0)); \
	must(round_down(x, a) == down); \
	if (x > -a) \
		return; \
	must(up % a == 0 && up >= x && up - x < a); \
} \
\
void prove_rounded_up_to_##k(unsigned long x) \
{ \
	unsigned long a = 1ul << k, up = round_up(x, a); \
\
	bits_of(x - 1, k); \
	if (x == 0) \
		must(up == 0); \
	else if (x <= -a) \
		must(up % a == 0 && up >= x && up - x < a); \
}

PROVE_EACH(PROVE)
