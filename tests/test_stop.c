/* SPDX-License-Identifier: MIT */
/* test_stop.c - a machine that stands still, and kmem_check_live(), while others use it. */
#include <kmem/kmem.h>
#include <linux/rcupdate.h>
#include "mm/cpus.h"
#include "mm/machine.h"
#include "tests/machine_for.h"

struct stopped {
	struct machine *m;
	u32 moves;		/* made by the others; none while the machine stands still */
	u32 done;
	u32 others;
};

static void move(struct ktap *t, unsigned int i, struct stopped *s)
{
	struct kmem_cache *cache = kmem_cache_create("moved", 72 + 8 * i, 0, SLAB_NO_MERGE, NULL);
	void *objects[24], *area;

	for (unsigned int k = 0; k < 24; k++)
		objects[k] = k & 1 ? kmalloc(1 + ktap_below(t, 3000), GFP_KERNEL) : kmem_cache_alloc(cache, GFP_KERNEL);
	__atomic_fetch_add(&s->moves, 1, __ATOMIC_RELAXED);
	area = vmalloc(1 + ktap_below(t, 50000));
	__free_pages(alloc_pages(GFP_KERNEL, (unsigned int)ktap_below(t, 4)), 0);
	for (unsigned int k = 0; k < 24; k++)
		if (k & 1)
			kfree(objects[k]);
		else
			kmem_cache_free(cache, objects[k]);
	vfree(area);
	vm_unmap_aliases();		/* what is being purged is on no tree */
	kmem_cache_shrink(cache);
	kmem_cache_destroy(cache);
}

static void look(struct ktap *t, struct stopped *s)
{
	int rounds = t->soak ? 10000 : 40;

	for (int round = 0; round < rounds && !ktap_failed(t); round++) {
		struct kmem_fault fault = { .id = "" };
		u32 before;

		if (!kmem_check_live(s->m, &fault))
			ktap_fail(t, "%s %s", fault.id, fault.place);
		cpus_stop(s->m);
		before = __atomic_load_n(&s->moves, __ATOMIC_RELAXED);
		for (int i = 0; i < 2000; i++)
			if (__atomic_load_n(&s->moves, __ATOMIC_RELAXED) != before)
				ktap_fail(t, "somebody moved");
		cpus_start(s->m);
	}
	__atomic_store_n(&s->done, 1, __ATOMIC_RELEASE);
}

static void use_or_look(struct ktap *t, unsigned int i, void *arg)
{
	struct stopped *s = arg;

	machine_enter(s->m);
	if (i < 2)
		look(t, s);
	else
		while (!__atomic_load_n(&s->done, __ATOMIC_ACQUIRE) && !ktap_failed(t))
			move(t, i, s);
	machine_leave();
}

/* More threads than CPUs: some queue for one while the machine stands still; two look at once. */
static void a_live_machine_is_checked(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=3");
	struct stopped s = { .m = m };

	ASSERT_NOT_NULL(t, m);
	machine_leave();
	ktap_threads(t, 6, use_or_look, &s);
	machine_enter(m);
	rcu_barrier();
	EXPECT(t, kmem_check(m, NULL));
	EXPECT_EQ(t, m->stop_word % 2, 0);
}

static void what_is_broken_is_found_live(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2");
	struct kmem_fault fault = { .id = "" };

	ASSERT_NOT_NULL(t, m);
	EXPECT(t, kmem_check_live(m, &fault));
	m->zones[0]->free_area[0].nr_free++;
	EXPECT(t, !kmem_check_live(m, &fault));
	EXPECT_STR(t, fault.id, "B3");
	m->zones[0]->free_area[0].nr_free--;
	machine_leave();
	EXPECT(t, kmem_check_live(m, &fault));		/* and by one who is on no machine */
	EXPECT_NULL(t, machine_current());
	machine_enter(m);
}

/* A thread that needs a CPU which is offline gets it once the machine goes on. */
static void stop_alone(struct ktap *t, unsigned int i, void *arg)
{
	struct stopped *s = arg;

	if (i) {
		while (!__atomic_load_n(&s->others, __ATOMIC_ACQUIRE))
			host_wait(&s->others, 0, 1000000);
		__atomic_store_n(&s->done, 1, __ATOMIC_RELEASE);
		machine_enter(s->m);
		__atomic_fetch_add(&s->moves, 1, __ATOMIC_RELAXED);
		machine_leave();
		return;
	}
	machine_enter(s->m);
	cpus_stop(s->m);
	__atomic_store_n(&s->others, 1, __ATOMIC_RELEASE);
	host_wake(&s->others, 100);
	while (!__atomic_load_n(&s->done, __ATOMIC_ACQUIRE))
		host_wait(&s->done, 0, 1000000);
	for (int k = 0; k < 3; k++)
		host_wait(&s->moves, 0, 1000000);
	EXPECT_EQ(t, s->moves, 0);
	cpus_start(s->m);
	machine_leave();
}

static void who_wants_a_cpu_gets_it_afterwards(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=3");
	struct stopped s = { .m = m };

	ASSERT_NOT_NULL(t, m);
	machine_leave();
	ktap_threads(t, 3, stop_alone, &s);
	EXPECT_EQ(t, s.moves, 2);
	machine_enter(m);
}

KTAP_SUITE(stop, KTAP_CASE(a_live_machine_is_checked), KTAP_CASE(what_is_broken_is_found_live),
	   KTAP_CASE(who_wants_a_cpu_gets_it_afterwards));
