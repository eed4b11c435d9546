/* SPDX-License-Identifier: MIT */
/* test_slab.c - contracts C23 to C37, a case each, and what mm/slab.c promises beyond them. */
#include "tests/slab_machine.h"

#define NR 2000

static void *objects[NR];

static void c23_size_0_is_16_and_freeing_it_or_null_does_nothing(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	volatile size_t none = 0;

	ASSERT_NOT_NULL(t, m);
	EXPECT_EQ(t, kmalloc(none, GFP_KERNEL), (void *)16);
	EXPECT_EQ(t, kzalloc(0, GFP_KERNEL), ZERO_SIZE_PTR);
	EXPECT_EQ(t, kmalloc_array(none, 8, GFP_KERNEL), ZERO_SIZE_PTR);
	EXPECT_EQ(t, kmalloc_node(none, GFP_KERNEL, 0), ZERO_SIZE_PTR);
	kfree(ZERO_SIZE_PTR);
	kfree(NULL);
	EXPECT_EQ(t, ksize(ZERO_SIZE_PTR), 0);
	EXPECT_EQ(t, ksize(NULL), 0);
	EXPECT_STR(t, console_text(), "");
	EXPECT_EQ(t, live_in_machine(m), 0);
}

static void c24_alignment_is_at_least_8_and_a_power_of_two_is_aligned_to_itself(struct ktap *t)
{
	static const char *const cmdlines[] = { "mem=64M", "mem=64M slub_debug=FZPU", "mem=64M kmem.sheaf=1" };

	for (size_t c = 0; c < sizeof(cmdlines) / sizeof(cmdlines[0]); c++) {
		if (!slab_machine(t, cmdlines[c]))
			return;
		for (size_t size = 1; size <= 70000; size = size * 5 / 4 + 1) {
			void *object = kmalloc(size, GFP_KERNEL);

			EXPECT_EQ(t, (unsigned long)object % ARCH_KMALLOC_MINALIGN, 0);
			kfree(object);
		}
		for (size_t size = 8; size <= 1ul << 20; size *= 2)
			for (int i = 0; i < 70 && size <= 8192; i++) {
				objects[i] = kmalloc(size, GFP_KERNEL);
				EXPECT_EQ(t, (unsigned long)objects[i] % size, 0);
				if (i == 69)
					kmem_cache_free_bulk(NULL, 70, objects);
			}
	}
}

static void c25_ksize_is_enough_and_all_of_it_is_the_callers_alone(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	unsigned int nr = 0;

	ASSERT_NOT_NULL(t, m);
	for (size_t size = 1; size <= 40000 && nr < 120; size += 1 + size / 20, nr++) {
		objects[nr] = kmalloc(size, GFP_KERNEL);
		ASSERT_NOT_NULL(t, objects[nr]);
		EXPECT_GE(t, ksize(objects[nr]), size);
		EXPECT_EQ(t, ksize(objects[nr]), kmalloc_size_roundup(size));
		memset(objects[nr], (int)nr, ksize(objects[nr]));
	}
	for (unsigned int i = 0; i < nr; i++) {
		EXPECT(t, bytes_are_all(objects[i], (int)i, ksize(objects[i])));
		kfree(objects[i]);
	}
	EXPECT_EQ(t, live_in_machine(m), 0);
}

static void count_ctor(void *object)
{
	*(unsigned long *)object = *(unsigned long *)object == 0x5eed ? 0xbad : 0x5eed;
}

/* Where the allocator keeps a word of its own behind the object, that word is not the caller's. */
static void c25_ksize_leaves_out_what_lies_behind_the_object(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	struct kmem_cache *typed = kmem_cache_create("typed", 40, 0, SLAB_TYPESAFE_BY_RCU, NULL);
	struct kmem_cache *made = kmem_cache_create("made", 40, 0, 0, count_ctor);
	void *a, *b;

	ASSERT(t, m && typed && made);
	a = kmem_cache_alloc(typed, GFP_KERNEL);
	b = kmem_cache_alloc(made, GFP_KERNEL);
	EXPECT_EQ(t, ksize(a), 40);
	EXPECT_EQ(t, ksize(b), 40);
	memset(a, 0xff, ksize(a));
	memset(b, 0xff, ksize(b));
	kmem_cache_free(typed, a);
	kmem_cache_free(made, b);
	EXPECT(t, bytes_are_all(a, 0xff, 40));
	EXPECT(t, bytes_are_all(b, 0xff, 40));
	kmem_cache_destroy(typed);
	kmem_cache_destroy(made);
	EXPECT_STR(t, console_text(), "");
}

static void c26_more_than_4_mib_is_null(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=128M");
	volatile size_t most = KMALLOC_MAX_SIZE;
	void *object;

	ASSERT_NOT_NULL(t, m);
	EXPECT_EQ(t, most, 4ul << 20);
	object = kmalloc(most, GFP_KERNEL);
	EXPECT_NOT_NULL(t, object);
	kfree(object);
	EXPECT_NULL(t, kmalloc(most + 1, GFP_KERNEL | __GFP_NOWARN));
	EXPECT_NULL(t, kmalloc((size_t)-1, GFP_KERNEL | __GFP_NOWARN));
	EXPECT_NULL(t, kmalloc_node((size_t)-4096, GFP_KERNEL | __GFP_NOWARN, 0));
	EXPECT_STR(t, console_text(), "");
	EXPECT_NULL(t, kmalloc(most + 1, GFP_KERNEL));
	EXPECT_EQ(t, console_count("cut here"), 1);
}

