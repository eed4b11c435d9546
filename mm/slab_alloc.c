/* SPDX-License-Identifier: MIT */
/*
 * slab_alloc.c - the fast paths: pop an object off this CPU's sheaf, push one on.
 *
 *	kmalloc(n)  -> slot of n's class --\
 *	kmem_cache_alloc(c) -> c->id ------- cpu->sheaves[id]: *--top
 *	kfree(p) -> slot map of pages -----/			*top++ = p
 *
 * Everything here that is marked KMEM_FAST touches only this CPU's memory and the object: no atomic instruction, no
 * lock, no preemption count. A host never takes the CPU away between two of its instructions. What a fast path
 * finds odd (sheaf empty or full, address not of this machine, no slab of its node, no object starts there, the same
 * as last time, an entry without its mark, a caller that may sleep where it must not) it leaves to a slow path, which
 * looks at everything again.
 */
#include <kmem/sized.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include "lib/assert.h"
#include "lib/seeded.h"
#include "mm/dial.h"
#include "mm/fault_inject.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "mm/slab_fast.h"

#define SLOW __attribute__((__noinline__, cold))
#define CLASS_SLOT(class) (u16) SHEAF_SLOT(KMALLOC_ID(KMALLOC_NORMAL, class))
#define TWIN_SLOT(class) (u16) SHEAF_SLOT(KMALLOC_TWIN_ID(class))
#define PAGES_SLOT(class) (u16) SHEAF_SLOT(KMALLOC_PAGES_ID(class))
/* From i on, which stands for a size of a higher alignment than a line's: sizes of the class, or of its twin. */
#define CLASS_RUN(class, i) [i] = CLASS_SLOT(class), [(i) + 1 ... (i) + 15] = TWIN_SLOT(class)
#define CLASS_RUNS(class, i) \
	CLASS_RUN(class, i), CLASS_RUN(class, (i) + 16), CLASS_RUN(class, (i) + 32), CLASS_RUN(class, (i) + 48)

const u16 kmalloc_slots[KMALLOC_MAX_CACHE_SIZE / 8 + 1] = {
	[1] = CLASS_SLOT(KMALLOC_8),
	[2] = CLASS_SLOT(KMALLOC_16),
	[3 ... 4] = CLASS_SLOT(KMALLOC_32),
	[5 ... 8] = CLASS_SLOT(KMALLOC_64),
	[9 ... 12] = CLASS_SLOT(KMALLOC_96),
	[13 ... 16] = CLASS_SLOT(KMALLOC_128),
	[17 ... 24] = CLASS_SLOT(KMALLOC_192),
	[25 ... 32] = CLASS_SLOT(KMALLOC_256),
	[33 ... 64] = CLASS_SLOT(KMALLOC_512),
	[65 ... 128] = CLASS_SLOT(KMALLOC_1K),
	[129 ... 143] = TWIN_SLOT(KMALLOC_2K), CLASS_RUNS(KMALLOC_2K, 144), CLASS_RUN(KMALLOC_2K, 208),
	CLASS_RUN(KMALLOC_2K, 224), [240] = CLASS_SLOT(KMALLOC_2K), [241 ... 248] = TWIN_SLOT(KMALLOC_2K),
	[249 ... 256] = CLASS_SLOT(KMALLOC_2K),
	[257 ... 271] = TWIN_SLOT(KMALLOC_4K), CLASS_RUNS(KMALLOC_4K, 272), CLASS_RUNS(KMALLOC_4K, 336),
	CLASS_RUNS(KMALLOC_4K, 400), CLASS_RUN(KMALLOC_4K, 464), CLASS_RUN(KMALLOC_4K, 480),
	[496] = CLASS_SLOT(KMALLOC_4K), [497 ... 504] = TWIN_SLOT(KMALLOC_4K), [505 ... 512] = PAGES_SLOT(KMALLOC_4K),
	[513 ... 527] = TWIN_SLOT(KMALLOC_8K), CLASS_RUNS(KMALLOC_8K, 528), CLASS_RUNS(KMALLOC_8K, 592),
	CLASS_RUNS(KMALLOC_8K, 656), CLASS_RUNS(KMALLOC_8K, 720), CLASS_RUNS(KMALLOC_8K, 784),
	CLASS_RUNS(KMALLOC_8K, 848), CLASS_RUNS(KMALLOC_8K, 912), CLASS_RUN(KMALLOC_8K, 976),
	CLASS_RUN(KMALLOC_8K, 992), [1008] = CLASS_SLOT(KMALLOC_8K), [1009 ... 1016] = TWIN_SLOT(KMALLOC_8K),
	[1017 ... 1024] = PAGES_SLOT(KMALLOC_8K),
};

