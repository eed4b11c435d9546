/* SPDX-License-Identifier: MIT */
/* physical.h - a computer's memory as firmware left it: a few places that can be read, and nothing else. */
#ifndef TESTS_PHYSICAL_H
#define TESTS_PHYSICAL_H

#include <linux/string.h>
#include "arch/x86/physical.h"

struct places {
	struct physical memory;
	struct place {
		u64 start, bytes;
		u8 *at;
	} place[4];
};

static const void *places_at(const struct physical *memory, u64 address, u64 bytes)
{
	const struct places *places = (const struct places *)memory;

	for (unsigned int i = 0; i < 4; i++) {
		const struct place *place = &places->place[i];

		if (address >= place->start && address - place->start < place->bytes &&
		    bytes <= place->bytes - (address - place->start))
			return place->at + (address - place->start);
	}
	return NULL;
}

/* Where a test writes. Everything must be in one place. */
static inline void *places_to(const struct places *places, u64 address)
{
	return (void *)(unsigned long)places_at(&places->memory, address, 1);
}

/* Bytes of a little-endian number. */
static inline void put_number(void *to, u64 value, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		((u8 *)to)[i] = (u8)(value >> 8 * i);
}

#endif
