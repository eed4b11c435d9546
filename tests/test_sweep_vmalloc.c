/* SPDX-License-Identifier: MIT */
/* test_sweep_vmalloc.c - vmalloc, vmap and their kin, and mempool, with every passage failing. */
#include <linux/mempool.h>
#include "tests/sweep.h"
#include "tests/vm_flush.h"

#define HOLE (3ull << 30) /* of physical addresses, below 4 GiB */
#define NR_LENT 40

static struct page *lent[NR_LENT];
static struct page *beside[2];		/* neighbours */

static bool put(const void *address)
{
	vfree(address);
	return address;
}

static bool put_zeroed(const void *address, size_t bytes)
{
	if (address)
		EXPECT(slab_case, bytes_are_all(address, 0, bytes));
	return put(address);
}

/* ---------------------------------------------------------------------------------------------------------- vmalloc */

static bool call_vmalloc_nofail_of(unsigned long bytes)
{
	return put(__vmalloc(bytes, GFP_KERNEL | __GFP_NOFAIL));
}

static bool call_vmalloc(void)
{
	return put(vmalloc(5 * PAGE_SIZE));
}

/* An area that was kept, if this host keeps any. */
static bool call_vmalloc_again(void)
{
	call_vmalloc_nofail_of(4 * PAGE_SIZE);
	vm_flush(this_machine());
	return put(vmalloc(4 * PAGE_SIZE));
}

/* The array of its pages is an area of its own; more than one table. */
static bool call_vmalloc_nested(void)
{
	return put(vmalloc(600 * PAGE_SIZE));
}

static bool call_vmalloc_nofail(void)
{
	return call_vmalloc_nofail_of(5 * PAGE_SIZE);
}

static bool call_vzalloc(void)
{
	return put_zeroed(vzalloc(2 * PAGE_SIZE), 2 * PAGE_SIZE);
}

static bool call_vmalloc_user(void)
{
	return put_zeroed(vmalloc_user(2 * PAGE_SIZE), 2 * PAGE_SIZE);
}

static bool call_vmalloc_node(void)
{
	return put(vmalloc_node(2 * PAGE_SIZE, 1));
}

static bool call_vzalloc_node(void)
{
	return put_zeroed(vzalloc_node(2 * PAGE_SIZE, 1), 2 * PAGE_SIZE);
}

static bool call_vmalloc_32(void)
{
	return put(vmalloc_32(3 * PAGE_SIZE));
}

static bool call_vmalloc_32_user(void)
{
	return put_zeroed(vmalloc_32_user(3 * PAGE_SIZE), 3 * PAGE_SIZE);
}

static bool call_vmalloc_huge(void)
{
	return put(vmalloc_huge(3ul << 20, GFP_KERNEL));
}

static bool call___vmalloc(void)
{
	return put(__vmalloc(3 * PAGE_SIZE, GFP_NOFS | __GFP_HIGHMEM));
}

static bool call___vmalloc_node(void)
{
	return put(__vmalloc_node(40000, 1 << 16, GFP_KERNEL, 1, __builtin_return_address(0)));
}

static bool call___vmalloc_node_range(void)
{
	struct host_layout *layout = &this_machine()->layout;

	return put(__vmalloc_node_range(3 * PAGE_SIZE, PAGE_SIZE, layout->vmalloc_start, layout->vmalloc_end,
		GFP_KERNEL, PAGE_KERNEL, 0, NUMA_NO_NODE, __builtin_return_address(0)));
}

static bool call_vmalloc_array(void)
{
	return put(vmalloc_array(10, 1000));
}

static bool call_vcalloc(void)
{
	return put_zeroed(vcalloc(10, 1000), 10000);
}

static bool call_vfree(void)
{
	return call_vmalloc_nofail();
}

static bool call_vfree_atomic(void)
{
	vfree_atomic(__vmalloc(PAGE_SIZE, GFP_KERNEL | __GFP_NOFAIL));
	return true;
}

/* ------------------------------------------------------------------------------------------------------------- vmap */

