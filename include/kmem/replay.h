/* SPDX-License-Identifier: MIT */
/*
 * replay.h - a recording of a real machine's memory events, run again on a machine of any size.
 *
 *	struct replay_options options = { .files = names, .nr_files = 1, .cmdline = "mem=512M" };
 *	struct trace_error error;
 *	struct replay_result *result = replay_run(&options, &error);
 *
 *	if (result && result->nr_failures)
 *		...
 *	replay_free(result);
 *
 * Every allocation and free of the recording is made through the kernel API of a machine that is booted for it and
 * shut down at the end. Recordings are incomplete; what that did to the replay is counted, never guessed silently.
 *
 * True of a result:
 *	P1  counts.events == what the readers delivered == the sum of everything under "each event is one of these"
 *	P2  objects.allocated == objects.freed + objects.live, and likewise for pages (in frames)
 *	P3  a cache's allocated == its freed + live; the caches' sums are those of objects
 * The process needs the command's code (libcli), not the library alone.
 */
#ifndef KMEM_REPLAY_H
#define KMEM_REPLAY_H

#include <kmem/check.h>
#include <kmem/stats.h>
#include <kmem/trace.h>
#include <kmem/types.h>

struct machine;

struct replay_options {
	const char *const *files;	/* parts of one recording, in this order */
	unsigned int nr_files;
	const char *cmdline;		/* of the machine; NULL: none */
	u64 limit;			/* stop after so many events; 0: none */
	unsigned int moments;		/* of the recording to note free memory's blocks at; 0: none */
	void (*progress)(void *arg, u64 bytes_done, u64 bytes_total, u64 events);	/* now and then; may be NULL */
	void *progress_arg;
	/*
	 * Called on the machine for each event, with the CPU that recorded it: calls step(step_arg) once, perhaps on
	 * another CPU of the machine, and returns after that. NULL: step(step_arg) is called.
	 */
	void (*on_cpu)(void *arg, struct machine *m, unsigned int cpu, void (*step)(void *step_arg), void *step_arg);
	void *on_cpu_arg;
	/* Called on the machine after the last event, with everything still live; may be NULL. */
	void (*at_end)(struct machine *m, void *arg);
	void *at_end_arg;
};

/* What became of the events. */
struct replay_counts {
	u64 events;

	/* Each event is one of these. */
	u64 kmalloc, kfree;		/* replayed */
	u64 cache_alloc, cache_free;
	u64 page_alloc, page_free;
	u64 slab_page_alloc; /* pages that the recorded slab layer took for itself: its objects are replayed */
	u64 slab_page_free;
	u64 failed;			/* allocations that this machine could not make */
	u64 freed_failed;		/* frees of those */
	u64 free_null;			/* kfree(NULL) and of size 0 */
	u64 zero_size;			/* kmalloc(0) */
	u64 old_object, old_page;	/* frees of what is older than the recording */
	u64 twice;			/* a free's second event (mm_page_free_batched) */
	u64 recorded_failure;		/* allocations that failed on the recorded machine; not repeated */
	u64 inside;			/* of the page allocator's own affairs: fallbacks, refills, drains */
	u64 no_address;			/* nothing to know it by: the address was hidden */
	u64 impossible;			/* order 99, pfn beyond any memory */

	/* And besides. */
	u64 implied_reuse;		/* objects freed without an event: their address was allocated again */
	u64 implied_page;		/* likewise: their page was freed or allocated */
	u64 implied_block;		/* page blocks freed without an event */
	u64 split_frees;		/* frees of a part of a block */
	u64 over_cap;			/* of caches beyond the most that a replay makes, or that failed: by kmalloc */
	u64 oversize;			/* cache objects no cache can hold: made by kmalloc */
	u64 off_map;			/* objects where no frame was known to be */
};

struct replay_totals {
	u64 allocated, freed, live;
	u64 live_bytes, peak_bytes;	/* as asked for */
};

#define REPLAY_MAX_CACHES 900		/* most caches that a replay makes; kmalloc and the rest share slots 0 and 1 */
#define REPLAY_CACHE_KMALLOC 0
#define REPLAY_CACHE_REST 1

struct replay_cache {
	const char *name;
	u32 object_bytes;		/* asked; 0: of several sizes */
	u32 recorded_bytes;		/* taken by each on the recorded machine */
	u64 allocated, freed, live, peak, failed;
	u64 live_bytes;
};

/* What the machine's own caches hold at the end: slots and kmalloc classes alike. */
struct replay_slab {
	char name[48];
	u32 object_bytes, bytes;	/* asked, taken */
	u32 slab_bytes;			/* of a slab, if there is memory for one of its usual size */
	u64 live, peak;			/* peak: 0 where unknown */
	u64 slabs, memory_bytes, waste_bytes;	/* waste: neither live nor asked for */
};

