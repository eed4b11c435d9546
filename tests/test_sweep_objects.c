/* SPDX-License-Identifier: MIT */
/* test_sweep_objects.c - kmalloc, strings, caches and kvmalloc with every passage failing. */
#include <linux/slab.h>
#include "mm/percpu.h"
#include "tests/sweep.h"

static bool put(const void *object)
{
	kfree(object);
	return object;
}

static bool put_zeroed(const void *object, size_t bytes)
{
	if (object)
		EXPECT(slab_case, bytes_are_all(object, 0, bytes));
	return put(object);
}

/* --------------------------------------------------------------------------------------------------------- kmalloc */

static bool call_kmalloc(void)
{
	return put(kmalloc(100, GFP_KERNEL));
}

static bool call_every_class(void)
{
	bool all = true;

	for (size_t size = 8; size <= 4 * PAGE_SIZE; size *= 2)
		all &= put(kmalloc(size, GFP_KERNEL));
	return all;
}

static bool call_every_type(void)
{
	bool normal = put(kmalloc(64, GFP_ATOMIC)), dma = put(kmalloc(64, GFP_KERNEL | __GFP_DMA));
	bool own = put(kmalloc(64, GFP_KERNEL_ACCOUNT)), soft = put(kmalloc(64, GFP_KERNEL | __GFP_RECLAIMABLE));

	return normal && dma && own && soft;
}

static bool call_many(void)
{
	void *objects[120];
	unsigned int nr = 0;

	while (nr < 120 && (objects[nr] = kmalloc(512, GFP_KERNEL)))
		nr++;
	kfree_bulk(nr, objects);
	return nr == 120;
}

static bool call_nofail(void)
{
	bool small = put(kmalloc(100, GFP_KERNEL | __GFP_NOFAIL));
	bool middle = put(kmalloc(5000, GFP_KERNEL | __GFP_NOFAIL));
	bool large = put(kmalloc(8193, GFP_KERNEL | __GFP_NOFAIL));

	return small && middle && large;
}

static bool call___kmalloc(void)
{
	return put(__kmalloc(3000, GFP_KERNEL));
}

static bool call___kmalloc_slot(void)
{
	return put(__kmalloc_slot(SHEAF_SLOT(KMALLOC_ID(KMALLOC_NORMAL, KMALLOC_192)), kmalloc_ask(GFP_KERNEL, 0)));
}

static bool call___kmalloc_large(void)
{
	return put(__kmalloc_large(70000, GFP_KERNEL));
}

static bool call_kzalloc(void)
{
	return put_zeroed(kzalloc(700, GFP_KERNEL), 700);
}

static bool call_kmalloc_array(void)
{
	return put(kmalloc_array(7, 9, GFP_KERNEL));
}

static bool call_kcalloc(void)
{
	return put_zeroed(kcalloc(7, 9, GFP_KERNEL), 63);
}

static bool call_kmalloc_node(void)
{
	bool small = put(kmalloc_node(64, GFP_KERNEL | __GFP_THISNODE, 1));

	return put(kmalloc_node(9000, GFP_KERNEL | __GFP_THISNODE, 1)) && small;
}

static bool call_kzalloc_node(void)
{
	return put_zeroed(kzalloc_node(64, GFP_KERNEL, 1), 64);
}

static bool call_kmalloc_array_node(void)
{
	return put(kmalloc_array_node(3, 70, GFP_KERNEL, 1));
}

static bool call_kcalloc_node(void)
{
	return put_zeroed(kcalloc_node(3, 70, GFP_KERNEL, 1), 210);
}

static bool call_kmalloc_track_caller(void)
{
	return put(kmalloc_track_caller(50, GFP_KERNEL));
}

static bool call_kmalloc_node_track_caller(void)
{
	return put(kmalloc_node_track_caller(50, GFP_KERNEL, 1));
}

/* Frees that may need a sheaf, and find none. */
static bool call_kfree(void)
{
	put(kmalloc(40, GFP_KERNEL | __GFP_NOFAIL));
	put(kmalloc(40000, GFP_KERNEL | __GFP_NOFAIL));
	return put(kmalloc_node(40, GFP_KERNEL | __GFP_NOFAIL, 1));
}

