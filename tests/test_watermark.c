/* SPDX-License-Identifier: MIT */
/*
 * test_watermark.c - figures of real Linux 6.1 machines, and what they mean for a request.
 *
 * The kernel set its watermarks before it freed its boot code, so a sample's managed pages are those of its zoneinfo
 * less that code (about 530 pages of the i386 kernels, 2,336 of the amd64 ones).
 */
#include "mm/buddy.h"
#include "mm/pcp.h"
#include "tests/page_machine.h"

/* A machine's zones with a sample's numbers, put in place of its own for one calculation. */
struct zone_sample {
	enum zone_type type;
	int nid;
	unsigned long managed, min, low, high;
	long reserve[MAX_NR_ZONES];
	int batch;
};

struct sample {
	const char *cmdline;
	unsigned long min_free_kbytes;
	struct zone_sample zones[4];
};

static const struct sample samples[] = {
	{ "mem=1G transparent_hugepage=always", 45056, {
		{ ZONE_DMA, 0, 3840, 179, 223, 267, { 0, 927, 927, 927, 927 }, 1 },
		{ ZONE_DMA32, 0, 237456, 11084, 13855, 16626, { 0, 0, 0, 0, 0 }, 63 } } },
	{ "mem=6G transparent_hugepage=always", 67584, {
		{ ZONE_DMA, 0, 3840, 42, 52, 62, { 0, 2938, 5892, 5892, 5892 }, 1 },
		{ ZONE_DMA32, 0, 752266, 8404, 10505, 12606, { 0, 0, 2953, 2953, 2953 }, 63 },
		{ ZONE_NORMAL, 0, 756163, 8448, 10560, 12672, { 0, 0, 0, 0, 0 }, 63 } } },
	{ "kmem.layout=i386 mem=1G transparent_hugepage=always", 42912, {
		{ ZONE_DMA, 0, 3840, 190, 237, 284, { 0, 0, 828, 972, 972 }, 1 },
		{ ZONE_NORMAL, 0, 212122, 10537, 13171, 15805, { 0, 0, 0, 1151, 1151 }, 63 },
		{ ZONE_HIGHMEM, 0, 36834, 35, 492, 949, { 0, 0, 0, 0, 0 }, 7 } } },
	{ "kmem.layout=i386 mem=3G transparent_hugepage=always", 41888, {
		{ ZONE_DMA, 0, 3840, 190, 237, 284, { 0, 0, 808, 3000, 3000 }, 1 },
		{ ZONE_NORMAL, 0, 206985, 10281, 12851, 15421, { 0, 0, 0, 17535, 17535 }, 63 },
		{ ZONE_HIGHMEM, 0, 561122, 128, 7095, 14062, { 0, 0, 0, 0, 0 }, 63 } } },
	{ "kmem.layout=i386 mem=512M", 2806, {
		{ ZONE_DMA, 0, 3840, 21, 26, 31, { 0, 0, 465, 465, 465 }, 1 },
		{ ZONE_NORMAL, 0, 119260, 679, 848, 1017, { 0, 0, 0, 0, 0 }, 31 } } },
};

static void sample_check(struct ktap *t, const struct sample *sample, bool thp)
{
	struct machine *m = machine_for(t, sample->cmdline);
	unsigned long managed[4] = { 0 };

	ASSERT(t, m);
	m->params.thp = thp;
	for (int i = 0; i < 4 && sample->zones[i].managed; i++) {
		struct zone *zone = zone_named(m, sample->zones[i].nid, sample->zones[i].type);

		managed[i] = zone->managed_pages;
		zone->managed_pages = sample->zones[i].managed;
	}
	watermarks_init(m);
	EXPECT_EQ(t, m->min_free_kbytes, sample->min_free_kbytes);
	for (int i = 0; i < 4 && sample->zones[i].managed; i++) {
		const struct zone_sample *want = &sample->zones[i];
		struct zone *zone = zone_named(m, want->nid, want->type);

		EXPECT_EQ(t, zone->watermark[WMARK_MIN], want->min);
		EXPECT_EQ(t, zone->watermark[WMARK_LOW], want->low);
		EXPECT_EQ(t, zone->watermark[WMARK_HIGH], want->high);
		EXPECT_EQ(t, zone->pcp_batch, want->batch);
		EXPECT_EQ(t, zone->pcp_high, (int)want->low > 4 * want->batch ? (int)want->low : 4 * want->batch);
		for (enum zone_type type = 0; type <= ZONE_MOVABLE; type++)
			EXPECT_EQ(t, zone->lowmem_reserve[type], want->reserve[type]);
	}
	for (int i = 0; i < 4 && sample->zones[i].managed; i++)
		zone_named(m, sample->zones[i].nid, sample->zones[i].type)->managed_pages = managed[i];
	watermarks_init(m);
}

