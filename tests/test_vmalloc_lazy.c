/* SPDX-License-Identifier: MIT */
/*
 * test_vmalloc_lazy.c - freed addresses on their way back: when they are purged, who waits for whom, what atomic
 * contexts leave for later.
 */
#include <linux/preempt.h>
#include "mm/vmscan.h"
#include "tests/vmalloc_env.h"

static struct vmalloc_state *vs_of(struct env *e)
{
	return e->m->vmalloc;
}

static void a_purge_makes_addresses_free_and_frees_empty_tables(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	struct census before, freed;
	void *p;

	ASSERT_NOT_NULL(t, e);
	before = census_take(e);
	p = vmalloc(5ul << 20);
	ASSERT_NOT_NULL(t, p);
	vfree(p);
	freed = census_take(e);
	EXPECT_EQ(t, freed.areas, 0);
	EXPECT_EQ(t, freed.vmalloc_pages, 0);
	EXPECT_GE(t, freed.lazy, 5ul << 20);
	EXPECT_GE(t, freed.tables, 3 + (sizeof(long) == 8 ? 2 : 1));
	env_holds(e);
	EXPECT_EQ(t, vmalloc_purge(e->m, true), freed.tables);
	expect_census(e, &before);
	EXPECT_EQ(t, vmalloc_purge(e->m, true), 0);
}

static void tables_in_use_survive_a_purge(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	char *p, *q;

	ASSERT_NOT_NULL(t, e);
	p = vmalloc(PAGE_SIZE);
	q = vmalloc(PAGE_SIZE);
	ASSERT(t, p && q);
	*q = 3;
	vfree(p);
	EXPECT_EQ(t, vmalloc_purge(e->m, true), 0);
	EXPECT_EQ(t, *q, 3);
	EXPECT_NOT_NULL(t, vmalloc_to_page(q));
	env_holds(e);
	vfree(q);
}

static void too_many_dead_addresses_are_purged_by_the_way(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");
	unsigned long purges, most = 0;

	ASSERT_NOT_NULL(t, e);
	purges = vs_of(e)->nr_purges;
	for (int i = 0; i < 40; i++) {
		struct vm_struct *vm = get_vm_area(2ul << 20, VM_MAP);

		ASSERT_NOT_NULL(t, vm);
		free_vm_area(vm);
		most = max(most, lazy_bytes(e));
	}
	EXPECT_EQ(t, vs_of(e)->nr_purges, purges + 2);
	EXPECT_LE(t, most, 32ul << 20);
	EXPECT_GT(t, most, 30ul << 20);
	env_holds(e);
}

static void reclaim_gets_the_tables_and_the_deferred_pages(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	struct census before;
	void *p;

	ASSERT_NOT_NULL(t, e);
	before = census_take(e);
	p = vmalloc(10 * PAGE_SIZE);
	ASSERT_NOT_NULL(t, p);
	vfree_atomic(p);
	EXPECT_EQ(t, vs_of(e)->nr_deferred, 1);
	EXPECT_GE(t, reclaim_internal(e->m, GFP_KERNEL), 10 + (sizeof(long) == 8 ? 3 : 2));
	expect_census(e, &before);
}

static void a_purge_that_is_running_is_not_waited_for_by_reclaim(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	void *p;

	ASSERT_NOT_NULL(t, e);
	p = vmalloc(PAGE_SIZE);
	vfree(p);
	mutex_lock(&vs_of(e)->purge_lock);
	EXPECT_EQ(t, vmalloc_purge(e->m, true), 0);
	mutex_unlock(&vs_of(e)->purge_lock);
	EXPECT_GT(t, lazy_bytes(e), 0);
	EXPECT_GT(t, vmalloc_purge(e->m, true), 0);
}

