/* SPDX-License-Identifier: MIT */
/*
 * readme.c - the tables of figures in README.md, written between two marks.
 *
 *	<!-- bench -->		whatever stood here is replaced
 *	<!-- /bench -->
 *
 * What is shown is chosen here, a table row a table row; what it says is only what was measured. A figure that is
 * missing shows "-". The best of a row is bold, and how many rows that is for kmem is counted, not claimed.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"

#define BEGIN "<!-- bench -->\n"
#define END "<!-- /bench -->"
#define MAX_LINES 5

/* Rows of the first table: objects, subjects across. */
static const struct {
	const char *line;
	enum metric metric;
} object_rows[] = {
	{ "pair 64", FIGURE }, { "pair 1024", FIGURE }, { "pair 4096", FIGURE }, { "batch of 256, 64 B, LIFO", FIGURE },
	{ "batch of 256, 64 B, shuffled", FIGURE }, { "batch of 256, 1024 B, LIFO", FIGURE },
	{ "log sizes, 1,000 live", FIGURE }, { "log sizes, 100,000 live", FIGURE },
	{ "uniform 8..8192 B, 100,000 live", FIGURE }, { "zeroed 4096 B", FIGURE },
	{ "two threads, pair 64", FIGURE }, { "producer and consumer, 64 B", FIGURE }, { "pair 64", INSTRUCTIONS },
	{ "batch of 256, 64 B, LIFO", INSTRUCTIONS },
};

/* Rows of the second one: figures of several lines, and somebody else's beside them. */
static const struct kernel_row {
	const char *label, *section, *lines[MAX_LINES];
	enum metric metric;
	const char *other, *other_label;
} kernel_rows[] = {
	{ "boot a machine of 64 MiB / 1 TiB", "machine", { "machine of 64 MiB, boot", "machine of 1 TiB, boot" },
	  FIGURE, NULL, "" },
	{ "`kmem_check`, 100,000 objects", "machine", { "kmem_check, 100,000 objects" }, FIGURE, NULL, "" },
	{ "page pair of order 0 / 3 / 9, batch of 512, ns", "pages",
	  { "order 0 pair", "order 3 pair", "order 9 pair", "batch of 512, order 0" }, FIGURE, "textbook",
	  "textbook buddy without locks: " },
	{ "orders 0..9, 50 / 90 % full, ns", "pages", { "orders 0..9, 50 % full", "orders 0..9, 90 % full" }, FIGURE,
	  "textbook", "textbook buddy: " },
	{ "vmalloc+vfree 4 KiB / 1 MiB / 1 MiB of scattered frames", "vmalloc",
	  { "vmalloc 4 KiB pair", "vmalloc 1 MiB pair", "vmalloc 1 MiB pair, 256 scattered frames" }, FIGURE, "mmap",
	  "bare mmap+munmap: " },
	{ "instructions: kmalloc 64 B / kmem_cache / mempool / order-0 page", "kernel",
	  { "kmalloc pair 64 B, constant size", "kmem_cache pair 256 B", "mempool pair 256 B",
	    "alloc_pages pair, order 0" },
	  INSTRUCTIONS, "linux 6.1 (quoted)", "Linux 6.1, emulated: " },
	{ "bytes an object of 64 / 96 / 200 / 700 B, kmalloc", "memory", { "64 B", "96 B", "200 B", "700 B" }, FIGURE,
	  "mimalloc", "mimalloc: " },
	{ "% of a 256 MiB peak still resident when the first 16th lives: at once / after 1 s / on request", "release",
	  { "the first sixteenth lives: at once", "the first sixteenth lives: after 1 s",
	    "the first sixteenth lives: on request" },
	  FIGURE, "mimalloc", "mimalloc: " },
	{ "whole 2 MiB blocks after ageing, lines A (90 % full), C, D, E, %", "ageing",
	  { "A: random orders, 90 % full", "C: half of all pages, one by one", "D: skewed, one by one",
	    "E: a tenth freed, one by one" },
	  FIGURE, "textbook", "textbook buddy: " },
	{ "4 threads a CPU: the slowest's share of the busiest's work, %", "fairness",
	  { "pair 64 B, 4 threads a CPU" }, FIGURE, "mimalloc", "mimalloc: " },
};

static const struct table *find_table(const struct results *results, const char *name)
{
	for (size_t i = 0; i < results->nr_tables; i++)
		if (!strcmp(results->tables[i].section.name, name))
			return &results->tables[i];
	fail("no section %s", name);
}

static double value_at(const struct table *table, const char *line, const char *subject, enum metric metric)
{
	size_t at_line = table_line(table, line), at_subject = table_subject(table, subject);

	if (at_line == NO_SUBJECT || at_subject == NO_SUBJECT)
		return NAN;
	return table_value(table, at_line, at_subject, metric);
}

/* Two digits that count: 3.5, 88, 1234. */
static void short_value(char *text, size_t size, const struct section *section, enum metric metric, double value)
{
	if (isnan(value))
		snprintf(text, size, "-");
	else if (metric == FIGURE && !strcmp(section->unit, "time"))
		format_value(text, size, section, metric, value);
	else
		snprintf(text, size, fabs(value) < 9.95 ? "%.1f" : "%.0f", value);
}

/* ---- objects ---- */

