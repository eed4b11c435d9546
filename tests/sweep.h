/* SPDX-License-Identifier: MIT */
/*
 * sweep.h - every public call with its n-th passage through a point of failure failing.
 *
 *	static bool call_kmalloc(void)	makes the call, sees to what it promises on failure, frees what it got;
 *					true: it got all that it asked for
 *	SWEEP(kmalloc, SWEEP_FAILS)	a row; tests/test_sweep_names.sh sees that no public name is without one
 *
 * For n = 1, 2, 3 ... until nothing fails any more; once, and from then on; with objects counted one by one and, again,
 * with sheaves that fail. After each: nothing live, nothing leaked, kmem_check() clean; a call that failed had a
 * reason; and at least one of them did fail, unless the call cannot.
 */
#ifndef TESTS_SWEEP_H
#define TESTS_SWEEP_H

#include <linux/rcupdate.h>
#include "mm/stack_depot.h"
#include "mm/stats.h"
#include "mm/vmalloc.h"
#include "tests/slab_machine.h"

#define SWEEP_MAX 5000u

enum sweep_kind {
	SWEEP_FAILS,		/* at the latest when all fails for ever */
	SWEEP_SURVIVES,		/* whatever fails, the call does what it was asked */
};

struct sweep_row {
	const char *name;
	bool (*call)(void);
	enum sweep_kind kind;
};

#define SWEEP(name, kind) { #name, call_##name, kind }
/* A further way to make a call. */
#define SWEEP_AS(name, function, kind) { #name, function, kind }

/* What a call must leave as it was. */
struct sweep_state {
	unsigned long live, caches, areas, tables, lazy, out;
};

static inline struct sweep_state sweep_state(struct machine *m)
{
	struct sweep_state state = { 0 };
	struct machine_stats stats;
	struct kmem_cache *cache;

	rcu_barrier();
	vmalloc_purge(m, true);
	rcu_barrier();
	slab_reclaim(m);
	drain_all_pages();
	machine_stats(m, &stats);
	list_for_each_entry(cache, &m->caches, list) state.caches++;
	state.live = live_in_machine(m);
	state.areas = vm_space_nr_busy(&m->vmalloc->space);
	state.tables = stats.page_table_pages;
	state.lazy = m->vmalloc->space.lazy_bytes;
	state.out = stats.managed_pages - stats.free_pages - stats.pcp_pages - stats.slab_reclaimable_pages -
		    stats.slab_unreclaimable_pages - stack_depot_pages(m); /* which keeps what it has seen */
	return state;
}

static inline bool sweep_is_clean(struct machine *m, const struct sweep_state *was)
{
	struct sweep_state is = sweep_state(m);
	struct ktap *t = slab_case;

	EXPECT_EQ(t, is.live, was->live);
	EXPECT_EQ(t, is.caches, was->caches);
	EXPECT_EQ(t, is.areas, was->areas);
	EXPECT_EQ(t, is.tables, was->tables);
	EXPECT_EQ(t, is.lazy, was->lazy);
	EXPECT_EQ(t, is.out, was->out);
	machine_holds(t, m);
	return !ktap_failed(t);
}

/* One passage fails, or all from it on. Returns how many did; *served: the call's own result. */
static inline unsigned int sweep_once(struct machine *m, const struct sweep_row *row, unsigned int points,
	unsigned int nth, bool persistent, bool *served)
{
	struct fault_report report;

	fault_arm(m, points, nth, persistent);
	*served = row->call();
	report = fault_disarm(m);
	console_clear();
	return report.failed;
}

static inline void sweep_mode(
	struct machine *m, const struct sweep_row *row, unsigned int points, bool persistent, unsigned int *refused)
{
	struct sweep_state was = sweep_state(m);
	unsigned int nth = 0, failed;
	struct ktap *t = slab_case;
	bool served;

	do {
		failed = sweep_once(m, row, points, ++nth, persistent, &served);
		*refused += !served;
		EXPECT(t, served || failed);
		EXPECT(t, served || row->kind == SWEEP_FAILS);
		EXPECT_LT(t, nth, SWEEP_MAX);
		sweep_is_clean(m, &was);
	} while (failed && !ktap_failed(t));
	if (ktap_failed(t))
		ktap_note(t, "%s, passage %u through points 0x%x, %s", row->name, nth, points,
			persistent ? "and every later one" : "once");
}

static inline void sweep_rows(struct ktap *t, struct machine *m, const struct sweep_row *rows, size_t nr)
{
	static const unsigned int points[] = { FAULTS_ALL & ~FAULT_BIT(FAULT_SHEAF),
		FAULTS_ALL & ~FAULT_BIT(FAULT_SLAB) };

	for (size_t i = 0; i < nr && !ktap_failed(t); i++) {
		unsigned int refused = 0;

		if (!EXPECT(t, rows[i].call())) /* what happens once only */
			ktap_note(t, "%s", rows[i].name);
		for (int how = 0; how < 4 && !ktap_failed(t); how++)
			sweep_mode(m, &rows[i], points[how & 1], how & 2, &refused);
		if (!ktap_failed(t) && !refused && rows[i].kind == SWEEP_FAILS)
			ktap_fail(t, "%s: no failure reached it", rows[i].name);
	}
}

static inline void sweep(struct ktap *t, const char *cmdline, const struct sweep_row *rows, size_t nr)
{
	struct machine *m = slab_machine(t, cmdline);

	ASSERT_NOT_NULL(t, m);
	sweep_rows(t, m, rows, nr);
}

#endif
