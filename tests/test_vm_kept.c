/* SPDX-License-Identifier: MIT */
/*
 * test_vm_kept.c - areas that are kept for their frames: dead until a flush, then used again for the same frames only;
 * what faults, what they hold, when they go.
 */
#include "tests/kept_area.h"

static bool faults(struct ktap *t, const void *at)
{
	return ktap_faults(t, at, true);
}

static bool faults_when_read(struct ktap *t, const void *at)
{
	return ktap_faults(t, at, false);
}

static unsigned long reused(struct env *e)
{
	return kept_of(e)->nr_taken;
}

/* ------------------------------------------------------------------------------------------------------- the life */

static void the_same_frames_get_their_area_again_after_a_flush(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");
	char *p, *q;
	u32 *frame;

	ASSERT_NOT_NULL(t, e);
	p = spare_area(e, BYTES);
	if (!p)
		return;
	EXPECT_EQ(t, kept_count(e).nr_spare, 1);
	env_holds(e);
	q = vmalloc(BYTES);
	EXPECT_EQ(t, q, p);
	EXPECT_EQ(t, reused(e), 1);
	EXPECT_EQ(t, vmalloc_nr_pages(), PAGES);
	env_holds(e);
	for (unsigned long i = 0; i < PAGES; i++) {
		((u32 *)(q + i * PAGE_SIZE))[3] = (u32)i + 7;
		frame = page_address(vmalloc_to_page(q + i * PAGE_SIZE));
		EXPECT_EQ(t, frame[3], i + 7);
		EXPECT_EQ(t, page_count(vmalloc_to_page(q + i * PAGE_SIZE)), 1);
		EXPECT_EQ(t, find_vm_area(q)->pages[i], vmalloc_to_page(q + i * PAGE_SIZE));
	}
	EXPECT(t, faults(t, q + BYTES));
	vfree(q);
	env_holds(e);
}

static void c44_a_kept_area_faults_and_is_nobodys(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");
	char *p, *q, text[200];

	ASSERT_NOT_NULL(t, e);
	p = spare_area(e, BYTES);
	if (!p)
		return;
	EXPECT(t, faults(t, p));
	EXPECT(t, faults_when_read(t, p + BYTES - 1));
	EXPECT_NULL(t, find_vm_area(p));
	EXPECT_NULL(t, vmalloc_to_page(p));
	EXPECT_GT(t, vmalloc_explain(e->m, p, text, sizeof(text)), 0);
	EXPECT_CONTAINS(t, text, "a use after vfree()");
	vfree(p);
	EXPECT_CONTAINS(t, console_text(), "Trying to vfree() nonexistent vm area");
	q = vmalloc(BYTES);
	vfree(q);
	EXPECT(t, faults(t, q));
	q = vmalloc(BYTES);		/* the same frames, and their area is dead until the next flush */
	EXPECT_NE(t, q, p);
	EXPECT(t, faults(t, p));
	env_holds(e);
	vfree(q);
}

/* Whoever has the frames now has them alone. */
static void kept_frames_are_free(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");
	struct page *page;
	unsigned long pfn;
	char *p;

	ASSERT_NOT_NULL(t, e);
	p = vmalloc(PAGE_SIZE);
	pfn = vmalloc_to_pfn(p);
	vfree(p);
	EXPECT_EQ(t, vmalloc_nr_pages(), 0);
	page = alloc_page(GFP_KERNEL);
	EXPECT_EQ(t, page_to_pfn(page), pfn);
	env_holds(e);
	__free_page(page);
}

/* Another task may have taken this one's CPU: it knows of no area then, and frees and maps by the way of all. */
static void who_has_no_cpu_has_no_kept_areas(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");
	struct page *page;
	void *p, *ram;

	ASSERT_NOT_NULL(t, e);
	page = alloc_page(GFP_KERNEL);
	p = vmalloc(BYTES);
	ram = vm_map_ram(&page, 1, NUMA_NO_NODE);
	ASSERT(t, page && p && ram);
	cpu_release();
	EXPECT_NULL(t, vm_kept_free((unsigned long)p, AREA_OF_VMALLOC));
	EXPECT_NULL(t, vm_kept_free_ram((unsigned long)ram, (unsigned long)ram + PAGE_SIZE));
	EXPECT_NULL(t, vm_kept_reuse_ram(page, PAGE_SIZE));
	EXPECT(t, !this_cpu()->machine);
	vfree(p);
	cpu_release();
	vm_unmap_ram(ram, 1);
	EXPECT(t, faults(t, p) && faults(t, ram));
	EXPECT_STR(t, console_text(), "");
	env_holds(e);
	__free_page(page);
}

