/* SPDX-License-Identifier: MIT */
/*
 * test_replay.c - small recordings with a known outcome, random ones that must add up, hostile ones that must end.
 *
 * A recording is written as ftrace text into a memfd and replayed by the library call.
 */
#include "cli/json.h"
#include "cli/replay_map.h"
#include "cli/replay_names.h"
#include "cli/replay_report.h"
#include "cli/text.h"
#include "tests/ktap.h"

#include <kmem/gfp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SAMPLE "samples/compile.ftrace.zst"
#define BASE 0xffff888000000000ull

/* ---------------------------------------------------------------------------------------------------- helpers */

struct tape {
	FILE *out;
	char path[64];
	u64 events;
};

static void close_file(void *arg)
{
	fclose(arg);
}

static void tape_start(struct ktap *t, struct tape *tape)
{
	int fd = memfd_create("tape", MFD_CLOEXEC);

	*tape = (struct tape){ .out = fdopen(fd, "w") };
	snprintf(tape->path, sizeof(tape->path), "/proc/self/fd/%d", fd);
	fprintf(tape->out, "# tracer: nop\n");
	ktap_cleanup(t, close_file, tape->out);
}

static void event(struct tape *tape, const char *format, ...) PRINTF(2, 3);

static void event(struct tape *tape, const char *format, ...)
{
	va_list args;

	tape->events++;
	fprintf(tape->out, "  task-1  [000]  10.%06llu: ", tape->events % 1000000);
	va_start(args, format);
	vfprintf(tape->out, format, args);
	va_end(args);
	fputc('\n', tape->out);
}

static void kmalloc_event(struct tape *tape, u64 ptr, u64 req)
{
	event(tape,
		"kmalloc: call_site=f+0x1 ptr=0x%llx bytes_req=%llu bytes_alloc=%llu gfp_flags=GFP_KERNEL node=-1",
		ptr, req, req);
}

static void cache_event(struct tape *tape, u64 ptr, const char *name, u64 req, u64 alloc)
{
	event(tape,
		"kmem_cache_alloc: call_site=g+0x2 ptr=0x%llx name=%s bytes_req=%llu bytes_alloc=%llu "
		"gfp_flags=GFP_KERNEL node=-1",
		ptr, name, req, alloc);
}

static void page_event(struct tape *tape, u64 pfn, int order)
{
	event(tape, "mm_page_alloc: page=0x%llx pfn=0x%llx order=%d migratetype=0 gfp_flags=GFP_KERNEL", pfn, pfn,
		order);
}

static void page_free_event(struct tape *tape, u64 pfn, int order)
{
	event(tape, "mm_page_free: page=0x%llx pfn=0x%llx order=%d", pfn, pfn, order);
}

static void free_result(void *arg)
{
	replay_free(arg);
}

static struct replay_result *replay_files(struct ktap *t, const char *const *files, unsigned int nr,
					  const char *cmdline)
{
	struct replay_options options = { .files = files, .nr_files = nr, .cmdline = cmdline };
	struct trace_error error;
	struct replay_result *result = replay_run(&options, &error);

	if (result)
		ktap_cleanup(t, free_result, result);
	else
		ktap_note(t, "%s", error.text);
	return result;
}

static struct replay_result *replay_tape(struct ktap *t, struct tape *tape, const char *cmdline)
{
	const char **file = malloc(sizeof(*file));

	ktap_cleanup(t, free, file);
	file[0] = tape->path;
	fflush(tape->out);
	return replay_files(t, file, 1, cmdline);
}

/* P1 to P3 of replay.h, and a machine that holds together. */
static void expect_sums(struct ktap *t, const struct replay_result *r)
{
	const struct replay_counts *c = &r->counts;
	u64 allocated = 0, freed = 0, live = 0, delivered = 0;

	for (unsigned int i = 0; i < r->nr_files; i++)
		delivered += r->trace[i].nr_events;
	EXPECT_EQ(t, c->events, delivered);
	EXPECT_EQ(t, c->events,
		c->kmalloc + c->kfree + c->cache_alloc + c->cache_free + c->page_alloc + c->page_free +
			c->slab_page_alloc + c->slab_page_free + c->failed + c->freed_failed + c->free_null +
			c->zero_size + c->old_object + c->old_page + c->twice + c->recorded_failure + c->inside +
			c->no_address + c->impossible);
	for (unsigned int i = 0; i < r->nr_caches; i++) {
		EXPECT_EQ(t, r->caches[i].allocated, r->caches[i].freed + r->caches[i].live);
		allocated += r->caches[i].allocated;
		freed += r->caches[i].freed;
		live += r->caches[i].live;
	}
	EXPECT_EQ(t, r->objects.allocated, allocated);
	EXPECT_EQ(t, r->objects.freed, freed);
	EXPECT_EQ(t, r->objects.live, live);
	EXPECT_EQ(t, r->objects.allocated, r->objects.freed + r->objects.live);
	EXPECT_EQ(t, r->objects.freed, c->kfree + c->cache_free + c->implied_reuse + c->implied_page);
	EXPECT_EQ(t, r->pages.allocated, r->pages.freed + r->pages.live);
	EXPECT(t, r->is_whole);
	if (!r->is_whole)
		ktap_note(t, "%s %s", r->fault.id, r->fault.place);
}

static const struct finding *finding_with(const struct findings *findings, const char *id)
{
	for (unsigned int i = 0; i < findings->nr; i++)
		if (!strcmp(findings->list[i].id, id))
			return &findings->list[i];
	return NULL;
}

/* What is said of a replay, worst first; until the next call. */
static const struct findings *findings_of(const struct replay_result *r)
{
	static struct findings findings;
	static const struct trace_error none = { .kind = TRACE_ERROR_NONE };
	const struct report report = { .result = r, .error = &none };

	findings_make(&findings, &report);
	return &findings;
}

/* --------------------------------------------------------------------------------------------- table of the live */

#define KEYS 512

static void table_agrees_with_an_array(struct ktap *t)
{
	struct live_map map = { .size = 0 };
	u64 values[KEYS] = { 0 };
	u64 nr = 0;

	for (unsigned int step = 0; step < 20000 && !ktap_failed(t); step++) {
		u64 key = ktap_below(t, KEYS);
		struct live *live = live_find(&map, BASE + key * 64);

		EXPECT_EQ(t, live != NULL, values[key] != 0);
		if (!live) {
			live = live_insert(&map, BASE + key * 64);
			ASSERT_NOT_NULL(t, live);
			live->ours = values[key] = step + 1;
			nr++;
		} else {
			EXPECT_EQ(t, live->ours, values[key]);
			live_remove(&map, live);
			values[key] = 0;
			nr--;
		}
		EXPECT_EQ(t, map.nr, nr);
		if (step % 64 == 0)
			EXPECT(t, live_check(&map));
	}
	live_free(&map);
}

static void table_check_finds_a_misplaced_entry(struct ktap *t)
{
	struct live_map map = { .size = 0 };
	struct live *live = live_insert(&map, BASE);

	ASSERT_NOT_NULL(t, live);
	EXPECT(t, live_check(&map));
	map.entries[(u64)(live - map.entries + 5) % map.size] = *live;
	live->key = 0;
	EXPECT(t, !live_check(&map));
	map.nr = 0;
	live_free(&map);
}

static void table_takes_at_most_36_bytes_a_live_object(struct ktap *t)
{
	struct live_map map = { .size = 0 };

	for (u64 i = 1; i <= 300000; i++) {
		ASSERT_NOT_NULL(t, live_insert(&map, BASE + i * 96));
		if (i >= 4096)
			EXPECT_LE(t, map.size * sizeof(*map.entries), i * 36);
	}
	EXPECT(t, live_check(&map));
	live_free(&map);
}

