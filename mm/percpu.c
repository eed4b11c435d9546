/* SPDX-License-Identifier: MIT */
/*
 * percpu.c - memory of which each CPU has its own.
 *
 *	machine -> chunk -> [ CPU 0: slot slot slot ... | CPU 1: slot slot slot ... | ... ]
 *			used	1    1    0		slots of 8 bytes, the same ones of every CPU
 *			ends	0    1    0		the last of each allocation
 *
 * The first chunk that has room serves, from its lowest slots on: first says where to look. A chunk that becomes empty
 * goes back unless it is the only one.
 *
 * True whenever the lock is free; percpu_check() proves each:
 *	N1  ends has a bit for each live allocation, and only where used has one
 *	N2  below first there is no free slot
 *	N3  nr_free counts the slots that are not used
 * Lock: machine->percpu_lock, a spinlock, irqs off; nothing is allocated under it.
 */
#include <linux/bitmap.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "lib/assert.h"
#include "mm/page_alloc.h"
#include "mm/percpu.h"

#define REPORTS_MAX 10u

void percpu_init(struct machine *m)
{
	spin_lock_init(&m->percpu_lock);
	INIT_LIST_HEAD(&m->percpu_chunks);
}

static size_t chunk_bytes(const struct machine *m)
{
	return m->nr_cpus * PERCPU_UNIT;
}

static void chunk_free(struct percpu_chunk *chunk)
{
	if (chunk)
		kvfree(chunk->base);
	kfree(chunk);
}

/* An empty one, on the machine's list. NULL: no memory. */
static bool chunk_add(struct machine *m, gfp_t gfp)
{
	struct percpu_chunk *chunk = kzalloc(sizeof(*chunk), gfp);
	unsigned long flags;

	if (chunk)
		chunk->base = kvmalloc(chunk_bytes(m), gfp);
	if (!chunk || !chunk->base) {
		chunk_free(chunk);
		return false;
	}
	chunk->nr_free = PERCPU_SLOTS;
	spin_lock_irqsave(&m->percpu_lock, flags);
	list_add_tail(&chunk->list, &m->percpu_chunks);
	spin_unlock_irqrestore(&m->percpu_lock, flags);
	return true;
}

/* ------------------------------------------------------------------------------------------------------ allocating */

static bool has_bit(const unsigned long *map, unsigned int at)
{
	return map[BIT_WORD(at)] & BIT_MASK(at);
}

/* The first of nr free slots side by side, at a multiple of mask + 1; PERCPU_SLOTS: there is none. */
static noinline unsigned int slots_find(struct percpu_chunk *chunk, unsigned int nr, unsigned int mask)
{
	unsigned long at;

	if (chunk->nr_free < nr)
		return PERCPU_SLOTS;
	at = bitmap_find_next_zero_area(chunk->used, PERCPU_SLOTS, chunk->first, nr, mask);
	return at + nr <= PERCPU_SLOTS ? (unsigned int)at : PERCPU_SLOTS;
}

static void slots_take(struct percpu_chunk *chunk, unsigned int at, unsigned int nr)
{
	unsigned int last = at + nr - 1;

	chunk->used[BIT_WORD(last)] |= BIT_MASK(last);
	chunk->ends[BIT_WORD(last)] |= BIT_MASK(last);
	if (nr > 1)
		bitmap_set(chunk->used, at, nr);
	chunk->nr_free -= nr;
	chunk->nr_live++;
	if (at == chunk->first)
		chunk->first = at + nr;
}

/* Mostly one slot is asked for, and the first that may be free is. */
static unsigned int slots_look(struct percpu_chunk *chunk, unsigned int nr, unsigned int mask)
{
	if (likely(nr == 1 && !mask && chunk->first < PERCPU_SLOTS && !has_bit(chunk->used, chunk->first)))
		return chunk->first;
	return slots_find(chunk, nr, mask);
}

static void *take(struct machine *m, unsigned int nr, unsigned int mask)
{
	struct percpu_chunk *chunk;
	void *ptr = NULL;
	unsigned long flags;

	spin_lock_irqsave(&m->percpu_lock, flags);
	list_for_each_entry(chunk, &m->percpu_chunks, list) {
		unsigned int at = slots_look(chunk, nr, mask);

		if (at == PERCPU_SLOTS)
			continue;
		slots_take(chunk, at, nr);
		ptr = chunk->base + at * PERCPU_SLOT;
		break;
	}
	spin_unlock_irqrestore(&m->percpu_lock, flags);
	return ptr;
}

