/* SPDX-License-Identifier: MIT */
/* test_rcu.c - grace periods wait for readers, callbacks run in order and once, and typed slabs wait for both. */
#include "mm/rcu.h"
#include "tests/slab_machine.h"

#define CALLBACKS 500

struct item {
	struct rcu_head rcu;
	unsigned int number;
};

static struct item items[CALLBACKS];
static unsigned int done; /* callbacks that have run */
static unsigned int out_of_order;

static void item_done(struct rcu_head *head)
{
	struct item *item = container_of(head, struct item, rcu);

	if (item->number != __atomic_fetch_add(&done, 1, __ATOMIC_ACQ_REL))
		__atomic_fetch_add(&out_of_order, 1, __ATOMIC_RELAXED);
}

static void items_reset(void)
{
	done = out_of_order = 0;
	for (unsigned int i = 0; i < CALLBACKS; i++)
		items[i].number = i;
}

static void callbacks_run_once_and_in_order(struct ktap *t)
{
	ASSERT_NOT_NULL(t, slab_machine(t, "mem=64M nr_cpus=2"));
	items_reset();
	for (unsigned int i = 0; i < CALLBACKS; i++)
		call_rcu(&items[i].rcu, item_done);
	rcu_barrier();
	EXPECT_EQ(t, __atomic_load_n(&done, __ATOMIC_ACQUIRE), CALLBACKS);
	EXPECT_EQ(t, out_of_order, 0);
	rcu_barrier();
	synchronize_rcu();
	EXPECT_EQ(t, done, CALLBACKS);
}

/* Whoever has cut the list holds the mutex; and nobody starts the background task of a machine that goes down. */
static void it_is_idle_when_nobody_runs_callbacks_and_none_wait(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=2");

	ASSERT_NOT_NULL(t, m);
	items_reset();
	EXPECT(t, rcu_is_idle(m));
	mutex_lock(&m->rcu_mutex);
	EXPECT(t, !rcu_is_idle(m));
	mutex_unlock(&m->rcu_mutex);
	m->rcu_stop = true;
	call_rcu(&items[0].rcu, item_done);
	EXPECT_EQ(t, m->rcu_running, 0);
	EXPECT(t, !rcu_is_idle(m));
	m->rcu_stop = false;
	rcu_barrier();
	EXPECT_EQ(t, done, 1);
	EXPECT(t, rcu_is_idle(m));
}

static void no_callback_runs_while_its_queuer_reads(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=2");

	ASSERT_NOT_NULL(t, m);
	items_reset();
	rcu_read_lock();
	call_rcu(&items[0].rcu, item_done);
	/* Long enough for the background task to run it, if it did not wait for us. */
	for (u64 end = host_clock(m) + 20000000; host_clock(m) < end;)
		kfree(kmalloc(64, GFP_ATOMIC));
	EXPECT_EQ(t, __atomic_load_n(&done, __ATOMIC_ACQUIRE), 0);
	rcu_read_unlock();
	rcu_barrier();
	EXPECT_EQ(t, done, 1);
}

static struct item again;

static void queue_again(struct rcu_head *head)
{
	(void)head;
	__atomic_fetch_add(&done, 1, __ATOMIC_ACQ_REL);
	call_rcu(&items[1].rcu, item_done);
}

static void a_callback_may_queue_another(struct ktap *t)
{
	ASSERT_NOT_NULL(t, slab_machine(t, "mem=64M nr_cpus=2"));
	items_reset();
	call_rcu(&again.rcu, queue_again);
	rcu_barrier();
	rcu_barrier();
	EXPECT_EQ(t, done, 2);
	EXPECT_EQ(t, out_of_order, 0);
}

static void shutdown_runs_what_is_left(struct ktap *t)
{
	struct machine *m = machine_boot(&(struct machine_config){ .cmdline = "mem=64M nr_cpus=2" });

	ASSERT_NOT_NULL(t, m);
	items_reset();
	machine_enter(m);
	for (unsigned int i = 0; i < CALLBACKS; i++)
		call_rcu(&items[i].rcu, item_done);
	machine_leave();
	EXPECT_EQ(t, machine_shutdown(m), 0);
	EXPECT_EQ(t, done, CALLBACKS);
	EXPECT_EQ(t, out_of_order, 0);
}

struct freed_later {
	char before[100];
	struct rcu_head rcu;
};

