/* SPDX-License-Identifier: MIT */
/* real_machine.h - the machine of this computer's memory, for one case; its console is kept as text. */
#ifndef TESTS_X86_REAL_MACHINE_H
#define TESTS_X86_REAL_MACHINE_H

#include "host/x86/x86.h"
#include "tests/page_machine.h"

static struct memory_range real_map[MAX_RANGES * 3];
static unsigned int nr_real_ranges;

static inline struct machine *real_machine(struct ktap *t, const char *cmdline)
{
	struct machine_config config = { .cmdline = cmdline, .map = real_map };

	config.nr_ranges = nr_real_ranges = x86_real_memory(real_map, ARRAY_SIZE(real_map));
	if (!nr_real_ranges) {
		ktap_fail(t, "this computer's memory is not to be had");
		return NULL;
	}
	return machine_for_config(t, &config);
}

/* Which of the map's ranges that are not usable holds the frame, if any. */
static inline const struct memory_range *taboo(pfn_t pfn)
{
	u64 at = (u64)pfn << PAGE_SHIFT;

	for (unsigned int i = 0; i < nr_real_ranges; i++) {
		const struct memory_range *range = &real_map[i];

		if (range->type != MEMORY_RAM && at + PAGE_SIZE > range->start && at < range->start + range->size)
			return range;
	}
	return NULL;
}

#endif
