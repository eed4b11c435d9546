/* SPDX-License-Identifier: MIT */
/* test_page_init.c - memory maps become zones, descriptors are made when wanted, each invariant can be broken. */
#include "mm/buddy.h"
#include "mm/fault_inject.h"
#include "tests/page_machine.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)

static unsigned long managed_sum(struct machine *m)
{
	unsigned long sum = 0;

	for (unsigned int i = 0; i < m->nr_zones; i++)
		sum += m->zones[i]->managed_pages;
	return sum;
}

static void expect_zone(struct ktap *t, struct machine *m, int nid, enum zone_type type, pfn_t start, pfn_t end)
{
	const struct zone *zone = zone_named(m, nid, type);

	EXPECT_EQ(t, zone->start_pfn, start);
	EXPECT_EQ(t, zone_end_pfn(zone), end);
}

static void a_pc_has_dma_dma32_and_normal(struct ktap *t)
{
	FOR_64_BITS(t);
	struct memory_range map[8];
	unsigned int nr = memory_map_of_pc(6 * GIB, map);
	struct machine *m = machine_for_config(t, &(struct machine_config){ .map = map, .nr_ranges = nr });

	ASSERT(t, m);
	EXPECT_EQ(t, m->nr_zones, 3u);
	expect_zone(t, m, 0, ZONE_DMA, 1, 4096);
	expect_zone(t, m, 0, ZONE_DMA32, 4096, 1048576);
	expect_zone(t, m, 0, ZONE_NORMAL, 1048576, 1048576 + 3 * GIB / PAGE_SIZE);
	EXPECT(t, !zone_populated(zone_named(m, 0, ZONE_HIGHMEM)));
	EXPECT(t, !zone_populated(zone_named(m, 0, ZONE_MOVABLE)));
	zones_hold(t, m);
}

static void i386_has_low_memory_to_896_mib_and_high_above(struct ktap *t)
{
	struct machine *m = machine_for(t, "kmem.layout=i386 mem=1G");

	ASSERT(t, m);
	expect_zone(t, m, 0, ZONE_DMA, 1, 4096);
	expect_zone(t, m, 0, ZONE_NORMAL, 4096, 896 * MIB / PAGE_SIZE);
	expect_zone(t, m, 0, ZONE_HIGHMEM, 896 * MIB / PAGE_SIZE, GIB / PAGE_SIZE);
	EXPECT(t, !zone_populated(zone_named(m, 0, ZONE_DMA32)));
	zones_hold(t, m);
}

static void more_vmalloc_leaves_less_low_memory(struct ktap *t)
{
	struct machine *m = machine_for(t, "kmem.layout=i386 mem=1G vmalloc=256M");

	ASSERT(t, m);
	expect_zone(t, m, 0, ZONE_NORMAL, 4096, 768 * MIB / PAGE_SIZE);
	zones_hold(t, m);
}

static void highmem_takes_the_last_of_memory(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=128M highmem=32M");
	struct page *page;

	ASSERT(t, m);
	expect_zone(t, m, 0, ZONE_BULK, 4096, 96 * MIB / PAGE_SIZE);
	expect_zone(t, m, 0, ZONE_HIGHMEM, 96 * MIB / PAGE_SIZE, 128 * MIB / PAGE_SIZE);
	page = alloc_page(GFP_HIGHUSER);
	ASSERT(t, page);
	EXPECT_NULL(t, page_address(page));
	EXPECT_STR(t, page_zone_name(page), "HighMem");
	__free_page(page);
	zones_hold(t, m);
}

static void movablecore_takes_the_end_of_the_highest_zone(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=256M movablecore=64M");
	struct page *page;

	ASSERT(t, m);
	EXPECT_EQ(t, zone_named(m, 0, ZONE_MOVABLE)->present_pages, 64 * MIB / PAGE_SIZE);
	EXPECT_EQ(t, zone_end_pfn(zone_named(m, 0, ZONE_BULK)), zone_named(m, 0, ZONE_MOVABLE)->start_pfn);
	page = alloc_page(GFP_HIGHUSER_MOVABLE);
	ASSERT(t, page);
	EXPECT_STR(t, page_zone_name(page), "Movable");
	EXPECT_NOT_NULL(t, page_address(page));
	__free_page(page);
	zones_hold(t, m);
}

