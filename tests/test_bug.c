/* SPDX-License-Identifier: MIT */
/*
 * test_bug.c - what WARN, BUG and panic print, how often, and what goes on after them.
 */
#include <kmem/kmem.h>
#include <linux/bug.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/string.h>
#include "lib/assert.h"
#include "mm/cpus.h"
#include "mm/machine.h"
#include "tests/ktap.h"

static struct machine *machine;
static size_t length;
static char text[65536];

static void keep(void *arg, const char *line, size_t bytes)
{
	(void)arg;
	if (bytes >= sizeof(text) - length)
		return;
	memcpy(text + length, line, bytes);
	length += bytes;
	text[length] = '\0';
}

static void end(void *arg)
{
	(void)arg;
	machine_leave();
	machine_shutdown(machine);
}

static bool boot(struct ktap *t)
{
	length = 0;
	text[0] = '\0';
	machine = machine_boot(&(struct machine_config){ .cmdline = "mem=64M nr_cpus=2", .console = keep });
	if (!machine)
		return false;
	machine_enter(machine);
	ktap_cleanup(t, end, NULL);
	return true;
}

static unsigned int count(const char *what)
{
	unsigned int nr = 0;

	for (const char *at = text; (at = strstr(at, what)); at++)
		nr++;
	return nr;
}

static void warn_reports_and_goes_on(struct ktap *t)
{
	ASSERT(t, boot(t));
	EXPECT(t, WARN(1, "the cat is %s\n", "out"));
	EXPECT(t, !strncmp(text, "------------[ cut here ]------------\nthe cat is out\nWARNING: CPU: ", 66));
	EXPECT_CONTAINS(t, text, " at tests/test_bug.c:");
	EXPECT_CONTAINS(t, text, "Not tainted kmem-");
	EXPECT_CONTAINS(t, text, "Call Trace:\n <TASK>\n");
	EXPECT_CONTAINS(t, text, " </TASK>\n---[ end trace 0000000000000000 ]---\n");
	EXPECT_EQ(t, count("WARNING"), 1);
	EXPECT(t, preemptible());
}

/* A letter for each kind of what happened before, at its place. */
static void later_reports_say_what_happened_before(struct ktap *t)
{
	char buf[TAINT_TEXT];

	ASSERT(t, boot(t));
	EXPECT_STR(t, taint_text(buf), "Not tainted");
	EXPECT(t, WARN(1, "the cat is out\n"));
	EXPECT_EQ(t, count("Not tainted kmem-"), 1);
	EXPECT_STR(t, taint_text(buf), "Tainted: G        W         ");
	EXPECT(t, WARN_ON(1));
	EXPECT_EQ(t, count(" Tainted: G        W          kmem-"), 1);
	EXPECT_EQ(t, count("Disabling"), 0);
	taint_add(TAINT_BAD_PAGE);
	taint_add(TAINT_BAD_PAGE);
	EXPECT_EQ(t, count("\nDisabling lock debugging due to kernel taint\n"), 1);
	EXPECT_STR(t, taint_text(buf), "Tainted: G    B   W         ");
}

static void warn_on_nothing_is_silent(struct ktap *t)
{
	ASSERT(t, boot(t));
	EXPECT(t, !WARN(0, "no\n"));
	EXPECT(t, !WARN_ON(0));
	EXPECT(t, !WARN_ON_ONCE(0));
	BUG_ON(0);
	assert(1);
	EXPECT_STR(t, text, "");
}

static bool complain(void)
{
	return WARN_ONCE(1, "again\n");
}

static void warn_once_warns_once_a_machine(struct ktap *t)
{
	for (int machines = 0; machines < 3; machines++) {
		ASSERT(t, boot(t));
		for (int i = 0; i < 10; i++)
			EXPECT(t, complain());
		EXPECT_EQ(t, count("again"), 1);
		end(NULL);
		t->nr_cleanups = 0;
	}
}

static void each_place_warns_once(struct ktap *t)
{
	ASSERT(t, boot(t));
	for (int i = 0; i < 2; i++) {
		WARN_ON_ONCE(1);
		WARN_ON_ONCE(1);
		complain();
	}
	EXPECT_EQ(t, count("WARNING"), 3);
}

static struct bug_site sites[100];

/* The list of places is full: those on it stay silent, others too. */
static void many_places_do_no_harm(struct ktap *t)
{
	unsigned int first = 0;

	ASSERT(t, boot(t));
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 100; i++)
			first += warn_first_time(&sites[i]);
	EXPECT_EQ(t, first, sizeof(machine->warned) / sizeof(machine->warned[0]));
}

static void warn_together(struct ktap *t, unsigned int i, void *arg)
{
	(void)i;
	EXPECT_EQ(t, machine_enter(machine), 0);
	for (int n = 0; n < 50; n++)
		if (warn_first_time(&sites[n]))
			__atomic_fetch_add((u32 *)arg, 1, __ATOMIC_RELAXED);
	machine_leave();
}

static void threads_warn_once_together(struct ktap *t)
{
	u32 first = 0;

	ASSERT(t, boot(t));
	ktap_threads(t, 4, warn_together, &first);
	EXPECT_EQ(t, first, 50);
}

static void hit_bug(struct ktap *t, void *arg)
{
	bool condition = !arg;

	if (!boot(t))
		return;
	machine->console = NULL;
	BUG_ON(condition);
}