static void amd64_with_1_gib(struct ktap *t)
{
	FOR_64_BITS(t);
	sample_check(t, &samples[0], true);
}

static void amd64_with_6_gib(struct ktap *t)
{
	FOR_64_BITS(t);
	sample_check(t, &samples[1], true);
}

static void i386_with_1_gib(struct ktap *t)
{
	sample_check(t, &samples[2], true);
}

static void i386_with_3_gib(struct ktap *t)
{
	sample_check(t, &samples[3], true);
}

static void c12_min_free_kbytes_by_the_formula(struct ktap *t)
{
	sample_check(t, &samples[4], false);
}

/* High memory is not for buffers. */
static void what_is_free_for_buffers(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=128M highmem=64M");
	unsigned long pages = 0;

	ASSERT(t, m);
	for (unsigned int i = 0; i < m->nr_zones; i++)
		if (m->zones[i]->type != ZONE_HIGHMEM)
			pages += m->zones[i]->managed_pages - m->zones[i]->watermark[WMARK_HIGH];
	EXPECT_EQ(t, nr_free_buffer_pages(), pages);
	EXPECT_LE(t, pages, 64ul << 20 >> PAGE_SHIFT);
}

static void c12_min_free_kbytes_is_clamped(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=8M");

	ASSERT(t, m);
	m->params.thp = false;
	for (unsigned int i = 0; i < m->nr_zones; i++)
		m->zones[i]->managed_pages = 100;
	watermarks_init(m);
	EXPECT_EQ(t, m->min_free_kbytes, 128ul);
	if (sizeof(long) == 4)		/* less than 2^32 pages are never enough for the most */
		return;
	for (unsigned int i = 0; i < m->nr_zones; i++)
		m->zones[i]->managed_pages = ~0ul >> 23;
	watermarks_init(m);
	EXPECT_EQ(t, m->min_free_kbytes, 262144ul);
}

static void a_given_min_free_kbytes_is_kept(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M sysctl.vm.min_free_kbytes=4096 transparent_hugepage=never");
	unsigned long sum = 0;

	ASSERT(t, m);
	m->params.thp = false;
	watermarks_init(m);
	for (unsigned int i = 0; i < m->nr_zones; i++)
		sum += m->zones[i]->watermark[WMARK_MIN];
	EXPECT_EQ(t, m->min_free_kbytes, 4096ul);
	EXPECT_GE(t, sum, 1024ul - m->nr_zones);
	EXPECT_LE(t, sum, 1024ul);
}

static void more_than_huge_pages_want_is_kept(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=1G sysctl.vm.min_free_kbytes=131072 transparent_hugepage=always");

	ASSERT(t, m);
	ASSERT(t, m->params.thp);
	EXPECT_EQ(t, m->min_free_kbytes, 131072ul);
	m->params.min_free_kbytes = 1000;
	watermarks_init(m);
	EXPECT_GT(t, m->min_free_kbytes, 1000ul);
}

/* --------------------------------------------------------------------------------------------- what they mean */

static void c09_a_page_is_granted_only_above_mark_and_reserve(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct zone *zone;

	ASSERT(t, m);
	zone = zone_named(m, 0, ZONE_DMA);
	ASSERT_GT(t, zone->lowmem_reserve[ZONE_NORMAL], 0l);
	EXPECT(t, !zone_watermark_ok_pages(zone, 0, 100, ZONE_NORMAL, 0, 100 + zone->lowmem_reserve[ZONE_NORMAL]));
	EXPECT(t, zone_watermark_ok_pages(zone, 0, 100, ZONE_NORMAL, 0, 101 + zone->lowmem_reserve[ZONE_NORMAL]));
	EXPECT(t, zone_watermark_ok_pages(zone, 0, 100, ZONE_DMA, 0, 101));
	EXPECT(t, !zone_watermark_ok_pages(zone, 0, 100, ZONE_DMA, 0, 100));
}

