/* SPDX-License-Identifier: MIT */
/* test_proc.c - files by name; a buffer of any size is honoured by each. */
#include <linux/errno.h>
#include "tests/proc_sample.h"

static char cut_text[FILE_BYTES];

static void every_file_has_a_text(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");

	ASSERT_NOT_NULL(t, m);
	for (unsigned int i = 0; machine_files[i]; i++) {
		long length = machine_file(m, machine_files[i], file_text, sizeof(file_text));

		EXPECT_EQ(t, length, (long)strlen(file_text));
		if (strcmp(machine_files[i], "vmallocinfo"))
			EXPECT_GT(t, length, 50);
	}
}

static void unknown_names_are_no_files(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");

	ASSERT_NOT_NULL(t, m);
	EXPECT_EQ(t, machine_file(m, "", NULL, 0), -ENOENT);
	EXPECT_EQ(t, machine_file(m, "buddyinf", NULL, 0), -ENOENT);
	EXPECT_EQ(t, machine_file(m, "buddyinfo ", NULL, 0), -ENOENT);
}

static void small_buffers_hold_the_front(struct ktap *t)
{
	static const size_t sizes[] = { 1, 2, 17, 100, 333 };
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");

	ASSERT_NOT_NULL(t, m);
	for (unsigned int i = 0; machine_files[i]; i++) {
		long length = machine_file(m, machine_files[i], file_text, sizeof(file_text));

		EXPECT_EQ(t, machine_file(m, machine_files[i], NULL, 0), length);
		for (unsigned int s = 0; s < ARRAY_SIZE(sizes); s++) {
			memset(cut_text, '#', 512);
			EXPECT_EQ(t, machine_file(m, machine_files[i], cut_text, sizes[s]), length);
			EXPECT_EQ(t, strlen(cut_text), min((size_t)length, sizes[s] - 1));
			EXPECT_MEM(t, cut_text, file_text, strlen(cut_text));
			EXPECT_EQ(t, cut_text[sizes[s]], '#');
		}
	}
}

/* A caller that has not entered the machine, as a tool's thread would be. */
static void any_thread_may_ask(struct ktap *t)
{
	struct machine *m = machine_boot(&(struct machine_config){ .cmdline = "mem=64M", .console = console_keep });

	ASSERT_NOT_NULL(t, m);
	for (unsigned int i = 0; machine_files[i]; i++)
		EXPECT_GE(t, machine_file(m, machine_files[i], file_text, sizeof(file_text)), 0);
	EXPECT_EQ(t, machine_shutdown(m), 0);
}

static void ask_and_allocate(struct ktap *t, unsigned int thread, void *arg)
{
	struct machine *m = arg;

	machine_enter(m);
	for (unsigned int i = 0; i < 300; i++) {
		char text[64];

		if (thread) {
			struct page *pages = alloc_pages(GFP_KERNEL, 5);

			kfree(kmalloc(8 + i * 8 % 5000, GFP_KERNEL));
			if (pages)
				__free_pages(pages, 5);
		} else {
			EXPECT_GE(t, machine_file(m, machine_files[i % 9], text, sizeof(text)), 0);
			kmem_explain(m, (char *)m->layout.direct_base + ktap_below(t, 64ul << 20), text, sizeof(text));
		}
	}
	machine_leave();
}

static void counters_may_be_read_while_they_count(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=4");

	ASSERT_NOT_NULL(t, m);
	ktap_threads(t, 3, ask_and_allocate, m);
}

KTAP_SUITE(proc, KTAP_CASE(every_file_has_a_text), KTAP_CASE(unknown_names_are_no_files),
	   KTAP_CASE(small_buffers_hold_the_front), KTAP_CASE(any_thread_may_ask),
	   KTAP_CASE(counters_may_be_read_while_they_count));
