/* SPDX-License-Identifier: MIT */
/* vm_flush.h - a flush of what this CPU keeps, now, as when many areas have died: it may be used again. */
#ifndef TESTS_VM_FLUSH_H
#define TESTS_VM_FLUSH_H

#include "mm/vmalloc.h"

static inline void vm_flush(struct machine *m)
{
	unsigned long flags;

	kept_update(m->vmalloc, vm_kept_of(cpu_hold(&flags)), true);
	cpu_let_go(flags);
}

#endif
