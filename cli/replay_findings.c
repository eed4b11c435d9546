/* SPDX-License-Identifier: MIT */
/*
 * replay_findings.c - what matters about a replay, in plain sentences, worst first.
 *
 *	bad	kmem is broken > allocations failed > input damaged > events lost > parameters unknown
 *	note	memory wasted > fragmentation > never freed > what the recording does not say
 *
 * A sentence names the thing, the number and its unit, and what would change it.
 */
#include "cli/replay_report.h"
#include "cli/text.h"

#include <kmem/gfp.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FAILURE_SENTENCES 5
#define MAX_WASTE_SENTENCES 3
#define WASTE_LEAST_BYTES (1u << 20)

static void say(struct findings *findings, enum severity severity, unsigned int rank, const char *id,
		const char *format, ...) PRINTF(5, 6);

static void say(struct findings *findings, enum severity severity, unsigned int rank, const char *id,
		const char *format, ...)
{
	struct finding *finding = &findings->list[findings->nr];
	va_list args;

	findings->last = finding->text;
	findings->nr += findings->nr < MAX_FINDINGS;
	findings->nr_bad += severity == SEVERITY_BAD;
	finding->severity = severity;
	finding->rank = rank;
	finding->id = id;
	va_start(args, format);
	vsnprintf(finding->text, sizeof(finding->text), format, args);
	va_end(args);
}

/* Add to the sentence before. */
static void say_more(struct findings *findings, const char *format, ...) PRINTF(2, 3);

static void say_more(struct findings *findings, const char *format, ...)
{
	size_t length = strlen(findings->last);
	va_list args;

	va_start(args, format);
	vsnprintf(findings->last + length, FINDING_BYTES - length, format, args);
	va_end(args);
}

/* --------------------------------------------------------------------------------------------------- failures */

struct sizes_text failure_sizes(const struct replay_failure *failure, const char *to)
{
	struct sizes_text text;

	if (failure->least_bytes == failure->most_bytes)
		snprintf(text.at, sizeof(text.at), "%s", bytes_text(failure->most_bytes).at);
	else
		snprintf(text.at, sizeof(text.at), "%s%s%s", bytes_text(failure->least_bytes).at, to,
			 bytes_text(failure->most_bytes).at);
	return text;
}

static struct failure_text allocation_text(const struct replay_failure *failure, const char *size)
{
	struct failure_text text;

	if (!failure->cache)
		snprintf(text.at, sizeof(text.at), "order-%u pages", failure->order);
	else if (!strcmp(failure->cache, "kmalloc"))
		snprintf(text.at, sizeof(text.at), "kmalloc of %s", size);
	else
		snprintf(text.at, sizeof(text.at), "%s object of %s", failure->cache, size);
	return text;
}

struct failure_text failure_text(const struct replay_failure *failure)
{
	return allocation_text(failure, failure_sizes(failure, " to ").at);
}

struct failure_text failure_gfp(const struct replay_failure *failure)
{
	struct failure_text text = { "" };

	trace_format_gfp(text.at, sizeof(text.at), failure->gfp);
	return text;
}

/* "zone DMA32 had 360 KiB free and needs 364 KiB": to the KiB where rounding would make both the same. */
static void say_shortage(struct findings *findings, const struct replay_failure *failure)
{
	struct number_text had = pages_text(failure->zone_free), needs = pages_text(failure->wanted_free);

	if (!strcmp(had.at, needs.at) && failure->zone_free != failure->wanted_free)
		say_more(findings, "zone %s had %s KiB free and needs %s KiB", failure->zone,
			 count_text(failure->zone_free * 4).at, count_text(failure->wanted_free * 4).at);
	else
		say_more(findings, "zone %s had %s free and needs %s", failure->zone, had.at, needs.at);
}

static void say_reason(struct findings *findings, const struct replay_failure *failure)
{
	switch (failure->reason) {
	case REPLAY_TOO_LARGE:
		say_more(findings, "no block is that large, kmalloc ends at 4 MiB.");
		break;
	case REPLAY_TOO_SMALL_MACHINE:
		say_more(findings, "the zones that it may use are smaller than the block.");
		break;
	case REPLAY_NO_MEMORY:
		say_shortage(findings, failure);
		say_more(findings, " (block, watermark and reserves).");
		break;
	case REPLAY_RESERVED:
		say_shortage(findings, failure);
		say_more(findings, "; in all its zones %s were free, but kept for other requests "
			 "(lowmem_reserve_ratio, atomic reserve).", pages_text(failure->all_free).at);
		break;
	case REPLAY_FRAGMENTED:
		say_more(findings,
			"zone %s had %s free, but%s only in blocks of order %d and less (unusable index %s).",
			failure->zone, pages_text(failure->zone_free).at,
			failure->unusable < 1000 ? ", besides what it keeps for atomic requests," : "",
			failure->largest_order, thousandths_text(failure->unusable).at);
		break;
	default:
		say_more(findings, "the zones had room; a limit or failure injection refused it.");
	}
}