static void bug_on_panics(struct ktap *t)
{
	struct ktap_child child;

	if (!ktap_child(t, hit_bug, NULL, &child))
		return;
	EXPECT_EQ(t, child.signal, 6);		/* SIGABRT */
	EXPECT_CONTAINS(t, child.text, "------------[ cut here ]------------\nkernel BUG at tests/test_bug.c:");
	EXPECT_CONTAINS(t, child.text, "hit_bug: condition\n");
	EXPECT_CONTAINS(t, child.text, "Kernel panic - not syncing: Fatal exception\n");
	EXPECT_CONTAINS(t, child.text, "---[ end Kernel panic - not syncing: Fatal exception ]---\n");
}

static void warn_and_go_on(struct ktap *t, void *arg)
{
	if (!boot(t))
		return;
	machine->console = NULL;
	machine->params.panic_on_warn = arg != NULL;
	WARN_ON(true);
}

static void panic_on_warn_panics(struct ktap *t)
{
	struct ktap_child child;

	if (!ktap_child(t, warn_and_go_on, NULL, &child))
		return;
	EXPECT_EQ(t, child.status, 0);
	ktap_child(t, warn_and_go_on, &child, &child);
	EXPECT_EQ(t, child.signal, 6);		/* SIGABRT */
	EXPECT_CONTAINS(t, child.text, "Kernel panic - not syncing: panic_on_warn set ...\n");
}

static void hit_quiet_panic(struct ktap *t, void *arg)
{
	(void)arg;
	if (!boot(t))
		return;
	machine->console = NULL;
	machine->params.loglevel = 0;
	panic("number %d", 7);
}

static void a_panic_is_heard_at_any_level(struct ktap *t)
{
	struct ktap_child child;

	if (!ktap_child(t, hit_quiet_panic, NULL, &child))
		return;
	EXPECT_EQ(t, child.signal, 6);
	EXPECT_CONTAINS(t, child.text, "Kernel panic - not syncing: number 7\n");
}

static void panic_on_nothing(struct ktap *t, void *arg)
{
	(void)t;
	(void)arg;
	assert(!kmem_context.preempt_count && machine_current());
}

static void a_false_assertion_panics_without_a_machine(struct ktap *t)
{
	struct ktap_child child;

	if (!ktap_child(t, panic_on_nothing, NULL, &child))
		return;
	EXPECT_EQ(t, child.signal, 6);
	EXPECT_CONTAINS(t, child.text, "kernel BUG at tests/test_bug.c:");
}

static void sleeping_in_atomic_context_is_reported_once(struct ktap *t)
{
	ASSERT(t, boot(t));
	preempt_disable();
	for (int i = 0; i < 3; i++)
		might_sleep();
	preempt_enable();
	EXPECT_EQ(t, count("BUG: sleeping function called from invalid context at tests/test_bug.c:"), 1);
	EXPECT_CONTAINS(t, text, "in_atomic(): 1, irqs_disabled(): 0, non_block: 0");
	EXPECT_CONTAINS(t, text, "preempt_count: 1, expected: 0\n");
	might_sleep();
	EXPECT_EQ(t, count("BUG"), 1);
}

static void just_bug(struct ktap *t, void *arg)
{
	(void)t;
	(void)arg;
	BUG();
}

static void bug_without_a_condition_says_so(struct ktap *t)
{
	struct ktap_child child;

	if (!ktap_child(t, just_bug, NULL, &child))
		return;
	EXPECT_NE(t, child.signal, 0);
	EXPECT_CONTAINS(t, child.text, "! just_bug: BUG\n");
}

static void warn_twice(struct ktap *t, void *arg)
{
	(void)arg;
	for (int i = 0; i < 2; i++)
		WARN_ONCE(1, "nobody's machine\n");
	EXPECT_NULL(t, machine_current());
}

static void without_a_machine_nobody_remembers_what_was_warned_of(struct ktap *t)
{
	struct ktap_child child;
	const char *second;

	if (!ktap_child(t, warn_twice, NULL, &child))
		return;
	EXPECT_EQ(t, child.status, 0);
	second = strstr(child.text, "nobody's machine\n");
	ASSERT_NOT_NULL(t, second);
	EXPECT_CONTAINS(t, second + 1, "nobody's machine\n");
}

static void who_has_no_cpu_warns_once_too(struct ktap *t)
{
	ASSERT(t, boot(t));
	for (int i = 0; i < 3; i++) {
		cpu_release();
		WARN_ONCE(1, "on its way\n");
	}
	EXPECT_EQ(t, count("on its way"), 1);
}

KTAP_SUITE(bug,
	   KTAP_CASE(warn_reports_and_goes_on),
	   KTAP_CASE(warn_on_nothing_is_silent), KTAP_CASE(later_reports_say_what_happened_before),
	   KTAP_CASE(panic_on_warn_panics),
	   KTAP_CASE(warn_once_warns_once_a_machine),
	   KTAP_CASE(each_place_warns_once),
	   KTAP_CASE(many_places_do_no_harm),
	   KTAP_CASE(threads_warn_once_together),
	   KTAP_CASE(bug_on_panics),
	   KTAP_CASE(a_panic_is_heard_at_any_level),
	   KTAP_CASE(a_false_assertion_panics_without_a_machine),
	   KTAP_CASE(sleeping_in_atomic_context_is_reported_once),
	   KTAP_CASE(without_a_machine_nobody_remembers_what_was_warned_of),
	   KTAP_CASE(who_has_no_cpu_warns_once_too),
	   KTAP_CASE(bug_without_a_condition_says_so));
