/* SPDX-License-Identifier: MIT */
/*
 * ops_pages.c - operations on pages: blocks of them, areas and maps of them, and the lack of them.
 */
#include <linux/sched/mm.h>
#include "mm/page_alloc.h"
#include "tests/helpers/ops_world.h"

#define HOARD_STEPS 100u
#define LARGEST_AREA 23u		/* log2 */

/* ------------------------------------------------------------------------------------------------------- pages */

static bool is_zeroed(const struct ops *o, gfp_t gfp)
{
	return gfp & __GFP_ZERO || o->m->params.init_on_alloc;
}

/* C01, C04, C07. */
static void block_expect(struct ops *o, struct page *page, gfp_t gfp, unsigned int order, int nid)
{
	pfn_t pfn = page_to_pfn(page);
	enum zone_type highest = machine_gfp_zone(o->m, gfp);
	enum zone_type zone = page_zone(page)->type;

	if (pfn & ((1ul << order) - 1) || pfn + (1ul << order) > o->m->max_pfn)
		world_fail(o->world, "C01: order %u at pfn %lu", order, pfn);
	if (page_count(page) != 1)
		world_fail(o->world, "C04: a new page with %d references", page_count(page));
	if (zone > highest || (gfp & __GFP_DMA && pfn >= 4096) || (highest <= ZONE_NORMAL && pfn >= o->m->max_low_pfn))
		world_fail(o->world, "C07: gfp 0x%x gave pfn %lu of zone %u", gfp, pfn, zone);
	if (gfp & __GFP_THISNODE && nid >= 0 && page_to_nid(page) != nid)
		world_fail(o->world, "gfp 0x%x of node %d gave node %d", gfp, nid, page_to_nid(page));
}

static struct page *pages_call(struct ops *o, gfp_t gfp, unsigned int order, int nid)
{
	unsigned long address;

	if (nid >= 0 || gfp & __GFP_HIGHMEM || one_in(o, 2))
		return alloc_pages_node(nid, gfp, order);
	address = order || one_in(o, 2) ? __get_free_pages(gfp, order) : get_zeroed_page(gfp);
	return address ? virt_to_page((void *)address) : NULL;
}

static void pages_got(struct ops *o, struct page *page, gfp_t gfp, unsigned int order, int nid)
{
	struct thing thing = {
		.kind = THING_PAGES, .order = order, .page = page, .compound = order && gfp & __GFP_COMP,
		.bytes = PAGE_SIZE << order, .room = PAGE_SIZE << order, .address = page_address(page),
	};

	block_expect(o, page, gfp, order, nid);
	thing_add(o, &thing, is_zeroed(o, gfp));
}

static unsigned int pick_order(struct ops *o)
{
	return one_in(o, 40) ? pick(o, MAX_ORDER + 1) : one_in(o, 2) ? pick(o, 4) : 0;
}

void op_pages(struct ops *o)
{
	gfp_t gfp = pick_how(o) | pick_where(o) | (one_in(o, 3) ? __GFP_COMP : 0);
	unsigned int order = pick_order(o);
	int nid = pick_node(o);
	bool atomic = !(gfp & __GFP_DIRECT_RECLAIM) && one_in(o, 4);
	struct page *page;

	if (nid >= 0 && one_in(o, 2))
		gfp |= __GFP_THISNODE;
	if (gfp & __GFP_DIRECT_RECLAIM && !(gfp & (GFP_ZONEMASK | __GFP_THISNODE)) && !order && one_in(o, 64) &&
	    low_free_pages(o->m) > o->m->totalram / 2)
		gfp |= __GFP_NOFAIL;
	if (atomic)
		preempt_disable();
	page = pages_call(o, gfp, order, nid);
	if (atomic)
		preempt_enable();
	if (page)
		pages_got(o, page, gfp, order, nid);
	else if (gfp & __GFP_NOFAIL)
		world_fail(o->world, "C17: NULL with gfp 0x%x", gfp);
	else
		must_work(o, gfp, PAGE_SIZE << order);
}

void op_exact(struct ops *o)
{
	gfp_t gfp = pick_how(o) | (one_in(o, 4) ? __GFP_DMA : 0);
	struct thing thing = { .kind = THING_EXACT, .bytes = 1 + pick(o, one_in(o, 20) ? 60000 : 20000) };

	thing.room = PAGE_ALIGN(thing.bytes);
	thing.address = alloc_pages_exact_nid(pick_node(o), thing.bytes, gfp);
	if (!thing.address)
		return;
	thing.page = virt_to_page(thing.address);
	thing_add(o, &thing, is_zeroed(o, gfp));
}

