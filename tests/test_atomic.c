/* SPDX-License-Identifier: MIT */
/*
 * test_atomic.c - what returns a value is a full barrier, also where an atomic instruction alone is none.
 *
 * No machine here shows what a processor may reorder (an emulator does not), so the instructions are looked at.
 */
#include "tests/ktap.h"

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/string.h>

#if defined(__aarch64__)
#define FULL_BARRIER 0xd5033bbfu	/* dmb ish */
#define IS_RETURN(instruction) ((instruction) == 0xd65f03c0u)
#elif defined(__riscv)
#define FULL_BARRIER 0x0330000fu	/* fence rw, rw */
#define IS_RETURN(instruction) ((instruction) == 0x00008067u || (u16)(instruction) == 0x8082u)
#endif

static unsigned long word;
static atomic_t number;
static atomic_long_t large;

#define OPERATION(name, expression) \
static noinline long name(void) \
{ \
	return (long)(expression); \
}

OPERATION(do_add_return, atomic_add_return(2, &number))
OPERATION(do_fetch_sub, atomic_long_fetch_sub(2, &large))
OPERATION(do_dec_and_test, atomic_dec_and_test(&number))
OPERATION(do_atomic_xchg, atomic_xchg(&number, 3))
OPERATION(do_atomic_cmpxchg, atomic_cmpxchg(&number, 3, 4))
OPERATION(do_add_unless, atomic_long_add_unless(&large, 1, 7))
OPERATION(do_xchg, xchg(&word, 5ul))
OPERATION(do_cmpxchg, cmpxchg(&word, 5ul, 6ul))
OPERATION(do_set_bit, test_and_set_bit(3, &word))
OPERATION(do_clear_bit, test_and_clear_bit(3, &word))
OPERATION(do_change_bit, test_and_change_bit(3, &word))
OPERATION(do_relaxed, atomic_add_return_relaxed(2, &number))

static noinline long do_store_mb(void)
{
	smp_store_mb(word, 6ul);
	return 0;
}

static const struct {
	const char *name;
	long (*operation)(void);
	long value;
} operations[] = {
	{ "add_return", do_add_return, 2 },
	{ "fetch_sub", do_fetch_sub, 0 },
	{ "dec_and_test", do_dec_and_test, 0 },
	{ "atomic_xchg", do_atomic_xchg, 1 },
	{ "atomic_cmpxchg", do_atomic_cmpxchg, 3 },
	{ "add_unless", do_add_unless, 1 },
	{ "xchg", do_xchg, 0 },
	{ "cmpxchg", do_cmpxchg, 5 },
	{ "set_bit", do_set_bit, 0 },
	{ "clear_bit", do_clear_bit, 1 },
	{ "change_bit", do_change_bit, 0 },
	{ "store_mb", do_store_mb, 0 },
};

static void values_are_returned(struct ktap *t)
{
	word = 0;
	atomic_set(&number, 0);
	atomic_long_set(&large, 0);
	for (size_t i = 0; i < ARRAY_SIZE(operations); i++)
		if (!EXPECT_EQ(t, operations[i].operation(), operations[i].value))
			ktap_note(t, "%s", operations[i].name);
	EXPECT_EQ(t, word, 6);
	EXPECT_EQ(t, atomic_read(&number), 4);
	EXPECT_EQ(t, atomic_long_read(&large), -1);
}

#ifdef FULL_BARRIER
/* Before its first return. */
static bool has_full_barrier(long (*operation)(void))
{
	const char *at = (const char *)(unsigned long)operation;

	for (u32 instruction = 0; !IS_RETURN(instruction); at += 2) {
		memcpy(&instruction, at, sizeof(instruction));
		if (instruction == FULL_BARRIER)
			return true;
	}
	return false;
}
#endif

static void what_returns_a_value_is_a_full_barrier(struct ktap *t)
{
#ifdef FULL_BARRIER
	for (size_t i = 0; i < ARRAY_SIZE(operations); i++)
		if (!EXPECT(t, has_full_barrier(operations[i].operation)))
			ktap_note(t, "%s", operations[i].name);
	EXPECT(t, !has_full_barrier(do_relaxed));
#else
	EXPECT_EQ(t, do_relaxed(), 6);
	ktap_skip(t, "each atomic instruction is one");
#endif
}

KTAP_SUITE(atomic, KTAP_CASE(values_are_returned), KTAP_CASE(what_returns_a_value_is_a_full_barrier));
