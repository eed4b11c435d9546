/* SPDX-License-Identifier: MIT */
/*
 * vmscan.c - getting memory back: from the allocators' own stores first, then from shrinkers.
 *
 *	below low  ->  wakeup_kswapd   -> kswapd, one task a node, until every zone asked for is above high
 *					     then kcompactd, if it was a block that is wanted (mm/compaction.c)
 *	below min  ->  try_to_free_pages, in the place of a caller that may sleep
 *
 *	priority   12  11  10 ... 1  0	how hard: 4/2^priority of what a shrinker has, over its seeks
 *
 * A shrinker is asked only by callers whose flags it can heed: its gfp_mask is theirs less what their task's scopes
 * forbid, and holds __GFP_DIRECT_RECLAIM. Who reclaims has PF_MEMALLOC, so reclaim never enters reclaim.
 *
 * Truths; reclaim_check() proves each:
 *	R1  shrinkers on the list are registered and have both calls
 *	R2  the work deferred to a shrinker is never negative
 *	R3  a node's background task that has not started neither sleeps nor has failed
 *
 * Locks: shrinker_users counts walkers of the list, its top bit bars new ones while the list changes; shrinker_lock
 * serialises those who change it. Neither is a spinlock: a shrinker may sleep. A task knows its own walks, since after
 * a fork the child goes on only with those.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include "lib/assert.h"
#include "lib/seeded.h"
#include "mm/buddy.h"
#include "mm/compaction.h"
#include "mm/cpus.h"
#include "mm/fault_inject.h"
#include "mm/node_task.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "mm/vmalloc.h"
#include "mm/vmscan.h"

#define DEF_PRIORITY 12
#define SHRINK_BATCH 128
#define SWAP_CLUSTER_MAX 32ul
#define MAX_RECLAIM_RETRIES 16
#define SHRINKER_REGISTERED (1u << 0)
#define LIST_CHANGES 0x80000000u
#define NAP_NS 100000000ull		/* kswapd looks again after a tenth of a second before it sleeps for long */

/* --------------------------------------------------------------------------------------- the list of shrinkers */

/* A walk through a machine's list, on its task's stack. A shrinker may start another one, of another machine too. */
struct shrinker_walk {
	struct machine *machine;
	struct shrinker_walk *outer;
};

/* One walker more; sleeps while the list changes. */
static void users_add(struct machine *m)
{
	u32 seen = __atomic_load_n(&m->shrinker_users, __ATOMIC_RELAXED);

	for (;;) {
		if ((seen & LIST_CHANGES) && !SEEDED(SHRINKERS_GET)) {
			host_wait(&m->shrinker_users, seen, 0);
			seen = __atomic_load_n(&m->shrinker_users, __ATOMIC_RELAXED);
		} else if (__atomic_compare_exchange_n(&m->shrinker_users, &seen, seen + 1, false, __ATOMIC_ACQUIRE,
						       __ATOMIC_RELAXED)) {
			return;
		}
	}
}

/* Keep the list as it is until shrinkers_put(). */
static void shrinkers_get(struct machine *m, struct shrinker_walk *walk)
{
	users_add(m);
	*walk = (struct shrinker_walk){ .machine = m, .outer = current->walks };
	current->walks = walk;
}

static void shrinkers_put(struct shrinker_walk *walk)
{
	struct machine *m = walk->machine;
	u32 left;

	current->walks = walk->outer;
	left = __atomic_sub_fetch(&m->shrinker_users, 1, __ATOMIC_RELEASE);
	if ((left & LIST_CHANGES) && !SEEDED(SHRINKERS_PUT))
		host_wake(&m->shrinker_users, INT_MAX);
}

/* Alone with the list: waits until every walker has left. */
static void shrinkers_change(struct machine *m) ACQUIRES(m->shrinker_lock)
{
	u32 seen;

	mutex_lock(&m->shrinker_lock);
	seen = __atomic_or_fetch(&m->shrinker_users, LIST_CHANGES, __ATOMIC_ACQUIRE);
	while (seen != LIST_CHANGES) {
		host_wait(&m->shrinker_users, seen, 0);
		seen = __atomic_load_n(&m->shrinker_users, __ATOMIC_ACQUIRE);
	}
}

