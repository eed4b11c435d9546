/* SPDX-License-Identifier: MIT */
/*
 * test_oom.c - the end of memory: who is asked, what is said, what comes back.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/sched.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "mm/vmscan.h"
#include "tests/at_lock.h"

/* Boosted watermarks would leave memory that comes free a little later. */
#define PLAIN "mem=64M nr_cpus=2 sysctl.vm.watermark_boost_factor=0"

/* A full machine, and what fills it. */
struct full {
	struct machine *m;
	struct list_head pages;
};

static void full_end(void *arg)
{
	struct full *full = arg;
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &full->pages, lru)
		__free_page(page);
	machine_leave();
	machine_shutdown(full->m);
}

/* Everything but what PF_MEMALLOC could have is taken. The caller ends it. */
static bool boot_and_fill(struct ktap *t, struct full *full, const char *cmdline)
{
	struct page *page;

	console_clear();
	INIT_LIST_HEAD(&full->pages);
	full->m = machine_boot(&(struct machine_config){ .cmdline = cmdline, .console = console_keep });
	if (!EXPECT_NOT_NULL(t, full->m))
		return false;
	machine_enter(full->m);
	while ((page = alloc_page(GFP_ATOMIC | __GFP_NOWARN)))
		list_add(&page->lru, &full->pages);
	console_clear();
	return true;
}

/* The same, ended with the case; full outlives it. */
static bool fill_machine(struct ktap *t, struct full *full, const char *cmdline)
{
	if (!boot_and_fill(t, full, cmdline))
		return false;
	ktap_cleanup(t, full_end, full);
	return true;
}

/* -------------------------------------------------------------------------------------------------- notifiers */

struct listener {
	struct notifier_block block;
	struct full *full;
	unsigned int calls, order;
	unsigned int give;		/* pages to free, once */
	int answer;
};

static unsigned int call_order;

static int listen(struct notifier_block *block, unsigned long action, void *data)
{
	struct listener *l = container_of(block, struct listener, block);
	unsigned long *freed = data;

	(void)action;
	l->calls++;
	l->order = ++call_order;
	for (; l->give; l->give--) {
		struct page *page = list_first_entry(&l->full->pages, struct page, lru);

		list_del(&page->lru);
		__free_page(page);
		(*freed)++;
	}
	return l->answer;
}

static struct listener listener(struct full *full, int priority)
{
	return (struct listener){ .block = { .notifier_call = listen, .priority = priority }, .full = full };
}

static void notifiers_are_asked_by_priority(struct ktap *t)
{
	static struct full full;
	struct listener low, middle, high;

	if (!fill_machine(t, &full, PLAIN))
		return;
	call_order = 0;
	low = listener(&full, -5);
	middle = listener(&full, 0);
	high = listener(&full, 7);
	EXPECT_EQ(t, register_oom_notifier(&middle.block), 0);
	EXPECT_EQ(t, register_oom_notifier(&low.block), 0);
	EXPECT_EQ(t, register_oom_notifier(&high.block), 0);
	EXPECT_EQ(t, register_oom_notifier(&middle.block), -EEXIST);
	EXPECT_EQ(t, console_count("already registered\n"), 1);
	low.block.priority = 9;			/* whatever it says now, it is there */
	EXPECT_EQ(t, register_oom_notifier(&low.block), -EEXIST);
	EXPECT_EQ(t, console_count("already registered\n"), 2);
	EXPECT(t, !out_of_memory(full.m, full.m->nodes[0]->fallback, 0, GFP_KERNEL));
	EXPECT_EQ(t, high.order, 1);
	EXPECT_EQ(t, middle.order, 2);
	EXPECT_EQ(t, low.order, 3);
	high.answer = NOTIFY_STOP;
	EXPECT(t, !out_of_memory(full.m, full.m->nodes[0]->fallback, 0, GFP_KERNEL));
	EXPECT_EQ(t, high.calls, 2);
	EXPECT_EQ(t, middle.calls, 1);
	EXPECT_EQ(t, unregister_oom_notifier(&high.block), 0);
	EXPECT_EQ(t, unregister_oom_notifier(&high.block), -ENOENT);
	EXPECT_EQ(t, unregister_oom_notifier(&low.block), 0);
	EXPECT_EQ(t, unregister_oom_notifier(&middle.block), 0);
}

