/* SPDX-License-Identifier: MIT */
/*
 * slab_check.c - do caches, slabs and sheaves hold together? Reads only.
 *
 *	S1 .. S4	slabs			mm/slab.c
 *	H1 .. H3, H5 .. H7	sheaves		mm/sheaf.c
 * and what no single file can promise:
 *	S5  a map outside the descriptor is an object of the map caches that is out; no other object of theirs is
 *	S6  the slot map of its node has the cache's slot for every page of a slab of the usual order, else 0
 *	H4  a sheaf is an object of the sheaf caches that is out, and in one place; no other object of theirs is out
 *	K1  machine->caches and cache_by_id name the same caches, each once, below nr_cache_ids
 *	K2  a cache's sizes fit: object_size <= size, objects * size <= pages of a slab
 *	K3  caches that are not the machine's first are the objects that cache_cache and node_cache have out
 *
 * That no object is in two sheaves is found with a table of fixed size on the stack: addresses are dealt out by a
 * hash into as many passes as it takes for each pass's share to fit, and a second one in the same share is a duplicate.
 *
 * Cost: slabs, plus for each cache the objects in sheaves times the passes (1 for every 128). CPUs other than the
 * caller's are at rest. Takes barn locks; no pointer is followed that does not lead to memory of the machine.
 */
#include <kmem/check.h>
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include "mm/cpus.h"
#include "mm/page_alloc.h"
#include "mm/rcu.h"
#include "mm/slab_walk.h"
#include "mm/stats.h"

#define SEEN_BITS 7
#define SEEN_SLOTS (1u << SEEN_BITS)
#define SEEN_SHARE (SEEN_SLOTS / 2)	/* addresses a pass, on average */

/* What one check of all caches adds up. */
struct slab_check {
	struct machine *m;
	struct kmem_fault *fault;
	bool quiet;			/* no slab is waiting for a grace period */
	unsigned long maps[2];		/* maps outside descriptors, as map_cache[] */
	unsigned long sheaves[NR_SHEAF_SIZES];	/* by sheaf_cache[] */
};

/* --------------------------------------------------------------------------------------------------------- slabs */

static bool slab_fault(const struct kmem_cache *cache, const struct page *slab, struct kmem_fault *fault,
		       const char *id, const char *what)
{
	return fault_at(fault, id, "cache %s slab at pfn %lu: %s", cache->name, machine_pfn(cache->machine, slab),
			what);
}

/* S3: pages, head and number of objects. */
static bool slab_pages_check(struct kmem_cache *cache, int nid, const struct page *slab, struct kmem_fault *fault)
{
	unsigned int order;

	if (slab->slab_cache != cache)
		return slab_fault(cache, slab, fault, "S3", "its head names another cache");
	if (!(slab->flags & 1ul << PG_slab))
		return slab_fault(cache, slab, fault, "S3", "its head is not marked as a slab");
	if (machine_page_zone(cache->machine, slab)->nid != nid)
		return slab_fault(cache, slab, fault, "S3", "it is on another node's list");
	order = compound_order(slab);
	if (order != cache->order && order != cache->min_order)
		return slab_fault(cache, slab, fault, "S3", "its order is not one of the cache's");
	for (unsigned long i = 0; i < 1ul << order; i++) {
		if (!is_described_page(cache->machine, &slab[i]) ||
		    slab[i].page_type != slab_page_type(cache, nid, order))
			return slab_fault(cache, slab, fault, "S3", "a page of it has not the cache's type");
		if (slot_map_entry(cache->machine, &slab[i]) != slab_slot(cache, order))
			return slab_fault(cache, slab, fault, "S6", "the slot map has another slot for a page of it");
		if (i && slab[i].compound_head != ((unsigned long)slab | 1))
			return slab_fault(cache, slab, fault, "S3", "a page of it is not a tail of its head");
	}
	if (slab->objects != (PAGE_SIZE << order) / cache->size)
		return slab_fault(cache, slab, fault, "S3", "the number of its objects is wrong");
	return true;
}

/* The map cache that a map outside the descriptor is an object of: 0, 1, or -1. */
static int map_cache_of(struct machine *m, unsigned long *map)
{
	for (int i = 0; i < 2; i++)
		if (slab_of_object_out(m->map_cache[i], map))
			return i;
	return -1;
}

