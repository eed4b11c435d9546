/* SPDX-License-Identifier: MIT */
/* test_stats.c - sums are what was done, and what is held adds up to the machine. */
#include "mm/slab.h"
#include "mm/stats.h"
#include "tests/page_machine.h"

static struct machine_stats before, after;
static struct cache_stats caches[KMEM_MAX_CACHES];

static unsigned long blocks_pages(const unsigned long *blocks)
{
	unsigned long pages = 0;

	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
		pages += blocks[order] << order;
	return pages;
}

static void fresh_machine_adds_up(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=1G nr_cpus=2");

	ASSERT_NOT_NULL(t, m);
	machine_stats(m, &after);
	EXPECT_EQ(t, after.managed_pages, m->totalram);
	EXPECT_LE(t, after.managed_pages, after.present_pages);
	EXPECT_EQ(t, blocks_pages(after.free_blocks), after.free_pages);
	EXPECT_EQ(t, after.zone_items[NR_FREE_PAGES], after.free_pages);
	EXPECT_LE(t, after.free_pages + after.pcp_pages + after.slab_unreclaimable_pages, after.managed_pages);
	EXPECT_EQ(t, after.large_kmalloc_pages, 0);
}

static void pages_are_counted(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	struct page *one, *many;

	ASSERT_NOT_NULL(t, m);
	machine_stats(m, &before);
	one = alloc_pages(GFP_KERNEL, 0);
	many = alloc_pages(GFP_KERNEL, 5);
	machine_stats(m, &after);
	EXPECT_EQ(t, before.free_pages + before.pcp_pages, after.free_pages + after.pcp_pages + 33);
	EXPECT_EQ(t, after.events[PGALLOC_DMA32] + after.events[PGALLOC_DMA] + after.events[PGALLOC_NORMAL],
		  before.events[PGALLOC_DMA32] + before.events[PGALLOC_DMA] + before.events[PGALLOC_NORMAL] + 33);
	EXPECT_EQ(t, after.numa_events[NUMA_HIT], before.numa_events[NUMA_HIT] + 2);
	__free_pages(one, 0);
	__free_pages(many, 5);
	machine_stats(m, &after);
	EXPECT_EQ(t, after.events[PGFREE], before.events[PGFREE] + 33);
	EXPECT_EQ(t, before.free_pages + before.pcp_pages, after.free_pages + after.pcp_pages);
}

static void large_objects_are_counted(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	void *large;

	ASSERT_NOT_NULL(t, m);
	machine_stats(m, &before);
	large = kmalloc(100000, GFP_KERNEL);
	machine_stats(m, &after);
	EXPECT_EQ(t, after.large_kmalloc_pages, 32);
	EXPECT_EQ(t, after.slab_unreclaimable_pages, before.slab_unreclaimable_pages + 32);
	kfree(large);
	machine_stats(m, &after);
	EXPECT_EQ(t, after.large_kmalloc_pages, 0);
}

static void zones_are_the_populated_ones(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=6G nr_cpus=1");
	struct zone_stats zones[8];
	unsigned int nr;

	ASSERT_NOT_NULL(t, m);
	nr = machine_zones(m, zones, 8);
	EXPECT_EQ(t, nr, m->nr_zones);
	ASSERT_LE(t, nr, 8);
	machine_stats(m, &after);
	for (unsigned int i = 0; i < nr; i++) {
		EXPECT_STR(t, zones[i].name, m->zones[i]->name);
		EXPECT_EQ(t, zones[i].free, blocks_pages(zones[i].free_blocks));
		EXPECT_LT(t, zones[i].min, zones[i].high);
		EXPECT_LE(t, zones[i].managed, zones[i].present);
		EXPECT_LE(t, zones[i].present, zones[i].spanned);
		EXPECT_EQ(t, zones[i].unusable[0], 0);
		EXPECT_EQ(t, zones[i].fragmentation[0], -1000);
		after.managed_pages -= zones[i].managed;
	}
	EXPECT_EQ(t, after.managed_pages, 0);
}

static void fewer_than_there_are_may_be_asked_for(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct zone_stats zones[2] = { [1] = { .node = 77 } };

	ASSERT_NOT_NULL(t, m);
	EXPECT_EQ(t, machine_zones(m, NULL, 0), m->nr_zones);
	machine_zones(m, zones, 1);
	EXPECT_EQ(t, zones[1].node, 77);
	caches[1].aliases = 4711;
	EXPECT_EQ(t, machine_caches(m, caches, 1), machine_caches(m, NULL, 0));
	EXPECT_EQ(t, caches[1].aliases, 4711);
}

static const struct cache_stats *cache_named(struct machine *m, const char *name)
{
	unsigned int nr = machine_caches(m, caches, KMEM_MAX_CACHES);

	for (unsigned int i = 0; i < nr; i++)
		if (!strcmp(caches[i].name, name))
			return &caches[i];
	return NULL;
}

