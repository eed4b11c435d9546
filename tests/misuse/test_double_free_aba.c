/* SPDX-License-Identifier: MIT */
/* test_double_free_aba.c - crime: a, b, and a again are freed, the way that fools a look at the newest alone. */
#include "tests/slab_machine.h"

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

static void in_a_sheaf(struct ktap *t)
{
	aba(t, 16, "mem=64M", false);
	aba(t, 512, "mem=64M", false);
	aba(t, 96, "mem=64M", false);
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
	struct machine *m = slab_machine(t, "mem=64M");
	static void *others[4000];
	void *a;

	ASSERT_NOT_NULL(t, m);
	a = kmalloc(64, GFP_KERNEL);
	for (int i = 0; i < 4000; i++)
		others[i] = kmalloc(64, GFP_KERNEL);
	kfree(a);
	kfree_bulk(4000, others);
	kfree(a);
	EXPECT_EQ(t, console_count("BUG kmalloc-64 (Not tainted): Object already free\n"), 1);
	EXPECT_EQ(t, live_in_machine(m), 0);
	machine_still_works(t, m, 64, NULL, 0);
}

KTAP_SUITE(double_free_aba, KTAP_CASE(in_a_sheaf), KTAP_CASE(in_slabs), KTAP_CASE(after_thousands_of_others));
