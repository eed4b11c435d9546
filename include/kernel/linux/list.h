/* SPDX-License-Identifier: MIT */
/*
 * linux/list.h - doubly linked lists whose links lie inside their members.
 *
 * A list is a ring of links; one of them, the head, belongs to no member:
 *
 *	 +--> head <--> a.link <--> b.link <--> c.link <--+
 *	 +------------------------------------------------+	empty: head <--> head
 *
 * An hlist has a head of one pointer, for hash tables; a node knows the pointer that points to it:
 *
 *	head.first -> a.next -> b.next -> NULL		*a.pprev == &a, so a node unlinks without its head
 *
 * True between calls, for every link on a list: L1 link->next->prev == link, L2 link->prev->next == link.
 * All operations are O(1) unless they say that they walk. Lock: the caller's.
 * With -DCONFIG_DEBUG_LIST, as in the kernel, what is added or deleted is looked at before: a ring that is broken there
 * is reported, and stays as it is.
 * Source: core-api/kernel-api.rst, "List Management Functions".
 */
#ifndef _LINUX_LIST_H
#define _LINUX_LIST_H

#include <linux/container_of.h>
#include <linux/types.h>

/* What a deleted link holds: addresses that nothing is mapped at. */
#ifndef LIST_POISON1
#if defined(__LP64__)
#define POISON_POINTER_DELTA	0xdead000000000000ul
#else
#define POISON_POINTER_DELTA	0ul
#endif
#define LIST_POISON1		((void *)(0x100 + POISON_POINTER_DELTA))
#define LIST_POISON2		((void *)(0x122 + POISON_POINTER_DELTA))
#endif

#define LIST_HEAD_INIT(name)	{ &(name), &(name) }
#define LIST_HEAD(name)		struct list_head name = LIST_HEAD_INIT(name)

static inline void INIT_LIST_HEAD(struct list_head *list)
{
	WRITE_ONCE(list->next, list);
	WRITE_ONCE(list->prev, list);
}

/* Make two links neighbours; whatever lay between is forgotten, not changed. */
static inline void __list_join(struct list_head *prev, struct list_head *next)
{
	next->prev = prev;
	WRITE_ONCE(prev->next, next);
}

static inline void __list_del(struct list_head *prev, struct list_head *next)
{
	__list_join(prev, next);
}

/* May the entry be put between, or taken out? If not: a report (lib/list_debug.c). */
bool __list_add_valid(struct list_head *entry, struct list_head *prev, struct list_head *next);
bool __list_del_entry_valid(struct list_head *entry);

#ifdef CONFIG_DEBUG_LIST
#define __list_checked(check) (check)
#else
#define __list_checked(check) true
#endif

static inline void __list_del_entry(struct list_head *entry)
{
	if (__list_checked(__list_del_entry_valid(entry)))
		__list_join(entry->prev, entry->next);
}

/* Link the unlinked @entry between two; whatever lies there is forgotten. */
static inline void __list_link(struct list_head *entry, struct list_head *prev, struct list_head *next)
{
	entry->next = next;
	entry->prev = prev;
	next->prev = entry;
	WRITE_ONCE(prev->next, entry);
}

/* Put the unlinked @entry between two neighbours. */
static inline void __list_add(struct list_head *entry, struct list_head *prev, struct list_head *next)
{
	if (__list_checked(__list_add_valid(entry, prev, next)))
		__list_link(entry, prev, next);
}

/* First of the list: a stack. */
static inline void list_add(struct list_head *entry, struct list_head *head)
{
	__list_add(entry, head, head->next);
}

/* Last of the list: a queue. */
static inline void list_add_tail(struct list_head *entry, struct list_head *head)
{
	__list_add(entry, head->prev, head);
}

/* Unlink; the entry is poisoned, and list_empty() of it is false. */
static inline void list_del(struct list_head *entry)
{
	__list_del_entry(entry);
	entry->next = (struct list_head *)LIST_POISON1;
	entry->prev = (struct list_head *)LIST_POISON2;
}

/* Unlink; the entry is an empty list of its own. */
static inline void list_del_init(struct list_head *entry)
{
	__list_del_entry(entry);
	INIT_LIST_HEAD(entry);
}

/* list_del_init() that pairs with list_empty_careful() of another CPU: it sees empty only when all is done. */
static inline void list_del_init_careful(struct list_head *entry)
{
	__list_del_entry(entry);
	WRITE_ONCE(entry->prev, entry);
	__atomic_store_n(&entry->next, entry, __ATOMIC_RELEASE);
}

