/* SPDX-License-Identifier: MIT */
/*
 * test_string.c - the kernel's own string functions, and our twins of libc's against libc's.
 */
#include "tests/ktap.h"

#include <linux/kernel.h>
#include <linux/string.h>

#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#define KMEM_LIBC(name) twin_##name
#undef KMEM_HOST_BLOCKS
#include "lib/string.c"

static void copies_are_cut_and_ended(struct ktap *t)
{
	char buf[4] = "###";

	EXPECT_EQ(t, strscpy(buf, "abc"), 3);
	EXPECT_STR(t, buf, "abc");
	EXPECT_EQ(t, strscpy(buf, "abcd", sizeof(buf)), -E2BIG);
	EXPECT_STR(t, buf, "abc");
	EXPECT_EQ(t, strscpy(buf, "x", 0), -E2BIG);
	EXPECT_STR(t, buf, "abc");
	EXPECT_EQ(t, strscpy_pad(buf, "x"), 1);
	EXPECT_MEM(t, buf, "x\0\0\0", 4);
	EXPECT_EQ(t, strscpy_pad(buf, "long"), -E2BIG);
	EXPECT_STR(t, buf, "lon");
	EXPECT_EQ(t, strlcpy(buf, "abcdef", sizeof(buf)), 6);
	EXPECT_STR(t, buf, "abc");
	buf[1] = '\0';
	EXPECT_EQ(t, strlcat(buf, "xyz", sizeof(buf)), 4);
	EXPECT_STR(t, buf, "axy");
}

static void limited_searches(struct ktap *t)
{
	const char *s = "hello world";

	EXPECT(t, strnchr(s, 4, 'o') == NULL);
	EXPECT(t, strnchr(s, 5, 'o') == s + 4);
	EXPECT(t, strnchr(s, 100, 0) == s + 11);
	EXPECT(t, strnchr(s, 100, 'z') == NULL);
	EXPECT(t, strnchrnul(s, 3, 'z') == s + 3);
	EXPECT(t, strnchrnul(s, 100, 'z') == s + 11);
	EXPECT(t, strnchrnul(s, 100, 'w') == s + 6);
	EXPECT(t, strnstr(s, "world", 10) == NULL);
	EXPECT(t, strnstr(s, "world", 11) == s + 6);
	EXPECT(t, strnstr(s, "", 0) == s);
	EXPECT(t, strnstr(s, "world!", 100) == NULL);
}

static void white_space_is_trimmed(struct ktap *t)
{
	char a[] = " \t a b \n", b[] = "   ", c[] = "";

	EXPECT_STR(t, strim(a), "a b");
	EXPECT_STR(t, strim(b), "");
	EXPECT_STR(t, strim(c), "");
	EXPECT_STR(t, skip_spaces("\t\v x "), "x ");
}

static void odd_byte_is_found_at_every_place(struct ktap *t)
{
	unsigned char mem[70];

	memset(mem, 0x6b, sizeof(mem));
	for (int start = 0; start < 9; start++) {
		for (int end = start; end <= 60; end++) {
			ASSERT(t, memchr_inv(mem + start, 0x6b, end - start) == NULL);
			for (int odd = start; odd < end; odd++) {
				mem[odd] ^= 0x80;
				ASSERT(t, memchr_inv(mem + start, 0x16b, end - start) == mem + odd);
				mem[odd] ^= 0x80;
			}
		}
	}
}

