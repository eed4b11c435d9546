/* SPDX-License-Identifier: MIT */
/*
 * report.c - the header, the tables and the JSON file.
 *
 *	Objects: a malloc+free pair (ns)  kmem  mimalloc  ...  null  best peer  kmem/it  /mimalloc
 *	pair 64                           2.31      4.98  ...  0.61   tcmalloc     0.77       0.46
 *
 * A ratio is kmem's figure over the peer's: below 1 we are ahead. A cell that has no figure shows "-".
 */
#include <math.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"

#ifndef BENCH_FLAGS
#define BENCH_FLAGS "not given by the build"
#endif

#define NO_SUBJECT SIZE_MAX
#define NAME_WIDTH 38

/* The value of the first "key : value" line of a file, or "unknown". */
static const char *file_value(const char *path, const char *key, char *text, size_t size)
{
	FILE *file = fopen(path, "re");
	bool found = false;

	while (file && !found && fgets(text, (int)size, file))
		found = !strncmp(text, key, strlen(key)) && strchr(text, ':');
	if (file)
		fclose(file);
	if (!found)
		return "unknown";
	text[strcspn(text, "\n")] = '\0';
	return strchr(text, ':') + 1 + strspn(strchr(text, ':') + 1, " \t");
}

static const char *huge_pages(char *text, size_t size)
{
	FILE *file = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "re");
	char *chosen = file && fgets(text, (int)size, file) ? strchr(text, '[') : NULL;

	if (file)
		fclose(file);
	if (!chosen)
		return "unknown";
	chosen[strcspn(chosen, "]")] = '\0';
	return chosen + 1;
}

static const char *cpu_model(char *text, size_t size)
{
	return file_value("/proc/cpuinfo", "model name", text, size);
}

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

void report_header(const struct options *options, const char *peers)
{
	char model[256], huge[128];
	struct utsname name;

	uname(&name);
	printf("machine    %s, %ld CPUs, %s %s %s, transparent huge pages: %s\n", cpu_model(model, sizeof(model)),
	       sysconf(_SC_NPROCESSORS_ONLN), name.sysname, name.release, name.machine, huge_pages(huge, sizeof(huge)));
	printf("compiler   %s; flags: %s\n", COMPILER, BENCH_FLAGS);
	printf("hardening  %s; peers as packaged\n", kmem_hardening());
	printf("peers      %s\n", *peers ? peers : "none");
	if (options->quick)
		printf("figures    --quick: tiny counts; they show that lines work and mean nothing\n");
	else
		printf("figures    timed: minimum over %d interleaved rounds of their medians\n", options->rounds);
}

/* ---- tables ---- */

/* The best peer of a line, or NO_SUBJECT. */
static size_t best_peer(const struct table *table, size_t line)
{
	const struct section *section = table->section;
	size_t best = NO_SUBJECT;

	for (size_t i = 0; i < section->nr_subjects; i++) {
		double value = CELL(table, line, i);

		if (section->subjects[i].role != PEER || isnan(value))
			continue;
		if (best == NO_SUBJECT || value < CELL(table, line, best))
			best = i;
	}
	return best;
}

static size_t subject_index(const struct section *section, const char *name)
{
	for (size_t i = 0; i < section->nr_subjects; i++)
		if (!strcmp(section->subjects[i].name, name))
			return i;
	return NO_SUBJECT;
}

/* Our figure over another's; NAN if either is missing or there is nothing to divide by. */
static double ratio(const struct table *table, size_t line, size_t subject)
{
	double other = subject == NO_SUBJECT ? NAN : CELL(table, line, subject);

	return other > 0 ? CELL(table, line, 0) / other : NAN;
}

static void format_time(char *text, size_t size, double ns)
{
	if (ns < 1e3)
		snprintf(text, size, "%.1f ns", ns);
	else if (ns < 1e6)
		snprintf(text, size, "%.2f us", ns / 1e3);
	else
		snprintf(text, size, "%.2f ms", ns / 1e6);
}

static void format_value(char *text, size_t size, const struct section *section, double value)
{
	if (isnan(value))
		snprintf(text, size, "-");
	else if (!strcmp(section->unit, "time"))
		format_time(text, size, value);
	else if (fabs(value) < 10 && strcmp(section->unit, "%"))
		snprintf(text, size, "%.2f", value);
	else
		snprintf(text, size, "%.1f", value);
}

static int column_width(const struct subject *subject)
{
	int width = (int)strlen(subject->name);

	return width < 9 ? 9 : width;
}

static void print_ratio(double value, int width)
{
	if (isnan(value))
		printf("  %*s", width, "-");
	else
		printf("  %*.2f", width, value);
}

/* Percentages are compared by looking: a ratio of two that are near zero says nothing. */
static bool has_ratios(const struct table *table)
{
	if (!strcmp(table->section->unit, "%"))
		return false;
	for (size_t i = 0; i < table->section->nr_subjects; i++)
		if (table->subject_is_here[i] && table->section->subjects[i].role == PEER)
			return true;
	return false;
}

