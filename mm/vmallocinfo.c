/* SPDX-License-Identifier: MIT */
/*
 * vmallocinfo.c - the vmalloc window as text: /proc/vmallocinfo, and what an address of it is.
 *
 *	0xffffc90000055000-0xffffc90000058000   12288 doit+0x39a4/0x4180 pages=2 vmalloc user N0=2
 *	0xffffc90000065000-0xffffc90000067000    8192 setup+0x3a/0xc0 phys=0x00000000fed00000 ioremap
 *	0xffffc90000070000-0xffffc90000170000 1048576 vm_map_ram
 *	0xffffc90000170000-0xffffc90000175000   20480 unpurged vm_area
 *	start and end (guard page included), bytes, who asked, what it is; vpages: its page array is an area too
 *
 * Each line is read at once under the lock and written without it, so that the window may change between lines: an
 * area that exists all the while is there once.
 * Source: filesystems/proc.rst, files of real machines.
 */
#include <linux/kernel.h>
#include "mm/text.h"
#include "mm/vmalloc.h"

#define ROW_NODES MAX_NUMNODES

/* What one line says. */
struct row {
	unsigned long start, end;
	bool has_vm;
	struct vm_struct vm;
	unsigned long node_pages[ROW_NODES];
};

/* ------------------------------------------------------------------------------------------------------------ rows */

static void count_nodes(struct vmalloc_state *vs, struct row *row)
{
	for (unsigned int nid = 0; nid < ROW_NODES; nid++)
		row->node_pages[nid] = 0;
	if (!row->has_vm || row->vm.flags & VM_UNINITIALIZED)
		return;
	for (unsigned int i = 0; i < row->vm.nr_pages; i++)
		row->node_pages[machine_page_zone(vs->machine, row->vm.pages[i])->nid]++;
}

/* The first area that ends above the address; false if there is none. */
static bool row_read(struct vmalloc_state *vs, unsigned long address, struct row *row)
{
	struct vmap_area *area;
	unsigned long flags;

	spin_lock_irqsave(&vs->area_lock, flags);
	area = vm_area_next(&vs->space, address);
	if (area) {
		*row = (struct row){ .start = area->va_start, .end = area->va_end, .has_vm = area->vm };
		if (area->vm) {
			row->vm = *area->vm;
			row->vm.flags = __atomic_load_n(&area->vm->flags, __ATOMIC_ACQUIRE);
		}
		count_nodes(vs, row);
	}
	spin_unlock_irqrestore(&vs->area_lock, flags);
	return area;
}

/* The same of what is freed, kept or not: ranges that touch are one. */
static bool lazy_row_read(struct vmalloc_state *vs, unsigned long address, struct row *row)
{
	struct vmap_area *area, *next;
	unsigned long flags;

	spin_lock_irqsave(&vs->area_lock, flags);
	area = vm_lazy_next(&vs->space, address);
	if (area)
		*row = (struct row){ .start = area->va_start, .end = area->va_end };
	for (next = area; next && next->va_start <= row->end; next = vm_lazy_next(&vs->space, row->end))
		row->end = next->va_end;
	spin_unlock_irqrestore(&vs->area_lock, flags);
	return area;
}

static void row_extent(const struct row *row, struct text *text)
{
	text_add(text, "0x%p-0x%p %7ld", (void *)row->start, (void *)row->end, (long)(row->end - row->start));
}

/* A machine without NUMA says nothing of nodes. */
static void row_nodes(const struct machine *m, const struct row *row, struct text *text)
{
	if (sizeof(long) == 4 || m->params.layout_i386)
		return;
	for (unsigned int nid = 0; nid < ROW_NODES; nid++)
		if (row->node_pages[nid])
			text_add(text, " N%u=%lu", nid, row->node_pages[nid]);
}