/* S5, then S2. */
static bool slab_map_check(struct slab_check *check, struct kmem_cache *cache, struct page *slab)
{
	unsigned int words = (slab->objects + SLAB_MAP_BITS - 1) / SLAB_MAP_BITS, in = 0;
	unsigned int beyond = words * SLAB_MAP_BITS - slab->objects;
	const unsigned long *map;

	if (slab->objects > SLAB_MAP_BITS) {
		int which = map_cache_of(check->m, slab->free_map);

		if (which < 0)
			return slab_fault(cache, slab, check->fault, "S5", "its map is no object of the map caches");
		check->maps[which]++;
	}
	map = slab_map(slab);
	for (unsigned int i = 0; i < words; i++)
		in += hweight_long(map[i]);
	if (beyond && map[words - 1] >> (SLAB_MAP_BITS - beyond))
		return slab_fault(cache, slab, check->fault, "S2", "its map has bits for objects that it has not");
	if (slab->inuse != slab->objects - in)
		return fault_at(check->fault, "S2", "cache %s slab at pfn %lu: inuse is %u, its map says %u",
				cache->name, machine_pfn(check->m, slab), slab->inuse, slab->objects - in);
	return true;
}

enum slab_list { SLABS_PARTIAL, SLABS_FULL, SLABS_EMPTY };

/* S1's first half: the list that a slab belongs on. */
static enum slab_list slab_list_for(const struct page *slab)
{
	if (!slab->inuse)
		return SLABS_EMPTY;
	return slab->inuse == slab->objects ? SLABS_FULL : SLABS_PARTIAL;
}

struct slab_sums {
	unsigned long slabs, objects, out;
	unsigned long on[3];		/* by enum slab_list */
};

static bool list_fault(const struct kmem_cache *cache, int nid, enum slab_list which, struct kmem_fault *fault)
{
	static const char *const names[] = { "partial", "full", "empty" };

	return fault_at(fault, "S1", "cache %s node %d: the list of %s slabs is torn", cache->name, nid, names[which]);
}

static bool slab_list_check(struct slab_check *check, struct kmem_cache *cache, int nid, enum slab_list which,
			    struct slab_sums *sums)
{
	struct kmem_cache_node *node = cache->node[nid];
	const struct list_head *const lists[] = { &node->partial, &node->full, &node->empty };
	const struct list_head *list = lists[which], *prev = list;

	for (struct list_head *entry = list->next; entry != list; prev = entry, entry = entry->next) {
		struct page *slab = list_entry(entry, struct page, slab_list);

		if (!is_described_page(check->m, slab) || entry->prev != prev)
			return list_fault(cache, nid, which, check->fault);
		if (++sums->slabs > node->nr_slabs)
			return fault_at(check->fault, "S4", "cache %s node %d: more slabs than nr_slabs %lu",
					cache->name, nid, node->nr_slabs);
		if (!slab_pages_check(cache, nid, slab, check->fault) || !slab_map_check(check, cache, slab))
			return false;
		if (slab_list_for(slab) != which)
			return slab_fault(cache, slab, check->fault, "S1", "its list is not that of its count");
		sums->on[which]++;
		sums->objects += slab->objects;
		sums->out += slab->inuse;
	}
	if (list->prev != prev)
		return list_fault(cache, nid, which, check->fault);
	return true;
}

static bool node_check(struct slab_check *check, struct kmem_cache *cache, int nid)
{
	struct kmem_cache_node *node = cache->node[nid];
	struct slab_sums sums = { 0 };

	for (enum slab_list which = SLABS_PARTIAL; which <= SLABS_EMPTY; which++)
		if (!slab_list_check(check, cache, nid, which, &sums))
			return false;
	if (sums.slabs != node->nr_slabs || sums.on[SLABS_PARTIAL] != node->nr_partial ||
	    sums.on[SLABS_EMPTY] != node->nr_empty)
		return fault_at(check->fault, "S4",
				"cache %s node %d: counts %lu slabs %lu partial %lu empty, has %lu %lu %lu",
				cache->name, nid, node->nr_slabs, node->nr_partial, node->nr_empty, sums.slabs,
				sums.on[SLABS_PARTIAL], sums.on[SLABS_EMPTY]);
	if (sums.objects != node->total_objects || sums.out != node->out_objects)
		return fault_at(check->fault, "S4", "cache %s node %d: counts %lu objects %lu out, has %lu %lu",
				cache->name, nid, node->total_objects, node->out_objects, sums.objects, sums.out);
	return true;
}

/* ------------------------------------------------------------------------------------------------------- sheaves */

