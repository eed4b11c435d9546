/* SPDX-License-Identifier: MIT */
/*
 * migrate.h - pages whose owner can move them, so that free memory can be made whole.
 *
 *	page = alloc_page(GFP_KERNEL | __GFP_MOVABLE);
 *	lock_page(page); __SetPageMovable(page, &operations); unlock_page(page);	from now on it may be moved
 *	lock_page(page); __ClearPageMovable(page); unlock_page(page); __free_page(page);
 *
 * Single pages only. Source: mm/page_migration.rst.
 */
#ifndef KMEM_MIGRATE_H
#define KMEM_MIGRATE_H

#include <kmem/page.h>

enum migrate_mode {
	MIGRATE_ASYNC,			/* must not sleep */
	MIGRATE_SYNC_LIGHT,		/* may sleep, but not for long */
	MIGRATE_SYNC,
};

#define MIGRATEPAGE_SUCCESS 0

/* How hard isolate_page is to try; bits. */
typedef unsigned int isolate_mode_t;
#define ISOLATE_ASYNC_MIGRATE 4u

/*
 * All are called with the page locked and one reference more than its owner's; they must not lock it or free it.
 * isolate_page: take the page out of use for a while. False: not now.
 * migrate_page: contents and bookkeeping to @dst, which is locked too: __SetPageMovable(dst), and a reference of
 *	the owner's to it; __ClearPageMovable(src), and the owner's reference to that put. Returns 0, or -EAGAIN: not
 *	now, or another error; then nothing has changed.
 * putback_page: it was isolated and has not moved; into use again.
 */
struct movable_operations {
	bool (*isolate_page)(struct page *page, isolate_mode_t mode);
	int (*migrate_page)(struct page *dst, struct page *src, enum migrate_mode mode);
	void (*putback_page)(struct page *page);
};

/* The page may be moved, or no longer. It is locked; it has no mapping before and after. Any context. */
void __SetPageMovable(struct page *page, const struct movable_operations *operations);
void __ClearPageMovable(struct page *page);

/* mapping: [ operations | PAGE_MAPPING_MOVABLE ] */
#define PAGE_MAPPING_MOVABLE 2ul
static inline bool __PageMovable(const struct page *page)
{
	return ((unsigned long)__atomic_load_n(&page->mapping, __ATOMIC_RELAXED) & 3) == PAGE_MAPPING_MOVABLE;
}

/*
 * Move what can be moved until each zone's free memory lies together, of the calling thread's machine:
 * /proc/sys/vm/compact_memory. May sleep.
 */
void compact_memory(void);

#endif
