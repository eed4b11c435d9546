/* SPDX-License-Identifier: MIT */
/*
 * format.h - the inside of the printf family: where text goes, what a conversion asks for, whom it asks.
 *
 *	%p %px %pK	16 hex digits (8 on 32 bits)	%ps %pS %pB	symbol, with +offset/size
 *	%pe		-ENOMEM for an ERR_PTR		%pV		struct va_format: a format of its own
 *	%pa %pad	phys_addr_t *, dma_addr_t *	%pGg %pGp %pGv	gfp_t *, page flags *, vma flags *
 *	%*ph[CDN]	bytes: 00 01, C : D - N none	%*pb %*pbl	bitmap as hex, as a list
 *	%pM %pMR %pMF %pm	MAC address		%pI4 %pi4[hnbl]	IPv4 address; h, l: little endian
 *	%pU[bBlL]	UUID				other letters	are eaten; the pointer is printed
 * Source: core-api/printk-formats.rst
 */
#ifndef LIB_FORMAT_H
#define LIB_FORMAT_H

#include <linux/kernel.h>

/* A buffer being filled; length counts on past its end, so it is what the whole text would take. */
struct format_out {
	char *buf;
	size_t size;
	size_t length;
};

/* One conversion: "%-#08.3llx". */
struct format_spec {
	bool left, plus, space, alternate, zero, upper;
	bool is_signed;
	int width;		/* -1: none */
	int precision;		/* -1: none */
	unsigned int base;
};

static inline void format_char(struct format_out *out, char c)
{
	if (out->length < out->size)
		out->buf[out->length] = c;
	out->length++;
}

void format_number(struct format_out *out, u64 number, struct format_spec spec);
/* @s cut at the precision and padded to the width; a bad pointer's name instead. */
void format_string(struct format_out *out, const char *s, struct format_spec spec);
/* @text holds the letters after %p. Returns what follows them. */
const char *format_pointer(struct format_out *out, const char *letters, const void *ptr, struct format_spec spec);
void format_all(struct format_out *out, const char *format, va_list args);

/* "(null)" or "(efault)" for what cannot be read; NULL for what may be. */
const char *format_bad_pointer(const void *ptr);
/* "-ENOMEM" for ENOMEM; NULL if it has no name. */
const char *format_errname(int error);

/*
 * Supplied by the machine's owner; the weak defaults print numbers. Each fills @buf of @size bytes and
 * returns it, or a constant.
 */
const char *kmem_symbol(char *buf, size_t size, unsigned long pc, bool offset);
const char *kmem_format_gfp(char *buf, size_t size, gfp_t gfp);
const char *kmem_format_page_flags(char *buf, size_t size, unsigned long flags);
const char *kmem_format_vma_flags(char *buf, size_t size, unsigned long flags);

#endif
