/* SPDX-License-Identifier: MIT */
/* asm/msr.h - the processor's own counter, on x86. Source: Intel SDM volume 2, "RDTSC". */
#ifndef _ASM_MSR_H
#define _ASM_MSR_H

#include <linux/types.h>

#if defined(__x86_64__) || defined(__i386__)
static inline u64 rdtsc(void)
{
	u32 low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (u64)high << 32 | low;
}
#endif

#endif
