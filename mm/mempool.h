/* SPDX-License-Identifier: MIT */
/* mempool.h - for those who check pools. */
#ifndef MM_MEMPOOL_H
#define MM_MEMPOOL_H

#include "mm/machine.h"

/* The first broken invariant of the pool, at rest, or true. */
struct kmem_fault;
bool mempool_check(mempool_t *pool, struct kmem_fault *fault);

#endif
