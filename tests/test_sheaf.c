/* SPDX-License-Identifier: MIT */
/* test_sheaf.c - main and spare, the barn's trades, draining, and every state that H1 to H3 allow. */
#include "tests/slab_machine.h"

#define NR 6000

static void *objects[NR];

struct world {
	struct machine *m;
	struct kmem_cache *cache;
	struct cpu_sheaf *slot;
	struct barn *barn;
	unsigned int capacity;
};

static bool world_make(struct ktap *t, struct world *w, const char *cmdline, unsigned int size)
{
	*w = (struct world){ .m = slab_machine(t, cmdline) };
	if (!w->m)
		return false;
	w->cache = kmem_cache_create("sheaves", size, 0, SLAB_NO_MERGE, NULL);
	if (!w->cache)
		return false;
	w->slot = &this_cpu()->sheaves[w->cache->id];
	w->barn = &w->cache->node[0]->barn;
	w->capacity = w->cache->sheaf_capacity;
	return true;
}

static bool get(struct world *w, unsigned int from, unsigned int nr)
{
	return kmem_cache_alloc_bulk(w->cache, GFP_KERNEL, nr, objects + from) == (int)nr;
}

static void put(struct world *w, unsigned int from, unsigned int nr)
{
	kmem_cache_free_bulk(w->cache, nr, objects + from);
}

static unsigned int in_main(const struct world *w)
{
	return (unsigned int)(w->slot->top - w->slot->base);
}

static void world_end(struct ktap *t, struct world *w)
{
	machine_holds(t, w->m);
	EXPECT_EQ(t, cache_live_objects(w->cache), 0);
	kmem_cache_destroy(w->cache);
	EXPECT_STR(t, console_text(), "");
}

static void a_new_cache_has_nothing_and_its_first_object_fills_a_sheaf(struct ktap *t)
{
	struct world w;

	ASSERT(t, world_make(t, &w, "mem=64M", 128));
	EXPECT_NULL(t, sheaf_slot_main(w.slot));
	EXPECT_NULL(t, w.slot->spare);
	ASSERT(t, get(&w, 0, 1));
	EXPECT_EQ(t, w.slot->free_limit - w.slot->base, w.capacity);
	EXPECT_GT(t, in_main(&w), 0);
	EXPECT_EQ(t, sheaf_objects(w.cache), in_main(&w));
	EXPECT_EQ(t, cache_live_objects(w.cache), 1);
	put(&w, 0, 1);
	world_end(t, &w);
}

static void freeing_fills_main_then_spare_then_the_barn_then_slabs(struct ktap *t)
{
	const unsigned int nr = 5000;
	struct world w;

	ASSERT(t, world_make(t, &w, "mem=64M", 64));
	ASSERT(t, get(&w, 0, nr));
	ASSERT_LT(t, (MAX_FULL_SHEAVES + 2) * w.capacity, nr);
	for (unsigned int i = 0; i < nr; i++) {
		unsigned long held;

		put(&w, i, 1);
		if (i % 97)
			continue;
		machine_holds(t, w.m);
		held = in_main(&w) + (w.slot->spare ? w.slot->spare->nr : 0) +
			(unsigned long)w.barn->nr_full * w.capacity;
		EXPECT_EQ(t, sheaf_objects(w.cache), held);
		EXPECT_EQ(t, cache_live_objects(w.cache), nr - i - 1);
	}
	EXPECT_EQ(t, w.barn->nr_full, MAX_FULL_SHEAVES);
	EXPECT_EQ(t, w.slot->spare->nr, w.capacity);
	world_end(t, &w);
}

