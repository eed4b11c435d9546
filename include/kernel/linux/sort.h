/* SPDX-License-Identifier: MIT */
/*
 * linux/sort.h - sorting in place.
 *
 * Heapsort: O(n log n) at worst, no memory, not stable. @swap may be NULL: elements are exchanged
 * as bytes. The _r form hands @priv to both functions. Does not sleep unless they do.
 */
#ifndef _LINUX_SORT_H
#define _LINUX_SORT_H

#include <linux/types.h>

void sort(void *base, size_t num, size_t size, cmp_func_t cmp, swap_func_t swap);
void sort_r(void *base, size_t num, size_t size, cmp_r_func_t cmp, swap_r_func_t swap, const void *priv);

#endif
