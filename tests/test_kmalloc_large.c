/* SPDX-License-Identifier: MIT */
/*
 * test_kmalloc_large.c - objects of whole pages: the one of each size that stands aside when it is freed.
 *
 * It is as free as any other object, and as checked: what may not have it, who gives it up, what breaks it.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include "mm/pcp.h"
#include "tests/slab_machine.h"

#define SIZE (64ul << 10)
#define ORDER 4u

static struct cpu_sheaf *slot_of_order(unsigned int order)
{
	return &this_cpu()->sheaves[KMALLOC_LARGE_ID(order)];
}

static void *aside(void)
{
	return slot_of_order(ORDER)->hot;
}

static bool is_newest(const void *object)
{
	return this_cpu()->last_object == object;
}

static void freed_it_stands_aside_and_comes_back(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=128M nr_cpus=1");
	unsigned long slab_pages, free;
	void *object, *other;

	ASSERT_NOT_NULL(t, m);
	slab_pages = node_item(m->nodes[0], NR_SLAB_UNRECLAIMABLE);
	object = kmalloc(SIZE, GFP_KERNEL);
	ASSERT_NOT_NULL(t, object);
	EXPECT(t, !is_newest(object) && !aside());
	kfree(object);
	EXPECT(t, aside() == object);
	EXPECT_EQ(t, machine_large(m).objects, 0);
	EXPECT_EQ(t, machine_large(m).pages, 0);
	EXPECT_EQ(t, machine_large_aside(m).objects, 1);
	EXPECT_EQ(t, machine_large_aside(m).pages, 1 << ORDER);
	EXPECT_EQ(t, node_item(m->nodes[0], NR_SLAB_UNRECLAIMABLE), slab_pages + (1 << ORDER));
	machine_holds(t, m);
	free = nr_free_pages();
	for (int round = 0; round < 3; round++) {
		EXPECT(t, kmalloc(SIZE - 100, GFP_KERNEL) == object && is_newest(object) && !aside());
		EXPECT_EQ(t, *(unsigned long *)object, 0);
		EXPECT_EQ(t, ksize(object), SIZE);
		EXPECT_EQ(t, machine_large(m).objects, 1);
		machine_holds(t, m);
		kfree(object);
		EXPECT(t, aside() == object);
	}
	EXPECT_EQ(t, nr_free_pages(), free);
	object = kvmalloc(SIZE, GFP_KERNEL);
	other = kvmalloc(SIZE, GFP_KERNEL);
	EXPECT(t, object != other && !aside());
	kvfree(other);
	kvfree(object);
	EXPECT(t, aside() == other);
	EXPECT_STR(t, console_text(), "");
}

static void each_size_up_to_a_mebibyte_has_one(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=128M nr_cpus=1");
	void *newest;

	ASSERT_NOT_NULL(t, m);
	for (unsigned int order = KMALLOC_LARGE_FIRST; order <= MAX_ORDER; order++) {
		void *object = kmalloc(PAGE_SIZE << order, GFP_KERNEL);

		ASSERT_NOT_NULL(t, object);
		kfree(object);
		if (order <= KMALLOC_LARGE_LAST)
			EXPECT(t, slot_of_order(order)->hot == object);
	}
	EXPECT_EQ(t, machine_large_aside(m).objects, KMALLOC_LARGE_LAST - KMALLOC_LARGE_FIRST + 1);
	machine_holds(t, m);
	newest = kmalloc(SIZE, GFP_KERNEL);
	EXPECT(t, is_newest(newest));
	drain_local_pages();
	EXPECT(t, !is_newest(newest));
	EXPECT_EQ(t, machine_large_aside(m).objects, 0);
	EXPECT_EQ(t, machine_large(m).objects, 1);
	kfree(newest);
	drain_local_pages();
	EXPECT_EQ(t, node_item(m->nodes[0], NR_SLAB_UNRECLAIMABLE),
		  node_page_state(m->nodes[0], NR_SLAB_UNRECLAIMABLE));
}

/* By its newest owner, by others, by whoever has had it before; where it is free on another CPU. */
static void freed_twice_it_is_reported(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=128M nr_cpus=1");
	void *object, *other;

	ASSERT_NOT_NULL(t, m);
	object = kmalloc(SIZE, GFP_KERNEL);
	other = kmalloc(SIZE, GFP_KERNEL);
	kfree(object);
	kfree(object);
	EXPECT_EQ(t, console_count("kfree of what is not an object"), 1);
	EXPECT_CONTAINS(t, console_text(), "first page of a kmalloc() of 65536 bytes, free at the hand of CPU 0; pfn ");
	EXPECT(t, kmalloc(SIZE, GFP_KERNEL) == object);
	kfree(object);
	kfree(object);
	EXPECT_EQ(t, console_count("kfree of what is not an object"), 2);
	kfree(other);
	kfree(other);
	EXPECT_EQ(t, console_count("kfree of what is not an object"), 3);
	EXPECT_EQ(t, machine_large(m).objects, 0);
}

