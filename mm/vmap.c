/* SPDX-License-Identifier: MIT */
/*
 * vmap.c - pages and frames that are someone else's, at addresses of the vmalloc window.
 *
 *	vmap(), vm_map_ram()   pages[] of the caller  ---\
 *	vmap_pfn()             frames of no descriptor ----> an area of the window
 *	ioremap()              a device's frames      ---/	uncached; aligned to its size
 *
 * The area owns its addresses and tables; the pages stay the caller's, but for VM_MAP_PUT_PAGES. A vm_map_ram() area
 * has no vm_struct: it is known by its size.
 * Lock: vs->area_lock, in vmalloc_area.c.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include "mm/page_alloc.h"
#include "mm/vm_run.h"

#define CALLER __builtin_return_address(0)

/* ------------------------------------------------------------------------------------------------------------ vmap */

static bool pages_exist(const struct machine *m, struct page **pages, unsigned int count)
{
	unsigned long bytes = m->max_pfn * sizeof(struct page);

	for (unsigned int i = 0; i < count; i++)
		if (WARN_ON((unsigned long)pages[i] - (unsigned long)m->vmemmap >= bytes))
			return false;
	return true;
}

/* Beyond memory are devices, and only a bare machine has any. */
static bool frames_exist(const struct machine *m, u64 pfn, u64 nr)
{
	if (m->layout.has_devices)
		return pfn + nr > pfn;
	return pfn < m->layout.nr_frames && nr <= m->layout.nr_frames - pfn;
}

/* The first page, size and kind are those that it was kept for; what else is not, becomes so. */
static noinline int area_open_anew(struct vmalloc_state *vs, struct vmap_area *area, struct page **pages,
				   unsigned int count, pgprot_t prot)
{
	return pages_exist(vs->machine, pages, count) ? area_lay_anew(vs, area, pages, count, prot, GFP_KERNEL)
						      : -EINVAL;
}

/* An area that was kept for such pages: these, most likely. Returns what pages_map() says. */
MUST_CHECK static __always_inline int area_open_for(struct vmalloc_state *vs, struct vmap_area *area,
						    struct page **pages, unsigned int count, pgprot_t prot)
{
	bool is_same = likely((pgprot_val(prot) | _PAGE_NX) == area->prot) && area_reopen(vs, area, pages, count);

	if (likely(is_same && area_is_told(vs, area, count, prot, GFP_KERNEL)))
		return 0;
	return area_open_anew(vs, area, pages, count, prot);
}

/* One of its own, mapped. */
static noinline struct vmap_area *area_new_for(struct vmalloc_state *vs, const struct vmalloc_request *rq,
					       struct page **pages, unsigned int count)
{
	struct vmap_area *area;

	if (count > totalram_pages() || !pages_exist(vs->machine, pages, count))
		return NULL;
	area = area_make(vs, rq);
	if (!area)
		return NULL;
	area->vm->pages = pages;
	if (!area_map(vs, area, rq))
		return area;
	area->vm->pages = NULL;
	area_abandon(vs, area);
	return NULL;
}

void *vmap(struct page **pages, unsigned int count, unsigned long flags, pgprot_t prot)
{
	struct vmalloc_state *vs = this_vmalloc_may_sleep();
	struct vmap_area *area = NULL;
	struct vm_struct *vm;
	int err;

	if (!vs || WARN_ON_ONCE(flags & (VM_FLUSH_RESET_PERMS | VM_ALLOC | VM_NO_GUARD)))
		return NULL;
	if (count && !(flags & ~VM_PLAIN))
		area = area_reuse(vs, AREA_OF_VMAP, pages, ((unsigned long)count + 1) << PAGE_SHIFT);
	if (!area) {
		struct vmalloc_request rq = {
			.size = (unsigned long)count << PAGE_SHIFT, .gfp = GFP_KERNEL, .prot = prot, .flags = flags,
		};

		area = area_new_for(vs, &rq, pages, count);
		if (!area)
			return NULL;
	} else {
		err = area_open_for(vs, area, pages, count, prot);
		if (err) {
			if (err != -EINVAL)
				report_map_failure(vs, area->vm, GFP_KERNEL, err);
			area_abandon(vs, area);
			return NULL;
		}
	}
	vm = area->vm;
	vm->flags = flags;
	vm->caller = CALLER;
	vm->pages = flags & VM_MAP_PUT_PAGES ? pages : NULL;
	vm->nr_pages = flags & VM_MAP_PUT_PAGES ? count : 0;
	return vm->addr;
}

/* Frames that need no descriptors, in runs. */
static int frames_map_each(struct vmalloc_state *vs, struct vm_struct *vm, const unsigned long *pfns,
			   unsigned int count, pgprot_t prot)
{
	struct pgtable_run run = { .prot = pgprot_val(prot) | _PAGE_NX };

	for (unsigned int i = 0; i < count; i += (unsigned int)run.nr) {
		int err;

		run.address = (unsigned long)vm->addr + ((unsigned long)i << PAGE_SHIFT);
		run.pfn = pfns[i];
		run.nr = 1;
		while (i + run.nr < count && pfns[i + run.nr] == pfns[i] + run.nr)
			run.nr++;
		err = frames_map(vs, &run, GFP_KERNEL);
		if (err)
			return err;
	}
	return 0;
}

