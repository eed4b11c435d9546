/* SPDX-License-Identifier: MIT */
/*
 * compaction.c - free memory is made whole: pages whose owners can move them go from the bottom of a zone to its top.
 *
 *	start_pfn [ m m . m ][ . . m . ]...		...[ m . m m ][ m m . m ] end
 *		    migrate scanner ->				<- free scanner
 *
 * The migrate scanner looks for stretches of the size wanted in which every page is free or movable, and moves these
 * one by one; the free scanner finds room in pageblocks that are neither all free nor kept apart. Where they meet,
 * all is done.
 *
 * A descriptor that was not made yet says neither: it is all zeros.
 *
 * Which page is movable is known under m->movable_lock only: mapping says so, and while it does the page has an owner,
 * who must take the lock to end that before he frees it. So who finds it movable there may take a reference: freeing
 * relies on the count of a page without a mapping changing only by those who hold one (mm/page_free.c).
 *
 *	scanner: movable_lock { movable? reference }	page lock { still movable? alone? isolate, migrate }	put
 *	owner:						page lock { movable_lock { not movable } }		put
 *
 * A page with references besides these two is left where it is. docs/models/movable.pml
 *
 * Who may sleep compacts in his own place; for others kcompactd does, a task a node, which kswapd wakes when it has
 * reclaimed for a block and there is none yet, and those whom kswapd would not help (mm/node_task.c).
 *
 * Locks: page lock > movable_lock; zone->lock for free blocks. No lock but the page's is held while its owner moves it.
 */
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/migrate.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include "lib/assert.h"
#include "lib/seeded.h"
#include "mm/buddy.h"
#include "mm/buddy_index.h"
#include "mm/compaction.h"
#include "mm/node_task.h"
#include "mm/page_report.h"
#include "mm/pageblock.h"

#define EXTFRAG_THRESHOLD 500		/* up to this, a failure is for lack of memory: sysctl.vm.extfrag_threshold */
#define COMPACT_MAX_DEFER_SHIFT 6
#define WHOLE_ZONE (-1)

struct compact_control {
	struct zone *zone;
	int order;			/* stop when there is such a block; WHOLE_ZONE: never */
	unsigned int size_order;	/* of the stretches that are emptied */
	enum migrate_mode mode;
	bool is_daemon;
	pfn_t migrate_pfn;		/* all below was looked at */
	pfn_t free_pfn;			/* all pageblocks from here on were looked at for room */
	struct page *room;		/* free pages, taken off their lists; by lru.next */
	unsigned long scanned, free_scanned, isolated, moved, failed;
};

/* --------------------------------------------------------------------------------------------------- movable pages */

void compaction_init(struct machine *m)
{
	spin_lock_init(&m->movable_lock);
}

void __SetPageMovable(struct page *page, const struct movable_operations *operations)
{
	struct machine *m = this_machine();
	unsigned long flags;

	if (WARN_ON_ONCE(page->mapping || PageCompound(page) || (unsigned long)operations & 3))
		return;
	WARN_ON_ONCE(!PageLocked(page));
	spin_lock_irqsave(&m->movable_lock, flags);
	__atomic_store_n(&page->mapping, (void *)((unsigned long)operations | PAGE_MAPPING_MOVABLE), __ATOMIC_RELAXED);
	__atomic_store_n(&m->nr_movable, m->nr_movable + 1, __ATOMIC_RELAXED);
	spin_unlock_irqrestore(&m->movable_lock, flags);
}

void __ClearPageMovable(struct page *page)
{
	struct machine *m = this_machine();
	unsigned long flags;
	bool movable;

	WARN_ON_ONCE(!PageLocked(page));
	spin_lock_irqsave(&m->movable_lock, flags);
	movable = __PageMovable(page);
	if (movable) {
		__atomic_store_n(&page->mapping, NULL, __ATOMIC_RELAXED);
		__atomic_store_n(&m->nr_movable, m->nr_movable - 1, __ATOMIC_RELAXED);
	}
	spin_unlock_irqrestore(&m->movable_lock, flags);
	WARN_ON_ONCE(!movable);
}

/* Whatever the page is; certain under the lock. (Inlined, it would be a glance no more.) */
static noinline GLANCES bool looks_movable(const struct page *page)
{
	return ((unsigned long)READ_ONCE(page->mapping) & 3) == PAGE_MAPPING_MOVABLE;
}