/* As when a flush, and who wants its frames, come by while someone frees it. */
static void an_area_that_is_not_left_is_nobodys(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");
	struct vmap_area *area;
	char *p, *q;

	ASSERT_NOT_NULL(t, e);
	p = spare_area(e, BYTES);
	if (!p)
		return;
	area = kept_area(e);
	area->state = AREA_LEAVING;
	q = vmalloc(BYTES);
	EXPECT_NE(t, q, p);
	vfree(q);
	vm_unmap_aliases();
	EXPECT_EQ(t, kept_count(e).nr_spare, 1);
	EXPECT_EQ(t, kept_area(e), area);
	env_holds(e);
	vm_kept_leave(area);
	vm_unmap_aliases();
	EXPECT_EQ(t, kept_count(e).nr_spare, 0);
	env_holds(e);
}

static void other_frames_do_not_get_it(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");
	char *p, *again, *others[300];
	struct page *held;

	ASSERT_NOT_NULL(t, e);
	p = spare_area(e, PAGE_SIZE);
	if (!p)
		return;
	held = alloc_page(GFP_KERNEL);
	for (int i = 0; i < 300; i++) {		/* some share its bucket */
		others[i] = vmalloc(PAGE_SIZE);
		EXPECT_NE(t, others[i], p);
	}
	EXPECT_EQ(t, reused(e), 0);
	__free_page(held);
	again = vmalloc(PAGE_SIZE);
	EXPECT_EQ(t, again, p);
	EXPECT_EQ(t, vmalloc_to_page(again), held);
	for (int i = 0; i < 300; i++)
		vfree(others[i]);
	vfree(again);
	env_holds(e);
}

static void other_sizes_places_and_kinds_do_not_get_it(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");
	struct host_layout *layout;
	struct page *page;
	void *p, *q;

	ASSERT_NOT_NULL(t, e);
	if (!spare_area(e, PAGE_SIZE))
		return;
	layout = &e->m->layout;
	page = alloc_page(GFP_KERNEL);		/* the frame that an area is kept for */
	p = vm_map_ram(&page, 1, NUMA_NO_NODE);
	q = vmap(&page, 1, VM_MAP, PAGE_KERNEL);
	vm_unmap_ram(p, 1);
	vunmap(q);
	vm_flush(e->m);
	__free_page(page);
	vfree(__vmalloc_node(PAGE_SIZE, 2 * PAGE_SIZE, GFP_KERNEL, NUMA_NO_NODE, NULL));
	vfree(__vmalloc_node_range(PAGE_SIZE, 1, layout->vmalloc_start, layout->vmalloc_end, GFP_KERNEL, PAGE_KERNEL,
				   0, NUMA_NO_NODE, NULL));
	vfree(__vmalloc_node_range(PAGE_SIZE, 1, 0, layout->vmalloc_end, GFP_KERNEL, PAGE_KERNEL, 0, NUMA_NO_NODE,
				   NULL));
	vfree(__vmalloc_node_range(PAGE_SIZE, 1, 0, 0, GFP_KERNEL, PAGE_KERNEL, VM_NO_GUARD, NUMA_NO_NODE, NULL));
	vfree(vmalloc_huge(PAGE_SIZE, GFP_KERNEL));
	vfree(vmalloc(3 * PAGE_SIZE));
	EXPECT_EQ(t, reused(e), 0);
	env_holds(e);
}

/* Someone else has begun to free it: whoever comes second is told that there is nothing, and changes nothing. */
static void an_area_that_another_has_claimed_is_left_to_him(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");
	struct page *page;
	struct vmap_area *area;
	void *p, *ram;

	ASSERT_NOT_NULL(t, e);
	page = alloc_page(GFP_KERNEL);
	p = vmalloc(PAGE_SIZE);
	ram = vm_map_ram(&page, 1, NUMA_NO_NODE);
	ASSERT(t, page && p && ram);
	area = vm_area_find(&e->m->vmalloc->space, (unsigned long)p);
	area->state = AREA_TAKEN;
	vfree(p);
	vfree_atomic(p);
	EXPECT_EQ(t, console_count("Trying to vfree() nonexistent vm area"), 2);
	EXPECT_NULL(t, remove_vm_area(p));
	area->state = AREA_BUSY;
	area = vm_area_find(&e->m->vmalloc->space, (unsigned long)ram);
	area->state = AREA_TAKEN;
	vm_unmap_ram(ram, 1);
	EXPECT_CONTAINS(t, console_text(), "vm_unmap_ram: no area of 1 pages");
	area->state = AREA_BUSY;
	env_holds(e);
	vm_unmap_ram(ram, 1);
	vfree(p);
	__free_page(page);
}

