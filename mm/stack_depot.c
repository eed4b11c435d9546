/* SPDX-License-Identifier: MIT */
/*
 * stack_depot.c - call stacks by number, each kept once.
 *
 *	hash of the frames -> bucket -> record -> record ...
 *	handle = page number * RECORDS_A_PAGE + place + 1; records never move and live as long as the machine
 *
 * Lock: depot->lock. A page is taken before it, so that nothing is allocated under it.
 */
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/string.h>
#include "lib/seeded.h"
#include "mm/page_alloc.h"
#include "mm/stack_depot.h"

#define FRAMES 15u
#define BUCKETS 512u
#define MAX_PAGES 1024u

struct record {
	u32 next;			/* handle of the bucket's next record */
	u32 hash;
	u32 nr;
	unsigned long pc[FRAMES];
};

#define RECORDS_A_PAGE ((unsigned int)(PAGE_SIZE / sizeof(struct record)))

struct depot {
	spinlock_t lock;
	u32 nr;				/* records */
	u32 nr_pages;
	u32 bucket[BUCKETS];
	struct record *page[MAX_PAGES];
};

#define DEPOT_ORDER ((unsigned int)get_order(sizeof(struct depot)))

static struct record *record_of(const struct depot *depot, u32 handle)
{
	return &depot->page[(handle - 1) / RECORDS_A_PAGE][(handle - 1) % RECORDS_A_PAGE];
}

static u32 hash_of(const unsigned long *pcs, unsigned int nr)
{
	u64 hash = nr;

	for (unsigned int i = 0; i < nr; i++)
		hash = (hash ^ pcs[i]) * 0x9e3779b97f4a7c15ull;
	return (u32)(hash >> 32);
}

u32 *depot_lock_word(struct machine *m)
{
	struct depot *depot = __atomic_load_n(&m->depot, __ATOMIC_ACQUIRE);

	return depot ? &depot->lock.word : NULL;
}

/* The machine's depot, made by its first user. NULL: no memory. */
static struct depot *depot_get(struct machine *m)
{
	struct depot *depot = __atomic_load_n(&m->depot, __ATOMIC_ACQUIRE), *none = NULL;
	struct page *page;

	if (depot)
		return depot;
	page = alloc_pages(GFP_NOWAIT | __GFP_NOWARN | __GFP_ZERO | __GFP_COMP, DEPOT_ORDER);
	if (!page)
		return NULL;
	depot = lowmem_page_address(page);
	if (!__atomic_compare_exchange_n(&m->depot, &none, depot, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		__free_pages(page, DEPOT_ORDER);
		return none;
	}
	return depot;
}

static u32 find_locked(struct depot *depot, u32 hash, const unsigned long *pcs, unsigned int nr)
{
	for (u32 handle = depot->bucket[hash % BUCKETS]; handle; handle = record_of(depot, handle)->next) {
		struct record *record = record_of(depot, handle);

		if (record->hash == hash && record->nr == nr && !memcmp(record->pc, pcs, nr * sizeof(pcs[0])))
			return handle;
	}
	return 0;
}

/* Add a record; *fresh is a page for it, and NULL once used. 0: the depot is full. */
static u32 add_locked(struct depot *depot, u32 hash, const unsigned long *pcs, unsigned int nr, void **fresh)
{
	struct record *record;
	u32 handle;

	if (depot->nr == depot->nr_pages * RECORDS_A_PAGE) {
		if (!*fresh || depot->nr_pages == MAX_PAGES)
			return 0;
		depot->page[depot->nr_pages++] = *fresh;
		*fresh = NULL;
	}
	handle = ++depot->nr;
	record = record_of(depot, handle);
	record->hash = hash;
	record->nr = nr;
	memcpy(record->pc, pcs, nr * sizeof(pcs[0]));
	record->next = depot->bucket[hash % BUCKETS];
	depot->bucket[hash % BUCKETS] = handle;
	return handle;
}

static u32 find_or_add(struct depot *depot, u32 hash, const unsigned long *pcs, unsigned int nr, void **fresh)
{
	unsigned long flags;
	u32 handle;

	spin_lock_irqsave(&depot->lock, flags);
	handle = SEEDED(DEPOT) && *fresh ? 0 : find_locked(depot, hash, pcs, nr);
	if (!handle)
		handle = add_locked(depot, hash, pcs, nr, fresh);
	spin_unlock_irqrestore(&depot->lock, flags);
	return handle;
}

/* Who brings a page looks again: the stack may have come meanwhile, or room for it (docs/models/stack_depot.pml). */
u32 stack_depot_save(struct machine *m, unsigned int skip)
{
	unsigned long pcs[FRAMES + 8];
	unsigned int nr = host_backtrace(pcs, FRAMES + 8);
	struct depot *depot = depot_get(m);
	void *fresh = NULL;
	u32 hash, handle;

	if (!depot || nr <= skip)
		return 0;
	nr = min(nr - skip, FRAMES);
	hash = hash_of(pcs + skip, nr);
	handle = find_or_add(depot, hash, pcs + skip, nr, &fresh);
	if (handle)
		return handle;
	fresh = (void *)__get_free_pages(GFP_NOWAIT | __GFP_NOWARN, 0);
	handle = find_or_add(depot, hash, pcs + skip, nr, &fresh);
	free_pages((unsigned long)fresh, 0);
	return handle;
}

void stack_depot_print(struct machine *m, u32 handle)
{
	struct depot *depot = m->depot;
	struct record *record;
	unsigned long flags;
	char name[160];

	if (!depot || !handle)
		return;
	spin_lock_irqsave(&depot->lock, flags);		/* for the page's place; a record itself never changes */
	record = handle <= depot->nr ? record_of(depot, handle) : NULL;
	spin_unlock_irqrestore(&depot->lock, flags);
	for (unsigned int i = 0; record && i < record->nr; i++)
		pr_err(" %s\n", host_symbol(name, sizeof(name), record->pc[i]));
}

unsigned long stack_depot_pages(struct machine *m)
{
	struct depot *depot = m->depot;

	return depot ? (1ul << DEPOT_ORDER) + depot->nr_pages : 0;
}

void stack_depot_exit(struct machine *m)
{
	struct depot *depot = m->depot;

	if (!depot)
		return;
	m->depot = NULL;
	for (u32 i = 0; i < depot->nr_pages; i++)
		free_pages((unsigned long)depot->page[i], 0);
	__free_pages(virt_to_page(depot), DEPOT_ORDER);
}
