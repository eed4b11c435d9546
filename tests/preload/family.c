/* SPDX-License-Identifier: MIT */
/* family.c - what each function of the malloc family promises. Exits with the line of the first broken promise. */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/preload/expect.h"

void *reallocarray(void *memory, size_t nr, size_t size);

/* Kept from the compiler, which knows what such sizes mean. */
static volatile size_t huge = PTRDIFF_MAX, one = 1;

static void sizes(void)
{
	for (size_t size = 0; size < 70000; size += 1 + size / 17) {
		unsigned char *memory = malloc(size), *other = malloc(size), *zero;

		EXPECT(memory && other && memory != other);
		EXPECT(malloc_usable_size(memory) >= size);
		EXPECT((uintptr_t)memory % (size < 16 ? 8 : 16) == 0);
		memset(memory, 0xa5, malloc_usable_size(memory));
		memset(other, 0x5a, malloc_usable_size(other));
		for (size_t i = 0; i < size; i++)
			EXPECT(memory[i] == 0xa5);
		free(memory);
		zero = calloc(size, 1);
		for (size_t i = 0; i < size; i++)
			EXPECT(!zero[i]);
		free(zero);
		free(other);
	}
	free(NULL);
	EXPECT(!malloc_usable_size(NULL));
}

/* Used memory comes back as zeros, whichever way a size of calloc() has them made. */
static void zeros(void)
{
	for (size_t size = 100; size < 40 << 20; size *= 3)
		for (int round = 0; round < 2; round++) {
			unsigned char *memory = malloc(size);

			memset(memory, 0xff, size);
			free(memory);
			memory = calloc(1, size);
			for (size_t i = 0; i < size; i++)
				EXPECT(!memory[i]);
			memset(memory, 0xff, size);
			free(memory);
		}
}

/* Objects are little larger than asked for, once there are some; the first may be of a size that is there already. */
static void little_is_wasted(void)
{
	void *objects[64];

	for (size_t size = 33; size <= 8192; size += 1 + size / 9) {
		size_t last = 0;

		for (int i = 0; i < 64; i++)
			objects[i] = malloc(size);
		EXPECT(malloc_usable_size(objects[0]) <= size + size / 2 + 63);
		for (int i = 0; i < 64; i++) {
			EXPECT((uintptr_t)objects[i] % 16 == 0);
			last = malloc_usable_size(objects[i]);
			memset(objects[i], i, last);
		}
		EXPECT(last <= size + size / 8 + 15);
		for (int i = 0; i < 64; i++) {
			EXPECT(((unsigned char *)objects[i])[last - 1] == i);
			free(objects[i]);
		}
	}
}

static void grow_and_shrink(void)
{
	unsigned char *memory = NULL;
	size_t size, most = 24 << 20;

	for (size = 1; size < most; size += 1 + size / 3) {
		memory = realloc(memory, size);
		EXPECT(memory && malloc_usable_size(memory) >= size);
		memory[size - 1] = (unsigned char)size;
		memory[0] = 77;
	}
	for (; size > 10; size /= 2) {
		memory = realloc(memory, size);
		EXPECT(memory && memory[0] == 77);
	}
	EXPECT(!realloc(memory, 0));
	memory = realloc(NULL, 10);
	EXPECT(memory);
	EXPECT(realloc(memory, 12) == memory);		/* there was room */
	EXPECT(!reallocarray(memory, huge, 4) && errno == ENOMEM);
	memory = reallocarray(memory, 10, 10);
	EXPECT(memory && malloc_usable_size(memory) >= 100);
	free(memory);
}

static void alignments(void)
{
	void *memory = &memory, *before = memory;

	for (size_t align = sizeof(void *); align <= 16 << 20; align *= 2)
		for (size_t size = 0; size <= 5 << 20; size = size * 5 + 7) {
			EXPECT(!posix_memalign(&memory, align, size));
			EXPECT((uintptr_t)memory % align == 0 && malloc_usable_size(memory) >= size);
			memset(memory, 1, size);
			free(memory);
			memory = memalign(align, size);
			EXPECT((uintptr_t)memory % align == 0);
			free(memory);
			memory = aligned_alloc(align, size);
			EXPECT((uintptr_t)memory % align == 0);
			free(memory);
		}
	memory = before;
	errno = 7;
	EXPECT(posix_memalign(&memory, 24, 8) == EINVAL && posix_memalign(&memory, 4, 8) == EINVAL);
	EXPECT(posix_memalign(&memory, 64, huge) == ENOMEM);
	EXPECT(memory == before && errno == 7);
	EXPECT(!aligned_alloc(one + 23, 24) && errno == EINVAL);
	memory = valloc(1);
	EXPECT((uintptr_t)memory % 4096 == 0);
	free(memory);
	memory = pvalloc(1);
	EXPECT((uintptr_t)memory % 4096 == 0 && malloc_usable_size(memory) >= 4096);
	free(memory);
}

static void refusals(void)
{
	char *memory = malloc(10);

	errno = 0;
	EXPECT(!malloc(huge) && errno == ENOMEM);
	EXPECT(!malloc(huge * 2 + 1) && !malloc(huge + 1));
	EXPECT(!calloc(huge, 4) && !calloc(huge / 8, 8) && !pvalloc(huge * 2 + 1));
	EXPECT(!realloc(memory, huge) && !valloc(huge));
	strcpy(memory, "still");
	EXPECT(!strcmp(memory, "still"));
	errno = 5;
	free(memory);
	memory = malloc(30 << 20);
	free(memory);
	EXPECT(errno == 5);
}

/* More than an int counts. */
static void large(void)
{
	char *memory = malloc(3ul << 30);

	EXPECT(memory);
	memory[0] = memory[(3ul << 30) - 1] = 1;
	free(memory);
	memory = calloc(1, 3ul << 30);
	EXPECT(memory && !memory[0] && !memory[(3ul << 30) - 1]);
	free(memory);
}

int main(void)
{
	sizes();
	zeros();
	little_is_wasted();
	grow_and_shrink();
	alignments();
	refusals();
	large();
	return 0;
}