/* More maps of single pages than may be dead at once: the CPU flushes its own before it frees the next. */
static void maps_that_are_too_many_to_be_dead_are_flushed(struct ktap *t)
{
	enum { NR = 400 };
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");
	static struct page *pages[NR];
	static void *maps[NR];

	ASSERT_NOT_NULL(t, e);
	for (unsigned int i = 0; i < NR; i++)
		pages[i] = alloc_page(GFP_KERNEL);
	for (unsigned int i = 0; i < NR; i++)
		maps[i] = vm_map_ram(&pages[i], 1, NUMA_NO_NODE);
	for (unsigned int i = 0; i < NR; i++)
		vm_unmap_ram(maps[i], 1);
	for (unsigned int i = 0; i < NR; i++) {		/* freed where they are known */
		maps[i] = vm_map_ram(&pages[i], 1, NUMA_NO_NODE);
		ASSERT_NOT_NULL(t, maps[i]);
		vm_unmap_ram(maps[i], 1);
		EXPECT_LE(t, kept_count(e).nr_dead, 256);
	}
	env_holds(e);
	EXPECT_LACKS(t, console_text(), "no area of");
	for (unsigned int i = 0; i < NR; i++)
		__free_page(pages[i]);
}

/* So many pages from that one on, mapped and no more, and spare. */
static void keep_map_of(struct ktap *t, struct env *e, struct page *first, unsigned int nr)
{
	struct page *pages[VM_KEPT_BUCKETS + 1];
	void *p;

	for (unsigned int i = 0; i < nr; i++)
		pages[i] = first + i;
	p = vm_map_ram(pages, nr, NUMA_NO_NODE);
	EXPECT_NOT_NULL(t, p);
	vm_unmap_ram(p, nr);
	vm_flush(e->m);
}

/* Of the same frame, and found in the same place. */
static void an_area_of_another_size_in_its_bucket_is_passed_over(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");
	unsigned int small[VM_KEPT_BUCKETS] = { 0 }, nr, bucket = 0;
	struct page *block;

	ASSERT_NOT_NULL(t, e);
	if (!spare_area(e, PAGE_SIZE))
		return;
	block = alloc_pages(GFP_KERNEL, VM_KEPT_BITS + 1);
	ASSERT_NOT_NULL(t, block);
	split_page(block, VM_KEPT_BITS + 1);
	for (nr = 1; nr <= VM_KEPT_BUCKETS + 1; nr++) {
		bucket = vm_kept_bucket(block, nr * PAGE_SIZE);
		if (small[bucket])
			break;
		small[bucket] = nr;
	}
	ASSERT_LE(t, nr, VM_KEPT_BUCKETS + 1);
	keep_map_of(t, e, block, small[bucket]);
	keep_map_of(t, e, block, nr);
	EXPECT_EQ(t, reused(e), 0);
	keep_map_of(t, e, block, nr);		/* behind the other one in the bucket */
	EXPECT_LE(t, reused(e), 1);
	env_holds(e);
	for (unsigned int i = 0; i < 2 * VM_KEPT_BUCKETS; i++)
		__free_page(block + i);
}

