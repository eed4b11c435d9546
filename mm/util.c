/* SPDX-License-Identifier: MIT */
/*
 * util.c - objects that start as copies: of strings, of memory, of formatted text.
 *
 *	kstrdup "abc"	-> [a b c 0]		kmemdup_nul "abc", 2 -> [a b 0]
 *
 * Each returns what kfree() takes (kvmemdup: kvfree()), or NULL without a side effect. NULL in gives NULL out.
 * Lock: none. Source: core-api/kernel-api.rst, mm-api.rst.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/string.h>
#include "lib/assert.h"
#include "mm/machine.h"
#include "mm/slab.h"

/* length bytes and a NUL behind them. */
static char *copy_string(const char *s, size_t length, gfp_t gfp)
{
	char *copy;

	if (length == SIZE_MAX)
		return NULL;
	copy = kmalloc(length + 1, gfp);
	if (!copy)
		return NULL;
	memcpy(copy, s, length);
	copy[length] = '\0';
	return copy;
}

char *kstrdup(const char *s, gfp_t gfp)
{
	return s ? copy_string(s, strlen(s), gfp) : NULL;
}

char *kstrndup(const char *s, size_t max, gfp_t gfp)
{
	return s ? copy_string(s, strnlen(s, max), gfp) : NULL;
}

char *kmemdup_nul(const char *s, size_t size, gfp_t gfp)
{
	return s ? copy_string(s, size, gfp) : NULL;
}

/* A copy always: the core does not know which strings of its process are constant. kfree_const() takes both. */
const char *kstrdup_const(const char *s, gfp_t gfp)
{
	return kstrdup(s, gfp);
}

void kfree_const(const void *object)
{
	struct machine *m = cpu_get()->machine;

	if ((unsigned long)object - m->layout.direct_base < m->max_low_pfn << PAGE_SHIFT)
		kfree(object);
}

void *kmemdup(const void *data, size_t size, gfp_t gfp)
{
	void *copy = kmalloc(size, gfp);

	if (!ZERO_OR_NULL_PTR(copy))
		memcpy(copy, data, size);
	return copy;
}

void *kvmemdup(const void *data, size_t size, gfp_t gfp)
{
	void *copy = kvmalloc(size, gfp);

	if (!ZERO_OR_NULL_PTR(copy))
		memcpy(copy, data, size);
	return copy;
}

char *kvasprintf(gfp_t gfp, const char *format, va_list args)
{
	va_list again;
	int length, second;
	char *text;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	text = kmalloc((size_t)length + 1, gfp);
	if (!text)
		return NULL;
	second = vsnprintf(text, (size_t)length + 1, format, args);
	WARN(second != length, "kvasprintf: \"%s\" had %d bytes, then %d\n", format, length, second);
	return text;
}

char *kasprintf(gfp_t gfp, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = kvasprintf(gfp, format, args);
	va_end(args);
	return text;
}

void *krealloc_array(void *object, size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	if (check_mul_overflow(n, size, &bytes))
		return NULL;
	return krealloc(object, bytes, gfp);
}

/* Within an object, as much as that has would reach into the next one: kfree() says what is wrong. */
void kfree_sensitive(const void *object)
{
	const struct kmem_cache *cache;

	if (ZERO_OR_NULL_PTR(object))
		return;
	cache = cache_of(this_machine(), object);
	if (!cache || slab_index(cache, slab_of(object), object) >= 0)
		memzero_explicit((void *)object, ksize(object));
	kfree(object);
}

bool want_init_on_alloc(gfp_t flags)
{
	return (flags & __GFP_ZERO) || this_machine()->params.init_on_alloc;
}

bool want_init_on_free(void)
{
	return this_machine()->params.init_on_free;
}

pg_data_t *node_data(int nid)
{
	const struct machine *m = this_machine();

	return nid >= 0 && (unsigned int)nid < m->nr_nodes ? m->nodes[nid] : NULL;
}

unsigned long machine_vmalloc_start(void)
{
	return this_machine()->layout.vmalloc_start;
}

unsigned long machine_vmalloc_end(void)
{
	return this_machine()->layout.vmalloc_end;
}

unsigned long machine_page_offset(void)
{
	return this_machine()->layout.direct_base;
}
