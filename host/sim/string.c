/* SPDX-License-Identifier: MIT */
/*
 * string.c - the block functions, which know what they touch.
 *
 * Between two addresses of one frame a copy goes by a buffer: its contents are at one of them at a time.
 */
#include <string.h>
#include "host/sim/sim.h"

#define PC __builtin_return_address(0)
#define CHUNK 256ul

static bool is_ours(const void *address)
{
	return (unsigned long)address - SIM_BASE < SIM_SPAN;
}

static inline void copy_down(char *to, const char *from, size_t bytes)
{
	to += bytes - 1;
	from += bytes - 1;
	__asm__ volatile("std\n\trep movsb\n\tcld" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
}

/* A piece that crosses no page at either end. */
static size_t piece(const char *to, const char *from, size_t bytes)
{
	size_t a = PAGE_SIZE - ((unsigned long)to & ~PAGE_MASK), b = PAGE_SIZE - ((unsigned long)from & ~PAGE_MASK);

	a = a < b ? a : b;
	a = a < bytes ? a : bytes;
	return a < CHUNK ? a : CHUNK;
}

static void copy_checked(char *to, const char *from, size_t bytes, const void *pc)
{
	char buffer[CHUNK];

	while (bytes) {
		size_t now = piece(to, from, bytes);

		sim_access(from, now, 0, pc);
		raw_copy(buffer, from, now);
		sim_access(to, now, ACCESS_WRITE, pc);
		raw_copy(to, buffer, now);
		to += now;
		from += now;
		bytes -= now;
	}
}

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
	if (is_ours(to) || is_ours(from))
		copy_checked(to, from, bytes, PC);
	else
		raw_copy(to, from, bytes);
	return to;
}

/* The whole of both is accessed before any of it moves: what overlaps has one address each. */
void *memmove(void *to, const void *from, size_t bytes)
{
	sim_access(from, bytes, 0, PC);
	sim_access(to, bytes, ACCESS_WRITE, PC);
	if ((unsigned long)to - (unsigned long)from >= bytes)
		raw_copy(to, from, bytes);
	else
		copy_down(to, from, bytes);
	return to;
}

static void *set_checked(void *to, int byte, size_t bytes, const void *pc)
{
	char *at = to;

	while (bytes) {
		size_t page = PAGE_SIZE - ((unsigned long)at & ~PAGE_MASK), now = bytes < page ? bytes : page;

		bytes -= now;
		sim_access(at, now, ACCESS_WRITE, pc);
		__asm__ volatile("rep stosb" : "+D"(at), "+c"(now) : "a"(byte) : "memory");
	}
	return to;
}

void *memset(void *to, int byte, size_t bytes)
{
	return set_checked(to, byte, bytes, PC);
}

void *host_clear_pages(void *start, unsigned long nr)
{
	return set_checked(start, 0, nr << PAGE_SHIFT, PC);
}

int memcmp(const void *a, const void *b, size_t bytes)
{
	const unsigned char *x = a, *y = b;

	while (bytes) {
		size_t now = piece(a, b, bytes);
		unsigned char kept[CHUNK];

		sim_access(x, now, 0, PC);
		raw_copy(kept, x, now);
		sim_access(y, now, 0, PC);
		for (size_t i = 0; i < now; i++)
			if (kept[i] != y[i])	/* NOLINT: raw_copy() wrote it, if by an instruction */
				return kept[i] - y[i];
		x += now;
		y += now;
		bytes -= now;
	}
	return 0;
}
