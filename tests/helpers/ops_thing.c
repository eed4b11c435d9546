/* SPDX-License-Identifier: MIT */
/*
 * ops_thing.c - what we were given: its bytes, its place in the model, its way back.
 *
 *	address  [ constructor's | word 0 | word 1 | ... | word n | rest ]	word i = pattern + i * STEP
 *
 * The pattern is made of the thing's number and address, so that no two things look alike. It covers all that the
 * caller may use, and is compared whole whenever a thing is looked at: before it is freed, resized or handed over.
 */
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include "mm/slab.h"
#include "tests/helpers/ops_world.h"

#define STEP 0x9e3779b97f4a7c15ull
#define CONSTRUCTED 16u

/* -------------------------------------------------------------------------------------------------------- bytes */

void thing_fill(struct thing *thing, u64 id)
{
	u64 *word = (u64 *)((char *)thing->address + thing->skip);
	size_t bytes = thing->room - thing->skip;
	u64 value;

	thing->pattern = (id + 1) * 0xff51afd7ed558ccdull ^ (u64)(unsigned long)thing->address;
	value = thing->pattern;
	for (; bytes >= 8; bytes -= 8, value += STEP)
		*word++ = value;
	memcpy(word, &value, bytes);
}

/* The first bytes of it, at another address perhaps. Returns the offset of the first wrong word, or -1. */
static long bytes_compare(const struct thing *thing, const void *address, size_t bytes)
{
	const u64 *word = address;
	u64 value = thing->pattern;

	for (; bytes >= 8; bytes -= 8, value += STEP)
		if (*word++ != value)
			return (const char *)(word - 1) - (const char *)address;
	return memcmp(word, &value, bytes) ? (const char *)word - (const char *)address : -1;
}

/* A word that tells the object's own address. */
static u64 constructed_word(const void *object)
{
	return (u64)(unsigned long)object * STEP;
}

void ops_construct(void *object)
{
	u64 *words = object;

	words[0] = constructed_word(object);
	words[1] = ~words[0];
}

bool ops_is_constructed(const void *object, size_t bytes)
{
	const u64 *words = object;

	return bytes < CONSTRUCTED || (words[0] == constructed_word(object) && words[1] == ~words[0]);
}

/* Pages of a map are also where the direct map has them. */
static void map_verify(struct ops_world *w, const struct thing *thing)
{
	for (unsigned long i = 0; i < thing->bytes >> PAGE_SHIFT; i++) {
		const void *direct = page_address(thing->pages[i]);
		const char *here = (const char *)thing->address + i * PAGE_SIZE;

		if (vmalloc_to_page(here) != thing->pages[i])
			world_fail(w, "page %lu of the map at %p is another one", i, thing->address);
		else if (direct && memcmp(direct, here, PAGE_SIZE))
			world_fail(w, "page %lu of the map at %p is not what the direct map has", i, thing->address);
	}
}

static bool is_map(const struct thing *thing)
{
	return thing->kind == THING_MAP || thing->kind == THING_RAM;
}

void thing_verify(struct ops_world *w, const struct thing *thing, size_t bytes)
{
	long wrong;

	if (!thing->address || ZERO_OR_NULL_PTR(thing->address))
		return;
	if (thing->skip && !ops_is_constructed(thing->address, thing->skip))
		world_fail(w, "C31: the object at %p has lost what its constructor wrote", thing->address);
	wrong = bytes_compare(thing, (const char *)thing->address + thing->skip,
			      bytes - min(bytes, (size_t)thing->skip));
	if (wrong >= 0)
		world_fail(w, "kind %u, %lu bytes at %p: byte %ld has changed", thing->kind,
			   (unsigned long)thing->room, thing->address, wrong + thing->skip);
	if (is_map(thing))
		map_verify(w, thing);
}

