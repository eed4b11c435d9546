/* SPDX-License-Identifier: MIT */
/*
 * trace_line.c - one line of ftrace text into an event. The way back is trace_write.c.
 *
 *	  kworker/u8:2-ev-123  (-------) [003] d..2.  5210.926267: kmem:kfree:  (f+0x1) call_site=f+0x1 ptr=ffff88..
 *	  `---- task ----' pid  `tgid-'   cpu  context `--- time -'     `kind'          `---- fields, by name ----'
 *
 * A task's name may hold anything, brackets and colons too, so the line is taken from its first "[digits]" behind
 * which context, time and colon follow. Without one it may be of the latency format ("bash-12  3d.h2  4us+: "), or
 * have lost its left part; then only a kmem event's name is believed.
 *
 * True of every line, whatever its bytes:
 *	P1  nothing outside text[0..len) is read
 *	P2  a field of the event is set if and only if its TRACE_HAS bit is
 * Lock: none; nothing is shared.
 */
#include "cli/trace_line.h"

#include <limits.h>
#include <string.h>

#define MAX_CPU 65535
#define MAX_ORDER_READ 63
#define MAX_SIZE_READ (1ull << 62)
#define MAX_PFN_READ ((1ull << 52) - 1)
#define NS_PER_S 1000000000ull

/* ------------------------------------------------------------------------------------------------ characters */

static inline bool is_digit(char c)
{
	return (unsigned char)(c - '0') < 10;
}

static inline bool is_word(char c)
{
	return is_digit(c) || (unsigned char)((c | 0x20) - 'a') < 26 || c == '_';
}

static inline bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static const char *skip_spaces(const char *p, const char *end)
{
	while (p < end && is_space(*p))
		p++;
	return p;
}

static struct span span_trim(const char *from, const char *to)
{
	from = skip_spaces(from, to);
	while (to > from && is_space(to[-1]))
		to--;
	return (struct span){ from, (size_t)(to - from) };
}

static bool starts_with(const char *p, const char *end, const char *text)
{
	size_t len = strlen(text);

	return (size_t)(end - p) >= len && !memcmp(p, text, len);
}

/* The digits from *p on; moves *p behind them. False for none, or a number too large. */
static bool read_decimal(const char **p, const char *end, u64 *value)
{
	const char *start = *p;
	u64 sum = 0;

	for (; *p < end && is_digit(**p); ++*p) {
		unsigned int digit = (unsigned int)(**p - '0');

		if (sum > (~0ull - digit) / 10)
			return false;
		sum = sum * 10 + digit;
	}
	*value = sum;
	return *p > start;
}

static bool read_hex(const char **p, const char *end, u64 *value)
{
	const char *start = *p;
	u64 sum = 0;

	for (; *p < end; ++*p) {
		unsigned int c = (unsigned char)**p, digit = c - '0';

		if (digit > 9) {
			digit = (c | 0x20) - 'a';
			if (digit > 5)
				break;
			digit += 10;
		}
		if (sum >> 60)
			return false;
		sum = sum << 4 | digit;
	}
	*value = sum;
	return *p > start;
}

/* ---------------------------------------------------------------------------------------------------- fields */

enum field_type {
	FIELD_ADDRESS,		/* hex with or without 0x, (null), (nil), or hidden behind a name in parentheses */
	FIELD_PFN,		/* 0x and hex, or decimal before 5.13 */
	FIELD_SIZE,
	FIELD_INT,
	FIELD_ORDER,
	FIELD_BOOL,		/* true false 1 0 */
	FIELD_GFP,
	FIELD_SITE,		/* symbol+0x1/0x2 [module] */
	FIELD_NAME,		/* may hold spaces */
};

struct field {
	const char *name;
	u8 len;
	u8 type;
	u16 offset;		/* in struct trace_line */
	u32 has;
};

#define FIELD(name, type, member, has) { #name, sizeof(#name) - 1, type, offsetof(struct trace_line, member), has }

