/* SPDX-License-Identifier: MIT */
/*
 * stack_depot.h - call stacks by number, each kept once (mm/stack_depot.c).
 */
#ifndef MM_STACK_DEPOT_H
#define MM_STACK_DEPOT_H

#include "mm/machine.h"

/* The calling thread's stack, without the innermost skip frames. 0: no memory for it. Never sleeps. */
u32 stack_depot_save(struct machine *m, unsigned int skip);
/* Lines " name+0x1f", as reports show a stack. 0: prints nothing. */
void stack_depot_print(struct machine *m, u32 handle);
/* The word of the depot's lock; NULL: no depot. */
u32 *depot_lock_word(struct machine *m);
/* Pages that the depot takes. */
unsigned long stack_depot_pages(struct machine *m);
/* Forget all stacks and free the pages; handles are void then. */
void stack_depot_exit(struct machine *m);

#endif
