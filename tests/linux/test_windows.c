/* SPDX-License-Identifier: MIT */
/*
 * test_windows.c - where machines lie in a process, what they leave behind, and what happens when mappings run out.
 */
#include <errno.h>
#include <kmem/kmem.h>
#include <kmem/layout.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "tests/ktap.h"

/* Kernel names without a header for libc code. */
void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head));
void synchronize_rcu(void);

#define WINDOWS_END (VMALLOC_BASE + VMALLOC_WINDOW)
#if __SIZEOF_POINTER__ == 8
#define MAX_MACHINES 64
static const char *const cmdlines[] = { "mem=16M vmalloc=64M nr_cpus=1", "mem=64M vmalloc=64M nr_cpus=1",
					"mem=1G vmalloc=64M nr_cpus=2", "mem=3G vmalloc=128M nr_cpus=1" };
#else
#define MAX_MACHINES 8
#define DESCRIPTORS_END (VMEMMAP_BASE + (512ul << 20))	/* of 64 GiB */
static const char *const cmdlines[] = { "mem=16M nr_cpus=1", "mem=64M vmalloc=8M nr_cpus=1",
					"mem=32M vmalloc=16M nr_cpus=2", "mem=8M vmalloc=1M nr_cpus=1" };
#endif

/* ---------------------------------------------------------------------------------------------- the process's map */

struct maps {
	unsigned int lines;		/* all of the process */
	unsigned int ours;		/* in the windows */
	unsigned int executable;	/* of those */
};

static bool in_windows(unsigned long address)
{
#ifdef OTHERS_BASE
	if (address >= OTHERS_BASE && address < DESCRIPTORS_END)
		return true;
#endif
	return address >= DIRECT_BASE && address < WINDOWS_END;
}

static struct maps maps_read(void)
{
	FILE *file = fopen("/proc/self/maps", "re");
	struct maps maps = { 0 };
	unsigned long start, end;
	char line[512], prot[8];

	while (file && fgets(line, sizeof(line), file)) {
		maps.lines++;
		if (sscanf(line, "%lx-%lx %7s", &start, &end, prot) != 3 || !in_windows(start))
			continue;
		maps.ours++;
		maps.executable += prot[2] == 'x';
	}
	if (file)
		fclose(file);
	return maps;
}

/* Kilobytes of one line of /proc/self/status. */
static unsigned long status_kb(const char *name)
{
	FILE *file = fopen("/proc/self/status", "re");
	unsigned long kb = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, strlen(name)))
			kb = strtoul(line + strlen(name) + 1, NULL, 10);
	if (file)
		fclose(file);
	return kb;
}

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* Several boots and shutdowns: the fastest of each, as a note. */
static void note_times(struct ktap *t, const char *cmdline)
{
	double boot = 1e9, shutdown = 1e9;

	for (int i = 0; i < 20; i++) {
		double start = now_us(), booted;
		struct machine *m = machine_boot(&(struct machine_config){ .cmdline = cmdline });

		booted = now_us();
		if (!m)
			return;
		machine_shutdown(m);
		boot = booted - start < boot ? booted - start : boot;
		shutdown = now_us() - booted < shutdown ? now_us() - booted : shutdown;
	}
	ktap_note(t, "%s: boots in %lu us, shuts down in %lu us", cmdline, (unsigned long)boot,
		  (unsigned long)shutdown);
}

/* ------------------------------------------------------------------------------------------------- many machines */

static struct machine *machines[MAX_MACHINES];
static void *objects[MAX_MACHINES];

