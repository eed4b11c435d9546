/* SPDX-License-Identifier: MIT */
/*
 * explain.c - what is this address, what is this page?
 *
 *	address	NULL, error, ZERO_SIZE_PTR
 *		direct map		its page, or the object in it
 *		vmalloc window		its area
 *		kmap's window		its slot, and the page that the slot reaches
 *		vmemmap			the page that it describes
 *		another machine's windows, struct machine, or nothing of ours
 *	page	hole, reserved, not yet described, free block, CPU's list, slab, large object, page table, in use
 *
 * May be called in any context and of a machine that runs: the answer is then of about now.
 */
#include <kmem/check.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include "mm/cpus.h"
#include "mm/highmem.h"
#include "mm/page_alloc.h"
#include "mm/pageblock.h"
#include "mm/slab_walk.h"
#include "mm/text.h"
#include "mm/vmalloc.h"

static bool in_window(const void *address, unsigned long start, unsigned long bytes)
{
	return (unsigned long)address - start < bytes;
}

/* --------------------------------------------------------------------------------------------------------- pages */

static unsigned int free_order(const struct page *page)
{
	return page_type_value(page) & PCP_ORDER_MASK;
}

/* The first page of the free block or list entry of that type that holds pfn; *copy is its descriptor. NULL: none. */
static const struct page *free_head(struct machine *m, pfn_t pfn, u32 type, struct page *copy)
{
	for (unsigned int order = 0; order <= MAX_ORDER; order++) {
		const struct page *head = machine_page(m, pfn & ~((1ul << order) - 1));

		if (page_peek(m, head, copy) && page_type_of(copy) == type && free_order(copy) >= order)
			return head;
	}
	return NULL;
}

/* Free, and on whose list? False: it is not. */
static bool add_free(struct text *text, struct machine *m, pfn_t pfn)
{
	static const char *const types[MIGRATE_TYPES] = {
		"unmovable", "movable", "reclaimable", "high-order atomic", "CMA", "isolated"
	};
	struct page copy;
	const struct page *head = free_head(m, pfn, PGTY_BUDDY, &copy);

	if (head) {
		text_add(text, "free page, in a block of order %u at pfn %lu on the %s list", free_order(&copy),
			 machine_pfn(m, head), copy.free_type < MIGRATE_TYPES ? types[copy.free_type] : "?");
		return true;
	}
	head = free_head(m, pfn, PGTY_PCP, &copy);
	if (head)
		text_add(text, "free page, in a block of order %u at pfn %lu on a CPU's own list",
			 free_order(&copy), machine_pfn(m, head));
	return head;
}

/* head: the first page of page's block, if that is a compound one, and copy its descriptor; else page and its own. */
static void add_in_use(struct text *text, const struct machine *m, const struct page *head, const struct page *copy)
{
	struct page tail;

	if ((copy->flags & 1ul << PG_head) && page_peek(m, head + 1, &tail))
		text_add(text, "page in use, of a compound block of order %u at pfn %lu, reference count %d",
			 tail.compound_order, machine_pfn(m, head), copy->_refcount.counter);
	else if (copy->_refcount.counter > 0)
		text_add(text, "page in use, reference count %d", copy->_refcount.counter);
	else
		text_add(text, "page in use, in a block whose first page has the reference count");
}

/* Of a large object whose first page's type has that value: how large, and whether it is free. */
static void add_large(struct text *text, const struct machine *m, const struct page *head, u32 value)
{
	int cpu = large_stands_aside(m, head);

	text_add(text, "page of a kmalloc() of %lu bytes", PAGE_SIZE << (value & LARGE_ORDER_MASK));
	if (cpu >= 0)
		text_add(text, ", free at the hand of CPU %d", cpu);
}