/* Who is not the newest is freed past what stands aside, and not taken for it afterwards. */
static void where_one_stands_aside_the_next_is_given_back(struct ktap *t)
{
	void *first, *second;

	ASSERT_NOT_NULL(t, slab_machine(t, "mem=128M nr_cpus=1"));
	first = kmalloc(SIZE, GFP_KERNEL);
	second = kmalloc(SIZE, GFP_KERNEL);
	kfree(first);
	EXPECT(t, kmalloc(SIZE, GFP_KERNEL) == first);
	kfree(second);
	EXPECT(t, aside() == second && is_newest(first));
	kfree(first);
	EXPECT(t, aside() == second && !is_newest(first));
	EXPECT_STR(t, console_text(), "");
}

/* Whoever wrote to it keeps it, however its next owner asks. */
static void written_to_after_the_free_it_is_not_handed_out(struct ktap *t)
{
	ASSERT_NOT_NULL(t, slab_machine(t, "mem=128M nr_cpus=1"));
	for (unsigned int round = 0; round < 2; round++) {
		unsigned long *object = kmalloc(SIZE, GFP_KERNEL);
		void *next;

		kfree(object);
		EXPECT(t, aside() == object);
		*object = 1;
		next = kmalloc(SIZE, GFP_KERNEL | (round ? __GFP_ZERO : 0));
		EXPECT(t, next && next != object && !aside());
		EXPECT_EQ(t, console_count("Object freed twice, or written after it was freed"), round + 1);
		kfree(next);
		drain_local_pages();
	}
	slab_leaks_expected.slab_objects = 2;	/* each is its last holder's */
}

static void who_asks_for_zeros_gets_them(struct ktap *t)
{
	void *object;

	ASSERT_NOT_NULL(t, slab_machine(t, "mem=128M nr_cpus=1"));
	object = kmalloc(SIZE, GFP_KERNEL);
	memset(object, 0xa5, SIZE);
	kfree(object);
	EXPECT(t, kzalloc(SIZE, GFP_KERNEL) == object && is_newest(object));
	EXPECT(t, bytes_are_all(object, 0, SIZE));
	kfree(object);
	EXPECT(t, aside() == object);
}

static void whoever_needs_other_pages_does_not_get_it(struct ktap *t)
{
	static const gfp_t kinds[] = { __GFP_DMA, __GFP_RECLAIMABLE, __GFP_ACCOUNT };
	void *object, *other;

	ASSERT_NOT_NULL(t, slab_machine(t, "mem=128M nr_cpus=1"));
	object = kmalloc(SIZE, GFP_KERNEL);
	kfree(object);
	for (unsigned int i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		other = kmalloc(SIZE, GFP_KERNEL | kinds[i]);
		ASSERT_NOT_NULL(t, other);
		EXPECT(t, other != object && aside() == object);
		kfree(other);
	}
	other = kmalloc_node(SIZE, GFP_KERNEL, 0);
	EXPECT(t, other && other != object);
	kfree(other);
	drain_local_pages();
	other = kmalloc(SIZE, GFP_KERNEL | __GFP_DMA);
	kfree(other);
	EXPECT_NULL(t, aside());		/* memory that others need is not kept for anyone */
	other = kmalloc(SIZE, GFP_KERNEL | __GFP_RECLAIMABLE);
	kfree(other);
	EXPECT_NULL(t, aside());
}

