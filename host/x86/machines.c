/* SPDX-License-Identifier: MIT */
/*
 * machines.c - machines' memory and windows.
 *
 *	this computer's		frame n is the real frame n; its direct map is there from the start, in large pages, and
 *				nobody else sees these frames
 *	any other		a machine in the machine: a frame is taken from the host's when it is first touched
 *
 * So tests boot machines of any size here, several at once, as in a process, while what they touch is real memory, and
 * the processor walks real tables. Frames without a logical address have none in the host's tables either: which real
 * frames stand for them is noted in tables that no processor walks (shadow), made by the same walker.
 *
 * Lock: memory_guard.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "host/x86/pool.h"
#include "host/x86/window.h"

#define NR_MACHINES 256u
#define SHADOW_PAGES (1ull << (40 - PAGE_SHIFT))	/* addresses of the shadow for each machine */
#define PAGES_PER_GUARD 64ul	/* under the guard at once, so that interrupts wait for no more than that */

#define KMAP_CPUS 32u				/* no machine with high memory has more */
#define KMAP_END_BYTES (16ul << 20)		/* the core has kmap's addresses at the end of the vmalloc window */

struct host_machine {
	bool is_used, is_real;
	unsigned long direct_base, direct_bytes;	/* of its place */
	pfn_t nr_frames, nr_low;
	unsigned long descriptors, descriptor_bytes;
	unsigned long vmalloc_start, vmalloc_bytes;
	unsigned long kmap_start, kmap_bytes;		/* whose entries the core writes, if any: host_kmap_entries() */
	u64 *kmap_entries;
	u8 left_on[KMAP_CPUS];		/* by CPU: 1 + the processor on which its last task ran; 0: no matter where */
};

static struct host_machine machines[NR_MACHINES];
static unsigned int nr_machines;	/* one beyond the last entry that was ever used */
static struct pgtable shadow;
static char shadow_top[PAGE_SIZE] __attribute__((aligned(4096)));

/* This computer's memory, offered to the next machine that has so many frames. */
static struct piece real_pieces[MAX_PIECES];
static unsigned int nr_real_pieces;
static pfn_t real_frames;

static unsigned long pages_of(unsigned long bytes)
{
	return PAGE_ALIGN(bytes) >> PAGE_SHIFT;
}

/* What the host knows of a machine is found by what stands before struct machine. */
#define BEFORE_MACHINE 64

static struct host_machine **entry_of(void *machine)
{
	return (void *)((char *)machine - BEFORE_MACHINE);
}

static struct host_machine *host_of(struct machine *m)
{
	return *entry_of(m);
}

static u64 shadow_address(const struct host_machine *hm, pfn_t pfn)
{
	return ((u64)(hm - machines) * SHADOW_PAGES + pfn) << PAGE_SHIFT;
}

/* ------------------------------------------------------------------------------------------- this computer's memory */

static unsigned int ranges_add(struct memory_range *map, unsigned int nr, unsigned int max, const struct piece *kept)
{
	if (nr < max)
		map[nr] = (struct memory_range){ (u64)kept->start << PAGE_SHIFT,
						 (u64)(kept->end - kept->start) << PAGE_SHIFT, MEMORY_RESERVED, 0 };
	return nr + 1;
}

unsigned int x86_real_memory(struct memory_range *map, unsigned int max)
{
	unsigned long flags = guard_take(&memory_guard);
	unsigned int nr_kept, nr = 0;
	struct piece kept[MAX_PIECES];
	bool lent = firmware.boot.nr + MAX_PIECES <= max && pool_lend(real_pieces, &nr_real_pieces, kept, &nr_kept);

	real_frames = 0;
	for (unsigned int i = 0; lent && i < nr_real_pieces; i++)
		real_frames = max(real_frames, real_pieces[i].end);
	guard_drop(&memory_guard, flags);
	if (!lent)
		return 0;
	for (; nr < firmware.boot.nr; nr++)
		map[nr] = firmware.boot.map[nr];
	for (unsigned int i = 0; i < nr_kept; i++)
		nr = ranges_add(map, nr, max, &kept[i]);
	return nr;
}

