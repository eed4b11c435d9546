/* SPDX-License-Identifier: MIT */
/*
 * console.c - `kmem console`: the console of bare metal, on a machine in this process.
 *
 * A terminal edits lines and echoes them itself. Of anything else all lines are done, without a prompt.
 */
#include "cli/cli.h"
#include "console/console.h"

#include <errno.h>
#include <kmem/machine.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_CMDLINE "mem=1G"

static void write_out(void *arg, const char *text, size_t length)
{
	(void)arg;
	fwrite(text, 1, length, stdout);
}

/* Until it is left, or there is no more. Returns 0, or the error of who cannot read on. */
static int talk(struct console *console)
{
	char text[4096];
	ssize_t nr = 1;

	console_begin(console);
	while (!console->done && nr) {
		fflush(stdout);
		nr = read(STDIN_FILENO, text, sizeof(text));
		if (nr > 0)
			console_input(console, text, (size_t)nr);
		else if (nr && errno != EINTR)
			return errno;
	}
	console_end(console);
	return 0;
}

static int run(const char *cmdline)
{
	const struct machine_config config = { .cmdline = cmdline, .console = write_out };
	static struct console console = { .write = write_out };
	const char *why = NULL;
	int leaks, err;

	console.machine = machine_boot_why(&config, &why);
	console.is_silent = !isatty(STDIN_FILENO);
	if (!console.machine)
		return fatal("the machine does not boot with '%s': %s", cmdline, why ? why : "no memory");
	if (machine_enter(console.machine)) {
		machine_shutdown(console.machine);
		return fatal("the machine cannot be entered");
	}
	err = talk(&console);
	machine_leave();
	leaks = machine_shutdown(console.machine);
	if (err)
		return fatal("standard input cannot be read: %s", strerror(err));
	return console_status(&console, leaks);
}

int command_console(int argc, char **argv)
{
	const char *cmdline = DEFAULT_CMDLINE;

	for (int i = 1; i < argc; i++) {
		bool is_missing = false;
		const char *value = option_value("--cmdline", argc, argv, &i, &is_missing);

		if (!value)
			return usage_error("console: '%s' is not an option of it", argv[i]);
		if (is_missing)
			return usage_error("option '%s' needs a value", argv[i]);
		cmdline = value;
	}
	return finish_output(run(cmdline));
}
