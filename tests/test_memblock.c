/* SPDX-License-Identifier: MIT */
/*
 * test_memblock.c - the boot-time memory map against a model: one byte a page, or a sector of one.
 *
 *	memory_of[page]		node, or -1
 *	reserved_of[page]	0 or 1
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "mm/machine.h"
#include "tests/ktap.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)
#define WORLD 96		/* pages of a small world */
#define SECTORS 8		/* of a page */
#define SECTOR (PAGE_SIZE / SECTORS)

static struct machine machine;

static struct memblock *fresh(void)
{
	struct memblock *mb = &machine.memblock;

	memset(&machine, 0, sizeof(machine));
	mb->machine = &machine;
	return mb;
}

/* ---------------------------------------------------------------------------------------------- the model */

struct model {
	signed char memory_of[WORLD];
	signed char reserved_of[WORLD];
};

static void model_init(struct model *w)
{
	memset(w->memory_of, -1, sizeof(w->memory_of));
	memset(w->reserved_of, 0, sizeof(w->reserved_of));
}

static bool model_is_free(const struct model *w, unsigned int page)
{
	return w->memory_of[page] >= 0 && !w->reserved_of[page];
}

/* Do lists and model say the same of every page? */
static bool same_pages(struct ktap *t, const struct memblock *mb, const struct model *w)
{
	unsigned long pages = 0;

	for (unsigned int page = 0; page < WORLD; page++) {
		u64 at = (u64)page * PAGE_SIZE + page % PAGE_SIZE;

		if (memblock_is_memory(mb, at) != (w->memory_of[page] >= 0) ||
		    memblock_nid(mb, at) != w->memory_of[page] ||
		    memblock_is_reserved(mb, at) != w->reserved_of[page]) {
			ktap_fail(t, "page %u: memory %d node %d, reserved %d not %d", page, memblock_is_memory(mb, at),
				  w->memory_of[page], memblock_is_reserved(mb, at), w->reserved_of[page]);
			return false;
		}
		pages += w->memory_of[page] >= 0;
	}
	return EXPECT_EQ(t, memblock_phys_mem_size(mb), (u64)pages * PAGE_SIZE);
}

/* Do the free ranges cover each free page of the model once, in order, with its node? */
static bool same_free(struct ktap *t, const struct memblock *mb, const struct model *w)
{
	u64 cursor = 0, start, end;
	unsigned int page = 0;
	int nid;

	while (memblock_next_free(mb, &cursor, &start, &end, &nid)) {
		if (!EXPECT_LT(t, start, end))
			return false;
		for (; page < start / PAGE_SIZE; page++) {
			if (!EXPECT(t, !model_is_free(w, page)))
				return false;
		}
		for (; page < end / PAGE_SIZE; page++) {
			if (!EXPECT(t, model_is_free(w, page)) || !EXPECT_EQ(t, w->memory_of[page], nid))
				return false;
		}
	}
	for (; page < WORLD; page++) {
		if (!EXPECT(t, !model_is_free(w, page)))
			return false;
	}
	return true;
}

static bool same(struct ktap *t, const struct memblock *mb, const struct model *w)
{
	struct kmem_fault fault = { .id = "none" };

	if (!memblock_check(mb, &fault)) {
		ktap_fail(t, "%s %s", fault.id, fault.place);
		return false;
	}
	return same_pages(t, mb, w) && same_free(t, mb, w);
}

enum op { ADD, REMOVE, RESERVE, FREE, NR_OPS };

static int both(struct memblock *mb, struct model *w, enum op op, unsigned int page, unsigned int nr, int nid)
{
	u64 base = (u64)page * PAGE_SIZE, size = (u64)nr * PAGE_SIZE;

	for (unsigned int p = page; p < page + nr; p++) {
		if (op == ADD && w->memory_of[p] < 0)
			w->memory_of[p] = (signed char)nid;
		else if (op == REMOVE)
			w->memory_of[p] = -1;
		else if (op == RESERVE || op == FREE)
			w->reserved_of[p] = op == RESERVE;
	}
	switch (op) {
	case ADD:
		return memblock_add(mb, base, size, nid);
	case REMOVE:
		return memblock_remove(mb, base, size);
	case RESERVE:
		return memblock_reserve(mb, base, size);
	default:
		return memblock_free(mb, base, size);
	}
}

/* ------------------------------------------------------------------------------------------- the four changes */

static void random_changes_match_the_model(struct ktap *t)
{
	struct memblock *mb = fresh();
	struct model w;

	for (int world = 0; world < 60 && !ktap_failed(t); world++) {
		int longest = world % 3 ? 8 : WORLD / 2;	/* many small changes, or few large ones */

		model_init(&w);
		mb = fresh();
		for (int step = 0; step < 150 && !ktap_failed(t); step++) {
			unsigned int page = 1 + (unsigned int)ktap_below(t, WORLD - 1);
			unsigned int nr = (unsigned int)ktap_below(t, (uint64_t)longest);
			enum op op = (enum op)ktap_below(t, NR_OPS);

			nr = nr < WORLD - page ? nr : WORLD - page;
			EXPECT_EQ(t, both(mb, &w, op, page, nr, (int)ktap_below(t, 3)), 0);
			same(t, mb, &w);
		}
	}
}