/* The kmalloc type that flags ask for. */
static u32 type_of(gfp_t gfp)
{
	if (gfp & __GFP_DMA)
		return KMALLOC_DMA;
	if (gfp & __GFP_RECLAIMABLE)
		return KMALLOC_RECLAIM;
	return gfp & __GFP_ACCOUNT ? KMALLOC_CGROUP : KMALLOC_NORMAL;
}

u32 kmalloc_plain_id(size_t size)
{
	return SHEAF_SLOT_ID(kmalloc_slots[(size + 7) / 8]);
}

/* The id of the cache for that slot of a class, or of its twin, and these flags. Only the plain type has twins. */
INLINE u32 typed_id(unsigned long slot, gfp_t gfp)
{
	u32 id = SHEAF_SLOT_ID(slot), type = type_of(gfp);

	return type == KMALLOC_NORMAL ? id : kmalloc_id_of_class(id) + type * KMALLOC_CLASSES;
}

/* A twin whose objects are checked serves nobody: reports are of the kernel's sizes. */
static struct kmem_cache *cache_at(const struct machine *m, u32 id)
{
	struct kmem_cache *cache = m->cache_by_id[id];

	return cache->is_twin && cache_debugged(cache) ? m->cache_by_id[kmalloc_id_of_class(id)] : cache;
}

static struct kmem_cache *cache_for(const struct machine *m, size_t size, gfp_t gfp)
{
	return cache_at(m, typed_id(kmalloc_slots[(size + 7) / 8], gfp));
}

struct kmem_cache *kmalloc_cache(struct machine *m, size_t size, gfp_t gfp)
{
	return size && size <= KMALLOC_MAX_CACHE_SIZE ? cache_for(m, size, gfp) : NULL;
}

/* An object of a debugged cache: straight from its slab, with every check, or NULL. */
static void *debug_alloc(struct kmem_cache *cache, gfp_t gfp, int nid, unsigned long caller, size_t asked)
{
	for (;;) {
		void *object = slab_alloc_one(cache, gfp, nid == NUMA_NO_NODE ? (int)cpu_get()->node : nid);

		if (!object || slab_debug_alloc(cache, slab_of(object), object, caller, asked))
			return object;
		/* A corrupted object stays out of use: it is not given back. */
	}
}

/* Everything that an allocation may need. asked: the caller's bytes, for the red zone of a kmalloc(). */
static void *cache_alloc(struct kmem_cache *cache, gfp_t gfp, int nid, unsigned long caller, size_t asked)
{
	struct machine *m = cache->machine;
	void *object;

	might_sleep_if(gfp & __GFP_DIRECT_RECLAIM);
	WARN_ON_ONCE(cache->ctor && (gfp & __GFP_ZERO));
	if (should_failslab(cache, gfp)) {
		slab_out_of_memory(cache, gfp, nid);
		return NULL;
	}
	if (cache_debugged(cache))
		object = debug_alloc(cache, gfp, nid, caller, asked);
	else
		object = sheaf_alloc_slow(cache, gfp, nid);
	if (unlikely(!object)) {
		slab_out_of_memory(cache, gfp, nid);
		return NULL;
	}
	if (cache->marks && !SEEDED(MARKS))
		object_clear_mark(cache, object);
	if ((gfp & __GFP_ZERO) || (m->params.init_on_alloc && !cache->ctor && !(cache->flags & SLAB_TYPESAFE_BY_RCU)))
		object_zero(object, cache_debugged(cache) ? slab_debug_size(cache, object) :
						__atomic_load_n(&cache->object_size, __ATOMIC_RELAXED));
	check_step_of(m, CHECK_EACH, gfp);
	return object;
}

/* A cache serves its own machine only: any other has no sheaves and no pages for it. */
static bool cache_is_of(const struct kmem_cache *cache, const struct machine *m, const char *caller)
{
	return !WARN(cache->machine != m, "%s: cache %s is of another machine\n", caller, cache->name);
}

