/* SPDX-License-Identifier: MIT */
/* test_slab_check.c - each truth of slabs, sheaves and caches is broken once, found by its id, and repaired. */
#include "mm/slab_walk.h"
#include "mm/stats.h"
#include "tests/page_machine.h"

#define NR_OBJECTS 300u

/* A machine with a cache that has full, partial and empty slabs, sheaves at the CPU and in the barn. */
struct bench {
	struct machine *m;
	struct kmem_cache *cache;
	struct kmem_cache_node *node;
	struct cpu_sheaf *slot;
	void *objects[NR_OBJECTS];
};

static struct bench bench;

static void bench_end(void *arg)
{
	for (unsigned int i = 0; i < NR_OBJECTS; i++)
		kmem_cache_free(bench.cache, bench.objects[i]);
	kmem_cache_destroy(bench.cache);
	(void)arg;
}

static bool holds(struct ktap *t)
{
	struct kmem_fault fault = { 0 };
	bool good = kmem_check(bench.m, &fault);

	if (!good)
		ktap_fail(t, "%s: %s", fault.id, fault.place);
	return good;
}

/* The fault is found, by this id, with a place; and a caller who wants no details is told as much. */
static void expect_fault(struct ktap *t, const char *id)
{
	struct kmem_fault fault = { .id = "none" };

	EXPECT(t, !kmem_check(bench.m, &fault));
	EXPECT_STR(t, fault.id, id);
	EXPECT_GT(t, strlen(fault.place), 5);
	EXPECT(t, !kmem_check(bench.m, NULL));
}

static bool bench_start(struct ktap *t, const char *cmdline)
{
	struct machine *m = machine_for(t, cmdline);
	struct kmem_cache *cache;

	if (!m)
		return false;
	cache = kmem_cache_create("bench", 320, 0, SLAB_NO_MERGE, NULL);
	if (!EXPECT_NOT_NULL(t, cache))
		return false;
	bench = (struct bench){ .m = m, .cache = cache, .node = cache->node[0] };
	bench.slot = &m->cpus[0]->sheaves[cache->id];
	for (unsigned int i = 0; i < NR_OBJECTS; i++)
		bench.objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	ktap_cleanup(t, bench_end, NULL);
	return holds(t);
}

static bool bench_ready(struct ktap *t)
{
	return bench_start(t, "mem=64M nr_cpus=1 kmem.sheaf=20");
}

static struct page *first_slab(struct list_head *list)
{
	return list_empty(list) ? NULL : list_first_entry(list, struct page, slab_list);
}

/* A partial slab: straight into a slab goes what passes by the sheaves. */
static struct page *partial_slab(struct ktap *t)
{
	if (!first_slab(&bench.node->partial)) {
		kmem_cache_free(bench.cache, bench.objects[0]);
		kmem_cache_free(bench.cache, bench.objects[NR_OBJECTS / 2]);
		cache_drain(bench.cache);
		bench.objects[0] = bench.objects[NR_OBJECTS / 2] = NULL;
	}
	EXPECT_NOT_NULL(t, first_slab(&bench.node->partial));
	return first_slab(&bench.node->partial);
}

/* ---------------------------------------------------------------------------------------------------- slabs */

static void s1_partial_slab_on_the_full_list(struct ktap *t)
{
	struct page *slab;

	ASSERT(t, bench_ready(t));
	slab = partial_slab(t);
	ASSERT_NOT_NULL(t, slab);
	list_move(&slab->slab_list, &bench.node->full);
	expect_fault(t, "S1");
	list_move(&slab->slab_list, &bench.node->partial);
	EXPECT(t, holds(t));
}

static void s1_torn_list(struct ktap *t)
{
	struct list_head *prev, *next;

	ASSERT(t, bench_ready(t));
	prev = bench.node->full.prev;
	bench.node->full.prev = &bench.node->full;
	expect_fault(t, "S1");
	bench.node->full.prev = prev;
	next = bench.node->full.next;
	bench.node->full.next = (struct list_head *)bench.objects[0];
	expect_fault(t, "S1");
	bench.node->full.next = (struct list_head *)8;
	expect_fault(t, "S1");
	bench.node->full.next = next;
	EXPECT(t, holds(t));
}

