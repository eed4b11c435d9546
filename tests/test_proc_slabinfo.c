/* SPDX-License-Identifier: MIT */
/* test_proc_slabinfo.c - a line is formatted as the kernel's, and says what is true of its cache. */
#include "tests/data/slabinfo.h"
#include "tests/proc_sample.h"

/* Read the line's own numbers back into the struct that it is made of. */
static void line_read(char *line, struct cache_stats *stats)
{
	char *space = strchr(line, ' ');
	const char *at = space + 1;

	*stats = (struct cache_stats){ .name = line };
	stats->live_objects = sample_number(&at);
	stats->total_objects = sample_number(&at);
	stats->size = (unsigned int)sample_number(&at);
	stats->objects_per_slab = (unsigned int)sample_number(&at);
	stats->slab_order = (unsigned int)__builtin_ctzl(sample_number(&at));
	at = strstr(at, "slabdata") + strlen("slabdata");
	stats->slabs = sample_number(&at);
	/* Objects in sheaves count as active. */
	stats->sheaf_objects = stats->live_objects / 3;
	stats->live_objects -= stats->sheaf_objects;
	*space = '\0';
}

static void every_line_of_the_sample_is_reproduced(struct ktap *t)
{
	const char *lines = slabinfo_amd64_1G;
	char line[256], copy[256];
	unsigned int nr = 0;

	sample_line(&lines, line, sizeof(line));
	sample_line(&lines, line, sizeof(line));
	for (; sample_line(&lines, line, sizeof(line)); nr++) {
		struct text text = text_in(file_text, sizeof(file_text));
		struct cache_stats stats;

		strcpy(copy, line);
		line_read(copy, &stats);
		slabinfo_line(&text, &stats);
		file_text[strlen(file_text) - 1] = '\0';
		if (!EXPECT_STR(t, file_text, line))
			return;
	}
	EXPECT_GT(t, nr, 100);
}

static void header_is_the_kernels(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	const char *got = file_text, *want = slabinfo_amd64_1G;
	char got_line[256], want_line[256];

	ASSERT_NOT_NULL(t, m);
	machine_file(m, "slabinfo", file_text, sizeof(file_text));
	for (int i = 0; i < 2; i++) {
		sample_line(&got, got_line, sizeof(got_line));
		sample_line(&want, want_line, sizeof(want_line));
		EXPECT_STR(t, got_line, want_line);
	}
}

static const char *line_of(const char *name)
{
	char start[64];
	const char *at;

	snprintf(start, sizeof(start), "\n%s ", name);
	at = strstr(file_text, start);
	return at ? at + strlen(start) : NULL;
}

static void numbers_follow_the_cache(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	struct kmem_cache *cache;
	void *objects[100];
	const char *at;

	ASSERT_NOT_NULL(t, m);
	cache = kmem_cache_create("numbers", 200, 0, SLAB_NO_MERGE, NULL);
	ASSERT_NOT_NULL(t, cache);
	for (unsigned int i = 0; i < 100; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	machine_file(m, "slabinfo", file_text, sizeof(file_text));
	at = line_of("numbers");
	ASSERT_NOT_NULL(t, at);
	EXPECT_GE(t, sample_number(&at), 100);
	EXPECT_GE(t, sample_number(&at), 100);
	EXPECT_EQ(t, sample_number(&at), 200);
	EXPECT_EQ(t, sample_number(&at), (PAGE_SIZE << cache->order) / 200);
	EXPECT_EQ(t, sample_number(&at), 1ul << cache->order);
	for (unsigned int i = 0; i < 100; i++)
		kmem_cache_free(cache, objects[i]);
	kmem_cache_shrink(cache);
	machine_file(m, "slabinfo", file_text, sizeof(file_text));
	at = line_of("numbers");
	EXPECT_EQ(t, sample_number(&at), 0);
	EXPECT_EQ(t, sample_number(&at), 0);
	kmem_cache_destroy(cache);
	machine_file(m, "slabinfo", file_text, sizeof(file_text));
	EXPECT_NULL(t, line_of("numbers"));
}

static void newest_cache_comes_first(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct kmem_cache *older, *newer;

	ASSERT_NOT_NULL(t, m);
	older = kmem_cache_create("older", 72, 0, SLAB_NO_MERGE, NULL);
	newer = kmem_cache_create("newer", 72, 0, SLAB_NO_MERGE, NULL);
	machine_file(m, "slabinfo", file_text, sizeof(file_text));
	EXPECT_LT(t, line_of("newer"), line_of("older"));
	EXPECT_LT(t, line_of("older"), line_of("dma-kmalloc-8k"));
	EXPECT_LT(t, line_of("kmalloc-8k"), line_of("kmalloc-8"));
	EXPECT_LT(t, line_of("kmalloc-8"), line_of("kmem_cache"));
	kmem_cache_destroy(older);
	kmem_cache_destroy(newer);
}

/* objsize, objperslab and pagesperslab of each kmalloc cache are the sample's, which had one CPU too. */
static void kmalloc_slabs_are_as_large_as_the_kernels(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=1G nr_cpus=1");
	const char *lines = slabinfo_amd64_1G;
	unsigned int nr = 0;
	char line[256];

	ASSERT_NOT_NULL(t, m);
	machine_file(m, "slabinfo", file_text, sizeof(file_text));
	while (sample_line(&lines, line, sizeof(line))) {
		const char *want = strchr(line, ' '), *got;

		if (strncmp(line, "kmalloc-", 8) && strncmp(line, "dma-kmalloc-", 12))
			continue;
		*strchr(line, ' ') = '\0';
		got = line_of(line);
		ASSERT_NOT_NULL(t, got);
		want++;
		for (unsigned int column = 0; column < 5; column++) {
			unsigned long wanted = sample_number(&want), found = sample_number(&got);

			if (column >= 2 && !EXPECT_EQ(t, found, wanted))
				ktap_note(t, "%s column %u", line, column);
		}
		nr++;
	}
	EXPECT_EQ(t, nr, 52);
}

KTAP_SUITE(proc_slabinfo, KTAP_CASE(every_line_of_the_sample_is_reproduced), KTAP_CASE(header_is_the_kernels),
	   KTAP_CASE(numbers_follow_the_cache), KTAP_CASE(newest_cache_comes_first),
	   KTAP_CASE(kmalloc_slabs_are_as_large_as_the_kernels));
