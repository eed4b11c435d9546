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
};

/* How much work one cell may cost. */
struct effort {
	bool quick;
	bool counting;		/* under callgrind: one thread, and no clock */
	int samples;
	double sample_seconds;
	int cpu, other_cpu;	/* where the child and its second thread run; other_cpu is -1 on a machine with one */
	int first_cpu;		/* cpu is cpus_at(first_cpu) */
};

typedef void (*run_fn)(void *context, unsigned long n);

/* A line made ready, to be timed or counted: run(context, n) does n operations, @smallest of them or more at once. */
struct work {
	run_fn run;		/* NULL: there is no such line for this subject or machine */
	void *context;
	unsigned long smallest;
	unsigned long warm;	/* so many operations until all is as it stays; counted are only those after them */
};

/* A machine's vmalloc keeps freed areas for the frames that they reached: after so many its caller has met them all. */
#define KEPT_WARM 1024ul

struct section {
	const char *name, *title, *unit;	/* unit "time": ns, shown as ns, us or ms; "bytes": in B, KiB ... */
	enum method method;
	bool more_is_better;
	bool has_ratios;		/* a line's figures may be divided by one another */
	const struct subject *subjects;
	size_t nr_subjects;
	const struct line *lines;
	size_t nr_lines;
	/* Either: the figure, or NAN if this subject has no such line. Exits on failure. */
	double (*measure)(const struct line *line, const struct subject *subject, const struct effort *effort);
	/* Or: work to be timed, of which one thread's instructions can be counted. */
	struct work (*prepare)(const struct line *line, const struct subject *subject, const struct effort *effort);
	/* Threads of a line, or minus threads a CPU; a line of more threads than CPUs is left out. May be NULL. */
	int (*threads)(const struct line *line);
	/* Instructions that were counted elsewhere and are quoted here; NAN: none. May be NULL. */
	double (*quoted_instructions)(const struct line *line, const struct subject *subject);
};

extern const struct section section_objects, section_memory, section_mixes, section_release, section_metadata;
extern const struct section section_pages, section_ageing, section_vmalloc, section_kernel, section_highmem,
	section_machine;
extern const struct section section_scale, section_fairness, section_contention;

/* ---- measure.c: time, noise, threads, memory ---- */

double now_seconds(void);

/* Nanoseconds an operation: the median of effort->samples samples of @smallest << k operations each. */
double median_ns(run_fn run, void *context, unsigned long smallest, const struct effort *effort);

/* The work's n operations between two marks and in a function that callgrind counts by its name; prints n. */
void count_work(const struct work *work, bool quick);

double median_of(double *values, size_t nr);

int compare_doubles(const void *left, const void *right);

/* This process's resident set, counted exactly from its page tables, in bytes. */
double resident_bytes(void);

/*
 * Memory that costs the subject nothing: mapped, populated, never given back. Nobody's pages are around it, as
 * processors fetch ahead into the next page: what another thread wrote there would go back and forth.
 */
void *scratch(size_t bytes);
/* The same; sharing is MAP_PRIVATE or MAP_SHARED. */
void *memory_alone(size_t bytes, int sharing);

/* The CPUs that this program may use, found at the first call; i counts round and round. */
int cpus_nr(void);
int cpus_at(int i);
void pin_to_cpu(int cpu);
/* Run on any of them again. */
void unpin(void);

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
 * Further threads that wait, spinning, to run beside the first one. Each team_start() adds one, pinned to @cpu (-1:
 * not); @enter and @leave, which may be NULL, are called in it.
 */
void team_start(int cpu, void (*enter)(void), void (*leave)(void));
void team_begin(run_fn run, void *context, unsigned long n);
/* The same, but each member its own: member i, from 0, does run[i](context[i], n). */
void team_begin_each(const run_fn *run, void *const *context, unsigned long n);
void team_wait(void);
/* All members end; nothing if there are none. */
void team_stop(void);

/* ---- peers.c: whoever owns malloc in this process ---- */

/* Is @library, preloaded, really the owner of malloc here? A NULL library asks for glibc. */
bool peer_is_loaded(const char *library);

#define MALLOCS                                                                                                        \
	{ .name = "mimalloc", .role = PEER, .library = "libmimalloc.so.2" },                                           \
	{ .name = "jemalloc", .role = PEER, .library = "libjemalloc.so.2" },                                           \
	{ .name = "tcmalloc", .role = PEER, .library = "libtcmalloc_minimal.so.4" },                                   \
	{ .name = "glibc", .role = PEER }

