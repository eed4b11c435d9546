/* SPDX-License-Identifier: MIT */
/*
 * access.c - what compiled code calls before it reads or writes, and instead of each atomic operation.
 *
 *	*p = 1;				__tsan_write4(p);  *p = 1;
 *	__atomic_store_n(p, 1, o);	__tsan_atomic32_store(p, 1, o);
 *
 * The names and their meaning are ThreadSanitizer's, as gcc and clang emit them for -fsanitize=thread. A switch comes
 * first, then what makes the access good, so that nothing lies between that and the access.
 *
 * Only memory of a machine is looked at: struct machine, frames, descriptors, the vmalloc window. What was found of a
 * page is remembered (hot[]) until its contents move or its machine goes; the window is walked to each time.
 */
#include <errno.h>
#include "host/sim/sim.h"

#define PC __builtin_return_address(0)

static _Noreturn void bad_access(unsigned long address, bool write, const void *pc, const char *what)
{
	char name[160];

	world_end(SIM_FAULT, "%s: %s at 0x%lx by %s", what, write ? "write" : "read", address,
		  host_symbol(name, sizeof(name), (unsigned long)pc));
}

#define HOT_PAGES 1024u

static unsigned long hot[2][HOT_PAGES];		/* pages that may be read, and that may be written, just so */

static inline bool is_hot(unsigned long page, bool write)
{
	return hot[write][page % HOT_PAGES] == page;
}

void hot_forget_all(void)
{
	raw_clear(hot, sizeof(hot));
}

void hot_forget(unsigned long address)
{
	unsigned long page = address >> PAGE_SHIFT;

	for (int write = 0; write < 2; write++)
		if (is_hot(page, write))
			hot[write][page % HOT_PAGES] = 0;
}

/* Within one page. */
static void access_page(unsigned long address, size_t bytes, unsigned int how, const void *pc)
{
	unsigned long frame = address;
	bool write = how & ACCESS_WRITE;
	struct sim_machine *sm;

	if (is_hot(address >> PAGE_SHIFT, write)) {
		if (races_are_looked_for())
			race_access(address, bytes, how, pc);
		return;
	}
	if (address >= VMALLOC_BASE) {
		frame = mmu_translate(address, write, pc);
	} else if (address >= VMEMMAP_BASE) {
		sm = machine_of_descriptor(address);
		if (!sm || address + bytes > sm->descriptors + sm->descriptor_bytes)
			bad_access(address, write, pc, "no descriptor of a machine");
	} else if (address >= DIRECT_BASE) {
		sm = machine_of_direct(address);
		if (!sm || address - sm->direct_base >= sm->low_bytes)
			bad_access(address, write, pc, "no frame with a logical address");
		mmu_bring_home(address);
	} else if (!sim_machine_of((struct machine *)address)->world) {
		bad_access(address, write, pc, "no machine");
	}
	if (write && !(*page_state_of(address) & PAGE_DIRTY))
		arena_dirty(address);
	if (frame == address)
		hot[write][(address >> PAGE_SHIFT) % HOT_PAGES] = address >> PAGE_SHIFT;
	if (races_are_looked_for())
		race_access(frame, bytes, how, pc);
}

void arena_access(unsigned long address, size_t bytes, unsigned int how, const void *pc)
{
	if (unlikely(lines_are_counted))
		lines_access(address, bytes, how & ACCESS_WRITE, pc);
	while (bytes) {
		size_t here = PAGE_SIZE - (address & ~PAGE_MASK);

		here = here < bytes ? here : bytes;
		access_page(address, here, how, pc);
		address += here;
		bytes -= here;
	}
}

/* Most accesses are to one page that is hot. */
static inline void access_one(unsigned long address, size_t bytes, unsigned int how, const void *pc)
{
	bool crosses = (address & ~PAGE_MASK) + bytes > PAGE_SIZE;

	if (unlikely(crosses || lines_are_counted || !is_hot(address >> PAGE_SHIFT, how & ACCESS_WRITE)))
		arena_access(address, bytes, how, pc);
	else if (races_are_looked_for())
		race_access(address, bytes, how, pc);
}

/* Of the CPU that the current task leases: what it keeps to itself, without a lock. */
static inline bool is_own_cpu(const volatile void *address)
{
	return (unsigned long)address - (unsigned long)sim_current->context.cpu < KMEM_CPU_BYTES;
}

static inline void plain(const volatile void *address, size_t bytes, bool write, const void *pc)
{
	if ((unsigned long)address - SIM_BASE >= SIM_SPAN)
		return;
	if (is_own_cpu(address))
		sim_point(POINT_CPU, pc);
	else if (unlikely(sim_world->options.every_access))
		sim_point(POINT_ACCESS, pc);
	access_one((unsigned long)address, bytes, write, pc);
}

/* The functions that compiled code calls are declared nowhere else. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

void __tsan_init(void)
{
}

#define PLAIN(name, bytes)                                                                                             \
	void __tsan_read##name(const void *a)                                                                          \
	{                                                                                                              \
		plain(a, bytes, false, PC);                                                                            \
	}                                                                                                              \
	void __tsan_write##name(void *a)                                                                               \
	{                                                                                                              \
		plain(a, bytes, true, PC);                                                                             \
	}
#define SIZES(macro) macro(1, 1) macro(2, 2) macro(4, 4) macro(8, 8) macro(16, 16)
#define UNALIGNED(size, bytes) PLAIN_AS(__tsan_unaligned_, size, bytes)
#define PLAIN_AS(prefix, size, bytes)                                                                                  \
	void prefix##read##size(const void *a)                                                                         \
	{                                                                                                              \
		plain(a, bytes, false, PC);                                                                            \
	}                                                                                                              \
	void prefix##write##size(void *a)                                                                              \
	{                                                                                                              \
		plain(a, bytes, true, PC);                                                                             \
	}
SIZES(PLAIN)
SIZES(UNALIGNED)

void __tsan_read_range(const void *a, unsigned long bytes)
{
	plain(a, bytes, false, PC);
}

void __tsan_write_range(void *a, unsigned long bytes)
{
	plain(a, bytes, true, PC);
}

/* ------------------------------------------------------------------------------------------- volatile, and atomics */

