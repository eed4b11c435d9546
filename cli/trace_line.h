/* SPDX-License-Identifier: MIT */
/*
 * trace_line.h - one line of ftrace text, taken apart. Between the files trace_*.c only.
 *
 * Nothing here allocates or remembers: spans point into the caller's line, and the event's string ids stay 0
 * until the reader interns them.
 */
#ifndef KMEM_CLI_TRACE_LINE_H
#define KMEM_CLI_TRACE_LINE_H

#include <kmem/trace.h>

struct span {
	const char *at;
	size_t len;
};

enum trace_line_kind {
	TRACE_LINE_EVENT,		/* a kmem event */
	TRACE_LINE_UNKNOWN,		/* another event; its name is in name */
	TRACE_LINE_HEADER,		/* a comment that only ftrace text has */
	TRACE_LINE_COMMENT,		/* empty, "# ...", a stack trace's entry */
	TRACE_LINE_LOST,		/* the machine lost nr_lost events here */
	TRACE_LINE_BAD,			/* none of these: reason and column */
};

#define TRACE_LINE_UNKNOWN_GFP 4

struct trace_line {
	struct trace_event event;
	struct span task, call_site, cache, name;

	bool is_hashed, is_hidden;	/* the event's ptr */
	u32 nr_unknown_gfp;
	struct span unknown_gfp[TRACE_LINE_UNKNOWN_GFP];

	u64 nr_lost;
	bool is_lost_counted;
	u64 entries_in_buffer, entries_written;
	u32 nr_cpus;

	const char *reason;
	size_t column;			/* 1 is the first */
};

/* Take a line apart; @text has no newline and may hold any bytes. */
enum trace_line_kind trace_line_parse(struct trace_line *line, const char *text, size_t len);

/* Read "GFP_KERNEL|__GFP_ZERO", "0xcc0" or "none" into line->event.gfp; unknown parts go to line->unknown_gfp. */
void trace_gfp_parse(struct trace_line *line, struct span text);

/* The TRACE_HAS bits without which an event of the kind says nothing. */
u32 trace_kind_needs(enum trace_kind kind);

static inline bool span_is(struct span span, const char *text, size_t len)
{
	return span.len == len && !__builtin_memcmp(span.at, text, len);
}

#endif
