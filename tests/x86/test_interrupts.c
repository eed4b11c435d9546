/* SPDX-License-Identifier: MIT */
/* test_interrupts.c - a timer's handler allocates, as device drivers do, while tasks on all processors allocate. */
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "tests/x86/real_machine.h"

#define KEPT 64u
#define NEEDED 200u		/* handlers that must have run */

struct handler {
	void *objects[KEPT];	/* of any processor: swapped atomically */
	u32 next;
	unsigned long calls, wrong, got;	/* atomic */
};

/* Keep a few objects from one interrupt to another that comes later, on whatever processor. */
static void on_tick(void *arg)
{
	struct handler *handler = arg;
	unsigned int at = __atomic_fetch_add(&handler->next, 1, __ATOMIC_RELAXED) % KEPT;
	void *new = kmalloc(32u << (at % 6), GFP_ATOMIC);

	if (!in_hardirq() || !irqs_disabled() || preemptible())
		__atomic_fetch_add(&handler->wrong, 1, __ATOMIC_RELAXED);
	if (new)
		__atomic_fetch_add(&handler->got, 1, __ATOMIC_RELAXED);
	kfree(__atomic_exchange_n(&handler->objects[at], new, __ATOMIC_ACQ_REL));
	__atomic_fetch_add(&handler->calls, 1, __ATOMIC_RELAXED);
}

struct busy {
	struct machine *m;
	struct handler *handler;
};

static void be_busy(struct ktap *t, unsigned int i, void *arg)
{
	struct busy *busy = arg;
	void *objects[16] = { NULL };

	machine_enter(busy->m);
	for (unsigned int n = i; __atomic_load_n(&busy->handler->calls, __ATOMIC_RELAXED) < NEEDED; n++) {
		void **slot = &objects[n % 16];

		kfree(*slot);
		*slot = kmalloc(16u << (n % 9), GFP_KERNEL);
		if (*slot)
			memset(*slot, (int)n, 16);
		if (n % 256 == 0)
			vfree(vmalloc(3 * PAGE_SIZE));
		if (n % 64 == 0)
			free_page(__get_free_page(GFP_KERNEL));
	}
	for (unsigned int n = 0; n < 16; n++)
		kfree(objects[n]);
	machine_leave();
	(void)t;
}

static void interrupt_while_busy(struct ktap *t, struct machine *m)
{
	struct handler handler = { .calls = 0 };
	struct busy busy = { m, &handler };

	machine_leave();
	x86_on_tick(on_tick, &handler);
	ktap_threads(t, x86_nr_processors() + 1, be_busy, &busy);
	x86_on_tick(NULL, NULL);
	machine_enter(m);
	EXPECT_GE(t, handler.calls, NEEDED);
	EXPECT_GT(t, handler.got, 0);
	EXPECT_EQ(t, handler.wrong, 0);
	for (unsigned int i = 0; i < KEPT; i++)
		kfree(handler.objects[i]);
	ktap_note(t, "%lu interrupts allocated %lu objects", handler.calls, handler.got);
	EXPECT(t, kmem_check(m, NULL));
}

static void a_handler_allocates_while_all_do(struct ktap *t)
{
	struct machine *m = real_machine(t, "");

	if (m)
		interrupt_while_busy(t, m);
}

static void so_it_does_under_every_check(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M slub_debug=FZPU");

	if (m)
		interrupt_while_busy(t, m);
}

/* ------------------------------------------------------------------------------------------------------- clearing */

#define BLOCK_ORDER 6u

struct clearing {
	struct machine *m;
	unsigned long calls, wrong;	/* atomic */
};

/* Is all of that zeros? It is not, afterwards. */
static bool is_zero_once(unsigned long *words, unsigned int order)
{
	unsigned long nr = (PAGE_SIZE << order) / sizeof(*words), some = 0;

	for (unsigned long i = 0; i < nr; i++) {
		some |= words[i];
		words[i] = ~0ul;
	}
	return !some;
}

/* Vector registers are not saved for it: a processor that it came to goes on with what it left there. */
static void on_tick_clear(void *arg)
{
	struct clearing *clearing = arg;
	unsigned long page = get_zeroed_page(GFP_ATOMIC);

	if (page && !is_zero_once((unsigned long *)page, 0))
		__atomic_fetch_add(&clearing->wrong, 1, __ATOMIC_RELAXED);
	free_page(page);
	__atomic_fetch_add(&clearing->calls, 1, __ATOMIC_RELAXED);
}

static void clear_all_the_time(struct ktap *t, unsigned int i, void *arg)
{
	struct clearing *clearing = arg;
	unsigned long block;

	(void)i;
	machine_enter(clearing->m);
	block = __get_free_pages(GFP_KERNEL, BLOCK_ORDER);
	while (block && __atomic_load_n(&clearing->calls, __ATOMIC_RELAXED) < NEEDED) {
		for (unsigned int times = 0; times < 32; times++)
			host_clear_pages((void *)block, 1ul << BLOCK_ORDER);
		if (!is_zero_once((unsigned long *)block, BLOCK_ORDER))
			__atomic_fetch_add(&clearing->wrong, 1, __ATOMIC_RELAXED);
	}
	if (!block)
		ktap_fail(t, "no block");
	free_pages(block, BLOCK_ORDER);
	machine_leave();
}

/* More tasks than processors, so that they go on elsewhere, too. */
static void a_handler_clears_pages_while_all_do(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct clearing clearing = { .m = m };

	ASSERT_NOT_NULL(t, m);
	machine_leave();
	x86_on_tick(on_tick_clear, &clearing);
	ktap_threads(t, x86_nr_processors() + 1, clear_all_the_time, &clearing);
	x86_on_tick(NULL, NULL);
	machine_enter(m);
	EXPECT_GE(t, clearing.calls, NEEDED);
	EXPECT_EQ(t, clearing.wrong, 0);
	ktap_note(t, "pages are cleared by %s", x86_clears_by_vectors() ? "vectors" : "words");
}

/* ------------------------------------------------------------------------------------------------------ local_irq */

struct count {
	unsigned long calls;
};

static void on_tick_count(void *arg)
{
	struct count *count = arg;

	__atomic_fetch_add(&count->calls, 1, __ATOMIC_RELAXED);
}

/* local_irq_save() keeps the handler out, for as long as it lasts. */
static void interrupts_off_means_none(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	struct count count = { 0 };
	unsigned long flags, ticks, calls;

	ASSERT_NOT_NULL(t, m);
	x86_on_tick(on_tick_count, &count);
	while (!__atomic_load_n(&count.calls, __ATOMIC_RELAXED))
		cpu_relax();
	local_irq_save(flags);
	calls = __atomic_load_n(&count.calls, __ATOMIC_RELAXED);
	ticks = x86_nr_ticks();
	while (x86_nr_ticks() < ticks + 5)
		cpu_relax();
	EXPECT_EQ(t, __atomic_load_n(&count.calls, __ATOMIC_RELAXED), calls);
	local_irq_restore(flags);
	while (__atomic_load_n(&count.calls, __ATOMIC_RELAXED) == calls)
		cpu_relax();
	x86_on_tick(NULL, NULL);
}

KTAP_SUITE(interrupts, KTAP_CASE(a_handler_allocates_while_all_do), KTAP_CASE(so_it_does_under_every_check),
	   KTAP_CASE(a_handler_clears_pages_while_all_do), KTAP_CASE(interrupts_off_means_none));