/* A list that runs in a circle past its head must not hold the check up. */
static void s1_endless_list(struct ktap *t)
{
	struct list_head *first, *next;

	ASSERT(t, bench_ready(t));
	first = bench.node->full.next;
	ASSERT_NE(t, first, &bench.node->full);
	next = first->next;
	first->next = first;
	expect_fault(t, "S1");
	first->next = next;
	EXPECT(t, holds(t));
}

static void s2_inuse_differs_from_the_map(struct ktap *t)
{
	struct page *slab;

	ASSERT(t, bench_ready(t));
	slab = first_slab(&bench.node->full);
	ASSERT_NOT_NULL(t, slab);
	slab->inuse--;
	expect_fault(t, "S2");
	slab->inuse++;
	*slab_map(slab) |= 1;
	expect_fault(t, "S2");
	*slab_map(slab) &= ~1ul;
	EXPECT(t, holds(t));
}

static void s2_bit_beyond_the_last_object(struct ktap *t)
{
	struct page *slab;

	ASSERT(t, bench_ready(t));
	slab = first_slab(&bench.node->full);
	ASSERT_NOT_NULL(t, slab);
	ASSERT_LT(t, slab->objects, SLAB_MAP_BITS);
	/* The count agrees, as if the map were one object longer. */
	*slab_map(slab) |= 1ul << slab->objects;
	slab->inuse--;
	expect_fault(t, "S2");
	slab->inuse++;
	*slab_map(slab) &= ~(1ul << slab->objects);
	EXPECT(t, holds(t));
}

static void s3_page_of_another_type(struct ktap *t)
{
	struct page *slab;
	u32 type;

	ASSERT(t, bench_ready(t));
	slab = first_slab(&bench.node->full);
	ASSERT_NOT_NULL(t, slab);
	slab += (1ul << compound_order(slab)) - 1;
	type = slab->page_type;
	slab->page_type = type + 1;
	expect_fault(t, "S3");
	slab->page_type = type;
	EXPECT(t, holds(t));
}

static void s3_head_names_another_cache(struct ktap *t)
{
	struct page *slab;

	ASSERT(t, bench_ready(t));
	slab = first_slab(&bench.node->full);
	ASSERT_NOT_NULL(t, slab);
	slab->slab_cache = bench.m->cache_cache;
	expect_fault(t, "S3");
	slab->slab_cache = bench.cache;
	slab->objects++;
	expect_fault(t, "S3");
	slab->objects--;
	slab->flags &= ~(1ul << PG_slab);
	expect_fault(t, "S3");
	slab->flags |= 1ul << PG_slab;
	EXPECT(t, holds(t));
}

static void s3_pages_that_are_no_slab_of_its_order(struct ktap *t)
{
	struct page *slab, *tail, *last;
	unsigned long head;
	void *object;
	u32 type;

	ASSERT(t, bench_ready(t));
	object = kmalloc(2048, GFP_KERNEL);
	ASSERT_NOT_NULL(t, object);
	slab = slab_of(object);
	ASSERT_GT(t, compound_order(slab), 0);
	tail = slab + 1;
	last = slab + (1ul << compound_order(slab)) - 1;
	tail->compound_order += 4;
	expect_fault(t, "S3");
	tail->compound_order -= 4;
	type = last->page_type;
	last->page_type = 0;	/* as if it had never been described */
	expect_fault(t, "S3");
	last->page_type = type;
	head = last->compound_head;
	last->compound_head = (unsigned long)tail | 1;
	expect_fault(t, "S3");
	last->compound_head = head;
	kfree(object);
	EXPECT(t, holds(t));
}

/* All that node 0 counts is right without the slab, all that node 1 counts with it. */
static void move_to_node(struct page *slab, struct kmem_cache_node *from, struct kmem_cache_node *to)
{
	list_move(&slab->slab_list, &to->full);
	from->nr_slabs--;
	to->nr_slabs++;
	from->total_objects -= slab->objects;
	to->total_objects += slab->objects;
	from->out_objects -= slab->inuse;
	to->out_objects += slab->inuse;
}