static void machines_have_windows_of_their_own(struct ktap *t)
{
	unsigned int nr;

	for (nr = 0; nr < MAX_MACHINES; nr++) {
		machines[nr] = machine_boot(&(struct machine_config){ .cmdline = cmdlines[nr % 4] });
		ASSERT_NOT_NULL(t, machines[nr]);
		machine_enter(machines[nr]);
		objects[nr] = kmalloc(4000, GFP_KERNEL);
		ASSERT_NOT_NULL(t, objects[nr]);
		memset(objects[nr], (int)nr, 4000);
		machine_leave();
	}
	EXPECT_EQ(t, maps_read().executable, 0);
	EXPECT_GT(t, maps_read().ours, MAX_MACHINES);
	for (unsigned int i = 0; i < nr; i++) {
		unsigned long address = (unsigned long)objects[i];

		EXPECT(t, sizeof(long) == 4 || (address >= DIRECT_BASE && address < DIRECT_BASE + DIRECT_WINDOW));
		EXPECT_EQ(t, ((unsigned char *)objects[i])[0], i);
		EXPECT_EQ(t, ((unsigned char *)objects[i])[3999], i);
		machine_enter(machines[i]);
		for (unsigned int j = 0; j < nr; j++)
			EXPECT_EQ(t, virt_addr_valid(objects[j]), i == j);
		EXPECT_EQ(t, (unsigned long)__va(__pa(objects[i])), address);
		kfree(objects[i]);
		machine_leave();
	}
	/* Every other one goes; new ones fit into the holes. */
	for (unsigned int i = 0; i < nr; i += 2) {
		EXPECT_EQ(t, machine_shutdown(machines[i]), 0);
		machines[i] = machine_boot(&(struct machine_config){ .cmdline = cmdlines[(i + 1) % 4] });
		ASSERT_NOT_NULL(t, machines[i]);
	}
	for (unsigned int i = 0; i < nr; i++)
		EXPECT_EQ(t, machine_shutdown(machines[i]), 0);
	EXPECT_EQ(t, maps_read().ours, 0);
}

static void a_full_window_is_no_disaster(struct ktap *t)
{
	static struct machine *all[4096];
	struct machine_config config = { .cmdline = "mem=16M nr_cpus=1" };
	const char *why = NULL;
	unsigned int nr = 0;

	while (nr < 4096 && (all[nr] = machine_boot_why(&config, &why)))
		nr++;
	ktap_note(t, "%u machines with the default vmalloc window at once", nr);
	EXPECT_GT(t, nr, 7);
	EXPECT_STR(t, why, "the host has no room for the machine's memory");
	for (unsigned int i = 0; i < nr; i++)
		EXPECT_EQ(t, machine_shutdown(all[i]), 0);
	EXPECT_EQ(t, maps_read().ours, 0);
}

static void boot_use_shut_down(struct ktap *t, const char *cmdline)
{
	struct machine *m = machine_boot(&(struct machine_config){ .cmdline = cmdline });
	void *object, *area;

	ASSERT_NOT_NULL(t, m);
	machine_enter(m);
	object = kmalloc(3000, GFP_KERNEL);
	area = vmalloc(30000);
	EXPECT(t, object && area);
	kfree(object);
	vfree(area);
	machine_leave();
	EXPECT_EQ(t, machine_shutdown(m), 0);
}

static void a_thousand_boots_leave_nothing_behind(struct ktap *t)
{
	struct maps before, after;
	int fd_before, fd_after;

	boot_use_shut_down(t, cmdlines[0]);
	fd_before = dup(0);
	close(fd_before);
	before = maps_read();
	for (unsigned int i = 0; i < 1000 && !ktap_failed(t); i++)
		boot_use_shut_down(t, cmdlines[i % 4]);
	after = maps_read();
	fd_after = dup(0);
	close(fd_after);
	EXPECT_EQ(t, after.ours, 0);
	EXPECT_LE(t, after.lines, before.lines + 32);	/* malloc may take a few */
	EXPECT_EQ(t, fd_after, fd_before);
}

/* One in five fails, half-way. */
static void boot_and_shut_down_often(struct ktap *t, unsigned int i, void *arg)
{
	unsigned int rounds = t->soak ? 4000 : 250;

	(void)arg;
	for (unsigned int round = 0; round < rounds && !ktap_failed(t); round++)
		if ((i + round) % 5)
			boot_use_shut_down(t, cmdlines[(i + round) % 4]);
		else
			EXPECT_NULL(t, machine_boot(&(struct machine_config){ .cmdline = "mem=2200K nr_cpus=64" }));
}

static void so_do_thousands_by_threads_at_once(struct ktap *t)
{
	boot_use_shut_down(t, cmdlines[0]);
	ktap_threads(t, 8, boot_and_shut_down_often, NULL);
	EXPECT_EQ(t, maps_read().ours, 0);
}

