/* SPDX-License-Identifier: MIT */
/* test_percpu.c - memory of which each CPU has its own. */
#include <linux/percpu.h>
#include "mm/percpu.h"
#include "tests/slab_machine.h"

#define MANY (PERCPU_SLOTS + 100)

struct pair {
	u64 a, b;
};

static void each_cpu_has_its_own_zeroed(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=4");
	struct pair *pairs;
	u64 sum = 0;
	int cpu;

	ASSERT_NOT_NULL(t, m);
	for (int round = 0; round < 3; round++) {
		pairs = alloc_percpu(struct pair);
		ASSERT_NOT_NULL(t, pairs);
		for_each_possible_cpu(cpu) {
			EXPECT(t, bytes_are_all(per_cpu_ptr(pairs, cpu), 0, sizeof(*pairs)));
			per_cpu_ptr(pairs, cpu)->a = (u64)cpu + 1;
			per_cpu_ptr(pairs, cpu)->b = ~0ull;
		}
		sum = 0;
		for_each_possible_cpu(cpu) sum += per_cpu_ptr(pairs, cpu)->a;
		EXPECT_EQ(t, sum, 10);
		free_percpu(pairs);
	}
	free_percpu(NULL);
	machine_holds(t, m);
}

static void this_cpus_own(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=2");
	unsigned long *count;

	ASSERT_NOT_NULL(t, m);
	count = alloc_percpu(unsigned long);
	ASSERT_NOT_NULL(t, count);
	this_cpu_inc(*count);
	this_cpu_add(*count, 5);
	this_cpu_sub(*count, 2);
	this_cpu_dec(*count);
	EXPECT_EQ(t, this_cpu_inc_return(*count), 4);
	EXPECT_EQ(t, this_cpu_read(*count), 4);
	EXPECT_EQ(t, *get_cpu_ptr(count), 4);
	EXPECT(t, in_atomic());
	put_cpu_ptr(count);
	this_cpu_write(*count, 9);
	EXPECT_EQ(t, *per_cpu_ptr(count, 0) + *per_cpu_ptr(count, 1), 9);
	free_percpu(count);
}

static void sizes_and_alignments(struct ktap *t)
{
	static const struct {
		size_t size, align;
	} asked[] = { { 1, 1 }, { 8, 8 }, { 9, 4 }, { 24, 64 }, { 100, 16 }, { 4096, 4096 },
		    { 1, 4096 }, { 3000, 256 } };
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=3");
	char *got[ARRAY_SIZE(asked)];

	ASSERT_NOT_NULL(t, m);
	for (unsigned int i = 0; i < ARRAY_SIZE(asked); i++) {
		got[i] = __alloc_percpu(asked[i].size, asked[i].align);
		ASSERT_NOT_NULL(t, got[i]);
		for (unsigned int cpu = 0; cpu < 3; cpu++) {
			EXPECT(t, IS_ALIGNED((unsigned long)per_cpu_ptr(got[i], cpu), asked[i].align));
			memset(per_cpu_ptr(got[i], cpu), (int)i + 1, asked[i].size);
		}
	}
	machine_holds(t, m);
	for (unsigned int i = 0; i < ARRAY_SIZE(asked); i++) {
		for (unsigned int cpu = 0; cpu < 3; cpu++)
			EXPECT(t, bytes_are_all(per_cpu_ptr(got[i], cpu), (unsigned char)(i + 1), asked[i].size));
		free_percpu(got[i]);
	}
	machine_holds(t, m);
	EXPECT(t, !__alloc_percpu(0, 8) && !__alloc_percpu(8, 0) && !__alloc_percpu(8, 24));
	EXPECT(t, !__alloc_percpu(PERCPU_UNIT + 1, 8) && !__alloc_percpu(8, 2 * PAGE_SIZE));
	EXPECT_EQ(t, console_count("WARNING:"), 5);
	EXPECT_CONTAINS(t, console_text(), "\nillegal size (8) or align (24) for percpu allocation\nWARNING: CPU: ");
	EXPECT(t, !__alloc_percpu_gfp(8, 24, GFP_KERNEL | __GFP_NOWARN));
	EXPECT_EQ(t, console_count("illegal size"), 5);
	got[0] = __alloc_percpu(PERCPU_UNIT, PAGE_SIZE);
	EXPECT_NOT_NULL(t, got[0]);
	free_percpu(got[0]);
}