static void s3_slab_on_another_nodes_list(struct ktap *t)
{
	struct page *slab;

	ASSERT(t, bench_start(t, "mem=64M nr_cpus=1 numa=fake=2 kmem.sheaf=20"));
	slab = first_slab(&bench.node->full);
	ASSERT_NOT_NULL(t, slab);
	move_to_node(slab, bench.node, bench.cache->node[1]);
	expect_fault(t, "S3");
	move_to_node(slab, bench.cache->node[1], bench.node);
	EXPECT(t, holds(t));
}

static void s4_each_count_of_the_node(struct ktap *t)
{
	unsigned long *counts[5];

	ASSERT(t, bench_ready(t));
	counts[0] = &bench.node->nr_slabs;
	counts[1] = &bench.node->nr_partial;
	counts[2] = &bench.node->nr_empty;
	counts[3] = &bench.node->total_objects;
	counts[4] = &bench.node->out_objects;
	for (unsigned int i = 0; i < ARRAY_SIZE(counts); i++) {
		++*counts[i];
		expect_fault(t, "S4");
		--*counts[i];
		--*counts[i];
		expect_fault(t, "S4");
		++*counts[i];
	}
	EXPECT(t, holds(t));
}

static void s5_map_is_no_object(struct ktap *t)
{
	struct page *slab;
	unsigned long *map;
	void *object;

	ASSERT(t, bench_ready(t));
	object = kmalloc(8, GFP_KERNEL);
	slab = slab_of(object);
	ASSERT_GT(t, slab->objects, SLAB_MAP_BITS);
	map = slab->free_map;
	slab->free_map = (unsigned long *)bench.objects[1];
	expect_fault(t, "S5");
	slab->free_map = NULL;
	expect_fault(t, "S5");
	slab->free_map = map;
	kfree(object);
	EXPECT(t, holds(t));
}

static void s5_map_that_no_slab_has(struct ktap *t)
{
	void *map;

	ASSERT(t, bench_ready(t));
	map = slab_alloc_one(bench.m->map_cache[1], GFP_KERNEL, 0);
	ASSERT_NOT_NULL(t, map);
	expect_fault(t, "S5");
	slab_put(bench.m->map_cache[1], &map, 1);
	EXPECT(t, holds(t));
}

/* ---------------------------------------------------------------------------------------------------- sheaves */

static void h1_top_outside_the_sheaf(struct ktap *t)
{
	void **top;

	ASSERT(t, bench_ready(t));
	ASSERT_NOT_NULL(t, sheaf_slot_main(bench.slot));
	top = bench.slot->top;
	bench.slot->top = bench.slot->limit + 1;
	expect_fault(t, "H1");
	bench.slot->top = bench.slot->base - 1;
	expect_fault(t, "H1");
	bench.slot->top = top;
	EXPECT(t, holds(t));
}

static void h1_capacity(struct ktap *t)
{
	ASSERT(t, bench_ready(t));
	bench.slot->limit++;
	expect_fault(t, "H1");
	bench.slot->limit--;
	bench.slot->free_limit--;
	expect_fault(t, "H1");
	bench.slot->free_limit++;
	container_of(bench.slot->base, struct sheaf, objects[0])->capacity++;
	expect_fault(t, "H1");
	container_of(bench.slot->base, struct sheaf, objects[0])->capacity--;
	EXPECT(t, holds(t));
}

/* Free enough that the CPU has two sheaves and the barn some. */
static void sheaves_fill(void)
{
	for (unsigned int i = 0; i < 120; i++) {
		kmem_cache_free(bench.cache, bench.objects[i]);
		bench.objects[i] = NULL;
	}
}

