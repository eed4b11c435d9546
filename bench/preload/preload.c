/* SPDX-License-Identifier: MIT */
/*
 * preload.c - whole programs on kmem's malloc and on its peers': time and peak memory, in one table.
 *
 *	preload [--runs N] [--list] LIBRARY FOLDER [PROGRAM...]
 *
 * LIBRARY is libkmem-malloc.so, FOLDER has the programs' inputs; compilers get a source of this tree, from its root.
 * Allocators take turns, so that what disturbs the machine disturbs all; of each the best run counts, time and memory
 * apart. Time is that of processors, user and system; memory is the largest resident set. Programs and allocators that
 * are not installed are left out, and named.
 */
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_ALLOCATORS 8
#define MAX_ARGS 12

extern char **environ;

struct allocator {
	const char *name;
	const char *pattern;		/* of its library; NULL: libc's own */
	char path[512];
};

static struct allocator allocators[] = {
	{ "kmem", "", "" },
	{ "mimalloc", "/usr/lib/*/libmimalloc.so.*", "" },
	{ "jemalloc", "/usr/lib/*/libjemalloc.so.*", "" },
	{ "tcmalloc", "/usr/lib/*/libtcmalloc_minimal.so.*", "" },
	{ "glibc", NULL, "" },
};

#define NR_ALLOCATORS (sizeof(allocators) / sizeof(allocators[0]))

/* A program under test. In its arguments % stands for the folder of inputs. */
struct program {
	const char *name;
	const char *needs;		/* a command that must be installed */
	unsigned int weight;		/* runs for each that is asked for */
	const char *args[MAX_ARGS];
	const char *environment;	/* one more word, or NULL */
};

#define COMPILE "-O2", "-std=gnu11", "-D_GNU_SOURCE", "-Iinclude", "-I.", "-c", "cli/trace_line.c", "-o", "/dev/null"

static const struct program programs[] = {
	{ "true", "true", 20, { "true" }, NULL },
	{ "gcc -O2", "gcc", 1, { "gcc", COMPILE }, NULL },
	{ "clang -O2", "clang", 1, { "clang", COMPILE }, NULL },
	{ "perl -e 1", "perl", 10, { "perl", "-e", "1" }, NULL },
	{ "sqlite3", "sqlite3", 1, { "sqlite3", ":memory:", ".read %sqlite.sql" }, NULL },
	{ "perl", "perl", 1, { "perl", "%perl.pl" }, NULL },
	{ "python3", "python3", 1, { "/usr/bin/python3", "%python.py" }, NULL },
	{ "python3, no pools", "python3", 1, { "/usr/bin/python3", "%python.py" }, "PYTHONMALLOC=malloc" },
	{ "redis-server", "redis-benchmark", 1, { "sh", "%redis.sh" }, NULL },
};

#define NR_PROGRAMS (sizeof(programs) / sizeof(programs[0]))

struct result {
	double ms, mib;
	bool failed;
};

/* ------------------------------------------------------------------------------------------------------- one run */

/* Puts the folder where an argument says %. */
static char *argument(const char *word, const char *folder)
{
	const char *mark = strchr(word, '%');
	char *text;

	if (!mark)
		return strdup(word);
	if (asprintf(&text, "%.*s%s/%s", (int)(mark - word), word, folder, mark + 1) < 0)
		exit(2);
	return text;
}

/* The environment with the allocator; redis.sh preloads it itself, so that its client runs on libc's. */
static char **environment(const struct program *program, const struct allocator *allocator)
{
	static char preload[600], library[600];
	static char *words[1000];
	unsigned int nr = 0;

	for (char **word = environ; *word && nr < 990; word++)
		if (strncmp(*word, "LD_PRELOAD=", 11))
			words[nr++] = *word;
	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", allocator->path);
	snprintf(library, sizeof(library), "BENCH_PRELOAD=%s", allocator->path);
	words[nr++] = strcmp(program->args[0], "sh") ? preload : library;
	if (program->environment)
		words[nr++] = (char *)program->environment;
	words[nr] = NULL;
	return words;
}

static pid_t start(const struct program *program, const struct allocator *allocator, const char *folder)
{
	posix_spawn_file_actions_t quiet;
	char *args[MAX_ARGS + 1] = { NULL };
	pid_t pid;
	int err;

	for (unsigned int i = 0; i < MAX_ARGS && program->args[i]; i++)
		args[i] = argument(program->args[i], folder);
	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	err = posix_spawnp(&pid, args[0], &quiet, NULL, args, environment(program, allocator));
	posix_spawn_file_actions_destroy(&quiet);
	for (unsigned int i = 0; args[i]; i++)
		free(args[i]);
	return err ? -1 : pid;
}

static double ms_of(struct timeval time)
{
	return (double)time.tv_sec * 1e3 + (double)time.tv_usec / 1e3;
}

