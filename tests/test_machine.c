/* SPDX-License-Identifier: MIT */
/*
 * test_machine.c - booting, entering, leaving and shutting down machines, one or several, rightly and wrongly.
 */
#include <kmem/kmem.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>
#include "mm/cpus.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "tests/ktap.h"

/* A machine with what it says. */
struct box {
	struct machine *m;
	const char *why;
	size_t length;
	char text[8192];
};

static void box_write(void *arg, const char *text, size_t length)
{
	struct box *box = arg;

	if (length >= sizeof(box->text) - box->length)
		return;
	memcpy(box->text + box->length, text, length);
	box->length += length;
	box->text[box->length] = '\0';
}

static void box_end(void *arg)
{
	struct box *box = arg;

	if (box->m)
		machine_shutdown(box->m);
	box->m = NULL;
}

/* The case shuts the machine down itself. */
static struct machine *box_boot_only(struct box *box, const char *cmdline)
{
	box->length = 0;
	box->text[0] = '\0';
	box->m = machine_boot_why(&(struct machine_config){ .cmdline = cmdline, .console = box_write,
							    .console_arg = box }, &box->why);
	return box->m;
}

static struct machine *box_boot(struct ktap *t, struct box *box, const char *cmdline)
{
	ktap_cleanup(t, box_end, box);
	return box_boot_only(box, cmdline);
}

static int box_shutdown(struct box *box, struct machine_leaks *leaks)
{
	struct machine *m = box->m;

	box->m = NULL;
	return machine_shutdown_leaks(m, leaks);
}

/* -------------------------------------------------------------------------------------------------------- booting */

static void boots_allocates_and_shuts_down(struct ktap *t)
{
	static struct box box;
	struct machine_leaks leaks = { 9, 9, 9, 9, 9, 9 };
	void *object, *area;
	struct page *page;

	ASSERT_NOT_NULL(t, box_boot(t, &box, "mem=64M"));
	EXPECT_NULL(t, box.why);
	EXPECT_NULL(t, machine_current());
	EXPECT_EQ(t, machine_enter(box.m), 0);
	EXPECT(t, machine_current() == box.m);
	object = kmalloc(100, GFP_KERNEL);
	page = alloc_page(GFP_KERNEL);
	area = vmalloc(100000);
	EXPECT(t, object && page && area);
	kfree(object);
	__free_page(page);
	vfree(area);
	machine_leave();
	EXPECT_EQ(t, box_shutdown(&box, &leaks), 0);
	EXPECT_EQ(t, leaks.slab_objects + leaks.slab_caches + leaks.pages + leaks.vmalloc_areas + leaks.percpu, 0);
	EXPECT_STR(t, box.text, "");
}

static void boots_without_a_configuration(struct ktap *t)
{
	struct machine *m = machine_boot(NULL);

	ASSERT_NOT_NULL(t, m);
	EXPECT_EQ(t, m->max_pfn, (1ul << 30) >> PAGE_SHIFT);
	EXPECT_EQ(t, machine_shutdown(m), 0);
}

static const unsigned long sizes_mb[] = { 2, 3, 4, 5, 8, 15, 16, 17, 31, 64, 100, 1024, 3071, 4096, 5000, 65536,
					  131072 };

/* Every size boots with sound structures, gives most of itself out, and leaks nothing; or says why it cannot. */
static void every_size_boots_or_says_why(struct ktap *t)
{
	for (unsigned int i = 0; i < sizeof(sizes_mb) / sizeof(sizes_mb[0]); i++) {
		struct kmem_fault fault = { .id = "" };
		char cmdline[64];
		const char *why;
		struct machine *m;

		snprintf(cmdline, sizeof(cmdline), "mem=%luM nr_cpus=2", sizes_mb[i]);
		m = machine_boot_why(&(struct machine_config){ .cmdline = cmdline }, &why);
		if (!m && sizes_mb[i] >= 8 && (sizeof(long) == 8 || sizes_mb[i] < 65536)) {
			ktap_fail(t, "%s: %s", cmdline, why);
			continue;
		}
		if (!m) {
			EXPECT_NOT_NULL(t, why);
			ktap_note(t, "%s: %s", cmdline, why);
			continue;
		}
		machine_enter(m);
		if (!kmem_check(m, &fault))
			ktap_fail(t, "%s: %s %s", cmdline, fault.id, fault.place);
		kfree(kmalloc(1000, GFP_KERNEL));
		machine_leave();
		EXPECT_EQ(t, machine_shutdown(m), 0);
	}
}

