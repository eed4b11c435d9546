/* SPDX-License-Identifier: MIT */
/* test_text.c - a bounded buffer holds the front of the text, and the length is the whole's. */
#include <linux/string.h>
#include "mm/text.h"
#include "tests/ktap.h"

static void empty_text_is_an_empty_string(struct ktap *t)
{
	char buf[4] = "xyz";
	struct text text = text_in(buf, sizeof(buf));

	EXPECT_EQ(t, text.length, 0);
	EXPECT_STR(t, buf, "");
}

static void no_buffer_still_counts(struct ktap *t)
{
	struct text text = text_in(NULL, 0);

	text_add(&text, "%d", 12345);
	text_add(&text, "%s", "abc");
	EXPECT_EQ(t, text.length, 8);
}

static void every_size_keeps_the_front_and_a_nul(struct ktap *t)
{
	static const char whole[] = "Node 0, zone      DMA      3 ";

	for (size_t size = 1; size <= sizeof(whole) + 2; size++) {
		size_t kept = size - 1 < sizeof(whole) - 1 ? size - 1 : sizeof(whole) - 1;
		char buf[sizeof(whole) + 4];
		struct text text;

		memset(buf, '#', sizeof(buf));
		text = text_in(buf, size);
		text_add(&text, "Node %d, ", 0);
		text_add(&text, "zone %8s ", "DMA");
		text_add(&text, "%6lu ", 3ul);
		EXPECT_EQ(t, text.length, sizeof(whole) - 1);
		EXPECT_EQ(t, strlen(buf), kept);
		EXPECT_MEM(t, buf, whole, kept);
		EXPECT_EQ(t, buf[size], '#');
	}
}

KTAP_SUITE(text, KTAP_CASE(empty_text_is_an_empty_string), KTAP_CASE(no_buffer_still_counts),
	   KTAP_CASE(every_size_keeps_the_front_and_a_nul));
