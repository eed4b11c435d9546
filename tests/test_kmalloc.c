/* SPDX-License-Identifier: MIT */
/* test_kmalloc.c - the classes, large objects, and every call with its n-th allocation failing. */
#include <linux/string.h>
#include "mm/vmalloc.h"
#include "tests/slab_machine.h"

#define NR 64

static void *objects[NR];

static void every_size_goes_to_the_least_class_that_holds_it(struct ktap *t)
{
	static const unsigned int sizes[] = { 8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192 };
	struct machine *m = slab_machine(t, "mem=64M");
	unsigned int class = 0;

	ASSERT_NOT_NULL(t, m);
	for (size_t size = 1; size <= KMALLOC_MAX_CACHE_SIZE; size++) {
		struct kmem_cache *cache = kmalloc_cache(m, size, GFP_KERNEL);

		class += size > sizes[class];
		if (cache->object_size == sizes[class] && kmalloc_class(size) == class &&
			kmalloc_size_roundup(size) == sizes[class])
			continue;
		ktap_fail(t, "size %lu: class %u of %u bytes, not of %u", (unsigned long)size, kmalloc_class(size),
			cache->object_size, sizes[class]);
		return;
	}
	EXPECT_EQ(t, class, KMALLOC_CLASSES - 1);
	EXPECT_EQ(t, kmalloc_size_roundup(0), 0);
	EXPECT_EQ(t, kmalloc_size_roundup(8193), 16384);
	EXPECT_EQ(t, kmalloc_size_roundup(KMALLOC_MAX_SIZE), KMALLOC_MAX_SIZE);
}

/* The constant and the variable form of a call meet in one cache. */
static void constant_and_variable_sizes_agree(struct ktap *t)
{
	volatile size_t size = 100;
	void *a, *b;

	ASSERT_NOT_NULL(t, slab_machine(t, "mem=64M"));
	a = kmalloc(100, GFP_KERNEL);
	b = kmalloc(size, GFP_KERNEL);
	EXPECT_EQ(t, slab_of(a)->slab_cache, slab_of(b)->slab_cache);
	EXPECT_STR(t, slab_of(a)->slab_cache->name, "kmalloc-128");
	kfree(a);
	kfree(b);
}

static void flags_choose_the_type(struct ktap *t)
{
	static const struct {
		gfp_t gfp;
		const char *name;
	} types[] = {
		{ GFP_KERNEL, "kmalloc-64" },
		{ GFP_KERNEL_ACCOUNT, "kmalloc-cg-64" },
		{ GFP_KERNEL | __GFP_RECLAIMABLE, "kmalloc-rcl-64" },
		{ GFP_KERNEL | __GFP_DMA, "dma-kmalloc-64" },
		{ GFP_KERNEL | __GFP_DMA | __GFP_RECLAIMABLE | __GFP_ACCOUNT, "dma-kmalloc-64" },
	};

	ASSERT_NOT_NULL(t, slab_machine(t, "mem=64M"));
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		void *object = kmalloc(64, types[i].gfp);

		ASSERT_NOT_NULL(t, object);
		EXPECT_STR(t, slab_of(object)->slab_cache->name, types[i].name);
		if (types[i].gfp & __GFP_DMA)
			EXPECT_LT(t, page_to_pfn(virt_to_page(object)), (16ul << 20) >> PAGE_SHIFT);
		kfree(object);
	}
}

static void large_objects_are_counted_and_come_back_whole(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=128M");
	unsigned long free;

	ASSERT_NOT_NULL(t, m);
	cpus_request(m, CPU_DRAIN_PAGES);
	free = nr_free_pages();
	for (size_t size = KMALLOC_MAX_CACHE_SIZE + 1; size <= KMALLOC_MAX_SIZE; size *= 2) {
		char *p = kzalloc(size, GFP_KERNEL);

		ASSERT_NOT_NULL(t, p);
		EXPECT(t, bytes_are_all(p, 0, size));
		EXPECT_EQ(t, ksize(p), PAGE_SIZE << get_order(size));
		EXPECT_EQ(t, m->large_objects, 1);
		EXPECT_EQ(t, m->large_pages, 1l << get_order(size));
		memset(p, 0xff, ksize(p));
		kfree(p);
	}
	EXPECT_EQ(t, m->large_objects, 0);
	EXPECT_EQ(t, m->large_pages, 0);
	cpus_request(m, CPU_DRAIN_PAGES);
	EXPECT_EQ(t, nr_free_pages(), free);
}

static void a_large_request_that_memory_cannot_hold_is_null(struct ktap *t)
{
	unsigned int nr = 0;

	ASSERT_NOT_NULL(t, slab_machine(t, "mem=32M"));
	while (nr < NR && (objects[nr] = kmalloc(2ul << 20, GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN)))
		nr++;
	EXPECT_GT(t, nr, 5);
	EXPECT_LT(t, nr, 16);
	kfree_bulk(nr, objects);
}