/* A reference to a page that is movable. False: it is not. */
static bool movable_get(struct machine *m, struct page *page)
{
	unsigned long flags;
	bool movable;

	if (!looks_movable(page))
		return false;
	if (SEEDED(MOVABLE_GET)) {
		__atomic_fetch_add(&page->_refcount.counter, 1, __ATOMIC_RELAXED);
		return true;
	}
	spin_lock_irqsave(&m->movable_lock, flags);
	movable = looks_movable(page);
	if (movable)
		__atomic_fetch_add(&page->_refcount.counter, 1, __ATOMIC_RELAXED);
	spin_unlock_irqrestore(&m->movable_lock, flags);
	return movable;
}

/*
 * trylock_page() and unlock_page() of a page that may be freed while it is locked: they look at nothing but the flags,
 * and the last word is the count.
 */
static bool movable_trylock(struct page *page)
{
	return !test_and_set_bit_lock(PG_locked, &page->flags);
}

static void movable_unlock(struct page *page)
{
	clear_bit_unlock(PG_locked, &page->flags);
}

static void movable_put(struct machine *m, struct page *page)
{
	if (page_put_testzero(m, page))
		free_block(m, page, 0, true);
}

/* ---------------------------------------------------------------------------------------------------- free scanner */

/*
 * May a free block be compaction's? As if it were allocated: others ask for memory meanwhile. (A boost is no reason
 * against it: it asks for whole pageblocks.)
 */
static bool zone_spares(struct zone *zone, unsigned int order)
{
	unsigned long min = __atomic_load_n(&zone->watermark[WMARK_MIN], __ATOMIC_RELAXED);

	return zone_watermark_ok(zone, 0, min + (1ul << order), ZONE_DMA, 0);
}

/*
 * The free pages of a pageblock come off their lists and onto cc->room, down to the zone's min watermark, but for those
 * that someone has touched. The scanners meet above the pageblock that the zone begins in; others may hold pages of
 * another node.
 */
static void pageblock_take_free(struct compact_control *cc, struct zone *zone, pfn_t pfn) MUST_HOLD(zone->lock)
{
	assert(pfn >= zone->start_pfn);
	for (pfn_t end = pfn + PAGEBLOCK_PAGES; pfn < end && pfn < zone_end_pfn(zone);) {
		struct page *page = machine_page(zone->machine, pfn);
		unsigned int order;

		cc->free_scanned++;
		if (!page_is_buddy(page) || machine_page_zone(zone->machine, page) != zone) {
			pfn++;
			continue;
		}
		order = (unsigned int)page->free_order;
		if (!zone_spares(zone, order))
			return;
		cc->isolated += 1ul << order;
		zone_count_free(zone, (enum migratetype)page->free_type, -(1l << order));
		buddy_remove(zone, page, order);
		for (pfn_t next = pfn + (1ul << order); pfn < next; pfn++) {
			page = machine_page(zone->machine, pfn);
			page->lru.next = (struct list_head *)cc->room;
			cc->room = page;
		}
	}
}

/* Is there room that is worth using? A pageblock that is all free had better stay so. */
static noinline GLANCES bool suitable_migration_target(const struct zone *zone, pfn_t pfn)
{
	u32 index = pageblock_index(zone, pfn);
	unsigned int nr = zone->block_info[index].nr_free;

	return nr && nr < PAGEBLOCK_PAGES && pageblock_type(zone, pfn) == MIGRATE_MOVABLE;
}

static bool isolate_freepages(struct compact_control *cc)
{
	struct zone *zone = cc->zone;
	unsigned long flags;

	while (!cc->room && cc->free_pfn >= cc->migrate_pfn + (1ul << cc->size_order) + PAGEBLOCK_PAGES) {
		cc->free_pfn -= PAGEBLOCK_PAGES;
		if (!suitable_migration_target(zone, cc->free_pfn))
			continue;
		spin_lock_irqsave(&zone->lock, flags);
		pageblock_take_free(cc, zone, cc->free_pfn);
		spin_unlock_irqrestore(&zone->lock, flags);
	}
	return cc->room;
}

