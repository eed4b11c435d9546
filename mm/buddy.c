/* SPDX-License-Identifier: MIT */
/*
 * buddy.c - free blocks of pages, by power-of-two order and mobility.
 *
 * An order-n block starts at a pfn divisible by 2^n; its buddy differs in bit n.
 *
 *	order 2  [ 0  .  .  . ]          free_list[2][type] -> 0
 *	order 1                 [ 4  . ] free_list[1][type] -> 4
 *
 * Pageblocks of 2^9 pages have a mobility each, and blocks are freed to the list of theirs, so that pages that
 * cannot move gather in few pageblocks. A request whose own lists are empty takes the largest block of another
 * type, and with it as much of that pageblock as it can; so mixing is rare and soon over.
 *
 * Whole MAX_ORDER blocks that were free at boot and not wanted since are only a range of pfns in zone->deferred;
 * they count as blocks at the end of the order-10 movable list, and are described when the search gets there.
 *
 * A block smaller than a pageblock comes from the pageblock with most live blocks that can serve it
 * (mm/pageblock.c); if there is none, it is cut off the smallest free block that will do.
 * kmem.fullest_first=off, as the kernel does it: always the latter.
 *
 * True whenever zone->lock is free; zones_check() proves each:
 *	B1  a free block is aligned to its order, in its zone, and on the list of its order and type only
 *	B2  a block and its buddy are never both free (but for a pageblock that is kept apart)
 *	B3  nr_free is the number of blocks on all lists of the order
 *	B4  NR_FREE_PAGES is the pages on all lists and in deferred blocks, isolated ones apart
 *	B5  a free block's own type is its list's, and it has no reference, no mapping and no owner's flags; on lists of
 *	    what is kept apart are the blocks of such pageblocks, and no others
 *	B6  no page inside a free block has a reference or a type
 * Lock: zone->lock, innermost, irqs off; nothing is printed under it.
 */
#include <linux/list.h>
#include "lib/assert.h"
#include "mm/buddy.h"
#include "mm/buddy_index.h"
#include "mm/pageblock.h"

/* Where a request looks when its own lists are empty, in this order. */
static const enum migratetype fallbacks[MIGRATE_PCPTYPES][2] = {
	[MIGRATE_UNMOVABLE] = { MIGRATE_RECLAIMABLE, MIGRATE_MOVABLE },
	[MIGRATE_MOVABLE] = { MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE },
	[MIGRATE_RECLAIMABLE] = { MIGRATE_UNMOVABLE, MIGRATE_MOVABLE },
};

static bool type_is_ordinary(enum migratetype type)
{
	return type < MIGRATE_PCPTYPES;
}

/* ------------------------------------------------------------------------------------------------------ lists */

/* The descriptor's part of it: B5, and the list. */
static __always_inline void list_put(struct zone *zone, struct page *page, unsigned int order, enum migratetype type,
				     bool to_tail) MUST_HOLD(zone->lock)
{
	struct free_area *area = &zone->free_area[order];

	page_type_set(page, PAGE_TYPE(PGTY_BUDDY, order));
	page->free_order = order;
	page->free_type = type;
	if (to_tail)
		list_add_tail(&page->buddy_list, &area->free_list[type]);
	else
		list_add(&page->buddy_list, &area->free_list[type]);
	area->nr_free++;
}

static __always_inline void list_remove(struct zone *zone, struct page *page, unsigned int order)
	MUST_HOLD(zone->lock)
{
	__list_del(page->buddy_list.prev, page->buddy_list.next);
	page_type_set(page, PAGE_TYPE_NONE);
	page->mapping = NULL;
	page->private = 0;
	zone->free_area[order].nr_free--;
}

static void block_put(struct zone *zone, struct page *page, unsigned int order, enum migratetype type, bool to_tail)
	MUST_HOLD(zone->lock)
{
	pfn_t pfn = zone_page_pfn(zone, page);

	list_put(zone, page, order, type, to_tail);
	if (likely(order < PAGEBLOCK_ORDER))
		pageblock_list(pageblock_info(zone, pfn), block_bit(pfn, order), order);
	else
		pageblocks_list(zone, pfn, order, true);
}

