/* SPDX-License-Identifier: MIT */
/*
 * format.c - the kernel's printf family: text, numbers, strings.
 *
 *	%[-+ #0][width|*][.precision|.*][hh h l ll L z t](d i u x X o c s p %)
 *
 * Differences from C's, all the kernel's: no %n and no floating point (an unknown conversion ends the
 * text); %#x of 0 is 0x0; %.0d of 0 is 0; zeros pad even where a precision is given; %s prints bad pointers
 * by name. Locks nothing, allocates nothing: safe anywhere.
 */
#include "lib/format.h"

#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/string.h>

const char hex_asc[] = "0123456789abcdef";

#define WIDTH_MAX	((1 << 23) - 1)
#define PRECISION_MAX	((1 << 15) - 1)

static void repeat(struct format_out *out, char c, int times)
{
	while (times-- > 0)
		format_char(out, c);
}

/* Digits of @number, lowest first. Returns how many; 0 has one. */
static int digits_of(char *digits, u64 number, const struct format_spec *spec)
{
	const char *names = spec->upper ? "0123456789ABCDEF" : hex_asc;
	int count = 0;

	do {
		u32 digit;

		number = div_u64_rem(number, spec->base, &digit);
		digits[count++] = names[digit];
	} while (number);
	return count;
}

static char sign_of(u64 *number, const struct format_spec *spec)
{
	if (!spec->is_signed)
		return 0;
	if ((s64)*number < 0) {
		*number = -*number;
		return '-';
	}
	return spec->plus ? '+' : spec->space ? ' ' : 0;
}

void format_number(struct format_out *out, u64 number, struct format_spec spec)
{
	char digits[24], sign = sign_of(&number, &spec);
	const char *prefix = "";
	int count, precision, padding;

	if (spec.alternate && spec.base == 16)
		prefix = spec.upper ? "0X" : "0x";
	else if (spec.alternate && spec.base == 8 && number)
		prefix = "0";
	count = digits_of(digits, number, &spec);
	precision = max(spec.precision, count);
	padding = spec.width - precision - !!sign - (int)strlen(prefix);

	if (!spec.left && !spec.zero)
		repeat(out, ' ', padding);
	if (sign)
		format_char(out, sign);
	while (*prefix)
		format_char(out, *prefix++);
	if (!spec.left && spec.zero)
		repeat(out, '0', padding);
	repeat(out, '0', precision - count);
	while (count)
		format_char(out, digits[--count]);
	if (spec.left)
		repeat(out, ' ', padding);
}

const char *format_bad_pointer(const void *ptr)
{
	if (!ptr)
		return "(null)";
	if ((unsigned long)ptr < 4096 || IS_ERR(ptr))
		return "(efault)";
	return NULL;
}

void format_string(struct format_out *out, const char *s, struct format_spec spec)
{
	const char *bad = format_bad_pointer(s);
	size_t length;

	if (bad) {
		s = bad;
		spec.precision = -1;
	}
	length = spec.precision < 0 ? strlen(s) : strnlen(s, spec.precision);
	if (!spec.left)
		repeat(out, ' ', spec.width - (int)length);
	for (size_t i = 0; i < length; i++)
		format_char(out, s[i]);
	if (spec.left)
		repeat(out, ' ', spec.width - (int)length);
}

static void format_character(struct format_out *out, char c, const struct format_spec *spec)
{
	if (!spec->left)
		repeat(out, ' ', spec->width - 1);
	format_char(out, c);
	if (spec->left)
		repeat(out, ' ', spec->width - 1);
}

/* A walk over a format and its arguments. The list is a member so that helpers can take from it. */
struct walk {
	const char *at;
	va_list args;
};

static void parse_flags(struct walk *walk, struct format_spec *spec)
{
	for (;; walk->at++) {
		switch (*walk->at) {
		case '-': spec->left = true; break;
		case '+': spec->plus = true; break;
		case ' ': spec->space = true; break;
		case '#': spec->alternate = true; break;
		case '0': spec->zero = true; break;
		default: return;
		}
	}
}

/* A decimal number or '*'; at most @most. */
static int parse_amount(struct walk *walk, int most)
{
	int amount = 0;

	if (*walk->at == '*') {
		walk->at++;
		return clamp(va_arg(walk->args, int), -most, most);
	}
	for (; isdigit(*walk->at); walk->at++)
		amount = min(amount * 10 + (*walk->at - '0'), most);
	return amount;
}