/* Every sequence of three changes of memory over four pages. */
static void every_small_world_matches_the_model(struct ktap *t)
{
	enum { PAGES = 4, RANGES = PAGES * (PAGES + 1) / 2, CHANGES = 3 * RANGES };
	static const struct {
		enum op op;
		int nid;
	} kinds[] = { { ADD, 0 }, { ADD, 1 }, { REMOVE, 0 } };
	unsigned char first[RANGES], length[RANGES];
	unsigned int nr = 0;

	for (unsigned int page = 1; page <= PAGES; page++) {
		for (unsigned int n = 1; page + n <= PAGES + 1; n++) {
			first[nr] = (unsigned char)page;
			length[nr++] = (unsigned char)n;
		}
	}
	ASSERT_EQ(t, nr, RANGES);
	for (unsigned int plan = 0; plan < CHANGES * CHANGES * CHANGES && !ktap_failed(t); plan++) {
		struct memblock *mb = &machine.memblock;
		unsigned int rest = plan;
		struct model w;

		mb->memory.nr = mb->reserved.nr = 0;
		model_init(&w);
		for (int step = 0; step < 3; step++, rest /= CHANGES) {
			unsigned int range = rest % CHANGES / 3, kind = rest % 3;

			EXPECT_EQ(t, both(mb, &w, kinds[kind].op, first[range], length[range], kinds[kind].nid), 0);
		}
		same(t, mb, &w);
	}
}

static void touching_ranges_of_a_node_are_one(struct ktap *t)
{
	struct memblock *mb = fresh();

	EXPECT_EQ(t, memblock_add(mb, 0x3000, 0x1000, 0), 0);
	EXPECT_EQ(t, memblock_add(mb, 0x1000, 0x1000, 0), 0);
	EXPECT_EQ(t, mb->memory.nr, 2);
	EXPECT_EQ(t, memblock_add(mb, 0x2000, 0x1000, 0), 0);
	EXPECT_EQ(t, mb->memory.nr, 1);
	EXPECT_EQ(t, memblock_add(mb, 0x4000, 0x1000, 1), 0);
	EXPECT_EQ(t, mb->memory.nr, 2);
	EXPECT_EQ(t, memblock_end_of_DRAM(mb), 0x5000);
}

static void wrapping_ranges_are_refused_and_empty_ones_do_nothing(struct ktap *t)
{
	struct memblock *mb = fresh();

	EXPECT_EQ(t, memblock_add(mb, 0x1000, 0x1000, 0), 0);
	EXPECT_EQ(t, memblock_add(mb, ~0ull - 10, 100, 0), -EINVAL);
	EXPECT_EQ(t, memblock_remove(mb, ~0ull, ~0ull), -EINVAL);
	EXPECT_EQ(t, memblock_reserve(mb, 1, ~0ull), -EINVAL);
	EXPECT_EQ(t, memblock_free(mb, 2, ~0ull - 1), -EINVAL);
	EXPECT_EQ(t, memblock_add(mb, 0x8000, 0, 0), 0);
	EXPECT_EQ(t, memblock_remove(mb, 0x1800, 0), 0);
	EXPECT_EQ(t, memblock_reserve(mb, 0, 0), 0);
	EXPECT_EQ(t, mb->memory.nr, 1);
	EXPECT_EQ(t, mb->reserved.nr, 0);
}

static void a_full_list_refuses_and_stays_as_it_was(struct ktap *t)
{
	struct memblock *mb = fresh();
	static struct memblock_type before;

	for (u64 i = 0; i < MEMBLOCK_MAX; i++)
		ASSERT_EQ(t, memblock_add(mb, (4 * i + 4) * PAGE_SIZE, 3 * PAGE_SIZE, 0), 0);
	before = mb->memory;
	EXPECT_EQ(t, memblock_add(mb, 8192 * PAGE_SIZE, PAGE_SIZE, 0), -ENOSPC);
	EXPECT_EQ(t, memblock_remove(mb, 5 * PAGE_SIZE, PAGE_SIZE), -ENOSPC);
	EXPECT_EQ(t, memblock_add(mb, 7 * PAGE_SIZE, PAGE_SIZE, 1), -ENOSPC);
	/* Of the last gaps, none or all. */
	EXPECT_EQ(t, memblock_add(mb, 4 * 250 * PAGE_SIZE, 8 * PAGE_SIZE, 1), -ENOSPC);
	EXPECT_EQ(t, memblock_add(mb, 4 * 250 * PAGE_SIZE, 4096 * PAGE_SIZE, 1), -ENOSPC);
	EXPECT_MEM(t, &mb->memory, &before, sizeof(before));
	/* What needs no room works still. */
	EXPECT_EQ(t, memblock_add(mb, 7 * PAGE_SIZE, PAGE_SIZE, 0), 0);
	EXPECT_EQ(t, mb->memory.nr, MEMBLOCK_MAX - 1);
	EXPECT_EQ(t, memblock_remove(mb, 0, ~0ull), 0);
	EXPECT_EQ(t, mb->memory.nr, 0);
}