static void names_are_kept_once(struct ktap *t)
{
	struct names names = { .nr = 0 };
	char text[16];

	for (unsigned int round = 0; round < 2; round++)
		for (unsigned int i = 0; i < 3000; i++) {
			snprintf(text, sizeof(text), "name%u", i);
			EXPECT_EQ(t, names_id(&names, text), i + 1);
		}
	EXPECT_STR(t, names_text(&names, 3000), "name2999");
	EXPECT_STR(t, names_text(&names, 0), "");
	EXPECT_EQ(t, names_id(&names, ""), 0);
	names_free(&names);
}

/* --------------------------------------------------------------------------------------------------- objects */

static void objects_come_and_go(struct ktap *t)
{
	struct tape tape;
	struct replay_result *r;

	tape_start(t, &tape);
	kmalloc_event(&tape, BASE + 0x1000, 100);
	cache_event(&tape, BASE + 0x2000, "filp", 184, 192);
	cache_event(&tape, BASE + 0x2100, "filp", 184, 192);
	event(&tape, "kfree: call_site=f+0x1 ptr=0x%llx", BASE + 0x1000);
	event(&tape, "kmem_cache_free: call_site=f+0x1 ptr=0x%llx name=filp", BASE + 0x2000);
	page_free_event(&tape, 0x100, 0);
	cache_event(&tape, 0x12345678, "filp", 184, 192);		/* a damaged address is no other machine */
	event(&tape, "kmem_cache_free: call_site=f+0x1 ptr=0x12345678 name=filp");
	r = replay_tape(t, &tape, "mem=64M");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	EXPECT_NULL(t, finding_with(findings_of(r), "unknown-addresses"));
	EXPECT_EQ(t, r->counts.kmalloc, 1);
	EXPECT_EQ(t, r->counts.cache_alloc, 3);
	EXPECT_EQ(t, r->objects.live, 1);
	EXPECT_EQ(t, r->objects.live_bytes, 184);
	EXPECT_EQ(t, r->objects.peak_bytes, 100 + 184 + 184);
	ASSERT_EQ(t, r->nr_caches, 3);
	EXPECT_STR(t, r->caches[2].name, "filp");
	EXPECT_EQ(t, r->caches[2].peak, 2);
	ASSERT_EQ(t, r->nr_sites, 1);
	EXPECT_STR(t, r->sites[0].name, "g+0x2");
}

/* Objects without a call site are live, too. */
static void who_allocated_may_be_unknown(struct ktap *t)
{
	struct replay_result *r;
	struct tape tape;

	tape_start(t, &tape);
	event(&tape, "kmalloc: ptr=0x%llx bytes_req=100 bytes_alloc=128 gfp_flags=GFP_KERNEL", BASE + 0x1000);
	event(&tape, "kmalloc: ptr=0x%llx bytes_req=50 bytes_alloc=64 gfp_flags=GFP_KERNEL", BASE + 0x2000);
	event(&tape, "kfree: ptr=0x%llx", BASE + 0x2000);
	r = replay_tape(t, &tape, "mem=64M");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	ASSERT_EQ(t, r->nr_sites, 1);
	EXPECT_STR(t, r->sites[0].name, "(unknown)");
	EXPECT_EQ(t, r->sites[0].live, 1);
	EXPECT_EQ(t, r->sites[0].live_bytes, 100);
	kmalloc_event(&tape, BASE + 0x3000, 7);
	r = replay_tape(t, &tape, "mem=64M");
	ASSERT_NOT_NULL(t, r);
	ASSERT_EQ(t, r->nr_sites, 2);
	EXPECT_EQ(t, r->sites[0].live_bytes + r->sites[1].live_bytes, r->objects.live_bytes);
}

/* Whatever made it so: lines of 64 or 128 bytes, a page of its own, debugging. */
static void an_object_takes_what_it_took(struct ktap *t)
{
	static const struct {
		u64 req, alloc;
	} caches[] = { { 24, 24 }, { 100, 128 }, { 192, 256 }, { 96, 104 }, { 600, 1024 }, { 192, 4096 },
		       { 1152, 1280 } };
	struct replay_result *r;
	struct tape tape;
	char name[16];

	tape_start(t, &tape);
	for (u64 i = 0; i < 7; i++) {
		snprintf(name, sizeof(name), "of%llu", caches[i].alloc);
		cache_event(&tape, BASE + 0x10000 * i, name, caches[i].req, caches[i].alloc);
	}
	r = replay_tape(t, &tape, "mem=64M");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	for (unsigned int n = 0, seen = 0; n < r->nr_slabs; n++) {
		for (unsigned int i = 0; i < 7; i++) {
			snprintf(name, sizeof(name), "of%llu", caches[i].alloc);
			if (strcmp(r->slabs[n].name, name))
				continue;
			EXPECT_EQ(t, r->slabs[n].bytes, caches[i].alloc);
			EXPECT_EQ(t, r->slabs[n].waste_bytes, r->slabs[n].memory_bytes - caches[i].req);
			seen++;
		}
		if (n == r->nr_slabs - 1)
			EXPECT_EQ(t, seen, 7);
	}
}

static void frees_that_left_no_event_are_found(struct ktap *t)
{
	struct tape tape;
	struct replay_result *r;

	tape_start(t, &tape);
	page_event(&tape, 0x100, 1);				/* becomes a slab of two frames */
	cache_event(&tape, BASE + 0x101040, "node", 64, 64);
	cache_event(&tape, BASE + 0x100080, "node", 64, 64);
	cache_event(&tape, BASE + 0x100080, "node", 64, 64);	/* again: it was freed */
	page_event(&tape, 0x200, 0);				/* stays a page */
	page_free_event(&tape, 0x100, 1);			/* the slab goes, with two objects in it */
	r = replay_tape(t, &tape, "mem=64M");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	EXPECT_EQ(t, r->counts.implied_reuse, 1);
	EXPECT_EQ(t, r->counts.implied_page, 2);
	EXPECT_EQ(t, r->counts.slab_page_alloc, 1);
	EXPECT_EQ(t, r->counts.slab_page_free, 1);
	EXPECT_EQ(t, r->counts.page_alloc, 1);
	EXPECT_EQ(t, r->objects.live, 0);
	EXPECT_EQ(t, r->pages.live, 1);
}

static void a_direct_map_is_learnt(struct ktap *t)
{
	/* x86, PowerPC, LoongArch, MIPS, any of 32 bits. */
	static const u64 bases[] = { 0xffff9a4640000000ull, 0xc000000000000000ull, 0x9000000000000000ull,
				     0xa800000000000000ull, 0xc0000000ull };

	for (unsigned int i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		struct tape tape;
		struct replay_result *r;

		tape_start(t, &tape);
		for (u64 pfn = 0x5000; pfn < 0x5008; pfn++) {
			page_event(&tape, pfn, 0);
			cache_event(&tape, bases[i] + pfn * 4096 + 128, "node", 64, 64);
		}
		page_event(&tape, 0x7000, 0);
		r = replay_tape(t, &tape, "mem=64M");
		ASSERT_NOT_NULL(t, r);
		expect_sums(t, r);
		EXPECT(t, r->addresses_known);
		EXPECT_EQ(t, r->page_offset, bases[i]);
		EXPECT_EQ(t, r->counts.slab_page_alloc, 8);
		EXPECT_EQ(t, r->pages.live, 1);
		EXPECT_NULL(t, finding_with(findings_of(r), "unknown-addresses"));
	}
}

/* Pages of 64 KiB: nothing says so, and no address tells its frame. */
static void a_direct_map_that_is_not_understood_is_said(struct ktap *t)
{
	struct tape tape;
	struct replay_result *r;

	tape_start(t, &tape);
	for (u64 pfn = 0x501; pfn < 0x508; pfn++) {
		page_event(&tape, pfn, 0);
		cache_event(&tape, 0xffff000000000000ull + pfn * 65536 + 128, "node", 64, 64);
	}
	r = replay_tape(t, &tape, "mem=64M");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	EXPECT(t, !r->addresses_known);
	EXPECT_EQ(t, r->counts.off_map, 7);
	EXPECT_NOT_NULL(t, finding_with(findings_of(r), "unknown-addresses"));
}

