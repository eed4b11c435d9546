/* SPDX-License-Identifier: MIT */
/* test_real_machine.c - the machine of this computer's memory: its frames are the real ones, and all that is usable. */
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "host/x86/window.h"
#include "tests/vm_flush.h"
#include "tests/x86/real_machine.h"

/* Where the host sees the frame, when it is no machine's. */
static void *view(const struct machine *m, const struct page *page)
{
	return (void *)(machine_pfn(m, page) << PAGE_SHIFT);
}

static void frames_are_the_real_ones(struct ktap *t)
{
	struct machine *m = real_machine(t, "");
	struct pgtable_entry entry = { 0 };
	void *p;

	ASSERT_NOT_NULL(t, m);
	p = kmalloc(PAGE_SIZE, GFP_KERNEL);
	ASSERT_NOT_NULL(t, p);
	EXPECT(t, x86_lookup((unsigned long)p, &entry));
	EXPECT_EQ(t, entry.pfn, machine_pfn(m, virt_to_page(p)));
	EXPECT(t, ktap_faults(t, view(m, virt_to_page(p)), true));
	kfree(p);
}

/* What of the range the host keeps: it added ranges to the firmware's. */
static u64 kept_of(const struct memory_range *range)
{
	u64 bytes = 0;

	for (unsigned int i = firmware.boot.nr; i < nr_real_ranges; i++) {
		u64 start = max(range->start, real_map[i].start);
		u64 end = min(range->start + range->size, real_map[i].start + real_map[i].size);

		bytes += start < end ? end - start : 0;
	}
	return bytes;
}

/* Sum of what the map says is usable, and is not the host's. */
static u64 usable_bytes(void)
{
	u64 bytes = 0;

	for (unsigned int i = 0; i < firmware.boot.nr; i++)
		if (real_map[i].type == MEMORY_RAM)
			bytes += real_map[i].size - kept_of(&real_map[i]);
	return bytes;
}

static void memory_is_most_of_what_the_firmware_says(struct ktap *t)
{
	struct machine *m = real_machine(t, "");
	u64 usable, managed;

	ASSERT_NOT_NULL(t, m);
	usable = usable_bytes();
	managed = (u64)m->totalram << PAGE_SHIFT;
	ktap_note(t, "%llu MiB usable, %llu MiB managed", usable >> 20, managed >> 20);
	EXPECT_LE(t, managed, usable);
	EXPECT_GE(t, managed, usable - usable / 16 - (1ull << 20));
	EXPECT_EQ(t, taboo((unsigned long)image_start >> PAGE_SHIFT) != NULL, true);
	zones_hold(t, m);
}

/* None of the block's frames is the image's, the host's or the firmware's; and the first can be written. */
static void block_is_ours(struct ktap *t, const struct machine *m, struct page *page, bool write)
{
	pfn_t pfn = machine_pfn(m, page);

	for (unsigned int i = 0; i < 1u << page->private; i += 8) {
		const struct memory_range *range = taboo(pfn + i);

		if (range)
			ktap_fail(t, "pfn %lu is in a range of type %d", pfn + i, range->type);
	}
	if (write && page_address(page))
		memset(page_address(page), 0x5a, PAGE_SIZE);
}

/* Large blocks first, so that it does not take long. */
static void every_frame_can_be_had(struct ktap *t)
{
	struct machine *m = real_machine(t, "");
	struct taken taken = { 0 };
	unsigned int nr = 0;

	ASSERT_NOT_NULL(t, m);
	for (int order = MAX_ORDER; order >= 0; order -= 5)
		take_all(&taken, GFP_HIGHUSER | __GFP_NOWARN, (unsigned int)order);
	EXPECT_GT(t, taken.nr, m->totalram - m->totalram / 4);
	for (struct page *page = taken.last; page; page = (struct page *)page->index)
		block_is_ours(t, m, page, nr++ % 64 == 0);
	put_all(&taken);
	drain_all_pages();
	zones_hold(t, m);
}

