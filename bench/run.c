/* SPDX-License-Identifier: MIT */
/*
 * run.c - every cell in a process of its own.
 *
 *	parent	round 1: line 1: kmem mimalloc ... null, line 2: ...	round 2: ... (from right to left)
 *	           \ --child section line subject quick round  (LD_PRELOAD=the subject's library)
 *	            child: frames of its own (fresh.c), set up, warm up, median of samples, one number on its standard
 *	            output (and: history.c)
 *
 * The same program is both; or the parent is this revision's and the child another's, whose lines are found by
 * name. Counted cells run the child once more under callgrind, which collects only below
 * bench_counted_operations(): neither the program's start nor the line's warm-up; and once more traced (trace.c).
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"

#define PROTOCOL "kmem-bench-1"	/* what children take and print */
#define NO_SUCH_LINE 3		/* exit status of a counted child */

static const char *self(void)
{
	static char path[4096];		/* valgrind needs a real one */

	if (!*path) {
		ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

		if (length < 0)
			fail("cannot find this program's own path");
		path[length] = '\0';
	}
	return path;
}

/* ---- the child ---- */

/* The round's number rotates the CPUs, so that one noisy neighbour does not decide. */
static struct effort effort_of(bool quick, int round)
{
	int first = round % cpus_nr();

	return (struct effort){
		.quick = quick,
		.samples = quick ? 3 : 11,
		.sample_seconds = quick ? 2e-4 : 4e-3,
		.first_cpu = first,
		.cpu = cpus_at(first),
		.other_cpu = cpus_nr() > 1 ? cpus_at(first + 1) : -1,
	};
}

static double measure(const struct section *section, const struct line *line, const struct subject *subject,
		      const struct effort *effort)
{
	struct work work;

	if (section->measure)
		return section->measure(line, subject, effort);
	work = section->prepare(line, subject, effort);
	return work.run ? median_ns(work.run, work.context, work.smallest, effort) : NAN;
}

static bool find_cell(char **names, const struct section **section, const struct line **line,
		      const struct subject **subject)
{
	for (size_t s = 0; s < NR_SECTIONS; s++) {
		struct table table = { .section = *bench_sections[s] };
		size_t at_line = table_line(&table, names[1]), at_subject = table_subject(&table, names[2]);

		if (strcmp(table.section.name, names[0]) || at_line == NO_SUBJECT || at_subject == NO_SUBJECT)
			continue;
		*section = bench_sections[s];
		*line = &(*section)->lines[at_line];
		*subject = &(*section)->subjects[at_subject];
		return true;
	}
	return false;
}

/* section line subject quick round, or "count" instead of the round. */
static int run_child(char **args)
{
	const struct section *section;
	const struct subject *subject;
	const struct line *line;
	struct effort effort = effort_of(atoi(args[3]), atoi(args[4]));

	if (!find_cell(args, &section, &line, &subject)) {
		puts("nan");
		return 0;
	}
	if (!strcmp(args[4], "count")) {
		struct work work;

		effort.counting = true;
		work = section->prepare(line, subject, &effort);
		if (!work.run)
			return NO_SUCH_LINE;
		count_work(&work, effort.quick);
		return 0;
	}
	if (section->method == TIMED)
		fresh_pages();
	pin_to_cpu(effort.cpu);
	printf("%.9g\n", measure(section, line, subject, &effort));
	history_print(history_here());
	team_stop();
	return 0;
}

bool run_as_child(int argc, char **argv, int *status)
{
	if (getenv("BENCH_CMDLINE"))
		kmem_cmdline = getenv("BENCH_CMDLINE");
	if (argc == 7 && !strcmp(argv[1], "--child")) {
		*status = run_child(argv + 2);
		return true;
	}
	if (argc == 2 && !strcmp(argv[1], "--protocol")) {
		puts(PROTOCOL);
		*status = 0;
		return true;
	}
	if (argc == 3 && !strcmp(argv[1], "--version-of")) {
		const char *library = *argv[2] ? argv[2] : NULL;

		*status = !peer_is_loaded(library);
		if (!*status)
			puts(peer_version(library));
		return true;
	}
	return false;
}

