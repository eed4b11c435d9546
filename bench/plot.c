/* SPDX-License-Identifier: MIT */
/*
 * plot.c - the figures drawn, as one SVG file that needs nothing else.
 *
 *	pair 64   kmem     ########         3.5 ns, 88 instructions
 *	          mimalloc ###########      4.7 ns, 114 instructions
 *	                   |      |      |
 *	                        kmem    2x
 *
 * A row's unit is kmem's own figure, so that all rows share an axis; bars that would be more than AXIS_TIMES of it are
 * cut and pointed. Tables of percentages are drawn from 0 to 100. Colours follow the reader's light or dark scheme,
 * and a background is painted, so that it can be read on any page.
 *
 * Lines that keep a history (history.c) are drawn once more: time to the right, orders upwards, the index as a shade.
 *
 *	B: order 0    9 |  . . o o O O		kmem	textbook
 *		      0 |    . . . o o
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"

#define WIDTH 960
#define MARGIN 20
#define BARS_X 300
#define BARS_WIDTH 400.0
#define BAR_HEIGHT 9
#define BAR_STEP 13
#define ROW_GAP 10
#define AXIS_TIMES 4.0
#define MAX_LEGEND 16

struct plot {
	FILE *file;
	double y;
	const char *legend[MAX_LEGEND];
	size_t nr_legend;
};

static const char style[] =
	"<style>\n"
	"text { font: 12px system-ui, sans-serif; fill: #1f2328 }\n"
	".paper { fill: #ffffff }\n"
	".soft { fill: #59636e }\n"
	".grid { stroke: #d0d7de; stroke-width: 1 }\n"
	".title { font-size: 15px; font-weight: 600 }\n"
	".value { font-size: 11px; fill: #59636e }\n"
	".ours { font-size: 11px; font-weight: 600 }\n"
	".shade { fill: #bc4c00 }\n"
	".frame { fill: none; stroke: #d0d7de; stroke-width: 1 }\n"
	"@media (prefers-color-scheme: dark) {\n"
	"text { fill: #e6edf3 }\n"
	".paper { fill: #0d1117 }\n"
	".soft, .value { fill: #9198a1 }\n"
	".grid, .frame { stroke: #30363d }\n"
	".shade { fill: #ffa657 }\n"
	"}\n"
	"</style>\n";

static const char *colour_of(const char *subject)
{
	static const struct {
		const char *name, *colour;
	} colours[] = {
		{ "kmem", "#2f81f7" }, { "cache", "#79b8ff" }, { "mimalloc", "#e0823d" }, { "jemalloc", "#3fa66b" },
		{ "tcmalloc", "#a371d7" }, { "glibc", "#8b949e" }, { "textbook", "#bf9b30" }, { "mmap", "#4fb3a5" },
		{ "linux 6.1 (quoted)", "#8b949e" }, { "lifo", "#d1699c" }, { "lifo, compacted", "#f0a3c4" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(colours); i++)
		if (!strcmp(colours[i].name, subject))
			return colours[i].colour;
	return strchr(subject, '@') ? "#8b949e" : "#d1699c";
}

static void write_text(FILE *file, const char *text)
{
	for (; *text; text++) {
		if (*text == '&')
			fputs("&amp;", file);
		else if (*text == '<')
			fputs("&lt;", file);
		else if (*text == '>')
			fputs("&gt;", file);
		else
			fputc((unsigned char)*text < ' ' ? ' ' : *text, file);
	}
}

static void text_at(const struct plot *plot, double x, double y, const char *anchor, const char *class,
		    const char *text)
{
	fprintf(plot->file, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" class=\"%s\">", x, y, anchor, class);
	write_text(plot->file, text);
	fputs("</text>\n", plot->file);
}

/* ---- who is drawn ---- */

/* Quoted figures and the harness are not; nor is an account of pages beside the resident set; the other revision is. */
static bool subject_is_drawn(const struct table *table, size_t subject)
{
	const struct subject *s = &table->section.subjects[subject];

	if (!table->subject_is_here[subject] || strstr(s->name, " pages"))
		return false;
	return s->role != BASELINE || strchr(s->name, '@');
}

