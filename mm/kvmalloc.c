/* SPDX-License-Identifier: MIT */
/*
 * kvmalloc.c - memory that is contiguous if it can be had so cheaply, else virtually.
 *
 *	size	1 ... a page		kmalloc, as asked
 *		... INT_MAX		kmalloc, without trying hard -> vmalloc, if the caller may sleep
 *		above			NULL
 *
 * Lock: none. Source: core-api/memory-allocation.rst, mm-api.rst.
 */
#include <linux/limits.h>
#include <linux/overflow.h>
#include <linux/string.h>
#include "lib/assert.h"
#include "mm/vmalloc.h"

/* There is a second way: do not reclaim for long, nor complain. Who wants large blocks at any price says so. */
static gfp_t first_try(gfp_t gfp)
{
	gfp |= __GFP_NOWARN;
	if (!(gfp & __GFP_RETRY_MAYFAIL))
		gfp |= __GFP_NORETRY;
	return gfp & ~__GFP_NOFAIL;
}

/* The fast path, kvmalloc(), is one of mm/slab_alloc.c's. */
void *kvmalloc_node(size_t size, gfp_t gfp, int node)
{
	void *memory;

	if (size <= PAGE_SIZE)
		return kmalloc_node(size, gfp, node);
	if (size <= KMALLOC_MAX_SIZE) {
		memory = kmalloc_node(size, first_try(gfp), node);
		if (memory)
			return memory;
	}
	if (!gfpflags_allow_blocking(gfp))
		return NULL;
	if (size > INT_MAX) {
		WARN_ON_ONCE(!(gfp & __GFP_NOWARN));
		return NULL;
	}
	return __vmalloc_node(size, 1, gfp, node, __builtin_return_address(0));
}

void *kvzalloc(size_t size, gfp_t gfp)
{
	return kvmalloc(size, gfp | __GFP_ZERO);
}

void *kvzalloc_node(size_t size, gfp_t gfp, int node)
{
	return kvmalloc_node(size, gfp | __GFP_ZERO, node);
}

void *kvmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	if (check_mul_overflow(n, size, &bytes))
		return NULL;
	return kvmalloc(bytes, gfp);
}

void *kvcalloc(size_t n, size_t size, gfp_t gfp)
{
	return kvmalloc_array(n, size, gfp | __GFP_ZERO);
}

/* Only ever grows: what is large enough already stays. */
void *kvrealloc(const void *object, size_t old_size, size_t size, gfp_t gfp)
{
	void *grown;

	if (old_size >= size)
		return (void *)object;
	grown = kvmalloc(size, gfp);
	if (!grown)
		return NULL;
	if (old_size)
		memcpy(grown, object, old_size);
	kvfree(object);
	return grown;
}

void kvfree(const void *address)
{
	if (unlikely(vmalloc_has_address(address)))
		vfree(address);
	else
		kfree(address);
}

void kvfree_sensitive(const void *address, size_t size)
{
	if (ZERO_OR_NULL_PTR(address))
		return;
	memzero_explicit((void *)address, size);
	kvfree(address);
}
