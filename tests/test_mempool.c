/* SPDX-License-Identifier: MIT */
/*
 * test_mempool.c - reserves: what is in them, who gets it, and who waits.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mempool.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "mm/mempool.h"
#include "mm/slab.h"
#include "tests/at_lock.h"

/* An allocator that hands out numbers, and can be told to fail. */
struct numbers {
	long made, freed;
	long fail_from;		/* fail from this call on; 0: never */
	long calls;
	gfp_t gfp_or;		/* of all calls' flags */
	gfp_t needs;		/* a call without these flags fails */
	unsigned char out[4096];	/* 1: not freed */
};

static struct numbers numbers;

static void *number_alloc(gfp_t gfp, void *data)
{
	struct numbers *n = data;
	long call = __atomic_add_fetch(&n->calls, 1, __ATOMIC_RELAXED);
	long fail_from = __atomic_load_n(&n->fail_from, __ATOMIC_RELAXED), number;

	__atomic_fetch_or(&n->gfp_or, gfp, __ATOMIC_RELAXED);
	if ((fail_from && call >= fail_from) || (gfp & n->needs) != n->needs)
		return NULL;
	number = __atomic_add_fetch(&n->made, 1, __ATOMIC_RELAXED);
	if ((size_t)number >= sizeof(n->out))
		return NULL;
	n->out[number] = 1;
	return (void *)number;
}

static void number_free(void *element, void *data)
{
	struct numbers *n = data;

	n->out[(long)element]--;
	__atomic_add_fetch(&n->freed, 1, __ATOMIC_RELAXED);
}

static struct numbers *fresh(void)
{
	memset(&numbers, 0, sizeof(numbers));
	return &numbers;
}

static void fail_from_now(struct numbers *n)
{
	n->fail_from = n->calls + 1;
}

static void c38_the_reserve_is_there_when_the_allocator_fails(struct ktap *t)
{
	struct numbers *n = fresh();
	void *elements[16];
	mempool_t *pool;

	if (!machine_for(t, "mem=64M nr_cpus=2"))
		return;
	pool = mempool_create(16, number_alloc, number_free, n);
	ASSERT_NOT_NULL(t, pool);
	EXPECT_EQ(t, n->made, 16);
	EXPECT(t, mempool_check(pool, NULL));
	fail_from_now(n);
	for (int i = 0; i < 16; i++) {
		elements[i] = mempool_alloc(pool, GFP_NOWAIT);
		EXPECT_NOT_NULL(t, elements[i]);
		for (int j = 0; j < i; j++)
			EXPECT_NE(t, elements[i], elements[j]);
	}
	EXPECT_NULL(t, mempool_alloc(pool, GFP_NOWAIT));
	for (int i = 0; i < 16; i++)
		mempool_free(elements[i], pool);
	EXPECT_EQ(t, n->freed, 0);
	mempool_destroy(pool);
	EXPECT_EQ(t, n->freed, 16);
}

static void the_allocator_is_asked_before_the_reserve(struct ktap *t)
{
	struct numbers *n = fresh();
	mempool_t pool;
	void *element;

	if (!machine_for(t, "mem=64M nr_cpus=2"))
		return;
	ASSERT_EQ(t, mempool_init(&pool, 2, number_alloc, number_free, n), 0);
	element = mempool_alloc(&pool, GFP_KERNEL);
	EXPECT_EQ(t, element, (void *)3);
	EXPECT_EQ(t, pool.curr_nr, 2);
	mempool_free(element, &pool);
	EXPECT_EQ(t, n->freed, 1);
	mempool_exit(&pool);
	EXPECT(t, !mempool_initialized(&pool));
	mempool_exit(&pool);
	EXPECT_EQ(t, n->made, n->freed);
}