/* The machine's pieces at their logical addresses; nothing else of the computer is there. */
static int direct_map_real(const struct host_machine *hm)
{
	int err = 0;

	for (unsigned int i = 0; i < nr_real_pieces && !err; i++) {
		pfn_t start = real_pieces[i].start, end = min(real_pieces[i].end, hm->nr_low);

		if (start < end)
			err = run_map(&host_tables, hm->direct_base + ((u64)start << PAGE_SHIFT), start, end - start,
				      DATA_PROT);
	}
	return err;
}

static void pieces_take_back(unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		view_take_back(real_pieces[i].start, real_pieces[i].end);
}

/* Frames of the machine's have its addresses and no others. Under the guard; flush. */
static int real_take(const struct host_machine *hm)
{
	unsigned int nr = 0;
	int err = 0;

	while (nr < nr_real_pieces && !err) {
		err = view_lend(real_pieces[nr].start, real_pieces[nr].end);
		nr += !err;
	}
	if (!err)
		err = direct_map_real(hm);
	if (!err)
		return 0;
	pgtable_unmap(&host_tables, hm->direct_base, hm->nr_low);
	pieces_take_back(nr);
	return err;
}

static void real_give(const struct host_machine *hm)
{
	pgtable_unmap(&host_tables, hm->direct_base, hm->nr_low);
	pieces_take_back(nr_real_pieces);
}

/* ------------------------------------------------------------------------------------------- machines come and go */

#define for_each_machine(hm) for ((hm) = machines; (hm) < machines + nr_machines; (hm)++)

static struct host_machine *entry_find(void)
{
	struct host_machine *hm;

	for_each_machine(hm)
		if (!hm->is_used)
			return hm;
	return nr_machines < NR_MACHINES ? &machines[nr_machines++] : NULL;
}

static bool is_in(unsigned long address, unsigned long start, unsigned long bytes)
{
	return address - start < bytes;
}

static bool meet(unsigned long a, unsigned long a_bytes, unsigned long b, unsigned long b_bytes)
{
	return is_in(a, b, b_bytes) || is_in(b, a, a_bytes);
}

static bool is_free(unsigned long start, unsigned long bytes)
{
	const struct host_machine *hm;

	for_each_machine(hm)
		if (hm->is_used && (meet(start, bytes, hm->direct_base, hm->direct_bytes) ||
				    meet(start, bytes, hm->descriptors, hm->descriptor_bytes) ||
				    meet(start, bytes, hm->vmalloc_start, hm->vmalloc_bytes)))
			return false;
	return true;
}

/* The first free place of a window for so many bytes; 0: none. */
static unsigned long place_find(unsigned long base, unsigned long window, unsigned long bytes)
{
	for (unsigned long at = 0; bytes <= window && at <= window - bytes; at += WINDOW_GRANULE)
		if (is_free(base + at, bytes))
			return base + at;
	return 0;
}

#ifdef OTHERS_BASE
/* tables.c has the last page of each GiB. */
static unsigned long others_find(unsigned long bytes)
{
	unsigned long place = place_find(OTHERS_BASE, OTHERS_WINDOW - WINDOW_GRANULE, bytes);

	return place ? place : place_find(MORE_BASE, MORE_WINDOW, bytes);
}

/*
 * There is one place like a kernel's own. Machines in the machine have it only if they need it: for a kernel's layout,
 * or because the others' windows are full.
 */
static unsigned long direct_find(const struct host_machine *hm, unsigned long bytes)
{
	bool wants_own = hm->is_real || hm->nr_low < hm->nr_frames || bytes > OTHERS_WINDOW / 2;
	unsigned long other = wants_own ? 0 : others_find(bytes);

	if (!other && is_free(DIRECT_BASE, bytes))
		return DIRECT_BASE;
	return other || !wants_own ? other : others_find(bytes);
}

