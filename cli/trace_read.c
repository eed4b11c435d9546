/* SPDX-License-Identifier: MIT */
/*
 * trace_read.c - a trace as a stream of events: lines out of blocks, strings into ids, counts of everything.
 *
 *	input --256 KiB--> buf [ done |start  line\n line\n par ..end| free ] --line--> trace_line.c --> event
 *	                                                                                   `-- strings --> id
 *
 * A string is stored once, for the life of the reader; its id is its number, so that a caller can keep what it
 * knows of a call site in an array. Table and text are bounded: a hostile file fills them and goes on without.
 *
 * True between calls:
 *	R1  buf[start..end) is input not yet read as lines; a line's part in it is at most LINE_BYTES long
 *	R2  strings.slots holds every id of 1..nr-1 once, and is at most half full
 *	R3  T1 and T2 of trace.h
 * Lock: none; a reader belongs to one thread at a time.
 */
#include "cli/input.h"
#include "cli/trace_line.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_BYTES (256 * 1024)
#define LINE_BYTES (64 * 1024)		/* a longer line is malformed */
#define STRING_BYTES 511		/* a longer string is cut */
#define MAX_STRINGS (1u << 20)
#define MAX_STRING_BYTES (64u << 20)
#define CHUNK_BYTES (64 * 1024)
#define FIRST_SLOTS 1024

/* Give up on a file of which so much was no ftrace text. */
#define MAX_FOREIGN_LINES 1000
#define MAX_FOREIGN_BYTES (4u << 20)

static_assert(LINE_BYTES < BUF_BYTES, "a whole line fits into the buffer");
static_assert(STRING_BYTES < CHUNK_BYTES / 2, "a string, raw and printable, fits into a chunk");

struct string {
	const char *raw;		/* as it was read: what is compared */
	const char *text;		/* printable, NUL-terminated; the same bytes if they were printable */
	u32 len;
	u32 hash;
};

struct chunk {
	struct chunk *next;
	char bytes[CHUNK_BYTES];
};

struct strings {
	struct string *entries;		/* by id; entry 0 is the empty string */
	u32 *slots;			/* open addressing; 0 is free */
	u32 nr, room, nr_slots;
	struct chunk *chunks;		/* the newest first */
	size_t used, total;		/* of the newest, of all */
};

struct trace_reader {
	struct input *in;
	char *buf;
	size_t start, end;
	u64 plain_bytes;
	bool is_eof, is_skipping, is_ftrace, has_time;
	int result;			/* what trace_next() returns once it is not 1 */
	u64 lost_pending, previous_ns;
	struct strings strings;
	struct trace_stats stats;
	struct trace_error error;
};

/* --------------------------------------------------------------------------------------------------- strings */

static u32 hash_of(const char *at, size_t len)
{
	u64 hash = len, word;

	for (; len >= 8; at += 8, len -= 8) {
		memcpy(&word, at, 8);
		hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
		hash ^= hash >> 29;
	}
	word = 0;
	memcpy(&word, at, len);
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
	return (u32)(hash >> 32);
}

static bool is_printable(char c)
{
	return c >= ' ' && c <= '~';
}

static void copy_printable(char *to, const char *from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = is_printable(from[i]) ? from[i] : '?';
	to[len] = '\0';
}

static char *strings_room(struct strings *strings, size_t len)
{
	char *at;

	if (!strings->chunks || CHUNK_BYTES - strings->used < len) {
		struct chunk *chunk = malloc(sizeof(*chunk));

		if (!chunk)
			return NULL;
		chunk->next = strings->chunks;
		strings->chunks = chunk;
		strings->used = 0;
	}
	at = strings->chunks->bytes + strings->used;
	strings->used += len;
	strings->total += len;
	return at;
}

/* Double both tables. False, with nothing changed that matters, when there is no memory. */
static bool strings_grow(struct strings *strings)
{
	u32 nr_slots = strings->nr_slots ? strings->nr_slots * 2 : FIRST_SLOTS, room = nr_slots / 2;
	struct string *entries = realloc(strings->entries, room * sizeof(*entries));
	u32 *slots = entries ? calloc(nr_slots, sizeof(*slots)) : NULL;

	if (entries)
		strings->entries = entries;
	if (!slots)
		return false;
	for (u32 id = 1; id < strings->nr; id++) {
		u32 i = entries[id].hash & (nr_slots - 1);

		while (slots[i])
			i = (i + 1) & (nr_slots - 1);
		slots[i] = id;
	}
	free(strings->slots);
	strings->slots = slots;
	strings->nr_slots = nr_slots;
	strings->room = room;
	return true;
}