struct replay_site {
	const char *name;
	u64 live, live_bytes;
};

/* From hopeless to puzzling. */
enum replay_reason {
	REPLAY_TOO_LARGE,		/* more than any block can hold */
	REPLAY_TOO_SMALL_MACHINE,	/* more than the zones it may use have at all */
	REPLAY_NO_MEMORY,		/* below the watermark in every zone */
	REPLAY_RESERVED,		/* what lower zones have is kept for others: lowmem reserve */
	REPLAY_FRAGMENTED,		/* enough memory, no block large enough */
	REPLAY_UNKNOWN,			/* nothing speaks against it: failure injection */
	REPLAY_NR_REASONS
};

/* Failures of one kind. */
struct replay_failure {
	const char *cache;		/* NULL: pages */
	u64 bytes;			/* asked by the first; 0: pages */
	u64 least_bytes, most_bytes;	/* asked by any */
	unsigned int order;
	gfp_t gfp;
	u64 count;
	enum replay_reason reason;	/* of the first */
	unsigned int file;		/* of the first, as line and time */
	u64 line, timestamp_ns;
	const char *zone;		/* the zone it should have come from; where one had enough memory, that one */
	u64 zone_free, zone_min;	/* pages, at the first */
	u64 all_free;			/* pages in all zones that it may use */
	u64 wanted_free;		/* pages that watermark and reserve ask for before it may succeed */
	int largest_order;		/* of the zone's free blocks that it may have; -1: none */
	int unusable;			/* the zone's unusable free space index of the order, thousandths */
};

/* The machine after so many events, all zones together. */
struct replay_moment {
	u64 events, timestamp_ns;
	u64 free_pages;
	int unusable[NR_PAGE_ORDERS];	/* unusable free space index, thousandths */
};

#define REPLAY_MAX_FAILURES 64		/* kinds; more are counted in nr_failures only */
#define REPLAY_MAX_ZONES 64

struct replay_result {
	struct replay_counts counts;
	struct replay_totals objects;		/* slab and kmalloc */
	struct replay_totals pages;		/* in frames; bytes are frames' */
	u64 by_order[NR_PAGE_ORDERS];		/* page allocations asked for */
	u64 failed_by_order[NR_PAGE_ORDERS];

	u64 nr_failures;
	unsigned int nr_failure_kinds;
	struct replay_failure failures[REPLAY_MAX_FAILURES];	/* the most frequent first */

	unsigned int nr_caches;
	struct replay_cache *caches;		/* as recorded */
	unsigned int nr_slabs;
	struct replay_slab *slabs;		/* as here; most memory first */
	unsigned int nr_sites;
	struct replay_site *sites;		/* with something live; most bytes first */

	unsigned int nr_moments;
	struct replay_moment *moments;		/* equal numbers of events apart; the last one is the end */

	/* The recording. */
	struct trace_stats *trace;		/* of each file */
	const char *const *files;
	unsigned int nr_files;
	u64 first_ns, last_ns;			/* earliest and latest of all files */
	u64 highest_pfn;
	u64 page_offset;			/* address of the recorded machine's frame 0 */
	bool addresses_known;			/* object addresses could be told to frames */
	bool has_slab_events, has_page_events;
	bool is_cut;				/* the limit ended it */

	/* The machine. */
	char cmdline[512];
	struct machine_stats stats;		/* at the end */
	unsigned int nr_zones;
	struct zone_stats zones[REPLAY_MAX_ZONES];
	char zone_names[REPLAY_MAX_ZONES][16];
	u64 peak_used_pages;			/* most frames in use, to a 256th */
	bool is_whole;				/* kmem_check() at the end */
	struct kmem_fault fault;
	char console[4096];			/* the first that the machine said */
	u64 console_lines;
	u64 map_bytes;				/* of the tables of live objects, at their largest */
	u64 elapsed_ns;
};

/*
 * replay_run - boot a machine, replay, shut down.
 * Returns the result, or NULL with the reason in @error, whose text begins with the file and the line to blame: bad
 * command line, file that cannot be read, no memory. A file that ends early or is damaged is replayed up to there, and
 * @error says so beside a result. The calling thread must
 * not be on a machine.
 */
MUST_CHECK struct replay_result *replay_run(const struct replay_options *options, struct trace_error *error);
void replay_free(struct replay_result *result);

/* "fragmented" */
const char *replay_reason_text(enum replay_reason reason);

#endif