static bool call_vmap(void)
{
	void *address = vmap(lent, NR_LENT, VM_MAP, PAGE_KERNEL);

	vunmap(address);
	return address;
}

/* The pages go with the mapping; without one they stay the caller's. */
static bool call_vmap_that_keeps_the_pages(void)
{
	struct page **pages = kmalloc_array(3, sizeof(*pages), GFP_KERNEL | __GFP_NOFAIL);
	void *address;

	for (int i = 0; i < 3; i++)
		pages[i] = alloc_pages(GFP_KERNEL | __GFP_NOFAIL, 0);
	address = vmap(pages, 3, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	if (address) {
		vfree(address);
		return true;
	}
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(slab_case, page_count(pages[i]), 1);
		__free_page(pages[i]);
	}
	kfree(pages);
	return false;
}

/* Neighbours, whose area was kept, if this host keeps any. */
static bool call_vmap_again(void)
{
	for (int i = 0; i < 2; i++) {
		void *address = vmap(beside, 2, VM_MAP, PAGE_KERNEL), *ram;

		if (!address)
			return false;
		vunmap(address);
		ram = vm_map_ram(beside, 2, NUMA_NO_NODE);
		if (!ram)
			return false;
		vm_unmap_ram(ram, 2);
		vm_flush(this_machine());
	}
	return true;
}

static bool call_vunmap(void)
{
	return call_vmap();
}

static bool call_vmap_pfn(void)
{
	unsigned long pfns[3] = { HOLE >> PAGE_SHIFT, (HOLE >> PAGE_SHIFT) + 7, (HOLE >> PAGE_SHIFT) + 8 };
	void *address = vmap_pfn(pfns, 3, PAGE_KERNEL);

	vunmap(address);
	return address;
}

static bool call_vm_map_ram(void)
{
	void *address = vm_map_ram(lent, NR_LENT, NUMA_NO_NODE);

	if (address)
		vm_unmap_ram(address, NR_LENT);
	return address;
}

static bool call_ioremap(void)
{
	void *address = ioremap(HOLE + 0x123, 3 * PAGE_SIZE);

	if (address)
		iounmap(address);
	return address;
}

static bool call_get_vm_area(void)
{
	struct vm_struct *area = get_vm_area(5 * PAGE_SIZE, VM_MAP);

	if (area)
		free_vm_area(area);
	return area;
}

static bool call_remove_vm_area(void)
{
	struct vm_struct *area = get_vm_area(5 * PAGE_SIZE, VM_MAP);

	if (area)
		EXPECT_EQ(slab_case, remove_vm_area(area->addr), area);
	kfree(area);
	return area;
}

static bool call_vm_unmap_aliases(void)
{
	call_vmalloc_nofail();
	vm_unmap_aliases();
	return true;
}

/* ---------------------------------------------------------------------------------------------------------- mempool */

static struct kmem_cache *cache;

static bool destroy(mempool_t *pool)
{
	mempool_destroy(pool);
	return pool;
}

static bool call_mempool_create(void)
{
	return destroy(mempool_create(4, mempool_alloc_slab, mempool_free_slab, cache));
}

static bool call_mempool_create_node(void)
{
	return destroy(mempool_create_node(4, mempool_kmalloc, mempool_kfree, (void *)100, GFP_KERNEL, 1));
}

static bool call_mempool_create_slab_pool(void)
{
	return destroy(mempool_create_slab_pool(3, cache));
}

static bool call_mempool_create_kmalloc_pool(void)
{
	return destroy(mempool_create_kmalloc_pool(3, 50));
}

static bool call_mempool_create_page_pool(void)
{
	return destroy(mempool_create_page_pool(3, 1));
}

/* A pool that could not be made is none. */
static bool initialized(mempool_t *pool, int error)
{
	EXPECT_EQ(slab_case, error, mempool_initialized(pool) ? 0 : -ENOMEM);
	mempool_exit(pool);
	return !error;
}

static bool call_mempool_init(void)
{
	mempool_t pool = { 0 };

	return initialized(&pool, mempool_init(&pool, 3, mempool_kmalloc, mempool_kfree, (void *)50));
}

