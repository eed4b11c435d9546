/* SPDX-License-Identifier: MIT */
/*
 * test_vmalloc.c - vmalloc's family on machines of their own: the contracts C42 to C45, mapping of every kind, what
 * callers do wrong, allocations that fail one after the other, threads, and each invariant broken on purpose.
 * What faults, faults in a child process.
 */
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include "mm/page_alloc.h"
#include "tests/vmalloc_env.h"

#define SIGSEGV_NR 11
#define HOLE 0xfed00000ul		/* of a PC with more than 3 GiB: no memory there, and memory beyond */

static unsigned long address_of(const void *p)
{
	return (unsigned long)p;
}

static bool faults(struct ktap *t, const void *at, bool write)
{
	return ktap_faults(t, (const void *)address_of(at), write);
}

/* ------------------------------------------------------------------------------------------------------- contracts */

static void c42_nothing_is_null(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");

	ASSERT_NOT_NULL(t, e);
	EXPECT_NULL(t, vmalloc(0));
	EXPECT_CONTAINS(t, console_text(), "WARNING: CPU: 0");
	EXPECT_NULL(t, vzalloc(0));
	EXPECT_NULL(t, vmalloc_array(0, 8));
	env_holds(e);
}

static void c42_more_than_memory_is_null_and_reported(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	struct census before;

	ASSERT_NOT_NULL(t, e);
	before = census_take(e);
	EXPECT_NULL(t, vmalloc(1ul << 30));
	EXPECT_CONTAINS(t, console_text(),
			": vmalloc error: size 1073741824, exceeds total pages, mode:0xcc0(GFP_KERNEL)");
	console_clear();
	EXPECT_NULL(t, __vmalloc(~0ul, GFP_KERNEL | __GFP_NOWARN));
	EXPECT_NULL(t, __vmalloc(~0ul - 4096, GFP_KERNEL | __GFP_NOWARN));
	EXPECT_NULL(t, vmalloc_array(~0ul / 2, 3));
	EXPECT_NULL(t, vcalloc(3, ~0ul / 2));
	EXPECT_STR(t, console_text(), "");
	expect_census(e, &before);
}

static void c43_areas_are_page_aligned_disjoint_and_guarded(struct ktap *t)
{
	static const unsigned long sizes[] = { 1, 4095, 4096, 4097, 8192, 100000, 1 << 20 };
	struct env *e = env_boot(t, "mem=64M");
	char *p[7];

	ASSERT_NOT_NULL(t, e);
	for (int i = 0; i < 7; i++) {
		p[i] = vmalloc(sizes[i]);
		ASSERT_NOT_NULL(t, p[i]);
		EXPECT_EQ(t, address_of(p[i]) % PAGE_SIZE, 0);
		memset(p[i], i + 1, sizes[i]);
		EXPECT_NULL(t, vmalloc_to_page(p[i] + PAGE_ALIGN(sizes[i])));
	}
	for (int i = 0; i < 7; i++) {
		EXPECT_EQ(t, p[i][0], i + 1);
		EXPECT_EQ(t, p[i][sizes[i] - 1], i + 1);
		for (int k = 0; k < i; k++)
			EXPECT(t, p[i] >= p[k] + PAGE_ALIGN(sizes[k]) + PAGE_SIZE || p[k] >= p[i] + sizes[i]);
	}
	EXPECT(t, faults(t, p[1] + 4096, false));
	EXPECT(t, faults(t, p[6] + (1 << 20), true));
	EXPECT(t, !faults(t, p[6] + (1 << 20) - 1, true));
	env_holds(e);
	for (int i = 0; i < 7; i++)
		vfree(p[i]);
}

static void c44_a_freed_area_faults_and_is_not_reused_before_the_flush(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	char *p, *q, *again;

	ASSERT_NOT_NULL(t, e);
	p = vmalloc(3 * PAGE_SIZE);
	ASSERT_NOT_NULL(t, p);
	EXPECT(t, !faults(t, p, true));
	vfree(p);
	EXPECT(t, faults(t, p, false));
	EXPECT(t, faults(t, p + 2 * PAGE_SIZE, true));
	q = vmalloc(3 * PAGE_SIZE);
	EXPECT_NE(t, q, p);
	EXPECT(t, faults(t, p, false));
	vm_unmap_aliases();
	EXPECT(t, faults(t, p, false));
	again = vmalloc(3 * PAGE_SIZE);
	EXPECT_EQ(t, again, p);
	EXPECT(t, !faults(t, p, true));
	env_holds(e);
	vfree(q);
	vfree(again);
}

struct cross {
	char *p;
	struct machine *m;
	u32 freed, seen;
};

static void free_or_touch(struct ktap *t, unsigned int i, void *arg)
{
	struct cross *cross = arg;

	EXPECT_EQ(t, machine_enter(cross->m), 0);
	if (i) {
		while (!__atomic_load_n(&cross->freed, __ATOMIC_ACQUIRE))
			host_wait(&cross->freed, 0, 1000000);
		*(volatile char *)cross->p = 1;
		ktap_fail(t, "another CPU still wrote to the freed area");
	} else {
		vfree(cross->p);
		__atomic_store_n(&cross->freed, 1, __ATOMIC_RELEASE);
		host_wake(&cross->freed, 9);
	}
	machine_leave();
}

/* With a machine of its own: a child shares its parent's memory. */
static void cross_cpu(struct ktap *t, void *arg)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=4");
	struct cross cross;

	(void)arg;
	ASSERT_NOT_NULL(t, e);
	cross = (struct cross){ .p = vmalloc(PAGE_SIZE), .m = e->m };
	ASSERT_NOT_NULL(t, cross.p);
	*cross.p = 1;
	ktap_threads(t, 2, free_or_touch, &cross);
}

static void c44_every_cpu_faults_on_it(struct ktap *t)
{
	struct ktap_child child;

	if (ktap_child(t, cross_cpu, NULL, &child))
		EXPECT_EQ(t, child.signal, SIGSEGV_NR);
}

/* --------------------------------------------------------------------------------------------- C45: failures */

static void c45_a_host_without_mappings_leaves_nothing_and_says_so(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=512M");
	unsigned int nr = 100000;
	struct page *page, **pages;
	struct census before;
	void *mapped;

	ASSERT_NOT_NULL(t, e);
	page = alloc_pages(GFP_KERNEL, 0);
	pages = vmalloc(nr * sizeof(*pages));
	ASSERT(t, page && pages);
	for (unsigned int i = 0; i < nr; i++)
		pages[i] = page;
	before = census_take(e);
	mapped = vmap(pages, nr, VM_MAP, PAGE_KERNEL);
	if (mapped) {
		vunmap(mapped);
		vm_unmap_aliases();
		ktap_skip(t, "this host maps as much as it is asked to");
	} else {
		EXPECT_CONTAINS(t, console_text(), "the host has no room for another mapping");
		EXPECT_CONTAINS(t, console_text(), "failed to map pages");
	}
	EXPECT_EQ(t, page_count(page), 1);
	expect_census(e, &before);
	vfree(pages);
	__free_page(page);
}

