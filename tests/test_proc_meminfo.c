/* SPDX-License-Identifier: MIT */
/* test_proc_meminfo.c - a real machine's lines are formatted as it does, and computed as it does. */
#include "mm/vmalloc.h"
#include "tests/data/meminfo.h"
#include "tests/proc_sample.h"

#define LINE_NAME(constant, name, unit) #name,
static const char *const names[NR_MEMINFO_LINES] = { MEMINFO_LINES(LINE_NAME) };

/* The sample's values by line; lines that it has not are 0. */
static void sample_read(const char *sample, unsigned long values[NR_MEMINFO_LINES])
{
	char line[128];

	memset(values, 0, NR_MEMINFO_LINES * sizeof(values[0]));
	while (sample_line(&sample, line, sizeof(line))) {
		const char *colon = strchr(line, ':'), *at = colon + 1;

		for (unsigned int i = 0; i < NR_MEMINFO_LINES; i++)
			if (strlen(names[i]) == (size_t)(colon - line) && !strncmp(names[i], line, strlen(names[i])))
				values[i] = sample_number(&at);
	}
}

static void format_check(struct ktap *t, const char *sample, bool has_high)
{
	unsigned long values[NR_MEMINFO_LINES];
	struct text text = text_in(file_text, sizeof(file_text));

	sample_read(sample, values);
	meminfo_format(&text, values, has_high);
	expect_same_text(t, file_text, sample);
	EXPECT_EQ(t, text.length, strlen(sample));
}

/* A line as wide as no 32-bit machine's may be. */
static void amd64_lines_are_the_kernels(struct ktap *t)
{
	if (sizeof(long) == 4) {
		ktap_skip(t, "VmallocTotal of a 64-bit machine has no room in a word");
		return;
	}
	format_check(t, meminfo_amd64_1G, false);
	format_check(t, meminfo_amd64_numa2, false);
}

static void i386_lines_are_the_kernels(struct ktap *t)
{
	format_check(t, meminfo_i386_1G, true);
}

/* A zone's free pages, low and high watermark. */
struct zone_numbers {
	enum zone_type type;
	int nid;
	long free;
	unsigned long managed, low;
};

static void zones_set(struct machine *m, const struct zone_numbers *numbers, unsigned int nr)
{
	m->totalram = 0;
	for (unsigned int i = 0; i < nr; i++) {
		struct zone *zone = &m->nodes[numbers[i].nid]->zones[numbers[i].type];

		zone->vm_stat[NR_FREE_PAGES] = numbers[i].free;
		zone->managed_pages = numbers[i].managed;
		zone->watermark[WMARK_LOW] = numbers[i].low;
		zone->watermark_boost = 0;
		m->totalram += numbers[i].managed;
	}
}

/* Node items in pages, as the sample's zoneinfo has them. */
static void items_set(struct machine *m, const unsigned long *values)
{
	struct pglist_data *node = m->nodes[0];

	memset(node->vm_stat, 0, sizeof(node->vm_stat));
	node->vm_stat[NR_ACTIVE_ANON] = (long)values[MEM_ACTIVE_ANON] / 4;
	node->vm_stat[NR_INACTIVE_ANON] = (long)values[MEM_INACTIVE_ANON] / 4;
	node->vm_stat[NR_ANON_PAGES] = (long)values[MEM_ANON_PAGES] / 4;
	node->vm_stat[NR_MAPPED] = (long)values[MEM_MAPPED] / 4;
	node->vm_stat[NR_FILE_PAGES] = (long)values[MEM_CACHED] / 4;
	node->vm_stat[NR_SHMEM] = (long)values[MEM_SHMEM] / 4;
	node->vm_stat[NR_SLAB_RECLAIMABLE] = (long)values[MEM_SRECLAIMABLE] / 4;
	node->vm_stat[NR_SLAB_UNRECLAIMABLE] = (long)values[MEM_SUNRECLAIM] / 4;
	node->vm_stat[NR_PAGE_TABLE_PAGES] = (long)values[MEM_PAGE_TABLES] / 4;
	node->vm_stat[NR_KERNEL_STACK] = (long)values[MEM_KERNEL_STACK];
}