/* Shorter than the distance of any two looks at the machine. */
static void a_short_peak_is_seen(struct ktap *t)
{
	struct tape tape;
	struct replay_result *r;

	tape_start(t, &tape);
	for (u64 i = 1; i <= 300; i++)
		page_event(&tape, i << 4, 4);
	for (u64 i = 1; i <= 300; i++)
		page_free_event(&tape, i << 4, 4);
	for (u64 i = 0; i < 300; i++)
		cache_event(&tape, BASE + (1u << 28) + (i << 13), "huge", 8192, 8192);
	for (u64 i = 0; i < 300; i++)
		event(&tape, "kmem_cache_free: call_site=f ptr=0x%llx name=huge", BASE + (1u << 28) + (i << 13));
	r = replay_tape(t, &tape, "mem=64M");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	EXPECT_EQ(t, r->pages.peak_bytes, 4800 * 4096);
	EXPECT_GE(t, r->peak_used_pages, 4800 - 4800 / 256);
	EXPECT_LE(t, r->peak_used_pages, 4800 + 64);
}

static void what_is_older_or_nothing_is_only_counted(struct ktap *t)
{
	struct tape tape;
	struct replay_result *r;

	tape_start(t, &tape);
	event(&tape, "kfree: call_site=f+0x1 ptr=(nil)");
	event(&tape, "kfree: call_site=f+0x1 ptr=0x10");
	event(&tape, "kfree: call_site=f+0x1 ptr=0x%llx", BASE + 0x7000);
	event(&tape, "kmalloc: call_site=f ptr=0x10 bytes_req=0 bytes_alloc=0 gfp_flags=GFP_KERNEL node=-1");
	event(&tape, "kmalloc: call_site=f ptr=(nil) bytes_req=4096 bytes_alloc=4096 gfp_flags=GFP_ATOMIC node=-1");
	page_free_event(&tape, 0x900, 0);
	event(&tape, "mm_page_free_batched: page=0x900 pfn=0x900 order=0");
	event(&tape, "mm_page_alloc_zone_locked: page=0x1 pfn=0x1 order=0 migratetype=1 percpu_refill=1");
	r = replay_tape(t, &tape, "mem=64M");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	EXPECT_EQ(t, r->counts.free_null, 2);
	EXPECT_EQ(t, r->counts.old_object, 1);
	EXPECT_EQ(t, r->counts.zero_size, 1);
	EXPECT_EQ(t, r->counts.recorded_failure, 1);
	EXPECT_EQ(t, r->counts.old_page, 1);
	EXPECT_EQ(t, r->counts.twice, 1);
	EXPECT_EQ(t, r->counts.inside, 1);
	EXPECT_EQ(t, r->nr_failures, 0);
}

static void parts_of_one_recording_share_what_is_live(struct ktap *t)
{
	struct tape first, second;
	struct replay_result *r;
	const char *files[2] = { first.path, second.path };

	tape_start(t, &first);
	tape_start(t, &second);
	cache_event(&first, BASE + 0x2000, "filp", 184, 192);
	event(&second, "kfree: call_site=zzz ptr=0x%llx", BASE + 0x2000);
	cache_event(&second, BASE + 0x3000, "filp", 184, 192);
	fflush(first.out);
	fflush(second.out);
	r = replay_files(t, files, 2, "mem=64M");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	EXPECT_EQ(t, r->counts.kfree, 1);
	EXPECT_EQ(t, r->counts.old_object, 0);
	EXPECT_EQ(t, r->nr_caches, 3);
}

static void kernels_without_cache_names_get_caches_by_size(struct ktap *t)
{
	struct tape tape;
	struct replay_result *r;

	tape_start(t, &tape);
	for (u64 i = 0; i < 6; i++)
		event(&tape, "kmem_cache_alloc: call_site=g ptr=%llx bytes_req=%d bytes_alloc=192 gfp_flags=GFP_KERNEL",
		      BASE + 0x2000 + i * 256, i % 2 ? 184 : 192);
	r = replay_tape(t, &tape, "mem=64M");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	ASSERT_EQ(t, r->nr_caches, 4);
	EXPECT_STR(t, r->caches[2].name, "size-192");
	EXPECT_STR(t, r->caches[3].name, "size-184");
}

/* ----------------------------------------------------------------------------------------------------- pages */

static void a_block_may_be_freed_in_parts(struct ktap *t)
{
	struct tape tape;
	struct replay_result *r;

	tape_start(t, &tape);
	page_event(&tape, 0x1000, 9);
	page_free_event(&tape, 0x1003, 0);
	page_free_event(&tape, 0x1100, 8);
	r = replay_tape(t, &tape, "mem=64M");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	EXPECT_EQ(t, r->pages.live, 512 - 1 - 256);
	EXPECT_EQ(t, r->counts.page_free, 2);

	for (u64 pfn = 0x1000; pfn < 0x1100; pfn++)
		if (pfn != 0x1003)
			page_free_event(&tape, pfn, 0);
	r = replay_tape(t, &tape, "mem=64M");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	EXPECT_EQ(t, r->pages.live, 0);
	EXPECT_EQ(t, r->counts.old_page, 0);
}

static void small_blocks_may_be_freed_as_one(struct ktap *t)
{
	struct tape tape;
	struct replay_result *r;

	tape_start(t, &tape);
	for (u64 pfn = 0x1001; pfn < 0x1004; pfn++)
		page_event(&tape, pfn, 0);
	page_free_event(&tape, 0x1000, 2);
	r = replay_tape(t, &tape, "mem=64M");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	EXPECT_EQ(t, r->pages.live, 0);
}

static void a_block_over_live_ones_implies_their_frees(struct ktap *t)
{
	struct tape tape;
	struct replay_result *r;

	tape_start(t, &tape);
	page_event(&tape, 0x1002, 0);
	page_event(&tape, 0x1000, 2);
	page_event(&tape, 0x1003, 0);
	r = replay_tape(t, &tape, "mem=64M");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	EXPECT_EQ(t, r->counts.implied_block, 2);
	EXPECT_EQ(t, r->pages.live, 1);
}

/* --------------------------------------------------------------------------------------------------- failures */

/* With a reserve of the whole higher zone, a lower one is full for everyone else while most of it is free. */
static void what_lower_zones_keep_is_their_reserve(struct ktap *t)
{
	struct tape tape;
	struct replay_result *r;

	tape_start(t, &tape);
	for (u64 pfn = 1; pfn < 10000; pfn++)
		page_event(&tape, pfn, 0);
	r = replay_tape(t, &tape, "mem=32M sysctl.vm.lowmem_reserve_ratio=\"1 1 1 1 1\"");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	ASSERT_GT(t, r->nr_failure_kinds, 0);
	EXPECT_EQ(t, r->failures[0].reason, REPLAY_RESERVED);
	EXPECT_GT(t, r->failures[0].all_free, 3000);
}

/* What is free is so because of the watermark: a little above it in the lower zone does not make it a reserve. */
static void a_high_watermark_is_no_reserve(struct ktap *t)
{
	struct tape tape;
	struct replay_result *r;

	tape_start(t, &tape);
	for (u64 pfn = 1; pfn < 10000; pfn++)
		page_event(&tape, pfn, 0);
	r = replay_tape(t, &tape, "mem=32M sysctl.vm.min_free_kbytes=16384");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	ASSERT_EQ(t, r->nr_failure_kinds, 1);
	EXPECT_EQ(t, r->failures[0].reason, REPLAY_NO_MEMORY);
	EXPECT_GT(t, r->failures[0].all_free, 3000);
}

