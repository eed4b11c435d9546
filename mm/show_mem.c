/* SPDX-License-Identifier: MIT */
/*
 * show_mem.c - the machine's memory in the kernel's words: "Mem-Info:", and the report of an allocation that failed.
 *
 * Numbers are read without stopping anyone; those of one zone's free lists are of one moment.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/printk.h>
#include <linux/string.h>
#include "mm/buddy.h"
#include "mm/stats.h"

#define KB(pages) ((unsigned long)(pages) << (PAGE_SHIFT - 10))
#define KSWAPD_GIVES_UP 16

static void show_totals(const struct machine *m)
{
#define NODES(item) machine_node_item(m, item)
#define ZONES(item) machine_zone_item(m, item)
	unsigned long pcp = 0;

	for (unsigned int i = 0; i < m->nr_zones; i++)
		pcp += zone_pcp_pages(m->zones[i]);
	pr_warn("active_anon:%lu inactive_anon:%lu isolated_anon:%lu\n", NODES(NR_ACTIVE_ANON),
		NODES(NR_INACTIVE_ANON), NODES(NR_ISOLATED_ANON));
	pr_warn(" active_file:%lu inactive_file:%lu isolated_file:%lu\n", NODES(NR_ACTIVE_FILE),
		NODES(NR_INACTIVE_FILE), NODES(NR_ISOLATED_FILE));
	pr_warn(" unevictable:%lu dirty:%lu writeback:%lu\n", NODES(NR_UNEVICTABLE), NODES(NR_DIRTY),
		NODES(NR_WRITEBACK));
	pr_warn(" slab_reclaimable:%lu slab_unreclaimable:%lu\n", NODES(NR_SLAB_RECLAIMABLE),
		NODES(NR_SLAB_UNRECLAIMABLE));
	pr_warn(" mapped:%lu shmem:%lu pagetables:%lu\n", NODES(NR_MAPPED), NODES(NR_SHMEM),
		NODES(NR_PAGE_TABLE_PAGES));
	pr_warn(" sec_pagetables:%lu bounce:%lu\n", NODES(NR_SEC_PAGE_TABLE_PAGES), ZONES(NR_BOUNCE));
	pr_warn(" kernel_misc_reclaimable:%lu\n", NODES(NR_KERNEL_MISC_RECLAIMABLE));
	pr_warn(" free:%lu free_pcp:%lu free_cma:%lu\n", ZONES(NR_FREE_PAGES), pcp, ZONES(NR_FREE_CMA));
#undef NODES
#undef ZONES
}

static void show_node(const struct pglist_data *node)
{
	static const struct {
		const char *format;
		enum node_stat_item item;
	} fields[] = {
		{ " active_anon:%lukB", NR_ACTIVE_ANON }, { " inactive_anon:%lukB", NR_INACTIVE_ANON },
		{ " active_file:%lukB", NR_ACTIVE_FILE }, { " inactive_file:%lukB", NR_INACTIVE_FILE },
		{ " unevictable:%lukB", NR_UNEVICTABLE }, { " isolated(anon):%lukB", NR_ISOLATED_ANON },
		{ " isolated(file):%lukB", NR_ISOLATED_FILE }, { " mapped:%lukB", NR_MAPPED },
		{ " dirty:%lukB", NR_DIRTY }, { " writeback:%lukB", NR_WRITEBACK }, { " shmem:%lukB", NR_SHMEM },
		{ " shmem_thp: %lukB", NR_SHMEM_HUGEPAGES }, { " shmem_pmdmapped: %lukB", NR_SHMEM_PMDMAPPED },
		{ " anon_thp: %lukB", NR_ANON_TRANSPARENT_HUGEPAGES },
		{ " writeback_tmp:%lukB", NR_WRITEBACK_TEMP }, { " kernel_stack:%lukB", NR_KERNEL_STACK },
		{ " pagetables:%lukB", NR_PAGE_TABLE_PAGES }, { " sec_pagetables:%lukB", NR_SEC_PAGE_TABLE_PAGES },
	};
	char line[640];
	int length = 0;

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		unsigned long value = (unsigned long)__atomic_load_n(&node->vm_stat[fields[i].item], __ATOMIC_RELAXED);

		/* A kernel stack is counted in kB. */
		length += scnprintf(line + length, sizeof(line) - (size_t)length, fields[i].format,
				    fields[i].item == NR_KERNEL_STACK ? value : KB(value));
	}
	pr_warn("Node %d%s all_unreclaimable? %s\n", node->nid, line,
		__atomic_load_n(&node->kswapd_failures, __ATOMIC_RELAXED) >= KSWAPD_GIVES_UP ? "yes" : "no");
}