/* The flags that keep a pool from hurting the machine, first without sleeping, then as asked. */
static void the_allocator_is_asked_gently(struct ktap *t)
{
	struct numbers *n = fresh();
	mempool_t pool;

	if (!machine_for(t, "mem=64M nr_cpus=2"))
		return;
	ASSERT_EQ(t, mempool_init(&pool, 1, number_alloc, number_free, n), 0);
	n->gfp_or = 0;
	mempool_free(mempool_alloc(&pool, GFP_KERNEL), &pool);
	EXPECT_EQ(t, n->gfp_or & (__GFP_DIRECT_RECLAIM | __GFP_IO), 0);
	EXPECT_EQ(t, n->gfp_or & (__GFP_NOMEMALLOC | __GFP_NORETRY | __GFP_NOWARN),
		  __GFP_NOMEMALLOC | __GFP_NORETRY | __GFP_NOWARN);
	mempool_exit(&pool);
}

/* Thread 0 waits for an element of an empty pool; thread 1 gives one back when it sleeps. */
struct wait {
	struct machine *m;
	mempool_t pool;
	void *held;
};

static bool someone_sleeps(mempool_t *pool)
{
	u32 never = 0;

	for (int i = 0; i < 100000; i++) {
		if (__atomic_load_n(&pool->wait, __ATOMIC_ACQUIRE) & 1)
			return true;
		host_wait(&never, 0, 100000);
	}
	return false;
}

static void wait_or_free(struct ktap *t, unsigned int i, void *arg)
{
	struct wait *w = arg;

	if (!i) {
		void *element;

		machine_enter(w->m);
		element = mempool_alloc(&w->pool, GFP_KERNEL);
		EXPECT_EQ(t, element, (void *)1);
		mempool_free(element, &w->pool);
		machine_leave();
	} else {
		EXPECT(t, someone_sleeps(&w->pool));
		machine_enter(w->m);
		mempool_free(w->held, &w->pool);
		machine_leave();
	}
}

static void c39_who_may_sleep_waits_for_a_free(struct ktap *t)
{
	static struct wait w;
	struct numbers *n = fresh();

	w = (struct wait){ .m = machine_for(t, "mem=64M nr_cpus=1") };
	if (!w.m)
		return;
	ASSERT_EQ(t, mempool_init(&w.pool, 1, number_alloc, number_free, n), 0);
	fail_from_now(n);
	w.held = mempool_alloc(&w.pool, GFP_NOWAIT);
	EXPECT_EQ(t, w.held, (void *)1);
	machine_leave();		/* the only CPU */
	ktap_threads(t, 2, wait_or_free, &w);
	machine_enter(w.m);
	EXPECT_EQ(t, w.pool.curr_nr, 1);
	EXPECT_EQ(t, w.pool.wait & 1, 0);
	mempool_exit(&w.pool);
}

static void who_may_sleep_reclaims_before_he_waits(struct ktap *t)
{
	struct numbers *n = fresh();
	void *elements[2];
	mempool_t pool;

	ASSERT_NOT_NULL(t, machine_for(t, "mem=64M nr_cpus=1"));
	ASSERT_EQ(t, mempool_init(&pool, 1, number_alloc, number_free, n), 0);
	n->needs = __GFP_DIRECT_RECLAIM;
	elements[0] = mempool_alloc(&pool, GFP_KERNEL);
	EXPECT_EQ(t, elements[0], (void *)1);	/* the reserve comes first */
	elements[1] = mempool_alloc(&pool, GFP_KERNEL);
	EXPECT_EQ(t, elements[1], (void *)2);
	EXPECT_EQ(t, pool.curr_nr, 0);
	for (int i = 0; i < 2; i++)
		mempool_free(elements[i], &pool);
	EXPECT_EQ(t, n->freed, 1);
	mempool_exit(&pool);
}

static void c40_who_may_not_sleep_gets_null_from_an_empty_pool(struct ktap *t)
{
	struct numbers *n = fresh();
	mempool_t pool;
	void *element;

	if (!machine_for(t, "mem=64M nr_cpus=2"))
		return;
	ASSERT_EQ(t, mempool_init(&pool, 1, number_alloc, number_free, n), 0);
	fail_from_now(n);
	preempt_disable();		/* a sleep would be reported */
	element = mempool_alloc(&pool, GFP_ATOMIC);
	EXPECT_NOT_NULL(t, element);
	EXPECT_NULL(t, mempool_alloc(&pool, GFP_ATOMIC));
	preempt_enable();
	n->fail_from = 0;
	mempool_free(element, &pool);
	mempool_exit(&pool);
}