/* A block kept for atomic requests counts as free and is of no use to others. */
static void what_is_kept_for_atomic_requests_is_no_riddle(struct ktap *t)
{
	struct tape tape;
	struct replay_result *r;

	tape_start(t, &tape);
	page_event(&tape, 0x8000, 4);
	for (u64 pfn = 1; pfn < 9000; pfn++)
		page_event(&tape, pfn, 0);
	page_free_event(&tape, 0x8000, 4);
	event(&tape, "mm_page_alloc: page=0x8100 pfn=0x8100 order=2 migratetype=0 gfp_flags=GFP_ATOMIC");
	for (u64 pfn = 4000; pfn < 4200; pfn++)
		page_free_event(&tape, pfn, 0);
	for (u64 pfn = 0x9000; pfn < 0x9200; pfn++)
		event(&tape, "mm_page_alloc: page=0x%llx pfn=0x%llx order=0 gfp_flags=GFP_USER", pfn, pfn);
	r = replay_tape(t, &tape, "mem=32M");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	ASSERT_EQ(t, r->nr_failure_kinds, 2);
	for (unsigned int i = 0; i < r->nr_failure_kinds; i++)
		EXPECT_EQ(t, r->failures[i].reason, REPLAY_NO_MEMORY);
}

static void memory_that_ends_is_below_the_watermark(struct ktap *t)
{
	struct tape tape;
	struct replay_result *r;

	tape_start(t, &tape);
	for (u64 pfn = 1; pfn < 10000; pfn++)
		page_event(&tape, pfn, 0);
	for (u64 pfn = 1; pfn < 10000; pfn++)
		page_free_event(&tape, pfn, 0);
	r = replay_tape(t, &tape, "mem=32M");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	EXPECT_GT(t, r->nr_failures, 1500);
	EXPECT_EQ(t, r->counts.freed_failed, r->nr_failures);
	EXPECT_EQ(t, r->counts.old_page, 0);
	EXPECT_EQ(t, r->nr_failure_kinds, 1);
	EXPECT_EQ(t, r->failures[0].reason, REPLAY_NO_MEMORY);
	EXPECT_EQ(t, r->failures[0].count, r->nr_failures);
}

static void holes_everywhere_are_fragmentation(struct ktap *t)
{
	struct tape tape;
	struct replay_result *r;

	tape_start(t, &tape);
	for (u64 pfn = 0; pfn < 7600; pfn++)
		page_event(&tape, pfn, 0);
	for (u64 pfn = 0; pfn < 7600; pfn += 2)
		page_free_event(&tape, pfn, 0);
	page_event(&tape, 0x10000, 9);
	r = replay_tape(t, &tape, "mem=32M");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	ASSERT_EQ(t, r->nr_failures, 1);
	EXPECT_EQ(t, r->failures[0].order, 9);
	EXPECT_EQ(t, r->failures[0].reason, REPLAY_FRAGMENTED);
	EXPECT_LT(t, r->failures[0].largest_order, 9);
	EXPECT_GT(t, r->failures[0].unusable, 500);
	EXPECT_EQ(t, r->failed_by_order[9], 1);
}

/* The lower zone has large blocks, but keeps them; the sentence is about the zone that has only small ones. */
static void a_zone_that_keeps_its_blocks_does_not_hide_fragmentation(struct ktap *t)
{
	const struct finding *finding;
	struct replay_result *r;
	struct tape tape;

	tape_start(t, &tape);
	for (u64 pfn = 1; pfn < 12400; pfn++)
		event(&tape, "mm_page_alloc: page=0x%llx pfn=0x%llx order=0 gfp_flags=GFP_HIGHUSER", pfn, pfn);
	for (u64 pfn = 1; pfn < 12400; pfn += 2)
		page_free_event(&tape, pfn, 0);
	for (u64 pfn = 0x20000; pfn < 0x20200; pfn += 8)
		page_event(&tape, pfn, 3);
	r = replay_tape(t, &tape, "mem=64M sysctl.vm.lowmem_reserve_ratio=\"1 1 1 1 1\"");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	ASSERT_EQ(t, r->nr_failure_kinds, 2);
	for (unsigned int i = 0; i < 2; i++) {
		const struct replay_failure *failure = &r->failures[i];

		if (failure->order != 3)
			continue;
		EXPECT_EQ(t, failure->reason, REPLAY_FRAGMENTED);
		EXPECT_LT(t, failure->largest_order, 3);
		EXPECT_GT(t, failure->all_free, failure->zone_free + 3000);
		EXPECT_GT(t, failure->zone_free, failure->wanted_free);
	}
	finding = finding_with(findings_of(r), "failure");
	ASSERT_NOT_NULL(t, finding);
	if (!strstr(finding->text, "fragmented"))
		finding++;
	EXPECT_CONTAINS(t, finding->text, " MiB free, but only in blocks of order");
}

/* The only blocks that are large enough are of a pageblock that is kept for atomic requests. */
static void what_is_kept_for_atomic_requests_is_no_block_for_others(struct ktap *t)
{
	const struct replay_failure *failure;
	struct replay_result *r;
	struct tape tape;

	tape_start(t, &tape);
	page_event(&tape, 0x8000, 4);
	for (u64 pfn = 1; pfn < 9000; pfn++)
		page_event(&tape, pfn, 0);
	page_free_event(&tape, 0x8000, 4);
	event(&tape, "mm_page_alloc: page=0xa100 pfn=0xa100 order=2 gfp_flags=GFP_ATOMIC");
	for (u64 pfn = 1; pfn < 9000; pfn += 2)
		page_free_event(&tape, pfn, 0);
	for (u64 pfn = 0x20000; pfn < 0x20200; pfn += 4)
		event(&tape, "mm_page_alloc: page=0x%llx pfn=0x%llx order=2 gfp_flags=GFP_NOWAIT", pfn, pfn);
	r = replay_tape(t, &tape, "mem=15M");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	ASSERT_EQ(t, r->nr_failure_kinds, 2);
	failure = r->failures[0].order ? &r->failures[0] : &r->failures[1];
	EXPECT_EQ(t, failure->reason, REPLAY_FRAGMENTED);
	EXPECT_LT(t, failure->largest_order, 2);
	EXPECT_LT(t, failure->unusable, 1000);
	EXPECT_CONTAINS(t, finding_with(findings_of(r), "failure")[1].text,
			"besides what it keeps for atomic requests");
}

/* __GFP_NOMEMALLOC wins over what would let a request have the last page, or a quarter of the mark. */
static void flags_that_win_over_memalloc_leave_the_watermark(struct ktap *t)
{
	static const char *const flags[] = {
		"GFP_KERNEL|__GFP_MEMALLOC|__GFP_NOMEMALLOC",
		"GFP_ATOMIC|__GFP_NOMEMALLOC",
	};
	struct replay_result *r;
	struct tape tape;

	tape_start(t, &tape);
	for (u64 pfn = 1; pfn < 5000; pfn++)
		page_event(&tape, pfn, 0);
	for (u64 pfn = 5000; pfn < 10000; pfn++)
		event(&tape, "mm_page_alloc: page=0x%llx pfn=0x%llx order=0 gfp_flags=%s", pfn, pfn, flags[pfn % 2]);
	r = replay_tape(t, &tape, "mem=15M");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	ASSERT_EQ(t, r->nr_failure_kinds, 3);
	for (unsigned int i = 0; i < 3; i++)
		EXPECT_EQ(t, r->failures[i].reason, REPLAY_NO_MEMORY);
}

