/* SPDX-License-Identifier: MIT */
/* test_page_ref.c - references, compound blocks, split blocks; and what becomes of those who get it wrong. */
#include <linux/mm.h>
#include <linux/slab.h>
#include "mm/buddy.h"
#include "mm/page_report.h"
#include "mm/pageblock.h"
#include "tests/page_machine.h"

static void c04_a_new_page_has_one_reference(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");

	ASSERT(t, m);
	for (unsigned int order = 0; order <= MAX_ORDER; order++) {
		struct page *page = alloc_pages(GFP_KERNEL, order);

		ASSERT(t, page);
		EXPECT_EQ(t, page_count(page), 1);
		for (unsigned long i = 1; i < 1ul << order; i++)
			EXPECT_EQ(t, page_count(page + i), 0);
		__free_pages(page, order);
	}
	zones_hold(t, m);
}

static void c04_an_extra_reference_defers_the_free(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *page, *other;

	ASSERT(t, m);
	page = alloc_page(GFP_KERNEL);
	ASSERT(t, page);
	get_page(page);
	EXPECT_EQ(t, page_count(page), 2);
	__free_page(page);
	EXPECT_EQ(t, page_count(page), 1);
	other = alloc_page(GFP_KERNEL);
	EXPECT_NE(t, other, page);
	put_page(page);
	EXPECT_EQ(t, alloc_page(GFP_KERNEL), page);
	__free_page(page);
	__free_page(other);
	EXPECT_STR(t, console_text(), "");
	zones_hold(t, m);
}

/* A block that is not compound counts at its first page only: who still holds that frees that, and it alone. */
static void c04_an_extra_reference_to_a_block_keeps_its_first_page(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	unsigned long before;
	struct page *page;

	ASSERT(t, m);
	drain_all_pages();
	before = nr_free_pages();
	page = alloc_pages(GFP_KERNEL, 5);
	ASSERT(t, page);
	get_page(page);
	__free_pages(page, 5);
	drain_all_pages();
	EXPECT_EQ(t, nr_free_pages(), before - 1);
	put_page(page);
	drain_all_pages();
	EXPECT_EQ(t, nr_free_pages(), before);
	EXPECT_STR(t, console_text(), "");
	zones_hold(t, m);
}

static void a_compound_block_counts_at_its_head(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *page;

	ASSERT(t, m);
	for (unsigned int order = 1; order <= MAX_ORDER; order++) {
		page = alloc_pages(GFP_KERNEL | __GFP_COMP, order);
		ASSERT(t, page);
		EXPECT_EQ(t, compound_order(page), order);
		EXPECT_EQ(t, compound_head(page + (1ul << order) - 1), page);
		get_page(page + 1);
		EXPECT_EQ(t, page_count(page), 2);
		put_page(page + (1ul << order) - 1);
		EXPECT_EQ(t, page_count(page), 1);
		put_page(page);
		EXPECT_EQ(t, compound_head(page + 1), page + 1);
	}
	EXPECT_STR(t, console_text(), "");
	zones_hold(t, m);
}

static void a_single_page_is_its_own_head(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *page;

	ASSERT(t, m);
	page = alloc_pages(GFP_KERNEL | __GFP_COMP, 0);
	ASSERT(t, page);
	EXPECT_EQ(t, compound_head(page), page);
	EXPECT_EQ(t, compound_order(page), 0u);
	put_page(page);
}

static void split_pages_are_freed_one_by_one(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *page;
	unsigned long before;

	ASSERT(t, m);
	drain_all_pages();
	before = nr_free_pages();
	page = alloc_pages(GFP_KERNEL, 4);
	ASSERT(t, page);
	split_page(page, 4);
	for (int i = 15; i >= 0; i--) {
		EXPECT_EQ(t, page_count(page + i), 1);
		__free_page(page + i);
	}
	drain_all_pages();
	EXPECT_EQ(t, nr_free_pages(), before);
	EXPECT_STR(t, console_text(), "");
	zones_hold(t, m);
}

static void a_compound_block_is_not_split(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *page;

	ASSERT(t, m);
	page = alloc_pages(GFP_KERNEL | __GFP_COMP, 2);
	ASSERT(t, page);
	split_page(page, 2);
	EXPECT_EQ(t, console_count("WARNING:"), 1u);
	EXPECT_EQ(t, page_count(page + 1), 1);
	EXPECT_EQ(t, compound_head(page + 1), page);
	__free_pages(page, 2);
	zones_hold(t, m);
}

/* ------------------------------------------------------------------------------------------- callers' mistakes */