static bool slot_fault(const struct kmem_cache *cache, unsigned int cpu, struct kmem_fault *fault, const char *id,
		       const char *what)
{
	return fault_at(fault, id, "cache %s cpu %u: %s", cache->name, cpu, what);
}

/* H4's first half, and counts. */
static bool sheaf_is_out(struct slab_check *check, const struct sheaf *sheaf)
{
	for (int i = 0; i < NR_SHEAF_SIZES; i++) {
		if (!slab_of_object_out(check->m->sheaf_cache[i], sheaf))
			continue;
		check->sheaves[i]++;
		return true;
	}
	return false;
}

/* H1 and H4 of one CPU's slot. */
static bool slot_check(struct slab_check *check, struct kmem_cache *cache, unsigned int cpu)
{
	const struct cpu_sheaf *slot = &check->m->cpus[cpu]->sheaves[cache->id];
	const struct sheaf *sheaf = container_of(slot->base, struct sheaf, objects[0]);
	struct kmem_fault *fault = check->fault;
	bool has_sheaf = sheaf != &kmem_sheaf_none;

	if (slot->cache != cache)
		return slot_fault(cache, cpu, fault, "H1", "the slot says another cache");
	if ((slot->words == SHEAF_OF_PAGES) != cache->marks_pages)
		return slot_fault(cache, cpu, fault, "H1", "the slot says that marks are where they are not");
	if (has_sheaf && !sheaf_is_out(check, sheaf))
		return slot_fault(cache, cpu, fault, "H4", "the main sheaf is no object of the sheaf caches");
	if (has_sheaf && sheaf->bottom != &sheaf->capacity)
		return slot_fault(cache, cpu, fault, "H1", "the main sheaf's bottom may seem an object");
	if (has_sheaf && sheaf->capacity != cache->sheaf_capacity)
		return slot_fault(cache, cpu, fault, "H1", "the main sheaf says another capacity");
	if (slot->top < slot->base || slot->top > sheaf_slot_limit(slot))
		return slot_fault(cache, cpu, fault, "H1", "the stack's top is outside its sheaf");
	if (slot->free_limit && slot->free_limit != sheaf_slot_limit(slot))
		return slot_fault(cache, cpu, fault, "H1", "kfree()'s limit is not the sheaf's");
	if (!slot->spare)
		return true;
	if (!sheaf_is_out(check, slot->spare))
		return slot_fault(cache, cpu, fault, "H4", "the spare sheaf is no object of the sheaf caches");
	if (slot->spare->capacity != cache->sheaf_capacity || slot->spare->nr > slot->spare->capacity)
		return slot_fault(cache, cpu, fault, "H1", "the spare sheaf holds more than it can");
	return true;
}

/* H6 of one CPU. */
static bool last_check(struct machine *m, unsigned int id, struct kmem_fault *fault)
{
	struct kmem_cpu *cpu = m->cpus[id];
	void *last = __atomic_load_n(&cpu->last_object, __ATOMIC_RELAXED);
	const struct cpu_sheaf *slot = slot_there(cpu, cpu->last_slot);
	struct kmem_cache *cache;

	if (last == cpu)
		return true;
	cache = cache_of(m, last);
	if (cache ? slot != &cpu->sheaves[cache->id] : !large_is_known_to(m, last, slot, cpu))
		return fault_at(fault, "H6", "cpu %u: its newest object %016lx is not of its slot's cache", id,
				(unsigned long)last);
	return true;
}

static bool barn_fault(const struct kmem_cache *cache, unsigned int nid, bool full, struct kmem_fault *fault,
		       const char *id, const char *what)
{
	return fault_at(fault, id, "cache %s node %u barn, %s sheaves: %s", cache->name, nid, full ? "full" : "empty",
			what);
}

/* H3 and H4 of one stack of a barn. */
static bool barn_stack_check(struct slab_check *check, struct kmem_cache *cache, unsigned int nid, bool full)
{
	struct barn *barn = &cache->node[nid]->barn;
	unsigned int nr = 0, counted = full ? barn->nr_full : barn->nr_empty;

	for (const struct sheaf *sheaf = full ? barn->full : barn->empty; sheaf; sheaf = sheaf->next) {
		if (!sheaf_is_out(check, sheaf))
			return barn_fault(cache, nid, full, check->fault, "H4",
					  "one is no object of the sheaf caches");
		if (++nr > counted)
			return barn_fault(cache, nid, full, check->fault, "H3", "the stack is higher than its count");
		if (sheaf->capacity != cache->sheaf_capacity || sheaf->nr != (full ? sheaf->capacity : 0))
			return barn_fault(cache, nid, full, check->fault, "H3", "one is neither full nor empty");
	}
	if (nr != counted)
		return barn_fault(cache, nid, full, check->fault, "H3", "the stack is not as high as its count");
	return true;
}