static const struct {
	const char *cmdline, *why;
} impossible[] = {
	{ "mem=12Q", "mem=12Q: not a size" },
	{ "mem=64M nr_cpus=0", "nr_cpus=0: too small" },
	{ "mem=64M nr_cpus=x", "nr_cpus=x: not a number" },
	{ "mem=1M", "the memory map holds less than 2 MiB of RAM" },
	{ "memmap=exactmap", "the memory map and the command line leave no usable memory" },
#if __SIZEOF_POINTER__ == 8
	{ "mem=64M vmalloc=1000T", "the host has no room for the machine's memory" },
#endif
	{ "mem=64M kmem.fault=1024,1,0", "the host has no room for the machine's memory" },
	{ "mem=64M kmem.fault=512,1,0", "the memory map is too small for its own descriptors" },
	{ "mem=4M nr_cpus=256", "the memory map is too small for so many CPUs: give nr_cpus=" },
	{ "mem=64M kmem.fault=128,1,0", "the host has no memory for the descriptors of pages" },
	{ "mem=64M numa=fake=99",
	  sizeof(long) == 8 ? "numa=fake=99: more than 64 nodes" : "numa=fake=99: more than 8 nodes" },
};

static void impossible_configurations_are_explained(struct ktap *t)
{
	for (unsigned int i = 0; i < sizeof(impossible) / sizeof(impossible[0]); i++) {
		const char *why = NULL;
		struct machine_config config = { .cmdline = impossible[i].cmdline };
		struct machine *m = machine_boot_why(&config, &why);

		EXPECT_NULL(t, m);
		EXPECT_STR(t, why, impossible[i].why);
		EXPECT_NULL(t, machine_boot(&config));
		EXPECT_NULL(t, machine_current());
		if (m)
			machine_shutdown(m);
	}
}

/* The reason outlives other boots, and the boot that failed. */
static void the_reason_is_good_until_the_next_failure(struct ktap *t)
{
	static const struct memory_range beyond = { 0, 64 << 20, MEMORY_RAM, MAX_NUMNODES };
	const char *why, *none;
	struct machine *m;

	EXPECT_NULL(t, machine_boot_why(&(struct machine_config){ .map = &beyond, .nr_ranges = 1 }, &why));
	EXPECT_CONTAINS(t, why, "the memory map names a node that is not from 0 to ");
	EXPECT_NULL(t, machine_boot_why(&(struct machine_config){ .cmdline = "mem=12Q" }, &why));
	m = machine_boot_why(&(struct machine_config){ .cmdline = "mem=64M" }, &none);
	ASSERT_NOT_NULL(t, m);
	EXPECT_NULL(t, none);
	EXPECT_STR(t, why, "mem=12Q: not a size");
	machine_shutdown(m);
	EXPECT_STR(t, why, "mem=12Q: not a size");
}

static void a_map_without_ram_is_explained(struct ktap *t)
{
	static const struct memory_range reserved[] = { { 0, 64ull << 20, MEMORY_RESERVED, 0 } };
	const char *why = NULL;

	EXPECT_NULL(t, machine_boot_why(&(struct machine_config){ .map = reserved, .nr_ranges = 1 }, &why));
	EXPECT_STR(t, why, "the memory map and the command line leave no usable memory");
	EXPECT_NULL(t, machine_boot_why(&(struct machine_config){ .map = reserved, .nr_ranges = 0 }, &why));
	EXPECT_STR(t, why, "the memory map and the command line leave no usable memory");
}

