/* SPDX-License-Identifier: MIT */
/* idle.h - free memory goes back to the host when the machine has gone quiet (mm/idle.c). */
#ifndef MM_IDLE_H
#define MM_IDLE_H

#include "mm/machine.h"

/* So many pages freed to a zone since its last release are worth a background task. */
#define IDLE_FREED_PAGES 2048ul

/* Start the task that waits for quiet, where that is allowed. */
void idle_wake(struct machine *m);
/* Free memory was just released: count anew. */
void idle_restart(struct machine *m);
/* End the task. May sleep. */
void idle_exit(struct machine *m);

/* Pages went to the zone's free lists. After zone->lock was dropped. */
static inline void idle_hint(struct zone *zone)
{
	if (unlikely(__atomic_load_n(&zone->freed, __ATOMIC_RELAXED) >= IDLE_FREED_PAGES))
		idle_wake(zone->machine);
}

#endif