static void c41_a_free_refills_first(struct ktap *t)
{
	struct numbers *n = fresh();
	mempool_t pool;
	void *a, *b;

	if (!machine_for(t, "mem=64M nr_cpus=2"))
		return;
	ASSERT_EQ(t, mempool_init(&pool, 1, number_alloc, number_free, n), 0);
	b = mempool_alloc(&pool, GFP_KERNEL);
	fail_from_now(n);
	a = mempool_alloc(&pool, GFP_KERNEL);
	EXPECT_EQ(t, pool.curr_nr, 0);
	mempool_free(a, &pool);
	EXPECT_EQ(t, pool.curr_nr, 1);
	EXPECT_EQ(t, n->freed, 0);
	mempool_free(b, &pool);
	EXPECT_EQ(t, n->freed, 1);
	mempool_free(NULL, &pool);
	mempool_exit(&pool);
	EXPECT_EQ(t, n->made, n->freed);
}

static void creation_that_fails_leaks_nothing(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2");

	if (!m)
		return;
	for (long nth = 1; nth <= 9; nth++) {
		struct numbers *n = fresh();
		mempool_t *pool;

		n->fail_from = nth;
		pool = mempool_create(8, number_alloc, number_free, n);
		EXPECT_EQ(t, pool != NULL, nth == 9);
		EXPECT_EQ(t, n->made - n->freed, pool ? 8 : 0);
		mempool_destroy(pool);
		EXPECT_EQ(t, n->made, n->freed);
	}
	EXPECT_NULL(t, mempool_create(-1, number_alloc, number_free, &numbers));
	mempool_destroy(NULL);
}

static void a_pool_grows_and_shrinks(struct ktap *t)
{
	struct numbers *n = fresh();
	mempool_t pool;
	void *element;

	if (!machine_for(t, "mem=64M nr_cpus=2"))
		return;
	ASSERT_EQ(t, mempool_init(&pool, 4, number_alloc, number_free, n), 0);
	EXPECT_EQ(t, mempool_resize(&pool, 10), 0);
	EXPECT_EQ(t, pool.curr_nr, 10);
	EXPECT(t, mempool_check(&pool, NULL));
	EXPECT_EQ(t, mempool_resize(&pool, 3), 0);
	EXPECT_EQ(t, pool.curr_nr, 3);
	EXPECT_EQ(t, n->made - n->freed, 3);
	fail_from_now(n);
	element = mempool_alloc(&pool, GFP_NOWAIT);
	EXPECT_EQ(t, pool.curr_nr, 2);
	for (long more = 1; more < 4; more++) {
		n->fail_from = n->calls + more;		/* none, one, two of the three new ones can be had */
		EXPECT_EQ(t, mempool_resize(&pool, 6), -ENOMEM);
		EXPECT_EQ(t, pool.min_nr, 3);
		EXPECT_EQ(t, pool.curr_nr, 2);
	}
	n->fail_from = 0;
	EXPECT_EQ(t, mempool_resize(&pool, 6), 0);
	EXPECT_EQ(t, pool.curr_nr, 5);
	mempool_free(element, &pool);
	EXPECT_EQ(t, pool.curr_nr, 6);
	EXPECT_EQ(t, mempool_resize(&pool, 0), -EINVAL);
	mempool_exit(&pool);
	EXPECT_EQ(t, n->made, n->freed);
}