static bool cell_is_drawn(const struct table *table, size_t line, size_t subject)
{
	return subject_is_drawn(table, subject) && !isnan(table_value(table, line, subject, FIGURE));
}

static bool is_percent(const struct table *table)
{
	return !strcmp(table->section.unit, "%");
}

/* A row is drawn if there is something to compare; those in units of kmem's figure need one. */
static bool line_is_drawn(const struct table *table, size_t line)
{
	size_t nr = 0;

	if (!table->line_is_wanted[line] || (!is_percent(table) && !(table_value(table, line, 0, FIGURE) > 0)))
		return false;
	for (size_t i = 0; i < table->section.nr_subjects; i++)
		nr += cell_is_drawn(table, line, i);
	return nr > 1;
}

static bool table_is_drawn(const struct table *table)
{
	bool has_unit = is_percent(table) || table->section.has_ratios;

	for (size_t line = 0; line < table->section.nr_lines && has_unit; line++)
		if (line_is_drawn(table, line))
			return true;
	return false;
}

static void legend_add(struct plot *plot, const char *name)
{
	for (size_t i = 0; i < plot->nr_legend; i++)
		if (!strcmp(plot->legend[i], name))
			return;
	if (plot->nr_legend < MAX_LEGEND)
		plot->legend[plot->nr_legend++] = name;
}

/* ---- bars ---- */

/* A value's share of the axis, which may be more than 1. */
static double share_of(const struct table *table, size_t line, size_t subject)
{
	double value = table_value(table, line, subject, FIGURE);

	return fmax(0, is_percent(table) ? value / 100 : value / table_value(table, line, 0, FIGURE) / AXIS_TIMES);
}

static void draw_bar(const struct plot *plot, double share, const char *colour)
{
	double width = BARS_WIDTH * fmin(share, 1), end = BARS_X + width;

	fprintf(plot->file, "<rect x=\"%d\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>\n", BARS_X, plot->y,
		width, BAR_HEIGHT, colour);
	if (share > 1)
		fprintf(plot->file, "<path d=\"M%.1f %.1f l8 %.1f l-8 %.1f z\" fill=\"%s\"/>\n", end + 2, plot->y,
			BAR_HEIGHT / 2.0, BAR_HEIGHT / 2.0, colour);
}

static void draw_value(const struct plot *plot, const struct table *table, size_t line, size_t subject, double share)
{
	double instructions = table_value(table, line, subject, INSTRUCTIONS);
	bool counts = !isnan(instructions) && !(table_value(table, line, subject, SYSTEM_CALLS) >= FEW_SYSTEM_CALLS);
	bool has_own_unit = !strcmp(table->section.unit, "time") || !strcmp(table->section.unit, "bytes");
	const char *unit = strncmp(table->section.unit, "bytes", 5) ? table->section.unit : "B";
	char text[96], value[32];

	format_value(value, sizeof(value), &table->section, FIGURE, table_value(table, line, subject, FIGURE));
	snprintf(text, sizeof(text), "%s%s%s", value, has_own_unit ? "" : " ", has_own_unit ? "" : unit);
	if (counts)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), ", %.0f instructions", instructions);
	text_at(plot, BARS_X + BARS_WIDTH * fmin(share, 1) + (share > 1 ? 14 : 5), plot->y + BAR_HEIGHT, "start",
		subject ? "value" : "ours", text);
}

static void draw_line(struct plot *plot, const struct table *table, size_t line)
{
	text_at(plot, BARS_X - 10, plot->y + BAR_HEIGHT, "end", "", table->section.lines[line].name);
	for (size_t i = 0; i < table->section.nr_subjects; i++) {
		const char *name = table->section.subjects[i].name;
		double share;

		if (!cell_is_drawn(table, line, i))
			continue;
		share = share_of(table, line, i);
		legend_add(plot, name);
		draw_bar(plot, share, colour_of(name));
		draw_value(plot, table, line, i, share);
		plot->y += BAR_STEP;
	}
	plot->y += ROW_GAP;
}

