/* SPDX-License-Identifier: MIT */
/*
 * test_page_alloc.c - what a request for pages may rely on: contracts C01 to C21, then how blocks are chosen, then the
 * reports, then each invariant of the free lists broken on purpose.
 *
 * mem=64M machines have a pcp batch of one page, so that a zone's free pages can be told to the page.
 */
#include <kmem/reclaim.h>
#include <linux/highmem.h>
#include <linux/sched/mm.h>
#include "mm/buddy.h"
#include "mm/fault_inject.h"
#include "mm/vmscan.h"
#include "tests/page_machine.h"

#define GFP_TRY __GFP_NOWARN		/* wakes nobody, so that nothing else moves */

static struct zone *dma32(struct machine *m)
{
	return zone_named(m, 0, ZONE_BULK);
}

/* ------------------------------------------------------------------------------------------------- C01 to C08 */

#define LIVE 500

static void c01_blocks_are_aligned_contiguous_and_disjoint(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	static u8 owned[64 << 8];
	struct page *pages[LIVE] = { 0 };
	unsigned int orders[LIVE];

	ASSERT(t, m);
	memset(owned, 0, sizeof(owned));
	for (int step = 0; step < 20000 && !ktap_failed(t); step++) {
		unsigned int i = (unsigned int)ktap_below(t, LIVE);
		pfn_t pfn;

		if (pages[i]) {
			memset(owned + page_to_pfn(pages[i]), 0, 1ul << orders[i]);
			__free_pages(pages[i], orders[i]);
			pages[i] = NULL;
			continue;
		}
		orders[i] = (unsigned int)ktap_below(t, ktap_below(t, 12) + 1) % 11;
		pages[i] = alloc_pages(GFP_TRY, orders[i]);
		if (!pages[i])
			continue;
		pfn = page_to_pfn(pages[i]);
		EXPECT_EQ(t, pfn & ((1ul << orders[i]) - 1), 0ul);
		EXPECT_LE(t, pfn + (1ul << orders[i]), m->max_pfn);
		for (unsigned long k = 0; k < 1ul << orders[i]; k++)
			if (owned[pfn + k]++)
				ktap_fail(t, "pfn %lu has two owners", pfn + k);
	}
	for (unsigned int i = 0; i < LIVE; i++)
		if (pages[i])
			__free_pages(pages[i], orders[i]);
	zones_hold(t, m);
}

static void c02_counts_return_to_those_at_boot(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	unsigned long before[8][NR_ORDERS];
	struct taken taken = { 0 };

	ASSERT(t, m);
	drain_all_pages();
	for (unsigned int i = 0; i < m->nr_zones; i++)
		for (unsigned int order = 0; order < NR_ORDERS; order++)
			before[i][order] = buddy_count(m->zones[i], order);
	for (int order = MAX_ORDER; order >= 0; order--)
		take_all(&taken, GFP_TRY, (unsigned int)order);
	zones_hold(t, m);
	put_all(&taken);
	drain_all_pages();
	for (unsigned int i = 0; i < m->nr_zones; i++)
		for (unsigned int order = 0; order < NR_ORDERS; order++)
			EXPECT_EQ(t, buddy_count(m->zones[i], order), before[i][order]);
	zones_hold(t, m);
}

static void c03_an_order_above_max_is_null_with_one_warning(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");

	ASSERT(t, m);
	EXPECT_NULL(t, alloc_pages(GFP_KERNEL | __GFP_NOWARN, 11));
	EXPECT_STR(t, console_text(), "");
	EXPECT_NULL(t, alloc_pages(GFP_KERNEL, 11));
	EXPECT_NULL(t, alloc_pages(GFP_ATOMIC, 64));
	EXPECT_NULL(t, alloc_pages_node(0, GFP_KERNEL, 4000000000u));
	EXPECT_EQ(t, console_count("WARNING: CPU: "), 1u);
	EXPECT_EQ(t, console_count("------------[ cut here ]------------\n"), 1u);
}

static void freeing_an_order_above_max_is_refused(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *page;

	ASSERT(t, m);
	page = alloc_pages(GFP_KERNEL, 0);
	ASSERT(t, page);
	__free_pages(page, MAX_ORDER + 1);
	EXPECT_EQ(t, console_count("WARNING: CPU: "), 1u);
	EXPECT_EQ(t, page_count(page), 1);
	__free_pages(page, 0);
	zones_hold(t, m);
}

static void dirty(struct page *page, unsigned int order)
{
	memset(page_address(page), 0xa5, PAGE_SIZE << order);
}

static bool is_zero(const void *address, size_t bytes)
{
	const unsigned long *word = address;

	for (size_t i = 0; i < bytes / sizeof(*word); i++)
		if (word[i])
			return false;
	return true;
}

static void c05_zeroed_pages_are_zero(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");

	ASSERT(t, m);
	for (unsigned int order = 0; order <= MAX_ORDER; order++) {
		struct page *page = alloc_pages(GFP_KERNEL, order);

		ASSERT(t, page);
		dirty(page, order);
		__free_pages(page, order);
		page = alloc_pages(GFP_KERNEL | __GFP_ZERO, order);
		ASSERT(t, page);
		EXPECT(t, is_zero(page_address(page), PAGE_SIZE << order));
		__free_pages(page, order);
	}
}

/* One after the other of those that the CPU keeps, and of those that it has to fetch. */
static void c05_zeroed_pages_by_address_are_zero(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M highmem=16M");
	unsigned long pages[200];

	ASSERT(t, m);
	for (int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(pages); i++) {
			pages[i] = get_zeroed_page(i % 2 ? GFP_KERNEL : GFP_ATOMIC);
			ASSERT(t, pages[i]);
			EXPECT(t, is_zero((void *)pages[i], PAGE_SIZE));
			EXPECT_EQ(t, page_count(virt_to_page((void *)pages[i])), 1);
			dirty(virt_to_page((void *)pages[i]), 0);
		}
		for (unsigned int i = 0; i < ARRAY_SIZE(pages); i++)
			free_page(pages[i]);
	}
	zones_hold(t, m);
}

/* What it is to be refused or told for, though the CPU keeps pages that would do. */
static void a_zeroed_page_is_asked_for_as_any_other(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M highmem=16M");
	struct page *high, *bad;
	unsigned long page;

	ASSERT(t, m);
	high = alloc_page(GFP_HIGHUSER);
	page = get_zeroed_page(GFP_KERNEL);
	ASSERT(t, high && page);
	__free_page(high);
	EXPECT_EQ(t, get_zeroed_page(GFP_KERNEL | __GFP_HIGHMEM), 0ul);
	EXPECT_EQ(t, console_count("WARNING: CPU: "), 1u);
	free_page(page);
	preempt_disable();
	page = get_zeroed_page(GFP_KERNEL);
	preempt_enable();
	EXPECT_EQ(t, console_count("sleeping function called from invalid context"), 1u);
	bad = virt_to_page((void *)page);
	free_page(page);
	bad->_refcount.counter = 2;		/* by the next one's owner, who was here before */
	page = get_zeroed_page(GFP_KERNEL);
	EXPECT(t, page && virt_to_page((void *)page) != bad);
	EXPECT_EQ(t, console_count("BUG: Bad page state"), 1u);
	free_page(page);
	bad->_refcount.counter = 0;
}

static void fill_page(struct page *page, int value)
{
	memset_page(page, 0, value, PAGE_SIZE);
}

static bool page_is_zero(struct page *page)
{
	void *address = kmap_local_page(page);
	bool zero = is_zero(address, PAGE_SIZE);

	kunmap_local(address);
	return zero;
}

static void c05_zeroed_high_pages_are_zero(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M highmem=16M");

	ASSERT(t, m);
	for (unsigned int order = 0; order <= MAX_ORDER; order += 5) {
		struct page *page = alloc_pages(GFP_HIGHUSER, order);
		pfn_t pfn;

		ASSERT(t, page);
		ASSERT_NULL(t, page_address(page));
		pfn = page_to_pfn(page);
		for (unsigned int i = 0; i < 1u << order; i++)
			fill_page(page + i, 0xa5);
		__free_pages(page, order);
		page = alloc_pages(GFP_HIGHUSER | __GFP_ZERO, order);
		ASSERT(t, page);
		EXPECT_EQ(t, page_to_pfn(page), pfn);
		for (unsigned int i = 0; i < 1u << order; i++)
			EXPECT(t, page_is_zero(page + i));
		__free_pages(page, order);
	}
}

