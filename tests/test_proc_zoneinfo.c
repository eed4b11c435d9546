/* SPDX-License-Identifier: MIT */
/* test_proc_zoneinfo.c - with a real machine's counters the text is the real machine's. */
#include "tests/data/zoneinfo.h"
#include "tests/proc_sample.h"

/* A line is a name, spaces and a number. Is it this name? *at is then before the number. */
static bool line_is(const char *line, const char *name, const char **at)
{
	while (*line == ' ')
		line++;
	if (strncmp(line, name, strlen(name)) || line[strlen(name)] != ' ')
		return false;
	*at = line + strlen(name);
	return true;
}

/* "protection: (0, 927, ...)": the reserves of the zone types that this kind of PC has. */
static void protection_set(struct machine *m, struct zone *zone, const char *at)
{
	at = strchr(at, '(') + 1;
	for (enum zone_type type = 0; type < MAX_NR_ZONES; type++) {
		bool absent = m->params.layout_i386 ? type == ZONE_DMA32 || type == ZONE_DEVICE : type == ZONE_HIGHMEM;

		zone->lowmem_reserve[type] = absent ? 4711 : (long)sample_number(&at);
		at += !absent && *at == ',';
	}
}

static void zone_line_set(struct machine *m, struct zone *zone, const char *line)
{
	struct per_cpu_pages *pcp = zone_populated(zone) ? &m->cpus[0]->pcp[zone->index] : NULL;
	unsigned long *const words[] = {
		&zone->watermark_boost, &zone->watermark[WMARK_MIN], &zone->watermark[WMARK_LOW],
		&zone->watermark[WMARK_HIGH], &zone->spanned_pages, &zone->present_pages, &zone->managed_pages,
		&zone->start_pfn,
	};
	static const char *const names[] = {
		"boost", "min", "low", "high", "spanned", "present", "managed", "start_pfn:"
	};
	const char *at;

	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++)
		if (line_is(line, names[i], &at))
			*words[i] = sample_number(&at);
	for (enum zone_stat_item item = 0; item < NR_VM_ZONE_STAT_ITEMS; item++)
		if (line_is(line, zone_item_names[item], &at))
			zone->vm_stat[item] = (long)sample_number(&at);
	for (enum numa_stat_item item = 0; item < NR_VM_NUMA_EVENT_ITEMS; item++)
		if (line_is(line, numa_event_names[item], &at))
			m->cpus[0]->numa[zone->index][item] = sample_number(&at);
	for (enum node_stat_item item = 0; item < NR_VM_NODE_STAT_ITEMS; item++)
		if (line_is(line, node_item_names[item], &at))
			zone->node->vm_stat[item] = (long)sample_number(&at);
	if (line_is(line, "protection:", &at))
		protection_set(m, zone, at);
	if (pcp && line_is(line, "count:", &at))
		pcp->count = (int)sample_number(&at);
	if (pcp && line_is(line, "high:", &at))
		pcp->high = (int)sample_number(&at);
	if (pcp && line_is(line, "batch:", &at))
		pcp->batch = (int)sample_number(&at);
	if (line_is(line, "node_unreclaimable:", &at))
		zone->node->kswapd_failures = sample_number(&at) ? 16 : 0;
}

static void sample_check(struct ktap *t, struct machine *m, const char *sample)
{
	struct zone *zone = NULL;
	const char *lines = sample;
	char line[256];

	ASSERT_NOT_NULL(t, m);
	while (sample_line(&lines, line, sizeof(line))) {
		const char *at = line;
		struct zone *named = sample_zone(m, &at);

		if (named)
			zone = named;
		else
			zone_line_set(m, zone, line);
	}
	expect_file(t, m, "zoneinfo", sample);
}

static void amd64_of_1G(struct ktap *t)
{
	FOR_64_BITS(t);
	sample_check(t, sample_machine(t, "mem=1G nr_cpus=1"), zoneinfo_amd64_1G);
}

static void amd64_of_6G(struct ktap *t)
{
	FOR_64_BITS(t);
	sample_check(t, sample_machine(t, "mem=6G nr_cpus=1"), zoneinfo_amd64_6G);
}

static void amd64_of_two_nodes(struct ktap *t)
{
	FOR_64_BITS(t);
	sample_check(t, sample_machine_numa2(t), zoneinfo_amd64_numa2);
}

static void i386_of_1G(struct ktap *t)
{
	sample_check(t, sample_machine(t, "kmem.layout=i386 mem=1G nr_cpus=1"), zoneinfo_i386_1G);
}

static void i386_without_high_memory(struct ktap *t)
{
	sample_check(t, sample_machine(t, "kmem.layout=i386 mem=512M nr_cpus=1"), zoneinfo_i386_512M);
}

static void watermarks_are_boosted_ones(struct ktap *t)
{
	struct machine *m = sample_machine(t, "mem=64M nr_cpus=1");
	struct zone *zone;

	ASSERT_NOT_NULL(t, m);
	zone = m->zones[0];
	zone->watermark_boost = 100;
	zone->watermark[WMARK_MIN] = 10;
	zone->watermark[WMARK_LOW] = 20;
	zone->watermark[WMARK_HIGH] = 30;
	machine_file(m, "zoneinfo", file_text, sizeof(file_text));
	EXPECT_CONTAINS(t, file_text, "\n        boost    100\n        min      110\n        low      120\n"
				      "        high     130\n");
}

static void online_cpus_have_pagesets(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2");

	ASSERT_NOT_NULL(t, m);
	machine_file(m, "zoneinfo", file_text, sizeof(file_text));
	EXPECT_CONTAINS(t, file_text, "\n    cpu: 0\n");
	EXPECT(t, !strstr(file_text, "\n    cpu: 1\n") == (m->nr_online == 1));
}

static void high_memory_of_a_machine_of_the_other_kind_is_shown(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M highmem=16M");
	static char text[65536];

	ASSERT_NOT_NULL(t, m);
	EXPECT_GT(t, zoneinfo_text(m, text, sizeof(text)), 0);
	EXPECT_CONTAINS(t, text, "Node 0, zone  HighMem\n");
}

KTAP_SUITE(proc_zoneinfo, KTAP_CASE(amd64_of_1G), KTAP_CASE(amd64_of_6G), KTAP_CASE(amd64_of_two_nodes),
	   KTAP_CASE(i386_of_1G), KTAP_CASE(i386_without_high_memory), KTAP_CASE(watermarks_are_boosted_ones),
	   KTAP_CASE(online_cpus_have_pagesets),
	   KTAP_CASE(high_memory_of_a_machine_of_the_other_kind_is_shown));
