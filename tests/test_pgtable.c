/* SPDX-License-Identifier: MIT */
/*
 * test_pgtable.c - arch/x86/pgtable.c against entries worked out by hand from the manual's figures, and mm/pgtable.c
 * against a flat array of pages, for every format on any machine.
 *
 *	tables	pool[0], pool[1], ...		a table's frame is FIRST_TABLE + its place in the pool
 *	model	[ 0 | pfn + 1 | pfn + 1 | 0 ]	one word a page of the window; 0: not mapped
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "mm/page_alloc.h"
#include "mm/pgtable.h"
#include "tests/ktap.h"

#define NX _PAGE_NX
#define KERNEL_PROT 0x163ull			/* PAGE_KERNEL */
#define POOL 512
#define FIRST_TABLE 0x1000ul
#define WINDOW_PAGES 3072ul			/* 12 MiB */
#define WINDOW_START (0x40000000ull - 1024 * PAGE_SIZE)	/* across a GiB, from the middle of a large entry of 2level */

/* ------------------------------------------------------------------------------------------------------- formats */

static void shifts_and_indexes_follow_the_widths(struct ktap *t)
{
	EXPECT_EQ(t, pgtable_shift(&pgtable_2level, 2), 22);
	EXPECT_EQ(t, pgtable_shift(&pgtable_pae, 2), 21);
	EXPECT_EQ(t, pgtable_shift(&pgtable_pae, 3), 30);
	EXPECT_EQ(t, pgtable_shift(&pgtable_pae, 4), 32);
	EXPECT_EQ(t, pgtable_shift(&pgtable_4level, 4), 39);
	EXPECT_EQ(t, pgtable_shift(&pgtable_4level, 5), 48);
	EXPECT_EQ(t, pgtable_index(&pgtable_2level, 2, 0xc0123456), 0x300);
	EXPECT_EQ(t, pgtable_index(&pgtable_2level, 1, 0xc0123456), 0x123);
	EXPECT_EQ(t, pgtable_index(&pgtable_pae, 3, 0xc0123456), 3);
	EXPECT_EQ(t, pgtable_index(&pgtable_pae, 2, 0xc0323456), 1);
	EXPECT_EQ(t, pgtable_index(&pgtable_4level, 4, 0x7f8040201000), 255);
	EXPECT_EQ(t, pgtable_index(&pgtable_4level, 3, 0x7f8040201000), 1);
	EXPECT_EQ(t, pgtable_index(&pgtable_4level, 2, 0x7f8040201000), 1);
	EXPECT_EQ(t, pgtable_index(&pgtable_4level, 1, 0x7f8040201000), 1);
	EXPECT_EQ(t, pgtable_level_bytes(&pgtable_4level, 3), 1ull << 30);
	EXPECT_EQ(t, pgtable_level_pages(&pgtable_2level, 2), 1024);
}

static void tables_are_pages_or_smaller(struct ktap *t)
{
	for (unsigned int i = 0; pgtable_formats[i]; i++)
		for (unsigned int level = 1; level <= pgtable_formats[i]->levels; level++)
			EXPECT_LE(t, pgtable_nr_entries(pgtable_formats[i], level) * pgtable_formats[i]->entry_bytes,
				  PAGE_SIZE);
	EXPECT_EQ(t, pgtable_nr_entries(&pgtable_pae, 3), 4);
}

static void leaves_are_as_the_manual_draws_them(struct ktap *t)
{
	EXPECT_EQ(t, pgtable_leaf(&pgtable_2level, 1, 0x12345, KERNEL_PROT), 0x12345163ull);
	EXPECT_EQ(t, pgtable_leaf(&pgtable_2level, 1, 0xfffff, 0x161), 0xfffff161ull);
	EXPECT_EQ(t, pgtable_leaf(&pgtable_2level, 2, 0xc00, KERNEL_PROT), 0x00c001e3ull);
	EXPECT_EQ(t, pgtable_leaf(&pgtable_2level, 2, 0x12400, 0x1eb), 0x124011ebull);	/* PAT moves to bit 12 */
	EXPECT_EQ(t, pgtable_leaf(&pgtable_2level, 1, 1, NX | 3), 0x1003ull);			/* no NX there */
	EXPECT_EQ(t, pgtable_leaf(&pgtable_pae, 1, 0x123456, NX | KERNEL_PROT), 0x8000000123456163ull);
	EXPECT_EQ(t, pgtable_leaf(&pgtable_pae, 2, 0x123400, NX | KERNEL_PROT), 0x80000001234001e3ull);
	EXPECT_EQ(t, pgtable_leaf(&pgtable_4level, 1, 0xfffffff, 0x067), 0x000000fffffff067ull);
	EXPECT_EQ(t, pgtable_leaf(&pgtable_4level, 2, 0x200, NX | 0x173), 0x80000000002001f3ull);
	EXPECT_EQ(t, pgtable_leaf(&pgtable_4level, 3, 0x40000, 0x0e3), 0x00000000400010e3ull);
}

