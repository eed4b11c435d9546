/* SPDX-License-Identifier: MIT */
/*
 * bench_memory.c - what memory costs beside what is in it.
 *
 *	memory		objects of one size, all written to
 *	mixes		objects of many sizes, after most were replaced by others
 *	release		256 MiB of objects, of which most are freed: what the process still holds of that peak
 *	metadata	a page's descriptor, a machine that has just booted, one more CPU
 *
 * "pages" columns are kmem's own account of managed pages in use; all others are the resident set.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/object_loops.h"

/* ---- objects of one size ---- */

/* Many enough that an allocator's own start does not count: 100,000, and at least 64 MiB. */
static size_t objects_to_keep(size_t size, const struct effort *effort)
{
	size_t nr = (64ul << 20) / size;

	if (effort->quick)
		return 10000;
	return nr > 100000 ? nr : 100000;
}

/* An object, written to from end to end. */
static void *written_object(const struct object_calls *calls, size_t size)
{
	void *object = calls->alloc(size, calls->alloc_b);

	if (!object)
		fail("no memory for an object of %zu bytes", size);
	return memset(object, 1, size);
}

/* Bytes that an object costs while @nr of them live, all of it written to. */
static double bytes_an_object(const struct line *line, const struct subject *subject, const struct effort *effort)
{
	size_t nr = objects_to_keep(line->size, effort);
	void **objects = scratch(nr * sizeof(void *));
	bool by_own_account = strstr(subject->name, "pages");
	const struct object_calls *calls = object_calls_of(subject, line->size);
	double before, after;

	calls->free(written_object(calls, line->size));
	before = by_own_account ? calls->used_bytes() : resident_bytes();
	for (size_t i = 0; i < nr; i++)
		objects[i] = written_object(calls, line->size);
	after = by_own_account ? calls->used_bytes() : resident_bytes();
	return (after - before) / (double)nr;
}

/* ---- objects of many sizes ---- */

#define MIX_LIVE 100000u
#define MIX_REPLACED 10u	/* times, on average */

/* line->shape: are sizes log-distributed? In % of what was asked for, as it was at the end. */
static double over_what_was_asked(const struct line *line, const struct subject *subject, const struct effort *effort)
{
	size_t live = effort->quick ? MIX_LIVE / 10 : MIX_LIVE, asked = 0;
	void **objects = scratch(live * sizeof(void *));
	size_t *sizes = scratch(live * sizeof(size_t));
	size_t (*size_of)(uint64_t) = line->shape ? log_size : uniform_size;
	bool by_own_account = strstr(subject->name, "pages");
	const struct object_calls *calls = object_calls_of(subject, 0);
	uint64_t random = 0x9e3779b97f4a7c15;
	double before;

	calls->free(written_object(calls, 64));
	before = by_own_account ? calls->used_bytes() : resident_bytes();
	for (size_t i = 0; i < live * (1 + MIX_REPLACED); i++) {
		size_t at = i < live ? i : random_below(next_random(&random), live);

		if (i >= live)
			calls->free(objects[at]);
		asked -= sizes[at];
		sizes[at] = size_of(next_random(&random));
		asked += sizes[at];
		objects[at] = written_object(calls, sizes[at]);
	}
	return 100 * (((by_own_account ? calls->used_bytes() : resident_bytes()) - before) / (double)asked - 1);
}

/* ---- after a peak ---- */

enum survivors { FIRST_OF_16, RANDOM_16TH, NONE };
enum when { AT_ONCE, AFTER_A_SECOND, ON_REQUEST };

#define PEAK_BYTES (256ul << 20)

struct crowd {
	void **objects;
	size_t nr;
};

/* Objects of log-distributed sizes, all written to, until they hold so many bytes. */
static struct crowd fill(const struct object_calls *calls, size_t bytes, uint64_t *random)
{
	struct crowd crowd = { scratch(bytes / 64 * sizeof(void *)), 0 };

	for (size_t held = 0; held < bytes && crowd.nr < bytes / 64; crowd.nr++) {
		size_t size = log_size(next_random(random));

		crowd.objects[crowd.nr] = written_object(calls, size);
		held += size;
	}
	return crowd;
}

static bool survives(enum survivors who, size_t i, size_t nr, uint64_t *random)
{
	if (who == FIRST_OF_16)
		return i < nr / 16;
	return who == RANDOM_16TH && random_below(next_random(random), 16) == 0;
}