static void blocks(struct ktap *t)
{
	u64 wide[3] = { 0 };
	u32 narrow[3] = { 0 };
	u8 padded[6];
	struct { int a, b, c; } s = { 1, 2, 3 };

	memset64(wide, 0x0102030405060708ull, 2);
	EXPECT(t, wide[1] == 0x0102030405060708ull && !wide[2]);
	memset32(narrow, 5, 2);
	EXPECT(t, narrow[1] == 5 && !narrow[2]);
	EXPECT(t, memscan(padded, 0, 0) == padded);
	memcpy_and_pad(padded, sizeof(padded), "abc", 3, '.');
	EXPECT_MEM(t, padded, "abc...", 6);
	EXPECT(t, memscan(padded, '.', 6) == padded + 3);
	EXPECT(t, memscan(padded, 'z', 6) == padded + 6);
	memset_after(&s, 0, a);
	EXPECT(t, s.a == 1 && !s.b && !s.c);
	memzero_explicit(padded, sizeof(padded));
	EXPECT(t, !memchr_inv(padded, 0, sizeof(padded)));
}

static void names_and_paths(struct ktap *t)
{
	static const char *const names[] = { "always", "madvise", "never", NULL };
	char s[] = "a-b-c";

	EXPECT_EQ(t, match_string(names, 4, "never"), 2);
	EXPECT_EQ(t, match_string(names, 2, "never"), -EINVAL);
	EXPECT_EQ(t, match_string(names, 9, "nev"), -EINVAL);
	EXPECT_EQ(t, sysfs_match_string(names, "madvise\n"), 1);
	EXPECT_EQ(t, kmem_sysfs_match_string(names, 9, "nev"), -EINVAL);
	EXPECT_EQ(t, kmem_sysfs_match_string(names, 2, "never"), -EINVAL);
	EXPECT(t, sysfs_streq("a\n", "a") && sysfs_streq("a", "a\n") && sysfs_streq("", "\n"));
	EXPECT(t, !sysfs_streq("a\n\n", "a") && !sysfs_streq("a", "ab") && !sysfs_streq("a\nb", "a"));
	EXPECT_STR(t, kbasename("/a/b"), "b");
	EXPECT_STR(t, kbasename("b"), "b");
	EXPECT_STR(t, kbasename("a/"), "");
	EXPECT_STR(t, strreplace(s, '-', '_'), "a_b_c");
	EXPECT_EQ(t, str_has_prefix("slub_debug", "slub"), 4);
	EXPECT_EQ(t, str_has_prefix("slab", "slub"), 0);
}

static int sign(int x)
{
	return x < 0 ? -1 : x > 0;
}

/* Short strings of few letters, so that all cases of each search come up. */
static void random_string(struct ktap *t, char *s)
{
	int length = ktap_random(t) % 7;

	for (int i = 0; i < length; i++)
		s[i] = "abA\xe9"[ktap_random(t) % 4];
	s[length] = '\0';
}

static void twins_read_as_libc_does(struct ktap *t)
{
	for (int round = 0; round < 20000; round++) {
		char a[8], b[8];
		size_t n = ktap_random(t) % 8;
		int c = ktap_random(t) % 5 ? "abA\xe9"[ktap_random(t) % 4] : 0;

		memset(a, 'b', sizeof(a));
		memset(b, 'b', sizeof(b));
		random_string(t, a);
		random_string(t, b);
		ASSERT_EQ(t, twin_strlen(a), strlen(a));
		ASSERT_EQ(t, twin_strnlen(a, n), strnlen(a, n));
		ASSERT_EQ(t, sign(twin_strcmp(a, b)), sign(strcmp(a, b)));
		ASSERT_EQ(t, sign(twin_strncmp(a, b, n)), sign(strncmp(a, b, n)));
		ASSERT_EQ(t, sign(twin_strcasecmp(a, b)), sign(strcasecmp(a, b)));
		ASSERT_EQ(t, sign(twin_strncasecmp(a, b, n)), sign(strncasecmp(a, b, n)));
		ASSERT_EQ(t, sign(twin_memcmp(a, b, n)), sign(memcmp(a, b, n)));
		ASSERT_EQ(t, !twin_bcmp(a, b, n), !memcmp(a, b, n));
		ASSERT(t, twin_memchr(a, c, n) == memchr(a, c, n));
		ASSERT(t, twin_strchr(a, c) == strchr(a, c));
		ASSERT(t, twin_strrchr(a, c) == strrchr(a, c));
		ASSERT(t, twin_strchrnul(a, c) == strchrnul(a, c));
		ASSERT(t, twin_strstr(a, b) == strstr(a, b));
		ASSERT(t, twin_strpbrk(a, b) == strpbrk(a, b));
		ASSERT_EQ(t, twin_strspn(a, b), strspn(a, b));
		ASSERT_EQ(t, twin_strcspn(a, b), strcspn(a, b));
	}
}

