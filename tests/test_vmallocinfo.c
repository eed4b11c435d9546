/* SPDX-License-Identifier: MIT */
/*
 * test_vmallocinfo.c - the lines of /proc/vmallocinfo to the byte, and what an address of the window is said to be.
 * The expected lines are a real machine's with our addresses put in.
 */
#include "tests/vmalloc_env.h"

#define HOLE 0xfed00000ul
#define MANY (PAGE_SIZE / sizeof(void *) + 1)	/* pages, whose array is of more than one */

static char text[8192], want[8192];

static void *area(unsigned long bytes, const void *caller)
{
	return __vmalloc_node(bytes, 1, GFP_KERNEL, NUMA_NO_NODE, caller);
}

/* "0xstart-0xend    8192", as every line begins. */
static size_t extent(char *buf, size_t size, const void *start, unsigned long bytes)
{
	return (size_t)scnprintf(buf, size, "0x%p-0x%p %7lu", start, (const char *)start + bytes, bytes);
}

/* Append the line of an area to want. A 32-bit machine says nothing of nodes. */
static void expect_line(const void *start, unsigned long bytes, const char *rest)
{
	size_t length = strlen(want);

	length += extent(want + length, sizeof(want) - length, start, bytes);
	scnprintf(want + length, sizeof(want) - length, " %.*s\n",
		  (int)(sizeof(long) == 8 ? strlen(rest) : strcspn(rest, "N") - (strchr(rest, 'N') != NULL)), rest);
}

static void nothing_is_no_line(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");

	ASSERT_NOT_NULL(t, e);
	EXPECT_EQ(t, vmallocinfo_text(e->m, text, sizeof(text)), 0);
	EXPECT_STR(t, text, "");
}

static void every_kind_of_area_has_its_line(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=6G");
	struct page *page;
	char *p[6];
	long length;

	ASSERT_NOT_NULL(t, e);
	want[0] = '\0';
	page = alloc_pages(GFP_KERNEL, 0);
	p[0] = area(1, NULL);
	p[1] = vmalloc_user(2 * PAGE_SIZE);
	p[2] = vm_map_ram(&page, 1, NUMA_NO_NODE);
	p[3] = vmap(&page, 1, VM_MAP, PAGE_KERNEL);
	p[4] = ioremap(HOLE, PAGE_SIZE);
	p[5] = area(MANY * PAGE_SIZE, NULL);
	find_vm_area(p[1])->caller = find_vm_area(p[3])->caller = find_vm_area(p[4])->caller = NULL;
	expect_line(p[0], 2 * PAGE_SIZE, "pages=1 vmalloc N0=1");
	expect_line(p[1], 3 * PAGE_SIZE, "pages=2 vmalloc user N0=2");
	expect_line(p[2], PAGE_SIZE, "vm_map_ram");
	expect_line(p[3], 2 * PAGE_SIZE, "vmap");
	expect_line(p[4], 2 * PAGE_SIZE, "phys=0x00000000fed00000 ioremap");
	expect_line(p[5], (MANY + 1) * PAGE_SIZE,
		    sizeof(long) == 8 ? "pages=513 vmalloc vpages N0=513" : "pages=1025 vmalloc vpages N0=1025");
	expect_line(p[5] + (MANY + 1) * PAGE_SIZE, 3 * PAGE_SIZE, "pages=2 vmalloc N0=2");
	length = vmallocinfo_text(e->m, text, sizeof(text));
	EXPECT_STR(t, text, want);
	EXPECT_EQ(t, length, strlen(want));
	vfree(p[0]);
	vfree(p[1]);
	vm_unmap_ram(p[2], 1);
	vunmap(p[3]);
	iounmap(p[4]);
	vfree(p[5]);
	__free_page(page);
}

static void the_caller_is_named(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	const void *caller = (const void *)(unsigned long)vmalloc;
	char symbol[160], rest[200];
	void *p;

	ASSERT_NOT_NULL(t, e);
	want[0] = '\0';
	p = area(PAGE_SIZE, caller);
	scnprintf(rest, sizeof(rest), "%s pages=1 vmalloc N0=1",
		  host_symbol(symbol, sizeof(symbol), (unsigned long)caller));
	expect_line(p, 2 * PAGE_SIZE, rest);
	vmallocinfo_text(e->m, text, sizeof(text));
	EXPECT_STR(t, text, want);
	vfree(p);
}

