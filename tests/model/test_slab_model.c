/* SPDX-License-Identifier: MIT */
/*
 * test_slab_model.c - random calls against a model too simple to be wrong: a table of what is live, with its size and
 * pattern. At each free the contents are compared; at intervals the counts are, and kmem_check() must hold; at the end
 * the machine must report exactly what the model still has.
 */
#include <linux/string.h>
#include "tests/slab_machine.h"

#define STEPS KTAP_STEPS(200000)
#define SLOTS 3000
#define CACHES 6

struct entry {
	unsigned char *object;
	size_t size;
	int cache; /* -1: kmalloc */
	unsigned char pattern;
};

struct model {
	struct machine *m;
	struct kmem_cache *caches[CACHES];
	unsigned long live_of[CACHES];
	unsigned long live, steps;
	struct entry entries[SLOTS];
};

static struct model model;

/* Contents follow the pattern and the place, so that neighbours differ. */
static unsigned char byte_of(const struct entry *e, size_t at)
{
	return (unsigned char)(e->pattern + at * 7);
}

/* Of large objects every 61st byte is enough. */
static size_t stride_of(size_t size)
{
	return size > 4096 ? 61 : 1;
}

static void entry_fill(struct entry *e)
{
	for (size_t i = 0; i < e->size; i += stride_of(e->size))
		e->object[i] = byte_of(e, i);
}

/* The first bytes of an object that was filled when it was of that size. */
static bool entry_is_intact(const struct entry *e, size_t bytes, size_t size)
{
	for (size_t i = 0; i < bytes; i += stride_of(size))
		if (e->object[i] != byte_of(e, i))
			return false;
	return true;
}

static size_t random_size(struct ktap *t)
{
	switch (ktap_below(t, 8)) {
	case 0: return 1 + ktap_below(t, 8192);
	case 1: return ktap_below(t, 10) ? 1 + ktap_below(t, 3000) : 8193 + ktap_below(t, 60000);
	case 2: return 1ul << ktap_below(t, 13);
	}
	return 1 + ktap_below(t, 300);
}

static void model_add(struct entry *e)
{
	model.live++;
	if (e->cache >= 0)
		model.live_of[e->cache]++;
}

static void model_remove(struct entry *e)
{
	model.live--;
	if (e->cache >= 0)
		model.live_of[e->cache]--;
	e->object = NULL;
}

static bool allocate(struct ktap *t, struct entry *e)
{
	bool zero = ktap_below(t, 4) == 0;
	gfp_t gfp = (ktap_below(t, 3) ? GFP_KERNEL : GFP_ATOMIC) | (zero ? __GFP_ZERO : 0);

	e->cache = (int)ktap_below(t, CACHES + 8) - 8;
	e->cache = e->cache < 0 ? -1 : e->cache;
	e->pattern = (unsigned char)ktap_random(t);
	if (e->cache >= 0) {
		e->size = kmem_cache_size(model.caches[e->cache]);
		e->object = kmem_cache_alloc(model.caches[e->cache], gfp);
	} else {
		e->size = random_size(t);
		e->object = ktap_below(t, 20) ? kmalloc(e->size, gfp) : kmalloc_node(e->size, gfp, 0);
	}
	if (!e->object)
		return false;
	if (zero && !bytes_are_all(e->object, 0, e->size)) {
		ktap_fail(t, "step %lu: %lu bytes are not zero", model.steps, (unsigned long)e->size);
		return false;
	}
	entry_fill(e);
	model_add(e);
	return true;
}

static bool release(struct ktap *t, struct entry *e)
{
	if (!entry_is_intact(e, e->size, e->size)) {
		ktap_fail(t, "step %lu: an object of %lu bytes (cache %d) has changed", model.steps,
			(unsigned long)e->size, e->cache);
		return false;
	}
	if (e->cache >= 0 && ktap_below(t, 3))
		kmem_cache_free(model.caches[e->cache], e->object);
	else if (ktap_below(t, 30))
		kfree(e->object);
	else
		kfree_sensitive(e->object);
	model_remove(e);
	return true;
}

static bool resize(struct ktap *t, struct entry *e)
{
	size_t size = random_size(t), old = e->size, kept = old < size ? old : size;
	unsigned char *moved = krealloc(e->object, size, GFP_KERNEL);

	if (!moved)
		return false;
	e->object = moved;
	e->size = size;
	if (!entry_is_intact(e, kept, old)) {
		ktap_fail(t, "step %lu: krealloc() to %lu bytes lost some", model.steps, (unsigned long)size);
		return false;
	}
	entry_fill(e);
	return true;
}

