/* SPDX-License-Identifier: MIT */
/*
 * json.c - results as a file (README.md says what its fields mean), and back.
 *
 * The reader takes any JSON: a small parser hands each value to whoever wants it by its path of names, and the values
 * of objects come in any order; only "base" has to come before "sections". Lines and subjects that this revision's
 * bench does not know are left out.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"

#define SCHEMA "kmem-bench-1"

/* ---- writing ---- */

static void write_string(FILE *file, const char *text)
{
	fputc('"', file);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', file);
		if ((unsigned char)*text < ' ')
			fprintf(file, "\\u%04x", (unsigned int)(unsigned char)*text);
		else
			fputc(*text, file);
	}
	fputc('"', file);
}

static void write_field(FILE *file, const char *indent, const char *name, const char *value, const char *end)
{
	fprintf(file, "%s\"%s\": ", indent, name);
	write_string(file, value);
	fputs(end, file);
}

/* JSON has no NaN: null. */
static void write_number(FILE *file, double value)
{
	if (isnan(value))
		fputs("null", file);
	else
		fprintf(file, "%.9g", value);
}

static void write_history(FILE *file, const struct history *history)
{
	const char *separator = "\n";

	if (!history->nr)
		return;
	fputs(", \"over_time\": [", file);
	for (int i = 0; i < history->nr; i++) {
		const struct moment *moment = &history->moments[i];

		fprintf(file, "%s          {\"step\": %.9g, \"figure\": ", separator, moment->step);
		write_number(file, moment->figure);
		fputs(", \"unusable\": [", file);
		for (unsigned int order = 0; order < HISTORY_ORDERS; order++)
			fprintf(file, "%s%.4g", order ? ", " : "", moment->unusable[order]);
		fputs("]}", file);
		separator = ",\n";
	}
	fputs("\n        ]", file);
}

static void write_cell(FILE *file, const struct subject *subject, const struct cell *cell)
{
	static const char *const roles[] = { [OURS] = "ours", [PEER] = "peer", [BASELINE] = "baseline" };

	fputs("        {\"subject\": ", file);
	write_string(file, subject->name);
	fprintf(file, ", \"role\": \"%s\", \"figure\": ", roles[subject->role]);
	write_number(file, cell->figure);
	if (cell->nr_rounds > 1) {
		fputs(", \"rounds\": [", file);
		for (int i = 0; i < cell->nr_rounds; i++) {
			fputs(i ? ", " : "", file);
			write_number(file, cell->round[i]);
		}
		fputc(']', file);
	}
	if (!isnan(cell->instructions)) {
		fputs(", \"instructions\": ", file);
		write_number(file, cell->instructions);
	}
	if (!isnan(cell->system_calls)) {
		fputs(", \"system_calls\": ", file);
		write_number(file, cell->system_calls);
	}
	write_history(file, &cell->history);
	fputc('}', file);
}

static void write_line(FILE *file, const struct table *table, size_t line)
{
	const char *separator = "\n";

	fputs("      {\"name\": ", file);
	write_string(file, table->section.lines[line].name);
	fputs(", \"cells\": [", file);
	for (size_t i = 0; i < table->section.nr_subjects; i++) {
		const struct cell *cell = table_cell(table, line, i);

		if (!table->subject_is_here[i] || (isnan(cell->figure) && isnan(cell->instructions)))
			continue;
		fputs(separator, file);
		write_cell(file, &table->section.subjects[i], cell);
		separator = ",\n";
	}
	fputs("\n      ]}", file);
}

static void write_table(FILE *file, const struct table *table)
{
	const struct section *section = &table->section;
	const char *separator = "\n";

	fputs("    {\"name\": ", file);
	write_string(file, section->name);
	fputs(", \"title\": ", file);
	write_string(file, section->title);
	fputs(", \"unit\": ", file);
	write_string(file, strcmp(section->unit, "time") ? section->unit : "ns");
	fprintf(file, ", \"better\": \"%s\", \"lines\": [", section->more_is_better ? "more" : "less");
	for (size_t line = 0; line < section->nr_lines; line++) {
		if (!table->line_is_wanted[line])
			continue;
		fputs(separator, file);
		write_line(file, table, line);
		separator = ",\n";
	}
	fputs("\n    ]}", file);
}