/* What the owner of the page calls it; false if it has none of these. */
static bool add_owner(struct text *text, const struct machine *m, const struct page *page, const struct page *copy)
{
	u32 type = page_type_of(copy), value = page_type_value(copy);
	const struct kmem_cache *cache;

	switch (type) {
	case PGTY_SLAB:
		cache = value < KMEM_MAX_CACHES ? m->cache_by_id[value] : NULL;
		text_add(text, "page of a slab of cache %s", cache ? cache->name : "?");
		return true;
	case PGTY_LARGE:
		text_add(text, "first ");
		add_large(text, m, page, value);
		return true;
	case PGTY_TABLE:
		text_add(text, "page table");
		return true;
	case PGTY_OFFLINE:
		text_add(text, "page taken offline");
		return true;
	case PGTY_GUARD:
		text_add(text, "guard page");
		return true;
	}
	return false;
}

/* Of a frame that has a descriptor, which is *copy. */
static void add_described(struct text *text, struct machine *m, pfn_t pfn, const struct page *copy)
{
	const struct page *head = machine_page(m, pfn);
	struct page head_copy = *copy;

	if (copy->flags & 1ul << PG_reserved) {
		text_add(text, "page reserved at boot");
		return;
	}
	if (add_owner(text, m, head, copy) || add_free(text, m, pfn))
		return;
	if ((copy->compound_head & 1) && page_peek(m, (const struct page *)(copy->compound_head - 1), &head_copy))
		head = (const struct page *)(copy->compound_head - 1);
	if (page_type_of(&head_copy) != PGTY_LARGE) {
		add_in_use(text, m, head, &head_copy);
		return;
	}
	add_large(text, m, head, page_type_value(&head_copy));
	text_add(text, " at pfn %lu", machine_pfn(m, head));
}

/* Is that the frame's zone? The descriptor names it; where there is none, whose memory it is; a hole is in any. */
static bool is_place(const struct machine *m, const struct zone *zone, pfn_t pfn, const struct page *copy)
{
	int nid = memblock_nid(&m->memblock, (u64)pfn << PAGE_SHIFT);

	if (!zone_spans_pfn(zone, pfn))
		return false;
	return copy ? machine_page_zone(m, copy) == zone : nid == zone->nid || nid == NUMA_NO_NODE;
}

static void add_place(struct text *text, struct machine *m, pfn_t pfn, const struct page *copy)
{
	for (unsigned int i = 0; i < m->nr_zones; i++) {
		const struct zone *zone = m->zones[i];

		if (!is_place(m, zone, pfn, copy))
			continue;
		text_add(text, "; pfn %lu, zone %s, node %d", pfn, zone->name, zone->nid);
		return;
	}
	text_add(text, "; pfn %lu", pfn);
}

/* A part of what boot took memory for. False: the address is not there. */
static bool add_part(struct text *text, const void *address, const void *start, size_t bytes, const char *name)
{
	if (!in_window(address, (unsigned long)start, bytes))
		return false;
	text_add(text, "byte %lu of %s", (unsigned long)address - (unsigned long)start, name);
	return true;
}

static bool add_zone_part(struct text *text, const void *address, const struct zone *zone)
{
	size_t blocks = zone_pageblocks(zone);
	bool found = add_part(text, address, zone, sizeof(*zone), "struct zone") ||
		     add_part(text, address, zone->pageblock_tags, blocks * sizeof(zone->pageblock_tags[0]),
			      "pageblock_tags[]") ||
		     add_part(text, address, zone->block_info, blocks * sizeof(*zone->block_info), "block_info[]") ||
		     add_part(text, address, zone->partial, sizeof(*zone->partial), "partial");

	if (found)
		text_add(text, " of zone %s, node %d", zone->name, zone->nid);
	return found;
}

