/* SPDX-License-Identifier: MIT */
/*
 * dial.c - the machine checks itself as it goes.
 *
 *	kmem.check=	0 never		1 rarely	2 often		3 after each step
 *
 * The step after which an invariant was broken is the one that the panic's stack shows.
 */
#include <kmem/check.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include "mm/dial.h"

/* May the caller wait for everyone else? Whoever has the list of caches may be waiting for the caller. */
static bool may_check(struct machine *m)
{
	if (!sleeping_is_allowed() || host_task()->machine != m || !mutex_trylock(&m->cache_lock))
		return false;
	mutex_unlock(&m->cache_lock);
	return true;
}

void check_now(struct machine *m)
{
	struct kmem_fault fault;

	if (!may_check(m))
		return;
	__atomic_fetch_add(&m->nr_checks, 1, __ATOMIC_RELAXED);
	if (!kmem_check_live(m, &fault))
		panic("kmem_check: %s %s", fault.id, fault.place);
}
