/* SPDX-License-Identifier: MIT */
/* expect.h - a program of tests/preload says which line failed, and ends. */
#ifndef PRELOAD_EXPECT_H
#define PRELOAD_EXPECT_H

#include <stdio.h>
#include <unistd.h>

#define EXPECT(condition) \
	do { \
		if (!(condition)) { \
			dprintf(STDERR_FILENO, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			_exit(1); \
		} \
	} while (0)

#endif