/* As of small objects: mm/slab.c. */
static void flags_that_no_object_can_honour_are_said(struct ktap *t)
{
	static const struct {
		gfp_t gfp;
		const char *said;
	} cases[] = {
		{ __GFP_HIGHMEM, "Unexpected gfp: 0x2 (__GFP_HIGHMEM). Fixing up to gfp: 0xcc0 (GFP_KERNEL). " },
		{ __GFP_DMA32, "Unexpected gfp: 0x4 (GFP_DMA32). Fixing up to gfp: 0xcc0 (GFP_KERNEL). " },
		{ (__force gfp_t)0x10000000, "Unexpected gfp: 0x10000000 (0x10000000). Fixing up to gfp: 0xcc0 " },
	};

	ASSERT_NOT_NULL(t, slab_machine(t, "mem=64M highmem=16M nr_cpus=1 kmem.idle_release=off"));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		void *object;

		console_clear();
		object = kmalloc(3ul << 20, GFP_KERNEL | cases[i].gfp);
		EXPECT_NOT_NULL(t, object);
		EXPECT_CONTAINS(t, console_text(), cases[i].said);
		kfree(object);
	}
}

/* In atomic context as anywhere; who then allows sleep is told so. */
static void where_sleep_is_forbidden_it_is_had_too(struct ktap *t)
{
	void *object;

	ASSERT_NOT_NULL(t, slab_machine(t, "mem=128M nr_cpus=1"));
	object = kmalloc(SIZE, GFP_KERNEL);
	kfree(object);
	preempt_disable();
	EXPECT(t, kmalloc(SIZE, GFP_ATOMIC) == object);
	kfree(object);
	EXPECT_STR(t, console_text(), "");
	kfree(kmalloc(SIZE, GFP_KERNEL));
	EXPECT_EQ(t, console_count("sleeping function called from invalid context"), 1);
	preempt_enable();
}

/* Its pages are whoever's that has a reference; only then are they free. */
static void a_reference_outlives_the_object(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=128M nr_cpus=1");
	char *object;
	void *other;

	ASSERT_NOT_NULL(t, m);
	object = kmalloc(SIZE, GFP_KERNEL);
	kfree(object);
	EXPECT(t, kmalloc(SIZE, GFP_KERNEL) == object && is_newest(object));
	get_page(virt_to_page(object + 3 * PAGE_SIZE));
	EXPECT(t, !is_newest(object));
	kfree(object);
	EXPECT_NULL(t, aside());
	other = kmalloc(SIZE, GFP_KERNEL);
	EXPECT(t, other != object);
	EXPECT_EQ(t, machine_large(m).objects, 1);
	put_page(virt_to_page(object));
	kfree(other);
	EXPECT_STR(t, console_text(), "");
}

/* What its owner has left in descriptors is for the page allocator to see. */
static void not_as_it_should_be_it_is_given_back(struct ktap *t)
{
	struct page *page;
	void *object;

	ASSERT_NOT_NULL(t, slab_machine(t, "mem=128M nr_cpus=1"));
	object = kmalloc(SIZE, GFP_KERNEL);
	SetPageReferenced(virt_to_page(object));
	kfree(object);
	EXPECT_NULL(t, aside());
	object = kmalloc(SIZE, GFP_KERNEL);
	page = virt_to_page(object) + 5;
	SetPageOwnerPriv1(page);
	kfree(object);
	EXPECT_NULL(t, aside());
	EXPECT_STR(t, console_text(), "");
}

