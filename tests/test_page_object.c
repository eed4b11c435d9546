/* SPDX-License-Identifier: MIT */
/*
 * test_page_object.c - objects of whole pages, which are marked in the descriptor of their first page.
 *
 * So a free does not touch them, and a second one is seen whenever it comes. On 32 bits they are marked like others.
 */
#include <linux/slab.h>
#include <linux/string.h>
#include "tests/slab_machine.h"

#define NR 40
#define SIZE PAGE_SIZE

struct pages {
	struct machine *m;
	struct kmem_cache *cache;
	struct cpu_sheaf *slot;
	unsigned long *object[NR];
};

/* The first object is the newest; the others come from the stack. */
static bool pages_start(struct ktap *t, struct pages *p, const char *cmdline)
{
	*p = (struct pages){ .m = slab_machine(t, cmdline) };
	if (!p->m)
		return false;
	p->cache = kmalloc_cache(p->m, SIZE, GFP_KERNEL);
	p->slot = &this_cpu()->sheaves[p->cache->id];
	EXPECT_EQ(t, p->cache->marks_pages, PAGES_ARE_MARKED);
	p->object[0] = newest_of(p->cache);
	for (int i = 1; i < NR; i++)
		p->object[i] = kmalloc(SIZE, GFP_KERNEL);
	for (int i = 0; i < NR; i++) {
		if (!p->object[i])
			return false;
		*p->object[i] = (unsigned long)i;
	}
	return true;
}

static bool skipped_where_objects_are_marked(struct ktap *t)
{
	if (!PAGES_ARE_MARKED)
		ktap_skip(t, "marks are in the objects");
	return !PAGES_ARE_MARKED;
}

static void pages_end(struct ktap *t, struct pages *p)
{
	for (int i = 0; i < NR; i++)
		kfree(p->object[i]);
	machine_holds(t, p->m);
	EXPECT_STR(t, console_text(), "");
}

static void a_free_object_keeps_its_contents(struct ktap *t)
{
	struct pages p;

	ASSERT(t, pages_start(t, &p, "mem=64M nr_cpus=1"));
	pages_end(t, &p);
	ASSERT(t, p.slot->hot == p.object[0]);
	EXPECT(t, kmem_cache_zalloc(p.cache, GFP_KERNEL) == p.object[0]);
	kfree(p.object[0]);
	for (int i = 1; i < NR && PAGES_ARE_MARKED; i++)
		EXPECT_EQ(t, *p.object[i], i);
	EXPECT_NE(t, *p.object[0], 0);		/* but that one */
	for (int i = 0; i < NR; i++)
		p.object[i] = i % 2 ? kmem_cache_alloc(p.cache, GFP_KERNEL) : kzalloc(SIZE, GFP_KERNEL);
	for (int i = 0; i < NR; i += 2)
		EXPECT(t, !memchr_inv(p.object[i], 0, SIZE));
	pages_end(t, &p);
}

static void freed_twice_it_is_reported_with_others_in_between(struct ktap *t)
{
	struct pages p;

	if (skipped_where_objects_are_marked(t))
		return;
	ASSERT(t, pages_start(t, &p, "mem=64M nr_cpus=1"));
	kfree(p.object[5]);
	kfree(p.object[6]);
	kfree(p.object[5]);
	EXPECT_EQ(t, console_count("Object already free"), 1);
	kmem_cache_free(p.cache, p.object[6]);
	kmem_cache_free(p.cache, p.object[5]);
	EXPECT_EQ(t, console_count("Object already free"), 3);
	kfree_bulk(2, (void **)&p.object[5]);
	EXPECT_EQ(t, console_count("Object already free"), 5);
	kfree(p.object[0]);			/* aside, and no longer what the CPU thinks of */
	kfree(newest_of(kmalloc_cache(p.m, 64, GFP_KERNEL)));
	kfree(p.object[0]);
	EXPECT_EQ(t, console_count("Object already free"), 6);
	console_clear();
	p.object[0] = newest_of(p.cache);
	for (int i = 5; i < 7; i++)
		p.object[i] = kmalloc(SIZE, GFP_KERNEL);
	pages_end(t, &p);
}

/* What an object of another cache was marked with at the same address would do for this one. */
static void a_mark_of_the_pages_last_use_is_no_mark(struct ktap *t)
{
	unsigned long *object;
	struct pages p;

	ASSERT(t, pages_start(t, &p, "mem=64M nr_cpus=1"));
	object = p.object[NR - 1];
	*object = ~0ul;
	slab_put(p.cache, (void **)&p.object[NR - 1], 1);
	for (int way = 0; way < 2; way++) {
		cache_drain(p.cache);		/* who comes next finds it in its slab */
		p.object[NR - 1] = way ? kmalloc(SIZE, GFP_KERNEL) : slab_alloc_one(p.cache, GFP_KERNEL, 0);
		ASSERT(t, p.object[NR - 1] == object);
		if (way)
			break;
		slab_put(p.cache, (void **)&p.object[NR - 1], 1);
	}
	EXPECT_EQ(t, *object, 0);
	pages_end(t, &p);
	for (int i = 0; i < NR; i++)
		p.object[i] = kmalloc(SIZE, GFP_KERNEL);
	pages_end(t, &p);
}

