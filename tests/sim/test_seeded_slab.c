/* SPDX-License-Identifier: MIT */
/* test_seeded_slab.c - what makes objects one holder's, each with a bug that schedules find; pools and kept stacks. */
#include <linux/mempool.h>
#include <linux/slab.h>
#include "mm/slab.h"
#include "mm/stack_depot.h"
#include "tests/sim/seeded.h"

static struct kmem_cache *cache;

/* Sheaves of two: the slow paths are taken at every other call. */
static void make_cache(void)
{
	cache = kmem_cache_create_args("seeded", 64, &(struct kmem_cache_args){ .sheaf_capacity = 2 }, SLAB_NO_MERGE);
}

static void use_cache(void *arg)
{
	void *objects[5];

	(void)arg;
	machine_enter(m);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 5; i++)
			objects[i] = kmem_cache_alloc(cache, GFP_ATOMIC);
		for (int i = 0; i < 5; i++)
			kmem_cache_free(cache, objects[i]);
	}
	machine_leave();
}

/* Nobody has an object, and none is lost or there twice. */
static void cache_holds(void)
{
	machine_holds();
	if (cache_live_objects(cache))
		sim_fail("%lu objects are lost", cache_live_objects(cache));
}

/* ---------------------------------------------------------------------------------------------------------- sheaves */

static void barn_world(void *arg)
{
	run_tasks(2, use_cache, arg);
	cache_holds();
}

static void a_sheaf_is_one_cpu_s(struct ktap *t)
{
	expect_found_in(t, &(struct seeded_world){
		.bug = SEEDED_BARN, .run = barn_world, .schedules = 10, .prepare = make_cache,
	});
}

static void hold_world(void *arg)
{
	int task = sim_spawn("ask", ask_to_yield_often, arg);

	run_tasks(3, use_cache, arg);
	sim_join(task);
	cache_holds();
}

static void a_slot_is_used_on_its_cpu(struct ktap *t)
{
	expect_found_in(t, &(struct seeded_world){
		.bug = SEEDED_CPU_HOLD, .run = hold_world, .schedules = 200, .prepare = make_cache,
	});
}

static u32 filled;

/* Freed objects lie on this CPU, which answers late. */
static void fill_and_hold(void *arg)
{
	machine_enter(m);
	use_cache(arg);
	preempt_disable();
	__atomic_store_n(&filled, 1, __ATOMIC_RELEASE);
	nap(30000);
	preempt_enable();
	machine_leave();
}

static void destroy(void *arg)
{
	(void)arg;
	machine_enter(m);
	while (!__atomic_load_n(&filled, __ATOMIC_ACQUIRE))
		sim_yield();
	kmem_cache_destroy(cache);
	machine_leave();
}

static void destroy_world(void *arg)
{
	(void)arg;
	filled = 0;
	run_two(destroy, fill_and_hold);
	machine_holds();
}

static void a_late_cpu_is_waited_for(struct ktap *t)
{
	expect_found_in(t, &(struct seeded_world){
		.bug = SEEDED_CACHE_DRAIN, .run = destroy_world, .schedules = 10, .prepare = make_cache,
	});
}

static void make_cache_of_three(void)
{
	cache = kmem_cache_create_args("three", 64, &(struct kmem_cache_args){ .sheaf_capacity = 3 }, SLAB_NO_MERGE);
}

/*
 * The second object is freed twice, with another in between: a sheaf [ 1 0 1 ] in the barn, where the slow path fetches
 * it from when [ 2 3 4 ] and [ 5 ] above it are used up. The newest, which would stand aside, is of another cache.
 */
