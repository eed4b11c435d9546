/* SPDX-License-Identifier: MIT */
/*
 * test_hot_object.c - the newest object of a CPU, which comes back first when it is freed at once.
 *
 * What stands aside is an object like those on the stack: checked, counted, drained, cleared where the machine clears.
 */
#include <linux/slab.h>
#include <linux/string.h>
#include "tests/slab_machine.h"

struct hot {
	struct machine *m;
	struct kmem_cpu *cpu;
	struct cpu_sheaf *slot;
	struct kmem_cache *cache;
	unsigned long live;		/* before the case's own objects */
};

static bool hot_start(struct ktap *t, struct hot *h, const char *cmdline)
{
	*h = (struct hot){ .m = slab_machine(t, cmdline) };
	if (!h->m)
		return false;
	h->cpu = this_cpu();
	h->cache = kmalloc_cache(h->m, 64, GFP_KERNEL);
	h->slot = &h->cpu->sheaves[h->cache->id];
	kfree(kmalloc(64, GFP_KERNEL));		/* there is a sheaf now */
	kmem_cache_shrink(h->cache);
	kfree(kmalloc(64, GFP_KERNEL));
	h->live = cache_live_objects(h->cache);
	return true;
}

static void the_newest_object_stands_aside_and_comes_back(struct ktap *t)
{
	void *object, *other;
	struct hot h;

	ASSERT(t, hot_start(t, &h, "mem=64M nr_cpus=1"));
	object = kmalloc(64, GFP_KERNEL);
	other = kmalloc(64, GFP_KERNEL);
	EXPECT_NULL(t, h.slot->hot);
	kfree(other);
	EXPECT(t, h.slot->hot == other);
	EXPECT_EQ(t, cache_live_objects(h.cache), h.live + 1);
	machine_holds(t, h.m);
	EXPECT(t, __kmalloc(60, GFP_KERNEL) == other);
	EXPECT_NULL(t, h.slot->hot);
	EXPECT_EQ(t, *(unsigned long *)other, 0);
	kfree(other);
	EXPECT(t, kzalloc(64, GFP_KERNEL) == other);
	kfree(other);
	kfree(object);				/* no longer the newest: to the stack */
	EXPECT(t, h.slot->hot == other && h.slot->top[-1] == object);
	EXPECT_EQ(t, cache_live_objects(h.cache), h.live);
	EXPECT(t, __kmalloc_slot(SHEAF_SLOT(h.cache->id), kmalloc_ask(GFP_KERNEL, 0)) == other);
	EXPECT(t, __kmalloc_slot(SHEAF_SLOT(h.cache->id), kmalloc_ask(GFP_KERNEL, 0)) == object);
	EXPECT_NULL(t, h.slot->hot);
	kfree(object);
	kfree(other);
}

static void where_one_stands_aside_the_next_goes_to_the_stack(struct ktap *t)
{
	void *first, *second;
	struct hot h;

	ASSERT(t, hot_start(t, &h, "mem=64M nr_cpus=1"));
	first = kmalloc(64, GFP_KERNEL);
	kfree(first);
	second = kmem_cache_alloc_node(h.cache, GFP_KERNEL, 0);
	EXPECT(t, second != first);
	kfree(second);
	EXPECT(t, h.slot->hot == first && h.slot->top[-1] == second);
	machine_holds(t, h.m);
}

/* A machine with three objects: the CPU's newest, and two from the stack. */
static bool hot_start_with_three(struct ktap *t, struct hot *h, void **first, void **second, void **third)
{
	*first = *second = *third = NULL;
	if (!hot_start(t, h, "mem=64M nr_cpus=1"))
		return false;
	*first = newest_of(h->cache);
	*second = kmalloc(64, GFP_KERNEL);
	*third = kmalloc(64, GFP_KERNEL);
	return EXPECT(t, h->cpu->last_object == *first);
}

/* From the stack nobody is told of it; it is seen at the free. */
static void popped_last_it_stands_aside_too(struct ktap *t)
{
	void *first, *second, *third;
	struct hot h;

	ASSERT(t, hot_start_with_three(t, &h, &first, &second, &third));
	kfree(second);				/* not the last */
	EXPECT(t, !h.slot->hot && h.slot->top[-1] == second && h.slot->top[0] == second);
	EXPECT(t, kmalloc(64, GFP_KERNEL) == second);
	kfree(second);
	EXPECT(t, h.slot->hot == second && h.cpu->last_object == first);
	kfree(third);				/* one stands aside already */
	EXPECT(t, h.slot->hot == second && h.slot->top[-1] == third);
	kfree(first);				/* the newest, and yet to the stack */
	EXPECT(t, h.slot->hot == second && h.slot->top[-1] == first);
	EXPECT(t, kmem_cache_alloc(h.cache, GFP_KERNEL) == second);
	first = kmem_cache_alloc(h.cache, GFP_KERNEL);
	kmem_cache_free(h.cache, first);	/* the same by the other call */
	EXPECT(t, h.slot->hot == first && h.cpu->last_object == second);
	kmem_cache_free(h.cache, second);
	EXPECT(t, h.slot->hot == first && h.slot->top[-1] == second);
	machine_holds(t, h.m);
	EXPECT_EQ(t, cache_live_objects(h.cache), h.live);
}

