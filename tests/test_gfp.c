/* SPDX-License-Identifier: MIT */
/* test_gfp.c - flags by name, zone and mobility. Names and values are those of real Linux 6.1 reports. */
#include <linux/string.h>
#include "mm/page_alloc.h"
#include "tests/ktap.h"

static void expect_name(struct ktap *t, gfp_t gfp, const char *name)
{
	char text[256];
	int length = gfp_format(text, sizeof(text), gfp);

	EXPECT_STR(t, text, name);
	EXPECT_EQ(t, length, (int)strlen(name));
}

static void names_are_those_of_real_reports(struct ktap *t)
{
	expect_name(t, 0xcc0, "GFP_KERNEL");
	expect_name(t, 0xdc0, "GFP_KERNEL|__GFP_ZERO");
	expect_name(t, 0xa20, "GFP_ATOMIC");
	expect_name(t, 0xa21, "GFP_ATOMIC|GFP_DMA");
	expect_name(t, 0x800, "GFP_NOWAIT");
	expect_name(t, 0x40800, "GFP_NOWAIT|__GFP_COMP");
	expect_name(t, 0x40a20, "GFP_ATOMIC|__GFP_COMP");
	expect_name(t, 0x10cc0, "GFP_KERNEL|__GFP_NORETRY");
	expect_name(t, 0x140dca, "GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO");
	expect_name(t, 0x2cc2, "GFP_KERNEL|__GFP_HIGHMEM|__GFP_NOWARN");
	expect_name(t, 0x2dc2, "GFP_KERNEL|__GFP_HIGHMEM|__GFP_NOWARN|__GFP_ZERO");
	expect_name(t, 0x400dc0, "GFP_KERNEL_ACCOUNT|__GFP_ZERO");
}

static void composite_names_come_before_their_parts(struct ktap *t)
{
	expect_name(t, GFP_TRANSHUGE, "GFP_TRANSHUGE");
	expect_name(t, GFP_TRANSHUGE_LIGHT, "GFP_TRANSHUGE_LIGHT");
	expect_name(t, GFP_HIGHUSER_MOVABLE, "GFP_HIGHUSER_MOVABLE");
	expect_name(t, GFP_HIGHUSER, "GFP_HIGHUSER");
	expect_name(t, GFP_USER, "GFP_USER");
	expect_name(t, GFP_NOFS, "GFP_NOFS");
	expect_name(t, GFP_NOIO, "GFP_NOIO");
	expect_name(t, __GFP_DIRECT_RECLAIM, "__GFP_DIRECT_RECLAIM");
}

static void none_and_unknown_bits_are_numbers(struct ktap *t)
{
	expect_name(t, 0, "0x0");
	expect_name(t, 1u << 26, "0x4000000");
	expect_name(t, GFP_KERNEL | 1u << 26, "GFP_KERNEL|0x4000000");
}

static void a_short_buffer_is_cut_and_ended(struct ktap *t)
{
	char text[8];

	memset(text, 'x', sizeof(text));
	gfp_format(text, sizeof(text), GFP_KERNEL | __GFP_ZERO);
	EXPECT_STR(t, text, "GFP_KER");
	EXPECT_EQ(t, gfp_format(text, 0, GFP_KERNEL), 0);
	EXPECT_STR(t, text, "GFP_KER");
}

/* Each flag alone has a name of its own. */
static void every_flag_has_a_name(struct ktap *t)
{
	for (unsigned int bit = 0; bit < 24; bit++) {
		char text[64];

		gfp_format(text, sizeof(text), 1u << bit);
		EXPECT_LACKS(t, text, "0x");
	}
}

static void zones_follow_the_modifiers(struct ktap *t)
{
	EXPECT_EQ(t, gfp_zone(GFP_KERNEL), ZONE_NORMAL);
	EXPECT_EQ(t, gfp_zone(GFP_KERNEL | __GFP_MOVABLE), ZONE_NORMAL);
	EXPECT_EQ(t, gfp_zone(GFP_DMA), ZONE_DMA);
	EXPECT_EQ(t, gfp_zone(GFP_DMA32), ZONE_DMA32);
	EXPECT_EQ(t, gfp_zone(GFP_HIGHUSER), ZONE_HIGHMEM);
	EXPECT_EQ(t, gfp_zone(GFP_HIGHUSER_MOVABLE), ZONE_MOVABLE);
	EXPECT_EQ(t, gfp_zone(GFP_DMA | __GFP_MOVABLE), ZONE_DMA);
}

static void mobility_follows_the_flags(struct ktap *t)
{
	EXPECT_EQ(t, gfp_migratetype(GFP_KERNEL), MIGRATE_UNMOVABLE);
	EXPECT_EQ(t, gfp_migratetype(GFP_KERNEL | __GFP_RECLAIMABLE), MIGRATE_RECLAIMABLE);
	EXPECT_EQ(t, gfp_migratetype(GFP_HIGHUSER_MOVABLE), MIGRATE_MOVABLE);
}

KTAP_SUITE(gfp, KTAP_CASE(names_are_those_of_real_reports), KTAP_CASE(composite_names_come_before_their_parts),
	   KTAP_CASE(none_and_unknown_bits_are_numbers), KTAP_CASE(a_short_buffer_is_cut_and_ended),
	   KTAP_CASE(every_flag_has_a_name), KTAP_CASE(zones_follow_the_modifiers),
	   KTAP_CASE(mobility_follows_the_flags));
