/* SPDX-License-Identifier: MIT */
/*
 * proofs.h - what the proofs of this folder are written with.
 *
 * A proof is a function whose parameters are any values at all. It calls the core's own code and says must(FACT);
 * Frama-C's WP shows that no parameters make a fact false. Cases outside of the claim return early.
 */
#ifndef PROOFS_H
#define PROOFS_H

#include <kmem/types.h>

/*@ requires fact;
    assigns \nothing; */
void must(_Bool fact);

/*
 * What WP's arithmetic of integers does not know of bits: what the operators do to x and 2^k, as sums. bits.smt2 has
 * the same prover show it of every x and k, by its arithmetic of bits; a call tells WP of the two that it names.
 */
#define POWER (1 << k)
#define BIT_K (x / POWER % 2)
/*@ requires 0 <= k < 64;
    assigns \nothing;
    ensures (unsigned int)x == x % 0x100000000;
    ensures (x >> k) == x / POWER;
    ensures (x >> k) != 0 <==> x >= POWER;
    ensures (x & (POWER - 1)) == x % POWER;
    ensures (x & (0xffffffffffffffff - (POWER - 1))) == x - x % POWER;
    ensures (x & (POWER - 1)) + (x & (0xffffffffffffffff - (POWER - 1))) == x;
    ensures (x | (POWER - 1)) == x - x % POWER + (POWER - 1);
    ensures (x & POWER) == BIT_K * POWER;
    ensures (x & (0xffffffffffffffff - POWER)) == x - BIT_K * POWER;
    ensures (x | POWER) == x + (1 - BIT_K) * POWER;
    ensures (x ^ POWER) == x + (1 - 2 * BIT_K) * POWER; */
void bits_of(unsigned long x, unsigned int k);

/* What gcc documents of __builtin_clzl(): the zeros above the highest bit that is set. */
#define ZEROS(n) ((0x8000000000000000 >> n) <= x <= (0xffffffffffffffff >> n) ==> \result == n)
#define EIGHT(n) \
	(ZEROS(n) && ZEROS((n + 1)) && ZEROS((n + 2)) && ZEROS((n + 3)) && ZEROS((n + 4)) && ZEROS((n + 5)) && \
	 ZEROS((n + 6)) && ZEROS((n + 7)))

/*@ requires x != 0;
    assigns \nothing;
    ensures 0 <= \result < 64;
    ensures EIGHT(0) && EIGHT(8) && EIGHT(16) && EIGHT(24) && EIGHT(32) && EIGHT(40) && EIGHT(48) && EIGHT(56); */
int leading_zeros(unsigned long x);
#define __builtin_clzl(x) leading_zeros(x)

/*
 * A proof for each k, which WP needs to be a number: a few of them if BROKEN, those that pages and words are about by
 * default, all 64 for "make prove EVERY=1".
 */
#define PROVE_FEW(PROVE) PROVE(0) PROVE(12) PROVE(63)
#define PROVE_USUAL(PROVE) \
	PROVE(1) PROVE(2) PROVE(3) PROVE(6) PROVE(9) PROVE(21) PROVE(30) PROVE(31) PROVE(32) PROVE(39) \
	PROVE(52) PROVE(62)
#define PROVE_OTHERS(PROVE) \
	PROVE(4) PROVE(5) PROVE(7) PROVE(8) PROVE(10) PROVE(11) PROVE(13) PROVE(14) PROVE(15) PROVE(16) \
	PROVE(17) PROVE(18) PROVE(19) PROVE(20) PROVE(22) PROVE(23) PROVE(24) PROVE(25) PROVE(26) PROVE(27) \
	PROVE(28) PROVE(29) PROVE(33) PROVE(34) PROVE(35) PROVE(36) PROVE(37) PROVE(38) PROVE(40) PROVE(41) \
	PROVE(42) PROVE(43) PROVE(44) PROVE(45) PROVE(46) PROVE(47) PROVE(48) PROVE(49) PROVE(50) PROVE(51) \
	PROVE(53) PROVE(54) PROVE(55) PROVE(56) PROVE(57) PROVE(58) PROVE(59) PROVE(60) PROVE(61)

#if defined(BROKEN)
#define PROVE_EACH(PROVE) PROVE_FEW(PROVE)
#elif defined(EVERY)
#define PROVE_EACH(PROVE) PROVE_FEW(PROVE) PROVE_USUAL(PROVE) PROVE_OTHERS(PROVE)
#else
#define PROVE_EACH(PROVE) PROVE_FEW(PROVE) PROVE_USUAL(PROVE)
#endif

#endif
