/* SPDX-License-Identifier: MIT */
/*
 * memblock.c - physical memory before there are pages, made of firmware's map and the command line.
 *
 *	firmware   [ram      ][rsv][ram         ]   [ram   ]	any order, overlapping, unaligned
 *	memmap=          [$ rsv ]
 *	            edges cut time into pieces; a piece is memory if some range says RAM and none says otherwise
 *	memory     [====]          [===========]   [======]	whole pages
 *
 * True of memory and of reserved, always; memblock_check() proves each:
 *	M1  regions are not empty and do not wrap
 *	M2  regions are in ascending order and disjoint
 *	M3  touching regions differ in node or in movable
 *	M4  memory begins and ends at page boundaries, and never holds page 0
 * Every change counts first whether the list will hold what comes of it: a call that fails changes nothing. It is made
 * in place, and firmware's map is gone through without a list: boot's stack is its caller's, and small.
 * Lock: none; boot is single-threaded, and after it only readers come.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "lib/assert.h"
#include "mm/fault_inject.h"
#include "mm/machine.h"
#include "mm/page_alloc.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)
#define NUMA_GRANULE (PAGE_SIZE << MAX_ORDER)	/* a node is made of whole largest blocks */
#define PAE_LIMIT (64 * GIB)
#define DEFAULT_PC_BYTES GIB

static u64 region_end(const struct memblock_region *r)
{
	return r->base + r->size;
}

static u64 min_u64(u64 a, u64 b)
{
	return a < b ? a : b;
}

static u64 max_u64(u64 a, u64 b)
{
	return a > b ? a : b;
}

/* ------------------------------------------------------------------------------------------------- the lists */

static void region_insert(struct memblock_type *type, unsigned int at, struct memblock_region region)
{
	assert(type->nr < MEMBLOCK_MAX);
	memmove(&type->regions[at + 1], &type->regions[at], (type->nr - at) * sizeof(region));
	type->regions[at] = region;
	type->nr++;
}

static void region_delete(struct memblock_type *type, unsigned int at)
{
	type->nr--;
	memmove(&type->regions[at], &type->regions[at + 1], (type->nr - at) * sizeof(type->regions[0]));
}

/* Addresses in no region, before regions[at]; what is there of a node will continue the regions that it touches. */
struct gap {
	unsigned int at;
	u64 base, end;
	int nid;
	bool joins_left, joins_right;
};

/* The first gap in [*cursor, end). The cursor moves behind it. */
static bool gap_next(const struct memblock_type *type, u64 *cursor, u64 end, int nid, struct gap *gap)
{
	const struct memblock_region *r = type->regions, *last = r + type->nr;

	for (; r < last && r->base <= *cursor; r++)
		*cursor = max_u64(*cursor, region_end(r));
	if (*cursor >= end)
		return false;
	gap->at = (unsigned int)(r - type->regions);
	gap->base = *cursor;
	gap->end = r < last ? min_u64(end, r->base) : end;
	gap->nid = nid;
	gap->joins_left = gap->at && region_end(r - 1) == gap->base && r[-1].nid == nid && !r[-1].movable;
	gap->joins_right = r < last && r->base == gap->end && r->nid == nid && !r->movable;
	*cursor = gap->end;
	return true;
}

static void gap_fill(struct memblock_type *type, const struct gap *gap)
{
	struct memblock_region *right = &type->regions[gap->at], *left = right - 1;
	u64 bytes = gap->end - gap->base;

	if (gap->joins_left && gap->joins_right) {
		left->size += bytes + right->size;
		region_delete(type, gap->at);
	} else if (gap->joins_left) {
		left->size += bytes;
	} else if (gap->joins_right) {
		right->base = gap->base;
		right->size += bytes;
	} else {
		region_insert(type, gap->at, (struct memblock_region){ gap->base, bytes, gap->nid, false });
	}
}

/*
 * What is there already keeps its node; the gaps of the range get nid. Those that join others first: so there are never
 * more regions than in the end.
 */
