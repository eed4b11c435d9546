/* SPDX-License-Identifier: MIT */
/*
 * replay_json.c - a report for programs: all that the tables show, uncut, in bytes, pages and nanoseconds.
 *
 * "format" rises when a name changes its meaning or goes; new names may come at any time.
 */
#include "cli/json.h"
#include "cli/replay_report.h"

#include <kmem/version.h>
#include <string.h>

#define FORMAT 1

static void write_counts(struct json *json, const struct replay_counts *c)
{
	json_open(json, "events", '{');
#define COUNT(name) json_number(json, #name, c->name)
	COUNT(events);
	COUNT(kmalloc);
	COUNT(kfree);
	COUNT(cache_alloc);
	COUNT(cache_free);
	COUNT(page_alloc);
	COUNT(page_free);
	COUNT(slab_page_alloc);
	COUNT(slab_page_free);
	COUNT(failed);
	COUNT(freed_failed);
	COUNT(free_null);
	COUNT(zero_size);
	COUNT(old_object);
	COUNT(old_page);
	COUNT(twice);
	COUNT(recorded_failure);
	COUNT(inside);
	COUNT(no_address);
	COUNT(impossible);
	COUNT(implied_reuse);
	COUNT(implied_page);
	COUNT(implied_block);
	COUNT(split_frees);
	COUNT(over_cap);
	COUNT(oversize);
	COUNT(off_map);
#undef COUNT
	json_close(json);
}

static void write_totals(struct json *json, const char *key, const struct replay_totals *totals)
{
	json_open(json, key, '{');
	json_number(json, "allocated", totals->allocated);
	json_number(json, "freed", totals->freed);
	json_number(json, "live", totals->live);
	json_number(json, "live_bytes", totals->live_bytes);
	json_number(json, "peak_bytes", totals->peak_bytes);
	json_close(json);
}

static void write_findings(struct json *json, const struct findings *findings)
{
	json_open(json, "findings", '[');
	for (unsigned int i = 0; i < findings->nr; i++) {
		json_open(json, NULL, '{');
		json_string(json, "id", findings->list[i].id);
		json_string(json, "severity", findings->list[i].severity == SEVERITY_BAD ? "bad" : "note");
		json_string(json, "text", findings->list[i].text);
		json_close(json);
	}
	json_close(json);
}

static void write_failures(struct json *json, const struct replay_result *result)
{
	json_number(json, "nr_failures", result->nr_failures);
	json_open(json, "failures", '[');
	for (unsigned int i = 0; i < result->nr_failure_kinds; i++) {
		const struct replay_failure *failure = &result->failures[i];

		json_open(json, NULL, '{');
		json_string(json, "cache", failure->cache);
		json_number(json, "bytes", failure->bytes);
		json_number(json, "least_bytes", failure->least_bytes);
		json_number(json, "most_bytes", failure->most_bytes);
		json_number(json, "order", failure->order);
		json_string(json, "gfp", failure_gfp(failure).at);
		json_number(json, "count", failure->count);
		json_string(json, "reason", replay_reason_text(failure->reason));
		json_string(json, "file", result->files[failure->file]);
		json_number(json, "line", failure->line);
		json_number(json, "timestamp_ns", failure->timestamp_ns);
		json_string(json, "zone", failure->zone);
		json_number(json, "zone_free_pages", failure->zone_free);
		json_number(json, "zone_min_pages", failure->zone_min);
		json_number(json, "wanted_free_pages", failure->wanted_free);
		json_signed(json, "largest_free_order", failure->largest_order);
		json_signed(json, "unusable_thousandths", failure->unusable);
		json_close(json);
	}
	json_close(json);
}

static void write_caches(struct json *json, const struct replay_result *result)
{
	json_open(json, "recorded_caches", '[');
	for (unsigned int i = 0; i < result->nr_caches; i++) {
		const struct replay_cache *cache = &result->caches[i];

		if (!cache->allocated && !cache->failed)
			continue;
		json_open(json, NULL, '{');
		json_string(json, "name", cache->name);
		json_number(json, "object_bytes", cache->object_bytes);
		json_number(json, "recorded_bytes", cache->recorded_bytes);
		json_number(json, "allocated", cache->allocated);
		json_number(json, "freed", cache->freed);
		json_number(json, "live", cache->live);
		json_number(json, "peak", cache->peak);
		json_number(json, "failed", cache->failed);
		json_number(json, "live_bytes", cache->live_bytes);
		json_close(json);
	}
	json_close(json);
}

static void write_slabs(struct json *json, const struct replay_result *result)
{
	json_open(json, "slabs", '[');
	for (unsigned int i = 0; i < result->nr_slabs; i++) {
		const struct replay_slab *slab = &result->slabs[i];

		json_open(json, NULL, '{');
		json_string(json, "name", slab->name);
		json_number(json, "object_bytes", slab->object_bytes);
		json_number(json, "bytes", slab->bytes);
		json_number(json, "slab_bytes", slab->slab_bytes);
		json_number(json, "live", slab->live);
		json_number(json, "peak", slab->peak);
		json_number(json, "slabs", slab->slabs);
		json_number(json, "memory_bytes", slab->memory_bytes);
		json_number(json, "waste_bytes", slab->waste_bytes);
		json_close(json);
	}
	json_close(json);
}

static void write_sites(struct json *json, const struct replay_result *result)
{
	json_open(json, "not_freed", '[');
	for (unsigned int i = 0; i < result->nr_sites; i++) {
		json_open(json, NULL, '{');
		json_string(json, "call_site", result->sites[i].name);
		json_number(json, "live", result->sites[i].live);
		json_number(json, "live_bytes", result->sites[i].live_bytes);
		json_close(json);
	}
	json_close(json);
}

