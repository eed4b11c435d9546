/* SPDX-License-Identifier: MIT */
/*
 * list_debug.c - what CONFIG_DEBUG_LIST looks at before a list is changed: L1 and L2 of linux/list.h, around one link.
 *
 * A broken ring is reported in the kernel's words, and left as it is. Debian's kernel ends the task then
 * (CONFIG_BUG_ON_DATA_CORRUPTION); panic_on_warn=1 does so here.
 */
#include <linux/bug.h>
#include <linux/list.h>

bool __list_add_valid(struct list_head *entry, struct list_head *prev, struct list_head *next)
{
	return !(WARN(!prev, "list_add corruption. prev is NULL.\n") ||
		 WARN(!next, "list_add corruption. next is NULL.\n") ||
		 WARN(next->prev != prev,
		      "list_add corruption. next->prev should be prev (%px), but was %px. (next=%px).\n", prev,
		      next->prev, next) ||
		 WARN(prev->next != next,
		      "list_add corruption. prev->next should be next (%px), but was %px. (prev=%px).\n", next,
		      prev->next, prev) ||
		 WARN(entry == prev || entry == next, "list_add double add: new=%px, prev=%px, next=%px.\n", entry,
		      prev, next));
}

bool __list_del_entry_valid(struct list_head *entry)
{
	struct list_head *prev = entry->prev, *next = entry->next;

	return !(WARN(!next, "list_del corruption, %px->next is NULL\n", entry) ||
		 WARN(!prev, "list_del corruption, %px->prev is NULL\n", entry) ||
		 WARN(next == LIST_POISON1, "list_del corruption, %px->next is LIST_POISON1 (%px)\n", entry,
		      LIST_POISON1) ||
		 WARN(prev == LIST_POISON2, "list_del corruption, %px->prev is LIST_POISON2 (%px)\n", entry,
		      LIST_POISON2) ||
		 WARN(prev->next != entry,
		      "list_del corruption. prev->next should be %px, but was %px. (prev=%px)\n", entry, prev->next,
		      prev) ||
		 WARN(next->prev != entry,
		      "list_del corruption. next->prev should be %px, but was %px. (next=%px)\n", entry, next->prev,
		      next));
}
