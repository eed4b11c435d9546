/* SPDX-License-Identifier: MIT */
/* time.c - the clock as kernel code reads it, and letting time pass. Whoever sleeps gives his CPU back meanwhile. */
#include <asm/processor.h>
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include "mm/cpus.h"

u64 ktime_get_ns(void)
{
	return host_clock(this_machine());
}

u64 get_jiffies_64(void)
{
	return div_u64(ktime_get_ns(), TICK_NSEC);
}

static void sleep_ns(u64 ns)
{
	u64 end = ktime_get_ns() + ns, now;
	u32 never = 0;

	might_sleep();
	while ((now = ktime_get_ns()) < end) {
		cpu_release_to_sleep();
		host_wait(&never, 0, end - now);
	}
}

void msleep(unsigned int ms)
{
	sleep_ns((u64)ms * NSEC_PER_MSEC);
}

void usleep_range(unsigned long min_us, unsigned long max_us)
{
	(void)max_us;
	sleep_ns((u64)min_us * NSEC_PER_USEC);
}

void ndelay(unsigned long ns)
{
	u64 end = ktime_get_ns() + ns;

	while (ktime_get_ns() < end)
		cpu_relax();
}