static void c06_an_exact_block_has_just_its_pages(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	static const size_t sizes[] = { 1, PAGE_SIZE, PAGE_SIZE + 1, 5 * PAGE_SIZE, 37 * PAGE_SIZE - 3,
					1000 * PAGE_SIZE };
	unsigned long before;

	ASSERT(t, m);
	drain_all_pages();
	before = nr_free_pages();
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		char *address = alloc_pages_exact(sizes[i], GFP_KERNEL | __GFP_ZERO);

		ASSERT(t, address);
		drain_all_pages();
		EXPECT_EQ(t, nr_free_pages(), before - (sizes[i] + PAGE_SIZE - 1) / PAGE_SIZE);
		EXPECT(t, is_zero(address, sizes[i] & ~7ul));
		memset(address, 0xa5, sizes[i]);
		free_pages_exact(address, sizes[i]);
		drain_all_pages();
		EXPECT_EQ(t, nr_free_pages(), before);
	}
	EXPECT_STR(t, console_text(), "");
	zones_hold(t, m);
}

static void an_exact_block_is_no_compound_one(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	char *address;

	ASSERT(t, m);
	address = alloc_pages_exact(3 * PAGE_SIZE, GFP_KERNEL | __GFP_COMP);
	ASSERT(t, address);
	EXPECT_EQ(t, console_count("WARNING:"), 1);
	EXPECT(t, !PageCompound(virt_to_page(address)));
	free_pages_exact(address, 3 * PAGE_SIZE);
	zones_hold(t, m);
}

static void c07_kernel_memory_is_never_high(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M highmem=32M");
	struct taken kernel = { 0 }, user = { 0 };

	ASSERT(t, m);
	take_all(&kernel, GFP_TRY | __GFP_MOVABLE, 0);
	for (struct page *page = kernel.last; page; page = (struct page *)page->index)
		if (page_to_pfn(page) >= m->max_low_pfn) {
			ktap_fail(t, "pfn %lu is high", page_to_pfn(page));
			break;
		}
	take_all(&user, GFP_TRY | __GFP_HIGHMEM, 0);
	EXPECT_GE(t, user.nr, 8000ul);
	put_all(&kernel);
	put_all(&user);
	zones_hold(t, m);
}

static void c07_dma_is_below_16_mib_and_dma32_below_4_gib(struct ktap *t)
{
	FOR_64_BITS(t);
	struct memory_range map[8];
	unsigned int nr = memory_map_of_pc(8ull << 30, map);
	struct machine *m = machine_for_config(t, &(struct machine_config){ .map = map, .nr_ranges = nr });
	struct taken dma = { 0 }, low = { 0 };
	struct page *page;

	ASSERT(t, m);
	page = alloc_page(GFP_KERNEL);
	ASSERT(t, page);
	EXPECT_GE(t, (u64)page_to_phys(page), 4ull << 30);
	__free_page(page);
	take_all(&dma, GFP_TRY | GFP_DMA, 0);
	EXPECT_GT(t, dma.nr, 3000ul);
	for (page = dma.last; page; page = (struct page *)page->index)
		EXPECT_LT(t, page_to_pfn(page), 4096ul);
	take_all(&low, GFP_TRY | GFP_DMA32, 10);
	EXPECT_GT(t, low.nr, 700000ul);
	for (page = low.last; page; page = (struct page *)page->index)
		EXPECT_LT(t, (u64)page_to_phys(page), 4ull << 30);
	put_all(&dma);
	put_all(&low);
	zones_hold(t, m);
}

static void c08_fallback_leaves_lower_zones_their_reserve(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M sysctl.vm.watermark_boost_factor=0");
	struct zone *dma;
	struct taken taken = { 0 };
	long left;

	ASSERT(t, m);
	dma = zone_named(m, 0, ZONE_DMA);
	EXPECT_EQ(t, dma->lowmem_reserve[ZONE_NORMAL], (long)(dma32(m)->managed_pages / 256));
	take_all(&taken, GFP_TRY, 0);
	drain_all_pages();
	left = zone_page_state(dma, NR_FREE_PAGES);
	EXPECT_LT(t, left, (long)dma->managed_pages / 2);
	EXPECT_GE(t, left, (long)zone_watermark(dma, WMARK_MIN) + dma->lowmem_reserve[ZONE_NORMAL]);
	EXPECT_LE(t, left, (long)zone_watermark(dma, WMARK_MIN) + dma->lowmem_reserve[ZONE_NORMAL] + 1);
	/* Those who want that zone have all of it down to the mark. */
	take_all(&taken, GFP_TRY | GFP_DMA, 0);
	drain_all_pages();
	EXPECT_LE(t, zone_page_state(dma, NR_FREE_PAGES), (long)zone_watermark(dma, WMARK_MIN) + 1);
	put_all(&taken);
	zones_hold(t, m);
}

static void c08_a_low_request_never_falls_back_upwards(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct taken taken = { 0 };

	ASSERT(t, m);
	take_all(&taken, GFP_TRY | GFP_DMA, 0);
	EXPECT_LT(t, taken.nr, 4096ul);
	EXPECT_GT(t, nr_free_pages(), 10000ul);
	put_all(&taken);
}

/* ------------------------------------------------------------------------------------------------- C09 to C11 */

/* The free pages at which one kind of request is refused, when every zone is down to its marks. */
static long floor_of(struct machine *m, gfp_t gfp)
{
	struct taken taken = { 0 };
	long left;

	take_all(&taken, (gfp & ~__GFP_KSWAPD_RECLAIM) | __GFP_NOWARN, 0);	/* it would free some meanwhile */
	left = zone_page_state(dma32(m), NR_FREE_PAGES);
	put_all(&taken);
	drain_all_pages();
	return left;
}

static void c10_each_kind_of_request_has_its_floor(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M sysctl.vm.watermark_boost_factor=0");
	long min;

	ASSERT(t, m);
	ASSERT_EQ(t, dma32(m)->pcp_batch, 1);
	drain_all_pages();
	min = (long)dma32(m)->watermark[WMARK_MIN];
	EXPECT_EQ(t, floor_of(m, GFP_NOWAIT), min);
	EXPECT_EQ(t, floor_of(m, __GFP_HIGH), min - min / 2);
	EXPECT_EQ(t, floor_of(m, GFP_ATOMIC), min - min / 2 - (min - min / 2) / 4);
	EXPECT_EQ(t, floor_of(m, GFP_ATOMIC | __GFP_NOMEMALLOC), min - min / 2);
	EXPECT_EQ(t, floor_of(m, GFP_NOWAIT | __GFP_MEMALLOC), 0l);
	zones_hold(t, m);
}

/* It is for reclaim; but who asks for a block, or may wait, leaves it as well. */
static void c10_a_boost_takes_no_single_page_from_atomic_requests(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M sysctl.vm.watermark_boost_factor=0");
	struct taken blocks = { 0 };
	long min, boosted;

	ASSERT(t, m);
	drain_all_pages();
	dma32(m)->watermark_boost = PAGEBLOCK_PAGES;
	min = (long)dma32(m)->watermark[WMARK_MIN];
	boosted = (long)zone_watermark(dma32(m), WMARK_MIN);
	EXPECT_EQ(t, floor_of(m, GFP_NOWAIT), boosted);
	EXPECT_EQ(t, floor_of(m, __GFP_HIGH), boosted - boosted / 2);
	EXPECT_EQ(t, floor_of(m, GFP_ATOMIC), min - min / 2 - (min - min / 2) / 4);
	take_all(&blocks, (GFP_ATOMIC & ~__GFP_KSWAPD_RECLAIM) | __GFP_NOWARN, 1);
	EXPECT_GE(t, zone_page_state(dma32(m), NR_FREE_PAGES), boosted - boosted / 2 - (boosted - boosted / 2) / 4);
	put_all(&blocks);
	dma32(m)->watermark_boost = 0;
	zones_hold(t, m);
}