/* Of 200 regions the first 100 get 99 more between them, of another node, and the others become one. */
static void what_fits_in_the_end_is_never_too_much_meanwhile(struct ktap *t)
{
	struct memblock *mb = fresh();

	for (u64 i = 0; i < 200; i++)
		ASSERT_EQ(t, memblock_add(mb, (4 * i + 4) * PAGE_SIZE, 3 * PAGE_SIZE, i < 100), 0);
	EXPECT_EQ(t, memblock_add(mb, 4 * PAGE_SIZE, 799 * PAGE_SIZE, 0), 0);
	EXPECT_EQ(t, mb->memory.nr, 200);
	EXPECT_EQ(t, mb->memory.regions[199].size, 400 * PAGE_SIZE);
	EXPECT(t, memblock_check(mb, NULL));
}

/* ---------------------------------------------------------------------------------------------- allocation */

/* The highest run of free pages, all of node nid if there is one, else of any. */
static unsigned int model_place(const struct model *w, unsigned int nr, unsigned int align, int nid)
{
	for (unsigned int pass = nid < 0; pass < 2; pass++) {
		for (unsigned int page = WORLD - nr; page; page--) {
			unsigned int n = 0;

			if (page % align)
				continue;
			while (n < nr && model_is_free(w, page + n) && w->memory_of[page + n] == w->memory_of[page] &&
			       (pass || w->memory_of[page] == nid))
				n++;
			if (n == nr)
				return page;
		}
	}
	return 0;
}

static void allocations_take_the_highest_place(struct ktap *t)
{
	for (int world = 0; world < 200 && !ktap_failed(t); world++) {
		struct memblock *mb = fresh();
		struct model w;

		model_init(&w);
		for (int i = 0; i < 6; i++) {
			unsigned int page = 1 + (unsigned int)ktap_below(t, WORLD - 20);

			both(mb, &w, i < 4 ? ADD : RESERVE, page, (unsigned int)ktap_below(t, 20), i & 1);
		}
		for (int step = 0; step < 40 && !ktap_failed(t); step++) {
			unsigned int nr = 1 + (unsigned int)ktap_below(t, 5);
			unsigned int align = 1u << ktap_below(t, 3);
			int nid = (int)ktap_below(t, 3) - 1;
			unsigned int want = model_place(&w, nr, align, nid);
			u64 got = memblock_phys_alloc(mb, nr * PAGE_SIZE, align * PAGE_SIZE, 0, ~0ull, nid);

			EXPECT_EQ(t, got, (u64)want * PAGE_SIZE);
			if (want)
				memset(w.reserved_of + want, 1, nr);
			same(t, mb, &w);
		}
	}
}

static void allocations_stay_between_min_and_max(struct ktap *t)
{
	struct memblock *mb = fresh();

	memblock_add(mb, 0x1000, 0xf000, 0);
	EXPECT_EQ(t, memblock_phys_alloc(mb, 0x1000, 0x1000, 0x4000, 0x6000, NUMA_NO_NODE), 0x5000);
	EXPECT_EQ(t, memblock_phys_alloc(mb, 0x800, 64, 0x4000, 0x6000, NUMA_NO_NODE), 0x4800);
	EXPECT_EQ(t, memblock_phys_alloc(mb, 0x1000, 0x1000, 0x4000, 0x6000, NUMA_NO_NODE), 0);
	EXPECT_EQ(t, memblock_phys_alloc(mb, 0x800, 1, 0x4000, 0x6000, NUMA_NO_NODE), 0x4000);
	EXPECT_EQ(t, memblock_phys_alloc(mb, 0, 1, 0, ~0ull, NUMA_NO_NODE), 0);
	EXPECT_EQ(t, memblock_phys_alloc(mb, ~0ull, 1, 0, ~0ull, NUMA_NO_NODE), 0);
	EXPECT_EQ(t, memblock_phys_alloc(mb, 1, 1ull << 63, 0, ~0ull, NUMA_NO_NODE), 0);
}

static void memblock_alloc_zeroes_below_the_limit(struct ktap *t)
{
	static unsigned char ram[16 * PAGE_SIZE] __attribute__((aligned(4096)));
	struct memblock *mb = fresh();
	unsigned char *got;

	memset(ram, 0xaa, sizeof(ram));
	machine.layout.direct_base = (unsigned long)ram;
	memblock_add(mb, 0x1000, 0xf000, 0);
	mb->limit = 0x8000;
	got = memblock_alloc(mb, 100, 64, 0);
	EXPECT_EQ(t, got, ram + 0x8000 - 128);
	for (int i = 0; i < 100; i++)
		EXPECT_EQ(t, got[i], 0);
	EXPECT_EQ(t, got[-1], 0xaa);
	EXPECT_EQ(t, got[128], 0xaa);
	EXPECT_EQ(t, memblock_alloc(mb, 64, 64, 0), got - 64);		/* nothing is left between them */
	EXPECT_EQ(t, mb->reserved.nr, 1);
	EXPECT_NULL(t, memblock_alloc(mb, 0x8000, 64, 0));
	machine.layout.memory_is_zero = true;		/* then it is not touched */
	got = memblock_alloc(mb, 100, 64, 0);
	ASSERT_NOT_NULL(t, got);
	EXPECT_EQ(t, got[0], 0xaa);
}

