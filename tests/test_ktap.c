/* SPDX-License-Identifier: MIT */
/*
 * test_ktap.c - the harness, tested by itself: a test that cannot fail proves nothing.
 *
 * Each case runs a small suite of the wrong (or right) thing in a child process and reads what it printed. The
 * verdict on a verdict is made with EXPECT, so first_of_all() checks without EXPECT that a failure is noticed.
 */
#include "tests/ktap.h"

/* ------------------------------------------------------------------------------ what the child suites contain */

static void passes(struct ktap *t)
{
	EXPECT(t, true);
	EXPECT_EQ(t, -1, -1L);
	EXPECT_STR(t, "a", "a");
}

static void is_false(struct ktap *t)
{
	EXPECT(t, 1 > 2);
}

static void differs(struct ktap *t)
{
	EXPECT_EQ(t, 3, 4u);
}

static void is_negative_or_not(struct ktap *t)
{
	EXPECT_EQ(t, -1, 0xffffffffffffffffull);
}

static void orders_wrongly(struct ktap *t)
{
	EXPECT_LT(t, 2, -2);
	EXPECT_LE(t, 2, 1);
	EXPECT_GT(t, 1, 1);
	EXPECT_GE(t, 0, 1);
	EXPECT_NE(t, 5, 5);
}

static void other_string(struct ktap *t)
{
	EXPECT_STR(t, "one\n", "two");
	EXPECT_STR(t, NULL, "two");
	EXPECT_CONTAINS(t, "first\nsecond\n", "third");
	EXPECT_LACKS(t, "first", "irs");
}

static void other_bytes(struct ktap *t)
{
	EXPECT_MEM(t, "abcd", "abXd", 4);
}

static void pointers(struct ktap *t)
{
	int x;

	EXPECT_NULL(t, &x);
	EXPECT_NOT_NULL(t, (void *)0);
}

static void goes_on_after_expect(struct ktap *t)
{
	EXPECT(t, false);
	ktap_note(t, "reached");
}

static void leaves_at_assert(struct ktap *t)
{
	ASSERT_EQ(t, 1, 2);
	ktap_note(t, "reached");
}

static void skips(struct ktap *t)
{
	ktap_skip(t, "no such thing here");
}

static void skips_and_fails(struct ktap *t)
{
	EXPECT(t, false);
	ktap_skip(t, "too late");
}

static void says_goodbye(void *arg)
{
	ktap_note(NULL, "cleanup %s", (const char *)arg);
}

static void cleans_up(struct ktap *t)
{
	ktap_cleanup(t, says_goodbye, "first");
	ktap_cleanup(t, says_goodbye, "second");
	ASSERT(t, false);
}

static void rolls_dice(struct ktap *t)
{
	ktap_note(t, "dice %llu", (unsigned long long)ktap_random(t));
}

static void fails_in_thread(struct ktap *t, unsigned int i, void *arg)
{
	(void)arg;
	EXPECT_NE(t, i, 2u);
}

static void has_threads(struct ktap *t)
{
	ktap_threads(t, 4, fails_in_thread, NULL);
}

static void hits_nothing(struct ktap *t)
{
	volatile uintptr_t nowhere = 64; /* not NULL: UBSan would stop that first */

	(void)t;
	*(volatile int *)nowhere = 1;
}

/* --------------------------------------------------------------------------------------------------- running them */

struct run {
	struct ktap_suite suite;
	const char *filter;
	uint64_t seed;
	int status;
};

static void run_in_child(struct ktap *t, void *arg)
{
	struct run *run = arg;

	(void)t;
	run->status = ktap_run_suite(&run->suite, run->filter, run->seed);
	EXPECT_EQ(t, run->status, 0); /* makes it the child's exit status */
}

/* What these cases print and how they end, seed 17. */
static bool run_cases(struct ktap *t, const struct ktap_case *cases, unsigned int nr, const char *filter,
		      struct ktap_child *out)
{
	struct run run = { .suite = { "inner", cases, nr }, .filter = filter, .seed = 17 };

	return ktap_child(t, run_in_child, &run, out);
}

static bool run_one(struct ktap *t, void (*fn)(struct ktap *t), struct ktap_child *out)
{
	const struct ktap_case one = { "only", fn };

	return run_cases(t, &one, 1, NULL, out);
}

/* --------------------------------------------------------------------------------------------------------- cases */

/* Counts what EXPECT got wrong as the child's failures, using no EXPECT to judge. */
static void judge_the_judge(struct ktap *t, void *arg)
{
	struct ktap scratch = { .name = "scratch" };

	(void)arg;
	if (EXPECT_EQ(&scratch, 1, 2) || EXPECT(&scratch, false) || scratch.failures != 2)
		t->failures++;
	if (!EXPECT_EQ(&scratch, 2, 2) || !EXPECT(&scratch, true) || scratch.failures != 2)
		t->failures++;
}

