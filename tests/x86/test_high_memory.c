/* SPDX-License-Identifier: MIT */
/*
 * test_high_memory.c - this computer's frames that have no logical address are beyond reach, until they are mapped.
 *
 *	i386 ]  low memory, at its logical addresses only  | high memory: kmap, kmap_local_page, vmalloc [ 6 GiB
 */
#include <linux/highmem.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "mm/highmem.h"
#include "tests/kmap_walk.h"
#include "tests/x86/real_machine.h"

/* Of the usable memory: what lies below. */
static u64 ram_below(u64 end)
{
	u64 bytes = 0;

	for (unsigned int i = 0; i < firmware.boot.nr; i++) {
		const struct memory_range *range = &firmware.boot.map[i];

		if (range->type == MEMORY_RAM && range->start < end)
			bytes += min(range->size, end - range->start);
	}
	return bytes;
}

static bool has_ram_from(u64 start)
{
	return ram_below(~0ull) > ram_below(start);
}

/* With high memory: what the layout leaves, or a little that is asked for. */
static struct machine *high_machine(struct ktap *t)
{
	return real_machine(t, sizeof(long) == 4 && has_ram_from(1000ull << 20) ? "" : "highmem=16M");
}

/* ------------------------------------------------------------------------------------------------- beyond reach */

struct look {
	struct ktap *t;
	const struct machine *m;
	u64 direct, windows, others;	/* pages that were seen */
};

static bool is_machines(pfn_t pfn)
{
	u64 at = (u64)pfn << PAGE_SHIFT;

	for (unsigned int i = 0; i < firmware.boot.nr; i++)
		if (firmware.boot.map[i].type == MEMORY_RAM && at >= firmware.boot.map[i].start &&
		    at + PAGE_SIZE <= firmware.boot.map[i].start + firmware.boot.map[i].size)
			return !taboo(pfn);
	return false;
}

static int visit_leaf(const struct pgtable_entry *entry, void *arg)
{
	struct look *look = arg;
	const struct machine *m = look->m;
	u64 offset = entry->address - m->layout.direct_base, nr = entry->nr;

	if (entry->address >= m->layout.vmalloc_start && entry->address < m->kmap_base + KMAP_BYTES) {
		look->windows += nr;
		return 0;
	}
	if (offset >> PAGE_SHIFT < m->max_low_pfn) {
		look->direct += nr;
		if (offset >> PAGE_SHIFT != entry->pfn || entry->pfn + nr > m->max_low_pfn)
			ktap_fail(look->t, "0x%llx maps pfn %lu", entry->address, entry->pfn);
		return ktap_failed(look->t);
	}
	look->others += nr;
	for (u64 i = 0; i < nr; i++)
		if (is_machines(entry->pfn + (pfn_t)i))
			ktap_fail(look->t, "0x%llx maps pfn %llu, the machine's", entry->address + (i << PAGE_SHIFT),
				  entry->pfn + i);
	return ktap_failed(look->t);
}

/* All of the computer's memory that is the machine's is at its logical address, or nowhere. */
static void no_frame_has_an_address_that_is_not_the_machines(struct ktap *t)
{
	struct machine *m = high_machine(t);
	struct look look = { t, m, 0, 0, 0 };
	void *area;

	ASSERT_NOT_NULL(t, m);
	EXPECT_LT(t, m->max_low_pfn, m->max_pfn);
	area = vmalloc(16 * PAGE_SIZE);
	x86_walk(visit_leaf, &look);
	EXPECT_LE(t, look.direct, m->max_low_pfn);
	EXPECT_GE(t, look.windows, 16);
	EXPECT_GT(t, look.others, 0);
	ktap_note(t, "%llu MiB have logical addresses, %lu MiB have none", look.direct >> 8, totalhigh_pages() >> 8);
	vfree(area);
}

/* Where low memory ends moves with vmalloc=, and what lies beyond is as far away as any high memory. */
static void low_memory_ends_where_vmalloc_begins(struct ktap *t)
{
	struct machine *m;
	pfn_t end = PFN_DOWN(768ul << 20);
	unsigned long base;

	if (sizeof(long) == 8 || !has_ram_from(800ull << 20)) {
		ktap_skip(t, "memory beyond 768 MiB of an i386 machine");
		return;
	}
	m = real_machine(t, "vmalloc=256M");
	ASSERT_NOT_NULL(t, m);
	base = m->layout.direct_base;
	EXPECT_EQ(t, base, 0xc0000000ul);
	EXPECT_EQ(t, m->max_low_pfn, end);
	EXPECT_EQ(t, m->layout.vmalloc_start, 0xf0800000ul);
	EXPECT(t, !ktap_faults(t, (void *)(base + (64ul << 20)), false));
	EXPECT(t, ktap_faults(t, (void *)(base + (end << PAGE_SHIFT)), false));
	for (pfn_t pfn = end; pfn < end + 4096; pfn += 512)
		EXPECT(t, !is_machines(pfn) || ktap_faults(t, (void *)(pfn << PAGE_SHIFT), false));
}

/* ------------------------------------------------------------------------------------------------ within reach */

#define MAX_BLOCKS 2048u

struct blocks {
	struct machine *m;
	struct page *page[MAX_BLOCKS];
	unsigned int nr, wrong;		/* wrong: atomic */
};

/* One page of each block of the high memory. */
static void blocks_find(struct blocks *blocks, const struct taken *taken)
{
	for (struct page *page = taken->last; page && blocks->nr < MAX_BLOCKS; page = (struct page *)page->index)
		if (PageHighMem(page)) {
			blocks->page[blocks->nr] = page + blocks->nr % 32;
			blocks->nr++;
		}
}

