/* SPDX-License-Identifier: MIT */
/*
 * sheaf.c - full and empty sheaves between CPUs and slabs (Bonwick's magazines and depot).
 *
 *	CPU   main  [ o o o . . ]  spare [ o o o o o ]
 *	node  barn  full:  [ooooo] [ooooo]   empty: [.....] [.....]
 *	node  slabs
 *
 * All are of one node: an object of another goes home to its slab at once.
 *
 * Allocating from an empty main sheaf: swap with a spare that has objects; else trade the empty one for a full one
 * of the barn; else fill it from slabs. Freeing to a full one is the mirror image. So whole sheaves cross from CPU
 * to CPU under one lock, and an object is moved singly only between a sheaf and its slab.
 *
 * True for each CPU when its owner is not inside; slab_check() proves each:
 *	H1  its slots say whose they are, and where marks are; base <= top <= base + the cache's capacity
 *	H2  every object in a sheaf is one of the cache's, out of its slab's map, and in one sheaf only
 *	H3  a barn's full sheaves are full, its empty ones empty; nr_full and nr_empty count them
 *	H5  every object in a sheaf is of the node of its CPU, or of its barn's
 *	H6  a CPU's newest object, if it says one, is of the cache of the slot that it says
 *	H7  an object of whole pages in a sheaf is marked in its descriptor, and one that stands aside is not
 * For H2 and H5 a slot's hot object is in a sheaf.
 * Lock: barn->lock for the barn; a CPU's slots belong to who leases it (preemption off).
 */
#include <linux/compiler.h>
#include <linux/kernel.h>
#include "lib/assert.h"
#include "lib/seeded.h"
#include "mm/cpus.h"
#include "mm/fault_inject.h"
#include "mm/idle.h"
#include "mm/slab.h"
#include "mm/slab_fast.h"

static const u16 sheaf_bytes[NR_SHEAF_SIZES] = { 128, 256, 512, 1024, 2048, 4096 };

#define REFILL_BYTES (128u << 10)	/* of slabs at once: each object is written to */
#define SHEAF_CAPACITY(bytes) ((unsigned int)(((bytes) - sizeof(struct sheaf)) / sizeof(void *)) - 1)	/* kmem/cpu.h */

/* Small objects by the hundred, large ones by the dozen: a sheaf stands for 32 to 64 KiB, of large objects for 480. */
unsigned int sheaf_capacity_for(const struct machine *m, unsigned int size)
{
	unsigned int step = size <= 128 ? 5 : size <= 512 ? 4 : size <= 1024 ? 4 : size <= 4096 ? 3 : 2;
	bool small_machine = m->totalram < (64ul << 20 >> PAGE_SHIFT);

	if (small_machine)
		step--;
	return size > KMALLOC_MAX_CACHE_SIZE ? 0 : SHEAF_CAPACITY(sheaf_bytes[step]);
}

static struct kmem_cache *sheaf_cache(struct machine *m, unsigned int capacity)
{
	for (unsigned int i = 0; i < NR_SHEAF_SIZES; i++)
		if (capacity <= SHEAF_CAPACITY(sheaf_bytes[i]))
			return m->sheaf_cache[i];
	return NULL;
}

struct sheaf *sheaf_new(struct machine *m, unsigned int capacity, gfp_t gfp)
{
	struct kmem_cache *cache = sheaf_cache(m, capacity);
	struct sheaf *sheaf;

	if (fault_here(m, FAULT_SHEAF, 0))
		return NULL;
	sheaf = slab_alloc_one(cache, (gfp & ~(__GFP_ZERO | __GFP_DIRECT_RECLAIM | __GFP_NOFAIL)) | __GFP_NOWARN,
			       (int)this_cpu()->node);
	if (!sheaf)
		return NULL;
	sheaf->next = NULL;
	sheaf->bottom = &sheaf->capacity;
	sheaf->capacity = (u16)capacity;
	sheaf->filled = 0;
	sheaf->nr = 0;
	return sheaf;
}

void sheaf_delete(struct machine *m, struct sheaf *sheaf)
{
	void *object = sheaf;

	assert(!sheaf->nr);
	slab_put(sheaf_cache(m, sheaf->capacity), &object, 1);
}

