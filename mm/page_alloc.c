/* SPDX-License-Identifier: MIT */
/*
 * page_alloc.c - a request for pages, from its flags to a block or to NULL.
 *
 *	alloc_pages	CPU's own list -------------------------------------------------> page
 *	    | empty
 *	pages_alloc	zonelist, low watermark: CPU's list, zone's free lists ----------> page
 *	    | nothing
 *	alloc_slowly	wake kswapd; min watermark, then reserves of those who may ------> page
 *	    | may sleep	compact, reclaim, drain, try again while that helps -------------> page
 *	    |		OOM ------------------------------------------------------------> again
 *	    v
 *	  report, NULL	(__GFP_NOFAIL: again)
 *
 * Blocks come back by mm/page_free.c. Lock: none here; each step takes zone->lock for itself (mm/buddy.c, mm/pcp.c).
 */
#include <linux/compiler.h>
#include <linux/highmem.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/sched/mm.h>
#include "lib/assert.h"
#include "mm/compaction.h"
#include "mm/dial.h"
#include "mm/fault_inject.h"
#include "mm/page_report.h"
#include "mm/pcp.h"
#include "mm/stats.h"
#include "mm/vmscan.h"

#define MAX_RECLAIM_RETRIES 16
#define PAGES_AT_ONCE 64		/* that a KMEM_FAST function takes: it is not interrupted */
#define MAX_ROUNDS 1024			/* of a request that may fail, however much reclaim promises */

/* ------------------------------------------------------------------------------------------------- making a block */

static void compound_make(struct page *page, unsigned int order)
{
	page_flags_set(page, page->flags | 1ul << PG_head);
	for (unsigned long i = 1; i < 1ul << order; i++) {
		page[i].mapping = NULL;
		page[i].compound_head = (unsigned long)page | 1;
	}
	page[1].compound_order = (u8)order;
}

/* A block off a list, as it should be: no reference, mapping, or type of its own. Else one report, and it is lost. */
static bool block_is_good(struct machine *m, const struct page *page)
{
	if (likely(page_is_untouched(page)))
		return true;
	bad_page(m, page, page_bad_reason(page, PAGE_FLAGS_ALL, "PAGE_FLAGS_CHECK_AT_PREP flag(s) set"));
	return false;
}

static void block_dress(struct page *page, unsigned int order, gfp_t gfp)
{
	page->_refcount.counter = 1;
	page->private = 0;
	page_order_set(page, order);
	if (order && (gfp & __GFP_COMP))
		compound_make(page, order);
}

static void count_alloc(struct zone *preferred, struct zone *zone, unsigned int order)
{
	unsigned long flags;
	struct kmem_cpu *cpu = cpu_hold(&flags);

	cpu->events[PGALLOC_DMA + zone->type] += 1ul << order;
	cpu->numa[zone->index][(u32)zone->nid == cpu->node ? NUMA_LOCAL : NUMA_OTHER]++;
	if (zone->nid == preferred->nid) {
		cpu->numa[zone->index][NUMA_HIT]++;
	} else {
		cpu->numa[zone->index][NUMA_MISS]++;
		cpu->numa[preferred->index][NUMA_FOREIGN]++;
	}
	cpu_let_go(flags);
}

/* Straight from the free lists: the reserve of high-order atomic requests first, for those. */
static struct page *zone_take_block(struct zone *zone, const struct alloc_context *ac, unsigned int alloc_flags)
{
	struct page *page = NULL;
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	if (ac->order && (alloc_flags & ALLOC_HARDER))
		page = buddy_take_of_type(zone, ac->order, MIGRATE_HIGHATOMIC);
	if (!page)
		page = buddy_take(zone, ac->order, ac->migratetype, alloc_flags);
	if (!page && !ac->order && (alloc_flags & ALLOC_HARDER))
		page = buddy_take_of_type(zone, 0, MIGRATE_HIGHATOMIC);
	spin_unlock_irqrestore(&zone->lock, flags);
	return page;
}