/* ---------------------------------------------------------------------------------------------- from the map */

/* The model of a map: what each sector is. Any type but RAM is worse than RAM; the first range names the node. */
static void model_of_map(struct model *w, const struct memory_range *map, unsigned int nr, u64 limit)
{
	static signed char node[WORLD * SECTORS], bad[WORLD * SECTORS];

	memset(node, -1, sizeof(node));
	memset(bad, 0, sizeof(bad));
	for (unsigned int i = 0; i < nr; i++) {
		for (unsigned int s = 0; s < WORLD * SECTORS; s++) {
			u64 at = (u64)s * SECTOR;

			/* at - start < size also when start + size wraps around beyond the top */
			if (at < map[i].start || at - map[i].start >= map[i].size)
				continue;
			if (map[i].type != MEMORY_RAM)
				bad[s] = 1;
			else if (at < limit && node[s] < 0)
				node[s] = (signed char)map[i].node;
		}
	}
	model_init(w);
	for (unsigned int page = 1; page < WORLD; page++) {
		const unsigned int s = page * SECTORS;
		bool whole = true;

		for (unsigned int i = s; i < s + SECTORS; i++)
			whole &= node[i] >= 0 && !bad[i] && node[i] == node[s];
		w->memory_of[page] = whole ? node[s] : -1;
	}
	w->reserved_of[0] = 1;
}

static struct memory_range random_range(struct ktap *t)
{
	const u64 end = WORLD * SECTORS;
	struct memory_range r = {
		.start = ktap_below(t, end) * SECTOR,
		.size = ktap_below(t, end / 4) * SECTOR,
		.type = ktap_below(t, 3) ? MEMORY_RAM : (enum memory_type)ktap_below(t, 9),
		.node = ktap_below(t, 4) ? 0 : 1,
	};

	if (r.start + r.size > end * SECTOR)
		r.size = end * SECTOR - r.start;
	if (r.type != MEMORY_RAM && !ktap_below(t, 8))
		r.size = ~0ull - ktap_below(t, 2) * r.start;	/* wraps, or reaches the very top */
	if (r.type == MEMORY_RAM && !ktap_below(t, 64))
		r.start |= 1ull << 63;				/* beyond all addresses */
	if (!ktap_below(t, 8))
		r.size = 0;
	return r;
}

static bool reaches_beyond(const struct memory_range *map, unsigned int nr)
{
	while (nr--)
		if (map[nr].start >> 63 && map[nr].size)
			return true;
	return false;
}

static void random_maps_match_the_model(struct ktap *t)
{
	for (int world = 0; world < 4000 && !ktap_failed(t); world++) {
		struct memory_range map[24];
		unsigned int nr = 1 + (unsigned int)ktap_below(t, 24);
		struct memblock *mb = fresh();
		const char *wrong;
		struct model w;

		for (unsigned int i = 0; i < nr; i++)
			map[i] = random_range(t);
		if (world % 4 == 0)
			machine.params.mem = (1 + ktap_below(t, WORLD * SECTORS)) * SECTOR;
		model_of_map(&w, map, nr, machine.params.mem ? machine.params.mem : ~0ull);
		wrong = memblock_from_map(mb, map, nr);
		if (wrong && strstr(wrong, "beyond")) {
			EXPECT(t, !machine.params.mem && reaches_beyond(map, nr));
			continue;
		}
		if (wrong) {
			EXPECT_CONTAINS(t, wrong, "no usable memory");
			for (unsigned int page = 0; page < WORLD; page++)
				EXPECT_EQ(t, w.memory_of[page], -1);
			continue;
		}
		same(t, mb, &w);
	}
}