static __always_inline void block_remove(struct zone *zone, struct page *page, unsigned int order)
	MUST_HOLD(zone->lock)
{
	pfn_t pfn = zone_page_pfn(zone, page);

	list_remove(zone, page, order);
	if (likely(order < PAGEBLOCK_ORDER))
		pageblock_unlist(pageblock_info(zone, pfn), block_bit(pfn, order), order);
	else
		pageblocks_list(zone, pfn, order, false);
}

void buddy_remove(struct zone *zone, struct page *page, unsigned int order)
{
	block_remove(zone, page, order);
	pageblocks_take(zone, zone_page_pfn(zone, page), order, 0);
}

static struct page *block_first(const struct zone *zone, unsigned int order, enum migratetype type)
{
	const struct list_head *list = &zone->free_area[order].free_list[type];

	return list->next == list ? NULL : free_block_of(list->next);
}

GLANCES bool buddy_has(const struct zone *zone, unsigned int order, enum migratetype type)
{
	const struct list_head *list = &zone->free_area[order].free_list[type];

	return list->next != list || (order == MAX_ORDER && type == MIGRATE_MOVABLE && zone->deferred_blocks);
}

GLANCES unsigned long buddy_count(const struct zone *zone, unsigned int order)
{
	return zone->free_area[order].nr_free + (order == MAX_ORDER ? zone->deferred_blocks : 0);
}

GLANCES bool zone_has_block(const struct zone *zone, unsigned int order)
{
	while (order <= MAX_ORDER && !buddy_count(zone, order))
		order++;
	return order <= MAX_ORDER;
}

/* The first block of the list, describing a deferred one if the list ends there. */
static struct page *block_find(struct zone *zone, unsigned int order, enum migratetype type) MUST_HOLD(zone->lock)
{
	struct page *page = block_first(zone, order, type);

	if (!page && order == MAX_ORDER && type == MIGRATE_MOVABLE && zone->deferred_blocks && zone_grow(zone))
		page = block_first(zone, order, type);
	return page;
}

/* ---------------------------------------------------------------------------------------------- giving, merging */

/* Is the block at pfn, of that order, free in this zone? */
static bool block_is_free_at(const struct zone *zone, pfn_t pfn, unsigned int order)
{
	const struct page *page = machine_page(zone->machine, pfn);

	return zone_spans_pfn(zone, pfn) && page_is_free_block(page, order) &&
	       machine_page_zone(zone->machine, page) == zone;
}

/* Neither is kept apart, or both are alike. */
static bool types_are_alike(enum migratetype a, enum migratetype b)
{
	return a == b || (type_is_ordinary(a) && type_is_ordinary(b));
}

/* Blocks as large as pageblocks merge only if neither pageblock is kept apart from ordinary ones. */
static bool may_merge(const struct zone *zone, pfn_t buddy, unsigned int order, enum migratetype type)
{
	return order < PAGEBLOCK_ORDER || types_are_alike(pageblock_type(zone, buddy), type);
}

bool buddy_is_mergeable(const struct zone *zone, pfn_t pfn, unsigned int order, enum migratetype type)
{
	pfn_t buddy = buddy_of(pfn, order);

	return block_is_free_at(zone, buddy, order) && may_merge(zone, buddy, order, type);
}

/* List a block of whole pageblocks, merged with its buddy if it may be. */
static noinline void whole_merge(struct zone *zone, pfn_t pfn, unsigned int order, enum migratetype type, bool to_tail)
	MUST_HOLD(zone->lock)
{
	if (order < MAX_ORDER && buddy_is_mergeable(zone, pfn, order, type)) {
		block_remove(zone, machine_page(zone->machine, buddy_of(pfn, order)), order);
		pfn = buddy_pair(pfn, order++);
	}
	block_put(zone, machine_page(zone->machine, pfn), order, type, to_tail);
}

/*
 * With its buddy the block would soon merge with a free one twice as large: it had better be handed out last. (The bit
 * of the two is half of theirs.)
 */