static int type_add(struct memblock_type *type, u64 base, u64 size, int nid)
{
	u64 cursor = base, end = base + size;
	unsigned int nr = type->nr;
	struct gap gap;

	if (end < base)
		return -EINVAL;
	while (gap_next(type, &cursor, end, nid, &gap))
		nr += 1u - gap.joins_left - gap.joins_right;
	if (nr > MEMBLOCK_MAX)
		return -ENOSPC;
	for (cursor = base; gap_next(type, &cursor, end, nid, &gap);)
		if (gap.joins_left || gap.joins_right)
			gap_fill(type, &gap);
	for (cursor = base; gap_next(type, &cursor, end, nid, &gap);)
		gap_fill(type, &gap);
	assert(type->nr == nr);
	return 0;
}

/* The second part begins at. */
static void region_split(struct memblock_type *type, unsigned int i, u64 at)
{
	struct memblock_region second = type->regions[i];

	second.size = region_end(&second) - at;
	second.base = at;
	type->regions[i].size = at - type->regions[i].base;
	region_insert(type, i + 1, second);
}

/* A region that remains at both ends is the only one concerned. */
static int type_remove(struct memblock_type *type, u64 base, u64 size)
{
	u64 end = base + size;
	unsigned int kept = 0;

	if (end < base)
		return -EINVAL;
	if (!size)
		return 0;
	for (unsigned int i = 0; i < type->nr; i++) {
		struct memblock_region r = type->regions[i];
		u64 left_end = min_u64(region_end(&r), base), right = max_u64(r.base, end);

		if (r.base < left_end && right < region_end(&r)) {
			if (type->nr == MEMBLOCK_MAX)
				return -ENOSPC;
			region_split(type, i, right);
			type->regions[i].size = base - r.base;
			return 0;
		}
		if (r.base >= left_end) {
			if (right >= region_end(&r))
				continue;
			r.size = region_end(&r) - right;
			r.base = right;
		} else {
			r.size = left_end - r.base;
		}
		type->regions[kept++] = r;
	}
	type->nr = kept;
	return 0;
}

int memblock_add(struct memblock *mb, u64 base, u64 size, int nid)
{
	return type_add(&mb->memory, base, size, nid);
}

int memblock_remove(struct memblock *mb, u64 base, u64 size)
{
	return type_remove(&mb->memory, base, size);
}

int memblock_reserve(struct memblock *mb, u64 base, u64 size)
{
	return type_add(&mb->reserved, base, size, NUMA_NO_NODE);
}

int memblock_free(struct memblock *mb, u64 base, u64 size)
{
	return type_remove(&mb->reserved, base, size);
}

/* --------------------------------------------------------------------------------------------------- looking */

/* The first region that ends above address, or NULL. */
static const struct memblock_region *region_above(const struct memblock_type *type, u64 address)
{
	unsigned int low = 0, high = type->nr;

	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (region_end(&type->regions[middle]) > address)
			high = middle;
		else
			low = middle + 1;
	}
	return low < type->nr ? &type->regions[low] : NULL;
}

static bool type_holds(const struct memblock_type *type, u64 address)
{
	const struct memblock_region *r = region_above(type, address);

	return r && r->base <= address;
}

bool memblock_is_memory(const struct memblock *mb, u64 address)
{
	return type_holds(&mb->memory, address);
}

int memblock_nid(const struct memblock *mb, u64 address)
{
	const struct memblock_region *r = region_above(&mb->memory, address);

	return r && r->base <= address ? r->nid : NUMA_NO_NODE;
}

bool memblock_is_reserved(const struct memblock *mb, u64 address)
{
	return type_holds(&mb->reserved, address);
}

u64 memblock_phys_mem_size(const struct memblock *mb)
{
	u64 bytes = 0;

	for (unsigned int i = 0; i < mb->memory.nr; i++)
		bytes += mb->memory.regions[i].size;
	return bytes;
}

u64 memblock_end_of_DRAM(const struct memblock *mb)
{
	return mb->memory.nr ? region_end(&mb->memory.regions[mb->memory.nr - 1]) : 0;
}

