/* SPDX-License-Identifier: MIT */
/* vm_flush.h - a flush of the vmalloc window now, as when many areas have died: what is kept may be used again. */
#ifndef TESTS_VM_FLUSH_H
#define TESTS_VM_FLUSH_H

#include "mm/vmalloc.h"

static inline void vm_flush(struct machine *m)
{
	struct vmalloc_state *vs = m->vmalloc;
	struct vm_struct *vms = NULL;
	unsigned long flags;
	LIST_HEAD(unused);

	spin_lock_irqsave(&vs->area_lock, flags);
	vm_kept_age(&vs->space, false, &unused, &vms);
	spin_unlock_irqrestore(&vs->area_lock, flags);
	vmap_areas_free(vs, &unused);
	vm_structs_free(vms);
}

#endif
