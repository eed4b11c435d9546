/* SPDX-License-Identifier: MIT */
/*
 * bench_kernel.c - the kernel's own calls, beside Linux's own.
 *
 * The lines are those that were counted on Debian's Linux 6.1 (x86_64, freelist hardening, retpolines and cgroup
 * accounting on, init_on_alloc=0) by an emulator that executes one instruction a tick; those counts are quoted.
 * kmem's are callgrind's. What the host's own kernel does for a mapping is in neither kmem's count of vmalloc nor of
 * vmap, and stands there as system calls.
 */
#include <math.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/object_loops.h"

enum shape {
	KMALLOC_CONSTANT, KMALLOC, KMALLOC_ATOMIC, KMALLOC_ZEROED, KMALLOC_BATCH, KMALLOC_RANDOM, CACHE_PAIR,
	CACHE_BULK, PAGE_PAIR, PAGE_BATCH, PAGE_BULK, PAGE_ZEROED, VMALLOC, VMAP, VM_MAP_RAM, MEMPOOL,
};

/* line->size: bytes, order or pages. line->count: Linux's instructions. */
static const struct line lines[] = {
	{ "kmalloc pair 64 B, constant size", KMALLOC_CONSTANT, 64, 248 },
	{ "kmalloc pair 8192 B, constant size", KMALLOC_CONSTANT, 8192, 250 },
	{ "kmalloc pair 64 B", KMALLOC, 64, 271 },
	{ "kmalloc pair 64 B, GFP_ATOMIC", KMALLOC_ATOMIC, 64, 264 },
	{ "kzalloc pair 64 B", KMALLOC_ZEROED, 64, 296 },
	{ "kmalloc pair 16 KiB", KMALLOC, 16384, 1068 },
	{ "kmalloc pair 64 KiB", KMALLOC, 65536, 1823 },
	{ "kmalloc pair 1 MiB", KMALLOC, 1ul << 20, 11653 },
	{ "kmalloc batch of 256, 64 B", KMALLOC_BATCH, 64, 341 },
	{ "kmalloc batch of 256, 256 B", KMALLOC_BATCH, 256, 432 },
	{ "kmalloc batch of 256, 4096 B", KMALLOC_BATCH, 4096, 561 },
	{ "kmalloc uniform 8..8192 B, 1,024 live", KMALLOC_RANDOM, 1024, 572 },
	{ "kmem_cache pair 256 B", CACHE_PAIR, 256, 230 },
	{ "kmem_cache bulk of 64, an object", CACHE_BULK, 256, 116 },
	{ "mempool pair 256 B", MEMPOOL, 256, 350 },
	{ "alloc_pages pair, order 0", PAGE_PAIR, 0, 704 },
	{ "alloc_pages pair, order 1", PAGE_PAIR, 1, 780 },
	{ "alloc_pages pair, order 3", PAGE_PAIR, 3, 894 },
	{ "alloc_pages pair, order 9", PAGE_PAIR, 9, 9970 },
	{ "alloc_pages batch of 512, order 0", PAGE_BATCH, 0, 705 },
	{ "alloc_pages_bulk of 512, a page", PAGE_BULK, 0, 335 },
	{ "get_zeroed_page pair", PAGE_ZEROED, 0, 1269 },
	{ "vmalloc pair 4 KiB", VMALLOC, 4096, 3813 },
	{ "vmalloc pair 64 KiB", VMALLOC, 65536, 10484 },
	{ "vmalloc pair 1 MiB", VMALLOC, 1ul << 20, 121160 },
	{ "vmap pair 16 pages", VMAP, 16, 3682 },
	{ "vm_map_ram pair 16 pages", VM_MAP_RAM, 16, 2244 },
};

#ifdef NO_KMEM

static struct work prepare_kernel(const struct line *line, const struct subject *subject, const struct effort *effort)
{
	(void)line;
	(void)subject;
	(void)effort;
	return (struct work){ 0 };
}

#else

#include <kmem/kmem.h>

#define BULK 64u
#define PAGES 512u
#define MAPPED 16u