static void kernelcore_leaves_the_rest_movable(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=256M kernelcore=25%");
	unsigned long movable;

	ASSERT(t, m);
	movable = zone_named(m, 0, ZONE_MOVABLE)->present_pages;
	EXPECT_GE(t, movable, 184 * MIB / PAGE_SIZE);
	EXPECT_LE(t, movable, 192 * MIB / PAGE_SIZE);
	zones_hold(t, m);
}

static void movable_memory_is_spread_over_the_nodes(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=512M numa=fake=2 movablecore=128M");

	ASSERT(t, m);
	ASSERT_EQ(t, m->nr_nodes, 2u);
	for (int nid = 0; nid < 2; nid++) {
		EXPECT_GE(t, zone_named(m, nid, ZONE_MOVABLE)->present_pages, 56 * MIB / PAGE_SIZE);
		EXPECT_LE(t, zone_named(m, nid, ZONE_MOVABLE)->present_pages, 72 * MIB / PAGE_SIZE);
	}
	zones_hold(t, m);
}

static void a_machine_of_one_zone_may_be_movable_in_part(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=12M kernelcore=7M");

	ASSERT(t, m);
	EXPECT_EQ(t, zone_end_pfn(zone_named(m, 0, ZONE_DMA)), 8 * MIB / PAGE_SIZE);
	EXPECT_EQ(t, zone_named(m, 0, ZONE_MOVABLE)->present_pages, 4 * MIB / PAGE_SIZE);
	zones_hold(t, m);
}

/* What a node is too small for, the others take: it has no movable memory then. */
static void small_nodes_are_the_kernels_alone(struct ktap *t)
{
	const struct memory_range map[] = {
		{ 0, 128 * MIB, MEMORY_RAM, 0 }, { 128 * MIB, 16 * MIB, MEMORY_RAM, 1 },
	};
	struct machine *m = machine_for_config(t, &(struct machine_config){ .cmdline = "kernelcore=62M", .map = map,
									    .nr_ranges = 2 });

	ASSERT(t, m);
	EXPECT(t, !zone_populated(zone_named(m, 1, ZONE_MOVABLE)));
	EXPECT_EQ(t, zone_named(m, 0, ZONE_MOVABLE)->start_pfn, 48 * MIB / PAGE_SIZE);
	zones_hold(t, m);
}

/* Less than a page for each. */
static void next_to_nothing_is_the_kernels_on_some_nodes(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=256M numa=fake=4 kernelcore=8K");

	ASSERT(t, m);
	for (int nid = 1; nid < 4; nid++)
		EXPECT_GE(t, zone_named(m, nid, ZONE_MOVABLE)->present_pages, 60 * MIB / PAGE_SIZE);
	zones_hold(t, m);
}

/* ------------------------------------------------------------------------------------------------------ nodes */

static void a_node_falls_back_to_itself_then_to_the_next(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=6G numa=fake=3");
	const struct zoneref *ref;
	int last = 1, changes = 0;

	ASSERT(t, m);
	ASSERT_EQ(t, m->nr_nodes, 3u);
	ref = m->nodes[1]->fallback->ref;
	EXPECT_EQ(t, ref->zone->nid, 1);
	for (; ref->zone; ref++) {
		if (ref->zone->nid == last)
			continue;
		EXPECT_EQ(t, ref->zone->nid, (last + 1) % 3);
		last = ref->zone->nid;
		changes++;
	}
	EXPECT_EQ(t, changes, 2);
	for (ref = m->nodes[1]->this_node->ref; ref->zone; ref++)
		EXPECT_EQ(t, ref->zone->nid, 1);
	zones_hold(t, m);
}

/* What boot takes of each is one piece of memory: there is room for 256. */
static void there_may_be_as_many_nodes_as_numa_fake_takes(struct ktap *t)
{
	struct machine *m = machine_for(t, sizeof(long) == 8 ? "mem=1G numa=fake=64 movablecore=50% nr_cpus=64"
							     : "mem=512M numa=fake=8 movablecore=50% nr_cpus=8");

	ASSERT(t, m);
	EXPECT_EQ(t, m->nr_nodes, MAX_NUMNODES);
	EXPECT_LT(t, m->memblock.reserved.nr, 4 * MAX_NUMNODES);
	for (unsigned int nid = 0; nid < m->nr_nodes; nid++)
		EXPECT(t, m->nodes[nid]->present_pages);
	zones_hold(t, m);
}

