/* SPDX-License-Identifier: MIT */
/*
 * test_interrupts.c - the API as an interrupt handler may use it, wherever interrupts are on (C37).
 *
 * The handler comes at points that the seed chooses: in the middle of other allocations of its CPU, too.
 */
#include <kmem/kmem.h>
#include <kmem/sim.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include "mm/slab.h"
#include "tests/ktap.h"
#include "tests/sim/tasks.h"

#define HELD 32u

/* What handlers hold: each takes one out, or puts one in, by one exchange. */
struct load {
	struct machine *m;
	struct kmem_cache *cache;
	void *objects[HELD];
	void *pages[HELD];
	u32 calls, failed, wrong_context;
	bool stop;
};

static void exchange_object(struct load *l, u32 call)
{
	void *fresh = call & 1 ? kmalloc(64, GFP_ATOMIC) : NULL;
	void *old = __atomic_exchange_n(&l->objects[call / 2 % HELD], fresh, __ATOMIC_ACQ_REL);

	if (call & 1 && !fresh)
		__atomic_fetch_add(&l->failed, 1, __ATOMIC_RELAXED);
	kfree(old);
}

static void exchange_page(struct load *l, u32 call)
{
	struct page *fresh = call & 1 ? alloc_pages(GFP_ATOMIC | __GFP_COMP, call / 8 % 2) : NULL, *old;

	old = __atomic_exchange_n(&l->pages[call / 2 % HELD], fresh, __ATOMIC_ACQ_REL);
	if (old)
		__free_pages(old, compound_order(old));
}

static void handler(void *arg)
{
	struct load *l = arg;
	u32 call = __atomic_fetch_add(&l->calls, 1, __ATOMIC_RELAXED);

	if (__atomic_load_n(&l->stop, __ATOMIC_ACQUIRE) || machine_current() != l->m || !l->cache)
		return;
	if (!in_hardirq() || !irqs_disabled() || !in_interrupt())
		__atomic_fetch_add(&l->wrong_context, 1, __ATOMIC_RELAXED);
	exchange_object(l, call);
	if (call % 3 == 0)
		exchange_page(l, call);
	if (call % 5 == 0) {
		void *object = kmem_cache_alloc(l->cache, GFP_ATOMIC);

		if (object)
			kmem_cache_free(l->cache, object);
	}
}

static void work(void *arg)
{
	struct load *l = arg;
	void *live[8] = { NULL };

	machine_enter(l->m);
	for (unsigned int i = 0; i < 300; i++) {
		kfree(live[i % 8]);
		live[i % 8] = kmalloc(i % 5 ? 64 : 1000, GFP_KERNEL);
		if (i % 10 == 0) {
			struct page *page = alloc_pages(GFP_KERNEL, 0);

			if (page)
				__free_pages(page, 0);
		}
		if (i % 25 == 0) {
			void *objects[20];
			unsigned int nr = (unsigned int)kmem_cache_alloc_bulk(l->cache, GFP_KERNEL, 20, objects);

			kmem_cache_free_bulk(l->cache, nr, objects);
		}
		if (i % 100 == 99)
			kmem_cache_shrink(l->cache);
	}
	for (unsigned int i = 0; i < 8; i++)
		kfree(live[i]);
	machine_leave();
}

static void release(struct load *l)
{
	__atomic_store_n(&l->stop, true, __ATOMIC_RELEASE);
	for (unsigned int i = 0; i < HELD; i++) {
		kfree(l->objects[i]);
		if (l->pages[i])
			__free_pages(l->pages[i], compound_order(l->pages[i]));
	}
}

static void loaded_world(void *arg)
{
	struct load *l = arg;
	struct machine_leaks leaks;
	struct kmem_fault fault;

	*l = (struct load){ .m = machine_boot(&(struct machine_config){ .cmdline = "mem=16M nr_cpus=2" }) };
	if (!l->m)
		sim_fail("no machine");
	machine_enter(l->m);
	l->cache = kmem_cache_create("load", 200, 0, 0, NULL);
	run_tasks(3, work, l);
	release(l);
	kmem_cache_destroy(l->cache);
	rcu_barrier();
	if (!kmem_check(l->m, &fault))
		sim_fail("%s %s", fault.id, fault.place);
	machine_leave();
	if (machine_shutdown_leaks(l->m, &leaks))
		sim_fail("leaked: %lu objects, %lu pages", leaks.slab_objects, leaks.pages);
	if (l->wrong_context || l->failed)
		sim_fail("%u calls in a wrong context, %u failed", l->wrong_context, l->failed);
}

static void explore(struct ktap *t, bool every_access, u64 schedules)
{
	for (enum sim_strategy strategy = SIM_PLAIN; strategy < SIM_EXHAUSTIVE && !ktap_failed(t); strategy++) {
		static struct load load;
		struct sim_search search = { .max_schedules = t->soak ? 1000 * schedules : schedules };
		struct sim_result result;

		search.options = (struct sim_options){
			.seed = t->seed, .strategy = strategy, .quiet = true, .interrupt = handler,
			.interrupt_arg = &load, .interrupt_every = 30, .every_access = every_access,
		};
		if (!sim_explore(&search, loaded_world, &load, &result))
			ktap_fail(t, "%s, seed %llu, point %llu: %s: %s", sim_strategy_name(strategy), result.seed,
				  result.points, sim_outcome_name(result.outcome), result.why);
		EXPECT_GT(t, result.interrupts, 50);
	}
}

static void c37_interrupts_allocate_while_tasks_do(struct ktap *t)
{
	explore(t, false, 40);
}

/* Between any two accesses, not only at atomic operations. */
static void c37_interrupts_come_between_plain_accesses(struct ktap *t)
{
	explore(t, true, 8);
}

KTAP_SUITE(interrupts, KTAP_CASE(c37_interrupts_allocate_while_tasks_do),
	   KTAP_CASE(c37_interrupts_come_between_plain_accesses));
