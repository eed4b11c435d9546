/* SPDX-License-Identifier: MIT */
/* text.c - the bounded text builder; its truths are in text.h. */
#include <linux/kernel.h>
#include "mm/text.h"

struct text text_in(char *buf, size_t size)
{
	if (size)
		buf[0] = '\0';
	return (struct text){ .buf = buf, .size = size };
}

void text_add(struct text *text, const char *format, ...)
{
	size_t room = text->length < text->size ? min(text->size - text->length, (size_t)INT_MAX) : 0;
	va_list args;

	va_start(args, format);
	text->length += (size_t)vsnprintf(room ? text->buf + text->length : NULL, room, format, args);
	va_end(args);
}
