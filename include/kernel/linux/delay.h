/* SPDX-License-Identifier: MIT */
/*
 * linux/delay.h - let time pass. sleep: others run meanwhile, and it may be longer; delay: the CPU looks at the clock,
 * in any context. Source: timers/timers-howto.rst.
 */
#ifndef _LINUX_DELAY_H
#define _LINUX_DELAY_H

#include <linux/types.h>

void msleep(unsigned int ms);
void usleep_range(unsigned long min_us, unsigned long max_us);
void ndelay(unsigned long ns);

/* Nobody sends signals: always 0. */
static inline unsigned long msleep_interruptible(unsigned int ms)
{
	msleep(ms);
	return 0;
}

static inline void ssleep(unsigned int seconds)
{
	msleep(seconds * 1000);
}

static inline void fsleep(unsigned long us)
{
	usleep_range(us, 2 * us);
}

static inline void udelay(unsigned long us)
{
	while (us--)
		ndelay(1000);
}

static inline void mdelay(unsigned long ms)
{
	udelay(ms * 1000);
}

#endif