/* The CPUs that matter have popped from the slab, so they are online. What they do meanwhile, they do with others. */
void sheaves_forget(struct machine *m, const void *start, size_t bytes)
{
	unsigned int nr = __atomic_load_n(&m->nr_online, __ATOMIC_RELAXED);

	for (unsigned int i = 0; i < nr; i++) {
		void *last = __atomic_load_n(&m->cpus[i]->last_object, __ATOMIC_RELAXED);

		if ((unsigned long)last - (unsigned long)start < bytes)
			sheaves_forget_last(m->cpus[i]);
	}
}

/*
 * How the fast paths tell an object from what is between objects without dividing: size * part is a little more than
 * 2^32, by over. So i * size * part is i * over, mod 2^32, and of any place between two objects it is part or more. (No
 * slab of the usual order is larger than 64 KiB, nor an object than half of that: then i * over is below part.) What
 * follows the last object counts as if there were more.
 *
 * One way for all sizes, as no processor guesses whether the next free is of a power of two: with a shorter one for
 * those, log sizes took an eighth longer.
 */
static void slot_init_check(const struct kmem_cache *cache, struct cpu_sheaf *slot)
{
	u32 part = ~0u / cache->size + 1, over = part * cache->size;

	if (!over) {
		part++;
		over = cache->size;
	}
	slot->part = part;
	slot->end = cache->objects * over;
	slot->slab_mask = (u16)((PAGE_SIZE << cache->order) - 1);
}

static bool inits_objects(const struct kmem_cache *cache)
{
	return cache->machine->params.init_on_alloc && !cache->ctor && !(cache->flags & SLAB_TYPESAFE_BY_RCU);
}

void cpu_slot_init(struct kmem_cache *cache, struct kmem_cpu *cpu)
{
	struct cpu_sheaf *slot = &cpu->sheaves[cache->id];

	if (!slot->base)		/* else an earlier cache of that id left it empty, and someone may be looking */
		slot_set_main(cache, slot, NULL);
	__atomic_store_n(&slot->cache, cache, __ATOMIC_RELAXED);
	slot_init_check(cache, slot);
	cpu_slot_set_bytes(cache, cpu);
}

/* Others may be allocating from the cache meanwhile: they clear as much as before or as now. */
void cpu_slot_set_bytes(struct kmem_cache *cache, struct kmem_cpu *cpu)
{
	struct cpu_sheaf *slot = &cpu->sheaves[cache->id];
	unsigned int bytes = __atomic_load_n(&cache->object_size, __ATOMIC_RELAXED);
	unsigned int words = DIV_ROUND_UP(bytes, (unsigned int)sizeof(long));	/* all of the last is the object's */

	words = cache->marks_pages ? SHEAF_OF_PAGES : min(words, SHEAF_MANY_WORDS);
	__atomic_store_n(&slot->words, (u8)words, __ATOMIC_RELAXED);
	__atomic_store_n(&slot->bytes, (u16)(bytes | (inits_objects(cache) ? SHEAF_INIT : 0)), __ATOMIC_RELAXED);
}

void cpu_slots_init(struct machine *m, struct kmem_cpu *cpu)
{
	for (unsigned int id = 0; id < m->nr_cache_ids; id++)
		if (m->cache_by_id[id])
			cpu_slot_init(m->cache_by_id[id], cpu);
}

void sheaf_layer_init(struct kmem_cache *cache)
{
	unsigned int bytes = max(cache->sheaf_capacity * cache->size, 1u);

	cache->max_full = clamp(MAX_FULL_BYTES / bytes, 2u, MAX_FULL_SHEAVES);
	for (unsigned int nid = 0; nid < cache->machine->nr_nodes; nid++)
		cache->node[nid]->barn = (struct barn){ 0 };
}

static void stack_push(struct sheaf **stack, unsigned int *nr, struct sheaf *sheaf)
{
	sheaf->next = *stack;
	__atomic_store_n(stack, sheaf, __ATOMIC_RELAXED);	/* see barn_expect() */
	++*nr;
}

/* NULL: there is none. */
static struct sheaf *stack_pop(struct sheaf **stack, unsigned int *nr)
{
	struct sheaf *sheaf = *stack;

	if (!sheaf)
		return NULL;
	__atomic_store_n(stack, sheaf->next, __ATOMIC_RELAXED);
	--*nr;
	return sheaf;
}

/* What will be popped, if no one else is sooner, was another CPU's: it shall come while the lock is waited for. */
static void barn_expect(struct sheaf *const *stack)
{
	__builtin_prefetch(__atomic_load_n(stack, __ATOMIC_RELAXED));
}

