/* SPDX-License-Identifier: MIT */
/*
 * vmalloc.c - the vmalloc family: areas made and filled with pages, freed; boot and shutdown of the window.
 *
 *	vm_struct  addr 0x5000, size 0x4000, pages ---> [ p0 | p1 | p2 ]	sorted: neighbours side by side
 *	                                                  |    |    |
 *	window	...[ busy 0x5000                          v    v    v   guard ][ next area
 *
 * Made in this order: addresses, pages, page tables, host; a step that fails has the ones before it undone. Taken down
 * in the opposite order: no frame is free while an address still reaches it. Only a block of pages that is there to
 * be taken comes before the addresses: an area may be kept for it.
 *
 * Each step is a file: vmalloc_area.c, vmalloc_pages.c, vmalloc_map.c; vmap.c maps what is someone else's.
 *
 * True whenever area_lock is free and the machine is at rest; vmalloc_check() proves each:
 *	A1  a busy area's vm_struct says the same start and size
 *	A2  of an area with pages each page is mapped, and at its place; other frames are not
 *	A3  nothing is mapped at a guard page or at any address that is not busy
 *	A4  nr_pages, with what CPUs have counted, is the sum of the pages of the areas that vmalloc() made
 *	A5  a page of an area has a reference and is nobody else's: no page type
 * and G1 to G6 of the page tables, V1 to V6 of vm_area.c, K1 to K4 of vm_kept.c, L1 and L2 of vmalloc_lazy.c.
 * Lock: vs->area_lock for the trees; an area that was taken out is its taker's alone.
 */
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include "mm/cpus.h"
#include "mm/page_alloc.h"
#include "mm/vm_run.h"

#define CALLER __builtin_return_address(0)

#if defined(__i386__)
#define GFP_32 0
#else
#define GFP_32 GFP_DMA32
#endif

/* ------------------------------------------------------------------------------------------------ vmalloc's family */

static void *page_array_alloc(struct vmalloc_state *vs, const struct vmalloc_request *rq, unsigned long bytes);

/* How an area's pages are asked for. */
static gfp_t pages_gfp(const struct vmalloc_request *rq)
{
	bool any_zone = !rq->low && !(rq->gfp & (__GFP_DMA | __GFP_DMA32));

	return rq->gfp | __GFP_NOWARN | (any_zone ? __GFP_HIGHMEM : 0);
}

static void pages_count(struct vmalloc_state *vs, struct vm_struct *vm, unsigned long nr)
{
	vm->nr_pages = (unsigned int)nr;
	vmalloc_pages_count(vs, (long)nr);
}

/* Give an area its pages, this block or others: all, or -ENOMEM (what it then has, vmap_area_destroy() frees). */
static int area_fill(struct vmalloc_state *vs, struct vm_struct *vm, const struct vmalloc_request *rq,
		     struct page *block)
{
	unsigned long nr = vm_area_bytes(vm) >> PAGE_SHIFT;

	vm->pages = page_array_alloc(vs, rq, nr * sizeof(*vm->pages));
	if (!vm->pages) {
		warn_alloc(rq->gfp, NULL, "vmalloc error: size %lu, failed to allocated page array size %lu",
			   nr << PAGE_SHIFT, nr * sizeof(*vm->pages));
		area_block_free(block, nr);
		return -ENOMEM;
	}
	if (block) {
		area_block_split(block, vm->pages, nr);
		pages_count(vs, vm, nr);
		return 0;
	}
	pages_count(vs, vm, area_pages_take(vm->pages, nr, pages_gfp(rq), rq->node));
	if (vm->nr_pages < nr) {
		warn_alloc(rq->gfp, NULL, "vmalloc error: size %lu, page order 0, failed to allocate pages",
			   (unsigned long)vm->nr_pages << PAGE_SHIFT);
		return -ENOMEM;
	}
	area_pages_arrange(vm->pages, nr);
	return 0;
}

/* Large entries need a large alignment; where there is no room for that, none. */
static struct vmap_area *area_make_for(struct vmalloc_state *vs, const struct vmalloc_request *rq)
{
	struct vmalloc_request large;
	struct vmap_area *area;