/* memmap= is as good as further ranges of the map, except that mem= does not limit it. */
static void memmap_ranges_join_the_map(struct ktap *t)
{
	struct memory_range map[] = { { 0x1000, 0x9000, MEMORY_RAM, 0 }, { 0x8000, 0x1000, MEMORY_RESERVED, 0 } };
	struct memblock *mb = fresh();

	machine.params.mem = 0x5000;
	machine.params.memmap[0] = (struct memmap_param){ 0x7000, 0x3000, '@' };
	machine.params.memmap[1] = (struct memmap_param){ 0x2000, 0x800, '$' };
	machine.params.memmap[2] = (struct memmap_param){ 0x4800, 0x100, '#' };
	machine.params.memmap[3] = (struct memmap_param){ 0x9fff, 1, '!' };
	machine.params.nr_memmap = 4;
	ASSERT_NULL(t, memblock_from_map(mb, map, 2));
	ASSERT_EQ(t, mb->memory.nr, 3);
	EXPECT_EQ(t, mb->memory.regions[0].base, 0x1000);
	EXPECT_EQ(t, mb->memory.regions[0].size, 0x1000);
	EXPECT_EQ(t, mb->memory.regions[1].base, 0x3000);
	EXPECT_EQ(t, mb->memory.regions[1].size, 0x1000);
	EXPECT_EQ(t, mb->memory.regions[2].base, 0x7000);
	EXPECT_EQ(t, mb->memory.regions[2].size, 0x1000);
	EXPECT_EQ(t, mb->limit, 0x8000);

	mb = fresh();
	machine.params.memmap[0] = (struct memmap_param){ 0x20000, 0x3000, '@' };
	machine.params.nr_memmap = 1;
	machine.params.memmap_exact = true;
	ASSERT_NULL(t, memblock_from_map(mb, map, 2));
	ASSERT_EQ(t, mb->memory.nr, 1);
	EXPECT_EQ(t, mb->memory.regions[0].base, 0x20000);
}

static void slivers_that_make_a_page_together_are_memory(struct ktap *t)
{
	struct memory_range map[] = {
		{ 0x1800, 0x800, MEMORY_RAM, 0 }, { 0x1000, 0x800, MEMORY_RAM, 0 }, { 0x3001, 0x1fff, MEMORY_RAM, 0 },
	};
	struct memblock *mb = fresh();

	ASSERT_NULL(t, memblock_from_map(mb, map, 3));
	ASSERT_EQ(t, mb->memory.nr, 2);
	EXPECT_EQ(t, mb->memory.regions[0].base, 0x1000);
	EXPECT_EQ(t, mb->memory.regions[1].base, 0x4000);
	EXPECT_EQ(t, mb->memory.regions[1].size, 0x1000);
}

static void page_0_is_reserved_and_not_memory(struct ktap *t)
{
	struct memory_range map = { 0, 0x10000, MEMORY_RAM, 0 };
	struct memblock *mb = fresh();

	ASSERT_NULL(t, memblock_from_map(mb, &map, 1));
	EXPECT(t, memblock_is_reserved(mb, 0));
	EXPECT(t, !memblock_is_memory(mb, 0));
	EXPECT(t, memblock_is_memory(mb, PAGE_SIZE));
}

static void a_map_that_cannot_be_is_refused_and_changes_nothing(struct ktap *t)
{
	static struct memory_range many[2 * MEMBLOCK_MAX];
	static struct memblock before;
	struct memblock *mb = fresh();

	ASSERT_NULL(t, memblock_from_map(mb, NULL, 0));
	before = *mb;
	EXPECT_CONTAINS(t, memblock_from_map(mb, many, 0), "no usable memory");
	many[0] = (struct memory_range){ 0, 4095, MEMORY_RAM, 0 };
	EXPECT_CONTAINS(t, memblock_from_map(mb, many, 1), "no usable memory");
	many[0] = (struct memory_range){ 0, GIB, MEMORY_RAM, 64 };
	EXPECT_CONTAINS(t, memblock_from_map(mb, many, 1), "node");
	many[0].node = -1;
	EXPECT_CONTAINS(t, memblock_from_map(mb, many, 1), "node");
	for (unsigned int i = 0; i <= MEMBLOCK_MAX; i++)
		many[i] = (struct memory_range){ (2ull * i + 1) * PAGE_SIZE, PAGE_SIZE, MEMORY_RAM, 0 };
	EXPECT_CONTAINS(t, memblock_from_map(mb, many, MEMBLOCK_MAX + 1), "more than 256");
	EXPECT_MEM(t, mb, &before, sizeof(before));
	/* 511 ranges that are 1 in the end, in the worst order: no trouble. */
	for (unsigned int i = MEMBLOCK_MAX; i < 2 * MEMBLOCK_MAX; i++)
		many[i] = (struct memory_range){ 2ull * (i - MEMBLOCK_MAX) * PAGE_SIZE, PAGE_SIZE, MEMORY_RAM, 0 };
	EXPECT_NULL(t, memblock_from_map(mb, many, 2 * MEMBLOCK_MAX));
	EXPECT_EQ(t, mb->memory.nr, 1);
}

/* ------------------------------------------------------------------------------------------------------ PCs */

static void pc_map(struct ktap *t, u64 bytes, u64 low_end, u64 end)
{
	struct memblock *mb = fresh();

	machine.params.mem = bytes;
	ASSERT_NULL(t, memblock_from_map(mb, NULL, 0));
	EXPECT_EQ(t, mb->memory.regions[0].base, 0x1000);
	EXPECT_EQ(t, mb->memory.regions[0].size, 0x9e000);
	EXPECT_EQ(t, mb->memory.regions[1].base, MIB);
	EXPECT_EQ(t, mb->memory.regions[1].size, low_end - MIB);
	EXPECT_EQ(t, mb->memory.nr, low_end == end ? 2 : 3);
	EXPECT_EQ(t, memblock_end_of_DRAM(mb), end);
	/* All but the hole below 1 MiB and page 0 is there. */
	EXPECT_EQ(t, memblock_phys_mem_size(mb), bytes - MIB + 0x9e000);
}