static void c11_pf_memalloc_ignores_watermarks(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M sysctl.vm.watermark_boost_factor=0");
	unsigned int scope;
	long min;

	ASSERT(t, m);
	min = (long)dma32(m)->watermark[WMARK_MIN];
	scope = memalloc_noreclaim_save();
	EXPECT_EQ(t, floor_of(m, GFP_NOWAIT), 0l);
	EXPECT_EQ(t, floor_of(m, GFP_NOWAIT | __GFP_NOMEMALLOC), min);
	EXPECT_EQ(t, floor_of(m, GFP_NOWAIT | __GFP_NOMEMALLOC | __GFP_MEMALLOC), min);
	kmem_context.preempt_count += HARDIRQ_OFFSET;	/* an interrupt is not its task */
	EXPECT_EQ(t, floor_of(m, GFP_NOWAIT), min);
	kmem_context.preempt_count -= HARDIRQ_OFFSET;
	memalloc_noreclaim_restore(scope);
	EXPECT_EQ(t, floor_of(m, GFP_NOWAIT), min);
	zones_hold(t, m);
}

/* ------------------------------------------------------------------------------------------------- C13 to C19 */

/* A shrinker that frees pages it holds, and remembers how this thread called it. */
static struct {
	struct task_struct *task;
	unsigned int calls;
	gfp_t seen;
	struct taken held;
	unsigned long left;
} cache;

static unsigned long cache_count(struct shrinker *shrinker, struct shrink_control *control)
{
	(void)shrinker;
	if (current == cache.task) {
		cache.calls++;
		cache.seen |= control->gfp_mask;
	}
	return current == cache.task && cache.left ? cache.left : SHRINK_EMPTY;
}

static unsigned long cache_scan(struct shrinker *shrinker, struct shrink_control *control)
{
	unsigned long freed = 0;

	(void)shrinker;
	while (freed < control->nr_to_scan && cache.held.last) {
		struct page *page = cache.held.last;

		cache.held.last = (struct page *)page->index;
		freed += 1ul << page->private;
		__free_pages(page, (unsigned int)page->private);
	}
	cache.left -= freed < cache.left ? freed : cache.left;
	return freed ? freed : SHRINK_STOP;
}

static struct shrinker cache_shrinker = {
	.count_objects = cache_count, .scan_objects = cache_scan, .seeks = DEFAULT_SEEKS, .batch = 32
};

static unsigned int oom_calls;

static int oom_count(struct notifier_block *block, unsigned long action, void *data)
{
	(void)block;
	(void)action;
	(void)data;
	oom_calls++;
	return 0;
}

static struct notifier_block oom_block = { .notifier_call = oom_count };

static void cache_end(void *unused)
{
	(void)unused;
	put_all(&cache.held);
	unregister_shrinker(&cache_shrinker);
	unregister_oom_notifier(&oom_block);
}

/* A machine with a shrinker and an OOM notifier, which holds every page that a request of that kind can get. */
static struct machine *full_machine(struct ktap *t, gfp_t gfp, unsigned long shrinkable)
{
	/* A boost would end when kswapd has run, and give pages back in the middle of a case. */
	struct machine *m = machine_for(t, "mem=64M sysctl.vm.watermark_boost_factor=0");

	if (!m)
		return NULL;
	memset(&cache, 0, sizeof(cache));
	oom_calls = 0;
	if (register_shrinker(&cache_shrinker, "test-cache") || register_oom_notifier(&oom_block))
		return NULL;
	ktap_cleanup(t, cache_end, NULL);
	cache.task = current;
	do
		take_all(&cache.held, (gfp & ~__GFP_KSWAPD_RECLAIM) | __GFP_NOWARN, 0);
	while (reclaim_internal(m, GFP_KERNEL));
	cache.left = shrinkable;
	cache.calls = 0;
	cache.seen = 0;
	console_clear();
	return m;
}

static void c13_without_direct_reclaim_nothing_is_reclaimed(struct ktap *t)
{
	struct machine *m = full_machine(t, GFP_NOWAIT, 1000);

	ASSERT(t, m);
	EXPECT_NULL(t, alloc_pages(GFP_NOWAIT, 0));
	EXPECT_NULL(t, alloc_pages(GFP_NOWAIT, 3));
	EXPECT_EQ(t, cache.calls, 0u);
	EXPECT_EQ(t, oom_calls, 0u);
}

static void c13_with_it_reclaim_serves_the_request(struct ktap *t)
{
	struct machine *m = full_machine(t, GFP_NOWAIT, 1000);
	struct page *page;

	ASSERT(t, m);
	page = alloc_page(GFP_KERNEL);
	EXPECT_NOT_NULL(t, page);
	EXPECT_GT(t, cache.calls, 0u);
	EXPECT_EQ(t, oom_calls, 0u);
	if (page)
		__free_page(page);
}

/* Who frees memory needs some for it, and must not wait for others who do. */
static void who_reclaims_does_not_reclaim_again(struct ktap *t)
{
	struct machine *m = full_machine(t, GFP_NOWAIT, 1000);
	unsigned int scope;

	ASSERT(t, m);
	scope = memalloc_noreclaim_save();
	EXPECT_NULL(t, alloc_page((GFP_KERNEL & ~__GFP_KSWAPD_RECLAIM) | __GFP_NOMEMALLOC | __GFP_NOWARN));
	memalloc_noreclaim_restore(scope);
	EXPECT_EQ(t, cache.calls, 0u);
	EXPECT_EQ(t, oom_calls, 0u);
}

static u32 kswapd_calls(struct machine *m)
{
	return __atomic_load_n(&m->nodes[0]->kswapd.wake, __ATOMIC_SEQ_CST);
}

static void c14_without_kswapd_reclaim_nobody_is_woken(struct ktap *t)
{
	struct machine *m = full_machine(t, 0, 0);
	u32 before;

	ASSERT(t, m);
	before = kswapd_calls(m);
	EXPECT_NULL(t, alloc_pages(__GFP_NOWARN, 0));
	EXPECT_NULL(t, alloc_pages(__GFP_NOWARN | __GFP_HIGH | __GFP_NORETRY, 10));
	EXPECT_EQ(t, kswapd_calls(m), before);
	EXPECT_NULL(t, alloc_pages(GFP_NOWAIT | __GFP_NOWARN, 0));
	EXPECT_NE(t, kswapd_calls(m), before);
}

static void c15_noretry_tries_once_and_kills_nobody(struct ktap *t)
{
	struct machine *m = full_machine(t, GFP_NOWAIT, 0);
	unsigned long stalls;

	ASSERT(t, m);
	stalls = this_cpu()->events[ALLOCSTALL_NORMAL];
	EXPECT_NULL(t, alloc_pages(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN, 0));
	EXPECT_EQ(t, this_cpu()->events[ALLOCSTALL_NORMAL] - stalls, 1ul);
	EXPECT_EQ(t, oom_calls, 0u);
}

static void c16_retry_mayfail_ends_and_kills_nobody(struct ktap *t)
{
	struct machine *m = full_machine(t, GFP_NOWAIT, 0);

	ASSERT(t, m);
	EXPECT_NULL(t, alloc_pages(GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN, 0));
	EXPECT_NULL(t, alloc_pages(GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN, 9));
	EXPECT_EQ(t, oom_calls, 0u);
}

/* A cache that always says that it freed something: even then a request that may fail comes to an end. */
static unsigned long liar_count(struct shrinker *shrinker, struct shrink_control *control)
{
	(void)shrinker;
	(void)control;
	return 100;
}

static unsigned long liar_scan(struct shrinker *shrinker, struct shrink_control *control)
{
	(void)shrinker;
	(void)control;
	return 1;
}

static void c16_promises_do_not_keep_it_for_ever(struct ktap *t)
{
	struct machine *m = full_machine(t, GFP_NOWAIT, 0);
	struct shrinker liar = { .count_objects = liar_count, .scan_objects = liar_scan, .seeks = 2, .batch = 1000 };

	unsigned int scope;

	ASSERT(t, m);
	scope = memalloc_noreclaim_save();
	ASSERT_EQ(t, register_shrinker(&liar, "liar"), 0);
	memalloc_noreclaim_restore(scope);
	EXPECT_NULL(t, alloc_pages(GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN, 0));
	unregister_shrinker(&liar);
}

