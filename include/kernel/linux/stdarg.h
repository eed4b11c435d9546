/* SPDX-License-Identifier: MIT */
/*
 * linux/stdarg.h - the compiler's variable arguments.
 */
#ifndef _LINUX_STDARG_H
#define _LINUX_STDARG_H

#include <stdarg.h>

#endif