static unsigned long vmalloc_find(struct host_machine *hm, const struct host_layout *layout)
{
	unsigned long last = VMALLOC_BASE + VMALLOC_WINDOW - hm->vmalloc_bytes;

	if (hm->direct_base == DIRECT_BASE && hm->vmalloc_bytes <= VMALLOC_WINDOW && is_free(last, hm->vmalloc_bytes))
		return last;
	hm->vmalloc_bytes = layout->vmalloc_least;
	return others_find(hm->vmalloc_bytes);
}
#else
static unsigned long direct_find(const struct host_machine *hm, unsigned long bytes)
{
	(void)hm;
	return place_find(DIRECT_BASE, DIRECT_WINDOW, bytes);
}

static unsigned long vmalloc_find(struct host_machine *hm, const struct host_layout *layout)
{
	(void)layout;
	return place_find(VMALLOC_BASE, VMALLOC_WINDOW, hm->vmalloc_bytes);
}
#endif

/*
 * Places for what the layout asks. Under the guard. The entry is in use from the first on, so that the next finds
 * another.
 */
static bool places_take(struct host_machine *hm, const struct host_layout *layout)
{
	/* Where addresses are many, those of frames that have none are left out, as their descriptors' are not. */
	u64 bytes = (u64)(sizeof(long) == 8 ? hm->nr_frames : hm->nr_low) << PAGE_SHIFT;
	unsigned long descriptors;

	if (bytes > DIRECT_WINDOW)
		return false;
	hm->direct_base = direct_find(hm, (unsigned long)bytes);
	if (!hm->direct_base)
		return false;
	hm->direct_bytes = (unsigned long)bytes;
	descriptors = (unsigned long)virt_to_page((void *)hm->direct_base);
	if (!is_free(descriptors, PAGE_ALIGN(hm->nr_frames * sizeof(struct page))))
		return false;
	hm->descriptors = descriptors;
	hm->descriptor_bytes = PAGE_ALIGN(hm->nr_frames * sizeof(struct page));
	hm->vmalloc_start = vmalloc_find(hm, layout);
	return hm->vmalloc_start;
}

/* So that kmap() needs no table when there may be none left. Under the guard. */
static int kmap_tables_make(const struct host_machine *hm)
{
	u64 end = (u64)hm->vmalloc_start + hm->vmalloc_bytes, table_bytes = pgtable_level_bytes(host_tables.format, 2);
	int err = 0;

	for (u64 at = end - min_t(u64, KMAP_END_BYTES, hm->vmalloc_bytes); at < end && !err; at += table_bytes) {
		err = run_map(&host_tables, at & PAGE_MASK, zero_page(), 1, DATA_PROT & ~_PAGE_RW);
		pgtable_unmap(&host_tables, at & PAGE_MASK, err ? 0 : 1);
	}
	return err;
}

/* Of the processors' entries for kmap each has its own idea, so they are the host's. */
static unsigned long window_end(const struct host_machine *hm)
{
	unsigned long kmap_bytes = hm->nr_low < hm->nr_frames ? KMAP_END_BYTES : 0;

	return hm->vmalloc_start + hm->vmalloc_bytes - min(hm->vmalloc_bytes, kmap_bytes);
}

/* Under the guard. */
static bool machine_place(struct host_machine *hm, const struct host_layout *layout)
{
	*hm = (struct host_machine){
		.is_used = true, .nr_frames = layout->nr_frames, .nr_low = layout->nr_low_frames,
		.is_real = real_frames && layout->nr_frames == real_frames,
		.vmalloc_bytes = PAGE_ALIGN(layout->vmalloc_bytes),
	};
	hm->is_used = (hm->nr_low == hm->nr_frames || hm->nr_frames <= SHADOW_PAGES) && places_take(hm, layout) &&
		      !(hm->nr_low < hm->nr_frames && kmap_tables_make(hm)) &&
		      !(hm->is_real && real_take(hm));
	if (hm->is_used && hm->is_real) {
		real_frames = 0;
		window_open(hm->vmalloc_start, window_end(hm), hm->direct_base, hm->nr_low << PAGE_SHIFT);
	}
	return hm->is_used;
}

