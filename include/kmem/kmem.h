/* SPDX-License-Identifier: MIT */
/* kmem.h - all of kmem's public interface, safe beside libc. */
#ifndef KMEM_KMEM_H
#define KMEM_KMEM_H

#include <kmem/check.h>
#include <kmem/gfp.h>
#include <kmem/machine.h>
#include <kmem/mempool.h>
#include <kmem/pages.h>
#include <kmem/reclaim.h>
#include <kmem/slab.h>
#include <kmem/stats.h>
#include <kmem/vmalloc.h>

#endif
