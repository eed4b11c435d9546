/* SPDX-License-Identifier: MIT */
/*
 * test_trace.c - lines of every shape that kernels and tools print; damaged, hostile and compressed files.
 *
 * An event is compared as one string, describe()'s, which names exactly the fields that the event has.
 */
#include "cli/input.h"
#include "tests/ktap.h"

#include <kmem/gfp.h>
#include <kmem/trace.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SAMPLE "samples/compile.ftrace.zst"
#define SAMPLE_HEAD "samples/compile-head.ftrace.gz"
#define CORPUS "tests/fuzz/corpus/trace/"
#define TEXT_BYTES 1024

/* ---------------------------------------------------------------------------------------------------- helpers */

struct text {
	char at[TEXT_BYTES];
	size_t len;
};

static void add(struct text *text, const char *format, ...) PRINTF(2, 3);

static void add(struct text *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text->len += (size_t)vsnprintf(text->at + text->len, sizeof(text->at) - text->len, format, args);
	va_end(args);
}

/* Every field that the event has, and its kind. */
static const char *describe(struct text *text, const struct trace_reader *reader, const struct trace_event *e)
{
	text->len = 0;
	add(text, "%s", trace_kind_name(e->kind));
#define SHOW(bit, ...)                                                                                                 \
	do {                                                                                                           \
		if (e->has & TRACE_HAS_##bit)                                                                          \
			add(text, __VA_ARGS__);                                                                        \
	} while (0)
	SHOW(TASK, " task=%s", trace_string(reader, e->task));
	SHOW(PID, " pid=%d", e->pid);
	SHOW(CPU, " cpu=%u", e->cpu);
	SHOW(CONTEXT, " ctx=%s", e->context);
	SHOW(TIME, " %s=%llu", e->has & TRACE_TIME_IS_COUNTER ? "count" : "ns", e->timestamp_ns);
	SHOW(CALL_SITE, " site=%s", trace_string(reader, e->call_site));
	SHOW(CACHE, " cache=%s", trace_string(reader, e->cache));
	SHOW(PTR, " ptr=%llx", e->ptr);
	SHOW(BYTES_REQ, " req=%llu", e->bytes_req);
	SHOW(BYTES_ALLOC, " alloc=%llu", e->bytes_alloc);
	SHOW(PAGE, " page=%llx", e->page);
	SHOW(PFN, " pfn=%llu", e->pfn);
	SHOW(ORDER, " order=%d", e->order);
	SHOW(MIGRATETYPE, " type=%d", e->migratetype);
	SHOW(PERCPU_REFILL, " refill=%d", e->percpu_refill);
	SHOW(FALLBACK_ORDER, " forder=%d", e->fallback_order);
	SHOW(PAGEBLOCK_ORDER, " border=%d", e->pageblock_order);
	SHOW(FALLBACK_TYPE, " ftype=%d", e->fallback_migratetype);
	SHOW(CHANGE_OWNERSHIP, " own=%d", e->change_ownership);
	SHOW(GFP, " gfp=%x", (unsigned int)e->gfp);
	SHOW(NODE, " node=%d", e->node);
	SHOW(ACCOUNTED, " acc=%d", e->accounted);
#undef SHOW
	return text->at;
}

static struct trace_reader *open_text(const char *text)
{
	struct trace_error error;

	return trace_open_memory(text, strlen(text), &error);
}

static void expect_sums(struct ktap *t, const struct trace_stats *s)
{
	u64 kinds = 0;

	for (int i = 0; i < TRACE_NR_KINDS; i++)
		kinds += s->nr_by_kind[i];
	EXPECT_EQ(t, kinds, s->nr_events);
	EXPECT_EQ(t, s->nr_events + s->nr_unknown + s->nr_comments + s->nr_lost_marks + s->nr_malformed +
		  s->nr_truncated, s->nr_lines);
}

/* Read to the end; returns trace_next()'s last word. */
static int drain(struct ktap *t, struct trace_reader *reader)
{
	struct trace_event event;
	int result;

	while ((result = trace_next(reader, &event)) > 0)
		if (event.kind >= TRACE_NR_KINDS || !event.line)
			ktap_fail(t, "line %llu: an impossible event", event.line);
	expect_sums(t, trace_stats(reader));
	EXPECT_EQ(t, trace_next(reader, &event), result);
	return result;
}

static void *read_file(struct ktap *t, const char *path, size_t *len)
{
	FILE *file = fopen(path, "rb");
	char *data = NULL;
	long size;

	if (file && !fseek(file, 0, SEEK_END) && (size = ftell(file)) > 0) {
		rewind(file);
		data = malloc((size_t)size);
		*len = data ? fread(data, 1, (size_t)size, file) : 0;
	}
	if (file)
		fclose(file);
	if (!data)
		ktap_fail(t, "%s: cannot be read; tests run in the root of the tree", path);
	return data;
}

/* A file that is gone when closed; its name lives in @path. */
static int memory_file(char path[32], const void *data, size_t len)
{
	int fd = memfd_create("trace", MFD_CLOEXEC);

	snprintf(path, 32, "/proc/self/fd/%d", fd);
	if (fd >= 0 && write(fd, data, len) != (ssize_t)len) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* ------------------------------------------------------------------------------------------------------ lines */

static const struct shape {
	const char *line, *want;
} shapes[] = {
	/* trace-cmd report, Linux 6.18 */
	{ "            task-1     [000]  5210.926267: kmalloc:              (eventfs_set_attr+0x10d) call_site=eventfs_"
	  "set_attr+0x10d ptr=0xffff8882a10ac140 bytes_req=60 bytes_alloc=64 gfp_flags=GFP_NOFS|__GFP_ZERO node=-1 "
	  "accounted=false",
	  "kmalloc task=task pid=1 cpu=0 ns=5210926267000 site=eventfs_set_attr+0x10d ptr=ffff8882a10ac140 req=60 "
	  "alloc=64 gfp=d40 node=-1 acc=0" },
	{ " task-3     [000]  5210.943290: kfree:                (f+0x12) call_site=f+0x12 ptr=(nil)",
	  "kfree task=task pid=3 cpu=0 ns=5210943290000 site=f+0x12 ptr=0" },
	{ " task-1 [001]  5210.927392: kmem_cache_free:      (g+0x1) call_site=g+0x1 ptr=0xffff888101bddaf8 name=filp",
	  "kmem_cache_free task=task pid=1 cpu=1 ns=5210927392000 site=g+0x1 cache=filp ptr=ffff888101bddaf8" },
	{ " task-2 [000]  5210.928152: mm_page_alloc:        page=0x2862c5 pfn=0x2862c5 order=0 migratetype=1 "
	  "gfp_flags=GFP_HIGHUSER_MOVABLE|__GFP_ZERO|__GFP_COMP",
	  "mm_page_alloc task=task pid=2 cpu=0 ns=5210928152000 page=2862c5 pfn=2646725 order=0 type=1 gfp=140dca" },
	{ " task-2 [000]  5211.4: mm_page_alloc_zone_locked: page=0x1f43e4 pfn=0x1f43e4 order=0 migratetype=1 "
	  "percpu_refill=1",
	  "mm_page_alloc_zone_locked task=task pid=2 cpu=0 ns=5211400000000 page=1f43e4 pfn=2048996 order=0 type=1 "
	  "refill=1" },
	{ " task-27 [001] 5212.478082: mm_page_pcpu_drain:   page=0x10 pfn=0x10 order=3 migratetype=2",
	  "mm_page_pcpu_drain task=task pid=27 cpu=1 ns=5212478082000 page=10 pfn=16 order=3 type=2" },

	/* the trace file: context of five and of four letters, times of six and nine digits */
	{ "            bash-1234    [003] d..1.  123.456789: kfree: call_site=skb_free_head+0x25/0x30 "
	  "ptr=00000000deadbeef",
	  "kfree task=bash pid=1234 cpu=3 ctx=d..1. ns=123456789000 site=skb_free_head+0x25/0x30 ptr=deadbeef" },
	{ "          <idle>-0       [127] d.h2 123.456789012: kmem_cache_alloc: call_site=a+0x1/0x2 "
	  "ptr=ffff888100000040 name=dma-kmalloc-8 bytes_req=8 bytes_alloc=8 gfp_flags=GFP_ATOMIC node=-1 "
	  "accounted=true",
	  "kmem_cache_alloc task=<idle> pid=0 cpu=127 ctx=d.h2 ns=123456789012 site=a+0x1/0x2 cache=dma-kmalloc-8 "
	  "ptr=ffff888100000040 req=8 alloc=8 gfp=a20 node=-1 acc=1" },
	{ "           <...>-22275 [006] ....   889.213383: mm_page_alloc: page=00000000d2be5665 pfn=970744 order=0 "
	  "migratetype=0 nr_free=3650 gfp_flags=GFP_HIGHUSER|__GFP_ZERO",
	  "mm_page_alloc task=<...> pid=22275 cpu=6 ctx=.... ns=889213383000 page=d2be5665 pfn=970744 order=0 type=0 "
	  "gfp=100dc2" },
	{ " kworker/u8:2-events-123 [000] .....  1.5: mm_page_free: page=ffffea0003db9f40 pfn=0x1155 order=2",
	  "mm_page_free task=kworker/u8:2-events pid=123 cpu=0 ctx=..... ns=1500000000 page=ffffea0003db9f40 pfn=4437 "
	  "order=2" },
	{ " a [1] b: c-7     (-------) [002] d.s3.   7.000001: kfree: call_site=f ptr=0x0",
	  "kfree task=a [1] b: c pid=7 cpu=2 ctx=d.s3. ns=7000001000 site=f ptr=0" },
	{ "            bash-77      (     76) [002] ....   7.000001: kfree: call_site=f ptr=(null)",
	  "kfree task=bash pid=77 cpu=2 ctx=.... ns=7000001000 site=f ptr=0" },
	{ "   (sd-pam)-77      [002] ....   7.000001: kfree: call_site=f ptr=          (null)",
	  "kfree task=(sd-pam) pid=77 cpu=2 ctx=.... ns=7000001000 site=f ptr=0" },
	/* without a pid all of it is the name: written again, it is read as the same */
	{ " a-7     (-------)      (     76) [002] ....   7.000001: kfree: call_site=f ptr=1",
	  "kfree task=a-7     (-------)      (     76) cpu=2 ctx=.... ns=7000001000 site=f ptr=1" },
	{ "test:.sh-1299    [004] .....  2886.040608: kmem_cache_free: call_site=putname+0xa4/0xc8 "
	  "ptr=000000000f4d22f4 name=names_cache",
	  "kmem_cache_free task=test:.sh pid=1299 cpu=4 ctx=..... ns=2886040608000 site=putname+0xa4/0xc8 "
	  "cache=names_cache ptr=f4d22f4" },

	/* a raw counter, the latency format, and lines that lost their left part */
	{ " bash-12 [000] d..1. 23471239472: kfree: call_site=f ptr=c1234567",
	  "kfree task=bash pid=12 cpu=0 ctx=d..1. count=23471239472 site=f ptr=c1234567" },
	{ "    bash-1234    3d.h2.    4us+: kfree: call_site=f ptr=ffff888100000000",
	  "kfree task=bash pid=1234 cpu=3 ctx=d.h2. ns=4000 site=f ptr=ffff888100000000" },
	{ "  <idle>-0       0d..1   12us : kfree: call_site=f ptr=ffff888100000000",
	  "kfree task=<idle> pid=0 cpu=0 ctx=d..1 ns=12000 site=f ptr=ffff888100000000" },
	{ "  4582.696653: kmem_cache_free: call_site=f+0xa7/0xd0 ptr=00000000e70e10e0 name=names_cache",
	  "kmem_cache_free ns=4582696653000 site=f+0xa7/0xd0 cache=names_cache ptr=e70e10e0" },
	{ "[002] ....   808.188897: kfree: call_site=f ptr=1", "kfree cpu=2 ctx=.... ns=808188897000 site=f ptr=1" },
	{ "kfree: call_site=f ptr=1", "kfree site=f ptr=1" },

	/* perf script; options/fields; a module behind the symbol, one of digits too */
	{ "gcc  1234 [001] 12345.678901:      kmem:kfree: (f+0x1) call_site=f+0x1 ptr=0xffff888100000000",
	  "kfree task=gcc pid=1234 cpu=1 ns=12345678901000 site=f+0x1 ptr=ffff888100000000" },
	{ " a-1 [000] 1.0: kmem_cache_free: call_site=f+0x3/0x4 (-1768960207) ptr=0xffff888132ea5ed0 (854220496) "
	  "name=kmemleak_object",
	  "kmem_cache_free task=a pid=1 cpu=0 ns=1000000000 site=f+0x3/0x4 cache=kmemleak_object "
	  "ptr=ffff888132ea5ed0" },
	{ " a-1 [000] .... 1.0: kfree: call_site=ext4_x+0x1/0x2 [ext4] ptr=00000000cef40c80",
	  "kfree task=a pid=1 cpu=0 ctx=.... ns=1000000000 site=ext4_x+0x1/0x2 [ext4] ptr=cef40c80" },
	{ " a-1 [000] .... 1.0: kfree: call_site=x+0x1/0x2 [842] ptr=00000000cef40c80",
	  "kfree task=a pid=1 cpu=0 ctx=.... ns=1000000000 site=x+0x1/0x2 [842] ptr=cef40c80" },

	/* before 5.19 */
	{ " a-1 [000] .... 1.0: kmalloc_node: call_site=x ptr=1 bytes_req=5 bytes_alloc=8 "
	  "gfp_flags=GFP_KERNEL|__GFP_NOWARN node=1",
	  "kmalloc_node task=a pid=1 cpu=0 ctx=.... ns=1000000000 site=x ptr=1 req=5 alloc=8 gfp=2cc0 node=1" },
	{ " a-1 [000] .... 1.0: kmem_cache_alloc_node: call_site=x ptr=1 bytes_req=5 bytes_alloc=8 "
	  "gfp_flags=0xcc0 node=0",
	  "kmem_cache_alloc_node task=a pid=1 cpu=0 ctx=.... ns=1000000000 site=x ptr=1 req=5 alloc=8 gfp=cc0 node=0" },
	{ " a-1 [000] .... 1.0: mm_page_free_batched: page=00000000cef40c80 pfn=12 order=0",
	  "mm_page_free_batched task=a pid=1 cpu=0 ctx=.... ns=1000000000 page=cef40c80 pfn=12 order=0" },

	/* the rest: order of fields, odd values */
	{ " a-1 [000] 1.0: mm_page_alloc_extfrag: page=0x7 pfn=0x7 alloc_order=1 fallback_order=3 pageblock_order=9 "
	  "alloc_migratetype=0 fallback_migratetype=1 fragmenting=1 change_ownership=1",
	  "mm_page_alloc_extfrag task=a pid=1 cpu=0 ns=1000000000 page=7 pfn=7 order=1 type=0 forder=3 border=9 "
	  "ftype=1 own=1" },
	{ " a-1 [000] 1.0: kmalloc: accounted=1 node=0 gfp_flags=none bytes_alloc=8 bytes_req=1 ptr=0X1F extra=7 junk "
	  "=9 call_site=z",
	  "kmalloc task=a pid=1 cpu=0 ns=1000000000 site=z ptr=1f req=1 alloc=8 gfp=0 node=0 acc=1" },
	{ " a-1 [000] 1.0: kmem_cache_alloc: ptr=1 name=my odd cache bytes_req=1",
	  "kmem_cache_alloc task=a pid=1 cpu=0 ns=1000000000 cache=my odd cache ptr=1 req=1" },
	{ " a-1 [000] 1.0: kmalloc: call_site=z ptr=(____ptrval____) bytes_req=1",
	  "kmalloc task=a pid=1 cpu=0 ns=1000000000 site=z req=1" },
	{ "\ta-1\t[000]\t1.0:\tkfree:\tptr=1\t\r", "kfree task=a pid=1 cpu=0 ns=1000000000 ptr=1" },
};

static void lines_of_every_shape_are_read(struct ktap *t)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		char line[TEXT_BYTES];
		struct trace_reader *reader;
		struct trace_event event;
		struct text text;

		snprintf(line, sizeof(line), "%s\n", shapes[i].line);
		reader = open_text(line);
		ASSERT_NOT_NULL(t, reader);
		if (EXPECT_EQ(t, trace_next(reader, &event), 1))
			EXPECT_STR(t, describe(&text, reader, &event), shapes[i].want);
		else
			ktap_note(t, "%s", shapes[i].line);
		EXPECT_EQ(t, trace_next(reader, &event), 0);
		expect_sums(t, trace_stats(reader));
		trace_close(reader);
	}
}

