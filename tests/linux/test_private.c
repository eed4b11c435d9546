/* SPDX-License-Identifier: MIT */
/* test_private.c - private memory (kmem.private=1): one address a frame, copied on write by a fork. */
#include <errno.h>
#include <fcntl.h>
#include <kmem/host.h>
#include <kmem/kmem.h>
#include <kmem/migrate.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tests/ktap.h"

#define TEST_HAS_THREADS

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#define HUGE_BYTES (2ul << 20)

#define NO_FILTERS 77			/* a child's status */

#ifdef __SANITIZE_THREAD__
#define CHILDREN_START_NO_THREADS 1
#else
#define CHILDREN_START_NO_THREADS 0
#endif

static struct machine *private_machine(const char *cmdline)
{
	struct machine *m = machine_boot(&(struct machine_config){ .cmdline = cmdline });

	if (m)
		machine_enter(m);
	return m;
}

static bool is_sound(struct machine *m)
{
	struct kmem_fault fault;

	return kmem_check(m, &fault);
}

static void contents_move_into_an_area_and_go_with_it(struct ktap *t)
{
	struct machine *m = private_machine("mem=64M kmem.private=1");
	char *area, *page;

	ASSERT(t, m);
	area = vzalloc(5 << 20);
	ASSERT_NOT_NULL(t, area);
	for (size_t i = 0; i < 5 << 20; i += 4096)
		EXPECT_EQ(t, area[i], 0);
	memset(area, 0x77, 5 << 20);
	vfree(area);
	/* Whatever frames come next: zeroed ones are zero, areas that were asked for zeros are. */
	for (int i = 0; i < 100; i++) {
		page = (char *)get_zeroed_page(GFP_KERNEL);
		EXPECT(t, page && !page[0] && !page[4095]);
		page[0] = 1;
		free_page((unsigned long)page);
	}
	area = vzalloc(9 << 20);
	ASSERT_NOT_NULL(t, area);
	EXPECT(t, !area[0] && !area[5 << 20] && !area[(9 << 20) - 1]);
	vfree(area);
	machine_release_memory(m);
	EXPECT(t, is_sound(m));
	machine_leave();
	EXPECT_EQ(t, machine_shutdown(m), 0);
}

/* From now on the system says of this flag what one that is older than it says. False if it lets nobody say so. */
static bool dontunmap_refuse(void)
{
	static struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mremap, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[3])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MREMAP_DONTUNMAP, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	static const struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

static void move_on_an_older_system(struct ktap *t, void *arg)
{
	void *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *moved;

	(void)arg;
	if (!dontunmap_refuse())
		_exit(NO_FILTERS);
	moved = mremap(page, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, (char *)page + 4096);
	EXPECT(t, moved == MAP_FAILED && errno == EINVAL);
	contents_move_into_an_area_and_go_with_it(t);
}

static void so_they_do_on_a_system_that_leaves_a_hole(struct ktap *t)
{
	struct ktap_child child;

	if (CHILDREN_START_NO_THREADS)
		return ktap_skip(t, "ThreadSanitizer ends such a child when it starts a task");
	if (!ktap_child(t, move_on_an_older_system, NULL, &child))
		return;
	if (child.status == NO_FILTERS)
		return ktap_skip(t, "filters of system calls");
	EXPECT_EQ(t, child.status, 0);
	if (child.status)
		ktap_note(t, "%s", child.text);
}

static void opened_as_it_is_used(struct ktap *t, const char *cmdline)
{
	struct machine *m = private_machine(cmdline);
	unsigned long pages[2000];
	unsigned int nr = 0;

	ASSERT(t, m);
	for (; nr < 2000 && (pages[nr] = __get_free_pages(GFP_KERNEL | __GFP_NOWARN, 5)); nr++)
		memset((void *)pages[nr], 1, 4096ul << 5);
	EXPECT(t, nr > 1800);
	while (nr)
		free_pages(pages[--nr], 5);
	EXPECT(t, machine_release_memory(m) > 10000);
	EXPECT(t, is_sound(m));
	machine_leave();
	EXPECT_EQ(t, machine_shutdown(m), 0);
}

static void memory_is_opened_as_it_is_used(struct ktap *t)
{
	opened_as_it_is_used(t, "mem=256M kmem.private=1 kmem.huge_after=16M");
	opened_as_it_is_used(t, "mem=256M kmem.huge_after=16M");
}

/* KiB of memory that this process has in huge pages; kind: "ShmemPmdMapped:", "AnonHugePages:". */
static long huge_kib(const char *kind)
{
	char text[4096] = "";
	int fd = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
	const char *line;

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		return 0;
	close(fd);
	line = strstr(text, kind);
	return line ? strtol(line + strlen(kind), NULL, 10) : 0;
}