static void row_vm(const struct machine *m, const struct row *row, struct text *text)
{
	static const struct {
		unsigned long flag;
		const char *word;
	} words[] = {
		{ VM_IOREMAP, " ioremap" }, { VM_ALLOC, " vmalloc" }, { VM_MAP, " vmap" }, { VM_USERMAP, " user" },
		{ VM_DMA_COHERENT, " dma-coherent" },
	};
	const struct vm_struct *vm = &row->vm;
	char caller[160];

	if (vm->caller)
		text_add(text, " %s", host_symbol(caller, sizeof(caller), (unsigned long)vm->caller));
	if (vm->nr_pages)
		text_add(text, " pages=%u", vm->nr_pages);
	if (vm->phys_addr)
		text_add(text, " phys=0x%016llx", (u64)vm->phys_addr);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (vm->flags & words[i].flag)
			text_add(text, "%s", words[i].word);
	if (is_vmalloc_addr(vm->pages))
		text_add(text, " vpages");
	row_nodes(m, row, text);
}

long vmallocinfo_text(struct machine *m, char *buf, size_t size)
{
	struct vmalloc_state *vs = m->vmalloc;
	struct text text = text_in(buf, size);
	struct row row;

	for (unsigned long at = 0; vs && row_read(vs, at, &row); at = row.end) {
		row_extent(&row, &text);
		if (row.has_vm)
			row_vm(m, &row, &text);
		else
			text_add(&text, " vm_map_ram");
		text_add(&text, "\n");
	}
	for (unsigned long at = 0; vs && lazy_row_read(vs, at, &row); at = row.end) {
		row_extent(&row, &text);
		text_add(&text, " unpurged vm_area\n");
	}
	return (long)text.length;
}

/* --------------------------------------------------------------------------------------------------------- explain */

static const char *kind_of(const struct row *row)
{
	if (!row->has_vm)
		return "vm_map_ram";
	if (row->vm.flags & VM_IOREMAP)
		return "ioremap";
	return row->vm.flags & VM_ALLOC ? "vmalloc" : row->vm.flags & VM_MAP ? "vmap" : "get_vm_area";
}

static unsigned long row_pages(const struct row *row)
{
	return (row->has_vm ? vm_area_bytes(&row->vm) : row->end - row->start) >> PAGE_SHIFT;
}

static void explain_area(struct vmalloc_state *vs, const struct row *row, unsigned long address, struct text *text)
{
	unsigned long page = (address - row->start) >> PAGE_SHIFT, nr = row_pages(row);
	struct pgtable_entry entry;
	char caller[160];

	text_add(text, "%s the %s area 0x%lx-0x%lx (%lu page%s", page < nr ? "in" : "in the guard page after",
		 kind_of(row), row->start, row->end, nr, nr == 1 ? "" : "s");
	if (row->has_vm && row->vm.caller)
		text_add(text, ", allocated by %s", host_symbol(caller, sizeof(caller), (unsigned long)row->vm.caller));
	text_add(text, ")");
	if (page >= nr)
		text_add(text, ": %lu bytes beyond its end", address - row->start - (nr << PAGE_SHIFT));
	else if (pgtable_lookup(&vs->table, address, &entry))
		text_add(text, ", page %lu of it, frame pfn %lu%s", page, entry.pfn,
			 entry.prot & _PAGE_RW ? "" : ", read-only");
	else
		text_add(text, ", page %lu of it, not mapped", page);
}

int vmalloc_explain(struct machine *m, const void *pointer, char *buf, size_t size)
{
	unsigned long address = (unsigned long)pointer;
	struct vmalloc_state *vs = m->vmalloc;
	struct text text = text_in(buf, size);
	struct row row;

	if (!vs || !vmalloc_in_window(m, pointer))
		return 0;
	if (row_read(vs, address, &row) && row.start <= address)
		explain_area(vs, &row, address, &text);
	else if (lazy_row_read(vs, address, &row) && row.start <= address)
		text_add(
			&text,
			"in 0x%lx-0x%lx of the vmalloc window, freed and not yet handed out again: a use after vfree()",
			row.start, row.end);
	else
		text_add(&text, "in the vmalloc window, in no area");
	return (int)text.length;
}
