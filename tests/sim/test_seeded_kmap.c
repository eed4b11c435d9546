/* SPDX-License-Identifier: MIT */
/*
 * test_seeded_kmap.c - kmap()'s slots and kmap_local_page()'s sets, each with a bug that schedules find.
 *
 * The machine has high memory; before the worlds begin all slots but one are in use, so that tasks contend for the
 * last.
 */
#include <linux/highmem.h>
#include "mm/highmem.h"
#include "tests/sim/seeded.h"

#define HIGH "mem=48M highmem=16M nr_cpus=2 kmem.idle_release=off"

static struct page *mine[8];

static void take_pages(void)
{
	for (unsigned int i = 0; i < 8; i++)
		mine[i] = alloc_page(GFP_HIGHUSER | __GFP_NOFAIL);
}

static void leave_one_slot(void)
{
	take_pages();
	for (unsigned int i = 1; i < LAST_PKMAP; i++)
		kmap(alloc_page(GFP_HIGHUSER | __GFP_NOFAIL));
}

static void use(volatile u32 *address, u32 value)
{
	*address = value;
	sim_yield();
	if (*address != value)
		sim_fail("the page has 0x%x, not 0x%x", *address, value);
}

static void map_mine(void *arg)
{
	unsigned long i = (unsigned long)arg;

	machine_enter(m);
	for (u32 round = 0; round < 2; round++) {
		use(kmap(mine[i]), (u32)i << 8 | round);
		kunmap(mine[i]);
	}
	machine_leave();
}

/* As machine_holds(), of slots and sets only: the whole machine's check is most of a short schedule's time. */
static void kmap_holds(void)
{
	struct kmem_fault fault;

	if (console_length)
		sim_fail("it says: %s", console_text());
	if (!kmap_check(m, true, &fault))
		sim_fail("%s %s", fault.id, fault.place);
}

/* --------------------------------------------------------------------------------------------------- the last slot */

static void contention_world(void *arg)
{
	int a = sim_spawn("a", map_mine, (void *)0ul), b = sim_spawn("b", map_mine, (void *)1ul);

	(void)arg;
	map_mine((void *)2ul);
	sim_join(a);
	sim_join(b);
	machine_holds();
}

static void leave_no_slot(void)
{
	leave_one_slot();
	kmap(mine[0]);
}

static void map_another(void *arg)
{
	(void)arg;
	machine_enter(m);
	kmap(mine[1]);
	machine_leave();
}

static void two_world(void *arg)
{
	int other = sim_spawn("other", map_another, arg);

	machine_enter(m);
	kunmap(mine[0]);
	machine_leave();
	sim_join(other);
	if (m->kmap->waiters)
		sim_fail("%u tasks wait for a slot", m->kmap->waiters);
}

static void c48_who_waits_for_a_slot_gets_it(struct ktap *t)
{
	expect_found_in(t, &(struct seeded_world){
		.bug = SEEDED_KMAP_WAKE, .run = two_world, .schedules = 300, .cmdline = HIGH,
		.prepare = leave_no_slot, .length = 60,
	});
}

/* What the CPU remembers of a slot from its last page. */
static void an_unmapped_slot_is_forgotten_by_all(struct ktap *t)
{
	expect_found_in(t, &(struct seeded_world){
		.bug = SEEDED_KMAP_TLB, .run = contention_world, .schedules = 100, .cmdline = HIGH,
		.prepare = leave_one_slot,
	});
}

/* In the last one, which a flush looks at before it comes to the page's chain: so the page is found meanwhile. */
static void leave_the_last_slot_unused(void)
{
	take_pages();
	for (unsigned int i = 0; i < LAST_PKMAP; i++) {
		struct page *page = i + 1 < LAST_PKMAP ? alloc_page(GFP_HIGHUSER | __GFP_NOFAIL) : mine[0];

		kmap(page);
		kunmap(page);
	}
}

static void flush(void *arg)
{
	(void)arg;
	machine_enter(m);
	for (int i = 0; i < 4; i++)
		kmap_flush_unused();
	machine_leave();
}

