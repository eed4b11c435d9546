/* SPDX-License-Identifier: MIT */
/*
 * vmalloc.c - areas of the vmalloc window: made, filled, taken down.
 *
 *	vm_struct  addr 0x5000, size 0x4000, pages ---> [ p0 | p1 | p2 ]	sorted: neighbours side by side
 *	                                                  |    |    |
 *	window	...[ busy 0x5000                          v    v    v   guard ][ next area
 *
 * Made in this order: addresses, pages, page tables, host; a step that fails has the ones before it undone. Taken down
 * in the opposite order: no frame is free while an address still reaches it.
 *
 * Pages are taken in the largest blocks that there are, without disturbing anyone for them, and split at once, so
 * that each has its own reference; blocks that fill a large table entry come first and stay aligned.
 *
 * True whenever area_lock is free and the machine is at rest; vmalloc_check() proves each:
 *	A1  a busy area's vm_struct says the same start and size
 *	A2  of an area with pages each page is mapped, and at its place; other frames are not
 *	A3  nothing is mapped at a guard page or at any address that is not busy
 *	A4  nr_pages is the sum of the pages of the areas that vmalloc() made
 *	A5  a page of an area has a reference and is nobody else's: no page type
 * and P1 to P6 of the page tables, V1 to V5 of vm_area.c, L1 and L2 of vmalloc_lazy.c.
 * Lock: vs->area_lock for the trees; an area that was taken out is its taker's alone.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/sort.h>
#include <linux/string.h>
#include "lib/assert.h"
#include "mm/page_alloc.h"
#include "mm/vmalloc.h"

#define CALLER __builtin_return_address(0)
#define LARGE_ORDER 9			/* a block that fills a table entry of level 2 */
#define IOREMAP_MAX_ALIGN (1ul << 30)

#if defined(__i386__)
#define GFP_32 0
#else
#define GFP_32 GFP_DMA32
#endif

/* One call of the vmalloc family. */
struct vmalloc_request {
	unsigned long size;		/* bytes asked for */
	unsigned long align;
	unsigned long start, end;	/* where in the window; 0, 0: anywhere */
	gfp_t gfp;
	pgprot_t prot;
	unsigned long flags;		/* VM_* */
	int node;
	const void *caller;
	bool low;			/* frames with 32-bit addresses */
};

static struct vmalloc_state *this_vmalloc(void)
{
	return this_machine()->vmalloc;
}

bool vmalloc_in_window(const struct machine *m, const void *address)
{
	return (unsigned long)address - m->layout.vmalloc_start < m->layout.vmalloc_end - m->layout.vmalloc_start;
}

/* Reports a caller who may not sleep. False for interrupts, who may on no account go on: the kernel would stop here. */
static bool may_sleep_here(void)
{
	might_sleep();
	return !in_interrupt();
}

/* ------------------------------------------------------------------------------------------------------- addresses */

void vmap_areas_free(struct vmalloc_state *vs, struct list_head *unused)
{
	struct vmap_area *area, *next;

	list_for_each_entry_safe(area, next, unused, list)
		kmem_cache_free(vs->areas, area);
}

static bool space_reserve(struct vmalloc_state *vs, const struct vm_request *request, struct vmap_area *area,
			  struct vmap_area **spare, struct list_head *unused)
{
	unsigned long flags;
	bool found;

	spin_lock_irqsave(&vs->area_lock, flags);
	found = vm_area_reserve(&vs->space, request, area, spare, unused);
	spin_unlock_irqrestore(&vs->area_lock, flags);
	return found;
}

/* The same, purging if there is no room; reports that there is none even then. */
static bool space_reserve_or_purge(struct vmalloc_state *vs, const struct vm_request *request, struct vmap_area *area,
				   struct vmap_area **spare, struct list_head *unused, gfp_t gfp)
{
	if (space_reserve(vs, request, area, spare, unused))
		return true;
	if (lazy_flush(vs) && space_reserve(vs, request, area, spare, unused))
		return true;
	if (!(gfp & __GFP_NOWARN) && __ratelimit(&vs->space_report))
		pr_warn("vmap allocation for size %lu failed: use vmalloc=<size> to increase size\n", request->size);
	return false;
}

/* A busy area of so many bytes, for vm (NULL: vm_map_ram()); or NULL. May sleep. */
static struct vmap_area *area_reserve(struct vmalloc_state *vs, const struct vm_request *request, struct vm_struct *vm,
				      gfp_t gfp)
{
	struct vmap_area *area = kmem_cache_alloc(vs->areas, gfp & GFP_RECLAIM_MASK);
	struct vmap_area *spare = kmem_cache_alloc(vs->areas, gfp & GFP_RECLAIM_MASK);
	LIST_HEAD(unused);

	if (area)
		area->vm = vm;
	if (area && (!spare || !space_reserve_or_purge(vs, request, area, &spare, &unused, gfp))) {
		list_add(&area->list, &unused);
		area = NULL;
	}
	if (spare)
		list_add(&spare->list, &unused);
	vmap_areas_free(vs, &unused);
	return area;
}

