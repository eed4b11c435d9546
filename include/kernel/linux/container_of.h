/* SPDX-License-Identifier: MIT */
/*
 * linux/container_of.h - from a member to the structure around it.
 */
#ifndef _LINUX_CONTAINER_OF_H
#define _LINUX_CONTAINER_OF_H

#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/stddef.h>

#define typeof_member(type, member)	__typeof__(((type *)0)->member)

/* The @type whose @member is at @ptr. Refuses a pointer to anything but the member's type or void. */
#define container_of(ptr, type, member)						\
({										\
	void *__member = (void *)(ptr);						\
										\
	_Static_assert(__same_type(*(ptr), ((type *)0)->member) ||		\
		       __same_type(*(ptr), void), "pointer type mismatch in container_of()"); \
	((type *)(__member - offsetof(type, member)));				\
})

/* The same, and the result is const if @ptr is. */
#define container_of_const(ptr, type, member)					\
	_Generic(ptr,								\
		const __typeof__(*(ptr)) *: ((const type *)container_of(ptr, type, member)), \
		default: ((type *)container_of(ptr, type, member)))

#endif
