/* SPDX-License-Identifier: MIT */
/*
 * page_machine.h - a machine for one case of the page allocator's tests, with its console kept as text.
 *
 *	struct machine *m = page_machine(t, "mem=64M");		entered; the case's end leaves it and takes it down
 *	... EXPECT_CONTAINS(t, console_text(), "order:4");
 */
#ifndef TESTS_PAGE_MACHINE_H
#define TESTS_PAGE_MACHINE_H

#include <kmem/check.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "mm/cpus.h"
#include "mm/page_alloc.h"
#include "tests/ktap.h"

#define CONSOLE_BYTES 65536

static char console_buffer[CONSOLE_BYTES];
static size_t console_length;

static void console_keep(void *arg, const char *text, size_t length)
{
	size_t at = __atomic_fetch_add(&console_length, length, __ATOMIC_RELAXED);

	(void)arg;
	if (at + length < CONSOLE_BYTES)
		memcpy(console_buffer + at, text, length);
}

static inline const char *console_text(void)
{
	size_t length = __atomic_load_n(&console_length, __ATOMIC_RELAXED);

	console_buffer[length < CONSOLE_BYTES ? length : CONSOLE_BYTES - 1] = '\0';
	return console_buffer;
}

static inline void console_clear(void)
{
	memset(console_buffer, 0, sizeof(console_buffer));
	console_length = 0;
}

/* How often the console says it. */
static inline unsigned int console_count(const char *what)
{
	unsigned int count = 0;

	for (const char *at = console_text(); (at = strstr(at, what)); at++)
		count++;
	return count;
}

static void page_machine_end(void *m)
{
	machine_leave();
	machine_shutdown(m);
}

static inline struct machine *page_machine_of(struct ktap *t, const struct machine_config *config)
{
	struct machine_config kept = *config;
	const char *why = "";
	struct machine *m;

	console_clear();
	kept.console = console_keep;
	m = machine_boot_why(&kept, &why);
	if (!m) {
		ktap_fail(t, "no machine: %s", why ? why : "?");
		return NULL;
	}
	machine_enter(m);
	ktap_cleanup(t, page_machine_end, m);
	return m;
}

static inline struct machine *page_machine(struct ktap *t, const char *cmdline)
{
	return page_machine_of(t, &(struct machine_config){ .cmdline = cmdline });
}

/* Every invariant of the page allocator holds, or the case says which one does not. */
static inline bool zones_hold(struct ktap *t, struct machine *m)
{
	struct kmem_fault fault = { 0 };

	if (zones_check(m, &fault))
		return true;
	ktap_fail(t, "%s %s", fault.id, fault.place);
	return false;
}

static inline struct zone *zone_named(struct machine *m, int nid, enum zone_type type)
{
	return &m->nodes[nid]->zones[type];
}

/* Pages taken one way until there are no more, linked through lru.next; freed by pages_put(). */
struct taken {
	struct page *last;
	unsigned long nr;
};

static inline bool page_take(struct taken *taken, gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_pages(gfp, order);

	if (!page)
		return false;
	page->index = (unsigned long)taken->last;
	page->private = order;
	taken->last = page;
	taken->nr += 1ul << order;
	return true;
}

static inline void take_all(struct taken *taken, gfp_t gfp, unsigned int order)
{
	while (page_take(taken, gfp, order))
		;
}

static inline void put_all(struct taken *taken)
{
	while (taken->last) {
		struct page *page = taken->last;

		taken->last = (struct page *)page->index;
		__free_pages(page, (unsigned int)page->private);
	}
	taken->nr = 0;
}

#endif