static void maps_of_neighbours_are_kept_too(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");
	struct page *pages[3];
	char *p, *q;

	ASSERT_NOT_NULL(t, e);
	pages[0] = alloc_pages(GFP_KERNEL, 2);
	split_page(pages[0], 2);
	pages[1] = pages[0] + 1;
	pages[2] = pages[0] + 2;
	for (int i = 0; i < 40; i++) {
		p = vm_map_ram(pages, 3, NUMA_NO_NODE);
		q = vmap(pages, 3, VM_MAP, i & 1 ? PAGE_KERNEL_RO : PAGE_KERNEL);
		ASSERT(t, p && q);
		p[2 * PAGE_SIZE] = (char)(i + 1);
		EXPECT_EQ(t, q[2 * PAGE_SIZE], i + 1);
		EXPECT_EQ(t, *(char *)page_address(pages[2]), i + 1);
		if (i >= 38)
			EXPECT_EQ(t, faults(t, q), i & 1);
		EXPECT_NULL(t, find_vm_area(q)->pages);
		env_holds(e);
		vm_unmap_ram(p, 3);
		vunmap(q);
		vm_flush(e->m);
	}
	if (!reused(e))
		ktap_skip(t, "this host keeps nothing");
	for (unsigned int nr = 3; nr; nr--) {		/* the same first frame, and fewer */
		p = vm_map_ram(pages, nr, NUMA_NO_NODE);
		q = vmap(pages, nr, VM_MAP, PAGE_KERNEL);
		ASSERT(t, p && q);
		env_holds(e);
		vm_unmap_ram(p, nr);
		EXPECT_LACKS(t, console_text(), "no area of");
		vunmap(q);
		vm_flush(e->m);
	}
	pages[1] = NULL;		/* the first page of what is kept, and none */
	EXPECT_NULL(t, vmap(pages, 2, VM_MAP, PAGE_KERNEL));
	EXPECT_NULL(t, vm_map_ram(pages, 2, NUMA_NO_NODE));
	env_holds(e);
	for (int i = 0; i < 4; i++)
		__free_page(pages[0] + i);
}

/* nr pages that are no neighbours, the last in memory first. */
static void scattered_take(struct page **pages, unsigned int nr)
{
	struct page *block = alloc_pages(GFP_KERNEL, 5);

	split_page(block, 5);
	for (unsigned int i = 0; i < 32; i++)
		if (i % 2 || i / 2 >= nr)
			__free_page(block + i);
	for (unsigned int i = 0; i < nr; i++)
		pages[i] = block + 2 * (nr - 1 - i);
}

static void scattered_give(struct page **pages, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		__free_page(pages[i]);
}

/* Each address reaches its page, and may be written or not. */
static void expect_pages(struct ktap *t, char *p, struct page **pages, unsigned int nr, bool is_written)
{
	for (unsigned int i = 0; i < nr; i++) {
		*(u32 *)page_address(pages[i]) = i + 5;
		EXPECT_EQ(t, *(u32 *)(p + i * PAGE_SIZE), i + 5);
		EXPECT_EQ(t, vmalloc_to_page(p + i * PAGE_SIZE), pages[i]);
		if (is_written)
			*(u32 *)(p + i * PAGE_SIZE) = 7;
		else
			EXPECT(t, faults(t, p + i * PAGE_SIZE));
		EXPECT_EQ(t, *(u32 *)page_address(pages[i]), is_written ? 7 : i + 5);
	}
}

static void map_scattered_again(struct ktap *t, struct env *e)
{
	struct page *pages[13];
	char *p, *q;

	scattered_take(pages, 13);
	for (int i = 0; i < 40; i++) {
		p = vm_map_ram(pages, 13, NUMA_NO_NODE);
		q = vmap(pages, 13, VM_MAP, i & 1 ? PAGE_KERNEL_RO : PAGE_KERNEL);
		ASSERT(t, p && q);
		if (i < 2 || i >= 38) {
			expect_pages(t, p, pages, 13, true);
			expect_pages(t, q, pages, 13, !(i & 1));
		}
		env_holds(e);
		vm_unmap_ram(p, 13);
		vunmap(q);
		EXPECT(t, faults_when_read(t, p + i % 13 * PAGE_SIZE));
		EXPECT(t, faults_when_read(t, q + i % 13 * PAGE_SIZE));
		vm_flush(e->m);
	}
	if (!reused(e))
		ktap_skip(t, "this host keeps nothing");
	scattered_give(pages, 13);
}

static void maps_of_scattered_pages_are_kept_too(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");

	ASSERT_NOT_NULL(t, e);
	map_scattered_again(t, e);
}

/* So that the next area begins that many pages before a table's end. */
static void *table_fill(struct ktap *t, struct env *e, unsigned long left)
{
	void *p = vmalloc((512 - left - 1) << PAGE_SHIFT);

	EXPECT_EQ(t, p, e->m->layout.vmalloc_start);
	return p;
}

