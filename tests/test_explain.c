/* SPDX-License-Identifier: MIT */
/* test_explain.c - every kind of address and page has its sentence. */
#include <linux/err.h>
#include <linux/errno.h>
#include "mm/slab.h"
#include "tests/high_machine.h"

static char said[512];

static const char *explain(struct machine *m, const void *address)
{
	int length = kmem_explain(m, address, said, sizeof(said));

	return length == (int)strlen(said) ? said : "(wrong length)";
}

static const char *explain_page(struct machine *m, const struct page *page)
{
	int length = kmem_explain_page(m, page, said, sizeof(said));

	return length == (int)strlen(said) ? said : "(wrong length)";
}

static void addresses_that_are_none(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");

	ASSERT_NOT_NULL(t, m);
	EXPECT_STR(t, explain(m, NULL), "NULL");
	EXPECT_STR(t, explain(m, ZERO_SIZE_PTR), "ZERO_SIZE_PTR, which kmalloc(0) returns");
	EXPECT_STR(t, explain(m, (void *)100), "100 bytes from NULL");
	EXPECT_STR(t, explain(m, ERR_PTR(-ENOMEM)), "no address but the error -12 (-ENOMEM)");
}

static void object_live_and_free(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	struct kmem_cache *cache;
	char *object, *newest;

	ASSERT_NOT_NULL(t, m);
	cache = kmem_cache_create("things", 200, 0, SLAB_NO_MERGE, NULL);
	ASSERT_NOT_NULL(t, cache);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	newest = kmem_cache_alloc(cache, GFP_KERNEL);
	explain(m, object);
	EXPECT_CONTAINS(t, said, "object ");
	EXPECT_CONTAINS(t, said, " of cache things, live; slab of ");
	EXPECT_CONTAINS(t, said, ", node 0");
	EXPECT_CONTAINS(t, explain(m, object + 7), "byte 7 of object ");
	kmem_cache_free(cache, object);
	EXPECT_CONTAINS(t, explain(m, object), " of cache things, free in the main sheaf of CPU 0");
	kmem_cache_free(cache, newest);
	EXPECT_CONTAINS(t, explain(m, newest), " of cache things, free in ");
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	kmem_cache_free(cache, object);
	cache_drain(cache);
	if (cache->node[0]->nr_slabs)
		EXPECT_CONTAINS(t, explain(m, object), " of cache things, free in its slab");
	kmem_cache_destroy(cache);
}

static void object_in_a_barn(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1 kmem.sheaf=4");
	void *objects[64];
	unsigned int in_barn = 0;

	ASSERT_NOT_NULL(t, m);
	for (unsigned int i = 0; i < 64; i++)
		objects[i] = kmalloc(500, GFP_KERNEL);
	for (unsigned int i = 0; i < 64; i++)
		kfree(objects[i]);
	for (unsigned int i = 0; i < 64; i++)
		in_barn += strstr(explain(m, objects[i]), "free in a full sheaf of node 0") != NULL;
	EXPECT_GE(t, in_barn, 4);
}

static void between_and_behind_objects(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	struct kmem_cache *cache;
	struct page *slab;
	char *object;

	ASSERT_NOT_NULL(t, m);
	cache = kmem_cache_create("odd", 1000, 64, SLAB_NO_MERGE, NULL);
	ASSERT_NOT_NULL(t, cache);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	EXPECT_CONTAINS(t, explain(m, object + 1010), "10 bytes beyond the end of object ");
	EXPECT_EQ(t, (PAGE_SIZE << cache->order) % cache->size, 0);
	kmem_cache_free(cache, object);
	kmem_cache_destroy(cache);
	object = kmalloc(96, GFP_KERNEL);
	ASSERT_NOT_NULL(t, object);
	slab = slab_of(object);
	EXPECT_CONTAINS(t, explain(m, (char *)slab_object(slab->slab_cache, slab, slab->objects) + 3),
			"3 bytes beyond the last object of a slab of cache kmalloc-96");
	kfree(object);
}

static void red_zone_before_an_object(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1 slub_debug=Z");
	char *object;

	ASSERT_NOT_NULL(t, m);
	object = kmalloc(64, GFP_KERNEL);
	ASSERT_NOT_NULL(t, object);
	EXPECT_CONTAINS(t, explain(m, object - 1), "1 bytes before the start (red zone) of object ");
	kfree(object);
}