/* The same for a cache that the caller names. Fast paths jump here, so the return address is their caller's. */
SLOW static void *cache_alloc_slow(struct kmem_cache *cache, gfp_t gfp)
{
	unsigned long caller = (unsigned long)__builtin_return_address(0);

	if (!cache_is_of(cache, cpu_get()->machine, "kmem_cache_alloc"))
		return NULL;
	return cache_alloc(cache, gfp, NUMA_NO_NODE, caller, 0);
}

SLOW static void *alloc_slow(u32 id, gfp_t gfp, size_t asked)
{
	unsigned long caller = (unsigned long)__builtin_return_address(0);
	struct machine *m = cpu_get()->machine;

	return cache_alloc(cache_at(m, id), gfp, NUMA_NO_NODE, caller, asked);
}

SLOW static void *alloc_again(u32 id, gfp_t gfp, size_t asked, void *object)
{
	report_not_free(cpu_get()->machine->cache_by_id[id], object);
	return alloc_slow(id, gfp, asked);
}

SLOW static void *cache_alloc_again(struct kmem_cache *cache, gfp_t gfp, void *object)
{
	report_not_free(cache, object);
	return kmem_cache_alloc(cache, gfp);
}

#define CLEAR(n)                                                                                                       \
	case n:                                                                                                        \
		word[(n) - 1] = 0;                                                                                     \
		fallthrough
#define CLEAR_4(n) CLEAR(n); CLEAR((n) - 1); CLEAR((n) - 2); CLEAR((n) - 3)
#define CLEAR_16(n) CLEAR_4(n); CLEAR_4((n) - 4); CLEAR_4((n) - 8); CLEAR_4((n) - 12)

/* Fast code calls nothing, and saves no registers for that: gcc does this in place, clang would call memset(). */
INLINE void *bytes_zeroed(void *object, size_t bytes)
{
#if defined(__clang__) && (defined(__x86_64__) || defined(__i386__))
	void *to = object;

	__asm__ volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(0) : "memory");
	return object;
#else
	return object_zero(object, bytes);
#endif
}

/* A few words are cleared sooner than a call of memset() begins: one jump to the last, then a store each. */
INLINE void *zeroed(void *object, const here_slot *slot)
{
	unsigned long *word = object;

	switch (load_here(slot->words)) {
		CLEAR_16(32);
		CLEAR_16(16);
	case 0:
		return object;
	case SHEAF_MANY_WORDS:
	case SHEAF_OF_PAGES:
		return bytes_zeroed(object, load_here(slot->bytes) & ~SHEAF_INIT);
	}
	__builtin_unreachable();
}

/* The same, once more in the program only. */
static noinline void *zeroed_odd(void *object, const here_slot *slot)
{
	return zeroed(object, slot);
}

/* Is that a use of flags that sleep where the caller must not? The slow path then says so. */
INLINE bool sleeps_in_atomic(gfp_t gfp)
{
	return (gfp & __GFP_DIRECT_RECLAIM) && unlikely(kmem_context.pinned);
}

/* Has a request come while this thread was in fast code? The slow path then serves it. */
INLINE bool is_asked(void)
{
	return unlikely(kmem_context.odd_gfp == KMEM_ODD_GFP_ASKED);
}

/* The mark of a free object, taken off. False: it had none. */
INLINE bool unmark(here_cpu *cpu, here_slot *slot, void *object, bool stood_aside)
{
	const struct kmem_cache *cache = slot->cache;
	unsigned long *mark_at = object_mark_at(cache, object);
	struct page *page = virt_to_page(object);
	unsigned long turn = cpu->mark_turn;

	if (cache->marks_pages && !stood_aside) {
		if (unlikely(!page_object_is_free(page)))
			return false;
		page_object_mark(page, false);
		return true;
	}
	if (unlikely(!is_mark(*mark_at, stood_aside ? aside_mark(slot, turn) : place_mark(slot->top, turn))))
		return false;
	if (!SEEDED(MARKS))
		*mark_at = 0;
	return true;
}

/* Zeros, if the caller or the machine asks for them. */
INLINE void *cleared_for(void *object, const here_slot *slot, gfp_t gfp)
{
	bool init = load_here(slot->bytes) & SHEAF_INIT;

	return unlikely((gfp & __GFP_ZERO) || init) ? zeroed_odd(object, slot) : object;
}

