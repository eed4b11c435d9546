/* SPDX-License-Identifier: MIT */
/*
 * pgtable.c - arch/x86's indices, of every address of 64 bits, in each level of each format.
 *
 *	- an index is one of its table
 *	- it is bits low to high - 1 of the address, and those of a format's levels follow each other without a gap:
 *	  so an address and its indices name each other
 *
 * pgtable_shift()'s loop is left to EVA, which runs it: run_shifts_are_known() has all its values. WP takes them from
 * there.
 */
#include "arch/x86/pgtable.c"
#include "tests/proofs/proofs.h"

#ifdef BROKEN
#define pgtable_index(format, level, address) pgtable_index(format, level, (address) & ~(1ull << 29))
#endif

/*@ assigns \nothing;
    ensures format == &pgtable_2level && level == 1 ==> \result == 12;
    ensures format == &pgtable_2level && level == 2 ==> \result == 22;
    ensures format == &pgtable_2level && level == 3 ==> \result == 32;
    ensures format == &pgtable_pae && level == 1 ==> \result == 12;
    ensures format == &pgtable_pae && level == 2 ==> \result == 21;
    ensures format == &pgtable_pae && level == 3 ==> \result == 30;
    ensures format == &pgtable_pae && level == 4 ==> \result == 32;
    ensures format == &pgtable_4level && level == 1 ==> \result == 12;
    ensures format == &pgtable_4level && level == 2 ==> \result == 21;
    ensures format == &pgtable_4level && level == 3 ==> \result == 30;
    ensures format == &pgtable_4level && level == 4 ==> \result == 39;
    ensures format == &pgtable_4level && level == 5 ==> \result == 48; */
unsigned int pgtable_shift(const struct pgtable_format *format, unsigned int level);

/*@ requires value == x / (1 << low) % (1 << (high - low));
    assigns \nothing; */
void must_be_bits(unsigned int value, u64 x, int low, int high);

#define PROVE_LEVEL(format, level, low, high) \
void prove_index_##format##_##level(u64 address) \
{ \
	unsigned int index; \
\
	must(pgtable_##format.index_bits[level] == high - low); \
	index = pgtable_index(&pgtable_##format, level, address); \
	bits_of(address, low); \
	bits_of(address >> low, 0); \
	bits_of((unsigned int)(address >> low), high - low); \
	must(index < pgtable_nr_entries(&pgtable_##format, level)); \
	must_be_bits(index, address, low, high); \
}

PROVE_LEVEL(4level, 2, 21, 30)
#ifndef BROKEN
PROVE_LEVEL(2level, 1, 12, 22)
PROVE_LEVEL(2level, 2, 22, 32)
PROVE_LEVEL(pae, 1, 12, 21)
PROVE_LEVEL(pae, 2, 21, 30)
PROVE_LEVEL(pae, 3, 30, 32)
PROVE_LEVEL(4level, 1, 12, 21)
PROVE_LEVEL(4level, 3, 30, 39)
PROVE_LEVEL(4level, 4, 39, 48)
#endif

/* For EVA: every level of every format, and the one above. */
void run_shifts_are_known(void)
{
	for (unsigned int i = 0; pgtable_formats[i]; i++)
		for (unsigned int level = 1; level <= pgtable_formats[i]->levels + 1; level++)
			pgtable_shift(pgtable_formats[i], level);
#ifdef BROKEN
	must(pgtable_shift(&pgtable_pae, 2) == 22);
#endif
}