static void c27_more_than_8_kib_is_page_aligned(struct ktap *t)
{
	ASSERT_NOT_NULL(t, slab_machine(t, "mem=64M"));
	for (size_t size = 8193; size < 1ul << 20; size = size * 3 / 2) {
		void *object = kmalloc(size, GFP_KERNEL);

		ASSERT_NOT_NULL(t, object);
		EXPECT_EQ(t, (unsigned long)object & ~PAGE_MASK, 0);
		kfree(object);
	}
}

static void c28_overflowing_products_are_null_without_a_side_effect(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	volatile size_t half = (size_t)1 << (sizeof(size_t) * 8 - 1);
	unsigned long free;
	void *old;

	ASSERT_NOT_NULL(t, m);
	old = kmalloc(64, GFP_KERNEL);
	memset(old, 7, 64);
	free = nr_free_pages();
	EXPECT_NULL(t, kmalloc_array(half, 2, GFP_KERNEL));
	EXPECT_NULL(t, kcalloc(half, 3, GFP_KERNEL));
	EXPECT_NULL(t, kmalloc_array_node(half, 2, GFP_KERNEL, 0));
	EXPECT_NULL(t, kcalloc_node(half, 2, GFP_KERNEL, 0));
	EXPECT_NULL(t, krealloc_array(old, half, 2, GFP_KERNEL));
	EXPECT(t, bytes_are_all(old, 7, 64));
	EXPECT_EQ(t, nr_free_pages(), free);
	EXPECT_EQ(t, live_in_machine(m), 1);
	EXPECT_STR(t, console_text(), "");
	kfree(old);
}

/* Of any cache; from the middle of one nothing is freed. */
static void krealloc_takes_every_object(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	struct kmem_cache *cache;
	char *object, *fresh;

	ASSERT_NOT_NULL(t, m);
	cache = kmem_cache_create("plain", 200, 0, SLAB_NO_MERGE, NULL);
	ASSERT_NOT_NULL(t, cache);
	kfree(kmalloc(300, GFP_KERNEL));	/* there is a sheaf now */
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	memset(object, 7, 200);
	EXPECT_EQ(t, krealloc(object, 100, GFP_KERNEL), object);
	fresh = krealloc(object, 300, GFP_KERNEL);
	ASSERT_NOT_NULL(t, fresh);
	EXPECT_NULL(t, memchr_inv(fresh, 7, 200));
	EXPECT_EQ(t, cache_live_objects(cache), 0);
	kmem_cache_destroy(cache);
	EXPECT_STR(t, console_text(), "");
	object = krealloc(fresh + 4, 600, GFP_KERNEL);
	EXPECT_CONTAINS(t, console_text(), "Invalid object pointer");
	kfree(object);
	kfree(fresh);
}

/* Also where the object stays where it is, once smaller and then larger. */
static void what_krealloc_adds_is_zero_for_who_always_asks_for_that(struct ktap *t)
{
	static const char *const cmdlines[] = { "mem=64M", "mem=64M slub_debug=FZPU" };
	static const size_t sizes[] = { 8, 90, 192, 1000, 4096, 20000, 100000 };

	for (size_t c = 0; c < ARRAY_SIZE(cmdlines); c++) {
		ASSERT_NOT_NULL(t, slab_machine(t, cmdlines[c]));
		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
			size_t size = sizes[i];
			char *p = kzalloc(size, GFP_KERNEL);

			ASSERT_NOT_NULL(t, p);
			memset(p, 0x5a, size);
			p = krealloc(p, size / 2 + 1, GFP_KERNEL | __GFP_ZERO);
			p = krealloc(p, size, GFP_KERNEL | __GFP_ZERO);
			EXPECT(t, bytes_are_all(p, 0x5a, size / 2 + 1));
			EXPECT(t, bytes_are_all(p + size / 2 + 1, 0, size - size / 2 - 1));
			p = krealloc(p, 2 * size, GFP_KERNEL | __GFP_ZERO);
			EXPECT(t, bytes_are_all(p + size, 0, size));
			kfree(p);
		}
	}
}

static void c29_krealloc_keeps_what_fits_and_a_failed_one_keeps_the_object(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M failslab=1,0,0,0");
	struct fault_attr always = { .interval = 1, .probability = 100, .times = -1, .on = true };
	struct fault_attr off = m ? m->params.failslab : always;
	unsigned char *p;

	ASSERT_NOT_NULL(t, m);
	p = krealloc(NULL, 20, GFP_KERNEL);
	ASSERT_NOT_NULL(t, p);
	memset(p, 0x33, 20);
	EXPECT_EQ(t, krealloc(p, 32, GFP_KERNEL), p);
	for (size_t size = 33; size < 100000; size *= 3) {
		p = krealloc(p, size, GFP_KERNEL);
		ASSERT_NOT_NULL(t, p);
		EXPECT(t, bytes_are_all(p, 0x33, 20));
	}
	EXPECT_EQ(t, krealloc(p, 1, GFP_KERNEL), p);
	kfree(p);
	p = kmalloc(32, GFP_KERNEL);
	memset(p, 0x44, 32);
	m->params.failslab = always;
	EXPECT_NULL(t, krealloc(p, 64, GFP_KERNEL | __GFP_NOWARN));
	EXPECT(t, bytes_are_all(p, 0x44, 32));
	EXPECT_NULL(t, krealloc(p, KMALLOC_MAX_SIZE + 1, GFP_KERNEL | __GFP_NOWARN));
	EXPECT(t, bytes_are_all(p, 0x44, 32));
	m->params.failslab = off;
	EXPECT_EQ(t, live_in_machine(m), 1);
	EXPECT_EQ(t, krealloc(p, 0, GFP_KERNEL), ZERO_SIZE_PTR);
	EXPECT_EQ(t, live_in_machine(m), 0);
	p = krealloc(ZERO_SIZE_PTR, 10, GFP_KERNEL | __GFP_ZERO);
	EXPECT(t, bytes_are_all(p, 0, 10));
	kfree(p);
}