static void a_pc_splits_at_3_gib_from_3584_mib_up(struct ktap *t)
{
	pc_map(t, 64 * MIB, 64 * MIB, 64 * MIB);
	pc_map(t, GIB, GIB, GIB);
	pc_map(t, 3583 * MIB, 3583 * MIB, 3583 * MIB);
	pc_map(t, 3584 * MIB, 3 * GIB, 4 * GIB + 512 * MIB);
	pc_map(t, 6 * GIB, 3 * GIB, 7 * GIB);
	pc_map(t, 63 * GIB, 3 * GIB, 64 * GIB);
	if (sizeof(long) == 8)
		pc_map(t, 200 * GIB, 3 * GIB, 201 * GIB);
}

/* Memory that reaches from 1 MiB below the end of all addresses to far above it. */
static void beyond(struct ktap *t, bool is_i386, u64 end)
{
	const struct memory_range map[] = { { 0, GIB, MEMORY_RAM, 0 }, { end - MIB, GIB + 512, MEMORY_RAM, 0 } };
	struct memblock *mb = fresh(), untouched = *mb;
	char why[160];

	machine.params.layout_i386 = is_i386;
	snprintf(why, sizeof(why), "the memory map has 1024M beyond %lluM, where the addresses of this build end: "
		 "give mem=%lluM to do without", end / MIB, end / MIB);
	EXPECT_STR(t, memblock_from_map(mb, map, 2), why);
	EXPECT_EQ(t, mb->memory.nr, untouched.memory.nr);
	EXPECT_EQ(t, mb->reserved.nr, untouched.reserved.nr);

	machine.params.mem = end;			/* what the sentence says helps */
	ASSERT_NULL(t, memblock_from_map(mb, map, 2));
	EXPECT_EQ(t, memblock_phys_mem_size(mb), GIB + MIB - PAGE_SIZE);
	EXPECT_EQ(t, memblock_end_of_DRAM(mb), end);

	machine.params.mem = 0;
	machine.params.memmap[0] = (struct memmap_param){ end, 1ull << 50, '$' };
	machine.params.nr_memmap = 1;
	ASSERT_NULL(t, memblock_from_map(mb, map, 2));
	EXPECT_EQ(t, memblock_end_of_DRAM(mb), end);

	machine.params.memmap[0] = (struct memmap_param){ MIB, MIB, '@' };	/* within reach */
	EXPECT_CONTAINS(t, memblock_from_map(mb, (const struct memory_range[]){ { 0, end + GIB, MEMORY_RAM, 0 } }, 1),
			"the memory map has 1024M beyond");
	machine.params.memmap[0] = (struct memmap_param){ end, MIB, '$' };	/* takes away */
	EXPECT_CONTAINS(t, memblock_from_map(mb, (const struct memory_range[]){ { 0, end + GIB, MEMORY_RAM, 0 } }, 1),
			"the memory map has 1023M beyond");
	machine.params.memmap[0] = (struct memmap_param){ end, 1ull << 50, '$' };

	machine.params.memmap[0].kind = '@';		/* mem= is no limit to that */
	machine.params.mem = end;
	EXPECT_CONTAINS(t, memblock_from_map(mb, map, 2), "memmap= adds memory beyond");
	EXPECT_CONTAINS(t, memblock_from_map(mb, map, 1), "memmap= adds memory beyond");
}

/* A PC that is too large, and the largest. */
static void beyond_by_size(struct ktap *t, bool is_i386, u64 end)
{
	struct memblock *mb = fresh();
	char mem[40];

	machine.params.layout_i386 = is_i386;
	machine.params.mem = end;
	snprintf(mem, sizeof(mem), ": give mem=%lluM to", (end - GIB) / MIB);
	EXPECT_CONTAINS(t, memblock_from_map(mb, NULL, 0), mem);
	machine.params.mem = end - GIB;
	ASSERT_NULL(t, memblock_from_map(mb, NULL, 0));
	EXPECT_EQ(t, memblock_end_of_DRAM(mb), end);
}

static void memory_beyond_all_addresses_is_refused(struct ktap *t)
{
	if (sizeof(long) == 8) {
		beyond(t, false, DIRECT_WINDOW);
		beyond_by_size(t, false, DIRECT_WINDOW);
	}
	beyond(t, true, 64 * GIB);
	beyond_by_size(t, true, 64 * GIB);
}

