/* SPDX-License-Identifier: MIT */
/*
 * bench_scale.c - many threads at once.
 *
 *	scale		1, 2, 4 ... threads, each on a CPU of its own: ns an operation of each; what scales keeps it
 *	fairness	more threads than CPUs for a while: operations of who did least, in % of the busiest's; and
 *			what all did in a second of processor time, in % of what a thread a CPU does in one
 *	contention	what threads met on all CPUs: locks that another held, sleeps, time in the system, misses of the
 *			last cache
 *
 * Lock waits are counted where kmem's locks leave their fast path: the bench is linked with that function wrapped, so
 * that an uncontended lock costs what it costs. Cache misses show false sharing; they need a machine whose
 * counters may be read (perf_event_open).
 */
#include <dlfcn.h>
#include <linux/perf_event.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/object_loops.h"

enum shape {
	PAIR, BATCHED, REPLACE, REPLACE_UNIFORM, LARGE, PRODUCE, EXCHANGE, CACHE_PAIR,
	PAGE_PAIR, PAGE_BATCH, VMALLOC_PAIR, VMALLOC_OPEN,	/* kmem alone */
	SHUT_PAGE, GUARD_PAGE,	/* the system alone */
};

#define MAX_THREADS 256
#define LIVE 1000u
#define SMALLEST 512ul
#define FAIR_CHUNK 64ul
#define PAGES_HELD 512u
#define WORK "work a CPU second: "
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE 103
#endif

/* One thread's work, on cache lines of its own. */
struct actor {
	_Alignas(128) alloc_fn alloc;
	free_fn release;
	size_t a, b;
	void **objects;
	uint64_t random;
	struct ring *ring, *other;	/* what it fills, and what it empties in EXCHANGE */
	const struct page_calls *pages;
	char *page;		/* SHUT_PAGE, GUARD_PAGE */
	unsigned long done;	/* fairness: operations */
};

static struct {
	enum shape shape;
	int threads;
	const struct object_calls *calls;
	const struct page_calls *pages;
	struct actor actor[MAX_THREADS];
	run_fn run[MAX_THREADS];
	void *context[MAX_THREADS];
	double end;		/* fairness: when */
	_Alignas(128) bool stop;
} crew;

/* ---- what an actor does ---- */

static void act_pair(void *context, unsigned long n)
{
	struct actor *actor = context;

	loop_pair(actor->alloc, actor->release, actor->a, actor->b, n);
}

static void act_batch(void *context, unsigned long n)
{
	struct actor *actor = context;

	if (!actor->objects)
		actor->objects = scratch(BATCH * sizeof(void *));
	loop_batch_lifo(actor->alloc, actor->release, actor->a, actor->b, actor->objects, n);
}

/* Its objects, then ten times as many replacements: the state that a long run has. */
static void populate(struct actor *actor, run_fn act, size_t (*size)(uint64_t))
{
	actor->objects = scratch(LIVE * sizeof(void *));
	for (size_t i = 0; i < LIVE; i++)
		actor->objects[i] = actor->alloc(size(next_random(&actor->random)), actor->b);
	act(actor, 10 * LIVE);
}

static void act_replace(void *context, unsigned long n)
{
	struct actor *actor = context;

	if (!actor->objects)
		populate(actor, act_replace, log_size);
	loop_replace(actor->alloc, actor->release, log_size, actor->b, actor->objects, LIVE, &actor->random, n);
}

static void act_replace_uniform(void *context, unsigned long n)
{
	struct actor *actor = context;

	if (!actor->objects)
		populate(actor, act_replace_uniform, uniform_size);
	loop_replace(actor->alloc, actor->release, uniform_size, actor->b, actor->objects, LIVE, &actor->random, n);
}

static void act_produce(void *context, unsigned long n)
{
	struct actor *actor = context;

	loop_produce(actor->alloc, actor->a, actor->b, actor->ring, n);
}

static void act_consume(void *context, unsigned long n)
{
	struct actor *actor = context;

	loop_consume(actor->release, actor->ring, n);
}

/*
 * Into the own ring while it has room, out of the other's what is there: n of each. Threads stand in a circle, so each
 * frees what its neighbour allocated.
 */
