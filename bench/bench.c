/* SPDX-License-Identifier: MIT */
/*
 * bench.c - kmem's bench: kmem beside its peers, in one run.
 *
 *	parent	round 1: line 1: kmem mimalloc ... null, line 2: ...	round 2: ...
 *	           \ --child section line subject  (LD_PRELOAD=the subject's library)
 *	            child: set up, warm up, median of samples, one number on its standard output
 *
 * The same program is both. Counted lines run the child under valgrind twice, with n and with 2n operations: the
 * difference holds neither the program's start nor the line's warm-up.
 */
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"

static const struct section *const sections[] = {
	&section_objects, &section_instructions, &section_memory, &section_overhead,
	&section_pages, &section_ageing, &section_misc,
};

#define NR_SECTIONS ARRAY_LENGTH(sections)
#define MAX_PATTERNS 64

static char self[4096];		/* this program's path: valgrind needs a real one */

/* ---- the child ---- */

/* The round's number rotates the CPUs, so that one noisy neighbour does not decide. */
static struct effort effort_of(bool quick, int round)
{
	struct effort effort = {
		.quick = quick,
		.samples = quick ? 3 : 11,
		.sample_seconds = quick ? 2e-4 : 4e-3,
		.cpu = -1,
		.other_cpu = -1,
	};
	int cpus[CPU_SETSIZE], nr = 0;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return effort;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set))
			cpus[nr++] = cpu;
	effort.cpu = cpus[round % nr];
	if (nr > 1)
		effort.other_cpu = cpus[(round + 1) % nr];
	return effort;
}

/* --child section line subject quick round  |  --count section line subject n */
static int run_child(char **args, bool is_count)
{
	const struct section *section = sections[atoi(args[0])];
	const struct line *line = &section->lines[atoi(args[1])];
	const struct subject *subject = &section->subjects[atoi(args[2])];
	struct effort effort;

	if (is_count)
		return section->repeat(line, subject, strtoul(args[3], NULL, 10)) ? 0 : 3;
	effort = effort_of(atoi(args[3]), atoi(args[4]));
	pin_to_cpu(effort.cpu);
	printf("%.9g\n", section->measure(line, subject, &effort));
	return 0;
}

static int run_version(const char *library)
{
	library = *library ? library : NULL;
	if (!peer_is_loaded(library))
		return 1;
	puts(peer_version(library));
	return 0;
}

/* ---- the parent ---- */

static void become(const char *library, const char *const *argv)
{
	union {
		const char *const *given;
		char *const *wanted;	/* by execvp(), which writes to none of it */
	} arguments = { argv };

	if (library)
		setenv("LD_PRELOAD", library, 1);
	else
		unsetenv("LD_PRELOAD");
	execvp(argv[0], arguments.wanted);
	_exit(127);
}

/*
 * Run a program with a library preloaded; what it writes to @from (1 or 2) goes to text. Standard error is otherwise
 * ours, unless @quietly. Returns its exit status, or -1 if it did not end by itself.
 */
