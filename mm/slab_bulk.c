/* SPDX-License-Identifier: MIT */
/*
 * slab_bulk.c - many objects at once: a run of them is taken off this CPU's sheaf, or put on, in one loop.
 *
 *	alloc	[ o o o o o o o . . ]	as long as each has its mark
 *		        <------ top
 *	free	[ o o o . . . . . . ]	as long as each starts where one of its slab does, and is not there already
 *		    top ------>
 *
 * In a run only what changes from object to object is looked at. Slabs are looked up where the last object's ends. What
 * ends a run (the sheaf is empty or full, flags are odd, no object, one of another cache) goes the ordinary way, one
 * object, which refills the sheaf or makes room, or reports what is to be reported; and the next run goes on.
 *
 * Unlike kfree(), a run reads each object before it marks it: one that lies in the stack already is refused at once,
 * whenever it was freed. Here no one waits for that memory, as the next objects are fetched meanwhile.
 */
#include <linux/kernel.h>
#include "mm/slab.h"
#include "mm/slab_fast.h"

#define RUN_MOST 64u		/* a host cannot take the CPU away in one */

/* Where registers are few, what takes none. */
#if __SIZEOF_POINTER__ == 4
#define NO_PLACE_BELOW(run) OTHERS_BASE
#else
#define NO_PLACE_BELOW(run) ((run)->base)
#endif