/* What is at hand comes from the CPU's own, but a reserve that is not full is filled first, and crimes are seen. */
static void object_at_hand(struct ktap *t, bool of_slab)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	struct kmem_cache *cache, *other;
	void *element, *reserved;
	struct cpu_sheaf *slot;
	mempool_t *pool;

	if (!m)
		return;
	cache = kmem_cache_create("pooled", 256, 0, SLAB_NO_MERGE, NULL);
	other = kmem_cache_create("other", 256, 0, SLAB_NO_MERGE, NULL);
	ASSERT(t, cache && other);
	pool = of_slab ? mempool_create_slab_pool(3, cache) : mempool_create_kmalloc_pool(3, 256);
	ASSERT_NOT_NULL(t, pool);
	mempool_free(mempool_alloc(pool, GFP_KERNEL), pool);
	element = mempool_alloc(pool, GFP_KERNEL);
	slot = slot_there(this_cpu(), this_cpu()->last_slot);
	ASSERT(t, this_cpu()->last_object == element);
	EXPECT(t, slot->cache == (of_slab ? cache : kmalloc_cache(m, 256, GFP_KERNEL)));
	mempool_free(element, pool);
	EXPECT(t, slot->hot == element);
	EXPECT(t, mempool_alloc(pool, GFP_NOWAIT) == element);
	EXPECT_EQ(t, *(unsigned long *)element, 0);

	reserved = pool->elements[--pool->curr_nr];
	mempool_free(element, pool);
	EXPECT(t, pool->curr_nr == 3 && pool->elements[2] == element && !slot->hot);
	pool->elements[2] = reserved;
	mempool_free(element, pool);
	EXPECT(t, slot->hot == element);
	mempool_free(element, pool);
	EXPECT_EQ(t, console_count("Object already free"), 1);
	preempt_disable();
	EXPECT(t, mempool_alloc(pool, GFP_KERNEL) == element);
	preempt_enable();
	EXPECT_EQ(t, console_count("BUG: sleeping function called from invalid context"), 1);
	mempool_free(element, pool);
	mempool_free(NULL, pool);
	kmem_cache_free(other, kmem_cache_alloc(other, GFP_KERNEL));	/* there is a sheaf now */
	element = kmem_cache_alloc(other, GFP_KERNEL);
	EXPECT(t, this_cpu()->last_object == element);
	mempool_free(element, pool);
	EXPECT_EQ(t, console_count("Wrong slab cache"), of_slab);
	if (of_slab)
		kmem_cache_free(other, element);
	mempool_destroy(pool);
	EXPECT_EQ(t, cache_live_objects(cache) + cache_live_objects(other), 0);
	kmem_cache_destroy(cache);
	kmem_cache_destroy(other);
}

static void an_object_at_hand_serves_a_slab_pool(struct ktap *t)
{
	object_at_hand(t, true);
}

static void an_object_at_hand_serves_a_kmalloc_pool(struct ktap *t)
{
	object_at_hand(t, false);
}

static void the_usual_allocators_serve_pools(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2");
	struct kmem_cache *cache;
	mempool_t *pools[4];

	if (!m)
		return;
	cache = kmem_cache_create("pooled", 100, 0, SLAB_NO_MERGE, NULL);
	ASSERT_NOT_NULL(t, cache);
	pools[0] = mempool_create_slab_pool(3, cache);
	pools[1] = mempool_create_kmalloc_pool(3, 256);
	pools[2] = mempool_create_page_pool(3, 1);
	pools[3] = mempool_create_kmalloc_pool(3, 16384);
	for (int i = 0; i < 4; i++) {
		void *element;

		ASSERT_NOT_NULL(t, pools[i]);
		element = mempool_alloc(pools[i], GFP_KERNEL);
		EXPECT_NOT_NULL(t, element);
		mempool_free(element, pools[i]);
		mempool_destroy(pools[i]);
	}
	kmem_cache_destroy(cache);
}

/* Four tasks, two elements: each gets them in turn, none is in two hands, none is lost. */
static unsigned char held[4096];

static void share(struct ktap *t, unsigned int i, void *arg)
{
	struct wait *w = arg;

	(void)i;
	machine_enter(w->m);
	for (int round = 0; round < 500 && !ktap_failed(t); round++) {
		void *element = mempool_alloc(&w->pool, GFP_KERNEL);

		if (!EXPECT_NOT_NULL(t, element))
			break;
		EXPECT_EQ(t, __atomic_fetch_add(&held[(long)element], 1, __ATOMIC_RELAXED), 0);
		cond_resched();
		__atomic_fetch_sub(&held[(long)element], 1, __ATOMIC_RELAXED);
		mempool_free(element, &w->pool);
	}
	machine_leave();
}