#if __SIZEOF_POINTER__ == 4
/* Machines come and go, one or two at a time, beside the first: most of the window is free each time, and whole. */
static void free_addresses_stay_whole(struct ktap *t)
{
	struct machine *first = machine_boot(&(struct machine_config){ .cmdline = "mem=16M vmalloc=8M nr_cpus=1" });
	struct machine *last = NULL, *next;

	ASSERT_NOT_NULL(t, first);
	for (unsigned int i = 0; i < 100 && !ktap_failed(t); i++) {
		next = machine_boot(&(struct machine_config){ .cmdline = cmdlines[i % 4] });
		EXPECT_NOT_NULL(t, next);
		if (last)
			machine_shutdown(last);
		last = next;
		boot_use_shut_down(t, "mem=600M vmalloc=64M nr_cpus=1");
	}
	machine_shutdown(last);
	EXPECT_EQ(t, machine_shutdown(first), 0);
	EXPECT_EQ(t, maps_read().ours, 0);
}

/* Of high memory there are descriptors, but no addresses: the next machine's go on further up. */
static void machines_of_high_memory_lie_side_by_side(struct ktap *t)
{
	enum { NR = 6 };
	struct machine *machines[NR];

	for (unsigned int i = 0; i < NR; i++) {
		machines[i] = machine_boot(&(struct machine_config){ .cmdline = "mem=96M highmem=64M nr_cpus=1" });
		ASSERT_NOT_NULL(t, machines[i]);
	}
	for (unsigned int i = 0; i < NR; i++)
		EXPECT_EQ(t, machine_shutdown(machines[i]), 0);
	EXPECT_EQ(t, maps_read().ours, 0);
}
#endif

/* Boots that fail half-way, too. */
static void failed_boots_leave_nothing_behind(struct ktap *t)
{
	static const char *const bad[] = { sizeof(long) == 8 ? "mem=64M vmalloc=1000T" : "kmem.fault=1024,1,0",
					   "mem=1M", "mem=12Q", "mem=2200K nr_cpus=64" };
	struct maps before = maps_read(), after;

	for (unsigned int i = 0; i < 200; i++) {
		struct machine *m = machine_boot(&(struct machine_config){ .cmdline = bad[i % 4] });

		EXPECT_NULL(t, m);
	}
	after = maps_read();
	EXPECT_EQ(t, after.ours, before.ours);
	EXPECT_LE(t, after.lines, before.lines + 2);
}

static void large_machines_cost_little(struct ktap *t)
{
	const char *cmdline = sizeof(long) == 4		     ? "mem=16G nr_cpus=2" :
			      (u64)DIRECT_WINDOW > 2ull << 40 ? "mem=1T nr_cpus=2" :
								"mem=128G nr_cpus=2";
	unsigned long before, after;
	struct machine *m;

	note_times(t, "mem=64M nr_cpus=2");
	note_times(t, cmdline);
	before = status_kb("VmRSS:");
	m = machine_boot(&(struct machine_config){ .cmdline = cmdline });
	ASSERT_NOT_NULL(t, m);
	machine_enter(m);
	for (int i = 0; i < 100; i++) {
		struct page *page = alloc_pages(GFP_KERNEL, 5);

		EXPECT_NOT_NULL(t, page);
		if (page)
			__free_pages(page, 5);
	}
	after = status_kb("VmRSS:");
	ktap_note(t, "%s: %ld KiB resident", cmdline, (long)(after - before));
	EXPECT_LT(t, (long)(after - before), 64 * 1024);
	machine_leave();
	EXPECT_EQ(t, machine_shutdown(m), 0);
}

static void nothing_is_executable(struct ktap *t)
{
	struct machine *m = machine_boot(&(struct machine_config){ .cmdline = "mem=64M" });
	struct page *pages[2];
	void *area, *alias;

	ASSERT_NOT_NULL(t, m);
	machine_enter(m);
	area = vmalloc(100000);
	pages[0] = alloc_page(GFP_KERNEL);
	pages[1] = alloc_page(GFP_KERNEL);
	alias = vmap(pages, 2, VM_MAP, PAGE_KERNEL);
	EXPECT(t, area && alias);
	EXPECT_EQ(t, maps_read().executable, 0);
	EXPECT_GT(t, maps_read().ours, 3);
	vunmap(alias);
	__free_page(pages[0]);
	__free_page(pages[1]);
	vfree(area);
	machine_leave();
	EXPECT_EQ(t, machine_shutdown(m), 0);
}

