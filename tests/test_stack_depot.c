/* SPDX-License-Identifier: MIT */
/* test_stack_depot.c - a stack is kept once, found again, and printed as it was. */
#include "mm/stack_depot.h"
#include "tests/slab_machine.h"

static noinline u32 save_here(struct machine *m)
{
	u32 handle = stack_depot_save(m, 0);

	__asm__ volatile("" ::: "memory");
	return handle;
}

static noinline u32 save_deeper(struct machine *m, int depth)
{
	u32 handle = depth ? save_deeper(m, depth - 1) : save_here(m);

	__asm__ volatile("" ::: "memory");
	return handle;
}

static void a_stack_is_kept_once(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	unsigned long pages;
	u32 first = 0;

	ASSERT_NOT_NULL(t, m);
	EXPECT_EQ(t, stack_depot_pages(m), 0);
	for (int i = 0; i < 100; i++) {
		u32 handle = save_here(m);

		ASSERT_NE(t, handle, 0);
		EXPECT(t, !first || handle == first);
		first = handle;
	}
	pages = stack_depot_pages(m);
	EXPECT_GT(t, pages, 0);
	EXPECT_NE(t, save_here(m), first); /* called from another line: another stack */
	EXPECT_EQ(t, stack_depot_pages(m), pages);
}

static void stacks_of_unlike_depth_are_unlike(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	u32 handles[12];

	ASSERT_NOT_NULL(t, m);
	/* One loop, one call: a compiler that made two of it would make two stacks. */
	for (int i = 0; i < 24; i++) {
		int depth = i % 12;
		u32 handle = save_deeper(m, depth);

		EXPECT_NE(t, handle, 0);
		if (i >= 12)
			EXPECT_EQ(t, handle, handles[depth]);
		for (int other = 0; other < depth; other++)
			EXPECT_NE(t, handle, handles[other]);
		handles[depth] = handle;
	}
}

static void a_stack_is_printed_a_line_a_frame(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	u32 handle;

	ASSERT_NOT_NULL(t, m);
	stack_depot_print(m, 1);	/* none was ever kept */
	EXPECT_STR(t, console_text(), "");
	handle = save_deeper(m, 3);
	stack_depot_print(m, handle);
	EXPECT_GE(t, console_count("\n"), 3);
	EXPECT_EQ(t, console_text()[0], ' ');
	console_clear();
	stack_depot_print(m, 0);
	stack_depot_print(m, handle + 1000);
	EXPECT_STR(t, console_text(), "");
}

static void skipping_everything_is_no_stack(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");

	ASSERT_NOT_NULL(t, m);
	EXPECT_EQ(t, stack_depot_save(m, 64), 0);
}

static void without_memory_there_is_no_handle_and_no_harm(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");

	ASSERT_NOT_NULL(t, m);
	m->params.fail_page_alloc_min_order = 0;
	fail_pages(m, &(struct fault_attr){ .interval = 1, .probability = 100, .times = -1, .on = true });
	EXPECT_EQ(t, save_here(m), 0);
	EXPECT_EQ(t, stack_depot_pages(m), 0);
	fail_pages(m, NULL);
	EXPECT_NE(t, save_here(m), 0);
}

static void two_machines_have_depots_of_their_own(struct ktap *t)
{
	struct machine *a = slab_machine(t, "mem=64M"), *b = slab_machine(t, "mem=64M");

	ASSERT(t, a && b);
	EXPECT_NE(t, save_here(b), 0);
	EXPECT_EQ(t, stack_depot_pages(a), 0);
	EXPECT_GT(t, stack_depot_pages(b), 0);
}

KTAP_SUITE(stack_depot, KTAP_CASE(a_stack_is_kept_once), KTAP_CASE(stacks_of_unlike_depth_are_unlike),
	KTAP_CASE(a_stack_is_printed_a_line_a_frame), KTAP_CASE(skipping_everything_is_no_stack),
	KTAP_CASE(without_memory_there_is_no_handle_and_no_harm), KTAP_CASE(two_machines_have_depots_of_their_own));