static int oom_promise(struct notifier_block *block, unsigned long action, void *data)
{
	(void)block;
	(void)action;
	oom_calls++;
	*(unsigned long *)data += 1;
	return 0;
}

/* Nor do those of an OOM notifier. */
static void c18_promises_do_not_keep_it_for_ever(struct ktap *t)
{
	struct machine *m = full_machine(t, GFP_NOWAIT, 0);
	struct notifier_block liar = { .notifier_call = oom_promise };

	ASSERT(t, m);
	ASSERT_EQ(t, register_oom_notifier(&liar), 0);
	EXPECT_NULL(t, alloc_page(GFP_KERNEL | __GFP_NOWARN));
	EXPECT_GT(t, oom_calls, 1u);
	unregister_oom_notifier(&liar);
}

/* Gives the pages back when the OOM notifiers are asked: then a request that cannot fail is served. */
static int oom_give(struct notifier_block *block, unsigned long action, void *data)
{
	(void)block;
	(void)action;
	if (++oom_calls >= 3) {
		*(unsigned long *)data += cache.held.nr;
		put_all(&cache.held);
	}
	return 0;
}

static void c17_nofail_never_returns_null(struct ktap *t)
{
	struct machine *m = full_machine(t, GFP_NOWAIT, 0);
	struct notifier_block giver = { .notifier_call = oom_give };
	struct taken reserve = { 0 };
	struct page *page;

	ASSERT(t, m);
	take_all(&reserve, GFP_ATOMIC | __GFP_MEMALLOC | __GFP_NOWARN, 0);
	unregister_oom_notifier(&oom_block);
	ASSERT_EQ(t, register_oom_notifier(&giver), 0);
	page = alloc_page(GFP_KERNEL | __GFP_NOFAIL);
	EXPECT_NOT_NULL(t, page);
	EXPECT_GE(t, oom_calls, 3u);
	EXPECT_EQ(t, console_count("page allocation failure"), 0u);
	unregister_oom_notifier(&giver);
	if (page)
		__free_page(page);
	put_all(&reserve);
}

static void c17_nofail_of_a_large_order_warns(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *page;

	ASSERT(t, m);
	for (int i = 0; i < 3; i++) {
		page = alloc_pages(GFP_KERNEL | __GFP_NOFAIL, 2);
		ASSERT(t, page);
		__free_pages(page, 2);
	}
	EXPECT_EQ(t, console_count("WARNING: CPU: "), 1u);
}

static void c18_small_orders_ask_the_oom_killer_and_large_ones_do_not(struct ktap *t)
{
	struct machine *m = full_machine(t, GFP_NOWAIT, 0);

	ASSERT(t, m);
	EXPECT_NULL(t, alloc_pages(GFP_KERNEL | __GFP_NOWARN, 4));
	EXPECT_EQ(t, oom_calls, 0u);
	EXPECT_NULL(t, alloc_pages(GFP_KERNEL | __GFP_NOWARN, 3));
	EXPECT_GT(t, oom_calls, 0u);
	oom_calls = 0;
	take_all(&cache.held, GFP_TRY | GFP_DMA, 0);
	EXPECT_NULL(t, alloc_pages(GFP_KERNEL | GFP_DMA | __GFP_NOWARN, 0));
	EXPECT_EQ(t, oom_calls, 0u);
}

static void c19_nofs_and_noio_reach_the_callbacks(struct ktap *t)
{
	struct machine *m = full_machine(t, GFP_NOWAIT, 0);

	ASSERT(t, m);
	EXPECT_NULL(t, alloc_pages(GFP_NOFS | __GFP_NORETRY | __GFP_NOWARN, 0));
	EXPECT_GT(t, cache.calls, 0u);
	EXPECT_EQ(t, cache.seen & (__GFP_IO | __GFP_FS), __GFP_IO);
	cache.seen = 0;
	EXPECT_NULL(t, alloc_pages(GFP_NOIO | __GFP_NORETRY | __GFP_NOWARN, 0));
	EXPECT_EQ(t, cache.seen & (__GFP_IO | __GFP_FS), 0u);
	EXPECT_NULL(t, alloc_pages(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN, 0));
	EXPECT_EQ(t, cache.seen & (__GFP_IO | __GFP_FS), __GFP_IO | __GFP_FS);
}

static void c19_scopes_reach_the_callbacks(struct ktap *t)
{
	struct machine *m = full_machine(t, GFP_NOWAIT, 0);
	unsigned int outer, inner;

	ASSERT(t, m);
	outer = memalloc_nofs_save();
	EXPECT_NULL(t, alloc_pages(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN, 0));
	EXPECT_EQ(t, cache.seen & (__GFP_IO | __GFP_FS), __GFP_IO);
	inner = memalloc_noio_save();
	cache.seen = 0;
	EXPECT_NULL(t, alloc_pages(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN, 0));
	EXPECT_EQ(t, cache.seen & (__GFP_IO | __GFP_FS), 0u);
	memalloc_noio_restore(inner);
	EXPECT_NULL(t, alloc_pages(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN, 0));
	EXPECT_EQ(t, cache.seen & (__GFP_IO | __GFP_FS), __GFP_IO);
	memalloc_nofs_restore(outer);
	EXPECT_EQ(t, current->flags & (PF_MEMALLOC_NOFS | PF_MEMALLOC_NOIO | PF_MEMALLOC), 0u);
}

/* -------------------------------------------------------------------------------------------- C20, C21, reports */

static void c20_nowarn_is_silent(struct ktap *t)
{
	struct machine *m = full_machine(t, GFP_NOWAIT, 0);

	ASSERT(t, m);
	EXPECT_NULL(t, alloc_pages(GFP_NOWAIT | __GFP_NOWARN, 0));
	EXPECT_NULL(t, alloc_pages(GFP_NOWAIT | __GFP_NOWARN, 10));
	EXPECT_STR(t, console_text(), "");
}

/* What a zone's line begins with: a kernel without NUMA has no node there. */
#define OF_NODE_0 (sizeof(long) == 4 ? "\n" : "\nNode 0 ")

static bool console_has_zone(const char *line)
{
	char want[64];

	scnprintf(want, sizeof(want), "%s%s", OF_NODE_0, line);
	return strstr(console_text(), want);
}

static void a_failure_is_reported_in_the_kernels_words(struct ktap *t)
{
	struct machine *m = full_machine(t, GFP_NOWAIT, 0);
	char want[160];

	ASSERT(t, m);
	EXPECT_NULL(t, alloc_pages(GFP_NOWAIT | __GFP_COMP, 4));
	scnprintf(want, sizeof(want), "%s: page allocation failure: order:4, mode:0x40800(GFP_NOWAIT|__GFP_COMP), "
		  "nodemask=(null),cpuset=/,mems_allowed=0\n", current->comm);
	EXPECT_EQ(t, strncmp(console_text(), want, strlen(want)), 0);
	EXPECT_CONTAINS(t, console_text(), "\nCall Trace:\n <TASK>\n");
	EXPECT_CONTAINS(t, console_text(), "\nMem-Info:\nactive_anon:0 inactive_anon:0 isolated_anon:0\n active_file:0 "
			"inactive_file:0 isolated_file:0\n unevictable:0 dirty:0 writeback:0\n slab_reclaimable:");
	EXPECT_CONTAINS(t, console_text(), "\nNode 0 active_anon:0kB inactive_anon:0kB active_file:0kB "
			"inactive_file:0kB unevictable:0kB isolated(anon):0kB isolated(file):0kB mapped:0kB dirty:0kB "
			"writeback:0kB shmem:0kB shmem_thp: 0kB shmem_pmdmapped: 0kB anon_thp: 0kB writeback_tmp:0kB "
			"kernel_stack:0kB pagetables:");
	EXPECT(t, console_has_zone("DMA free:"));
	EXPECT(t, console_has_zone("DMA: "));
	EXPECT_CONTAINS(t, console_text(), "kB mlocked:0kB bounce:0kB free_pcp:0kB local_pcp:0kB free_cma:0kB\n"
			"lowmem_reserve[]: 0 ");
	EXPECT_CONTAINS(t, console_text(), " 0*4096kB = ");
	EXPECT_CONTAINS(t, console_text(), "\nNode 0 hugepages_total=0 hugepages_free=0 hugepages_surp=0 "
			"hugepages_size=2048kB\n0 total pagecache pages\n0 pages in swap cache\nFree swap  = 0kB\n"
			"Total swap = 0kB\n");
	EXPECT_CONTAINS(t, console_text(), " pages RAM\n0 pages HighMem/MovableOnly\n");
	EXPECT_CONTAINS(t, console_text(), " pages reserved\n0 pages hwpoisoned\n");
}