void *vmap_pfn(unsigned long *pfns, unsigned int count, pgprot_t prot)
{
	struct vmalloc_request rq = {
		.size = (unsigned long)count << PAGE_SHIFT, .gfp = GFP_KERNEL, .flags = VM_IOREMAP, .caller = CALLER,
	};
	struct vmalloc_state *vs = this_vmalloc_may_sleep();
	struct vmap_area *area;
	int err;

	if (!vs)
		return NULL;
	for (unsigned int i = 0; i < count; i++)
		if (!frames_exist(vs->machine, pfns[i], 1) || WARN_ON_ONCE(pfn_valid(pfns[i])))
			return NULL;
	area = area_make(vs, &rq);
	if (!area)
		return NULL;
	err = frames_map_each(vs, area->vm, pfns, count, prot);
	if (err) {
		report_map_failure(vs, area->vm, GFP_KERNEL, err);
		area_abandon(vs, area);
		return NULL;
	}
	return area->vm->addr;
}

/* Of an area that vmalloc() made, this would leave the pages to nobody. */
void vunmap(const void *address)
{
	struct vmalloc_state *vs = address ? this_vmalloc_may_sleep() : NULL;

	if (!vs)
		return;
	deferred_flush(vs);
	__vunmap(vs, address, AREA_OF_VMAP | AREA_OF_DEVICE);
}

static noinline void *map_ram_anew(struct vmalloc_state *vs, struct page **pages, unsigned int count)
{
	struct vm_request where = { .size = (unsigned long)count << PAGE_SHIFT, .align = PAGE_SIZE };
	struct mapping mapping = { .pages = pages, .nr = count, .prot = PAGE_KERNEL, .gfp = GFP_KERNEL };
	struct vmap_area *area;

	if (!count || !pages_exist(vs->machine, pages, count))
		return NULL;
	where.end = vs->space.end;
	area = area_reserve(vs, &where, NULL, GFP_KERNEL);
	if (!area)
		return NULL;
	if (area_pages_map(vs, area, &mapping)) {
		area_abandon(vs, area);
		return NULL;
	}
	return (void *)area->va_start;
}

void *vm_map_ram(struct page **pages, unsigned int count, int node)
{
	struct vmalloc_state *vs = this_vmalloc_may_sleep();
	struct vmap_area *area = NULL;

	(void)node;
	if (!vs)
		return NULL;
	if (count)
		area = area_reuse(vs, AREA_OF_RAM, pages, (unsigned long)count << PAGE_SHIFT);
	if (!area)
		return map_ram_anew(vs, pages, count);
	if (area_open_for(vs, area, pages, count, PAGE_KERNEL)) {
		area_abandon(vs, area);
		return NULL;
	}
	return (void *)area->va_start;
}

void vm_unmap_ram(const void *address, unsigned int count)
{
	struct vmalloc_state *vs = this_vmalloc_may_sleep();

	if (vs)
		area_free_ram(vs, address, count);
}

/* --------------------------------------------------------------------------------------------------------- ioremap */

static bool is_ram_range(const struct machine *m, u64 first, u64 last)
{
	for (u64 at = first & PAGE_MASK; at <= last; at += PAGE_SIZE)
		if (memblock_is_memory(&m->memblock, at))
			return true;
	return false;
}

static bool ioremap_allowed(const struct machine *m, u64 first, u64 last)
{
	if (last < first)
		return false;
	if (!frames_exist(m, first >> PAGE_SHIFT, (last >> PAGE_SHIFT) - (first >> PAGE_SHIFT) + 1)) {
		pr_warn("ioremap: there is no device at 0x%016llx-0x%016llx: this machine ends with its memory\n",
			first, last);
		return false;
	}
	return !WARN_ONCE(is_ram_range(m, first, last), "ioremap on RAM at 0x%016llx - 0x%016llx\n", first, last);
}

void *ioremap(phys_addr_t start, size_t size)
{
	unsigned long offset = (unsigned long)start & ~PAGE_MASK;
	struct vmalloc_request rq = {
		.size = PAGE_ALIGN(offset + size), .gfp = GFP_KERNEL, .flags = VM_IOREMAP, .caller = CALLER,
	};
	struct vmalloc_state *vs = this_vmalloc_may_sleep();
	struct pgtable_run run;
	struct vmap_area *area;
	struct vm_struct *vm;
	int err;

	if (!vs)
		return NULL;
	if (WARN_ON_ONCE(!size) || rq.size < size || !ioremap_allowed(vs->machine, start, (u64)start + size - 1))
		return NULL;
	area = area_make(vs, &rq);
	if (!area)
		return NULL;
	vm = area->vm;
	vm->phys_addr = start & ~(phys_addr_t)(PAGE_SIZE - 1);
	run = (struct pgtable_run){
		.address = (unsigned long)vm->addr, .pfn = (pfn_t)(start >> PAGE_SHIFT), .nr = rq.size >> PAGE_SHIFT,
		.prot = pgprot_val(PAGE_KERNEL_NOCACHE) | _PAGE_NX, .large = true,
	};
	err = frames_map(vs, &run, GFP_KERNEL);
	if (err) {
		report_map_failure(vs, vm, GFP_KERNEL, err);
		area_abandon(vs, area);
		return NULL;
	}
	return (char *)vm->addr + offset;
}

void iounmap(volatile void *address)
{
	struct vmalloc_state *vs = address ? this_vmalloc_may_sleep() : NULL;

	if (!vs)
		return;
	if (area_free(vs, (unsigned long)address & PAGE_MASK, AREA_OF_DEVICE))
		return;
	printk(KERN_ERR "iounmap: bad address %p\n", (void *)address);
	dump_stack();
}