static bool call_mempool_init_slab_pool(void)
{
	mempool_t pool = { 0 };

	return initialized(&pool, mempool_init_slab_pool(&pool, 3, cache));
}

static bool call_mempool_init_kmalloc_pool(void)
{
	mempool_t pool = { 0 };

	return initialized(&pool, mempool_init_kmalloc_pool(&pool, 3, 50));
}

static bool call_mempool_init_page_pool(void)
{
	mempool_t pool = { 0 };

	return initialized(&pool, mempool_init_page_pool(&pool, 3, 0));
}

static void *number(gfp_t gfp, void *data)
{
	(void)gfp;
	return data;
}

static void no_number(void *element, void *data)
{
	(void)element;
	(void)data;
}

/* The reserve is as before when it cannot grow. */
static bool call_mempool_resize(void)
{
	mempool_t *pool = mempool_create_kmalloc_pool(2, 50);
	int error;

	if (!pool)
		return false;
	error = mempool_resize(pool, 6);
	EXPECT_EQ(slab_case, pool->min_nr, error ? 2 : 6);
	EXPECT_EQ(slab_case, pool->curr_nr, error ? 2 : 6);
	EXPECT_EQ(slab_case, error, error ? -ENOMEM : 0);
	mempool_destroy(pool);
	return !error;
}

static mempool_t *pool; /* full, whatever fails now */

/* One more than the reserve, by callers that may not sleep. */
static bool call_mempool_alloc(void)
{
	void *elements[5];
	int nr = 0;

	while (nr < 5 && (elements[nr] = mempool_alloc(pool, GFP_NOWAIT)))
		nr++;
	EXPECT_GE(slab_case, nr, 4);
	for (int i = nr; i--;)
		mempool_free(elements[i], pool);
	EXPECT_EQ(slab_case, pool->curr_nr, 4);
	return nr == 5;
}

static bool call_mempool_alloc_of_the_reserve(void)
{
	void *elements[4];

	for (int i = 0; i < 4; i++)
		elements[i] = mempool_alloc(pool, GFP_KERNEL);
	for (int i = 0; i < 4; i++) {
		EXPECT_NOT_NULL(slab_case, elements[i]);
		mempool_free(elements[i], pool);
	}
	return true;
}

static bool call_mempool_free(void)
{
	return call_mempool_alloc_of_the_reserve();
}

static bool call_mempool_alloc_slab(void)
{
	void *element = mempool_alloc_slab(GFP_KERNEL, cache);

	if (element)
		mempool_free_slab(element, cache);
	return element;
}

static bool call_mempool_kmalloc(void)
{
	void *element = mempool_kmalloc(GFP_KERNEL, (void *)100);

	mempool_kfree(element, (void *)100);
	return element;
}

static bool call_mempool_alloc_pages(void)
{
	void *element = mempool_alloc_pages(GFP_KERNEL, (void *)1);

	if (element)
		mempool_free_pages(element, (void *)1);
	return element;
}

static bool call_mempool_destroy(void)
{
	return destroy(mempool_create(2, number, no_number, (void *)8));
}

/* -------------------------------------------------------------------------------------------------------- the table */

