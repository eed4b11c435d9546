/* SPDX-License-Identifier: MIT */
/*
 * replay_report.c - a result for people: findings, then tables, at most 100 columns wide.
 *
 * Sizes are rounded to what matters, counts are exact; a table without rows is not printed.
 */
#include "cli/replay_report.h"
#include "cli/text.h"

#include <string.h>

#define WIDTH 100

static void heading(FILE *out, const char *title, const char *remark)
{
	struct colours colours = colours_for(out);

	fprintf(out, "\n%s%s%s%s%s\n", colours.head, title, colours.off, *remark ? "  " : "", remark);
}

/* A name cut to its column, the cut marked. */
static struct number_text fit(const char *name, size_t columns)
{
	struct number_text text;
	size_t length = strlen(name);

	if (columns > sizeof(text.at) - 1)
		columns = sizeof(text.at) - 1;
	if (length <= columns)
		snprintf(text.at, sizeof(text.at), "%s", name);
	else
		snprintf(text.at, sizeof(text.at), "%.*s~", (int)columns - 1, name);
	return text;
}

/* "vm_area_struct 192 B", "kmalloc 32 B..2.0 KiB", "order-3 pages". */
static struct number_text fit_failure(const struct replay_failure *failure)
{
	char text[112];

	if (!failure->cache)
		snprintf(text, sizeof(text), "order-%u pages", failure->order);
	else
		snprintf(text, sizeof(text), "%.24s %s", failure->cache, failure_sizes(failure, "..").at);
	return fit(text, 25);
}

/* The flags without "GFP_" and "__GFP_", cut to the rest of the line. */
static struct number_text fit_flags(const struct replay_failure *failure)
{
	struct failure_text flags = failure_gfp(failure);
	char *to = flags.at;

	for (const char *from = flags.at; *from;) {
		if (!strncmp(from, "__GFP_", 6))
			from += 6;
		else if (!strncmp(from, "GFP_", 4))
			from += 4;
		while (*from && *from != '|')
			*to++ = *from++;
		if (*from)
			*to++ = *from++;
	}
	*to = '\0';
	return fit(flags.at, 19);
}

/* -------------------------------------------------------------------------------------------------------- top */

static bool has_clock(const struct replay_result *result)
{
	for (unsigned int i = 0; i < result->nr_files; i++)
		if (result->trace[i].time_is_counter)
			return false;
	return true;
}

static unsigned int cpus_of(const struct replay_result *result)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < result->nr_files; i++)
		if (result->trace[i].nr_cpus > nr)
			nr = result->trace[i].nr_cpus;
	return nr;
}

static void print_recording(FILE *out, const struct replay_result *result)
{
	const char *name = strrchr(result->files[0], '/');

	fprintf(out, "Recording  %s", name ? name + 1 : result->files[0]);
	if (result->nr_files > 1)
		fprintf(out, " and %u more", result->nr_files - 1);
	fprintf(out, ": %s %s", count_text(result->counts.events).at, plural(result->counts.events, "event", "events"));
	if (has_clock(result))
		fprintf(out, " in %s", seconds_text(result->last_ns - result->first_ns).at);
	if (cpus_of(result))
		fprintf(out, " on %u %s", cpus_of(result), plural(cpus_of(result), "CPU", "CPUs"));
	if (result->is_cut)
		fputs(", cut by --limit", out);
	fputc('\n', out);
}

static void print_machine(FILE *out, const struct report *report)
{
	const struct replay_result *result = report->result;

	fprintf(out, "Machine    %s%s%s%s\n", *result->cmdline ? result->cmdline : "(no command line)",
		report->size_note ? " (" : "", report->size_note ? report->size_note : "",
		report->size_note ? ")" : "");
	fprintf(out, "           %s managed, at most %s in use (%s), %s free at the end; took %s\n",
		pages_text(result->stats.managed_pages).at, pages_text(result->peak_used_pages).at,
		share_text(result->peak_used_pages, result->stats.managed_pages).at,
		pages_text(result->stats.free_pages + result->stats.pcp_pages).at, seconds_text(result->elapsed_ns).at);
}