static void c30_kfree_sensitive_wipes_all_of_ksize(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	unsigned char *p;

	ASSERT_NOT_NULL(t, m);
	for (size_t size = 40; size < 40000; size *= 4) {
		size_t all;

		p = kmalloc(size, GFP_KERNEL);
		all = ksize(p);
		memset(p, 0x77, all);
		kfree_sensitive(p);
		/* Its memory is still ours to look at; the first word may hold the mark of a free object. */
		EXPECT(t, bytes_are_all(p + 8, 0, all - 8));
	}
	kfree_sensitive(NULL);
	kfree_sensitive(ZERO_SIZE_PTR);
}

static unsigned long ctor_calls;

static void counting_ctor(void *object)
{
	ctor_calls++;
	memset(object, 0xc7, 100);
}

static void constructed_once(struct ktap *t, const char *cmdline)
{
	struct machine *m = slab_machine(t, cmdline);
	struct kmem_cache *cache;
	unsigned long room;

	ASSERT_NOT_NULL(t, m);
	ctor_calls = 0;
	cache = kmem_cache_create("made", 100, 0, 0, counting_ctor);
	ASSERT_NOT_NULL(t, cache);
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 500; i++) {
			objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
			ASSERT(t, objects[i] && bytes_are_all(objects[i], 0xc7, 100));
		}
		if (round == 0)
			room = cache->node[0]->total_objects;
		for (int i = 0; i < 500; i++)
			kmem_cache_free(cache, objects[i]);
	}
	/* Slabs come and go: each new one is populated once. */
	EXPECT_GE(t, ctor_calls, room);
	EXPECT_EQ(t, ctor_calls % cache->objects, 0);
	kmem_cache_destroy(cache);
	EXPECT_STR(t, console_text(), "");
}

static void c31_a_constructor_runs_once_an_object_when_its_slab_is_populated(struct ktap *t)
{
	constructed_once(t, "mem=64M");
	constructed_once(t, "mem=64M kmem.sheaf=1");
	constructed_once(t, "mem=64M init_on_alloc=1 init_on_free=1");
}

static void c31_the_same_under_every_kind_of_debugging(struct ktap *t)
{
	constructed_once(t, "mem=64M slub_debug=FZPU");
	constructed_once(t, "mem=64M slub_debug=Z");
	constructed_once(t, "mem=64M slub_debug=FU");
	constructed_once(t, "mem=64M slub_debug=P");
}

static void c32_a_bulk_allocation_gives_all_or_none(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M failslab=1,0,0,0");
	struct kmem_cache *cache;

	ASSERT_NOT_NULL(t, m);
	cache = kmem_cache_create("bulk", 200, 0, 0, NULL);
	EXPECT_EQ(t, kmem_cache_alloc_bulk(cache, GFP_KERNEL, 1000, objects), 1000);
	EXPECT_EQ(t, cache_live_objects(cache), 1000);
	kmem_cache_free_bulk(cache, 1000, objects);
	EXPECT_EQ(t, cache_live_objects(cache), 0);
	for (int nth = 1; nth <= 30; nth += 3) {
		m->params.failslab = (struct fault_attr){
			.interval = (unsigned int)nth, .probability = 100, .times = 1, .on = true
		};
		EXPECT_EQ(
			t, kmem_cache_alloc_bulk(cache, GFP_KERNEL | __GFP_NOWARN, 30, objects), nth <= 30 ? 0 : 30);
		EXPECT_EQ(t, cache_live_objects(cache), 0);
	}
	m->params.failslab = (struct fault_attr){ .on = true };
	EXPECT_EQ(t, kmem_cache_alloc_bulk(cache, GFP_KERNEL, 0, objects), 0);
	kmem_cache_destroy(cache);
}

static void c33_a_free_to_the_wrong_cache_is_detected_and_refused(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	struct kmem_cache *a = kmem_cache_create("kmis_wca", 100, 0, SLAB_NO_MERGE, NULL);
	struct kmem_cache *b = kmem_cache_create("kmis_wcb", 100, 0, SLAB_NO_MERGE, NULL);
	void *object;

	ASSERT(t, m && a && b);
	object = kmem_cache_alloc(a, GFP_KERNEL);
	memset(object, 0x21, 100);
	kmem_cache_free(b, object);
	EXPECT_EQ(t, console_count("cache_from_obj: Wrong slab cache. kmis_wcb but object is from kmis_wca\n"), 1);
	EXPECT(t, bytes_are_all(object, 0x21, 100));
	EXPECT_EQ(t, cache_live_objects(a), 1);
	EXPECT_EQ(t, cache_live_objects(b), 0);
	kmem_cache_free(a, object);
	EXPECT_EQ(t, cache_live_objects(a), 0);
	kmem_cache_destroy(a);
	kmem_cache_destroy(b);
	EXPECT_EQ(t, console_count("cut here"), 1);
}

