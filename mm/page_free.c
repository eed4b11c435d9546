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
	page->flags &= ~(1ul << PG_head);
	return true;
}

struct page *pages_wash(struct page *from, const struct page *to)
{
	for (struct page *p = from; p < to; p++) {
		if (unlikely(page_type_get(p) != PAGE_TYPE_NONE || p->_refcount.counter || p->mapping ||
			     (p->flags & PAGE_FLAGS_CHECK_AT_FREE)))
			return p;
		if (unlikely(p->flags & (PAGE_FLAGS_ALL | PAGE_TAILS_ALONE)))
			p->flags &= ~(PAGE_FLAGS_ALL | PAGE_TAILS_ALONE);
	}
	return NULL;
}

/* Is each page of the block as its owner must leave it? The first that is not is reported. */
static bool block_may_be_freed(struct machine *m, struct page *page, unsigned int order)
{
	bool alone = order == PAGEBLOCK_ORDER && (page->flags & PAGE_TAILS_ALONE) && m->check_level < CHECK_EACH;
	const struct page *bad = pages_wash(page, page + (alone ? 1 : 1ul << order));

	if (likely(!bad))
		return true;
	bad_page(m, bad, page_bad_reason(bad, PAGE_FLAGS_CHECK_AT_FREE, "PAGE_FLAGS_CHECK_AT_FREE flag(s) set"));
	return false;
}

void free_block(struct machine *m, struct page *page, unsigned int order)
{
	struct zone *zone = machine_page_zone(m, page);
	unsigned long flags;
	enum migratetype type;

	check_step(m, CHECK_EACH);
	if (page->flags & (1ul << PG_head) && !compound_unmake(m, page, order))
		return;
	if (!block_may_be_freed(m, page, order))
		return;
	if (unlikely(m->params.init_on_free))
		pages_zero_or_panic(m, page, order);
	count_vm_events(PGFREE, 1ul << order);
	type = pageblock_type(zone, machine_pfn(m, page));
	if (pcp_has_order(order) && type != MIGRATE_ISOLATE) {
		pcp_give(zone, page, order, type < MIGRATE_PCPTYPES ? type : MIGRATE_MOVABLE);
		return;
	}
	spin_lock_irqsave(&zone->lock, flags);
	buddy_give(zone, page, order, pageblock_type(zone, machine_pfn(m, page)), false);
	spin_unlock_irqrestore(&zone->lock, flags);
	idle_hint(zone);
}

/* A page that some caller says is his: of this machine, and one that boot or growth has described. */
static bool page_is_ours(struct machine *m, const struct page *page)
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
	unsigned int whole;
	int left;

	if (WARN_ON_ONCE(order > MAX_ORDER))
		return;
	whole = page_is_ours(m, page) ? compound_order(page) : 0;
	if (unlikely(whole && whole != order)) {
		bad_page(m, page, "VM_BUG_ON_PAGE(compound && compound_order(page) != order)");
		return;
	}
	left = page_put(m, page);
	if (!left)
		free_block(m, page, order);
	else if (left > 0 && !whole)
		/* Someone holds the first page, or did just now, and frees only that: the others go here. */
		for (unsigned int o = 0; o < order; o++)
			free_block(m, page + (1ul << o), o);
}

/* The whole of the common case: the last reference to one page, as its owner should leave it, to a list with room. */
KMEM_FAST void __free_pages(struct page *page, unsigned int order)
{
	struct kmem_cpu *cpu = this_cpu();
	unsigned long address = (unsigned long)lowmem_page_address(page), flags, tag;
	struct per_cpu_pages *pcp;
	unsigned int list;

	if (unlikely(order || (address - cpu->node_base) >> PAGE_SHIFT >= cpu->node_pages))
		goto slow;
	if (unlikely(page_state(page) != PAGE_STATE_USED || page->mapping))
		goto slow;
	flags = __atomic_load_n(&page->flags, __ATOMIC_RELAXED);
	if (unlikely(flags & PAGE_FLAGS_ALL))
		goto slow;
	tag = flags >> PAGE_ZONE_SHIFT;
	pcp = __atomic_load_n(&cpu->pcp_by_type[tag & 7], __ATOMIC_RELAXED);
	if (unlikely(tag >> 3 != cpu->node || !pcp || pcp->count >= __atomic_load_n(&pcp->high, __ATOMIC_RELAXED)))
		goto slow;
	list = __atomic_load_n(&pcp->pageblocks[(address - DIRECT_BASE) >> (PAGE_SHIFT + PAGEBLOCK_ORDER)],
			       __ATOMIC_RELAXED) ^ MIGRATE_MOVABLE;
	if (unlikely((list & PAGEBLOCK_TYPE_MASK) >= MIGRATE_PCPTYPES))
		goto slow;
	set_page_state(page, PAGE_STATE_PCP0);
	page->free_type = list & PAGEBLOCK_TYPE_MASK;
	page->lru.next = (struct list_head *)pcp->lists[list];
	pcp->lists[list] = page;
	pcp->count++;
	cpu->events[PGFREE]++;
	return;
slow:
	free_pages_slowly(page, order);
}