static bool strings_start(struct strings *strings)
{
	if (!strings_grow(strings))
		return false;
	strings->entries[0] = (struct string){ "", "", 0, 0 };
	strings->nr = 1;
	return true;
}

static u32 strings_add(struct strings *strings, struct span span, u32 hash)
{
	bool is_clean = true;
	char *raw, *text;
	u32 i;

	if (strings->nr == MAX_STRINGS || strings->total + 2 * STRING_BYTES + 2 > MAX_STRING_BYTES)
		return TRACE_NO_STRING;
	if (strings->nr == strings->room && !strings_grow(strings))
		return TRACE_NO_STRING;
	for (size_t j = 0; j < span.len; j++)
		is_clean = is_clean && is_printable(span.at[j]);
	raw = strings_room(strings, is_clean ? span.len + 1 : 2 * span.len + 1);
	if (!raw)
		return TRACE_NO_STRING;
	memcpy(raw, span.at, span.len);
	text = is_clean ? raw : raw + span.len;
	copy_printable(text, span.at, span.len);
	for (i = hash & (strings->nr_slots - 1); strings->slots[i]; i = (i + 1) & (strings->nr_slots - 1))
		;
	strings->slots[i] = strings->nr;
	strings->entries[strings->nr] = (struct string){ raw, text, (u32)span.len, hash };
	return strings->nr++;
}

static u32 strings_find(const struct strings *strings, struct span span, u32 hash)
{
	for (u32 i = hash & (strings->nr_slots - 1); strings->slots[i]; i = (i + 1) & (strings->nr_slots - 1)) {
		const struct string *entry = &strings->entries[strings->slots[i]];

		if (entry->hash == hash && span_is(span, entry->raw, entry->len))
			return strings->slots[i];
	}
	return TRACE_NO_STRING;
}

static struct span span_cut(struct span span)
{
	if (span.len > STRING_BYTES)
		span.len = STRING_BYTES;
	while (span.len && span.at[span.len - 1] == ' ')
		span.len--;
	return span;
}

/* The id of a string, new or not; TRACE_NO_STRING, counted, if there is no room. */
static u32 intern(struct trace_reader *reader, struct span span)
{
	u32 hash, id;

	if (!span.len)
		return TRACE_NO_STRING;
	span = span_cut(span);
	hash = hash_of(span.at, span.len);
	id = strings_find(&reader->strings, span, hash);
	if (!id)
		id = strings_add(&reader->strings, span, hash);
	if (!id)
		reader->stats.nr_strings_dropped++;
	return id;
}

static void strings_free(struct strings *strings)
{
	while (strings->chunks) {
		struct chunk *next = strings->chunks->next;

		free(strings->chunks);
		strings->chunks = next;
	}
	free(strings->entries);
	free(strings->slots);
}

/* ----------------------------------------------------------------------------------------------------- lines */

enum line_end {
	LINE_WHOLE,
	LINE_TOO_LONG,		/* the span is its beginning */
	LINE_CUT,		/* the file ends before the newline */
	LINE_NONE,		/* the file ends */
	LINE_ERROR,
};

/* More input behind end, at least one byte. False at the end and on an error. */
static bool buf_fill(struct trace_reader *reader)
{
	ssize_t got;

	if (reader->is_eof)
		return false;
	if (reader->start) {
		memmove(reader->buf, reader->buf + reader->start, reader->end - reader->start);
		reader->end -= reader->start;
		reader->start = 0;
	}
	got = input_read(reader->in, reader->buf + reader->end, BUF_BYTES - reader->end);
	if (got <= 0) {
		reader->is_eof = !got;
		return false;
	}
	reader->end += (size_t)got;
	reader->plain_bytes += (u64)got;
	return true;
}

static const char *find_newline(const struct trace_reader *reader, size_t from)
{
	return memchr(reader->buf + from, '\n', reader->end - from);
}