static void a_page_with_a_mapping_is_given_back_and_reported(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=128M nr_cpus=1");
	struct page *page;
	void *object;

	ASSERT_NOT_NULL(t, m);
	object = kmalloc(SIZE, GFP_KERNEL);
	page = virt_to_page(object);
	page->mapping = (struct address_space *)0xdead0000ul;
	kfree(object);
	EXPECT_NULL(t, aside());
	drain_all_pages();
	EXPECT_CONTAINS(t, console_text(), "page dumped because: non-NULL mapping\n");
	page->mapping = NULL;
	slab_leaks_expected.pages = 1u << ORDER;
}

/* Which CPU knows it, and whether it is free there. */
static void in_use_again_it_stands_aside_no_more(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=128M nr_cpus=1");
	void *object, *large;

	ASSERT_NOT_NULL(t, m);
	object = kmalloc(SIZE, GFP_KERNEL);
	kfree(object);
	EXPECT_EQ(t, large_stands_aside(m, virt_to_page(object)), 0);
	EXPECT(t, kvmalloc(SIZE, GFP_KERNEL) == object);
	EXPECT_EQ(t, large_stands_aside(m, virt_to_page(object)), -1);
	kfree(object);
	large = kmalloc(2ul << 20, GFP_KERNEL);		/* beyond what any CPU keeps */
	ASSERT_NOT_NULL(t, large);
	get_page(virt_to_page(large));
	EXPECT_EQ(t, page_count(virt_to_page(large)), 2);
	put_page(virt_to_page(large));
	slot_of_order(ORDER)->hot = large;
	expect_fault_of(t, m, "H7");
	slot_of_order(ORDER)->hot = object;
	kfree(large);
	large = kvmalloc(100, GFP_KERNEL | __GFP_ZERO);
	EXPECT_NULL(t, memchr_inv(large, 0, 100));
	kfree(large);
}

/* A machine that is small, or that looks at each page, keeps none. */
static void not_every_machine_keeps_one(struct ktap *t)
{
	static const char *const cmdlines[] = {
		"mem=128M nr_cpus=1 init_on_alloc=1", "mem=128M nr_cpus=1 init_on_free=1",
		"mem=128M nr_cpus=1 kmem.check=3", "mem=4M nr_cpus=1",
	};

	for (unsigned int i = 0; i < sizeof(cmdlines) / sizeof(cmdlines[0]); i++) {
		struct machine *m = machine_boot(&(struct machine_config){ .cmdline = cmdlines[i] });
		unsigned char *object;

		ASSERT_NOT_NULL(t, m);
		ASSERT_EQ(t, machine_enter(m), 0);
		object = kmalloc(SIZE, GFP_KERNEL);
		ASSERT_NOT_NULL(t, object);
		memset(object, 0xff, SIZE);
		kfree(object);
		EXPECT_NULL(t, aside());
		machine_leave();
		EXPECT_EQ(t, machine_shutdown(m), 0);
	}
}

static void a_request_that_finds_too_little_gets_it(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=128M nr_cpus=1 loglevel=1");
	gfp_t gfp = GFP_NOWAIT & ~__GFP_KSWAPD_RECLAIM;
	struct taken taken = { 0 };
	void *object;

	ASSERT_NOT_NULL(t, m);
	for (unsigned int order = KMALLOC_LARGE_FIRST; order <= KMALLOC_LARGE_LAST; order++)
		kfree(kmalloc(PAGE_SIZE << order, GFP_KERNEL));
	object = slot_of_order(KMALLOC_LARGE_LAST)->hot;
	EXPECT_NOT_NULL(t, object);
	for (unsigned int order = MAX_ORDER + 1; order-- > 0;)
		take_all(&taken, gfp, order);
	EXPECT_EQ(t, machine_large_aside(m).objects, 0);
	put_all(&taken);
	EXPECT_EQ(t, machine_large(m).objects, 0);
}

