/* SPDX-License-Identifier: MIT */
/*
 * highmem.h - the addresses at which high memory is reached, on a machine that has some.
 *
 *	kmap_base     +2M        +4M-8K                  +8M-8K
 *	[ pkmap: 512 |  nothing  | local: 64 sets of 16 ]
 *
 *	pkmap	kmap(): a page a slot, for everybody			mm/highmem.c
 *	local	kmap_local_page(): a set for each CPU, and spares	mm/kmap_local.c
 *
 * The page tables of all of it are made at boot and stay, so that entering a page is one store and needs no lock:
 * each entry has one owner at a time. On i386 the place is the kernel's (arch/x86/layout.h), else the end of the
 * vmalloc window.
 */
#ifndef MM_HIGHMEM_H
#define MM_HIGHMEM_H

#include "arch/x86/layout.h"
#include "mm/machine.h"
#include "mm/pgtable.h"

struct kmem_fault;

#define LAST_PKMAP 512u
#define KMAP_LOCAL_OFFSET ((4ul << 20) - 2 * PAGE_SIZE)
#define KMAP_LOCAL_MAX 16u		/* mappings of a task at a time */
#define KMAP_SETS 64u
#define KMAP_LOCAL_SLOTS (KMAP_SETS * KMAP_LOCAL_MAX)
#define MAX_HIGHMEM_CPUS 32u		/* so that as many tasks may sleep with mappings */
#define KMAP_BYTES ((8ul << 20) - 2 * PAGE_SIZE)
#define KMAP_TABLE_SHIFT 21		/* of the bytes that a page table covers */
#define KMAP_TABLES 4u
#define KMAP_ALIGN (1ul << KMAP_TABLE_SHIFT)	/* of the window, so that pkmap's entries are in one table */

/* What a window of so many bytes for vmalloc() takes with this beyond it. */
#define KMAP_WINDOW(bytes) (((u64)(bytes) + (8ull << 20) - 1) / (8ull << 20) * (8ull << 20) + KMAP_BYTES)

_Static_assert(KMAP_LOCAL_OFFSET + KMAP_LOCAL_SLOTS * PAGE_SIZE == KMAP_BYTES, "sets reach to the end");
_Static_assert(I386_KMAP_BASE + KMAP_BYTES == I386_TOP, "and that is the end of what a process can have");
_Static_assert(LAST_PKMAP << PAGE_SHIFT == 1u << KMAP_TABLE_SHIFT, "slots of a table");

/* As wide as a descriptor: so a page's address, with all but some bits masked, is the place of its chain. */
struct kmap_slot {
	s32 count;			/* atomic: users; far below 0: the slot is free */
	u16 next;			/* place of the next one of its chain, or NO_SLOT */
	u16 first;			/* of another chain: that of the pages whose place is here, by address */
	const struct page *page;	/* of a slot that is not free */
	void *address;
} __attribute__((aligned(sizeof(struct page))));

/* A place is so many bytes from the beginning of a kmap_state, which has as much as a slot before them. */
#define SLOT_PLACE(i) ((u16)(((i) + 1) * sizeof(struct kmap_slot)))
#define NO_SLOT SLOT_PLACE(LAST_PKMAP)
#define KMAP_SLOT_MASK ((unsigned long)((LAST_PKMAP - 1) * sizeof(struct kmap_slot)))

/*
 * The count of a free slot. Who counts itself in before it looks whose the slot is, or out though it was not in, and
 * then takes that back, may make it a little more or less for a moment: so everybody adds to it, and nobody stores it.
 */
#define SLOT_FREE (-(1 << 30))

/* What stands for a kmap_state where there is none: what is before slots, and one of them, which is never a page's. */
extern const struct kmap_slot kmap_none[2];
#define KMAP_NONE ((struct kmap_state *)kmap_none)

struct kmap_state {
	/* What who gives a slot to a page needs. */
	struct mutex lock;
	unsigned int nr_free;			/* of free[] */
	const struct page *vmemmap;		/* the machine's */
	u64 leaf;				/* an entry without its frame */
	u64 *entries;				/* of the slots, in the machine's tables; shut where a slot is free */
	u64 *host_entries;			/* the same for the host's processors; NULL: host_kmap() tells it */
	struct kmap_slot slot[LAST_PKMAP + 1];	/* the last one is nobody's, so that there always is one */

