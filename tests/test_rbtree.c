/* SPDX-License-Identifier: MIT */
/*
 * test_rbtree.c - the tree against a sorted array: the same random steps, compared at each.
 *
 * tree_is_valid() is the header's R1..R4, the order of keys and the greatest size below each node.
 */
#include "tests/ktap.h"

#include <linux/kernel.h>
#include <linux/rbtree_augmented.h>

#define NR_ITEMS 200

struct item {
	struct rb_node rb;
	unsigned int key;
	unsigned int size;
	unsigned int max_size;
	bool on_tree;
};

#define item_of(node) rb_entry(node, struct item, rb)

static unsigned int item_size(struct item *item)
{
	return item->size;
}

RB_DECLARE_CALLBACKS_MAX(static, item_callbacks, struct item, rb, unsigned int, max_size, item_size);

static void insert_augmented(struct item *item, struct rb_root_cached *root)
{
	struct rb_node **link = &root->rb_root.rb_node, *parent = NULL;
	bool leftmost = true;

	item->max_size = item->size;
	while (*link) {
		parent = *link;
		item_of(parent)->max_size = max(item_of(parent)->max_size, item->size);
		if (item->key < item_of(parent)->key) {
			link = &parent->rb_left;
		} else {
			link = &parent->rb_right;
			leftmost = false;
		}
	}
	rb_link_node(&item->rb, parent, link);
	rb_insert_augmented_cached(&item->rb, root, leftmost, &item_callbacks);
	item->on_tree = true;
}

static void erase_augmented(struct item *item, struct rb_root_cached *root)
{
	rb_erase_augmented_cached(&item->rb, root, &item_callbacks);
	item->on_tree = false;
}

static void insert_plain(struct item *item, struct rb_root_cached *root)
{
	struct rb_node **link = &root->rb_root.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = item->key < item_of(parent)->key ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&item->rb, parent, link);
	rb_insert_color(&item->rb, &root->rb_root);
	item->on_tree = true;
}

static void erase_plain(struct item *item, struct rb_root_cached *root)
{
	rb_erase(&item->rb, &root->rb_root);
	item->on_tree = false;
}

/* Black nodes on every path down from @node, or -1 if the subtree breaks a rule. */
static int black_height(struct rb_node *node, struct rb_node *parent, bool augmented)
{
	struct rb_node *left, *right;
	unsigned int greatest;
	int below;

	if (!node)
		return 0;
	left = node->rb_left;
	right = node->rb_right;
	if (rb_parent(node) != parent || (rb_is_red(node) && (!parent || rb_is_red(parent))))
		return -1;
	if ((left && item_of(left)->key > item_of(node)->key) || (right && item_of(right)->key < item_of(node)->key))
		return -1;
	greatest = max3(item_of(node)->size, left ? item_of(left)->max_size : 0u,
			right ? item_of(right)->max_size : 0u);
	if (augmented && item_of(node)->max_size != greatest)
		return -1;
	below = black_height(left, node, augmented);
	if (below < 0 || below != black_height(right, node, augmented))
		return -1;
	return below + (rb_is_black(node) ? 1 : 0);
}

static bool tree_is_valid(const struct rb_root_cached *root, bool augmented)
{
	return black_height(root->rb_root.rb_node, NULL, augmented) >= 0;
}

/* The keys of @items that are on the tree, in order. */
static unsigned int model_of(const struct item *items, unsigned int *keys)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < NR_ITEMS; i++) {
		unsigned int at = count;

		if (!items[i].on_tree)
			continue;
		for (; at && keys[at - 1] > items[i].key; at--)
			keys[at] = keys[at - 1];
		keys[at] = items[i].key;
		count++;
	}
	return count;
}

static bool walks_equal_model(const struct rb_root_cached *root, const struct item *items)
{
	unsigned int keys[NR_ITEMS], count = model_of(items, keys), at = 0;
	struct rb_node *node;

	for (node = rb_first(&root->rb_root); node; node = rb_next(node)) {
		if (at >= count || item_of(node)->key != keys[at++])
			return false;
	}
	if (at != count)
		return false;
	for (node = rb_last(&root->rb_root); node; node = rb_prev(node)) {
		if (!at || item_of(node)->key != keys[--at])
			return false;
	}
	return at == 0;
}

