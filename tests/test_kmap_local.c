/* SPDX-License-Identifier: MIT */
/*
 * test_kmap_local.c - kmap_local_page(): addresses of one task, in stack order, that it takes along when it sleeps; the
 * sets that they are in.
 */
#include <linux/sched.h>
#include "tests/high_machine.h"

static void c47_mappings_nest_sixteen_deep(struct ktap *t)
{
	struct machine *m = high_machine(t);
	u32 *at[KMAP_LOCAL_MAX];

	ASSERT_NOT_NULL(t, m);
	take_many(t, KMAP_LOCAL_MAX);
	for (unsigned int round = 0; round < 2; round++) {
		for (unsigned int i = 0; i < KMAP_LOCAL_MAX; i++) {
			at[i] = kmap_local_page(many[(i + round) % KMAP_LOCAL_MAX]);
			at[i][0] = i;
			EXPECT_EQ(t, kmap_to_page(at[i]), many[(i + round) % KMAP_LOCAL_MAX]);
			EXPECT(t, !i || at[i] != at[i - 1]);
		}
		EXPECT(t, preemptible());
		for (unsigned int i = KMAP_LOCAL_MAX; i--;) {
			EXPECT_EQ(t, at[i][0], i);
			kunmap_local(&at[i][100]);		/* any address in it */
		}
	}
	EXPECT_EQ(t, kmem_context.kmap_depth, 0);
	EXPECT_NULL(t, page_address(many[0]));		/* that is kmap()'s */
	put_many(KMAP_LOCAL_MAX);
	everything_holds(t, m);
}

static void another_order_is_reported(struct ktap *t)
{
	struct machine *m = high_machine(t);
	void *first, *second;

	ASSERT_NOT_NULL(t, m);
	take_many(t, 2);
	first = kmap_local_page(many[0]);
	second = kmap_local_page(many[1]);
	kunmap_local(first);
	EXPECT_EQ(t, console_count("which is not this task's newest mapping"), 1);
	kunmap_local(second);
	EXPECT_EQ(t, console_count("which is not this task's newest mapping"), 2);
	EXPECT_EQ(t, kmem_context.kmap_depth, 0);
	kunmap_local(second);
	EXPECT_EQ(t, console_count("which is not this task's newest mapping"), 3);
	EXPECT_EQ(t, kmem_context.kmap_depth, 0);
	put_many(2);
}

static void kmap_atomic_is_atomic(struct ktap *t)
{
	struct machine *m = high_machine(t);
	struct page *page;
	u32 *address;

	ASSERT_NOT_NULL(t, m);
	page = high_page(t);
	address = kmap_atomic(page);
	*address = 17;
	EXPECT(t, in_atomic());
	kunmap_atomic(address);
	EXPECT(t, !in_atomic());
	address = kmap_atomic_pfn(page_to_pfn(page));
	EXPECT_EQ(t, *address, 17);
	EXPECT(t, in_atomic());
	kunmap_atomic(address);
	EXPECT(t, preemptible());
	__free_page(page);
	everything_holds(t, m);
}

/* Where it was mapped it stays, whatever CPU the task has afterwards. */
static void a_task_may_sleep_with_mappings(struct ktap *t)
{
	struct machine *m = high_machine(t);
	u32 *address, *inner;

	ASSERT_NOT_NULL(t, m);
	take_many(t, 3);
	address = kmap_local_page(many[0]);
	*address = 5;
	cpu_release();
	EXPECT_EQ(t, m->kmap->sets_away, 1);
	EXPECT_EQ(t, *address, 5);
	inner = kmap_local_page(many[1]);
	EXPECT_EQ(t, m->kmap->sets_away, 0);
	EXPECT_EQ(t, inner - address, 1024);
	*inner = 6;
	cpu_release();
	kunmap_local(inner);
	kunmap_local(address);
	EXPECT_EQ(t, m->kmap->sets_away, 0);
	put_many(3);
	everything_holds(t, m);
}

