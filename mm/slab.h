/* SPDX-License-Identifier: MIT */
/*
 * slab.h - the layers between kmem_cache_alloc() and pages.
 *
 *	CPU	cpu_sheaf: main stack of free objects, and a spare		cpu->sheaves[id]
 *	node	barn: full and empty sheaves, exchanged whole			cache->node[nid]->barn
 *	node	slabs on full / partial / empty lists, a bit an object		cache->node[nid]
 *	zone	pages
 *
 *	slab	[ object | object | ... | object | waste ]	2^order pages, a compound page
 *	map	   0        1              1	1 = in the slab, 0 = handed out (to a caller or a sheaf)
 *
 * Above the slabs nobody writes into a free object but for one word: a freed object that the cache marks holds
 * the address of its place while it is in a sheaf, and an entry of which the object says another place is not handed
 * out: so that no object has two owners, however often it is freed before it goes back to its slab. Where a free
 * object keeps its contents (constructor, SLAB_TYPESAFE_BY_RCU), the word lies after it.
 *
 * Locks: cache_lock (caches come and go) > node->lock (slab lists, maps) , barn->lock. The last two are spinlocks;
 * no page is allocated or freed under them.
 */
#ifndef MM_SLAB_H
#define MM_SLAB_H

#include <linux/list.h>
#include "lib/seeded.h"
#include "mm/machine.h"

struct kmem_fault;

#define SLAB_MAX_OBJECTS 512		/* objects a slab: what a large map holds */
#define SLAB_SMALL_MAP_BITS 256		/* what a small one holds */
#define SLAB_MAP_BITS (sizeof(unsigned long) * 8)
/* Large maps are never more a page than a descriptor has bits. */
#define SLAB_LARGE_MAP_BYTES (PAGE_SIZE / SLAB_MAP_BITS)

_Static_assert(SLAB_LARGE_MAP_BYTES * 8 >= SLAB_MAX_OBJECTS, "a large map holds a bit for every object");

#define SLAB_DEBUG_FLAGS (SLAB_CONSISTENCY_CHECKS | SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER | SLAB_TRACE)
/* What a caller may ask for. SLAB_FAILSLAB is for who boots the machine. */
#define SLAB_FLAGS_PERMITTED \
	(SLAB_DEBUG_FLAGS | SLAB_HWCACHE_ALIGN | SLAB_CACHE_DMA | SLAB_CACHE_DMA32 | SLAB_PANIC | \
	 SLAB_TYPESAFE_BY_RCU | SLAB_RECLAIM_ACCOUNT | SLAB_ACCOUNT | SLAB_MEM_SPREAD | SLAB_NOLEAKTRACE | \
	 SLAB_KMALLOC | SLAB_NO_MERGE)
#define SLAB_NEVER_MERGE \
	(SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER | SLAB_TRACE | SLAB_TYPESAFE_BY_RCU | SLAB_NOLEAKTRACE | \
	 SLAB_FAILSLAB | SLAB_NO_MERGE)
#define SLAB_MERGE_SAME (SLAB_RECLAIM_ACCOUNT | SLAB_CACHE_DMA | SLAB_CACHE_DMA32 | SLAB_ACCOUNT)

#define MAX_FULL_SHEAVES 5u		/* or one a CPU; of large objects as many as hold MAX_FULL_BYTES, or two */
#define MAX_EMPTY_SHEAVES 5u
#define MAX_FULL_BYTES (1u << 20)

struct sheaf {
	struct sheaf *next;		/* in a barn */
	u16 capacity;
	u16 filled;			/* objects that it was last filled with from slabs */
	u32 nr;				/* objects; stale while a CPU uses the sheaf as its main one */
	void *bottom;			/* &capacity, which is no mark: what an empty stack seems to hold */
	void *objects[];		/* capacity, and one more */
};

/* Of a slot that has none: without room. */
extern const struct sheaf kmem_sheaf_none;
#define SHEAF_NONE ((void **)kmem_sheaf_none.objects)

/* Two stacks in one cache line; who waits for the lock looks at another, and so does not take that from the holder. */
struct barn {
	spinlock_t lock;
	char apart[60];
	unsigned int nr_full, nr_empty;
	struct sheaf *full, *empty;
};

