/* SPDX-License-Identifier: MIT */
/*
 * replay.c - `kmem replay`: options, the size of the machine, the replay, the report.
 *
 *	choose_size --> replay_once --> search_size (if something failed) --> report, JSON
 *	           `--> replay_sweep
 */
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/progress.h"
#include "cli/replay_command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_TOP 12
#define DEFAULT_MOMENTS 8

struct replay_result *replay_once(const struct replay_command *command, const char *cmdline, const char *label,
				  struct trace_error *error)
{
	struct progress progress = progress_start(label, !command->no_progress);
	const struct replay_options options = {
		.files = command->files,
		.nr_files = command->nr_files,
		.cmdline = cmdline,
		.limit = command->limit,
		.moments = command->moments,
		.progress = progress_tell,
		.progress_arg = &progress,
	};
	struct replay_result *result = replay_run(&options, error);

	progress_end(&progress);
	return result;
}

/* ---------------------------------------------------------------------------------------------------- options */

static bool read_count(const char *text, u64 *count)
{
	char *end;

	errno = 0;
	*count = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno && *count;
}

static int take_number(struct replay_command *command, const char *name, const char *value)
{
	u64 number;

	if (!read_count(value, &number))
		return usage_error("%s '%s': not a number above 0", name, value);
	if (!strcmp(name, "--limit"))
		command->limit = number;
	else if (!strcmp(name, "--moments"))
		command->moments = number > 100000 ? 100000 : (unsigned int)number;
	else
		command->top = number > 1000000 ? 1000000 : (unsigned int)number;
	return 0;
}

static int take_value(struct replay_command *command, const char *name, const char *value)
{
	if (!strcmp(name, "--cmdline"))
		command->cmdline = value;
	else if (!strcmp(name, "--json"))
		command->json = value;
	else if (!strcmp(name, "--sweep"))
		command->sweep = value;
	else
		return take_number(command, name, value);
	return 0;
}

/* 0, or the exit status. */
static int take_option(struct replay_command *command, int argc, char **argv, int *i)
{
	static const char *const with_value[] = { "--cmdline", "--json", "--sweep", "--limit", "--top", "--moments" };
	bool is_missing = false;

	if (!strcmp(argv[*i], "--no-progress")) {
		command->no_progress = true;
		return 0;
	}
	if (!strcmp(argv[*i], "--no-search")) {
		command->no_search = true;
		return 0;
	}
	for (unsigned int n = 0; n < sizeof(with_value) / sizeof(with_value[0]); n++) {
		const char *value = option_value(with_value[n], argc, argv, i, &is_missing);

		if (!value)
			continue;
		if (is_missing)
			return usage_error("option '%s' needs a value", with_value[n]);
		return take_value(command, with_value[n], value);
	}
	return usage_error("unknown option '%s'", argv[*i]);
}

static int take_arguments(struct replay_command *command, const char **files, int argc, char **argv)
{
	bool are_files = false;

	for (int i = 1; i < argc; i++) {
		int status = 0;

		if (!are_files && !strcmp(argv[i], "--"))
			are_files = true;
		else if (!are_files && argv[i][0] == '-' && argv[i][1])
			status = take_option(command, argc, argv, &i);
		else
			files[command->nr_files++] = argv[i];
		if (status)
			return status;
	}
	command->files = files;
	return command->nr_files ? 0 : usage_error("replay: no file given");
}

/* ------------------------------------------------------------------------------------------------------ report */

struct whole_report {
	const struct report *report;
	const struct findings *findings;
};

static void whole_json(struct json *json, void *arg)
{
	const struct whole_report *whole = arg;

	report_json(json, NULL, whole->report, whole->findings);
}

static int tell(const struct replay_command *command, const struct report *report)
{
	static struct findings findings;
	struct whole_report whole = { report, &findings };

	findings_make(&findings, report);
	if (!command->json || strcmp(command->json, "-"))
		report_print(stdout, report, &findings);
	if (command->json && !json_write(command->json, whole_json, &whole))
		return EXIT_BAD;
	if (report->error->kind != TRACE_ERROR_NONE)
		return fatal("%s", report->error->text);
	return findings.nr_bad ? EXIT_FINDING : EXIT_FINE;
}

static int replay_and_tell(const struct replay_command *command, const char *cmdline, const char *size_note)
{
	struct trace_error error;
	struct replay_result *result = replay_once(command, cmdline, "replay", &error);
	struct report report = { .result = result, .error = &error, .size_note = size_note, .top = command->top };
	int status;

	if (!result)
		return fatal("%s", error.text);
	if (result->nr_failures && !command->no_search)
		report.search = search_size(command, result);
	status = tell(command, &report);
	replay_free(result);
	return status;
}

static int replay_as_asked(const struct replay_command *command)
{
	char cmdline[CMDLINE_BYTES];
	const char *size_note = NULL;
	struct trace_error error;

	if (command->sweep)
		return replay_sweep(command);
	if (!choose_size(command, cmdline, &size_note, &error))
		return fatal("%s", error.text);
	return replay_and_tell(command, cmdline, size_note);
}

int command_replay(int argc, char **argv)
{
	struct replay_command command = { .cmdline = "", .top = DEFAULT_TOP, .moments = DEFAULT_MOMENTS };
	const char **files = calloc((size_t)argc, sizeof(*files));
	int status;

	if (!files)
		return fatal("out of memory");
	status = take_arguments(&command, files, argc, argv);
	if (!status)
		status = finish_output(replay_as_asked(&command));
	free(files);
	return status;
}