static const struct bad {
	const char *line;
	u64 column;
	const char *reason;
} bad_lines[] = {
	{ "hello, world", 1, "not an ftrace line" },
	{ "CPU:3 [ON FIRE]", 1, "not an ftrace line" },
	{ " a-1 [002] 7.0:[002] 7.0: kfree: ptr=1", 1, "not an ftrace line" },
	{ "cpus=many", 1, "not an ftrace line" },
	{ " a-1 [99999999] 1.0: kfree: ptr=1", 1, "not an ftrace line" },
	{ " a-1 [000] 99999999999999999999.0: kfree: ptr=1", 1, "not an ftrace line" },
	{ "a-1 [0] 1.0: kfree: call_site=f", 14, "this event has no ptr=" },
	{ "a-1 [0] 1.0: kmalloc: ptr=1", 14, "this event has no bytes_req=" },
	{ "a-1 [0] 1.0: mm_page_free: page=1 order=0", 14, "this event has no pfn=" },
	{ "a-1 [0] 1.0: kfree: ptr=0xzz", 25, "not an address" },
	{ "a-1 [0] 1.0: kfree: ptr=", 25, "not an address" },
	{ "a-1 [0] 1.0: kfree: ptr=11112222333344445", 25, "not an address" },
	{ "a-1 [0] 1.0: mm_page_free: pfn=1f", 32, "not a page frame number" },
	{ "a-1 [0] 1.0: mm_page_free: pfn=0xfffffffffffffff0", 32, "page frame number too large" },
	{ "a-1 [0] 1.0: mm_page_free: pfn=1 order=64", 40, "no such order" },
	{ "a-1 [0] 1.0: mm_page_free: pfn=1 order=-1", 40, "no such order" },
	{ "a-1 [0] 1.0: mm_page_free: pfn=1 order=9999999999", 40, "number too large" },
	{ "a-1 [0] 1.0: kmalloc: ptr=1 bytes_req=-5", 39, "not a size" },
	{ "a-1 [0] 1.0: kmalloc: ptr=1 bytes_req=18446744073709551615", 39, "size too large" },
	{ "a-1 [0] 1.0: kmalloc: ptr=1 bytes_req=99999999999999999999", 39, "not a size" },
	{ "a-1 [0] 1.0: kmalloc: ptr=1 bytes_req=5 accounted=maybe", 51, "neither true nor false" },
	{ "a-1 [0] 1.0: kmalloc: ptr=1 bytes_req=5 node=x", 46, "not a number" },
};

