/* SPDX-License-Identifier: MIT */
/*
 * lines_run.c - a world of tasks for `kmem lines`: what they do, and which lines moved meanwhile.
 *
 *	workload	each task works a little, to warm up; they meet; what follows is counted
 *	recording	the first task reads it and hands each event to the task of its CPU, which makes it a call: only
 *			these are counted. The order of the recording is kept.
 */
#include "cli/lines.h"

#include <kmem/check.h>
#include <kmem/host.h>
#include <kmem/machine.h>
#include <kmem/replay.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUIET_CMDLINE "mem=1G nr_cpus=%u kmem.idle_release=off %s"
#define MOST_MOVED (1u << 18)		/* lines that are looked at */

struct play;

struct player {
	struct play *play;
	void (*step)(void *arg);
	void *step_arg;
	u32 turn;			/* atomic, a PLAYER_ */
	int task;
};

enum { PLAYER_IDLE, PLAYER_STEPS, PLAYER_ENDS };

/* A recording that is replayed by several tasks. */
struct play {
	struct run *run;
	struct machine *machine;
	struct player players[LINES_MOST_TASKS];
};

struct run {
	const struct lines_options *options;
	struct lines_result *result;
	struct machine *machine;
	struct work_shared shared;
	u32 started;			/* atomic: tasks */
	struct sim_line *moved;
	u64 nr_moved;
};

/* ------------------------------------------------------------------------------------------------------- who moved */

static void line_note(void *arg, const struct sim_line *line)
{
	struct run *run = arg;

	if (run->nr_moved < MOST_MOVED)
		run->moved[run->nr_moved++] = *line;
}

static int by_moves(const void *one, const void *two)
{
	const struct sim_line *a = one, *b = two;

	if (a->moved != b->moved)
		return a->moved < b->moved ? 1 : -1;
	return a->address < b->address ? -1 : a->address > b->address;
}

static void code_name(char *buf, size_t size, const void *pc)
{
	host_symbol(buf, size, (unsigned long)pc);
}

static void lines_name(struct run *run, struct machine *m)
{
	struct lines_result *result = run->result;

	result->nr_lines = run->nr_moved < LINES_MOST ? (unsigned int)run->nr_moved : LINES_MOST;
	for (unsigned int i = 0; i < result->nr_lines; i++) {
		struct lines_line *line = &result->line[i];

		line->moved = run->moved[i].moved;
		kmem_explain(m, run->moved[i].address, line->what, sizeof(line->what));
		code_name(line->from, sizeof(line->from), run->moved[i].from);
		code_name(line->to, sizeof(line->to), run->moved[i].to);
	}
}

/* The functions that a line went between, without the places in them. */
static struct lines_line *code_find(struct lines_result *result, const struct sim_line *moved)
{
	struct lines_line name;

	code_name(name.from, sizeof(name.from), moved->from);
	code_name(name.to, sizeof(name.to), moved->to);
	name.from[strcspn(name.from, "+")] = name.to[strcspn(name.to, "+")] = '\0';
	for (unsigned int i = 0; i < result->nr_codes; i++)
		if (!strcmp(result->code[i].from, name.from) && !strcmp(result->code[i].to, name.to))
			return &result->code[i];
	if (result->nr_codes == LINES_MOST)
		return NULL;
	name.moved = 0;
	name.what[0] = '\0';
	result->code[result->nr_codes] = name;
	return &result->code[result->nr_codes++];
}

static int by_code_moves(const void *one, const void *two)
{
	const struct lines_line *a = one, *b = two;
	int from;

	if (a->moved != b->moved)
		return a->moved < b->moved ? 1 : -1;
	from = strcmp(a->from, b->from);
	return from ? from : strcmp(a->to, b->to);
}

static int by_code(const void *one, const void *two)
{
	const struct sim_line *a = one, *b = two;

	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return a->to < b->to ? -1 : a->to > b->to;
}

/* A name is looked up once for each pair of places. */
static void codes_sum(struct run *run)
{
	struct lines_result *result = run->result;
	struct lines_line *code = NULL;

	qsort(run->moved, run->nr_moved, sizeof(*run->moved), by_code);
	for (u64 i = 0; i < run->nr_moved; i++) {
		if (!i || by_code(&run->moved[i], &run->moved[i - 1]))
			code = code_find(result, &run->moved[i]);
		if (code)
			code->moved += run->moved[i].moved;
	}
	qsort(result->code, result->nr_codes, sizeof(*result->code), by_code_moves);
}

/* Nobody is counted any more, and the machine is as it was meanwhile. */
static void run_name(struct run *run, struct machine *m)
{
	sim_lines_each(line_note, run);
	run->result->nr_moved_lines = run->nr_moved;
	qsort(run->moved, run->nr_moved, sizeof(*run->moved), by_moves);
	lines_name(run, m);
	codes_sum(run);
}

/* ------------------------------------------------------------------------------------------------------- workloads */

static u64 whole_batches(const struct work *work, u64 operations)
{
	return (operations + work->batch - 1) / work->batch * work->batch;
}

static void work_task(void *arg)
{
	struct run *run = arg;
	unsigned int self = __atomic_fetch_add(&run->started, 1, __ATOMIC_ACQ_REL);
	const struct work *work = run->options->work;
	u64 operations = whole_batches(work, run->options->operations);

	if (machine_enter(run->machine))
		sim_fail("a task gets no CPU");
	work->work(&run->shared, self, whole_batches(work, operations / 4));
	work_meet(&run->shared);
	if (!self)
		sim_lines_begin();
	work_meet(&run->shared);
	work->work(&run->shared, self, operations);
	work_meet(&run->shared);
	if (!self)
		run->result->moved = sim_lines_end();
	work_meet(&run->shared);
	machine_leave();
}