/* Device memory is aligned to its size, so that it can be mapped in few entries. */
static unsigned long request_align(const struct vmalloc_request *rq, unsigned long size)
{
	if (rq->flags & VM_IOREMAP)
		return clamp(roundup_pow_of_two(size), PAGE_SIZE, IOREMAP_MAX_ALIGN);
	return max(rq->align, PAGE_SIZE);
}

/* An area with nothing in it. NULL: size 0, too large, no memory or no room. May sleep. */
static struct vm_struct *area_make(struct vmalloc_state *vs, const struct vmalloc_request *rq)
{
	unsigned long size = PAGE_ALIGN(rq->size);
	struct vm_request where = { .start = rq->start, .end = rq->end ? rq->end : vs->space.end };
	struct vm_struct *vm;
	struct vmap_area *area;

	if (!size || size >= vs->space.end - vs->space.start + PAGE_SIZE ||
	    WARN_ON_ONCE(rq->align & (rq->align - 1)))
		return NULL;
	vm = kzalloc(sizeof(*vm), rq->gfp & GFP_RECLAIM_MASK);
	if (!vm)
		return NULL;
	where.align = request_align(rq, size);
	where.size = size + (rq->flags & VM_NO_GUARD ? 0 : PAGE_SIZE);
	*vm = (struct vm_struct){ .size = where.size, .flags = rq->flags, .caller = rq->caller };
	area = area_reserve(vs, &where, vm, rq->gfp);
	if (!area) {
		kfree(vm);
		return NULL;
	}
	vm->addr = (void *)area->va_start;
	return vm;
}

/* The busy area that starts at the address, out of the tree and the caller's alone; NULL if there is none. */
static struct vmap_area *area_take(struct vmalloc_state *vs, const void *address,
				   bool (*fits)(const struct vm_struct *vm))
{
	struct vmap_area *area;
	unsigned long flags;

	spin_lock_irqsave(&vs->area_lock, flags);
	area = vm_area_find(&vs->space, (unsigned long)address);
	if (area && (area->va_start != (unsigned long)address || !fits(area->vm)))
		area = NULL;
	if (area)
		vm_area_take(&vs->space, area);
	spin_unlock_irqrestore(&vs->area_lock, flags);
	return area;
}

static void area_retire(struct vmalloc_state *vs, struct vmap_area *area)
{
	unsigned long flags;
	LIST_HEAD(unused);

	spin_lock_irqsave(&vs->area_lock, flags);
	vm_area_retire(&vs->space, area, &unused);
	spin_unlock_irqrestore(&vs->area_lock, flags);
	vmap_areas_free(vs, &unused);
}

/* ----------------------------------------------------------------------------------------------------------- pages */

/* Pages in blocks of at least 2^least pages, as long as free memory has them. Returns how many are filled in. */
static unsigned long fill_blocks(struct page **pages, unsigned long nr, gfp_t gfp, int node)
{
	gfp_t easy = (gfp & ~(__GFP_RECLAIM | __GFP_NOFAIL)) | __GFP_NOWARN | __GFP_NORETRY;
	unsigned int order = min_t(unsigned int, MAX_ORDER, ilog2(nr));
	unsigned long filled = 0;

	while (order) {
		struct page *page = NULL;

		if (nr - filled >= 1ul << order)
			page = alloc_pages_node(node, easy, order);
		if (!page) {
			order--;
			continue;
		}
		split_page(page, order);
		for (unsigned long i = 0; i < 1ul << order; i++)
			pages[filled++] = page + i;
	}
	return filled;
}

/* pages[0..nr), all NULL, filled with single pages. Returns how many are. */
static unsigned long fill_pages(struct page **pages, unsigned long nr, gfp_t gfp, int node)
{
	unsigned long filled = fill_blocks(pages, nr, gfp, node);

	if (filled < nr)
		filled += alloc_pages_bulk_array_node(gfp, node, nr - filled, pages + filled);
	for (; filled < nr; filled++) {
		pages[filled] = alloc_pages_node(node, gfp, 0);
		if (!pages[filled])
			break;
	}
	return filled;
}

static int by_frame(const void *a, const void *b)
{
	const struct page *left = *(struct page *const *)a, *right = *(struct page *const *)b;

	return left < right ? -1 : left > right;
}

