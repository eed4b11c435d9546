/* SPDX-License-Identifier: MIT */
/*
 * page_free.c - blocks that nobody holds any more.
 *
 *	__free_pages	last reference, one page, as it should be ----------> CPU's own list
 *	    | else
 *	free_block	checked page by page; compound undone --------------> CPU's own list, or the zone
 *			(a pageblock's size: the first page; mm/pcp.c looks at the others before the zone gets them)
 *			not as its owner must leave it --------------------> one report, never used again
 *
 * An owner's mistake (a page that is free already, is still mapped, or is someone else's) costs that block and
 * corrupts nothing. Lock: none here; mm/pcp.c and mm/buddy.c take zone->lock.
 */
#include <linux/compiler.h>
#include "lib/seeded.h"
#include "mm/dial.h"
#include "mm/idle.h"
#include "mm/page_report.h"
#include "mm/pcp.h"

#define PAGEBLOCK_DESCRIPTORS (sizeof(struct page) * PAGEBLOCK_PAGES)		/* bytes of them */

/* Undo compound_make(). Returns false, with a report, if some tail is not of this block. */
static bool compound_unmake(struct machine *m, struct page *page, unsigned int order)
{
	for (unsigned long i = 1; i < 1ul << order; i++) {
		if (unlikely(page[i].compound_head != ((unsigned long)page | 1))) {
			bad_page(m, &page[i], page[i].compound_head & 1 ? "compound_head not consistent" :
				 "PageTail not set");
			return false;
		}
		page[i].compound_head = 0;
	}
	page[1].lru.prev = NULL;
	page_flags_set(page, page->flags & ~(1ul << PG_head));
	return true;
}

struct page *pages_wash(struct page *from, const struct page *to)
{
	for (struct page *p = from; p < to; p++) {
		if (unlikely(!page_state_is(p, PAGE_STATE(PAGE_TYPE_NONE, 0)) || p->mapping))
			return p;
		if (likely(!(p->flags & PAGE_FLAGS_ALL)))
			continue;
		if (unlikely(p->flags & PAGE_FLAGS_CHECK_AT_FREE))
			return p;
		page_flags_set(p, p->flags & ~PAGE_FLAGS_ALL);
	}
	return NULL;
}

/* Pages of a block, from its first on, that must be looked at. */
static unsigned long pages_to_look_at(struct machine *m, const struct page *page, unsigned int order, bool is_whole)
{
	bool alone = is_whole && order > PAGE_ALLOC_COSTLY_ORDER && m->check_level < CHECK_EACH &&
		     !pageblock_is_touched(machine_page_zone(m, page), machine_pfn(m, page), order);

	return alone ? 1 : 1ul << order;
}

bool block_may_be_freed(struct machine *m, struct page *page, unsigned int order, bool is_whole)
{
	unsigned long pages = pages_to_look_at(m, page, order, is_whole);
	const struct page *bad;

	if (page->flags & (1ul << PG_head) && !compound_unmake(m, page, order))
		return false;
	bad = pages_wash(page, page + pages);
	if (unlikely(bad)) {
		bad_page(m, bad,
			 page_bad_reason(bad, PAGE_FLAGS_CHECK_AT_FREE, "PAGE_FLAGS_CHECK_AT_FREE flag(s) set"));
		return false;
	}
	for (; pages >= PAGEBLOCK_PAGES; pages -= PAGEBLOCK_PAGES, page += PAGEBLOCK_PAGES)
		set_pageblock_touched(machine_page_zone(m, page), machine_pfn(m, page), false);
	return true;
}

void free_block(struct machine *m, struct page *page, unsigned int order, bool is_whole)
{
	struct zone *zone = machine_page_zone(m, page);
	unsigned long flags;
	enum migratetype type;

	check_step(m, CHECK_EACH);
	if (!block_may_be_freed(m, page, order, is_whole))
		return;
	if (unlikely(m->params.init_on_free))
		pages_zero(m, page, order);
	count_vm_events(PGFREE, 1ul << order);
	type = pageblock_type(zone, machine_pfn(m, page));
	if (!order && type != MIGRATE_ISOLATE) {
		pcp_give(zone, page, type < MIGRATE_PCPTYPES ? type : MIGRATE_MOVABLE);
		return;
	}
	if (type < MIGRATE_PCPTYPES && pcp_give_block(zone, page, order, type))
		return;
	spin_lock_irqsave(&zone->lock, flags);
	buddy_give(zone, page, order, pageblock_type(zone, machine_pfn(m, page)), false);
	spin_unlock_irqrestore(&zone->lock, flags);
	idle_hint(zone);
}

bool page_is_ours(struct machine *m, const struct page *page)
{
	unsigned long offset = (unsigned long)page - (unsigned long)m->vmemmap;

	return offset < m->max_pfn * sizeof(struct page) && !(offset % sizeof(struct page)) &&
	       pfn_described(m, offset / sizeof(struct page));
}

