/* SPDX-License-Identifier: MIT */
/*
 * linux/err.h - a pointer or an error number in one word.
 *
 *	0 ............... -4096 | -4095 ....... -1
 *	       pointers         |  -MAX_ERRNO..-1: errors; no object lies in the last page
 */
#ifndef _LINUX_ERR_H
#define _LINUX_ERR_H

#include <asm/errno.h>
#include <linux/compiler.h>
#include <linux/types.h>

#define MAX_ERRNO		4095
#define IS_ERR_VALUE(value)	unlikely((unsigned long)(void *)(value) >= (unsigned long)-MAX_ERRNO)

static inline void *__must_check ERR_PTR(long error)
{
	return (void *)error;
}

static inline long __must_check PTR_ERR(const void *ptr)
{
	return (long)ptr;
}

static inline bool __must_check IS_ERR(const void *ptr)
{
	return IS_ERR_VALUE((unsigned long)ptr);
}

static inline bool __must_check IS_ERR_OR_NULL(const void *ptr)
{
	return unlikely(!ptr) || IS_ERR(ptr);
}

/* An error pointer of another type. */
static inline void *__must_check ERR_CAST(const void *ptr)
{
	return (void *)ptr;
}

static inline int __must_check PTR_ERR_OR_ZERO(const void *ptr)
{
	return IS_ERR(ptr) ? (int)PTR_ERR(ptr) : 0;
}

#endif