static void shrinkers_changed(struct machine *m) RELEASES(m->shrinker_lock)
{
	__atomic_store_n(&m->shrinker_users, 0, __ATOMIC_RELEASE);
	host_wake(&m->shrinker_users, INT_MAX);
	mutex_unlock(&m->shrinker_lock);
}

int register_shrinker(struct shrinker *shrinker, const char *format, ...)
{
	struct machine *m = this_machine();
	va_list args;

	if (!shrinker->count_objects || !shrinker->scan_objects)
		return -EINVAL;
	if (WARN(shrinker->flags & SHRINKER_REGISTERED, "register_shrinker: %pS is registered already\n",
		 shrinker->count_objects))
		return -EEXIST;
	va_start(args, format);
	shrinker->name = kvasprintf(GFP_KERNEL, format, args);
	va_end(args);
	if (!shrinker->name)
		return -ENOMEM;
	shrinker->nr_deferred = 0;
	shrinkers_change(m);
	shrinker->flags |= SHRINKER_REGISTERED;
	list_add_tail(&shrinker->list, &m->shrinkers);
	shrinkers_changed(m);
	return 0;
}

void unregister_shrinker(struct shrinker *shrinker)
{
	struct machine *m = this_machine();

	if (!(shrinker->flags & SHRINKER_REGISTERED))
		return;
	shrinkers_change(m);
	list_del(&shrinker->list);
	shrinker->flags &= ~SHRINKER_REGISTERED;
	shrinkers_changed(m);
	kfree(shrinker->name);
	shrinker->name = NULL;
}

/* ------------------------------------------------------------------------------------------------- shrinking */

/* How many objects a shrinker that has so many should look at, work left over from before apart. */
static unsigned long shrink_share(unsigned long freeable, int seeks, int priority)
{
	/* What costs nothing to make again is not worth keeping: half of it goes whatever the priority. */
	if (seeks <= 0)
		return freeable / 2;
	return (unsigned long)((u64)(freeable >> priority) * 4 / (unsigned int)seeks);
}

static unsigned long twice(unsigned long n)
{
	return n > LONG_MAX / 2 ? LONG_MAX : 2 * n;
}

/* Ask in batches until so many were looked at. Returns objects freed; *scanned: looked at. */
static unsigned long scan_batches(struct shrinker *shrinker, struct shrink_control *control, unsigned long total,
				  unsigned long freeable, unsigned long *scanned)
{
	unsigned long batch = shrinker->batch > 0 ? (unsigned long)shrinker->batch : SHRINK_BATCH;
	unsigned long freed = 0;

	*scanned = 0;
	/* Less than a batch waits for the next call, unless it is all that there is. */
	while (total && (total >= batch || total >= freeable)) {
		unsigned long got;

		control->nr_to_scan = control->nr_scanned = total < batch ? total : batch;
		got = shrinker->scan_objects(shrinker, control);
		if (got == SHRINK_STOP)
			break;
		freed += got;
		count_vm_events(SLABS_SCANNED, control->nr_scanned);
		*scanned += control->nr_scanned;
		total -= total < control->nr_scanned ? total : control->nr_scanned;
		if (!control->nr_scanned)
			break;
		cond_resched();
	}
	return freed;
}

static unsigned long shrink_one(struct shrinker *shrinker, struct shrink_control *control, int priority)
{
	unsigned long freeable = shrinker->count_objects(shrinker, control);
	unsigned long deferred, share, total, scanned, freed, left;

	if (!freeable || freeable == SHRINK_EMPTY)
		return 0;
	deferred = (unsigned long)__atomic_exchange_n(&shrinker->nr_deferred, 0, __ATOMIC_RELAXED);
	share = shrink_share(freeable, shrinker->seeks, priority);
	total = (deferred >> priority) + share;
	if (total > twice(freeable))
		total = twice(freeable);
	freed = scan_batches(shrinker, control, total, freeable, &scanned);
	left = deferred + share > scanned ? deferred + share - scanned : 0;
	if (left > twice(freeable))
		left = twice(freeable);
	__atomic_fetch_add(&shrinker->nr_deferred, (long)left, __ATOMIC_RELAXED);
	return freed;
}

