/* SPDX-License-Identifier: MIT */
/*
 * lines_work.c - what the tasks of `kmem lines` do. What passes between them outside of the machine is not counted.
 */
#include "cli/lines.h"

#include <kmem/kmem.h>
#include <string.h>

#define PAGES_BATCH 512u

void work_meet(struct work_shared *shared)
{
	u32 all = (__atomic_fetch_add(&shared->met, 1, __ATOMIC_ACQ_REL) / shared->nr_tasks + 1) * shared->nr_tasks;

	while (__atomic_load_n(&shared->met, __ATOMIC_ACQUIRE) < all)
		sim_yield();
}

/* What is not there would be freed, or waited for. */
static void *got(void *memory)
{
	if (!memory)
		sim_fail("the machine is too small: a task gets no memory");
	return memory;
}

static void object_pairs(struct work_shared *shared, unsigned int self, u64 nr)
{
	(void)shared;
	(void)self;
	while (nr--)
		kfree(got(kmalloc(64, GFP_KERNEL)));
}

static void page_pairs(struct work_shared *shared, unsigned int self, u64 nr)
{
	(void)shared;
	(void)self;
	while (nr--)
		__free_page(got(alloc_page(GFP_KERNEL | __GFP_NOWARN)));
}

static void page_batches(struct work_shared *shared, unsigned int self, u64 nr)
{
	static struct page *pages[LINES_MOST_TASKS][PAGES_BATCH];

	(void)shared;
	for (nr /= PAGES_BATCH; nr--;) {
		for (unsigned int i = 0; i < PAGES_BATCH; i++) {
			pages[self][i] = got(alloc_page(GFP_KERNEL | __GFP_NOWARN));
			if (i % 64 == 0)
				sim_yield();
		}
		for (unsigned int i = 0; i < PAGES_BATCH; i++) {
			__free_page(pages[self][i]);
			if (i % 64 == 0)
				sim_yield();
		}
	}
}

static void areas(struct work_shared *shared, unsigned int self, u64 nr)
{
	(void)shared;
	(void)self;
	while (nr--)
		vfree(got(vmalloc(4096)));
}

/* One allocates, the other frees. */
static void producer_and_consumer(struct work_shared *shared, unsigned int self, u64 nr)
{
	for (u64 i = 0; i < nr; i++) {
		void **slot = &shared->ring[self / 2][i % WORK_RING];

		while (!__atomic_load_n(slot, __ATOMIC_ACQUIRE) == !!(self % 2))
			sim_yield();
		if (self % 2) {
			kfree(*slot);
			__atomic_store_n(slot, NULL, __ATOMIC_RELEASE);
		} else {
			__atomic_store_n(slot, got(kmalloc(64, GFP_KERNEL)), __ATOMIC_RELEASE);
		}
	}
}

/* Each frees what the next one has allocated. */
static void freed_by_the_neighbour(struct work_shared *shared, unsigned int self, u64 nr)
{
	for (nr /= WORK_BATCH; nr--;) {
		for (unsigned int i = 0; i < WORK_BATCH; i++)
			shared->handed[self][i] = got(kmalloc(64, GFP_KERNEL));
		work_meet(shared);
		for (unsigned int i = 0; i < WORK_BATCH; i++)
			kfree(shared->handed[(self + 1) % shared->nr_tasks][i]);
		work_meet(shared);
	}
}

static const struct work works[] = {
	{ "objects", "kmalloc and kfree of 64 bytes, by turns", false, 1, object_pairs },
	{ "pages", "alloc_page and __free_page, by turns", false, 1, page_pairs },
	{ "batches", "512 pages taken, then given back", false, PAGES_BATCH, page_batches },
	{ "areas", "vmalloc and vfree of a page, by turns", false, 1, areas },
	{ "ring", "64 bytes: one task allocates, another frees", true, 1, producer_and_consumer },
	{ "neighbours", "64 objects of 64 bytes: each task frees its neighbour's", false, WORK_BATCH,
	  freed_by_the_neighbour },
};

const struct work *work_at(unsigned int index)
{
	return index < sizeof(works) / sizeof(works[0]) ? &works[index] : NULL;
}

const struct work *work_named(const char *name)
{
	const struct work *work;

	for (unsigned int i = 0; (work = work_at(i)); i++)
		if (!strcmp(work->name, name))
			return work;
	return NULL;
}