/* A full sheaf for an empty one (which may be NULL). NULL: there is none, and the empty one stays the caller's. */
static struct sheaf *barn_trade_empty(struct barn *barn, struct sheaf **surplus)
{
	struct sheaf *empty = *surplus, *full, *seen = SEEDED(BARN) ? barn->full : NULL;
	unsigned long flags;

	barn_expect(&barn->full);
	spin_lock_irqsave(&barn->lock, flags);
	full = stack_pop(&barn->full, &barn->nr_full);
	if (SEEDED(BARN))
		full = seen;
	if (full && empty && barn->nr_empty < MAX_EMPTY_SHEAVES) {
		stack_push(&barn->empty, &barn->nr_empty, empty);
		*surplus = NULL;
	}
	spin_unlock_irqrestore(&barn->lock, flags);
	return full;
}

static unsigned int barn_room(const struct kmem_cache *cache)
{
	if (cache->max_full < MAX_FULL_SHEAVES)
		return cache->max_full;
	return max(MAX_FULL_SHEAVES, __atomic_load_n(&cache->machine->nr_online, __ATOMIC_RELAXED));
}

/* An empty sheaf for a full one. NULL: the barn has no room, or none empty, and the full one stays the caller's. */
static struct sheaf *barn_trade_full(struct kmem_cache *cache, int nid, struct sheaf *full, bool *taken)
{
	struct barn *barn = &cache->node[nid]->barn;
	struct sheaf *empty = NULL;
	unsigned long flags;

	barn_expect(&barn->empty);
	spin_lock_irqsave(&barn->lock, flags);
	*taken = barn->nr_full < barn_room(cache);
	if (*taken) {
		stack_push(&barn->full, &barn->nr_full, full);
		empty = stack_pop(&barn->empty, &barn->nr_empty);
	}
	spin_unlock_irqrestore(&barn->lock, flags);
	return empty;
}

/* An empty sheaf from the barn, or NULL. */
static struct sheaf *barn_get_empty(struct barn *barn)
{
	struct sheaf *empty;
	unsigned long flags;

	spin_lock_irqsave(&barn->lock, flags);
	empty = stack_pop(&barn->empty, &barn->nr_empty);
	spin_unlock_irqrestore(&barn->lock, flags);
	return empty;
}

/* Objects of slabs, marked as every object of a sheaf is. Returns how many. */
static unsigned int take_marked(struct kmem_cache *cache, int nid, void **objects, unsigned int nr)
{
	nr = slab_take(cache, nid, objects, nr);
	for (unsigned int i = 0; i < nr; i++)
		object_set_mark(cache, &objects[i]);
	return nr;
}

/*
 * Who needs few objects shall not touch the memory of many: a page of them at first, then each time twice as many.
 */
static u16 sheaf_next_fill(const struct kmem_cache *cache, const struct sheaf *sheaf)
{
	unsigned int page = max((unsigned int)PAGE_SIZE / cache->size, 1u);
	unsigned int most = max(REFILL_BYTES / cache->size, 2u);

	most = min(most, (unsigned int)sheaf->capacity);
	return (u16)min(sheaf->filled ? 2u * sheaf->filled : page, most);
}

/* Get objects into the empty main sheaf without sleeping. False: slabs have none. Interrupts are off. */
static bool slot_refill(struct kmem_cache *cache, struct cpu_sheaf *slot, int nid)
{
	struct barn *barn = &cache->node[nid]->barn;
	struct sheaf *main, *full;

	if (slot->spare && slot->spare->nr) {
		slot_swap(cache, slot);
		return true;
	}
	main = slot_take_main(slot);
	full = barn_trade_empty(barn, &main);
	if (full) {
		if (main)
			sheaf_delete(cache->machine, main);
		slot_set_main(cache, slot, full);
		return true;
	}
	if (!main)
		return false;
	main->filled = sheaf_next_fill(cache, main);
	main->nr = take_marked(cache, nid, main->objects, main->filled);
	slot_set_main(cache, slot, main);
	return main->nr != 0;
}

/* The slot's first sheaves. False: no memory for one. Interrupts are off. */
static bool slot_equip(struct kmem_cache *cache, struct cpu_sheaf *slot, int nid)
{
	struct sheaf *sheaf = barn_get_empty(&cache->node[nid]->barn);

	if (!sheaf)
		sheaf = sheaf_new(cache->machine, cache->sheaf_capacity, GFP_NOWAIT);
	if (!sheaf)
		return false;
	slot_set_main(cache, slot, sheaf);
	return true;
}

