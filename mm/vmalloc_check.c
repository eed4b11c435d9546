/* SPDX-License-Identifier: MIT */
/*
 * vmalloc_check.c - does the vmalloc window hold together? Proves what the header comments of vmalloc.c (A),
 * vm_area.c (V), vm_kept.c (K), vmalloc_lazy.c (L), vmalloc_map.c and pgtable.c (G) promise.
 *
 *	areas	  [ a: page page page | guard ]  [ lazy ]  [ free ... ]
 *	              |    |    |         |         |         |
 *	tables	      x    x    x         -         -         -		each x at its place, and nothing else
 *
 * Reads only. If the machine is not at rest areas may be on their way, and are not looked at.
 */
#include <linux/kernel.h>
#include "mm/cpus.h"
#include "mm/page_alloc.h"
#include "mm/vmalloc.h"

struct area_walk {
	struct vmalloc_state *vs;
	struct kmem_fault *fault;
	unsigned long mapped;		/* pages of busy areas that are mapped */
	unsigned long vmalloc_pages;
};

static bool check_page(const struct area_walk *walk, const struct vmap_area *area, const struct page *page,
		       unsigned long i)
{
	struct machine *m = walk->vs->machine;

	if (page_type_of(page) >= PGTY_BUDDY && page_type_of(page) != PGTY_NONE)
		return fault_at(walk->fault, "A5", "area 0x%lx page %lu pfn %lu: has page type 0x%x", area->va_start, i,
				machine_pfn(m, page), page_type_of(page));
	if (__atomic_load_n(&page->_refcount.counter, __ATOMIC_RELAXED) <= 0)
		return fault_at(walk->fault, "A5", "area 0x%lx page %lu pfn %lu: has no reference", area->va_start, i,
				machine_pfn(m, page));
	return true;
}

static bool check_pages(const struct area_walk *walk, const struct vmap_area *area, const struct vm_struct *vm)
{
	struct vmalloc_state *vs = walk->vs;

	for (unsigned long i = 0; i < vm->nr_pages; i++) {
		unsigned long address = area->va_start + (i << PAGE_SHIFT);
		pfn_t pfn = machine_pfn(vs->machine, vm->pages[i]);
		struct pgtable_entry entry;

		if (!check_page(walk, area, vm->pages[i], i))
			return false;
		if (!pgtable_lookup(&vs->table, address, &entry))
			return fault_at(walk->fault, "A2", "area 0x%lx page %lu pfn %lu: not mapped", area->va_start, i,
					pfn);
		if (entry.pfn != pfn)
			return fault_at(walk->fault, "A2", "area 0x%lx page %lu pfn %lu: pfn %lu is mapped",
					area->va_start, i, pfn, entry.pfn);
	}
	return true;
}

static int count_entry(const struct pgtable_entry *entry, void *pages)
{
	*(unsigned long *)pages += (unsigned long)entry->nr;
	return 0;
}

static unsigned long count_mapped(struct vmalloc_state *vs, unsigned long start, unsigned long end)
{
	unsigned long pages = 0;

	pgtable_walk(&vs->table, start, (end - start) >> PAGE_SHIFT, count_entry, &pages);
	return pages;
}

static bool check_area(struct area_walk *walk, const struct vmap_area *area)
{
	const struct vm_struct *vm = area->vm;
	unsigned long end = vm ? area->va_start + vm_area_bytes(vm) : area->va_end;

	walk->mapped += count_mapped(walk->vs, area->va_start, end);
	if (!vm)
		return true;
	if ((unsigned long)vm->addr != area->va_start || vm->size != area->va_end - area->va_start)
		return fault_at(walk->fault, "A1", "area 0x%lx-0x%lx: its vm_struct says 0x%lx, 0x%lx bytes",
				area->va_start, area->va_end, (unsigned long)vm->addr, vm->size);
	if (end != area->va_end && count_mapped(walk->vs, end, area->va_end))
		return fault_at(walk->fault, "A3", "area 0x%lx-0x%lx: its guard page is mapped", area->va_start,
				area->va_end);
	if (vm->flags & VM_ALLOC)
		walk->vmalloc_pages += vm->nr_pages;
	return !vm->pages || check_pages(walk, area, vm);
}

/* Who frees a dead area may have stopped before he shut it. */
static bool is_on_its_way(const struct vmap_area *area)
{
	return __atomic_load_n(&area->state, __ATOMIC_ACQUIRE) == AREA_LEAVING;
}

static bool check_lazy(struct vmalloc_state *vs, struct kmem_fault *fault)
{
	const struct vmap_area *area;
	unsigned long nr_deferred = 0;

	for (area = vm_lazy_next(&vs->space, 0); area; area = vm_lazy_next(&vs->space, area->va_end))
		if (!is_on_its_way(area) && count_mapped(vs, area->va_start, area->va_end))
			return fault_at(fault, "L2", "lazy range 0x%lx-0x%lx: something is mapped", area->va_start,
					area->va_end);
	list_for_each_entry(area, &vs->space.taken, list)
		nr_deferred += area->deferred;
	if (nr_deferred != vs->nr_deferred)
		return fault_at(fault, "L1", "%lu deferred areas, %lu counted", nr_deferred, vs->nr_deferred);
	return true;
}