/* A page to move to, its one reference the caller's; or NULL: the scanners have met. */
static struct page *compaction_alloc(struct compact_control *cc)
{
	while (cc->room || isolate_freepages(cc)) {
		struct page *page = cc->room;

		cc->room = (struct page *)page->lru.next;
		page->lru.next = NULL;
		if (!page_is_untouched(page)) {
			bad_page(cc->zone->machine, page,
				 page_bad_reason(page, PAGE_FLAGS_ALL, "PAGE_FLAGS_CHECK_AT_PREP flag(s) set"));
			continue;
		}
		page->private = 0;
		page_order_set(page, 0);
		__atomic_store_n(&page->_refcount.counter, 1, __ATOMIC_RELAXED);
		count_vm_event(PGALLOC_DMA + cc->zone->type);
		return page;
	}
	return NULL;
}

static void release_freepages(struct compact_control *cc)
{
	struct zone *zone = cc->zone;
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	while (cc->room) {
		struct page *page = cc->room;

		cc->room = (struct page *)page->lru.next;
		page->lru.next = NULL;
		buddy_give(zone, page, 0, pageblock_type(zone, zone_page_pfn(zone, page)), false);
	}
	spin_unlock_irqrestore(&zone->lock, flags);
}

/* ------------------------------------------------------------------------------------------------- migrate scanner */

/* Both are locked, and the source is isolated. */
static int move_to_new_page(struct page *dst, struct page *src, const struct movable_operations *operations,
			    enum migrate_mode mode)
{
	int error = operations->migrate_page(dst, src, mode);

	WARN_ON_ONCE(!error && __PageMovable(src));
	if (error && __PageMovable(src))
		operations->putback_page(src);
	return error;
}

/* The page is the caller's for the moment, and locked. Returns 0 if its contents have another page now. */
static int unmap_and_move(struct compact_control *cc, struct page *page)
{
	const struct movable_operations *operations;
	struct page *dst;
	int error;

	/* Its owner's reference and this one. */
	if (!__PageMovable(page) || __atomic_load_n(&page->_refcount.counter, __ATOMIC_RELAXED) != 2)
		return -EAGAIN;
	operations = page_movable_ops(page);
	if (!operations->isolate_page(page, cc->mode == MIGRATE_ASYNC ? ISOLATE_ASYNC_MIGRATE : 0))
		return -EBUSY;
	cc->isolated++;
	dst = compaction_alloc(cc);
	if (!dst) {
		operations->putback_page(page);
		return -ENOMEM;
	}
	WARN_ON_ONCE(!movable_trylock(dst));	/* it is nobody else's yet */
	error = move_to_new_page(dst, page, operations, cc->mode);
	movable_unlock(dst);
	movable_put(cc->zone->machine, dst);
	return error;
}

/* Returns 0, or why the page is where it was. */
static int migrate_one(struct compact_control *cc, struct page *page)
{
	int error = -EAGAIN;

	if (!movable_get(cc->zone->machine, page))
		return -EBUSY;
	/* Who waited for its owner here could wait for ever: he may need this CPU. */
	if (movable_trylock(page)) {
		error = unmap_and_move(cc, page);
		movable_unlock(page);
	}
	movable_put(cc->zone->machine, page);
	if (error)
		cc->failed++;
	else
		cc->moved++;
	return error;
}

/* Could every page of the stretch be free, as far as a glance tells, and is not? */
static noinline GLANCES bool suitable_migration_source(struct compact_control *cc, pfn_t pfn)
{
	struct zone *zone = cc->zone;
	unsigned long movable = 0, size = 1ul << cc->size_order;

	if (pfn < zone->start_pfn || pfn + size > zone_end_pfn(zone) || pageblock_type(zone, pfn) >= MIGRATE_PCPTYPES)
		return false;
	for (pfn_t at = pfn; at < pfn + size;) {
		const struct page *page = machine_page(zone->machine, at);
		unsigned long order;

		if (machine_page_zone(zone->machine, page) != zone)
			return false;
		cc->scanned++;
		if (looks_movable(page)) {
			movable++;
			at++;
			continue;
		}
		if (!page_is_buddy(page))
			return false;
		/* It may be in use by now: then the order is anything. */
		order = __atomic_load_n(&page->free_order, __ATOMIC_RELAXED);
		at += order <= MAX_ORDER ? 1ul << order : 1;
	}
	return movable;
}

