/* SPDX-License-Identifier: MIT */
/*
 * usage.c - options, complaints and the exit status: what all subcommands share.
 */
#include "cli/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void print_error(const char *format, va_list args)
{
	fflush(stdout);
	fputs("kmem: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

int fatal(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_error(format, args);
	va_end(args);
	return EXIT_BAD;
}

int usage_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_error(format, args);
	va_end(args);
	fputs("try 'kmem help'\n", stderr);
	return EXIT_BAD;
}

int finish_output(int status)
{
	if (fflush(stdout) || ferror(stdout))
		return fatal("standard output cannot be written");
	return status;
}

const char *option_value(const char *name, int argc, char **argv, int *i, bool *is_missing)
{
	size_t length = strlen(name);

	if (strncmp(argv[*i], name, length))
		return NULL;
	if (argv[*i][length] == '=')
		return argv[*i] + length + 1;
	if (argv[*i][length])
		return NULL;
	*is_missing = *i + 1 >= argc;
	return *is_missing ? "" : argv[++*i];
}