static bool refill_fails(const struct kmem_cache *cache)
{
	return fault_here(cache->machine, FAULT_SHEAF, 0);
}

/* One object by way of this CPU's sheaf, which may not be marked as it should; or NULL: only new slabs can help. */
static void *slot_alloc(struct kmem_cache *cache, bool *is_marked)
{
	unsigned long flags;
	struct kmem_cpu *cpu = cpu_hold(&flags);
	struct cpu_sheaf *slot = &cpu->sheaves[cache->id];
	int nid = (int)cpu->node;
	void *object = NULL;

	if (SEEDED(CPU_HOLD)) {
		cpu_let_go(flags);
		cpu_hold(&flags);
	}
	*is_marked = true;
	if ((!sheaf_slot_main(slot) && !slot_equip(cache, slot, nid)) ||
	    (sheaf_slot_is_empty(slot) && refill_fails(cache))) {
		slab_take(cache, nid, &object, 1);
	} else if (!sheaf_slot_is_empty(slot) || slot_refill(cache, slot, nid)) {
		*is_marked = object_is_marked(cache, --slot->top);
		object = *slot->top;
	}
	cpu_let_go(flags);
	return object;
}

void *sheaf_alloc_slow(struct kmem_cache *cache, gfp_t gfp, int nid)
{
	bool anywhere = nid == NUMA_NO_NODE || cache->machine->nr_nodes == 1;
	bool is_marked;
	void *object;

	if (!anywhere)			/* sheaves hold what is near this CPU, which may change */
		return slab_alloc_one(cache, gfp, nid);
	if (!cache->sheaf_capacity || fault_bypasses_sheaves(cache->machine))
		return slab_alloc_one(cache, gfp, (int)cpu_get()->node);
	for (;;) {
		int local = (int)cpu_get()->node;

		object = slot_alloc(cache, &is_marked);
		if (object && likely(is_marked))
			return object;
		if (object)
			report_not_free(cache, object);
		else if (slab_grow_near(cache, gfp, local) != local)
			return slab_alloc_one(cache, gfp | __GFP_NOWARN, local);
	}
}

/* Make room in the full main sheaf. Interrupts are off. */
static void slot_make_room(struct kmem_cache *cache, struct cpu_sheaf *slot, int nid)
{
	struct barn *barn = &cache->node[nid]->barn;
	struct sheaf *full, *empty;
	bool taken;

	if (!slot->spare)
		slot->spare = barn_get_empty(barn);
	if (!slot->spare)
		slot->spare = sheaf_new(cache->machine, cache->sheaf_capacity, GFP_NOWAIT);
	if (slot->spare && slot->spare->nr < slot->spare->capacity) {
		slot_swap(cache, slot);
		return;
	}
	full = slot_take_main(slot);
	assert(full);
	empty = barn_trade_full(cache, nid, full, &taken);
	if (taken && !empty)
		empty = sheaf_new(cache->machine, cache->sheaf_capacity, GFP_NOWAIT);
	if (!taken) {
		slab_put(cache, full->objects, full->nr);
		full->nr = 0;
		empty = full;
	}
	slot_set_main(cache, slot, empty);
}

/* The main sheaf, made or emptied if need be, takes one more. Preemption is off. */
static bool slot_has_room(struct kmem_cache *cache, struct cpu_sheaf *slot, int nid)
{
	if (!sheaf_slot_main(slot) && !slot_equip(cache, slot, nid))
		return false;
	if (slot->top == sheaf_slot_limit(slot))
		slot_make_room(cache, slot, nid);
	return slot->top != sheaf_slot_limit(slot);
}

/* May the object be in a sheaf of that node's CPUs? */
static bool sheaf_takes(const struct kmem_cache *cache, const void *object, int nid)
{
	return cache->sheaf_capacity && page_to_nid(virt_to_page(object)) == nid &&
	       !fault_bypasses_sheaves(cache->machine);
}