/* Every shrinker, for one node. Returns objects freed. */
static unsigned long shrink_node(struct machine *m, gfp_t gfp, int nid, int priority)
{
	unsigned long freed = 0;
	struct shrinker_walk walk;
	struct shrinker *shrinker;

	shrinkers_get(m, &walk);
	list_for_each_entry(shrinker, &m->shrinkers, list) {
		struct shrink_control control = { .gfp_mask = gfp, .nid = nid };

		freed += shrink_one(shrinker, &control, priority);
	}
	shrinkers_put(&walk);
	return freed;
}

/* ---------------------------------------------------------------------------------------------- pages, counted */

static unsigned long free_pages_of(const struct machine *m)
{
	long pages = 0;

	for (unsigned int i = 0; i < m->nr_zones; i++)
		pages += zone_page_state(m->zones[i], NR_FREE_PAGES);
	return (unsigned long)pages;
}

static unsigned long grown(unsigned long before, unsigned long now)
{
	return now > before ? now - before : 0;
}

unsigned long reclaim_internal(struct machine *m, gfp_t gfp)
{
	unsigned long before = free_pages_of(m);

	if (!(gfp & __GFP_DIRECT_RECLAIM))
		return 0;
	slab_reclaim(m);
	vmalloc_purge(m, true);
	drain_all_pages();
	return grown(before, free_pages_of(m));
}

unsigned long drop_slab(struct machine *m)
{
	unsigned int scope = memalloc_noreclaim_save();
	unsigned long freed, total = 0;
	int rounds = 0;

	might_sleep();
	count_vm_event(DROP_SLAB);
	do {
		freed = 0;
		for (unsigned int nid = 0; nid < m->nr_nodes; nid++)
			freed += shrink_node(m, GFP_KERNEL, (int)nid, 0);
		total += freed;
	} while (freed >> rounds++ > 1);	/* those who free a little for ever are not waited for */
	memalloc_noreclaim_restore(scope);
	return total;
}

/* ----------------------------------------------------------------------------------------------- direct reclaim */

/* The nodes that a request may use may hope again. */
static void nodes_are_hopeful(const struct zonelist *zonelist)
{
	for (const struct zoneref *ref = zonelist->ref; ref->zone; ref++)
		__atomic_store_n(&ref->zone->node->kswapd_failures, 0, __ATOMIC_RELAXED);
}

/* Shrinkers of each node of the request, in its order, once. Returns objects freed. */
static unsigned long shrink_zonelist(struct machine *m, const struct zonelist *zonelist, gfp_t gfp, int priority)
{
	u64 done = 0;
	unsigned long freed = 0;

	_Static_assert(MAX_NUMNODES <= 64, "a bit a node");
	for (const struct zoneref *ref = zonelist->ref; ref->zone; ref++) {
		if (done & 1ull << ref->zone->nid)
			continue;
		done |= 1ull << ref->zone->nid;
		freed += shrink_node(m, gfp, ref->zone->nid, priority);
	}
	return freed;
}

/* Pages that came back, at least 1 if a shrinker freed anything: others may have taken its pages meanwhile. */
static unsigned long reclaim_for(struct machine *m, const struct zonelist *zonelist, unsigned int order, gfp_t gfp)
{
	unsigned long want = 1ul << order > SWAP_CLUSTER_MAX ? 1ul << order : SWAP_CLUSTER_MAX;
	unsigned long objects = 0, pages = reclaim_internal(m, gfp);

	for (int priority = DEF_PRIORITY; priority >= 0 && pages < want; priority--) {
		unsigned long before = free_pages_of(m);
		unsigned long freed = shrink_zonelist(m, zonelist, gfp, priority);

		objects += freed;
		if (freed) {
			reclaim_internal(m, gfp);
			pages += grown(before, free_pages_of(m));
		}
	}
	return pages ? pages : objects != 0;
}

unsigned long try_to_free_pages(struct machine *m, struct zonelist *zonelist, unsigned int order, gfp_t gfp)
{
	unsigned int scope;
	unsigned long pages;

	if (WARN_ON_ONCE(!(gfp & __GFP_DIRECT_RECLAIM)))
		return 0;
	might_sleep();
	gfp = current_gfp_context(gfp);
	scope = memalloc_noreclaim_save();
	pages = reclaim_for(m, zonelist, order, gfp);
	memalloc_noreclaim_restore(scope);
	if (pages)
		nodes_are_hopeful(zonelist);
	return pages;
}

