/* SPDX-License-Identifier: MIT */
/*
 * bench_objects.c - objects: time and instructions, kmem beside the mallocs.
 *
 *	pair		malloc free malloc free ...			the floor of a fast path
 *	batch		256 mallocs, then 256 frees			what fits no single-object cache
 *	replace		free one of N live objects, malloc another	a program that has been running
 *	two threads	pairs on two CPUs at once			what do they share?
 *	producer	malloc on one CPU, free on another		remote frees
 *
 * Every subject runs the same machine code and is called through the same two registers (object_loops.h). One row
 * calls directly, with a constant size, as a program would be compiled: there kmem's inline code counts, too.
 */
#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/object_loops.h"

enum shape {
	PAIR, PAIR_CONSTANT, PAIR_ZEROED, BATCH_LIFO, BATCH_FIFO, BATCH_SHUFFLED,
	REPLACE_UNIFORM, REPLACE_LOG, TWO_THREADS, PRODUCER, PAIR_CACHE, PAIR_LARGE, RESIZE,
};

#define MACHINE_MIB 4096u

struct object_run {
	struct object_calls calls;
	alloc_fn alloc;
	free_fn release;
	size_t a, b, live;
	uint64_t random;
	uint32_t order[BATCH];
	void **objects;
	struct ring *ring;
	run_fn helper;
};

/* ---- who is called ---- */

static void direct_pair(void *context, unsigned long n)
{
	(void)context;
	while (n--) {
		void *object = opaque(malloc(64));

		touch(object);
		free(opaque(object));
	}
}

static void *malloc_resize(void *object, size_t size, size_t unused)
{
	(void)unused;
	return realloc(object, size);
}

static void take_malloc(struct object_calls *calls, const struct subject *subject)
{
	if (!peer_is_loaded(subject->library))
		fail("%s is not malloc here", subject->name);
	*calls = (struct object_calls){
		.alloc = (alloc_fn)dlsym(RTLD_DEFAULT, "malloc"),
		.zalloc = (alloc_fn)dlsym(RTLD_DEFAULT, "calloc"),
		.zalloc_is_calloc = true,
		.free = (free_fn)dlsym(RTLD_DEFAULT, "free"),
		.large_alloc = (alloc_fn)dlsym(RTLD_DEFAULT, "malloc"),
		.large_free = (free_fn)dlsym(RTLD_DEFAULT, "free"),
		.resize = malloc_resize,
		.pair_constant = direct_pair,
	};
}

static bool is_named(const struct subject *subject, const char *name)
{
	return !strncmp(subject->name, name, strlen(name));
}

const struct object_calls *object_calls_of(const struct subject *subject, size_t size)
{
	static struct object_calls mallocs;

	if (is_named(subject, "kmem"))
		return kmem_object_calls(MACHINE_MIB);
	if (is_named(subject, "cache"))
		return kmem_cache_calls(MACHINE_MIB, size);
	take_malloc(&mallocs, subject);
	return &mallocs;
}

/* ---- the loops, once through pointers and once with nothing to call ---- */

static char null_object[64];

#if defined(__x86_64__)
#define CALLED_CLOBBERS "rcx", "rdx", "r8", "r9", "r10", "r11", "memory"
#else
#define CALLED_CLOBBERS "memory"
#endif

/* All that a call costs its caller, except the call: arguments and result in place, scratch registers lost. */
static inline __attribute__((always_inline)) void *null_alloc(size_t a, size_t b)
{
	void *result = null_object;

	__asm__ volatile("" : "+a"(result), "+D"(a), "+S"(b) : : CALLED_CLOBBERS);
	return result;
}

static inline __attribute__((always_inline)) void null_free(void *object)
{
	__asm__ volatile("" : "+D"(object) : : "rax", "rsi", CALLED_CLOBBERS);
}

#define RUNS(prefix, allocate, give_back)                                                                              \
	static void prefix##_pair(void *context, unsigned long n)                                                      \
	{                                                                                                              \
		struct object_run *r = context;                                                                        \
		loop_pair(allocate, give_back, r->a, r->b, n);                                                         \
	}                                                                                                              \
	static void prefix##_lifo(void *context, unsigned long n)                                                      \
	{                                                                                                              \
		struct object_run *r = context;                                                                        \
		loop_batch_lifo(allocate, give_back, r->a, r->b, r->objects, n);                                       \
	}                                                                                                              \
	static void prefix##_batch(void *context, unsigned long n)                                                     \
	{                                                                                                              \
		struct object_run *r = context;                                                                        \
		loop_batch(allocate, give_back, r->a, r->b, r->order, r->objects, n);                                  \
	}                                                                                                              \
	static void prefix##_uniform(void *context, unsigned long n)                                                   \
	{                                                                                                              \
		struct object_run *r = context;                                                                        \
		loop_replace(allocate, give_back, uniform_size, r->b, r->objects, r->live, &r->random, n);             \
	}                                                                                                              \
	static void prefix##_log(void *context, unsigned long n)                                                       \
	{                                                                                                              \
		struct object_run *r = context;                                                                        \
		loop_replace(allocate, give_back, log_size, r->b, r->objects, r->live, &r->random, n);                 \
	}                                                                                                              \
	static void prefix##_produce(void *context, unsigned long n)                                                   \
	{                                                                                                              \
		struct object_run *r = context;                                                                        \
		loop_produce(allocate, r->a, r->b, r->ring, n);                                                        \
	}                                                                                                              \
	static void prefix##_consume(void *context, unsigned long n)                                                   \
	{                                                                                                              \
		struct object_run *r = context;                                                                        \
		loop_consume(give_back, r->ring, n);                                                                   \
	}                                                                                                              \
	static const struct loops prefix##_loops = {                                                                   \
		prefix##_pair, prefix##_lifo, prefix##_batch, prefix##_uniform, prefix##_log,                          \
		prefix##_produce, prefix##_consume,                                                                    \
	}