static void a_tiny_pc_has_what_fits(struct ktap *t)
{
	struct memblock *mb = fresh();

	machine.params.mem = 2 * PAGE_SIZE;
	EXPECT_NULL(t, memblock_from_map(mb, NULL, 0));
	EXPECT_EQ(t, memblock_phys_mem_size(mb), PAGE_SIZE);
	machine.params.mem = PAGE_SIZE;
	EXPECT_CONTAINS(t, memblock_from_map(mb, NULL, 0), "no usable memory");
}

static void a_pc_is_1_gib_unless_told(struct ktap *t)
{
	struct memblock *mb = fresh();

	ASSERT_NULL(t, memblock_from_map(mb, NULL, 0));
	EXPECT_EQ(t, memblock_end_of_DRAM(mb), GIB);
}

/* ------------------------------------------------------------------------------------------------ numa=fake= */

#define GRANULE (PAGE_SIZE << MAX_ORDER)

/* Bytes of each node, which must be numbered 0, 1, ... upwards and cut at granules. Returns how many nodes. */
static unsigned int node_bytes(struct ktap *t, const struct memblock *mb, u64 *bytes)
{
	unsigned int nr = 0;

	memset(bytes, 0, MAX_NUMNODES * sizeof(*bytes));
	for (unsigned int i = 0; i < mb->memory.nr; i++) {
		const struct memblock_region *r = &mb->memory.regions[i];

		if (!EXPECT(t, r->nid >= 0 && r->nid < MAX_NUMNODES))
			return 0;
		if (r->nid == (int)nr && i)
			EXPECT_EQ(t, r->base % GRANULE, 0);
		EXPECT(t, r->nid == (int)nr - 1 || r->nid == (int)nr);
		nr = (unsigned int)r->nid + 1;
		bytes[r->nid] += r->size;
	}
	return nr;
}

static void fake_nodes_are_even(struct ktap *t)
{
	static const u64 sizes[] = { 64 * MIB, 100 * MIB, GIB, 3584 * MIB, 6 * GIB, 63 * GIB };
	u64 bytes[MAX_NUMNODES];

	for (unsigned int s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		for (unsigned int nodes = 1; nodes <= MAX_NUMNODES; nodes++) {
			struct memblock *mb = fresh();
			unsigned int nr;
			u64 even;

			machine.params.mem = sizes[s];
			machine.params.numa_fake = nodes;
			ASSERT_NULL(t, memblock_from_map(mb, NULL, 0));
			nr = node_bytes(t, mb, bytes);
			if (sizes[s] > nodes * GRANULE)
				EXPECT_EQ(t, nr, nodes);
			even = memblock_phys_mem_size(mb) / nr;
			for (unsigned int n = 0; n < nr; n++) {
				EXPECT_GE(t, bytes[n] + 2 * GRANULE, even);
				EXPECT_LE(t, bytes[n], even + 2 * GRANULE);
			}
			EXPECT_EQ(t, memblock_phys_mem_size(mb), (sizes[s] - MIB + 0x9e000));
		}
	}
}

static void fake_nodes_of_a_size(struct ktap *t)
{
	u64 bytes[MAX_NUMNODES];
	struct memblock *mb = fresh();

	machine.params.numa_fake_bytes = 256 * MIB;
	ASSERT_NULL(t, memblock_from_map(mb, NULL, 0));
	EXPECT_EQ(t, node_bytes(t, mb, bytes), 4);
	EXPECT_GE(t, bytes[1], 252 * MIB);
	EXPECT_LE(t, bytes[1], 256 * MIB);
	machine.params.numa_fake_bytes = 1;			/* too many nodes: as many as can be */
	ASSERT_NULL(t, memblock_from_map(mb, NULL, 0));
	EXPECT_EQ(t, node_bytes(t, mb, bytes), MAX_NUMNODES);
	machine.params.numa_fake_bytes = ~0ull;			/* larger than memory: one */
	ASSERT_NULL(t, memblock_from_map(mb, NULL, 0));
	EXPECT_EQ(t, node_bytes(t, mb, bytes), 1);
}

static void fake_nodes_of_next_to_nothing(struct ktap *t)
{
	static struct memory_range many[MEMBLOCK_MAX];
	struct memblock *mb = fresh(), before;

	/* Less than a granule is one node, however many were asked for. */
	machine.params.numa_fake = 4;
	machine.params.mem = 2 * MIB;
	ASSERT_NULL(t, memblock_from_map(mb, NULL, 0));
	EXPECT_EQ(t, mb->memory.regions[mb->memory.nr - 1].nid, 0);
	/* A node that ends inside a range of a full list. */
	machine.params.mem = 0;
	machine.params.numa_fake = 3;
	for (unsigned int i = 0; i < MEMBLOCK_MAX; i++)
		many[i] = (struct memory_range){ (18ull * i + 1) * PAGE_SIZE, 17 * PAGE_SIZE, MEMORY_RAM, 0 };
	before = *mb;
	EXPECT_CONTAINS(t, memblock_from_map(mb, many, MEMBLOCK_MAX), "numa=fake= may split the memory map into more");
	EXPECT_MEM(t, mb, &before, sizeof(before));
}