/* The most frequent first. */
static const struct field fields[] = {
	FIELD(page, FIELD_ADDRESS, event.page, TRACE_HAS_PAGE),
	FIELD(pfn, FIELD_PFN, event.pfn, TRACE_HAS_PFN),
	FIELD(order, FIELD_ORDER, event.order, TRACE_HAS_ORDER),
	FIELD(migratetype, FIELD_INT, event.migratetype, TRACE_HAS_MIGRATETYPE),
	FIELD(call_site, FIELD_SITE, call_site, TRACE_HAS_CALL_SITE),
	FIELD(ptr, FIELD_ADDRESS, event.ptr, TRACE_HAS_PTR),
	FIELD(name, FIELD_NAME, cache, TRACE_HAS_CACHE),
	FIELD(bytes_req, FIELD_SIZE, event.bytes_req, TRACE_HAS_BYTES_REQ),
	FIELD(bytes_alloc, FIELD_SIZE, event.bytes_alloc, TRACE_HAS_BYTES_ALLOC),
	FIELD(gfp_flags, FIELD_GFP, event.gfp, TRACE_HAS_GFP),
	FIELD(node, FIELD_INT, event.node, TRACE_HAS_NODE),
	FIELD(accounted, FIELD_BOOL, event.accounted, TRACE_HAS_ACCOUNTED),
	FIELD(percpu_refill, FIELD_BOOL, event.percpu_refill, TRACE_HAS_PERCPU_REFILL),
	FIELD(alloc_order, FIELD_ORDER, event.order, TRACE_HAS_ORDER),
	FIELD(fallback_order, FIELD_ORDER, event.fallback_order, TRACE_HAS_FALLBACK_ORDER),
	FIELD(pageblock_order, FIELD_ORDER, event.pageblock_order, TRACE_HAS_PAGEBLOCK_ORDER),
	FIELD(alloc_migratetype, FIELD_INT, event.migratetype, TRACE_HAS_MIGRATETYPE),
	FIELD(fallback_migratetype, FIELD_INT, event.fallback_migratetype, TRACE_HAS_FALLBACK_TYPE),
	FIELD(change_ownership, FIELD_BOOL, event.change_ownership, TRACE_HAS_CHANGE_OWNERSHIP),
};

static const struct field *field_find(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (fields[i].len == len && !memcmp(fields[i].name, name, len))
			return &fields[i];
	return NULL;
}

/* Each setter returns NULL, or what is wrong with the value. */
static const char *set_address(struct trace_line *line, const struct field *field, struct span value)
{
	const char *p = value.at, *end = value.at + value.len;
	bool is_ptr = field->has == TRACE_HAS_PTR, is_bare;
	u64 *address = (u64 *)((char *)line + field->offset);

	if (p < end && *p == '(') {
		bool is_null = span_is(value, "(null)", 6) || span_is(value, "(nil)", 5);

		*address = 0;
		line->event.has = is_null ? line->event.has | field->has : line->event.has & ~field->has;
		line->is_hashed = is_ptr ? false : line->is_hashed;
		line->is_hidden = is_ptr ? !is_null : line->is_hidden;
		return NULL;
	}
	is_bare = !(starts_with(p, end, "0x") || starts_with(p, end, "0X"));
	p += is_bare ? 0 : 2;
	if (!read_hex(&p, end, address) || p < end)
		return "not an address";
	line->event.has |= field->has;
	if (is_ptr) {
		line->is_hidden = false;
		line->is_hashed = is_bare && value.len == 16 && *address && *address <= UINT32_MAX;
	}
	return NULL;
}

static const char *set_pfn(u64 *pfn, const char *p, const char *end)
{
	bool is_hex = starts_with(p, end, "0x"), is_read;

	p += is_hex ? 2 : 0;
	is_read = is_hex ? read_hex(&p, end, pfn) : read_decimal(&p, end, pfn);
	if (!is_read || p < end)
		return "not a page frame number";
	return *pfn > MAX_PFN_READ ? "page frame number too large" : NULL;
}

