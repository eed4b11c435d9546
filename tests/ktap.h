/* SPDX-License-Identifier: MIT */
/*
 * ktap.h - write a test in kernel-style code, read its result as TAP.
 *
 *	#include "tests/ktap.h"
 *
 *	static void pops_in_order(struct ktap *t)
 *	{
 *		ASSERT_NOT_NULL(t, list);		leaves the case when it fails
 *		EXPECT_EQ(t, list_pop(list), 1);	records the failure and goes on
 *	}
 *	KTAP_SUITE(list, KTAP_CASE(pops_in_order));	one a file, at its end
 *
 * Prints		KTAP version 1
 *			1..1
 *			# tests/test_list.c:6: EXPECT_EQ(list_pop(list), 1): 3 (0x3) != 1 (0x1)
 *			# SEED=17 replays it
 *			not ok 1 pops_in_order
 *
 * True of every run; tests/test_ktap.c proves each:
 *	K1  one result line a case, numbered as the plan promised
 *	K2  a case with a failed expectation is "not ok", and the program's exit status is 1
 *	K3  a skipped case is "ok ... # SKIP why", unless it also failed
 *	K4  the same seed gives the same ktap_random() numbers
 * Expectations may be made by several threads at once; everything else belongs to the thread of the case.
 * Needs neither libc nor the code under test: the runner (tests/main_linux.c) supplies the last section.
 */
#ifndef TESTS_KTAP_H
#define TESTS_KTAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KTAP_MAX_CLEANUPS 16

struct ktap;

struct ktap_cleanup {
	void (*fn)(void *arg);
	void *arg;
};

/* A running case. A test reads seed and soak; the rest is the harness's. */
struct ktap {
	const char *suite;
	const char *name;
	uint64_t seed;
	bool soak;		/* --soak: run for long */
	bool skipped;
	unsigned int failures;
	uint32_t random_steps;	/* atomic */
	uint64_t random_start;
	unsigned int nr_cleanups;
	struct ktap_cleanup cleanups[KTAP_MAX_CLEANUPS];
	char why_skipped[160];
	void (*run)(struct ktap *t);
};

struct ktap_case {
	const char *name;
	void (*run)(struct ktap *t);
};

struct ktap_suite {
	const char *name;
	const struct ktap_case *cases;
	unsigned int nr_cases;
};

#define KTAP_CASE(fn) { #fn, fn }

/* Registers the file's cases: the runner finds the pointer in the section, so suites can share one image. */
#define KTAP_SUITE(suite_name, ...)                                                                                    \
	static const struct ktap_case ktap_cases_##suite_name[] = { __VA_ARGS__ };                                     \
	static const struct ktap_suite ktap_suite_##suite_name = {                                                     \
		#suite_name, ktap_cases_##suite_name,                                                                  \
		sizeof(ktap_cases_##suite_name) / sizeof(ktap_cases_##suite_name[0])                                   \
	};                                                                                                             \
	static const struct ktap_suite *const ktap_entry_##suite_name                                                  \
		__attribute__((section("ktap_suites"), used)) = &ktap_suite_##suite_name

/* -------------------------------------------------------------------------------------------------- expectations */

/*
 * Compilers see thousands of expectations: each is a call with few arguments, all of them words. A value is its bits,
 * widened by its own type, and whether that is signed is known when it is compiled: -1 and 0xffffffff differ.
 */
static inline uint64_t ktap_signed(long long v)
{
	return (uint64_t)v;
}

static inline uint64_t ktap_unsigned(unsigned long long v)
{
	return v;
}

static inline uint64_t ktap_pointer(const volatile void *v)
{
	return (uintptr_t)v;
}

/* The conditional promotes: bit-fields, bool and small types become int; pointers stay what they are. */
#define KTAP_TYPE(x) __typeof__(1 ? (x) : 0)
#define KTAP_BITS(x)                                                                                                   \
	_Generic((KTAP_TYPE(x))0,                                                                                      \
		int: ktap_signed, long: ktap_signed, long long: ktap_signed,                                           \
		unsigned int: ktap_unsigned, unsigned long: ktap_unsigned, unsigned long long: ktap_unsigned,          \
		default: ktap_pointer)(x)
#define KTAP_IS_SIGNED(x) _Generic((KTAP_TYPE(x))0, int: 1, long: 1, long long: 1, default: 0)

enum ktap_relation { KTAP_EQ, KTAP_NE, KTAP_LT, KTAP_LE, KTAP_GT, KTAP_GE };
#define KTAP_GOT_SIGNED 8u
#define KTAP_WANT_SIGNED 16u

/*
 * Each returns whether the expectation held; when not it has been recorded and explained. at says where it is and how
 * it reads; rel is a relation and which of the two are signed.
 */