/* kswapd has to hear that the watermarks were raised. */
static void zone_heed_boost(struct zone *zone)
{
	if (likely(!(__atomic_load_n(&zone->flags, __ATOMIC_RELAXED) & ZONE_BOOSTED)))
		return;
	__atomic_fetch_and(&zone->flags, ~ZONE_BOOSTED, __ATOMIC_RELAXED);
	wakeup_kswapd(zone, 0, 0, zone->type);
}

/* A block of this zone, whatever its watermarks; bad ones on the way are left out. */
static struct page *zone_take(struct zone *zone, const struct alloc_context *ac, unsigned int alloc_flags)
{
	struct page *page;

	do {
		page = pcp_take_block(zone, ac->order, ac->migratetype, alloc_flags, true);
		if (!page && !ac->order)
			page = pcp_take(zone, ac->migratetype, alloc_flags);
		if (!page)
			page = zone_take_block(zone, ac, alloc_flags);
	} while (page && !block_is_good(zone->machine, page));
	zone_heed_boost(zone);
	return page;
}

/* Below the watermark there is still what this CPU keeps: a block, and what it was about to give back. */
static struct page *zone_take_kept(struct zone *zone, const struct alloc_context *ac)
{
	struct page *page;

	if (!pcp_may_have(zone, ac->order, ac->migratetype))
		return NULL;
	do {
		page = pcp_take_block(zone, ac->order, ac->migratetype, 0, false);
		if (!page && !ac->order)
			page = pcp_take_cold(zone, ac->migratetype);
	} while (page && !block_is_good(zone->machine, page));
	return page;
}

/* ------------------------------------------------------------------------------------------------------ zonelists */

static struct zone *zonelist_first(const struct zonelist *zonelist, enum zone_type highest)
{
	const struct zoneref *ref = zonelist->ref;

	while (ref->zone && ref->type > highest)
		ref++;
	return ref->zone;
}

/* Rather use another zone of the node than mix types in NORMAL's pageblocks. */
static unsigned int nofragment_flag(const struct zone *preferred)
{
	if (preferred->type != ZONE_NORMAL || !zone_populated(&preferred->node->zones[ZONE_DMA32]))
		return 0;
	return ALLOC_NOFRAGMENT;
}

/*
 * What must stay free. A boost has reclaim do more: whoever cannot wait for that has single pages as if there were
 * none.
 */
static unsigned long mark_to_keep(const struct zone *zone, const struct alloc_context *ac, unsigned int alloc_flags)
{
	enum zone_watermarks mark = alloc_flags & ALLOC_WMARK_MASK;

	if (mark == WMARK_MIN && !ac->order && (ac->gfp & __GFP_ATOMIC))
		return __atomic_load_n(&zone->watermark[WMARK_MIN], __ATOMIC_RELAXED);
	return zone_watermark(zone, mark);
}

static struct page *zonelist_try(const struct alloc_context *ac, const struct zone *preferred, unsigned int alloc_flags)
{
	for (const struct zoneref *ref = ac->zonelist->ref; ref->zone; ref++) {
		struct zone *zone = ref->zone;
		struct page *page;

		if (ref->type > ac->highest)
			continue;
		/* Remote memory is worse than mixed pageblocks. */
		if ((alloc_flags & ALLOC_NOFRAGMENT) && zone->nid != preferred->nid)
			return NULL;
		if (!(alloc_flags & ALLOC_NO_WATERMARKS) &&
		    !zone_watermark_ok(zone, ac->order, mark_to_keep(zone, ac, alloc_flags), ac->highest,
				       alloc_flags))
			page = zone_take_kept(zone, ac);
		else
			page = zone_take(zone, ac, alloc_flags);
		if (page)
			return page;
	}
	return NULL;
}

/* The first zone of the list that may be asked and has a block, dressed and counted; or NULL. */
static struct page *zonelist_alloc(const struct alloc_context *ac, unsigned int alloc_flags)
{
	struct zone *preferred = zonelist_first(ac->zonelist, ac->highest), *zone;
	struct page *page;

