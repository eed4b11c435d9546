/* SPDX-License-Identifier: MIT */
/*
 * clear.c - whole pages cleared by AVX, if the processor has it and nothing must see each store.
 *
 * What the processor has libgcc finds out when the program starts; until then it has nothing.
 */
#include <kmem/host.h>
#include <kmem/page.h>
#include <string.h>
#include "host/clear.h"
#include "host/linux/host.h"

void *host_clear_pages(void *start, unsigned long nr)
{
#if HAVE_CLEAR_BY_VECTORS && !defined(__CHECKER__)	/* sparse does not know that */
	if (!IS_INSTRUMENTED && __builtin_cpu_supports("avx"))
		return clear_by_vectors(start, nr);
#endif
	return memset(start, 0, nr << PAGE_SHIFT);
}