/* Empty a stretch. Returns false if there is no more room. */
static bool isolate_migratepages(struct compact_control *cc, pfn_t pfn)
{
	for (pfn_t at = pfn; at < pfn + (1ul << cc->size_order); at++) {
		struct page *page = machine_page(cc->zone->machine, at);
		int error;

		if (!looks_movable(page))
			continue;
		error = migrate_one(cc, page);
		if (error == -ENOMEM && !cc->room)
			return false;
		if (error)
			break;		/* it cannot be emptied: leave the others where they are */
	}
	return true;
}

/* ---------------------------------------------------------------------------------------------------------- a zone */

static bool compact_finished(const struct compact_control *cc)
{
	if (cc->order == WHOLE_ZONE)
		return false;
	for (unsigned int order = (unsigned int)cc->order; order <= MAX_ORDER; order++)
		for (enum migratetype type = 0; type < MIGRATE_PCPTYPES; type++)
			if (buddy_has(cc->zone, order, type))
				return true;
	return false;
}

static void count_compaction(const struct compact_control *cc)
{
	count_vm_events(COMPACT_MIGRATE_SCANNED, cc->scanned);
	count_vm_events(COMPACT_FREE_SCANNED, cc->free_scanned);
	count_vm_events(COMPACT_ISOLATED, cc->isolated);
	count_vm_events(PGMIGRATE_SUCCESS, cc->moved);
	count_vm_events(PGMIGRATE_FAIL, cc->failed);
	if (cc->is_daemon) {
		count_vm_events(COMPACT_DAEMON_MIGRATE_SCANNED, cc->scanned);
		count_vm_events(COMPACT_DAEMON_FREE_SCANNED, cc->free_scanned);
	}
}

static enum compact_result compact_zone(struct compact_control *cc)
{
	struct zone *zone = cc->zone;
	pfn_t size = 1ul << cc->size_order;
	bool finished = false, room = true;

	cc->migrate_pfn = zone->start_pfn & ~(size - 1);
	cc->free_pfn = (zone_end_pfn(zone) + PAGEBLOCK_PAGES - 1) & ~(PAGEBLOCK_PAGES - 1);
	while (!finished && room && cc->migrate_pfn + size <= cc->free_pfn) {
		pfn_t pfn = cc->migrate_pfn;

		if (suitable_migration_source(cc, pfn)) {
			room = isolate_migratepages(cc, pfn);
			drain_local_pages();
			finished = compact_finished(cc);
			cond_resched();
		}
		cc->migrate_pfn = pfn + size;
	}
	release_freepages(cc);
	count_compaction(cc);
	return finished || compact_finished(cc) ? COMPACT_DONE : COMPACT_COMPLETE;
}

/* Would it help? There must be memory to move pages to, and so much free that only its pieces are too small. */
static bool compaction_suitable(struct zone *zone, unsigned int order, enum zone_type highest,
				unsigned int alloc_flags)
{
	unsigned long mark;
	int index;

	assert(order <= MAX_ORDER);
	mark = zone_watermark(zone, WMARK_MIN) + (2ul << order);
	index = fragmentation_index(zone, order);
	return zone_watermark_ok(zone, 0, mark, highest, alloc_flags) && (index < 0 || index > EXTFRAG_THRESHOLD);
}

/* After each failure a zone is left alone for twice as many requests, up to 64. */
static bool compaction_deferred(struct zone *zone, unsigned int order)
{
	if (order < __atomic_load_n(&zone->compact_order_failed, __ATOMIC_RELAXED))
		return false;
	return __atomic_fetch_add(&zone->compact_considered, 1, __ATOMIC_RELAXED) + 1 <
	       1u << __atomic_load_n(&zone->compact_defer_shift, __ATOMIC_RELAXED);
}

static void defer_compaction(struct zone *zone, unsigned int order)
{
	u32 shift = __atomic_load_n(&zone->compact_defer_shift, __ATOMIC_RELAXED);

	__atomic_store_n(&zone->compact_considered, 0, __ATOMIC_RELAXED);
	if (shift < COMPACT_MAX_DEFER_SHIFT)
		__atomic_store_n(&zone->compact_defer_shift, shift + 1, __ATOMIC_RELAXED);
	if (!shift || order < zone->compact_order_failed)
		__atomic_store_n(&zone->compact_order_failed, order, __ATOMIC_RELAXED);
}

static void compaction_defer_reset(struct zone *zone)
{
	__atomic_store_n(&zone->compact_considered, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&zone->compact_defer_shift, 0, __ATOMIC_RELAXED);
}