struct kmem_cache_node {
	spinlock_t lock;
	unsigned long nr_slabs, nr_partial, nr_empty;
	unsigned long total_objects;	/* room in all slabs */
	unsigned long out_objects;	/* handed out: to callers and sheaves */
	unsigned long remote_frees;
	struct list_head partial, full, empty;
	struct barn barn;
};

/* A size by which distances are divided, if it divides them: odd << shift. */
struct step {
	unsigned long inverse;		/* inverse * odd == 1 */
	unsigned int shift;
};

struct kmem_cache {
	u32 id;				/* of machine->cache_by_id and cpu->sheaves */
	unsigned long slot;		/* bytes from a CPU, as fast paths see it, to its slot there */
	struct machine *machine;
	unsigned int offset;		/* of the word of a free object that is marked */
	bool marks;			/* freed objects are marked */
	bool marks_pages;		/* in their first pages' descriptors: PAGES_ARE_MARKED; frees are fast */
	bool fast_free;			/* a free is a mark and a push: nothing to check, nothing to clear */
	bool internal;			/* kmem's own: no leak at shutdown */
	bool boot;			/* kmalloc's classes: never destroyed */
	bool is_twin;			/* of one of those, or its pages; counted as part of it: mm/kmalloc.c */
	slab_flags_t flags;
	unsigned int size;		/* bytes an object takes */
	unsigned int object_size;	/* bytes asked for */
	struct step step;		/* size once more */
	unsigned int red_left_pad;	/* bytes before the object, of size */
	unsigned int inuse;		/* bytes to the end of the object's own data, padded to words */
	unsigned int align;
	unsigned int order, min_order;
	unsigned int objects;		/* a slab of order */
	unsigned int sheaf_capacity;	/* 0: no sheaves */
	unsigned int max_full;		/* sheaves in a barn */
	unsigned int min_partial;	/* empty slabs that are kept */
	gfp_t allocflags;
	void (*ctor)(void *object);
	unsigned int useroffset, usersize;
	int refcount;			/* aliases */
	const char *name;
	struct list_head list;
	struct kmem_cache_node *node[];
};

static inline bool cache_debugged(const struct kmem_cache *cache)
{
	return cache->flags & SLAB_DEBUG_FLAGS;
}

/*
 * What a page of a slab says: PGTY_SLAB | [ node : 6 | lower order : 1 | cache's id : 10 ].
 *
 * kfree() has no time for descriptors: it asks node->slot_map, two bytes a page, for the CPU's slot of objects there.
 * That is 0, a slot which takes nothing, for every page that is not of a slab of this node, and for slabs of less than
 * the usual order, by which it tells objects from what is between them, or so large that 16 bits of an address do not
 * say where in one that is.
 */
#define SLAB_TYPE_LOW_ORDER KMEM_MAX_CACHES
#define SLAB_FAST_ORDER (16 - PAGE_SHIFT)
#define SLAB_TYPE_OF_NODE(nid) PAGE_TYPE(PGTY_SLAB, (u32)(nid) * 2 * KMEM_MAX_CACHES)

_Static_assert(SHEAF_SLOT(KMEM_MAX_CACHES - 1) <= 0xffff, "a slot is a u16 in node->slot_map");
_Static_assert(MAX_NUMNODES * 2 * KMEM_MAX_CACHES <= 1 << 24, "page_type has bits for nodes and caches");

static inline u32 slab_page_type(const struct kmem_cache *cache, int nid, unsigned int order)
{
	return SLAB_TYPE_OF_NODE(nid) + cache->id + (order == cache->order ? 0 : SLAB_TYPE_LOW_ORDER);
}

/* What the slot map of its node has for a page of low memory. */
static inline u16 *slot_map_at(const struct machine *m, const struct page *page)
{
	const struct pglist_data *node = m->nodes[page_to_nid(page)];

	return &node->slot_map[machine_pfn(m, page) - node->start_pfn];
}

static inline unsigned long slot_map_entry(const struct machine *m, const struct page *page)
{
	return __atomic_load_n(slot_map_at(m, page), __ATOMIC_RELAXED);
}