static void an_area_of_two_tables_is_kept_too(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");
	char *hold, *p, *q;

	ASSERT_NOT_NULL(t, e);
	hold = table_fill(t, e, 10);
	map_scattered_again(t, e);	/* the first of its areas */
	vm_unmap_aliases();
	vfree(hold);
	vm_unmap_aliases();
	hold = table_fill(t, e, 3);
	p = spare_area(e, BYTES);
	if (p) {
		EXPECT_EQ(t, p, e->m->layout.vmalloc_start + 509 * PAGE_SIZE);
		for (unsigned long i = 0; i < PAGES; i++)
			EXPECT(t, faults_when_read(t, p + i * PAGE_SIZE));
		q = vmalloc(BYTES);
		EXPECT_EQ(t, q, p);
		memset(q, 3, BYTES);
		for (unsigned long i = 0; i < PAGES; i++)
			EXPECT_EQ(t, *(char *)page_address(vmalloc_to_page(q + i * PAGE_SIZE)), 3);
		env_holds(e);
		vfree(q);
		EXPECT(t, faults_when_read(t, q));
		EXPECT(t, faults_when_read(t, q + BYTES - 1));
	}
	vfree(hold);
	env_holds(e);
}

/* In the first page's place, and of that size, but with others behind it: laid anew, whichever page is another. */
static void map_others_behind(struct ktap *t, struct env *e)
{
	struct page *pages[16], *others[16];
	char *p, *q;

	scattered_take(pages, 16);
	scattered_take(others, 16);
	for (unsigned int i = 1; i < 60; i++) {
		unsigned int nr = i % 2 ? 16 : 11;	/* they are compared in eights, and then one by one */

		swap(pages[1 + i / 2 % (nr - 1)], others[i % 16]);
		p = vm_map_ram(pages, nr, NUMA_NO_NODE);
		q = vmap(pages, nr, VM_MAP, PAGE_KERNEL);
		ASSERT(t, p && q);
		expect_pages(t, p, pages, nr, true);
		expect_pages(t, q, pages, nr, true);
		env_holds(e);
		vm_unmap_ram(p, nr);
		vunmap(q);
		vm_flush(e->m);
	}
	if (!reused(e))
		ktap_skip(t, "this host keeps nothing");
	scattered_give(pages, 16);
	scattered_give(others, 16);
}

static void other_pages_behind_the_same_first_one_are_seen(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");

	ASSERT_NOT_NULL(t, e);
	map_others_behind(t, e);
}

static void other_pages_are_seen_in_either_table(struct ktap *t)
{
	for (unsigned long left = 3; left <= 9; left += 6) {	/* so many are in the first table */
		struct env *e = env_boot(t, "mem=64M nr_cpus=1");
		void *hold;

		ASSERT_NOT_NULL(t, e);
		hold = table_fill(t, e, left);
		map_others_behind(t, e);
		vfree(hold);
	}
}

/* What is no page is refused there as it is of a new area. */
static void a_page_that_is_none_is_refused_behind_the_same_first_one(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");
	struct page *pages[3], *third;
	unsigned long bits[] = { 1ul << (sizeof(long) * 8 - 1), 1ul << 30, 1ul << 27 };

	ASSERT_NOT_NULL(t, e);
	scattered_take(pages, 3);
	third = pages[2];
	for (unsigned int i = 0; i < ARRAY_SIZE(bits); i++) {
		void *p = vm_map_ram(pages, 3, NUMA_NO_NODE), *q = vmap(pages, 3, VM_MAP, PAGE_KERNEL);

		ASSERT(t, p && q);
		vm_unmap_ram(p, 3);
		vunmap(q);
		vm_flush(e->m);
		pages[2] = (struct page *)((unsigned long)third ^ bits[i]);
		EXPECT_NULL(t, vm_map_ram(pages, 3, NUMA_NO_NODE));
		EXPECT_NULL(t, vmap(pages, 3, VM_MAP, PAGE_KERNEL));
		pages[2] = third;
		env_holds(e);
	}
	EXPECT_CONTAINS(t, console_text(), "WARNING");
	EXPECT_LACKS(t, console_text(), "no room for another mapping");
	scattered_give(pages, 3);
}