/* One report that gives the kernel's reason; then the machine must still hold together and serve. */
static void expect_refused(struct ktap *t, struct machine *m, const char *reason)
{
	struct page *page;

	drain_all_pages();
	EXPECT_EQ(t, console_count("BUG: Bad page state in process "), 1u);
	EXPECT_CONTAINS(t, console_text(), reason);
	zones_hold(t, m);
	page = alloc_pages(GFP_KERNEL, 3);
	ASSERT(t, page);
	__free_pages(page, 3);
	zones_hold(t, m);
}

static void free_twice(struct ktap *t, unsigned int order, unsigned int second_order)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *page;

	ASSERT(t, m);
	page = alloc_pages(GFP_KERNEL, order);
	ASSERT(t, page);
	__free_pages(page, order);
	__free_pages(page, second_order);
	expect_refused(t, m, "page dumped because: VM_BUG_ON_PAGE(page_ref_count(page) == 0)\n");
}

static void a_page_freed_twice_is_reported(struct ktap *t)
{
	free_twice(t, 0, 0);
}

static void a_block_freed_twice_is_reported(struct ktap *t)
{
	free_twice(t, 6, 6);
}

/* It is free: whose order it had matters no more. */
static void a_block_freed_again_with_another_order_is_reported(struct ktap *t)
{
	free_twice(t, 6, 2);
}

static void a_put_of_a_free_page_is_reported(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *page;

	ASSERT(t, m);
	page = alloc_page(GFP_KERNEL);
	ASSERT(t, page);
	put_page(page);
	put_page(page);
	expect_refused(t, m, "VM_BUG_ON_PAGE(page_ref_count(page) == 0)\n");
}

static void a_reference_to_a_free_page_is_refused(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *page;

	ASSERT(t, m);
	page = alloc_page(GFP_KERNEL);
	ASSERT(t, page);
	__free_page(page);
	get_page(page);
	EXPECT_EQ(t, page_count(page), 0);
	expect_refused(t, m, "VM_BUG_ON_PAGE(((unsigned int) page_ref_count(page) + 127u <= 127u))\n");
}

static void a_mapped_page_is_not_freed(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *page;

	ASSERT(t, m);
	page = alloc_page(GFP_KERNEL);
	ASSERT(t, page);
	page->_mapcount.counter = 3;
	__free_page(page);
	EXPECT_CONTAINS(t, console_text(), "refcount:0 mapcount:4 mapping:");
	expect_refused(t, m, "page dumped because: nonzero mapcount\n");
}

static void a_mapped_page_is_not_freed_in_bulk(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *page;

	ASSERT(t, m);
	page = alloc_page(GFP_KERNEL);
	ASSERT(t, page);
	page->_mapcount.counter = 3;
	free_pages_bulk(&page, 1);
	expect_refused(t, m, "page dumped because: nonzero mapcount\n");
}

/* When the CPU gives the block back; larger ones' tails are looked at if someone has set a flag of one. */
static void a_page_with_a_mapping_is_not_freed(struct ktap *t)
{
	for (unsigned int order = 2; order <= PAGEBLOCK_ORDER; order++) {
		struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
		struct page *page;

		ASSERT(t, m);
		page = alloc_pages(GFP_KERNEL, order);
		ASSERT(t, page);
		page[3].mapping = (struct address_space *)0xdead0000ul;
		if (order > PAGE_ALLOC_COSTLY_ORDER)
			SetPageDirty(page + 2);
		__free_pages(page, order);
		drain_all_pages();
		EXPECT_CONTAINS(t, console_text(), sizeof(long) == 8 ? "invalid mapping:00000000dead0000\n" :
								       "invalid mapping:dead0000\n");
		expect_refused(t, m, "page dumped because: non-NULL mapping\n");
	}
}

static void every_tail_is_looked_at_if_each_step_is_checked(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1 kmem.check=3");
	struct page *page;

	ASSERT(t, m);
	page = alloc_pages(GFP_KERNEL, 6);
	ASSERT(t, page);
	page[63].mapping = (struct address_space *)0xdead0000ul;
	__free_pages(page, 6);
	EXPECT_EQ(t, console_count("BUG: Bad page state in process "), 1u);
	expect_refused(t, m, "page dumped because: non-NULL mapping\n");
}

static void a_single_page_with_a_mapping_is_not_freed(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *page;

	ASSERT(t, m);
	page = alloc_page(GFP_KERNEL);
	ASSERT(t, page);
	page->mapping = (void *)page_address(page);
	__free_page(page);
	EXPECT_LACKS(t, console_text(), "invalid mapping");
	expect_refused(t, m, "page dumped because: non-NULL mapping\n");
	console_clear();
	dump_page(page, NULL);
	EXPECT_CONTAINS(t, console_text(), "page:");
	EXPECT_LACKS(t, console_text(), "page dumped because");
}