static void write_object_heading(FILE *file, const struct table *table, const struct about *about)
{
	fputs("| ns a pair |", file);
	for (size_t i = 0; i < table->section.nr_subjects; i++) {
		const char *name = table->section.subjects[i].name, *version = strstr(about->peers, name);

		if (!table->subject_is_here[i] || table->section.subjects[i].role == BASELINE)
			continue;
		/* "mimalloc 2.0.9 (libmimalloc.so.2.0), ...": the name and the word after it */
		if (version && version[strlen(name)] == ' ')
			fprintf(file, " %.*s |", (int)(strlen(name) + 1 + strcspn(version + strlen(name) + 1, " ,")),
				version);
		else
			fprintf(file, " %s |", name);
	}
	fputs("\n|---|", file);
	for (size_t i = 0; i < table->section.nr_subjects; i++)
		if (table->subject_is_here[i] && table->section.subjects[i].role != BASELINE)
			fputs("--:|", file);
	fputc('\n', file);
}

/* The least of a row over all that are compared; NAN: nothing is. */
static double least(const struct table *table, size_t line, enum metric metric)
{
	double value = NAN;

	for (size_t i = 0; i < table->section.nr_subjects; i++)
		if (table->section.subjects[i].role != BASELINE)
			value = fmin(value, table_value(table, line, i, metric));
	return value;
}

static void write_object_row(FILE *file, const struct table *table, const char *name, enum metric metric)
{
	size_t line = table_line(table, name);

	if (line == NO_SUBJECT)
		fail("no line %s", name);
	fprintf(file, "| %s%s |", metric == INSTRUCTIONS ? "instructions, " : "", name);
	for (size_t i = 0; i < table->section.nr_subjects; i++) {
		double value = table_value(table, line, i, metric);
		const char *bold = value <= least(table, line, metric) ? "**" : "";
		char text[32];

		if (!table->subject_is_here[i] || table->section.subjects[i].role == BASELINE)
			continue;
		short_value(text, sizeof(text), &table->section, metric, value);
		fprintf(file, " %s%s%s |", bold, text, bold);
	}
	fputc('\n', file);
}

/* On how many of all rows kmem is first, and where it is furthest behind. */
static void write_summary(FILE *file, const struct table *table)
{
	unsigned int rows = 0, first = 0;
	size_t worst_line = 0;
	double worst = 0;

	for (size_t line = 0; line < table->section.nr_lines; line++) {
		double ratio = table_ratio(table, line, table_best_peer(table, line, FIGURE), FIGURE);

		if (!table->line_is_wanted[line] || isnan(ratio))
			continue;
		rows++;
		first += ratio <= 1;
		if (ratio > worst) {
			worst = ratio;
			worst_line = line;
		}
	}
	if (!rows)
		return;
	fprintf(file, "\nOf all %u rows of `make bench T=objects`, kmem is first on %u", rows, first);
	if (worst > 1)
		fprintf(file, "; furthest behind, %.2f times the best of the row, on \"%s\"", worst,
			table->section.lines[worst_line].name);
	fputs(".\n", file);
}

static void write_objects(FILE *file, const struct results *results)
{
	const struct table *table = find_table(results, "objects");

	write_object_heading(file, table, &results->about);
	for (size_t i = 0; i < ARRAY_LENGTH(object_rows); i++)
		write_object_row(file, table, object_rows[i].line, object_rows[i].metric);
	write_summary(file, table);
}

/* ---- what only a kernel has ---- */

static void write_values(FILE *file, const struct table *table, const struct kernel_row *row, const char *subject)
{
	for (size_t i = 0; i < MAX_LINES && row->lines[i]; i++) {
		char text[32];

		if (table_line(table, row->lines[i]) == NO_SUBJECT)
			fail("no line %s", row->lines[i]);
		short_value(text, sizeof(text), &table->section, row->metric,
			    value_at(table, row->lines[i], subject, row->metric));
		fprintf(file, "%s%s", i ? " / " : "", text);
	}
}

static void write_kernel(FILE *file, const struct results *results)
{
	fputs("\n| | kmem | beside it |\n|---|--:|---|\n", file);
	for (size_t i = 0; i < ARRAY_LENGTH(kernel_rows); i++) {
		const struct kernel_row *row = &kernel_rows[i];
		const struct table *table = find_table(results, row->section);

		fprintf(file, "| %s | ", row->label);
		write_values(file, table, row, "kmem");
		fprintf(file, " | %s", row->other_label);
		if (row->other)
			write_values(file, table, row, row->other);
		fputs(" |\n", file);
	}
}

/* ---- the file ---- */

static void write_about(FILE *file, const struct about *about)
{
	fprintf(file, "Revision %s; %s, %d CPUs, %s; %s, %s; %s.\n\n", about->revision, about->cpu, about->cpus,
		about->kernel, about->compiler, about->flags, about->hardening);
	if (about->quick)
		fputs("**Measured with --quick: these figures mean nothing.**\n\n", file);
}

static char *read_whole(const char *path)
{
	FILE *file = fopen(path, "re");
	long size = -1;
	char *text;

	if (file && !fseek(file, 0, SEEK_END))
		size = ftell(file);
	text = size < 0 ? NULL : malloc((size_t)size + 1);
	if (text) {
		rewind(file);
		text[fread(text, 1, (size_t)size, file)] = '\0';
	}
	if (file)
		fclose(file);
	return text;
}

bool readme_write(const char *path, const struct results *results)
{
	char *text = read_whole(path), *begin = text ? strstr(text, BEGIN) : NULL;
	char *end = begin ? strstr(begin, END) : NULL;
	FILE *file;

	if (text && !end) {
		fprintf(stderr, "bench: %s has no \"%.14s\" with a \"%s\" after it\n", path, BEGIN, END);
		errno = EINVAL;
	}
	file = end ? fopen(path, "we") : NULL;
	if (file) {
		fwrite(text, 1, (size_t)(begin - text) + strlen(BEGIN), file);
		write_about(file, &results->about);
		write_objects(file, results);
		write_kernel(file, results);
		fputs(end, file);
	}
	free(text);
	return file && fclose(file) == 0;
}
