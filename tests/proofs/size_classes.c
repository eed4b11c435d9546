/* SPDX-License-Identifier: MIT */
/*
 * size_classes.c - kmalloc's classes (kmalloc_class()) and get_order(), of every size.
 *
 *	- an object has room for what was asked, and the next smaller class has not; nor has the next smaller order
 */
#include "tests/proofs/proofs.h"
#include "mm/kmalloc.c"

#ifdef BROKEN
#define kmalloc_class(size) kmalloc_class((size) - ((size) == 4097))
#define get_order(bytes) get_order((bytes) - ((bytes) == 3 * PAGE_SIZE + 1))
#endif

void prove_class_is_least_that_fits(size_t size)
{
	unsigned int class;

	if (!size || size > KMALLOC_MAX_CACHE_SIZE)
		return;
	class = kmalloc_class(size);
	must(class < KMALLOC_CLASSES);
	must(class_sizes[class] >= size);
	must(class == 0 || class_sizes[class - 1] < size);
}

/* Of 2^order pages and all sizes down to half of that. */
#define PROVE_ORDER(order) \
void prove_order_is_least_that_fits_##order(unsigned long bytes) \
{ \
	if (bytes <= (order ? PAGE_SIZE << order >> 1 : 0) || bytes > PAGE_SIZE << order) \
		return; \
	bits_of(bytes - 1, PAGE_SHIFT); \
	must(get_order(bytes) == order); \
}

PROVE_ORDER(0)
PROVE_ORDER(1)
PROVE_ORDER(2)
PROVE_ORDER(3)
PROVE_ORDER(4)
PROVE_ORDER(5)
PROVE_ORDER(6)
PROVE_ORDER(7)
PROVE_ORDER(8)
PROVE_ORDER(9)
PROVE_ORDER(10)