void op_bulk(struct ops *o)
{
	gfp_t gfp = pick_how(o) | pick_where(o);
	struct page *pages[BULK] = { NULL };
	unsigned long nr = 1 + pick(o, BULK), got = alloc_pages_bulk_array_node(gfp, pick_node(o), nr, pages);

	if (!got)
		must_work(o, gfp, 1);
	for (unsigned long i = 0; i < nr; i++)
		if (pages[i])
			pages_got(o, pages[i], gfp, 0, NUMA_NO_NODE);
		else if (i < got)
			world_fail(o->world, "alloc_pages_bulk_array() says %lu, but entry %lu is empty", got, i);
}

/* Single pages of ours, back in one call. */
void op_free_bulk(struct ops *o)
{
	struct page *pages[BULK];
	unsigned int nr = 0;

	for (unsigned int tries = 0; tries < BULK && o->nr; tries++) {
		unsigned int i = pick_thing(o);
		struct thing *thing = thing_at(o, i);

		if (thing->kind != THING_PAGES || thing->order)
			continue;
		thing_verify(o->world, thing, thing->room);
		thing_release(o->world, thing);
		pages[nr++] = thing->page;
		thing_remove(o, i);
	}
	free_pages_bulk(pages, nr);
}

/* -------------------------------------------------------------------------------------------------------- areas */

static void *area_call(struct ops *o, size_t size, gfp_t *gfp)
{
	switch (pick(o, 12)) {
	case 0: *gfp |= __GFP_ZERO; return vzalloc(size);
	case 1: *gfp |= __GFP_ZERO; return vmalloc_user(size);
	case 2: return vmalloc_32(size);
	case 3: return vmalloc_node(size, pick_node(o));
	case 4: *gfp |= __GFP_ZERO; return vzalloc_node(size, pick_node(o));
	case 5: *gfp |= __GFP_ZERO; return vcalloc(size, 1);
	case 6: return vmalloc_huge(size, GFP_KERNEL);
	case 7: *gfp = GFP_KERNEL | __GFP_NORETRY | (pick(o, 2) ? __GFP_ZERO : 0); return __vmalloc(size, *gfp);
	case 8: return __vmalloc_node(size, PAGE_SIZE << pick(o, 6), GFP_KERNEL, pick_node(o), NULL);
	}
	return vmalloc(size);
}

void op_area(struct ops *o)
{
	struct thing thing = { .kind = THING_AREA, .bytes = pick_usual_size(o, LARGEST_AREA) };
	gfp_t gfp = GFP_KERNEL;

	thing.room = PAGE_ALIGN(thing.bytes);
	thing.address = area_call(o, thing.bytes, &gfp);
	if (thing.address)
		thing_add(o, &thing, is_zeroed(o, gfp));
	else if (!(gfp & __GFP_NORETRY))
		must_work(o, gfp, thing.bytes);
}

/* Pages of any zone under an alias. */
void op_map(struct ops *o)
{
	struct thing thing = { .kind = one_in(o, 2) ? THING_RAM : THING_MAP };
	unsigned int nr = 1 + pick(o, one_in(o, 8) ? 200 : 12);
	unsigned long got;

	thing.put_pages = thing.kind == THING_MAP && one_in(o, 3);
	thing.pages = kcalloc(nr, sizeof(*thing.pages), GFP_KERNEL | __GFP_NOWARN);
	if (!thing.pages)
		return;
	got = alloc_pages_bulk_array(GFP_KERNEL | __GFP_NOWARN | pick_where(o), nr, thing.pages);
	thing.bytes = thing.room = (size_t)nr << PAGE_SHIFT;
	if (got == nr)
		thing.address = thing.kind == THING_RAM ? vm_map_ram(thing.pages, nr, NUMA_NO_NODE) :
			vmap(thing.pages, nr, VM_MAP | (thing.put_pages ? VM_MAP_PUT_PAGES : 0), PAGE_KERNEL);
	if (thing.address) {
		thing_add(o, &thing, false);
		return;
	}
	free_pages_bulk(thing.pages, got);
	kfree(thing.pages);
}

/* ------------------------------------------------------------------------------------------------ short of memory */