static void an_exhausted_window_is_reported_and_heals(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M vmalloc=16M");
	void *p[20];
	int nr = 0;

	ASSERT_NOT_NULL(t, e);
	while (nr < 20 && (p[nr] = vmalloc(1 << 20)))
		nr++;
	EXPECT_EQ(t, nr, 15);
	EXPECT_CONTAINS(t, console_text(),
			"vmap allocation for size 1052672 failed: use vmalloc=<size> to increase size");
	for (int i = 0; i < 20; i++)
		EXPECT_NULL(t, vmalloc(1 << 20));
	EXPECT_EQ(t, console_count("vmap allocation for size 1052672 failed"), 10);	/* in five seconds */
	EXPECT_NULL(t, get_vm_area(17 << 20, VM_MAP));
	vfree(p[3]);
	EXPECT_EQ(t, vmalloc(1 << 20), p[3]);	/* dead addresses are purged for it */
	env_holds(e);
	while (nr)
		vfree(p[--nr]);
}

static int free_later(void *area)
{
	msleep(10);
	vfree(area);
	return 0;
}

static void what_cannot_fail_waits_for_addresses(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M vmalloc=16M nr_cpus=2");
	struct task_struct *task;
	void *p[20], *last;
	int nr = 0;

	ASSERT_NOT_NULL(t, e);
	while (nr < 20 && (p[nr] = vmalloc(1 << 20)))
		nr++;
	ASSERT_GT(t, nr, 2);
	task = kthread_run(free_later, p[--nr], "free_later");
	ASSERT(t, !IS_ERR(task));
	last = __vmalloc(1 << 20, GFP_KERNEL | __GFP_NOFAIL);
	EXPECT_NOT_NULL(t, last);
	task = kthread_run(free_later, last, "free_later");
	ASSERT(t, !IS_ERR(task));
	last = kvmalloc(600 << 10, GFP_NOFS | __GFP_NOFAIL | __GFP_NOWARN);
	EXPECT_NOT_NULL(t, last);
	kvfree(last);
	while (nr)
		vfree(p[--nr]);
}

static void what_can_never_be_is_not_waited_for(struct ktap *t)
{
	static const gfp_t nofail = GFP_KERNEL | __GFP_NOFAIL | __GFP_NOWARN;
	struct env *e = env_boot(t, "mem=64M vmalloc=16M");
	unsigned long start;

	ASSERT_NOT_NULL(t, e);
	start = e->m->layout.vmalloc_start;
	EXPECT_NULL(t, __vmalloc(0, nofail));
	EXPECT_NULL(t, __vmalloc(~0ul, nofail));
	EXPECT_NULL(t, __vmalloc(65 << 20, nofail));
	EXPECT_NULL(t, __vmalloc(17 << 20, nofail));
	EXPECT_NULL(t, __vmalloc_node(1, 3, nofail, NUMA_NO_NODE, NULL));
	EXPECT_NULL(t, __vmalloc_node(1, ~0ul / 2 + 1, nofail, NUMA_NO_NODE, NULL));
	EXPECT_NULL(t,
		__vmalloc_node_range(2 * PAGE_SIZE, 1, start + PAGE_SIZE, start + 3 * PAGE_SIZE, nofail, PAGE_KERNEL,
			0, NUMA_NO_NODE, NULL));
	EXPECT_NULL(t,
		__vmalloc_node_range(1, 1, start + PAGE_SIZE, start, nofail, PAGE_KERNEL, 0, NUMA_NO_NODE, NULL));
	env_holds(e);
}

/* A page of a compound block could not be freed by itself. */
static void pages_are_single_whatever_is_asked(struct ktap *t)
{
	static const gfp_t odd[] = { __GFP_COMP, __GFP_COMP | __GFP_ZERO, __GFP_COMP | __GFP_NOFAIL };
	struct env *e = env_boot(t, "mem=64M");

	ASSERT_NOT_NULL(t, e);
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++)
		for (unsigned long nr = 1; nr <= 1024; nr = 2 * nr + nr % 3) {
			char *p = __vmalloc(nr * PAGE_SIZE, GFP_KERNEL | odd[i]), *q;

			q = vmalloc_huge(nr * PAGE_SIZE, GFP_KERNEL | odd[i]);
			ASSERT(t, p && q);
			EXPECT(t, !PageCompound(vmalloc_to_page(p)) && !PageCompound(vmalloc_to_page(q)));
			EXPECT_EQ(t, page_count(vmalloc_to_page(p + (nr - 1) * PAGE_SIZE)), 1);
			vfree(p);
			vfree(q);
		}
	EXPECT_STR(t, console_text(), "");
	env_holds(e);
}

/* -------------------------------------------------------------------------------------------------- what is mapped */

static void an_area_is_an_alias_of_its_pages(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	u32 *p;

	ASSERT_NOT_NULL(t, e);
	p = vmalloc(600 * PAGE_SIZE);
	ASSERT_NOT_NULL(t, p);
	for (u32 i = 0; i < 600; i++)
		p[i * 1024 + 5] = i * 7;
	for (u32 i = 0; i < 600; i++) {
		struct page *page = vmalloc_to_page(p + i * 1024);
		u32 *alias = page_address(page);

		ASSERT_NOT_NULL(t, page);
		EXPECT_EQ(t, page_count(page), 1);
		EXPECT_EQ(t, vmalloc_to_pfn(p + i * 1024 + 9), page_to_pfn(page));
		EXPECT_EQ(t, alias[5], i * 7);
		alias[6] = i;
		EXPECT_EQ(t, p[i * 1024 + 6], i);
	}
	EXPECT(t, is_vmalloc_addr(p));
	EXPECT(t, !is_vmalloc_addr(page_address(vmalloc_to_page(p))));
	EXPECT(t, !is_vmalloc_addr(&e));
	EXPECT(t, is_vmalloc_or_module_addr(p) && !is_vmalloc_or_module_addr(&e));
	EXPECT_EQ(t, vmalloc_nr_pages(), sizeof(long) == 8 ? 602 : 600);	/* 600, and 2 of the page array */
	vfree(p);
	EXPECT_EQ(t, vmalloc_nr_pages(), 0);
}

static void large_blocks_are_few_runs(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	unsigned long before;
	void *p;

	ASSERT_NOT_NULL(t, e);
	before = e->m->vmalloc->nr_runs;
	p = vmalloc(1 << 20);
	ASSERT_NOT_NULL(t, p);
	EXPECT_EQ(t, e->m->vmalloc->nr_runs, before + 1);
	vfree(p);
}

