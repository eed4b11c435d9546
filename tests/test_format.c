/* SPDX-License-Identifier: MIT */
/*
 * test_format.c - the kernel's printf dialect against expected strings, whole and cut at every length.
 */
#include "tests/ktap.h"

#include "lib/format.h"

#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#define TEXT_SIZE 512

/* Format, and demand the same from every buffer that is too small. */
static void expect_text(struct ktap *t, const char *want, const char *format, ...)
{
	char text[TEXT_SIZE], cut[TEXT_SIZE];
	int length = strlen(want);
	va_list args;

	va_start(args, format);
	EXPECT_EQ(t, vsnprintf(text, sizeof(text), format, args), length);
	va_end(args);
	EXPECT_STR(t, text, want);
	for (int size = 0; size <= length; size++) {
		memset(cut, '#', sizeof(cut));
		va_start(args, format);
		EXPECT_EQ(t, vsnprintf(cut, size, format, args), length);
		va_end(args);
		if (size) {
			EXPECT_MEM(t, cut, want, size - 1);
			EXPECT_EQ(t, cut[size - 1], 0);
		}
		EXPECT_EQ(t, cut[size], '#');
	}
}

/* Compilers warn of these in a literal: '#' says nothing of a decimal number, and ours of a pointer what %#x does. */
static const char *const alternate_decimal = "%#d", *const alternate_pointer = "%#p";

/* As plain %p prints it, into 40 bytes of text. */
static const char *text_of_pointer(char *text, const void *ptr)
{
	snprintf(text, 40, "%p", ptr);
	return text;
}

static void numbers(struct ktap *t)
{
	expect_text(t, "0 -1 2147483647 -2147483648", "%d %d %i %d", 0, -1, INT_MAX, INT_MIN);
	expect_text(t, "4294967295", "%u", ~0u);
	expect_text(t, "18446744073709551615 -9223372036854775808", "%llu %lld", ~0ull, LLONG_MIN);
	expect_text(t, "18446744073709551615", "%Lu", ~0ull);
	expect_text(t, "ff FF 0xff 0XFF 0377 377", "%x %X %#x %#X %#o %o", 255, 255, 255, 255, 255, 255);
	expect_text(t, "0x0 0", "%#x %#o", 0, 0);
	expect_text(t, "17", alternate_decimal, 17);
	expect_text(t, "-1 255 -1 65535", "%hhd %hhu %hd %hu", 255, -1, 65535, -1);
	expect_text(t, "-3 7 -9", "%zd %zu %td", (ssize_t)-3, (size_t)7, (ptrdiff_t)-9);
	expect_text(t, "+5 -5  5", "%+d %+d % d", 5, -5, 5);
	expect_text(t, "-7 12345678", "%ld %lx", -7l, 0x12345678ul);
}

static void widths_and_precisions(struct ktap *t)
{
	expect_text(t, "|   42|42   |00042|-0042|", "|%5d|%-5d|%05d|%05d|", 42, 42, 42, -42);
	expect_text(t, "|  042|00|0|0|", "|%5.3d|%.2d|%.0d|%.*d|", 42, 0, 0, 0, 0);
	expect_text(t, "|0x1234abcd  |0x001234abcd|  0x1234abcd|", "|%#-12x|%#012x|%#12x|",
		    0x1234abcd, 0x1234abcd, 0x1234abcd);
	expect_text(t, "|42   |   42|", "|%*d|%*d|", -5, 42, 5, 42);
	expect_text(t, "|00007|", "|%05.3d|", 7);
	expect_text(t, "|42   |", "|%-05d|", 42);
	expect_text(t, "0", "%.*d", -1, 0);
	expect_text(t, "|all of it|  all|   |", "|%.*s|%5.*s|%3.*s|", -1, "all of it", INT_MIN, "all", 0, "none");
}

static void strings_and_characters(struct ktap *t)
{
	static const char unterminated[3] = { 'a', 'b', 'c' };

	expect_text(t, "|abc|  abc|abc  |ab|", "|%s|%5s|%-5s|%.2s|", "abc", "abc", "abc", "abc");
	expect_text(t, "||    a|", "|%.0s|%5.1s|", "abc", "abc");
	expect_text(t, "abc", "%.3s", unterminated);
	expect_text(t, "|x|  x|x  |%|", "|%c|%3c|%-3c|%%|", 'x', 'x', 'x');
	expect_text(t, "(null)|  (null)|(null)", "%s|%8s|%.2s", (char *)NULL, (char *)NULL, (char *)NULL);
	expect_text(t, "(efault) (efault)", "%s %s", (char *)16, (char *)-5l);
}