static void large_objects(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	char *large;

	ASSERT_NOT_NULL(t, m);
	large = kmalloc(40000, GFP_KERNEL);
	EXPECT_CONTAINS(t, explain(m, large), "first page of a kmalloc() of 65536 bytes; pfn ");
	EXPECT_CONTAINS(t, explain(m, large + 9000), "byte 808 of a page of a kmalloc() of 65536 bytes at pfn ");
	kfree(large);
	EXPECT_CONTAINS(t, explain(m, large),
			"first page of a kmalloc() of 65536 bytes, free at the hand of CPU 0; pfn ");
	EXPECT_CONTAINS(t, explain(m, large + 9000), " bytes, free at the hand of CPU 0 at pfn ");
	drain_local_pages();
	EXPECT_CONTAINS(t, explain(m, large), "free page, in a block of order ");
}

static void pages_in_use_and_free(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	struct page *page, *compound, *plain;
	char want[64];

	ASSERT_NOT_NULL(t, m);
	page = alloc_pages(GFP_KERNEL, 0);
	EXPECT_CONTAINS(t, explain_page(m, page), "page in use, reference count 1; pfn ");
	get_page(page);
	EXPECT_CONTAINS(t, explain_page(m, page), "reference count 2");
	put_page(page);
	__free_pages(page, 0);
	snprintf(want, sizeof(want), "at pfn %lu on a CPU's own list", page_to_pfn(page));
	EXPECT_CONTAINS(t, explain_page(m, page), want);
	compound = alloc_pages(GFP_KERNEL | __GFP_COMP, 4);
	snprintf(want, sizeof(want), "of a compound block of order 4 at pfn %lu, reference count 1",
		 page_to_pfn(compound));
	EXPECT_CONTAINS(t, explain_page(m, compound), want);
	EXPECT_CONTAINS(t, explain_page(m, compound + 9), want);
	__free_pages(compound, 4);
	plain = alloc_pages(GFP_KERNEL, 4);
	EXPECT_CONTAINS(t, explain_page(m, plain + 3),
			"page in use, in a block whose first page has the reference count");
	__free_pages(plain, 4);
	EXPECT_CONTAINS(t, explain_page(m, plain + 3), "free page, in a block of order ");
	EXPECT_CONTAINS(t, explain_page(m, plain + 3), " list; pfn ");
}

static void frames_that_no_one_has(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=1G nr_cpus=1");
	struct zone *zone;
	pfn_t reserved = 0;

	ASSERT_NOT_NULL(t, m);
	zone = m->zones[m->nr_zones - 1];
	ASSERT_GT(t, zone->nr_deferred, 0);
	EXPECT_CONTAINS(t, explain_page(m, machine_page(m, zone->deferred[0].end - 1)),
			"free page, never used since boot; pfn ");
	EXPECT_CONTAINS(t, explain_page(m, machine_page(m, 0)), "hole: no memory is there");
	EXPECT_CONTAINS(t, explain_page(m, machine_page(m, 0xa0)), "hole: no memory is there");
	for (pfn_t pfn = 0; pfn < m->max_pfn && !reserved; pfn++)
		if (pfn_described(m, pfn) && (machine_page(m, pfn)->flags & 1ul << PG_reserved))
			reserved = pfn;
	EXPECT_CONTAINS(t, explain_page(m, machine_page(m, reserved)), "page reserved at boot; pfn ");
	EXPECT_STR(t, explain_page(m, machine_page(m, m->max_pfn)), "not a page of this machine");
	EXPECT_STR(t, explain_page(m, m->vmemmap - 1), "not a page of this machine");
	EXPECT_CONTAINS(t, explain_page(m, (struct page *)((char *)machine_page(m, 7) + 5)),
			"5 bytes into the descriptor of pfn 7");
	EXPECT_CONTAINS(t, explain(m, machine_page(m, 0)), "descriptor of a hole: ");
}

