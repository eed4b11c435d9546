/* SPDX-License-Identifier: MIT */
/*
 * linux/completion.h - wait until something has been done: each complete() lets one waiter pass, complete_all() all.
 *
 * Waiting may sleep, and gives the task's CPU back meanwhile; completing may be done in any context.
 * Source: scheduler/completion.rst.
 */
#ifndef _LINUX_COMPLETION_H
#define _LINUX_COMPLETION_H

#include <linux/types.h>

struct completion {
	u32 done;		/* atomic: waiters that may pass; COMPLETION_ALL: everybody */
};

#define COMPLETION_INITIALIZER(name) { 0 }
#define COMPLETION_INITIALIZER_ONSTACK(name) ((struct completion){ 0 })
#define DECLARE_COMPLETION(name) struct completion name = COMPLETION_INITIALIZER(name)
#define DECLARE_COMPLETION_ONSTACK(name) DECLARE_COMPLETION(name)

static inline void init_completion(struct completion *x)
{
	x->done = 0;
}

static inline void reinit_completion(struct completion *x)
{
	x->done = 0;
}

void complete(struct completion *x);
void complete_all(struct completion *x);
void wait_for_completion(struct completion *x);
/* At most so many jiffies. Returns how many were left, at least 1; 0: it was not done in time. */
unsigned long wait_for_completion_timeout(struct completion *x, unsigned long timeout);
/* Nobody sends signals: always 0. */
int wait_for_completion_interruptible(struct completion *x);
int wait_for_completion_killable(struct completion *x);
/* Pass if that needs no waiting. Any context. */
bool try_wait_for_completion(struct completion *x);
bool completion_done(struct completion *x);

#endif