static void failures_are_reported_once_in_ten_seconds(struct ktap *t)
{
	struct machine *m = full_machine(t, GFP_NOWAIT, 0);

	ASSERT(t, m);
	for (int i = 0; i < 5; i++)
		EXPECT_NULL(t, alloc_pages(GFP_NOWAIT, 3));
	EXPECT_EQ(t, console_count("page allocation failure: order:3"), 1u);
}

static void a_report_shows_only_zones_that_could_have_served(struct ktap *t)
{
	struct machine *m = full_machine(t, GFP_NOWAIT | GFP_DMA, 0);

	ASSERT(t, m);
	EXPECT_NULL(t, alloc_pages(GFP_NOWAIT | GFP_DMA, 9));
	EXPECT_CONTAINS(t, console_text(), "mode:0x801(GFP_NOWAIT|GFP_DMA)");
	EXPECT(t, console_has_zone("DMA free:"));
	EXPECT(t, !console_has_zone(sizeof(long) == 4 ? "Normal free:" : "DMA32 free:"));
}

static void zones_of_the_layout_of_32_bits_name_no_node(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M kmem.layout=i386");

	ASSERT(t, m);
	show_mem(m);
	EXPECT_CONTAINS(t, console_text(), "\nNode 0 active_anon:0kB ");
	EXPECT_CONTAINS(t, console_text(), "\nDMA free:");
	EXPECT_CONTAINS(t, console_text(), "\nlowmem_reserve[]: 0 ");
	EXPECT_CONTAINS(t, console_text(), "\nNormal free:");
	EXPECT_CONTAINS(t, console_text(), "\nDMA: ");
	EXPECT_CONTAINS(t, console_text(), "\nNormal: ");
	EXPECT_LACKS(t, console_text(), "Node 0 DMA");
	EXPECT_LACKS(t, console_text(), "Node 0 Normal");
}

static void free_blocks_are_shown_with_their_types(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M kmem.fullest_first=off");
	struct page *page;

	ASSERT(t, m);
	page = alloc_pages(GFP_KERNEL, 5);
	ASSERT(t, page);
	show_mem(m);
	EXPECT_CONTAINS(t, console_text(), "kB (UM) ");
	EXPECT_CONTAINS(t, console_text(), "*4096kB (M) = ");
	__free_pages(page, 5);
}

/* Of the one who reports, if another task has not just taken it. */
static void what_the_cpu_keeps_is_shown(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1 kmem.idle_release=off");

	ASSERT(t, m);
	__free_page(alloc_page(GFP_KERNEL));
	show_mem(m);
	EXPECT_EQ(t, console_count("free_pcp:0kB"), console_count("local_pcp:0kB"));
	console_clear();
	cpu_release();
	show_mem(m);
	EXPECT_GT(t, console_count("local_pcp:0kB"), console_count("free_pcp:0kB"));
}

/* ---------------------------------------------------------------------------------------------- fault injection */

static void c21_injection_spares_nofail_and_small_orders(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M fail_page_alloc=1,100,0,-1");
	struct page *page;

	ASSERT(t, m);
	for (int i = 0; i < 100; i++) {
		page = alloc_pages(GFP_KERNEL | __GFP_NOFAIL, 1);
		ASSERT(t, page);
		__free_pages(page, 1);
		EXPECT_NULL(t, alloc_pages(GFP_KERNEL, 1));
		page = alloc_page(GFP_KERNEL);
		ASSERT(t, page);
		__free_page(page);
	}
	m->params.fail_page_alloc_min_order = 0;
	EXPECT_NULL(t, alloc_page(GFP_ATOMIC));
	fail_pages(m, NULL);
	page = alloc_pages(GFP_KERNEL, 1);
	ASSERT(t, page);
	__free_pages(page, 1);
}

/* --------------------------------------------------------------------------------------------------- the family */

static void an_address_is_never_high(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");

	ASSERT(t, m);
	EXPECT_EQ(t, __get_free_pages(GFP_KERNEL | __GFP_HIGHMEM, 0), 0ul);
	EXPECT_EQ(t, __get_free_pages(GFP_HIGHUSER, 0), 0ul);
	EXPECT_EQ(t, console_count("WARNING: CPU: "), 1u);
}

static void bulk_fills_only_the_holes(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *pages[8] = { 0 }, *kept;

	ASSERT(t, m);
	pages[3] = kept = alloc_page(GFP_KERNEL);
	ASSERT(t, kept);
	EXPECT_EQ(t, alloc_pages_bulk_array(GFP_KERNEL, 8, pages), 8ul);
	EXPECT_EQ(t, pages[3], kept);
	for (int i = 0; i < 8; i++)
		for (int k = 0; k < i; k++)
			EXPECT_NE(t, pages[i], pages[k]);
	free_pages_bulk(pages, 8);
	EXPECT_NULL(t, pages[3]);
	zones_hold(t, m);
}

/* Holes, and a page that someone else holds still, end a run; what the array has is forgotten. */
static void bulk_frees_runs_and_leaves_what_is_held(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *block, *array[8];

	ASSERT(t, m);
	block = alloc_pages(GFP_KERNEL, 3);
	ASSERT(t, block);
	split_page(block, 3);
	for (unsigned int i = 0; i < 8; i++)
		array[i] = block + i;
	array[2] = NULL;
	get_page(block + 5);
	free_pages_bulk(array, 8);
	for (unsigned int i = 0; i < 8; i++)
		EXPECT_NULL(t, array[i]);
	EXPECT_EQ(t, page_count(block + 2), 1);
	EXPECT_EQ(t, page_count(block + 5), 1);
	EXPECT_EQ(t, page_count(block + 4), 0);
	__free_page(block + 2);
	__free_page(block + 5);
	zones_hold(t, m);
}

static void a_node_is_preferred_and_can_be_insisted_on(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=256M numa=fake=2");
	struct taken taken = { 0 };
	struct page *page;
	unsigned long miss, foreign;

	ASSERT(t, m);
	ASSERT_EQ(t, m->nr_nodes, 2u);
	for (int nid = 0; nid < 2; nid++) {
		page = alloc_pages_node(nid, GFP_KERNEL, 2);
		ASSERT(t, page);
		EXPECT_EQ(t, page_to_nid(page), nid);
		__free_pages(page, 2);
	}
	for (;;) {
		page = alloc_pages_node(1, GFP_TRY | __GFP_THISNODE, 0);
		if (!page)
			break;
		if (page_to_nid(page) != 1) {
			ktap_fail(t, "pfn %lu is of node %d", page_to_pfn(page), page_to_nid(page));
			break;
		}
		page->index = (unsigned long)taken.last;
		page->private = 0;
		taken.last = page;
	}
	miss = this_cpu()->numa[zone_named(m, 0, ZONE_BULK)->index][NUMA_MISS];
	foreign = this_cpu()->numa[zone_named(m, 1, ZONE_BULK)->index][NUMA_FOREIGN];
	page = alloc_pages_node(1, GFP_KERNEL | __GFP_NORETRY, 0);
	ASSERT(t, page);
	EXPECT_EQ(t, page_to_nid(page), 0);
	EXPECT_EQ(t, this_cpu()->numa[zone_named(m, 0, ZONE_BULK)->index][NUMA_MISS], miss + 1);
	EXPECT_EQ(t, this_cpu()->numa[zone_named(m, 1, ZONE_BULK)->index][NUMA_FOREIGN], foreign + 1);
	__free_page(page);
	put_all(&taken);
	zones_hold(t, m);
}