	if (!preferred)
		return NULL;
	page = zonelist_try(ac, preferred, alloc_flags);
	if (!page && (alloc_flags & ALLOC_NOFRAGMENT))
		page = zonelist_try(ac, preferred, alloc_flags & ~ALLOC_NOFRAGMENT);
	if (!page)
		return NULL;
	zone = machine_page_zone(preferred->machine, page);
	if (unlikely(ac->order && (alloc_flags & ALLOC_HARDER)))
		highatomic_reserve(zone, page, ac->order, ac->migratetype);
	count_alloc(preferred, zone, ac->order);
	block_dress(page, ac->order, ac->gfp);
	return page;
}

/* ------------------------------------------------------------------------------------------------------- slow path */

static void wake_kswapds(const struct alloc_context *ac)
{
	int last_nid = -1;

	for (const struct zoneref *ref = ac->zonelist->ref; ref->zone; ref++) {
		if (ref->type > ac->highest || ref->zone->nid == last_nid)
			continue;
		last_nid = ref->zone->nid;
		wakeup_kswapd(ref->zone, ac->gfp, ac->order, ac->highest);
	}
}

/* Below the low watermark: how far down may this request go? */
static unsigned int slow_flags(const struct alloc_context *ac)
{
	unsigned int flags = WMARK_MIN;

	if (ac->gfp & __GFP_HIGH)
		flags |= ALLOC_HIGH;
	if (ac->gfp & __GFP_KSWAPD_RECLAIM)
		flags |= ALLOC_KSWAPD;
	if ((ac->gfp & __GFP_ATOMIC) && !(ac->gfp & __GFP_NOMEMALLOC))
		flags |= ALLOC_HARDER;
	return flags;
}

/* Does the request's flags or its task give memory back, so that it may have the last page? */
static bool may_ignore_watermarks(gfp_t gfp)
{
	if (gfp & __GFP_NOMEMALLOC)
		return false;
	if (gfp & __GFP_MEMALLOC)
		return true;
	return (current->flags & PF_MEMALLOC) && !in_interrupt();
}

/* Does any CPU keep pages of a zone that may serve the request, or whole objects? */
static bool pages_are_kept(const struct machine *m, const struct alloc_context *ac)
{
	for (const struct zoneref *ref = ac->zonelist->ref; ref->zone; ref++)
		if (ref->type <= ac->highest && zone_pcp_pages(ref->zone))
			return true;
	return machine_large_aside(m).objects != 0;
}

/* Reclaim in the caller's place, and try. *progress: pages that were freed, whoever has them now. */
static struct page *alloc_by_reclaim(struct machine *m, const struct alloc_context *ac, unsigned int alloc_flags,
				     unsigned long *progress)
{
	unsigned int scope = memalloc_noreclaim_save();
	struct page *page;

	count_vm_event(ALLOCSTALL_DMA + ac->highest);
	*progress = try_to_free_pages(m, ac->zonelist, ac->order, ac->gfp);
	memalloc_noreclaim_restore(scope);
	if (!*progress && !pages_are_kept(m, ac))
		return NULL;
	page = zonelist_alloc(ac, alloc_flags);
	if (page)
		return page;
	/* What was freed may be in reserves or on other CPUs' lists. */
	highatomic_unreserve(ac->zonelist, ac->highest, false, ac->migratetype);
	drain_all_pages();
	return zonelist_alloc(ac, alloc_flags);
}

/* Have pages moved out of the way, and try. */
static struct page *alloc_by_compaction(const struct alloc_context *ac, unsigned int alloc_flags)
{
	enum migrate_mode mode = ac->gfp & __GFP_NORETRY ? MIGRATE_ASYNC : MIGRATE_SYNC_LIGHT;
	unsigned int scope = memalloc_noreclaim_save();
	enum compact_result result = try_to_compact_pages(ac, alloc_flags, mode);
	struct page *page;

	memalloc_noreclaim_restore(scope);
	if (result == COMPACT_SKIPPED)
		return NULL;
	page = zonelist_alloc(ac, alloc_flags);
	count_vm_event(page ? COMPACT_SUCCESS : COMPACT_FAIL);
	return page;
}

/* Could some zone serve the request if all that can be reclaimed were? */
static bool reclaim_could_help(const struct alloc_context *ac, unsigned int alloc_flags)
{
	for (const struct zoneref *ref = ac->zonelist->ref; ref->zone; ref++) {
		long available = zone_page_state(ref->zone, NR_FREE_PAGES) + zone_reclaimable_pages(ref->zone);

		if (ref->type <= ac->highest &&
		    zone_watermark_ok_pages(ref->zone, ac->order, zone_watermark(ref->zone, WMARK_MIN), ac->highest,
					    alloc_flags, available))
			return true;
	}
	return false;
}