/* An object of a slot about which nothing is taken for granted, or NULL: it has none. */
INLINE void *pop_odd(here_slot *slot)
{
	void *object = slot->hot;

	if (object)
		slot->hot = NULL;
	else if (slot->top != slot->base)
		object = *--slot->top;
	return object;
}

/* An object of whole pages from the stack, in which fast paths find no mark. False: leave what is odd to others. */
INLINE bool pop_pages(here_slot *slot, gfp_t gfp, void **object)
{
	void **top = slot->top;
	struct page *page;

	if (!slot_is_of_pages(slot) || unlikely(slot->hot || top == slot->base || gfp_is_odd(gfp)))
		return false;
	*object = top[-1];
	page = page_of_start(*object);
	if (unlikely(!page_object_is_free(page)))
		return false;
	page_object_mark(page, false);
	slot->top = top - 1;
	return true;
}

static void *kmalloc_empty(size_t asked, gfp_t gfp, unsigned long id_slot);

/* Of that very slot, with all that may be odd. */
KMEM_FAST static void *kmalloc_from(size_t asked, gfp_t gfp, unsigned long id_slot)
{
	here_cpu *cpu = cpu_here();
	here_slot *slot = slot_at(cpu, id_slot);
	bool stood_aside = slot->hot;
	void *object;

	if (unlikely(sleeps_in_atomic(gfp)) || is_asked())
		return alloc_slow(SHEAF_SLOT_ID(id_slot), gfp, asked);
	object = pop_odd(slot);
	if (unlikely(!object))
		return kmalloc_empty(asked, gfp, id_slot);
	if (unlikely(!unmark(cpu, slot, object, stood_aside)))
		return alloc_again(SHEAF_SLOT_ID(id_slot), gfp, asked, object);
	if (stood_aside && !cpu->mark_turn)
		remember_last(cpu, object, slot);
	return cleared_for(object, slot, gfp);
}

/* The main sheaf is: what about the spare one? */
KMEM_FAST static void *kmalloc_empty(size_t asked, gfp_t gfp, unsigned long id_slot)
{
	if (sheaf_swap_for_objects(slot_at(cpu_here(), id_slot)))
		return kmalloc_from(asked, gfp, id_slot);
	return alloc_slow(SHEAF_SLOT_ID(id_slot), gfp, asked);
}

/*
 * kmalloc() of what the fast path found odd: no bytes, a type or zeros asked for, no sleep, no object, no mark; or all
 * of this machine's are odd, or all of this thread's until it has served a request.
 */
KMEM_FAST static void *kmalloc_odd(size_t asked, gfp_t gfp, unsigned long id_slot)
{
	if (!id_slot)
		return ZERO_SIZE_PTR;
	if (unlikely(gfp & KMALLOC_TYPE_FLAGS))
		id_slot = SHEAF_SLOT(typed_id(id_slot, gfp));
	return kmalloc_from(asked, gfp, id_slot);
}

/*
 * Flags with these turned over are not odd if zeros were all that is: __GFP_ZERO is gone then, else it has come. If a
 * request has come, the other bit is odd, even with no flags.
 */
#define ONLY_ZEROS (__GFP_ZERO | KMEM_GFP_ASKED)

/* kmalloc() of that slot if it has an object, zeroed if that is asked for; NULL: odd. */
INLINE void *slot_pop(here_cpu *cpu, here_slot *slot, gfp_t *gfp)
{
	void *object = NULL;

	if (likely(!gfp_is_odd(*gfp)))
		return pop(cpu, slot, true);
	*gfp ^= ONLY_ZEROS;
	OPTIMIZER_HIDE_VAR(*gfp);		/* else a register is kept for what they were */
	if (likely(!gfp_is_odd(*gfp)))
		object = pop_for(cpu, slot, true, true);
	if (likely(object))
		return zeroed(object, slot);
	*gfp ^= ONLY_ZEROS;
	return NULL;
}

/*
 * What only a slow path wants to know. Where registers are few it waits in memory, for one instruction: to keep it in a
 * register takes a copy and two that save that register.
 */
INLINE void note_flags(gfp_t gfp)
{
	if (FEW_REGISTERS)
		kmem_context.asked_gfp = gfp;
}

