/* SPDX-License-Identifier: MIT */
/*
 * test_params.c - every row of the table of parameters, and lines that no one should write.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include "mm/machine.h"
#include "tests/ktap.h"

static struct machine_params params;

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* What one word sets: a member, read as a number. */
struct expectation {
	const char *word;
	size_t offset, size;
	unsigned long long want;
};

#define SETS(word, member, want) \
	{ word, offsetof(struct machine_params, member), sizeof(((struct machine_params *)0)->member), want }

static const struct expectation expectations[] = {
	SETS("mem=4G", mem, 4ull << 30),
	SETS("mem=0x100000", mem, 1 << 20),
	SETS("mem=64m", mem, 64 << 20),
	SETS("memmap=64K$0x10000", nr_memmap, 1),
	SETS("memmap=64K@0", memmap[0].size, 65536),
	SETS("memmap=64K#1M", memmap[0].start, 1 << 20),
	SETS("memmap=64K!1M", memmap[0].kind, '!'),
	SETS("memmap=512M", mem, 512 << 20),
	SETS("memmap=exactmap", memmap_exact, true),
	SETS("memmap=1M@2M memmap=exactmap memmap=4K@8K", nr_memmap, 1),
	SETS("memmap=exactmap,640K@0,1M@1M", nr_memmap, 2),
	SETS("highmem=0", highmem_given, 1),
	SETS("highmem=128M", highmem, 128 << 20),
	SETS("vmalloc=256M", vmalloc, 256 << 20),
	SETS("kernelcore=512M", kernelcore, 512 << 20),
	SETS("kernelcore=30%", kernelcore_percent, 30),
	SETS("movablecore=1G", movablecore, 1 << 30),
	SETS("movablecore=0%", movablecore_percent, 0),
	SETS("movablecore=100%", movablecore_percent, 100),
	SETS("numa=fake=8", numa_fake, 8),
	SETS("numa=fake=256M", numa_fake_bytes, 256 << 20),
	SETS("numa=fake=0x7", numa_fake, 7),
	SETS("numa=off", numa_fake, 1),
	SETS("numa=fake=256M numa=fake=2", numa_fake_bytes, 0),
	SETS("kmem.layout=i386", layout_i386, true),
	SETS("kmem.layout=i386 kmem.layout=x86_64", layout_i386, false),
	SETS("nr_cpus=256", nr_cpus, 256),
	SETS("maxcpus=0", nr_cpus, 1),
	SETS("maxcpus=2 nr_cpus=8", nr_cpus, 2),
	SETS("nr_cpus=2 maxcpus=8", nr_cpus, 2),
	SETS("loglevel=0", loglevel, 0),
	SETS("quiet", loglevel, 4),
	SETS("debug", loglevel, 10),
	SETS("printk.time=1", printk_time, true),
	SETS("printk.time=1 printk.time=n", printk_time, false),
	SETS("no_hash_pointers", no_hash_pointers, true),
	SETS("nokaslr", nr_unknown, 0),
	SETS("sysctl.vm.min_free_kbytes=8192", min_free_kbytes, 8192),
	SETS("sysctl.vm.min_free_kbytes=2147483647", min_free_kbytes, 0x7fffffff),
	SETS("sysctl.vm.watermark_scale_factor=3000", watermark_scale_factor, 3000),
	SETS("sysctl.vm.watermark_boost_factor=0", watermark_boost_factor, 0),
	SETS("kmem.fullest_first=off", fullest_first, false),
	SETS("kmem.fullest_first=off kmem.fullest_first=on", fullest_first, true),
	SETS("kmem.keep=64K", keep, 64ull << 10),
	SETS("kmem.tight_slabs=off", tight_slabs, false),
	SETS("kmem.tight_slabs=off kmem.tight_slabs=1", tight_slabs, true),
	SETS("kmem.lazy_vfree=1", lazy_vfree, true),
	SETS("kmem.lazy_vfree=1 kmem.lazy_vfree=0", lazy_vfree, false),
	SETS("kmem.idle_release=0", idle_release, false),
	SETS("kmem.idle_release=0 kmem.idle_release=1", idle_release, true),
	SETS("kmem.layout=x86_64 sysctl.vm.lowmem_reserve_ratio=\"128 64 16\"", lowmem_reserve_ratio[ZONE_NORMAL], 16),
	SETS("sysctl.vm.lowmem_reserve_ratio=\"1 2 3 4 5\" kmem.layout=x86_64", lowmem_reserve_ratio[ZONE_MOVABLE], 4),
	SETS("sysctl.vm.lowmem_reserve_ratio=\"1 2 3 4 5\" kmem.layout=x86_64", lowmem_reserve_ratio[ZONE_HIGHMEM], 0),
	SETS("sysctl.vm.lowmem_reserve_ratio=\"9\t8 7\" kmem.layout=i386", lowmem_reserve_ratio[ZONE_HIGHMEM], 7),
	SETS("sysctl.vm.percpu_pagelist_high_fraction=8", percpu_pagelist_high_fraction, 8),
	SETS("sysctl.vm.percpu_pagelist_high_fraction=8 sysctl.vm.percpu_pagelist_high_fraction=0",
	     percpu_pagelist_high_fraction, 0),
	SETS("transparent_hugepage=always", thp, true),
	SETS("transparent_hugepage=madvise", thp, true),
	SETS("transparent_hugepage=always transparent_hugepage=never", thp, false),
	SETS("init_on_alloc=1", init_on_alloc, true),
	SETS("init_on_free=on", init_on_free, true),
	SETS("slub_debug", slub_debug_given, true),
	SETS("slub_debug=FZ,dentry", slub_debug_given, true),
	SETS("slab_debug", slub_debug_given, true),
	SETS("slub_min_order=10", slub_min_order, 10),
	SETS("slab_min_order=1", slub_min_order, 1),
	SETS("slub_max_order=0", slub_max_order, 0), SETS("slub-max_order=2", slub_max_order, 2),
	SETS("slab_max_order=3", slub_max_order, 3),
	SETS("slub_min_objects=32", slub_min_objects, 32),
	SETS("slab_min_objects=7", slub_min_objects, 7),
	SETS("slab_nomerge", slab_nomerge, true),
	SETS("slub_nomerge", slab_nomerge, true),
	SETS("slab_nomerge slab_merge", slab_nomerge, false),
	SETS("slab_nomerge slub_merge", slab_nomerge, false),
	SETS("kmem.sheaf=64", sheaf_capacity, 64),
	SETS("kmem.kmalloc_sheaves=0", no_kmalloc_sheaves, true),
	SETS("kmem.kmalloc_sheaves=0 kmem.kmalloc_sheaves=1", no_kmalloc_sheaves, false),
	SETS("failslab=1,100,0,-1", failslab.on, true),
	SETS("failslab=10,50,4096,7", failslab.probability, 50),
	SETS("failslab=10,50,4096,7", failslab.space, 4096),
	SETS("failslab=10,50,4096,7", failslab.times, 7),
	SETS("kmem.check=2", check, 2),
	SETS("kmem.fault=2047,12,1", fault.points, 2047),
	SETS("kmem.fault=2047,12,1", fault.nth, 12),
	SETS("kmem.fault=2047,12,1", fault.persistent, true),
	SETS("fail_page_alloc=10,100,0,-1", fail_page_alloc.interval, 10),
	SETS("fail_page_alloc=10,100,0,-1", fail_page_alloc.times, 0xffffffff),
	SETS("kmem.fail_page_alloc_min_order=0", fail_page_alloc_min_order, 0),
	SETS("sysctl.vm.panic_on_oom=2", panic_on_oom, 2),
	SETS("panic_on_warn=1", panic_on_warn, 1),
	SETS("kmem.private=on", private_memory, true),
	SETS("kmem.huge_after=32M", huge_after, 32ull << 20),
	SETS("kmem.seed=18446744073709551615", seed, ~0ull),
};