static void act_exchange(void *context, unsigned long n)
{
	struct actor *actor = context;
	struct ring *own = actor->ring, *other = actor->other;
	unsigned long pushed = own->pushed, popped = other->popped, last_push = pushed + n, last_pop = popped + n;

	while (pushed != last_push || popped != last_pop) {
		if (pushed != last_push &&
		    pushed - __atomic_load_n(&own->popped, __ATOMIC_ACQUIRE) <= RING - RING_STEP) {
			for (unsigned int i = 0; i < RING_STEP; i++) {
				void *object = actor->alloc(actor->a, actor->b);

				touch(object);
				own->slot[pushed++ % RING] = object;
			}
			__atomic_store_n(&own->pushed, pushed, __ATOMIC_RELEASE);
		}
		if (popped == last_pop || __atomic_load_n(&other->pushed, __ATOMIC_ACQUIRE) == popped)
			continue;
		for (unsigned int i = 0; i < RING_STEP; i++)
			actor->release(other->slot[popped++ % RING]);
		__atomic_store_n(&other->popped, popped, __ATOMIC_RELEASE);
	}
}

static void act_page(void *context, unsigned long n)
{
	struct actor *actor = context;

	while (n--)
		actor->pages->free(actor->pages->alloc(0), 0);
}

static void act_page_batch(void *context, unsigned long n)
{
	struct actor *actor = context;

	if (!actor->objects)
		actor->objects = scratch(PAGES_HELD * sizeof(void *));
	for (; n >= PAGES_HELD; n -= PAGES_HELD) {
		for (unsigned int i = 0; i < PAGES_HELD; i++)
			actor->objects[i] = actor->pages->alloc(0);
		for (unsigned int i = 0; i < PAGES_HELD; i++)
			actor->pages->free(actor->objects[i], 0);
	}
}

/* A page of shared memory between addresses that are nobody's, as the page of a vmalloc area is one. */
static char *page_alone(void)
{
	return memory_alone(BENCH_PAGE_SIZE, MAP_SHARED);
}

/* What the system asks of who shuts a page and opens it again: protected, or behind guards. */
static void act_shut(void *context, unsigned long n)
{
	struct actor *actor = context;

	if (!actor->page)
		actor->page = page_alone();
	while (n--) {
		if (mprotect(actor->page, BENCH_PAGE_SIZE, PROT_NONE) ||
		    mprotect(actor->page, BENCH_PAGE_SIZE, PROT_READ | PROT_WRITE))
			fail("cannot shut a page");
		touch(actor->page);
	}
}

static void act_guard(void *context, unsigned long n)
{
	struct actor *actor = context;

	if (!actor->page)
		actor->page = page_alone();
	while (n--) {
		if (madvise(actor->page, BENCH_PAGE_SIZE, MADV_GUARD_INSTALL) ||
		    madvise(actor->page, BENCH_PAGE_SIZE, MADV_GUARD_REMOVE))
			fail("cannot guard a page");
		touch(actor->page);
	}
}

/* Not of shared memory on every kernel. */
static bool have_guards(void)
{
	return !madvise(page_alone(), BENCH_PAGE_SIZE, MADV_GUARD_INSTALL);
}

#ifdef NO_KMEM
#define act_vmalloc NULL
#else
#include <kmem/kmem.h>

static void act_vmalloc(void *unused, unsigned long n)
{
	(void)unused;
	while (n--) {
		void *area = vmalloc(BENCH_PAGE_SIZE);

		if (!area)
			fail("no area");
		vfree(area);
	}
}
#endif

/* ---- the crew ---- */

static run_fn act_of(enum shape shape, int thread)
{
	switch (shape) {
	case PAIR:
	case LARGE:
	case CACHE_PAIR:
		return act_pair;
	case BATCHED:
		return act_batch;
	case REPLACE:
		return act_replace;
	case REPLACE_UNIFORM:
		return act_replace_uniform;
	case PRODUCE:
		return thread % 2 ? act_consume : act_produce;
	case EXCHANGE:
		return act_exchange;
	case PAGE_PAIR:
		return act_page;
	case PAGE_BATCH:
		return act_page_batch;
	case VMALLOC_PAIR:
	case VMALLOC_OPEN:
		return act_vmalloc;
	case SHUT_PAGE:
		return act_shut;
	case GUARD_PAGE:
		return act_guard;
	}
	return NULL;
}

/* "null": objects cost nothing, but there is a call. What is lost there by many threads is the machine's. */
static void *null_alloc(size_t unused, size_t object)
{
	(void)unused;
	return (void *)object;
}