/* The program's own file descriptors keep their numbers; closing all low ones harms no machine. */
static void low_descriptors_are_the_programs(struct ktap *t)
{
	int before = dup(0), during;
	struct machine *m;
	void *area;

	close(before);
	m = machine_boot(&(struct machine_config){ .cmdline = "mem=64M" });
	ASSERT_NOT_NULL(t, m);
	during = dup(0);
	close(during);
	EXPECT_EQ(t, during, before);
	machine_enter(m);
	area = vmalloc(30000);
	EXPECT_NOT_NULL(t, area);
	vfree(area);
	machine_leave();
	EXPECT_EQ(t, machine_shutdown(m), 0);
}

/* ------------------------------------------------------------------------------------------- mappings run out */

#define SCATTERED 256		/* pages of one vmap, no two neighbours */

static char console[65536];
static size_t console_length;

static void console_keep(void *arg, const char *text, size_t length)
{
	(void)arg;
	if (length >= sizeof(console) - console_length)
		return;
	memcpy(console + console_length, text, length);
	console_length += length;
	console[console_length] = '\0';
}

/* Every other page of a block, so that no two runs merge. */
static void pages_scatter(struct page **pages, struct page *block)
{
	for (unsigned int i = 0; i < SCATTERED; i++)
		pages[i] = block + 2 * i;
}

static void the_program_still_maps(struct ktap *t)
{
	void *own = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *large = malloc(1 << 20);

	EXPECT(t, own != MAP_FAILED);
	EXPECT_NOT_NULL(t, large);
	if (own != MAP_FAILED)
		munmap(own, 4096);
	if (large)
		memset(large, 1, 1 << 20);
	free(large);
}

static void exhaust_mappings(struct ktap *t, void *arg)
{
	struct machine *m = machine_boot(&(struct machine_config){ .cmdline = "mem=256M vmalloc=4G nr_cpus=1",
								   .console = console_keep });
	static void *areas[4096];
	struct page *pages[SCATTERED], *block;
	unsigned int nr = 0, again = 0;
	void *one;

	(void)arg;
	ASSERT_NOT_NULL(t, m);
	machine_enter(m);
	block = alloc_pages(GFP_KERNEL, 9);
	ASSERT_NOT_NULL(t, block);
	pages_scatter(pages, block);
	while (nr < 4096 && (areas[nr] = vmap(pages, SCATTERED, VM_MAP, PAGE_KERNEL)))
		nr++;
	ktap_note(t, "%u areas of %u runs each", nr, SCATTERED);
	EXPECT_GT(t, nr, 50);
	EXPECT_LT(t, nr, 4096);
	EXPECT_CONTAINS(t, console, "no room for another mapping within vm.max_map_count, usually 65530");
	the_program_still_maps(t);
	for (unsigned int i = 0; i < nr; i++)
		EXPECT_EQ(t, ((volatile char *)areas[i])[(SCATTERED - 1) * PAGE_SIZE], 0);
	one = vmalloc(PAGE_SIZE);	/* may or may not find room, and must not harm */
	vfree(one);
	EXPECT(t, kmem_check(m, NULL));
	for (unsigned int i = 0; i < nr; i++)
		vunmap(areas[i]);
	while (again < nr && (areas[again] = vmap(pages, SCATTERED, VM_MAP, PAGE_KERNEL)))
		again++;
	EXPECT_GE(t, again + 2, nr);	/* as many as before */
	for (unsigned int i = 0; i < again; i++)
		vunmap(areas[i]);
	one = vmalloc(10 * PAGE_SIZE);
	EXPECT_NOT_NULL(t, one);
	vfree(one);
	__free_pages(block, 9);
	EXPECT(t, kmem_check(m, NULL));
	machine_leave();
	EXPECT_EQ(t, machine_shutdown(m), 0);
	EXPECT_EQ(t, maps_read().ours, 0);
}

static void running_out_of_mappings_is_survived(struct ktap *t)
{
	struct ktap_child child;

	if (!ktap_child(t, exhaust_mappings, NULL, &child))
		return;
	EXPECT_EQ(t, child.status, 0);
	EXPECT(t, !child.timed_out);
	if (child.status || child.signal)
		ktap_note(t, "%s", child.text);
}