static unsigned long long member_of(const struct machine_params *p, const struct expectation *e)
{
	unsigned long long value = 0;

	memcpy(&value, (const char *)p + e->offset, e->size);	/* little-endian */
	return value;
}

/* Is the row the parameter of one of the words? */
static bool names_row(const char *words, const char *row)
{
	size_t length = strlen(row);
	const char *at = strstr(words, row);

	return at && (at == words || at[-1] == ' ') &&
	       (row[length - 1] == '=' || !at[length] || at[length] == ' ' || at[length] == '=');
}

static void each_word_sets_its_member(struct ktap *t)
{
	for (size_t i = 0; i < LENGTH(expectations); i++) {
		const struct expectation *e = &expectations[i];

		if (!EXPECT_STR(t, params_parse(&params, e->word), NULL) ||
		    !EXPECT_EQ(t, member_of(&params, e), e->want) || !EXPECT_EQ(t, params.nr_unknown, 0))
			ktap_note(t, "the word was: %s", e->word);
	}
}

static void every_row_of_the_table_is_exercised(struct ktap *t)
{
	for (const struct param_info *row = params_table(); row->name; row++) {
		bool found = false;

		for (size_t i = 0; i < LENGTH(expectations); i++)
			found |= names_row(expectations[i].word, row->name);
		if (!EXPECT(t, found))
			ktap_note(t, "no expectation for %s", row->name);
		EXPECT(t, strlen(row->sentence) > 8);
		EXPECT(t, row->sentence[strlen(row->sentence) - 1] == '.');
	}
}