static void write_orders(struct json *json, const char *key, const u64 *numbers)
{
	json_open(json, key, '[');
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
		json_number(json, NULL, numbers[order]);
	json_close(json);
}

static void write_moments(struct json *json, const struct replay_result *result)
{
	json_open(json, "moments", '[');
	for (unsigned int i = 0; i < result->nr_moments; i++) {
		const struct replay_moment *moment = &result->moments[i];

		json_open(json, NULL, '{');
		json_number(json, "events", moment->events);
		json_number(json, "timestamp_ns", moment->timestamp_ns);
		json_number(json, "free_pages", moment->free_pages);
		json_open(json, "unusable_thousandths", '[');
		for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
			json_signed(json, NULL, moment->unusable[order]);
		json_close(json);
		json_close(json);
	}
	json_close(json);
}

static void write_zones(struct json *json, const struct replay_result *result)
{
	json_open(json, "zones", '[');
	for (unsigned int i = 0; i < result->nr_zones; i++) {
		const struct zone_stats *zone = &result->zones[i];

		json_open(json, NULL, '{');
		json_number(json, "node", (u64)zone->node);
		json_string(json, "name", zone->name);
		json_number(json, "managed_pages", zone->managed);
		json_number(json, "free_pages", zone->free);
		json_number(json, "cpu_pages", zone->pcp);
		json_number(json, "min_pages", zone->min);
		json_number(json, "low_pages", zone->low);
		json_number(json, "high_pages", zone->high);
		json_open(json, "free_blocks", '[');
		for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
			json_number(json, NULL, zone->free_blocks[order]);
		json_close(json);
		json_open(json, "unusable_thousandths", '[');
		for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
			json_signed(json, NULL, zone->unusable[order]);
		json_close(json);
		json_close(json);
	}
	json_close(json);
}

static void write_recording(struct json *json, const struct report *report)
{
	const struct replay_result *result = report->result;

	json_open(json, "recording", '{');
	json_open(json, "files", '[');
	for (unsigned int i = 0; i < result->nr_files; i++) {
		const struct trace_stats *trace = &result->trace[i];

		json_open(json, NULL, '{');
		json_string(json, "name", result->files[i]);
		json_number(json, "lines", trace->nr_lines);
		json_number(json, "events", trace->nr_events);
		json_number(json, "other_events", trace->nr_unknown);
		json_number(json, "malformed", trace->nr_malformed);
		json_number(json, "truncated", trace->nr_truncated);
		json_number(json, "lost", trace->nr_lost);
		json_number(json, "lost_uncounted", trace->nr_lost_uncounted);
		json_number(json, "cpus", trace->nr_cpus);
		json_number(json, "hashed_pointers", trace->nr_hashed);
		json_number(json, "backwards", trace->nr_backwards);
		json_number(json, "unknown_gfp_flags", trace->nr_unknown_gfp);
		json_close(json);
	}
	json_close(json);
	json_string(
		json, "error", report->error && report->error->kind != TRACE_ERROR_NONE ? report->error->text : NULL);
	json_bool(json, "is_cut", result->is_cut);
	json_number(json, "first_ns", result->first_ns);
	json_number(json, "last_ns", result->last_ns);
	json_number(json, "highest_pfn", result->highest_pfn);
	json_number(json, "page_offset", result->page_offset);
	json_bool(json, "page_offset_confirmed", result->addresses_known);
	json_close(json);
}

static void write_machine(struct json *json, const struct report *report)
{
	const struct replay_result *result = report->result;
	const struct machine_stats *stats = &result->stats;

	json_open(json, "machine", '{');
	json_string(json, "cmdline", result->cmdline);
	json_number(json, "managed_pages", stats->managed_pages);
	json_number(json, "free_pages", stats->free_pages);
	json_number(json, "cpu_pages", stats->pcp_pages);
	json_number(json, "peak_used_pages", result->peak_used_pages);
	json_number(json, "slab_pages", stats->slab_reclaimable_pages + stats->slab_unreclaimable_pages);
	json_number(json, "large_kmalloc_pages", stats->large_kmalloc_pages);
	json_bool(json, "is_whole", result->is_whole);
	json_string(json, "fault", result->is_whole ? NULL : result->fault.place);
	json_string(json, "console", result->console);
	json_number(json, "elapsed_ns", result->elapsed_ns);
	json_number(json, "table_bytes", result->map_bytes);
	if (report->search.was_tried) {
		json_number(json, "smallest_mem_without_failure", report->search.smallest_bytes);
		json_number(json, "largest_mem_with_failure", report->search.failing_bytes);
	}
	json_close(json);
}

void report_json(struct json *json, const char *key, const struct report *report, const struct findings *findings)
{
	const struct replay_result *result = report->result;

	json_open(json, key, '{');
	json_number(json, "format", FORMAT);
	json_string(json, "version", KMEM_VERSION);
	write_findings(json, findings);
	write_recording(json, report);
	write_machine(json, report);
	write_counts(json, &result->counts);
	write_totals(json, "objects", &result->objects);
	write_totals(json, "pages", &result->pages);
	write_failures(json, result);
	write_orders(json, "page_allocations_by_order", result->by_order);
	write_orders(json, "failed_by_order", result->failed_by_order);
	write_moments(json, result);
	write_zones(json, result);
	write_slabs(json, result);
	write_caches(json, result);
	write_sites(json, result);
	json_close(json);
}