static void a_bad_line_is_named_by_column_and_reason(struct ktap *t)
{
	for (size_t i = 0; i < sizeof(bad_lines) / sizeof(bad_lines[0]); i++) {
		const struct trace_stats *stats;
		struct trace_reader *reader;
		struct trace_event event;
		char line[TEXT_BYTES];

		snprintf(line, sizeof(line), "cpus=2\n%s\nkfree: ptr=1\n", bad_lines[i].line);
		reader = open_text(line);
		ASSERT_NOT_NULL(t, reader);
		EXPECT_EQ(t, trace_next(reader, &event), 1);
		EXPECT_EQ(t, trace_next(reader, &event), 0);
		stats = trace_stats(reader);
		EXPECT_EQ(t, stats->nr_malformed, 1);
		ASSERT_EQ(t, stats->nr_bad, 1);
		EXPECT_EQ(t, stats->bad[0].line, 2);
		EXPECT_EQ(t, stats->bad[0].column, bad_lines[i].column);
		EXPECT_STR(t, stats->bad[0].reason, bad_lines[i].reason);
		EXPECT_STR(t, stats->bad[0].excerpt, bad_lines[i].line + bad_lines[i].column - 1);
		trace_close(reader);
	}
}

static const char headed[] =
	"\xef\xbb\xbf# tracer: nop\n"
	"#\n"
	"# entries-in-buffer/entries-written: 140080/250280   #P:4\n"
	"#\n"
	"#                                _-----=> irqs-off/BH-disabled\n"
	"#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION\n"
	"CPU:3 [LOST 123 EVENTS]\n"
	"     a-1 [000] d..1. 2.0: kfree: call_site=f ptr=00000000deadbeef\n"
	"     a-1 [000] d..1. 2.0: <stack trace>\n"
	" => kfree\n"
	" => skb_free_head\n"
	"CPU:1 [LOST EVENTS]\n"
	"CPU:2 [7 EVENTS DROPPED]\n"
	"CPU:2 [SUBBUFFER START]\n"
	"##### CPU 2 buffer started ####\n"
	"CPU 0 is empty\n"
	"version = 6\n"
	"\n"
	"     a-1 [005] d..1. 1.0: sched_switch: prev_comm=x [0] ==> next_comm=y\n"
	"     a-1 [005] d..1. 1.0: sched_switch: prev_comm=x ==> next_comm=y\n"
	"     a-1 [005] d..1. 1.0: sys_read(fd: 3, buf: 7ffe, count: 80)\n"
	"     a-1 [005] d..1. 1.0: do_fork <-sys_fork\n"
	"     a-1 [005] d..1. 1.0: kfree: call_site=f ptr=(____ptrval____)\n";

/* perf script -g: a stack behind each event, and an empty line. */
static void stacks_are_no_damage(struct ktap *t)
{
	struct trace_reader *reader = open_text(
		"a     1 [000] 1.0: kmem:kfree: call_site=f ptr=0xffff888000001000\n"
		"\tffffffff9a2c1b2d kmem_cache_alloc+0x1d ([kernel.kallsyms])\n"
		"\tffffffff9a2c1b2d kmem_cache_alloc\n"
		"\t          401136 main+0x4 (/usr/bin/a b)\n"
		"\t    7f3a2b1c2d3e [unknown] ([unknown])\n"
		"\tffffffff9a2c1b2d\n"
		"\n"
		"  feed-12  3d.h2  4us+: kfree: call_site=f ptr=0xffff888000001000\n"
		"  face feed\n"
		"ffffffff9a2c1b2d kmem_cache_alloc ([kernel.kallsyms])\n");

	ASSERT_NOT_NULL(t, reader);
	EXPECT_EQ(t, drain(t, reader), 0);
	EXPECT_EQ(t, trace_stats(reader)->nr_events, 2);
	EXPECT_EQ(t, trace_stats(reader)->nr_comments, 6);
	EXPECT_EQ(t, trace_stats(reader)->nr_malformed, 2);
	EXPECT_EQ(t, trace_stats(reader)->bad[0].line, 9);
	trace_close(reader);
}

static void headers_losses_and_other_events_are_counted(struct ktap *t)
{
	struct trace_reader *reader = open_text(headed);
	const struct trace_stats *stats;
	struct trace_event event;

	ASSERT_NOT_NULL(t, reader);
	stats = trace_stats(reader);
	ASSERT_EQ(t, trace_next(reader, &event), 1);
	EXPECT_EQ(t, event.line, 8);
	EXPECT_EQ(t, event.lost_before, 123);
	ASSERT_EQ(t, trace_next(reader, &event), 1);
	EXPECT_EQ(t, event.lost_before, 8);
	EXPECT_EQ(t, drain(t, reader), 0);
	EXPECT_EQ(t, stats->nr_lines, 23);
	EXPECT_EQ(t, stats->nr_events, 2);
	EXPECT_EQ(t, stats->nr_comments, 13);
	EXPECT_EQ(t, stats->nr_lost_marks, 3);
	EXPECT_EQ(t, stats->nr_lost, 130);
	EXPECT_EQ(t, stats->nr_lost_uncounted, 1);
	EXPECT_EQ(t, stats->entries_in_buffer, 140080);
	EXPECT_EQ(t, stats->entries_written, 250280);
	EXPECT_EQ(t, stats->nr_cpus, 6);
	EXPECT_EQ(t, stats->nr_hashed, 1);
	EXPECT_EQ(t, stats->nr_hidden, 1);
	EXPECT_EQ(t, stats->nr_backwards, 1);
	EXPECT_EQ(t, stats->first_ns, 1000000000);
	EXPECT_EQ(t, stats->last_ns, 2000000000);
	EXPECT_EQ(t, stats->nr_unknown, 5);
	ASSERT_EQ(t, stats->nr_unknown_names, 3);
	EXPECT_STR(t, trace_string(reader, stats->unknown_names[0].name), "kernel_stack");
	EXPECT_STR(t, trace_string(reader, stats->unknown_names[1].name), "sched_switch");
	EXPECT_EQ(t, stats->unknown_names[1].count, 2);
	EXPECT_STR(t, trace_string(reader, stats->unknown_names[2].name), "(no event)");
	EXPECT_EQ(t, stats->unknown_names[2].count, 2);
	trace_close(reader);
}