INLINE void note_size(size_t asked)
{
	if (FEW_REGISTERS)
		kmem_context.asked = asked;
}

/* kmalloc_odd() of those who know no more than the slot; in KMEM_FAST code the CPU is the same. */
KMEM_FAST static void *kmalloc_slot_odd(size_t asked, gfp_t gfp, here_slot *slot)
{
	void *object;

	return likely(pop_pages(slot, gfp, &object)) ? object : kmalloc_odd(asked, gfp, slot_place(cpu_here(), slot));
}

KMEM_FAST static void *kmalloc_noted_odd(here_slot *slot)
{
	return kmalloc_slot_odd(kmem_context.asked, kmem_context.asked_gfp, slot);
}

/* Of kmalloc_ask(). */
INLINE gfp_t ask_gfp(unsigned long ask)
{
	return (__force gfp_t)(u32)ask;
}

INLINE size_t ask_size(unsigned long ask)
{
	return sizeof(ask) == 8 ? (size_t)((u64)ask >> 32) : 0;
}

/* The same with arguments where they come. */
KMEM_FAST static void *kmalloc_constant_odd(here_slot *slot, unsigned long ask)
{
	return kmalloc_slot_odd(ask_size(ask), ask_gfp(ask), slot);
}

INLINE void *slot_pop_noted(here_cpu *cpu, here_slot *slot, gfp_t *gfp, size_t asked)
{
	note_size(asked);
	note_flags(*gfp);
	return slot_pop(cpu, slot, gfp);
}

KMEM_FAST void *__kmalloc_slot(unsigned long id_slot, unsigned long ask)
{
	here_cpu *cpu = cpu_here();
	here_slot *slot = slot_at(cpu, id_slot);
	gfp_t gfp = ask_gfp(ask);
	void *object = slot_pop_noted(cpu, slot, &gfp, ask_size(ask));

	if (likely(object))
		return object;
	return FEW_REGISTERS ? kmalloc_noted_odd(slot) : kmalloc_constant_odd(slot, ask);
}

KMEM_FAST void *__kmalloc(size_t size, gfp_t gfp)
{
	here_cpu *cpu = cpu_here();
	here_slot *slot;
	void *object;

	if (unlikely(size > KMALLOC_MAX_CACHE_SIZE))
		return __kmalloc_large(size, gfp);
	slot = slot_at(cpu, kmalloc_slots[(size + 7) / 8]);
	object = slot_pop_noted(cpu, slot, &gfp, size);
	if (likely(object))
		return object;
	return FEW_REGISTERS ? kmalloc_noted_odd(slot) : kmalloc_slot_odd(size, gfp, slot);
}

/* The hot one of a size above KMALLOC_MAX_CACHE_SIZE, or NULL. Some flags ask for pages that it may not be of. */
INLINE void *large_pop(here_cpu *cpu, size_t size, gfp_t gfp)
{
	unsigned long order = sizeof(long) * 8 - (unsigned long)__builtin_clzl((size - 1) >> PAGE_SHIFT);

	if (unlikely(order > KMALLOC_LARGE_LAST || (gfp & (kmem_context.odd_gfp | __GFP_DMA32))))
		return NULL;
	return pop(cpu, slot_at(cpu, SHEAF_SLOT(KMALLOC_LARGE_ID(order))), true);
}

KMEM_FAST void *__kmalloc_large(size_t size, gfp_t gfp)
{
	void *object = large_pop(cpu_here(), size, gfp);

	return likely(object) ? object : kmalloc_large_node(size, gfp, NUMA_NO_NODE);
}

/* What is at hand needs no second way. */
KMEM_FAST void *kvmalloc(size_t size, gfp_t gfp)
{
	here_cpu *cpu = cpu_here();
	void *object;

	if (size > KMALLOC_MAX_CACHE_SIZE)
		object = large_pop(cpu, size, gfp);
	else
		object = kmalloc_pop(cpu, size, gfp);
	return likely(object) ? object : kvmalloc_node(size, gfp, NUMA_NO_NODE);
}

static void *cache_alloc_empty(struct kmem_cache *cache, gfp_t gfp);

