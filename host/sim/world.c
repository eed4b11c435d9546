/* SPDX-License-Identifier: MIT */
/*
 * world.c - a world's beginning, its end, and its dice.
 *
 *	sim_run() --switch--> main(arg) ... tasks, points ...
 *	    ^------------------ world_end(outcome): everything of the world is dropped where it stands
 *
 * Worlds nest: the inner one is all that happens to a task of the outer one for that moment. The program itself is the
 * task of the outermost, which is plain, so that a program without sim_run() works too.
 */
#include <kmem/machine.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "host/sim/sim.h"
#include "lib/seeded.h"

#define DEFAULT_CPUS 4u
#define MAX_NESTED 4u
#define DEFAULT_MAX_POINTS 200000000ull

static struct world root = {
	.options = { .strategy = SIM_PLAIN, .nr_cpus = DEFAULT_CPUS, .max_points = ~0ull, .no_races = true }, .nr = 1,
};

enum seeded_bug seeded_bug;
struct world *sim_world = &root;
struct fiber *sim_current;

/* Before anything of the program runs. */
static __attribute__((constructor(101))) void root_begin(void)
{
	extern char **environ;

	sim_current = fiber_at(0);
	sim_current->world = &root;
	sim_current->task.pid = 1;
	strcpy(sim_current->task.comm, "root");
	sim_current->stack_low = (unsigned long)__builtin_frame_address(0) - (8ul << 20);
	sim_current->stack_high = (unsigned long)environ;
	arena_open();
	sched_plan(&root);
}

/* ------------------------------------------------------------------------------------------------------------ dice */

/* splitmix64: each stream is a sequence of its own. */
u64 world_random(struct world *w, enum random_stream stream)
{
	u64 z = w->random[stream] += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

u64 world_below(struct world *w, enum random_stream stream, u64 limit)
{
	return (u64)((unsigned __int128)world_random(w, stream) * limit >> 64);
}

void world_hash(struct world *w, u64 value)
{
	w->hash = (w->hash ^ value) * 0x100000001b3ull;
	w->hash ^= w->hash >> 29;
}

bool world_fails(void)
{
	struct world *w = sim_world;

	return w->options.fail_every && !world_below(w, RANDOM_FAILURE, w->options.fail_every);
}

/* ------------------------------------------------------------------------------------------------- begin and end */

static void world_begin(struct world *w, const struct sim_options *options)
{
	w->options = *options;
	if (!w->options.nr_cpus)
		w->options.nr_cpus = DEFAULT_CPUS;
	if (!w->options.max_points)
		w->options.max_points = DEFAULT_MAX_POINTS;
	w->outer = sim_world;
	w->caller = sim_current;
	w->first = w->outer->first + w->outer->nr;
	for (unsigned int i = 0; i < NR_STREAMS; i++)
		w->random[i] = options->seed * NR_STREAMS + i;
	if (options->interrupt && options->interrupt_every)
		w->interrupt_at = 1 + world_below(w, RANDOM_INTERRUPT, 2ull * options->interrupt_every);
	strategy_begin(w);
	race_begin(w);
	lines_are_counted = false;
}

static void world_results(const struct world *w)
{
	struct sim_result *result = w->result;

	result->seed = w->options.seed;
	result->points = w->points;
	result->switches = w->switches;
	result->interrupts = w->interrupts;
	result->clock = world_clock(w);
	result->hash = w->hash;
}

/* The fibers are free, wherever they were. */
static void world_drop(struct world *w)
{
	struct fiber *f;
	unsigned int i;

	for_each_fiber(w, f, i)
		f->state = FIBER_FREE;
	arena_sweep(w);
	race_end();
}

bool world_run(const struct sim_options *options, struct choices *choices, void (*main)(void *arg), void *arg,
	       struct sim_result *result)
{
	static struct world worlds[MAX_NESTED];
	static unsigned int nested;
	static struct sim_result unwanted;
	struct world *w = &worlds[nested];
	struct fiber *first;

	result = result ? result : &unwanted;
	*result = (struct sim_result){ .outcome = SIM_FAILED, .why = "no room for another world" };
	if (nested == MAX_NESTED)
		return false;
	memset(w, 0, offsetof(struct world, events));
	w->result = result;
	w->choices = choices;
	world_begin(w, options);
	first = fiber_new(w, "main", main, arg);
	if (!first)
		return false;
	nested++;
	*result = (struct sim_result){ .outcome = SIM_FINE };
	strategy_fiber(w, first);
	race_fiber(first, NULL);
	sim_world = w;
	sim_current = first;
	sched_plan(w);
	stack_switch(&w->return_sp, first->sp);
	/* world_leave() comes back here. */
	nested--;
	world_results(w);
	world_drop(w);
	return result->outcome == SIM_FINE;
}

bool sim_run(const struct sim_options *options, void (*main)(void *arg), void *arg, struct sim_result *result)
{
	return world_run(options, NULL, main, arg, result);
}

static _Noreturn void world_leave(struct world *w)
{
	void *nowhere;

	sim_world = w->outer;
	sim_current = w->caller;
	stack_switch(&nowhere, w->return_sp);
	__builtin_unreachable();
}

static const char *const outcomes[SIM_NR_OUTCOMES] = {
	"fine", "failed", "panic", "deadlock", "livelock", "fault", "stale", "race",
};

const char *sim_outcome_name(enum sim_outcome outcome)
{
	return outcome < SIM_NR_OUTCOMES ? outcomes[outcome] : "?";
}

void world_print(const char *format, ...)
{
	struct world *w = sim_world;
	char text[512];
	va_list args;
	int length;

	if (w->options.quiet)
		return;
	va_start(args, format);
	length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (length > (int)sizeof(text) - 1)
		length = sizeof(text) - 1;
	host_console(NULL, text, (size_t)length);
}

static bool faults_are_signals;

void sim_faults_are_signals(void)
{
	faults_are_signals = true;
}

static _Noreturn void world_end_by(enum sim_outcome outcome, const char *format, va_list args)
{
	struct world *w = sim_world;
	struct sim_result aside = { 0 }, *result = w->result ? w->result : &aside;

	result->outcome = outcome;
	vsnprintf(result->why, sizeof(result->why), format, args);
	world_print("sim: seed %llu, %s, point %llu, task %d %s: %s\n", w->options.seed,
		    sim_strategy_name(w->options.strategy), w->points, sim_current->task.pid, sim_current->task.comm,
		    result->why);
	sim_trace(w->options.trace);
	if (!faults_are_signals && w->outer)
		world_leave(w);
	if (outcome == SIM_FAULT || outcome == SIM_STALE)
		raise_fault();
	abort();
}

_Noreturn void world_end(enum sim_outcome outcome, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	world_end_by(outcome, format, args);
	/* cppcheck-suppress va_end_missing ; no one comes back to end it */
}

_Noreturn void sim_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	world_end_by(SIM_FAILED, format, args);
	/* cppcheck-suppress va_end_missing ; no one comes back to end it */
}

