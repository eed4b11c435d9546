/* SPDX-License-Identifier: MIT */
/*
 * compare.c - two revisions of kmem, which ran in the same rounds.
 *
 *	objects                     base      now   now/base  99 % interval                 instructions
 *	pair 64 B                3.52 ns  3.31 ns      0.941  0.928..0.957   better   91.0 -> 88.0    -3.0
 *
 * How the interval comes about, and what "better" wants, stands in table.c. Instructions are
 * exact: any difference is one.
 */
#include <math.h>
#include <string.h>

#include "bench/bench.h"

#define NAME_WIDTH 40

struct tally {
	unsigned int lines, better, worse, fewer_instructions, more_instructions;
};

static void print_interval(const struct difference *d)
{
	char text[48] = "-";

	if (!isnan(d->low))
		snprintf(text, sizeof(text), "%.3f..%.3f", d->low, d->high);
	printf("  %14s", text);
}

static void print_verdict(const struct section *section, const struct difference *d, struct tally *tally)
{
	bool is_better = (d->ratio > 1) == section->more_is_better;

	if (!d->is_significant) {
		printf("  %-6s", "");
		return;
	}
	printf("  %-6s", is_better ? "better" : "worse");
	if (is_better)
		tally->better++;
	else
		tally->worse++;
}

/* Below a hundredth of an instruction an operation is rounding: start and end of the counted loop. */
static void print_instructions(const struct cell *now, const struct cell *base, struct tally *tally)
{
	double more = now->instructions - base->instructions;

	if (isnan(more))
		return;
	printf("  %9.1f -> %-9.1f", base->instructions, now->instructions);
	if (fabs(more) < 0.01)
		return;
	printf(" %+.2f", more);
	if (more > 0)
		tally->more_instructions++;
	else
		tally->fewer_instructions++;
}

static void print_line(const struct table *table, size_t line, size_t subject, struct tally *tally)
{
	const struct section *section = &table->section;
	const struct cell *now = table_cell(table, line, subject), *base = table_cell(table, line, subject + 1);
	struct difference d = difference_of(now, base);
	char text[2][32], name[160];

	if (isnan(now->figure) && isnan(base->figure))
		return;
	snprintf(name, sizeof(name), "%s%s%s", section->lines[line].name, subject ? ": " : "",
		 subject ? section->subjects[subject].name : "");
	format_value(text[0], sizeof(text[0]), section, FIGURE, base->figure);
	format_value(text[1], sizeof(text[1]), section, FIGURE, now->figure);
	printf("%-*s  %9s  %9s", NAME_WIDTH, name, text[0], text[1]);
	if (isnan(d.ratio))
		printf("  %8s", "-");
	else
		printf("  %8.3f", d.ratio);
	print_interval(&d);
	print_verdict(section, &d, tally);
	print_instructions(now, base, tally);
	printf("\n");
	tally->lines++;
}

static void print_section(const struct table *table, struct tally *tally)
{
	printf("\n%-*s  %9s  %9s  %8s  %14s  %-6s  %s\n", NAME_WIDTH, table->section.name, "base", "now", "now/base",
	       "99 % interval", "", table_has(table, INSTRUCTIONS) ? "instructions" : "");
	for (size_t line = 0; line < table->section.nr_lines; line++)
		for (size_t i = 0; i + 1 < table->section.nr_subjects; i++)
			if (table->line_is_wanted[line] && table->section.subjects[i].role == OURS)
				print_line(table, line, i, tally);
}

void report_comparison(const struct results *results)
{
	struct tally tally = { 0 };

	printf("\nNow: %s. Base: %s.\n"
	       "now/base is the median of %d pairs of rounds; \"better\" and \"worse\" stand where its 99 %% interval\n"
	       "leaves out 1 and it is 1 %% away or more.\n",
	       results->about.revision, results->about.base, results->about.rounds);
	for (size_t i = 0; i < results->nr_tables; i++)
		if (table_has(&results->tables[i], FIGURE))
			print_section(&results->tables[i], &tally);
	printf("\n%u lines: %u better, %u worse; %u with fewer instructions, %u with more\n", tally.lines, tally.better,
	       tally.worse, tally.fewer_instructions, tally.more_instructions);
	fflush(stdout);
}
