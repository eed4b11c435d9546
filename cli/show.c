/* SPDX-License-Identifier: MIT */
/*
 * show.c - `kmem show`: a kernel file of a machine, just booted or just after a replay.
 */
#include "cli/cli.h"
#include "cli/replay_report.h"

#include <kmem/machine.h>
#include <kmem/replay.h>
#include <kmem/stats.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TRACES 64
#define DEFAULT_CMDLINE "mem=1G"

struct show {
	const char *name;		/* NULL: list the names */
	const char *cmdline;
	const char *traces[MAX_TRACES];
	unsigned int nr_traces;
	int status;
};

static bool is_file(const char *name)
{
	for (const char *const *file = machine_files; *file; file++)
		if (!strcmp(*file, name))
			return true;
	return false;
}

static int list_names(void)
{
	for (const char *const *file = machine_files; *file; file++)
		puts(*file);
	return EXIT_FINE;
}

/* The calling thread is on the machine. */
static void print_file(struct machine *m, void *arg)
{
	struct show *show = arg;
	long length = machine_file(m, show->name, NULL, 0);
	char *text = length < 0 ? NULL : malloc((size_t)length + 1);

	if (!text) {
		show->status = fatal("%s cannot be made", show->name);
		return;
	}
	/* It may have grown; what fits is whole lines but for the last, which is what a short read() gives. */
	machine_file(m, show->name, text, (size_t)length + 1);
	fputs(text, stdout);
	free(text);
}

static void console_to_stderr(void *arg, const char *text, size_t length)
{
	(void)arg;
	fwrite(text, 1, length, stderr);
}

static int show_booted(struct show *show)
{
	const struct machine_config config = { .cmdline = show->cmdline, .console = console_to_stderr };
	const char *why = NULL;
	struct machine *m = machine_boot_why(&config, &why);

	if (!m)
		return fatal("the machine does not boot with '%s': %s", show->cmdline, why ? why : "no memory");
	if (machine_enter(m)) {
		machine_shutdown(m);
		return fatal("the machine cannot be entered");
	}
	print_file(m, show);
	machine_leave();
	machine_shutdown(m);
	return show->status;
}

/* What is bad about the replay, less what is said anyway. Returns the exit status. */
static int tell_findings(const struct replay_result *result, const struct trace_error *error)
{
	static struct findings findings;
	const struct report report = { .result = result, .error = error };
	int status = EXIT_FINE;

	findings_make(&findings, &report);
	for (unsigned int i = 0; i < findings.nr; i++) {
		const struct finding *finding = &findings.list[i];

		if (finding->severity != SEVERITY_BAD || !strcmp(finding->id, "input-cut") ||
		    !strcmp(finding->id, "unknown-parameters"))
			continue;
		fatal("%s", finding->text);
		status = EXIT_FINDING;
	}
	return status;
}

static int show_replayed(struct show *show)
{
	const struct replay_options options = {
		.files = show->traces,
		.nr_files = show->nr_traces,
		.cmdline = show->cmdline,
		.at_end = print_file,
		.at_end_arg = show,
	};
	struct trace_error error;
	struct replay_result *result = replay_run(&options, &error);
	int status = EXIT_FINE;

	if (result) {
		fputs(result->console, stderr);
		status = tell_findings(result, &error);
	}
	replay_free(result);
	if (error.kind != TRACE_ERROR_NONE)
		return fatal("%s", error.text);
	return show->status ? show->status : status;
}

static int take_argument(struct show *show, int argc, char **argv, int *i)
{
	bool is_missing = false;
	const char *value = option_value("--cmdline", argc, argv, i, &is_missing);

	if (value) {
		show->cmdline = value;
	} else if ((value = option_value("--trace", argc, argv, i, &is_missing))) {
		if (show->nr_traces == MAX_TRACES)
			return usage_error("show: more than %d traces", MAX_TRACES);
		show->traces[show->nr_traces++] = value;
	} else if (argv[*i][0] == '-') {
		return usage_error("unknown option '%s'", argv[*i]);
	} else if (show->name) {
		return usage_error("show: one name at a time, not '%s' and '%s'", show->name, argv[*i]);
	} else {
		show->name = argv[*i];
	}
	return is_missing ? usage_error("option '%s' needs a value", argv[*i]) : 0;
}

int command_show(int argc, char **argv)
{
	struct show show = { .cmdline = DEFAULT_CMDLINE };

	for (int i = 1; i < argc; i++) {
		int status = take_argument(&show, argc, argv, &i);

		if (status)
			return status;
	}
	if (!show.name && show.nr_traces)
		return usage_error("show: --trace, but not which file to print then; 'kmem show' lists them");
	if (!show.name)
		return finish_output(list_names());
	if (!is_file(show.name))
		return usage_error("show: no file '%s'; 'kmem show' lists them", show.name);
	return finish_output(show.nr_traces ? show_replayed(&show) : show_booted(&show));
}
