/* SPDX-License-Identifier: MIT */
/*
 * bench_highmem.c - mapping a page of high memory and unmapping it, beside Linux's own.
 *
 * Linux's instructions were counted on Debian's 6.1 for i386 with PAE, by an emulator that executes one a tick;
 * kmem's are callgrind's, and without what the host's kernel does where a page table changes: that is a system call
 * here. On 64 bits the machine has high memory because highmem= says so, and Linux has none.
 */
#include <math.h>

#include "bench/bench.h"

enum shape { KMAP, KMAP_LOCAL };

/* line->size: pages, one after the other. line->count: Linux's instructions. */
static const struct line lines[] = {
	{ "kmap pair, same page", KMAP, 1, 325 },
	{ "kmap pair, cycling over 2,048 pages", KMAP, 2048, 671 },
	{ "kmap_local pair", KMAP_LOCAL, 1, 265 },
	{ "kmap_local pair, cycling over 2,048 pages", KMAP_LOCAL, 2048, 0 },
};

#ifdef NO_KMEM

static struct work prepare_highmem(const struct line *line, const struct subject *subject, const struct effort *effort)
{
	(void)line;
	(void)subject;
	(void)effort;
	return (struct work){ 0 };
}

#else

#include <kmem/highmem.h>
#include <kmem/kmem.h>

#define MAX_PAGES 2048

static struct page *pages[MAX_PAGES];
static unsigned long nr_pages;

static void run_kmap(void *unused, unsigned long n)
{
	(void)unused;
	for (unsigned long i = 0; n--; i = i + 1 == nr_pages ? 0 : i + 1) {
		kmap(pages[i]);
		kunmap(pages[i]);
	}
}

static void run_kmap_local(void *unused, unsigned long n)
{
	(void)unused;
	for (unsigned long i = 0; n--; i = i + 1 == nr_pages ? 0 : i + 1)
		kunmap_local(kmap_local_page(pages[i]));
}

static struct work prepare_highmem(const struct line *line, const struct subject *subject, const struct effort *effort)
{
	(void)effort;
	if (subject->role != OURS)
		return (struct work){ 0 };
	kmem_boot(2048, sizeof(long) == 4 ? "" : "highmem=1G");
	nr_pages = line->size;
	for (unsigned long i = 0; i < nr_pages; i++) {
		pages[i] = alloc_pages(GFP_HIGHUSER, 0);
		if (!pages[i])
			fail("no high memory");
	}
	return (struct work){ .run = line->shape == KMAP ? run_kmap : run_kmap_local,
			      .smallest = nr_pages == 1 ? 256 : 2048 };
}

#endif

static double quoted(const struct line *line, const struct subject *subject)
{
	return subject->role == PEER && line->count ? (double)line->count : NAN;
}

static const struct subject subjects[] = { { "kmem", OURS, NULL }, { "linux 6.1 i386 (quoted)", PEER, NULL } };

const struct section section_highmem = {
	.name = "highmem", .title = "High memory: map and unmap a page", .unit = "time", .method = TIMED,
	.has_ratios = true,
	.subjects = subjects, .nr_subjects = ARRAY_LENGTH(subjects),
	.lines = lines, .nr_lines = ARRAY_LENGTH(lines),
	.prepare = prepare_highmem,
	.quoted_instructions = quoted,
};
