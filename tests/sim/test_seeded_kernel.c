/* SPDX-License-Identifier: MIT */
/* test_seeded_kernel.c - the protocols of kernel/, each with a bug that schedules find: locks, RCU, reports. */
#include <linux/bug.h>
#include <linux/printk.h>
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
	expect_found(t, SEEDED_WORD_LOCK, lock_world, 100);
}

static struct mutex mutex;

/* The holder needs a CPU to go on. */
static void own_a_little(void *arg)
{
	(void)arg;
	machine_enter(m);
	mutex_lock(&mutex);
	cpu_release();
	sim_yield();
	cpu_get();
	mutex_unlock(&mutex);
	machine_leave();
}

/* On one CPU: nobody waits for a time slice to end. */
static void mutex_world(void *arg)
{
	u64 began = host_clock(m);

	mutex_init(&mutex);
	run_tasks(2, own_a_little, arg);
	if (host_clock(m) - began > 1000000)
		sim_fail("who waited for the mutex kept the CPU");
}

static void who_sleeps_for_a_mutex_has_no_cpu(struct ktap *t)
{
	expect_found_in(t, &(struct seeded_world){
		.bug = SEEDED_MUTEX_CPU, .run = mutex_world, .schedules = 20, .cmdline = "mem=4M nr_cpus=1",
	});
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
	expect_found(t, SEEDED_RCU_CALLBACKS, callback_world, 100);
}

/* The background task may be about to run it: at the second time when it has gathered for a while. */
static void barrier_world(void *arg)
{
	(void)arg;
	callbacks.done = 0;
	machine_enter(m);
	for (u32 i = 0; i < 4; i++) {
		call_rcu(&callbacks.heads[i], callback);
		sim_yield();
		rcu_barrier();
		if (__atomic_load_n(&callbacks.done, __ATOMIC_ACQUIRE) <= i)
			sim_fail("rcu_barrier() returned before the callback ran");
		nap(2500);
	}
	rcu_exit(m);
	machine_leave();
}

static void a_barrier_waits_for_what_is_on_its_way(struct ktap *t)
{
	expect_found(t, SEEDED_RCU_BARRIER, barrier_world, 800);
}

static struct {
	u32 there, freed, reader_is_here;
	u64 reads_us;
} object;

/* Uses the object for a while; interrupts are off at times, as in an allocation. */
static void read_object(void *arg)
{
	unsigned long flags;

	(void)arg;
	machine_enter(m);
	__atomic_store_n(&object.reader_is_here, 1, __ATOMIC_RELEASE);
	rcu_read_lock();
	for (int i = 0; i < 20 && (i || __atomic_load_n(&object.there, __ATOMIC_ACQUIRE)); i++) {
		local_irq_save(flags);
		local_irq_restore(flags);
		nap(object.reads_us);
		if (__atomic_load_n(&object.freed, __ATOMIC_ACQUIRE))
			sim_fail("a reader uses what was freed");
	}
	rcu_read_unlock();
	machine_leave();
}

static void free_object(void *arg)
{
	(void)arg;
	machine_enter(m);
	/* A CPU that comes up has much to do: not all is over before the reader has one. */
	for (int i = 0; i < 100 && !__atomic_load_n(&object.reader_is_here, __ATOMIC_ACQUIRE); i++)
		nap(10);
	__atomic_store_n(&object.there, 0, __ATOMIC_RELEASE);
	synchronize_rcu();
	__atomic_store_n(&object.freed, 1, __ATOMIC_RELEASE);
	machine_leave();
}

static void reader_world(void *arg)
{
	(void)arg;
	object.there = 1;
	object.freed = object.reader_is_here = 0;
	object.reads_us = 0;
	run_two(free_object, read_object);
}

static void a_reader_is_not_asked_in_the_middle(struct ktap *t)
{
	expect_found(t, SEEDED_RCU_READER, reader_world, 100);
}

static void late_world(void *arg)
{
	(void)arg;
	object.there = 1;
	object.freed = 0;
	object.reads_us = 1500;
	run_two(free_object, read_object);
}

static void a_reader_is_waited_for_however_long(struct ktap *t)
{
	expect_found(t, SEEDED_RCU_LATE, late_world, 100);
}

/* -------------------------------------------------------------------------------------------------------- reports */

static u32 reports;

static const struct bug_site sites[4];

static void warn_once(void *arg)
{
	(void)arg;
	machine_enter(m);
	for (int i = 0; i < 4; i++)
		if (warn_first_time(&sites[i]))
			__atomic_fetch_add(&reports, 1, __ATOMIC_RELAXED);
	machine_leave();
}

static void warn_world(void *arg)
{
	reports = 0;
	run_tasks(2, warn_once, arg);
	if (reports != 4)
		sim_fail("%u reports of 4 places", reports);
}

static void a_place_warns_once(struct ktap *t)
{
	expect_found(t, SEEDED_WARNED, warn_world, 1500);
}

static void say(void *arg)
{
	(void)arg;
	machine_enter(m);
	if (__ratelimit(&m->nopage_ratelimit))
		__atomic_fetch_add(&reports, 1, __ATOMIC_RELAXED);
	machine_leave();
}

static void ratelimit_world(void *arg)
{
	reports = 0;
	m->nopage_ratelimit = (struct ratelimit_state){ .interval_ms = 5000, .burst = 1 };
	run_tasks(2, say, arg);
	if (reports > 1)
		sim_fail("%u lines of a burst of 1", reports);
}

static void a_burst_is_not_exceeded(struct ktap *t)
{
	expect_found(t, SEEDED_RATELIMIT, ratelimit_world, 50);
}

static void slow_console(void *arg, const char *text, size_t length)
{
	(void)arg;
	(void)text;
	(void)length;
	sim_yield();
}

static void print_a_line(void *arg)
{
	(void)arg;
	if (machine_current() == m)
		pr_warn("a line\n");
}

static void print_here(void *arg)
{
	machine_enter(m);
	print_a_line(arg);
	machine_leave();
}

static void console_world(void *arg)
{
	m->console = slow_console;
	run_tasks(2, print_here, arg);
}

/* An interrupt prints, wherever it comes. */
static void who_is_at_the_console_does_not_wait_for_itself(struct ktap *t)
{
	expect_found_in(t, &(struct seeded_world){
		.bug = SEEDED_CONSOLE, .run = console_world, .schedules = 20,
		.interrupt = print_a_line, .interrupt_every = 20,
	});
}

KTAP_SUITE(seeded_kernel, KTAP_CASE(word_lock_wakes_all_who_sleep), KTAP_CASE(who_sleeps_for_a_mutex_has_no_cpu),
	   KTAP_CASE(a_callback_is_not_forgotten), KTAP_CASE(a_barrier_waits_for_what_is_on_its_way),
	   KTAP_CASE(a_reader_is_not_asked_in_the_middle), KTAP_CASE(a_reader_is_waited_for_however_long),
	   KTAP_CASE(a_place_warns_once), KTAP_CASE(a_burst_is_not_exceeded),
	   KTAP_CASE(who_is_at_the_console_does_not_wait_for_itself));
