/* SPDX-License-Identifier: MIT */
/*
 * kthread.c - tasks of kernel code, as tasks of the host.
 *
 *	maker	start a task; sleep until it says who it is
 *	task	say it; sleep until woken; enter the machine; function(data); leave; say that it has ended
 *	stopper	stop = 1; wake; sleep until it has ended; its answer
 *
 * state	MADE -> ASLEEP -> RUNS -> ENDED		a word that all of them sleep on
 * fate		0, then what comes first: ENDS (nobody asked: the task frees all) or STOPPED (the stopper does)
 *
 * The machine counts them: it waits at its end for those that are about to end, too. No lock.
 */
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/slab.h>
#include "mm/fault_inject.h"
#include "mm/cpus.h"
#include "mm/kthread.h"

enum state { MADE, ASLEEP, RUNS, ENDED };
enum fate { NOT_YET, ENDS, STOPPED };

struct kthread {
	struct machine *machine;
	int (*function)(void *data);
	void *data;
	struct task_struct *task;
	u32 state, fate;		/* atomic */
	int result;
};

static struct kthread *kthread_of(struct task_struct *task)
{
	return __atomic_load_n(&task->kthread, __ATOMIC_ACQUIRE);
}

static void kthread_is(struct kthread *k)
{
	__atomic_store_n(&current->kthread, k, __ATOMIC_RELEASE);
}

static void state_set(struct kthread *k, enum state state)
{
	__atomic_store_n(&k->state, state, __ATOMIC_RELEASE);
	host_wake(&k->state, INT_MAX);
}

static void state_wait(struct kthread *k, enum state state)
{
	u32 now;

	while ((now = __atomic_load_n(&k->state, __ATOMIC_ACQUIRE)) < (u32)state) {
		cpu_release_to_sleep();
		host_wait(&k->state, now, 0);
	}
}

/* The machine may vanish after this. */
static void uncount(struct machine *m)
{
	u32 *word = &m->nr_kthreads;

	__atomic_fetch_sub(word, 1, __ATOMIC_RELEASE);
	host_wake(word, INT_MAX);
}

static bool is_stopped(const struct kthread *k)
{
	return __atomic_load_n(&k->fate, __ATOMIC_ACQUIRE) == STOPPED;
}

/* Returns whether nobody waits for the answer. */
static bool ends_alone(struct kthread *k)
{
	return __atomic_exchange_n(&k->fate, ENDS, __ATOMIC_ACQ_REL) != STOPPED;
}

static void kthread_main(void *arg)
{
	struct kthread *k = arg;
	struct machine *m = k->machine;
	bool alone = false;

	k->task = current;
	kthread_is(k);
	current->flags |= PF_KTHREAD;
	state_set(k, ASLEEP);
	state_wait(k, RUNS);
	k->result = -EINTR;
	if (!machine_enter(m)) {
		if (!is_stopped(k))
			k->result = k->function(k->data);
		alone = ends_alone(k);
		if (alone)
			kfree(k);
		machine_leave();
	}
	kthread_is(NULL);
	if (!alone)
		state_set(k, ENDED);
	uncount(m);
}

struct task_struct *kthread_create_on_node(int (*function)(void *data), void *data, int node, const char *format, ...)
{
	struct machine *m = this_machine();
	struct kthread *k = kzalloc(sizeof(*k), GFP_KERNEL);
	char name[16];
	va_list args;

	(void)node;
	might_sleep();
	if (!k)
		return ERR_PTR(-ENOMEM);
	va_start(args, format);
	vscnprintf(name, sizeof(name), format, args);
	va_end(args);
	*k = (struct kthread){ .machine = m, .function = function, .data = data };
	__atomic_fetch_add(&m->nr_kthreads, 1, __ATOMIC_RELAXED);
	if (task_start(m, name, kthread_main, k)) {
		uncount(m);
		kfree(k);
		return ERR_PTR(-ENOMEM);
	}
	state_wait(k, ASLEEP);
	return k->task;
}

void kthread_bind(struct task_struct *task, unsigned int cpu)
{
	task->bound_cpu = cpu + 1;
}

static int wake(struct kthread *k)
{
	u32 asleep = ASLEEP;

	if (!k || !__atomic_compare_exchange_n(&k->state, &asleep, RUNS, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return 0;
	host_wake(&k->state, INT_MAX);
	return 1;
}

int wake_up_process(struct task_struct *task)
{
	return wake(kthread_of(task));
}

int kthread_stop(struct task_struct *task)
{
	struct kthread *k = kthread_of(task);
	int result;

	might_sleep();
	__atomic_store_n(&k->fate, STOPPED, __ATOMIC_RELEASE);	/* from here on only k is sure to be there */
	wake(k);
	state_wait(k, ENDED);
	result = k->result;
	kfree(k);
	return result;
}

bool kthread_should_stop(void)
{
	return is_stopped(kthread_of(current));
}

void *kthread_data(struct task_struct *task)
{
	return kthread_of(task)->data;
}

u32 kthreads_wait(struct machine *m, u64 most_ns)
{
	u64 end = host_clock(m) + most_ns, now;
	u32 nr;

	while ((nr = __atomic_load_n(&m->nr_kthreads, __ATOMIC_ACQUIRE)) && (now = host_clock(m)) < end) {
		cpu_release();		/* one may need it to end */
		host_wait(&m->nr_kthreads, nr, end - now);
	}
	return nr;
}