static bool merge_is_likely(const struct zone *zone, const struct block_info *info, pfn_t pfn, unsigned int bit)
{
	if (bit / 2 > 1)
		return test_bit(bit / 2 ^ 1, info->map);
	return block_is_free_at(zone, buddy_of(pfn, PAGEBLOCK_ORDER) & ~(PAGEBLOCK_PAGES - 1), PAGEBLOCK_ORDER);
}

/*
 * List a block, with those that it merges with. Within a pageblock its map says which are free, and no descriptor is
 * looked at, which would be a cache line of its own.
 */
static __always_inline void block_merge(struct zone *zone, struct page *page, unsigned int order,
					enum migratetype type, bool to_tail) MUST_HOLD(zone->lock)
{
	pfn_t pfn = zone_page_pfn(zone, page);
	struct block_info *info = pageblock_info(zone, pfn);
	unsigned int bit = block_bit(pfn, order);

	for (; order < PAGEBLOCK_ORDER && test_bit(bit ^ 1, info->map); order++, bit /= 2) {
		struct page *buddy = bit & 1 ? page - (1ul << order) : page + (1ul << order);

		list_remove(zone, buddy, order);
		pageblock_unlist(info, bit ^ 1, order);
		page = bit & 1 ? buddy : page;
	}
	if (unlikely(order >= PAGEBLOCK_ORDER)) {
		whole_merge(zone, zone_page_pfn(zone, page), order, type, to_tail);
		return;
	}
	list_put(zone, page, order, type, to_tail || merge_is_likely(zone, info, pfn, bit));
	pageblock_list(info, bit, order);
}

/* Was one of the block's two pageblocks reserved while it was in use? Then each goes its own way: done. */
static noinline bool halves_give(struct zone *zone, struct page *page, enum migratetype type, bool to_tail)
	MUST_HOLD(zone->lock)
{
	enum migratetype other = pageblock_type(zone, zone_page_pfn(zone, page) + PAGEBLOCK_PAGES);

	if (types_are_alike(type, other))
		return false;
	buddy_give(zone, page, PAGEBLOCK_ORDER, type, to_tail);
	buddy_give(zone, page + PAGEBLOCK_PAGES, PAGEBLOCK_ORDER, other, to_tail);
	return true;
}

void buddy_give(struct zone *zone, struct page *page, unsigned int order, enum migratetype type, bool to_tail)
{
	pfn_t pfn = zone_page_pfn(zone, page);

	if (unlikely(order > PAGEBLOCK_ORDER) && halves_give(zone, page, type, to_tail))
		return;
	assert_dear(order <= MAX_ORDER && pfn_is_aligned(pfn, order));
	zone_count_free(zone, type, 1l << order);
	__atomic_store_n(&zone->freed, zone->freed + (1ul << order), __ATOMIC_RELAXED);
	block_merge(zone, page, order, type, to_tail);
	if (likely(order < PAGEBLOCK_ORDER))
		pageblock_give(zone, pageblock_index(zone, pfn), order);
	else
		pageblocks_give(zone, pfn, order);
}

/* ---------------------------------------------------------------------------------------------- taking, splitting */

/* Cut a block down; the upper halves go to the lists of its type. */
static void block_split(struct zone *zone, struct page *page, unsigned int from, unsigned int to,
			enum migratetype type) MUST_HOLD(zone->lock)
{
	while (from > to) {
		from--;
		block_put(zone, page + (1ul << from), from, type, false);
	}
}

/* The first part of a free block, to be blocks of order @each; the rest stays on the lists of its type. */
static struct page *block_cut(struct zone *zone, struct page *page, unsigned int order, unsigned int each)
	MUST_HOLD(zone->lock)
{
	unsigned int from = (unsigned int)page->free_order;
	enum migratetype type = (enum migratetype)page->free_type;

	block_remove(zone, page, from);
	block_split(zone, page, from, order, type);
	zone_count_free(zone, type, -(1l << order));
	if (likely(order < PAGEBLOCK_ORDER))
		pageblock_take(zone, pageblock_index(zone, zone_page_pfn(zone, page)), order, each);
	else
		pageblocks_take(zone, zone_page_pfn(zone, page), order, each);
	return page;
}