static double height_of(const struct table *table)
{
	double height = 0;

	for (size_t line = 0; line < table->section.nr_lines; line++) {
		if (!line_is_drawn(table, line))
			continue;
		for (size_t i = 0; i < table->section.nr_subjects; i++)
			height += cell_is_drawn(table, line, i) ? BAR_STEP : 0;
		height += ROW_GAP;
	}
	return height;
}

static void draw_axis(const struct plot *plot, const struct table *table)
{
	double bottom = plot->y + height_of(table);

	for (int i = 0; i <= (int)AXIS_TIMES; i++) {
		double x = BARS_X + BARS_WIDTH * i / AXIS_TIMES;
		char text[32];

		if (is_percent(table))
			snprintf(text, sizeof(text), "%d %%", (int)(100 * i / AXIS_TIMES));
		else
			snprintf(text, sizeof(text), i == 0 ? "0" : i == 1 ? "kmem" : "%d x", i);
		fprintf(plot->file, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"grid\"/>\n", x,
			plot->y - 4, x, bottom - 4);
		text_at(plot, x, plot->y - 8, "middle", "soft", text);
	}
}

static void draw_table(struct plot *plot, const struct table *table)
{
	char text[256];

	plot->y += 26;
	snprintf(text, sizeof(text), "%s (%s is better)", table->section.title,
		 table->section.more_is_better ? "more" : "less");
	text_at(plot, MARGIN, plot->y, "start", "title", text);
	plot->y += 28;
	draw_axis(plot, table);
	for (size_t line = 0; line < table->section.nr_lines; line++)
		if (line_is_drawn(table, line))
			draw_line(plot, table, line);
}

/* ---- histories ---- */

#define SHADE_WIDTH 12.5
#define SHADE_HEIGHT 8.0
#define PANEL_WIDTH (MAX_MOMENTS * SHADE_WIDTH + 40)
#define PANEL_HEIGHT (HISTORY_ORDERS * SHADE_HEIGHT)

static bool cell_has_panel(const struct table *table, size_t line, size_t subject)
{
	return subject_is_drawn(table, subject) && table_cell(table, line, subject)->history.nr;
}

static bool line_has_panels(const struct table *table, size_t line)
{
	for (size_t i = 0; i < table->section.nr_subjects; i++)
		if (cell_has_panel(table, line, i))
			return true;
	return false;
}

static void draw_shade(const struct plot *plot, double x, int moment, unsigned int order, double index)
{
	fprintf(plot->file, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" class=\"shade\" "
		"fill-opacity=\"%.3f\"/>\n", x + moment * SHADE_WIDTH,
		plot->y + (HISTORY_ORDERS - 1 - order) * SHADE_HEIGHT, SHADE_WIDTH - 1, SHADE_HEIGHT - 1, index);
}

static void draw_panel(const struct plot *plot, const struct history *history, double x)
{
	fprintf(plot->file, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" class=\"frame\"/>\n", x - 1,
		plot->y - 1, MAX_MOMENTS * SHADE_WIDTH + 1, PANEL_HEIGHT + 1);
	for (int i = 0; i < history->nr; i++)
		for (unsigned int order = 0; order < HISTORY_ORDERS; order++)
			if (history->moments[i].unusable[order] >= 0.001)
				draw_shade(plot, x, i, order, history->moments[i].unusable[order]);
}

static void draw_panels(struct plot *plot, const struct table *table, size_t line)
{
	double x = BARS_X;
	char text[16];

	text_at(plot, BARS_X - 30, plot->y + PANEL_HEIGHT / 2, "end", "", table->section.lines[line].name);
	snprintf(text, sizeof(text), "%u", HISTORY_ORDERS - 1);
	text_at(plot, BARS_X - 6, plot->y + 9, "end", "soft", text);
	text_at(plot, BARS_X - 6, plot->y + PANEL_HEIGHT, "end", "soft", "0");
	for (size_t i = 0; i < table->section.nr_subjects && x + PANEL_WIDTH <= WIDTH; i++) {
		if (!cell_has_panel(table, line, i))
			continue;
		draw_panel(plot, &table_cell(table, line, i)->history, x);
		x += PANEL_WIDTH;
	}
	plot->y += PANEL_HEIGHT + ROW_GAP;
}