static void c34_destroying_a_cache_with_live_objects_warns_and_keeps_them(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	struct kmem_cache *cache = kmem_cache_create("kmis_leak", 104, 0, SLAB_NO_MERGE, NULL);

	ASSERT(t, m && cache);
	for (int i = 0; i < 50; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	for (int i = 0; i < 47; i++)
		kmem_cache_free(cache, objects[i]);
	for (int i = 47; i < 50; i++)
		memset(objects[i], i, 104);
	kmem_cache_destroy(cache);
	EXPECT_EQ(t,
		console_count(
			"BUG kmis_leak (Not tainted): Objects remaining in kmis_leak on __kmem_cache_shutdown()"),
		slabs_of(cache));
	EXPECT_EQ(t, console_count("\nObject 0x"), 3);
	EXPECT_CONTAINS(
		t, console_text(), "kmem_cache_destroy kmis_leak: Slab cache still has objects when called from ");
	for (int i = 47; i < 50; i++) {
		EXPECT(t, bytes_are_all(objects[i], i, 104));
		kmem_cache_free(cache, objects[i]);
	}
	EXPECT_EQ(t, cache_live_objects(cache), 0);
	console_clear();
	kmem_cache_destroy(cache);
	EXPECT_STR(t, console_text(), "");
}

/* Of full slabs and of partial ones every object that is left is named. */
static void c34_every_object_that_remains_is_named(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	struct kmem_cache *cache = kmem_cache_create("kmis_all", 512, 0, SLAB_NO_MERGE, NULL);
	unsigned int nr;

	ASSERT(t, m && cache);
	nr = cache->objects + 1;
	for (unsigned int i = 0; i < nr; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	kmem_cache_destroy(cache);
	EXPECT_EQ(t, console_count("\nObject 0x"), nr);
	for (unsigned int i = 0; i < nr; i++)
		kmem_cache_free(cache, objects[i]);
	kmem_cache_destroy(cache);
}

/* What goes straight to its slab is looked at: another cache's object, none at all, one that is there already. */
static void a_slab_takes_only_objects_of_its_own_that_are_out(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=1");
	struct kmem_cache *cache = kmem_cache_create("kmis_put", 64, 0, SLAB_NO_MERGE, NULL);
	struct kmem_cache *other = kmem_cache_create("kmis_put_other", 64, 0, SLAB_NO_MERGE, NULL);
	void *object, *inside;

	ASSERT(t, m && cache && other);
	object = slab_alloc_one(cache, GFP_KERNEL, 0);
	ASSERT_NOT_NULL(t, object);
	inside = (char *)object + 8;
	slab_put(cache, &inside, 1);
	EXPECT_EQ(t, console_count("Invalid object pointer"), 1);
	slab_put(other, &object, 1);
	EXPECT_EQ(t, console_count("Wrong slab cache"), 1);
	EXPECT_EQ(t, cache_live_objects(cache), 1);
	slab_put(cache, &object, 1);
	EXPECT_EQ(t, cache_live_objects(cache), 0);
	slab_put(cache, &object, 1);
	EXPECT_EQ(t, console_count("Object already free"), 1);
	EXPECT_EQ(t, cache_live_objects(cache), 0);
	kmem_cache_destroy(cache);
	kmem_cache_destroy(other);
}

static void alloc_each(struct kmem_cache *cache, void **object, int nr)
{
	for (int i = 0; i < nr; i++)
		object[i] = kmem_cache_alloc(cache, GFP_KERNEL);
}

/* All at once, with every check, or as most do: each is the owner's to free, so none is refused. */
static void none_is_refused(struct ktap *t, struct kmem_cache *cache, void **object, int nr, int way)
{
	if (way == 0)
		kmem_cache_free_bulk(cache, (size_t)nr, object);
	for (int i = 0; i < nr && way == 1; i++)
		cache_free_slow(cache, object[i]);
	for (int i = 0; i < nr && way == 2; i++)
		kmem_cache_free(cache, object[i]);
	EXPECT_EQ(t, cache_live_objects(cache), 0);
	EXPECT_STR(t, console_text(), "");
}

/*
 * An object from a stack says still where it lay, if nobody has written there; and what an owner writes may look like a
 * place, or be one that has another object, or none any more.
 */
static void a_word_that_looks_like_a_mark_is_the_owners(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=1");
	struct kmem_cache *cache = kmem_cache_create("kmis_word", 64, 0, SLAB_NO_MERGE, NULL);
	struct cpu_sheaf *slot;
	void *object[40];

	ASSERT(t, m && cache);
	slot = &this_cpu()->sheaves[cache->id];
	for (int way = 0; way < 3; way++) {
		alloc_each(cache, object, 40);
		none_is_refused(t, cache, object, 40, way);
		alloc_each(cache, object, 30);
		for (int i = 0; i < 30; i++) {
			const unsigned long words[] = {
				(unsigned long)slot->base + 1, (unsigned long)slot->base, (unsigned long)slot->top,
				~0ul, (unsigned long)slot_here(this_cpu(), slot), (unsigned long)(slot->base - 1),
			};

			*(unsigned long *)object[i] = words[i % 6];
		}
		none_is_refused(t, cache, object, 30, way);
	}
	machine_holds(t, m);
	kmem_cache_destroy(cache);
}

/* Of two entries of the same object that one is good whose place the object says, whoever draws it. */
static void of_two_entries_one_is_good(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=1");
	struct kmem_cache *cache = kmem_cache_create("kmis_two", 64, 0, SLAB_NO_MERGE, NULL);
	struct cpu_sheaf *slot;
	void *object[4], *first;

	ASSERT(t, m && cache);
	alloc_each(cache, object, 4);
	slot = &this_cpu()->sheaves[cache->id];
	kmem_cache_free(cache, object[0]);
	kmem_cache_free(cache, object[1]);
	kmem_cache_free(cache, object[0]);
	ASSERT(t, slot->top[-1] == object[0] && slot->top[-3] == object[0]);
	slot->top--;				/* the good one is another CPU's, say, and is not drawn yet */
	EXPECT(t, kmem_cache_alloc(cache, GFP_KERNEL) == object[1]);
	first = kmem_cache_alloc(cache, GFP_KERNEL);
	EXPECT_NE(t, first, object[0]);
	EXPECT_EQ(t, console_count("BUG kmis_two "), 1);
	for (int i = 1; i < 4; i++)
		kmem_cache_free(cache, object[i]);
	kmem_cache_free(cache, first);
	kmem_cache_free(cache, object[0]);
	EXPECT_EQ(t, cache_live_objects(cache), 0);
	console_clear();
	kmem_cache_destroy(cache);
}

/* Not even who gives no flags at all gets what is not cleared, however it was freed. */
static void no_flags_are_odd_where_all_is_cleared(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=1 init_on_alloc=1");
	struct kmem_cache *cache = kmem_cache_create("kmis_init", 64, 0, SLAB_NO_MERGE, NULL);
	void *object[3];

	ASSERT(t, m && cache);
	for (int round = 0; round < 4; round++) {
		for (int i = 0; i < 3; i++) {
			object[i] = round % 2 ? kmem_cache_alloc(cache, 0) : kmalloc(64, 0);
			ASSERT(t, object[i] && bytes_are_all(object[i], 0, 64));
			memset(object[i], 7, 64);
		}
		if (round == 1)
			kmem_cache_free_bulk(cache, 3, object);
		for (int i = 0; i < 3 && round != 1; i++)
			kfree(object[i]);
		for (int i = 0; i < 2; i++) {	/* the newest, alone */
			object[0] = round % 2 ? kmem_cache_alloc(cache, 0) : kmalloc(64, 0);
			ASSERT(t, object[0] && bytes_are_all(object[0], 0, 64));
			memset(object[0], 7, 64);
			kfree(object[0]);
		}
	}
	EXPECT_STR(t, console_text(), "");
	kmem_cache_destroy(cache);
}

/* Whoever writes to a freed object is told when it would be handed out; the next one is, zeroed or not. */
static void a_freed_object_that_was_written_is_not_handed_out(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=1");
	struct kmem_cache *cache = kmem_cache_create("kmis_mark", 64, 0, SLAB_NO_MERGE, NULL);
	unsigned long *mine, *next;

	ASSERT(t, m && cache);
	mine = kmem_cache_alloc(cache, GFP_KERNEL);
	kmem_cache_free(cache, mine);
	*object_mark_at(cache, mine) ^= 1;
	next = kmem_cache_alloc(cache, GFP_KERNEL);
	EXPECT_NE(t, next, mine);
	EXPECT_EQ(t, console_count("BUG kmis_mark "), 1);
	kmem_cache_free(cache, next);
	kmem_cache_destroy(cache);
	mine = __kmalloc_slot(SHEAF_SLOT(KMALLOC_ID(KMALLOC_NORMAL, kmalloc_class(64))), kmalloc_ask(GFP_KERNEL, 0));
	kfree(mine);
	*mine ^= 1;
	next = __kmalloc_slot(SHEAF_SLOT(KMALLOC_ID(KMALLOC_NORMAL, kmalloc_class(64))),
			      kmalloc_ask(GFP_KERNEL | __GFP_ZERO, 0));
	EXPECT_NE(t, next, mine);
	EXPECT(t, bytes_are_all(next, 0, 64));
	EXPECT_EQ(t, console_count("BUG kmalloc-64 "), 1);
	memset(next, 9, 64);
	kfree(next);
	next = __kmalloc_slot(SHEAF_SLOT(KMALLOC_ID(KMALLOC_NORMAL, kmalloc_class(64))),
			      kmalloc_ask(GFP_KERNEL | __GFP_ZERO, 0));
	EXPECT(t, bytes_are_all(next, 0, 64));
	kfree(next);
	console_clear();
	preempt_disable();
	next = __kmalloc_slot(SHEAF_SLOT(KMALLOC_ID(KMALLOC_NORMAL, kmalloc_class(64))), kmalloc_ask(GFP_NOWAIT, 0));
	EXPECT_STR(t, console_text(), "");
	kfree(next);
	next = __kmalloc_slot(SHEAF_SLOT(KMALLOC_ID(KMALLOC_NORMAL, kmalloc_class(64))), kmalloc_ask(GFP_KERNEL, 0));
	EXPECT_CONTAINS(t, console_text(), "sleeping function called from invalid context");
	preempt_enable();
	kfree(next);
	/* Nobody gets them again. */
	slab_leaks_expected = (struct machine_leaks){ .slab_objects = 2, .slab_caches = 1 };
}

static bool is_slab_page(struct machine *m, const void *object)
{
	(void)m;
	return page_type_of(virt_to_page(object)) == PGTY_SLAB;
}

static void c35_typed_memory_keeps_its_type_until_a_grace_period_has_passed(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	struct kmem_cache *cache = kmem_cache_create("typed", 256, 0, SLAB_TYPESAFE_BY_RCU, NULL);
	unsigned int pages = 0;

	ASSERT(t, m && cache);
	for (int i = 0; i < 400; i++) {
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		memset(objects[i], 0x66, 256);
	}
	rcu_read_lock();
	for (int i = 0; i < 400; i++)
		kmem_cache_free(cache, objects[i]);
	/* A reader may still look at each: a slab page, the contents as they were. */
	for (int i = 0; i < 400; i++)
		EXPECT(t, is_slab_page(m, objects[i]) && bytes_are_all(objects[i], 0x66, 256));
	rcu_read_unlock();
	kmem_cache_shrink(cache);
	rcu_barrier();
	for (int i = 0; i < 400; i++)
		pages += is_slab_page(m, objects[i]);
	EXPECT_EQ(t, pages, 0);
	EXPECT_EQ(t, slabs_of(cache), 0);
	kmem_cache_destroy(cache);
}

static void c36_shrinking_a_cache_returns_every_empty_slab(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	struct kmem_cache *cache = kmem_cache_create("shrunk", 200, 0, SLAB_NO_MERGE, NULL);
	unsigned long objects_a_slab;

	ASSERT(t, m && cache);
	objects_a_slab = cache->objects;
	for (int i = 0; i < NR; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	EXPECT_GE(t, slabs_of(cache), NR / objects_a_slab);
	for (int i = 1; i < NR; i++)
		kmem_cache_free(cache, objects[i]);
	EXPECT_EQ(t, kmem_cache_shrink(cache), 1);
	EXPECT_EQ(t, slabs_of(cache), 1);
	EXPECT_EQ(t, cache->node[0]->nr_empty, 0);
	kmem_cache_free(cache, objects[0]);
	EXPECT_EQ(t, kmem_cache_shrink(cache), 0);
	EXPECT_EQ(t, slabs_of(cache), 0);
	EXPECT_EQ(t, cache->node[0]->total_objects, 0);
	kmem_cache_destroy(cache);
}

static void c37_allocated_less_freed_is_live(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=2");
	unsigned long live = 0;
	unsigned long flags;

	ASSERT_NOT_NULL(t, m);
	memset(objects, 0, sizeof(objects));
	for (int step = 0; step < 20000; step++) {
		unsigned int i = (unsigned int)ktap_below(t, NR);

		if (step % 7 == 0)
			local_irq_save(flags);
		if (objects[i]) {
			kfree(objects[i]);
			objects[i] = NULL;
			live--;
		} else {
			objects[i] = kmalloc(ktap_below(t, 3000) + 1, GFP_ATOMIC);
			ASSERT_NOT_NULL(t, objects[i]);
			live++;
		}
		if (step % 7 == 0)
			local_irq_restore(flags);
		if (step % 1000 == 0)
			EXPECT_EQ(t, live_in_machine(m), live);
	}
	for (unsigned int i = 0; i < NR; i++) {
		kfree(objects[i]);
		objects[i] = NULL;
	}
	EXPECT_EQ(t, live_in_machine(m), 0);
}

/* Every size of slab map: in the descriptor, and objects of each map cache, whose slabs need maps themselves. */
static void slabs_of_many_small_objects_have_maps_outside(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M kmem.sheaf=1");

	ASSERT_NOT_NULL(t, m);
	for (size_t size = 8; size <= 64; size *= 2) {
		struct kmem_cache *cache = kmalloc_cache(m, size, GFP_KERNEL);
		unsigned long others = cache_live_objects(cache);

		for (int i = 0; i < NR; i++) {
			objects[i] = kmalloc(size, GFP_KERNEL);
			ASSERT_NOT_NULL(t, objects[i]);
		}
		EXPECT_EQ(t, cache->node[0]->out_objects, NR + others);
		machine_holds(t, m);
		kfree_bulk(NR, objects);
		kmem_cache_shrink(cache);
		EXPECT_LE(t, slabs_of(cache), others);
	}
}

/* When no block of the usual order is left, slabs of the least order serve, and their objects are freed exactly. */
static void slabs_of_a_lower_order_serve_when_memory_is_in_pieces(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=32M");
	struct kmem_cache *cache = kmem_cache_create("pieces", 1200, 0, SLAB_NO_MERGE, NULL);
	struct fault_attr always = { .interval = 1, .probability = 100, .times = -1, .on = true };
	unsigned int low = 0;
	char said[200];

	ASSERT(t, m && cache);
	ASSERT_GT(t, cache->order, cache->min_order);
	m->params.fail_page_alloc_min_order = 1;
	fail_pages(m, &always);
	for (int i = 0; i < 300; i++) {
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL | __GFP_NOWARN);
		ASSERT_NOT_NULL(t, objects[i]);
		low += compound_order(slab_of(objects[i])) == cache->min_order;
		memset(objects[i], i, 1200);
	}
	fail_pages(m, NULL);
	EXPECT_EQ(t, low, 300);
	kmem_explain(m, (char *)objects[5] + 4, said, sizeof(said));
	EXPECT_CONTAINS(t, said, "byte 4 of object ");
	EXPECT_CONTAINS(t, said, " of cache pieces, live");
	machine_holds(t, m);
	kfree((char *)objects[5] + 16);
	kfree((char *)objects[6] + 400);
	kmem_cache_free(cache, (char *)objects[7] + 8);
	EXPECT_EQ(t, console_count("Invalid object pointer"), 3);
	for (int i = 0; i < 300; i++) {
		EXPECT(t, bytes_are_all(objects[i], (int)(unsigned char)i, 1200));
		if (i & 1)
			kfree(objects[i]);
		else
			kmem_cache_free(cache, objects[i]);
	}
	EXPECT_EQ(t, cache_live_objects(cache), 0);
	kmem_cache_destroy(cache);
}

/* A node without memory: objects come from another, without a slab each. */
static void an_exhausted_node_borrows_from_others(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M numa=fake=2");
	struct taken taken = { 0 };
	struct kmem_cache *cache;
	unsigned long slabs;
	int near;

	ASSERT_NOT_NULL(t, m);
	ASSERT_EQ(t, m->nr_nodes, 2);
	near = (int)this_cpu()->node;
	cache = kmem_cache_create("borrower", 256, 0, SLAB_NO_MERGE, NULL);
	ASSERT_NOT_NULL(t, cache);
	take_all(&taken, GFP_NOWAIT | __GFP_THISNODE | __GFP_NOWARN, 0);
	for (int i = 0; i < 1000; i++) {
		objects[i] = i % 2 ? kmem_cache_alloc(cache, GFP_NOWAIT | __GFP_NOWARN)
				   : kmem_cache_alloc_node(cache, GFP_NOWAIT | __GFP_NOWARN, near);
		ASSERT_NOT_NULL(t, objects[i]);
	}
	slabs = slabs_of(cache);
	EXPECT_LE(t, slabs, 1000 / cache->objects + 4);
	put_all(&taken);
	kmem_cache_free_bulk(cache, 1000, objects);
	EXPECT_EQ(t, cache_live_objects(cache), 0);
	kmem_cache_destroy(cache);
}

static void a_named_node_is_where_the_object_is(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M numa=fake=2");
	struct kmem_cache *cache;
	unsigned int wrong = 0;

	ASSERT_NOT_NULL(t, m);
	/* Objects of both nodes are freed here, into one sheaf. */
	for (int i = 0; i < 200; i++)
		objects[i] = kmalloc_node(64, GFP_KERNEL, i % 2);
	kfree_bulk(200, objects);
	for (int i = 0; i < 200; i++) {
		objects[i] = kmalloc_node(64, GFP_KERNEL | __GFP_THISNODE, i % 2);
		ASSERT_NOT_NULL(t, objects[i]);
		wrong += page_to_nid(virt_to_page(objects[i])) != i % 2;
	}
	EXPECT_EQ(t, wrong, 0);
	kfree_bulk(200, objects);
	/* Where it need not be that node, it still is while that has memory, whatever others have at hand. */
	cache = kmem_cache_create("near", 300, 0, SLAB_NO_MERGE, NULL);
	objects[0] = kmem_cache_alloc_node(cache, GFP_KERNEL, 1);
	objects[1] = kmem_cache_alloc_node(cache, GFP_KERNEL, 0);
	EXPECT_EQ(t, page_to_nid(virt_to_page(objects[1])), 0);
	kmem_cache_free_bulk(cache, 2, objects);
	kmem_cache_destroy(cache);
	objects[0] = kmalloc_node(64, GFP_KERNEL, 77);
	EXPECT_NOT_NULL(t, objects[0]);
	kfree(objects[0]);
}

/* Objects that are whole pages, and those that are pages only virtually, come from the node too. */
static void a_named_node_is_where_large_objects_are(struct ktap *t)
{
	static const size_t sizes[] = { 8193, 16384, 100000, 1 << 20 };
	struct machine *m = slab_machine(t, "mem=64M numa=fake=2");
	struct taken taken = { 0 };

	ASSERT_NOT_NULL(t, m);
	for (int i = 0; i < 16; i++) {
		gfp_t gfp = GFP_KERNEL | (i & 2 ? __GFP_THISNODE : 0);
		void *p = kmalloc_node(sizes[i / 4], gfp, i & 1), *v = kvmalloc_node(sizes[i / 4] + 1, gfp, i & 1);

		ASSERT(t, p && v);
		EXPECT_EQ(t, page_to_nid(virt_to_page(p)), i & 1);
		EXPECT_EQ(t, page_to_nid(is_vmalloc_addr(v) ? vmalloc_to_page(v) : virt_to_page(v)), i & 1);
		kfree(p);
		kvfree(v);
	}
	/* An exhausted node: another serves whoever does not insist. (Nobody wakes kswapd, which would find some.) */
	while (page_take_from(&taken, 1, __GFP_THISNODE | __GFP_NOWARN, 0))
		;
	EXPECT_NULL(t, kmalloc_node(16384, __GFP_THISNODE | __GFP_NOWARN, 1));
	objects[0] = kmalloc_node(16384, __GFP_NOWARN, 1);
	ASSERT_NOT_NULL(t, objects[0]);
	EXPECT_EQ(t, page_to_nid(virt_to_page(objects[0])), 0);
	kfree(objects[0]);
	put_all(&taken);
}

static void flags_that_no_slab_can_honour_are_said_and_left_out(struct ktap *t)
{
	ASSERT_NOT_NULL(t, slab_machine(t, "mem=64M"));
	objects[0] = kmalloc(3000, GFP_KERNEL | __GFP_HIGHMEM);
	EXPECT_NOT_NULL(t, objects[0]);
	EXPECT_CONTAINS(t, console_text(),
		"Unexpected gfp: 0x2 (__GFP_HIGHMEM). Fixing up to gfp: 0xcc0 (GFP_KERNEL). Fix your code!\n");
	kfree(objects[0]);
}

static void init_on_alloc_and_init_on_free_clear_objects(struct ktap *t)
{
	static const char *const cmdlines[] = { "mem=64M init_on_alloc=1", "mem=64M init_on_alloc=1 kmem.sheaf=1",
		"mem=64M init_on_alloc=1 slub_debug=FZ" };

	for (int c = 0; c < 3; c++) {
		if (!slab_machine(t, cmdlines[c]))
			return;
		for (int i = 0; i < 300; i++) {
			unsigned char *p = kmalloc(96, GFP_KERNEL);

			EXPECT(t, bytes_are_all(p, 0, 96));
			memset(p, 0xee, 96);
			kfree(p);
		}
	}
	ASSERT_NOT_NULL(t, slab_machine(t, "mem=64M init_on_free=1"));
	objects[0] = kmalloc(96, GFP_KERNEL);
	memset(objects[0], 0xee, 96);
	kfree(objects[0]);
	EXPECT(t, bytes_are_all((char *)objects[0] + 8, 0, 88));
}

static void zeroed_objects_are_zero_however_they_come(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	struct kmem_cache *typed = kmem_cache_create("typed", 72, 0, SLAB_TYPESAFE_BY_RCU, NULL);
	struct kmem_cache *odd = kmem_cache_create("odd", 3, 0, SLAB_NO_MERGE, NULL);

	ASSERT(t, m && typed && odd);
	for (int i = 0; i < 300; i++) {
		unsigned char *p = kmem_cache_zalloc(typed, GFP_KERNEL), *q = kmem_cache_zalloc(odd, GFP_KERNEL);
		unsigned char *r = kzalloc(700, GFP_KERNEL), *s = kzalloc(9000, GFP_KERNEL);

		EXPECT(t,
			bytes_are_all(p, 0, 72) && bytes_are_all(q, 0, 3) && bytes_are_all(r, 0, 700) &&
				bytes_are_all(s, 0, 9000));
		memset(p, 1, 72);
		memset(q, 2, 3);
		memset(r, 3, 700);
		memset(s, 4, 9000);
		kmem_cache_free(typed, p);
		kmem_cache_free(odd, q);
		kfree(r);
		kfree(s);
	}
	EXPECT_EQ(t, kmem_cache_size(odd), 3);
	kmem_cache_destroy(typed);
	kmem_cache_destroy(odd);
}

static void shutdown_reports_what_was_not_freed(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M");
	struct kmem_cache *cache;

	ASSERT_NOT_NULL(t, m);
	cache = kmem_cache_create("kept", 500, 0, SLAB_NO_MERGE, NULL);
	slab_leaks_expected = (struct machine_leaks){ .slab_objects = 6, .slab_caches = 1, .pages = 0 };
	EXPECT_NOT_NULL(t, kmem_cache_alloc(cache, GFP_KERNEL));
	EXPECT_NOT_NULL(t, kmem_cache_alloc(cache, GFP_KERNEL));
	EXPECT_NOT_NULL(t, kmalloc(33, GFP_KERNEL));
	EXPECT_NOT_NULL(t, kmalloc(64, GFP_KERNEL));
	EXPECT_NOT_NULL(t, kmalloc(8192, GFP_KERNEL));
	EXPECT_NOT_NULL(t, kmalloc(8193, GFP_KERNEL));
}

KTAP_SUITE(slab, KTAP_CASE(c23_size_0_is_16_and_freeing_it_or_null_does_nothing),
	KTAP_CASE(c24_alignment_is_at_least_8_and_a_power_of_two_is_aligned_to_itself),
	KTAP_CASE(c25_ksize_is_enough_and_all_of_it_is_the_callers_alone),
	KTAP_CASE(c25_ksize_leaves_out_what_lies_behind_the_object), KTAP_CASE(c26_more_than_4_mib_is_null),
	KTAP_CASE(c27_more_than_8_kib_is_page_aligned),
	KTAP_CASE(c28_overflowing_products_are_null_without_a_side_effect),
	KTAP_CASE(krealloc_takes_every_object),
	   KTAP_CASE(what_krealloc_adds_is_zero_for_who_always_asks_for_that),
	   KTAP_CASE(c29_krealloc_keeps_what_fits_and_a_failed_one_keeps_the_object),
	KTAP_CASE(c30_kfree_sensitive_wipes_all_of_ksize),
	KTAP_CASE(c31_a_constructor_runs_once_an_object_when_its_slab_is_populated),
	KTAP_CASE(c31_the_same_under_every_kind_of_debugging), KTAP_CASE(c32_a_bulk_allocation_gives_all_or_none),
	KTAP_CASE(c33_a_free_to_the_wrong_cache_is_detected_and_refused),
	KTAP_CASE(c34_destroying_a_cache_with_live_objects_warns_and_keeps_them),
	KTAP_CASE(c34_every_object_that_remains_is_named),
	KTAP_CASE(a_slab_takes_only_objects_of_its_own_that_are_out),
	KTAP_CASE(a_word_that_looks_like_a_mark_is_the_owners),
	KTAP_CASE(of_two_entries_one_is_good),
	   KTAP_CASE(no_flags_are_odd_where_all_is_cleared),
	   KTAP_CASE(a_freed_object_that_was_written_is_not_handed_out),
	KTAP_CASE(c35_typed_memory_keeps_its_type_until_a_grace_period_has_passed),
	KTAP_CASE(c36_shrinking_a_cache_returns_every_empty_slab), KTAP_CASE(c37_allocated_less_freed_is_live),
	KTAP_CASE(slabs_of_many_small_objects_have_maps_outside),
	KTAP_CASE(slabs_of_a_lower_order_serve_when_memory_is_in_pieces),
	KTAP_CASE(an_exhausted_node_borrows_from_others), KTAP_CASE(a_named_node_is_where_the_object_is),
	KTAP_CASE(a_named_node_is_where_large_objects_are),
	KTAP_CASE(flags_that_no_slab_can_honour_are_said_and_left_out),
	KTAP_CASE(init_on_alloc_and_init_on_free_clear_objects), KTAP_CASE(zeroed_objects_are_zero_however_they_come),
	KTAP_CASE(shutdown_reports_what_was_not_freed));
