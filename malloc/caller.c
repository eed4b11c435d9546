/* SPDX-License-Identifier: MIT */
/*
 * caller.c - who called malloc() or free(), where that decides whether a thread can be made.
 *
 *	program -> free() -> [free memory shall go back] -> pthread_create()			well
 *	program -> pthread_join() -> free() -> [the same] -> pthread_create()			waits for itself
 *
 * glibc frees what a thread had under the lock of its stacks, which it takes to make a thread, too. So nothing is
 * started while libc or the dynamic linker is the caller: whoever wanted it asks again later.
 */
#include <errno.h>
#include <kmem/host.h>
#include <link.h>
#include <sys/auxv.h>
#include "host/linux/host.h"

#define FRAMES 32
#define NOWHERE (~0ul)

struct question {
	unsigned long pc, base;
};

static int is_asked(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	struct question *question = arg;

	(void)bytes;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD &&
		    question->pc - info->dlpi_addr - info->dlpi_phdr[i].p_vaddr < info->dlpi_phdr[i].p_memsz) {
			question->base = info->dlpi_addr;
			return 1;
		}
	return 0;
}

/* Where the program or library is loaded that has this code. */
static unsigned long base_of(unsigned long pc)
{
	struct question question = { .pc = pc, .base = NOWHERE };

	dl_iterate_phdr(is_asked, &question);
	return question.base;
}

bool task_may_start(void)
{
	unsigned long pcs[FRAMES], ours = base_of((unsigned long)task_may_start), caller = NOWHERE;
	unsigned int nr = host_backtrace(pcs, FRAMES);

	for (unsigned int i = 0; i < nr && (!i || caller == ours); i++)
		caller = base_of(pcs[i]);
	return caller != base_of((unsigned long)__errno_location) && caller != getauxval(AT_BASE);
}
