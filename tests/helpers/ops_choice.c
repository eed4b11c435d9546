/* SPDX-License-Identifier: MIT */
/*
 * ops_choice.c - choices of a seed or of bytes, and the things that a thread has.
 *
 *	pick()		the next choice: of the seed's numbers, or the next byte
 *	things[]	[ oldest | ... | newest ]	a ring; which one is freed next is the shape's to say
 */
#include <linux/sched/mm.h>
#include "mm/page_alloc.h"
#include "tests/helpers/ops_world.h"

/* ------------------------------------------------------------------------------------------------------ choices */

static u32 pick_byte(struct ops *o)
{
	if (o->at == o->end) {
		o->dry = true;
		return 0;
	}
	return *o->at++;
}

/* The next choice: 0 .. limit - 1. */
u32 pick(struct ops *o, u32 limit)
{
	u64 x = o->random;

	if (o->at)
		return (limit > 256 ? pick_byte(o) << 8 | pick_byte(o) : pick_byte(o)) % limit;
	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	o->random = x;
	return (u32)(((x * 0x2545f4914f6cdd1dull >> 32) * limit) >> 32);
}

bool one_in(struct ops *o, u32 n)
{
	return pick(o, n) == n - 1;
}

/* Every size up to 2^log2 about as often as those of half of it; powers of two and their neighbours often. */
size_t pick_size(struct ops *o, unsigned int log2)
{
	size_t base = 1ul << pick(o, log2 + 1);

	switch (pick(o, 8)) {
	case 0: return base;
	case 1: return base + 1;
	case 2: return base - 1 + (base == 1);
	}
	return base / 2 + 1 + pick(o, (u32)min(base, (size_t)1 << 16));
}

size_t pick_usual_size(struct ops *o, unsigned int largest)
{
	return pick_size(o, one_in(o, 200) ? largest : o->shape->largest);
}

gfp_t pick_how(struct ops *o)
{
	static const gfp_t how[] = {
		GFP_KERNEL, GFP_KERNEL, GFP_KERNEL, GFP_KERNEL | __GFP_NORETRY, GFP_ATOMIC, GFP_NOWAIT, GFP_NOIO,
		GFP_NOFS, GFP_USER, GFP_KERNEL_ACCOUNT, __GFP_HIGH, 0, GFP_KERNEL | __GFP_RETRY_MAYFAIL,
		GFP_KERNEL | __GFP_MEMALLOC, GFP_KERNEL | __GFP_NOMEMALLOC, GFP_ATOMIC | __GFP_NOMEMALLOC,
		GFP_KERNEL | __GFP_WRITE,
	};
	gfp_t gfp = how[pick(o, ARRAY_SIZE(how))];

	if (!one_in(o, 16))
		gfp |= __GFP_NOWARN;
	return one_in(o, 4) ? gfp | __GFP_ZERO : gfp;
}

/* Of anything that is not asked for by address. */
gfp_t pick_where(struct ops *o)
{
	static const gfp_t where[] = {
		0, 0, 0, __GFP_DMA, __GFP_DMA32, __GFP_HIGHMEM, __GFP_HIGHMEM | __GFP_MOVABLE, __GFP_MOVABLE,
		__GFP_RECLAIMABLE,
	};

	return where[pick(o, ARRAY_SIZE(where))];
}

int pick_node(struct ops *o)
{
	return one_in(o, 4) ? (int)pick(o, o->m->nr_nodes) : NUMA_NO_NODE;
}

/* Pages of zones that have addresses. */
unsigned long low_free_pages(struct machine *m)
{
	unsigned long pages = 0;

	for (unsigned int i = 0; i < m->nr_zones; i++)
		if (m->zones[i]->type <= ZONE_NORMAL)
			pages += (unsigned long)zone_page_state(m->zones[i], NR_FREE_PAGES);
	return pages;
}

/* NULL for so few bytes: has it a reason? */
void must_work(struct ops *o, gfp_t gfp, size_t bytes)
{
	if (bytes <= PAGE_SIZE && (gfp & GFP_KERNEL) == GFP_KERNEL && !(gfp & (GFP_ZONEMASK | __GFP_THISNODE)) &&
	    !o->world->faults && o->world->threads == 1 && low_free_pages(o->m) > o->m->totalram / 2)
		world_fail(o->world, "NULL for %lu bytes with gfp 0x%x and %lu pages free", (unsigned long)bytes, gfp,
			   low_free_pages(o->m));
}

/* ------------------------------------------------------------------------------------------------------- things */

struct thing *thing_at(struct ops *o, unsigned int i)
{
	return &o->things[(o->oldest + i) % OPS_THINGS];
}

/* One of ours, in the order of the shape. There is one. */
unsigned int pick_thing(struct ops *o)
{
	if (o->shape->order == OPS_RANDOM || one_in(o, 8))
		return pick(o, o->nr);
	return o->shape->order == OPS_LIFO ? o->nr - 1 : 0;
}

struct thing thing_remove(struct ops *o, unsigned int i)
{
	struct thing gone = *thing_at(o, i);

	if (i) {
		*thing_at(o, i) = *thing_at(o, o->nr - 1);
	} else {
		o->oldest = (o->oldest + 1) % OPS_THINGS;
	}
	o->nr--;
	return gone;
}

void free_one(struct ops *o)
{
	struct thing gone;

	if (!o->nr)
		return;
	gone = thing_remove(o, pick_thing(o));
	thing_free(o->world, &gone, pick(o, 256));
}

u64 new_id(struct ops *o)
{
	return o->next_id++ * OPS_THREADS + o->number;
}

/* It is ours: into the model, filled, into the ring. */
void thing_add(struct ops *o, struct thing *thing, bool zeroed)
{
	thing_claim(o->world, thing);
	if (zeroed && !o->world->failed)
		thing_expect_zero(o->world, thing, thing->room);
	if (o->world->failed)
		return;
	if (thing->address && !ZERO_OR_NULL_PTR(thing->address))
		thing_fill(thing, new_id(o));
	if (o->nr >= min(o->shape->most, (unsigned int)OPS_THINGS))
		free_one(o);
	*thing_at(o, o->nr) = *thing;
	o->nr++;
}