static void live_objects_are_those_with_callers(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2");
	struct kmem_cache *cache;
	const struct cache_stats *stats;
	void *objects[50];

	ASSERT_NOT_NULL(t, m);
	cache = kmem_cache_create("fifty", 104, 0, SLAB_NO_MERGE, NULL);
	ASSERT_NOT_NULL(t, cache);
	for (unsigned int i = 0; i < 50; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	for (unsigned int i = 0; i < 20; i++)
		kmem_cache_free(cache, objects[i]);
	stats = cache_named(m, "fifty");
	ASSERT_NOT_NULL(t, stats);
	EXPECT_EQ(t, stats->live_objects, 30);
	EXPECT_EQ(t, stats->object_size, 104);
	EXPECT_EQ(t, stats->size, cache->size);
	EXPECT_EQ(t, stats->sheaf_objects, sheaf_objects(cache));
	EXPECT_GE(t, stats->total_objects, 50);
	EXPECT_EQ(t, stats->slabs, stats->full_slabs + stats->partial_slabs + stats->empty_slabs);
	EXPECT_GE(t, stats->total_objects, stats->live_objects + stats->sheaf_objects);
	EXPECT_EQ(t, stats->aliases, 0);
	for (unsigned int i = 20; i < 50; i++)
		kmem_cache_free(cache, objects[i]);
	kmem_cache_destroy(cache);
}

/* Of the usual order, and of the least: where larger blocks cannot be had, slabs are smaller. */
static void small_slabs_count_as_they_are(struct ktap *t)
{
	static const char *const cmdlines[] = { "mem=64M", "mem=64M fail_page_alloc=1,100,0,-1",
						"mem=64M fail_page_alloc=3,100,0,-1" };

	for (unsigned int i = 0; i < 3; i++) {
		struct machine *m = machine_for(t, cmdlines[i]);
		struct machine_stats stats;
		unsigned long pages = 0;
		void *objects[200];
		unsigned int nr;

		ASSERT_NOT_NULL(t, m);
		for (unsigned int n = 0; n < 200; n++)
			objects[n] = kmalloc(n % 2 ? 1000 : 3000, GFP_KERNEL | __GFP_NOWARN);
		nr = machine_caches(m, caches, KMEM_MAX_CACHES);
		for (unsigned int n = 0; n < nr; n++)
			pages += caches[n].slab_pages;
		machine_stats(m, &stats);
		EXPECT_EQ(t, pages, stats.slab_reclaimable_pages + stats.slab_unreclaimable_pages);
		if (!i)
			EXPECT_EQ(t, cache_named(m, "kmalloc-1k")->slab_pages,
				  cache_named(m, "kmalloc-1k")->slabs << cache_named(m, "kmalloc-1k")->slab_order);
		if (i == 1)
			EXPECT_EQ(t, cache_named(m, "kmalloc-1k")->slab_pages, cache_named(m, "kmalloc-1k")->slabs);
		for (unsigned int n = 0; n < 200; n++)
			kfree(objects[n]);
	}
}

static void a_class_and_its_twin_are_one_line(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	volatile size_t size = 5000;
	struct cache_stats before, after;
	void *own, *twins;

	ASSERT_NOT_NULL(t, m);
	before = *cache_named(m, "kmalloc-8k");
	own = kmalloc(8192, GFP_KERNEL);
	twins = kmalloc(size, GFP_KERNEL);
	after = *cache_named(m, "kmalloc-8k");
	EXPECT_NE(t, cache_of(m, own), cache_of(m, twins));
	EXPECT_EQ(t, after.live_objects, before.live_objects + 2);
	EXPECT_GE(t, after.total_objects, after.live_objects + after.sheaf_objects);
	EXPECT_EQ(t, after.slabs, before.slabs + 2);
	EXPECT_EQ(t, after.slabs, after.full_slabs + after.partial_slabs + after.empty_slabs);
	EXPECT_EQ(t, after.size, 8192);
	for (unsigned int i = machine_caches(m, caches, KMEM_MAX_CACHES); i-- > 0;)
		EXPECT(t, strcmp(caches[i].name, "kmalloc-8k") || caches[i].size == 8192);
	kfree(own);
	kfree(twins);
}

static void caches_may_be_asked_for_under_their_lock(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");

	ASSERT_NOT_NULL(t, m);
	mutex_lock(&m->cache_lock);
	EXPECT_GT(t, machine_caches(m, NULL, 0), 20);
	EXPECT(t, mutex_is_locked(&m->cache_lock));
	mutex_unlock(&m->cache_lock);
}

KTAP_SUITE(stats, KTAP_CASE(fresh_machine_adds_up), KTAP_CASE(pages_are_counted), KTAP_CASE(large_objects_are_counted),
	   KTAP_CASE(zones_are_the_populated_ones), KTAP_CASE(fewer_than_there_are_may_be_asked_for),
	   KTAP_CASE(live_objects_are_those_with_callers), KTAP_CASE(small_slabs_count_as_they_are),
	   KTAP_CASE(a_class_and_its_twin_are_one_line),
	   KTAP_CASE(caches_may_be_asked_for_under_their_lock));
