/* SPDX-License-Identifier: MIT */
/*
 * test_lock.c - spinlocks and mutexes keep threads apart, also when there are more threads than CPUs.
 */
#include <kmem/kmem.h>
#include <linux/errno.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include "kernel/word_lock.h"
#include "mm/cpus.h"
#include "tests/ktap.h"

struct guarded {
	struct machine *m;
	spinlock_t spin;
	struct mutex mutex;
	word_lock_t word;
	unsigned long sum;		/* under whichever lock the case uses */
	unsigned int inside;
	unsigned long rounds;
	u32 signal;
};

static void end(void *arg)
{
	machine_shutdown(((struct guarded *)arg)->m);
}

static bool boot(struct ktap *t, struct guarded *g, const char *cmdline)
{
	*g = (struct guarded){ .rounds = t->soak ? 1000000 : 5000 };
	g->m = machine_boot(&(struct machine_config){ .cmdline = cmdline });
	ktap_cleanup(t, end, g);
	return g->m;
}

/* Nobody else is here: a plain counter says so, and ThreadSanitizer. */
static void critical(struct ktap *t, struct guarded *g)
{
	if (g->inside++)
		ktap_fail(t, "two are inside");
	g->sum++;
	g->inside--;
}

static void spin_often(struct ktap *t, unsigned int i, void *arg)
{
	struct guarded *g = arg;
	unsigned long flags;

	EXPECT_EQ(t, machine_enter(g->m), 0);
	for (unsigned long n = 0; n < g->rounds; n++) {
		if (i & 1) {
			spin_lock(&g->spin);
			critical(t, g);
			spin_unlock(&g->spin);
		} else {
			spin_lock_irqsave(&g->spin, flags);
			critical(t, g);
			spin_unlock_irqrestore(&g->spin, flags);
		}
	}
	EXPECT(t, preemptible());
	machine_leave();
}

static void spinlocks_exclude(struct ktap *t)
{
	static struct guarded g;

	ASSERT(t, boot(t, &g, "mem=64M nr_cpus=8"));
	ktap_threads(t, 8, spin_often, &g);
	EXPECT_EQ(t, g.sum, 8 * g.rounds);
	EXPECT(t, !spin_is_locked(&g.spin));
}

static void spinlocks_exclude_on_one_cpu(struct ktap *t)
{
	static struct guarded g;

	ASSERT(t, boot(t, &g, "mem=64M nr_cpus=1"));
	ktap_threads(t, 8, spin_often, &g);
	EXPECT_EQ(t, g.sum, 8 * g.rounds);
}

static void try_often(struct ktap *t, unsigned int i, void *arg)
{
	struct guarded *g = arg;
	unsigned long got = 0;

	(void)i;
	EXPECT_EQ(t, machine_enter(g->m), 0);
	while (got < g->rounds / 10) {
		if (!spin_trylock(&g->spin)) {
			EXPECT(t, preemptible());
			cond_resched();
			continue;
		}
		got++;
		critical(t, g);
		spin_unlock(&g->spin);
	}
	machine_leave();
}

static void trylocks_exclude(struct ktap *t)
{
	static struct guarded g;

	ASSERT(t, boot(t, &g, "mem=64M nr_cpus=2"));
	ktap_threads(t, 4, try_often, &g);
	EXPECT_EQ(t, g.sum, 4 * (g.rounds / 10));
}

static void lock_mutex_often(struct ktap *t, unsigned int i, void *arg)
{
	struct guarded *g = arg;

	(void)i;
	EXPECT_EQ(t, machine_enter(g->m), 0);
	for (unsigned long n = 0; n < g->rounds; n++) {
		mutex_lock(&g->mutex);
		critical(t, g);
		if (!(n % 64))
			kfree(kmalloc(100, GFP_KERNEL));	/* may wait for a CPU while it holds the mutex */
		mutex_unlock(&g->mutex);
	}
	machine_leave();
}

static void mutexes_exclude(struct ktap *t)
{
	static struct guarded g;

	ASSERT(t, boot(t, &g, "mem=64M nr_cpus=8"));
	ktap_threads(t, 8, lock_mutex_often, &g);
	EXPECT_EQ(t, g.sum, 8 * g.rounds);
	EXPECT(t, !mutex_is_locked(&g.mutex));
}

static void mutexes_exclude_on_one_cpu(struct ktap *t)
{
	static struct guarded g;

	ASSERT(t, boot(t, &g, "mem=64M nr_cpus=1"));
	ktap_threads(t, 8, lock_mutex_often, &g);
	EXPECT_EQ(t, g.sum, 8 * g.rounds);
}

static void hold_mutex_or_wait(struct ktap *t, unsigned int i, void *arg)
{
	struct guarded *g = arg;

	if (i) {
		while (!__atomic_load_n(&g->signal, __ATOMIC_ACQUIRE))
			host_wait(&g->signal, 0, 1000000);
		EXPECT_EQ(t, machine_enter(g->m), 0);
		mutex_lock(&g->mutex);		/* lets go of the only CPU */
		g->sum++;
		mutex_unlock(&g->mutex);
		machine_leave();
		return;
	}
	EXPECT_EQ(t, machine_enter(g->m), 0);
	mutex_lock(&g->mutex);
	__atomic_store_n(&g->signal, 1, __ATOMIC_RELEASE);
	for (int n = 0; n < 20; n++) {
		cpu_release();
		host_wait(&(u32){ 0 }, 0, 2000000);
		kfree(kmalloc(100, GFP_KERNEL));
		EXPECT_EQ(t, g->sum, 0);
	}
	mutex_unlock(&g->mutex);
	machine_leave();
}