static void objects_are_freed_when_their_readers_have_left(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=2");
	struct kmem_cache *cache = kmem_cache_create("later", sizeof(struct freed_later), 0, SLAB_NO_MERGE, NULL);
	struct freed_later *object, *large = kvmalloc(8 << 20, GFP_KERNEL), *none = NULL;

	ASSERT(t, m && cache && large);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	ASSERT_NOT_NULL(t, object);
	EXPECT(t, is_vmalloc_addr(large));
	rcu_read_lock();
	kfree_rcu(object, rcu);
	kvfree_rcu(large, rcu);
	kfree_rcu(none, rcu);
	for (u64 end = host_clock(m) + 20000000; host_clock(m) < end;)
		kfree(kmalloc(8, GFP_ATOMIC));
	EXPECT(t, !rcu_is_idle(m));
	EXPECT_EQ(t, cache_live_objects(cache), 1);
	EXPECT_NOT_NULL(t, find_vm_area(large));
	rcu_read_unlock();
	rcu_barrier();
	EXPECT(t, rcu_is_idle(m));
	EXPECT_EQ(t, cache_live_objects(cache), 0);
	EXPECT_NULL(t, find_vm_area(large));
	kmem_cache_destroy(cache);
}

static void who_has_no_head_waits_himself(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=2");
	void *object = kmalloc(100, GFP_KERNEL), *none = NULL;

	ASSERT(t, m && object);
	kfree_rcu(object);
	kfree_rcu_mightsleep(none);
	EXPECT_EQ(t, live_in_machine(m), 0);
	kvfree_rcu_mightsleep(kmalloc(100, GFP_KERNEL));
	EXPECT_EQ(t, live_in_machine(m), 0);
	console_clear();
	object = kmalloc(100, GFP_KERNEL);
	preempt_disable();
	kfree_rcu(object);
	preempt_enable();
	EXPECT_EQ(t, console_count("BUG: sleeping function called from invalid context"), 1);
}

/* The list is a ring then: what is on it runs once, and nobody goes round for ever. */
static void a_head_that_is_queued_twice_is_named(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=2");
	struct freed_later *object[3];
	char text[100];

	ASSERT_NOT_NULL(t, m);
	items_reset();
	for (unsigned int i = 0; i < 3; i++) {
		object[i] = kzalloc(sizeof(*object[i]), GFP_KERNEL);
		ASSERT_NOT_NULL(t, object[i]);
	}
	console_clear();
	mutex_lock(&m->rcu_mutex);		/* nobody cuts the lists before all are there */
	for (unsigned int i = 0; i < 3; i++)
		call_rcu(&items[i].rcu, item_done);
	call_rcu(&items[0].rcu, item_done);
	call_rcu(&items[3].rcu, item_done);
	for (unsigned int i = 0; i < 3; i++)
		kfree_rcu(object[i], rcu);
	kfree_rcu(object[2], rcu);
	mutex_unlock(&m->rcu_mutex);
	rcu_barrier();
	EXPECT_EQ(t, done, 4);
	snprintf(text, sizeof(text), "call_rcu(): Double-freed CB %px;", &items[0].rcu);
	EXPECT_EQ(t, console_count(text), 1);
	EXPECT_EQ(t, console_count("kvfree_call_rcu(): Double-freed CB"), 1);
	kfree(object[0]);			/* these were lost */
	kfree(object[1]);
}

static void shutdown_frees_what_is_left(struct ktap *t)
{
	struct machine *m = machine_boot(&(struct machine_config){ .cmdline = "mem=64M nr_cpus=2" });

	ASSERT_NOT_NULL(t, m);
	machine_enter(m);
	for (unsigned int i = 0; i < CALLBACKS; i++) {
		struct freed_later *object = kmalloc(sizeof(*object), GFP_KERNEL);

		ASSERT_NOT_NULL(t, object);
		kfree_rcu(object, rcu);
	}
	machine_leave();
	EXPECT_EQ(t, machine_shutdown(m), 0);
}

/* ------------------------------------------------------------------------------------- several threads */

struct published {
	unsigned long value;
	struct rcu_head rcu;
};

struct race {
	struct machine *m;
	struct published *current_one;
	unsigned int stop;
	unsigned int reads, torn;
	unsigned int freed;
};

static struct race race;

static void published_free(struct rcu_head *head)
{
	struct published *old = container_of(head, struct published, rcu);

	__atomic_store_n(&old->value, 0xdead, __ATOMIC_RELAXED);
	__atomic_fetch_add(&race.freed, 1, __ATOMIC_RELAXED);
	kfree(old);
}

static void reader(void)
{
	while (!__atomic_load_n(&race.stop, __ATOMIC_ACQUIRE)) {
		struct published *seen;

		rcu_read_lock();
		seen = rcu_dereference(race.current_one);
		for (int i = 0; i < 20; i++)
			if (__atomic_load_n(&seen->value, __ATOMIC_RELAXED) != 0x600d)
				__atomic_fetch_add(&race.torn, 1, __ATOMIC_RELAXED);
		rcu_read_unlock();
		__atomic_fetch_add(&race.reads, 1, __ATOMIC_RELAXED);
	}
}