static void unknown_conversions_end_the_text(struct ktap *t)
{
	static const char *const formats[] = { "ab%n", "ab%f cd", "ab%", "ab%5", "ab%ll", "ab%-" };

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		expect_text(t, "ab", formats[i], 1, 2);
}

/* Lines of real files of Linux 6.1, with their own formats' padding. */
static void lines_of_proc_files(struct ktap *t)
{
	expect_text(t, "Node 0, zone      DMA      1      1 ", "Node %d, zone %8s %6lu %6lu ", 0, "DMA", 1ul, 1ul);
	expect_text(t, "MemTotal:        1009908 kB", "%-16s%8lu kB", "MemTotal:", 1009908ul);
	expect_text(t, "kmalloc-8k            28     28   8192    4    8", "%-17s %6lu %6lu %6u %4u %4d",
		    "kmalloc-8k", 28ul, 28ul, 8192, 4, 8);
}

static void plain_pointers(struct ktap *t)
{
	void *ptr = (void *)0x1234abcdul;

	if (sizeof(ptr) == 8) {
		expect_text(t, "000000001234abcd 000000001234abcd 000000001234abcd", "%p %px %pK", ptr, ptr, ptr);
		expect_text(t, "0000000000000000", "%p", NULL);
	} else {
		expect_text(t, "1234abcd 1234abcd 1234abcd", "%p %px %pK", ptr, ptr, ptr);
		expect_text(t, "00000000", "%p", NULL);
	}
	expect_text(t, "|            1234abcd|1234abcd            |", "|%20p|%-20p|", ptr, ptr);
}

static void errors_have_names(struct ktap *t)
{
	char text[40];

	expect_text(t, "-ENOMEM -EIO -EPROBE_DEFER", "%pe %pe %pe", ERR_PTR(-ENOMEM), ERR_PTR(-EIO),
		    ERR_PTR(-EPROBE_DEFER));
	expect_text(t, "[   -EINVAL]", "[%10pe]", ERR_PTR(-EINVAL));
	expect_text(t, text_of_pointer(text, errors_have_names), "%pe", errors_have_names);
	expect_text(t, "-4000 -EAGAIN", "%pe %pe", ERR_PTR(-4000), ERR_PTR(-EWOULDBLOCK));
}

static void physical_addresses(struct ktap *t)
{
	phys_addr_t address = 0x12345678;
	dma_addr_t bus = 0xfff;

	/* PAE: 64 bits on 32 too. */
	expect_text(t, "0x0000000012345678 0x0000000012345678 0x0000000000000fff", "%pa %pap %pad",
		    &address, &address, &bus);
	expect_text(t, "(null)", "%pa", NULL);
}

static void symbols_without_a_table_are_numbers(struct ktap *t)
{
	void *pc = (void *)0xabcdeful;

	expect_text(t, "0xabcdef 0xabcdef 0xabcdef 0xabcdef", "%ps %pS %pB %pF", pc, pc, pc, pc);
}

static void flags_without_names_are_numbers(struct ktap *t)
{
	gfp_t gfp = 0xcc0;
	unsigned long flags = 0x10200;

	expect_text(t, "0xcc0 0x10200 0x10200", "%pGg %pGp %pGv", &gfp, &flags, &flags);
}

static void bytes(struct ktap *t)
{
	static const u8 data[] = { 0x00, 0x01, 0xab, 0xcd, 0xef, 0x80 };

	expect_text(t, "00 01 ab|00:01:ab|00-01-ab|0001ab", "%*ph|%*phC|%*phD|%*phN",
		    3, data, 3, data, 3, data, 3, data);
	expect_text(t, "00||00 01 ab cd ef 80", "%ph|%*ph|%6ph", data, 0, data, data);
	expect_text(t, "00:01:ab:cd:ef:80 80:ef:cd:ab:01:00 00-01-ab-cd-ef-80 0001abcdef80", "%pM %pMR %pMF %pm",
		    data, data, data, data);
	expect_text(t, "127.0.0.1 127.000.000.001", "%pI4 %pi4", "\177\0\0\1", "\177\0\0\1");
	expect_text(t, "10.0.0.1 010.000.000.001", "%pI4n %pi4b", "\12\0\0\1", "\12\0\0\1");
	expect_text(t, "1.0.0.10 001.000.000.010", "%pI4h %pi4l", "\12\0\0\1", "\12\0\0\1");
}