static void what_boot_took(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2");
	const struct pglist_data *node = m ? m->nodes[0] : NULL;
	const struct zone *zone = m ? m->zones[0] : NULL;
	void *object;

	ASSERT(t, m);
	EXPECT_STR(t, explain(m, zone), "byte 0 of struct zone of zone DMA, node 0");
	EXPECT_STR(t, explain(m, zone->pageblock_tags + 1), "byte 4 of pageblock_tags[] of zone DMA, node 0");
	EXPECT_STR(t, explain(m, &zone->block_info[0]), "byte 0 of block_info[] of zone DMA, node 0");
	EXPECT_STR(t, explain(m, zone->partial), "byte 0 of partial of zone DMA, node 0");
	EXPECT_STR(t, explain(m, node->slot_map + 3), "byte 6 of slot_map[] of node 0");
	EXPECT_STR(t, explain(m, node), "byte 0 of struct pglist_data of node 0");
	EXPECT_STR(t, explain(m, (char *)m->cpus[1] + 4), "byte 4 of the own memory of CPU 1");
	EXPECT_CONTAINS(t, explain(m, (char *)m->cpus[1] - KMEM_CPU_OFFSET - 8), "the own memory of CPU 0");
	EXPECT(t, !strstr(explain(m, (char *)m->cpus[1] - 8), "own memory"));	/* nobody's */
	EXPECT_STR(t, explain(m, m->vmalloc), "byte 0 of struct vmalloc_state");
	object = kmalloc(96, GFP_KERNEL);
	EXPECT_STR(t, explain(m, (char *)cache_of(m, object)->node[0] + 8),
		   "byte 8 of struct kmem_cache_node of cache kmalloc-96, node 0");
	kfree(object);
}

static void vmalloc_areas(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	char *area;

	ASSERT_NOT_NULL(t, m);
	area = vmalloc(3 * PAGE_SIZE);
	EXPECT_CONTAINS(t, explain(m, area + 5000), "vmalloc area ");
	EXPECT_CONTAINS(t, explain(m, area + 3 * PAGE_SIZE), "guard page");
	vfree(area);
}

static void page_tables(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	unsigned int tables = 0;
	void *area;

	ASSERT_NOT_NULL(t, m);
	area = vmalloc(PAGE_SIZE);
	for (pfn_t pfn = 0; pfn < m->max_pfn; pfn++)
		tables += pfn_described(m, pfn) && !strncmp(explain_page(m, machine_page(m, pfn)), "page table; ", 12);
	EXPECT_EQ(t, tables, m->nodes[0]->vm_stat[NR_PAGE_TABLE_PAGES]);
	vfree(area);
}

static void what_is_not_this_machines(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	int local = 0;

	ASSERT_NOT_NULL(t, m);
	EXPECT_CONTAINS(t, explain(m, &local), "not this machine's: code, static data, a stack");
	EXPECT_CONTAINS(t, explain(m, said), "not this machine's: code, static data, a stack");
	EXPECT_STR(t, explain(m, (char *)m + 8), "byte 8 of struct machine");
	if (sizeof(long) == 8)
		EXPECT_CONTAINS(t, explain(m, (void *)(DIRECT_BASE + DIRECT_WINDOW - 4096)),
				"in the window of direct maps");
}

static void addresses_of_kmap(struct ktap *t)
{
	struct machine *m = high_machine(t);
	struct page *page;
	char *address, in_use[64];

	ASSERT_NOT_NULL(t, m);
	page = high_page(t);
	scnprintf(in_use, sizeof(in_use), "; pfn %lu, zone HighMem", machine_pfn(m, page));
	address = kmap(page);
	EXPECT_CONTAINS(t, explain(m, address + 9), "in slot 0 of kmap, 1 users: page in use");
	EXPECT_CONTAINS(t, explain(m, address + 9), in_use);
	EXPECT_CONTAINS(t, explain(m, &address), "not this machine's: ");
	kunmap(page);
	EXPECT_CONTAINS(t, explain(m, address), "in slot 0 of kmap, 0 users: page in use");
	kmap_flush_unused();
	EXPECT_STR(t, explain(m, address), "in slot 0 of kmap, 0 users, which maps nothing");
	address = kmap_local_page(page);
	EXPECT_CONTAINS(t, explain(m, address + PAGE_SIZE - 1), " of kmap_local, slot 0: page in use");
	EXPECT_CONTAINS(t, explain(m, address), in_use);
	EXPECT_CONTAINS(t, explain(m, address + PAGE_SIZE), " of kmap_local, slot 1, which maps nothing");
	kunmap_local(address);
	EXPECT_STR(t, explain(m, (void *)(m->kmap_base + KMAP_LOCAL_OFFSET - 1)),
		   "between kmap's slots and kmap_local's, where nothing is ever mapped");
	__free_page(page);
}

