/* SPDX-License-Identifier: MIT */
/*
 * test_slab_bulk.c - many objects at once: as one by one, and each crime among them is refused, and only that.
 */
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "tests/slab_machine.h"

#define NR 700

static void *objects[NR], *others[NR];

struct bulk {
	struct machine *m;
	struct kmem_cache *cache;
	struct cpu_sheaf *slot;
};

static bool bulk_cache(struct bulk *b, unsigned int size)
{
	b->cache = kmem_cache_create("bulk", size, 0, SLAB_NO_MERGE, NULL);
	if (!b->cache)
		return false;
	b->slot = &this_cpu()->sheaves[b->cache->id];
	kmem_cache_free(b->cache, kmem_cache_alloc(b->cache, GFP_KERNEL));	/* there is a sheaf now */
	return true;
}

static bool bulk_start(struct ktap *t, struct bulk *b, const char *cmdline, unsigned int size)
{
	*b = (struct bulk){ .m = slab_machine(t, cmdline) };
	return b->m && bulk_cache(b, size);
}

/* All of them, each its own, stamped. */
static bool take(struct ktap *t, const struct bulk *b, size_t nr, void **into)
{
	if (kmem_cache_alloc_bulk(b->cache, GFP_KERNEL, nr, into) != (int)nr)
		return false;
	for (size_t i = 0; i < nr; i++)
		memset(into[i], (int)(i & 0x7f), b->cache->object_size);
	for (size_t i = 0; i < nr; i++)
		if (memchr_inv(into[i], (int)(i & 0x7f), b->cache->object_size))
			return ktap_fail(t, "object %zu of %zu has two owners", i, nr), false;
	return true;
}

/* Sizes with a power of two of objects a slab, and others; slabs of one page, and more. */
static void every_size_in_every_number(struct ktap *t)
{
	static const unsigned int sizes[] = { 8, 24, 64, 96, 192, 256, 700, 1984, 4096 };
	static const size_t numbers[] = { 1, 7, 8, 9, 63, 64, 65, 200, NR };

	struct bulk b = { .m = slab_machine(t, "mem=64M nr_cpus=1") };

	ASSERT_NOT_NULL(t, b.m);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		ASSERT(t, bulk_cache(&b, sizes[i]));
		for (size_t j = 0; j < 4 * ARRAY_SIZE(numbers); j++) {
			size_t nr = numbers[j % ARRAY_SIZE(numbers)];

			ASSERT(t, take(t, &b, nr, objects));
			EXPECT_EQ(t, cache_live_objects(b.cache), nr);
			if (j & 1)
				kfree_bulk(nr, objects);
			else
				kmem_cache_free_bulk(b.cache, nr, objects);
			EXPECT_EQ(t, cache_live_objects(b.cache), 0);
		}
		machine_holds(t, b.m);
		kmem_cache_destroy(b.cache);
	}
	EXPECT_STR(t, console_text(), "");
}

static void objects_of_many_caches_are_freed_at_once(struct ktap *t)
{
	static const size_t sizes[] = { 64, 64, 64, 96, 8, 5000, 20000, 64, 1 << 20 };
	struct machine *m = slab_machine(t, "mem=128M nr_cpus=1");
	unsigned long live;

	ASSERT_NOT_NULL(t, m);
	live = live_in_machine(m);
	for (int i = 0; i < 90; i++)
		objects[i] = kmalloc(sizes[i % ARRAY_SIZE(sizes)], GFP_KERNEL);
	objects[90] = NULL;
	objects[91] = ZERO_SIZE_PTR;
	objects[92] = kmalloc(64, GFP_KERNEL);
	kfree_bulk(93, objects);
	EXPECT_EQ(t, live_in_machine(m), live);
	EXPECT_STR(t, console_text(), "");
}

static void freed_twice_in_one_call(struct ktap *t)
{
	struct bulk b;

	ASSERT(t, bulk_start(t, &b, "mem=64M nr_cpus=1", 256));
	for (int way = 0; way < 2; way++) {
		ASSERT(t, take(t, &b, 50, objects));
		for (int i = 0; i < 50; i++)
			objects[50 + i] = objects[10 * i % 50];
		kmem_cache_free_bulk(way ? NULL : b.cache, 55, objects);
		EXPECT_EQ(t, console_count("Object already free"), 5 * (way + 1));
		EXPECT_EQ(t, cache_live_objects(b.cache), 0);
	}
	machine_holds(t, b.m);
	kmem_cache_destroy(b.cache);
}

/* It lies deep in the sheaf: kfree() would find out when it is to be handed out again, a bulk does at once. */
static void freed_long_ago(struct ktap *t)
{
	struct bulk b;

	ASSERT(t, bulk_start(t, &b, "mem=64M nr_cpus=1", 64));
	ASSERT(t, take(t, &b, 60, objects));
	for (int i = 20; i < 30; i++)
		kmem_cache_free(b.cache, objects[i]);
	kmem_cache_free_bulk(b.cache, 60, objects);
	EXPECT_EQ(t, console_count("Object already free"), 10);
	EXPECT_EQ(t, cache_live_objects(b.cache), 0);
	ASSERT(t, take(t, &b, 200, objects));
	kmem_cache_free_bulk(b.cache, 200, objects);
	kmem_cache_destroy(b.cache);
}