/* No blocks are to be had, and single pages come in no order. */
static void scattered_pages_are_sorted_into_runs(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M nr_cpus=1");
	struct fault_attr attr = { .interval = 1, .probability = 100, .times = -1, .on = true };
	struct page *held[64];
	unsigned long before;
	char *p;

	ASSERT_NOT_NULL(t, e);
	for (int i = 0; i < 64; i++) {
		held[i] = alloc_pages(GFP_KERNEL, 0);
		ASSERT_NOT_NULL(t, held[i]);
	}
	for (int i = 0; i < 64; i++)
		__free_page(held[i * 37 % 64]);
	e->m->params.fail_page_alloc_min_order = 1;
	fail_pages(e->m, &attr);
	before = e->m->vmalloc->nr_runs;
	p = vmalloc(64 * PAGE_SIZE);
	fail_pages(e->m, NULL);
	ASSERT_NOT_NULL(t, p);
	EXPECT_LT(t, e->m->vmalloc->nr_runs, before + 20);
	for (unsigned long i = 1; i < 64; i++)
		EXPECT_GT(t, vmalloc_to_pfn(p + i * PAGE_SIZE), vmalloc_to_pfn(p + (i - 1) * PAGE_SIZE));
	vfree(p);
}

static void zeroed_is_zero_over_dirty_memory(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=32M");
	unsigned long bytes = 3ul << 20;
	char *p;

	ASSERT_NOT_NULL(t, e);
	for (int i = 0; i < 4; i++) {
		p = vmalloc(bytes);
		ASSERT_NOT_NULL(t, p);
		memset(p, 0xa5, bytes);
		vfree(p);
		p = i & 1 ? vzalloc(bytes) : vmalloc_user(bytes);
		ASSERT_NOT_NULL(t, p);
		for (unsigned long k = 0; k < bytes; k += 8)
			ASSERT_EQ(t, *(u64 *)(p + k), 0);
		vfree(p);
	}
}

static void an_alignment_and_a_part_of_the_window_are_kept(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	unsigned long start, end;
	void *p, *q;

	ASSERT_NOT_NULL(t, e);
	start = e->m->layout.vmalloc_start + (3ul << 20) + PAGE_SIZE;
	end = start + 5 * PAGE_SIZE;
	p = __vmalloc_node(PAGE_SIZE, 1 << 20, GFP_KERNEL, NUMA_NO_NODE, NULL);
	EXPECT_EQ(t, address_of(p) % (1 << 20), 0);
	q = __vmalloc_node_range(4 * PAGE_SIZE, 1, start, end, GFP_KERNEL, PAGE_KERNEL, 0, NUMA_NO_NODE, NULL);
	EXPECT_EQ(t, address_of(q), start);
	EXPECT_NULL(t, __vmalloc_node_range(PAGE_SIZE, 1, start, end, GFP_KERNEL | __GFP_NOWARN, PAGE_KERNEL, 0,
					    NUMA_NO_NODE, NULL));
	EXPECT_NULL(t, __vmalloc_node(PAGE_SIZE, 3 * PAGE_SIZE, GFP_KERNEL | __GFP_NOWARN, NUMA_NO_NODE, NULL));
	env_holds(e);
	vfree(p);
	vfree(q);
}

static void huge_areas_take_large_entries(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	struct pgtable_entry entry;
	char *p;

	ASSERT_NOT_NULL(t, e);
	p = vmalloc_huge(5ul << 20, GFP_KERNEL);
	ASSERT_NOT_NULL(t, p);
	EXPECT_EQ(t, address_of(p) % (2ul << 20), 0);
	memset(p, 1, 5ul << 20);
	ASSERT(t, pgtable_lookup(&e->m->vmalloc->table, address_of(p), &entry));
	EXPECT_EQ(t, entry.level, 2);
	ASSERT(t, pgtable_lookup(&e->m->vmalloc->table, address_of(p) + (4ul << 20), &entry));
	EXPECT_EQ(t, entry.level, 1);
	env_holds(e);
	vfree(p);
	p = vmalloc(5ul << 20);
	ASSERT(t, pgtable_lookup(&e->m->vmalloc->table, address_of(p), &entry));
	EXPECT_EQ(t, entry.level, 1);
	vfree(p);
}

static void memory_for_32_bits_is_below_4_gib(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=6G");
	char *p;

	ASSERT_NOT_NULL(t, e);
	p = vmalloc_32(100 * PAGE_SIZE);
	ASSERT_NOT_NULL(t, p);
	for (int i = 0; i < 100; i++)
		EXPECT_LT(t, vmalloc_to_pfn(p + i * PAGE_SIZE), 1ul << 20);
	vfree(p);
	p = vmalloc_32_user(PAGE_SIZE);
	EXPECT(t, find_vm_area(p) && find_vm_area(p)->flags & VM_USERMAP);
	vfree(p);
}

static void high_memory_is_used_where_there_is_some(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=2G kmem.layout=i386");
	unsigned long high = 0;
	char *p;

	ASSERT_NOT_NULL(t, e);
	p = vzalloc(100 * PAGE_SIZE);
	ASSERT_NOT_NULL(t, p);
	for (unsigned long i = 0; i < 100; i++) {
		high += vmalloc_to_pfn(p + i * PAGE_SIZE) >= e->m->max_low_pfn;
		EXPECT_EQ(t, p[i * PAGE_SIZE + i], 0);
		p[i * PAGE_SIZE + i] = 1;
	}
	EXPECT_EQ(t, high, 100);
	env_holds(e);
	vfree(p);
	p = vmalloc_32(100 * PAGE_SIZE);
	ASSERT_NOT_NULL(t, p);
	for (unsigned long i = 0; i < 100; i++)
		EXPECT_LT(t, vmalloc_to_pfn(p + i * PAGE_SIZE), e->m->max_low_pfn);
	vfree(p);
}

static void a_node_is_asked_first(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=256M numa=fake=2");

	ASSERT_NOT_NULL(t, e);
	for (int nid = 0; nid < 2; nid++) {
		char *p = vmalloc_node(20 * PAGE_SIZE, nid);

		ASSERT_NOT_NULL(t, p);
		for (int i = 0; i < 20; i++)
			EXPECT_EQ(t, page_to_nid(vmalloc_to_page(p + i * PAGE_SIZE)), nid);
		vfree(p);
	}
}

/* --------------------------------------------------------------------------------------------------- vmap, ioremap */

