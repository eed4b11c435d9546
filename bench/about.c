/* SPDX-License-Identifier: MIT */
/*
 * about.c - the machine that figures come from, and how the program was built: no names of hosts or people.
 */
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench/bench.h"

#ifndef BENCH_FLAGS
#define BENCH_FLAGS "not given by the build"
#endif

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

/* The value of the first "key : value" line of a file, or "unknown". */
static void file_value(const char *path, const char *key, char *text, size_t size)
{
	FILE *file = fopen(path, "re");
	bool found = false;
	char line[512];

	while (file && !found && fgets(line, sizeof(line), file))
		found = !strncmp(line, key, strlen(key)) && strchr(line, ':');
	if (file)
		fclose(file);
	if (!found) {
		snprintf(text, size, "unknown");
		return;
	}
	line[strcspn(line, "\n")] = '\0';
	snprintf(text, size, "%s", strchr(line, ':') + 1 + strspn(strchr(line, ':') + 1, " \t"));
}

static void huge_pages(char *text, size_t size)
{
	FILE *file = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "re");
	char line[128];
	const char *chosen = file && fgets(line, sizeof(line), file) ? strchr(line, '[') : NULL;

	if (file)
		fclose(file);
	if (chosen)
		snprintf(text, size, "%.*s", (int)strcspn(chosen + 1, "]"), chosen + 1);
	else
		snprintf(text, size, "unknown");
}

void about_here(struct about *about)
{
	struct utsname name;

	uname(&name);
	file_value("/proc/cpuinfo", "model name", about->cpu, sizeof(about->cpu));
	snprintf(about->kernel, sizeof(about->kernel), "%.60s %.60s", name.sysname, name.release);
	snprintf(about->arch, sizeof(about->arch), "%.31s", name.machine);
	huge_pages(about->huge_pages, sizeof(about->huge_pages));
	about->cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	snprintf(about->compiler, sizeof(about->compiler), "%s", COMPILER);
	snprintf(about->flags, sizeof(about->flags), "%s", BENCH_FLAGS);
	snprintf(about->hardening, sizeof(about->hardening), "%s", kmem_hardening());
}
