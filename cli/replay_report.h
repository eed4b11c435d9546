/* SPDX-License-Identifier: MIT */
/*
 * replay_report.h - what is said about a result, in sentences, tables and JSON.
 */
#ifndef KMEM_CLI_REPLAY_REPORT_H
#define KMEM_CLI_REPLAY_REPORT_H

#include <kmem/replay.h>
#include <stdio.h>

/* How the smallest machine without failures was looked for. */
struct size_search {
	bool was_tried;
	u64 smallest_bytes;		/* nothing fails there; 0: not found */
	u64 failing_bytes;		/* the largest tried on which something does */
	unsigned int runs;
};

struct report {
	const struct replay_result *result;
	const struct trace_error *error;	/* what ended the input early; kind NONE: nothing */
	const char *size_note;			/* why the machine is of this size; NULL: as told */
	struct size_search search;
	unsigned int top;			/* rows of the longer tables */
};

enum severity { SEVERITY_NOTE, SEVERITY_BAD };	/* BAD: the exit status says so */

#define FINDING_BYTES 640
#define MAX_FINDINGS 48

struct finding {
	enum severity severity;
	unsigned int rank;		/* worse is higher; bad ones are above all notes */
	const char *id;			/* "failure", "lost-events" ... for programs */
	char text[FINDING_BYTES];
};

struct findings {
	unsigned int nr, nr_bad;
	char *last;				/* the sentence that was begun last */
	struct finding list[MAX_FINDINGS + 1];	/* [nr]; the last place is for what there is no room for */
};

/* All that is to be said, worst first. */
void findings_make(struct findings *findings, const struct report *report);

void report_print(FILE *out, const struct report *report, const struct findings *findings);
struct json;
/* One object; key as in json.h. */
void report_json(struct json *json, const char *key, const struct report *report, const struct findings *findings);

/* "64 B", or with " to " "32 B to 2.0 KiB": what all failures of a kind asked for. */
struct sizes_text {
	char at[80];
};
struct sizes_text failure_sizes(const struct replay_failure *failure, const char *to);

/* "kmalloc of 32 B to 2.0 KiB", "filp object of 184 B", "order-3 pages". */
struct failure_text {
	char at[160];
};
struct failure_text failure_text(const struct replay_failure *failure);
/* How many that more memory might cure. */
u64 failures_curable(const struct replay_result *result);
/* The flags that the recording had. */
struct failure_text failure_gfp(const struct replay_failure *failure);

#endif
