/* SPDX-License-Identifier: MIT */
/*
 * linux/kernel.h - what most kernel files expect: rounding, comparing, numbers, text.
 *
 * The printf family is lib/format.c under names of its own, so that a hosted program keeps its libc's.
 */
#ifndef _LINUX_KERNEL_H
#define _LINUX_KERNEL_H

#include <kmem/format.h>
#include <linux/align.h>
#include <linux/build_bug.h>
#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/kstrtox.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/stddef.h>
#include <linux/types.h>

#define STACK_MAGIC		0xdeadbeef
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]) + __must_be_array(array))
#define PTR_IF(condition, ptr)	((condition) ? (ptr) : NULL)
#define upper_32_bits(n)	((u32)(((n) >> 16) >> 16))
#define lower_32_bits(n)	((u32)((n) & 0xffffffff))
#define upper_16_bits(n)	((u16)((n) >> 16))
#define lower_16_bits(n)	((u16)((n) & 0xffff))
#define typecheck(type, x)						\
({									\
	_Static_assert(__same_type(type, x), "wrong type");		\
	1;								\
})

/*
 * The kernel's dialect: see lib/format.h for what %p can do. Each returns the length of the whole text;
 * scn* that of what was stored. The end is always NUL unless @size is 0.
 */
int kmem_vsnprintf(char *buf, size_t size, const char *format, va_list args) __printf(3, 0);
int kmem_vscnprintf(char *buf, size_t size, const char *format, va_list args) __printf(3, 0);
int kmem_scnprintf(char *buf, size_t size, const char *format, ...) __printf(3, 4);
int kmem_vsprintf(char *buf, const char *format, va_list args) __printf(2, 0);
int kmem_sprintf(char *buf, const char *format, ...) __printf(2, 3);
#define vsnprintf		kmem_vsnprintf
#define snprintf		kmem_snprintf
#define vscnprintf		kmem_vscnprintf
#define scnprintf		kmem_scnprintf
#define vsprintf		kmem_vsprintf
#define sprintf			kmem_sprintf

/* A format and its arguments, for %pV. */
struct va_format {
	const char *fmt;
	va_list *va;
};

/*
 * memparse - a number with a suffix K M G T P E (powers of 1024), such as "64M" or "0x10k". It wraps.
 * *@end, if @end is not NULL, is the first character not used.
 */
unsigned long long memparse(const char *s, char **end);
/* Read "n", move past a comma. 0: no number, 1: n, 2: n and a comma, 3: n and the '-' of a range. */
int get_option(char **s, int *value);
/*
 * Read "a,b-d,e" into @ints[1..], whose count is @ints[0]; @nints is the array's length. Returns what
 * was not used. With @nints 0 only counts.
 */
char *get_options(const char *s, int nints, int *ints);
/* Is @option one of the comma-separated words of @s? */
bool parse_option_str(const char *s, const char *option);
/* Split "name=value ..." off @args, in place; quotes group. See lib/cmdline.c. Returns the rest. */
char *next_arg(char *args, char **name, char **value);

/* 0..15, or -1. */
int hex_to_bin(unsigned char digit);
/* @count bytes from 2 * @count digits. 0, or -EINVAL. */
int __must_check hex2bin(u8 *dst, const char *digits, size_t count);

extern const char hex_asc[];
#define hex_asc_lo(byte)	hex_asc[(byte) & 0x0f]
#define hex_asc_hi(byte)	hex_asc[((byte) & 0xf0) >> 4]
static inline char *hex_byte_pack(char *buf, u8 byte)
{
	*buf++ = hex_asc_hi(byte);
	*buf++ = hex_asc_lo(byte);
	return buf;
}

#endif
