/* SPDX-License-Identifier: MIT */
/*
 * linux/kstrtox.h - text to numbers.
 *
 * kstrto*: the whole string, with one newline allowed at its end; base 0 looks for 0x and 0.
 * 0, or -EINVAL for what is no number, or -ERANGE for one that does not fit; the result is then unchanged.
 * simple_strto*: as much as is a number, and it wraps; *@end is the first character not used.
 * Source: core-api/kernel-api.rst
 */
#ifndef _LINUX_KSTRTOX_H
#define _LINUX_KSTRTOX_H

#include <linux/compiler.h>
#include <linux/types.h>

int __must_check kstrtoull(const char *s, unsigned int base, unsigned long long *result);
int __must_check kstrtoll(const char *s, unsigned int base, long long *result);
int __must_check kstrtoul(const char *s, unsigned int base, unsigned long *result);
int __must_check kstrtol(const char *s, unsigned int base, long *result);
int __must_check kstrtouint(const char *s, unsigned int base, unsigned int *result);
int __must_check kstrtoint(const char *s, unsigned int base, int *result);
int __must_check kstrtou16(const char *s, unsigned int base, u16 *result);
int __must_check kstrtos16(const char *s, unsigned int base, s16 *result);
int __must_check kstrtou8(const char *s, unsigned int base, u8 *result);
int __must_check kstrtos8(const char *s, unsigned int base, s8 *result);
/* y Y t T 1 on, n N f F 0 off (the first letter, or two of on, off, decide). */
int __must_check kstrtobool(const char *s, bool *result);

static inline int __must_check kstrtou64(const char *s, unsigned int base, u64 *result)
{
	return kstrtoull(s, base, result);
}

static inline int __must_check kstrtos64(const char *s, unsigned int base, s64 *result)
{
	return kstrtoll(s, base, result);
}

static inline int __must_check kstrtou32(const char *s, unsigned int base, u32 *result)
{
	return kstrtouint(s, base, result);
}

static inline int __must_check kstrtos32(const char *s, unsigned int base, s32 *result)
{
	return kstrtoint(s, base, result);
}

unsigned long long simple_strtoull(const char *s, char **end, unsigned int base);
long long simple_strtoll(const char *s, char **end, unsigned int base);
unsigned long simple_strtoul(const char *s, char **end, unsigned int base);
long simple_strtol(const char *s, char **end, unsigned int base);

#endif