static void defaults_are_the_kernels(struct ktap *t)
{
	static const unsigned int ratios[] = { 256, 256, 32, 0, 0, 0 };

	EXPECT_NULL(t, params_parse(&params, NULL));
	EXPECT_EQ(t, params.watermark_scale_factor, 10);
	EXPECT_EQ(t, params.watermark_boost_factor, 15000);
	EXPECT_EQ(t, params.loglevel, 7);
	EXPECT_EQ(t, params.mem, 0);
	EXPECT_NULL(t, params.slub_debug);
	EXPECT_MEM(t, params.lowmem_reserve_ratio, ratios, sizeof(ratios));
	EXPECT_STR(t, params.cmdline, "");
}

/* Each with the whole sentence it gets. */
static void values_without_sense_are_refused(struct ktap *t)
{
	static const char *const cases[][2] = {
		{ "quiet mem=12Q foo", "mem=12Q: not a size" },
		{ "mem=", "mem=: not a size" },
		{ "mem", "mem: needs a value" },
		{ "mem=0", "mem=0: less than a page" },
		{ "mem=-1", "mem=-1: not a size" },
		{ "mem=16777216T", "mem=16777216T: not a size" },
		{ "mem=0000000000000000000000064M", "mem=0000000000000000000000064M: not a size" },
		{ "mem=99999999999999999999", "mem=99999999999999999999: not a size" },
		{ "memmap=64K%1M", "memmap=64K%1M: not size@start, size$start, size#start or size!start" },
		{ "memmap=64K@", "memmap=64K@: not size@start, size$start, size#start or size!start" },
		{ "memmap=1G@1G,2X foo", "memmap=1G@1G,2X: not size@start, size$start, size#start or size!start" },
		{ "foo=1 \"mem=12 q\" x", "mem=12 q: not a size" },
		{ "memmap=,", "memmap=,: not size@start, size$start, size#start or size!start" },
		{ "highmem=x", "highmem=x: not a size" },
		{ "vmalloc=4K", "vmalloc=4K: too small" },
		{ "kernelcore=101%", "kernelcore=101%: not from 0% to 100%" },
		{ "kernelcore=%", "kernelcore=%: not from 0% to 100%" },
		{ "kernelcore=mirror", "kernelcore=mirror: not a size or a percentage" },
		{ "numa=fake=65",
		  sizeof(long) == 8 ? "numa=fake=65: more than 64 nodes" : "numa=fake=65: more than 8 nodes" },
		{ "numa=fake=0", "numa=fake=0: not off, fake=nodes or fake=size" },
		{ "numa=on", "numa=on: not off, fake=nodes or fake=size" },
		{ "kmem.layout=arm", "kmem.layout=arm: not i386 or x86_64" },
		{ "nr_cpus=0", "nr_cpus=0: too small" },
		{ "nr_cpus=257", "nr_cpus=257: too large" },
		{ "nr_cpus=4294967297", "nr_cpus=4294967297: too large" },
		{ "maxcpus=257", "maxcpus=257: more than 256" },
		{ "loglevel=16", "loglevel=16: too large" },
		{ "quiet=1", "quiet=1: takes no value" },
		{ "slab_nomerge=1", "slab_nomerge=1: takes no value" },
		{ "printk.time=maybe", "printk.time=maybe: not on or off" },
		{ "init_on_alloc", "init_on_alloc: needs a value" },
		{ "sysctl.vm.watermark_scale_factor=3001", "sysctl.vm.watermark_scale_factor=3001: too large" },
		{ "sysctl.vm.min_free_kbytes=2147483648", "sysctl.vm.min_free_kbytes=2147483648: too large" },
		{ "sysctl.vm.percpu_pagelist_high_fraction=7",
		  "sysctl.vm.percpu_pagelist_high_fraction=7: neither 0 nor 8 or more" },
		{ "sysctl.vm.percpu_pagelist_high_fraction=2147483648",
		  "sysctl.vm.percpu_pagelist_high_fraction=2147483648: too large" },
		{ "sysctl.vm.percpu_pagelist_high_fraction=x",
		  "sysctl.vm.percpu_pagelist_high_fraction=x: not a number" },
		{ "sysctl.vm.lowmem_reserve_ratio=1,2",
		  "sysctl.vm.lowmem_reserve_ratio=1,2: not a list of numbers with spaces between them" },
		{ "sysctl.vm.lowmem_reserve_ratio=\"1 2 3 4 5 6 7\"",
		  "sysctl.vm.lowmem_reserve_ratio=1 2 3 4 5 6 7: more numbers than zones" },
		{ "transparent_hugepage=yes", "transparent_hugepage=yes: not always, madvise or never" },
		{ "slub_max_order=11", "slub_max_order=11: too large" },
		{ "kmem.fault=1,2", "kmem.fault=1,2: not points,nth,0 or 1" },
		{ "kmem.fault=1,2,2", "kmem.fault=1,2,2: not points,nth,0 or 1" },
		{ "kmem.fault=x", "kmem.fault=x: not points,nth,0 or 1" },
		{ "kmem.fault=1;2,0", "kmem.fault=1;2,0: not points,nth,0 or 1" },
		{ "kmem.fault=1,x", "kmem.fault=1,x: not points,nth,0 or 1" },
		{ "kmem.fault=1,2,0x", "kmem.fault=1,2,0x: not points,nth,0 or 1" },
		{ "failslab=x", "failslab=x: not interval,probability,space,times" },
		{ "failslab=1;2,0,0", "failslab=1;2,0,0: not interval,probability,space,times" },
		{ "failslab=1,2;0,0", "failslab=1,2;0,0: not interval,probability,space,times" },
		{ "failslab=1,x", "failslab=1,x: not interval,probability,space,times" },
		{ "failslab=1,2,x,0", "failslab=1,2,x,0: not interval,probability,space,times" },
		{ "failslab=1,2,3000000000,0", "failslab=1,2,3000000000,0: not interval,probability,space,times" },
		{ "failslab=1,2,0,-3000000000", "failslab=1,2,0,-3000000000: not interval,probability,space,times" },
		{ "debug=1", "debug=1: takes no value" },
		{ "kernelcore=", "kernelcore=: not a size or a percentage" },
		{ "failslab=1,2,3", "failslab=1,2,3: not interval,probability,space,times" },
		{ "failslab=1,101,0,0", "failslab=1,101,0,0: a probability above 100" },
		{ "failslab=1,1,0,0,", "failslab=1,1,0,0,: not interval,probability,space,times" },
		{ "fail_page_alloc=99999999999,1,0,0",
		  "fail_page_alloc=99999999999,1,0,0: not interval,probability,space,times" },
		{ "nr_cpus=\"\x01\xff\"", "nr_cpus=??: not a number" },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		if (!EXPECT_STR(t, params_parse(&params, cases[i][0]), cases[i][1]))
			ktap_note(t, "the line was: %s", cases[i][0]);
	}
}

