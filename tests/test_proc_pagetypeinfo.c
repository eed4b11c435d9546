/* SPDX-License-Identifier: MIT */
/* test_proc_pagetypeinfo.c - with a real machine's lists and pageblocks the text is the real machine's. */
#include "tests/data/pagetypeinfo.h"
#include "tests/proc_sample.h"

#define MOST_BLOCKS 4096u
#define MOST_PAGEBLOCKS 2048u

/* Lists are only counted, so that their entries need be no pages. */
static struct list_head entries[MOST_BLOCKS];
static unsigned int nr_entries;
static struct pageblock_tag pageblocks[SAMPLE_ZONES][MOST_PAGEBLOCKS];

static const enum migratetype columns[] = {
	MIGRATE_UNMOVABLE, MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE, MIGRATE_HIGHATOMIC, MIGRATE_ISOLATE
};

static void list_make(struct list_head *list, unsigned long nr)
{
	list->next = list->prev = list;
	for (; nr && nr_entries < MOST_BLOCKS; nr--, nr_entries++) {
		struct list_head *entry = &entries[nr_entries];

		entry->next = list;
		entry->prev = list->prev;
		list->prev->next = entry;
		list->prev = entry;
	}
}

/* "Node    0, zone      DMA, type    Unmovable      0 ..." */
static void free_line_set(struct zone *zone, const char *at)
{
	static const char *const names[] = { "Unmovable", "Movable", "Reclaimable", "HighAtomic", "Isolate" };

	for (at += strlen(", type "); *at == ' '; at++)
		;
	for (unsigned int column = 0; column < ARRAY_SIZE(columns); column++) {
		if (strncmp(at, names[column], strlen(names[column])))
			continue;
		at += strlen(names[column]);
		for (unsigned int order = 0; order < NR_ORDERS; order++)
			list_make(&zone->free_area[order].free_list[columns[column]], sample_number(&at));
	}
	zone->deferred_blocks = 0;
}

/* "Node 0, zone      DMA            1            7 ...": so many pageblocks of each type, one after the other. */
static void pageblock_line_set(struct zone *zone, const char *at)
{
	struct pageblock_tag *tag = pageblocks[zone->index];

	zone->pageblock_tags = tag;
	for (unsigned int column = 0; column < ARRAY_SIZE(columns); column++)
		for (unsigned long nr = sample_number(&at); nr; nr--)
			*tag++ = (struct pageblock_tag){ .type = (u8)(columns[column] ^ MIGRATE_MOVABLE) };
}

static void numbers_set(struct machine *m, const char *sample)
{
	char line[256];

	nr_entries = 0;
	memset(pageblocks, 0, sizeof(pageblocks));
	while (sample_line(&sample, line, sizeof(line))) {
		const char *at = line;
		struct zone *zone = sample_zone(m, &at);

		if (zone && *at == ',')
			free_line_set(zone, at);
		else if (zone)
			pageblock_line_set(zone, at);
	}
}

static void amd64_of_two_nodes(struct ktap *t)
{
	FOR_64_BITS(t);
	struct machine *m = sample_machine_numa2(t);

	ASSERT_NOT_NULL(t, m);
	numbers_set(m, pagetypeinfo_amd64_numa2);
	expect_file(t, m, "pagetypeinfo", pagetypeinfo_amd64_numa2);
}

/* Where that kernel's low memory ends is not where ours does: its zones are put in place of ours. */
static void i386_of_1G(struct ktap *t)
{
	struct machine *m = sample_machine(t, "kmem.layout=i386 mem=1G nr_cpus=1");

	ASSERT_NOT_NULL(t, m);
	m->nodes[0]->zones[ZONE_NORMAL].spanned_pages = 221182;
	m->nodes[0]->zones[ZONE_HIGHMEM].start_pfn = 225278;
	m->nodes[0]->zones[ZONE_HIGHMEM].spanned_pages = 36834;
	numbers_set(m, pagetypeinfo_i386_1G);
	expect_file(t, m, "pagetypeinfo", pagetypeinfo_i386_1G);
}

