/* SPDX-License-Identifier: MIT */
/*
 * pool.h - page frames that this host has to give: to its page tables, its stacks, and to machines.
 *
 *	extent [ start ....... the next machine's? ....... next | given out, some in the free list ... end ]
 *
 * Taken from the top of each extent down; frames that come back are kept in a list that runs through them. While a
 * machine has this computer's memory, what is below an extent's floor is that machine's.
 * Lock: the caller's, memory.c's.
 */
#ifndef HOST_X86_POOL_H
#define HOST_X86_POOL_H

#include <kmem/layout.h>
#include <kmem/types.h>

/* Frames are seen at their own addresses. */
static inline void *frame_at(pfn_t pfn)
{
	return (void *)(pfn << PAGE_SHIFT);
}

void pool_init(void);
/* One frame, or 0. What is in it is anything. */
pfn_t frame_take(void);
pfn_t frame_take_zeroed(void);
void frame_give(pfn_t pfn);
unsigned long pool_free(void);
/* So many neighbours below 4 GiB, for ever; 0: there are none. */
pfn_t frames_take_for_ever(pfn_t nr);
/* One beyond the last frame that can be seen. */
pfn_t pool_end(void);
/* Was this frame given out (or is it in the list)? */
bool frame_is_out(pfn_t pfn);

struct piece {
	pfn_t start, end;
};

/*
 * Leave everything to a machine but what is out and a share for the host. What it gets, into pieces[0..max), and what
 * it must not touch, into kept[0..max). Returns false if that is less than nothing.
 */
bool pool_lend(struct piece *pieces, unsigned int *nr_pieces, struct piece *kept, unsigned int *nr_kept);
void pool_take_back(void);
#define MAX_PIECES 72

#endif
