/* SPDX-License-Identifier: MIT */
/*
 * test_vmscan.c - shrinkers, direct reclaim and the background task, on small machines that are really full.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include "mm/fault_inject.h"
#include "mm/page_alloc.h"
#include "mm/node_task.h"
#include "mm/vmscan.h"
#include "tests/machine_for.h"

/* ----------------------------------------------------------------------------------------- a machine, filled */

/* Take every page that flags can have. */
static unsigned long fill(struct list_head *pages, gfp_t gfp)
{
	unsigned long nr = 0;
	struct page *page;

	while ((page = alloc_page(gfp | __GFP_NOWARN))) {
		list_add(&page->lru, pages);
		nr++;
	}
	return nr;
}

static void empty(struct list_head *pages)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, pages, lru)
		__free_page(page);
	INIT_LIST_HEAD(pages);
}

static unsigned long event(struct machine *m, enum vm_event_item item)
{
	static struct machine_stats stats;

	machine_stats(m, &stats);
	return stats.events[item];
}

/* ----------------------------------------------------------------------------------------- a shrinker to watch */

struct watched {
	struct shrinker shrinker;
	unsigned long freeable;		/* what count_objects says */
	unsigned long counts, scans, scanned;
	unsigned long greedy;		/* most that one call was asked for */
	gfp_t gfp_and, gfp_or;		/* of all calls' flags */
	unsigned int nodes;		/* a bit a node it was called for */
	bool stops;			/* SHRINK_STOP always */
	bool frees;			/* what is scanned is freed */
	struct list_head pages;		/* freed from, a page an object */
};

static struct watched *watched_of(struct shrinker *shrinker)
{
	return container_of(shrinker, struct watched, shrinker);
}

static unsigned long count(struct shrinker *shrinker, struct shrink_control *control)
{
	struct watched *w = watched_of(shrinker);

	w->counts++;
	w->gfp_and &= control->gfp_mask;
	w->gfp_or |= control->gfp_mask;
	w->nodes |= 1u << control->nid;
	return __atomic_load_n(&w->freeable, __ATOMIC_RELAXED);
}

static unsigned long scan(struct shrinker *shrinker, struct shrink_control *control)
{
	struct watched *w = watched_of(shrinker);
	unsigned long freed = 0;

	w->scans++;
	if (control->nr_to_scan > w->greedy)
		w->greedy = control->nr_to_scan;
	if (w->stops)
		return SHRINK_STOP;
	w->scanned += control->nr_to_scan;
	while (w->frees && freed < control->nr_to_scan && w->freeable) {
		if (!list_empty(&w->pages)) {
			struct page *page = list_first_entry(&w->pages, struct page, lru);

			list_del(&page->lru);
			__free_page(page);
		}
		__atomic_store_n(&w->freeable, w->freeable - 1, __ATOMIC_RELAXED);
		freed++;
	}
	return freed;
}

static void watch(struct watched *w)
{
	*w = (struct watched){ .shrinker = { .count_objects = count, .scan_objects = scan, .seeks = DEFAULT_SEEKS,
					   .flags = SHRINKER_NUMA_AWARE | SHRINKER_MEMCG_AWARE | SHRINKER_NONSLAB } };
	w->gfp_and = ~(gfp_t)0;
	INIT_LIST_HEAD(&w->pages);
}

/* Scanned objects of one pass at a priority, by what the documentation says. */
static unsigned long try_once(struct machine *m, gfp_t gfp)
{
	return try_to_free_pages(m, m->nodes[0]->fallback, 0, gfp);
}

/* ------------------------------------------------------------------------------------------- the list of them */

static void a_shrinker_needs_both_calls_and_a_name(struct ktap *t)
{
	struct shrinker shrinker = { .count_objects = count, .scan_objects = scan };
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2");

	if (!m)
		return;
	fault_arm(m, FAULT_BIT(FAULT_SLAB), 1, false);	/* no memory for its name */
	EXPECT_EQ(t, register_shrinker(&shrinker, "nameless"), -ENOMEM);
	fault_disarm(m);
	shrinker = (struct shrinker){ .count_objects = count };
	EXPECT_EQ(t, register_shrinker(&shrinker, "half"), -EINVAL);
	shrinker = (struct shrinker){ .scan_objects = scan };
	EXPECT_EQ(t, register_shrinker(&shrinker, "the other half"), -EINVAL);
	unregister_shrinker(&shrinker);		/* never registered: nothing */
}