static void h2_object_of_another_cache(struct ktap *t)
{
	void *object, *alien;

	ASSERT(t, bench_ready(t));
	sheaves_fill();
	ASSERT_GT(t, bench.slot->top, bench.slot->base);
	alien = kmalloc(64, GFP_KERNEL);
	object = bench.slot->base[0];
	bench.slot->base[0] = alien;
	expect_fault(t, "H2");
	bench.slot->base[0] = (char *)object + 8;
	expect_fault(t, "H2");
	bench.slot->base[0] = NULL;
	expect_fault(t, "H2");
	bench.slot->base[0] = (void *)bench.m;
	expect_fault(t, "H2");
	bench.slot->base[0] = object;
	kfree(alien);
	EXPECT(t, holds(t));
}

static void h2_object_that_is_in_its_slab(struct ktap *t)
{
	struct page *slab;
	unsigned int index;

	ASSERT(t, bench_ready(t));
	sheaves_fill();
	slab = slab_of(bench.slot->base[0]);
	index = (unsigned int)slab_index(bench.cache, slab, bench.slot->base[0]);
	/* The slab's own books are kept straight, so that only the sheaf is wrong. */
	ASSERT_EQ(t, slab->inuse, slab->objects);
	*slab_map(slab) |= 1ul << index;
	slab->inuse--;
	bench.node->out_objects--;
	bench.node->nr_partial++;
	list_move(&slab->slab_list, &bench.node->partial);
	expect_fault(t, "H2");
	*slab_map(slab) &= ~(1ul << index);
	slab->inuse++;
	bench.node->out_objects++;
	bench.node->nr_partial--;
	list_move(&slab->slab_list, &bench.node->full);
	EXPECT(t, holds(t));
}

/* Where the two places are: both in the main sheaf, main and spare, CPU and barn. */
static void h2_object_in_two_sheaves(struct ktap *t)
{
	struct sheaf *full;
	void *object, **places[3];

	ASSERT(t, bench_ready(t));
	sheaves_fill();
	ASSERT_NOT_NULL(t, bench.slot->spare);
	ASSERT_GT(t, bench.slot->spare->nr, 0);
	ASSERT_GT(t, bench.slot->top - bench.slot->base, 1);
	ASSERT_GT(t, bench.node->barn.nr_full, 0);
	full = list_first_entry(&bench.node->barn.full, struct sheaf, link);
	places[0] = &bench.slot->base[1];
	places[1] = &bench.slot->spare->objects[0];
	places[2] = &full->objects[full->nr - 1];
	for (unsigned int i = 0; i < 3; i++) {
		object = *places[i];
		*places[i] = bench.slot->base[0];
		expect_fault(t, "H2");
		*places[i] = object;
	}
	EXPECT(t, holds(t));
}

