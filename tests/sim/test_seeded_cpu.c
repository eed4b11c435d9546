/* SPDX-License-Identifier: MIT */
/* test_seeded_cpu.c - how threads get CPUs and what CPUs are asked: protocols, each with a bug that schedules find. */
#include "mm/stats.h"
#include "tests/sim/seeded.h"

#define ONE_CPU "mem=4M nr_cpus=1"
#define ROUNDS 5u

/* --------------------------------------------------------------------------------------------------------- leases */

static void enter_and_leave(void *arg)
{
	(void)arg;
	for (int i = 0; i < 3; i++) {
		machine_enter(m);
		machine_leave();
	}
}

static void lease_world(void *arg)
{
	run_tasks(3, enter_and_leave, arg);
}

static void a_cpu_goes_to_who_waits(struct ktap *t)
{
	expect_found_in(t, &(struct seeded_world){
		.bug = SEEDED_CPU_LEASE, .run = lease_world, .schedules = 150, .cmdline = ONE_CPU,
	});
}

static u32 done;

/* Keeps a CPU, and cannot be interrupted. */
static void keep_cpu(void *arg)
{
	(void)arg;
	machine_enter(m);
	preempt_disable();
	while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE))
		nap(500);
	preempt_enable();
	machine_leave();
}

/* Keeps another, and can. */
static void sleep_with_cpu(void *arg)
{
	(void)arg;
	machine_enter(m);
	while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE))
		nap(500);
	machine_leave();
}

static void yield_world(void *arg)
{
	int tasks[2];

	__atomic_store_n(&done, 0, __ATOMIC_RELEASE);
	tasks[0] = sim_spawn("keep", keep_cpu, arg);
	tasks[1] = sim_spawn("sleep", sleep_with_cpu, arg);
	nap(100);
	machine_enter(m);
	__atomic_store_n(&done, 1, __ATOMIC_RELEASE);
	machine_leave();
	sim_join(tasks[0]);
	sim_join(tasks[1]);
}

static void who_cannot_yield_does_not_shadow_who_can(struct ktap *t)
{
	expect_found_in(t, &(struct seeded_world){
		.bug = SEEDED_CPU_YIELD, .run = yield_world, .schedules = 50, .cmdline = "mem=4M nr_cpus=2",
	});
}

static u32 inside;

/* Alone on the only CPU, or on none. */
static void be_alone(void *arg)
{
	(void)arg;
	machine_enter(m);
	preempt_disable();
	if (__atomic_add_fetch(&inside, 1, __ATOMIC_RELAXED) != 1)
		sim_fail("two tasks are on one CPU");
	sim_yield();
	__atomic_sub_fetch(&inside, 1, __ATOMIC_RELAXED);
	preempt_enable();
	machine_leave();
}

/* Has the CPU for about as long as others wait before they ask, and ends. */
static void sleep_and_end(void *us)
{
	machine_enter(m);
	preempt_disable();
	nap(*(u64 *)us);
	preempt_enable();
	machine_leave();
}

static void take_back_world(void *arg)
{
	inside = 0;
	for (u64 us = 3995; us < 4025; us += 3) {
		int task = sim_spawn("sleep", sleep_and_end, &us);

		run_tasks(3, be_alone, arg);
		sim_join(task);
	}
}

static void a_lease_is_taken_from_the_dead_only(struct ktap *t)
{
	expect_found_in(t, &(struct seeded_world){
		.bug = SEEDED_CPU_TAKE_BACK, .run = take_back_world, .schedules = 6000, .cmdline = ONE_CPU,
	});
}

/* ------------------------------------------------------------------------------------------------------- requests */

static struct {
	u32 filled, drained;		/* rounds */
} request;

/* Fills its lists, then does nothing but let itself be interrupted. */
static void fill(void *arg)
{
	(void)arg;
	machine_enter(m);
	for (u32 round = 1; round <= ROUNDS; round++) {
		__free_pages(alloc_pages(GFP_KERNEL, 0), 0);
		__atomic_store_n(&request.filled, round, __ATOMIC_RELEASE);
		while (__atomic_load_n(&request.drained, __ATOMIC_ACQUIRE) < round)
			sim_yield();
	}
	machine_leave();
}

