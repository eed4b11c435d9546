/* SPDX-License-Identifier: MIT */
/*
 * node_task.c - a background task of a node: asked, started, woken, ended.
 *
 *	asker	asked |= what; wake++; is it started? start it; does it sleep? wake it
 *	task	seen = wake; take asked, work ...; sleep while wake == seen
 *
 *	asked	[ highest zone + 1 : 16 | order : 16 ]	the greatest of both; 0: nothing
 *
 * It is one word, so that neither part is taken without the other.
 *
 * Nothing is lost whoever comes when: docs/models/kswapd_wake.pml, kswapd_request.pml, and as the machine goes down
 * background.pml. No lock.
 */
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/sched.h>
#include "lib/seeded.h"
#include "mm/cpus.h"
#include "mm/fault_inject.h"
#include "mm/node_task.h"

#define ASKED_ORDER 0xffffu
#define ASKED_ZONE_SHIFT 16

static struct node_task *task_of(struct pglist_data *node, const struct node_task_kind *kind)
{
	return (struct node_task *)((char *)node + kind->offset);
}

/* ----------------------------------------------------------------------------------------------------- the task's */

u32 node_task_wakeups(const struct node_task *task)
{
	return __atomic_load_n(&task->wake, __ATOMIC_SEQ_CST);
}

bool node_task_must_stop(const struct node_task *task)
{
	return __atomic_load_n(&task->stop, __ATOMIC_SEQ_CST);
}

void node_task_wait(struct node_task *task, u32 seen, u64 timeout_ns)
{
	__atomic_store_n(&task->sleeping, 1, __ATOMIC_SEQ_CST);
	cpu_release();
	host_wait(&task->wake, SEEDED(KSWAPD_WAKE) ? node_task_wakeups(task) : seen, timeout_ns);
	__atomic_store_n(&task->sleeping, 0, __ATOMIC_SEQ_CST);
}

bool node_task_take(struct node_task *task, unsigned int *order, enum zone_type *highest)
{
	u32 asked = __atomic_exchange_n(&task->asked, 0, __ATOMIC_ACQ_REL);

	if (SEEDED(KSWAPD_REQUEST))
		__atomic_store_n(&task->asked, 0, __ATOMIC_RELEASE);
	if (!asked)
		return false;
	*order = asked & ASKED_ORDER;
	*highest = (enum zone_type)((asked >> ASKED_ZONE_SHIFT) - 1);
	return true;
}

/* Its last touch of the machine is gone: after that the machine may vanish. */
void node_task_main(struct pglist_data *node, const struct node_task_kind *kind)
{
	struct node_task *task = task_of(node, kind);
	u32 *word = &task->wake;

	if (!machine_enter(node->machine)) {
		current->flags |= kind->flags | PF_KTHREAD;
		kind->run(node);
		machine_leave();
	}
	__atomic_store_n(&task->gone, true, __ATOMIC_RELEASE);
	host_wake(word, INT_MAX);	/* of the word's address only */
}

/* ---------------------------------------------------------------------------------------------------- the askers' */

/* If the machine goes down meanwhile, either node_task_end() sees that it has started, or this that it must stop. */
static void start(struct pglist_data *node, struct node_task *task, const struct node_task_kind *kind)
{
	char name[16];

	if (__atomic_exchange_n(&task->started, true, __ATOMIC_SEQ_CST))
		return;
	snprintf(name, sizeof(name), "%s%d", kind->name, node->nid);
	if ((node_task_must_stop(task) && !SEEDED(KSWAPD_START)) || task_start(node->machine, name, kind->start, node))
		__atomic_store_n(&task->started, false, __ATOMIC_RELEASE);	/* the next wake tries again */
}

static void remember(struct node_task *task, u32 order, enum zone_type highest)
{
	u32 seen = __atomic_load_n(&task->asked, __ATOMIC_RELAXED), asked;

	do {
		asked = max(seen & ASKED_ORDER, order) |
			max(seen >> ASKED_ZONE_SHIFT, (u32)highest + 1) << ASKED_ZONE_SHIFT;
	} while (!__atomic_compare_exchange_n(&task->asked, &seen, asked, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

void node_task_ask(struct pglist_data *node, const struct node_task_kind *kind, unsigned int order,
		   enum zone_type highest)
{
	struct node_task *task = task_of(node, kind);

	if (node_task_must_stop(task))
		return;
	remember(task, order, highest);
	__atomic_fetch_add(&task->wake, 1, __ATOMIC_SEQ_CST);
	start(node, task, kind);
	if (__atomic_load_n(&task->sleeping, __ATOMIC_SEQ_CST))
		host_wake(&task->wake, 1);
}

void node_task_end(struct node_task *task)
{
	__atomic_store_n(&task->stop, true, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&task->wake, 1, __ATOMIC_SEQ_CST);
	host_wake(&task->wake, INT_MAX);
	while (__atomic_load_n(&task->started, __ATOMIC_SEQ_CST) && !__atomic_load_n(&task->gone, __ATOMIC_ACQUIRE)) {
		cpu_release();		/* it may need the CPU to end */
		host_wait(&task->wake, node_task_wakeups(task), 1000000);
	}
}

void node_task_forked(struct node_task *task)
{
	task->started = false;
	task->sleeping = 0;
}

bool node_task_is_sound(const struct node_task *task)
{
	return task->started || !task->sleeping;
}
