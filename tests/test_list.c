/* SPDX-License-Identifier: MIT */
/*
 * test_list.c - lists against an array of values: the same random steps, compared at each in both directions.
 */
#include "tests/ktap.h"

#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/string.h>

#define NR 12

struct item {
	int value;
	struct list_head link;
	struct hlist_node hash;
	struct llist_node stack;
};

/* A list of values too simple to be wrong. */
struct model {
	int value[2 * NR];
	int count;
};

static void model_insert(struct model *m, int at, int value)
{
	memmove(m->value + at + 1, m->value + at, (m->count++ - at) * sizeof(int));
	m->value[at] = value;
}

static int model_remove(struct model *m, int at)
{
	int value = m->value[at];

	memmove(m->value + at, m->value + at + 1, (--m->count - at) * sizeof(int));
	return value;
}

/* The first becomes the last. */
static void model_rotate(struct model *m)
{
	int value = model_remove(m, 0);

	model_insert(m, m->count, value);
}

static bool list_is(struct list_head *head, const struct model *m)
{
	struct item *item;
	int at = 0;

	list_for_each_entry(item, head, link) {
		if (at >= m->count || item->value != m->value[at++])
			return false;
	}
	if (at != m->count)
		return false;
	list_for_each_entry_reverse(item, head, link) {
		if (!at || item->value != m->value[--at])
			return false;
	}
	return !at && (int)list_count_nodes(head) == m->count && list_empty(head) == !m->count &&
	       list_is_singular(head) == (m->count == 1);
}

static struct list_head *nth(struct list_head *head, int at)
{
	struct list_head *link = head->next;

	while (at--)
		link = link->next;
	return link;
}

/* One random change of the two lists @head and @m: move, rotate, cut, splice, swap. */
static void step(struct ktap *t, struct list_head *head, struct model *m)
{
	int from = ktap_random(t) & 1, to = ktap_random(t) & 1, at, other;
	struct list_head *link, part;
	struct model *source = &m[from], *target = &m[to];

	if (!source->count)
		return;
	at = ktap_random(t) % source->count;
	other = ktap_random(t) % source->count;
	link = nth(&head[from], at);
	switch (ktap_random(t) % 9) {
	case 0:
		list_move(link, &head[to]);
		model_insert(target, 0, model_remove(source, at));
		break;
	case 1: {
		int value = model_remove(source, at);

		list_move_tail(link, &head[to]);
		model_insert(target, target->count, value);
		break;
	}
	case 2:
		list_rotate_left(&head[from]);
		model_rotate(source);
		break;
	case 3:
		list_rotate_to_front(link, &head[from]);
		while (at--)
			model_rotate(source);
		break;
	case 4:
		list_cut_position(&part, &head[from], link);
		list_splice_tail_init(&part, &head[from]);
		for (at++; at; at--)
			model_rotate(source);
		break;
	case 5:
		list_cut_before(&part, &head[from], link);
		list_splice_tail(&part, &head[from]);
		while (at--)
			model_rotate(source);
		break;
	case 6:
		if (from == to)
			break;
		list_splice_init(&head[from], &head[to]);
		while (source->count)
			model_insert(target, 0, model_remove(source, source->count - 1));
		break;
	case 7:
		if (at != other) {
			list_swap(link, nth(&head[from], other));
			swap(source->value[at], source->value[other]);
		}
		break;
	case 8:
		list_del(link);
		list_add(link, &head[from]);
		model_insert(source, 0, model_remove(source, at));
		break;
	}
}

static void random_steps_equal_arrays(struct ktap *t)
{
	struct list_head head[2] = { LIST_HEAD_INIT(head[0]), LIST_HEAD_INIT(head[1]) };
	struct model m[2] = { 0 };
	struct item items[NR];

	for (int i = 0; i < NR; i++) {
		items[i].value = i;
		list_add_tail(&items[i].link, &head[0]);
		model_insert(&m[0], i, i);
	}
	for (int i = 0; i < 20000; i++) {
		step(t, head, m);
		ASSERT(t, list_is(&head[0], &m[0]));
		ASSERT(t, list_is(&head[1], &m[1]));
	}
}

static void deleted_links_are_poisoned(struct ktap *t)
{
	struct item item;
	LIST_HEAD(head);

	list_add(&item.link, &head);
	list_del(&item.link);
	EXPECT(t, list_empty(&head));
	EXPECT_EQ(t, (unsigned long)item.link.next, sizeof(long) == 8 ? 0xdead000000000100ull : 0x100ull);
	EXPECT_EQ(t, (unsigned long)item.link.prev, sizeof(long) == 8 ? 0xdead000000000122ull : 0x122ull);
	list_add(&item.link, &head);
	list_del_init(&item.link);
	EXPECT(t, list_empty(&item.link) && list_empty_careful(&item.link));
	list_add(&item.link, &head);
	EXPECT(t, !list_empty_careful(&head));
	list_del_init_careful(&item.link);
	EXPECT(t, list_empty_careful(&item.link));
}

