/* SPDX-License-Identifier: MIT */
/*
 * page_ref.c - who holds a page: references, compound blocks, splitting.
 *
 *	compound	[ head: count, PG_head | tail: head + 1, order | tail: head + 1 | ... ]
 *	else		[ page: count          | 0                     | 0              | ... ]
 *
 * A reference to any page of a compound block counts at its head. Without __GFP_COMP only the first page has a
 * count, until split_page() gives each its own.
 */
#include "lib/assert.h"
#include "mm/buddy.h"
#include "mm/pageblock.h"
#include "mm/page_report.h"

struct page *compound_head(const struct page *page)
{
	unsigned long head = __atomic_load_n(&page->compound_head, __ATOMIC_RELAXED);

	return (struct page *)(head & 1 ? head - 1 : (unsigned long)page);
}

unsigned int compound_order(const struct page *page)
{
	/* Someone else may be locking the page. */
	return __atomic_load_n(&page->flags, __ATOMIC_RELAXED) & (1ul << PG_head) ? page[1].compound_order : 0;
}

int page_count(const struct page *page)
{
	return __atomic_load_n(&compound_head(page)->_refcount.counter, __ATOMIC_RELAXED);
}

void get_page(struct page *page)
{
	page = compound_head(page);
	if (unlikely(__atomic_load_n(&page->_refcount.counter, __ATOMIC_RELAXED) <= 0)) {
		bad_page(this_machine(), page, "VM_BUG_ON_PAGE(((unsigned int) page_ref_count(page) + 127u <= 127u))");
		return;
	}
	__atomic_fetch_add(&page->_refcount.counter, 1, __ATOMIC_RELAXED);
	if (unlikely(page_type_of(page) == PGTY_LARGE))
		large_forget(this_machine(), page);	/* or kfree() would take no notice of the count */
}

void put_page(struct page *page)
{
	struct machine *m = this_machine();

	page = compound_head(page);
	if (page_put_testzero(m, page))
		free_block(m, page, compound_order(page), true);
}

/* A flag is set of a page that has no count of its own: what its block's owner need not say when he frees it. */
void __page_tail_touched(const struct page *page)
{
	struct machine *m = this_machine();

	if (page_is_ours(m, page))
		set_pageblock_touched(machine_page_zone(m, page), machine_pfn(m, page), true);
}

void split_page(struct page *page, unsigned int order)
{
	if (WARN_ON_ONCE(page->flags & (1ul << PG_head)) || WARN_ON_ONCE(!page_count(page)))
		return;
	page_order_set(page, 0);
	for (unsigned long i = 1; i < 1ul << order; i++) {
		page_order_set(page + i, 0);
		__atomic_store_n(&page[i]._refcount.counter, 1, __ATOMIC_RELAXED);
	}
}