/* A node whose pageblocks all have another type, half of each free: better than a page of the other node. */
static void a_near_page_of_a_mixed_pageblock_is_better_than_a_far_one(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=10G numa=fake=2 nr_cpus=1");
	struct taken even = { 0 }, odd = { 0 };
	unsigned int scope;
	struct page *page;

	ASSERT(t, m);
	ASSERT(t, zone_populated(zone_named(m, 0, ZONE_NORMAL)));
	scope = memalloc_noreclaim_save();	/* to the last page: no whole pageblock stays behind */
	while (page_take_from(&even, 0, GFP_TRY | __GFP_THISNODE, PAGEBLOCK_ORDER - 1) &&
	       page_take_from(&odd, 0, GFP_TRY | __GFP_THISNODE, PAGEBLOCK_ORDER - 1))
		;
	put_all(&odd);
	while (page_take_from(&even, 0, GFP_TRY | __GFP_THISNODE, PAGEBLOCK_ORDER))
		;
	memalloc_noreclaim_restore(scope);
	page = alloc_pages_node(0, GFP_HIGHUSER_MOVABLE, PAGEBLOCK_ORDER - 1);
	ASSERT(t, page);
	EXPECT_EQ(t, page_to_nid(page), 0);
	__free_pages(page, PAGEBLOCK_ORDER - 1);
	put_all(&even);
	drain_all_pages();
	zones_hold(t, m);
}

/* ------------------------------------------------------------------------------------------- mobility, stealing */

static enum migratetype type_of(struct machine *m, const struct page *page)
{
	return pageblock_type(machine_page_zone(m, page), page_to_pfn(page));
}

static void a_steal_takes_the_whole_of_a_free_pageblock(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=256M");
	struct page *page, *movable;

	ASSERT(t, m);
	movable = alloc_page(GFP_USER | __GFP_MOVABLE);
	page = alloc_page(GFP_KERNEL);
	ASSERT(t, page && movable);
	EXPECT_EQ(t, type_of(m, page), MIGRATE_UNMOVABLE);
	EXPECT_EQ(t, type_of(m, movable), MIGRATE_MOVABLE);
	__free_page(page);
	__free_page(movable);
	zones_hold(t, m);
}

/* Where types are not to be mixed, whole pageblocks may still change theirs. */
static void a_whole_pageblock_is_stolen_where_nothing_is_mixed(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=6G nr_cpus=1");
	struct page *page;

	FOR_64_BITS(t);
	ASSERT(t, m);
	for (unsigned int order = PAGEBLOCK_ORDER; order <= MAX_ORDER; order++) {
		page = alloc_pages(GFP_KERNEL, order);
		ASSERT(t, page);
		EXPECT_EQ(t, page_zone(page), zone_named(m, 0, ZONE_NORMAL));
		EXPECT_EQ(t, type_of(m, page), MIGRATE_UNMOVABLE);
		__free_pages(page, order);
	}
	zones_hold(t, m);
}

/* Pages of different mobility end up in different pageblocks while there are whole ones left. */
static void mobilities_do_not_mix_while_memory_is_plenty(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=256M");
	static const gfp_t gfp[3] = { GFP_KERNEL, GFP_USER | __GFP_MOVABLE, GFP_KERNEL | __GFP_RECLAIMABLE };
	static u8 seen[256 << 20 >> 21];
	struct taken taken[3] = { { 0 } };

	ASSERT(t, m);
	memset(seen, 0, sizeof(seen));
	for (int i = 0; i < 9000; i++)
		ASSERT(t, page_take(&taken[i % 3], gfp[i % 3], 0));
	for (int i = 0; i < 3; i++)
		for (struct page *page = taken[i].last; page; page = (struct page *)page->index)
			seen[page_to_pfn(page) >> PAGEBLOCK_ORDER] |= (u8)(1 << i);
	for (unsigned int i = 0; i < sizeof(seen); i++)
		if (seen[i] & (seen[i] - 1)) {
			ktap_fail(t, "pageblock %u has mobilities %x", i, seen[i]);
			break;
		}
	for (int i = 0; i < 3; i++)
		put_all(&taken[i]);
	zones_hold(t, m);
}

static void mixing_boosts_the_watermarks(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M kmem.fullest_first=off");
	struct taken movable = { 0 };
	struct page *page;

	ASSERT(t, m);
	/* No whole pageblock is left: an unmovable block must come out of a movable one. */
	take_all(&movable, GFP_TRY | __GFP_MOVABLE, 9);
	while (buddy_count(dma32(m), 9) || buddy_count(dma32(m), 10))
		if (!page_take(&movable, __GFP_MEMALLOC | __GFP_MOVABLE | __GFP_NOWARN, 9))
			break;
	EXPECT_EQ(t, dma32(m)->watermark_boost, 0ul);
	for (int i = 0; i < 16384 && !dma32(m)->watermark_boost; i++) {
		page = alloc_pages(__GFP_MEMALLOC | __GFP_NOWARN, 0);
		if (!page)
			break;
		page->index = (unsigned long)movable.last;
		page->private = 0;
		movable.last = page;
	}
	EXPECT_GE(t, dma32(m)->watermark_boost, PAGEBLOCK_PAGES);
	EXPECT_LE(t, dma32(m)->watermark_boost,
		  max(PAGEBLOCK_PAGES, dma32(m)->watermark[WMARK_HIGH] * 15000 / 10000));
	put_all(&movable);
	zones_hold(t, m);
}

static void atomic_blocks_reserve_a_pageblock(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=256M");
	struct page *page;

	ASSERT(t, m);
	page = NULL;
	EXPECT_EQ(t, dma32(m)->nr_reserved_highatomic, 0ul);
	/* Only in need: the fast path above the low watermark reserves nothing. */
	page = alloc_pages(GFP_ATOMIC, 2);
	ASSERT(t, page);
	EXPECT_EQ(t, dma32(m)->nr_reserved_highatomic, 0ul);
	__free_pages(page, 2);
	drain_all_pages();
	__atomic_store_n(&dma32(m)->watermark[WMARK_LOW], 1ul << 30, __ATOMIC_RELAXED);
	__atomic_store_n(&zone_named(m, 0, ZONE_DMA)->watermark[WMARK_LOW], 1ul << 30, __ATOMIC_RELAXED);
	page = alloc_pages(GFP_ATOMIC, 4);
	ASSERT(t, page);
	EXPECT_EQ(t, dma32(m)->nr_reserved_highatomic, PAGEBLOCK_PAGES);
	EXPECT_EQ(t, type_of(m, page), MIGRATE_HIGHATOMIC);
	__free_pages(page, 4);
	drain_all_pages();
	page = alloc_pages(GFP_ATOMIC, 4);		/* from what is reserved */
	ASSERT(t, page);
	EXPECT_EQ(t, type_of(m, page), MIGRATE_HIGHATOMIC);
	__free_pages(page, 4);
	zones_hold(t, m);
	for (int i = 0; i < 20; i++) {
		page = alloc_pages(GFP_ATOMIC, 4);
		ASSERT(t, page);
		page->index = 0;
	}
	EXPECT_LE(t, dma32(m)->nr_reserved_highatomic, dma32(m)->managed_pages / 100 + 2 * PAGEBLOCK_PAGES);
	EXPECT(t, highatomic_unreserve(m->nodes[0]->fallback, ZONE_NORMAL, true, MIGRATE_UNMOVABLE));
	zones_hold(t, m);
	watermarks_init(m);
}

static void free_singly(struct page *first)
{
	for (struct page *page = first; page < first + PAGEBLOCK_PAGES; page++)
		__free_page(page);
	drain_all_pages();
}

static void reserve_and_give_up(struct ktap *t, bool reserved_first)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *block, *half;

	ASSERT(t, m);
	block = alloc_pages(GFP_KERNEL, MAX_ORDER);
	ASSERT(t, block);
	half = block + PAGEBLOCK_PAGES;
	split_page(block, MAX_ORDER);
	highatomic_reserve(page_zone(block), block, PAGEBLOCK_ORDER, MIGRATE_UNMOVABLE);
	free_singly(reserved_first ? block : half);
	free_singly(reserved_first ? half : block);
	EXPECT_EQ(t, block->page_type, PAGE_TYPE(PGTY_BUDDY, PAGEBLOCK_ORDER));
	EXPECT_EQ(t, half->page_type, PAGE_TYPE(PGTY_BUDDY, PAGEBLOCK_ORDER));
	EXPECT(t, highatomic_unreserve(m->nodes[0]->fallback, ZONE_NORMAL, true, MIGRATE_MOVABLE));
	EXPECT_EQ(t, page_zone(block)->nr_reserved_highatomic, 0ul);
	EXPECT_EQ(t, block->page_type, PAGE_TYPE(PGTY_BUDDY, MAX_ORDER));
	zones_hold(t, m);
}

