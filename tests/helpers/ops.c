/* SPDX-License-Identifier: MIT */
/*
 * ops.c - the operations: choices become calls, and each answer is held against the model.
 *
 *	table[]		name, function, usual weight; a shape changes some weights
 *	ops_pages.c, ops_slab.c		the functions that allocate
 *	ops_choice.c	pick(): the next choice
 *
 * What is allocated becomes a thing of the thread's ring; what may fail may fail, except where there is
 * every reason for it to work (must_work()).
 */
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/overflow.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include "mm/fault_inject.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "tests/helpers/ops_world.h"

const struct ops_shape ops_shapes[] = {
	{ "uniform", "", 1000, 12, OPS_RANDOM, false },
	{ "small objects", "kmalloc=90 cached=60 free=120 krealloc=20", 3000, 9, OPS_RANDOM, false },
	{ "pages", "pages=90 exact=20 bulk=20 free=120", 700, 12, OPS_RANDOM, false },
	{ "areas", "area=40 kv=20 map=20 free=70", 200, 15, OPS_RANDOM, false },
	{ "nearly full", "kmalloc=40 pages=20 cached=20 free=70", 300, 11, OPS_RANDOM, true },
	{ "last in, first out", "free_some=30 kmalloc=90 cached=40 pages=20", 2000, 10, OPS_LIFO, false },
	{ "first in, first out", "free_some=30 kmalloc=90 cached=40 pages=20", 2000, 10, OPS_FIFO, false },
	{ "bursts", "free_some=60 cached_bulk=60 bulk=20 free_bulk=20", 2500, 10, OPS_RANDOM, false },
};
const unsigned int ops_nr_shapes = ARRAY_SIZE(ops_shapes);

/* ------------------------------------------------------------------------------------------------ what is there */

static void op_free(struct ops *o)
{
	free_one(o);
}

static void op_free_some(struct ops *o)
{
	for (unsigned int n = 1 + pick(o, 200); n-- && !o->dry && !o->world->failed;)
		free_one(o);
}

static void op_look(struct ops *o)
{
	if (o->nr) {
		struct thing *thing = thing_at(o, pick_thing(o));

		thing_verify(o->world, thing, thing->room);
	}
}

static void op_send(struct ops *o)
{
	struct thing *slot = &o->world->mail[pick(o, OPS_MAIL)], thing;

	if (!o->nr)
		return;
	thing = thing_remove(o, pick_thing(o));
	mutex_lock(&o->world->lock);
	swap(*slot, thing);
	mutex_unlock(&o->world->lock);
	if (thing.kind)
		thing_free(o->world, &thing, pick(o, 256));
}

static void op_receive(struct ops *o)
{
	struct thing *slot = &o->world->mail[pick(o, OPS_MAIL)], thing = { .kind = THING_NONE };

	if (o->nr == OPS_THINGS)
		return;
	mutex_lock(&o->world->lock);
	swap(*slot, thing);
	mutex_unlock(&o->world->lock);
	if (!thing.kind)
		return;
	thing_verify(o->world, &thing, thing.room);
	*thing_at(o, o->nr) = thing;
	o->nr++;
}

/* ----------------------------------------------------------------------------------------------- grace periods */

static void late_run(struct rcu_head *head)
{
	struct ops_late *late = container_of(head, struct ops_late, head);
	struct ops_world *w = late->world;

	thing_verify(w, &late->rest, late->rest.room);
	model_release_bytes(w, late, late->room);
	kfree(late);
	__atomic_fetch_sub(&w->late, 1, __ATOMIC_RELEASE);
}

static void op_late(struct ops *o)
{
	struct ops_late *late;
	struct thing thing;

	if (!o->nr)
		return;
	thing = *thing_at(o, o->nr - 1);
	if (thing.kind != THING_OBJECT || thing.room < sizeof(*late))
		return;
	thing_remove(o, o->nr - 1);
	thing_verify(o->world, &thing, thing.room);
	late = thing.address;
	late->world = o->world;
	late->room = thing.room;
	late->rest = (struct thing){ .kind = THING_OBJECT, .address = late + 1, .room = thing.room - sizeof(*late) };
	if (late->rest.room)
		thing_fill(&late->rest, new_id(o));
	else
		late->rest.address = NULL;
	__atomic_fetch_add(&o->world->late, 1, __ATOMIC_RELAXED);
	call_rcu(&late->head, late_run);
}