struct loops {
	run_fn pair, lifo, batch, uniform, log, produce, consume;
};

RUNS(pointer, r->alloc, r->release);
RUNS(null, null_alloc, null_free);

/* From size to twice that: always another object, and a copy. */
static void run_resize(void *context, unsigned long n)
{
	struct object_run *r = context;

	while (n--) {
		void *object = r->alloc(r->a, r->b);

		touch(object);
		object = r->calls.resize(object, 2 * r->a, r->b);
		if (!object)
			fail("no memory for an object of %zu bytes", 2 * r->a);
		r->release(object);
	}
}

/* Both threads do n, at once: an operation is one pair on each. */
static void run_both(void *context, unsigned long n)
{
	struct object_run *r = context;

	team_begin(r->helper, r, n);
	pointer_pair(r, n);
	team_wait();
}

static void null_run_both(void *context, unsigned long n)
{
	team_begin(null_pair, context, n);
	null_pair(context, n);
	team_wait();
}

/* The index words go on from sample to sample; n is a multiple of the ring's step. */
static void ring_account(struct ring *ring, unsigned long n)
{
	if (ring->pushed != ring->popped || n % RING_STEP)
		fail("the ring lost count");
}

static void run_ring(void *context, unsigned long n)
{
	struct object_run *r = context;

	ring_account(r->ring, n);
	team_begin(r->helper, r, n);
	pointer_produce(r, n);
	team_wait();
}

static void null_run_ring(void *context, unsigned long n)
{
	struct object_run *r = context;

	ring_account(r->ring, n);
	team_begin(r->helper, r, n);
	null_produce(r, n);
	team_wait();
}

/* ---- a line made ready ---- */

static void order_of_batch(struct object_run *r, int shape)
{
	for (uint32_t i = 0; i < BATCH; i++)
		r->order[i] = i;
	if (shape != BATCH_SHUFFLED)
		return;
	for (uint32_t i = BATCH; i > 1; i--) {
		uint32_t j = (uint32_t)random_below(next_random(&r->random), i);
		uint32_t swap = r->order[i - 1];

		r->order[i - 1] = r->order[j];
		r->order[j] = swap;
	}
}

/* @live objects, then ten times as many replacements: the state that a long run has. */
static void populate(struct object_run *r, run_fn run, size_t (*size)(uint64_t), size_t live)
{
	r->live = live;
	r->objects = scratch(live * sizeof(void *));
	for (size_t i = 0; i < live; i++) {
		r->objects[i] = r->alloc ? r->alloc(size(next_random(&r->random)), r->b) : null_object;
		touch(r->objects[i]);
	}
	run(r, 10 * live);
}

static run_fn start_two_threads(struct object_run *r, bool is_null, const struct effort *effort)
{
	if (effort->other_cpu < 0 || effort->counting)
		return NULL;
	team_start(effort->other_cpu, r->calls.enter, r->calls.leave);
	r->helper = is_null ? null_pair : pointer_pair;
	return is_null ? null_run_both : run_both;
}

static run_fn start_ring(struct object_run *r, bool is_null, const struct effort *effort)
{
	if (effort->other_cpu < 0 || effort->counting)
		return NULL;
	r->ring = scratch(sizeof(*r->ring));
	team_start(effort->other_cpu, r->calls.enter, r->calls.leave);
	r->helper = is_null ? null_consume : pointer_consume;
	return is_null ? null_run_ring : run_ring;
}

static void use_zalloc(struct object_run *r, size_t size)
{
	r->alloc = r->calls.zalloc;
	r->a = r->calls.zalloc_is_calloc ? 1 : size;
	r->b = r->calls.zalloc_is_calloc ? size : r->calls.zalloc_b;
}

static void use_large(struct object_run *r)
{
	r->alloc = r->calls.large_alloc;
	r->release = r->calls.large_free;
}