/* What `kmem help parameters` prints: the table, row by row, and no more. */
static void parameters_can_be_listed(struct ktap *t)
{
	struct machine_parameter parameter = { 0 };
	unsigned int nr = 0;

	for (const struct param_info *row = params_table(); row->name; row++) {
		ASSERT(t, machine_parameter(nr++, &parameter));
		EXPECT_STR(t, parameter.name, row->name);
		EXPECT_STR(t, parameter.sentence, row->sentence);
	}
	EXPECT(t, !machine_parameter(nr, &parameter));
	EXPECT(t, !machine_parameter(~0u, &parameter));
	EXPECT_STR(t, parameter.name, params_table()[nr - 1].name);
}

/* Every parameter that takes a value refuses a page of rubbish, and says so in one short line. */
static void every_row_refuses_rubbish(struct ktap *t)
{
	static char line[CMDLINE_MAX];

	for (const struct param_info *row = params_table(); row->name; row++) {
		size_t length = strlen(row->name);
		const char *wrong;

		if (row->name[length - 1] != '=')
			continue;
		memcpy(line, row->name, length);
		memset(line + length, '~', 3000);
		line[length + 3000] = '\0';
		wrong = params_parse(&params, line);
		if (!EXPECT_NOT_NULL(t, wrong))
			ktap_note(t, "%s took rubbish", row->name);
		else
			EXPECT_LT(t, strlen(wrong), sizeof(params.error));
	}
}

