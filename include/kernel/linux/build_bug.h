/* SPDX-License-Identifier: MIT */
/*
 * linux/build_bug.h - conditions that stop the build.
 */
#ifndef _LINUX_BUILD_BUG_H
#define _LINUX_BUILD_BUG_H

#undef static_assert
#define static_assert(condition, ...)	__static_assert(condition, ##__VA_ARGS__, #condition)
#define __static_assert(condition, message, ...) _Static_assert(condition, message)

/* 0 of type size_t, inside an expression; no build if @condition holds or is not constant. */
#define BUILD_BUG_ON_ZERO(condition)	(sizeof(struct { int : (-!!(condition)); }))
#define BUILD_BUG_ON_NOT_POWER_OF_2(n)	BUILD_BUG_ON((n) == 0 || (((n) & ((n) - 1)) != 0))
#define BUILD_BUG_ON_INVALID(expression) ((void)sizeof((long)(expression)))

/* @condition may need the optimizer to become constant; if it holds in code that remains, the build stops. */
#define BUILD_BUG_ON_MSG(condition, message)					\
	__build_bug_if(!(condition), message, __COUNTER__)
#define BUILD_BUG_ON(condition)	BUILD_BUG_ON_MSG(condition, "BUILD_BUG_ON failed: " #condition)
#define BUILD_BUG()		BUILD_BUG_ON_MSG(1, "BUILD_BUG failed")

#ifdef __OPTIMIZE__
#define __build_bug_if(holds, message, counter)	__build_bug_name(holds, message, counter)
#define __build_bug_name(holds, message, counter)				\
do {										\
	__attribute__((__noreturn__, __error__(message)))			\
	extern void __build_bug_##counter(void);				\
										\
	if (!(holds))								\
		__build_bug_##counter();					\
} while (0)
#else
#define __build_bug_if(holds, message, counter)	((void)sizeof(!(holds)))
#endif
#define compiletime_assert(condition, message) __build_bug_if(condition, message, __COUNTER__)

#endif
