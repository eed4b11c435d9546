/* SPDX-License-Identifier: MIT */
/*
 * bench_misc.c - what only a kernel has: machines, vmalloc, caches, reserves, the checker.
 *
 * "mmap" does with bare system calls what a line does at its heart: map and unmap pages of a memfd that are resident.
 * Lines whose name ends in "boot" time machine_boot() alone, not the shutdown after it.
 */
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench/bench.h"

#define MIB (1ul << 20)

struct misc_case {
	void (*setup)(unsigned long size);
	run_fn run;				/* n operations */
	double (*measure)(const struct effort *effort);	/* instead of run: the figure itself */
};

static unsigned long line_size;

/* ---- bare system calls ---- */

static int frames = -1;

static void bare_setup(unsigned long size)
{
	void *first;

	frames = memfd_create("bench", MFD_CLOEXEC);
	if (frames < 0 || ftruncate(frames, (off_t)size))
		fail("no memfd");
	first = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, frames, 0);
	if (first == MAP_FAILED)
		fail("cannot map a memfd");
	memset(first, 1, size);
}

static void bare_map(void *context, unsigned long n)
{
	(void)context;
	while (n--) {
		void *area = mmap(NULL, line_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, frames, 0);

		if (area == MAP_FAILED)
			fail("cannot map a memfd");
		munmap(area, line_size);
	}
}

#ifdef NO_KMEM

#define KMEM_CASE(...) { NULL, NULL, NULL }

#else

#include <kmem/kmem.h>

#include "bench/object_loops.h"

#define KMEM_CASE(...) { __VA_ARGS__ }
#define BULK 64u

static void *must(void *object)
{
	if (!object)
		fail("kmem has no memory for the line");
	return object;
}

static void setup_machine(unsigned long size)
{
	(void)size;
	kmem_page_calls(PAGES_MIB);
}

/* ---- machines ---- */

static char boot_cmdline[64];

static void setup_boot(unsigned long mib)
{
	snprintf(boot_cmdline, sizeof(boot_cmdline), "mem=%luM loglevel=4", mib);
}

static double boot_seconds(void)
{
	const struct machine_config config = { .cmdline = boot_cmdline };
	double start = now_seconds(), taken;
	struct machine *m = machine_boot(&config);

	taken = now_seconds() - start;
	if (!m)
		fail("cannot boot with %s", boot_cmdline);
	machine_shutdown(m);
	return taken;
}

static double measure_boot(const struct effort *effort)
{
	double sample[32];
	size_t nr = effort->quick ? 3 : ARRAY_LENGTH(sample);

	for (size_t i = 0; i < nr; i++)
		sample[i] = boot_seconds() * 1e9;
	return median_of(sample, nr);
}

/* A machine in use: 100,000 objects of many sizes, 1,000 areas, blocks of every order. */
static void setup_populated(unsigned long objects)
{
	uint64_t random = 1;

	setup_machine(0);
	for (unsigned long i = 0; i < objects; i++)
		must(kmalloc(log_size(next_random(&random)), GFP_KERNEL));
	for (unsigned long i = 0; i < objects / 100; i++)
		must(vmalloc(4 * PAGE_SIZE));
	for (unsigned int i = 0; i < objects / 100; i++)
		must(alloc_pages(GFP_KERNEL, i % 5));
}

static void run_check(void *context, unsigned long n)
{
	struct kmem_fault fault;

	(void)context;
	while (n--)
		if (!kmem_check(machine_current(), &fault))
			fail("kmem_check: %s %s", fault.id, fault.place);
}

/* ---- vmalloc ---- */

static void run_vmalloc(void *context, unsigned long n)
{
	(void)context;
	while (n--)
		vfree(must(vmalloc(line_size)));
}

#define MAPPED_PAGES 16u
static struct page *mapped[MAPPED_PAGES];

