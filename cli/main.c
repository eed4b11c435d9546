/* SPDX-License-Identifier: MIT */
/*
 * main.c - the kmem command: which subcommand, and help.
 *
 *	kmem replay FILE...	a recording, run again on a machine of any size
 *	kmem show NAME		a kernel file of a machine: buddyinfo, slabinfo ...
 *	kmem console		a machine to talk to
 *	kmem lines WORKLOAD	which cache lines go from processor to processor: the simulator's command only
 *	kmem help [TOPIC]
 */
#include "cli/cli.h"

#include <kmem/machine.h>
#include <kmem/version.h>
#include <stdio.h>
#include <string.h>

static const char help_text[] =
	"Usage: kmem replay FILE... [--cmdline \"mem=2G ...\"] [--sweep \"key=a,b,c\"] [--json FILE]\n"
	"       kmem show [NAME] [--cmdline \"...\"] [--trace FILE]\n"
	"       kmem console [--cmdline \"...\"]\n"
	"       kmem lines [WORKLOAD | --trace FILE] [--tasks N] [--json FILE]\n"
	"       kmem help [replay | show | console | lines | parameters | exit]\n"
	"       kmem --version\n"
	"\n"
	"kmem replays the memory events of a real machine on a machine of any size, inside this process,\n"
	"and says what happened to its memory.\n"
	"\n"
	"  kmem replay trace.zst                          on a machine twice as large as the recording needs\n"
	"  kmem replay trace.zst --cmdline mem=256M       on a small one: what fails, and why\n"
	"  kmem replay trace.zst --sweep mem=64M,128M,1G  on several, side by side\n"
	"  kmem show buddyinfo --trace trace.zst          /proc/buddyinfo after the replay\n"
	"\n"
	"Manuals: kmem(1), kmem-replay(1).\n";

static const char replay_help[] =
	"Usage: kmem replay FILE... [OPTION...]\n"
	"\n"
	"FILE is ftrace text (the trace file, or what trace-cmd report prints) of the kmem events, plain or\n"
	"compressed by zstd, xz or gzip; \"-\" is standard input. Several are parts of one recording, in order.\n"
	"\n"
	"  --cmdline TEXT   kernel command line of the machine: mem=, numa=fake=, movablecore=, slub_debug= ...\n"
	"  --sweep KEY=A,B  replay once for each value, added to the command line, and compare\n"
	"  --json FILE      everything, machine-readable; \"-\" prints it instead of the report\n"
	"  --limit N        only the first N events\n"
	"  --top N          rows of the longer tables (default 12)\n"
	"  --moments N      how often on the way to look at what is free (default 8)\n"
	"  --no-search      do not look for the smallest machine on which nothing fails\n"
	"  --no-progress    no progress bar (there is none either where standard error is no terminal)\n"
	"\n"
	"Without mem= in the command line the recording is replayed twice: once on a huge machine, to see what\n"
	"it needs, and then on one of at least twice that. Exit: 0 fine, 1 a finding, 2 bad usage or input.\n";

static const char show_help[] =
	"Usage: kmem show [NAME] [OPTION...]\n"
	"\n"
	"Prints a kernel file of a machine that was just booted, or that has just replayed a recording.\n"
	"Without NAME: lists the names.\n"
	"\n"
	"  --cmdline TEXT   kernel command line of the machine (default: mem=1G)\n"
	"  --trace FILE     replay this first; may be given several times\n";

static const char console_help[] =
	"Usage: kmem console [--cmdline TEXT]\n"
	"\n"
	"Boots a machine and does what standard input says, line by line, until \"exit\" or its end: its files by\n"
	"their names, explain ADDRESS, check, kmalloc BYTES, bench ... \"help\" lists all. The same console is on\n"
	"bare metal's serial port.\n"
	"\n"
	"  --cmdline TEXT   kernel command line of the machine (default: mem=1G)\n"
	"\n"
	"Exit: 0 fine, 1 something was found broken, or is not freed; or what exit was told.\n";

