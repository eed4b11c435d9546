/* SPDX-License-Identifier: MIT */
/* test_module.c - modules: their parameters, init and exit; and what else kernel code finds in its headers. */
#define KBUILD_MODNAME "sample"
#include <linux/atomic.h>
#include <linux/module.h>
#include <linux/mm.h>
#include "tests/machine_for.h"

static bool flag;
static char *word = "none";
static u8 byte_size;
static short small;
static unsigned short short_size;
static int number = 1;
static unsigned int size;
static long far;
static unsigned long large;
static unsigned long long huge;
static int list[3];
static unsigned int nr_list;
static int pair[2];
static bool switches[2];
module_param(flag, bool, 0444);
module_param(word, charp, 0444);
module_param(byte_size, byte, 0444);
module_param(small, short, 0444);
module_param(short_size, ushort, 0444);
module_param_named(value, number, int, 0444);
MODULE_PARM_DESC(value, "some number");
module_param(size, uint, 0444);
module_param(far, long, 0444);
module_param(large, ulong, 0444);
module_param(huge, ullong, 0444);
module_param_array(list, int, &nr_list, 0444);
module_param_array(pair, int, NULL, 0444);
module_param_array(switches, bool, NULL, 0444);

static int loaded, unloaded;

static int __init sample_init(void)
{
	loaded++;
	return number < 0 ? -ENODEV : 0;
}

static void __exit sample_exit(void)
{
	unloaded++;
}

module_init(sample_init);
module_exit(sample_exit);
MODULE_LICENSE("Dual MIT/GPL");

static int load(const char *args)
{
	static char text[256];

	strscpy(text, args, sizeof(text));
	return module_load("sample", text);
}

static void parameters_are_set_and_init_called(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");

	ASSERT_NOT_NULL(t, m);
	loaded = unloaded = 0;
	EXPECT(t, module_is_there("sample") && !module_is_there("other"));
	EXPECT_EQ(t, load(""), 0);
	EXPECT_STR(t, word, "none");
	EXPECT_EQ(t, load(" flag word=\"two words\" value=-0 byte_size=255 small=-3 short_size=65535 size=0x10 far=-7 "
			  "large=8 huge=0x123456789a list=1,-2 pair=5,6 switches=n,y"), 0);
	EXPECT(t, flag);
	EXPECT_STR(t, word, "two words");
	EXPECT(t, byte_size == 255 && small == -3 && short_size == 65535 && size == 16 && far == -7 && large == 8);
	EXPECT(t, huge == 0x123456789aull && number == 0);
	EXPECT(t, nr_list == 2 && list[0] == 1 && list[1] == -2 && list[2] == 0);
	EXPECT(t, pair[0] == 5 && pair[1] == 6);
	EXPECT(t, !switches[0] && switches[1]);
	EXPECT_EQ(t, loaded, 2);
	EXPECT_EQ(t, load("byte-size=7 short_size=8 word="), 0);
	EXPECT_STR(t, word, "");
	EXPECT(t, byte_size == 7 && short_size == 8);
	EXPECT_EQ(t, load("value=-1 flag=0"), -ENODEV);
	EXPECT(t, !flag);
	EXPECT_EQ(t, module_unload("sample"), 0);
	EXPECT_EQ(t, unloaded, 1);
}

static void what_is_wrong_is_said(struct ktap *t)
{
	static const char *const wrong[] = {
		"value=x", "value", "byte_size=256", "list=1,2,3,4", "list=1,x", "list=", "list",
		"flag=", "word", "unknown=1", "fla=1", "flagg=1", "byte size=1", "flag=maybe", "switches", "switches=",
		"value=1 what", "what value=2",
	};
	char none[] = "";

	ASSERT_NOT_NULL(t, machine_for(t, "mem=64M"));
	loaded = unloaded = number = 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
		console_clear();
		if (!EXPECT_EQ(t, load(wrong[i]), -EINVAL) || !EXPECT_CONTAINS(t, console_text(), "sample: "))
			ktap_note(t, "%s", wrong[i]);
	}
	EXPECT_CONTAINS(t, console_text(), "sample: no parameter what");
	EXPECT_EQ(t, number, 1);	/* what stands behind a mistake is not looked at */
	EXPECT_EQ(t, module_load("other", none), -ENOENT);
	EXPECT_EQ(t, module_unload("other"), -ENOENT);
	EXPECT_EQ(t, loaded + unloaded, 0);
}

static int other_init(void)
{
	return 0;
}

