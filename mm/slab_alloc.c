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
#include <linux/kernel.h>
#include <linux/sched.h>
#include "lib/assert.h"
#include "lib/seeded.h"
#include "mm/dial.h"
#include "mm/fault_inject.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"

#define SLOW __attribute__((__noinline__, cold))
#define CLASS_SLOT(class) (u16) SHEAF_SLOT(KMALLOC_ID(KMALLOC_NORMAL, class))
#define TWIN_SLOT(class) (u16) SHEAF_SLOT(KMALLOC_TWIN_ID(class))
/* From i on, which stands for a size of a higher alignment than a line's: sizes of the class, or of its twin. */
#define CLASS_RUN(class, i) [i] = CLASS_SLOT(class), [(i) + 1 ... (i) + 15] = TWIN_SLOT(class)
#define CLASS_RUNS(class, i) \
	CLASS_RUN(class, i), CLASS_RUN(class, (i) + 16), CLASS_RUN(class, (i) + 32), CLASS_RUN(class, (i) + 48)

/* The slot for the class of (size + 7) / 8. No bytes: slot 0, which has nothing. */
static const u16 class_slot[KMALLOC_MAX_CACHE_SIZE / 8 + 1] = {
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
	[496] = CLASS_SLOT(KMALLOC_4K), [497 ... 504] = TWIN_SLOT(KMALLOC_4K), [505 ... 512] = CLASS_SLOT(KMALLOC_4K),
	[513 ... 527] = TWIN_SLOT(KMALLOC_8K), CLASS_RUNS(KMALLOC_8K, 528), CLASS_RUNS(KMALLOC_8K, 592),
	CLASS_RUNS(KMALLOC_8K, 656), CLASS_RUNS(KMALLOC_8K, 720), CLASS_RUNS(KMALLOC_8K, 784),
	CLASS_RUNS(KMALLOC_8K, 848), CLASS_RUNS(KMALLOC_8K, 912), CLASS_RUN(KMALLOC_8K, 976),
	CLASS_RUN(KMALLOC_8K, 992), [1008] = CLASS_SLOT(KMALLOC_8K), [1009 ... 1016] = TWIN_SLOT(KMALLOC_8K),
	[1017 ... 1024] = CLASS_SLOT(KMALLOC_8K),
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
	return SHEAF_SLOT_ID(class_slot[(size + 7) / 8]);
}

/* The id of the cache for that slot of a class, or of its twin, and these flags. Only the plain type has twins. */
static u32 typed_id(unsigned long slot, gfp_t gfp)
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
	return cache_at(m, typed_id(class_slot[(size + 7) / 8], gfp));
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
		*object_mark_at(cache, object) = 0;
	if ((gfp & __GFP_ZERO) || (m->params.init_on_alloc && !cache->ctor && !(cache->flags & SLAB_TYPESAFE_BY_RCU)))
		object_zero(object, __atomic_load_n(&cache->object_size, __ATOMIC_RELAXED));
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

#define INLINE static inline __attribute__((always_inline))
#define FEW_BYTES 256u

/* Objects are whole words; a few are cleared sooner than a call of memset() begins, which this must not become. */
static __attribute__((__noinline__)) void *zeroed(void *object, const struct cpu_sheaf *slot)
{
	u32 bytes = __atomic_load_n(&slot->bytes, __ATOMIC_RELAXED) & ~SHEAF_INIT;
	unsigned long *word = object, *end = (unsigned long *)((char *)object + bytes);

	if (bytes > FEW_BYTES || (bytes & 7))
		return object_zero(object, bytes);
	for (; end - word >= 4; word += 4) {
		word[0] = word[1] = word[2] = word[3] = 0;
		__asm__ volatile("" ::: "memory");
	}
	for (; word < end; word++) {
		*word = 0;
		__asm__ volatile("" ::: "memory");
	}
	return object;
}

/*
 * Other CPUs may take its last object from this one: mm/sheaf.c, sheaves_forget(). A plain load is as good as an atomic
 * one, and the compiler compares with it in place.
 */
#if defined(__SANITIZE_THREAD__) || defined(KMEM_HOST_SIM)
#define last_object(cpu) __atomic_load_n(&(cpu)->last_object, __ATOMIC_RELAXED)
#else
#define last_object(cpu) ((cpu)->last_object)
#endif

INLINE struct cpu_sheaf *slot_at(struct kmem_cpu *cpu, unsigned long slot)
{
	return (struct cpu_sheaf *)((char *)cpu->sheaves + slot);
}