/* Failures that are one story: of one reason, and fragmentation of one order. */
static bool is_same_story(const struct replay_failure *a, const struct replay_failure *b)
{
	return a->reason == b->reason && (a->reason != REPLAY_FRAGMENTED || a->order == b->order);
}

/* Failures of one story that differ at most in their flags: of a cache, or of pages of an order. */
static bool is_same_thing(const struct replay_failure *a, const struct replay_failure *b)
{
	return a->cache == b->cache && (a->cache || a->order == b->order);
}

struct story {
	u64 count;
	unsigned int kinds;
	const struct replay_failure *first, *most;
	struct replay_failure things[2];	/* what failed most often, whatever the flags; a count of 0: no more */
};

/* All failures like that one and of its story, as one; a count of 0 if an earlier one is. */
static struct replay_failure thing_of(const struct replay_result *result, unsigned int i)
{
	struct replay_failure thing = result->failures[i];

	thing.count = 0;
	for (unsigned int n = 0; n < result->nr_failure_kinds; n++) {
		const struct replay_failure *failure = &result->failures[n];

		if (!is_same_story(failure, &thing) || !is_same_thing(failure, &thing))
			continue;
		if (n < i)
			return (struct replay_failure){ .count = 0 };
		thing.count += failure->count;
		if (failure->least_bytes < thing.least_bytes)
			thing.least_bytes = failure->least_bytes;
		if (failure->most_bytes > thing.most_bytes)
			thing.most_bytes = failure->most_bytes;
	}
	return thing;
}

static void find_things(struct story *story, const struct replay_result *result)
{
	for (unsigned int i = 0; i < result->nr_failure_kinds; i++) {
		struct replay_failure thing = { .count = 0 };

		if (is_same_story(&result->failures[i], story->most))
			thing = thing_of(result, i);
		if (thing.count > story->things[0].count) {
			story->things[1] = story->things[0];
			story->things[0] = thing;
		} else if (thing.count > story->things[1].count) {
			story->things[1] = thing;
		}
	}
}

/* Everything that is like failures[i]; no kinds if an earlier one was. */
static struct story story_of(const struct replay_result *result, unsigned int i)
{
	struct story story = { .first = &result->failures[i], .most = &result->failures[i] };

	for (unsigned int n = 0; n < result->nr_failure_kinds; n++) {
		const struct replay_failure *failure = &result->failures[n];

		if (!is_same_story(failure, story.most))
			continue;
		if (n < i)
			return (struct story){ .kinds = 0 };
		story.count += failure->count;
		story.kinds++;
		if (failure->file < story.first->file ||
		    (failure->file == story.first->file && failure->line < story.first->line))
			story.first = failure;
	}
	find_things(&story, result);
	return story;
}

static void say_story(struct findings *findings, const struct replay_result *result, const struct story *story,
		      unsigned int rank)
{
	struct failure_text what = story->kinds == 1 ? failure_text(story->most) :
		allocation_text(story->first, bytes_text(story->first->bytes).at);
	const char *reason = replay_reason_text(story->most->reason);

	if (story->kinds == 1 && !story->most->cache)
		what.at[0] = 'O';
	if (story->kinds == 1)
		say(findings, SEVERITY_BAD, rank, "failure", "%s failed %s %s (%s), first at ", what.at,
			count_text(story->count).at, plural(story->count, "time", "times"), reason);
	else
		say(findings, SEVERITY_BAD, rank, "failure", "%s allocations failed (%s), first at ",
			count_text(story->count).at, reason);
	if (result->nr_files > 1)
		say_more(findings, "%s ", result->files[story->first->file]);
	say_more(findings, "line %llu: ", story->first->line);
	if (story->kinds > 1)
		say_more(findings, "%s with ", what.at);
	say_more(findings, "%s; ", failure_gfp(story->first).at);
	say_reason(findings, story->first);
	if (story->things[1].count)
		say_more(findings, " Most often: %s (%s), %s (%s).", failure_text(&story->things[0]).at,
			count_text(story->things[0].count).at, failure_text(&story->things[1]).at,
			count_text(story->things[1].count).at);
}