/* The same, from a chunk more if need be. */
static noinline void *take_more(struct machine *m, unsigned int nr, unsigned int mask, gfp_t gfp)
{
	void *ptr = NULL;

	while (!ptr && (gfp & __GFP_DIRECT_RECLAIM) && chunk_add(m, gfp & ~__GFP_ZERO))
		ptr = take(m, nr, mask);
	return ptr;
}

/* Mostly a counter. */
static inline void zero(u64 *slots, size_t bytes)
{
	if (likely(bytes == PERCPU_SLOT))
		*slots = 0;
	else
		memset(slots, 0, bytes);
}

static noinline void *refuse(size_t size, size_t align, gfp_t gfp)
{
	WARN(!(gfp & __GFP_NOWARN), "illegal size (%zu) or align (%zu) for percpu allocation\n", size, align);
	return NULL;
}

/* Who may sleep is told, REPORTS_MAX times a machine. */
static noinline void *fail(struct machine *m, size_t size, size_t align, gfp_t gfp)
{
	unsigned int nr;

	if ((gfp & (GFP_KERNEL | __GFP_NOWARN)) != GFP_KERNEL)
		return NULL;
	nr = __atomic_add_fetch(&m->percpu_reports, 1, __ATOMIC_RELAXED);
	if (nr > REPORTS_MAX) {
		__atomic_store_n(&m->percpu_reports, REPORTS_MAX, __ATOMIC_RELAXED);
		return NULL;
	}
	pr_warn("percpu: allocation failed, size=%zu align=%zu atomic=0, failed to allocate new chunk\n", size, align);
	dump_stack();
	if (nr == REPORTS_MAX)
		pr_info("percpu: limit reached, disable warning\n");
	return NULL;
}

void *__alloc_percpu_gfp(size_t size, size_t align, gfp_t gfp)
{
	struct machine *m = this_machine();
	size_t bytes = round_up(size, PERCPU_SLOT);
	unsigned int nr = (unsigned int)(bytes / PERCPU_SLOT), mask = (unsigned int)((align - 1) / PERCPU_SLOT);
	void *ptr;

	if (unlikely(!size || size > PERCPU_UNIT || !align || align > PAGE_SIZE || (align & (align - 1))))
		return refuse(size, align, gfp);
	might_sleep_if(gfp & __GFP_DIRECT_RECLAIM);
	ptr = take(m, nr, mask);
	if (unlikely(!ptr))
		ptr = take_more(m, nr, mask, gfp);
	if (!ptr)
		return fail(m, size, align, gfp);
	for (unsigned int cpu = 0; cpu < m->nr_cpus; cpu++)
		zero(__per_cpu_address(ptr, cpu), bytes);
	return ptr;
}

void *__alloc_percpu(size_t size, size_t align)
{
	return __alloc_percpu_gfp(size, align, GFP_KERNEL);
}

/* --------------------------------------------------------------------------------------------------------- freeing */

static struct percpu_chunk *chunk_of(struct machine *m, const void *ptr)
{
	struct percpu_chunk *chunk;

	list_for_each_entry(chunk, &m->percpu_chunks, list)
		if ((unsigned long)ptr - (unsigned long)chunk->base < PERCPU_UNIT)
			return chunk;
	return NULL;
}

/* Does an allocation begin at the slot? */
static bool is_start(const struct percpu_chunk *chunk, unsigned int at)
{
	return has_bit(chunk->used, at) && (!at || !has_bit(chunk->used, at - 1) || has_bit(chunk->ends, at - 1));
}

static void slots_give(struct percpu_chunk *chunk, unsigned int at)
{
	unsigned int last = has_bit(chunk->ends, at) ? at : (unsigned int)find_next_bit(chunk->ends, PERCPU_SLOTS, at);

	chunk->ends[BIT_WORD(last)] &= ~BIT_MASK(last);
	chunk->used[BIT_WORD(last)] &= ~BIT_MASK(last);
	if (last > at)
		bitmap_clear(chunk->used, at, last - at);
	chunk->nr_free += last - at + 1;
	chunk->nr_live--;
	if (at < chunk->first)
		chunk->first = at;
}

/* Not in use, and not the only one. */
static bool is_spare(const struct machine *m, const struct percpu_chunk *chunk)
{
	return !chunk->nr_live && !list_is_singular(&m->percpu_chunks);
}

