/* SPDX-License-Identifier: MIT */
/*
 * test_cpu.c - threads lease CPUs, share them, and give them back.
 *
 * Most cases have more threads than CPUs, and none of the threads leaves until all have got somewhere: a CPU that is
 * not taken away from its thread, or does not come back, shows as a test that never ends.
 */
#include <kmem/kmem.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include "mm/cpus.h"
#include "mm/highmem.h"
#include "mm/page_alloc.h"
#include "mm/pcp.h"
#include "mm/vmalloc.h"
#include "tests/machine_for.h"

#define MS 1000000ull

struct world {
	struct machine *m;
	unsigned int nr;		/* threads */
	unsigned long steps[16];	/* atomic: what each has done */
	unsigned long goal;
	u32 word;			/* to sleep on, and a signal between threads */
	struct kmem_cpu *seen;
	bool ok;
};

static void shut_down(void *arg)
{
	struct world *w = arg;

	if (w->m)
		machine_shutdown(w->m);
}

static bool boot(struct ktap *t, struct world *w, const char *cmdline)
{
	*w = (struct world){ .goal = t->soak ? 400000 : 20000 };
	console_clear();
	w->m = machine_boot(&(struct machine_config){ .cmdline = cmdline, .console = console_keep });
	if (!w->m)
		ktap_fail(t, "%s does not boot", cmdline);
	ktap_cleanup(t, shut_down, w);
	return w->m;
}

static u32 word_read(const u32 *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void word_set(u32 *word, u32 value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
	host_wake(word, 1000);
}

static void nap(u64 ns)
{
	u32 word = 0;

	host_wait(&word, 0, ns);
}

/* How many CPUs of the machine are in that state? */
static unsigned int cpus_in(const struct machine *m, enum cpu_state state)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < m->nr_cpus; i++)
		nr += __atomic_load_n(&m->cpu_state[i], __ATOMIC_ACQUIRE) == state;
	return nr;
}

/* ---------------------------------------------------------------------------------------------------- one thread */

static void entering_leases_a_cpu_and_leaving_returns_it(struct ktap *t)
{
	static struct world w;

	ASSERT(t, boot(t, &w, "mem=64M nr_cpus=4"));
	EXPECT_EQ(t, cpus_in(w.m, CPU_LEASED), 0);
	EXPECT_EQ(t, cpus_in(w.m, CPU_IDLE), 1);	/* the one that boot brought up */
	EXPECT_EQ(t, machine_enter(w.m), 0);
	EXPECT(t, this_cpu()->machine == w.m);
	EXPECT(t, this_cpu()->task == host_task());
	EXPECT_EQ(t, cpus_in(w.m, CPU_LEASED), 1);
	EXPECT(t, kmem_check(w.m, NULL));
	machine_leave();
	EXPECT(t, this_cpu() == &kmem_cpu_none);
	EXPECT_EQ(t, cpus_in(w.m, CPU_IDLE), 1);
	EXPECT_EQ(t, w.m->nr_online, 1);
}

static void a_thread_gets_the_cpu_back_that_it_had(struct ktap *t)
{
	static struct world w;
	struct kmem_cpu *cpu;

	ASSERT(t, boot(t, &w, "mem=64M nr_cpus=4"));
	machine_enter(w.m);
	cpu = this_cpu();
	cpu_release();
	EXPECT(t, this_cpu() == &kmem_cpu_none);
	EXPECT(t, cpu_get() == cpu);
	machine_leave();
}

