/* SPDX-License-Identifier: MIT */
/*
 * format_pointer.c - %p and the letters after it: what a pointer points to, in its own notation.
 *
 * The table of letters is in lib/format.h. Symbols and flags are named by hooks, weak here.
 */
#include "lib/format.h"

#include <linux/bitmap.h>
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/string.h>

#define BYTES_MAX	64	/* of one %ph */
#define NAME_SIZE	256

__weak const char *kmem_symbol(char *buf, size_t size, unsigned long pc, bool offset)
{
	(void)offset;
	snprintf(buf, size, "0x%lx", pc);
	return buf;
}

__weak const char *kmem_format_gfp(char *buf, size_t size, gfp_t gfp)
{
	snprintf(buf, size, "%#x", (__force unsigned int)gfp);
	return buf;
}

__weak const char *kmem_format_page_flags(char *buf, size_t size, unsigned long flags)
{
	snprintf(buf, size, "%#lx", flags);
	return buf;
}

__weak const char *kmem_format_vma_flags(char *buf, size_t size, unsigned long flags)
{
	snprintf(buf, size, "%#lx", flags);
	return buf;
}

/* "0x" and all digits of a number of @bytes bytes. */
static void put_address(struct format_out *out, u64 number, size_t bytes)
{
	format_number(out, number, (struct format_spec){
		.base = 16, .alternate = true, .zero = true, .width = 2 + 2 * (int)bytes, .precision = -1 });
}

static void put_pointer(struct format_out *out, const void *ptr, struct format_spec spec)
{
	spec.base = 16;
	if (spec.width < 0) {
		spec.width = 2 * (int)sizeof(ptr) + (spec.alternate ? 2 : 0);
		spec.zero = true;
	}
	format_number(out, (unsigned long)ptr, spec);
}

static void put_decimal(struct format_out *out, s64 number)
{
	format_number(out, number, (struct format_spec){ .base = 10, .is_signed = true, .width = -1, .precision = -1 });
}

static void put_byte(struct format_out *out, u8 byte)
{
	format_char(out, hex_asc_hi(byte));
	format_char(out, hex_asc_lo(byte));
}

static void put_error(struct format_out *out, const void *ptr, struct format_spec spec)
{
	const char *name;

	if (!IS_ERR(ptr)) {
		put_pointer(out, ptr, spec);
		return;
	}
	name = format_errname((int)-PTR_ERR(ptr));
	if (name) {
		format_string(out, name, spec);
		return;
	}
	spec.base = 10;
	spec.is_signed = true;
	format_number(out, PTR_ERR(ptr), spec);
}

static void put_symbol(struct format_out *out, unsigned long pc, bool offset, struct format_spec spec)
{
	char name[NAME_SIZE];

	format_string(out, kmem_symbol(name, sizeof(name), pc, offset), spec);
}

static void put_flags(struct format_out *out, char kind, const void *ptr, struct format_spec spec)
{
	char text[NAME_SIZE];

	switch (kind) {
	case 'g':
		format_string(out, kmem_format_gfp(text, sizeof(text), *(const gfp_t *)ptr), spec);
		break;
	case 'p':
		format_string(out, kmem_format_page_flags(text, sizeof(text), *(const unsigned long *)ptr), spec);
		break;
	case 'v':
		format_string(out, kmem_format_vma_flags(text, sizeof(text), *(const unsigned long *)ptr), spec);
		break;
	default:
		put_pointer(out, ptr, spec);
	}
}

static void put_bytes(struct format_out *out, const u8 *bytes, char style, int width)
{
	int count = width < 0 ? 1 : min(width, BYTES_MAX);
	char separator = style == 'C' ? ':' : style == 'D' ? '-' : style == 'N' ? 0 : ' ';

	for (int i = 0; i < count; i++) {
		if (i && separator)
			format_char(out, separator);
		put_byte(out, bytes[i]);
	}
}

/* Groups of 32 bits, the highest first. */
static void put_bitmap(struct format_out *out, const unsigned long *map, int nbits)
{
	for (int group = (nbits + 31) / 32 - 1; group >= 0; group--) {
		int bits = min(nbits - group * 32, 32);
		u32 value = map[BIT_WORD(group * 32)] >> (group * 32 % BITS_PER_LONG);

		if (bits < 32)
			value &= (1u << bits) - 1;
		format_number(out, value, (struct format_spec){
			.base = 16, .zero = true, .width = (bits + 3) / 4, .precision = -1 });
		if (group)
			format_char(out, ',');
	}
}