bool memblock_next_free(const struct memblock *mb, u64 *cursor, u64 *start, u64 *end, int *nid)
{
	const struct memblock_region *memory, *taken;
	u64 at = *cursor;

	while ((memory = region_above(&mb->memory, at))) {
		at = max_u64(at, memory->base);
		taken = region_above(&mb->reserved, at);
		if (taken && taken->base <= at) {
			at = region_end(taken);
			continue;
		}
		*start = at;
		*end = taken ? min_u64(region_end(memory), taken->base) : region_end(memory);
		*nid = memory->nid;
		*cursor = *end;
		return true;
	}
	return false;
}

static bool list_check(const struct memblock_type *type, const char *name, struct kmem_fault *fault)
{
	for (unsigned int i = 0; i < type->nr; i++) {
		const struct memblock_region *r = &type->regions[i], *before = i ? r - 1 : NULL;

		if (!r->size || region_end(r) < r->base)
			return fault_at(fault, "M1", "%s region %u at 0x%llx: size 0x%llx", name, i, r->base, r->size);
		if (before && region_end(before) > r->base)
			return fault_at(fault, "M2", "%s region %u at 0x%llx", name, i, r->base);
		if (before && region_end(before) == r->base && before->nid == r->nid && before->movable == r->movable)
			return fault_at(fault, "M3", "%s region %u at 0x%llx", name, i, r->base);
	}
	return true;
}

bool memblock_check(const struct memblock *mb, struct kmem_fault *fault)
{
	if (!list_check(&mb->memory, "memory", fault) || !list_check(&mb->reserved, "reserved", fault))
		return false;
	for (unsigned int i = 0; i < mb->memory.nr; i++) {
		const struct memblock_region *r = &mb->memory.regions[i];

		if (!r->base || ((r->base | r->size) & ~PAGE_MASK))
			return fault_at(fault, "M4", "memory region %u at 0x%llx: size 0x%llx", i, r->base, r->size);
	}
	return true;
}

/* ------------------------------------------------------------------------------------------------ allocation */

/* The highest place for size bytes in [low, high), or 0. */
static u64 place_in(u64 low, u64 high, u64 size, u64 align)
{
	u64 place;

	assert(low <= high);
	if (high - low < size)
		return 0;
	place = (high - size) & ~(align - 1);
	return place >= low ? place : 0;
}

static u64 find_place(const struct memblock *mb, u64 size, u64 align, u64 min, u64 max, int nid)
{
	u64 cursor = min, start, end, best = 0;
	int node;

	while (memblock_next_free(mb, &cursor, &start, &end, &node) && start < max) {
		if (nid == NUMA_NO_NODE || nid == node)
			best = max_u64(best, place_in(start, min_u64(end, max), size, align));
	}
	return best;
}

u64 memblock_phys_alloc(struct memblock *mb, u64 size, u64 align, u64 min, u64 max, int nid)
{
	u64 place;

	align = align ? align : 1;
	assert(!(align & (align - 1)));
	if (!size)
		return 0;
	place = find_place(mb, size, align, min, max, nid);
	if (!place && nid != NUMA_NO_NODE)
		place = find_place(mb, size, align, min, max, NUMA_NO_NODE);
	if (!place || memblock_reserve(mb, place, size))
		return 0;
	return place;
}

void *memblock_alloc(struct memblock *mb, size_t size, size_t align, int nid)
{
	struct machine *m = mb->machine;
	void *address;
	u64 place;

	if (fault_here(m, FAULT_EARLY, 0))
		return NULL;
	size = (size + 63) & ~(size_t)63;	/* so that neighbours touch, and are one region */
	place = memblock_phys_alloc(mb, size, align ? align : 64, 0, mb->limit, nid);
	if (!place)
		return NULL;
	if (m->layout.private_memory && host_describe(m, (pfn_t)(place >> PAGE_SHIFT),
						      (pfn_t)((place + size - 1) / PAGE_SIZE - place / PAGE_SIZE + 1)))
		return NULL;
	address = (void *)(m->layout.direct_base + (unsigned long)place);
	if (!m->layout.memory_is_zero)
		memset(address, 0, size);
	return address;
}