/* It is counted before it is ready: until then there is nothing of it to look at. */
static void a_cpu_that_is_coming_up_is_passed_over(struct ktap *t)
{
	static const char *const files[] = { "meminfo", "vmstat", "zoneinfo" };
	static struct world w;
	static char text[65536];
	struct kmem_cache *cache;

	ASSERT(t, boot(t, &w, "mem=64M highmem=16M nr_cpus=2"));
	machine_enter(w.m);
	w.m->nr_online++;
	EXPECT_EQ(t, w.m->cpu_state[1], CPU_OFFLINE);
	cache = kmem_cache_create("new", 100, 0, SLAB_NO_MERGE, NULL);
	EXPECT_NOT_NULL(t, cache);
	kmem_cache_destroy(cache);
	pcp_update_fast(w.m);
	cpus_stop(w.m);
	cpus_start(w.m);
	vfree(vmalloc(PAGE_SIZE));
	vm_unmap_aliases();
	EXPECT_GE(t, machine_release_memory(w.m), 0);
	EXPECT(t, zones_check(w.m, NULL) && vmalloc_check(w.m, true, NULL) && kmap_local_check(w.m, true, NULL));
	for (unsigned int i = 0; i < ARRAY_SIZE(files); i++)
		EXPECT_GT(t, machine_file(w.m, files[i], text, sizeof(text)), 0);
	EXPECT_LACKS(t, text, "cpu: 1");
	kmem_dump(w.m);
	EXPECT_EQ(t, w.m->cpu_state[1], CPU_OFFLINE);
	w.m->nr_online--;
	EXPECT(t, kmem_check(w.m, NULL));
	machine_leave();
}

static void c1_and_c3_are_checked(struct ktap *t)
{
	static struct world w;
	struct kmem_fault fault = { .id = "" };
	const struct task_struct *task;

	ASSERT(t, boot(t, &w, "mem=64M nr_cpus=2"));
	machine_enter(w.m);
	task = w.m->cpu_task[this_cpu()->id];
	w.m->cpu_task[this_cpu()->id] = NULL;
	EXPECT(t, !kmem_check(w.m, &fault));
	EXPECT_STR(t, fault.id, "C1");
	w.m->cpu_task[this_cpu()->id] = task;
	w.m->nr_online++;
	EXPECT(t, !kmem_check(w.m, &fault));
	EXPECT_STR(t, fault.id, "C3");
	w.m->nr_online--;
	EXPECT(t, kmem_check(w.m, &fault));
	machine_leave();
}

static void atomic_context_is_tracked(struct ktap *t)
{
	static struct world w;
	static spinlock_t lock;
	unsigned long flags, inner;

	ASSERT(t, boot(t, &w, "mem=64M"));
	machine_enter(w.m);
	EXPECT(t, !in_atomic() && !in_interrupt() && in_task() && preemptible() && !irqs_disabled());
	spin_lock(&lock);
	EXPECT(t, in_atomic() && !in_interrupt() && !preemptible() && !irqs_disabled());
	spin_lock_irqsave(&(spinlock_t){ 0 }, inner);
	EXPECT_EQ(t, preempt_count(), 2);
	arch_irq_restore(inner);
	preempt_enable();
	spin_unlock(&lock);
	local_irq_save(flags);
	EXPECT(t, irqs_disabled() && !in_atomic() && !preemptible());
	local_irq_save(inner);
	local_irq_restore(inner);
	EXPECT(t, irqs_disabled());
	local_irq_restore(flags);
	EXPECT(t, !irqs_disabled());
	preempt_count_add(SOFTIRQ_OFFSET);
	EXPECT(t, in_interrupt() && in_softirq() && in_serving_softirq() && !in_hardirq() && !in_task());
	preempt_count_add(HARDIRQ_OFFSET);
	EXPECT(t, in_hardirq() && in_interrupt());
	preempt_count_sub(HARDIRQ_OFFSET);
	preempt_count_sub(SOFTIRQ_OFFSET);
	EXPECT_EQ(t, preempt_count(), 0);
	EXPECT_EQ(t, (unsigned long)kmem_context.irqs_off, 0);
	machine_leave();
}

static void a_thread_without_a_cpu_leases_one_when_it_needs_it(struct ktap *t)
{
	static struct world w;

	ASSERT(t, boot(t, &w, "mem=64M nr_cpus=2"));
	machine_enter(w.m);
	cpu_release();
	preempt_disable();
	EXPECT(t, this_cpu()->machine == w.m);
	EXPECT_EQ(t, preempt_count(), 1);
	preempt_enable();
	cpu_release();
	kfree(kmalloc(100, GFP_KERNEL));
	EXPECT(t, this_cpu()->machine == w.m);
	machine_leave();
}

