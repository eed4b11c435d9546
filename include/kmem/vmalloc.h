/* SPDX-License-Identifier: MIT */
/*
 * vmalloc.h - memory that is contiguous only virtually: areas of the vmalloc window.
 *
 *	[ area: page page page | guard ] [ area: page | guard ] ...
 *
 * vmalloc() and its family may sleep and may not be called in atomic context; vfree() may not be
 * called from interrupts that interrupt the allocator. Addresses and sizes are page-aligned.
 * Source: core-api/mm-api.rst, core-api/memory-allocation.rst.
 */
#ifndef KMEM_VMALLOC_H
#define KMEM_VMALLOC_H

#include <kmem/gfp.h>
#include <kmem/page.h>

struct vm_area_struct;

typedef struct {
	unsigned long pgprot;
} pgprot_t;
#define __pgprot(x) ((pgprot_t){ (x) })
#define pgprot_val(x) ((x).pgprot)
/* What x86 calls these: present, writable, accessed, dirty, global; never executable (bit 63, kept by the walker). */
#define PAGE_KERNEL __pgprot(0x163)
#define PAGE_KERNEL_RO __pgprot(0x161)
#define PAGE_KERNEL_NOCACHE __pgprot(0x173)

#define VM_IOREMAP 0x00000001ul
#define VM_ALLOC 0x00000002ul
#define VM_MAP 0x00000004ul
#define VM_USERMAP 0x00000008ul
#define VM_DMA_COHERENT 0x00000010ul
#define VM_UNINITIALIZED 0x00000020ul
#define VM_NO_GUARD 0x00000040ul
#define VM_FLUSH_RESET_PERMS 0x00000100ul
#define VM_MAP_PUT_PAGES 0x00000200ul
#define VM_ALLOW_HUGE_VMAP 0x00000400ul

/* One area as its owner sees it. */
struct vm_struct {
	struct vm_struct *next;
	void *addr;
	unsigned long size;		/* bytes, guard page included */
	unsigned long flags;		/* VM_* above */
	struct page **pages;
	unsigned int page_order;
	unsigned int nr_pages;
	phys_addr_t phys_addr;
	const void *caller;
};

/*
 * size bytes, zeroed if the name says so; NULL if 0, too large, or out of memory or address space. With __GFP_NOFAIL,
 * if it may sleep, it waits for memory, addresses and mappings; then it is NULL only for what can never be.
 */
MUST_CHECK void *vmalloc(unsigned long size);
MUST_CHECK void *vzalloc(unsigned long size);
MUST_CHECK void *vmalloc_user(unsigned long size);
MUST_CHECK void *vmalloc_node(unsigned long size, int node);
MUST_CHECK void *vzalloc_node(unsigned long size, int node);
MUST_CHECK void *vmalloc_32(unsigned long size);
MUST_CHECK void *vmalloc_32_user(unsigned long size);
MUST_CHECK void *vmalloc_huge(unsigned long size, gfp_t gfp);
MUST_CHECK void *__vmalloc(unsigned long size, gfp_t gfp);
MUST_CHECK void *__vmalloc_node(unsigned long size, unsigned long align, gfp_t gfp, int node, const void *caller);
MUST_CHECK void *__vmalloc_node_range(unsigned long size, unsigned long align, unsigned long start, unsigned long end,
				      gfp_t gfp, pgprot_t prot, unsigned long flags, int node, const void *caller);
MUST_CHECK void *vmalloc_array(size_t n, size_t size);
MUST_CHECK void *vcalloc(size_t n, size_t size);
void vfree(const void *address);		/* NULL: nothing */
void vfree_atomic(const void *address);

/* Map pages that the caller has; vunmap() leaves them to him unless VM_MAP_PUT_PAGES was given. */
MUST_CHECK void *vmap(struct page **pages, unsigned int count, unsigned long flags, pgprot_t prot);
MUST_CHECK void *vmap_pfn(unsigned long *pfns, unsigned int count, pgprot_t prot);
void vunmap(const void *address);
MUST_CHECK void *vm_map_ram(struct page **pages, unsigned int count, int node);
void vm_unmap_ram(const void *address, unsigned int count);
/* Flush all lazily unmapped addresses now. */
void vm_unmap_aliases(void);

MUST_CHECK void *ioremap(phys_addr_t start, size_t size);
void iounmap(volatile void *address);

MUST_CHECK struct vm_struct *get_vm_area(unsigned long size, unsigned long flags);
MUST_CHECK struct vm_struct *remove_vm_area(const void *address);
void free_vm_area(struct vm_struct *area);
struct vm_struct *find_vm_area(const void *address);

bool is_vmalloc_addr(const void *address);
bool is_vmalloc_or_module_addr(const void *address);
/* The page behind an address of an area, by the page tables; NULL if none is mapped there. */
struct page *vmalloc_to_page(const void *address);
unsigned long vmalloc_to_pfn(const void *address);
unsigned long vmalloc_nr_pages(void);

#endif
