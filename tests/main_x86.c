/* SPDX-License-Identifier: MIT */
/*
 * main_x86.c - runs all suites of an image on bare metal (host/x86): the command line is the harness's arguments.
 *
 *	x86_main -> ktap_main (tests/ktap.c) -> cases -> ktap_threads: tasks of the host
 *	                                              -> ktap_child: there are no processes, so the case is skipped
 *
 * Words with "=" are not the harness's: part=2/3 picks suites, slow=1 adds those that take long.
 */
#include <kmem/check.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "host/x86/x86.h"
#include "tests/ktap.h"

#define MAX_WORDS 32
#define MAX_THREADS 256

void ktap_write(const char *text, size_t len)
{
	serial_write(text, len);
}

const char *ktap_env(const char *name)
{
	(void)name;
	return NULL;
}

uint64_t ktap_entropy(void)
{
	return (u32)host_random(NULL);
}

const char *ktap_host_options(void)
{
	return "";
}

/* Suites that are left out unless the command line says slow=1: every instruction of theirs is interpreted. */
static const char *const slow_suites[] = { "machine_model", "small_world" };
/* Those that take seconds: only the computer that they are dealt to runs them. */
static const char *const long_suites[] = {
	"slab_threads", "sweep_objects", "vmalloc", "pgtable", "dial", "vmscan", "slab_debug",
};
/* Those that every computer runs, whatever its part. */
static const char *const every_part[] = {
	"host_contract", "processors", "tables", "real_machine", "high_memory", "interrupts",
};

/* Suites whose machines touch more than a small computer has. */
static const struct {
	const char *suite;
	unsigned long mib;
} large_suites[] = { { "compaction", 100 }, { "page_alloc", 100 } };

static bool with_slow;
static unsigned int part = 1, nr_parts = 1;

static bool is_in(const char *const *names, unsigned int nr, const char *name)
{
	for (unsigned int i = 0; i < nr; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

/* Suites are dealt out by their names, so that a new one changes nothing for the others. */
static unsigned int part_of(const char *suite)
{
	u32 sum = 0;

	while (*suite)
		sum = sum * 31 + (u8)*suite++;
	return sum % nr_parts + 1;
}

static bool is_too_large(const char *suite)
{
	unsigned long mib = x86_free_frames() >> (20 - PAGE_SHIFT);

	for (unsigned int i = 0; i < ARRAY_SIZE(large_suites); i++)
		if (!strcmp(large_suites[i].suite, suite))
			return mib < large_suites[i].mib;
	return false;
}

static const char *why_left_out(const char *suite)
{
	if (is_in(slow_suites, ARRAY_SIZE(slow_suites), suite) && !with_slow)
		return "takes minutes under an interpreter: slow=1 runs it";
	if (part ? !is_in(every_part, ARRAY_SIZE(every_part), suite) && part_of(suite) != part
		 : is_in(long_suites, ARRAY_SIZE(long_suites), suite))
		return "another computer's part";
	if (is_too_large(suite))
		return "touches more memory than this computer has";
	return NULL;
}

/* part=2/3; 0/3: all but what takes long. */
static void part_read(const char *cmdline)
{
	const char *word = strstr(cmdline, "part=");

	if (!word)
		return;
	part = (unsigned int)(word[5] - '0');
	nr_parts = (unsigned int)(word[7] - '0');
	if (word[6] != '/' || part > nr_parts || !nr_parts || nr_parts > 9)
		halt("Bail out! part=: not understood: 1/3 is the first of three, 0/3 all but what takes long\n");
}

struct job {
	struct ktap *t;
	void (*body)(struct ktap *t);
};

static void job_run(void *arg)
{
	struct job *job = arg;

	job->body(job->t);
}

/*
 * Each case is a task's: what it leaves behind of its own, no other meets. The host's tables are looked at afterwards:
 * they are the core's walker at work.
 */
void ktap_host_run(struct ktap *t, void (*body)(struct ktap *t))
{
	const char *why = t->soak ? NULL : why_left_out(t->suite);
	struct kmem_fault fault = { 0 };
	struct job job = { t, body };
	struct task *task;

	if (why) {
		ktap_skip(t, why);
		return;
	}
	task = x86_spawn("case", job_run, &job);
	if (task)
		x86_join(task);
	else
		ktap_fail(t, "no memory for the stack of the case");
	if (!x86_tables_check(&fault))
		ktap_fail(t, "the host's page tables: %s %s", fault.id, fault.place);
}

bool ktap_child(struct ktap *t, void (*fn)(struct ktap *t, void *arg), void *arg, struct ktap_child *out)
{
	(void)fn;
	(void)arg;
	*out = (struct ktap_child){ .status = -1, .text = "" };
	ktap_skip(t, "there are no processes on bare metal");
	return false;
}

bool ktap_faults(struct ktap *t, const volatile void *address, bool write)
{
	(void)t;
	return x86_faults(address, write);
}

/* ----------------------------------------------------------------------------------------------------------- tasks */

struct gang {
	struct ktap *t;
	void (*fn)(struct ktap *t, unsigned int i, void *arg);
	void *arg;
	u32 goes;		/* atomic: all have been made */
};

struct member {
	struct gang *gang;
	unsigned int i;
	struct task *task;
};

static void member_run(void *arg)
{
	struct member *member = arg;
	struct gang *gang = member->gang;

	while (!__atomic_load_n(&gang->goes, __ATOMIC_ACQUIRE))
		host_wait(&gang->goes, 0, 0);
	gang->fn(gang->t, member->i, gang->arg);
}

bool ktap_threads(struct ktap *t, unsigned int n, void (*fn)(struct ktap *t, unsigned int i, void *arg), void *arg)
{
	struct gang gang = { .t = t, .fn = fn, .arg = arg };
	struct member members[MAX_THREADS];
	unsigned int made = 0;

	if (n > MAX_THREADS) {
		ktap_fail(t, "ktap_threads: %u threads are too many", n);
		return true;
	}
	for (; made < n; made++) {
		members[made] = (struct member){ .gang = &gang, .i = made };
		members[made].task = x86_spawn("worker", member_run, &members[made]);
		if (!members[made].task)
			halt("Bail out! only %u of %u tasks could be made\n", made, n);
	}
	__atomic_store_n(&gang.goes, 1, __ATOMIC_RELEASE);
	host_wake(&gang.goes, INT_MAX);
	for (unsigned int i = 0; i < n; i++)
		x86_join(members[i].task);
	return true;
}

/* ------------------------------------------------------------------------------------------------------------ main */

/* What the linker and the tests call by the names of a process's. */
int x86_main(char *cmdline)
{
	char *words[MAX_WORDS + 1] = { "image" };
	int nr = 1;

	with_slow = strstr(cmdline, "slow=1");
	part_read(cmdline);

	for (char *word = strsep(&cmdline, " "); word && nr < MAX_WORDS; word = strsep(&cmdline, " "))
		if (*word && !strchr(word, '=') && strcmp(word, "quiet"))
			words[nr++] = word;
	return ktap_main(nr, words);
}
