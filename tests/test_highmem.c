/* SPDX-License-Identifier: MIT */
/*
 * test_highmem.c - pages without an address, and the ways to one: on 32 bits with 3 GiB where the kernel has them, else
 * on a machine that highmem= gives some.
 */
#include <linux/highmem.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>
#include "mm/cpus.h"
#include "mm/highmem.h"
#include "tests/page_machine.h"

#define HIGH (sizeof(long) == 4 ? "mem=3G nr_cpus=2" : "mem=128M highmem=64M nr_cpus=2")

static struct machine *high_machine(struct ktap *t)
{
	return machine_for(t, HIGH);
}

static struct page *high_page(struct ktap *t)
{
	struct page *page = alloc_page(GFP_HIGHUSER);

	EXPECT_NOT_NULL(t, page);
	EXPECT(t, PageHighMem(page));
	return page;
}

static void everything_holds(struct ktap *t, struct machine *m)
{
	struct kmem_fault fault = { 0 };

	if (!kmem_check(m, &fault))
		ktap_fail(t, "%s %s", fault.id, fault.place);
	EXPECT_STR(t, console_text(), "");
}

/* ----------------------------------------------------------------------------------------------------------- kmap */

static void a_high_page_has_no_address_until_it_is_mapped(struct ktap *t)
{
	struct machine *m = high_machine(t);
	struct page *page;
	char *address;

	ASSERT_NOT_NULL(t, m);
	page = high_page(t);
	EXPECT_NULL(t, page_address(page));
	address = kmap(page);
	ASSERT_NOT_NULL(t, address);
	EXPECT_EQ(t, page_address(page), address);
	EXPECT_EQ(t, kmap_to_page(address), page);
	EXPECT_EQ(t, kmap_to_page(address + 100), page);
	memset(address, 0x5a, PAGE_SIZE);
	kunmap(page);
	EXPECT_EQ(t, page_address(page), address);	/* as long as nobody needs the slot */
	kmap_flush_unused();
	EXPECT_NULL(t, page_address(page));
	address = kmap(page);
	EXPECT_EQ(t, address[77], 0x5a);
	kunmap(page);
	__free_page(page);
	everything_holds(t, m);
}

static void a_low_page_is_where_it_always_is(struct ktap *t)
{
	struct machine *m = high_machine(t);
	struct page *page;
	void *address;

	ASSERT_NOT_NULL(t, m);
	page = alloc_page(GFP_KERNEL);
	ASSERT_NOT_NULL(t, page);
	address = page_address(page);
	EXPECT(t, !PageHighMem(page));
	EXPECT_EQ(t, kmap(page), address);
	EXPECT_EQ(t, kmap_local_page(page), address);
	EXPECT_EQ(t, kmap_local_pfn(page_to_pfn(page)), address);
	EXPECT_EQ(t, kmap_atomic(page), address);
	EXPECT_EQ(t, kmap_to_page(address), page);
	EXPECT_EQ(t, kmem_context.kmap_depth, 0);
	kunmap_atomic(address);
	kunmap_local(address);
	kunmap_local(address);
	kunmap(page);
	__free_page(page);
	EXPECT(t, preemptible());
	everything_holds(t, m);
}

/* As a thread without a CPU finds it: it looks again when it has one. */
static void who_has_no_cpu_yet_gets_one(struct ktap *t)
{
	struct machine *m = high_machine(t);
	struct page *low, *high;

	ASSERT_NOT_NULL(t, m);
	low = alloc_page(GFP_KERNEL);
	high = high_page(t);
	cpu_release();
	EXPECT_EQ(t, kmap(low), lowmem_page_address(low));
	cpu_release();
	kunmap(low);
	cpu_release();
	EXPECT_EQ(t, kmap_local_page(low), lowmem_page_address(low));
	cpu_release();
	kunmap_local(lowmem_page_address(low));
	EXPECT_EQ(t, kmem_context.kmap_depth, 0);
	cpu_release();
	EXPECT(t, !PageHighMem(low));
	cpu_release();
	EXPECT(t, PageHighMem(high));
	__free_page(low);
	__free_page(high);
	everything_holds(t, m);
}