/* A map that does not fit is refused with what to do; done, it boots, and nothing more than that is left out. */
static void a_map_beyond_all_addresses_is_explained(struct ktap *t)
{
	const u64 end = sizeof(long) == 8 ? DIRECT_WINDOW : 64ull << 30;	/* PAE */
	const struct memory_range map[] = { { 0, 1ull << 30, MEMORY_RAM, 0 },
					    { end, 1ull << 30, MEMORY_RAM, 0 } };
	struct machine_config config = { .map = map, .nr_ranges = 2 };
	const char *why = NULL, *advice;
	char cmdline[32];
	struct machine *m;

	EXPECT_NULL(t, machine_boot_why(&config, &why));
	EXPECT_CONTAINS(t, why, "the memory map");
	advice = why ? strstr(why, "give mem=") : NULL;
	ASSERT_NOT_NULL(t, advice);
	snprintf(cmdline, sizeof(cmdline), "%.*s", (int)strcspn(advice + 5, " "), advice + 5);
	config.cmdline = cmdline;
	m = machine_boot_why(&config, &why);
	ASSERT_NOT_NULL(t, m);
	EXPECT_EQ(t, m->max_pfn, min(1ull << 30, end) >> PAGE_SHIFT);
	EXPECT_EQ(t, machine_shutdown(m), 0);
	EXPECT_NULL(t, machine_boot_why(&(struct machine_config){ .cmdline = "mem=17T" }, &why));
	EXPECT_CONTAINS(t, why, "give mem=");
}

static void unknown_parameters_are_reported(struct ktap *t)
{
	static struct box box;

	ASSERT_NOT_NULL(t, box_boot(t, &box, "mem=64M foo bar=1 nr_cpus=1"));
	EXPECT_STR(t, box.text,
		   "Unknown kernel command line parameters \"foo bar=1\", will be passed to user space.\n");
}

static void nr_cpus_is_obeyed(struct ktap *t)
{
	static struct box one, many, all;

	ASSERT_NOT_NULL(t, box_boot(t, &one, "mem=64M nr_cpus=1"));
	ASSERT_NOT_NULL(t, box_boot(t, &many, "mem=128M nr_cpus=7"));
	ASSERT_NOT_NULL(t, box_boot(t, &all, "mem=64M"));
	EXPECT_EQ(t, one.m->nr_cpus, 1);
	EXPECT_EQ(t, many.m->nr_cpus, 7);
	EXPECT_GE(t, all.m->nr_cpus, 1);
	EXPECT_EQ(t, one.m->nr_online, 1);
	EXPECT_EQ(t, many.m->nr_online, 1);
}

static void booting_in_atomic_context_is_refused(struct ktap *t)
{
	static struct box box;
	const char *why = NULL;

	ASSERT_NOT_NULL(t, box_boot(t, &box, "mem=64M"));
	machine_enter(box.m);
	preempt_disable();
	EXPECT_NULL(t, machine_boot_why(&(struct machine_config){ .cmdline = "mem=64M" }, &why));
	preempt_enable();
	EXPECT_STR(t, why, "this thread holds a lock, or is on too many machines already");
	EXPECT(t, machine_current() == box.m);
	machine_leave();
}

/* The caller is on another machine, whose console has the report. */
static void shutdown_in_atomic_context_is_refused(struct ktap *t)
{
	static struct box box, here;

	ASSERT_NOT_NULL(t, box_boot(t, &box, "mem=64M nr_cpus=1"));
	ASSERT_NOT_NULL(t, box_boot(t, &here, "mem=64M nr_cpus=1"));
	ASSERT_EQ(t, machine_enter(here.m), 0);
	preempt_disable();
	EXPECT_EQ(t, machine_shutdown(box.m), -EBUSY);
	preempt_enable();
	machine_leave();
	EXPECT_CONTAINS(t, here.text, "BUG: sleeping function called from invalid context at ");
	machine_enter(box.m);
	kfree(kmalloc(8, GFP_KERNEL));
	machine_leave();
}

