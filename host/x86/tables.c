/* SPDX-License-Identifier: MIT */
/*
 * tables.c - the page tables that the processors walk, made by the core's walker (mm/pgtable.c).
 *
 *	0	nothing
 *	view	memory at its own addresses: large pages, written, never executed; but for the image:
 *		text (executed) | rodata (read) | data (written); and but for what a machine has
 *	slots	[ - | stack or struct machine | - ] ...
 *	...	machines' windows: machines.c
 *
 * A mapping is added in silence: no processor remembers that there was none. One that goes is forgotten everywhere
 * before its frame is used again: flush() asks the other processors by interrupt and waits for each, with interrupts
 * on, so that it can be asked itself. Flushes are numbered: who is asked for one forgets its addresses, for several at
 * once everything. One that idles is not woken for that: it touches nothing but the image and its stack, and forgets
 * everything when it goes on. Either the flush sees that it no longer idles, or it sees the flush's number.
 * Who waits for long halts until the next tick: another may be an emulator's thread that gets no turn meanwhile.
 *
 * Locks: memory_guard: tables, pool, slots. flush_guard, never with it: the last flush's number and addresses.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "host/x86/pool.h"
#include "host/x86/window.h"

#define FLUSH_ALL_FROM 32ul		/* pages: one by one up to here */
#define FLUSH_SPIN_NS 20000ul		/* some times what a flush takes, and a small part of a turn */
#define LAST_PAGE 0x3ffff000ull		/* of a GiB: no window has it */
#define MSR_EFER 0xc0000080
#define EFER_NXE (1u << 11)
#define CPUID_NX (1u << 20)
#define CR0_NW_CD 0x60000000ul		/* no cache: so a processor is that was told to start */
#define CR0_PG_WP 0x80010000ul
#define CPUID_1GIB (1u << 26)

struct guard memory_guard;
struct pgtable host_tables;
bool has_nx;
bool kmap_was_used;

static struct pgtable_format format;
static char top_table[PAGE_SIZE] __attribute__((aligned(4096)));
static const char zeros[PAGE_SIZE] __attribute__((aligned(4096)));
static unsigned long *table_used;	/* by frame */
#define TABLE_IS_CORES (~0ul)		/* it is of the window's: window.c */
static u8 slot_pages[NR_SLOTS];		/* mapped in its middle */
static bool slot_is_taken[NR_SLOTS];

/* ---------------------------------------------------------------------------------------------------- the walker */

/* The core's tables are seen where the machine sees them, and it counts what they hold. */
static bool is_cores(const void *table)
{
	return (unsigned long)table - window.direct_base < window.direct_bytes;
}

static pfn_t table_pfn(struct pgtable *pt, const void *table)
{
	(void)pt;
	return ((unsigned long)table - (is_cores(table) ? window.direct_base : 0)) >> PAGE_SHIFT;
}

static void *table_at(struct pgtable *pt, pfn_t pfn)
{
	(void)pt;
	if (likely(table_used[pfn] != TABLE_IS_CORES))
		return frame_at(pfn);
	return (void *)(window.direct_base + (pfn << PAGE_SHIFT));
}

static unsigned long *table_counter(struct pgtable *pt, void *table)
{
	return is_cores(table) ? &virt_to_page(table)->index : &table_used[table_pfn(pt, table)];
}

static void *table_alloc(struct pgtable *pt)
{
	pfn_t pfn = frame_take_zeroed();

	(void)pt;
	if (!pfn)
		return NULL;
	table_used[pfn] = 0;
	return frame_at(pfn);
}

static void table_free(struct pgtable *pt, void *table)
{
	if (!is_cores(table))
		frame_give(table_pfn(pt, table));
	else
		table_used[table_pfn(pt, table)] = 0;
}

static bool is_table(struct pgtable *pt, pfn_t pfn)
{
	(void)pt;
	if (!frame_is_out(pfn))
		return pfn < window.direct_bytes >> PAGE_SHIFT && table_used[pfn] == TABLE_IS_CORES;
	return table_used[pfn] <= PAGE_SIZE / sizeof(u64);
}

int table_adopt(u64 address, pfn_t pfn)
{
	int err;

	table_used[pfn] = TABLE_IS_CORES;
	err = pgtable_adopt(&host_tables, address, pfn);
	if (err < 0)
		table_used[pfn] = 0;
	return err;
}

