/* SPDX-License-Identifier: MIT */
/*
 * rcu.c - grace periods.
 *
 *	call_rcu()  -> machine->rcu_callbacks -> [ task "rcu": cut both lists, wait a grace period, run, free ] -> ...
 *	kfree_rcu() -> machine->rcu_frees ----->	head->func: the object
 *
 * The background task is started by the first callback and ends with the machine. Where the host has no tasks,
 * the callbacks are run by rcu_barrier(), which shutdown calls.
 *
 * Lock: machine->rcu_lock, for the lists only.
 */
#include <linux/kernel.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include "lib/seeded.h"
#include "mm/cpus.h"
#include "mm/fault_inject.h"
#include "mm/machine.h"
#include "mm/rcu.h"

#define GATHER_NS 2000000ull	/* callbacks gather this long before a grace period is spent on them */

static void wait_for_readers(struct machine *m)
{
	while (cpus_request(m, CPU_QUIET) && !SEEDED(RCU_LATE))
		;
}

void synchronize_rcu(void)
{
	might_sleep();
	wait_for_readers(this_machine());
}

static struct rcu_head *list_cut(struct machine *m, struct rcu_head **list)
{
	struct rcu_head *head;
	unsigned long flags;

	spin_lock_irqsave(&m->rcu_lock, flags);
	head = *list;
	__atomic_store_n(list, NULL, __ATOMIC_RELAXED);
	spin_unlock_irqrestore(&m->rcu_lock, flags);
	return head;
}

bool rcu_is_idle(const struct machine *m)
{
	return !__atomic_load_n(&m->rcu_callbacks, __ATOMIC_RELAXED) &&
	       !__atomic_load_n(&m->rcu_frees, __ATOMIC_RELAXED) && !mutex_is_locked(&m->rcu_mutex);
}

/* Oldest first. */
static void callbacks_run(struct rcu_head *newest)
{
	struct rcu_head *oldest = NULL;

	while (newest) {
		struct rcu_head *next = newest->next;

		newest->next = oldest;
		oldest = newest;
		newest = next;
	}
	while (oldest) {
		struct rcu_head *next = oldest->next;

		oldest->func(oldest);
		oldest = next;
	}
}

/*
 * Who queues a head that is queued already ties its list to a ring, which begins with that head; what was queued before
 * it is lost. Returns it, and the ring is open: each head that is left is there once. NULL: it is no ring. (Heads that
 * have left their list, and wait for readers, are not found so.)
 */
static struct rcu_head *ring_open(struct rcu_head *newest)
{
	struct rcu_head *slow = newest, *fast = newest, *last;

	do {
		if (!fast || !fast->next)
			return NULL;
		slow = slow->next;
		fast = fast->next->next;
	} while (slow != fast);
	for (slow = newest; slow != fast; slow = slow->next)
		fast = fast->next;
	for (last = fast; last->next != fast;)
		last = last->next;
	last->next = NULL;
	return fast;
}

static void double_free_report(const char *caller, struct rcu_head *newest)
{
	struct rcu_head *twice = ring_open(newest);

	WARN(twice, "%s(): Double-freed CB %px; what was queued before it is lost\n", caller, twice);
}

static void objects_free(struct rcu_head *head)
{
	while (head) {
		struct rcu_head *next = head->next;

		kvfree((void *)head->func);
		head = next;
	}
}

static bool rcu_round(struct machine *m)
{
	struct rcu_head *callbacks = list_cut(m, &m->rcu_callbacks), *frees = list_cut(m, &m->rcu_frees);

	if (!callbacks && !frees)
		return false;
	double_free_report("call_rcu", callbacks);
	double_free_report("kvfree_call_rcu", frees);
	wait_for_readers(m);
	callbacks_run(callbacks);
	objects_free(frees);
	return true;
}

static void rcu_task(void *arg)
{
	struct machine *m = arg;
	bool entered = !machine_enter(m);

	while (entered && !__atomic_load_n(&m->rcu_stop, __ATOMIC_ACQUIRE)) {
		u32 seen = __atomic_load_n(&m->rcu_word, __ATOMIC_ACQUIRE);

		mutex_lock(&m->rcu_mutex);
		rcu_round(m);
		mutex_unlock(&m->rcu_mutex);
		cpu_release();
		if (SEEDED(RCU_CALLBACKS))
			seen = __atomic_load_n(&m->rcu_word, __ATOMIC_ACQUIRE);
		host_wait(&m->rcu_word, seen, 0);
		host_wait(&m->rcu_stop_word, 0, GATHER_NS);
	}
	if (entered)
		machine_leave();
	__atomic_store_n(&m->rcu_running, 0, __ATOMIC_RELEASE);
	host_wake(&m->rcu_running, 1);
}

void rcu_start(struct machine *m)
{
	u32 idle = 0;

	if (__atomic_load_n(&m->rcu_running, __ATOMIC_RELAXED) || __atomic_load_n(&m->rcu_stop, __ATOMIC_ACQUIRE) ||
	    !__atomic_compare_exchange_n(&m->rcu_running, &idle, 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return;
	if (task_start(m, "rcu", rcu_task, m))
		__atomic_store_n(&m->rcu_running, 0, __ATOMIC_RELEASE);
}

static void queue(struct machine *m, struct rcu_head **list, struct rcu_head *head)
{
	unsigned long flags;

	spin_lock_irqsave(&m->rcu_lock, flags);
	head->next = *list;
	__atomic_store_n(list, head, __ATOMIC_RELAXED);
	spin_unlock_irqrestore(&m->rcu_lock, flags);
	__atomic_fetch_add(&m->rcu_word, 1, __ATOMIC_RELEASE);
	rcu_start(m);
	host_wake(&m->rcu_word, 1);
}

void call_rcu(struct rcu_head *head, rcu_callback_t func)
{
	struct machine *m = this_machine();

	head->func = func;
	queue(m, &m->rcu_callbacks, head);
}

void kvfree_call_rcu(struct rcu_head *head, void *object)
{
	struct machine *m = this_machine();

	if (head) {
		head->func = (rcu_callback_t)object;
		queue(m, &m->rcu_frees, head);
		return;
	}
	synchronize_rcu();
	kvfree(object);
}

/* The mutex keeps the background task from holding callbacks that it has cut but not yet run. */
void rcu_barrier(void)
{
	struct machine *m = this_machine();

	if (!SEEDED(RCU_BARRIER))
		mutex_lock(&m->rcu_mutex);
	rcu_round(m);
	if (!SEEDED(RCU_BARRIER))
		mutex_unlock(&m->rcu_mutex);
}

void rcu_exit(struct machine *m)
{
	__atomic_store_n(&m->rcu_stop, true, __ATOMIC_RELEASE);
	__atomic_store_n(&m->rcu_stop_word, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&m->rcu_running, __ATOMIC_ACQUIRE)) {
		__atomic_fetch_add(&m->rcu_word, 1, __ATOMIC_RELEASE);
		host_wake(&m->rcu_word, 1);
		host_wake(&m->rcu_stop_word, 1);
		cpu_release();
		host_wait(&m->rcu_running, 1, 1000000);
	}
	while (rcu_round(m))
		;
}