static struct {
	size_t size;
	struct kmem_cache *cache;
	mempool_t *pool;
	void *objects[1024];
	struct page *pages[PAGES];
	uint64_t random;
} job;

static void *must(void *object)
{
	if (!object)
		fail("kmem has no memory for the line");
	return object;
}

/* ---- kmalloc ---- */

#define RUN_CONSTANT(size)                                                                                             \
	static void run_constant_##size(void *unused, unsigned long n)                                                 \
	{                                                                                                              \
		(void)unused;                                                                                          \
		while (n--) {                                                                                          \
			void *object = opaque(kmalloc(size, GFP_KERNEL));                                              \
			touch(object);                                                                                 \
			kfree(object);                                                                                 \
		}                                                                                                      \
	}

RUN_CONSTANT(64)
RUN_CONSTANT(8192)

static void pairs(gfp_t gfp, unsigned long n)
{
	while (n--) {
		void *object = must(__kmalloc(job.size, gfp));

		touch(object);
		kfree(object);
	}
}

static void run_kmalloc(void *unused, unsigned long n)
{
	(void)unused;
	pairs(GFP_KERNEL, n);
}

static void run_atomic(void *unused, unsigned long n)
{
	(void)unused;
	pairs(GFP_ATOMIC, n);
}

static void run_zeroed(void *unused, unsigned long n)
{
	(void)unused;
	pairs(GFP_KERNEL | __GFP_ZERO, n);
}

static void run_batch(void *unused, unsigned long n)
{
	(void)unused;
	loop_batch_lifo((alloc_fn)(void *)__kmalloc, (free_fn)(void *)kfree, job.size, GFP_KERNEL, job.objects, n);
}

static void run_random(void *unused, unsigned long n)
{
	(void)unused;
	loop_replace((alloc_fn)(void *)__kmalloc, (free_fn)(void *)kfree, uniform_size, GFP_KERNEL, job.objects,
		     ARRAY_LENGTH(job.objects), &job.random, n);
}

/* ---- caches and pools ---- */

static void run_cache_pair(void *unused, unsigned long n)
{
	(void)unused;
	while (n--) {
		void *object = kmem_cache_alloc(job.cache, GFP_KERNEL);

		touch(object);
		kmem_cache_free(job.cache, object);
	}
}

/* An operation is one object. */
static void run_cache_bulk(void *unused, unsigned long n)
{
	(void)unused;
	for (; n >= BULK; n -= BULK) {
		if (!kmem_cache_alloc_bulk(job.cache, GFP_KERNEL, BULK, job.objects))
			fail("no bulk of objects");
		kmem_cache_free_bulk(job.cache, BULK, job.objects);
	}
}

static void run_mempool(void *unused, unsigned long n)
{
	(void)unused;
	while (n--)
		mempool_free(must(mempool_alloc(job.pool, GFP_KERNEL)), job.pool);
}

/* ---- pages ---- */

static void run_page_pair(void *unused, unsigned long n)
{
	unsigned int order = (unsigned int)job.size;

	(void)unused;
	while (n--)
		__free_pages(must(alloc_pages(GFP_KERNEL, order)), order);
}

/* An operation is one page, here and below. */
static void run_page_batch(void *unused, unsigned long n)
{
	(void)unused;
	for (; n >= PAGES; n -= PAGES) {
		for (unsigned int i = 0; i < PAGES; i++)
			job.pages[i] = must(alloc_pages(GFP_KERNEL, 0));
		for (unsigned int i = PAGES; i-- > 0;)
			__free_pages(job.pages[i], 0);
	}
}

static void run_page_bulk(void *unused, unsigned long n)
{
	(void)unused;
	for (; n >= PAGES; n -= PAGES) {
		memset(job.pages, 0, sizeof(job.pages));
		if (alloc_pages_bulk_array(GFP_KERNEL, PAGES, job.pages) < PAGES)
			fail("no bulk of pages");
		free_pages_bulk(job.pages, PAGES);
	}
}

static void run_zeroed_page(void *unused, unsigned long n)
{
	(void)unused;
	while (n--)
		free_page(get_zeroed_page(GFP_KERNEL));
}

