/* SPDX-License-Identifier: MIT */
/*
 * task.c - the host's calls about tasks and CPUs: fibers are threads, a word slept upon is a mark on the fiber.
 *
 * A sleep may end early, as the contract allows: by the seed, or because the task was asked for something. Who of
 * several sleepers is woken is the seed's choice too.
 */
#include <errno.h>
#include "host/sim/sim.h"

#define PC __builtin_return_address(0)
#define EARLY_WAKE_EVERY 64u
#define LATE_INTERRUPT_POINTS 64u

struct cpu_context *host_context(void)
{
	return &sim_current->context;
}

struct task_struct *host_task(void)
{
	sim_current->task.context = &sim_current->context;
	return &sim_current->task;
}

void host_set_cpu(struct kmem_cpu *cpu)
{
	sim_current->context.cpu = cpu ? cpu : (struct kmem_cpu *)&kmem_cpu_none;
}

static struct fiber *fiber_of_pid(const struct world *w, int pid)
{
	struct fiber *f = pid > 0 && (unsigned int)pid <= w->nr ? fiber_at(w->first + (unsigned int)pid - 1) : NULL;

	return f && (f->state == FIBER_READY || f->state == FIBER_WAITS) ? f : NULL;
}

int host_interrupt(struct machine *m, struct kmem_cpu *cpu)
{
	int pid = cpu->task_id;
	struct world *w = sim_world;
	struct fiber *f;

	(void)m;
	sim_point(POINT_HOST, PC);
	if (!pid)
		return 0;
	f = fiber_of_pid(w, pid);
	if (!f)
		return -ESRCH;
	f->interrupt_due = true;
	f->interrupt_at = w->points + world_below(w, RANDOM_INTERRUPT, LATE_INTERRUPT_POINTS);
	fiber_ready(f);
	sched_plan(w);
	return 0;
}

/* Asked for something while it slept: where it could have been interrupted, it is. */
static void serve_after_sleep(struct fiber *self)
{
	if (!self->interrupt_due || self->context.pinned)
		return;
	self->interrupt_due = false;
	kmem_interrupt();
}

void host_wait(u32 *word, u32 value, u64 timeout_ns)
{
	struct world *w = sim_world;
	struct fiber *self = sim_current;

	sim_point(POINT_HOST, PC);
	if (*word != value || !world_below(w, RANDOM_HOST, EARLY_WAKE_EVERY))
		return;
	self->state = FIBER_WAITS;
	self->word = word;
	self->wake_at = timeout_ns ? world_clock(w) + timeout_ns : 0;
	self->since = w->points;
	sched_away(POINT_WAIT, PC);
	serve_after_sleep(self);
}

/* One that sleeps on the word: the nth from a random one on. */
static struct fiber *sleeper(struct world *w, const u32 *word)
{
	unsigned int start = w->nr < 2 ? 0 : (unsigned int)world_below(w, RANDOM_HOST, w->nr);

	for (unsigned int k = 0; k < w->nr; k++) {
		struct fiber *f = fiber_at(w->first + (start + k) % w->nr);

		if (f->state == FIBER_WAITS && f->word == word)
			return f;
	}
	return NULL;
}

void fibers_wake(const u32 *word, int nr)
{
	struct fiber *f;

	while (nr-- > 0 && (f = sleeper(sim_world, word)))
		fiber_ready(f);
}

void host_wake(u32 *word, int nr)
{
	fibers_wake(word, nr);
	sim_point(POINT_HOST, PC);
}

static struct fiber *task_start(const char *name, void (*function)(void *arg), void *arg)
{
	struct fiber *f = fiber_new(sim_world, name, function, arg);

	if (!f)
		return NULL;
	strategy_fiber(sim_world, f);
	race_fiber(f, sim_current);
	sched_plan(sim_world);
	return f;
}

int host_task_start(struct machine *m, const char *name, void (*function)(void *arg), void *arg)
{
	struct fiber *f = world_fails() ? NULL : task_start(name, function, arg);

	(void)m;
	if (f)
		f->task.flags |= TASK_IS_BACKGROUND;
	sim_point(POINT_HOST, PC);
	return f ? 0 : -EAGAIN;
}

/* ------------------------------------------------------------------------------------------------ a program's tasks */

int sim_spawn(const char *name, void (*function)(void *arg), void *arg)
{
	struct fiber *f = task_start(name, function, arg);

	if (!f)
		return -1;
	f->joinable = true;
	sim_point(POINT_HOST, PC);
	return f->task.pid;
}

void sim_join(int task)
{
	struct fiber *f = fiber_at(sim_world->first + (unsigned int)task - 1);

	while (!f->ended)
		host_wait(&f->ended, 0, 0);
	race_joined(f);
	f->state = FIBER_FREE;
}

void sim_yield(void)
{
	struct world *w = sim_world;

	w->next = 0;
	w->switch_at = 0;
	sim_point(POINT_YIELD, PC);
}