/* 7,600 pages come, and every second one goes: the index of order 1 rises only then. */
static void holes_are_seen_as_they_come(struct ktap *t)
{
	struct trace_error error;
	struct tape tape;
	struct replay_options options = { .files = (const char *[]){ tape.path }, .nr_files = 1, .cmdline = "mem=32M" };

	tape_start(t, &tape);
	for (u64 pfn = 0; pfn < 7600; pfn++)
		page_event(&tape, pfn, 0);
	for (u64 pfn = 0; pfn < 7600; pfn += 2)
		page_free_event(&tape, pfn, 0);
	fflush(tape.out);
	for (unsigned int wanted = 0; wanted <= 300; wanted = wanted * 7 + 6) {
		struct replay_result *r;
		unsigned int expected = wanted < 11400 / 64 + 1 ? wanted : 11400 / 64 + 1;

		options.moments = wanted;
		r = replay_run(&options, &error);
		ASSERT_NOT_NULL(t, r);
		ktap_cleanup(t, free_result, r);
		ASSERT_EQ(t, r->nr_moments, expected);
		for (unsigned int i = 1; i < expected; i++) {
			const struct replay_moment *moment = &r->moments[i];

			EXPECT_GT(t, moment->events, r->moments[i - 1].events);
			EXPECT_LE(t, moment->events, 11400u * (i + 2) / expected);
			EXPECT_EQ(t, moment->unusable[0], 0);
			if (moment->events < 7600)
				EXPECT_LT(t, moment->unusable[1], 100);
		}
		if (expected) {
			EXPECT_EQ(t, r->moments[expected - 1].events, 11400);
			EXPECT_GT(t, r->moments[expected - 1].unusable[1], 800);
			EXPECT_GE(t, r->moments[expected - 1].unusable[10], r->moments[expected - 1].unusable[1]);
			EXPECT_GT(t, r->moments[expected - 1].free_pages, 3000);
		}
	}
}

/* What one record counts is not all of the first one's size. */
static void failures_of_several_sizes_say_so(struct ktap *t)
{
	struct replay_result *r;
	struct tape tape;

	tape_start(t, &tape);
	for (u64 pfn = 1; pfn < 9000; pfn++)
		event(&tape, "mm_page_alloc: page=0x%llx pfn=0x%llx order=0 gfp_flags=GFP_ATOMIC", pfn, pfn);
	for (u64 i = 0; i < 100; i++)
		kmalloc_event(&tape, BASE + (i << 13) + (1u << 28), i % 50 ? 2000 + i : 32 + i);
	r = replay_tape(t, &tape, "mem=32M");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	ASSERT_EQ(t, r->nr_failure_kinds, 2);
	EXPECT_GE(t, r->failures[1].count, 90);		/* one or two may be free in a slab of the machine's own */
	EXPECT_EQ(t, r->failures[1].bytes, 32);
	EXPECT_EQ(t, r->failures[1].least_bytes, 32);
	EXPECT_EQ(t, r->failures[1].most_bytes, 2099);
	EXPECT_STR(t, failure_text(&r->failures[1]).at, "kmalloc of 32 B to 2.0 KiB");
	EXPECT_STR(t, failure_text(&r->failures[0]).at, "order-0 pages");
	EXPECT_CONTAINS(t, finding_with(findings_of(r), "failure")->text, "kmalloc of 32 B to 2.0 KiB (");
}

/* Pages for a slab of the recorded machine are not asked for here, so that there are none is no failure. */
static void pages_of_the_recorded_slab_layer_do_not_fail(struct ktap *t)
{
	static const char *const flags[] = { NULL, "GFP_DMA", "GFP_DMA|__GFP_ZERO" };
	struct replay_result *without = NULL;

	for (unsigned int i = 0; i < 3; i++) {
		struct replay_result *r;
		struct tape tape;

		tape_start(t, &tape);
		for (u64 pfn = 1024; pfn < 10240; pfn += 1024)
			event(&tape, "mm_page_alloc: page=0x%llx pfn=0x%llx order=10 gfp_flags=GFP_DMA", pfn, pfn);
		if (flags[i]) {
			event(&tape, "mm_page_alloc: page=0x9000 pfn=0x9000 order=10 gfp_flags=%s", flags[i]);
			cache_event(&tape, BASE + 0x9000000 + 64, "node", 64, 64);
		}
		r = replay_tape(t, &tape, "mem=64M");
		ASSERT_NOT_NULL(t, r);
		expect_sums(t, r);
		if (!i)
			without = r;
		ASSERT_EQ(t, r->nr_failure_kinds, 1);
		EXPECT_GT(t, r->counts.failed, 4);
		EXPECT_EQ(t, r->counts.failed, without->counts.failed);
		EXPECT_EQ(t, r->nr_failures, r->counts.failed);
		EXPECT_EQ(t, r->failed_by_order[10], r->counts.failed);
		EXPECT_EQ(t, r->by_order[10], 9);
		EXPECT_EQ(t, r->failures[0].count, r->counts.failed);
		EXPECT_EQ(t, r->failures[0].line, without->failures[0].line);
		EXPECT_EQ(t, r->counts.slab_page_alloc, i != 0);
		EXPECT_EQ(t, r->counts.cache_alloc, i != 0);
	}
}

/* A record whose only failure was taken back is another's. */
static void a_failure_taken_back_leaves_no_record(struct ktap *t)
{
	struct replay_result *r;
	struct tape tape;

	tape_start(t, &tape);
	for (u64 pfn = 1024; pfn < 3072; pfn += 1024)
		event(&tape, "mm_page_alloc: page=0x%llx pfn=0x%llx order=10 gfp_flags=GFP_DMA", pfn, pfn);
	for (u64 pfn = 0x8000; pfn < 0xa000; pfn += 1024) {
		event(&tape, "mm_page_alloc: page=0x%llx pfn=0x%llx order=10 gfp_flags=GFP_DMA", pfn, pfn);
		cache_event(&tape, BASE + pfn * 4096 + 64, "node", 64, 64);
	}
	page_event(&tape, 0xc000, 10);
	kmalloc_event(&tape, BASE + 0x1000, 5u << 20);
	r = replay_tape(t, &tape, "mem=16M");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	EXPECT_EQ(t, r->counts.slab_page_alloc, 8);
	for (unsigned int i = 0; i < r->nr_failure_kinds; i++)
		EXPECT_GT(t, r->failures[i].count, 0);
	EXPECT_EQ(t, r->failures[r->nr_failure_kinds - 1].reason, REPLAY_TOO_LARGE);
}

static void impossible_requests_say_so(struct ktap *t)
{
	struct tape tape;
	struct replay_result *r;

	tape_start(t, &tape);
	kmalloc_event(&tape, BASE + 0x1000, 5ull << 40);
	event(&tape, "mm_page_alloc: page=0x800 pfn=0x800 order=10 migratetype=0 gfp_flags=GFP_DMA");
	r = replay_tape(t, &tape, "mem=4M");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	ASSERT_EQ(t, r->nr_failure_kinds, 2);
	EXPECT_EQ(t, r->failures[0].reason, REPLAY_TOO_LARGE);
	EXPECT_STR(t, failure_text(&r->failures[0]).at, "kmalloc of 5.0 TiB");
	EXPECT_EQ(t, r->failures[1].reason, REPLAY_TOO_SMALL_MACHINE);
}

static void injected_failures_are_not_blamed_on_memory(struct ktap *t)
{
	struct tape tape;
	struct replay_result *r;

	tape_start(t, &tape);
	for (u64 i = 0; i < 1000; i++)
		kmalloc_event(&tape, BASE + 0x1000 + i * 1024, 1024);
	kmalloc_event(&tape, BASE + 0x1000000, 0);
	r = replay_tape(t, &tape, "mem=64M failslab=1,100,500000,-1");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	ASSERT_GT(t, r->nr_failures, 0);
	EXPECT_EQ(t, r->nr_failure_kinds, 1);
	EXPECT_EQ(t, r->failures[0].reason, REPLAY_UNKNOWN);
}

/* ----------------------------------------------------------------------------------------------------- hostile */

