/* SPDX-License-Identifier: MIT */
/*
 * buddy_textbook.c - a binary buddy: a free list an order, and a map that says where free blocks start.
 *
 *	frame           0  1  2  3  4  5  6  7
 *	                [ taken  ]  t  [] [   ]
 *	free_order      -  -  -  -  -  0  1  -		a byte a frame: faster here than a bitmap an order
 *	free_list[0] -> 5	free_list[1] -> 6
 *
 *	T1  a block is on the list of its order exactly if its first frame's free_order says so; all others say TAKEN
 *	T2  a block and its buddy are never both free, below the largest order
 * No lock: one thread.
 */
#include <stdint.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/buddy_textbook.h"

#define NOWHERE UINT32_MAX
#define TAKEN 0xffu
#define NR_ORDERS (TEXTBOOK_MAX_ORDER + 1)
#define ARENA_ADDRESS ((char *)0x40000000)

/* The list's links of the block that starts at a frame. */
struct links {
	uint32_t next, previous;
};

static struct {
	struct links *links;			/* by frame */
	uint8_t *free_order;			/* by frame */
	uint32_t free_list[NR_ORDERS];
} buddy;

/* Inlined by force: a peer runs at its best. */
#define INLINED static inline __attribute__((always_inline))

INLINED void list_push(uint32_t frame, unsigned int order)
{
	uint32_t head = buddy.free_list[order];

	buddy.links[frame] = (struct links){ head, NOWHERE };
	if (head != NOWHERE)
		buddy.links[head].previous = frame;
	buddy.free_list[order] = frame;
	buddy.free_order[frame] = (uint8_t)order;
}

INLINED void list_remove(uint32_t frame, unsigned int order)
{
	struct links at = buddy.links[frame];

	if (at.previous == NOWHERE)
		buddy.free_list[order] = at.next;
	else
		buddy.links[at.previous].next = at.next;
	if (at.next != NOWHERE)
		buddy.links[at.next].previous = at.previous;
	buddy.free_order[frame] = TAKEN;
}

void textbook_init(size_t pages)
{
	buddy.links = scratch(pages * sizeof(struct links));
	buddy.free_order = memset(scratch(pages), TAKEN, pages);
	for (unsigned int order = 0; order < NR_ORDERS; order++)
		buddy.free_list[order] = NOWHERE;
	for (size_t frame = pages; frame > 0; frame -= 1ul << TEXTBOOK_MAX_ORDER)
		list_push((uint32_t)(frame - (1ul << TEXTBOOK_MAX_ORDER)), TEXTBOOK_MAX_ORDER);
}

void *textbook_alloc(unsigned int order)
{
	unsigned int from = order;
	uint32_t frame;

	while (from < NR_ORDERS && buddy.free_list[from] == NOWHERE)
		from++;
	if (from == NR_ORDERS)
		return NULL;
	frame = buddy.free_list[from];
	list_remove(frame, from);
	while (from > order) {
		from--;
		list_push(frame + (1u << from), from);
	}
	return ARENA_ADDRESS + (size_t)frame * BENCH_PAGE_SIZE;
}

void textbook_free(void *block, unsigned int order)
{
	uint32_t frame = (uint32_t)((size_t)((char *)block - ARENA_ADDRESS) / BENCH_PAGE_SIZE);

	while (order < TEXTBOOK_MAX_ORDER && buddy.free_order[frame ^ 1u << order] == order) {
		list_remove(frame ^ 1u << order, order);
		frame &= ~(1u << order);
		order++;
	}
	list_push(frame, order);
}

void textbook_free_blocks(unsigned long nr[])
{
	for (unsigned int order = 0; order < NR_ORDERS; order++) {
		nr[order] = 0;
		for (uint32_t at = buddy.free_list[order]; at != NOWHERE; at = buddy.links[at].next)
			nr[order]++;
	}
}