/* Of the layout of 32 bits there is the zone only, and a line has eight words of four bytes. */
static void a_page_is_shown_in_the_kernels_words(struct ktap *t)
{
	static const char *const place[] = { "node=0|zone=1|lastcpupid=0x1fffff)\nraw: ", "zone=1)\nraw: " };
	bool narrow = sizeof(long) == 4;
	struct machine *m = machine_for(t, "mem=64M");
	struct page *page;
	char want[96];

	ASSERT(t, m);
	page = alloc_page(GFP_KERNEL);
	ASSERT(t, page);
	dump_page(page, "shown");
	scnprintf(want, sizeof(want), "\nflags: %#lx(%s", page->flags, place[narrow]);
	EXPECT_CONTAINS(t, console_text(), want);
	EXPECT_EQ(t, console_count("\nraw: "), sizeof(struct page) / 32);
	EXPECT_EQ(t, console_count("\nhead:"), 0);
	__free_page(page);
}

/* Its references, mapping and flags are the first page's, whose words follow its own. */
static void a_tail_is_shown_with_its_head(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *page;
	char want[160];

	ASSERT(t, m);
	page = alloc_pages(GFP_KERNEL | __GFP_COMP, 2);
	ASSERT(t, page);
	dump_page(page + 3, "kmis: compound tail");
	scnprintf(want, sizeof(want), "page:%p refcount:1 mapcount:0 mapping:%p index:0x3 pfn:0x%lx\n"
		  "head:%p order:2 compound_mapcount:0 compound_pincount:0\nflags: %#lx(head|", page + 3, NULL,
		  machine_pfn(m, page + 3), page, page->flags);
	EXPECT_CONTAINS(t, console_text(), want);
	EXPECT_EQ(t, console_count("\nraw: "), sizeof(struct page) / 32);
	EXPECT_EQ(t, console_count("\nhead: "), sizeof(struct page) / 32);
	scnprintf(want, sizeof(want), "\nhead: %0*lx ", (int)sizeof(long) * 2, page->flags);
	EXPECT_CONTAINS(t, console_text(), want);
	console_clear();
	page[3].compound_head = 1; /* no page is there */
	dump_page(page + 3, NULL);
	EXPECT_CONTAINS(t, console_text(), " refcount:0 mapcount:0 ");
	EXPECT_EQ(t, console_count("\nhead: "), 0);
	page[3].compound_head = (unsigned long)page | 1;
	__free_pages(page, 2);
}

static void a_slabs_page_has_no_mapping(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	void *object;
	char want[64];

	ASSERT(t, m);
	object = kmalloc(64, GFP_KERNEL);
	ASSERT(t, object);
	dump_page(virt_to_page(object), "kmis: a slab page");
	scnprintf(want, sizeof(want), " refcount:1 mapcount:0 mapping:%p index:", NULL);
	EXPECT_CONTAINS(t, console_text(), want);
	EXPECT_LACKS(t, console_text(), "invalid mapping");
	kfree(object);
}

static void a_page_with_owners_flags_is_not_freed(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *page;

	ASSERT(t, m);
	page = alloc_pages(GFP_KERNEL, 4);
	ASSERT(t, page);
	page->flags |= 1ul << PG_locked | 1ul << PG_active;
	__free_pages(page, 4);
	EXPECT_CONTAINS(t, console_text(), sizeof(long) == 4 ? "(locked|active|zone=" : "(locked|active|node=0|zone=");
	expect_refused(t, m, "page dumped because: PAGE_FLAGS_CHECK_AT_FREE flag(s) set\n");
}

static void a_block_whose_tail_is_in_use_is_not_freed(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *page;

	ASSERT(t, m);
	page = alloc_pages(GFP_KERNEL, 2);
	ASSERT(t, page);
	page[1]._refcount.counter = 1;
	__free_pages(page, 2);
	expect_refused(t, m, "page dumped because: nonzero _refcount\n");
}

static void another_order_is_not_freed(struct ktap *t)
{
	for (unsigned int order = 0; order < 5; order++) {
		struct machine *m = machine_for(t, "mem=64M");
		struct page *page, *next;

		ASSERT(t, m);
		page = alloc_pages(GFP_KERNEL, 2);
		next = alloc_pages(GFP_KERNEL, 2);
		ASSERT(t, page && next);
		if (order == 2)
			split_page(page, 2);
		__free_pages(page, order);
		expect_refused(t, m, "page dumped because: freed with another order than it was allocated with\n");
		EXPECT_EQ(t, page_count(page), 1);
		EXPECT_EQ(t, page_count(next), 1);
	}
}