static const char *set_size(u64 *size, const char *p, const char *end)
{
	if (!read_decimal(&p, end, size) || p < end)
		return "not a size";
	return *size > MAX_SIZE_READ ? "size too large" : NULL;
}

static const char *set_int(s32 *number, const char *p, const char *end)
{
	bool is_negative = p < end && *p == '-';
	u64 value;

	p += is_negative;
	if (!read_decimal(&p, end, &value) || p < end)
		return "not a number";
	if (value > INT_MAX)
		return "number too large";
	*number = is_negative ? -(s32)value : (s32)value;
	return NULL;
}

static const char *set_order(s32 *order, const char *p, const char *end)
{
	const char *wrong = set_int(order, p, end);

	if (!wrong && (*order < 0 || *order > MAX_ORDER_READ))
		wrong = "no such order";
	return wrong;
}

static const char *set_bool(bool *flag, struct span value)
{
	*flag = span_is(value, "true", 4) || span_is(value, "1", 1);
	return *flag || span_is(value, "false", 5) || span_is(value, "0", 1) ? NULL : "neither true nor false";
}

static const char *field_set(struct trace_line *line, const struct field *field, struct span value)
{
	void *member = (char *)line + field->offset;
	const char *end = value.at + value.len, *wrong = NULL;

	switch ((enum field_type)field->type) {
	case FIELD_ADDRESS:
		return set_address(line, field, value);
	case FIELD_PFN:
		wrong = set_pfn(member, value.at, end);
		break;
	case FIELD_SIZE:
		wrong = set_size(member, value.at, end);
		break;
	case FIELD_INT:
		wrong = set_int(member, value.at, end);
		break;
	case FIELD_ORDER:
		wrong = set_order(member, value.at, end);
		break;
	case FIELD_BOOL:
		wrong = set_bool(member, value);
		break;
	case FIELD_GFP:
		line->nr_unknown_gfp = 0;
		trace_gfp_parse(line, value);
		break;
	case FIELD_SITE:
	case FIELD_NAME:
		memcpy(member, &value, sizeof(value));
		break;
	}
	line->event.has |= field->has;
	return wrong;
}

static const char *token_end(const char *p, const char *end)
{
	while (p < end && !is_space(*p))
		p++;
	return p;
}

/* Where the value that starts at p ends: old kernels pad "(null)", a module follows its symbol, names hold spaces. */
static const char *value_end(const struct field *field, const char **p, const char *end)
{
	const char *stop, *next;

	if (field && field->type == FIELD_ADDRESS && *p < end && is_space(**p)) {
		next = skip_spaces(*p, end);
		if (next < end && *next == '(')
			*p = next;
	}
	stop = token_end(*p, end);
	if (!field || (field->type != FIELD_SITE && field->type != FIELD_NAME))
		return stop;
	for (;;) {
		const char *tail;

		next = skip_spaces(stop, end);
		tail = token_end(next, end);
		if (next == tail)
			return stop;
		if (field->type == FIELD_SITE)
			return *next == '[' ? tail : stop;
		if (memchr(next, '=', (size_t)(tail - next)))
			return stop;
		stop = tail;
	}
}

/* All of "name=value name=value ..."; what is no pair, or has an unknown name, is passed over. */
static bool parse_fields(struct trace_line *line, const char *p, const char *end, const char **where)
{
	for (;;) {
		const struct field *field;
		const char *name, *stop, *wrong;

		p = name = skip_spaces(p, end);
		if (p == end)
			return true;
		while (p < end && is_word(*p))
			p++;
		if (p == end || *p != '=') {
			p = token_end(p, end);
			continue;
		}
		field = field_find(name, (size_t)(p - name));
		p++;
		stop = value_end(field, &p, end);
		wrong = field ? field_set(line, field, (struct span){ p, (size_t)(stop - p) }) : NULL;
		if (wrong) {
			line->reason = wrong;
			*where = p;
			return false;
		}
		p = stop;
	}
}