static void run_steps(struct ktap *t, bool augmented, unsigned int key_range)
{
	static struct item items[NR_ITEMS];
	struct rb_root_cached root = RB_ROOT_CACHED;
	int steps = t->soak ? 100000 : 4000;

	for (int i = 0; i < NR_ITEMS; i++)
		items[i] = (struct item){ .on_tree = false };
	for (int step = 0; step < steps; step++) {
		struct item *item = &items[ktap_random(t) % NR_ITEMS];

		if (item->on_tree) {
			augmented ? erase_augmented(item, &root) : erase_plain(item, &root);
		} else {
			item->key = ktap_random(t) % key_range;
			item->size = ktap_random(t) % 1000;
			augmented ? insert_augmented(item, &root) : insert_plain(item, &root);
		}
		ASSERT(t, tree_is_valid(&root, augmented));
		if (augmented)
			ASSERT(t, rb_first_cached(&root) == rb_first(&root.rb_root));
		if (step % 16 == 0)
			ASSERT(t, walks_equal_model(&root, items));
	}
}

static void random_steps_equal_a_sorted_array(struct ktap *t)
{
	run_steps(t, false, 1000000);
}

static void random_steps_with_many_equal_keys(struct ktap *t)
{
	run_steps(t, false, 10);
}

static void augmented_maximum_stays_true(struct ktap *t)
{
	run_steps(t, true, 1000000);
	run_steps(t, true, 5);
}

/* Every order of inserting n nodes and every one erased first: small worlds whole. */
static void all_insertions_of_seven_then_each_erased(struct ktap *t)
{
	for (int victim = 0; victim < 7; victim++) {
		for (int code = 0; code < 5040; code++) {
			struct item items[7] = { 0 };
			struct rb_root_cached root = RB_ROOT_CACHED;
			unsigned int left[7] = { 0, 1, 2, 3, 4, 5, 6 };

			for (int n = 7, rest = code; n; rest /= n, n--) {
				struct item *item = &items[left[rest % n]];

				item->key = item - items;
				item->size = 10 + item->key * 3 % 7;
				left[rest % n] = left[n - 1];
				insert_augmented(item, &root);
			}
			erase_augmented(&items[victim], &root);
			ASSERT(t, tree_is_valid(&root, true));
		}
	}
}

static bool item_less(struct rb_node *a, const struct rb_node *b)
{
	return item_of(a)->key < item_of(b)->key;
}

static int item_compare(const void *key, const struct rb_node *node)
{
	unsigned int wanted = *(const unsigned int *)key, have = item_of(node)->key;

	return wanted < have ? -1 : wanted > have;
}

static int item_compare_nodes(struct rb_node *a, const struct rb_node *b)
{
	return item_compare(&item_of(a)->key, b);
}

static void add_and_find_by_key(struct ktap *t)
{
	static const unsigned int keys[] = { 5, 3, 8, 3, 9, 1, 3 };
	struct item items[ARRAY_SIZE(keys)];
	struct rb_root_cached root = RB_ROOT_CACHED;
	struct rb_node *node;
	unsigned int wanted = 3, absent = 4, found = 0;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		items[i].key = keys[i];
		node = rb_add_cached(&items[i].rb, &root, item_less);
		EXPECT(t, (node == &items[i].rb) == (rb_first(&root.rb_root) == &items[i].rb));
	}
	rb_for_each(node, &wanted, &root.rb_root, item_compare)
		found++;
	EXPECT_EQ(t, found, 3);
	EXPECT(t, rb_find_first(&wanted, &root.rb_root, item_compare) == &items[1].rb);
	EXPECT(t, rb_find(&absent, &root.rb_root, item_compare) == NULL);
	EXPECT(t, rb_first_cached(&root) == &items[5].rb);
	EXPECT(t, rb_erase_cached(&items[5].rb, &root) == &items[1].rb);
	EXPECT(t, rb_erase_cached(&items[4].rb, &root) == NULL);
}