/* The caches of kmalloc() are there as long as the machine. */
static bool add_kmalloc_part(struct text *text, const struct machine *m, const void *address)
{
	for (unsigned int id = 1; id < KMALLOC_NR_IDS; id++) {
		const struct kmem_cache *cache = m->cache_by_id[id];

		for (unsigned int nid = 0; cache && nid < m->nr_nodes; nid++) {
			if (!add_part(text, address, cache->node[nid], sizeof(struct kmem_cache_node),
				      "struct kmem_cache_node"))
				continue;
			text_add(text, " of cache %s, node %u", cache->name, nid);
			return true;
		}
	}
	return false;
}

/* What boot took for zones, nodes, CPUs and those who have one state each. False: none of that is there. */
static bool add_boot(struct text *text, const struct machine *m, const void *address)
{
	bool found = add_kmalloc_part(text, m, address) ||
		     (m->vmalloc && add_part(text, address, m->vmalloc, sizeof(*m->vmalloc), "struct vmalloc_state"));

	for (unsigned int i = 0; !found && i < m->nr_zones; i++)
		found = add_zone_part(text, address, m->zones[i]);
	for (unsigned int nid = 0; !found && nid < m->nr_nodes; nid++) {
		const struct pglist_data *node = m->nodes[nid];

		found = add_part(text, address, node->slot_map, node->slot_pages * sizeof(u16), "slot_map[]") ||
			add_part(text, address, node, sizeof(*node), "struct pglist_data");
		if (found)
			text_add(text, " of node %u", nid);
	}
	for (unsigned int id = 0; !found && id < m->nr_cpus; id++) {
		found = add_part(text, address, m->cpus[id], m->cpu_bytes - KMEM_CPU_OFFSET, "the own memory");
		if (found)
			text_add(text, " of CPU %u", id);
	}
	return found;
}

static void add_pfn(struct text *text, struct machine *m, pfn_t pfn)
{
	bool is_memory = memblock_is_memory(&m->memblock, (u64)pfn << PAGE_SHIFT);
	struct page copy;
	bool is_described = is_memory && page_peek(m, machine_page(m, pfn), &copy);

	if (!is_memory)
		text_add(text, "hole: no memory is there");
	else if (!is_described)
		text_add(text, memblock_is_reserved(&m->memblock, (u64)pfn << PAGE_SHIFT) ? "page reserved at boot" :
			 "free page, never used since boot");
	else
		add_described(text, m, pfn, &copy);
	add_place(text, m, pfn, is_described ? &copy : NULL);
}

int kmem_explain_page(struct machine *m, const struct page *page, char *buf, size_t size)
{
	unsigned long offset = (unsigned long)page - (unsigned long)m->vmemmap;
	struct text text = text_in(buf, size);
	bool visiting = visit_begin(m);

	if (offset >= m->max_pfn * sizeof(*page))
		text_add(&text, "not a page of this machine");
	else if (offset % sizeof(*page))
		text_add(&text, "%lu bytes into the descriptor of pfn %lu", offset % sizeof(*page),
			 offset / sizeof(*page));
	else
		add_pfn(&text, m, offset / sizeof(*page));
	visit_end(visiting);
	return (int)text.length;
}

/* ----------------------------------------------------------------------------------------------------- addresses */

/* An address of the direct map. */
static void add_direct(struct text *text, struct machine *m, const void *address)
{
	unsigned long offset = (unsigned long)address - m->layout.direct_base;
	pfn_t pfn = offset >> PAGE_SHIFT;
	struct page copy;
	char slab[240];

	if (add_boot(text, m, address))
		return;
	if (page_peek(m, machine_page(m, pfn), &copy) && slab_explain(m, address, slab, sizeof(slab))) {
		text_add(text, "%s", slab);
		add_place(text, m, pfn, &copy);
		return;
	}
	if (offset & ~PAGE_MASK)
		text_add(text, "byte %lu of a ", offset & ~PAGE_MASK);
	add_pfn(text, m, pfn);
}