static void put_bitmap_list(struct format_out *out, const unsigned long *map, int nbits)
{
	unsigned long first, end = 0;
	bool again = false;

	for_each_set_bitrange(first, end, map, (unsigned long)nbits) {
		if (again)
			format_char(out, ',');
		again = true;
		put_decimal(out, first);
		if (end - first > 1) {
			format_char(out, '-');
			put_decimal(out, end - 1);
		}
	}
}

/* "00:01:02:03:04:05": letters M F (dashes) R (reversed), or m without separators. */
static void put_mac(struct format_out *out, const char *letters, const u8 *mac)
{
	bool reversed = letters[1] == 'R';
	char separator = letters[0] == 'm' ? 0 : letters[1] == 'F' ? '-' : ':';

	for (int i = 0; i < 6; i++) {
		if (i && separator)
			format_char(out, separator);
		put_byte(out, mac[reversed ? 5 - i : i]);
	}
}

/* "127.0.0.1": letters I4, or i4 for three digits each; then h or l where the last byte comes first in memory. */
static void put_ipv4(struct format_out *out, const char *letters, const u8 *address)
{
	bool padded = letters[0] == 'i', reversed = letters[2] == 'h' || letters[2] == 'l';

	for (int i = 0; i < 4; i++) {
		if (i)
			format_char(out, '.');
		format_number(out, address[reversed ? 3 - i : i], (struct format_spec){
			.base = 10, .zero = true, .width = padded ? 3 : -1, .precision = -1 });
	}
}

static void put_uuid(struct format_out *out, char style, const u8 *uuid)
{
	static const u8 little_endian[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
	bool little = style == 'l' || style == 'L', upper = style == 'L' || style == 'B';

	for (int i = 0; i < 16; i++) {
		u8 byte = uuid[little ? little_endian[i] : i];

		if (i == 4 || i == 6 || i == 8 || i == 10)
			format_char(out, '-');
		format_number(out, byte, (struct format_spec){
			.base = 16, .upper = upper, .zero = true, .width = 2, .precision = -1 });
	}
}

static void put_nested(struct format_out *out, const struct va_format *nested)
{
	format_all(out, nested->fmt, *nested->va);
}

/* The letters whose pointer is read: it has been checked. */
static void put_pointed(struct format_out *out, const char *letters, const void *ptr, struct format_spec spec)
{
	switch (letters[0]) {
	case 'V':
		put_nested(out, ptr);
		break;
	case 'a':
		if (letters[1] == 'd')
			put_address(out, *(const dma_addr_t *)ptr, sizeof(dma_addr_t));
		else
			put_address(out, *(const phys_addr_t *)ptr, sizeof(phys_addr_t));
		break;
	case 'G':
		put_flags(out, letters[1], ptr, spec);
		break;
	case 'h':
		put_bytes(out, ptr, letters[1], spec.width);
		break;
	case 'b':
		if (letters[1] == 'l')
			put_bitmap_list(out, ptr, max(spec.width, 0));
		else
			put_bitmap(out, ptr, max(spec.width, 0));
		break;
	case 'M':
	case 'm':
		put_mac(out, letters, ptr);
		break;
	case 'I':
	case 'i':
		put_ipv4(out, letters, ptr);
		break;
	case 'U':
		put_uuid(out, letters[1], ptr);
		break;
	}
}

/* Does %p with these letters read what the pointer points to? */
static bool reads_pointer(const char *letters)
{
	if (letters[0] == 'I' || letters[0] == 'i')
		return letters[1] == '4';
	return letters[0] && strchr("VaGhbMmU", letters[0]);
}

const char *format_pointer(struct format_out *out, const char *letters, const void *ptr, struct format_spec spec)
{
	const char *end = letters;

	while (isalnum(*end))
		end++;
	if (reads_pointer(letters)) {
		const char *bad = format_bad_pointer(ptr);

		if (bad)
			format_string(out, bad, spec);
		else
			put_pointed(out, letters, ptr, spec);
		return end;
	}
	switch (letters[0]) {
	case 'e':
		put_error(out, ptr, spec);
		break;
	case 's':
		put_symbol(out, (unsigned long)ptr, false, spec);
		break;
	case 'S':
	case 'F':
	case 'B':
		put_symbol(out, (unsigned long)ptr, true, spec);
		break;
	default:
		put_pointer(out, ptr, spec);
	}
	return end;
}