static void find_failures(struct findings *findings, const struct report *report)
{
	const struct replay_result *result = report->result;
	u64 rest = result->nr_failures;
	unsigned int said = 0;

	for (unsigned int i = 0; i < result->nr_failure_kinds && said < MAX_FAILURE_SENTENCES; i++) {
		struct story story = story_of(result, i);

		if (!story.kinds)
			continue;
		rest -= story.count;
		say_story(findings, result, &story, 900 - said++);
	}
	if (rest)
		say(findings, SEVERITY_BAD, 890, "failure", "%s further allocations failed, of other kinds.",
			count_text(rest).at);
}

static void find_size(struct findings *findings, const struct report *report)
{
	const struct size_search *search = &report->search;
	bool is_all = failures_curable(report->result) == report->result->nr_failures;
	const char *what = is_all ? "all of it succeed" : "all succeed that memory can help";

	if (!search->was_tried)
		return;
	if (search->smallest_bytes)
		say(findings, SEVERITY_BAD, 880, "smallest-machine",
			"The smallest change that lets %s: mem=%s. With mem=%s something still fails. (%u replays)",
			what, size_param(search->smallest_bytes).at, size_param(search->failing_bytes).at,
			search->runs);
	else
		say(findings, SEVERITY_BAD, 880, "smallest-machine", "Nothing up to mem=%s lets %s. (%u replays)",
		    size_param(search->failing_bytes).at, what, search->runs);
}

/* ------------------------------------------------------------------------------------------------------- input */

/* Events that are not in the order in which they happened, within a file or from one to the next. */
static void find_order(struct findings *findings, const struct replay_result *result)
{
	u64 nr = 0, last_ns = 0;

	for (unsigned int i = 0; i < result->nr_files; i++) {
		const struct trace_stats *trace = &result->trace[i];

		nr += trace->nr_backwards + (trace->last_ns && trace->first_ns < last_ns);
		if (trace->last_ns > last_ns)
			last_ns = trace->last_ns;
	}
	if (nr)
		say(findings, SEVERITY_NOTE, 520, "disorder",
			"Time goes back %s %s: where a free comes before its allocation, live memory is only about "
			"right. Give files in their order; trace-cmd report merges those of several CPUs.",
			count_text(nr).at, plural(nr, "time", "times"));
}

static void find_damage(struct findings *findings, const struct report *report)
{
	const struct replay_result *result = report->result;

	if (report->error && report->error->kind != TRACE_ERROR_NONE)
		say(findings, SEVERITY_BAD, 850, "input-cut",
			"The input ends early (%s): this report is without what would follow.", report->error->text);
	for (unsigned int i = 0; i < result->nr_files; i++) {
		const struct trace_stats *trace = &result->trace[i];

		if (trace->nr_malformed)
			say(findings, SEVERITY_BAD, 840, "malformed-lines",
				"%s %s no trace %s and %s skipped; the first: %s:%llu:%llu: %s.",
				count_text(trace->nr_malformed).at,
				plural(trace->nr_malformed, "line is", "lines are"),
				plural(trace->nr_malformed, "line", "lines"),
				plural(trace->nr_malformed, "was", "were"), result->files[i], trace->bad[0].line,
				trace->bad[0].column, trace->bad[0].reason);
		if (trace->nr_truncated)
			say(findings, SEVERITY_BAD, 845, "cut-line",
				"%s has no newline at its end: its last line, %llu, may be cut and was skipped.",
				result->files[i], trace->nr_lines);
		if (trace->nr_lost || trace->nr_lost_uncounted)
			say(findings, SEVERITY_BAD, 830, "lost-events",
				"The recording lost %s%s %s: frees and allocations are missing, so live memory "
				"is only about right. Record with larger buffers (buffer_size_kb).",
				trace->nr_lost_uncounted ? "at least " : "",
				count_text(trace->nr_lost + trace->nr_lost_uncounted).at,
				plural(trace->nr_lost + trace->nr_lost_uncounted, "event", "events"));
		if (trace->entries_written > trace->entries_in_buffer)
			say(findings, SEVERITY_BAD, 829, "overwritten-events",
			    "The recording's buffer overwrote %s of %s events: this is its last part only.",
			    count_text(trace->entries_written - trace->entries_in_buffer).at,
			    count_text(trace->entries_written).at);
	}
	find_order(findings, result);
	if (!result->counts.events)
		say(findings, SEVERITY_BAD, 860, "no-events",
			"There is no kmem event in the recording: was the kmem event group on?");
}