static void map_once(struct ktap *t, unsigned int i, void *arg)
{
	u32 *address;

	machine_enter(arg);
	address = kmap_local_page(many[1]);
	*address = i;
	kunmap_local(address);
	machine_leave();
	(void)t;
}

/* What was mapped there by the last task, another CPU may remember otherwise. */
static void a_spare_set_comes_empty(struct ktap *t)
{
	struct machine *m = machine_for(t, sizeof(long) == 4 ? "mem=3G nr_cpus=1" : "mem=128M highmem=64M nr_cpus=1");
	const struct page **spare;
	void *address;

	ASSERT_NOT_NULL(t, m);
	take_many(t, 2);
	address = kmap_local_page(many[0]);
	cpu_release();
	spare = &m->kmap->local[m->cpus[0]->kmap_set][0];
	ktap_threads(t, 1, map_once, m);
	EXPECT_EQ(t, *spare, many[1]);
	EXPECT_EQ(t, kmap_to_page(address), many[0]);	/* with a CPU again, and its own set */
	EXPECT_EQ(t, kmem_context.kmap_depth, 1);
	cpu_get();
	EXPECT_EQ(t, *spare, many[1]);
	cpu_release();
	EXPECT_EQ(t, &m->kmap->local[m->cpus[0]->kmap_set][0], spare);
	EXPECT_NULL(t, *spare);
	kunmap_local(address);
	put_many(2);
	everything_holds(t, m);
}

/* As many tasks as there are spare sets: who comes after them sleeps with its CPU. */
static void without_a_spare_set_the_cpu_is_kept(struct ktap *t)
{
	struct machine *m = high_machine(t);
	u32 spare[2];
	u32 *address;

	ASSERT_NOT_NULL(t, m);
	take_many(t, 1);
	address = kmap_local_page(many[0]);
	memcpy(spare, m->kmap->spare_sets, sizeof(spare));
	memset(m->kmap->spare_sets, 0, sizeof(spare));
	cpu_release();
	EXPECT_EQ(t, this_cpu()->machine, m);
	memcpy(m->kmap->spare_sets, spare, sizeof(spare));
	kunmap_local(address);
	cpu_release();
	EXPECT_NULL(t, this_cpu()->machine);
	put_many(1);
	everything_holds(t, m);
}

/* A request for the CPU is refused while there are mappings, and granted after. */
static void who_has_mappings_keeps_the_cpu(struct ktap *t)
{
	struct machine *m = high_machine(t);
	struct kmem_cpu *cpu;
	void *address;

	ASSERT_NOT_NULL(t, m);
	take_many(t, 1);
	address = kmap_local_page(many[0]);
	cpu = this_cpu();
	m->cpu_waiters++;		/* as if someone queued */
	cpu->pending |= CPU_YIELD;
	kmem_interrupt();
	EXPECT_EQ(t, this_cpu(), cpu);
	EXPECT_EQ(t, cpu->pending, 0);
	kunmap_local(address);
	cpu->pending |= CPU_YIELD;
	kmem_interrupt();
	m->cpu_waiters--;
	EXPECT_NULL(t, this_cpu()->machine);
	put_many(1);
	everything_holds(t, m);
}

static void another_machine_is_not_entered_with_mappings(struct ktap *t)
{
	/* On 32 bits the descriptors of 3 GiB are where those of a second machine would be. */
	struct machine *m = machine_for(t, sizeof(long) == 4 ? "mem=1G nr_cpus=2" : HIGH);
	struct machine *other = machine_boot(&(struct machine_config){ .cmdline = "mem=16M vmalloc=8M nr_cpus=1" });
	void *address;

	ASSERT(t, m && other);
	take_many(t, 1);
	address = kmap_local_page(many[0]);
	EXPECT_EQ(t, machine_enter(other), -EBUSY);
	EXPECT_EQ(t, machine_current(), m);
	machine_leave();			/* nor is this one left */
	EXPECT_EQ(t, machine_current(), m);
	kunmap_local(address);
	EXPECT_EQ(t, machine_enter(other), 0);
	machine_leave();
	put_many(1);
	EXPECT_EQ(t, machine_shutdown(other), 0);
	everything_holds(t, m);
}