static const struct sweep_row rows[] = {
	SWEEP(vmalloc, SWEEP_FAILS),
	SWEEP_AS(vmalloc, call_vmalloc_nested, SWEEP_FAILS),
	SWEEP_AS(vmalloc, call_vmalloc_again, SWEEP_FAILS),
	SWEEP(vzalloc, SWEEP_FAILS),
	SWEEP(vmalloc_user, SWEEP_FAILS),
	SWEEP(vmalloc_node, SWEEP_FAILS),
	SWEEP(vzalloc_node, SWEEP_FAILS),
	SWEEP(vmalloc_32, SWEEP_FAILS),
	SWEEP(vmalloc_32_user, SWEEP_FAILS),
	SWEEP(vmalloc_huge, SWEEP_FAILS),
	SWEEP(__vmalloc, SWEEP_FAILS),
	SWEEP_AS(__vmalloc, call_vmalloc_nofail, SWEEP_SURVIVES),
	SWEEP(__vmalloc_node, SWEEP_FAILS),
	SWEEP(__vmalloc_node_range, SWEEP_FAILS),
	SWEEP(vmalloc_array, SWEEP_FAILS),
	SWEEP(vcalloc, SWEEP_FAILS),
	SWEEP(vfree, SWEEP_SURVIVES),
	SWEEP(vfree_atomic, SWEEP_SURVIVES),
	SWEEP(vmap, SWEEP_FAILS),
	SWEEP_AS(vmap, call_vmap_that_keeps_the_pages, SWEEP_FAILS),
	SWEEP_AS(vmap, call_vmap_again, SWEEP_FAILS),
	SWEEP(vunmap, SWEEP_FAILS),
	SWEEP(vmap_pfn, SWEEP_FAILS),
	SWEEP(vm_map_ram, SWEEP_FAILS),
	SWEEP(ioremap, SWEEP_FAILS),
	SWEEP(get_vm_area, SWEEP_FAILS),
	SWEEP(remove_vm_area, SWEEP_FAILS),
	SWEEP(vm_unmap_aliases, SWEEP_SURVIVES),
};

static const struct sweep_row pool_rows[] = {
	SWEEP(mempool_create, SWEEP_FAILS),
	SWEEP(mempool_create_node, SWEEP_FAILS),
	SWEEP(mempool_create_slab_pool, SWEEP_FAILS),
	SWEEP(mempool_create_kmalloc_pool, SWEEP_FAILS),
	SWEEP(mempool_create_page_pool, SWEEP_FAILS),
	SWEEP(mempool_init, SWEEP_FAILS),
	SWEEP(mempool_init_slab_pool, SWEEP_FAILS),
	SWEEP(mempool_init_kmalloc_pool, SWEEP_FAILS),
	SWEEP(mempool_init_page_pool, SWEEP_FAILS),
	SWEEP(mempool_resize, SWEEP_FAILS),
	SWEEP(mempool_alloc, SWEEP_FAILS),
	SWEEP_AS(mempool_alloc, call_mempool_alloc_of_the_reserve, SWEEP_SURVIVES),
	SWEEP(mempool_free, SWEEP_SURVIVES),
	SWEEP(mempool_alloc_slab, SWEEP_FAILS),
	SWEEP(mempool_kmalloc, SWEEP_FAILS),
	SWEEP(mempool_alloc_pages, SWEEP_FAILS),
	SWEEP(mempool_destroy, SWEEP_FAILS),
};

static void c45_every_passage_of_vmalloc(struct ktap *t)
{
	ASSERT_NOT_NULL(t, slab_machine(t, "mem=6G numa=fake=2 loglevel=1"));
	for (int i = 0; i < NR_LENT; i++)
		lent[i] = alloc_pages(GFP_KERNEL | __GFP_NOFAIL, 0);
	beside[0] = alloc_pages(GFP_KERNEL | __GFP_NOFAIL, 1);
	split_page(beside[0], 1);
	beside[1] = beside[0] + 1;
	sweep_rows(t, this_machine(), rows, ARRAY_SIZE(rows));
	__free_page(beside[0]);
	__free_page(beside[1]);
	for (int i = 0; i < NR_LENT; i++)
		__free_page(lent[i]);
}

static void c38_every_passage_of_mempools(struct ktap *t)
{
	ASSERT_NOT_NULL(t, slab_machine(t, "mem=64M loglevel=1"));
	cache = kmem_cache_create("pooled", 100, 0, SLAB_NO_MERGE, NULL);
	pool = mempool_create_slab_pool(4, cache);
	ASSERT_NOT_NULL(t, pool);
	sweep_rows(t, this_machine(), pool_rows, ARRAY_SIZE(pool_rows));
	mempool_destroy(pool);
	kmem_cache_destroy(cache);
}

KTAP_SUITE(sweep_vmalloc, KTAP_CASE(c45_every_passage_of_vmalloc), KTAP_CASE(c38_every_passage_of_mempools));
