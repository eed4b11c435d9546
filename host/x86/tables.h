/* SPDX-License-Identifier: MIT */
/* tables.h - between tables.c and machines.c: the page tables that the processors walk. */
#ifndef HOST_X86_TABLES_H
#define HOST_X86_TABLES_H

#include "host/x86/x86.h"

/* Guards the tables, the pool and the lists of machines. */
extern struct guard memory_guard;
extern struct pgtable host_tables;

/* Bits of a page fault's error code. */
#define FAULT_PRESENT 1u
#define FAULT_WRITE 2u
#define FAULT_RESERVED 8u
#define FAULT_FETCH 16u

#define DATA_PROT (_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_NX)

/* Under memory_guard: the core's table of level 1, a frame of low memory, is the address's. As pgtable_adopt(). */
int table_adopt(u64 address, pfn_t pfn);
void host_tables_init(struct pgtable *pt, const struct pgtable_format *format, void *top);
/* Under memory_guard: map a run; what was mapped goes again if not all can be. Returns 0 or -ENOMEM. */
int run_map(struct pgtable *pt, u64 address, pfn_t pfn, u64 nr, u64 prot);
/* Under memory_guard: a frame of its own, zeroed, at the address. */
int page_make(struct pgtable *pt, u64 address);
/* Under memory_guard: unmap, and put the frames into a list that runs through them; flush, then frames_free(). */
void range_take_down(struct pgtable *pt, u64 address, u64 nr, pfn_t *list);
void frames_free(pfn_t list);
/* Under memory_guard: frames are not to be seen at their own addresses, then flush; they are again. */
int view_lend(pfn_t start, pfn_t end);
void view_take_back(pfn_t start, pfn_t end);
/* A page of zeros, never written, never in a list. */
pfn_t zero_page(void);
/* This processor forgets one address. Another that has it still fails, and comes to forget it in turn. */
void flush_here(unsigned long address);
/* No processor knows the old mappings of the range. Not under a guard; interrupts are on. */
void flush(unsigned long address, unsigned long nr);
#define FLUSH_ALL ~0ul

#endif
