/* SPDX-License-Identifier: MIT */
/* test_dial.c - kmem.check=0 to 3: how often the machine checks itself, and what it does when something is broken. */
#include <kmem/kmem.h>
#include <linux/rcupdate.h>
#include "mm/dial.h"
#include <linux/mmzone.h>
#include "tests/machine_for.h"

static void work(struct ktap *t, unsigned int i, void *arg)
{
	struct machine *m = arg;
	void *live[16] = { NULL };

	machine_enter(m);
	for (unsigned int k = 0; k < 60; k++) {
		struct page *page = alloc_pages(GFP_KERNEL, (unsigned int)ktap_below(t, 3));

		kfree(live[(k + i) % 16]);
		live[(k + i) % 16] = kmalloc(1 + ktap_below(t, 4000), GFP_KERNEL);
		if (k % 10 == 0)
			vfree(vmalloc(1 + ktap_below(t, 20000)));
		if (page)
			__free_pages(page, 0);
	}
	for (unsigned int k = 0; k < 16; k++)
		kfree(live[k]);
	drain_all_pages();
	machine_leave();
}

/* Checks that the work of so many threads makes: one that finds another at it goes on unchecked. */
static u32 checks(struct ktap *t, unsigned int threads, const char *cmdline)
{
	struct machine *m = machine_for(t, cmdline);
	u32 nr;

	if (!m)
		return 0;
	machine_leave();
	ktap_threads(t, threads, work, m);
	machine_enter(m);
	rcu_barrier();
	nr = m->nr_checks;
	EXPECT(t, kmem_check(m, NULL));
	return nr;
}

static void each_level_checks_more(struct ktap *t)
{
	u32 nr[4] = {
		checks(t, 1, "mem=16M nr_cpus=2"), checks(t, 1, "mem=16M nr_cpus=2 kmem.check=1"),
		checks(t, 1, "mem=16M nr_cpus=2 kmem.check=2"), checks(t, 1, "mem=16M nr_cpus=2 kmem.check=3"),
	};

	ktap_note(t, "%u, %u, %u, %u checks", nr[0], nr[1], nr[2], nr[3]);
	EXPECT_EQ(t, nr[0], 0);
	EXPECT_GE(t, nr[1], 1);
	EXPECT_GT(t, nr[2], nr[1]);
	EXPECT_GT(t, nr[3], nr[2]);
	EXPECT_GE(t, nr[3], 2 * 60);
	EXPECT_GE(t, checks(t, 3, "mem=16M nr_cpus=2 kmem.check=3"), 1);
}

static void break_and_go_on(struct ktap *t, void *arg)
{
	const char *cmdline = arg;
	struct machine *m = machine_boot(&(struct machine_config){ .cmdline = cmdline });

	ASSERT_NOT_NULL(t, m);
	machine_enter(m);
	kfree(kmalloc(64, GFP_KERNEL));
	m->zones[0]->free_area[3].nr_free++;
	kfree(kmalloc(64, GFP_KERNEL));		/* a step at level 3 */
	m->zones[0]->free_area[3].nr_free--;
}

static void what_is_broken_stops_the_next_step(struct ktap *t)
{
	struct ktap_child child;

	if (!ktap_child(t, break_and_go_on, "mem=16M kmem.check=3", &child))
		return;
	EXPECT_NE(t, child.signal, 0);
	EXPECT_CONTAINS(t, child.text, "kmem_check: B3 ");
	ktap_child(t, break_and_go_on, "mem=16M kmem.check=1", &child);
	EXPECT_EQ(t, child.status, 0);
	EXPECT_STR(t, child.text, "");
}

/* Nobody has looked at the single pages since the block was whole; at level 3 each is looked at all the same. */
static void at_level_3_each_page_of_a_block_is_looked_at(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=2G nr_cpus=1 kmem.check=3");	/* the CPU keeps the block */
	struct page *page;

	ASSERT_NOT_NULL(t, m);
	page = alloc_pages(GFP_KERNEL, PAGEBLOCK_ORDER);
	ASSERT_NOT_NULL(t, page);
	page[5].mapping = (void *)8;
	__free_pages(page, PAGEBLOCK_ORDER);
	EXPECT_EQ(t, console_count("BUG: Bad page state"), 1);
}

static void nobody_is_stopped_for_whom_may_not_sleep(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=16M nr_cpus=2 kmem.check=3");
	u32 before;

	ASSERT_NOT_NULL(t, m);
	preempt_disable();
	before = m->nr_checks;
	__free_pages(alloc_pages(GFP_ATOMIC, 2), 2);
	EXPECT_EQ(t, m->nr_checks, before);
	preempt_enable();
	__free_pages(alloc_pages(GFP_ATOMIC, 2), 2);
	EXPECT_GT(t, m->nr_checks, before);
}

KTAP_SUITE(dial, KTAP_CASE(each_level_checks_more), KTAP_CASE(what_is_broken_stops_the_next_step),
	KTAP_CASE(at_level_3_each_page_of_a_block_is_looked_at),
	KTAP_CASE(nobody_is_stopped_for_whom_may_not_sleep));