struct object_check {
	struct slab_check *check;
	unsigned long objects;
};

static bool entry_fault(const struct kmem_cache *cache, const struct sheaf_view *view, unsigned int i,
			struct kmem_fault *fault, const char *id, const char *what)
{
	return fault_at(fault, id, "cache %s %s %d, %s sheaf: 0x%lx is %s", cache->name, view->cpu < 0 ? "node" : "cpu",
			view->cpu < 0 ? view->nid : view->cpu, view->role, (unsigned long)view->objects[i], what);
}

/* H5, H7, and H2 but for duplicates: every object is the cache's, out, of the node, and marked as it should be. */
static bool objects_check(struct kmem_cache *cache, const struct sheaf_view *view, void *arg)
{
	struct object_check *objects = arg;

	for (unsigned int i = 0; i < view->nr; i++) {
		struct page *slab = slab_of_object_out(cache, view->objects[i]);

		if (!slab)
			return entry_fault(cache, view, i, objects->check->fault, "H2",
					   "not an object of it that is out");
		if (page_to_nid(slab) != view->nid)
			return entry_fault(cache, view, i, objects->check->fault, "H5", "of another node");
		if (cache->marks_pages && page_object_is_free(virt_to_page(view->objects[i])) != (view->sheaf != NULL))
			return entry_fault(cache, view, i, objects->check->fault, "H7",
					   "marked as what it is not");
	}
	objects->objects += view->nr;
	return true;
}

/* One pass over the addresses whose share it is. */
struct seen {
	unsigned int pass, passes;
	unsigned int nr;
	const void *duplicate;		/* NULL and a stopped walk: the table is full */
	const void *table[SEEN_SLOTS];
};

static bool seen_add(struct seen *seen, const void *object)
{
	u64 hash = (u64)(unsigned long)object * 0x9e3779b97f4a7c15ull;
	unsigned int slot = (unsigned int)(hash >> (64 - SEEN_BITS));

	if ((u32)(hash >> 16) % seen->passes != seen->pass)
		return true;
	for (; seen->table[slot]; slot = (slot + 1) % SEEN_SLOTS) {
		if (seen->table[slot] != object)
			continue;
		seen->duplicate = object;
		return false;
	}
	seen->table[slot] = object;
	return ++seen->nr < SEEN_SLOTS - 1;
}

static bool seen_visit(struct kmem_cache *cache, const struct sheaf_view *view, void *arg)
{
	(void)cache;
	for (unsigned int i = 0; i < view->nr; i++)
		if (!seen_add(arg, view->objects[i]))
			return false;
	return true;
}

/* An object that is in two places of the cache's sheaves, of which all together hold nr; or NULL. */
static const void *duplicate_find(struct kmem_cache *cache, unsigned long nr)
{
	unsigned int passes = (unsigned int)(nr / SEEN_SHARE) + 1;

	for (unsigned int pass = 0; pass < passes;) {
		struct seen seen = { .pass = pass, .passes = passes };

		if (sheaves_walk(cache, seen_visit, &seen)) {
			pass++;
		} else if (seen.duplicate) {
			return seen.duplicate;
		} else {
			passes *= 2;		/* a share too large for the table: deal again */
			pass = 0;
		}
	}
	return NULL;
}

static bool sheaves_check(struct slab_check *check, struct kmem_cache *cache)
{
	struct object_check objects = { .check = check };
	const void *twice;

	for (unsigned int cpu = 0; cpu < check->m->nr_cpus; cpu++)
		if (cpu_is_online(check->m, cpu) && !slot_check(check, cache, cpu))
			return false;
	for (unsigned int nid = 0; nid < check->m->nr_nodes; nid++)
		if (!barn_stack_check(check, cache, nid, true) || !barn_stack_check(check, cache, nid, false))
			return false;
	if (!sheaves_walk(cache, objects_check, &objects))
		return false;
	twice = duplicate_find(cache, objects.objects);
	if (twice)
		return fault_at(check->fault, "H2", "cache %s: object 0x%lx is in two sheaves", cache->name,
				(unsigned long)twice);
	return true;
}