/* The one that stood aside has a mark of its own: in its slab it has none that a stack would take for one. */
static void drained_and_taken_again_it_is_marked_once(struct ktap *t)
{
	void *object;
	struct pages p;

	ASSERT(t, pages_start(t, &p, "mem=64M nr_cpus=1"));
	object = p.object[0];
	kfree(object);
	EXPECT(t, p.slot->hot == object);
	cache_drain(p.cache);
	EXPECT(t, !PAGES_ARE_MARKED || page_object_is_free(virt_to_page(object)));
	p.object[0] = kmalloc(SIZE, GFP_KERNEL);
	EXPECT(t, p.object[0] == object);
	kfree(object);
	p.object[0] = newest_of(p.cache);
	pages_end(t, &p);
}

static void what_is_odd_is_refused_or_finds_room(struct ktap *t)
{
	struct pages p;

	ASSERT(t, pages_start(t, &p, "mem=64M nr_cpus=1 kmem.sheaf=8"));
	kfree((char *)p.object[3] + 8);
	EXPECT_EQ(t, console_count("Invalid object pointer"), 1);
	console_clear();
	pages_end(t, &p);
	EXPECT_GT(t, p.cache->node[0]->barn.nr_full, 0);
	for (int i = 0; i < NR; i++)
		p.object[i] = kmalloc(SIZE, GFP_KERNEL);
	pages_end(t, &p);
}

/* An entry whose object is not free is not given out, whoever asks. */
static void an_entry_without_a_mark_is_not_handed_out(struct ktap *t)
{
	struct pages p;

	if (skipped_where_objects_are_marked(t))
		return;
	ASSERT(t, pages_start(t, &p, "mem=64M nr_cpus=1"));
	pages_end(t, &p);
	if (p.slot->hot)
		p.object[0] = kmalloc(SIZE, GFP_KERNEL);
	for (int by_cache = 0; by_cache < 2; by_cache++) {
		void *odd = p.slot->top[-1];

		page_object_mark(virt_to_page(odd), false);
		p.object[by_cache] = by_cache ? kmem_cache_alloc(p.cache, GFP_KERNEL) : kmalloc(SIZE, GFP_KERNEL);
		EXPECT(t, p.object[by_cache] && p.object[by_cache] != odd);
		EXPECT_GT(t, console_count("BUG kmalloc-4k"), by_cache);
	}
	cache_drain(p.cache);
	slab_leaks_expected.slab_objects = (unsigned int)cache_live_objects(p.cache);	/* with two that are lost */
	EXPECT_GE(t, slab_leaks_expected.slab_objects, 4);
}

/* The stack is full and the spare empty: it takes the stack's place. */
static void a_spare_that_has_room_takes_it(struct ktap *t)
{
	struct sheaf *spare;
	struct pages p;
	int nr = 0;

	ASSERT(t, pages_start(t, &p, "mem=64M nr_cpus=1 kmem.sheaf=4"));
	pages_end(t, &p);
	while (nr < NR && !(p.slot->spare && !p.slot->spare->nr))
		p.object[nr++] = kmalloc(SIZE, GFP_KERNEL);
	spare = p.slot->spare;
	ASSERT(t, spare && !spare->nr);
	while (nr && p.slot->spare == spare)
		kfree(p.object[--nr]);
	EXPECT(t, sheaf_slot_main(p.slot) == spare);
	machine_holds(t, p.m);
	while (nr)
		kfree(p.object[--nr]);
	EXPECT_STR(t, console_text(), "");
}

static void its_pages_go_back_without_a_mark(struct ktap *t)
{
	struct pages p;
	struct page *page;

	ASSERT(t, pages_start(t, &p, "mem=64M nr_cpus=1"));
	page = virt_to_page(p.object[7]);
	pages_end(t, &p);
	EXPECT_EQ(t, page_object_is_free(page), PAGES_ARE_MARKED);
	kmem_cache_shrink(p.cache);
	EXPECT_NE(t, page_type_of(page), PGTY_SLAB);
	EXPECT(t, !page_object_is_free(page));
}

static void h7_a_mark_that_is_wrong(struct ktap *t)
{
	struct pages p;

	if (skipped_where_objects_are_marked(t))
		return;
	ASSERT(t, pages_start(t, &p, "mem=64M nr_cpus=1"));
	pages_end(t, &p);
	page_object_mark(virt_to_page(p.object[1]), false);
	expect_fault_of(t, p.m, "H7");
	page_object_mark(virt_to_page(p.object[1]), true);
	page_object_mark(virt_to_page(p.slot->hot), true);
	expect_fault_of(t, p.m, "H7");
	page_object_mark(virt_to_page(p.slot->hot), false);
}

