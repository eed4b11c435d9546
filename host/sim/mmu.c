/* SPDX-License-Identifier: MIT */
/*
 * mmu.c - what a processor's memory management unit does, in software.
 *
 *	address -> TLB of the CPU ---miss---> page tables in the machine's memory -> frame
 *	             |                            |
 *	             `--- both, and they differ: STALE
 *
 * The vmalloc window is ordinary memory of this process, a page an address. A frame's contents are at one place at a
 * time, its home: in the direct map, or at one of the addresses that it is mapped at. An access by another address
 * brings them there first. So aliases agree, as far as code can see, and no mapping call is needed.
 *
 *	M1  a frame's home leads back to it: page_state of both
 *	M2  nothing is at home in a window page that host_unmap() was told of
 *
 * Tables are those of x86, four levels of 512 entries: the format that the core enters in 64-bit builds.
 */
#include <errno.h>
#include "host/sim/sim.h"

#define PC __builtin_return_address(0)
#define NR_TLBS 256u
#define TLB_ENTRIES 64u
#define LEVELS 4u
#define ENTRY_PRESENT 1ull
#define ENTRY_WRITE 2ull
#define ENTRY_LARGE 0x80ull
#define ENTRY_FRAME 0x000ffffffffff000ull

struct tlb_entry {
	unsigned long page;		/* address / PAGE_SIZE; 0: empty */
	pfn_t pfn;
	bool write;
};

static struct tlb_entry tlbs[NR_TLBS][TLB_ENTRIES];
static unsigned int nr_tlbs;		/* that have been used */

static struct tlb_entry *tlb_slot(unsigned long page)
{
	unsigned int id = sim_current->context.cpu->id;

	if (!sim_current->context.cpu->machine || id >= NR_TLBS)
		return NULL;
	if (id >= nr_tlbs)
		nr_tlbs = id + 1;
	return &tlbs[id][page % TLB_ENTRIES];
}

void tlb_forget(unsigned long start, unsigned long end)
{
	for (unsigned int id = 0; id < nr_tlbs; id++) {
		for (unsigned int i = 0; i < TLB_ENTRIES; i++) {
			unsigned long address = tlbs[id][i].page << PAGE_SHIFT;

			if (address >= start && address < end)
				tlbs[id][i].page = 0;
		}
	}
}

/* ------------------------------------------------------------------------------------------------------- the walk */

struct walk {
	bool present, write;
	unsigned int level;		/* at which it ended */
	unsigned long long entry;
	pfn_t pfn;
};

static const unsigned long long *table_at(const struct sim_machine *sm, unsigned long long entry)
{
	return (const unsigned long long *)(sm->direct_base + (unsigned long)(entry & ENTRY_FRAME));
}

static struct walk walk(const struct sim_machine *sm, unsigned long address)
{
	const unsigned long long *table = sm->page_table;
	struct walk found = { .level = LEVELS, .write = true };

	for (; table && found.level; found.level--) {
		unsigned int shift = PAGE_SHIFT + 9 * (found.level - 1);
		unsigned long mask = (1ul << shift) - 1;

		found.entry = table[address >> shift & 511];
		if (!(found.entry & ENTRY_PRESENT))
			return found;
		found.write = found.write && (found.entry & ENTRY_WRITE);
		if (found.level == 1 || (found.entry & ENTRY_LARGE)) {
			found.present = true;
			found.pfn = (pfn_t)(((found.entry & ENTRY_FRAME & ~mask) + (address & mask)) >> PAGE_SHIFT);
			return found;
		}
		table = table_at(sm, found.entry);
	}
	return found;
}

static _Noreturn void fault(enum sim_outcome outcome, unsigned long address, bool write, const void *pc,
			    const struct walk *w, const char *what)
{
	char name[160];

	world_end(outcome, "%s: %s at 0x%lx by %s; page walk: level %u, entry 0x%llx", what, write ? "write" : "read",
		  address, host_symbol(name, sizeof(name), (unsigned long)pc), w->level, w->entry);
}

/* --------------------------------------------------------------------------------------------------------- aliases */

/* The page at which the frame's contents are: its number in the vmalloc window + 1, or 0. */
static u32 home_of(unsigned long frame)
{
	return *page_state_of(frame) & PAGE_LINK;
}

static void link_set(unsigned long page, u32 link)
{
	u32 *state = page_state_of(page);

	*state = (*state & ~PAGE_LINK) | link;
}

static unsigned long window_page(u32 link)
{
	return VMALLOC_BASE + ((unsigned long)(link - 1) << PAGE_SHIFT);
}

/* Move the frame's contents to `to`, which is the frame itself or a page of the window. */
static void home_move(unsigned long frame, unsigned long to)
{
	u32 home = home_of(frame);
	unsigned long from = home ? window_page(home) : frame;

	raw_copy((void *)to, (const void *)from, PAGE_SIZE);
	hot_forget(frame);
	arena_dirty(to);
	arena_dirty(frame);
	if (home)
		link_set(from, 0);
	link_set(frame, to == frame ? 0 : (u32)((to - VMALLOC_BASE) >> PAGE_SHIFT) + 1);
	if (to != frame)
		link_set(to, (u32)((frame - DIRECT_BASE) >> PAGE_SHIFT) + 1);
}

void mmu_bring_home(unsigned long address)
{
	unsigned long frame = address & PAGE_MASK;

	if (home_of(frame))
		home_move(frame, frame);
}