/* The frames' own area, opened with other rights; or, where it cannot be mapped, none. */
static void other_rights_need_a_new_mapping(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");
	char *p, *q;

	ASSERT_NOT_NULL(t, e);
	p = spare_area(e, BYTES);
	if (!p)
		return;
	q = __vmalloc_node_range(BYTES, 1, 0, 0, GFP_KERNEL, PAGE_KERNEL_RO, 0, NUMA_NO_NODE, NULL);
	EXPECT_EQ(t, q, p);
	EXPECT_EQ(t, reused(e), 1);
	EXPECT(t, faults(t, q));
	env_holds(e);
	vfree(q);
	vm_flush(e->m);
	fault_arm(e->m, FAULT_BIT(FAULT_MAP), 1, true);
	EXPECT_NULL(t, vmalloc(BYTES));
	EXPECT_GE(t, fault_disarm(e->m).failed, 1);
	EXPECT_CONTAINS(t, console_text(), "vmalloc error");
	env_holds(e);
}

static void what_is_used_again_is_zeroed_and_flagged_as_any(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");
	char *p;

	ASSERT_NOT_NULL(t, e);
	for (int i = 0; i < 40; i++) {
		p = i & 1 ? vzalloc(BYTES) : vmalloc_user(BYTES);
		ASSERT_NOT_NULL(t, p);
		for (unsigned long k = 0; k < BYTES; k += 8)
			ASSERT_EQ(t, *(u64 *)(p + k), 0);
		EXPECT_EQ(t, find_vm_area(p)->flags, i & 1 ? VM_ALLOC : VM_ALLOC | VM_USERMAP);
		EXPECT_EQ(t, find_vm_area(p)->nr_pages, PAGES);
		memset(p, 0xa5, BYTES);
		vfree(p);
		vm_flush(e->m);
	}
}

/* ----------------------------------------------------------------------------------------------------- when they go */

static void what_is_not_used_goes_after_some_rounds(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");

	ASSERT_NOT_NULL(t, e);
	if (!spare_area(e, BYTES))
		return;
	for (unsigned int i = 1; i < VM_KEPT_ROUNDS; i++)
		vm_flush(e->m);
	EXPECT_EQ(t, kept_count(e).nr_spare, 1);
	EXPECT_EQ(t, lazy_bytes(e), 0);
	vm_flush(e->m);
	EXPECT_EQ(t, kept_count(e).nr_spare, 0);
	EXPECT_EQ(t, lazy_bytes(e), BYTES + PAGE_SIZE);
	EXPECT(t, vm_lazy_next(space_of(e), 0)->is_mapped);
	env_holds(e);
}

static void many_dead_areas_are_flushed_by_the_way(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");
	unsigned long most = 0;

	ASSERT_NOT_NULL(t, e);
	for (int i = 0; i < 2000; i++) {
		vfree(vmalloc(PAGE_SIZE));
		most = max(most, kept_count(e).nr_dead);
	}
	if (!most) {
		ktap_skip(t, "this host keeps nothing");
		return;
	}
	EXPECT_LE(t, most, 256);
	EXPECT_GT(t, reused(e), 1000);
	EXPECT_LE(t, kept_count(e).nr_dead + kept_count(e).nr_spare, 600);
	env_holds(e);
}

/* Each of its mappings counts: a process has no more than 65,530. */
static void scattered_areas_are_flushed_the_sooner(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");
	struct page *pages[16];
	unsigned long most = 0;

	ASSERT_NOT_NULL(t, e);
	scattered_take(pages, 16);
	for (int i = 0; i < 500; i++) {
		vunmap(vmap(pages, 16, VM_MAP, PAGE_KERNEL));
		most = max(most, kept_count(e).nr_dead);
	}
	if (most) {
		EXPECT_EQ(t, kept_area(e)->weight, 3);
		EXPECT_GT(t, most, 200);
		EXPECT_LE(t, most, 256);
		EXPECT_GT(t, reused(e), 100);
		EXPECT_LT(t, reused(e), 500 - 256 / 3);
	} else {
		ktap_skip(t, "this host keeps nothing");
	}
	env_holds(e);
	scattered_give(pages, 16);
}

static void who_asks_for_all_addresses_gets_them(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");
	struct census before;
	struct page *page;
	char *p;

	ASSERT_NOT_NULL(t, e);
	page = alloc_page(GFP_KERNEL);
	before = census_take(e);
	for (int i = 0; i < 3; i++) {
		p = spare_area(e, BYTES << i);
		if (p)
			vfree(vmalloc(PAGE_SIZE));	/* dead */
		vunmap(vmap(&page, 1, VM_MAP, PAGE_KERNEL));
		vm_unmap_aliases();
		EXPECT_EQ(t, kept_count(e).nr_spare, 0);
		EXPECT_EQ(t, kept_count(e).nr_dead, 0);
		expect_census(e, &before);
	}
	__free_page(page);
}