static void chunks_come_and_go(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=2");
	unsigned long bytes = 2 * PERCPU_UNIT;
	void **got = vmalloc_array(MANY, sizeof(*got));

	ASSERT(t, m && got);
	EXPECT_EQ(t, percpu_bytes(m), 0);
	EXPECT_NULL(t, __alloc_percpu_gfp(8, 8, GFP_ATOMIC));	/* it may not make one */
	for (unsigned int i = 0; i < MANY; i++)
		ASSERT_NOT_NULL(t, got[i] = __alloc_percpu(8, 8));
	EXPECT_EQ(t, percpu_bytes(m), 2 * bytes);
	machine_holds(t, m);
	for (unsigned int i = 1; i < MANY; i += 2)
		free_percpu(got[i]);
	machine_holds(t, m);
	got[1] = __alloc_percpu_gfp(8, 8, GFP_ATOMIC);
	EXPECT_NOT_NULL(t, got[1]);
	EXPECT_NULL(t, __alloc_percpu_gfp(PERCPU_UNIT, 8, GFP_ATOMIC));
	EXPECT_NULL(t, __alloc_percpu_gfp((PERCPU_SLOTS - 60) * PERCPU_SLOT, 8, GFP_ATOMIC));	/* not side by side */
	for (unsigned int i = 3; i < MANY; i += 2)
		got[i] = NULL;
	for (unsigned int i = 0; i < MANY; i++)
		free_percpu(got[i]);
	EXPECT_EQ(t, percpu_bytes(m), bytes);
	machine_release_memory(m);
	EXPECT_EQ(t, percpu_bytes(m), 0);
	machine_holds(t, m);
	vfree(got);
}

static void the_lowest_free_slot_is_taken(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=2");
	char *slots[3], *next;

	ASSERT_NOT_NULL(t, m);
	for (unsigned int i = 0; i < 3; i++)
		ASSERT_NOT_NULL(t, slots[i] = __alloc_percpu(PERCPU_SLOT, 8));
	free_percpu(slots[0]);
	EXPECT_EQ(t, __alloc_percpu(PERCPU_SLOT, 8), slots[0]);
	next = __alloc_percpu(PERCPU_SLOT, 8);
	EXPECT_EQ(t, next, slots[2] + PERCPU_SLOT);
	machine_release_memory(m);	/* not what is in use */
	*(u64 *)per_cpu_ptr(slots[1], 1) = 1;
	free_percpu(next);
	for (unsigned int i = 0; i < 3; i++)
		free_percpu(slots[i]);
	machine_holds(t, m);
}

/* Ten times a machine; who may not sleep expects to get none now and then. */
static void a_failure_is_reported_in_the_kernels_words(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=1 kmem.idle_release=off");
	static struct page *held[16384];
	unsigned int nr = 0;

	ASSERT_NOT_NULL(t, m);
	while (nr < ARRAY_SIZE(held) && (held[nr] = alloc_page(GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY)))
		nr++;
	console_clear();
	EXPECT_NULL(t, __alloc_percpu_gfp(PERCPU_UNIT - 64, 16, GFP_KERNEL | __GFP_NOWARN));
	EXPECT_NULL(t, __alloc_percpu_gfp(PERCPU_UNIT - 64, 16, GFP_NOWAIT));
	EXPECT_EQ(t, console_count("percpu: "), 0);
	EXPECT_NULL(t, __alloc_percpu(PERCPU_UNIT - 64, 16));
	EXPECT_CONTAINS(t, console_text(), "\npercpu: allocation failed, size=32704 align=16 atomic=0, "
					   "failed to allocate new chunk\nCPU: ");
	for (int i = 0; i < 12; i++) {
		EXPECT_EQ(t, console_count("percpu: limit reached, disable warning\n"), i >= 9);
		EXPECT_NULL(t, __alloc_percpu(PERCPU_UNIT - 64, 16));
	}
	EXPECT_EQ(t, console_count("percpu: allocation failed, "), 10);
	while (nr)
		__free_page(held[--nr]);
}