static bool call_kfree_sensitive(void)
{
	kfree_sensitive(kmalloc(40, GFP_KERNEL | __GFP_NOFAIL));
	return true;
}

static bool call_kfree_const(void)
{
	kfree_const("constant");
	kfree_const(kmalloc(40, GFP_KERNEL | __GFP_NOFAIL));
	return true;
}

static bool call_kfree_bulk(void)
{
	void *objects[200];

	for (int i = 0; i < 200; i++)
		objects[i] = kmalloc(96, GFP_KERNEL | __GFP_NOFAIL);
	kfree_bulk(200, objects);
	return true;
}

/* --------------------------------------------------------------------------------------------------------- krealloc */

/* The old object is whole if there is no new one. */
static bool grow(char *old, size_t had, char *grown)
{
	char *kept = grown ? grown : old;

	EXPECT(slab_case, bytes_are_all(kept, 0x5a, had));
	kvfree(kept);
	return grown;
}

static char *filled(size_t size)
{
	return memset(kmalloc(size, GFP_KERNEL | __GFP_NOFAIL), 0x5a, size);
}

static bool call_krealloc(void)
{
	char *old = filled(60);

	return grow(old, 60, krealloc(old, 200, GFP_KERNEL));
}

static bool call_krealloc_large(void)
{
	char *old = filled(9000);

	return grow(old, 9000, krealloc(old, 70000, GFP_KERNEL));
}

static bool call_krealloc_array(void)
{
	char *old = filled(60);

	return grow(old, 60, krealloc_array(old, 10, 60, GFP_KERNEL));
}

static bool call_kvrealloc(void)
{
	char *old = filled(8000);

	return grow(old, 8000, kvrealloc(old, 8000, 40000, GFP_KERNEL));
}

static bool put_percpu(void *ptr)
{
	free_percpu(ptr);
	percpu_shrink(machine_current());
	return ptr;
}

static bool call___alloc_percpu(void)
{
	return put_percpu(__alloc_percpu(8, 8));
}

static bool call___alloc_percpu_gfp(void)
{
	return put_percpu(__alloc_percpu_gfp(100, 64, GFP_NOFS));
}

static bool call_machine_release_memory(void)
{
	call_kfree();
	machine_release_memory(this_machine());
	return true;
}

/* ---------------------------------------------------------------------------------------------------------- strings */

static bool put_text(const char *text, const char *want)
{
	if (text)
		EXPECT_STR(slab_case, text, want);
	return put(text);
}

static bool call_kstrdup(void)
{
	return put_text(kstrdup("a word", GFP_KERNEL), "a word");
}

static bool call_kstrdup_const(void)
{
	const char *text = kstrdup_const("a word", GFP_KERNEL);

	kfree_const(text);
	return text;
}

static bool call_kstrndup(void)
{
	return put_text(kstrndup("a word", 3, GFP_KERNEL), "a w");
}

static bool call_kmemdup(void)
{
	return put_text(kmemdup("a word", 7, GFP_KERNEL), "a word");
}

static bool call_kmemdup_nul(void)
{
	return put_text(kmemdup_nul("a word", 4, GFP_KERNEL), "a wo");
}

static bool call_kasprintf(void)
{
	return put_text(kasprintf(GFP_KERNEL, "%d %s", 7, "words"), "7 words");
}

static __attribute__((format(printf, 1, 2))) char *by_list(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = kvasprintf(GFP_KERNEL, format, args);
	va_end(args);
	return text;
}

static bool call_kvasprintf(void)
{
	return put_text(by_list("%d", 12), "12");
}

/* --------------------------------------------------------------------------------------------------------- kvmalloc */

static bool kvput(void *memory)
{
	kvfree(memory);
	return memory;
}

static bool call_kvmalloc(void)
{
	return kvput(kvmalloc(50000, GFP_KERNEL));
}

