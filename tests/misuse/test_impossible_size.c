/* SPDX-License-Identifier: MIT */
/* test_impossible_size.c - crime: sizes of 0, above the largest, or that overflow; and freeing nothing. */
#include "tests/slab_machine.h"

static void too_large_is_null_and_said_once(struct ktap *t)
{
	static const size_t sizes[] = { KMALLOC_MAX_SIZE + 1, 1ul << 30, (size_t)-1, (size_t)-8, (size_t)-4096,
		((size_t)-1 >> 1) + 1 };
	struct machine *m = slab_machine(t, "mem=64M");

	ASSERT_NOT_NULL(t, m);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		volatile size_t size = sizes[i];

		EXPECT_NULL(t, kmalloc(size, GFP_KERNEL));
		EXPECT_NULL(t, kmalloc_node(size, GFP_KERNEL, 0));
		EXPECT_NULL(t, kzalloc(size, GFP_KERNEL));
		EXPECT_NULL(t, krealloc(NULL, size, GFP_KERNEL));
	}
	EXPECT_EQ(t, console_count("------------[ cut here ]------------\n"), 1);
	EXPECT_EQ(t, live_in_machine(m), 0);
	machine_still_works(t, m, 64, NULL, 0);
}

static void a_size_of_nothing_is_no_memory(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	volatile size_t none = 0;
	void *p;

	ASSERT_NOT_NULL(t, m);
	p = kmalloc(none, GFP_KERNEL);
	EXPECT_EQ(t, p, ZERO_SIZE_PTR);
	kfree(p);
	kfree(p);
	kfree(NULL);
	kfree_sensitive(p);
	kvfree(p);
	kfree_bulk(2, ((void *[]){ NULL, ZERO_SIZE_PTR }));
	EXPECT_EQ(t, krealloc(p, 0, GFP_KERNEL), ZERO_SIZE_PTR);
	EXPECT_EQ(t, kmemdup("x", 0, GFP_KERNEL), ZERO_SIZE_PTR);
	EXPECT_STR(t, console_text(), "");
	EXPECT_EQ(t, live_in_machine(m), 0);
	machine_still_works(t, m, 8, NULL, 0);
}

KTAP_SUITE(impossible_size, KTAP_CASE(too_large_is_null_and_said_once), KTAP_CASE(a_size_of_nothing_is_no_memory));
