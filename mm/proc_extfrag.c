/* SPDX-License-Identifier: MIT */
/*
 * proc_extfrag.c - /sys/kernel/debug/extfrag: how fragmented each zone is, by order, in thousandths.
 *
 *	unusable_index	share of free memory that a request of that order cannot use: 0.000 none, 1.000 all
 *	extfrag_index	why it would fail: -1.000 it would not, towards 0 too little memory, towards 1 fragmentation
 */
#include "mm/page_alloc.h"
#include "mm/proc.h"

long unusable_index_text(struct machine *m, char *buf, size_t size)
{
	struct text text = text_in(buf, size);

	for (unsigned int i = 0; i < m->nr_zones; i++) {
		text_add(&text, "Node %d, zone %8s ", m->zones[i]->nid, m->zones[i]->name);
		for (unsigned int order = 0; order < NR_ORDERS; order++) {
			int index = unusable_free_index(m->zones[i], order);

			text_add(&text, "%d.%03d ", index / 1000, index % 1000);
		}
		text_add(&text, "\n");
	}
	return (long)text.length;
}

long extfrag_index_text(struct machine *m, char *buf, size_t size)
{
	struct text text = text_in(buf, size);

	for (unsigned int i = 0; i < m->nr_zones; i++) {
		text_add(&text, "Node %d, zone %8s ", m->zones[i]->nid, m->zones[i]->name);
		for (unsigned int order = 0; order < NR_ORDERS; order++) {
			int index = fragmentation_index(m->zones[i], order);

			text_add(&text, "%2d.%03d ", index / 1000, index % 1000);
		}
		text_add(&text, "\n");
	}
	return (long)text.length;
}
