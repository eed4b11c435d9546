/* SPDX-License-Identifier: MIT */
/*
 * test_highmem.c - pages without an address, and kmap(), which gives them one for everybody: slots, sleeping for one,
 * what pages hold and how many there are. For a moment and one task: test_kmap_local.c.
 */
#include <linux/delay.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>
#include "tests/high_machine.h"

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
	EXPECT_NULL(t, kmap_to_page((void *)(m->kmap_base + KMAP_LOCAL_OFFSET)));	/* which maps nothing */
	EXPECT_CONTAINS(t, console_text(), "WARNING:");
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
	for (int round = 0; round < 2; round++) {	/* in the second its entry says so already */
		void *address = kmap_local_page(high);

		EXPECT_EQ(t, kmap_to_page(address), high);
		kunmap_local(address);
		cpu_release();
	}
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

/* The first two of many[] whose slots are in one chain. */
static void find_chained(struct page **first, struct page **second)
{
	static struct page *found[LAST_PKMAP];

	memset(found, 0, sizeof(found));
	for (struct page **at = many;; at++) {
		struct page **of_chain = &found[page_to_pfn(*at) % LAST_PKMAP];

		if (*of_chain) {
			*first = *of_chain;
			*second = *at;
			return;
		}
		*of_chain = *at;
	}
}

