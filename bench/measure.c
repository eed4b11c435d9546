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

int compare_doubles(const void *left, const void *right)
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

/* The only caller of what is counted: callgrind looks for its name (--toggle-collect), so it is called as it stands. */
void bench_counted_operations(run_fn run, void *context, unsigned long n);

void bench_counted_operations(run_fn run, void *context, unsigned long n)
{
	run(context, n);
	__asm__ volatile("" : : : "memory");	/* no tail call */
}

static void (*volatile counted)(run_fn run, void *context, unsigned long n) = bench_counted_operations;

void count_work(const struct work *work, bool quick)
{
	unsigned long n = work->smallest * (quick ? 16 : 128);

	work->run(work->context, n > work->warm || quick ? n : work->warm);
	trace_mark();
	counted(work->run, work->context, n);
	trace_mark();
	printf("operations %lu\n", n);
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

void *memory_alone(size_t bytes, int sharing)
{
	size_t whole = (bytes + BENCH_PAGE_SIZE - 1) & ~(BENCH_PAGE_SIZE - 1);
	char *around = mmap(NULL, whole + 2 * BENCH_PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			    -1, 0);

	if (around == MAP_FAILED || mmap(around + BENCH_PAGE_SIZE, whole, PROT_READ | PROT_WRITE,
					 sharing | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE, -1, 0) == MAP_FAILED)
		fail("no memory for the harness");
	return around + BENCH_PAGE_SIZE;
}

void *scratch(size_t bytes)
{
	return memory_alone(bytes, MAP_PRIVATE);
}

static int cpu_list[CPU_SETSIZE], nr_cpus;
static cpu_set_t all_cpus;

static void find_cpus(void)
{
	if (nr_cpus)
		return;
	if (!sched_getaffinity(0, sizeof(all_cpus), &all_cpus))
		for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
			if (CPU_ISSET(cpu, &all_cpus))
				cpu_list[nr_cpus++] = cpu;
	if (!nr_cpus)
		cpu_list[nr_cpus++] = -1;
}

int cpus_nr(void)
{
	find_cpus();
	return nr_cpus;
}

int cpus_at(int i)
{
	find_cpus();
	return cpu_list[i % nr_cpus];
}

void unpin(void)
{
	find_cpus();
	sched_setaffinity(0, sizeof(all_cpus), &all_cpus);
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

/*
 * Members idle while team.begun is what they have done, and are asked to end by a NULL run. Owned by the first thread.
 * Where threads are more than CPUs, whoever has waited for long lets others run.
 */
#define MAX_MEMBERS 255u
#define SPINS_BEFORE_YIELD 1000u

struct member {
	_Alignas(128) unsigned long done;
	pthread_t thread;
	int cpu;
	void (*enter)(void), (*leave)(void);
	run_fn run;
	void *context;
};

static struct {
	_Alignas(128) unsigned long begun;
	unsigned long n;
	unsigned int nr;
	struct member member[MAX_MEMBERS];
} team;

/* Wait until a word is (@until) or is not a value. */
static void spin(const unsigned long *word, unsigned long value, bool until)
{
	for (unsigned int spins = 0; (__atomic_load_n(word, __ATOMIC_ACQUIRE) == value) != until; spins++) {
		if (spins < SPINS_BEFORE_YIELD)
			__builtin_ia32_pause();
		else
			sched_yield();
	}
}

static void *team_member(void *argument)
{
	struct member *self = argument;
	unsigned long done = 0;

	pin_to_cpu(self->cpu);
	if (self->enter)
		self->enter();
	for (;;) {
		spin(&team.begun, done, false);
		if (!self->run)
			break;
		self->run(self->context, team.n);
		__atomic_store_n(&self->done, ++done, __ATOMIC_RELEASE);
	}
	if (self->leave)
		self->leave();
	return NULL;
}

void team_start(int cpu, void (*enter)(void), void (*leave)(void))
{
	struct member *member = &team.member[team.nr];

	if (team.nr == MAX_MEMBERS || team.begun)
		fail("no more threads");
	*member = (struct member){ .cpu = cpu, .enter = enter, .leave = leave };
	if (pthread_create(&member->thread, NULL, team_member, member))
		fail("cannot start a thread");
	team.nr++;
}

static void begin(unsigned long n)
{
	team.n = n;
	__atomic_store_n(&team.begun, team.begun + 1, __ATOMIC_RELEASE);
}

void team_begin(run_fn run, void *context, unsigned long n)
{
	for (unsigned int i = 0; i < team.nr; i++) {
		team.member[i].run = run;
		team.member[i].context = context;
	}
	begin(n);
}

void team_begin_each(const run_fn *run, void *const *context, unsigned long n)
{
	for (unsigned int i = 0; i < team.nr; i++) {
		team.member[i].run = run[i];
		team.member[i].context = context[i];
	}
	begin(n);
}

void team_wait(void)
{
	for (unsigned int i = 0; i < team.nr; i++)
		spin(&team.member[i].done, team.begun, true);
}

void team_stop(void)
{
	team_begin(NULL, NULL, 0);
	for (unsigned int i = 0; i < team.nr; i++)
		pthread_join(team.member[i].thread, NULL);
	team.nr = 0;
	team.begun = 0;
}
