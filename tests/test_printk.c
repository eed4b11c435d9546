/* SPDX-License-Identifier: MIT */
/*
 * test_printk.c - levels, stamps, whole lines, rate limits.
 */
#include <kmem/kmem.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/string.h>
#include "mm/machine.h"
#include "tests/ktap.h"

#define TEXT_BYTES 65536

struct screen {
	struct machine *m;
	size_t length;
	unsigned int calls;
	bool inside;
	bool print_again;
	char text[TEXT_BYTES];
};

/* Deliberately without a lock: messages come one at a time. */
static void screen_write(void *arg, const char *text, size_t length)
{
	struct screen *s = arg;

	if (s->inside)
		s->text[0] = '!';
	s->inside = true;
	s->calls++;
	if (length < sizeof(s->text) - s->length) {
		memcpy(s->text + s->length, text, length);
		s->length += length;
		s->text[s->length] = '\0';
	}
	if (s->print_again)
		printk("from the console\n");
	s->inside = false;
}

static void screen_clear(struct screen *s)
{
	s->length = s->calls = 0;
	s->text[0] = '\0';
}

static void screen_end(void *arg)
{
	struct screen *s = arg;

	machine_leave();
	machine_shutdown(s->m);
}

static bool screen_boot(struct ktap *t, struct screen *s, const char *cmdline)
{
	*s = (struct screen){ .calls = 0 };
	s->m = machine_boot(&(struct machine_config){ .cmdline = cmdline, .console = screen_write, .console_arg = s });
	if (!s->m)
		return false;
	machine_enter(s->m);
	screen_clear(s);
	ktap_cleanup(t, screen_end, s);
	return true;
}

static void messages_reach_the_console_whole(struct ktap *t)
{
	static struct screen s;

	ASSERT(t, screen_boot(t, &s, "mem=64M"));
	EXPECT_EQ(t, printk("one %d two %s\n", 1, "2"), 12);
	EXPECT_STR(t, s.text, "one 1 two 2\n");
	EXPECT_EQ(t, s.calls, 1);
	EXPECT_EQ(t, printk("%s", ""), 0);
}

static void say_all(void)
{
	pr_emerg("emerg\n");
	pr_alert("alert\n");
	pr_crit("crit\n");
	pr_err("err\n");
	pr_warn("warn\n");
	printk("default\n");
	pr_notice("notice\n");
	pr_info("info\n");
	printk(KERN_DEBUG "debug\n");
}

static void loglevel_chooses(struct ktap *t)
{
	static struct screen s;

	ASSERT(t, screen_boot(t, &s, "mem=64M"));
	say_all();
	EXPECT_STR(t, s.text, "emerg\nalert\ncrit\nerr\nwarn\ndefault\nnotice\ninfo\n");
	s.m->params.loglevel = 4;
	screen_clear(&s);
	say_all();
	EXPECT_STR(t, s.text, "emerg\nalert\ncrit\nerr\n");
	s.m->params.loglevel = 10;
	screen_clear(&s);
	say_all();
	EXPECT_CONTAINS(t, s.text, "debug\n");
	s.m->params.loglevel = 0;
	screen_clear(&s);
	say_all();
	EXPECT_STR(t, s.text, "emerg\n");
}

static void odd_levels_are_text(struct ktap *t)
{
	static struct screen s;

	ASSERT(t, screen_boot(t, &s, "mem=64M"));
	printk("\001");
	printk("\001x\n");
	printk(KERN_CONT "more\n");
	EXPECT_STR(t, s.text, "\001\001x\nmore\n");
}

/* "[    0.000123] " and nothing else of that form */
static bool is_stamp(const char *text)
{
	static const char form[] = "[ddddd.dddddd] ";

	for (unsigned int i = 0; form[i]; i++) {
		bool digit = (text[i] >= '0' && text[i] <= '9') || (i < 5 && text[i] == ' ');

		if (form[i] == 'd' ? !digit : text[i] != form[i])
			return false;
	}
	return true;
}

static void each_line_is_stamped(struct ktap *t)
{
	static struct screen s;
	const char *second;

	ASSERT(t, screen_boot(t, &s, "mem=64M printk.time=1"));
	pr_info("one\ntwo\n");
	EXPECT(t, is_stamp(s.text));
	EXPECT(t, !strncmp(s.text + 15, "one\n", 4));
	second = s.text + 19;
	EXPECT(t, is_stamp(second));
	EXPECT_STR(t, second + 15, "two\n");
	EXPECT_EQ(t, s.calls, 1);
	screen_clear(&s);
	pr_cont(" three\n");
	EXPECT_STR(t, s.text, " three\n");
	screen_clear(&s);
	pr_info("to be continued");
	EXPECT(t, is_stamp(s.text));
	EXPECT_STR(t, s.text + 15, "to be continued");
}

static char long_text[5000];