static void tasks_share_a_small_pool(struct ktap *t)
{
	static struct wait w;
	struct numbers *n = fresh();

	w = (struct wait){ .m = machine_for(t, "mem=64M nr_cpus=2") };
	if (!w.m)
		return;
	memset(held, 0, sizeof(held));
	ASSERT_EQ(t, mempool_init(&w.pool, 2, number_alloc, number_free, n), 0);
	fail_from_now(n);
	machine_leave();
	ktap_threads(t, 4, share, &w);
	machine_enter(w.m);
	EXPECT_EQ(t, w.pool.curr_nr, 2);
	EXPECT(t, mempool_check(&w.pool, NULL));
	mempool_exit(&w.pool);
	EXPECT_EQ(t, n->freed, 2);
}

static void each_broken_invariant_is_named(struct ktap *t)
{
	struct kmem_fault fault = { .id = "none" };
	struct numbers *n = fresh();
	mempool_t pool;
	void *kept;

	if (!machine_for(t, "mem=64M nr_cpus=2"))
		return;
	ASSERT_EQ(t, mempool_init(&pool, 3, number_alloc, number_free, n), 0);
	pool.curr_nr = -1;
	EXPECT(t, !mempool_check(&pool, NULL));
	pool.curr_nr = 3;
	kept = pool.elements[1];
	pool.elements[1] = NULL;
	EXPECT(t, !mempool_check(&pool, &fault));
	EXPECT_STR(t, fault.id, "E2");
	pool.elements[1] = kept;
	pool.curr_nr = 4;
	EXPECT(t, !mempool_check(&pool, &fault));
	EXPECT_STR(t, fault.id, "E1");
	pool.curr_nr = 3;
	kept = pool.elements[2];
	pool.elements[2] = pool.elements[0];
	EXPECT(t, !mempool_check(&pool, &fault));
	EXPECT_STR(t, fault.id, "E2");
	pool.elements[2] = kept;
	EXPECT(t, mempool_check(&pool, &fault));
	mempool_exit(&pool);
}

static void a_reserve_of_nothing_is_one(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M nr_cpus=1");
	struct numbers *n = fresh();
	mempool_t pool;
	void *element;

	ASSERT_NOT_NULL(t, m);
	ASSERT_EQ(t, mempool_init(&pool, 0, number_alloc, number_free, n), 0);
	EXPECT(t, mempool_initialized(&pool));
	element = mempool_alloc(&pool, GFP_KERNEL);
	EXPECT_NOT_NULL(t, element);
	mempool_free(element, &pool);
	EXPECT_EQ(t, n->freed, 1);
	mempool_exit(&pool);
}

static void wait_or_resize(struct ktap *t, unsigned int i, void *arg)
{
	struct wait *w = arg;
	void *element;

	machine_enter(w->m);
	if (!i) {
		element = mempool_alloc(&w->pool, GFP_KERNEL);
		EXPECT_EQ(t, element, (void *)2);
		mempool_free(element, &w->pool);
	} else {
		EXPECT(t, someone_sleeps(&w->pool));
		__atomic_store_n(&numbers.fail_from, __atomic_load_n(&numbers.calls, __ATOMIC_RELAXED) + 2,
				 __ATOMIC_RELAXED);	/* for the new element, but not for the one who waits */
		EXPECT_EQ(t, mempool_resize(&w->pool, 2), 0);
	}
	machine_leave();
}

static void who_waits_has_the_first_element_of_a_larger_reserve(struct ktap *t)
{
	static struct wait w;
	struct numbers *n = fresh();

	w = (struct wait){ .m = machine_for(t, "mem=64M nr_cpus=2") };
	if (!w.m)
		return;
	ASSERT_EQ(t, mempool_init(&w.pool, 1, number_alloc, number_free, n), 0);
	fail_from_now(n);
	w.held = mempool_alloc(&w.pool, GFP_NOWAIT);
	machine_leave();
	ktap_threads(t, 2, wait_or_resize, &w);
	machine_enter(w.m);
	mempool_free(w.held, &w.pool);
	EXPECT_EQ(t, w.pool.curr_nr, 2);
	EXPECT_EQ(t, w.pool.wait & 1, 0);
	mempool_exit(&w.pool);
}