static void a_module_without_an_exit_stays(struct ktap *t)
{
	static const struct module_part parts[] = {
		{ .module = "kept", .kind = MODULE_INIT, .what = (void *)other_init },
	};
	char none[] = "";

	ASSERT_NOT_NULL(t, machine_for(t, "mem=64M"));
	EXPECT_EQ(t, __module_load(parts, parts + 1, "kept", none), 0);
	EXPECT_EQ(t, __module_unload(parts, parts + 1, "kept"), -EBUSY);
	EXPECT(t, !__module_is_there(parts, parts, "kept"));
}

static void counters_count(struct ktap *t)
{
	atomic_t a = ATOMIC_INIT(3);
	atomic64_t big = ATOMIC64_INIT(1ll << 40);
	atomic_long_t l = ATOMIC_LONG_INIT(-1);
	s64 old = 0;

	atomic_inc(&a);
	atomic_add(6, &a);
	EXPECT_EQ(t, atomic_read(&a), 10);
	EXPECT_EQ(t, atomic_sub_return(4, &a), 6);
	EXPECT_EQ(t, atomic_fetch_inc(&a), 6);
	EXPECT(t, !atomic_dec_and_test(&a) && atomic_sub_and_test(6, &a));
	EXPECT(t, !atomic_inc_not_zero(&a) && atomic_add_unless(&a, 2, 5));
	EXPECT_EQ(t, atomic_cmpxchg(&a, 2, 9), 2);
	EXPECT_EQ(t, atomic_cmpxchg(&a, 2, 7), 9);
	EXPECT_EQ(t, atomic_xchg(&a, 1), 9);
	EXPECT(t, atomic_add_negative(-2, &a));
	EXPECT_EQ(t, atomic_fetch_or(6, &a), -1);
	EXPECT(t, atomic_long_inc_and_test(&l));
	atomic64_add(5, &big);
	EXPECT_EQ(t, atomic64_inc_return(&big), (1ll << 40) + 6);
	EXPECT_EQ(t, atomic64_fetch_sub(6, &big), (1ll << 40) + 6);
	EXPECT(t, !atomic64_try_cmpxchg(&big, &old, 1) && old == 1ll << 40);
	EXPECT(t, atomic64_try_cmpxchg(&big, &old, 2));
	EXPECT_EQ(t, atomic64_xchg(&big, 3), 2);
	atomic64_set(&big, 1);
	EXPECT(t, atomic64_dec_and_test(&big));
	EXPECT(t, !atomic64_inc_not_zero(&big) && atomic64_add_unless(&big, 1ll << 33, 1));
	EXPECT_EQ(t, atomic64_fetch_or(6, &big), 1ll << 33);
	EXPECT_EQ(t, atomic64_xor_return(5, &big), (1ll << 33) + 3);
	EXPECT_EQ(t, atomic64_and_return(-2, &big), (1ll << 33) + 2);
	EXPECT(t, atomic64_sub_and_test((1ll << 33) + 2, &big) && atomic64_add_negative(-1, &big));
	EXPECT_EQ(t, atomic64_add_return(++old, &big), 1ll << 40);
	EXPECT_EQ(t, old, (1ll << 40) + 1);			/* once */
	EXPECT_EQ(t, atomic64_read_acquire(&big), 1ll << 40);
}

static void the_machine_as_modules_see_it(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	unsigned long present = 0;
	void *area;

	ASSERT_NOT_NULL(t, m);
	EXPECT_NULL(t, NODE_DATA(-1));
	EXPECT_NULL(t, NODE_DATA(MAX_NUMNODES));
	for (int i = 0; i < MAX_NR_ZONES; i++) {
		const struct zone *zone = &NODE_DATA(first_online_node)->node_zones[i];

		present += zone->present_pages;
		EXPECT_LE(t, zone_managed_pages(zone), zone->present_pages);
		EXPECT_LE(t, zone->zone_start_pfn + zone->spanned_pages, m->max_pfn);
	}
	EXPECT_GE(t, present, m->totalram);
	EXPECT_EQ(t, global_zone_page_state(NR_FREE_PAGES), nr_free_pages());
	EXPECT_EQ(t, global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B),
		  global_node_page_state(NR_SLAB_UNRECLAIMABLE));
	area = vmalloc(1);
	EXPECT(t, (unsigned long)area >= VMALLOC_START && (unsigned long)area < VMALLOC_END);
	EXPECT_EQ(t, (unsigned long)phys_to_virt(0), PAGE_OFFSET);
	EXPECT_EQ(t, numa_node_id(), 0);
	vfree(area);
}

KTAP_SUITE(module, KTAP_CASE(parameters_are_set_and_init_called), KTAP_CASE(what_is_wrong_is_said),
	   KTAP_CASE(a_module_without_an_exit_stays), KTAP_CASE(counters_count),
	   KTAP_CASE(the_machine_as_modules_see_it));