/* The newest object, and the one that stands aside, are as any other. */
static void the_newest_is_among_them(struct ktap *t)
{
	struct bulk b;

	ASSERT(t, bulk_start(t, &b, "mem=64M nr_cpus=1", 64));
	for (int i = 0; i < 10; i++)
		objects[i] = kmem_cache_alloc(b.cache, GFP_KERNEL);
	kmem_cache_free(b.cache, objects[9]);
	EXPECT(t, b.slot->hot == objects[9]);
	kmem_cache_free_bulk(b.cache, 10, objects);
	EXPECT_EQ(t, console_count("Object already free"), 1);
	EXPECT_EQ(t, cache_live_objects(b.cache), 0);
	ASSERT(t, take(t, &b, 20, others));
	EXPECT_NULL(t, b.slot->hot);
	objects[0] = kmem_cache_alloc(b.cache, GFP_KERNEL);
	kmem_cache_free_bulk(b.cache, 1, objects);
	EXPECT(t, this_cpu()->last_object == this_cpu());
	kmem_cache_free(b.cache, objects[0]);
	EXPECT_EQ(t, console_count("Object already free"), 2);
	kmem_cache_free_bulk(b.cache, 20, others);
	EXPECT_EQ(t, cache_live_objects(b.cache), 0);
	kmem_cache_destroy(b.cache);
}

/* What is no object of the cache is refused, whatever is around it, and what is around it is freed. */
static void what_is_none(struct ktap *t)
{
	struct kmem_cache *other;
	struct bulk b;
	void *alien, *large;

	ASSERT(t, bulk_start(t, &b, "mem=128M nr_cpus=1", 192));
	other = kmem_cache_create("other", 192, 0, SLAB_NO_MERGE, NULL);
	ASSERT_NOT_NULL(t, other);
	alien = kmem_cache_alloc(other, GFP_KERNEL);
	large = kmalloc(20000, GFP_KERNEL);
	for (int place = 0; place < 20; place += 3) {
		unsigned long offset = place & 1 ? 64 : 8;

		ASSERT(t, take(t, &b, 20, objects));
		memcpy(others, objects, sizeof(others));
		objects[place] = (char *)others[place] + offset;
		objects[place + 1] = alien;
		objects[place + 2 < 20 ? place + 2 : 0] = large;
		kmem_cache_free_bulk(b.cache, 20, objects);
		EXPECT_EQ(t, cache_live_objects(b.cache), 3);
		kmem_cache_free(b.cache, others[place]);
		kmem_cache_free(b.cache, others[place + 1]);
		kmem_cache_free(b.cache, others[place + 2 < 20 ? place + 2 : 0]);
		EXPECT_EQ(t, cache_live_objects(b.cache), 0);
	}
	EXPECT_EQ(t, console_count("Invalid object pointer"), 7);
	EXPECT_EQ(t, console_count("Wrong slab cache"), 7);
	EXPECT_EQ(t, console_count("Object is not a Slab page"), 7);
	kfree(large);
	kmem_cache_free(other, alien);
	kmem_cache_destroy(other);
	kmem_cache_destroy(b.cache);
}

static void written_to_after_the_free_none_is_handed_out(struct ktap *t)
{
	struct bulk b;

	ASSERT(t, bulk_start(t, &b, "mem=64M nr_cpus=1", 256));
	ASSERT(t, take(t, &b, 30, others));
	kmem_cache_free_bulk(b.cache, 30, others);
	*(unsigned long *)others[7] = 1;
	*(unsigned long *)others[20] = 1;
	EXPECT_EQ(t, kmem_cache_alloc_bulk(b.cache, GFP_KERNEL, 40, objects), 40);
	for (int i = 0; i < 40; i++)
		EXPECT(t, objects[i] != others[7] && objects[i] != others[20]);
	EXPECT_GT(t, console_count("BUG "), 0);
	kmem_cache_free_bulk(b.cache, 40, objects);
	slab_leaks_expected.slab_objects = 2;	/* each is its last holder's */
	slab_leaks_expected.slab_caches = 1;
}