static void nodes_may_interleave(struct ktap *t)
{
	const struct memory_range map[] = {
		{ 0, 32 * MIB, MEMORY_RAM, 0 },		{ 32 * MIB, 33 * MIB, MEMORY_RAM, 1 },
		{ 65 * MIB, 31 * MIB, MEMORY_RAM, 0 },	{ 96 * MIB, 32 * MIB, MEMORY_RAM, 1 },
	};
	struct machine *m = machine_for_config(t, &(struct machine_config){ .map = map, .nr_ranges = 4 });
	struct taken taken = { 0 };
	unsigned int blocks[2] = { 0 };
	struct page *page;

	ASSERT(t, m);
	EXPECT_EQ(t, zone_named(m, 0, ZONE_BULK)->present_pages, 47 * MIB / PAGE_SIZE);
	EXPECT_EQ(t, zone_named(m, 1, ZONE_BULK)->present_pages, 65 * MIB / PAGE_SIZE);
	zones_hold(t, m);
	take_all(&taken, GFP_NOWAIT | __GFP_NOWARN, 0);
	zones_hold(t, m);
	put_all(&taken);
	drain_all_pages();
	zones_hold(t, m);
	/* The pageblock from 64 MiB on is half the one node's, half the other's: each keeps its own blocks. */
	page = machine_page(m, 64 * MIB / PAGE_SIZE);
	highatomic_reserve(zone_named(m, 0, ZONE_BULK), page + PAGEBLOCK_PAGES / 2, 0, MIGRATE_UNMOVABLE);
	for (unsigned int i = 0; i < PAGEBLOCK_PAGES; i++)
		if (page_is_buddy(page + i)) {
			blocks[page_zone(page + i)->nid]++;
			EXPECT_EQ(t, page[i].free_type == MIGRATE_HIGHATOMIC, page_zone(page + i)->nid == 0);
		}
	EXPECT(t, blocks[0] && blocks[1]);
	zones_hold(t, m);
}

static void holes_and_ragged_ends_are_left_out(struct ktap *t)
{
	const struct memory_range map[] = {
		{ 3 * PAGE_SIZE + 7, 5 * MIB + 100, MEMORY_RAM, 0 },
		{ 9 * MIB + 5 * PAGE_SIZE, 40 * MIB, MEMORY_RAM, 0 },
		{ 11 * MIB + 12345, 77777, MEMORY_RESERVED, 0 },
		{ 64 * MIB, 3 * PAGE_SIZE, MEMORY_RAM, 0 },
	};
	struct machine *m = machine_for_config(t, &(struct machine_config){ .map = map, .nr_ranges = 4 });
	struct taken taken = { 0 };

	ASSERT(t, m);
	zones_hold(t, m);
	EXPECT(t, !pfn_valid(0));
	EXPECT(t, !pfn_valid(7 * MIB / PAGE_SIZE));
	EXPECT(t, !pfn_valid(m->max_pfn));
	EXPECT(t, pfn_valid(10 * MIB / PAGE_SIZE));
	EXPECT(t, virt_addr_valid(__va(10 * MIB)));
	EXPECT(t, !virt_addr_valid(__va(7 * MIB)));
	take_all(&taken, GFP_NOWAIT | __GFP_NOWARN, 0);
	for (struct page *page = taken.last; page; page = (struct page *)page->index)
		if (!memblock_is_memory(&m->memblock, page_to_phys(page)) ||
		    memblock_is_reserved(&m->memblock, page_to_phys(page))) {
			ktap_fail(t, "pfn %lu is not free memory", page_to_pfn(page));
			break;
		}
	put_all(&taken);
	drain_all_pages();
	zones_hold(t, m);
}

/* ------------------------------------------------------------------------------------------------- deferred blocks */

static unsigned long described_frames(struct machine *m)
{
	unsigned long frames = 0;

	for (pfn_t pfn = 0; pfn < m->max_pfn; pfn++)
		frames += pfn_described(m, pfn);
	return frames;
}

