/* SPDX-License-Identifier: MIT */
/*
 * high.c - the memory tier of docs/porting.md on i386, with more memory than has addresses: the processor walks the
 * tables of kmem's below the top level, whose last entry has low memory, too.
 *
 * boot32.S has mapped low memory and the descriptors. tests/none/test_library.sh boots it.
 */
#include <kmem/check.h>
#include <kmem/cpu.h>
#include <kmem/host.h>
#include <kmem/machine.h>
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#define MIB (1ul << 20)
#define DESCRIPTORS (16 * MIB)		/* at VMEMMAP_BASE, and where in memory: for 2 GiB */
#define NR_PAGES 2000
#define NR_AREAS 100
#define ENTRIES (PAGE_SIZE / sizeof(u64))

void kernel_main(const u32 *multiboot);
extern u64 directories[4][ENTRIES];	/* boot32.S */
static unsigned long window_start;
static const u64 *window_table;		/* kmem's own */

int host_machine_create(struct host_layout *layout)
{
	static char room[256 << 10] __attribute__((aligned(64)));
	unsigned long low_end = DIRECT_BASE + (layout->nr_low_frames << PAGE_SHIFT);

	if (layout->machine_bytes > sizeof(room))
		return -ENOMEM;
	layout->machine = (struct machine *)(void *)room;
	layout->direct_base = DIRECT_BASE;
	layout->vmalloc_start = window_start = ALIGN(low_end, 8 * MIB) + 8 * MIB;
	layout->vmalloc_end = layout->vmalloc_start + layout->vmalloc_bytes;
	layout->nr_cpus = 1;
	return 0;
}

void host_console(struct machine *m, const char *text, size_t length)
{
	(void)m;
	for (; length; text++, length--)
		__asm__ volatile("outb %0, %1" : : "a"(*text), "d"((u16)0x3f8));
}

_Noreturn void host_panic(struct machine *m)
{
	for (;;)
		__asm__ volatile("outb %0, %1" : : "a"((u8)(m ? 2 : 0)), "d"((u16)0xf4));
}

/* The window's part of kmem's last table of level 2, in this kernel's; and the processor forgets what it remembers. */
void host_page_table(struct machine *m, const void *top)
{
	u64 last = top ? ((const u64 *)top)[3] : 0;
	const u64 *core = (const u64 *)(DIRECT_BASE + ((unsigned long)last & PAGE_MASK));

	(void)m;
	window_table = top;
	for (unsigned long i = (window_start - DIRECT_BASE) / (2 * MIB); i < ENTRIES; i++)
		directories[3][i] = last ? core[i] : 0;
	__asm__ volatile("mov %%cr3, %%eax; mov %%eax, %%cr3" : : : "eax", "memory");
}

int host_map(struct machine *m, unsigned long address, pfn_t pfn, pfn_t nr, unsigned int prot)
{
	(void)address;
	(void)pfn;
	(void)nr;
	(void)prot;
	host_page_table(m, window_table);
	return 0;
}

bool host_unmap(struct machine *m, unsigned long address, unsigned long nr_pages, bool keep)
{
	(void)address;
	(void)nr_pages;
	(void)keep;
	host_page_table(m, window_table);
	return false;
}

void host_kmap(struct machine *m, unsigned long address, pfn_t pfn, unsigned int prot)
{
	(void)m;
	(void)pfn;
	(void)prot;
	__asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

/* Pages that are written to by kmap() have that for who looks by kmap_local_page(). Returns how many have not. */
static unsigned int pages_try(void)
{
	static struct page *pages[NR_PAGES];
	unsigned int wrong = 0, high = 0;

	for (u32 i = 0; i < NR_PAGES; i++) {
		pages[i] = alloc_page(GFP_HIGHUSER);
		high += PageHighMem(pages[i]);
		*(u32 *)kmap(pages[i]) = i;
		kunmap(pages[i]);
	}
	for (u32 i = 0; i < NR_PAGES; i++) {
		u32 *there = kmap_local_page(pages[i]);

		wrong += *there != i;
		kunmap_local(there);
		__free_page(pages[i]);
	}
	return wrong + (high != NR_PAGES);
}

static unsigned int areas_try(void)
{
	static u8 *areas[NR_AREAS];
	unsigned int wrong = 0;

	for (unsigned int i = 0; i < NR_AREAS; i++) {
		areas[i] = vmalloc((i + 1) * 3000ul);
		memset(areas[i], (int)i, (i + 1) * 3000ul);
	}
	for (unsigned int i = 0; i < NR_AREAS; i++) {
		for (unsigned long at = 0; at < (i + 1) * 3000ul; at += 1000)
			wrong += areas[i][at] != i;
		vfree(areas[i]);
	}
	return wrong;
}

static void try_all(struct machine *m)
{
	struct kmem_fault fault = { .id = "" };
	unsigned int pages = pages_try(), areas = 0;

	for (int round = 0; round < 5; round++)
		areas += areas_try();
	printk("pages: %u wrong, areas: %u wrong\n", pages, areas);
	if (!kmem_check(m, &fault))
		printk("%s %s\n", fault.id, fault.place);
}

/* The loader's memory map: [11] bytes at [12], entries of size (after this word), start, bytes, type. */
void kernel_main(const u32 *multiboot)
{
	static struct memory_range map[32] = { { 0x100000, 2 * DESCRIPTORS - 0x100000, MEMORY_RESERVED, 0 } };
	static struct machine_config config = { .map = map, .nr_ranges = 1 };
	u32 at = multiboot[12], end = at + multiboot[11];
	struct machine *m;
	const char *why;

	kmem_context = (struct cpu_context)CPU_CONTEXT_NONE;
	for (; at < end && config.nr_ranges < 32; at += *(u32 *)at + 4)
		map[config.nr_ranges++] =
			(struct memory_range){ *(u64 *)(at + 4), *(u64 *)(at + 12), *(u32 *)(at + 20), 0 };
	memset((void *)VMEMMAP_BASE, 0, DESCRIPTORS);
	m = machine_boot_why(&config, &why);
	if (!m)
		panic("no memory: %s", why);
	if (!machine_enter(m))
		try_all(m);
	machine_leave();
	printk("leaks: %d\n", machine_shutdown(m));
	host_panic(NULL);
}
