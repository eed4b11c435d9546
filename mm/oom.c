/* SPDX-License-Identifier: MIT */
/*
 * oom.c - nothing is left: ask those who may have something, then say so.
 *
 *	out_of_memory -> notifiers, highest priority first -> freed something: try again
 *	              '-> panic_on_oom: panic
 *	              '-> report, and the allocation fails
 *
 * There is no process in this machine that could be killed, so a report ends with the kernel's words for that case.
 * The kernel then panics; here the allocation fails with NULL, on purpose: whoever runs a machine in a process wants to
 * see how his code takes that. sysctl.vm.panic_on_oom=1 has the panic.
 * Lock: oom_lock, a mutex: the list of notifiers, and their calls.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/oom.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "mm/stats.h"
#include "mm/vmscan.h"

/* -------------------------------------------------------------------------------------------------- notifiers */

int register_oom_notifier(struct notifier_block *block)
{
	struct machine *m = this_machine();
	struct notifier_block **link, **place = NULL;

	mutex_lock(&m->oom_lock);
	for (link = &m->oom_notifiers; *link && *link != block; link = &(*link)->next)
		if (!place && (*link)->priority < block->priority)
			place = link;
	if (*link) {
		mutex_unlock(&m->oom_lock);
		WARN(1, "notifier callback %pS already registered\n", block->notifier_call);
		return -EEXIST;
	}
	if (!place)
		place = link;
	block->next = *place;
	*place = block;
	mutex_unlock(&m->oom_lock);
	return 0;
}

int unregister_oom_notifier(struct notifier_block *block)
{
	struct machine *m = this_machine();
	struct notifier_block **link;
	bool found;

	mutex_lock(&m->oom_lock);
	for (link = &m->oom_notifiers; *link && *link != block;)
		link = &(*link)->next;
	found = *link;
	if (found)
		*link = block->next;
	mutex_unlock(&m->oom_lock);
	return found ? 0 : -ENOENT;
}

/* Pages that the notifiers say they freed. */
static unsigned long notify(struct machine *m)
{
	unsigned long freed = 0;

	for (struct notifier_block *block = m->oom_notifiers, *next; block; block = next) {
		next = block->next;
		if (block->notifier_call(block, 0, &freed) & NOTIFY_STOP_MASK)
			break;
	}
	return freed;
}

/* ----------------------------------------------------------------------------------------------------- the end */

/* Do slabs that cannot be reclaimed hold more than the pages that could be? */
static bool slabs_are_most(const struct machine *m)
{
	static const enum node_stat_item lists[] = {
		NR_ACTIVE_ANON, NR_INACTIVE_ANON, NR_ACTIVE_FILE, NR_INACTIVE_FILE, NR_UNEVICTABLE, NR_ISOLATED_ANON,
		NR_ISOLATED_FILE,
	};
	unsigned long pages = 0;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		pages += machine_node_item(m, lists[i]);
	return machine_node_item(m, NR_SLAB_UNRECLAIMABLE) > pages;
}

/* The table of tasks has none: those that could be killed are processes. */
static void oom_report(struct machine *m, unsigned int order, gfp_t gfp)
{
	char flags[256];

	gfp_format(flags, sizeof(flags), gfp);
	pr_warn("%s invoked oom-killer: gfp_mask=0x%x(%s), order=%d, oom_score_adj=%d\n", current->comm, gfp, flags,
		(int)order, 0);
	dump_stack();
	show_mem(m);
	if (slabs_are_most(m))
		unreclaimable_slabs_report(m);
	pr_info("Tasks state (memory values in pages):\n");
	pr_info("[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name\n");
}

/* The notifiers had nothing. */
static void oom_end(struct machine *m, unsigned int order, gfp_t gfp)
{
	if (m->params.panic_on_oom) {
		oom_report(m, order, gfp);
		panic("Out of memory: %s panic_on_oom is enabled",
		      m->params.panic_on_oom == 2 ? "compulsory" : "system-wide");
	}
	if (!__ratelimit(&m->oom_ratelimit))
		return;
	oom_report(m, order, gfp);
	pr_warn("Out of memory and no killable processes...\n");
}

/* Is the calling task in a notifier? What it asks for there cannot wait for itself. */
static bool in_notifier(const struct machine *m)
{
	return __atomic_load_n(&m->oom_lock.owner, __ATOMIC_RELAXED) == &kmem_context;
}

bool out_of_memory(struct machine *m, struct zonelist *zonelist, unsigned int order, gfp_t gfp)
{
	bool freed;

	(void)zonelist;
	if (in_notifier(m))
		return false;
	if (!mutex_trylock(&m->oom_lock)) {
		/* Another task is at it: what it finds may do for both. */
		mutex_lock(&m->oom_lock);
		mutex_unlock(&m->oom_lock);
		return true;
	}
	freed = notify(m);
	/* Reclaim without filesystems was not all that reclaim can do: no reason to call the machine out of memory. */
	if (!freed && (gfp & __GFP_FS))
		oom_end(m, order, gfp);
	mutex_unlock(&m->oom_lock);
	return freed;
}