static void bad_frees_are_refused(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=1");
	char *p, *q;

	ASSERT_NOT_NULL(t, m);
	p = __alloc_percpu(24, 8);
	q = __alloc_percpu(8, 8);
	ASSERT(t, p && q);
	free_percpu(p + 8);
	free_percpu(q + 8);
	free_percpu(q + 1);
	EXPECT_EQ(t, console_count("is not the start of a per-CPU allocation"), 3);
	free_percpu(p);
	free_percpu(p);
	free_percpu(&p);
	EXPECT_EQ(t, console_count("is not the start of a per-CPU allocation"), 5);
	free_percpu(q);
	machine_holds(t, m);
}

static void what_is_not_freed_is_a_leak(struct ktap *t)
{
	struct machine_config config = { .cmdline = "mem=64M nr_cpus=2", .console = console_keep };
	struct machine *m = machine_boot(&config);
	struct machine_leaks leaks;

	ASSERT_NOT_NULL(t, m);
	console_clear();
	machine_enter(m);
	EXPECT(t, __alloc_percpu(8, 8) && __alloc_percpu(100, 8));
	machine_leave();
	EXPECT_EQ(t, machine_shutdown_leaks(m, &leaks), 1);
	EXPECT_EQ(t, leaks.percpu, 2);
	EXPECT_CONTAINS(t, console_text(), "2 per-CPU allocations not freed");
}

static void breaks(struct ktap *t, struct machine *m, unsigned int *number, unsigned int wrong, const char *id)
{
	unsigned int right = *number;
	struct kmem_fault fault = { 0 };

	*number = wrong;
	EXPECT(t, !kmem_check(m, &fault));
	EXPECT_STR(t, fault.id, id);
	*number = right;
}

static void the_check_finds_what_is_broken(struct ktap *t)
{
	struct machine *m = slab_machine(t, "mem=64M nr_cpus=1");
	struct percpu_chunk *chunk;
	struct kmem_fault fault = { 0 };
	void *p, *full;

	ASSERT_NOT_NULL(t, m);
	p = __alloc_percpu(16, 8);
	full = __alloc_percpu(PERCPU_UNIT, 8);	/* of a chunk more, which is looked at too */
	ASSERT(t, p && full);
	chunk = list_first_entry(&m->percpu_chunks, struct percpu_chunk, list);
	breaks(t, m, &chunk->nr_live, 2, "N1");
	breaks(t, m, &chunk->first, 3, "N2");
	breaks(t, m, &chunk->nr_free, 1, "N3");
	__set_bit(7, chunk->ends);
	EXPECT(t, !kmem_check(m, &fault));
	EXPECT_STR(t, fault.id, "N1");
	__clear_bit(7, chunk->ends);
	machine_holds(t, m);
	free_percpu(full);
	free_percpu(p);
}

KTAP_SUITE(percpu, KTAP_CASE(each_cpu_has_its_own_zeroed), KTAP_CASE(this_cpus_own), KTAP_CASE(sizes_and_alignments),
	   KTAP_CASE(chunks_come_and_go), KTAP_CASE(the_lowest_free_slot_is_taken),
	   KTAP_CASE(a_failure_is_reported_in_the_kernels_words), KTAP_CASE(bad_frees_are_refused),
	   KTAP_CASE(what_is_not_freed_is_a_leak), KTAP_CASE(the_check_finds_what_is_broken));