/* What to run for this line; NULL if there is no such line for this subject or machine. */
static run_fn run_of(struct object_run *r, const struct line *line, bool is_null, const struct effort *effort)
{
	const struct loops *loops = is_null ? &null_loops : &pointer_loops;
	size_t live = effort->quick && line->count > 2000 ? 2000 : line->count;

	switch ((enum shape)line->shape) {
	case PAIR:
		return loops->pair;
	case PAIR_CONSTANT:
		return is_null ? null_pair : r->calls.pair_constant;
	case PAIR_ZEROED:
		use_zalloc(r, line->size);
		return is_null ? NULL : loops->pair;
	case BATCH_LIFO:
	case BATCH_FIFO:
	case BATCH_SHUFFLED:
		r->objects = scratch(BATCH * sizeof(void *));
		order_of_batch(r, line->shape);
		return line->shape == BATCH_LIFO ? loops->lifo : loops->batch;
	case REPLACE_UNIFORM:
		populate(r, loops->uniform, uniform_size, live);
		return loops->uniform;
	case REPLACE_LOG:
		populate(r, loops->log, log_size, live);
		return loops->log;
	case TWO_THREADS:
		return start_two_threads(r, is_null, effort);
	case PRODUCER:
		return start_ring(r, is_null, effort);
	case PAIR_CACHE:
		return loops->pair;
	case PAIR_LARGE:
		use_large(r);
		return is_null ? NULL : loops->pair;
	case RESIZE:
		return is_null ? NULL : run_resize;
	}
	return NULL;
}

static struct work prepare_objects(const struct line *line, const struct subject *subject, const struct effort *effort)
{
	static const struct subject cache = { "cache", OURS, NULL };
	static struct object_run r;
	bool is_null = is_named(subject, "null");

	memset(&r, 0, sizeof(r));
	r.random = 0x9e3779b97f4a7c15;
	if (!is_null)
		r.calls = *object_calls_of(line->shape == PAIR_CACHE && subject->role == OURS ? &cache : subject,
					   line->size);
	r.alloc = r.calls.alloc;
	r.release = r.calls.free;
	r.a = line->size;
	r.b = r.calls.alloc_b;
	return (struct work){ .run = run_of(&r, line, is_null, effort), .context = &r, .smallest = BATCH };
}

/* ---- tables ---- */

static const struct subject subjects[] = { { "kmem", OURS, NULL }, MALLOCS, { "null", BASELINE, NULL } };
static const struct line lines[] = {
	{ "pair 8", PAIR, 8, 0 },
	{ "pair 64", PAIR, 64, 0 },
	{ "pair 256", PAIR, 256, 0 },
	{ "pair 1024", PAIR, 1024, 0 },
	{ "pair 4096", PAIR, 4096, 0 },
	{ "pair 8192", PAIR, 8192, 0 },
	{ "pair 64, direct call, constant size", PAIR_CONSTANT, 64, 0 },
	{ "batch of 256, 64 B, LIFO", BATCH_LIFO, 64, 0 },
	{ "batch of 256, 64 B, shuffled", BATCH_SHUFFLED, 64, 0 },
	{ "batch of 256, 256 B, FIFO", BATCH_FIFO, 256, 0 },
	{ "batch of 256, 1024 B, LIFO", BATCH_LIFO, 1024, 0 },
	{ "batch of 256, 4096 B, LIFO", BATCH_LIFO, 4096, 0 },
	{ "uniform 8..8192 B, 1,000 live", REPLACE_UNIFORM, 0, 1000 },
	{ "uniform 8..8192 B, 100,000 live", REPLACE_UNIFORM, 0, 100000 },
	{ "log sizes, 1,000 live", REPLACE_LOG, 0, 1000 },
	{ "log sizes, 100,000 live", REPLACE_LOG, 0, 100000 },
	{ "zeroed 64 B", PAIR_ZEROED, 64, 0 },
	{ "zeroed 4096 B", PAIR_ZEROED, 4096, 0 },
	{ "kmem_cache, or malloc, pair 256", PAIR_CACHE, 256, 0 },
	{ "krealloc, or realloc, 64 to 128 B", RESIZE, 64, 0 },
	{ "kvmalloc, or malloc, pair 64 KiB", PAIR_LARGE, 65536, 0 },
	{ "two threads, pair 64", TWO_THREADS, 64, 0 },
	{ "producer and consumer, 64 B", PRODUCER, 64, 0 },
	{ "producer and consumer, 1024 B", PRODUCER, 1024, 0 },
};

const struct section section_objects = {
	.name = "objects", .title = "Objects: a malloc+free pair", .unit = "ns", .method = TIMED, .has_ratios = true,
	.subjects = subjects, .nr_subjects = ARRAY_LENGTH(subjects),
	.lines = lines, .nr_lines = ARRAY_LENGTH(lines),
	.prepare = prepare_objects,
};
