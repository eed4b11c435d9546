/* SPDX-License-Identifier: MIT */
/*
 * boot_log.c - what the kernel says of memory when it boots: zones, ranges, and on i386 where everything is.
 *
 * At KERN_DEBUG, which loglevel=8 shows: a machine that boots in a test is silent. The lines are Linux's, without those
 * of its own code and data, which are the host's here. Source: boot logs of Linux 6.1; the layout's lines, of kernels
 * that still had them.
 */
#include <linux/kernel.h>
#include <linux/printk.h>
#include "mm/highmem.h"
#include "mm/page_alloc.h"

#define MB(pages) ((unsigned long)(pages) >> (20 - PAGE_SHIFT))

static void zone_line(const struct machine *m, enum zone_type type, const char *name)
{
	pfn_t start, end, first = (pfn_t)(m->memblock.memory.regions[0].base >> PAGE_SHIFT);

	zone_limits(m, type, &start, &end);
	start = max(start, first);
	if (start < end)
		printk(KERN_DEBUG "  %-8s [mem 0x%016llx-0x%016llx]\n", name, (u64)start << PAGE_SHIFT,
		       ((u64)end << PAGE_SHIFT) - 1);
	else
		printk(KERN_DEBUG "  %-8s empty\n", name);
}

static void zones_log(const struct machine *m)
{
	printk(KERN_DEBUG "Zone ranges:\n");
	zone_line(m, ZONE_DMA, "DMA");
	if (!m->params.layout_i386)
		zone_line(m, ZONE_DMA32, "DMA32");
	zone_line(m, ZONE_NORMAL, "Normal");
	if (m->params.layout_i386 || m->max_low_pfn < m->max_pfn)
		zone_line(m, ZONE_HIGHMEM, "HighMem");
	if (!m->params.layout_i386)
		printk(KERN_DEBUG "  %-8s empty\n", "Device");
}

static void movable_log(const struct machine *m)
{
	printk(KERN_DEBUG "Movable zone start for each node\n");
	for (unsigned int nid = 0; nid < m->nr_nodes; nid++) {
		const struct zone *zone = &m->nodes[nid]->zones[ZONE_MOVABLE];

		if (zone_populated(zone))
			printk(KERN_DEBUG "  Node %u: 0x%016llx\n", nid, (u64)zone->start_pfn << PAGE_SHIFT);
	}
}

static void ranges_log(const struct machine *m)
{
	printk(KERN_DEBUG "Early memory node ranges\n");
	for (unsigned int i = 0; i < m->memblock.memory.nr; i++) {
		const struct memblock_region *region = &m->memblock.memory.regions[i];
		u64 end = (region->base + region->size) & ~(u64)(PAGE_SIZE - 1);

		printk(KERN_DEBUG "  node %3d: [mem 0x%016llx-0x%016llx]\n", region->nid, region->base, end - 1);
	}
}

static void layout_line(const char *name, unsigned long start, unsigned long end, unsigned int shift, const char *unit)
{
	printk(KERN_DEBUG "    %-8s: 0x%08lx - 0x%08lx   (%4lu %s)\n", name, start, end, (end - start) >> shift, unit);
}

/* From the top of all addresses down. */
static void layout_log(const struct machine *m)
{
	const struct host_layout *layout = &m->layout;
	unsigned long local = m->kmap_base + KMAP_LOCAL_OFFSET;

	printk(KERN_DEBUG "virtual kernel memory layout:\n");
	if (m->kmap_base) {
		layout_line("fixmap", local, m->kmap_base + (I386_FIXADDR_TOP - I386_KMAP_BASE), 10, "kB");
		layout_line("pkmap", m->kmap_base, m->kmap_base + LAST_PKMAP * PAGE_SIZE, 10, "kB");
	}
	layout_line("vmalloc", layout->vmalloc_start, layout->vmalloc_end, 20, "MB");
	layout_line("lowmem", layout->direct_base, layout->direct_base + (m->max_low_pfn << PAGE_SHIFT), 20, "MB");
}

void boot_log(const struct machine *m)
{
	if (m->params.loglevel <= 7)
		return;
	if (m->params.layout_i386) {
		printk(KERN_DEBUG "%luMB HIGHMEM available.\n", MB(m->max_pfn - m->max_low_pfn));
		printk(KERN_DEBUG "%luMB LOWMEM available.\n", MB(m->max_low_pfn));
	}
	zones_log(m);
	movable_log(m);
	ranges_log(m);
	if (m->params.layout_i386)
		layout_log(m);
}
