/* SPDX-License-Identifier: MIT */
/* test_kthread.c - tasks of kernel code, what they wait for, and letting time pass. */
#define TEST_HAS_THREADS
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/timex.h>
#include "mm/fault_inject.h"
#include "mm/kthread.h"
#include "tests/slab_machine.h"

struct worker {
	struct completion begun, may_end, ended;
	u32 calls;
	unsigned int cpu;
	void *object;
};

static void worker_init(struct worker *worker)
{
	*worker = (struct worker){ .calls = 0 };
	init_completion(&worker->begun);
	init_completion(&worker->may_end);
	init_completion(&worker->ended);
}

/* Ends by itself. */
static int work(void *data)
{
	struct worker *worker = data;

	worker->calls++;
	worker->cpu = get_cpu();
	put_cpu();
	worker->object = kmalloc(100, GFP_KERNEL);
	complete(&worker->begun);
	wait_for_completion(&worker->may_end);
	complete(&worker->ended);
	return 5;
}

static int work_until_stopped(void *data)
{
	struct worker *worker = data;

	complete(&worker->begun);
	while (!kthread_should_stop()) {
		worker->calls++;
		usleep_range(100, 200);
	}
	return kthread_data(current) == data ? 7 : 8;
}

static void a_task_sleeps_until_it_is_woken(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=2");
	struct task_struct *task;
	struct worker worker;

	ASSERT_NOT_NULL(t, m);
	worker_init(&worker);
	task = kthread_create(work, &worker, "worker/%d", 3);
	ASSERT(t, !IS_ERR(task));
	EXPECT(t, task->flags & PF_KTHREAD);
	EXPECT_EQ(t, wait_for_completion_timeout(&worker.begun, msecs_to_jiffies(20)), 0);
	EXPECT_EQ(t, worker.calls, 0);
	kthread_bind(task, 1);
	EXPECT_EQ(t, wake_up_process(task), 1);
	EXPECT_GT(t, wait_for_completion_timeout(&worker.begun, 100 * HZ), 0);
	EXPECT_EQ(t, worker.calls, 1);
	EXPECT_EQ(t, worker.cpu, 1);
	EXPECT_NOT_NULL(t, worker.object);
	kfree(worker.object);
	EXPECT_EQ(t, wake_up_process(task), 0);
	kthreads_wait(m, 0);
	EXPECT_EQ(t, __atomic_load_n(&m->nr_kthreads, __ATOMIC_ACQUIRE), 1);
	complete(&worker.may_end);
	wait_for_completion(&worker.ended);
	EXPECT_EQ(t, wake_up_process(current), 0);
	kthreads_wait(m, 10 * (u64)NSEC_PER_SEC);
	EXPECT_EQ(t, __atomic_load_n(&m->nr_kthreads, __ATOMIC_ACQUIRE), 0);
}

/* It runs where it can. */
static void a_task_may_be_bound_to_a_cpu_that_is_not_there(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=2");
	struct task_struct *task;
	struct worker worker;

	ASSERT_NOT_NULL(t, m);
	worker_init(&worker);
	task = kthread_create(work_until_stopped, &worker, "worker");
	ASSERT(t, !IS_ERR(task));
	kthread_bind(task, 2);
	EXPECT_EQ(t, wake_up_process(task), 1);
	wait_for_completion(&worker.begun);
	EXPECT_EQ(t, kthread_stop(task), 7);
	EXPECT_LE(t, m->nr_online, 2);
}

static void a_task_is_stopped(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=1");
	struct task_struct *task;
	struct worker worker;

	ASSERT_NOT_NULL(t, m);
	worker_init(&worker);
	task = kthread_run(work_until_stopped, &worker, "worker");
	ASSERT(t, !IS_ERR(task));
	EXPECT_EQ(t, wait_for_completion_interruptible(&worker.begun), 0);
	EXPECT_EQ(t, kthread_stop(task), 7);
	task = kthread_create(work, &worker, "never");
	ASSERT(t, !IS_ERR(task));
	EXPECT_EQ(t, kthread_stop(task), -EINTR);
	EXPECT_EQ(t, worker.object, NULL);
	machine_holds(t, m);
}

static void the_machine_waits_for_tasks_that_end(struct ktap *t)
{
	struct machine *m = machine_boot(&(struct machine_config){ .cmdline = "mem=64M nr_cpus=2" });
	struct worker worker;

	ASSERT_NOT_NULL(t, m);
	worker_init(&worker);
	machine_enter(m);
	EXPECT(t, !IS_ERR(kthread_run(work, &worker, "worker")));
	wait_for_completion(&worker.begun);
	kfree(worker.object);
	complete(&worker.may_end);
	machine_leave();
	EXPECT_EQ(t, machine_shutdown(m), 0);
	EXPECT(t, completion_done(&worker.ended));
}

/* It would go on without a machine. */
static void a_machine_whose_tasks_go_on_is_not_shut_down(struct ktap *t)
{
	struct machine_config config = { .cmdline = "mem=64M nr_cpus=2", .console = console_keep };
	struct machine *m = machine_boot(&config);
	struct task_struct *task;
	struct worker worker;

	ASSERT_NOT_NULL(t, m);
	console_clear();
	worker_init(&worker);
	machine_enter(m);
	task = kthread_run(work_until_stopped, &worker, "worker");
	ASSERT(t, !IS_ERR(task));
	machine_leave();
	EXPECT_EQ(t, machine_shutdown(m), -EBUSY);
	EXPECT_CONTAINS(t, console_text(), "machine: not shut down: 1 kthreads have not ended\n");
	ASSERT_EQ(t, machine_enter(m), 0);
	EXPECT_EQ(t, kthread_stop(task), 7);
	machine_leave();
	EXPECT_EQ(t, machine_shutdown(m), 0);
}