static void twins_write_as_libc_does(struct ktap *t)
{
	for (int round = 0; round < 20000; round++) {
		char a[32], b[32], s[8], *rest_a = a, *rest_b = b;
		size_t n = ktap_random(t) % 12, from = ktap_random(t) % 12, to = ktap_random(t) % 12;

		for (size_t i = 0; i < sizeof(a); i++)
			a[i] = 'a' + ktap_random(t) % 20;
		a[sizeof(a) - 1] = '\0';
		memcpy(b, a, sizeof(a));
		ASSERT(t, twin_memmove(a + to, a + from, n) == a + to);
		memmove(b + to, b + from, n);
		ASSERT_MEM(t, a, b, sizeof(a));
		random_string(t, s);
		ASSERT(t, twin_strcpy(a, s) == a && twin_stpcpy(a + 8, s) == a + 8 + strlen(s));
		strcpy(b, s);
		strcpy(b + 8, s);
		ASSERT_MEM(t, a, b, sizeof(a));
		twin_strcat(a, s);
		strcat(b, s);
		twin_strncat(a + 16, "", 3);
		ASSERT(t, twin_strncpy(a + to, s, n) == a + to);
		strncpy(b + to, s, n);
		memcpy(b + 16, a + 16, 16);
		ASSERT_MEM(t, a, b, sizeof(a));
		twin_memset(a + to, 0x17f, n);
		memset(b + to, 0x17f, n);
		ASSERT_MEM(t, a, b, sizeof(a));
		ASSERT_EQ(t, !twin_strsep(&rest_a, s), !strsep(&rest_b, s));
		ASSERT_EQ(t, rest_a ? rest_a - a : -1, rest_b ? rest_b - b : -1);
		ASSERT_MEM(t, a, b, sizeof(a));
		rest_a = NULL;
		ASSERT_NULL(t, twin_strsep(&rest_a, s));
	}
}

#define LONGEST 320u	/* beyond what is done without a string instruction */

static void blocks_of_every_length(struct ktap *t)
{
	static unsigned char a[2 * LONGEST], b[2 * LONGEST];

	for (size_t n = 0; n <= LONGEST; n++) {
		size_t from = ktap_random(t) % 64, to = ktap_random(t) % 64;

		for (size_t i = 0; i < sizeof(a); i++)
			a[i] = b[i] = (unsigned char)ktap_random(t);
		ASSERT(t, twin_memmove(a + to, a + from, n) == a + to);
		memmove(b + to, b + from, n);
		ASSERT_MEM(t, a, b, sizeof(a));
		ASSERT(t, twin_memset(a + from, (int)n, n) == a + from);
		memset(b + from, (int)n, n);
		ASSERT_MEM(t, a, b, sizeof(a));
		ASSERT(t, twin_memcpy(a + to, b + LONGEST - from, n) == a + to);
		ASSERT_MEM(t, a + to, b + LONGEST - from, n);
	}
}

KTAP_SUITE(string,
	KTAP_CASE(blocks_of_every_length),
	KTAP_CASE(copies_are_cut_and_ended),
	KTAP_CASE(limited_searches),
	KTAP_CASE(white_space_is_trimmed),
	KTAP_CASE(odd_byte_is_found_at_every_place),
	KTAP_CASE(blocks),
	KTAP_CASE(names_and_paths),
	KTAP_CASE(twins_read_as_libc_does),
	KTAP_CASE(twins_write_as_libc_does));
