/* SPDX-License-Identifier: MIT */
/* node_task.h - a background task of a node, for those that have one: kswapd, kcompactd (mm/node_task.c). */
#ifndef MM_NODE_TASK_H
#define MM_NODE_TASK_H

#include "mm/machine.h"

struct node_task_kind {
	const char *name;		/* "kswapd": node 0's is kswapd0 */
	unsigned int flags;		/* of its task, besides PF_KTHREAD */
	size_t offset;			/* of its struct node_task in a node */
	void (*start)(void *node);	/* node_task_main(node, kind): a task has only one argument */
	void (*run)(struct pglist_data *node);	/* until node_task_must_stop() */
};

/* Ask it to work for requests of that order and zones up to highest; it is started or woken. Any context. */
void node_task_ask(struct pglist_data *node, const struct node_task_kind *kind, unsigned int order,
		   enum zone_type highest);

/* What kind->start does. */
void node_task_main(struct pglist_data *node, const struct node_task_kind *kind);

/*
 * The task's own, a round: seen = node_task_wakeups(); node_task_take() and the work; node_task_wait(seen).
 *
 * take: what was asked since the last time. False: nothing, and *order and *highest stay.
 * wait: sleep while the number of wake-ups is seen, or until the time is over (0: none), without a CPU.
 */
u32 node_task_wakeups(const struct node_task *task);
bool node_task_take(struct node_task *task, unsigned int *order, enum zone_type *highest);
void node_task_wait(struct node_task *task, u32 seen, u64 timeout_ns);
bool node_task_must_stop(const struct node_task *task);

/* The machine goes down: it ends, and is not started again. May sleep. */
void node_task_end(struct node_task *task);
/* In a fork's child, where no such task is: the next request starts one. */
void node_task_forked(struct node_task *task);
/* R3. */
bool node_task_is_sound(const struct node_task *task);

#endif