/* As one pointer; the compiler would work it out twice. */
INLINE struct cpu_sheaf *slot_of_cache(struct kmem_cpu *cpu, const struct kmem_cache *cache)
{
	struct cpu_sheaf *slot = &cpu->sheaves[cache->id];

	__asm__("" : "+r"(slot));
	return slot;
}

/* Flags that the fast paths leave to others. */
INLINE bool gfp_is_odd(gfp_t gfp)
{
	return gfp & kmem_context.odd_gfp;
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

INLINE bool has_mark(const unsigned long *mark_at, unsigned long mark)
{
	return *mark_at == mark;
}

/* The mark of a free object, taken off. False: it had none. */
INLINE bool unmark(unsigned long *mark_at, unsigned long mark)
{
	if (unlikely(!has_mark(mark_at, mark)))
		return false;
	*mark_at = 0;
	return true;
}

/* Zeros, if the caller or the machine asks for them. */
INLINE void *cleared_for(void *object, const struct cpu_sheaf *slot, gfp_t gfp)
{
	bool init = __atomic_load_n(&slot->bytes, __ATOMIC_RELAXED) & SHEAF_INIT;

	return unlikely((gfp & __GFP_ZERO) || init) ? zeroed(object, slot) : object;
}

/* An object of a slot about which nothing is taken for granted, or NULL: it has none. */
INLINE void *pop_odd(struct cpu_sheaf *slot)
{
	void *object = slot->hot;

	if (object)
		slot->hot = NULL;
	else if (slot->top != slot->base)
		object = *--slot->top;
	return object;
}

/*
 * kmalloc() of what the fast path found odd: no bytes, a type or zeros asked for, no sleep, no object, no mark; or all
 * of this machine's are odd, or all of this thread's until it has served a request.
 */
KMEM_FAST static void *kmalloc_odd(size_t asked, gfp_t gfp, unsigned long id_slot)
{
	struct kmem_cpu *cpu = this_cpu();
	struct cpu_sheaf *slot;
	void *object;

	if (!id_slot)
		return ZERO_SIZE_PTR;
	if (unlikely(gfp & KMALLOC_TYPE_FLAGS))
		id_slot = SHEAF_SLOT(typed_id(id_slot, gfp));
	slot = slot_at(cpu, id_slot);
	object = unlikely(sleeps_in_atomic(gfp)) || is_asked() ? NULL : pop_odd(slot);
	if (unlikely(!object))
		return alloc_slow(SHEAF_SLOT_ID(id_slot), gfp, asked);
	if (unlikely(!unmark(object, object_mark(object, cpu->secret))))
		return alloc_again(SHEAF_SLOT_ID(id_slot), gfp, asked, object);
	if (slot->free_limit)
		remember_last(cpu, object, slot);
	return cleared_for(object, slot, gfp);
}

/*
 * The newest object or the stack's top; NULL: leave what is odd to others. A stack that is empty looks like one whose
 * top has no mark. is_plain: it is known that marks are at the objects' start.
 *
 * The mark is taken off last: its line is the one that the caller writes to next, and a processor makes two stores to a
 * line in the time of one. The two ways out stay two: a jump to a common end is a tenth of a pair's time. Which of them
 * lies behind a jump is as measured: with the other order kmalloc()'s pair takes 8 % longer, and a batch 0 to 3 % less.
 */
INLINE void *pop(struct kmem_cpu *cpu, struct cpu_sheaf *slot, bool is_plain)
{
	void *object = slot->hot, **top;

	if (__builtin_expect(object != NULL, !is_plain)) {
		if (unlikely(!has_mark(object, object_mark(object, cpu->alloc_secret))))
			return NULL;
		slot->hot = NULL;
		remember_last(cpu, object, slot);
		__asm__ volatile("" : : "r"(cpu) : "memory");
		*(unsigned long *)object = 0;
		return object;
	}
	if (!is_plain && unlikely(!slot->free_limit))
		return NULL;
	top = slot->top;
	object = top[-1];
	if (unlikely(!has_mark(object, object_mark(object, cpu->alloc_secret))))
		return NULL;
	slot->top = top - 1;
	remember_last(cpu, object, slot);
	__asm__ volatile("" : : "r"(slot) : "memory");
	*(unsigned long *)object = 0;
	return object;
}

/* The arguments stay where they are. */
KMEM_FAST static void *kmalloc_slot_odd(unsigned long id_slot, gfp_t gfp)
{
	return kmalloc_odd(0, gfp, id_slot);
}

KMEM_FAST void *__kmalloc_slot(unsigned long id_slot, gfp_t gfp)
{
	struct kmem_cpu *cpu = this_cpu();
	void *object = unlikely(gfp_is_odd(gfp)) ? NULL : pop(cpu, slot_at(cpu, id_slot), true);

	return likely(object) ? object : kmalloc_slot_odd(id_slot, gfp);
}

KMEM_FAST void *__kmalloc(size_t size, gfp_t gfp)
{
	struct kmem_cpu *cpu = this_cpu();
	unsigned long id_slot;
	void *object;

	if (unlikely(size > KMALLOC_MAX_CACHE_SIZE))
		return __kmalloc_large(size, gfp);
	id_slot = class_slot[(size + 7) / 8];
	object = unlikely(gfp_is_odd(gfp)) ? NULL : pop(cpu, slot_at(cpu, id_slot), true);
	return likely(object) ? object : kmalloc_odd(size, gfp, id_slot);
}

/* The hot one of a size above KMALLOC_MAX_CACHE_SIZE, or NULL. Some flags ask for pages that it may not be of. */
INLINE void *large_pop(struct kmem_cpu *cpu, size_t size, gfp_t gfp)
{
	unsigned long order = sizeof(long) * 8 - (unsigned long)__builtin_clzl((size - 1) >> PAGE_SHIFT);

	if (unlikely(order > KMALLOC_LARGE_LAST || (gfp & (kmem_context.odd_gfp | __GFP_DMA32))))
		return NULL;
	return pop(cpu, slot_at(cpu, SHEAF_SLOT(KMALLOC_LARGE_ID(order))), true);
}

KMEM_FAST void *__kmalloc_large(size_t size, gfp_t gfp)
{
	void *object = large_pop(this_cpu(), size, gfp);

	return likely(object) ? object : kmalloc_large_node(size, gfp, NUMA_NO_NODE);
}

/* What is at hand needs no second way. */
KMEM_FAST void *kvmalloc(size_t size, gfp_t gfp)
{
	struct kmem_cpu *cpu = this_cpu();
	void *object;

	if (size > KMALLOC_MAX_CACHE_SIZE)
		object = large_pop(cpu, size, gfp);
	else
		object = unlikely(gfp_is_odd(gfp)) ? NULL : pop(cpu, slot_at(cpu, class_slot[(size + 7) / 8]), true);
	return likely(object) ? object : kvmalloc_node(size, gfp, NUMA_NO_NODE);
}

/* kmem_cache_alloc() of what the fast path found odd, and from a cache whose objects keep their contents. */
KMEM_FAST static void *cache_alloc_odd(struct kmem_cache *cache, gfp_t gfp)
{
	struct kmem_cpu *cpu = this_cpu();
	struct cpu_sheaf *slot = &cpu->sheaves[cache->id];
	void *object;

	/* A thread that has no CPU yet has no slots but kmalloc()'s. */
	if (unlikely(cache->machine != cpu->machine || sleeps_in_atomic(gfp)))
		return cache_alloc_slow(cache, gfp);
	object = pop_odd(slot);
	if (unlikely(!object))
		return cache_alloc_slow(cache, gfp);
	if (unlikely(!unmark(object_mark_at(cache, object), object_mark(object, cpu->secret))))
		return cache_alloc_again(cache, gfp, object);
	if (slot->free_limit)
		remember_last(cpu, object, slot);
	return cleared_for(object, slot, gfp);
}

KMEM_FAST void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	struct kmem_cpu *cpu = this_cpu();
	void *object;

	if (unlikely(cache->machine != cpu->machine || gfp_is_odd(gfp)))
		return cache_alloc_odd(cache, gfp);
	object = pop(cpu, slot_of_cache(cpu, cache), false);
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
	if (*object_mark_at(cache, object) == object_mark(object, cache->machine->secret)) {
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
	*object_mark_at(cache, object) = object_mark(object, cache->machine->secret);
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

SLOW static void kfree_slow(void *object)
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

/* Is this where an object of the slot's cache starts? The page is of a slab of the usual order. */
INLINE bool starts_object(const struct cpu_sheaf *slot, const void *object)
{
	u32 place = (u32)(unsigned long)object;

	if (likely(!(place * slot->inverse & slot->odd_place)))
		return true;
	return !(place & slot->misaligned) && (place & slot->slab_mask) * READ_ONCE(slot->inverse) <= slot->last;
}

/* The slot for objects of the page there; slot 0 takes none. */
INLINE unsigned long slot_of(const struct kmem_cpu *cpu, const void *object)
{
	unsigned long page = ((unsigned long)object - cpu->node_base) >> PAGE_SHIFT;

	return likely(page < cpu->node_pages) ? __atomic_load_n(&cpu->slot_map[page], __ATOMIC_RELAXED) : 0;
}

/*
 * Mark and push, below the limit. What is odd goes to the slow path: a full sheaf, no object's start, the object that
 * was pushed last. The object's memory is written, not read: it may be long out of the caches. Returns whether it was
 * pushed.
 */
INLINE bool fast_push(struct kmem_cpu *cpu, struct cpu_sheaf *slot, void **limit, void *object, unsigned long *mark_at)
{
	void **top = slot->top;

	if (unlikely(top >= limit || !starts_object(slot, object) || top[-1] == object))
		return false;
	*mark_at = object_mark(object, cpu->secret);
	*top = object;
	slot->top = top + 1;
	return true;
}

/* The newest object. False: it is free already; if one stands aside, it is this one, as that is given out first. */
INLINE bool set_aside(struct kmem_cpu *cpu, struct cpu_sheaf *slot, void *object)
{
	if (unlikely(slot->hot))
		return false;
	*(unsigned long *)object = object_mark(object, cpu->secret);
	slot->hot = object;
	return true;
}

KMEM_FAST void kfree(const void *pointer)
{
	void *object = (void *)pointer;
	struct kmem_cpu *cpu = this_cpu();
	struct cpu_sheaf *slot;

	if (object == last_object(cpu)) {
		if (likely(set_aside(cpu, cpu->last_slot, object)))
			return;
		goto slow;
	}
	__asm__("" : "+r"(cpu));	/* what follows is not worked out before that is known */
	slot = slot_at(cpu, slot_of(cpu, object));
	if (likely(fast_push(cpu, slot, slot->free_limit, object, object)))
		return;
slow:
	kfree_slow(object);
}

KMEM_FAST size_t kmalloc_bytes(const void *object)
{
	struct kmem_cpu *cpu = this_cpu();
	unsigned long id_slot = slot_of(cpu, object);
	const struct cpu_sheaf *slot = slot_at(cpu, id_slot);

	if (id_slot >= SHEAF_SLOT(KMALLOC_NR_IDS) || !slot->free_limit || !starts_object(slot, object))
		return 0;
	return __atomic_load_n(&slot->bytes, __ATOMIC_RELAXED) & ~SHEAF_INIT;
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

SLOW static void cache_free_slow(struct kmem_cache *cache, void *object)
{
	unsigned long caller = (unsigned long)__builtin_return_address(0);

	if (!object || !cache_is_of(cache, cpu_get()->machine, "kmem_cache_free"))
		return;
	if (cache_confirm(cache, object))
		cache_free(cache, object, caller);
}

KMEM_FAST void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	struct kmem_cpu *cpu = this_cpu();
	struct cpu_sheaf *slot;

	if (unlikely(cache->machine != cpu->machine))
		goto slow;
	slot = slot_of_cache(cpu, cache);
	if (object == last_object(cpu)) {
		if (likely(slot == cpu->last_slot && set_aside(cpu, slot, object)))
			return;
		goto slow;
	}
	__asm__("" : "+r"(cpu));	/* as in kfree() */
	if (likely(slot_of(cpu, object) == SHEAF_SLOT(cache->id) && cache->fast_free &&
		   fast_push(cpu, slot, slot->limit, object, object_mark_at(cache, object))))
		return;
slow:
	cache_free_slow(cache, object);
}

int kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, size_t nr, void **objects)
{
	for (size_t i = 0; i < nr; i++) {
		objects[i] = kmem_cache_alloc(cache, gfp);
		if (objects[i])
			continue;
		kmem_cache_free_bulk(cache, i, objects);
		return 0;
	}
	return (int)nr;
}

void kmem_cache_free_bulk(struct kmem_cache *cache, size_t nr, void **objects)
{
	for (size_t i = 0; i < nr; i++) {
		if (cache)
			kmem_cache_free(cache, objects[i]);
		else
			kfree(objects[i]);
	}
}
