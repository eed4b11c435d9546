/* SPDX-License-Identifier: MIT */
/*
 * address_limit.c - a 32-bit process that leaves the last GiB of addresses to machines.
 *
 *	of 64-bit Linux, as it starts:	program .. heap ................ libraries .. stack ] fffe0000
 *	after this:			program .. heap .. libraries .. stack ] c0000000 ............ ffffe000
 *
 * Linux puts a process's stack and libraries at the end of its addresses, where kmem/layout.h has low memory, vmalloc
 * and kmap. A process whose addresses end at 3 GiB (personality ADDR_LIMIT_3GB) has them below; and the limit is
 * looked at anew at each mmap(), so once it has started it lifts it again. Hence the program executes itself once,
 * before main() and before there is a thread. Where it may not, or the kernel is a 32-bit one, boot finds the windows
 * taken and says so.
 */
#include <kmem/layout.h>
#include <sys/personality.h>
#include <unistd.h>
#include "host/linux/host.h"

#if __SIZEOF_POINTER__ == 4

#define ASK_ONLY 0xffffffffu

bool addresses_are_free(void)
{
	return (unsigned long)__builtin_frame_address(0) < DIRECT_BASE;
}

/* The limit is not for this process's children, and not for its own mappings from now on. */
__attribute__((constructor)) static void addresses_limit(int argc, char **argv, char **environment)
{
	int now = personality(ASK_ONLY);

	(void)argc;
	if (now < 0)
		return;
	if (now & ADDR_LIMIT_3GB) {
		personality((unsigned long)now & ~(unsigned long)ADDR_LIMIT_3GB);
		return;
	}
	if (addresses_are_free() || personality((unsigned long)now | ADDR_LIMIT_3GB) < 0)
		return;
	execve("/proc/self/exe", argv, environment);
	personality((unsigned long)now);
}
#else
/* A 64-bit process has room for both. */
bool addresses_are_free(void)
{
	return true;
}
#endif
