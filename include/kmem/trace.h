/* SPDX-License-Identifier: MIT */
/*
 * trace.h - read the kmem events of a Linux machine from ftrace text, and write them.
 *
 *	bash-1234    [001] d..1.  5210.926267: kmalloc: call_site=f+0x1/0x9 ptr=ffff8882a10ac140 bytes_req=60 ...
 *	task-pid     cpu  context  timestamp   event    fields, read by name, in any order
 *
 * A file is what /sys/kernel/tracing/trace holds or `trace-cmd report` (or `perf script`) prints, of any
 * kernel from 5.4 on, plain or compressed by zstd, xz or gzip. It is read as a stream: memory is constant
 * but for the distinct strings, which are bounded too. No byte of a file can do harm; a line that is no
 * ftrace line is counted and the first few are kept, and the caller decides.
 *
 *	struct trace_event event;
 *	struct trace_error error;
 *	struct trace_reader *reader = trace_open("trace.zst", &error);
 *
 *	while (reader && trace_next(reader, &event) > 0)
 *		use(&event);
 *	trace_close(reader);
 *
 * True of the statistics after every call (the last line of a cut file is nr_truncated):
 *	T1  nr_lines == nr_events + nr_unknown + nr_comments + nr_lost_marks + nr_malformed + nr_truncated
 *	T2  nr_events == the sum of nr_by_kind
 * Lock: none; a reader belongs to one thread at a time, and several readers share nothing.
 */
#ifndef KMEM_TRACE_H
#define KMEM_TRACE_H

#include <kmem/types.h>

enum trace_kind {
	TRACE_KMALLOC,
	TRACE_KMALLOC_NODE,		/* before 6.1 */
	TRACE_KFREE,
	TRACE_CACHE_ALLOC,
	TRACE_CACHE_ALLOC_NODE,		/* before 6.1 */
	TRACE_CACHE_FREE,
	TRACE_PAGE_ALLOC,
	TRACE_PAGE_FREE,
	TRACE_PAGE_FREE_BATCHED,
	TRACE_PAGE_EXTFRAG,
	TRACE_PAGE_ZONE_LOCKED,
	TRACE_PAGE_PCPU_DRAIN,
	TRACE_NR_KINDS
};

/* Which fields of an event its line had; the others are 0 (node and pid: -1). */
enum trace_has {
	TRACE_HAS_TASK = 1u << 0,
	TRACE_HAS_PID = 1u << 1,
	TRACE_HAS_CPU = 1u << 2,
	TRACE_HAS_TIME = 1u << 3,
	TRACE_HAS_CONTEXT = 1u << 4,
	TRACE_HAS_CALL_SITE = 1u << 5,
	TRACE_HAS_CACHE = 1u << 6,
	TRACE_HAS_PTR = 1u << 7,
	TRACE_HAS_BYTES_REQ = 1u << 8,
	TRACE_HAS_BYTES_ALLOC = 1u << 9,
	TRACE_HAS_GFP = 1u << 10,
	TRACE_HAS_NODE = 1u << 11,
	TRACE_HAS_ACCOUNTED = 1u << 12,
	TRACE_HAS_PAGE = 1u << 13,
	TRACE_HAS_PFN = 1u << 14,
	TRACE_HAS_ORDER = 1u << 15,
	TRACE_HAS_MIGRATETYPE = 1u << 16,
	TRACE_HAS_PERCPU_REFILL = 1u << 17,
	TRACE_HAS_FALLBACK_ORDER = 1u << 18,
	TRACE_HAS_PAGEBLOCK_ORDER = 1u << 19,
	TRACE_HAS_FALLBACK_TYPE = 1u << 20,
	TRACE_HAS_CHANGE_OWNERSHIP = 1u << 21,
	TRACE_TIME_IS_COUNTER = 1u << 22,	/* timestamp_ns is a counter without a unit */
};

#define TRACE_NO_STRING 0u		/* the id of no string; trace_string() makes "" of it */
#define TRACE_CONTEXT_BYTES 12

struct trace_event {
	enum trace_kind kind;
	u32 has;			/* TRACE_HAS_... */
	u64 line;			/* 1 is the first */
	u64 lost_before;		/* events reported lost since the event before this one */
	u64 timestamp_ns;
	u32 cpu;
	s32 pid;
	u32 task;			/* string */
	u32 call_site;			/* string, the module in brackets behind it: "f+0x1/0x9 [ext4]" */
	u32 cache;			/* string; kernels before 5.12 to 5.19 print none */
	gfp_t gfp;			/* kmem's own bits, see gfp.h */
	u64 ptr;			/* 0: the call failed, or kfree(NULL) */
	u64 bytes_req;
	u64 bytes_alloc;
	u64 page;			/* address, hashed address or whatever the tool made of it */
	u64 pfn;
	s32 node;
	s32 order;			/* alloc_order of mm_page_alloc_extfrag */
	s32 migratetype;		/* alloc_migratetype of mm_page_alloc_extfrag */
	s32 fallback_order;
	s32 fallback_migratetype;
	s32 pageblock_order;
	bool accounted;
	bool percpu_refill;
	bool change_ownership;
	char context[TRACE_CONTEXT_BYTES];	/* "d.h2": irqs off, in a hard interrupt, preempt depth 2 */
};

/* Did the allocation of this event give nothing? */
static inline bool trace_alloc_failed(const struct trace_event *event)
{
	if (event->kind == TRACE_PAGE_ALLOC)
		return (event->has & TRACE_HAS_PAGE) && !event->page && !event->pfn;
	return event->kind <= TRACE_CACHE_ALLOC_NODE && event->kind != TRACE_KFREE &&
	       (event->has & TRACE_HAS_PTR) && !event->ptr;
}