static void c48_a_page_that_is_mapped_again_has_the_same_address(struct ktap *t)
{
	struct machine *m = high_machine(t);
	struct page *page, *other;
	void *address;

	ASSERT_NOT_NULL(t, m);
	page = high_page(t);
	other = high_page(t);
	address = kmap(page);
	EXPECT_NE(t, kmap(other), address);
	EXPECT_EQ(t, kmap(page), address);
	kunmap(page);
	kmap_flush_unused();
	EXPECT_EQ(t, page_address(page), address);	/* once more than it was unmapped */
	kunmap(page);
	kunmap(other);
	EXPECT_EQ(t, kmap(page), address);
	kunmap(page);
	__free_page(page);
	__free_page(other);
	everything_holds(t, m);
}

static struct page *many[LAST_PKMAP + 8];

static void take_many(struct ktap *t, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		many[i] = high_page(t);
}

static void put_many(unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		__free_page(many[i]);
}

/* Each reaches its own page, however often slots go round. */
static void slots_go_round(struct ktap *t)
{
	struct machine *m = high_machine(t);

	ASSERT_NOT_NULL(t, m);
	take_many(t, LAST_PKMAP + 8);
	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < LAST_PKMAP + 8; i++) {
			u32 *address = kmap(many[i]);

			if (round)
				EXPECT_EQ(t, address[3], i);
			address[3] = i;
			kunmap(many[i]);
		}
	}
	EXPECT_GE(t, m->kmap->nr_flushes, 2);
	put_many(LAST_PKMAP + 8);
	everything_holds(t, m);
}

/* --------------------------------------------------------------------------------------------- sleeping for a slot */

static u32 arrived;

static void map_one_more(struct ktap *t, unsigned int i, void *arg)
{
	struct machine *m = arg;

	machine_enter(m);
	if (i) {
		u32 *address = kmap(many[LAST_PKMAP + i]);

		EXPECT_NOT_NULL(t, address);
		*address = i;
		__atomic_fetch_add(&arrived, 1, __ATOMIC_RELAXED);
		kunmap(many[LAST_PKMAP + i]);
	} else {
		while (__atomic_load_n(&m->kmap->waiters, __ATOMIC_ACQUIRE) < 3)
			cond_resched();
		EXPECT_EQ(t, __atomic_load_n(&arrived, __ATOMIC_RELAXED), 0);
		kunmap(many[7]);
	}
	machine_leave();
}

static void c48_kmap_sleeps_while_every_slot_is_taken(struct ktap *t)
{
	struct machine *m = high_machine(t);

	ASSERT_NOT_NULL(t, m);
	arrived = 0;
	take_many(t, LAST_PKMAP + 8);
	for (unsigned int i = 0; i < LAST_PKMAP; i++)
		kmap(many[i]);
	cpu_release();
	if (!ktap_threads(t, 4, map_one_more, m))
		return;
	EXPECT_EQ(t, arrived, 3);
	EXPECT_EQ(t, m->kmap->waiters, 0);
	for (unsigned int i = 0; i < LAST_PKMAP; i++)
		if (i != 7)
			kunmap(many[i]);
	put_many(LAST_PKMAP + 8);
	everything_holds(t, m);
}

static void kmap_in_atomic_context_is_reported(struct ktap *t)
{
	struct machine *m = high_machine(t);
	struct page *page;

	ASSERT_NOT_NULL(t, m);
	page = high_page(t);
	preempt_disable();
	EXPECT_NOT_NULL(t, kmap(page));
	kunmap(page);
	preempt_enable();
	EXPECT_CONTAINS(t, console_text(), "BUG: sleeping function called from invalid context at ");
	__free_page(page);
}

static void unmapping_what_is_not_mapped_is_reported(struct ktap *t)
{
	struct machine *m = high_machine(t);
	struct page *page;
	char text[80];

	ASSERT_NOT_NULL(t, m);
	page = high_page(t);
	snprintf(text, sizeof(text), "kunmap() of pfn %lu, which nobody has mapped\n", page_to_pfn(page));
	kunmap(page);
	EXPECT_CONTAINS(t, console_text(), text);
	kmap(page);
	kunmap(page);
	console_clear();
	kunmap(page);
	EXPECT_CONTAINS(t, console_text(), text);
	EXPECT_EQ(t, m->kmap->count[0], 1);
	__free_page(page);
}

/* ------------------------------------------------------------------------------------------------- kmap_local_page */