static inline void single(const volatile void *address, size_t bytes, bool write, const void *pc)
{
	sim_point(POINT_ATOMIC, pc);
	if ((unsigned long)address - SIM_BASE < SIM_SPAN)
		access_one((unsigned long)address, bytes, ACCESS_ATOMIC | write, pc);
}

/* READ_ONCE() and WRITE_ONCE(): single, ordering nothing. */
#define VOLATILE(size, bytes)                                                                                          \
	VOLATILE_AS(__tsan_volatile_, size, bytes)                                                                     \
	VOLATILE_AS(__tsan_unaligned_volatile_, size, bytes)
#define VOLATILE_AS(prefix, size, bytes)                                                                               \
	void prefix##read##size(const volatile void *a)                                                                \
	{                                                                                                              \
		single(a, bytes, false, PC);                                                                           \
	}                                                                                                              \
	void prefix##write##size(volatile void *a)                                                                     \
	{                                                                                                              \
		single(a, bytes, true, PC);                                                                            \
	}
SIZES(VOLATILE)

static inline bool acquires(int order)
{
	return order != __ATOMIC_RELAXED && order != __ATOMIC_RELEASE;
}

static inline bool releases(int order)
{
	return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

/* What a read-modify-write orders, before it is done. */
static inline void orders(const volatile void *address, int order)
{
	if (acquires(order))
		race_acquire(address);
	if (releases(order))
		race_release(address);
}

static inline void read_modify_write(volatile void *address, size_t bytes, int order, const void *pc)
{
	single(address, bytes, true, pc);
	orders(address, order);
}

#define FETCH(bits, name, operation)                                                                                   \
	u##bits __tsan_atomic##bits##_##name(volatile u##bits *a, u##bits value, int order)                      \
	{                                                                                                              \
		u##bits old;                                                                                           \
		read_modify_write(a, bits / 8, order, PC);                                                             \
		old = *a;                                                                                              \
		*a = (u##bits)(operation);                                                                             \
		return old;                                                                                            \
	}

/* A failed exchange is a load. */
#define EXCHANGE_IF(bits, kind)                                                                                        \
	int __tsan_atomic##bits##_compare_exchange_##kind(volatile u##bits *a, u##bits *expected, u##bits value,       \
							  int order, int fail_order)                                   \
	{                                                                                                              \
		u##bits old;                                                                                           \
		single(a, bits / 8, true, PC);                                                                         \
		old = *a;                                                                                              \
		if (old != *expected) {                                                                                \
			if (acquires(fail_order))                                                                      \
				race_acquire(a);                                                                       \
			*expected = old;                                                                               \
			return 0;                                                                                      \
		}                                                                                                      \
		orders(a, order);                                                                                      \
		*a = value;                                                                                            \
		return 1;                                                                                              \
	}

#define ATOMICS(bits)                                                                                                  \
	u##bits __tsan_atomic##bits##_load(const volatile u##bits *a, int order)                                       \
	{                                                                                                              \
		single(a, bits / 8, false, PC);                                                                        \
		if (acquires(order))                                                                                   \
			race_acquire(a);                                                                               \
		return *a;                                                                                             \
	}                                                                                                              \
	void __tsan_atomic##bits##_store(volatile u##bits *a, u##bits value, int order)                                \
	{                                                                                                              \
		single(a, bits / 8, true, PC);                                                                         \
		race_publish(a, releases(order));                                                                      \
		*a = value;                                                                                            \
	}                                                                                                              \
	FETCH(bits, exchange, value)                                                                                   \
	FETCH(bits, fetch_add, old + value)                                                                            \
	FETCH(bits, fetch_sub, old - value)                                                                            \
	FETCH(bits, fetch_and, old & value)                                                                            \
	FETCH(bits, fetch_or, old | value)                                                                             \
	FETCH(bits, fetch_xor, old ^ value)                                                                            \
	FETCH(bits, fetch_nand, ~(old & value))                                                                        \
	EXCHANGE_IF(bits, strong)                                                                                      \
	EXCHANGE_IF(bits, weak)                                                                                        \
	u##bits __tsan_atomic##bits##_compare_exchange_val(volatile u##bits *a, u##bits expected, u##bits value,       \
							   int order, int fail_order)                                  \
	{                                                                                                              \
		__tsan_atomic##bits##_compare_exchange_strong(a, &expected, value, order, fail_order);                 \
		return expected;                                                                                       \
	}

ATOMICS(8)
ATOMICS(16)
ATOMICS(32)
ATOMICS(64)

void __tsan_atomic_thread_fence(int order)
{
	static const u32 everything;	/* one place that every fence reads and writes */

	sim_point(POINT_ATOMIC, PC);
	if (acquires(order))
		race_acquire(&everything);
	if (releases(order))
		race_release(&everything);
}

void __tsan_atomic_signal_fence(int order)
{
	(void)order;
}