static void print_findings(FILE *out, const struct findings *findings)
{
	struct colours colours = colours_for(out);

	heading(out, "FINDINGS", findings->nr ? "" : "none");
	if (findings->nr && !findings->nr_bad)
		fputs("  Nothing failed.\n", out);
	for (unsigned int i = 0; i < findings->nr; i++) {
		const struct finding *finding = &findings->list[i];
		bool is_bad = finding->severity == SEVERITY_BAD;

		fprintf(out, "  %s%c%s ", is_bad ? colours.bad : colours.note, is_bad ? '!' : '-', colours.off);
		print_wrapped(out, finding->text, 4, WIDTH);
	}
}

/* ----------------------------------------------------------------------------------------------------- tables */

static void print_failures(FILE *out, const struct report *report)
{
	const struct replay_result *result = report->result;

	if (!result->nr_failures)
		return;
	heading(out, "FAILURES", result->nr_files > 1 ?
		"by kind; reason, free memory and line (file:line) are the first one's" :
		"by kind; reason, free memory and line are the first one's");
	fprintf(out, "  %-25s %-15s %8s %8s %8s %8s  %s\n", "allocation", "reason", "failed", "free", "needed",
		"line", "GFP flags");
	for (unsigned int i = 0; i < result->nr_failure_kinds && i < report->top; i++) {
		const struct replay_failure *failure = &result->failures[i];
		char line[40];

		if (result->nr_files > 1)
			snprintf(line, sizeof(line), "%u:%llu", failure->file + 1, failure->line);
		else
			snprintf(line, sizeof(line), "%llu", failure->line);
		fprintf(out, "  %-25s %-15s %8s %8s %8s %8s  %s\n", fit_failure(failure).at,
			replay_reason_text(failure->reason), count_text(failure->count).at,
			pages_text(failure->zone_free).at, pages_text(failure->wanted_free).at, line,
			fit_flags(failure).at);
	}
}

static void print_slabs(FILE *out, const struct report *report)
{
	const struct replay_result *result = report->result;
	u64 memory = 0, waste = 0, live = 0, slabs = 0;
	char all[32];

	if (!result->nr_slabs)
		return;
	heading(out, "SLABS", "at the end, most memory first; waste: slab memory that holds no live object's bytes");
	fprintf(out, "  %-25s %7s %9s %9s %8s %7s %8s %8s %6s\n", "cache", "object", "live", "peak", "slabs", "each",
		"memory", "waste", "share");
	for (unsigned int i = 0; i < result->nr_slabs; i++) {
		const struct replay_slab *slab = &result->slabs[i];

		memory += slab->memory_bytes;
		waste += slab->waste_bytes;
		live += slab->live;
		slabs += slab->slabs;
		if (i >= report->top)
			continue;
		fprintf(out, "  %-25s %5u B %9s %9s %8s %7s %8s %8s %6s\n", fit(slab->name, 25).at,
			slab->object_bytes, count_text(slab->live).at, slab->peak ? count_text(slab->peak).at : "-",
			count_text(slab->slabs).at, bytes_text(slab->slab_bytes).at,
			bytes_text(slab->memory_bytes).at, bytes_text(slab->waste_bytes).at,
			share_text(slab->waste_bytes, slab->memory_bytes).at);
	}
	snprintf(all, sizeof(all), "all %u %s", result->nr_slabs, plural(result->nr_slabs, "cache", "caches"));
	fprintf(out, "  %-25s %7s %9s %9s %8s %7s %8s %8s %6s\n", all, "", count_text(live).at, "",
		count_text(slabs).at, "", bytes_text(memory).at, bytes_text(waste).at, share_text(waste, memory).at);
}

