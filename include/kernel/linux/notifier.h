/* SPDX-License-Identifier: MIT */
/*
 * linux/notifier.h - what a notifier returns. struct notifier_block is that of <kmem/reclaim.h>.
 */
#ifndef _LINUX_NOTIFIER_H
#define _LINUX_NOTIFIER_H

#include <kmem/reclaim.h>

#define NOTIFY_DONE		0x0000		/* does not care */
#define NOTIFY_OK		0x0001
#define NOTIFY_STOP_MASK	0x8000		/* call no one after this */
#define NOTIFY_BAD		(NOTIFY_STOP_MASK | 0x0002)
#define NOTIFY_STOP		(NOTIFY_OK | NOTIFY_STOP_MASK)

#endif
