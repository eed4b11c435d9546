/* SPDX-License-Identifier: MIT */
/* test_string_blocks.c - the block functions of processors that are not x86 against libc's, at every alignment. */
#include "tests/ktap.h"

#include <linux/string.h>

#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#define KMEM_LIBC(name) plain_##name
#define KMEM_PLAIN_BLOCKS
#undef KMEM_HOST_BLOCKS
#include "lib/string.c"

#define BYTES 96u

static void fill(struct ktap *t, unsigned char *a, unsigned char *b)
{
	for (unsigned int i = 0; i < BYTES; i++)
		a[i] = b[i] = (unsigned char)ktap_random(t);
}

static void plain_blocks_are_as_libc_writes_them(struct ktap *t)
{
	unsigned char a[BYTES] __attribute__((aligned(8))), b[BYTES] __attribute__((aligned(8)));

	for (unsigned int round = 0; round < 20000; round++) {
		size_t n = ktap_random(t) % 40, from = ktap_random(t) % 48, to = ktap_random(t) % 48;

		fill(t, a, b);
		ASSERT(t, plain_memmove(a + to, a + from, n) == a + to);
		memmove(b + to, b + from, n);
		ASSERT_MEM(t, a, b, BYTES);
		ASSERT(t, plain_memset(a + from, (int)n * 7 + 0x100, n) == a + from);
		memset(b + from, (int)n * 7 + 0x100, n);
		ASSERT_MEM(t, a, b, BYTES);
		ASSERT(t, plain_memcpy(a + to % 16, a + 32 + from % 16, n % 17) == a + to % 16);
		memcpy(b + to % 16, b + 32 + from % 16, n % 17);
		ASSERT_MEM(t, a, b, BYTES);
	}
}

KTAP_SUITE(string_blocks,
	KTAP_CASE(plain_blocks_are_as_libc_writes_them));
