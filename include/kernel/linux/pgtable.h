/* SPDX-License-Identifier: MIT */
/* linux/pgtable.h - where the windows of the caller's machine are. */
#ifndef _LINUX_PGTABLE_H
#define _LINUX_PGTABLE_H

#include <kmem/layout.h>
#include <kmem/types.h>

unsigned long machine_vmalloc_start(void);
unsigned long machine_vmalloc_end(void);
unsigned long machine_page_offset(void);

#define VMALLOC_START machine_vmalloc_start()
#define VMALLOC_END machine_vmalloc_end()
#define PAGE_OFFSET machine_page_offset()

#endif