int host_machine_create(struct host_layout *layout)
{
	char *slot = slot_take(BEFORE_MACHINE + layout->machine_bytes), *place;
	struct host_machine *hm;
	unsigned long flags;

	if (!slot)
		return -ENOMEM;
	place = slot + BEFORE_MACHINE;
	flags = guard_take(&memory_guard);
	if (!shadow.top)
		host_tables_init(&shadow, &pgtable_4level, shadow_top);
	hm = entry_find();
	if (!hm || !machine_place(hm, layout)) {
		guard_drop(&memory_guard, flags);
		slot_give(slot);
		return -ENOMEM;
	}
	guard_drop(&memory_guard, flags);
	if (hm->is_real)
		flush(0, FLUSH_ALL);
	memset(place, 0, layout->machine_bytes);
	*entry_of(place) = hm;
	layout->machine = (struct machine *)place;
	layout->direct_base = hm->direct_base;
	layout->vmalloc_bytes = hm->vmalloc_bytes;
	layout->vmalloc_start = hm->vmalloc_start;
	layout->vmalloc_end = hm->vmalloc_start + hm->vmalloc_bytes;
	layout->memory_is_zero = !hm->is_real;
	layout->nr_cpus = nr_processors;
	layout->has_devices = hm->is_real;
	layout->opens_itself = true;		/* what is kept is where processors walk the core's tables */
	return 0;
}

/* Under the guard: unmap, prune; the frames into the list. */
static void window_clear(struct pgtable *pt, u64 address, u64 nr, pfn_t *list)
{
	range_take_down(pt, address, nr, list);
	pgtable_prune(pt, address, nr);
}

void host_machine_destroy(struct machine *m, const struct host_layout *layout)
{
	unsigned long flags = guard_take(&memory_guard);
	struct host_machine *hm = host_of(m);
	unsigned long vmalloc_pages = pages_of(hm->vmalloc_bytes), descriptor_pages = pages_of(hm->descriptor_bytes);
	pfn_t list = 0;

	(void)layout;
	pgtable_unmap(&host_tables, hm->vmalloc_start, vmalloc_pages);
	range_take_down(&host_tables, hm->descriptors, descriptor_pages, &list);
	if (hm->is_real) {
		window_close();
		real_give(hm);
	} else {
		range_take_down(&host_tables, hm->direct_base, hm->nr_low, &list);
	}
	if (!hm->is_real && hm->nr_low < hm->nr_frames)
		window_clear(&shadow, shadow_address(hm, 0), hm->nr_frames, &list);
	guard_drop(&memory_guard, flags);
	flush(hm->direct_base, FLUSH_ALL);
	flags = guard_take(&memory_guard);
	pgtable_prune(&host_tables, hm->vmalloc_start, vmalloc_pages);
	pgtable_prune(&host_tables, hm->descriptors, descriptor_pages);
	pgtable_prune(&host_tables, hm->direct_base, hm->nr_low);
	if (hm->is_real)
		pool_take_back();
	hm->is_used = false;
	guard_drop(&memory_guard, flags);
	frames_free(list);
	slot_give(entry_of(m));
}

/* ---------------------------------------------------------------------------------------------------------- frames */

static bool is_descriptor(unsigned long address)
{
	const struct host_machine *hm;

	for_each_machine(hm)
		if (hm->is_used && is_in(address, hm->descriptors, hm->descriptor_bytes))
			return true;
	return false;
}

/* A frame of a machine in the machine is touched for the first time. */
static bool is_first_touch(unsigned long address)
{
	const struct host_machine *hm;

	for_each_machine(hm)
		if (hm->is_used && !hm->is_real && is_in(address, hm->direct_base, hm->nr_low << PAGE_SHIFT))
			return true;
	return false;
}

