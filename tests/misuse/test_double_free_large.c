/* SPDX-License-Identifier: MIT */
/* test_double_free_large.c - crime: an object of whole pages is freed twice. */
#include "tests/slab_machine.h"

static void twice(struct ktap *t, size_t size)
{
	struct machine *m = slab_machine(t, "mem=64M");
	unsigned long free;
	void *p, *q;

	ASSERT_NOT_NULL(t, m);
	p = kmalloc(size, GFP_KERNEL);
	q = kmalloc(size, GFP_KERNEL);
	ASSERT(t, p && q);
	kfree(p);
	cpus_request(m, CPU_DRAIN_PAGES);
	free = nr_free_pages();
	kfree(p);
	cpus_request(m, CPU_DRAIN_PAGES);
	EXPECT_EQ(t, console_count("\nobject pointer: 0x"), 1);
	EXPECT_EQ(t, nr_free_pages(), free);
	EXPECT_EQ(t, machine_large(m).objects, 1);
	machine_still_works(t, m, size < 20000 ? size : 20000, &q, 1);
	kfree(q);
	EXPECT_EQ(t, machine_large(m).objects, 0);
	EXPECT_EQ(t, console_count("cut here"), 1);
}

static void of_a_few_pages(struct ktap *t)
{
	twice(t, 8193);
	twice(t, 20000);
}

static void of_megabytes(struct ktap *t)
{
	twice(t, 1 << 20);
	twice(t, 4 << 20);
}

KTAP_SUITE(double_free_large, KTAP_CASE(of_a_few_pages), KTAP_CASE(of_megabytes));