/* From the stack to the stack, by a bulk of frees, from the stack aside. (Onto a full one: tests/test_sheaf.c.) */
static void freed_twice_at_once_it_is_reported_wherever_it_went(struct ktap *t)
{
	void *first, *second, *third;
	struct hot h;

	ASSERT(t, hot_start_with_three(t, &h, &first, &second, &third));
	kfree(second);
	kfree(second);
	EXPECT_EQ(t, console_count("Object already free"), 1);
	kfree_bulk(1, &third);
	kfree(third);
	EXPECT_EQ(t, console_count("Object already free"), 2);
	third = kmalloc(64, GFP_KERNEL);
	kfree(third);
	EXPECT(t, h.slot->hot == third);
	kfree(third);
	EXPECT_EQ(t, console_count("Object already free"), 3);
	kfree(first);
	EXPECT_EQ(t, cache_live_objects(h.cache), h.live);
}

static void nothing_made(void *object)
{
	(void)object;
}

/* The newest object of any cache whose marks are at the objects' start; by whichever call it is freed. */
static void every_plain_cache_has_one(struct ktap *t)
{
	struct kmem_cache *plain, *made;
	struct cpu_sheaf *slot;
	void *object, *other;
	struct hot h;

	ASSERT(t, hot_start(t, &h, "mem=64M nr_cpus=1"));
	plain = kmem_cache_create("plain", 200, 0, SLAB_NO_MERGE, NULL);
	made = kmem_cache_create("made", 200, 0, SLAB_NO_MERGE, nothing_made);
	ASSERT(t, plain && made);
	slot = &h.cpu->sheaves[plain->id];
	kmem_cache_free(plain, kmem_cache_alloc(plain, GFP_KERNEL));	/* there is a sheaf now */
	object = kmem_cache_alloc(plain, GFP_KERNEL);
	kmem_cache_free(plain, object);
	EXPECT(t, slot->hot == object);
	EXPECT(t, kmem_cache_zalloc(plain, GFP_KERNEL) == object && !slot->hot);
	kfree(object);
	EXPECT(t, slot->hot == object);
	EXPECT(t, kmem_cache_alloc(plain, GFP_KERNEL) == object && !slot->hot);
	machine_holds(t, h.m);
	kmem_cache_free(h.cache, object);
	EXPECT_EQ(t, console_count("Wrong slab cache"), 1);
	EXPECT(t, !slot->hot && h.slot->hot != object);
	kmem_cache_free(plain, object);
	kmem_cache_free(plain, object);
	EXPECT_EQ(t, console_count("Object already free"), 1);
	EXPECT_EQ(t, cache_live_objects(plain), 0);
	for (int i = 0; i < 2; i++) {
		object = kmem_cache_alloc(made, GFP_KERNEL);
		other = kmem_cache_alloc(made, GFP_KERNEL);
		kmem_cache_free(made, other);
		kmem_cache_free(made, object);
		EXPECT_NULL(t, h.cpu->sheaves[made->id].hot);
	}
	kmem_cache_destroy(plain);
	kmem_cache_destroy(made);
}

static void freed_twice_it_is_reported(struct ktap *t)
{
	void *object;
	struct hot h;

	ASSERT(t, hot_start(t, &h, "mem=64M nr_cpus=1"));
	object = kmalloc(64, GFP_KERNEL);
	kfree(object);
	kfree(object);
	EXPECT_EQ(t, console_count("Object already free"), 1);
	EXPECT_EQ(t, cache_live_objects(h.cache), h.live);
}