static void parse_sizes(struct walk *walk, struct format_spec *spec)
{
	if (isdigit(*walk->at) || *walk->at == '*') {
		spec->width = parse_amount(walk, WIDTH_MAX);
		if (spec->width < 0) {
			spec->width = -spec->width;
			spec->left = true;
		}
	}
	if (*walk->at == '.') {
		walk->at++;
		spec->precision = max(parse_amount(walk, PRECISION_MAX), -1);	/* a negative one, of '.*', is none */
	}
	if (spec->left)
		spec->zero = false;
}

/* The length letters as one: H is hh, L is ll or L, 0 is none. */
static char parse_length(struct walk *walk)
{
	char length = *walk->at;

	if (!length || !strchr("hlLzt", length))
		return 0;
	walk->at++;
	if ((length == 'h' || length == 'l') && *walk->at == length) {
		walk->at++;
		return length == 'h' ? 'H' : 'L';
	}
	return length;
}

/* The next argument, widened by its sign. */
static u64 take_number(struct walk *walk, char length, bool is_signed)
{
	int small;

	switch (length) {
	case 'L':
		return va_arg(walk->args, unsigned long long);
	case 'l':
		return is_signed ? (u64)va_arg(walk->args, long) : va_arg(walk->args, unsigned long);
	case 'z':
		return is_signed ? (u64)va_arg(walk->args, ssize_t) : va_arg(walk->args, size_t);
	case 't':
		return va_arg(walk->args, ptrdiff_t);
	}
	small = va_arg(walk->args, int);
	if (length == 'H')
		return is_signed ? (u64)(signed char)small : (unsigned char)small;
	if (length == 'h')
		return is_signed ? (u64)(short)small : (unsigned short)small;
	return is_signed ? (u64)small : (unsigned int)small;
}

/* Print one conversion; walk->at is behind its '%'. False if it is none: the arguments are lost. */
static bool format_one(struct format_out *out, struct walk *walk)
{
	struct format_spec spec = { .width = -1, .precision = -1, .base = 10 };
	char length, kind;

	parse_flags(walk, &spec);
	parse_sizes(walk, &spec);
	length = parse_length(walk);
	kind = *walk->at;
	if (!kind)
		return false;
	walk->at++;
	switch (kind) {
	case '%':
		format_char(out, '%');
		return true;
	case 'c':
		format_character(out, (char)va_arg(walk->args, int), &spec);
		return true;
	case 's':
		format_string(out, va_arg(walk->args, const char *), spec);
		return true;
	case 'p':
		walk->at = format_pointer(out, walk->at, va_arg(walk->args, const void *), spec);
		return true;
	case 'd':
	case 'i':
		spec.is_signed = true;
		break;
	case 'u':
		break;
	case 'X':
		spec.upper = true;
		spec.base = 16;
		break;
	case 'x':
		spec.base = 16;
		break;
	case 'o':
		spec.base = 8;
		break;
	default:
		return false;
	}
	format_number(out, take_number(walk, length, spec.is_signed), spec);
	return true;
}

void format_all(struct format_out *out, const char *format, va_list args)
{
	struct walk walk = { .at = format };

	va_copy(walk.args, args);
	while (*walk.at) {
		if (*walk.at != '%') {
			format_char(out, *walk.at++);
			continue;
		}
		walk.at++;
		if (!format_one(out, &walk))
			break;
	}
	va_end(walk.args);
}

int kmem_vsnprintf(char *buf, size_t size, const char *format, va_list args)
{
	struct format_out out = { .buf = buf, .size = size };

	if (size > INT_MAX)
		return 0;
	format_all(&out, format, args);
	if (size)
		buf[min(out.length, size - 1)] = '\0';
	return (int)out.length;
}

int kmem_vscnprintf(char *buf, size_t size, const char *format, va_list args)
{
	int length = kmem_vsnprintf(buf, size, format, args);

	if (!size)
		return 0;
	return min_t(size_t, length, size - 1);
}

int kmem_vsprintf(char *buf, const char *format, va_list args)
{
	return kmem_vsnprintf(buf, INT_MAX, format, args);
}

int kmem_snprintf(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = kmem_vsnprintf(buf, size, format, args);
	va_end(args);
	return length;
}

int kmem_scnprintf(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = kmem_vscnprintf(buf, size, format, args);
	va_end(args);
	return length;
}

int kmem_sprintf(char *buf, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = kmem_vsprintf(buf, format, args);
	va_end(args);
	return length;
}