#define TRACE_ERROR_BYTES 256

enum trace_error_kind {
	TRACE_ERROR_NONE,
	TRACE_ERROR_OPEN,		/* no such file, no permission */
	TRACE_ERROR_READ,		/* the device or the pipe failed */
	TRACE_ERROR_FORMAT,		/* not ftrace text: another kind of file */
	TRACE_ERROR_TOOL,		/* compressed, and nothing here can decompress it; the text names the package */
	TRACE_ERROR_DAMAGED,		/* the compressed data is damaged */
	TRACE_ERROR_TRUNCATED,		/* the compressed data ends early; everything before it was delivered */
	TRACE_ERROR_MEMORY,
};

struct trace_error {
	enum trace_error_kind kind;
	u64 line, column;		/* 0 where no line is to blame */
	char text[TRACE_ERROR_BYTES];	/* one sentence, "line L, column C: " in front where there is one */
};

#define TRACE_BAD_LINES 8
#define TRACE_EXCERPT_BYTES 80
#define TRACE_NAMES 64

/* A line that is no ftrace line, or an event with a field that cannot be. */
struct trace_bad_line {
	u64 line, column;
	const char *reason;
	char excerpt[TRACE_EXCERPT_BYTES];	/* from the column on, printable */
};

struct trace_name_count {
	u32 name;			/* string */
	u64 count;
};

struct trace_stats {
	u64 nr_lines, nr_events, nr_unknown, nr_comments, nr_lost_marks, nr_malformed, nr_truncated;
	u64 nr_by_kind[TRACE_NR_KINDS];

	u64 nr_lost;			/* events the machine says it lost while recording */
	u64 nr_lost_uncounted;		/* marks of a loss that do not say how many */
	u64 entries_in_buffer;		/* from the header: these were kept ... */
	u64 entries_written;		/* ... of so many; the oldest were overwritten */
	u32 nr_cpus;			/* from the header, or the highest CPU seen and one */

	u64 first_ns, last_ns;		/* earliest and latest timestamp */
	u64 nr_backwards;		/* events with an earlier timestamp than the one before */
	bool time_is_counter;

	u64 nr_hashed;			/* pointers that the kernel hashed to 32 bits */
	u64 nr_hidden;			/* pointers printed as (____ptrval____): the event has no TRACE_HAS_PTR */
	u64 nr_unknown_gfp;		/* flag names and bits without a meaning here */
	u64 nr_strings_dropped;		/* strings that found the table full and became TRACE_NO_STRING */

	/* The first of each; the counters above count on. */
	u32 nr_unknown_names, nr_gfp_names, nr_bad;
	struct trace_name_count unknown_names[TRACE_NAMES];
	struct trace_name_count gfp_names[TRACE_NAMES];
	struct trace_bad_line bad[TRACE_BAD_LINES];
};

struct trace_reader;

/*
 * trace_open - start to read a file; "-" is standard input.
 * Returns a reader, or NULL with the reason in @error. A file that is recognized as something else (trace.dat,
 * perf.data, an unknown compression) is refused here.
 */
MUST_CHECK struct trace_reader *trace_open(const char *path, struct trace_error *error);

/* The same over bytes in memory, which must stay until trace_close(). Starts no program. */
MUST_CHECK struct trace_reader *trace_open_memory(const void *data, size_t size, struct trace_error *error);

/*
 * trace_next - the next kmem event.
 * Returns 1 with @event filled, 0 at the end, -1 if the input cannot be read on (see trace_last_error).
 * After 0 or -1 every further call returns the same. O(length of the lines passed over).
 */
MUST_CHECK int trace_next(struct trace_reader *reader, struct trace_event *event);

const struct trace_error *trace_last_error(const struct trace_reader *reader);
const struct trace_stats *trace_stats(const struct trace_reader *reader);

/* The text of a string id: printable ASCII, valid until trace_close(); "" for TRACE_NO_STRING. */
const char *trace_string(const struct trace_reader *reader, u32 id);

/* One more than the highest string id so far: the size of an array indexed by string. */
u32 trace_nr_strings(const struct trace_reader *reader);

/* For a progress bar: bytes of the (compressed) file read so far, and its size, 0 where it is unknown. */
u64 trace_bytes_read(const struct trace_reader *reader);
u64 trace_bytes_total(const struct trace_reader *reader);

/* "plain", "zstd", "xz" or "gzip". */
const char *trace_compression(const struct trace_reader *reader);

/* Give back everything that the reader holds. NULL is fine. */
void trace_close(struct trace_reader *reader);

/* The event's name in ftrace text ("mm_page_alloc"). */
const char *trace_kind_name(enum trace_kind kind);

/* An event's strings; NULL where it has none. */
struct trace_text {
	const char *task, *call_site, *cache;
};

struct trace_text trace_event_text(const struct trace_reader *reader, const struct trace_event *event);

/*
 * trace_format_event - an event as a line of the trace file, without the newline.
 * Fields that the event does not have are left out. Returns the length without the NUL, as snprintf does;
 * the text is cut if that is not less than @size. Reading the line back gives the same event.
 */
int trace_format_event(char *buf, size_t size, const struct trace_event *event, const struct trace_text *text);

/*
 * Flags by name, joined with '|', the way a kernel prints them; "none" for 0. Returns as snprintf does.
 */
int trace_format_gfp(char *buf, size_t size, gfp_t gfp);

#endif