static void allocating_takes_whole_sheaves_back_from_the_barn(struct ktap *t)
{
	const unsigned int nr = 4000;
	unsigned int full, own;
	struct world w;

	ASSERT(t, world_make(t, &w, "mem=64M", 64));
	ASSERT(t, get(&w, 0, nr));
	put(&w, 0, nr);
	full = w.barn->nr_full;
	own = in_main(&w) + w.slot->spare->nr + (w.slot->hot ? 1 : 0);
	ASSERT_EQ(t, full, MAX_FULL_SHEAVES);
	ASSERT(t, get(&w, 0, own));
	EXPECT_EQ(t, w.barn->nr_full, full);
	EXPECT_EQ(t, sheaf_objects(w.cache), (unsigned long)full * w.capacity);
	for (unsigned int taken = 1; taken <= full; taken++) {
		unsigned int from = nr - taken * w.capacity;

		ASSERT(t, get(&w, from, w.capacity));
		EXPECT_EQ(t, w.barn->nr_full, full - taken);
		EXPECT_LE(t, w.barn->nr_empty, MAX_EMPTY_SHEAVES);
		machine_holds(t, w.m);
	}
	EXPECT_EQ(t, sheaf_objects(w.cache), 0);
	EXPECT_EQ(t, kmem_cache_shrink(w.cache), 1);
	for (unsigned int i = 0; i < nr; i++)
		if (i < own || i >= nr - full * w.capacity)
			put(&w, i, 1);
	world_end(t, &w);
}

static void many_cpus_have_room_for_more(struct ktap *t)
{
	const unsigned int nr = 5100, cpus = 8;
	struct world w;

	ASSERT(t, world_make(t, &w, "mem=64M nr_cpus=8", 64));
	ASSERT_LT(t, (cpus + 2) * w.capacity, nr);
	ASSERT(t, get(&w, 0, nr));
	w.m->nr_online = cpus;
	put(&w, 0, nr);
	EXPECT_EQ(t, w.barn->nr_full, cpus);
	w.m->nr_online = 1;
	world_end(t, &w);
}

static void empty_sheaves_wait_in_the_barn(struct ktap *t)
{
	const unsigned int nr = 4000;
	struct world w;

	ASSERT(t, world_make(t, &w, "mem=64M", 64));
	ASSERT(t, get(&w, 0, nr));
	put(&w, 0, nr);
	ASSERT(t, get(&w, 0, nr));
	EXPECT_GT(t, w.barn->nr_empty, 0);
	EXPECT_LE(t, w.barn->nr_empty, MAX_EMPTY_SHEAVES);
	EXPECT_EQ(t, w.barn->nr_full, 0);
	machine_holds(t, w.m);
	put(&w, 0, nr);
	world_end(t, &w);
}

static void draining_leaves_no_sheaf_and_no_empty_slab(struct ktap *t)
{
	struct world w;

	ASSERT(t, world_make(t, &w, "mem=64M", 64));
	ASSERT(t, get(&w, 0, 3000));
	put(&w, 1, 2999);
	cache_drain(w.cache);
	EXPECT_NULL(t, sheaf_slot_main(w.slot));
	EXPECT_NULL(t, w.slot->spare);
	EXPECT_EQ(t, w.barn->nr_full + w.barn->nr_empty, 0);
	EXPECT_EQ(t, w.cache->node[0]->out_objects, 1);
	machine_holds(t, w.m);
	/* And it goes on as before. */
	ASSERT(t, get(&w, 1, 1000));
	put(&w, 0, 1001);
	world_end(t, &w);
}

/* As when there was no memory for another sheaf. */
static void main_take_away(struct world *w)
{
	struct sheaf *main = sheaf_slot_main(w->slot);

	preempt_disable();
	slab_put(w->cache, w->slot->base, in_main(w));
	main->nr = 0;
	sheaf_delete(w->m, main);
	w->slot->base = w->slot->top = SHEAF_NONE;
	w->slot->free_limit = NULL;
	preempt_enable();
}

/* A spare may be all that a CPU has: it too is drained. */
static void a_spare_without_a_main_sheaf_is_drained(struct ktap *t)
{
	struct world w;

	ASSERT(t, world_make(t, &w, "mem=64M", 64));
	ASSERT(t, get(&w, 0, 2 * w.capacity));
	put(&w, 0, 2 * w.capacity);
	ASSERT(t, w.slot->spare && w.slot->spare->nr);
	main_take_away(&w);
	cache_drain(w.cache);
	EXPECT_NULL(t, w.slot->spare);
	EXPECT_EQ(t, w.cache->node[0]->out_objects, 0);
	world_end(t, &w);
}