static bool call_kvmalloc_nofail(void)
{
	bool small = kvput(kvmalloc(100, GFP_KERNEL | __GFP_NOFAIL));

	return kvput(kvmalloc(50000, GFP_KERNEL | __GFP_NOFAIL)) && small;
}

static bool call_kvmalloc_atomic(void)
{
	return kvput(kvmalloc(50000, GFP_ATOMIC));
}

static bool call_kvmalloc_node(void)
{
	return kvput(kvmalloc_node(50000, GFP_KERNEL | __GFP_THISNODE, 1));
}

static bool call_kvzalloc(void)
{
	char *memory = kvzalloc(30000, GFP_KERNEL);

	if (memory)
		EXPECT(slab_case, bytes_are_all(memory, 0, 30000));
	return kvput(memory);
}

static bool call_kvzalloc_node(void)
{
	char *memory = kvzalloc_node(30000, GFP_KERNEL | __GFP_THISNODE, 1);

	if (memory)
		EXPECT(slab_case, bytes_are_all(memory, 0, 30000));
	return kvput(memory);
}

static bool call_kvmalloc_array(void)
{
	return kvput(kvmalloc_array(10, 1000, GFP_KERNEL));
}

static bool call_kvcalloc(void)
{
	return kvput(kvcalloc(10, 1000, GFP_KERNEL));
}

static bool call_kvmemdup(void)
{
	static char much[20000];

	return kvput(kvmemdup(much, sizeof(much), GFP_KERNEL));
}

static bool call_kvfree(void)
{
	kvfree(kvmalloc(3 * PAGE_SIZE, GFP_KERNEL | __GFP_NOFAIL));
	kvfree_sensitive(kvmalloc(100, GFP_KERNEL | __GFP_NOFAIL), 100);
	return true;
}

static bool call_kvfree_sensitive(void)
{
	return call_kvfree();
}

/* ----------------------------------------------------------------------------------------------------------- caches */

static struct kmem_cache *cache;	/* one for each of a machine's sweeps */

static void stamp(void *object)
{
	memset(object, 0x5c, 300);
}

static bool destroy(struct kmem_cache *made)
{
	kmem_cache_destroy(made);
	return made;
}

static bool call_kmem_cache_create(void)
{
	return destroy(kmem_cache_create("a_cache_with_a_name", 300, 0, SLAB_NO_MERGE, NULL));
}

/* Sharing takes no memory. */
static bool call_kmem_cache_create_alias(void)
{
	int aliases = kmalloc_cache(this_machine(), 64, GFP_KERNEL)->refcount;
	struct kmem_cache *alias = kmem_cache_create("alias", 64, 8, 0, NULL);

	kmem_cache_destroy(alias);
	EXPECT_EQ(slab_case, kmalloc_cache(this_machine(), 64, GFP_KERNEL)->refcount, aliases);
	return alias;
}

static bool call_kmem_cache_create_usercopy(void)
{
	return destroy(kmem_cache_create_usercopy("copied", 300, 64, SLAB_HWCACHE_ALIGN, 8, 64, stamp));
}

static bool call_kmem_cache_create_args(void)
{
	struct kmem_cache_args args = { .align = 32, .ctor = stamp, .sheaf_capacity = 9 };

	return destroy(kmem_cache_create_args("by_args", 320, &args, SLAB_TYPESAFE_BY_RCU));
}

/* Objects, a slab that waits for its grace period, and the cache, all gone. */
static bool call_kmem_cache_destroy(void)
{
	struct kmem_cache *made = kmem_cache_create("used", 300, 0, SLAB_TYPESAFE_BY_RCU, stamp);
	void *object = made ? kmem_cache_alloc(made, GFP_KERNEL) : NULL;

	if (object)
		EXPECT(slab_case, bytes_are_all(object, 0x5c, 300));
	if (made)
		kmem_cache_free(made, object);
	kmem_cache_destroy(made);
	return object;
}

static bool put_in_cache(void *object)
{
	kmem_cache_free(cache, object);
	return object;
}