/* -------------------------------------------------------------------------------------------------------- caches */

static bool cache_shape_check(struct slab_check *check, const struct kmem_cache *cache)
{
	bool fits = cache->size && cache->object_size <= cache->size && cache->order <= MAX_ORDER &&
		    cache->min_order <= cache->order &&
		    cache->objects == (PAGE_SIZE << cache->order) / cache->size && cache->objects &&
		    cache->objects <= SLAB_MAX_OBJECTS && cache->red_left_pad < cache->size &&
		    is_power_of_2(cache->align) && !(cache->size % cache->align) && cache->machine == check->m;

	if (!fits)
		return fault_at(check->fault, "K2",
				"cache %s: size %u object_size %u objects %u order %u id %u", cache->name, cache->size,
				cache->object_size, cache->objects, cache->order, cache->id);
	for (unsigned int nid = 0; nid < check->m->nr_nodes; nid++)
		if (!is_direct_memory(check->m, cache->node[nid], sizeof(*cache->node[nid])))
			return fault_at(check->fault, "K2", "cache %s: it has no node %u", cache->name, nid);
	return true;
}

/* K1 and K2; *made counts the caches that are objects of cache_cache. */
static bool caches_list_check(struct slab_check *check, unsigned long *made)
{
	const struct list_head *list = &check->m->caches, *prev = list;
	unsigned int nr = 0, named = 0;

	for (struct list_head *entry = list->next; entry != list; prev = entry, entry = entry->next) {
		struct kmem_cache *cache = list_entry(entry, struct kmem_cache, list);

		if (!is_direct_memory(check->m, cache, sizeof(*cache)) || entry->prev != prev || ++nr > KMEM_MAX_CACHES)
			return fault_at(check->fault, "K1", "the list of caches is torn after %u", nr);
		if (!cache->id || cache->id >= check->m->nr_cache_ids || check->m->cache_by_id[cache->id] != cache)
			return fault_at(check->fault, "K1", "cache %s: id %u is not its own", cache->name, cache->id);
		if (!cache_shape_check(check, cache))
			return false;
		*made += !cache->boot;
	}
	for (unsigned int id = 0; id < KMEM_MAX_CACHES; id++)
		named += check->m->cache_by_id[id] != NULL;
	if (named != nr)
		return fault_at(check->fault, "K1", "%u caches are listed, %u ids name one", nr, named);
	return true;
}

static unsigned long objects_out(const struct kmem_cache *cache)
{
	unsigned long out = 0;

	for (unsigned int nid = 0; nid < cache->machine->nr_nodes; nid++)
		out += cache->node[nid]->out_objects;
	return out;
}

/* What the internal caches have out must be what was found. What is on its way, or waits for readers, is on no list. */
static bool internal_check(const struct slab_check *check, const struct kmem_cache *cache, unsigned long found,
			   bool exact, const char *id)
{
	unsigned long out = objects_out(cache);

	if (found == out || (!exact && found < out))
		return true;
	return fault_at(check->fault, id, "cache %s: %lu objects out, %lu found in use", cache->name, out, found);
}

bool slab_check(struct machine *m, bool at_rest, struct kmem_fault *fault)
{
	struct slab_check check = { .m = m, .fault = fault };
	struct kmem_cache *cache;
	unsigned long made = 0;

	check.quiet = at_rest && rcu_is_idle(m);
	if (!caches_list_check(&check, &made))
		return false;
	list_for_each_entry(cache, &m->caches, list) {
		for (unsigned int nid = 0; nid < m->nr_nodes; nid++)
			if (!node_check(&check, cache, (int)nid))
				return false;
	}
	list_for_each_entry(cache, &m->caches, list)
		if (!sheaves_check(&check, cache))
			return false;
	for (unsigned int i = 0; i < m->nr_online; i++)
		if (!last_check(m, i, fault) || !large_check(m, i, fault))
			return false;
	for (int i = 0; i < 2; i++)
		if (!internal_check(&check, m->map_cache[i], check.maps[i], check.quiet, "S5"))
			return false;
	for (int i = 0; i < NR_SHEAF_SIZES; i++)
		if (!internal_check(&check, m->sheaf_cache[i], check.sheaves[i], at_rest, "H4"))
			return false;
	return internal_check(&check, m->cache_cache, made, at_rest, "K3") &&
	       internal_check(&check, m->node_cache, made * m->nr_nodes, at_rest, "K3");
}
