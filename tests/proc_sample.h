/* SPDX-License-Identifier: MIT */
/*
 * proc_sample.h - a machine that has the numbers of a real one, to compare its texts with the real one's.
 *
 *	struct machine *m = sample_machine(t, "mem=1G nr_cpus=1");
 *	... put a sample's numbers into zones, nodes and the CPU ...
 *	expect_file(t, m, "zoneinfo", sample);		byte for byte
 *
 * Samples are tests/data/<file>.h: the texts of Debian's Linux 6.1. What the test
 * put in is taken out again before the machine goes down.
 */
#ifndef TESTS_PROC_SAMPLE_H
#define TESTS_PROC_SAMPLE_H

#include <linux/ctype.h>
#include "mm/proc.h"
#include "mm/slab.h"
#include "tests/page_machine.h"

#define SAMPLE_NODES 2
#define SAMPLE_ZONES 8
#define FILE_BYTES 65536

static struct pglist_data kept_nodes[SAMPLE_NODES];
static struct per_cpu_pages kept_pcp[SAMPLE_ZONES];
static unsigned long kept_numa[SAMPLE_ZONES][NR_VM_NUMA_EVENT_ITEMS], kept_events[NR_VM_EVENT_ITEMS];
static unsigned long kept_totalram, kept_reserve;
static char file_text[FILE_BYTES];

static inline void counters_restore(void *arg)
{
	struct machine *m = arg;
	struct kmem_cpu *cpu = m->cpus[0];

	for (unsigned int nid = 0; nid < m->nr_nodes; nid++)
		*m->nodes[nid] = kept_nodes[nid];
	memcpy(cpu->pcp, kept_pcp, m->nr_zones * sizeof(kept_pcp[0]));
	memcpy(cpu->numa, kept_numa, m->nr_zones * sizeof(kept_numa[0]));
	memcpy(cpu->events, kept_events, sizeof(kept_events));
	m->totalram = kept_totalram;
	m->totalreserve_pages = kept_reserve;
}

static inline struct machine *sample_machine_of(struct ktap *t, const struct machine_config *config)
{
	struct machine *m = machine_for_config(t, config);

	if (!m || m->nr_nodes > SAMPLE_NODES || m->nr_zones > SAMPLE_ZONES)
		return NULL;
	for (unsigned int nid = 0; nid < m->nr_nodes; nid++)
		kept_nodes[nid] = *m->nodes[nid];
	memcpy(kept_pcp, m->cpus[0]->pcp, m->nr_zones * sizeof(kept_pcp[0]));
	memcpy(kept_numa, m->cpus[0]->numa, m->nr_zones * sizeof(kept_numa[0]));
	memcpy(kept_events, m->cpus[0]->events, sizeof(kept_events));
	kept_totalram = m->totalram;
	kept_reserve = m->totalreserve_pages;
	ktap_cleanup(t, counters_restore, m);
	for (unsigned int i = 0; i < m->nr_zones; i++) {
		struct per_cpu_pages *pcp = &m->cpus[0]->pcp[i];

		memset(pcp->order, 0, sizeof(pcp->order));
	}
	return m;
}

static inline struct machine *sample_machine(struct ktap *t, const char *cmdline)
{
	return sample_machine_of(t, &(struct machine_config){ .cmdline = cmdline });
}

/* The machine of the samples with two nodes: 2 GiB below the hole, then 1 GiB below 4 GiB and 1 GiB above it. */
static inline struct machine *sample_machine_numa2(struct ktap *t)
{
	static const struct memory_range map[] = {
		{ 0, 0x9f000, MEMORY_RAM, 0 },
		{ 1ull << 20, (2ull << 30) - (1 << 20), MEMORY_RAM, 0 },
		{ 2ull << 30, 1ull << 30, MEMORY_RAM, 1 },
		{ 4ull << 30, 1ull << 30, MEMORY_RAM, 1 },
	};

	return sample_machine_of(t, &(struct machine_config){ .cmdline = "nr_cpus=1", .map = map, .nr_ranges = 4 });
}

/* Cut the next line off *at. False at the end. */
static inline bool sample_line(const char **at, char *line, size_t size)
{
	size_t length = 0;

	if (!**at)
		return false;
	for (; **at && **at != '\n'; ++*at)
		if (length + 1 < size)
			line[length++] = **at;
	line[length] = '\0';
	*at += **at == '\n';
	return true;
}

/* The number that *at begins with after spaces; *at is then behind it. */
static inline unsigned long sample_number(const char **at)
{
	unsigned long value = 0;

	while (**at == ' ')
		++*at;
	for (; isdigit(**at); ++*at)
		value = value * 10 + (unsigned long)(**at - '0');
	return value;
}

/* The zone that a line names with "zone     NAME" after its node; *at is then behind it. NULL: it names none. */
static inline struct zone *sample_zone(struct machine *m, const char **at)
{
	static const char *const names[MAX_NR_ZONES] = { "DMA", "DMA32", "Normal", "HighMem", "Movable", "Device" };
	const char *word = *at;
	unsigned long nid;

	if (strncmp(word, "Node", 4))
		return NULL;
	word += 4;
	nid = sample_number(&word);
	word = strstr(word, ", zone ");
	if (!word || nid >= m->nr_nodes)
		return NULL;
	for (word += 7; *word == ' '; word++)
		;
	for (int type = MAX_NR_ZONES - 1; type >= 0; type--)
		if (!strncmp(word, names[type], strlen(names[type]))) {
			*at = word + strlen(names[type]);
			return &m->nodes[nid]->zones[type];
		}
	return NULL;
}

/* Equal, or the first line that differs is told. */
static inline void expect_same_text(struct ktap *t, const char *got, const char *want)
{
	char got_line[512], want_line[512];

	while (*got || *want) {
		if (!sample_line(&got, got_line, sizeof(got_line)))
			strcpy(got_line, "(end)");
		if (!sample_line(&want, want_line, sizeof(want_line)))
			strcpy(want_line, "(end)");
		if (!EXPECT_STR(t, got_line, want_line))
			return;
	}
}

static inline void expect_file(struct ktap *t, struct machine *m, const char *name, const char *want)
{
	long length = machine_file(m, name, file_text, sizeof(file_text));

	EXPECT_EQ(t, length, (long)strlen(file_text));
	expect_same_text(t, file_text, want);
	EXPECT(t, !strcmp(file_text, want));
}

#endif