/* kmem_cache_alloc() of what the fast path found odd, and from a cache whose objects keep their contents. */
KMEM_FAST static void *cache_alloc_odd(struct kmem_cache *cache, gfp_t gfp)
{
	here_cpu *cpu = cpu_here();
	here_slot *slot;
	bool stood_aside;
	void *object;

	/* A thread that has no CPU yet has no slots but kmalloc()'s. */
	if (unlikely(cache->machine != cpu->machine || sleeps_in_atomic(gfp)))
		return cache_alloc_slow(cache, gfp);
	slot = slot_of_cache(cpu, cache);
	if (likely(pop_pages(slot, gfp, &object)))
		return object;
	stood_aside = slot->hot;
	object = pop_odd(slot);
	if (unlikely(!object))
		return cache_alloc_empty(cache, gfp);
	if (unlikely(!unmark(cpu, slot, object, stood_aside)))
		return cache_alloc_again(cache, gfp, object);
	if (stood_aside && !cpu->mark_turn)
		remember_last(cpu, object, slot);
	return cleared_for(object, slot, gfp);
}

/* As kmalloc_empty(). */
KMEM_FAST static void *cache_alloc_empty(struct kmem_cache *cache, gfp_t gfp)
{
	if (sheaf_swap_for_objects(slot_of_cache(cpu_here(), cache)))
		return cache_alloc_odd(cache, gfp);
	return cache_alloc_slow(cache, gfp);
}

/* With few registers: which cache it is the slot knows, and flags wait in memory where the stack is looked at. */
INLINE void *cache_pop_few(here_cpu *cpu, here_slot *slot, gfp_t gfp)
{
	void *object = slot->hot;

	if (likely(object)) {
		object = pop_aside(cpu, slot, object, false);
		if (likely(object))
			return object;
	} else {
		note_flags(gfp);
		object = pop_top(slot, false);
		if (likely(object))
			return object;
		gfp = READ_ONCE(kmem_context.asked_gfp);
	}
	OPTIMIZER_HIDE_VAR(slot);	/* else the compiler keeps the cache */
	return cache_alloc_odd(slot->cache, gfp);
}

KMEM_FAST void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	here_cpu *cpu = cpu_here();
	here_slot *slot;
	void *object;

	if (cache_is_odd(cpu, cache, gfp))
		return cache_alloc_odd(cache, gfp);
	slot = slot_of_cache(cpu, cache);
	if (FEW_REGISTERS)
		return cache_pop_few(cpu, slot, gfp);
	object = pop(cpu, slot, false);
	return likely(object) ? object : cache_alloc_odd(cache, gfp);
}

void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp)
{
	return kmem_cache_alloc(cache, gfp | __GFP_ZERO);
}

/* A node that does not exist is the caller's own. */
static int node_or_local(struct machine *m, int nid)
{
	return nid >= 0 && (unsigned int)nid < m->nr_nodes ? nid : NUMA_NO_NODE;
}

void *kmem_cache_alloc_node(struct kmem_cache *cache, gfp_t gfp, int nid)
{
	if (!cache_is_of(cache, cpu_get()->machine, "kmem_cache_alloc_node"))
		return NULL;
	return cache_alloc(cache, gfp, node_or_local(cache->machine, nid), (unsigned long)__builtin_return_address(0),
			   0);
}

void *kmem_sized_from(struct kmem_cache *cache, gfp_t gfp, size_t size)
{
	if (!cache_is_of(cache, cpu_get()->machine, "kmem_sized_from"))
		return NULL;
	return cache_alloc(cache, gfp, NUMA_NO_NODE, (unsigned long)__builtin_return_address(0), size);
}

void *kmalloc_node(size_t size, gfp_t gfp, int nid)
{
	struct machine *m = this_machine();

	if (!size)
		return ZERO_SIZE_PTR;
	if (size > KMALLOC_MAX_CACHE_SIZE)
		return kmalloc_large_node(size, gfp, nid);
	return cache_alloc(cache_for(m, size, gfp), gfp, node_or_local(m, nid),
			   (unsigned long)__builtin_return_address(0), size);
}

/* The last word on an object that comes back: of this cache, where one starts, and not free already. */
static bool free_is_sound(struct kmem_cache *cache, struct page *slab, void *object)
{
	if (slab_index(cache, slab, object) < 0) {
		slab_report_invalid(cache, slab, object);
		return false;
	}
	if (object_is_free(cache, object)) {
		slab_report(cache, slab, object, "Object already free");
		return false;
	}
	return true;
}