/* ----------------------------------------------------------------------------------------------------- kinds */

static const struct kind {
	const char *name;
	u32 len;
	u32 needs;
} kinds[TRACE_NR_KINDS] = {
#define KIND(kind, name, needs) [kind] = { name, sizeof(name) - 1, needs }
	KIND(TRACE_KMALLOC, "kmalloc", TRACE_HAS_PTR | TRACE_HAS_BYTES_REQ),
	KIND(TRACE_KMALLOC_NODE, "kmalloc_node", TRACE_HAS_PTR | TRACE_HAS_BYTES_REQ),
	KIND(TRACE_KFREE, "kfree", TRACE_HAS_PTR),
	KIND(TRACE_CACHE_ALLOC, "kmem_cache_alloc", TRACE_HAS_PTR | TRACE_HAS_BYTES_REQ),
	KIND(TRACE_CACHE_ALLOC_NODE, "kmem_cache_alloc_node", TRACE_HAS_PTR | TRACE_HAS_BYTES_REQ),
	KIND(TRACE_CACHE_FREE, "kmem_cache_free", TRACE_HAS_PTR),
	KIND(TRACE_PAGE_ALLOC, "mm_page_alloc", TRACE_HAS_PFN),
	KIND(TRACE_PAGE_FREE, "mm_page_free", TRACE_HAS_PFN),
	KIND(TRACE_PAGE_FREE_BATCHED, "mm_page_free_batched", TRACE_HAS_PFN),
	KIND(TRACE_PAGE_EXTFRAG, "mm_page_alloc_extfrag", TRACE_HAS_PFN),
	KIND(TRACE_PAGE_ZONE_LOCKED, "mm_page_alloc_zone_locked", TRACE_HAS_PFN),
	KIND(TRACE_PAGE_PCPU_DRAIN, "mm_page_pcpu_drain", TRACE_HAS_PFN),
};

static bool kind_find(struct span name, enum trace_kind *kind)
{
	for (u32 i = 0; i < TRACE_NR_KINDS; i++) {
		if (span_is(name, kinds[i].name, kinds[i].len)) {
			*kind = (enum trace_kind)i;
			return true;
		}
	}
	return false;
}

const char *trace_kind_name(enum trace_kind kind)
{
	return kind < TRACE_NR_KINDS ? kinds[kind].name : "";
}

u32 trace_kind_needs(enum trace_kind kind)
{
	return kind < TRACE_NR_KINDS ? kinds[kind].needs : 0;
}

static const char *missing_field(const struct trace_line *line)
{
	u32 has = line->event.has | (line->is_hidden ? TRACE_HAS_PTR : 0);
	u32 missing = kinds[line->event.kind].needs & ~has;

	if (missing & TRACE_HAS_PTR)
		return "this event has no ptr=";
	if (missing & TRACE_HAS_BYTES_REQ)
		return "this event has no bytes_req=";
	return missing ? "this event has no pfn=" : NULL;
}

/* "name: " or "system:name: "; moves *p behind the colon. An empty span if there is none. */
static struct span read_event_name(const char **p, const char *end)
{
	const char *start = *p, *q = *p;

	for (;;) {
		while (q < end && (is_word(*q) || *q == '-' || *q == '.'))
			q++;
		if (q == start || q == end || *q != ':')
			return (struct span){ start, 0 };
		if (q + 1 == end || is_space(q[1]))
			break;
		start = ++q;
	}
	*p = q + 1;
	return (struct span){ start, (size_t)(q - start) };
}

/* What follows the timestamp. */
static enum trace_line_kind parse_event(struct trace_line *line, const char *p, const char *end, const char **where)
{
	*where = p = skip_spaces(p, end);
	line->name = read_event_name(&p, end);
	if (!line->name.len) {
		bool is_stack = starts_with(p, end, "<stack trace>");

		line->name = is_stack ? (struct span){ "kernel_stack", 12 } : (struct span){ "(no event)", 10 };
		return TRACE_LINE_UNKNOWN;
	}
	if (!kind_find(line->name, &line->event.kind))
		return TRACE_LINE_UNKNOWN;
	if (!parse_fields(line, p, end, where))
		return TRACE_LINE_BAD;
	line->reason = missing_field(line);
	return line->reason ? TRACE_LINE_BAD : TRACE_LINE_EVENT;
}