static void links_are_as_the_manual_draws_them(struct ktap *t)
{
	EXPECT_EQ(t, pgtable_link(&pgtable_2level, 2, 0x6201), 0x6201063ull);
	EXPECT_EQ(t, pgtable_link(&pgtable_pae, 2, 0x6201), 0x6201063ull);
	EXPECT_EQ(t, pgtable_link(&pgtable_pae, 3, 0x6201), 0x6201001ull);	/* no rights in a PDPTE */
	EXPECT_EQ(t, pgtable_link(&pgtable_4level, 4, 0x6203), 0x6203063ull);
	EXPECT(t, !pgtable_is_leaf(&pgtable_pae, 3, 0x6201001));
	EXPECT(t, !pgtable_is_leaf(&pgtable_4level, 3, 0x6203063));
	EXPECT(t, !pgtable_is_leaf(&pgtable_4level, 4, 0x62030e3));		/* bit 7 is no large page up there */
	EXPECT(t, pgtable_is_leaf(&pgtable_4level, 3, 0x400000e3));
	EXPECT(t, pgtable_is_leaf(&pgtable_2level, 1, 0x1001));
	EXPECT(t, !pgtable_is_leaf(&pgtable_2level, 1, 0x1000));
}

static void entries_read_back_what_they_were_made_of(struct ktap *t)
{
	static const u64 prots[] = { 0x163, 0x161, 0x173, 0x027, 0x1e3, 0x08b, NX | 0x163, 0x001 };

	for (unsigned int i = 0; pgtable_formats[i]; i++) {
		const struct pgtable_format *f = pgtable_formats[i];

		for (unsigned int level = 1; level <= f->levels; level++) {
			pfn_t pfn = (pfn_t)(pgtable_level_pages(f, level) * 3);

			if (level > 1 && !(f->large_levels >> level & 1))
				continue;
			for (unsigned int k = 0; k < sizeof(prots) / sizeof(prots[0]); k++) {
				u64 leaf = pgtable_leaf(f, level, pfn, prots[k]);

				EXPECT(t, pgtable_is_leaf(f, level, leaf));
				EXPECT_EQ(t, pgtable_pfn(f, level, leaf), pfn);
				EXPECT_EQ(t, pgtable_prot(f, level, leaf), f->has_nx ? prots[k] : prots[k] & ~NX);
				EXPECT_EQ(t, pgtable_reserved_bits(f, level, leaf), 0);
			}
		}
	}
}

static void reserved_bits_are_found(struct ktap *t)
{
	EXPECT_EQ(t, pgtable_reserved_bits(&pgtable_4level, 2, 0x2001e3 | 0x4000), 0x4000);
	EXPECT_EQ(t, pgtable_reserved_bits(&pgtable_4level, 2, 0x2001e3 | 0x1000), 0);		/* PAT */
	EXPECT_EQ(t, pgtable_reserved_bits(&pgtable_4level, 4, 0x10e3), 0x80);
	EXPECT_EQ(t, pgtable_reserved_bits(&pgtable_4level, 1, 0x1063 | 1ull << 52), 0);		/* free */
	EXPECT_EQ(t, pgtable_reserved_bits(&pgtable_pae, 1, 0x1063 | 1ull << 52), 1ull << 52);
	EXPECT_EQ(t, pgtable_reserved_bits(&pgtable_pae, 3, 0x1063), 0x42);
	EXPECT_EQ(t, pgtable_reserved_bits(&pgtable_pae, 3, NX | 0x1001), NX);
	EXPECT_EQ(t, pgtable_reserved_bits(&pgtable_2level, 2, 0xc001e3 | 0x200000), 0x200000);
	EXPECT_EQ(t, pgtable_reserved_bits(&pgtable_2level, 1, 0), 0);
}

static void a_large_entry_wants_address_frame_and_length_aligned(struct ktap *t)
{
	EXPECT(t, pgtable_fits(&pgtable_4level, 1, 0x1000, 7, 1));
	EXPECT(t, pgtable_fits(&pgtable_4level, 2, 0x200000, 512, 512));
	EXPECT(t, !pgtable_fits(&pgtable_4level, 2, 0x201000, 512, 512));
	EXPECT(t, !pgtable_fits(&pgtable_4level, 2, 0x200000, 513, 512));
	EXPECT(t, !pgtable_fits(&pgtable_4level, 2, 0x200000, 512, 511));
	EXPECT(t, pgtable_fits(&pgtable_4level, 3, 1ull << 30, 1ul << 18, 1ull << 18));
	EXPECT(t, !pgtable_fits(&pgtable_pae, 3, 1ull << 30, 1ul << 18, 1ull << 18));
	EXPECT(t, pgtable_pfn_fits(&pgtable_2level, 0xfffff));
	EXPECT(t, !pgtable_pfn_fits(&pgtable_2level, 0x100000));
}

