/* SPDX-License-Identifier: MIT */
/*
 * high_machine.h - a machine with high memory: on 32 bits 3 GiB with as much of it as the kernel would have, else what
 * highmem= gives; and pages of it.
 *
 *	struct machine *m = high_machine(t);	entered, until the case ends
 *	take_many(t, 3);			many[0] to many[2] are high pages
 */
#ifndef TESTS_HIGH_MACHINE_H
#define TESTS_HIGH_MACHINE_H

#include <linux/highmem.h>
#include "mm/cpus.h"
#include "mm/highmem.h"
#include "tests/page_machine.h"

#define HIGH (sizeof(long) == 4 ? "mem=3G nr_cpus=2" : "mem=128M highmem=64M nr_cpus=2")

static inline struct machine *high_machine(struct ktap *t)
{
	return machine_for(t, HIGH);
}

static inline struct page *high_page(struct ktap *t)
{
	struct page *page = alloc_page(GFP_HIGHUSER);

	EXPECT_NOT_NULL(t, page);
	EXPECT(t, PageHighMem(page));
	return page;
}

static struct page *many[LAST_PKMAP + 8];

static inline void take_many(struct ktap *t, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		many[i] = high_page(t);
}

static inline void put_many(unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		__free_page(many[i]);
}

/* Every invariant of the machine, and nobody has complained. */
static inline void everything_holds(struct ktap *t, struct machine *m)
{
	struct kmem_fault fault = { 0 };

	if (!kmem_check(m, &fault))
		ktap_fail(t, "%s %s", fault.id, fault.place);
	EXPECT_STR(t, console_text(), "");
}

static inline void expect_broken(struct ktap *t, struct machine *m, const char *id)
{
	struct kmem_fault fault = { .id = "" };

	EXPECT(t, !kmem_check(m, &fault));
	EXPECT_STR(t, fault.id, id);
}

#endif