static void write_about(FILE *file, const struct about *about)
{
	write_field(file, "  ", "schema", SCHEMA, ",\n");
	write_field(file, "  ", "revision", about->revision, ",\n");
	write_field(file, "  ", "base", about->base, ",\n");
	write_field(file, "  \"machine\": {", "cpu", about->cpu, ",");
	fprintf(file, " \"cpus\": %d,", about->cpus);
	write_field(file, " ", "kernel", about->kernel, ",");
	write_field(file, " ", "arch", about->arch, ",");
	write_field(file, " ", "huge_pages", about->huge_pages, "},\n");
	write_field(file, "  \"build\": {", "compiler", about->compiler, ",");
	write_field(file, " ", "flags", about->flags, "},\n");
	write_field(file, "  ", "hardening", about->hardening, ",\n");
	write_field(file, "  ", "peers", about->peers, ",\n");
	fprintf(file, "  \"quick\": %s,\n  \"rounds\": %d,\n", about->quick ? "true" : "false", about->rounds);
}

bool json_write(const char *path, const struct results *results)
{
	FILE *file = fopen(path, "we");
	const char *separator = "\n";

	if (!file)
		return false;
	fputs("{\n", file);
	write_about(file, &results->about);
	fputs("  \"sections\": [", file);
	for (size_t i = 0; i < results->nr_tables; i++) {
		if (!table_has(&results->tables[i], FIGURE) && !table_has(&results->tables[i], INSTRUCTIONS))
			continue;
		fputs(separator, file);
		write_table(file, &results->tables[i]);
		separator = ",\n";
	}
	fputs("\n  ]\n}\n", file);
	return fclose(file) == 0;
}

/* ---- reading ---- */

#define MAX_DEPTH 16
#define MAX_TEXT 1024

/*
 * Where the parser is, and what was named on the way there. A cell's values wait in @cell until the cell ends, since
 * its subject may be named last; so do a line's and a section's names, which the writer puts first.
 */
struct reader {
	const char *at, *start;
	const char *problem;
	struct results *results;
	void (*make_tables)(struct results *results);
	bool is_ours, has_tables;
	char names[MAX_DEPTH][32];	/* the member at each depth of objects */
	int depth;
	struct table *table;		/* NULL: unknown */
	size_t line;			/* NO_SUBJECT: unknown */
	char subject[128];
	struct cell cell;
	struct moment moment;
	unsigned int order;		/* whose index of the moment comes next */
};

static void skip_space(struct reader *r)
{
	r->at += strspn(r->at, " \t\r\n");
}

static bool failed(struct reader *r, const char *problem)
{
	if (!r->problem)
		r->problem = problem;
	return false;
}

static bool take(struct reader *r, char c)
{
	skip_space(r);
	if (*r->at != c)
		return false;
	r->at++;
	return true;
}

/* The hex digits after \u. Only what the writer escapes so, controls, is told from others: those become "?". */
static bool read_code(struct reader *r, char *c)
{
	char digits[5] = "";
	char *end;
	unsigned long code;

	strncpy(digits, r->at, 4);
	code = strtoul(digits, &end, 16);
	if (end != digits + 4)
		return failed(r, "an escape that is none");
	r->at += 4;
	*c = code && code < 128 ? (char)code : '?';
	return true;
}

static bool read_escape(struct reader *r, char *c)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	const char *found;

	if (*r->at == 'u') {
		r->at++;
		return read_code(r, c);
	}
	found = *r->at ? strchr(names, *r->at) : NULL;
	if (!found)
		return failed(r, "an escape that is none");
	*c = values[found - names];
	r->at++;
	return true;
}

