/* SPDX-License-Identifier: MIT */
/*
 * bench.h - what the files of the bench share.
 *
 *	section   a table: lines down, subjects across       "objects", "pages", ...
 *	line      one thing that is done over and over       "pair 64"
 *	subject   one who does it                            kmem, mimalloc, textbook, null
 *
 * The driver runs every cell of a table in a process of its own (this program again, --child), so that no subject
 * lives in memory that another has aged. Rounds are outermost: A B C A B C ..., and a cell shows the
 * minimum over the rounds of each round's median: on a noisy machine the least disturbed of several honest figures.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define ARRAY_LENGTH(a) (sizeof(a) / sizeof((a)[0]))
#define BENCH_PAGE_SIZE 4096ul

/* ---- tables ---- */

enum role {
	OURS,		/* kmem, one way or another; the first subject of a section is the one that ratios speak of */
	PEER,		/* who is compared with us */
	BASELINE,	/* the harness alone, or a figure quoted: shown, never the best of a row */
};

struct subject {
	const char *name;
	enum role role;
	const char *library;	/* preloaded into the child; NULL: nothing is */
};

struct line {
	const char *name;
	int shape;		/* what the section makes of it */
	unsigned long size;
	unsigned long count;
};

enum method {
	TIMED,		/* several rounds, each a median of samples; the minimum is shown */
	ONCE,		/* the same every time: one round */
	COUNTED,	/* under callgrind, the difference between n and 2n operations; needs valgrind */
};

/* How much work one cell may cost. */
struct effort {
	bool quick;
	int samples;
	double sample_seconds;
	int cpu, other_cpu;	/* where the child and its second thread run; other_cpu is -1 on a machine with one */
};

struct section {
	const char *name, *title, *unit;
	enum method method;
	bool more_is_better;		/* for readers of the JSON; such a section is in %, and has no ratios */
	const struct subject *subjects;
	size_t nr_subjects;
	const struct line *lines;
	size_t nr_lines;
	/* TIMED and ONCE: the figure, or NAN if this subject has no such line. Exits on failure. */
	double (*measure)(const struct line *line, const struct subject *subject, const struct effort *effort);
	/* COUNTED: @n operations, after a warm-up that does not depend on @n; false if there is no such line. */
	bool (*repeat)(const struct line *line, const struct subject *subject, unsigned long n);
};

extern const struct section section_objects, section_instructions, section_memory, section_overhead;
extern const struct section section_pages, section_ageing, section_misc;

/* ---- measure.c: time, noise, threads, memory ---- */

typedef void (*run_fn)(void *context, unsigned long n);

double now_seconds(void);

/* Nanoseconds an operation: the median of effort->samples samples of @smallest << k operations each. */
double median_ns(run_fn run, void *context, unsigned long smallest, const struct effort *effort);

double median_of(double *values, size_t nr);

/* This process's resident set, counted exactly from its page tables, in bytes. */
double resident_bytes(void);

/* Memory that costs the subject nothing: mapped, populated, never given back. */
void *scratch(size_t bytes);

void pin_to_cpu(int cpu);

/* Print and exit with status 1: this cell has no figure. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* xorshift64: the same seed, the same run. */
static inline uint64_t next_random(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return *state = x;
}

/* 0..bound-1 from the low half of @random. */
static inline uint64_t random_below(uint64_t random, uint64_t bound)
{
	return (random & 0xffffffff) * bound >> 32;
}

/*
 * A second thread that waits, spinning, to run beside the first one. @enter and @leave, which may be NULL, are called
 * in it.
 */
void team_start(int cpu, void (*enter)(void), void (*leave)(void));
void team_begin(run_fn run, void *context, unsigned long n);
void team_wait(void);
void team_stop(void);

/* ---- peers.c: whoever owns malloc in this process ---- */

/* Is @library, preloaded, really the owner of malloc here? A NULL library asks for glibc. */
bool peer_is_loaded(const char *library);

/* "2.0.9 (libmimalloc.so.2.0)", in a static buffer. */
const char *peer_version(const char *library);

/* ---- alloc_kmem.c: kmem behind the same pointers as everyone ---- */

/* Two arguments in registers, whoever is called: malloc(size, -), calloc(1, size), __kmalloc(size, gfp). */
typedef void *(*alloc_fn)(size_t a, size_t b);
typedef void (*free_fn)(void *object);

struct object_calls {
	alloc_fn alloc;
	size_t alloc_b;			/* second argument of alloc; the first is the size */
	alloc_fn zalloc;
	size_t zalloc_b;
	bool zalloc_is_calloc;		/* zalloc(1, size) instead of zalloc(size, zalloc_b) */
	free_fn free;
	run_fn pair_constant;		/* pairs of 64 bytes as a program writes them: a constant size, no pointers */
	void (*enter)(void), (*leave)(void);	/* for each further thread, or NULL */
	double (*used_bytes)(void);	/* by the subject's own accounting, or NULL */
};

struct page_calls {
	void *(*alloc)(unsigned int order);
	void (*free)(void *page, unsigned int order);
	void *(*try_alloc)(unsigned int order);	/* as alloc, for movable memory; short of memory it gives up quietly */
	void (*settle)(void);		/* give what is kept per CPU back, or NULL */
	void (*enter)(void), (*leave)(void);	/* for each further thread; NULL: there may be none */
};

#ifndef NO_KMEM
#define HAVE_KMEM 1
#else
#define HAVE_KMEM 0
#endif

const char *kmem_hardening(void);
/* Boot a machine of that many MiB, for objects or pages, with this thread on it. */
const struct object_calls *kmem_object_calls(unsigned int mib);
/* Objects from a cache made for exactly @object_size. */
const struct object_calls *kmem_cache_calls(unsigned int mib, size_t object_size);
const struct page_calls *kmem_page_calls(unsigned int mib);

/* ---- bench_pages.c: whoever hands out pages, with an arena or machine of PAGES_MIB ---- */

#define PAGES_MIB 1024u

const struct page_calls *page_calls_of(const struct subject *subject);

/* ---- report.c: tables and JSON ---- */

struct options {
	bool quick;
	int rounds;
	const char *json;
	const char *peers;		/* comma-separated; NULL: all that are installed */
	const char *const *patterns;	/* lines to run; empty: all */
	size_t nr_patterns;
};

/* A cell's figure; NAN: none. */
struct table {
	const struct section *section;
	bool *line_is_wanted;		/* nr_lines */
	bool *subject_is_here;		/* nr_subjects */
	double *value;			/* nr_lines * nr_subjects */
};

#define CELL(table, line, subject) ((table)->value[(line) * (table)->section->nr_subjects + (subject)])

void report_header(const struct options *options, const char *peers);
void report_table(const struct table *table);
/* Returns false if the file could not be written. */
bool report_json(const char *path, const struct options *options, const struct table *tables, size_t nr);

#endif