static void flush_world(void *arg)
{
	int task = sim_spawn("flush", flush, arg);

	map_mine((void *)0ul);
	map_mine((void *)0ul);
	sim_join(task);
	kmap_holds();
}

static void a_slot_in_use_is_not_taken_back(struct ktap *t)
{
	expect_found_in(t, &(struct seeded_world){
		.bug = SEEDED_KMAP_FLUSH, .run = flush_world, .schedules = 2000, .cmdline = HIGH,
		.prepare = leave_the_last_slot_unused,
	});
}

/* ------------------------------------------------------------------------------------------------------------ sets */

static u32 nr_sleepers;		/* atomic */

/* Asleep with mappings, the CPU with another task meanwhile, awake again on any. */
static void sleep_with_mappings(void *arg)
{
	unsigned long i = (unsigned long)arg;

	machine_enter(m);
	__atomic_fetch_add(&nr_sleepers, 1, __ATOMIC_RELAXED);
	for (u32 round = 0; round < 4; round++) {
		volatile u32 *outer = kmap_local_page(mine[2 * i + round % 2]);
		u32 value = (u32)i << 8 | round;

		*outer = value;
		cpu_release();			/* what every function does that sleeps */
		kunmap_local(kmap_local_page(mine[(i + 1) % 4]));
		if (*outer != value)
			sim_fail("the page has 0x%x, not 0x%x", *outer, value);
		kunmap_local(outer);
	}
	__atomic_fetch_sub(&nr_sleepers, 1, __ATOMIC_RELAXED);
	machine_leave();
}

static void set_world(void *arg)
{
	int tasks[3];

	(void)arg;
	nr_sleepers = 0;
	for (unsigned long i = 0; i < 3; i++)
		tasks[i] = sim_spawn("task", sleep_with_mappings, (void *)(i + 1));
	sleep_with_mappings((void *)0ul);
	for (unsigned long i = 0; i < 3; i++)
		sim_join(tasks[i]);
	machine_holds();
	if (m->kmap->sets_away)
		sim_fail("%u sets are away", m->kmap->sets_away);
}

static void a_set_that_changes_hands_is_clean(struct ktap *t)
{
	expect_found_in(t, &(struct seeded_world){
		.bug = SEEDED_KMAP_SET, .run = set_world, .schedules = 200, .cmdline = HIGH,
		.prepare = take_pages,
	});
}

static struct page *interrupts[2];

static void take_pages_for_interrupts(void)
{
	take_pages();
	for (int i = 0; i < 2; i++)
		interrupts[i] = alloc_page(GFP_HIGHUSER | __GFP_NOFAIL);
}

/* A page of the CPU's own, in whatever set it has just then; until all are looked at. */
static void map_in_interrupt(void *arg)
{
	static u32 calls;
	volatile u32 *address;
	u32 value;

	(void)arg;
	if (machine_current() != m || !__atomic_load_n(&nr_sleepers, __ATOMIC_RELAXED))
		return;
	value = __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
	address = kmap_local_page(interrupts[smp_processor_id()]);
	*address = value;
	kunmap_local(kmap_local_page(mine[value % 4]));
	if (*address != value)
		sim_fail("in an interrupt the page has 0x%x, not 0x%x", *address, value);
	kunmap_local(address);
}

/* One set for it to be mapped in, of all that it has, while sets change hands. */
static void an_interrupt_maps_in_one_set(struct ktap *t)
{
	expect_found_in(t, &(struct seeded_world){
		.bug = SEEDED_KMAP_SET, .run = set_world, .schedules = 200, .cmdline = HIGH,
		.prepare = take_pages_for_interrupts, .interrupt = map_in_interrupt, .interrupt_every = 20,
	});
}

KTAP_SUITE(seeded_kmap, KTAP_CASE(c48_who_waits_for_a_slot_gets_it), KTAP_CASE(an_unmapped_slot_is_forgotten_by_all),
	   KTAP_CASE(a_slot_in_use_is_not_taken_back), KTAP_CASE(a_set_that_changes_hands_is_clean),
	   KTAP_CASE(an_interrupt_maps_in_one_set));
