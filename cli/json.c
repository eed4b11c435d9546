/* SPDX-License-Identifier: MIT */
/*
 * json.c - the writer: commas, indentation, escapes.
 *
 * Numbers are whole: a 64-bit number is written out, whatever the reader makes of it.
 */
#include "cli/json.h"

#include "cli/cli.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* A character of well-formed UTF-8 at text: its length, or 0. */
static unsigned int utf8_length(const unsigned char *text)
{
	unsigned int length = *text < 0x80 ? 1 : *text >= 0xc2 && *text < 0xe0 ? 2 :
			      *text >= 0xe0 && *text < 0xf0 ? 3 : *text >= 0xf0 && *text < 0xf5 ? 4 : 0;

	for (unsigned int i = 1; i < length; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	if ((*text == 0xe0 && text[1] < 0xa0) || (*text == 0xed && text[1] > 0x9f) ||
		(*text == 0xf0 && text[1] < 0x90) || (*text == 0xf4 && text[1] > 0x8f))
		return 0;
	return length;
}

static void write_text(FILE *out, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	putc('"', out);
	while (*at) {
		unsigned int length = utf8_length(at);

		if (*at == '"' || *at == '\\')
			fprintf(out, "\\%c", *at);
		else if (*at < 0x20 || *at == 0x7f)
			fprintf(out, "\\u%04x", *at);
		else if (length)
			fwrite(at, 1, length, out);
		else
			fputs("\\ufffd", out);
		at += length ? length : 1;
	}
	putc('"', out);
}

static void begin_value(struct json *json, const char *key)
{
	if (json->depth) {
		if (json->has_member[json->depth - 1])
			putc(',', json->out);
		json->has_member[json->depth - 1] = true;
		fprintf(json->out, "\n%*s", (int)json->depth, "");
	}
	if (key) {
		write_text(json->out, key);
		fputs(": ", json->out);
	}
}

void json_open(struct json *json, const char *key, char bracket)
{
	assert(json->depth < JSON_DEPTH);
	begin_value(json, key);
	putc(bracket, json->out);
	json->closer[json->depth] = bracket == '{' ? '}' : ']';
	json->has_member[json->depth++] = false;
}

void json_close(struct json *json)
{
	assert(json->depth);
	json->depth--;
	if (json->has_member[json->depth])
		fprintf(json->out, "\n%*s", (int)json->depth, "");
	putc(json->closer[json->depth], json->out);
	if (!json->depth)
		putc('\n', json->out);
}

void json_number(struct json *json, const char *key, u64 value)
{
	begin_value(json, key);
	fprintf(json->out, "%llu", value);
}

void json_signed(struct json *json, const char *key, s64 value)
{
	begin_value(json, key);
	fprintf(json->out, "%lld", value);
}

void json_bool(struct json *json, const char *key, bool value)
{
	begin_value(json, key);
	fputs(value ? "true" : "false", json->out);
}

void json_string(struct json *json, const char *key, const char *text)
{
	begin_value(json, key);
	if (text)
		write_text(json->out, text);
	else
		fputs("null", json->out);
}

bool json_write(const char *path, void (*write)(struct json *json, void *arg), void *arg)
{
	bool to_stdout = !strcmp(path, "-");
	struct json json = { .out = to_stdout ? stdout : fopen(path, "w") };
	bool is_fine;

	if (!json.out) {
		fatal("%s: %s", path, strerror(errno));
		return false;
	}
	write(&json, arg);
	if (to_stdout)
		return true;		/* finish_output() sees whether it arrived */
	is_fine = !fflush(json.out) && !ferror(json.out);
	is_fine &= !fclose(json.out);
	if (!is_fine)
		fatal("%s: cannot be written", path);
	return is_fine;
}
