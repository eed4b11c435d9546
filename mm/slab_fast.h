/* SPDX-License-Identifier: MIT */
/*
 * slab_fast.h - how fast paths take an object off this CPU's slot and put one on; for KMEM_FAST functions only.
 *
 *	pop()		hot, else *--top	if it says that place; hot's mark is taken off
 *	set_aside()	hot			of the object that was given out last
 *	fast_push()	*top++			of any other; marked with its place
 *	sheaf_swap...()	main <-> spare		where that is empty, or full
 *
 * A host never takes the CPU away between two of their instructions (include/kmem/cpu.h), so it is cpu_here() to them.
 * What is odd they leave as it is, and say so: mm/slab_alloc.c has the slow paths, which look at everything again.
 */
#ifndef MM_SLAB_FAST_H
#define MM_SLAB_FAST_H

#include "mm/slab.h"

#define INLINE static __always_inline

/* Other CPUs may take it from this one: mm/sheaf.c, sheaves_forget(). */
#define last_object(cpu) load_in_place((cpu)->last_object)

/*
 * With so few, each that a fast path uses beside its arguments' is saved and restored. There the stack's top is changed
 * where it is and read twice (which else takes longer), what was asked waits in memory for slow paths, and what kfree()
 * does seldom is a function of its own.
 */
#define FEW_REGISTERS (sizeof(long) == 4)

INLINE here_slot *slot_at(here_cpu *cpu, unsigned long slot)
{
	return (here_slot *)((char KMEM_HERE *)cpu->sheaves + slot);
}

INLINE unsigned long slot_place(const here_cpu *cpu, const here_slot *slot)
{
	return (unsigned long)slot - (unsigned long)cpu->sheaves;
}

/* The CPU is one of the cache's machine. */
INLINE here_slot *slot_of_cache(here_cpu *cpu, const struct kmem_cache *cache)
{
	return (here_slot *)((char KMEM_HERE *)cpu->sheaves - KMEM_SLOTS_HERE + cache->slot);
}

/* Flags that the fast paths leave to others. */
INLINE bool gfp_is_odd(gfp_t gfp)
{
#if defined(__GCC_ASM_FLAG_OUTPUTS__) && (defined(__x86_64__) || defined(__i386__))
	bool odd;

	__asm__("test %1, %2" : "=@ccnz"(odd) : "r"(gfp), "m"(kmem_context.odd_gfp));	/* the compiler takes two */
	return odd;
#else
	return gfp & kmem_context.odd_gfp;
#endif
}

/* The compiler moves no store past here, and keeps that register, if it is in one. */
#ifdef KMEM_CPU_IS_SEGMENT
#define stores_end(pointer) barrier()
#else
#define stores_end(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")
#endif

INLINE bool has_mark(const unsigned long *mark_at, unsigned long mark)
{
	return *mark_at == mark;
}

/* What stands aside, or NULL: it has no mark. */
INLINE void *pop_aside(here_cpu *cpu, here_slot *slot, void *object, bool clears)
{
	if (unlikely(!has_mark(object, aside_mark(slot, 0))))
		return NULL;
	slot->hot = NULL;
	remember_last(cpu, object, slot);
	stores_end(cpu);
	if (!clears)
		*(unsigned long *)object = 0;
	return object;
}

/* The stack's top. NULL: it has no mark, as if there is none. */
INLINE void *pop_top(here_slot *slot, bool is_plain)
{
	void *object, **place;

	if (!is_plain && unlikely(!slot->free_limit))
		return NULL;
	place = slot->top - 1;
	object = *place;
	if (unlikely(!has_mark(object, place_mark(place, 0))))
		return NULL;
	if (!FEW_REGISTERS)
		slot->top = place;
	stores_end(slot);
	if (FEW_REGISTERS)
		slot->top--;
	return object;
}