static void c47_mappings_nest_sixteen_deep(struct ktap *t)
{
	struct machine *m = high_machine(t);
	u32 *at[KMAP_LOCAL_MAX];

	ASSERT_NOT_NULL(t, m);
	take_many(t, KMAP_LOCAL_MAX);
	for (unsigned int round = 0; round < 2; round++) {
		for (unsigned int i = 0; i < KMAP_LOCAL_MAX; i++) {
			at[i] = kmap_local_page(many[(i + round) % KMAP_LOCAL_MAX]);
			at[i][0] = i;
			EXPECT_EQ(t, kmap_to_page(at[i]), many[(i + round) % KMAP_LOCAL_MAX]);
			EXPECT(t, !i || at[i] != at[i - 1]);
		}
		EXPECT(t, preemptible());
		for (unsigned int i = KMAP_LOCAL_MAX; i--;) {
			EXPECT_EQ(t, at[i][0], i);
			kunmap_local(&at[i][100]);		/* any address in it */
		}
	}
	EXPECT_EQ(t, kmem_context.kmap_depth, 0);
	EXPECT_NULL(t, page_address(many[0]));		/* that is kmap()'s */
	put_many(KMAP_LOCAL_MAX);
	everything_holds(t, m);
}

static void another_order_is_reported(struct ktap *t)
{
	struct machine *m = high_machine(t);
	void *first, *second;

	ASSERT_NOT_NULL(t, m);
	take_many(t, 2);
	first = kmap_local_page(many[0]);
	second = kmap_local_page(many[1]);
	kunmap_local(first);
	EXPECT_EQ(t, console_count("which is not this task's newest mapping"), 1);
	kunmap_local(second);
	EXPECT_EQ(t, console_count("which is not this task's newest mapping"), 2);
	EXPECT_EQ(t, kmem_context.kmap_depth, 0);
	kunmap_local(second);
	EXPECT_EQ(t, console_count("which is not this task's newest mapping"), 3);
	EXPECT_EQ(t, kmem_context.kmap_depth, 0);
	put_many(2);
}

static void kmap_atomic_is_atomic(struct ktap *t)
{
	struct machine *m = high_machine(t);
	struct page *page;
	u32 *address;

	ASSERT_NOT_NULL(t, m);
	page = high_page(t);
	address = kmap_atomic(page);
	*address = 17;
	EXPECT(t, in_atomic());
	kunmap_atomic(address);
	EXPECT(t, !in_atomic());
	address = kmap_atomic_pfn(page_to_pfn(page));
	EXPECT_EQ(t, *address, 17);
	EXPECT(t, in_atomic());
	kunmap_atomic(address);
	EXPECT(t, preemptible());
	__free_page(page);
	everything_holds(t, m);
}

/* Where it was mapped it stays, whatever CPU the task has afterwards. */
static void a_task_may_sleep_with_mappings(struct ktap *t)
{
	struct machine *m = high_machine(t);
	u32 *address, *inner;

	ASSERT_NOT_NULL(t, m);
	take_many(t, 3);
	address = kmap_local_page(many[0]);
	*address = 5;
	cpu_release();
	EXPECT_EQ(t, m->kmap->sets_away, 1);
	EXPECT_EQ(t, *address, 5);
	inner = kmap_local_page(many[1]);
	EXPECT_EQ(t, m->kmap->sets_away, 0);
	EXPECT_EQ(t, inner - address, 1024);
	*inner = 6;
	cpu_release();
	kunmap_local(inner);
	kunmap_local(address);
	EXPECT_EQ(t, m->kmap->sets_away, 0);
	put_many(3);
	everything_holds(t, m);
}

/* As many tasks as there are spare sets: who comes after them sleeps with its CPU. */
static void without_a_spare_set_the_cpu_is_kept(struct ktap *t)
{
	struct machine *m = high_machine(t);
	u32 spare[2];
	u32 *address;

	ASSERT_NOT_NULL(t, m);
	take_many(t, 1);
	address = kmap_local_page(many[0]);
	memcpy(spare, m->kmap->spare_sets, sizeof(spare));
	memset(m->kmap->spare_sets, 0, sizeof(spare));
	cpu_release();
	EXPECT_EQ(t, this_cpu()->machine, m);
	memcpy(m->kmap->spare_sets, spare, sizeof(spare));
	kunmap_local(address);
	cpu_release();
	EXPECT_NULL(t, this_cpu()->machine);
	put_many(1);
	everything_holds(t, m);
}