static void twice_world(void *arg)
{
	static const int order[] = { 2, 3, 4, 1, 0, 1, 5 };
	void *objects[7], *newest;

	(void)arg;
	machine_enter(m);
	for (int i = 0; i < 6; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	kfree(kmalloc(64, GFP_KERNEL));
	newest = kmalloc(64, GFP_KERNEL);
	for (int i = 0; i < 7; i++)
		kmem_cache_free(cache, objects[order[i]]);
	for (int i = 0; i < 7; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	for (int i = 0; i < 7; i++)
		for (int j = 0; j < i; j++)
			if (objects[i] == objects[j])
				sim_fail("an object that was freed twice has two holders");
	kfree(newest);
	machine_leave();
}

static void an_object_has_one_holder(struct ktap *t)
{
	expect_found_in(t, &(struct seeded_world){
		.bug = SEEDED_MARKS, .run = twice_world, .schedules = 10, .prepare = make_cache_of_three,
	});
}

/* ------------------------------------------------------------------------------------------------------ interrupts */

static void *kept;
static u32 is_over;

/* Takes an object out, or puts it back. */
static void exchange_object(void *arg)
{
	void *object;

	(void)arg;
	if (machine_current() != m || __atomic_load_n(&is_over, __ATOMIC_ACQUIRE))
		return;
	object = __atomic_load_n(&kept, __ATOMIC_RELAXED) ? NULL : kmem_cache_alloc(cache, GFP_ATOMIC);
	object = __atomic_exchange_n(&kept, object, __ATOMIC_ACQ_REL);
	if (object)
		kmem_cache_free(cache, object);
}

static void interrupted_world(void *arg)
{
	kept = NULL;
	is_over = 0;
	machine_enter(m);
	run_tasks(2, use_cache, arg);
	__atomic_store_n(&is_over, 1, __ATOMIC_RELEASE);
	if (kept)
		kmem_cache_free(cache, kept);
	cache_holds();
	machine_leave();
}

static void no_interrupt_comes_where_a_cpu_is_held(struct ktap *t)
{
	expect_found_in(t, &(struct seeded_world){
		.bug = SEEDED_CPU_HOLD_IRQS, .run = interrupted_world, .schedules = 1500, .prepare = make_cache,
		.interrupt = exchange_object, .interrupt_every = 10,
	});
}

static void no_interrupt_comes_into_fast_code(struct ktap *t)
{
	expect_found_in(t, &(struct seeded_world){
		.bug = SEEDED_FAST_PATH, .run = interrupted_world, .schedules = 10, .prepare = make_cache,
		.interrupt = exchange_object, .interrupt_every = 10, .every_access = true,
	});
}

/* ----------------------------------------------------------------------------------------------------------- pools */

static mempool_t pool, pool_made;
static u32 is_empty;

static void *element_alloc(gfp_t gfp, void *data)
{
	(void)gfp;
	return __atomic_load_n(&is_empty, __ATOMIC_RELAXED) ? NULL : data;
}

static void element_free(void *element, void *data)
{
	(void)element;
	(void)data;
}

static void make_pool(void)
{
	is_empty = 0;
	if (mempool_init(&pool_made, 1, element_alloc, element_free, &pool))
		m = NULL;
}

static void use_element(void *arg)
{
	(void)arg;
	machine_enter(m);
	mempool_free(mempool_alloc(&pool, GFP_KERNEL), &pool);
	machine_leave();
}

/* Who sleeps is woken by a free, not by looking again after five seconds. */
static void pool_world(void *arg)
{
	u64 began = host_clock(m);

	pool = pool_made;
	is_empty = 1;
	run_tasks(3, use_element, arg);
	if (host_clock(m) - began > 1000000000)
		sim_fail("nobody was woken");
}

static void a_free_wakes_who_sleeps_for_an_element(struct ktap *t)
{
	expect_found_in(t, &(struct seeded_world){
		.bug = SEEDED_MEMPOOL, .run = pool_world, .schedules = 1000, .prepare = make_pool,
	});
}

/* ---------------------------------------------------------------------------------------------------------- stacks */

static u32 handles[2], nr_handles;

static void keep_stack(void *arg)
{
	u32 handle;

	(void)arg;
	machine_enter(m);
	handle = stack_depot_save(m, 0);
	machine_leave();
	handles[__atomic_fetch_add(&nr_handles, 1, __ATOMIC_RELAXED)] = handle;
}

static void stack_world(void *arg)
{
	nr_handles = 0;
	run_tasks(2, keep_stack, arg);
	if (!handles[0] || handles[0] != handles[1])
		sim_fail("one stack is %u and %u", handles[0], handles[1]);
}

static void a_stack_is_kept_once(struct ktap *t)
{
	expect_found(t, SEEDED_DEPOT, stack_world, 20);
}

KTAP_SUITE(seeded_slab, KTAP_CASE(a_sheaf_is_one_cpu_s), KTAP_CASE(a_slot_is_used_on_its_cpu),
	   KTAP_CASE(a_late_cpu_is_waited_for), KTAP_CASE(an_object_has_one_holder),
	   KTAP_CASE(no_interrupt_comes_where_a_cpu_is_held),
	   KTAP_CASE(no_interrupt_comes_into_fast_code), KTAP_CASE(a_free_wakes_who_sleeps_for_an_element),
	   KTAP_CASE(a_stack_is_kept_once));