void sheaf_free_slow(struct kmem_cache *cache, void *object)
{
	unsigned long flags;
	struct kmem_cpu *cpu = cpu_hold(&flags);
	struct cpu_sheaf *slot = &cpu->sheaves[cache->id];
	struct zone *zone = machine_page_zone(cache->machine, virt_to_page(object));
	int nid = (int)cpu->node;

	if (sheaf_takes(cache, object, nid) && slot_has_room(cache, slot, nid)) {
		slot->top[0] = slot->top[1] = object;
		object_set_mark(cache, slot->top++);
		object = NULL;
	}
	cpu_let_go(flags);
	if (object) {
		object_is_in_slab(cache, object);
		slab_put_from(cache, object, nid);
	}
	idle_hint(zone);	/* slabs may have ended with interrupts off, where no task is started */
}

/* Give back what a slot holds, sheaves included. */
static void slot_drain(struct kmem_cache *cache, struct kmem_cpu *cpu)
{
	struct cpu_sheaf *slot = &cpu->sheaves[cache->id];
	struct sheaf *sheaf[2];
	unsigned long flags;
	void *hot;

	local_irq_save(flags);
	sheaves_forget_last(cpu);
	hot = slot->hot;
	slot->hot = NULL;
	sheaf[0] = slot_take_main(slot);
	sheaf[1] = slot->spare;
	slot_set_main(cache, slot, NULL);
	slot->spare = NULL;
	local_irq_restore(flags);
	if (hot) {
		object_is_in_slab(cache, hot);
		slab_put(cache, &hot, 1);
	}
	for (int i = 0; i < 2; i++) {
		if (!sheaf[i])
			continue;
		slab_put(cache, sheaf[i]->objects, sheaf[i]->nr);
		sheaf[i]->nr = 0;
		sheaf_delete(cache->machine, sheaf[i]);
	}
}

void sheaves_drain(struct kmem_cpu *cpu)
{
	struct machine *m = cpu->machine;
	unsigned int nr = __atomic_load_n(&m->nr_cache_ids, __ATOMIC_ACQUIRE);

	for (unsigned int id = 1; id < nr; id++) {
		struct kmem_cache *cache = __atomic_load_n(&m->cache_by_id[id], __ATOMIC_ACQUIRE);

		if (cache && (sheaf_slot_main(&cpu->sheaves[id]) || cpu->sheaves[id].spare || cpu->sheaves[id].hot))
			slot_drain(cache, cpu);
	}
}

/* Cut one sheaf off the barn, or NULL. */
static struct sheaf *barn_cut(struct barn *barn)
{
	struct sheaf *sheaf;
	unsigned long flags;

	spin_lock_irqsave(&barn->lock, flags);
	sheaf = stack_pop(&barn->full, &barn->nr_full);
	if (!sheaf)
		sheaf = stack_pop(&barn->empty, &barn->nr_empty);
	spin_unlock_irqrestore(&barn->lock, flags);
	return sheaf;
}

void barn_drain(struct kmem_cache *cache)
{
	for (unsigned int nid = 0; nid < cache->machine->nr_nodes; nid++) {
		struct sheaf *sheaf;

		while ((sheaf = barn_cut(&cache->node[nid]->barn))) {
			slab_put(cache, sheaf->objects, sheaf->nr);
			sheaf->nr = 0;
			sheaf_delete(cache->machine, sheaf);
		}
	}
}

void cache_drain(struct kmem_cache *cache)
{
	while (cpus_request(cache->machine, CPU_DRAIN_SLABS) && !SEEDED(CACHE_DRAIN))
		;
	barn_drain(cache);
}

/* Looks at CPUs that run: exact only at rest. */
__no_kcsan unsigned long sheaf_objects(struct kmem_cache *cache)
{
	struct machine *m = cache->machine;
	unsigned long objects = 0;

	for (unsigned int i = 0; i < m->nr_cpus; i++) {
		struct cpu_sheaf *slot = &m->cpus[i]->sheaves[cache->id];
		struct sheaf *spare = __atomic_load_n(&slot->spare, __ATOMIC_RELAXED);
		void **top = __atomic_load_n(&slot->top, __ATOMIC_RELAXED);
		void **base = __atomic_load_n(&slot->base, __ATOMIC_RELAXED);

		if (base && top >= base && top <= base + cache->sheaf_capacity)
			objects += (unsigned long)(top - base);
		if (spare)
			objects += spare->nr;
		if (__atomic_load_n(&slot->hot, __ATOMIC_RELAXED))
			objects++;
	}
	for (unsigned int nid = 0; nid < m->nr_nodes; nid++)
		objects += (unsigned long)cache->node[nid]->barn.nr_full * cache->sheaf_capacity;
	return objects;
}
