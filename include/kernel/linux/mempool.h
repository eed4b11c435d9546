/* SPDX-License-Identifier: MIT */
/*
 * linux/mempool.h - reserves of elements: <kmem/mempool.h> under the kernel's name.
 */
#ifndef _LINUX_MEMPOOL_H
#define _LINUX_MEMPOOL_H

#include <kmem/mempool.h>
#include <linux/types.h>

#endif