/* kmem as a program's malloc. */
#define OUR_MALLOC "libkmem-malloc.so"

/* Ask the owner of malloc to give what is free back to the system. */
void peer_release(void);

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
	alloc_fn large_alloc;		/* (size, alloc_b) of more than a few pages */
	free_fn large_free;
	void *(*resize)(void *object, size_t size, size_t b);	/* b: alloc_b */
	run_fn pair_constant;		/* pairs of 64 bytes as a program writes them: a constant size, no pointers */
	void (*enter)(void), (*leave)(void);	/* for each further thread, or NULL */
	double (*used_bytes)(void);	/* by the subject's own accounting, or NULL */
};

struct page_calls {
	void *(*alloc)(unsigned int order);
	void (*free)(void *page, unsigned int order);
	void *(*try_alloc)(unsigned int order);	/* as alloc, for movable memory; short of memory it gives up quietly */
	void *(*try_alloc_kept)(unsigned int order);	/* the same for memory that cannot be moved */
	void (*settle)(void);		/* give what is kept per CPU back, or NULL */
	void (*free_blocks)(unsigned long nr[]);	/* of each order, FREE_ORDERS of them */
	/* Make free memory whole by moving single pages: each *pages[i] may become another. NULL: it cannot. */
	void (*compact)(void **const pages[], size_t nr);
	void (*enter)(void), (*leave)(void);	/* for each further thread; NULL: there may be none */
};

#ifndef NO_KMEM
#define HAVE_KMEM 1
#else
#define HAVE_KMEM 0
#endif

/* Parameters added to every machine's command line. */
extern const char *kmem_cmdline;

const char *kmem_hardening(void);
void kmem_release(void);
/* Boot a machine of that many MiB, for objects or pages, with this thread on it. */
const struct object_calls *kmem_object_calls(unsigned int mib);
/* Objects from a cache made for exactly @object_size. */
const struct object_calls *kmem_cache_calls(unsigned int mib, size_t object_size);
const struct page_calls *kmem_page_calls(unsigned int mib);
/* The same on a machine with these parameters. */
const struct page_calls *kmem_page_calls_with(unsigned int mib, const char *parameters);
/* Boot only, with these parameters. */
void kmem_boot(unsigned int mib, const char *parameters);

/* ---- bench_pages.c: whoever hands out pages, with an arena or machine of PAGES_MIB ---- */

#define PAGES_MIB 1024u

const struct page_calls *page_calls_of(const struct subject *subject);

/* ---- bench_objects.c: whoever hands out objects ---- */

/* "kmem ..." is kmalloc, "cache ..." a kmem_cache of exactly @size, any other name whoever owns malloc here. */
const struct object_calls *object_calls_of(const struct subject *subject, size_t size);

/* ---- history.c: what a line that takes long has come to, again and again on its way ---- */

#define MAX_MOMENTS 10
#define HISTORY_ORDERS 10u	/* the index is kept of orders 0 to 9 */
#define FREE_ORDERS 11u		/* free blocks are of orders 0 to 10 */

struct moment {
	double step;				/* done so far */
	double figure;				/* the line's, if it ended here */
	double unusable[HISTORY_ORDERS];	/* share of free memory in blocks too small for the order: 0 to 1 */
};

struct history {
	int nr;
	struct moment moments[MAX_MOMENTS];
};

/* This child's, which its line writes. */
struct history *history_here(void);
/* The index of each order from the numbers of free blocks, as the kernel's extfrag/unusable_index has it. */
void history_index(struct moment *moment, const unsigned long free_blocks[FREE_ORDERS]);
void history_print(const struct history *history);
/* What history_print() wrote, from anywhere in a text. */
void history_parse(struct history *history, const char *text);

/* ---- table.c: figures of all rounds, and what they say ---- */

#define MAX_ROUNDS 64

struct cell {
	double figure;			/* NAN: none; TIMED: the least of the rounds' medians */
	double instructions;		/* an operation; NAN: not counted */
	double system_calls;
	double round[MAX_ROUNDS];	/* in order; NAN: failed */
	int nr_rounds;
	struct history history;		/* of the last round */
};

/* Who runs a subject's child. */
struct origin {
	const char *program;	/* another revision's bench; NULL: this one */
	const char *name;	/* what the subject is called there */
};

struct table {
	struct section section;		/* a copy, with the subjects of this run */
	bool *line_is_wanted;		/* nr_lines */
	bool *subject_is_here;		/* nr_subjects */
	struct origin *origins;		/* nr_subjects */
	struct cell *cells;		/* nr_lines * nr_subjects */
};

