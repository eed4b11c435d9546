/* SPDX-License-Identifier: MIT */
/* test_check.c - what only sums over the machine can tell, and that every part's own faults come through. */
#include "mm/slab.h"
#include "mm/stats.h"
#include "mm/vmalloc.h"
#include "tests/page_machine.h"

static bool holds(struct ktap *t, struct machine *m)
{
	struct kmem_fault fault = { 0 };
	bool good = kmem_check(m, &fault);

	if (!good)
		ktap_fail(t, "%s: %s", fault.id, fault.place);
	return good;
}

static void expect_fault(struct ktap *t, struct machine *m, const char *id)
{
	struct kmem_fault fault = { .id = "none" };

	EXPECT(t, !kmem_check(m, &fault));
	EXPECT_STR(t, fault.id, id);
	EXPECT_GT(t, strlen(fault.place), 5);
	EXPECT(t, !kmem_check(m, NULL));
}

/* Break a counter up and down by so much, and expect the id each time. */
static void expect_counted(struct ktap *t, struct machine *m, long *counter, long by, const char *id)
{
	*counter += by;
	expect_fault(t, m, id);
	*counter -= 2 * by;
	expect_fault(t, m, id);
	*counter += by;
	EXPECT(t, holds(t, m));
}

static void fresh_machines_hold(struct ktap *t)
{
	static const char *const cmdlines[] = {
		"mem=4M", "mem=64M nr_cpus=1", "mem=1G", "mem=6G numa=fake=4", "kmem.layout=i386 mem=512M",
		"kmem.layout=i386 mem=3G", "mem=1G movablecore=256M", "mem=256M slub_debug=FZPU",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cmdlines); i++) {
		struct machine_config config = { .cmdline = cmdlines[i], .console = console_keep };
		struct machine *m = machine_boot(&config);

		ASSERT_NOT_NULL(t, m);
		if (!holds(t, m))
			ktap_note(t, "%s", cmdlines[i]);
		machine_shutdown(m);
	}
}

static void machine_in_use_holds(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=128M nr_cpus=2");
	void *small, *large, *area, *ring[2];
	struct page *pages;

	ASSERT_NOT_NULL(t, m);
	small = kmalloc(100, GFP_KERNEL);
	large = kmalloc(50000, GFP_KERNEL);
	area = vmalloc(123456);
	pages = alloc_pages(GFP_KERNEL, 4);
	ring[0] = kmalloc(30, GFP_KERNEL | __GFP_RECLAIMABLE);
	ring[1] = (void *)get_zeroed_page(GFP_KERNEL);
	EXPECT(t, holds(t, m));
	kfree(small);
	kfree(large);
	vfree(area);
	__free_pages(pages, 4);
	kfree(ring[0]);
	free_page((unsigned long)ring[1]);
	EXPECT(t, holds(t, m));
}

static void any_thread_may_check(struct ktap *t)
{
	struct machine *m = machine_boot(&(struct machine_config){ .cmdline = "mem=64M", .console = console_keep });

	ASSERT_NOT_NULL(t, m);
	EXPECT(t, holds(t, m));
	console_clear();
	kmem_dump(m);
	EXPECT_CONTAINS(t, console_text(), "machine: ");
	EXPECT_CONTAINS(t, console_text(), "zone ");
	EXPECT_CONTAINS(t, console_text(), "slab: ");
	EXPECT_CONTAINS(t, console_text(), "vmalloc");
	machine_shutdown(m);
}

/* From another machine too, whose console the picture then goes to. */
static void a_machine_on_another_is_checked_and_drawn(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2"), *other;
	struct machine_config config = { .cmdline = "mem=32M nr_cpus=2", .console = console_keep };

	ASSERT_NOT_NULL(t, m);
	other = machine_boot(&config);
	ASSERT_NOT_NULL(t, other);
	EXPECT(t, holds(t, other));
	EXPECT(t, kmem_check_live(other, NULL));
	kmem_dump(other);
	EXPECT_EQ(t, machine_current(), m);
	kfree(kmalloc(8, GFP_KERNEL));		/* on a CPU of m */
	console_clear();
	kmem_dump(m);
	EXPECT_CONTAINS(t, console_text(), " node 0 leased\n");
	EXPECT_EQ(t, machine_current(), m);
	machine_shutdown(other);
}

static void t1_slab_pages(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	void *object;

	ASSERT_NOT_NULL(t, m);
	object = kmalloc(64, GFP_KERNEL | __GFP_RECLAIMABLE);
	expect_counted(t, m, &m->nodes[0]->vm_stat[NR_SLAB_RECLAIMABLE], 1, "T1");
	expect_counted(t, m, &m->nodes[0]->vm_stat[NR_SLAB_UNRECLAIMABLE], 1, "T1");
	kfree(object);
}