/* More objects in sheaves than one pass takes, the duplicates as far apart as can be. */
static void h2_duplicate_among_thousands(struct ktap *t)
{
	static void *many[3000];
	struct kmem_cache *cache;
	struct sheaf *full;
	void *object;

	ASSERT(t, bench_start(t, "mem=64M nr_cpus=1"));
	cache = kmem_cache_create("thousands", 64, 0, SLAB_NO_MERGE, NULL);
	ASSERT_NOT_NULL(t, cache);
	for (unsigned int i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	for (unsigned int i = 0; i < ARRAY_SIZE(many); i++)
		kmem_cache_free(cache, many[i]);
	EXPECT_GT(t, sheaf_objects(cache), 1000);
	EXPECT(t, holds(t));
	full = list_last_entry(&cache->node[0]->barn.full, struct sheaf, link);
	object = full->objects[0];
	full->objects[0] = bench.m->cpus[0]->sheaves[cache->id].base[0];
	expect_fault(t, "H2");
	full->objects[0] = object;
	EXPECT(t, holds(t));
	kmem_cache_destroy(cache);
}

static void h3_barn_counts(struct ktap *t)
{
	struct barn *barn;
	struct sheaf *full;

	ASSERT(t, bench_ready(t));
	sheaves_fill();
	barn = &bench.node->barn;
	ASSERT_GT(t, barn->nr_full, 0);
	barn->nr_full++;
	expect_fault(t, "H3");
	barn->nr_full -= 2;
	expect_fault(t, "H3");
	barn->nr_full++;
	barn->nr_empty++;
	expect_fault(t, "H3");
	barn->nr_empty--;
	full = list_first_entry(&barn->full, struct sheaf, link);
	full->nr--;
	expect_fault(t, "H3");
	full->nr++;
	EXPECT(t, holds(t));
}

static void h4_sheaf_is_no_object(struct ktap *t)
{
	struct sheaf *spare;
	struct list_head *first;

	ASSERT(t, bench_ready(t));
	sheaves_fill();
	spare = bench.slot->spare;
	ASSERT_NOT_NULL(t, spare);
	bench.slot->spare = (struct sheaf *)bench.objects[200];
	expect_fault(t, "H4");
	bench.slot->spare = spare;
	first = bench.node->barn.full.next;
	bench.node->barn.full.next = (struct list_head *)bench.objects[200];
	expect_fault(t, "H4");
	bench.node->barn.full.next = first;
	EXPECT(t, holds(t));
}

static void h3_torn_list_and_wrong_capacity(struct ktap *t)
{
	struct barn *barn;
	struct sheaf *full;
	struct list_head *prev;

	ASSERT(t, bench_ready(t));
	sheaves_fill();
	barn = &bench.node->barn;
	ASSERT_GT(t, barn->nr_full, 0);
	full = list_first_entry(&barn->full, struct sheaf, link);
	prev = full->link.prev;
	full->link.prev = NULL;
	expect_fault(t, "H3");
	full->link.prev = prev;
	full->capacity++;
	expect_fault(t, "H3");
	full->capacity--;
	prev = barn->full.prev;
	barn->full.prev = &barn->empty;
	expect_fault(t, "H3");
	barn->full.prev = prev;
	EXPECT(t, holds(t));
}

static void h1_spare_that_holds_more_than_it_can(struct ktap *t)
{
	struct sheaf *spare;
	u32 nr;

	ASSERT(t, bench_ready(t));
	sheaves_fill();
	spare = bench.slot->spare;
	ASSERT_NOT_NULL(t, spare);
	spare->capacity++;
	expect_fault(t, "H1");
	spare->capacity--;
	nr = spare->nr;
	spare->nr = spare->capacity + 1;
	expect_fault(t, "H1");
	spare->nr = nr;
	EXPECT(t, holds(t));
}

static void h2_stranger_in_the_barn(struct ktap *t)
{
	struct kmem_fault fault = { 0 };
	struct sheaf *full;
	void *object;

	ASSERT(t, bench_ready(t));
	sheaves_fill();
	ASSERT_GT(t, bench.node->barn.nr_full, 0);
	full = list_first_entry(&bench.node->barn.full, struct sheaf, link);
	object = full->objects[0];
	full->objects[0] = bench.m->cache_cache;
	EXPECT(t, !kmem_check(bench.m, &fault));
	EXPECT_STR(t, fault.id, "H2");
	EXPECT_CONTAINS(t, fault.place, "node 0, full sheaf");
	full->objects[0] = object;
	EXPECT(t, holds(t));
}

static void h4_main_sheaf_is_no_object(struct ktap *t)
{
	struct cpu_sheaf kept, *slot;

	ASSERT(t, bench_ready(t));
	slot = bench.slot;
	kept = *slot;
	ASSERT_NOT_NULL(t, slot->base);
	slot->base = slot->top = (void **)bench.objects[200];
	slot->limit = slot->base + bench.cache->sheaf_capacity;
	slot->free_limit = NULL;
	expect_fault(t, "H4");
	*slot = kept;
	EXPECT(t, holds(t));
}

static void h5_object_of_another_node(struct ktap *t)
{
	void *object, *alien;

	ASSERT(t, bench_start(t, "mem=64M nr_cpus=1 numa=fake=2 kmem.sheaf=20"));
	sheaves_fill();
	alien = kmem_cache_alloc_node(bench.cache, GFP_KERNEL | __GFP_THISNODE, 1);
	ASSERT_NOT_NULL(t, alien);
	ASSERT_GT(t, bench.slot->top, bench.slot->base);
	object = bench.slot->base[0];
	bench.slot->base[0] = alien;
	expect_fault(t, "H5");
	bench.slot->base[0] = object;
	kmem_cache_free(bench.cache, alien);
	EXPECT(t, holds(t));
}

static void h4_sheaf_that_is_lost(struct ktap *t)
{
	struct sheaf *lost;

	ASSERT(t, bench_ready(t));
	lost = sheaf_new(bench.m, 20, GFP_KERNEL);
	ASSERT_NOT_NULL(t, lost);
	expect_fault(t, "H4");
	sheaf_delete(bench.m, lost);
	EXPECT(t, holds(t));
}

static bool count_sheaves(struct kmem_cache *cache, const struct sheaf_view *view, void *arg)
{
	unsigned int *left = arg;

	(void)cache;
	(void)view;
	return (*left)-- > 1;
}

/* How many sheaves a walk finds that may go on so often. */
static unsigned int sheaves_found(unsigned int most)
{
	unsigned int left = most;

	sheaves_walk(bench.cache, count_sheaves, &left);
	return most - left;
}

/* A walk passes over what cannot be a sheaf, follows no pointer out of memory, and stops when it is told. */
static void a_walk_trusts_no_pointer(struct ktap *t)
{
	struct list_head *next;
	struct cpu_sheaf kept;
	unsigned int all;
	u32 nr;

	ASSERT(t, bench_ready(t));
	sheaves_fill();
	kept = *bench.slot;
	all = sheaves_found(1000);
	ASSERT(t, kept.spare && bench.node->barn.nr_full);
	EXPECT_GE(t, all, 3);
	for (unsigned int most = 1; most < all; most++)
		EXPECT_EQ(t, sheaves_found(most), most);
	bench.slot->base = (void **)16;
	EXPECT_EQ(t, sheaves_found(1000), all - 1);
	bench.slot->base = NULL;
	EXPECT_EQ(t, sheaves_found(1000), all - 1);
	*bench.slot = kept;
	bench.slot->top = kept.base - 1;
	EXPECT_EQ(t, sheaves_found(1000), all - 1);
	EXPECT_EQ(t, sheaf_objects(bench.cache) % 20, 0);
	bench.slot->top = kept.base + bench.cache->sheaf_capacity + 1;
	EXPECT_EQ(t, sheaves_found(1000), all - 1);
	EXPECT_EQ(t, sheaf_objects(bench.cache) % 20, 0);
	*bench.slot = kept;
	bench.slot->spare = (struct sheaf *)16;
	EXPECT_EQ(t, sheaves_found(1000), all - 1);
	*bench.slot = kept;
	nr = kept.spare->nr;
	kept.spare->nr = bench.cache->sheaf_capacity + 1;
	EXPECT_EQ(t, sheaves_found(1000), all - 1);
	kept.spare->nr = nr;
	next = bench.node->barn.full.next;
	bench.node->barn.full.next = (struct list_head *)16;
	EXPECT_LT(t, sheaves_found(1000), all);
	bench.node->barn.full.next = next;
	EXPECT(t, holds(t));
	EXPECT(t, !is_described_page(bench.m, (struct page *)((char *)virt_to_page(bench.cache) + 8)));
	EXPECT(t, !is_direct_memory(bench.m, bench.cache, ~(size_t)0));
	EXPECT(t, !is_direct_memory(bench.m, (char *)bench.cache + 1, 1));
	EXPECT(t, !is_direct_memory(bench.m, NULL, 1));
}

/* ---------------------------------------------------------------------------------------------------- caches */

static void k1_ids_and_the_list(struct ktap *t)
{
	struct machine *m;
	u32 id;

	ASSERT(t, bench_ready(t));
	m = bench.m;
	id = bench.cache->id;
	m->cache_by_id[id] = NULL;
	expect_fault(t, "K1");
	m->cache_by_id[id] = bench.cache;
	m->cache_by_id[KMEM_MAX_CACHES - 1] = bench.cache;
	expect_fault(t, "K1");
	m->cache_by_id[KMEM_MAX_CACHES - 1] = NULL;
	m->nr_cache_ids = id;
	expect_fault(t, "K1");
	m->nr_cache_ids = id + 1;
	list_del(&bench.cache->list);
	expect_fault(t, "K1");
	list_add(&bench.cache->list, &m->caches);
	EXPECT(t, holds(t));
}

static void k1_torn_list_of_caches(struct ktap *t)
{
	struct list_head *next;

	ASSERT(t, bench_ready(t));
	next = bench.m->caches.next;
	bench.m->caches.next = (struct list_head *)0x1230;
	expect_fault(t, "K1");
	bench.m->caches.next = next->next;
	expect_fault(t, "K1");
	bench.m->caches.next = next;
	EXPECT(t, holds(t));
}

static void without_size(struct kmem_cache *cache)
{
	cache->size = cache->object_size = 0;
}

static void of_a_huge_order(struct kmem_cache *cache)
{
	cache->order = MAX_ORDER + 1;
}

static void of_a_larger_least_order(struct kmem_cache *cache)
{
	cache->min_order = cache->order + 1;
}

/* The counts agree in these three, and yet no slab can be so. */
static void of_objects_larger_than_a_slab(struct kmem_cache *cache)
{
	cache->size = 2 * PAGE_SIZE << cache->order;
	cache->objects = 0;
}

static void of_too_many_objects(struct kmem_cache *cache)
{
	cache->size = cache->object_size = cache->align = 1;
	cache->objects = PAGE_SIZE << cache->order;
}

static void padded_past_its_size(struct kmem_cache *cache)
{
	cache->red_left_pad = cache->size;
}

static void aligned_to_three(struct kmem_cache *cache)
{
	cache->align = 3;
}

static void unaligned(struct kmem_cache *cache)
{
	cache->align = 4096;
}

static void of_no_machine(struct kmem_cache *cache)
{
	cache->machine = NULL;
}

static void k2_sizes_and_type(struct ktap *t)
{
	static void (*const changes[])(struct kmem_cache *) = {
		without_size, of_a_huge_order, of_a_larger_least_order, of_objects_larger_than_a_slab,
		of_too_many_objects, padded_past_its_size, aligned_to_three, unaligned, of_no_machine,
	};
	static struct kmem_cache kept;
	struct kmem_cache *cache;
	struct kmem_cache_node *node;

	ASSERT(t, bench_ready(t));
	cache = bench.cache;
	cache->object_size += 1000;
	expect_fault(t, "K2");
	cache->object_size -= 1000;
	cache->objects++;
	expect_fault(t, "K2");
	cache->objects--;
	kept = *cache;
	for (unsigned int i = 0; i < ARRAY_SIZE(changes); i++) {
		*cache = kept;
		changes[i](cache);
		expect_fault(t, "K2");
	}
	*cache = kept;
	node = cache->node[0];
	cache->node[0] = NULL;
	expect_fault(t, "K2");
	cache->node[0] = node;
	EXPECT(t, holds(t));
}

static void k3_descriptor_of_no_cache(struct ktap *t)
{
	void *lost;

	ASSERT(t, bench_ready(t));
	lost = slab_alloc_one(bench.m->cache_cache, GFP_KERNEL, 0);
	expect_fault(t, "K3");
	slab_put(bench.m->cache_cache, &lost, 1);
	lost = slab_alloc_one(bench.m->node_cache, GFP_KERNEL, 0);
	expect_fault(t, "K3");
	slab_put(bench.m->node_cache, &lost, 1);
	EXPECT(t, holds(t));
}

/* ---------------------------------------------------------------------------------------------------- sound ones */

static void machine_in_use_is_sound(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=128M nr_cpus=2 numa=fake=2");
	static void *objects[2000];

	ASSERT_NOT_NULL(t, m);
	bench.m = m;
	for (unsigned int round = 0; round < 20; round++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++) {
			if (ktap_below(t, 3))
				continue;
			kfree(objects[i]);
			objects[i] = ktap_below(t, 2) ? kmalloc(ktap_below(t, 9000), GFP_KERNEL) : NULL;
		}
		if (!holds(t))
			break;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++) {
		kfree(objects[i]);
		objects[i] = NULL;
	}
	EXPECT(t, holds(t));
}

