/* SPDX-License-Identifier: MIT */
/*
 * linux/oom.h - be told before the machine is out of memory.
 */
#ifndef _LINUX_OOM_H
#define _LINUX_OOM_H

#include <linux/notifier.h>

#define OOM_SCORE_ADJ_MIN	(-1000)
#define OOM_SCORE_ADJ_MAX	1000

#endif
