/* SPDX-License-Identifier: MIT */
/*
 * replay_sweep.c - the same recording on several machines, side by side.
 *
 *	--sweep "mem=64M,128M"  -->  "CMDLINE mem=64M", "CMDLINE mem=128M"  -->  one row each
 */
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/replay_command.h"
#include "cli/text.h"

#include <stdlib.h>
#include <string.h>

#define MAX_VALUES 64

struct setting {
	char value[128];
	struct replay_result *result;	/* NULL: it could not be replayed */
	struct trace_error error;
	struct findings findings;
};

struct sweep {
	const struct replay_command *command;
	char key[64];
	unsigned int nr;
	struct setting *settings;
};

static int sweep_parse(struct sweep *sweep, const char *text)
{
	size_t list = strcspn(text, ","), length = list;

	/* The last '=' before the list: "numa=fake=1,2" sweeps numa=fake. */
	while (length && text[length] != '=')
		length--;
	if (!length || !text[length + 1] || length >= sizeof(sweep->key) || strcspn(text, " ") < length)
		return usage_error("--sweep '%s': not key=value,value...", text);
	snprintf(sweep->key, sizeof(sweep->key), "%.*s", (int)length, text);
	for (text += length + 1;; text += length + 1) {
		length = strcspn(text, ",");
		if (!length || length >= sizeof(sweep->settings->value))
			return usage_error("--sweep: '%.40s' is no value of %s", text, sweep->key);
		if (sweep->nr == MAX_VALUES)
			return usage_error("--sweep: more than %d values", MAX_VALUES);
		snprintf(sweep->settings[sweep->nr++].value, sizeof(sweep->settings->value), "%.*s", (int)length, text);
		if (!text[length])
			return 0;
	}
}

static void setting_run(const struct sweep *sweep, struct setting *setting, const char *cmdline)
{
	char whole[CMDLINE_BYTES];
	struct report report = { .error = &setting->error };

	if (!cmdline_with(whole, cmdline, sweep->key, setting->value)) {
		snprintf(setting->error.text, sizeof(setting->error.text), "the command line is too long");
		return;
	}
	setting->result = replay_once(sweep->command, whole, setting->value, &setting->error);
	if (!setting->result)
		return;
	report.result = setting->result;
	findings_make(&setting->findings, &report);
}

/* The first column: the key, and every value. */
static int column_of(const struct sweep *sweep)
{
	size_t width = strlen(sweep->key);

	for (unsigned int i = 0; i < sweep->nr; i++)
		if (strlen(sweep->settings[i].value) > width)
			width = strlen(sweep->settings[i].value);
	return width > 16 ? (int)width : 16;
}

static void print_setting(const struct setting *setting, int column)
{
	const struct replay_result *result = setting->result;
	u64 memory = 0, waste = 0;
	int unusable = -1;
	u64 largest = 0;

	if (!result) {
		printf("  %-*s %.80s\n", column, setting->value, setting->error.text);
		return;
	}
	for (unsigned int i = 0; i < result->nr_slabs; i++) {
		memory += result->slabs[i].memory_bytes;
		waste += result->slabs[i].waste_bytes;
	}
	for (unsigned int i = 0; i < result->nr_zones; i++) {
		if (result->zones[i].managed < largest)
			continue;
		largest = result->zones[i].managed;
		unusable = result->zones[i].unusable[9];
	}
	printf("  %-*s %9s %-15s %9s %6s %9s %9s %8s %7s\n", column, setting->value, count_text(result->nr_failures).at,
		result->nr_failure_kinds ? replay_reason_text(result->failures[0].reason) : "-",
		pages_text(result->peak_used_pages).at,
		share_text(result->peak_used_pages, result->stats.managed_pages).at, bytes_text(memory).at,
		share_text(waste, memory).at, thousandths_text(unusable).at, seconds_text(result->elapsed_ns).at);
}

static void print_sweep(const struct sweep *sweep)
{
	int column = column_of(sweep);

	printf("SWEEP  %s, %u %s of %s%s\n", sweep->key, sweep->nr, plural(sweep->nr, "replay", "replays"),
	       sweep->command->files[0], sweep->command->nr_files > 1 ? " ..." : "");
	printf("  %-*s %9s %-15s %9s %6s %9s %9s %8s %7s\n", column, sweep->key, "failures", "most frequent",
	       "peak use", "", "slabs", "waste", "2M index", "time");
	for (unsigned int i = 0; i < sweep->nr; i++)
		print_setting(&sweep->settings[i], column);
	printf("  2M index: the part of the free memory of the largest zone that cannot serve an order-9 block, at "
	       "the end\n");
}

static void sweep_json(struct json *json, void *arg)
{
	const struct sweep *sweep = arg;

	json_open(json, NULL, '{');
	json_string(json, "sweep", sweep->key);
	json_open(json, "runs", '[');
	for (unsigned int i = 0; i < sweep->nr; i++) {
		const struct setting *setting = &sweep->settings[i];
		const struct report report = { .result = setting->result, .error = &setting->error };

		json_open(json, NULL, '{');
		json_string(json, "value", setting->value);
		if (setting->result)
			report_json(json, "replay", &report, &setting->findings);
		else
			json_string(json, "error", setting->error.text);
		json_close(json);
	}
	json_close(json);
	json_close(json);
}

static int sweep_status(const struct sweep *sweep)
{
	int status = EXIT_FINE;

	for (unsigned int i = 0; i < sweep->nr; i++) {
		const struct setting *setting = &sweep->settings[i];

		if (!setting->result || setting->error.kind != TRACE_ERROR_NONE)
			return fatal("%s=%s: %s", sweep->key, setting->value, setting->error.text);
		if (setting->findings.nr_bad)
			status = EXIT_FINDING;
	}
	return status;
}

static int sweep_run(struct sweep *sweep)
{
	bool to_stdout = sweep->command->json && !strcmp(sweep->command->json, "-");
	char chosen[CMDLINE_BYTES];
	const char *cmdline = sweep->command->cmdline, *note;
	struct trace_error error;

	if (strcmp(sweep->key, "mem")) {
		if (!choose_size(sweep->command, chosen, &note, &error))
			return fatal("%s", error.text);
		cmdline = chosen;
	}
	for (unsigned int i = 0; i < sweep->nr; i++)
		setting_run(sweep, &sweep->settings[i], cmdline);
	if (!to_stdout)
		print_sweep(sweep);
	if (sweep->command->json && !json_write(sweep->command->json, sweep_json, sweep))
		return EXIT_BAD;
	return sweep_status(sweep);
}

int replay_sweep(const struct replay_command *command)
{
	struct sweep sweep = { .command = command };
	int status;

	if (!can_repeat(command))
		return usage_error("--sweep reads its files several times: a pipe does not do");
	sweep.settings = calloc(MAX_VALUES, sizeof(*sweep.settings));
	if (!sweep.settings)
		return fatal("out of memory");
	status = sweep_parse(&sweep, command->sweep);
	if (!status)
		status = sweep_run(&sweep);
	for (unsigned int i = 0; i < sweep.nr; i++)
		replay_free(sweep.settings[i].result);
	free(sweep.settings);
	return status;
}