static void vmap_aliases_the_callers_pages_and_leaves_them(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	struct page *pages[5];
	char *p;

	ASSERT_NOT_NULL(t, e);
	for (int i = 0; i < 5; i++)
		pages[4 - i] = alloc_pages(GFP_KERNEL, 0);
	p = vmap(pages, 5, VM_MAP, PAGE_KERNEL);
	ASSERT_NOT_NULL(t, p);
	for (int i = 0; i < 5; i++) {
		p[i * PAGE_SIZE] = (char)(i + 1);
		EXPECT_EQ(t, *(char *)page_address(pages[i]), i + 1);
		EXPECT_EQ(t, vmalloc_to_page(p + i * PAGE_SIZE), pages[i]);
	}
	env_holds(e);
	vunmap(p);
	EXPECT(t, faults(t, p, false));
	for (int i = 0; i < 5; i++) {
		EXPECT_EQ(t, page_count(pages[i]), 1);
		__free_page(pages[i]);
	}
	EXPECT_NULL(t, vmap(pages, 0, VM_MAP, PAGE_KERNEL));
}

static void more_pages_than_there_are_are_not_mapped(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	unsigned int nr = e ? (unsigned int)totalram_pages() + 1 : 0;
	struct page **pages, *page;

	ASSERT_NOT_NULL(t, e);
	pages = vmalloc_array(nr, sizeof(*pages));
	page = alloc_page(GFP_KERNEL);
	ASSERT(t, pages && page);
	for (unsigned int i = 0; i < nr; i++)
		pages[i] = page;
	EXPECT_NULL(t, vmap(pages, nr, VM_MAP, PAGE_KERNEL));
	__free_page(page);
	vfree(pages);
	env_holds(e);
}

static void a_read_only_mapping_refuses_writes(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	struct page *page;
	char *p;

	ASSERT_NOT_NULL(t, e);
	page = alloc_pages(GFP_KERNEL, 0);
	p = vmap(&page, 1, VM_MAP, PAGE_KERNEL_RO);
	ASSERT_NOT_NULL(t, p);
	EXPECT(t, !faults(t, p, false));
	EXPECT(t, faults(t, p, true));
	vunmap(p);
	__free_page(page);
}