static void setup_vmap(unsigned long size)
{
	setup_machine(size);
	for (unsigned int i = 0; i < MAPPED_PAGES; i++)
		mapped[i] = must(alloc_pages(GFP_KERNEL, 0));
}

static void run_vmap(void *context, unsigned long n)
{
	(void)context;
	while (n--)
		vunmap(must(vmap(mapped, MAPPED_PAGES, VM_MAP, PAGE_KERNEL)));
}

static void run_vm_map_ram(void *context, unsigned long n)
{
	(void)context;
	while (n--)
		vm_unmap_ram(must(vm_map_ram(mapped, MAPPED_PAGES, NUMA_NO_NODE)), MAPPED_PAGES);
}

static void run_kvmalloc(void *context, unsigned long n)
{
	(void)context;
	while (n--)
		kvfree(must(kvmalloc(line_size, GFP_KERNEL)));
}

/* ---- objects ---- */

static struct kmem_cache *cache;
static mempool_t *pool;
static struct page *pages[512];

static void setup_cache(unsigned long size)
{
	setup_machine(0);
	cache = must(kmem_cache_create("bench", (unsigned int)size, 0, SLAB_NO_MERGE, NULL));
}

static void run_cache_pair(void *context, unsigned long n)
{
	(void)context;
	while (n--) {
		void *object = kmem_cache_alloc(cache, GFP_KERNEL);

		touch(object);
		kmem_cache_free(cache, object);
	}
}

/* An operation is one object. */
static void run_cache_bulk(void *context, unsigned long n)
{
	void *objects[BULK];

	(void)context;
	for (; n >= BULK; n -= BULK) {
		if (!kmem_cache_alloc_bulk(cache, GFP_KERNEL, BULK, objects))
			fail("no bulk of objects");
		kmem_cache_free_bulk(cache, BULK, objects);
	}
}

/* From size to twice that: always another object, and a copy. */
static void run_krealloc(void *context, unsigned long n)
{
	(void)context;
	while (n--) {
		void *object = must(kmalloc(line_size, GFP_KERNEL));

		kfree(must(krealloc(object, 2 * line_size, GFP_KERNEL)));
	}
}

static void run_kmalloc(void *context, unsigned long n)
{
	(void)context;
	while (n--)
		kfree(must(__kmalloc(line_size, GFP_KERNEL)));
}

static void setup_mempool(unsigned long size)
{
	setup_cache(size);
	pool = must(mempool_create_slab_pool(16, cache));
}

static void run_mempool(void *context, unsigned long n)
{
	(void)context;
	while (n--)
		mempool_free(must(mempool_alloc(pool, GFP_KERNEL)), pool);
}

static void run_zeroed_page(void *context, unsigned long n)
{
	(void)context;
	while (n--)
		free_page(get_zeroed_page(GFP_KERNEL));
}

/* An operation is one page. */
static void run_pages_bulk(void *context, unsigned long n)
{
	(void)context;
	for (n = (n + ARRAY_LENGTH(pages) - 1) / ARRAY_LENGTH(pages); n; n--) {
		memset(pages, 0, sizeof(pages));
		if (alloc_pages_bulk_array(GFP_KERNEL, ARRAY_LENGTH(pages), pages) < ARRAY_LENGTH(pages))
			fail("no bulk of pages");
		free_pages_bulk(pages, ARRAY_LENGTH(pages));
	}
}

#endif

/* ---- the table ---- */

enum {
	BOOT, CHECK, VMALLOC, VMAP, VM_MAP_RAM, KVMALLOC, CACHE_PAIR, CACHE_BULK, KREALLOC, KMALLOC, MEMPOOL,
	ZEROED_PAGE, PAGES_BULK, NR_CASES,
};