/* ----------------------------------------------------------------------------------------- more threads than CPUs */

/* Has every thread got to its goal? */
static bool all_done(const struct world *w)
{
	for (unsigned int i = 0; i < w->nr; i++)
		if (__atomic_load_n(&w->steps[i], __ATOMIC_RELAXED) < w->goal)
			return false;
	return true;
}

static void step_done(struct world *w, unsigned int i)
{
	__atomic_fetch_add(&w->steps[i], 1, __ATOMIC_RELAXED);
}

/* Fast paths only: nothing in this loop asks whether the CPU is wanted. */
static void allocate_until_all_have(struct ktap *t, unsigned int i, void *arg)
{
	struct world *w = arg;

	EXPECT_EQ(t, machine_enter(w->m), 0);
	while (!all_done(w)) {
		u8 *object = kmalloc(64, GFP_KERNEL);

		ASSERT_NOT_NULL(t, object);
		object[0] = object[63] = (u8)i;
		if (object[0] != (u8)i || object[63] != (u8)i)
			ktap_fail(t, "thread %u shares its object", i);
		kfree(object);
		step_done(w, i);
	}
	machine_leave();
}

static void progress(struct ktap *t, const char *cmdline, unsigned int nr,
		     void (*fn)(struct ktap *t, unsigned int i, void *arg))
{
	static struct world w;
	struct kmem_fault fault = { .id = "" };

	ASSERT(t, boot(t, &w, cmdline));
	w.nr = nr;
	ktap_threads(t, nr, fn, &w);
	EXPECT_EQ(t, cpus_in(w.m, CPU_LEASED), 0);
	machine_enter(w.m);
	if (!kmem_check(w.m, &fault))
		ktap_fail(t, "%s: %s", fault.id, fault.place);
	machine_leave();
	EXPECT_EQ(t, w.m->nr_users, 0);
	EXPECT_EQ(t, w.m->cpu_waiters, 0);
	EXPECT_EQ(t, machine_shutdown(w.m), 0);		/* nothing is lost */
	w.m = NULL;
}

static void eight_threads_progress_on_one_cpu(struct ktap *t)
{
	progress(t, "mem=64M nr_cpus=1", 8, allocate_until_all_have);
}

static void eight_threads_progress_on_two_cpus(struct ktap *t)
{
	progress(t, "mem=64M nr_cpus=2", 8, allocate_until_all_have);
}

/* Nothing but arithmetic between calls: only an interrupt can take the CPU away. */
static void compute_until_all_have(struct ktap *t, unsigned int i, void *arg)
{
	struct world *w = arg;

	EXPECT_EQ(t, machine_enter(w->m), 0);
	kfree(kmalloc(8, GFP_KERNEL));
	__atomic_store_n(&w->steps[i], w->goal, __ATOMIC_RELAXED);
	while (!all_done(w))
		;
	machine_leave();
}

static void a_thread_that_only_computes_is_interrupted(struct ktap *t)
{
	progress(t, "mem=64M nr_cpus=1", 4, compute_until_all_have);
}

/* Everything at once: pages, large objects, vmalloc, drains, leaving and entering, sleeping with a CPU. */
static void mixed_until_all_have(struct ktap *t, unsigned int i, void *arg)
{
	struct world *w = arg;

	EXPECT_EQ(t, machine_enter(w->m), 0);
	while (!all_done(w)) {
		unsigned int what = (unsigned int)ktap_below(t, 1000);
		size_t size = 1 + ktap_below(t, 6000);
		void *a = kmalloc(size, GFP_KERNEL), *b = NULL;
		unsigned int order = (unsigned int)ktap_below(t, 4) / 3;
		struct page *page = alloc_pages(GFP_KERNEL, order);

		if (what < 10)
			b = vmalloc(size);
		else if (what < 15)
			drain_all_pages();
		else if (what < 20)
			nap(10000);
		else if (what < 30)
			cpu_release();
		if (a)
			memset(a, (int)i, size);
		kfree(a);
		if (page)
			__free_pages(page, order);
		vfree(b);
		if (what >= 30 && what < 40) {
			machine_leave();
			EXPECT_EQ(t, machine_enter(w->m), 0);
		}
		__atomic_fetch_add(&w->steps[i], 20, __ATOMIC_RELAXED);
	}
	machine_leave();
}

