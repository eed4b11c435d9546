/* SPDX-License-Identifier: MIT */
/*
 * main_sim.c - runs each case of a test program in a world of its own (kmem/sim.h): its seed decides every switch.
 *
 *	main -> ktap_main (tests/ktap.c) -> case -> sim_run: case, ktap_threads: tasks
 *
 * Options beside the harness's:
 *	--strategy plain|random|few|priority	--depth N  --length N	how schedules are made
 *	--schedules N	each case N times, with seeds from --seed on
 *	--cpus N  --switch-every N  --fail-every N  --every-access  --no-races
 *	--trace N	the last N events of a schedule that goes wrong
 */
#include "tests/main_process.h"

#include <kmem/sim.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_THREADS 256
#define OPTION_BYTES 256

static struct sim_options options = { .strategy = SIM_RANDOM };
static unsigned long long schedules = 1;
static char option_text[OPTION_BYTES];

void process_is_child(void)
{
	sim_faults_are_signals();
}

const char *ktap_host_options(void)
{
	return option_text;
}

/* ----------------------------------------------------------------------------------------------------------- cases */

struct job {
	struct ktap *t;
	void (*body)(struct ktap *t);
};

static void job_run(void *arg)
{
	struct job *job = arg;

	job->body(job->t);
}

void ktap_host_run(struct ktap *t, void (*body)(struct ktap *t))
{
	struct job job = { t, body };
	struct sim_result result;
	uint64_t first = t->seed;

	for (unsigned long long i = 0; i < schedules && !t->failures; i++) {
		t->seed = first + i;
		options.seed = t->seed;
		if (!sim_run(&options, job_run, &job, &result))
			ktap_fail(t, "%s: %s", sim_outcome_name(result.outcome), result.why);
	}
}

/* ----------------------------------------------------------------------------------------------------------- tasks */

struct member {
	struct ktap *t;
	void (*fn)(struct ktap *t, unsigned int i, void *arg);
	void *arg;
	unsigned int i;
	int task;
};

static void member_run(void *arg)
{
	struct member *m = arg;

	m->fn(m->t, m->i, m->arg);
}

bool ktap_threads(struct ktap *t, unsigned int n, void (*fn)(struct ktap *t, unsigned int i, void *arg), void *arg)
{
	struct member members[MAX_THREADS];
	unsigned int made = 0;

	if (n > MAX_THREADS) {
		ktap_fail(t, "ktap_threads: %u threads are too many", n);
		return true;
	}
	for (; made < n; made++) {
		members[made] = (struct member){ .t = t, .fn = fn, .arg = arg, .i = made };
		members[made].task = sim_spawn("worker", member_run, &members[made]);
		if (members[made].task < 0)
			sim_fail("ktap_threads: only %u of %u tasks could be made", made, n);
	}
	for (unsigned int i = 0; i < n; i++)
		sim_join(members[i].task);
	return true;
}

/* ------------------------------------------------------------------------------------------------------------ main */

static void usage(const char *about)
{
	fprintf(stderr,
		"not understood: %s\n"
		"usage: [FILTER] [--seed N] [--soak] [--list] [--schedules N] [--trace N]\n"
		"       [--strategy plain|random|few|priority] [--depth N] [--length N] [--switch-every N]\n"
		"       [--cpus N] [--fail-every N] [--every-access] [--no-races]\n", about);
	exit(2);
}

static unsigned long long number(const char *option, const char *text)
{
	char *end;
	unsigned long long value = text ? strtoull(text, &end, 0) : 0;

	if (!text || !*text || *end)
		usage(option);
	return value;
}

/* Repeating a run takes this too. */
static void option_keep(const char *option, const char *value)
{
	size_t length = strlen(option_text);

	snprintf(option_text + length, OPTION_BYTES - length, " %s%s%s", option, *value ? " " : "", value);
}

/* Take an option of ours. Returns how many arguments it was; 0: not ours. */
static int option_take(char **argv)
{
	const char *option = argv[0], *value = argv[1];
	struct { const char *name; unsigned int *at; } numbers[] = {
		{ "--depth", &options.depth }, { "--cpus", &options.nr_cpus }, { "--trace", &options.trace },
		{ "--switch-every", &options.switch_every }, { "--fail-every", &options.fail_every },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (strcmp(option, numbers[i].name))
			continue;
		*numbers[i].at = (unsigned int)number(option, value);
		if (numbers[i].at != &options.trace)
			option_keep(option, value);
		return 2;
	}
	if (!strcmp(option, "--schedules")) {
		schedules = number(option, value);
		return 2;
	}
	if (!strcmp(option, "--length")) {
		options.length = number(option, value);
	} else if (!strcmp(option, "--strategy")) {
		if (!value || !sim_strategy_named(value, &options.strategy) || options.strategy == SIM_EXHAUSTIVE)
			usage(option);
	} else {
		options.every_access |= !strcmp(option, "--every-access");
		options.no_races |= !strcmp(option, "--no-races");
		if (strcmp(option, "--every-access") && strcmp(option, "--no-races"))
			return 0;
		option_keep(option, "");
		return 1;
	}
	option_keep(option, value);
	return 2;
}

/* Weak: a libc test may bring its own and still use the harness. */
__attribute__((weak)) int main(int argc, char **argv)
{
	int kept = 1;

	process_begin(argc, argv);
	for (int i = 1; i < argc;) {
		int taken = option_take(argv + i);

		if (!taken)
			argv[kept++] = argv[i++];
		i += taken;
	}
	argv[kept] = NULL;
	return ktap_main(kept, argv);
}