/* What does not fit is cut. */
static bool read_string(struct reader *r, char *text, size_t size)
{
	size_t length = 0;

	if (!take(r, '"'))
		return failed(r, "a string is missing");
	while (*r->at != '"') {
		char c = *r->at;

		if ((unsigned char)c < ' ')
			return failed(r, "a string does not end");
		r->at++;
		if (c == '\\' && !read_escape(r, &c))
			return false;
		if (length + 1 < size)
			text[length++] = c;
	}
	r->at++;
	text[length] = '\0';
	return true;
}

/* ---- what values mean ---- */

/* Is the value at hand "outer.inner" of the objects that are open? */
static bool is_at(const struct reader *r, int depth, const char *name)
{
	return r->depth == depth && !strcmp(r->names[depth], name);
}

static void find_table(struct reader *r, const char *name)
{
	r->table = NULL;
	if (!r->has_tables)
		r->make_tables(r->results);
	r->has_tables = true;
	for (size_t i = 0; i < r->results->nr_tables; i++)
		if (!strcmp(r->results->tables[i].section.name, name))
			r->table = &r->results->tables[i];
}

static void find_line(struct reader *r, const char *name)
{
	r->line = r->table ? table_line(r->table, name) : NO_SUBJECT;
}

/* Depth 1 is the file, 2 a machine, build or section, 3 a line, 4 a cell, 5 a moment of it. */
static void got_string(struct reader *r, const char *text)
{
	struct about *about = &r->results->about;
	const struct {
		int depth;
		const char *name;
		char *field;
		size_t size;
	} fields[] = {
		{ 1, "revision", about->revision, sizeof(about->revision) },
		{ 1, "base", about->base, sizeof(about->base) },
		{ 1, "hardening", about->hardening, sizeof(about->hardening) },
		{ 1, "peers", about->peers, sizeof(about->peers) },
		{ 2, "cpu", about->cpu, sizeof(about->cpu) },
		{ 2, "kernel", about->kernel, sizeof(about->kernel) },
		{ 2, "arch", about->arch, sizeof(about->arch) },
		{ 2, "huge_pages", about->huge_pages, sizeof(about->huge_pages) },
		{ 2, "compiler", about->compiler, sizeof(about->compiler) },
		{ 2, "flags", about->flags, sizeof(about->flags) },
		{ 4, "subject", r->subject, sizeof(r->subject) },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(fields); i++)
		if (is_at(r, fields[i].depth, fields[i].name))
			snprintf(fields[i].field, fields[i].size, "%s", text);
	if (is_at(r, 1, "schema"))
		r->is_ours = !strcmp(text, SCHEMA);
	if (is_at(r, 2, "name"))
		find_table(r, text);
	if (is_at(r, 3, "name"))
		find_line(r, text);
}

static void got_number(struct reader *r, double value)
{
	if (is_at(r, 1, "rounds"))
		r->results->about.rounds = (int)value;
	if (is_at(r, 2, "cpus"))
		r->results->about.cpus = (int)value;
	if (is_at(r, 4, "figure"))
		r->cell.figure = value;
	if (is_at(r, 4, "instructions"))
		r->cell.instructions = value;
	if (is_at(r, 4, "system_calls"))
		r->cell.system_calls = value;
	if (is_at(r, 4, "rounds") && r->cell.nr_rounds < MAX_ROUNDS)
		r->cell.round[r->cell.nr_rounds++] = value;
	if (is_at(r, 5, "step"))
		r->moment.step = value;
	if (is_at(r, 5, "figure"))
		r->moment.figure = value;
	if (is_at(r, 5, "unusable") && r->order < HISTORY_ORDERS)
		r->moment.unusable[r->order++] = value;
}

static void begin_object(struct reader *r)
{
	if (r->depth == 4) {
		*r->subject = '\0';
		r->cell = (struct cell){ .figure = NAN, .instructions = NAN, .system_calls = NAN };
	}
	if (r->depth == 5) {
		r->moment = (struct moment){ .figure = NAN };
		r->order = 0;
	}
}