static void a_full_window_takes_what_is_kept(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M vmalloc=16M nr_cpus=1");
	void *p;

	ASSERT_NOT_NULL(t, e);
	for (int i = 0; i < 5; i++)
		vfree(vmalloc(1 << 20));
	vm_flush(e->m);
	p = vmalloc(15 << 20);
	EXPECT_NOT_NULL(t, p);
	EXPECT_STR(t, console_text(), "");
	env_holds(e);
	vfree(p);
}

static void a_full_host_takes_what_is_kept(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");
	char *p;

	ASSERT_NOT_NULL(t, e);
	if (!spare_area(e, BYTES))
		return;
	fault_arm(e->m, FAULT_BIT(FAULT_MAP), 1, false);
	p = vmalloc(2 * BYTES);
	EXPECT_EQ(t, fault_disarm(e->m).failed, 1);
	EXPECT_NOT_NULL(t, p);
	EXPECT(t, !kept_any(e->m->vmalloc));
	EXPECT_STR(t, console_text(), "");
	env_holds(e);
	vfree(p);
}

/* A frame that may have one address only cannot keep another. */
static void private_memory_is_not_kept(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1 kmem.private=1");
	char *p;

	ASSERT_NOT_NULL(t, e);
	for (int i = 0; i < 3; i++) {
		p = vmalloc(BYTES);
		ASSERT_NOT_NULL(t, p);
		p[5] = 1;
		vfree(p);
		vm_flush(e->m);
		env_holds(e);
	}
}

/* Nothing is asked of the host then, and nothing is caught either, until the addresses are forgotten. */
static void what_is_freed_lazily_is_not_even_shut(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1 kmem.lazy_vfree=1");
	struct page *page;
	unsigned long runs;
	char *p, *q;

	ASSERT_NOT_NULL(t, e);
	p = spare_area(e, BYTES);
	runs = e->m->vmalloc->nr_runs;
	EXPECT(t, e->m->vmalloc->leaves_open);
	EXPECT_NULL(t, vmalloc_to_page(p));
	env_holds(e);
	for (int i = 0; i < 3; i++) {
		q = vmalloc(BYTES);
		EXPECT_EQ(t, q, p);
		memset(q, i, BYTES);
		EXPECT_EQ(t, *(char *)page_address(vmalloc_to_page(q + PAGE_SIZE)), i);
		env_holds(e);
		vfree(q);
		vm_flush(e->m);
	}
	EXPECT_EQ(t, e->m->vmalloc->nr_runs, runs);
	vm_unmap_aliases();
	EXPECT(t, faults(t, p));
	page = alloc_page(GFP_KERNEL);
	for (int i = 0; i < 8; i++) {
		p = vmap(&page, 1, VM_MAP, i & 2 ? PAGE_KERNEL_RO : PAGE_KERNEL);
		ASSERT_NOT_NULL(t, p);
		EXPECT_EQ(t, faults(t, p), !!(i & 2));	/* opened with the rights that are asked for */
		vunmap(p);
		EXPECT(t, !(i & 2) || faults(t, p));
		vm_flush(e->m);
	}
	__free_page(page);
	env_holds(e);
}

static void private_memory_is_never_left_open(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1 kmem.private=1 kmem.lazy_vfree=1");
	char *p;

	ASSERT_NOT_NULL(t, e);
	p = vmalloc(BYTES);
	ASSERT_NOT_NULL(t, p);
	vfree(p);
	EXPECT(t, faults(t, p));
	env_holds(e);
}

/* ------------------------------------------------------------------------------------------------ forks and threads */

static void use_again(struct ktap *t, void *arg)
{
	struct env *e = arg;
	char *p = vmalloc(BYTES);

	ASSERT_NOT_NULL(t, p);
	memset(p, 2, BYTES);
	EXPECT_EQ(t, *(char *)page_address(vmalloc_to_page(p)), 2);
	EXPECT_EQ(t, reused(e), 1);
	env_holds(e);
	vfree(p);
}