static void eight_threads_do_everything_on_two_cpus(struct ktap *t)
{
	progress(t, "mem=128M nr_cpus=2", 8, mixed_until_all_have);
}

static void run_for_a_while(struct ktap *t, unsigned int i, void *arg)
{
	struct world *w = arg;
	u64 end;

	EXPECT_EQ(t, machine_enter(w->m), 0);
	end = host_clock(w->m) + (t->soak ? 5000 : 400) * MS;
	while (host_clock(w->m) < end) {
		kfree(kmalloc(64, GFP_KERNEL));
		step_done(w, i);
	}
	machine_leave();
}

/* No thread is forgotten: the luckiest does not do a hundred times what the unluckiest does. */
static void cpus_are_shared_about_evenly(struct ktap *t)
{
	static struct world w;
	unsigned long least = ~0ul, most = 0;

	ASSERT(t, boot(t, &w, "mem=64M nr_cpus=2"));
	w.nr = 8;
	ktap_threads(t, w.nr, run_for_a_while, &w);
	for (unsigned int i = 0; i < w.nr; i++) {
		least = w.steps[i] < least ? w.steps[i] : least;
		most = w.steps[i] > most ? w.steps[i] : most;
	}
	ktap_note(t, "8 threads on 2 CPUs: from %lu to %lu steps", least, most);
	EXPECT_GT(t, least * 100, most);
}

/* -------------------------------------------------------------------------------------- threads that end or sleep */

static void enter_and_end(struct ktap *t, unsigned int i, void *arg)
{
	struct world *w = arg;

	(void)i;
	EXPECT_EQ(t, machine_enter(w->m), 0);
	kfree(kmalloc(64, GFP_KERNEL));
}

static void a_thread_that_ends_returns_its_cpu(struct ktap *t)
{
	static struct world w;

	ASSERT(t, boot(t, &w, "mem=64M nr_cpus=1"));
	ktap_threads(t, 4, enter_and_end, &w);
	EXPECT_EQ(t, w.m->nr_users, 0);
	EXPECT_EQ(t, machine_enter(w.m), 0);
	kfree(kmalloc(64, GFP_KERNEL));
	machine_leave();
}

static void sleep_while_others_work(struct ktap *t, unsigned int i, void *arg)
{
	struct world *w = arg;

	if (!i) {
		EXPECT_EQ(t, machine_enter(w->m), 0);
		word_set(&w->word, 1);
		/* A long sleep that kmem knows nothing of; with an end, since ThreadSanitizer delays signals. */
		while (word_read(&w->word) != 5)
			host_wait(&w->word, word_read(&w->word), 1000000 * MS);
	} else {
		while (!word_read(&w->word))
			nap(MS);
		EXPECT_EQ(t, machine_enter(w->m), 0);
		for (int n = 0; n < 1000; n++)
			kfree(kmalloc(64, GFP_KERNEL));
		__atomic_fetch_add(&w->word, 1, __ATOMIC_RELEASE);
		host_wake(&w->word, 10);
	}
	machine_leave();
}

static void a_thread_that_sleeps_does_not_starve_the_others(struct ktap *t)
{
	static struct world w;

	ASSERT(t, boot(t, &w, "mem=64M nr_cpus=1"));
	ktap_threads(t, 5, sleep_while_others_work, &w);
	EXPECT_EQ(t, w.m->nr_users, 0);
}

