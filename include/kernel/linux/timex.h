/* SPDX-License-Identifier: MIT */
/* linux/timex.h - the processor's own counter; elsewhere than on x86 the clock, in nanoseconds. */
#ifndef _LINUX_TIMEX_H
#define _LINUX_TIMEX_H

#include <linux/jiffies.h>
#include <linux/ktime.h>

typedef unsigned long long cycles_t;

static inline cycles_t get_cycles(void)
{
#if defined(__x86_64__) || defined(__i386__)
	u32 low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (cycles_t)high << 32 | low;
#else
	return ktime_get_ns();
#endif
}

#endif
