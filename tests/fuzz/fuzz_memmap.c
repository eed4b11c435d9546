/* SPDX-License-Identifier: MIT */
/*
 * fuzz_memmap.c - any firmware map under any command line.
 *
 *	mem=1G numa=fake=2 \n [start : 8][size : 8][type : 1][node : 1] ...
 */
#include <stdlib.h>
#include <string.h>

#include <kmem/check.h>
#include "mm/memblock.h"
#include "mm/params.h"

#define RECORD 18
#define MAX_RANGES 300
#define PAGE 4096u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
	if (!truth)
		abort();
}

static struct memory_range range_of(const uint8_t *record)
{
	struct memory_range range = { .type = (enum memory_type)record[16], .node = record[17] };

	memcpy(&range.start, record, 8);
	memcpy(&range.size, record + 8, 8);
	return range;
}

/* Is any byte of [base, base + size) said to be something else than RAM? */
static bool is_taken(const struct memory_range *map, unsigned int nr, uint64_t base, uint64_t size)
{
	for (unsigned int i = 0; i < nr; i++) {
		const struct memory_range *r = &map[i];

		if (r->type == MEMORY_RAM || !r->size)
			continue;
		if (r->start < base + size && (r->start >= base || base - r->start < r->size))
			return true;
	}
	return false;
}

static void check_memory(const struct memblock *mb, const struct memory_range *map, unsigned int nr)
{
	u64 start, end, before = 0, free_bytes = 0, at = 0;
	int nid;

	for (unsigned int i = 0; i < mb->memory.nr; i++)
		must(!is_taken(map, nr, mb->memory.regions[i].base, mb->memory.regions[i].size));
	while (memblock_next_free(mb, &at, &start, &end, &nid)) {
		must(start < end && start >= before && start >= PAGE && nid >= 0 && nid < 64);
		free_bytes += end - start;
		before = end;
	}
	must(free_bytes == memblock_phys_mem_size(mb));	/* page 0 is reserved, but not memory */
}

static void run(struct machine_params *params, const struct memory_range *map, unsigned int nr)
{
	struct memblock *mb = calloc(1, sizeof(*mb));

	must(mb);
	if (!memblock_from_params(mb, params, map, nr)) {
		must(memblock_check(mb, NULL) && mb->memory.nr);
		check_memory(mb, map, params->memmap_exact ? 0 : nr);
		must(memblock_phys_alloc(mb, PAGE, PAGE, 0, mb->limit, 0));
		must(memblock_check(mb, NULL));
	} else {
		must(!mb->memory.nr && !mb->reserved.nr);
	}
	free(mb);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *newline = size ? memchr(data, '\n', size) : NULL;
	size_t length = newline ? (size_t)(newline - data) : size;
	struct machine_params *params = malloc(sizeof(*params));
	struct memory_range *map = calloc(MAX_RANGES, sizeof(*map));
	char *line = malloc(length + 1);
	unsigned int nr = 0;

	must(params && map && line);
	if (length)
		memcpy(line, data, length);
	line[length] = '\0';
	if (!params_parse(params, line)) {
		for (size_t at = length + 1; at + RECORD <= size && nr < MAX_RANGES; at += RECORD)
			map[nr++] = range_of(data + at);
		run(params, nr ? map : NULL, nr);
	}
	free(line);
	free(map);
	free(params);
	return 0;
}
