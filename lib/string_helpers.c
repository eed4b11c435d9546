/* SPDX-License-Identifier: MIT */
/*
 * string_helpers.c - the kernel's own string functions, which no libc has or which differ there.
 *
 * Declared, with what they promise, in <linux/string.h>.
 */
#include <linux/ctype.h>
#include <linux/minmax.h>
#include <linux/string.h>

ssize_t kmem_strscpy(char *dst, const char *src, size_t size)
{
	size_t length;

	if (!size)
		return -E2BIG;
	length = strnlen(src, size);
	if (length < size) {
		memcpy(dst, src, length + 1);
		return length;
	}
	memcpy(dst, src, size - 1);
	dst[size - 1] = '\0';
	return -E2BIG;
}

ssize_t kmem_strscpy_pad(char *dst, const char *src, size_t size)
{
	ssize_t length = kmem_strscpy(dst, src, size);

	if (length >= 0)
		memset(dst + length, 0, size - length);
	return length;
}

size_t kmem_strlcpy(char *dst, const char *src, size_t size)
{
	kmem_strscpy(dst, src, size);
	return strlen(src);
}

size_t kmem_strlcat(char *dst, const char *src, size_t size)
{
	size_t used = strnlen(dst, size);

	return used + kmem_strlcpy(dst + used, src, size - used);
}

char *kmem_strnchrnul(const char *s, size_t max, int c)
{
	while (max-- && *s && *s != (char)c)
		s++;
	return (char *)s;
}

char *kmem_strnchr(const char *s, size_t max, int c)
{
	for (; max; s++, max--) {
		if (*s == (char)c)
			return (char *)s;
		if (!*s)
			break;
	}
	return NULL;
}

char *kmem_strnstr(const char *s, const char *part, size_t max)
{
	size_t size = strlen(part);

	for (max = strnlen(s, max); max >= size; s++, max--) {
		if (!memcmp(s, part, size))
			return (char *)s;
	}
	return NULL;
}

char *kmem_skip_spaces(const char *s)
{
	while (isspace(*s))
		s++;
	return (char *)s;
}

char *kmem_strim(char *s)
{
	size_t length = strlen(s);

	while (length && isspace(s[length - 1]))
		length--;
	s[length] = '\0';
	return skip_spaces(s);
}

char *kmem_strreplace(char *s, char old, char c)
{
	for (char *at = s; *at; at++) {
		if (*at == old)
			*at = c;
	}
	return s;
}

/* A word at a time between the ragged ends: slab poison checks live on it. */
void *kmem_memchr_inv(const void *mem, int byte, size_t size)
{
	const unsigned char *at = mem;
	unsigned long pattern = ~0ul / 0xff * (unsigned char)byte;

	for (; size && (unsigned long)at % sizeof(long); at++, size--) {
		if (*at != (unsigned char)byte)
			return (void *)at;
	}
	for (; size >= sizeof(long); at += sizeof(long), size -= sizeof(long)) {
		unsigned long word;

		memcpy(&word, at, sizeof(word));
		if (word != pattern)
			break;
	}
	for (; size; at++, size--) {
		if (*at != (unsigned char)byte)
			return (void *)at;
	}
	return NULL;
}

void *kmem_memscan(void *mem, int byte, size_t size)
{
	unsigned char *at = mem;

	while (size && *at != (unsigned char)byte) {
		at++;
		size--;
	}
	return at;
}

void kmem_memzero_explicit(void *mem, size_t size)
{
	memset(mem, 0, size);
	barrier_data(mem);
}

void kmem_memcpy_and_pad(void *dst, size_t dst_size, const void *src, size_t count, int pad)
{
	count = min(count, dst_size);
	memcpy(dst, src, count);
	memset((char *)dst + count, pad, dst_size - count);
}

const char *kmem_kbasename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int kmem_match_string(const char *const *array, size_t n, const char *s)
{
	for (size_t i = 0; i < n && array[i]; i++) {
		if (!strcmp(array[i], s))
			return i;
	}
	return -EINVAL;
}

int kmem_sysfs_match_string(const char *const *array, size_t n, const char *s)
{
	for (size_t i = 0; i < n && array[i]; i++) {
		if (sysfs_streq(array[i], s))
			return i;
	}
	return -EINVAL;
}

/* Nothing but a newline is left. */
static bool at_end(const char *s)
{
	return !*s || (*s == '\n' && !s[1]);
}

bool kmem_sysfs_streq(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return at_end(a) && at_end(b);
}
