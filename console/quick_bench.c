/* SPDX-License-Identifier: MIT */
/*
 * quick_bench.c - a few pairs, timed, in the blink of an eye: a look, where kmem_bench.c is a measurement.
 *
 * The middle of so many rounds; in what the processor counts, which under QEMU's -icount is instructions.
 */
#include <kmem/kmem.h>
#include <linux/kernel.h>
#include <linux/sort.h>
#include <linux/timex.h>
#include "console/console.h"

#define ROUNDS 15u
#define PAIRS 100u

static bool kmalloc_pair(unsigned long size)
{
	void *object = kmalloc(size, GFP_KERNEL);

	kfree(object);
	return object;
}

static bool pages_pair(unsigned long order)
{
	struct page *page = alloc_pages(GFP_KERNEL, (unsigned int)order);

	if (page)
		__free_pages(page, (unsigned int)order);
	return page;
}

static bool vmalloc_pair(unsigned long size)
{
	void *area = vmalloc(size);

	vfree(area);
	return area;
}

static const struct {
	const char *name;
	bool (*pair)(unsigned long size);
	unsigned long size;
} rows[] = {
	{ "kmalloc pair 64 B", kmalloc_pair, 64 },
	{ "kmalloc pair 4096 B", kmalloc_pair, 4096 },
	{ "kmalloc pair 64 KiB", kmalloc_pair, 65536 },
	{ "alloc_pages pair, order 0", pages_pair, 0 },
	{ "alloc_pages pair, order 9", pages_pair, 9 },
	{ "vmalloc pair 4 KiB", vmalloc_pair, 4096 },
};

static int compare(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

/* Of a pair; 0: there is no memory for one. */
static u32 time_pair(bool (*pair)(unsigned long size), unsigned long size)
{
	u32 times[ROUNDS];

	for (unsigned int round = 0; round < ROUNDS; round++) {
		cycles_t start = get_cycles();

		for (unsigned int i = 0; i < PAIRS; i++)
			if (!pair(size))
				return 0;
		times[round] = (u32)(get_cycles() - start) / PAIRS;
	}
	sort(times, ROUNDS, sizeof(times[0]), compare, NULL);
	return max(times[ROUNDS / 2], 1u);
}

void console_quick_bench(struct console *console)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		u32 time = time_pair(rows[i].pair, rows[i].size);

		if (time)
			console_say(console, "  %-26s %6u cycles\n", rows[i].name, time);
		else
			console_say(console, "  %-26s no memory\n", rows[i].name);
	}
}
