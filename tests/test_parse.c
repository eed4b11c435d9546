/* SPDX-License-Identifier: MIT */
/*
 * test_parse.c - numbers, sizes and command lines from friendly and hostile text (lib/parse.c, lib/cmdline.c).
 */
#include "tests/ktap.h"

#include "lib/cmdline.h"

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

static void whole_numbers(struct ktap *t)
{
	static const struct {
		const char *text;
		unsigned int base;
		int error;
		unsigned long long value;
	} table[] = {
		{ "0", 0, 0, 0 },
		{ "+7\n", 0, 0, 7 },
		{ "0x1f", 0, 0, 31 },
		{ "0X1F", 16, 0, 31 },
		{ "1f", 16, 0, 31 },
		{ "017", 0, 0, 15 },
		{ "017", 10, 0, 17 },
		{ "101", 2, 0, 5 },
		{ "18446744073709551615", 10, 0, ~0ull },
		{ "18446744073709551616", 10, -ERANGE, 0 },
		{ "0xffffffffffffffff", 0, 0, ~0ull },
		{ "0x10000000000000000", 0, -ERANGE, 0 },
		{ "99999999999999999999999999999999999999", 10, -ERANGE, 0 },
		{ "", 0, -EINVAL, 0 },
		{ "\n", 0, -EINVAL, 0 },
		{ "-1", 0, -EINVAL, 0 },
		{ "+", 0, -EINVAL, 0 },
		{ "++1", 0, -EINVAL, 0 },
		{ " 1", 0, -EINVAL, 0 },
		{ "1 ", 0, -EINVAL, 0 },
		{ "1\n\n", 0, -EINVAL, 0 },
		{ "0x", 0, -EINVAL, 0 },
		{ "0x", 16, -EINVAL, 0 },
		{ "08", 0, -EINVAL, 0 },
		{ "12a", 10, -EINVAL, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		unsigned long long value = 4711;

		EXPECT_EQ(t, kstrtoull(table[i].text, table[i].base, &value), table[i].error);
		EXPECT_EQ(t, value, table[i].error ? 4711 : table[i].value);
	}
}

#define EXPECT_EDGE(t, read, type, text, wanted, beyond)		\
do {									\
	type __value = 1;						\
									\
	EXPECT_EQ(t, read(text, 10, &__value), 0);			\
	EXPECT_EQ(t, __value, wanted);					\
	__value = 1;							\
	EXPECT_EQ(t, read(beyond, 10, &__value), -ERANGE);		\
	EXPECT_EQ(t, __value, 1);					\
} while (0)

static void every_type_has_its_range(struct ktap *t)
{
	EXPECT_EDGE(t, kstrtoll, long long, "9223372036854775807", LLONG_MAX, "9223372036854775808");
	EXPECT_EDGE(t, kstrtoll, long long, "-9223372036854775808", LLONG_MIN, "-9223372036854775809");
	EXPECT_EDGE(t, kstrtouint, unsigned int, "4294967295", ~0u, "4294967296");
	EXPECT_EDGE(t, kstrtoint, int, "2147483647", INT_MAX, "2147483648");
	EXPECT_EDGE(t, kstrtoint, int, "-2147483648", INT_MIN, "-2147483649");
	EXPECT_EDGE(t, kstrtou16, u16, "65535", 65535, "65536");
	EXPECT_EDGE(t, kstrtos16, s16, "-32768", -32768, "32768");
	EXPECT_EDGE(t, kstrtou8, u8, "255", 255, "256");
	EXPECT_EDGE(t, kstrtos8, s8, "-128", -128, "128");
	if (sizeof(long) == 4)
		EXPECT_EDGE(t, kstrtoul, unsigned long, "4294967295", ULONG_MAX, "4294967296");
	else
		EXPECT_EDGE(t, kstrtol, long, "9223372036854775807", LONG_MAX, "9223372036854775808");
}

static void booleans(struct ktap *t)
{
	static const char *const yes[] = { "y", "Y", "yes", "1", "on", "On", "true", "1\n" };
	static const char *const no[] = { "n", "N", "0", "off", "oF", "false" };
	static const char *const bad[] = { "", "2", "o", "ox", " y", "enable" };
	bool value;

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		value = false;
		EXPECT_EQ(t, kstrtobool(yes[i], &value), 0);
		EXPECT(t, value);
	}
	for (size_t i = 0; i < ARRAY_SIZE(no); i++) {
		value = true;
		EXPECT_EQ(t, kstrtobool(no[i], &value), 0);
		EXPECT(t, !value);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(t, kstrtobool(bad[i], &value), -EINVAL);
	EXPECT_EQ(t, kstrtobool(NULL, &value), -EINVAL);
}

static void simple_ones_stop_at_the_first_stranger(struct ktap *t)
{
	const char *text = "0x12g";
	char *end;

	EXPECT_EQ(t, simple_strtoull(text, &end, 0), 0x12);
	EXPECT_STR(t, end, "g");
	EXPECT_EQ(t, simple_strtol("-42,", &end, 10), -42);
	EXPECT_STR(t, end, ",");
	EXPECT_EQ(t, simple_strtoul("zz", &end, 36), 35 * 36 + 35);
	EXPECT_EQ(t, simple_strtoul("x", &end, 10), 0);
	EXPECT_STR(t, end, "x");
	EXPECT_EQ(t, simple_strtoull("0xz", &end, 0), 0);
	EXPECT_STR(t, end, "xz");
}

static void sizes_with_suffixes(struct ktap *t)
{
	static const struct {
		const char *text;
		unsigned long long value;
		const char *rest;
	} table[] = {
		{ "4096", 4096, "" },
		{ "64K", 64 << 10, "" },
		{ "64k@1M", 64 << 10, "@1M" },
		{ "0x10M", 16 << 20, "" },
		{ "2G,high", 2ull << 30, ",high" },
		{ "1T", 1ull << 40, "" },
		{ "3P", 3ull << 50, "" },
		{ "15E", 15ull << 60, "" },
		{ "1KB", 1024, "B" },
		{ "K", 0, "K" },
		{ "", 0, "" },
		{ "-1", 0, "-1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		char *end;

		EXPECT_EQ(t, memparse(table[i].text, &end), table[i].value);
		EXPECT_STR(t, end, table[i].rest);
	}
	EXPECT_EQ(t, memparse("1M", NULL), 1 << 20);
}

static void options(struct ktap *t)
{
	char text[] = "-3,0x10,7-9,x", *at = text;
	int value, ints[6];

	EXPECT_EQ(t, get_option(&at, &value), 2);
	EXPECT_EQ(t, value, -3);
	EXPECT_EQ(t, get_option(&at, &value), 2);
	EXPECT_EQ(t, value, 16);
	EXPECT_EQ(t, get_option(&at, &value), 3);
	EXPECT_EQ(t, value, 7);
	EXPECT_STR(t, get_options("5,7-9,11 rest", ARRAY_SIZE(ints), ints), " rest");
	EXPECT_EQ(t, ints[0], 5);
	EXPECT_MEM(t, ints + 1, ((int[]){ 5, 7, 8, 9, 11 }), 5 * sizeof(int));
	EXPECT(t, parse_option_str("a,bc,d", "bc") && parse_option_str("a,bc,d", "d"));
	EXPECT(t, !parse_option_str("a,bc,d", "b") && !parse_option_str("", "b"));
}

static void hostile_ranges_stay_in_the_array(struct ktap *t)
{
	int ints[4] = { 0, 0, 0, 77 }, count;

	get_options("0-2147483647", 3, ints);
	EXPECT_EQ(t, ints[0], 2);
	EXPECT_EQ(t, ints[3], 77);
	get_options("9-1", 4, ints);
	EXPECT_EQ(t, ints[0], 0);
	get_options("1-", 4, ints);
	EXPECT_EQ(t, ints[0], 0);
	get_options("-2147483648-2147483647,1", 0, &count);
	EXPECT_EQ(t, count, INT_MAX);
	get_options("1,2-4", 0, &count);
	EXPECT_EQ(t, count, 4);
}

static void command_line_is_split(struct ktap *t)
{
	char line[] = "  mem=2G quiet opt=\"a b\" \"whole word=x y\"\tk==v e= q=\"\" =x -- init mem=1";
	static const char *const want[][2] = {
		{ "mem", "2G" }, { "quiet", NULL }, { "opt", "a b" }, { "whole word", "x y" },
		{ "k", "=v" }, { "e", "" }, { "q", "" }, { "=x", NULL },
	};
	char *rest = line, *name, *value;

	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		ASSERT(t, cmdline_next(&rest, &name, &value));
		EXPECT_STR(t, name, want[i][0]);
		EXPECT_STR(t, value, want[i][1]);
	}
	EXPECT(t, !cmdline_next(&rest, &name, &value));
	EXPECT_STR(t, rest, "init mem=1");
}

/* Random quotes, spaces and signs: parts stay inside the buffer, and the walk ends. */
static void hostile_command_lines_end(struct ktap *t)
{
	static const char letters[] = "\"\" = a-,\t";

	for (int round = 0; round < 20000; round++) {
		char line[14], *rest = line, *name, *value;
		int length = ktap_random(t) % 13, words = 0;

		for (int i = 0; i < length; i++)
			line[i] = letters[ktap_random(t) % (sizeof(letters) - 1)];
		line[length] = '\0';
		while (cmdline_next(&rest, &name, &value)) {
			ASSERT(t, name >= line && name + strlen(name) <= line + length);
			ASSERT(t, !value || (value > name && value + strlen(value) <= line + length));
			ASSERT(t, rest >= line && rest <= line + length);
			ASSERT(t, ++words <= length);
		}
	}
}

/* Every type refuses what is no number, and what is more than it holds, and leaves the result. */
#define REFUSES(t, read, type)                                                                                         \
	do {                                                                                                           \
		type value = 77;                                                                                       \
		\
		EXPECT_EQ(t, read("x", 10, &value), -EINVAL);                                                          \
		EXPECT_EQ(t, read("", 10, &value), -EINVAL);                                                           \
		EXPECT_EQ(t, read("99999999999999999999999", 10, &value), -ERANGE);                                    \
		EXPECT_EQ(t, value, 77);                                                                               \
		EXPECT_EQ(t, read("+12\n", 10, &value), 0);                                                            \
		EXPECT_EQ(t, value, 12);                                                                               \
	} while (0)

static void every_type_refuses_what_is_none(struct ktap *t)
{
	REFUSES(t, kstrtoull, unsigned long long);
	REFUSES(t, kstrtoll, long long);
	REFUSES(t, kstrtoul, unsigned long);
	REFUSES(t, kstrtol, long);
	REFUSES(t, kstrtouint, unsigned int);
	REFUSES(t, kstrtoint, int);
	REFUSES(t, kstrtou16, u16);
	REFUSES(t, kstrtos16, s16);
	REFUSES(t, kstrtou8, u8);
	REFUSES(t, kstrtos8, s8);
	EXPECT_EQ(t, simple_strtoll("12", NULL, 10), 12);
	EXPECT_EQ(t, simple_strtoll("-12", NULL, 10), -12);
}

/* get_option() without a place for the value, a number, a text; the ranges that get_options() refuses. */
static void options_that_are_none(struct ktap *t)
{
	static char text[] = "7,x", minus[] = "-";
	char *at = text, *none = NULL;
	int numbers[4];

	EXPECT_EQ(t, get_option(&at, NULL), 2);
	EXPECT_STR(t, at, "x");
	EXPECT_EQ(t, get_option(&at, NULL), 0);
	EXPECT_STR(t, at, "x");
	EXPECT_EQ(t, get_option(&none, NULL), 0);
	at = minus;
	EXPECT_EQ(t, get_option(&at, NULL), 0);
	EXPECT_STR(t, at, "-");
	EXPECT_STR(t, get_options("x", 4, numbers), "x");
	EXPECT_EQ(t, numbers[0], 0);
	get_options("1-2-3", 4, numbers);
	EXPECT_EQ(t, numbers[0], 0);
	get_options("3-x", 4, numbers);
	EXPECT_EQ(t, numbers[0], 0);
	get_options("5,6,7,8,9", 4, numbers);	/* no more than fit */
	EXPECT_EQ(t, numbers[0], 3);
	EXPECT_EQ(t, numbers[3], 7);
}

static void hex_digits(struct ktap *t)
{
	u8 bytes[3] = { 9, 9, 9 };

	EXPECT_EQ(t, hex2bin(bytes, "0aFf", 2), 0);
	EXPECT_EQ(t, bytes[0] << 8 | bytes[1], 0x0aff);
	EXPECT_EQ(t, bytes[2], 9);
	EXPECT_EQ(t, hex2bin(bytes, "0", 1), -EINVAL);
	EXPECT_EQ(t, hex2bin(bytes, "g0", 1), -EINVAL);
	EXPECT_EQ(t, hex_to_bin('/'), -1);
	EXPECT_EQ(t, hex_to_bin('`'), -1);
}

KTAP_SUITE(parse,
	KTAP_CASE(whole_numbers),
	KTAP_CASE(every_type_has_its_range),
	KTAP_CASE(booleans),
	KTAP_CASE(simple_ones_stop_at_the_first_stranger),
	KTAP_CASE(sizes_with_suffixes),
	KTAP_CASE(options),
	KTAP_CASE(hostile_ranges_stay_in_the_array),
	KTAP_CASE(command_line_is_split),
	KTAP_CASE(hostile_command_lines_end),
	KTAP_CASE(every_type_refuses_what_is_none),
	KTAP_CASE(options_that_are_none),
	KTAP_CASE(hex_digits));
