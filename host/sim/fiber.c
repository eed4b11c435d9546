/* SPDX-License-Identifier: MIT */
/*
 * fiber.c - tasks as stacks of one thread.
 *
 *	fibers	[ root | tasks of the outer world | tasks of the world inside it | free ... ]
 *	stacks	 the program's own   [guard|stack] [guard|stack] ...	at the same addresses in every run
 *
 * Fiber 0 is the program itself, before any world. A world's fibers follow those of the world around it, which does not
 * go on meanwhile; a new one takes the first place that is free, so numbers are the same in each run.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "host/sim/sim.h"

#define STACKS_BASE 0x1f0000000000ul
#define GUARD_BYTES PAGE_SIZE
#define SLOT_BYTES (STACK_BYTES + GUARD_BYTES)

static struct fiber fibers[NR_FIBERS] = {
	[0] = { .context = CPU_CONTEXT_NONE, .state = FIBER_READY },
};
static bool stacks_are_open;

struct fiber *fiber_at(unsigned int index)
{
	return &fibers[index];
}

unsigned int fiber_index(const struct fiber *fiber)
{
	return (unsigned int)(fiber - fibers);
}

/* All stacks at once, so that no world needs a system call. */
static bool stacks_open(void)
{
	void *want = (void *)STACKS_BASE;

	if (stacks_are_open)
		return true;
	if (mmap(want, NR_FIBERS * SLOT_BYTES, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0) != want)
		return false;
	for (unsigned int i = 0; i < NR_FIBERS; i++)
		mprotect((char *)want + i * SLOT_BYTES, GUARD_BYTES, PROT_NONE);
	stacks_are_open = true;
	return true;
}

static void fiber_main(void)
{
	sim_current->function(sim_current->arg);
	world_task_ended();
}

struct fiber *fiber_new(struct world *w, const char *name, void (*function)(void *arg), void *arg)
{
	unsigned int index = w->first;
	struct fiber *fiber;

	while (index < w->first + w->nr && fibers[index].state != FIBER_FREE)
		index++;
	if (index == NR_FIBERS || !stacks_open())
		return NULL;
	if (index == w->first + w->nr)
		w->nr++;
	fiber = &fibers[index];
	*fiber = (struct fiber){
		.context = CPU_CONTEXT_NONE, .world = w, .state = FIBER_READY,
		.function = function, .arg = arg, .since = w->points,
		.stack_low = STACKS_BASE + index * SLOT_BYTES + GUARD_BYTES,
		.stack_high = STACKS_BASE + (index + 1) * SLOT_BYTES,
	};
	fiber->task.pid = (int)(index - w->first) + 1;
	strncpy(fiber->task.comm, name, sizeof(fiber->task.comm) - 1);
	fiber->sp = stack_prepare((void *)fiber->stack_high, fiber_main);
	return fiber;
}

void fiber_goes_on(struct fiber *fiber)
{
	struct fiber *self = sim_current;

	sim_current = fiber;
	stack_switch(&self->sp, fiber->sp);
}