/* Its pages' entry in node->slot_map. */
static inline unsigned long slab_slot(const struct kmem_cache *cache, unsigned int order)
{
	return order == cache->order && order <= SLAB_FAST_ORDER ? SHEAF_SLOT(cache->id) : 0;
}

/* The id of the cache that a page of type slab belongs to. */
static inline u32 slab_cache_id(const struct page *page)
{
	return page_type_value(page) % KMEM_MAX_CACHES;
}

/* Slabs (mm/slab.c). A slab is named by its head page. */
static inline void *slab_address(const struct page *slab)
{
	return lowmem_page_address(slab);
}

static inline unsigned long *slab_map(struct page *slab)
{
	return slab->objects <= SLAB_MAP_BITS ? &slab->free_bits : slab->free_map;
}

static inline void *slab_object(const struct kmem_cache *cache, const struct page *slab, unsigned int index)
{
	return (char *)slab_address(slab) + (size_t)index * cache->size + cache->red_left_pad;
}

/*
 * How many steps a distance is. i steps give i, and what is no number of steps gives more than any number that the
 * distance could be of: multiplying by an odd number and turning bits round give no two numbers the same result.
 */
static __always_inline unsigned long steps_in(struct step step, unsigned long distance)
{
	unsigned long product = distance * step.inverse;

	return product >> step.shift | product << (-step.shift & (sizeof(long) * 8 - 1));
}

/* The index of an object, or -1 if no object of the slab starts there. */
int slab_index(const struct kmem_cache *cache, const struct page *slab, const void *object);
/* The slab's head page of any address in a page of type slab. */
struct page *slab_of(const void *object);
/* Flags that no object can honour are a caller's mistake, said and left out. */
gfp_t slab_gfp(gfp_t gfp);
/* Up to nr objects from slabs that exist. Never sleeps. Returns how many. */
unsigned int slab_take(struct kmem_cache *cache, int nid, void **objects, unsigned int nr);
/* A new slab, all its objects in it, on the empty list of its node. Returns that, or -1. May sleep with such flags. */
int slab_grow(struct kmem_cache *cache, gfp_t gfp, int nid);
/* The same, on this node while it has memory that need not be waited for. */
int slab_grow_near(struct kmem_cache *cache, gfp_t gfp, int nid);
/* One object past all sheaves, growing if need be. NULL: no memory. */
void *slab_alloc_one(struct kmem_cache *cache, gfp_t gfp, int nid);
/* nr objects back to their slabs; each is checked, what does not belong is reported and dropped. Never sleeps. */
void slab_put(struct kmem_cache *cache, void **objects, unsigned int nr);
/* One object that a caller on a CPU of that node gave back. */
void slab_put_from(struct kmem_cache *cache, void *object, int nid);
/* Is the object in its slab? *used: how many of the slab's are not. */
bool slab_has(struct kmem_cache *cache, struct page *slab, unsigned int index, unsigned int *used);
/* Hand out all objects that are in a slab, to no one: nothing of it is used any more. */
void slab_retire(struct kmem_cache *cache, struct page *slab);
/* Free the slabs on the empty list but for keep. Returns pages. */
unsigned long slab_discard_empty(struct kmem_cache *cache, unsigned int keep);

/* Sheaves (mm/sheaf.c). */
/* The newest allocation of this CPU is no longer what its slot was left with. */
static inline void sheaves_forget_last(struct kmem_cpu *cpu)
{
	__atomic_store_n(&cpu->last_object, cpu, __ATOMIC_RELAXED);
}

/* Words of this CPU that others may look at, or write to. The builtins know one address space only. */
#ifdef KMEM_CPU_IS_SEGMENT
#define load_here(word) READ_ONCE(word)
#define store_here(word, value) WRITE_ONCE(word, value)
#else
#define load_here(word) __atomic_load_n(&(word), __ATOMIC_RELAXED)
#define store_here(word, value) __atomic_store_n(&(word), value, __ATOMIC_RELAXED)
#endif

/* The same. A plain load is as good as an atomic one, and the compiler compares with it in place. */
#if defined(__SANITIZE_THREAD__) || defined(KMEM_HOST_SIM)
#define load_in_place(word) load_here(word)
#else
#define load_in_place(word) (word)
#endif

