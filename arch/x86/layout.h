/* SPDX-License-Identifier: MIT */
/*
 * layout.h - where things are in the last GiB of an i386 machine. Arithmetic only.
 *
 *	c0000000 [ low memory ] 8M [ vmalloc ] [ pkmap ] [ zero ] [ local ] ] fffff000
 *	                           ^ vmalloc_start     ^ KMAP_BASE        ^ KMAP_END
 *
 * The direct map takes what vmalloc= leaves, at most 896M. The gap before the vmalloc area catches who runs off the end
 * of memory; the two pages before KMAP_BASE, who runs off that of the area. What is from KMAP_BASE on is the same on
 * every machine, and lies as far from the end of the window where a 64-bit host has one for high memory: offsets, then,
 * from KMAP_BASE.
 *
 * Source: Documentation/mm/highmem.rst, admin-guide/kernel-parameters.txt (vmalloc=), and what Linux prints at boot.
 */
#ifndef ARCH_X86_LAYOUT_H
#define ARCH_X86_LAYOUT_H

#include <kmem/layout.h>

#define I386_PAGE_OFFSET 0xc0000000u
#define I386_VMALLOC_GAP (8u << 20)
#define I386_MAX_LOW (896ull << 20)
#define I386_VMALLOC_RESERVE (128ull << 20)	/* of the last GiB, what low memory leaves unless vmalloc= says more */
#define I386_KMAP_BASE 0xff800000u
#define I386_FIXADDR_TOP 0xfffff000u		/* as it is printed; no page from I386_TOP on is used */
#define I386_TOP 0xffffe000u

/* How much memory has logical addresses where there is enough; vmalloc: what vmalloc= says, or 0. */
static inline u64 i386_low_limit(u64 vmalloc)
{
	if (vmalloc <= I386_VMALLOC_RESERVE)
		return I386_MAX_LOW;
	return I386_MAX_LOW + I386_VMALLOC_RESERVE - (vmalloc < I386_MAX_LOW ? vmalloc : I386_MAX_LOW);
}

/* Where the vmalloc area begins, after so many bytes of low memory. */
static inline u32 i386_vmalloc_start(u64 low_bytes)
{
	u64 end = I386_PAGE_OFFSET + low_bytes;

	return (u32)((end + 2 * I386_VMALLOC_GAP - 1) & ~(u64)(I386_VMALLOC_GAP - 1));
}

#endif
