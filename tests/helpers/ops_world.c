/* SPDX-License-Identifier: MIT */
/*
 * ops_world.c - one machine under test: what threads share, and what must be true when they rest.
 *
 *	at rest		kmem_check(); frames out = ours; objects of each cache = ours (C37)
 *	at the end	objects, frames and free blocks of each order as at the start (C02)
 */
#include <linux/rcupdate.h>
#include "mm/buddy.h"
#include "mm/cpus.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "mm/stats.h"
#include "mm/stack_depot.h"
#include "tests/helpers/ops_world.h"

#define RESERVE 8
#define REST_NS 2000000ull
#define REST_TRIES 200
#define CHECK_TRIES 4u

static struct ops_world the_world;
static char console_line[160];
static bool console_bad;

/* A warning may be a refusal that was asked for; these words are not. */
void ops_console(void *arg, const char *text, size_t length)
{
	static const char *const bad[] = { "BUG", "Bad page", "corrupt", "Object already free", "not freed", "leak" };
	char line[sizeof(console_line)];
	size_t n = min(length, sizeof(line) - 1);

	(void)arg;
	memcpy(line, text, n);
	line[n] = '\0';
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		if (strstr(line, bad[i]) && !__atomic_exchange_n(&console_bad, true, __ATOMIC_ACQ_REL))
			memcpy(console_line, line, n + 1);
}

const char *ops_failure(const struct ops_world *w)
{
	if (w->failed)
		return w->failure;
	return __atomic_load_n(&console_bad, __ATOMIC_ACQUIRE) ? console_line : NULL;
}

/* --------------------------------------------------------------------------------------------------------- counts */

/* Objects that callers have, of all caches that callers can use. */
static unsigned long live_objects(struct machine *m)
{
	unsigned long live = (unsigned long)machine_large(m).objects;
	struct kmem_cache *cache;

	list_for_each_entry(cache, &m->caches, list)
		if (!cache->internal)
			live += cache_live_objects(cache);
	return live;
}

static unsigned long empty_slabs(struct machine *m)
{
	struct kmem_cache *cache;
	unsigned long slabs = 0;

	list_for_each_entry(cache, &m->caches, list)
		for (unsigned int nid = 0; nid < m->nr_nodes; nid++)
			slabs += cache->node[nid]->nr_empty;
	return slabs;
}

/* Free, or of the machine's own: its objects may be in slabs of another order than at boot. */
static unsigned long free_or_own(struct machine *m, const struct machine_stats *stats)
{
	return stats->free_pages + stats->slab_reclaimable_pages + stats->slab_unreclaimable_pages +
	       stack_depot_pages(m);
}

/* Frames that are neither free nor a slab's, a table's, an area's or of the debugger's call stacks. */
static unsigned long frames_out(struct machine *m, const struct machine_stats *stats)
{
	return stats->managed_pages - stats->free_pages - stats->pcp_pages - stats->slab_reclaimable_pages -
	       stats->slab_unreclaimable_pages - stats->page_table_pages - stats->vmalloc_pages - stack_depot_pages(m);
}

/* Frames that pools keep back. */
static unsigned long frames_of_pools(const struct ops_world *w)
{
	unsigned long frames = 0;

	for (unsigned int i = 0; i < OPS_POOLS; i++)
		if (w->pools[i] && w->pools[i]->alloc == mempool_alloc_pages)
			frames += (unsigned long)w->pools[i]->curr_nr << (unsigned long)w->pools[i]->pool_data;
	return frames;
}

/* Objects of a cache that several slots share, and those that a pool keeps back, are counted together. */
static void caches_compare(struct ops_world *w)
{
	for (unsigned int i = 0; i < OPS_CACHES; i++) {
		struct kmem_cache *cache = w->caches[i].cache;
		unsigned long ours = 0, live;

		if (!cache || cache->boot)
			continue;
		for (unsigned int j = 0; j < OPS_CACHES; j++)
			if (w->caches[j].cache == cache)
				ours += w->caches[j].live;
		live = cache_live_objects(cache);
		if (cache->refcount > 1 && live > ours)
			continue;
		if (live != ours)
			world_fail(w, "C37: cache %u of %u bytes has %lu live objects, %lu are ours", i,
				   w->caches[i].size, live, ours);
	}
}