struct rivals {
	mempool_t pool;
	void *first, *second;
};

static void free_the_second(void *arg)
{
	struct rivals *r = arg;

	mempool_free(r->second, &r->pool);
}

/* As mempool_free() does, for who has the lock. */
static void free_the_first(void *arg)
{
	struct rivals *r = arg;

	r->pool.elements[0] = r->first;
	__atomic_store_n(&r->pool.curr_nr, 1, __ATOMIC_RELAXED);
}

static void the_reserve_may_fill_while_a_free_waits_for_the_lock(struct ktap *t)
{
	static struct rivals r;
	struct numbers *n = fresh();
	struct machine *m = machine_for(t, "mem=64M nr_cpus=2");

	if (!m)
		return;
	ASSERT_EQ(t, mempool_init(&r.pool, 1, number_alloc, number_free, n), 0);
	r.first = mempool_alloc(&r.pool, GFP_KERNEL);
	fail_from_now(n);
	r.second = mempool_alloc(&r.pool, GFP_NOWAIT);
	ASSERT(t, r.first && r.second && !r.pool.curr_nr);
	at_lock(t, &(struct at_lock){ .m = m, .word = &r.pool.lock, .step = free_the_second,
				      .meanwhile = free_the_first, .arg = &r });
	EXPECT_EQ(t, r.pool.curr_nr, 1);
	EXPECT(t, r.pool.elements[0] == r.first);
	EXPECT_EQ(t, n->freed, 1);
	EXPECT_EQ(t, n->out[(long)r.second], 0);
	mempool_exit(&r.pool);
}

static unsigned int freed_by_hand;

static void free_by_hand(void *element, void *data)
{
	freed_by_hand++;
	mempool_free_slab(element, data);
}

/* The CPU's newest object stands aside for the usual allocators only: another's free has more to do. */
static void an_object_at_hand_goes_to_its_own_free(struct ktap *t)
{
	struct kmem_cache *cache;
	mempool_t pool;

	if (!machine_for(t, "mem=64M nr_cpus=1"))
		return;
	freed_by_hand = 0;
	cache = kmem_cache_create("elements", 200, 0, SLAB_NO_MERGE, NULL);
	ASSERT_NOT_NULL(t, cache);
	ASSERT_EQ(t, mempool_init(&pool, 1, mempool_alloc_slab, free_by_hand, cache), 0);
	for (int i = 0; i < 2; i++)
		mempool_free(mempool_alloc(&pool, GFP_KERNEL), &pool);
	EXPECT_EQ(t, freed_by_hand, 2);
	mempool_exit(&pool);
	EXPECT_EQ(t, freed_by_hand, 3);
	kmem_cache_destroy(cache);
}

KTAP_SUITE(mempool, KTAP_CASE(c38_the_reserve_is_there_when_the_allocator_fails),
	   KTAP_CASE(the_allocator_is_asked_before_the_reserve), KTAP_CASE(the_allocator_is_asked_gently),
	   KTAP_CASE(c39_who_may_sleep_waits_for_a_free), KTAP_CASE(who_may_sleep_reclaims_before_he_waits),
	   KTAP_CASE(c40_who_may_not_sleep_gets_null_from_an_empty_pool), KTAP_CASE(c41_a_free_refills_first),
	   KTAP_CASE(creation_that_fails_leaks_nothing), KTAP_CASE(a_pool_grows_and_shrinks),
	   KTAP_CASE(an_object_at_hand_serves_a_slab_pool),
	   KTAP_CASE(an_object_at_hand_serves_a_kmalloc_pool),
	   KTAP_CASE(the_usual_allocators_serve_pools), KTAP_CASE(tasks_share_a_small_pool),
	   KTAP_CASE(each_broken_invariant_is_named),
	   KTAP_CASE(a_reserve_of_nothing_is_one),
	   KTAP_CASE(who_waits_has_the_first_element_of_a_larger_reserve),
	   KTAP_CASE(the_reserve_may_fill_while_a_free_waits_for_the_lock),
	   KTAP_CASE(an_object_at_hand_goes_to_its_own_free));