/* There are more pages than chains. The one mapped last is the first in its chain. */
static void pages_of_one_chain_are_told_apart(struct ktap *t)
{
	struct machine *m = high_machine(t);
	struct page *first, *second;
	void *address;

	ASSERT_NOT_NULL(t, m);
	take_many(t, LAST_PKMAP + 8);
	find_chained(&first, &second);
	address = kmap(first);
	EXPECT_NE(t, kmap(second), address);
	EXPECT_EQ(t, kmap(first), address);
	EXPECT_EQ(t, page_address(first), address);
	EXPECT_EQ(t, m->kmap->slot[0].count, 2);
	kunmap(first);
	kunmap(first);
	EXPECT_EQ(t, m->kmap->slot[0].count, 0);
	kunmap(second);
	kmap_flush_unused();
	EXPECT_NULL(t, page_address(first));
	put_many(LAST_PKMAP + 8);
	everything_holds(t, m);
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

static void wait_in_atomic_context(struct ktap *t, unsigned int i, void *arg)
{
	struct machine *m = arg;

	machine_enter(m);
	if (i) {
		const struct kmem_cpu *cpu;

		preempt_disable();
		cpu = this_cpu();
		EXPECT_NOT_NULL(t, kmap(many[LAST_PKMAP]));
		EXPECT_EQ(t, this_cpu(), cpu);
		kunmap(many[LAST_PKMAP]);
		preempt_enable();
	} else {
		while (!__atomic_load_n(&m->kmap->waiters, __ATOMIC_ACQUIRE))
			cond_resched();
		msleep(5);	/* it looks for a slot once more, and sleeps */
		kunmap(many[0]);
	}
	machine_leave();
}

/* Who must not sleep and has to, does so with its CPU. */
static void kmap_in_atomic_context_waits_with_its_cpu(struct ktap *t)
{
	struct machine *m = high_machine(t);

	ASSERT_NOT_NULL(t, m);
	take_many(t, LAST_PKMAP + 1);
	for (unsigned int i = 0; i < LAST_PKMAP; i++)
		kmap(many[i]);
	cpu_release();
	if (!ktap_threads(t, 2, wait_in_atomic_context, m))
		return;
	EXPECT_CONTAINS(t, console_text(), "BUG: sleeping function called from invalid context at ");
	for (unsigned int i = 1; i < LAST_PKMAP; i++)
		kunmap(many[i]);
	put_many(LAST_PKMAP + 1);
	EXPECT(t, kmem_check(m, NULL));
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
	EXPECT_EQ(t, m->kmap->slot[0].count, 0);
	__free_page(page);
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
	EXPECT_NULL(t, page_address(machine_page(m, m->max_pfn)));	/* of no frame at all */
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

/* Slot's entry in the page table, too, is the frame's. */
static void give_slot(struct machine *m, unsigned int slot, pfn_t pfn)
{
	struct kmap_state *ks = m->kmap;

	ks->slot[slot].page = machine_page(m, pfn);
	ks->entries[slot] = ks->leaf | (u64)pfn << PAGE_SHIFT;
	if (ks->host_entries)
		ks->host_entries[slot] = ks->entries[slot];
}

static void each_invariant_of_a_slot_is_seen_to_break(struct ktap *t)
{
	struct machine *m = high_machine(t);
	struct kmap_state *ks;
	pfn_t kept;

	ASSERT_NOT_NULL(t, m);
	ks = m->kmap;
	take_many(t, 1);
	kmap(many[0]);
	everything_holds(t, m);
	ks->slot[0].count = SLOT_FREE;
	expect_broken(t, m, "J1");
	ks->slot[0].count = 1;
	ks->slot[2].page = many[0] + 1;
	ks->slot[2].count = 1;
	expect_broken(t, m, "J1");
	mutex_lock(&ks->lock);				/* whose holder may be between two steps */
	everything_holds(t, m);
	mutex_unlock(&ks->lock);
	ks->slot[2].count = SLOT_FREE;
	kept = machine_pfn(m, ks->slot[0].page);
	ks->slot[0].page += LAST_PKMAP;			/* of the same chain */
	expect_broken(t, m, "J1");
	give_slot(m, 0, 17);
	expect_broken(t, m, "J3");
	give_slot(m, 0, kept);
	everything_holds(t, m);
	kunmap(many[0]);
	put_many(1);
	everything_holds(t, m);
}

static u16 *chain_of(struct kmap_state *ks, const struct page *page)
{
	return &ks->slot[(unsigned long)page / sizeof(*page) % LAST_PKMAP].first;
}

static void each_invariant_of_a_chain_is_seen_to_break(struct ktap *t)
{
	struct machine *m = high_machine(t);
	struct kmap_state *ks;
	pfn_t pfn[2];

	ASSERT_NOT_NULL(t, m);
	ks = m->kmap;
	take_many(t, 2);
	for (unsigned int i = 0; i < 2; i++) {
		kmap(many[i]);
		pfn[i] = machine_pfn(m, ks->slot[i].page);
	}
	*chain_of(ks, many[0]) = NO_SLOT;
	expect_broken(t, m, "J2");
	*chain_of(ks, many[0]) = SLOT_PLACE(0);
	ks->slot[0].next = SLOT_PLACE(0);		/* in a circle */
	expect_broken(t, m, "J2");
	ks->slot[0].next = SLOT_PLACE(1);		/* both the first page's */
	give_slot(m, 1, pfn[0]);
	expect_broken(t, m, "J2");
	ks->slot[0].next = NO_SLOT;
	give_slot(m, 1, pfn[1]);
	everything_holds(t, m);
	ks->slot[2].page = many[1] + 7;			/* slot 2, which is free */
	ks->slot[2].next = NO_SLOT;
	*chain_of(ks, many[1] + 7) = SLOT_PLACE(2);
	expect_broken(t, m, "J2");
	*chain_of(ks, many[1] + 7) = NO_SLOT;
	kunmap(many[0]);
	kunmap(many[1]);
	put_many(2);
	everything_holds(t, m);
}

static void a_wrong_list_of_free_slots_is_seen(struct ktap *t)
{
	struct machine *m = high_machine(t);
	struct kmap_state *ks;
	u16 next;

	ASSERT_NOT_NULL(t, m);
	ks = m->kmap;
	take_many(t, 1);
	kmap(many[0]);
	next = ks->free[ks->nr_free - 1];
	ks->free[ks->nr_free - 1] = SLOT_PLACE(0);	/* the page's */
	expect_broken(t, m, "J2");
	ks->free[ks->nr_free - 1] = ks->free[0];	/* twice */
	expect_broken(t, m, "J2");
	ks->free[ks->nr_free - 1] = NO_SLOT;		/* nobody's */
	expect_broken(t, m, "J2");
	ks->free[ks->nr_free - 1] = next;
	ks->nr_free--;					/* lost */
	expect_broken(t, m, "J2");
	ks->nr_free++;
	kunmap(many[0]);
	put_many(1);
	everything_holds(t, m);
}

/* As on a host that has page tables for its processors. */
static void what_the_host_was_not_told_is_seen(struct ktap *t)
{
	struct machine *m = high_machine(t);
	static u64 none[LAST_PKMAP];
	struct kmap_state *ks;
	u64 *host;

	ASSERT_NOT_NULL(t, m);
	ks = m->kmap;
	host = ks->host_entries;
	take_many(t, 1);
	kmap(many[0]);
	ks->host_entries = none;
	none[0] = 0;
	expect_broken(t, m, "J1");
	none[0] = ks->entries[0] + PAGE_SIZE;		/* another frame */
	expect_broken(t, m, "J1");
	none[0] = ks->entries[0];
	everything_holds(t, m);
	ks->host_entries = host;
	kunmap(many[0]);
	put_many(1);
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
	   KTAP_CASE(a_low_page_is_where_it_always_is), KTAP_CASE(who_has_no_cpu_yet_gets_one),
	   KTAP_CASE(c48_a_page_that_is_mapped_again_has_the_same_address),
	   KTAP_CASE(pages_of_one_chain_are_told_apart), KTAP_CASE(slots_go_round),
	   KTAP_CASE(c48_kmap_sleeps_while_every_slot_is_taken), KTAP_CASE(kmap_in_atomic_context_is_reported),
	   KTAP_CASE(kmap_in_atomic_context_waits_with_its_cpu),
	   KTAP_CASE(unmapping_what_is_not_mapped_is_reported), KTAP_CASE(contents_can_be_moved),
	   KTAP_CASE(high_pages_are_counted), KTAP_CASE(vmalloc_takes_high_frames_first),
	   KTAP_CASE(a_machine_without_high_memory_has_no_windows), KTAP_CASE(what_is_left_mapped_is_a_leak),
	   KTAP_CASE(each_invariant_of_a_slot_is_seen_to_break),
	   KTAP_CASE(each_invariant_of_a_chain_is_seen_to_break), KTAP_CASE(a_wrong_list_of_free_slots_is_seen),
	   KTAP_CASE(what_the_host_was_not_told_is_seen), KTAP_CASE(a_dump_counts_slots));
