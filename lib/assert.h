/* SPDX-License-Identifier: MIT */
/*
 * assert.h - the core's own truths. A false one is a bug of kmem, never of its caller and never a lack of memory.
 * Levels: assert() always; assert_dear() where KMEM_CHECK is 1 or more (debug builds).
 */
#ifndef LIB_ASSERT_H
#define LIB_ASSERT_H

#include <linux/bug.h>

#ifndef KMEM_CHECK
#define KMEM_CHECK 0
#endif

#define assert(condition) BUG_ON(!(condition))
#define assert_dear(condition) \
	do { \
		if (KMEM_CHECK) \
			BUG_ON(!(condition)); \
	} while (0)

#endif
