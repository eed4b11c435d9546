/* SPDX-License-Identifier: MIT */
/*
 * proc_meminfo.c - /proc/meminfo: where the memory is, in kB.
 *
 *	MemAvailable = MemFree - reserves + half of the page cache, or more + half of reclaimable slabs, or more
 *	VmallocTotal = the vmalloc window		Percpu = the CPUs' own areas, and percpu.c's
 *	DirectMap2M  = whole 2 MiB of the direct map	DirectMap4k = what is left of it
 *
 * What kmem does not have (swap, user memory, huge pages) is 0.
 * Source: filesystems/proc.rst.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include "mm/buddy.h"
#include "mm/percpu.h"
#include "mm/proc.h"
#include "mm/vmalloc.h"

#define KB(pages) ((unsigned long)(pages) << (PAGE_SHIFT - 10))
#define NAME_WIDTH 16			/* with colon */
#define VALUE_ENDS 24			/* the column; longer ones go on */
#define HUGE_PAGE_KB 2048ul
#define OVERCOMMIT_PERCENT 50ul		/* vm.overcommit_ratio: no one changes it here */

enum { IN_KB = 1, HIGH = 2 };

#define LINE(constant, name, unit) { #name, unit },
static const struct {
	const char *name;
	unsigned int unit;
} lines[NR_MEMINFO_LINES] = { MEMINFO_LINES(LINE) };

/* Memory that could be had without hurting: all of it but half, or a low watermark of each zone if that is less. */
static unsigned long easily_reclaimed(unsigned long pages, unsigned long low)
{
	return pages - min(pages / 2, low);
}

unsigned long machine_available_pages(struct machine *m)
{
	unsigned long slab = machine_node_item(m, NR_SLAB_RECLAIMABLE) +
			     machine_node_item(m, NR_KERNEL_MISC_RECLAIMABLE);
	unsigned long cache = machine_node_item(m, NR_ACTIVE_FILE) + machine_node_item(m, NR_INACTIVE_FILE);
	long available = (long)machine_zone_item(m, NR_FREE_PAGES) - (long)m->totalreserve_pages;
	unsigned long low = 0;

	for (unsigned int i = 0; i < m->nr_zones; i++)
		low += zone_mark(m->zones[i], WMARK_LOW);
	available += (long)(easily_reclaimed(cache, low) + easily_reclaimed(slab, low));
	return available > 0 ? (unsigned long)available : 0;
}

static void read_totals(struct machine *m, unsigned long *values)
{
	unsigned long high = 0, high_free = 0, free = machine_zone_item(m, NR_FREE_PAGES);

	for (unsigned int i = 0; i < m->nr_zones; i++) {
		if (m->zones[i]->start_pfn < m->max_low_pfn)
			continue;
		high += __atomic_load_n(&m->zones[i]->managed_pages, __ATOMIC_RELAXED);
		high_free += zone_item(m->zones[i], NR_FREE_PAGES);
	}
	values[MEM_TOTAL] = KB(m->totalram);
	values[MEM_FREE] = KB(free);
	values[MEM_AVAILABLE] = KB(machine_available_pages(m));
	values[MEM_HIGH_TOTAL] = KB(high);
	values[MEM_HIGH_FREE] = KB(high_free);
	values[MEM_LOW_TOTAL] = KB(m->totalram - high);
	values[MEM_LOW_FREE] = KB(free - min(free, high_free));
	values[MEM_COMMIT_LIMIT] = KB(m->totalram * OVERCOMMIT_PERCENT / 100);
}

