/* SPDX-License-Identifier: MIT */
/*
 * bench_vmalloc.c - memory that is contiguous only virtually, beside the mapping calls of a process.
 *
 * "mmap" does with bare system calls what a line does at its heart: it maps pages of a memfd that are resident, and
 * unmaps them: one call a run of neighbours, and one for the unmapping. kmem also finds the addresses and the
 * frames, and keeps freed addresses dead until a flush; what it freed it shuts, and opens again for the same frames, in
 * cheaper calls. System calls are counted with the instructions.
 *
 *	lazy_vfree	freed areas are not even shut (kmem.lazy_vfree=1)
 *	scattered	no two free frames are neighbours: a call for each page
 *	batch		256 areas live before the first is freed: what lazy unmapping puts off, it does in one
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench/bench.h"

enum shape {
	VMALLOC, VMALLOC_OPEN, VMALLOC_WRITTEN, VMALLOC_SCATTERED, VMALLOC_BATCH, VMAP, VM_MAP_RAM, VM_MAP_RAM_BATCH,
};

#define MIB (1ul << 20)
#define BATCH 256u
#define MAX_MAPPED 256u

/* One line of this process. */
static struct {
	unsigned long bytes, pages;
	bool is_scattered;
	void *area[BATCH];
	int frames;		/* bare: the memfd */
	char *window;		/* bare, scattered: where pages are mapped */
} job;

/* ---- bare system calls ---- */

static void bare_setup(void)
{
	unsigned long bytes = job.is_scattered ? 2 * job.bytes : job.bytes;
	void *first;

	job.frames = memfd_create("bench", MFD_CLOEXEC);
	if (job.frames < 0 || ftruncate(job.frames, (off_t)bytes))
		fail("no memfd");
	first = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, job.frames, 0);
	if (first == MAP_FAILED)
		fail("cannot map a memfd");
	memset(first, 1, bytes);
}

static void *bare_map(void)
{
	void *area = mmap(NULL, job.bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, job.frames, 0);

	if (area == MAP_FAILED)
		fail("cannot map a memfd");
	return area;
}