	struct machine *machine;
	u16 free[LAST_PKMAP];			/* places of the free slots, the next one last */
	unsigned long base;
	struct pgtable *table;
	void *tables[KMAP_TABLES];		/* of the last level, in the order of addresses */

	/* mm/highmem.c. */
	u32 version;				/* odd while slots leave their chains */
	u32 waiters;				/* atomic: tasks without a slot */
	u32 freed;				/* a word to sleep on: changes when a slot may have become free */
	unsigned long nr_flushes;		/* counted, never decided by */

	/* mm/kmap_local.c. */
	bool strict;				/* what is unmapped is out of reach at once */
	u32 spare_sets[KMAP_SETS / 32];		/* atomic: bits */
	u32 sets_away;				/* atomic: of tasks that sleep with mappings */
	const struct page *local[KMAP_SETS][KMAP_LOCAL_MAX + 1];	/* what the entry says, NULL: nothing */
};

_Static_assert(offsetof(struct kmap_state, slot) == sizeof(struct kmap_slot), "SLOT_PLACE");
_Static_assert((LAST_PKMAP + 2) * sizeof(struct kmap_slot) <= 0xffff, "and 16 bits are enough");

/* Has a window of so many bytes room for kmap, and for something before it? */
static inline bool kmap_window_fits(unsigned long bytes)
{
	return bytes >= KMAP_WINDOW(1);
}

/*
 * The end of the vmalloc window is kmap's, if the machine has high memory or the processor 32 bits; of one that is too
 * small, where nothing is high, it is not. Boot.
 */
void kmap_window_place(struct machine *m);
/* m->kmap, if there is high memory. Boot, before there are CPUs. Returns 0 or -ENOMEM. */
int kmap_init(struct machine *m);
/* Its tables are there, and hold nothing. */
void kmap_open(struct machine *m, struct pgtable *table);
/* Shutdown: how many mappings the caller, and all, have left, reported; and then the end of all of them. */
unsigned int kmap_local_leaks(void);
unsigned long kmap_leaks(struct machine *m);
void kmap_close(struct machine *m);

/* The entry of the page that begins at offset from kmap_base says pfn, or nothing: for who owns it. */
void kmap_enter(struct machine *m, unsigned long offset, pfn_t pfn);
void kmap_forget(struct machine *m, unsigned long offset);

static inline bool page_is_low(const struct machine *m, const struct page *page)
{
	return machine_pfn(m, page) < m->max_low_pfn;
}

/* Where kmap() has the page now, or NULL. */
void *kmap_address(struct machine *m, pfn_t pfn);

/* What stands for a set where there is none. */
#define KMAP_NO_BASE (1ul << (sizeof(long) * 8 - 1))
extern const struct page *const kmap_pages_none[KMAP_LOCAL_MAX + 1];
/* A set for a CPU that comes up, if the machine has high memory. */
void kmap_local_init(struct kmem_cpu *cpu, struct kmap_state *ks);
/* What an entry of a set says. */
static inline const struct page **kmap_local_record(struct kmap_state *ks, unsigned int slot)
{
	return &ks->local[slot / KMAP_LOCAL_MAX][slot % KMAP_LOCAL_MAX];
}
/*
 * The task, which has mappings, leaves its CPU, or has just leased one. Leaving it takes its set along, and the CPU
 * gets a spare one; false: there is none, and the task must keep the CPU.
 */
bool kmap_local_leave(struct kmem_cpu *cpu);
void kmap_local_arrive(struct kmem_cpu *cpu);
/* A task ends, which has mappings: it has none any more. */
void kmap_local_exit(struct machine *m);
/* In a new process, whose only task is the caller. */
void kmap_forked(struct machine *m);

/* The first broken invariant of both files, or true. */
bool kmap_check(struct machine *m, bool at_rest, struct kmem_fault *fault);
bool kmap_local_check(struct machine *m, bool at_rest, struct kmem_fault *fault);
void kmap_dump(struct machine *m);

#endif