static void a_free_in_atomic_context_is_left_for_later(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	char *p, *q, *r;
	unsigned long flags;

	ASSERT_NOT_NULL(t, e);
	p = vmalloc(2 * PAGE_SIZE);
	q = vmalloc(2 * PAGE_SIZE);
	r = vmalloc(2 * PAGE_SIZE);
	ASSERT(t, p && q && r);
	preempt_disable();
	vfree(p);
	EXPECT_EQ(t, vs_of(e)->nr_deferred, 1);
	EXPECT_NULL(t, find_vm_area(p));
	env_holds(e);
	vfree(p);
	EXPECT_CONTAINS(t, console_text(), "Trying to vfree() nonexistent vm area");
	preempt_enable();
	preempt_count_add(HARDIRQ_OFFSET);
	vfree(q);
	preempt_count_sub(HARDIRQ_OFFSET);
	local_irq_save(flags);
	vfree(r);
	local_irq_restore(flags);
	EXPECT_EQ(t, vs_of(e)->nr_deferred, 3);
	EXPECT_EQ(t, vmalloc_nr_pages(), 6);
	env_holds(e);
	/* Whoever comes by and may sleep does it. */
	p = vmalloc(PAGE_SIZE);
	EXPECT_EQ(t, vs_of(e)->nr_deferred, 0);
	EXPECT_EQ(t, vmalloc_nr_pages(), 1);
	env_holds(e);
	vfree(p);
}

static void deferred_frees_are_done_before_a_window_is_called_full(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M vmalloc=16M");
	void *p, *q;

	ASSERT_NOT_NULL(t, e);
	p = vmalloc(12ul << 20);
	ASSERT_NOT_NULL(t, p);
	vfree_atomic(p);
	q = vmalloc(12ul << 20);
	EXPECT_EQ(t, q, p);
	EXPECT_STR(t, console_text(), "");
	vfree(q);
}

static void deferred_frees_do_not_outlive_the_machine(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	struct machine_leaks leaks = { 0 };

	ASSERT_NOT_NULL(t, e);
	vfree_atomic(vmalloc(PAGE_SIZE));
	EXPECT_EQ(t, machine_shutdown_leaks(e->m, &leaks), 0);
	e->m = NULL;
	EXPECT_EQ(t, leaks.vmalloc_areas, 0);
	EXPECT_EQ(t, leaks.pages, 0);
}

static void an_address_that_is_no_area_is_not_deferred(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	char *p;

	ASSERT_NOT_NULL(t, e);
	p = vmalloc(2 * PAGE_SIZE);
	vfree_atomic(NULL);
	EXPECT_STR(t, console_text(), "");
	vfree_atomic(p + 8);
	EXPECT_CONTAINS(t, console_text(), "Trying to vfree() bad address");
	vfree_atomic(p + PAGE_SIZE);
	EXPECT_CONTAINS(t, console_text(), "Trying to vfree() nonexistent vm area");
	EXPECT_EQ(t, vs_of(e)->nr_deferred, 0);
	env_holds(e);
	vfree(p);
}

/* ------------------------------------------------------------------------------------------------- a CPU's own part */

#define PART (16ul << 20)

/* From its own part on nothing is free: it looks from the window's beginning. */
static void area_below_its_part(struct ktap *t, unsigned int i, void *arg)
{
	struct env *e = arg;
	unsigned long start = e->m->layout.vmalloc_start;
	char *area;

	(void)i;
	EXPECT_EQ(t, machine_enter(e->m), 0);
	area = vmalloc(PAGE_SIZE);
	EXPECT(t, (unsigned long)area - start < PART);
	vfree(area);
	machine_leave();
}

static void small_areas_lie_in_the_cpus_part(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=2 vmalloc=256M");
	struct vm_struct *low, *rest;
	unsigned long start, bytes;
	char *small;

	ASSERT_NOT_NULL(t, e);
	start = e->m->layout.vmalloc_start;
	bytes = e->m->layout.vmalloc_end - start;
	small = vmalloc(PAGE_SIZE);
	EXPECT(t, (unsigned long)small - start - this_cpu()->id * PART < PART);
	vfree(small);
	vmalloc_purge(e->m, true);
	low = get_vm_area(PART - PAGE_SIZE, VM_MAP);
	rest = get_vm_area(bytes - PART - PAGE_SIZE, VM_MAP);
	ASSERT(t, low && rest && (unsigned long)low->addr == start);
	free_vm_area(low);
	ktap_threads(t, 1, area_below_its_part, e);	/* this thread has CPU 0 */
	free_vm_area(rest);
	EXPECT_STR(t, console_text(), "");
	env_holds(e);
}

/* ----------------------------------------------------------------------------------------------- broken on purpose */

