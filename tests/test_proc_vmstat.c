/* SPDX-License-Identifier: MIT */
/* test_proc_vmstat.c - with a real machine's counters the text is the real machine's; each counter has its own name. */
#include "tests/data/vmstat.h"
#include "tests/proc_sample.h"

#define NAME(constant, name) #name,
#define FAMILY(family) \
	#family "_dma", #family "_dma32", #family "_normal", #family "_high", #family "_movable", #family "_device",
static const char *const event_names[NR_VM_EVENT_ITEMS] = { KMEM_VM_EVENTS(NAME, FAMILY) };

/* Families are in capitals here. */
static bool same_name(const char *a, const char *b)
{
	for (; *a && tolower(*a) == tolower(*b); a++, b++)
		;
	return !*a && !*b;
}

static void counter_set(struct machine *m, const char *name, unsigned long value)
{
	for (enum zone_stat_item item = 0; item < NR_VM_ZONE_STAT_ITEMS; item++)
		if (same_name(name, zone_item_names[item]))
			m->zones[0]->vm_stat[item] = (long)value;
	for (enum numa_stat_item item = 0; item < NR_VM_NUMA_EVENT_ITEMS; item++)
		if (same_name(name, numa_event_names[item]))
			m->cpus[0]->numa[0][item] = value;
	for (enum node_stat_item item = 0; item < NR_VM_NODE_STAT_ITEMS; item++)
		if (same_name(name, node_item_names[item]))
			m->nodes[0]->vm_stat[item] = (long)value;
	for (enum vm_event_item item = 0; item < NR_VM_EVENT_ITEMS; item++)
		if (same_name(name, event_names[item]))
			m->cpus[0]->events[item] = value;
}

/* All in the machine's first zone, node and CPU; high_free pages are in its high zone. */
static void sample_check(struct ktap *t, struct machine *m, const char *sample, long high_free, unsigned long high_mark)
{
	const char *lines = sample;
	char line[128];

	ASSERT_NOT_NULL(t, m);
	for (unsigned int i = 0; i < m->nr_zones; i++) {
		memset(m->zones[i]->vm_stat, 0, sizeof(m->zones[i]->vm_stat));
		memset(m->cpus[0]->numa[i], 0, sizeof(m->cpus[0]->numa[i]));
	}
	while (sample_line(&lines, line, sizeof(line))) {
		char *space = strchr(line, ' ');
		const char *at = space + 1;

		*space = '\0';
		counter_set(m, line, sample_number(&at));
	}
	m->zones[0]->vm_stat[NR_FREE_PAGES] -= high_free;
	m->zones[m->nr_zones - 1]->vm_stat[NR_FREE_PAGES] += high_free;
	m->zones[m->nr_zones - 1]->watermark[WMARK_HIGH] = high_mark;
	expect_file(t, m, "vmstat", sample);
}

static void amd64_of_1G(struct ktap *t)
{
	FOR_64_BITS(t);
	struct machine *m = sample_machine(t, "mem=1G nr_cpus=1");

	ASSERT_NOT_NULL(t, m);
	m->totalreserve_pages = 267 + 927 + 16626;
	sample_check(t, m, vmstat_amd64_1G, 0, 0);
}

static void i386_of_1G(struct ktap *t)
{
	struct machine *m = sample_machine(t, "kmem.layout=i386 mem=1G nr_cpus=1");

	ASSERT_NOT_NULL(t, m);
	m->totalreserve_pages = 284 + 972 + 15805 + 1151 + 949;
	sample_check(t, m, vmstat_i386_1G, 36035, 949);
}

static void i386_of_3G(struct ktap *t)
{
	struct machine *m = sample_machine(t, "kmem.layout=i386 mem=3G nr_cpus=1");

	ASSERT_NOT_NULL(t, m);
	m->totalreserve_pages = 284 + 3000 + 15421 + 17535 + 14062;
	sample_check(t, m, vmstat_i386_3G, 560239, 14062);
}

/* A sample's counters are mostly 0, which would hide two that are swapped. */
static void every_counter_has_its_name(struct ktap *t)
{
	struct machine *m = sample_machine(t, "mem=64M nr_cpus=1");
	char want[96];

	ASSERT_NOT_NULL(t, m);
	for (enum vm_event_item item = 0; item < NR_VM_EVENT_ITEMS; item++)
		m->cpus[0]->events[item] = 7000 + item;
	for (enum node_stat_item item = 0; item < NR_VM_NODE_STAT_ITEMS; item++)
		m->nodes[0]->vm_stat[item] = 5000 + item;
	machine_file(m, "vmstat", file_text, sizeof(file_text));
	for (enum vm_event_item item = 0; item < NR_VM_EVENT_ITEMS; item++) {
		snprintf(want, sizeof(want), "\n%s %d\n", event_names[item], 7000 + item);
		for (char *c = want; *c; c++)
			*c = (char)tolower(*c);
		if (!m->params.layout_i386 && !strstr(want, "_high "))
			EXPECT_CONTAINS(t, file_text, want);
	}
	for (enum node_stat_item item = 0; item < NR_VM_NODE_STAT_ITEMS && !m->params.layout_i386; item++) {
		snprintf(want, sizeof(want), "\n%s %d\n", node_item_names[item], 5000 + item);
		EXPECT_CONTAINS(t, file_text, want);
	}
}

static void cpus_are_summed(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=3");

	ASSERT_NOT_NULL(t, m);
	for (unsigned int i = 0; i < 3; i++)
		m->cpus[i]->events[PGROTATED] = 100 << i;
	EXPECT_EQ(t, machine_event(m, PGROTATED), 700);
	machine_file(m, "vmstat", file_text, sizeof(file_text));
	EXPECT_CONTAINS(t, file_text, "\npgrotated 700\n");
}

KTAP_SUITE(proc_vmstat, KTAP_CASE(amd64_of_1G), KTAP_CASE(i386_of_1G), KTAP_CASE(i386_of_3G),
	   KTAP_CASE(every_counter_has_its_name), KTAP_CASE(cpus_are_summed));
