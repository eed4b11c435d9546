/* SPDX-License-Identifier: MIT */
/*
 * lines.c - `kmem lines`: which cache lines go from processor to processor, for what, and between which functions.
 */
#include "cli/lines.h"

#include "cli/cli.h"
#include "cli/json.h"
#include "cli/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MOST_FILES 64
#define DEFAULT_TOP 12
#define DEFAULT_OPERATIONS 8192
#define MOST_OPERATIONS 10000000
#define FORMAT 1

struct command {
	struct lines_options options;
	const char *files[MOST_FILES];
	const char *name;		/* of the workload; NULL: none is given yet */
	const char *json;
	u64 tasks, operations, top, seed;	/* 0: not given */
};

/* --------------------------------------------------------------------------------------------------------- options */

static int take_number(u64 *to, const char *name, const char *value, u64 least, u64 most)
{
	char *end;

	errno = 0;
	*to = strtoull(value, &end, 10);
	if (*value < '0' || *value > '9' || *end || errno || *to < least || *to > most)
		return usage_error("lines: %s '%s': not a number from %llu to %llu", name, value, least, most);
	return 0;
}

static int take_value(struct command *command, const char *name, const char *value)
{
	struct lines_options *options = &command->options;

	if (!strcmp(name, "--cmdline"))
		options->cmdline = value;
	else if (!strcmp(name, "--json"))
		command->json = value;
	else if (!strcmp(name, "--tasks"))
		return take_number(&command->tasks, name, value, 2, LINES_MOST_TASKS);
	else if (!strcmp(name, "--operations"))
		return take_number(&command->operations, name, value, 1, MOST_OPERATIONS);
	else if (!strcmp(name, "--top"))
		return take_number(&command->top, name, value, 1, LINES_MOST);
	else if (!strcmp(name, "--seed"))
		return take_number(&command->seed, name, value, 0, ~0ull);
	else if (options->nr_files == MOST_FILES)
		return usage_error("lines: more than %d traces", MOST_FILES);
	else
		command->files[options->nr_files++] = value;
	return 0;
}

static int take_argument(struct command *command, int argc, char **argv, int *i)
{
	static const char *const names[] = { "--cmdline", "--json", "--tasks", "--operations", "--top", "--seed",
					     "--trace" };
	bool is_missing = false;

	for (unsigned int n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
		const char *value = option_value(names[n], argc, argv, i, &is_missing);

		if (value)
			return is_missing ? usage_error("option '%s' needs a value", names[n]) :
					    take_value(command, names[n], value);
	}
	if (argv[*i][0] == '-')
		return usage_error("unknown option '%s'", argv[*i]);
	if (command->name)
		return usage_error("lines: one workload at a time, not '%s' and '%s'", command->name, argv[*i]);
	command->name = argv[*i];
	return 0;
}

/* What was asked makes sense together. */
static int complete(struct command *command)
{
	struct lines_options *options = &command->options;

	options->files = command->files;
	if (command->name && options->nr_files)
		return usage_error("lines: a workload or a trace, not '%s' and '%s'", command->name,
				   options->files[0]);
	if (command->name) {
		options->work = work_named(command->name);
		if (!options->work)
			return usage_error("lines: no workload '%s'; 'kmem lines' lists them", command->name);
		if (options->work->in_pairs && command->tasks % 2)
			return usage_error("lines: tasks of '%s' come in pairs, so not %llu", command->name,
					   command->tasks);
	}
	options->nr_tasks = command->tasks ? (unsigned int)command->tasks : options->work ? 2 : 4;
	options->operations = command->operations || !options->work ? command->operations : DEFAULT_OPERATIONS;
	/* A replay hands on at each event anyway. */
	options->strategy = options->work ? SIM_RANDOM : SIM_PLAIN;
	options->seed = command->seed;
	return 0;
}

/* ---------------------------------------------------------------------------------------------------------- report */

static int list_workloads(void)
{
	const struct work *work;

	for (unsigned int i = 0; (work = work_at(i)); i++)
		printf("%-12s%s\n", work->name, work->sentence);
	return EXIT_FINE;
}

static u64 smaller(u64 a, u64 b)
{
	return a < b ? a : b;
}

static void print_result(const struct command *command, const struct lines_result *result)
{
	const struct work *work = command->options.work;
	struct colours colours = colours_for(stdout);

	printf("%s: %s %s of %u tasks moved %s %s, of %s %s\n", work ? work->sentence : command->files[0],
	       count_text(result->operations).at, work ? "operations" : "events", command->options.nr_tasks,
	       count_text(result->moved).at, plural(result->moved, "line", "lines"),
	       count_text(result->nr_moved_lines).at, plural(result->nr_moved_lines, "address", "addresses"));
	printf("\n%sFROM CODE TO CODE%s\n", colours.head, colours.off);
	for (unsigned int i = 0; i < smaller(command->top, result->nr_codes); i++)
		printf("%10s  %s -> %s\n", count_text(result->code[i].moved).at, result->code[i].from,
		       result->code[i].to);
	printf("\n%sLINES%s\n", colours.head, colours.off);
	for (unsigned int i = 0; i < smaller(command->top, result->nr_lines); i++)
		printf("%10s  %s\n            %s -> %s\n", count_text(result->line[i].moved).at,
		       result->line[i].what, result->line[i].from, result->line[i].to);
}

static void lines_json(struct json *json, const char *key, const struct lines_line *line, unsigned int nr)
{
	json_open(json, key, '[');
	for (; nr; nr--, line++) {
		json_open(json, NULL, '{');
		json_number(json, "moved", line->moved);
		if (line->what[0])
			json_string(json, "what", line->what);
		json_string(json, "from", line->from);
		json_string(json, "to", line->to);
		json_close(json);
	}
	json_close(json);
}

struct whole {
	const struct command *command;
	const struct lines_result *result;
};

static void whole_json(struct json *json, void *arg)
{
	const struct whole *whole = arg;

	json_open(json, NULL, '{');
	json_number(json, "format", FORMAT);
	json_string(json, "workload", whole->command->name);
	json_number(json, "tasks", whole->command->options.nr_tasks);
	json_number(json, "operations", whole->result->operations);
	json_number(json, "moved", whole->result->moved);
	json_number(json, "moved_lines", whole->result->nr_moved_lines);
	lines_json(json, "codes", whole->result->code, whole->result->nr_codes);
	lines_json(json, "lines", whole->result->line, whole->result->nr_lines);
	json_close(json);
}

static int run(const struct command *command)
{
	static struct lines_result result;
	struct whole whole = { command, &result };

	if (!lines_run(&command->options, &result))
		return fatal("%s", result.why);
	if (!command->json || strcmp(command->json, "-"))
		print_result(command, &result);
	return command->json && !json_write(command->json, whole_json, &whole) ? EXIT_BAD : EXIT_FINE;
}

int command_lines(int argc, char **argv)
{
	struct command command = { .top = DEFAULT_TOP, .seed = 1 };
	int status = 0;

	for (int i = 1; i < argc && !status; i++)
		status = take_argument(&command, argc, argv, &i);
	if (!status)
		status = complete(&command);
	if (status)
		return status;
	if (!command.options.work && !command.options.nr_files)
		return finish_output(list_workloads());
	return finish_output(run(&command));
}