/* Whoever wrote to it keeps it, whether it stands aside or on the stack, however its next owner asks. */
static void written_to_after_the_free_it_is_not_handed_out(struct ktap *t)
{
	unsigned int reports = 0;
	struct hot h;

	ASSERT(t, hot_start(t, &h, "mem=64M nr_cpus=1"));
	for (int round = 0; round < 4; round++) {
		bool stands_aside = round & 1, by_size = round & 2;
		unsigned long *first = newest_of(h.cache), *object = stands_aside ? first : kmalloc(64, GFP_KERNEL);
		void *last = stands_aside ? NULL : kmalloc(64, GFP_KERNEL), *next;

		kfree(object);
		EXPECT(t, (stands_aside ? h.slot->hot : h.slot->top[-1]) == object);
		*object = 1;
		next = by_size ? __kmalloc(64, GFP_KERNEL) :
				 __kmalloc_slot(SHEAF_SLOT(h.cache->id), kmalloc_ask(GFP_KERNEL, 0));
		EXPECT(t, next && next != object && !h.slot->hot);
		EXPECT_GT(t, console_count("BUG "), reports);
		reports = console_count("BUG ");
		kfree(next);
		kfree(last);
		kfree(stands_aside ? NULL : first);
		kmem_cache_shrink(h.cache);
		kfree(kmalloc(64, GFP_KERNEL));
	}
	slab_leaks_expected.slab_objects = 4;	/* each is its last holder's */
}

static void nor_is_one_of_a_cache(struct ktap *t)
{
	struct kmem_cache *cache;
	unsigned long *object;
	struct hot h;

	ASSERT(t, hot_start(t, &h, "mem=64M nr_cpus=1"));
	cache = kmem_cache_create("plain", 200, 0, SLAB_NO_MERGE, NULL);
	ASSERT_NOT_NULL(t, cache);
	kmem_cache_free(cache, kmem_cache_alloc(cache, GFP_KERNEL));	/* there is a sheaf now */
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	kmem_cache_free(cache, object);
	EXPECT(t, h.cpu->sheaves[cache->id].hot == object);
	*object = 1;
	EXPECT(t, kmem_cache_alloc(cache, GFP_KERNEL) != object);
	EXPECT_GT(t, console_count("BUG "), 0);
	slab_leaks_expected.slab_objects = 2;	/* the one that was written to, and the one handed out */
	slab_leaks_expected.slab_caches = 1;
}

static void draining_takes_it_too(struct ktap *t)
{
	struct hot h;

	ASSERT(t, hot_start(t, &h, "mem=64M nr_cpus=1"));
	kfree(kmalloc(64, GFP_KERNEL));
	EXPECT_NOT_NULL(t, h.slot->hot);
	kmem_cache_shrink(h.cache);
	EXPECT_NULL(t, h.slot->hot);
	EXPECT(t, h.cpu->last_object == h.cpu);
	EXPECT_EQ(t, cache_live_objects(h.cache), h.live);
}

/* Another CPU frees it, its slab ends, and an object of another cache may begin at its address. */
static void freed_elsewhere_it_is_forgotten_with_its_slab(struct ktap *t)
{
	void *object, *filler;
	struct hot h;

	ASSERT(t, hot_start(t, &h, "mem=64M nr_cpus=1"));
	if (h.live) {			/* on 32 bits, where boot needs one of this size */
		ktap_skip(t, "a slab that boot takes nothing from");
		return;
	}
	kmem_cache_shrink(h.cache);
	filler = kmalloc(64, GFP_KERNEL);	/* not by the fast path: there is no sheaf */
	object = newest_of(h.cache);
	EXPECT(t, h.cpu->last_object == object);
	slab_put(h.cache, &filler, 1);
	slab_put(h.cache, &object, 1);
	slab_put(h.cache, h.slot->base, (unsigned int)(h.slot->top - h.slot->base));
	h.slot->top = h.slot->base;
	EXPECT(t, h.cpu->last_object == object);
	slab_discard_empty(h.cache, 0);
	EXPECT(t, h.cpu->last_object == h.cpu);
}

static void it_is_cleared_where_the_machine_clears(struct ktap *t)
{
	unsigned long *object;
	struct hot h;

	ASSERT(t, hot_start(t, &h, "mem=64M nr_cpus=1 init_on_alloc=1"));
	object = kmalloc(64, GFP_KERNEL);
	memset(object, 0xa5, 64);
	kfree(object);
	EXPECT(t, h.slot->hot == object);
	EXPECT(t, kmalloc(64, GFP_KERNEL) == object);
	EXPECT(t, !memchr_inv(object, 0, 64));
	kfree(object);
}