static void sort_pages(struct page **pages, unsigned long nr)
{
	unsigned long sorted = 1;

	while (sorted < nr && pages[sorted - 1] < pages[sorted])
		sorted++;
	if (sorted < nr)
		sort(pages, nr, sizeof(*pages), by_frame, NULL);
}

/* Neighbours side by side; whole aligned blocks of 2^LARGE_ORDER before the rest, which would move them. */
static void arrange_pages(struct page **pages, unsigned long nr)
{
	unsigned long block = 1ul << LARGE_ORDER, blocks = 0;

	while (nr - blocks >= block && !((unsigned long)(pages[blocks] - (struct page *)VMEMMAP_BASE) & (block - 1)) &&
	       pages[blocks + block - 1] == pages[blocks] + block - 1)
		blocks += block;
	sort_pages(pages, blocks);
	sort_pages(pages + blocks, nr - blocks);
}

static void *page_array_alloc(struct vmalloc_state *vs, const struct vmalloc_request *rq, unsigned long bytes);

/* Give an area its pages: all, or -ENOMEM (what it then has, vm_destroy() frees). */
static int area_fill(struct vmalloc_state *vs, struct vm_struct *vm, const struct vmalloc_request *rq)
{
	unsigned long nr = vm_area_bytes(vm) >> PAGE_SHIFT;
	bool any_zone = !rq->low && !(rq->gfp & (__GFP_DMA | __GFP_DMA32));
	gfp_t gfp = rq->gfp | __GFP_NOWARN | (any_zone ? __GFP_HIGHMEM : 0);

	vm->pages = page_array_alloc(vs, rq, nr * sizeof(*vm->pages));
	if (!vm->pages) {
		warn_alloc(rq->gfp, NULL, "vmalloc error: size %lu, failed to allocated page array size %lu",
			   nr << PAGE_SHIFT, nr * sizeof(*vm->pages));
		return -ENOMEM;
	}
	vm->nr_pages = (unsigned int)fill_pages(vm->pages, nr, gfp, rq->node);
	__atomic_fetch_add(&vs->nr_pages, vm->nr_pages, __ATOMIC_RELAXED);
	if (vm->nr_pages < nr) {
		warn_alloc(rq->gfp, NULL, "vmalloc error: size %lu, page order 0, failed to allocate pages",
			   (unsigned long)vm->nr_pages << PAGE_SHIFT);
		return -ENOMEM;
	}
	arrange_pages(vm->pages, nr);
	return 0;
}

static void page_array_free(struct page **pages)
{
	if (is_vmalloc_addr(pages))
		vfree(pages);
	else
		kfree(pages);
}

/* What the area owns beside its addresses. Returns pages freed. */
static unsigned long pages_free(struct vmalloc_state *vs, struct vm_struct *vm)
{
	unsigned long nr = vm->nr_pages;

	if (!vm->pages)
		return 0;
	free_pages_bulk(vm->pages, nr);
	if (vm->flags & VM_ALLOC)
		__atomic_fetch_sub(&vs->nr_pages, (long)nr, __ATOMIC_RELAXED);
	page_array_free(vm->pages);
	return nr;
}

/* ------------------------------------------------------------------------------------------------------------- map */

/* The host, or a table, was missing: say which, and what would help. */
static void report_map_failure(struct vmalloc_state *vs, const struct vm_struct *vm, gfp_t gfp, int err)
{
	unsigned long bytes = vm_area_bytes(vm);

	if (err == -ENOSPC && !(gfp & __GFP_NOWARN) && __ratelimit(&vs->map_report))
		pr_warn("vmalloc: size %lu: the host has no room for another mapping (a process has vm.max_map_count, "
			"usually 65530): free areas, make fewer and larger ones, or raise that limit\n", bytes);
	warn_alloc(gfp, NULL, "vmalloc error: size %lu, failed to map pages", bytes);
}

static int area_map(struct vmalloc_state *vs, struct vm_struct *vm, const struct vmalloc_request *rq)
{
	struct mapping mapping = {
		.address = (unsigned long)vm->addr, .pages = vm->pages, .nr = vm_area_bytes(vm) >> PAGE_SHIFT,
		.prot = rq->prot, .gfp = rq->gfp, .large = rq->flags & VM_ALLOW_HUGE_VMAP,
	};
	int err = pages_map(vs, &mapping);

	if (err)
		report_map_failure(vs, vm, rq->gfp, err);
	return err;
}

/* --------------------------------------------------------------------------------------------------------- destroy */

static void area_unmap(struct vmalloc_state *vs, const struct vmap_area *area)
{
	unsigned long bytes = area->vm ? vm_area_bytes(area->vm) : area->va_end - area->va_start;

	range_unmap(vs, area->va_start, bytes >> PAGE_SHIFT);
}