static struct published *published_new(void)
{
	struct published *fresh = kmalloc(sizeof(*fresh), GFP_KERNEL);

	if (fresh)
		__atomic_store_n(&fresh->value, 0x600d, __ATOMIC_RELAXED);
	return fresh;
}

static void writer(struct ktap *t)
{
	for (int i = 0; i < 400; i++) {
		struct published *fresh = published_new(), *old = race.current_one;

		ASSERT_NOT_NULL(t, fresh);
		rcu_assign_pointer(race.current_one, fresh);
		if (i % 20) {
			call_rcu(&old->rcu, published_free);
		} else {
			synchronize_rcu();
			published_free(&old->rcu);
		}
	}
}

static void reader_or_writer(struct ktap *t, unsigned int i, void *arg)
{
	(void)arg;
	if (machine_enter(race.m))
		return;
	if (i) {
		reader();
	} else {
		writer(t);
		__atomic_store_n(&race.stop, 1, __ATOMIC_RELEASE);
	}
	machine_leave();
}

static void readers_never_see_what_was_freed(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=2");

	ASSERT_NOT_NULL(t, m);
	race = (struct race){ .m = m, .current_one = published_new() };
	machine_leave();
	ktap_threads(t, 4, reader_or_writer, NULL);
	machine_enter(m);
	rcu_barrier();
	EXPECT_EQ(t, race.freed, 400);
	EXPECT_EQ(t, race.torn, 0);
	kfree(race.current_one);
	EXPECT_EQ(t, live_in_machine(m), 0);
}

static void typed_slabs_stay_while_a_reader_of_another_cpu_looks(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=2");
	struct kmem_cache *cache = kmem_cache_create("typed", 1000, 0, SLAB_TYPESAFE_BY_RCU, NULL);
	void *objects[40];
	unsigned int typed = 0;

	ASSERT(t, m && cache);
	ASSERT_EQ(t, kmem_cache_alloc_bulk(cache, GFP_KERNEL, 40, objects), 40);
	rcu_read_lock();
	kmem_cache_free_bulk(cache, 40, objects);
	sheaves_drain(this_cpu());
	barn_drain(cache);
	slab_discard_empty(cache, 0);
	EXPECT_EQ(t, slabs_of(cache), 0);
	for (int i = 0; i < 40; i++)
		typed += page_type_of(virt_to_page(objects[i])) == PGTY_SLAB;
	EXPECT_EQ(t, typed, 40);
	rcu_read_unlock();
	kmem_cache_destroy(cache);
	typed = 0;
	for (int i = 0; i < 40; i++)
		typed += page_type_of(virt_to_page(objects[i])) == PGTY_SLAB;
	EXPECT_EQ(t, typed, 0);
}

static struct machine *ending;
static int after_the_end, again_left;

/* Until the machine goes down, and a few times more. */
static void queue_past_the_end(struct rcu_head *head)
{
	bool ends = __atomic_load_n(&ending->rcu_stop, __ATOMIC_RELAXED);

	after_the_end += ends;
	again_left -= ends;
	if (again_left)
		call_rcu(head, queue_past_the_end);
}

static void shutdown_runs_what_its_callbacks_queue(struct ktap *t)
{
	struct rcu_head head;

	ending = machine_boot(&(struct machine_config){ .cmdline = "mem=64M nr_cpus=2" });
	ASSERT_NOT_NULL(t, ending);
	after_the_end = 0;
	again_left = 5;
	machine_enter(ending);
	call_rcu(&head, queue_past_the_end);
	machine_leave();
	EXPECT_EQ(t, machine_shutdown(ending), 0);
	EXPECT_EQ(t, after_the_end, 5);
}

KTAP_SUITE(rcu, KTAP_CASE(callbacks_run_once_and_in_order),
	   KTAP_CASE(it_is_idle_when_nobody_runs_callbacks_and_none_wait),
	   KTAP_CASE(no_callback_runs_while_its_queuer_reads),
	KTAP_CASE(a_callback_may_queue_another), KTAP_CASE(shutdown_runs_what_is_left),
	KTAP_CASE(objects_are_freed_when_their_readers_have_left), KTAP_CASE(who_has_no_head_waits_himself),
	   KTAP_CASE(a_head_that_is_queued_twice_is_named),
	   KTAP_CASE(shutdown_frees_what_is_left),
	   KTAP_CASE(readers_never_see_what_was_freed), KTAP_CASE(typed_slabs_stay_while_a_reader_of_another_cpu_looks),
	KTAP_CASE(shutdown_runs_what_its_callbacks_queue));