static bool call_kmem_cache_alloc(void)
{
	return put_in_cache(kmem_cache_alloc(cache, GFP_KERNEL));
}

static bool call_kmem_cache_alloc_nofail(void)
{
	return put_in_cache(kmem_cache_alloc(cache, GFP_KERNEL | __GFP_NOFAIL));
}

static bool call_kmem_cache_zalloc(void)
{
	char *object = kmem_cache_zalloc(cache, GFP_KERNEL);

	if (object)
		EXPECT(slab_case, bytes_are_all(object, 0, 20));
	return put_in_cache(object);
}

static bool call_kmem_cache_alloc_node(void)
{
	return put_in_cache(kmem_cache_alloc_node(cache, GFP_KERNEL | __GFP_THISNODE, 1));
}

/* All or none. */
static bool call_kmem_cache_alloc_bulk(void)
{
	void *objects[150];
	int nr = kmem_cache_alloc_bulk(cache, GFP_KERNEL, 150, objects);

	EXPECT(slab_case, nr == 0 || nr == 150);
	kmem_cache_free_bulk(cache, (size_t)nr, objects);
	return nr;
}

static bool call_kmem_cache_free(void)
{
	return call_kmem_cache_alloc_nofail();
}

static bool call_kmem_cache_free_bulk(void)
{
	void *objects[150];

	for (int i = 0; i < 150; i++)
		objects[i] = kmem_cache_alloc_node(cache, GFP_KERNEL | __GFP_NOFAIL, i & 1);
	kmem_cache_free_bulk(cache, 150, objects);
	return true;
}

static bool call_kmem_cache_shrink(void)
{
	call_kmem_cache_alloc_nofail();
	return !kmem_cache_shrink(cache);
}

/* -------------------------------------------------------------------------------------------------------- the table */

static const struct sweep_row rows[] = {
	SWEEP(kmalloc, SWEEP_FAILS),
	SWEEP_AS(kmalloc, call_every_class, SWEEP_FAILS),
	SWEEP_AS(kmalloc, call_every_type, SWEEP_FAILS),
	SWEEP_AS(kmalloc, call_many, SWEEP_FAILS),
	SWEEP_AS(kmalloc, call_nofail, SWEEP_SURVIVES),
	SWEEP(__kmalloc, SWEEP_FAILS),
	SWEEP(__kmalloc_slot, SWEEP_FAILS),
	SWEEP(__kmalloc_large, SWEEP_FAILS),
	SWEEP(kzalloc, SWEEP_FAILS),
	SWEEP(kmalloc_array, SWEEP_FAILS),
	SWEEP(kcalloc, SWEEP_FAILS),
	SWEEP(kmalloc_node, SWEEP_FAILS),
	SWEEP(kzalloc_node, SWEEP_FAILS),
	SWEEP(kmalloc_array_node, SWEEP_FAILS),
	SWEEP(kcalloc_node, SWEEP_FAILS),
	SWEEP(kmalloc_track_caller, SWEEP_FAILS),
	SWEEP(kmalloc_node_track_caller, SWEEP_FAILS),
	SWEEP(kfree, SWEEP_SURVIVES),
	SWEEP(kfree_sensitive, SWEEP_SURVIVES),
	SWEEP(kfree_const, SWEEP_SURVIVES),
	SWEEP(kfree_bulk, SWEEP_SURVIVES),
	SWEEP(krealloc, SWEEP_FAILS),
	SWEEP_AS(krealloc, call_krealloc_large, SWEEP_FAILS),
	SWEEP(krealloc_array, SWEEP_FAILS),
	SWEEP(kvrealloc, SWEEP_FAILS),
	SWEEP(kstrdup, SWEEP_FAILS),
	SWEEP(kstrdup_const, SWEEP_FAILS),
	SWEEP(kstrndup, SWEEP_FAILS),
	SWEEP(kmemdup, SWEEP_FAILS),
	SWEEP(kmemdup_nul, SWEEP_FAILS),
	SWEEP(kasprintf, SWEEP_FAILS),
	SWEEP(kvasprintf, SWEEP_FAILS),
	SWEEP(kvmalloc, SWEEP_FAILS),
	SWEEP_AS(kvmalloc, call_kvmalloc_nofail, SWEEP_SURVIVES),
	SWEEP_AS(kvmalloc, call_kvmalloc_atomic, SWEEP_FAILS),
	SWEEP(kvmalloc_node, SWEEP_FAILS),
	SWEEP(kvzalloc, SWEEP_FAILS),
	SWEEP(kvzalloc_node, SWEEP_FAILS),
	SWEEP(kvmalloc_array, SWEEP_FAILS),
	SWEEP(kvcalloc, SWEEP_FAILS),
	SWEEP(kvmemdup, SWEEP_FAILS),
	SWEEP(kvfree, SWEEP_SURVIVES),
	SWEEP(kvfree_sensitive, SWEEP_SURVIVES),
	SWEEP(__alloc_percpu, SWEEP_FAILS),
	SWEEP(__alloc_percpu_gfp, SWEEP_FAILS),
	SWEEP(machine_release_memory, SWEEP_SURVIVES),
};