/* ----------------------------------------------------------------------------------------------- enter, leave, nest */

static void machines_nest(struct ktap *t)
{
	static struct box a, b;
	void *in_a, *in_b;

	ASSERT_NOT_NULL(t, box_boot(t, &a, "mem=64M nr_cpus=1"));
	ASSERT_NOT_NULL(t, box_boot(t, &b, "mem=64M nr_cpus=1"));
	machine_enter(a.m);
	in_a = kmalloc(64, GFP_KERNEL);
	machine_enter(b.m);
	in_b = kmalloc(64, GFP_KERNEL);
	EXPECT(t, machine_current() == b.m && this_cpu()->machine == b.m);
	machine_enter(b.m);
	EXPECT(t, machine_current() == b.m);
	machine_leave();
	EXPECT(t, machine_current() == b.m);
	kfree(in_b);
	machine_leave();
	EXPECT(t, machine_current() == a.m);
	kfree(in_a);
	EXPECT(t, this_cpu()->machine == a.m);
	machine_leave();
	EXPECT_NULL(t, machine_current());
	EXPECT_EQ(t, box_shutdown(&b, NULL), 0);
	EXPECT_EQ(t, box_shutdown(&a, NULL), 0);
}

static void booting_leaves_the_caller_where_it_was(struct ktap *t)
{
	static struct box a, b;

	ASSERT_NOT_NULL(t, box_boot(t, &a, "mem=64M"));
	machine_enter(a.m);
	ASSERT_NOT_NULL(t, box_boot(t, &b, "mem=64M"));
	EXPECT(t, machine_current() == a.m);
	EXPECT_EQ(t, box_shutdown(&b, NULL), 0);
	EXPECT(t, machine_current() == a.m);
	kfree(kmalloc(64, GFP_KERNEL));
	EXPECT(t, this_cpu()->machine == a.m);
	machine_leave();
}

static void entering_nothing_is_refused(struct ktap *t)
{
	EXPECT_EQ(t, machine_enter(NULL), -ENODEV);
	EXPECT_EQ(t, machine_shutdown(NULL), -ENODEV);
	machine_leave();
	EXPECT_NULL(t, machine_current());
}

/* ------------------------------------------------------------------------------------------------------- shutdown */

static void shutdown_takes_the_caller_off_the_machine(struct ktap *t)
{
	static struct box box;

	ASSERT_NOT_NULL(t, box_boot(t, &box, "mem=64M"));
	machine_enter(box.m);
	machine_enter(box.m);
	kfree(kmalloc(64, GFP_KERNEL));
	EXPECT_EQ(t, box_shutdown(&box, NULL), 0);
	EXPECT_NULL(t, machine_current());
	EXPECT(t, this_cpu() == &kmem_cpu_none);
}

static void shutdown_reports_what_leaked(struct ktap *t)
{
	static struct box box;
	struct machine_leaks leaks;
	struct kmem_cache *cache;

	ASSERT_NOT_NULL(t, box_boot(t, &box, "mem=64M"));
	machine_enter(box.m);
	EXPECT_NOT_NULL(t, kmalloc(100, GFP_KERNEL));
	EXPECT_NOT_NULL(t, kmalloc(100, GFP_KERNEL));
	EXPECT_NOT_NULL(t, kmalloc(100000, GFP_KERNEL));
	EXPECT_NOT_NULL(t, alloc_pages(GFP_KERNEL, 2));
	EXPECT_NOT_NULL(t, vmalloc(5000));
	cache = kmem_cache_create("lost", 40, 8, SLAB_NO_MERGE, NULL);
	EXPECT_NOT_NULL(t, cache);
	machine_leave();
	EXPECT_EQ(t, box_shutdown(&box, &leaks), 4);
	EXPECT_EQ(t, leaks.slab_objects, 3);
	EXPECT_EQ(t, leaks.slab_caches, 1);
	EXPECT_EQ(t, leaks.pages, 4);
	EXPECT_EQ(t, leaks.vmalloc_areas, 1);
	EXPECT_CONTAINS(t, box.text, "machine: 1 large kmalloc objects (32 pages) not freed\n");
	EXPECT_CONTAINS(t, box.text, "machine: 4 pages not freed\n");
	EXPECT_CONTAINS(t, box.text, "lost");
	EXPECT_CONTAINS(t, box.text, "kmalloc-128");
}