unsigned long vmap_area_destroy(struct vmalloc_state *vs, struct vmap_area *area)
{
	struct vm_struct *vm = area->vm;
	unsigned long pages = 0;

	area_unmap(vs, area);
	if (vm)
		pages = pages_free(vs, vm);
	area_retire(vs, area);
	kfree(vm);
	return pages;
}

/* An area whose making failed: leave nothing of it, tables and dead addresses included. */
static void area_abandon(struct vmalloc_state *vs, struct vm_struct *vm)
{
	struct vmap_area *area;
	unsigned long flags;

	spin_lock_irqsave(&vs->area_lock, flags);
	area = vm_area_find(&vs->space, (unsigned long)vm->addr);
	assert(area && area->vm == vm);
	vm_area_take(&vs->space, area);
	spin_unlock_irqrestore(&vs->area_lock, flags);
	vmap_area_destroy(vs, area);
	lazy_flush(vs);
}

/* ------------------------------------------------------------------------------------------------ vmalloc's family */

/* Large entries need a large alignment; where there is no room for that, none. */
static struct vm_struct *area_make_for(struct vmalloc_state *vs, const struct vmalloc_request *rq)
{
	struct vmalloc_request large = *rq;
	struct vm_struct *vm;

	if (!(rq->flags & VM_ALLOW_HUGE_VMAP) || rq->size < PAGE_SIZE << LARGE_ORDER)
		return area_make(vs, rq);
	large.align = max(rq->align, PAGE_SIZE << LARGE_ORDER);
	large.gfp |= __GFP_NOWARN;
	vm = area_make(vs, &large);
	return vm ? vm : area_make(vs, rq);
}

static void *vmalloc_request(struct vmalloc_state *vs, const struct vmalloc_request *rq)
{
	struct vm_struct *vm;

	if (WARN_ON_ONCE(!rq->size))
		return NULL;
	if (rq->size >> PAGE_SHIFT > totalram_pages()) {
		warn_alloc(rq->gfp, NULL, "vmalloc error: size %lu, exceeds total pages", rq->size);
		return NULL;
	}
	vm = area_make_for(vs, rq);
	if (!vm) {
		warn_alloc(rq->gfp, NULL, "vmalloc error: size %lu, vm_struct allocation failed", PAGE_ALIGN(rq->size));
		return NULL;
	}
	if (area_fill(vs, vm, rq) || area_map(vs, vm, rq)) {
		area_abandon(vs, vm);
		return NULL;
	}
	__atomic_store_n(&vm->flags, vm->flags & ~VM_UNINITIALIZED, __ATOMIC_RELEASE);
	return vm->addr;
}

/* The array of an area's pages, zeroed: kmalloc()ed up to a page, else an area of its own. */
static void *page_array_alloc(struct vmalloc_state *vs, const struct vmalloc_request *rq, unsigned long bytes)
{
	struct vmalloc_request array = {
		.size = bytes, .align = PAGE_SIZE, .gfp = (rq->gfp & GFP_RECLAIM_MASK) | __GFP_ZERO,
		.prot = PAGE_KERNEL, .flags = VM_ALLOC | VM_UNINITIALIZED | VM_PAGE_ARRAY, .node = rq->node,
		.caller = rq->caller,
	};

	if (bytes <= PAGE_SIZE)
		return kzalloc_node(bytes, rq->gfp & GFP_RECLAIM_MASK, rq->node);
	return vmalloc_request(vs, &array);
}

/* What all of the family come to: the caller's context, then the work. */
static void *vmalloc_call(const struct vmalloc_request *rq)
{
	struct vmalloc_state *vs = this_vmalloc();

	if (unlikely(!vs) || !may_sleep_here())
		return NULL;
	deferred_flush(vs);
	return vmalloc_request(vs, rq);
}

static struct vmalloc_request request(unsigned long size, gfp_t gfp, const void *caller)
{
	return (struct vmalloc_request){
		.size = size, .align = PAGE_SIZE, .gfp = gfp, .prot = PAGE_KERNEL,
		.flags = VM_ALLOC | VM_UNINITIALIZED, .node = NUMA_NO_NODE, .caller = caller,
	};
}

void *vmalloc(unsigned long size)
{
	struct vmalloc_request rq = request(size, GFP_KERNEL, CALLER);

	return vmalloc_call(&rq);
}

void *vzalloc(unsigned long size)
{
	struct vmalloc_request rq = request(size, GFP_KERNEL | __GFP_ZERO, CALLER);

	return vmalloc_call(&rq);
}