static struct page *take_smallest(struct zone *zone, unsigned int order, enum migratetype type) MUST_HOLD(zone->lock)
{
	for (unsigned int from = order; from <= MAX_ORDER; from++) {
		struct page *page = block_find(zone, from, type);

		if (page)
			return block_cut(zone, page, order, order);
	}
	return NULL;
}

/* A block from the fullest pageblock that has such ones, so that others become empty. */
static struct page *take_fullest(struct zone *zone, unsigned int order, enum migratetype type) MUST_HOLD(zone->lock)
{
	struct page *page = pageblocks_fullest(zone, order, type);

	return page ? block_cut(zone, page, order, order) : NULL;
}

struct page *buddy_take_of_type(struct zone *zone, unsigned int order, enum migratetype type)
{
	return take_smallest(zone, order, type);
}

/* ----------------------------------------------------------------------------------------------------- stealing */

/* Put a free block on another type's list. */
static void block_move(struct zone *zone, struct page *page, enum migratetype type) MUST_HOLD(zone->lock)
{
	unsigned int order = (unsigned int)page->free_order;
	enum migratetype old = (enum migratetype)page->free_type;

	block_remove(zone, page, order);
	block_put(zone, page, order, type, true);
	if ((old == MIGRATE_ISOLATE) != (type == MIGRATE_ISOLATE)) {
		zone_count_free(zone, old, -(1l << order));
		zone_count_free(zone, type, 1l << order);
	}
}

/* The described part of pfn's pageblock that is in the zone. */
static void pageblock_range(const struct zone *zone, pfn_t pfn, pfn_t *start, pfn_t *end)
{
	*start = pfn & ~(PAGEBLOCK_PAGES - 1);
	*end = *start + PAGEBLOCK_PAGES;
	if (*start < zone->start_pfn)
		*start = zone->start_pfn;
	if (*end > zone_end_pfn(zone))
		*end = zone_end_pfn(zone);
}

unsigned long buddy_move_pageblock(struct zone *zone, pfn_t pfn, enum migratetype type)
{
	unsigned long moved = 0;
	pfn_t end;

	pageblock_range(zone, pfn, &pfn, &end);
	while (pfn < end) {
		struct page *page = machine_page(zone->machine, pfn);

		if (!page_is_buddy(page) || machine_page_zone(zone->machine, page) != zone) {
			pfn++;
			continue;
		}
		moved += 1ul << page->free_order;
		pfn += 1ul << page->free_order;
		block_move(zone, page, type);
	}
	return moved;
}

/* Pages of the pageblock that are in use and known to be movable; their users may be changing other flags. */
static GLANCES unsigned long pageblock_movable_pages(const struct zone *zone, pfn_t pfn)
{
	unsigned long movable = 0;
	pfn_t end;

	for (pageblock_range(zone, pfn, &pfn, &end); pfn < end; pfn++)
		movable += machine_page(zone->machine, pfn)->flags >> PG_lru & 1;
	return movable;
}

/* Types have begun to mix: raise the watermarks for a while, so that reclaim frees whole pageblocks. */
static void boost_watermarks(struct zone *zone, unsigned int alloc_flags) MUST_HOLD(zone->lock)
{
	unsigned long factor = zone->machine->params.watermark_boost_factor;
	unsigned long max = (unsigned long)((u64)zone->watermark[WMARK_HIGH] * factor / 10000);
	unsigned long boost = zone->watermark_boost + PAGEBLOCK_PAGES;

	if (!max || PAGEBLOCK_PAGES * 4 > zone_managed(zone))
		return;
	if (max < PAGEBLOCK_PAGES)
		max = PAGEBLOCK_PAGES;
	__atomic_store_n(&zone->watermark_boost, boost < max ? boost : max, __ATOMIC_RELAXED);
	if (alloc_flags & ALLOC_KSWAPD)
		__atomic_fetch_or(&zone->flags, ZONE_BOOSTED, __ATOMIC_RELAXED);
}

/* Blocks so large, or requests so lasting, that the whole pageblock had better change sides. */
static bool wants_pageblock(unsigned int order, enum migratetype type)
{
	return order >= PAGEBLOCK_ORDER / 2 || type != MIGRATE_MOVABLE;
}