void thing_expect_zero(struct ops_world *w, const struct thing *thing, size_t bytes)
{
	const u64 *word = thing->address;
	u64 all = 0;

	if (!word || ZERO_OR_NULL_PTR(word))
		return;
	for (; bytes >= 8; bytes -= 8)
		all |= *word++;
	if (all || memchr_inv(word, 0, bytes))
		world_fail(w, "C05: kind %u, %lu bytes at %p are not zero", thing->kind, (unsigned long)thing->room,
			   thing->address);
}

/* ------------------------------------------------------------------------------------------------------- claims */

static void area_pages(struct ops_world *w, const struct thing *thing, bool claim)
{
	for (size_t at = 0; at < thing->room; at += PAGE_SIZE) {
		struct page *page = vmalloc_to_page((char *)thing->address + at);

		if (!page)
			world_fail(w, "no page at %lu of the area at %p", (unsigned long)at, thing->address);
		else if (claim)
			model_claim_pages(w, page, 1);
		else
			model_release_pages(w, page, 1);
	}
	__atomic_fetch_add(&w->area_pages, (long)(thing->room >> PAGE_SHIFT) * (claim ? 1 : -1), __ATOMIC_RELAXED);
}

/* The bytes of a thing, and what else is its own, change hands. */
static void thing_move(struct ops_world *w, const struct thing *thing, bool claim)
{
	void (*bytes)(struct ops_world *, const void *, size_t) = claim ? model_claim_bytes : model_release_bytes;
	void (*pages)(struct ops_world *, const struct page *, unsigned long) = claim ? model_claim_pages :
											 model_release_pages;
	if (ZERO_OR_NULL_PTR(thing->address) && !thing->page)
		return;
	if (thing->page) {
		pages(w, thing->page, thing->room >> PAGE_SHIFT);
	} else if (is_map(thing)) {
		for (unsigned long i = 0; i < thing->room >> PAGE_SHIFT; i++)
			pages(w, thing->pages[i], 1);
		bytes(w, thing->pages, thing->bytes >> PAGE_SHIFT << (sizeof(long) == 8 ? 3 : 2));
	} else if (is_vmalloc_addr(thing->address)) {
		area_pages(w, thing, claim);
	} else {
		bytes(w, thing->address, thing->room);
	}
	if (!thing->address || !is_vmalloc_addr(thing->address))
		return;
	if (claim)
		model_claim_area(w, thing->address, thing->room, thing->kind != THING_RAM);
	else
		model_release_area(w, thing->address);
}

void thing_claim(struct ops_world *w, const struct thing *thing)
{
	thing_move(w, thing, true);
}

void thing_release(struct ops_world *w, const struct thing *thing)
{
	thing_move(w, thing, false);
}

/* ---------------------------------------------------------------------------------------------------- ways back */

static void pages_free(struct ops_world *w, struct thing *thing, unsigned int choice)
{
	unsigned long nr = 1ul << thing->order;

	switch (choice % 6) {
	case 0:
		if (thing->compound || !thing->order) {
			put_page(thing->page + nr - 1);
			return;
		}
		split_page(thing->page, thing->order);
		for (unsigned long i = 0; i < nr; i++)
			__free_page(thing->page + i);
		return;
	case 1:		/* C04: the last reference frees */
		get_page(thing->page);
		__free_pages(thing->page, thing->order);
		if (thing->address && bytes_compare(thing, thing->address, PAGE_SIZE) >= 0)
			world_fail(w, "C04: pfn %lu was freed with a reference", page_to_pfn(thing->page));
		if (page_count(thing->page) != 1)
			world_fail(w, "C04: pfn %lu has %d references", page_to_pfn(thing->page),
				   page_count(thing->page));
		put_page(thing->page);
		return;
	case 2:
		if (thing->address) {
			free_pages((unsigned long)thing->address, thing->order);
			return;
		}
		break;
	case 3:
		if (!thing->order) {
			free_pages_bulk(&thing->page, 1);
			return;
		}
		break;
	}
	__free_pages(thing->page, thing->order);
}