static void end_object(struct reader *r)
{
	struct history *history = &r->cell.history;
	size_t subject;

	if (r->depth == 5 && !strcmp(r->names[4], "over_time") && history->nr < MAX_MOMENTS)
		history->moments[history->nr++] = r->moment;
	if (r->depth != 4 || !r->table || r->line == NO_SUBJECT)
		return;
	subject = table_subject(r->table, r->subject);
	if (subject == NO_SUBJECT)
		return;
	r->table->line_is_wanted[r->line] = r->table->subject_is_here[subject] = true;
	*table_cell(r->table, r->line, subject) = r->cell;
}

/* ---- any JSON ---- */

static bool read_value(struct reader *r);

static bool read_members(struct reader *r)
{
	if (take(r, '}'))
		return true;
	do {
		skip_space(r);
		if (!read_string(r, r->names[r->depth], sizeof(r->names[0])))
			return false;
		if (!take(r, ':'))
			return failed(r, "a colon is missing");
		if (!read_value(r))
			return false;
	} while (take(r, ','));
	return take(r, '}') || failed(r, "an object does not end");
}

static bool read_object(struct reader *r)
{
	if (r->depth + 1 == MAX_DEPTH)
		return failed(r, "too deep");
	r->depth++;
	begin_object(r);
	if (!read_members(r))
		return false;
	end_object(r);
	r->depth--;
	return true;
}

static bool read_elements(struct reader *r)
{
	if (take(r, ']'))
		return true;
	do {
		if (!read_value(r))
			return false;
	} while (take(r, ','));
	return take(r, ']') || failed(r, "an array does not end");
}

/* Arrays nest only within objects here; so many brackets in a row are nobody's results. */
static bool read_array(struct reader *r)
{
	skip_space(r);
	return *r->at == '[' ? failed(r, "an array of arrays") : read_elements(r);
}

static bool read_word(struct reader *r)
{
	static const char *const words[] = { "true", "false", "null" };

	for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
		if (strncmp(r->at, words[i], strlen(words[i])) != 0)
			continue;
		r->at += strlen(words[i]);
		if (is_at(r, 1, "quick"))
			r->results->about.quick = i == 0;
		if (i == 2)
			got_number(r, NAN);
		return true;
	}
	return failed(r, "a value is missing");
}

static bool read_value(struct reader *r)
{
	char text[MAX_TEXT];

	if (take(r, '{'))
		return read_object(r);
	if (take(r, '['))
		return read_array(r);
	if (*r->at == '"') {
		if (!read_string(r, text, sizeof(text)))
			return false;
		got_string(r, text);
		return true;
	}
	if (*r->at == '-' || (*r->at >= '0' && *r->at <= '9')) {
		char *end;

		got_number(r, strtod(r->at, &end));
		r->at = end;
		return true;
	}
	return read_word(r);
}

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	size_t size = 0, room = 0;
	char *text = NULL;

	while (file && !feof(file) && !ferror(file)) {
		if (size + 65536 > room)
			text = realloc(text, room = 2 * room + 131072);
		if (!text)
			fail("out of memory");
		size += fread(text + size, 1, 65535, file);
		text[size] = '\0';
	}
	if (file && ferror(file)) {
		free(text);
		text = NULL;
	}
	if (file)
		fclose(file);
	return text;
}

static unsigned long line_of(const struct reader *r)
{
	unsigned long line = 1;

	for (const char *at = r->start; at < r->at; at++)
		line += *at == '\n';
	return line;
}

bool json_read(const char *path, struct results *results, void (*make_tables)(struct results *results))
{
	char *text = read_file(path);
	struct reader r = {
		.at = text, .start = text, .results = results, .make_tables = make_tables, .line = NO_SUBJECT,
	};

	if (!text) {
		fprintf(stderr, "bench: cannot read %s: %s\n", path, strerror(errno));
		return false;
	}
	if (read_value(&r)) {
		skip_space(&r);
		if (*r.at)
			failed(&r, "text after the end");
		else if (!r.is_ours || !r.has_tables)
			failed(&r, "not results of this bench (" SCHEMA ")");
	}
	if (r.problem)
		fprintf(stderr, "bench: %s:%lu: %s\n", path, line_of(&r), r.problem);
	free(text);
	return !r.problem;
}