/* ---- addresses ---- */

static void run_vmalloc(void *unused, unsigned long n)
{
	(void)unused;
	while (n--)
		vfree(must(vmalloc(job.size)));
}

static void run_vmap(void *unused, unsigned long n)
{
	(void)unused;
	while (n--)
		vunmap(must(vmap(job.pages, MAPPED, VM_MAP, PAGE_KERNEL)));
}

static void run_vm_map_ram(void *unused, unsigned long n)
{
	(void)unused;
	while (n--)
		vm_unmap_ram(must(vm_map_ram(job.pages, MAPPED, NUMA_NO_NODE)), MAPPED);
}

/* ---- a line made ready ---- */

static void fill_objects(void)
{
	for (size_t i = 0; i < ARRAY_LENGTH(job.objects); i++)
		job.objects[i] = must(kmalloc(uniform_size(next_random(&job.random)), GFP_KERNEL));
}

static void make_cache(void)
{
	job.cache = must(kmem_cache_create("bench", (unsigned int)job.size, 0, SLAB_NO_MERGE, NULL));
	job.pool = must(mempool_create_slab_pool(16, job.cache));
}

static void take_pages(void)
{
	for (unsigned int i = 0; i < MAPPED; i++)
		job.pages[i] = must(alloc_pages(GFP_KERNEL, 0));
}

static const struct {
	run_fn run;
	void (*setup)(void);
	unsigned long smallest;
} cases[] = {
	[KMALLOC_CONSTANT] = { run_constant_64, NULL, 256 },
	[KMALLOC] = { run_kmalloc, NULL, 256 },
	[KMALLOC_ATOMIC] = { run_atomic, NULL, 256 },
	[KMALLOC_ZEROED] = { run_zeroed, NULL, 256 },
	[KMALLOC_BATCH] = { run_batch, NULL, BATCH },
	[KMALLOC_RANDOM] = { run_random, fill_objects, 256 },
	[CACHE_PAIR] = { run_cache_pair, make_cache, 256 },
	[CACHE_BULK] = { run_cache_bulk, make_cache, BULK },
	[PAGE_PAIR] = { run_page_pair, NULL, 256 },
	[PAGE_BATCH] = { run_page_batch, NULL, PAGES },
	[PAGE_BULK] = { run_page_bulk, NULL, PAGES },
	[PAGE_ZEROED] = { run_zeroed_page, NULL, 64 },
	[VMALLOC] = { run_vmalloc, NULL, 1 },
	[VMAP] = { run_vmap, take_pages, 1 },
	[VM_MAP_RAM] = { run_vm_map_ram, take_pages, 1 },
	[MEMPOOL] = { run_mempool, make_cache, 256 },
};

static struct work prepare_kernel(const struct line *line, const struct subject *subject, const struct effort *effort)
{
	run_fn run = cases[line->shape].run;

	(void)effort;
	if (subject->role != OURS)
		return (struct work){ 0 };
	kmem_page_calls(PAGES_MIB);
	job.size = line->size;
	job.random = 0x9e3779b97f4a7c15;
	if (cases[line->shape].setup)
		cases[line->shape].setup();
	if (run == run_constant_64 && line->size == 8192)
		run = run_constant_8192;
	return (struct work){ .run = run, .smallest = cases[line->shape].smallest,
			      .warm = line->shape >= VMALLOC && line->shape <= VM_MAP_RAM ? KEPT_WARM : 0 };
}

#endif

static double quoted(const struct line *line, const struct subject *subject)
{
	return subject->role == PEER ? (double)line->count : NAN;
}

static const struct subject subjects[] = { { "kmem", OURS, NULL }, { "linux 6.1 (quoted)", PEER, NULL } };

const struct section section_kernel = {
	.name = "kernel", .title = "The kernel's calls: an alloc+free pair", .unit = "time", .method = TIMED,
	.has_ratios = true,
	.subjects = subjects, .nr_subjects = ARRAY_LENGTH(subjects),
	.lines = lines, .nr_lines = ARRAY_LENGTH(lines),
	.prepare = prepare_kernel,
	.quoted_instructions = quoted,
};
