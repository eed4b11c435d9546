/* SPDX-License-Identifier: MIT */
/*
 * cli.h - what the subcommands of kmem share.
 */
#ifndef KMEM_CLI_H
#define KMEM_CLI_H

#include <kmem/types.h>

enum exit_status {
	EXIT_FINE = 0,
	EXIT_FINDING = 1,	/* the report holds a finding that wants attention */
	EXIT_BAD = 2,		/* usage, or input that cannot be used */
};

/* Subcommands: argv[0] is the subcommand's name. Each returns the exit status. */
int command_replay(int argc, char **argv);
int command_console(int argc, char **argv);
int command_show(int argc, char **argv);
int command_lines(int argc, char **argv);
int command_help(int argc, char **argv);

/* "kmem: TEXT" and the hint to help, on standard error. Returns EXIT_BAD. */
int usage_error(const char *format, ...) PRINTF(1, 2);
/* "kmem: TEXT". Returns EXIT_BAD. */
int fatal(const char *format, ...) PRINTF(1, 2);
/* Flush standard output: EXIT_BAD with a message if what was printed did not arrive, else status. */
int finish_output(int status);

/*
 * The value of an option given as "--name=value" or "--name value"; NULL if argv[*i] is not that option.
 * *i then stands on the last word used. An option without its value gives "" with *is_missing set.
 */
const char *option_value(const char *name, int argc, char **argv, int *i, bool *is_missing);

#endif
