/* SPDX-License-Identifier: MIT */
/*
 * replay_run.c - one replay from boot to shutdown.
 *
 *	machine_boot, machine_enter
 *	  each file, each event --> one of the counts of replay.h (P1) and, for most, one call of the kernel API
 *	replay_collect, machine_leave, machine_shutdown
 *
 * All events run on one thread and so on one CPU, whatever CPU recorded them: the order of the recording is kept
 * exactly, remote frees are not reproduced, unless the caller gives each event to a CPU (on_cpu). What is still live at
 * the end goes with the machine.
 */
#include "cli/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SAMPLE_EVENTS 2048		/* how often to look how full the machine is, at least ... */
#define SAMPLE_STEPS 256		/* ... and how close to the peak: to one of so many parts */
#define PROGRESS_EVENTS 8192
/*
 * What comes later on the line wins. Boosts ask for reclaim of what a recording does not show, and a background task
 * that gives memory back would make two replays differ. Pages are chosen as the recorded machine chose them, and
 * slabs are as large as there.
 */
#define FIXED_CMDLINE "sysctl.vm.watermark_boost_factor=0 kmem.idle_release=off " \
	"kmem.fullest_first=off kmem.tight_slabs=off "
#define PAGE_OFFSET_DEFAULT 0xffff888000000000ull	/* of x86-64 without address randomization */

gfp_t replay_gfp(gfp_t gfp)
{
	gfp &= ~(__GFP_NOFAIL | __GFP_RETRY_MAYFAIL | __GFP_KSWAPD_RECLAIM | __GFP_COMP | __GFP_ZERO | __GFP_THISNODE |
		 __GFP_ZEROTAGS);
	return gfp | __GFP_NORETRY | __GFP_NOWARN;
}

int replay_node(const struct replay *replay, const struct trace_event *event)
{
	if (event->node < 0 || event->node >= 64 || !(replay->nodes >> event->node & 1))
		return NUMA_NO_NODE;
	return event->node;
}

/* --------------------------------------------------------------------------------------------------- machine */

/* May be called by the machine's background tasks too. */
static void console_keep(void *arg, const char *text, size_t length)
{
	struct replay *replay = arg;
	struct replay_result *result = replay->result;
	u64 at = 0;

	if (replay->is_over)
		return;

	for (size_t i = 0; i < length; i++)
		at += text[i] == '\n';
	at = __atomic_fetch_add(&result->console_lines, at, __ATOMIC_RELAXED);
	if (at >= 32 || strlen(result->console) + length >= sizeof(result->console))
		return;
	memcpy(result->console + strlen(result->console), text, length);
}

/* Always false. */
static bool machine_fails(struct trace_error *error, enum trace_error_kind kind, const char *format, ...) PRINTF(3, 4);

static bool machine_fails(struct trace_error *error, enum trace_error_kind kind, const char *format, ...)
{
	va_list args;

	error->kind = kind;
	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	return false;
}

static bool start_machine(struct replay *replay, const struct replay_options *options, struct trace_error *error)
{
	const char *given = options->cmdline ? options->cmdline : "";
	char cmdline[sizeof(FIXED_CMDLINE) + sizeof(replay->result->cmdline)];
	const struct machine_config config = {
		.cmdline = cmdline,
		.console = console_keep,
		.console_arg = replay,
	};
	struct zone_stats zones[REPLAY_MAX_ZONES];
	const char *why = NULL;
	unsigned int nr;

	if ((size_t)snprintf(replay->result->cmdline, sizeof(replay->result->cmdline), "%s", given) >=
	    sizeof(replay->result->cmdline))
		return machine_fails(error, TRACE_ERROR_OPEN, "the command line is longer than %zu characters",
				     sizeof(replay->result->cmdline) - 1);
	snprintf(cmdline, sizeof(cmdline), "%s%s", FIXED_CMDLINE, given);
	replay->machine = machine_boot_why(&config, &why);
	if (!replay->machine)
		return machine_fails(error, TRACE_ERROR_OPEN, "the machine does not boot with '%.100s': %.100s", given,
				     why ? why : "no memory");
	if (machine_enter(replay->machine)) {
		machine_shutdown(replay->machine);
		replay->machine = NULL;
		return machine_fails(error, TRACE_ERROR_MEMORY, "the machine cannot be entered");
	}
	nr = machine_zones(replay->machine, zones, REPLAY_MAX_ZONES);
	for (unsigned int i = 0; i < nr && i < REPLAY_MAX_ZONES; i++)
		replay->nodes |= zones[i].node < 64 ? 1ull << zones[i].node : 0;
	return true;
}

static void stop_machine(struct replay *replay)
{
	struct machine_leaks leaks;

	/* The recording's live objects are this machine's leaks: they are in the result already. */
	replay->is_over = true;
	machine_leave();
	(void)machine_shutdown_leaks(replay->machine, &leaks);
	replay->machine = NULL;
}

