/* SPDX-License-Identifier: MIT */
/*
 * lines.h - which cache lines of a machine go from processor to processor; in the simulator, for `kmem lines`.
 *
 *	command_lines (lines.c) --> lines_run (lines_run.c) --> sim_run: tasks of a workload (lines_work.c), or a replay
 *
 * Tasks, each a processor, do the same at once; or a recording is replayed, each event by the task that stands for its
 * CPU. What goes from one to another is counted (kmem/sim.h), and named by what lies there and by the code on both
 * sides.
 */
#ifndef KMEM_CLI_LINES_H
#define KMEM_CLI_LINES_H

#include <kmem/sim.h>

struct work_shared;

#define LINES_MOST_TASKS 16u
#define LINES_MOST 64u			/* lines that are named, and pairs of functions */

/* What tasks do: each of nr_tasks calls work(shared, self, nr), and may wait for the others by work_meet(). */
struct work {
	const char *name, *sentence;
	bool in_pairs;			/* every second task has another part */
	unsigned int batch;		/* operations come in so many at least */
	void (*work)(struct work_shared *shared, unsigned int self, u64 nr);
};

#define WORK_BATCH 64u
#define WORK_RING 16u

struct work_shared {
	unsigned int nr_tasks;
	u32 met;			/* atomic */
	void *ring[LINES_MOST_TASKS / 2][WORK_RING];
	void *handed[LINES_MOST_TASKS][WORK_BATCH];
};

/* By name; NULL if there is none. By number; NULL after the last. */
const struct work *work_named(const char *name);
const struct work *work_at(unsigned int index);
/* Wait until every task is here. */
void work_meet(struct work_shared *shared);

struct lines_options {
	const struct work *work;	/* NULL: files */
	const char *const *files;	/* parts of one recording, in this order */
	unsigned int nr_files;
	const char *cmdline;		/* of the machine, after what is usual here */
	unsigned int nr_tasks;
	u64 operations;			/* of each task, or more: whole batches. Of a recording: events; 0: all */
	enum sim_strategy strategy;
	u64 seed;
};

/* A line; or all lines that went from one function to another. */
struct lines_line {
	u64 moved;
	char what[240];			/* "" or kmem_explain() of it */
	char from[80], to[80];		/* the code that had it, and that got it, when it moved last */
};

struct lines_result {
	u64 moved, operations;
	u64 nr_moved_lines;
	unsigned int nr_lines, nr_codes;
	struct lines_line line[LINES_MOST], code[LINES_MOST];	/* most first */
	char why[400];			/* why it was not possible */
};

/* Run and count. False, with the reason, if that was not possible. */
MUST_CHECK bool lines_run(const struct lines_options *options, struct lines_result *result);

#endif