/* ------------------------------------------------------------------------------------- the left part of a line */

/* "1234.567890:", "1234.567890123:" or a counter "123456789:". Behind the colon, or NULL. */
static const char *parse_time(struct trace_line *line, const char *p, const char *end)
{
	u64 value, scale = NS_PER_S, fraction = 0;
	bool is_counter;

	if (!read_decimal(&p, end, &value))
		return NULL;
	is_counter = p == end || *p != '.';
	if (!is_counter) {
		for (p++; p < end && is_digit(*p); p++) {
			scale /= 10;
			fraction += (u64)(*p - '0') * scale;
		}
		if (value > ~0ull / NS_PER_S - 1)
			return NULL;
		value = value * NS_PER_S + fraction;
	}
	if (p == end || *p != ':' || (p + 1 < end && !is_space(p[1])))
		return NULL;
	line->event.timestamp_ns = value;
	line->event.has |= TRACE_HAS_TIME | (is_counter ? TRACE_TIME_IS_COUNTER : 0);
	return p + 1;
}

static bool is_context(char c)
{
	return is_word(c) || c == '.' || c == '#' || c == '*';
}

static void set_context(struct trace_line *line, const char *from, const char *to)
{
	memcpy(line->event.context, from, (size_t)(to - from));
	line->event.has |= TRACE_HAS_CONTEXT;
}

/* Context, if any, and time. Behind the time's colon, or NULL. */
static const char *parse_context_time(struct trace_line *line, const char *p, const char *end)
{
	const char *token = skip_spaces(p, end), *q;

	q = parse_time(line, token, end);
	if (q)
		return q;
	for (p = token; p < end && is_context(*p); p++)
		;
	if (p == token || p == end || !is_space(*p) || p - token >= TRACE_CONTEXT_BYTES)
		return NULL;
	q = parse_time(line, skip_spaces(p, end), end);
	if (q)
		set_context(line, token, p);
	return q;
}

/* Behind the text, without the "(tgid)" that it may end with. */
static const char *before_tgid(const char *start, const char *end)
{
	const char *p = end;

	if (p == start || p[-1] != ')')
		return end;
	while (p > start && *p != '(')
		p--;
	return *p == '(' && (size_t)(end - p) <= 12 ? span_trim(start, p).at + span_trim(start, p).len : end;
}

/* "task-pid (tgid)"; `perf script` has a space before the pid. What has no pid is all name, whatever it ends with. */
static void parse_task(struct trace_line *line, const char *from, const char *to)
{
	struct span task = span_trim(from, to);
	const char *start = task.at, *end = before_tgid(start, start + task.len), *p = end, *digits;
	u64 pid;

	while (p > start && is_digit(p[-1]))
		p--;
	digits = p;
	if (p < end && p > start && (p[-1] == '-' || is_space(p[-1])) && read_decimal(&p, end, &pid) &&
	    pid <= INT_MAX) {
		line->event.pid = (s32)pid;
		line->event.has |= TRACE_HAS_PID;
		task = span_trim(start, digits - 1);
	}
	line->task = task;
	if (line->task.len)
		line->event.has |= TRACE_HAS_TASK;
}

/* The first "[digits]" with context, time and colon behind it. Behind the colon, or NULL. */
static const char *parse_prefix(struct trace_line *line, const char *text, const char *end)
{
	const char *bracket = text, *p, *after;
	u64 cpu;

	while ((bracket = memchr(bracket, '[', (size_t)(end - bracket)))) {
		bool is_apart = bracket == text || is_space(bracket[-1]);

		p = ++bracket;
		if (!is_apart || !read_decimal(&p, end, &cpu) || p == end || *p != ']' || cpu > MAX_CPU)
			continue;
		after = parse_context_time(line, p + 1, end);
		if (!after)
			continue;
		line->event.cpu = (u32)cpu;
		line->event.has |= TRACE_HAS_CPU;
		parse_task(line, text, bracket - 1);
		return after;
	}
	return NULL;
}