/* Give an object of the cache back, with every check. */
static void cache_free(struct kmem_cache *cache, void *object, unsigned long caller)
{
	struct page *slab = slab_of(object);

	if (cache_debugged(cache)) {
		if (slab_debug_free(cache, slab, object, caller))
			slab_put_from(cache, object, (int)cpu_get()->node);
		return;
	}
	if (!free_is_sound(cache, slab, object))
		return;
	if (cache->machine->params.init_on_free && !cache->ctor && !(cache->flags & SLAB_TYPESAFE_BY_RCU))
		object_zero(object, __atomic_load_n(&cache->object_size, __ATOMIC_RELAXED));
	sheaf_free_slow(cache, object);
	check_step(cache->machine, CHECK_EACH);
}

struct kmem_cache *cache_of(struct machine *m, const void *object)
{
	unsigned long offset = (unsigned long)object - m->layout.direct_base;
	struct page *page = virt_to_page(object);

	if (offset >= m->max_low_pfn << PAGE_SHIFT || !pfn_described(m, offset >> PAGE_SHIFT))
		return NULL;
	if (page_type_of(page) != PGTY_SLAB)
		return NULL;
	return m->cache_by_id[slab_cache_id(page)];
}

SLOW void kfree_slow(void *object)
{
	unsigned long caller = (unsigned long)__builtin_return_address(0);
	struct machine *m;
	struct kmem_cache *cache;

	if (ZERO_OR_NULL_PTR(object))
		return;
	m = cpu_get()->machine;
	cache = cache_of(m, object);
	if (cache)
		cache_free(cache, object, caller);
	else if (!free_large(m, virt_to_page(object), object))
		free_foreign_report(m, object, "kfree");
}

/* fast_push() of an object of whole pages. That it is free already is seen for certain. */
INLINE bool push_pages(here_slot *slot, void *object)
{
	struct page *page = page_of_start(object);
	void **top = slot->top;

	if (unlikely(top == sheaf_slot_limit(slot) || !starts_object(slot, object)))
		return false;
	if (unlikely(object == slot->hot || page_object_is_free(page)))
		return false;
	if (unlikely(top[0] == object) && set_aside(slot, object, 0))
		return true;
	page_object_mark(page, true);
	*top = object;
	slot->top = top + 1;
	return true;
}

/*
 * What else kfree() does not push: objects of constructors, and of a stack that was full where a spare sheaf may have
 * room.
 */
INLINE bool push_odd(here_cpu *cpu, here_slot *slot, void *object)
{
	const struct kmem_cache *cache = slot->cache;

	if (!cache || !cache->fast_free || object == slot->hot)
		return false;
	if (slot->top == sheaf_slot_limit(slot) && (object == slot->top[-1] || !sheaf_swap_for_room(slot)))
		return false;
	if (slot_is_of_pages(slot))
		return push_pages(slot, object);
	return push_turned(slot, sheaf_slot_limit(slot), object, object_mark_at(cache, object), cpu->mark_turn);
}

KMEM_FAST static void kfree_otherwise(void *object, here_slot *slot)
{
	if (!push_odd(cpu_here(), slot, object))
		kfree_slow(object);
}

/* kfree() of what the fast path found odd. */
KMEM_FAST static void kfree_odd(void *object, here_slot *slot)
{
	if (slot_is_of_pages(slot) && likely(push_pages(slot, object)))
		return;
	kfree_otherwise(object, slot);
}

/* kfree() of what plain_push() found odd; where registers are few. */
KMEM_FAST static void kfree_plain_odd(void *object, here_slot *slot)
{
	if (unlikely(!fast_push(slot, object)))
		kfree_odd(object, slot);
}

/* The newest, where one stands aside: that one, or another that was popped after it. */
KMEM_FAST static void kfree_newest_odd(void *object)
{
	here_cpu *cpu = cpu_here();
	here_slot *slot = cpu->last_slot;

	if (slot->hot == object || !fast_push(slot, object))
		kfree_odd(object, slot);
}

