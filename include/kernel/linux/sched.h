/* SPDX-License-Identifier: MIT */
/*
 * linux/sched.h - the running task, and whether it may sleep.
 *
 * The task is the host's thread (struct task_struct of kmem/host.h). Source: core-api/memory-allocation.rst,
 * core-api/gfp_mask-from-fs-io.rst; values of Linux 6.1.
 */
#ifndef _LINUX_SCHED_H
#define _LINUX_SCHED_H

#include <kmem/host.h>
#include <asm/processor.h>
#include <linux/bug.h>
#include <linux/preempt.h>
#include <linux/smp.h>

#define PF_EXITING 0x00000004
#define PF_MEMALLOC 0x00000800		/* gives memory back: may use all reserves, must not reclaim */
#define PF_KTHREAD 0x00200000
#define PF_KSWAPD 0x00020000
#define PF_MEMALLOC_NOFS 0x00040000	/* every allocation is GFP_NOFS */
#define PF_MEMALLOC_NOIO 0x00080000	/* every allocation is GFP_NOIO */
#define PF_MEMALLOC_PIN 0x10000000	/* for long: no pages of ZONE_MOVABLE */

#define current (host_task())

/* A task of kthread_create() that sleeps since it was made starts. Returns 1; 0 for any other. Any context. */
int wake_up_process(struct task_struct *task);

/* Reports once a place if the caller is in atomic context. */
void __might_sleep(const struct bug_site *site);

/* May the caller sleep now? What a sleeping function asks first, and pays almost nothing for. */
static inline bool sleeping_is_allowed(void)
{
	return !(kmem_context.preempt_count | kmem_context.irqs_off);
}

#define might_sleep() \
	do { \
		if (unlikely(!sleeping_is_allowed())) \
			__might_sleep(__BUG_SITE()); \
	} while (0)
#define might_sleep_if(condition) \
	do { \
		if (condition) \
			might_sleep(); \
	} while (0)

/* Let others run where that is allowed: a CPU that was asked to yield does so now. */
static inline int cond_resched(void)
{
	might_sleep();
	preempt_disable();
	preempt_enable();
	return 0;
}

#endif