/* line->shape: who survives. line->count: when we look. In % of what the peak took; a sixteenth is 6.25. */
static double measure_release(const struct line *line, const struct subject *subject, const struct effort *effort)
{
	const struct object_calls *calls = object_calls_of(subject, 0);
	uint64_t random = 0x9e3779b97f4a7c15;
	double start, peak;
	struct crowd crowd;

	calls->free(written_object(calls, 64));
	start = resident_bytes();
	crowd = fill(calls, effort->quick ? PEAK_BYTES / 64 : PEAK_BYTES, &random);
	start += (double)(effort->quick ? PEAK_BYTES / 64 : PEAK_BYTES) / 64 * sizeof(void *);
	peak = resident_bytes();
	for (size_t i = 0; i < crowd.nr; i++)
		if (!survives((enum survivors)line->shape, i, crowd.nr, &random))
			calls->free(crowd.objects[i]);
	if (line->count == AFTER_A_SECOND)
		usleep(effort->quick ? 10000 : 1100000);
	else if (line->count == ON_REQUEST)
		subject->role == OURS ? kmem_release() : peer_release();
	return 100 * (resident_bytes() - start) / (peak - start);
}

/* ---- metadata ---- */

enum metadata { DESCRIPTOR, ALL_DESCRIPTORS, BOOTED, CPU_IDLE, CPU_IN_USE };

#ifdef NO_KMEM

static double measure_metadata(const struct line *line, const struct subject *subject, const struct effort *effort)
{
	(void)line;
	(void)subject;
	(void)effort;
	return NAN;
}

#else

#include <kmem/kmem.h>

#define EXTRA_CPUS 16u

static struct machine *booted;

static void boot(unsigned long mib, unsigned int cpus)
{
	char cmdline[96];

	snprintf(cmdline, sizeof(cmdline), "mem=%luM loglevel=4", mib);
	if (cpus)
		snprintf(cmdline + strlen(cmdline), sizeof(cmdline) - strlen(cmdline), " nr_cpus=%u", cpus);
	booted = machine_boot(&(struct machine_config){ .cmdline = cmdline });
	if (!booted)
		fail("cannot boot with %s", cmdline);
}

/* Of a machine, once another one has paid for what all machines of a process share. */
static double resident_after_boot(unsigned long mib, unsigned int cpus)
{
	double before;

	boot(64, 1);
	machine_shutdown(booted);
	before = resident_bytes();
	boot(mib, cpus);
	return resident_bytes() - before;
}

static void enter_booted(void)
{
	if (machine_enter(booted))
		fail("cannot enter the machine");
}

/* Fill what a CPU keeps to itself: an object of each class, and a page. */
static void use_cpu(void *unused, unsigned long n)
{
	(void)unused;
	enter_booted();
	while (n--) {
		for (size_t size = 8; size <= 8192; size *= 2)
			kfree(kmalloc(size, GFP_KERNEL));
		__free_page(alloc_page(GFP_KERNEL));
	}
}

static void do_nothing(void *unused, unsigned long n)
{
	(void)unused;
	(void)n;
}

/* Threads cost stack; so they exist before, and what they cost by themselves is in neither figure. */
static double resident_of_cpus(void)
{
	double before;

	boot(1024, EXTRA_CPUS + 1);
	enter_booted();
	use_cpu(NULL, 1);
	for (unsigned int i = 0; i < EXTRA_CPUS; i++)
		team_start(-1, NULL, machine_leave);
	team_begin(do_nothing, NULL, 0);
	team_wait();
	before = resident_bytes();
	team_begin(use_cpu, NULL, 1);
	team_wait();
	return (resident_bytes() - before) / EXTRA_CPUS;
}

/* Linux's struct page is 64 bytes on x86_64. */
static double linux_metadata(const struct line *line)
{
	if (line->shape == DESCRIPTOR)
		return 64;
	return line->shape == ALL_DESCRIPTORS ? 64.0 * 256 * (double)line->size : NAN;
}

static double measure_metadata(const struct line *line, const struct subject *subject, const struct effort *effort)
{
	(void)effort;
	if (subject->role != OURS)
		return linux_metadata(line);
	switch ((enum metadata)line->shape) {
	case DESCRIPTOR:
		return sizeof(struct page);
	case ALL_DESCRIPTORS:
		return (double)sizeof(struct page) * 256 * (double)line->size;
	case BOOTED:
		return resident_after_boot(line->size, 0);
	case CPU_IDLE:
		return (resident_after_boot(1024, 1 + EXTRA_CPUS) - resident_after_boot(1024, 1)) / EXTRA_CPUS;
	case CPU_IN_USE:
		return resident_of_cpus();
	}
	return NAN;
}

#endif

/* ---- tables ---- */

