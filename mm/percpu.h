/* SPDX-License-Identifier: MIT */
/* percpu.h - memory of which each CPU has its own, as the core's other files see it. */
#ifndef MM_PERCPU_H
#define MM_PERCPU_H

#include <kmem/percpu.h>
#include <linux/list.h>
#include "mm/machine.h"

struct kmem_fault;

#define PERCPU_SLOT 8u		/* bytes */
#define PERCPU_SLOTS ((unsigned int)(PERCPU_UNIT / PERCPU_SLOT))

/* PERCPU_UNIT bytes of each CPU: mm/percpu.c. */
struct percpu_chunk {
	struct list_head list;
	char *base;			/* CPU 0's */
	unsigned int first, nr_free, nr_live;
	DECLARE_BITMAP(used, PERCPU_UNIT / PERCPU_SLOT);
	DECLARE_BITMAP(ends, PERCPU_UNIT / PERCPU_SLOT);
};

void percpu_init(struct machine *m);
/* Give chunks that nobody uses back. May sleep. */
void percpu_shrink(struct machine *m);
/* The machine goes down. Returns how many allocations were not freed, which it reports. */
unsigned long percpu_exit(struct machine *m);
/* N1 to N3, or the first that is broken. */
bool percpu_check(struct machine *m, struct kmem_fault *fault);
/* Bytes of all chunks. */
unsigned long percpu_bytes(struct machine *m);

#endif