static void shrinkers_come_and_go(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2");
	struct watched a, b;

	if (!m)
		return;
	watch(&a);
	watch(&b);
	ASSERT_EQ(t, register_shrinker(&a.shrinker, "a-%d", 1), 0);
	ASSERT_EQ(t, register_shrinker(&b.shrinker, "b"), 0);
	EXPECT_STR(t, a.shrinker.name, "a-1");
	EXPECT(t, reclaim_check(m, NULL));
	drop_slab(m);
	EXPECT_EQ(t, a.counts, 1);
	EXPECT_EQ(t, b.counts, 1);
	unregister_shrinker(&a.shrinker);
	drop_slab(m);
	EXPECT_EQ(t, a.counts, 1);
	EXPECT_EQ(t, b.counts, 2);
	unregister_shrinker(&b.shrinker);
	unregister_shrinker(&b.shrinker);
	drop_slab(m);
	EXPECT_EQ(t, b.counts, 2);
}

static void a_shrinker_is_registered_once(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2");
	struct watched w;

	ASSERT(t, m);
	watch(&w);
	ASSERT_EQ(t, register_shrinker(&w.shrinker, "once"), 0);
	EXPECT_EQ(t, register_shrinker(&w.shrinker, "twice"), -EEXIST);
	EXPECT_CONTAINS(t, console_text(), "register_shrinker: ");
	EXPECT_STR(t, w.shrinker.name, "once");
	drop_slab(m);
	EXPECT_EQ(t, w.counts, 1);
	unregister_shrinker(&w.shrinker);
	EXPECT(t, list_empty(&m->shrinkers));
	ASSERT_EQ(t, register_shrinker(&w.shrinker, "again"), 0);
	unregister_shrinker(&w.shrinker);
}

static unsigned long slow_count(struct shrinker *shrinker, struct shrink_control *control)
{
	struct watched *w = watched_of(shrinker);
	u32 never = 0;

	(void)control;
	__atomic_store_n(&w->counts, 1, __ATOMIC_RELEASE);
	host_wait(&never, 0, 20000000);
	__atomic_store_n(&w->counts, 2, __ATOMIC_RELEASE);
	return 0;
}

struct pair {
	struct machine *m;
	struct watched *w;
};

/* Thread 0 shrinks; thread 1 unregisters while the call runs, and returns only when it has ended. */
static void shrink_or_unregister(struct ktap *t, unsigned int i, void *arg)
{
	struct pair *pair = arg;

	machine_enter(pair->m);
	if (!i) {
		drop_slab(pair->m);
	} else {
		u32 never = 0;

		while (!__atomic_load_n(&pair->w->counts, __ATOMIC_ACQUIRE))
			host_wait(&never, 0, 100000);
		unregister_shrinker(&pair->w->shrinker);
		EXPECT_EQ(t, __atomic_load_n(&pair->w->counts, __ATOMIC_ACQUIRE), 2);
	}
	machine_leave();
}

static void unregister_waits_for_a_running_call(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=4");
	struct watched w;
	struct pair pair = { m, &w };

	if (!m)
		return;
	watch(&w);
	w.shrinker.count_objects = slow_count;
	ASSERT_EQ(t, register_shrinker(&w.shrinker, "slow"), 0);
	ktap_threads(t, 2, shrink_or_unregister, &pair);
}

/* ----------------------------------------------------------------------------------------- how much is asked for */

static void nothing_to_free_is_not_scanned(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2");
	struct watched w;

	if (!m)
		return;
	watch(&w);
	ASSERT_EQ(t, register_shrinker(&w.shrinker, "none"), 0);
	drop_slab(m);
	w.freeable = SHRINK_EMPTY;
	drop_slab(m);
	EXPECT_EQ(t, w.counts, 2);
	EXPECT_EQ(t, w.scans, 0);
	unregister_shrinker(&w.shrinker);
}

/* At priority 0 and seeks 2: twice of all there is, in batches. */
static void batches_are_128_unless_told(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2");
	unsigned long before;
	struct watched w;

	if (!m)
		return;
	watch(&w);
	w.freeable = 1000;
	before = event(m, SLABS_SCANNED);
	ASSERT_EQ(t, register_shrinker(&w.shrinker, "lazy"), 0);
	EXPECT_EQ(t, drop_slab(m), 0);
	EXPECT_EQ(t, w.greedy, 128);
	EXPECT_EQ(t, w.scanned, 2000 / 128 * 128);
	EXPECT_EQ(t, w.shrinker.nr_deferred, 2000 % 128);
	EXPECT_EQ(t, event(m, SLABS_SCANNED) - before, w.scanned);
	unregister_shrinker(&w.shrinker);

	watch(&w);
	w.freeable = 1000;
	w.shrinker.batch = 300;
	ASSERT_EQ(t, register_shrinker(&w.shrinker, "large"), 0);
	drop_slab(m);
	EXPECT_EQ(t, w.greedy, 300);
	EXPECT_EQ(t, w.scanned, 1800);
	EXPECT_EQ(t, w.shrinker.nr_deferred, 200);
	unregister_shrinker(&w.shrinker);

	/* Fewer than a batch are scanned if they are all there is. */
	watch(&w);
	w.freeable = 10;
	w.frees = true;
	ASSERT_EQ(t, register_shrinker(&w.shrinker, "few"), 0);
	EXPECT_EQ(t, drop_slab(m), 10);
	EXPECT_EQ(t, w.freeable, 0);
	unregister_shrinker(&w.shrinker);
}

