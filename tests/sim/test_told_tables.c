/* SPDX-License-Identifier: MIT */
/* test_told_tables.c - who walks the core's page tables hears when some of them go: host_page_table(). */
#include <linux/vmalloc.h>
#include "host/sim/sim.h"
#include "mm/vmalloc.h"
#include "tests/machine_for.h"

static void tables_that_go_are_told_before_they_are_anyone_elses(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	const void *told;
	void *area;

	ASSERT_NOT_NULL(t, m);
	area = vmalloc(4 << 20);
	ASSERT_NOT_NULL(t, area);
	vfree(area);
	told = sim_machine_of(m)->page_table;
	EXPECT(t, told == m->page_table);
	EXPECT_GT(t, m->vmalloc->table.nr_tables, 0);
	sim_machine_of(m)->page_table = NULL;
	vm_unmap_aliases();
	EXPECT_EQ(t, m->vmalloc->table.nr_tables, 0);
	EXPECT(t, sim_machine_of(m)->page_table == told);
	sim_machine_of(m)->page_table = NULL;
	vm_unmap_aliases();		/* nothing went */
	EXPECT_NULL(t, sim_machine_of(m)->page_table);
	sim_machine_of(m)->page_table = told;
}

KTAP_SUITE(told_tables, KTAP_CASE(tables_that_go_are_told_before_they_are_anyone_elses));
