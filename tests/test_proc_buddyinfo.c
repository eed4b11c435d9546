/* SPDX-License-Identifier: MIT */
/* test_proc_buddyinfo.c - with a real machine's free blocks the text is the real machine's. */
#include "tests/data/buddyinfo.h"
#include "tests/proc_sample.h"

/* Put the blocks of each line into its zone; half of those of order 10 are deferred ones. */
static void blocks_set(struct machine *m, const char *sample)
{
	char line[256];

	while (sample_line(&sample, line, sizeof(line))) {
		const char *at = line;
		struct zone *zone = sample_zone(m, &at);

		for (unsigned int order = 0; order < NR_ORDERS; order++)
			zone->free_area[order].nr_free = sample_number(&at);
		zone->deferred_blocks = zone->free_area[MAX_ORDER].nr_free / 2;
		zone->free_area[MAX_ORDER].nr_free -= zone->deferred_blocks;
	}
}

static void sample_check(struct ktap *t, struct machine *m, const char *sample)
{
	ASSERT_NOT_NULL(t, m);
	blocks_set(m, sample);
	expect_file(t, m, "buddyinfo", sample);
}

static void amd64_of_1G(struct ktap *t)
{
	FOR_64_BITS(t);
	sample_check(t, sample_machine(t, "mem=1G nr_cpus=1"), buddyinfo_amd64_1G);
}

static void amd64_of_6G(struct ktap *t)
{
	FOR_64_BITS(t);
	sample_check(t, sample_machine(t, "mem=6G nr_cpus=1"), buddyinfo_amd64_6G);
}

static void amd64_of_two_nodes(struct ktap *t)
{
	FOR_64_BITS(t);
	sample_check(t, sample_machine_numa2(t), buddyinfo_amd64_numa2);
}

static void i386_of_1G(struct ktap *t)
{
	sample_check(t, sample_machine(t, "kmem.layout=i386 mem=1G nr_cpus=1"), buddyinfo_i386_1G);
}

static void all_blocks_are_all_free_pages(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=256M");
	unsigned long pages = 0;
	const char *at = file_text;
	char line[256];

	ASSERT_NOT_NULL(t, m);
	machine_file(m, "buddyinfo", file_text, sizeof(file_text));
	while (sample_line(&at, line, sizeof(line))) {
		const char *number = line;

		ASSERT_NOT_NULL(t, sample_zone(m, &number));
		for (unsigned int order = 0; order < NR_ORDERS; order++)
			pages += sample_number(&number) << order;
	}
	EXPECT_EQ(t, pages, machine_zone_item(m, NR_FREE_PAGES));
}

KTAP_SUITE(proc_buddyinfo, KTAP_CASE(amd64_of_1G), KTAP_CASE(amd64_of_6G), KTAP_CASE(amd64_of_two_nodes),
	   KTAP_CASE(i386_of_1G), KTAP_CASE(all_blocks_are_all_free_pages));