static unsigned long look_at_nothing(struct shrinker *shrinker, struct shrink_control *control)
{
	watched_of(shrinker)->scans++;
	control->nr_scanned = 0;
	return 0;
}

static void a_shrinker_that_looks_at_nothing_is_not_asked_for_ever(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2");
	struct watched w;

	if (!m)
		return;
	watch(&w);
	w.freeable = 1000;
	w.shrinker.scan_objects = look_at_nothing;
	ASSERT_EQ(t, register_shrinker(&w.shrinker, "blind"), 0);
	EXPECT_EQ(t, drop_slab(m), 0);
	EXPECT_GE(t, w.scans, 1);
	EXPECT_LE(t, w.scans, 20);
	unregister_shrinker(&w.shrinker);
}

static void free_objects_are_halved_and_dear_ones_spared(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2");
	struct watched w;

	if (!m)
		return;
	watch(&w);
	w.freeable = 1024;
	w.shrinker.seeks = 0;
	ASSERT_EQ(t, register_shrinker(&w.shrinker, "free"), 0);
	drop_slab(m);
	EXPECT_EQ(t, w.scanned, 512);
	unregister_shrinker(&w.shrinker);

	watch(&w);
	w.freeable = 1024;
	w.shrinker.seeks = 16;
	ASSERT_EQ(t, register_shrinker(&w.shrinker, "dear"), 0);
	drop_slab(m);
	EXPECT_EQ(t, w.scanned, 256);
	unregister_shrinker(&w.shrinker);
}

/* Who cannot work now finds the work later, but never more than twice what he has. */
static void refused_work_is_deferred(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2");
	struct watched w;

	if (!m)
		return;
	watch(&w);
	w.freeable = 1280;
	w.stops = true;
	w.shrinker.seeks = 4;
	ASSERT_EQ(t, register_shrinker(&w.shrinker, "busy"), 0);
	drop_slab(m);
	EXPECT_EQ(t, w.shrinker.nr_deferred, 1280);
	drop_slab(m);
	EXPECT_EQ(t, w.shrinker.nr_deferred, 2560);
	drop_slab(m);
	EXPECT_EQ(t, w.shrinker.nr_deferred, 2560);
	EXPECT_EQ(t, w.scans, 3);
	w.stops = false;
	drop_slab(m);
	EXPECT_EQ(t, w.scanned, 2560);
	EXPECT(t, reclaim_check(m, NULL));
	unregister_shrinker(&w.shrinker);
}

/* Direct reclaim goes from priority 12 to 0: 13 looks, each at twice what the last one saw. */
static void priorities_rise_from_12_to_0(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2");
	unsigned long want = 0;
	struct watched w;

	if (!m)
		return;
	watch(&w);
	w.freeable = 4096ul * 64;
	w.shrinker.batch = 1;
	for (int priority = 12; priority >= 0; priority--)
		want += (w.freeable >> priority) * 2;
	try_once(m, GFP_KERNEL);	/* what the allocators keep for themselves goes first */
	ASSERT_EQ(t, register_shrinker(&w.shrinker, "fruitless"), 0);
	try_once(m, GFP_KERNEL);
	EXPECT_EQ(t, w.counts, 13);
	EXPECT_EQ(t, w.scanned, want);
	unregister_shrinker(&w.shrinker);
}

static void each_node_is_asked(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=128M numa=fake=2 nr_cpus=2");
	struct watched w;

	if (!m)
		return;
	ASSERT_EQ(t, m->nr_nodes, 2);
	watch(&w);
	ASSERT_EQ(t, register_shrinker(&w.shrinker, "nodes"), 0);
	drop_slab(m);
	EXPECT_EQ(t, w.counts, 2);
	EXPECT_EQ(t, w.nodes, 3);
	unregister_shrinker(&w.shrinker);
}