/* --------------------------------------------------------------------------------------------- firmware's map */

/* Everything that has a say: firmware's ranges, those of memmap=, and page 0, which no one gets. */
struct opinions {
	const struct memory_range *map;
	unsigned int nr_map;
	const struct machine_params *params;
	bool limit_ram;			/* mem= is a limit of firmware's map, not the size of the machine */
	bool one_node;			/* numa=fake=: whatever nodes firmware named */
	u64 addressable;
	u64 beyond;			/* bytes of memory found at or above addressable */
	struct memory_range pc[8];
};

static unsigned int nr_opinions(const struct opinions *o)
{
	return o->nr_map + o->params->nr_memmap + 1;
}

static u64 saturating_end(u64 start, u64 size)
{
	return start + size < start ? ~0ull : start + size;
}

static struct memory_range memmap_range(const struct memmap_param *p)
{
	enum memory_type type = p->kind == '@' ? MEMORY_RAM : p->kind == '#' ? MEMORY_ACPI : MEMORY_RESERVED;

	return (struct memory_range){ p->start, p->size, type, 0 };
}

/* The i-th opinion; RAM of firmware's that mem= does not want is cut off. */
static struct memory_range opinion(const struct opinions *o, unsigned int i)
{
	struct memory_range r = { 0, PAGE_SIZE, MEMORY_RESERVED, 0 };

	if (i < o->nr_map)
		r = o->map[i];
	else if (i - o->nr_map < o->params->nr_memmap)
		r = memmap_range(&o->params->memmap[i - o->nr_map]);
	if (r.type == MEMORY_RAM) {
		u64 end = saturating_end(r.start, r.size);

		if (i < o->nr_map && o->limit_ram && o->params->mem)
			end = min_u64(end, o->params->mem);
		r.size = end > r.start ? end - r.start : 0;
	}
	return r;
}

/* From at to the next edge of any range: memory (true, its node in *nid) or not. */
static bool piece(const struct opinions *o, u64 at, u64 *next, int *nid)
{
	bool is_ram = false, is_other = false;

	*next = ~0ull;
	for (unsigned int i = 0; i < nr_opinions(o); i++) {
		struct memory_range r = opinion(o, i);
		u64 end = saturating_end(r.start, r.size);

		if (!r.size)
			continue;
		if (r.start > at) {
			*next = min_u64(*next, r.start);
		} else if (end > at) {
			*next = min_u64(*next, end);
			if (r.type == MEMORY_RAM && !is_ram)
				*nid = o->one_node ? 0 : r.node;
			is_ram |= r.type == MEMORY_RAM;
			is_other |= r.type != MEMORY_RAM;
		}
	}
	return is_ram && !is_other;
}

/* Pieces of memory that touch, of one node, from *at on; *at moves behind them. False: there is none. */
static bool pieces_next(struct opinions *o, u64 *at, struct memblock_region *r)
{
	u64 next;
	int nid;

	while (*at != ~0ull && !piece(o, *at, &next, &r->nid))
		*at = next;
	if (*at == ~0ull)
		return false;
	r->base = *at;
	do {
		if (next > o->addressable)
			o->beyond += next - max_u64(*at, o->addressable);
		*at = next;
	} while (next != ~0ull && piece(o, *at, &next, &nid) && nid == r->nid);
	r->size = *at - r->base;
	return true;
}

/* The same in whole pages. A sliver of a page joins only what it touches, and only before that is rounded. */
static bool region_next(struct opinions *o, u64 *at, struct memblock_region *r)
{
	while (pieces_next(o, at, r)) {
		u64 base = (r->base + PAGE_SIZE - 1) & ~(u64)(PAGE_SIZE - 1);
		u64 end = region_end(r) & ~(u64)(PAGE_SIZE - 1);

		r->base = base;
		r->size = end - base;
		if (base < end)
			return true;
	}
	return false;
}

