/* SPDX-License-Identifier: MIT */
/*
 * buddy_textbook.h - the buddy allocator as a textbook has it: what kmem's must beat.
 * One thread, no lock, no zones, no per-CPU lists. One arena a process.
 */
#ifndef BENCH_BUDDY_TEXTBOOK_H
#define BENCH_BUDDY_TEXTBOOK_H

#include <stddef.h>

#define TEXTBOOK_MAX_ORDER 10u

/* An arena of @pages page frames, a multiple of 2^TEXTBOOK_MAX_ORDER, all free. */
void textbook_init(size_t pages);

/* 2^order frames, or NULL. What is returned is an address that nothing is mapped at. */
void *textbook_alloc(unsigned int order);
void textbook_free(void *block, unsigned int order);

/* How many free blocks there are of each order, 0 to TEXTBOOK_MAX_ORDER. */
void textbook_free_blocks(unsigned long nr[]);

#endif
