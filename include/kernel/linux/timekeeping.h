/* SPDX-License-Identifier: MIT */
/* linux/timekeeping.h - the clocks of <linux/ktime.h>, where kernel code looks for them. */
#ifndef _LINUX_TIMEKEEPING_H
#define _LINUX_TIMEKEEPING_H

#include <linux/ktime.h>

#endif
