/* SPDX-License-Identifier: MIT */
/*
 * slab_machine.h - a machine for one case of the slab layer's tests, and what such cases look at.
 *
 *	struct machine *m = slab_machine(t, "mem=64M");		entered
 *	... crimes: EXPECT_EQ(t, console_count("BUG "), 1);
 *	(the case's end)	kmem_check() holds; the machine goes down without a leak, or with slab_leaks_expected
 */
#ifndef TESTS_SLAB_MACHINE_H
#define TESTS_SLAB_MACHINE_H

#include <kmem/kmem.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include "mm/fault_inject.h"
#include "mm/slab.h"
#include "mm/stats.h"
#include "tests/page_machine.h"

static struct ktap *slab_case;
static struct machine_leaks slab_leaks_expected;
static unsigned long slab_live_at_boot; /* the machine's own objects */

static inline unsigned long live_in_machine(struct machine *m);

static inline bool machine_holds(struct ktap *t, struct machine *m)
{
	struct kmem_fault fault = { 0 };

	if (this_cpu()->machine == m && preemptible())
		rcu_barrier(); /* the background task too is at rest then */
	if (kmem_check(m, &fault))
		return true;
	ktap_fail(t, "%s %s", fault.id, fault.place);
	return false;
}

/* An object that the CPU knows as its newest: it stood aside before. */
static inline void *newest_of(struct kmem_cache *cache)
{
	kmem_cache_free(cache, kmem_cache_alloc(cache, GFP_KERNEL));
	return kmem_cache_alloc(cache, GFP_KERNEL);
}

static inline void expect_fault_of(struct ktap *t, struct machine *m, const char *id)
{
	struct kmem_fault fault = { 0 };

	EXPECT(t, !kmem_check(m, &fault));
	EXPECT_STR(t, fault.id, id);
}

static void slab_machine_end(void *arg)
{
	struct machine *m = arg;
	struct machine_leaks leaks = { 0 };

	machine_holds(slab_case, m);
	machine_leave();
	machine_shutdown_leaks(m, &leaks);
	EXPECT_EQ(slab_case, leaks.slab_objects, slab_leaks_expected.slab_objects);
	EXPECT_EQ(slab_case, leaks.slab_caches, slab_leaks_expected.slab_caches);
	EXPECT_EQ(slab_case, leaks.pages, slab_leaks_expected.pages);
	EXPECT_EQ(slab_case, leaks.vmalloc_areas, slab_leaks_expected.vmalloc_areas);
}

static inline struct machine *slab_machine(struct ktap *t, const char *cmdline)
{
	struct machine_config config = { .cmdline = cmdline_at_rest(cmdline), .console = console_keep };
	const char *why = "";
	struct machine *m;

	console_clear();
	slab_case = t;
	slab_leaks_expected = (struct machine_leaks){ 0 };
	m = machine_boot_why(&config, &why);
	if (!m) {
		ktap_fail(t, "no machine: %s", why ? why : "?");
		return NULL;
	}
	machine_enter(m);
	ktap_cleanup(t, slab_machine_end, m);
	slab_live_at_boot = 0;
	slab_live_at_boot = live_in_machine(m);
	return m;
}

/* Objects that callers have got since boot, of all caches that callers can use. */
static inline unsigned long live_in_machine(struct machine *m)
{
	unsigned long live = (unsigned long)machine_large(m).objects;
	struct kmem_cache *cache;

	list_for_each_entry(cache, &m->caches, list) if (!cache->internal) live += cache_live_objects(cache);
	return live - slab_live_at_boot;
}

static inline unsigned long slabs_of(struct kmem_cache *cache)
{
	unsigned long slabs = 0;

	for (unsigned int nid = 0; nid < cache->machine->nr_nodes; nid++)
		slabs += cache->node[nid]->nr_slabs;
	return slabs;
}

static inline bool bytes_are_all(const void *start, int value, size_t bytes)
{
	const unsigned char *p = start;

	for (size_t i = 0; i < bytes; i++)
		if (p[i] != (unsigned char)value)
			return false;
	return true;
}

/* Console lines (without the time) that start so; a report's skeleton. */
static inline bool console_has_line(const char *start)
{
	size_t length = strlen(start);

	for (const char *at = console_text(); at && *at; at = strchr(at, '\n'), at = at ? at + 1 : NULL)
		if (!strncmp(at, start, length))
			return true;
	return false;
}

#define NORMAL_OBJECTS 300

/*
 * After a crime: the machine serves normal callers, hands no object out twice, and holds together. Objects in
 * forbidden[] are still someone's and must not come.
 */
static inline void machine_still_works(
	struct ktap *t, struct machine *m, size_t size, void *const *forbidden, unsigned int nr_forbidden)
{
	static void *objects[NORMAL_OBJECTS];
	unsigned int twice = 0, wrong = 0;

	for (int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < NORMAL_OBJECTS; i++) {
			objects[i] = kmalloc(size, GFP_KERNEL);
			if (!objects[i]) {
				ktap_fail(t, "allocation %u fails after the crime", i);
				return;
			}
			memset(objects[i], (int)i, size);
			for (unsigned int f = 0; f < nr_forbidden; f++)
				twice += forbidden[f] == objects[i];
			for (unsigned int j = 0; j < i; j++)
				twice += objects[j] == objects[i];
		}
		for (unsigned int i = 0; i < NORMAL_OBJECTS; i++) {
			wrong += !bytes_are_all(objects[i], (int)(unsigned char)i, size);
			kfree(objects[i]);
		}
	}
	EXPECT_EQ(t, twice, 0);
	EXPECT_EQ(t, wrong, 0);
	machine_holds(t, m);
}

#endif