/* For kfree() to know: it is plain memory of this slot. */
static __always_inline void remember_last(here_cpu *cpu, void *object, here_slot *slot)
{
	store_here(cpu->last_object, object);
	cpu->last_slot = slot;
}

static inline bool sheaf_slot_is_empty(const struct cpu_sheaf *slot)
{
	return slot->top == slot->base;
}

/* Where a slot's stack ends. */
static __always_inline void **sheaf_limit(void **base)
{
	return base + container_of(base, struct sheaf, objects[0])->capacity;
}

#define sheaf_slot_limit(slot) sheaf_limit((slot)->base)

/* The main sheaf of a slot, or NULL; it is known by where its stack starts. */
static __always_inline struct sheaf *sheaf_slot_main(const struct cpu_sheaf *slot)
{
	return slot->base == SHEAF_NONE ? NULL : container_of(slot->base, struct sheaf, objects[0]);
}

/* The same for any CPU whose newest allocation lies here: it has been freed elsewhere, and its slab ends. */
void sheaves_forget(struct machine *m, const void *start, size_t bytes);
void sheaf_layer_init(struct kmem_cache *cache);
/* Under cpu_lock. What a CPU must know of a cache; of one whose objects have grown; of all that there are. */
void cpu_slot_init(struct kmem_cache *cache, struct kmem_cpu *cpu);
void cpu_slot_set_bytes(struct kmem_cache *cache, struct kmem_cpu *cpu);
void cpu_slots_init(struct machine *m, struct kmem_cpu *cpu);
/* For fast paths: an object of the machine with all checks; of the cache. */
void kfree_slow(void *object);
void cache_free_slow(struct kmem_cache *cache, void *object);
void *sheaf_alloc_slow(struct kmem_cache *cache, gfp_t gfp, int nid);
void sheaf_free_slow(struct kmem_cache *cache, void *object);
void cache_drain(struct kmem_cache *cache);		/* every sheaf of every CPU and barn; sleeps until all have */
void sheaves_drain(struct kmem_cpu *cpu);		/* all caches, one CPU; never sleeps */
void barn_drain(struct kmem_cache *cache);
unsigned long sheaf_objects(struct kmem_cache *cache);	/* free objects in CPUs' sheaves and barns */
unsigned int sheaf_capacity_for(const struct machine *m, unsigned int size);
struct sheaf *sheaf_new(struct machine *m, unsigned int capacity, gfp_t gfp);
void sheaf_delete(struct machine *m, struct sheaf *sheaf);

/* Caches (mm/slab_cache.c). */
int slab_init(struct machine *m);
unsigned long slab_reclaim(struct machine *m);		/* every empty slab of every cache; returns pages; may sleep */
/* The same, but for those that CPUs' sheaves keep from being empty. */
unsigned long slab_discard_all(struct machine *m);
struct slab_leaks {
	unsigned long objects, caches;
};
void slab_exit(struct machine *m, struct slab_leaks *leaks);
/* Neither copies the name. */
struct kmem_cache *cache_new_internal(struct machine *m, const char *name, unsigned int size);
struct kmem_cache *cache_new_at(struct machine *m, u32 id, const char *name, unsigned int size, slab_flags_t flags);
unsigned long cache_live_objects(struct kmem_cache *cache);

/* kmalloc (mm/kmalloc.c). */
int kmalloc_init(struct machine *m);
/* ksize() of an object of kmalloc()'s, without a look at its slab; 0: that needs one. */
size_t kmalloc_bytes(const void *object);
/* The id of the cache for a size from 1 to KMALLOC_MAX_CACHE_SIZE and no special flags. */
u32 kmalloc_plain_id(size_t size);
/* The id of a class of kmalloc()'s, of its twin, or of its pages: that of the class. */
static inline u32 kmalloc_id_of_class(u32 id)
{
	if (id >= KMALLOC_PAGES_ID(KMALLOC_PAGES_FIRST))
		return id - KMALLOC_PAGES_ID(KMALLOC_PAGES_FIRST) + KMALLOC_ID(KMALLOC_NORMAL, KMALLOC_PAGES_FIRST);
	if (id >= KMALLOC_TWIN_ID(KMALLOC_TWIN_FIRST))
		return id - KMALLOC_TWIN_ID(KMALLOC_TWIN_FIRST) + KMALLOC_ID(KMALLOC_NORMAL, KMALLOC_TWIN_FIRST);
	return id;
}