static void null_free(void *object)
{
	(void)opaque(object);
}

static const struct object_calls null_calls = { .alloc = null_alloc, .free = null_free };

/* Who is called; false if this subject has no such line. */
static bool take_calls(const struct line *line, const struct subject *subject)
{
	static const struct subject cache = { "cache", OURS, NULL };

	crew.shape = (enum shape)line->shape;
	if (crew.shape >= SHUT_PAGE) {
		crew.calls = &null_calls;
		return subject->role == BASELINE && (crew.shape == SHUT_PAGE || have_guards());
	}
	if (crew.shape >= PAGE_PAIR) {
		if (subject->role != OURS)
			return false;
		crew.pages = kmem_page_calls_with(PAGES_MIB, crew.shape == VMALLOC_OPEN ? "kmem.lazy_vfree=1" : "");
		return true;
	}
	if (crew.shape == CACHE_PAIR && subject->role != OURS)
		return false;
	if (subject->role == BASELINE) {
		crew.calls = &null_calls;
		return crew.shape != LARGE;
	}
	crew.calls = object_calls_of(crew.shape == CACHE_PAIR ? &cache : subject, line->size);
	return true;
}

static void cast_actor(int i, size_t size)
{
	struct actor *actor = &crew.actor[i];

	*actor = (struct actor){
		.a = size, .random = 0x9e3779b97f4a7c15 + (uint64_t)i, .pages = crew.pages, .other = actor->other,
	};
	if (crew.calls) {
		actor->alloc = crew.calls->alloc;
		actor->b = crew.calls->alloc_b;
		actor->release = crew.calls->free;
	}
	if (crew.calls == &null_calls)
		actor->b = (size_t)scratch(BENCH_PAGE_SIZE);
	if (crew.shape == LARGE) {
		actor->alloc = crew.calls->large_alloc;
		actor->release = crew.calls->large_free;
	}
	if (crew.shape == PRODUCE)
		actor->ring = i % 2 ? crew.actor[i - 1].ring : scratch(sizeof(struct ring));
	if (crew.shape == EXCHANGE) {
		actor->ring = scratch(sizeof(struct ring));
		crew.actor[(i + 1) % crew.threads].other = actor->ring;
	}
	crew.context[i] = actor;
}

/* All threads but the first, which is ours. */
static void start_crew(const struct effort *effort, size_t size, bool pinned)
{
	void (*enter)(void) = crew.calls ? crew.calls->enter : crew.pages->enter;
	void (*leave)(void) = crew.calls ? crew.calls->leave : crew.pages->leave;

	for (int i = 0; i < crew.threads; i++) {
		cast_actor(i, size);
		crew.run[i] = act_of(crew.shape, i);
	}
	for (int i = 0; i < crew.threads; i++) {
		if (i)
			team_start(pinned ? cpus_at(effort->first_cpu + i) : -1, enter, leave);
	}
}

static void run_crew(void *unused, unsigned long n)
{
	(void)unused;
	team_begin_each(crew.run + 1, crew.context + 1, n);
	crew.run[0](crew.context[0], n);
	team_wait();
}

static int threads_of(const struct line *line)
{
	return (int)(long)line->count;
}

static int threads_here(const struct line *line)
{
	int threads = threads_of(line);

	return threads < 0 ? -threads * cpus_nr() : threads;
}

static double measure_scale(const struct line *line, const struct subject *subject, const struct effort *effort)
{
	crew.threads = threads_here(line);
	if (crew.threads > MAX_THREADS || (line->shape == PRODUCE && crew.threads < 2) || !take_calls(line, subject))
		return NAN;
	start_crew(effort, line->size, true);
	run_crew(NULL, SMALLEST);	/* first touches say nothing of how long a sample must be */
	return median_ns(run_crew, NULL, SMALLEST, effort);
}

/* ---- fairness ---- */

/* Chunks until the first thread, which has the clock, says stop. */
static void act_fair(void *context, unsigned long n)
{
	struct actor *actor = context;
	bool has_clock = actor == &crew.actor[0];

	(void)n;
	while (!__atomic_load_n(&crew.stop, __ATOMIC_RELAXED)) {
		act_of(crew.shape, 0)(actor, FAIR_CHUNK);
		actor->done += FAIR_CHUNK;
		if (has_clock && now_seconds() > crew.end)
			__atomic_store_n(&crew.stop, true, __ATOMIC_RELAXED);
	}
}