static void unknown_words_are_reported_as_the_kernel_does(struct ktap *t)
{
	char text[256];

	EXPECT_NULL(t, params_parse(&params, "foo=1 mem=1G bar a.b=\"x y\" quiet baz -- sh quux=2"));
	EXPECT_EQ(t, params.nr_unknown, 4);
	params_report_unknown(&params, text, sizeof(text));
	EXPECT_STR(t, text, "Unknown kernel command line parameters \"bar baz foo=1 a.b=x y\", "
			    "will be passed to user space.");
	EXPECT_NULL(t, params_parse(&params, "mem=1G"));
	EXPECT_EQ(t, params_report_unknown(&params, text, sizeof(text)), 0);
	EXPECT_STR(t, text, "");
}

static void many_unknown_words_are_counted(struct ktap *t)
{
	char line[256] = "", text[256];
	int length;

	for (int i = 0; i < 20; i++)
		scnprintf(line + strlen(line), sizeof(line) - strlen(line), "w%d ", i);
	EXPECT_NULL(t, params_parse(&params, line));
	EXPECT_EQ(t, params.nr_unknown, 20);
	length = params_report_unknown(&params, text, sizeof(text));
	EXPECT_EQ(t, length, (int)strlen(text));
	EXPECT_CONTAINS(t, text, "\"w0 w1 ");
	EXPECT_CONTAINS(t, text, " w15\" and 4 more, will");
}

/* Whatever the room, the text is cut and ended within it. */
static void the_report_fits_any_room(struct ktap *t)
{
	char whole[256], text[256];
	int length;

	EXPECT_NULL(t, params_parse(&params, "alpha beta=gamma"));
	length = params_report_unknown(&params, whole, sizeof(whole));
	for (size_t room = 0; room <= (size_t)length + 1; room++) {
		memset(text, '#', sizeof(text));
		params_report_unknown(&params, text, room);
		EXPECT_EQ(t, text[room], '#');
		if (room)
			EXPECT_EQ(t, text[room - 1 < strlen(text) ? room - 1 : strlen(text)], 0);
	}
	EXPECT_STR(t, whole, "Unknown kernel command line parameters \"alpha beta=gamma\", "
			     "will be passed to user space.");
}