static void first_of_all_a_failure_is_noticed(struct ktap *t)
{
	struct ktap_child out;

	if (ktap_child(t, judge_the_judge, NULL, &out) && out.status != 0)
		ktap_fail(t, "EXPECT judges wrongly: %s", out.text);
}

static void k1_plan_and_numbers_agree(struct ktap *t)
{
	const struct ktap_case cases[] = { { "a", passes }, { "b", differs }, { "c", passes } };
	struct ktap_child out;

	if (!run_cases(t, cases, 3, NULL, &out))
		return;
	EXPECT_CONTAINS(t, out.text, "KTAP version 1\n1..3\nok 1 a\n");
	EXPECT_CONTAINS(t, out.text, "\nnot ok 2 b\nok 3 c\n");
}

static void k2_a_passing_suite_exits_0(struct ktap *t)
{
	struct ktap_child out;

	if (!run_one(t, passes, &out))
		return;
	EXPECT_EQ(t, out.status, 0);
	EXPECT_EQ(t, out.signal, 0);
	EXPECT_STR(t, out.text, "KTAP version 1\n1..1\nok 1 only\n");
}

/* Run it, and see that it failed and said this. */
static void fails_saying(struct ktap *t, void (*fn)(struct ktap *t), const char *text)
{
	struct ktap_child out;

	if (!run_one(t, fn, &out))
		return;
	EXPECT_EQ(t, out.status, 1);
	EXPECT_CONTAINS(t, out.text, "not ok 1 only\n");
	EXPECT_CONTAINS(t, out.text, "SEED=17");
	EXPECT_CONTAINS(t, out.text, text);
}

static void k2_each_expectation_fails_and_says_why(struct ktap *t)
{
	fails_saying(t, is_false, "EXPECT(1 > 2)\n");
	fails_saying(t, differs, "EXPECT_EQ(3, 4u): 3 (0x3) != 4 (0x4)\n");
	fails_saying(t, is_negative_or_not, ": -1 (0xffffffffffffffff) != 18446744073709551615 (0xffffffffffffffff)\n");
	fails_saying(t, other_string, "   got: \"one\\n\"\n#   want: \"two\"\n");
	fails_saying(t, other_string, "   got: NULL\n");
	fails_saying(t, other_string, "lacks: \"third\"\n#   | first\n#   | second\n");
	fails_saying(t, other_string, "has: \"irs\"\n");
	fails_saying(t, other_bytes, ": byte 2 (0x2): 99 (0x63) != 88 (0x58)\n");
	fails_saying(t, pointers, "EXPECT_NULL(&x): ");
	fails_saying(t, pointers, "EXPECT_NOT_NULL((void *)0): 0 (0x0) == 0 (0x0)\n");
	fails_saying(t, orders_wrongly, "EXPECT_LT(2, -2): 2 (0x2) >= -2 (0xfffffffffffffffe)\n");
	fails_saying(t, orders_wrongly, "2 (0x2) > 1 (0x1)\n");
	fails_saying(t, orders_wrongly, "1 (0x1) <= 1 (0x1)\n");
	fails_saying(t, orders_wrongly, "0 (0x0) < 1 (0x1)\n");
	fails_saying(t, orders_wrongly, "EXPECT_NE(5, 5): 5 (0x5) == 5 (0x5)\n");
}

static void expect_goes_on_and_assert_leaves(struct ktap *t)
{
	struct ktap_child out;

	fails_saying(t, goes_on_after_expect, "# reached\n");
	if (!run_one(t, leaves_at_assert, &out))
		return;
	EXPECT_EQ(t, out.status, 1);
	EXPECT_LACKS(t, out.text, "reached");
}

static void k3_a_skip_is_ok_unless_it_failed(struct ktap *t)
{
	struct ktap_child out;

	if (!run_one(t, skips, &out))
		return;
	EXPECT_EQ(t, out.status, 0);
	EXPECT_CONTAINS(t, out.text, "\nok 1 only # SKIP no such thing here\n");
	fails_saying(t, skips_and_fails, "not ok 1 only\n");
}

static void k4_a_seed_repeats_and_another_differs(struct ktap *t)
{
	struct ktap a = { .random_start = 17 };
	struct ktap b = { .random_start = 17 };
	struct ktap c = { .random_start = 18 };
	int i, same = 0;

	for (i = 0; i < 100; i++) {
		uint64_t n = ktap_random(&a);

		EXPECT_EQ(t, n, ktap_random(&b));
		same += n == ktap_random(&c);
	}
	EXPECT_EQ(t, same, 0);
}

static void below_stays_below_and_reaches_all(struct ktap *t)
{
	unsigned int seen[7] = { 0 };
	int i;

	for (i = 0; i < 7000; i++) {
		uint64_t n = ktap_below(t, 7);

		ASSERT_LT(t, n, 7);
		seen[n]++;
	}
	for (i = 0; i < 7; i++)
		EXPECT_GT(t, seen[i], 700);
}

static void cleanups_run_backwards_even_after_assert(struct ktap *t)
{
	fails_saying(t, cleans_up, "# cleanup second\n# cleanup first\n");
}

