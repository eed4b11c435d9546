/* SPDX-License-Identifier: MIT */
/* linux/pagemap.h - a page's lock. */
#ifndef _LINUX_PAGEMAP_H
#define _LINUX_PAGEMAP_H

#include <linux/mm.h>
#include <linux/sched.h>

static inline bool trylock_page(struct page *page)
{
	return !test_and_set_bit_lock(PG_locked, &compound_head(page)->flags);
}

/* May sleep. */
static inline void lock_page(struct page *page)
{
	might_sleep();
	while (!trylock_page(page))
		cond_resched();
}

static inline void unlock_page(struct page *page)
{
	clear_bit_unlock(PG_locked, &compound_head(page)->flags);
}

#endif
