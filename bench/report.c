/* SPDX-License-Identifier: MIT */
/*
 * report.c - the header and the tables, as text.
 *
 *	Objects: a malloc+free pair (ns)  kmem  mimalloc  ...  null  best peer  kmem/it  /mimalloc
 *	pair 64                           2.31      4.98  ...  0.61   tcmalloc     0.77       0.46
 *
 * A ratio is kmem's figure over the peer's: where less is better, below 1 we are ahead. A cell that has no figure shows
 * "-". A table of figures is followed by one of instructions, if they were counted, and one of system calls, if there
 * were any.
 */
#include <math.h>
#include <string.h>

#include "bench/bench.h"

#define NAME_WIDTH 40

static const char *or_none(const char *text)
{
	return *text ? text : "none";
}

void report_header(const struct about *about)
{
	printf("revision   %s%s%s\n", about->revision, *about->base ? ", beside " : "", about->base);
	printf("machine    %s, %d CPUs, %s %s, transparent huge pages: %s\n", about->cpu, about->cpus, about->kernel,
	       about->arch, about->huge_pages);
	printf("compiler   %s; flags: %s\n", about->compiler, about->flags);
	printf("hardening  %s; peers as packaged\n", about->hardening);
	printf("peers      %s\n", or_none(about->peers));
	if (about->quick)
		printf("figures    --quick: tiny counts; they show that lines work and mean nothing\n");
	else
		printf("figures    timed: minimum over %d interleaved rounds of their medians; counted: callgrind\n",
		       about->rounds);
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

static bool has_ratios(const struct table *table, enum metric metric)
{
	for (size_t i = 0; i < table->section.nr_subjects; i++)
		if (table->subject_is_here[i] && table->section.subjects[i].role == PEER)
			return table->section.has_ratios && metric != SYSTEM_CALLS;
	return false;
}

static bool has_mimalloc(const struct table *table, enum metric metric)
{
	size_t index = table_subject(table, "mimalloc");

	return has_ratios(table, metric) && index != NO_SUBJECT && table->subject_is_here[index];
}

/* Does a line have fellows with other numbers of threads? */
static bool is_scaling(const struct table *table)
{
	return table->section.threads && table->section.has_ratios;
}

/* What of its speed with one thread a thread keeps, in %: the line before with one thread is of the same work. */
static double kept(const struct table *table, size_t line)
{
	for (size_t one = line + 1; one-- > 0;)
		if (table->section.threads(&table->section.lines[one]) == 1) {
			if (table->section.lines[one].shape != table->section.lines[line].shape)
				break;
			return 100 * table_value(table, one, 0, FIGURE) / table_value(table, line, 0, FIGURE);
		}
	return NAN;
}

static void print_heading(const struct table *table, enum metric metric)
{
	static const char *const units[] = { NULL, "instructions", "system calls" };
	const struct section *section = &table->section;

	printf("\n%s (%s)\n%-*s", section->title, metric ? units[metric] : section->unit, NAME_WIDTH, section->name);
	for (size_t i = 0; i < section->nr_subjects; i++)
		if (table->subject_is_here[i])
			printf("  %*s", column_width(&section->subjects[i]), section->subjects[i].name);
	if (has_ratios(table, metric))
		printf("  %18s  %8s", "best peer", "kmem/it");
	if (has_mimalloc(table, metric))
		printf("  %9s", "/mimalloc");
	if (is_scaling(table))
		printf("  %7s", "% kept");
	printf("\n");
}

static void print_row(const struct table *table, size_t line, enum metric metric)
{
	const struct section *section = &table->section;
	size_t best = table_best_peer(table, line, metric);
	char text[32];

	printf("%-*s", NAME_WIDTH, section->lines[line].name);
	for (size_t i = 0; i < section->nr_subjects; i++) {
		if (!table->subject_is_here[i])
			continue;
		format_value(text, sizeof(text), section, metric, table_value(table, line, i, metric));
		printf("  %*s", column_width(&section->subjects[i]), text);
	}
	if (has_ratios(table, metric)) {
		printf("  %18s", best == NO_SUBJECT ? "-" : section->subjects[best].name);
		print_ratio(table_ratio(table, line, best, metric), 8);
	}
	if (has_mimalloc(table, metric))
		print_ratio(table_ratio(table, line, table_subject(table, "mimalloc"), metric), 9);
	if (is_scaling(table))
		print_ratio(kept(table, line), 7);
	printf("\n");
}

static bool has_system_calls(const struct table *table, size_t line)
{
	for (size_t i = 0; i < table->section.nr_subjects; i++)
		if (table_value(table, line, i, SYSTEM_CALLS) >= FEW_SYSTEM_CALLS)
			return true;
	return false;
}

static bool row_is_shown(const struct table *table, size_t line, enum metric metric)
{
	if (metric == SYSTEM_CALLS)
		return has_system_calls(table, line);
	return metric == FIGURE ? table->line_is_wanted[line] : table_has_line(table, line, metric);
}

/* Nothing, if there would be no row. */
static void print_table(const struct table *table, enum metric metric)
{
	bool has_heading = false;

	for (size_t line = 0; line < table->section.nr_lines; line++) {
		if (!row_is_shown(table, line, metric))
			continue;
		if (!has_heading)
			print_heading(table, metric);
		has_heading = true;
		print_row(table, line, metric);
	}
}

/* ---- over time ---- */

static const char *steps_text(double step, char *text, size_t size)
{
	if (step >= 1e6)
		snprintf(text, size, "%.3gM", step / 1e6);
	else
		snprintf(text, size, "%.3gk", step / 1e3);
	return text;
}

static void print_history_heading(const struct history *history, unsigned int order)
{
	printf("\nOrder %u: share of free memory in smaller blocks (unusable_index), after so many steps\n%-*s", order,
	       NAME_WIDTH + 10, "");
	for (int i = 0; i < history->nr; i++) {
		char text[32];

		printf("  %5s", steps_text(history->moments[i].step, text, sizeof(text)));
	}
	printf("\n");
}

/* kmem's own, and a peer's: not those of settings that only show what they do. */
static void print_histories_of(const struct table *table, unsigned int order)
{
	bool has_heading = false;

	for (size_t line = 0; line < table->section.nr_lines; line++)
		for (size_t i = 0; i < table->section.nr_subjects; i++) {
			const struct history *history = &table_cell(table, line, i)->history;

			if (!history->nr || (i && table->section.subjects[i].role != PEER))
				continue;
			if (!has_heading)
				print_history_heading(history, order);
			has_heading = true;
			printf("%-*s%-10s", NAME_WIDTH, table->section.lines[line].name,
			       table->section.subjects[i].name);
			for (int k = 0; k < history->nr; k++)
				printf("  %5.3f", history->moments[k].unusable[order]);
			printf("\n");
		}
}

static void print_histories(const struct table *table)
{
	print_histories_of(table, 3);
	print_histories_of(table, 9);
}

void report_table(const struct table *table)
{
	print_table(table, FIGURE);
	print_table(table, INSTRUCTIONS);
	print_table(table, SYSTEM_CALLS);
	print_histories(table);
	fflush(stdout);
}
