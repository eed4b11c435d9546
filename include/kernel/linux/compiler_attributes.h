/* SPDX-License-Identifier: MIT */
/*
 * linux/compiler_attributes.h - the kernel's short names for attributes of functions, types and statements.
 */
#ifndef _LINUX_COMPILER_ATTRIBUTES_H
#define _LINUX_COMPILER_ATTRIBUTES_H

#undef __always_inline
#ifdef KMEM_COVERAGE		/* each branch is counted once, not once a call */
#define __always_inline		inline
#else
#define __always_inline		inline __attribute__((__always_inline__))
#endif
#undef noinline
#define noinline		__attribute__((__noinline__))
#define __aligned(x)		__attribute__((__aligned__(x)))
#define __alias(symbol)		__attribute__((__alias__(#symbol)))
#define __assume_aligned(...)	__attribute__((__assume_aligned__(__VA_ARGS__)))
#define __cleanup(func)		__attribute__((__cleanup__(func)))
#define __cold			__attribute__((__cold__))
#define __deprecated
#undef __attribute_const__
#define __attribute_const__	__attribute__((__const__))
#define __flatten		__attribute__((__flatten__))
#define __gnu_inline		__attribute__((__gnu_inline__))
#define __malloc		__attribute__((__malloc__))
#define __mode(x)		__attribute__((__mode__(x)))
#define __noreturn		__attribute__((__noreturn__))
#define __packed		__attribute__((__packed__))
#define __printf(a, b)		__attribute__((__format__(printf, a, b)))
#define __scanf(a, b)		__attribute__((__format__(scanf, a, b)))
#define __pure			__attribute__((__pure__))
#define __section(section)	__attribute__((__section__(section)))
#define __always_unused		__attribute__((__unused__))
#define __maybe_unused		__attribute__((__unused__))
#undef __used
#define __used			__attribute__((__used__))
#define __must_check		__attribute__((__warn_unused_result__))
#define __weak			__attribute__((__weak__))

#if defined(__has_attribute)
#if __has_attribute(__fallthrough__)
#define fallthrough		__attribute__((__fallthrough__))
#endif
#if __has_attribute(__nonstring__)
#define __nonstring		__attribute__((__nonstring__))
#endif
#if __has_attribute(__counted_by__)
#define __counted_by(member)	__attribute__((__counted_by__(member)))
#endif
#if __has_attribute(__copy__)
#define __copy(symbol)		__attribute__((__copy__(symbol)))
#endif
#endif

/* Accesses of the function are no data races, whatever they read: gcc leaves all of it alone, clang needs both. */
#if defined(__has_attribute)
#if __has_attribute(disable_sanitizer_instrumentation)
#define __no_kcsan		__attribute__((no_sanitize("thread"), disable_sanitizer_instrumentation))
#endif
#endif
#ifndef __no_kcsan
#define __no_kcsan		__attribute__((no_sanitize("thread")))
#endif

#ifndef fallthrough
#define fallthrough		do {} while (0)
#endif
#ifndef __nonstring
#define __nonstring
#endif
#ifndef __counted_by
#define __counted_by(member)
#endif
#ifndef __copy
#define __copy(symbol)
#endif

#endif
