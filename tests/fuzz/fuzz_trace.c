/* SPDX-License-Identifier: MIT */
/*
 * fuzz_trace.c - any bytes as a trace file, compressed or not.
 *
 * Whatever they are: nothing is read or written where it must not be, T1 and T2 of <kmem/trace.h> hold, and an
 * event, written and read back, is written the same again.
 */
#include <kmem/trace.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 8192
/* A compressed input may grow a thousandfold; enough is enough. */
#define MAX_EVENTS 100000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool held, const char *what, const char *line)
{
	if (held)
		return;
	fprintf(stderr, "%s: %s\n", what, line);
	abort();
}

static void check_sums(const struct trace_stats *s)
{
	u64 kinds = 0;

	for (int i = 0; i < TRACE_NR_KINDS; i++)
		kinds += s->nr_by_kind[i];
	require(kinds == s->nr_events, "T2", "");
	require(s->nr_events + s->nr_unknown + s->nr_comments + s->nr_lost_marks + s->nr_malformed + s->nr_truncated ==
		s->nr_lines, "T1", "");
}

static int write_line(char *line, const struct trace_reader *reader, const struct trace_event *event)
{
	struct trace_text text = trace_event_text(reader, event);
	int len = trace_format_event(line, LINE_BYTES - 1, event, &text);

	require(len > 0 && len < LINE_BYTES - 1, "the line does not fit", line);
	return len;
}

static void check_round_trip(const struct trace_reader *reader, const struct trace_event *event)
{
	char line[LINE_BYTES], again[LINE_BYTES];
	struct trace_reader *second;
	struct trace_error error;
	struct trace_event back;
	int len = write_line(line, reader, event);

	strcpy(line + len, "\n");
	second = trace_open_memory(line, (size_t)len + 1, &error);
	if (!second)
		return;		/* no memory, or a task's name begins as another kind of file does */
	require(trace_next(second, &back) == 1, "not read back", line);
	write_line(again, second, &back);
	line[len] = '\0';
	require(!strcmp(line, again), line, again);
	require(back.kind == event->kind && back.ptr == event->ptr && back.pfn == event->pfn &&
		back.bytes_req == event->bytes_req && back.gfp == event->gfp, "another event", line);
	require(trace_next(second, &back) == 0, "more than one line", line);
	trace_close(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace_reader *reader;
	struct trace_error error;
	struct trace_event event;
	int result = 0;

	reader = trace_open_memory(data, size, &error);
	if (!reader) {
		require(error.kind && error.text[0], "no reason given", "");
		return 0;
	}
	for (int i = 0; i < MAX_EVENTS && (result = trace_next(reader, &event)) > 0; i++) {
		check_sums(trace_stats(reader));
		if (i < 64)
			check_round_trip(reader, &event);
	}
	check_sums(trace_stats(reader));
	if (result < 0)
		require(trace_last_error(reader)->text[0], "no reason given", "");
	trace_close(reader);
	return 0;
}
