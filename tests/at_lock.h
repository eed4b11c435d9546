/* SPDX-License-Identifier: MIT */
/*
 * at_lock.h - what else may happen between somebody's look and the lock that follows it: made to happen there.
 *
 *	task 0	has the word ............ sees that someone sleeps on it, meanwhile(arg), lets it go
 *	task 1		   step(arg): looks, wants the word, sleeps .............. has it, looks again
 *
 * The word is a lock's (kernel/lock.c): at 2 someone sleeps on it. Nobody else may want it.
 */
#ifndef TESTS_AT_LOCK_H
#define TESTS_AT_LOCK_H

#include "kernel/word_lock.h"
#include "tests/machine_for.h"

struct at_lock {
	struct machine *m;		/* of two CPUs at least */
	u32 *word;
	void (*step)(void *arg);
	void (*meanwhile)(void *arg);
	void *arg;
	u32 held;			/* atomic */
};

static inline bool another_sleeps_on_it(const struct at_lock *at)
{
	return __atomic_load_n(at->word, __ATOMIC_RELAXED) == 2;
}

static inline void lock_is_held(struct ktap *t, struct at_lock *at)
{
	u32 never = 0;

	word_hold(at->word);
	__atomic_store_n(&at->held, 1, __ATOMIC_RELEASE);
	host_wake(&at->held, 1);
	for (int tries = 0; tries < 10000 && !another_sleeps_on_it(at); tries++)
		host_wait(&never, 0, 1000000);
	EXPECT(t, another_sleeps_on_it(at));
	at->meanwhile(at->arg);
	word_let_go(at->word);
}

static void at_lock_task(struct ktap *t, unsigned int i, void *arg)
{
	struct at_lock *at = arg;

	machine_enter(at->m);
	if (!i)
		lock_is_held(t, at);
	while (i && !__atomic_load_n(&at->held, __ATOMIC_ACQUIRE))
		host_wait(&at->held, 0, 0);
	if (i)
		at->step(at->arg);
	machine_leave();
}

static inline void at_lock(struct ktap *t, struct at_lock *at)
{
	machine_leave();
	ktap_threads(t, 2, at_lock_task, at);
	machine_enter(at->m);
}

#endif