/* Every line but those that say how the machine is made (windows, per-CPU areas) and what kmem has not. */
static void computed_check(struct ktap *t, struct machine *m, const unsigned long *want, bool has_high)
{
	unsigned long got[NR_MEMINFO_LINES];

	meminfo_read(m, got);
	for (enum meminfo_line line = 0; line < NR_MEMINFO_LINES; line++) {
		bool own = line == MEM_COMMITTED_AS || line == MEM_VMALLOC_TOTAL || line == MEM_VMALLOC_USED ||
			   line == MEM_PERCPU || line == MEM_DIRECT_MAP_4K || line == MEM_DIRECT_MAP_2M;

		if (own || (!has_high && line >= MEM_HIGH_TOTAL && line <= MEM_LOW_FREE))
			continue;
		if (!EXPECT_EQ(t, got[line], want[line]))
			ktap_note(t, "line %s", names[line]);
	}
}

static void amd64_values_are_the_kernels(struct ktap *t)
{
	FOR_64_BITS(t);
	static const struct zone_numbers zones[] = {
		{ ZONE_DMA, 0, 3808, 3840, 223 },
		{ ZONE_DMA32, 0, 230588, 239792, 13855 },
	};
	struct machine *m = sample_machine(t, "mem=1G nr_cpus=1");
	unsigned long values[NR_MEMINFO_LINES];

	ASSERT_NOT_NULL(t, m);
	sample_read(meminfo_amd64_1G, values);
	zones_set(m, zones, ARRAY_SIZE(zones));
	items_set(m, values);
	m->totalreserve_pages = 267 + 927 + 16626;
	computed_check(t, m, values, false);
}

/* The boot code that this kernel freed after it had counted its high zone is in MemTotal. */
static void i386_values_are_the_kernels(struct ktap *t)
{
	static const struct zone_numbers zones[] = {
		{ ZONE_DMA, 0, 3840, 3840, 237 },
		{ ZONE_NORMAL, 0, 209101, 212645, 13171 },
		{ ZONE_HIGHMEM, 0, 36035, 36834, 492 },
	};
	struct machine *m = sample_machine(t, "kmem.layout=i386 mem=1G nr_cpus=1");
	unsigned long values[NR_MEMINFO_LINES];

	ASSERT_NOT_NULL(t, m);
	sample_read(meminfo_i386_1G, values);
	zones_set(m, zones, ARRAY_SIZE(zones));
	items_set(m, values);
	m->totalreserve_pages = 284 + 972 + 15805 + 1151 + 949;
	computed_check(t, m, values, true);
}

static unsigned long value_of(const char *name)
{
	const char *at = strstr(file_text, name);

	if (!at)
		return ~0ul;
	at += strlen(name);
	return sample_number(&at);
}

static void own_numbers_follow_the_machine(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=256M nr_cpus=2");
	unsigned long before;
	void *area;

	ASSERT_NOT_NULL(t, m);
	machine_file(m, "meminfo", file_text, sizeof(file_text));
	EXPECT_EQ(t, value_of("\nDirectMap4k:") + value_of("\nDirectMap2M:"), m->max_low_pfn * 4);
	EXPECT_EQ(t, value_of("\nVmallocTotal:"), (m->layout.vmalloc_end - m->layout.vmalloc_start) / 1024);
	EXPECT_EQ(t, value_of("\nPercpu:"), 2 * m->cpu_bytes / 1024);
	before = value_of("\nVmallocUsed:");
	area = vmalloc(10 * PAGE_SIZE);
	machine_file(m, "meminfo", file_text, sizeof(file_text));
	EXPECT_EQ(t, value_of("\nVmallocUsed:"), before + 40);
	EXPECT_LE(t, value_of("\nMemAvailable:"), value_of("MemTotal:"));
	vfree(area);
}

KTAP_SUITE(proc_meminfo, KTAP_CASE(amd64_lines_are_the_kernels), KTAP_CASE(i386_lines_are_the_kernels),
	   KTAP_CASE(amd64_values_are_the_kernels), KTAP_CASE(i386_values_are_the_kernels),
	   KTAP_CASE(own_numbers_follow_the_machine));
