/* SPDX-License-Identifier: MIT */
/*
 * linux/vmalloc.h - memory that is contiguous only virtually: <kmem/vmalloc.h> under the kernel's name, and the ranges
 * of addresses behind it.
 */
#ifndef _LINUX_VMALLOC_H
#define _LINUX_VMALLOC_H

#include <kmem/vmalloc.h>
#include <linux/rbtree.h>
#include <linux/types.h>

/* Bytes of an area without its guard page. */
static inline size_t get_vm_area_size(const struct vm_struct *area)
{
	return area->flags & VM_NO_GUARD ? area->size : area->size - PAGE_SIZE;
}

/*
 * An area of the busy tree is not always busy: one that may be kept stays there, where no one finds it. From AREA_KEPT
 * on it is: who freed it is done with it; is still at it; has found that it is empty; or it waits for its home.
 */
enum vm_area_state { AREA_BUSY, AREA_OUT, AREA_TAKEN, AREA_KEPT, AREA_LEAVING, AREA_GONE, AREA_RETURNED };

/* What made an area: vmalloc(), vmap() and the like, vm_map_ram(), ioremap(). Bits, so that several can be meant. */
enum vm_area_kind { AREA_OF_VMALLOC = 1, AREA_OF_VMAP = 2, AREA_OF_RAM = 4, AREA_OF_DEVICE = 8 };

struct vm_kept;

/* A range of addresses: free, busy, or freed but not yet to be used again (lazy, kept). */
struct vmap_area {
	unsigned long va_start, va_end;
	unsigned long subtree_max;	/* free: bytes of the largest range in this subtree */
	struct rb_node node;
	struct list_head list;		/* between trees; kept: of those that are alike */
	struct vm_struct *vm;		/* the owner's view; NULL: vm_map_ram() */
	u64 *entries, *more;		/* may_be_kept: in the page table, side by side, and in the next table */
	u64 prot;			/* may_be_kept: what they say, other than frames */
	pfn_t pfn;			/* may_be_kept: the first frame; and its descriptor */
	const struct page *first;
	struct list_head *bucket;	/* of its home: of its frame and size */
	struct vm_kept *home;		/* the CPU that keeps it, and knows it while it is busy; or NULL */
	enum vm_area_kind kind;
	u32 state;			/* enum vm_area_state; AREA_OUT: not in the busy tree; atomic */
	unsigned int round;		/* kept: the flushes that there had been */
	unsigned int cost;		/* of VM_KEPT_FULL, while it is dead; VM_NOT_KEPT: it may not be; atomic */
	unsigned short weight;		/* may be kept: what keeping it costs a process, a plain area 1 */
	unsigned short nr_counted;	/* may be kept: pages that vmalloc() has counted for it while it is busy */
	bool is_mapped;			/* lazy: the host has mappings there, to be forgotten before it is free */
	bool deferred;			/* taken, and waiting for someone who may sleep to take it down */
};

#endif