/* How often a step goes well: up to four times, of which the first is number i. */
#define FOUR_OF(step, at, top, i, ...)                                                                                 \
	(!step(at, top, ##__VA_ARGS__, i)	? (i) :                                                                \
	 !step(at, top, ##__VA_ARGS__, (i) + 1) ? (i) + 1 :                                                            \
	 !step(at, top, ##__VA_ARGS__, (i) + 2) ? (i) + 2 :                                                            \
	 !step(at, top, ##__VA_ARGS__, (i) + 3) ? (i) + 3 : (i) + 4)

/*
 * step(at, top, argument, i) for objects from at on, to the end of theirs, and places from top on, up or down: as long
 * as it goes well. Eight steps are one round of a loop, whose ways out know how many there were.
 */
#define RUN(step, at, end, top, way, ...)                                                                              \
	do {                                                                                                           \
		long rounds_ = ((end) - (at)) / 8;                                                                     \
		int n_ = 8;                                                                                            \
		for (; rounds_ && n_ == 8; rounds_--) {                                                                \
			n_ = FOUR_OF(step, at, top, 0, ##__VA_ARGS__);                                                 \
			if (n_ == 4)                                                                                   \
				n_ = FOUR_OF(step, at, top, 4, ##__VA_ARGS__);                                         \
			(at) += n_, (top) += (way) * n_;                                                               \
		}                                                                                                      \
		while ((at) < (end) && step(at, top, ##__VA_ARGS__, 0))                                                \
			(at)++, (top) += (way);                                                                        \
	} while (0)

/* ---------------------------------------------------------------------------------------------------- allocating */

INLINE bool pop_to(void **to, void **top, int i)
{
	void *object = top[-1 - i];

	if (unlikely(!has_mark(object, place_mark(&top[-1 - i], 0))))
		return false;
	*(unsigned long *)object = 0;		/* or a run of frees takes a closer look */
	to[i] = object;
	return true;
}

/* Off the stack. Returns how many; the first of the others is left to kmem_cache_alloc(). */
KMEM_FAST static size_t pop_run(const struct kmem_cache *cache, gfp_t gfp, size_t nr, void **objects)
{
	here_cpu *cpu = cpu_here();
	void **top, **to = objects, **end = objects + min_t(size_t, nr, RUN_MOST);
	here_slot *slot;

	if (cache_is_odd(cpu, cache, gfp))
		return 0;
	slot = slot_of_cache(cpu, cache);
	if (unlikely(slot->hot || !slot->free_limit))
		return 0;
	if (unlikely(slot->top - slot->base < end - objects))
		sheaf_swap_for_objects(slot);
	top = slot->top;
	RUN(pop_to, to, end, top, -1);
	slot->top = top;
	return (size_t)(to - objects);
}

int kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, size_t nr, void **objects)
{
	for (size_t i = 0;; i++) {
		i += pop_run(cache, gfp, nr - i, objects + i);
		if (i == nr)
			return (int)nr;
		objects[i] = kmem_cache_alloc(cache, gfp);
		if (unlikely(!objects[i])) {
			kmem_cache_free_bulk(cache, i, objects);
			return 0;
		}
	}
}

/* ------------------------------------------------------------------------------------------------------- freeing */

/* What a run of frees knows of its cache, and of the slab that the last object was of. */
struct slab_run {
	const here_cpu *cpu;
	unsigned long id_slot, slab_mask, objects;
	unsigned long base;		/* of the stack */
	struct step step;
	unsigned long before;		/* what gives, added to an address, the distance from the slab's start */
	unsigned long odd;		/* of an even cache: no object's distance * inverse has one of these */
};

/*
 * is_even: the cache has a power of two of objects a slab, and registers are few. One look at a product tells then, and
 * needs none of what the other one goes by.
 */
INLINE bool starts_in(const struct slab_run *run, const void *object, bool is_even)
{
	unsigned long distance = (unsigned long)object + run->before;

	return is_even ? !(distance * run->step.inverse & run->odd) : steps_in(run->step, distance) < run->objects;
}

/* Or else, is it of another slab of that cache? */
INLINE bool starts_elsewhere(struct slab_run *run, const void *object, bool is_even)
{
	if (slot_of(run->cpu, object) != run->id_slot)
		return false;
	run->before = -((unsigned long)object & run->slab_mask);
	OPTIMIZER_HIDE_VAR(run->before);
	return starts_in(run, object, is_even);
}

/* Does it lie in the stack already, below that place, where its mark says? */
INLINE bool lies_in_stack(const struct slab_run *run, const void *object, void **to)
{
	const unsigned long *word = object;
	unsigned long place;

	if (likely(*word < NO_PLACE_BELOW(run)))	/* most words are not so large */
		return false;
	OPTIMIZER_HIDE_VAR(word);		/* and are not kept for the others */
	place = *word;
	return place >= run->base && place < (unsigned long)to && place % sizeof(place) == 0 &&
	       *(void **)place == object;
}

INLINE bool push_object(void *object, void **to, struct slab_run *run, bool is_even)
{
	if (unlikely(!starts_in(run, object, is_even)) && !starts_elsewhere(run, object, is_even))
		return false;
	if (unlikely(lies_in_stack(run, object, to)))
		return false;
	*(unsigned long *)object = place_mark(to, 0);
	*to = object;
	return true;
}

INLINE bool push_from(void **from, void **top, struct slab_run *run, int i)
{
	return push_object(from[i], &top[i], run, false);
}

INLINE bool push_even_from(void **from, void **top, struct slab_run *run, int i)
{
	return push_object(from[i], &top[i], run, true);
}

/* Those on to the end, for which the slot's stack has room. Returns how many. */
INLINE size_t push_up_to(here_cpu *cpu, here_slot *slot, void **objects, void **end, bool is_even)
{
	const struct kmem_cache *cache = slot->cache;
	struct slab_run run = { .cpu = cpu, .id_slot = slot_place(cpu, slot) };
	void **top = slot->top, **from = objects;

	run.slab_mask = ~(unsigned long)slot->slab_mask;
	run.step = cache->step;
	run.objects = cache->objects;
	run.odd = ~((run.objects - 1) << run.step.shift);
	run.before = -((unsigned long)objects[0] & run.slab_mask);
	run.base = (unsigned long)slot->base;
	if (is_even)
		RUN(push_even_from, from, end, top, 1, &run);
	else
		RUN(push_from, from, end, top, 1, &run);
	*top = top[-1];
	slot->top = top;
	return (size_t)(from - objects);
}

/* What stands aside, onto the stack: there a run sees that it is free. */
INLINE void lay_down(here_slot *slot)
{
	void *object = slot->hot;

	if (!object || slot->top == slot->free_limit)
		return;
	slot->hot = NULL;
	push(slot, slot->top, object, object, 0);
}

KMEM_FAST static size_t push_even_run(here_slot *slot, void **objects, void **end)
{
	return push_up_to(cpu_here(), slot, objects, end, true);
}

/*
 * Onto the stack of their cache, which must be this one unless it is NULL: as many as are objects of it, not free yet.
 * The newest that was given out may be one of them.
 */
KMEM_FAST static size_t push_run(const struct kmem_cache *cache, size_t nr, void **objects)
{
	here_cpu *cpu = cpu_here();
	here_slot *slot = slot_at(cpu, slot_of(cpu, objects[0]));
	void **end;

	nr = min_t(size_t, nr, RUN_MOST);
	if (unlikely(!slot->free_limit || (cache && cache != slot->cache)))
		return 0;
	if (unlikely((size_t)(slot->free_limit - slot->top) < nr))
		sheaf_swap_for_room(slot);
	sheaves_forget_last(this_cpu());
	lay_down(slot);
	end = objects + min_t(size_t, nr, (size_t)(slot->free_limit - slot->top));
	if (FEW_REGISTERS && is_power_of_2(slot->cache->objects))
		return push_even_run(slot, objects, end);
	return push_up_to(cpu, slot, objects, end, false);
}

/* What ended a run. */
static void free_odd(struct kmem_cache *cache, void *object)
{
	if (!cache)
		kfree_slow(object);
	else if (cache->offset || cache->marks_pages)
		kmem_cache_free(cache, object);
	else
		cache_free_slow(cache, object);
}

void kmem_cache_free_bulk(struct kmem_cache *cache, size_t nr, void **objects)
{
	size_t run;

	for (; nr; objects += run, nr -= run) {
		run = push_run(cache, nr, objects);
		if (unlikely(!run)) {
			free_odd(cache, *objects);
			run = 1;
		}
	}
}