/* Flags, machines and caches that go another way: the objects are as those of kmem_cache_alloc(). */
static void what_is_odd_goes_one_by_one(struct ktap *t)
{
	static const char *const cmdlines[] = {
		"mem=64M nr_cpus=1", "mem=64M nr_cpus=1 init_on_alloc=1", "mem=64M nr_cpus=1 init_on_free=1",
		"mem=64M nr_cpus=1 slub_debug=FZPU", "mem=64M nr_cpus=1 kmem.sheaf=1",
	};
	static const gfp_t flags[] = { GFP_ATOMIC, GFP_KERNEL | __GFP_ZERO };

	for (size_t i = 0; i < ARRAY_SIZE(cmdlines); i++) {
		struct bulk b;

		ASSERT(t, bulk_start(t, &b, cmdlines[i], 100));
		for (int zeroed = 0; zeroed < 2; zeroed++) {
			ASSERT(t, take(t, &b, 100, objects));
			kmem_cache_free_bulk(b.cache, 100, objects);
			ASSERT_EQ(t, kmem_cache_alloc_bulk(b.cache, flags[zeroed], 100, objects), 100);
			for (int j = 0; j < 100; j++)
				EXPECT(t, !(zeroed || i == 1) || !memchr_inv(objects[j], 0, 100));
			kmem_cache_free_bulk(b.cache, 100, objects);
			EXPECT_EQ(t, cache_live_objects(b.cache), 0);
		}
		EXPECT_STR(t, console_text(), "");
		machine_holds(t, b.m);
		kmem_cache_destroy(b.cache);
	}
}

static void who_must_not_sleep_is_told(struct ktap *t)
{
	struct bulk b;

	ASSERT(t, bulk_start(t, &b, "mem=64M nr_cpus=1", 256));
	preempt_disable();
	EXPECT_EQ(t, kmem_cache_alloc_bulk(b.cache, GFP_KERNEL, 1, objects), 1);
	preempt_enable();
	EXPECT_CONTAINS(t, console_text(), "BUG: sleeping function called from invalid context");
	kmem_cache_free_bulk(b.cache, 1, objects);
	kmem_cache_destroy(b.cache);
}

static void stamp(void *object)
{
	*(unsigned long *)object = 0x5eed;
}

/* Objects that keep their contents have their mark elsewhere. */
static void what_a_constructor_made_stays(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=1");
	struct kmem_cache *cache;

	ASSERT_NOT_NULL(t, m);
	cache = kmem_cache_create("made", 100, 0, 0, stamp);
	ASSERT_NOT_NULL(t, cache);
	for (int round = 0; round < 3; round++) {
		ASSERT_EQ(t, kmem_cache_alloc_bulk(cache, GFP_KERNEL, 600, objects), 600);
		for (int i = 0; i < 600; i++)
			EXPECT_EQ(t, *(unsigned long *)objects[i], 0x5eed);
		kmem_cache_free_bulk(round & 1 ? NULL : cache, 600, objects);
		EXPECT_EQ(t, cache_live_objects(cache), 0);
	}
	EXPECT_STR(t, console_text(), "");
	kmem_cache_destroy(cache);
}

/* A sheaf that runs out, or over, is exchanged for the CPU's spare one, whose objects are as good, one by one too. */
static void the_spare_sheaf_serves(struct ktap *t)
{
	unsigned int capacity;
	struct bulk b;

	ASSERT(t, bulk_start(t, &b, "mem=64M nr_cpus=1 kmem.sheaf=20", 64));
	capacity = b.cache->sheaf_capacity;
	ASSERT(t, take(t, &b, 2 * capacity, objects));
	kmem_cache_free_bulk(b.cache, 2 * capacity, objects);
	ASSERT(t, b.slot->spare && b.slot->spare->nr == capacity && b.slot->top == b.slot->base + capacity);
	for (int way = 0; way < 2; way++) {
		for (unsigned int i = 0; i < capacity + 5; i++)
			objects[i] = kmem_cache_alloc(b.cache, way ? GFP_KERNEL : GFP_NOWAIT);
		EXPECT_EQ(t, b.slot->top - b.slot->base, capacity - 5);
		EXPECT_EQ(t, b.slot->spare->nr, 0);
		machine_holds(t, b.m);
		for (unsigned int i = 0; i < capacity + 5; i++)
			way ? kfree(objects[i]) : kmem_cache_free(b.cache, objects[i]);
		EXPECT_EQ(t, sheaf_objects(b.cache), 2 * capacity);
		machine_holds(t, b.m);
	}
	EXPECT_EQ(t, cache_live_objects(b.cache), 0);
	kmem_cache_destroy(b.cache);
}

KTAP_SUITE(slab_bulk, KTAP_CASE(every_size_in_every_number), KTAP_CASE(objects_of_many_caches_are_freed_at_once),
	   KTAP_CASE(freed_twice_in_one_call), KTAP_CASE(freed_long_ago), KTAP_CASE(the_newest_is_among_them),
	   KTAP_CASE(what_is_none), KTAP_CASE(written_to_after_the_free_none_is_handed_out),
	   KTAP_CASE(what_is_odd_goes_one_by_one), KTAP_CASE(who_must_not_sleep_is_told),
	   KTAP_CASE(what_a_constructor_made_stays), KTAP_CASE(the_spare_sheaf_serves));