static void booting_describes_little_however_large_the_machine(struct ktap *t)
{
	struct machine *m = machine_for(t, sizeof(long) == 8 ? "mem=64G" : "mem=32G");
	struct machine *huge;

	ASSERT(t, m);
	EXPECT_LT(t, described_frames(m), 6 * MAX_BLOCK_PAGES);
	EXPECT_EQ(t, nr_free_pages() + 200000 > managed_sum(m), true);
	zones_hold(t, m);
	if (sizeof(long) == 4)
		return;
	huge = machine_boot(&(struct machine_config){ .cmdline = "mem=1T" });
	ASSERT(t, huge);
	EXPECT_GE(t, zone_named(huge, 0, ZONE_NORMAL)->deferred_blocks, 250000ul);
	machine_shutdown(huge);
}

/* Whole blocks of what boot itself has taken are described when someone names a frame of them. */
static void reserved_blocks_are_described_when_they_are_named(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=16G nr_cpus=1");
	pfn_t pfn, found = 0;
	char text[128];

	FOR_64_BITS(t);		/* what boot takes there is less than a block */
	ASSERT(t, m);
	for (pfn = MAX_BLOCK_PAGES; pfn < m->max_pfn && !found; pfn += MAX_BLOCK_PAGES)
		if (memblock_is_reserved(&m->memblock, (u64)pfn << PAGE_SHIFT) && !pfn_described(m, pfn))
			found = pfn + 7;
	ASSERT_NE(t, found, 0);
	kmem_explain_page(m, machine_page(m, found), text, sizeof(text));
	EXPECT_CONTAINS(t, text, "page reserved at boot; pfn ");
	fault_arm(m, FAULT_BIT(FAULT_DESCRIBE), 1, false);
	EXPECT(t, !pfn_valid(found));		/* no memory for descriptors */
	fault_disarm(m);
	EXPECT(t, !pfn_described(m, found));
	EXPECT(t, pfn_valid(found));
	EXPECT(t, machine_page(m, found)->flags & 1ul << PG_reserved);
	EXPECT_EQ(t, machine_page(m, found)->_refcount.counter, 1);
	zones_hold(t, m);
}

/* Of the node in the middle, whose frames a zone of the other node spans. */
static void reserved_blocks_are_of_their_own_node(struct ktap *t)
{
	const struct memory_range map[] = {
		{ 0, 16 * GIB, MEMORY_RAM, 0 }, { 16 * GIB, 16 * GIB, MEMORY_RAM, 1 }, { 32 * GIB, GIB, MEMORY_RAM, 0 },
	};
	struct machine *m;
	pfn_t found = 0;
	char text[128];

	FOR_64_BITS(t);		/* what boot takes there is less than a block */
	m = machine_for_config(t, &(struct machine_config){ .map = map, .nr_ranges = 3, .cmdline = "nr_cpus=1" });
	ASSERT(t, m);
	for (pfn_t pfn = 16 * GIB / PAGE_SIZE; pfn < 32 * GIB / PAGE_SIZE && !found; pfn += MAX_BLOCK_PAGES)
		if (memblock_is_reserved(&m->memblock, (u64)pfn << PAGE_SHIFT) && !pfn_described(m, pfn))
			found = pfn;
	ASSERT_NE(t, found, 0);
	kmem_explain_page(m, machine_page(m, found), text, sizeof(text));
	EXPECT_CONTAINS(t, text, "node 1");
	EXPECT(t, pfn_valid(found));
	EXPECT_EQ(t, page_to_nid(machine_page(m, found)), 1);
	zones_hold(t, m);
}

static void deferred_blocks_count_as_free(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=1G");
	unsigned long free = 0;

	ASSERT(t, m);
	drain_all_pages();
	for (unsigned int i = 0; i < m->nr_zones; i++)
		for (unsigned int order = 0; order <= MAX_ORDER; order++)
			free += buddy_count(m->zones[i], order) << order;
	EXPECT_EQ(t, free, nr_free_pages());
	EXPECT_GT(t, zone_named(m, 0, ZONE_BULK)->deferred_blocks, 200ul);
	EXPECT(t, buddy_has(zone_named(m, 0, ZONE_BULK), MAX_ORDER, MIGRATE_MOVABLE));
}

