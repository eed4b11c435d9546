/* SPDX-License-Identifier: MIT */
/*
 * linux/vmalloc.h - memory that is contiguous only virtually: <kmem/vmalloc.h> under the kernel's name.
 */
#ifndef _LINUX_VMALLOC_H
#define _LINUX_VMALLOC_H

#include <kmem/vmalloc.h>
#include <linux/types.h>

/* Bytes of an area without its guard page. */
static inline size_t get_vm_area_size(const struct vm_struct *area)
{
	return area->flags & VM_NO_GUARD ? area->size : area->size - PAGE_SIZE;
}

#endif