/* How a request that found nothing has fared so far. */
struct attempts {
	unsigned int fruitless;		/* rounds of reclaim without progress, in a row */
	unsigned int rounds;
};

/* Of a request that may fail there is an end, whatever shrinkers and notifiers promise. */
static bool rounds_are_left(const struct alloc_context *ac, const struct attempts *attempts)
{
	return attempts->rounds <= MAX_ROUNDS || (ac->gfp & __GFP_NOFAIL);
}

static bool should_retry(const struct alloc_context *ac, unsigned int alloc_flags, bool progress,
			 struct attempts *attempts)
{
	attempts->rounds++;
	if (!rounds_are_left(ac, attempts))
		return false;
	if (progress && ac->order <= PAGE_ALLOC_COSTLY_ORDER) {
		attempts->fruitless = 0;
		return true;
	}
	if (++attempts->fruitless <= MAX_RECLAIM_RETRIES && reclaim_could_help(ac, alloc_flags))
		return true;
	/* The last resort before the caller is refused. */
	return highatomic_unreserve(ac->zonelist, ac->highest, true, ac->migratetype);
}

/* May memory be had by killing for this request? Never for large, low, or easily given up ones. */
static bool may_oom(const struct alloc_context *ac)
{
	if (ac->gfp & __GFP_NOFAIL)
		return true;
	return ac->order <= PAGE_ALLOC_COSTLY_ORDER && ac->highest >= ZONE_NORMAL &&
	       !(ac->gfp & (__GFP_RETRY_MAYFAIL | __GFP_THISNODE | __GFP_NORETRY));
}

/* One round of a request that may sleep. *again: nothing yet, but there is hope. */
static struct page *alloc_round(struct machine *m, const struct alloc_context *ac, unsigned int alloc_flags,
				struct attempts *attempts, bool *again)
{
	unsigned long progress = 0;
	struct page *page = alloc_by_compaction(ac, alloc_flags);
	bool costly = ac->order > PAGE_ALLOC_COSTLY_ORDER;

	*again = false;
	if (!page)
		page = alloc_by_reclaim(m, ac, alloc_flags, &progress);
	if (page)
		return page;
	if ((ac->gfp & __GFP_NORETRY) || (costly && !(ac->gfp & (__GFP_RETRY_MAYFAIL | __GFP_NOFAIL))))
		return NULL;
	*again = should_retry(ac, alloc_flags, progress != 0, attempts);
	if (*again || !may_oom(ac))
		return NULL;
	/* Another task may have freed much: look once more, with room to spare, before anyone is killed. */
	page = zonelist_alloc(ac, WMARK_HIGH);
	if (page)
		return page;
	*again = out_of_memory(m, ac->zonelist, ac->order, ac->gfp) && rounds_are_left(ac, attempts);
	if (*again)
		attempts->fruitless = 0;
	return NULL;
}

/* A request that cannot fail has found nothing: once it may go below all marks but the last. */
static struct page *alloc_nofail(const struct alloc_context *ac)
{
	WARN_ON_ONCE(current->flags & PF_MEMALLOC);
	WARN_ON_ONCE(ac->order > PAGE_ALLOC_COSTLY_ORDER);
	return zonelist_alloc(ac, WMARK_MIN | ALLOC_HARDER | ALLOC_HIGH);
}

/* As far down as the request may go. */
static struct page *alloc_to_mark(const struct alloc_context *ac, unsigned int alloc_flags)
{
	struct page *page = zonelist_alloc(ac, alloc_flags);

	if (!page && may_ignore_watermarks(ac->gfp))
		page = zonelist_alloc(ac, (alloc_flags & ALLOC_KSWAPD) | ALLOC_NO_WATERMARKS);
	return page;
}

/*
 * How many pages would have to come back from this CPU for some zone to have enough? LONG_MAX: all that it keeps, as
 * they complete a block where there are enough, or what stands aside may be had. 0: none will do. *pcp: of these.
 */