static const struct pgtable_ops ops = {
	.alloc = table_alloc, .free = table_free, .pfn = table_pfn, .table = table_at, .used = table_counter,
	.is_table = is_table,
};

void host_tables_init(struct pgtable *pt, const struct pgtable_format *with, void *top)
{
	pgtable_init(pt, with, &ops, top);
}

int run_map(struct pgtable *pt, u64 address, pfn_t pfn, u64 nr, u64 prot)
{
	struct pgtable_run run = { .address = address, .pfn = pfn, .nr = nr, .prot = prot, .large = true };
	int err = pgtable_map(pt, &run);

	if (err && run.nr < nr)
		pgtable_unmap(pt, address, nr - run.nr);
	return err;
}

int page_make(struct pgtable *pt, u64 address)
{
	pfn_t pfn = frame_take_zeroed();
	int err = pfn ? run_map(pt, address, pfn, 1, DATA_PROT) : -ENOMEM;

	if (err && pfn)
		frame_give(pfn);
	return err;
}

pfn_t zero_page(void)
{
	return (unsigned long)zeros >> PAGE_SHIFT;
}

static int frame_to_list(const struct pgtable_entry *entry, void *arg)
{
	pfn_t *list = arg;

	if (entry->pfn == zero_page())
		return 0;
	*(pfn_t *)frame_at(entry->pfn) = *list;
	*list = entry->pfn;
	return 0;
}

void range_take_down(struct pgtable *pt, u64 address, u64 nr, pfn_t *list)
{
	pgtable_walk(pt, address, nr, frame_to_list, list);
	pgtable_unmap(pt, address, nr);
}

void frames_free(pfn_t list)
{
	unsigned long flags = guard_take(&memory_guard);

	while (list) {
		pfn_t pfn = list;

		list = *(pfn_t *)frame_at(pfn);
		frame_give(pfn);
	}
	guard_drop(&memory_guard, flags);
}

/* ------------------------------------------------------------------------------------------------------- at start */

static void must(int err, const char *what)
{
	if (err)
		halt("kmem: no room for the page tables of %s\n", what);
}

/* Memory [start, end) at its own addresses. */
static void view_map(u64 start, u64 end, u64 prot, const char *what)
{
	start = (start + PAGE_SIZE - 1) & ~(u64)(PAGE_SIZE - 1);
	end = min(end, (u64)VIEW_LIMIT) & ~(u64)(PAGE_SIZE - 1);
	if (start < end)
		must(run_map(&host_tables, start, (pfn_t)(start >> PAGE_SHIFT), (end - start) >> PAGE_SHIFT, prot),
		     what);
}

/* Page 0 was never there. Tables of the range's ends are kept, so that it finds them when it comes back. */
int view_lend(pfn_t start, pfn_t end)
{
	end = min(end, (pfn_t)(VIEW_LIMIT >> PAGE_SHIFT));
	return start < end && pgtable_unmap(&host_tables, (u64)start << PAGE_SHIFT, end - start) < 0 ? -ENOMEM : 0;
}

void view_take_back(pfn_t start, pfn_t end)
{
	view_map((u64)max(start, (pfn_t)1) << PAGE_SHIFT, (u64)end << PAGE_SHIFT, DATA_PROT, "memory");
}

/* The part of a range that is not the image's, and not page 0. */
static void view_map_range(const struct memory_range *range)
{
	u64 first = (unsigned long)image_start, last = (unsigned long)image_end;
	u64 start = max(range->start, (u64)PAGE_SIZE), end = range->start + range->size;

	view_map(start, min(end, first), DATA_PROT, "memory");
	view_map(max(start, last), end, DATA_PROT, "memory");
}

static void image_map(void)
{
	u64 text = (unsigned long)image_start, rodata = (unsigned long)image_text_end;
	u64 data = (unsigned long)image_rodata_end, end = (unsigned long)image_end;

	view_map(text, rodata, _PAGE_PRESENT | _PAGE_ACCESSED, "text");
	view_map(rodata, data, _PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_NX, "rodata");
	view_map(data, end, DATA_PROT, "data");
}

static void format_choose(void)
{
	u32 d = cpuid(0x80000000).a >= 0x80000001 ? cpuid(0x80000001).d : 0;

	format = HOST_FORMAT;
	has_nx = d & CPUID_NX;
	format.has_nx = has_nx;
	if (!has_nx)
		say("kmem: this processor cannot forbid execution: data can be executed\n");
	if (!(d & CPUID_1GIB))
		format.large_levels &= ~(1u << 3);
}