static void absurd_numbers_are_survived(struct ktap *t)
{
	struct tape tape;
	struct replay_result *r;

	tape_start(t, &tape);
	kmalloc_event(&tape, BASE + 0x1000, 0);
	kmalloc_event(&tape, BASE + 0x2000, 1ull << 62);
	kmalloc_event(&tape, ~0ull, 8);
	kmalloc_event(&tape, 17, 8);
	cache_event(&tape, BASE + 0x3000, "zero", 0, 0);
	cache_event(&tape, BASE + 0x4000, "vast", 1ull << 62, 1ull << 63);
	cache_event(&tape, BASE + 0x5000, "small", 8, 1ull << 62);
	event(&tape, "kmalloc: call_site=f ptr=0x%llx bytes_req=64 bytes_alloc=64 gfp_flags=GFP_KERNEL node=77",
		BASE + 0x6000);
	event(&tape, "kmalloc: call_site=f ptr=0x%llx bytes_req=64 bytes_alloc=64 gfp_flags=0xffffffff node=-9",
		BASE + 0x7000);
	page_event(&tape, 0x1000, 99);
	page_event(&tape, 0x1000, -1);
	page_event(&tape, 0x1001, 4);
	page_event(&tape, ~0ull, 0);
	page_free_event(&tape, ~0ull, 10);
	event(&tape, "mm_page_alloc: page=0x10 pfn=0x10 order=0 migratetype=99 gfp_flags=0xffffffff");
	r = replay_tape(t, &tape, "mem=64M");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	EXPECT_GE(t, r->counts.impossible, 1);
	EXPECT_GE(t, r->nr_failures, 1);
}

static void more_caches_than_there_can_be_share_one(struct ktap *t)
{
	struct tape tape;
	struct replay_result *r;
	char name[32];

	tape_start(t, &tape);
	for (u64 i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "cache%llu", i);
		cache_event(&tape, BASE + 0x10000 + i * 4096, name, 100, 104);
	}
	for (u64 i = 0; i < 3000; i++)
		event(&tape, "kmem_cache_free: call_site=f ptr=0x%llx name=any", BASE + 0x10000 + i * 4096);
	r = replay_tape(t, &tape, "mem=256M");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	EXPECT_LE(t, r->nr_caches, REPLAY_MAX_CACHES + 2);
	EXPECT_GE(t, r->counts.over_cap, 3000 - REPLAY_MAX_CACHES);
	EXPECT_EQ(t, r->objects.live, 0);
}

/* One random event over few addresses and frames, so that they collide in every way. */
/* Where only single pages are to be had, slabs are that small, and so is what they take. */
static void slabs_take_what_the_machine_gave(struct ktap *t)
{
	struct replay_result *r;
	struct tape tape;
	u64 memory = 0;

	tape_start(t, &tape);
	for (u64 i = 0; i < 100; i++)
		cache_event(&tape, BASE + 0x1000 + i * 1024, "node", 1024, 1024);
	r = replay_tape(t, &tape, "mem=64M fail_page_alloc=1,100,0,-1");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	EXPECT_EQ(t, r->objects.live, 100);
	for (unsigned int i = 0; i < r->nr_slabs; i++)
		memory += r->slabs[i].memory_bytes;
	EXPECT_EQ(t, memory, (r->stats.slab_reclaimable_pages + r->stats.slab_unreclaimable_pages) * 4096ull);
	EXPECT_STR(t, r->slabs[0].name, "node");
	EXPECT_EQ(t, r->slabs[0].memory_bytes, r->slabs[0].slabs * 4096);
	EXPECT_EQ(t, r->slabs[0].waste_bytes, r->slabs[0].memory_bytes - 102400);
}

static void caches_that_could_not_be_made_are_not_too_many(struct ktap *t)
{
	struct tape tape;
	struct replay_result *r;

	tape_start(t, &tape);
	for (u64 i = 0; i < 5; i++)
		cache_event(&tape, BASE + 0x1000 + i * 64, "node", 64, 64);
	r = replay_tape(t, &tape, "mem=64M failslab=1,100,0,-1");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	EXPECT_EQ(t, r->counts.over_cap, 5);
	EXPECT_NULL(t, finding_with(findings_of(r), "many-caches"));
	EXPECT_CONTAINS(t, finding_with(findings_of(r), "unmade-caches")->text, "5 of their allocations were made");
}

static void random_event(struct ktap *t, struct tape *tape)
{
	u64 pfn = ktap_below(t, 64), ptr = BASE + pfn * 4096 + ktap_below(t, 4) * 1024;
	int order = (int)ktap_below(t, 4);
	char name[8] = { (char)('a' + ktap_below(t, 5)) };

	switch (ktap_below(t, 6)) {
	case 0:
		kmalloc_event(tape, ptr, ktap_below(t, 10000));
		break;
	case 1:
		cache_event(tape, ptr, name, 32u << (name[0] - 'a'), 32u << (name[0] - 'a'));
		break;
	case 2:
		event(tape, "kfree: call_site=f ptr=0x%llx", ptr);
		break;
	case 3:
		event(tape, "kmem_cache_free: call_site=f ptr=0x%llx name=%s", ptr, name);
		break;
	case 4:
		page_event(tape, pfn >> order << order, order);
		break;
	default:
		page_free_event(tape, pfn >> order << order, order);
	}
}

static void random_recordings_add_up(struct ktap *t)
{
	struct tape tape;
	struct replay_result *r, *again;

	tape_start(t, &tape);
	for (unsigned int i = 0; i < (t->soak ? 1000000 : 20000); i++)
		random_event(t, &tape);
	r = replay_tape(t, &tape, "mem=16M");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	EXPECT_LE(t, r->pages.live, 64);

	again = replay_tape(t, &tape, "mem=16M");
	ASSERT_NOT_NULL(t, again);
	EXPECT_MEM(t, &again->counts, &r->counts, sizeof(r->counts));
	EXPECT_EQ(t, again->stats.free_pages, r->stats.free_pages);
}

static void what_cannot_be_replayed_says_why(struct ktap *t)
{
	const char *missing = "no/such/file", *source = __FILE__;
	struct replay_options options = { .files = &missing, .nr_files = 1, .cmdline = "mem=64M" };
	struct trace_error error;

	EXPECT_NULL(t, replay_run(&options, &error));
	EXPECT_CONTAINS(t, error.text, "no/such/file");

	options = (struct replay_options){ .files = &source, .nr_files = 1, .cmdline = "mem=64M" };
	EXPECT_NULL(t, replay_run(&options, &error));
	EXPECT_EQ(t, error.kind, TRACE_ERROR_FORMAT);

	options.cmdline = "mem=12Q";
	EXPECT_NULL(t, replay_run(&options, &error));
	EXPECT_CONTAINS(t, error.text, "mem=12Q");
}

/* ------------------------------------------------------------------------------------------------- real, report */

static void the_sample_fits_into_512M_and_not_into_64M(struct ktap *t)
{
	static const char *const sample[] = { SAMPLE };
	struct replay_result *r = replay_files(t, sample, 1, "mem=512M");

	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	EXPECT_EQ(t, r->counts.events, 353309);
	EXPECT_EQ(t, r->nr_failures, 0);
	EXPECT(t, r->addresses_known);
	EXPECT_EQ(t, r->counts.implied_reuse, 3008);

	r = replay_files(t, sample, 1, "mem=64M");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	EXPECT_GT(t, r->nr_failures, 10000);
}

static void findings_name_the_worst_first(struct ktap *t)
{
	static struct findings findings;
	const struct trace_error none = { .kind = TRACE_ERROR_NONE };
	struct report report = { .error = &none };
	struct replay_result *r;
	struct tape tape;

	tape_start(t, &tape);
	fprintf(tape.out, "CPU:0 [LOST 17 EVENTS]\n");
	for (u64 pfn = 1; pfn < 10000; pfn++)
		page_event(&tape, pfn, 0);
	r = replay_tape(t, &tape, "mem=32M nosuchthing=1");
	ASSERT_NOT_NULL(t, r);
	report.result = r;
	findings_make(&findings, &report);
	ASSERT_GE(t, findings.nr, 4);
	EXPECT_STR(t, findings.list[0].id, "failure");
	EXPECT_CONTAINS(t, findings.list[0].text, "Order-0 pages failed");
	EXPECT_CONTAINS(t, findings.list[0].text, "below watermark");
	ASSERT_NOT_NULL(t, finding_with(&findings, "lost-events"));
	EXPECT_CONTAINS(t, finding_with(&findings, "lost-events")->text, "17 events");
	ASSERT_NOT_NULL(t, finding_with(&findings, "unknown-parameters"));
	EXPECT_CONTAINS(t, finding_with(&findings, "unknown-parameters")->text, "nosuchthing=1");
	for (unsigned int i = 1; i < findings.nr; i++)
		EXPECT_GE(t, findings.list[i - 1].rank, findings.list[i].rank);
	EXPECT_EQ(t, findings.list[findings.nr - 1].severity, SEVERITY_NOTE);
}