static void ends_and_neighbours(struct ktap *t)
{
	struct item items[3] = { { .value = 0 }, { .value = 1 }, { .value = 2 } }, other = { .value = 9 };
	LIST_HEAD(head);

	EXPECT_NULL(t, list_first_entry_or_null(&head, struct item, link));
	for (int i = 0; i < 3; i++)
		list_add_tail(&items[i].link, &head);
	EXPECT(t, list_first_entry_or_null(&head, struct item, link) == &items[0]);
	EXPECT(t, list_last_entry(&head, struct item, link) == &items[2]);
	EXPECT(t, list_next_entry(&items[0], link) == &items[1]);
	EXPECT(t, list_next_entry_circular(&items[2], &head, link) == &items[0]);
	EXPECT(t, list_prev_entry_circular(&items[0], &head, link) == &items[2]);
	EXPECT(t, list_is_first(&items[0].link, &head) && list_is_last(&items[2].link, &head));
	list_replace_init(&items[1].link, &other.link);
	EXPECT(t, list_next_entry(&items[0], link) == &other);
	EXPECT(t, list_empty(&items[1].link));
	list_bulk_move_tail(&head, &items[0].link, &other.link);
	EXPECT(t, list_first_entry(&head, struct item, link) == &items[2]);
	EXPECT(t, list_last_entry(&head, struct item, link) == &other);
}

static void safe_walks_survive_deletion(struct ktap *t)
{
	struct item items[5], *item, *next;
	LIST_HEAD(head);
	int sum = 0;

	for (int i = 0; i < 5; i++) {
		items[i].value = i;
		list_add_tail(&items[i].link, &head);
	}
	list_for_each_entry_safe(item, next, &head, link) {
		if (item->value % 2)
			list_del(&item->link);
	}
	item = &items[0];
	list_for_each_entry_continue(item, &head, link)
		sum = sum * 10 + item->value;
	item = &items[2];
	list_for_each_entry_from(item, &head, link)
		sum = sum * 10 + item->value;
	EXPECT_EQ(t, sum, 2424);
	list_for_each_entry_safe_reverse(item, next, &head, link)
		list_del(&item->link);
	EXPECT(t, list_empty(&head));
}

static void hash_lists(struct ktap *t)
{
	struct item items[4], *item;
	struct hlist_node *next;
	HLIST_HEAD(head);
	HLIST_HEAD(other);
	int sum = 0;

	for (int i = 0; i < 4; i++) {
		items[i].value = i;
		INIT_HLIST_NODE(&items[i].hash);
	}
	hlist_del_init(&items[3].hash);
	hlist_add_head(&items[1].hash, &head);
	EXPECT(t, hlist_is_singular_node(&items[1].hash, &head));
	hlist_add_before(&items[0].hash, &items[1].hash);
	hlist_add_behind(&items[2].hash, &items[1].hash);
	hlist_for_each_entry(item, &head, hash)
		sum = sum * 10 + item->value + 1;
	EXPECT_EQ(t, sum, 123);
	hlist_move_list(&head, &other);
	EXPECT(t, hlist_empty(&head) && items[0].hash.pprev == &other.first);
	hlist_for_each_entry_safe(item, next, &other, hash) {
		if (item->value != 2)
			hlist_del(&item->hash);
	}
	EXPECT(t, other.first == &items[2].hash && !items[2].hash.next);
	hlist_del_init(&items[2].hash);
	EXPECT(t, hlist_unhashed(&items[2].hash) && hlist_empty(&other));
}

#define NR_PUSHES 2000

struct pushers {
	struct llist_head head;
	struct llist_node nodes[4][NR_PUSHES];
	unsigned long popped;
};

/* Thread 0 takes, the others push. */
static void push_or_pop(struct ktap *t, unsigned int thread, void *arg)
{
	struct pushers *p = arg;

	(void)t;
	for (int i = 0; i < NR_PUSHES; i++) {
		if (thread)
			llist_add(&p->nodes[thread][i], &p->head);
		else if (llist_del_first(&p->head))
			p->popped++;
	}
}

static void no_push_is_lost(struct ktap *t)
{
	static struct pushers p;
	struct llist_node *node;

	init_llist_head(&p.head);
	p.popped = 0;
	if (!ktap_threads(t, 4, push_or_pop, &p))
		return;
	llist_for_each(node, llist_del_all(&p.head))
		p.popped++;
	EXPECT_EQ(t, p.popped, 3 * NR_PUSHES);
	EXPECT(t, llist_empty(&p.head));
}

static void reversed_stack_is_a_queue(struct ktap *t)
{
	struct item items[3], *item, *next;
	LLIST_HEAD(head);
	int sum = 0;

	for (int i = 0; i < 3; i++) {
		items[i].value = i + 1;
		EXPECT_EQ(t, llist_add(&items[i].stack, &head), i == 0);
	}
	llist_for_each_entry_safe(item, next, llist_reverse_order(llist_del_all(&head)), stack)
		sum = sum * 10 + item->value;
	EXPECT_EQ(t, sum, 123);
}

KTAP_SUITE(list,
	KTAP_CASE(random_steps_equal_arrays),
	KTAP_CASE(deleted_links_are_poisoned),
	KTAP_CASE(ends_and_neighbours),
	KTAP_CASE(safe_walks_survive_deletion),
	KTAP_CASE(hash_lists),
	KTAP_CASE(no_push_is_lost),
	KTAP_CASE(reversed_stack_is_a_queue));
