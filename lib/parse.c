/* SPDX-License-Identifier: MIT */
/*
 * parse.c - text to numbers, strictly (kstrto*) and as far as it goes (simple_strto*, memparse).
 *
 *	[+-] [0x] digits [\n]		base 0: 0x is 16, 0 is 8, others 10
 *
 * Promises are in <linux/kstrtox.h> and <linux/kernel.h>. Reads no character behind the string's NUL.
 */
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/overflow.h>
#include <linux/string.h>

int hex_to_bin(unsigned char digit)
{
	if (isdigit(digit))
		return digit - '0';
	digit = tolower(digit);
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

int hex2bin(u8 *dst, const char *digits, size_t count)
{
	for (; count; count--, dst++, digits += 2) {
		int high = hex_to_bin(digits[0]), low = high < 0 ? -1 : hex_to_bin(digits[1]);

		if (low < 0)
			return -EINVAL;
		*dst = high << 4 | low;
	}
	return 0;
}

/* Settle base 0 and step over a prefix. */
static const char *fix_base(const char *s, unsigned int *base)
{
	bool hex_prefix = s[0] == '0' && tolower(s[1]) == 'x' && isxdigit(s[2]);

	if (!*base)
		*base = hex_prefix ? 16 : s[0] == '0' ? 8 : 10;
	return *base == 16 && hex_prefix ? s + 2 : s;
}

/* Value of a digit in the widest base (36), or a large number. */
static unsigned int digit_value(char c)
{
	if (isdigit(c))
		return c - '0';
	return isalpha(c) ? (unsigned int)(tolower(c) - 'a' + 10) : 255;
}

/* Read digits of @base. Returns what follows; *@fits is false if the wrapped *@value is not the number. */
static const char *parse_digits(const char *s, unsigned int base, unsigned long long *value, bool *fits)
{
	*value = 0;
	*fits = true;
	for (; digit_value(*s) < base; s++) {
		if (check_mul_overflow(*value, (unsigned long long)base, value))
			*fits = false;
		if (check_add_overflow(*value, (unsigned long long)digit_value(*s), value))
			*fits = false;
	}
	return s;
}

/* The whole string, without its sign, as a number. */
static int parse_whole(const char *s, unsigned int base, unsigned long long *result)
{
	unsigned long long value;
	const char *start = fix_base(s, &base), *end;
	bool fits;

	end = parse_digits(start, base, &value, &fits);
	if (end == start)
		return -EINVAL;
	if (*end == '\n')
		end++;
	if (*end)
		return -EINVAL;
	if (!fits)
		return -ERANGE;
	*result = value;
	return 0;
}

int kstrtoull(const char *s, unsigned int base, unsigned long long *result)
{
	return parse_whole(*s == '+' ? s + 1 : s, base, result);
}

int kstrtoll(const char *s, unsigned int base, long long *result)
{
	bool negative = *s == '-';
	unsigned long long value;
	int error = parse_whole(negative || *s == '+' ? s + 1 : s, base, &value);

	if (error)
		return error;
	if (value > (unsigned long long)LLONG_MAX + negative)
		return -ERANGE;
	*result = negative ? -value : value;
	return 0;
}

/* The narrower types: read the widest, and see whether it fits. */
#define DEFINE_KSTRTO(name, type, wide, read)					\
int name(const char *s, unsigned int base, type *result)			\
{										\
	wide value;								\
	int error = read(s, base, &value);					\
										\
	if (error)								\
		return error;							\
	if (value != (wide)(type)value)						\
		return -ERANGE;							\
	*result = value;							\
	return 0;								\
}
DEFINE_KSTRTO(kstrtoul, unsigned long, unsigned long long, kstrtoull)
DEFINE_KSTRTO(kstrtol, long, long long, kstrtoll)
DEFINE_KSTRTO(kstrtouint, unsigned int, unsigned long long, kstrtoull)
DEFINE_KSTRTO(kstrtoint, int, long long, kstrtoll)
DEFINE_KSTRTO(kstrtou16, u16, unsigned long long, kstrtoull)
DEFINE_KSTRTO(kstrtos16, s16, long long, kstrtoll)
DEFINE_KSTRTO(kstrtou8, u8, unsigned long long, kstrtoull)
DEFINE_KSTRTO(kstrtos8, s8, long long, kstrtoll)

int kstrtobool(const char *s, bool *result)
{
	char c;

	if (!s)
		return -EINVAL;
	c = tolower(s[0]);
	if (c == 'o') {
		c = tolower(s[1]);
		if (c != 'n' && c != 'f')
			return -EINVAL;
		*result = c == 'n';
		return 0;
	}
	if (!c || !strchr("yt1nf0", c))
		return -EINVAL;
	*result = c == 'y' || c == 't' || c == '1';
	return 0;
}

unsigned long long simple_strtoull(const char *s, char **end, unsigned int base)
{
	unsigned long long value;
	bool fits;

	s = fix_base(s, &base);
	s = parse_digits(s, base, &value, &fits);
	if (end)
		*end = (char *)s;
	return value;
}

unsigned long simple_strtoul(const char *s, char **end, unsigned int base)
{
	return simple_strtoull(s, end, base);
}

long long simple_strtoll(const char *s, char **end, unsigned int base)
{
	if (*s == '-')
		return -simple_strtoull(s + 1, end, base);
	return simple_strtoull(s, end, base);
}

long simple_strtol(const char *s, char **end, unsigned int base)
{
	return simple_strtoll(s, end, base);
}

unsigned long long memparse(const char *s, char **end)
{
	static const char suffixes[] = "kmgtpe";
	char *rest;
	unsigned long long value = simple_strtoull(s, &rest, 0);
	const char *suffix = rest == s || !*rest ? NULL : strchr(suffixes, tolower(*rest));

	if (suffix) {
		value <<= 10 * (suffix - suffixes + 1);
		rest++;
	}
	if (end)
		*end = rest;
	return value;
}