static long pages_to_cool(struct kmem_cpu *cpu, const struct alloc_context *ac, unsigned int alloc_flags,
			  struct per_cpu_pages **pcp)
{
	for (const struct zoneref *ref = ac->zonelist->ref; ref->zone; ref++) {
		struct zone *zone = ref->zone;
		long over;

		*pcp = &cpu->pcp[zone->index];
		if (ref->type > ac->highest)
			continue;
		over = zone_pages_over(zone, ac->order, zone_watermark(zone, WMARK_MIN), ac->highest, alloc_flags,
				       zone_page_state(zone, NR_FREE_PAGES));
		if (over <= 0 && over + (long)pcp_kept_pages(*pcp) > 0)
			return 1 - over;
		if (over > 0 && pcp_completes(*pcp, ac->order))
			return LONG_MAX;
	}
	return large_is_aside_here(cpu) ? LONG_MAX : 0;
}

/* As many come back. Returns how many that were to be. */
static long cool_for(const struct alloc_context *ac, unsigned int alloc_flags)
{
	unsigned long flags;
	struct kmem_cpu *cpu = cpu_hold(&flags);
	struct per_cpu_pages *pcp;
	long pages = pages_to_cool(cpu, ac, alloc_flags, &pcp);

	if (pages && pages < LONG_MAX)
		pcp_cool_some(pcp, pages);
	cpu_let_go(flags);
	return pages;
}

/*
 * Below the low watermark; what this CPU keeps goes back where the request would fail, or sleep, without it: if it may
 * neither reclaim nor ignore watermarks, at first no more than could serve it.
 */
static struct page *alloc_below_low(struct machine *m, const struct alloc_context *ac, unsigned int alloc_flags)
{
	struct page *page = alloc_to_mark(ac, alloc_flags);
	long cooled = LONG_MAX;

	if (!page && !(ac->gfp & __GFP_DIRECT_RECLAIM) && !may_ignore_watermarks(ac->gfp)) {
		cooled = cool_for(ac, alloc_flags);
		if (cooled && cooled < LONG_MAX)
			page = alloc_to_mark(ac, alloc_flags);
	}
	if (page || !cooled)
		return page;
	pcp_cool_here(m);
	return alloc_to_mark(ac, alloc_flags);
}

static void alloc_failed(gfp_t gfp, unsigned int order)
{
	warn_alloc(gfp, NULL, "page allocation failure: order:%u", order);
}

static struct page *alloc_slowly(struct machine *m, struct alloc_context *ac)
{
	bool can_reclaim = ac->gfp & __GFP_DIRECT_RECLAIM, again = true;
	struct attempts attempts = { 0 };
	unsigned int flags = slow_flags(ac);
	struct page *page;

	for (;;) {
		if (ac->gfp & __GFP_KSWAPD_RECLAIM)
			wake_kswapds(ac);
		page = alloc_below_low(m, ac, flags);
		if (page)
			return page;
		if (!can_reclaim) {
			WARN_ON_ONCE(ac->gfp & __GFP_NOFAIL);
			break;
		}
		again = false;
		if (!(current->flags & PF_MEMALLOC))
			page = alloc_round(m, ac, flags, &attempts, &again);
		if (!page && !again && (ac->gfp & __GFP_NOFAIL)) {
			page = alloc_nofail(ac);
			again = true;
		}
		if (page)
			return page;
		if (!again)
			break;
		cond_resched();
	}
	alloc_failed(ac->gfp, ac->order);
	return NULL;
}

/* --------------------------------------------------------------------------------------------------- allocating */

