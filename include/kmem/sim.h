/* SPDX-License-Identifier: MIT */
/*
 * sim.h - run code in a world of its own, where one seed decides everything.
 *
 *	sim_run(&(struct sim_options){ .seed = 7, .strategy = SIM_RANDOM }, work, arg, &result);
 *
 *	world	tasks (fibers of one thread), CPUs, a clock, machines
 *	point	a place where another task may go on: each atomic operation, lock, access to a CPU's memory, host call
 *	schedule	which task goes on at which point; two runs with the same options have the same
 *
 * Memory is sequentially consistent: what a weaker processor may reorder is for TSan and docs/models. A world may run
 * inside another one's task. Only for programs that are linked to host/sim.
 */
#ifndef KMEM_SIM_H
#define KMEM_SIM_H

#include <kmem/types.h>

struct machine;

enum sim_strategy {
	SIM_PLAIN,		/* a task goes on until it waits, or has had a long slice */
	SIM_RANDOM,		/* switch at each point with the same small probability */
	SIM_FEW,		/* `depth` preemptions, at random among `length` points */
	SIM_PRIORITY,		/* the highest task goes on; at `depth` points of `length` it becomes the lowest */
	SIM_EXHAUSTIVE,		/* what sim_explore() says */
	SIM_NR_STRATEGIES
};

struct sim_options {
	u64 seed;
	enum sim_strategy strategy;
	unsigned int depth;		/* 0: 3 */
	u64 length;			/* points of a run, about; 0: 2000 */
	unsigned int switch_every;	/* SIM_RANDOM: one switch in so many points; 0: 8 */
	unsigned int interrupt_every;	/* one interrupt in so many points; 0: none but those asked for */
	unsigned int fail_every;	/* one host call in so many fails that may; 0: none */
	unsigned int nr_cpus;		/* of the world; 0: 4 */
	u64 max_points;			/* a run of more is a livelock; 0: 200 million */
	bool every_access;		/* plain accesses to a machine's memory are points too */
	bool no_races;			/* do not look for data races */
	bool quiet;			/* what goes wrong is in the result only */
	unsigned int trace;		/* so many events are printed when something goes wrong */
	/* Called as a hardware interrupt is: on the interrupted task's CPU, interrupts off. NULL: none. */
	void (*interrupt)(void *arg);
	void *interrupt_arg;
	/* Where the console's text goes; NULL: standard error. */
	void (*console)(void *arg, const char *text, size_t length);
	void *console_arg;
};

enum sim_outcome {
	SIM_FINE,		/* main returned */
	SIM_FAILED,		/* sim_fail() */
	SIM_PANIC,		/* the machine cannot go on */
	SIM_DEADLOCK,		/* every task waits, none for a time */
	SIM_LIVELOCK,		/* max_points */
	SIM_FAULT,		/* an address at which there is nothing, or that may not be written */
	SIM_STALE,		/* an address that this CPU's TLB knows and the page tables do not */
	SIM_RACE,		/* two tasks at one place, one of them writing, nothing between them */
	SIM_NR_OUTCOMES
};

struct sim_result {
	enum sim_outcome outcome;
	char why[400];			/* a sentence; "" if fine */
	u64 seed;			/* of this run */
	u64 points;
	u64 switches;
	u64 interrupts;			/* injected */
	u64 clock;			/* ns that the world lived */
	u64 hash;			/* of the schedule and of the text on the console */
};

/*
 * sim_run - main(arg) as the first task of a new world, until it returns or something goes wrong. Other tasks and the
 * world's machines are gone then. Returns whether the outcome is SIM_FINE. No system call, but for text on a console.
 */
bool sim_run(const struct sim_options *options, void (*main)(void *arg), void *arg, struct sim_result *result);

struct sim_search {
	/*
	 * seed is the first one. SIM_EXHAUSTIVE: depth bounds preemptions, 0 does not. SIM_FEW, SIM_PRIORITY: a length
	 * of 0 is replaced by that of a plain run; and if already this goes wrong, the strategy by SIM_PLAIN.
	 */
	struct sim_options options;
	u64 max_schedules;
	void (*before)(void *arg);	/* called ahead of each schedule, outside its world; may be NULL */
	/* answered */
	u64 schedules;			/* run */
	bool complete;			/* exhaustive, and there is no other schedule */
};

/*
 * sim_explore - run schedule after schedule (seeds from options.seed on, or all of them) until one goes wrong. Returns
 * true if none did; else *result is of that one, and sim_run() with search->options and its seed repeats it
 * (SIM_EXHAUSTIVE: the search itself does).
 */
bool sim_explore(struct sim_search *search, void (*main)(void *arg), void *arg, struct sim_result *result);

const char *sim_outcome_name(enum sim_outcome outcome);
const char *sim_strategy_name(enum sim_strategy strategy);
/* Returns false if no strategy has that name. */
bool sim_strategy_named(const char *name, enum sim_strategy *strategy);

/*
 * sim_save - remember the machine as it is now: nobody is on it, and none of its background tasks lives. Replaces what
 * was remembered before. Returns 0 or -ENOMEM.
 * sim_restore - it is so again, whatever happened to it since. Costs what was written since; no system call. So a
 * search boots a machine once, and gives it to each schedule as new.
 */
int sim_save(struct machine *m);
void sim_restore(struct machine *m);

/* ------------------------------------------------------------------------------------------------- inside a world */

/* A new task. Returns its number, or -1: there are no more. */
int sim_spawn(const char *name, void (*function)(void *arg), void *arg);
/* Wait until it has returned. */
void sim_join(int task);
/* Another task may go on here. */
void sim_yield(void);
/* This run has failed. Does not return. */
_Noreturn void sim_fail(const char *format, ...) PRINTF(1, 2);
/* The last events of this world's schedule, to the console: who went on, where, why. */
void sim_trace(unsigned int nr);

/* A cache line that moved: how often, where it is, and the code that had it and that got it last. */
struct sim_line {
	u64 moved;
	const void *address, *from, *to;
};

/*
 * sim_lines_begin - count from now on, until this world ends or another one begins, how often a cache line of a machine
 * goes from one task, which stands for a processor, to another: it writes to what the other has, or has not what the
 * other wrote.
 * sim_lines_pause - what happens from now on does not count, and nobody gets a line by it; until this is called again.
 * sim_lines_end - stop. Returns how often.
 * sim_lines_each - each line that moved, in no order: kmem_explain() says what is there.
 */
void sim_lines_begin(void);
void sim_lines_pause(bool pause);
u64 sim_lines_end(void);
void sim_lines_each(void (*each)(void *arg, const struct sim_line *line), void *arg);
/* Faults of this process end it with the signal that they would be in an ordinary one. For children of a fork. */
void sim_faults_are_signals(void);

#endif