KMEM_FAST void kfree(const void *pointer)
{
	void *object = (void *)pointer;
	here_cpu *cpu = cpu_here();
	here_slot *slot;

	if (likely(object == last_object(cpu))) {	/* a jump fewer is a tenth of a pair's time */
		if (unlikely(!set_aside(cpu->last_slot, object, 0)))
			kfree_newest_odd(object);
		return;
	}
#ifndef KMEM_CPU_IS_SEGMENT
	OPTIMIZER_HIDE_VAR(cpu);	/* what follows is not worked out before that is known */
#endif
	slot = slot_at(cpu, slot_of(cpu, object));
	if (FEW_REGISTERS) {
		if (unlikely(!plain_push(slot, object)))
			kfree_plain_odd(object, slot);
		return;
	}
	if (unlikely(!fast_push(slot, object)))
		kfree_odd(object, slot);
}

KMEM_FAST size_t kmalloc_bytes(const void *object)
{
	here_cpu *cpu = cpu_here();
	unsigned long id_slot = slot_of(cpu, object);

	return id_slot < SHEAF_SLOT(KMALLOC_NR_IDS) ? slot_bytes(slot_at(cpu, id_slot), object) : 0;
}

/* Who has had the object, where its cache keeps tracks. */
static void slab_tracks_report(struct kmem_cache *cache, void *object)
{
	if (cache_debugged(cache) && slab_index(cache, slab_of(object), object) >= 0)
		slab_debug_tracks(cache, object);
}

/* cache or, if the object is of another, one report and NULL. */
static struct kmem_cache *cache_confirm(struct kmem_cache *cache, void *object)
{
	struct kmem_cache *real = cache_of(cache->machine, object);

	if (real == cache)
		return cache;
	if (real) {
		WARN(1, "cache_from_obj: Wrong slab cache. %s but object is from %s\n", cache->name, real->name);
		slab_tracks_report(real, object);
	} else if (!WARN(large_object_at(cache->machine, object), "virt_to_cache: Object is not a Slab page!\n")) {
		free_foreign_report(cache->machine, object, "kmem_cache_free");
	}
	return NULL;
}

SLOW void cache_free_slow(struct kmem_cache *cache, void *object)
{
	unsigned long caller = (unsigned long)__builtin_return_address(0);

	if (!object || !cache_is_of(cache, cpu_get()->machine, "kmem_cache_free"))
		return;
	if (cache_confirm(cache, object))
		cache_free(cache, object, caller);
}

/* As kfree_odd(). */
KMEM_FAST static void cache_free_odd(struct kmem_cache *cache, void *object)
{
	here_cpu *cpu = cpu_here();
	here_slot *slot = slot_at(cpu, slot_of(cpu, object));

	if (slot->cache != cache || !push_odd(cpu, slot, object))
		cache_free_slow(cache, object);
}

/* As kfree_plain_odd(). */
KMEM_FAST static void cache_free_plain_odd(here_slot *slot, void *object)
{
	if (unlikely(!fast_push(slot, object)))
		cache_free_odd(slot->cache, object);
}

/* Not the newest. By itself, so that kmem_cache_free() of the newest need not keep its arguments elsewhere. */
KMEM_FAST static void cache_free_push(struct kmem_cache *cache, void *object)
{
	here_cpu *cpu = cpu_here();
	here_slot *slot = slot_at(cpu, slot_of(cpu, object));

	if (!FEW_REGISTERS) {
		if (unlikely(slot->cache != cache || !fast_push(slot, object)))
			cache_free_odd(cache, object);
		return;
	}
	if (unlikely(slot->cache != cache))
		cache_free_slow(cache, object);
	else if (unlikely(!plain_push(slot, object)))
		cache_free_plain_odd(slot, object);
}

/* As kfree_newest_odd(). */
KMEM_FAST static void cache_free_newest_odd(here_slot *slot, void *object)
{
	if (slot->hot == object)
		cache_free_slow(slot->cache, object);
	else
		cache_free_push(slot->cache, object);
}

KMEM_FAST void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	here_cpu *cpu = cpu_here();
	here_slot *slot;

	if (object != last_object(cpu)) {
		cache_free_push(cache, object);
		return;
	}
	slot = cpu->last_slot;
	if (unlikely(slot->cache != cache)) {
		cache_free_slow(cache, object);
	} else if (unlikely(!set_aside(slot, object, 0))) {
		OPTIMIZER_HIDE_VAR(slot);	/* as above */
		cache_free_newest_odd(slot, object);
	}
}
