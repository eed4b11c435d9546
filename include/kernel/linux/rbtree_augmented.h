/* SPDX-License-Identifier: MIT */
/*
 * linux/rbtree_augmented.h - trees whose nodes also hold a summary of everything below them.
 *
 *	            [20,9]		[key, greatest size below and here]
 *	           /      \
 *	      [10,3]      [30,9]	value(node) = combine(own, value(left), value(right))
 *
 * The tree tells through three callbacks what its own changes do to summaries:
 *	propagate(node, stop)	recompute node and its ancestors below stop (NULL: all)
 *	copy(old, new)		new stands where old stood: takes its summary
 *	rotate(old, new)	new, a child, has become the parent of old: takes its summary; old's is recomputed
 *
 * An inserter updates the summaries of the path on its way down, links the node, then calls
 * rb_insert_augmented(). rb_erase_augmented() does all by itself. Source: core-api/rbtree.rst
 */
#ifndef _LINUX_RBTREE_AUGMENTED_H
#define _LINUX_RBTREE_AUGMENTED_H

#include <linux/rbtree.h>

struct rb_augment_callbacks {
	void (*propagate)(struct rb_node *node, struct rb_node *stop);
	void (*copy)(struct rb_node *old, struct rb_node *new);
	void (*rotate)(struct rb_node *old, struct rb_node *new);
};

#define RB_RED			0
#define RB_BLACK		1
#define __rb_color(word)	((word) & 1)
#define __rb_is_black(word)	__rb_color(word)
#define __rb_is_red(word)	(!__rb_color(word))
#define rb_color(node)		__rb_color((node)->__rb_parent_color)
#define rb_is_red(node)		__rb_is_red((node)->__rb_parent_color)
#define rb_is_black(node)	__rb_is_black((node)->__rb_parent_color)

void __rb_insert_augmented(struct rb_node *node, struct rb_root *root,
			   void (*rotate)(struct rb_node *old, struct rb_node *new));
void rb_erase_augmented(struct rb_node *node, struct rb_root *root,
			const struct rb_augment_callbacks *augment);

static inline void rb_insert_augmented(struct rb_node *node, struct rb_root *root,
				       const struct rb_augment_callbacks *augment)
{
	__rb_insert_augmented(node, root, augment->rotate);
}

static inline void rb_insert_augmented_cached(struct rb_node *node, struct rb_root_cached *root, bool leftmost,
					      const struct rb_augment_callbacks *augment)
{
	if (leftmost)
		root->rb_leftmost = node;
	rb_insert_augmented(node, &root->rb_root, augment);
}

static inline void rb_erase_augmented_cached(struct rb_node *node, struct rb_root_cached *root,
					     const struct rb_augment_callbacks *augment)
{
	if (root->rb_leftmost == node)
		root->rb_leftmost = rb_next(node);
	rb_erase_augmented(node, &root->rb_root, augment);
}

/*
 * RB_DECLARE_CALLBACKS - define callbacks called @rbname for @rbstruct, whose node is @rbfield and whose
 * summary is @rbaugmented. @rbcompute(object, exit) stores the summary anew; with exit it returns true,
 * and need not store, if nothing changed.
 */
#define RB_DECLARE_CALLBACKS(rbstatic, rbname, rbstruct, rbfield, rbaugmented, rbcompute) \
static inline void rbname##_propagate(struct rb_node *rb, struct rb_node *stop)	\
{										\
	for (; rb != stop; rb = rb_parent(rb)) {				\
		if (rbcompute(rb_entry(rb, rbstruct, rbfield), true))		\
			break;							\
	}									\
}										\
static inline void rbname##_copy(struct rb_node *rb_old, struct rb_node *rb_new) \
{										\
	rb_entry(rb_new, rbstruct, rbfield)->rbaugmented =			\
		rb_entry(rb_old, rbstruct, rbfield)->rbaugmented;		\
}										\
static void rbname##_rotate(struct rb_node *rb_old, struct rb_node *rb_new)	\
{										\
	rbname##_copy(rb_old, rb_new);						\
	rbcompute(rb_entry(rb_old, rbstruct, rbfield), false);			\
}										\
rbstatic const struct rb_augment_callbacks rbname = {				\
	.propagate = rbname##_propagate,					\
	.copy = rbname##_copy,							\
	.rotate = rbname##_rotate,						\
}

/* The summary is the greatest of @rbcompute(object), of type @rbtype, in the subtree. */
#define RB_DECLARE_CALLBACKS_MAX(rbstatic, rbname, rbstruct, rbfield, rbtype, rbaugmented, rbcompute) \
static inline bool rbname##_compute_max(rbstruct *node, bool exit)		\
{										\
	rbstruct *left = rb_entry_safe(node->rbfield.rb_left, rbstruct, rbfield); \
	rbstruct *right = rb_entry_safe(node->rbfield.rb_right, rbstruct, rbfield); \
	rbtype max = rbcompute(node);						\
										\
	if (left && left->rbaugmented > max)					\
		max = left->rbaugmented;					\
	if (right && right->rbaugmented > max)					\
		max = right->rbaugmented;					\
	if (exit && node->rbaugmented == max)					\
		return true;							\
	node->rbaugmented = max;						\
	return false;								\
}										\
RB_DECLARE_CALLBACKS(rbstatic, rbname, rbstruct, rbfield, rbaugmented, rbname##_compute_max)

#endif
