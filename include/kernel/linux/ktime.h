/* SPDX-License-Identifier: MIT */
/* linux/ktime.h - nanoseconds since some start; they never go back. */
#ifndef _LINUX_KTIME_H
#define _LINUX_KTIME_H

#include <linux/jiffies.h>
#include <linux/types.h>

#define KTIME_MAX ((s64)~(1ull << 63))

/* Any context. */
u64 ktime_get_ns(void);

static inline ktime_t ktime_get(void)
{
	return (ktime_t)ktime_get_ns();
}

#define ktime_get_raw ktime_get
#define ktime_get_boottime ktime_get
#define ktime_get_raw_ns ktime_get_ns
#define ktime_get_boottime_ns ktime_get_ns
#define ktime_get_mono_fast_ns ktime_get_ns
#define ktime_to_ns(t) ((s64)(t))
#define ns_to_ktime(ns) ((ktime_t)(ns))
#define ktime_add(a, b) ((a) + (b))
#define ktime_sub(a, b) ((a) - (b))
#define ktime_add_ns(a, ns) ((a) + (s64)(ns))
#define ktime_sub_ns(a, ns) ((a) - (s64)(ns))
#define ktime_add_us(a, us) ktime_add_ns(a, (s64)(us) * NSEC_PER_USEC)
#define ktime_add_ms(a, ms) ktime_add_ns(a, (s64)(ms) * NSEC_PER_MSEC)
#define ktime_before(a, b) ((a) < (b))
#define ktime_after(a, b) ((a) > (b))
#define ktime_compare(a, b) ((a) < (b) ? -1 : (a) > (b))

static inline ktime_t ktime_set(s64 seconds, unsigned long ns)
{
	return seconds * NSEC_PER_SEC + (s64)ns;
}

static inline s64 ktime_divns(ktime_t t, s64 divisor)
{
	return div64_s64(t, divisor);
}

#define ktime_to_us(t) ktime_divns(t, NSEC_PER_USEC)
#define ktime_to_ms(t) ktime_divns(t, NSEC_PER_MSEC)
#define ktime_us_delta(later, earlier) ktime_to_us(ktime_sub(later, earlier))
#define ktime_ms_delta(later, earlier) ktime_to_ms(ktime_sub(later, earlier))

#endif