static enum compact_result compact_zone_order(struct zone *zone, unsigned int order, enum migrate_mode mode,
					      bool is_daemon)
{
	struct compact_control cc = {
		.zone = zone, .order = (int)order, .mode = mode, .is_daemon = is_daemon,
		.size_order = order < PAGEBLOCK_ORDER ? order : PAGEBLOCK_ORDER,
	};
	enum compact_result result = compact_zone(&cc);

	if (result == COMPACT_DONE)
		compaction_defer_reset(zone);
	else
		defer_compaction(zone, order);
	return result;
}

/* ------------------------------------------------------------------------------------------------------- who asks */

static bool anything_movable(const struct machine *m)
{
	return __atomic_load_n(&m->nr_movable, __ATOMIC_RELAXED);
}

enum compact_result try_to_compact_pages(const struct alloc_context *ac, unsigned int alloc_flags,
					 enum migrate_mode mode)
{
	struct machine *m = this_machine();
	enum compact_result result = COMPACT_SKIPPED;

	might_sleep();
	if (!ac->order || !anything_movable(m))
		return COMPACT_SKIPPED;
	for (const struct zoneref *ref = ac->zonelist->ref; ref->zone && result != COMPACT_DONE; ref++) {
		if (ref->type > ac->highest || compaction_deferred(ref->zone, ac->order) ||
		    !compaction_suitable(ref->zone, ac->order, ac->highest, alloc_flags))
			continue;
		if (result == COMPACT_SKIPPED) {
			count_vm_event(COMPACT_STALL);
			drain_all_pages();
		}
		result = compact_zone_order(ref->zone, ac->order, mode, false);
	}
	return result;
}

void compact_memory(void)
{
	struct machine *m = this_machine();

	might_sleep();
	drain_all_pages();
	for (unsigned int i = 0; i < m->nr_zones; i++) {
		struct compact_control cc = {
			.zone = m->zones[i], .order = WHOLE_ZONE, .size_order = PAGEBLOCK_ORDER, .mode = MIGRATE_SYNC,
		};

		compact_zone(&cc);
	}
}

/* ------------------------------------------------------------------------------------------------------ kcompactd */

/* Is the zone worth the task's work? It has no such block, and what it has free is in pieces. */
static bool kcompactd_suits(struct zone *zone, unsigned int order, enum zone_type highest)
{
	return zone_populated(zone) && !zone_watermark_ok(zone, order, zone_watermark(zone, WMARK_MIN), highest, 0) &&
	       compaction_suitable(zone, order, highest, 0);
}

void compact_node(struct pglist_data *node, unsigned int order, enum zone_type highest)
{
	if (!order || !anything_movable(node->machine))
		return;
	count_vm_event(COMPACT_DAEMON_WAKE);
	for (enum zone_type type = 0; type <= highest && !node_task_must_stop(&node->kcompactd); type++) {
		struct zone *zone = &node->zones[type];

		if (!kcompactd_suits(zone, order, highest) || compaction_deferred(zone, order))
			continue;
		if (compact_zone_order(zone, order, MIGRATE_SYNC_LIGHT, true) != COMPACT_DONE)
			drain_all_pages();	/* what was freed meanwhile may lie on CPUs' lists */
	}
}

static void kcompactd_run(struct pglist_data *node)
{
	enum zone_type highest = ZONE_NORMAL;
	unsigned int order = 0;

	while (!node_task_must_stop(&node->kcompactd)) {
		u32 seen = node_task_wakeups(&node->kcompactd);

		if (node_task_take(&node->kcompactd, &order, &highest))
			compact_node(node, order, highest);
		while (node_task_wakeups(&node->kcompactd) == seen && !node_task_must_stop(&node->kcompactd))
			node_task_wait(&node->kcompactd, seen, 0);
	}
}

static void kcompactd(void *node);

static const struct node_task_kind kcompactd_kind = {
	"kcompactd", 0, offsetof(struct pglist_data, kcompactd), kcompactd, kcompactd_run,
};

static void kcompactd(void *node)
{
	node_task_main(node, &kcompactd_kind);
}

void wakeup_kcompactd(struct pglist_data *node, unsigned int order, enum zone_type highest)
{
	for (enum zone_type type = 0; type <= highest && order && anything_movable(node->machine); type++)
		if (kcompactd_suits(&node->zones[type], order, highest)) {
			node_task_ask(node, &kcompactd_kind, order, highest);
			return;
		}
}