static void c18_a_notifier_that_frees_saves_the_request(struct ktap *t)
{
	static struct full full;
	struct listener l;
	struct page *page;

	if (!fill_machine(t, &full, PLAIN))
		return;
	l = listener(&full, 0);
	l.give = 1000;
	ASSERT_EQ(t, register_oom_notifier(&l.block), 0);
	page = alloc_page(GFP_KERNEL);
	if (EXPECT_NOT_NULL(t, page))
		__free_page(page);
	EXPECT_EQ(t, l.calls, 1);
	EXPECT_LACKS(t, console_text(), "oom-killer");
	unregister_oom_notifier(&l.block);
}

/* Who asks for memory in a notifier gets none, and does not wait for himself. */
static int ask_for_memory(struct notifier_block *block, unsigned long action, void *data)
{
	struct listener *l = container_of(block, struct listener, block);
	struct page *page = alloc_page(GFP_KERNEL | __GFP_NOWARN);

	(void)action;
	(void)data;
	l->calls++;
	l->answer = page != NULL;
	if (page)
		__free_page(page);
	return NOTIFY_OK;
}

static void a_notifier_that_needs_memory_does_not_hang(struct ktap *t)
{
	static struct full full;
	struct listener l;

	if (!fill_machine(t, &full, PLAIN))
		return;
	l = listener(&full, 0);
	l.block.notifier_call = ask_for_memory;
	ASSERT_EQ(t, register_oom_notifier(&l.block), 0);
	EXPECT(t, !out_of_memory(full.m, full.m->nodes[0]->fallback, 0, GFP_KERNEL));
	EXPECT_EQ(t, l.calls, 1);
	EXPECT_EQ(t, l.answer, 0);
	unregister_oom_notifier(&l.block);
}

/* ------------------------------------------------------------------------------------------------- who gets here */

/* How often notifiers were asked for one request that cannot be served. */
static unsigned int asked_by(struct ktap *t, gfp_t gfp, unsigned int order)
{
	struct full full;
	struct listener l;
	struct page *page;

	if (!boot_and_fill(t, &full, PLAIN))
		return 0;
	l = listener(&full, 0);
	EXPECT_EQ(t, register_oom_notifier(&l.block), 0);
	page = alloc_pages(gfp | __GFP_NOWARN, order);
	EXPECT(t, !page || (gfp & __GFP_KSWAPD_RECLAIM));	/* the task may be quick enough to find one */
	if (page)
		__free_pages(page, order);
	unregister_oom_notifier(&l.block);
	full_end(&full);
	return l.calls;
}

static void c13_who_may_not_sleep_never_asks(struct ktap *t)
{
	EXPECT_EQ(t, asked_by(t, GFP_NOWAIT, 0), 0);
	EXPECT_EQ(t, asked_by(t, GFP_ATOMIC, 0), 0);
}

static void c15_noretry_never_asks(struct ktap *t)
{
	EXPECT_EQ(t, asked_by(t, GFP_KERNEL | __GFP_NORETRY, 0), 0);
}

static void c16_retry_mayfail_never_asks(struct ktap *t)
{
	EXPECT_EQ(t, asked_by(t, GFP_KERNEL | __GFP_RETRY_MAYFAIL, 0), 0);
	EXPECT_EQ(t, asked_by(t, GFP_KERNEL | __GFP_RETRY_MAYFAIL, 5), 0);
}

static void c18_costly_orders_never_ask(struct ktap *t)
{
	EXPECT_GT(t, asked_by(t, GFP_KERNEL, 0), 0);
	EXPECT_GT(t, asked_by(t, GFP_KERNEL, 3), 0);
	EXPECT_EQ(t, asked_by(t, GFP_KERNEL, 4), 0);
}

/* ---------------------------------------------------------------------------------------------------- the report */