static const struct sweep_row cache_rows[] = {
	SWEEP(kmem_cache_create, SWEEP_FAILS),
	SWEEP(kmem_cache_create_usercopy, SWEEP_FAILS),
	SWEEP(kmem_cache_create_args, SWEEP_FAILS),
	SWEEP(kmem_cache_destroy, SWEEP_FAILS),
	SWEEP(kmem_cache_alloc, SWEEP_FAILS),
	SWEEP_AS(kmem_cache_alloc, call_kmem_cache_alloc_nofail, SWEEP_SURVIVES),
	SWEEP(kmem_cache_zalloc, SWEEP_FAILS),
	SWEEP(kmem_cache_alloc_node, SWEEP_FAILS),
	SWEEP(kmem_cache_alloc_bulk, SWEEP_FAILS),
	SWEEP(kmem_cache_free, SWEEP_SURVIVES),
	SWEEP(kmem_cache_free_bulk, SWEEP_SURVIVES),
	SWEEP(kmem_cache_shrink, SWEEP_SURVIVES),
};

static const struct sweep_row alias_rows[] = {
	SWEEP_AS(kmem_cache_create, call_kmem_cache_create_alias, SWEEP_SURVIVES),
};

static void every_passage_of_kmalloc(struct ktap *t)
{
	sweep(t, "mem=64M numa=fake=2 loglevel=1", rows, ARRAY_SIZE(rows));
}

/* Of objects with their maps in the descriptor, and outside it. */
static void every_passage_of_caches(struct ktap *t)
{
	static const unsigned int sizes[] = { 20, 700 };

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		ASSERT_NOT_NULL(t, slab_machine(t, "mem=64M numa=fake=2 loglevel=1"));
		cache = kmem_cache_create("swept", sizes[i], 0, SLAB_NO_MERGE, NULL);
		ASSERT_NOT_NULL(t, cache);
		sweep_rows(t, cache->machine, cache_rows, ARRAY_SIZE(cache_rows));
		sweep_rows(t, cache->machine, alias_rows, ARRAY_SIZE(alias_rows));
		kmem_cache_destroy(cache);
	}
}

static void every_passage_with_debugging(struct ktap *t)
{
	ASSERT_NOT_NULL(t, slab_machine(t, "mem=64M numa=fake=2 loglevel=1 slub_debug=FZPU"));
	cache = kmem_cache_create("swept", 100, 0, SLAB_NO_MERGE, NULL);
	ASSERT_NOT_NULL(t, cache);
	sweep_rows(t, cache->machine, cache_rows, ARRAY_SIZE(cache_rows));
	sweep_rows(t, cache->machine, rows, ARRAY_SIZE(rows));
	kmem_cache_destroy(cache);
}

KTAP_SUITE(sweep_objects, KTAP_CASE(every_passage_of_kmalloc), KTAP_CASE(every_passage_of_caches),
	KTAP_CASE(every_passage_with_debugging));