static void with_checks_an_address_ends_with_its_mapping(struct ktap *t)
{
	struct machine *m = machine_for(t, sizeof(long) == 4 ? "mem=3G kmem.check=1"
							     : "mem=64M highmem=16M kmem.check=1");
	struct page *page;
	char *address;

	ASSERT_NOT_NULL(t, m);
	page = high_page(t);
	address = kmap_local_page(page);
	EXPECT(t, !ktap_faults(t, address, true));
	kunmap_local(address);
	EXPECT(t, ktap_faults(t, address, true));
	__free_page(page);
	everything_holds(t, m);
}

static void one_too_many(struct ktap *t, void *arg)
{
	(void)arg;
	if (machine_enter(machine_boot(&(struct machine_config){ .cmdline = HIGH })))
		return;
	take_many(t, 1);
	for (unsigned int i = 0; i <= KMAP_LOCAL_MAX; i++)
		kmap_local_page(many[0]);
}

static void a_seventeenth_mapping_is_a_bug(struct ktap *t)
{
	struct ktap_child child;

	if (!ktap_child(t, one_too_many, NULL, &child))
		return;
	EXPECT_NE(t, child.signal, 0);
	EXPECT_CONTAINS(t, child.text, "kernel BUG at mm/kmap_local.c");
}

/* Asleep, with its set away, or at work. */
static void end_with_mapping(struct ktap *t, unsigned int i, void *arg)
{
	machine_enter(arg);
	kmap_local_page(many[0]);
	if (i)
		cpu_release();
	(void)t;
}

static void a_thread_that_ends_with_mappings_is_reported(struct ktap *t)
{
	struct machine *m = high_machine(t);

	ASSERT_NOT_NULL(t, m);
	take_many(t, 1);
	if (!ktap_threads(t, 2, end_with_mapping, m))
		return;
	EXPECT_EQ(t, console_count(" exited with 1 kmap_local mappings\n"), 2);
	EXPECT_EQ(t, m->kmap->sets_away, 0);
	put_many(1);
	EXPECT(t, kmem_check(m, NULL));
}

/* Only the forker is in the child: what others had mapped there is spare. */
static void a_child_has_its_forkers_mappings_only(struct ktap *t)
{
	struct machine *m = high_machine(t);
	u32 *address;

	ASSERT_NOT_NULL(t, m);
	take_many(t, 1);
	address = kmap_local_page(many[0]);
	*address = 3;
	for (int sleeps = 0; sleeps < 2; sleeps++) {
		m->kmap->spare_sets[1] &= ~1u;			/* as if another slept with mappings */
		m->kmap->sets_away++;
		if (sleeps)
			cpu_release();
		ASSERT(t, kmem_fork_begin(m));
		kmem_forked(m, true);
		EXPECT_EQ(t, m->kmap->sets_away, sleeps);
		cpu_get();
		everything_holds(t, m);
	}
	EXPECT_EQ(t, *address, 3);
	kunmap_local(address);
	put_many(1);
	everything_holds(t, m);
}

/* ------------------------------------------------------------------------------------------------------ invariants */

