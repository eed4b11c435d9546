/* SPDX-License-Identifier: MIT */
/*
 * text.h - numbers as people read them, by value: bytes_text(n).at is good for one printf().
 */
#ifndef KMEM_CLI_TEXT_H
#define KMEM_CLI_TEXT_H

#include <kmem/types.h>
#include <stdio.h>

struct number_text {
	char at[32];
};

struct number_text count_text(u64 n);				/* 1,234,567 */
struct number_text bytes_text(u64 bytes);			/* 0 B, 512 B, 1.5 KiB, 48 MiB */
struct number_text pages_text(u64 pages);			/* the bytes of so many pages */
struct number_text size_param(u64 bytes);			/* 512M, as mem= wants it; exact */
struct number_text share_text(u64 part, u64 whole);		/* 12 %, 0.3 %, - without a whole */
struct number_text thousandths_text(int thousandths);		/* 0.930; - if negative */
struct number_text seconds_text(u64 ns);			/* 12.3 s, 0.062 s */

const char *plural(u64 n, const char *one, const char *many);

/* Print a paragraph: lines of at most width columns, all but the first after indent spaces. */
void print_wrapped(FILE *out, const char *text, unsigned int indent, unsigned int width);

/* Escape sequences, or "" if out is no terminal or NO_COLOR is set. */
struct colours {
	const char *bad, *note, *head, *off;
};

struct colours colours_for(FILE *out);

#endif