static void failed_allocations_are_told_from_frees_of_nothing(struct ktap *t)
{
	static const struct {
		const char *line;
		bool failed;
	} cases[] = {
		{ "kmalloc: ptr=(null) bytes_req=8\n", true },
		{ "kmalloc: ptr=0000000000000000 bytes_req=8\n", true },
		{ "kmalloc: ptr=10 bytes_req=8\n", false },
		{ "kmalloc: ptr=(____ptrval____) bytes_req=8\n", false },
		{ "kmem_cache_alloc_node: ptr=0x0 bytes_req=8\n", true },
		{ "kfree: ptr=(nil)\n", false },
		{ "mm_page_alloc: page=(null) pfn=0 order=9\n", true },
		{ "mm_page_alloc: page=0x0 pfn=0x0 order=9\n", true },
		{ "mm_page_alloc: page=ffffea0000000040 pfn=1 order=9\n", false },
		{ "mm_page_free: page=(null) pfn=0 order=9\n", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct trace_reader *reader = open_text(cases[i].line);
		struct trace_event event;

		ASSERT_NOT_NULL(t, reader);
		ASSERT_EQ(t, trace_next(reader, &event), 1);
		if (!EXPECT_EQ(t, trace_alloc_failed(&event), cases[i].failed))
			ktap_note(t, "%s", cases[i].line);
		trace_close(reader);
	}
}

/* ------------------------------------------------------------------------------------------------- gfp flags */

static gfp_t gfp_of(struct ktap *t, const char *flags, u64 *unknown)
{
	struct trace_event event = { 0 };
	struct trace_reader *reader;
	char line[TEXT_BYTES];

	snprintf(line, sizeof(line), "kmalloc: ptr=1 bytes_req=1 gfp_flags=%s\n", flags);
	reader = open_text(line);
	if (!reader || trace_next(reader, &event) != 1)
		ktap_fail(t, "%s: not read", line);
	if (reader)
		*unknown = trace_stats(reader)->nr_unknown_gfp;
	trace_close(reader);
	return event.gfp;
}

static void flag_names_of_every_kernel_map_to_our_bits(struct ktap *t)
{
	static const struct {
		const char *flags;
		gfp_t want;
		u64 unknown;
	} cases[] = {
		{ "GFP_KERNEL", GFP_KERNEL, 0 },
		{ "GFP_KERNEL_ACCOUNT|__GFP_ZERO", GFP_KERNEL_ACCOUNT | __GFP_ZERO, 0 },
		{ "GFP_TRANSHUGE|__GFP_THISNODE", GFP_TRANSHUGE | __GFP_THISNODE, 0 },
		{ "GFP_TRANSHUGE_LIGHT", GFP_TRANSHUGE_LIGHT, 0 },
		{ "GFP_HIGHUSER_MOVABLE|__GFP_COMP", GFP_HIGHUSER_MOVABLE | __GFP_COMP, 0 },
		{ "GFP_USER|GFP_DMA32|__GFP_RETRY_MAYFAIL", GFP_USER | GFP_DMA32 | __GFP_RETRY_MAYFAIL, 0 },
		{ "GFP_NOWAIT|__GFP_NORETRY|__GFP_NOMEMALLOC", GFP_NOWAIT | __GFP_NORETRY | __GFP_NOMEMALLOC, 0 },
		{ "GFP_NOIO|__GFP_HIGH|__GFP_MEMALLOC", GFP_NOIO | __GFP_HIGH | __GFP_MEMALLOC, 0 },
		{ "__GFP_RECLAIM|__GFP_IO|__GFP_FS", GFP_KERNEL, 0 },
		{ "GFP_ATOMIC|__GFP_ATOMIC", GFP_ATOMIC, 0 },
		{ "GFP_KERNEL|__GFP_SKIP_ZERO|__GFP_SKIP_KASAN_POISON|__GFP_NOLOCKDEP|__GFP_NO_OBJ_EXT",
		  GFP_KERNEL, 0 },
		{ "GFP_KERNEL|__GFP_REPEAT|__GFP_NOTRACK", GFP_KERNEL | __GFP_RETRY_MAYFAIL, 0 },
		{ "none", 0, 0 },
		{ "0x0", 0, 0 },
		{ "0xdc0", GFP_KERNEL | __GFP_ZERO, 0 },
		{ "3264", GFP_KERNEL, 0 },
		{ "GFP_KERNEL|0x4000000", GFP_KERNEL, 1 },
		{ "GFP_KERNEL|__GFP_FUTURE|GFP_MOON", GFP_KERNEL, 2 },
		{ "|GFP_KERNEL||", GFP_KERNEL, 2 },
		{ "0xfffffffffffffffff", 0, 1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		u64 unknown = ~0ull;

		if (!EXPECT_EQ(t, gfp_of(t, cases[i].flags, &unknown), cases[i].want) ||
		    !EXPECT_EQ(t, unknown, cases[i].unknown))
			ktap_note(t, "%s", cases[i].flags);
	}
}

static void every_flag_set_is_written_and_read_back(struct ktap *t)
{
	for (unsigned int i = 0; i < 2000; i++) {
		gfp_t gfp = (gfp_t)(i < 24 ? 1u << i : ktap_random(t) & 0xffffff);
		char names[TEXT_BYTES];
		u64 unknown = 0;

		EXPECT_LT(t, trace_format_gfp(names, sizeof(names), gfp), (int)sizeof(names));
		EXPECT_EQ(t, gfp_of(t, names, &unknown), gfp);
		EXPECT_EQ(t, unknown, 0);
		if (ktap_failed(t)) {
			ktap_note(t, "%x is written as %s", (unsigned int)gfp, names);
			return;
		}
	}
}

static void writing_flags_never_overruns(struct ktap *t)
{
	char whole[TEXT_BYTES], part[TEXT_BYTES];
	int len = trace_format_gfp(whole, sizeof(whole), 0xffffffff);

	EXPECT_CONTAINS(t, whole, "|0xff000000");
	for (int size = 0; size <= len + 1; size++) {
		memset(part, '#', sizeof(part));
		EXPECT_EQ(t, trace_format_gfp(part, (size_t)size, 0xffffffff), len);
		EXPECT_EQ(t, part[size], '#');
		if (size)
			EXPECT_EQ(t, strlen(part), (size_t)(size - 1));
	}
}

/* ------------------------------------------------------------------------------------------------ round trip */

static u64 random_number(struct ktap *t, u64 limit)
{
	return ktap_below(t, limit) >> ktap_below(t, 50);
}

static void random_word(struct ktap *t, char word[32], const char *letters)
{
	size_t len = 1 + ktap_below(t, 20), nr = strlen(letters);

	for (size_t i = 0; i < len; i++)
		word[i] = letters[ktap_below(t, nr)];
	word[len] = '\0';
}

struct random_text {
	char task[32], call_site[32], cache[32];
};

static void random_event(struct ktap *t, struct trace_event *e, struct random_text *text)
{
	static const u32 slab = TRACE_HAS_PTR | TRACE_HAS_BYTES_REQ, left = TRACE_HAS_CPU | TRACE_HAS_TIME;
	u32 any = TRACE_HAS_TASK | TRACE_HAS_PID | TRACE_HAS_CONTEXT | TRACE_HAS_CALL_SITE | TRACE_HAS_CACHE |
		  TRACE_HAS_BYTES_ALLOC | TRACE_HAS_GFP | TRACE_HAS_NODE | TRACE_HAS_ACCOUNTED | TRACE_HAS_PAGE |
		  TRACE_HAS_ORDER | TRACE_HAS_MIGRATETYPE | TRACE_HAS_PERCPU_REFILL | TRACE_HAS_FALLBACK_ORDER |
		  TRACE_HAS_PAGEBLOCK_ORDER | TRACE_HAS_FALLBACK_TYPE | TRACE_HAS_CHANGE_OWNERSHIP |
		  TRACE_TIME_IS_COUNTER;

	*e = (struct trace_event){
		.kind = (enum trace_kind)ktap_below(t, TRACE_NR_KINDS),
		.has = ((u32)ktap_random(t) & any) | slab | left | TRACE_HAS_PFN,
		.timestamp_ns = random_number(t, 1ull << 62), .cpu = (u32)random_number(t, 4096),
		.pid = (s32)random_number(t, 1 << 22), .gfp = (gfp_t)random_number(t, 1 << 24),
		.ptr = random_number(t, ~0ull), .bytes_req = random_number(t, 1ull << 62),
		.bytes_alloc = random_number(t, 1ull << 62), .page = random_number(t, ~0ull),
		.pfn = random_number(t, 1ull << 52), .node = (s32)ktap_below(t, 9) - 1,
		.order = (s32)ktap_below(t, 64), .migratetype = (s32)ktap_below(t, 9) - 1,
		.fallback_order = (s32)ktap_below(t, 64), .fallback_migratetype = (s32)ktap_below(t, 9) - 1,
		.pageblock_order = (s32)ktap_below(t, 64), .accounted = ktap_below(t, 2),
		.percpu_refill = ktap_below(t, 2), .change_ownership = ktap_below(t, 2),
	};
	random_word(t, text->task, "abc/:-[]0123456789()<>.x");
	strcat(text->task, "z");
	random_word(t, text->call_site, "abcdef_.+0x");
	random_word(t, text->cache, "abcdef_-(:)09");
	snprintf(e->context, sizeof(e->context), "%s", ktap_below(t, 2) ? "dNh2." : "....");
}

static void random_event_comes_back(struct ktap *t)
{
	struct random_text words;
	struct trace_text names = { words.task, words.call_site, words.cache };
	struct trace_event event, back;
	struct trace_reader *reader;
	char line[TEXT_BYTES], again[TEXT_BYTES];
	struct trace_text names_back;
	int len;

	random_event(t, &event, &words);
	len = trace_format_event(line, sizeof(line) - 1, &event, &names);
	ASSERT_LT(t, len, (int)sizeof(line) - 1);
	strcpy(line + len, "\n");
	reader = open_text(line);
	ASSERT_NOT_NULL(t, reader);
	if (!EXPECT_EQ(t, trace_next(reader, &back), 1)) {
		ktap_note(t, "%s", line);
		trace_close(reader);
		return;
	}
	names_back = trace_event_text(reader, &back);
	trace_format_event(again, sizeof(again), &back, &names_back);
	line[len] = '\0';
	EXPECT_STR(t, again, line);
	EXPECT_EQ(t, back.has, event.has);
	if (event.has & TRACE_HAS_TASK)
		EXPECT_STR(t, names_back.task, words.task);
	if (event.has & TRACE_HAS_CACHE)
		EXPECT_STR(t, names_back.cache, words.cache);
	EXPECT_EQ(t, back.timestamp_ns, event.timestamp_ns);
	EXPECT_EQ(t, back.cpu, event.cpu);
	EXPECT_EQ(t, back.ptr, event.ptr);
	EXPECT_EQ(t, back.pfn, event.pfn);
	EXPECT_EQ(t, back.bytes_req, event.bytes_req);
	if (event.has & TRACE_HAS_GFP)
		EXPECT_EQ(t, back.gfp, event.gfp);
	if (event.has & TRACE_HAS_PID)
		EXPECT_EQ(t, back.pid, event.pid);
	trace_close(reader);
}

static void random_events_are_written_and_read_back(struct ktap *t)
{
	for (int i = 0; i < 5000 && !ktap_failed(t); i++)
		random_event_comes_back(t);
}

/* Found by the fuzzer: longer than a kernel's 15 letters, it filled the column up to the margin. */
static void a_long_task_named_like_a_comment_comes_back(struct ktap *t)
{
	struct trace_event event = { .has = TRACE_HAS_TASK | TRACE_HAS_PID | TRACE_HAS_CPU | TRACE_HAS_TIME |
					    TRACE_HAS_PTR, .kind = TRACE_KFREE, .pid = 1 };
	struct trace_text names = { .task = "# tracer: nop, or so it says" };
	struct trace_reader *reader;
	char line[TEXT_BYTES];

	strcpy(line + trace_format_event(line, sizeof(line) - 1, &event, &names), "\n");
	reader = open_text(line);
	ASSERT_NOT_NULL(t, reader);
	ASSERT_EQ(t, trace_next(reader, &event), 1);
	EXPECT_STR(t, trace_event_text(reader, &event).task, names.task);
	trace_close(reader);
}

static void writing_an_event_never_overruns(struct ktap *t)
{
	struct random_text words;
	struct trace_text names = { words.task, words.call_site, words.cache };
	struct trace_event event;
	char line[TEXT_BYTES];
	int len;

	random_event(t, &event, &words);
	event.has = ~0u;
	event.gfp = 0xffffffff;
	len = trace_format_event(NULL, 0, &event, &names);
	for (int size = 0; size <= len + 1 && !ktap_failed(t); size++) {
		memset(line, '#', sizeof(line));
		EXPECT_EQ(t, trace_format_event(line, (size_t)size, &event, &names), len);
		EXPECT_EQ(t, line[size], '#');
		if (size)
			EXPECT_EQ(t, strlen(line), (size_t)(size - 1));
	}
}

/* -------------------------------------------------------------------------------------------- damaged files */

static void expect_refused(struct ktap *t, const void *data, size_t len, enum trace_error_kind kind, const char *text)
{
	struct trace_error error = { 0 };
	struct trace_reader *reader = trace_open_memory(data, len, &error);

	if (reader) {
		EXPECT_EQ(t, drain(t, reader), -1);
		error = *trace_last_error(reader);
	}
	EXPECT_EQ(t, error.kind, kind);
	EXPECT_CONTAINS(t, error.text, text);
	trace_close(reader);
}

#define REFUSED(t, data, kind, text) expect_refused(t, data, sizeof(data) - 1, kind, text)

static void what_is_no_trace_is_refused_with_line_and_column(struct ktap *t)
{
	REFUSED(t, "", TRACE_ERROR_FORMAT, "line 1, column 1: not ftrace text: it is empty");
	REFUSED(t, "\n\n", TRACE_ERROR_FORMAT, "line 1, column 1: not ftrace text: no event in it");
	REFUSED(t, "hello\nworld\n", TRACE_ERROR_FORMAT, "line 1, column 1: not ftrace text: \"hello\"");
	REFUSED(t, "#!/bin/sh\necho hello\n", TRACE_ERROR_FORMAT, "line 2, column 1: not ftrace text: \"echo hello\"");
	REFUSED(t, "hello", TRACE_ERROR_FORMAT, "line 1, column 1: not ftrace text: \"hello\"");
	REFUSED(t, "\x7f\x45LF\x02\0\0\0\x1b[2J", TRACE_ERROR_FORMAT, "not ftrace text: \"?ELF?????[2J\"");
	REFUSED(t, "\x17\x08\x44tracing6\0", TRACE_ERROR_FORMAT, "trace-cmd report");
	REFUSED(t, "PERFILE2........", TRACE_ERROR_FORMAT, "perf script");
	REFUSED(t, "BZh91AY&SY", TRACE_ERROR_FORMAT, "bzip2");
	REFUSED(t, "\x04\x22\x4d\x18....", TRACE_ERROR_FORMAT, "lz4");
}

static void a_header_without_events_is_an_empty_trace(struct ktap *t)
{
	struct trace_reader *reader = open_text("# tracer: nop\n#\n");

	ASSERT_NOT_NULL(t, reader);
	EXPECT_EQ(t, drain(t, reader), 0);
	EXPECT_EQ(t, trace_stats(reader)->nr_events, 0);
	trace_close(reader);
}

static void the_earliest_time_may_be_zero(struct ktap *t)
{
	struct trace_reader *reader = open_text("[000] 0.0: kfree: ptr=1\n[000] 5.0: kfree: ptr=1\n");

	ASSERT_NOT_NULL(t, reader);
	EXPECT_EQ(t, drain(t, reader), 0);
	EXPECT_EQ(t, trace_stats(reader)->first_ns, 0);
	EXPECT_EQ(t, trace_stats(reader)->last_ns, 5000000000);
	EXPECT_EQ(t, trace_stats(reader)->nr_backwards, 0);
	trace_close(reader);
}

static void a_missing_file_is_an_error_of_opening(struct ktap *t)
{
	struct trace_error error;

	EXPECT_NULL(t, trace_open("tests/cli/no such file", &error));
	EXPECT_EQ(t, error.kind, TRACE_ERROR_OPEN);
	EXPECT_CONTAINS(t, error.text, "No such file");
	EXPECT_NULL(t, trace_open("tests/cli", &error));
	EXPECT_EQ(t, error.kind, TRACE_ERROR_READ);
	EXPECT_CONTAINS(t, error.text, "directory");
}

static void a_cut_last_line_is_reported_and_not_an_event(struct ktap *t)
{
	struct trace_reader *reader = open_text("kfree: ptr=ffff888100000000\nkfree: ptr=ffff8881");

	ASSERT_NOT_NULL(t, reader);
	EXPECT_EQ(t, drain(t, reader), 0);
	EXPECT_EQ(t, trace_stats(reader)->nr_events, 1);
	EXPECT_EQ(t, trace_stats(reader)->nr_truncated, 1);
	EXPECT_EQ(t, trace_stats(reader)->nr_malformed, 0);
	trace_close(reader);
}

static void expect_long_line(struct ktap *t, size_t len, u64 malformed)
{
	static const char head[] = "cpus=1\nkfree: ptr=1 ", tail[] = "\nkfree: ptr=2\n";
	char *text = malloc(sizeof(head) + len + sizeof(tail));
	struct trace_reader *reader;
	struct trace_event event;
	struct trace_error error;

	ASSERT_NOT_NULL(t, text);
	memset(text, 'x', sizeof(head) + len);
	memcpy(text, head, sizeof(head) - 1);
	memcpy(text + 7 + len, tail, sizeof(tail));
	reader = trace_open_memory(text, 7 + len + sizeof(tail) - 1, &error);
	if (EXPECT_NOT_NULL(t, reader)) {
		EXPECT_EQ(t, trace_next(reader, &event), 1);
		EXPECT_EQ(t, event.ptr, malformed ? 2 : 1);
		EXPECT_EQ(t, event.line, malformed ? 3 : 2);
		EXPECT_EQ(t, drain(t, reader), 0);
		EXPECT_EQ(t, trace_stats(reader)->nr_malformed, malformed);
		EXPECT_EQ(t, trace_stats(reader)->nr_lines, 3);
	}
	trace_close(reader);
	free(text);
}

static void a_line_longer_than_64_kib_is_passed_over(struct ktap *t)
{
	expect_long_line(t, 65536, 0);
	expect_long_line(t, 65537, 1);
	expect_long_line(t, 256 * 1024, 1);
	expect_long_line(t, 10 * 1024 * 1024, 1);
}

static void strings_are_stored_once_and_are_printable(struct ktap *t)
{
	static const char text[] = "a\x1b[2J-1 [000] 1.0: kfree: call_site=f\x07g ptr=1\n"
				   "a\x1b[2J-1 [000] 1.0: kfree: call_site=f\x01g ptr=1\n"
				   "a\x1b[2J-1 [000] 1.0: kfree: call_site=f\x07g ptr=1\n";
	struct trace_reader *reader = open_text(text);
	struct trace_event first, second, third;

	ASSERT_NOT_NULL(t, reader);
	ASSERT_EQ(t, trace_next(reader, &first), 1);
	ASSERT_EQ(t, trace_next(reader, &second), 1);
	ASSERT_EQ(t, trace_next(reader, &third), 1);
	EXPECT_STR(t, trace_string(reader, first.task), "a?[2J");
	EXPECT_STR(t, trace_string(reader, first.call_site), "f?g");
	EXPECT_EQ(t, first.task, second.task);
	EXPECT_NE(t, first.call_site, second.call_site);
	EXPECT_EQ(t, first.call_site, third.call_site);
	EXPECT_EQ(t, trace_nr_strings(reader), 4);
	EXPECT_STR(t, trace_string(reader, TRACE_NO_STRING), "");
	EXPECT_STR(t, trace_string(reader, 1000), "");
	trace_close(reader);
}

static void every_distinct_string_keeps_its_id_and_text(struct ktap *t)
{
	const u64 nr = 5000;
	char *text = malloc(nr * 2 * 64), *at = text;
	struct trace_reader *reader;
	struct trace_event event;

	ASSERT_NOT_NULL(t, text);
	for (u64 i = 0; i < 2 * nr; i++)
		at += sprintf(at, "kfree: ptr=1 call_site=f%llu\n", i % nr);
	reader = open_text(text);
	ASSERT_NOT_NULL(t, reader);
	for (u64 i = 0; i < 2 * nr && !ktap_failed(t); i++) {
		char want[32];

		snprintf(want, sizeof(want), "f%llu", i % nr);
		EXPECT_EQ(t, trace_next(reader, &event), 1);
		EXPECT_EQ(t, event.call_site, i % nr + 1);
		EXPECT_STR(t, trace_string(reader, event.call_site), want);
	}
	EXPECT_EQ(t, trace_nr_strings(reader), nr + 1);
	trace_close(reader);
	free(text);
}

static void hashed_pointers_are_told_by_their_form(struct ktap *t)
{
	struct trace_reader *reader = open_text("kfree: ptr=00000000deadbeef\n"	/* the only one */
						"kfree: ptr=0x00000000deadbe\n"
						"kfree: ptr=c1234567\n"
						"kfree: ptr=0000000000000000\n"
						"kfree: ptr=ffff888100000000\n");

	ASSERT_NOT_NULL(t, reader);
	EXPECT_EQ(t, drain(t, reader), 0);
	EXPECT_EQ(t, trace_stats(reader)->nr_events, 5);
	EXPECT_EQ(t, trace_stats(reader)->nr_hashed, 1);
	trace_close(reader);
}

/* More distinct names than a list holds, and strings longer than one may be. */
static void lists_of_names_are_bounded(struct ktap *t)
{
	const u64 nr = 5000;
	char *text = malloc(nr * 1200), *at = text;
	const struct trace_stats *stats;
	struct trace_reader *reader;

	ASSERT_NOT_NULL(t, text);
	for (u64 i = 0; i < nr; i++)
		at += sprintf(at, "a-1 [0] 1.0: event_%llu: x\n"
				  "kmalloc: ptr=1 bytes_req=1 gfp_flags=F%llu call_site=%0600llu\n", i, i, i);
	reader = open_text(text);
	ASSERT_NOT_NULL(t, reader);
	EXPECT_EQ(t, drain(t, reader), 0);
	stats = trace_stats(reader);
	EXPECT_EQ(t, stats->nr_unknown, nr);
	EXPECT_EQ(t, stats->nr_unknown_names, TRACE_NAMES);
	EXPECT_EQ(t, stats->nr_unknown_gfp, nr);
	EXPECT_EQ(t, stats->nr_gfp_names, TRACE_NAMES);
	EXPECT_EQ(t, trace_nr_strings(reader), 1 + 2 * TRACE_NAMES + 1);
	trace_close(reader);
	free(text);
}

/* 64 MiB of strings fill the table; the rest of the file is read without. Long, so only with --soak. */
static void a_full_table_of_strings_is_counted_and_harmless(struct ktap *t)
{
	const u64 nr = 140000;
	struct trace_reader *reader;
	char *text, *at;

	if (!t->soak) {
		ktap_skip(t, "80 MB of text: only with --soak");
		return;
	}
	text = at = malloc(nr * 540);
	ASSERT_NOT_NULL(t, text);
	for (u64 i = 0; i < nr; i++)
		at += sprintf(at, "kfree: ptr=1 call_site=%0510llu\n", i);
	reader = open_text(text);
	ASSERT_NOT_NULL(t, reader);
	EXPECT_EQ(t, drain(t, reader), 0);
	EXPECT_EQ(t, trace_stats(reader)->nr_events, nr);
	EXPECT_GT(t, trace_stats(reader)->nr_strings_dropped, 0);
	EXPECT_EQ(t, trace_nr_strings(reader) - 1 + trace_stats(reader)->nr_strings_dropped, nr);
	trace_close(reader);
	free(text);
}

static void every_prefix_of_a_trace_is_read_without_harm(struct ktap *t)
{
	size_t len;
	char *text = read_file(t, CORPUS "short.txt", &len);
	u64 lines = 0;

	for (size_t cut = 0; text && cut < len && cut < 6000 && !ktap_failed(t); cut++) {
		struct trace_error error;
		char *part = malloc(cut + 1);	/* its own block, so that a read beyond is seen */
		struct trace_reader *reader;

		lines += cut && text[cut - 1] == '\n';
		ASSERT_NOT_NULL(t, part);
		memcpy(part, text, cut);
		reader = trace_open_memory(part, cut, &error);
		ASSERT_NOT_NULL(t, reader);
		EXPECT_EQ(t, drain(t, reader), cut >= strlen("cpus=2") ? 0 : -1);
		EXPECT_EQ(t, trace_stats(reader)->nr_events, lines ? lines - 1 : 0);
		EXPECT_EQ(t, trace_stats(reader)->nr_lines, lines + (cut && text[cut - 1] != '\n'));
		trace_close(reader);
		free(part);
	}
	free(text);
}

static void random_damage_is_read_without_harm(struct ktap *t)
{
	size_t len;
	char *text = read_file(t, CORPUS "short.txt", &len);

	for (int i = 0; text && i < 300; i++) {
		struct trace_error error;
		struct trace_reader *reader;

		for (int j = 0; j < 5; j++)
			text[ktap_below(t, len)] = (char)ktap_random(t);
		reader = trace_open_memory(text, len, &error);
		if (reader)
			(void)drain(t, reader);
		trace_close(reader);
	}
	free(text);
}

/* ------------------------------------------------------------------------------------------------ real files */

/* What `zstd -dc samples/compile.ftrace.zst | grep -c ' NAME: '` counts. */
static const u64 sample_counts[TRACE_NR_KINDS] = {
	[TRACE_KMALLOC] = 959, [TRACE_KFREE] = 4477, [TRACE_CACHE_ALLOC] = 58405, [TRACE_CACHE_FREE] = 55247,
	[TRACE_PAGE_ALLOC] = 91561, [TRACE_PAGE_FREE] = 50445, [TRACE_PAGE_FREE_BATCHED] = 48930,
	[TRACE_PAGE_ZONE_LOCKED] = 35158, [TRACE_PAGE_PCPU_DRAIN] = 8127,
};

static const u64 head_counts[TRACE_NR_KINDS] = {
	[TRACE_KMALLOC] = 100, [TRACE_KFREE] = 377, [TRACE_CACHE_ALLOC] = 1855, [TRACE_CACHE_FREE] = 1062,
	[TRACE_PAGE_ALLOC] = 1279, [TRACE_PAGE_FREE] = 175, [TRACE_PAGE_FREE_BATCHED] = 145,
};

/* NULL, with the case skipped, if neither library nor program is here. */
static struct trace_reader *open_sample(struct ktap *t, const char *path)
{
	struct trace_error error;
	struct trace_reader *reader = trace_open(path, &error);

	if (!reader && error.kind == TRACE_ERROR_TOOL)
		ktap_skip(t, error.text);
	else if (!reader)
		ktap_fail(t, "%s: %s", path, error.text);
	return reader;
}

static void expect_sample(struct ktap *t, const char *path, const u64 *counts, u64 lines, const char *compression)
{
	struct trace_reader *reader = open_sample(t, path);
	const struct trace_stats *stats;

	if (!reader)
		return;
	EXPECT_EQ(t, drain(t, reader), 0);
	stats = trace_stats(reader);
	EXPECT_EQ(t, stats->nr_lines, lines);
	for (int i = 0; i < TRACE_NR_KINDS; i++)
		EXPECT_EQ(t, stats->nr_by_kind[i], counts[i]);
	EXPECT_EQ(t, stats->nr_malformed, 0);
	EXPECT_EQ(t, stats->nr_unknown_gfp, 0);
	EXPECT_EQ(t, stats->nr_cpus, 2);
	EXPECT_STR(t, trace_string(reader, stats->unknown_names[0].name), "sched_process_fork");
	EXPECT_STR(t, trace_compression(reader), compression);
	EXPECT_EQ(t, trace_bytes_read(reader), trace_bytes_total(reader));
	trace_close(reader);
}

static void the_samples_events_are_as_many_as_grep_counts(struct ktap *t)
{
	expect_sample(t, SAMPLE, sample_counts, 353355, "zstd");
}

static void the_short_samples_events_are_as_many_as_grep_counts(struct ktap *t)
{
	expect_sample(t, SAMPLE_HEAD, head_counts, 5000, "gzip");
}

static void the_sample_is_written_and_read_back(struct ktap *t)
{
	struct trace_reader *reader = open_sample(t, SAMPLE_HEAD), *again;
	struct trace_event event, back;

	while (reader && !ktap_failed(t) && trace_next(reader, &event) > 0) {
		struct trace_text names = trace_event_text(reader, &event);
		char line[TEXT_BYTES];
		struct text want, got;

		strcpy(line + trace_format_event(line, sizeof(line) - 1, &event, &names), "\n");
		again = open_text(line);
		ASSERT_NOT_NULL(t, again);
		if (EXPECT_EQ(t, trace_next(again, &back), 1))
			EXPECT_STR(t, describe(&got, again, &back), describe(&want, reader, &event));
		trace_close(again);
	}
	trace_close(reader);
}

/* ----------------------------------------------------------------------------------------- compressed inputs */

/* The same 60 lines each; plain is what they hold. */
static const struct {
	const char *format, *path;
	bool has_library;
} packed[] = {
#ifdef HAVE_ZSTD
	{ "zstd", CORPUS "short.zst", true },
#else
	{ "zstd", CORPUS "short.zst", false },
#endif
#ifdef HAVE_LZMA
	{ "xz", CORPUS "short.xz", true },
#else
	{ "xz", CORPUS "short.xz", false },
#endif
#ifdef HAVE_ZLIB
	{ "gzip", CORPUS "short.gz", true },
#else
	{ "gzip", CORPUS "short.gz", false },
#endif
};

#define NR_PACKED (sizeof(packed) / sizeof(packed[0]))

/* Everything an input gives, compared with the start of @want; returns the error's kind. */
static enum trace_error_kind compare_input(struct ktap *t, struct input *in, const char *want, size_t len, size_t *got)
{
	char block[777];
	ssize_t n;

	for (*got = 0; (n = input_read(in, block, sizeof(block))) > 0; *got += (size_t)n) {
		if (*got + (size_t)n > len || memcmp(block, want + *got, (size_t)n)) {
			ktap_fail(t, "wrong bytes near %zu", *got);
			break;
		}
	}
	EXPECT_EQ(t, input_read(in, block, sizeof(block)), n);
	return input_error(in)->kind;
}

static void libraries_decompress_every_format(struct ktap *t)
{
	size_t len, size, got;
	char *want = read_file(t, CORPUS "short.txt", &len);

	for (size_t i = 0; want && i < NR_PACKED; i++) {
		char *data = read_file(t, packed[i].path, &size), *twice;
		struct trace_error error;
		struct input *in;

		if (!data || !(twice = malloc(2 * size)))
			break;
		in = input_open_memory(data, size, INPUT_NO_PROGRAM, &error);
		EXPECT_EQ(t, in != NULL, packed[i].has_library);
		if (!in)
			EXPECT_EQ(t, error.kind, TRACE_ERROR_TOOL);
		if (in) {
			EXPECT_STR(t, input_format(in), packed[i].format);
			EXPECT_EQ(t, compare_input(t, in, want, len, &got), TRACE_ERROR_NONE);
			EXPECT_EQ(t, got, len);
			input_close(in);

			memcpy(twice, data, size);
			memcpy(twice + size, data, size);
			in = input_open_memory(twice, 2 * size, INPUT_NO_PROGRAM, &error);
			ASSERT_NOT_NULL(t, in);
			for (got = 0; got < 2 * len;) {
				char block[4096];
				ssize_t n = input_read(in, block, sizeof(block));

				if (!EXPECT_GT(t, n, 0))
					break;
				got += (size_t)n;
			}
			EXPECT_EQ(t, got, 2 * len);
		}
		input_close(in);
		free(twice);
		free(data);
	}
	free(want);
}

/* A stream that ends early gives what it held and says so, wherever the end is. */
static void cut_streams_give_their_beginning_and_an_error(struct ktap *t)
{
	size_t len, size, got;
	char *want = read_file(t, CORPUS "short.txt", &len);

	for (size_t i = 0; want && i < NR_PACKED; i++) {
		char *data = packed[i].has_library ? read_file(t, packed[i].path, &size) : NULL;

		for (size_t cut = 6; data && cut < size && !ktap_failed(t); cut++) {
			struct trace_error error;
			struct input *in = input_open_memory(data, cut, INPUT_NO_PROGRAM, &error);

			ASSERT_NOT_NULL(t, in);
			EXPECT_EQ(t, compare_input(t, in, want, len, &got), TRACE_ERROR_TRUNCATED);
			EXPECT_CONTAINS(t, input_error(in)->text, "ends early");
			input_close(in);
		}
		free(data);
	}
	free(want);
}

static void a_cut_stream_delivers_its_whole_lines_first(struct ktap *t)
{
	size_t size;
	char *data = read_file(t, SAMPLE_HEAD, &size);
	struct trace_reader *reader;
	struct trace_error error;

	ASSERT_NOT_NULL(t, data);
	reader = trace_open_memory(data, size / 2, &error);
	if (!reader) {
		EXPECT_EQ(t, error.kind, TRACE_ERROR_TOOL);
		ktap_skip(t, error.text);
	} else {
		EXPECT_EQ(t, drain(t, reader), -1);
		EXPECT_GT(t, trace_stats(reader)->nr_events, 1000);
		EXPECT_EQ(t, trace_stats(reader)->nr_malformed, 0);
		EXPECT_EQ(t, trace_last_error(reader)->kind, TRACE_ERROR_TRUNCATED);
		EXPECT_EQ(t, trace_last_error(reader)->line, trace_stats(reader)->nr_lines + 1);
		EXPECT_CONTAINS(t, trace_last_error(reader)->text, "column 1: the gzip data ends early");
	}
	trace_close(reader);
	free(data);
}

static void damaged_streams_are_errors(struct ktap *t)
{
	size_t size, got;

	for (size_t i = 0; i < NR_PACKED; i++) {
		char *data = packed[i].has_library ? read_file(t, packed[i].path, &size) : NULL;

		for (int round = 0; data && round < 500; round++) {
			size_t at = 6 + ktap_below(t, size - 6);
			struct trace_error error;
			struct input *in;
			char block[4096], old = data[at];
			ssize_t n;

			data[at] = (char)ktap_random(t);
			in = input_open_memory(data, size, INPUT_NO_PROGRAM, &error);
			ASSERT_NOT_NULL(t, in);
			for (got = 0; got < 10000000 && (n = input_read(in, block, sizeof(block))) > 0;)
				got += (size_t)n;
			EXPECT_LT(t, got, 10000000);
			input_close(in);
			data[at] = old;
		}
		free(data);
	}
}

/* 12 GiB of zeros in 400 KiB. */
static void a_bomb_is_given_up_after_a_few_mib(struct ktap *t)
{
	const size_t nr = 200;
	size_t size = 0;
	char *zeros = read_file(t, CORPUS "zeros.zst", &size), *bomb = malloc(nr * size + 1);
	struct trace_reader *reader;
	struct trace_error error;

	ASSERT(t, zeros && bomb);
	for (size_t i = 0; i < nr; i++)
		memcpy(bomb + i * size, zeros, size);
	reader = trace_open_memory(bomb, nr * size, &error);
	if (!reader) {
		EXPECT_EQ(t, error.kind, TRACE_ERROR_TOOL);
		ktap_skip(t, error.text);
	} else {
		EXPECT_EQ(t, drain(t, reader), -1);
		EXPECT_EQ(t, trace_last_error(reader)->kind, TRACE_ERROR_FORMAT);
		EXPECT_LT(t, trace_bytes_read(reader), trace_bytes_total(reader));
	}
	trace_close(reader);
	free(bomb);
	free(zeros);
}

static void programs_decompress_where_no_library_does(struct ktap *t)
{
	size_t len, size, got;
	char *want = read_file(t, CORPUS "short.txt", &len), path[32];
	unsigned int nr_run = 0;

	for (size_t i = 0; want && i < NR_PACKED; i++) {
		char *data = read_file(t, packed[i].path, &size);
		struct trace_error error;
		struct input *in = input_open(packed[i].path, INPUT_NO_LIBRARY, &error);
		int fd;

		ASSERT_NOT_NULL(t, data);
		if (!in) {
			EXPECT_EQ(t, error.kind, TRACE_ERROR_TOOL);
			EXPECT_CONTAINS(t, error.text, "package");
			free(data);
			continue;
		}
		nr_run++;
		EXPECT_EQ(t, compare_input(t, in, want, len, &got), TRACE_ERROR_NONE);
		EXPECT_EQ(t, got, len);
		EXPECT_EQ(t, input_consumed(in), size);
		input_close(in);

		fd = memory_file(path, data, size / 2);
		ASSERT(t, fd >= 0);
		in = input_open(path, INPUT_NO_LIBRARY, &error);
		ASSERT_NOT_NULL(t, in);
		EXPECT_EQ(t, compare_input(t, in, want, len, &got), TRACE_ERROR_TRUNCATED);
		EXPECT_LT(t, got, len);
		input_close(in);
		close(fd);
		free(data);
	}
	free(want);
	if (!nr_run)
		ktap_skip(t, "no zstd, xz or gzip program here");
}

/* Far more comes out of the program than pipes hold, while more goes in. */
static void a_program_is_fed_and_drained_at_once(struct ktap *t)
{
	struct trace_error error;
	struct input *in = input_open(SAMPLE, INPUT_NO_LIBRARY, &error);
	static char block[100000];
	u64 sum = 0;
	ssize_t n;

	if (!in) {
		EXPECT_EQ(t, error.kind, TRACE_ERROR_TOOL);
		ktap_skip(t, error.text);
		return;
	}
	while ((n = input_read(in, block, sizeof(block))) > 0)
		sum += (u64)n;
	EXPECT_EQ(t, n, 0);
	EXPECT_EQ(t, sum, 54800140);
	input_close(in);
}

/* It gives up at the first bytes, while megabytes are still to be sent to it. */
static void a_program_that_dies_early_is_an_error(struct ktap *t)
{
	static char junk[4 << 20] = "\x1f\x8b\xff\xff\xff\xff";
	struct trace_error error;
	char path[32], block[100];
	void (*old)(int) = signal(SIGPIPE, SIG_DFL);
	int fd = memory_file(path, junk, sizeof(junk));
	struct input *in = input_open(path, INPUT_NO_LIBRARY, &error);

	ASSERT(t, fd >= 0);
	if (!in) {
		EXPECT_EQ(t, error.kind, TRACE_ERROR_TOOL);
		ktap_skip(t, error.text);
	} else {
		EXPECT_EQ(t, input_read(in, block, sizeof(block)), -1);
		EXPECT_CONTAINS(t, input_error(in)->text, "the gzip data is damaged or cut off");
	}
	input_close(in);
	signal(SIGPIPE, old);
	close(fd);
}

/* Closing before the end must leave neither a process nor a hang. */
static void a_program_may_be_left_before_its_end(struct ktap *t)
{
	struct trace_error error;
	struct input *in = input_open(SAMPLE, INPUT_NO_LIBRARY, &error);
	char block[100];

	if (!in) {
		ktap_skip(t, error.text);
		return;
	}
	EXPECT_GT(t, input_read(in, block, sizeof(block)), 0);
	input_close(in);
	in = input_open(SAMPLE, INPUT_NO_LIBRARY, &error);
	input_close(in);
}

static void open_without_programs(struct ktap *t, void *arg)
{
	struct trace_error error;

	(void)arg;
	setenv("PATH", "/nonexistent", 1);
	EXPECT_NULL(t, input_open(CORPUS "short.xz", INPUT_NO_LIBRARY, &error));
	EXPECT_EQ(t, error.kind, TRACE_ERROR_TOOL);
	EXPECT_CONTAINS(t, error.text, "package xz-utils");
}

static void without_library_and_program_the_package_is_named(struct ktap *t)
{
	struct ktap_child child;

	if (!ktap_child(t, open_without_programs, NULL, &child))
		return;
	if (!EXPECT_EQ(t, child.status, 0))
		ktap_note(t, "%s", child.text);
}

static void read_from_stdin(struct ktap *t, void *arg)
{
	int ends[2];
	struct trace_reader *reader;
	struct trace_error error;
	size_t size;
	char *data = read_file(t, CORPUS "short.txt", &size);

	(void)arg;
	ASSERT(t, data && !pipe(ends));
	ASSERT(t, write(ends[1], data, size) == (ssize_t)size);
	close(ends[1]);
	ASSERT_EQ(t, dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	reader = trace_open("-", &error);
	ASSERT_NOT_NULL(t, reader);
	EXPECT_EQ(t, drain(t, reader), 0);
	EXPECT_EQ(t, trace_stats(reader)->nr_lines, 60);
	EXPECT_EQ(t, trace_bytes_read(reader), size);
	EXPECT_EQ(t, trace_bytes_total(reader), 0);
	trace_close(reader);
	free(data);
}

static void a_dash_is_standard_input(struct ktap *t)
{
	struct ktap_child child;

	if (!ktap_child(t, read_from_stdin, NULL, &child))
		return;
	if (!EXPECT_EQ(t, child.status, 0))
		ktap_note(t, "%s", child.text);
}

KTAP_SUITE(trace,
	   KTAP_CASE(lines_of_every_shape_are_read),
	   KTAP_CASE(a_bad_line_is_named_by_column_and_reason),
	   KTAP_CASE(stacks_are_no_damage),
	   KTAP_CASE(headers_losses_and_other_events_are_counted),
	   KTAP_CASE(failed_allocations_are_told_from_frees_of_nothing),
	   KTAP_CASE(flag_names_of_every_kernel_map_to_our_bits),
	   KTAP_CASE(every_flag_set_is_written_and_read_back),
	   KTAP_CASE(writing_flags_never_overruns),
	   KTAP_CASE(random_events_are_written_and_read_back),
	   KTAP_CASE(a_long_task_named_like_a_comment_comes_back),
	   KTAP_CASE(writing_an_event_never_overruns),
	   KTAP_CASE(what_is_no_trace_is_refused_with_line_and_column),
	   KTAP_CASE(a_header_without_events_is_an_empty_trace),
	   KTAP_CASE(the_earliest_time_may_be_zero),
	   KTAP_CASE(a_missing_file_is_an_error_of_opening),
	   KTAP_CASE(a_cut_last_line_is_reported_and_not_an_event),
	   KTAP_CASE(a_line_longer_than_64_kib_is_passed_over),
	   KTAP_CASE(strings_are_stored_once_and_are_printable),
	   KTAP_CASE(every_distinct_string_keeps_its_id_and_text),
	   KTAP_CASE(hashed_pointers_are_told_by_their_form),
	   KTAP_CASE(lists_of_names_are_bounded),
	   KTAP_CASE(a_full_table_of_strings_is_counted_and_harmless),
	   KTAP_CASE(every_prefix_of_a_trace_is_read_without_harm),
	   KTAP_CASE(random_damage_is_read_without_harm),
	   KTAP_CASE(the_samples_events_are_as_many_as_grep_counts),
	   KTAP_CASE(the_short_samples_events_are_as_many_as_grep_counts),
	   KTAP_CASE(the_sample_is_written_and_read_back),
	   KTAP_CASE(libraries_decompress_every_format),
	   KTAP_CASE(cut_streams_give_their_beginning_and_an_error),
	   KTAP_CASE(a_cut_stream_delivers_its_whole_lines_first),
	   KTAP_CASE(damaged_streams_are_errors),
	   KTAP_CASE(a_bomb_is_given_up_after_a_few_mib),
	   KTAP_CASE(programs_decompress_where_no_library_does),
	   KTAP_CASE(a_program_is_fed_and_drained_at_once),
	   KTAP_CASE(a_program_that_dies_early_is_an_error),
	   KTAP_CASE(a_program_may_be_left_before_its_end),
	   KTAP_CASE(without_library_and_program_the_package_is_named),
	   KTAP_CASE(a_dash_is_standard_input));