/* What the flags mean here and now. False: the request is not to be served. */
static bool context_init(struct machine *m, struct alloc_context *ac, gfp_t gfp, unsigned int order, int nid)
{
	struct pglist_data *node;

	if (nid < 0 || (unsigned int)nid >= m->nr_nodes)
		nid = (int)this_cpu()->node;
	node = m->nodes[nid];
	gfp = current_gfp_context(gfp & __GFP_BITS_MASK);
	might_sleep_if(gfp & __GFP_DIRECT_RECLAIM);
	if (should_fail_pages(m, gfp, order))
		return false;
	/* Someone who says both may sleep: only those who may not have the atomic reserve. */
	if (WARN_ON_ONCE((gfp & (__GFP_ATOMIC | __GFP_DIRECT_RECLAIM)) == (__GFP_ATOMIC | __GFP_DIRECT_RECLAIM)))
		gfp &= ~__GFP_ATOMIC;
	WARN_ON_ONCE((gfp & __GFP_NOFAIL) && order > 1);
	ac->zonelist = gfp & __GFP_THISNODE ? node->this_node : node->fallback;
	ac->highest = machine_gfp_zone(m, gfp);
	ac->migratetype = gfp_migratetype(gfp);
	ac->preferred_nid = nid;
	ac->gfp = gfp;
	ac->order = order;
	ac->alloc_flags = gfp & __GFP_KSWAPD_RECLAIM ? ALLOC_KSWAPD : 0;
	return true;
}

/* @is_short: above the low watermarks there is nothing. */
static struct page *pages_alloc(gfp_t gfp, unsigned int order, int nid, bool is_short)
{
	struct machine *m = this_machine();
	struct alloc_context ac;
	struct zone *preferred;
	struct page *page;

	if (unlikely(order > MAX_ORDER)) {
		if (!(gfp & __GFP_NOWARN))
			WARN_ON_ONCE(true);
		return NULL;
	}
	if (!context_init(m, &ac, gfp, order, nid))
		return NULL;
	preferred = zonelist_first(ac.zonelist, ac.highest);
	if (preferred)
		ac.alloc_flags |= nofragment_flag(preferred);
	page = is_short ? NULL : zonelist_alloc(&ac, ac.alloc_flags | WMARK_LOW);
	if (unlikely(!page))
		page = alloc_slowly(m, &ac);
	if (page && ((ac.gfp & __GFP_ZERO) || unlikely(m->params.init_on_alloc)))
		pages_zero(m, page, order);
	check_step_of(m, CHECK_EACH, gfp);
	return page;
}

struct page *alloc_pages_node(int nid, gfp_t gfp, unsigned int order)
{
	if (nid == NUMA_NO_NODE)
		return alloc_pages(gfp, order);
	return pages_alloc(gfp, order, nid, false);
}

static noinline struct page *page_zeroed(struct page *page, unsigned int order)
{
	pages_zero(this_machine(), page, order);
	return page;
}

/* Would pages_alloc() find nothing odd in these flags, here and now? */
static bool gfp_is_plain(gfp_t gfp)
{
	if (gfp & (__GFP_NOFAIL | __GFP_ATOMIC | (kmem_context.odd_gfp & __GFP_DIRECT_RECLAIM)))
		return false;
	return pcp_list_for(gfp) < MIGRATE_PCPTYPES &&
	       !((gfp & __GFP_MOVABLE) && (current->flags & PF_MEMALLOC_PIN));
}

/* The low watermark of the zone that a request prefers, from which lowmem_reserve keeps nothing. */
static bool zone_has_plenty(const struct zone *zone, unsigned int order)
{
	long left = zone_page_state(zone, NR_FREE_PAGES) - (1l << order) -
		    (long)__atomic_load_n(&zone->nr_reserved_highatomic, __ATOMIC_RELAXED);

	return left >= (long)zone_watermark(zone, WMARK_LOW);
}

/* No reclaim for it, no reserves: it may have what there is above the lowest mark. */
static bool gfp_is_modest(gfp_t gfp)
{
	return !(gfp & (__GFP_RECLAIM | __GFP_HIGH | __GFP_THISNODE)) && !may_ignore_watermarks(gfp);
}

/* What pages_alloc() would find: something; that it must go below the low marks; nothing. */
enum outlook { OPEN, BELOW_LOW, HOPELESS };

static enum outlook zone_outlook(struct zone *zone, struct kmem_cpu *cpu, gfp_t gfp, unsigned int order)
{
	const struct per_cpu_pages *pcp = &cpu->pcp[zone->index];
	unsigned long min = zone_watermark(zone, WMARK_MIN), low = zone_watermark(zone, WMARK_LOW);
	long over = zone_pages_over(zone, order, min, machine_gfp_zone(cpu->machine, gfp), 0,
				    zone_page_state(zone, NR_FREE_PAGES));