/* ---- the parent ---- */

/* Ours is not installed: it lies in the folder above this program's. */
static const char *library_path(const char *library)
{
	static char path[4200];

	if (strcmp(library, OUR_MALLOC))
		return library;
	snprintf(path, sizeof(path), "%s", self());
	for (int up = 0; up < 2 && strrchr(path, '/'); up++)
		*strrchr(path, '/') = '\0';
	snprintf(path + strlen(path), sizeof(path) - strlen(path), "/%s", library);
	return path;
}

static void become(const char *library, const char *const *argv)
{
	union {
		const char *const *given;
		char *const *wanted;	/* by execvp(), which writes to none of it */
	} arguments = { argv };

	if (library)
		setenv("LD_PRELOAD", library_path(library), 1);
	else
		unsetenv("LD_PRELOAD");
	execvp(argv[0], arguments.wanted);
	_exit(127);
}

/*
 * Run a program with a library preloaded; its standard output goes to text, its standard error to ours, unless
 * @quietly. Returns its exit status, or -1 if it did not end by itself.
 */
static int capture(const char *const *argv, const char *library, bool quietly, char *text, size_t size)
{
	int pipe_ends[2], status;
	size_t length = 0;
	ssize_t got;
	pid_t pid;

	fflush(stdout);
	if (pipe(pipe_ends))
		fail("no pipe: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		fail("cannot fork: %s", strerror(errno));
	if (!pid) {
		if (quietly && !freopen("/dev/null", "w", stderr))
			_exit(127);
		dup2(pipe_ends[1], STDOUT_FILENO);
		close(pipe_ends[0]);
		close(pipe_ends[1]);
		become(library, argv);
	}
	close(pipe_ends[1]);
	while (length < size - 1 && (got = read(pipe_ends[0], text + length, size - 1 - length)) > 0)
		length += (size_t)got;
	text[length] = '\0';
	close(pipe_ends[0]);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			fail("lost a child: %s", strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

const char *run_version(const char *library)
{
	static char text[128];
	const char *argv[] = { self(), "--version-of", library ? library : "", NULL };

	if (capture(argv, library, true, text, sizeof(text)))
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static void cell_failed(const struct table *table, size_t line, size_t subject, int status)
{
	fprintf(stderr, "bench: %s: %s: %s: no figure (%s %d)\n", table->section.name, table->section.lines[line].name,
		table->section.subjects[subject].name, status < 0 ? "killed" : "status", status);
}

static const char *program_of(const struct table *table, size_t subject)
{
	const char *program = table->origins[subject].program;

	return program ? program : self();
}

/* One more round of a cell. */
static bool measure_cell(struct table *table, size_t line, size_t subject, bool quick, int round)
{
	char number[24], text[4096];
	const char *argv[] = {
		program_of(table, subject), "--child", table->section.name, table->section.lines[line].name,
		table->origins[subject].name, quick ? "1" : "0", number, NULL,
	};
	int status;

	snprintf(number, sizeof(number), "%d", round);
	status = capture(argv, table->section.subjects[subject].library, false, text, sizeof(text));
	if (!status && *text) {
		cell_add_round(table_cell(table, line, subject), strtod(text, NULL));
		history_parse(&table_cell(table, line, subject)->history, text);
		return true;
	}
	cell_failed(table, line, subject, status);
	return false;
}

/* ---- counted ---- */

#define CALLGRIND                                                                                                      \
	"valgrind", "--log-fd=1", "--tool=callgrind", "--callgrind-out-file=/dev/null",                                \
		"--toggle-collect=bench_counted_operations"

#define CALLGRIND_WORDS ARRAY_LENGTH(((const char *[]){ CALLGRIND }))

/* "operations N" is the child's, "Collected : instructions" callgrind's. */
static bool read_counts(const char *text, double *operations, double *instructions)
{
	const char *child = strstr(text, "operations "), *callgrind = strstr(text, "Collected :");

	if (!child || !callgrind)
		return false;
	*operations = strtod(child + strlen("operations "), NULL);
	*instructions = strtod(callgrind + strlen("Collected :"), NULL) / *operations;
	return *operations > 0 && *instructions > 0;
}

/* Is there a valgrind that can run this program? 3.19 cannot read the DWARF 5 that clang writes: -gdwarf-4 helps. */
static bool have_valgrind(void)
{
	static int answer = -1;
	const char *argv[] = { CALLGRIND, self(), "--help", NULL };
	char text[8192];

	if (answer < 0)
		answer = capture(argv, NULL, true, text, sizeof(text)) == 0;
	return answer;
}

bool run_understands(const char *program)
{
	const char *argv[] = { program, "--protocol", NULL };
	char text[256];

	return !capture(argv, NULL, true, text, sizeof(text)) && !strcmp(text, PROTOCOL "\n");
}

static bool count_cell(struct table *table, size_t line, size_t subject, bool quick)
{
	static char text[65536];
	const char *argv[] = {
		CALLGRIND, program_of(table, subject), "--child", table->section.name, table->section.lines[line].name,
		table->origins[subject].name, quick ? "1" : "0", "count", NULL,
	};
	const char *library = table->section.subjects[subject].library;
	struct cell *cell = table_cell(table, line, subject);
	int status = capture(argv, library, false, text, sizeof(text));
	unsigned long calls;
	double operations;

	if (status == NO_SUCH_LINE || (!status && !strncmp(text, "nan", 3)))
		return true;
	if (status || !read_counts(text, &operations, &cell->instructions)) {
		cell_failed(table, line, subject, status);
		return false;
	}
	if (trace_child(argv + CALLGRIND_WORDS, become, library, &calls))
		cell->system_calls = (double)calls / operations;
	return true;
}

static void quote_instructions(struct table *table)
{
	const struct section *section = &table->section;

	for (size_t line = 0; line < section->nr_lines; line++)
		for (size_t subject = 0; subject < section->nr_subjects && table->line_is_wanted[line]; subject++) {
			double quoted = section->quoted_instructions(&section->lines[line],
								     &section->subjects[subject]);

			if (!isnan(quoted))
				table_cell(table, line, subject)->instructions = quoted;
		}
}

/* ---- tables ---- */

static void show_progress(const struct table *table, const char *what, size_t line)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K%s: %s: %s", table->section.name, what, table->section.lines[line].name);
}

/* Every second round goes from right to left, so that nobody always runs after the same neighbour. */
static bool run_round(struct table *table, const struct options *options, int round, int rounds)
{
	const struct section *section = &table->section;
	char what[48];
	bool ok = true;

	snprintf(what, sizeof(what), "round %d of %d", round + 1, rounds);
	for (size_t line = 0; line < section->nr_lines; line++) {
		if (!table->line_is_wanted[line])
			continue;
		show_progress(table, what, line);
		for (size_t i = 0; i < section->nr_subjects; i++) {
			size_t subject = round % 2 ? section->nr_subjects - 1 - i : i;

			if (table->subject_is_here[subject])
				ok &= measure_cell(table, line, subject, options->quick, round);
		}
	}
	return ok;
}

static bool run_counts(struct table *table, const struct options *options)
{
	bool ok = true;

	if (!have_valgrind()) {
		fprintf(stderr, "bench: %s: no valgrind that can run this program, so no instructions are counted\n",
			table->section.name);
		return true;
	}
	for (size_t line = 0; line < table->section.nr_lines; line++) {
		if (!table->line_is_wanted[line])
			continue;
		show_progress(table, "instructions", line);
		for (size_t i = 0; i < table->section.nr_subjects; i++)
			if (table->subject_is_here[i])
				ok &= count_cell(table, line, i, options->quick);
	}
	if (table->section.quoted_instructions)
		quote_instructions(table);
	return ok;
}

bool run_table(struct table *table, const struct options *options)
{
	int rounds = table->section.method == TIMED ? options->rounds : 1;
	bool ok = true;

	for (int round = 0; round < rounds; round++)
		ok &= run_round(table, options, round, rounds);
	if (table->section.prepare && !options->no_counts)
		ok &= run_counts(table, options);
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	report_table(table);
	return ok;
}