static void tables_hold_entries_of_their_width(struct ktap *t)
{
	u64 table[4] = { 0 };

	pgtable_write(&pgtable_2level, table, 1, 0x11223344);
	EXPECT_EQ(t, table[0], 0x1122334400000000ull);
	EXPECT_EQ(t, pgtable_read(&pgtable_2level, table, 1), 0x11223344ull);
	pgtable_write(&pgtable_pae, table, 3, 0x8877665544332211ull);
	EXPECT_EQ(t, table[3], 0x8877665544332211ull);
	EXPECT_EQ(t, pgtable_read(&pgtable_pae, table, 3), 0x8877665544332211ull);
}

/* --------------------------------------------------------------------------------------------------------- walker */

struct world {
	struct pgtable pt;
	struct ktap *t;
	unsigned long used[POOL];
	bool taken[POOL];
	unsigned int nr_taken;
	long left;			/* allocations until they fail; -1: never */
	u64 model[WINDOW_PAGES];
	u8 top[4096] __attribute__((aligned(4096)));
	u8 pool[POOL][4096] __attribute__((aligned(4096)));
};

static struct world world;

static void *world_alloc(struct pgtable *pt)
{
	struct world *w = container_of(pt, struct world, pt);

	if (!w->left)
		return NULL;
	if (w->left > 0)
		w->left--;
	for (unsigned int i = 0; i < POOL; i++) {
		if (w->taken[i])
			continue;
		w->taken[i] = true;
		w->nr_taken++;
		w->used[i] = 0;
		return memset(w->pool[i], 0, sizeof(w->pool[i]));
	}
	return NULL;
}

static unsigned int place_of(struct world *w, const void *table)
{
	return (unsigned int)(((const u8 *)table - w->pool[0]) / 4096);
}

static void world_free(struct pgtable *pt, void *table)
{
	struct world *w = container_of(pt, struct world, pt);
	unsigned int place = place_of(w, table);

	EXPECT(w->t, w->taken[place]);
	EXPECT_EQ(w->t, w->used[place], 0);
	w->taken[place] = false;
	w->nr_taken--;
}

static pfn_t world_pfn(struct pgtable *pt, const void *table)
{
	return FIRST_TABLE + place_of(container_of(pt, struct world, pt), table);
}

static void *world_table(struct pgtable *pt, pfn_t pfn)
{
	return container_of(pt, struct world, pt)->pool[pfn - FIRST_TABLE];
}

static unsigned long *world_used(struct pgtable *pt, void *table)
{
	struct world *w = container_of(pt, struct world, pt);

	return &w->used[place_of(w, table)];
}

static bool world_is_table(struct pgtable *pt, pfn_t pfn)
{
	return pfn - FIRST_TABLE < POOL && container_of(pt, struct world, pt)->taken[pfn - FIRST_TABLE];
}

static const struct pgtable_ops world_ops = {
	.alloc = world_alloc, .free = world_free, .pfn = world_pfn, .table = world_table, .used = world_used,
	.is_table = world_is_table,
};

static struct world *world_init(struct ktap *t, const struct pgtable_format *format)
{
	struct world *w = &world;

	memset(w->top, 0, sizeof(w->top));
	memset(w->model, 0, sizeof(w->model));
	memset(w->taken, 0, sizeof(w->taken));
	w->nr_taken = 0;
	w->t = t;
	w->left = -1;
	pgtable_init(&w->pt, format, &world_ops, w->top);
	return w;
}

static u64 address_of(u64 page)
{
	return WINDOW_START + page * PAGE_SIZE;
}

static int map_run(struct world *w, u64 page, pfn_t pfn, u64 nr, bool large)
{
	struct pgtable_run run = { address_of(page), pfn, nr, KERNEL_PROT, large };
	int err = pgtable_map(&w->pt, &run);
	u64 done = nr - run.nr;

	EXPECT_EQ(w->t, run.address, address_of(page) + done * PAGE_SIZE);
	for (u64 i = 0; i < done; i++)
		w->model[page + i] = pfn + i + 1;
	return err;
}

static bool holds(struct world *w)
{
	struct kmem_fault fault = { "", "" };
	bool ok = pgtable_check(&w->pt, 0, &fault);

	EXPECT_EQ(w->t, w->pt.nr_tables, w->nr_taken);
	if (!ok)
		ktap_fail(w->t, "%s %s", fault.id, fault.place);
	return ok;
}

/* Every page of the window, by lookup. */
static void compare(struct world *w)
{
	for (u64 page = 0; page < WINDOW_PAGES && !ktap_failed(w->t); page++) {
		struct pgtable_entry entry;
		bool found = pgtable_lookup(&w->pt, address_of(page) + 5, &entry);

		EXPECT_EQ(w->t, found ? (u64)entry.pfn + 1 : 0, w->model[page]);
		if (found)
			EXPECT_EQ(w->t, entry.address, address_of(page));
	}
}

