/* SPDX-License-Identifier: MIT */
/* test_double_free_aba.c - crime: a, b, and a again are freed, the way that fools a look at the newest alone. */
#include "tests/slab_machine.h"

/* Where the object is in its slab, or the cache is debugged, the second free is refused at once. */
static void aba(struct ktap *t, size_t size, const char *cmdline, bool drain)
{
	struct machine *m = slab_machine(t, cmdline);
	void *a, *b, *c;

	ASSERT_NOT_NULL(t, m);
	a = kmalloc(size, GFP_KERNEL);
	b = kmalloc(size, GFP_KERNEL);
	c = kmalloc(size, GFP_KERNEL);
	memset(c, 0x3c, size);
	kfree(a);
	kfree(b);
	if (drain)
		cache_drain(slab_of(a)->slab_cache);
	kfree(a);
	EXPECT_EQ(t, console_count("Object already free\n"), 1);
	EXPECT_EQ(t, console_count("BUG "), 1);
	EXPECT_EQ(t, live_in_machine(m), 1);
	machine_still_works(t, m, size, &c, 1);
	EXPECT(t, bytes_are_all(c, 0x3c, size));
	kfree(c);
	EXPECT_EQ(t, console_count("BUG "), 1);
}

/* In a sheaf the second entry is seen when it is about to be handed out, or goes back to its slab: never handed out. */
static void aba_in_a_sheaf(struct ktap *t, size_t size)
{
	struct machine *m = slab_machine(t, "mem=64M");
	void *a, *b, *c, *again[3];

	ASSERT_NOT_NULL(t, m);
	a = kmalloc(size, GFP_KERNEL);
	b = kmalloc(size, GFP_KERNEL);
	c = kmalloc(size, GFP_KERNEL);
	memset(c, 0x3c, size);
	kfree(a);
	kfree(b);
	kfree(a);
	for (int i = 0; i < 3; i++)
		again[i] = kmalloc(size, GFP_KERNEL);
	EXPECT_NE(t, again[0], again[1]);
	EXPECT_NE(t, again[0], again[2]);
	EXPECT_NE(t, again[1], again[2]);
	EXPECT_EQ(t, console_count("Object freed twice, or written after it was freed\n"), 1);
	EXPECT_EQ(t, console_count("BUG "), 1);
	kfree_bulk(3, again);
	EXPECT_EQ(t, live_in_machine(m), 1);
	machine_still_works(t, m, size, &c, 1);
	EXPECT(t, bytes_are_all(c, 0x3c, size));
	kfree(c);
	EXPECT_EQ(t, console_count("BUG "), 1);
}

static void in_a_sheaf(struct ktap *t)
{
	aba_in_a_sheaf(t, 16);
	aba_in_a_sheaf(t, 96);
	aba_in_a_sheaf(t, 512);
}

/* The owner of a freed object writes to it: it stays out of use, and no one gets what was written. */
static void a_write_after_the_free(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	unsigned long *a, *b;

	ASSERT_NOT_NULL(t, m);
	a = kmalloc(64, GFP_KERNEL);
	kfree(a);
	*a = 0x1234;
	b = kmalloc(64, GFP_KERNEL);
	EXPECT_NE(t, a, b);
	EXPECT_EQ(t, console_count("Object freed twice, or written after it was freed\n"), 1);
	kfree(b);
	machine_still_works(t, m, 64, NULL, 0);
	slab_leaks_expected.slab_objects = 1;
}

static void in_slabs(struct ktap *t)
{
	aba(t, 64, "mem=64M", true);
	aba(t, 64, "mem=64M kmem.sheaf=1", false);
	aba(t, 512, "mem=64M slub_debug=FZPU", false);
}

/* Long ago, and through the barn. */
static void after_thousands_of_others(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M kmem.sheaf=100");
	static void *others[4000];
	void *a;

	ASSERT_NOT_NULL(t, m);
	a = kmalloc(64, GFP_KERNEL);
	for (int i = 0; i < 4000; i++)
		others[i] = kmalloc(64, GFP_KERNEL);
	kfree(a);
	kfree_bulk(4000, others);
	kfree(a);
	machine_still_works(t, m, 64, NULL, 0);
	cache_drain(m->cache_by_id[KMALLOC_ID(KMALLOC_NORMAL, KMALLOC_64)]);
	EXPECT_EQ(t, console_count("BUG kmalloc-64 (Not tainted): Object already free\n") +
		  console_count("Object freed twice, or written after it was freed\n"), 1);
	EXPECT_EQ(t, live_in_machine(m), 0);
}

KTAP_SUITE(double_free_aba, KTAP_CASE(in_a_sheaf), KTAP_CASE(in_slabs), KTAP_CASE(a_write_after_the_free),
	   KTAP_CASE(after_thousands_of_others));
