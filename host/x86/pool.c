/* SPDX-License-Identifier: MIT */
/* pool.c - see pool.h. */
#include <linux/kernel.h>
#include <linux/string.h>
#include "host/x86/pool.h"
#include "host/x86/x86.h"

#define MIB_PFN (1ul << (20 - PAGE_SHIFT))
#define SHARE_FRAMES 1536ul	/* stacks, tables and machines' descriptors, and a part of memory for more of these */
#define SHARE_PART 32ul

struct extent {
	pfn_t start, floor, next, end;	/* floor: below it a machine's; start if there is none */
};

static struct extent extents[MAX_RANGES];
static unsigned int nr_extents;
static pfn_t free_list;			/* 0: empty */
static unsigned long nr_listed;
static bool is_lent;

static pfn_t first_frame(const struct memory_range *range)
{
	return (pfn_t)((range->start + PAGE_SIZE - 1) >> PAGE_SHIFT);
}

static pfn_t end_frame(const struct memory_range *range)
{
	return (pfn_t)((range->start + range->size) >> PAGE_SHIFT);
}

static pfn_t image_first(void)
{
	return (unsigned long)image_start >> PAGE_SHIFT;
}

static pfn_t image_last(void)
{
	return (unsigned long)image_end >> PAGE_SHIFT;
}

/* Those below 4 GiB are used first: until there are page tables of ours nothing else can be reached. */
#define REACHED_PFN (1ul << (32 - PAGE_SHIFT))

static bool comes_before(const struct extent *a, const struct extent *b)
{
	bool a_low = a->end <= REACHED_PFN, b_low = b->end <= REACHED_PFN;

	return a_low != b_low ? a_low : a->start > b->start;
}

static void extent_add(pfn_t start, pfn_t end)
{
	struct extent extent = { start, start, end, end };
	unsigned int i = nr_extents;

	if (start >= end)
		return;
	if (nr_extents == MAX_RANGES)
		halt("kmem: the firmware's memory map has more than %d pieces\n", MAX_RANGES);
	for (; i && comes_before(&extent, &extents[i - 1]); i--)
		extents[i] = extents[i - 1];
	extents[i] = extent;
	nr_extents++;
}

void pool_init(void)
{
	bool found = false;

	for (unsigned int i = 0; i < firmware.boot.nr; i++) {
		const struct memory_range *range = &firmware.boot.map[i];
		pfn_t start = max(first_frame(range), (pfn_t)MIB_PFN);
		pfn_t end = (pfn_t)min_t(u64, end_frame(range), VIEW_LIMIT >> PAGE_SHIFT);

		if (range->type != MEMORY_RAM)
			continue;
		if (start <= image_first() && image_last() <= end) {
			extent_add(start, image_first());
			start = image_last();
			found = true;
		}
		extent_add(start, end);
	}
	if (!found)
		halt("kmem: the firmware's memory map has no memory where the image was loaded, [mem %#lx-%#lx]\n",
		     (unsigned long)image_start, (unsigned long)image_end - 1);
}

pfn_t frame_take(void)
{
	pfn_t pfn = free_list;

	if (pfn) {
		free_list = *(pfn_t *)frame_at(pfn);
		nr_listed--;
		return pfn;
	}
	for (unsigned int i = 0; i < nr_extents; i++)
		if (extents[i].next > extents[i].floor)
			return --extents[i].next;
	return 0;
}

pfn_t frame_take_zeroed(void)
{
	pfn_t pfn = frame_take();

	if (pfn)
		memset(frame_at(pfn), 0, PAGE_SIZE);
	return pfn;
}

void frame_give(pfn_t pfn)
{
	*(pfn_t *)frame_at(pfn) = free_list;
	free_list = pfn;
	nr_listed++;
}

unsigned long pool_free(void)
{
	unsigned long nr = nr_listed;

	for (unsigned int i = 0; i < nr_extents; i++)
		nr += extents[i].next - extents[i].floor;
	return nr;
}

pfn_t frames_take_for_ever(pfn_t nr)
{
	for (unsigned int i = 0; i < nr_extents; i++)
		if (extents[i].next <= REACHED_PFN && extents[i].next - extents[i].floor >= nr)
			return extents[i].next -= nr;
	return 0;
}

pfn_t pool_end(void)
{
	pfn_t end = 0;

	for (unsigned int i = 0; i < nr_extents; i++)
		end = max(end, extents[i].end);
	return end;
}

bool frame_is_out(pfn_t pfn)
{
	for (unsigned int i = 0; i < nr_extents; i++)
		if (pfn >= extents[i].next && pfn < extents[i].end)
			return true;
	return false;
}

static void piece_add(struct piece *pieces, unsigned int *nr, pfn_t start, pfn_t end)
{
	if (start < end)
		pieces[(*nr)++] = (struct piece){ start, end };
}

/* What no extent has: below 1 MiB, and beyond what can be seen. */
static void outside_add(struct piece *pieces, unsigned int *nr, const struct memory_range *range)
{
	if (range->type != MEMORY_RAM)
		return;
	piece_add(pieces, nr, first_frame(range), min(end_frame(range), (pfn_t)MIB_PFN));
	piece_add(pieces, nr, max_t(pfn_t, first_frame(range), VIEW_LIMIT >> PAGE_SHIFT), end_frame(range));
}

/* Of what cannot be seen the host needs descriptors only. */
static pfn_t beyond_descriptors(void)
{
	pfn_t end = pool_end();

	for (unsigned int i = 0; i < firmware.boot.nr; i++)
		if (firmware.boot.map[i].type == MEMORY_RAM)
			end = max(end, end_frame(&firmware.boot.map[i]));
	return (end - pool_end()) / (PAGE_SIZE / sizeof(struct page));
}

bool pool_lend(struct piece *pieces, unsigned int *nr_pieces, struct piece *kept, unsigned int *nr_kept)
{
	pfn_t share = SHARE_FRAMES + pool_end() / SHARE_PART + beyond_descriptors();

	if (is_lent || pool_free() - nr_listed <= share || nr_extents + firmware.boot.nr > MAX_PIECES)
		return false;
	is_lent = true;
	*nr_pieces = *nr_kept = 0;
	piece_add(kept, nr_kept, image_first(), image_last());
	for (unsigned int i = 0; i < nr_extents; i++) {
		struct extent *extent = &extents[i];
		pfn_t here = min(share, extent->next - extent->start);

		share -= here;
		extent->floor = extent->next - here;
		piece_add(pieces, nr_pieces, extent->start, extent->floor);
		piece_add(kept, nr_kept, extent->floor, extent->end);
	}
	for (unsigned int i = 0; i < firmware.boot.nr; i++)
		outside_add(pieces, nr_pieces, &firmware.boot.map[i]);
	return true;
}

void pool_take_back(void)
{
	is_lent = false;
	for (unsigned int i = 0; i < nr_extents; i++)
		extents[i].floor = extents[i].start;
}
