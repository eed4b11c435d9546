/* SPDX-License-Identifier: MIT */
/* test_list_debug.c - CONFIG_DEBUG_LIST: each way to break a list is named, and the list stays as it was. */
#ifndef CONFIG_DEBUG_LIST
#define CONFIG_DEBUG_LIST
#endif
#include <kmem/kmem.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include "tests/machine_for.h"

static struct list_head head, first, second, other;

static bool begin(struct ktap *t)
{
	if (!machine_for(t, "mem=64M"))
		return false;
	INIT_LIST_HEAD(&head);
	INIT_LIST_HEAD(&other);
	list_add_tail(&first, &head);
	list_add_tail(&second, &head);
	console_clear();
	return true;
}

/* One warning, of those words: the kernel's (shared/formats/reports/checks). */
static void expect_words(struct ktap *t, const char *format, const void *a, const void *b, const void *c)
{
	char text[200];

	snprintf(text, sizeof(text), format, a, b, c);
	EXPECT_EQ(t, console_count(text), 1);
	EXPECT_EQ(t, console_count("WARNING: CPU: "), 1);
	console_clear();
}

static void sound_lists_are_silent(struct ktap *t)
{
	struct list_head third;

	ASSERT(t, begin(t));
	list_add(&third, &first);
	list_replace(&first, &other);
	list_swap(&other, &second);
	list_move_tail(&third, &head);
	list_bulk_move_tail(&head, &second, &other);
	list_rotate_left(&head);
	list_del_init(&other);
	list_del(&third);
	list_splice_init(&head, &other);
	EXPECT_EQ(t, list_count_nodes(&other), 1);
	EXPECT_EQ(t, console_count("WARNING"), 0);
}

static void what_is_added_twice_is_named(struct ktap *t)
{
	ASSERT(t, begin(t));
	list_add_tail(&second, &head);
	expect_words(t, "list_add double add: new=%px, prev=%px, next=%px.\n", &second, &second, &head);
	list_add(&first, &head);
	expect_words(t, "list_add double add: new=%px, prev=%px, next=%px.\n", &first, &head, &first);
	EXPECT_EQ(t, list_count_nodes(&head), 2);
}

static void what_is_added_to_a_broken_list_is_named(struct ktap *t)
{
	struct list_head *none = NULL;

	ASSERT(t, begin(t));
	first.prev = &other;
	list_add(&other, &head);
	expect_words(t, "list_add corruption. next->prev should be prev (%px), but was %px. (next=%px).\n", &head,
		     &other, &first);
	EXPECT(t, head.next == &first);
	first.prev = &head;
	second.next = &other;
	list_add_tail(&other, &head);
	expect_words(t, "list_add corruption. prev->next should be next (%px), but was %px. (prev=%px).\n", &head,
		     &other, &second);
	EXPECT(t, head.prev == &second);
	__list_add(&other, none, &head);
	expect_words(t, "list_add corruption. prev is NULL.\n", NULL, NULL, NULL);
	__list_add(&other, &head, none);
	expect_words(t, "list_add corruption. next is NULL.\n", NULL, NULL, NULL);
}

static void what_is_deleted_twice_is_named(struct ktap *t)
{
	ASSERT(t, begin(t));
	list_del(&first);
	list_del(&first);
	expect_words(t, "list_del corruption, %px->next is LIST_POISON1 (%px)\n", &first, LIST_POISON1, NULL);
	first.next = &head;
	list_del(&first);
	expect_words(t, "list_del corruption, %px->prev is LIST_POISON2 (%px)\n", &first, LIST_POISON2, NULL);
	first = (struct list_head){ NULL, &head };
	list_del_init(&first);
	expect_words(t, "list_del corruption, %px->next is NULL\n", &first, NULL, NULL);
	first = (struct list_head){ &head, NULL };
	list_del_init(&first);
	expect_words(t, "list_del corruption, %px->prev is NULL\n", &first, NULL, NULL);
	EXPECT(t, list_is_singular(&head));
}

static void what_is_deleted_of_a_broken_list_is_named(struct ktap *t)
{
	ASSERT(t, begin(t));
	head.next = &other;
	list_del_init(&first);
	expect_words(t, "list_del corruption. prev->next should be %px, but was %px. (prev=%px)\n", &first, &other,
		     &head);
	EXPECT(t, second.prev == &first);
	head.next = &first;
	first = (struct list_head){ &second, &head };
	second.prev = &other;
	list_del_init(&first);
	expect_words(t, "list_del corruption. next->prev should be %px, but was %px. (next=%px)\n", &first, &other,
		     &second);
	EXPECT(t, head.next == &first);
}

KTAP_SUITE(list_debug, KTAP_CASE(sound_lists_are_silent), KTAP_CASE(what_is_added_twice_is_named),
	   KTAP_CASE(what_is_added_to_a_broken_list_is_named), KTAP_CASE(what_is_deleted_twice_is_named),
	   KTAP_CASE(what_is_deleted_of_a_broken_list_is_named));
