/* SPDX-License-Identifier: MIT */
/*
 * linux/stringify.h - text of an expanded macro.
 */
#ifndef _LINUX_STRINGIFY_H
#define _LINUX_STRINGIFY_H

#define __stringify_1(x...)	#x
#define __stringify(x...)	__stringify_1(x)

#endif