/* A request for the CPU is refused while there are mappings, and granted after. */
static void who_has_mappings_keeps_the_cpu(struct ktap *t)
{
	struct machine *m = high_machine(t);
	struct kmem_cpu *cpu;
	void *address;

	ASSERT_NOT_NULL(t, m);
	take_many(t, 1);
	address = kmap_local_page(many[0]);
	cpu = this_cpu();
	m->cpu_waiters++;		/* as if someone queued */
	cpu->pending |= CPU_YIELD;
	kmem_interrupt();
	EXPECT_EQ(t, this_cpu(), cpu);
	EXPECT_EQ(t, cpu->pending, 0);
	kunmap_local(address);
	cpu->pending |= CPU_YIELD;
	kmem_interrupt();
	m->cpu_waiters--;
	EXPECT_NULL(t, this_cpu()->machine);
	put_many(1);
	everything_holds(t, m);
}

static void another_machine_is_not_entered_with_mappings(struct ktap *t)
{
	/* On 32 bits the descriptors of 3 GiB are where those of a second machine would be. */
	struct machine *m = machine_for(t, sizeof(long) == 4 ? "mem=1G nr_cpus=2" : HIGH);
	struct machine *other = machine_boot(&(struct machine_config){ .cmdline = "mem=16M vmalloc=8M nr_cpus=1" });
	void *address;

	ASSERT(t, m && other);
	take_many(t, 1);
	address = kmap_local_page(many[0]);
	EXPECT_EQ(t, machine_enter(other), -EBUSY);
	EXPECT_EQ(t, machine_current(), m);
	kunmap_local(address);
	EXPECT_EQ(t, machine_enter(other), 0);
	machine_leave();
	put_many(1);
	EXPECT_EQ(t, machine_shutdown(other), 0);
	everything_holds(t, m);
}

static void touch_too_late(struct ktap *t, void *arg)
{
	volatile char *address;

	(void)arg;
	if (!machine_for(t, sizeof(long) == 4 ? "mem=3G kmem.check=1" : "mem=64M highmem=16M kmem.check=1"))
		return;
	address = kmap_local_page(high_page(t));
	*address = 1;
	kunmap_local(address);
	*address = 2;
}

static void with_checks_an_address_ends_with_its_mapping(struct ktap *t)
{
	struct ktap_child child;

	if (!ktap_child(t, touch_too_late, NULL, &child))
		return;
	EXPECT_NE(t, child.signal, 0);
}

static void end_with_mapping(struct ktap *t, unsigned int i, void *arg)
{
	(void)i;
	machine_enter(arg);
	kmap_local_page(many[0]);
	cpu_release();
	(void)t;
}

static void a_thread_that_ends_with_mappings_is_reported(struct ktap *t)
{
	struct machine *m = high_machine(t);

	ASSERT_NOT_NULL(t, m);
	take_many(t, 1);
	if (!ktap_threads(t, 1, end_with_mapping, m))
		return;
	EXPECT_CONTAINS(t, console_text(), " exited with 1 kmap_local mappings\n");
	EXPECT_EQ(t, m->kmap->sets_away, 0);
	put_many(1);
	EXPECT(t, kmem_check(m, NULL));
}

/* ------------------------------------------------------------------------------------------------------- contents */

static void contents_can_be_moved(struct ktap *t)
{
	struct machine *m = high_machine(t);
	static char text[PAGE_SIZE], got[PAGE_SIZE];
	struct page *a, *b;

	ASSERT_NOT_NULL(t, m);
	a = high_page(t);
	b = high_page(t);
	for (unsigned int i = 0; i < PAGE_SIZE; i++)
		text[i] = (char)(i * 7 + i / 256);
	memcpy_to_page(a, 0, text, PAGE_SIZE);
	copy_highpage(b, a);
	memcpy_from_page(got, b, 0, PAGE_SIZE);
	EXPECT_EQ(t, memcmp(got, text, PAGE_SIZE), 0);
	memset_page(b, 100, 0x11, 50);
	memzero_page(b, 150, 50);
	memcpy_page(b, 200, a, 10, 90);
	memcpy_from_page(got, b, 100, 190);
	EXPECT(t, got[0] == 0x11 && got[49] == 0x11 && !got[50] && !got[99]);
	EXPECT_EQ(t, memcmp(got + 100, text + 10, 90), 0);
	memmove_page(a, 5, a, 0, 1000);			/* over itself */
	memcpy_from_page(got, a, 5, 1000);
	EXPECT_EQ(t, memcmp(got, text, 1000), 0);
	memmove_page(b, 0, a, 5, 100);
	memcpy_from_page(got, b, 0, 100);
	EXPECT_EQ(t, memcmp(got, text, 100), 0);
	zero_user_segments(a, 0, 10, 20, 30);
	zero_user(a, 40, 10);
	memcpy_from_page(got, a, 0, 60);
	EXPECT(t, !got[0] && !got[9] && got[10] == text[5] && !got[20] && !got[29] && got[30] == text[25] && !got[49]);
	clear_highpage(a);
	memcpy_from_page(got, a, 0, PAGE_SIZE);
	for (unsigned int i = 0; i < PAGE_SIZE; i++)
		if (got[i])
			ktap_fail(t, "byte %u is 0x%x", i, got[i]);
	flush_dcache_page(a);
	__free_page(a);
	__free_page(b);
	EXPECT_EQ(t, kmem_context.kmap_depth, 0);
	everything_holds(t, m);
}