/* --------------------------------------------------------------------------------------- who may call shrinkers */

/* Fill the machine, then ask for one page more. Returns how often the shrinker was called. */
static unsigned long calls_by(struct ktap *t, gfp_t gfp, struct watched *w)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2 sysctl.vm.watermark_boost_factor=0");
	LIST_HEAD(taken);
	struct page *page;

	watch(w);
	if (m && EXPECT_EQ(t, register_shrinker(&w->shrinker, "watch"), 0)) {
		fill(&taken, gfp & ~__GFP_RECLAIM);
		w->freeable = 1;
		page = alloc_page(gfp | __GFP_NOWARN);
		if (page)
			__free_page(page);
		unregister_shrinker(&w->shrinker);
	}
	empty(&taken);
	return w->counts;
}

static void reclaim_is_for_who_may(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2");
	struct watched w;

	ASSERT_NOT_NULL(t, m);
	watch(&w);
	ASSERT_EQ(t, register_shrinker(&w.shrinker, "w"), 0);
	EXPECT_EQ(t, try_once(m, GFP_NOWAIT), 0);
	EXPECT_EQ(t, w.counts, 0);
	EXPECT_EQ(t, console_count("WARNING: "), 1);
	unregister_shrinker(&w.shrinker);
}

static void c13_without_direct_reclaim_nothing_is_shrunk(struct ktap *t)
{
	struct watched w;

	EXPECT_EQ(t, calls_by(t, GFP_KERNEL & ~__GFP_RECLAIM, &w), 0);
	EXPECT_GT(t, calls_by(t, (GFP_KERNEL & ~__GFP_KSWAPD_RECLAIM) | __GFP_NORETRY, &w), 0);
}

static void c14_without_kswapd_reclaim_no_task_is_woken(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2 sysctl.vm.watermark_boost_factor=0");
	struct page *page;
	LIST_HEAD(taken);

	if (!m)
		return;
	fill(&taken, GFP_KERNEL & ~__GFP_RECLAIM);
	EXPECT(t, !m->nodes[0]->kswapd.started);
	EXPECT_EQ(t, m->nodes[0]->kswapd.wake, 0);
	page = alloc_page(GFP_NOWAIT | __GFP_NOWARN);	/* the task may be quick enough to find one */
	EXPECT(t, m->nodes[0]->kswapd.started);
	EXPECT_GT(t, m->nodes[0]->kswapd.wake, 0);
	if (page)
		__free_page(page);
	empty(&taken);
}

static void c19_nofs_and_noio_reach_shrinkers(struct ktap *t)
{
	struct watched w;

	EXPECT_GT(t, calls_by(t, (GFP_NOFS & ~__GFP_KSWAPD_RECLAIM) | __GFP_NORETRY, &w), 0);
	EXPECT(t, !(w.gfp_or & __GFP_FS) && (w.gfp_and & __GFP_IO));
	EXPECT_GT(t, calls_by(t, (GFP_NOIO & ~__GFP_KSWAPD_RECLAIM) | __GFP_NORETRY, &w), 0);
	EXPECT(t, !(w.gfp_or & (__GFP_FS | __GFP_IO)));
}

static void c19_scopes_reach_shrinkers(struct ktap *t)
{
	const gfp_t gfp = (GFP_KERNEL & ~__GFP_KSWAPD_RECLAIM) | __GFP_NORETRY;
	unsigned int old = memalloc_nofs_save();
	struct watched w;

	EXPECT_GT(t, calls_by(t, gfp, &w), 0);
	EXPECT(t, !(w.gfp_or & __GFP_FS) && (w.gfp_and & __GFP_IO));
	memalloc_nofs_restore(old);
	old = memalloc_noio_save();
	EXPECT_GT(t, calls_by(t, gfp, &w), 0);
	EXPECT(t, !(w.gfp_or & (__GFP_FS | __GFP_IO)));
	memalloc_noio_restore(old);
	EXPECT_GT(t, calls_by(t, gfp, &w), 0);
	EXPECT_EQ(t, w.gfp_and & (__GFP_FS | __GFP_IO), __GFP_FS | __GFP_IO);
}

/* Also who reclaims without having allocated. */
static void c19_scopes_hold_in_reclaim_itself(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2");
	struct watched w;
	unsigned int old;

	if (!m)
		return;
	watch(&w);
	ASSERT_EQ(t, register_shrinker(&w.shrinker, "scoped"), 0);
	reclaim_internal(m, GFP_KERNEL);
	old = memalloc_nofs_save();
	try_once(m, GFP_KERNEL);
	memalloc_nofs_restore(old);
	EXPECT_GT(t, w.counts, 0);
	EXPECT_EQ(t, w.gfp_or, GFP_NOFS);
	unregister_shrinker(&w.shrinker);
}