static void op_barrier(struct ops *o)
{
	long before = __atomic_load_n(&o->world->late, __ATOMIC_ACQUIRE), now;

	rcu_barrier();
	now = __atomic_load_n(&o->world->late, __ATOMIC_ACQUIRE);
	if (o->world->threads == 1 && now)
		world_fail(o->world, "rcu_barrier(): %ld callbacks before, %ld after", before, now);
}

/* ------------------------------------------------------------------------------------------------- the machine */

static void op_drain(struct ops *o)
{
	switch (pick(o, 4)) {
	case 0: drain_all_pages(); return;
	case 1: slab_reclaim(o->m); return;
	case 2: vm_unmap_aliases(); return;
	}
	drain_local_pages();
}

static void op_release(struct ops *o)
{
	machine_release_memory(o->m);
}

static void faults_end(struct ops *o)
{
	fail_pages(o->m, NULL);
	fail_slabs(o->m, NULL);
	o->world->faults = false;
}

static void op_faults(struct ops *o)
{
	struct fault_attr attr = { .on = true, .interval = 1 + pick(o, 20), .probability = 100,
				   .times = 1 + (int)pick(o, 30) };

	if (o->world->threads > 1)
		return;
	if (o->world->faults) {
		faults_end(o);
		return;
	}
	o->world->faults = true;
	if (one_in(o, 2))
		fail_slabs(o->m, &attr);
	else
		fail_pages(o->m, &attr);
}

static void op_check(struct ops *o)
{
	if (o->world->threads == 1)
		ops_world_check(o->world);
}

static void free_nothing(void)
{
	kfree(NULL);
	kfree(ZERO_SIZE_PTR);
	vfree(NULL);
	kvfree(NULL);
	free_pages(0, 0);
	kmem_cache_destroy(NULL);
	mempool_destroy(NULL);
}

/* What must be refused, or do nothing. */
static void op_odd(struct ops *o)
{
	size_t huge = ~(size_t)0;
	bool good = true;
	void *got;

	switch (pick(o, 9)) {
	case 0: got = kmalloc(pick(o, 1), GFP_KERNEL); good = got == ZERO_SIZE_PTR; kfree(got); break;
	case 1: good = !kmalloc(KMALLOC_MAX_SIZE + 1 + pick(o, 5000), GFP_KERNEL | __GFP_NOWARN); break;
	case 2: good = !kmalloc_array(huge / 4, 5 + pick(o, 9), GFP_KERNEL | __GFP_NOWARN); break;
	case 3: good = !vmalloc(0) || pick(o, 2); break;
	case 4: good = !kvmalloc(huge / 2, GFP_KERNEL | __GFP_NOWARN); break;
	case 5: good = !alloc_pages(GFP_KERNEL | __GFP_NOWARN, MAX_ORDER + 1 + pick(o, 20)); break;
	case 6: good = !kcalloc(huge, 2, GFP_KERNEL | __GFP_NOWARN); break;
	case 7: free_nothing(); break;
	default: good = !ksize(NULL) && !ksize(ZERO_SIZE_PTR); break;
	}
	if (!good)
		world_fail(o->world, "an odd call was served");
}

/* ---------------------------------------------------------------------------------------------------- the steps */

static const struct operation {
	const char *name;
	void (*run)(struct ops *o);
	u16 weight;			/* of 1000 or so, where the shape does not say */
} table[] = {
	{ "pages", op_pages, 100 }, { "exact", op_exact, 20 }, { "bulk", op_bulk, 10 },
	{ "free_bulk", op_free_bulk, 5 },
	{ "kmalloc", op_kmalloc, 200 }, { "krealloc", op_krealloc, 40 }, { "kv", op_kv, 20 }, { "copy", op_copy, 20 },
	{ "cached", op_cached, 100 }, { "cached_bulk", op_cached_bulk, 10 }, { "free_objects", op_free_objects, 10 },
	{ "replace_cache", op_replace_cache, 2 }, { "shrink", op_shrink, 2 }, { "element", op_element, 20 },
	{ "resize_pool", op_resize_pool, 2 }, { "area", op_area, 10 }, { "map", op_map, 10 }, { "free", op_free, 400 },
	{ "free_some", op_free_some, 2 }, { "look", op_look, 20 }, { "send", op_send, 10 },
	{ "receive", op_receive, 10 },
	{ "late", op_late, 10 }, { "barrier", op_barrier, 1 }, { "hoard", op_hoard, 0 }, { "shrinker", op_shrinker, 2 },
	{ "drain", op_drain, 2 }, { "release", op_release, 0 }, { "faults", op_faults, 2 }, { "check", op_check, 0 },
	{ "odd", op_odd, 5 },
};

/* Of the rare and dear ones: once in so many steps. */
#define DEAR_STEPS 4096u

