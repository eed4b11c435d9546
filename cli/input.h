/* SPDX-License-Identifier: MIT */
/*
 * input.h - a file, standard input or memory as a stream of plain bytes, decompressed if need be.
 *
 * The format is told by the first bytes, never by the name. Memory is constant whatever the data claims.
 */
#ifndef KMEM_CLI_INPUT_H
#define KMEM_CLI_INPUT_H

#include <kmem/trace.h>
#include <sys/types.h>

enum input_flags {
	INPUT_NO_LIBRARY = 1,		/* decompress by the program even where a library could */
	INPUT_NO_PROGRAM = 2,		/* never start a program */
};

struct input;

/* Open by path ("-": standard input) or over memory that stays. NULL with the reason in @error. */
MUST_CHECK struct input *input_open(const char *path, unsigned int flags, struct trace_error *error);
MUST_CHECK struct input *input_open_memory(const void *data, size_t size, unsigned int flags,
					   struct trace_error *error);

/*
 * Up to @size plain bytes: how many, 0 at the end, -1 with the reason in input_error().
 * May block on a pipe. What could be decompressed before an error comes first.
 */
MUST_CHECK ssize_t input_read(struct input *in, void *buf, size_t size);

const struct trace_error *input_error(const struct input *in);
const char *input_format(const struct input *in);

/* Bytes of the source taken so far and in all (0: unknown). */
u64 input_consumed(const struct input *in);
u64 input_total(const struct input *in);

void input_close(struct input *in);

#endif