/* So may its newest object, which stands aside and needs no sheaf. */
static void the_newest_object_without_a_sheaf_is_drained(struct ktap *t)
{
	struct world w;
	void *newest;

	ASSERT(t, world_make(t, &w, "mem=64M nr_cpus=1", 64));
	ASSERT(t, get(&w, 0, 1));
	newest = newest_of(w.cache);
	main_take_away(&w);
	kmem_cache_free(w.cache, newest);
	EXPECT_EQ(t, w.slot->hot, newest);
	EXPECT_NULL(t, w.slot->spare);
	machine_holds(t, w.m);
	cache_drain(w.cache);
	EXPECT_NULL(t, w.slot->hot);
	put(&w, 0, 1);
	world_end(t, &w);
}

/* The stack is full and the spare empty. Returns how many objects are out. */
static unsigned int stack_fill(struct ktap *t, struct world *w)
{
	unsigned int nr = 2 * w->capacity;

	EXPECT(t, get(w, 0, nr));
	while (nr && !(w->slot->spare && w->slot->spare->nr))
		put(w, --nr, 1);
	while (nr && w->slot->spare->nr)
		EXPECT(t, get(w, nr++, 1));
	put(w, --nr, 1);
	EXPECT_EQ(t, in_main(w), w->capacity);
	EXPECT_EQ(t, w->slot->spare->nr, 0);
	return nr;
}

/* Who frees there looks for room first: what is no object finds it, and is refused all the same. */
static void what_is_no_object_is_refused_where_only_the_spare_has_room(struct ktap *t)
{
	for (int by_kfree = 0; by_kfree < 2; by_kfree++) {
		unsigned int nr;
		struct world w;
		char *inside;

		ASSERT(t, world_make(t, &w, "mem=64M nr_cpus=1", 64));
		nr = stack_fill(t, &w);
		inside = (char *)objects[nr - 1] + 8;
		if (by_kfree)
			kfree(inside);
		else
			kmem_cache_free(w.cache, inside);
		EXPECT_EQ(t, console_count("Invalid object pointer"), 1);
		EXPECT_EQ(t, in_main(&w), 0);		/* the spare's place has been taken, and nothing is there */
		console_clear();
		put(&w, 0, nr);
		world_end(t, &w);
	}
}

/* Nor is what was pushed last: the spare would take it a second time. */
static void what_was_pushed_last_is_refused_where_only_the_spare_has_room(struct ktap *t)
{
	unsigned int nr;
	struct world w;

	ASSERT(t, world_make(t, &w, "mem=64M nr_cpus=1", 64));
	nr = stack_fill(t, &w);
	ASSERT(t, w.slot->top[-1] == objects[nr]);
	kfree(objects[nr]);
	EXPECT_EQ(t, console_count("Object already free"), 1);
	EXPECT_EQ(t, in_main(&w), w.capacity);
	console_clear();
	put(&w, 0, nr);
	world_end(t, &w);
}

/* The newest object stands aside; given back again at once, it is not pushed either, though there would be room. */
static void the_newest_object_is_refused_twice_where_only_the_spare_has_room(struct ktap *t)
{
	unsigned int nr;
	struct world w;
	void *newest;

	ASSERT(t, world_make(t, &w, "mem=64M nr_cpus=1", 64));
	nr = stack_fill(t, &w);
	newest = newest_of(w.cache);
	kmem_cache_free(w.cache, objects[--nr]);
	ASSERT_EQ(t, in_main(&w), w.capacity);
	kfree(newest);
	EXPECT_EQ(t, w.slot->hot, newest);
	kfree(newest);
	EXPECT_EQ(t, console_count("Object already free"), 1);
	EXPECT_EQ(t, in_main(&w), w.capacity);
	console_clear();
	put(&w, 0, nr);
	world_end(t, &w);
}

static void the_capacity_can_be_chosen(struct ktap *t)
{
	static const struct {
		const char *cmdline;
		unsigned int asked, want;
	} chosen[] = { { "mem=64M kmem.sheaf=1", 0, 0 }, { "mem=64M kmem.sheaf=2", 0, 2 },
		{ "mem=64M kmem.sheaf=2", 30, 30 }, { "mem=64M", 7, 7 }, { "mem=64M", 100000, 250 },
		{ "mem=64M slub_debug=F", 7, 0 } };

	for (size_t i = 0; i < sizeof(chosen) / sizeof(chosen[0]); i++) {
		struct kmem_cache_args args = { .sheaf_capacity = chosen[i].asked };
		struct kmem_cache *cache;

		ASSERT_NOT_NULL(t, slab_machine(t, chosen[i].cmdline));
		cache = kmem_cache_create_args("chosen", 64, &args, SLAB_NO_MERGE);
		ASSERT_NOT_NULL(t, cache);
		EXPECT_EQ(t, cache->sheaf_capacity, chosen[i].want);
		ASSERT_EQ(t, kmem_cache_alloc_bulk(cache, GFP_KERNEL, 1000, objects), 1000);
		kmem_cache_free_bulk(cache, 1000, objects);
		kmem_cache_destroy(cache);
	}
}