static void a_leak_of_each_kind_counts_alone(struct ktap *t)
{
	static struct box box;
	struct machine_leaks leaks;

	ASSERT_NOT_NULL(t, box_boot(t, &box, "mem=64M"));
	machine_enter(box.m);
	EXPECT_NOT_NULL(t, vmalloc(5000));
	machine_leave();
	EXPECT_EQ(t, box_shutdown(&box, &leaks), 1);
	EXPECT_EQ(t, leaks.vmalloc_areas, 1);
	EXPECT_EQ(t, leaks.pages, 0);
	ASSERT_NOT_NULL(t, box_boot(t, &box, "mem=64M"));
	machine_enter(box.m);
	EXPECT_NOT_NULL(t, alloc_page(GFP_KERNEL));
	machine_leave();
	EXPECT_EQ(t, box_shutdown(&box, &leaks), 1);
	EXPECT_EQ(t, leaks.pages, 1);
}

struct meeting {
	struct machine *m;
	u32 word;
};

static void word_await(u32 *word, u32 value)
{
	u32 seen;

	while ((seen = __atomic_load_n(word, __ATOMIC_ACQUIRE)) < value)
		host_wait(word, seen, 1000000);
}

static void stay_or_shut_down(struct ktap *t, unsigned int i, void *arg)
{
	struct meeting *meeting = arg;

	if (i) {
		EXPECT_EQ(t, machine_enter(meeting->m), 0);
		__atomic_store_n(&meeting->word, 1, __ATOMIC_RELEASE);
		word_await(&meeting->word, 2);
		kfree(kmalloc(64, GFP_KERNEL));		/* it is as it was */
		machine_leave();
		return;
	}
	word_await(&meeting->word, 1);
	EXPECT_EQ(t, machine_shutdown(meeting->m), -EBUSY);
	EXPECT_EQ(t, machine_enter(meeting->m), 0);
	kfree(kmalloc(64, GFP_KERNEL));
	machine_leave();
	__atomic_store_n(&meeting->word, 2, __ATOMIC_RELEASE);
}

static void shutdown_of_a_busy_machine_is_refused(struct ktap *t)
{
	static struct box box;
	static struct meeting meeting;

	ASSERT_NOT_NULL(t, box_boot(t, &box, "mem=64M nr_cpus=2"));
	meeting = (struct meeting){ .m = box.m };
	ktap_threads(t, 2, stay_or_shut_down, &meeting);
	EXPECT_CONTAINS(t, box.text, "machine: not shut down: 1 other threads are on it\n");
	EXPECT_EQ(t, box_shutdown(&box, NULL), 0);
}

static void shutdown_below_another_machine_is_refused(struct ktap *t)
{
	static struct box a, b;

	ASSERT_NOT_NULL(t, box_boot(t, &a, "mem=64M"));
	ASSERT_NOT_NULL(t, box_boot(t, &b, "mem=64M"));
	machine_enter(a.m);
	machine_enter(b.m);
	EXPECT_EQ(t, machine_shutdown(a.m), -EBUSY);
	EXPECT(t, machine_current() == b.m);
	machine_leave();
	EXPECT(t, machine_current() == a.m);
	kfree(kmalloc(64, GFP_KERNEL));
	machine_leave();
}

static void count_call(struct rcu_head *head)
{
	(void)head;
}