/* So many bytes into kmap's window. */
static void add_kmap(struct text *text, struct machine *m, unsigned long offset)
{
	unsigned long slot = offset >> PAGE_SHIFT, local = (offset - KMAP_LOCAL_OFFSET) >> PAGE_SHIFT;
	const struct page *page;

	if (slot < LAST_PKMAP) {
		s32 count = __atomic_load_n(&m->kmap->slot[slot].count, __ATOMIC_RELAXED);

		text_add(text, "in slot %lu of kmap, %d users", slot, max(count, 0));
		page = count >= 0 ? __atomic_load_n(&m->kmap->slot[slot].page, __ATOMIC_RELAXED) : NULL;
	} else if (local < KMAP_LOCAL_SLOTS) {
		text_add(text, "in set %lu of kmap_local, slot %lu", local / KMAP_LOCAL_MAX, local % KMAP_LOCAL_MAX);
		page = __atomic_load_n(kmap_local_record(m->kmap, (unsigned int)local), __ATOMIC_RELAXED);
	} else {
		text_add(text, "between kmap's slots and kmap_local's, where nothing is ever mapped");
		return;
	}
	text_add(text, page ? ": " : ", which maps nothing");
	if (page)
		add_pfn(text, m, machine_pfn(m, page));
}

/* Addresses that are none. False: this may be one. */
static bool add_special(struct text *text, const void *address)
{
	if (!address)
		text_add(text, "NULL");
	else if (address == ZERO_SIZE_PTR)
		text_add(text, "ZERO_SIZE_PTR, which kmalloc(0) returns");
	else if ((unsigned long)address < PAGE_SIZE)
		text_add(text, "%lu bytes from NULL", (unsigned long)address);
	else if (IS_ERR(address))
		text_add(text, "no address but the error %ld (%pe)", PTR_ERR(address), address);
	else
		return false;
	return true;
}

/* In a window of the process, but not in this machine's part of it; or of no window. */
static void add_foreign(struct text *text, const struct machine *m, const void *address)
{
	if (in_window(address, (unsigned long)m, sizeof(*m)))
		text_add(text, "byte %lu of struct machine", (unsigned long)address - (unsigned long)m);
	else if (in_window(address, DIRECT_BASE, DIRECT_WINDOW))
		text_add(text, "not this machine's: in the window of direct maps, where another machine's may be");
	else if (in_window(address, VMEMMAP_BASE, DIRECT_WINDOW / PAGE_SIZE * sizeof(struct page)))
		text_add(text, "not this machine's: in the window of page descriptors, where another machine's may be");
	else if (in_window(address, VMALLOC_BASE, VMALLOC_WINDOW))
		text_add(text, "not this machine's: in the vmalloc window, where another machine's areas may be");
	else
		text_add(text, "not this machine's: code, static data, a stack, or memory of another allocator");
}

static int address_explain(struct machine *m, const void *address, char *buf, size_t size)
{
	struct text text = text_in(buf, size);
	unsigned long descriptor = (unsigned long)address - (unsigned long)m->vmemmap;

	if (add_special(&text, address))
		return (int)text.length;
	if (vmalloc_in_window(m, address))
		return vmalloc_explain(m, address, buf, size);
	if (m->kmap && in_window(address, m->kmap_base, KMAP_BYTES)) {
		add_kmap(&text, m, (unsigned long)address - m->kmap_base);
		return (int)text.length;
	}
	if (in_window(address, m->layout.direct_base, m->max_low_pfn << PAGE_SHIFT)) {
		add_direct(&text, m, address);
	} else if (descriptor < m->max_pfn * sizeof(struct page)) {
		text_add(&text, "descriptor of a ");
		add_pfn(&text, m, descriptor / sizeof(struct page));
	} else {
		add_foreign(&text, m, address);
	}
	return (int)text.length;
}

int kmem_explain(struct machine *m, const void *address, char *buf, size_t size)
{
	bool visiting = visit_begin(m);
	int length = address_explain(m, address, buf, size);

	visit_end(visiting);
	return length;
}