/* A soak's find, of seed 648208758: both halves of an order-10 block were free, and stayed so (B2). */
static void a_reserve_given_up_merges(struct ktap *t)
{
	reserve_and_give_up(t, false);
	reserve_and_give_up(t, true);
}

/* Two reserved pageblocks side by side are one free block, of which one pageblock is given up, and then the other. */
static void a_block_of_two_is_given_up_by_halves(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *block, *half;
	struct zone *zone;

	ASSERT(t, m);
	block = alloc_pages(GFP_KERNEL, MAX_ORDER);
	ASSERT(t, block);
	half = block + PAGEBLOCK_PAGES;
	zone = page_zone(block);
	split_page(block, MAX_ORDER);
	highatomic_reserve(zone, block, 0, MIGRATE_UNMOVABLE);
	highatomic_reserve(zone, half, 3, MIGRATE_UNMOVABLE);
	EXPECT_EQ(t, zone->nr_reserved_highatomic, 2 * PAGEBLOCK_PAGES);
	free_singly(block);
	free_singly(half);
	EXPECT_EQ(t, block->page_type, PAGE_TYPE(PGTY_BUDDY, MAX_ORDER));
	zones_hold(t, m);
	EXPECT(t, highatomic_unreserve(m->nodes[0]->fallback, ZONE_NORMAL, false, MIGRATE_MOVABLE));
	EXPECT_EQ(t, zone->nr_reserved_highatomic, PAGEBLOCK_PAGES);
	EXPECT_EQ(t, type_of(m, block), MIGRATE_MOVABLE);
	EXPECT_EQ(t, block->free_type, MIGRATE_MOVABLE);
	EXPECT_EQ(t, type_of(m, half), MIGRATE_HIGHATOMIC);
	EXPECT_EQ(t, half->free_type, MIGRATE_HIGHATOMIC);
	zones_hold(t, m);
	EXPECT(t, highatomic_unreserve(m->nodes[0]->fallback, ZONE_NORMAL, true, MIGRATE_MOVABLE));
	EXPECT_EQ(t, zone->nr_reserved_highatomic, 0ul);
	EXPECT_EQ(t, block->page_type, PAGE_TYPE(PGTY_BUDDY, MAX_ORDER));
	zones_hold(t, m);
}

/* Of the largest block one pageblock is reserved: the two are not the same kind when it is free. */
static void a_block_that_is_half_reserved_is_freed_by_halves(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *block, *half;

	ASSERT(t, m);
	block = alloc_pages(GFP_KERNEL, MAX_ORDER);
	ASSERT(t, block);
	half = block + PAGEBLOCK_PAGES;
	highatomic_reserve(page_zone(block), block, MAX_ORDER, MIGRATE_UNMOVABLE);
	EXPECT_EQ(t, page_zone(block)->nr_reserved_highatomic, PAGEBLOCK_PAGES);
	EXPECT_EQ(t, type_of(m, block), MIGRATE_HIGHATOMIC);
	EXPECT_NE(t, type_of(m, half), MIGRATE_HIGHATOMIC);
	__free_pages(block, MAX_ORDER);
	EXPECT_EQ(t, block->page_type, PAGE_TYPE(PGTY_BUDDY, PAGEBLOCK_ORDER));
	EXPECT_EQ(t, block->free_type, MIGRATE_HIGHATOMIC);
	EXPECT_EQ(t, half->page_type, PAGE_TYPE(PGTY_BUDDY, PAGEBLOCK_ORDER));
	EXPECT_NE(t, half->free_type, MIGRATE_HIGHATOMIC);
	zones_hold(t, m);
}

static void the_last_of_the_zone_goes_to_whoever_asks(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct taken taken = { 0 };
	static const gfp_t gfp[3] = { 0, __GFP_MOVABLE, __GFP_RECLAIMABLE };

	ASSERT(t, m);
	for (unsigned int i = 0; page_take(&taken, GFP_TRY | __GFP_MEMALLOC | gfp[i % 3], i % 2); i++)
		;
	take_all(&taken, GFP_TRY | __GFP_MEMALLOC, 0);
	drain_all_pages();
	take_all(&taken, GFP_TRY | __GFP_MEMALLOC, 0);
	EXPECT_EQ(t, nr_free_pages(), 0ul);
	zones_hold(t, m);
	put_all(&taken);
	drain_all_pages();
	zones_hold(t, m);
}

static void releasing_keeps_every_page_and_its_use(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct taken taken = { 0 };
	unsigned long before, released;

	ASSERT(t, m);
	for (int i = 0; i < 8; i++) {
		ASSERT(t, page_take(&taken, GFP_KERNEL, 10));
		dirty(taken.last, 0);
	}
	put_all(&taken);
	drain_all_pages();
	before = nr_free_pages();
	released = zones_release(m);
	EXPECT_GE(t, released, 8ul << 10);
	EXPECT_EQ(t, nr_free_pages(), before);
	zones_hold(t, m);
	EXPECT_EQ(t, zones_release(m), 0ul);
	for (int i = 0; i < 8; i++) {
		ASSERT(t, page_take(&taken, GFP_KERNEL, 10));
		dirty(taken.last, 10);
	}
	put_all(&taken);
	EXPECT_STR(t, console_text(), "");
	zones_hold(t, m);
}

static void indices_of_fragmentation_are_the_kernels(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct zone *zone;
	struct free_area saved[NR_ORDERS];
	static const unsigned long sample[NR_ORDERS] = { 0, 0, 0, 0, 0, 1, 1, 1, 0, 1, 3 };
	static const int unusable[NR_ORDERS] = { 0, 0, 0, 0, 0, 0, 8, 25, 58, 58, 193 };
	unsigned long deferred;

	ASSERT(t, m);
	zone = zone_named(m, 0, ZONE_DMA);
	memcpy(saved, zone->free_area, sizeof(saved));
	deferred = zone->deferred_blocks;
	zone->deferred_blocks = 0;
	for (int order = 0; order < NR_ORDERS; order++)
		zone->free_area[order].nr_free = sample[order];
	for (unsigned int order = 0; order < NR_ORDERS; order++) {
		EXPECT_EQ(t, unusable_free_index(zone, order), unusable[order]);
		EXPECT_EQ(t, fragmentation_index(zone, order), -1000);
	}
	for (int order = 0; order < NR_ORDERS; order++)
		zone->free_area[order].nr_free = order ? 0 : 1000;
	EXPECT_EQ(t, unusable_free_index(zone, 4), 1000);
	EXPECT_EQ(t, fragmentation_index(zone, 4), 937);
	zone->free_area[0].nr_free = 0;
	EXPECT_EQ(t, fragmentation_index(zone, 4), 0);
	EXPECT_EQ(t, unusable_free_index(zone, 0), 1000);
	for (int order = 0; order < NR_ORDERS; order++)
		zone->free_area[order].nr_free = saved[order].nr_free;
	zone->deferred_blocks = deferred;
	zones_hold(t, m);
}

/* ------------------------------------------------------------------------------------------ breaking invariants */

static void expect_fault(struct ktap *t, struct machine *m, const char *id)
{
	struct kmem_fault fault = { .id = "none" };

	EXPECT(t, !zones_check(m, &fault));
	EXPECT_STR(t, fault.id, id);
}

/* A free block of that order at the head of a list. */
static struct page *some_free_block(struct zone *zone, unsigned int order)
{
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	zone_grow(zone);
	spin_unlock_irqrestore(&zone->lock, flags);
	for (int type = 0; type < MIGRATE_TYPES; type++) {
		struct list_head *list = &zone->free_area[order].free_list[type];

		if (list->next != list)
			return free_block_of(list->next);
	}
	return NULL;
}

