/* SPDX-License-Identifier: MIT */
/* compaction.h - what the page allocator asks of compaction (mm/compaction.c). */
#ifndef MM_COMPACTION_H
#define MM_COMPACTION_H

#include <kmem/migrate.h>
#include "mm/page_alloc.h"

enum compact_result {
	COMPACT_SKIPPED,		/* nothing to move, too little memory, or it failed often of late */
	COMPACT_COMPLETE,		/* all was looked at; there is no block of the order */
	COMPACT_DONE,		/* there is one */
};

/* Make a block of the request's order in one of its zones, in the caller's place. May sleep. */
enum compact_result try_to_compact_pages(const struct alloc_context *ac, unsigned int alloc_flags,
					 enum migrate_mode mode);
/*
 * The node's background task is to make such blocks, if one of its zones up to highest has none but enough memory in
 * pieces, some of it movable. Any context.
 */
void wakeup_kcompactd(struct pglist_data *node, unsigned int order, enum zone_type highest);
/* What it does then. May sleep. */
void compact_node(struct pglist_data *node, unsigned int order, enum zone_type highest);

void compaction_init(struct machine *m);

#endif
