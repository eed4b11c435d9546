/* SPDX-License-Identifier: MIT */
/*
 * ops_model.c - who has which memory: a model that is too simple to be wrong.
 *
 *	claimed[]	a bit for every 8 bytes of physical memory; 1: someone's
 *	areas[]		ranges of addresses of the vmalloc window, sorted, each with its guard page
 *
 * Whatever is handed out, page, object or page of an area, must find its bits 0 and sets them; what goes back must
 * find them 1. So nothing that is live ever overlaps anything else that is, of whichever layer.
 * Lock: none for claimed[], whose words are atomic; world->lock for areas[].
 */
#include "tests/helpers/ops_world.h"

#define UNIT 8ul
#define WORD_BITS (8 * sizeof(long))
#define PAGE_UNITS (PAGE_SIZE / UNIT)

void world_fail(struct ops_world *w, const char *format, ...)
{
	va_list args;

	if (__atomic_exchange_n(&w->failed, true, __ATOMIC_ACQ_REL))
		return;
	va_start(args, format);
	vscnprintf(w->failure, sizeof(w->failure), format, args);
	va_end(args);
}

/* Bits [first, first + nr) become value; false if one of them was it already. */
static bool bits_change(unsigned long *words, unsigned long first, unsigned long nr, bool value)
{
	bool good = true;

	while (nr) {
		unsigned long at = first % WORD_BITS, here = min(nr, WORD_BITS - at);
		unsigned long mask = (here == WORD_BITS ? ~0ul : (1ul << here) - 1) << at;
		unsigned long *word = &words[first / WORD_BITS], old;

		if (value)
			old = __atomic_fetch_or(word, mask, __ATOMIC_RELAXED);
		else
			old = ~__atomic_fetch_and(word, ~mask, __ATOMIC_RELAXED);
		good = good && !(old & mask);
		first += here;
		nr -= here;
	}
	return good;
}

static void units_change(struct ops_world *w, unsigned long first, unsigned long nr, bool value)
{
	if ((first + nr + PAGE_UNITS - 1) / PAGE_UNITS > w->m->max_pfn)
		world_fail(w, "C01: memory at unit %lu is beyond the machine's", first);
	else if (!bits_change(w->claimed, first, nr, value))
		world_fail(w, value ? "C01: pfn %lu + 0x%lx, 0x%lx bytes: handed out, but it is someone's" :
				      "pfn %lu + 0x%lx, 0x%lx bytes: the model does not have it", first / PAGE_UNITS,
			   first % PAGE_UNITS * UNIT, nr * UNIT);
}

void model_claim_pages(struct ops_world *w, const struct page *page, unsigned long nr)
{
	units_change(w, machine_pfn(w->m, page) * PAGE_UNITS, nr * PAGE_UNITS, true);
	__atomic_fetch_add(&w->pages_out, (long)nr, __ATOMIC_RELAXED);
}

void model_release_pages(struct ops_world *w, const struct page *page, unsigned long nr)
{
	units_change(w, machine_pfn(w->m, page) * PAGE_UNITS, nr * PAGE_UNITS, false);
	__atomic_fetch_sub(&w->pages_out, (long)nr, __ATOMIC_RELAXED);
}

static unsigned long unit_of(const struct ops_world *w, const void *address)
{
	return ((unsigned long)address - w->m->layout.direct_base) / UNIT;
}

void model_claim_bytes(struct ops_world *w, const void *address, size_t bytes)
{
	if ((unsigned long)address % UNIT)
		world_fail(w, "C24: an object at %lx", (unsigned long)address);
	units_change(w, unit_of(w, address), DIV_ROUND_UP(bytes, UNIT), true);
}

void model_release_bytes(struct ops_world *w, const void *address, size_t bytes)
{
	units_change(w, unit_of(w, address), DIV_ROUND_UP(bytes, UNIT), false);
}

/* ------------------------------------------------------------------------------------------------------- areas */

/* The first area that ends after the address. */
static unsigned int area_after(const struct ops_world *w, unsigned long address)
{
	unsigned int low = 0, high = w->nr_areas;

	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (w->areas[middle].end > address)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static void area_insert(struct ops_world *w, struct ops_area area)
{
	unsigned int at = area_after(w, area.start);

	if (at < w->nr_areas && w->areas[at].start < area.end) {
		world_fail(w, "C43: area [%lx, %lx) meets [%lx, %lx)", area.start, area.end, w->areas[at].start,
			   w->areas[at].end);
		return;
	}
	if (w->nr_areas == OPS_AREAS) {
		world_fail(w, "the model has no room for another area");
		return;
	}
	memmove(&w->areas[at + 1], &w->areas[at], (w->nr_areas - at) * sizeof(area));
	w->areas[at] = area;
	w->nr_areas++;
}

void model_claim_area(struct ops_world *w, const void *address, size_t bytes, bool guard)
{
	unsigned long start = (unsigned long)address, end = start + PAGE_ALIGN(bytes);

	if (start % PAGE_SIZE || start < w->m->layout.vmalloc_start || end > w->m->layout.vmalloc_end)
		world_fail(w, "C43: an area at %lx, %lx bytes", start, (unsigned long)bytes);
	if (guard && vmalloc_to_page((void *)end))
		world_fail(w, "C43: a page is mapped behind the area at %lx", start);
	mutex_lock(&w->lock);
	area_insert(w, (struct ops_area){ start, end + (guard ? PAGE_SIZE : 0) });
	mutex_unlock(&w->lock);
}

void model_release_area(struct ops_world *w, const void *address)
{
	unsigned int at;

	mutex_lock(&w->lock);
	at = area_after(w, (unsigned long)address);
	if (at == w->nr_areas || w->areas[at].start != (unsigned long)address)
		world_fail(w, "the model has no area at %p", address);
	else
		memmove(&w->areas[at], &w->areas[at + 1], (--w->nr_areas - at) * sizeof(w->areas[0]));
	mutex_unlock(&w->lock);
}

bool model_is_empty(struct ops_world *w)
{
	for (unsigned long i = 0; i < w->m->max_pfn * PAGE_UNITS / WORD_BITS; i++)
		if (w->claimed[i]) {
			world_fail(w, "pfn %lu is still someone's", i * WORD_BITS / PAGE_UNITS);
			return false;
		}
	if (w->nr_areas || w->pages_out)
		world_fail(w, "%u areas and %ld pages are still someone's", w->nr_areas, w->pages_out);
	return !w->failed;
}