static void run_once(const struct program *program, const struct allocator *allocator, const char *folder,
		     struct result *best)
{
	pid_t pid = start(program, allocator, folder);
	struct rusage usage;
	int status = -1;
	double ms, mib;

	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid || status) {
		best->failed = true;
		return;
	}
	ms = ms_of(usage.ru_utime) + ms_of(usage.ru_stime);
	mib = (double)usage.ru_maxrss / 1024;
	if (!best->ms || ms < best->ms)
		best->ms = ms;
	if (!best->mib || mib < best->mib)
		best->mib = mib;
}

/* --------------------------------------------------------------------------------------------------------- tables */

static void print_line(const char *what, const struct result *results, bool memory)
{
	double best_peer = 0, kmem = memory ? results[0].mib : results[0].ms;

	printf("%-20s", what);
	for (unsigned int i = 0; i < NR_ALLOCATORS; i++) {
		double value = memory ? results[i].mib : results[i].ms;

		if (results[i].failed || !value) {
			printf(" %10s", results[i].failed ? "failed" : "-");
			continue;
		}
		printf(" %10.*f", value < 10 ? 2 : 1, value);
		if (i && (!best_peer || value < best_peer))
			best_peer = value;
	}
	if (best_peer && kmem && !results[0].failed)
		printf("   %5.2f\n", kmem / best_peer);
	else
		printf("       -\n");
}

static void print_head(const char *unit)
{
	printf("%-20s", unit);
	for (unsigned int i = 0; i < NR_ALLOCATORS; i++)
		printf(" %10s", allocators[i].name);
	printf("   kmem / best other\n");
}

static bool is_wanted(const struct program *program, char *const *names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (strstr(program->name, *names))
			return true;
	return false;
}

static bool is_installed(const char *command)
{
	char text[200];

	snprintf(text, sizeof(text), "command -v %s >/dev/null", command);
	return !system(text);
}

static bool allocator_find(struct allocator *allocator, const char *own)
{
	glob_t found;

	if (!allocator->pattern)
		return true;
	if (!*allocator->pattern) {
		snprintf(allocator->path, sizeof(allocator->path), "%s", own);
		return !access(own, R_OK);
	}
	if (glob(allocator->pattern, 0, NULL, &found))
		return false;
	snprintf(allocator->path, sizeof(allocator->path), "%s", found.gl_pathv[0]);
	globfree(&found);
	return true;
}

static void measure(const struct program *program, const char *folder, unsigned int runs, const bool *have,
		    struct result *results)
{
	for (unsigned int run = 0; run < runs * program->weight; run++)
		for (unsigned int i = 0; i < NR_ALLOCATORS; i++)
			if (have[i] && !results[i].failed)
				run_once(program, &allocators[i], folder, &results[i]);
}

static bool measure_all(const char *folder, unsigned int runs, const bool *have, char *const *names)
{
	struct result results[NR_PROGRAMS][NR_ALLOCATORS] = { 0 };
	bool failed = false;

	for (unsigned int i = 0; i < NR_PROGRAMS; i++) {
		if (!is_wanted(&programs[i], names))
			continue;
		if (is_installed(programs[i].needs))
			measure(&programs[i], folder, runs, have, results[i]);
		else
			printf("%s is not installed\n", programs[i].needs);
		failed |= results[i][0].failed;
	}
	for (int memory = 0; memory < 2; memory++) {
		print_head(memory ? "peak memory, MiB" : "processor time, ms");
		for (unsigned int i = 0; i < NR_PROGRAMS; i++)
			if (results[i][0].ms || results[i][0].failed)
				print_line(programs[i].name, results[i], memory);
		printf("\n");
	}
	return !failed;
}

static int usage(void)
{
	fprintf(stderr, "usage: preload [--runs N] [--list] LIBRARY FOLDER [PROGRAM...]\n");
	return 2;
}

int main(int argc, char **argv)
{
	bool have[NR_ALLOCATORS];
	unsigned int runs = 5;

	if (argc > 1 && !strcmp(argv[1], "--list")) {
		for (unsigned int i = 0; i < NR_PROGRAMS; i++)
			puts(programs[i].name);
		return 0;
	}
	if (argc > 2 && !strcmp(argv[1], "--runs")) {
		runs = (unsigned int)strtoul(argv[2], NULL, 10);
		argv += 2;
		argc -= 2;
	}
	if (argc < 3 || !runs)
		return usage();
	for (unsigned int i = 0; i < NR_ALLOCATORS; i++) {
		have[i] = allocator_find(&allocators[i], argv[1]);
		if (!have[i])
			printf("%s is not installed\n", allocators[i].name);
	}
	if (!have[0]) {
		fprintf(stderr, "preload: %s: not there\n", argv[1]);
		return 2;
	}
	printf("whole programs, best of %u runs (the shortest: of up to %u)\n\n", runs, runs * programs[0].weight);
	return measure_all(argv[2], runs, have, argv + 3) ? 0 : 1;
}