/* Descriptors that are only read share one page of zeros. 1: processors may remember that one. Under the guard. */
static int descriptor_make(unsigned long page, bool for_writing)
{
	struct pgtable_entry entry;
	bool found = pgtable_lookup(&host_tables, page, &entry);
	int err;

	if (found && (entry.pfn != zero_page() || !for_writing))
		return 0;
	if (!for_writing)
		return run_map(&host_tables, page, zero_page(), 1, DATA_PROT & ~_PAGE_RW);
	if (found)
		pgtable_unmap(&host_tables, page, 1);
	err = page_make(&host_tables, page);
	return err ? err : found;
}

/* Under the guard. -EFAULT: nothing belongs there. */
static int fault_make(unsigned long page, unsigned long error)
{
	struct pgtable_entry entry;

	if (is_descriptor(page))
		return descriptor_make(page, error & FAULT_WRITE);
	if (error & FAULT_PRESENT || !is_first_touch(page))
		return -EFAULT;
	return pgtable_lookup(&host_tables, page, &entry) ? 0 : page_make(&host_tables, page);
}

bool memory_fault(unsigned long address, unsigned long error)
{
	unsigned long page = address & PAGE_MASK, flags = guard_take(&memory_guard);
	int err = error & (FAULT_FETCH | FAULT_RESERVED) ? -EFAULT : fault_make(page, error);

	guard_drop(&memory_guard, flags);
	if (err >= 0 && error & FAULT_PRESENT)
		flush_here(page);
	if (err == -ENOMEM)
		say("kmem: this computer's memory is used up by the frames of machines in it\n");
	return err >= 0;
}

/* Who looked whether they are described may remember that they are not. */
int host_describe(struct machine *m, pfn_t first, pfn_t nr)
{
	struct host_machine *hm = host_of(m);
	unsigned long start = (hm->descriptors + first * sizeof(struct page)) & PAGE_MASK;
	unsigned long end = PAGE_ALIGN(hm->descriptors + (first + nr) * sizeof(struct page));
	bool is_changed = false;
	int err = 0;

	for (unsigned long at = start; at < end && err >= 0; at += PAGE_SIZE) {
		unsigned long flags = guard_take(&memory_guard);

		err = descriptor_make(at, true);
		guard_drop(&memory_guard, flags);
		is_changed |= err > 0;
	}
	if (is_changed)
		flush(start, (end - start) >> PAGE_SHIFT);
	return min(err, 0);
}

/* The real frame that stands for a machine's, made if it was never touched; 0: there is none. Under the guard. */
static pfn_t real_frame(struct host_machine *hm, pfn_t pfn)
{
	struct pgtable *pt = pfn < hm->nr_low ? &host_tables : &shadow;
	u64 at = pfn < hm->nr_low ? hm->direct_base + ((u64)pfn << PAGE_SHIFT) : shadow_address(hm, pfn);
	struct pgtable_entry entry;

	if (hm->is_real)
		return pfn;
	if (pfn >= hm->nr_frames)
		return 0;		/* a machine in the machine has no devices */
	if (!pgtable_lookup(pt, at, &entry) && (page_make(pt, at) || !pgtable_lookup(pt, at, &entry)))
		return 0;
	return entry.pfn;
}

/* How many of the machine's frames, from pfn on, are neighbours in real memory too. Under the guard. */
static pfn_t real_run(struct host_machine *hm, pfn_t pfn, pfn_t nr, pfn_t *real)
{
	pfn_t run = 1;

	*real = real_frame(hm, pfn);
	if (hm->is_real)
		return nr;
	while (*real && run < min(nr, PAGES_PER_GUARD) && real_frame(hm, pfn + run) == *real + run)
		run++;
	return run;
}

/* Of a machine in the machine they have frame numbers that are not this computer's. */
void host_page_table(struct machine *m, const void *top)
{
	unsigned long flags;

	if (!host_of(m)->is_real || !window.bytes)
		return;
	flags = guard_take(&memory_guard);
	window_told(top);
	guard_drop(&memory_guard, flags);
	flush(0, FLUSH_ALL);
}