static void high_pages_are_counted(struct ktap *t)
{
	struct machine *m = high_machine(t);
	unsigned long before;

	ASSERT_NOT_NULL(t, m);
	EXPECT_EQ(t, totalhigh_pages(), m->max_pfn - m->max_low_pfn);
	drain_all_pages();
	before = nr_free_highpages();
	EXPECT_LE(t, before, totalhigh_pages());
	take_many(t, 300);
	drain_all_pages();
	EXPECT_EQ(t, nr_free_highpages(), before - 300);
	put_many(300);
	everything_holds(t, m);
}

static void vmalloc_takes_high_frames_first(struct ktap *t)
{
	struct machine *m = high_machine(t);
	char *area;

	ASSERT_NOT_NULL(t, m);
	area = vzalloc(100 * PAGE_SIZE);
	ASSERT_NOT_NULL(t, area);
	for (unsigned int i = 0; i < 100; i++) {
		EXPECT(t, PageHighMem(vmalloc_to_page(area + i * PAGE_SIZE)));
		EXPECT_EQ(t, area[i * PAGE_SIZE], 0);
	}
	vfree(area);
	everything_holds(t, m);
}

static void a_machine_without_high_memory_has_no_windows(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");

	ASSERT_NOT_NULL(t, m);
	EXPECT_NULL(t, m->kmap);
	kmap_flush_unused();
	EXPECT_EQ(t, nr_free_highpages(), 0);
	EXPECT_EQ(t, totalhigh_pages(), 0);
	kunmap_local(&m);			/* no address of ours: as the kernel, nothing */
	everything_holds(t, m);
}

/* ---------------------------------------------------------------------------------------------- what callers leave */

static void what_is_left_mapped_is_a_leak(struct ktap *t)
{
	struct machine *m = machine_boot(&(struct machine_config){ .cmdline = HIGH, .console = console_keep });
	struct machine_leaks leaks = { 0 };

	ASSERT_NOT_NULL(t, m);
	console_clear();
	machine_enter(m);
	take_many(t, 3);
	kmap(many[0]);
	kmap(many[1]);
	kmap_local_page(many[2]);
	EXPECT_NE(t, machine_shutdown_leaks(m, &leaks), 0);
	EXPECT_EQ(t, leaks.kmaps, 3);
	EXPECT_CONTAINS(t, console_text(), "machine: 2 pages not kunmapped\n");
	EXPECT_CONTAINS(t, console_text(), "machine: 1 kmap_local mappings not given back\n");
	EXPECT_NULL(t, machine_current());
	EXPECT_EQ(t, kmem_context.kmap_depth, 0);
}

/* ------------------------------------------------------------------------------------------------------ invariants */

static void expect_broken(struct ktap *t, struct machine *m, const char *id)
{
	struct kmem_fault fault = { .id = "" };

	EXPECT(t, !kmem_check(m, &fault));
	EXPECT_STR(t, fault.id, id);
}

