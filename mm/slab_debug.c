/* SPDX-License-Identifier: MIT */
/*
 * slab_debug.c - red zones, poison and tracks around the objects of a cache (slub_debug=).
 *
 *	size   [ left zone | object ........ | right zone | free ptr | track track | padding ]
 *	free    bb bb       6b 6b .. 6b a5     bb bb        (unused)   who had it    5a 5a
 *	live    cc cc       the caller's       cc cc        (unused)   who has it    5a 5a
 *	slab   [ object | object | ... | 5a 5a 5a ]	the rest of the pages
 *
 * Of a kmalloc() with red zones and tracks, what lies between the size that was asked for and the end of the object is
 * zone, too, until someone asks by ksize() how much there is.
 *
 *	F sanity checks   Z red zones   P poison   U tracks   T trace   A failslab   - none   O off for high orders
 *
 * Each object is checked when it is handed out, when it comes back and when its slab goes. The first breach is
 * reported, in the kernel's words, and repaired. A free object that someone wrote to takes its whole slab out of use; a
 * live one with a broken red zone is not freed; padding is no one's, so its repair is enough. Debugged caches have no
 * sheaves: every call comes here.
 * Source: mm/slub.rst.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include "lib/assert.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "mm/stack_depot.h"

#define METADATA_FLAGS (SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER)

#define POISON_INUSE 0x5a
#define POISON_FREE 0x6b
#define POISON_END 0xa5
#define RED_INACTIVE 0xbb
#define RED_ACTIVE 0xcc
#define WORD ((unsigned int)sizeof(void *))

struct track {
	unsigned long caller;
	u32 stack;			/* of the depot */
	int cpu;
	int pid;
	u32 when_ms;
	u64 unused[sizeof(long) == 8];
};

_Static_assert(sizeof(struct track) == (sizeof(long) == 8 ? 32 : 20),
	       "as large as the kernel's, so that slabs hold as many objects");

enum track_item { TRACK_ALLOC, TRACK_FREE };

/* -------------------------------------------------------------------------------------- which caches, which flags */

static slab_flags_t flag_of_letter(char letter)
{
	switch (letter | 0x20) {
	case 'f':
		return SLAB_CONSISTENCY_CHECKS;
	case 'z':
		return SLAB_RED_ZONE;
	case 'p':
		return SLAB_POISON;
	case 'u':
		return SLAB_STORE_USER;
	case 't':
		return SLAB_TRACE;
	case 'a':
		return SLAB_FAILSLAB;
	}
	return 0;
}

/* Does a name match a pattern of the list a,b*,c? */
static bool name_in_list(const char *name, const char *list)
{
	while (*list && *list != ';') {
		size_t length = 0;

		while (list[length] && list[length] != ',' && list[length] != ';')
			length++;
		if (length && list[length - 1] == '*' ? !strncmp(name, list, length - 1) :
							strlen(name) == length && !strncmp(name, list, length))
			return true;
		list += length;
		list += *list == ',';
	}
	return false;
}

/*
 * slub_debug=FZ,dentry,kmalloc-*;P,filp: the first block that names the cache, else the one that names none. Of what is
 * for all, a cache of a leak tracer's gets no tracks: those would be traced.
 */
slab_flags_t slab_debug_flags(struct machine *m, const char *name, slab_flags_t flags)
{
	const char *at = m->params.slub_debug;
	slab_flags_t all = 0;
	bool matched = false;

	if (!at)
		return flags;
	if (!*at)
		all = SLAB_DEBUG_FLAGS & ~SLAB_TRACE;
	while (*at && !matched) {
		slab_flags_t block = 0;
		bool letters = false;

		for (; *at && *at != ',' && *at != ';'; at++, letters = true)
			block |= flag_of_letter(*at);
		if (!letters)
			block = SLAB_DEBUG_FLAGS & ~SLAB_TRACE;
		if (*at == ',')
			matched = name_in_list(name, at + 1);
		else
			all = block;
		if (matched)
			all = block;
		while (*at && *at != ';')
			at++;
		at += *at == ';';
	}
	if ((flags & SLAB_NOLEAKTRACE) && !matched)
		all &= ~SLAB_STORE_USER;
	return flags | all;
}

/* ------------------------------------------------------------------------------------------------ layout */

/* Must the kernel's free pointer lie outside the object? Ours keeps its room, so that sizes agree. */
static bool has_pointer_word(const struct kmem_cache *cache)
{
	return (cache->flags & (SLAB_TYPESAFE_BY_RCU | SLAB_POISON)) || cache->ctor ||
	       ((cache->flags & SLAB_RED_ZONE) && cache->object_size < WORD);
}