static int capture(const char *const *argv, const char *library, int from, bool quietly, char *text, size_t size)
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
		if (quietly && from != 2 && !freopen("/dev/null", "w", stderr))
			_exit(127);
		dup2(pipe_ends[1], from);
		close(pipe_ends[0]);
		close(pipe_ends[1]);
		become(library, argv);
	}
	close(pipe_ends[1]);
	while ((got = read(pipe_ends[0], text + length, size - 1 - length)) > 0)
		length += (size_t)got;
	text[length] = '\0';
	close(pipe_ends[0]);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			fail("lost a child: %s", strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

struct cell {
	size_t section, line, subject;
};

static void cell_failed(const struct cell *cell, int status)
{
	const struct section *section = sections[cell->section];

	fprintf(stderr, "bench: %s: %s: %s: no figure (%s %d)\n", section->name, section->lines[cell->line].name,
		section->subjects[cell->subject].name, status < 0 ? "killed" : "status", status);
}

/* Is there a valgrind that can run this program? 3.19 cannot read the DWARF 5 that clang writes: -gdwarf-4 helps. */
static bool have_valgrind(void)
{
	static int answer = -1;
	const char *argv[] = {
		"valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", self, "--help", NULL,
	};
	char text[4096];

	if (answer < 0)
		answer = capture(argv, NULL, 1, true, text, sizeof(text)) == 0;
	return answer;
}

/* All instructions of a child that does n operations; NAN if it failed or has no such line. */
static double instructions_of(const struct cell *cell, unsigned long n, bool *ok)
{
	const struct section *section = sections[cell->section];
	static char text[65536];
	char at[4][24];
	const char *argv[] = {
		"valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", self,
		"--count", at[0], at[1], at[2], at[3], NULL,
	};
	const char *collected;
	int status;

	snprintf(at[0], sizeof(at[0]), "%zu", cell->section);
	snprintf(at[1], sizeof(at[1]), "%zu", cell->line);
	snprintf(at[2], sizeof(at[2]), "%zu", cell->subject);
	snprintf(at[3], sizeof(at[3]), "%lu", n);
	status = capture(argv, section->subjects[cell->subject].library, 2, false, text, sizeof(text));
	collected = strstr(text, "Collected :");
	if (status == 3)
		return NAN;
	if (status || !collected) {
		*ok = false;
		cell_failed(cell, status);
		return NAN;
	}
	return strtod(collected + strlen("Collected :"), NULL);
}

static double count_cell(const struct cell *cell, bool quick, bool *ok)
{
	unsigned long n = quick ? 1ul << 12 : 1ul << 15;
	double once = instructions_of(cell, n, ok);

	if (isnan(once))
		return NAN;
	return (instructions_of(cell, 2 * n, ok) - once) / (double)n;
}

static double measure_cell(const struct cell *cell, bool quick, int round, bool *ok)
{
	const struct section *section = sections[cell->section];
	char at[5][24], text[256];
	const char *argv[] = { self, "--child", at[0], at[1], at[2], at[3], at[4], NULL };
	int status;

	snprintf(at[0], sizeof(at[0]), "%zu", cell->section);
	snprintf(at[1], sizeof(at[1]), "%zu", cell->line);
	snprintf(at[2], sizeof(at[2]), "%zu", cell->subject);
	snprintf(at[3], sizeof(at[3]), "%d", quick);
	snprintf(at[4], sizeof(at[4]), "%d", round);
	status = capture(argv, section->subjects[cell->subject].library, 1, false, text, sizeof(text));
	if (!status && *text)
		return strtod(text, NULL);
	*ok = false;
	cell_failed(cell, status);
	return NAN;
}

static void show_progress(const struct section *section, int round, int rounds, const char *line)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K%s: round %d of %d: %s", section->name, round + 1, rounds, line ? line : "");
}

/* One round of a table. Returns false if a cell failed. */
static bool run_round(struct table *table, size_t section_index, const struct options *options, int round, int rounds)
{
	const struct section *section = table->section;
	bool ok = true;

	for (size_t line = 0; line < section->nr_lines; line++) {
		if (!table->line_is_wanted[line])
			continue;
		show_progress(section, round, rounds, section->lines[line].name);
		for (size_t subject = 0; subject < section->nr_subjects; subject++) {
			struct cell cell = { section_index, line, subject };
			double value;

			if (!table->subject_is_here[subject])
				continue;
			value = section->method == COUNTED ? count_cell(&cell, options->quick, &ok) :
							     measure_cell(&cell, options->quick, round, &ok);
			CELL(table, line, subject) = fmin(value, CELL(table, line, subject));
		}
	}
	return ok;
}

