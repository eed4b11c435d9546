/* SPDX-License-Identifier: MIT */
/*
 * clear.c - whole pages cleared by AVX, where the processor has it.
 *
 * An image keeps to general registers (host.mk), all but host_clear_pages(). So vector registers are nobody's: they are
 * neither saved for an interrupt nor for another task, and hold zeros on every processor from its start on. Whoever
 * is interrupted while it clears goes on with zeros, whatever ran meanwhile, and wherever it goes on.
 * Source: Intel SDM volume 1, "Detection of AVX instructions"; volume 3A, "Enabling the XSAVE feature set".
 */
#include <linux/compiler.h>
#include <linux/string.h>
#include "host/clear.h"
#include "host/x86/x86.h"

#define CPUID_XSAVE (1u << 26)
#define CPUID_AVX (1u << 28)
#define CR0_EM_TS 0xcul			/* such instructions are a fault */
#define CR4_OSXSAVE (1ul << 18)
#define XCR0_X87_SSE_AVX 7u

static bool has_avx;			/* as the first processor has it */

static void avx_on(void)
{
	unsigned long cr;

	__asm__ volatile("mov %%cr0, %0; and %1, %0; mov %0, %%cr0" : "=&r"(cr) : "i"(~CR0_EM_TS) : "memory");
	__asm__ volatile("mov %%cr4, %0; or %1, %0; mov %0, %%cr4" : "=&r"(cr) : "i"(CR4_OSXSAVE) : "memory");
	__asm__ volatile("xsetbv" : : "c"(0), "a"(XCR0_X87_SSE_AVX), "d"(0) : "memory");
	__asm__ volatile("vzeroall");
}

void vectors_on(void)
{
	if ((cpuid(1).c & (CPUID_XSAVE | CPUID_AVX)) != (CPUID_XSAVE | CPUID_AVX))
		return;
	avx_on();
	has_avx = true;
}

bool x86_clears_by_vectors(void)
{
	return has_avx;
}

void *host_clear_pages(void *start, unsigned long nr)
{
	if (unlikely(!has_avx))
		return memset(start, 0, nr << PAGE_SHIFT);
	return clear_by_vectors(start, nr);
}
