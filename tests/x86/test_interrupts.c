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
	   KTAP_CASE(interrupts_off_means_none));