static void counters_make(void)
{
	unsigned long bytes = pool_end() * sizeof(*table_used);
	pfn_t pfn = frames_take_for_ever(PAGE_ALIGN(bytes) >> PAGE_SHIFT);

	if (!pfn)
		halt("kmem: the firmware's memory map has no %lu KiB in one piece below 4 GiB\n", bytes >> 10);
	table_used = frame_at(pfn);
	memset(table_used, 0, bytes);
}

/*
 * A processor reads the top table of PAE when it begins to use it, and not again: each of its entries must be there
 * then, and stay. So each leads to something that is never unmapped.
 */
static void top_fill(void)
{
	/* The image is in the first, a device in the last. */
	for (u64 giga = 1; sizeof(long) == 4 && giga < 3; giga++)
		must(run_map(&host_tables, (giga << 30) + LAST_PAGE, (unsigned long)image_text_end >> PAGE_SHIFT, 1,
			     _PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_NX), "the whole");
}

void memory_init(void)
{
	pool_init();
	format_choose();
	counters_make();
	host_tables_init(&host_tables, &format, top_table);
	for (unsigned int i = 0; i < firmware.boot.nr; i++)
		if (firmware.boot.map[i].type == MEMORY_RAM)
			view_map_range(&firmware.boot.map[i]);
	image_map();
	must(run_map(&host_tables, DEVICE_BASE, (pfn_t)(firmware.apic_base >> PAGE_SHIFT), 1,
		     DATA_PROT | _PAGE_PCD | _PAGE_PWT), "devices");
	top_fill();
	memory_on_this_processor();
}

void memory_on_this_processor(void)
{
	unsigned long top = (unsigned long)top_table, cr0;

	if (has_nx)
		write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_NXE);
#ifdef __i386__
	__asm__ volatile("mov %%cr4, %0; or $0x20, %0; mov %0, %%cr4" : "=&r"(cr0) : : "memory");
#endif
	__asm__ volatile("mov %0, %%cr3" : : "r"(top) : "memory");
	__asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
	__asm__ volatile("mov %0, %%cr0" : : "r"((cr0 & ~CR0_NW_CD) | CR0_PG_WP) : "memory");
}

/* ------------------------------------------------------------------------------------------------------ forgetting */

static struct guard flush_guard;
static unsigned long flush_address, flush_pages;
static u32 flush_number;		/* atomic; of the last one */