static void h1_a_slot_that_says_other_marks(struct ktap *t)
{
	struct pages p;
	u8 words;

	ASSERT(t, pages_start(t, &p, "mem=64M nr_cpus=1"));
	pages_end(t, &p);
	words = p.slot->words;
	EXPECT_EQ(t, words == SHEAF_OF_PAGES, PAGES_ARE_MARKED);
	p.slot->words = PAGES_ARE_MARKED ? SHEAF_MANY_WORDS : SHEAF_OF_PAGES;
	expect_fault_of(t, p.m, "H1");
	p.slot->words = words;
	machine_holds(t, p.m);
}

static void a_slot_without_a_stack_has_no_room(struct ktap *t)
{
	struct pages p;

	ASSERT(t, pages_start(t, &p, "mem=64M nr_cpus=1"));
	cache_drain(p.cache);
	EXPECT(t, p.slot->base == SHEAF_NONE);
	EXPECT(t, sheaf_slot_limit(p.slot) == SHEAF_NONE);
	kfree(p.object[1]);
	EXPECT(t, p.slot->base != SHEAF_NONE);
	EXPECT(t, p.slot->top[-1] == p.object[1]);
	p.object[1] = NULL;
	pages_end(t, &p);
}

static void construct_nothing(void *object)
{
	(void)object;
}

/* Above the last line of a page only; and any cache whose objects are whole pages and keep nothing. */
static void classes_and_caches_that_have_them(struct ktap *t)
{
	static const struct {
		size_t size;
		bool pages;
	} kmallocs[] = { { 3968, false }, { 4032, false }, { 4033, true }, { 4096, true }, { 8064, false },
		{ 8129, true } };
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=1");
	struct kmem_cache *cache;
	void *object[2];

	ASSERT_NOT_NULL(t, m);
	for (size_t i = 0; i < ARRAY_SIZE(kmallocs); i++) {
		cache = kmalloc_cache(m, kmallocs[i].size, GFP_KERNEL);
		EXPECT_EQ(t, cache->marks_pages, kmallocs[i].pages && PAGES_ARE_MARKED);
	}
	EXPECT_EQ(t, kmalloc_constant_id(4096), KMALLOC_PAGES_ID(KMALLOC_4K));
	EXPECT_EQ(t, kmalloc_constant_id(4032), KMALLOC_ID(KMALLOC_NORMAL, KMALLOC_4K));
	EXPECT(t, !kmalloc_cache(m, 4096, GFP_KERNEL_ACCOUNT)->marks_pages);
	cache = kmem_cache_create("whole", 2 * PAGE_SIZE, 0, SLAB_NO_MERGE, NULL);
	ASSERT_NOT_NULL(t, cache);
	EXPECT_EQ(t, cache->marks_pages, PAGES_ARE_MARKED);
	object[0] = newest_of(cache);
	object[1] = kmem_cache_alloc(cache, GFP_KERNEL);
	*(unsigned long *)object[1] = 7;
	kmem_cache_free(cache, object[0]);
	kmem_cache_free_bulk(cache, 1, &object[1]);
	EXPECT(t, !PAGES_ARE_MARKED || *(unsigned long *)object[1] == 7);
	machine_holds(t, m);
	kmem_cache_destroy(cache);
	cache = kmem_cache_create("with a mark behind", PAGE_SIZE - sizeof(long), 0, 0, construct_nothing);
	ASSERT_NOT_NULL(t, cache);
	EXPECT_EQ(t, cache->size, PAGE_SIZE);
	EXPECT(t, !cache->marks_pages);
	kmem_cache_destroy(cache);
}

static void debugged_caches_do_without(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M slub_debug=F");
	void *object;

	ASSERT_NOT_NULL(t, m);
	EXPECT(t, !kmalloc_cache(m, SIZE, GFP_KERNEL)->marks_pages);
	object = kmalloc(SIZE, GFP_KERNEL);
	kfree(object);
	EXPECT(t, !page_object_is_free(virt_to_page(object)));
}

KTAP_SUITE(page_object, KTAP_CASE(a_free_object_keeps_its_contents),
	KTAP_CASE(freed_twice_it_is_reported_with_others_in_between),
	KTAP_CASE(a_mark_of_the_pages_last_use_is_no_mark), KTAP_CASE(classes_and_caches_that_have_them),
	KTAP_CASE(drained_and_taken_again_it_is_marked_once), KTAP_CASE(what_is_odd_is_refused_or_finds_room),
	KTAP_CASE(an_entry_without_a_mark_is_not_handed_out), KTAP_CASE(a_spare_that_has_room_takes_it),
	KTAP_CASE(its_pages_go_back_without_a_mark), KTAP_CASE(h7_a_mark_that_is_wrong),
	KTAP_CASE(h1_a_slot_that_says_other_marks), KTAP_CASE(a_slot_without_a_stack_has_no_room),
	KTAP_CASE(debugged_caches_do_without));