static void each_invariant_of_a_set_is_seen_to_break(struct ktap *t)
{
	struct machine *m = high_machine(t);
	struct kmap_state *ks;
	unsigned int set;
	void *address;

	ASSERT_NOT_NULL(t, m);
	ks = m->kmap;
	take_many(t, 1);
	address = kmap_local_page(many[0]);
	set = this_cpu()->kmap_set;
	everything_holds(t, m);
	ks->local[set][0]++;
	expect_broken(t, m, "J4");
	ks->local[set][0]--;
	ks->local[set][1] = many[0];
	expect_broken(t, m, "J4");
	ks->local[set][1] = NULL;
	ks->spare_sets[0] |= 1u << set;
	expect_broken(t, m, "J5");
	ks->spare_sets[0] &= ~(1u << set);
	this_cpu()->kmap_set = KMAP_SETS;
	expect_broken(t, m, "J5");
	this_cpu()->kmap_set = set;
	this_cpu()->kmap_base += PAGE_SIZE;
	expect_broken(t, m, "J5");
	this_cpu()->kmap_base -= PAGE_SIZE;
	this_cpu()->kmap_pages++;
	expect_broken(t, m, "J5");
	this_cpu()->kmap_pages--;
	ks->spare_sets[1] &= ~1u;
	expect_broken(t, m, "J5");
	ks->sets_away++;				/* a task that sleeps with mappings, then */
	expect_broken(t, m, "J6");
	ks->sets_away--;
	ks->spare_sets[1] |= 1;
	kmem_context.kmap_depth += KMAP_LOCAL_MAX;
	expect_broken(t, m, "J6");
	kmem_context.kmap_depth = 1;
	kunmap_local(address);
	put_many(1);
	everything_holds(t, m);
}

static u32 step;

/* Not in one sleep: TSan lets a signal wait for its end. */
static void until(u32 wanted)
{
	for (u32 now; (now = __atomic_load_n(&step, __ATOMIC_ACQUIRE)) < wanted;)
		host_wait(&step, now, 1000000);
}

static void go_on(u32 next)
{
	__atomic_store_n(&step, next, __ATOMIC_RELEASE);
	host_wake(&step, 2);
}

static void map_or_check(struct ktap *t, unsigned int i, void *arg)
{
	struct machine *m = arg;

	machine_enter(m);
	if (i) {
		void *address = kmap_local_page(many[0]);

		go_on(1);
		until(2);
		kunmap_local(address);
	} else {
		until(1);
		expect_broken(t, m, "J6");
		EXPECT(t, kmem_check_live(m, NULL));
		go_on(2);
	}
	machine_leave();
}

/* While others use the machine they may have mappings; at rest, none but the one who looks. */
static void j6_mappings_of_others_are_seen_at_rest(struct ktap *t)
{
	struct machine *m = high_machine(t);

	ASSERT_NOT_NULL(t, m);
	take_many(t, 1);
	step = 0;
	cpu_release();
	if (!ktap_threads(t, 2, map_or_check, m))
		return;
	put_many(1);
	everything_holds(t, m);
}

static void j7_a_cpus_idea_of_low_memory_is_the_machines(struct ktap *t)
{
	struct machine *m = high_machine(t);
	struct kmem_cpu *cpu;

	ASSERT_NOT_NULL(t, m);
	cpu = cpu_get();
	cpu->first_high++;
	expect_broken(t, m, "J7");
	cpu->first_high--;
	cpu->direct_base++;
	expect_broken(t, m, "J7");
	cpu->direct_base--;
	cpu->direct_bytes++;
	expect_broken(t, m, "J7");
	cpu->direct_bytes--;
	everything_holds(t, m);
}

KTAP_SUITE(kmap_local, KTAP_CASE(c47_mappings_nest_sixteen_deep), KTAP_CASE(another_order_is_reported),
	   KTAP_CASE(kmap_atomic_is_atomic), KTAP_CASE(a_task_may_sleep_with_mappings),
	   KTAP_CASE(a_spare_set_comes_empty), KTAP_CASE(without_a_spare_set_the_cpu_is_kept),
	   KTAP_CASE(who_has_mappings_keeps_the_cpu), KTAP_CASE(another_machine_is_not_entered_with_mappings),
	   KTAP_CASE(with_checks_an_address_ends_with_its_mapping), KTAP_CASE(a_seventeenth_mapping_is_a_bug),
	   KTAP_CASE(a_thread_that_ends_with_mappings_is_reported),
	   KTAP_CASE(a_child_has_its_forkers_mappings_only), KTAP_CASE(each_invariant_of_a_set_is_seen_to_break),
	   KTAP_CASE(j6_mappings_of_others_are_seen_at_rest),
	   KTAP_CASE(j7_a_cpus_idea_of_low_memory_is_the_machines));
