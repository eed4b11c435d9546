/* SPDX-License-Identifier: MIT */
/*
 * linux/overflow.h - arithmetic that says when it does not fit.
 *
 * check_*: true if the true result does not fit into *@d, which gets the wrapped one.
 * size_*, *_size: SIZE_MAX if the true result does not fit; no allocation of that size succeeds.
 * Source: process/deprecated.rst, core-api/kernel-api.rst
 */
#ifndef _LINUX_OVERFLOW_H
#define _LINUX_OVERFLOW_H

#include <linux/compiler.h>
#include <linux/limits.h>
#include <linux/types.h>

static inline bool __must_check __must_check_overflow(bool overflow)
{
	return unlikely(overflow);
}

#define check_add_overflow(a, b, d)	__must_check_overflow(__builtin_add_overflow(a, b, d))
#define check_sub_overflow(a, b, d)	__must_check_overflow(__builtin_sub_overflow(a, b, d))
#define check_mul_overflow(a, b, d)	__must_check_overflow(__builtin_mul_overflow(a, b, d))

#define is_signed_type(type)	(((type)(-1)) < (type)1)
#define type_max(x)		((__typeof__(x))__type_max(__typeof__(x)))
#define __type_half(type)	((type)1 << (8 * sizeof(type) - 1 - is_signed_type(type)))
#define __type_max(type)	((type)((__type_half(type) - 1) + __type_half(type)))
#define type_min(x)		((__typeof__(x))((__typeof__(x))-type_max(x) - (__typeof__(x))1))

#define overflows_type(n, T)							\
({										\
	__typeof__(T) __room;							\
										\
	__builtin_add_overflow((n), 0, &__room);				\
})

#define wrapping_add(type, a, b)						\
({										\
	type __sum;								\
										\
	(void)__builtin_add_overflow(a, b, &__sum);				\
	__sum;									\
})
#define wrapping_sub(type, a, b)						\
({										\
	type __difference;							\
										\
	(void)__builtin_sub_overflow(a, b, &__difference);			\
	__difference;								\
})
#define wrapping_mul(type, a, b)						\
({										\
	type __product;								\
										\
	(void)__builtin_mul_overflow(a, b, &__product);				\
	__product;								\
})

/* a << s into *d; too far, negative, or bits lost (the sign's too): true, and *d is 0. */
#define check_shl_overflow(a, s, d)						\
	__must_check_overflow(({						\
		__typeof__(a) __value = (a);					\
		__typeof__(s) __by = (s);					\
		__typeof__(d) __target = (d);					\
		unsigned long long __whole = (unsigned long long)__value;	\
		bool __lost = (long long)__by < 0 || (long long)__by >= 8 * (int)sizeof(*__target) || \
			      (__value < 1 && __value != 0);			\
										\
		*__target = __lost ? 0 : (__typeof__(*__target))(__whole << __by); \
		if (!__lost && ((*__target < 1 && *__target != 0) ||		\
				(unsigned long long)*__target >> __by != __whole)) { \
			*__target = 0;						\
			__lost = true;						\
		}								\
		__lost;								\
	}))

static inline size_t __must_check size_mul(size_t a, size_t b)
{
	size_t product;

	return __builtin_mul_overflow(a, b, &product) ? SIZE_MAX : product;
}

static inline size_t __must_check size_add(size_t a, size_t b)
{
	size_t sum;

	return __builtin_add_overflow(a, b, &sum) ? SIZE_MAX : sum;
}

/* SIZE_MAX also if a side already is: an overflow stays one. */
static inline size_t __must_check size_sub(size_t a, size_t b)
{
	return a == SIZE_MAX || b == SIZE_MAX || b > a ? SIZE_MAX : a - b;
}

#define array_size(a, b)	size_mul(a, b)
#define array3_size(a, b, c)	size_mul(size_mul(a, b), c)
/* Bytes of @count elements of the flexible array @member of *@p; of *@p with them. */
#define flex_array_size(p, member, count) \
	size_mul(count, sizeof(*(p)->member) + __must_be_array((p)->member))
#define struct_size(p, member, count) \
	size_add(sizeof(*(p)), flex_array_size(p, member, count))
#define struct_size_t(type, member, count) \
	struct_size((type *)NULL, member, count)

#endif
