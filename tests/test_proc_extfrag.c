/* SPDX-License-Identifier: MIT */
/* test_proc_extfrag.c - with a real machine's free blocks the indices are the real machine's. */
#include "tests/data/buddyinfo.h"
#include "tests/data/extfrag_index.h"
#include "tests/data/unusable_index.h"
#include "tests/proc_sample.h"

static struct machine *machine_with_blocks(struct ktap *t, const char *blocks)
{
	struct machine *m = sample_machine(t, "mem=1G nr_cpus=1");
	char line[256];

	while (m && sample_line(&blocks, line, sizeof(line))) {
		const char *at = line;
		struct zone *zone = sample_zone(m, &at);

		for (unsigned int order = 0; order < NR_ORDERS; order++)
			zone->free_area[order].nr_free = sample_number(&at);
		zone->deferred_blocks = 0;
	}
	return m;
}

static void sample_is_reproduced(struct ktap *t)
{
	FOR_64_BITS(t);
	struct machine *m = machine_with_blocks(t, buddyinfo_amd64_1G);

	ASSERT_NOT_NULL(t, m);
	expect_file(t, m, "extfrag/unusable_index", unusable_index_amd64_1G);
	expect_file(t, m, "extfrag/extfrag_index", extfrag_index_amd64_1G);
}

/* Figures of a mailing list's example: a zone of 1983 single pages. */
static void single_pages_fail_for_fragmentation(struct ktap *t)
{
	FOR_64_BITS(t);
	struct machine *m = machine_with_blocks(t, "Node 0, zone      DMA   1983 0 0 0 0 0 0 0 0 0 0 \n"
						   "Node 0, zone    DMA32      0 0 0 0 0 0 0 0 0 0 1 \n");

	ASSERT_NOT_NULL(t, m);
	machine_file(m, "extfrag/extfrag_index", file_text, sizeof(file_text));
	EXPECT_CONTAINS(t, file_text, "Node 0, zone      DMA -1.000  0.500  0.750  0.875 ");
	machine_file(m, "extfrag/unusable_index", file_text, sizeof(file_text));
	EXPECT_CONTAINS(t, file_text, "Node 0, zone      DMA 0.000 1.000 1.000 1.000 ");
	EXPECT_CONTAINS(t, file_text, "Node 0, zone    DMA32 0.000 0.000 0.000 ");
}

KTAP_SUITE(proc_extfrag, KTAP_CASE(sample_is_reproduced), KTAP_CASE(single_pages_fail_for_fragmentation));