static void find_add_keeps_the_first(struct ktap *t)
{
	struct item a = { .key = 7 }, b = { .key = 7 };
	struct rb_root root = RB_ROOT;

	EXPECT(t, rb_find_add(&a.rb, &root, item_compare_nodes) == NULL);
	EXPECT(t, rb_find_add(&b.rb, &root, item_compare_nodes) == &a.rb);
	EXPECT(t, rb_next(&a.rb) == NULL);
}

static void replaced_node_has_its_place(struct ktap *t)
{
	struct item items[5] = { { .key = 0 }, { .key = 1 }, { .key = 2 }, { .key = 3 }, { .key = 4 } };
	struct rb_root_cached root = RB_ROOT_CACHED;

	for (int victim = 0; victim < 5; victim++) {
		struct item other = { .key = victim };

		root = RB_ROOT_CACHED;
		for (int i = 0; i < 5; i++)
			rb_add_cached(&items[i].rb, &root, item_less);
		rb_replace_node_cached(&items[victim].rb, &other.rb, &root);
		EXPECT(t, tree_is_valid(&root, false));
		EXPECT_EQ(t, rb_first_cached(&root) == &other.rb, victim == 0);
		EXPECT(t, rb_find(&other.key, &root.rb_root, item_compare) == &other.rb);
	}
}

static void postorder_visits_children_first(struct ktap *t)
{
	struct item items[50], *item, *next;
	struct rb_root_cached root = RB_ROOT_CACHED;
	int visited = 0;

	for (int i = 0; i < 50; i++) {
		items[i].key = ktap_random(t) % 100;
		insert_plain(&items[i], &root);
	}
	rbtree_postorder_for_each_entry_safe(item, next, &root.rb_root, rb) {
		EXPECT(t, !item->rb.rb_left || !item_of(item->rb.rb_left)->on_tree);
		EXPECT(t, !item->rb.rb_right || !item_of(item->rb.rb_right)->on_tree);
		item->on_tree = false;
		visited++;
	}
	EXPECT_EQ(t, visited, 50);
}

static void empty_tree_and_node(struct ktap *t)
{
	struct rb_root root = RB_ROOT;
	struct rb_node node;

	EXPECT(t, RB_EMPTY_ROOT(&root));
	EXPECT(t, !rb_first(&root) && !rb_last(&root) && !rb_first_postorder(&root));
	RB_CLEAR_NODE(&node);
	EXPECT(t, RB_EMPTY_NODE(&node));
	EXPECT(t, !rb_next(&node) && !rb_next_postorder(NULL));
	EXPECT_EQ(t, sizeof(struct rb_node), 3 * sizeof(long));
}

/* The checker sees what it is for. */
static void a_broken_tree_is_not_valid(struct ktap *t)
{
	struct item items[7] = { 0 };
	struct rb_root_cached root = RB_ROOT_CACHED;

	for (int i = 0; i < 7; i++) {
		items[i].key = i;
		items[i].size = i;
		insert_augmented(&items[i], &root);
	}
	ASSERT(t, tree_is_valid(&root, true));
	items[3].max_size++;
	EXPECT(t, !tree_is_valid(&root, true));
	items[3].max_size--;
	items[3].rb.__rb_parent_color ^= 1;
	EXPECT(t, !tree_is_valid(&root, true));
	items[3].rb.__rb_parent_color ^= 1;
	items[0].key = 6;
	EXPECT(t, !tree_is_valid(&root, true));
}

KTAP_SUITE(rbtree,
	KTAP_CASE(random_steps_equal_a_sorted_array),
	KTAP_CASE(random_steps_with_many_equal_keys),
	KTAP_CASE(augmented_maximum_stays_true),
	KTAP_CASE(all_insertions_of_seven_then_each_erased),
	KTAP_CASE(add_and_find_by_key),
	KTAP_CASE(find_add_keeps_the_first),
	KTAP_CASE(replaced_node_has_its_place),
	KTAP_CASE(postorder_visits_children_first),
	KTAP_CASE(empty_tree_and_node),
	KTAP_CASE(a_broken_tree_is_not_valid));
