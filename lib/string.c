/* SPDX-License-Identifier: MIT */
/*
 * string.c - the part of a libc that a compiler and a kernel rely on, for machines that have none.
 *
 * Linked on metal and into the simulator; another program has its libc's. A test includes this file with
 * KMEM_LIBC(name) giving each function another name. On x86 the block functions copy whole words, large ones by string
 * instructions; elsewhere they are loops with a barrier: without one the compiler would recognise them and make each a
 * call of the function that it is in. A host that has its own defines KMEM_HOST_BLOCKS.
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
/*
 * Whole words, wherever they lie; below SHORT_BLOCK bytes without a string instruction, which takes longer to begin.
 * The last word may overlap the one before. compiler_wait(): a loop that the compiler knows becomes a call of itself.
 */
typedef unsigned long __attribute__((may_alias, aligned(1))) block_word;
#define WORD sizeof(block_word)
#define SHORT_BLOCK 256u
#define compiler_wait(pointer) __asm__ __volatile__("" : "+r"(pointer))
#ifdef __x86_64__
#define REP_WORDS(instruction) "rep " instruction "q"
#else
#define REP_WORDS(instruction) "rep " instruction "l"
#endif

static void copy_bytes(char *to, const char *from, size_t size)
{
	for (; size; size--) {
		*to++ = *from++;
		compiler_wait(to);
	}
}

/* The last word is read first: where the blocks overlap, memmove()'s, it may be written before. */
void *KMEM_LIBC(memcpy)(void *dst, const void *src, size_t size)
{
	char *to = dst;
	const char *from = src;
	size_t words = (size - 1) / WORD;
	unsigned long last;

	if (size < WORD) {
		copy_bytes(to, from, size);
		return dst;
	}
	last = *(const block_word *)(from + size - WORD);
	if (size >= SHORT_BLOCK)
		__asm__ __volatile__(REP_WORDS("movs") : "+D"(to), "+S"(from), "+c"(words) : : "memory");
	for (; words; words--, to += WORD, from += WORD) {
		*(block_word *)to = *(const block_word *)from;
		compiler_wait(to);
	}
	*(block_word *)((char *)dst + size - WORD) = last;
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

static void set_bytes(char *to, char byte, size_t size)
{
	for (; size; size--) {
		*to++ = byte;
		compiler_wait(to);
	}
}

void *KMEM_LIBC(memset)(void *dst, int byte, size_t size)
{
	unsigned long word = (unsigned char)byte * (~0ul / 255);
	size_t words = (size - 1) / WORD;
	char *to = dst;

	if (size < WORD) {
		set_bytes(to, (char)byte, size);
		return dst;
	}
	if (size >= SHORT_BLOCK)
		__asm__ __volatile__(REP_WORDS("stos") : "+D"(to), "+c"(words) : "a"(word) : "memory");
	for (; words >= 4; words -= 4, to += 4 * WORD) {
		for (unsigned int i = 0; i < 4; i++)
			((block_word *)to)[i] = word;
		compiler_wait(to);
	}
	for (; words; words--, to += WORD) {
		*(block_word *)to = word;
		compiler_wait(to);
	}
	*(block_word *)((char *)dst + size - WORD) = word;
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
