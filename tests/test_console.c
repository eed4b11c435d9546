/* SPDX-License-Identifier: MIT */
/* test_console.c - the console: lines edited, commands done. */
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "console/console.h"
#include "tests/slab_machine.h"

static char said[16384];
static size_t said_length;

static void keep(void *arg, const char *text, size_t length)
{
	(void)arg;
	length = min(length, sizeof(said) - 1 - said_length);
	memcpy(said + said_length, text, length);
	said_length += length;
	said[said_length] = '\0';
}

static struct console *console_for(struct machine *m)
{
	static struct console console;

	console = (struct console){ .machine = m, .write = keep, .echo = true };
	said_length = 0;
	said[0] = '\0';
	return &console;
}

/* What it says to that, echo included; until the next call. */
static const char *type(struct console *console, const char *text)
{
	said_length = 0;
	said[0] = '\0';
	console_input(console, text, strlen(text));
	return said;
}

static void lines_are_edited(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	struct console *c;

	ASSERT_NOT_NULL(t, m);
	c = console_for(m);
	console_begin(c);
	EXPECT_STR(t, said, "This is kmem's console: help says what it knows, exit leaves it.\nkmem> ");
	EXPECT_STR(t, type(c, "chekx"), "chekx");
	EXPECT_STR(t, type(c, "\b\x7f"), "\b \b\b \b");
	EXPECT_STR(t, type(c, "ck\r"), "ck\nthe machine is sound\nkmem> ");
	EXPECT_STR(t, type(c, "\n"), "");			/* the second half of that return */
	EXPECT_STR(t, type(c, "\n"), "\nkmem> ");
	EXPECT_STR(t, type(c, "\b"), "");
	EXPECT_STR(t, type(c, "abc\x15"), "abc\b \b\b \b\b \b");
	EXPECT_STR(t, type(c, "check all\x17\b\n"), "check all\b \b\b \b\b \b\b \b\nthe machine is sound\nkmem> ");
	EXPECT_STR(t, type(c, "rubbish\x03"), "rubbish^C\nkmem> ");
	EXPECT_STR(t, type(c, "ch\x1b[Ae\x1bOP\x1b[3~c\x1bkk\x01\n"), "check\nthe machine is sound\nkmem> ");
	EXPECT_STR(t, type(c, "  check  \n"), "  check  \nthe machine is sound\nkmem> ");
	EXPECT_STR(t, type(c, "\texplain\t0\n"), " explain 0\nNULL\nkmem> ");
	EXPECT_EQ(t, c->status, 0);
}

static void long_lines_are_refused(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	char line[CONSOLE_LINE + 4];
	struct console *c;

	ASSERT_NOT_NULL(t, m);
	c = console_for(m);
	memset(line, ' ', CONSOLE_LINE);
	memcpy(line, "check", 5);
	line[CONSOLE_LINE] = '\0';
	c->echo = false;
	type(c, line);
	EXPECT_STR(t, type(c, "\n"), "the machine is sound\nkmem> ");
	type(c, line);
	EXPECT_STR(t, type(c, "x\n"), "console: a line has at most 120 characters: this one was not done\nkmem> ");
	c->echo = true;
	type(c, line);
	EXPECT_STR(t, type(c, "xy"), "\a\a");
	EXPECT_STR(t, type(c, "\x15" "check\n") + CONSOLE_LINE * 3, "check\nthe machine is sound\nkmem> ");
	EXPECT_STR(t, type(c, "check"), "check");
	console_end(c);
	EXPECT_STR(t, said, "check\nthe machine is sound\n");
	EXPECT(t, c->done);
}

static void what_is_not_understood_is_said(struct ktap *t)
{
	static const char *const lines[][2] = {
		{ "frob\n", "no command 'frob': help lists them\n" },
		{ "check it\n", "check takes nothing more\n" },
		{ "explain\n", "explain wants an address" },
		{ "explain here\n", "explain wants an address" },
		{ "kmalloc\n", "that wants a number" },
		{ "vmalloc 5x\n", "that wants a number" },
		{ "pages -1\n", "that wants a number" },
		{ "pages 11\n", "no memory" },
		{ "kmalloc 1G\n", "no memory" },
		{ "kmalloc 4294967396\n", "no memory" },		/* 100 more than 32 bits hold */
		{ "vmalloc 4194308K\n", "no memory" },
		{ "pages 4294967296\n", "no memory" },
		{ "kmalloc 0\n", "no memory" },
		{ "free\n", "free wants the address" },
		{ "free 0\n", "free wants the address" },
		{ "free 1234\n", "free wants the address" },
		{ "exit 128\n", "exit takes a status" },
		{ "exit now\n", "exit takes a status" },
		{ "bench unit=parsec\n", "kmem_bench.c is not built in" },
	};
	struct machine *m = slab_machine(t, "mem=64M");
	struct console *c;

	ASSERT_NOT_NULL(t, m);
	c = console_for(m);
	c->echo = false;
	for (unsigned int i = 0; i < ARRAY_SIZE(lines); i++) {
		const char *answer = type(c, lines[i][0]);

		EXPECT_EQ(t, strncmp(answer, "console: ", 9), 0);
		EXPECT_CONTAINS(t, answer, lines[i][1]);
	}
	EXPECT(t, !c->done);
}