static void growing_changes_no_count(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=256M");
	struct zone *zone;
	unsigned long flags, blocks, free;
	bool grown = true;

	ASSERT(t, m);
	zone = zone_named(m, 0, ZONE_BULK);
	blocks = buddy_count(zone, MAX_ORDER);
	free = (unsigned long)zone_page_state(zone, NR_FREE_PAGES);
	while (grown) {
		spin_lock_irqsave(&zone->lock, flags);
		grown = zone_grow(zone);
		spin_unlock_irqrestore(&zone->lock, flags);
		EXPECT_EQ(t, buddy_count(zone, MAX_ORDER), blocks);
		EXPECT_EQ(t, zone_page_state(zone, NR_FREE_PAGES), (long)free);
	}
	EXPECT_EQ(t, zone->deferred_blocks, 0ul);
	zones_hold(t, m);
}

static void all_deferred_memory_can_be_had(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=256M");
	struct taken taken = { 0 };

	ASSERT(t, m);
	take_all(&taken, GFP_ATOMIC | __GFP_MEMALLOC | __GFP_NOWARN, 0);
	EXPECT_EQ(t, nr_free_pages(), 0ul);
	EXPECT_GT(t, taken.nr, 60000ul);
	put_all(&taken);
	drain_all_pages();
	zones_hold(t, m);
}

static void naming_a_deferred_frame_describes_its_block(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=2G");
	struct zone *zone;
	unsigned long free;

	ASSERT(t, m);
	zone = zone_named(m, 0, ZONE_BULK);
	free = nr_free_pages();
	/* Every other block, until there is no room for another range, and some more. */
	for (pfn_t pfn = 100 * MAX_BLOCK_PAGES + 77; pfn < 200 * MAX_BLOCK_PAGES; pfn += 2 * MAX_BLOCK_PAGES) {
		ASSERT(t, !pfn_described(m, pfn) || zone->nr_deferred == MAX_DEFERRED);
		ASSERT(t, pfn_valid(pfn));
		ASSERT(t, pfn_described(m, pfn));
		ASSERT_LE(t, zone->nr_deferred, (unsigned int)MAX_DEFERRED);
		ASSERT(t, zones_hold(t, m));
	}
	EXPECT_EQ(t, zone->nr_deferred, (unsigned int)MAX_DEFERRED);
	EXPECT_EQ(t, nr_free_pages(), free);
	EXPECT(t, virt_addr_valid(__va(150 * MAX_BLOCK_PAGES * PAGE_SIZE)));
	EXPECT(t, !virt_addr_valid(__va((phys_addr_t)m->max_pfn * PAGE_SIZE)));
	EXPECT(t, !virt_addr_valid(&free));
	zones_hold(t, m);
}

/* Every other block of [first, end), until the zone has no slot for one more range. */
static pfn_t cut_until_full(struct ktap *t, struct zone *zone, pfn_t first, pfn_t end)
{
	pfn_t pfn = first;

	for (; zone->nr_deferred < MAX_DEFERRED && pfn < end; pfn += 2 * MAX_BLOCK_PAGES)
		EXPECT(t, zone_describe(zone, pfn));
	return pfn;
}