static void each_invariant_is_seen_to_break(struct ktap *t)
{
	struct machine *m = high_machine(t);
	struct kmap_state *ks;
	unsigned int set;
	void *address;
	pfn_t kept;

	ASSERT_NOT_NULL(t, m);
	ks = m->kmap;
	take_many(t, 2);
	kmap(many[0]);
	kmap(many[1]);
	everything_holds(t, m);
	ks->count[0] = 0;
	expect_broken(t, m, "J1");
	ks->count[0] = 2;
	kept = ks->pfn[0];
	ks->pfn[0] = kept + LAST_PKMAP;			/* of the same chain */
	expect_broken(t, m, "J1");
	ks->pfn[0] = 17;
	pgtable_enter_one(ks->table, ks->tables[0], ks->base, ks->leaf | 17u << PAGE_SHIFT);
	expect_broken(t, m, "J3");
	ks->pfn[0] = kept;
	pgtable_enter_one(ks->table, ks->tables[0], ks->base, ks->leaf | (u64)kept << PAGE_SHIFT);
	everything_holds(t, m);
	ks->bucket[kept % LAST_PKMAP] = 0;
	expect_broken(t, m, "J2");
	ks->bucket[kept % LAST_PKMAP] = 1;
	ks->bucket[5] = 3;				/* slot 2, which is free */
	ks->pfn[2] = 5;
	expect_broken(t, m, "J2");
	ks->bucket[5] = 0;
	address = kmap_local_page(many[0]);
	set = this_cpu()->kmap_set;
	everything_holds(t, m);
	ks->local[set * KMAP_LOCAL_MAX]++;
	expect_broken(t, m, "J4");
	ks->local[set * KMAP_LOCAL_MAX]--;
	ks->local[set * KMAP_LOCAL_MAX + 1] = many[0];
	expect_broken(t, m, "J4");
	ks->local[set * KMAP_LOCAL_MAX + 1] = NULL;
	ks->spare_sets[0] |= 1u << set;
	expect_broken(t, m, "J5");
	ks->spare_sets[0] &= ~(1u << set);
	ks->spare_sets[1] &= ~1u;
	expect_broken(t, m, "J5");
	ks->sets_away++;				/* a task that sleeps with mappings, then */
	expect_broken(t, m, "J6");
	ks->sets_away--;
	ks->spare_sets[1] |= 1;
	kmem_context.kmap_depth += KMAP_LOCAL_MAX;
	expect_broken(t, m, "J6");
	kmem_context.kmap_depth = 1;
	this_cpu()->first_high++;
	expect_broken(t, m, "J7");
	this_cpu()->first_high--;
	kunmap_local(address);
	kunmap(many[0]);
	kunmap(many[1]);
	put_many(2);
	everything_holds(t, m);
}

static void a_dump_counts_slots(struct ktap *t)
{
	struct machine *m = high_machine(t);

	ASSERT_NOT_NULL(t, m);
	take_many(t, 1);
	kmap(many[0]);
	kmem_dump(m);
	EXPECT_CONTAINS(t, console_text(), ", 1 of 512 slots in use, 0 flushes, 0 waiting; 0 sets away\n");
	kunmap(many[0]);
	put_many(1);
	EXPECT(t, kmem_check_live(m, NULL));
}

KTAP_SUITE(highmem, KTAP_CASE(a_high_page_has_no_address_until_it_is_mapped),
	   KTAP_CASE(a_low_page_is_where_it_always_is),
	   KTAP_CASE(who_has_no_cpu_yet_gets_one), KTAP_CASE(c48_a_page_that_is_mapped_again_has_the_same_address),
	   KTAP_CASE(slots_go_round), KTAP_CASE(c48_kmap_sleeps_while_every_slot_is_taken),
	   KTAP_CASE(kmap_in_atomic_context_is_reported), KTAP_CASE(unmapping_what_is_not_mapped_is_reported),
	   KTAP_CASE(c47_mappings_nest_sixteen_deep), KTAP_CASE(another_order_is_reported),
	   KTAP_CASE(kmap_atomic_is_atomic), KTAP_CASE(a_task_may_sleep_with_mappings),
	   KTAP_CASE(without_a_spare_set_the_cpu_is_kept), KTAP_CASE(who_has_mappings_keeps_the_cpu),
	   KTAP_CASE(another_machine_is_not_entered_with_mappings),
	   KTAP_CASE(with_checks_an_address_ends_with_its_mapping),
	   KTAP_CASE(a_thread_that_ends_with_mappings_is_reported), KTAP_CASE(contents_can_be_moved),
	   KTAP_CASE(high_pages_are_counted), KTAP_CASE(vmalloc_takes_high_frames_first),
	   KTAP_CASE(a_machine_without_high_memory_has_no_windows), KTAP_CASE(what_is_left_mapped_is_a_leak),
	   KTAP_CASE(each_invariant_is_seen_to_break), KTAP_CASE(a_dump_counts_slots));