/*
 * The first *run pages of what is to be mapped. Returns 0; 1: processors may remember something else; or -ENOMEM, or
 * -EEXIST. Under the guard.
 */
static int run_begin(struct host_machine *hm, u64 at, pfn_t pfn, pfn_t nr, u64 bits, pfn_t *run)
{
	pfn_t real = pfn;
	int err, changed = 0;

	if (window_has((unsigned long)at)) {
		*run = min(nr, (pfn_t)((window_table_end((unsigned long)at) - at) >> PAGE_SHIFT));
		changed = window_lead((unsigned long)at);
		if (changed != -ENOENT)
			return changed;
		changed = window_leave((unsigned long)at);
	} else {
		*run = real_run(hm, pfn, nr, &real);
	}
	err = real ? run_map(&host_tables, at, real, *run, bits) : -ENOMEM;
	return err ? err : changed;
}

static noinline int map_anew(struct machine *m, unsigned long address, pfn_t pfn, pfn_t nr, unsigned int prot)
{
	u64 bits = (DATA_PROT & (prot & HOST_WRITE ? ~0ull : ~_PAGE_RW)) | (prot & HOST_DEVICE ? _PAGE_PCD : 0);
	bool is_changed = false;
	pfn_t done = 0, run;
	int err = 0;

	while (done < nr && err >= 0) {
		unsigned long flags = guard_take(&memory_guard);
		u64 at = address + ((u64)done << PAGE_SHIFT);

		err = run_begin(host_of(m), at, pfn + done, nr - done, bits, &run);
		guard_drop(&memory_guard, flags);
		is_changed |= err > 0;
		if (err == -EEXIST) {		/* the addresses get new frames */
			host_unmap(m, at, run, false);
			err = 0;
			continue;
		}
		done += err < 0 ? 0 : run;
	}
	if (is_changed)
		flush(address, nr);
	if (err < 0 && done)
		host_unmap(m, address, done, false);
	return err < 0 ? -ENOMEM : 0;
}

/* Nothing is kept but in the window; there the core opens the entries itself, and processors walk them. */
int host_map(struct machine *m, unsigned long address, pfn_t pfn, pfn_t nr, unsigned int prot)
{
	return likely(prot & HOST_AGAIN) ? 0 : map_anew(m, address, pfn, nr, prot);
}

/* Entries of the range, other than the core's own, which it has cleared. */
static noinline void range_clear(u64 at, u64 end)
{
	unsigned long flags = guard_take(&memory_guard);
	long unmapped = 0;

	for (u64 next; at != end && unmapped >= 0; at = next) {
		next = window_has((unsigned long)at) ? min(end, window_table_end((unsigned long)at)) : end;
		if (!window_has((unsigned long)at) || !window_is_adopted((unsigned long)at))
			unmapped = pgtable_unmap(&host_tables, at, (next - at) >> PAGE_SHIFT);
	}
	guard_drop(&memory_guard, flags);
	if (unmapped < 0)
		halt("kmem: no table to split a large page at %#llx with\n", at);
}

/* Entries that kmap() owns: it is the only one that changes them, so no guard. */
static bool kmap_shut(const struct host_machine *hm, unsigned long address, unsigned long nr_pages)
{
	if (!is_in(address, hm->kmap_start, hm->kmap_bytes))
		return false;
	pgtable_shut(hm->kmap_entries + ((address - hm->kmap_start) >> PAGE_SHIFT), nr_pages);
	return true;
}

static noinline bool unmap_elsewhere(struct machine *m, unsigned long address, unsigned long nr_pages, bool keep)
{
	bool is_kept = keep && kmap_shut(host_of(m), address, nr_pages);

	if (!is_kept)
		range_clear(address, address + ((u64)nr_pages << PAGE_SHIFT));
	flush(address, nr_pages);
	return is_kept;
}