/* kswapd, RCU's task and the idle one are on the machine: shutdown ends them, whatever they are doing. */
static void shutdown_ends_background_tasks(struct ktap *t)
{
	static struct rcu_head heads[40];

	for (unsigned int round = 0; round < 40; round++) {
		static struct box box;
		struct page *list = NULL, *page;

		ASSERT_NOT_NULL(t, box_boot_only(&box, "mem=16M nr_cpus=2"));
		machine_enter(box.m);
		while ((page = alloc_pages(GFP_NOWAIT | __GFP_NOWARN, 0))) {	/* wakes kswapd */
			page->lru.next = (struct list_head *)list;
			list = page;
		}
		call_rcu(&heads[round], count_call);
		while (list) {
			page = list;
			list = (struct page *)page->lru.next;
			__free_page(page);
		}
		machine_leave();
		EXPECT_EQ(t, box_shutdown(&box, NULL), 0);
		if (ktap_failed(t))
			ktap_note(t, "round %u: %s", round, box.text);
	}
}

/* ------------------------------------------------------------------------------------------------ several at once */

/* Each machine has its own frames, caches, statistics and windows. */
static void machines_share_nothing(struct ktap *t)
{
	static struct box a, b;
	struct machine_stats before, after;
	unsigned long pfn_a, pfn_b;
	struct kmem_cache *cache;
	void *in_a, *in_b;

	ASSERT_NOT_NULL(t, box_boot(t, &a, "mem=64M nr_cpus=1 kmem.seed=1"));
	ASSERT_NOT_NULL(t, box_boot(t, &b, "mem=64M nr_cpus=1 kmem.seed=1"));
	machine_enter(b.m);
	machine_stats(b.m, &before);
	machine_enter(a.m);
	in_a = kmalloc(2000, GFP_KERNEL);
	pfn_a = page_to_pfn(virt_to_page(in_a));
	memset(in_a, 0xaa, 2000);
	cache = kmem_cache_create("only_in_a", 300, 8, SLAB_NO_MERGE, NULL);
	EXPECT_NOT_NULL(t, vmalloc(100000));
	machine_leave();
	machine_stats(b.m, &after);
	EXPECT_MEM(t, &after, &before, sizeof(after));
	for (struct list_head *at = b.m->caches.next; at != &b.m->caches; at = at->next)
		EXPECT(t, container_of(at, struct kmem_cache, list) != cache);
	in_b = kmalloc(2000, GFP_KERNEL);
	pfn_b = page_to_pfn(virt_to_page(in_b));
	memset(in_b, 0xbb, 2000);
	EXPECT_EQ(t, pfn_a, pfn_b);			/* alike, to the frame */
	EXPECT(t, in_a != in_b);
	EXPECT_EQ(t, *(u8 *)in_a, 0xaa);
	EXPECT(t, virt_addr_valid(in_b) && !virt_addr_valid(in_a));
	machine_leave();
	EXPECT_EQ(t, box_shutdown(&a, NULL), 3);
	EXPECT_EQ(t, *(u8 *)in_b, 0xbb);
	EXPECT_EQ(t, box_shutdown(&b, NULL), 1);
}

/* A foreign object is refused by name, not lost in the wrong machine. */
static void freeing_on_the_wrong_machine_is_reported(struct ktap *t)
{
	static struct box a, b;
	void *object;

	ASSERT_NOT_NULL(t, box_boot(t, &a, "mem=64M"));
	ASSERT_NOT_NULL(t, box_boot(t, &b, "mem=64M"));
	machine_enter(a.m);
	object = kmalloc(64, GFP_KERNEL);
	machine_enter(b.m);
	kfree(object);
	EXPECT_NE(t, b.length, 0);
	EXPECT(t, kmem_check(b.m, NULL));
	machine_leave();
	EXPECT_STR(t, a.text, "");
	kfree(object);
	machine_leave();
	EXPECT_EQ(t, box_shutdown(&a, NULL), 0);
	EXPECT_EQ(t, box_shutdown(&b, NULL), 0);
}

