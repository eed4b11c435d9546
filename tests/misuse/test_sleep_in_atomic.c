/* SPDX-License-Identifier: MIT */
/* test_sleep_in_atomic.c - crime: an allocation that may sleep where sleeping would stop the CPU. */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/mempool.h>
#include <linux/pagemap.h>
#include "tests/slab_machine.h"

#define SAID "BUG: sleeping function called from invalid context at mm/"

static void reported(struct ktap *t, bool warm, bool irqs)
{
	struct machine *m = slab_machine(t, "mem=64M");
	unsigned long flags = 0;
	void *p;

	ASSERT_NOT_NULL(t, m);
	if (warm)
		kfree(kmalloc(64, GFP_KERNEL));
	if (irqs)
		local_irq_save(flags);
	else
		preempt_disable();
	p = kmalloc(64, GFP_ATOMIC);
	kfree(p);
	kfree(kmalloc(64, GFP_NOWAIT));
	EXPECT_STR(t, console_text(), "");
	p = kmalloc(64, GFP_KERNEL);
	if (irqs)
		local_irq_restore(flags);
	else
		preempt_enable();
	EXPECT_NOT_NULL(t, p);
	EXPECT_EQ(t, console_count(SAID), 1);
	EXPECT_EQ(t,
		console_count(irqs ? "in_atomic(): 0, irqs_disabled(): 1, non_block: 0, pid: "
				   : "in_atomic(): 1, irqs_disabled(): 0, non_block: 0, pid: "),
		1);
	kfree(p);
	machine_still_works(t, m, 64, NULL, 0);
	EXPECT_EQ(t, console_count("BUG"), 1);
}

static void with_preemption_off(struct ktap *t)
{
	reported(t, false, false);
}

/* Objects are at hand, so nothing would have slept this time. */
static void with_a_full_sheaf_too(struct ktap *t)
{
	reported(t, true, false);
}

static void with_interrupts_off(struct ktap *t)
{
	reported(t, true, true);
	reported(t, false, true);
}

static void under_a_spinlock_from_a_cache(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	struct kmem_cache *cache = kmem_cache_create("some", 200, 0, SLAB_NO_MERGE, NULL);
	spinlock_t lock;
	void *p;

	ASSERT(t, m && cache);
	spin_lock_init(&lock);
	kmem_cache_free(cache, kmem_cache_alloc(cache, GFP_KERNEL));
	spin_lock(&lock);
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	spin_unlock(&lock);
	EXPECT_EQ(t, console_count(SAID), 1);
	kmem_cache_free(cache, p);
	kmem_cache_destroy(cache);
	machine_still_works(t, m, 200, NULL, 0);
}

static void a_large_object(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	void *p;

	ASSERT_NOT_NULL(t, m);
	preempt_disable();
	p = kmalloc(20000, GFP_KERNEL);
	preempt_enable();
	EXPECT_EQ(t, console_count("BUG: sleeping function called from invalid context at "), 1);
	kfree(p);
	machine_still_works(t, m, 20000, NULL, 0);
}

static int complete_soon(void *x)
{
	msleep(1);
	complete(x);
	return 0;
}

static void *lent;

static int give_back_soon(void *pool)
{
	msleep(1);
	mempool_free(lent, pool);
	return 0;
}

static void *none(gfp_t gfp, void *data)
{
	static char element;
	static bool is_out;

	(void)gfp;
	(void)data;
	if (is_out)
		return NULL;
	is_out = true;
	return &element;
}

static void nothing(void *element, void *data)
{
	(void)element;
	(void)data;
}

/* Who sleeps all the same goes on when it is time to. */
static void sleep_itself(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=2");
	struct task_struct *task;
	DECLARE_COMPLETION(x);
	mempool_t *pool;

	ASSERT_NOT_NULL(t, m);
	pool = mempool_create(1, none, nothing, NULL);
	ASSERT_NOT_NULL(t, pool);
	lent = mempool_alloc(pool, GFP_KERNEL);
	ASSERT_NOT_NULL(t, lent);
	preempt_disable();
	msleep(1);
	usleep_range(1, 2);
	task = kthread_run(complete_soon, &x, "soon");
	EXPECT(t, !IS_ERR(task));
	wait_for_completion(&x);
	EXPECT_GE(t, console_count("BUG: sleeping function called from invalid context at kernel/"), 3);
	task = kthread_run(give_back_soon, pool, "soon");
	EXPECT(t, !IS_ERR(task));
	lent = mempool_alloc(pool, GFP_KERNEL);
	preempt_enable();
	EXPECT_NOT_NULL(t, lent);
	mempool_free(lent, pool);
	mempool_destroy(pool);
}

static void told(struct ktap *t, int before)
{
	preempt_enable();
	EXPECT_EQ(t, console_count("BUG: sleeping function called from invalid context at "), before + 1);
	preempt_disable();
}

static void where_nothing_is_waited_for_just_now(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	struct kmem_cache *cache = kmem_cache_create("some", 200, 0, SLAB_NO_MERGE, NULL);
	struct page *page = alloc_page(GFP_KERNEL);

	ASSERT(t, m && cache && page);
	preempt_disable();
	lock_page(page);
	told(t, 0);
	unlock_page(page);
	cond_resched();
	told(t, 1);
	EXPECT_EQ(t, kmem_cache_shrink(cache), 0);
	told(t, 2);
	preempt_enable();
	kmem_cache_destroy(cache);
	__free_page(page);
}

KTAP_SUITE(sleep_in_atomic, KTAP_CASE(with_preemption_off), KTAP_CASE(with_a_full_sheaf_too),
	KTAP_CASE(with_interrupts_off), KTAP_CASE(under_a_spinlock_from_a_cache), KTAP_CASE(a_large_object),
	KTAP_CASE(sleep_itself), KTAP_CASE(where_nothing_is_waited_for_just_now));