static void long_messages_are_cut_at_a_line(struct ktap *t)
{
	static struct screen s;

	memset(long_text, 'a', sizeof(long_text) - 1);
	ASSERT(t, screen_boot(t, &s, "mem=64M"));
	printk("%s\n", long_text);
	EXPECT_EQ(t, s.length, 1023);
	EXPECT_EQ(t, s.text[1021], 'a');
	EXPECT_EQ(t, s.text[1022], '\n');
	s.m->params.printk_time = true;
	for (int i = 0; i < 900; i++)
		long_text[i] = '\n';
	screen_clear(&s);
	printk("%s", long_text);
	EXPECT_LT(t, s.length, 2000);
	EXPECT_EQ(t, s.text[s.length - 1], '\n');
	memset(long_text, 'a', 900);
	for (int i = 0; i < 60; i++)		/* stamps leave no room for all of the last line */
		long_text[i] = '\n';
	long_text[960] = '\0';
	screen_clear(&s);
	printk("%s\n", long_text);
	EXPECT_EQ(t, s.length, 1535);
	EXPECT_EQ(t, s.text[s.length - 2], 'a');
	EXPECT_EQ(t, s.text[s.length - 1], '\n');
}

static void print_from_console(struct ktap *t, void *arg)
{
	static struct screen s;

	(void)arg;
	ASSERT(t, screen_boot(t, &s, "mem=64M"));
	s.print_again = true;
	printk("once\n");		/* its own line goes to the host's console */
	s.print_again = false;
	EXPECT_STR(t, s.text, "once\n");
	EXPECT_EQ(t, s.calls, 1);
}

static void the_console_may_print(struct ktap *t)
{
	struct ktap_child child;

	if (!ktap_child(t, print_from_console, NULL, &child))
		return;
	EXPECT_EQ(t, child.status, 0);
	EXPECT_STR(t, child.text, "from the console\n");
}

static void print_often(struct ktap *t, unsigned int i, void *arg)
{
	struct screen *s = arg;

	EXPECT_EQ(t, machine_enter(s->m), 0);
	for (int n = 0; n < 100; n++)
		pr_info("thread %u says %08d\n", i, n);
	machine_leave();
}

static void threads_print_one_at_a_time(struct ktap *t)
{
	static struct screen s;
	unsigned int lines = 0;

	ASSERT(t, screen_boot(t, &s, "mem=64M nr_cpus=3"));
	ktap_threads(t, 8, print_often, &s);
	EXPECT_EQ(t, s.calls, 800);
	for (const char *at = s.text; *at; at = strchr(at, '\n') + 1, lines++)
		EXPECT(t, !strncmp(at, "thread ", 7) && at[22] == '\n');
	EXPECT_EQ(t, lines, 800);
}

static void rate_limits_count_what_they_keep_back(struct ktap *t)
{
	static struct screen s;
	struct ratelimit_state state = RATELIMIT_DEFAULT;
	int printed = 0;

	ASSERT(t, screen_boot(t, &s, "mem=64M"));
	for (int i = 0; i < 100; i++)
		printed += __ratelimit(&state);
	EXPECT_EQ(t, printed, 10);
	EXPECT_EQ(t, state.missed, 90);
	EXPECT_STR(t, s.text, "");
	state.begin_ns -= 6000000000ull;		/* six seconds later */
	EXPECT(t, __ratelimit(&state));
	EXPECT_STR(t, s.text, "90 callbacks suppressed\n");
	EXPECT_EQ(t, state.missed, 0);
	state.lock = 1;				/* another CPU is just asking */
	EXPECT(t, !__ratelimit(&state));
	EXPECT_EQ(t, state.missed, 0);
}

static struct ratelimit_state shared_limit;

static void limit_often(struct ktap *t, unsigned int i, void *arg)
{
	(void)t;
	(void)i;
	for (int n = 0; n < 1000; n++)
		if (__ratelimit(&shared_limit))
			__atomic_fetch_add((u32 *)arg, 1, __ATOMIC_RELAXED);
}

static void threads_share_a_rate_limit(struct ktap *t)
{
	u32 printed = 0;

	shared_limit = (struct ratelimit_state)RATELIMIT_DEFAULT;
	ktap_threads(t, 4, limit_often, &printed);
	EXPECT_EQ(t, printed, 10);
}

static void print_without_a_machine(struct ktap *t, void *arg)
{
	(void)t;
	(void)arg;
	pr_info("to the host\n");
	EXPECT_NULL(t, machine_current());
}

static void without_a_machine_the_host_prints(struct ktap *t)
{
	struct ktap_child child;

	if (!ktap_child(t, print_without_a_machine, NULL, &child))
		return;
	EXPECT_EQ(t, child.status, 0);
	EXPECT_STR(t, child.text, "to the host\n");
}

KTAP_SUITE(printk,
	   KTAP_CASE(messages_reach_the_console_whole),
	   KTAP_CASE(loglevel_chooses),
	   KTAP_CASE(odd_levels_are_text),
	   KTAP_CASE(each_line_is_stamped),
	   KTAP_CASE(long_messages_are_cut_at_a_line),
	   KTAP_CASE(the_console_may_print),
	   KTAP_CASE(threads_print_one_at_a_time),
	   KTAP_CASE(rate_limits_count_what_they_keep_back),
	   KTAP_CASE(threads_share_a_rate_limit),
	   KTAP_CASE(without_a_machine_the_host_prints));
