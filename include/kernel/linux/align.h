/* SPDX-License-Identifier: MIT */
/*
 * linux/align.h - multiples of a power of two.
 *
 *	ALIGN_DOWN(x, a) <= x <= ALIGN(x, a)		both keep the type of x; a is a power of two
 */
#ifndef _LINUX_ALIGN_H
#define _LINUX_ALIGN_H

#define __ALIGN_KERNEL_MASK(x, mask)	(((x) + (mask)) & ~(mask))
#define __ALIGN_KERNEL(x, a)		__ALIGN_KERNEL_MASK(x, (__typeof__(x))(a) - 1)
#define __ALIGN_MASK(x, mask)		__ALIGN_KERNEL_MASK(x, mask)
#define ALIGN(x, a)			__ALIGN_KERNEL(x, a)
#define ALIGN_DOWN(x, a)		((x) & ~((__typeof__(x))(a) - 1))
#define IS_ALIGNED(x, a)		(((x) & ((__typeof__(x))(a) - 1)) == 0)
#define PTR_ALIGN(p, a)			((__typeof__(p))ALIGN((unsigned long)(p), (a)))
#define PTR_ALIGN_DOWN(p, a)		((__typeof__(p))ALIGN_DOWN((unsigned long)(p), (a)))
#define PTR_IS_ALIGNED(p, a)		IS_ALIGNED((unsigned long)(p), (a))

#endif