static void forget_here(unsigned long address, unsigned long nr)
{
	unsigned long top;

	if (nr >= FLUSH_ALL_FROM) {
		__asm__ volatile("mov %%cr3, %0; mov %0, %%cr3" : "=&r"(top) : : "memory");
		return;
	}
	for (; nr >= 8; nr -= 8, address += 8 * PAGE_SIZE)
		__asm__ volatile("invlpg (%0); invlpg 0x1000(%0); invlpg 0x2000(%0); invlpg 0x3000(%0);"
				 "invlpg 0x4000(%0); invlpg 0x5000(%0); invlpg 0x6000(%0); invlpg 0x7000(%0)"
				 : : "r"(address) : "memory");
	for (; nr; nr--, address += PAGE_SIZE)
		__asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

void flush_all_here(void)
{
	forget_here(0, FLUSH_ALL);
}

void flush_here(unsigned long address)
{
	forget_here(address, 1);
}

/* What this processor was asked to forget until now. Under flush_guard. */
static void flush_catch_up(struct processor *p)
{
	u32 number = __atomic_load_n(&flush_number, __ATOMIC_RELAXED), nr = number - p->flushed;

	if (nr == 1)
		forget_here(flush_address, flush_pages);
	else if (nr)
		forget_here(0, FLUSH_ALL);
	__atomic_store_n(&p->flushed, number, __ATOMIC_RELEASE);
}

void flush_serve(void)
{
	unsigned long flags = guard_take(&flush_guard);

	flush_catch_up(this_processor());
	guard_drop(&flush_guard, flags);
}

void flush_idle(struct processor *p)
{
	__atomic_store_n(&p->is_lazy, 1, __ATOMIC_SEQ_CST);
}

void flush_no_longer_idle(struct processor *p)
{
	u32 number;

	__atomic_store_n(&p->is_lazy, 0, __ATOMIC_SEQ_CST);
	number = __atomic_load_n(&flush_number, __ATOMIC_SEQ_CST);
	if (p->flushed == number)
		return;
	forget_here(0, FLUSH_ALL);
	__atomic_store_n(&p->flushed, number, __ATOMIC_RELEASE);
}

static bool must_flush(const struct processor *p, u32 number)
{
	return !__atomic_load_n(&p->is_lazy, __ATOMIC_SEQ_CST) &&
	       (s32)(__atomic_load_n(&p->flushed, __ATOMIC_ACQUIRE) - number) < 0;
}

static void flush_wait(u32 number)
{
	u64 end = clock_ns() + FLUSH_SPIN_NS;

	for (unsigned int i = 0; i < nr_processors; i++)
		while (must_flush(&processors[i], number)) {
			if (clock_ns() < end)
				cpu_relax();
			else
				__asm__ volatile("hlt" : : : "memory");
		}
}

static noinline void flush_everywhere(unsigned long address, unsigned long nr)
{
	u32 number;

	guard_take(&flush_guard);
	flush_catch_up(this_processor());
	flush_address = address;
	flush_pages = nr;
	number = __atomic_add_fetch(&flush_number, 1, __ATOMIC_SEQ_CST);
	flush_catch_up(this_processor());
	guard_drop(&flush_guard, 0);
	for (unsigned int i = 0; i < nr_processors; i++)
		if (must_flush(&processors[i], number))
			send_interrupt(processors[i].apic_id, VECTOR_FLUSH);
	interrupts_on();
	flush_wait(number);
}

void flush(unsigned long address, unsigned long nr)
{
	if (nr_processors == 1)		/* no other remembers anything */
		forget_here(address, nr);
	else
		flush_everywhere(address, nr);
}

/* ----------------------------------------------------------------------------------------------------------- slots */

static u64 slot_start(unsigned int slot)
{
	return SLOTS_BASE + (u64)slot * SLOT_BYTES + PAGE_SIZE;
}

static bool slot_fill(unsigned int slot, unsigned long bytes)
{
	while ((unsigned long)slot_pages[slot] << PAGE_SHIFT < bytes) {
		if (page_make(&host_tables, slot_start(slot) + ((u64)slot_pages[slot] << PAGE_SHIFT)))
			return false;
		slot_pages[slot]++;
	}
	return true;
}

void *slot_take(unsigned long bytes)
{
	unsigned long flags = guard_take(&memory_guard);
	void *start = NULL;

	for (unsigned int i = 0; i < NR_SLOTS && bytes <= SLOT_BYTES - 2 * PAGE_SIZE; i++) {
		if (slot_is_taken[i])
			continue;
		slot_is_taken[i] = slot_fill(i, bytes);
		if (slot_is_taken[i])
			start = (void *)(unsigned long)slot_start(i);
		break;
	}
	guard_drop(&memory_guard, flags);
	return start;
}

/* Its frames stay: the next one will want them. */
void slot_give(void *start)
{
	unsigned int slot = (unsigned int)(((unsigned long)start - SLOTS_BASE) / SLOT_BYTES);
	unsigned long flags = guard_take(&memory_guard);

	slot_is_taken[slot] = false;
	guard_drop(&memory_guard, flags);
}

/* --------------------------------------------------------------------------------------------------- for a program */

bool x86_lookup(unsigned long address, struct pgtable_entry *entry)
{
	unsigned long flags = guard_take(&memory_guard);
	bool found = pgtable_lookup(&host_tables, address, entry);

	guard_drop(&memory_guard, flags);
	return found;
}

int x86_walk(int (*visit)(const struct pgtable_entry *entry, void *arg), void *arg)
{
	u64 all = pgtable_level_pages(&format, format.levels + 1);
	unsigned long flags = guard_take(&memory_guard);
	int stopped = pgtable_walk(&host_tables, 0, all, visit, arg);

	guard_drop(&memory_guard, flags);
	return stopped;
}

bool x86_tables_check(struct kmem_fault *fault)
{
	unsigned long flags = guard_take(&memory_guard);
	bool holds = pgtable_check(&host_tables, 0, fault);

	guard_drop(&memory_guard, flags);
	return holds;
}

unsigned long x86_top_table(void)
{
	return (unsigned long)top_table;
}

unsigned long x86_free_frames(void)
{
	unsigned long flags = guard_take(&memory_guard);
	unsigned long nr = pool_free();

	guard_drop(&memory_guard, flags);
	return nr;
}