static void deferred_blocks_are_movable_ones(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=256M");
	struct zone *zone;
	char want[128];

	ASSERT_NOT_NULL(t, m);
	zone = &m->nodes[0]->zones[ZONE_BULK];
	if (m->params.layout_i386)
		zone = &m->nodes[0]->zones[ZONE_NORMAL];
	ASSERT_GT(t, zone->deferred_blocks, 0);
	machine_file(m, "pagetypeinfo", file_text, sizeof(file_text));
	snprintf(want, sizeof(want), " %6lu \nNode    0, zone %8s, type  Reclaimable",
		 zone->free_area[MAX_ORDER].nr_free + zone->deferred_blocks, zone->name);
	EXPECT_CONTAINS(t, file_text, want);
}

/* A long list is counted to 100,000 only. */
static void endless_list_is_cut(struct ktap *t)
{
	struct machine *m = sample_machine(t, "mem=64M nr_cpus=1");
	struct list_head *list;

	ASSERT_NOT_NULL(t, m);
	list = &m->zones[0]->free_area[3].free_list[MIGRATE_UNMOVABLE];
	entries[0].next = &entries[0];
	list->next = &entries[0];
	machine_file(m, "pagetypeinfo", file_text, sizeof(file_text));
	EXPECT_CONTAINS(t, file_text, " >100000 ");
}

static void holes_have_no_pageblocks(struct ktap *t)
{
	static const struct memory_range map[] = {
		{ 0, 16 << 20, MEMORY_RAM, 0 },
		{ 64 << 20, 16 << 20, MEMORY_RAM, 0 },
	};
	const struct machine_config config = { .map = map, .nr_ranges = 2, .cmdline = "kmem.fullest_first=off" };
	struct machine *m = machine_for_config(t, &config);

	ASSERT_NOT_NULL(t, m);
	machine_file(m, "pagetypeinfo", file_text, sizeof(file_text));
	EXPECT_EQ(t, m->zones[1]->spanned_pages, 64 << 20 >> PAGE_SHIFT);
	EXPECT_CONTAINS(t, file_text, "            8            0            0            0 \n");
	EXPECT_LACKS(t, file_text, "           32            0            0            0 \n");
}

/* The null page's, and the one that boot takes its own memory from. */
static void pageblocks_with_parts_of_boot_s_are_unmovable(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");

	ASSERT_NOT_NULL(t, m);
	machine_file(m, "pagetypeinfo", file_text, sizeof(file_text));
	EXPECT_CONTAINS(t, file_text, "Node 0, zone      DMA            1            7            0 ");
	EXPECT_CONTAINS(t, file_text,
			sizeof(long) == 8 ? "Node 0, zone    DMA32            1           23            0 " :
					    "Node 0, zone   Normal            1           23            0 ");
}

static void a_node_without_memory_is_left_out(struct ktap *t)
{
	const struct memory_range map[] = {
		{ 0, 32ul << 20, MEMORY_RAM, 0 }, { 32ul << 20, 32ul << 20, MEMORY_RAM, 2 },
	};
	struct machine *m = machine_for_config(t, &(struct machine_config){ .map = map, .nr_ranges = 2 });
	static char text[65536];
	unsigned int tables = 0;

	ASSERT_NOT_NULL(t, m);
	ASSERT_EQ(t, m->nr_nodes, 3);
	EXPECT_GT(t, pagetypeinfo_text(m, text, sizeof(text)), 0);
	EXPECT_CONTAINS(t, text, sizeof(long) == 8 ? "Node    2, zone    DMA32" : "Node    2, zone   Normal");
	EXPECT_LACKS(t, text, "Node    1");
	for (const char *at = text; (at = strstr(at, "Number of blocks type")); at++)
		tables++;
	EXPECT_EQ(t, tables, 2);
	show_mem(m);
	EXPECT_CONTAINS(t, console_text(), "Node 2 active_anon:");
	EXPECT_LACKS(t, console_text(), "Node 1");
}

KTAP_SUITE(proc_pagetypeinfo, KTAP_CASE(amd64_of_two_nodes), KTAP_CASE(i386_of_1G),
	   KTAP_CASE(deferred_blocks_are_movable_ones), KTAP_CASE(endless_list_is_cut),
	   KTAP_CASE(holes_have_no_pageblocks),
	   KTAP_CASE(pageblocks_with_parts_of_boot_s_are_unmovable),
	   KTAP_CASE(a_node_without_memory_is_left_out));