/* ---------------------------------------------------------------------------------------------------- events */

/* replay->event, by the calls that it stands for. */
static void replay_step(void *arg)
{
	struct replay *replay = arg;

	switch (replay->event->kind) {
	case TRACE_KMALLOC:
	case TRACE_KMALLOC_NODE:
	case TRACE_CACHE_ALLOC:
	case TRACE_CACHE_ALLOC_NODE:
		replay_object_alloc(replay);
		break;
	case TRACE_KFREE:
	case TRACE_CACHE_FREE:
		replay_object_free(replay);
		break;
	case TRACE_PAGE_ALLOC:
		replay_page_alloc(replay);
		break;
	case TRACE_PAGE_FREE:
	case TRACE_PAGE_FREE_BATCHED:
		replay_page_free(replay);
		break;
	default:
		replay->result->counts.inside++;
	}
}

static void replay_event(struct replay *replay, const struct replay_options *options, const struct trace_event *event)
{
	replay->event = event;
	replay->result->counts.events++;
	if (options->on_cpu)
		options->on_cpu(options->on_cpu_arg, replay->machine, event->cpu, replay_step, replay);
	else
		replay_step(replay);
	replay->event = NULL;
}

/* What is live, in pages: about what is in use, and known without a look at the machine. */
static u64 live_pages(const struct replay *replay)
{
	return replay->result->pages.live + replay->result->objects.live_bytes / PAGE_SIZE;
}

/* More is live than at any look before, by what matters: there may be a peak now. */
static bool is_high(const struct replay *replay)
{
	return live_pages(replay) > replay->sampled_live + replay->sampled_live / SAMPLE_STEPS;
}

static void sample(struct replay *replay)
{
	struct machine_stats *stats = &replay->result->stats;
	u64 used;

	machine_stats(replay->machine, stats);
	used = stats->managed_pages - stats->free_pages - stats->pcp_pages;
	if (live_pages(replay) > replay->sampled_live)
		replay->sampled_live = live_pages(replay);
	if (used <= stats->managed_pages && used > replay->result->peak_used_pages)
		replay->result->peak_used_pages = used;
}

static void tell_progress(struct replay *replay, const struct replay_options *options)
{
	if (options->progress)
		options->progress(options->progress_arg, trace_bytes_read(replay->reader),
				  trace_bytes_total(replay->reader), replay->result->counts.events);
}

/* All events of the open file. False if memory for the tables ran out. */
static bool replay_events(struct replay *replay, const struct replay_options *options)
{
	struct replay_counts *counts = &replay->result->counts;
	struct trace_event event;

	while (!replay->result->is_cut && trace_next(replay->reader, &event) > 0) {
		replay_event(replay, options, &event);
		moments_event(replay, event.timestamp_ns);
		if (counts->events % SAMPLE_EVENTS == 0 || is_high(replay))
			sample(replay);
		if (counts->events % PROGRESS_EVENTS == 0)
			tell_progress(replay, options);
		replay->result->is_cut = options->limit && counts->events >= options->limit;
		if (replay->out_of_memory)
			return false;
	}
	sample(replay);
	tell_progress(replay, options);
	return true;
}

static void note_times(struct replay_result *result, const struct trace_stats *stats)
{
	/* Without a time: no event, or none that has one. */
	if (!stats->last_ns)
		return;
	if (!result->last_ns || stats->first_ns < result->first_ns)
		result->first_ns = stats->first_ns;
	if (stats->last_ns > result->last_ns)
		result->last_ns = stats->last_ns;
}

/* "FILE:LINE:COLUMN: reason", of a reason that may begin with its line. */
static void name_file(struct trace_error *error, const char *file)
{
	char reason[TRACE_ERROR_BYTES], place[44] = "";
	const char *text = error->text;

	if (error->line) {
		snprintf(place, sizeof(place), ":%llu:%llu", error->line, error->column);
		if (!strncmp(text, "line ", 5) && strstr(text, ": "))
			text = strstr(text, ": ") + 2;
	}
	snprintf(reason, sizeof(reason), "%s", text);
	snprintf(error->text, sizeof(error->text), "%.90s%s: %.110s", file, place, reason);
}

/* Nothing; or no kmem event, and more that is no line of a trace than is. The reader itself says so of most. */
static bool is_foreign(const struct trace_stats *stats, struct trace_error *error)
{
	if (error->kind == TRACE_ERROR_FORMAT)
		return true;
	if (stats->nr_events || stats->nr_malformed <= stats->nr_unknown)
		return false;
	*error = (struct trace_error){
		.kind = TRACE_ERROR_FORMAT,
		.line = stats->bad[0].line,
		.column = stats->bad[0].column,
	};
	snprintf(error->text, sizeof(error->text), "%s", stats->bad[0].reason);
	return true;
}