/* One reference less. Returns how many are left, or -1 with a report if the page had none. */
static int page_put(struct machine *m, struct page *page)
{
	int left;

	if (unlikely(!page_is_ours(m, page))) {
		WARN(true, "page %px is not of this machine\n", page);
		return -1;
	}
	left = __atomic_load_n(&page->_refcount.counter, __ATOMIC_RELAXED);
	do {
		if (unlikely(left <= 0)) {
			bad_page(m, page, "VM_BUG_ON_PAGE(page_ref_count(page) == 0)");
			return -1;
		}
	} while (!__atomic_compare_exchange_n(&page->_refcount.counter, &left, left - 1, true, __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
	return SEEDED(PAGE_REF) ? __atomic_load_n(&page->_refcount.counter, __ATOMIC_RELAXED) : left - 1;
}

bool page_put_testzero(struct machine *m, struct page *page)
{
	return !page_put(m, page);
}

static noinline void free_pages_slowly(struct page *page, unsigned int order)
{
	struct machine *m = this_machine();
	bool is_ours = page_is_ours(m, page);
	unsigned int whole = is_ours ? compound_order(page) : 0;
	int left;

	if (WARN_ON_ONCE(order > MAX_ORDER))
		return;
	if (unlikely(whole && whole != order)) {
		bad_page(m, page, "VM_BUG_ON_PAGE(compound && compound_order(page) != order)");
		return;
	}
	if (unlikely(is_ours && !whole && page_order(page) != order && page_count(page) > 0)) {
		bad_page(m, page, "freed with another order than it was allocated with");
		return;
	}
	if (order && is_ours && !whole)	/* who holds on to the first page will have only that */
		__atomic_fetch_and(&page->flags, ~PAGE_ORDER_MASK, __ATOMIC_RELAXED);
	left = page_put(m, page);
	if (!left)
		free_block(m, page, order, true);
	else if (left > 0 && !whole)
		/* Someone holds the first page, or did just now, and frees only that: the others go here. */
		for (unsigned int o = 0; o < order; o++)
			free_block(m, page + (1ul << o), o, true);
}

/*
 * What the fast paths know a page by: how many bytes its descriptor is from the CPU's first. (Told, not worked out by
 * each step: the compiler reads first_page anew after an atomic load.)
 */
static inline unsigned long page_offset_here(const struct kmem_cpu *cpu, const struct page *page)
{
	return (unsigned long)page - cpu->first_page;
}

/* The last reference to a block, as its owner should leave it but for its flags. */
static __always_inline bool is_last_of_block(const struct kmem_cpu *cpu, const struct page *page, unsigned long offset)
{
	if (offset >= cpu->page_bytes)
		return false;
	if (PAGE_STATE_IS_A_WORD)
		return page_state_is(page, PAGE_STATE_USED) && !page->mapping;
	return !(page_state_differs(page, PAGE_STATE_USED) | (unsigned long)page->mapping);
}

/* What this CPU keeps of the zone that serves plain requests: most blocks are of that. */
static __always_inline struct per_cpu_pages *pcp_plain(const struct kmem_cpu *cpu)
{
	return __atomic_load_n(&cpu->pcp_by_gfp[0], __ATOMIC_RELAXED);
}

/*
 * A block that is nobody's since this moment, counted, and by its first page as its owner should leave it; there is no
 * room for it.
 */
static noinline void block_to_zone(struct zone *zone, struct page *page, unsigned int order, bool is_cold)
{
	page_order_set(page, 0);
	if (order <= PAGE_ALLOC_COSTLY_ORDER || page->flags & (1ul << PG_head)) {
		if (!block_may_be_freed(zone->machine, page, order, true))
			return;
	}
	pcp_spill(zone, page, order, is_cold);
	idle_hint(zone);
}

/* Onto the chain of its pageblock, unless there are enough blocks. It was the last reference. */
static __always_inline void block_keep(struct per_cpu_pages *pcp, struct pcp_order *of, struct page *page,
				       unsigned int order, u32 tag, u32 compound)
{
	struct pcp_chain *chain;

	if (unlikely(tag & (PAGEBLOCK_TOUCHED | PAGEBLOCK_APART))) {
		free_pages_slowly(page, order);
		return;
	}
	chain = pcp_chain_of(of, tag);
	if (unlikely(chain->kept >= __atomic_load_n(&chain->kept_max, __ATOMIC_RELAXED))) {
		set_page_state(page, PAGE_STATE(PAGE_TYPE_NONE, 0));
		of->freed++;
		chain->full = true;
		block_to_zone(pcp->zone, page, order, chain != of->chain);
		return;
	}
	set_page_state(page, PAGE_STATE(of->type | compound | (tag & PAGEBLOCK_MOBILITY), 0));
	page->lru.next = (struct list_head *)chain->blocks;
	chain->blocks = page;
	chain->kept++;
	of->freed++;
}

/* Onto that list, unless there are enough pages. */
static __always_inline void single_keep(struct per_cpu_pages *pcp, struct page **list, struct page *page)
{
	if (unlikely(pcp->count >= __atomic_load_n(&pcp->high, __ATOMIC_RELAXED))) {
		free_pages_slowly(page, 0);
		return;
	}
	set_page_state(page, PAGE_STATE_PCP_SINGLE);
	page->lru.next = (struct list_head *)*list;
	*list = page;
	pcp->count++;
	pcp->order[0].freed++;
}

/* A single page of the zone that a CPU's lists are of. */
static __always_inline void single_free(struct per_cpu_pages *pcp, struct page *page, unsigned long offset)
{
	u32 tag = pageblock_tag(&pcp->pageblocks[offset / PAGEBLOCK_DESCRIPTORS]);

	if (likely((u8)tag == (PCP_MOBILITY(MIGRATE_UNMOVABLE) | (MIGRATE_UNMOVABLE ^ MIGRATE_MOVABLE))) &&
	    likely(tag <= pcp->order[0].warm_to))
		single_keep(pcp, &pcp->lists[MIGRATE_UNMOVABLE], page);
	else if (likely(!(tag & PAGEBLOCK_APART)))
		single_keep(pcp, &pcp->lists[pcp_list_of(tag, pcp_half(&pcp->order[0], tag))], page);
	else
		free_pages_slowly(page, 0);
}

/*
 * __free_pages() of what is not of the zone that serves plain requests, or of a compound block. It is the last
 * reference, and CPUs keep blocks of that order.
 */
static KMEM_FAST void free_other(struct page *page, unsigned int order)
{
	const struct kmem_cpu *cpu = this_cpu();
	unsigned long flags = __atomic_load_n(&page->flags, __ATOMIC_RELAXED), offset = page_offset_here(cpu, page);
	unsigned long head = order ? flags & (1ul << PG_head) : 0;
	struct per_cpu_pages *pcp = __atomic_load_n(&cpu->pcp_by_type[flags >> PAGE_ZONE_SHIFT & 7], __ATOMIC_RELAXED);
	struct pcp_order *of = &pcp->order[order];

	if (unlikely((flags ^ head) != of->flags))
		free_pages_slowly(page, order);
	else if (order)
		block_keep(pcp, of, page, order, pageblock_tag(&pcp->pageblocks[offset / PAGEBLOCK_DESCRIPTORS]),
			   (u32)(head / ((1ul << PG_head) / PCP_COMPOUND)));
	else
		single_free(pcp, page, offset);
}

/* __free_pages() of orders above 0. */
static __always_inline void block_free(struct page *page, unsigned int order)
{
	const struct kmem_cpu *cpu = this_cpu();
	unsigned long offset = page_offset_here(cpu, page), flags;
	struct per_cpu_pages *pcp;
	struct pcp_order *of;

	if (unlikely(order >= PCP_ORDERS || !is_last_of_block(cpu, page, offset))) {
		free_pages_slowly(page, order);
		return;
	}
	flags = __atomic_load_n(&page->flags, __ATOMIC_RELAXED);
	pcp = pcp_plain(cpu);
	of = &pcp->order[order];
	OPTIMIZER_HIDE_VAR(of);		/* worked out once, not for each atomic load */
	if (unlikely(flags != of->flags))
		free_other(page, order);
	else
		block_keep(pcp, of, page, order, pageblock_tag(&pcp->pageblocks[offset / PAGEBLOCK_DESCRIPTORS]), 0);
}

/* With few registers by itself: a single page then need not wait for those that this saves. */
static KMEM_FAST void free_kept_block(struct page *page, unsigned int order)
{
	block_free(page, order);
}

/*
 * The whole of the common case: the last reference to a page or a block, as its owner should leave it, that the CPU has
 * room to keep. Its list is the one that an allocation looks at next: for the commonest it is known by a branch, which
 * the processor foresees, and not by four loads, each of which waits for the one before (a pair: 8 ns, and 4).
 */
KMEM_FAST void __free_pages(struct page *page, unsigned int order)
{
	const struct kmem_cpu *cpu = this_cpu();
	unsigned long offset = page_offset_here(cpu, page);
	struct per_cpu_pages *pcp;

	if (order) {
		if (sizeof(long) == 4)
			free_kept_block(page, order);
		else
			block_free(page, order);
		return;
	}
	if (unlikely(!is_last_of_block(cpu, page, offset))) {
		free_pages_slowly(page, 0);
		return;
	}
	pcp = pcp_plain(cpu);
	if (unlikely(__atomic_load_n(&page->flags, __ATOMIC_RELAXED) != pcp->order[0].flags))
		free_other(page, 0);
	else
		single_free(pcp, page, offset);
}