static const struct misc_case kmem_cases[] = {
	[BOOT] = KMEM_CASE(setup_boot, NULL, measure_boot),
	[CHECK] = KMEM_CASE(setup_populated, run_check, NULL),
	[VMALLOC] = KMEM_CASE(setup_machine, run_vmalloc, NULL),
	[VMAP] = KMEM_CASE(setup_vmap, run_vmap, NULL),
	[VM_MAP_RAM] = KMEM_CASE(setup_vmap, run_vm_map_ram, NULL),
	[KVMALLOC] = KMEM_CASE(setup_machine, run_kvmalloc, NULL),
	[CACHE_PAIR] = KMEM_CASE(setup_cache, run_cache_pair, NULL),
	[CACHE_BULK] = KMEM_CASE(setup_cache, run_cache_bulk, NULL),
	[KREALLOC] = KMEM_CASE(setup_machine, run_krealloc, NULL),
	[KMALLOC] = KMEM_CASE(setup_machine, run_kmalloc, NULL),
	[MEMPOOL] = KMEM_CASE(setup_mempool, run_mempool, NULL),
	[ZEROED_PAGE] = KMEM_CASE(setup_machine, run_zeroed_page, NULL),
	[PAGES_BULK] = KMEM_CASE(setup_machine, run_pages_bulk, NULL),
};

static const struct misc_case bare_cases[] = {
	[VMALLOC] = { bare_setup, bare_map, NULL },
	[VMAP] = { bare_setup, bare_map, NULL },
	[VM_MAP_RAM] = { bare_setup, bare_map, NULL },
	[NR_CASES - 1] = { NULL, NULL, NULL },
};

static double measure_misc(const struct line *line, const struct subject *subject, const struct effort *effort)
{
	bool is_bare = subject->role != OURS;
	const struct misc_case *c = is_bare ? &bare_cases[line->shape] : &kmem_cases[line->shape];

	if (!c->setup)
		return NAN;
	line_size = line->size;
	c->setup(effort->quick && line->shape == CHECK ? 1000 : line->size);
	return c->measure ? c->measure(effort) : median_ns(c->run, NULL, line->count, effort);
}

static const struct subject subjects[] = { { "kmem", OURS, NULL }, { "mmap", BASELINE, NULL } };

/* line->size: bytes, for machines MiB. line->count: the fewest operations of a sample. */
static const struct line lines[] = {
	{ "machine of 64 MiB, boot", BOOT, 64, 1 },
	{ "machine of 1 GiB, boot", BOOT, 1024, 1 },
	{ "machine of 1 TiB, boot", BOOT, 1024 * 1024, 1 },
	{ "kmem_check, 100,000 objects", CHECK, 100000, 1 },
	{ "vmalloc 4 KiB pair", VMALLOC, 4096, 1 },
	{ "vmalloc 64 KiB pair", VMALLOC, 65536, 1 },
	{ "vmalloc 1 MiB pair", VMALLOC, MIB, 1 },
	{ "vmap 16 pages pair", VMAP, 65536, 1 },
	{ "vm_map_ram 16 pages pair", VM_MAP_RAM, 65536, 1 },
	{ "kvmalloc 64 KiB pair", KVMALLOC, 65536, 1 },
	{ "kmem_cache pair 256", CACHE_PAIR, 256, 64 },
	{ "kmem_cache bulk of 64, an object", CACHE_BULK, 256, 64 },
	{ "krealloc 64 to 128 and kfree", KREALLOC, 64, 64 },
	{ "kmalloc 16 KiB pair", KMALLOC, 16384, 64 },
	{ "kmalloc 1 MiB pair", KMALLOC, MIB, 64 },
	{ "mempool pair 256", MEMPOOL, 256, 64 },
	{ "get_zeroed_page pair", ZEROED_PAGE, 0, 64 },
	{ "alloc_pages_bulk of 512, a page", PAGES_BULK, 0, 512 },
};

const struct section section_misc = {
	.name = "misc", .title = "Machines, vmalloc, caches, reserves", .unit = "time", .method = TIMED,
	.subjects = subjects, .nr_subjects = ARRAY_LENGTH(subjects),
	.lines = lines, .nr_lines = ARRAY_LENGTH(lines),
	.measure = measure_misc,
};
