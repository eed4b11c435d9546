/* SPDX-License-Identifier: MIT */
/*
 * rbtree.c - balanced search trees: insertion, deletion, order.
 *
 * After Cormen, Leiserson, Rivest, Stein, "Introduction to Algorithms", chapter 13. There each fix is
 * written twice, mirrored; here once, for the side (0 left, 1 right) that its trouble is on:
 *
 *	     p                  c
 *	    / \     rotate     / \
 *	   .   c   (p, LEFT)  p   .	p sinks to the left, its right child c takes its place
 *	      / \      ->    / \
 *	     m   .          .   m
 *
 * The invariants R1..R4 are in <linux/rbtree.h>. Lock: the caller's.
 */
#include <linux/rbtree_augmented.h>

enum side { LEFT, RIGHT };

static __always_inline enum side other(enum side side)
{
	return side == LEFT ? RIGHT : LEFT;
}

static __always_inline struct rb_node **child(struct rb_node *node, enum side side)
{
	return side == LEFT ? &node->rb_left : &node->rb_right;
}

/* A missing child counts as black. */
static __always_inline bool is_red(const struct rb_node *node)
{
	return node && rb_is_red(node);
}

static __always_inline void set_color(struct rb_node *node, unsigned long color)
{
	node->__rb_parent_color = (node->__rb_parent_color & ~1ul) | color;
}

/* Colour stays. */
static __always_inline void set_parent(struct rb_node *node, struct rb_node *parent)
{
	node->__rb_parent_color = (unsigned long)parent | rb_color(node);
}

/* Whatever pointed down to @old, a child of @parent or the root, points to @node. */
static __always_inline void change_child(struct rb_node *old, struct rb_node *node, struct rb_node *parent,
					 struct rb_root *root)
{
	if (!parent)
		WRITE_ONCE(root->rb_node, node);
	else if (parent->rb_left == old)
		WRITE_ONCE(parent->rb_left, node);
	else
		WRITE_ONCE(parent->rb_right, node);
}

static void ignore_rotate(struct rb_node *old, struct rb_node *new)
{
	(void)old;
	(void)new;
}

static void ignore_propagate(struct rb_node *node, struct rb_node *stop)
{
	(void)node;
	(void)stop;
}

static const struct rb_augment_callbacks ignore = {
	.propagate = ignore_propagate,
	.copy = ignore_rotate,
	.rotate = ignore_rotate,
};

typedef void (*rotate_fn)(struct rb_node *old, struct rb_node *new);

/* @node sinks to @side; its child of the other side takes its place. Colours stay with the nodes. */
static __always_inline void rotate(struct rb_node *node, enum side side, struct rb_root *root, rotate_fn report)
{
	struct rb_node *up = *child(node, other(side));
	struct rb_node *middle = *child(up, side);
	struct rb_node *parent = rb_parent(node);

	WRITE_ONCE(*child(node, other(side)), middle);
	if (middle)
		set_parent(middle, node);
	WRITE_ONCE(*child(up, side), node);
	set_parent(node, up);
	set_parent(up, parent);
	change_child(node, up, parent, root);
	report(node, up);
}

/* @node is red and all holds but R1 and R2, at @node only: make them hold. */
static __always_inline void insert_fix(struct rb_node *node, struct rb_root *root, rotate_fn report)
{
	struct rb_node *parent, *grandparent, *uncle;
	enum side side;

	while ((parent = rb_parent(node)) && rb_is_red(parent)) {
		grandparent = rb_parent(parent);
		side = parent == grandparent->rb_left ? LEFT : RIGHT;
		uncle = *child(grandparent, other(side));
		if (is_red(uncle)) {
			set_color(parent, RB_BLACK);
			set_color(uncle, RB_BLACK);
			set_color(grandparent, RB_RED);
			node = grandparent;
			continue;
		}
		if (node == *child(parent, other(side))) {
			rotate(parent, side, root, report);
			parent = node;
		}
		set_color(parent, RB_BLACK);
		set_color(grandparent, RB_RED);
		rotate(grandparent, other(side), root, report);
		break;
	}
	set_color(root->rb_node, RB_BLACK);
}

void rb_insert_color(struct rb_node *node, struct rb_root *root)
{
	insert_fix(node, root, ignore_rotate);
}

void __rb_insert_augmented(struct rb_node *node, struct rb_root *root, rotate_fn report)
{
	insert_fix(node, root, report);
}

