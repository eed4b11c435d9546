/* SPDX-License-Identifier: MIT */
/* linux/migrate.h - pages whose owner can move them. */
#ifndef _LINUX_MIGRATE_H
#define _LINUX_MIGRATE_H

#include <kmem/migrate.h>
#include <linux/pagemap.h>

static inline const struct movable_operations *page_movable_ops(struct page *page)
{
	return (const struct movable_operations *)((unsigned long)page->mapping - PAGE_MAPPING_MOVABLE);
}

#endif