static void files_are_shown_by_their_names(struct ktap *t)
{
	static char text[16384];
	struct machine *m = slab_machine(t, "mem=64M");
	struct console *c;
	char line[64];
	void *area;

	ASSERT_NOT_NULL(t, m);
	area = vmalloc(1);
	c = console_for(m);
	c->echo = false;
	c->is_silent = true;
	for (const char *const *file = machine_files; *file; file++) {
		scnprintf(line, sizeof(line), "%s\n", *file);
		EXPECT_GT(t, strlen(type(c, line)), 10);
		EXPECT_EQ(t, strncmp(said, "console: ", 9) == 0, false);
	}
	type(c, "buddyinfo\n");
	machine_file(m, "buddyinfo", text, sizeof(text));
	EXPECT_EQ(t, strncmp(said, text, 30), 0);		/* "Node 0, zone DMA ..." */
	EXPECT_CONTAINS(t, type(c, "unusable_index\n"), "Node 0, zone");
	EXPECT_CONTAINS(t, type(c, "help\n"), "vmallocinfo");
	EXPECT_CONTAINS(t, said, "explain  ADDRESS");
	console_clear();
	EXPECT_STR(t, type(c, "dump\n"), "");
	EXPECT_CONTAINS(t, console_text(), "machine: ");
	vfree(area);
}

static unsigned long address_of(const char *answer)
{
	return simple_strtoul(answer, NULL, 16);
}

static void objects_are_made_explained_and_freed(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	unsigned long address[3];
	struct console *c;
	char line[64];

	ASSERT_NOT_NULL(t, m);
	c = console_for(m);
	c->echo = c->is_silent = true;
	c->echo = false;
	address[0] = address_of(type(c, "kmalloc 100\n"));
	EXPECT_CONTAINS(t, said, "cache kmalloc-128, live");
	address[1] = address_of(type(c, "vmalloc 64K\n"));
	EXPECT_CONTAINS(t, said, "in the vmalloc area");
	address[2] = address_of(type(c, "pages 3\n"));
	EXPECT(t, IS_ALIGNED(address[2], PAGE_SIZE << 3));
	for (int i = 0; i < 3; i++) {
		scnprintf(line, sizeof(line), "free 0x%lx\n", address[i]);
		EXPECT_STR(t, type(c, line), "");
		EXPECT_CONTAINS(t, type(c, line), "free wants");
	}
	scnprintf(line, sizeof(line), "explain %lx\n", address[0]);
	EXPECT_CONTAINS(t, type(c, line), "free");
	for (unsigned int i = 0; i < CONSOLE_OBJECTS; i++)
		address[0] = address_of(type(c, "kmalloc 8\n"));
	EXPECT_CONTAINS(t, type(c, "kmalloc 8\n"), "too many objects");
	for (unsigned int i = 0; i < CONSOLE_OBJECTS; i++)
		kfree(c->objects[i].address);
	machine_holds(t, m);
}

static void a_broken_machine_is_found_and_told_at_exit(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	unsigned long totalram;
	struct console *c;
	char lines[] = "kmalloc; check; exit; check";

	ASSERT_NOT_NULL(t, m);
	c = console_for(m);
	totalram = m->totalram;
	m->totalram++;
	EXPECT_CONTAINS(t, type(c, "check\n"), "broken: T2 ");
	m->totalram = totalram;
	EXPECT_CONTAINS(t, type(c, "check\n"), "the machine is sound");
	EXPECT_STR(t, type(c, "exit\ncheck\n"), "exit\n");
	EXPECT(t, c->done && console_status(c, 0) == 1);
	c = console_for(m);
	type(c, "exit 77\n");
	EXPECT(t, c->done && console_status(c, 3) == 77);
	c = console_for(m);
	type(c, "frob\nexit 0\n");
	EXPECT(t, c->done && !console_status(c, 3));
	c = console_for(m);
	type(c, "exit\n");
	EXPECT(t, c->done && console_status(c, 3) == 1 && !console_status(c, 0));
	c = console_for(m);
	console_run(c, lines);
	EXPECT_STR(t, said, "console: that wants a number, such as 100 or 64K\nthe machine is sound\n");
	EXPECT(t, c->done && !c->status);
}

static void a_few_pairs_are_timed(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	const char *answer;

	ASSERT_NOT_NULL(t, m);
	answer = type(console_for(m), "bench\n");
	EXPECT_CONTAINS(t, answer, "kmalloc pair 64 B ");
	EXPECT_CONTAINS(t, answer, "vmalloc pair 4 KiB ");
	EXPECT_CONTAINS(t, answer, " cycles\n");
	EXPECT_NULL(t, strstr(answer, "no memory"));
}

KTAP_SUITE(console, KTAP_CASE(lines_are_edited), KTAP_CASE(long_lines_are_refused),
	   KTAP_CASE(what_is_not_understood_is_said), KTAP_CASE(files_are_shown_by_their_names),
	   KTAP_CASE(objects_are_made_explained_and_freed), KTAP_CASE(a_broken_machine_is_found_and_told_at_exit),
	   KTAP_CASE(a_few_pairs_are_timed));