struct kmem_cache *kmalloc_cache(struct machine *m, size_t size, gfp_t gfp);
/* Who owns this object? NULL: no cache. */
struct kmem_cache *cache_of(struct machine *m, const void *object);

/* Large objects (mm/kmalloc_large.c). NUMA_NO_NODE: the CPU's. */
void *kmalloc_large_node(size_t size, gfp_t gfp, int nid);
/* False: no large object begins there, or it is free already. */
bool free_large(struct machine *m, struct page *page, void *object);
bool large_object_at(struct machine *m, const void *address);
/* The order of one that begins there, else -1. */
int large_order(struct machine *m, const struct page *page, const void *object);
/* Is it one that this CPU may have as its newest of that slot, or hot in it? */
bool large_is_known_to(struct machine *m, const void *object, const struct cpu_sheaf *slot, const struct kmem_cpu *cpu);
bool large_check(struct machine *m, unsigned int id, struct kmem_fault *fault);

/* Reports (mm/slab_report.c): the kernel's words. */
void slab_report(struct kmem_cache *cache, struct page *slab, const void *object, const char *format, ...);
/* The same for bytes [first, last] that are not what they should be; the caller repairs them. */
void slab_fault_report(struct kmem_cache *cache, struct page *slab, const void *object, const u8 *first, const u8 *last,
		       u8 expected, const char *format, ...);
/* Bytes in hexadecimal and as text, 16 a line. */
void slab_report_bytes(const char *label, const u8 *start, unsigned int bytes);
/* No object of the slab starts at this address, which someone gave back. */
void slab_report_invalid(struct kmem_cache *cache, struct page *slab, const void *object);
/* The slab has live objects and its cache goes: name each. */
void slab_report_remaining(struct kmem_cache *cache, struct page *slab);
/*
 * An entry of a sheaf that is not free: it was freed twice and handed out since, or its owner wrote to it after the
 * free. The caller drops the entry, which leaves the object with whoever has it.
 */
void report_not_free(struct kmem_cache *cache, void *object);
void large_report_not_free(void *object);
void slab_out_of_memory(struct kmem_cache *cache, gfp_t gfp, int nid);
/* What each cache has that cannot be reclaimed, for who ran out of memory: "Unreclaimable slab info:". */
void unreclaimable_slabs_report(struct machine *m);
void free_foreign_report(struct machine *m, const void *object, const char *caller);

/* Debugging (mm/slab_debug.c): only for caches with SLAB_DEBUG_FLAGS. */
slab_flags_t slab_debug_flags(struct machine *m, const char *name, slab_flags_t flags);
void slab_debug_layout(struct kmem_cache *cache);		/* sizes and offsets with red zones and tracks */
bool slab_debug_is_too_large(const struct kmem_cache *cache);	/* slub_debug=O and they need a higher order */
void slab_debug_new(struct kmem_cache *cache, struct page *slab);
bool slab_debug_alloc(struct kmem_cache *cache, struct page *slab, void *object, unsigned long caller, size_t asked);
bool slab_debug_free(struct kmem_cache *cache, struct page *slab, void *object, unsigned long caller);
/* How much of a live object is its owner's: what he asked for, where red zones and tracks are kept of a kmalloc(). */
unsigned int slab_debug_size(const struct kmem_cache *cache, const void *object);
/* All of it is from now on, if a live one starts there; what is added reads zero. */
void slab_debug_open(struct kmem_cache *cache, void *object);
/* "Allocated in ...": the tracks of an object, where it has them. */
void slab_debug_tracks(struct kmem_cache *cache, const void *object);
/* Hexdump of the object, its red zones and padding, as reports end. */
void slab_debug_print(struct kmem_cache *cache, struct page *slab, const void *object);
/* The whole slab: objects, tails, padding. True: sound. */
bool slab_debug_check(struct kmem_cache *cache, struct page *slab);