/* Does this system make huge pages of shared memory for who asks? */
static bool huge_pages_are_made(void)
{
	int fd = memfd_create("probe", MFD_CLOEXEC);
	char *room = mmap(NULL, 2 * HUGE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *place = (char *)(((unsigned long)room + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1));
	bool made = false;

	if (fd >= 0 && !ftruncate(fd, HUGE_BYTES) && room != MAP_FAILED &&
	    mmap(place, HUGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == (void *)place) {
		*place = 1;
		made = !madvise(place, HUGE_BYTES, MADV_COLLAPSE);
	}
	munmap(room, 2 * HUGE_BYTES);
	close(fd);
	return made;
}

/* Who uses less than is said has small pages only, and no more of them than he uses. */
static void huge_pages_are_for_who_uses_much(struct ktap *t)
{
	bool made = sizeof(long) == 8 && huge_pages_are_made();
	struct machine *m = private_machine("mem=256M kmem.huge_after=32M");
	unsigned long pages[1024];
	unsigned int nr;

	ASSERT(t, m);
	for (nr = 0; nr < 128; nr++)
		pages[nr] = __get_free_pages(GFP_KERNEL, 5);
	EXPECT_EQ(t, huge_kib("ShmemPmdMapped:"), 0);
	for (; nr < 512; nr++) {
		pages[nr] = __get_free_pages(GFP_KERNEL | __GFP_ZERO, 5);
		ASSERT(t, pages[nr]);
		EXPECT_EQ(t, *(char *)pages[nr], 0);
	}
	if (made)
		EXPECT_GE(t, huge_kib("ShmemPmdMapped:"), 16 << 10);
	while (nr)
		free_pages(pages[--nr], 5);
	EXPECT(t, is_sound(m));
	machine_leave();
	EXPECT_EQ(t, machine_shutdown(m), 0);
}

/* Does this system make private huge pages, and only for who asks? */
static bool huge_pages_are_asked_for(void)
{
	char text[64] = "";
	int fd = open("/sys/kernel/mm/transparent_hugepage/enabled", O_RDONLY | O_CLOEXEC);
	bool asked = fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && strstr(text, "[madvise]");

	close(fd);
	return asked;
}

/* What counts is what is used: boot takes more than that for 256 CPUs, and uses the first one's. */
static void boot_s_memory_is_not_much_used(struct ktap *t)
{
	bool asked = huge_pages_are_asked_for();
	struct machine *m = private_machine("mem=256M nr_cpus=256 kmem.private=1 kmem.huge_after=16M");
	unsigned long pages[512];
	unsigned int nr;

	ASSERT(t, m);
	for (nr = 0; nr < 512; nr++) {
		if (asked && nr == 64)
			EXPECT_EQ(t, huge_kib("AnonHugePages:"), 0);
		pages[nr] = __get_free_pages(GFP_KERNEL | __GFP_ZERO, 5);
		ASSERT(t, pages[nr]);
	}
	if (asked)
		EXPECT_GE(t, huge_kib("AnonHugePages:"), 16 << 10);
	while (nr)
		free_pages(pages[--nr], 5);
	EXPECT(t, is_sound(m));
	machine_leave();
	EXPECT_EQ(t, machine_shutdown(m), 0);
}

static void high_memory_is_refused(struct ktap *t)
{
	const char *why;
	const struct machine_config high = { .cmdline = "mem=64M highmem=16M kmem.private=1" };

	EXPECT_NULL(t, machine_boot_why(&high, &why));
	EXPECT_STR(t, why, "kmem.private=1 leaves a frame one address: give no high memory");
}

/* ----------------------------------------------------------------------------------------------------------- forks */

static struct {
	struct machine *m;
	unsigned int stop;		/* atomic */
} noise;

static void *make_noise(void *arg)
{
	void *objects[64] = { NULL };

	machine_enter(noise.m);
	for (unsigned int i = 0; !__atomic_load_n(&noise.stop, __ATOMIC_RELAXED); i++) {
		kfree(objects[i % 64]);
		objects[i % 64] = kmalloc(i * 37 % 9000 + 1, GFP_KERNEL);
		if (i % 97 == 0)
			vfree(vmalloc(20000));
		if (i % 1013 == 0)
			machine_release_memory(noise.m);
	}
	for (int i = 0; i < 64; i++)
		kfree(objects[i]);
	machine_leave();
	return arg;
}

/* In the child: every kind of lock is taken. */
static int child_works(const char *kept, const void *area)
{
	void *object[300];

	alarm(30);
	if (strcmp(kept, "parent"))
		return 1;
	for (int i = 0; i < 300; i++) {
		object[i] = kmalloc((size_t)i * 40 + 1, GFP_KERNEL);
		if (!object[i])
			return 2;
		memset(object[i], 0x11, (size_t)i * 40 + 1);
	}
	for (int i = 0; i < 300; i++)
		kfree(object[i]);
	vfree(area);
	kmem_cache_destroy(kmem_cache_create("child", 123, 0, SLAB_NO_MERGE, NULL));
	machine_release_memory(noise.m);
	return 0;
}

static void a_child_is_whole_whatever_other_threads_do(struct ktap *t)
{
	int forks = 20, status = -1;
	pthread_t thread[3];
	char *kept;
	void *area;

	if (CHILDREN_START_NO_THREADS)
		return ktap_skip(t, "ThreadSanitizer ends such a child when it starts a task");
	noise.m = private_machine("mem=256M kmem.private=1 nr_cpus=8");
	ASSERT(t, noise.m);
	__atomic_store_n(&noise.stop, 0, __ATOMIC_RELAXED);
	kept = kstrdup("parent", GFP_KERNEL);
	area = vmalloc(100000);
	for (int i = 0; i < 3; i++)
		pthread_create(&thread[i], NULL, make_noise, NULL);
	while (forks--) {
		pid_t pid = fork();

		if (!pid)
			_exit(child_works(kept, area));
		waitpid(pid, &status, 0);
		EXPECT(t, WIFEXITED(status));
		EXPECT_EQ(t, WEXITSTATUS(status), 0);
	}
	__atomic_store_n(&noise.stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	EXPECT_STR(t, kept, "parent");
	kfree(kept);
	vfree(area);
	EXPECT(t, is_sound(noise.m));
	machine_leave();
	EXPECT_EQ(t, machine_shutdown(noise.m), 0);
}

static void a_child_writes_to_its_own(struct ktap *t)
{
	struct machine *m = private_machine("mem=64M kmem.private=1");
	char *object, *area;
	int status = -1;
	pid_t pid;

	ASSERT(t, m);
	object = kstrdup("parent", GFP_KERNEL);
	area = vmalloc(5 << 20);
	strcpy(area, "parent");
	pid = fork();
	if (!pid) {
		if (strcmp(area, "parent") || !is_sound(m))
			_exit(1);
		strcpy(object, "child");
		strcpy(area, "child");
		kfree(object);
		vfree(area);
		machine_leave();
		_exit(machine_shutdown(m) ? 2 : 0);
	}
	waitpid(pid, &status, 0);
	EXPECT(t, WIFEXITED(status));
	EXPECT_EQ(t, WEXITSTATUS(status), 0);
	EXPECT_STR(t, object, "parent");
	EXPECT_STR(t, area, "parent");
	kfree(object);
	vfree(area);
	machine_leave();
	EXPECT_EQ(t, machine_shutdown(m), 0);
}

static void say_nothing(void *arg, const char *text, size_t length)
{
	(void)arg;
	(void)text;
	(void)length;
}

/* Most descriptors are not made yet: who asks about any frame, or looks through all of them, meets no fault. */
static void what_was_never_used_may_be_asked_about(struct ktap *t)
{
	struct machine_config config = { .cmdline = "mem=64M kmem.private=1 kmem.idle_release=off",
					 .console = say_nothing };
	struct machine *m = machine_boot(&config);
	char *low, text[256];

	ASSERT(t, m);
	machine_enter(m);
	low = phys_to_virt(0);
	compact_memory();
	EXPECT_EQ(t, ksize(low + (40 << 20)), 0);
	kfree(low + (40 << 20));		/* a report, which nobody reads */
	EXPECT_GT(t, kmem_explain(m, low + (40 << 20), text, sizeof(text)), 0);
	EXPECT(t, virt_addr_valid(low + (40 << 20)));
	EXPECT(t, is_sound(m));
	machine_leave();
	EXPECT_EQ(t, machine_shutdown(m), 0);
}

/* The thread that forks holds what it would wait for: nothing is waited for. */
static void a_fork_within_kmem_begins_nothing(struct ktap *t)
{
	struct machine *m = private_machine("mem=64M kmem.private=1");

	ASSERT(t, m);
	kmem_context.preempt_count++;
	EXPECT(t, !kmem_fork_begin(m));
	kmem_context.preempt_count--;
	ASSERT(t, kmem_fork_begin(m));
	EXPECT(t, !kmem_fork_begin(m));
	kmem_fork_done(m);
	kfree(kmalloc(100, GFP_KERNEL));
	machine_leave();
	EXPECT_EQ(t, machine_shutdown(m), 0);
}

KTAP_SUITE(private, KTAP_CASE(contents_move_into_an_area_and_go_with_it),
	   KTAP_CASE(so_they_do_on_a_system_that_leaves_a_hole), KTAP_CASE(memory_is_opened_as_it_is_used),
	   KTAP_CASE(huge_pages_are_for_who_uses_much), KTAP_CASE(boot_s_memory_is_not_much_used),
	   KTAP_CASE(high_memory_is_refused), KTAP_CASE(a_child_writes_to_its_own),
	   KTAP_CASE(a_child_is_whole_whatever_other_threads_do), KTAP_CASE(a_fork_within_kmem_begins_nothing),
	   KTAP_CASE(what_was_never_used_may_be_asked_about));
