/* SPDX-License-Identifier: MIT */
/*
 * replay_command.h - what `kmem replay` was asked, between its files only.
 */
#ifndef KMEM_CLI_REPLAY_COMMAND_H
#define KMEM_CLI_REPLAY_COMMAND_H

#include "cli/replay_report.h"

#define CMDLINE_BYTES 512

struct replay_command {
	const char *const *files;
	unsigned int nr_files;
	const char *cmdline;		/* as given; "" if not */
	const char *sweep, *json;	/* NULL if not given */
	u64 limit;
	unsigned int top, moments;
	bool no_search, no_progress;
};

/* One replay with this command line; label is for the progress bar. As replay_run(). */
struct replay_result *replay_once(const struct replay_command *command, const char *cmdline, const char *label,
				  struct trace_error *error);

/* replay_size.c */
/* Can every file be read again? (Not a pipe.) */
bool can_repeat(const struct replay_command *command);
/* Does the command line say how much memory there is? */
bool names_memory(const char *cmdline);
/*
 * The command line with a size at which the recording fits comfortably, and why in *note. Replays once on a huge
 * machine if it can. False if the recording cannot be replayed, with the reason.
 */
bool choose_size(const struct replay_command *command, char cmdline[CMDLINE_BYTES], const char **note,
		 struct trace_error *error);
/* The smallest memory on which nothing fails that memory could help, by repeated replay; bounded in time. */
struct size_search search_size(const struct replay_command *command, const struct replay_result *result);
/* "a b key=value" of "a b" or "a b -- c", key and value. False if it is too long. */
bool cmdline_with(char to[CMDLINE_BYTES], const char *cmdline, const char *key, const char *value);

/* replay_sweep.c: replay per value and compare. Returns the exit status. */
int replay_sweep(const struct replay_command *command);

#endif
