/* SPDX-License-Identifier: MIT */
/*
 * linux/string.h - bytes and strings.
 *
 *	same in every libc	strlen, memcpy ...	declared here; a hosted program has its libc's,
 *						elsewhere lib/string.c supplies them
 *	the kernel's own	strscpy, strim ...	kmem_strscpy ..., so that no libc's name is taken
 *
 * Nothing here allocates or sleeps; kstrdup() and its family are slab.h's.
 * Source: core-api/kernel-api.rst, "String Manipulation".
 */
#ifndef _LINUX_STRING_H
#define _LINUX_STRING_H

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/types.h>

void *memcpy(void *dst, const void *src, size_t size);
void *memmove(void *dst, const void *src, size_t size);
void *memset(void *dst, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
int bcmp(const void *a, const void *b, size_t size);
void *memchr(const void *mem, int byte, size_t size);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
int strcasecmp(const char *a, const char *b);
int strncasecmp(const char *a, const char *b, size_t max);
char *strcpy(char *dst, const char *src);
char *stpcpy(char *dst, const char *src);
char *strncpy(char *dst, const char *src, size_t size);
char *strcat(char *dst, const char *src);
char *strncat(char *dst, const char *src, size_t max);
char *strchr(const char *s, int c);
char *strchrnul(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *part);
char *strpbrk(const char *s, const char *set);
size_t strspn(const char *s, const char *set);
size_t strcspn(const char *s, const char *set);
char *strsep(char **rest, const char *set);

/*
 * A freestanding compiler forgets what these mean; remind it, so that small fixed copies become moves. (Moves that no
 * sanitizer and no simulator would see: there they are calls of functions that know what they touch.)
 */
#ifndef KMEM_HOST_BLOCKS
#define memcpy(dst, src, size)	__builtin_memcpy(dst, src, size)
#define memmove(dst, src, size)	__builtin_memmove(dst, src, size)
#define memset(dst, byte, size)	__builtin_memset(dst, byte, size)
#define memcmp(a, b, size)	__builtin_memcmp(a, b, size)
#define strlen(s)		__builtin_strlen(s)
#endif

/* -------------------------------------------------------------------------------------------- the kernel's own */

/*
 * strscpy - copy a string into a buffer of @size bytes; what does not fit is cut, the end is always NUL.
 * Returns its length, or -E2BIG if it was cut or @size is 0. With two arguments, @dst is an array.
 */
ssize_t kmem_strscpy(char *dst, const char *src, size_t size);
/* The same, and the rest of the buffer becomes NUL. */
ssize_t kmem_strscpy_pad(char *dst, const char *src, size_t size);
#define __strscpy_pick(a, b, c, name, ...)	name
#define __strscpy_array(function, dst, src)	\
	function(dst, src, sizeof(dst) + __must_be_array(dst))
#define __strscpy2(dst, src, ...)	__strscpy_array(kmem_strscpy, dst, src)
#define __strscpy3(dst, src, size)	kmem_strscpy(dst, src, size)
#define __strscpy_pad2(dst, src, ...)	__strscpy_array(kmem_strscpy_pad, dst, src)
#define __strscpy_pad3(dst, src, size)	kmem_strscpy_pad(dst, src, size)
#define strscpy(...)	__strscpy_pick(__VA_ARGS__, __strscpy3, __strscpy2, )(__VA_ARGS__)
#define strscpy_pad(...) __strscpy_pick(__VA_ARGS__, __strscpy_pad3, __strscpy_pad2, )(__VA_ARGS__)

/* BSD's: return the length that was wanted; >= @size means cut. */
size_t kmem_strlcpy(char *dst, const char *src, size_t size);
size_t kmem_strlcat(char *dst, const char *src, size_t size);
#define strlcpy			kmem_strlcpy
#define strlcat			kmem_strlcat

/* Searches in at most @max characters. */
char *kmem_strnchr(const char *s, size_t max, int c);
char *kmem_strnchrnul(const char *s, size_t max, int c);
char *kmem_strnstr(const char *s, const char *part, size_t max);
#define strnchr			kmem_strnchr
#define strnchrnul		kmem_strnchrnul
#define strnstr			kmem_strnstr

/* White space: skip it; skip it and cut it off the end too, in place. */
char *kmem_skip_spaces(const char *s);
char *kmem_strim(char *s);
#define skip_spaces		kmem_skip_spaces
#define strim			kmem_strim
static inline __must_check char *strstrip(char *s)
{
	return strim(s);
}

/* Every @old becomes @c. Returns @s. */
char *kmem_strreplace(char *s, char old, char c);
#define strreplace		kmem_strreplace

/* The first byte that is not @byte, or NULL. */
void *kmem_memchr_inv(const void *mem, int byte, size_t size);
/* The first @byte, or the end. */
void *kmem_memscan(void *mem, int byte, size_t size);
/* memset() that no optimizer removes. */
void kmem_memzero_explicit(void *mem, size_t size);
void kmem_memcpy_and_pad(void *dst, size_t dst_size, const void *src, size_t count, int pad);
#define memchr_inv		kmem_memchr_inv
#define memscan			kmem_memscan
#define memzero_explicit	kmem_memzero_explicit
#define memcpy_and_pad		kmem_memcpy_and_pad

/* @count values, not bytes. */
static inline void *memset16(u16 *dst, u16 value, size_t count)
{
	for (size_t i = 0; i < count; i++)
		dst[i] = value;
	return dst;
}

static inline void *memset32(u32 *dst, u32 value, size_t count)
{
	for (size_t i = 0; i < count; i++)
		dst[i] = value;
	return dst;
}

static inline void *memset64(u64 *dst, u64 value, size_t count)
{
	for (size_t i = 0; i < count; i++)
		dst[i] = value;
	return dst;
}

static inline void *memset_l(unsigned long *dst, unsigned long value, size_t count)
{
	for (size_t i = 0; i < count; i++)
		dst[i] = value;
	return dst;
}

static inline void *memset_p(void **dst, void *value, size_t count)
{
	return memset_l((unsigned long *)dst, (unsigned long)value, count);
}

/* What follows the last '/'. */
const char *kmem_kbasename(const char *path);
#define kbasename		kmem_kbasename

/* Index of @s in @array (of @n strings; a NULL ends it sooner), or -EINVAL. */
int kmem_match_string(const char *const *array, size_t n, const char *s);
/* The same, comparing with sysfs_streq(). */
int kmem_sysfs_match_string(const char *const *array, size_t n, const char *s);
#define match_string		kmem_match_string
#define __sysfs_match_string	kmem_sysfs_match_string
#define sysfs_match_string(array, s) \
	kmem_sysfs_match_string(array, sizeof(array) / sizeof((array)[0]) + __must_be_array(array), s)

/* Equal, but for one newline at the end of either. */
bool kmem_sysfs_streq(const char *a, const char *b);
#define sysfs_streq		kmem_sysfs_streq

/* Length of @prefix if @s begins with it, otherwise 0. */
static inline size_t str_has_prefix(const char *s, const char *prefix)
{
	size_t size = strlen(prefix);

	return strncmp(s, prefix, size) ? 0 : size;
}

static inline bool strstarts(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

static inline const char *str_yes_no(bool v)
{
	return v ? "yes" : "no";
}

static inline const char *str_on_off(bool v)
{
	return v ? "on" : "off";
}

static inline const char *str_enabled_disabled(bool v)
{
	return v ? "enabled" : "disabled";
}

/* A string into a character array that need not end in NUL; the rest becomes @pad. */
#define strtomem_pad(dst, src, pad)						\
	kmem_memcpy_and_pad(dst, sizeof(dst) + __must_be_array(dst), src,	\
			    strnlen(src, sizeof(dst)), pad)
#define memset_after(object, byte, member)					\
	memset((u8 *)(object) + offsetof(__typeof__(*(object)), member) +	\
	       sizeof((object)->member), byte,					\
	       sizeof(*(object)) - offsetof(__typeof__(*(object)), member) - sizeof((object)->member))
#define memset_startat(object, byte, member)					\
	memset((u8 *)(object) + offsetof(__typeof__(*(object)), member), byte,	\
	       sizeof(*(object)) - offsetof(__typeof__(*(object)), member))

#endif