/* Areas on their way out are still mapped. */
static bool check_areas(struct vmalloc_state *vs, struct kmem_fault *fault)
{
	struct area_walk walk = { .vs = vs, .fault = fault };
	unsigned long all = count_mapped(vs, vs->space.start, vs->space.end);
	const struct vmap_area *area;

	for (area = vm_area_next(&vs->space, 0); area; area = vm_area_next(&vs->space, area->va_end))
		if (!check_area(&walk, area))
			return false;
	list_for_each_entry(area, &vs->space.taken, list)
		if (!check_area(&walk, area))
			return false;
	if (all != walk.mapped)
		return fault_at(fault, "A3", "%lu pages are mapped in the window, %lu in its areas", all, walk.mapped);
	if (walk.vmalloc_pages != machine_vmalloc_pages(vs->machine))
		return fault_at(fault, "A4", "%lu pages in areas, %lu counted", walk.vmalloc_pages,
				machine_vmalloc_pages(vs->machine));
	return true;
}

static bool check_tables(struct vmalloc_state *vs, struct kmem_fault *fault)
{
	struct machine *m = vs->machine;
	long counted = 0;

	/* Devices lie beyond memory: only a bare machine maps them. */
	if (!pgtable_check(&vs->table, 0, fault))
		return false;
	for (unsigned int nid = 0; nid < m->nr_nodes; nid++)
		counted += __atomic_load_n(&m->nodes[nid]->vm_stat[NR_PAGE_TABLE_PAGES], __ATOMIC_RELAXED);
	if (counted < (long)vs->table.nr_tables)
		return fault_at(fault, "G6", "%lu tables, nr_page_table_pages says %ld", vs->table.nr_tables, counted);
	return true;
}

static unsigned long list_count(const struct list_head *list)
{
	const struct list_head *at;
	unsigned long nr = 0;

	list_for_each(at, list)
		nr++;
	return nr;
}

/* What each CPU keeps; and that every area of the busy tree which is kept is kept by one of them, or on its way. */
static bool check_kept(struct vmalloc_state *vs, struct kmem_fault *fault)
{
	unsigned long nr_kept = 0, nr_lists = list_count(&vs->space.drained);
	struct kmem_cpu *cpu;
	unsigned int i;

	for_each_online_cpu_of(vs->machine, cpu, i) {
		if (!vm_kept_check(vm_kept_of(cpu), fault))
			return false;
		nr_lists += vm_kept_nr_areas(vm_kept_of(cpu)) + vm_kept_of(cpu)->nr_returned;
	}
	for (struct rb_node *node = rb_first(&vs->space.busy); node; node = rb_next(node))
		nr_kept += vm_area_is_kept(rb_entry(node, struct vmap_area, node));
	return nr_kept == nr_lists || fault_at(fault, "K2", "%lu areas of the busy tree are kept, %lu of the lists",
					       nr_kept, nr_lists);
}

bool vmalloc_check(struct machine *m, bool at_rest, struct kmem_fault *fault)
{
	struct vmalloc_state *vs = m->vmalloc;

	return !vs || (vm_space_check(&vs->space, at_rest, fault) && check_kept(vs, fault) &&
		       check_tables(vs, fault) && check_lazy(vs, fault) && (!at_rest || check_areas(vs, fault)));
}

/* ----------------------------------------------------------------------------------------------------------- dump */

static unsigned long tree_count(const struct rb_root *root)
{
	unsigned long nr = 0;

	for (struct rb_node *node = rb_first(root); node; node = rb_next(node))
		nr++;
	return nr;
}

void vmalloc_dump(struct machine *m)
{
	struct vmalloc_state *vs = m->vmalloc;
	struct vm_kept_count count = { 0 };
	unsigned long nr_reused = 0;
	struct kmem_cpu *cpu;
	unsigned int i;
	char line[192];

	if (!vs)
		return;
	for_each_online_cpu_of(m, cpu, i) {
		vm_kept_count(vm_kept_of(cpu), &count);
		nr_reused += vm_kept_of(cpu)->nr_taken;
	}
	pr_info("vmalloc window 0x%lx-0x%lx, %s page tables: %lu tables, %lu runs mapped so far\n", vs->space.start,
		vs->space.end, vs->table.format->name, vs->table.nr_tables, vs->nr_runs);
	pr_info("  busy %lu areas, %lu pages of vmalloc(); free %lu ranges, largest %lu KiB\n",
		vm_space_nr_busy(&vs->space), machine_vmalloc_pages(m), tree_count(&vs->space.free),
		vm_space_largest(&vs->space) >> 10);
	pr_info("  kept areas: dead of weight %lu, spare of %lu; %lu were used again\n", count.nr_dead, count.nr_spare,
		nr_reused);
	pr_info("  lazy %lu ranges, %lu KiB; deferred %lu; %lu purges made %lu ranges free\n",
		tree_count(&vs->space.lazy), (vs->space.lazy_bytes + count.dead_bytes) >> 10, vs->nr_deferred,
		vs->nr_purges, vs->nr_purged_ranges);
	for (const struct vmap_area *area = vm_area_next(&vs->space, 0); area;
	     area = vm_area_next(&vs->space, area->va_end)) {
		vmalloc_explain(m, (void *)area->va_start, line, sizeof(line));
		pr_info("  %s\n", line);
	}
}
