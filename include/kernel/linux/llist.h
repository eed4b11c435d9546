/* SPDX-License-Identifier: MIT */
/*
 * linux/llist.h - a stack that many CPUs push to without a lock.
 *
 *	head.first -> newest -> ... -> oldest -> NULL
 *
 *				llist_add	llist_del_first		llist_del_all
 *	llist_add		free		free			free
 *	llist_del_first				one at a time		a lock
 *	llist_del_all							free
 */
#ifndef _LINUX_LLIST_H
#define _LINUX_LLIST_H

#include <linux/container_of.h>
#include <linux/types.h>

struct llist_node {
	struct llist_node *next;
};

struct llist_head {
	struct llist_node *first;
};

#define LLIST_HEAD_INIT(name)	{ NULL }
#define LLIST_HEAD(name)	struct llist_head name = LLIST_HEAD_INIT(name)

static inline void init_llist_head(struct llist_head *list)
{
	list->first = NULL;
}

static inline bool llist_empty(const struct llist_head *head)
{
	return READ_ONCE(head->first) == NULL;
}

static inline struct llist_node *llist_next(struct llist_node *node)
{
	return node->next;
}

/* Push the chain @first..@last. Returns whether the list was empty. */
static inline bool llist_add_batch(struct llist_node *first, struct llist_node *last, struct llist_head *head)
{
	struct llist_node *top = __atomic_load_n(&head->first, __ATOMIC_RELAXED);

	do {
		last->next = top;
	} while (!__atomic_compare_exchange_n(&head->first, &top, first, false,
					      __ATOMIC_RELEASE, __ATOMIC_RELAXED));
	return !top;
}

static inline bool llist_add(struct llist_node *node, struct llist_head *head)
{
	return llist_add_batch(node, node, head);
}

/* llist_add() and llist_del_all() where nobody else has the list. */
static inline bool __llist_add(struct llist_node *node, struct llist_head *head)
{
	node->next = head->first;
	head->first = node;
	return !node->next;
}

static inline struct llist_node *__llist_del_all(struct llist_head *head)
{
	struct llist_node *first = head->first;

	head->first = NULL;
	return first;
}

/* Take the whole chain, newest first. */
static inline struct llist_node *llist_del_all(struct llist_head *head)
{
	return __atomic_exchange_n(&head->first, NULL, __ATOMIC_ACQUIRE);
}

/* Take the newest, or NULL. One taker at a time: with two, a node may come back between load and exchange. */
static inline struct llist_node *llist_del_first(struct llist_head *head)
{
	struct llist_node *top = __atomic_load_n(&head->first, __ATOMIC_ACQUIRE);

	while (top && !__atomic_compare_exchange_n(&head->first, &top, READ_ONCE(top->next), false,
						   __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE))
		;
	return top;
}

/* A taken chain, oldest first. */
static inline struct llist_node *llist_reverse_order(struct llist_node *head)
{
	struct llist_node *reversed = NULL;

	while (head) {
		struct llist_node *next = head->next;

		head->next = reversed;
		reversed = head;
		head = next;
	}
	return reversed;
}

#define llist_entry(ptr, type, member)	container_of(ptr, type, member)
#define __llist_entry_or_null(ptr, type, member)				\
({										\
	struct llist_node *__link = (ptr);					\
										\
	__link ? llist_entry(__link, type, member) : NULL;			\
})
#define llist_for_each(pos, node)						\
	for ((pos) = (node); pos; (pos) = (pos)->next)
#define llist_for_each_safe(pos, n, node)					\
	for ((pos) = (node); (pos) && ((n) = (pos)->next, true); (pos) = (n))
#define llist_for_each_entry(pos, node, member)					\
	for ((pos) = __llist_entry_or_null((node), __typeof__(*(pos)), member); (pos); \
	     (pos) = __llist_entry_or_null((pos)->member.next, __typeof__(*(pos)), member))
#define llist_for_each_entry_safe(pos, n, node, member)				\
	for ((pos) = __llist_entry_or_null((node), __typeof__(*(pos)), member);	\
	     (pos) && ((n) = __llist_entry_or_null((pos)->member.next, __typeof__(*(pos)), member), true); \
	     (pos) = (n))

#endif