/*
 * Make a block of another type the request's own. A block of pageblock size takes its pageblocks' types along; of a
 * smaller one, the pageblock's other free blocks come too, and its type changes if half of it is then free or alike.
 */
static void block_steal(struct zone *zone, struct page *page, enum migratetype type, unsigned int alloc_flags)
	MUST_HOLD(zone->lock)
{
	pfn_t pfn = zone_page_pfn(zone, page);
	unsigned int order = (unsigned int)page->free_order;
	enum migratetype old = pageblock_type(zone, pfn);
	unsigned long movable, alike, free;

	if (!type_is_ordinary(old)) {
		block_move(zone, page, type);
		return;
	}
	if (order >= PAGEBLOCK_ORDER) {
		for (pfn_t at = pfn; at < pfn + (1ul << order); at += PAGEBLOCK_PAGES)
			set_pageblock_type(zone, at, type);
		block_move(zone, page, type);
		return;
	}
	boost_watermarks(zone, alloc_flags);
	if (!wants_pageblock(order, type)) {
		block_move(zone, page, type);
		return;
	}
	movable = pageblock_movable_pages(zone, pfn);
	free = buddy_move_pageblock(zone, pfn, type);
	alike = type == MIGRATE_MOVABLE ? movable :
		old == MIGRATE_MOVABLE ? PAGEBLOCK_PAGES - free - movable : 0;
	if (free + alike >= PAGEBLOCK_PAGES / 2)
		set_pageblock_type(zone, pfn, type);
}

/* A block of exactly that order of another type, the better type first. */
static struct page *fallback_at(struct zone *zone, unsigned int order, enum migratetype type) MUST_HOLD(zone->lock)
{
	for (int i = 0; i < 2; i++) {
		struct page *page = block_find(zone, order, fallbacks[type][i]);

		if (page)
			return page;
	}
	return NULL;
}

/*
 * A whole movable pageblock that is described already, where the next larger block would have to be: that takes 64 KiB
 * of descriptors. (The kernel's are all described.) NULL: there is none.
 */
static struct page *fallback_at_hand(struct zone *zone, unsigned int order, enum migratetype type)
	MUST_HOLD(zone->lock)
{
	if (type == MIGRATE_MOVABLE || order > PAGEBLOCK_ORDER || !zone->deferred_blocks ||
	    !zone->machine->params.fullest_first || block_first(zone, MAX_ORDER, MIGRATE_MOVABLE))
		return NULL;
	return block_first(zone, PAGEBLOCK_ORDER, MIGRATE_MOVABLE);
}

/*
 * Move a block of another type to the request's lists: the largest, to mix as few pageblocks as can be; but
 * a movable request that cannot have a whole pageblock takes the smallest that will do. Returns whether one was found.
 */
static bool fallback_steal(struct zone *zone, unsigned int order, enum migratetype type, unsigned int alloc_flags)
	MUST_HOLD(zone->lock)
{
	unsigned int least = (alloc_flags & ALLOC_NOFRAGMENT) && order < PAGEBLOCK_ORDER ? PAGEBLOCK_ORDER : order;
	struct page *page = fallback_at_hand(zone, order, type);

	for (unsigned int from = MAX_ORDER + 1; !page && from-- > least;) {
		page = fallback_at(zone, from, type);
		if (page && from > order && !wants_pageblock(from, type))
			for (page = NULL, from = order; !page; from++)
				page = fallback_at(zone, from, type);
	}
	if (!page)
		return false;
	block_steal(zone, page, type, alloc_flags);
	return true;
}

struct page *buddy_take(struct zone *zone, unsigned int order, enum migratetype type, unsigned int alloc_flags)
{
	struct page *page = NULL;

	assert_dear(spin_is_locked(&zone->lock));
	assert(type_is_ordinary(type));
	if (order < PAGEBLOCK_ORDERS && zone->machine->params.fullest_first)
		page = take_fullest(zone, order, type);
	if (page)
		return page;
	do
		page = take_smallest(zone, order, type);
	while (!page && fallback_steal(zone, order, type, alloc_flags));
	return page;
}