static bool run_table(struct table *table, size_t section_index, const struct options *options)
{
	const struct section *section = table->section;
	int rounds = section->method == TIMED ? options->rounds : 1;
	bool ok = true;

	if (section->method == COUNTED && !have_valgrind()) {
		printf("\n%s: no valgrind that can run this program, so no instructions are counted\n", section->title);
		memset(table->line_is_wanted, 0, section->nr_lines * sizeof(bool));
		return true;
	}
	for (int round = 0; round < rounds; round++)
		ok &= run_round(table, section_index, options, round, rounds);
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	report_table(table);
	return ok;
}

/* ---- what is asked for, and what is here ---- */

static bool line_matches(const struct section *section, const struct line *line, const struct options *options)
{
	char text[256];

	snprintf(text, sizeof(text), "%s %s", section->name, line->name);
	for (size_t i = 0; i < options->nr_patterns; i++)
		if (strstr(text, options->patterns[i]))
			return true;
	return !options->nr_patterns;
}

/* Is name an element of a comma-separated list? */
static bool list_has(const char *list, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = list; (at = strstr(at, name)); at += length)
		if ((at == list || at[-1] == ',') && (!at[length] || at[length] == ','))
			return true;
	return false;
}

/* The peer's version, or NULL if it is not installed. */
static const char *installed_version(const struct subject *subject)
{
	static char text[128];
	const char *argv[] = { self, "--version-of", subject->library ? subject->library : "", NULL };

	if (capture(argv, subject->library, 1, true, text, sizeof(text)))
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return text;
}

/* Ours if linked in, baselines always, peers if asked for; mallocs only if installed. */
static bool subject_is_wanted(const struct subject *subject, const struct options *options, const char *missing)
{
	if (subject->role == OURS)
		return HAVE_KMEM;
	if (subject->role == BASELINE)
		return true;
	return (!options->peers || list_has(options->peers, subject->name)) && !list_has(missing, subject->name);
}

static void table_init(struct table *table, const struct section *section, const struct options *options,
		       const char *missing)
{
	size_t cells = section->nr_lines * section->nr_subjects;

	table->section = section;
	table->line_is_wanted = calloc(section->nr_lines, sizeof(bool));
	table->subject_is_here = calloc(section->nr_subjects, sizeof(bool));
	table->value = calloc(cells, sizeof(double));
	if (!table->line_is_wanted || !table->subject_is_here || !table->value)
		fail("out of memory");
	for (size_t i = 0; i < section->nr_lines; i++)
		table->line_is_wanted[i] = line_matches(section, &section->lines[i], options);
	for (size_t i = 0; i < section->nr_subjects; i++)
		table->subject_is_here[i] = subject_is_wanted(&section->subjects[i], options, missing);
	for (size_t i = 0; i < cells; i++)
		table->value[i] = NAN;
}

static bool table_is_wanted(const struct table *table)
{
	bool has_subject = false;

	for (size_t i = 0; i < table->section->nr_subjects; i++)
		has_subject |= table->subject_is_here[i] && table->section->subjects[i].role != BASELINE;
	for (size_t i = 0; i < table->section->nr_lines; i++)
		if (table->line_is_wanted[i])
			return has_subject;
	return false;
}

/* Names of absent mallocs, comma-separated, into missing; versions of the others into present. */
static void find_peers(const struct options *options, char *present, char *missing, size_t size)
{
	size_t in_present = 0, in_missing = 0;

	for (size_t i = 0; i < section_objects.nr_subjects; i++) {
		const struct subject *subject = &section_objects.subjects[i];
		const char *version;

		if (subject->role != PEER || (options->peers && !list_has(options->peers, subject->name)))
			continue;
		version = installed_version(subject);
		if (version)
			in_present += (size_t)snprintf(present + in_present, size - in_present, "%s%s %s",
						       in_present ? ", " : "", subject->name, version);
		else
			in_missing += (size_t)snprintf(missing + in_missing, size - in_missing, "%s%s",
						       in_missing ? "," : "", subject->name);
	}
	if (*missing)
		fprintf(stderr, "bench: not installed: %s\n", missing);
}

