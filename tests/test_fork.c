/* SPDX-License-Identifier: MIT */
/* test_fork.c - kernel/fork.c: a fork waits for holders of locks; a CPU whose thread was changing it is made anew. */
#include <kmem/host.h>
#include <linux/sched.h>
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "mm/stack_depot.h"
#include "tests/machine_for.h"

static struct {
	struct machine *m;
	spinlock_t *lock;
	u32 step;		/* atomic: 1 the lock is held, 2 the work under it is done */
	u32 wait;		/* never written: to sleep on */
} world;

static void hold_lock_a_while(void) NO_LOCK_ANALYSIS
{
	spin_lock(world.lock);
	__atomic_store_n(&world.step, 1, __ATOMIC_RELEASE);
	for (int i = 0; i < 20; i++)
		host_wait(&world.wait, 0, 1000000);
	__atomic_store_n(&world.step, 2, __ATOMIC_RELEASE);
	spin_unlock(world.lock);
}

static void until(u32 step)
{
	while (__atomic_load_n(&world.step, __ATOMIC_ACQUIRE) < step)
		host_wait(&world.wait, 0, 100000);
}

static void holder_and_forker(struct ktap *t, unsigned int i, void *arg)
{
	(void)arg;
	machine_enter(world.m);
	if (!i) {
		hold_lock_a_while();
	} else {
		until(1);
		EXPECT(t, kmem_fork_begin(world.m));
		EXPECT_EQ(t, __atomic_load_n(&world.step, __ATOMIC_ACQUIRE), 2);
		kmem_fork_done(world.m);
	}
	machine_leave();
}

static void waits(struct ktap *t, spinlock_t *lock)
{
	world.lock = lock;
	world.step = 0;
	ktap_threads(t, 2, holder_and_forker, NULL);
}

static void a_fork_waits_for_whoever_holds_a_lock(struct ktap *t)
{
	struct kmem_cache *cache;

	world.m = machine_for(t, "mem=64M nr_cpus=4");
	ASSERT(t, world.m);
	cache = world.m->cache_by_id[KMALLOC_ID(KMALLOC_NORMAL, KMALLOC_64)];
	waits(t, &world.m->zones[0]->lock);
	waits(t, &cache->node[0]->lock);
	waits(t, &cache->node[0]->barn.lock);
	waits(t, &world.m->movable_lock);
}

/* The depot is made by its first user. */
static void a_fork_waits_for_the_depot_of_stacks(struct ktap *t)
{
	u32 *word;

	world.m = machine_for(t, "mem=64M nr_cpus=4");
	ASSERT(t, world.m);
	EXPECT_NULL(t, depot_lock_word(world.m));
	EXPECT_NE(t, stack_depot_save(world.m, 0), 0);
	word = depot_lock_word(world.m);
	ASSERT(t, word);
	ASSERT(t, kmem_fork_begin(world.m));
	EXPECT_NE(t, *word, 0);
	kmem_fork_done(world.m);
	EXPECT_EQ(t, *word, 0);
}

/* In the child one thread is left, which leaves as often as it entered. */
static void a_child_has_its_forker_s_entries(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=4"), *other;
	unsigned int users;

	ASSERT(t, m);
	other = machine_boot(&(struct machine_config){ .cmdline = "mem=64M nr_cpus=1" });
	ASSERT(t, other);
	ASSERT_EQ(t, machine_enter(m), 0);
	ASSERT_EQ(t, machine_enter(other), 0);
	users = m->nr_users;
	ASSERT(t, kmem_fork_begin(m));
	kmem_forked(m, true);
	EXPECT_EQ(t, m->nr_users, users);
	machine_leave();
	machine_leave();
	EXPECT_EQ(t, m->nr_users, 1);
	machine_shutdown(other);
}

/* One thread is at work on its CPU, one is not; as the child sees it, a third forked. */
static void worker_or_forker(struct ktap *t, unsigned int i, void *arg)
{
	static unsigned int cpu[2];

	(void)arg;
	machine_enter(world.m);
	kfree(kmalloc(64, GFP_KERNEL));
	if (i < 2) {
		if (!i)
			preempt_disable();
		cpu[i] = this_cpu()->id;
		__atomic_fetch_add(&world.step, 1, __ATOMIC_ACQ_REL);
		until(3);
		if (!i) {		/* what was its CPU is its no more */
			host_set_cpu(NULL);
			preempt_enable();
		}
	} else {
		until(2);
		EXPECT(t, kmem_fork_begin(world.m));
		kmem_forked(world.m, true);
		EXPECT_EQ(t, world.m->cpu_state[cpu[0]], CPU_IDLE);
		EXPECT(t, !sheaf_slot_main(&world.m->cpus[cpu[0]]->sheaves[KMALLOC_ID(KMALLOC_NORMAL, KMALLOC_64)]));
		EXPECT_EQ(t, world.m->cpu_state[cpu[1]], CPU_IDLE);
		EXPECT(t, sheaf_slot_main(&world.m->cpus[cpu[1]]->sheaves[KMALLOC_ID(KMALLOC_NORMAL, KMALLOC_64)]));
		EXPECT_EQ(t, preempt_count(), 0);
		EXPECT(t, !mutex_is_locked(&world.m->cache_lock) && !spin_is_locked(&world.m->zones[0]->lock));
		__atomic_store_n(&world.step, 3, __ATOMIC_RELEASE);
	}
}

static void a_cpu_in_the_middle_of_a_change_is_made_anew(struct ktap *t)
{
	world.m = machine_boot(&(struct machine_config){ .cmdline = "mem=64M nr_cpus=4" });
	ASSERT(t, world.m);
	world.step = 0;
	ktap_threads(t, 3, worker_or_forker, NULL);
}

KTAP_SUITE(fork, KTAP_CASE(a_fork_waits_for_whoever_holds_a_lock),
	   KTAP_CASE(a_fork_waits_for_the_depot_of_stacks), KTAP_CASE(a_child_has_its_forker_s_entries),
	   KTAP_CASE(a_cpu_in_the_middle_of_a_change_is_made_anew));
