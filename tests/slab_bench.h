/* SPDX-License-Identifier: MIT */
/*
 * slab_bench.h - a machine with slabs of all kinds, on which one truth is broken, found by its id, and repaired.
 *
 *	ASSERT(t, bench_ready(t));  ...break...  expect_fault(t, "S1");  ...repair...  EXPECT(t, holds(t));
 */
#ifndef TESTS_SLAB_BENCH_H
#define TESTS_SLAB_BENCH_H

#include "mm/slab_walk.h"
#include "mm/stats.h"
#include "tests/page_machine.h"

#define NR_OBJECTS 300u

/* A machine with a cache that has full, partial and empty slabs, sheaves at the CPU and in the barn. */
struct bench {
	struct machine *m;
	struct kmem_cache *cache;
	struct kmem_cache_node *node;
	struct cpu_sheaf *slot;
	void *objects[NR_OBJECTS];
};

static struct bench bench;

static inline void bench_end(void *arg)
{
	for (unsigned int i = 0; i < NR_OBJECTS; i++)
		kmem_cache_free(bench.cache, bench.objects[i]);
	kmem_cache_destroy(bench.cache);
	(void)arg;
}

static inline bool holds(struct ktap *t)
{
	struct kmem_fault fault = { 0 };
	bool good = kmem_check(bench.m, &fault);

	if (!good)
		ktap_fail(t, "%s: %s", fault.id, fault.place);
	return good;
}

/* The fault is found, by this id, with a place; and a caller who wants no details is told as much. */
static inline void expect_fault(struct ktap *t, const char *id)
{
	struct kmem_fault fault = { .id = "none" };

	EXPECT(t, !kmem_check(bench.m, &fault));
	EXPECT_STR(t, fault.id, id);
	EXPECT_GT(t, strlen(fault.place), 5);
	EXPECT(t, !kmem_check(bench.m, NULL));
}

static inline bool bench_start(struct ktap *t, const char *cmdline)
{
	struct machine *m = machine_for(t, cmdline);
	struct kmem_cache *cache;

	if (!m)
		return false;
	cache = kmem_cache_create("bench", 320, 0, SLAB_NO_MERGE, NULL);
	if (!EXPECT_NOT_NULL(t, cache))
		return false;
	bench = (struct bench){ .m = m, .cache = cache, .node = cache->node[0] };
	bench.slot = &m->cpus[0]->sheaves[cache->id];
	for (unsigned int i = 0; i < NR_OBJECTS; i++)
		bench.objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	ktap_cleanup(t, bench_end, NULL);
	return holds(t);
}

static inline bool bench_ready(struct ktap *t)
{
	return bench_start(t, "mem=64M nr_cpus=1 kmem.sheaf=20");
}

static inline struct page *first_slab(struct list_head *list)
{
	return list_empty(list) ? NULL : list_first_entry(list, struct page, slab_list);
}

/* A partial slab: straight into a slab goes what passes by the sheaves. */
static inline struct page *partial_slab(struct ktap *t)
{
	if (!first_slab(&bench.node->partial)) {
		kmem_cache_free(bench.cache, bench.objects[0]);
		kmem_cache_free(bench.cache, bench.objects[NR_OBJECTS / 2]);
		cache_drain(bench.cache);
		bench.objects[0] = bench.objects[NR_OBJECTS / 2] = NULL;
	}
	EXPECT_NOT_NULL(t, first_slab(&bench.node->partial));
	return first_slab(&bench.node->partial);
}

/* Free enough that the CPU has two sheaves and the barn some. */
static inline void sheaves_fill(void)
{
	for (unsigned int i = 0; i < 120; i++) {
		kmem_cache_free(bench.cache, bench.objects[i]);
		bench.objects[i] = NULL;
	}
}

#endif
