/* SPDX-License-Identifier: MIT */
/* local.c - a library with much thread-local memory, which each thread that uses it gets from malloc(). */
#include <string.h>

void use_local(void);

static __thread char local[3 << 20];

void use_local(void)
{
	memset(local, 1, sizeof(local));
}
