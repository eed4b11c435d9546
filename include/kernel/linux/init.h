/* SPDX-License-Identifier: MIT */
/* linux/init.h - what runs when code is loaded: annotations that a kernel's linker knows, and nothing here does. */
#ifndef _LINUX_INIT_H
#define _LINUX_INIT_H

#include <linux/compiler.h>
#include <linux/types.h>

typedef int (*initcall_t)(void);
typedef void (*exitcall_t)(void);

#endif