static void words_are_kept_for_those_who_need_them(struct ktap *t)
{
	EXPECT_NULL(t, params_parse(&params, "  slub_debug=FZPU,kmalloc-64  quiet "));
	EXPECT_STR(t, params.slub_debug, "FZPU,kmalloc-64");
	EXPECT_STR(t, params.cmdline, "  slub_debug=FZPU,kmalloc-64  quiet ");
	EXPECT_NULL(t, params_parse(&params, "slub_debug"));
	EXPECT_STR(t, params.slub_debug, "");
}

static void a_line_has_at_most_4095_bytes(struct ktap *t)
{
	static char line[CMDLINE_MAX + 1];

	memset(line, ' ', CMDLINE_MAX - 1);
	EXPECT_NULL(t, params_parse(&params, line));
	line[CMDLINE_MAX - 1] = 'x';
	EXPECT_STR(t, params_parse(&params, line), "the command line is longer than 4095 bytes");
	memset(line, 'x', CMDLINE_MAX - 1);
	line[CMDLINE_MAX - 1] = '\0';
	EXPECT_NULL(t, params_parse(&params, line));
	EXPECT_EQ(t, params.nr_unknown, 1);
}

static void there_is_room_for_32_ranges(struct ktap *t)
{
	static char line[CMDLINE_MAX];

	line[0] = '\0';
	for (int i = 0; i < MEMMAP_MAX; i++)
		scnprintf(line + strlen(line), sizeof(line) - strlen(line), "memmap=4K$%dM ", i + 1);
	EXPECT_NULL(t, params_parse(&params, line));
	EXPECT_EQ(t, params.nr_memmap, MEMMAP_MAX);
	scnprintf(line + strlen(line), sizeof(line) - strlen(line), "memmap=4K$99M");
	EXPECT_STR(t, params_parse(&params, line), "memmap=4K$99M: more than 32 ranges");
}

/* Any bytes: no fault, and a result that keeps its bounds. */
static void random_lines_never_hurt(struct ktap *t)
{
	static const char *const parts[] = {
		"mem=", "memmap=", "numa=fake=", "1G", "64K", "$", "@", "exactmap", " ", " ", "\"", "=", ",", "%", "--",
		"slub_debug", "failslab=", "1,2,3,4", "quiet", "-", "_", "\t", "\n", "0x", "18446744073709551615", "E",
		"sysctl.vm.lowmem_reserve_ratio=", "256 256 32", "nr_cpus=4", "\x80", "foo", "kernelcore=50%",
	};
	static char line[512];
	char text[128];

	for (int i = 0; i < 20000; i++) {
		const char *wrong;

		line[0] = '\0';
		for (uint64_t n = ktap_below(t, 12); n; n--)
			strcat(line, parts[ktap_below(t, LENGTH(parts))]);
		wrong = params_parse(&params, line);
		if (wrong && !EXPECT_LT(t, strlen(wrong), sizeof(params.error)))
			return;
		if (!EXPECT_LE(t, params.nr_memmap, MEMMAP_MAX) || !EXPECT_STR(t, params.cmdline, line))
			return;
		params_report_unknown(&params, text, sizeof(text));
	}
}

KTAP_SUITE(params, KTAP_CASE(each_word_sets_its_member), KTAP_CASE(every_row_of_the_table_is_exercised),
	   KTAP_CASE(defaults_are_the_kernels), KTAP_CASE(values_without_sense_are_refused),
	   KTAP_CASE(parameters_can_be_listed), KTAP_CASE(every_row_refuses_rubbish),
	   KTAP_CASE(unknown_words_are_reported_as_the_kernel_does),
	   KTAP_CASE(many_unknown_words_are_counted), KTAP_CASE(the_report_fits_any_room),
	   KTAP_CASE(words_are_kept_for_those_who_need_them), KTAP_CASE(a_line_has_at_most_4095_bytes),
	   KTAP_CASE(there_is_room_for_32_ranges), KTAP_CASE(random_lines_never_hurt));
