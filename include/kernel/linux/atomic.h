/* SPDX-License-Identifier: MIT */
/*
 * linux/atomic.h - counters that any CPU may change.
 *
 *	atomic_t (int)		atomic_long_t (long)		atomic64_t (s64)
 *
 * What returns a value orders memory fully; _relaxed, _acquire and _release less; what returns nothing does not.
 * Source: atomic_t.txt.
 */
#ifndef _LINUX_ATOMIC_H
#define _LINUX_ATOMIC_H

#include <asm/barrier.h>
#include <asm/processor.h>
#include <linux/compiler.h>
#include <linux/types.h>

#define ATOMIC_INIT(i) { (i) }
#define ATOMIC_LONG_INIT(i) { (i) }
#define ATOMIC64_INIT(i) { (i) }

#define xchg(p, value) \
({ \
	__typeof__(*(p)) __was = __atomic_exchange_n(p, value, __ATOMIC_SEQ_CST); \
\
	__atomic_post_full_fence(); \
	__was; \
})
/* Returns whether it was exchanged; if not, *old is what is there. */
#define try_cmpxchg(p, old, new) \
({ \
	bool __done = __atomic_compare_exchange_n(p, old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED); \
\
	__atomic_post_full_fence(); \
	__done; \
})
/* Returns what was there: old if it was exchanged. */
#define cmpxchg(p, old, new) \
({ \
	__typeof__(*(p)) __old = (old); \
\
	(void)try_cmpxchg(p, &__old, new); \
	__old; \
})

/* add, sub, and, or, xor: as they are, with the new value, with the old one. */
#define __ATOMIC_OP(prefix, type, value, op) \
static inline void prefix##_##op(value i, type *v) \
{ \
	__atomic_fetch_##op(&v->counter, i, __ATOMIC_RELAXED); \
} \
static inline value prefix##_##op##_return(value i, type *v) \
{ \
	value result = __atomic_##op##_fetch(&v->counter, i, __ATOMIC_SEQ_CST); \
\
	__atomic_post_full_fence(); \
	return result; \
} \
static inline value prefix##_##op##_return_relaxed(value i, type *v) \
{ \
	return __atomic_##op##_fetch(&v->counter, i, __ATOMIC_RELAXED); \
} \
static inline value prefix##_fetch_##op(value i, type *v) \
{ \
	value old = __atomic_fetch_##op(&v->counter, i, __ATOMIC_SEQ_CST); \
\
	__atomic_post_full_fence(); \
	return old; \
} \
static inline value prefix##_fetch_##op##_relaxed(value i, type *v) \
{ \
	return __atomic_fetch_##op(&v->counter, i, __ATOMIC_RELAXED); \
}

#define __ATOMIC_FAMILY(prefix, type, value) \
static inline value prefix##_read(const type *v) \
{ \
	return __atomic_load_n(&v->counter, __ATOMIC_RELAXED); \
} \
static inline value prefix##_read_acquire(const type *v) \
{ \
	return __atomic_load_n(&v->counter, __ATOMIC_ACQUIRE); \
} \
static inline void prefix##_set(type *v, value i) \
{ \
	__atomic_store_n(&v->counter, i, __ATOMIC_RELAXED); \
} \
static inline void prefix##_set_release(type *v, value i) \
{ \
	__atomic_store_n(&v->counter, i, __ATOMIC_RELEASE); \
} \
__ATOMIC_OP(prefix, type, value, add) \
__ATOMIC_OP(prefix, type, value, sub) \
__ATOMIC_OP(prefix, type, value, and) \
__ATOMIC_OP(prefix, type, value, or) \
__ATOMIC_OP(prefix, type, value, xor) \
static inline value prefix##_xchg(type *v, value i) \
{ \
	return xchg(&v->counter, i); \
} \
/* Returns what was there: old if it was exchanged. */ \
static inline value prefix##_cmpxchg(type *v, value old, value new) \
{ \
	return cmpxchg(&v->counter, old, new); \
} \
static inline bool prefix##_try_cmpxchg(type *v, value *old, value new) \
{ \
	return try_cmpxchg(&v->counter, old, new); \
}