bool host_unmap(struct machine *m, unsigned long address, unsigned long nr_pages, bool keep)
{
	bool in_window = window_has(address) && window_has(address + (nr_pages << PAGE_SHIFT) - 1);

	if (unlikely(!keep || !in_window))
		return unmap_elsewhere(m, address, nr_pages, keep);
	flush(address, nr_pages);
	return true;
}

/* ------------------------------------------------------------------------------------------------------------ kmap */

static pfn_t real_frame_now(struct host_machine *hm, pfn_t pfn)
{
	unsigned long flags = guard_take(&memory_guard);
	pfn_t real = real_frame(hm, pfn);

	guard_drop(&memory_guard, flags);
	return real;
}

/*
 * No other processor is told: none has used the entry since it was told last. A task that goes on elsewhere meets a
 * processor that has forgotten all (task.c), and so does a CPU whose next task is elsewhere. Whose entry it is, and
 * so whose table, is the core's to say: no guard.
 */
void host_kmap(struct machine *m, unsigned long address, pfn_t pfn, unsigned int prot)
{
	u64 bits = DATA_PROT & (prot & HOST_WRITE ? ~0ull : ~_PAGE_RW);
	struct host_machine *hm = host_of(m);
	void *table = pgtable_last_table(&host_tables, address);
	pfn_t real = prot && !hm->is_real ? real_frame_now(hm, pfn) : pfn;

	kmap_was_used = true;
	if (!table || (prot && !real))
		halt("kmem: no memory for a page of kmap's\n");
	pgtable_enter_one(&host_tables, table, address,
			  prot ? pgtable_leaf(host_tables.format, 1, real, bits) : 0);
	flush_here(address);
}

/* Frames of a machine in the machine are found one by one, behind the guard. */
bool host_kmap_entries(struct machine *m, unsigned long address, unsigned long nr_pages, struct host_entries *entries)
{
	u64 leaf = pgtable_leaf(host_tables.format, 1, 0, DATA_PROT), *own;
	struct host_machine *hm = host_of(m);
	unsigned long flags;

	if (!hm->is_real)
		return false;
	flags = guard_take(&memory_guard);
	own = pgtable_keep(&host_tables, address, nr_pages, leaf);
	guard_drop(&memory_guard, flags);
	if (!own)
		return false;
	*entries = (struct host_entries){ own, leaf };
	hm->kmap_entries = own;
	hm->kmap_start = address;
	hm->kmap_bytes = nr_pages << PAGE_SHIFT;
	return true;
}

void kmap_cpu_leaves(const struct kmem_cpu *cpu)
{
	if (cpu->machine && cpu->kmap && cpu->id < KMAP_CPUS)
		host_of(cpu->machine)->left_on[cpu->id] = (u8)(this_processor()->number + 1);
}

void kmap_cpu_comes(const struct kmem_cpu *cpu)
{
	if (cpu->kmap &&
	    (cpu->id >= KMAP_CPUS || host_of(cpu->machine)->left_on[cpu->id] != this_processor()->number + 1))
		flush_all_here();
}

/* ------------------------------------------------------------------------------------------------------- released */

static int frame_clear(const struct pgtable_entry *entry, void *arg)
{
	(void)arg;
	memset(frame_at(entry->pfn), 0, PAGE_SIZE);
	return 0;
}

/* Frames without an address keep what stands for them: who maps them next does so anywhere. */
bool host_release(struct machine *m, pfn_t pfn, pfn_t nr)
{
	struct host_machine *hm = host_of(m);
	pfn_t low = pfn < hm->nr_low ? min(nr, hm->nr_low - pfn) : 0, list = 0;
	unsigned long address = hm->direct_base + (pfn << PAGE_SHIFT), flags;

	if (hm->is_real)
		return false;
	flags = guard_take(&memory_guard);
	if (low)
		range_take_down(&host_tables, address, low, &list);
	if (low < nr)
		pgtable_walk(&shadow, shadow_address(hm, pfn + low), nr - low, frame_clear, NULL);
	guard_drop(&memory_guard, flags);
	if (low)
		flush(address, low);
	frames_free(list);
	return true;
}