static bool has_mimalloc(const struct table *table)
{
	size_t index = subject_index(table->section, "mimalloc");

	return has_ratios(table) && index != NO_SUBJECT && table->subject_is_here[index];
}

static void print_heading(const struct table *table)
{
	const struct section *section = table->section;

	printf("\n%s (%s)\n%-*s", section->title, section->unit, NAME_WIDTH, section->name);
	for (size_t i = 0; i < section->nr_subjects; i++)
		if (table->subject_is_here[i])
			printf("  %*s", column_width(&section->subjects[i]), section->subjects[i].name);
	if (has_ratios(table))
		printf("  %9s  %8s", "best peer", "kmem/it");
	if (has_mimalloc(table))
		printf("  %9s", "/mimalloc");
	printf("\n");
}

static void print_row(const struct table *table, size_t line)
{
	const struct section *section = table->section;
	size_t best = best_peer(table, line);
	char text[32];

	printf("%-*s", NAME_WIDTH, section->lines[line].name);
	for (size_t i = 0; i < section->nr_subjects; i++) {
		if (!table->subject_is_here[i])
			continue;
		format_value(text, sizeof(text), section, CELL(table, line, i));
		printf("  %*s", column_width(&section->subjects[i]), text);
	}
	if (has_ratios(table)) {
		printf("  %9s", best == NO_SUBJECT ? "-" : section->subjects[best].name);
		print_ratio(ratio(table, line, best), 8);
	}
	if (has_mimalloc(table))
		print_ratio(ratio(table, line, subject_index(section, "mimalloc")), 9);
	printf("\n");
}

void report_table(const struct table *table)
{
	print_heading(table);
	for (size_t line = 0; line < table->section->nr_lines; line++)
		if (table->line_is_wanted[line])
			print_row(table, line);
	fflush(stdout);
}

/* ---- JSON ---- */

static void json_string(FILE *file, const char *text)
{
	fputc('"', file);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', file);
		if ((unsigned char)*text < ' ')
			fprintf(file, "\\u%04x", *text);
		else
			fputc(*text, file);
	}
	fputc('"', file);
}

static void json_field(FILE *file, const char *name, const char *value)
{
	fprintf(file, "  \"%s\": ", name);
	json_string(file, value);
	fputs(",\n", file);
}

static void json_line(FILE *file, const struct table *table, size_t line)
{
	const struct section *section = table->section;
	const char *separator = "";

	fputs("      {\"name\": ", file);
	json_string(file, section->lines[line].name);
	fputs(", \"values\": {", file);
	for (size_t i = 0; i < section->nr_subjects; i++) {
		if (!table->subject_is_here[i] || isnan(CELL(table, line, i)))
			continue;
		fprintf(file, "%s\"%s\": %.6g", separator, section->subjects[i].name, CELL(table, line, i));
		separator = ", ";
	}
	fputs("}}", file);
}

static void json_table(FILE *file, const struct table *table)
{
	const char *separator = "\n";

	fputs("    {\"name\": ", file);
	json_string(file, table->section->name);
	fputs(", \"title\": ", file);
	json_string(file, table->section->title);
	fputs(", \"unit\": ", file);
	json_string(file, strcmp(table->section->unit, "time") ? table->section->unit : "ns");
	fprintf(file, ", \"more_is_better\": %s, \"lines\": [", table->section->more_is_better ? "true" : "false");
	for (size_t line = 0; line < table->section->nr_lines; line++) {
		if (!table->line_is_wanted[line])
			continue;
		fputs(separator, file);
		json_line(file, table, line);
		separator = ",\n";
	}
	fputs("\n    ]}", file);
}

static void json_machine(FILE *file)
{
	char model[256];
	struct utsname name;

	uname(&name);
	json_field(file, "cpu", cpu_model(model, sizeof(model)));
	fprintf(file, "  \"cpus\": %ld,\n", sysconf(_SC_NPROCESSORS_ONLN));
	json_field(file, "kernel", name.release);
	json_field(file, "compiler", COMPILER);
	json_field(file, "flags", BENCH_FLAGS);
	json_field(file, "hardening", kmem_hardening());
}

bool report_json(const char *path, const struct options *options, const struct table *tables, size_t nr)
{
	FILE *file = fopen(path, "we");
	const char *separator = "\n";

	if (!file)
		return false;
	fputs("{\n", file);
	json_machine(file);
	fprintf(file, "  \"quick\": %s,\n  \"rounds\": %d,\n  \"sections\": [", options->quick ? "true" : "false",
		options->rounds);
	for (size_t i = 0; i < nr; i++) {
		fputs(separator, file);
		json_table(file, &tables[i]);
		separator = ",\n";
	}
	fputs("\n  ]\n}\n", file);
	return fclose(file) == 0;
}