static void expect_drained(void)
{
	for (unsigned int id = 0; id < m->nr_cpus; id++)
		for (unsigned int zone = 0; m->cpus[id]->pcp && zone < m->nr_zones; zone++)
			if (pcp_pages(&m->cpus[id]->pcp[zone]))
				sim_fail("cpu %u still has %lu pages", id, pcp_pages(&m->cpus[id]->pcp[zone]));
}

static void drain(void *arg)
{
	(void)arg;
	machine_enter(m);
	for (u32 round = 1; round <= ROUNDS; round++) {
		while (__atomic_load_n(&request.filled, __ATOMIC_ACQUIRE) < round)
			sim_yield();
		drain_all_pages();
		expect_drained();
		__atomic_store_n(&request.drained, round, __ATOMIC_RELEASE);
	}
	machine_leave();
}

static void request_world(void *arg)
{
	(void)arg;
	request.filled = request.drained = 0;
	run_two(drain, fill);
}

static void a_request_is_done_when_it_says_so(struct ktap *t)
{
	expect_found(t, SEEDED_CPU_REQUEST, request_world, 6000);
}

static void use_lists(void *arg)
{
	(void)arg;
	machine_enter(m);
	for (int i = 0; i < 3; i++)
		__free_pages(alloc_pages(GFP_KERNEL, 1), 1);
	machine_leave();
}

static void drain_lists(void *arg)
{
	(void)arg;
	machine_enter(m);
	drain_all_pages();
	machine_leave();
}

static void idle_world(void *arg)
{
	(void)arg;
	run_two(drain_lists, use_lists);
	machine_holds();
}

static void only_an_idle_cpu_is_drained_by_others(struct ktap *t)
{
	expect_found(t, SEEDED_CPU_IDLE, idle_world, 100);
}

static void look_while_stopped(void *arg)
{
	struct kmem_fault fault;

	(void)arg;
	machine_enter(m);
	if (!kmem_check_live(m, &fault))
		sim_fail("%s %s", fault.id, fault.place);
	machine_leave();
}

static void stop_world(void *arg)
{
	(void)arg;
	run_two(look_while_stopped, use_lists);
}

static void a_stopped_cpu_stands_still(struct ktap *t)
{
	expect_found(t, SEEDED_CPU_STOP, stop_world, 50);
}

/* ------------------------------------------------------------------------------------------- coming, going, ending */

static u32 has_entered;

static void visit(void *arg)
{
	(void)arg;
	machine_enter(m);
	__atomic_store_n(&has_entered, 1, __ATOMIC_RELEASE);
	machine_leave();
}

static void wait_for_visitor(void *arg)
{
	(void)arg;
	while (!__atomic_load_n(&has_entered, __ATOMIC_ACQUIRE) || __atomic_load_n(&m->nr_users, __ATOMIC_ACQUIRE))
		sim_yield();
	for (unsigned int id = 0; id < m->nr_cpus; id++)
		if (__atomic_load_n(&m->cpu_state[id], __ATOMIC_RELAXED) == CPU_LEASED)
			sim_fail("cpu %u is leased, and nobody is on the machine", id);
}

/* Once the visitor is no user any more, the machine may go. */
static void visitor_world(void *arg)
{
	(void)arg;
	has_entered = 0;
	run_two(wait_for_visitor, visit);
}

static void who_leaves_uses_a_machine_that_is_there(struct ktap *t)
{
	expect_found(t, SEEDED_USER_DROP, visitor_world, 50);
}

KTAP_SUITE(seeded_cpu, KTAP_CASE(a_cpu_goes_to_who_waits), KTAP_CASE(who_cannot_yield_does_not_shadow_who_can),
	   KTAP_CASE(a_lease_is_taken_from_the_dead_only), KTAP_CASE(a_request_is_done_when_it_says_so),
	   KTAP_CASE(only_an_idle_cpu_is_drained_by_others), KTAP_CASE(a_stopped_cpu_stands_still),
	   KTAP_CASE(who_leaves_uses_a_machine_that_is_there));