/* A kernel without NUMA, as that of i386, says nothing of a zone's node. */
static const char *zone_title(const struct zone *zone, char *buf, size_t size)
{
	if (zone->machine->params.layout_i386)
		return zone->name;
	scnprintf(buf, size, "Node %d %s", zone->nid, zone->name);
	return buf;
}

static void show_zone(struct zone *zone)
{
	const struct kmem_cpu *here = this_cpu();
	unsigned long local = here->machine == zone->machine ? pcp_pages(&here->pcp[zone->index]) : 0;
	char line[128], title[32];
	int length = 0;

	pr_warn("%s free:%lukB boost:%lukB min:%lukB low:%lukB high:%lukB reserved_highatomic:%luKB "
		"active_anon:%lukB inactive_anon:%lukB active_file:%lukB inactive_file:%lukB unevictable:%lukB "
		"writepending:%lukB present:%lukB managed:%lukB mlocked:%lukB bounce:%lukB free_pcp:%lukB "
		"local_pcp:%lukB free_cma:%lukB\n", zone_title(zone, title, sizeof(title)),
		KB(zone_page_state(zone, NR_FREE_PAGES)),
		KB(__atomic_load_n(&zone->watermark_boost, __ATOMIC_RELAXED)), KB(zone_watermark(zone, WMARK_MIN)),
		KB(zone_watermark(zone, WMARK_LOW)), KB(zone_watermark(zone, WMARK_HIGH)),
		KB(__atomic_load_n(&zone->nr_reserved_highatomic, __ATOMIC_RELAXED)),
		KB(zone_page_state(zone, NR_ZONE_ACTIVE_ANON)), KB(zone_page_state(zone, NR_ZONE_INACTIVE_ANON)),
		KB(zone_page_state(zone, NR_ZONE_ACTIVE_FILE)), KB(zone_page_state(zone, NR_ZONE_INACTIVE_FILE)),
		KB(zone_page_state(zone, NR_ZONE_UNEVICTABLE)), KB(zone_page_state(zone, NR_ZONE_WRITE_PENDING)),
		KB(zone->present_pages), KB(zone_managed(zone)), KB(zone_page_state(zone, NR_MLOCK)),
		KB(zone_page_state(zone, NR_BOUNCE)), KB(zone_pcp_pages(zone)), KB(local),
		KB(zone_page_state(zone, NR_FREE_CMA)));
	for (enum zone_type type = 0; type < MAX_NR_ZONES; type++)
		if (zone_type_is_shown(zone->machine, type))
			length += scnprintf(line + length, sizeof(line) - (size_t)length, " %ld",
					    zone->lowmem_reserve[type]);
	pr_warn("lowmem_reserve[]:%s\n", line);
}

