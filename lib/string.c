/* SPDX-License-Identifier: MIT */
/*
 * string.c - the part of a libc that a compiler and a kernel rely on, for machines that have none.
 *
 * Linked on metal and into the simulator; another program has its libc's. A test includes this file with
 * KMEM_LIBC(name) giving each function another name. On x86 the block functions are string instructions, elsewhere
 * loops with a barrier: without one the compiler would recognise them and make each a call of the function that it is
 * in. A host that has its own defines KMEM_HOST_BLOCKS.
 */
#include <linux/compiler.h>
#include <linux/ctype.h>

#ifndef KMEM_LIBC
#define KMEM_LIBC(name) name
#endif

void *KMEM_LIBC(memcpy)(void *dst, const void *src, size_t size);
void *KMEM_LIBC(memmove)(void *dst, const void *src, size_t size);
void *KMEM_LIBC(memset)(void *dst, int byte, size_t size);
int KMEM_LIBC(memcmp)(const void *a, const void *b, size_t size);
int KMEM_LIBC(bcmp)(const void *a, const void *b, size_t size);
void *KMEM_LIBC(memchr)(const void *mem, int byte, size_t size);
size_t KMEM_LIBC(strlen)(const char *s);
size_t KMEM_LIBC(strnlen)(const char *s, size_t max);
int KMEM_LIBC(strcmp)(const char *a, const char *b);
int KMEM_LIBC(strncmp)(const char *a, const char *b, size_t max);
int KMEM_LIBC(strcasecmp)(const char *a, const char *b);
int KMEM_LIBC(strncasecmp)(const char *a, const char *b, size_t max);
char *KMEM_LIBC(strcpy)(char *dst, const char *src);
char *KMEM_LIBC(stpcpy)(char *dst, const char *src);
char *KMEM_LIBC(strncpy)(char *dst, const char *src, size_t size);
char *KMEM_LIBC(strcat)(char *dst, const char *src);
char *KMEM_LIBC(strncat)(char *dst, const char *src, size_t max);
char *KMEM_LIBC(strchr)(const char *s, int c);
char *KMEM_LIBC(strchrnul)(const char *s, int c);
char *KMEM_LIBC(strrchr)(const char *s, int c);
char *KMEM_LIBC(strstr)(const char *s, const char *part);
char *KMEM_LIBC(strpbrk)(const char *s, const char *set);
size_t KMEM_LIBC(strspn)(const char *s, const char *set);
size_t KMEM_LIBC(strcspn)(const char *s, const char *set);
char *KMEM_LIBC(strsep)(char **rest, const char *set);

#ifndef KMEM_HOST_BLOCKS
#if (defined(__x86_64__) || defined(__i386__)) && !defined(KMEM_PLAIN_BLOCKS)
void *KMEM_LIBC(memcpy)(void *dst, const void *src, size_t size)
{
	void *to = dst;

	__asm__ __volatile__("rep movsb" : "+D"(to), "+S"(src), "+c"(size) : : "memory");
	return dst;
}