static void counts_compare(struct ops_world *w)
{
	unsigned long ours = w->boot_out + (unsigned long)(w->pages_out - w->area_pages) + frames_of_pools(w);
	struct machine_stats stats;

	machine_stats(w->m, &stats);
	if (frames_out(w->m, &stats) != ours)
		world_fail(w, "C37: %lu frames are out; %lu at boot, %ld ours, %ld of areas, %lu of pools",
			   frames_out(w->m, &stats), w->boot_out, w->pages_out, w->area_pages, frames_of_pools(w));
	if (stats.vmalloc_pages < (unsigned long)w->area_pages)
		world_fail(w, "C37: areas have %lu pages, ours %ld", stats.vmalloc_pages, w->area_pages);
	caches_compare(w);
}

static bool task_is_quiet(const struct node_task *task)
{
	return !__atomic_load_n(&task->started, __ATOMIC_ACQUIRE) || __atomic_load_n(&task->sleeping, __ATOMIC_ACQUIRE);
}

/* kswapd and kcompactd sleep, on every node. */
static bool is_quiet(const struct machine *m)
{
	for (unsigned int nid = 0; nid < m->nr_nodes; nid++) {
		const struct pglist_data *node = m->nodes[nid];

		if (!task_is_quiet(&node->kswapd) || !task_is_quiet(&node->kcompactd))
			return false;
	}
	return true;
}

static void wait_for_quiet(struct ops_world *w)
{
	u32 word = 0;

	rcu_barrier();
	vm_unmap_aliases();
	for (unsigned int i = 0; i < REST_TRIES && !is_quiet(w->m); i++) {
		cpu_release();
		host_wait(&word, 0, REST_NS);
	}
}

/* TSan would rightly say that the check reads what kswapd writes, if that is still about. */
static bool may_look_inside(const struct machine *m)
{
#if defined(__SANITIZE_THREAD__) && !defined(KMEM_HOST_SIM)
	for (unsigned int nid = 0; nid < m->nr_nodes; nid++)
		if (__atomic_load_n(&m->nodes[nid]->kswapd.started, __ATOMIC_ACQUIRE))
			return false;
#endif
	return m;
}

/* kswapd may wake in the middle of it, and change lists that are being walked: it stands still meanwhile. */
static bool check_stopped(struct machine *m, struct kmem_fault *fault)
{
	bool sound;

	mutex_lock(&m->cache_lock);
	cpus_stop(m);
	sound = kmem_check(m, fault);
	cpus_start(m);
	mutex_unlock(&m->cache_lock);
	return sound;
}

static bool check_once(struct ops_world *w)
{
	struct kmem_fault fault = { "", "" };

	wait_for_quiet(w);
	if (may_look_inside(w->m) && !check_stopped(w->m, &fault))
		world_fail(w, "%s %s", fault.id, fault.place);
	else
		counts_compare(w);
	return !w->failed;
}

/* A background task that woke meanwhile is no fault: what is broken stays broken. */
bool ops_world_check(struct ops_world *w)
{
	for (unsigned int tries = 1; !w->failed && !check_once(w) && tries < CHECK_TRIES; tries++)
		w->failed = false;
	return !ops_failure(w);
}

/* ------------------------------------------------------------------------------------------- beginning and end */

/* Which frames are on the zones' lists; a pageblock that is kept for atomic requests is a zone of its own here. */
static void frames_note(struct ops_world *w)
{
	struct machine *m = w->m;

	memset(w->free_in, 0, m->max_pfn);
	for (unsigned int i = 0; i < m->nr_zones; i++) {
		const struct zone *zone = m->zones[i];

		for (unsigned int list = 0; list < NR_ORDERS * MIGRATE_TYPES; list++) {
			unsigned int order = list / MIGRATE_TYPES, type = list % MIGRATE_TYPES;
			const struct list_head *head = &zone->free_area[order].free_list[type], *at = head;
			int mark = (int)i + 1 + (type == MIGRATE_HIGHATOMIC ? 128 : 0);

			while ((at = at->next) != head)
				memset(&w->free_in[machine_pfn(m, free_block_of(at))], mark, 1ul << order);
		}
		for (unsigned int d = 0; d < zone->nr_deferred; d++)
			memset(&w->free_in[zone->deferred[d].start], (int)i + 1,
			       zone->deferred[d].end - zone->deferred[d].start);
	}
}

static bool run_is_free(const struct ops_world *w, pfn_t pfn, unsigned int order)
{
	if (pfn & ((1ul << order) - 1) || pfn + (1ul << order) > w->m->max_pfn)
		return false;
	for (unsigned long i = 0; i < 1ul << order; i++)
		if (w->free_in[pfn + i] != w->free_in[pfn])
			return false;
	return true;
}