/*
 * The newest object or the stack's top; NULL: leave what is odd to others. A stack that is empty looks like one whose
 * top has no mark. is_plain: it is known that marks are at the objects' start. clears: the caller takes the mark off.
 *
 * The mark of what stood aside is taken off, last: its line is the one that the caller writes to next, and a processor
 * makes two stores to a line in the time of one. That of an object from the stack is left: to take it off is a tenth of
 * a batch's time, and it says nothing as soon as the stack's top is below. The two ways out stay two: a jump to a
 * common end is a tenth of a pair's time. What stands aside lies behind a jump, as a processor waits a cycle for each
 * jump that it takes: so a pair takes a tenth longer (and is first by far), a batch a tenth less. (Where registers are
 * few the other order is two instructions fewer, as then the two ways stay two.)
 */
INLINE void *pop_for(here_cpu *cpu, here_slot *slot, bool is_plain, bool clears)
{
	void *object = slot->hot;

	if (FEW_REGISTERS ? likely(object != NULL) : unlikely(object != NULL))
		return pop_aside(cpu, slot, object, clears);
	return pop_top(slot, is_plain);
}

INLINE void *pop(here_cpu *cpu, here_slot *slot, bool is_plain)
{
	return pop_for(cpu, slot, is_plain, false);
}

/* Is this where an object of the slot's cache starts? The page is of a slab of the usual order. */
INLINE bool starts_object(const here_slot *slot, const void *object)
{
	return likely(((u32)(unsigned long)object & load_here(slot->slab_mask)) * slot->part < slot->end);
}

/* Are its objects marked in descriptors? */
INLINE bool slot_is_of_pages(const here_slot *slot)
{
	return PAGES_ARE_MARKED && load_in_place(slot->words) == SHEAF_OF_PAGES;
}

/* How large objects of the slot's cache are, without a look at it; 0: it must tell. */
INLINE size_t slot_bytes(const here_slot *slot, const void *object)
{
	if (unlikely(!slot->free_limit || !starts_object(slot, object)))
		return 0;
	return load_here(slot->bytes) & ~SHEAF_INIT;
}

INLINE unsigned long area_of(const here_cpu *cpu)
{
#ifdef KMEM_CPU_IS_SEGMENT
	return cpu->area;
#else
	return (unsigned long)cpu - KMEM_CPU_OFFSET;
#endif
}

/* The slot for objects of the page there; slot 0 takes none. */
INLINE unsigned long slot_of(const here_cpu *cpu, const void *object)
{
	unsigned long page = (unsigned long)((long)((unsigned long)object - area_of(cpu)) >> PAGE_SHIFT);

	return likely(page > cpu->page_before) ? __atomic_load_n(&cpu->slot_map[(long)page], __ATOMIC_RELAXED) : 0;
}

/*
 * Mark and push: the stack has room, and the object is one. The object's memory is written, not read: it may be long
 * out of the caches. Above the top of a stack lies the object that was pushed or popped last.
 */
INLINE void push(here_slot *slot, void **top, void *object, unsigned long *mark_at, unsigned long turn)
{
	*mark_at = place_mark(top, turn);
	top[0] = top[1] = object;
	if (FEW_REGISTERS)
		slot->top++;
	else
		slot->top = top + 1;
}

INLINE bool has_one_aside(const here_slot *slot)
{
#if defined(__GCC_ASM_FLAG_OUTPUTS__) && defined(__i386__)
	bool has;

	__asm__("cmpl $0, %1" : "=@ccne"(has) : "m"(slot->hot));	/* the compiler loads it first */
	return has;
#else
	return slot->hot;
#endif
}

/* An object that is marked at its start stands aside, unless another one does. */
INLINE bool set_aside(here_slot *slot, void *object, unsigned long turn)
{
	if (unlikely(has_one_aside(slot)))
		return false;
	*(unsigned long *)object = aside_mark(slot, turn);
	slot->hot = object;
	return true;
}

/*
 * Push, below the limit. What is odd goes to the slow path: a full sheaf, no object's start, the object that was pushed
 * last. Returns whether it was pushed, or stands aside.
 */
INLINE bool push_turned(here_slot *slot, void **limit, void *object, unsigned long *mark_at, unsigned long turn)
{
	void **top = slot->top;

	if (unlikely(top >= limit || !starts_object(slot, object)))
		return false;
	if (unlikely(top[0] == object)) {	/* pushed last, or popped last: a pop tells nobody what it took */
		if (top[-1] == object || slot->hot == object)
			return false;
		if (mark_at == object && set_aside(slot, object, turn))
			return true;
	}
	push(slot, top, object, mark_at, turn);
	return true;
}