static void pages_are_counted_by_node(struct ktap *t)
{
	FOR_64_BITS(t);
	struct env *e = env_boot(t, "mem=256M numa=fake=2");
	struct vm_struct *vm;
	struct page *other;
	void *p;

	ASSERT_NOT_NULL(t, e);
	p = __vmalloc_node(3 * PAGE_SIZE, 1, GFP_KERNEL, 1, NULL);
	ASSERT_NOT_NULL(t, p);
	vmallocinfo_text(e->m, text, sizeof(text));
	EXPECT_CONTAINS(t, text, " pages=3 vmalloc N1=3\n");
	vm = find_vm_area(p);
	vm->flags |= VM_UNINITIALIZED;		/* another task is still filling it */
	vmallocinfo_text(e->m, text, sizeof(text));
	EXPECT_LACKS(t, text, "N1=");
	vm->flags &= ~(unsigned long)VM_UNINITIALIZED;
	other = vm->pages[0];
	vm->pages[0] = alloc_pages_node(0, GFP_KERNEL, 0);
	vmallocinfo_text(e->m, text, sizeof(text));
	EXPECT_CONTAINS(t, text, " pages=3 vmalloc N0=1 N1=2\n");
	__free_page(vm->pages[0]);
	vm->pages[0] = other;
	vfree(p);
}

static void dead_addresses_come_last(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	char *p, *q, *r;

	ASSERT_NOT_NULL(t, e);
	want[0] = '\0';
	p = area(4 * PAGE_SIZE, NULL);
	q = area(4 * PAGE_SIZE, NULL);
	r = area(4 * PAGE_SIZE, NULL);
	vfree(p);
	vfree(q);
	expect_line(r, 5 * PAGE_SIZE, "pages=4 vmalloc N0=4");
	expect_line(p, 10 * PAGE_SIZE, "unpurged vm_area");
	vmallocinfo_text(e->m, text, sizeof(text));
	EXPECT_STR(t, text, want);
	vm_unmap_aliases();
	vmallocinfo_text(e->m, text, sizeof(text));
	EXPECT_LACKS(t, text, "unpurged");
	/* Those that do not touch are lines of their own. */
	p = vmalloc(4 * PAGE_SIZE);
	vfree(r);
	vfree(p);
	want[0] = '\0';
	expect_line(p, 5 * PAGE_SIZE, "unpurged vm_area");
	expect_line(r, 5 * PAGE_SIZE, "unpurged vm_area");
	vmallocinfo_text(e->m, text, sizeof(text));
	EXPECT_STR(t, text, want);
}

static void a_32_bit_pc_says_nothing_of_nodes(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M kmem.layout=i386");
	void *p;

	ASSERT_NOT_NULL(t, e);
	p = area(PAGE_SIZE, NULL);
	vmallocinfo_text(e->m, text, sizeof(text));
	EXPECT_CONTAINS(t, text, "    8192 pages=1 vmalloc\n");
	vfree(p);
}

static void a_short_buffer_is_filled_and_the_length_is_the_wholes(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	long whole;
	char small[40];
	void *p;

	ASSERT_NOT_NULL(t, e);
	p = area(PAGE_SIZE, NULL);
	whole = vmallocinfo_text(e->m, text, sizeof(text));
	memset(small, 'x', sizeof(small));
	EXPECT_EQ(t, vmallocinfo_text(e->m, small, 20), whole);
	EXPECT_EQ(t, strlen(small), 19);
	EXPECT_MEM(t, small, text, 19);
	EXPECT_EQ(t, small[20], 'x');
	EXPECT_EQ(t, vmallocinfo_text(e->m, NULL, 0), whole);
	vfree(p);
}

