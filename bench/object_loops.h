/* SPDX-License-Identifier: MIT */
/*
 * object_loops.h - the inner loops of the object lines.
 *
 * Each is inlined with the two calls that it is given. Given pointers, it calls through two registers: the same cheap
 * path, whoever is called. Given inline functions that do nothing, it is the harness alone ("null"). Every object is
 * written to once, as any program would.
 */
#ifndef BENCH_OBJECT_LOOPS_H
#define BENCH_OBJECT_LOOPS_H

#include "bench/bench.h"

#define LOOP static inline __attribute__((always_inline)) void
#define BATCH 256u
#define RING 4096u
#define RING_STEP 32u

/* Use the object, and let the compiler know nothing about it. */
static inline __attribute__((always_inline)) void touch(void *object)
{
	*(volatile char *)object = 1;
}

/* Stop the compiler from pairing malloc with free and dropping both. */
static inline __attribute__((always_inline)) void *opaque(void *object)
{
	__asm__ volatile("" : "+r"(object));
	return object;
}

/* Where a loop lies in its line is up to a tenth of a pair's time, and would change with every edit elsewhere. */
#define AT_A_LINE() __asm__ volatile(".p2align 6")

LOOP loop_pair(alloc_fn alloc, free_fn release, size_t a, size_t b, unsigned long n)
{
	AT_A_LINE();
	while (n--) {
		void *object = alloc(a, b);

		touch(object);
		release(object);
	}
}

/* Allocate a batch, then free it in the order that @order says: a permutation of 0..BATCH-1. */
LOOP loop_batch(alloc_fn alloc, free_fn release, size_t a, size_t b, const uint32_t *order, void **objects,
		unsigned long n)
{
	AT_A_LINE();
	for (; n >= BATCH; n -= BATCH) {
		for (unsigned int i = 0; i < BATCH; i++) {
			objects[i] = alloc(a, b);
			touch(objects[i]);
		}
		for (unsigned int i = 0; i < BATCH; i++)
			release(objects[order[i]]);
	}
}

LOOP loop_batch_lifo(alloc_fn alloc, free_fn release, size_t a, size_t b, void **objects, unsigned long n)
{
	AT_A_LINE();
	for (; n >= BATCH; n -= BATCH) {
		for (unsigned int i = 0; i < BATCH; i++) {
			objects[i] = alloc(a, b);
			touch(objects[i]);
		}
		for (unsigned int i = BATCH; i-- > 0;)
			release(objects[i]);
	}
}

/* 8..8192, each as likely. */
static inline size_t uniform_size(uint64_t random)
{
	return 8 + ((random >> 32) * 8185 >> 32);
}

/* 8..8191, each power of two as likely: mostly small, as programs are. */
static inline size_t log_size(uint64_t random)
{
	unsigned int power = 3 + (unsigned int)((random >> 56) * 10 >> 8);

	return (1ul << power) + (random >> 36 & ((1ul << power) - 1));
}

/* Replace one of @live objects, picked at random, @n times. */
LOOP loop_replace(alloc_fn alloc, free_fn release, size_t (*size)(uint64_t), size_t b, void **objects, size_t live,
		  uint64_t *seed, unsigned long n)
{
	uint64_t random = *seed;

	AT_A_LINE();
	while (n--) {
		void **slot = &objects[random_below(next_random(&random), live)];

		release(*slot);
		*slot = alloc(size(random), b);
		touch(*slot);
	}
	*seed = random;
}

/*
 * One producer, one consumer. Each knows the other's index from when it last had to look, and publishes its own every
 * RING_STEP, so that the ring costs little beside what it carries.
 */
struct ring {
	_Alignas(128) unsigned long pushed;
	_Alignas(128) unsigned long popped;
	_Alignas(128) void *slot[RING];
};

static inline unsigned long ring_wait_until_not(const unsigned long *index, unsigned long value)
{
	unsigned long seen;

	while ((seen = __atomic_load_n(index, __ATOMIC_ACQUIRE)) == value)
		__builtin_ia32_pause();
	return seen;
}

LOOP loop_produce(alloc_fn alloc, size_t a, size_t b, struct ring *ring, unsigned long n)
{
	unsigned long pushed = ring->pushed, popped = pushed;

	AT_A_LINE();
	while (n--) {
		if (pushed - popped == RING)
			popped = ring_wait_until_not(&ring->popped, pushed - RING);
		void *object = alloc(a, b);

		touch(object);
		ring->slot[pushed++ % RING] = object;
		if (pushed % RING_STEP == 0)
			__atomic_store_n(&ring->pushed, pushed, __ATOMIC_RELEASE);
	}
}

LOOP loop_consume(free_fn release, struct ring *ring, unsigned long n)
{
	unsigned long popped = ring->popped, pushed = popped;

	AT_A_LINE();
	while (n--) {
		if (popped == pushed)
			pushed = ring_wait_until_not(&ring->pushed, popped);
		release(ring->slot[popped++ % RING]);
		if (popped % RING_STEP == 0)
			__atomic_store_n(&ring->popped, popped, __ATOMIC_RELEASE);
	}
}

#endif