static void a_compound_block_of_another_order_is_not_freed(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *page;

	ASSERT(t, m);
	page = alloc_pages(GFP_KERNEL | __GFP_COMP, 3);
	ASSERT(t, page);
	__free_pages(page, 2);
	EXPECT_EQ(t, page_count(page), 1);
	expect_refused(t, m, "VM_BUG_ON_PAGE(compound && compound_order(page) != order)\n");
	__free_pages(page, 3);
	zones_hold(t, m);
}

/* A tail that forgot its head, and one that names another. */
static void a_compound_block_with_a_broken_tail_is_not_freed(struct ktap *t)
{
	static const char *const reasons[] = { "PageTail not set\n", "compound_head not consistent\n" };

	for (unsigned int i = 0; i < 2; i++) {
		struct machine *m = machine_for(t, "mem=64M");
		struct page *page;

		ASSERT(t, m);
		page = alloc_pages(GFP_KERNEL | __GFP_COMP, 2);
		ASSERT(t, page);
		page[3].compound_head = i ? (unsigned long)&page[1] | 1 : 0;
		__free_pages(page, 2);
		expect_refused(t, m, reasons[i]);
	}
}

static void a_tail_is_not_freed_alone(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *page;

	ASSERT(t, m);
	page = alloc_pages(GFP_KERNEL, 3);
	ASSERT(t, page);
	__free_page(page + 1);
	expect_refused(t, m, "VM_BUG_ON_PAGE(page_ref_count(page) == 0)\n");
	__free_pages(page, 3);
	zones_hold(t, m);
}

static void a_reserved_page_is_not_freed(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *page = NULL;

	ASSERT(t, m);
	for (pfn_t pfn = 0; pfn < m->max_pfn; pfn++)
		if (pfn_described(m, pfn) && machine_page(m, pfn)->flags & (1ul << PG_reserved))
			page = machine_page(m, pfn);
	ASSERT(t, page);
	__free_page(page);
	expect_refused(t, m, "page dumped because: PAGE_FLAGS_CHECK_AT_FREE flag(s) set\n");
}

static void a_foreign_page_is_not_freed(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M"), *other;
	struct page *page, *bulk[3];

	ASSERT(t, m);
	page = alloc_page(GFP_KERNEL);
	ASSERT(t, page);
	other = machine_boot(&(struct machine_config){ .cmdline = "mem=256M", .console = console_keep });
	ASSERT(t, other);
	machine_enter(other);
	__free_page(page);
	EXPECT_EQ(t, console_count("is not of this machine"), 1u);
	__free_pages((struct page *)VMEMMAP_BASE - 5, 2);
	__free_page(machine_page(other, other->max_pfn));
	__free_page((struct page *)((unsigned long)machine_page(other, 5) + 8));
	EXPECT_EQ(t, console_count("is not of this machine"), 4u);
	ASSERT_GT(t, zone_named(other, 0, ZONE_BULK)->nr_deferred, 0);
	__free_page(machine_page(other, zone_named(other, 0, ZONE_BULK)->deferred[0].start));
	EXPECT_EQ(t, console_count("is not of this machine"), 5u);
	bulk[0] = page;
	bulk[1] = (struct page *)((unsigned long)machine_page(other, 5) + 8);
	bulk[2] = machine_page(other, other->max_pfn);
	free_pages_bulk(bulk, 3);
	EXPECT_EQ(t, console_count("is not of this machine"), 8u);
	zones_hold(t, other);
	machine_leave();
	machine_shutdown(other);
	EXPECT_EQ(t, page_count(page), 1);
	__free_page(page);
	zones_hold(t, m);
}

/* Whoever is on another machine sets its flag, and changes nothing there. */
static void a_foreign_tail_is_not_touched_here(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1"), *other;
	struct page *page;
	struct zone *zone;

	ASSERT(t, m);
	page = alloc_pages(GFP_KERNEL, 5);
	ASSERT(t, page);
	other = machine_boot(&(struct machine_config){ .cmdline = "mem=64M nr_cpus=1", .console = console_keep });
	ASSERT(t, other);
	machine_enter(other);
	SetPageDirty(page + 3);
	EXPECT(t, PageDirty(page + 3));
	zone = zone_named(other, 0, ZONE_BULK);
	for (u32 i = 0; i < zone_pageblocks(zone); i++)
		EXPECT_EQ(t, zone->pageblock_tags[i].touched, 0);
	zones_hold(t, other);
	machine_leave();
	machine_shutdown(other);
	ClearPageDirty(page + 3);
	__free_pages(page, 5);
	zones_hold(t, m);
	EXPECT_STR(t, console_text(), "");
}