static void random_map(struct world *w)
{
	u64 page = ktap_below(w->t, WINDOW_PAGES), nr = 1 + ktap_below(w->t, 1500), room = 0;
	pfn_t pfn = (pfn_t)ktap_below(w->t, 0xf0000);
	bool large = ktap_below(w->t, 2);
	int err;

	if (ktap_below(w->t, 2))	/* congruent, so that large entries fit */
		pfn = (pfn_t)(ktap_below(w->t, 0x300) * 1024 + (address_of(page) >> PAGE_SHIFT) % 1024);
	while (room < nr && page + room < WINDOW_PAGES && !w->model[page + room])
		room++;
	if (ktap_below(w->t, 8) == 0)
		w->left = (long)ktap_below(w->t, 3);
	nr = min(nr, WINDOW_PAGES - page);
	err = map_run(w, page, pfn, nr, large);
	if (!err)
		EXPECT_LE(w->t, nr, room);
	else if (err == -EEXIST)
		EXPECT_LT(w->t, room, nr);
	else
		EXPECT_EQ(w->t, err, -ENOMEM);
	w->left = -1;
}

static void random_unmap(struct world *w)
{
	u64 page = ktap_below(w->t, WINDOW_PAGES), nr = 1 + ktap_below(w->t, min(WINDOW_PAGES - page, 1200ull));
	long mapped = 0, got;

	if (ktap_below(w->t, 8) == 0)
		w->left = 0;
	for (u64 i = 0; i < nr; i++)
		mapped += w->model[page + i] != 0;
	got = pgtable_unmap(&w->pt, address_of(page), nr);
	w->left = -1;
	if (got == -ENOMEM)
		return;
	EXPECT_EQ(w->t, got, mapped);
	memset(w->model + page, 0, nr * sizeof(w->model[0]));
}

static void random_steps(struct ktap *t, const struct pgtable_format *format)
{
	struct world *w = world_init(t, format);
	unsigned int steps = t->soak ? 100000 : 2500;

	for (unsigned int step = 0; step < steps && !ktap_failed(t); step++) {
		u64 what = ktap_below(t, 8);

		if (what < 4)
			random_map(w);
		else if (what < 7)
			random_unmap(w);
		else
			pgtable_prune(&w->pt, address_of(0), WINDOW_PAGES);
		if (step % 16 == 0)
			compare(w);
		if (!holds(w) || ktap_failed(t))
			ktap_note(t, "%s, STEP=%u", format->name, step);
	}
	pgtable_unmap(&w->pt, address_of(0), WINDOW_PAGES);
	pgtable_prune(&w->pt, address_of(0), WINDOW_PAGES);
	EXPECT_EQ(t, w->nr_taken, 0);
	EXPECT_EQ(t, w->pt.top_used, 0);
}

static void two_levels_agree_with_a_flat_array(struct ktap *t)
{
	random_steps(t, &pgtable_2level);
}

static void pae_agrees_with_a_flat_array(struct ktap *t)
{
	random_steps(t, &pgtable_pae);
}

static void four_levels_agree_with_a_flat_array(struct ktap *t)
{
	random_steps(t, &pgtable_4level);
}

static void a_gigabyte_takes_one_entry_and_splits_where_it_must(struct ktap *t)
{
	struct world *w = world_init(t, &pgtable_4level);
	struct pgtable_run run = { 1ull << 40, 1ul << 18, 1ull << 18, KERNEL_PROT, true };
	struct pgtable_entry entry;

	ASSERT_EQ(t, pgtable_map(&w->pt, &run), 0);
	EXPECT_EQ(t, w->nr_taken, 1);			/* the level-3 table */
	ASSERT(t, pgtable_lookup(&w->pt, (1ull << 40) + 0x12345678, &entry));
	EXPECT_EQ(t, entry.level, 3);
	EXPECT_EQ(t, entry.pfn, (1ul << 18) + 0x12345);
	/* One page out of the middle: a table of 2 MiB entries and one of pages. */
	EXPECT_EQ(t, pgtable_unmap(&w->pt, (1ull << 40) + 0x12345000, 1), 1);
	EXPECT_EQ(t, w->nr_taken, 3);
	EXPECT(t, !pgtable_lookup(&w->pt, (1ull << 40) + 0x12345000, &entry));
	ASSERT(t, pgtable_lookup(&w->pt, (1ull << 40) + 0x12346000, &entry));
	EXPECT_EQ(t, entry.level, 1);
	EXPECT_EQ(t, entry.pfn, (1ul << 18) + 0x12346);
	EXPECT_EQ(t, entry.prot, KERNEL_PROT);
	ASSERT(t, pgtable_lookup(&w->pt, (1ull << 40) + 0x12600000, &entry));
	EXPECT_EQ(t, entry.level, 2);
	holds(w);
}