static void vmalloc_reaches_the_same_memory(struct ktap *t)
{
	struct machine *m = real_machine(t, "");
	unsigned char *area;

	ASSERT_NOT_NULL(t, m);
	area = vmalloc(64 * PAGE_SIZE);
	ASSERT_NOT_NULL(t, area);
	for (unsigned int i = 0; i < 64; i++) {
		struct page *page = vmalloc_to_page(area + i * PAGE_SIZE);
		struct pgtable_entry entry = { 0 };

		area[i * PAGE_SIZE] = (unsigned char)(i + 1);
		EXPECT(t, x86_lookup((unsigned long)area + i * PAGE_SIZE, &entry));
		EXPECT_EQ(t, entry.pfn, machine_pfn(m, page));
		if (page_address(page))
			EXPECT_EQ(t, *(unsigned char *)page_address(page), i + 1);
	}
	EXPECT(t, ktap_faults(t, area + 64 * PAGE_SIZE, false));
	vfree(area);
}

/* Where the host sees a page that is the machine's. */
static void *some_view(struct machine *m)
{
	struct page *page;

	machine_enter(m);
	page = alloc_page(GFP_KERNEL);
	if (page)
		__free_page(page);
	machine_leave();
	return page ? view(m, page) : NULL;
}

/* Its entries in the processor's tables are shut meanwhile, and opened with the rights that are asked for. */
static void an_area_that_is_kept_reaches_the_same_frames(struct ktap *t)
{
	struct machine *m = real_machine(t, "");
	struct page *page;
	u32 *p, *first;

	ASSERT_NOT_NULL(t, m);
	page = alloc_page(GFP_KERNEL);
	ASSERT_NOT_NULL(t, page);
	first = vmap(&page, 1, VM_MAP, PAGE_KERNEL);
	vunmap(first);
	vm_flush(m);
	for (u32 i = 0; i < 6; i++) {
		p = vmap(&page, 1, VM_MAP, i == 2 ? PAGE_KERNEL_RO : PAGE_KERNEL);
		EXPECT_EQ(t, p, first);
		EXPECT_EQ(t, x86_faults(p, true), i == 2);
		*(u32 *)page_address(page) = i;
		EXPECT_EQ(t, *p, i);
		vunmap(p);
		EXPECT(t, x86_faults(p, false));
		vm_flush(m);
	}
	vm_unmap_aliases();
	EXPECT(t, x86_faults(first, false));
	__free_page(page);
}

/* The same of pages here and there: none of the processor's entries is written but for its present bit. */
static void an_area_of_scattered_pages_is_kept_too(struct ktap *t)
{
	struct machine *m = real_machine(t, "");
	struct page *block, *pages[16];
	u32 *p, *first = NULL;

	ASSERT_NOT_NULL(t, m);
	block = alloc_pages(GFP_KERNEL, 5);
	ASSERT_NOT_NULL(t, block);
	for (unsigned int i = 0; i < 16; i++)
		pages[i] = block + 31 - 2 * i;
	for (u32 round = 0; round < 4; round++) {
		p = vm_map_ram(pages, 16, NUMA_NO_NODE);
		ASSERT_NOT_NULL(t, p);
		first = first ? first : p;
		EXPECT_EQ(t, p, first);
		for (unsigned int i = 0; i < 16; i++) {
			p[i * 1024] = round << 8 | i;
			EXPECT_EQ(t, *(u32 *)page_address(pages[i]), round << 8 | i);
		}
		vm_unmap_ram(p, 16);
		for (unsigned int i = 0; i < 16; i++)
			EXPECT(t, x86_faults(p + i * 1024, false));
		vm_flush(m);
	}
	swap(pages[3], pages[9]);
	p = vm_map_ram(pages, 16, NUMA_NO_NODE);
	ASSERT_NOT_NULL(t, p);
	for (unsigned int i = 0; i < 16; i++)
		EXPECT_EQ(t, p[i * 1024], 3u << 8 | (i == 3 ? 9 : i == 9 ? 3 : i));
	vm_unmap_ram(p, 16);
	__free_pages(block, 5);
}