/* Behind the tracks of a kmalloc() the kernel keeps the size that was asked for. */
static unsigned int tracks_bytes(const struct kmem_cache *cache)
{
	if (!(cache->flags & SLAB_STORE_USER))
		return 0;
	return 2 * (unsigned int)sizeof(struct track) + (cache->flags & SLAB_KMALLOC ? (unsigned int)sizeof(u32) : 0);
}

static unsigned int tracks_start(const struct kmem_cache *cache)
{
	return cache->inuse + (has_pointer_word(cache) ? WORD : 0);
}

/* Is the object's size kept? */
static bool keeps_size(const struct kmem_cache *cache)
{
	return cache->flags & SLAB_STORE_USER && cache->flags & SLAB_KMALLOC;
}

/* Where. Others may look at a live object meanwhile. */
static u32 *size_at(const struct kmem_cache *cache, const void *object)
{
	return (u32 *)((char *)object + tracks_start(cache) + 2 * sizeof(struct track));
}

unsigned int slab_debug_size(const struct kmem_cache *cache, const void *object)
{
	bool zoned = cache->flags & SLAB_RED_ZONE && keeps_size(cache);

	return zoned ? __atomic_load_n(size_at(cache, object), __ATOMIC_RELAXED) : cache->object_size;
}

void slab_debug_layout(struct kmem_cache *cache)
{
	unsigned int size;

	if ((cache->flags & SLAB_RED_ZONE) && cache->inuse == cache->object_size)
		cache->inuse += WORD;
	cache->offset = has_pointer_word(cache) ? cache->inuse : 0;
	size = tracks_start(cache) + tracks_bytes(cache);
	if (cache->flags & SLAB_RED_ZONE) {
		size += WORD;
		cache->red_left_pad = ALIGN(WORD, cache->align);
		size += cache->red_left_pad;
	}
	cache->size = size;
}

bool slab_debug_is_too_large(const struct kmem_cache *cache)
{
	const char *at = cache->machine->params.slub_debug;

	if (!at || !(cache->flags & METADATA_FLAGS) || get_order(cache->size) <= get_order(cache->object_size))
		return false;
	for (; *at && *at != ',' && *at != ';'; at++)
		if ((*at | 0x20) == 'o')
			return true;
	return false;
}

static struct track *track_of(const struct kmem_cache *cache, const void *object, enum track_item which)
{
	return (struct track *)((char *)object + tracks_start(cache)) + which;
}

/* Bytes of the object's place after its own data and bookkeeping. */
static unsigned int padding_start(const struct kmem_cache *cache)
{
	return tracks_start(cache) + tracks_bytes(cache);
}

static unsigned int padding_bytes(const struct kmem_cache *cache)
{
	return cache->size - cache->red_left_pad - padding_start(cache);
}

static void paint_zones(struct kmem_cache *cache, void *object, u8 value)
{
	if (!(cache->flags & SLAB_RED_ZONE))
		return;
	memset((char *)object - cache->red_left_pad, value, cache->red_left_pad);
	memset((char *)object + cache->object_size, value, cache->inuse - cache->object_size);
}

static bool poisons(const struct kmem_cache *cache)
{
	return (cache->flags & SLAB_POISON) && !(cache->flags & SLAB_TYPESAFE_BY_RCU) && !cache->ctor;
}

static void paint_free(struct kmem_cache *cache, void *object)
{
	paint_zones(cache, object, RED_INACTIVE);
	if (!poisons(cache))
		return;
	memset(object, POISON_FREE, cache->object_size - 1);
	((u8 *)object)[cache->object_size - 1] = POISON_END;
}

void slab_debug_new(struct kmem_cache *cache, struct page *slab)
{
	memset(slab_address(slab), POISON_INUSE, PAGE_SIZE << compound_order(slab));
	for (unsigned int i = 0; i < slab->objects; i++) {
		void *object = slab_object(cache, slab, i);

		if (cache->flags & SLAB_STORE_USER)
			memset(track_of(cache, object, TRACK_ALLOC), 0, 2 * sizeof(struct track));
		paint_free(cache, object);
		if (cache->ctor)
			cache->ctor(object);
	}
}

/* ------------------------------------------------------------------------------------------------ tracks */

static u32 machine_ms(struct machine *m)
{
	return (u32)((host_clock(m) - m->boot_clock) / 1000000);
}