static void uuids(struct ktap *t)
{
	static const u8 uuid[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

	expect_text(t, "00010203-0405-0607-0809-0a0b0c0d0e0f", "%pU", uuid);
	expect_text(t, "00010203-0405-0607-0809-0A0B0C0D0E0F", "%pUB", uuid);
	expect_text(t, "03020100-0504-0706-0809-0a0b0c0d0e0f", "%pUl", uuid);
	expect_text(t, "03020100-0504-0706-0809-0A0B0C0D0E0F", "%pUL", uuid);
}

static void bitmaps(struct ktap *t)
{
	DECLARE_BITMAP(map, 96) = { 0 };

	expect_text(t, "|00000000,00000000| |", "|%*pb| %*pbl|", 64, map, 64, map);
	bitmap_set(map, 1, 4);
	bitmap_set(map, 20, 1);
	bitmap_set(map, 63, 3);
	expect_text(t, "3,80000000,0010001e", "%*pb", 66, map);
	expect_text(t, "1-4,20,63-65", "%*pbl", 96, map);
	expect_text(t, "0e", "%*pb", 4 + 1, (unsigned long[]){ ~0x11ul });
	expect_text(t, "|", "%*pb|", 0, map);
}

static void wrap(struct ktap *t, const char *want, const char *format, ...)
{
	struct va_format nested;
	va_list args;

	va_start(args, format);
	nested = (struct va_format){ .fmt = format, .va = &args };
	expect_text(t, want, "<%pV|%d>", &nested, 9);
	va_end(args);
}

static void nested_formats(struct ktap *t)
{
	wrap(t, "<1 two|9>", "%d %s", 1, "two");
}

static void unknown_letters_print_the_pointer(struct ktap *t)
{
	char want[40];
	void *ptr = (void *)0x77;

	snprintf(want, sizeof(want), "%p-", ptr);
	expect_text(t, want, "%pxyz9-", ptr);
	expect_text(t, text_of_pointer(want, t), "%pGx", t);
	snprintf(want, sizeof(want), "0x%p", ptr);
	expect_text(t, want, alternate_pointer, ptr);
}

static void scnprintf_counts_what_it_stored(struct ktap *t)
{
	char text[4];

	EXPECT_EQ(t, scnprintf(text, sizeof(text), "%s", "abcdef"), 3);
	EXPECT_STR(t, text, "abc");
	EXPECT_EQ(t, scnprintf(text, sizeof(text), "%s", "ab"), 2);
	EXPECT_EQ(t, scnprintf(text, 0, "%s", "ab"), 0);
	EXPECT_EQ(t, sprintf(text, "%d", 123), 3);
	EXPECT_STR(t, text, "123");
	EXPECT_EQ(t, snprintf(text, (size_t)INT_MAX + 1, "%d", 4), 0);
	EXPECT_STR(t, text, "123");
}

KTAP_SUITE(format,
	KTAP_CASE(numbers),
	KTAP_CASE(widths_and_precisions),
	KTAP_CASE(strings_and_characters),
	KTAP_CASE(unknown_conversions_end_the_text),
	KTAP_CASE(lines_of_proc_files),
	KTAP_CASE(plain_pointers),
	KTAP_CASE(errors_have_names),
	KTAP_CASE(physical_addresses),
	KTAP_CASE(symbols_without_a_table_are_numbers),
	KTAP_CASE(flags_without_names_are_numbers),
	KTAP_CASE(bytes),
	KTAP_CASE(uuids),
	KTAP_CASE(bitmaps),
	KTAP_CASE(nested_formats),
	KTAP_CASE(unknown_letters_print_the_pointer),
	KTAP_CASE(scnprintf_counts_what_it_stored));