/* Pass over the rest of a line that was too long. False if the file ends first or is foreign. */
static bool skip_line(struct trace_reader *reader)
{
	for (;;) {
		const char *newline = find_newline(reader, reader->start);

		if (newline) {
			reader->start = (size_t)(newline + 1 - reader->buf);
			reader->is_skipping = false;
			return true;
		}
		reader->start = reader->end;
		if ((!reader->is_ftrace && reader->plain_bytes > MAX_FOREIGN_BYTES) || !buf_fill(reader))
			return false;
	}
}

static enum line_end next_line(struct trace_reader *reader, struct span *line)
{
	size_t seen = 0;

	if (reader->is_skipping && !skip_line(reader))
		return reader->error.kind || input_error(reader->in)->kind ? LINE_ERROR : LINE_NONE;
	for (;;) {
		const char *newline = find_newline(reader, reader->start + seen);
		size_t len = (newline ? (size_t)(newline - reader->buf) : reader->end) - reader->start;

		*line = (struct span){ reader->buf + reader->start, len };
		if (len > LINE_BYTES) {
			line->len = LINE_BYTES;
			reader->start += LINE_BYTES;
			reader->is_skipping = true;
			return LINE_TOO_LONG;
		}
		if (newline) {
			reader->start += len + 1;
			return LINE_WHOLE;
		}
		seen = len;
		if (!buf_fill(reader))
			break;
	}
	if (!reader->is_eof)
		return LINE_ERROR;
	*line = (struct span){ reader->buf + reader->start, reader->end - reader->start };
	reader->start = reader->end;
	return line->len ? LINE_CUT : LINE_NONE;
}

/* ---------------------------------------------------------------------------------------------------- counts */

/* Count by name in a short list; a name that finds it full is counted in the sum only. */
static void count_name(struct trace_reader *reader, struct trace_name_count *list, u32 *nr, struct span name)
{
	struct span cut = span_cut(name);
	u32 id = strings_find(&reader->strings, cut, hash_of(cut.at, cut.len));

	for (u32 i = 0; id && i < *nr; i++) {
		if (list[i].name == id) {
			list[i].count++;
			return;
		}
	}
	if (*nr == TRACE_NAMES)
		return;
	id = intern(reader, name);
	if (id)
		list[(*nr)++] = (struct trace_name_count){ id, 1 };
}

static void count_bad(struct trace_reader *reader, struct span text, size_t column, const char *reason)
{
	struct trace_stats *stats = &reader->stats;
	struct trace_bad_line *bad = &stats->bad[stats->nr_bad];
	size_t len;

	stats->nr_malformed++;
	if (stats->nr_bad == TRACE_BAD_LINES)
		return;
	stats->nr_bad++;
	bad->line = stats->nr_lines;
	bad->column = column;
	bad->reason = reason;
	len = column <= text.len ? text.len - (column - 1) : 0;
	copy_printable(bad->excerpt, len ? text.at + column - 1 : "",
		       len < sizeof(bad->excerpt) ? len : sizeof(bad->excerpt) - 1);
}

static void count_lost(struct trace_reader *reader, const struct trace_line *line)
{
	struct trace_stats *stats = &reader->stats;

	stats->nr_lost_marks++;
	stats->nr_lost += line->nr_lost;
	stats->nr_lost_uncounted += !line->is_lost_counted;
	reader->lost_pending += line->is_lost_counted ? line->nr_lost : 1;
}

static void count_header(struct trace_stats *stats, const struct trace_line *line)
{
	stats->nr_comments++;
	stats->entries_in_buffer += line->entries_in_buffer;
	stats->entries_written += line->entries_written;
	if (line->nr_cpus > stats->nr_cpus)
		stats->nr_cpus = line->nr_cpus;
}

static void count_time(struct trace_reader *reader, const struct trace_event *event)
{
	struct trace_stats *stats = &reader->stats;
	u64 ns = event->timestamp_ns;

	if (!(event->has & TRACE_HAS_TIME))
		return;
	if (ns < reader->previous_ns)
		stats->nr_backwards++;
	if (!reader->has_time || ns < stats->first_ns)
		stats->first_ns = ns;
	reader->has_time = true;
	reader->previous_ns = ns;
	if (ns > stats->last_ns)
		stats->last_ns = ns;
	stats->time_is_counter |= !!(event->has & TRACE_TIME_IS_COUNTER);
}