/* Flags make kinds of failures, but who reads of order-0 pages means all of them. */
static void what_failed_most_often_is_counted_with_all_its_flags(struct ktap *t)
{
	struct replay_result r = { .is_whole = true, .counts.events = 1, .nr_failures = 19, .nr_failure_kinds = 4,
				   .failures = { { .count = 8, .cache = "filp", .bytes = 192, .least_bytes = 192,
						   .most_bytes = 192 },
						 { .count = 6, .gfp = GFP_KERNEL },
						 { .count = 3, .gfp = GFP_ATOMIC },
						 { .count = 2, .order = 1 } } };

	for (unsigned int i = 0; i < r.nr_failure_kinds; i++)
		r.failures[i].reason = REPLAY_NO_MEMORY;
	EXPECT_CONTAINS(t, finding_with(findings_of(&r), "failure")->text, "19 allocations failed");
	EXPECT_CONTAINS(t, finding_with(findings_of(&r), "failure")->text,
			" Most often: order-0 pages (9), filp object of 192 B (8).");
	r.nr_failure_kinds = 1;
	EXPECT_NULL(t, strstr(finding_with(findings_of(&r), "failure")->text, "Most often"));
}

static void a_search_promises_what_memory_can_do(struct ktap *t)
{
	static struct findings findings;
	const struct trace_error none = { .kind = TRACE_ERROR_NONE };
	struct replay_result r = { .is_whole = true, .counts.events = 1, .nr_failures = 9, .nr_failure_kinds = 2,
				   .failures = { { .count = 5, .reason = REPLAY_NO_MEMORY, .zone = "DMA32" },
						 { .count = 4, .reason = REPLAY_FRAGMENTED, .zone = "DMA32" } } };
	struct report report = { .result = &r, .error = &none, .search = { .was_tried = true, .runs = 3,
									   .smallest_bytes = 4u << 20 } };

	findings_make(&findings, &report);
	EXPECT_CONTAINS(t, finding_with(&findings, "smallest-machine")->text, "lets all of it succeed: mem=4M.");
	r.failures[1].reason = REPLAY_TOO_LARGE;
	findings_make(&findings, &report);
	EXPECT_CONTAINS(t, finding_with(&findings, "smallest-machine")->text,
			"lets all succeed that memory can help: mem=4M.");
	report.search.smallest_bytes = 0;
	findings_make(&findings, &report);
	EXPECT_CONTAINS(t, finding_with(&findings, "smallest-machine")->text,
			"lets all succeed that memory can help.");
}

static void events_out_of_order_are_a_finding(struct ktap *t)
{
	struct tape first, second;
	const char *files[2] = { first.path, second.path };
	struct replay_result *r;

	tape_start(t, &first);
	tape_start(t, &second);
	cache_event(&first, BASE + 0x2000, "filp", 184, 192);
	cache_event(&first, BASE + 0x2100, "filp", 184, 192);
	cache_event(&second, BASE + 0x3000, "filp", 184, 192);
	fflush(second.out);
	r = replay_tape(t, &first, "mem=64M");
	ASSERT_NOT_NULL(t, r);
	EXPECT_NULL(t, finding_with(findings_of(r), "disorder"));
	r = replay_files(t, files, 2, "mem=64M");
	ASSERT_NOT_NULL(t, r);
	EXPECT_CONTAINS(t, finding_with(findings_of(r), "disorder")->text, "Time goes back 1 time:");
	fprintf(first.out, "  task-1  [001]  9.5: kfree: call_site=f+0x1 ptr=0x1000\n");
	r = replay_tape(t, &first, "mem=64M");
	ASSERT_NOT_NULL(t, r);
	EXPECT_CONTAINS(t, finding_with(findings_of(r), "disorder")->text, "Time goes back 1 time:");
}

/* A file whose events have no time says nothing of when the recording began. */
static void time_is_of_the_files_that_have_one(struct ktap *t)
{
	struct tape first, second;
	const char *files[2] = { first.path, second.path };
	struct replay_result *r;

	tape_start(t, &first);
	tape_start(t, &second);
	cache_event(&first, BASE + 0x2000, "filp", 184, 192);
	cache_event(&first, BASE + 0x2100, "filp", 184, 192);
	fprintf(second.out, "kfree: call_site=f+0x1 ptr=0x%llx\n", BASE + 0x2000);
	fflush(first.out);
	fflush(second.out);
	r = replay_files(t, files, 2, "mem=64M");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	EXPECT_EQ(t, r->counts.kfree, 1);
	EXPECT_EQ(t, r->first_ns, 10000001000ull);
	EXPECT_EQ(t, r->last_ns, 10000002000ull);
	EXPECT_NULL(t, finding_with(findings_of(r), "disorder"));
}

static void flags_that_nobody_knows_are_a_note(struct ktap *t)
{
	struct replay_result *r;
	struct tape tape;

	tape_start(t, &tape);
	page_event(&tape, 0x100, 0);
	r = replay_tape(t, &tape, "mem=64M");
	ASSERT_NOT_NULL(t, r);
	EXPECT_NULL(t, finding_with(findings_of(r), "unknown-flags"));
	event(&tape, "mm_page_alloc: page=0x1 pfn=0x1 order=0 gfp_flags=GFP_KERNEL|__GFP_NEW|0x80000000");
	r = replay_tape(t, &tape, "mem=64M");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	EXPECT_CONTAINS(t, finding_with(findings_of(r), "unknown-flags")->text, "2 GFP flags of allocations have no");
	EXPECT_EQ(t, findings_of(r)->nr_bad, 0);
}

static void a_line_without_an_end_is_a_finding(struct ktap *t)
{
	struct replay_result *r;
	struct tape tape;

	tape_start(t, &tape);
	cache_event(&tape, BASE + 0x2000, "filp", 184, 192);
	r = replay_tape(t, &tape, "mem=64M");
	ASSERT_NOT_NULL(t, r);
	EXPECT_EQ(t, findings_of(r)->nr_bad, 0);
	fprintf(tape.out, "  task-1  [000]  10.5: kfree: call_site=f+0x1 ptr=0x%llx", BASE + 0x2000);
	r = replay_tape(t, &tape, "mem=64M");
	ASSERT_NOT_NULL(t, r);
	expect_sums(t, r);
	EXPECT_EQ(t, findings_of(r)->nr_bad, 1);
	EXPECT_CONTAINS(t, finding_with(findings_of(r), "cut-line")->text, "its last line, 3, may be cut");
}

/* 2.66 and 2.67 MiB: "had 2.7 MiB free and needs 2.7 MiB" would say nothing. */
static void what_is_short_by_little_is_said_exactly(struct ktap *t)
{
	struct replay_result r = { .is_whole = true, .counts.events = 1, .nr_failures = 1, .nr_failure_kinds = 1,
				   .failures[0] = { .count = 1, .reason = REPLAY_NO_MEMORY, .zone = "DMA32",
						    .zone_free = 681, .wanted_free = 682 } };

	EXPECT_CONTAINS(t, finding_with(findings_of(&r), "failure")->text, "had 2,724 KiB free and needs 2,728 KiB (");
	r.failures[0].wanted_free = 1024;
	EXPECT_CONTAINS(t, finding_with(findings_of(&r), "failure")->text, "had 2.7 MiB free and needs 4.0 MiB (");
	r.failures[0].reason = REPLAY_RESERVED;
	EXPECT_CONTAINS(t, finding_with(findings_of(&r), "failure")->text, "needs 4.0 MiB; in all its zones 0 B were");
}