static void print_zones(FILE *out, const struct replay_result *result)
{
	heading(out, "ZONES", "at the end");
	fprintf(out, "  %-4s %-8s %10s %10s %6s %10s %10s %10s %10s\n", "node", "zone", "managed", "free", "",
		"on CPUs", "min", "low", "high");
	for (unsigned int i = 0; i < result->nr_zones; i++) {
		const struct zone_stats *zone = &result->zones[i];

		fprintf(out, "  %-4d %-8s %10s %10s %6s %10s %10s %10s %10s\n", zone->node, zone->name,
			pages_text(zone->managed).at, pages_text(zone->free).at,
			share_text(zone->free, zone->managed).at, pages_text(zone->pcp).at, pages_text(zone->min).at,
			pages_text(zone->low).at, pages_text(zone->high).at);
	}
}

#define ZONE_COLUMNS 5

static void print_orders(FILE *out, const struct replay_result *result)
{
	unsigned int nr = result->nr_zones < ZONE_COLUMNS ? result->nr_zones : ZONE_COLUMNS;
	char title[24];

	heading(out, "ORDERS",
		"page blocks; by zone at the end: the part of the free memory that cannot serve the order");
	fprintf(out, "  %5s %8s %11s %9s %9s  ", "order", "block", "allocated", "failed", "free");
	for (unsigned int i = 0; i < nr; i++) {
		snprintf(title, sizeof(title), "%d/%s", result->zones[i].node, result->zones[i].name);
		fprintf(out, " %9s", title);
	}
	fputc('\n', out);
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++) {
		fprintf(out, "  %5u %8s %11s %9s %9s  ", order, pages_text(1ull << order).at,
			count_text(result->by_order[order]).at, count_text(result->failed_by_order[order]).at,
			count_text(result->stats.free_blocks[order]).at);
		for (unsigned int i = 0; i < nr; i++)
			fprintf(out, " %9s", thousandths_text(result->zones[i].unusable[order]).at);
		fputc('\n', out);
	}
	if (nr < result->nr_zones)
		fprintf(out, "  (the first %u of %u zones; --json has all)\n", nr, result->nr_zones);
}

/* Three digits of thousandths; orders 1 to 10 of that and the rest fit a line. */
static void print_moments(FILE *out, const struct replay_result *result)
{
	if (!result->nr_moments)
		return;
	heading(out, "OVER TIME", "the part of all free memory that cannot serve an order, in thousandths");
	fprintf(out, "  %12s %9s %9s  order", "events", "after", "free");
	for (unsigned int order = 1; order < NR_PAGE_ORDERS; order++)
		fprintf(out, "%*u", order == 1 ? 2 : 5, order);
	fputc('\n', out);
	for (unsigned int i = 0; i < result->nr_moments; i++) {
		const struct replay_moment *moment = &result->moments[i];
		u64 after = moment->timestamp_ns > result->first_ns ? moment->timestamp_ns - result->first_ns : 0;

		fprintf(out, "  %12s %9s %9s   ", count_text(moment->events).at,
			has_clock(result) ? seconds_text(after).at : "-",
			pages_text(moment->free_pages).at);
		for (unsigned int order = 1; order < NR_PAGE_ORDERS; order++)
			fprintf(out, "%5d", moment->unusable[order]);
		fputc('\n', out);
	}
}

static void print_overhead(FILE *out, const struct replay_result *result)
{
	const struct replay_totals *objects = &result->objects;
	u64 in_slabs = 0, taken = 0, large = (u64)result->stats.large_kmalloc_pages * 4096;

	for (unsigned int i = 0; i < result->nr_slabs; i++) {
		in_slabs += result->slabs[i].memory_bytes;
		taken += result->slabs[i].live * result->slabs[i].bytes;
	}
	heading(out, "OVERHEAD", "at the end");
	fprintf(out, "  objects      %9s asked for (peak %s), %s with padding and the slab layer's own\n",
		bytes_text(objects->live_bytes).at, bytes_text(objects->peak_bytes).at, bytes_text(taken).at);
	fprintf(out, "  slabs        %9s, and %s of kmallocs too large for them\n", bytes_text(in_slabs).at,
		bytes_text(large).at);
	if (result->has_page_events)
		fprintf(out, "  page blocks  %9s (peak %s)\n", bytes_text(result->pages.live_bytes).at,
			bytes_text(result->pages.peak_bytes).at);
	fprintf(out, "  outside      %9s for the replay's own tables of what is live\n",
		bytes_text(result->map_bytes).at);
}