void *vmalloc_node(unsigned long size, int node)
{
	struct vmalloc_request rq = request(size, GFP_KERNEL, CALLER);

	rq.node = node;
	return vmalloc_call(&rq);
}

void *vzalloc_node(unsigned long size, int node)
{
	struct vmalloc_request rq = request(size, GFP_KERNEL | __GFP_ZERO, CALLER);

	rq.node = node;
	return vmalloc_call(&rq);
}

void *vmalloc_user(unsigned long size)
{
	struct vmalloc_request rq = request(size, GFP_KERNEL | __GFP_ZERO, CALLER);

	rq.flags |= VM_USERMAP;
	return vmalloc_call(&rq);
}

/* A 32-bit machine has no zone that ends at 4 GiB; what has a logical address is below. */
static struct vmalloc_request request_32(unsigned long size, gfp_t gfp, const void *caller)
{
	struct vmalloc_request rq = request(size, gfp | GFP_KERNEL, caller);

	if (!this_machine()->params.layout_i386)
		rq.gfp |= GFP_32;
	rq.low = true;
	return rq;
}

void *vmalloc_32(unsigned long size)
{
	struct vmalloc_request rq = request_32(size, 0, CALLER);

	return vmalloc_call(&rq);
}

void *vmalloc_32_user(unsigned long size)
{
	struct vmalloc_request rq = request_32(size, __GFP_ZERO, CALLER);

	rq.flags |= VM_USERMAP;
	return vmalloc_call(&rq);
}

void *vmalloc_huge(unsigned long size, gfp_t gfp)
{
	struct vmalloc_request rq = request(size, gfp, CALLER);

	rq.flags |= VM_ALLOW_HUGE_VMAP;
	return vmalloc_call(&rq);
}

void *__vmalloc(unsigned long size, gfp_t gfp)
{
	struct vmalloc_request rq = request(size, gfp, CALLER);

	return vmalloc_call(&rq);
}

void *__vmalloc_node(unsigned long size, unsigned long align, gfp_t gfp, int node, const void *caller)
{
	struct vmalloc_request rq = request(size, gfp, caller);

	rq.align = align;
	rq.node = node;
	return vmalloc_call(&rq);
}

void *__vmalloc_node_range(unsigned long size, unsigned long align, unsigned long start, unsigned long end, gfp_t gfp,
			   pgprot_t prot, unsigned long flags, int node, const void *caller)
{
	struct vmalloc_request rq = request(size, gfp, caller);

	rq.align = align;
	rq.start = start;
	rq.end = end;
	rq.prot = prot;
	rq.flags |= flags;
	rq.node = node;
	return vmalloc_call(&rq);
}

void *vmalloc_array(size_t n, size_t size)
{
	struct vmalloc_request rq = request(0, GFP_KERNEL, CALLER);

	return check_mul_overflow(n, size, &rq.size) ? NULL : vmalloc_call(&rq);
}

void *vcalloc(size_t n, size_t size)
{
	struct vmalloc_request rq = request(0, GFP_KERNEL | __GFP_ZERO, CALLER);

	return check_mul_overflow(n, size, &rq.size) ? NULL : vmalloc_call(&rq);
}

/* ------------------------------------------------------------------------------------------------------------ free */

static bool is_area(const struct vm_struct *vm)
{
	return vm;
}

static bool is_ram(const struct vm_struct *vm)
{
	return !vm;
}

/* Of an area that vmalloc() made, vunmap() would leave the pages to nobody. */
static bool is_map(const struct vm_struct *vm)
{
	return vm && !(vm->flags & VM_ALLOC);
}

static bool is_ioremap(const struct vm_struct *vm)
{
	return vm && vm->flags & VM_IOREMAP;
}

/* Reports what is no area's start. */
static void __vunmap(struct vmalloc_state *vs, const void *address, bool (*fits)(const struct vm_struct *vm))
{
	struct vmap_area *area;

	if (WARN((unsigned long)address & ~PAGE_MASK, "Trying to vfree() bad address (%p)\n", address))
		return;
	area = area_take(vs, address, fits);
	if (WARN(!area, "Trying to vfree() nonexistent vm area (%p)\n", address))
		return;
	vmap_area_destroy(vs, area);
	lazy_settle(vs);
}

void vfree_atomic(const void *address)
{
	struct vmalloc_state *vs = this_vmalloc();
	struct vmap_area *area;
	unsigned long flags;

	if (!address || !vs)
		return;
	if (WARN((unsigned long)address & ~PAGE_MASK, "Trying to vfree() bad address (%p)\n", address))
		return;
	spin_lock_irqsave(&vs->area_lock, flags);
	area = vm_area_find(&vs->space, (unsigned long)address);
	if (area && (area->va_start != (unsigned long)address || !area->vm))
		area = NULL;
	if (area)
		deferred_add(vs, area);
	spin_unlock_irqrestore(&vs->area_lock, flags);
	WARN(!area, "Trying to vfree() nonexistent vm area (%p)\n", address);
}

