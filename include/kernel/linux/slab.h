/* SPDX-License-Identifier: MIT */
/*
 * linux/slab.h - objects: <kmem/slab.h> under the kernel's name, and the macros around it.
 */
#ifndef _LINUX_SLAB_H
#define _LINUX_SLAB_H

#include <kmem/slab.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/overflow.h>
#include <linux/types.h>

/* A cache named after its struct, as aligned as the struct is. */
#define KMEM_CACHE(__struct, __flags) \
	kmem_cache_create(#__struct, sizeof(struct __struct), __alignof__(struct __struct), (__flags), NULL)

/* The same; only the member may be copied to and from user space. */
#define KMEM_CACHE_USERCOPY(__struct, __flags, __field) \
	kmem_cache_create_usercopy(#__struct, sizeof(struct __struct), __alignof__(struct __struct), (__flags), \
				   offsetof(struct __struct, __field), sizeof(((struct __struct *)0)->__field), NULL)

#define kmalloc_track_caller(size, flags) __kmalloc((size), (flags))
#define kmalloc_node_track_caller(size, flags, node) kmalloc_node((size), (flags), (node))

#endif
