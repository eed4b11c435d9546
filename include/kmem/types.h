/* SPDX-License-Identifier: MIT */
/*
 * types.h - the kernel's basic types, safe beside libc.
 *
 * Only freestanding headers of the compiler are included, so that every other header of
 * include/kmem/ can stand alone in any program.
 */
#ifndef KMEM_TYPES_H
#define KMEM_TYPES_H

#ifdef __has_include
#if __has_include(<kmem/config.h>)
#include <kmem/config.h>	/* of an installed library: the host that it is for */
#endif
#endif
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef long long s64;

#ifdef __CHECKER__
#define __bitwise __attribute__((bitwise))
#define __force __attribute__((force))
#define __builtin_assume_aligned(pointer, bytes) (pointer)	/* which the checker does not know */
#else
#define __bitwise
#define __force
#endif

typedef unsigned int __bitwise gfp_t;		/* what an allocation may do, and where: gfp.h */
typedef unsigned int __bitwise slab_flags_t;
typedef unsigned long pfn_t;			/* page frame number: physical address / PAGE_SIZE */
#if defined(__i386__)
typedef u64 phys_addr_t;			/* PAE: 36 bits and more */
#else
typedef unsigned long phys_addr_t;
#endif

struct list_head {
	struct list_head *next, *prev;
};

struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct hlist_head {
	struct hlist_node *first;
};

/* Storage of a deferred call; callback_head is the kernel's other name for it. */
struct callback_head {
	struct callback_head *next;
	void (*func)(struct callback_head *head);
};
#define rcu_head callback_head

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	long counter;
} atomic_long_t;

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF(string, first) __attribute__((format(printf, string, first)))
#define KMEM_MALLOC __attribute__((malloc))

#ifndef likely
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#endif

#endif
