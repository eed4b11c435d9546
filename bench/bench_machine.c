/* SPDX-License-Identifier: MIT */
/*
 * bench_machine.c - machines as wholes: booting one, checking one in use; do pages cost more in a large one?
 *
 * Lines that end in "boot" time machine_boot() alone, not the shutdown after it.
 */
#include <math.h>
#include <stdlib.h>

#include "bench/bench.h"
#include "bench/object_loops.h"

enum shape { BOOT, CHECK, PAGE_PAIR };

#ifdef NO_KMEM

static double measure_machine(const struct line *line, const struct subject *subject, const struct effort *effort)
{
	(void)line;
	(void)subject;
	(void)effort;
	return NAN;
}

#else

#include <kmem/kmem.h>

static void *must(void *object)
{
	if (!object)
		fail("kmem has no memory for the line");
	return object;
}

static double boot_seconds(unsigned long mib)
{
	char cmdline[64];
	double start, taken;
	struct machine *m;

	snprintf(cmdline, sizeof(cmdline), "mem=%luM loglevel=4", mib);
	start = now_seconds();
	m = machine_boot(&(struct machine_config){ .cmdline = cmdline });
	taken = now_seconds() - start;
	if (!m)
		fail("cannot boot with %s", cmdline);
	machine_shutdown(m);
	return taken;
}

static double measure_boot(unsigned long mib, const struct effort *effort)
{
	double sample[32];
	size_t nr = effort->quick ? 3 : ARRAY_LENGTH(sample);

	for (size_t i = 0; i < nr; i++)
		sample[i] = boot_seconds(mib) * 1e9;
	return median_of(sample, nr);
}

/* A machine in use: 100,000 objects of many sizes, 1,000 areas, blocks of every order. */
static void populate(unsigned long objects)
{
	uint64_t random = 1;

	kmem_page_calls(PAGES_MIB);
	for (unsigned long i = 0; i < objects; i++)
		must(kmalloc(log_size(next_random(&random)), GFP_KERNEL));
	for (unsigned long i = 0; i < objects / 100; i++)
		must(vmalloc(4 * PAGE_SIZE));
	for (unsigned int i = 0; i < objects / 100; i++)
		must(alloc_pages(GFP_KERNEL, i % 5));
}

static void run_check(void *unused, unsigned long n)
{
	struct kmem_fault fault;

	(void)unused;
	while (n--)
		if (!kmem_check(machine_current(), &fault))
			fail("kmem_check: %s %s", fault.id, fault.place);
}

static void run_page_pair(void *order, unsigned long n)
{
	unsigned int *o = order;

	while (n--)
		__free_pages(must(alloc_pages(GFP_KERNEL, *o)), *o);
}

static double measure_machine(const struct line *line, const struct subject *subject, const struct effort *effort)
{
	unsigned int order = (unsigned int)line->count;

	(void)subject;
	if (line->shape == BOOT)
		return measure_boot(line->size, effort);
	if (line->shape == PAGE_PAIR) {
		kmem_page_calls((unsigned int)line->size);
		return median_ns(run_page_pair, &order, 256, effort);
	}
	populate(effort->quick ? 1000 : line->count);
	return median_ns(run_check, NULL, 1, effort);
}

#endif

static const struct subject subjects[] = { { "kmem", OURS, NULL } };

/* line->size: MiB. line->count: objects, or the order. */
static const struct line lines[] = {
	{ "machine of 64 MiB, boot", BOOT, 64, 0 },
	{ "machine of 1 GiB, boot", BOOT, 1024, 0 },
#if __SIZEOF_POINTER__ == 8
	{ "machine of 1 TiB, boot", BOOT, 1024 * 1024, 0 },
#endif
	{ "kmem_check, 100,000 objects", CHECK, 0, 100000 },
	{ "order-0 page pair, 64 MiB", PAGE_PAIR, 64, 0 },
#if __SIZEOF_POINTER__ == 8
	{ "order-0 page pair, 64 GiB", PAGE_PAIR, 64 * 1024, 0 },
	{ "order-0 page pair, 1 TiB", PAGE_PAIR, 1024 * 1024, 0 },
#endif
	{ "order-9 page pair, 64 MiB", PAGE_PAIR, 64, 9 },
#if __SIZEOF_POINTER__ == 8
	{ "order-9 page pair, 1 TiB", PAGE_PAIR, 1024 * 1024, 9 },
#endif
};

const struct section section_machine = {
	.name = "machine", .title = "Machines", .unit = "time", .method = TIMED,
	.subjects = subjects, .nr_subjects = ARRAY_LENGTH(subjects),
	.lines = lines, .nr_lines = ARRAY_LENGTH(lines),
	.measure = measure_machine,
};