static void an_address_is_explained(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	char *p, *q;
	int length;

	ASSERT_NOT_NULL(t, e);
	p = area(3 * PAGE_SIZE, NULL);
	length = vmalloc_explain(e->m, p + 5000, text, sizeof(text));
	scnprintf(want, sizeof(want), "in the vmalloc area 0x%lx-0x%lx (3 pages), page 1 of it, frame pfn %lu",
		  (unsigned long)p, (unsigned long)p + 4 * PAGE_SIZE, vmalloc_to_pfn(p + 5000));
	EXPECT_STR(t, text, want);
	EXPECT_EQ(t, length, strlen(want));
	vmalloc_explain(e->m, p + 3 * PAGE_SIZE + 5, text, sizeof(text));
	EXPECT_CONTAINS(t, text, "in the guard page after the vmalloc area 0x");
	EXPECT_CONTAINS(t, text, ": 5 bytes beyond its end");
	q = vmalloc(PAGE_SIZE);
	vmalloc_explain(e->m, q, text, sizeof(text));
	EXPECT_CONTAINS(t, text, "(1 page, allocated by ");
	vfree(p);
	vmalloc_explain(e->m, p, text, sizeof(text));
	EXPECT_CONTAINS(t, text, "freed and not yet handed out again: a use after vfree()");
	vm_unmap_aliases();
	vmalloc_explain(e->m, p, text, sizeof(text));
	EXPECT_STR(t, text, "in the vmalloc window, in no area");
	EXPECT_EQ(t, vmalloc_explain(e->m, &length, text, sizeof(text)), 0);
	EXPECT_STR(t, text, "");
	vfree(q);		/* dead, above p, which is nobody's by now */
	vmalloc_explain(e->m, p, text, sizeof(text));
	EXPECT_STR(t, text, "in the vmalloc window, in no area");
	vmalloc_explain(e->m, (void *)(e->m->vmalloc->space.end - PAGE_SIZE), text, sizeof(text));
	EXPECT_STR(t, text, "in the vmalloc window, in no area");
	q = NULL;
	vfree(q);
}

static void every_kind_of_area_is_explained(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M");
	struct page *page;
	void *mapped, *ram, *io;
	struct vm_struct *bare;

	ASSERT_NOT_NULL(t, e);
	page = alloc_page(GFP_KERNEL);
	mapped = vmap(&page, 1, VM_MAP, PAGE_KERNEL_RO);
	ram = vm_map_ram(&page, 1, NUMA_NO_NODE);
	io = ioremap(0xa0000, PAGE_SIZE);
	bare = get_vm_area(2 * PAGE_SIZE, 0);
	ASSERT(t, page && mapped && ram && io && bare);
	vmalloc_explain(e->m, mapped, text, sizeof(text));
	EXPECT_CONTAINS(t, text, "in the vmap area 0x");
	EXPECT_CONTAINS(t, text, ", read-only");
	vmalloc_explain(e->m, ram, text, sizeof(text));
	EXPECT_CONTAINS(t, text, "in the vm_map_ram area 0x");
	vmalloc_explain(e->m, io, text, sizeof(text));
	EXPECT_CONTAINS(t, text, "in the ioremap area 0x");
	EXPECT_CONTAINS(t, text, "frame pfn 160");
	vmalloc_explain(e->m, (char *)bare->addr + PAGE_SIZE, text, sizeof(text));
	EXPECT_CONTAINS(t, text, "in the get_vm_area area 0x");
	EXPECT_CONTAINS(t, text, ", page 1 of it, not mapped");
	free_vm_area(bare);
	iounmap(io);
	vm_unmap_ram(ram, 1);
	vunmap(mapped);
	__free_page(page);
}

static void a_dump_draws_the_window(struct ktap *t)
{
	struct env *e = env_boot(t, "mem=64M loglevel=8");
	void *p;

	ASSERT_NOT_NULL(t, e);
	p = vmalloc(2 * PAGE_SIZE);
	console_clear();
	vmalloc_dump(e->m);
	EXPECT_CONTAINS(t, console_text(), "vmalloc window 0x");
	EXPECT_CONTAINS(t, console_text(), "busy 1 areas, 2 pages of vmalloc()");
	EXPECT_CONTAINS(t, console_text(), "in the vmalloc area 0x");
	vfree(p);
}

KTAP_SUITE(vmallocinfo, KTAP_CASE(nothing_is_no_line), KTAP_CASE(every_kind_of_area_has_its_line),
	   KTAP_CASE(the_caller_is_named), KTAP_CASE(pages_are_counted_by_node), KTAP_CASE(dead_addresses_come_last),
	   KTAP_CASE(a_32_bit_pc_says_nothing_of_nodes),
	   KTAP_CASE(a_short_buffer_is_filled_and_the_length_is_the_wholes), KTAP_CASE(an_address_is_explained),
	   KTAP_CASE(every_kind_of_area_is_explained), KTAP_CASE(a_dump_draws_the_window));