/* Every second page, which never merges with its neighbour's mapping, into a hole that is known to be free. */
static void *bare_map_scattered(void)
{
	char *area = mmap(NULL, job.bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (area == MAP_FAILED)
		fail("no address space");
	munmap(area, job.bytes);
	for (unsigned long i = 0; i < job.pages; i++)
		if (mmap(area + i * BENCH_PAGE_SIZE, BENCH_PAGE_SIZE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_POPULATE | MAP_FIXED, job.frames, (off_t)(2 * i * BENCH_PAGE_SIZE)) ==
		    MAP_FAILED)
			fail("cannot map a page");
	return area;
}

static void bare_pairs(void *unused, unsigned long n)
{
	(void)unused;
	while (n--)
		munmap(job.is_scattered ? bare_map_scattered() : bare_map(), job.bytes);
}

static void bare_written(void *unused, unsigned long n)
{
	(void)unused;
	while (n--)
		munmap(memset(bare_map(), 1, job.bytes), job.bytes);
}

static void bare_batch(void *unused, unsigned long n)
{
	(void)unused;
	for (; n >= BATCH; n -= BATCH) {
		for (unsigned int i = 0; i < BATCH; i++)
			job.area[i] = bare_map();
		for (unsigned int i = 0; i < BATCH; i++)
			munmap(job.area[i], job.bytes);
	}
}

static run_fn prepare_bare(enum shape shape)
{
	bare_setup();
	if (shape == VMALLOC_BATCH || shape == VM_MAP_RAM_BATCH)
		return bare_batch;
	return shape == VMALLOC_WRITTEN ? bare_written : bare_pairs;
}

/* ---- kmem ---- */

#ifdef NO_KMEM

static run_fn prepare_kmem(enum shape shape)
{
	(void)shape;
	return NULL;
}

#else

#include <kmem/kmem.h>

#define SCATTERED_MIB 64u

static struct page *mapped[MAX_MAPPED];

static void *must(void *object)
{
	if (!object)
		fail("kmem has no memory for the line");
	return object;
}

static void run_vmalloc(void *unused, unsigned long n)
{
	(void)unused;
	while (n--)
		vfree(must(vmalloc(job.bytes)));
}

static void run_vmalloc_written(void *unused, unsigned long n)
{
	(void)unused;
	while (n--)
		vfree(memset(must(vmalloc(job.bytes)), 1, job.bytes));
}

static void run_vmalloc_batch(void *unused, unsigned long n)
{
	(void)unused;
	for (; n >= BATCH; n -= BATCH) {
		for (unsigned int i = 0; i < BATCH; i++)
			job.area[i] = must(vmalloc(job.bytes));
		for (unsigned int i = 0; i < BATCH; i++)
			vfree(job.area[i]);
	}
}

static void run_vmap(void *unused, unsigned long n)
{
	(void)unused;
	while (n--)
		vunmap(must(vmap(mapped, (unsigned int)job.pages, VM_MAP, PAGE_KERNEL)));
}

static void run_vm_map_ram(void *unused, unsigned long n)
{
	unsigned int pages = (unsigned int)job.pages;

	(void)unused;
	while (n--)
		vm_unmap_ram(must(vm_map_ram(mapped, pages, NUMA_NO_NODE)), pages);
}

static void run_vm_map_ram_batch(void *unused, unsigned long n)
{
	unsigned int pages = (unsigned int)job.pages;

	(void)unused;
	for (; n >= BATCH; n -= BATCH) {
		for (unsigned int i = 0; i < BATCH; i++)
			job.area[i] = must(vm_map_ram(mapped, pages, NUMA_NO_NODE));
		for (unsigned int i = 0; i < BATCH; i++)
			vm_unmap_ram(job.area[i], pages);
	}
}

/* Take all pages, reserves included, then give those of even numbers back, up to @keep_free: no neighbours. */
static void scatter(unsigned long keep_free)
{
	struct page **taken = scratch(SCATTERED_MIB * 256 * sizeof(*taken));
	unsigned long nr = 0, given = 0;

	while (nr < SCATTERED_MIB * 256ul &&
	       (taken[nr] = alloc_pages(GFP_ATOMIC | __GFP_MEMALLOC | __GFP_NOWARN, 0)))
		nr++;
	for (unsigned long i = 0; i < nr && given < keep_free; i++) {
		if (page_to_pfn(taken[i]) % 2)
			continue;
		__free_page(taken[i]);
		given++;
	}
	drain_all_pages();
}

static void take_pages(void)
{
	for (unsigned long i = 0; i < job.pages; i++)
		mapped[i] = must(alloc_pages(GFP_KERNEL, 0));
}

static run_fn prepare_kmem(enum shape shape)
{
	kmem_boot(job.is_scattered ? SCATTERED_MIB : PAGES_MIB, shape == VMALLOC_OPEN ? "kmem.lazy_vfree=1" : "");
	if (job.is_scattered)
		scatter(SCATTERED_MIB * 128ul);
	if (shape == VMAP || shape == VM_MAP_RAM || shape == VM_MAP_RAM_BATCH)
		take_pages();
	switch (shape) {
	case VMALLOC:
	case VMALLOC_OPEN:
	case VMALLOC_SCATTERED:
		return run_vmalloc;
	case VMALLOC_WRITTEN:
		return run_vmalloc_written;
	case VMALLOC_BATCH:
		return run_vmalloc_batch;
	case VMAP:
		return run_vmap;
	case VM_MAP_RAM:
		return run_vm_map_ram;
	case VM_MAP_RAM_BATCH:
		return run_vm_map_ram_batch;
	}
	return NULL;
}

#endif

/* ---- the table ---- */

static struct work prepare_vmalloc(const struct line *line, const struct subject *subject, const struct effort *effort)
{
	enum shape shape = (enum shape)line->shape;
	bool is_batch = shape == VMALLOC_BATCH || shape == VM_MAP_RAM_BATCH;

	(void)effort;
	job.bytes = line->size;
	job.pages = line->size / BENCH_PAGE_SIZE;
	job.is_scattered = shape == VMALLOC_SCATTERED || line->count;
	return (struct work){
		.run = subject->role == OURS ? prepare_kmem(shape) : prepare_bare(shape),
		.smallest = is_batch ? BATCH : 1,
		.warm = KEPT_WARM,
	};
}

static const struct subject subjects[] = { { "kmem", OURS, NULL }, { "mmap", PEER, NULL } };

/* line->count: are the frames scattered? */
static const struct line lines[] = {
	{ "vmalloc 4 KiB pair", VMALLOC, 4096, 0 },
	{ "vmalloc 64 KiB pair", VMALLOC, 65536, 0 },
	{ "vmalloc 1 MiB pair", VMALLOC, MIB, 0 },
	{ "vmalloc 4 KiB pair, lazy_vfree", VMALLOC_OPEN, 4096, 0 },
	{ "vmalloc 1 MiB pair, lazy_vfree", VMALLOC_OPEN, MIB, 0 },
	{ "vmalloc 1 MiB pair, 256 scattered frames", VMALLOC_SCATTERED, MIB, 1 },
	{ "vmalloc 1 MiB pair, written", VMALLOC_WRITTEN, MIB, 0 },
	{ "vmalloc 4 KiB, batch of 256", VMALLOC_BATCH, 4096, 0 },
	{ "vmap 16 pages pair", VMAP, 65536, 0 },
	{ "vmap 16 scattered pages pair", VMAP, 65536, 1 },
	{ "vm_map_ram 16 pages pair", VM_MAP_RAM, 65536, 0 },
	{ "vm_map_ram 16 scattered pages pair", VM_MAP_RAM, 65536, 1 },
	{ "vm_map_ram 16 pages, batch of 256", VM_MAP_RAM_BATCH, 65536, 0 },
};

const struct section section_vmalloc = {
	.name = "vmalloc", .title = "Virtual memory: map and unmap", .unit = "time", .method = TIMED,
	.has_ratios = true,
	.subjects = subjects, .nr_subjects = ARRAY_LENGTH(subjects),
	.lines = lines, .nr_lines = ARRAY_LENGTH(lines),
	.prepare = prepare_vmalloc,
};
