/* SPDX-License-Identifier: MIT */
/*
 * table.c - figures of all rounds, and what they say.
 *
 *	round		1     2     3     4   ...
 *	kmem		3.52  3.49  3.71  3.50		figure: the least, 3.49
 *	base		3.60  3.55  3.70  3.61
 *	ratio		0.978 0.983 1.003 0.970		median, and an interval that holds the true one
 *
 * Two revisions of a cell run one right after the other, so what disturbs a round disturbs both; the first of the two
 * changes from round to round. The interval is that of order statistics: with n pairs, the median lies between the k-th
 * smallest and the k-th largest ratio unless a fair coin shows fewer than k heads, or fewer than k tails, in n throws.
 * It assumes nothing of how noise is distributed.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"

#define DOUBT 0.01		/* that an interval misses the median */
#define SMALLEST_EFFECT 0.01

void table_init(struct table *table, const struct section *section)
{
	size_t cells = section->nr_lines * section->nr_subjects;

	table->section = *section;
	table->line_is_wanted = calloc(section->nr_lines, sizeof(bool));
	table->subject_is_here = calloc(section->nr_subjects, sizeof(bool));
	table->origins = calloc(section->nr_subjects, sizeof(struct origin));
	table->cells = calloc(cells, sizeof(struct cell));
	if (!table->line_is_wanted || !table->subject_is_here || !table->origins || !table->cells)
		fail("out of memory");
	for (size_t i = 0; i < cells; i++)
		table->cells[i].figure = table->cells[i].instructions = table->cells[i].system_calls = NAN;
	for (size_t i = 0; i < section->nr_subjects; i++)
		table->origins[i].name = section->subjects[i].name;
}

struct cell *table_cell(const struct table *table, size_t line, size_t subject)
{
	return &table->cells[line * table->section.nr_subjects + subject];
}

void cell_add_round(struct cell *cell, double value)
{
	if (cell->nr_rounds < MAX_ROUNDS)
		cell->round[cell->nr_rounds++] = value;
	cell->figure = fmin(cell->figure, value);
}

double table_value(const struct table *table, size_t line, size_t subject, enum metric metric)
{
	const struct cell *cell = table_cell(table, line, subject);

	if (metric == INSTRUCTIONS)
		return cell->instructions;
	return metric == SYSTEM_CALLS ? cell->system_calls : cell->figure;
}

bool table_has_line(const struct table *table, size_t line, enum metric metric)
{
	if (!table->line_is_wanted[line])
		return false;
	for (size_t i = 0; i < table->section.nr_subjects; i++)
		if (table->subject_is_here[i] && !isnan(table_value(table, line, i, metric)))
			return true;
	return false;
}

bool table_has(const struct table *table, enum metric metric)
{
	for (size_t line = 0; line < table->section.nr_lines; line++)
		if (table_has_line(table, line, metric))
			return true;
	return false;
}

/* Instructions beside system calls are half of what was done: they are not compared. */
static bool is_comparable(const struct table *table, size_t line, size_t subject, enum metric metric)
{
	if (isnan(table_value(table, line, subject, metric)))
		return false;
	return metric == FIGURE || !(table_value(table, line, subject, SYSTEM_CALLS) >= FEW_SYSTEM_CALLS);
}

static bool is_better(const struct table *table, enum metric metric, double value, double other)
{
	return metric == FIGURE && table->section.more_is_better ? value > other : value < other;
}

size_t table_best_peer(const struct table *table, size_t line, enum metric metric)
{
	size_t best = NO_SUBJECT;

	for (size_t i = 0; i < table->section.nr_subjects; i++) {
		double value = table_value(table, line, i, metric);

		if (table->section.subjects[i].role != PEER || !table->subject_is_here[i] ||
		    !is_comparable(table, line, i, metric))
			continue;
		if (best == NO_SUBJECT || is_better(table, metric, value, table_value(table, line, best, metric)))
			best = i;
	}
	return best;
}

size_t table_subject(const struct table *table, const char *name)
{
	for (size_t i = 0; i < table->section.nr_subjects; i++)
		if (!strcmp(table->section.subjects[i].name, name))
			return i;
	return NO_SUBJECT;
}

size_t table_line(const struct table *table, const char *name)
{
	for (size_t i = 0; i < table->section.nr_lines; i++)
		if (!strcmp(table->section.lines[i].name, name))
			return i;
	return NO_SUBJECT;
}

double table_ratio(const struct table *table, size_t line, size_t subject, enum metric metric)
{
	double other;

	if (subject == NO_SUBJECT || !is_comparable(table, line, 0, metric) ||
	    !is_comparable(table, line, subject, metric))
		return NAN;
	other = table_value(table, line, subject, metric);
	return other > 0 ? table_value(table, line, 0, metric) / other : NAN;
}

/* ---- two revisions ---- */

/* The largest k for which the interval from the k-th smallest to the k-th largest of n holds the median; 0: none. */
static int interval_of(int n)
{
	double chance = pow(0.5, n), doubt = 0;
	int k = 0;

	while (k < n / 2 && 2 * (doubt + chance) <= DOUBT) {
		doubt += chance;
		chance *= (double)(n - k) / (double)(k + 1);
		k++;
	}
	return k;
}

struct difference difference_of(const struct cell *cell, const struct cell *base)
{
	struct difference d = { NAN, NAN, NAN, false };
	double ratio[MAX_ROUNDS];
	int nr = 0, k;

	for (int i = 0; i < cell->nr_rounds && i < base->nr_rounds; i++)
		if (cell->round[i] > 0 && base->round[i] > 0)
			ratio[nr++] = cell->round[i] / base->round[i];
	if (!nr)
		return d;
	d.ratio = median_of(ratio, (size_t)nr);
	k = interval_of(nr);
	if (!k)
		return d;
	d.low = ratio[k - 1];
	d.high = ratio[nr - k];
	d.is_significant = (d.low > 1 || d.high < 1) && fabs(d.ratio - 1) >= SMALLEST_EFFECT;
	return d;
}

/* ---- values ---- */

static void format_scaled(char *text, size_t size, double value, double step, const char *const *units, size_t nr)
{
	size_t i = 0;

	for (; i + 1 < nr && fabs(value) >= step; i++)
		value /= step;
	snprintf(text, size, "%.*f %s", i && fabs(value) < 100 ? 2 : 1, value, units[i]);
}

void format_value(char *text, size_t size, const struct section *section, enum metric metric, double value)
{
	static const char *const times[] = { "ns", "us", "ms", "s" }, *const bytes[] = { "B", "KiB", "MiB", "GiB" };

	if (isnan(value))
		snprintf(text, size, "-");
	else if (metric == FIGURE && !strcmp(section->unit, "time"))
		format_scaled(text, size, value, 1e3, times, ARRAY_LENGTH(times));
	else if (metric == FIGURE && !strcmp(section->unit, "bytes"))
		format_scaled(text, size, value, 1024, bytes, ARRAY_LENGTH(bytes));
	else if (fabs(value) < 10 && strcmp(section->unit, "%"))
		snprintf(text, size, "%.2f", value);
	else
		snprintf(text, size, "%.1f", value);
}