static void a_split_without_memory_changes_nothing(struct ktap *t)
{
	struct world *w = world_init(t, &pgtable_pae);

	ASSERT_EQ(t, map_run(w, 1024, 512, 512, true), 0);
	w->left = 0;
	EXPECT_EQ(t, pgtable_unmap(&w->pt, address_of(1030), 5), -ENOMEM);
	EXPECT_EQ(t, pgtable_unmap(&w->pt, address_of(1024), 5), -ENOMEM);	/* at its end only */
	w->left = -1;
	compare(w);
	holds(w);
}

static void a_run_that_found_no_table_goes_on_where_it_stopped(struct ktap *t)
{
	struct world *w = world_init(t, &pgtable_4level);
	struct pgtable_run run = { address_of(0), 7, WINDOW_PAGES, KERNEL_PROT, false };
	unsigned int tries = 1;

	for (w->left = 0; pgtable_map(&w->pt, &run) == -ENOMEM; w->left = 1)
		tries++;
	EXPECT_EQ(t, run.nr, 0);
	EXPECT_EQ(t, tries, 10);			/* 1 + tables: 1 of level 3, 2 of level 2, 6 of level 1 */
	EXPECT_EQ(t, w->nr_taken, 9);
	for (u64 page = 0; page < WINDOW_PAGES; page++)
		w->model[page] = page + 8;
	compare(w);
}

static void the_last_table_is_found_where_there_is_one(struct ktap *t)
{
	struct world *w = world_init(t, &pgtable_pae);
	void *table;

	EXPECT_NULL(t, pgtable_last_table(&w->pt, address_of(0)));
	ASSERT_EQ(t, map_run(w, 1024, 512, 512, true), 0);
	EXPECT_NULL(t, pgtable_last_table(&w->pt, address_of(1024)));		/* one large entry */
	ASSERT_EQ(t, map_run(w, 0, 7, 1, false), 0);
	table = pgtable_last_table(&w->pt, address_of(5));
	ASSERT_NOT_NULL(t, table);
	pgtable_enter_one(&w->pt, table, address_of(5), pgtable_leaf(&pgtable_pae, 1, 9, KERNEL_PROT));
	w->model[5] = 10;
	compare(w);
	holds(w);
}

static int count_visits(const struct pgtable_entry *entry, void *arg)
{
	u64 *sum = arg;

	sum[0]++;
	sum[1] += entry->nr;
	return sum[0] == sum[2];
}

static void nonsense_is_refused(struct ktap *t)
{
	struct world *w = world_init(t, &pgtable_pae);
	struct pgtable_run beyond = { 0xfffff000, 1, 2, KERNEL_PROT, false };
	struct pgtable_run last = { 0xfffff000, 1, 1, KERNEL_PROT, false };
	struct pgtable_run crooked = { 0x1001, 1, 1, KERNEL_PROT, false };
	struct pgtable_run absent = { 0x1000, 1, 1, 0, false };
	struct pgtable_entry entry;

	EXPECT_EQ(t, pgtable_map(&w->pt, &beyond), -EINVAL);
	EXPECT_EQ(t, pgtable_map(&w->pt, &crooked), -EINVAL);
	EXPECT_EQ(t, pgtable_map(&w->pt, &absent), -EINVAL);
	EXPECT_EQ(t, pgtable_unmap(&w->pt, 0x100000000ull, 1), -EINVAL);
	EXPECT(t, !pgtable_lookup(&w->pt, 0x100000000ull, &entry));
	EXPECT_EQ(t, pgtable_prune(&w->pt, 0x1000, 0), 0);
	EXPECT_EQ(t, pgtable_prune(&w->pt, 0x100000000ull, 1), 0);
	EXPECT_EQ(t, pgtable_walk(&w->pt, 0x1000, 0, count_visits, NULL), 0);
	EXPECT_EQ(t, pgtable_walk(&w->pt, 0x100000000ull, 1, count_visits, NULL), 0);
	EXPECT_EQ(t, pgtable_unmap(&w->pt, 0x200000000ull, 0), -EINVAL);
	EXPECT_EQ(t, w->nr_taken, 0);
	EXPECT_EQ(t, pgtable_map(&w->pt, &last), 0);
	EXPECT_EQ(t, pgtable_unmap(&w->pt, 0xfffff000, 0), 0);	/* nothing */
	EXPECT(t, pgtable_lookup(&w->pt, 0xfffff000, &entry));
	EXPECT_EQ(t, pgtable_unmap(&w->pt, 0, 1ul << 20), 1);
	w = world_init(t, &pgtable_2level);
	beyond = (struct pgtable_run){ 0x1000, 0xfffff, 2, KERNEL_PROT, false };
	EXPECT_EQ(t, pgtable_map(&w->pt, &beyond), -EINVAL);
	beyond = (struct pgtable_run){ 0x1000, ~(pfn_t)0, 2, KERNEL_PROT, false };	/* wraps */
	EXPECT_EQ(t, pgtable_map(&w->pt, &beyond), -EINVAL);
	beyond.nr = 0;
	EXPECT_EQ(t, pgtable_map(&w->pt, &beyond), 0);
}

