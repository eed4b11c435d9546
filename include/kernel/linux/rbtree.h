/* SPDX-License-Identifier: MIT */
/*
 * linux/rbtree.h - balanced search trees whose nodes lie inside their members.
 *
 *	            13b				b black, r red; a node's colour is bit 0 of its
 *	          /     \			parent word (1 is black)
 *	        8r       17b
 *	       /  \         \			height <= 2 log2(n + 1)
 *	     1b    11b       25r
 *
 * The tree does not know keys: a caller descends, links the node with rb_link_node(), then calls
 * rb_insert_color(); or uses rb_add() and rb_find(). A cached root remembers its first node.
 *
 * True between calls:
 *	R1  the root is black
 *	R2  a red node has no red child
 *	R3  every path from a node down to a missing child passes equally many black nodes
 *	R4  a child's parent word names its parent
 * Insert and erase are O(log n); neither calls out. Lock: the caller's.
 * Source: core-api/rbtree.rst
 */
#ifndef _LINUX_RBTREE_H
#define _LINUX_RBTREE_H

#include <linux/container_of.h>
#include <linux/types.h>

struct rb_node {
	unsigned long __rb_parent_color;	/* address of the parent, and in bit 0 the colour */
	struct rb_node *rb_right;
	struct rb_node *rb_left;
} __aligned(sizeof(long));

struct rb_root {
	struct rb_node *rb_node;
};

struct rb_root_cached {
	struct rb_root rb_root;
	struct rb_node *rb_leftmost;
};

#define RB_ROOT			((struct rb_root) { NULL })
#define RB_ROOT_CACHED		((struct rb_root_cached) { { NULL }, NULL })
#define rb_parent(node)		((struct rb_node *)((node)->__rb_parent_color & ~3ul))
#define rb_entry(ptr, type, member)	container_of(ptr, type, member)
#define rb_entry_safe(ptr, type, member)					\
({										\
	__typeof__(ptr) __node = (ptr);						\
										\
	__node ? rb_entry(__node, type, member) : NULL;				\
})

#define RB_EMPTY_ROOT(root)	(READ_ONCE((root)->rb_node) == NULL)
/* A node that is on no tree, if RB_CLEAR_NODE said so. */
#define RB_EMPTY_NODE(node)	((node)->__rb_parent_color == (unsigned long)(node))
#define RB_CLEAR_NODE(node)	((node)->__rb_parent_color = (unsigned long)(node))

/* Rebalance after rb_link_node(); take out a node that is on the tree. */
void rb_insert_color(struct rb_node *node, struct rb_root *root);
void rb_erase(struct rb_node *node, struct rb_root *root);
/* @node takes the place of @victim; their keys must order alike. O(1). */
void rb_replace_node(struct rb_node *victim, struct rb_node *node, struct rb_root *root);

/* In order of keys; NULL at the end. O(log n) worst, O(1) on average over a walk. */
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);

/* Children before their parent: an order in which each node may be freed once it was visited. */
struct rb_node *rb_first_postorder(const struct rb_root *root);
struct rb_node *rb_next_postorder(const struct rb_node *node);

/* Hang the new red @node at @link, an empty child of @parent (or the root). */
static inline void rb_link_node(struct rb_node *node, struct rb_node *parent, struct rb_node **link)
{
	node->__rb_parent_color = (unsigned long)parent;
	node->rb_left = NULL;
	node->rb_right = NULL;
	*link = node;
}

#define rb_first_cached(root)	((root)->rb_leftmost)

/* @leftmost: every step of the descent went left. */
static inline void rb_insert_color_cached(struct rb_node *node, struct rb_root_cached *root, bool leftmost)
{
	if (leftmost)
		root->rb_leftmost = node;
	rb_insert_color(node, &root->rb_root);
}

/* Returns the new first node if the first one was erased, otherwise NULL. */
static inline struct rb_node *rb_erase_cached(struct rb_node *node, struct rb_root_cached *root)
{
	struct rb_node *leftmost = NULL;

	if (root->rb_leftmost == node)
		leftmost = root->rb_leftmost = rb_next(node);
	rb_erase(node, &root->rb_root);
	return leftmost;
}