static const char lines_help[] =
	"Usage: kmem lines [WORKLOAD] [OPTION...]\n"
	"\n"
	"Says which cache lines of a machine go from one processor to another while tasks do the same at once, or\n"
	"while a recording is replayed by a task for each of its CPUs: what lies there, and which code had the line\n"
	"and got it. What two processors write by turns costs both, and no lock says so. Only the command of the\n"
	"simulator can: make HOST=sim kmem, and then build/sim/kmem. Without WORKLOAD: lists what there is.\n"
	"\n"
	"  --trace FILE      this recording; may be given several times. Events of CPU n are those of task n % tasks\n"
	"  --tasks N         so many, 2 to 16 (default 2; of a recording 4)\n"
	"  --operations N    of each task, in whole batches (default 8192); of a recording the first N (default: all)\n"
	"  --cmdline TEXT    more for the machine's command line; it has 1 GiB and a CPU for each task\n"
	"  --seed N          of the order in which tasks go on (default 1); the same seed gives the same figures\n"
	"  --top N           rows of the tables, up to 64 (default 12)\n"
	"  --json FILE       the same, machine-readable; \"-\" prints it instead\n";

static const char exit_help[] =
	"0  fine\n"
	"1  a finding that wants attention: failed allocations, lost events, a damaged line ...\n"
	"2  bad usage, or input that cannot be used (or ends early: the report is of what came before)\n";

/* The table that machine_boot() reads by, so that it cannot be out of date. */
static void print_parameters(void)
{
	struct machine_parameter parameter;
	char word[64];

	puts("The kernel command line of a machine (--cmdline, or KMEM= in the environment):\n");
	for (unsigned int i = 0; machine_parameter(i, &parameter); i++) {
		snprintf(word, sizeof(word), "%s%s", parameter.name, parameter.value);
		printf(strlen(word) > 36 ? "  %s\n  %-36s  %s\n" : "  %-36s%s  %s\n", word, "", parameter.sentence);
	}
}

int command_help(int argc, char **argv)
{
	const char *topic = argc > 1 ? argv[1] : "";

	if (argc > 2)
		return usage_error("help: one topic at a time, not '%s' and '%s'", argv[1], argv[2]);
	if (!strcmp(topic, "replay"))
		fputs(replay_help, stdout);
	else if (!strcmp(topic, "show"))
		fputs(show_help, stdout);
	else if (!strcmp(topic, "console"))
		fputs(console_help, stdout);
	else if (!strcmp(topic, "lines"))
		fputs(lines_help, stdout);
	else if (!strcmp(topic, "parameters"))
		print_parameters();
	else if (!strcmp(topic, "exit"))
		fputs(exit_help, stdout);
	else if (!*topic || !strcmp(topic, "help"))
		fputs(help_text, stdout);
	else
		return usage_error("no help about '%s'", topic);
	return finish_output(EXIT_FINE);
}

#ifndef KMEM_HOST_SIM
int command_lines(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return fatal("lines: only the simulator sees them: make HOST=sim kmem, and then build/sim/kmem lines");
}
#endif

static bool asks_for_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} commands[] = {
		{ "replay", command_replay },
		{ "show", command_show },
		{ "console", command_console },
		{ "lines", command_lines },
		{ "help", command_help },
	};
	const char *name = argc > 1 ? argv[1] : "";

	if (!*name)
		return usage_error("no command given: replay, show, console, lines or help");
	if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
		printf("kmem %s\n", KMEM_VERSION);
		return finish_output(EXIT_FINE);
	}
	if (!strcmp(name, "--help") || !strcmp(name, "-h"))
		return command_help(1, argv);
	for (unsigned int i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(name, commands[i].name))
			continue;
		if (asks_for_help(argc - 1, argv + 1))
			return command_help(2, (char *[]){ argv[0], argv[1], NULL });
		return commands[i].run(argc - 1, argv + 1);
	}
	return usage_error(*name == '-' ? "unknown option '%s'" : "unknown command '%s'", name);
}