/* What is measured: a table of each. */
enum metric { FIGURE, INSTRUCTIONS, SYSTEM_CALLS };

#define NO_SUBJECT SIZE_MAX
#define FEW_SYSTEM_CALLS 0.01	/* an operation: one in a hundred is worth telling */

void table_init(struct table *table, const struct section *section);
struct cell *table_cell(const struct table *table, size_t line, size_t subject);
void cell_add_round(struct cell *cell, double value);
double table_value(const struct table *table, size_t line, size_t subject, enum metric metric);
/* Has any wanted line a value of it? */
bool table_has(const struct table *table, enum metric metric);
bool table_has_line(const struct table *table, size_t line, enum metric metric);
/* The best peer of a line, or NO_SUBJECT. */
size_t table_best_peer(const struct table *table, size_t line, enum metric metric);
size_t table_subject(const struct table *table, const char *name);
size_t table_line(const struct table *table, const char *name);
/* The first subject's value over another's; NAN if either is missing or there is nothing to divide by. */
double table_ratio(const struct table *table, size_t line, size_t subject, enum metric metric);

/* Two revisions' rounds, which ran in pairs. */
struct difference {
	double ratio;		/* median of the pairs' ratios, new over base */
	double low, high;	/* an interval that holds it, 99 % sure; NAN: too few rounds to be */
	bool is_significant;	/* the interval leaves out 1, and the ratio is at least 1 % away from it */
};

struct difference difference_of(const struct cell *cell, const struct cell *base);

/* What a value looks like for readers: "3.51 ns", "12.0 KiB". */
void format_value(char *text, size_t size, const struct section *section, enum metric metric, double value);

/* ---- about the run ---- */

/* All texts are NULL or "" when unknown. */
struct about {
	char revision[128], base[128];
	char cpu[256], kernel[128], arch[32], huge_pages[32];
	int cpus;
	char compiler[128], flags[256];
	char hardening[512];
	char peers[1024];	/* "mimalloc 2.0.9 (libmimalloc.so.2.0), jemalloc ..." */
	bool quick;
	int rounds;
};

struct results {
	struct about about;
	struct table *tables;
	size_t nr_tables;
};

/* This machine and this build; the run's own fields are left alone. */
void about_here(struct about *about);

/* ---- trace.c: system calls ---- */

/* What is counted begins at the first and ends at the second mark of a child. */
void trace_mark(void);
/* Run a child, which @become does, and count its system calls. False: it failed, or may not be traced. */
bool trace_child(const char *const *argv, void (*become)(const char *library, const char *const *argv),
		 const char *library, unsigned long *calls);

/* ---- fresh.c ---- */

/* From now on this process has its program's and libraries' pages to itself; where that is forbidden, as before. */
void fresh_pages(void);

/* ---- run.c: children ---- */

struct options {
	bool quick, no_counts;
	int rounds;
	const char *json, *svg, *readme;	/* files to write */
	const char *from;			/* a JSON file to read instead of measuring */
	const char *base, *base_name;		/* another revision's bench, and what to call it */
	const char *revision;
	const char *peers;			/* comma-separated; NULL: all that are installed */
	const char *const *patterns;		/* lines to run; empty: all */
	size_t nr_patterns;
};

#define NR_SECTIONS 14
extern const struct section *const bench_sections[NR_SECTIONS];

/* Measure what the table wants, and print it. Returns false if a cell failed, which is then named. */
bool run_table(struct table *table, const struct options *options);
/* "2.0.9 (libmimalloc.so.2.0)", or NULL if that library is not installed. */
const char *run_version(const char *library);
/* Can that program's children be ours? */
bool run_understands(const char *program);
/* Were we started as a child? Then do what it does, and leave its exit status in *status. */
bool run_as_child(int argc, char **argv, int *status);

/* ---- report.c, compare.c: text; json.c, plot.c, readme.c: files ---- */

void report_header(const struct about *about);
void report_table(const struct table *table);
void report_comparison(const struct results *results);

/* Each returns false, with errno set, if the file could not be read or written. */
bool json_write(const char *path, const struct results *results);
bool plot_write(const char *path, const struct results *results);
bool readme_write(const char *path, const struct results *results);
/* A file's figures into tables, which @make_tables makes, empty, once results->about is known. Says what is wrong. */
bool json_read(const char *path, struct results *results, void (*make_tables)(struct results *results));

#endif