/* What is made of these. */
#define __ATOMIC_COUNTS(prefix, type, value) \
static inline void prefix##_inc(type *v) \
{ \
	prefix##_add(1, v); \
} \
static inline void prefix##_dec(type *v) \
{ \
	prefix##_sub(1, v); \
} \
static inline value prefix##_inc_return(type *v) \
{ \
	return prefix##_add_return(1, v); \
} \
static inline value prefix##_dec_return(type *v) \
{ \
	return prefix##_sub_return(1, v); \
} \
static inline value prefix##_fetch_inc(type *v) \
{ \
	return prefix##_fetch_add(1, v); \
} \
static inline value prefix##_fetch_dec(type *v) \
{ \
	return prefix##_fetch_sub(1, v); \
} \
static inline bool prefix##_dec_and_test(type *v) \
{ \
	return !prefix##_dec_return(v); \
} \
static inline bool prefix##_inc_and_test(type *v) \
{ \
	return !prefix##_inc_return(v); \
} \
static inline bool prefix##_sub_and_test(value i, type *v) \
{ \
	return !prefix##_sub_return(i, v); \
} \
static inline bool prefix##_add_negative(value i, type *v) \
{ \
	return prefix##_add_return(i, v) < 0; \
} \
/* Unless it is unless. Returns what was there. */ \
static inline value prefix##_fetch_add_unless(type *v, value i, value unless) \
{ \
	value old = prefix##_read(v); \
\
	while (old != unless && !prefix##_try_cmpxchg(v, &old, old + i)) \
		; \
	return old; \
} \
static inline bool prefix##_add_unless(type *v, value i, value unless) \
{ \
	return prefix##_fetch_add_unless(v, i, unless) != unless; \
} \
static inline bool prefix##_inc_not_zero(type *v) \
{ \
	return prefix##_add_unless(v, 1, 0); \
}

__ATOMIC_FAMILY(atomic, atomic_t, int)
__ATOMIC_COUNTS(atomic, atomic_t, int)
__ATOMIC_FAMILY(atomic_long, atomic_long_t, long)
__ATOMIC_COUNTS(atomic_long, atomic_long_t, long)
#if __SIZEOF_POINTER__ == 8
__ATOMIC_FAMILY(atomic64, atomic64_t, s64)
#else
/* gcc calls a library for 64 bits here; but for this one, which is an instruction. */
static inline s64 atomic64_cmpxchg(atomic64_t *v, s64 old, s64 new)
{
	return __sync_val_compare_and_swap(&v->counter, old, new);
}

static inline bool atomic64_try_cmpxchg(atomic64_t *v, s64 *old, s64 new)
{
	s64 was = atomic64_cmpxchg(v, *old, new);
	bool done = was == *old;

	*old = was;
	return done;
}

static inline s64 atomic64_read(const atomic64_t *v)
{
	return atomic64_cmpxchg((atomic64_t *)v, 0, 0);
}

static inline s64 atomic64_xchg(atomic64_t *v, s64 i)
{
	s64 old = v->counter;

	while (!atomic64_try_cmpxchg(v, &old, i))
		;
	return old;
}

#define atomic64_set(v, i) ((void)atomic64_xchg(v, i))
#define atomic64_set_release(v, i) atomic64_set(v, i)
#define atomic64_read_acquire(v) atomic64_read(v)

#define __ATOMIC64_OP(op, operator) \
static inline s64 atomic64_fetch_##op(s64 i, atomic64_t *v) \
{ \
	s64 old = v->counter; \
\
	while (!atomic64_try_cmpxchg(v, &old, (s64)((u64)old operator (u64)i))) \
		; \
	return old; \
} \
static inline s64 atomic64_##op##_return(s64 i, atomic64_t *v) \
{ \
	return (s64)((u64)atomic64_fetch_##op(i, v) operator (u64)i); \
} \
static inline void atomic64_##op(s64 i, atomic64_t *v) \
{ \
	atomic64_fetch_##op(i, v); \
} \
static inline s64 atomic64_fetch_##op##_relaxed(s64 i, atomic64_t *v) \
{ \
	return atomic64_fetch_##op(i, v); \
} \
static inline s64 atomic64_##op##_return_relaxed(s64 i, atomic64_t *v) \
{ \
	return atomic64_##op##_return(i, v); \
}

__ATOMIC64_OP(add, +)
__ATOMIC64_OP(sub, -)
__ATOMIC64_OP(and, &)
__ATOMIC64_OP(or, |)
__ATOMIC64_OP(xor, ^)
#endif
__ATOMIC_COUNTS(atomic64, atomic64_t, s64)

#endif
