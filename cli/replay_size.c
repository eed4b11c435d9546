/* SPDX-License-Identifier: MIT */
/*
 * replay_size.c - how large a machine should be: by trying.
 *
 *	not told:	replay on a huge machine, take the power of two that is at least twice the peak
 *	it failed:	double the memory until nothing fails, then halve the gap until it is a 64th
 *
 * A replay is quick and a huge machine costs only what is touched, so trying is cheaper than a model, and right.
 */
#include "cli/replay_command.h"
#include "cli/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MIB (1ull << 20)
#define HUGE (sizeof(long) == 8 ? "64G" : "63G")	/* what the hole below 4 GiB leaves of PAE */
#define PIPE_SIZE "16G"
#define LEAST_BYTES (256 * MIB)
#define SEARCH_EVENTS 30000000ull	/* a search replays no more: seconds, and the same answer on any machine */
#define MAX_DOUBLINGS 12

bool can_repeat(const struct replay_command *command)
{
	struct stat status;

	/* What is not there, or is a folder, is so each time: whoever opens it says what is wrong. */
	for (unsigned int i = 0; i < command->nr_files; i++)
		if (!strcmp(command->files[i], "-") ||
		    (!stat(command->files[i], &status) && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)))
			return false;
	return true;
}

static const char spaces[] = " \t\n\v\f\r";

/* Is there a parameter? What follows "--" is nothing to the machine. */
static bool is_own(const char *word)
{
	return *word && (strncmp(word, "--", 2) || strcspn(word, spaces) != 2);
}

static const char *word_next(const char *word)
{
	word += strcspn(word, spaces);
	return word + strspn(word, spaces);
}

bool names_memory(const char *cmdline)
{
	for (const char *word = cmdline + strspn(cmdline, spaces); is_own(word); word = word_next(word))
		if (!strncmp(word, "mem=", 4) || !strncmp(word, "memmap=", 7))
			return true;
	return false;
}

bool cmdline_with(char to[CMDLINE_BYTES], const char *cmdline, const char *key, const char *value)
{
	const char *end = cmdline + strspn(cmdline, spaces);

	while (is_own(end))
		end = word_next(end);
	return snprintf(to, CMDLINE_BYTES, "%.*s%s%s=%s", (int)(end - cmdline), cmdline,
			end > cmdline && !strchr(spaces, end[-1]) ? " " : "", key, value) < CMDLINE_BYTES;
}

static bool too_long(struct trace_error *error)
{
	*error = (struct trace_error){ .kind = TRACE_ERROR_OPEN };
	snprintf(error->text, sizeof(error->text), "the command line is longer than %d characters", CMDLINE_BYTES - 5);
	return false;
}

static u64 comfortable(u64 used_bytes)
{
	u64 bytes = LEAST_BYTES;

	while (bytes < used_bytes * 2)
		bytes *= 2;
	return bytes;
}

bool choose_size(const struct replay_command *command, char cmdline[CMDLINE_BYTES], const char **note,
		 struct trace_error *error)
{
	struct replay_result *result;
	u64 bytes;

	if (names_memory(command->cmdline)) {
		*note = NULL;
		return snprintf(cmdline, CMDLINE_BYTES, "%s", command->cmdline) < CMDLINE_BYTES || too_long(error);
	}
	*note = "chosen: a large machine, since the input cannot be read twice";
	if (!can_repeat(command))
		return cmdline_with(cmdline, command->cmdline, "mem", PIPE_SIZE) || too_long(error);
	if (!cmdline_with(cmdline, command->cmdline, "mem", HUGE))
		return too_long(error);
	result = replay_once(command, cmdline, "sizing", error);
	if (!result)
		return false;
	bytes = comfortable(result->peak_used_pages * 4096);
	replay_free(result);
	*note = "chosen: at least twice what the recording needs";
	return cmdline_with(cmdline, command->cmdline, "mem", size_param(bytes).at) || too_long(error);
}

/* ----------------------------------------------------------------------------------------------------- search */

u64 failures_curable(const struct replay_result *result)
{
	u64 nr = result->nr_failures;

	for (unsigned int i = 0; i < result->nr_failure_kinds; i++)
		if (result->failures[i].reason == REPLAY_TOO_LARGE || result->failures[i].reason == REPLAY_UNKNOWN)
			nr -= result->failures[i].count;
	return nr;
}

struct trial {
	const struct replay_command *command;
	const char *cmdline;
	struct size_search search;
	u64 spent, events;		/* replayed so far; of one replay */
	u64 present_pages;		/* of the last machine */
};

static bool may_go_on(const struct trial *trial)
{
	return trial->spent + trial->events <= SEARCH_EVENTS;
}

/* Does everything succeed with so much memory? Keeps the bounds found so far; a size that cannot be had ends it all. */
static bool succeeds(struct trial *trial, u64 bytes)
{
	char cmdline[CMDLINE_BYTES];
	struct replay_result *result = NULL;
	struct trace_error error;
	bool is_fine;

	if (cmdline_with(cmdline, trial->cmdline, "mem", size_param(bytes).at))
		result = replay_once(trial->command, cmdline, "search", &error);
	if (!result) {
		trial->spent = SEARCH_EVENTS;
		return false;
	}
	is_fine = !failures_curable(result);
	trial->search.runs++;
	if (is_fine)
		trial->search.smallest_bytes = bytes;
	else if (bytes > trial->search.failing_bytes)
		trial->search.failing_bytes = bytes;
	trial->spent += trial->events;
	trial->present_pages = result->stats.present_pages;
	replay_free(result);
	return is_fine;
}

/* Whole MiB, so that the answer can be typed. */
static u64 whole_mib(u64 bytes)
{
	return (bytes + MIB - 1) / MIB * MIB;
}

struct size_search search_size(const struct replay_command *command, const struct replay_result *result)
{
	u64 bytes = whole_mib((u64)result->stats.present_pages * 4096), gap;
	struct trial trial = {
		.command = command,
		.cmdline = result->cmdline,
		.search = { .failing_bytes = bytes },
		.events = result->counts.events,
	};
	unsigned int doublings = 0;

	if (!failures_curable(result) || !can_repeat(command) || !may_go_on(&trial))
		return trial.search;
	while (doublings++ < MAX_DOUBLINGS && may_go_on(&trial) && !succeeds(&trial, bytes *= 2))
		if (trial.present_pages == result->stats.present_pages)
			return (struct size_search){ .was_tried = false };	/* memmap= decides, not mem= */
	trial.search.was_tried = trial.search.runs;
	if (!trial.search.smallest_bytes)
		return trial.search;
	for (;;) {
		gap = trial.search.smallest_bytes - trial.search.failing_bytes;
		if (gap <= MIB || gap <= trial.search.smallest_bytes / 64 || !may_go_on(&trial))
			return trial.search;
		succeeds(&trial, whole_mib(trial.search.failing_bytes + gap / 2));
	}
}