/* The subjects' names stand above their panels, the scale above all. */
static void draw_histories_head(struct plot *plot, const struct table *table, size_t line)
{
	double x = BARS_X;

	plot->y += 26;
	text_at(plot, MARGIN, plot->y, "start", "title", "Share of free memory in blocks below order 0 to 9, over time "
		"(unusable_index; less is better)");
	plot->y += 24;
	for (int i = 0; i <= 4; i++) {
		draw_shade(&(struct plot){ .file = plot->file, .y = plot->y - 9 - (HISTORY_ORDERS - 1) * SHADE_HEIGHT },
			   MARGIN + 22, 2 * i, 0, i / 4.0);
	}
	text_at(plot, MARGIN, plot->y, "start", "soft", "0");
	text_at(plot, MARGIN + 22 + 9.5 * SHADE_WIDTH, plot->y, "start", "soft", "1");
	for (size_t i = 0; i < table->section.nr_subjects && x + PANEL_WIDTH <= WIDTH; i++) {
		if (!cell_has_panel(table, line, i))
			continue;
		text_at(plot, x, plot->y, "start", i ? "soft" : "ours", table->section.subjects[i].name);
		x += PANEL_WIDTH;
	}
	plot->y += 10;
}

static void draw_histories(struct plot *plot, const struct table *table)
{
	bool has_head = false;

	for (size_t line = 0; line < table->section.nr_lines; line++) {
		if (!table->line_is_wanted[line] || !line_has_panels(table, line))
			continue;
		if (!has_head)
			draw_histories_head(plot, table, line);
		has_head = true;
		draw_panels(plot, table, line);
	}
}

/* ---- the page ---- */

static void draw_legend(const struct plot *plot, double y)
{
	double x = MARGIN;

	for (size_t i = 0; i < plot->nr_legend; i++) {
		fprintf(plot->file, "<rect x=\"%.1f\" y=\"%.1f\" width=\"12\" height=\"12\" fill=\"%s\"/>\n", x, y - 10,
			colour_of(plot->legend[i]));
		text_at(plot, x + 17, y, "start", "", plot->legend[i]);
		x += 34 + 7.0 * (double)strlen(plot->legend[i]);
	}
}

static void draw_about(const struct plot *plot, const struct about *about)
{
	char text[1400];

	snprintf(text, sizeof(text), "kmem %s%s%s%s", about->revision, *about->base ? " beside " : "", about->base,
		 about->quick ? " (--quick: the figures mean nothing)" : "");
	text_at(plot, MARGIN, 26, "start", "title", text);
	snprintf(text, sizeof(text), "%s, %d CPUs, %s; %s, %s", about->cpu, about->cpus, about->kernel, about->compiler,
		 about->flags);
	text_at(plot, MARGIN, 46, "start", "soft", text);
	snprintf(text, sizeof(text), "hardening: %s", about->hardening);
	text_at(plot, MARGIN, 64, "start", "soft", text);
}

static void write_page(FILE *file, const struct results *results, const struct plot *plot, const char *body)
{
	struct plot head = *plot;

	fprintf(file, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%.0f\" ", WIDTH,
		plot->y + MARGIN);
	fprintf(file, "viewBox=\"0 0 %d %.0f\">\n", WIDTH, plot->y + MARGIN);
	fputs("<title>kmem beside its peers</title>\n", file);
	fputs(style, file);
	fputs("<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n", file);
	head.file = file;
	draw_about(&head, &results->about);
	draw_legend(&head, 90);
	fputs(body, file);
	fputs("</svg>\n", file);
}

bool plot_write(const char *path, const struct results *results)
{
	struct plot plot = { .y = 100 };
	char *body = NULL;
	size_t size;
	FILE *file;

	plot.file = open_memstream(&body, &size);
	if (!plot.file)
		return false;
	for (size_t i = 0; i < results->nr_tables; i++)
		if (table_is_drawn(&results->tables[i])) {
			draw_table(&plot, &results->tables[i]);
			draw_histories(&plot, &results->tables[i]);
		}
	fclose(plot.file);
	file = fopen(path, "we");
	if (file)
		write_page(file, results, &plot, body);
	free(body);
	return file && fclose(file) == 0;
}
