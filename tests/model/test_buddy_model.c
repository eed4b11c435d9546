/* SPDX-License-Identifier: MIT */
/*
 * test_buddy_model.c - the page allocator against a model that is too simple to be wrong: a byte a page.
 *
 *	owner[pfn]	ABSENT (no memory, or reserved at boot), FREE, TAKEN
 *	kind[pfn]	which zone the memory map puts it in, by arithmetic
 *
 * Random steps allocate and free, split, take references, drain and release, on machines of several shapes. After
 * each, the model says whether the answer may be: a block must be aligned, free and in a zone that the flags allow;
 * NULL, with watermarks ignored and CPUs' lists drained, must mean that the model has no such block either (free
 * buddies always merge, so an aligned run of free pages of one zone is a block). Totals and invariants are compared.
 */
#include <linux/list.h>
#include "mm/buddy.h"
#include "mm/stats.h"
#include "tests/page_machine.h"

#define STEPS KTAP_STEPS(100000)
#define CHECK_EVERY 1000
#define MAX_LIVE 3000
#define MAX_FRAMES (256u << 8)

enum owner { ABSENT, FREE, TAKEN };

struct shape {
	const char *cmdline;
	pfn_t dma32, normal, high;	/* where these zones begin; movable begins where the machine says */
};

struct live {
	struct page *page;
	unsigned int order;
	bool compound;
};

static struct model {
	struct machine *m;
	const struct shape *shape;
	u8 owner[MAX_FRAMES];
	u8 kind[MAX_FRAMES];
	unsigned long free;
	struct live live[MAX_LIVE];
	unsigned int nr_live;
} model;

static enum zone_type kind_of(const struct shape *shape, struct machine *m, pfn_t pfn)
{
	for (unsigned int nid = 0; nid < m->nr_nodes; nid++) {
		const struct zone *movable = &m->nodes[nid]->zones[ZONE_MOVABLE];

		if (zone_populated(movable) && zone_spans_pfn(movable, pfn))
			return ZONE_MOVABLE;
	}
	if (pfn >= shape->high)
		return ZONE_HIGHMEM;
	if (pfn >= shape->normal)
		return ZONE_NORMAL;
	return pfn < shape->dma32 ? ZONE_DMA : m->params.layout_i386 ? ZONE_NORMAL : ZONE_DMA32;
}

/* What the boot used is what is not free now, with every list drained. */
static void model_init(struct machine *m, const struct shape *shape)
{
	memset(&model, 0, sizeof(model));
	model.m = m;
	model.shape = shape;
	drain_all_pages();
	for (pfn_t pfn = 0; pfn < m->max_pfn; pfn++)
		model.kind[pfn] = (u8)(kind_of(shape, m, pfn) |
				       (pfn_valid(pfn) ? page_to_nid(pfn_to_page(pfn)) << 4 : 0));
	for (unsigned int i = 0; i < m->nr_zones; i++)
		for (unsigned int order = 0; order <= MAX_ORDER; order++)
			for (int type = 0; type < MIGRATE_TYPES; type++) {
				const struct list_head *head = &m->zones[i]->free_area[order].free_list[type], *entry;

				for (entry = head->next; entry != head; entry = entry->next)
					memset(&model.owner[page_to_pfn(free_block_of(entry))], FREE, 1ul << order);
			}
	for (pfn_t pfn = 0; pfn < m->max_pfn; pfn++)
		model.free += model.owner[pfn] == FREE;
}

static bool model_run_is(pfn_t pfn, unsigned long nr, enum owner owner)
{
	for (unsigned long i = 0; i < nr; i++)
		if (model.owner[pfn + i] != owner || model.kind[pfn + i] != model.kind[pfn])
			return false;
	return true;
}

static void model_set(pfn_t pfn, unsigned long nr, enum owner owner)
{
	memset(&model.owner[pfn], owner, nr);
	model.free += owner == FREE ? nr : -nr;
}

static bool model_has(unsigned int order, enum zone_type highest, int nid)
{
	for (pfn_t pfn = 0; pfn + (1ul << order) <= model.m->max_pfn; pfn += 1ul << order)
		if ((model.kind[pfn] & 15) <= (int)highest && (nid < 0 || model.kind[pfn] >> 4 == nid) &&
		    model_run_is(pfn, 1ul << order, FREE))
			return true;
	return false;
}

/* ------------------------------------------------------------------------------------------------------- steps */

static void took(struct ktap *t, struct page *page, gfp_t gfp, unsigned int order, int nid)
{
	pfn_t pfn = page_to_pfn(page);

	if (pfn & ((1ul << order) - 1) || pfn + (1ul << order) > model.m->max_pfn ||
	    !model_run_is(pfn, 1ul << order, FREE))
		ktap_fail(t, "order %u: pfn %lu is not a free block of one zone", order, pfn);
	else if ((model.kind[pfn] & 15) > (int)machine_gfp_zone(model.m, gfp) ||
		 (nid >= 0 && model.kind[pfn] >> 4 != nid))
		ktap_fail(t, "gfp 0x%x order %u node %d: pfn %lu is of zone type %d node %d", gfp, order, nid, pfn,
			  model.kind[pfn] & 15, model.kind[pfn] >> 4);
	else if (page_count(page) != 1)
		ktap_fail(t, "pfn %lu: %d references", pfn, page_count(page));
	model_set(pfn, 1ul << order, TAKEN);
	model.live[model.nr_live++] = (struct live){ page, order, order && (gfp & __GFP_COMP) };
}

