/* SPDX-License-Identifier: MIT */
/*
 * bench.c - kmem's bench: kmem beside its peers, or beside an earlier revision of itself, in one run.
 *
 *	what is asked for	lines by text, peers by name; what is here: mallocs installed, CPUs
 *	        |
 *	measured (run.c), or read from a file (json.c)
 *	        |
 *	tables and comparison (report.c, compare.c), JSON, plot (plot.c), README's table (readme.c)
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"

#define MAX_PATTERNS 64
#define ROUNDS 7
#define ROUNDS_OF_TWO 12	/* of two revisions: enough to be sure */

const struct section *const bench_sections[NR_SECTIONS] = {
	&section_objects, &section_pages, &section_ageing, &section_vmalloc, &section_kernel, &section_highmem,
	&section_machine, &section_memory, &section_mixes, &section_release, &section_metadata, &section_scale,
	&section_fairness, &section_contention,
};

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

/* Lines of more threads than CPUs say nothing of CPUs. */
static bool line_is_possible(const struct section *section, const struct line *line)
{
	return !section->threads || section->threads(line) <= cpus_nr();
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

/* Ours if linked in, baselines always, peers if asked for; mallocs only if installed. */
static bool subject_is_wanted(const struct subject *subject, const struct options *options, const char *missing)
{
	if (subject->role == OURS)
		return HAVE_KMEM;
	if (subject->role == BASELINE)
		return !options->base;
	if (options->base && !options->peers)
		return false;
	return (!options->peers || list_has(options->peers, subject->name)) && !list_has(missing, subject->name);
}

/* Beside each of ours, the same of the other revision: a copy of the section with twice as many of us. */
static void section_with_base(struct section *copy, struct origin **origins, const char *program, const char *base)
{
	struct subject *subjects = calloc(2 * copy->nr_subjects, sizeof(*subjects));
	size_t nr = 0;

	*origins = calloc(2 * copy->nr_subjects, sizeof(**origins));
	if (!subjects || !*origins)
		fail("out of memory");
	for (size_t i = 0; i < copy->nr_subjects; i++) {
		const struct subject *subject = &copy->subjects[i];
		char name[128];

		subjects[nr] = *subject;
		(*origins)[nr++] = (struct origin){ NULL, subject->name };
		if (subject->role != OURS)
			continue;
		snprintf(name, sizeof(name), "%s@%s", subject->name, base);
		subjects[nr] = (struct subject){ strdup(name), BASELINE, subject->library };
		(*origins)[nr++] = (struct origin){ program, subject->name };
	}
	copy->subjects = subjects;
	copy->nr_subjects = nr;
}

static void table_choose(struct table *table, const struct section *section, const struct options *options,
			 const char *missing)
{
	struct section copy = *section;
	struct origin *origins = NULL;

	if (options->base)
		section_with_base(&copy, &origins, options->base, options->base_name);
	table_init(table, &copy);
	if (origins)
		table->origins = origins;
	for (size_t i = 0; i < copy.nr_lines; i++)
		table->line_is_wanted[i] = line_matches(section, &copy.lines[i], options) &&
					   line_is_possible(section, &copy.lines[i]);
	for (size_t i = 0; i < copy.nr_subjects; i++)
		table->subject_is_here[i] = table->origins[i].program ||
					    subject_is_wanted(&copy.subjects[i], options, missing);
}

static bool table_is_wanted(const struct table *table)
{
	bool has_subject = false;

	for (size_t i = 0; i < table->section.nr_subjects; i++)
		has_subject |= table->subject_is_here[i] && table->section.subjects[i].role != BASELINE;
	for (size_t i = 0; i < table->section.nr_lines; i++)
		if (table->line_is_wanted[i])
			return has_subject;
	return false;
}

/* Names of absent mallocs, comma-separated, into missing; versions of the others into present. */
static void find_peers(const struct options *options, char *present, char *missing, size_t size)
{
	size_t in_present = 0, in_missing = 0;

	if (options->base && !options->peers)
		return;
	for (size_t i = 0; i < section_objects.nr_subjects; i++) {
		const struct subject *subject = &section_objects.subjects[i];
		const char *version;

		if (subject->role != PEER || (options->peers && !list_has(options->peers, subject->name)))
			continue;
		version = run_version(subject->library);
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
		for (size_t i = 0; i < bench_sections[s]->nr_lines; i++)
			if (line_is_possible(bench_sections[s], &bench_sections[s]->lines[i]))
				printf("%s %s\n", bench_sections[s]->name, bench_sections[s]->lines[i].name);
}

/* ---- a run ---- */

/* Returns how many tables have lines to show. */
static size_t measure_all(struct results *results, const struct options *options, bool *ok)
{
	char missing[256] = "";
	size_t nr_wanted = 0;

	about_here(&results->about);
	results->about.quick = options->quick;
	results->about.rounds = options->rounds;
	snprintf(results->about.revision, sizeof(results->about.revision), "%s", options->revision);
	snprintf(results->about.base, sizeof(results->about.base), "%s", options->base ? options->base_name : "");
	find_peers(options, results->about.peers, missing, sizeof(missing));
	report_header(&results->about);
	for (size_t i = 0; i < NR_SECTIONS; i++) {
		struct table *table = &results->tables[i];

		table_choose(table, bench_sections[i], options, missing);
		if (!table_is_wanted(table)) {
			memset(table->line_is_wanted, 0, table->section.nr_lines * sizeof(bool));
			continue;
		}
		nr_wanted++;
		*ok &= run_table(table, options);
		if (options->json)	/* a run that is cut short leaves what it had */
			json_write(options->json, results);
	}
	return nr_wanted;
}

/* Empty ones, once it is known whether they compare two revisions. */
static void make_tables(struct results *results)
{
	for (size_t i = 0; i < NR_SECTIONS; i++) {
		struct section copy = *bench_sections[i];
		struct origin *origins;

		if (*results->about.base)
			section_with_base(&copy, &origins, NULL, results->about.base);
		table_init(&results->tables[i], &copy);
	}
}

static size_t read_all(struct results *results, const struct options *options)
{
	size_t nr_wanted = 0;

	if (!json_read(options->from, results, make_tables))
		return 0;
	report_header(&results->about);
	for (size_t i = 0; i < NR_SECTIONS; i++) {
		if (!table_is_wanted(&results->tables[i]))
			continue;
		nr_wanted++;
		report_table(&results->tables[i]);
	}
	return nr_wanted;
}

static bool write_to(const char *path, bool (*writer)(const char *path, const struct results *results),
		     const struct results *results)
{
	if (!path || writer(path, results))
		return true;
	fprintf(stderr, "bench: cannot write %s: %s\n", path, strerror(errno));
	return false;
}

static int run_bench(const struct options *options)
{
	static struct table tables[NR_SECTIONS];
	static struct results results = { .tables = tables, .nr_tables = NR_SECTIONS };
	bool ok = true;

	if (options->from) {
		if (!read_all(&results, options))
			return 2;
	} else if (!measure_all(&results, options, &ok)) {
		fprintf(stderr, "bench: no line matches; --list prints them\n");
		return 2;
	}
	if (*results.about.base)
		report_comparison(&results);
	ok &= write_to(options->json, json_write, &results);
	ok &= write_to(options->svg, plot_write, &results);
	ok &= write_to(options->readme, readme_write, &results);
	return ok ? 0 : 1;
}

/* ---- the command line ---- */

static const char usage_text[] =
	"usage: bench [OPTION ...] [TEXT ...]\n"
	"\n"
	"Runs the lines whose \"section name\" holds one of the TEXTs; all without any.\n"
	"  --list             print the lines and stop\n"
	"  --quick            tiny counts: shows that each line works; its figures mean nothing\n"
	"  --rounds N         rounds of a timed line, of which the best counts (7; with --base 12)\n"
	"  --peers A,B        only these of mimalloc, jemalloc, tcmalloc, glibc, textbook, mmap\n"
	"  --no-counts        no instructions by callgrind\n"
	"  --cmdline TEXT     parameters for every machine: \"slub_debug=F init_on_alloc=1\"\n"
	"  --base PROGRAM     another revision's bench: its figures beside ours, round by round\n"
	"  --base-name TEXT   what to call it (base)\n"
	"  --revision TEXT    what to call ours\n"
	"  --from FILE        show the figures of a JSON file, and measure nothing\n"
	"  --json FILE        write the figures there, too\n"
	"  --svg FILE         draw them\n"
	"  --readme FILE      write the tables between its marks \"<!-- bench -->\" and \"<!-- /bench -->\"\n";

static int usage(const char *problem, const char *what)
{
	fprintf(stderr, "bench: %s%s\n%s", problem, what, usage_text);
	return 2;
}

static bool parse_rounds(const char *text, int *rounds)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (end == text || *end || value < 1 || value > MAX_ROUNDS)
		return false;
	*rounds = (int)value;
	return true;
}

/* Where an option's value belongs; NULL: no such option. */
static const char **option_value(struct options *options, const char *name)
{
	const struct {
		const char *name;
		const char **value;
	} known[] = {
		{ "--json", &options->json }, { "--svg", &options->svg }, { "--readme", &options->readme },
		{ "--from", &options->from }, { "--peers", &options->peers }, { "--cmdline", &kmem_cmdline },
		{ "--base", &options->base }, { "--base-name", &options->base_name },
		{ "--revision", &options->revision },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
		if (!strcmp(known[i].name, name))
			return known[i].value;
	return NULL;
}

static int parse_and_run(int argc, char **argv)
{
	static const char *patterns[MAX_PATTERNS];
	struct options options = { .patterns = patterns, .base_name = "base", .revision = "unknown" };

	for (int i = 1; i < argc; i++) {
		const char **value = option_value(&options, argv[i]);

		if (value && i + 1 < argc) {
			*value = argv[++i];
		} else if (!strcmp(argv[i], "--rounds") && i + 1 < argc) {
			if (!parse_rounds(argv[++i], &options.rounds))
				return usage("not a number of rounds: ", argv[i]);
		} else if (!strcmp(argv[i], "--quick")) {
			options.quick = true;
		} else if (!strcmp(argv[i], "--no-counts")) {
			options.no_counts = true;
		} else if (!strcmp(argv[i], "--list")) {
			list_lines();
			return 0;
		} else if (!strcmp(argv[i], "--help")) {
			fputs(usage_text, stdout);
			return 0;
		} else if (argv[i][0] == '-') {
			return usage("unknown option or missing value: ", argv[i]);
		} else if (options.nr_patterns < MAX_PATTERNS) {
			patterns[options.nr_patterns++] = argv[i];
		} else {
			return usage("too many texts: ", argv[i]);
		}
	}
	if (!options.rounds)
		options.rounds = options.quick ? 1 : options.base ? ROUNDS_OF_TWO : ROUNDS;
	if (options.base && !run_understands(options.base))
		return usage("not a bench that this one can run beside itself: ", options.base);
	setenv("BENCH_CMDLINE", kmem_cmdline, 1);
	return run_bench(&options);
}

int main(int argc, char **argv)
{
	int status;

	if (run_as_child(argc, argv, &status))
		return status;
	return parse_and_run(argc, argv);
}
