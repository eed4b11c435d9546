/* SPDX-License-Identifier: MIT */
/*
 * slab_sized.c - the fast path of who has caches by size, as kmalloc() has, but his own: see kmem/sized.h.
 *
 *	malloc(n) -> slots[(n + 15) / 16] -> cpu->sheaves: hot, else *--top
 *
 * A slot says all that an allocation must know, so the cache is not looked at. Slot 0 has nothing to give. It also says
 * how large its objects are: a realloc() that need not move asks no descriptor, which may be out of the caches.
 */
#include <kmem/sized.h>
#include "lib/assert.h"
#include "mm/slab_fast.h"

_Static_assert(SHEAF_SLOT(KMEM_MAX_CACHES - 1) <= 0xffff, "a slot is a u16");

void kmem_sizes_set(struct kmem_sizes *sizes, size_t size, struct kmem_cache *cache)
{
	/* The fast path knows marks at the start only. */
	u16 slot = cache->offset ? 0 : (u16)SHEAF_SLOT(cache->id);

	assert(size <= KMEM_SIZED_MOST);
	__atomic_store_n(&sizes->slots[(size + 15) / 16], slot, __ATOMIC_RELEASE);
}

/* A thread without a CPU has no slots but kmalloc()'s. */
KMEM_FAST void *kmem_sized_alloc(size_t size, const struct kmem_sizes *sizes)
{
	here_cpu *cpu = cpu_here();
	void *object;

	if (unlikely(size > KMEM_SIZED_MOST || gfp_is_odd(GFP_KERNEL) || !cpu->machine))
		return sizes->odd(size);
	object = pop(cpu, slot_at(cpu, __atomic_load_n(&sizes->slots[(size + 15) / 16], __ATOMIC_ACQUIRE)), true);
	if (likely(object))
		return object;
	return sizes->odd(size);
}

KMEM_FAST size_t kmem_sized_bytes(const void *object)
{
	here_cpu *cpu = cpu_here();

	return slot_bytes(slot_at(cpu, slot_of(cpu, object)), object);
}