static void pages_that_were_handed_over_are_freed(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	struct page **pages;
	struct census before;
	void *p;

	ASSERT_NOT_NULL(t, e);
	before = census_take(e);
	pages = kmalloc(3 * sizeof(*pages), GFP_KERNEL);
	for (int i = 0; i < 3; i++)
		pages[i] = alloc_pages(GFP_KERNEL, 0);
	p = vmap(pages, 3, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	ASSERT_NOT_NULL(t, p);
	env_holds(e);
	vfree(p);
	vm_unmap_aliases();
	expect_census(e, &before);
}

static void a_page_that_does_not_exist_is_refused(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	struct page *pages[2] = { NULL, NULL };

	ASSERT_NOT_NULL(t, e);
	pages[0] = alloc_pages(GFP_KERNEL, 0);
	EXPECT_NULL(t, vmap(pages, 2, VM_MAP, PAGE_KERNEL));
	pages[1] = machine_page(e->m, e->m->max_pfn);
	EXPECT_NULL(t, vm_map_ram(pages, 2, NUMA_NO_NODE));
	__free_page(pages[0]);
	env_holds(e);
}

static void vm_map_ram_maps_and_knows_its_size(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	struct page *pages[3];
	char *p;

	ASSERT_NOT_NULL(t, e);
	for (int i = 0; i < 3; i++)
		pages[i] = alloc_pages(GFP_KERNEL, 0);
	p = vm_map_ram(pages, 3, NUMA_NO_NODE);
	ASSERT_NOT_NULL(t, p);
	p[2 * PAGE_SIZE] = 9;
	EXPECT_EQ(t, *(char *)page_address(pages[2]), 9);
	env_holds(e);
	vm_unmap_ram(p, 2);
	EXPECT_CONTAINS(t, console_text(), "vm_unmap_ram: no area of 2 pages at");
	vm_unmap_ram(p, 0);
	EXPECT_CONTAINS(t, console_text(), "vm_unmap_ram: no area of 0 pages at");
	EXPECT_EQ(t, p[2 * PAGE_SIZE], 9);
	vfree(p);
	EXPECT_CONTAINS(t, console_text(), "Trying to vfree() nonexistent vm area");
	vm_unmap_ram(p, 3);
	EXPECT(t, faults(t, p, false));
	for (int i = 0; i < 3; i++)
		__free_page(pages[i]);
	env_holds(e);
}

static void ioremap_maps_a_hole_at_its_offset(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=6G");
	volatile u32 *p;

	ASSERT_NOT_NULL(t, e);
	p = ioremap(HOLE + 0x120, 0x2000);
	ASSERT_NOT_NULL(t, p);
	EXPECT_EQ(t, address_of((void *)p) % PAGE_SIZE, 0x120);
	*p = 77;
	EXPECT_EQ(t, *p, 77);
	EXPECT_EQ(t, find_vm_area((void *)p)->phys_addr, HOLE);
	EXPECT_NULL(t, vmalloc_to_page((void *)p));
	EXPECT_EQ(t, vmalloc_to_pfn((void *)p), HOLE >> PAGE_SHIFT);
	env_holds(e);
	iounmap(p);
	EXPECT(t, faults(t, (void *)p, false));
	iounmap(p);
	EXPECT_CONTAINS(t, console_text(), "iounmap: bad address ");
	EXPECT_CONTAINS(t, console_text(), "Call Trace:");
	EXPECT_LACKS(t, console_text(), "WARNING");
}

static void device_memory_is_aligned_to_its_size(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=6G");
	struct pgtable_entry entry;
	char *small, *large;

	ASSERT_NOT_NULL(t, e);
	small = ioremap(HOLE, 1);
	large = ioremap(0xfd000000, 4ul << 20);
	ASSERT(t, small && large);
	EXPECT_EQ(t, address_of(large) % (4ul << 20), 0);
	ASSERT(t, pgtable_lookup(&e->m->vmalloc->table, address_of(large), &entry));
	EXPECT_EQ(t, entry.level, 2);
	iounmap(small);
	iounmap(large);
	env_holds(e);
}

static void memory_and_what_does_not_exist_cannot_be_ioremapped(struct ktap *t)
{
	const size_t much = (size_t)1 << (sizeof(long) == 8 ? 40 : 30);
	struct env *e = env_boot(t, sizeof(long) == 8 ? "mem=6G" : "mem=2G");
	char devices[80];

	ASSERT_NOT_NULL(t, e);
	EXPECT_NULL(t, ioremap(0x1000000, 4096));
	EXPECT_CONTAINS(t, console_text(), "ioremap on RAM at 0x0000000001000000 - 0x0000000001000fff");
	EXPECT_NULL(t, ioremap(1ull << 40, 4096));
	EXPECT_CONTAINS(t, console_text(), "there is no device at 0x0000010000000000");
	EXPECT_NULL(t, ioremap(HOLE, much));
	snprintf(devices, sizeof(devices), "there is no device at 0x%016llx-0x%016llx", HOLE + 0ull,
		 HOLE + (u64)much - 1);
	EXPECT_CONTAINS(t, console_text(), devices);
	EXPECT_NULL(t, ioremap(HOLE, 0));
	EXPECT_NULL(t, ioremap(~(phys_addr_t)0 - 4095, 8192));
	env_holds(e);
}

/* On a computer of one's own; whether this host maps it is the host's to say. Nobody touches it. */
static void where_there_are_devices_any_address_may_be_one(struct ktap *t)
{
	unsigned long beyond_all = ~0ul;
	struct env *e = env_boot(t, "mem=64M");
	struct pgtable_entry entry;
	void *p;

	ASSERT_NOT_NULL(t, e);
	e->m->layout.has_devices = true;
	p = ioremap(0xfed00000, PAGE_SIZE);
	if (p) {
		ASSERT(t, pgtable_lookup(&e->m->vmalloc->table, address_of(p), &entry));
		EXPECT_EQ(t, entry.pfn, 0xfed00);
		EXPECT(t, entry.prot & _PAGE_PCD);
		iounmap(p);
	}
	EXPECT_LACKS(t, console_text(), "there is no device");
	if (sizeof(long) == 8)		/* on 32 bits that is an address of 44 bits */
		EXPECT_NULL(t, vmap_pfn(&beyond_all, 1, PAGE_KERNEL));
	EXPECT_NULL(t, ioremap(0x1000000, 4096));
	EXPECT_CONTAINS(t, console_text(), "ioremap on RAM at 0x0000000001000000");
	e->m->layout.has_devices = false;
	env_holds(e);
}

/* ------------------------------------------------------------------------------------------------------ bare areas */

static void bare_areas_are_found_by_any_address_inside(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	struct vm_struct *vm;

	ASSERT_NOT_NULL(t, e);
	vm = get_vm_area(3 * PAGE_SIZE, VM_MAP);
	ASSERT_NOT_NULL(t, vm);
	EXPECT_EQ(t, vm->size, 4 * PAGE_SIZE);
	EXPECT_EQ(t, find_vm_area((char *)vm->addr + PAGE_SIZE + 5), vm);
	EXPECT_EQ(t, find_vm_area((char *)vm->addr + 4 * PAGE_SIZE), NULL);
	EXPECT(t, faults(t, vm->addr, false));
	env_holds(e);
	EXPECT_EQ(t, remove_vm_area(vm->addr), vm);
	EXPECT_NULL(t, find_vm_area(vm->addr));
	EXPECT_NULL(t, remove_vm_area(vm->addr));
	kfree(vm);
	vm = get_vm_area(PAGE_SIZE, VM_MAP | VM_NO_GUARD);
	ASSERT_NOT_NULL(t, vm);
	EXPECT_EQ(t, vm->size, PAGE_SIZE);
	env_holds(e);
	free_vm_area(vm);
	free_vm_area(&(struct vm_struct){ .addr = e });
	EXPECT_CONTAINS(t, console_text(), "free_vm_area: no area of this machine at ");
	EXPECT_NULL(t, get_vm_area(0, VM_MAP));
	env_holds(e);
}

static void only_user_areas_may_be_remapped(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	struct page *pages[4];
	char *user, *plain;

	ASSERT_NOT_NULL(t, e);
	user = vmalloc_user(4 * PAGE_SIZE);
	plain = vmalloc(4 * PAGE_SIZE);
	ASSERT(t, user && plain);
	EXPECT_EQ(t, remap_vmalloc_check(user, 1, 3 * PAGE_SIZE, pages), 0);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(t, pages[i], vmalloc_to_page(user + (i + 1) * PAGE_SIZE));
	EXPECT_EQ(t, remap_vmalloc_check(user, 0, 4 * PAGE_SIZE, NULL), 0);
	EXPECT_EQ(t, remap_vmalloc_check(user, 1, 4 * PAGE_SIZE, NULL), -EINVAL);	/* the guard page */
	EXPECT_EQ(t, remap_vmalloc_check(user, ~0ul, PAGE_SIZE, NULL), -EINVAL);
	EXPECT_EQ(t, remap_vmalloc_check(user, 0, ~0ul, NULL), -EINVAL);
	EXPECT_EQ(t, remap_vmalloc_check(user + PAGE_SIZE, 0, PAGE_SIZE, NULL), -EINVAL);
	EXPECT_EQ(t, remap_vmalloc_check(user + 1, 0, PAGE_SIZE, NULL), -EINVAL);
	EXPECT_EQ(t, remap_vmalloc_check(plain, 0, PAGE_SIZE, NULL), -EINVAL);
	EXPECT_EQ(t, remap_vmalloc_check(&e, 0, PAGE_SIZE, NULL), -EINVAL);
	EXPECT_EQ(t, remap_vmalloc_check((void *)((unsigned long)&e & PAGE_MASK), 0, PAGE_SIZE, NULL), -EINVAL);
	EXPECT_EQ(t, remap_vmalloc_check(user, 0, 0, NULL), 0);
	vfree(user);
	vfree(plain);
}

/* ------------------------------------------------------------------------------------------------------- misuse */

static void freeing_what_is_no_area_is_reported_and_changes_nothing(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	char *p, *object;
	char want[80];

	ASSERT_NOT_NULL(t, e);
	p = vmalloc(3 * PAGE_SIZE);
	object = kmalloc(8192, GFP_KERNEL);
	vfree(NULL);
	vunmap(NULL);
	iounmap(NULL);
	EXPECT_STR(t, console_text(), "");
	vfree(p + 16);
	snprintf(want, sizeof(want), "Trying to vfree() bad address (%p)\n", p + 16);
	EXPECT_CONTAINS(t, console_text(), want);
	EXPECT_CONTAINS(t, console_text(), "__vunmap");
	console_clear();
	vfree(p + PAGE_SIZE);
	snprintf(want, sizeof(want), "Trying to vfree() nonexistent vm area (%p)\n", p + PAGE_SIZE);
	EXPECT_CONTAINS(t, console_text(), want);
	console_clear();
	vfree(object);
	snprintf(want, sizeof(want), "Trying to vfree() nonexistent vm area (%p)\n", object);
	EXPECT_CONTAINS(t, console_text(), want);
	p[0] = 5;
	EXPECT_EQ(t, p[0], 5);
	vfree(p);
	console_clear();
	vfree(p);
	snprintf(want, sizeof(want), "Trying to vfree() nonexistent vm area (%p)\n", p);
	EXPECT_CONTAINS(t, console_text(), want);
	kfree(object);
	env_holds(e);
}

static void unmapping_what_vmalloc_made_is_refused(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	char *p;

	ASSERT_NOT_NULL(t, e);
	p = vmalloc(PAGE_SIZE);
	ASSERT_NOT_NULL(t, p);
	vunmap(p);
	EXPECT_CONTAINS(t, console_text(), "Trying to vfree() nonexistent vm area");
	iounmap(p);
	EXPECT_CONTAINS(t, console_text(), "iounmap: bad address");
	p[0] = 1;
	env_holds(e);
	vfree(p);
}

/* Each kind of area has its own call: any other, another size or a place inside it changes nothing. */
static void a_ram_mapping_ends_only_by_its_own_call(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	struct page *pages[2];
	char *ram, *p;

	ASSERT_NOT_NULL(t, e);
	EXPECT_NULL(t, vm_map_ram(pages, 0, NUMA_NO_NODE));
	pages[0] = alloc_page(GFP_KERNEL);
	pages[1] = alloc_page(GFP_KERNEL);
	p = vmalloc(PAGE_SIZE);
	ram = vm_map_ram(pages, 2, NUMA_NO_NODE);
	ASSERT(t, pages[0] && pages[1] && ram && p);
	vunmap(ram);
	vfree(ram);
	vfree_atomic(ram);
	EXPECT_EQ(t, console_count("Trying to vfree() nonexistent vm area"), 3);
	iounmap(ram);
	EXPECT_EQ(t, console_count("iounmap: bad address"), 1);
	vm_unmap_ram(ram + PAGE_SIZE, 2);
	vm_unmap_ram(p, 1);
	vm_unmap_ram(&e, 1);
	EXPECT_EQ(t, console_count("vm_unmap_ram: no area of "), 3);
	EXPECT_EQ(t, vmalloc_to_page(ram + PAGE_SIZE), pages[1]);
	vm_unmap_ram(ram, 2);
	vfree(p);
	__free_page(pages[0]);
	__free_page(pages[1]);
	env_holds(e);
}

static void sleeping_in_atomic_context_is_reported(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	void *p;

	ASSERT_NOT_NULL(t, e);
	preempt_disable();
	p = vmalloc(PAGE_SIZE);
	preempt_enable();
	EXPECT_CONTAINS(t, console_text(), "BUG: sleeping function called from invalid context at mm/vmalloc.c:");
	vfree(p);
	env_holds(e);
}

static void an_interrupt_gets_nothing(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	unsigned long beyond = 1ul << 20;
	void *area, *ram;
	struct page *page;

	ASSERT_NOT_NULL(t, e);
	page = alloc_page(GFP_KERNEL);
	area = vmap(&page, 1, VM_MAP, PAGE_KERNEL);
	ram = vm_map_ram(&page, 1, NUMA_NO_NODE);
	ASSERT(t, area && ram);
	preempt_count_add(HARDIRQ_OFFSET);
	EXPECT_NULL(t, vmalloc(PAGE_SIZE));
	EXPECT_NULL(t, vmap(&page, 1, VM_MAP, PAGE_KERNEL));
	EXPECT_NULL(t, vmap_pfn(&beyond, 1, PAGE_KERNEL));
	EXPECT_NULL(t, vm_map_ram(&page, 1, NUMA_NO_NODE));
	EXPECT_NULL(t, ioremap((phys_addr_t)beyond << PAGE_SHIFT, PAGE_SIZE));
	EXPECT_NULL(t, get_vm_area(PAGE_SIZE, VM_MAP));
	EXPECT_NULL(t, remove_vm_area(area));
	vunmap(area);
	vunmap(NULL);
	vm_unmap_ram(ram, 1);
	iounmap(area);
	iounmap(NULL);
	preempt_count_sub(HARDIRQ_OFFSET);
	EXPECT_CONTAINS(t, console_text(), "BUG: sleeping function called from invalid context");
	EXPECT_NOT_NULL(t, find_vm_area(area));	/* all refused: nothing changed */
	EXPECT_EQ(t, vmalloc_to_page(ram), page);
	vm_unmap_ram(ram, 1);
	vunmap(area);
	__free_page(page);
	env_holds(e);
}

static void what_is_left_at_shutdown_is_reported(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	struct machine_leaks leaks = { 0 };
	struct page *page;
	char want[64];
	void *p;

	ASSERT_NOT_NULL(t, e);
	p = vmalloc(700 * PAGE_SIZE);		/* one area and its page array */
	page = alloc_pages(GFP_KERNEL, 0);
	EXPECT_NOT_NULL(t, vm_map_ram(&page, 1, NUMA_NO_NODE));
	machine_shutdown_leaks(e->m, &leaks);
	e->m = NULL;
	EXPECT_EQ(t, leaks.vmalloc_areas, 2);
	EXPECT_EQ(t, leaks.pages, 1);
	EXPECT_EQ(t, leaks.slab_objects, 0);
	EXPECT_EQ(t, leaks.slab_caches, 0);
	snprintf(want, sizeof(want), "vmalloc: 0x%lx-0x%lx leaked: 700 pages", address_of(p),
		 address_of(p) + 701 * PAGE_SIZE);
	EXPECT_CONTAINS(t, console_text(), want);
	EXPECT_CONTAINS(t, console_text(), "leaked: vm_map_ram");
}

/* --------------------------------------------------------------------------------------------------------- threads */

struct crowd {
	struct machine *m;
	unsigned int steps;
};

static void churn(struct ktap *t, unsigned int i, void *arg)
{
	struct crowd *crowd = arg;
	u32 *held[8] = { NULL };

	EXPECT_EQ(t, machine_enter(crowd->m), 0);
	for (unsigned int step = 0; step < crowd->steps; step++) {
		unsigned int k = (unsigned int)ktap_below(t, 8), pages = 1 + (unsigned int)ktap_below(t, 40);

		if (held[k]) {
			EXPECT_EQ(t, held[k][1], i << 16 | k);
			EXPECT_EQ(t, held[k][held[k][0] * 1024 - 1], i << 16 | k);
			vfree(held[k]);
			held[k] = NULL;
		} else {
			held[k] = vmalloc(pages * PAGE_SIZE);
			if (!held[k])
				continue;
			held[k][0] = pages;
			held[k][pages * 1024 - 1] = i << 16 | k;
			held[k][1] = i << 16 | k;
		}
		if (step % 64 == 63)
			vm_unmap_aliases();
	}
	for (unsigned int k = 0; k < 8; k++)
		vfree(held[k]);
	machine_leave();
}

static void threads_share_the_window(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=128M nr_cpus=4");
	struct census before;
	struct crowd crowd;

	ASSERT_NOT_NULL(t, e);
	before = census_take(e);
	crowd = (struct crowd){ e->m, t->soak ? 100000 : 400 };
	machine_leave();
	ktap_threads(t, 6, churn, &crowd);
	ASSERT_EQ(t, machine_enter(e->m), 0);
	vm_unmap_aliases();
	expect_census(e, &before);
	EXPECT_LACKS(t, console_text(), "WARNING");
}

/* ----------------------------------------------------------------------------------------------- broken on purpose */

static void a1_a_vm_struct_that_says_otherwise_is_found(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	struct vm_struct *vm;
	void *p;

	ASSERT_NOT_NULL(t, e);
	vm = get_vm_area(PAGE_SIZE, VM_MAP);
	vm->size += PAGE_SIZE;
	expect_fault(e, "A1");
	vm->size -= PAGE_SIZE;
	vm->addr = (char *)vm->addr + PAGE_SIZE;
	expect_fault(e, "A1");
	vm->addr = (char *)vm->addr - PAGE_SIZE;
	free_vm_area(vm);
	/* One that is on its way out is looked at too. */
	p = vmalloc(PAGE_SIZE);
	vm = find_vm_area(p);
	preempt_disable();
	vfree(p);
	preempt_enable();
	vm->size += PAGE_SIZE;
	expect_fault(e, "A1");
	vm->size -= PAGE_SIZE;
	env_holds(e);
}

static void a2_a_page_that_is_not_at_its_place_is_found(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	struct pgtable_run run;
	struct vm_struct *vm;
	struct page *first;
	void *p;

	ASSERT_NOT_NULL(t, e);
	p = vmalloc(2 * PAGE_SIZE);
	vm = find_vm_area(p);
	first = vm->pages[0];
	vm->pages[0] = vm->pages[1];
	expect_fault(e, "A2");
	vm->pages[0] = first;
	run = (struct pgtable_run){ address_of(p), page_to_pfn(first), 1, 0x163, false };
	EXPECT_EQ(t, pgtable_unmap(&e->m->vmalloc->table, run.address, 1), 1);
	expect_fault(e, "A2");
	ASSERT_EQ(t, pgtable_map(&e->m->vmalloc->table, &run), 0);
	env_holds(e);
	vfree(p);
}

static void a3_a_mapped_guard_page_is_found(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	struct pgtable_run run;
	char *p;

	ASSERT_NOT_NULL(t, e);
	p = vmalloc(PAGE_SIZE);
	run = (struct pgtable_run){ address_of(p) + PAGE_SIZE, 100, 1, 0x163, false };
	ASSERT_EQ(t, pgtable_map(&e->m->vmalloc->table, &run), 0);
	expect_fault(e, "A3");
	EXPECT_EQ(t, pgtable_unmap(&e->m->vmalloc->table, address_of(p) + PAGE_SIZE, 1), 1);
	/* And where no area is at all. */
	run = (struct pgtable_run){ address_of(p) + 9 * PAGE_SIZE, 100, 1, 0x163, false };
	ASSERT_EQ(t, pgtable_map(&e->m->vmalloc->table, &run), 0);
	expect_fault(e, "A3");
	EXPECT_EQ(t, pgtable_unmap(&e->m->vmalloc->table, address_of(p) + 9 * PAGE_SIZE, 1), 1);
	vfree(p);
}

static void a4_a_wrong_sum_of_pages_is_found(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");

	ASSERT_NOT_NULL(t, e);
	e->m->vmalloc->nr_pages++;
	expect_fault(e, "A4");
	e->m->vmalloc->nr_pages--;
}

static void a5_a_page_that_is_someone_elses_is_found(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	struct page *page;
	void *p;

	ASSERT_NOT_NULL(t, e);
	p = vmalloc(PAGE_SIZE);
	page = vmalloc_to_page(p);
	page->page_type = PAGE_TYPE(PGTY_SLAB, 3);
	expect_fault(e, "A5");
	page->page_type = PAGE_TYPE_NONE;
	page->_refcount.counter--;
	expect_fault(e, "A5");
	page->_refcount.counter++;
	vfree(p);
}

static void p5_a_table_that_is_none_is_found(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M highmem=16M");
	struct pgtable *pt;
	struct page *page;
	unsigned int index;
	void *p;
	u64 link;

	ASSERT_NOT_NULL(t, e);
	p = vmalloc(PAGE_SIZE);
	pt = &e->m->vmalloc->table;
	link = pgtable_read(pt->format, pt->top, pgtable_index(pt->format, pt->format->levels, address_of(p)));
	page = machine_page(e->m, pgtable_pfn(pt->format, pt->format->levels, link));
	EXPECT_EQ(t, page_type_of(page), PGTY_TABLE);
	page->page_type = PAGE_TYPE_NONE;
	expect_fault(e, "G5");
	page->page_type = PAGE_TYPE(PGTY_TABLE, 0);
	index = pgtable_index(pt->format, pt->format->levels, address_of(p));
	pgtable_write(pt->format, pt->top, index, pgtable_link(pt->format, pt->format->levels, e->m->max_low_pfn));
	expect_fault(e, "G5");		/* a frame that has no address */
	pgtable_write(pt->format, pt->top, index, link);
	vfree(p);
}

static void p6_tables_that_nobody_counted_are_found(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	void *p;

	ASSERT_NOT_NULL(t, e);
	p = vmalloc(PAGE_SIZE);
	mod_node_page_state(e->m->nodes[0], NR_PAGE_TABLE_PAGES, -1);
	expect_fault(e, "G6");
	mod_node_page_state(e->m->nodes[0], NR_PAGE_TABLE_PAGES, 1);
	vfree(p);
}

static void dma_memory_is_dma_memory(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M highmem=16M");
	char *p;

	ASSERT_NOT_NULL(t, e);
	p = __vmalloc(8 * PAGE_SIZE, GFP_KERNEL | __GFP_DMA);
	ASSERT_NOT_NULL(t, p);
	for (unsigned long i = 0; i < 8; i++)
		EXPECT_LT(t, vmalloc_to_pfn(p + i * PAGE_SIZE), (16ul << 20) >> PAGE_SHIFT);
	vfree(p);
}

static void what_is_not_mapped_here_has_no_page(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	char *p, *object;

	ASSERT_NOT_NULL(t, e);
	p = vmalloc(PAGE_SIZE);
	object = kmalloc(100, GFP_KERNEL);
	ASSERT(t, p && object);
	EXPECT_NULL(t, vmalloc_to_page(object));
	EXPECT_EQ(t, vmalloc_to_pfn(object), 0);
	EXPECT_NULL(t, vmalloc_to_page(p + PAGE_SIZE));
	EXPECT_EQ(t, vmalloc_to_pfn(p + PAGE_SIZE), 0);
	kfree(object);
	vfree(p);
}

/* The array lies below its area, and still is no leak of its own. */
static void a_leaked_area_is_one_wherever_its_page_array_is(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	struct machine_leaks leaks = { 0 };
	void *low, *above, *p;

	ASSERT_NOT_NULL(t, e);
	low = vmalloc(2 * PAGE_SIZE);
	above = vmalloc(PAGE_SIZE);
	vfree(low);
	vm_unmap_aliases();
	p = vmalloc(1400 * PAGE_SIZE / (sizeof(long) == 8 ? 2 : 1));
	EXPECT_EQ(t, find_vm_area(p)->pages, low);
	vfree(above);
	machine_shutdown_leaks(e->m, &leaks);
	e->m = NULL;
	EXPECT_EQ(t, leaks.vmalloc_areas, 1);
	EXPECT_EQ(t, leaks.pages, 0);
}

static void a_full_host_says_so_and_not_to_who_asked_for_silence(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");

	ASSERT_NOT_NULL(t, e);
	fault_arm(e->m, FAULT_BIT(FAULT_MAP), 1, true);
	EXPECT_NULL(t, __vmalloc(4 * PAGE_SIZE, GFP_KERNEL | __GFP_NOWARN));
	EXPECT_STR(t, console_text(), "");
	e->m->layout.map_limit = NULL;
	EXPECT_NULL(t, __vmalloc(4 * PAGE_SIZE, GFP_KERNEL));
	EXPECT_CONTAINS(t, console_text(), "the host has no room for another mapping: free areas, or");
	e->m->layout.map_limit = "its limit";
	EXPECT_NULL(t, __vmalloc(4 * PAGE_SIZE, GFP_KERNEL));
	EXPECT_CONTAINS(t, console_text(), "the host has no room for another mapping within its limit: free areas, or");
	fault_disarm(e->m);
	env_holds(e);
}

static void an_area_that_is_only_removed_leaves_its_pages(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	struct vm_struct *vm;
	void *p;

	ASSERT_NOT_NULL(t, e);
	p = vmalloc(3 * PAGE_SIZE);
	EXPECT_EQ(t, vmalloc_nr_pages(), 3);
	vm = remove_vm_area(p);
	ASSERT_NOT_NULL(t, vm);
	EXPECT_EQ(t, vmalloc_nr_pages(), 0);
	env_holds(e);
	for (unsigned int i = 0; i < 3; i++)
		__free_page(vm->pages[i]);
	kfree(vm->pages);
	kfree(vm);
}

/* A first page that could begin a large block, whose last is elsewhere. */
static void pages_in_pieces_are_no_large_block(struct ktap *t)
{
	static struct page *pages[800];
	struct page *base = (struct page *)VMEMMAP_BASE + 4096;

	for (int i = 0; i < 800; i++)
		pages[i] = base + i;
	swap(pages[511], pages[700]);
	area_pages_arrange(pages, 800);
	for (int i = 0; i < 800; i++)
		ASSERT_EQ(t, pages[i], base + i);
}

KTAP_SUITE(vmalloc, KTAP_CASE(c42_nothing_is_null), KTAP_CASE(c42_more_than_memory_is_null_and_reported),
	   KTAP_CASE(c43_areas_are_page_aligned_disjoint_and_guarded),
	   KTAP_CASE(c44_a_freed_area_faults_and_is_not_reused_before_the_flush),
	   KTAP_CASE(c44_every_cpu_faults_on_it), KTAP_CASE(c45_a_host_without_mappings_leaves_nothing_and_says_so),
	   KTAP_CASE(an_exhausted_window_is_reported_and_heals),
	   KTAP_CASE(what_cannot_fail_waits_for_addresses), KTAP_CASE(what_can_never_be_is_not_waited_for),
	   KTAP_CASE(pages_are_single_whatever_is_asked), KTAP_CASE(an_area_is_an_alias_of_its_pages),
	   KTAP_CASE(large_blocks_are_few_runs), KTAP_CASE(scattered_pages_are_sorted_into_runs),
	   KTAP_CASE(zeroed_is_zero_over_dirty_memory), KTAP_CASE(an_alignment_and_a_part_of_the_window_are_kept),
	   KTAP_CASE(huge_areas_take_large_entries), KTAP_CASE(memory_for_32_bits_is_below_4_gib),
	   KTAP_CASE(high_memory_is_used_where_there_is_some), KTAP_CASE(a_node_is_asked_first),
	   KTAP_CASE(vmap_aliases_the_callers_pages_and_leaves_them),
	   KTAP_CASE(more_pages_than_there_are_are_not_mapped),
	   KTAP_CASE(a_read_only_mapping_refuses_writes),
	   KTAP_CASE(pages_that_were_handed_over_are_freed), KTAP_CASE(a_page_that_does_not_exist_is_refused),
	   KTAP_CASE(vm_map_ram_maps_and_knows_its_size), KTAP_CASE(ioremap_maps_a_hole_at_its_offset),
	   KTAP_CASE(device_memory_is_aligned_to_its_size),
	   KTAP_CASE(memory_and_what_does_not_exist_cannot_be_ioremapped),
	   KTAP_CASE(where_there_are_devices_any_address_may_be_one),
	   KTAP_CASE(bare_areas_are_found_by_any_address_inside), KTAP_CASE(only_user_areas_may_be_remapped),
	   KTAP_CASE(freeing_what_is_no_area_is_reported_and_changes_nothing),
	   KTAP_CASE(unmapping_what_vmalloc_made_is_refused), KTAP_CASE(a_ram_mapping_ends_only_by_its_own_call),
	   KTAP_CASE(sleeping_in_atomic_context_is_reported),
	   KTAP_CASE(an_interrupt_gets_nothing), KTAP_CASE(what_is_left_at_shutdown_is_reported),
	   KTAP_CASE(threads_share_the_window), KTAP_CASE(a1_a_vm_struct_that_says_otherwise_is_found),
	   KTAP_CASE(a2_a_page_that_is_not_at_its_place_is_found), KTAP_CASE(a3_a_mapped_guard_page_is_found),
	   KTAP_CASE(a4_a_wrong_sum_of_pages_is_found), KTAP_CASE(a5_a_page_that_is_someone_elses_is_found),
	   KTAP_CASE(p5_a_table_that_is_none_is_found), KTAP_CASE(p6_tables_that_nobody_counted_are_found),
	   KTAP_CASE(dma_memory_is_dma_memory),
	   KTAP_CASE(what_is_not_mapped_here_has_no_page),
	   KTAP_CASE(a_leaked_area_is_one_wherever_its_page_array_is),
	   KTAP_CASE(a_full_host_says_so_and_not_to_who_asked_for_silence),
	   KTAP_CASE(an_area_that_is_only_removed_leaves_its_pages),
	   KTAP_CASE(pages_in_pieces_are_no_large_block));