/* ------------------------------------------------------------------------------------------ background reclaim */

/* Would a request of that order, for zones up to highest, find one of the node's above its high watermark? */
static bool node_balanced(struct pglist_data *node, unsigned int order, enum zone_type highest)
{
	bool has_memory = false;

	for (enum zone_type type = ZONE_DMA; type <= highest; type++) {
		struct zone *zone = &node->zones[type];

		if (!zone->managed_pages)
			continue;
		has_memory = true;
		if (zone_watermark_ok(zone, order, zone_watermark(zone, WMARK_HIGH), highest, 0))
			return true;
	}
	return !has_memory;
}

static bool node_boosted(const struct pglist_data *node, enum zone_type highest)
{
	for (enum zone_type type = ZONE_DMA; type <= highest; type++) {
		if (__atomic_load_n(&node->zones[type].watermark_boost, __ATOMIC_RELAXED))
			return true;
	}
	return false;
}

/* The extra reclaim that mixed blocks asked for has been done, as far as boosts[] says. */
static void boosts_end(struct pglist_data *node, const unsigned long *boosts)
{
	for (enum zone_type type = ZONE_DMA; type < MAX_NR_ZONES; type++) {
		struct zone *zone = &node->zones[type];
		unsigned long flags;

		if (!boosts[type])
			continue;
		spin_lock_irqsave(&zone->lock, flags);
		/* Written under the lock, read without it. */
		__atomic_store_n(&zone->watermark_boost, grown(boosts[type], zone->watermark_boost), __ATOMIC_RELAXED);
		spin_unlock_irqrestore(&zone->lock, flags);
	}
}

/* Reclaim harder and harder until the node is balanced. Counts a failure if nothing at all came back. */
static void balance_node(struct pglist_data *node, unsigned int order, enum zone_type highest)
{
	struct machine *m = node->machine;
	unsigned long boosts[MAX_NR_ZONES] = { 0 }, before = free_pages_of(m), objects = 0, pages = 0;

	count_vm_event(PAGEOUTRUN);
	for (enum zone_type type = ZONE_DMA; type <= highest; type++)
		boosts[type] = __atomic_load_n(&node->zones[type].watermark_boost, __ATOMIC_RELAXED);
	pages = reclaim_internal(m, GFP_KERNEL);
	for (int priority = DEF_PRIORITY; priority > 0 && !node_task_must_stop(&node->kswapd); priority--) {
		unsigned long freed;

		if (node_balanced(node, order, highest))
			break;
		freed = shrink_node(m, GFP_KERNEL, node->nid, priority);
		objects += freed;
		if (freed)
			reclaim_internal(m, GFP_KERNEL);
	}
	boosts_end(node, boosts);
	wakeup_kcompactd(node, order, highest);		/* what is free may be in pieces */
	pages += grown(before, free_pages_of(m));
	if (pages || objects)
		__atomic_store_n(&node->kswapd_failures, 0, __ATOMIC_RELAXED);
	else if (!node_balanced(node, order, highest))
		__atomic_fetch_add(&node->kswapd_failures, 1, __ATOMIC_RELAXED);
}

/* A short nap first: who is needed again at once did not do enough. Returns when there is work, or it must stop. */
static void kswapd_sleep(struct pglist_data *node, u32 seen, unsigned int order, enum zone_type highest)
{
	if (node_task_wakeups(&node->kswapd) == seen && node_balanced(node, order, highest)) {
		node_task_wait(&node->kswapd, seen, NAP_NS);
		if (node_task_wakeups(&node->kswapd) != seen)
			count_vm_event(KSWAPD_LOW_WMARK_HIT_QUICKLY);
		else if (!node_balanced(node, order, highest))
			count_vm_event(KSWAPD_HIGH_WMARK_HIT_QUICKLY);
	}
	while (node_task_wakeups(&node->kswapd) == seen && !node_task_must_stop(&node->kswapd))
		node_task_wait(&node->kswapd, seen, 0);
}