static void kmalloc_can_do_without_sheaves(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M kmem.kmalloc_sheaves=0");

	ASSERT_NOT_NULL(t, m);
	EXPECT_EQ(t, kmalloc_cache(m, 64, GFP_KERNEL)->sheaf_capacity, 0);
	for (int i = 0; i < 1000; i++)
		objects[i] = kmalloc(64, GFP_KERNEL);
	kfree_bulk(1000, objects);
	EXPECT_EQ(t, sheaf_objects(kmalloc_cache(m, 64, GFP_KERNEL)), 0);
}

/* Random steps with sheaves of every capacity: what is handed out is what was not. */
static void random_steps(struct ktap *t, const char *cmdline, unsigned int capacity)
{
	struct kmem_cache_args args = { .sheaf_capacity = capacity };
	struct machine *m = slab_machine(t, cmdline);
	struct kmem_cache *cache;
	unsigned long live = 0;

	ASSERT_NOT_NULL(t, m);
	cache = kmem_cache_create_args("steps", 48, &args, SLAB_NO_MERGE);
	ASSERT_NOT_NULL(t, cache);
	memset(objects, 0, sizeof(objects));
	for (int step = 0; step < 20000; step++) {
		unsigned int i = (unsigned int)ktap_below(t, NR);

		if (objects[i]) {
			ASSERT_EQ(t, *((unsigned long *)objects[i] + 1), i);
			kmem_cache_free(cache, objects[i]);
			objects[i] = NULL;
			live--;
		} else {
			objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
			ASSERT_NOT_NULL(t, objects[i]);
			*((unsigned long *)objects[i] + 1) = i;
			live++;
		}
		if (ktap_below(t, 1000) == 0) {
			cache_drain(cache);
			EXPECT_EQ(t, sheaf_objects(cache), 0);
		}
		if (step % 2000 == 0) {
			machine_holds(t, m);
			EXPECT_EQ(t, cache_live_objects(cache), live);
		}
	}
	kmem_cache_free_bulk(cache, NR, objects);
	EXPECT_EQ(t, cache_live_objects(cache), 0);
	kmem_cache_destroy(cache);
	EXPECT_STR(t, console_text(), "");
}

static void random_steps_with_sheaves_of_every_kind(struct ktap *t)
{
	static const unsigned int capacities[] = { 2, 3, 13, 61, 250 };

	for (size_t i = 0; i < sizeof(capacities) / sizeof(capacities[0]); i++)
		random_steps(t, "mem=64M", capacities[i]);
	random_steps(t, "mem=64M kmem.sheaf=1", 0);
	random_steps(t, "mem=64M kmem.sheaf=2", 0);
}

static unsigned int of_node(int nid, unsigned int nr)
{
	unsigned int found = 0;

	for (unsigned int i = 0; i < nr; i++)
		found += page_to_nid(virt_to_page(objects[i])) == nid;
	return found;
}

/* Objects of both nodes come back here, by kfree() or by name. */
static void go_home(struct ktap *t, struct world *w, bool by_kfree)
{
	int near = (int)this_cpu()->node, far = !near;
	unsigned long before = w->cache->node[far]->remote_frees;

	for (int i = 0; i < 3000; i++)
		objects[i] = kmem_cache_alloc_node(w->cache, GFP_KERNEL, i & 1);
	EXPECT_EQ(t, of_node(far, 3000), 1500);
	kmem_cache_free_bulk(by_kfree ? NULL : w->cache, 3000, objects);
	machine_holds(t, w->m);
	EXPECT_EQ(t, cache_live_objects(w->cache), 0);
	EXPECT_EQ(t, w->cache->node[far]->remote_frees, before + 1500);
	EXPECT_EQ(t, w->cache->node[far]->out_objects, 0); /* in no sheaf */
	/* Whoever asks for no node gets none of the other's. */
	ASSERT(t, get(w, 0, 3000));
	EXPECT_EQ(t, of_node(far, 3000), 0);
	put(w, 0, 3000);
	EXPECT_EQ(t, w->cache->node[far]->remote_frees, before + 1500);
	EXPECT_EQ(t, w->cache->node[near]->remote_frees, 0);
}

