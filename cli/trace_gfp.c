/* SPDX-License-Identifier: MIT */
/*
 * trace_gfp.c - the names of allocation flags, of every kernel from 5.4 on, and what they are here.
 *
 *	"GFP_KERNEL|__GFP_ZERO|0x2000000"
 *	  |          |          `- a bit this kernel had no name for: bits 0..22 are the same everywhere, others unknown
 *	  |          `- one flag
 *	  `- a combination: printed first, as it covers most bits
 *
 * The names matter, not the kernel's numbers: a flag has moved or gone between versions, its name has not.
 * Order of the table: a printed text names the first entry that fits the bits left, as a kernel's would.
 */
#include "cli/trace_line.h"

#include <kmem/gfp.h>
#include <stdio.h>
#include <string.h>

/* Bits whose number has been the same since 5.4; above them versions differ. */
#define STABLE_BITS 0x7fffffu

struct gfp_name {
	const char *name;
	u8 len;
	bool is_printed;		/* false: read only */
	gfp_t bits;
};

#define WRITES(flag) { #flag, sizeof(#flag) - 1, true, flag }
#define READS(flag, bits) { #flag, sizeof(#flag) - 1, false, bits }

static const struct gfp_name names[] = {
	WRITES(GFP_TRANSHUGE),
	WRITES(GFP_TRANSHUGE_LIGHT),
	WRITES(GFP_HIGHUSER_MOVABLE),
	WRITES(GFP_HIGHUSER),
	WRITES(GFP_USER),
	WRITES(GFP_KERNEL_ACCOUNT),
	WRITES(GFP_KERNEL),
	WRITES(GFP_NOFS),
	WRITES(GFP_ATOMIC),
	WRITES(GFP_NOIO),
	WRITES(GFP_NOWAIT),
	WRITES(GFP_DMA),
	WRITES(GFP_DMA32),
	WRITES(__GFP_HIGHMEM),
	WRITES(__GFP_MOVABLE),
	WRITES(__GFP_RECLAIMABLE),
	WRITES(__GFP_HIGH),
	WRITES(__GFP_IO),
	WRITES(__GFP_FS),
	WRITES(__GFP_ZERO),
	WRITES(__GFP_ATOMIC),
	WRITES(__GFP_DIRECT_RECLAIM),
	WRITES(__GFP_WRITE),
	WRITES(__GFP_NOWARN),
	WRITES(__GFP_RETRY_MAYFAIL),
	WRITES(__GFP_NOFAIL),
	WRITES(__GFP_NORETRY),
	WRITES(__GFP_MEMALLOC),
	WRITES(__GFP_COMP),
	WRITES(__GFP_NOMEMALLOC),
	WRITES(__GFP_HARDWALL),
	WRITES(__GFP_THISNODE),
	WRITES(__GFP_ACCOUNT),
	WRITES(__GFP_ZEROTAGS),
	READS(__GFP_RECLAIM, __GFP_RECLAIM),
	READS(__GFP_KSWAPD_RECLAIM, __GFP_KSWAPD_RECLAIM),
	READS(__GFP_DMA, __GFP_DMA),
	READS(__GFP_DMA32, __GFP_DMA32),
	/* Hints with no part in where memory comes from. */
	READS(__GFP_NOLOCKDEP, 0),
	READS(__GFP_NO_OBJ_EXT, 0),
	READS(__GFP_SKIP_ZERO, 0),
	READS(__GFP_SKIP_KASAN, 0),
	READS(__GFP_SKIP_KASAN_POISON, 0),
	READS(__GFP_SKIP_KASAN_UNPOISON, 0),
	/* Names that vendors' kernels brought along from before 5.4. */
	READS(__GFP_REPEAT, __GFP_RETRY_MAYFAIL),
	READS(__GFP_NOTRACK, 0),
	READS(__GFP_COLD, 0),
	READS(__GFP_OTHER_NODE, 0),
	READS(GFP_TEMPORARY, GFP_KERNEL | __GFP_RECLAIMABLE),
	READS(none, 0),
};

#define NR_NAMES (sizeof(names) / sizeof(names[0]))

static void note_unknown(struct trace_line *line, struct span part)
{
	if (line->nr_unknown_gfp < TRACE_LINE_UNKNOWN_GFP)
		line->unknown_gfp[line->nr_unknown_gfp] = part;
	line->nr_unknown_gfp++;
}

/* A number: hexadecimal behind 0x, else decimal. False if it is none. */
static bool number_of(struct span part, u64 *value)
{
	bool is_hex = part.len > 2 && part.at[0] == '0' && (part.at[1] == 'x' || part.at[1] == 'X');
	size_t i = is_hex ? 2 : 0;

	*value = 0;
	if (!part.len || part.len - i > 16)
		return false;
	for (; i < part.len; i++) {
		unsigned int c = (unsigned char)part.at[i], digit = c - '0';

		if (is_hex && digit > 9)
			digit = (c | 0x20) - 'a' < 6 ? (c | 0x20) - 'a' + 10 : 99;
		if (digit > (is_hex ? 15 : 9))
			return false;
		*value = *value * (is_hex ? 16 : 10) + digit;
	}
	return true;
}

static void parse_part(struct trace_line *line, struct span part)
{
	u64 value;

	for (size_t i = 0; i < NR_NAMES; i++) {
		if (!span_is(part, names[i].name, names[i].len))
			continue;
		line->event.gfp |= names[i].bits;
		return;
	}
	if (number_of(part, &value)) {
		line->event.gfp |= (__force gfp_t)(value & STABLE_BITS);
		if (!(value & ~(u64)STABLE_BITS))
			return;
	}
	note_unknown(line, part);
}

void trace_gfp_parse(struct trace_line *line, struct span text)
{
	const char *part = text.at, *end = text.at + text.len;

	line->event.gfp = 0;
	while (part < end) {
		const char *bar = memchr(part, '|', (size_t)(end - part));

		if (!bar)
			bar = end;
		parse_part(line, (struct span){ part, (size_t)(bar - part) });
		part = bar + 1;
	}
}

int trace_format_gfp(char *buf, size_t size, gfp_t gfp)
{
	size_t len = 0;

	if (!gfp)
		return snprintf(buf, size, "none");
	for (size_t i = 0; gfp && i <= NR_NAMES; i++) {
		char *at = len < size ? buf + len : NULL;
		size_t left = len < size ? size - len : 0;
		const char *bar = len ? "|" : "";

		if (i == NR_NAMES) {
			len += (size_t)snprintf(at, left, "%s0x%x", bar, (__force unsigned int)gfp);
		} else if (names[i].is_printed && names[i].bits && (gfp & names[i].bits) == names[i].bits) {
			len += (size_t)snprintf(at, left, "%s%s", bar, names[i].name);
			gfp &= ~names[i].bits;
		}
	}
	return (int)len;
}