#define UPPER_HALF 0xffff800000000000ull

static int first_address(const struct pgtable_entry *entry, void *arg)
{
	*(u64 *)arg = entry->address;
	return 1;
}

/* A kernel's half of 64-bit addresses: from its first page to the last that there is. */
static void the_upper_half_is_at_the_end_of_the_addresses(struct ktap *t)
{
	struct world *w = world_init(t, &pgtable_4level);
	struct pgtable_run first = { UPPER_HALF, 5, 3, KERNEL_PROT, false };
	struct pgtable_run last = { 0ull - 2 * PAGE_SIZE, 9, 2, KERNEL_PROT, false };
	struct pgtable_run beyond = { 0ull - PAGE_SIZE, 9, 2, KERNEL_PROT, false };
	struct pgtable_run between = { UPPER_HALF - PAGE_SIZE, 9, 1, KERNEL_PROT, false };
	struct pgtable_entry entry;
	u64 address = 0;

	EXPECT_EQ(t, pgtable_map(&w->pt, &first), 0);
	EXPECT_EQ(t, pgtable_map(&w->pt, &last), 0);
	EXPECT_EQ(t, pgtable_map(&w->pt, &beyond), -EINVAL);
	EXPECT_EQ(t, pgtable_map(&w->pt, &between), -EINVAL);
	ASSERT(t, pgtable_lookup(&w->pt, UPPER_HALF + PAGE_SIZE + 7, &entry));
	EXPECT_EQ(t, entry.pfn, 6);
	EXPECT_EQ(t, entry.address, UPPER_HALF + PAGE_SIZE);
	EXPECT_EQ(t, pgtable_walk(&w->pt, UPPER_HALF, 1ull << 35, first_address, &address), 1);
	EXPECT_EQ(t, address, UPPER_HALF);
	ASSERT(t, pgtable_lookup(&w->pt, ~0ull, &entry));
	EXPECT_EQ(t, entry.pfn, 10);
	holds(w);
	EXPECT_EQ(t, pgtable_unmap(&w->pt, UPPER_HALF, 1ull << 35), 5);
	EXPECT_EQ(t, pgtable_prune(&w->pt, UPPER_HALF, 1ull << 35), 6);
	EXPECT_EQ(t, w->nr_taken, 0);
	holds(w);
}

static void a_walk_visits_each_leaf_once_and_stops_when_told(struct ktap *t)
{
	struct world *w = world_init(t, &pgtable_4level);
	u64 sum[3] = { 0, 0, 0 };

	ASSERT_EQ(t, map_run(w, 1000, 1000, 600, true), 0);	/* 24 pages, a large one, 64 pages */
	EXPECT_EQ(t, pgtable_walk(&w->pt, address_of(0), WINDOW_PAGES, count_visits, sum), 0);
	EXPECT_EQ(t, sum[0], 24 + 1 + 64);
	EXPECT_EQ(t, sum[1], 600);
	sum[0] = sum[1] = 0;
	sum[2] = 3;
	EXPECT_EQ(t, pgtable_walk(&w->pt, address_of(0), WINDOW_PAGES, count_visits, sum), 1);
	EXPECT_EQ(t, sum[0], 3);
}

/* ----------------------------------------------------------------------------------------------- broken on purpose */

static struct world *small_world(struct ktap *t)
{
	struct world *w = world_init(t, &pgtable_4level);

	EXPECT_EQ(t, map_run(w, 10, 100, 4, false), 0);
	EXPECT(t, pgtable_check(&w->pt, 0, NULL));
	return w;
}