static void pages_link(struct ops *o, struct page **list, struct page *page, unsigned int order)
{
	model_claim_pages(o->world, page, 1ul << order);
	page->index = (unsigned long)*list;
	page->private = order;
	*list = page;
}

static bool pages_unlink(struct ops *o, struct page **list)
{
	struct page *page = *list;

	if (!page)
		return false;
	*list = (struct page *)page->index;
	model_release_pages(o->world, page, 1ul << page->private);
	__free_pages(page, (unsigned int)page->private);
	return true;
}

void hoard_put(struct ops *o)
{
	while (pages_unlink(o, &o->hoard))
		;
}

static void hoard_take(struct ops *o)
{
	static const gfp_t how[] = {
		GFP_NOWAIT | __GFP_HIGHMEM | __GFP_MOVABLE, GFP_NOWAIT, GFP_KERNEL | __GFP_NORETRY, __GFP_MEMALLOC,
		GFP_ATOMIC,
	};
	gfp_t gfp = how[pick(o, ARRAY_SIZE(how))] | __GFP_NOWARN;
	unsigned int order = one_in(o, 3) ? pick(o, MAX_ORDER) : 0;
	struct page *page;

	while (!o->world->failed && (page = alloc_pages(gfp, order)))
		pages_link(o, &o->hoard, page, order);
}

void op_hoard(struct ops *o)
{
	if (o->hoard) {
		hoard_put(o);
		return;
	}
	hoard_take(o);
	o->hoard_until = o->steps + HOARD_STEPS;
}

/* A shape that works with the last pages: nearly all go, for good. */
void fill_up(struct ops *o)
{
	unsigned long nr = 0;
	struct page *page;

	while ((page = alloc_pages(GFP_NOWAIT | __GFP_NOWARN | (nr % 2 ? __GFP_HIGHMEM | __GFP_MOVABLE : 0), 0))) {
		pages_link(o, &o->hoard, page, 0);
		nr++;
	}
	for (nr /= 16; nr; nr--)
		pages_unlink(o, &o->hoard);
	o->hoard_until = ~0ul;
}

static unsigned long shrinker_count(struct shrinker *shrinker, struct shrink_control *control)
{
	struct ops *o = container_of(shrinker, struct ops, shrinker);

	(void)control;
	return __atomic_load_n(&o->nr_shrinkable, __ATOMIC_RELAXED);
}

/* Called in anyone's place, ours too while we fill it: then it cannot do anything. */
static unsigned long shrinker_scan(struct shrinker *shrinker, struct shrink_control *control)
{
	struct ops *o = container_of(shrinker, struct ops, shrinker);
	unsigned long freed = 0;

	if (__atomic_exchange_n(&o->shrinker_word, 1, __ATOMIC_ACQUIRE))
		return SHRINK_STOP;
	while (freed < control->nr_to_scan && pages_unlink(o, &o->shrinkable))
		freed++;
	__atomic_fetch_sub(&o->nr_shrinkable, freed, __ATOMIC_RELAXED);
	__atomic_store_n(&o->shrinker_word, 0, __ATOMIC_RELEASE);
	return freed;
}

static void shrinkable_fill(struct ops *o, unsigned long nr)
{
	struct page *page;

	if (__atomic_exchange_n(&o->shrinker_word, 1, __ATOMIC_ACQUIRE))
		return;
	while (nr-- && (page = alloc_pages(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN, 0))) {
		pages_link(o, &o->shrinkable, page, 0);
		__atomic_fetch_add(&o->nr_shrinkable, 1, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&o->shrinker_word, 0, __ATOMIC_RELEASE);
}

void shrinker_drop(struct ops *o)
{
	if (o->shrinks)
		unregister_shrinker(&o->shrinker);
	o->shrinks = false;
	while (pages_unlink(o, &o->shrinkable))
		;
	o->nr_shrinkable = 0;
}

void op_shrinker(struct ops *o)
{
	if (o->shrinks && one_in(o, 3)) {
		shrinker_drop(o);
		return;
	}
	if (!o->shrinks) {
		o->shrinker = (struct shrinker){ .count_objects = shrinker_count, .scan_objects = shrinker_scan,
						 .seeks = DEFAULT_SEEKS, .batch = 16 };
		o->shrinks = !register_shrinker(&o->shrinker, "ops-%u", o->number);
	}
	if (o->shrinks)
		shrinkable_fill(o, pick(o, 256));
}