static void freeing_no_address_does_nothing(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");

	ASSERT(t, m);
	free_pages(0, 3);
	free_pages_exact(NULL, 5 * PAGE_SIZE);
	EXPECT_STR(t, console_text(), "");
}

#define ROUNDS 3000u

struct last_two {
	struct machine *m;
	struct page *page;
	u32 offered, taken;		/* rounds: thread 0 gives a block with two holders, thread 1 has let go */
};

static void wait_for_round(const u32 *word, u32 round)
{
	for (unsigned int looks = 0; __atomic_load_n(word, __ATOMIC_ACQUIRE) < round; looks++)
		if (looks > 1000)
			host_wait((u32 *)word, round - 1, 50000);
}

static void let_go_together(struct ktap *t, unsigned int i, void *arg)
{
	struct last_two *two = arg;

	EXPECT_EQ(t, machine_enter(two->m), 0);
	for (u32 round = 1; round <= ROUNDS; round++) {
		if (i) {
			wait_for_round(&two->offered, round);
			put_page(two->page);
			__atomic_store_n(&two->taken, round, __ATOMIC_RELEASE);
			continue;
		}
		two->page = alloc_pages(GFP_KERNEL, 2);
		get_page(two->page);
		__atomic_store_n(&two->offered, round, __ATOMIC_RELEASE);
		for (volatile u32 delay = round % 128; delay; delay--)
			;
		__free_pages(two->page, 2);
		wait_for_round(&two->taken, round);
	}
	machine_leave();
}

/* docs/models/page_ref.pml: the pages behind the first are freed once, whoever was last. */
static void a_block_whose_two_holders_let_go_together_is_freed_whole(struct ktap *t)
{
	struct last_two two = { .m = machine_for(t, "mem=64M nr_cpus=2") };
	unsigned long before;

	ASSERT(t, two.m);
	drain_all_pages();
	before = nr_free_pages();
	machine_leave();
	ktap_threads(t, 2, let_go_together, &two);
	EXPECT_EQ(t, machine_enter(two.m), 0);
	drain_all_pages();
	EXPECT_EQ(t, nr_free_pages(), before);
	EXPECT_STR(t, console_text(), "");
	zones_hold(t, two.m);
}

KTAP_SUITE(page_ref, KTAP_CASE(c04_a_new_page_has_one_reference), KTAP_CASE(c04_an_extra_reference_defers_the_free),
	   KTAP_CASE(c04_an_extra_reference_to_a_block_keeps_its_first_page),
	   KTAP_CASE(a_compound_block_counts_at_its_head), KTAP_CASE(a_single_page_is_its_own_head),
	   KTAP_CASE(split_pages_are_freed_one_by_one), KTAP_CASE(a_compound_block_is_not_split),
	   KTAP_CASE(a_page_freed_twice_is_reported), KTAP_CASE(a_block_freed_twice_is_reported),
	   KTAP_CASE(a_block_freed_again_with_another_order_is_reported),
	   KTAP_CASE(a_put_of_a_free_page_is_reported), KTAP_CASE(a_reference_to_a_free_page_is_refused),
	   KTAP_CASE(a_mapped_page_is_not_freed), KTAP_CASE(a_mapped_page_is_not_freed_in_bulk),
	   KTAP_CASE(a_page_with_a_mapping_is_not_freed),
	KTAP_CASE(every_tail_is_looked_at_if_each_step_is_checked),
	   KTAP_CASE(a_page_with_owners_flags_is_not_freed), KTAP_CASE(a_block_whose_tail_is_in_use_is_not_freed),
	   KTAP_CASE(another_order_is_not_freed), KTAP_CASE(a_compound_block_of_another_order_is_not_freed),
	   KTAP_CASE(a_compound_block_with_a_broken_tail_is_not_freed),
	   KTAP_CASE(a_tail_is_not_freed_alone), KTAP_CASE(a_reserved_page_is_not_freed),
	   KTAP_CASE(a_foreign_page_is_not_freed), KTAP_CASE(a_foreign_tail_is_not_touched_here),
	   KTAP_CASE(freeing_no_address_does_nothing),
	   KTAP_CASE(a_block_whose_two_holders_let_go_together_is_freed_whole),
	   KTAP_CASE(a_single_page_with_a_mapping_is_not_freed), KTAP_CASE(a_page_is_shown_in_the_kernels_words),
	   KTAP_CASE(a_tail_is_shown_with_its_head), KTAP_CASE(a_slabs_page_has_no_mapping));