static void write_by_kmap(struct ktap *t, const struct blocks *blocks)
{
	for (unsigned int i = 0; i < blocks->nr; i++) {
		pfn_t pfn = machine_pfn(blocks->m, blocks->page[i]);
		struct pgtable_entry entry = { 0 };
		pfn_t *words = kmap(blocks->page[i]);

		EXPECT(t, x86_lookup((unsigned long)words, &entry));
		EXPECT_EQ(t, entry.pfn, pfn);
		words[0] = pfn;
		words[PAGE_SIZE / sizeof(*words) - 1] = ~pfn;
		kunmap(blocks->page[i]);
	}
}

/* Each task looks at all of them: what it remembers of a slot is not what another left there. */
static void read_by_kmap_local(struct ktap *t, unsigned int i, void *arg)
{
	struct blocks *blocks = arg;

	(void)t;
	machine_enter(blocks->m);
	for (unsigned int n = 0; n < blocks->nr; n++) {
		struct page *page = blocks->page[(n + i * 37) % blocks->nr];
		pfn_t *words = kmap_local_page(page), pfn = machine_pfn(blocks->m, page);

		if (words[0] != pfn || words[PAGE_SIZE / sizeof(*words) - 1] != ~pfn)
			__atomic_fetch_add(&blocks->wrong, 1, __ATOMIC_RELAXED);
		kunmap_local(words);
	}
	machine_leave();
}

static void what_is_mapped_is_the_frame_on_every_processor(struct ktap *t)
{
	struct machine *m = high_machine(t);
	static struct blocks blocks;
	struct taken taken = { 0 };
	pfn_t last = 0;

	ASSERT_NOT_NULL(t, m);
	blocks = (struct blocks){ .m = m };
	take_all(&taken, GFP_HIGHUSER | __GFP_NOWARN, 5);
	blocks_find(&blocks, &taken);
	ASSERT_GT(t, blocks.nr, 64);
	for (unsigned int i = 0; i < blocks.nr; i++)
		last = max(last, machine_pfn(m, blocks.page[i]));
	ktap_note(t, "%u pages, the last at %lu MiB", blocks.nr, last >> (20 - PAGE_SHIFT));
	EXPECT(t, !has_ram_from(4ull << 30) || sizeof(long) == 8 || last >= PFN_DOWN(4ull << 30));
	write_by_kmap(t, &blocks);
	machine_leave();
	ktap_threads(t, x86_nr_processors() + 1, read_by_kmap_local, &blocks);
	machine_enter(m);
	EXPECT_EQ(t, blocks.wrong, 0);
	put_all(&taken);
	EXPECT(t, kmem_check(m, NULL));
}

/* The computer's own frames, whose entries the core writes into the processors' tables itself; on all of them. */
static void pages_hold_what_was_written_however_they_are_mapped(struct ktap *t)
{
	static struct kmap_walk walk;
	struct taken taken = { 0 };

	walk = (struct kmap_walk){ .m = high_machine(t), .nr_walkers = x86_nr_processors() + 1, .steps = 5000 };
	ASSERT_NOT_NULL(t, walk.m);
	ASSERT_NOT_NULL(t, walk.m->kmap->host_entries);
	take_all(&taken, GFP_HIGHUSER | __GFP_NOWARN, 0);
	for (struct page *page = taken.last; page && walk.nr < MAX_WALKED; page = (struct page *)page->index)
		if (PageHighMem(page))
			walk.page[walk.nr++] = page;
	ASSERT_GT(t, walk.nr, 2 * LAST_PKMAP);
	ktap_note(t, "%u pages", walk.nr);
	walk_all(t, &walk);
	EXPECT_GT(t, walk.m->kmap->nr_flushes, 4);
	put_all(&taken);
}

struct turns {
	struct machine *m;
	struct page *page[2];
	unsigned int wrong;		/* atomic */
};

static void look_in_turn(struct ktap *t, unsigned int i, void *arg)
{
	struct turns *turns = arg;

	machine_enter(turns->m);
	for (unsigned int n = 0; n < 1000; n++) {
		unsigned int which = (unsigned int)ktap_below(t, 2);
		u32 *words = kmap_local_page(turns->page[which]);

		if (*words != which)
			__atomic_fetch_add(&turns->wrong, 1, __ATOMIC_RELAXED);
		kunmap_local(words);
		cpu_release();
	}
	machine_leave();
	(void)i;
}

/* A machine's CPU goes from one processor to another, and its kmap_local slots with it. */
static void a_cpu_that_goes_to_another_processor_takes_its_slots_along(struct ktap *t)
{
	struct turns turns = { .m = machine_for(t, "mem=64M highmem=16M nr_cpus=1") };

	ASSERT_NOT_NULL(t, turns.m);
	for (u32 i = 0; i < 2; i++) {
		turns.page[i] = alloc_page(GFP_HIGHUSER);
		ASSERT_NOT_NULL(t, turns.page[i]);
		memcpy_to_page(turns.page[i], 0, (const char *)&i, sizeof(i));
	}
	machine_leave();
	ktap_threads(t, x86_nr_processors() + 1, look_in_turn, &turns);
	machine_enter(turns.m);
	EXPECT_EQ(t, turns.wrong, 0);
	__free_page(turns.page[0]);
	__free_page(turns.page[1]);
}

KTAP_SUITE(high_memory, KTAP_CASE(no_frame_has_an_address_that_is_not_the_machines),
	   KTAP_CASE(low_memory_ends_where_vmalloc_begins), KTAP_CASE(what_is_mapped_is_the_frame_on_every_processor),
	   KTAP_CASE(pages_hold_what_was_written_however_they_are_mapped),
	   KTAP_CASE(a_cpu_that_goes_to_another_processor_takes_its_slots_along));