static gfp_t random_gfp(struct ktap *t)
{
	static const gfp_t zones[] = { 0, 0, 0, 0, __GFP_DMA, __GFP_DMA32, __GFP_HIGHMEM,
				       __GFP_HIGHMEM | __GFP_MOVABLE };
	static const gfp_t mobilities[] = { 0, 0, __GFP_MOVABLE, __GFP_RECLAIMABLE };
	gfp_t gfp = __GFP_NOWARN | __GFP_MEMALLOC | zones[ktap_below(t, 8)];

	gfp |= gfp & __GFP_HIGHMEM ? 0 : mobilities[ktap_below(t, 4)];
	if (ktap_below(t, 4) == 0)
		gfp |= __GFP_COMP;
	return gfp;
}

/* Small orders mostly, any of them sometimes. */
static unsigned int random_order(struct ktap *t)
{
	if (ktap_below(t, 3))
		return (unsigned int)ktap_below(t, 2);
	return (unsigned int)ktap_below(t, ktap_below(t, MAX_ORDER + 1) + 1);
}

static void step_alloc(struct ktap *t)
{
	gfp_t gfp = random_gfp(t);
	unsigned int order = random_order(t);
	int nid = -1;
	struct page *page;

	if (model.nr_live == MAX_LIVE)
		return;
	if (ktap_below(t, 8) == 0) {
		nid = (int)ktap_below(t, model.m->nr_nodes);
		gfp |= __GFP_THISNODE;
	}
	page = alloc_pages_node(nid, gfp, order);
	if (!page) {
		drain_all_pages();
		page = alloc_pages_node(nid, gfp, order);
	}
	if (page)
		took(t, page, gfp, order, nid);
	else if (model_has(order, machine_gfp_zone(model.m, gfp), nid))
		ktap_fail(t, "gfp 0x%x order %u node %d: NULL, but there is such a block", gfp, order, nid);
}

static struct live live_remove(struct ktap *t)
{
	unsigned int i = (unsigned int)ktap_below(t, model.nr_live);
	struct live gone = model.live[i];

	model.live[i] = model.live[--model.nr_live];
	return gone;
}

static void free_split(struct live *live)
{
	split_page(live->page, live->order);
	for (unsigned long i = 0; i < 1ul << live->order; i++)
		put_page(live->page + i);
}

static void free_with_reference(struct live *live)
{
	get_page(live->page);
	__free_pages(live->page, live->order);
	put_page(live->page);
}

static void step_free(struct ktap *t)
{
	struct live live;
	pfn_t pfn;

	if (!model.nr_live)
		return;
	live = live_remove(t);
	pfn = page_to_pfn(live.page);
	switch (ktap_below(t, 6)) {
	case 0:
		if (live.compound || !live.order)
			put_page(live.page + (1ul << live.order) - 1);
		else
			free_split(&live);
		break;
	case 1:
		free_with_reference(&live);
		break;
	default:
		__free_pages(live.page, live.order);
	}
	model_set(pfn, 1ul << live.order, FREE);
}

static void compare(struct ktap *t)
{
	unsigned long pcp = 0;

	zones_hold(t, model.m);
	for (unsigned int i = 0; i < model.m->nr_zones; i++)
		pcp += pcp_pages(&this_cpu()->pcp[i]);
	EXPECT_EQ(t, nr_free_pages() + pcp, model.free);
}

static void run_shape(struct ktap *t, const struct shape *shape)
{
	struct machine *m = machine_for(t, shape->cmdline);
	unsigned int steps = t->soak ? 20 * STEPS : STEPS;

	ASSERT(t, m);
	ASSERT_LE(t, m->max_pfn, (pfn_t)MAX_FRAMES);
	model_init(m, shape);
	for (unsigned int step = 0; step < steps && !ktap_failed(t); step++) {
		/* Now filling up, now emptying. */
		unsigned int fill = step / 5000 % 2 ? 45 : 65;

		if (ktap_below(t, 100) < fill)
			step_alloc(t);
		else
			step_free(t);
		if (step % 977 == 0)
			drain_all_pages();
		if (step % 5003 == 0)
			zones_release(m);
		if (step % CHECK_EVERY == 0)
			compare(t);
		if (ktap_failed(t))
			ktap_note(t, "STEP=%u", step);
	}
	while (model.nr_live)
		step_free(t);
	drain_all_pages();
	compare(t);
	EXPECT_STR(t, console_text(), "");
}

static void a_pc_of_32_mib(struct ktap *t)
{
	run_shape(t, &(struct shape){ "mem=32M", 4096, MAX_FRAMES, MAX_FRAMES });
}

static void high_memory_at_an_odd_place(struct ktap *t)
{
	run_shape(t, &(struct shape){ "mem=65M highmem=12300K", 4096, MAX_FRAMES, (65 << 8) - 12300 / 4 });
}

static void i386_with_movable_memory(struct ktap *t)
{
	run_shape(t, &(struct shape){ "kmem.layout=i386 mem=64M movablecore=16M", MAX_FRAMES, 4096, MAX_FRAMES });
}

static void two_nodes(struct ktap *t)
{
	run_shape(t, &(struct shape){ "mem=96M numa=fake=2 kernelcore=60%", 4096, MAX_FRAMES, MAX_FRAMES });
}

static void a_map_with_many_holes(struct ktap *t)
{
	run_shape(t, &(struct shape){ "mem=64M memmap=3M$20M memmap=52K$31M memmap=4K$40000K memmap=7M$50M", 4096,
				      MAX_FRAMES, MAX_FRAMES });
}

KTAP_SUITE(buddy_model, KTAP_CASE(a_pc_of_32_mib), KTAP_CASE(high_memory_at_an_odd_place),
	   KTAP_CASE(i386_with_movable_memory), KTAP_CASE(two_nodes), KTAP_CASE(a_map_with_many_holes));