static void object_free(struct thing *thing, unsigned int choice)
{
	switch (choice % 8) {
	case 0:
		kfree_sensitive(thing->address);
		return;
	case 1:
		kvfree(thing->address);
		return;
	case 2:
		kfree_bulk(1, &thing->address);
		return;
	}
	kfree(thing->address);
}

/* C35: until the grace period's end the memory stays a slab of the cache. */
static void typesafe_free(struct ops_world *w, struct kmem_cache *cache, void *object)
{
	rcu_read_lock();
	kmem_cache_free(cache, object);
	if (virt_to_page(object)->page_type >> 24 != PGTY_SLAB || slab_of(object)->slab_cache != cache)
		world_fail(w, "C35: %p is no object of its cache any more", object);
	rcu_read_unlock();
}

static void cached_free(struct ops_world *w, struct thing *thing, unsigned int choice)
{
	struct ops_cache *slot = &w->caches[thing->slot];

	if (slot->typesafe && choice & 1)
		typesafe_free(w, slot->cache, thing->address);
	else if (choice % 8 == 2)
		kfree(thing->address);
	else if (choice % 8 == 3)
		kmem_cache_free_bulk(slot->cache, 1, &thing->address);
	else
		kmem_cache_free(slot->cache, thing->address);
	ops_cache_put(w, thing->slot);
}

void ops_cache_put(struct ops_world *w, unsigned int slot)
{
	__atomic_fetch_sub(&w->caches[slot].live, 1, __ATOMIC_RELEASE);
}

/* The pages of a map, whose alias is gone. */
static void map_pages_free(struct ops_world *w, struct thing *thing)
{
	unsigned long nr = thing->bytes >> PAGE_SHIFT;

	for (unsigned long i = 0; i < nr; i++) {
		const void *direct = page_address(thing->pages[i]);
		struct thing part = { .pattern = thing->pattern + i * (PAGE_SIZE / 8) * STEP };

		if (direct && bytes_compare(&part, direct, PAGE_SIZE) >= 0)
			world_fail(w, "page %lu of a map has changed", i);
	}
	free_pages_bulk(thing->pages, nr);
	kfree(thing->pages);
}

static void map_free(struct ops_world *w, struct thing *thing)
{
	if (thing->kind == THING_RAM)
		vm_unmap_ram(thing->address, (unsigned int)(thing->bytes >> PAGE_SHIFT));
	else if (thing->put_pages)
		vfree(thing->address);
	else
		vunmap(thing->address);
	if (!thing->put_pages)
		map_pages_free(w, thing);
}

/* From a context that may not sleep: the pages go later, so the caller waits for them. */
static void area_free(struct thing *thing, unsigned int choice)
{
	if (choice % 8) {
		vfree(thing->address);
		return;
	}
	preempt_disable();
	vfree_atomic(thing->address);
	preempt_enable();
	vm_unmap_aliases();
}

void thing_free(struct ops_world *w, struct thing *thing, unsigned int choice)
{
	bool atomic = (thing->kind <= THING_ELEMENT) && choice / 64 % 4 == 0;
	struct thing gone = *thing;
	unsigned long flags = 0;

	thing_verify(w, &gone, gone.room);
	/* The model lets go first: as soon as it is freed another thread may have it. */
	thing_release(w, &gone);
	thing->kind = THING_NONE;
	if (atomic)
		local_irq_save(flags);
	switch (gone.kind) {
	case THING_NONE: break;
	case THING_PAGES: pages_free(w, &gone, choice); break;
	case THING_EXACT: free_pages_exact(gone.address, gone.bytes); break;
	case THING_OBJECT: object_free(&gone, choice); break;
	case THING_CACHED: cached_free(w, &gone, choice); break;
	case THING_ELEMENT: mempool_free(gone.page ? (void *)gone.page : gone.address, w->pools[gone.slot]); break;
	case THING_AREA: area_free(&gone, choice); break;
	case THING_KV: kvfree(gone.address); break;
	case THING_MAP:
	case THING_RAM: map_free(w, &gone); break;
	}
	if (atomic)
		local_irq_restore(flags);
}