/* Lines that are one item of the nodes. */
static void read_items(struct machine *m, unsigned long *values)
{
	static const struct {
		u16 line, item;
	} items[] = {
		{ MEM_SWAP_CACHED, NR_SWAPCACHED },	    { MEM_ACTIVE_ANON, NR_ACTIVE_ANON },
		{ MEM_INACTIVE_ANON, NR_INACTIVE_ANON },    { MEM_ACTIVE_FILE, NR_ACTIVE_FILE },
		{ MEM_INACTIVE_FILE, NR_INACTIVE_FILE },    { MEM_UNEVICTABLE, NR_UNEVICTABLE },
		{ MEM_DIRTY, NR_DIRTY },		    { MEM_WRITEBACK, NR_WRITEBACK },
		{ MEM_ANON_PAGES, NR_ANON_PAGES },	    { MEM_MAPPED, NR_MAPPED },
		{ MEM_SHMEM, NR_SHMEM },		    { MEM_SRECLAIMABLE, NR_SLAB_RECLAIMABLE },
		{ MEM_SUNRECLAIM, NR_SLAB_UNRECLAIMABLE },  { MEM_PAGE_TABLES, NR_PAGE_TABLE_PAGES },
		{ MEM_SEC_PAGE_TABLES, NR_SEC_PAGE_TABLE_PAGES }, { MEM_WRITEBACK_TMP, NR_WRITEBACK_TEMP },
		{ MEM_ANON_HUGE_PAGES, NR_ANON_TRANSPARENT_HUGEPAGES }, { MEM_SHMEM_HUGE_PAGES, NR_SHMEM_HUGEPAGES },
		{ MEM_SHMEM_PMD_MAPPED, NR_SHMEM_PMDMAPPED }, { MEM_FILE_HUGE_PAGES, NR_FILE_HUGEPAGES },
		{ MEM_FILE_PMD_MAPPED, NR_FILE_PMDMAPPED },
	};

	for (size_t i = 0; i < ARRAY_SIZE(items); i++)
		values[items[i].line] = KB(machine_node_item(m, (enum node_stat_item)items[i].item));
	values[MEM_CACHED] = KB(machine_node_item(m, NR_FILE_PAGES)) - values[MEM_SWAP_CACHED];
	values[MEM_ACTIVE] = values[MEM_ACTIVE_ANON] + values[MEM_ACTIVE_FILE];
	values[MEM_INACTIVE] = values[MEM_INACTIVE_ANON] + values[MEM_INACTIVE_FILE];
	values[MEM_MLOCKED] = KB(machine_zone_item(m, NR_MLOCK));
	values[MEM_BOUNCE] = KB(machine_zone_item(m, NR_BOUNCE));
	values[MEM_SLAB] = values[MEM_SRECLAIMABLE] + values[MEM_SUNRECLAIM];
	values[MEM_KRECLAIMABLE] = values[MEM_SRECLAIMABLE] + KB(machine_node_item(m, NR_KERNEL_MISC_RECLAIMABLE));
	values[MEM_KERNEL_STACK] = machine_node_item(m, NR_KERNEL_STACK);	/* is in kB */
}

static void read_windows(struct machine *m, unsigned long *values)
{
	unsigned long rest = m->max_low_pfn % PAGEBLOCK_PAGES;

	values[MEM_VMALLOC_TOTAL] = (m->layout.vmalloc_end - m->layout.vmalloc_start) >> 10;
	values[MEM_VMALLOC_USED] = m->vmalloc ? KB(machine_vmalloc_pages(m)) : 0;
	values[MEM_PERCPU] = (m->nr_cpus * m->cpu_bytes + percpu_bytes(m)) >> 10;
	values[MEM_HUGE_PAGE_SIZE] = HUGE_PAGE_KB;
	values[MEM_DIRECT_MAP_4K] = KB(rest);
	values[MEM_DIRECT_MAP_2M] = KB(m->max_low_pfn - rest);
}

void meminfo_read(struct machine *m, unsigned long values[NR_MEMINFO_LINES])
{
	for (unsigned int line = 0; line < NR_MEMINFO_LINES; line++)
		values[line] = 0;
	read_totals(m, values);
	read_items(m, values);
	read_windows(m, values);
}

void meminfo_format(struct text *text, const unsigned long values[NR_MEMINFO_LINES], bool has_high)
{
	for (unsigned int line = 0; line < NR_MEMINFO_LINES; line++) {
		int width = (int)strlen(lines[line].name) + 1;

		if ((lines[line].unit & HIGH) && !has_high)
			continue;
		width = max(width, NAME_WIDTH);
		text_add(text, "%s:%*s%*lu%s\n", lines[line].name, width - (int)strlen(lines[line].name) - 1, "",
			 VALUE_ENDS - width, values[line], lines[line].unit & IN_KB ? " kB" : "");
	}
}

long meminfo_text(struct machine *m, char *buf, size_t size)
{
	struct text text = text_in(buf, size);
	unsigned long values[NR_MEMINFO_LINES];

	meminfo_read(m, values);
	meminfo_format(&text, values, zone_type_is_shown(m, ZONE_HIGHMEM));
	return (long)text.length;
}