static void a_filter_picks_cases_and_renumbers(struct ktap *t)
{
	const struct ktap_case cases[] = { { "apple", differs }, { "pear", passes }, { "pearl", passes } };
	struct ktap_child out;

	if (!run_cases(t, cases, 3, "inner.pear", &out))
		return;
	EXPECT_STR(t, out.text, "KTAP version 1\n1..2\nok 1 pear\nok 2 pearl\n");
	EXPECT_EQ(t, out.status, 0);
	run_cases(t, cases, 3, "plum", &out);
	EXPECT_CONTAINS(t, out.text, "1..0 # SKIP");
}

static void the_seed_reaches_the_case(struct ktap *t)
{
	struct ktap_child first, second;
	char text[200];
	size_t i;

	if (!run_one(t, rolls_dice, &first))
		return;
	ASSERT_LT(t, first.len, sizeof(text));
	for (i = 0; i <= first.len; i++)
		text[i] = first.text[i];
	run_one(t, rolls_dice, &second);
	EXPECT_STR(t, second.text, text);
}

static void a_failure_in_a_thread_fails_the_case(struct ktap *t)
{
	fails_saying(t, has_threads, "EXPECT_NE(i, 2u): 2 (0x2) == 2 (0x2)\n");
}

static void a_fault_ends_the_child_with_its_signal(struct ktap *t)
{
	struct ktap_child out;

	if (!run_one(t, hits_nothing, &out))
		return;
	EXPECT_EQ(t, out.signal, 11);
	EXPECT_EQ(t, out.status, -1);
	EXPECT_LACKS(t, out.text, "ok 1 only");
}

static void floods(struct ktap *t)
{
	int i;

	for (i = 0; i < 3000; i++)
		ktap_note(t, "%-100d|%100d|", i, i);
}

static void a_flood_is_cut_off_not_waited_for(struct ktap *t)
{
	struct ktap_child out;

	if (!run_one(t, floods, &out))
		return;
	EXPECT(t, out.truncated);
	EXPECT_EQ(t, out.len, KTAP_CHILD_TEXT_BYTES - 1);
	EXPECT_EQ(t, out.status, 0);
}

static void formats(struct ktap *t)
{
	const char *volatile nothing = NULL;

	ktap_note(t, "%s|%5d|%-5d|%05d|%u|%x|%c|%%|%lld|%zu|%s", "s", -42, 42, -42, 7u, 255u, 'c', -1ll,
		  sizeof(char), nothing);
	ktap_note(t, "two\nlines");
}

static void notes_are_formatted_as_printf_does(struct ktap *t)
{
	struct ktap_child out;

	if (!run_one(t, formats, &out))
		return;
	EXPECT_CONTAINS(t, out.text, "\n# s|  -42|42   |-0042|7|ff|c|%|-1|1|(null)\n# two\n# lines\n");
}

struct bits {
	unsigned int three : 3;
	bool one : 1;
};

static void any_integer_or_pointer_is_a_value(struct ktap *t)
{
	struct bits bits = { 5, true };
	struct ktap *incomplete_or_not = t;
	unsigned char byte = 200;
	signed char negative = -3;
	int evaluated = 0;

	EXPECT_EQ(t, bits.three, 5);
	EXPECT_EQ(t, bits.one, true);
	EXPECT_EQ(t, incomplete_or_not, t);
	EXPECT_EQ(t, byte, 200);
	EXPECT_EQ(t, negative, -3L);
	EXPECT_EQ(t, &any_integer_or_pointer_is_a_value, any_integer_or_pointer_is_a_value);
	EXPECT_EQ(t, (evaluated += 1), 1);
	EXPECT_EQ(t, evaluated, 1);
	EXPECT_GT(t, UINT64_MAX, INT64_MIN);
}

KTAP_SUITE(ktap,
	KTAP_CASE(first_of_all_a_failure_is_noticed),
	KTAP_CASE(k1_plan_and_numbers_agree),
	KTAP_CASE(k2_a_passing_suite_exits_0),
	KTAP_CASE(k2_each_expectation_fails_and_says_why),
	KTAP_CASE(expect_goes_on_and_assert_leaves),
	KTAP_CASE(k3_a_skip_is_ok_unless_it_failed),
	KTAP_CASE(k4_a_seed_repeats_and_another_differs),
	KTAP_CASE(below_stays_below_and_reaches_all),
	KTAP_CASE(cleanups_run_backwards_even_after_assert),
	KTAP_CASE(a_filter_picks_cases_and_renumbers),
	KTAP_CASE(the_seed_reaches_the_case),
	KTAP_CASE(a_failure_in_a_thread_fails_the_case),
	KTAP_CASE(a_fault_ends_the_child_with_its_signal),
	KTAP_CASE(a_flood_is_cut_off_not_waited_for),
	KTAP_CASE(notes_are_formatted_as_printf_does),
	KTAP_CASE(any_integer_or_pointer_is_a_value));