/* Is there a leaf in the processors' tables, and is it in a table of the core's? */
static bool is_walked(const void *address)
{
	struct pgtable_entry entry;

	return x86_lookup((unsigned long)address, &entry) && window_is_adopted((unsigned long)address);
}

/* Its tables are the processors', as long as they hold anything; then they are anyone's pages. */
static void processors_walk_the_cores_tables(struct ktap *t)
{
	struct machine *m = real_machine(t, "");
	struct page *page;
	char *p, *q;

	ASSERT_NOT_NULL(t, m);
	if (!window.bytes) {
		ktap_skip(t, "this processor knows no NX");
		return;
	}
	for (int round = 0; round < 3; round++) {
		p = vmalloc(PAGE_SIZE);
		q = vmalloc(4 << 20);
		ASSERT(t, p && q);
		EXPECT(t, is_walked(p));
		EXPECT(t, is_walked(q + (4 << 20) - 1));
		memset(q, round, 4 << 20);
		vfree(p);
		EXPECT(t, x86_faults(p, false));
		vfree(q);
		vm_unmap_aliases();
		EXPECT(t, !window_is_adopted((unsigned long)p));
		EXPECT(t, !window_is_adopted((unsigned long)q));
		page = alloc_pages(GFP_KERNEL | __GFP_ZERO, 3);	/* those that were tables, too */
		ASSERT_NOT_NULL(t, page);
		memset(page_address(page), 0xff, 8 * PAGE_SIZE);
		EXPECT(t, x86_faults(p, false));
		EXPECT(t, x86_faults(q + PAGE_SIZE, false));
		__free_pages(page, 3);
	}
}

/* Where the core has a large entry the host has one; before and after it there may be tables. */
static void large_entries_are_entered_in_both(struct ktap *t)
{
	unsigned long bytes = PAGE_SIZE << 9;
	struct machine *m = real_machine(t, "");
	char *p, *q;

	ASSERT_NOT_NULL(t, m);
	for (int round = 0; round < 3; round++) {
		struct pgtable_entry entry = { 0 };

		p = vmalloc_huge(2 * bytes + PAGE_SIZE, GFP_KERNEL);
		ASSERT_NOT_NULL(t, p);
		memset(p, round + 1, 2 * bytes + PAGE_SIZE);
		EXPECT(t, x86_lookup((unsigned long)p, &entry));
		for (unsigned long at = 0; at <= 2 * bytes; at += bytes) {
			EXPECT(t, x86_lookup((unsigned long)p + at, &entry));
			EXPECT_EQ(t, entry.pfn, machine_pfn(m, vmalloc_to_page(p + at)));
		}
		vfree(p);
		EXPECT(t, x86_faults(p, false));
		EXPECT(t, x86_faults(p + 2 * bytes, false));
		if (round)
			vm_unmap_aliases();
		q = vmalloc(2 * bytes);
		ASSERT_NOT_NULL(t, q);
		memset(q, 7, 2 * bytes);
		vfree(q);
		vm_flush(m);
	}
}

struct crowd {
	struct machine *m;
	unsigned int steps;
};

/* Areas come and go while their tables do. */
static void map_and_forget(struct ktap *t, unsigned int i, void *arg)
{
	struct crowd *crowd = arg;

	EXPECT_EQ(t, machine_enter(crowd->m), 0);
	for (unsigned int step = 0; step < crowd->steps && !ktap_failed(t); step++) {
		unsigned long pages = 1 + ktap_below(t, 3) * 300;
		u32 *p = vmalloc(pages * PAGE_SIZE);

		ASSERT_NOT_NULL(t, p);
		for (unsigned long k = 0; k < pages; k += 50)
			p[k * 1024] = i << 16 | step;
		for (unsigned long k = 0; k < pages; k += 50)
			EXPECT_EQ(t, p[k * 1024], i << 16 | step);
		vfree(p);
		if (step % 3 == i % 3)
			vm_unmap_aliases();
	}
	machine_leave();
}

