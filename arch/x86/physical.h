/* SPDX-License-Identifier: MIT */
/* physical.h - physical memory, as whoever reads firmware's tables is let to see it. */
#ifndef ARCH_X86_PHYSICAL_H
#define ARCH_X86_PHYSICAL_H

#include <kmem/types.h>

struct physical {
	/* What is at [address, address + bytes), bytes > 0; NULL if not all of that can be read. */
	const void *(*at)(const struct physical *memory, u64 address, u64 bytes);
};

static inline const void *physical_at(const struct physical *memory, u64 address, u64 bytes)
{
	return memory->at(memory, address, bytes);
}

#endif
