/* SPDX-License-Identifier: MIT */
/*
 * percpu.h - memory of which each possible CPU of the machine has its own copy.
 *
 *	chunk	[ CPU 0: PERCPU_UNIT bytes | CPU 1 | ... ]	a pointer is to CPU 0's part
 *
 * Source: core-api/mm-api.rst.
 */
#ifndef KMEM_PERCPU_H
#define KMEM_PERCPU_H

#include <kmem/gfp.h>
#include <kmem/types.h>

#define PERCPU_UNIT (32ul << 10)	/* also the largest allocation */

/*
 * __alloc_percpu - size bytes for each CPU, all zero, aligned to align, a power of two of at most a page. NULL for a
 * size of 0 or above PERCPU_UNIT, another alignment (both reported), or when memory is short. With flags that do not
 * let it sleep, only what chunks have left. Freed by free_percpu(), in any context; NULL: nothing.
 */
MUST_CHECK void *__alloc_percpu(size_t size, size_t align);
MUST_CHECK void *__alloc_percpu_gfp(size_t size, size_t align, gfp_t gfp);
void free_percpu(void *ptr);

/* Where a CPU has it. */
static inline void *__per_cpu_address(const void *ptr, unsigned int cpu)
{
	return (char *)ptr + cpu * PERCPU_UNIT;
}

#endif