static void hold_or_wait(struct ktap *t, unsigned int i, void *arg)
{
	struct world *w = arg;

	if (i) {
		while (!word_read(&w->word))
			nap(MS);
		word_set(&w->word, 2);
		EXPECT_EQ(t, machine_enter(w->m), 0);
		word_set(&w->word, 3);
		machine_leave();
		return;
	}
	EXPECT_EQ(t, machine_enter(w->m), 0);
	preempt_disable();
	w->seen = this_cpu();
	word_set(&w->word, 1);
	for (int n = 0; n < 30; n++)
		nap(MS);
	while (word_read(&w->word) < 2 || !__atomic_load_n(&w->m->cpu_waiters, __ATOMIC_RELAXED) ||
	       !(__atomic_load_n(&w->seen->pending, __ATOMIC_RELAXED) & CPU_YIELD))
		nap(MS);
	EXPECT(t, this_cpu() == w->seen);
	EXPECT_EQ(t, word_read(&w->word), 2);
	preempt_enable();
	EXPECT(t, this_cpu() != w->seen);	/* gone at once: somebody waits */
	while (word_read(&w->word) != 3)
		nap(MS);
	preempt_disable();
	EXPECT(t, this_cpu() == w->seen);
	preempt_enable();
	machine_leave();
}

static void preempt_disable_holds_the_cpu(struct ktap *t)
{
	static struct world w;

	ASSERT(t, boot(t, &w, "mem=64M nr_cpus=1"));
	ktap_threads(t, 2, hold_or_wait, &w);
}

/* Thread 0 keeps its CPU for long, thread 1 computes, and thread 2, the last to come, wants one. */
static void keep_compute_or_want(struct ktap *t, unsigned int i, void *arg)
{
	struct world *w = arg;

	while (word_read(&w->word) != i)
		nap(MS);
	EXPECT_EQ(t, machine_enter(w->m), 0);
	if (i == 0) {
		preempt_disable();
		word_set(&w->word, 1);
		/* The end is for a test that fails. */
		for (int n = 0; n < 3000 && word_read(&w->word) != 3; n++)
			nap(MS);
		EXPECT_EQ(t, word_read(&w->word), 3);
		word_set(&w->word, 3);
		preempt_enable();
	} else if (i == 1) {
		word_set(&w->word, 2);
		while (word_read(&w->word) != 3)
			;
	} else {
		word_set(&w->word, 3);
	}
	machine_leave();
}

/* docs/models/cpu_yield.pml */
static void a_cpu_that_is_kept_does_not_keep_the_others(struct ktap *t)
{
	static struct world w;

	ASSERT(t, boot(t, &w, "mem=64M nr_cpus=2"));
	ktap_threads(t, 3, keep_compute_or_want, &w);
	EXPECT_EQ(t, w.m->nr_users, 0);
}

static void hold_irqs_off(struct ktap *t, unsigned int i, void *arg)
{
	struct world *w = arg;
	unsigned long flags;

	if (i) {
		hold_or_wait(t, i, arg);
		return;
	}
	EXPECT_EQ(t, machine_enter(w->m), 0);
	local_irq_save(flags);
	w->seen = this_cpu();
	word_set(&w->word, 1);
	while (!(__atomic_load_n(&w->seen->pending, __ATOMIC_RELAXED) & CPU_YIELD))
		nap(MS);
	EXPECT(t, this_cpu() == w->seen);
	local_irq_restore(flags);
	EXPECT(t, this_cpu() != w->seen);
	machine_leave();
}

static void interrupts_off_hold_the_cpu(struct ktap *t)
{
	static struct world w;

	ASSERT(t, boot(t, &w, "mem=64M nr_cpus=1"));
	ktap_threads(t, 2, hold_irqs_off, &w);
}

/* --------------------------------------------------------------------------------------------------------- requests */

/* Pages and objects that CPUs keep to themselves. */
static unsigned long kept_pages(struct machine *m)
{
	struct machine_stats stats;

	machine_stats(m, &stats);
	return stats.pcp_pages;
}

static void fill_own_lists(struct ktap *t)
{
	struct page *pages[32];

	for (int i = 0; i < 32; i++)
		pages[i] = alloc_page(GFP_KERNEL);
	for (int i = 0; i < 32; i++) {
		ASSERT_NOT_NULL(t, pages[i]);
		__free_page(pages[i]);
	}
}