static void what_fails_on_purpose_has_none_at_hand(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=128M nr_cpus=1 loglevel=1");
	void *object;

	ASSERT_NOT_NULL(t, m);
	kfree(kmalloc(SIZE, GFP_KERNEL));
	EXPECT_NOT_NULL(t, aside());
	fault_arm(m, FAULT_BIT(FAULT_PAGE), 1, false);
	EXPECT_NULL(t, kmalloc(SIZE, GFP_KERNEL));
	object = kmalloc(SIZE, GFP_KERNEL);
	EXPECT_NOT_NULL(t, object);
	kfree(object);
	EXPECT_NULL(t, aside());
	fault_disarm(m);
}

struct handed {
	struct machine *m;
	void *object;
	bool was_reported;
};

static void freed_there(struct ktap *t, unsigned int i, void *arg)
{
	struct handed *handed = arg;

	(void)i;
	ASSERT_EQ(t, machine_enter(handed->m), 0);
	kfree(handed->object);
	EXPECT(t, aside() == (handed->was_reported ? NULL : handed->object));
	machine_leave();
}

/* The CPU that knew it as its newest forgets it; the other now has it at hand. */
static void freed_elsewhere_it_is_forgotten(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=128M nr_cpus=2");
	struct handed handed = { .m = m };

	ASSERT_NOT_NULL(t, m);
	handed.object = kmalloc(SIZE, GFP_KERNEL);
	kfree(handed.object);
	EXPECT(t, kmalloc(SIZE, GFP_KERNEL) == handed.object && is_newest(handed.object));
	if (!ktap_threads(t, 1, freed_there, &handed))
		return;
	EXPECT(t, !is_newest(handed.object) && !aside());
	EXPECT(t, machine_large_aside(m).objects == 1);
	machine_holds(t, m);
	kfree(handed.object);
	EXPECT_CONTAINS(t, console_text(), "bytes, free at the hand of CPU 1; pfn ");
	EXPECT_EQ(t, machine_large(m).objects, 0);
}

static void freed_there_after_here_it_is_reported(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=128M nr_cpus=2");
	struct handed handed = { .m = m, .was_reported = true };

	ASSERT_NOT_NULL(t, m);
	handed.object = kmalloc(SIZE, GFP_KERNEL);
	kfree(handed.object);
	if (!ktap_threads(t, 1, freed_there, &handed))
		return;
	EXPECT_CONTAINS(t, console_text(), "bytes, free at the hand of CPU 0; pfn ");
	EXPECT(t, aside() == handed.object);
}

/* Requests of any kind, from two CPUs that hand objects to each other, beside drains. */
#define HANDS 8u

static void *hands[HANDS];

static void give_and_take(struct ktap *t, unsigned int i, void *arg)
{
	ASSERT_EQ(t, machine_enter(arg), 0);
	for (unsigned int round = 0; round < 2000; round++) {
		size_t size = (16ul << 10) << ktap_below(t, 3);
		unsigned long *object = kmalloc(size, GFP_KERNEL | (ktap_below(t, 8) ? 0 : __GFP_ZERO)), *other;

		ASSERT_NOT_NULL(t, object);
		object[1] = object[100] = (unsigned long)object ^ size;
		if (ktap_below(t, 4)) {
			kfree(object);
			continue;
		}
		object[2] = size;
		other = __atomic_exchange_n(&hands[ktap_below(t, HANDS)], object, __ATOMIC_ACQ_REL);
		if (other) {
			EXPECT(t, other[1] == ((unsigned long)other ^ other[2]) && other[100] == other[1]);
			kfree(other);
		}
		if (i == 0 && round % 256 == 0)
			drain_all_pages();
	}
	machine_leave();
}

static void threads_hand_them_to_each_other(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=128M nr_cpus=2");

	ASSERT_NOT_NULL(t, m);
	memset(hands, 0, sizeof(hands));
	machine_leave();
	ktap_threads(t, 2, give_and_take, m);
	machine_enter(m);
	kfree_bulk(HANDS, hands);
	EXPECT_EQ(t, machine_large(m).objects, 0);
	EXPECT_STR(t, console_text(), "");
}