/* All of it, and nothing behind it, of every size that is cleared by stores, and of some that are not. */
static void zeros_are_to_the_object_s_end(struct ktap *t)
{
	struct hot h;

	ASSERT(t, hot_start(t, &h, "mem=64M nr_cpus=1"));
	for (unsigned int size = 8; size <= 512; size += 8) {
		struct kmem_cache *cache = kmem_cache_create("zeros", size - size / 8 % 8, 0, SLAB_NO_MERGE, NULL);
		unsigned char *object = kmalloc(size, GFP_KERNEL), *behind;
		size_t bytes = ksize(object);

		ASSERT_NOT_NULL(t, cache);
		memset(object, 0x5a, bytes);
		kfree(object);
		EXPECT(t, kzalloc(size, GFP_KERNEL) == object);
		EXPECT(t, !memchr_inv(object, 0, bytes));
		kfree(object);

		kmem_cache_free(cache, kmem_cache_alloc(cache, GFP_KERNEL));
		object = kmem_cache_alloc(cache, GFP_KERNEL);
		behind = kmem_cache_alloc(cache, GFP_KERNEL);
		ASSERT(t, object && behind);
		if (behind < object)
			swap(object, behind);
		memset(object, 0x5a, cache->object_size);
		memset(behind, 0x5a, cache->object_size);
		kmem_cache_free(cache, object);
		object = kmem_cache_zalloc(cache, GFP_KERNEL);
		EXPECT(t, !memchr_inv(object, 0, cache->object_size));
		EXPECT(t, !memchr_inv(behind, 0x5a, cache->object_size));
		kmem_cache_free(cache, object);
		kmem_cache_free(cache, behind);
		kmem_cache_destroy(cache);
	}
}

static void init_on_free_clears_it_at_once(struct ktap *t)
{
	unsigned long *object;
	struct hot h;

	ASSERT(t, hot_start(t, &h, "mem=64M nr_cpus=1 init_on_free=1"));
	object = kmalloc(64, GFP_KERNEL);
	memset(object, 0xa5, 64);
	kfree(object);
	EXPECT_NULL(t, h.slot->hot);
	EXPECT(t, !memchr_inv(object + 1, 0, 56));	/* behind the mark */
}

static void h6_another_slot_s_newest_object(struct ktap *t)
{
	void *object;
	struct hot h;

	ASSERT(t, hot_start(t, &h, "mem=64M nr_cpus=1"));
	object = kmalloc(64, GFP_KERNEL);
	h.cpu->last_slot++;
	expect_fault_of(t, h.m, "H6");
	h.cpu->last_slot--;
	h.cpu->last_object = h.m;
	expect_fault_of(t, h.m, "H6");
	h.cpu->last_object = h.cpu;
	kfree(object);
}

static void s6_another_slot_in_the_map(struct ktap *t)
{
	void *object;
	u16 *entry;
	struct hot h;

	ASSERT(t, hot_start(t, &h, "mem=64M nr_cpus=1"));
	object = kmalloc(64, GFP_KERNEL);
	entry = slot_map_at(h.m, virt_to_page(object));
	EXPECT_EQ(t, *entry, SHEAF_SLOT(h.cache->id));
	*entry = (u16)SHEAF_SLOT(h.cache->id + 1);
	expect_fault_of(t, h.m, "S6");
	*entry = (u16)SHEAF_SLOT(h.cache->id);
	kfree(object);
}

/* Has the page a slot that fast paths on this CPU see, and is it the node's? */
static bool sees_the_slot(const struct pglist_data *node, pfn_t page)
{
	const struct kmem_cpu *cpu = this_cpu();
	unsigned long number = page - ((cpu->area - node->machine->layout.direct_base) >> PAGE_SHIFT);

	return number > cpu->page_before && &cpu->slot_map[number] == &node->slot_map[page - node->start_pfn];
}

/* Of low memory. */
static pfn_t free_pages_above(const struct pglist_data *node, pfn_t page)
{
	pfn_t end_of_node = node->start_pfn + node->slot_pages, pages = 0;
	u64 cursor = (u64)page << PAGE_SHIFT, start, end;
	int nid;

	while (memblock_next_free(&node->machine->memblock, &cursor, &start, &end, &nid))
		if (end >> PAGE_SHIFT <= end_of_node)
			pages += (pfn_t)((end - start) >> PAGE_SHIFT);
	return pages;
}

/* What lies above the CPU was there before it, and is nobody's to allocate. */
static void expect_slots_below_the_cpu(struct ktap *t, const char *cmdline)
{
	struct machine *m = slab_machine(t, cmdline);
	const struct pglist_data *node;
	pfn_t page;

	ASSERT_NOT_NULL(t, m);
	node = m->nodes[this_cpu()->node];
	for (page = node->start_pfn; sees_the_slot(node, page); page++)
		;
	EXPECT_EQ(t, page, virt_to_phys(this_cpu()) >> PAGE_SHIFT);
	EXPECT_EQ(t, free_pages_above(node, page), 0);
	for (; page < node->start_pfn + node->slot_pages; page++)
		if (!EXPECT(t, !sees_the_slot(node, page)))
			break;
	EXPECT(t, !sees_the_slot(node, node->start_pfn - 1));
}

