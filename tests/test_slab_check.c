/* SPDX-License-Identifier: MIT */
/* test_slab_check.c - each truth of slabs and caches is broken once, found by its id, and repaired. */
#include "tests/slab_bench.h"

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
	unsigned long *word, bit;
	struct page *slab;

	ASSERT(t, bench_ready(t));
	slab = first_slab(&bench.node->full);
	ASSERT_NOT_NULL(t, slab);
	ASSERT(t, slab->objects % BITS_PER_LONG);
	word = slab_map(slab) + slab->objects / BITS_PER_LONG;
	bit = 1ul << slab->objects % BITS_PER_LONG;
	/* The count agrees, as if the map were one object longer. */
	*word |= bit;
	slab->inuse--;
	expect_fault(t, "S2");
	slab->inuse++;
	*word &= ~bit;
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
	bench.cache->id = 0;
	expect_fault(t, "K1");
	bench.cache->id = id;
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
	unsigned int nr_full;

	ASSERT(t, bench_ready(t));
	sheaves_fill();
	console_clear();
	slab_dump(bench.m);
	EXPECT_CONTAINS(t, console_text(), "bench: size 320");
	EXPECT_CONTAINS(t, console_text(), "objects 180 live");
	EXPECT_CONTAINS(t, console_text(), "/20]");
	nr_full = bench.node->barn.nr_full;
	bench.node->barn.nr_full = 0;
	bench.node->barn.nr_empty++;
	console_clear();
	slab_dump(bench.m);
	EXPECT_CONTAINS(t, console_text(), "node 0 barn 0 full 1 empty");
	bench.node->barn.nr_full = nr_full;
	bench.node->barn.nr_empty--;
}

KTAP_SUITE(slab_check, KTAP_CASE(s1_partial_slab_on_the_full_list), KTAP_CASE(s1_torn_list),
	   KTAP_CASE(s1_endless_list), KTAP_CASE(s2_inuse_differs_from_the_map),
	   KTAP_CASE(s2_bit_beyond_the_last_object), KTAP_CASE(s3_page_of_another_type),
	   KTAP_CASE(s3_head_names_another_cache), KTAP_CASE(s3_pages_that_are_no_slab_of_its_order),
	   KTAP_CASE(s3_slab_on_another_nodes_list), KTAP_CASE(s4_each_count_of_the_node),
	   KTAP_CASE(s5_map_is_no_object), KTAP_CASE(s5_map_that_no_slab_has), KTAP_CASE(k1_ids_and_the_list),
	   KTAP_CASE(k1_torn_list_of_caches), KTAP_CASE(k2_sizes_and_type), KTAP_CASE(k3_descriptor_of_no_cache),
	   KTAP_CASE(machine_in_use_is_sound), KTAP_CASE(check_changes_nothing),
	   KTAP_CASE(typed_slab_may_wait_for_its_grace_period), KTAP_CASE(dump_shows_the_cache));
