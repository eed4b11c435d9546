/* SPDX-License-Identifier: MIT */
/* test_seeded_kernel.c - the protocols of kernel/, each with a bug that schedules find: locks, CPUs, RCU. */
#include "kernel/word_lock.h"
#include "tests/sim/seeded.h"

/* ---------------------------------------------------------------------------------------------------------- locks */

static word_lock_t word;

static void lock_a_little(void *arg)
{
	(void)arg;
	for (int i = 0; i < 3; i++) {
		word_lock(&word);
		sim_yield();
		word_unlock(&word);
	}
}

static void lock_world(void *arg)
{
	word = (word_lock_t){ 0 };
	run_tasks(4, lock_a_little, arg);
}

static void word_lock_wakes_all_who_sleep(struct ktap *t)
{
	expect_found(t, SEEDED_WORD_LOCK, lock_world, 300);
}

/* ----------------------------------------------------------------------------------------------------------- CPUs */

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
	expect_found_on(t, "mem=4M nr_cpus=1", SEEDED_CPU_LEASE, lease_world, 300);
}

static struct {
	u32 filled, drained;
} request;

/* Fills its lists, then does nothing but let itself be interrupted. */
static void fill(void *arg)
{
	(void)arg;
	machine_enter(m);
	__free_pages(alloc_pages(GFP_KERNEL, 0), 0);
	__atomic_store_n(&request.filled, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&request.drained, __ATOMIC_ACQUIRE))
		sim_yield();
	machine_leave();
}

static void drain(void *arg)
{
	(void)arg;
	machine_enter(m);
	while (!__atomic_load_n(&request.filled, __ATOMIC_ACQUIRE))
		sim_yield();
	drain_all_pages();
	for (unsigned int id = 0; id < m->nr_cpus; id++)
		for (unsigned int zone = 0; m->cpus[id]->pcp && zone < m->nr_zones; zone++)
			if (m->cpus[id]->pcp[zone].count)
				sim_fail("cpu %u still has %d pages", id, m->cpus[id]->pcp[zone].count);
	__atomic_store_n(&request.drained, 1, __ATOMIC_RELEASE);
	machine_leave();
}

static void request_world(void *arg)
{
	int task;

	request.filled = request.drained = 0;
	task = sim_spawn("fill", fill, arg);
	drain(arg);
	sim_join(task);
}

static void a_request_is_done_when_it_says_so(struct ktap *t)
{
	expect_found(t, SEEDED_CPU_REQUEST, request_world, 1000);
}

/* ------------------------------------------------------------------------------------------------------------ RCU */

static struct {
	struct rcu_head heads[4];
	u32 done;
} callbacks;

static void callback(struct rcu_head *head)
{
	(void)head;
	__atomic_fetch_add(&callbacks.done, 1, __ATOMIC_RELEASE);
	host_wake(&callbacks.done, 1);
}

/* Each callback runs, though nobody waits for it by a barrier. */
static void callback_world(void *arg)
{
	(void)arg;
	callbacks.done = 0;
	machine_enter(m);
	for (u32 i = 0; i < 4; i++) {
		u32 seen;

		call_rcu(&callbacks.heads[i], callback);
		if (i & 1)
			continue;
		machine_leave();
		while ((seen = __atomic_load_n(&callbacks.done, __ATOMIC_ACQUIRE)) <= i)
			host_wait(&callbacks.done, seen, 0);
		machine_enter(m);
	}
	rcu_exit(m);
	machine_leave();
}

static void a_callback_is_not_forgotten(struct ktap *t)
{
	expect_found(t, SEEDED_RCU_CALLBACKS, callback_world, 300);
}

KTAP_SUITE(seeded_kernel, KTAP_CASE(word_lock_wakes_all_who_sleep), KTAP_CASE(a_cpu_goes_to_who_waits),
	   KTAP_CASE(a_request_is_done_when_it_says_so), KTAP_CASE(a_callback_is_not_forgotten));
