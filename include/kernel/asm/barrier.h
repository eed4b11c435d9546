/* SPDX-License-Identifier: MIT */
/* asm/barrier.h - the order in which others see loads and stores. Source: memory-barriers.txt. */
#ifndef _ASM_BARRIER_H
#define _ASM_BARRIER_H

#include <linux/compiler.h>

#define mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define wmb() __atomic_thread_fence(__ATOMIC_RELEASE)
#define smp_mb() mb()
#define smp_rmb() rmb()
#define smp_wmb() wmb()
#define smp_mb__before_atomic() smp_mb()
#define smp_mb__after_atomic() smp_mb()
#define smp_mb__after_spinlock() smp_mb()
#define smp_load_acquire(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, value) __atomic_store_n(p, value, __ATOMIC_RELEASE)
/* Elsewhere what is sequentially consistent is so among its like only: a plain load may pass it. */
#if defined(__x86_64__) || defined(__i386__)
#define __atomic_post_full_fence() ((void)0)
#else
#define __atomic_post_full_fence() smp_mb()
#endif
#define smp_store_mb(variable, value) \
do { \
	__atomic_store_n(&(variable), value, __ATOMIC_SEQ_CST); \
	__atomic_post_full_fence(); \
} while (0)

#endif