static void track_set(struct kmem_cache *cache, void *object, enum track_item which, unsigned long caller)
{
	struct track *track = track_of(cache, object, which);

	if (!(cache->flags & SLAB_STORE_USER))
		return;
	track->caller = caller;
	track->stack = stack_depot_save(cache->machine, 3);
	track->cpu = (int)this_cpu()->id;
	track->pid = host_task()->pid;
	track->when_ms = machine_ms(cache->machine);
}

static void track_print(struct kmem_cache *cache, const char *what, const struct track *track)
{
	char name[160];

	if (!track->caller)
		return;
	pr_err("%s in %s age=%u cpu=%d pid=%d\n", what, host_symbol(name, sizeof(name), track->caller),
	       (machine_ms(cache->machine) - track->when_ms) / 4, track->cpu, track->pid);
	stack_depot_print(cache->machine, track->stack);
}

void slab_debug_tracks(struct kmem_cache *cache, const void *object)
{
	if (!(cache->flags & SLAB_STORE_USER))
		return;
	track_print(cache, "Allocated", track_of(cache, object, TRACK_ALLOC));
	track_print(cache, "Freed", track_of(cache, object, TRACK_FREE));
}

/* ------------------------------------------------------------------------------------------------ checks */

static u8 *first_other(u8 *start, u8 value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (start[i] != value)
			return start + i;
	return NULL;
}

/* Every byte is value, or one report and the bytes are restored. */
static bool bytes_are(struct kmem_cache *cache, struct page *slab, void *object, const char *what, u8 *start, u8 value,
		      size_t bytes)
{
	u8 *bad = first_other(start, value, bytes), *last;

	if (!bad)
		return true;
	for (last = start + bytes - 1; *last == value; last--)
		;
	slab_fault_report(cache, slab, object, bad, last, value, "%s overwritten", what);
	pr_err("FIX %s: Restoring %s 0x%p-0x%p=0x%x\n", cache->name, what, bad, last, value);
	memset(bad, value, (size_t)(last - bad) + 1);
	return false;
}

/* What lies behind the size that was asked for. */
static bool rest_is_sound(struct kmem_cache *cache, struct page *slab, void *object)
{
	unsigned int size = slab_debug_size(cache, object);

	return bytes_are(cache, slab, object, "kmalloc Redzone", (u8 *)object + size, RED_ACTIVE,
			 cache->object_size - size);
}

void slab_debug_open(struct kmem_cache *cache, void *object)
{
	struct page *slab = slab_of(object);
	int index = slab_index(cache, slab, object);
	unsigned int size, used;

	if (!keeps_size(cache) || index < 0 || slab_has(cache, slab, (unsigned int)index, &used))
		return;
	rest_is_sound(cache, slab, object);
	size = slab_debug_size(cache, object);
	memset((char *)object + size, 0, cache->object_size - size);
	__atomic_store_n(size_at(cache, object), cache->object_size, __ATOMIC_RELAXED);
}

static bool zones_are_sound(struct kmem_cache *cache, struct page *slab, void *object, bool live)
{
	u8 *p = object, zone = live ? RED_ACTIVE : RED_INACTIVE;
	unsigned int left = cache->red_left_pad;

	if (cache->flags & SLAB_RED_ZONE)
		return bytes_are(cache, slab, object, "Left Redzone", p - left, zone, left) &&
		       bytes_are(cache, slab, object, "Right Redzone", p + cache->object_size, zone,
				 cache->inuse - cache->object_size) &&
		       (!live || rest_is_sound(cache, slab, object));
	if (cache->flags & SLAB_POISON)
		bytes_are(cache, slab, object, "Alignment padding", p + cache->object_size, POISON_INUSE,
			  cache->inuse - cache->object_size);
	return true;
}

static bool object_is_sound(struct kmem_cache *cache, struct page *slab, void *object, bool live)
{
	u8 *p = object, *end = p + cache->object_size - 1;

	if (!zones_are_sound(cache, slab, object, live))
		return false;
	if (!live && poisons(cache))
		if (!bytes_are(cache, slab, object, "Poison", p, POISON_FREE, cache->object_size - 1) ||
		    !bytes_are(cache, slab, object, "End Poison", end, POISON_END, 1))
			return false;
	if (cache->flags & SLAB_POISON)
		bytes_are(cache, slab, object, "Object padding", p + padding_start(cache), POISON_INUSE,
			  padding_bytes(cache));
	return true;
}

