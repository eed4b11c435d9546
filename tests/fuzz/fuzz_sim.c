/* SPDX-License-Identifier: MIT */
/*
 * fuzz_sim.c - any bytes as a machine, a schedule, and what two tasks do on it: fuzz_api.c's operations, simulated.
 *
 *	[machine : 1] [schedule : 3] [task 0's operations ...] [task 1's operations ...]
 *
 * A machine of each kind is booted once and restored for each input (sim_restore()): an input costs what it does.
 * A race, a deadlock or a stale address that the schedule brings up is an abort(), as is what the model would not have.
 */
#include <kmem/machine.h>
#include <kmem/sim.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/helpers/ops.h"
#include "tests/sim/tasks.h"

#define MAX_STEPS 200
#define TASKS 2u
#define HEAD_BYTES 4u

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const cmdlines[] = {
	"mem=4M vmalloc=16M nr_cpus=2 kmem.seed=1",
	"mem=4M vmalloc=16M nr_cpus=1 kmem.seed=1",
	"mem=8M vmalloc=16M nr_cpus=2 kmem.seed=1 numa=fake=2",
	"mem=4M vmalloc=16M nr_cpus=2 kmem.seed=1 slub_debug=FZPU",
	"mem=24M vmalloc=16M nr_cpus=2 kmem.seed=1 kmem.layout=i386 highmem=6M",
	"mem=4M vmalloc=16M nr_cpus=3 kmem.seed=1 kmem.sheaf=2",
};
#define NR_MACHINES (sizeof(cmdlines) / sizeof(cmdlines[0]))

static struct machine *machines[NR_MACHINES];
static const struct ops_shape shape = { "fuzz", "", 60, 12, OPS_RANDOM, false };

struct job {
	struct machine *m;
	struct ops_world *w;
	const uint8_t *bytes;
	size_t size;
	unsigned int nr;		/* tasks that have begun */
};

static void must(const struct ops_world *w, const struct ops *o)
{
	char text[200] = "";

	if (!ops_failure(w))
		return;
	if (o)
		ops_history(o, text, sizeof(text));
	sim_fail("%s after %s", ops_failure(w), text);
}

static void task(void *arg)
{
	struct job *job = arg;
	unsigned int i = job->nr++;
	size_t half = job->size / TASKS;
	struct ops *o;

	if (machine_enter(job->m))
		sim_fail("a machine that nobody may enter");
	o = ops_start_bytes(job->w, i, &shape, job->bytes + i * half, half);
	for (int step = 0; step < MAX_STEPS && ops_step(o); step++)
		must(job->w, o);
	must(job->w, o);
	ops_end(o);
	machine_leave();
}

static void world(void *arg)
{
	struct job *job = arg;

	if (machine_enter(job->m))
		sim_fail("a machine that nobody may enter");
	job->w = ops_world_start(job->m, TASKS);
	machine_leave();
	run_tasks(TASKS, task, job);
	if (machine_enter(job->m))
		sim_fail("a machine that nobody may enter");
	ops_world_end(job->w);
	must(job->w, NULL);
	machine_leave();
}

/* Ahead of all inputs, so that each of them takes the same way each time: a fuzzer compares ways. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	for (unsigned int i = 0; i < NR_MACHINES; i++) {
		machines[i] = machine_boot(&(struct machine_config){ .cmdline = cmdlines[i], .console = ops_console });
		if (!machines[i] || sim_save(machines[i]))
			abort();
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sim_options options = { .max_points = 20000000 };
	struct sim_result result;
	struct job job = { .bytes = data + HEAD_BYTES, .size = size - HEAD_BYTES };

	if (size < HEAD_BYTES)
		return 0;
	job.m = machines[data[0] % NR_MACHINES];
	sim_restore(job.m);
	options.strategy = SIM_RANDOM + data[1] % (SIM_EXHAUSTIVE - SIM_RANDOM);
	options.no_races = data[1] & 0x80;	/* twice as fast: more schedules for what else there is */
	options.depth = 1 + data[2] % 16;
	options.seed = data[3];
	options.length = 500 * (1 + size);
	if (!sim_run(&options, world, &job, &result)) {
		fprintf(stderr, "%s: %s\n", sim_outcome_name(result.outcome), result.why);
		abort();
	}
	return 0;
}