static bool counts_agree(struct ktap *t)
{
	EXPECT_EQ(t, live_in_machine(model.m), model.live);
	for (int i = 0; i < CACHES; i++)
		EXPECT_EQ(t, cache_live_objects(model.caches[i]), model.live_of[i]);
	return machine_holds(t, model.m) && !ktap_failed(t);
}

static bool step(struct ktap *t)
{
	struct entry *e = &model.entries[ktap_below(t, SLOTS)];
	uint64_t rare = ktap_below(t, 20000);

	model.steps++;
	if (rare < 4)
		kmem_cache_shrink(model.caches[rare]);
	else if (rare == 4)
		slab_reclaim(model.m);
	if (!e->object)
		return allocate(t, e);
	/* The live set swells and shrinks. */
	if (model.steps / 20000 % 2 && ktap_below(t, 2))
		return true;
	if (e->cache < 0 && ktap_below(t, 8) == 0)
		return resize(t, e);
	return release(t, e);
}

static bool model_start(struct ktap *t, const char *cmdline)
{
	memset(&model, 0, sizeof(model));
	model.m = slab_machine(t, cmdline);
	if (!model.m)
		return false;
	for (int i = 0; i < CACHES; i++) {
		static const unsigned int sizes[CACHES] = { 24, 100, 333, 700, 1500, 5000 };
		struct kmem_cache_args args = { .align = i & 1 ? 64 : 0, .sheaf_capacity = i == 2 ? 2 : 0 };

		model.caches[i] = kmem_cache_create_args(
			"model", sizes[i], &args, i == 3 ? SLAB_TYPESAFE_BY_RCU : SLAB_NO_MERGE);
		if (!model.caches[i])
			return false;
	}
	/* The caches' names are kmalloc()s of kmem's own. */
	slab_live_at_boot += live_in_machine(model.m);
	return true;
}

static void run(struct ktap *t, const char *cmdline, unsigned long steps)
{
	ASSERT(t, model_start(t, cmdline));
	if (t->soak)
		steps *= 20;
	while (model.steps < steps) {
		ASSERT(t, step(t));
		if (model.steps % 10000 == 0)
			ASSERT(t, counts_agree(t));
	}
	EXPECT_STR(t, console_text(), "");
}

static void release_all(struct ktap *t, unsigned int keep_every)
{
	for (unsigned int i = 0; i < SLOTS; i++)
		if (model.entries[i].object && (!keep_every || i % keep_every))
			ASSERT(t, release(t, &model.entries[i]));
}

static void destroy_all(struct ktap *t)
{
	release_all(t, 0);
	ASSERT(t, counts_agree(t));
	for (int i = 0; i < CACHES; i++)
		kmem_cache_destroy(model.caches[i]);
	slab_live_at_boot -= CACHES;
	EXPECT_EQ(t, live_in_machine(model.m), 0);
	EXPECT_STR(t, console_text(), "");
}

static void random_calls_agree_with_the_model(struct ktap *t)
{
	run(t, "mem=256M", STEPS);
	destroy_all(t);
}

static void so_do_they_on_two_nodes(struct ktap *t)
{
	run(t, "mem=256M numa=fake=2 nr_cpus=2", STEPS / 4);
	destroy_all(t);
}

static void so_do_they_without_sheaves(struct ktap *t)
{
	run(t, "mem=256M kmem.sheaf=1", STEPS / 4);
	destroy_all(t);
}

static void so_do_they_with_tiny_sheaves(struct ktap *t)
{
	run(t, "mem=256M kmem.sheaf=2", STEPS / 4);
	destroy_all(t);
}

static void so_do_they_with_every_check(struct ktap *t)
{
	run(t, "mem=256M slub_debug=FZPU", STEPS / 10);
	destroy_all(t);
}

static void so_do_they_when_all_is_initialised(struct ktap *t)
{
	run(t, "mem=256M init_on_alloc=1 init_on_free=1", STEPS / 10);
	destroy_all(t);
}

static void shutdown_reports_exactly_what_the_model_still_has(struct ktap *t)
{
	run(t, "mem=256M", STEPS / 10);
	release_all(t, 7);
	EXPECT_GT(t, model.live, 100);
	slab_leaks_expected.slab_objects = model.live;
	slab_leaks_expected.slab_caches = CACHES;
}

KTAP_SUITE(slab_model, KTAP_CASE(random_calls_agree_with_the_model), KTAP_CASE(so_do_they_on_two_nodes),
	KTAP_CASE(so_do_they_without_sheaves), KTAP_CASE(so_do_they_with_tiny_sheaves),
	KTAP_CASE(so_do_they_with_every_check), KTAP_CASE(so_do_they_when_all_is_initialised),
	KTAP_CASE(shutdown_reports_exactly_what_the_model_still_has));