static double processor_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

/* What this many threads do in a second, wherever they run: the least and the most of one; all, for processor time. */
struct share {
	unsigned long least, most;
	double rate;
};

static struct share share_of(int threads, size_t size, const struct effort *effort)
{
	struct share share = { .least = ~0ul };
	unsigned long all = 0;
	double seconds;

	crew.threads = threads;
	crew.stop = false;
	start_crew(effort, size, false);
	for (int i = 0; i < threads; i++)
		crew.run[i] = act_fair;
	crew.end = now_seconds() + (effort->quick ? 0.02 : 1);
	seconds = processor_seconds();
	run_crew(NULL, 0);
	seconds = processor_seconds() - seconds;
	for (int i = 0; i < threads; i++) {
		share.least = crew.actor[i].done < share.least ? crew.actor[i].done : share.least;
		share.most = crew.actor[i].done > share.most ? crew.actor[i].done : share.most;
		all += crew.actor[i].done;
	}
	share.rate = (double)all / seconds;
	team_stop();
	return share;
}

static double measure_fairness(const struct line *line, const struct subject *subject, const struct effort *effort)
{
	struct share share, alone;

	if (threads_here(line) > MAX_THREADS || !take_calls(line, subject))
		return NAN;
	unpin();
	if (!strncmp(line->name, WORK, strlen(WORK))) {
		alone = share_of(cpus_nr(), line->size, effort);
		share = share_of(threads_here(line), line->size, effort);
		return 100.0 * share.rate / alone.rate;
	}
	share = share_of(threads_here(line), line->size, effort);
	return 100.0 * (double)share.least / (double)share.most;
}

/* ---- contention ---- */

static unsigned long lock_waits;

void __real_spin_lock_contended(void *lock) __attribute__((weak));
void __wrap_spin_lock_contended(void *lock);

/*
 * Who waited, by the address that the wait returns to: each waiter has a place of its own (or shares it with who came
 * later, where places are taken).
 */
static struct {
	const void *caller;
	unsigned long waits;
} waiters[64];

static void waiter_count(const void *caller)
{
	size_t place = ((size_t)caller >> 2) % ARRAY_LENGTH(waiters);

	for (size_t i = 0; i < ARRAY_LENGTH(waiters); i++, place = (place + 1) % ARRAY_LENGTH(waiters)) {
		const void *none = NULL;

		if (__atomic_load_n(&waiters[place].caller, __ATOMIC_RELAXED) == caller ||
		    __atomic_compare_exchange_n(&waiters[place].caller, &none, caller, false, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED) ||
		    none == caller)
			break;
	}
	__atomic_fetch_add(&waiters[place].waits, 1, __ATOMIC_RELAXED);
}

void __wrap_spin_lock_contended(void *lock)
{
	__atomic_fetch_add(&lock_waits, 1, __ATOMIC_RELAXED);
	waiter_count(__builtin_return_address(0));
	__real_spin_lock_contended(lock);
}

/* To BENCH_WAITERS, if there is such a file: a line for each waiter, of which addr2line makes a function's name. */
static void waiters_write(const char *line, double operations)
{
	const char *path = getenv("BENCH_WAITERS");
	FILE *file = path ? fopen(path, "a") : NULL;
	Dl_info here;

	if (!file)
		return;
	for (size_t i = 0; i < ARRAY_LENGTH(waiters); i++) {
		const char *caller = waiters[i].caller;

		if (waiters[i].waits && dladdr(caller, &here))
			fprintf(file, "%.3f\t%#zx\t%s\n", 1000 * (double)waiters[i].waits / operations,
				(size_t)(caller - (const char *)here.dli_fbase), line);
	}
	fclose(file);
}

static double sleeps(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)usage.ru_nvcsw;
}

/* A counter of this process's misses of the last cache, later threads included; -1: none here. */
static int cache_counter(void)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr), .type = PERF_TYPE_HARDWARE, .config = PERF_COUNT_HW_CACHE_MISSES,
		.exclude_kernel = 1, .inherit = 1,
	};

	return (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

static double counter_value(int fd)
{
	uint64_t value = 0;

	if (read(fd, &value, sizeof(value)) != sizeof(value))
		fail("cannot read a counter");
	return (double)value;
}

static double system_us(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)usage.ru_stime.tv_sec * 1e6 + (double)usage.ru_stime.tv_usec;
}

