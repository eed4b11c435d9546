/* SPDX-License-Identifier: MIT */
/*
 * boot.c - the machine that a program's malloc() runs on: its command line, and what it says at the end.
 *
 *	what suits a program | KMEM_MALLOC="slub_debug=FZPU ..." | what RLIMIT_AS leaves room for
 *
 * The machine boots at the first allocation, which is before any constructor. It is as large as the host's memory, has
 * more CPUs than the host, so that threads need not wait for one, and is private, so that a fork copies it on write.
 * KMEM_MALLOC_STATS=1, or the names of machine_file() with commas between them, prints these to standard error at exit.
 */
#include <kmem/format.h>
#include <kmem/host.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include "malloc/malloc.h"

#define TEXT_BYTES (4ul << 20)

static const char *user_cmdline(void)
{
	const char *cmdline = secure_getenv("KMEM_MALLOC");

	return cmdline ? cmdline : "";
}

bool malloc_is_debugged(void)
{
	static int known;		/* atomic: 1 no, 2 yes; any thread's answer is right */
	int debugged = __atomic_load_n(&known, __ATOMIC_RELAXED);

	if (!debugged) {
		debugged = strstr(user_cmdline(), "slub_debug") || strstr(user_cmdline(), "slab_debug") ? 2 : 1;
		__atomic_store_n(&known, debugged, __ATOMIC_RELAXED);
	}
	return debugged == 2;
}

/* Does the user say how much memory there is? */
static bool user_sizes_memory(void)
{
	const char *mem = strstr(user_cmdline(), "mem=");

	return mem || strstr(user_cmdline(), "memmap=");
}

#define BLOCK_MIB ((PAGE_SIZE << MAX_ORDER) >> 20)

/*
 * How much memory, unless the user says it: as much as the host has, above 4 GiB, so that all of it is one zone; in
 * whole blocks, since a part of one would be opened and described at boot.
 * Addresses are short where RLIMIT_AS is set: then the machine takes a quarter of them, and its areas another.
 */
static void memory_text(char *text, size_t size)
{
	unsigned long long bytes = (unsigned long long)sysconf(_SC_PHYS_PAGES) * PAGE_SIZE;
	unsigned long long mib = (bytes >> 20) / BLOCK_MIB * BLOCK_MIB;
	struct rlimit limit;

	text[0] = '\0';
	if (user_sizes_memory())
		return;
	if (getrlimit(RLIMIT_AS, &limit) || limit.rlim_cur == RLIM_INFINITY)
		kmem_snprintf(text, size, "memmap=exactmap memmap=%lluM@4G mem=%lluM", mib, mib + 4096);
	else
		kmem_snprintf(text, size, "mem=%lluM vmalloc=%lluM", (unsigned long long)limit.rlim_cur >> 22,
			      (unsigned long long)limit.rlim_cur >> 22);
}

/* Instead of the host's own, which reads KMEM=. */
const char *host_default_cmdline(void)
{
	static char text[4096];		/* under the lock of the default machine's boot */
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned int cpus = online > 16 ? (unsigned int)online * 4 : 64;
	char memory[120];

	memory_text(memory, sizeof(memory));
	kmem_snprintf(text, sizeof(text),
		      "kmem.huge_after=256M kmem.keep=64K slub_max_order=4 nr_cpus=%u panic_on_warn=1 %s %s "
		      "kmem.private=1",
		      cpus, memory, user_cmdline());
	return text;
}

static void file_print(struct machine *m, const char *name, char *text)
{
	long length = machine_file(m, name, text, TEXT_BYTES);

	if (length < 0)
		length = kmem_snprintf(text, TEXT_BYTES, "no such file\n");
	if (length >= (long)TEXT_BYTES)
		length = (long)TEXT_BYTES - 1;
	host_console(m, "--- ", 4);
	host_console(m, name, strlen(name));
	host_console(m, "\n", 1);
	host_console(m, text, (size_t)length);
}

static void files_print(struct machine *m, const char *names, char *text)
{
	char list[256], *rest = list, *name;

	kmem_snprintf(list, sizeof(list), "%s", strcmp(names, "1") ? names : "slabinfo,meminfo");
	while ((name = strsep(&rest, ",")))
		file_print(m, name, text);
}

static __attribute__((destructor)) void print_at_exit(void)
{
	const char *names = secure_getenv("KMEM_MALLOC_STATS");
	char *text;

	if (!names || !*names)
		return;
	text = mmap(NULL, TEXT_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (text == MAP_FAILED)
		return;
	files_print(machine_default(), names, text);
	munmap(text, TEXT_BYTES);
}
