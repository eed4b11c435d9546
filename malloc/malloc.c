/* SPDX-License-Identifier: MIT */
/*
 * malloc.c - the malloc family of a program, on the default machine.
 *
 *	up to 16 KiB	an object of a cache (size_class.c)
 *	up to 4 MiB	a block of pages: kmalloc(); where memory is fragmented, as below
 *	above		an area: vmalloc()
 *
 * malloc(0) is an object of its own. What was not allocated here, or was freed already, is reported as kernels do, and
 * ends the program (panic_on_warn=1). Memory is private (kmem.private=1), so pages of large objects that no one has
 * touched cost nothing, and madvise() clears them.
 * Lock: none; nothing here allocates by way of itself.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include "malloc/malloc.h"

#define CLEAR_BY_HOST (512ul << 10)	/* from here on, the host's zero pages cost less than clearing */

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

static void *out_of_memory(void)
{
	errno = ENOMEM;
	return NULL;
}

/* An area. Its bytes above INT_MAX are no mistake here. */
static void *area_alloc(size_t size, size_t align)
{
	if (size > PTRDIFF_MAX)
		return NULL;
	return __vmalloc_node(size ? size : 1, align, MALLOC_GFP, -1, __builtin_return_address(0));
}

/* Pages, at a multiple of align: a block is aligned to its size. */
static void *large_alloc(size_t size, size_t align)
{
	size_t block = size > align ? size : align;
	void *memory = NULL;

	if (block <= KMALLOC_MAX_CACHE_SIZE)
		block = KMALLOC_MAX_CACHE_SIZE + 1;
	if (block <= KMALLOC_MAX_SIZE)
		memory = __kmalloc(block, GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY);
	return memory ? memory : area_alloc(size, align);
}

static void *object_alloc(size_t size, size_t align)
{
	struct kmem_cache *cache = size_class_cache(size, align);

	if (!cache)
		return NULL;
	return malloc_is_debugged() ? kmem_sized_from(cache, MALLOC_GFP, size) : kmem_cache_alloc(cache, MALLOC_GFP);
}

static void *zeroed_large_alloc(size_t size, size_t align)
{
	void *memory = large_alloc(size, align);

	if (memory && (size < CLEAR_BY_HOST || madvise(memory, PAGE_ALIGN(size), MADV_DONTNEED)))
		memset(memory, 0, size);
	return memory;
}

/* zero: of large ones only. */
static void *alloc(size_t size, size_t align, bool zero)
{
	void *memory;

	if (size <= SMALL_MAX && align <= PAGE_SIZE)
		memory = object_alloc(size, align);
	else
		memory = zero ? zeroed_large_alloc(size, align) : large_alloc(size, align);
	return memory ? memory : out_of_memory();
}

static void *alloc_odd(size_t size)
{
	return alloc(size, 16, false);
}

struct kmem_sizes malloc_sizes = { .odd = alloc_odd };

EXPORT void *malloc(size_t size)
{
	return kmem_sized_alloc(size, &malloc_sizes);
}

/* Small objects are cleared here: as much as was asked for. */
EXPORT void *calloc(size_t nr, size_t size)
{
	size_t bytes;
	void *memory;

	if (unlikely(__builtin_mul_overflow(nr, size, &bytes)))
		return out_of_memory();
	if (unlikely(bytes > SMALL_MAX))
		return alloc(bytes, 16, true);
	memory = kmem_sized_alloc(bytes, &malloc_sizes);
	return likely(memory) ? memset(memory, 0, bytes) : NULL;
}

static inline bool is_area(const void *memory)
{
	return unlikely((unsigned long)memory - VMALLOC_BASE < VMALLOC_WINDOW);
}

EXPORT void free(void *memory)
{
	if (is_area(memory))
		vfree(memory);
	else
		kfree(memory);
}

EXPORT void free_sized(void *memory, size_t size)
{
	(void)size;
	free(memory);
}

EXPORT void free_aligned_sized(void *memory, size_t align, size_t size)
{
	(void)align;
	(void)size;
	free(memory);
}

/* By itself: what it saves on the stack, an object need not. */
static __attribute__((noinline)) size_t usable_otherwise(const void *memory)
{
	const struct vm_struct *area;

	if (!is_area(memory))
		return ksize(memory);
	area = find_vm_area(memory);
	return area ? area->size - PAGE_SIZE : 0;
}

EXPORT size_t malloc_usable_size(void *memory)
{
	size_t bytes = kmem_sized_bytes(memory);

	return likely(bytes) ? bytes : usable_otherwise(memory);
}

/* An object that grows step by step will grow again: a large one is given a quarter more, which costs no memory yet. */
static size_t grown_size(size_t size, size_t old)
{
	size_t more = size + size / 4;

	return size > old && old > KMALLOC_MAX_SIZE / 4 && more > size ? more : size;
}

EXPORT void *realloc(void *memory, size_t size)
{
	size_t old;
	void *fresh;

	if (!memory)
		return malloc(size);
	if (!size) {
		free(memory);
		return NULL;
	}
	old = malloc_usable_size(memory);
	if (size <= old && size >= old / 2)
		return memory;
	fresh = malloc(grown_size(size, old));
	if (!fresh)
		return size <= old ? memory : NULL;
	memcpy(fresh, memory, size < old ? size : old);
	free(memory);
	return fresh;
}

EXPORT void *reallocarray(void *memory, size_t nr, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(nr, size, &bytes))
		return out_of_memory();
	return realloc(memory, bytes);
}

static bool is_power_of_2(size_t n)
{
	return n && !(n & (n - 1));
}

static void *alloc_at(size_t align, size_t size)
{
	return alloc(size, align > 16 ? align : 16, false);
}

EXPORT int posix_memalign(void **memory, size_t align, size_t size)
{
	int saved = errno;
	void *fresh;

	if (!is_power_of_2(align) || align % sizeof(void *))
		return EINVAL;
	fresh = alloc_at(align, size);
	errno = saved;
	if (!fresh)
		return ENOMEM;
	*memory = fresh;
	return 0;
}

EXPORT void *aligned_alloc(size_t align, size_t size)
{
	if (is_power_of_2(align))
		return alloc_at(align, size);
	errno = EINVAL;
	return NULL;
}

/* Traditionally any alignment is rounded up. */
EXPORT void *memalign(size_t align, size_t size)
{
	size_t up = 16;

	while (up < align && up <= PTRDIFF_MAX / 2)
		up *= 2;
	return aligned_alloc(up, size);
}

EXPORT void *valloc(size_t size)
{
	return alloc_at(PAGE_SIZE, size);
}

EXPORT void *pvalloc(size_t size)
{
	return size > PTRDIFF_MAX ? out_of_memory() : alloc_at(PAGE_SIZE, PAGE_ALIGN(size ? size : 1));
}

/* Whatever is free goes back at once. */
EXPORT int malloc_trim(size_t keep)
{
	(void)keep;
	return machine_release_memory(machine_default()) != 0;
}