	if (!(rq->flags & VM_ALLOW_HUGE_VMAP) || rq->size < PAGE_SIZE << LARGE_ORDER)
		return area_make(vs, rq);
	large = *rq;
	large.align = max(rq->align, PAGE_SIZE << LARGE_ORDER);
	large.gfp |= __GFP_NOWARN;
	area = area_make(vs, &large);
	return area ? area : area_make(vs, rq);
}

/*
 * The pages of an area that may be kept, if free memory has them in one block. They come before the addresses, which
 * depend on them then.
 */
static struct page *block_for(const struct vmalloc_request *rq)
{
	unsigned long nr = PAGE_ALIGN(rq->size) >> PAGE_SHIFT;

	if (nr > KEPT_PAGES || nr & (nr - 1) || rq->flags & VM_ALLOW_HUGE_VMAP)
		return NULL;
	return area_block_take(nr, pages_gfp(rq), rq->node);
}

/* An area that was kept for the block; still to be opened. */
static inline struct vmap_area *area_kept_for(struct vmalloc_state *vs, const struct vmalloc_request *rq,
					      struct page *block, unsigned long nr)
{
	struct vmap_area *area;
	struct vm_struct *vm;

	if (rq->flags & ~VM_PLAIN || rq->start || rq->end || rq->align > PAGE_SIZE)
		return NULL;
	area = area_reuse(vs, AREA_OF_VMALLOC, &block, (nr + 1) << PAGE_SHIFT);
	if (!area)
		return NULL;
	vm = area->vm;
	vm->flags = rq->flags;
	vm->caller = rq->caller;
	area_block_split(block, vm->pages, nr);
	vm->nr_pages = (unsigned int)nr;
	return area;
}

/* A new area with pages, mapped. Consumes the block. */
static noinline struct vmap_area *area_new(struct vmalloc_state *vs, const struct vmalloc_request *rq,
					   struct page *block)
{
	struct vmap_area *area = area_make_for(vs, rq);

	if (!area) {
		warn_alloc(rq->gfp, NULL, "vmalloc error: size %lu, vm_struct allocation failed", PAGE_ALIGN(rq->size));
		area_block_free(block, PAGE_ALIGN(rq->size) >> PAGE_SHIFT);
		return NULL;
	}
	if (!area_fill(vs, area->vm, rq, block) && !area_map(vs, area, rq))
		return area;
	area_abandon(vs, area);
	return NULL;
}

/* Is it too little or too much? */
static bool size_is_odd(const struct vmalloc_request *rq)
{
	if (WARN_ON_ONCE(!rq->size))
		return true;
	if (likely(rq->size >> PAGE_SHIFT <= totalram_pages()))
		return false;
	warn_alloc(rq->gfp, NULL, "vmalloc error: size %lu, exceeds total pages", rq->size);
	return true;
}

static noinline struct vmap_area *kept_gone(struct vmalloc_state *vs, const struct vmalloc_request *rq,
					    struct vmap_area *area)
{
	report_map_failure(vs, area->vm, rq->gfp, -ENOSPC);
	area_abandon(vs, area);
	return NULL;
}

/* One that was kept, or a new one; with pages, and mapped. */
static __always_inline struct vmap_area *area_get(struct vmalloc_state *vs, const struct vmalloc_request *rq)
{
	unsigned long nr = PAGE_ALIGN(rq->size) >> PAGE_SHIFT;
	struct page *block = block_for(rq);
	struct vmap_area *area = block ? area_kept_for(vs, rq, block, nr) : NULL;

	if (!area)
		return area_new(vs, rq, block);
	return likely(!run_open(vs, area, area->vm->pages, nr, rq->prot, rq->gfp)) ? area : kept_gone(vs, rq, area);
}

/* The same of a request that must not fail, if this is one: again, until others have given something back. */
static noinline struct vmap_area *area_get_surely(struct vmalloc_state *vs, const struct vmalloc_request *rq)
{
	struct vmap_area *area = NULL;

	if (!(rq->gfp & __GFP_NOFAIL) || !gfpflags_allow_blocking(rq->gfp))
		return NULL;
	while (!area && area_is_possible(vs, rq)) {
		msleep(1);
		area = area_get(vs, rq);
	}
	return area;
}