/* "3*4kB (UM) 0*8kB ... = 12kB": the free blocks of each order, and whose lists they are on. */
static void show_free_blocks(struct zone *zone)
{
	static const char letters[MIGRATE_TYPES] = { 'U', 'M', 'E', 'H', 'C', 'I' };
	unsigned long blocks[NR_ORDERS], flags, total = 0;
	unsigned char types[NR_ORDERS] = { 0 };
	char line[512], title[32];
	int length = 0;

	spin_lock_irqsave(&zone->lock, flags);
	for (unsigned int order = 0; order <= MAX_ORDER; order++) {
		blocks[order] = buddy_count(zone, order);
		total += blocks[order] << order;
		for (enum migratetype type = 0; type < MIGRATE_TYPES; type++)
			types[order] |= (unsigned char)(buddy_has(zone, order, type) << type);
	}
	spin_unlock_irqrestore(&zone->lock, flags);
	for (unsigned int order = 0; order <= MAX_ORDER; order++) {
		char names[MIGRATE_TYPES + 1], *name = names;

		for (enum migratetype type = 0; type < MIGRATE_TYPES; type++)
			if (types[order] >> type & 1)
				*name++ = letters[type];
		*name = '\0';
		length += scnprintf(line + length, sizeof(line) - (size_t)length, "%lu*%lukB ", blocks[order],
				    KB(1ul) << order);
		if (blocks[order])
			length += scnprintf(line + length, sizeof(line) - (size_t)length, "(%s) ", names);
	}
	pr_warn("%s: %s= %lukB\n", zone_title(zone, title, sizeof(title)), line, KB(total));
}

static void show_rest(const struct machine *m)
{
	unsigned long present = 0, high = 0, managed = 0;

	for (unsigned int i = 0; i < m->nr_zones; i++) {
		const struct zone *zone = m->zones[i];

		present += zone->present_pages;
		managed += zone->managed_pages;
		if (zone->type == ZONE_HIGHMEM || zone->type == ZONE_MOVABLE)
			high += zone->managed_pages;
	}
	for (unsigned int nid = 0; nid < m->nr_nodes; nid++)
		if (m->nodes[nid]->present_pages)
			pr_warn("Node %u hugepages_total=0 hugepages_free=0 hugepages_surp=0 hugepages_size=2048kB\n",
				nid);
	pr_warn("%lu total pagecache pages\n", machine_node_item(m, NR_FILE_PAGES));
	pr_warn("%lu pages in swap cache\n", machine_node_item(m, NR_SWAPCACHED));
	pr_warn("Free swap  = 0kB\n");
	pr_warn("Total swap = 0kB\n");
	pr_warn("%lu pages RAM\n", present);
	pr_warn("%lu pages HighMem/MovableOnly\n", high);
	pr_warn("%lu pages reserved\n", present - managed);
	pr_warn("0 pages hwpoisoned\n");
}

/* The zones that a request up to highest could have used. */
static void show_mem_below(struct machine *m, enum zone_type highest)
{
	pr_warn("Mem-Info:\n");
	show_totals(m);
	for (unsigned int nid = 0; nid < m->nr_nodes; nid++)
		if (m->nodes[nid]->present_pages)
			show_node(m->nodes[nid]);
	for (unsigned int i = 0; i < m->nr_zones; i++)
		if (m->zones[i]->type <= highest)
			show_zone(m->zones[i]);
	for (unsigned int i = 0; i < m->nr_zones; i++)
		if (m->zones[i]->type <= highest)
			show_free_blocks(m->zones[i]);
	show_rest(m);
}

void show_mem(struct machine *m)
{
	show_mem_below(m, MAX_NR_ZONES - 1);
}

void warn_alloc(gfp_t gfp, const void *nodemask, const char *format, ...)
{
	struct machine *m = this_machine();
	char what[128], names[256], nodes[16] = "0";
	va_list args;

	(void)nodemask;
	if ((gfp & __GFP_NOWARN) || !__ratelimit(&m->nopage_ratelimit))
		return;
	va_start(args, format);
	vscnprintf(what, sizeof(what), format, args);
	va_end(args);
	gfp_format(names, sizeof(names), gfp);
	if (m->nr_nodes > 1)
		scnprintf(nodes, sizeof(nodes), "0-%u", m->nr_nodes - 1);
	pr_warn("%s: %s, mode:%#x(%s), nodemask=(null),cpuset=/,mems_allowed=%s\n", host_task()->comm, what, gfp, names,
		nodes);
	dump_stack();
	show_mem_below(m, machine_gfp_zone(m, gfp));
}
