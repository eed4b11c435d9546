/* SPDX-License-Identifier: MIT */
/*
 * text.c - numbers as people read them: three digits that matter, and the unit.
 */
#include "cli/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct number_text count_text(u64 n)
{
	struct number_text text = { "" };
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%llu", n);
	char *to = text.at;

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return text;
}

struct number_text bytes_text(u64 bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	struct number_text text;
	double value = (double)bytes;
	unsigned int unit = 0;

	while (value >= 1023.5 && unit < 6) {
		value /= 1024;
		unit++;
	}
	snprintf(text.at, sizeof(text.at), value < 9.95 && unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
	return text;
}

struct number_text pages_text(u64 pages)
{
	return bytes_text(pages * 4096);
}

struct number_text size_param(u64 bytes)
{
	struct number_text text;
	const char *unit = "\0KMGT";

	while (bytes && bytes % 1024 == 0 && unit[1]) {
		bytes /= 1024;
		unit++;
	}
	snprintf(text.at, sizeof(text.at), *unit ? "%llu%c" : "%llu", bytes, *unit);
	return text;
}

struct number_text share_text(u64 part, u64 whole)
{
	struct number_text text = { "-" };
	double share = whole ? 100.0 * (double)part / (double)whole : 0;

	if (whole)
		snprintf(text.at, sizeof(text.at), share < 9.95 && share > 0 ? "%.1f %%" : "%.0f %%", share);
	return text;
}

struct number_text thousandths_text(int thousandths)
{
	struct number_text text = { "-" };

	if (thousandths >= 0)
		snprintf(text.at, sizeof(text.at), "%d.%03d", thousandths / 1000, thousandths % 1000);
	return text;
}

struct number_text seconds_text(u64 ns)
{
	struct number_text text;
	double seconds = (double)ns / 1e9;

	snprintf(text.at, sizeof(text.at), seconds < 1 ? "%.3f s" : seconds < 100 ? "%.1f s" : "%.0f s", seconds);
	return text;
}

const char *plural(u64 n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}

void print_wrapped(FILE *out, const char *text, unsigned int indent, unsigned int width)
{
	size_t room = width - indent;

	while (*text) {
		size_t length = strcspn(text, "\n"), cut = length;

		if (length > room) {
			cut = room;
			while (cut && text[cut] != ' ')
				cut--;
			if (!cut)
				cut = room;
		}
		fprintf(out, "%.*s\n", (int)cut, text);
		text += cut;
		while (*text == ' ' || *text == '\n')
			text++;
		if (*text)
			fprintf(out, "%*s", (int)indent, "");
	}
}

struct colours colours_for(FILE *out)
{
	const char *no = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");

	if (!isatty(fileno(out)) || (no && *no) || (terminal && !strcmp(terminal, "dumb")))
		return (struct colours){ "", "", "", "" };
	return (struct colours){ "\033[1;31m", "\033[33m", "\033[1m", "\033[0m" };
}