static void another_nodes_objects_go_home_and_are_counted(struct ktap *t)
{
	/* One CPU: a task that went on at the other node's would take far for near. */
	static const char *const kinds[] = { "", "slub_debug=F", "kmem.sheaf=1", "init_on_free=1" };
	char cmdline[80];
	struct world w;

	for (unsigned int kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
		snprintf(cmdline, sizeof(cmdline), "mem=64M nr_cpus=1 numa=fake=2 %s", kinds[kind]);
		ASSERT(t, world_make(t, &w, cmdline, 64));
		go_home(t, &w, false);
		go_home(t, &w, true);
		world_end(t, &w);
	}
}

static void stamp(void *object)
{
	memset(object, 0x5c, 64);
}

/* One CPU: to a task that went on at another node's, what is far would be near, and a second free be seen later. */
static void what_goes_home_keeps_what_its_constructor_made(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=1 numa=fake=2");
	struct kmem_cache *cache;
	unsigned int wrong = 0;

	ASSERT_NOT_NULL(t, m);
	cache = kmem_cache_create("typed", 64, 0, SLAB_TYPESAFE_BY_RCU, stamp);
	ASSERT_NOT_NULL(t, cache);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 500; i++) {
			objects[i] = kmem_cache_alloc_node(cache, GFP_KERNEL, !this_cpu()->node);
			wrong += !bytes_are_all(objects[i], 0x5c, 64);
		}
		rcu_read_lock();		/* no slab of the cache ends meanwhile */
		kmem_cache_free_bulk(cache, 500, objects);
		kmem_cache_free(cache, objects[7]);
		rcu_read_unlock();
		EXPECT_EQ(t, console_count("Object already free"), round + 1);
	}
	EXPECT_EQ(t, wrong, 0);
	EXPECT_EQ(t, cache_live_objects(cache), 0);
	kmem_cache_destroy(cache);
}

static void another_nodes_objects_can_be_shrunk_away(struct ktap *t)
{
	struct world w;

	ASSERT(t, world_make(t, &w, "mem=64M nr_cpus=2 numa=fake=2", 64));
	for (int i = 0; i < 3000; i++)
		objects[i] = kmem_cache_alloc_node(w.cache, GFP_KERNEL, i & 1);
	put(&w, 0, 3000);
	machine_holds(t, w.m);
	EXPECT_EQ(t, cache_live_objects(w.cache), 0);
	kmem_cache_shrink(w.cache);
	EXPECT_EQ(t, slabs_of(w.cache), 0);
	world_end(t, &w);
}

KTAP_SUITE(sheaf, KTAP_CASE(a_new_cache_has_nothing_and_its_first_object_fills_a_sheaf),
	KTAP_CASE(freeing_fills_main_then_spare_then_the_barn_then_slabs),
	KTAP_CASE(allocating_takes_whole_sheaves_back_from_the_barn), KTAP_CASE(many_cpus_have_room_for_more),
	KTAP_CASE(empty_sheaves_wait_in_the_barn),
	KTAP_CASE(draining_leaves_no_sheaf_and_no_empty_slab), KTAP_CASE(a_spare_without_a_main_sheaf_is_drained),
	   KTAP_CASE(the_newest_object_without_a_sheaf_is_drained),
	   KTAP_CASE(what_is_no_object_is_refused_where_only_the_spare_has_room),
	   KTAP_CASE(what_was_pushed_last_is_refused_where_only_the_spare_has_room),
	   KTAP_CASE(the_newest_object_is_refused_twice_where_only_the_spare_has_room),
	KTAP_CASE(the_capacity_can_be_chosen), KTAP_CASE(kmalloc_can_do_without_sheaves),
	KTAP_CASE(random_steps_with_sheaves_of_every_kind),
	KTAP_CASE(another_nodes_objects_go_home_and_are_counted),
	KTAP_CASE(what_goes_home_keeps_what_its_constructor_made),
	KTAP_CASE(another_nodes_objects_can_be_shrunk_away));
