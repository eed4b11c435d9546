/* SPDX-License-Identifier: MIT */
/*
 * text.h - text built piece by piece into a buffer of any size.
 *
 *	buf [ N o d e   0 , \0 ] size		length counts on past the end: what the whole text takes
 *
 * True after each call: buf holds the text's first min(length, size - 1) bytes and a NUL, unless size is 0.
 */
#ifndef MM_TEXT_H
#define MM_TEXT_H

#include <kmem/types.h>

struct text {
	char *buf;
	size_t size;
	size_t length;
};

/* An empty text. buf may be NULL if size is 0. */
struct text text_in(char *buf, size_t size);
/* Append; the format is the kernel's dialect (lib/format.h). */
void text_add(struct text *text, const char *format, ...) PRINTF(2, 3);

#endif