/* From a range's front, its end, its middle; and where a middle leaves two rests and there is room for one. */
static void a_block_is_cut_from_any_place_of_a_range(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=2G");
	struct zone *zone;
	unsigned long blocks;
	struct pfn_range last;
	unsigned int nr;
	pfn_t at;

	ASSERT_NOT_NULL(t, m);
	zone = zone_named(m, 0, ZONE_BULK);
	ASSERT_GT(t, zone->nr_deferred, 0);
	nr = zone->nr_deferred;
	last = zone->deferred[nr - 1];
	ASSERT_GT(t, last.end - last.start, 60ul * MAX_BLOCK_PAGES);
	fault_arm(m, FAULT_BIT(FAULT_DESCRIBE), 1, false);
	EXPECT(t, !zone_describe(zone, last.end - 1));	/* the host has no more */
	fault_disarm(m);
	EXPECT_EQ(t, zone->deferred[nr - 1].end, last.end);
	EXPECT(t, zone_describe(zone, last.end - 1));
	EXPECT_EQ(t, zone->deferred[nr - 1].end, last.end - MAX_BLOCK_PAGES);
	EXPECT(t, zone_describe(zone, last.start));
	EXPECT_EQ(t, zone->deferred[nr - 1].start, last.start + MAX_BLOCK_PAGES);
	EXPECT(t, zone_describe(zone, last.start));	/* it is already */
	EXPECT_EQ(t, zone->nr_deferred, nr);
	/* A cut in the first of two moves the second up. */
	EXPECT(t, zone_describe(zone, last.end - 8 * MAX_BLOCK_PAGES));
	EXPECT(t, zone_describe(zone, last.start + 2 * MAX_BLOCK_PAGES));
	EXPECT_EQ(t, zone->nr_deferred, nr + 2);
	zones_hold(t, m);
	at = cut_until_full(t, zone, last.start + 4 * MAX_BLOCK_PAGES, last.end);
	ASSERT_EQ(t, zone->nr_deferred, MAX_DEFERRED);
	/* The shorter rest comes along: two blocks below, then two above. */
	blocks = zone->deferred_blocks;
	EXPECT(t, zone_describe(zone, at + MAX_BLOCK_PAGES));
	EXPECT_EQ(t, zone->deferred_blocks, blocks - 3);
	EXPECT(t, zone_describe(zone, last.end - 10 * MAX_BLOCK_PAGES));
	EXPECT_EQ(t, zone->deferred_blocks, blocks - 5);
	EXPECT_EQ(t, zone->nr_deferred, MAX_DEFERRED);
	zones_hold(t, m);
	/* From an end there is only one rest. */
	last = zone->deferred[MAX_DEFERRED - 1];
	ASSERT_GE(t, last.end - last.start, 3ul * MAX_BLOCK_PAGES);
	EXPECT(t, zone_describe(zone, last.start));
	EXPECT(t, zone_describe(zone, last.end - 1));
	EXPECT_EQ(t, zone->deferred_blocks, blocks - 7);
	zones_hold(t, m);
}

static void movable_memory_by_share(struct ktap *t)
{
	static const char *const all_kernel[] = { "mem=256M movablecore=0%", "mem=256M kernelcore=1T" };
	struct machine *m = machine_for(t, "mem=256M movablecore=25%");

	ASSERT_NOT_NULL(t, m);
	EXPECT_EQ(t, zone_named(m, 0, ZONE_MOVABLE)->spanned_pages, (64ul << 20) >> PAGE_SHIFT);
	for (unsigned int i = 0; i < ARRAY_SIZE(all_kernel); i++) {
		m = machine_for(t, all_kernel[i]);
		ASSERT_NOT_NULL(t, m);
		EXPECT(t, !zone_populated(zone_named(m, 0, ZONE_MOVABLE)));
	}
	/* More movable memory than there is memory: the kernel keeps what no other zone gives. */
	m = machine_for(t, "mem=256M movablecore=1T");
	ASSERT_NOT_NULL(t, m);
	EXPECT(t, zone_populated(zone_named(m, 0, ZONE_DMA)));
	zones_hold(t, m);
}

static void many_ranges_are_described_at_boot(struct ktap *t)
{
	struct memory_range map[40];
	struct machine *m;
	struct taken taken = { 0 };

	for (unsigned int i = 0; i < 40; i++)
		map[i] = (struct memory_range){ (64 + i * 24) * MIB, 16 * MIB, MEMORY_RAM, 0 };
	m = machine_for_config(t, &(struct machine_config){ .map = map, .nr_ranges = 40 });
	ASSERT(t, m);
	EXPECT_EQ(t, zone_named(m, 0, ZONE_BULK)->nr_deferred <= MAX_DEFERRED, true);
	zones_hold(t, m);
	take_all(&taken, GFP_NOWAIT | __GFP_NOWARN, 9);
	EXPECT_GT(t, taken.nr, 140000ul);
	put_all(&taken);
	drain_all_pages();
	zones_hold(t, m);
}