static void own_and_idle_cpus_do_requests_at_once(struct ktap *t)
{
	static struct world w;

	ASSERT(t, boot(t, &w, "mem=64M nr_cpus=2"));
	machine_enter(w.m);
	fill_own_lists(t);
	EXPECT_GT(t, kept_pages(w.m), 0);
	EXPECT_EQ(t, cpus_request(w.m, CPU_DRAIN_PAGES), 0);
	EXPECT_EQ(t, kept_pages(w.m), 0);
	fill_own_lists(t);
	EXPECT_GT(t, kept_pages(w.m), 0);
	cpu_release();
	EXPECT_EQ(t, cpus_request(w.m, CPU_DRAIN_PAGES), 0);	/* by one who has no CPU */
	EXPECT(t, this_cpu() == &kmem_cpu_none);
	EXPECT_EQ(t, cpus_in(w.m, CPU_LEASED), 0);
	EXPECT_EQ(t, kept_pages(w.m), 0);
	machine_leave();
}

static void work_or_request(struct ktap *t, unsigned int i, void *arg)
{
	struct world *w = arg;

	EXPECT_EQ(t, machine_enter(w->m), 0);
	if (i) {
		while (!word_read(&w->word))
			kfree(kmalloc(64, GFP_KERNEL));
	} else {
		for (int n = 0; n < 200; n++)
			while (cpus_request(w->m, CPU_DRAIN_PAGES | CPU_DRAIN_SLABS | CPU_QUIET))
				;
		word_set(&w->word, 1);
	}
	machine_leave();
}

static void busy_cpus_answer_requests(struct ktap *t)
{
	static struct world w;

	ASSERT(t, boot(t, &w, "mem=64M nr_cpus=2"));
	ktap_threads(t, 4, work_or_request, &w);
	machine_enter(w.m);
	EXPECT(t, kmem_check(w.m, NULL));
	machine_leave();
}

static void request_all(struct ktap *t, unsigned int i, void *arg)
{
	struct world *w = arg;

	(void)i;
	EXPECT_EQ(t, machine_enter(w->m), 0);
	for (int n = 0; n < 100; n++)
		while (cpus_request(w->m, CPU_DRAIN_PAGES | CPU_DRAIN_SLABS))
			;
	machine_leave();
}

/* Each waits for the others' answers and owes them its own. */
static void cpus_may_ask_each_other(struct ktap *t)
{
	static struct world w;

	ASSERT(t, boot(t, &w, "mem=64M nr_cpus=3"));
	ktap_threads(t, 5, request_all, &w);
}

static void ask_or_refuse(struct ktap *t, unsigned int i, void *arg)
{
	struct world *w = arg;

	EXPECT_EQ(t, machine_enter(w->m), 0);
	if (i) {
		preempt_disable();
		word_set(&w->word, 1);
		while (word_read(&w->word) != 2)
			nap(MS);
		preempt_enable();
	} else {
		while (!word_read(&w->word))
			nap(MS);
		EXPECT_EQ(t, cpus_request(w->m, CPU_QUIET), 1);	/* late, as it should be: a reader is there */
		word_set(&w->word, 2);
		while (cpus_request(w->m, CPU_QUIET))
			;
	}
	machine_leave();
}

static void a_cpu_in_atomic_context_answers_later(struct ktap *t)
{
	static struct world w;

	ASSERT(t, boot(t, &w, "mem=64M nr_cpus=2"));
	ktap_threads(t, 2, ask_or_refuse, &w);
}

/* ------------------------------------------------------------------------------------------------------- wrong use */

static void entering_another_machine_in_atomic_context_is_refused(struct ktap *t)
{
	static struct world w, other;

	ASSERT(t, boot(t, &other, "mem=64M"));
	ASSERT(t, boot(t, &w, "mem=64M"));
	machine_enter(w.m);
	preempt_disable();
	EXPECT_EQ(t, machine_enter(other.m), -EBUSY);
	EXPECT(t, this_cpu()->machine == w.m);
	machine_leave();				/* refused too */
	EXPECT(t, machine_current() == w.m);
	preempt_enable();
	EXPECT_CONTAINS(t, console_text(), "BUG: sleeping function called from invalid context");
	machine_leave();
	EXPECT_NULL(t, machine_current());
}

