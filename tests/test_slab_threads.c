/* SPDX-License-Identifier: MIT */
/*
 * test_slab_threads.c - eight threads on two CPUs.
 *
 *	thread i -> ring i -> thread i+1		what one allocates another frees
 *
 * Meanwhile threads leave and come back, caches are made and destroyed, sheaves are drained. At rest every object is
 * counted exactly (C37), and kmem_check() holds. TSan watches.
 */
#include "tests/slab_machine.h"

#define THREADS 8
#define RING 64

struct ring {
	void *slots[RING];
	u32 head __attribute__((aligned(64))); /* written by the producer */
	u32 tail __attribute__((aligned(64))); /* by the consumer */
};

struct world {
	struct machine *m;
	struct kmem_cache *caches[3];
	struct ring rings[THREADS];
	unsigned int rounds;
	unsigned long allocated, freed; /* objects through the rings */
};

static struct world world;

static bool ring_put(struct ring *ring, void *object)
{
	u32 head = __atomic_load_n(&ring->head, __ATOMIC_RELAXED);

	if (head - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE) == RING)
		return false;
	ring->slots[head % RING] = object;
	__atomic_store_n(&ring->head, head + 1, __ATOMIC_RELEASE);
	return true;
}

static void *ring_get(struct ring *ring)
{
	u32 tail = __atomic_load_n(&ring->tail, __ATOMIC_RELAXED);
	void *object;

	if (tail == __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE))
		return NULL;
	object = ring->slots[tail % RING];
	__atomic_store_n(&ring->tail, tail + 1, __ATOMIC_RELEASE);
	return object;
}

/* The first words of an object in flight: its size, so that whoever frees it can tell whether it is whole. */
struct parcel {
	unsigned long bytes;
	unsigned long cache; /* 1 + its number; 0: kmalloc() */
};

static struct parcel *parcel_make(struct ktap *t)
{
	unsigned long which = ktap_below(t, 5);
	gfp_t gfp = ktap_below(t, 2) ? GFP_KERNEL : GFP_ATOMIC;
	struct parcel *parcel;
	unsigned long bytes;

	if (which < 3) {
		bytes = kmem_cache_size(world.caches[which]);
		parcel = kmem_cache_alloc(world.caches[which], gfp);
	} else {
		bytes = sizeof(*parcel) + ktap_below(t, which == 3 ? 200 : 6000);
		parcel = kmalloc(bytes, gfp);
	}
	if (!parcel)
		return NULL;
	memset(parcel, (int)(unsigned char)bytes, bytes);
	*parcel = (struct parcel){ bytes, which < 3 ? which + 1 : 0 };
	return parcel;
}

static void parcel_free(struct ktap *t, struct parcel *parcel)
{
	unsigned long bytes = parcel->bytes, cache = parcel->cache;

	if (!bytes_are_all(parcel + 1, (int)(unsigned char)bytes, bytes - sizeof(*parcel)))
		ktap_fail(t, "a parcel of %lu bytes has changed on its way", bytes);
	if (cache && ktap_below(t, 2))
		kmem_cache_free(world.caches[cache - 1], parcel);
	else
		kfree(parcel);
}

/* Make some for the next thread, free some of the one before. */
static void trade(struct ktap *t, unsigned int i)
{
	unsigned long allocated = 0, freed = 0;

	for (int n = 0; n < 100; n++) {
		struct parcel *parcel = parcel_make(t), *other;

		if (parcel && ring_put(&world.rings[i], parcel))
			allocated++;
		else if (parcel)
			parcel_free(t, parcel);
		while (ktap_below(t, 4) && (other = ring_get(&world.rings[(i + THREADS - 1) % THREADS]))) {
			parcel_free(t, other);
			freed++;
		}
	}
	__atomic_fetch_add(&world.allocated, allocated, __ATOMIC_RELAXED);
	__atomic_fetch_add(&world.freed, freed, __ATOMIC_RELAXED);
}

static void come_and_go(struct ktap *t)
{
	struct kmem_cache *cache =
		kmem_cache_create("passing", 24 + (unsigned int)ktap_below(t, 500), 0, SLAB_NO_MERGE, NULL);
	void *objects[60];

	ASSERT_NOT_NULL(t, cache);
	EXPECT_EQ(t, kmem_cache_alloc_bulk(cache, GFP_KERNEL, 60, objects), 60);
	kmem_cache_free_bulk(cache, 60, objects);
	kmem_cache_destroy(cache);
}

static void worker(struct ktap *t, unsigned int i, void *arg)
{
	(void)arg;
	for (unsigned int round = 0; round < world.rounds; round++) {
		ASSERT_EQ(t, machine_enter(world.m), 0);
		trade(t, i);
		switch (ktap_below(t, 12)) {
		case 0: come_and_go(t); break;
		case 1: kmem_cache_shrink(world.caches[ktap_below(t, 3)]); break;
		case 2: slab_reclaim(world.m); break;
		case 3: synchronize_rcu(); break;
		}
		machine_leave();
	}
}