static void tables_come_and_go_under_many(struct ktap *t)
{
	struct machine *m = real_machine(t, "");
	struct crowd crowd = { m, 60 };

	ASSERT_NOT_NULL(t, m);
	machine_leave();
	ktap_threads(t, 4, map_and_forget, &crowd);
	ASSERT_EQ(t, machine_enter(m), 0);
	vm_unmap_aliases();
	zones_hold(t, m);
}

static void there_is_one_at_a_time_and_then_another(struct ktap *t)
{
	struct memory_range map[MAX_RANGES * 3];
	unsigned long before = x86_free_frames();

	for (int round = 0; round < 3; round++) {
		struct machine_config config = { .map = map };
		struct machine *m;
		void *some;

		config.nr_ranges = x86_real_memory(map, ARRAY_SIZE(map));
		ASSERT_GT(t, config.nr_ranges, 0);
		m = machine_boot(&config);
		ASSERT_NOT_NULL(t, m);
		some = some_view(m);
		ASSERT_NOT_NULL(t, some);
		EXPECT(t, ktap_faults(t, some, true));
		EXPECT_EQ(t, x86_real_memory(real_map, ARRAY_SIZE(real_map)), 0);
		EXPECT_EQ(t, machine_shutdown(m), 0);
		EXPECT(t, !ktap_faults(t, some, true));
	}
	/* Stacks of the machine's tasks stay the host's. */
	EXPECT_GE(t, x86_free_frames() + 8 * (STACK_BYTES >> PAGE_SHIFT), before);
}

static void a_machine_in_the_machine_beside_it(struct ktap *t)
{
	struct machine *inner = machine_boot(&(struct machine_config){ .cmdline = "mem=64M" });
	struct machine *m = real_machine(t, "");
	void *p, *q;

	ASSERT(t, m && inner);
	p = kmalloc(100, GFP_KERNEL);
	machine_enter(inner);
	q = kmalloc(100, GFP_KERNEL);
	EXPECT(t, p && q && p != q);
	kfree(q);
	machine_leave();
	kfree(p);
	EXPECT_EQ(t, machine_shutdown(inner), 0);
}

#define LOCAL_APIC 0xfee00000ul

static void a_device_is_mapped_uncached(struct ktap *t)
{
	struct machine *m = real_machine(t, "");
	struct pgtable_entry entry = { 0 };
	volatile u32 *apic;

	ASSERT_NOT_NULL(t, m);
	apic = ioremap(LOCAL_APIC, PAGE_SIZE);
	ASSERT_NOT_NULL(t, apic);
	EXPECT_GE(t, apic[0x30 / 4] & 0xff, 0x10);	/* its version: on the chip itself */
	ASSERT(t, x86_lookup((unsigned long)apic, &entry));
	EXPECT_EQ(t, entry.pfn, LOCAL_APIC >> PAGE_SHIFT);
	EXPECT(t, entry.prot & _PAGE_PCD);
	iounmap(apic);
	EXPECT(t, x86_faults(apic, false));
	EXPECT_EQ(t, m->layout.has_devices, true);
}

KTAP_SUITE(real_machine, KTAP_CASE(frames_are_the_real_ones), KTAP_CASE(memory_is_most_of_what_the_firmware_says),
	   KTAP_CASE(every_frame_can_be_had), KTAP_CASE(vmalloc_reaches_the_same_memory),
	   KTAP_CASE(an_area_that_is_kept_reaches_the_same_frames), KTAP_CASE(an_area_of_scattered_pages_is_kept_too),
	   KTAP_CASE(processors_walk_the_cores_tables), KTAP_CASE(large_entries_are_entered_in_both),
	   KTAP_CASE(tables_come_and_go_under_many),
	   KTAP_CASE(there_is_one_at_a_time_and_then_another), KTAP_CASE(a_machine_in_the_machine_beside_it),
	   KTAP_CASE(a_device_is_mapped_uncached));
