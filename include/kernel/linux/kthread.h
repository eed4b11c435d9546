/* SPDX-License-Identifier: MIT */
/*
 * linux/kthread.h - tasks of kernel code.
 *
 *	kthread_create() -> [ asleep ] -> wake_up_process() -> function(data) -> kthread_stop() gets what that returned
 *
 * The task is on its maker's machine while the function runs; a machine that goes down waits for tasks that are about
 * to end. kthread_bind() says which CPU a task leases whenever that is free; another lets it go on where it is not.
 * Source: driver-api/basics.rst "Kernel threads".
 */
#ifndef _LINUX_KTHREAD_H
#define _LINUX_KTHREAD_H

#include <linux/err.h>
#include <linux/sched.h>

/* A task that sleeps until wake_up_process(), or ERR_PTR(-ENOMEM). May sleep. */
struct task_struct *kthread_create_on_node(int (*function)(void *data), void *data, int node, const char *format, ...)
	PRINTF(4, 5);
#define kthread_create(function, data, format, ...) \
	kthread_create_on_node(function, data, -1, format, ##__VA_ARGS__)
#define kthread_run(function, data, format, ...) \
	({ \
		struct task_struct *__task = kthread_create(function, data, format, ##__VA_ARGS__); \
		if (!IS_ERR(__task)) \
			wake_up_process(__task); \
		__task; \
	})

/* Before it is woken first. */
void kthread_bind(struct task_struct *task, unsigned int cpu);
static inline struct task_struct *kthread_create_on_cpu(int (*function)(void *data), void *data, unsigned int cpu,
							const char *format)
{
	struct task_struct *task = kthread_create(function, data, format, cpu);

	if (!IS_ERR(task))
		kthread_bind(task, cpu);
	return task;
}

/*
 * Tell the task to end, wake it, and wait until it has. Returns what its function did; -EINTR if that was never called.
 * The task must not have ended of its own will. May sleep.
 */
int kthread_stop(struct task_struct *task);
/* Of the caller, which is such a task. */
bool kthread_should_stop(void);
void *kthread_data(struct task_struct *task);

#endif
