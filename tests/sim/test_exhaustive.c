/* SPDX-License-Identifier: MIT */
/*
 * test_exhaustive.c - small worlds, and every schedule of few preemptions in them.
 *
 * Two tasks on two CPUs, or on one, do a little each; kmem_check() and counts hold whatever the schedule. Most races
 * need no more than two preemptions (Musuvathi, Qadeer: "Iterative context bounding", 2007).
 */
#include <kmem/kmem.h>
#include <kmem/sim.h>
#include <linux/rcupdate.h>
#include "mm/machine.h"
#include "tests/ktap.h"

struct small {
	struct machine *m;
	void (*work)(struct small *s, unsigned int i);
	unsigned int nr;		/* tasks that have begun */
	unsigned long free_pages;
	struct kmem_cache *cache;
	void *box;			/* from one task to the other */
};

static void task(void *arg)
{
	struct small *s = arg;
	unsigned int i = s->nr++;

	if (machine_enter(s->m))
		sim_fail("a task cannot enter");
	s->work(s, i);
	machine_leave();
}

static void restore(void *arg)
{
	struct small *s = arg;

	sim_restore(s->m);
	s->nr = 0;
	s->box = NULL;
}

static void world(void *arg)
{
	struct small *s = arg;
	struct kmem_fault fault;
	int tasks[2] = { sim_spawn("a", task, s), sim_spawn("b", task, s) };

	sim_join(tasks[0]);
	sim_join(tasks[1]);
	machine_enter(s->m);
	kfree(s->box);
	rcu_barrier();
	drain_all_pages();
	if (!kmem_check(s->m, &fault))
		sim_fail("%s %s", fault.id, fault.place);
	machine_leave();
}

/* depth: preemptions; one more in a soak. */
static void explore(struct ktap *t, unsigned int depth, const char *cmdline,
		    void (*work)(struct small *s, unsigned int i))
{
	struct sim_search search = { .max_schedules = t->soak ? 50000000 : 400000 };
	struct small s = { .work = work };
	struct sim_result result;

	s.m = machine_boot(&(struct machine_config){ .cmdline = cmdline });
	ASSERT_NOT_NULL(t, s.m);
	machine_enter(s.m);
	s.cache = kmem_cache_create("small", 64, 0, 0, NULL);
	machine_leave();
	ASSERT_EQ(t, sim_save(s.m), 0);
	search.options = (struct sim_options){ .strategy = SIM_EXHAUSTIVE, .depth = depth + t->soak, .quiet = true,
					       .no_races = true };
	search.before = restore;
	if (!sim_explore(&search, world, &s, &result))
		ktap_fail(t, "schedule %llu: %s: %s", search.schedules, sim_outcome_name(result.outcome), result.why);
	EXPECT(t, search.complete);
	ktap_note(t, "%llu schedules of about %llu points", search.schedules, result.points);
	sim_restore(s.m);
	machine_enter(s.m);
	kmem_cache_destroy(s.cache);
	machine_leave();
	EXPECT_EQ(t, machine_shutdown(s.m), 0);
}

static void a_page(struct small *s, unsigned int i)
{
	struct page *page = alloc_pages(GFP_KERNEL, i);

	(void)s;
	if (!page)
		sim_fail("no page");
	__free_pages(page, i);
}

static void pages_come_and_go(struct ktap *t)
{
	explore(t, 1, "mem=4M nr_cpus=2", a_page);
}

static void an_object(struct small *s, unsigned int i)
{
	void *object = kmem_cache_alloc(s->cache, GFP_KERNEL);

	(void)i;
	if (!object)
		sim_fail("no object");
	*(unsigned int *)object = i;
	if (*(unsigned int *)object != i)
		sim_fail("an object that two tasks have");
	kmem_cache_free(s->cache, object);
}

static void objects_come_and_go(struct ktap *t)
{
	explore(t, 1, "mem=4M nr_cpus=2", an_object);
}

/* What one allocates the other frees. */
static void hand_over(struct small *s, unsigned int i)
{
	void *object;

	if (!i) {
		__atomic_store_n(&s->box, kmalloc(64, GFP_KERNEL), __ATOMIC_RELEASE);
		return;
	}
	object = __atomic_exchange_n(&s->box, NULL, __ATOMIC_ACQUIRE);
	kfree(object);
}

static void objects_are_handed_over(struct ktap *t)
{
	explore(t, 1, "mem=4M nr_cpus=2", hand_over);
}

static void two_tasks_share_a_cpu(struct ktap *t)
{
	explore(t, 2, "mem=4M nr_cpus=1", an_object);
}

KTAP_SUITE(exhaustive, KTAP_CASE(pages_come_and_go), KTAP_CASE(objects_come_and_go), KTAP_CASE(objects_are_handed_over),
	   KTAP_CASE(two_tasks_share_a_cpu));