static noinline void report_bad_free(const void *ptr)
{
	WARN(true, "free_percpu: %px is not the start of a per-CPU allocation\n", ptr);
}

/* Returns false if nothing begins there. *spare: a chunk that is to go. */
static bool give(struct machine *m, void *ptr, struct percpu_chunk **spare)
{
	struct percpu_chunk *chunk = chunk_of(m, ptr);
	unsigned int at;

	if (!chunk || (unsigned long)ptr % PERCPU_SLOT)
		return false;
	at = (unsigned int)((char *)ptr - chunk->base) / PERCPU_SLOT;
	if (!is_start(chunk, at))
		return false;
	slots_give(chunk, at);
	if (is_spare(m, chunk)) {
		list_del(&chunk->list);
		*spare = chunk;
	}
	return true;
}

void free_percpu(void *ptr)
{
	struct machine *m = this_machine();
	struct percpu_chunk *spare = NULL;
	unsigned long flags;
	bool good;

	if (!ptr)
		return;
	spin_lock_irqsave(&m->percpu_lock, flags);
	good = give(m, ptr, &spare);
	spin_unlock_irqrestore(&m->percpu_lock, flags);
	if (unlikely(!good))
		report_bad_free(ptr);
	if (unlikely(spare))
		chunk_free(spare);
}

/* --------------------------------------------------------------------------------------------- the machine's other */

void percpu_shrink(struct machine *m)
{
	struct percpu_chunk *chunk, *next;
	unsigned long flags;
	LIST_HEAD(empty);

	spin_lock_irqsave(&m->percpu_lock, flags);
	list_for_each_entry_safe(chunk, next, &m->percpu_chunks, list)
		if (!chunk->nr_live)
			list_move(&chunk->list, &empty);
	spin_unlock_irqrestore(&m->percpu_lock, flags);
	list_for_each_entry_safe(chunk, next, &empty, list)
		chunk_free(chunk);
}

unsigned long percpu_exit(struct machine *m)
{
	struct percpu_chunk *chunk, *next;
	unsigned long live = 0;

	list_for_each_entry_safe(chunk, next, &m->percpu_chunks, list) {
		live += chunk->nr_live;
		chunk_free(chunk);
	}
	INIT_LIST_HEAD(&m->percpu_chunks);
	if (live)
		pr_warn("machine: %lu per-CPU allocations not freed\n", live);
	return live;
}

unsigned long percpu_bytes(struct machine *m)
{
	struct percpu_chunk *chunk;
	unsigned long bytes = 0, flags;

	spin_lock_irqsave(&m->percpu_lock, flags);
	list_for_each_entry(chunk, &m->percpu_chunks, list)
		bytes += chunk_bytes(m);
	spin_unlock_irqrestore(&m->percpu_lock, flags);
	return bytes;
}

static bool chunk_check(const struct percpu_chunk *chunk, struct kmem_fault *fault)
{
	unsigned int used = 0, ends = 0;

	for (unsigned int i = 0; i < PERCPU_SLOTS; i++) {
		used += test_bit(i, chunk->used);
		ends += test_bit(i, chunk->ends);
		if (test_bit(i, chunk->ends) && !test_bit(i, chunk->used))
			return fault_at(fault, "N1", "per-CPU chunk %px slot %u: the end of nothing", chunk->base, i);
		if (i < chunk->first && !test_bit(i, chunk->used))
			return fault_at(fault, "N2", "per-CPU chunk %px slot %u is free, the first is said to be %u",
					chunk->base, i, chunk->first);
	}
	if (ends != chunk->nr_live)
		return fault_at(fault, "N1", "per-CPU chunk %px: %u allocations, %u counted", chunk->base, ends,
				chunk->nr_live);
	if (chunk->nr_free != PERCPU_SLOTS - used)
		return fault_at(fault, "N3", "per-CPU chunk %px: %u slots are free, %u counted", chunk->base,
				PERCPU_SLOTS - used, chunk->nr_free);
	return true;
}

bool percpu_check(struct machine *m, struct kmem_fault *fault)
{
	const struct percpu_chunk *chunk;
	unsigned long flags;
	bool holds = true;

	spin_lock_irqsave(&m->percpu_lock, flags);
	list_for_each_entry(chunk, &m->percpu_chunks, list)
		holds = holds && chunk_check(chunk, fault);
	spin_unlock_irqrestore(&m->percpu_lock, flags);
	return holds;
}