/* ------------------------------------------------------------------------- the n-th allocation fails */

/* Each does one thing, gives back all it got, and says whether it succeeded. */
static bool do_kmalloc(void)
{
	void *p = kmalloc(100, GFP_KERNEL | __GFP_NOWARN);

	kfree(p);
	return p;
}

static bool do_large(void)
{
	void *p = kmalloc(20000, GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY);

	kfree(p);
	return p;
}

static bool do_krealloc(void)
{
	void *p = kmalloc(100, GFP_KERNEL | __GFP_NOFAIL), *q;

	memset(p, 9, 100);
	q = krealloc(p, 1000, GFP_KERNEL | __GFP_NOWARN);
	EXPECT(slab_case, bytes_are_all(q ? q : p, 9, 100));
	kfree(q ? q : p);
	return q;
}

static bool do_krealloc_large(void)
{
	void *p = kmalloc(9000, GFP_KERNEL | __GFP_NOFAIL | __GFP_NOWARN), *q;

	memset(p, 9, 9000);
	q = krealloc(p, 100000, GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY);
	EXPECT(slab_case, bytes_are_all(q ? q : p, 9, 9000));
	kfree(q ? q : p);
	return q;
}

static bool do_kmemdup(void)
{
	void *p = kmemdup("abcdefgh", 9, GFP_KERNEL | __GFP_NOWARN);

	if (p)
		EXPECT_STR(slab_case, p, "abcdefgh");
	kfree(p);
	return p;
}

static bool do_strings(void)
{
	char *a = kstrdup("one", GFP_KERNEL | __GFP_NOWARN), *b = kstrndup("three", 3, GFP_KERNEL | __GFP_NOWARN);
	char *c = kasprintf(GFP_KERNEL | __GFP_NOWARN, "%d %s", 5, "six"),
	     *d = kmemdup_nul("xy", 1, GFP_KERNEL | __GFP_NOWARN);

	kfree(a);
	kfree(b);
	kfree(c);
	kfree(d);
	return a && b && c && d;
}

static bool do_create(void)
{
	struct kmem_cache *cache = kmem_cache_create("a_cache_with_a_name", 300, 0, SLAB_NO_MERGE, NULL);

	kmem_cache_destroy(cache);
	return cache;
}

static bool do_bulk(void)
{
	struct kmem_cache *cache = kmalloc_cache(this_machine(), 512, GFP_KERNEL);
	int got = kmem_cache_alloc_bulk(cache, GFP_KERNEL | __GFP_NOWARN, 40, objects);

	EXPECT(slab_case, got == 0 || got == 40);
	kmem_cache_free_bulk(cache, (size_t)got, objects);
	return got;
}

static bool do_kvmalloc(void)
{
	void *p = kvmalloc(50000, GFP_KERNEL | __GFP_NOWARN);

	kvfree(p);
	return p;
}

static bool do_node(void)
{
	void *p = kmalloc_node(3000, GFP_KERNEL | __GFP_NOWARN, 0), *q = kcalloc(10, 10, GFP_KERNEL | __GFP_NOWARN);

	if (q)
		EXPECT(slab_case, bytes_are_all(q, 0, 100));
	kfree(p);
	kfree(q);
	return p && q;
}

static const struct {
	const char *name;
	bool (*run)(void);
} calls[] = {
	{ "kmalloc", do_kmalloc },
	{ "large kmalloc", do_large },
	{ "krealloc", do_krealloc },
	{ "large krealloc", do_krealloc_large },
	{ "kmemdup", do_kmemdup },
	{ "strings", do_strings },
	{ "kmem_cache_create", do_create },
	{ "bulk", do_bulk },
	{ "kvmalloc", do_kvmalloc },
	{ "kmalloc_node", do_node },
};

/* What a call that failed must have left as it was. */
struct state {
	unsigned long live, caches, out_pages;
};

static struct state state_now(struct machine *m)
{
	struct state state = { 0 };
	struct kmem_cache *cache;

	vmalloc_purge(m);
	state.live = live_in_machine(m);
	cpus_request(m, CPU_DRAIN_SLABS);
	list_for_each_entry(cache, &m->caches, list) {
		barn_drain(cache);
		slab_discard_empty(cache, 0);
		state.caches++;
	}
	cpus_request(m, CPU_DRAIN_PAGES);
	state.out_pages = m->totalram - nr_free_pages();
	return state;
}

static void expect_state(struct ktap *t, struct machine *m, struct state was, const char *name, unsigned int nth)
{
	struct state now = state_now(m);

	if (now.live != was.live || now.caches != was.caches || now.out_pages > was.out_pages)
		ktap_fail(t, "%s, allocation %u fails: live %lu -> %lu, caches %lu -> %lu, pages out %lu -> %lu",
			name, nth, was.live, now.live, was.caches, now.caches, was.out_pages, now.out_pages);
}