static unsigned long reenter_count(struct shrinker *shrinker, struct shrink_control *control)
{
	struct watched *w = watched_of(shrinker);
	struct page *page;

	(void)control;
	w->counts++;
	w->scans |= !(current->flags & PF_MEMALLOC);
	/* Would reclaim, outside; and must not have the task reclaim, which would count too. */
	page = alloc_page((GFP_KERNEL & ~__GFP_KSWAPD_RECLAIM) | __GFP_NOMEMALLOC | __GFP_NOWARN);
	if (page)
		__free_page(page);
	return 0;
}

static void reclaim_never_enters_reclaim(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2");
	LIST_HEAD(taken);
	struct watched w;

	if (!m)
		return;
	watch(&w);
	w.shrinker.count_objects = reenter_count;
	ASSERT_EQ(t, register_shrinker(&w.shrinker, "reenter"), 0);
	fill(&taken, GFP_KERNEL & ~__GFP_RECLAIM);
	reclaim_internal(m, GFP_KERNEL);
	EXPECT_EQ(t, try_once(m, GFP_KERNEL & ~__GFP_KSWAPD_RECLAIM), 0);
	EXPECT_EQ(t, w.counts, 13);
	EXPECT_EQ(t, w.scans, 0);
	EXPECT(t, !(current->flags & PF_MEMALLOC));
	unregister_shrinker(&w.shrinker);
	empty(&taken);
}

/* ------------------------------------------------------------------------------------------------ it gives memory */

static void what_a_shrinker_frees_serves_the_request(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2");
	LIST_HEAD(taken);
	struct page *page;
	struct watched w;

	if (!m)
		return;
	watch(&w);
	w.frees = true;
	ASSERT_EQ(t, register_shrinker(&w.shrinker, "pages"), 0);
	w.freeable = fill(&w.pages, GFP_KERNEL & ~__GFP_RECLAIM);
	page = alloc_page(GFP_KERNEL & ~__GFP_KSWAPD_RECLAIM);
	if (EXPECT_NOT_NULL(t, page))
		__free_page(page);
	EXPECT_GE(t, w.scanned, 1);
	unregister_shrinker(&w.shrinker);
	empty(&w.pages);
	empty(&taken);
}