static inline void rb_replace_node_cached(struct rb_node *victim, struct rb_node *node,
					  struct rb_root_cached *root)
{
	if (root->rb_leftmost == victim)
		root->rb_leftmost = node;
	rb_replace_node(victim, node, &root->rb_root);
}

/* Descend for rb_add(): after all that do not order behind @node. Returns the link; @parent and @leftmost are set. */
static __always_inline struct rb_node **__rb_place(struct rb_node *node, struct rb_root *root,
						   bool (*less)(struct rb_node *a, const struct rb_node *b),
						   struct rb_node **parent, bool *leftmost)
{
	struct rb_node **link = &root->rb_node;

	*parent = NULL;
	*leftmost = true;
	while (*link) {
		*parent = *link;
		if (less(node, *parent)) {
			link = &(*parent)->rb_left;
		} else {
			link = &(*parent)->rb_right;
			*leftmost = false;
		}
	}
	return link;
}

/* Insert; equal keys keep the order of their insertion. */
static __always_inline void rb_add(struct rb_node *node, struct rb_root *tree,
				   bool (*less)(struct rb_node *a, const struct rb_node *b))
{
	struct rb_node *parent;
	bool leftmost;
	struct rb_node **link = __rb_place(node, tree, less, &parent, &leftmost);

	rb_link_node(node, parent, link);
	rb_insert_color(node, tree);
}

/* The same; returns @node if it became the first, otherwise NULL. */
static __always_inline struct rb_node *rb_add_cached(struct rb_node *node, struct rb_root_cached *tree,
						     bool (*less)(struct rb_node *a, const struct rb_node *b))
{
	struct rb_node *parent;
	bool leftmost;
	struct rb_node **link = __rb_place(node, &tree->rb_root, less, &parent, &leftmost);

	rb_link_node(node, parent, link);
	rb_insert_color_cached(node, tree, leftmost);
	return leftmost ? node : NULL;
}

/* The node equal to @node that the tree already holds, or NULL after inserting @node. */
static __always_inline struct rb_node *rb_find_add(struct rb_node *node, struct rb_root *tree,
						   int (*cmp)(struct rb_node *a, const struct rb_node *b))
{
	struct rb_node **link = &tree->rb_node, *parent = NULL;

	while (*link) {
		int order;

		parent = *link;
		order = cmp(node, parent);
		if (!order)
			return parent;
		link = order < 0 ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(node, parent, link);
	rb_insert_color(node, tree);
	return NULL;
}

/* Any node that @cmp calls equal to @key, or NULL. */
static __always_inline struct rb_node *rb_find(const void *key, const struct rb_root *tree,
					       int (*cmp)(const void *key, const struct rb_node *node))
{
	struct rb_node *node = tree->rb_node;

	while (node) {
		int order = cmp(key, node);

		if (!order)
			return node;
		node = order < 0 ? node->rb_left : node->rb_right;
	}
	return NULL;
}

/* The first of the nodes equal to @key, or NULL. */
static __always_inline struct rb_node *rb_find_first(const void *key, const struct rb_root *tree,
						     int (*cmp)(const void *key, const struct rb_node *node))
{
	struct rb_node *node = tree->rb_node, *match = NULL;

	while (node) {
		int order = cmp(key, node);

		if (!order)
			match = node;
		node = order <= 0 ? node->rb_left : node->rb_right;
	}
	return match;
}

/* The node after @node if it equals @key too, or NULL. */
static __always_inline struct rb_node *rb_next_match(const void *key, struct rb_node *node,
						     int (*cmp)(const void *key, const struct rb_node *node))
{
	node = rb_next(node);
	return node && !cmp(key, node) ? node : NULL;
}

#define rb_for_each(node, key, tree, cmp)					\
	for ((node) = rb_find_first((key), (tree), (cmp)); (node);		\
	     (node) = rb_next_match((key), (node), (cmp)))

/* Visit all; the body may free @pos, not rebalance. */
#define rbtree_postorder_for_each_entry_safe(pos, n, root, field)		\
	for (pos = rb_entry_safe(rb_first_postorder(root), __typeof__(*pos), field); \
	     pos && ({ n = rb_entry_safe(rb_next_postorder(&pos->field), __typeof__(*pos), field); 1; }); \
	     pos = n)

#endif