/* ------------------------------------------------------------------------------------------------- fork, threads */

struct inherited {
	struct machine *m;
	unsigned char *object, *area;
};

/* What was there is there, is the child's own, and is still one memory under two addresses. */
static void use_inherited(struct ktap *t, void *arg)
{
	struct inherited *in = arg;
	void *more;

	EXPECT(t, machine_current() == in->m);
	EXPECT_EQ(t, in->object[0], 0xaa);
	EXPECT_EQ(t, in->area[9999], 0xbb);
	memset(in->object, 0x11, 1000);
	memset(in->area, 0x22, 10000);
	EXPECT_EQ(t, ((unsigned char *)page_address(vmalloc_to_page(in->area)))[0], 0x22);
	kfree(in->object);
	vfree(in->area);
	more = vzalloc(50000);
	EXPECT_NOT_NULL(t, more);
	EXPECT_EQ(t, ((unsigned char *)more)[49999], 0);
	vfree(more);
	drain_all_pages();
	synchronize_rcu();
	EXPECT(t, kmem_check(in->m, NULL));
	EXPECT_EQ(t, machine_shutdown(in->m), 0);
	EXPECT_NULL(t, machine_current());
	boot_use_shut_down(t, "mem=64M nr_cpus=2");
}

static void nothing_to_do(struct rcu_head *head)
{
	(void)head;
}

static void forked_child(struct ktap *t)
{
	struct inherited in = { .m = machine_boot(&(struct machine_config){ .cmdline = "mem=64M nr_cpus=2" }) };
	static struct rcu_head head;
	struct ktap_child child;

	ASSERT_NOT_NULL(t, in.m);
	machine_enter(in.m);
	call_rcu(&head, nothing_to_do);		/* a background task, which the child does not have */
	in.object = kmalloc(1000, GFP_KERNEL);
	in.area = vmalloc(10000);
	ASSERT(t, in.object && in.area);
	memset(in.object, 0xaa, 1000);
	memset(in.area, 0xbb, 10000);
	for (int i = 0; i < 3; i++) {
		if (!ktap_child(t, use_inherited, &in, &child))
			break;
		EXPECT_EQ(t, child.status, 0);
		EXPECT_STR(t, child.text, "");
	}
	EXPECT_EQ(t, in.object[0], 0xaa);
	EXPECT_EQ(t, in.area[9999], 0xbb);
	kfree(in.object);
	vfree(in.area);
	EXPECT(t, kmem_check(in.m, NULL));
	machine_leave();
	EXPECT_EQ(t, machine_shutdown(in.m), 0);
}

static void a_forked_child_has_machines_of_its_own(struct ktap *t)
{
	forked_child(t);
}

/* On 32 bits it lies elsewhere than the first. */
static void so_has_one_of_a_second_machine(struct ktap *t)
{
	struct machine *first = machine_boot(&(struct machine_config){ .cmdline = "mem=16M vmalloc=8M nr_cpus=1" });

	ASSERT_NOT_NULL(t, first);
	forked_child(t);
	EXPECT_EQ(t, machine_shutdown(first), 0);
}

struct late {
	struct machine *m;
	pthread_key_t first, last;
};

static struct late late;

/* A destructor of the program's own, which frees what the thread had. */
static void free_late(void *object)
{
	kfree(object);
}

static void *die_with_objects(void *arg)
{
	struct ktap *t = arg;

	EXPECT_EQ(t, machine_enter(late.m), 0);
	pthread_setspecific(late.first, kmalloc(64, GFP_KERNEL));
	pthread_setspecific(late.last, kmalloc(64, GFP_KERNEL));
	return NULL;
}

/* Keys made before and after kmem's own: whichever runs first, the thread is on its machine when they do. */
static void thread_destructors_may_free(struct ktap *t)
{
	struct machine_leaks leaks;
	pthread_t thread;

	pthread_key_create(&late.first, free_late);
	late.m = machine_boot(&(struct machine_config){ .cmdline = "mem=64M nr_cpus=1" });
	ASSERT_NOT_NULL(t, late.m);
	machine_enter(late.m);
	machine_leave();
	pthread_key_create(&late.last, free_late);
	for (int i = 0; i < 20; i++) {
		pthread_create(&thread, NULL, die_with_objects, t);
		pthread_join(thread, NULL);
	}
	EXPECT_EQ(t, machine_shutdown_leaks(late.m, &leaks), 0);
	EXPECT_EQ(t, leaks.slab_objects, 0);
	pthread_key_delete(late.first);
	pthread_key_delete(late.last);
}