/* As many areas fit the window at once as there are threads, so each finds room, whoever purges for it. */
static void alloc_where_all_fit(struct ktap *t, unsigned int i, void *arg)
{
	struct env *e = arg;

	(void)i;
	EXPECT_EQ(t, machine_enter(e->m), 0);
	for (int round = 0; round < (t->soak ? 1000000 : 20000); round++) {
		struct vm_struct *vm = get_vm_area(80 * PAGE_SIZE, VM_MAP);

		ASSERT_NOT_NULL(t, vm);
		free_vm_area(vm);
	}
	machine_leave();
}

/* docs/models/vmalloc_purge.pml */
static void who_waited_for_another_purge_looks_again(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=3 vmalloc=1M");

	ASSERT_NOT_NULL(t, e);
	ktap_threads(t, 3, alloc_where_all_fit, e);
	EXPECT_STR(t, console_text(), "");
	env_holds(e);
}

static void l1_a_wrong_count_of_deferred_areas_is_found(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");

	ASSERT_NOT_NULL(t, e);
	vs_of(e)->nr_deferred++;
	expect_fault(e, "L1");
	vs_of(e)->nr_deferred--;
}

static void l2_a_mapping_at_a_dead_address_is_found(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	struct pgtable_run run;
	void *p;

	ASSERT_NOT_NULL(t, e);
	p = vmalloc(PAGE_SIZE);
	vfree(p);
	run = (struct pgtable_run){ (unsigned long)p + PAGE_SIZE, 100, 1, 0x163, false };
	ASSERT_EQ(t, pgtable_map(&vs_of(e)->table, &run), 0);
	expect_fault(e, "L2");
	EXPECT_EQ(t, pgtable_unmap(&vs_of(e)->table, (unsigned long)p + PAGE_SIZE, 1), 1);
}

/* Who is at it does it for all; and whoever comes after him has nothing to do. */
static void a_purge_is_made_once_for_all_who_want_it(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");
	struct vmalloc_state *vs;
	unsigned long lazy;

	ASSERT_NOT_NULL(t, e);
	vs = vs_of(e);
	vfree(vmalloc(5ul << 20));
	lazy = census_take(e).lazy;
	ASSERT_GT(t, lazy, 0);
	lazy_settle_now(vs);		/* not so much that it would be due */
	EXPECT_EQ(t, census_take(e).lazy, lazy);
	__atomic_store_n(&vs->lazy_max_bytes, 0, __ATOMIC_RELAXED);
	ASSERT(t, mutex_trylock(&vs->purge_lock));
	lazy_settle_now(vs);
	mutex_unlock(&vs->purge_lock);
	EXPECT_EQ(t, census_take(e).lazy, lazy);
	__atomic_fetch_add(&vs->space.nr_returned, MAX_RETURNED, __ATOMIC_RELAXED);	/* all CPUs look */
	lazy_settle_now(vs);
	__atomic_fetch_sub(&vs->space.nr_returned, MAX_RETURNED, __ATOMIC_RELAXED);
	EXPECT_EQ(t, census_take(e).lazy, 0);
}

KTAP_SUITE(vmalloc_lazy, KTAP_CASE(a_purge_makes_addresses_free_and_frees_empty_tables),
	   KTAP_CASE(tables_in_use_survive_a_purge), KTAP_CASE(too_many_dead_addresses_are_purged_by_the_way),
	   KTAP_CASE(reclaim_gets_the_tables_and_the_deferred_pages),
	   KTAP_CASE(a_purge_that_is_running_is_not_waited_for_by_reclaim),
	   KTAP_CASE(a_free_in_atomic_context_is_left_for_later),
	   KTAP_CASE(deferred_frees_are_done_before_a_window_is_called_full),
	   KTAP_CASE(deferred_frees_do_not_outlive_the_machine),
	   KTAP_CASE(an_address_that_is_no_area_is_not_deferred),
	   KTAP_CASE(small_areas_lie_in_the_cpus_part), KTAP_CASE(who_waited_for_another_purge_looks_again),
	   KTAP_CASE(l1_a_wrong_count_of_deferred_areas_is_found),
	   KTAP_CASE(l2_a_mapping_at_a_dead_address_is_found),
	   KTAP_CASE(a_purge_is_made_once_for_all_who_want_it));