static void the_report_has_the_kernels_words(struct ktap *t)
{
	static struct full full;

	if (!fill_machine(t, &full, PLAIN))
		return;
	EXPECT_NULL(t, alloc_page(GFP_KERNEL | __GFP_NOWARN));
	EXPECT_CONTAINS(t, console_text(), " invoked oom-killer: gfp_mask=0x2cc0(GFP_KERNEL|__GFP_NOWARN), order=0, "
					 "oom_score_adj=0\n");
	EXPECT_CONTAINS(t, console_text(), "\nCall Trace:\n");
	EXPECT_CONTAINS(t, console_text(), "\nMem-Info:\n");
	EXPECT_CONTAINS(t, console_text(), "\nOut of memory and no killable processes...\n");
	EXPECT_LACKS(t, console_text(), "panic");
	EXPECT(t, strstr(console_text(), "oom-killer") < strstr(console_text(), "Mem-Info:"));
	EXPECT(t, strstr(console_text(), "Mem-Info:") < strstr(console_text(), "no killable"));
}

/* Which slabs hold it, and the table of tasks, of which none could be killed. */
static void the_report_says_who_has_memory(struct ktap *t)
{
	static const char *const tasks =
		"\nTasks state (memory values in pages):\n"
		"[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name\n"
		"Out of memory and no killable processes...\n";
	struct machine *m = machine_for(t, PLAIN " slab_nomerge");
	struct kmem_cache *cache, *reclaimable;
	char line[80];

	ASSERT(t, m);
	cache = kmem_cache_create("more_than_17_letters", 1024, 0, 0, NULL);
	reclaimable = kmem_cache_create("reclaimable", 1024, 0, SLAB_RECLAIM_ACCOUNT, NULL);
	ASSERT(t, cache && reclaimable);
	kmem_cache_free(cache, kmem_cache_alloc(cache, GFP_KERNEL));
	kmem_cache_free(reclaimable, kmem_cache_alloc(reclaimable, GFP_KERNEL));
	EXPECT(t, !out_of_memory(m, m->nodes[0]->fallback, 0, GFP_KERNEL));
	EXPECT_CONTAINS(t, console_text(), "\n0 pages hwpoisoned\nUnreclaimable slab info:\n"
					   "Name                      Used          Total\n");
	scnprintf(line, sizeof(line), "\nmore_than_17_letters %10luKB %10uKB\n", cache->node[0]->out_objects,
		  cache->objects);
	EXPECT_CONTAINS(t, console_text(), line);
	EXPECT_CONTAINS(t, console_text(), "\nkmem_cache        ");
	EXPECT_LACKS(t, console_text(), "\nreclaimable ");
	EXPECT_LACKS(t, console_text(), "\ndma-kmalloc-8 ");
	EXPECT_CONTAINS(t, console_text(), tasks);
	console_clear();
	mutex_lock(&m->cache_lock);
	EXPECT(t, !out_of_memory(m, m->nodes[0]->fallback, 0, GFP_KERNEL));
	mutex_unlock(&m->cache_lock);
	EXPECT_CONTAINS(t, console_text(), "\nexcessive unreclaimable slab but cannot dump stats\nTasks state ");
	kmem_cache_destroy(cache);
	kmem_cache_destroy(reclaimable);
}

/* Where lists of pages hold more, they are where to look. */
static void slabs_are_shown_only_if_they_hold_most(struct ktap *t)
{
	struct machine *m = machine_for(t, PLAIN);

	ASSERT(t, m);
	mod_node_page_state(m->nodes[0], NR_INACTIVE_FILE, 1000);
	EXPECT(t, !out_of_memory(m, m->nodes[0]->fallback, 0, GFP_KERNEL));
	mod_node_page_state(m->nodes[0], NR_INACTIVE_FILE, -1000);
	EXPECT_LACKS(t, console_text(), "nreclaimable slab");
	EXPECT_CONTAINS(t, console_text(), "\n0 pages hwpoisoned\nTasks state ");
}

static void requests_without_filesystems_make_no_report(struct ktap *t)
{
	static struct full full;

	if (!fill_machine(t, &full, PLAIN))
		return;
	EXPECT_NULL(t, alloc_page(GFP_NOFS | __GFP_NOWARN));
	EXPECT_NULL(t, alloc_page(GFP_NOIO | __GFP_NOWARN));
	EXPECT_LACKS(t, console_text(), "oom-killer");
}

static void reports_are_rate_limited(struct ktap *t)
{
	static struct full full;

	if (!fill_machine(t, &full, PLAIN))
		return;
	for (int i = 0; i < 20; i++)
		EXPECT(t, !out_of_memory(full.m, full.m->nodes[0]->fallback, 0, GFP_KERNEL));
	EXPECT_GE(t, console_count("oom-killer"), 1);
	EXPECT_LE(t, console_count("oom-killer"), 10);
}

