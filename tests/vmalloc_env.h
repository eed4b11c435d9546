/* SPDX-License-Identifier: MIT */
/*
 * vmalloc_env.h - a machine for the tests of vmalloc, and what is compared before and after.
 *
 *	struct env *e = env_boot(t, "mem=64M");		on it until the case ends; its console is console_text()
 */
#ifndef TESTS_VMALLOC_ENV_H
#define TESTS_VMALLOC_ENV_H

#include <kmem/check.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/string.h>
#include "mm/cpus.h"
#include "mm/fault_inject.h"
#include "mm/vmalloc.h"
#include "tests/machine_for.h"

struct env {
	struct ktap *t;
	struct machine *m;
};

static struct env env;

/* After one thing was broken on purpose: the check finds it, and calls it by its name. */
static inline void expect_fault(struct env *e, const char *id)
{
	struct kmem_fault fault = { "none", "" };

	EXPECT(e->t, !vmalloc_check(e->m, true, &fault));
	EXPECT_STR(e->t, fault.id, id);
}

/* All holds; says what does not. */
static bool env_holds(struct env *e)
{
	struct kmem_fault fault = { "", "" };

	if (vmalloc_check(e->m, true, &fault))
		return true;
	ktap_fail(e->t, "%s %s", fault.id, fault.place);
	return false;
}

static void env_end(void *arg)
{
	struct env *e = arg;

	if (e->m)
		machine_shutdown(e->m);
	e->m = NULL;
}

/* NULL, and the case has failed, if there is no machine. */
static struct env *env_boot(struct ktap *t, const char *cmdline)
{
	struct machine_config config = { .cmdline = cmdline, .console = console_keep };
	const char *why;

	env.t = t;
	console_clear();
	env.m = machine_boot_why(&config, &why);
	if (!env.m || machine_enter(env.m)) {
		ktap_fail(t, "no machine with \"%s\": %s", cmdline, env.m ? "no CPU" : why);
		return NULL;
	}
	ktap_cleanup(t, env_end, &env);
	console_clear();
	return &env;
}

static inline struct vm_space *space_of(struct env *e)
{
	return &e->m->vmalloc->space;
}

/* What all CPUs keep. */
static inline struct vm_kept_count kept_count(const struct env *e)
{
	struct vm_kept_count count = { 0 };
	struct kmem_cpu *cpu;
	unsigned int i;

	for_each_online_cpu_of(e->m, cpu, i)
		vm_kept_count(vm_kept_of(cpu), &count);
	return count;
}

/* Dead, kept or not. */
static inline unsigned long lazy_bytes(struct env *e)
{
	return space_of(e)->lazy_bytes + kept_count(e).dead_bytes;
}

/* What must be as before when a call has failed, or everything was freed and purged. */
struct census {
	unsigned long areas, vmalloc_pages, tables, lazy, out, objects;
};

/* Objects that callers have, of every cache but the slab layer's own, which come and go as it likes. */
static unsigned long objects_live(struct machine *m)
{
	static struct cache_stats caches[256];
	unsigned int nr = min(machine_caches(m, caches, 256), 256u);
	unsigned long live = 0;

	for (unsigned int i = 0; i < nr; i++)
		if (strncmp(caches[i].name, "kmem_", 5))
			live += caches[i].live_objects;
	return live;
}

static struct census __attribute__((unused)) census_take(struct env *e)
{
	struct machine_stats stats;

	machine_stats(e->m, &stats);
	return (struct census){
		.areas = vm_space_nr_busy(space_of(e)), .vmalloc_pages = stats.vmalloc_pages,
		.tables = stats.page_table_pages, .lazy = lazy_bytes(e),
		/* neither free nor a slab's: with vmalloc(), in tables, or with whoever leaks them */
		.out = stats.managed_pages - stats.free_pages - stats.pcp_pages - stats.slab_reclaimable_pages -
		       stats.slab_unreclaimable_pages,
		.objects = objects_live(e->m),
	};
}

static void __attribute__((unused)) expect_census(struct env *e, const struct census *want)
{
	struct census got = census_take(e);

	EXPECT_EQ(e->t, got.areas, want->areas);
	EXPECT_EQ(e->t, got.vmalloc_pages, want->vmalloc_pages);
	EXPECT_EQ(e->t, got.tables, want->tables);
	EXPECT_EQ(e->t, got.lazy, want->lazy);
	EXPECT_EQ(e->t, got.out, want->out);
	EXPECT_EQ(e->t, got.objects, want->objects);
	env_holds(e);
}

#endif