/* The same of an object that is marked at its start and whose slot has a limit: where marks are not turned. */
INLINE bool fast_push(here_slot *slot, void *object)
{
	return push_turned(slot, slot->free_limit, object, object, 0);
}

/* The same of one that was not pushed or popped last; in the order that keeps the fewest registers. */
INLINE bool plain_push(here_slot *slot, void *object)
{
	void **top = slot->top;

	if (unlikely(top >= slot->free_limit || top[0] == object || !starts_object(slot, object)))
		return false;
	push(slot, top, object, object, 0);
	return true;
}

/* The slot for the class of (size + 7) / 8. No bytes: slot 0, which has nothing. */
extern const u16 kmalloc_slots[KMALLOC_MAX_CACHE_SIZE / 8 + 1];

/* An object of a class, or NULL: leave what is odd to others. */
INLINE void *kmalloc_pop(here_cpu *cpu, size_t size, gfp_t gfp)
{
	return unlikely(gfp_is_odd(gfp)) ? NULL : pop(cpu, slot_at(cpu, kmalloc_slots[(size + 7) / 8]), true);
}

/* Is that a matter for others: a cache of another machine, or odd flags? */
INLINE bool cache_is_odd(here_cpu *cpu, const struct kmem_cache *cache, gfp_t gfp)
{
	return unlikely(cache->machine != cpu->machine) || unlikely(gfp_is_odd(gfp));
}

/* The same of a cache. */
INLINE void *cache_pop(here_cpu *cpu, const struct kmem_cache *cache, gfp_t gfp)
{
	return cache_is_odd(cpu, cache, gfp) ? NULL : pop(cpu, slot_of_cache(cpu, cache), false);
}

/* set_aside() of the newest object. A slot knows its cache, and with it its machine. */
INLINE bool cache_set_aside(here_cpu *cpu, const struct kmem_cache *cache, void *object)
{
	here_slot *slot = cpu->last_slot;

	return likely(slot->cache == cache) && set_aside(slot, object, 0);
}

/* Write the stack's height back and detach. */
INLINE struct sheaf *slot_take_main(struct cpu_sheaf *slot)
{
	struct sheaf *sheaf = sheaf_slot_main(slot);

	if (sheaf)
		sheaf->nr = (u32)(slot->top - slot->base);
	return sheaf;
}

INLINE void slot_set_main(const struct kmem_cache *cache, struct cpu_sheaf *slot, struct sheaf *sheaf)
{
	bool marks_are_plain = !cache->offset && !cache->marks_pages && !cache->machine->mark_turn;
	bool kfree_is_plain = sheaf && cache->fast_free && marks_are_plain;

	slot->base = sheaf ? sheaf->objects : SHEAF_NONE;
	slot->top = sheaf ? sheaf->objects + sheaf->nr : SHEAF_NONE;
	slot->free_limit = kfree_is_plain ? sheaf->objects + sheaf->capacity : NULL;
}

/* Swap the main sheaf with the spare. */
INLINE void slot_swap(const struct kmem_cache *cache, struct cpu_sheaf *slot)
{
	struct sheaf *old = slot_take_main(slot);

	slot_set_main(cache, slot, slot->spare);
	slot->spare = old;
}

/* The compiler does not know that this slot is that one. */
INLINE void swap_here(here_slot *slot)
{
	barrier();
	slot_swap(slot->cache, slot_there(this_cpu(), slot));
	barrier();
}

/* The spare becomes the main sheaf, if it has more objects, or more room. False: it has not. */
INLINE bool sheaf_swap_for_objects(here_slot *slot)
{
	if (!slot->spare || slot->spare->nr <= (unsigned long)(slot->top - slot->base))
		return false;
	swap_here(slot);
	return true;
}

INLINE bool sheaf_swap_for_room(here_slot *slot)
{
	if (!slot->spare || slot->spare->nr >= (unsigned long)(slot->top - slot->base))
		return false;
	swap_here(slot);
	return true;
}

#endif