/* Some at the end of a table, as many as make whole rounds of eight and some more. */
static void what_is_shut_says_nothing_and_keeps_its_place(struct ktap *t)
{
	static const unsigned long lengths[] = { 1, 7, 8, 9, 16, 23 };
	const struct pgtable_format *formats[] = { &pgtable_pae, &pgtable_4level };

	for (unsigned int i = 0; i < ARRAY_SIZE(lengths) * 2; i++) {
		struct world *w = world_init(t, formats[i % 2]);
		unsigned long nr = lengths[i / 2];
		u64 page = 512 - nr;
		void *entries;

		ASSERT_EQ(t, map_run(w, page - 1, 99, nr + 1, false), 0);
		entries = pgtable_run_entries(&w->pt, address_of(page), nr);
		ASSERT_NOT_NULL(t, entries);
		EXPECT_NULL(t, pgtable_run_entries(&w->pt, address_of(page), nr + 1));
		pgtable_shut(entries, nr);
		for (unsigned long k = 0; k < nr; k++)
			EXPECT(t, !pgtable_lookup(&w->pt, address_of(page + k), &(struct pgtable_entry){ 0 }));
		EXPECT(t, pgtable_lookup(&w->pt, address_of(page - 1), &(struct pgtable_entry){ 0 }));
		holds(w);
		EXPECT_EQ(t, map_run(w, page + nr - 1, 5, 1, false), -EEXIST);
		EXPECT_EQ(t, pgtable_prune(&w->pt, address_of(0), WINDOW_PAGES), 0);
		pgtable_open(entries, nr);
		compare(w);
		pgtable_shut(entries, nr);
		EXPECT_EQ(t, pgtable_unmap(&w->pt, address_of(page - 1), nr + 1), nr + 1);
		EXPECT_GT(t, pgtable_prune(&w->pt, address_of(0), WINDOW_PAGES), 0);
		holds(w);
	}
}

/* A run is opened and shut by words of 64 bits. */
static void entries_of_32_bits_are_not_their_owners(struct ktap *t)
{
	struct world *w = world_init(t, &pgtable_2level);

	ASSERT_EQ(t, map_run(w, 1, 99, 3, false), 0);
	EXPECT_NULL(t, pgtable_run_entries(&w->pt, address_of(1), 3));
	compare(w);
	EXPECT_EQ(t, pgtable_unmap(&w->pt, address_of(1), 3), 3);
}

/* A table of level 1 of somebody else's, who enters in it without the walker. */
static void *others_table(struct world *w, u64 page, pfn_t pfn, unsigned int nr)
{
	void *table = world_alloc(&w->pt);

	for (unsigned int i = 0; i < nr; i++) {
		pgtable_write(w->pt.format, table, pgtable_index(w->pt.format, 1, address_of(page + i)),
			      pgtable_leaf(w->pt.format, 1, pfn + i, KERNEL_PROT));
		w->model[page + i] = pfn + i + 1;
	}
	w->used[place_of(w, table)] = nr;
	return table;
}

static void others_table_empty(struct world *w, void *table)
{
	memset(table, 0, PAGE_SIZE);
	w->used[place_of(w, table)] = 0;
	memset(w->model, 0, sizeof(w->model));
}

static int adopt(struct world *w, u64 page, const void *table)
{
	return pgtable_adopt(&w->pt, address_of(page), world_pfn(&w->pt, table));
}

static void a_table_of_others_is_adopted_and_given_up(struct ktap *t)
{
	for (unsigned int i = 0; pgtable_formats[i]; i++) {
		struct world *w = world_init(t, pgtable_formats[i]);
		void *first = others_table(w, 3, 100, 4), *second;
		unsigned int above = pgtable_formats[i]->levels - 2;

		w->left = 0;
		EXPECT_EQ(t, adopt(w, 3, first), above ? -ENOMEM : 0);
		w->left = -1;
		EXPECT_EQ(t, adopt(w, 3, first), 0);
		EXPECT_EQ(t, adopt(w, 6, first), 0);
		compare(w);
		holds(w);
		EXPECT_EQ(t, pgtable_prune_last(&w->pt, address_of(0), WINDOW_PAGES), 0);
		others_table_empty(w, first);
		second = others_table(w, 2, 300, 5);
		EXPECT_EQ(t, adopt(w, 2, second), 1);
		compare(w);
		holds(w);
		others_table_empty(w, second);
		EXPECT_EQ(t, pgtable_prune_last(&w->pt, address_of(0), WINDOW_PAGES), 1);
		EXPECT_EQ(t, w->pt.nr_tables, above);
		compare(w);
		holds(w);
		EXPECT_EQ(t, pgtable_prune(&w->pt, address_of(0), WINDOW_PAGES), above);
	}
}

static void no_table_is_adopted_where_a_large_leaf_is(struct ktap *t)
{
	struct pgtable_run run = { 0x40000000, 0x40000, 1 << 18, KERNEL_PROT, true };
	struct world *w = world_init(t, &pgtable_pae);
	void *table = others_table(w, 3, 100, 1);

	EXPECT_EQ(t, map_run(w, 1024, 0x40000, 1024, true), 0);
	EXPECT_EQ(t, adopt(w, 1024, table), -EEXIST);
	w = world_init(t, &pgtable_4level);
	table = others_table(w, 3, 100, 1);
	EXPECT_EQ(t, pgtable_map(&w->pt, &run), 0);
	EXPECT_EQ(t, adopt(w, 1024, table), -EEXIST);
	EXPECT_EQ(t, adopt(w, 3, table), 0);
	holds(w);
}