static void *hold_cpu(void *arg)
{
	unsigned int *stop = arg;

	machine_enter(late.m);
	__atomic_store_n(stop, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(stop, __ATOMIC_ACQUIRE) != 2)
		usleep(1000);
	machine_leave();
	return NULL;
}

/* The thread that had the only CPU does not exist in the child: its lease ends there. */
static void a_forked_child_takes_back_cpus_of_threads_left_behind(struct ktap *t)
{
	unsigned int stop = 0;
	pthread_t thread;
	int status = -1;
	pid_t pid;

	late.m = machine_boot(&(struct machine_config){ .cmdline = "mem=64M nr_cpus=1" });
	ASSERT_NOT_NULL(t, late.m);
	pthread_create(&thread, NULL, hold_cpu, &stop);
	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE))
		usleep(1000);
	pid = fork();
	if (!pid) {
		alarm(20);
		_exit(machine_enter(late.m) ? 1 : 0);
	}
	waitpid(pid, &status, 0);
	EXPECT(t, WIFEXITED(status) && !WEXITSTATUS(status));
	__atomic_store_n(&stop, 2, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	EXPECT_EQ(t, machine_shutdown(late.m), 0);
}

static void errno_is_the_programs(struct ktap *t)
{
	struct machine *m;
	void *area;

	errno = 77;
	m = machine_boot(&(struct machine_config){ .cmdline = "mem=64M" });
	ASSERT_NOT_NULL(t, m);
	machine_enter(m);
	area = vmalloc(100000);
	kfree(kmalloc(100, GFP_KERNEL));
	vfree(area);
	machine_release_memory(m);
	machine_leave();
	machine_shutdown(m);
	EXPECT_NULL(t, machine_boot(&(struct machine_config){ .cmdline = "mem=64M kmem.fault=1024,1,0" }));
	EXPECT_EQ(t, errno, 77);
}

/* A thread that is bound to one processor boots a machine with as many CPUs as the host has: others will use it. */
static void a_bound_thread_boots_for_all_processors(struct ktap *t)
{
	cpu_set_t before, one;
	struct machine *m;

	ASSERT_EQ(t, sched_getaffinity(0, sizeof(before), &before), 0);
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	ASSERT_EQ(t, sched_setaffinity(0, sizeof(one), &one), 0);
	m = machine_boot(&(struct machine_config){ .cmdline = "mem=64M" });
	sched_setaffinity(0, sizeof(before), &before);
	ASSERT_NOT_NULL(t, m);
	EXPECT_EQ(t, machine_nr_cpus(m), (unsigned int)sysconf(_SC_NPROCESSORS_ONLN));
	machine_shutdown(m);
}

KTAP_SUITE(windows,
	   KTAP_CASE(machines_have_windows_of_their_own),
	   KTAP_CASE(a_full_window_is_no_disaster),
	   KTAP_CASE(a_thousand_boots_leave_nothing_behind), KTAP_CASE(so_do_thousands_by_threads_at_once),
#if __SIZEOF_POINTER__ == 4
	   KTAP_CASE(free_addresses_stay_whole), KTAP_CASE(machines_of_high_memory_lie_side_by_side),
#endif
	   KTAP_CASE(failed_boots_leave_nothing_behind),
	   KTAP_CASE(large_machines_cost_little),
	   KTAP_CASE(nothing_is_executable),
	   KTAP_CASE(low_descriptors_are_the_programs),
	   KTAP_CASE(running_out_of_mappings_is_survived),
	   KTAP_CASE(a_forked_child_has_machines_of_its_own), KTAP_CASE(so_has_one_of_a_second_machine),
	   KTAP_CASE(thread_destructors_may_free),
	   KTAP_CASE(a_forked_child_takes_back_cpus_of_threads_left_behind),
	   KTAP_CASE(a_bound_thread_boots_for_all_processors),
	   KTAP_CASE(errno_is_the_programs));
