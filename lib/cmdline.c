/* SPDX-License-Identifier: MIT */
/*
 * cmdline.c - a kernel command line: its words, and lists of numbers in their values.
 *
 *	mem=2G slub_debug opt="a b" "quoted word=x y" -- for init
 *	name   name       name      name              end
 *	value  (none)     value     value
 *
 * Words end at white space outside quotes; a quote around a value or a whole word is cut off.
 * All in place: names and values are parts of the caller's buffer.
 */
#include "lib/cmdline.h"

#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/string.h>

/* The end of the word at @args; *@equals is its first '=' that is not its first character, or NULL. */
static char *word_end(char *args, bool quoted, char **equals)
{
	char *at;

	*equals = NULL;
	for (at = args; *at && (quoted || !isspace(*at)); at++) {
		if (*at == '"')
			quoted = !quoted;
		else if (*at == '=' && !*equals && at != args)
			*equals = at;
	}
	return at;
}

char *next_arg(char *args, char **name, char **value)
{
	bool quoted = *args == '"';
	char *end, *equals, *last;

	args += quoted;
	end = word_end(args, quoted, &equals);
	last = end > args && end[-1] == '"' ? end - 1 : end;
	*name = args;
	*value = NULL;
	if (equals) {
		*equals = '\0';
		*value = equals + 1;
		if (**value == '"') {
			(*value)++;
			if (last >= *value)
				*last = '\0';
		}
	}
	if (quoted)
		*last = '\0';
	if (*end)
		*end++ = '\0';
	return skip_spaces(end);
}

bool cmdline_next(char **rest, char **name, char **value)
{
	*rest = skip_spaces(*rest);
	if (!**rest)
		return false;
	*rest = next_arg(*rest, name, value);
	return *value || strcmp(*name, "--");
}

int get_option(char **s, int *value)
{
	char *start = *s, *digits;
	unsigned long long number;
	bool negative;

	if (!start || !*start)
		return 0;
	negative = *start == '-';
	digits = start + negative;
	number = simple_strtoull(digits, s, 0);
	if (value)
		*value = (int)(negative ? -number : number);
	if (*s == digits) {
		*s = start;
		return 0;
	}
	if (**s == ',') {
		(*s)++;
		return 2;
	}
	return **s == '-' ? 3 : 1;
}

/* The numbers written so far, and how many there would be. */
struct numbers {
	int *slots;
	int room;		/* slots in all; [0] is the count's */
	int count;
};

static bool numbers_full(const struct numbers *numbers)
{
	return numbers->room && numbers->count + 1 >= numbers->room;
}

/* Add @first to @last - 1. */
static void numbers_add_range(struct numbers *numbers, int first, int last)
{
	if (!numbers->room) {
		numbers->count = clamp((s64)numbers->count + last - first, (s64)0, (s64)INT_MAX);
		return;
	}
	for (; first < last && !numbers_full(numbers); first++)
		numbers->slots[++numbers->count] = first;
}

char *get_options(const char *s, int nints, int *ints)
{
	struct numbers numbers = { .slots = ints, .room = nints };
	char *at = (char *)s;
	int value, last, kind;

	while (!numbers_full(&numbers)) {
		kind = get_option(&at, &value);
		if (!kind)
			break;
		if (kind == 3) {
			char *range = at + 1;

			kind = get_option(&range, &last);
			if (!kind || kind == 3 || last < value)
				break;
			at = range;
			numbers_add_range(&numbers, value, last);
			value = last;
		}
		if (numbers.room && !numbers_full(&numbers))
			ints[++numbers.count] = value;
		else if (!numbers.room && numbers.count < INT_MAX)
			numbers.count++;
		if (kind == 1)
			break;
	}
	ints[0] = numbers.count;
	return at;
}

bool parse_option_str(const char *s, const char *option)
{
	size_t size = strlen(option);

	while (*s) {
		if (!strncmp(s, option, size) && (!s[size] || s[size] == ','))
			return true;
		s = strchrnul(s, ',');
		if (*s)
			s++;
	}
	return false;
}