static void print_sites(FILE *out, const struct report *report)
{
	const struct replay_result *result = report->result;

	if (!result->nr_sites)
		return;
	heading(out, "NOT FREED", "objects by call site");
	fprintf(out, "  %9s %9s  %s\n", "objects", "bytes", "call site");
	for (unsigned int i = 0; i < result->nr_sites && i < (report->top + 1) / 2; i++)
		fprintf(out, "  %9s %9s  %.76s\n", count_text(result->sites[i].live).at,
			bytes_text(result->sites[i].live_bytes).at, result->sites[i].name);
}

/* Two columns of a name and its count, those that are 0 left out. */
static void print_counts(FILE *out, const struct replay_result *result)
{
	const struct replay_counts *c = &result->counts;
	const struct {
		const char *name;
		u64 count;
	} rows[] = {
		{ "kmalloc replayed", c->kmalloc },
		{ "kfree replayed", c->kfree },
		{ "cache allocations replayed", c->cache_alloc },
		{ "cache frees replayed", c->cache_free },
		{ "page allocations replayed", c->page_alloc },
		{ "page frees replayed", c->page_free },
		{ "slab layer's own page allocs", c->slab_page_alloc },
		{ "slab layer's own page frees", c->slab_page_free },
		{ "allocations failed here", c->failed },
		{ "frees of what failed here", c->freed_failed },
		{ "failed when recorded", c->recorded_failure },
		{ "kfree(NULL)", c->free_null },
		{ "kmalloc(0)", c->zero_size },
		{ "objects older than recording", c->old_object },
		{ "pages older than recording", c->old_page },
		{ "a free's second event", c->twice },
		{ "allocator's inner events", c->inside },
		{ "address hidden", c->no_address },
		{ "impossible values", c->impossible },
	};
	unsigned int shown = 0;

	heading(out, "EVENTS", "what became of each");
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!rows[i].count)
			continue;
		fprintf(out, "%s%-29s %12s%s", shown % 2 ? "      " : "  ", rows[i].name, count_text(rows[i].count).at,
			shown % 2 ? "\n" : "");
		shown++;
	}
	if (shown % 2)
		fputc('\n', out);
	if (c->implied_reuse + c->implied_page + c->implied_block)
		fprintf(out,
			"  frees without an event: %s by reuse of the address, %s by the end of the page, %s page "
			"blocks\n",
			count_text(c->implied_reuse).at, count_text(c->implied_page).at,
			count_text(c->implied_block).at);
}

static void print_lines(FILE *out, const struct replay_result *result)
{
	for (unsigned int i = 0; i < result->nr_files; i++) {
		const struct trace_stats *trace = &result->trace[i];
		const char *name = strrchr(result->files[i], '/');

		fprintf(out, "  %s: %s lines, %s of other events, %s malformed, %s lost\n",
			fit(name ? name + 1 : result->files[i], 31).at, count_text(trace->nr_lines).at,
			count_text(trace->nr_unknown).at, count_text(trace->nr_malformed).at,
			count_text(trace->nr_lost + trace->nr_lost_uncounted).at);
	}
}

static void print_console(FILE *out, const struct replay_result *result)
{
	if (!result->console_lines)
		return;
	heading(out, "CONSOLE", "what the machine said");
	for (const char *line = result->console; *line; line += strcspn(line, "\n"), line += *line == '\n')
		fprintf(out, "  %.*s\n", (int)strcspn(line, "\n"), line);
}

void report_print(FILE *out, const struct report *report, const struct findings *findings)
{
	const struct replay_result *result = report->result;

	print_recording(out, result);
	print_machine(out, report);
	print_findings(out, findings);
	print_failures(out, report);
	print_slabs(out, report);
	print_zones(out, result);
	print_orders(out, result);
	print_moments(out, result);
	print_overhead(out, result);
	print_sites(out, report);
	print_counts(out, result);
	print_lines(out, result);
	print_console(out, result);
}