/* Paths through @node, a child of @parent that may be missing, have one black node too few: make R3 hold. */
static __always_inline void erase_fix(struct rb_node *node, struct rb_node *parent, struct rb_root *root,
				      rotate_fn report)
{
	struct rb_node *sibling;
	enum side side;

	while (parent && !is_red(node)) {
		side = node == parent->rb_left ? LEFT : RIGHT;
		sibling = *child(parent, other(side));
		if (rb_is_red(sibling)) {
			set_color(sibling, RB_BLACK);
			set_color(parent, RB_RED);
			rotate(parent, side, root, report);
			sibling = *child(parent, other(side));
		}
		if (!is_red(sibling->rb_left) && !is_red(sibling->rb_right)) {
			set_color(sibling, RB_RED);
			node = parent;
			parent = rb_parent(node);
			continue;
		}
		if (!is_red(*child(sibling, other(side)))) {
			set_color(*child(sibling, side), RB_BLACK);
			set_color(sibling, RB_RED);
			rotate(sibling, other(side), root, report);
			sibling = *child(parent, other(side));
		}
		set_color(sibling, rb_color(parent));
		set_color(parent, RB_BLACK);
		set_color(*child(sibling, other(side)), RB_BLACK);
		rotate(parent, side, root, report);
		return;
	}
	if (node)
		set_color(node, RB_BLACK);
}

/* Take out @node, which has one child at most. Returns the parent of the gap. */
static __always_inline struct rb_node *unlink_simple(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *parent = rb_parent(node);
	struct rb_node *only = node->rb_left ? node->rb_left : node->rb_right;

	change_child(node, only, parent, root);
	if (only)
		set_parent(only, parent);
	return parent;
}

/* @heir, which is on no tree, takes the links and the colour of @node. */
static __always_inline void inherit(struct rb_node *node, struct rb_node *heir, struct rb_root *root)
{
	*heir = *node;
	if (heir->rb_left)
		set_parent(heir->rb_left, heir);
	if (heir->rb_right)
		set_parent(heir->rb_right, heir);
	change_child(node, heir, rb_parent(node), root);
}

static __always_inline void erase(struct rb_node *node, struct rb_root *root,
				  const struct rb_augment_callbacks *augment)
{
	struct rb_node *leaving = node, *gap, *parent;
	bool was_black;

	if (node->rb_left && node->rb_right) {
		leaving = node->rb_right;
		while (leaving->rb_left)
			leaving = leaving->rb_left;
	}
	gap = leaving->rb_left ? leaving->rb_left : leaving->rb_right;
	was_black = rb_is_black(leaving);
	parent = unlink_simple(leaving, root);
	if (leaving != node) {
		inherit(node, leaving, root);
		augment->copy(node, leaving);
		if (parent == node)
			parent = leaving;
		else
			augment->propagate(parent, leaving);
		augment->propagate(leaving, NULL);
	} else {
		augment->propagate(parent, NULL);
	}
	if (was_black)
		erase_fix(gap, parent, root, augment->rotate);
}

void rb_erase(struct rb_node *node, struct rb_root *root)
{
	erase(node, root, &ignore);
}

void rb_erase_augmented(struct rb_node *node, struct rb_root *root, const struct rb_augment_callbacks *augment)
{
	erase(node, root, augment);
}

void rb_replace_node(struct rb_node *victim, struct rb_node *node, struct rb_root *root)
{
	inherit(victim, node, root);
}

static struct rb_node *outermost(struct rb_node *node, enum side side)
{
	while (node && *child(node, side))
		node = *child(node, side);
	return node;
}

/* The neighbour of @node in key order, towards @side. */
static struct rb_node *neighbour(const struct rb_node *start, enum side side)
{
	struct rb_node *node = (struct rb_node *)start, *parent;

	if (RB_EMPTY_NODE(node))
		return NULL;
	if (*child(node, side))
		return outermost(*child(node, side), other(side));
	while ((parent = rb_parent(node)) && node == *child(parent, side))
		node = parent;
	return parent;
}

struct rb_node *rb_first(const struct rb_root *root)
{
	return outermost(root->rb_node, LEFT);
}

struct rb_node *rb_last(const struct rb_root *root)
{
	return outermost(root->rb_node, RIGHT);
}

struct rb_node *rb_next(const struct rb_node *node)
{
	return neighbour(node, RIGHT);
}

struct rb_node *rb_prev(const struct rb_node *node)
{
	return neighbour(node, LEFT);
}

/* The first node of the subtree in postorder: down, to the left where there is a left. */
static struct rb_node *deepest(struct rb_node *node)
{
	while (node && (node->rb_left || node->rb_right))
		node = node->rb_left ? node->rb_left : node->rb_right;
	return node;
}

struct rb_node *rb_first_postorder(const struct rb_root *root)
{
	return deepest(root->rb_node);
}

struct rb_node *rb_next_postorder(const struct rb_node *node)
{
	struct rb_node *parent;

	if (!node)
		return NULL;
	parent = rb_parent(node);
	if (parent && node == parent->rb_left && parent->rb_right)
		return deepest(parent->rb_right);
	return parent;
}
