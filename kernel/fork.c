/* SPDX-License-Identifier: MIT */
/*
 * fork.c - a process with a machine becomes two.
 *
 *	parent	kmem_fork_begin ... fork ... kmem_fork_done
 *	child	                         ... kmem_forked
 *
 * From begin on the forking thread holds every lock of the machine, the mutexes first, so that nothing that CPUs share
 * is between two states. What a CPU keeps to itself is not locked: it is whole unless its thread was just changing it,
 * and that thread's own counts say so. The child takes over the CPUs of the others, who live only in the parent; one
 * that was in the middle of a change is made anew, and what its lists held is lost to the child: kmem_check() there
 * says that pages or objects are missing.
 *
 * Waits for nobody but holders of locks: no thread is interrupted, however many there are and whatever signals they
 * block. A fork within kmem itself (by a handler of a signal that came there) is left alone: begin says false, and the
 * child has locks that are free and whatever they protected.
 * Lock: all of them, in the order of ARCHITECTURE.md.
 */
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/string.h>
#include "kernel/word_lock.h"
#include "mm/cpus.h"
#include "mm/highmem.h"
#include "mm/slab.h"
#include "mm/stack_depot.h"
#include "mm/vmalloc.h"
#include "mm/vmscan.h"

#define MAX_MUTEXES 7

/* The mutexes of a machine, outermost first. Returns how many. */
static unsigned int mutexes_of(struct machine *m, struct mutex *found[MAX_MUTEXES])
{
	unsigned int nr = 0;

	found[nr++] = &m->cache_lock;
	found[nr++] = &m->stop_mutex;
	found[nr++] = &m->shrinker_lock;
	found[nr++] = &m->oom_lock;
	found[nr++] = &m->rcu_mutex;
	if (m->vmalloc)
		found[nr++] = &m->vmalloc->purge_lock;
	if (m->kmap)
		found[nr++] = &m->kmap->lock;
	return nr;
}

static void each_cache_word(struct machine *m, void (*act)(u32 *word))
{
	for (unsigned int id = 0; id < m->nr_cache_ids; id++)
		for (unsigned int nid = 0; m->cache_by_id[id] && nid < m->nr_nodes; nid++) {
			act(&m->cache_by_id[id]->node[nid]->lock.word);
			act(&m->cache_by_id[id]->node[nid]->barn.lock.word);
		}
}

/* Every lock that is a bare word, outermost first. The mutexes are held: no cache comes or goes. */
static void each_word(struct machine *m, void (*act)(u32 *word))
{
	u32 *depot = depot_lock_word(m);

	if (m->vmalloc) {
		act(&m->vmalloc->area_lock.word);
		act(&m->vmalloc->table_lock.word);
	}
	each_cache_word(m, act);
	act(&m->percpu_lock.word);
	if (depot)
		act(depot);
	act(&m->rcu_lock.word);
	act(&m->movable_lock.word);
	for (unsigned int i = 0; i < m->nr_zones; i++)
		act(&m->zones[i]->lock.word);
	act(&m->cpu_lock.word);
}

/* Is this thread inside kmem, so that it would wait for itself? */
static bool is_inside(struct mutex *const mutexes[], unsigned int nr)
{
	bool inside = !sleeping_is_allowed();

	for (unsigned int i = 0; i < nr; i++)
		inside |= __atomic_load_n(&mutexes[i]->owner, __ATOMIC_RELAXED) == &kmem_context;
	return inside;
}

bool kmem_fork_begin(struct machine *m) NO_LOCK_ANALYSIS
{
	struct mutex *mutexes[MAX_MUTEXES];
	unsigned int nr = mutexes_of(m, mutexes);

	if (is_inside(mutexes, nr))
		return false;
	for (unsigned int i = 0; i < nr; i++) {
		mutex_lock(mutexes[i]);
		__release(mutexes[i]);	/* who counts locks cannot count those of a loop */
	}
	context_pin(PREEMPT_OFFSET);	/* no interrupt is served here meanwhile */
	each_word(m, word_hold);
	return true;
}

void kmem_fork_done(struct machine *m) NO_LOCK_ANALYSIS
{
	struct mutex *mutexes[MAX_MUTEXES];
	unsigned int nr = mutexes_of(m, mutexes);

	each_word(m, word_let_go);
	context_unpin(PREEMPT_OFFSET);
	while (nr) {
		__acquire(mutexes[nr - 1]);
		mutex_unlock(mutexes[--nr]);
	}
}

static void word_clear(u32 *word)
{
	*word = 0;
}

/* Those who waited for a lock, or held one that begin could not get, are not here. */
static void locks_clear(struct machine *m)
{
	struct mutex *mutexes[MAX_MUTEXES];
	unsigned int nr = mutexes_of(m, mutexes);

	each_word(m, word_clear);
	m->console_lock = (word_lock_t){ 0 };
	while (nr)
		mutex_init(mutexes[--nr]);
}

void kmem_forked(struct machine *m, bool begun)
{
	struct task_struct *task = host_task();

	locks_clear(m);
	if (begun)
		context_unpin(PREEMPT_OFFSET);
	cpus_forked(m);
	kmap_forked(m);
	m->nr_users = task->machine == m;
	for (unsigned int i = 1; i < task->enter_depth; i++)
		m->nr_users += task->outer[i] == m;
	reclaim_forked(m);
	m->stop_word += m->stop_word & 1;
	m->rcu_running = 0;
	m->idle_running = 0;
	m->nr_kthreads = 0;
}
