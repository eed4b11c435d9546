/* SPDX-License-Identifier: MIT */
/*
 * arena.c - the windows, which are mapped once, and who has which part.
 *
 *	SIM_BASE [ machines | direct maps | descriptors | vmalloc ] SIM_END		addresses of kmem/layout.h
 *
 * All is zero until written. A page that was written is in the list of dirty ones, and is cleared when its machine
 * goes; so a small machine comes and goes without a system call.
 *
 *	page_state	of a frame	 the page of the vmalloc window at which its contents are now: 0, if in place
 *			of a window page the frame whose contents are here: its page in the direct window + 1, or 0
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "host/sim/sim.h"

#define MANY_PAGES 16384ul		/* more than this are given back to the system, not cleared */
#define NR_DIRECT (DIRECT_WINDOW / WINDOW_GRANULE)
#define NR_VMALLOC (VMALLOC_WINDOW / WINDOW_GRANULE)
#define PC __builtin_return_address(0)

u32 *page_state;
static u64 *dirty;			/* pages, by number from SIM_BASE */
static unsigned long nr_dirty;
struct sim_machine sim_machines[NR_MACHINES];
static struct sim_machine *direct_of[NR_DIRECT], *vmalloc_of[NR_VMALLOC];

static void *reserve(void *want, size_t bytes)
{
	void *got = mmap(want, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (want ? MAP_FIXED_NOREPLACE : 0), -1, 0);

	if (got == MAP_FAILED || (want && got != want))
		abort();		/* before main(): nobody to tell */
	return got;
}

void arena_open(void)
{
	reserve((void *)SIM_BASE, SIM_SPAN);
	page_state = reserve(NULL, (SIM_SPAN >> PAGE_SHIFT) * sizeof(*page_state));
	dirty = reserve(NULL, (SIM_SPAN >> PAGE_SHIFT) * sizeof(*dirty));
}

void arena_dirty(unsigned long address)
{
	u32 *state = page_state_of(address);

	if (*state & PAGE_DIRTY)
		return;
	*state |= PAGE_DIRTY;
	dirty[nr_dirty++] = (address - SIM_BASE) >> PAGE_SHIFT;
}

/* ---------------------------------------------------------------------------------------------------- whose is it */

struct sim_machine *machine_of_direct(unsigned long address)
{
	return direct_of[(address - DIRECT_BASE) / WINDOW_GRANULE];
}

struct sim_machine *machine_of_vmalloc(unsigned long address)
{
	return vmalloc_of[(address - VMALLOC_BASE) / WINDOW_GRANULE];
}

struct sim_machine *machine_of_descriptor(unsigned long address)
{
	unsigned long frame = (address - VMEMMAP_BASE) / sizeof(struct page);
	unsigned long granule = frame / (WINDOW_GRANULE >> PAGE_SHIFT);

	return granule < NR_DIRECT ? direct_of[granule] : NULL;
}

/* The first run of so many free places; nr if there is none. */
static unsigned long places_find(struct sim_machine **places, unsigned long nr, unsigned long wanted)
{
	unsigned long run = 0;

	for (unsigned long i = 0; i < nr; i++) {
		run = places[i] ? 0 : run + 1;
		if (run == wanted)
			return i + 1 - wanted;
	}
	return nr;
}

static void places_set(struct sim_machine **places, unsigned long first, unsigned long nr, struct sim_machine *sm)
{
	for (unsigned long i = 0; i < nr; i++)
		places[first + i] = sm;
}

static unsigned long granules(unsigned long bytes)
{
	return (bytes + WINDOW_GRANULE - 1) / WINDOW_GRANULE;
}

static struct sim_machine *slot_find(unsigned long bytes)
{
	for (unsigned int i = 0; bytes <= MACHINE_SLOT && i < NR_MACHINES; i++)
		if (!sim_machines[i].world)
			return &sim_machines[i];
	return NULL;
}

/* --------------------------------------------------------------------------------------------- machines come and go */

