/* SPDX-License-Identifier: MIT */
/*
 * reclaim.h - caches that give memory back when it is short.
 * Source: mm-api.rst; the published descriptions of struct shrinker and the OOM notifier.
 */
#ifndef KMEM_RECLAIM_H
#define KMEM_RECLAIM_H

#include <kmem/gfp.h>

struct shrink_control {
	gfp_t gfp_mask;
	int nid;
	unsigned long nr_to_scan;	/* objects to look at */
	unsigned long nr_scanned;	/* objects looked at; set to nr_to_scan before the call */
};

#define SHRINK_STOP (~0ul)
#define SHRINK_EMPTY (~0ul - 1)
#define DEFAULT_SEEKS 2
#define SHRINKER_NUMA_AWARE (1u << 2)
#define SHRINKER_MEMCG_AWARE (1u << 3)		/* there are no cgroups: these two change nothing */
#define SHRINKER_NONSLAB (1u << 4)

/*
 * count_objects: how many objects could be freed; SHRINK_EMPTY: none at all; 0: cannot tell now.
 * scan_objects: free up to nr_to_scan; returns how many were freed, or SHRINK_STOP. Runs in the context of
 * whoever is short of memory: must heed gfp_mask (no filesystem calls without __GFP_FS).
 */
struct shrinker {
	unsigned long (*count_objects)(struct shrinker *shrinker, struct shrink_control *control);
	unsigned long (*scan_objects)(struct shrinker *shrinker, struct shrink_control *control);
	long batch;			/* objects a call; 0: 128 */
	int seeks;			/* cost of making an object again; DEFAULT_SEEKS */
	unsigned int flags;
	struct list_head list;
	long nr_deferred;		/* work left over from calls that could not do it */
	const char *name;
};

int register_shrinker(struct shrinker *shrinker, const char *format, ...) PRINTF(2, 3);
void unregister_shrinker(struct shrinker *shrinker);	/* waits until no call is running */

struct notifier_block {
	int (*notifier_call)(struct notifier_block *block, unsigned long action, void *data);
	struct notifier_block *next;
	int priority;
};

/* Called before the OOM killer acts; *(unsigned long *)data += pages freed. */
int register_oom_notifier(struct notifier_block *block);
int unregister_oom_notifier(struct notifier_block *block);

#endif