/* @entry takes the place of @old, which keeps its stale links. */
static inline void list_replace(struct list_head *old, struct list_head *entry)
{
	__list_link(entry, old->prev, old->next);
}

static inline void list_replace_init(struct list_head *old, struct list_head *entry)
{
	list_replace(old, entry);
	INIT_LIST_HEAD(old);
}

/* Exchange the places of two entries, on one list or on two; neighbours included. */
static inline void list_swap(struct list_head *entry1, struct list_head *entry2)
{
	struct list_head *before2 = entry2->prev;

	list_del(entry2);
	list_replace(entry1, entry2);
	if (before2 == entry1)
		before2 = entry2;
	list_add(entry1, before2);
}

static inline void list_move(struct list_head *entry, struct list_head *head)
{
	__list_del_entry(entry);
	list_add(entry, head);
}

static inline void list_move_tail(struct list_head *entry, struct list_head *head)
{
	__list_del_entry(entry);
	list_add_tail(entry, head);
}

/* Move the run @first..@last, neighbours in that order, to the end of @head's list. */
static inline void list_bulk_move_tail(struct list_head *head, struct list_head *first, struct list_head *last)
{
	__list_join(first->prev, last->next);
	__list_join(head->prev, first);
	__list_join(last, head);
}

static inline int list_is_first(const struct list_head *entry, const struct list_head *head)
{
	return entry->prev == head;
}

static inline int list_is_last(const struct list_head *entry, const struct list_head *head)
{
	return entry->next == head;
}

static inline int list_is_head(const struct list_head *entry, const struct list_head *head)
{
	return entry == head;
}

static inline int list_empty(const struct list_head *head)
{
	return READ_ONCE(head->next) == head;
}

/* Empty, and nobody is in the middle of list_del_init_careful(). */
static inline int list_empty_careful(const struct list_head *head)
{
	struct list_head *next = __atomic_load_n(&head->next, __ATOMIC_ACQUIRE);

	return next == head && next == READ_ONCE(head->prev);
}

static inline int list_is_singular(const struct list_head *head)
{
	return !list_empty(head) && head->next == head->prev;
}

/* Members of the list; walks it. */
static inline size_t list_count_nodes(struct list_head *head)
{
	struct list_head *entry;
	size_t count = 0;

	for (entry = head->next; entry != head; entry = entry->next)
		count++;
	return count;
}

/* The first entry becomes the last. */
static inline void list_rotate_left(struct list_head *head)
{
	if (!list_empty(head))
		list_move_tail(head->next, head);
}

/* Turn the ring until @entry is first. */
static inline void list_rotate_to_front(struct list_head *entry, struct list_head *head)
{
	list_move_tail(head, entry);
}

/* Put the members of @list between two neighbours; the head @list keeps its stale links. */
static inline void __list_splice(const struct list_head *list, struct list_head *prev, struct list_head *next)
{
	struct list_head *first = list->next, *last = list->prev;

	__list_join(prev, first);
	__list_join(last, next);
}

/* The members of @list go before the first of @head. */
static inline void list_splice(const struct list_head *list, struct list_head *head)
{
	if (!list_empty(list))
		__list_splice(list, head, head->next);
}

/* The members of @list go after the last of @head. */
static inline void list_splice_tail(const struct list_head *list, struct list_head *head)
{
	if (!list_empty(list))
		__list_splice(list, head->prev, head);
}

static inline void list_splice_init(struct list_head *list, struct list_head *head)
{
	list_splice(list, head);
	INIT_LIST_HEAD(list);
}

static inline void list_splice_tail_init(struct list_head *list, struct list_head *head)
{
	list_splice_tail(list, head);
	INIT_LIST_HEAD(list);
}

/* Move the members from the first of @head up to @entry, with it, to @list; what @list held is lost. */
static inline void list_cut_position(struct list_head *list, struct list_head *head, struct list_head *entry)
{
	struct list_head *first = head->next, *rest = entry->next;

	INIT_LIST_HEAD(list);
	if (list_empty(head) || entry == head)
		return;
	__list_join(head, rest);
	__list_join(list, first);
	__list_join(entry, list);
}

/* Move the members before @entry to @list; what @list held is lost. */
static inline void list_cut_before(struct list_head *list, struct list_head *head, struct list_head *entry)
{
	list_cut_position(list, head, entry->prev);
}

#define list_entry(ptr, type, member)		container_of(ptr, type, member)
#define list_first_entry(head, type, member)	list_entry((head)->next, type, member)
#define list_last_entry(head, type, member)	list_entry((head)->prev, type, member)
#define list_next_entry(pos, member)		list_entry((pos)->member.next, __typeof__(*(pos)), member)
#define list_prev_entry(pos, member)		list_entry((pos)->member.prev, __typeof__(*(pos)), member)
#define list_entry_is_head(pos, head, member)	(&(pos)->member == (head))