static void cmdline_make(char *to, size_t size, const struct lines_options *options, unsigned int nr_cpus)
{
	if ((size_t)snprintf(to, size, QUIET_CMDLINE, nr_cpus, options->cmdline ? options->cmdline : "") >= size)
		sim_fail("the command line is too long");
}

static void work_run(struct run *run)
{
	const struct lines_options *options = run->options;
	const char *why = NULL;
	int tasks[LINES_MOST_TASKS];
	char cmdline[512];

	run->shared.nr_tasks = options->nr_tasks;
	cmdline_make(cmdline, sizeof(cmdline), options, options->nr_tasks);
	run->machine = machine_boot_why(&(struct machine_config){ .cmdline = cmdline }, &why);
	if (!run->machine)
		sim_fail("the machine does not boot with '%s': %s", cmdline, why ? why : "no memory");
	for (unsigned int i = 0; i < options->nr_tasks; i++)
		tasks[i] = sim_spawn("task", work_task, run);
	for (unsigned int i = 0; i < options->nr_tasks; i++)
		sim_join(tasks[i]);
	run->result->operations = options->nr_tasks * whole_batches(options->work, options->operations);
	run_name(run, run->machine);
	machine_shutdown(run->machine);
}

/* ------------------------------------------------------------------------------------------------------ recordings */

static void turn_set(struct player *player, u32 turn)
{
	__atomic_store_n(&player->turn, turn, __ATOMIC_RELEASE);
	host_wake(&player->turn, 2);
}

/* Wait until it is another's turn. */
static u32 turn_wait(struct player *player, u32 old)
{
	u32 turn;

	while ((turn = __atomic_load_n(&player->turn, __ATOMIC_ACQUIRE)) == old)
		host_wait(&player->turn, old, 0);
	return turn;
}

static void player_task(void *arg)
{
	struct player *player = arg;

	if (machine_enter(player->play->machine))
		sim_fail("a task gets no CPU");
	while (turn_wait(player, PLAYER_IDLE) == PLAYER_STEPS) {
		sim_lines_pause(false);
		player->step(player->step_arg);
		sim_lines_pause(true);
		turn_set(player, PLAYER_IDLE);
	}
	machine_leave();
}

static void play_begin(struct play *play, struct machine *m)
{
	play->machine = m;
	sim_lines_begin();
	sim_lines_pause(true);
	for (unsigned int i = 0; i < play->run->options->nr_tasks; i++) {
		play->players[i].play = play;
		play->players[i].task = sim_spawn("cpu", player_task, &play->players[i]);
	}
}

/* An event is its CPU's task's; the reader waits for it. */
static void play_event(void *arg, struct machine *m, unsigned int cpu, void (*step)(void *arg), void *step_arg)
{
	struct play *play = arg;
	struct player *player = &play->players[cpu % play->run->options->nr_tasks];

	if (!play->machine)
		play_begin(play, m);
	player->step = step;
	player->step_arg = step_arg;
	turn_set(player, PLAYER_STEPS);
	turn_wait(player, PLAYER_STEPS);
}

static void play_end(struct machine *m, void *arg)
{
	struct play *play = arg;
	struct run *run = play->run;

	run->result->moved = sim_lines_end();
	if (!play->machine)
		return;
	run_name(run, m);
	for (unsigned int i = 0; i < run->options->nr_tasks; i++) {
		turn_set(&play->players[i], PLAYER_ENDS);
		sim_join(play->players[i].task);
	}
}

static void play_run(struct run *run)
{
	const struct lines_options *options = run->options;
	char cmdline[512];
	struct play play = { .run = run };
	const struct replay_options replay = {
		.files = options->files,
		.nr_files = options->nr_files,
		.cmdline = cmdline,
		.limit = options->operations,
		.on_cpu = play_event,
		.on_cpu_arg = &play,
		.at_end = play_end,
		.at_end_arg = &play,
	};
	struct replay_result *result;
	struct trace_error error;

	cmdline_make(cmdline, sizeof(cmdline), options, options->nr_tasks + 1);
	result = replay_run(&replay, &error);
	if (!result || error.kind != TRACE_ERROR_NONE)
		sim_fail("%s", error.text);
	run->result->operations = result->counts.events;
	replay_free(result);
}

/* ------------------------------------------------------------------------------------------------------------- all */

static void run_main(void *arg)
{
	struct run *run = arg;

	if (run->options->work)
		work_run(run);
	else
		play_run(run);
}

bool lines_run(const struct lines_options *options, struct lines_result *result)
{
	static struct run run;
	const struct sim_options world = { .seed = options->seed, .strategy = options->strategy, .switch_every = 20,
					   .nr_cpus = LINES_MOST_TASKS, .no_races = true, .quiet = true };
	struct sim_result outcome;
	bool is_fine;

	*result = (struct lines_result){ .moved = 0 };
	run = (struct run){ .options = options, .result = result };
	run.moved = malloc(MOST_MOVED * sizeof(*run.moved));
	if (!run.moved) {
		snprintf(result->why, sizeof(result->why), "out of memory");
		return false;
	}
	is_fine = sim_run(&world, run_main, &run, &outcome);
	if (!is_fine)
		snprintf(result->why, sizeof(result->why), "%.399s", outcome.why);
	free(run.moved);
	return is_fine;
}