/* The bytes after the last object are repaired, and said if they needed it. */
static void tail_check(struct kmem_cache *cache, struct page *slab)
{
	size_t used = (size_t)slab->objects * cache->size, all = PAGE_SIZE << compound_order(slab);
	u8 *tail = (u8 *)slab_address(slab) + used, *bad, *last;

	if (!(cache->flags & SLAB_POISON))
		return;
	bad = first_other(tail, POISON_INUSE, all - used);
	if (!bad)
		return;
	for (last = tail + (all - used) - 1; *last == POISON_INUSE; last--)
		;
	slab_report(cache, slab, NULL, "Padding overwritten. 0x%p-0x%p @offset=%lu", bad, last,
		    (unsigned long)(bad - (u8 *)slab_address(slab)));
	slab_report_bytes("Padding ", tail, (unsigned int)(all - used));
	pr_err("FIX %s: Restoring slab padding 0x%p-0x%p=0x%x\n", cache->name, bad, last, POISON_INUSE);
	memset(bad, POISON_INUSE, (size_t)(last - bad) + 1);
}

/* 0: all of it. */
static void size_set(struct kmem_cache *cache, void *object, size_t asked)
{
	unsigned int size;

	if (!keeps_size(cache))
		return;
	__atomic_store_n(size_at(cache, object), asked ? (u32)asked : cache->object_size, __ATOMIC_RELAXED);
	size = slab_debug_size(cache, object);
	memset((char *)object + size, RED_ACTIVE, cache->object_size - size);
}

bool slab_debug_alloc(struct kmem_cache *cache, struct page *slab, void *object, unsigned long caller, size_t asked)
{
	tail_check(cache, slab);
	if (!object_is_sound(cache, slab, object, false)) {
		pr_err("FIX %s: Marking all objects used\n", cache->name);
		slab_retire(cache, slab);
		return false;
	}
	paint_zones(cache, object, RED_ACTIVE);
	size_set(cache, object, asked);
	track_set(cache, object, TRACK_ALLOC, caller);
	if (cache->flags & SLAB_TRACE)
		pr_info("TRACE %s alloc 0x%p inuse=%d fp=0x%p\n", cache->name, object, slab->inuse, NULL);
	return true;
}

static void not_freed(const struct kmem_cache *cache, const void *object)
{
	pr_err("FIX %s: Object at 0x%p not freed\n", cache->name, object);
}

bool slab_debug_free(struct kmem_cache *cache, struct page *slab, void *object, unsigned long caller)
{
	int index = slab_index(cache, slab, object);
	unsigned int used;
	bool has;

	if (index < 0) {
		slab_report_invalid(cache, slab, object);
		return false;
	}
	has = slab_has(cache, slab, (unsigned int)index, &used);
	tail_check(cache, slab);
	if (!used) {
		slab_report(cache, slab, NULL, "Slab has 0 allocated objects but 1 are to be freed\n");
		not_freed(cache, object);
		return false;
	}
	if (has) {
		slab_report(cache, slab, object, "Object already free");
		return false;
	}
	if (!object_is_sound(cache, slab, object, true)) {
		not_freed(cache, object);
		return false;
	}
	if (cache->flags & SLAB_TRACE)
		pr_info("TRACE %s free 0x%p inuse=%d fp=0x%p\n", cache->name, object, slab->inuse, NULL);
	track_set(cache, object, TRACK_FREE, caller);
	paint_free(cache, object);
	return true;
}

/* Every object of a slab; live ones as live. Reports what it finds; returns whether all was sound. */
bool slab_debug_check(struct kmem_cache *cache, struct page *slab)
{
	bool sound = true;
	unsigned int used;

	tail_check(cache, slab);
	for (unsigned int i = 0; i < slab->objects; i++)
		sound &= object_is_sound(cache, slab, slab_object(cache, slab, i), !slab_has(cache, slab, i, &used));
	return sound;
}

void slab_debug_print(struct kmem_cache *cache, struct page *slab, const void *object)
{
	const u8 *p = object;

	if (slab_index(cache, slab, object) < 0)
		return;
	if (cache->flags & SLAB_RED_ZONE)
		slab_report_bytes("Redzone  ", p - cache->red_left_pad, cache->red_left_pad);
	else if (p > (const u8 *)slab_address(slab) + 16)
		slab_report_bytes("Bytes b4 ", p - 16, 16);
	slab_report_bytes("Object   ", p, min(cache->object_size, (unsigned int)PAGE_SIZE));
	if (cache->flags & SLAB_RED_ZONE)
		slab_report_bytes("Redzone  ", p + cache->object_size, cache->inuse - cache->object_size);
	if (padding_bytes(cache))
		slab_report_bytes("Padding  ", p + padding_start(cache), padding_bytes(cache));
}