void vfree(const void *address)
{
	struct vmalloc_state *vs = this_vmalloc();

	if (!address || !vs)
		return;
	if (!preemptible()) {
		vfree_atomic(address);
		return;
	}
	deferred_flush(vs);
	__vunmap(vs, address, is_area);
}

/* ------------------------------------------------------------------------------------------------------------ vmap */

static bool pages_exist(const struct machine *m, struct page **pages, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (WARN_ON(!pages[i] || pages[i] < m->vmemmap || machine_pfn(m, pages[i]) >= m->max_pfn))
			return false;
	return true;
}

/* Beyond memory are devices, and only a bare machine has any. */
static bool frames_exist(const struct machine *m, u64 pfn, u64 nr)
{
#ifdef KMEM_HOST_X86
	return pfn + nr > pfn && m;
#else
	return pfn < m->layout.nr_frames && nr <= m->layout.nr_frames - pfn;
#endif
}

void *vmap(struct page **pages, unsigned int count, unsigned long flags, pgprot_t prot)
{
	struct vmalloc_request rq = {
		.size = (unsigned long)count << PAGE_SHIFT, .gfp = GFP_KERNEL, .prot = prot, .flags = flags,
		.caller = CALLER,
	};
	struct vmalloc_state *vs = this_vmalloc();
	struct vm_struct *vm;

	if (!vs || !may_sleep_here())
		return NULL;
	if (WARN_ON_ONCE(flags & (VM_FLUSH_RESET_PERMS | VM_ALLOC | VM_NO_GUARD)) || count > totalram_pages() ||
	    !pages_exist(vs->machine, pages, count))
		return NULL;
	vm = area_make(vs, &rq);
	if (!vm)
		return NULL;
	vm->pages = pages;
	if (area_map(vs, vm, &rq)) {
		vm->pages = NULL;
		area_abandon(vs, vm);
		return NULL;
	}
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
	struct vmalloc_state *vs = this_vmalloc();
	struct vm_struct *vm;
	int err;

	if (!vs || !may_sleep_here())
		return NULL;
	for (unsigned int i = 0; i < count; i++)
		if (!frames_exist(vs->machine, pfns[i], 1) || WARN_ON_ONCE(pfn_valid(pfns[i])))
			return NULL;
	vm = area_make(vs, &rq);
	if (!vm)
		return NULL;
	err = frames_map_each(vs, vm, pfns, count, prot);
	if (err) {
		report_map_failure(vs, vm, GFP_KERNEL, err);
		area_abandon(vs, vm);
		return NULL;
	}
	return vm->addr;
}

void vunmap(const void *address)
{
	struct vmalloc_state *vs = this_vmalloc();

	if (!address || !vs || !may_sleep_here())
		return;
	deferred_flush(vs);
	__vunmap(vs, address, is_map);
}

void *vm_map_ram(struct page **pages, unsigned int count, int node)
{
	struct vm_request where = { .size = (unsigned long)count << PAGE_SHIFT, .align = PAGE_SIZE };
	struct vmalloc_state *vs = this_vmalloc();
	struct mapping mapping = { .pages = pages, .nr = count, .prot = PAGE_KERNEL, .gfp = GFP_KERNEL };
	struct vmap_area *area;

	(void)node;
	if (!vs || !may_sleep_here() || !count || !pages_exist(vs->machine, pages, count))
		return NULL;
	where.end = vs->space.end;
	area = area_reserve(vs, &where, NULL, GFP_KERNEL);
	if (!area)
		return NULL;
	mapping.address = area->va_start;
	if (pages_map(vs, &mapping)) {
		vmap_area_destroy(vs, area_take(vs, (void *)mapping.address, is_ram));
		lazy_flush(vs);
		return NULL;
	}
	return (void *)mapping.address;
}

/* Is there a vm_map_ram() area of so many pages at the address? */
static bool is_ram_of(struct vmalloc_state *vs, const void *address, unsigned int count)
{
	struct vmap_area *area;
	unsigned long flags;
	bool is;

	spin_lock_irqsave(&vs->area_lock, flags);
	area = vm_area_find(&vs->space, (unsigned long)address);
	is = area && !area->vm && area->va_start == (unsigned long)address &&
	     area->va_end - area->va_start == (unsigned long)count << PAGE_SHIFT;
	spin_unlock_irqrestore(&vs->area_lock, flags);
	return is;
}

