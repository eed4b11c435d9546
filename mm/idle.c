/* SPDX-License-Identifier: MIT */
/*
 * idle.c - free memory goes back to the host when the machine has gone quiet.
 *
 *	zone->freed	pages freed to the zone since the last release, however many were taken again
 *
 *	freed >= IDLE_FREED_PAGES -> task "idle": [ wait QUIET_NS ] -> did freed or the free pages change? -> again
 *					              |
 *					              no: release, end
 *
 * Only what frees to a zone's lists looks at the counter, and the slow path of kfree(), whose slabs end where no task
 * may be started; pages that come and go on a CPU's own list do not. The task asks nothing of CPUs that are leased:
 * what they keep is little, and their threads may be asleep.
 *
 * Lock: zone->lock for zone->freed; idle_running belongs to whoever raised it from 0 (docs/models/background.pml).
 */
#include <linux/limits.h>
#include <linux/sched.h>
#include "lib/assert.h"
#include "lib/seeded.h"
#include "mm/cpus.h"
#include "mm/fault_inject.h"
#include "mm/idle.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "mm/vmalloc.h"

#define QUIET_NS 300000000ull

struct activity {
	unsigned long freed;
	long free_pages;
};

static struct activity activity_of(struct machine *m)
{
	struct activity now = { 0, 0 };

	for (unsigned int i = 0; i < m->nr_zones; i++) {
		now.freed += __atomic_load_n(&m->zones[i]->freed, __ATOMIC_RELAXED);
		now.free_pages += zone_page_state(m->zones[i], NR_FREE_PAGES);
	}
	return now;
}

static bool must_stop(struct machine *m)
{
	return __atomic_load_n(&m->idle_stop, __ATOMIC_SEQ_CST);
}

/* Sleep until the machine has been quiet for QUIET_NS. False: it is going down. */
static bool wait_for_quiet(struct machine *m)
{
	struct activity before = activity_of(m);
	u64 since = host_clock(m);

	while (!must_stop(m)) {
		u64 now = host_clock(m);
		struct activity activity = activity_of(m);

		if (activity.freed != before.freed || activity.free_pages != before.free_pages) {
			before = activity;
			since = now;
		}
		if (now - since >= QUIET_NS)
			return true;
		host_wait(&m->idle_stop, 0, QUIET_NS - (now - since));
	}
	return false;
}

/* No task from now on. The machine may be gone once others see the 0: only the word's address is used then. */
static void not_running(struct machine *m)
{
	u32 *word = &m->idle_running;

	__atomic_store_n(word, 0, __ATOMIC_RELEASE);
	host_wake(word, INT_MAX);
}

static void idle_task(void *arg)
{
	struct machine *m = arg;

	if (!machine_enter(m)) {
		cpu_release();
		if (wait_for_quiet(m)) {
			cpus_request_idle(m, CPU_DRAIN_AREAS | CPU_DRAIN_SLABS | CPU_DRAIN_PAGES);
			slab_discard_all(m);
			vmalloc_purge(m, false);
			zones_release(m);
			idle_restart(m);
		}
		machine_leave();
	}
	not_running(m);
}

/* Not from an interrupt, nor under a lock: a task is started there at another time. */
void idle_wake(struct machine *m)
{
	u32 none = 0;

	/* A look first: many CPUs come here, and each attempt would take the word's cache line from the others. */
	if (__atomic_load_n(&m->idle_running, __ATOMIC_RELAXED))
		return;
	if (!m->params.idle_release || !sleeping_is_allowed() || must_stop(m))
		return;
	if (!__atomic_compare_exchange_n(&m->idle_running, &none, 1, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		return;
	/* If the machine goes down meanwhile, either idle_exit() sees the 1, or this sees that it must stop. */
	if (must_stop(m) && !SEEDED(IDLE_WAKE)) {
		not_running(m);
	} else if (task_start(m, "idle", idle_task, m)) {
		not_running(m);
		idle_restart(m);	/* tries again after as many pages, not at each */
	}
}

void idle_restart(struct machine *m)
{
	unsigned long flags;

	for (unsigned int i = 0; i < m->nr_zones; i++) {
		struct zone *zone = m->zones[i];

		spin_lock_irqsave(&zone->lock, flags);
		__atomic_store_n(&zone->freed, 0, __ATOMIC_RELAXED);
		spin_unlock_irqrestore(&zone->lock, flags);
	}
}

void idle_exit(struct machine *m)
{
	__atomic_store_n(&m->idle_stop, 1, __ATOMIC_SEQ_CST);
	host_wake(&m->idle_stop, INT_MAX);
	while (__atomic_load_n(&m->idle_running, __ATOMIC_SEQ_CST)) {
		cpu_release();		/* it may need the CPU to end */
		host_wait(&m->idle_running, 1, 1000000);
	}
}