static void kswapd_run(struct pglist_data *node)
{
	enum zone_type highest = ZONE_NORMAL;
	unsigned int order = 0;

	while (!node_task_must_stop(&node->kswapd)) {
		u32 seen = node_task_wakeups(&node->kswapd);

		if (node_task_take(&node->kswapd, &order, &highest))
			balance_node(node, order, highest);
		kswapd_sleep(node, seen, order, highest);
	}
}

static void kswapd(void *node);

static const struct node_task_kind kswapd_kind = {
	"kswapd", PF_MEMALLOC | PF_KSWAPD, offsetof(struct pglist_data, kswapd), kswapd, kswapd_run,
};

static void kswapd(void *node)
{
	node_task_main(node, &kswapd_kind);
}

/*
 * A node whose reclaim has found nothing 16 times is left alone until direct reclaim finds something there. What it has
 * free may be in pieces: who does not compact in his own place has kcompactd look.
 */
void wakeup_kswapd(struct zone *zone, gfp_t gfp, unsigned int order, enum zone_type highest)
{
	struct pglist_data *node = zone->node;

	if (!zone->managed_pages)
		return;
	if (__atomic_load_n(&node->kswapd_failures, __ATOMIC_RELAXED) < MAX_RECLAIM_RETRIES &&
	    (!node_balanced(node, order, highest) || node_boosted(node, highest)))
		node_task_ask(node, &kswapd_kind, order, highest);
	else if (!(gfp & __GFP_DIRECT_RECLAIM))
		wakeup_kcompactd(node, order, highest);
}

/* The next wake starts one. Of the walks, only the caller's own go on. */
void reclaim_forked(struct machine *m)
{
	for (unsigned int nid = 0; nid < m->nr_nodes; nid++) {
		node_task_forked(&m->nodes[nid]->kswapd);
		node_task_forked(&m->nodes[nid]->kcompactd);
		m->nodes[nid]->kswapd_failures = 0;
	}
	m->shrinker_users = 0;
	for (const struct shrinker_walk *walk = current->walks; walk; walk = walk->outer)
		m->shrinker_users += walk->machine == m;
}

/* --------------------------------------------------------------------------------------------------- coming, going */

void reclaim_init(struct machine *m)
{
	mutex_init(&m->shrinker_lock);
	mutex_init(&m->oom_lock);
	INIT_LIST_HEAD(&m->shrinkers);
	m->oom_notifiers = NULL;
	m->oom_ratelimit = (struct ratelimit_state)RATELIMIT_DEFAULT;
}

void reclaim_exit(struct machine *m)
{
	struct shrinker *shrinker, *next;

	for (unsigned int nid = 0; nid < m->nr_nodes; nid++)
		node_task_end(&m->nodes[nid]->kswapd);
	for (unsigned int nid = 0; nid < m->nr_nodes; nid++)	/* which kswapd may wake */
		node_task_end(&m->nodes[nid]->kcompactd);
	list_for_each_entry_safe(shrinker, next, &m->shrinkers, list) {
		pr_warn("machine: shrinker %s not unregistered\n", shrinker->name);
		unregister_shrinker(shrinker);
	}
	if (m->oom_notifiers)
		pr_warn("machine: OOM notifiers not unregistered\n");
}

/* ------------------------------------------------------------------------------------------------------- checking */

bool reclaim_check(struct machine *m, struct kmem_fault *fault)
{
	struct shrinker *shrinker;

	list_for_each_entry(shrinker, &m->shrinkers, list) {
		if (!(shrinker->flags & SHRINKER_REGISTERED) || !shrinker->count_objects || !shrinker->scan_objects)
			return fault_at(fault, "R1", "shrinker %s", shrinker->name);
		if (shrinker->nr_deferred < 0)
			return fault_at(fault, "R2", "shrinker %s: %ld", shrinker->name, shrinker->nr_deferred);
	}
	for (unsigned int nid = 0; nid < m->nr_nodes; nid++) {
		const struct pglist_data *node = m->nodes[nid];

		if (!node_task_is_sound(&node->kswapd) || !node_task_is_sound(&node->kcompactd) ||
		    (!node->kswapd.started && node->kswapd_failures))
			return fault_at(fault, "R3", "node %u", nid);
	}
	return true;
}