static void run(struct ktap *t, const char *cmdline, unsigned int rounds)
{
	struct machine *m = slab_machine(t, cmdline);
	unsigned long in_rings = 0, before;
	struct parcel *parcel;

	ASSERT_NOT_NULL(t, m);
	world = (struct world){ .m = m, .rounds = t->soak ? rounds * 50 : KTAP_STEPS(rounds) };
	world.caches[0] = kmem_cache_create("small", 40, 0, SLAB_NO_MERGE, NULL);
	world.caches[1] = kmem_cache_create("typed", 300, 0, SLAB_TYPESAFE_BY_RCU, NULL);
	world.caches[2] = kmem_cache_create("large", 2500, 0, SLAB_NO_MERGE, NULL);
	ASSERT(t, world.caches[0] && world.caches[1] && world.caches[2]);
	before = live_in_machine(m);
	machine_leave();
	ktap_threads(t, THREADS, worker, NULL);
	machine_enter(m);
	EXPECT_EQ(t, live_in_machine(m) - before, world.allocated - world.freed);
	machine_holds(t, m);
	for (int i = 0; i < THREADS; i++)
		while ((parcel = ring_get(&world.rings[i]))) {
			parcel_free(t, parcel);
			in_rings++;
		}
	EXPECT_EQ(t, in_rings, world.allocated - world.freed);
	EXPECT_EQ(t, live_in_machine(m), before);
	for (int i = 0; i < 3; i++)
		kmem_cache_destroy(world.caches[i]);
	EXPECT_STR(t, console_text(), "");
}

static void c37_counts_are_exact_after_eight_threads_on_two_cpus(struct ktap *t)
{
	run(t, "mem=128M nr_cpus=2", 400);
}

static void so_are_they_with_tiny_sheaves(struct ktap *t)
{
	run(t, "mem=128M nr_cpus=2 kmem.sheaf=2", 200);
}

static void so_are_they_without_sheaves(struct ktap *t)
{
	run(t, "mem=128M nr_cpus=2 kmem.sheaf=1", 200);
}

static void so_are_they_on_two_nodes_with_eight_cpus(struct ktap *t)
{
	run(t, "mem=128M nr_cpus=8 numa=fake=2", 200);
}

static void so_are_they_under_every_check(struct ktap *t)
{
	run(t, "mem=128M nr_cpus=2 slub_debug=FZPU", 60);
}

static void so_are_they_on_one_cpu(struct ktap *t)
{
	run(t, "mem=128M nr_cpus=1", 100);
}

/* Aliases of one cache are made and dropped while others zero its objects. */
static void aliases(struct ktap *t, unsigned int i, void *arg)
{
	struct kmem_cache *first = arg;

	ASSERT_EQ(t, machine_enter(world.m), 0);
	for (unsigned int round = 0; round < 300; round++) {
		if (i < 2) {
			struct kmem_cache *alias = kmem_cache_create("alias", 400 + round % 48, 64, 0, NULL);

			EXPECT_EQ(t, alias, first);
			kmem_cache_destroy(alias);
		} else {
			unsigned char *p = kmem_cache_zalloc(first, GFP_KERNEL);

			ASSERT_NOT_NULL(t, p);
			EXPECT(t, bytes_are_all(p, 0, 390));
			memset(p, 0xff, 390);
			kmem_cache_free(first, p);
		}
	}
	machine_leave();
}

static void aliases_come_and_go_beside_allocations(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=128M nr_cpus=2");
	struct kmem_cache *first;

	ASSERT_NOT_NULL(t, m);
	world = (struct world){ .m = m };
	first = kmem_cache_create("first", 390, 64, 0, NULL);
	machine_leave();
	ktap_threads(t, THREADS, aliases, first);
	machine_enter(m);
	EXPECT_EQ(t, first->refcount, 1);
	kmem_cache_destroy(first);
	EXPECT_STR(t, console_text(), "");
}

/* Many machines at once, each by a thread of its own. */
static void alone(struct ktap *t, unsigned int i, void *arg)
{
	struct machine *m = machine_boot(&(struct machine_config){ .cmdline = "mem=32M nr_cpus=1" });
	static void *volatile kept[THREADS][100];

	(void)arg;
	ASSERT_NOT_NULL(t, m);
	ASSERT_EQ(t, machine_enter(m), 0);
	for (int round = 0; round < 50; round++) {
		for (int n = 0; n < 100; n++)
			kept[i][n] = kmalloc(ktap_below(t, 1000) + 1, GFP_KERNEL);
		for (int n = 0; n < 100; n++)
			kfree(kept[i][n]);
	}
	machine_leave();
	EXPECT_EQ(t, machine_shutdown(m), 0);
}

static void a_machine_a_thread(struct ktap *t)
{
	ktap_threads(t, THREADS, alone, NULL);
}

KTAP_SUITE(slab_threads, KTAP_CASE(c37_counts_are_exact_after_eight_threads_on_two_cpus),
	KTAP_CASE(so_are_they_with_tiny_sheaves), KTAP_CASE(so_are_they_without_sheaves),
	KTAP_CASE(so_are_they_on_two_nodes_with_eight_cpus), KTAP_CASE(so_are_they_under_every_check),
	KTAP_CASE(so_are_they_on_one_cpu), KTAP_CASE(aliases_come_and_go_beside_allocations),
	KTAP_CASE(a_machine_a_thread));