/* ----------------------------------------------------------------------------------------------- numa=fake= */

/* The address below which there are so many pages of memory, rounded down to a granule. */
static u64 address_after(const struct memblock_type *memory, unsigned long pages)
{
	u64 bytes = (u64)pages << PAGE_SHIFT;

	for (unsigned int i = 0; i < memory->nr; i++) {
		const struct memblock_region *r = &memory->regions[i];

		if (bytes <= r->size)
			return (r->base + bytes) & ~(u64)(NUMA_GRANULE - 1);
		bytes -= r->size;
	}
	return ~0ull;
}

/* How many nodes, and the pages of each (0: an even share). */
static unsigned int fake_nodes(const struct machine_params *params, unsigned long total, unsigned long *each)
{
	unsigned long nr = params->numa_fake;
	u64 bytes = min_u64(params->numa_fake_bytes, (u64)total << PAGE_SHIFT);

	*each = (unsigned long)((bytes + NUMA_GRANULE - 1) / NUMA_GRANULE) << MAX_ORDER;
	if (*each) {
		nr = total / *each + !!(total % *each);
		if (nr > MAX_NUMNODES)
			*each = 0;	/* as large as it takes for the largest number of nodes */
	}
	if (nr > total >> MAX_ORDER)
		nr = total >> MAX_ORDER;
	if (nr > MAX_NUMNODES)
		nr = MAX_NUMNODES;
	return nr ? (unsigned int)nr : 1;
}

/* Memory from at on is of node nid. */
static void node_begin(struct memblock_type *memory, u64 at, int nid)
{
	unsigned int i = 0;

	while (i < memory->nr && region_end(&memory->regions[i]) <= at)
		i++;
	if (i < memory->nr && memory->regions[i].base < at)
		region_split(memory, i++, at);
	assert(i && memory->regions[i - 1].nid == nid - 1);	/* a node's share is a granule at least */
	for (; i < memory->nr; i++)
		memory->regions[i].nid = nid;
}

/* Give memory to nodes 0, 1, ... in ascending order. */
static void split_nodes(struct memblock_type *memory, const struct machine_params *params, unsigned long total)
{
	unsigned long each;
	unsigned int nr = fake_nodes(params, total, &each);

	for (unsigned int n = 1; n < nr; n++)
		node_begin(memory, address_after(memory, each ? each * n : total / nr * n), (int)n);
}

static bool nodes_make_sense(const struct memory_range *map, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		if (map[i].size && map[i].type == MEMORY_RAM && (map[i].node < 0 || map[i].node >= MAX_NUMNODES))
			return false;
	}
	return true;
}

/* What mem= can be at most: a PC moves memory up to make a hole below 4 GiB. */
static u64 largest_mem(const struct opinions *o)
{
	return o->limit_ram || o->addressable < 4 * GIB ? o->addressable : o->addressable - GIB;
}

/* Memory that no address reaches is never left out without a word. */
static const char *beyond_reach(const struct opinions *o, struct machine_params *params)
{
	bool added = false;

	for (unsigned int i = 0; i < params->nr_memmap; i++) {
		const struct memmap_param *p = &params->memmap[i];

		added |= p->kind == '@' && saturating_end(p->start, p->size) > o->addressable;
	}
	if (added)
		scnprintf(params->error, sizeof(params->error),
			  "memmap= adds memory beyond %lluM, where the addresses of this build end",
			  o->addressable / MIB);
	else
		scnprintf(params->error, sizeof(params->error),
			  "the memory map has %lluM beyond %lluM, where the addresses of this build end: "
			  "give mem=%lluM to do without",
			  (o->beyond + MIB - 1) / MIB, o->addressable / MIB, largest_mem(o) / MIB);
	return params->error;
}