static void count_event(struct trace_reader *reader, const struct trace_line *line)
{
	struct trace_stats *stats = &reader->stats;
	const struct trace_event *event = &line->event;

	stats->nr_events++;
	stats->nr_by_kind[event->kind]++;
	stats->nr_hashed += line->is_hashed;
	stats->nr_hidden += line->is_hidden;
	if (event->cpu >= stats->nr_cpus && (event->has & TRACE_HAS_CPU))
		stats->nr_cpus = event->cpu + 1;
	count_time(reader, event);
	stats->nr_unknown_gfp += line->nr_unknown_gfp;
	for (u32 i = 0; i < line->nr_unknown_gfp && i < TRACE_LINE_UNKNOWN_GFP; i++)
		count_name(reader, stats->gfp_names, &stats->nr_gfp_names, line->unknown_gfp[i]);
}

/* ---------------------------------------------------------------------------------------------------- events */

static void deliver(struct trace_reader *reader, struct trace_line *line, struct trace_event *event)
{
	count_event(reader, line);
	*event = line->event;
	event->line = reader->stats.nr_lines;
	event->lost_before = reader->lost_pending;
	reader->lost_pending = 0;
	event->task = intern(reader, line->task);
	event->call_site = intern(reader, line->call_site);
	event->cache = intern(reader, line->cache);
}

/* A whole line. True if it is an event, now in *event. */
static bool take_line(struct trace_reader *reader, struct span text, struct trace_event *event)
{
	struct trace_stats *stats = &reader->stats;
	enum trace_line_kind kind;
	struct trace_line line;

	stats->nr_lines++;
	if (stats->nr_lines == 1 && text.len >= 3 && !memcmp(text.at, "\xef\xbb\xbf", 3))
		text = (struct span){ text.at + 3, text.len - 3 };
	kind = trace_line_parse(&line, text.at, text.len);
	if (kind != TRACE_LINE_COMMENT && (kind != TRACE_LINE_BAD || (line.event.has & TRACE_HAS_TIME)))
		reader->is_ftrace = true;
	switch (kind) {
	case TRACE_LINE_EVENT:
		deliver(reader, &line, event);
		return true;
	case TRACE_LINE_UNKNOWN:
		stats->nr_unknown++;
		count_name(reader, stats->unknown_names, &stats->nr_unknown_names, line.name);
		break;
	case TRACE_LINE_HEADER:
		count_header(stats, &line);
		break;
	case TRACE_LINE_COMMENT:
		stats->nr_comments++;
		break;
	case TRACE_LINE_LOST:
		count_lost(reader, &line);
		break;
	case TRACE_LINE_BAD:
		count_bad(reader, text, line.column, line.reason);
		break;
	}
	return false;
}

/* The last line, without its newline: any field may be cut, so it is never an event. */
static void take_cut_line(struct trace_reader *reader, struct span text)
{
	struct trace_stats *stats = &reader->stats;
	enum trace_line_kind kind;
	struct trace_line line;

	stats->nr_lines++;
	kind = trace_line_parse(&line, text.at, text.len);
	if (kind == TRACE_LINE_HEADER) {
		count_header(stats, &line);
	} else if (kind == TRACE_LINE_COMMENT) {
		stats->nr_comments++;
	} else if (kind == TRACE_LINE_BAD && !reader->is_ftrace) {
		count_bad(reader, text, line.column, line.reason);
	} else {
		stats->nr_truncated++;
	}
	if (kind != TRACE_LINE_COMMENT && kind != TRACE_LINE_BAD)
		reader->is_ftrace = true;
}

static int stop_with(struct trace_reader *reader, enum trace_error_kind kind, u64 line, u64 column, const char *text,
		     const char *detail)
{
	struct trace_error *error = &reader->error;

	error->kind = kind;
	error->line = line;
	error->column = column;
	snprintf(error->text, sizeof(error->text), "line %llu, column %llu: %.110s%.88s", line, column,
		 text, detail);
	return -1;
}

/* The input could not be read on; what was whole has been delivered. */
static int stop_at_input(struct trace_reader *reader)
{
	const struct trace_error *error = input_error(reader->in);

	return stop_with(reader, error->kind, reader->stats.nr_lines + 1, 1, error->text, "");
}