static void c09_pages_of_a_block_but_one_do_not_count(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct zone *zone;

	ASSERT(t, m);
	zone = zone_named(m, 0, ZONE_DMA);
	EXPECT(t, !zone_watermark_ok_pages(zone, 3, 100, ZONE_DMA, 0, 107));
	EXPECT(t, zone_watermark_ok_pages(zone, 3, 100, ZONE_DMA, 0, 108));
}

static void c09_the_reserve_of_atomic_blocks_does_not_count(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct zone *zone;

	ASSERT(t, m);
	zone = zone_named(m, 0, ZONE_DMA);
	zone->nr_reserved_highatomic = 512;
	EXPECT(t, !zone_watermark_ok_pages(zone, 0, 100, ZONE_DMA, 0, 612));
	EXPECT(t, zone_watermark_ok_pages(zone, 0, 100, ZONE_DMA, 0, 613));
	EXPECT(t, zone_watermark_ok_pages(zone, 0, 100, ZONE_DMA, ALLOC_HARDER, 101));
	zone->nr_reserved_highatomic = 0;
}

static void c10_high_priority_gets_half_and_atomic_five_eighths(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct zone *zone;

	ASSERT(t, m);
	zone = zone_named(m, 0, ZONE_DMA);
	EXPECT(t, !zone_watermark_ok_pages(zone, 0, 800, ZONE_DMA, ALLOC_HIGH, 400));
	EXPECT(t, zone_watermark_ok_pages(zone, 0, 800, ZONE_DMA, ALLOC_HIGH, 401));
	EXPECT(t, !zone_watermark_ok_pages(zone, 0, 800, ZONE_DMA, ALLOC_HIGH | ALLOC_HARDER, 300));
	EXPECT(t, zone_watermark_ok_pages(zone, 0, 800, ZONE_DMA, ALLOC_HIGH | ALLOC_HARDER, 301));
	EXPECT(t, zone_watermark_ok_pages(zone, 0, 800, ZONE_DMA, ALLOC_HARDER, 601));
	EXPECT(t, !zone_watermark_ok_pages(zone, 0, 800, ZONE_DMA, ALLOC_HARDER, 600));
	EXPECT(t, !zone_watermark_ok_pages(zone, 0, 800, ZONE_DMA, 0, 800));
}

static void a_large_order_needs_a_block_of_it(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct taken small = { 0 };
	struct zone *zone;

	ASSERT(t, m);
	zone = zone_named(m, 0, ZONE_BULK);
	EXPECT(t, zone_watermark_ok(zone, 10, 0, ZONE_NORMAL, 0));
	while (buddy_count(zone, 10) && page_take(&small, GFP_KERNEL, 10))
		;
	EXPECT(t, !zone_watermark_ok_pages(zone, 10, 0, ZONE_NORMAL, 0, 1 << 20));
	put_all(&small);
	EXPECT(t, zone_watermark_ok(zone, 10, 0, ZONE_NORMAL, 0));
}

KTAP_SUITE(watermark, KTAP_CASE(amd64_with_1_gib), KTAP_CASE(amd64_with_6_gib), KTAP_CASE(i386_with_1_gib),
	   KTAP_CASE(i386_with_3_gib), KTAP_CASE(c12_min_free_kbytes_by_the_formula),
	   KTAP_CASE(what_is_free_for_buffers),
	   KTAP_CASE(c12_min_free_kbytes_is_clamped), KTAP_CASE(a_given_min_free_kbytes_is_kept),
	   KTAP_CASE(c09_a_page_is_granted_only_above_mark_and_reserve),
	   KTAP_CASE(c09_pages_of_a_block_but_one_do_not_count),
	   KTAP_CASE(c09_the_reserve_of_atomic_blocks_does_not_count),
	   KTAP_CASE(c10_high_priority_gets_half_and_atomic_five_eighths),
	   KTAP_CASE(a_large_order_needs_a_block_of_it),
	   KTAP_CASE(more_than_huge_pages_want_is_kept));