static void panic_when_told(struct ktap *t, void *arg)
{
	static struct full full;

	if (!fill_machine(t, &full, arg))
		return;
	full.m->console = NULL;		/* the child's own, for its parent to read */
	(void)!alloc_page(GFP_KERNEL);
	ktap_note(t, "still here");
}

static void panic_on_oom_panics(struct ktap *t)
{
	struct ktap_child child;

	if (!ktap_child(t, panic_when_told, PLAIN " sysctl.vm.panic_on_oom=1", &child))
		return;
	EXPECT_CONTAINS(t, child.text,
			"Kernel panic - not syncing: Out of memory: system-wide panic_on_oom is enabled");
	EXPECT_LACKS(t, child.text, "still here");
	EXPECT_NE(t, child.signal | child.status, 0);
	if (!ktap_child(t, panic_when_told, PLAIN " sysctl.vm.panic_on_oom=2", &child))
		return;
	EXPECT_CONTAINS(t, child.text, "Out of memory: compulsory panic_on_oom is enabled");
	if (!ktap_child(t, panic_when_told, PLAIN " sysctl.vm.panic_on_oom=0", &child))
		return;
	EXPECT_CONTAINS(t, child.text, "still here");
}

/* Two at once: one asks, the other waits for what it finds. */
static void run_out(struct ktap *t, unsigned int i, void *arg)
{
	struct full *full = arg;
	struct page *page;

	(void)t;
	(void)i;
	machine_enter(full->m);
	page = alloc_page(GFP_KERNEL | __GFP_NOWARN);
	if (page)
		__free_page(page);	/* what another task, or a quick kswapd, had to give */
	machine_leave();
}

static void tasks_that_run_out_together_all_return(struct ktap *t)
{
	static struct full full;

	if (!fill_machine(t, &full, PLAIN))
		return;
	ktap_threads(t, 4, run_out, &full);
}

struct second {
	struct full full;
	struct listener l;
	bool may_retry;
};

static void come_second(void *arg)
{
	struct second *second = arg;

	second->may_retry = out_of_memory(second->full.m, second->full.m->nodes[0]->fallback, 0, GFP_KERNEL);
}

static void nothing(void *arg)
{
	(void)arg;
}

/* It asks nobody: what the first one found may do for both. */
static void who_comes_second_waits_and_tries_again(struct ktap *t)
{
	static struct second second;

	if (!fill_machine(t, &second.full, PLAIN))
		return;
	second.may_retry = false;
	second.l = listener(&second.full, 0);
	ASSERT_EQ(t, register_oom_notifier(&second.l.block), 0);
	at_lock(t, &(struct at_lock){ .m = second.full.m, .word = &second.full.m->oom_lock.word, .step = come_second,
				      .meanwhile = nothing, .arg = &second });
	EXPECT(t, second.may_retry);
	EXPECT_EQ(t, second.l.calls, 0);
	EXPECT_LACKS(t, console_text(), "oom-killer");
	unregister_oom_notifier(&second.l.block);
}

KTAP_SUITE(oom, KTAP_CASE(notifiers_are_asked_by_priority), KTAP_CASE(c18_a_notifier_that_frees_saves_the_request),
	   KTAP_CASE(a_notifier_that_needs_memory_does_not_hang), KTAP_CASE(c13_who_may_not_sleep_never_asks),
	   KTAP_CASE(c15_noretry_never_asks), KTAP_CASE(c16_retry_mayfail_never_asks),
	   KTAP_CASE(c18_costly_orders_never_ask), KTAP_CASE(the_report_has_the_kernels_words),
	   KTAP_CASE(the_report_says_who_has_memory),
	   KTAP_CASE(slabs_are_shown_only_if_they_hold_most),
	   KTAP_CASE(requests_without_filesystems_make_no_report), KTAP_CASE(reports_are_rate_limited),
	   KTAP_CASE(panic_on_oom_panics), KTAP_CASE(tasks_that_run_out_together_all_return),
	   KTAP_CASE(who_comes_second_waits_and_tries_again));