static void no_alignment_is_the_least(struct ktap *t)
{
	struct memblock *mb = fresh();

	EXPECT_EQ(t, memblock_end_of_DRAM(mb), 0);
	EXPECT_EQ(t, memblock_phys_alloc(mb, PAGE_SIZE, 0, 0, ~0ull, 0), 0);
	ASSERT_EQ(t, memblock_add(mb, MIB, MIB, 0), 0);
	EXPECT_EQ(t, memblock_phys_alloc(mb, 3, 0, 0, ~0ull, 0), 2 * MIB - 3);
	EXPECT_EQ(t, memblock_phys_alloc(mb, 0, 0, 0, ~0ull, 0), 0);
	EXPECT_NULL(t, memblock_alloc(mb, 8 * MIB, 0, 0));
	/* No room to note what was found: nothing is given. */
	for (u64 i = mb->reserved.nr; i < MEMBLOCK_MAX; i++)
		ASSERT_EQ(t, memblock_reserve(mb, MIB + 16 * i, 8), 0);
	EXPECT_EQ(t, memblock_phys_alloc(mb, 1, 8, 0, ~0ull, 0), 0);
}

/* ----------------------------------------------------------------------------------------------- the checker */

static void expect_fault(struct ktap *t, const struct memblock *mb, const char *id)
{
	struct kmem_fault fault = { .id = "none" };

	EXPECT(t, !memblock_check(mb, &fault));
	EXPECT_STR(t, fault.id, id);
}

static struct memblock *two_regions(void)
{
	struct memblock *mb = fresh();

	memblock_add(mb, 0x1000, 0x1000, 0);
	memblock_add(mb, 0x4000, 0x1000, 0);
	memblock_reserve(mb, 0, 0x10);
	return mb;
}

static void each_broken_invariant_is_named(struct ktap *t)
{
	struct memblock *mb = two_regions();

	EXPECT(t, memblock_check(mb, NULL));
	mb->memory.regions[1].size = 0;
	expect_fault(t, mb, "M1");
	mb = two_regions();
	mb->reserved.regions[0].base = ~0ull;
	expect_fault(t, mb, "M1");
	mb = two_regions();
	mb->memory.regions[1].base = 0x1000;
	expect_fault(t, mb, "M2");
	mb = two_regions();
	mb->memory.regions[1].base = 0x2000;
	expect_fault(t, mb, "M3");
	mb->memory.regions[1].movable = true;
	EXPECT(t, memblock_check(mb, NULL));
	EXPECT_EQ(t, memblock_add(mb, 0x8000, 0x1000, 0), 0);
	EXPECT_EQ(t, mb->memory.nr, 3);
	EXPECT(t, !mb->memory.regions[0].movable && mb->memory.regions[1].movable);
	mb = two_regions();
	mb->memory.regions[0].movable = mb->memory.regions[1].movable = true;
	EXPECT_EQ(t, memblock_add(mb, 0x2000, 0x2000, 0), 0);	/* touches both, and joins neither */
	EXPECT_EQ(t, mb->memory.nr, 3);
	EXPECT(t, memblock_check(mb, NULL));
	mb = two_regions();
	mb->memory.regions[1].size = 0x1001;
	expect_fault(t, mb, "M4");
	mb = two_regions();
	mb->memory.regions[0].base = 0;
	expect_fault(t, mb, "M4");
}

KTAP_SUITE(memblock, KTAP_CASE(random_changes_match_the_model), KTAP_CASE(every_small_world_matches_the_model),
	   KTAP_CASE(touching_ranges_of_a_node_are_one),
	   KTAP_CASE(wrapping_ranges_are_refused_and_empty_ones_do_nothing),
	   KTAP_CASE(a_full_list_refuses_and_stays_as_it_was),
	   KTAP_CASE(what_fits_in_the_end_is_never_too_much_meanwhile), KTAP_CASE(allocations_take_the_highest_place),
	   KTAP_CASE(allocations_stay_between_min_and_max), KTAP_CASE(memblock_alloc_zeroes_below_the_limit),
	   KTAP_CASE(random_maps_match_the_model), KTAP_CASE(memmap_ranges_join_the_map),
	   KTAP_CASE(slivers_that_make_a_page_together_are_memory), KTAP_CASE(page_0_is_reserved_and_not_memory),
	   KTAP_CASE(a_map_that_cannot_be_is_refused_and_changes_nothing),
	   KTAP_CASE(a_pc_splits_at_3_gib_from_3584_mib_up), KTAP_CASE(a_tiny_pc_has_what_fits),
	   KTAP_CASE(memory_beyond_all_addresses_is_refused),
	   KTAP_CASE(a_pc_is_1_gib_unless_told), KTAP_CASE(fake_nodes_are_even), KTAP_CASE(fake_nodes_of_a_size),
	   KTAP_CASE(fake_nodes_of_next_to_nothing),
	KTAP_CASE(no_alignment_is_the_least),
	   KTAP_CASE(each_broken_invariant_is_named));