static void a_forked_child_uses_its_own_copy(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");
	struct ktap_child child;
	char *p;

	ASSERT_NOT_NULL(t, e);
	p = spare_area(e, BYTES);
	if (!p)
		return;
	if (ktap_child(t, use_again, e, &child))
		EXPECT_EQ(t, child.status, 0);
	EXPECT(t, faults(t, p));
	EXPECT_EQ(t, vmalloc(BYTES), p);
	vfree(p);
	env_holds(e);
}

struct crowd {
	struct machine *m;
	unsigned int steps;
};

static void churn(struct ktap *t, unsigned int i, void *arg)
{
	struct crowd *crowd = arg;
	u32 *held[4] = { NULL }, pages;

	EXPECT_EQ(t, machine_enter(crowd->m), 0);
	for (unsigned int step = 0; step < crowd->steps; step++) {
		unsigned int k = (unsigned int)ktap_below(t, 4);

		if (held[k]) {
			pages = held[k][0];
			for (u32 page = 0; page < pages; page++)
				EXPECT_EQ(t, held[k][page * 1024 + 1], i << 16 | k);
			vfree(held[k]);
			held[k] = NULL;
			continue;
		}
		pages = 1u << ktap_below(t, 4);
		held[k] = vmalloc(pages * PAGE_SIZE);
		ASSERT_NOT_NULL(t, held[k]);
		held[k][0] = pages;
		for (u32 page = 0; page < pages; page++)
			held[k][page * 1024 + 1] = i << 16 | k;
	}
	for (unsigned int k = 0; k < 4; k++)
		vfree(held[k]);
	machine_leave();
}

static void threads_share_what_is_kept(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=3");
	struct census before;
	struct crowd crowd;

	ASSERT_NOT_NULL(t, e);
	before = census_take(e);
	crowd = (struct crowd){ e->m, t->soak ? 200000 : 1500 };
	machine_leave();
	ktap_threads(t, 4, churn, &crowd);
	ASSERT_EQ(t, machine_enter(e->m), 0);
	env_holds(e);
	vm_unmap_aliases();
	expect_census(e, &before);
	EXPECT_LACKS(t, console_text(), "WARNING");
}

KTAP_SUITE(vm_kept, KTAP_CASE(the_same_frames_get_their_area_again_after_a_flush),
	   KTAP_CASE(c44_a_kept_area_faults_and_is_nobodys), KTAP_CASE(kept_frames_are_free),
	   KTAP_CASE(other_frames_do_not_get_it), KTAP_CASE(other_sizes_places_and_kinds_do_not_get_it),
	   KTAP_CASE(an_area_that_another_has_claimed_is_left_to_him),
	   KTAP_CASE(maps_that_are_too_many_to_be_dead_are_flushed),
	   KTAP_CASE(an_area_of_another_size_in_its_bucket_is_passed_over),
	   KTAP_CASE(maps_of_neighbours_are_kept_too), KTAP_CASE(maps_of_scattered_pages_are_kept_too),
	   KTAP_CASE(an_area_of_two_tables_is_kept_too),
	   KTAP_CASE(other_pages_behind_the_same_first_one_are_seen),
	   KTAP_CASE(other_pages_are_seen_in_either_table),
	   KTAP_CASE(a_page_that_is_none_is_refused_behind_the_same_first_one),
	   KTAP_CASE(what_is_used_again_is_zeroed_and_flagged_as_any),
	   KTAP_CASE(other_rights_need_a_new_mapping),
	   KTAP_CASE(what_is_not_used_goes_after_some_rounds),
	   KTAP_CASE(many_dead_areas_are_flushed_by_the_way), KTAP_CASE(scattered_areas_are_flushed_the_sooner),
	   KTAP_CASE(who_asks_for_all_addresses_gets_them), KTAP_CASE(a_full_window_takes_what_is_kept),
	   KTAP_CASE(a_full_host_takes_what_is_kept), KTAP_CASE(private_memory_is_not_kept),
	   KTAP_CASE(what_is_freed_lazily_is_not_even_shut), KTAP_CASE(private_memory_is_never_left_open),
	   KTAP_CASE(a_forked_child_uses_its_own_copy), KTAP_CASE(threads_share_what_is_kept),
	   KTAP_CASE(an_area_that_is_not_left_is_nobodys),
	   KTAP_CASE(who_has_no_cpu_has_no_kept_areas));