static void find_unknown_parameters(struct findings *findings, const struct replay_result *result)
{
	const char *line = strstr(result->console, "Unknown kernel command line parameters");
	size_t length = line ? strcspn(line, "\n") : 0, cut = length;

	/* Up to the last comma: parameters have some, too. */
	while (cut && line[cut] != ',')
		cut--;
	if (line)
		say(findings, SEVERITY_BAD, 820, "unknown-parameters", "%.*s.", (int)(cut ? cut : length), line);
}

/* ----------------------------------------------------------------------------------------------------- memory */

static void find_waste(struct findings *findings, const struct replay_result *result)
{
	unsigned int said = 0;

	for (unsigned int i = 0; i < result->nr_slabs && said < MAX_WASTE_SENTENCES; i++) {
		const struct replay_slab *slab = &result->slabs[i];

		if (slab->waste_bytes < WASTE_LEAST_BYTES || slab->waste_bytes * 4 < slab->memory_bytes)
			continue;
		say(findings, SEVERITY_NOTE, 400 - said++, "slab-waste",
		    "%s of the slab memory of %s is waste: %s in %s slabs for %s live objects of %u bytes%s",
		    share_text(slab->waste_bytes, slab->memory_bytes).at, slab->name, bytes_text(slab->memory_bytes).at,
		    count_text(slab->slabs).at, count_text(slab->live).at, slab->object_bytes,
		    slab->peak > slab->live * 2 ? "" : ".");
		if (slab->peak > slab->live * 2)
			say_more(findings, " (at most %s).", count_text(slab->peak).at);
	}
}

static const struct zone_stats *largest_zone(const struct replay_result *result)
{
	const struct zone_stats *best = NULL;

	for (unsigned int i = 0; i < result->nr_zones; i++)
		if (!best || result->zones[i].managed > best->managed)
			best = &result->zones[i];
	return best;
}

static void find_pressure(struct findings *findings, const struct replay_result *result)
{
	const struct zone_stats *zone = largest_zone(result);
	u64 managed = result->stats.managed_pages;

	if (!result->nr_failures && result->peak_used_pages * 10 > managed * 9)
		say(findings, SEVERITY_NOTE, 450, "nearly-full",
			"The machine was nearly full: %s of its %s in use at the peak.",
			share_text(result->peak_used_pages, managed).at, pages_text(managed).at);
	if (zone && zone->unusable[9] >= 500 && zone->free * 10 >= zone->managed)
		say(findings, SEVERITY_NOTE, 380, "fragmentation",
			"Zone %s is fragmented at the end: of its %s free memory (%s) %d %% cannot serve a 2 MiB "
			"page (order 9).",
			zone->name, share_text(zone->free, zone->managed).at, pages_text(zone->free).at,
			zone->unusable[9] / 10);
}

static const struct replay_cache *most_live_cache(const struct replay_result *result)
{
	const struct replay_cache *best = NULL;

	for (unsigned int i = 0; i < result->nr_caches; i++)
		if (!best || result->caches[i].live_bytes > best->live_bytes)
			best = &result->caches[i];
	return best;
}

static void find_never_freed(struct findings *findings, const struct replay_result *result)
{
	const struct replay_totals *objects = &result->objects;
	const struct replay_cache *cache = most_live_cache(result);

	if (objects->live && cache) {
		say(findings, SEVERITY_NOTE, 350, "never-freed",
			"%s %s (%s) %s not freed within the recording; most bytes in %s (%s",
			count_text(objects->live).at, plural(objects->live, "object", "objects"),
			bytes_text(objects->live_bytes).at, plural(objects->live, "was", "were"), cache->name,
			bytes_text(cache->live_bytes).at);
		if (result->nr_sites)
			say_more(findings, "), most from %s (%s", result->sites[0].name,
				bytes_text(result->sites[0].live_bytes).at);
		say_more(findings, ").");
	}
	if (result->pages.live)
		say(findings, SEVERITY_NOTE, 340, "never-freed-pages",
			"%s of page blocks (%s of those allocated) %s not freed within the recording.",
			pages_text(result->pages.live).at, share_text(result->pages.live, result->pages.allocated).at,
			"were");
}

/* ---------------------------------------------------------------------------------------- what is not recorded */