static void h7_what_stands_aside_is_another_s(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=128M nr_cpus=1");
	struct cpu_sheaf *slot;
	struct page *page;
	void *object, *small;

	ASSERT_NOT_NULL(t, m);
	object = kmalloc(SIZE, GFP_KERNEL);
	small = kmalloc(64, GFP_KERNEL);
	slot = slot_of_order(ORDER);
	page = virt_to_page(object);
	slot->hot = object;			/* one that never stood aside */
	expect_fault_of(t, m, "H7");
	slot->hot = small;
	expect_fault_of(t, m, "H7");
	slot->hot = m;
	expect_fault_of(t, m, "H7");
	slot->hot = NULL;
	kfree(object);
	EXPECT(t, aside() == object);
	get_page(page);
	expect_fault_of(t, m, "H7");
	page->_refcount.counter = 1;
	slot[1].hot = object;			/* of another size */
	expect_fault_of(t, m, "H7");
	slot[1].hot = NULL;
	slot->free_limit = SHEAF_NONE;
	expect_fault_of(t, m, "H7");
	slot->free_limit = NULL;
	slot->top++;
	expect_fault_of(t, m, "H7");
	slot->top--;
	slot->base++;
	expect_fault_of(t, m, "H7");
	slot->base--;
	slot->cache = kmalloc_cache(m, 64, GFP_KERNEL);
	expect_fault_of(t, m, "H7");
	slot->cache = NULL;
	slot->spare = (void *)m;
	expect_fault_of(t, m, "H7");
	slot->spare = NULL;
	m->cpus[0]->node++;			/* another node's */
	EXPECT(t, !large_check(m, 0, NULL));
	m->cpus[0]->node--;
	machine_holds(t, m);
	kfree(small);
}

static void h6_the_newest_is_another_s(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=128M nr_cpus=1");
	void *object, *other;

	ASSERT_NOT_NULL(t, m);
	object = kmalloc(SIZE, GFP_KERNEL);
	kfree(object);
	object = kmalloc(SIZE, GFP_KERNEL);
	other = kmalloc(SIZE, GFP_KERNEL);
	m->cpus[0]->last_slot++;
	expect_fault_of(t, m, "H6");
	m->cpus[0]->last_slot--;
	m->cpus[0]->last_object = other;
	expect_fault_of(t, m, "H6");
	m->cpus[0]->last_object = object;
	machine_holds(t, m);
	kfree(other);
	kfree(object);
}

KTAP_SUITE(kmalloc_large, KTAP_CASE(freed_it_stands_aside_and_comes_back),
	KTAP_CASE(each_size_up_to_a_mebibyte_has_one), KTAP_CASE(freed_twice_it_is_reported),
	KTAP_CASE(where_one_stands_aside_the_next_is_given_back),
	KTAP_CASE(written_to_after_the_free_it_is_not_handed_out), KTAP_CASE(who_asks_for_zeros_gets_them),
	KTAP_CASE(whoever_needs_other_pages_does_not_get_it),
	KTAP_CASE(flags_that_no_object_can_honour_are_said), KTAP_CASE(where_sleep_is_forbidden_it_is_had_too),
	KTAP_CASE(a_reference_outlives_the_object), KTAP_CASE(not_as_it_should_be_it_is_given_back),
	KTAP_CASE(a_page_with_a_mapping_is_given_back_and_reported),
	KTAP_CASE(in_use_again_it_stands_aside_no_more), KTAP_CASE(not_every_machine_keeps_one),
	KTAP_CASE(a_request_that_finds_too_little_gets_it),
	KTAP_CASE(what_fails_on_purpose_has_none_at_hand), KTAP_CASE(freed_elsewhere_it_is_forgotten),
	KTAP_CASE(freed_there_after_here_it_is_reported), KTAP_CASE(threads_hand_them_to_each_other),
	KTAP_CASE(h7_what_stands_aside_is_another_s), KTAP_CASE(h6_the_newest_is_another_s));