struct page *buddy_take_singles(struct zone *zone, unsigned int most, enum migratetype type, unsigned int alloc_flags,
				unsigned int *order)
{
	struct page *page = NULL;

	*order = 0;
	if (zone->machine->params.fullest_first)
		page = pageblocks_fullest(zone, 0, type);
	if (!page)
		return buddy_take(zone, 0, type, alloc_flags);
	*order = page->free_order < most ? (unsigned int)page->free_order : most;
	return block_cut(zone, page, *order, 0);
}

/* ------------------------------------------------------------------------------------------- high-order reserves */

void highatomic_reserve(struct zone *zone, struct page *page, unsigned int order, enum migratetype type)
{
	unsigned long max = zone_managed(zone) / 100 + PAGEBLOCK_PAGES;
	pfn_t pfn = zone_page_pfn(zone, page);
	unsigned long flags;

	(void)order;
	(void)type;
	if (__atomic_load_n(&zone->nr_reserved_highatomic, __ATOMIC_RELAXED) >= max)
		return;
	spin_lock_irqsave(&zone->lock, flags);
	if (zone->nr_reserved_highatomic < max && type_is_ordinary(pageblock_type(zone, pfn))) {
		__atomic_store_n(&zone->nr_reserved_highatomic, zone->nr_reserved_highatomic + PAGEBLOCK_PAGES,
				 __ATOMIC_RELAXED);
		set_pageblock_type(zone, pfn, MIGRATE_HIGHATOMIC);
		buddy_move_pageblock(zone, pfn, MIGRATE_HIGHATOMIC);
	}
	spin_unlock_irqrestore(&zone->lock, flags);
}

/* A free block of a reserved pageblock, or NULL. */
static struct page *highatomic_block(const struct zone *zone)
{
	for (unsigned int order = 0; order <= MAX_ORDER; order++) {
		struct page *page = block_first(zone, order, MIGRATE_HIGHATOMIC);

		if (page)
			return page;
	}
	return NULL;
}

/*
 * Let the pageblock of a free block be an ordinary one again; of a block of two the first. If it is free as a whole,
 * what kept it from its buddy is gone.
 */
static unsigned long pageblock_unreserve(struct zone *zone, struct page *page, enum migratetype type)
	MUST_HOLD(zone->lock)
{
	unsigned int order = (unsigned int)page->free_order;
	pfn_t pfn = zone_page_pfn(zone, page);

	assert(pageblock_type(zone, pfn) == MIGRATE_HIGHATOMIC);
	__atomic_store_n(&zone->nr_reserved_highatomic, zone->nr_reserved_highatomic - PAGEBLOCK_PAGES,
			 __ATOMIC_RELAXED);
	set_pageblock_type(zone, pfn, type);
	if (order < PAGEBLOCK_ORDER)
		return buddy_move_pageblock(zone, pfn, type);
	block_remove(zone, page, order);
	block_split(zone, page, order, PAGEBLOCK_ORDER, MIGRATE_HIGHATOMIC);
	block_merge(zone, page, PAGEBLOCK_ORDER, type, true);
	return PAGEBLOCK_PAGES;
}

static bool zone_unreserve(struct zone *zone, enum migratetype type)
{
	unsigned long flags, freed = 0;
	struct page *page;

	spin_lock_irqsave(&zone->lock, flags);
	page = highatomic_block(zone);
	if (page)
		freed = pageblock_unreserve(zone, page, type);
	spin_unlock_irqrestore(&zone->lock, flags);
	return freed != 0;
}

bool highatomic_unreserve(struct zonelist *zonelist, enum zone_type highest, bool last_too, enum migratetype type)
{
	for (struct zoneref *ref = zonelist->ref; ref->zone; ref++) {
		unsigned long reserved = __atomic_load_n(&ref->zone->nr_reserved_highatomic, __ATOMIC_RELAXED);

		if (ref->type > highest || (!last_too && reserved <= PAGEBLOCK_PAGES))
			continue;
		if (zone_unreserve(ref->zone, type))
			return true;
	}
	return false;
}