int host_machine_create(struct host_layout *layout)
{
	unsigned long memory = layout->nr_frames << PAGE_SHIFT, direct, window;
	unsigned long vmalloc_bytes = PAGE_ALIGN(layout->vmalloc_bytes);
	struct sim_machine *sm = slot_find(layout->machine_bytes);

	if (!sm || layout->nr_frames > DIRECT_WINDOW >> PAGE_SHIFT || vmalloc_bytes > VMALLOC_WINDOW || world_fails())
		return -ENOMEM;
	direct = places_find(direct_of, NR_DIRECT, granules(memory));
	window = places_find(vmalloc_of, NR_VMALLOC, granules(vmalloc_bytes));
	if (direct == NR_DIRECT || window == NR_VMALLOC)
		return -ENOMEM;
	*sm = (struct sim_machine){
		.world = sim_world,
		.place = SIM_BASE + (unsigned long)(sm - sim_machines) * MACHINE_SLOT, .bytes = layout->machine_bytes,
		.direct_base = DIRECT_BASE + direct * WINDOW_GRANULE,
		.direct_bytes = memory, .low_bytes = layout->nr_low_frames << PAGE_SHIFT,
		.descriptors = VMEMMAP_BASE + (direct * WINDOW_GRANULE >> PAGE_SHIFT) * sizeof(struct page),
		.descriptor_bytes = layout->nr_frames * sizeof(struct page),
		.vmalloc_start = VMALLOC_BASE + window * WINDOW_GRANULE, .vmalloc_bytes = vmalloc_bytes,
	};
	places_set(direct_of, direct, granules(memory), sm);
	places_set(vmalloc_of, window, granules(vmalloc_bytes), sm);
	layout->machine = (struct machine *)sm->place;
	layout->direct_base = sm->direct_base;
	layout->vmalloc_bytes = vmalloc_bytes;
	layout->vmalloc_start = sm->vmalloc_start;
	layout->vmalloc_end = sm->vmalloc_start + vmalloc_bytes;
	layout->memory_is_zero = true;
	layout->nr_cpus = sim_world->options.nr_cpus;
	sim_point(POINT_HOST, PC);
	return 0;
}

static bool is_in(unsigned long address, unsigned long start, unsigned long bytes)
{
	return address - start < bytes;
}

static bool is_of(const struct sim_machine *sm, unsigned long address)
{
	return is_in(address, sm->direct_base, sm->direct_bytes) ||
	       is_in(address, sm->descriptors, PAGE_ALIGN(sm->descriptor_bytes)) ||
	       is_in(address, sm->vmalloc_start, sm->vmalloc_bytes) || is_in(address, sm->place, sm->bytes);
}

void arena_clean(struct sim_machine *sm, void (*visit)(struct sim_machine *sm, unsigned long page))
{
	unsigned long kept = 0;

	for (unsigned long i = 0; i < nr_dirty; i++) {
		unsigned long page = SIM_BASE + (dirty[i] << PAGE_SHIFT);

		if (!is_of(sm, page)) {
			dirty[kept++] = dirty[i];
			continue;
		}
		page_state[dirty[i]] &= ~PAGE_DIRTY;
		visit(sm, page);
	}
	nr_dirty = kept;
	hot_forget_all();
	tlb_forget(sm->vmalloc_start, sm->vmalloc_start + sm->vmalloc_bytes);
}

unsigned long arena_settle(struct sim_machine *sm)
{
	unsigned long nr = 0;

	for (unsigned long i = 0; i < nr_dirty; i++) {	/* sending home may add some */
		unsigned long page = SIM_BASE + (dirty[i] << PAGE_SHIFT);

		if (is_in(page, sm->vmalloc_start, sm->vmalloc_bytes))
			mmu_send_home(page);
		nr += is_of(sm, page);
	}
	return nr;
}

/* Forget what the page held. */
static void page_forget(struct sim_machine *sm, unsigned long page)
{
	(void)sm;
	*page_state_of(page) = 0;
	race_forget(page);
}

static void page_clear(struct sim_machine *sm, unsigned long page)
{
	page_forget(sm, page);
	raw_clear((void *)page, PAGE_SIZE);
}

static void give_back(unsigned long start, unsigned long bytes)
{
	madvise((void *)start, PAGE_ALIGN(bytes), MADV_DONTNEED);
}

/* Clear what was written, and forget it. */
static void machine_gone(struct sim_machine *sm)
{
	bool many = nr_dirty > MANY_PAGES;

	image_free(sm);
	arena_clean(sm, many ? page_forget : page_clear);
	if (many) {
		give_back(sm->direct_base, sm->direct_bytes);
		give_back(sm->descriptors, sm->descriptor_bytes);
		give_back(sm->vmalloc_start, sm->vmalloc_bytes);
		give_back(sm->place, sm->bytes);
	}
	places_set(direct_of, (sm->direct_base - DIRECT_BASE) / WINDOW_GRANULE, granules(sm->direct_bytes), NULL);
	places_set(vmalloc_of, (sm->vmalloc_start - VMALLOC_BASE) / WINDOW_GRANULE, granules(sm->vmalloc_bytes), NULL);
	sm->world = NULL;
}

void host_machine_destroy(struct machine *m, const struct host_layout *layout)
{
	(void)layout;
	if (sim_world->default_machine == m)
		sim_world->default_word = 0;
	machine_gone(sim_machine_of(m));
	sim_point(POINT_HOST, PC);
}

void arena_sweep(const struct world *w)
{
	for (unsigned int i = 0; i < NR_MACHINES; i++)
		if (sim_machines[i].world == w)
			machine_gone(&sim_machines[i]);
}