static void fast_paths_see_slots_below_their_cpu(struct ktap *t)
{
	expect_slots_below_the_cpu(t, "mem=64M nr_cpus=16");
}

static void also_on_one_of_two_nodes(struct ktap *t)
{
	expect_slots_below_the_cpu(t, "mem=96M numa=fake=2");
}

static void and_below_high_memory(struct ktap *t)
{
	expect_slots_below_the_cpu(t, "kmem.layout=i386 mem=1G");
}

/* As one whose node had no memory for it. */
static void a_cpu_that_sees_no_slots_frees_slowly(struct ktap *t)
{
	unsigned long page_before;
	void *object, *other;
	struct hot h;

	ASSERT(t, hot_start(t, &h, "mem=64M nr_cpus=1"));
	object = kmem_cache_alloc_node(h.cache, GFP_KERNEL, 0);
	other = kmalloc(64, GFP_KERNEL);
	page_before = h.cpu->page_before;
	h.cpu->page_before = ~0ul;
	EXPECT(t, !sees_the_slot(h.m->nodes[0], page_to_pfn(virt_to_page(object))));
	EXPECT_EQ(t, ksize(object), 64);
	kfree(object);
	EXPECT_EQ(t, cache_live_objects(h.cache), h.live + 1);
	kfree(object);
	EXPECT_EQ(t, console_count("Object already free"), 1);
	kmem_cache_free(h.cache, other);
	EXPECT_EQ(t, cache_live_objects(h.cache), h.live);
	h.cpu->page_before = page_before;
}

/* A fast path looks at no request: a host that came upon one tells the thread by way of its flags. */
static void asked_in_fast_code_the_next_allocation_serves(struct ktap *t)
{
	static const gfp_t flags[] = { GFP_KERNEL, GFP_KERNEL | __GFP_ZERO, __GFP_ZERO };
	struct hot h;

	ASSERT(t, hot_start(t, &h, "mem=64M nr_cpus=1"));
	for (size_t i = 0; i < 2 * ARRAY_SIZE(flags); i++) {
		gfp_t gfp = flags[i / 2];
		void *object;

		__atomic_fetch_or(&h.cpu->pending, CPU_DRAIN_SLABS, __ATOMIC_RELAXED);
		kfree(kmalloc(64, gfp));
		EXPECT_EQ(t, h.cpu->pending, CPU_DRAIN_SLABS);
		kmem_context.odd_gfp = KMEM_ODD_GFP_ASKED;
		object = i & 1 ? __kmalloc(64, gfp) : __kmalloc_slot(SHEAF_SLOT(h.cache->id), kmalloc_ask(gfp, 0));
		EXPECT_EQ(t, h.cpu->pending, 0);
		EXPECT_EQ(t, kmem_context.odd_gfp, KMEM_ODD_GFP);
		EXPECT_EQ(t, cache_live_objects(h.cache), h.live + 1);
		kfree(object);
		kfree(kmalloc(64, GFP_KERNEL));
	}
}

KTAP_SUITE(hot_object, KTAP_CASE(asked_in_fast_code_the_next_allocation_serves),
	KTAP_CASE(the_newest_object_stands_aside_and_comes_back),
	KTAP_CASE(popped_last_it_stands_aside_too),
	KTAP_CASE(freed_twice_at_once_it_is_reported_wherever_it_went),
	KTAP_CASE(where_one_stands_aside_the_next_goes_to_the_stack), KTAP_CASE(every_plain_cache_has_one),
	KTAP_CASE(freed_twice_it_is_reported),
	KTAP_CASE(written_to_after_the_free_it_is_not_handed_out), KTAP_CASE(nor_is_one_of_a_cache),
	   KTAP_CASE(draining_takes_it_too),
	KTAP_CASE(freed_elsewhere_it_is_forgotten_with_its_slab), KTAP_CASE(it_is_cleared_where_the_machine_clears),
	KTAP_CASE(zeros_are_to_the_object_s_end),
	KTAP_CASE(init_on_free_clears_it_at_once), KTAP_CASE(h6_another_slot_s_newest_object),
	KTAP_CASE(s6_another_slot_in_the_map), KTAP_CASE(fast_paths_see_slots_below_their_cpu),
	KTAP_CASE(also_on_one_of_two_nodes), KTAP_CASE(and_below_high_memory),
	KTAP_CASE(a_cpu_that_sees_no_slots_frees_slowly));