/* What is at home in the window page goes back to its frame. */
void mmu_send_home(unsigned long page)
{
	u32 link = *page_state_of(page) & PAGE_LINK;
	unsigned long frame = DIRECT_BASE + ((unsigned long)(link - 1) << PAGE_SHIFT);

	if (link)
		home_move(frame, frame);
}

unsigned long mmu_translate(unsigned long address, bool write, const void *pc)
{
	struct sim_machine *sm = machine_of_vmalloc(address);
	unsigned long page = address & PAGE_MASK, frame;
	struct tlb_entry *tlb = tlb_slot(address >> PAGE_SHIFT);
	struct walk found = { .level = LEVELS };

	if (!sm)
		fault(SIM_FAULT, address, write, pc, &found, "no machine's vmalloc window");
	found = walk(sm, address);
	if (tlb && tlb->page == address >> PAGE_SHIFT &&
	    (!found.present || tlb->pfn != found.pfn || tlb->write != found.write))
		fault(SIM_STALE, address, write, pc, &found, "stale TLB entry used");
	if (!found.present)
		fault(SIM_FAULT, address, write, pc, &found, "page not present");
	if (write && !found.write)
		fault(SIM_FAULT, address, write, pc, &found, "page not writable");
	if (found.pfn >= sm->direct_bytes >> PAGE_SHIFT)
		fault(SIM_FAULT, address, write, pc, &found, "no memory at that frame");
	if (tlb)
		*tlb = (struct tlb_entry){ address >> PAGE_SHIFT, found.pfn, found.write };
	frame = sm->direct_base + (found.pfn << PAGE_SHIFT);
	if (home_of(frame) != (u32)((page - VMALLOC_BASE) >> PAGE_SHIFT) + 1)
		home_move(frame, page);
	return frame + (address & ~PAGE_MASK);
}

/* ------------------------------------------------------------------------------------------------------ host calls */

void host_page_table(struct machine *m, const void *top)
{
	sim_machine_of(m)->page_table = top;
}

int host_describe(struct machine *m, pfn_t first, pfn_t nr)
{
	(void)m;
	(void)first;
	(void)nr;
	sim_point(POINT_HOST, PC);
	return world_fails() ? -ENOMEM : 0;
}

/* Nothing is at home at these addresses. */
static void send_home(unsigned long address, unsigned long nr_pages)
{
	for (unsigned long i = 0; i < nr_pages; i++)
		mmu_send_home(address + (i << PAGE_SHIFT));
}

/* The tables say all; here it is only seen that they do. As on a processor, no CPU forgets what they said before. */
int host_map(struct machine *m, unsigned long address, pfn_t pfn, pfn_t nr, unsigned int prot)
{
	const struct sim_machine *sm = sim_machine_of(m);

	sim_point(POINT_HOST, PC);
	if (world_fails())
		return -ENOMEM;
	send_home(address, nr);
	for (pfn_t i = 0; sm->page_table && i < nr; i++) {
		struct walk found = walk(sm, address + (i << PAGE_SHIFT));
		bool is_right = found.pfn == pfn + i || (i && prot & HOST_AGAIN);

		if (!found.present || !is_right || found.write != !!(prot & HOST_WRITE))
			fault(SIM_FAILED, address + (i << PAGE_SHIFT), prot & HOST_WRITE, PC, &found,
			      "host_map() of what the page tables do not say");
	}
	return 0;
}

/* There is nothing to keep; whether it says so, the seed says. */
bool host_unmap(struct machine *m, unsigned long address, unsigned long nr_pages, bool keep)
{
	(void)m;
	sim_point(POINT_HOST, PC);
	send_home(address, nr_pages);
	tlb_forget(address, address + (nr_pages << PAGE_SHIFT));
	return keep && world_below(sim_world, RANDOM_HOST, 4);
}

/* Of one page, and as with an instruction for that only this CPU forgets what it remembers of it. */
void host_kmap(struct machine *m, unsigned long address, pfn_t pfn, unsigned int prot)
{
	const struct sim_machine *sm = sim_machine_of(m);
	struct tlb_entry *tlb = tlb_slot(address >> PAGE_SHIFT);
	struct walk found;

	sim_point(POINT_HOST, PC);
	send_home(address, 1);
	if (tlb && tlb->page == address >> PAGE_SHIFT)
		tlb->page = 0;
	found = walk(sm, address);
	if (found.present != !!prot || (prot && (found.pfn != pfn || found.write != !!(prot & HOST_WRITE))))
		fault(SIM_FAILED, address, prot & HOST_WRITE, PC, &found,
		      "host_kmap() of what the page tables do not say");
}

/* They are the machine's tables that its CPUs walk. */
bool host_kmap_entries(struct machine *m, unsigned long address, unsigned long nr_pages, struct host_entries *entries)
{
	(void)address;
	(void)nr_pages;
	(void)entries;
	return sim_machine_of(m)->page_table != NULL;
}

/* Zeros or as before: the seed says which. */
bool host_release(struct machine *m, pfn_t pfn, pfn_t nr)
{
	const struct sim_machine *sm = sim_machine_of(m);

	sim_point(POINT_HOST, PC);
	if (world_below(sim_world, RANDOM_HOST, 2))
		return false;
	for (pfn_t i = 0; i < nr; i++) {
		unsigned long frame = sm->direct_base + ((pfn + i) << PAGE_SHIFT);

		mmu_bring_home(frame);
		if (*page_state_of(frame) & PAGE_DIRTY)
			raw_clear((void *)frame, PAGE_SIZE);
	}
	return true;
}