bool slab_check(struct machine *m, bool at_rest, struct kmem_fault *fault);	/* mm/slab_check.c */
void slab_dump(struct machine *m);
/* "object 3 of cache kmalloc-64, live": returns the length, or 0 if the address is in no slab. */
int slab_explain(struct machine *m, const void *address, char *buf, size_t size);
long slabinfo_text(struct machine *m, char *buf, size_t size);

/* Zero what __GFP_ZERO promises. */
static inline void *object_zero(void *object, size_t bytes)
{
	return __builtin_memset(object, 0, bytes);
}

/*
 * The mark of a freed object: one word, at its start or, where it keeps its contents, after its end. It says the place
 * that the object lies at, of a sheaf or of a slot: so of two places that have the same object, one is right. It is
 * written when the object is put there and read when it is handed out: that is when its memory is wanted anyway. An
 * object from a stack keeps it until its owner writes there: it says nothing once the place has no object any more.
 *
 * turn: the machine's. Where all objects are cleared it is ~0: no mark is as fast paths expect it, and all is odd.
 */
static __always_inline unsigned long place_mark(void *const *place, unsigned long turn)
{
	return (unsigned long)place ^ turn;
}

/* The same of one that stands aside. */
static __always_inline unsigned long aside_mark(const here_slot *slot, unsigned long turn)
{
	return (unsigned long)slot ^ turn;
}

/* For slow paths. */
static inline bool is_mark(unsigned long word, unsigned long mark)
{
	return word == mark || (SEEDED(MARKS) && word);
}

static inline unsigned long *object_mark_at(const struct kmem_cache *cache, void *object)
{
	return (unsigned long *)((char *)object + cache->offset);
}

/*
 * Objects of whole pages all begin in one set of the processor's first cache: who writes to more of them than a set has
 * places misses each time, and a mark would be a miss more. So they are marked in the descriptor of their first page,
 * each a line of its own; only one that stands aside is marked like others. Where a descriptor is half a line it has
 * no room for that.
 */
#define PAGES_ARE_MARKED (__SIZEOF_POINTER__ == 8)

/* The first page's. The object is one, so that nothing of its address need be cut off: two steps fewer. */
static __always_inline struct page *page_of_start(const void *object)
{
	unsigned long shrink = PAGE_SIZE / sizeof(struct page);

	return (struct page *)((unsigned long)object / shrink + (VMEMMAP_BASE - DIRECT_BASE / shrink));
}

static __always_inline bool page_object_is_free(const struct page *page)
{
#if __SIZEOF_POINTER__ == 8
	return load_in_place(page->object_is_free);
#else
	return page && false;
#endif
}

static __always_inline void page_object_mark(struct page *page, bool is_free)
{
#if __SIZEOF_POINTER__ == 8
	__atomic_store_n(&page->object_is_free, is_free, __ATOMIC_RELAXED);
#else
	(void)page, (void)is_free;
#endif
}

/* For slow paths. Has the object that lies there the mark that it should have? */
static inline bool object_is_marked(const struct kmem_cache *cache, void *const *place)
{
	if (cache->marks_pages)
		return page_object_is_free(virt_to_page(*place));
	return is_mark(*object_mark_at(cache, *place), place_mark(place, cache->machine->mark_turn));
}

/* An object of whole pages then has no mark of its own either, which the page's last use may have left. */
static inline void object_set_mark(const struct kmem_cache *cache, void *const *place)
{
	if (cache->marks_pages)
		page_object_mark(virt_to_page(*place), true);
	*object_mark_at(cache, *place) = cache->marks_pages ? 0 : place_mark(place, cache->machine->mark_turn);
}

static inline void object_clear_mark(const struct kmem_cache *cache, void *object)
{
	if (cache->marks_pages)
		page_object_mark(virt_to_page(object), false);
	*object_mark_at(cache, object) = 0;
}

/* For what goes to its slab: there the map says that it is free, and of an object of whole pages so does its page. */
static inline void object_is_in_slab(const struct kmem_cache *cache, void *object)
{
	if (cache->marks_pages)
		page_object_mark(virt_to_page(object), true);
}

/*
 * Is this object of the cache free already, as far as this CPU sees: in its slab, in this CPU's sheaves where its mark
 * says, or standing aside? (mm/slab_walk.c)
 */
bool object_is_free(struct kmem_cache *cache, void *object);

#endif
