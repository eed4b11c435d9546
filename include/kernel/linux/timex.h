/* SPDX-License-Identifier: MIT */
/* linux/timex.h - the processor's own counter; elsewhere than on x86 the clock, in nanoseconds. */
#ifndef _LINUX_TIMEX_H
#define _LINUX_TIMEX_H

#include <asm/msr.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>

typedef unsigned long long cycles_t;

static inline cycles_t get_cycles(void)
{
#if defined(__x86_64__) || defined(__i386__)
	return rdtsc();
#else
	return ktime_get_ns();
#endif
}

#endif