static void b1_a_block_on_the_wrong_list_is_found(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *page;

	ASSERT(t, m);
	page = some_free_block(dma32(m), 10);
	ASSERT(t, page);
	page->page_type = PAGE_TYPE(PGTY_BUDDY, 9);
	expect_fault(t, m, "B1");
	page->page_type = PAGE_TYPE(PGTY_BUDDY, 10);
	zones_hold(t, m);
	page = alloc_pages(GFP_KERNEL, 1);
	ASSERT(t, page);
	page[1].page_type = PAGE_TYPE(PGTY_BUDDY, 0);	/* its buddy is in use: B2 holds */
	expect_fault(t, m, "B1");
	page[1].page_type = PAGE_TYPE_NONE;
	__free_pages(page, 1);
	zones_hold(t, m);
}

static void b2_unmerged_buddies_are_found(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct zone *zone;
	struct page *page;
	unsigned long flags;

	ASSERT(t, m);
	zone = dma32(m);
	spin_lock_irqsave(&zone->lock, flags);
	page = buddy_take_of_type(zone, 10, MIGRATE_MOVABLE);
	ASSERT(t, page);
	buddy_give(zone, page, 8, MIGRATE_MOVABLE, false);
	page[256].page_type = PAGE_TYPE(PGTY_BUDDY, 8);
	page[256].free_order = 8;
	page[256].free_type = MIGRATE_MOVABLE;
	page[256].buddy_list.next = page->buddy_list.next;
	page[256].buddy_list.prev = &page->buddy_list;
	page->buddy_list.next->prev = &page[256].buddy_list;
	page->buddy_list.next = &page[256].buddy_list;
	spin_unlock_irqrestore(&zone->lock, flags);
	expect_fault(t, m, "B2");
}

static void b3_a_wrong_count_of_blocks_is_found(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");

	ASSERT(t, m);
	dma32(m)->free_area[3].nr_free++;
	expect_fault(t, m, "B3");
	dma32(m)->free_area[3].nr_free--;
	zones_hold(t, m);
}

static void b4_a_wrong_count_of_pages_is_found(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");

	ASSERT(t, m);
	dma32(m)->vm_stat[NR_FREE_PAGES]--;
	expect_fault(t, m, "B4");
	dma32(m)->vm_stat[NR_FREE_PAGES]++;
	zones_hold(t, m);
}

static void b5_a_free_block_that_is_owned_is_found(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *page;
	unsigned long type;

	ASSERT(t, m);
	page = some_free_block(dma32(m), 10);
	ASSERT(t, page);
	type = page->free_type;
	page->free_type = MIGRATE_ISOLATE;
	expect_fault(t, m, "B5");
	page->free_type = type;
	set_pageblock_type(dma32(m), page_to_pfn(page) + PAGEBLOCK_PAGES, MIGRATE_HIGHATOMIC);
	expect_fault(t, m, "B5");
	set_pageblock_type(dma32(m), page_to_pfn(page) + PAGEBLOCK_PAGES, (enum migratetype)type);
	buddy_move_pageblock(dma32(m), page_to_pfn(page), MIGRATE_HIGHATOMIC);
	expect_fault(t, m, "B5");
	buddy_move_pageblock(dma32(m), page_to_pfn(page), (enum migratetype)type);
	page->_refcount.counter++;
	expect_fault(t, m, "B5");
	page->_refcount.counter--;
	page->flags |= 1ul << PG_lru;
	expect_fault(t, m, "B5");
	page->flags &= ~(1ul << PG_lru);
	zones_hold(t, m);
}

static void b6_a_page_in_use_inside_a_free_block_is_found(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct page *page;

	ASSERT(t, m);
	page = some_free_block(dma32(m), 10);
	ASSERT(t, page);
	page[77]._refcount.counter++;
	expect_fault(t, m, "B6");
	page[77]._refcount.counter--;
	zones_hold(t, m);
}

KTAP_SUITE(page_alloc, KTAP_CASE(c01_blocks_are_aligned_contiguous_and_disjoint),
	   KTAP_CASE(c02_counts_return_to_those_at_boot), KTAP_CASE(an_exact_block_is_no_compound_one),
	   KTAP_CASE(freeing_an_order_above_max_is_refused), KTAP_CASE(c03_an_order_above_max_is_null_with_one_warning),
	   KTAP_CASE(c05_zeroed_pages_by_address_are_zero), KTAP_CASE(a_zeroed_page_is_asked_for_as_any_other),
	   KTAP_CASE(c05_zeroed_pages_are_zero), KTAP_CASE(c05_zeroed_high_pages_are_zero),
	   KTAP_CASE(c06_an_exact_block_has_just_its_pages), KTAP_CASE(c07_kernel_memory_is_never_high),
	   KTAP_CASE(c07_dma_is_below_16_mib_and_dma32_below_4_gib),
	   KTAP_CASE(c08_fallback_leaves_lower_zones_their_reserve),
	   KTAP_CASE(c08_a_low_request_never_falls_back_upwards), KTAP_CASE(c10_each_kind_of_request_has_its_floor),
	   KTAP_CASE(c10_a_boost_takes_no_single_page_from_atomic_requests),
	   KTAP_CASE(c11_pf_memalloc_ignores_watermarks), KTAP_CASE(c13_without_direct_reclaim_nothing_is_reclaimed),
	   KTAP_CASE(who_reclaims_does_not_reclaim_again),
	   KTAP_CASE(c13_with_it_reclaim_serves_the_request), KTAP_CASE(c14_without_kswapd_reclaim_nobody_is_woken),
	   KTAP_CASE(c15_noretry_tries_once_and_kills_nobody), KTAP_CASE(c16_retry_mayfail_ends_and_kills_nobody),
	   KTAP_CASE(c16_promises_do_not_keep_it_for_ever), KTAP_CASE(c17_nofail_never_returns_null),
	   KTAP_CASE(c18_promises_do_not_keep_it_for_ever),
	   KTAP_CASE(c17_nofail_of_a_large_order_warns),
	   KTAP_CASE(c18_small_orders_ask_the_oom_killer_and_large_ones_do_not),
	   KTAP_CASE(c19_nofs_and_noio_reach_the_callbacks), KTAP_CASE(c19_scopes_reach_the_callbacks),
	   KTAP_CASE(c20_nowarn_is_silent), KTAP_CASE(zones_of_the_layout_of_32_bits_name_no_node),
	   KTAP_CASE(a_failure_is_reported_in_the_kernels_words),
	   KTAP_CASE(failures_are_reported_once_in_ten_seconds),
	   KTAP_CASE(a_report_shows_only_zones_that_could_have_served),
	   KTAP_CASE(free_blocks_are_shown_with_their_types),
	   KTAP_CASE(what_the_cpu_keeps_is_shown), KTAP_CASE(c21_injection_spares_nofail_and_small_orders),
	   KTAP_CASE(an_address_is_never_high),
	   KTAP_CASE(bulk_fills_only_the_holes), KTAP_CASE(bulk_frees_runs_and_leaves_what_is_held),
	KTAP_CASE(a_node_is_preferred_and_can_be_insisted_on),
	   KTAP_CASE(a_steal_takes_the_whole_of_a_free_pageblock),
	   KTAP_CASE(a_whole_pageblock_is_stolen_where_nothing_is_mixed),
	   KTAP_CASE(mobilities_do_not_mix_while_memory_is_plenty), KTAP_CASE(mixing_boosts_the_watermarks),
	   KTAP_CASE(atomic_blocks_reserve_a_pageblock), KTAP_CASE(a_reserve_given_up_merges),
	   KTAP_CASE(a_block_of_two_is_given_up_by_halves),
	   KTAP_CASE(a_block_that_is_half_reserved_is_freed_by_halves),
	   KTAP_CASE(the_last_of_the_zone_goes_to_whoever_asks),
	   KTAP_CASE(releasing_keeps_every_page_and_its_use), KTAP_CASE(indices_of_fragmentation_are_the_kernels),
	   KTAP_CASE(b1_a_block_on_the_wrong_list_is_found), KTAP_CASE(b2_unmerged_buddies_are_found),
	   KTAP_CASE(b3_a_wrong_count_of_blocks_is_found), KTAP_CASE(b4_a_wrong_count_of_pages_is_found),
	   KTAP_CASE(b5_a_free_block_that_is_owned_is_found),
	   KTAP_CASE(b6_a_page_in_use_inside_a_free_block_is_found),
	   KTAP_CASE(a_near_page_of_a_mixed_pageblock_is_better_than_a_far_one));