/* The blocks that the free frames make: from each, the largest that begins there. */
static void blocks_count(const struct ops_world *w, unsigned long blocks[NR_PAGE_ORDERS])
{
	for (pfn_t pfn = 0; pfn < w->m->max_pfn;) {
		unsigned int order = 0;

		while (w->free_in[pfn] && order < MAX_ORDER && run_is_free(w, pfn, order + 1))
			order++;
		blocks[order] += !!w->free_in[pfn];
		pfn += 1ul << order;
	}
}

static void settle(struct ops_world *w, struct machine_stats *stats)
{
	wait_for_quiet(w);
	machine_release_memory(w->m);
	drain_all_pages();
	machine_stats(w->m, stats);
}

static bool pools_make(struct ops_world *w)
{
	w->pools[0] = mempool_create_kmalloc_pool(RESERVE, 200);
	w->pools[1] = mempool_create_page_pool(RESERVE, 1);
	w->pools[2] = mempool_create_kmalloc_pool(RESERVE, 3000);
	return w->pools[0] && w->pools[1] && w->pools[2];
}

static void pools_drop(struct ops_world *w)
{
	for (unsigned int i = 0; i < OPS_POOLS; i++) {
		if (w->pools[i] && w->pools[i]->curr_nr != w->pools[i]->min_nr)
			world_fail(w, "C41: pool %u has %d of %d elements", i, w->pools[i]->curr_nr,
				   w->pools[i]->min_nr);
		mempool_destroy(w->pools[i]);
		w->pools[i] = NULL;
	}
}

struct ops_world *ops_world_start(struct machine *m, unsigned int threads)
{
	struct ops_world *w = &the_world;

	if (m->max_pfn > OPS_FRAMES || threads > OPS_THREADS)
		return NULL;
	memset(w->claimed, 0, m->max_pfn * (PAGE_SIZE / 64));
	memset((char *)w + sizeof(w->claimed) + offsetof(struct ops_world, claimed), 0,
	       offsetof(struct ops_world, ops) - offsetof(struct ops_world, claimed) - sizeof(w->claimed));
	w->m = m;
	w->threads = threads;
	mutex_init(&w->lock);
	console_bad = false;
	settle(w, &w->boot);
	w->boot_live = live_objects(m);
	w->boot_out = frames_out(m, &w->boot);
	w->boot.free_pages = free_or_own(m, &w->boot);
	return pools_make(w) ? w : NULL;
}

/*
 * C02. The machine's own few pages may lie elsewhere than at boot (a descriptor that outlived its slab's others), so
 * there are as many free frames as at boot, and their blocks are the largest that they can make.
 */
static void blocks_compare(struct ops_world *w, const struct machine_stats *stats)
{
	unsigned long live = live_objects(w->m), blocks[NR_PAGE_ORDERS] = { 0 };

	if (live != w->boot_live)
		world_fail(w, "C37: %lu objects live, %lu at boot", live, w->boot_live);
	if (free_or_own(w->m, stats) != w->boot.free_pages)
		world_fail(w, "C02: %lu pages free or the machine's own, %lu at boot", free_or_own(w->m, stats),
			   w->boot.free_pages);
	if (empty_slabs(w->m))
		world_fail(w, "C02: %lu slabs are empty", empty_slabs(w->m));
	frames_note(w);
	blocks_count(w, blocks);
	for (unsigned int order = 0; order <= MAX_ORDER; order++)
		if (stats->free_blocks[order] != blocks[order])
			world_fail(w, "C02: %lu blocks of order %u, and the free frames make %lu",
				   stats->free_blocks[order], order, blocks[order]);
}

bool ops_world_end(struct ops_world *w)
{
	struct machine_stats stats;

	for (unsigned int i = 0; i < OPS_MAIL && !w->failed; i++)
		if (w->mail[i].kind)
			thing_free(w, &w->mail[i], i);
	if (w->failed)
		return false;
	wait_for_quiet(w);
	for (unsigned int i = 0; i < OPS_CACHES; i++) {
		if (w->caches[i].live)
			world_fail(w, "%lu objects of cache %u were not given back", w->caches[i].live, i);
		kmem_cache_destroy(w->caches[i].cache);
		w->caches[i].cache = NULL;
	}
	pools_drop(w);
	settle(w, &stats);
	model_is_empty(w);
	blocks_compare(w, &stats);
	return !w->failed && ops_world_check(w);
}