	if (pcp_has(pcp, order, (enum migratetype)pcp_list_for(gfp)))
		return OPEN;
	if (over <= 0)
		return (long)pcp_kept_pages(pcp) > -over ? BELOW_LOW : HOPELESS;
	if (!zone_has_block(zone, order) && !pcp_completes(pcp, order))
		return HOPELESS;
	return over > (long)(low - min) ? OPEN : BELOW_LOW;
}

/*
 * Of a plain and modest request: they come in numbers when memory is short, and then no block need be looked for. It
 * is hopeless if everywhere there are too few pages, or they are in pieces, whatever this CPU gave back. With the CPU
 * held.
 */
static enum outlook outlook_for(struct kmem_cpu *cpu, gfp_t gfp, unsigned int order)
{
	enum zone_type highest = machine_gfp_zone(cpu->machine, gfp);
	enum outlook outlook = HOPELESS;

	for (const struct zoneref *ref = cpu->machine->nodes[cpu->node]->fallback->ref; ref->zone; ref++)
		if (ref->type <= highest && outlook != OPEN)
			outlook = min(outlook, zone_outlook(ref->zone, cpu, gfp, order));
	return outlook == HOPELESS && large_is_aside_here(cpu) ? OPEN : outlook;
}

/*
 * What pages_alloc() comes to for a plain request while the zone that this node prefers has plenty, without the asking:
 * for a CPU that has used up what it kept. NULL: that must ask, but for what *outlook says. Counted as if the CPU had
 * kept it.
 */
static struct page *pages_fetch(gfp_t gfp, unsigned int order, enum outlook *outlook)
{
	unsigned int alloc_flags = WMARK_LOW | (gfp & __GFP_KSWAPD_RECLAIM ? ALLOC_KSWAPD : 0);
	enum migratetype type = (enum migratetype)pcp_list_for(gfp);
	struct page *page = NULL;
	struct kmem_cpu *cpu;
	struct zone *zone;
	unsigned long flags;
	struct per_cpu_pages *pcp;

	if (!gfp_is_plain(gfp) || order >= PCP_ORDERS)
		return NULL;
	cpu = cpu_hold(&flags);
	pcp = pcp_for(gfp);
	zone = pcp->zone;		/* pcp_none has none */
	if (zone && zone_has_plenty(zone, order)) {
		alloc_flags |= nofragment_flag(zone);
		do
			page = order ? pcp_obtain_block(pcp, order, type, alloc_flags) :
			       pcp_take(zone, type, alloc_flags);
		while (page && !block_is_good(zone->machine, page));
		if (page)
			pcp->order[order].taken++;
	}
	if (!page && zone && gfp_is_modest(gfp))
		*outlook = outlook_for(cpu, gfp, order);
	cpu_let_go(flags);
	if (!page)
		return NULL;
	zone_heed_boost(zone);
	block_dress(page, order, gfp);
	return unlikely(gfp & __GFP_ZERO) ? page_zeroed(page, order) : page;
}

static noinline struct page *pages_alloc_here(gfp_t gfp, unsigned int order)
{
	enum outlook outlook = OPEN;
	struct page *page = pages_fetch(gfp, order, &outlook);

	if (page)
		return page;
	if (outlook != HOPELESS)
		return pages_alloc(gfp, order, NUMA_NO_NODE, outlook == BELOW_LOW);
	alloc_failed(gfp, order);
	return NULL;
}

/* The single page that this CPU keeps for such a request, or NULL. */
static __always_inline struct page *single_take(gfp_t gfp)
{
	struct per_cpu_pages *pcp = pcp_for(gfp);
	struct page *page = pcp_pop_single(pcp, pcp_list_for(gfp));

	if (unlikely(!page))
		return NULL;
	pcp->count--;
	pcp->order[0].taken++;
	return page;
}