/* "bash-12  3d.h2  4us+: " of the latency format, around its "us". Behind the colon, or NULL. */
static const char *parse_latency_at(struct trace_line *line, const char *text, const char *us, const char *end)
{
	const char *after = us + 2, *number = us, *token_stop, *token, *context;
	u64 time, cpu;

	if (after < end && memchr(" +!#$@*", *after, 7))
		after++;
	if (after == end || *after != ':')
		return NULL;
	while (number > text && is_digit(number[-1]))
		number--;
	token_stop = number;
	while (token_stop > text && is_space(token_stop[-1]))
		token_stop--;
	token = token_stop;
	while (token > text && is_context(token[-1]))
		token--;
	context = token;
	if (token_stop == number || token == text || !is_space(token[-1]))
		return NULL;
	if (!read_decimal(&context, token_stop, &cpu) || cpu > MAX_CPU || context == token_stop ||
	    token_stop - context >= TRACE_CONTEXT_BYTES)
		return NULL;
	if (!read_decimal(&number, us, &time) || time > ~0ull / 1000)
		return NULL;
	line->event.timestamp_ns = time * 1000;
	line->event.cpu = (u32)cpu;
	line->event.has |= TRACE_HAS_TIME | TRACE_HAS_CPU;
	set_context(line, context, token_stop);
	parse_task(line, text, token);
	return after + 1;
}

static const char *parse_latency(struct trace_line *line, const char *text, const char *end)
{
	const char *us = text, *after;

	while ((us = memmem(us, (size_t)(end - us), "us", 2))) {
		after = us > text && is_digit(us[-1]) ? parse_latency_at(line, text, us, end) : NULL;
		if (after)
			return after;
		us++;
	}
	return NULL;
}

/* A line without task or CPU: "[context] [time:] kmalloc: ...". Where the event starts, or NULL. */
static const char *parse_bare(struct trace_line *line, const char *text, const char *end)
{
	const char *p = parse_context_time(line, text, end), *event, *behind;
	enum trace_kind kind;

	event = behind = skip_spaces(p ? p : text, end);
	if (kind_find(read_event_name(&behind, end), &kind))
		return event;
	return NULL;
}

/* -------------------------------------------------------------------------------------- comments and headers */

/* "LOST 12 EVENTS]", "LOST EVENTS]", "12 EVENTS DROPPED]", "EVENTS DROPPED]" behind "CPU:3 [". */
static enum trace_line_kind parse_lost(struct trace_line *line, const char *p, const char *end)
{
	bool is_dropped;

	if (starts_with(p, end, "SUBBUFFER START]"))
		return TRACE_LINE_HEADER;
	if (starts_with(p, end, "LOST "))
		p += 5;
	line->is_lost_counted = read_decimal(&p, end, &line->nr_lost);
	p = skip_spaces(p, end);
	is_dropped = starts_with(p, end, "EVENTS]") || starts_with(p, end, "EVENTS DROPPED]");
	return is_dropped ? TRACE_LINE_LOST : TRACE_LINE_BAD;
}

/* "CPU:3 [LOST 12 EVENTS]" and "CPU 0 is empty" */
static enum trace_line_kind parse_cpu_note(struct trace_line *line, const char *p, const char *end)
{
	bool is_mark;
	u64 cpu;

	p += 3;
	is_mark = p < end && *p == ':';
	if (p < end)
		p++;
	if (!read_decimal(&p, end, &cpu))
		return TRACE_LINE_BAD;
	if (!is_mark)
		return starts_with(p, end, " is empty") ? TRACE_LINE_HEADER : TRACE_LINE_BAD;
	p = skip_spaces(p, end);
	return p < end && *p == '[' ? parse_lost(line, p + 1, end) : TRACE_LINE_BAD;
}