static void who_waits_for_a_mutex_gives_its_cpu_back(struct ktap *t)
{
	static struct guarded g;

	ASSERT(t, boot(t, &g, "mem=64M nr_cpus=1"));
	ktap_threads(t, 2, hold_mutex_or_wait, &g);
	EXPECT_EQ(t, g.sum, 1);
}

static void mutex_trylock_takes_only_free_ones(struct ktap *t)
{
	static struct guarded g;

	ASSERT(t, boot(t, &g, "mem=64M"));
	machine_enter(g.m);
	EXPECT(t, mutex_trylock(&g.mutex));
	EXPECT(t, mutex_is_locked(&g.mutex));
	EXPECT(t, !mutex_trylock(&g.mutex));
	mutex_unlock(&g.mutex);
	EXPECT(t, !mutex_is_locked(&g.mutex));
	machine_leave();
}

static void word_often(struct ktap *t, unsigned int i, void *arg)
{
	struct guarded *g = arg;

	(void)i;
	for (unsigned long n = 0; n < g->rounds; n++) {
		word_lock(&g->word);
		critical(t, g);
		word_unlock(&g->word);
	}
}

/* Threads that are on no machine at all. */
static void raw_words_exclude(struct ktap *t)
{
	static struct guarded g;

	g = (struct guarded){ .rounds = 20000 };
	ktap_threads(t, 8, word_often, &g);
	EXPECT_EQ(t, g.sum, 8 * g.rounds);
	EXPECT_EQ(t, g.word.word, 0);
}

static void lock_twice(struct ktap *t, void *arg)
{
	struct guarded *g = arg;

	(void)t;
	mutex_lock(&g->mutex);
	mutex_lock(&g->mutex);
}

static void unlock_free(struct ktap *t, void *arg)
{
	struct guarded *g = arg;

	(void)t;
	mutex_unlock(&g->mutex);
}

static void misused_mutexes_stop_the_machine(struct ktap *t)
{
	static struct guarded g;
	struct ktap_child child;

	g = (struct guarded){ .rounds = 0 };
	if (!ktap_child(t, lock_twice, &g, &child))
		return;
	EXPECT_NE(t, child.signal, 0);
	EXPECT_CONTAINS(t, child.text, "kernel BUG at kernel/lock.c:");
	if (!ktap_child(t, unlock_free, &g, &child))
		return;
	EXPECT_NE(t, child.signal, 0);
	EXPECT_CONTAINS(t, child.text, "kernel BUG at kernel/lock.c:");
}

static void sleep_in_atomic(struct ktap *t, void *arg)
{
	struct guarded *g = arg;

	ASSERT(t, boot(t, g, "mem=64M"));
	machine_enter(g->m);
	spin_lock(&g->spin);
	mutex_lock(&g->mutex);
	mutex_unlock(&g->mutex);
	spin_unlock(&g->spin);
	machine_leave();
}

static void a_mutex_under_a_spinlock_is_reported(struct ktap *t)
{
	static struct guarded g;
	struct ktap_child child;

	if (!ktap_child(t, sleep_in_atomic, &g, &child))
		return;
	EXPECT_EQ(t, child.status, 0);
	EXPECT_CONTAINS(t, child.text, "BUG: sleeping function called from invalid context at kernel/lock.c:");
	EXPECT_CONTAINS(t, child.text, "in_atomic(): 1, irqs_disabled(): 0");
}

static void lock_in_atomic_or_hold(struct ktap *t, unsigned int i, void *arg)
{
	struct guarded *g = arg;

	EXPECT_EQ(t, machine_enter(g->m), 0);
	if (i) {
		while (!__atomic_load_n(&g->signal, __ATOMIC_ACQUIRE))
			host_wait(&g->signal, 0, 1000000);
		preempt_disable();
		mutex_lock(&g->mutex);
		EXPECT_EQ(t, g->sum, 1);
		EXPECT(t, this_cpu()->machine == g->m);
		mutex_unlock(&g->mutex);
		preempt_enable();
	} else {
		mutex_lock(&g->mutex);
		__atomic_store_n(&g->signal, 1, __ATOMIC_RELEASE);
		while (__atomic_load_n(&g->mutex.word, __ATOMIC_RELAXED) != 2)
			host_wait(&(u32){ 0 }, 0, 1000000);
		g->sum++;
		mutex_unlock(&g->mutex);
	}
	machine_leave();
}

static void wait_in_atomic(struct ktap *t, void *arg)
{
	ASSERT(t, boot(t, arg, "mem=64M nr_cpus=2"));
	ktap_threads(t, 2, lock_in_atomic_or_hold, arg);
}

static void who_waits_in_atomic_context_is_reported_and_keeps_its_cpu(struct ktap *t)
{
	static struct guarded g;
	struct ktap_child child;

	if (!ktap_child(t, wait_in_atomic, &g, &child))
		return;
	EXPECT_EQ(t, child.status, 0);
	EXPECT_CONTAINS(t, child.text, "BUG: sleeping function called from invalid context at kernel/lock.c:");
}

KTAP_SUITE(lock,
	   KTAP_CASE(spinlocks_exclude),
	   KTAP_CASE(spinlocks_exclude_on_one_cpu),
	   KTAP_CASE(trylocks_exclude),
	   KTAP_CASE(mutexes_exclude),
	   KTAP_CASE(mutexes_exclude_on_one_cpu),
	   KTAP_CASE(who_waits_for_a_mutex_gives_its_cpu_back),
	   KTAP_CASE(mutex_trylock_takes_only_free_ones),
	   KTAP_CASE(raw_words_exclude),
	   KTAP_CASE(misused_mutexes_stop_the_machine),
	   KTAP_CASE(a_mutex_under_a_spinlock_is_reported),
	   KTAP_CASE(who_waits_in_atomic_context_is_reported_and_keeps_its_cpu));