static void one_is_no_plural(struct ktap *t)
{
	struct replay_result r = { .is_whole = true, .counts = { .events = 1, .old_object = 1, .implied_page = 1,
								 .no_address = 1, .impossible = 1, .oversize = 1 } };
	const struct findings *findings = findings_of(&r);

	EXPECT_EQ(t, findings->nr, 5);
	EXPECT_STR(t, finding_with(findings, "older")->text,
		   "1 object and 0 page blocks older than the recording were freed: nothing to replay.");
	EXPECT_CONTAINS(t, finding_with(findings, "implied-frees")->text, "1 object was freed without an event: 0 by");
	EXPECT_CONTAINS(t, finding_with(findings, "no-address")->text, "1 event hides its address");
	EXPECT_CONTAINS(t, finding_with(findings, "impossible")->text, "1 page event names");
	EXPECT_CONTAINS(t, finding_with(findings, "odd-sizes")->text, "1 cache allocation names");
}

/* A sentence that there is no room for goes, all of it: nothing of it lands behind another. */
static void findings_end_where_there_is_room_for_no_more(struct ktap *t)
{
	static struct findings findings;
	const struct trace_error none = { .kind = TRACE_ERROR_NONE };
	struct trace_stats trace[MAX_FINDINGS + 1];
	const char *files[MAX_FINDINGS + 1];
	struct replay_cache cache = { .name = "kmalloc", .live = 5, .live_bytes = 320 };
	struct replay_result result = { .is_whole = true, .files = files, .nr_files = MAX_FINDINGS + 1, .trace = trace,
					.caches = &cache, .nr_caches = 1, .objects.live = 5, .counts.events = 5 };

	for (unsigned int i = 0; i < result.nr_files; i++) {
		trace[i] = (struct trace_stats){ .nr_lost = 1 };
		files[i] = "part";
	}
	findings_make(&findings, &(struct report){ .result = &result, .error = &none });
	EXPECT_EQ(t, findings.nr, MAX_FINDINGS);
	for (unsigned int i = 0; i < findings.nr; i++)
		EXPECT_STR(t, findings.list[i].text, findings.list[0].text);
}

static void json_is_escaped_and_closed(struct ktap *t)
{
	char *text = NULL;
	size_t size = 0;
	struct json json = { .out = open_memstream(&text, &size) };

	json_open(&json, NULL, '{');
	json_string(&json, "a\"b", "\\ \n \x01 \xff \xc3\xa9 \xed\xa0\x80");
	json_open(&json, "empty", '[');
	json_close(&json);
	json_open(&json, "list", '[');
	json_number(&json, NULL, ~0ull);
	json_signed(&json, NULL, -5);
	json_bool(&json, NULL, true);
	json_string(&json, NULL, NULL);
	json_close(&json);
	json_close(&json);
	fclose(json.out);
	EXPECT_STR(t, text,
		"{\n \"a\\\"b\": \"\\\\ \\u000a \\u0001 \\ufffd \xc3\xa9 \\ufffd\\ufffd\\ufffd\",\n \"empty\": [],\n "
		"\"list\": [\n"
		"  18446744073709551615,\n  -5,\n  true,\n  null\n ]\n}\n");
	free(text);
}

static void numbers_read_well(struct ktap *t)
{
	EXPECT_STR(t, count_text(0).at, "0");
	EXPECT_STR(t, count_text(1234567).at, "1,234,567");
	EXPECT_STR(t, count_text(123).at, "123");
	EXPECT_STR(t, count_text(~0ull).at, "18,446,744,073,709,551,615");
	EXPECT_STR(t, bytes_text(512).at, "512 B");
	EXPECT_STR(t, bytes_text(1536).at, "1.5 KiB");
	EXPECT_STR(t, bytes_text(48u << 20).at, "48 MiB");
	EXPECT_STR(t, bytes_text(1048575).at, "1.0 MiB");
	EXPECT_STR(t, size_param(512u << 20).at, "512M");
	EXPECT_STR(t, size_param(1000).at, "1000");
	EXPECT_STR(t, share_text(1, 0).at, "-");
	EXPECT_STR(t, share_text(1, 300).at, "0.3 %");
	EXPECT_STR(t, share_text(1, 4).at, "25 %");
	EXPECT_STR(t, thousandths_text(930).at, "0.930");
	EXPECT_STR(t, thousandths_text(-1000).at, "-");
}

KTAP_SUITE(replay,
	   KTAP_CASE(table_agrees_with_an_array),
	   KTAP_CASE(table_check_finds_a_misplaced_entry),
	   KTAP_CASE(table_takes_at_most_36_bytes_a_live_object),
	   KTAP_CASE(names_are_kept_once),
	   KTAP_CASE(objects_come_and_go),
	   KTAP_CASE(who_allocated_may_be_unknown),
	   KTAP_CASE(an_object_takes_what_it_took),
	   KTAP_CASE(frees_that_left_no_event_are_found),
	   KTAP_CASE(a_direct_map_is_learnt),
	   KTAP_CASE(a_direct_map_that_is_not_understood_is_said),
	   KTAP_CASE(a_short_peak_is_seen),
	   KTAP_CASE(what_is_older_or_nothing_is_only_counted),
	   KTAP_CASE(parts_of_one_recording_share_what_is_live),
	   KTAP_CASE(kernels_without_cache_names_get_caches_by_size),
	   KTAP_CASE(a_block_may_be_freed_in_parts),
	   KTAP_CASE(small_blocks_may_be_freed_as_one),
	   KTAP_CASE(a_block_over_live_ones_implies_their_frees),
	   KTAP_CASE(what_lower_zones_keep_is_their_reserve),
	   KTAP_CASE(what_is_kept_for_atomic_requests_is_no_riddle),
	   KTAP_CASE(a_high_watermark_is_no_reserve),
	   KTAP_CASE(memory_that_ends_is_below_the_watermark),
	   KTAP_CASE(holes_everywhere_are_fragmentation),
	   KTAP_CASE(a_zone_that_keeps_its_blocks_does_not_hide_fragmentation),
	   KTAP_CASE(what_is_kept_for_atomic_requests_is_no_block_for_others),
	   KTAP_CASE(flags_that_win_over_memalloc_leave_the_watermark),
	   KTAP_CASE(holes_are_seen_as_they_come),
	   KTAP_CASE(failures_of_several_sizes_say_so),
	   KTAP_CASE(pages_of_the_recorded_slab_layer_do_not_fail),
	   KTAP_CASE(a_failure_taken_back_leaves_no_record),
	   KTAP_CASE(impossible_requests_say_so),
	   KTAP_CASE(injected_failures_are_not_blamed_on_memory),
	   KTAP_CASE(absurd_numbers_are_survived),
	   KTAP_CASE(more_caches_than_there_can_be_share_one),
	   KTAP_CASE(slabs_take_what_the_machine_gave),
	   KTAP_CASE(caches_that_could_not_be_made_are_not_too_many),
	   KTAP_CASE(random_recordings_add_up),
	   KTAP_CASE(what_cannot_be_replayed_says_why),
	   KTAP_CASE(the_sample_fits_into_512M_and_not_into_64M),
	   KTAP_CASE(findings_name_the_worst_first),
	   KTAP_CASE(what_failed_most_often_is_counted_with_all_its_flags),
	   KTAP_CASE(a_search_promises_what_memory_can_do),
	   KTAP_CASE(events_out_of_order_are_a_finding),
	   KTAP_CASE(time_is_of_the_files_that_have_one),
	   KTAP_CASE(flags_that_nobody_knows_are_a_note),
	   KTAP_CASE(a_line_without_an_end_is_a_finding),
	   KTAP_CASE(what_is_short_by_little_is_said_exactly),
	   KTAP_CASE(one_is_no_plural), KTAP_CASE(findings_end_where_there_is_room_for_no_more),
	   KTAP_CASE(json_is_escaped_and_closed),
	   KTAP_CASE(numbers_read_well));
