/* SPDX-License-Identifier: MIT */
/* test_sheaf_check.c - each truth of sheaves and barns is broken once, found by its id, and repaired. */
#include "tests/slab_bench.h"

static void h1_top_outside_the_sheaf(struct ktap *t)
{
	void **top;

	ASSERT(t, bench_ready(t));
	ASSERT_NOT_NULL(t, sheaf_slot_main(bench.slot));
	top = bench.slot->top;
	bench.slot->top = sheaf_slot_limit(bench.slot) + 1;
	expect_fault(t, "H1");
	bench.slot->top = bench.slot->base - 1;
	expect_fault(t, "H1");
	bench.slot->top = top;
	EXPECT(t, holds(t));
}

static void h1_capacity(struct ktap *t)
{
	ASSERT(t, bench_ready(t));
	bench.slot->cache = bench.m->cache_by_id[1];
	expect_fault(t, "H1");
	bench.slot->cache = bench.cache;
	bench.slot->free_limit--;
	expect_fault(t, "H1");
	bench.slot->free_limit++;
	container_of(bench.slot->base, struct sheaf, objects[0])->capacity++;
	expect_fault(t, "H1");
	container_of(bench.slot->base, struct sheaf, objects[0])->capacity--;
	sheaf_slot_main(bench.slot)->bottom = NULL;
	expect_fault(t, "H1");
	sheaf_slot_main(bench.slot)->bottom = &sheaf_slot_main(bench.slot)->capacity;
	EXPECT(t, holds(t));
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
	full = bench.node->barn.full;
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
	for (full = cache->node[0]->barn.full; full->next;)
		full = full->next;
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
	full = barn->full;
	full->nr--;
	expect_fault(t, "H3");
	full->nr++;
	EXPECT(t, holds(t));
}

static void h4_sheaf_is_no_object(struct ktap *t)
{
	struct sheaf *spare, *first;

	ASSERT(t, bench_ready(t));
	sheaves_fill();
	spare = bench.slot->spare;
	ASSERT_NOT_NULL(t, spare);
	bench.slot->spare = (struct sheaf *)bench.objects[200];
	expect_fault(t, "H4");
	bench.slot->spare = spare;
	first = bench.node->barn.full;
	bench.node->barn.full = bench.objects[200];
	expect_fault(t, "H4");
	bench.node->barn.full = first;
	EXPECT(t, holds(t));
}

static void h3_torn_stack_and_wrong_capacity(struct ktap *t)
{
	struct sheaf *full, *next;

	ASSERT(t, bench_ready(t));
	sheaves_fill();
	full = bench.node->barn.full;
	ASSERT_NOT_NULL(t, full);
	next = full->next;
	ASSERT_NOT_NULL(t, next);
	full->next = NULL;
	expect_fault(t, "H3");
	full->next = full;		/* without an end */
	expect_fault(t, "H3");
	full->next = next;
	full->capacity++;
	expect_fault(t, "H3");
	full->capacity--;
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
	full = bench.node->barn.full;
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
	struct barn *barn, kept_barn;
	struct sheaf *full, *next;
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
	barn = &bench.node->barn;
	kept_barn = *barn;
	full = barn->full;
	next = full->next;
	barn->full = (struct sheaf *)16;
	EXPECT_LT(t, sheaves_found(1000), all);
	barn->full = full;
	full->next = full;		/* leads back to itself for ever */
	EXPECT_LE(t, sheaves_found(1000), all);
	barn->full = next;		/* the walk's last */
	barn->nr_full--;
	full->next = barn->empty;
	barn->empty = full;
	barn->nr_empty++;
	EXPECT_EQ(t, sheaves_found(all), all);
	full->next = next;
	*barn = kept_barn;
	EXPECT(t, holds(t));
	EXPECT(t, !is_described_page(bench.m, (struct page *)((char *)virt_to_page(bench.cache) + 8)));
	EXPECT(t, !is_direct_memory(bench.m, bench.cache, ~(size_t)0));
	EXPECT(t, !is_direct_memory(bench.m, (char *)bench.cache + 1, 1));
	EXPECT(t, !is_direct_memory(bench.m, NULL, 1));
}

KTAP_SUITE(sheaf_check, KTAP_CASE(h1_top_outside_the_sheaf), KTAP_CASE(h1_capacity),
	   KTAP_CASE(h2_object_of_another_cache), KTAP_CASE(h2_object_that_is_in_its_slab),
	   KTAP_CASE(h2_object_in_two_sheaves), KTAP_CASE(h2_duplicate_among_thousands), KTAP_CASE(h3_barn_counts),
	   KTAP_CASE(h3_torn_stack_and_wrong_capacity), KTAP_CASE(h1_spare_that_holds_more_than_it_can),
	   KTAP_CASE(h2_stranger_in_the_barn), KTAP_CASE(h4_main_sheaf_is_no_object),
	   KTAP_CASE(a_walk_trusts_no_pointer), KTAP_CASE(h4_sheaf_is_no_object), KTAP_CASE(h4_sheaf_that_is_lost),
	   KTAP_CASE(h5_object_of_another_node));