static void *vmalloc_request(struct vmalloc_state *vs, const struct vmalloc_request *rq)
{
	struct vmap_area *area;
	struct vm_struct *vm;

	if (size_is_odd(rq))
		return NULL;
	area = area_get(vs, rq);
	if (unlikely(!area)) {
		area = area_get_surely(vs, rq);
		if (!area)
			return NULL;
	}
	vm = area->vm;
	__atomic_store_n(&vm->flags, vm->flags & ~VM_UNINITIALIZED, __ATOMIC_RELEASE);
	return vm->addr;
}

static noinline void *page_array_vmalloc(struct vmalloc_state *vs, const struct vmalloc_request *rq,
					 unsigned long bytes)
{
	struct vmalloc_request array = {
		.size = bytes, .align = PAGE_SIZE, .gfp = (rq->gfp & GFP_RECLAIM_MASK) | __GFP_ZERO,
		.prot = PAGE_KERNEL, .flags = VM_ALLOC | VM_UNINITIALIZED | VM_PAGE_ARRAY, .node = rq->node,
		.caller = rq->caller,
	};

	return vmalloc_request(vs, &array);
}

/* The array of an area's pages, zeroed: kmalloc()ed up to a page, else an area of its own. */
static void *page_array_alloc(struct vmalloc_state *vs, const struct vmalloc_request *rq, unsigned long bytes)
{
	if (bytes <= PAGE_SIZE)
		return kzalloc_node(bytes, rq->gfp & GFP_RECLAIM_MASK, rq->node);
	return page_array_vmalloc(vs, rq, bytes);
}

/* What all of the family come to: the caller's context, then the work. */
static void *vmalloc_call(const struct vmalloc_request *rq)
{
	struct vmalloc_state *vs = this_vmalloc_may_sleep();

	if (unlikely(!vs))
		return NULL;
	deferred_flush(vs);
	return vmalloc_request(vs, rq);
}

static struct vmalloc_request request(unsigned long size, gfp_t gfp, const void *caller)
{
	struct vmalloc_request rq;

	/* One by one: an initializer that names not all of them clears the whole before, in a loop on i386. */
	rq.size = size;
	rq.align = PAGE_SIZE;
	rq.start = rq.end = 0;
	rq.gfp = gfp & ~__GFP_COMP;		/* each page is one by itself */
	rq.prot = PAGE_KERNEL;
	rq.flags = VM_ALLOC | VM_UNINITIALIZED;
	rq.node = NUMA_NO_NODE;
	rq.caller = caller;
	rq.low = false;
	return rq;
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
	if (area && (area->va_start != (unsigned long)address || !area->vm || !deferred_add(vs, area)))
		area = NULL;
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
	__vunmap(vs, address, AREA_OF_VMALLOC | AREA_OF_VMAP | AREA_OF_DEVICE);
}

/* ------------------------------------------------------------------------------------------------------ what is it */

bool vmalloc_in_window(const struct machine *m, const void *address)
{
	return (unsigned long)address - m->layout.vmalloc_start < m->layout.vmalloc_end - m->layout.vmalloc_start;
}

bool is_vmalloc_addr(const void *address)
{
	return vmalloc_has_address(address);
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
	struct kmem_cpu *cpu;
	unsigned int i;
	long pages;

	if (!m->vmalloc)
		return 0;
	pages = __atomic_load_n(&m->vmalloc->nr_pages, __ATOMIC_RELAXED);
	for_each_online_cpu_of(m, cpu, i)
		pages += __atomic_load_n(&vm_kept_of(cpu)->nr_pages, __ATOMIC_RELAXED);
	return pages > 0 ? (unsigned long)pages : 0;
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
	lazy_limits_init(vs);
	vs->leaves_open = m->params.lazy_vfree && !m->params.private_memory;
	vs->opens_alone = vs->leaves_open || m->layout.opens_itself;
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
		if (vm_area_take(&vs->space, area))
			vmap_area_destroy(vs, area);
	}
	lazy_flush(vs);
	kmem_cache_free(vs->areas, rb_entry(vs->space.free.rb_node, struct vmap_area, node));
	kmem_cache_destroy(vs->areas);
	m->vmalloc = NULL;
	tables_exit(vs);
	free_pages_exact(vs, sizeof(*vs));
	return leaked;
}
