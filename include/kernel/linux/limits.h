/* SPDX-License-Identifier: MIT */
/*
 * linux/limits.h - the least and the greatest value of each type.
 */
#ifndef _LINUX_LIMITS_H
#define _LINUX_LIMITS_H

#include <kmem/types.h>

#undef SCHAR_MAX
#undef CHAR_BIT
#undef SHRT_MAX
#undef SHRT_MIN
#undef USHRT_MAX
#undef INT_MAX
#undef INT_MIN
#undef UINT_MAX
#undef LONG_MAX
#undef LONG_MIN
#undef ULONG_MAX
#undef LLONG_MAX
#undef LLONG_MIN
#undef ULLONG_MAX
#undef SIZE_MAX
#undef UINTPTR_MAX

#define CHAR_BIT	8
#define SCHAR_MAX	0x7f
#define SHRT_MAX	0x7fff
#define SHRT_MIN	(-SHRT_MAX - 1)
#define USHRT_MAX	0xffff
#define INT_MAX		0x7fffffff
#define INT_MIN		(-INT_MAX - 1)
#define UINT_MAX	0xffffffffu
#define LONG_MAX	((long)(~0ul >> 1))
#define LONG_MIN	(-LONG_MAX - 1)
#define ULONG_MAX	(~0ul)
#define LLONG_MAX	0x7fffffffffffffffll
#define LLONG_MIN	(-LLONG_MAX - 1)
#define ULLONG_MAX	(~0ull)
#define SIZE_MAX	(~(size_t)0)
#define SSIZE_MAX	((__PTRDIFF_TYPE__)(SIZE_MAX >> 1))
#define UINTPTR_MAX	ULONG_MAX
#define PHYS_ADDR_MAX	(~(phys_addr_t)0)

#define U8_MAX		((u8)~0u)
#define S8_MAX		((s8)(U8_MAX >> 1))
#define S8_MIN		((s8)(-S8_MAX - 1))
#define U16_MAX		((u16)~0u)
#define S16_MAX		((s16)(U16_MAX >> 1))
#define S16_MIN		((s16)(-S16_MAX - 1))
#define U32_MAX		((u32)~0u)
#define S32_MAX		((s32)(U32_MAX >> 1))
#define S32_MIN		((s32)(-S32_MAX - 1))
#define U64_MAX		((u64)~0ull)
#define S64_MAX		((s64)(U64_MAX >> 1))
#define S64_MIN		((s64)(-S64_MAX - 1))

#define NAME_MAX	255
#define PATH_MAX	4096

#endif
