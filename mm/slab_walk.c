/* SPDX-License-Identifier: MIT */
/* slab_walk.c - see slab_walk.h. Changes nothing; locks are held only while a barn's stacks are followed. */
#include <linux/kernel.h>
#include <linux/list.h>
#include "mm/cpus.h"
#include "mm/page_alloc.h"
#include "mm/slab_walk.h"
#include "mm/stats.h"

#define PEEK(word) __atomic_load_n(&(word), __ATOMIC_RELAXED)

READS_OTHER_CPUS bool page_peek(const struct machine *m, const struct page *page, struct page *copy)
{
	unsigned long offset = (unsigned long)page - (unsigned long)m->vmemmap;
	const unsigned long *from = (const unsigned long *)page;
	unsigned long *to = (unsigned long *)copy;

	if (offset >= m->max_pfn * sizeof(*page) || offset % sizeof(*page))
		return false;
	for (unsigned int i = 0; i < sizeof(*page) / sizeof(*to); i++)
		to[i] = PEEK(from[i]);
	return copy->page_type || copy->_refcount.counter;
}

bool is_described_page(struct machine *m, const struct page *page)
{
	struct page copy;

	return page_peek(m, page, &copy);
}

bool is_direct_memory(const struct machine *m, const void *address, size_t bytes)
{
	unsigned long offset = (unsigned long)address - m->layout.direct_base, end = m->max_low_pfn << PAGE_SHIFT;

	return address && !((unsigned long)address % sizeof(void *)) && bytes <= end && offset <= end - bytes;
}

READS_OTHER_CPUS bool slab_map_has(struct page *slab, unsigned int index)
{
	return PEEK(slab_map(slab)[index / SLAB_MAP_BITS]) >> (index % SLAB_MAP_BITS) & 1;
}

struct page *slab_of_object_out(struct kmem_cache *cache, const void *object)
{
	struct machine *m = cache->machine;
	struct page *slab;
	int index;

	if (!is_direct_memory(m, object, 1) || !is_described_page(m, virt_to_page(object)))
		return NULL;
	slab = slab_of(object);
	if (!is_described_page(m, slab) || slab->slab_cache != cache ||
	    slab->page_type != slab_page_type(cache, page_to_nid(slab), compound_order(slab)))
		return NULL;
	index = slab_index(cache, slab, object);
	if (index < 0 || !is_direct_memory(m, slab_map(slab), 1) != (slab->objects <= SLAB_MAP_BITS))
		return NULL;
	return slab_map_has(slab, (unsigned int)index) ? NULL : slab;
}

/* The place may be anything. */
static bool lies_in(void **from, void **end, unsigned long place, const void *object)
{
	return place >= (unsigned long)from && place < (unsigned long)end && place % sizeof(void *) == 0 &&
	       *(void **)place == object;
}

/* Is that a place of one of this CPU's sheaves for the cache, and the object lies there? */
static bool lies_here(const struct kmem_cache *cache, unsigned long place, const void *object)
{
	unsigned long flags;
	const struct kmem_cpu *cpu = cpu_hold(&flags);
	const struct cpu_sheaf *slot = &cpu->sheaves[cache->id];
	bool lies = lies_in(slot->base, slot->top, place, object);

	if (!lies && slot->spare)
		lies = lies_in(slot->spare->objects, slot->spare->objects + slot->spare->nr, place, object);
	cpu_let_go(flags);
	return lies;
}

/* Is that a mark of what stands aside, and the object does? */
static READS_OTHER_CPUS bool stands_aside(const struct kmem_cache *cache, unsigned long mark, const void *object)
{
	const struct machine *m = cache->machine;

	if (!mark || mark % _Alignof(struct cpu_sheaf))		/* as most words */
		return false;
	for (unsigned int i = 0; i < m->nr_cpus; i++) {
		const struct cpu_sheaf *slot = &m->cpus[i]->sheaves[cache->id];

		if (aside_mark(slot_here(m->cpus[i], slot), 0) == mark && PEEK(slot->hot) == object)
			return true;
	}
	return false;
}

bool object_is_free(struct kmem_cache *cache, void *object)
{
	unsigned long mark = *object_mark_at(cache, object) ^ cache->machine->mark_turn;
	struct page *slab = slab_of(object);

	if (cache->marks_pages && page_object_is_free(virt_to_page(object)))
		return true;
	return slab_map_has(slab, (unsigned int)slab_index(cache, slab, object)) || lies_here(cache, mark, object) ||
	       stands_aside(cache, mark, object);
}

static READS_OTHER_CPUS bool slot_walk(struct kmem_cache *cache, unsigned int cpu, sheaf_visit visit, void *arg)
{
	struct machine *m = cache->machine;
	struct cpu_sheaf *slot = &m->cpus[cpu]->sheaves[cache->id];
	void **base = PEEK(slot->base), **top = PEEK(slot->top);
	struct sheaf *spare = PEEK(slot->spare);
	struct sheaf_view view = { .cpu = (int)cpu, .nid = (int)m->cpus[cpu]->node };

	if (PEEK(slot->hot)) {
		view.objects = &slot->hot;
		view.nr = 1;
		view.role = "hot";
		if (!visit(cache, &view, arg))
			return false;
	}
	if (base && is_direct_memory(m, base, cache->sheaf_capacity * sizeof(*base)) && top >= base &&
	    top <= base + cache->sheaf_capacity) {
		view.sheaf = container_of(base, struct sheaf, objects[0]);
		view.objects = base;
		view.nr = (unsigned int)(top - base);
		view.role = "main";
		if (!visit(cache, &view, arg))
			return false;
	}
	if (!spare || !is_direct_memory(m, spare, sizeof(*spare)) || PEEK(spare->nr) > cache->sheaf_capacity)
		return true;
	view.sheaf = spare;
	view.objects = spare->objects;
	view.nr = PEEK(spare->nr);
	view.role = "spare";
	return visit(cache, &view, arg);
}

static bool barn_stack_walk(struct kmem_cache *cache, struct sheaf *sheaf, unsigned int nr, struct sheaf_view view,
			    sheaf_visit visit, void *arg)
{
	for (; nr && is_direct_memory(cache->machine, sheaf, sizeof(*sheaf)); sheaf = sheaf->next, nr--) {
		view.sheaf = sheaf;
		view.objects = sheaf->objects;
		view.nr = min(sheaf->nr, cache->sheaf_capacity);
		if (!visit(cache, &view, arg))
			return false;
	}
	return true;
}

static bool barn_walk(struct kmem_cache *cache, unsigned int nid, sheaf_visit visit, void *arg)
{
	struct barn *barn = &cache->node[nid]->barn;
	struct sheaf_view view = { .cpu = -1, .nid = (int)nid, .role = "full" };
	unsigned long flags;
	bool more;

	spin_lock_irqsave(&barn->lock, flags);
	more = barn_stack_walk(cache, barn->full, barn->nr_full, view, visit, arg);
	view.role = "empty";
	more = more && barn_stack_walk(cache, barn->empty, barn->nr_empty, view, visit, arg);
	spin_unlock_irqrestore(&barn->lock, flags);
	return more;
}

bool sheaves_walk(struct kmem_cache *cache, sheaf_visit visit, void *arg)
{
	struct machine *m = cache->machine;

	for (unsigned int cpu = 0; cpu < m->nr_cpus; cpu++)
		if (cpu_is_online(m, cpu) && !slot_walk(cache, cpu, visit, arg))
			return false;
	for (unsigned int nid = 0; nid < m->nr_nodes; nid++)
		if (!barn_walk(cache, nid, visit, arg))
			return false;
	return true;
}