static void addresses_are_arithmetic(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *page;
	char *address;

	ASSERT(t, m);
	page = alloc_page(GFP_KERNEL);
	ASSERT(t, page);
	address = page_address(page);
	EXPECT_EQ(t, virt_to_page(address + 100), page);
	EXPECT_EQ(t, pfn_to_page(page_to_pfn(page)), page);
	EXPECT_EQ(t, __pa(address), page_to_phys(page));
	EXPECT_EQ(t, __va(page_to_phys(page)), (void *)address);
	EXPECT_EQ(t, page_to_nid(page), 0);
	EXPECT_EQ(t, page_zone(page), zone_named(m, 0, ZONE_BULK));
	EXPECT_EQ(t, totalram_pages(), managed_sum(m));
	__free_page(page);
}

/* ------------------------------------------------------------------------------------------ breaking invariants */

static void expect_fault(struct ktap *t, struct machine *m, const char *id)
{
	struct kmem_fault fault = { .id = "none" };

	EXPECT(t, !zones_check(m, &fault));
	EXPECT_STR(t, fault.id, id);
}

static void z1_overlapping_zones_are_found(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");

	ASSERT(t, m);
	zone_named(m, 0, ZONE_DMA)->spanned_pages++;
	expect_fault(t, m, "Z1");
	zone_named(m, 0, ZONE_DMA)->spanned_pages--;
	zone_named(m, 0, ZONE_DMA)->managed_pages += 5000;
	expect_fault(t, m, "Z1");
	zone_named(m, 0, ZONE_DMA)->managed_pages -= 5000;
	zones_hold(t, m);
}

static void z2_a_wrong_tag_is_found(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *page;

	ASSERT(t, m);
	page = alloc_page(GFP_KERNEL);
	ASSERT(t, page);
	page->flags ^= 1ul << PAGE_ZONE_SHIFT;
	expect_fault(t, m, "Z2");
	page->flags ^= 1ul << PAGE_ZONE_SHIFT;
	__free_page(page);
	zones_hold(t, m);
}

static void d1_a_wrong_deferred_range_is_found(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=256M");
	struct zone *zone;

	ASSERT(t, m);
	zone = zone_named(m, 0, ZONE_BULK);
	ASSERT(t, zone->nr_deferred);
	zone->deferred[0].end--;
	expect_fault(t, m, "D1");
	zone->deferred[0].end++;
	zone->deferred_blocks++;
	expect_fault(t, m, "D1");
	zone->deferred_blocks--;
	zones_hold(t, m);
}

KTAP_SUITE(page_init, KTAP_CASE(a_pc_has_dma_dma32_and_normal),
	   KTAP_CASE(i386_has_low_memory_to_896_mib_and_high_above), KTAP_CASE(more_vmalloc_leaves_less_low_memory),
	   KTAP_CASE(highmem_takes_the_last_of_memory), KTAP_CASE(movablecore_takes_the_end_of_the_highest_zone),
	   KTAP_CASE(kernelcore_leaves_the_rest_movable), KTAP_CASE(movable_memory_is_spread_over_the_nodes),
	   KTAP_CASE(a_node_falls_back_to_itself_then_to_the_next), KTAP_CASE(nodes_may_interleave),
	   KTAP_CASE(there_may_be_as_many_nodes_as_numa_fake_takes),
	   KTAP_CASE(holes_and_ragged_ends_are_left_out),
	   KTAP_CASE(booting_describes_little_however_large_the_machine),
	   KTAP_CASE(reserved_blocks_are_described_when_they_are_named),
	   KTAP_CASE(reserved_blocks_are_of_their_own_node),
	   KTAP_CASE(deferred_blocks_count_as_free),
	   KTAP_CASE(growing_changes_no_count), KTAP_CASE(all_deferred_memory_can_be_had),
	   KTAP_CASE(naming_a_deferred_frame_describes_its_block), KTAP_CASE(many_ranges_are_described_at_boot),
	KTAP_CASE(a_block_is_cut_from_any_place_of_a_range), KTAP_CASE(movable_memory_by_share),
	   KTAP_CASE(addresses_are_arithmetic), KTAP_CASE(z1_overlapping_zones_are_found),
	   KTAP_CASE(z2_a_wrong_tag_is_found), KTAP_CASE(d1_a_wrong_deferred_range_is_found),
	   KTAP_CASE(a_machine_of_one_zone_may_be_movable_in_part),
	   KTAP_CASE(small_nodes_are_the_kernels_alone),
	   KTAP_CASE(next_to_nothing_is_the_kernels_on_some_nodes));
