/* SPDX-License-Identifier: MIT */
/* window.h - where the processors walk the core's own page tables: window.c. Under memory_guard, but window_has(). */
#ifndef HOST_X86_WINDOW_H
#define HOST_X86_WINDOW_H

#include "host/x86/tables.h"

struct window {
	unsigned long start, bytes;		/* 0 bytes: there is none */
	unsigned long direct_base, direct_bytes;	/* the machine's tables are there */
};

/* Changed only while no machine has this computer's memory. */
extern struct window window;

/* Is the address where no table of level 1 is the host's? */
static inline bool window_has(unsigned long address)
{
	return address - window.start < window.bytes;
}

/* One beyond what the table of level 1 that maps the address covers. */
static inline u64 window_table_end(unsigned long address)
{
	u64 bytes = PAGE_SIZE * (PAGE_SIZE / sizeof(u64));

	return ((u64)address & ~(bytes - 1)) + bytes;
}

/* The machine of this computer's memory comes; goes. What of [start, end) can be the window is. */
void window_open(unsigned long start, unsigned long end, unsigned long direct_base, unsigned long direct_bytes);
void window_close(void);
/* The core's top level is here, or NULL: it has none; tables below it may have gone. Then flush. */
void window_told(const void *top);
/*
 * Lead the processors to the core's table that maps an address of the window. 0; 1: they were led to another before, so
 * flush; -ENOENT: the core has a large entry there; -ENOMEM.
 */
int window_lead(unsigned long address);
/* The core has no table there any more. 1: processors were led to one, so flush; or 0. */
int window_leave(unsigned long address);
/* Is the table of level 1 that maps the address the core's? */
bool window_is_adopted(unsigned long address);

#endif
