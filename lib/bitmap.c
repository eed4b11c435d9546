/* SPDX-License-Identifier: MIT */
/*
 * bitmap.c - searches in arrays of bits, and arrays of bits as sets.
 *
 *	nbits = 70, 64-bit longs	word 0 [63 ........ 0]  word 1 [-------- 69 .. 64]
 *	                                                         ^ the tail: any value, never an answer
 *
 * Lock: the caller's.
 */
#include <linux/bitmap.h>
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/string.h>

static inline unsigned long least(unsigned long a, unsigned long b)
{
	return a < b ? a : b;
}

/* Word @at of a search space: what the loops below look for set bits in. */
struct words {
	const unsigned long *a, *b;	/* b may be absent */
	unsigned long invert_a, invert_b;
};

static __always_inline unsigned long word_at(const struct words *words, unsigned long at)
{
	unsigned long word = words->a[at] ^ words->invert_a;

	return words->b ? word & (words->b[at] ^ words->invert_b) : word;
}

static __always_inline unsigned long find_from(struct words words, unsigned long size, unsigned long offset)
{
	unsigned long at = BIT_WORD(offset), word;

	if (offset >= size)
		return size;
	word = word_at(&words, at) & BITMAP_FIRST_WORD_MASK(offset);
	while (!word) {
		at++;
		if (at * BITS_PER_LONG >= size)
			return size;
		word = word_at(&words, at);
	}
	return least(at * BITS_PER_LONG + __ffs(word), size);
}

unsigned long _find_first_bit(const unsigned long *addr, unsigned long size)
{
	return find_from((struct words){ .a = addr }, size, 0);
}

unsigned long _find_next_bit(const unsigned long *addr, unsigned long size, unsigned long offset)
{
	return find_from((struct words){ .a = addr }, size, offset);
}

unsigned long find_first_zero_bit(const unsigned long *addr, unsigned long size)
{
	return find_from((struct words){ .a = addr, .invert_a = ~0ul }, size, 0);
}

unsigned long find_next_zero_bit(const unsigned long *addr, unsigned long size, unsigned long offset)
{
	return find_from((struct words){ .a = addr, .invert_a = ~0ul }, size, offset);
}

unsigned long find_first_and_bit(const unsigned long *addr1, const unsigned long *addr2, unsigned long size)
{
	return find_from((struct words){ .a = addr1, .b = addr2 }, size, 0);
}

unsigned long find_next_and_bit(const unsigned long *addr1, const unsigned long *addr2, unsigned long size,
				unsigned long offset)
{
	return find_from((struct words){ .a = addr1, .b = addr2 }, size, offset);
}

unsigned long find_next_andnot_bit(const unsigned long *addr1, const unsigned long *addr2, unsigned long size,
				   unsigned long offset)
{
	return find_from((struct words){ .a = addr1, .b = addr2, .invert_b = ~0ul }, size, offset);
}

unsigned long find_next_bit_wrap(const unsigned long *addr, unsigned long size, unsigned long offset)
{
	unsigned long bit = find_next_bit(addr, size, offset);

	if (bit < size || !offset)
		return bit;
	bit = find_first_bit(addr, least(offset, size));
	return bit < least(offset, size) ? bit : size;
}

unsigned long find_nth_bit(const unsigned long *addr, unsigned long size, unsigned long n)
{
	unsigned long bit;

	for_each_set_bit(bit, addr, size) {
		if (!n--)
			return bit;
	}
	return size;
}

unsigned long find_last_bit(const unsigned long *addr, unsigned long size)
{
	unsigned long at = BITS_TO_LONGS(size), mask = BITMAP_LAST_WORD_MASK(size);

	while (at--) {
		unsigned long word = addr[at] & mask;

		if (word)
			return at * BITS_PER_LONG + __fls(word);
		mask = ~0ul;
	}
	return size;
}

void bitmap_zero(unsigned long *dst, unsigned int nbits)
{
	memset(dst, 0, bitmap_size(nbits));
}

void bitmap_fill(unsigned long *dst, unsigned int nbits)
{
	memset(dst, 0xff, bitmap_size(nbits));
}

void bitmap_copy(unsigned long *dst, const unsigned long *src, unsigned int nbits)
{
	memmove(dst, src, bitmap_size(nbits));
}

void bitmap_copy_clear_tail(unsigned long *dst, const unsigned long *src, unsigned int nbits)
{
	bitmap_copy(dst, src, nbits);
	if (nbits % BITS_PER_LONG)
		dst[BIT_WORD(nbits)] &= BITMAP_LAST_WORD_MASK(nbits);
}