void *KMEM_LIBC(memmove)(void *dst, const void *src, size_t size)
{
	void *to = (char *)dst + size - 1;
	const void *from = (const char *)src + size - 1;

	if ((unsigned long)dst - (unsigned long)src >= size)
		return KMEM_LIBC(memcpy)(dst, src, size);
	__asm__ __volatile__("std\n\trep movsb\n\tcld" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
	return dst;
}

void *KMEM_LIBC(memset)(void *dst, int byte, size_t size)
{
	void *to = dst;

	__asm__ __volatile__("rep stosb" : "+D"(to), "+c"(size) : "a"(byte) : "memory");
	return dst;
}
#else
typedef unsigned long __attribute__((may_alias)) aliased;
#define WORD sizeof(unsigned long)

static bool is_whole(unsigned long bits, size_t size)
{
	return size >= WORD && !(bits & (WORD - 1));
}

void *KMEM_LIBC(memcpy)(void *dst, const void *src, size_t size)
{
	unsigned char *to = dst;
	const unsigned char *from = src;

	while (size) {
		bool whole = is_whole((unsigned long)to | (unsigned long)from, size);
		size_t step = whole ? WORD : 1;

		if (whole)
			*(aliased *)(void *)to = *(const aliased *)(const void *)from;
		else
			*to = *from;
		to += step;
		from += step;
		size -= step;
		barrier();
	}
	return dst;
}

void *KMEM_LIBC(memmove)(void *dst, const void *src, size_t size)
{
	unsigned char *to = dst;
	const unsigned char *from = src;

	if ((unsigned long)dst - (unsigned long)src >= size)
		return KMEM_LIBC(memcpy)(dst, src, size);
	while (size--) {
		to[size] = from[size];
		barrier();
	}
	return dst;
}

void *KMEM_LIBC(memset)(void *dst, int byte, size_t size)
{
	unsigned long word = (unsigned char)byte * (~0ul / 255);
	unsigned char *to = dst;

	while (size) {
		bool whole = is_whole((unsigned long)to, size);
		size_t step = whole ? WORD : 1;

		if (whole)
			*(aliased *)(void *)to = word;
		else
			*to = (unsigned char)byte;
		to += step;
		size -= step;
		barrier();
	}
	return dst;
}
#endif

int KMEM_LIBC(memcmp)(const void *a, const void *b, size_t size)
{
	const unsigned char *x = a, *y = b;

	for (; size; x++, y++, size--) {
		if (*x != *y)
			return *x - *y;
	}
	return 0;
}

#endif

int KMEM_LIBC(bcmp)(const void *a, const void *b, size_t size)
{
	return KMEM_LIBC(memcmp)(a, b, size);
}

void *KMEM_LIBC(memchr)(const void *mem, int byte, size_t size)
{
	for (const unsigned char *at = mem; size; at++, size--) {
		if (*at == (unsigned char)byte)
			return (void *)at;
	}
	return NULL;
}

/* The barrier keeps the loop from becoming a call of strlen(). */
size_t KMEM_LIBC(strlen)(const char *s)
{
	const char *end = s;

	while (*end) {
		end++;
		barrier();
	}
	return end - s;
}

size_t KMEM_LIBC(strnlen)(const char *s, size_t max)
{
	size_t length = 0;

	while (length < max && s[length])
		length++;
	return length;
}

int KMEM_LIBC(strncmp)(const char *a, const char *b, size_t max)
{
	for (; max; a++, b++, max--) {
		if (*a != *b || !*a)
			return (unsigned char)*a - (unsigned char)*b;
	}
	return 0;
}

int KMEM_LIBC(strcmp)(const char *a, const char *b)
{
	return KMEM_LIBC(strncmp)(a, b, ~(size_t)0);
}

int KMEM_LIBC(strncasecmp)(const char *a, const char *b, size_t max)
{
	for (; max; a++, b++, max--) {
		int x = tolower((unsigned char)*a), y = tolower((unsigned char)*b);

		if (x != y || !x)
			return x - y;
	}
	return 0;
}

int KMEM_LIBC(strcasecmp)(const char *a, const char *b)
{
	return KMEM_LIBC(strncasecmp)(a, b, ~(size_t)0);
}

char *KMEM_LIBC(stpcpy)(char *dst, const char *src)
{
	size_t size = KMEM_LIBC(strlen)(src);

	KMEM_LIBC(memcpy)(dst, src, size + 1);
	return dst + size;
}

char *KMEM_LIBC(strcpy)(char *dst, const char *src)
{
	KMEM_LIBC(stpcpy)(dst, src);
	return dst;
}

char *KMEM_LIBC(strncpy)(char *dst, const char *src, size_t size)
{
	size_t length = KMEM_LIBC(strnlen)(src, size);

	KMEM_LIBC(memcpy)(dst, src, length);
	KMEM_LIBC(memset)(dst + length, 0, size - length);
	return dst;
}

char *KMEM_LIBC(strcat)(char *dst, const char *src)
{
	KMEM_LIBC(strcpy)(dst + KMEM_LIBC(strlen)(dst), src);
	return dst;
}

char *KMEM_LIBC(strncat)(char *dst, const char *src, size_t max)
{
	size_t length = KMEM_LIBC(strnlen)(src, max);
	char *end = dst + KMEM_LIBC(strlen)(dst);

	KMEM_LIBC(memcpy)(end, src, length);
	end[length] = '\0';
	return dst;
}

char *KMEM_LIBC(strchrnul)(const char *s, int c)
{
	while (*s && *s != (char)c)
		s++;
	return (char *)s;
}

char *KMEM_LIBC(strchr)(const char *s, int c)
{
	char *found = KMEM_LIBC(strchrnul)(s, c);

	return *found == (char)c ? found : NULL;
}

char *KMEM_LIBC(strrchr)(const char *s, int c)
{
	const char *found = NULL;

	for (;; s++) {
		if (*s == (char)c)
			found = s;
		if (!*s)
			return (char *)found;
	}
}

char *KMEM_LIBC(strstr)(const char *s, const char *part)
{
	size_t size = KMEM_LIBC(strlen)(part);

	for (;; s++) {
		if (!KMEM_LIBC(strncmp)(s, part, size))
			return (char *)s;
		if (!*s)
			return NULL;
	}
}

size_t KMEM_LIBC(strspn)(const char *s, const char *set)
{
	size_t length = 0;

	while (s[length] && KMEM_LIBC(strchr)(set, s[length]))
		length++;
	return length;
}

size_t KMEM_LIBC(strcspn)(const char *s, const char *set)
{
	size_t length = 0;

	while (s[length] && !KMEM_LIBC(strchr)(set, s[length]))
		length++;
	return length;
}

char *KMEM_LIBC(strpbrk)(const char *s, const char *set)
{
	s += KMEM_LIBC(strcspn)(s, set);
	return *s ? (char *)s : NULL;
}

char *KMEM_LIBC(strsep)(char **rest, const char *set)
{
	char *token = *rest, *end;

	if (!token)
		return NULL;
	end = KMEM_LIBC(strpbrk)(token, set);
	if (end)
		*end++ = '\0';
	*rest = end;
	return token;
}