static void enter_and_end_atomic(struct ktap *t, unsigned int i, void *arg)
{
	struct world *w = arg;

	(void)i;
	EXPECT_EQ(t, machine_enter(w->m), 0);
	preempt_disable();
}

static void a_thread_that_ends_in_atomic_context_is_reported(struct ktap *t)
{
	static struct world w;

	ASSERT(t, boot(t, &w, "mem=64M nr_cpus=1"));
	ktap_threads(t, 1, enter_and_end_atomic, &w);
	EXPECT_CONTAINS(t, console_text(), "exited with preempt_count 1");
	EXPECT_EQ(t, w.m->nr_users, 0);
	EXPECT_EQ(t, cpus_in(w.m, CPU_LEASED), 0);
}

static void a_thread_is_on_eight_machines_at_most(struct ktap *t)
{
	static struct world w;

	ASSERT(t, boot(t, &w, "mem=64M"));
	for (int i = 0; i < 8; i++)
		EXPECT_EQ(t, machine_enter(w.m), 0);
	EXPECT_EQ(t, machine_enter(w.m), -E2BIG);
	for (int i = 0; i < 8; i++)
		machine_leave();
	EXPECT_NULL(t, machine_current());
	machine_leave();				/* one too many does nothing */
	EXPECT_EQ(t, w.m->nr_users, 0);
}

static void a_cpu_that_only_another_machine_has_is_not_asked_for(struct ktap *t)
{
	static struct world w;

	ASSERT(t, boot(t, &w, "mem=64M nr_cpus=1"));
	host_task()->last_cpu = ~0u / 8;		/* as of the largest machine that could be */
	EXPECT_EQ(t, machine_enter(w.m), 0);
	EXPECT_EQ(t, this_cpu()->id, 0);
	EXPECT_EQ(t, host_task()->last_cpu, 0);
	machine_leave();
}

KTAP_SUITE(cpu,
	   KTAP_CASE(entering_leases_a_cpu_and_leaving_returns_it),
	   KTAP_CASE(a_thread_gets_the_cpu_back_that_it_had),
	   KTAP_CASE(a_cpu_that_is_coming_up_is_passed_over), KTAP_CASE(c1_and_c3_are_checked),
	   KTAP_CASE(atomic_context_is_tracked),
	   KTAP_CASE(a_thread_without_a_cpu_leases_one_when_it_needs_it),
	   KTAP_CASE(eight_threads_progress_on_one_cpu),
	   KTAP_CASE(eight_threads_progress_on_two_cpus),
	   KTAP_CASE(a_thread_that_only_computes_is_interrupted),
	   KTAP_CASE(eight_threads_do_everything_on_two_cpus),
	   KTAP_CASE(cpus_are_shared_about_evenly),
	   KTAP_CASE(a_thread_that_ends_returns_its_cpu),
	   KTAP_CASE(a_thread_that_sleeps_does_not_starve_the_others),
	   KTAP_CASE(preempt_disable_holds_the_cpu),
	   KTAP_CASE(a_cpu_that_is_kept_does_not_keep_the_others),
	   KTAP_CASE(interrupts_off_hold_the_cpu),
	   KTAP_CASE(own_and_idle_cpus_do_requests_at_once),
	   KTAP_CASE(busy_cpus_answer_requests),
	   KTAP_CASE(cpus_may_ask_each_other),
	   KTAP_CASE(a_cpu_in_atomic_context_answers_later),
	   KTAP_CASE(entering_another_machine_in_atomic_context_is_refused),
	   KTAP_CASE(a_thread_that_ends_in_atomic_context_is_reported),
	   KTAP_CASE(a_thread_is_on_eight_machines_at_most),
	   KTAP_CASE(a_cpu_that_only_another_machine_has_is_not_asked_for));