/* What a subject of this section counts. */
enum counted { LOCK_WAITS, SLEEPS, SYSTEM_US, CACHE_MISSES };

static double count_now(enum counted what, int cache)
{
	switch (what) {
	case LOCK_WAITS:
		return (double)lock_waits;
	case SLEEPS:
		return sleeps();
	case SYSTEM_US:
		return system_us();
	case CACHE_MISSES:
		return counter_value(cache);
	}
	return NAN;
}

static const struct subject counters[] = {
	[LOCK_WAITS] = { "lock waits", OURS, NULL }, [SLEEPS] = { "sleeps", OURS, NULL },
	[SYSTEM_US] = { "us in the system", OURS, NULL }, [CACHE_MISSES] = { "cache misses", OURS, NULL },
};

static enum counted counted_by(const struct subject *subject)
{
	size_t i = 0;

	while (i < ARRAY_LENGTH(counters) - 1 && strcmp(counters[i].name, subject->name))
		i++;
	return (enum counted)i;
}

/* So much that a run takes some tenths of a second at worst. */
static unsigned long contended_operations(enum shape shape)
{
	if (shape == VMALLOC_PAIR)
		return 1ul << 12;
	return shape == LARGE || shape == VMALLOC_OPEN ? 1ul << 16 : 1ul << 20;
}

/* Per 1,000 operations of all threads. The subject says what is counted. */
static double measure_contention(const struct line *line, const struct subject *subject, const struct effort *effort)
{
	unsigned long n = effort->quick ? 1ul << 12 : contended_operations((enum shape)line->shape);
	enum counted what = counted_by(subject);
	int cache = what == CACHE_MISSES ? cache_counter() : -1;
	double before, count, operations;

	crew.threads = threads_here(line);
	if (crew.threads > MAX_THREADS || crew.threads < 2 || (what == CACHE_MISSES && cache < 0) || !HAVE_KMEM ||
	    !take_calls(line, &(struct subject){ "kmem", OURS, NULL }))
		return NAN;
	start_crew(effort, line->size, true);
	run_crew(NULL, n);	/* warm */
	memset(waiters, 0, sizeof(waiters));
	before = count_now(what, cache);
	run_crew(NULL, n);
	count = count_now(what, cache) - before;
	operations = (double)n * crew.threads;
	if (what == LOCK_WAITS)
		waiters_write(line->name, operations);
	return 1000 * count / operations;
}

/* ---- tables ---- */

static const struct subject subjects[] = { { "kmem", OURS, NULL }, MALLOCS, { "null", BASELINE, NULL } };

/* line->count: threads, or minus threads a CPU. */
#define A_CPU(threads) ((unsigned long)-(threads))
#define SCALED(name, shape, size)                                                                                      \
	{ name ", 1 thread", shape, size, 1 }, { name ", 2 threads", shape, size, 2 },                                 \
	{ name ", 4 threads", shape, size, 4 }, { name ", 8 threads", shape, size, 8 },                                \
	{ name ", 16 threads", shape, size, 16 }, { name ", 32 threads", shape, size, 32 },                            \
	{ name ", 64 threads", shape, size, 64 }

static const struct line scale_lines[] = {
	SCALED("pair 64 B", PAIR, 64),
	SCALED("batch of 256, 64 B", BATCHED, 64),
	SCALED("log sizes, 1,000 live", REPLACE, 0),
	SCALED("uniform sizes, 1,000 live", REPLACE_UNIFORM, 0),
	{ "producer and consumer 64 B, 2 threads", PRODUCE, 64, 2 },
	{ "producer and consumer 64 B, 4 threads", PRODUCE, 64, 4 },
	{ "producer and consumer 64 B, 8 threads", PRODUCE, 64, 8 },
	{ "producer and consumer 64 B, 16 threads", PRODUCE, 64, 16 },
	{ "producer and consumer 64 B, 32 threads", PRODUCE, 64, 32 },
	{ "producer and consumer 64 B, 64 threads", PRODUCE, 64, 64 },
	SCALED("freed by the neighbour 64 B", EXCHANGE, 64),
	SCALED("kvmalloc, or malloc, pair 64 KiB", LARGE, 65536),
	SCALED("kmem_cache pair 256 B", CACHE_PAIR, 256),
	SCALED("order-0 page pair", PAGE_PAIR, 0),
	SCALED("order-0 page batch of 512", PAGE_BATCH, 0),
	SCALED("vmalloc 4 KiB pair", VMALLOC_PAIR, 0),
	SCALED("vmalloc 4 KiB pair, lazy_vfree", VMALLOC_OPEN, 0),
	SCALED("a page shut and opened by mprotect", SHUT_PAGE, 0),
	SCALED("a page guarded and touched", GUARD_PAGE, 0),
};

