/* SPDX-License-Identifier: MIT */
/*
 * test_idle.c - free memory goes back to the operating system when asked for, and when the machine has gone quiet.
 *
 * What a process shares with its memfds is RssShmem in /proc/self/status. Waits are polls with a far end, never times.
 */
#include <dirent.h>
#include <kmem/kmem.h>
#include <kmem/layout.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tests/ktap.h"

#define BLOCKS 1024u			/* of order 4: 64 MiB in all */
#define TOUCHED_KB (BLOCKS * 64ul)

static struct page *blocks[BLOCKS];

static unsigned long shared_kb(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	unsigned long kb = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, "RssShmem:", 9))
			kb = strtoul(line + 9, NULL, 10);
	if (file)
		fclose(file);
	return kb;
}

/* Has the process a thread of that name? */
static bool has_task(const char *name)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *task;
	bool found = false;

	while (tasks && !found && (task = readdir(tasks))) {
		char path[300], comm[32];
		FILE *file;

		snprintf(path, sizeof(path), "/proc/self/task/%s/comm", task->d_name);
		file = fopen(path, "re");
		if (!file)
			continue;
		if (fgets(comm, sizeof(comm), file)) {
			comm[strcspn(comm, "\n")] = '\0';
			found = !strcmp(comm, name);
		}
		fclose(file);
	}
	if (tasks)
		closedir(tasks);
	return found;
}

/* A thread takes a moment to name itself, and a moment to be gone. */
static bool comes_to_be(bool wanted, const char *name)
{
	for (unsigned int i = 0; i < 1000; i++) {
		if (has_task(name) == wanted)
			return true;
		usleep(1000);
	}
	return false;
}

static void *objects[TOUCHED_KB];

/* The same with objects of 1 KiB. Their slabs end where no task may be started. */
static void use_and_free_objects(struct ktap *t, unsigned long *peak)
{
	for (unsigned int i = 0; i < TOUCHED_KB; i++) {
		objects[i] = kmalloc(1024, GFP_KERNEL);
		ASSERT_NOT_NULL(t, objects[i]);
		memset(objects[i], 1, 1024);
	}
	*peak = shared_kb();
	for (unsigned int i = 0; i < TOUCHED_KB; i++)
		kfree(objects[i]);
}

/* Write to a lot of memory and free it. */
static void use_and_free(struct ktap *t, unsigned long *peak)
{
	for (unsigned int i = 0; i < BLOCKS; i++) {
		blocks[i] = alloc_pages(GFP_KERNEL, 4);
		ASSERT_NOT_NULL(t, blocks[i]);
		memset(page_address(blocks[i]), 1, 16 * PAGE_SIZE);
	}
	*peak = shared_kb();
	for (unsigned int i = 0; i < BLOCKS; i++)
		__free_pages(blocks[i], 4);
}

static bool falls_below(unsigned long kb, unsigned int tenths)
{
	for (unsigned int i = 0; i < tenths; i++) {
		if (shared_kb() < kb)
			return true;
		usleep(100000);
	}
	return false;
}

static struct machine *boot(struct ktap *t, const char *cmdline)
{
	struct machine *m = machine_boot(&(struct machine_config){ .cmdline = cmdline });

	EXPECT_NOT_NULL(t, m);
	if (m)
		machine_enter(m);
	return m;
}

static void shut_down(struct ktap *t, struct machine *m)
{
	machine_leave();
	EXPECT_EQ(t, machine_shutdown(m), 0);
	EXPECT(t, comes_to_be(false, "idle"));
}