static int stop_as_foreign(struct trace_reader *reader)
{
	const struct trace_bad_line *bad = &reader->stats.bad[0];
	char detail[TRACE_EXCERPT_BYTES + 8] = "no event in it";

	if (!reader->stats.nr_lines)
		snprintf(detail, sizeof(detail), "it is empty");
	if (!reader->stats.nr_bad)
		return stop_with(reader, TRACE_ERROR_FORMAT, 1, 1, "not ftrace text: ", detail);
	snprintf(detail, sizeof(detail), "\"%s\"", bad->excerpt);
	return stop_with(reader, TRACE_ERROR_FORMAT, bad->line, bad->column, "not ftrace text: ", detail);
}

static bool is_foreign(const struct trace_reader *reader)
{
	return !reader->is_ftrace && (reader->stats.nr_malformed > MAX_FOREIGN_LINES ||
				      reader->plain_bytes > MAX_FOREIGN_BYTES + BUF_BYTES);
}

/* Lines up to the next event, the end or an error. */
static int read_event(struct trace_reader *reader, struct trace_event *event)
{
	while (!is_foreign(reader)) {
		struct span line;

		switch (next_line(reader, &line)) {
		case LINE_WHOLE:
			if (take_line(reader, line, event))
				return 1;
			break;
		case LINE_TOO_LONG:
			reader->stats.nr_lines++;
			count_bad(reader, line, 1, "longer than 64 KiB");
			break;
		case LINE_CUT:
			take_cut_line(reader, line);
			break;
		case LINE_NONE:
			return reader->is_ftrace ? 0 : stop_as_foreign(reader);
		case LINE_ERROR:
			return stop_at_input(reader);
		}
	}
	return stop_as_foreign(reader);
}

int trace_next(struct trace_reader *reader, struct trace_event *event)
{
	if (reader->result == 1)
		reader->result = read_event(reader, event);
	return reader->result;
}

/* ----------------------------------------------------------------------------------------------- open, close */

/* Takes the input over, also on failure. */
static struct trace_reader *reader_begin(struct input *in, struct trace_error *error)
{
	struct trace_reader *reader = in ? calloc(1, sizeof(*reader)) : NULL;

	if (!in)
		return NULL;
	if (reader) {
		reader->in = in;
		reader->result = 1;
		reader->buf = malloc(BUF_BYTES);
		if (reader->buf && strings_start(&reader->strings))
			return reader;
		trace_close(reader);
	} else {
		input_close(in);
	}
	*error = (struct trace_error){ .kind = TRACE_ERROR_MEMORY, .text = "out of memory" };
	return NULL;
}

struct trace_reader *trace_open(const char *path, struct trace_error *error)
{
	*error = (struct trace_error){ .kind = TRACE_ERROR_NONE };
	return reader_begin(input_open(path, 0, error), error);
}

struct trace_reader *trace_open_memory(const void *data, size_t size, struct trace_error *error)
{
	*error = (struct trace_error){ .kind = TRACE_ERROR_NONE };
	return reader_begin(input_open_memory(data, size, INPUT_NO_PROGRAM, error), error);
}

void trace_close(struct trace_reader *reader)
{
	if (!reader)
		return;
	input_close(reader->in);
	strings_free(&reader->strings);
	free(reader->buf);
	free(reader);
}

const struct trace_error *trace_last_error(const struct trace_reader *reader)
{
	return &reader->error;
}

const struct trace_stats *trace_stats(const struct trace_reader *reader)
{
	return &reader->stats;
}

const char *trace_string(const struct trace_reader *reader, u32 id)
{
	return id < reader->strings.nr ? reader->strings.entries[id].text : "";
}

u32 trace_nr_strings(const struct trace_reader *reader)
{
	return reader->strings.nr;
}

u64 trace_bytes_read(const struct trace_reader *reader)
{
	return input_consumed(reader->in);
}

u64 trace_bytes_total(const struct trace_reader *reader)
{
	return input_total(reader->in);
}

const char *trace_compression(const struct trace_reader *reader)
{
	return input_format(reader->in);
}

struct trace_text trace_event_text(const struct trace_reader *reader, const struct trace_event *event)
{
	return (struct trace_text){
		.task = event->task ? trace_string(reader, event->task) : NULL,
		.call_site = event->call_site ? trace_string(reader, event->call_site) : NULL,
		.cache = event->cache ? trace_string(reader, event->cache) : NULL,
	};
}