static const struct line fairness_lines[] = {
	{ "pair 64 B, a thread a CPU", PAIR, 64, A_CPU(1) },
	{ "pair 64 B, 2 threads a CPU", PAIR, 64, A_CPU(2) },
	{ "pair 64 B, 4 threads a CPU", PAIR, 64, A_CPU(4) },
	{ "pair 64 B, 8 threads a CPU", PAIR, 64, A_CPU(8) },
	{ "log sizes, 1,000 live, 4 threads a CPU", REPLACE, 0, A_CPU(4) },
	{ "order-0 page pair, 4 threads a CPU", PAGE_PAIR, 0, A_CPU(4) },
	{ WORK "pair 64 B, 4 threads a CPU", PAIR, 64, A_CPU(4) },
	{ WORK "pair 64 B, 8 threads a CPU", PAIR, 64, A_CPU(8) },
	{ WORK "log sizes, 1,000 live, 4 threads a CPU", REPLACE, 0, A_CPU(4) },
};

static const struct line contention_lines[] = {
	{ "pair 64 B, a thread a CPU", PAIR, 64, A_CPU(1) },
	{ "batch of 256, 64 B, a thread a CPU", BATCHED, 64, A_CPU(1) },
	{ "log sizes, 1,000 live, a thread a CPU", REPLACE, 0, A_CPU(1) },
	{ "uniform sizes, 1,000 live, a thread a CPU", REPLACE_UNIFORM, 0, A_CPU(1) },
	{ "producer and consumer 64 B, a thread a CPU", PRODUCE, 64, A_CPU(1) },
	{ "freed by the neighbour 64 B, a thread a CPU", EXCHANGE, 64, A_CPU(1) },
	{ "kvmalloc pair 64 KiB, a thread a CPU", LARGE, 65536, A_CPU(1) },
	{ "kmem_cache pair 256 B, a thread a CPU", CACHE_PAIR, 256, A_CPU(1) },
	{ "order-0 page pair, a thread a CPU", PAGE_PAIR, 0, A_CPU(1) },
	{ "order-0 page batch of 512, a thread a CPU", PAGE_BATCH, 0, A_CPU(1) },
	{ "vmalloc 4 KiB pair, a thread a CPU", VMALLOC_PAIR, 0, A_CPU(1) },
	{ "vmalloc 4 KiB pair, lazy_vfree, a thread a CPU", VMALLOC_OPEN, 0, A_CPU(1) },
};

const struct section section_scale = {
	.name = "scale", .title = "Scale: an operation of each of several threads", .unit = "ns", .method = TIMED,
	.has_ratios = true,
	.subjects = subjects, .nr_subjects = ARRAY_LENGTH(subjects),
	.lines = scale_lines, .nr_lines = ARRAY_LENGTH(scale_lines),
	.measure = measure_scale, .threads = threads_of,
};

const struct section section_fairness = {
	.name = "fairness", .title = "Fairness: what the slowest thread did, of the busiest's; all, of a thread a CPU",
	.unit = "%", .method = ONCE, .more_is_better = true,
	.subjects = subjects, .nr_subjects = ARRAY_LENGTH(subjects),
	.lines = fairness_lines, .nr_lines = ARRAY_LENGTH(fairness_lines),
	.measure = measure_fairness, .threads = threads_of,
};

const struct section section_contention = {
	.name = "contention", .title = "Contention: what kmem's threads met", .unit = "in 1,000 operations",
	.method = ONCE,
	.subjects = counters, .nr_subjects = ARRAY_LENGTH(counters),
	.lines = contention_lines, .nr_lines = ARRAY_LENGTH(contention_lines),
	.measure = measure_contention, .threads = threads_of,
};