/* The bits of word @at that lie in [start, end). */
static __always_inline unsigned long span_mask(unsigned long at, unsigned long start, unsigned long end)
{
	unsigned long mask = ~0ul;

	if (at == BIT_WORD(start))
		mask &= BITMAP_FIRST_WORD_MASK(start);
	if (at == BIT_WORD(end - 1))
		mask &= BITMAP_LAST_WORD_MASK(end);
	return mask;
}

void bitmap_set(unsigned long *map, unsigned int start, unsigned int nbits)
{
	unsigned long end = (unsigned long)start + nbits;

	for (unsigned long at = BIT_WORD(start); nbits && at <= BIT_WORD(end - 1); at++)
		map[at] |= span_mask(at, start, end);
}

void bitmap_clear(unsigned long *map, unsigned int start, unsigned int nbits)
{
	unsigned long end = (unsigned long)start + nbits;

	for (unsigned long at = BIT_WORD(start); nbits && at <= BIT_WORD(end - 1); at++)
		map[at] &= ~span_mask(at, start, end);
}

bool bitmap_and(unsigned long *dst, const unsigned long *a, const unsigned long *b, unsigned int nbits)
{
	for (unsigned int at = 0; at < BITS_TO_LONGS(nbits); at++)
		dst[at] = a[at] & b[at];
	return !bitmap_empty(dst, nbits);
}

bool bitmap_andnot(unsigned long *dst, const unsigned long *a, const unsigned long *b, unsigned int nbits)
{
	for (unsigned int at = 0; at < BITS_TO_LONGS(nbits); at++)
		dst[at] = a[at] & ~b[at];
	return !bitmap_empty(dst, nbits);
}

void bitmap_or(unsigned long *dst, const unsigned long *a, const unsigned long *b, unsigned int nbits)
{
	for (unsigned int at = 0; at < BITS_TO_LONGS(nbits); at++)
		dst[at] = a[at] | b[at];
}

void bitmap_xor(unsigned long *dst, const unsigned long *a, const unsigned long *b, unsigned int nbits)
{
	for (unsigned int at = 0; at < BITS_TO_LONGS(nbits); at++)
		dst[at] = a[at] ^ b[at];
}

void bitmap_complement(unsigned long *dst, const unsigned long *src, unsigned int nbits)
{
	for (unsigned int at = 0; at < BITS_TO_LONGS(nbits); at++)
		dst[at] = ~src[at];
}

void bitmap_replace(unsigned long *dst, const unsigned long *old, const unsigned long *replacement,
		    const unsigned long *mask, unsigned int nbits)
{
	for (unsigned int at = 0; at < BITS_TO_LONGS(nbits); at++)
		dst[at] = (old[at] & ~mask[at]) | (replacement[at] & mask[at]);
}

/* Word @at, which may lie outside the bitmap, with a clear tail. */
static unsigned long clean_word(const unsigned long *src, long at, unsigned int nbits)
{
	long words = BITS_TO_LONGS(nbits);

	if (at < 0 || at >= words)
		return 0;
	return at == words - 1 ? src[at] & BITMAP_LAST_WORD_MASK(nbits) : src[at];
}

/* Up by @shift: from the top word down, so that dst may be src. */
void bitmap_shift_left(unsigned long *dst, const unsigned long *src, unsigned int shift, unsigned int nbits)
{
	long skip = BIT_WORD(shift);
	unsigned int rest = shift % BITS_PER_LONG;

	for (long at = (long)BITS_TO_LONGS(nbits) - 1; at >= 0; at--) {
		unsigned long word = clean_word(src, at - skip, nbits) << rest;

		if (rest)
			word |= clean_word(src, at - skip - 1, nbits) >> (BITS_PER_LONG - rest);
		dst[at] = word;
	}
}

/* Down by @shift: from the bottom word up. */
void bitmap_shift_right(unsigned long *dst, const unsigned long *src, unsigned int shift, unsigned int nbits)
{
	long skip = BIT_WORD(shift);
	unsigned int rest = shift % BITS_PER_LONG;

	for (long at = 0; at < (long)BITS_TO_LONGS(nbits); at++) {
		unsigned long word = clean_word(src, at + skip, nbits) >> rest;

		if (rest)
			word |= clean_word(src, at + skip + 1, nbits) << (BITS_PER_LONG - rest);
		dst[at] = word;
	}
}

unsigned int bitmap_weight(const unsigned long *src, unsigned int nbits)
{
	return bitmap_weight_and(src, src, nbits);
}

unsigned int bitmap_weight_and(const unsigned long *a, const unsigned long *b, unsigned int nbits)
{
	unsigned int weight = 0, whole = nbits / BITS_PER_LONG;

	for (unsigned int at = 0; at < whole; at++)
		weight += hweight_long(a[at] & b[at]);
	if (nbits % BITS_PER_LONG)
		weight += hweight_long(a[whole] & b[whole] & BITMAP_LAST_WORD_MASK(nbits));
	return weight;
}