static const struct subject object_subjects[] = {
	{ "kmem", OURS, NULL }, { "kmem pages", OURS, NULL }, { "cache", OURS, NULL }, { "cache pages", OURS, NULL },
	MALLOCS,
};
static const struct subject mix_subjects[] = {
	{ "kmem", OURS, NULL },
	{ "kmem pages", OURS, NULL },
	{ "libkmem-malloc", BASELINE, OUR_MALLOC },
	MALLOCS,
};
static const struct subject release_subjects[] = { { "kmem", OURS, NULL }, MALLOCS };
static const struct subject metadata_subjects[] = { { "kmem", OURS, NULL }, { "linux (quoted)", BASELINE, NULL } };

static const struct line memory_lines[] = {
	{ "8 B", 0, 8, 0 }, { "64 B", 0, 64, 0 }, { "96 B", 0, 96, 0 }, { "192 B", 0, 192, 0 }, { "200 B", 0, 200, 0 },
	{ "256 B", 0, 256, 0 }, { "600 B", 0, 600, 0 }, { "700 B", 0, 700, 0 }, { "1024 B", 0, 1024, 0 },
	{ "1100 B", 0, 1100, 0 }, { "4096 B", 0, 4096, 0 },
};

static const struct line mix_lines[] = {
	{ "uniform sizes, 100,000 live", 0, 0, 0 }, { "log sizes, 100,000 live", 1, 0, 0 },
};

static const struct line release_lines[] = {
	{ "the first sixteenth lives: at once", FIRST_OF_16, 0, AT_ONCE },
	{ "the first sixteenth lives: after 1 s", FIRST_OF_16, 0, AFTER_A_SECOND },
	{ "the first sixteenth lives: on request", FIRST_OF_16, 0, ON_REQUEST },
	{ "a random sixteenth lives: after 1 s", RANDOM_16TH, 0, AFTER_A_SECOND },
	{ "a random sixteenth lives: on request", RANDOM_16TH, 0, ON_REQUEST },
	{ "nothing lives: at once", NONE, 0, AT_ONCE },
	{ "nothing lives: after 1 s", NONE, 0, AFTER_A_SECOND },
	{ "nothing lives: on request", NONE, 0, ON_REQUEST },
};

static const struct line metadata_lines[] = {
	{ "struct page, a page", DESCRIPTOR, 0, 0 },
	{ "struct page, 1 GiB all in use", ALL_DESCRIPTORS, 1024, 0 },
#if __SIZEOF_POINTER__ == 8
	{ "struct page, 1 TiB all in use", ALL_DESCRIPTORS, 1024 * 1024, 0 },
#endif
	{ "machine of 1 GiB, resident when booted", BOOTED, 1024, 0 },
	{ "machine of 16 GiB, resident when booted", BOOTED, 16 * 1024, 0 },
#if __SIZEOF_POINTER__ == 8
	{ "machine of 128 GiB, resident when booted", BOOTED, 128 * 1024, 0 },
	{ "machine of 1 TiB, resident when booted", BOOTED, 1024 * 1024, 0 },
#endif
	{ "one more CPU, resident when booted", CPU_IDLE, 0, 0 },
	{ "one more CPU, resident in use", CPU_IN_USE, 0, 0 },
};

const struct section section_memory = {
	.name = "memory", .title = "Memory: resident set an object (pages: by kmem's own account)",
	.unit = "bytes an object", .method = ONCE, .has_ratios = true,
	.subjects = object_subjects, .nr_subjects = ARRAY_LENGTH(object_subjects),
	.lines = memory_lines, .nr_lines = ARRAY_LENGTH(memory_lines),
	.measure = bytes_an_object,
};

const struct section section_mixes = {
	.name = "mixes", .title = "Memory: resident set over what was asked for (pages: by kmem's own account)",
	.unit = "%", .method = ONCE,
	.subjects = mix_subjects, .nr_subjects = ARRAY_LENGTH(mix_subjects),
	.lines = mix_lines, .nr_lines = ARRAY_LENGTH(mix_lines),
	.measure = over_what_was_asked,
};

const struct section section_release = {
	.name = "release", .title = "Memory: what is still resident of a peak of 256 MiB", .unit = "%", .method = ONCE,
	.subjects = release_subjects, .nr_subjects = ARRAY_LENGTH(release_subjects),
	.lines = release_lines, .nr_lines = ARRAY_LENGTH(release_lines),
	.measure = measure_release,
};

const struct section section_metadata = {
	.name = "metadata", .title = "Memory: what pages and CPUs cost", .unit = "bytes", .method = ONCE,
	.subjects = metadata_subjects, .nr_subjects = ARRAY_LENGTH(metadata_subjects),
	.lines = metadata_lines, .nr_lines = ARRAY_LENGTH(metadata_lines),
	.measure = measure_metadata,
};
