/* SPDX-License-Identifier: MIT */
/*
 * json.h - write JSON, a value at a time.
 *
 *	json_open(&json, NULL, '{');  json_number(&json, "events", 7);  json_close(&json);
 *
 * key is NULL inside an array and for the outermost value. The output is valid if every open has its close.
 */
#ifndef KMEM_CLI_JSON_H
#define KMEM_CLI_JSON_H

#include <kmem/types.h>
#include <stdio.h>

#define JSON_DEPTH 16

struct json {
	FILE *out;
	unsigned int depth;
	char closer[JSON_DEPTH];
	bool has_member[JSON_DEPTH];
};

void json_open(struct json *json, const char *key, char bracket);	/* '{' or '[' */
void json_close(struct json *json);
void json_number(struct json *json, const char *key, u64 value);
void json_signed(struct json *json, const char *key, s64 value);
void json_bool(struct json *json, const char *key, bool value);
/* Bytes that are not UTF-8 become U+FFFD; NULL becomes null. */
void json_string(struct json *json, const char *key, const char *text);

/* What write(json, arg) makes, into a file; "-" is standard output. False, with a message, if that fails. */
bool json_write(const char *path, void (*write)(struct json *json, void *arg), void *arg);

#endif