bool bitmap_subset(const unsigned long *a, const unsigned long *b, unsigned int nbits)
{
	return find_next_andnot_bit(a, b, nbits, 0) >= nbits;
}

bool bitmap_equal(const unsigned long *a, const unsigned long *b, unsigned int nbits)
{
	return bitmap_subset(a, b, nbits) && bitmap_subset(b, a, nbits);
}

bool bitmap_intersects(const unsigned long *a, const unsigned long *b, unsigned int nbits)
{
	return find_first_and_bit(a, b, nbits) < nbits;
}

unsigned long bitmap_find_next_zero_area_off(unsigned long *map, unsigned long size, unsigned long start,
					     unsigned int nr, unsigned long align_mask,
					     unsigned long align_offset)
{
	for (;;) {
		unsigned long place = find_next_zero_bit(map, size, start), end, obstacle;

		place = ((place + align_offset + align_mask) & ~align_mask) - align_offset;
		end = place + nr;
		if (end > size)
			return end;
		obstacle = find_next_bit(map, end, place);
		if (obstacle >= end)
			return place;
		start = obstacle + 1;
	}
}

int bitmap_find_free_region(unsigned long *bitmap, unsigned int bits, int order)
{
	unsigned int length = 1u << order;

	for (unsigned int pos = 0; pos < bits && length <= bits - pos; pos += length) {
		if (!bitmap_allocate_region(bitmap, pos, order))
			return pos;
	}
	return -ENOMEM;
}

void bitmap_release_region(unsigned long *bitmap, unsigned int pos, int order)
{
	bitmap_clear(bitmap, pos, 1u << order);
}

int bitmap_allocate_region(unsigned long *bitmap, unsigned int pos, int order)
{
	unsigned int end = pos + (1u << order);

	if (find_next_bit(bitmap, end, pos) < end)
		return -EBUSY;
	bitmap_set(bitmap, pos, end - pos);
	return 0;
}

/* One item of a list: of every @group bits from @first to @last, the first @used. */
struct region {
	unsigned int first, last, used, group;
};

/* A decimal number, or "N" for the last bit. Returns what follows, or NULL with *@error set. */
static const char *parse_number(const char *text, unsigned int *number, unsigned int last_bit, int *error)
{
	u64 value = 0;

	if (*text == 'N') {
		*number = last_bit;
		return text + 1;
	}
	*error = -EINVAL;
	if (!isdigit(*text))
		return NULL;
	*error = -EOVERFLOW;
	for (; isdigit(*text); text++) {
		value = value * 10 + (*text - '0');
		if (value > INT_MAX)
			return NULL;
	}
	*number = value;
	return text;
}

static bool ends_item(char c)
{
	return !c || c == ',' || isspace(c);
}

/* Read "first[-last[:used/group]]" or "all[:used/group]". Returns what follows, or NULL with *@error set. */
static const char *parse_region(const char *text, struct region *region, unsigned int last_bit, int *error)
{
	if (!strncasecmp(text, "all", 3)) {
		region->first = 0;
		region->last = last_bit;
		text += 3;
	} else {
		text = parse_number(text, &region->first, last_bit, error);
		if (!text)
			return NULL;
		region->last = region->first;
		if (*text == '-') {
			text = parse_number(text + 1, &region->last, last_bit, error);
			if (!text)
				return NULL;
		} else if (!ends_item(*text)) {
			goto invalid;
		}
	}
	region->used = region->group = region->last - region->first + 1;
	if (ends_item(*text))
		return text;
	if (*text != ':')
		goto invalid;
	text = parse_number(text + 1, &region->used, last_bit, error);
	if (!text)
		return NULL;
	if (*text != '/')
		goto invalid;
	text = parse_number(text + 1, &region->group, last_bit, error);
	if (!text || ends_item(*text))
		return text;
invalid:
	*error = -EINVAL;
	return NULL;
}

/* 0, or what is wrong with the region. */
static int region_check(const struct region *region, unsigned int nbits)
{
	if (region->first > region->last || !region->group || region->used > region->group)
		return -EINVAL;
	return region->last >= nbits ? -ERANGE : 0;
}

static void region_set(const struct region *region, unsigned long *map)
{
	unsigned long end = (unsigned long)region->last + 1;

	for (unsigned long at = region->first; at < end; at += region->group)
		bitmap_set(map, at, least(region->used, end - at));
}

int bitmap_parselist(const char *list, unsigned long *maskp, int nbits)
{
	int error = 0;

	bitmap_zero(maskp, nbits);
	for (;;) {
		struct region region;

		while (*list == ',' || isspace(*list))
			list++;
		if (!*list)
			return 0;
		list = parse_region(list, &region, nbits - 1, &error);
		if (!list)
			return error;
		error = region_check(&region, nbits);
		if (error)
			return error;
		region_set(&region, maskp);
	}
}