_Static_assert(ARRAY_SIZE(table) <= ARRAY_SIZE(((struct ops *)0)->weights), "a sum for each operation");

/* "name=weight" of the shape, times 10; else the table's. */
static u16 weight_of(const struct ops_shape *shape, const struct operation *op)
{
	size_t length = strlen(op->name);
	const char *at = shape->weights;

	while ((at = strstr(at, op->name))) {
		if ((at == shape->weights || at[-1] == ' ') && at[length] == '=')
			return (u16)(simple_strtoul(at + length + 1, NULL, 10) * 10);
		at += length;
	}
	return op->weight;
}

static unsigned int pick_operation(struct ops *o)
{
	u32 at;
	unsigned int i = 0;

	/* A byte an operation, all alike, is what a fuzzer learns best. */
	if (o->at)
		return pick(o, ARRAY_SIZE(table));
	if (one_in(o, DEAR_STEPS)) {
		static const char *const dear[] = { "hoard", "hoard", "hoard", "release" };
		const char *name = dear[pick(o, ARRAY_SIZE(dear))];

		while (strcmp(table[i].name, name))
			i++;
		return i;
	}
	at = pick(o, o->weights[ARRAY_SIZE(table) - 1]);
	while (o->weights[i] <= at)
		i++;
	return i;
}

/* Now and then the task is in a scope. */
static unsigned int pick_scope(struct ops *o)
{
	static const unsigned int scopes[] = { PF_MEMALLOC, PF_MEMALLOC_NOIO, PF_MEMALLOC_NOFS, PF_MEMALLOC_PIN };

	return one_in(o, 64) ? scopes[pick(o, ARRAY_SIZE(scopes))] : 0;
}

bool ops_step(struct ops *o)
{
	unsigned int i = pick_operation(o), scope = pick_scope(o), old;

	if (o->dry || o->world->failed)
		return false;
	o->history[o->steps++ % OPS_HISTORY] = (u8)i;
	old = memalloc_flags_save(scope);
	table[i].run(o);
	memalloc_flags_restore(scope, old);
	if (o->hoard && o->steps > o->hoard_until)
		hoard_put(o);
	return !o->world->failed;
}

void ops_history(const struct ops *o, char *text, size_t size)
{
	unsigned long first = o->steps > OPS_HISTORY ? o->steps - OPS_HISTORY : 0;
	int length = 0;

	text[0] = '\0';
	for (unsigned long step = first; step < o->steps; step++)
		length += scnprintf(text + length, size - (size_t)length, "%s%s", step > first ? " " : "",
				    table[o->history[step % OPS_HISTORY]].name);
}

/* ------------------------------------------------------------------------------------------- beginning and end */

static struct ops *ops_begin(struct ops_world *w, unsigned int i, const struct ops_shape *shape)
{
	struct ops *o = &w->ops[i];
	u16 sum = 0;

	memset(o, 0, sizeof(*o));
	o->world = w;
	o->m = w->m;
	o->shape = shape;
	o->number = i;
	for (unsigned int op = 0; op < ARRAY_SIZE(table); op++)
		o->weights[op] = sum = (u16)(sum + weight_of(shape, &table[op]));
	return o;
}

/* A cache of the thread's that all may use. */
static void cache_add(struct ops *o, unsigned int slot)
{
	struct ops_cache made = { .cache = NULL };

	cache_make(o, &made);
	mutex_lock(&o->world->lock);
	o->world->caches[slot] = made;
	mutex_unlock(&o->world->lock);
}

struct ops *ops_start(struct ops_world *w, unsigned int i, const struct ops_shape *shape, u64 seed)
{
	struct ops *o = ops_begin(w, i, shape);

	o->random = (seed + i + 1) * 0x9e3779b97f4a7c15ull | 1;
	for (unsigned int slot = i; slot < OPS_CACHES; slot += w->threads)
		cache_add(o, slot);
	if (shape->full)
		fill_up(o);
	return o;
}

struct ops *ops_start_bytes(struct ops_world *w, unsigned int i, const struct ops_shape *shape, const u8 *bytes,
			    size_t size)
{
	struct ops *o = ops_begin(w, i, shape);

	o->at = bytes;
	o->end = bytes + size;
	for (unsigned int slot = i; slot < OPS_CACHES; slot += 2 * w->threads)
		cache_add(o, slot);
	return o;
}

void ops_end(struct ops *o)
{
	if (o->world->threads == 1)
		faults_end(o);
	while (o->nr && !o->world->failed)
		free_one(o);
	hoard_put(o);
	shrinker_drop(o);
}
