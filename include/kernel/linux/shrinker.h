/* SPDX-License-Identifier: MIT */
/*
 * linux/shrinker.h - caches that give memory back; all of it is in <kmem/reclaim.h>.
 */
#ifndef _LINUX_SHRINKER_H
#define _LINUX_SHRINKER_H

#include <kmem/reclaim.h>

#endif