static void find_gaps(struct findings *findings, const struct replay_result *result)
{
	const struct replay_counts *counts = &result->counts;
	u64 implied = counts->implied_reuse + counts->implied_page, flags = 0;

	if (counts->recorded_failure)
		say(findings, SEVERITY_NOTE, 500, "recorded-failures",
			"%s %s failed already on the recorded machine: not tried here.",
			count_text(counts->recorded_failure).at,
			plural(counts->recorded_failure, "allocation", "allocations"));
	if (counts->old_object + counts->old_page)
		say(findings, SEVERITY_NOTE, 200, "older",
		    "%s %s and %s page %s older than the recording were freed: nothing to replay.",
		    count_text(counts->old_object).at, plural(counts->old_object, "object", "objects"),
		    count_text(counts->old_page).at, plural(counts->old_page, "block", "blocks"));
	if (implied)
		say(findings, SEVERITY_NOTE, 190, "implied-frees",
			"%s %s freed without an event: %s by an allocation at the same address, %s with the page that "
			"held %s.",
			count_text(implied).at, plural(implied, "object was", "objects were"),
			count_text(counts->implied_reuse).at, count_text(counts->implied_page).at,
			plural(counts->implied_page, "it", "them"));
	if (counts->no_address)
		say(findings, SEVERITY_NOTE, 480, "no-address",
			"%s %s address and could not be replayed (kernel.kptr_restrict).",
			count_text(counts->no_address).at,
			plural(counts->no_address, "event hides its", "events hide their"));
	if (counts->impossible)
		say(findings, SEVERITY_NOTE, 470, "impossible",
			"%s page %s an order or frame that cannot be: skipped.", count_text(counts->impossible).at,
			plural(counts->impossible, "event names", "events name"));
	for (unsigned int i = 0; i < result->nr_files; i++)
		flags += result->trace[i].nr_unknown_gfp;
	if (flags)
		say(findings, SEVERITY_NOTE, 465, "unknown-flags",
			"%s GFP %s no meaning here and %s left out.", count_text(flags).at,
			plural(flags, "flag of an allocation has", "flags of allocations have"),
			plural(flags, "was", "were"));
	if (counts->over_cap && result->nr_caches < REPLAY_MAX_CACHES)
		say(findings, SEVERITY_NOTE, 460, "unmade-caches",
		    "For some caches this machine had no memory: %s of their allocations %s made by kmalloc.",
		    count_text(counts->over_cap).at, plural(counts->over_cap, "was", "were"));
	else if (counts->over_cap)
		say(findings, SEVERITY_NOTE, 460, "many-caches",
		    "More than %u caches: of the others %s %s made by kmalloc.", REPLAY_MAX_CACHES,
		    count_text(counts->over_cap).at,
		    plural(counts->over_cap, "allocation was", "allocations were"));
	if (counts->oversize)
		say(findings, SEVERITY_NOTE, 455, "odd-sizes",
			"%s cache %s a size that no cache has: made by kmalloc.", count_text(counts->oversize).at,
			plural(counts->oversize, "allocation names", "allocations name"));
}

static void find_overlap(struct findings *findings, const struct replay_result *result)
{
	u64 hashed = 0;

	for (unsigned int i = 0; i < result->nr_files; i++)
		hashed += result->trace[i].nr_hashed;
	if (!result->has_slab_events || !result->has_page_events)
		return;
	if (hashed)
		say(findings, SEVERITY_NOTE, 440, "hashed-addresses",
			"The recording hides where objects lie (hashed pointers), so the slab layer's own pages "
			"could not be told from "
			"others and are counted twice. Record with no_hash_pointers, or without page events.");
	else if (!result->addresses_known && result->counts.off_map > result->objects.allocated / 2)
		say(findings, SEVERITY_NOTE, 440, "unknown-addresses",
			"In which pages objects lie could not be told from their addresses (pages that are not of "
			"4 KiB, or another architecture's): pages of the slab layer in the recording are counted "
			"twice.");
}

static int worse_first(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	return x->rank < y->rank ? 1 : x->rank > y->rank ? -1 : strcmp(x->text, y->text);
}

void findings_make(struct findings *findings, const struct report *report)
{
	const struct replay_result *result = report->result;

	findings->nr = findings->nr_bad = 0;
	if (!result->is_whole)
		say(findings, SEVERITY_BAD, 1000, "broken", "kmem itself is broken (%s, %s): please report this.",
			result->fault.id, result->fault.place);
	find_failures(findings, report);
	find_size(findings, report);
	find_damage(findings, report);
	find_unknown_parameters(findings, result);
	find_pressure(findings, result);
	find_waste(findings, result);
	find_never_freed(findings, result);
	find_gaps(findings, result);
	find_overlap(findings, result);
	qsort(findings->list, findings->nr, sizeof(findings->list[0]), worse_first);
}