/* Returns what is wrong with them, or NULL. */
static const char *opinions_take(struct opinions *o, const struct machine_params *params,
				 const struct memory_range *map, unsigned int nr)
{
	bool is_32bit = params->layout_i386 || sizeof(long) == 4;

	*o = (struct opinions){
		.map = map, .nr_map = nr, .params = params, .limit_ram = map != NULL,
		.one_node = params->numa_fake || params->numa_fake_bytes,
		.addressable = is_32bit ? PAE_LIMIT : DIRECT_WINDOW,
	};
	if (!map) {
		o->map = o->pc;
		o->nr_map = memory_map_of_pc(params->mem ? params->mem : DEFAULT_PC_BYTES, o->pc);
	}
	if (params->memmap_exact)
		o->nr_map = 0;
	if (!nodes_make_sense(o->map, o->nr_map))
		return MAX_NUMNODES == 64 ? "the memory map names a node that is not from 0 to 63"
					  : "the memory map names a node that is not from 0 to 7";
	return NULL;
}

static const char *opinions_sum(struct opinions *o, struct machine_params *params, struct memory_sum *sum)
{
	struct memblock_region r;
	unsigned int nr = 0;
	unsigned long each;
	u64 at = 0;

	*sum = (struct memory_sum){ 0 };
	for (; region_next(o, &at, &r); nr++) {
		sum->pages += (unsigned long)(r.size >> PAGE_SHIFT);
		sum->end = region_end(&r);
	}
	if (nr > MEMBLOCK_MAX)
		return "the memory map has more than 256 separate ranges of memory";
	if (o->beyond)
		return beyond_reach(o, params);
	if (!nr)
		return "the memory map and the command line leave no usable memory";
	if (o->one_node && nr + fake_nodes(params, sum->pages, &each) - 1 > MEMBLOCK_MAX)
		return "numa=fake= may split the memory map into more than 256 ranges";
	return NULL;
}

const char *memory_sum(struct memory_sum *sum, struct machine_params *params, const struct memory_range *map,
		       unsigned int nr)
{
	struct opinions o;
	const char *wrong = opinions_take(&o, params, map, nr);

	return wrong ? wrong : opinions_sum(&o, params, sum);
}

const char *memblock_from_params(struct memblock *mb, struct machine_params *params, const struct memory_range *map,
				 unsigned int nr)
{
	struct opinions o;
	struct memory_sum sum;
	struct memblock_region r;
	const char *wrong = opinions_take(&o, params, map, nr);
	u64 at = 0;

	if (!wrong)
		wrong = opinions_sum(&o, params, &sum);
	if (wrong)
		return wrong;
	for (mb->memory.nr = 0; region_next(&o, &at, &r); mb->memory.nr++)
		mb->memory.regions[mb->memory.nr] = r;
	if (o.one_node)
		split_nodes(&mb->memory, params, sum.pages);
	mb->reserved.nr = 0;
	if (!mb->limit)
		mb->limit = sum.end;
	return memblock_reserve(mb, 0, PAGE_SIZE) ? "page 0 could not be reserved" : NULL;
}

const char *memblock_from_map(struct memblock *mb, const struct memory_range *map, unsigned int nr)
{
	return memblock_from_params(mb, &mb->machine->params, map, nr);
}

unsigned int memory_map_of_pc(u64 bytes, struct memory_range *map)
{
	const u64 split = 3 * GIB, high = 4 * GIB;
	u64 low = bytes >= split + GIB / 2 ? split : bytes;
	unsigned int nr = 0;

	map[nr++] = (struct memory_range){ 0, min_u64(low, 0x9fc00), MEMORY_RAM, 0 };
	map[nr++] = (struct memory_range){ 0x9fc00, 0x400, MEMORY_RESERVED, 0 };
	map[nr++] = (struct memory_range){ 0xf0000, 0x10000, MEMORY_RESERVED, 0 };
	if (low > MIB)
		map[nr++] = (struct memory_range){ MIB, low - MIB, MEMORY_RAM, 0 };
	if (low < bytes)
		map[nr++] = (struct memory_range){ high, bytes - low, MEMORY_RAM, 0 };
	return nr;
}

_Static_assert((MAX_NUMNODES == 64 || MAX_NUMNODES == 8) && MEMBLOCK_MAX == 256,
	       "the sentences of memblock_from_map() name these numbers");
