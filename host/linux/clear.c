/* SPDX-License-Identifier: MIT */
/*
 * clear.c - whole pages cleared by AVX, if the processor has it and nothing must see each store.
 *
 * libc is asked, where it has an answer: it has asked the processor when the program started, and in a virtual machine
 * each such question goes to its monitor (two took 20 us, a tenth of booting). Else the processor is asked, once.
 * (__builtin_cpu_supports() asks it for everything there is when the program starts, in 5 KiB of libgcc's code, and
 * programs with that in them took a tenth longer for a pair of 64 bytes.)
 * Source: Intel SDM volume 1, "Detection of AVX instructions".
 */
#include <kmem/host.h>
#include <kmem/page.h>
#include <string.h>
#include "host/clear.h"
#include "host/linux/host.h"

#if HAVE_CLEAR_BY_VECTORS
#include <cpuid.h>
#if defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 33)
#include <sys/platform/x86.h>
#endif
#endif

#define AVX_ENABLED (bit_OSXSAVE | bit_AVX)
#define XCR0_SSE_AVX 6u			/* the system saves these registers */

enum avx {
	UNKNOWN,
	WITHOUT_AVX,
	WITH_AVX,
};

#ifdef CPU_FEATURE_ACTIVE
static int avx_ask(void)
{
	return CPU_FEATURE_ACTIVE(AVX) ? WITH_AVX : WITHOUT_AVX;
}
#else
static int avx_ask(void)
{
	unsigned int a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || (c & AVX_ENABLED) != AVX_ENABLED)
		return WITHOUT_AVX;
	__asm__("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
	return (a & XCR0_SSE_AVX) == XCR0_SSE_AVX ? WITH_AVX : WITHOUT_AVX;
}
#endif

static bool has_avx(void)
{
	static int known;
	int answer = __atomic_load_n(&known, __ATOMIC_RELAXED);

	if (__builtin_expect(answer == UNKNOWN, 0)) {
		answer = avx_ask();
		__atomic_store_n(&known, answer, __ATOMIC_RELAXED);
	}
	return answer == WITH_AVX;
}
#endif

void *host_clear_pages(void *start, unsigned long nr)
{
#if HAVE_CLEAR_BY_VECTORS
	if (!IS_INSTRUMENTED && has_avx())
		return clear_by_vectors(start, nr);
#endif
	return memset(start, 0, nr << PAGE_SHIFT);
}