/* False if nothing can come of it, with the reason; the first file that ends early leaves its reason and true. */
static bool replay_file(struct replay *replay, const struct replay_options *options, unsigned int i,
			struct trace_error *error)
{
	struct trace_error problem = { .kind = TRACE_ERROR_NONE };
	bool is_fine;

	replay->file = i;
	replay->reader = trace_open(options->files[i], &problem);
	if (!replay->reader) {
		*error = problem;
		name_file(error, options->files[i]);
		return false;
	}
	if (replay->name_of)
		memset(replay->name_of, 0, replay->name_of_room * sizeof(*replay->name_of));
	is_fine = replay_events(replay, options);
	if (!is_fine)
		problem = (struct trace_error){ .kind = TRACE_ERROR_MEMORY, .text = "out of memory" };
	else
		problem = *trace_last_error(replay->reader);
	replay->result->trace[i] = *trace_stats(replay->reader);
	note_times(replay->result, &replay->result->trace[i]);
	if (is_foreign(trace_stats(replay->reader), &problem))
		is_fine = false;
	if (problem.kind != TRACE_ERROR_NONE)
		name_file(&problem, options->files[i]);
	if (!is_fine || error->kind == TRACE_ERROR_NONE)
		*error = problem;
	trace_close(replay->reader);
	replay->reader = NULL;
	return is_fine;
}

/* ------------------------------------------------------------------------------------------------------ whole */

static bool replay_prepare(struct replay *replay, const struct replay_options *options)
{
	struct replay_result *result = calloc(1, sizeof(*result));

	if (!result)
		return false;
	replay->result = result;
	result->page_offset = PAGE_OFFSET_DEFAULT;
	result->files = options->files;
	result->nr_files = options->nr_files;
	result->trace = calloc(options->nr_files + 1, sizeof(*result->trace));
	replay->slots = calloc(REPLAY_MAX_CACHES + 2, sizeof(*replay->slots));
	if (!result->trace || !replay->slots || !moments_start(replay, options->moments))
		return false;
	replay->slots[REPLAY_CACHE_KMALLOC].seen.name = strdup("kmalloc");
	replay->slots[REPLAY_CACHE_REST].seen.name = strdup("(other caches)");
	replay->nr_slots = 2;
	for (unsigned int i = 0; i < REPLAY_RECENT_CPUS; i++)
		replay->recent[i].order = -1;
	return replay->slots[0].seen.name && replay->slots[1].seen.name;
}

/* The slots' names go to the result, or are freed with the slots. */
static void replay_end(struct replay *replay)
{
	if (replay->slots && (!replay->result || !replay->result->caches))
		for (u32 i = 0; i < replay->nr_slots; i++)
			free((char *)(uintptr_t)replay->slots[i].seen.name);
	free(replay->slots);
	free(replay->slot_of);
	free(replay->name_of);
	free(replay->sites);
	names_free(&replay->names);
	live_free(&replay->objects);
	live_free(&replay->blocks);
	live_free(&replay->frames);
}

static u64 clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * 1000000000u + (u64)now.tv_nsec;
}

static bool replay_all(struct replay *replay, const struct replay_options *options, struct trace_error *error)
{
	u64 start = clock_ns();
	bool is_fine = true;

	if (!start_machine(replay, options, error))
		return false;
	for (unsigned int i = 0; is_fine && i < options->nr_files && !replay->result->is_cut; i++)
		is_fine = replay_file(replay, options, i, error);
	moments_end(replay);
	if (is_fine && !replay_collect(replay)) {
		*error = (struct trace_error){ .kind = TRACE_ERROR_MEMORY, .text = "out of memory" };
		is_fine = false;
	}
	if (is_fine) {
		replay->result->elapsed_ns = clock_ns() - start;
		if (options->at_end)
			options->at_end(replay->machine, options->at_end_arg);
	}
	stop_machine(replay);
	return is_fine;
}

struct replay_result *replay_run(const struct replay_options *options, struct trace_error *error)
{
	struct replay replay = { .result = NULL };
	bool is_fine = replay_prepare(&replay, options);

	*error = (struct trace_error){ .kind = TRACE_ERROR_NONE };
	if (!is_fine)
		*error = (struct trace_error){ .kind = TRACE_ERROR_MEMORY, .text = "out of memory" };
	else
		is_fine = replay_all(&replay, options, error);
	replay_end(&replay);
	if (!is_fine) {
		replay_free(replay.result);
		return NULL;
	}
	return replay.result;
}

void replay_free(struct replay_result *result)
{
	if (!result)
		return;
	for (unsigned int i = 0; result->caches && i < result->nr_caches; i++)
		free((char *)(uintptr_t)result->caches[i].name);
	for (unsigned int i = 0; result->sites && i < result->nr_sites; i++)
		free((char *)(uintptr_t)result->sites[i].name);
	free(result->caches);
	free(result->sites);
	free(result->slabs);
	free(result->moments);
	free(result->trace);
	free(result);
}