#define list_first_entry_or_null(head, type, member)				\
({										\
	struct list_head *__head = (head);					\
	struct list_head *__first = READ_ONCE(__head->next);			\
										\
	__first != __head ? list_entry(__first, type, member) : NULL;		\
})
#define list_last_entry_or_null(head, type, member)				\
({										\
	struct list_head *__head = (head);					\
	struct list_head *__last = READ_ONCE(__head->prev);			\
										\
	__last != __head ? list_entry(__last, type, member) : NULL;		\
})
#define list_next_entry_circular(pos, head, member)				\
	(list_is_last(&(pos)->member, head) ?					\
	 list_first_entry(head, __typeof__(*(pos)), member) : list_next_entry(pos, member))
#define list_prev_entry_circular(pos, head, member)				\
	(list_is_first(&(pos)->member, head) ?					\
	 list_last_entry(head, __typeof__(*(pos)), member) : list_prev_entry(pos, member))

/*
 * Walks. _safe ones hold the next position in @n, so that the body may delete the current one;
 * _continue ones begin after @pos, _from ones at it.
 */
#define list_for_each(pos, head)						\
	for (pos = (head)->next; pos != (head); pos = pos->next)
#define list_for_each_reverse(pos, head)					\
	for (pos = (head)->prev; pos != (head); pos = pos->prev)
#define list_for_each_continue(pos, head)					\
	for (pos = pos->next; pos != (head); pos = pos->next)
#define list_for_each_prev(pos, head)	list_for_each_reverse(pos, head)
#define list_for_each_safe(pos, n, head)					\
	for (pos = (head)->next, n = pos->next; pos != (head); pos = n, n = pos->next)
#define list_for_each_prev_safe(pos, n, head)					\
	for (pos = (head)->prev, n = pos->prev; pos != (head); pos = n, n = pos->prev)

#define list_for_each_entry(pos, head, member)					\
	for (pos = list_first_entry(head, __typeof__(*pos), member);		\
	     !list_entry_is_head(pos, head, member);				\
	     pos = list_next_entry(pos, member))
#define list_for_each_entry_reverse(pos, head, member)				\
	for (pos = list_last_entry(head, __typeof__(*pos), member);		\
	     !list_entry_is_head(pos, head, member);				\
	     pos = list_prev_entry(pos, member))
#define list_prepare_entry(pos, head, member)					\
	((pos) ? (pos) : list_entry(head, __typeof__(*pos), member))
#define list_for_each_entry_continue(pos, head, member)				\
	for (pos = list_next_entry(pos, member);				\
	     !list_entry_is_head(pos, head, member);				\
	     pos = list_next_entry(pos, member))
#define list_for_each_entry_continue_reverse(pos, head, member)			\
	for (pos = list_prev_entry(pos, member);				\
	     !list_entry_is_head(pos, head, member);				\
	     pos = list_prev_entry(pos, member))
#define list_for_each_entry_from(pos, head, member)				\
	for (; !list_entry_is_head(pos, head, member);				\
	     pos = list_next_entry(pos, member))
#define list_for_each_entry_from_reverse(pos, head, member)			\
	for (; !list_entry_is_head(pos, head, member);				\
	     pos = list_prev_entry(pos, member))
#define list_for_each_entry_safe(pos, n, head, member)				\
	for (pos = list_first_entry(head, __typeof__(*pos), member),		\
	     n = list_next_entry(pos, member);					\
	     !list_entry_is_head(pos, head, member);				\
	     pos = n, n = list_next_entry(n, member))
#define list_for_each_entry_safe_continue(pos, n, head, member)			\
	for (pos = list_next_entry(pos, member),				\
	     n = list_next_entry(pos, member);					\
	     !list_entry_is_head(pos, head, member);				\
	     pos = n, n = list_next_entry(n, member))
#define list_for_each_entry_safe_from(pos, n, head, member)			\
	for (n = list_next_entry(pos, member);					\
	     !list_entry_is_head(pos, head, member);				\
	     pos = n, n = list_next_entry(n, member))
#define list_for_each_entry_safe_reverse(pos, n, head, member)			\
	for (pos = list_last_entry(head, __typeof__(*pos), member),		\
	     n = list_prev_entry(pos, member);					\
	     !list_entry_is_head(pos, head, member);				\
	     pos = n, n = list_prev_entry(n, member))