static void windows_of_the_process(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");

	ASSERT_NOT_NULL(t, m);
	if (sizeof(long) != 8)
		return;
	EXPECT_CONTAINS(t, explain(m, (char *)VMEMMAP_BASE + DIRECT_WINDOW / PAGE_SIZE * sizeof(struct page) - 64),
			"in the window of page descriptors, where another machine's may be");
	EXPECT_CONTAINS(t, explain(m, (void *)(VMALLOC_BASE + VMALLOC_WINDOW - 64)),
			"in the vmalloc window, where another machine's areas may be");
}

/* What only a broken machine, or hardware that is not there, says of a page. */
static void odd_types_have_their_words(struct ktap *t)
{
	static const struct {
		u32 type;
		const char *words;
	} odd[] = {
		{ PAGE_TYPE(PGTY_OFFLINE, 0), "page taken offline; pfn " },
		{ PAGE_TYPE(PGTY_GUARD, 0), "guard page; pfn " },
		{ PAGE_TYPE(PGTY_SLAB, KMEM_MAX_CACHES), "page of a slab of cache ?; pfn " },
		{ PAGE_TYPE(PGTY_SLAB, KMEM_MAX_CACHES - 1), "page of a slab of cache ?; pfn " },
	};
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	struct page *page, copy;
	unsigned long flags;

	ASSERT_NOT_NULL(t, m);
	page = alloc_pages(GFP_KERNEL, 4);
	ASSERT_NOT_NULL(t, page);
	copy = page[1];
	for (unsigned int i = 0; i < ARRAY_SIZE(odd); i++) {
		page[1].page_type = odd[i].type;
		EXPECT_CONTAINS(t, explain_page(m, page + 1), odd[i].words);
	}
	page[1].page_type = PAGE_TYPE(PGTY_BUDDY, 0);
	page[1].free_type = MIGRATE_TYPES;
	EXPECT_CONTAINS(t, explain_page(m, page + 1), "on the ? list");
	page[1] = copy;
	flags = page->flags;
	page->flags |= ~0ul << PAGE_ZONE_SHIFT;	/* of a zone that there is not */
	EXPECT_LACKS(t, explain_page(m, page), ", zone ");
	page->flags = flags;
	__free_pages(page, 4);
}

static void other_machines_objects(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M"), *other;
	void *object;

	ASSERT_NOT_NULL(t, m);
	if (sizeof(long) == 4) {
		ktap_skip(t, "one machine a process");
		return;
	}
	object = kmalloc(64, GFP_KERNEL);
	other = machine_boot(&(struct machine_config){ .cmdline = "mem=64M", .console = console_keep });
	ASSERT_NOT_NULL(t, other);
	EXPECT_CONTAINS(t, explain(other, object), "not this machine's: in the window of direct maps");
	EXPECT_CONTAINS(t, explain(m, object), ", live; ");
	machine_shutdown(other);
	kfree(object);
}

/* No address makes it fail, and no buffer is overrun. */
static void any_address_and_any_buffer(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=1G nr_cpus=1");
	char small[16];

	ASSERT_NOT_NULL(t, m);
	for (unsigned int i = 0; i < 20000; i++) {
		unsigned long address = (unsigned long)ktap_random(t);

		if (i % 2)
			address = m->layout.direct_base + address % (m->max_low_pfn << PAGE_SHIFT);
		memset(small, '#', sizeof(small));
		EXPECT_GT(t, kmem_explain(m, (void *)address, small, 10), 0);
		EXPECT_LE(t, strlen(small), 9);
		EXPECT_EQ(t, small[10], '#');
	}
	EXPECT_GT(t, kmem_explain(m, m, NULL, 0), 0);
	EXPECT_GT(t, kmem_explain_page(m, m->vmemmap, NULL, 0), 0);
}

KTAP_SUITE(explain, KTAP_CASE(addresses_that_are_none), KTAP_CASE(object_live_and_free), KTAP_CASE(object_in_a_barn),
	   KTAP_CASE(between_and_behind_objects), KTAP_CASE(red_zone_before_an_object), KTAP_CASE(large_objects),
	   KTAP_CASE(pages_in_use_and_free), KTAP_CASE(frames_that_no_one_has), KTAP_CASE(what_boot_took),
	   KTAP_CASE(vmalloc_areas), KTAP_CASE(page_tables), KTAP_CASE(what_is_not_this_machines),
	   KTAP_CASE(addresses_of_kmap), KTAP_CASE(windows_of_the_process), KTAP_CASE(odd_types_have_their_words),
	   KTAP_CASE(other_machines_objects), KTAP_CASE(any_address_and_any_buffer));
