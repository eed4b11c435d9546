/* SPDX-License-Identifier: MIT */
/*
 * test_sweep_boot.c - machine_boot() with every passage through a point of failure failing. The rest: tests/sweep.h.
 *
 * A boot that fails says why and leaves the process as it was: mappings and files. One that comes up in spite of a
 * failure is a machine like any other.
 */
#include <dirent.h>
#include <kmem/kmem.h>
#include <kmem/layout.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include "tests/ktap.h"

/* mm/fault_inject.h, without a header for libc code. */
struct fault_report {
	u32 passages, failed;
};
struct fault_report fault_disarm(struct machine *m);
void dump_stack(void);

#define WINDOWS_END (VMALLOC_BASE + VMALLOC_WINDOW)
#define ALL_POINTS 2047u
#define MAX_PASSAGES 5000u

struct process {
	unsigned int mappings, files;
};

/* Those in kmem's windows, or of a machine's memory: a thread's stack, once used, is the C library's to keep. */
static unsigned int mappings_of_machines(void)
{
	FILE *file = fopen("/proc/self/maps", "re");
	unsigned int lines = 0;
	unsigned long start;
	char line[512];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%lx-", &start) == 1 &&
		    ((start >= DIRECT_BASE && start < WINDOWS_END) || strstr(line, "memfd:")))
			lines++;
	if (file)
		fclose(file);
	return lines;
}

static struct process process_now(void)
{
	struct process now = { .mappings = mappings_of_machines() };
	DIR *files = opendir("/proc/self/fd");

	while (files && readdir(files))
		now.files++;
	if (files)
		closedir(files);
	return now;
}

static void silence(void *arg, const char *text, size_t length)
{
	(void)arg;
	(void)text;
	(void)length;
}

/* Use it a little, look at all of it, take it down. Returns how many passages failed while it booted. */
static unsigned int try_machine(struct ktap *t, struct machine *m)
{
	struct kmem_fault fault = { 0 };
	struct fault_report report;

	machine_enter(m);
	report = fault_disarm(m);
	kfree(kmalloc(100, GFP_KERNEL));
	vfree(vmalloc(10000));
	if (!kmem_check(m, &fault))
		ktap_fail(t, "%s %s", fault.id, fault.place);
	machine_leave();
	EXPECT_EQ(t, machine_shutdown(m), 0);
	return report.failed;
}

/* What a process keeps of its first machine, and of its first look at its own symbols, is there from now on. */
static void warm_up(struct ktap *t)
{
	struct machine *m = machine_boot(&(struct machine_config){ .cmdline = "mem=64M", .console = silence });

	ASSERT_NOT_NULL(t, m);
	machine_enter(m);
	dump_stack();
	machine_leave();
	try_machine(t, m);
}

/* The nth passage fails. Returns whether any did. */
static bool boot_once(struct ktap *t, const char *cmdline, unsigned int nth, bool persistent, unsigned int *refused)
{
	struct process before = process_now(), after;
	struct machine_config config = { .console = silence };
	bool failed = true;
	const char *why;
	char line[200];
	struct machine *m;

	snprintf(line, sizeof(line), "%s kmem.fault=%u,%u,%d", cmdline, ALL_POINTS, nth, persistent);
	config.cmdline = line;
	m = machine_boot_why(&config, &why);
	if (m) {
		EXPECT_NULL(t, why);
		failed = try_machine(t, m);
	} else {
		EXPECT(t, why && *why);
		EXPECT_NULL(t, machine_current());
		*refused += 1;
	}
	after = process_now();
	EXPECT_EQ(t, after.mappings, before.mappings);
	EXPECT_EQ(t, after.files, before.files);
	if (ktap_failed(t))
		ktap_note(t, "%s: %s", line, m ? "boots" : why);
	return failed;
}

/* For tests/test_sweep_names.sh: SWEEP(machine_boot_why), and through it SWEEP(machine_boot). */
static void every_passage_of_a_boot(struct ktap *t)
{
	static const char *const cmdlines[] = {
		"mem=4M nr_cpus=1",
		"mem=64M nr_cpus=2",
		"mem=6G numa=fake=3 nr_cpus=4 movablecore=1G",
		"mem=2G kmem.layout=i386 nr_cpus=1",
		"mem=64M nr_cpus=2 slub_debug=FZPU",
		"mem=64M nr_cpus=1 memmap=64K$17M memmap=64K$25M",
	};

	warm_up(t);
	for (size_t i = 0; i < sizeof(cmdlines) / sizeof(cmdlines[0]); i++) {
		for (int persistent = 0; persistent < 2 && !ktap_failed(t); persistent++) {
			unsigned int nth = 1, refused = 0;

			while (boot_once(t, cmdlines[i], nth, persistent, &refused) && !ktap_failed(t) &&
			       nth < MAX_PASSAGES)
				nth++;
			EXPECT_LT(t, nth, MAX_PASSAGES);
			EXPECT_GT(t, refused, 5);
			if (!persistent)
				ktap_note(t, "%s: %u passages, %u are needed", cmdlines[i], nth - 1, refused);
		}
	}
}

/* What the host itself is refused. */
static void a_process_at_its_limits_boots_nothing_and_loses_nothing(struct ktap *t)
{
	static const int limits[] = { RLIMIT_NOFILE, RLIMIT_FSIZE };
	struct machine *m;

	warm_up(t);
	signal(SIGXFSZ, SIG_IGN);
	for (int i = 0; i < 2; i++) {
		struct process before = process_now(), after;
		struct rlimit old, none = { 0, 0 };
		const char *why = NULL;

		getrlimit(limits[i], &old);
		none.rlim_max = old.rlim_max;
		setrlimit(limits[i], &none);
		m = machine_boot_why(&(struct machine_config){ .cmdline = "mem=64M" }, &why);
		setrlimit(limits[i], &old);
		EXPECT_NULL(t, m);
		EXPECT_STR(t, why, "the host has no room for the machine's memory");
		if (m)
			machine_shutdown(m);
		after = process_now();
		EXPECT_EQ(t, after.mappings, before.mappings);
		EXPECT_EQ(t, after.files, before.files);
	}
	signal(SIGXFSZ, SIG_DFL);
}

KTAP_SUITE(sweep_boot, KTAP_CASE(every_passage_of_a_boot),
	   KTAP_CASE(a_process_at_its_limits_boots_nothing_and_loses_nothing));
