/* SPDX-License-Identifier: MIT */
/*
 * test_slab_debug.c - slub_debug=: each kind of breach, its report line by line as Linux 6.1 prints it, and what the
 * machine does then. Numbers (offsets, objects a slab) are those of real reports for the same sizes.
 */
#include "mm/stack_depot.h"
#include "tests/slab_machine.h"

/* After the first report of a machine. */
#define TAINTED "Disabling lock debugging due to kernel taint\n"
#define RULE "=============================================================================\n"
#define THIN "-----------------------------------------------------------------------------\n"

static void *objects[200];

/* Objects 0 .. n-1 of a fresh 100-byte cache with all checks. */
static struct kmem_cache *cache_with(struct ktap *t, const char *name, unsigned int size, unsigned int n)
{
	struct kmem_cache *cache;

	if (!slab_machine(t, "mem=64M slub_debug=FZPU"))
		return NULL;
	cache = kmem_cache_create(name, size, 0, 0, NULL);
	for (unsigned int i = 0; cache && i < n; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	return cache;
}

/* The pattern's text stands in the console, each # for a run of hexadecimal digits (with 0x) or decimals. */
static bool matches(const char *at, const char *pattern)
{
	while (*pattern) {
		if (*pattern != '#') {
			if (*at++ != *pattern++)
				return false;
			continue;
		}
		if (at[0] == '0' && at[1] == 'x')
			at += 2;
		if (!((*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'f')))
			return false;
		while ((*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'f'))
			at++;
		pattern++;
	}
	return true;
}

/* What a 64-bit kernel says, and a 32-bit one. */
static const char *const words[][2] = {
	{ "objects=21", "objects=25" },
	{ "|node=0|zone=1|lastcpupid=0x1fffff)", "|zone=1)" },
	{ "|node=0|zone=1|", "|zone=1)" },
	{ "0x0000000000000000", "0x00000000" },
	{ "5a 5a 5a 5a 5a 5a 5a 5a                          ZZZZZZZZ\n",
	  "5a 5a 5a 5a                                      ZZZZ\n" },
};

static const char *of_this_processor(const char *pattern)
{
	static char text[4096];
	char *at = text;

	for (size_t i; sizeof(long) == 4 && *pattern;) {
		for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (!strncmp(pattern, words[i][0], strlen(words[i][0])))
				break;
		if (i == sizeof(words) / sizeof(words[0])) {
			*at++ = *pattern++;
			continue;
		}
		at += scnprintf(at, 100, "%s", words[i][1]);
		pattern += strlen(words[i][0]);
	}
	*at = '\0';
	return sizeof(long) == 4 ? text : pattern;
}

static bool console_matches(struct ktap *t, const char *pattern)
{
	pattern = of_this_processor(pattern);
	for (const char *at = console_text(); *at; at++)
		if (matches(at, pattern))
			return true;
	ktap_fail(t, "the console has not:\n%s\nbut:\n%s", pattern, console_text());
	return false;
}

static void objects_a_slab_are_as_in_real_reports(struct ktap *t)
{
	static const struct {
		unsigned int size, align, objects;
	} reports[] = { { 100, 0, 21 }, { 99, 64, 16 }, { 700, 0, 10 } };
	static const struct {
		unsigned int size, objects, order;
	} kmallocs[] = { { 64, 16, 0 }, { 128, 10, 0 }, { 256, 10, 1 }, { 512, 10, 2 } };
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=1 slub_debug=FZPU");

	ASSERT_NOT_NULL(t, m);
	if (sizeof(long) == 4) {
		struct kmem_cache *cache = kmem_cache_create("kmis", 100, 0, 0, NULL);

		EXPECT_EQ(t, cache->objects, 25);
		kmem_cache_destroy(cache);
	}
	for (size_t i = 0; sizeof(long) == 8 && i < sizeof(reports) / sizeof(reports[0]); i++) {
		struct kmem_cache *cache = kmem_cache_create("kmis", reports[i].size, reports[i].align, 0, NULL);

		EXPECT_EQ(t, cache->objects, reports[i].objects);
		kmem_cache_destroy(cache);
	}
	for (size_t i = 0; sizeof(long) == 8 && i < sizeof(kmallocs) / sizeof(kmallocs[0]); i++) {
		struct kmem_cache *cache = kmalloc_cache(m, kmallocs[i].size, GFP_KERNEL);

		EXPECT_EQ(t, cache->objects, kmallocs[i].objects);
		EXPECT_EQ(t, cache->order, kmallocs[i].order);
	}
}

static void right_red_zone(struct ktap *t)
{
	struct kmem_cache *cache = cache_with(t, "kmis_rz", 100, 1);
	unsigned char *p = objects[0];

	ASSERT_NOT_NULL(t, cache);
	memset(p, 'A', 100);
	memset(p + 100, 'x', 3);
	kmem_cache_free(cache, p);
	console_matches(t,
		RULE "BUG kmis_rz (Not tainted): Right Redzone overwritten\n" THIN "\n"
		     "#-# @offset=#. First byte 0x78 instead of 0xcc\n"
		     "Allocated in ");
	console_matches(t, " age=# cpu=0 pid=#\n ");
	console_matches(t,
		"Slab # objects=21 used=1 fp=# flags=#(slab|node=0|zone=1|lastcpupid=0x1fffff)\n"
		"Object # @offset=# fp=0x0000000000000000\n\n"
		"Redzone  #: cc cc cc cc cc cc cc cc                          ........\n"
		"Object   #: 41 41 41 41 41 41 41 41 41 41 41 41 41 41 41 41  AAAAAAAAAAAAAAAA\n");
	console_matches(t,
		"Object   #: 41 41 41 41                                      AAAA\n"
		"Redzone  #: 78 78 78 cc                                      xxx.\n"
		"Padding  #: 5a 5a 5a 5a 5a 5a 5a 5a                          ZZZZZZZZ\n"
		"CPU: 0 PID: ");
	console_matches(t,
		" </TASK>\n" TAINTED "FIX kmis_rz: Restoring Right Redzone #-#=0xcc\n"
		"FIX kmis_rz: Object at # not freed\n");
	EXPECT_EQ(t, console_count("BUG "), 1);
	EXPECT_EQ(t, cache_live_objects(cache), 1);
	console_clear();
	kmem_cache_free(cache, p); /* it has been repaired */
	EXPECT_STR(t, console_text(), "");
	kmem_cache_destroy(cache);
}

/* No node, no DMA32 to count. */
static void the_layout_of_32_bits_has_its_own_words(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M kmem.layout=i386 slub_debug=FZPU slub_min_order=1");
	char *p;

	ASSERT_NOT_NULL(t, m);
	p = kmalloc(128, GFP_KERNEL);
	p[128] = 2;
	kfree(p);
	EXPECT_CONTAINS(t, console_text(), "(slab|head|zone=1)\n");
	kfree(p);
}

static void right_red_zone_of_a_kmalloc(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M slub_debug=FZPU");
	char *p;

	ASSERT_NOT_NULL(t, m);
	p = kmalloc(128, GFP_KERNEL);
	p[128] = 2;
	p[129] = 3;
	kfree(p);
	console_matches(t,
		"BUG kmalloc-128 (Not tainted): Right Redzone overwritten\n" THIN "\n"
		"#-# @offset=#. First byte 0x2 instead of 0xcc\n");
	kfree(p);
	EXPECT_EQ(t, console_count("BUG "), 1);
	EXPECT_EQ(t, live_in_machine(m), 0);
}

/* As the kernel does from 6.2 on. No optimizer shall know how large it is. */
static void overrun_in_its_class(struct ktap *t, char *p, size_t size)
{
	OPTIMIZER_HIDE_VAR(p);
	ASSERT_NOT_NULL(t, p);
	memset(p, 1, size);
	p[size] = 2;
	kfree(p);
	console_matches(t, "): kmalloc Redzone overwritten\n" THIN "\n"
			   "#-# @offset=#. First byte 0x2 instead of 0xcc\n");
	EXPECT_EQ(t, console_count("FIX kmalloc-"), 2);
	console_clear();
	kfree(p);		/* it has been repaired */
	EXPECT_STR(t, console_text(), "");
}

static void what_was_not_asked_for_is_zone_too(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M slub_debug=FZPU");
	size_t size = 100;

	ASSERT_NOT_NULL(t, m);
	OPTIMIZER_HIDE_VAR(size);
	overrun_in_its_class(t, kmalloc(size, GFP_KERNEL), size);
	overrun_in_its_class(t, kzalloc(size, GFP_KERNEL), size);
	overrun_in_its_class(t, kmalloc(size, GFP_KERNEL | __GFP_RECLAIMABLE), size);
	overrun_in_its_class(t, kmalloc_node(size, GFP_KERNEL, 0), size);
	overrun_in_its_class(t, kcalloc(5, 20, GFP_KERNEL), size);
	if (sizeof(long) == 8) {		/* of 32 bits, constants are not told */
		overrun_in_its_class(t, kmalloc(20, GFP_KERNEL), 20);
		overrun_in_its_class(t, kzalloc(1001, GFP_KERNEL), 1001);
	}
	EXPECT_EQ(t, live_in_machine(m), 0);
}

static void who_asks_how_much_there_is_may_use_it(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M slub_debug=FZPU");
	size_t size = 100;
	char *p, *q;

	ASSERT_NOT_NULL(t, m);
	OPTIMIZER_HIDE_VAR(size);
	p = kmalloc(size, GFP_KERNEL);
	q = kmalloc(size, GFP_KERNEL);
	ASSERT(t, p && q);
	EXPECT_EQ(t, ksize(p), 128);
	memset(p, 1, 128);
	q = krealloc(q, 120, GFP_KERNEL);
	memset(q, 1, 120);
	ksize(p + 8);			/* no object starts there: nothing of one is changed */
	kfree(p);
	ksize(p);			/* nor of a free one */
	kfree(q);
	p = krealloc(kzalloc(size, GFP_KERNEL), 120, GFP_KERNEL | __GFP_ZERO);
	EXPECT(t, p && bytes_are_all(p, 0, 120));
	kfree(p);
	p = kmalloc(kmalloc_size_roundup(size), GFP_KERNEL);
	memset(p, 1, 128);
	kfree(p);
	p = kmalloc(size, GFP_KERNEL);
	kfree_sensitive(p);
	EXPECT_EQ(t, console_count("BUG "), 0);
	p = kmalloc(size, GFP_KERNEL);
	p[size] = 1;			/* who asks too late */
	EXPECT_EQ(t, ksize(p), 128);
	EXPECT_EQ(t, console_count("kmalloc Redzone overwritten"), 1);
	kfree(p);
	EXPECT_EQ(t, live_in_machine(m), 0);
}

static void left_red_zone(struct ktap *t)
{
	struct kmem_cache *cache = cache_with(t, "kmis_rzl", 100, 1);
	char *p = objects[0];

	ASSERT_NOT_NULL(t, cache);
	p[-2] = 'M';
	p[-1] = 'L';
	kmem_cache_free(cache, p);
	console_matches(t,
		RULE "BUG kmis_rzl (Not tainted): Left Redzone overwritten\n" THIN "\n"
		     "#-# @offset=#. First byte 0x4d instead of 0xcc\n");
	console_matches(t,
		"Redzone  #: cc cc cc cc cc cc 4d 4c                          ......ML\n"
		"Object   #: 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b  kkkkkkkkkkkkkkkk\n");
	console_matches(t,
		"Object   #: 6b 6b 6b a5                                      kkk.\n"
		"Redzone  #: cc cc cc cc                                      ....\n");
	console_matches(t, "FIX kmis_rzl: Restoring Left Redzone #-#=0xcc\nFIX kmis_rzl: Object at # not freed\n");
	kmem_cache_free(cache, p);
	kmem_cache_destroy(cache);
}

/* Breach, and the slab is not used any more; its objects count as handed out, as the kernel has it. */
static void poison(struct ktap *t)
{
	struct kmem_cache *cache = cache_with(t, "kmis_uaft", 100, 3);
	unsigned char *p = objects[1], *q;
	unsigned int same = 0;

	ASSERT_NOT_NULL(t, cache);
	kmem_cache_free(cache, p);
	p[3] = 0x33;
	p[64] = 0x34;
	q = kmem_cache_alloc(cache, GFP_KERNEL);
	EXPECT_NE(t, q, p);
	console_matches(t,
		RULE "BUG kmis_uaft (Not tainted): Poison overwritten\n" THIN "\n"
		     "#-# @offset=#. First byte 0x33 instead of 0x6b\nAllocated in ");
	console_matches(t, "\nFreed in ");
	console_matches(t,
		"Redzone  #: bb bb bb bb bb bb bb bb                          ........\n"
		"Object   #: 6b 6b 6b 33 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b  kkk3kkkkkkkkkkkk\n");
	console_matches(t, "Object   #: 34 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b  4kkkkkkkkkkkkkkk\n");
	console_matches(t, "FIX kmis_uaft: Restoring Poison #-#=0x6b\nFIX kmis_uaft: Marking all objects used\n");
	EXPECT_EQ(t, cache->node[0]->nr_slabs, 2);
	for (int i = 10; i < 60; i++) {
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		same += slab_of(objects[i]) == slab_of(p);
	}
	EXPECT_EQ(t, same, 0);
	machine_holds(t, cache->machine);
	kmem_cache_free_bulk(cache, 50, objects + 10);
	kmem_cache_free(cache, q);
	kmem_cache_free(cache, objects[0]); /* live ones of that slab still go back */
	kmem_cache_free(cache, objects[2]);
	EXPECT_EQ(t, console_count("BUG "), 1);
	slab_leaks_expected.slab_objects = cache->objects - 2;
	slab_leaks_expected.slab_caches = 1;
}

static void end_of_poison_found_when_the_slab_goes(struct ktap *t)
{
	struct kmem_cache *cache = cache_with(t, "kmis_uafe", 100, 1);
	unsigned char *p = objects[0];

	ASSERT_NOT_NULL(t, cache);
	kmem_cache_free(cache, p);
	p[99] = 0x5a;
	EXPECT_EQ(t, kmem_cache_shrink(cache), 0);
	console_matches(t,
		RULE "BUG kmis_uafe (Not tainted): End Poison overwritten\n" THIN "\n"
		     "#-# @offset=#. First byte 0x5a instead of 0xa5\n");
	console_matches(t, "Slab # objects=21 used=0 fp=# flags=#(slab|");
	console_matches(t, "Object   #: 6b 6b 6b 5a                                      kkkZ\n");
	console_matches(t, "FIX kmis_uafe: Restoring End Poison #-#=0xa5\n");
	EXPECT_EQ(t, console_count("BUG "), 1);
	kmem_cache_destroy(cache);
}

/* No one's bytes: said and repaired, and the object is freed all the same. */
static void object_padding(struct ktap *t)
{
	FOR_64_BITS(t);
	struct kmem_cache *cache;
	unsigned char *p;

	ASSERT_NOT_NULL(t, slab_machine(t, "mem=64M slub_debug=FZPU"));
	cache = kmem_cache_create("kmis_pad", 99, 64, 0, NULL);
	ASSERT_NOT_NULL(t, cache);
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	memset(p + 176, 'p', 16);
	kmem_cache_free(cache, p);
	console_matches(t,
		RULE "BUG kmis_pad (Not tainted): Object padding overwritten\n" THIN "\n"
		     "#-# @offset=#. First byte 0x70 instead of 0x5a\n");
	console_matches(t, "Slab # objects=16 used=1 fp=#");
	console_matches(t,
		"Redzone  #: cc cc cc cc cc cc cc cc cc cc cc cc cc cc cc cc  ................\n"
		"Object   #: 6b 6b");
	console_matches(t,
		"Object   #: 6b 6b a5                                         kk.\n"
		"Redzone  #: cc cc cc cc cc                                   .....\n"
		"Padding  #: 70 70 70 70 70 70 70 70 70 70 70 70 70 70 70 70  pppppppppppppppp\n");
	console_matches(t, "FIX kmis_pad: Restoring Object padding #-#=0x5a\n");
	EXPECT_EQ(t, console_count("not freed"), 0);
	EXPECT_EQ(t, cache_live_objects(cache), 0);
	kmem_cache_destroy(cache);
	EXPECT_EQ(t, console_count("BUG "), 1);
}

static void slab_padding(struct ktap *t)
{
	FOR_64_BITS(t);
	struct kmem_cache *cache = cache_with(t, "kmis_spad", 700, 1);
	unsigned char *slab;

	ASSERT_NOT_NULL(t, cache);
	slab = slab_address(slab_of(objects[0]));
	ASSERT_EQ(t, compound_order(slab_of(objects[0])), cache->order);
	slab[(PAGE_SIZE << cache->order) - 8] = 'y';
	slab[(PAGE_SIZE << cache->order) - 1] = 'z';
	kmem_cache_free(cache, objects[0]);
	console_matches(t,
		RULE "BUG kmis_spad (Not tainted): Padding overwritten. #-# @offset=#\n" THIN "\n"
		     "Slab # objects=#");
	console_matches(t, "|head|node=0|zone=1|");
	console_matches(
		t, " </TASK>\n" TAINTED
		   "Padding #: 5a 5a 5a 5a 5a 5a 5a 5a 5a 5a 5a 5a 5a 5a 5a 5a  ZZZZZZZZZZZZZZZZ\n");
	console_matches(t,
		"Padding #: 5a 5a 5a 5a 5a 5a 5a 5a 79 5a 5a 5a 5a 5a 5a 7a  ZZZZZZZZyZZZZZZz\n"
		"FIX kmis_spad: Restoring slab padding #-#=0x5a\n");
	EXPECT_EQ(t, cache_live_objects(cache), 0);
	kmem_cache_destroy(cache);
	EXPECT_EQ(t, console_count("BUG "), 1);
}

/* A slab's only object, so that there is nothing else to mark as used. */
static void the_only_object_written_when_free(struct ktap *t)
{
	struct kmem_cache *cache;
	char *p, *q;

	ASSERT_NOT_NULL(t, slab_machine(t, "mem=64M slub_debug=FZP slub_max_order=0"));
	cache = kmem_cache_create("single", 3000, 0, 0, NULL);
	ASSERT_EQ(t, cache->objects, 1);
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	kmem_cache_free(cache, p);
	p[50] = 1;
	q = kmem_cache_alloc(cache, GFP_KERNEL);
	EXPECT_NOT_NULL(t, q);
	EXPECT_NE(t, q, p);
	console_matches(t, "FIX single: Marking all objects used\n");
	kmem_cache_free(cache, q);
	slab_leaks_expected = (struct machine_leaks){ .slab_objects = 1, .slab_caches = 1 };
}

/* What was written lies well before the slab's end. */
static void one_byte_of_slab_padding(struct ktap *t)
{
	struct kmem_cache *cache = cache_with(t, "kmis_spad", 700, 1);
	unsigned char *last;

	ASSERT_NOT_NULL(t, cache);
	last = (unsigned char *)slab_address(slab_of(objects[0])) + (PAGE_SIZE << cache->order) - 1;
	last[-8] = 'y';
	kmem_cache_free(cache, objects[0]);
	console_matches(t, "FIX kmis_spad: Restoring slab padding #-#=0x5a\n");
	EXPECT(t, bytes_are_all(last - 8, 0x5a, 9));
	kmem_cache_destroy(cache);
	EXPECT_EQ(t, console_count("BUG "), 1);
}

static void double_free(struct ktap *t)
{
	struct kmem_cache *cache = cache_with(t, "kmis_df", 100, 4);

	ASSERT_NOT_NULL(t, cache);
	kmem_cache_free(cache, objects[0]);
	kmem_cache_free(cache, objects[0]);
	console_matches(t, RULE "BUG kmis_df (Not tainted): Object already free\n" THIN "\nAllocated in ");
	console_matches(t, "\nFreed in ");
	console_matches(t, "Slab # objects=21 used=3 fp=#");
	console_matches(t, " </TASK>\n" TAINTED "FIX kmis_df: Object at # not freed\n");
	EXPECT_EQ(t, console_count("not freed"), 1);
	EXPECT_EQ(t, cache_live_objects(cache), 3);
	kmem_cache_free_bulk(cache, 3, objects + 1);
	kmem_cache_destroy(cache);
	EXPECT_EQ(t, console_count("BUG "), 1);
}

static void double_free_of_the_only_object(struct ktap *t)
{
	struct kmem_cache *cache = cache_with(t, "kmis_df", 100, 1);

	ASSERT_NOT_NULL(t, cache);
	kmem_cache_free(cache, objects[0]);
	kmem_cache_free(cache, objects[0]);
	console_matches(t,
		RULE "BUG kmis_df (Not tainted): Slab has 0 allocated objects but 1 are to be freed\n\n" THIN "\n"
		     "Slab # objects=21 used=0 fp=# flags=#(slab|node=0|zone=1|lastcpupid=0x1fffff)\nCPU: 0 PID: ");
	console_matches(t, "FIX kmis_df: Object at # not freed\n");
	EXPECT_EQ(t, console_count("BUG "), 1);
	kmem_cache_destroy(cache);
}

static void free_of_an_interior_pointer(struct ktap *t)
{
	FOR_64_BITS(t);
	struct machine *m = slab_machine(t, "mem=64M slub_debug=FZPU");
	char *p;

	ASSERT_NOT_NULL(t, m);
	p = kmalloc(64, GFP_KERNEL);
	kfree(p + 16);
	console_matches(t,
		RULE "BUG kmalloc-64 (Not tainted): Invalid object pointer #\n" THIN "\n"
		     "Slab # objects=16 used=# fp=# flags=#(slab|node=0|zone=1|lastcpupid=0x1fffff)\nCPU: 0 PID: ");
	console_matches(t, " </TASK>\n" TAINTED "FIX kmalloc-64: Object at # not freed\n");
	kfree(slab_address(slab_of(p)));	/* the first object's left red zone */
	EXPECT_EQ(t, console_count("Invalid object pointer"), 2);
	kfree(p);
	EXPECT_EQ(t, console_count("BUG "), 2);
	EXPECT_EQ(t, live_in_machine(m), 0);
}

static void wrong_cache(struct ktap *t)
{
	struct kmem_cache *a = cache_with(t, "kmis_wca", 100, 1), *b;

	ASSERT_NOT_NULL(t, a);
	b = kmem_cache_create("kmis_wcb", 100, 0, 0, NULL);
	kmem_cache_free(b, objects[0]);
	console_matches(t,
		"------------[ cut here ]------------\n"
		"cache_from_obj: Wrong slab cache. kmis_wcb but object is from kmis_wca\n"
		"WARNING: CPU: 0 PID: ");
	console_matches(t, "---[ end trace 0000000000000000 ]---\nAllocated in ");
	kmem_cache_free(a, objects[0]);
	kmem_cache_destroy(a);
	kmem_cache_destroy(b);
	EXPECT_EQ(t, console_count("cut here"), 1);
	EXPECT_EQ(t, console_count("BUG "), 0);
}

/* Where no object starts, nobody had one. */
static void wrong_cache_inside_an_object(struct ktap *t)
{
	struct kmem_cache *a = cache_with(t, "kmis_wca", 100, 1), *b;

	ASSERT_NOT_NULL(t, a);
	b = kmem_cache_create("kmis_wcb", 100, 0, 0, NULL);
	kmem_cache_free(b, (char *)objects[0] + 8);
	EXPECT_CONTAINS(t, console_text(), "Wrong slab cache. kmis_wcb but object is from kmis_wca");
	EXPECT_LACKS(t, console_text(), "Allocated in");
	kmem_cache_free(a, objects[0]);
	kmem_cache_destroy(a);
	kmem_cache_destroy(b);
}

static void a_large_object_is_not_of_a_cache(struct ktap *t)
{
	struct kmem_cache *cache = cache_with(t, "kmis", 100, 0);
	void *large;

	ASSERT_NOT_NULL(t, cache);
	large = kmalloc(20000, GFP_KERNEL);
	kmem_cache_free(cache, large);
	console_matches(t,
		"------------[ cut here ]------------\nvirt_to_cache: Object is not a Slab page!\nWARNING: CPU: 0 "
		"PID: ");
	kfree(large);
	kmem_cache_destroy(cache);
	EXPECT_EQ(t, console_count("cut here"), 1);
}

static void objects_remaining(struct ktap *t)
{
	FOR_64_BITS(t);
	struct kmem_cache *cache = cache_with(t, "kmis_leak", 100, 3);

	ASSERT_NOT_NULL(t, cache);
	kmem_cache_destroy(cache);
	console_matches(t,
		RULE "BUG kmis_leak (Not tainted): Objects remaining in kmis_leak on __kmem_cache_shutdown()\n" THIN
		     "\n"
		     "Slab # objects=21 used=3 fp=# flags=#(slab|node=0|zone=1|lastcpupid=0x1fffff)\nCPU: 0 PID: ");
	console_matches(t, " </TASK>\n" TAINTED "Object # @offset=8\nAllocated in ");
	console_matches(t, "\nObject # @offset=200\nAllocated in ");
	console_matches(t, "\nObject # @offset=392\nAllocated in ");
	console_matches(t,
		"------------[ cut here ]------------\n"
		"kmem_cache_destroy kmis_leak: Slab cache still has objects when called from ");
	EXPECT_EQ(t, console_count("\nObject "), 3);
	kmem_cache_free_bulk(cache, 3, objects);
	kmem_cache_destroy(cache);
	EXPECT_EQ(t, console_count("BUG "), 1);
}

static void without_red_zones_the_bytes_before_are_shown(struct ktap *t)
{
	FOR_64_BITS(t);
	struct kmem_cache *cache;
	void *first;

	ASSERT_NOT_NULL(t, slab_machine(t, "mem=64M slub_debug=FP"));
	cache = kmem_cache_create("plain", 100, 0, 0, NULL);
	for (int i = 0; i < 3; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	kmem_cache_free(cache, objects[1]);
	kmem_cache_free(cache, objects[1]);
	console_matches(t, "Bytes b4 #: ");
	EXPECT_LACKS(t, console_text(), "Redzone");
	EXPECT_LACKS(t, console_text(), "Allocated in");
	kmem_cache_free(cache, objects[0]);
	/* The bytes up to the next word are no one's either. */
	((char *)objects[2])[101] = 1;
	kmem_cache_free(cache, objects[2]);
	console_matches(t, "BUG plain (Tainted: G    B             ): Alignment padding overwritten\n");
	/* The first object of a slab has none before it. */
	console_clear();
	first = slab_address(slab_of(objects[0]));
	EXPECT_EQ(t, kmem_cache_alloc(cache, GFP_KERNEL), first);
	objects[1] = kmem_cache_alloc(cache, GFP_KERNEL);
	kmem_cache_free(cache, first);
	kmem_cache_free(cache, first);
	EXPECT_CONTAINS(t, console_text(), "Object   ");
	EXPECT_LACKS(t, console_text(), "Bytes b4");
	kmem_cache_free(cache, objects[1]);
	kmem_cache_destroy(cache);
}

/* ---------------------------------------------------------------------------- which caches, which checks */

static slab_flags_t debug_of(struct ktap *t, const char *cmdline, const char *name)
{
	struct machine *m = slab_machine(t, cmdline);
	struct kmem_cache *cache = m ? kmem_cache_create(name, 100, 0, SLAB_NO_MERGE, NULL) : NULL;
	slab_flags_t flags = cache ? cache->flags & (SLAB_DEBUG_FLAGS | SLAB_FAILSLAB) : 0;
	void *object = cache ? kmem_cache_alloc(cache, GFP_KERNEL) : NULL;

	EXPECT_NOT_NULL(t, object);
	memset(object, 1, 100);
	kmem_cache_free(cache, object);
	kmem_cache_destroy(cache);
	return flags;
}

static void letters_choose_the_checks(struct ktap *t)
{
	EXPECT_EQ(t, debug_of(t, "mem=64M", "dentry"), 0);
	EXPECT_EQ(t, debug_of(t, "mem=64M slub_debug", "dentry"), SLAB_DEBUG_FLAGS & ~SLAB_TRACE);
	EXPECT_EQ(t, debug_of(t, "mem=64M slub_debug=-", "dentry"), 0);
	EXPECT_EQ(t, debug_of(t, "mem=64M slub_debug=FZ", "dentry"), SLAB_CONSISTENCY_CHECKS | SLAB_RED_ZONE);
	EXPECT_EQ(t, debug_of(t, "mem=64M slub_debug=pU", "dentry"), SLAB_POISON | SLAB_STORE_USER);
	EXPECT_EQ(t, debug_of(t, "mem=64M slub_debug=A", "dentry"), SLAB_FAILSLAB);
}

static void names_choose_the_caches(struct ktap *t)
{
	EXPECT_EQ(t, debug_of(t, "mem=64M slub_debug=Z,dentry", "dentry"), SLAB_RED_ZONE);
	EXPECT_EQ(t, debug_of(t, "mem=64M slub_debug=Z,dentry", "dentry2"), 0);
	EXPECT_EQ(t, debug_of(t, "mem=64M slub_debug=Z,den*,x", "dentry"), SLAB_RED_ZONE);
	EXPECT_EQ(t, debug_of(t, "mem=64M slub_debug=Z,inode*;P,dentry;F", "dentry"), SLAB_POISON);
	EXPECT_EQ(t, debug_of(t, "mem=64M slub_debug=Z,inode*;P,dentry;F", "other"), SLAB_CONSISTENCY_CHECKS);
	EXPECT_EQ(t, debug_of(t, "mem=64M slub_debug=,dentry", "dentry"), SLAB_DEBUG_FLAGS & ~SLAB_TRACE);
	EXPECT_EQ(t, debug_of(t, "mem=64M slub_debug=-;Z,dentry", "dentry"), SLAB_RED_ZONE);
}

static void lists_may_have_gaps_and_names_of_one_length(struct ktap *t)
{
	EXPECT_EQ(t, debug_of(t, "mem=64M slub_debug=Z,dentry", "sentry"), 0);
	EXPECT_EQ(t, debug_of(t, "mem=64M slub_debug=Z,,dentry", "dentry"), SLAB_RED_ZONE);
	EXPECT_EQ(t, debug_of(t, "mem=64M slub_debug=Z,,dentry", "other"), 0);
}

static void tracing_says_each_call(struct ktap *t)
{
	struct kmem_cache *cache;
	void *object;

	ASSERT_NOT_NULL(t, slab_machine(t, "mem=64M loglevel=8 slub_debug=T,traced"));
	cache = kmem_cache_create("traced", 100, 0, 0, NULL);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	console_matches(t, "TRACE traced alloc # inuse=1 fp=#\n");
	kmem_cache_free(cache, object);
	console_matches(t, "TRACE traced free # inuse=1 fp=#\n");
	kmem_cache_destroy(cache);
}

/* O: no checks where they would cost a higher order. */
static void o_gives_up_where_objects_would_need_more_pages(struct ktap *t)
{
	FOR_64_BITS(t);
	static const char *const without[] = {
		"mem=64M slub_debug=FZPU", "mem=64M slub_debug=FZPU,page,oo", "mem=64M slub_debug=FZPU;O,other",
	};
	struct kmem_cache *cache;

	ASSERT_NOT_NULL(t, slab_machine(t, "mem=64M slub_debug=FZPUO"));
	cache = kmem_cache_create("page", 4096, 0, 0, NULL);
	EXPECT_EQ(t, cache->size, 4096);
	EXPECT_EQ(t, cache->flags & (SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER), 0);
	kmem_cache_destroy(cache);
	cache = kmem_cache_create("small", 100, 0, 0, NULL);
	EXPECT_EQ(t, cache->objects, 21);
	kmem_cache_destroy(cache);
	/* Letters after the first comma are a name's, after a semicolon of other caches. */
	for (unsigned int i = 0; i < ARRAY_SIZE(without); i++) {
		ASSERT_NOT_NULL(t, slab_machine(t, without[i]));
		cache = kmem_cache_create("page", 4096, 0, 0, NULL);
		EXPECT_GT(t, cache->size, 4096);
		kmem_cache_destroy(cache);
	}
}

static void internal_caches_are_not_debugged(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M slub_debug=FZPU");

	ASSERT_NOT_NULL(t, m);
	EXPECT(t, !cache_debugged(m->cache_cache) && !cache_debugged(m->node_cache));
	EXPECT(t, !cache_debugged(m->map_cache[0]) && !cache_debugged(m->sheaf_cache[0]));
}

/* But for tracks, unless they are asked for by its name. */
static void a_tracer_s_cache_is_debugged(struct ktap *t)
{
	static const struct {
		const char *cmdline;
		slab_flags_t flags;
	} cases[] = {
		{ "mem=64M slub_debug", SLAB_CONSISTENCY_CHECKS | SLAB_RED_ZONE | SLAB_POISON },
		{ "mem=64M slub_debug=ZPU", SLAB_RED_ZONE | SLAB_POISON },
		{ "mem=64M slub_debug=ZU,tracer", SLAB_RED_ZONE | SLAB_STORE_USER },
		{ "mem=64M slub_debug=PU;ZU,other", SLAB_POISON },
		{ "mem=64M", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kmem_cache *cache;

		ASSERT_NOT_NULL(t, slab_machine(t, cases[i].cmdline));
		cache = kmem_cache_create("tracer", 100, 0, SLAB_NOLEAKTRACE, NULL);
		ASSERT_NOT_NULL(t, cache);
		EXPECT_EQ(t, cache->flags & SLAB_DEBUG_FLAGS, cases[i].flags);
		kmem_cache_destroy(cache);
	}
}

/* ------------------------------------------------------------------------------------- no false alarms */

static void every_flag_and_size_runs_silently(struct ktap *t)
{
	static const char *const cmdlines[] = { "mem=64M slub_debug=F", "mem=64M slub_debug=Z",
		"mem=64M slub_debug=P", "mem=64M slub_debug=U", "mem=64M slub_debug=FZP", "mem=64M slub_debug=FZPU",
		"mem=64M slub_debug=FZPU init_on_alloc=1 init_on_free=1" };

	for (size_t c = 0; c < sizeof(cmdlines) / sizeof(cmdlines[0]); c++) {
		struct machine *m = slab_machine(t, cmdlines[c]);

		ASSERT_NOT_NULL(t, m);
		memset(objects, 0, sizeof(objects));
		for (int step = 0; step < 4000; step++) {
			unsigned int i = (unsigned int)ktap_below(t, 200);

			if (objects[i]) {
				memset(objects[i], step, ksize(objects[i]));
				kfree(objects[i]);
				objects[i] = NULL;
			} else {
				objects[i] = kmalloc(
					ktap_below(t, 5000) + 1, step & 1 ? GFP_KERNEL : GFP_KERNEL | __GFP_ZERO);
				ASSERT_NOT_NULL(t, objects[i]);
				if (!(step & 1))
					EXPECT(t, bytes_are_all(objects[i], 0, ksize(objects[i])));
			}
		}
		machine_holds(t, m);
		kfree_bulk(200, objects);
		EXPECT_EQ(t, live_in_machine(m), 0);
		EXPECT_STR(t, console_text(), "");
	}
}

static void typed(void *object)
{
	memset(object, 0x42, 60);
}

static void odd_caches_run_silently(struct ktap *t)
{
	struct kmem_cache *caches[6];
	struct machine *m = slab_machine(t, "mem=64M slub_debug=FZPU");

	ASSERT_NOT_NULL(t, m);
	caches[0] = kmem_cache_create("one", 1, 0, 0, NULL);
	caches[1] = kmem_cache_create("seven", 7, 0, 0, NULL);
	caches[2] = kmem_cache_create("rcu", 60, 0, SLAB_TYPESAFE_BY_RCU, NULL);
	caches[3] = kmem_cache_create("ctor", 60, 32, 0, typed);
	caches[4] = kmem_cache_create("both", 61, 0, SLAB_TYPESAFE_BY_RCU | SLAB_HWCACHE_ALIGN, typed);
	caches[5] = kmem_cache_create("large", 9000, 0, 0, NULL);
	for (int c = 0; c < 6; c++) {
		ASSERT_EQ(t, kmem_cache_alloc_bulk(caches[c], GFP_KERNEL, 100, objects), 100);
		for (int i = 0; i < 100; i++)
			if (c < 3)
				memset(objects[i], i, caches[c]->object_size);
		kmem_cache_free_bulk(caches[c], 100, objects);
	}
	rcu_barrier();
	machine_holds(t, m);
	for (int c = 0; c < 6; c++)
		kmem_cache_destroy(caches[c]);
	EXPECT_STR(t, console_text(), "");
}

KTAP_SUITE(slab_debug, KTAP_CASE(objects_a_slab_are_as_in_real_reports), KTAP_CASE(right_red_zone),
	KTAP_CASE(the_layout_of_32_bits_has_its_own_words),
	   KTAP_CASE(right_red_zone_of_a_kmalloc), KTAP_CASE(what_was_not_asked_for_is_zone_too),
	   KTAP_CASE(who_asks_how_much_there_is_may_use_it), KTAP_CASE(left_red_zone), KTAP_CASE(poison),
	KTAP_CASE(end_of_poison_found_when_the_slab_goes), KTAP_CASE(object_padding), KTAP_CASE(slab_padding),
	KTAP_CASE(double_free), KTAP_CASE(double_free_of_the_only_object), KTAP_CASE(free_of_an_interior_pointer),
	KTAP_CASE(wrong_cache), KTAP_CASE(a_large_object_is_not_of_a_cache), KTAP_CASE(objects_remaining),
	KTAP_CASE(without_red_zones_the_bytes_before_are_shown), KTAP_CASE(letters_choose_the_checks),
	KTAP_CASE(names_choose_the_caches), KTAP_CASE(tracing_says_each_call),
	KTAP_CASE(o_gives_up_where_objects_would_need_more_pages), KTAP_CASE(every_flag_and_size_runs_silently),
	KTAP_CASE(odd_caches_run_silently),
	KTAP_CASE(internal_caches_are_not_debugged), KTAP_CASE(a_tracer_s_cache_is_debugged),
	KTAP_CASE(the_only_object_written_when_free),
	KTAP_CASE(one_byte_of_slab_padding),
	KTAP_CASE(wrong_cache_inside_an_object),
	KTAP_CASE(lists_may_have_gaps_and_names_of_one_length));