void vm_unmap_ram(const void *address, unsigned int count)
{
	struct vmalloc_state *vs = this_vmalloc();
	struct vmap_area *area;

	if (!vs || !may_sleep_here())
		return;
	area = is_ram_of(vs, address, count) ? area_take(vs, address, is_ram) : NULL;
	if (WARN(!area, "vm_unmap_ram: no area of %u pages at %p\n", count, address))
		return;
	vmap_area_destroy(vs, area);
	lazy_settle(vs);
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
		pr_warn("ioremap: there is no device at 0x%016llx-0x%016llx: a hosted machine ends with its memory\n",
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
	struct vmalloc_state *vs = this_vmalloc();
	struct pgtable_run run;
	struct vm_struct *vm;
	int err;

	if (!vs || !may_sleep_here())
		return NULL;
	if (WARN_ON_ONCE(!size) || rq.size < size || !ioremap_allowed(vs->machine, start, (u64)start + size - 1))
		return NULL;
	vm = area_make(vs, &rq);
	if (!vm)
		return NULL;
	vm->phys_addr = start & ~(phys_addr_t)(PAGE_SIZE - 1);
	run = (struct pgtable_run){
		.address = (unsigned long)vm->addr, .pfn = (pfn_t)(start >> PAGE_SHIFT), .nr = rq.size >> PAGE_SHIFT,
		.prot = pgprot_val(PAGE_KERNEL_NOCACHE) | _PAGE_NX, .large = true,
	};
	err = frames_map(vs, &run, GFP_KERNEL);
	if (err) {
		report_map_failure(vs, vm, GFP_KERNEL, err);
		area_abandon(vs, vm);
		return NULL;
	}
	return (char *)vm->addr + offset;
}

void iounmap(volatile void *address)
{
	struct vmalloc_state *vs = this_vmalloc();
	struct vmap_area *area;

	if (!address || !vs || !may_sleep_here())
		return;
	area = area_take(vs, (void *)((unsigned long)address & PAGE_MASK), is_ioremap);
	if (!area) {
		printk(KERN_ERR "iounmap: bad address %p\n", (void *)address);
		dump_stack();
		return;
	}
	vmap_area_destroy(vs, area);
	lazy_settle(vs);
}

/* ---------------------------------------------------------------------------------------------------- bare areas */

struct vm_struct *get_vm_area(unsigned long size, unsigned long flags)
{
	struct vmalloc_state *vs = this_vmalloc();
	struct vmalloc_request rq = { .size = size, .gfp = GFP_KERNEL, .flags = flags, .caller = CALLER };

	if (!vs || !may_sleep_here())
		return NULL;
	return area_make(vs, &rq);
}

struct vm_struct *find_vm_area(const void *address)
{
	struct vmalloc_state *vs = this_vmalloc();
	struct vmap_area *area;
	unsigned long flags;
	struct vm_struct *vm;

	if (!vs)
		return NULL;
	spin_lock_irqsave(&vs->area_lock, flags);
	area = vm_area_find(&vs->space, (unsigned long)address);
	vm = area ? area->vm : NULL;
	spin_unlock_irqrestore(&vs->area_lock, flags);
	return vm;
}

struct vm_struct *remove_vm_area(const void *address)
{
	struct vmalloc_state *vs = this_vmalloc();
	struct vmap_area *area;
	struct vm_struct *vm;

	if (!vs || !may_sleep_here())
		return NULL;
	area = area_take(vs, address, is_area);
	if (!area)
		return NULL;
	vm = area->vm;
	if (vm->flags & VM_ALLOC)
		__atomic_fetch_sub(&vs->nr_pages, vm->nr_pages, __ATOMIC_RELAXED);
	area_unmap(vs, area);
	area_retire(vs, area);
	lazy_settle(vs);
	return vm;
}

void free_vm_area(struct vm_struct *vm)
{
	if (WARN(remove_vm_area(vm->addr) != vm, "free_vm_area: no area of this machine at %p\n", vm->addr))
		return;
	kfree(vm);
}

/* ------------------------------------------------------------------------------------------------------ what is it */

bool is_vmalloc_addr(const void *address)
{
	return (unsigned long)address - VMALLOC_BASE < VMALLOC_WINDOW;
}

bool is_vmalloc_or_module_addr(const void *address)
{
	return is_vmalloc_addr(address);
}

static bool address_lookup(const void *address, struct pgtable_entry *entry)
{
	struct machine *m = this_machine();

	return m->vmalloc && vmalloc_in_window(m, address) &&
	       pgtable_lookup(&m->vmalloc->table, (unsigned long)address, entry);
}

struct page *vmalloc_to_page(const void *address)
{
	struct machine *m = this_machine();
	struct pgtable_entry entry;

	if (!address_lookup(address, &entry) || entry.pfn >= m->max_pfn || !pfn_described(m, entry.pfn))
		return NULL;
	return machine_page(m, entry.pfn);
}

unsigned long vmalloc_to_pfn(const void *address)
{
	struct pgtable_entry entry;

	return address_lookup(address, &entry) ? entry.pfn : 0;
}

unsigned long machine_vmalloc_pages(struct machine *m)
{
	return m->vmalloc ? (unsigned long)__atomic_load_n(&m->vmalloc->nr_pages, __ATOMIC_RELAXED) : 0;
}

unsigned long vmalloc_nr_pages(void)
{
	return machine_vmalloc_pages(this_machine());
}

int remap_vmalloc_check(const void *kaddr, unsigned long pgoff, unsigned long size, struct page **pages)
{
	struct vm_struct *vm = find_vm_area(kaddr);
	unsigned long nr = PAGE_ALIGN(size) >> PAGE_SHIFT, area_pages;

	if ((unsigned long)kaddr & ~PAGE_MASK || !vm || vm->addr != kaddr || (size && !nr))
		return -EINVAL;
	if (!(vm->flags & (VM_USERMAP | VM_DMA_COHERENT)))
		return -EINVAL;
	area_pages = vm_area_bytes(vm) >> PAGE_SHIFT;
	if (pgoff > area_pages || nr > area_pages - pgoff)
		return -EINVAL;
	for (unsigned long i = 0; pages && i < nr; i++)
		pages[i] = vmalloc_to_page((const char *)kaddr + ((pgoff + i) << PAGE_SHIFT));
	return 0;
}

/* -------------------------------------------------------------------------------------------------- boot, shutdown */

int vmalloc_init(struct machine *m)
{
	struct vmalloc_state *vs = alloc_pages_exact(sizeof(*vs), GFP_KERNEL | __GFP_ZERO);
	struct vmap_area *first;

	if (!vs)
		return -ENOMEM;
	vs->machine = m;
	spin_lock_init(&vs->area_lock);
	mutex_init(&vs->purge_lock);
	vs->space_report = vs->map_report = (struct ratelimit_state)RATELIMIT_DEFAULT;
	vs->areas = kmem_cache_create("vmap_area", sizeof(struct vmap_area), 0, 0, NULL);
	if (!vs->areas)
		goto free_state;
	first = kmem_cache_alloc(vs->areas, GFP_KERNEL);
	if (!first)
		goto destroy_cache;
	if (tables_init(vs))
		goto free_first;
	vm_space_init(&vs->space, m->layout.vmalloc_start, m->layout.vmalloc_end, first);
	m->vmalloc = vs;
	return 0;
free_first:
	kmem_cache_free(vs->areas, first);
destroy_cache:
	kmem_cache_destroy(vs->areas);
free_state:
	free_pages_exact(vs, sizeof(*vs));
	return -ENOMEM;
}

/* The next area that a caller made and did not free. An array of pages goes with the area that it belongs to. */
static struct vmap_area *leaked_next(struct vmalloc_state *vs)
{
	struct vmap_area *area = vm_area_next(&vs->space, 0);

	while (area && area->vm && area->vm->flags & VM_PAGE_ARRAY)
		area = vm_area_next(&vs->space, area->va_end);
	return area;
}

static void report_leak(const struct vmap_area *area)
{
	const struct vm_struct *vm = area->vm;
	char caller[160];

	if (!vm) {
		pr_warn("vmalloc: 0x%lx-0x%lx leaked: vm_map_ram\n", area->va_start, area->va_end);
		return;
	}
	host_symbol(caller, sizeof(caller), (unsigned long)vm->caller);
	pr_warn("vmalloc: 0x%lx-0x%lx leaked: %lu pages, allocated by %s\n", area->va_start, area->va_end,
		vm_area_bytes(vm) >> PAGE_SHIFT, caller);
}

unsigned long vmalloc_exit(struct machine *m)
{
	struct vmalloc_state *vs = m->vmalloc;
	unsigned long leaked = 0;
	struct vmap_area *area;

	if (!vs)
		return 0;
	deferred_flush(vs);
	for (; (area = leaked_next(vs)); leaked++) {
		report_leak(area);
		vm_area_take(&vs->space, area);
		vmap_area_destroy(vs, area);
	}
	lazy_flush(vs);
	kmem_cache_free(vs->areas, rb_entry(vs->space.free.rb_node, struct vmap_area, node));
	kmem_cache_destroy(vs->areas);
	m->vmalloc = NULL;
	free_page((unsigned long)m->page_table);
	m->page_table = NULL;
	free_pages_exact(vs, sizeof(*vs));
	return leaked;
}