/* "# entries-in-buffer/entries-written: 140080/250280   #P:4" */
static enum trace_line_kind parse_entries(struct trace_line *line, const char *p, const char *end)
{
	u64 kept, written, cpus;

	p = skip_spaces(p, end);
	if (!read_decimal(&p, end, &kept) || p == end || *p++ != '/' || !read_decimal(&p, end, &written))
		return TRACE_LINE_COMMENT;
	line->entries_in_buffer = kept;
	line->entries_written = written;
	p = skip_spaces(p, end);
	if (starts_with(p, end, "#P:")) {
		p += 3;
		if (read_decimal(&p, end, &cpus) && cpus <= MAX_CPU + 1)
			line->nr_cpus = (u32)cpus;
	}
	return TRACE_LINE_HEADER;
}

static enum trace_line_kind parse_hash_comment(struct trace_line *line, const char *p, const char *end)
{
	static const char entries[] = "# entries-in-buffer/entries-written:";

	if (starts_with(p, end, entries))
		return parse_entries(line, p + sizeof(entries) - 1, end);
	if (starts_with(p, end, "# tracer:") || starts_with(p, end, "##### CPU "))
		return TRACE_LINE_HEADER;
	return TRACE_LINE_COMMENT;
}

/* "	ffffffff9a2c1b2d kmem_cache_alloc+0x1d ([kernel.kallsyms])", an entry of the stacks that perf script prints. */
static bool is_stack_entry(const char *text, const char *end)
{
	const char *p = skip_spaces(text, end), *digits = p;
	u64 address;

	if (p == text || !read_hex(&p, end, &address))
		return false;
	return p == end || (is_space(*p) && (p - digits >= 8 || end[-1] == ')'));
}

/* Lines that are no event, by how they begin; TRACE_LINE_BAD for all others. */
static enum trace_line_kind parse_comment(struct trace_line *line, const char *text, const char *end)
{
	const char *p = skip_spaces(text, end);
	u64 cpus;

	if (p == end || starts_with(p, end, "=> ") || is_stack_entry(text, end))
		return TRACE_LINE_COMMENT;
	if (*text == '#')
		return parse_hash_comment(line, text, end);
	if (starts_with(p, end, "cpus=")) {
		p += 5;
		if (!read_decimal(&p, end, &cpus) || p < end)
			return TRACE_LINE_BAD;
		line->nr_cpus = cpus <= MAX_CPU + 1 ? (u32)cpus : 0;
		return TRACE_LINE_HEADER;
	}
	if (starts_with(p, end, "CPU"))
		return parse_cpu_note(line, p, end);
	return starts_with(p, end, "version = ") ? TRACE_LINE_HEADER : TRACE_LINE_BAD;
}

/* Undo what a failed attempt at the left part has set. */
static void line_reset(struct trace_line *line)
{
	memset(line, 0, sizeof(*line));
	line->event.pid = -1;
	line->event.node = -1;
}

enum trace_line_kind trace_line_parse(struct trace_line *line, const char *text, size_t len)
{
	const char *end = text + len, *where = text, *p;
	enum trace_line_kind kind;

	if (len && end[-1] == '\r')
		end--;
	line_reset(line);
	p = text < end && *text == '#' ? NULL : parse_prefix(line, text, end);
	if (!p) {
		kind = parse_comment(line, text, end);
		if (kind != TRACE_LINE_BAD)
			return kind;
		line_reset(line);
		p = parse_latency(line, text, end);
	}
	if (!p)
		p = parse_bare(line, text, end);
	if (p) {
		kind = parse_event(line, p, end, &where);
	} else {
		kind = TRACE_LINE_BAD;
		line->reason = "not an ftrace line";
	}
	line->column = (size_t)(where - text) + 1;
	return kind;
}
