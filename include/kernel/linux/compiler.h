/* SPDX-License-Identifier: MIT */
/*
 * linux/compiler.h - branch hints, the compiler barrier, single loads and stores, and annotations
 * that mean something to a kernel's checkers or linker and nothing here.
 */
#ifndef _LINUX_COMPILER_H
#define _LINUX_COMPILER_H

#include <linux/compiler_attributes.h>
#include <kmem/types.h>

#define __inline		inline
#define __kernel
#define __user
#define __iomem
#define __percpu
#define __rcu
#define __safe
#define __private
#define __nocast
#define __init
#define __exit
#define __initdata
#define __initconst
#define __exitdata
#define __meminit
#define __ref
#define __refdata
#define __read_mostly
#define __ro_after_init
#define __latent_entropy
#define __randomize_layout
#define __no_kasan_or_inline	__always_inline
#define notrace
#define noinstr			noinline
#define noinline_for_stack	noinline
#define asmlinkage
#define __visible

/*
 * Locks. sparse counts the locks that a function holds on each of its paths, by the kernel's own names: the first three
 * say what a function does to the count, the last three change it inside one. It does not know which lock is which.
 */
#ifdef __CHECKER__
#define __must_hold(x)		__attribute__((context(x, 1, 1)))
#define __acquires(x)		__attribute__((context(x, 0, 1)))
#define __releases(x)		__attribute__((context(x, 1, 0)))
#define __acquire(x)		({ __context__(x, 1); })
#define __release(x)		({ __context__(x, -1); })
#define __cond_lock(x, c)	((c) ? ({ __acquire(x); true; }) : false)
#else
#define __must_hold(x)
#define __acquires(x)
#define __releases(x)
#define __acquire(x)		((void)0)
#define __release(x)		((void)0)
#define __cond_lock(x, c)	(c)
#endif

/*
 * clang knows which lock is which, and that a caller must hold one; nothing of loops that lock, or of what is locked
 * through a pointer's copy. These serve both: declarations say ACQUIRES(zone->lock) and so on, with the lock itself.
 */
#ifdef __clang__
#define CAPABILITY(name)	__attribute__((capability(name)))
#define MUST_HOLD(...)		__attribute__((requires_capability(__VA_ARGS__)))
#define ACQUIRES(...)		__attribute__((acquire_capability(__VA_ARGS__)))
#define RELEASES(...)		__attribute__((release_capability(__VA_ARGS__)))
/* If it returns true. Callers that sparse sees go through a macro with __cond_lock(). */
#define TRY_ACQUIRES(...)	__attribute__((try_acquire_capability(true, __VA_ARGS__)))
#define NO_LOCK_ANALYSIS	__attribute__((no_thread_safety_analysis))
#else
#define CAPABILITY(name)
#define MUST_HOLD(...)		__must_hold(__VA_ARGS__)
#define ACQUIRES(...)		__acquires(__VA_ARGS__)
#define RELEASES(...)		__releases(__VA_ARGS__)
#define TRY_ACQUIRES(...)
#define NO_LOCK_ANALYSIS
#endif

#define barrier()		__asm__ __volatile__("" : : : "memory")
#define barrier_data(ptr)	__asm__ __volatile__("" : : "r"(ptr) : "memory")
#define OPTIMIZER_HIDE_VAR(v)	__asm__("" : "=r"(v) : "0"(v))
#undef unreachable
#define unreachable()		__builtin_unreachable()
#define RELOC_HIDE(ptr, off)						\
({									\
	unsigned long __hidden = (unsigned long)(ptr);			\
									\
	OPTIMIZER_HIDE_VAR(__hidden);					\
	(__typeof__(ptr))(__hidden + (off));				\
})

#define __same_type(a, b)	__builtin_types_compatible_p(__typeof__(a), __typeof__(b))
#define __is_array(a)		(!__same_type((a), &(a)[0]))
#define __must_be_array(a)	(0 * sizeof(char[__is_array(a) ? 1 : -1]))

/* Exactly one load or store: not torn, merged or invented. Orders nothing. */
#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value)						\
do {									\
	*(volatile __typeof__(x) *)&(x) = (value);			\
} while (0)
#define data_race(expression)	(expression)

#define ___PASTE(a, b)		a##b
#define __PASTE(a, b)		___PASTE(a, b)
#ifndef __UNIQUE_ID
#define __UNIQUE_ID(prefix)	__PASTE(__PASTE(__UNIQUE_ID_, prefix), __COUNTER__)
#endif

#endif