static void boot_use_and_shut_down(struct ktap *t, unsigned int i, void *arg)
{
	int rounds = t->soak ? 2000 : 20;

	(void)arg;
	for (int round = 0; round < rounds; round++) {
		static const char *const wide[] = { "mem=64M", "mem=1G nr_cpus=3", "mem=16M nr_cpus=1",
						    "mem=4G numa=fake=2" };
		static const char *const narrow[] = { "mem=48M", "mem=64M nr_cpus=3", "mem=16M nr_cpus=1",
						      "mem=72M numa=fake=2" };
		const char *const *cmdlines = sizeof(long) == 8 ? wide : narrow;
		const char *why = "";
		struct machine *m = machine_boot_why(&(struct machine_config){ .cmdline = cmdlines[i % 4] }, &why);
		struct kmem_fault fault = { .id = "" };
		void *object, *area;

		if (!m) {
			ktap_fail(t, "%s: %s", cmdlines[i % 4], why);
			return;
		}
		machine_enter(m);
		object = kmalloc(1 + ktap_below(t, 8000), GFP_KERNEL);
		area = vmalloc(1 + ktap_below(t, 100000));
		EXPECT(t, object && area);
		if (!kmem_check(m, &fault))
			ktap_fail(t, "%s %s", fault.id, fault.place);
		kfree(object);
		vfree(area);
		machine_leave();
		EXPECT_EQ(t, machine_shutdown(m), 0);
	}
}

static void threads_boot_machines_at_once(struct ktap *t)
{
	ktap_threads(t, 8, boot_use_and_shut_down, NULL);
}

/* ------------------------------------------------------------------------------------------------ the default one */

static void allocate_at_once(struct ktap *t, void *arg)
{
	void *object;

	(void)arg;
	EXPECT_NULL(t, machine_current());
	object = kmalloc(64, GFP_KERNEL);
	EXPECT_NOT_NULL(t, object);
	EXPECT(t, machine_current() == machine_default());
	kfree(object);
	EXPECT_EQ(t, this_cpu()->machine->params.loglevel, 7);
}

/* Looking takes locks, and a lock puts a thread that is on no machine on the default one: it must not. */
static void looking_at_a_machine_boots_no_other(struct ktap *t)
{
	static struct machine_stats stats;
	struct machine *m = machine_boot(&(struct machine_config){ .cmdline = "mem=64M" });
	struct kmem_fault fault;
	char text[256];

	ASSERT_NOT_NULL(t, m);
	EXPECT(t, kmem_check(m, &fault));
	machine_stats(m, &stats);
	EXPECT_GT(t, machine_zones(m, NULL, 0), 0);
	EXPECT_GT(t, machine_caches(m, NULL, 0), 0);
	EXPECT_GT(t, machine_file(m, "slabinfo", text, sizeof(text)), 0);
	EXPECT_GT(t, kmem_explain(m, (void *)m->layout.direct_base, text, sizeof(text)), 0);
	EXPECT_GT(t, kmem_explain_page(m, m->vmemmap, text, sizeof(text)), 0);
	EXPECT_NULL(t, machine_current());
	EXPECT_EQ(t, machine_shutdown(m), 0);
}

static void the_first_kmalloc_boots_a_default_machine(struct ktap *t)
{
	struct ktap_child child;

	if (!ktap_child(t, allocate_at_once, NULL, &child))
		return;
	EXPECT_EQ(t, child.status, 0);
	EXPECT_STR(t, child.text, "");
}

static void lock_at_once(struct ktap *t, void *arg)
{
	spinlock_t lock = { 0 };
	unsigned long flags;

	(void)arg;
	spin_lock_irqsave(&lock, flags);	/* atomic before there is a machine */
	EXPECT_EQ(t, preempt_count(), 1);
	EXPECT(t, this_cpu()->machine == machine_default());
	spin_unlock_irqrestore(&lock, flags);
	EXPECT(t, preemptible());
}