/* A single page, or the block of that order that was freed last. NULL: what looks odd in any way goes the long way. */
static __always_inline struct page *kept_take(gfp_t gfp, unsigned int order, u32 compound)
{
	if (!order)
		return single_take(gfp);
	return likely(order < PCP_ORDERS) ? pcp_pop_block(pcp_for(gfp), order, pcp_mobility_for(gfp) | compound) : NULL;
}

static inline u32 pcp_compound_for(gfp_t gfp)
{
	return gfp & __GFP_COMP ? PCP_COMPOUND : 0;
}

static inline struct page *page_zeroed_for(gfp_t gfp, struct page *page, unsigned int order)
{
	return unlikely(gfp & __GFP_ZERO) ? page_zeroed(page, order) : page;
}

/* There is none of the kind, or it was written to: what waits to go back to the zone comes before what the zone has. */
static KMEM_FAST struct page *alloc_cold_pages(gfp_t gfp, unsigned int order)
{
	struct per_cpu_pages *pcp = pcp_for(gfp);
	struct page *page = NULL;

	if (order && order < PCP_ORDERS && pcp_warm_up(pcp, order))
		page = pcp_pop_block(pcp, order, pcp_mobility_for(gfp) | pcp_compound_for(gfp));
	return page ? page_zeroed_for(gfp, page, order) : pages_alloc_here(gfp, order);
}

/* Of a request with flags that few callers give. */
static KMEM_FAST struct page *alloc_odd_pages(gfp_t gfp, unsigned int order)
{
	struct page *page;

	if (unlikely(gfp & kmem_context.odd_gfp & __GFP_DIRECT_RECLAIM))	/* the caller must not sleep */
		return pages_alloc_here(gfp, order);
	page = kept_take(gfp, order, pcp_compound_for(gfp));
	return likely(page) ? page_zeroed_for(gfp, page, order) : alloc_cold_pages(gfp, order);
}

/* With few registers by itself: a single page then need not wait for those that this saves. */
static KMEM_FAST struct page *alloc_kept_block(gfp_t gfp, unsigned int order)
{
	struct page *page = kept_take(gfp, order, 0);

	return likely(page) ? page : alloc_cold_pages(gfp, order);
}

/*
 * The whole of the common case: what this CPU keeps of the zone that this node prefers. A CPU that must not take it
 * (none, a debugging one) has pcp_none instead.
 */
KMEM_FAST struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	struct page *page;

	if (unlikely(gfp & kmem_context.odd_gfp))
		return alloc_odd_pages(gfp, order);
	if (sizeof(long) == 4 && order)
		return alloc_kept_block(gfp, order);
	page = kept_take(gfp, order, 0);
	return likely(page) ? page : alloc_cold_pages(gfp, order);
}

static noinline unsigned long get_zeroed_slowly(gfp_t gfp)
{
	return __get_free_pages(gfp | __GFP_ZERO, 0);
}

/* The same, without asking again what the page is: by its address there is no high one. */
KMEM_FAST unsigned long get_zeroed_page(gfp_t gfp)
{
	bool odd = gfp & (__GFP_HIGHMEM | (kmem_context.odd_gfp & __GFP_DIRECT_RECLAIM));
	struct page *page = unlikely(odd) ? NULL : single_take(gfp);

	if (unlikely(!page))
		return get_zeroed_slowly(gfp);
	return (unsigned long)host_clear_pages(lowmem_page_address(page), 1);
}

KMEM_FAST unsigned long alloc_kept_pages(gfp_t gfp, unsigned long nr, struct page **array)
{
	struct per_cpu_pages *pcp = pcp_for(gfp);
	unsigned int list = pcp_list_for(gfp), taken = 0;
	struct page **end = array + (nr < PAGES_AT_ONCE ? nr : PAGES_AT_ONCE), **place;

	if (unlikely(gfp & (__GFP_ZERO | (kmem_context.odd_gfp & __GFP_DIRECT_RECLAIM))))
		return 0;
	for (place = array; place < end; place++) {
		if (unlikely(*place))
			continue;
		*place = pcp_pop_single(pcp, list);
		if (unlikely(!*place))
			break;
		taken++;
	}
	if (likely(taken)) {		/* pcp_none is not written to */
		pcp->count -= (int)taken;
		pcp->order[0].taken += taken;
	}
	return (unsigned long)(place - array);
}
