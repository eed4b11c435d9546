/* SPDX-License-Identifier: MIT */
/*
 * linux/minmax.h - the lesser, the greater, and what lies between.
 *
 * Arguments are evaluated once; constants give a constant. A signed and an unsigned variable do not
 * compile together: say the type with min_t().
 */
#ifndef _LINUX_MINMAX_H
#define _LINUX_MINMAX_H

#include <linux/build_bug.h>
#include <linux/const.h>
#include <linux/types.h>

#define __minmax_pointer_class	5
/* The promoted type of a number, int for a pointer: a type whose sign can be asked for. */
#define __minmax_type(x) \
	__typeof__(__builtin_choose_expr(__builtin_classify_type(x) == __minmax_pointer_class, 0, (x) + 0))
#define __minmax_signed(x)	((__minmax_type(x))-1 < (__minmax_type(x))1)
#ifdef __CHECKER__	/* sparse has no __builtin_classify_type */
#define __minmax_agree(x, y)	true
#else
#define __minmax_agree(x, y) \
	(__minmax_signed(x) == __minmax_signed(y) || __is_constexpr(x) || __is_constexpr(y))
#endif

#define __minmax_constant(x, op, y)	((x) op (y) ? (x) : (y))
#define __minmax_once(x, op, y)							\
({										\
	__typeof__(1 ? (x) : (y)) __first = (x), __second = (y);		\
										\
	_Static_assert(__minmax_agree(x, y), "signed and unsigned in min() or max()"); \
	__first op __second ? __first : __second;				\
})
#define __minmax(x, op, y)							\
	__builtin_choose_expr(__is_constexpr((x) op (y)),			\
			      __minmax_constant(x, op, y), __minmax_once(x, op, y))

#define min(x, y)		__minmax(x, <, y)
#define max(x, y)		__minmax(x, >, y)
#define min3(x, y, z)		min(min(x, y), z)
#define max3(x, y, z)		max(max(x, y), z)
#define min_t(type, x, y)	__minmax((type)(x), <, (type)(y))
#define max_t(type, x, y)	__minmax((type)(x), >, (type)(y))
#define umin(x, y)		min_t(u64, x, y)
#define umax(x, y)		max_t(u64, x, y)
#define MIN(a, b)		__minmax_constant(a, <, b)
#define MAX(a, b)		__minmax_constant(a, >, b)

/* The lesser of those that are not 0. */
#define min_not_zero(x, y)							\
({										\
	__typeof__(x) __nonzero_x = (x);					\
	__typeof__(y) __nonzero_y = (y);					\
										\
	__nonzero_x == 0 ? __nonzero_y :					\
	__nonzero_y == 0 ? __nonzero_x : min(__nonzero_x, __nonzero_y);		\
})

#define clamp(value, lo, hi)		min(max(value, lo), hi)
#define clamp_t(type, value, lo, hi)	min_t(type, max_t(type, value, lo), hi)
#define clamp_val(value, lo, hi)	clamp_t(__typeof__(value), value, lo, hi)

/* Is @value one of the @length numbers from @start on? They may wrap. */
static inline bool __in_range32(u32 value, u32 start, u32 length)
{
	return value - start < length;
}

static inline bool __in_range64(u64 value, u64 start, u64 length)
{
	return value - start < length;
}

#define in_range(value, start, length)						\
	((sizeof(value) | sizeof(start) | sizeof(length)) <= sizeof(u32) ?	\
	 __in_range32(value, start, length) : __in_range64(value, start, length))

#define swap(a, b)								\
do {										\
	__typeof__(a) __swapped = (a);						\
										\
	(a) = (b);								\
	(b) = __swapped;							\
} while (0)

#endif