static void t4_large_objects(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	void *large;

	ASSERT_NOT_NULL(t, m);
	large = kmalloc(20000, GFP_KERNEL);
	EXPECT_EQ(t, m->cpus[0]->large[0].pages, 8);
	m->cpus[0]->large[0].pages -= 9;
	expect_fault(t, m, "T4");
	m->cpus[0]->large[0].pages += 9;
	kfree(large);
	EXPECT(t, holds(t, m));
}

static void t2_totals(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");

	ASSERT_NOT_NULL(t, m);
	m->totalram++;
	expect_fault(t, m, "T2");
	m->totalram--;
	/* More page tables than there are pages in use. */
	m->nodes[0]->vm_stat[NR_PAGE_TABLE_PAGES] += (long)m->totalram;
	expect_fault(t, m, "T2");
	m->nodes[0]->vm_stat[NR_PAGE_TABLE_PAGES] -= (long)m->totalram;
	EXPECT(t, holds(t, m));
}

static void t3_events(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	unsigned long *events;

	ASSERT_NOT_NULL(t, m);
	events = m->cpus[0]->events;
	events[PGFREE] += 100000;
	expect_fault(t, m, "T3");
	events[PGFREE] -= 100000;
	events[PGALLOC_NORMAL] += 100000;
	expect_fault(t, m, "T3");
	events[PGALLOC_NORMAL] -= 100000;
	EXPECT(t, holds(t, m));
}

static void t4_levels_below_zero(struct ktap *t)
{
	struct kmem_fault fault = { .id = "none" };
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");

	ASSERT_NOT_NULL(t, m);
	m->nodes[0]->vm_stat[NR_WRITEBACK] = -1;
	expect_fault(t, m, "T4");
	m->nodes[0]->vm_stat[NR_WRITEBACK] = 0;
	m->zones[0]->vm_stat[NR_MLOCK] = -1;
	expect_fault(t, m, "T4");
	m->zones[0]->vm_stat[NR_MLOCK] = 0;
	m->cpus[0]->large[0].objects = -1;
	expect_fault(t, m, "T4");
	m->cpus[0]->large[0].objects = 0;
	m->cpus[0]->large[0].pages = -1;
	EXPECT(t, !kmem_check_live(m, &fault));
	EXPECT_STR(t, fault.id, "T4");
	m->cpus[0]->large[0].pages = 0;
	EXPECT(t, holds(t, m));
}

static void c1_task_without_a_lease(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2");

	ASSERT_NOT_NULL(t, m);
	m->cpu_task[1] = m->cpu_task[0];
	expect_fault(t, m, "C1");
	m->cpu_task[1] = NULL;
	EXPECT(t, holds(t, m));
}

static void c3_online_count(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2");

	ASSERT_NOT_NULL(t, m);
	m->nr_online++;
	expect_fault(t, m, "C3");
	m->nr_online--;
	EXPECT(t, holds(t, m));
}

/* One fault of each part that has a test of its own. */
static void faults_of_every_part_come_through(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	struct kmem_cache *cache;

	ASSERT_NOT_NULL(t, m);
	m->memblock.memory.regions[0].size += 8;
	expect_fault(t, m, "M4");
	m->memblock.memory.regions[0].size -= 8;
	m->zones[0]->free_area[0].nr_free++;
	expect_fault(t, m, "B3");
	m->zones[0]->free_area[0].nr_free--;
	cache = list_first_entry(&m->caches, struct kmem_cache, list);
	cache->node[0]->nr_slabs++;
	expect_fault(t, m, "S4");
	cache->node[0]->nr_slabs--;
	m->vmalloc->space.lazy_bytes++;
	expect_fault(t, m, "V5");
	m->vmalloc->space.lazy_bytes--;
	EXPECT(t, holds(t, m));
}

static void idle_cpus_are_drawn_as_such(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2");

	ASSERT_NOT_NULL(t, m);
	kmem_dump(m);
	EXPECT_CONTAINS(t, console_text(), "  CPU 0 node 0 leased\n");
	cpu_release();
	console_clear();
	kmem_dump(m);
	EXPECT_CONTAINS(t, console_text(), "  CPU 0 node 0 idle\n");
}

KTAP_SUITE(check, KTAP_CASE(fresh_machines_hold), KTAP_CASE(machine_in_use_holds), KTAP_CASE(any_thread_may_check),
	   KTAP_CASE(a_machine_on_another_is_checked_and_drawn),
	   KTAP_CASE(t1_slab_pages), KTAP_CASE(t4_large_objects), KTAP_CASE(t2_totals), KTAP_CASE(t3_events),
	   KTAP_CASE(t4_levels_below_zero), KTAP_CASE(c1_task_without_a_lease), KTAP_CASE(c3_online_count),
	   KTAP_CASE(faults_of_every_part_come_through),
	   KTAP_CASE(idle_cpus_are_drawn_as_such));