static void emptied_slabs_count_as_progress(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2");
	struct kmem_cache *cache;
	void *objects[64];

	if (!m)
		return;
	cache = kmem_cache_create("emptied", 1024, 0, SLAB_NO_MERGE, NULL);
	ASSERT_NOT_NULL(t, cache);
	for (int i = 0; i < 64; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	reclaim_internal(m, GFP_KERNEL);
	EXPECT_EQ(t, reclaim_internal(m, GFP_KERNEL), 0);
	kmem_cache_free_bulk(cache, 64, objects);
	EXPECT_EQ(t, reclaim_internal(m, GFP_NOWAIT), 0);
	EXPECT_GE(t, reclaim_internal(m, GFP_KERNEL), 16);
	kmem_cache_destroy(cache);
}

/* ------------------------------------------------------------------------------------------------------- kswapd */

/* Some zone that the request could use is: that is what the background task works for. */
static bool above_high(struct machine *m)
{
	for (enum zone_type type = ZONE_DMA; type <= ZONE_BULK; type++) {
		struct zone *zone = &m->nodes[0]->zones[type];

		if (zone_watermark_ok(zone, 0, zone->watermark[WMARK_HIGH], ZONE_BULK, 0))
			return true;
	}
	return false;
}

static void kswapd_balances_to_the_high_watermark(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2 sysctl.vm.watermark_boost_factor=0");
	struct watched w;
	struct page *page;

	if (!m)
		return;
	watch(&w);
	w.frees = true;
	ASSERT_EQ(t, register_shrinker(&w.shrinker, "pages"), 0);
	w.freeable = fill(&w.pages, GFP_KERNEL & ~__GFP_RECLAIM);
	page = alloc_page(GFP_NOWAIT | __GFP_NOWARN);
	EXPECT(t, wait_until(m, above_high));
	EXPECT_GT(t, event(m, PAGEOUTRUN), 0);
	EXPECT_EQ(t, event(m, ALLOCSTALL_NORMAL) + event(m, ALLOCSTALL_DMA32), 0);
	if (page)
		__free_page(page);
	unregister_shrinker(&w.shrinker);
	empty(&w.pages);
}

static bool has_given_up(struct machine *m)
{
	wakeup_kswapd(&m->nodes[0]->zones[ZONE_BULK], GFP_KERNEL, 0, ZONE_NORMAL);
	return __atomic_load_n(&m->nodes[0]->kswapd_failures, __ATOMIC_RELAXED) >= 16;
}

static bool boost_is_gone(struct machine *m)
{
	return !__atomic_load_n(&m->nodes[0]->zones[ZONE_BULK].watermark_boost, __ATOMIC_RELAXED);
}

/* Mixed blocks raise the watermarks until the background task has reclaimed once for them. */
static void kswapd_ends_a_boost(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2");

	if (!m)
		return;
	m->nodes[0]->zones[ZONE_BULK].watermark_boost = 100;
	wakeup_kswapd(&m->nodes[0]->zones[ZONE_BULK], 0, 0, ZONE_BULK);
	EXPECT(t, wait_until(m, boost_is_gone));
	EXPECT_EQ(t, event(m, PAGEOUTRUN), 1);
}

static void kswapd_gives_up_until_reclaim_succeeds(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2 sysctl.vm.watermark_boost_factor=0");
	LIST_HEAD(taken);
	struct watched w;
	u32 wakes;

	if (!m)
		return;
	watch(&w);
	ASSERT_EQ(t, register_shrinker(&w.shrinker, "pages"), 0);
	fill(&taken, GFP_KERNEL & ~__GFP_RECLAIM);
	EXPECT(t, wait_until(m, has_given_up));
	wakes = __atomic_load_n(&m->nodes[0]->kswapd.wake, __ATOMIC_RELAXED);
	has_given_up(m);
	EXPECT_EQ(t, __atomic_load_n(&m->nodes[0]->kswapd.wake, __ATOMIC_RELAXED), wakes);
	list_splice_init(&taken, &w.pages);
	w.frees = true;
	w.freeable = 100;
	EXPECT_GT(t, try_once(m, GFP_KERNEL), 0);
	EXPECT_EQ(t, __atomic_load_n(&m->nodes[0]->kswapd_failures, __ATOMIC_RELAXED), 0);
	unregister_shrinker(&w.shrinker);
	empty(&w.pages);
}

static void kswapd_works_where_there_is_one_cpu(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1 sysctl.vm.watermark_boost_factor=0");
	struct watched w;

	if (!m)
		return;
	watch(&w);
	w.frees = true;
	ASSERT_EQ(t, register_shrinker(&w.shrinker, "pages"), 0);
	w.freeable = fill(&w.pages, GFP_KERNEL & ~__GFP_RECLAIM);
	wakeup_kswapd(&m->nodes[0]->zones[ZONE_BULK], GFP_KERNEL, 0, ZONE_NORMAL);
	EXPECT(t, wait_until(m, above_high));
	unregister_shrinker(&w.shrinker);
	empty(&w.pages);
}

/* Boot, wake, shut down at once: the task must be gone before the machine is. */
static void kswapd_ends_with_its_machine(struct ktap *t)
{
	for (int i = 0; i < 50 && !ktap_failed(t); i++) {
		struct machine *m = machine_boot(&(struct machine_config){ .cmdline = "mem=64M nr_cpus=2" });
		LIST_HEAD(taken);

		ASSERT_NOT_NULL(t, m);
		machine_enter(m);
		fill(&taken, GFP_KERNEL & ~__GFP_RECLAIM);
		wakeup_kswapd(&m->nodes[0]->zones[ZONE_BULK], GFP_KERNEL, 0, ZONE_NORMAL);
		EXPECT(t, m->nodes[0]->kswapd.started);
		empty(&taken);
		machine_leave();
		EXPECT_EQ(t, machine_shutdown(m), 0);
	}
}

/* The machine goes down while it works: it looks at that after each step. */
static unsigned long scan_in_a_machine_that_goes_down(struct shrinker *shrinker, struct shrink_control *control)
{
	struct watched *w = watched_of(shrinker);

	if (!(current->flags & PF_KSWAPD))
		return scan(shrinker, control);
	__atomic_fetch_add(&w->scans, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&this_machine()->nodes[0]->kswapd.stop, true, __ATOMIC_SEQ_CST);
	return SHRINK_STOP;
}

static bool kswapd_is_gone(struct machine *m)
{
	return __atomic_load_n(&m->nodes[0]->kswapd.gone, __ATOMIC_ACQUIRE);
}

static void kswapd_ends_where_it_is(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2 sysctl.vm.watermark_boost_factor=0");
	struct watched w;

	if (!m)
		return;
	watch(&w);
	w.shrinker.scan_objects = scan_in_a_machine_that_goes_down;
	ASSERT_EQ(t, register_shrinker(&w.shrinker, "last"), 0);
	w.freeable = fill(&w.pages, GFP_KERNEL & ~__GFP_RECLAIM);
	wakeup_kswapd(&m->nodes[0]->zones[ZONE_BULK], GFP_KERNEL, 0, ZONE_NORMAL);
	EXPECT(t, wait_until(m, kswapd_is_gone));
	EXPECT_EQ(t, w.scans, 1);
	unregister_shrinker(&w.shrinker);
	empty(&w.pages);
}

static void who_asks_for_nothing_wakes_nobody(struct ktap *t)
{
	enum zone_type highest = MAX_NR_ZONES;
	struct node_task task = { .asked = 0 };
	unsigned int order = 99;

	EXPECT(t, !node_task_take(&task, &order, &highest));
	EXPECT_EQ(t, order, 99);
	EXPECT_EQ(t, highest, MAX_NR_ZONES);
}

/* Several tasks take and give while little is left; none may be lost, nothing may hang. */
static void compete(struct ktap *t, unsigned int i, void *arg)
{
	struct machine *m = arg;
	LIST_HEAD(mine);

	(void)t;
	machine_enter(m);
	for (int round = 0; round < 4; round++) {
		fill(&mine, (i & 1 ? GFP_KERNEL : GFP_NOFS) | __GFP_NORETRY);
		empty(&mine);
	}
	machine_leave();
}

static void tasks_compete_for_the_last_pages(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=32M nr_cpus=2");
	unsigned long before;

	if (!m)
		return;
	reclaim_internal(m, GFP_KERNEL);
	before = nr_free_pages();
	ktap_threads(t, 4, compete, m);
	reclaim_internal(m, GFP_KERNEL);
	EXPECT_EQ(t, nr_free_pages(), before);
	EXPECT(t, reclaim_check(m, NULL));
}

/* --------------------------------------------------------------------------------------------------- the checker */

static void expect_fault(struct ktap *t, struct machine *m, const char *id)
{
	struct kmem_fault fault = { .id = "none" };

	EXPECT(t, !reclaim_check(m, &fault));
	EXPECT_STR(t, fault.id, id);
}

static void each_broken_invariant_is_named(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2");
	struct watched w;

	if (!m)
		return;
	watch(&w);
	ASSERT_EQ(t, register_shrinker(&w.shrinker, "broken"), 0);
	EXPECT(t, reclaim_check(m, NULL));
	w.shrinker.scan_objects = NULL;
	expect_fault(t, m, "R1");
	w.shrinker.scan_objects = scan;
	w.shrinker.count_objects = NULL;
	expect_fault(t, m, "R1");
	w.shrinker.count_objects = count;
	w.shrinker.flags ^= 1;		/* is on the list, and says that it is not */
	expect_fault(t, m, "R1");
	w.shrinker.flags ^= 1;
	w.shrinker.nr_deferred = -1;
	expect_fault(t, m, "R2");
	w.shrinker.nr_deferred = 0;
	m->nodes[0]->kswapd_failures = 1;
	expect_fault(t, m, "R3");
	m->nodes[0]->kswapd_failures = 0;
	m->nodes[0]->kswapd.sleeping = 1;
	expect_fault(t, m, "R3");
	m->nodes[0]->kswapd.sleeping = 0;
	m->nodes[0]->kcompactd.sleeping = 1;
	expect_fault(t, m, "R3");
	m->nodes[0]->kcompactd.sleeping = 0;
	unregister_shrinker(&w.shrinker);
}

/* The task that slept is the parent's: what is left in the child is a node without one. */
static void a_forked_child_has_no_sleeping_kswapd(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct kmem_fault fault = { .id = "" };
	struct pglist_data *node;

	ASSERT(t, m);
	node = m->nodes[0];
	node->kswapd.started = true;
	node->kswapd.sleeping = 1;
	node->kswapd_failures = 1;
	kmem_forked(m, false);
	EXPECT(t, reclaim_check(m, &fault));
	EXPECT_STR(t, fault.id, "");
}

static unsigned long fork_count(struct shrinker *shrinker, struct shrink_control *control)
{
	(void)control;
	this_machine()->shrinker_users++;	/* of another task, which does not fork */
	kmem_forked(this_machine(), false);
	watched_of(shrinker)->counts = this_machine()->shrinker_users;
	return 0;
}

/* Who walked the list in the parent is not there to leave it; but who forks in a walk goes on with that. */
static void a_forked_child_has_only_its_own_walk(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct watched w;

	ASSERT(t, m);
	watch(&w);
	w.shrinker.count_objects = fork_count;
	ASSERT_EQ(t, register_shrinker(&w.shrinker, "forks"), 0);
	drop_slab(m);
	EXPECT_EQ(t, w.counts, 1);
	EXPECT_EQ(t, m->shrinker_users, 0);
	m->shrinker_users = 0;		/* or this would wait for ever */
	unregister_shrinker(&w.shrinker);
}

static int oom_silent(struct notifier_block *block, unsigned long action, void *data)
{
	(void)block;
	(void)action;
	(void)data;
	return 0;
}

static void what_is_registered_at_shutdown_is_reported(struct ktap *t)
{
	struct machine *m = machine_boot(&(struct machine_config){ .cmdline = "mem=64M", .console = console_keep });
	struct notifier_block block = { .notifier_call = oom_silent };
	struct watched w;

	ASSERT_NOT_NULL(t, m);
	console_clear();
	machine_enter(m);
	watch(&w);
	EXPECT_EQ(t, register_shrinker(&w.shrinker, "forgotten"), 0);
	EXPECT_EQ(t, register_oom_notifier(&block), 0);
	machine_leave();
	EXPECT_EQ(t, machine_shutdown(m), 0);
	EXPECT_CONTAINS(t, console_text(), "machine: shrinker forgotten not unregistered\n");
	EXPECT_CONTAINS(t, console_text(), "machine: OOM notifiers not unregistered\n");
}

/* As many as a long counts: twice that would be none. */
static void objects_beyond_number_are_asked_for_too(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	struct watched w;

	if (!m)
		return;
	watch(&w);
	w.freeable = LONG_MAX;
	w.stops = true;
	ASSERT_EQ(t, register_shrinker(&w.shrinker, "endless"), 0);
	for (int i = 0; i < 3; i++)
		try_once(m, GFP_KERNEL);
	EXPECT_GT(t, w.scans, 0);
	EXPECT(t, reclaim_check(m, NULL));
	unregister_shrinker(&w.shrinker);
}

KTAP_SUITE(vmscan, KTAP_CASE(a_shrinker_needs_both_calls_and_a_name), KTAP_CASE(shrinkers_come_and_go),
	   KTAP_CASE(a_shrinker_is_registered_once),
	   KTAP_CASE(unregister_waits_for_a_running_call), KTAP_CASE(nothing_to_free_is_not_scanned),
	   KTAP_CASE(batches_are_128_unless_told),
	   KTAP_CASE(a_shrinker_that_looks_at_nothing_is_not_asked_for_ever),
	   KTAP_CASE(free_objects_are_halved_and_dear_ones_spared),
	   KTAP_CASE(refused_work_is_deferred), KTAP_CASE(priorities_rise_from_12_to_0), KTAP_CASE(each_node_is_asked),
	   KTAP_CASE(reclaim_is_for_who_may), KTAP_CASE(c13_without_direct_reclaim_nothing_is_shrunk),
	   KTAP_CASE(c14_without_kswapd_reclaim_no_task_is_woken), KTAP_CASE(c19_nofs_and_noio_reach_shrinkers),
	   KTAP_CASE(c19_scopes_reach_shrinkers), KTAP_CASE(c19_scopes_hold_in_reclaim_itself),
	   KTAP_CASE(reclaim_never_enters_reclaim),
	   KTAP_CASE(what_a_shrinker_frees_serves_the_request), KTAP_CASE(emptied_slabs_count_as_progress),
	   KTAP_CASE(kswapd_balances_to_the_high_watermark), KTAP_CASE(kswapd_ends_a_boost),
	   KTAP_CASE(kswapd_gives_up_until_reclaim_succeeds),
	   KTAP_CASE(kswapd_works_where_there_is_one_cpu), KTAP_CASE(kswapd_ends_with_its_machine),
	   KTAP_CASE(kswapd_ends_where_it_is), KTAP_CASE(who_asks_for_nothing_wakes_nobody),
	   KTAP_CASE(tasks_compete_for_the_last_pages), KTAP_CASE(each_broken_invariant_is_named),
	   KTAP_CASE(a_forked_child_has_no_sleeping_kswapd), KTAP_CASE(a_forked_child_has_only_its_own_walk),
	   KTAP_CASE(what_is_registered_at_shutdown_is_reported),
	   KTAP_CASE(objects_beyond_number_are_asked_for_too));