/* What a check reads it leaves: all counters, and the lists that the next allocation takes from. */
static void check_changes_nothing(struct ktap *t)
{
	static struct machine_stats before, after;
	static struct kmem_cpu cpu;

	ASSERT(t, bench_ready(t));
	machine_stats(bench.m, &before);
	cpu = *bench.m->cpus[0];
	EXPECT(t, holds(t));
	machine_stats(bench.m, &after);
	EXPECT_MEM(t, &after, &before, sizeof(after));
	EXPECT_MEM(t, bench.m->cpus[0], &cpu, sizeof(cpu));
}

static void typed_slab_may_wait_for_its_grace_period(struct ktap *t)
{
	struct kmem_cache *cache;
	void *objects[200];

	ASSERT(t, bench_ready(t));
	cache = kmem_cache_create("typed", 40, 0, SLAB_TYPESAFE_BY_RCU, NULL);
	ASSERT_NOT_NULL(t, cache);
	for (unsigned int i = 0; i < 200; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	for (unsigned int i = 0; i < 200; i++)
		kmem_cache_free(cache, objects[i]);
	kmem_cache_shrink(cache);
	EXPECT(t, holds(t));
	kmem_cache_destroy(cache);
	EXPECT(t, holds(t));
}

static void dump_shows_the_cache(struct ktap *t)
{
	ASSERT(t, bench_ready(t));
	sheaves_fill();
	console_clear();
	slab_dump(bench.m);
	EXPECT_CONTAINS(t, console_text(), "bench: size 320");
	EXPECT_CONTAINS(t, console_text(), "objects 180 live");
	EXPECT_CONTAINS(t, console_text(), "/20]");
}

KTAP_SUITE(slab_check, KTAP_CASE(s1_partial_slab_on_the_full_list), KTAP_CASE(s1_torn_list), KTAP_CASE(s1_endless_list),
	   KTAP_CASE(s2_inuse_differs_from_the_map), KTAP_CASE(s2_bit_beyond_the_last_object),
	   KTAP_CASE(s3_page_of_another_type), KTAP_CASE(s3_head_names_another_cache),
	   KTAP_CASE(s3_pages_that_are_no_slab_of_its_order), KTAP_CASE(s3_slab_on_another_nodes_list),
	   KTAP_CASE(s4_each_count_of_the_node), KTAP_CASE(s5_map_is_no_object), KTAP_CASE(s5_map_that_no_slab_has),
	   KTAP_CASE(h1_top_outside_the_sheaf), KTAP_CASE(h1_capacity), KTAP_CASE(h2_object_of_another_cache),
	   KTAP_CASE(h2_object_that_is_in_its_slab), KTAP_CASE(h2_object_in_two_sheaves),
	   KTAP_CASE(h2_duplicate_among_thousands), KTAP_CASE(h3_barn_counts),
	   KTAP_CASE(h3_torn_list_and_wrong_capacity), KTAP_CASE(h1_spare_that_holds_more_than_it_can),
	   KTAP_CASE(h2_stranger_in_the_barn), KTAP_CASE(h4_main_sheaf_is_no_object),
	   KTAP_CASE(a_walk_trusts_no_pointer), KTAP_CASE(h4_sheaf_is_no_object),
	   KTAP_CASE(h4_sheaf_that_is_lost), KTAP_CASE(h5_object_of_another_node), KTAP_CASE(k1_ids_and_the_list),
	   KTAP_CASE(k1_torn_list_of_caches),
	   KTAP_CASE(k2_sizes_and_type), KTAP_CASE(k3_descriptor_of_no_cache), KTAP_CASE(machine_in_use_is_sound),
	   KTAP_CASE(check_changes_nothing), KTAP_CASE(typed_slab_may_wait_for_its_grace_period),
	   KTAP_CASE(dump_shows_the_cache));