static void list_lines(void)
{
	for (size_t s = 0; s < NR_SECTIONS; s++)
		for (size_t i = 0; i < sections[s]->nr_lines; i++)
			printf("%s %s\n", sections[s]->name, sections[s]->lines[i].name);
}

static int run_bench(const struct options *options)
{
	struct table tables[NR_SECTIONS];
	char present[1024] = "", missing[256] = "";
	size_t nr_wanted = 0;
	bool ok = true;

	find_peers(options, present, missing, sizeof(missing));
	report_header(options, present);
	for (size_t i = 0; i < NR_SECTIONS; i++) {
		table_init(&tables[i], sections[i], options, missing);
		if (!table_is_wanted(&tables[i]))
			continue;
		nr_wanted++;
		ok &= run_table(&tables[i], i, options);
	}
	if (!nr_wanted) {
		fprintf(stderr, "bench: no line matches; --list prints them\n");
		return 2;
	}
	if (options->json && !report_json(options->json, options, tables, NR_SECTIONS)) {
		fprintf(stderr, "bench: cannot write %s: %s\n", options->json, strerror(errno));
		return 1;
	}
	return ok ? 0 : 1;
}

/* ---- the command line ---- */

static const char usage_text[] =
	"usage: bench [--quick] [--rounds N] [--peers A,B,...] [--json FILE] [--list] [TEXT ...]\n"
	"\n"
	"Runs the lines whose \"section name\" holds one of the TEXTs; all without any.\n"
	"  --quick      tiny counts: shows that each line works; its figures mean nothing\n"
	"  --rounds N   rounds of a timed line, of which the best counts (7)\n"
	"  --peers A,B  only these of mimalloc, jemalloc, tcmalloc, glibc, textbook\n"
	"  --json FILE  write the figures there, too\n"
	"  --list       print the lines and stop\n";

static int usage(const char *problem, const char *what)
{
	fprintf(stderr, "bench: %s%s\n%s", problem, what, usage_text);
	return 2;
}

static bool parse_rounds(const char *text, int *rounds)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (end == text || *end || value < 1 || value > 1000)
		return false;
	*rounds = (int)value;
	return true;
}

static int parse_and_run(int argc, char **argv)
{
	static const char *patterns[MAX_PATTERNS];
	struct options options = { .rounds = 7, .patterns = patterns };
	bool rounds_given = false;

	for (int i = 1; i < argc; i++) {
		bool has_value = i + 1 < argc;

		if (!strcmp(argv[i], "--quick")) {
			options.quick = true;
		} else if (!strcmp(argv[i], "--list")) {
			list_lines();
			return 0;
		} else if (!strcmp(argv[i], "--help")) {
			fputs(usage_text, stdout);
			return 0;
		} else if (!strcmp(argv[i], "--json") && has_value) {
			options.json = argv[++i];
		} else if (!strcmp(argv[i], "--peers") && has_value) {
			options.peers = argv[++i];
		} else if (!strcmp(argv[i], "--rounds") && has_value) {
			if (!parse_rounds(argv[++i], &options.rounds))
				return usage("not a number of rounds: ", argv[i]);
			rounds_given = true;
		} else if (argv[i][0] == '-') {
			return usage("unknown option or missing value: ", argv[i]);
		} else if (options.nr_patterns < MAX_PATTERNS) {
			patterns[options.nr_patterns++] = argv[i];
		} else {
			return usage("too many texts: ", argv[i]);
		}
	}
	if (options.quick && !rounds_given)
		options.rounds = 1;
	return run_bench(&options);
}

int main(int argc, char **argv)
{
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (length < 0)
		fail("cannot find this program's own path");
	self[length] = '\0';
	if (argc == 7 && !strcmp(argv[1], "--child"))
		return run_child(argv + 2, false);
	if (argc == 6 && !strcmp(argv[1], "--count"))
		return run_child(argv + 2, true);
	if (argc == 3 && !strcmp(argv[1], "--version-of"))
		return run_version(argv[2]);
	return parse_and_run(argc, argv);
}