static void release_gives_free_memory_back(struct ktap *t)
{
	unsigned long before = shared_kb(), peak = 0, released;
	struct machine *m = boot(t, "mem=256M nr_cpus=1 kmem.idle_release=0");
	unsigned char *kept;

	ASSERT_NOT_NULL(t, m);
	kept = kmalloc(4096, GFP_KERNEL);
	memset(kept, 0x5a, 4096);
	use_and_free(t, &peak);
	EXPECT_GE(t, peak, before + TOUCHED_KB);
	released = machine_release_memory(m);
	EXPECT_GE(t, released, BLOCKS * 16);
	EXPECT_LT(t, shared_kb(), peak - TOUCHED_KB * 9 / 10);
	EXPECT_EQ(t, machine_release_memory(m), 0);	/* nothing new */
	EXPECT_EQ(t, kept[0], 0x5a);
	EXPECT_EQ(t, kept[4095], 0x5a);
	kfree(kept);
	use_and_free(t, &peak);				/* it can be used again */
	EXPECT_GE(t, peak, before + TOUCHED_KB);
	EXPECT(t, kmem_check(m, NULL));
	shut_down(t, m);
}

static void a_quiet_machine_releases_by_itself(struct ktap *t)
{
	unsigned long peak = 0;
	struct machine *m = boot(t, "mem=256M nr_cpus=1");

	ASSERT_NOT_NULL(t, m);
	for (int round = 0; round < 2; round++) {
		use_and_free(t, &peak);
		EXPECT(t, falls_below(peak - TOUCHED_KB * 9 / 10, 200));
		use_and_free_objects(t, &peak);
		EXPECT(t, falls_below(peak - TOUCHED_KB * 9 / 10, 200));
	}
	EXPECT(t, kmem_check(m, NULL));
	shut_down(t, m);
}

static void it_does_not_where_that_is_off(struct ktap *t)
{
	unsigned long peak = 0;
	struct machine *m = boot(t, "mem=256M nr_cpus=1 kmem.idle_release=0");

	ASSERT_NOT_NULL(t, m);
	use_and_free(t, &peak);
	EXPECT(t, !has_task("idle"));
	EXPECT(t, !falls_below(peak / 2, 12));
	shut_down(t, m);
}

static void shutdown_ends_the_wait(struct ktap *t)
{
	for (int i = 0; i < 10; i++) {
		unsigned long peak = 0;
		struct machine *m = boot(t, "mem=256M nr_cpus=1");

		ASSERT_NOT_NULL(t, m);
		use_and_free(t, &peak);
		EXPECT(t, comes_to_be(true, "idle"));
		shut_down(t, m);
	}
}

/* Threads that allocate and free all the time, while the idle task comes and goes. */
static void churn(struct ktap *t, unsigned int i, void *arg)
{
	struct machine *m = arg;

	machine_enter(m);
	for (unsigned int round = 0; round < (t->soak ? 2000u : 8u); round++) {
		struct page *pages[64];

		for (unsigned int n = 0; n < 64; n++) {
			pages[n] = alloc_pages(GFP_KERNEL, 4 + n % 3);
			if (pages[n])
				memset(page_address(pages[n]), (int)i, PAGE_SIZE);
		}
		for (unsigned int n = 0; n < 64; n++)
			if (pages[n]) {
				EXPECT_EQ(t, *(unsigned char *)page_address(pages[n]), i);
				__free_pages(pages[n], 4 + n % 3);
			}
		if (!i)
			machine_release_memory(m);
		else if (round % 4 == i)
			usleep(600000);
	}
	machine_leave();
}

static void releasing_disturbs_nobody(struct ktap *t)
{
	struct machine *m = boot(t, "mem=256M nr_cpus=2");

	ASSERT_NOT_NULL(t, m);
	ktap_threads(t, 4, churn, m);
	EXPECT(t, kmem_check(m, NULL));
	shut_down(t, m);
}

KTAP_SUITE(idle,
	   KTAP_CASE(release_gives_free_memory_back),
	   KTAP_CASE(a_quiet_machine_releases_by_itself),
	   KTAP_CASE(it_does_not_where_that_is_off),
	   KTAP_CASE(shutdown_ends_the_wait),
	   KTAP_CASE(releasing_disturbs_nobody));