/* A range that is shut from the beginning: nothing is mapped, and nothing else may be. */
static void what_is_kept_is_shut(struct ktap *t)
{
	struct world *w = world_init(t, &pgtable_pae);
	u64 leaf = pgtable_leaf(&pgtable_pae, 1, 7, KERNEL_PROT), *entries;

	EXPECT_NULL(t, pgtable_keep(&w->pt, address_of(4), 8, leaf));	/* no table */
	ASSERT_EQ(t, map_run(w, 3, 99, 1, false), 0);
	entries = pgtable_keep(&w->pt, address_of(4), 8, leaf);
	ASSERT_NOT_NULL(t, entries);
	EXPECT_NULL(t, pgtable_keep(&w->pt, address_of(511), 2, leaf));	/* of two tables */
	compare(w);
	EXPECT_EQ(t, map_run(w, 11, 5, 1, false), -EEXIST);
	EXPECT_EQ(t, pgtable_unmap(&w->pt, address_of(3), 1), 1);
	EXPECT_EQ(t, pgtable_prune(&w->pt, address_of(0), WINDOW_PAGES), 0);
	pgtable_open(entries, 1);
	EXPECT(t, pgtable_lookup(&w->pt, address_of(4), &(struct pgtable_entry){ 0 }));
	EXPECT_EQ(t, pgtable_unmap(&w->pt, address_of(4), 8), 8);
	EXPECT_GT(t, pgtable_prune(&w->pt, address_of(0), WINDOW_PAGES), 0);
	holds(w);
}

static void expect_fault(struct world *w, pfn_t max_pfn, const char *id)
{
	struct kmem_fault fault = { "none", "" };

	EXPECT(w->t, !pgtable_check(&w->pt, max_pfn, &fault));
	EXPECT_STR(w->t, fault.id, id);
}

static void p1_a_wrong_count_is_found(struct ktap *t)
{
	struct world *w = small_world(t);

	w->used[2]++;
	expect_fault(w, 0, "G1");
}

static void p2_a_reserved_bit_is_found(struct ktap *t)
{
	struct world *w = small_world(t);

	*(u64 *)w->top |= 0x80;
	expect_fault(w, 0, "G2");
}

static void p3_a_frame_beyond_memory_is_found(struct ktap *t)
{
	struct world *w = small_world(t);

	EXPECT(t, pgtable_check(&w->pt, 104, NULL));
	expect_fault(w, 103, "G3");
}

static void p4_a_table_too_few_is_found(struct ktap *t)
{
	struct world *w = small_world(t);

	w->pt.nr_tables++;
	expect_fault(w, 0, "G4");
	w->pt.nr_tables -= 2;
	expect_fault(w, 0, "G4");
}

static void p5_a_link_to_no_table_is_found(struct ktap *t)
{
	struct world *w = small_world(t);

	w->taken[1] = false;
	expect_fault(w, 0, "G5");
}

KTAP_SUITE(pgtable, KTAP_CASE(shifts_and_indexes_follow_the_widths), KTAP_CASE(tables_are_pages_or_smaller),
	   KTAP_CASE(leaves_are_as_the_manual_draws_them), KTAP_CASE(links_are_as_the_manual_draws_them),
	   KTAP_CASE(entries_read_back_what_they_were_made_of), KTAP_CASE(reserved_bits_are_found),
	   KTAP_CASE(a_large_entry_wants_address_frame_and_length_aligned),
	   KTAP_CASE(tables_hold_entries_of_their_width), KTAP_CASE(two_levels_agree_with_a_flat_array),
	   KTAP_CASE(pae_agrees_with_a_flat_array), KTAP_CASE(four_levels_agree_with_a_flat_array),
	   KTAP_CASE(a_gigabyte_takes_one_entry_and_splits_where_it_must),
	   KTAP_CASE(a_split_without_memory_changes_nothing),
	   KTAP_CASE(a_run_that_found_no_table_goes_on_where_it_stopped),
	   KTAP_CASE(the_last_table_is_found_where_there_is_one), KTAP_CASE(nonsense_is_refused),
	   KTAP_CASE(the_upper_half_is_at_the_end_of_the_addresses),
	   KTAP_CASE(a_walk_visits_each_leaf_once_and_stops_when_told), KTAP_CASE(p1_a_wrong_count_is_found),
	   KTAP_CASE(p2_a_reserved_bit_is_found), KTAP_CASE(p3_a_frame_beyond_memory_is_found),
	   KTAP_CASE(p4_a_table_too_few_is_found), KTAP_CASE(p5_a_link_to_no_table_is_found),
	   KTAP_CASE(what_is_shut_says_nothing_and_keeps_its_place), KTAP_CASE(what_is_kept_is_shut),
	   KTAP_CASE(entries_of_32_bits_are_not_their_owners),
	   KTAP_CASE(a_table_of_others_is_adopted_and_given_up),
	   KTAP_CASE(no_table_is_adopted_where_a_large_leaf_is));