static void the_first_spinlock_boots_a_default_machine(struct ktap *t)
{
	struct ktap_child child;

	if (!ktap_child(t, lock_at_once, NULL, &child))
		return;
	EXPECT_EQ(t, child.status, 0);
	EXPECT_STR(t, child.text, "");
}

static void allocate_together(struct ktap *t, unsigned int i, void *arg)
{
	void *object = kmalloc(64, GFP_KERNEL);

	(void)i;
	(void)arg;
	EXPECT_NOT_NULL(t, object);
	EXPECT(t, machine_current() == machine_default());
	kfree(object);
}

static void race_for_the_default(struct ktap *t, void *arg)
{
	ktap_threads(t, 8, allocate_together, arg);
	EXPECT_EQ(t, machine_default()->nr_users, 0);
	EXPECT_EQ(t, machine_shutdown(machine_default()), 0);
	allocate_at_once(t, NULL);		/* boots another */
	EXPECT_EQ(t, machine_shutdown(machine_default()), 0);
	EXPECT_NULL(t, machine_current());
}

static void threads_race_for_the_default_machine(struct ktap *t)
{
	struct ktap_child child;

	if (!ktap_child(t, race_for_the_default, NULL, &child))
		return;
	EXPECT_EQ(t, child.status, 0);
	EXPECT_STR(t, child.text, "");
}

static void more_high_memory_than_there_is_memory_is_none(struct ktap *t)
{
	static struct box box;

	ASSERT(t, box_boot(t, &box, "mem=64M highmem=64M"));
	EXPECT_EQ(t, box.m->max_low_pfn, box.m->max_pfn);
	EXPECT_EQ(t, box_shutdown(&box, NULL), 0);
	ASSERT(t, box_boot(t, &box, "mem=64M highmem=32M"));
	EXPECT_EQ(t, box.m->max_pfn - box.m->max_low_pfn, 32u << (20 - PAGE_SHIFT));
}

KTAP_SUITE(machine,
	   KTAP_CASE(boots_allocates_and_shuts_down),
	   KTAP_CASE(boots_without_a_configuration),
	   KTAP_CASE(every_size_boots_or_says_why),
	   KTAP_CASE(impossible_configurations_are_explained),
	   KTAP_CASE(the_reason_is_good_until_the_next_failure),
	   KTAP_CASE(a_map_without_ram_is_explained), KTAP_CASE(a_map_beyond_all_addresses_is_explained),
	   KTAP_CASE(unknown_parameters_are_reported),
	   KTAP_CASE(nr_cpus_is_obeyed),
	   KTAP_CASE(booting_in_atomic_context_is_refused),
	   KTAP_CASE(machines_nest),
	   KTAP_CASE(booting_leaves_the_caller_where_it_was),
	   KTAP_CASE(entering_nothing_is_refused),
	   KTAP_CASE(shutdown_takes_the_caller_off_the_machine),
	   KTAP_CASE(shutdown_reports_what_leaked),
	   KTAP_CASE(a_leak_of_each_kind_counts_alone),
	   KTAP_CASE(shutdown_of_a_busy_machine_is_refused),
	   KTAP_CASE(shutdown_below_another_machine_is_refused),
	   KTAP_CASE(shutdown_ends_background_tasks),
	   KTAP_CASE(machines_share_nothing),
	   KTAP_CASE(freeing_on_the_wrong_machine_is_reported),
	   KTAP_CASE(threads_boot_machines_at_once),
	   KTAP_CASE(looking_at_a_machine_boots_no_other),
	   KTAP_CASE(the_first_kmalloc_boots_a_default_machine),
	   KTAP_CASE(the_first_spinlock_boots_a_default_machine),
	   KTAP_CASE(threads_race_for_the_default_machine),
	   KTAP_CASE(more_high_memory_than_there_is_memory_is_none),
	   KTAP_CASE(shutdown_in_atomic_context_is_refused));