/* After the list was unlocked and locked again inside a _safe walk: take the next entry afresh. */
#define list_safe_reset_next(pos, n, member)	(n = list_next_entry(pos, member))

#define HLIST_HEAD_INIT		{ .first = NULL }
#define HLIST_HEAD(name)	struct hlist_head name = HLIST_HEAD_INIT
#define INIT_HLIST_HEAD(head)	((head)->first = NULL)

static inline void INIT_HLIST_NODE(struct hlist_node *node)
{
	node->next = NULL;
	node->pprev = NULL;
}

static inline int hlist_unhashed(const struct hlist_node *node)
{
	return !node->pprev;
}

static inline int hlist_unhashed_lockless(const struct hlist_node *node)
{
	return !READ_ONCE(node->pprev);
}

static inline int hlist_empty(const struct hlist_head *head)
{
	return !READ_ONCE(head->first);
}

static inline void __hlist_del(struct hlist_node *node)
{
	struct hlist_node *next = node->next;

	WRITE_ONCE(*node->pprev, next);
	if (next)
		WRITE_ONCE(next->pprev, node->pprev);
}

static inline void hlist_del(struct hlist_node *node)
{
	__hlist_del(node);
	node->next = (struct hlist_node *)LIST_POISON1;
	node->pprev = (struct hlist_node **)LIST_POISON2;
}

/* Unlink if linked; afterwards the node is unhashed. */
static inline void hlist_del_init(struct hlist_node *node)
{
	if (hlist_unhashed(node))
		return;
	__hlist_del(node);
	INIT_HLIST_NODE(node);
}

/* Put @node at the place that @link names, before what is there. */
static inline void __hlist_add_at(struct hlist_node *node, struct hlist_node **link)
{
	struct hlist_node *next = *link;

	WRITE_ONCE(node->next, next);
	WRITE_ONCE(node->pprev, link);
	if (next)
		WRITE_ONCE(next->pprev, &node->next);
	WRITE_ONCE(*link, node);
}

static inline void hlist_add_head(struct hlist_node *node, struct hlist_head *head)
{
	__hlist_add_at(node, &head->first);
}

static inline void hlist_add_before(struct hlist_node *node, struct hlist_node *next)
{
	__hlist_add_at(node, next->pprev);
}

static inline void hlist_add_behind(struct hlist_node *node, struct hlist_node *prev)
{
	__hlist_add_at(node, &prev->next);
}

/* A node on no list that hlist_del() accepts: it points to itself. */
static inline void hlist_add_fake(struct hlist_node *node)
{
	node->pprev = &node->next;
}

static inline bool hlist_fake(struct hlist_node *node)
{
	return node->pprev == &node->next;
}

static inline bool hlist_is_singular_node(struct hlist_node *node, struct hlist_head *head)
{
	return !node->next && node->pprev == &head->first;
}

/* All nodes change from @old, which is empty afterwards, to @head. */
static inline void hlist_move_list(struct hlist_head *old, struct hlist_head *head)
{
	head->first = old->first;
	if (head->first)
		head->first->pprev = &head->first;
	old->first = NULL;
}

#define hlist_entry(ptr, type, member)	container_of(ptr, type, member)
#define hlist_entry_safe(ptr, type, member)					\
({										\
	__typeof__(ptr) __node = (ptr);						\
										\
	__node ? hlist_entry(__node, type, member) : NULL;			\
})
#define hlist_for_each(pos, head)						\
	for (pos = (head)->first; pos; pos = pos->next)
#define hlist_for_each_safe(pos, n, head)					\
	for (pos = (head)->first; pos && ({ n = pos->next; 1; }); pos = n)
#define hlist_for_each_entry(pos, head, member)					\
	for (pos = hlist_entry_safe((head)->first, __typeof__(*(pos)), member);	\
	     pos;								\
	     pos = hlist_entry_safe((pos)->member.next, __typeof__(*(pos)), member))
#define hlist_for_each_entry_continue(pos, member)				\
	for (pos = hlist_entry_safe((pos)->member.next, __typeof__(*(pos)), member); \
	     pos;								\
	     pos = hlist_entry_safe((pos)->member.next, __typeof__(*(pos)), member))
#define hlist_for_each_entry_from(pos, member)					\
	for (; pos; pos = hlist_entry_safe((pos)->member.next, __typeof__(*(pos)), member))
#define hlist_for_each_entry_safe(pos, n, head, member)				\
	for (pos = hlist_entry_safe((head)->first, __typeof__(*pos), member);	\
	     pos && ({ n = pos->member.next; 1; });				\
	     pos = hlist_entry_safe(n, __typeof__(*pos), member))

#endif