static void no_memory_is_an_error(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=1");
	struct worker worker;

	ASSERT_NOT_NULL(t, m);
	worker_init(&worker);
	fault_arm(m, FAULT_BIT(FAULT_TASK), 1, false);
	EXPECT_EQ(t, PTR_ERR(kthread_create(work, &worker, "worker")), -ENOMEM);
	EXPECT_EQ(t, fault_disarm(m).failed, 1);
	fault_arm(m, FAULTS_ALL & ~FAULT_BIT(FAULT_SHEAF), 1, true);
	EXPECT_EQ(t, PTR_ERR(kthread_create(work, &worker, "worker")), -ENOMEM);
	fault_disarm(m);
	EXPECT_EQ(t, worker.calls, 0);
	EXPECT_EQ(t, m->nr_kthreads, 0);
}

static void each_completion_lets_one_pass(struct ktap *t)
{
	DECLARE_COMPLETION(x);

	ASSERT_NOT_NULL(t, slab_machine(t, "mem=64M nr_cpus=1"));
	EXPECT(t, !completion_done(&x) && !try_wait_for_completion(&x));
	complete(&x);
	complete(&x);
	EXPECT(t, completion_done(&x));
	wait_for_completion(&x);
	EXPECT(t, try_wait_for_completion(&x));
	EXPECT(t, !try_wait_for_completion(&x));
	complete_all(&x);
	complete(&x);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(t, wait_for_completion_killable(&x), 0);
	EXPECT_GE(t, wait_for_completion_timeout(&x, 1), 1);
	EXPECT_EQ(t, wait_for_completion_timeout(&x, 0), 1);
	reinit_completion(&x);
	EXPECT_EQ(t, wait_for_completion_timeout(&x, 1), 0);
}

static int complete_soon(void *x)
{
	msleep(1);
	complete(x);
	return 0;
}

/* More ticks than nanoseconds can be counted. */
static void a_timeout_may_be_as_long_as_any(struct ktap *t)
{
	static const unsigned long timeouts[] = { MAX_JIFFY_OFFSET, ~0ul >> 1, ~0ul };
	DECLARE_COMPLETION(x);

	ASSERT_NOT_NULL(t, slab_machine(t, "mem=64M nr_cpus=2"));
	for (size_t i = 0; i < ARRAY_SIZE(timeouts); i++) {
		ASSERT(t, !IS_ERR(kthread_run(complete_soon, &x, "soon")));
		EXPECT_GT(t, wait_for_completion_timeout(&x, timeouts[i]), 100ul * HZ);
	}
	EXPECT_EQ(t, jiffies_to_nsecs(HZ), NSEC_PER_SEC);
	EXPECT_EQ(t, msecs_to_jiffies(INT_MAX), INT_MAX / 4 + 1);
	EXPECT_EQ(t, msecs_to_jiffies(-1), MAX_JIFFY_OFFSET);
	EXPECT_EQ(t, msecs_to_jiffies(INT_MIN), MAX_JIFFY_OFFSET);
	EXPECT_EQ(t, usecs_to_jiffies(~0u), ~0u / 4000 + 1);
}

static void time_passes(struct ktap *t)
{
	ktime_t start, end;
	unsigned long ticks;
	cycles_t cycles;

	ASSERT_NOT_NULL(t, slab_machine(t, "mem=64M nr_cpus=1"));
	start = ktime_get();
	ticks = jiffies;
	cycles = get_cycles();
	msleep(2);
	udelay(100);
	ndelay(1);
	fsleep(100);
	end = ktime_get();
	EXPECT_GE(t, ktime_us_delta(end, start), 2200);
	EXPECT(t, ktime_after(end, start) && ktime_before(start, end));
	EXPECT_EQ(t, ktime_compare(start, end), -1);
	EXPECT(t, time_after_eq(jiffies, ticks));
	EXPECT(t, get_cycles() != cycles);
	EXPECT_EQ(t, msecs_to_jiffies(1), 1);
	EXPECT_EQ(t, msecs_to_jiffies(1000), HZ);
	EXPECT_EQ(t, jiffies_to_msecs(HZ), 1000);
	EXPECT_EQ(t, ktime_to_ms(ktime_set(1, 5000000)), 1005);
	EXPECT_EQ(t, num_online_cpus(), 1);
	EXPECT(t, cpu_possible(0) && !cpu_online(1));
}

KTAP_SUITE(kthread, KTAP_CASE(a_task_sleeps_until_it_is_woken), KTAP_CASE(a_task_is_stopped),
	   KTAP_CASE(a_task_may_be_bound_to_a_cpu_that_is_not_there),
	   KTAP_CASE(the_machine_waits_for_tasks_that_end),
	   KTAP_CASE(a_machine_whose_tasks_go_on_is_not_shut_down), KTAP_CASE(no_memory_is_an_error),
	   KTAP_CASE(each_completion_lets_one_pass),
	   KTAP_CASE(a_timeout_may_be_as_long_as_any), KTAP_CASE(time_passes));
