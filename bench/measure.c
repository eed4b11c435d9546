/* SPDX-License-Identifier: MIT */
/*
 * measure.c - time, noise, threads and memory of one measured process.
 *
 *	run(n) doubling until a sample is long enough | sample sample sample ... | median
 *	            warms caches and allocator
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"

_Noreturn void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("bench: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	_exit(1);
}

double now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double seconds_of(run_fn run, void *context, unsigned long n)
{
	double start = now_seconds();

	run(context, n);
	return now_seconds() - start;
}

static int compare_doubles(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

double median_of(double *values, size_t nr)
{
	qsort(values, nr, sizeof(*values), compare_doubles);
	return values[nr / 2];
}

double median_ns(run_fn run, void *context, unsigned long smallest, const struct effort *effort)
{
	double sample[64];
	unsigned long n = smallest;

	while (seconds_of(run, context, n) < effort->sample_seconds && n < 1ul << 28)
		n *= 2;
	for (int i = 0; i < effort->samples; i++)
		sample[i] = seconds_of(run, context, n) * 1e9 / (double)n;
	return median_of(sample, (size_t)effort->samples);
}

/* statm sums per-CPU counters lazily, which is too coarse for a megabyte of objects; smaps_rollup is exact. */
double resident_bytes(void)
{
	char text[2048];
	int fd = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	const char *rss;

	if (got <= 0)
		fail("cannot read /proc/self/smaps_rollup");
	close(fd);
	text[got] = '\0';
	rss = strstr(text, "Rss:");
	if (!rss)
		fail("no Rss: in /proc/self/smaps_rollup");
	return strtod(rss + 4, NULL) * 1024;
}

void *scratch(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED)
		fail("no memory for the harness");
	return memory;
}

void pin_to_cpu(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* The second thread: idle while begun == done, asked to end by a NULL run. One member. Owned by the first thread. */
static struct {
	pthread_t thread;
	int cpu;
	void (*enter)(void), (*leave)(void);
	run_fn run;
	void *context;
	unsigned long n;
	_Alignas(128) unsigned long begun;
	_Alignas(128) unsigned long done;
} team;

static void *team_member(void *unused)
{
	unsigned long done = 0;

	pin_to_cpu(team.cpu);
	if (team.enter)
		team.enter();
	for (;;) {
		while (__atomic_load_n(&team.begun, __ATOMIC_ACQUIRE) == done)
			__builtin_ia32_pause();
		if (!team.run)
			break;
		team.run(team.context, team.n);
		__atomic_store_n(&team.done, ++done, __ATOMIC_RELEASE);
	}
	if (team.leave)
		team.leave();
	return unused;
}

void team_start(int cpu, void (*enter)(void), void (*leave)(void))
{
	team.cpu = cpu;
	team.enter = enter;
	team.leave = leave;
	if (pthread_create(&team.thread, NULL, team_member, NULL))
		fail("cannot start a second thread");
}

void team_begin(run_fn run, void *context, unsigned long n)
{
	team.run = run;
	team.context = context;
	team.n = n;
	__atomic_store_n(&team.begun, team.begun + 1, __ATOMIC_RELEASE);
}

void team_wait(void)
{
	while (__atomic_load_n(&team.done, __ATOMIC_ACQUIRE) != team.begun)
		__builtin_ia32_pause();
}

void team_stop(void)
{
	team_begin(NULL, NULL, 0);
	pthread_join(team.thread, NULL);
}
