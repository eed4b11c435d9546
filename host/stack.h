/* SPDX-License-Identifier: MIT */
/*
 * stack.h - stacks of the hosts that switch tasks themselves: leave one, go on with another.
 *
 *	low ......... [ saved registers | where it goes on | ... ] high
 *	               ^ sp of a task that does not run
 */
#ifndef HOST_STACK_H
#define HOST_STACK_H

#if defined(__x86_64__)
#define STACK_WORDS 8		/* of one that has not run yet: registers, begin(), and where that would return to */
#define STACK_BEGIN 6
#elif defined(__i386__)
#define STACK_WORDS 6
#define STACK_BEGIN 4
#else
#define STACK_WORDS 12
#define STACK_BEGIN 1
#endif

/* Leave this stack, go on with that one where it left. */
void stack_switch(void **save, void *load);

/*
 * What to load to be in begin() on a stack that ends at high, a multiple of 16, as if that had called stack_switch().
 * The chain of frames ends there, and it must not return.
 */
static inline void *stack_prepare(void *high, void (*begin)(void))
{
	unsigned long *sp = (unsigned long *)high - STACK_WORDS;

	for (unsigned int i = 0; i < STACK_WORDS; i++)
		sp[i] = 0;
	sp[STACK_BEGIN] = (unsigned long)begin;
	return sp;
}

#endif