bool ktap_expect(struct ktap *t, bool held, const char *at);
bool ktap_expect_rel(struct ktap *t, unsigned int rel, uint64_t got, uint64_t want, const char *at);
bool ktap_expect_str(struct ktap *t, const char *got, const char *want, const char *at);
bool ktap_expect_contains(struct ktap *t, const char *got, const char *part, const char *at);
bool ktap_expect_lacks(struct ktap *t, const char *got, const char *part, const char *at);
bool ktap_expect_mem(struct ktap *t, const void *got, const void *want, size_t len, const char *at);

#define KTAP_TEXT_OF(x) #x
#define KTAP_LINE(line) KTAP_TEXT_OF(line)
#define KTAP_AT(text) __FILE__ ":" KTAP_LINE(__LINE__) ": " text

#define KTAP_REL(t, rel, word, got, want)                                                                              \
	ktap_expect_rel((t), (rel) + KTAP_IS_SIGNED(got) * KTAP_GOT_SIGNED + KTAP_IS_SIGNED(want) * KTAP_WANT_SIGNED,  \
			KTAP_BITS(got), KTAP_BITS(want), KTAP_AT(word "(" #got ", " #want ")"))

#define EXPECT(t, cond) ktap_expect((t), !!(cond), KTAP_AT("EXPECT(" #cond ")"))
#define EXPECT_EQ(t, got, want) KTAP_REL(t, KTAP_EQ, "EXPECT_EQ", got, want)
#define EXPECT_NE(t, got, want) KTAP_REL(t, KTAP_NE, "EXPECT_NE", got, want)
#define EXPECT_LT(t, got, want) KTAP_REL(t, KTAP_LT, "EXPECT_LT", got, want)
#define EXPECT_LE(t, got, want) KTAP_REL(t, KTAP_LE, "EXPECT_LE", got, want)
#define EXPECT_GT(t, got, want) KTAP_REL(t, KTAP_GT, "EXPECT_GT", got, want)
#define EXPECT_GE(t, got, want) KTAP_REL(t, KTAP_GE, "EXPECT_GE", got, want)
#define EXPECT_NULL(t, p) ktap_expect_rel((t), KTAP_EQ, ktap_pointer(p), 0, KTAP_AT("EXPECT_NULL(" #p ")"))
#define EXPECT_NOT_NULL(t, p) ktap_expect_rel((t), KTAP_NE, ktap_pointer(p), 0, KTAP_AT("EXPECT_NOT_NULL(" #p ")"))
/* Whole strings; either may be NULL. */
#define EXPECT_STR(t, got, want) ktap_expect_str((t), (got), (want), KTAP_AT("EXPECT_STR(" #got ", " #want ")"))
#define EXPECT_CONTAINS(t, got, part)                                                                                  \
	ktap_expect_contains((t), (got), (part), KTAP_AT("EXPECT_CONTAINS(" #got ", " #part ")"))
#define EXPECT_LACKS(t, got, part)                                                                                     \
	ktap_expect_lacks((t), (got), (part), KTAP_AT("EXPECT_LACKS(" #got ", " #part ")"))
#define EXPECT_MEM(t, got, want, len)                                                                                  \
	ktap_expect_mem((t), (got), (want), (len), KTAP_AT("EXPECT_MEM(" #got ", " #want ", " #len ")"))

/* As EXPECT, and return from the (void) function when it failed. */
#define KTAP_OR_RETURN(held)                                                                                           \
	do {                                                                                                           \
		if (!(held))                                                                                           \
			return;                                                                                        \
	} while (0)
#define ASSERT(t, cond) KTAP_OR_RETURN(ktap_expect((t), !!(cond), KTAP_AT("ASSERT(" #cond ")")))
#define ASSERT_EQ(t, got, want) KTAP_OR_RETURN(KTAP_REL(t, KTAP_EQ, "ASSERT_EQ", got, want))
#define ASSERT_NE(t, got, want) KTAP_OR_RETURN(KTAP_REL(t, KTAP_NE, "ASSERT_NE", got, want))
#define ASSERT_LT(t, got, want) KTAP_OR_RETURN(KTAP_REL(t, KTAP_LT, "ASSERT_LT", got, want))
#define ASSERT_LE(t, got, want) KTAP_OR_RETURN(KTAP_REL(t, KTAP_LE, "ASSERT_LE", got, want))
#define ASSERT_GT(t, got, want) KTAP_OR_RETURN(KTAP_REL(t, KTAP_GT, "ASSERT_GT", got, want))
#define ASSERT_GE(t, got, want) KTAP_OR_RETURN(KTAP_REL(t, KTAP_GE, "ASSERT_GE", got, want))
#define ASSERT_NULL(t, p) KTAP_OR_RETURN(EXPECT_NULL(t, p))
#define ASSERT_NOT_NULL(t, p) KTAP_OR_RETURN(EXPECT_NOT_NULL(t, p))
#define ASSERT_STR(t, got, want) KTAP_OR_RETURN(EXPECT_STR(t, got, want))
#define ASSERT_CONTAINS(t, got, part) KTAP_OR_RETURN(EXPECT_CONTAINS(t, got, part))
#define ASSERT_MEM(t, got, want, len) KTAP_OR_RETURN(EXPECT_MEM(t, got, want, len))

/* ------------------------------------------------------------------------------------------------- for a case */

/* Mark the case skipped; the caller returns. A failure, before or after, still fails it. */
void ktap_skip(struct ktap *t, const char *why);

/* Print "# ..." lines. %s %c %d %i %u %x %X %p %%, with l, ll, z, width, 0 and - as in printf. */
void ktap_note(struct ktap *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Fail the case with an explanation: for what no EXPECT says well. */
void ktap_fail(struct ktap *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The next number of the case's own sequence; ktap_below() is even over 0..limit-1, limit > 0. Any thread. */
uint64_t ktap_random(struct ktap *t);
uint64_t ktap_below(struct ktap *t, uint64_t limit);

/*
 * So many random steps; a tenth of them where each is ten times as dear, because a sanitizer, the simulator, an
 * emulator or an interpreter looks at it: what those find they find in any step, and the rest is sought elsewhere.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(KMEM_FEW_ADDRESSES) || \
	defined(KMEM_HOST_X86)
#define KTAP_STEPS(nr) ((nr) / 10)
#else
#define KTAP_STEPS(nr) (nr)
#endif

/* Call fn(arg) when the case ends, however it ends; last registered, first called. */
void ktap_cleanup(struct ktap *t, void (*fn)(void *arg), void *arg);

/* Has any expectation of this case failed yet? Lets a long loop stop at its first failure. */
bool ktap_failed(const struct ktap *t);

/* ---------------------------------------------------------------------------------------------- for a runner */

/*
 * ktap_main - run the linked suites as the arguments say and print KTAP.
 * [FILTER] [--seed N] [--soak] [--list]; FILTER is a part of "suite.case".
 * Returns the exit status: 0 all passed, 1 a failure, 2 usage.
 */
int ktap_main(int argc, char **argv);

/* Run just this suite's cases (of a test of the harness itself, say); the status as ktap_main's. */
int ktap_run_suite(const struct ktap_suite *suite, const char *filter, uint64_t seed);

/* 1 as soon as any case of this process has failed, else 0. */
int ktap_exit_status(void);

/* -------------------------------------------------------------------------- what the runner of a host supplies */

void ktap_write(const char *text, size_t len);

/*
 * Run the case: body(t), in whatever world cases have on this host. It may do so more than once, with another t->seed
 * each time, until t has failed.
 */
void ktap_host_run(struct ktap *t, void (*body)(struct ktap *t));

/* Options of the runner's own that must be repeated to repeat a run: "" or " --strategy few". */
const char *ktap_host_options(void);

/* The value of an environment variable, or NULL; a number that differs from run to run. */
const char *ktap_env(const char *name);
uint64_t ktap_entropy(void);

/*
 * A text that outlives the process, by name: how far a soak has come; a file of the folder KMEM_SOAK_STATE.
 * Loading gives false, and saving does nothing, where nothing is kept (the default) or nothing of that name is there.
 */
bool ktap_load(const char *name, char *text, size_t size);
void ktap_save(const char *name, const char *text);

#define KTAP_CHILD_TEXT_BYTES (256 * 1024)

/* How a child ended. text is NUL-terminated and lives until the next ktap_child(). */
struct ktap_child {
	int status;		/* exit status, or -1 when a signal ended it */
	int signal;		/* that signal, or 0 */
	bool timed_out;		/* it was killed by the harness */
	bool truncated;		/* it wrote more than KTAP_CHILD_TEXT_BYTES */
	const char *text;	/* what it wrote to standard output and error */
	size_t len;
};

/*
 * ktap_child - run fn(t, arg) in a process of its own and wait for it.
 * A fault there ends only the child, with its signal even under sanitizers. When fn returns, the child's status is
 * 0, or 1 if an expectation failed in it. False, with the case marked skipped, on a host that has no processes.
 */
bool ktap_child(struct ktap *t, void (*fn)(struct ktap *t, void *arg), void *arg, struct ktap_child *out);

/* Would reading, or writing, the byte at the address end the program? It is tried where that harms nobody. */
bool ktap_faults(struct ktap *t, const volatile void *address, bool write);

/*
 * ktap_threads - run fn(t, 0, arg) ... fn(t, n - 1, arg) on n host threads that start together; returns when all
 * are done. False, with the case marked skipped, on a host that has no threads.
 */
bool ktap_threads(struct ktap *t, unsigned int n, void (*fn)(struct ktap *t, unsigned int i, void *arg), void *arg);

#endif
