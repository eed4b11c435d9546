/* SPDX-License-Identifier: MIT */
/* linux/jiffies.h - the clock's ticks since the machine's host began, HZ a second. They wrap where a long does. */
#ifndef _LINUX_JIFFIES_H
#define _LINUX_JIFFIES_H

#include <linux/math64.h>
#include <linux/types.h>

#define HZ 250
#define MSEC_PER_SEC 1000L
#define USEC_PER_SEC 1000000L
#define NSEC_PER_SEC 1000000000L
#define USEC_PER_MSEC 1000L
#define NSEC_PER_USEC 1000L
#define NSEC_PER_MSEC 1000000L
#define TICK_NSEC (1000000000ull / HZ)
#define MAX_JIFFY_OFFSET ((long)(~0ul >> 1) / 2)

u64 get_jiffies_64(void);
#define jiffies ((unsigned long)get_jiffies_64())

#define time_after(a, b) ((long)((b) - (a)) < 0)
#define time_before(a, b) time_after(b, a)
#define time_after_eq(a, b) ((long)((a) - (b)) >= 0)
#define time_before_eq(a, b) time_after_eq(b, a)
#define time_is_before_jiffies(a) time_after(jiffies, a)
#define time_is_after_jiffies(a) time_before(jiffies, a)

/* Times round up, so that nobody waits less than he said; milliseconds that are negative as an int are for ever. */
static inline unsigned long msecs_to_jiffies(unsigned int ms)
{
	return (int)ms < 0 ? MAX_JIFFY_OFFSET : ms / (1000 / HZ) + !!(ms % (1000 / HZ));
}

static inline unsigned long usecs_to_jiffies(unsigned int us)
{
	return us / (1000000 / HZ) + !!(us % (1000000 / HZ));
}

static inline unsigned int jiffies_to_msecs(unsigned long ticks)
{
	return (unsigned int)(ticks * (1000ul / HZ));
}

/* At most 146 years, so that it can be added to a clock. */
static inline u64 jiffies_to_nsecs(unsigned long ticks)
{
	u64 nr = ticks;

	return nr < (~0ull >> 2) / TICK_NSEC ? nr * TICK_NSEC : ~0ull >> 2;
}

#endif
