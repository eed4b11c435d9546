/* SPDX-License-Identifier: MIT */
/*
 * completion.c - waiting until something has been done.
 *
 *	done	0: waiters sleep on it	n: so many may pass	COMPLETION_ALL: everybody, for ever
 *
 * Nobody touches it after the change that lets the last waiter pass: it may be on that waiter's stack. host_wake() uses
 * its address only. No lock.
 */
#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include "mm/cpus.h"

#define COMPLETION_ALL 0xffffffffu

void complete(struct completion *x)
{
	u32 done = __atomic_load_n(&x->done, __ATOMIC_RELAXED);

	do {
		if (done == COMPLETION_ALL)
			return;
	} while (!__atomic_compare_exchange_n(&x->done, &done, done + 1, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
	host_wake(&x->done, 1);
}

void complete_all(struct completion *x)
{
	__atomic_store_n(&x->done, COMPLETION_ALL, __ATOMIC_RELEASE);
	host_wake(&x->done, INT_MAX);
}

bool completion_done(struct completion *x)
{
	return __atomic_load_n(&x->done, __ATOMIC_ACQUIRE) != 0;
}

bool try_wait_for_completion(struct completion *x)
{
	u32 done = __atomic_load_n(&x->done, __ATOMIC_ACQUIRE);

	while (done && done != COMPLETION_ALL)
		if (__atomic_compare_exchange_n(&x->done, &done, done - 1, true, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE))
			return true;
	return done;
}

void wait_for_completion(struct completion *x)
{
	might_sleep();
	while (!try_wait_for_completion(x)) {
		cpu_release_to_sleep();
		host_wait(&x->done, 0, 0);
	}
}

unsigned long wait_for_completion_timeout(struct completion *x, unsigned long timeout)
{
	struct machine *m = this_machine();
	u64 now = host_clock(m), end = now + jiffies_to_nsecs(timeout);

	might_sleep();
	while (!try_wait_for_completion(x)) {
		if (now >= end)
			return 0;
		cpu_release_to_sleep();
		host_wait(&x->done, 0, end - now);
		now = host_clock(m);
	}
	return now < end ? max(1ul, (unsigned long)div_u64(end - now, TICK_NSEC)) : 1;
}

int wait_for_completion_interruptible(struct completion *x)
{
	wait_for_completion(x);
	return 0;
}

int wait_for_completion_killable(struct completion *x)
{
	wait_for_completion(x);
	return 0;
}