_Noreturn void host_panic(struct machine *m)
{
	(void)m;
	world_end(SIM_PANIC, "panic: the machine cannot go on");
}

_Noreturn void world_task_ended(void)
{
	struct world *w = sim_world;
	struct fiber *self = sim_current;

	if (fiber_index(self) == w->first)
		world_leave(w);
	kmem_task_exit();
	race_release(&self->ended);
	self->ended = 1;
	self->state = self->joinable ? FIBER_ENDED : FIBER_FREE;
	fibers_wake(&self->ended, 1);
	sched_away(POINT_END, NULL);
	__builtin_unreachable();
}

/* ----------------------------------------------------------------------------------------------------------- trace */

static const char *const kinds[] = {
	"atomic operation", "access to a CPU", "access", "host call", "yield", "wait", "end",
};

void sim_trace(unsigned int nr)
{
	struct world *w = sim_world;
	unsigned int last = w->nr_events, first = last > NR_EVENTS ? last - NR_EVENTS : 0;
	char name[160];

	if (last - first > nr)
		first = last - nr;
	for (unsigned int i = first; i < last; i++) {
		const struct event *e = &w->events[i % NR_EVENTS];
		const struct fiber *from = fiber_at(e->from), *to = fiber_at(e->to);

		host_symbol(name, sizeof(name), (unsigned long)e->pc);
		if (e->interrupt)
			world_print("sim: point %llu: interrupt of task %d %s at %s\n", e->point, from->task.pid,
				    from->task.comm, name);
		else
			world_print("sim: point %llu: task %d %s -> %d %s, at %s in %s\n", e->point, from->task.pid,
				    from->task.comm, to->task.pid, to->task.comm, kinds[e->kind], name);
	}
}