enum what_fails { OBJECTS, PAGES };

static void fail_from(struct machine *m, enum what_fails what, const struct fault_attr *attr)
{
	if (what == PAGES)
		fail_pages(m, attr);
	else
		m->params.failslab = attr ? *attr : (struct fault_attr){ .on = true };
}

static void nth_fails(struct ktap *t, enum what_fails what)
{
	struct machine *m = slab_machine(t, "mem=64M failslab=1,0,0,0 loglevel=1");

	ASSERT_NOT_NULL(t, m);
	m->params.fail_page_alloc_min_order = 0;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		struct state was;
		unsigned int nth = 0;
		bool done = false;

		EXPECT(t, calls[i].run());
		was = state_now(m);
		while (!done && ++nth < 100) {
			fail_from(m, what,
				&(struct fault_attr){ .interval = nth, .probability = 100, .times = 1, .on = true });
			done = calls[i].run() &&
				(what == PAGES ? m->params.fail_page_alloc.times : m->params.failslab.times);
			fail_from(m, what, NULL);
			expect_state(t, m, was, calls[i].name, nth);
		}
		EXPECT(t, done);
		/* Then all fail, for as long as the call lasts. */
		fail_from(
			m, what, &(struct fault_attr){ .interval = 1, .probability = 100, .times = -1, .on = true });
		calls[i].run();
		fail_from(m, what, NULL);
		expect_state(t, m, was, calls[i].name, 0);
		EXPECT(t, calls[i].run());
	}
	machine_holds(t, m);
}

static void the_nth_object_allocation_fails(struct ktap *t)
{
	nth_fails(t, OBJECTS);
}

static void the_nth_page_allocation_fails(struct ktap *t)
{
	nth_fails(t, PAGES);
}

/* Without failslab= the sheaves are there: their own memory fails too, and objects still come and go. */
static void sheaves_without_memory_for_themselves(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M loglevel=1");
	struct fault_attr some = { .interval = 1, .probability = 60, .times = -1, .on = true };
	unsigned long live = 0;
	static void *kept[2000];

	ASSERT_NOT_NULL(t, m);
	m->params.fail_page_alloc_min_order = 0;
	fail_pages(m, &some);
	memset(kept, 0, sizeof(kept));
	for (int step = 0; step < 40000; step++) {
		unsigned int i = (unsigned int)ktap_below(t, 2000);

		if (kept[i]) {
			kfree(kept[i]);
			kept[i] = NULL;
			live--;
		} else {
			kept[i] = kmalloc(8u << ktap_below(t, 8), GFP_NOWAIT | __GFP_NOWARN);
			live += kept[i] != NULL;
		}
		if (step % 5000 == 0)
			EXPECT_EQ(t, live_in_machine(m), live);
	}
	machine_holds(t, m);
	kfree_bulk(2000, kept);
	fail_pages(m, NULL);
	EXPECT_EQ(t, live_in_machine(m), 0);
}

static void an_allocation_that_fails_says_what_was_asked_and_how_full_each_node_is(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M failslab=1,0,0,0");

	ASSERT_NOT_NULL(t, m);
	m->params.failslab = (struct fault_attr){ .interval = 1, .probability = 100, .times = 2, .on = true };
	EXPECT_NULL(t, kmalloc(190, GFP_ATOMIC | __GFP_NOWARN));
	EXPECT_STR(t, console_text(), "");
	EXPECT_NULL(t, kmalloc(190, GFP_ATOMIC));
	m->params.failslab = (struct fault_attr){ .on = true };
	EXPECT_CONTAINS(t, console_text(),
		"SLUB: Unable to allocate memory on node -1, gfp=0xa20(GFP_ATOMIC)\n"
		"  cache: kmalloc-192, object size: 192, buffer size: 192, default order: 0, min order: 0\n"
		"  node 0: slabs: 0, objs: 0, free: 0\n");
}

KTAP_SUITE(kmalloc, KTAP_CASE(every_size_goes_to_the_least_class_that_holds_it),
	KTAP_CASE(constant_and_variable_sizes_agree), KTAP_CASE(flags_choose_the_type),
	KTAP_CASE(large_objects_are_counted_and_come_back_whole),
	KTAP_CASE(a_large_request_that_memory_cannot_hold_is_null), KTAP_CASE(the_nth_object_allocation_fails),
	KTAP_CASE(the_nth_page_allocation_fails), KTAP_CASE(sheaves_without_memory_for_themselves),
	KTAP_CASE(an_allocation_that_fails_says_what_was_asked_and_how_full_each_node_is));
