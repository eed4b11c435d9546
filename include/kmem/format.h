/* SPDX-License-Identifier: MIT */
/* format.h - text without libc, in which that of a small program touches pages that it needs for nothing else. */
#ifndef KMEM_FORMAT_H
#define KMEM_FORMAT_H

#include <kmem/types.h>

/* As snprintf(), in the kernel's dialect. */
int kmem_snprintf(char *buf, size_t size, const char *format, ...) PRINTF(3, 4);

#endif
